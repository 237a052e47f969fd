"""Clones through time on the page: bands from the draws, only samples of one series joined."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from oncourse.cohort import Cohort
from oncourse.patients.clone_course import clone_growth, clone_track
from oncourse.patients.clones import tree_svg
from oncourse.report.patient_page import patient_page
from oncourse.simulate.study import simulate_study
from oncourse.study.model import Study


@pytest.fixture(scope="module")
def cohort():
    made = simulate_study("mcrpc", 3, seed=3)
    found = Cohort(Study(made.config, made.tables))
    _ = found.evolution
    return found


def test_track_has_the_mean_and_the_band_of_each_serial_sample(cohort):
    """The founding clone holds every tumour cell: its fraction is 100 % in each plasma sample; bands hold their
    mean."""
    seen = 0
    for evolution in cohort.evolution:
        track = clone_track(evolution)
        days = [d for r, d in zip(evolution.samples["role"], evolution.samples["day"], strict=True) if r == "plasma"]
        if len(set(days)) < 2:
            continue
        seen += 1
        assert track is not None and "plasma" in track.unit
        for line in track.lines:
            assert [p.day for p in line.points] == sorted(days)
            assert all(0 <= p.low <= p.value <= p.high <= 100 for p in line.points)
        assert max(p.value for line in track.lines for p in line.points) > 80
    assert seen


def test_growth_in_words_is_the_growth_table(cohort):
    from oncourse.derive.clones.evolution_tables import growth_rows

    evolution = next(e for e in cohort.evolution if clone_growth(e))
    row = next(iter(growth_rows(evolution)))
    words = clone_growth(evolution)
    assert f"x {np.exp(row['rate_per_day'] * 365.25 / 12):.2g} a month" in next(iter(words.values()))


def test_one_sample_of_a_series_makes_no_track(cohort):
    from dataclasses import replace

    evolution = cohort.evolution[0]
    clones = replace(evolution.clones, samples=evolution.clones.samples.with_columns(day=0))
    assert clone_track(replace(evolution, clones=clones)) is None


def test_page_shows_clones_unless_told_not_to(cohort):
    patient = next(e.clones.patient_id for e in cohort.evolution if clone_track(e))
    page = patient_page(cohort, patient)
    assert "Clones" in page and "of tumour cells (" in page and "a month (" in page
    assert "CCF %" not in patient_page(cohort, patient, clones=False)


@pytest.mark.parametrize("parents", [[-1, 0, 0], [-1, 0, 1, 2], [-1, 0, 1, 2, 3, 3, 0], [-1, 0, 1, 2, 3, 4]])
def test_a_tree_is_read_on_a_phone_and_its_inner_names_lie_apart(parents):
    """Trees of five generations were 880 px wide: on a phone of 362 px their letters had 5 px."""
    rows = [{"drivers": "TP53 R273H, APC R876*, KRAS G12D and 3 more"}] * len(parents)
    svg = tree_svg([f"C{k + 1}" for k in range(len(parents))], parents, rows)
    assert float(re.search(r'viewBox="0 0 (\d+)', svg)[1]) <= 12 * 362 / 7
    ends = re.findall(r'<text x="(\d+)" y="(-?\d+)" text-anchor="end"[^>]*>([^<]+)', svg)
    spans = sorted((y, int(x) - 7.2 * len(text), int(x)) for x, y, text in ends)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(spans))
