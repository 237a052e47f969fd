"""手术, 介入, 维持, 中医药 under the setting of a treatment: each was an error without a cure, and the study refused."""

from __future__ import annotations

import polars as pl

from oncourse.io.clinical.own_kinds import kinds_of_treatment
from oncourse.io.reading import Reading
from oncourse.study.config import StudyConfig


def _read(rows, procedures=None):
    columns = ["patient_id", "drugs", "setting", "start_date", "line"]
    tables = {"treatments": pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")}
    if procedures:
        tables["procedures"] = pl.DataFrame(procedures, schema=["patient_id", "kind", "date"], orient="row")
    reading = Reading(tables, StudyConfig())
    kinds_of_treatment(reading)
    return reading


def test_each_row_is_what_its_word_says():
    reading = _read(
        [
            ("P1", "西妥昔单抗", "维持", "2021-06-10", None),
            ("P1", "FOLFIRI+西妥昔单抗", "metastatic", "2021-01-10", "1"),
            ("P1", "右半结肠切除术", "手术", "2020-01-10", None),
            ("P1", "FOLFOX-HAIC", "介入", "2022-01-10", None),
            ("P2", "贝伐珠单抗", "维持治疗", "2021-06-10", None),  # nobody said what before
            ("P2", "参一胶囊", "中医药", "2020-03-01", None),
            ("P2", "50Gy/25次", "放疗", "2020-12-10", None),
            ("P2", "XELOX", "adjuvant", "2020-02-01", None),
            ("P2", "S-1", "别的", "2022-02-01", None),
        ]
    )
    assert reading.tables["treatments"].select("patient_id", "drugs", "setting", "line").rows() == [
        ("P1", "西妥昔单抗", "metastatic", "1"),
        ("P1", "FOLFIRI+西妥昔单抗", "metastatic", "1"),
        ("P1", "FOLFOX-HAIC", None, None),
        ("P2", "贝伐珠单抗", None, None),
        ("P2", "参一胶囊", None, None),
        ("P2", "XELOX", "adjuvant", None),
        ("P2", "S-1", "别的", None),
    ]
    assert reading.tables["procedures"].rows() == [
        ("P1", "右半结肠切除术", "2020-01-10"),
        ("P2", "放疗", "2020-12-10"),
    ]
    assert [p.message for p in reading.problems] == [
        "the setting of 2 treatments is a kind of treatment (维持, 维持治疗): taken as of the line before it.",
        "the setting of 2 treatments is a kind of treatment (手术, 放疗): taken as a procedure.",
        "the setting of 2 treatments is a kind of treatment (介入, 中医药): taken as of no setting.",
    ]


def test_an_operation_of_both_sheets_is_one_and_others_stay():
    operation = ("P1", "根治术", "2020-01-10")
    reading = _read(
        [("P1", "右半结肠切除术", "手术", "2020-01-10", None)], [operation, ("P2", "ablation", "2020-01-10")]
    )
    assert reading.tables["procedures"].rows() == [operation, ("P2", "ablation", "2020-01-10")]
    assert reading.tables["treatments"].is_empty()


def test_nothing_is_said_where_all_are_settings():
    reading = _read([("P1", "XELOX", "adjuvant", "2020-02-10", None), ("P1", "XELOX", None, "2020-02-10", None)])
    assert reading.problems == []
    assert "procedures" not in reading.tables
