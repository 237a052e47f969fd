"""Rules of one line each, at both sides of their cut-offs; by hand."""

import math
from types import SimpleNamespace

import polars as pl
import pytest

from oncourse.derive.concordance.informative import informative_by_status, informative_plasma
from oncourse.derive.outcomes.clone_features import seeding_blocks
from oncourse.derive.outcomes.outcome_scan import _limit, _number, _ratio
from oncourse.derive.outcomes.treatment_pairs import _why_unused


@pytest.mark.parametrize(
    ("values", "rare", "why"),
    [
        ([1.0, None, None], 1, "known in 1 of 3"),
        ([1.0, None], 1, "the same in all"),
        ([0.0, 0.0, 1.0, 1.0, 1.0], 2, ""),
        ([0.0, 0.0, 1.0, 1.0, 1.0], 3, "only 2 of 5 differ"),
        ([0.0, 0.0, None, 0.0], 1, "the same in all"),
        ([1.5, 1.5], 9, "the same in all"),
        ([1.5, 2.0], 9, ""),
    ],
)
def test_a_column_enters_a_comparison_where_it_is_known_and_differs(values, rare, why):
    assert _why_unused(pl.Series(values, dtype=pl.Float64), rare) == why


def test_numbers_past_any_number_are_none_and_limits_are_infinite():
    """exp(709.78) is the largest number."""
    assert [_number(v) for v in (1.0, math.inf, math.nan)] == [1.0, None, None]
    assert _ratio(math.log(2.0)) == pytest.approx(2.0)
    assert [_ratio(v) for v in (700.0, -700.0, math.nan, math.inf)] == [None] * 4
    assert _ratio(-699.9) == pytest.approx(math.exp(-699.9))
    assert (_limit(math.nan), _limit(709.5), _limit(math.inf), _limit(-math.inf)) == (None, math.inf, math.inf, 0.0)
    assert _limit(709.0) == pytest.approx(math.exp(709.0))


def test_plasma_tells_by_the_evidence_of_other_genes():
    """Of one per cent tumour fraction, a variant of another gene that is not of the blood, or 50 altered megabases: and
    positive."""
    samples = [
        # sample, material, tumour fraction, altered megabases
        ("tissue", "tissue", None, None),
        ("fraction", "plasma", 0.01, None),
        ("less", "plasma", 0.0099, 49.9),
        ("copies", "plasma", None, 50.0),
        ("other gene", "plasma", None, None),
        ("own gene", "plasma", None, None),
        ("blood", "plasma", None, None),
        ("absent", "plasma", None, None),
        ("not positive", "plasma", 0.5, 90.0),
    ]
    schema = ["sample_id", "material", "given_purity", "altered_mb"]
    table = pl.DataFrame(samples, schema=schema, orient="row").with_row_index("sample")
    number = {name: k for k, (name, *_) in enumerate(samples)}
    cells = [
        (number["other gene"], "TP53", "present", None),
        (number["own gene"], "KRAS", "present", None),
        (number["blood"], "DNMT3A", "present", "chip"),
        (number["absent"], "TP53", "absent", None),
        (number["tissue"], "TP53", "present", None),
    ]
    cells = pl.DataFrame(cells, schema=["sample", "gene", "state", "blood"], orient="row").cast({"sample": pl.UInt32})
    presence = SimpleNamespace(samples=table, cells=cells)
    positive = pl.DataFrame({"sample_id": table["sample_id"], "has_tumour": table["sample_id"] != "not positive"})
    status = SimpleNamespace(name="KRAS", genes=("KRAS",))
    told = informative_by_status(presence, positive, [status])["KRAS"]
    of_kras = dict(zip(table["sample_id"], told["is_informative"], strict=True))
    assert [name for name, yes in of_kras.items() if yes] == ["tissue", "fraction", "copies", "other gene"]
    every = informative_plasma(presence, positive)
    names = [name for name, yes in zip(table["sample_id"], every["is_informative"], strict=True) if yes]
    assert names == ["tissue", "fraction", "copies", "other gene", "own gene"]


def test_seeding_is_a_feature_from_so_many_patients_on_and_one_that_is_rarer_is_counted(monkeypatch):
    """Of A to D one is polyclonal, one cannot be judged; nobody is polyphyletic: no feature, and nothing left out."""
    words = {"A": "polyclonal", "B": "monoclonal", "C": "monoclonal", "D": "not_assessable"}
    rows = {p: [{"role": "metastasis", "clonality": w, "phyleticity": "monophyletic"}] for p, w in words.items()}
    rows["B"].append({"role": "primary", "clonality": "polyclonal", "phyleticity": "polyphyletic"})
    monkeypatch.setattr(
        "oncourse.derive.clones.evolution_tables.seeding_rows", lambda patient: rows[patient.patient_id]
    )
    samples = {p: pl.DataFrame({"sample_id": [f"{p}1", f"{p}2"]}) for p in words}
    trees = [SimpleNamespace(patient_id=p, samples=samples[p]) for p in words]
    days = {"A1": 5, "A2": 90, "B1": 8, "B2": None, "C1": 0, "C2": 0, "D1": 1, "D2": 2}
    sampled = pl.DataFrame({"sample_id": list(days), "day": list(days.values())})
    left_out = {}
    (block,) = seeding_blocks(trees, sampled, tuple(words), 1, left_out)
    assert (block.names, left_out) == (("clones:polyclonal_seeding",), {})
    assert block.values[:, 0].tolist() == [1, 0, 0, -1]
    assert [None if math.isnan(d) else d for d in block.day] == [90.0, None, 0.0, None]
    assert block.sample_id == ("A2", None, "C2", None)
    assert seeding_blocks(trees, sampled, tuple(words), 2, left_out) == []
    assert left_out == {"clones": 1}
