"""The bench: its loop is a unit, its table names works that exist."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

HERE = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench", HERE / "bench.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_recorded_works_exist_and_quick_ones_are_recorded(bench):
    table = pl.read_csv(HERE / "results.tsv", separator="\t")
    assert set(table["work"]) <= set(bench.WORKS)
    assert {name for name, (_, _, quick, _) in bench.WORKS.items() if quick} <= set(table["work"])
    assert (table["ratio"] > 0).all()


def test_ratio_is_seconds_of_the_work_over_those_of_the_loop(bench, monkeypatch):
    """One tick of the clock over half a second is 2; the first trial is enough."""
    monkeypatch.setattr(bench, "cpu", iter(range(100)).__next__)
    monkeypatch.setattr(bench, "reference", lambda: 0.5)
    assert bench.measured(lambda: lambda: None, 3, 2.0) == (1, 2.0)
