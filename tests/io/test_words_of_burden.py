"""The mutational burden with its level or unit beside it: one such cell refused the whole study."""

from __future__ import annotations

import doctest

import polars as pl

from oncourse.io.clinical import own_burden
from oncourse.io.clinical.own_burden import burden_words
from oncourse.io.reading import Reading
from oncourse.study.config import StudyConfig


def test_examples():
    assert doctest.testmod(own_burden).failed == 0


def test_numbers_are_read_and_levels_kept_as_markers():
    cells = {"A": "8.1（低）", "B": "45.2 Muts/Mb（高）", "C": "TMB-L", "D": "10", "E": "见附件", "F": None}
    samples = pl.DataFrame({"sample_id": list(cells), "patient_id": "P", "tmb_per_mb": list(cells.values())})
    reading = Reading({"samples": samples}, StudyConfig())
    burden_words(reading)
    assert reading.tables["samples"]["tmb_per_mb"].to_list() == ["8.1", "45.2", None, "10", "见附件", None]
    assert reading.tables["markers"].rows() == [("P", "C", "TMB", "TMB-L")]
    assert [p.message for p in reading.problems] == [
        "the burden of 1 samples is a level without a number ('TMB-L'): kept as a marker."
    ]
