"""Simulated studies: valid, repeatable, and as their truth says."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.errors import ConfigError
from oncourse.simulate.study import simulate_study
from oncourse.study.validate import validate


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_same_seed_same_study_another_seed_another(design):
    a, b, c = (simulate_study(design, 4, seed) for seed in (1, 1, 2))
    assert all(a.tables[name].equals(b.tables[name]) for name in a.tables)
    assert not a.tables["calls"].equals(c.tables["calls"])


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_patient_does_not_depend_on_how_many_follow(design):
    small, large = simulate_study(design, 2, 7), simulate_study(design, 5, 7)
    first = small.tables["follow_up"]
    assert large.tables["follow_up"].head(2).equals(first)


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_simulated_study_has_no_error(design):
    made = simulate_study(design, 25, 5)
    _, problems = validate(made.tables, made.config)
    assert [str(p) for p in problems if p.severity == "error"] == []
    after_death = [p for p in problems if "after the death" in p.message]
    assert after_death == []


def test_reads_follow_the_true_cancer_cell_fraction():
    """A driver with ccf 0 in a sample shows reads at the error rate only; one with ccf 1 in tissue at depth 800 is seen."""
    made = simulate_study("crc", 40, 9)
    calls = made.tables["calls"].join(
        made.tables["samples"].select("sample_id", "material", "purity"), on="sample_id"
    )
    drivers = made.truth["drivers"].join(calls, on=["sample_id", "variant_id"], how="inner")
    absent = drivers.filter((pl.col("ccf") == 0) & (pl.col("material") == "tissue"))
    assert absent.height >= 3
    assert (absent["alt_count"] / absent["depth"]).max() < 0.01
    present = drivers.filter(
        (pl.col("ccf") == 1) & (pl.col("material") == "tissue") & (pl.col("depth") >= 200)
    )
    assert present["is_called"].mean() > 0.97


def test_unknown_design_is_refused():
    with pytest.raises(ConfigError, match="crc, mcrpc"):
        simulate_study("brca", 3)
