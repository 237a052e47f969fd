"""KRAS p.G13D without a place in one sample and with it in the other is one change, not private to both."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.study.placed_changes import with_placed_changes

_PLACED = "12:25398281:C:T"


def _tables(calls, variants, owners=(("P", "A"), ("M", "A"), ("X", "B"))):
    columns = ["variant_id", "gene", "hgvs_p", "hgvs_c"]
    return {
        "samples": pl.DataFrame(owners, schema=["sample_id", "patient_id"], orient="row"),
        "calls": pl.DataFrame(calls, schema=["sample_id", "variant_id"], orient="row"),
        "variants": pl.DataFrame(variants, schema=dict.fromkeys(columns, pl.String), orient="row"),
    }


_TWO = [(_PLACED, "KRAS", "p.G13D", "c.38G>A"), ("KRAS:p.G13D", "kras", "p.G13D", None)]


@pytest.mark.parametrize(
    ("calls", "variants", "wanted"),
    [
        ([("P", "KRAS:p.G13D"), ("M", _PLACED)], _TWO, [("P", _PLACED), ("M", _PLACED)]),
        ([("P", "KRAS:p.G13D"), ("P", _PLACED)], _TWO, [("P", _PLACED)]),  # both in one sample: the placed row
        ([("X", "KRAS:p.G13D"), ("M", _PLACED)], _TWO, None),  # another patient's
        ([("P", "KRAS:p.G13D"), ("M", _PLACED)], [_TWO[0], ("KRAS:p.G13D", "KRAS", "p.G13D", "c.38_39delinsAT")], None),
        (  # two placed changes of one protein change
            [("P", "KRAS:p.G13D"), ("M", _PLACED), ("M", "12:25398280:GC:AT")],
            [*_TWO, ("12:25398280:GC:AT", "KRAS", "p.G13D", None)],
            None,
        ),
        ([("P", _PLACED), ("M", _PLACED)], _TWO[:1], None),
    ],
)
def test_a_change_without_a_place_is_the_placed_one_of_its_patient(calls, variants, wanted):
    found, told = with_placed_changes(_tables(calls, variants))
    assert found["calls"].select("sample_id", "variant_id").rows() == (wanted or calls)
    assert len(told) == (wanted is not None)
    if told:
        assert "KRAS:p.G13D = 12:25398281:C:T" in told[0].message


def test_what_is_not_understood_is_no_absence_of_a_change_of_its_gene():
    """V600E of the primary was private to it, and "V600E - VUS?" of the metastasis private to that."""
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": "A"}],
        samples=[{"sample_id": s, "patient_id": "A", "material": "tissue"} for s in ("P", "M")],
        variants=[
            {"variant_id": "BRAF:p.V600E", "gene": "BRAF", "hgvs_p": "p.V600E", "consequence": "missense"},
            {"variant_id": "BRAF:line3", "gene": "BRAF", "hgvs_p": None, "consequence": "unknown"},
            {"variant_id": "APC:p.R876*", "gene": "APC", "hgvs_p": "p.R876*", "consequence": "nonsense"},
        ],
        calls=[
            {"sample_id": "P", "variant_id": "BRAF:p.V600E", "is_called": True},
            {"sample_id": "M", "variant_id": "BRAF:line3", "is_called": True},
            {"sample_id": "P", "variant_id": "APC:p.R876*", "is_called": True},
        ],
    )
    cells = Cohort(made).presence.cells.filter(sample_id="M")
    found = {v: (s, r) for v, s, r in cells.select("variant_id", "state", "reason").rows()}
    assert found["BRAF:p.V600E"] == ("not_assessable", "set_aside")
    assert found["APC:p.R876*"][0] == "absent"
    other = Cohort(made).presence.cells.filter(sample_id="P", variant_id="BRAF:line3")
    assert other.select("state", "reason").rows() == [("not_assessable", "set_aside")]
