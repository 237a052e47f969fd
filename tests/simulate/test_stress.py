"""Stressed studies: valid, repeatable, each fault with its truth and nothing else moved."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.errors import ConfigError
from oncourse.simulate.stress import STRESSES, TRUTH_SCHEMA, apply_stresses, parse_stresses
from oncourse.simulate.study import simulate_study
from oncourse.study.validate import validate


@pytest.fixture(scope="module", params=["crc", "mcrpc"])
def made(request):
    return simulate_study(request.param, 10, 11)


@pytest.mark.parametrize("name", list(STRESSES))
def test_a_stressed_study_is_valid_repeatable_and_tells_what_was_done(made, name):
    given = parse_stresses([name])
    tables, truth = apply_stresses(made.tables, given, 5)
    again, _ = apply_stresses(made.tables, given, 5)
    assert all(tables[t].equals(again[t]) for t in tables)
    assert truth.height and dict(truth.schema) == TRUTH_SCHEMA and set(truth["stress"]) == {name}
    assert any(not tables[t].equals(made.tables[t]) for t in tables)
    _, problems = validate(tables, made.config)
    assert [str(p) for p in problems if p.severity == "error"] == []
    # nothing in the study tells of it: artefacts lay outside of their genes and panels, and `check` said so
    told = [p.message for p in problems if p.table in ("variants", "assays")]
    assert not [m for m in told if "where their gene is" in m or "does not list" in m], told


def test_every_shape_of_confounding_moves_drugs_and_deaths(made):
    for shape in STRESSES["confounding"].words:
        tables, _ = apply_stresses(made.tables, {"confounding": shape}, 2)
        assert not tables["treatments"].equals(made.tables["treatments"])
        _, problems = validate(tables, made.config)
        assert [str(p) for p in problems if p.severity == "error"] == []


def test_noise_ten_times_the_stated_adds_ten_times_the_errors():
    """Sites without a read at the stated error of an exome (1e-3): alt reads per read come out near 1e-2."""
    made = simulate_study("mcrpc", 12, 3)
    tables, _ = apply_stresses(made.tables, {"noise": 10.0}, 1)
    before = made.tables["calls"].with_columns(n=tables["calls"]["alt_count"], d=tables["calls"]["depth"])
    quiet = before.filter((pl.col("alt_count") == 0) & (pl.col("depth") > 0))
    rate = quiet["n"].sum() / quiet["d"].sum()
    assert rate == pytest.approx(9e-3, rel=0.15)


def test_swapped_samples_hold_each_others_reads(made):
    tables, truth = apply_stresses(made.tables, {"swaps": 0.2}, 1)
    sample, what = truth.select("sample_id", "what").row(0)
    other = what.removeprefix("holds the data of ")
    mine = tables["calls"].filter(pl.col("sample_id") == sample)["alt_count"]
    assert mine.equals(made.tables["calls"].filter(pl.col("sample_id") == other)["alt_count"])


def test_lost_patients_died_after_their_last_contact(made):
    tables, truth = apply_stresses(made.tables, {"informative-censoring": 1.0}, 1)
    assert (truth["true_value"] > truth["recorded_value"]).all()
    assert tables["follow_up"]["is_dead"].sum() < made.tables["follow_up"]["is_dead"].sum()


def test_wrong_stresses_are_named_all_at_once():
    with pytest.raises(ConfigError) as error:
        parse_stresses(["noise=0.1", "nose=3", "confounding=round", "swaps=x"])
    said = str(error.value)
    for word in ("between 1 and 100", "'nose' is not known", "'round' is not one of", "'x' is no number"):
        assert word in said
