"""RECIST 1.1 visits against hand-made boundary cases, the overall table, and the CDISC example with truth."""

from __future__ import annotations

import json

import polars as pl

from oncourse.derive.clinical.recist import overall_response
from oncourse.derive.clinical.target_lesions import target_visits


def _line():
    return pl.DataFrame(
        {"patient_id": ["P"], "line": [1], "start_day": [0], "next_start_day": [None]},
        schema_overrides={"next_start_day": pl.Int64},
    )


def test_target_cases(shared_data):
    """handmade/recist_target_cases.json: 14 boundary cases."""
    cases = json.loads((shared_data("endpoints-pharmaverse") / "handmade/recist_target_cases.json").read_text())
    assert len(cases) == 14
    for case in cases:
        rows = []
        for number, visit in enumerate([case["baseline"], *case["visits"]]):
            for lesion, value in visit.items():
                small = value == "TSTM"
                rows.append(
                    {
                        "patient_id": "P",
                        "day": 60 * number,
                        "lesion_id": lesion,
                        "is_node": lesion in case["nodal"],
                        "diameter_mm": None if small or value is None else float(value),
                        "status": "too_small" if small else None,
                    }
                )
        frame = pl.DataFrame(rows, schema_overrides={"diameter_mm": pl.Float64, "status": pl.String})
        found = target_visits(frame, _line())
        assert found["target"].to_list() == case["expected"], case["case"]


def test_overall_table(shared_data):
    """handmade/recist_timepoint_table.csv: all 60 combinations of tables 1 and 2 of RECIST 1.1."""
    table = pl.read_csv(shared_data("endpoints-pharmaverse") / "handmade/recist_timepoint_table.csv")
    assert table.height == 60
    found = table.select(overall_response(pl.col("target"), pl.col("non_target"), pl.col("new_lesion") == 1))
    assert found.to_series().to_list() == table["overall"].to_list()
