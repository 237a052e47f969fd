"""Oncoprint: the samples of a patient side by side, and a cell leads to its patient."""

from __future__ import annotations

import re

import numpy as np
import pytest

from oncourse.plots.oncoprint import Oncoprint, columns_of, grid_of, oncoprint_svg

#: Genes A and B in three samples of P1, one of P2, two of P3.
_SAMPLES, _PATIENTS = ["1a", "1b", "1c", "2a", "3a", "3b"], ["P1", "P1", "P1", "P2", "P3", "P3"]
_MUTATION = np.array([[0, 0, 0, 3, 0, 1], [3, 0, 3, 0, 0, 0]], np.int8)


def _data(patients: list[str] = _PATIENTS) -> Oncoprint:
    copy, looked = np.zeros_like(_MUTATION), np.ones(_MUTATION.shape, bool)
    copy[0, 5], looked[1, 3] = 1, False
    return Oncoprint(["A", "B"], looked, _MUTATION, copy, [0.4, 0.2], samples=_SAMPLES, patients=patients)


def test_samples_of_a_patient_stand_side_by_side_with_a_gap_behind_them() -> None:
    """A is altered in P2 and P3 (in memo order: as they come), B in P1 alone; each sample is three columns wide."""
    assert columns_of(_data()).tolist() == [3] * 3 + [-1] + [4] * 3 + [5] * 3 + [-1] + [0] * 3 + [1] * 3 + [2] * 3 + [
        -1
    ]


def test_patients_with_one_sample_each_are_sorted_as_samples() -> None:
    assert columns_of(_data(_SAMPLES)).tolist() == [3, 5, 0, 2, 1, 4]


def test_each_cell_says_what_is_in_it() -> None:
    grid = grid_of(_data(), np.array([0, 3, 5]))
    words = [[grid["words"][ord(c) - 48] for c in row] for row in grid["cells"]]  # type: ignore[index,union-attr]
    assert words == [
        ["not altered", "missense", "truncating; amplification"],
        ["missense", "not assessed", "not altered"],
    ]


def test_only_samples_that_are_drawn_are_named() -> None:
    """Of a registry every so many are drawn: two hundred thousand names were twelve megabytes of the page."""
    data = _data()
    grid = grid_of(data, np.array([5, -1, 3, 5]))
    named = [None if i < 0 else grid["samples"][i] for i in grid["columns"]]  # type: ignore[index,union-attr]
    assert named == [data.samples[5], None, data.samples[3], data.samples[5]]
    assert len(grid["samples"]) == len(grid["patients"]) == 2  # type: ignore[arg-type]


def test_the_drawing_holds_the_cells_once() -> None:
    svg = oncoprint_svg(_data())
    assert len(re.findall("data-grid=", svg)) == 1 and "6 samples of 3 patients" in svg


@pytest.mark.slow
def test_ten_thousand_samples_are_drawn_one_by_one_in_less_than_five_megabytes() -> None:
    """25 genes; the page packs the drawing further."""
    rng = np.random.default_rng(1)
    mutation = ((rng.random((25, 10_000)) < 0.1) * rng.integers(1, 6, (25, 10_000))).astype(np.int8)
    ids = [f"S{i}" for i in range(10_000)]
    data = Oncoprint(
        [f"G{i}" for i in range(25)],
        np.ones(mutation.shape, bool),
        mutation,
        np.zeros_like(mutation),
        [0.1] * 25,
        samples=ids,
        patients=ids,
    )
    assert len(columns_of(data)) == 10_000
    assert len(oncoprint_svg(data)) < 5e6


def test_patients_are_sorted_and_parted_by_several_tracks():
    """Four patients of one sample: sex before stage, the unknown last, memo order within; a gap between groups."""
    altered = np.array([[0, 1, 0, 1], [1, 0, 1, 0]], np.int8)
    tracks = {"stage": ["II", "III", None, "II"], "sex": ["m", "m", "f", "m"]}
    data = Oncoprint(
        ["A", "B"],
        np.ones((2, 4), bool),
        altered,
        np.zeros((2, 4), np.int8),
        [0.5, 0.5],
        tracks,
        samples=list("abcd"),
        patients=list("PQRS"),
        split=("sex", "stage"),
    )
    assert columns_of(data).tolist() == [2, -1, 3, 0, -1, 1]
    assert "4 samples" in oncoprint_svg(data) and "side by side" not in oncoprint_svg(data)
