"""Strata that would tell themselves are not shown (issue 14, 8): "clonal 90 of 90 found, subclonal 0 of 384"."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.concordance.tissue_blood import SPANS, strata, stratum_table


def level(name, **row):
    columns = {
        "ccf": pl.Float64,
        "vaf": pl.Float64,
        "tumor_fraction": pl.Float64,
        "fraction_low": pl.Float64,
        "fraction_high": pl.Float64,
        "days_between": pl.Int64,
        "treated": pl.Boolean,
        "role": pl.String,
        "site": pl.String,
        "kind": pl.String,
    }
    frame = pl.DataFrame([{**dict.fromkeys(columns), **row}], schema=columns)
    return frame.select(dict(strata(frame))[name].alias("x"))["x"][0]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"ccf": 0.9, "vaf": 0.3}, "clonal (CCF 0.75 and more)"),
        ({"ccf": 0.4, "vaf": 0.1}, "subclonal"),
        ({"ccf": 0.9, "vaf": None}, None),
        ({"ccf": 0.4, "vaf": None}, None),
        ({"ccf": None, "vaf": 0.3}, None),
    ],
)
def test_clonality_needs_counted_reads(row, expected):
    assert level("clonality", **row) == expected


@pytest.mark.parametrize(
    ("fraction", "low", "high", "expected"),
    [
        (0.02, 0.012, 0.028, "1 to 3 %"),
        (0.02, 0.005, 0.08, SPANS),
        (0.02, None, None, "1 to 3 %"),
        (0.2, 0.2, 0.2, "10 % and more"),
        (None, None, None, None),
    ],
)
def test_a_tumour_fraction_whose_interval_spans_a_cut_off_is_in_no_band(fraction, low, high, expected):
    assert level("tumour fraction", tumor_fraction=fraction, fraction_low=low, fraction_high=high) == expected


def test_a_level_that_is_no_band_is_counted_without_a_share():
    """Variants whose plasma may be in several bands were given "6 of 6 found, 25-100 %" as if they were one (8)."""
    row = {
        "in_tissue": "present",
        "blood": None,
        "is_informative": True,
        "powered": True,
        "by_calls": False,
        "ccf": 0.9,
        "vaf": 0.3,
        "tumor_fraction": 0.02,
        "days_between": 3,
        "treated": None,
        "role": "primary",
        "site": "colon",
        "kind": "substitution",
    }
    rows = [
        {**row, "patient_id": f"P{p}", "in_plasma": state, "fraction_low": low, "fraction_high": 0.028}
        for p, low in ((1, 0.012), (2, 0.005))
        for state in ("present", "present", "absent")
    ]
    frame = pl.DataFrame(rows, schema_overrides={"blood": pl.String, "treated": pl.Boolean})
    table = stratum_table(frame).filter(pl.col("stratum") == "tumour fraction", pl.col("set") == "all")
    assert set(table["level"]) == {"1 to 3 %", SPANS}
    for found in table.iter_rows(named=True):
        assert (found["n_tissue"], found["n_found"]) == (3, 2)
        shares = [found[k] for k in ("ppa", "ci_low", "ci_high", "ppv", "ppv_low", "ppv_high")]
        assert all((value is None) == (found["level"] == SPANS) for value in shares)
