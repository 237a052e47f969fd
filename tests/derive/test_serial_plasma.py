"""Serial plasma: which sample is compared with tissue, and of whom new resistance can be told."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses import monitoring
from oncourse.cohort import Cohort

_NRAS = "1:115256529:T:C"


def _made(d0=4000, d60=4000, targets="KRAS;NRAS;BRAF;TP53"):
    samples = [("T", "tissue", 0), ("D0", "plasma", 0), ("D60", "plasma", 60), ("D180", "plasma", 180)]
    reads = {"T": (100, 400), "D0": (100, d0), "D60": (0, d60), "D180": (40, 4000)}
    calls = [
        {"sample_id": s, "variant_id": "12:25398284:C:T", "alt_count": a, "depth": n, "is_called": a > 0}
        for s, (a, n) in reads.items()
    ]
    calls += [
        {
            "sample_id": s,
            "variant_id": _NRAS,
            "alt_count": 20 if s == "D180" else 0,
            "depth": n,
            "is_called": s == "D180",
        }
        for s, (_, n) in reads.items()
    ]
    return study(
        {"design": "crc", "genome_build": "GRCh37"},
        patients=[{"patient_id": "A"}],
        samples=[{"sample_id": s, "patient_id": "A", "material": m, "day": d, "assay_id": "P"} for s, m, d in samples],
        assays=[{"assay_id": "P", "kind": "panel", "targets": targets, "min_alt_count": 3, "min_vaf": 0.001}],
        variants=[
            {"variant_id": "12:25398284:C:T", "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"},
            {"variant_id": _NRAS, "gene": "NRAS", "hgvs_p": "p.Q61R", "consequence": "missense"},
        ],
        calls=calls,
        treatments=[{"patient_id": "A", "drugs": "cetuximab", "start_day": 10, "stop_day": 170, "line": 1}],
    )


@pytest.mark.parametrize(
    ("d0", "d60", "wanted"),
    [(4000, 4000, "D0"), (4000, 4001, "D0"), (2001, 4000, "D0"), (1000, 4000, "D60"), (4000, 400, "D0")],
)
def test_the_plasma_drawn_with_the_tissue_is_compared_where_it_is_about_as_deep(d0, d60, wanted):
    """A quarter of a read more made plasma under treatment the one compared: "blood showed 0 %"."""
    pairs = Cohort(_made(d0, d60)).pairs.pairs
    main = pairs.filter((pl.col("comparison") == "tissue v plasma") & pl.col("is_main"))
    assert main.select("sample_a", "sample_b").rows() == [("T", wanted)]


def test_possible_blood_clones_and_genes_nobody_looked_at_are_not_without_resistance():
    """NRAS Q61R new in 20 of 4,000 reads, possibly of the blood, was "0 % new resistance"; so were genes off the panel."""
    cohort = Cohort(_made())
    rates = pl.DataFrame(list(monitoring._rates(cohort, cohort.findings.emerged)))
    rows = rates.filter(drug_class="anti-EGFR").select("name", "n_evaluable", "n_unclear", "n_emerged").rows()
    found = {name: numbers for name, *numbers in rows}
    assert found["NRAS mutation"] == [0, 1, 0]
    assert found["any"] == [0, 1, 0]
    assert found["KRAS mutation"] == [1, 0, 0]
    assert found["MAP2K1 mutation"] == found["EGFR ectodomain mutation"] == [0, 0, 0]
