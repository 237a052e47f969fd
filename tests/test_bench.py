"""The bench: its loop is a unit, its table names works that exist."""

from __future__ import annotations

import importlib.util
import sys
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
    assert {name for name, job in bench.WORKS.items() if job.quick} <= set(table["work"])
    assert (table["ratio"].drop_nulls() > 0).all()


def test_ratio_is_seconds_of_the_work_over_those_of_the_loop(bench, monkeypatch):
    """One tick of the clock over half a second is 2; the first trial is enough."""
    measuring = sys.modules["measuring"]
    monkeypatch.setattr(measuring, "cpu", iter(range(100)).__next__)
    monkeypatch.setattr(measuring, "reference", lambda: 0.5)
    assert bench.measured(lambda: None, 3, 2.0) == (1, 2.0)


def test_the_page_sets_a_work_beside_its_peer(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.tsv")
    monkeypatch.setattr(bench, "PAGE", tmp_path / "speed.md")
    measuring = sys.modules["measuring"]
    job = measuring.Work("ours", lambda: lambda: 2.0, "3", unit="times", peer_name="theirs", peer=lambda: 8.0)
    row = bench.row_of("start_up", job, 1, 0.0, peers=True)
    bench.write([row])
    assert "| ours | 2.00 times | 3 |  | theirs: 8.00 CPU s, x 4.00 |" in (tmp_path / "speed.md").read_text()
    assert bench.recorded() == {}  # a figure of its own has no ratio to the loop
