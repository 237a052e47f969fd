"""Edges of derived tables, worked by hand: segments over a codon, changes that lie elsewhere, what earlier samples say,
the order of genes, hidden factors."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from oncourse.derive.care.watchlist import _histories
from oncourse.derive.concordance.callability import _copies, codon_places
from oncourse.derive.concordance.concordance_summary import gene_counts
from oncourse.derive.genes.unread import _lies_elsewhere
from oncourse.derive.outcomes.treatment_comparisons import _tipping_rows
from oncourse.derive.outcomes.treatment_units import _visceral
from oncourse.disease.shelf import disease


@pytest.mark.parametrize(("before", "behind", "known"), [(0, 0, True), (1, 0, False), (0, 1, False), (-1, -1, True)])
def test_a_segment_over_the_whole_codon_tells_its_copies(before, behind, known):
    """KRAS codon 12 of GRCh37 (12:25398283-25398285): a segment from its first to its last base holds it."""
    wanted = pl.DataFrame({"gene": ["KRAS"], "codon": [12]}, schema_overrides={"codon": pl.Int64})
    first, last = codon_places("GRCh37", wanted).select("first", "last").row(0)
    assert (first, last) == (25398283, 25398285)
    segment = {"sample_id": "S", "chrom": "12", "start": first + before, "end": last - behind, "total_cn": 3.0}
    study = {"segments": pl.DataFrame([segment])}
    config = SimpleNamespace(genome_build="GRCh37")
    asked = type("Study", (), {"config": config, "__getitem__": lambda _, name: study[name]})()
    assert _copies(asked, wanted).rows() == ([("S", "KRAS", 12, 3.0)] if known else [])


@pytest.mark.parametrize(
    ("place", "elsewhere"),
    [
        ("12:25398284:C:T", []),
        ("12:24398284:C:T", []),  # a million bases before its gene: a promoter may be as far
        ("12:23000000:C:T", ["KRAS"]),
        ("7:25398284:C:T", ["KRAS"]),
        ("12:27000000:C:T", ["KRAS"]),
    ],
)
def test_a_change_far_from_the_gene_it_names_lies_elsewhere(place, elsewhere):
    row = {"variant_id": place, "written": "KRAS"}
    assert _lies_elsewhere(row, "GRCh37", {"KRAS": ["KRAS"]}) == elsewhere


def test_an_earlier_sample_of_unknown_power_excludes_nothing():
    """Two samples before the start without the variant: one would have shown it with .9, of the other nobody knows."""
    common = {
        "patient_id": "P",
        "drug_class": "anti-EGFR",
        "kind": "gene",
        "name": "KRAS",
        "gene": "KRAS",
        "change": "p.G12D",
        "variant_id": "v",
        "start_day": 100,
        "stop_day": None,
        "by_calls": False,
        "covered_depth": None,
    }
    rows = [
        {**common, "day": 10, "sample_id": "A", "state": "absent", "alt_count": 0, "depth": 500, "power_same_ccf": 0.9},
        {**common, "day": 100, "sample_id": "B", "state": "absent", "alt_count": 0, "depth": 9, "power_same_ccf": None},
        {
            **common,
            "day": 200,
            "sample_id": "C",
            "state": "present",
            "alt_count": 40,
            "depth": 400,
            "power_same_ccf": 1.0,
        },
    ]
    found = _histories(pl.DataFrame(rows)).row(0, named=True)
    assert found["exclusion"] == pytest.approx(0.9)
    assert found["counted_exclusion"] == pytest.approx(0.9)
    assert (found["first_seen_day"], found["was_there"], found["excluded"], found["uncounted"]) == (
        200,
        False,
        True,
        False,
    )
    alone = _histories(pl.DataFrame([{**rows[1], "power_same_ccf": 0.0}, rows[2]])).row(0, named=True)
    assert alone["exclusion"] == pytest.approx(0.0)


def test_genes_stand_by_the_patients_who_have_them():
    """Of three genes the one with most patients comes first, those in one sample only too; ties by name."""
    pairs = pl.DataFrame({"pair": [0, 1, 2], "is_main": True, "comparison": "primary_v_metastasis"})
    rows = [
        (0, 0, "shared"),
        (1, 0, "shared"),
        (0, 1, "private_a"),
        (1, 1, "private_b"),
        (2, 1, "private_a"),
        (2, 2, "shared"),
        (1, 3, "shared"),
    ]
    cells = pl.DataFrame({"gene": ["APC", "KRAS", "TP53", "BRAF"]})
    variants = pl.DataFrame(rows, schema=["pair", "cell_a", "state"], orient="row").with_columns(
        blood=pl.lit(None, pl.String)
    )
    found = gene_counts(SimpleNamespace(cells=cells), SimpleNamespace(pairs=pairs, variants=variants))
    assert found.select("gene", "n_both", "n_a_only", "n_b_only").rows() == [
        ("KRAS", 0, 2, 1),
        ("APC", 2, 0, 0),
        ("BRAF", 1, 0, 0),
        ("TP53", 1, 0, 0),
    ]


@pytest.mark.parametrize(
    ("ratio", "factors", "left", "word"),
    [
        # bias factor of 2 and 2: 4/3 (Ding and VanderWeele 2016)
        ((2.0, 1.5, 2.7), (2.0, 2.0), 1.5, "an effect is left"),
        ((2.0, 1.2, 3.3), (2.0, 2.0), 1.5, "the interval holds 1"),
        ((1.25, 1.1, 1.4), (2.0, 2.0), 0.9375, "the effect is gone or turned"),
        ((0.5, 0.3, 0.6), (2.0, 2.0), 2 / 3, "an effect is left"),
        ((0.5, 0.3, 0.8), (2.0, 2.0), 2 / 3, "the interval holds 1"),
        ((0.8, 0.7, 0.9), (2.0, 2.0), 0.8 * 4 / 3, "the effect is gone or turned"),
        ((0.5, 0.2, 1.1), (1.2, 1.2), 0.5 * 1.44 / 1.4, "the interval holds 1"),
    ],
)
def test_what_a_hidden_factor_leaves_of_a_ratio(ratio, factors, left, word):
    row = SimpleNamespace(
        method="overlap",
        estimate_name="hazard_ratio",
        effect=SimpleNamespace(value=ratio[0], ci_low=ratio[1], ci_high=ratio[2]),
    )
    rows = _tipping_rows({}, SimpleNamespace(rows=[row]))
    found = {(r["with_treatment"], r["with_outcome"]): r for r in rows}[factors]
    assert found["estimate"] == pytest.approx(left)
    assert found["left"] == word
    assert _tipping_rows({}, SimpleNamespace(rows=[])) == []


def test_a_metastasis_found_on_the_day_a_line_starts_was_known_then():
    """Liver is visceral in prostate cancer, bone is not; what is found the day after was not known; no site, no answer."""
    table = pl.DataFrame({"unit": list("abcde"), "patient_id": ["P", "Q", "R", "S", "T"], "zero_day": 100})
    rows = [
        ("P", "metastasis", "liver", 100),
        ("P", "metastasis", "bone", 10),
        ("Q", "metastasis", "bone", 100),
        ("Q", "metastasis", "liver", 101),
        ("R", "primary", "liver", 10),
        ("S", "metastasis", None, 10),
        ("T", "metastasis", "liver", None),
    ]
    schema = {"patient_id": pl.String, "role": pl.String, "site": pl.String, "found_day": pl.Int64}
    found = _visceral(table, pl.DataFrame(rows, schema=schema, orient="row"), disease("mcrpc"))
    assert found.rows() == [("a", 1.0), ("b", 0.0)]
