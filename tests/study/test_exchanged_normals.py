"""A normal with the tumour's variants beside a tumour without one read of them: refused, not germline and wild type."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.study.checks_normals import normal_checks


def _found(rows, materials=(("T", "A", "normal"), ("N", "A", "tissue"))):
    samples = pl.DataFrame(materials, schema=["sample_id", "patient_id", "material"], orient="row")
    columns = ["sample_id", "variant_id", "alt_count", "depth", "is_called"]
    calls = pl.DataFrame(rows, schema=columns, orient="row")
    return [(p.severity, p.value, p.message) for p in normal_checks({"samples": samples, "calls": calls})]


_TWO = [("T", "12:1:C:T", 60, 240, True), ("N", "12:1:C:T", 0, 150, False)]
_TWO += [("T", "17:1:C:T", 60, 240, True), ("N", "17:1:C:T", 0, 150, False)]


def test_the_sheet_calls_the_tumour_a_normal():
    message = (
        "2 variants of patient A are called in the normal T and have no read in the tumour N, which has none of its own: "
        "are the two exchanged?"
    )
    assert _found(_TWO) == [("error", "T", message)]
    assert [f[0] for f in _found(_TWO[:2])] == ["warning"]


@pytest.mark.parametrize(
    "rows",
    [
        [*_TWO, ("N", "1:1:A:G", 40, 100, True)],  # the tumour has mutations of its own: blood clones of the normal
        [("T", "12:1:C:T", 120, 240, True), ("N", "12:1:C:T", 70, 150, True)],  # germline in both
        [("T", "12:1:C:T", 60, 240, True), ("N", "12:1:C:T", 0, 9, False)],  # the tumour was hardly read
        [("T", "12:1:C:T", 60, 240, True), ("N", "12:1:C:T", None, None, False)],  # nobody counted
        [("T", "12:1:C:T", 2, 240, True), ("N", "12:1:C:T", 0, 150, False)],  # a read or two are none
        [("T", "12:1:C:T", 60, 240, False), ("N", "12:1:C:T", 0, 150, False)],  # not called
    ],
)
def test_nothing_is_said_of_others(rows):
    assert _found(rows) == []


def test_each_patient_is_asked_alone_and_white_cells_are_normals():
    materials = [("T", "A", "white_cells"), ("N", "A", "plasma"), ("B1", "B", "tissue"), ("B2", "B", "normal")]
    rows = [*_TWO, ("B1", "12:1:C:T", 50, 100, True), ("B2", "12:1:C:T", 0, 90, False)]
    assert [(s, v) for s, v, _ in _found(rows, materials)] == [("error", "T")]
    assert normal_checks({}) == []
