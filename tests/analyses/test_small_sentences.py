"""Sentences under the branch that says them, and silence under the other."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from oncourse.analyses import heterogeneity
from oncourse.genome.domains import _apart
from oncourse.report.study import _clones


def test_assumed_absence_is_told_where_there_is_some():
    rows = {"measure": ["fst", "fst", "other"], "n_assumed": [0, 0, 5], "n": [10, 10, 5]}
    assert heterogeneity._assumed(pl.DataFrame(rows)) == []
    (told,) = heterogeneity._assumed(pl.DataFrame(rows | {"n_assumed": [4, 0, 5]}))
    assert told.startswith("In 1 of 2 pairs absence is assumed")
    assert "20" in told


def test_domains_that_lie_on_an_earlier_one_or_run_backwards_are_left_out():
    rows = [("A", 1, 10, "x"), ("A", 10, 20, "y"), ("A", 11, 20, "z"), ("A", 40, 30, "w"), ("B", 5, 15, "v")]
    table = pl.DataFrame(rows, schema=["gene", "start", "end", "name"], orient="row")
    assert [r[3] for r in _apart(table).rows()] == ["x", "z", "v"]


@pytest.mark.parametrize(
    ("name", "status", "shown"),
    [
        ("evolution", "done", True),
        ("evolution", "too_few", True),
        ("evolution", "failed", False),
        ("survival", "done", False),
    ],
)
def test_pages_show_clones_where_evolution_was_answered(name, status, shown):
    assert _clones([SimpleNamespace(analysis=SimpleNamespace(name=name), status=status)]) is shown
