"""What follows from a Study alone is derived once for it (`oncourse.study.once`)."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from tests.studies import study

from oncourse.study.once import once_per_study
from oncourse.study.tables import TABLES


def test_it_is_derived_once_per_study_and_nobody_changes_the_others_frame():
    asked = []

    @once_per_study
    def ids(of):
        asked.append(of)
        return of["patients"].select("patient_id")

    one = study(patients=[{"patient_id": "P1"}], samples=[], calls=[])
    mine = ids(one)
    mine.insert_column(0, pl.Series("more", [1]))
    assert ids(one).columns == ["patient_id"] and len(asked) == 1
    ids(replace(one, notes=("changed",)))
    assert len(asked) == 2, "a changed study begins anew"
    assert one.derived and one.__getstate__()["derived"] == {}, "other processes are not sent what they can derive"


def test_the_empty_table_is_made_once_and_nobody_changes_the_others_frame():
    mine = TABLES["labs"].empty()
    mine.insert_column(0, pl.Series("more", [], dtype=pl.Int64))
    assert TABLES["labs"].empty().schema == pl.Schema(TABLES["labs"].schema)
