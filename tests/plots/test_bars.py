"""Bars and points by group lead to their patients."""

from __future__ import annotations

import re

from oncourse.plots.bars import grouped_points


def test_the_points_of_a_large_group_lead_to_its_patients():
    """1,441 primaries of MSK 2024 had no mark at all; the mean stands beside the median."""
    values = {"many": [float(i) for i in range(600)], "few": [1.0, 2.0, 9.0]}
    who = {"many": [f"P{i // 2}" for i in range(600)], "few": ["Q", "R", "S"]}
    drawn = grouped_points(values, ylabel="x", people=who)
    marks = re.findall(r'data-people="([^"]*)"><title>([^<]*)</title>', drawn)
    of = {words: people.split(";") for people, words in marks}
    assert len(of["many: median 300, mean 300, n = 600"]) == 300
    assert of["few: median 2, mean 4, n = 3"] == ["Q", "R", "S"] and of["few: 9"] == ["S"]
