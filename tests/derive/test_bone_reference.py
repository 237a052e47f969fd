"""Bone 2+2 rule and the joined response against the hand-made cases of PCWG3."""

from __future__ import annotations

import json

import polars as pl

from oncourse.derive.clinical.bone import bone_summary, bone_visits, combined_overall


def test_two_plus_two_cases(shared_data):
    """handmade/bone_2plus2_cases.json: 9 cases."""
    cases = json.loads((shared_data("endpoints-pharmaverse") / "handmade/bone_2plus2_cases.json").read_text())["cases"]
    assert len(cases) == 9
    line = pl.DataFrame(
        {"patient_id": ["P"], "line": [1], "start_day": [0], "next_start_day": [None]},
        schema_overrides={"next_start_day": pl.Int64},
    )
    for case in cases:
        seen, rows = 0, []
        for scan in case["scans"]:
            still = None if "persist" not in scan else (seen if scan["persist"] else 0)
            rows.append(
                {
                    "patient_id": "P",
                    "day": scan["day"],
                    "method": "bone_scan",
                    "new_bone_lesions": scan["new"],
                    "bone_persisting": still,
                }
            )
            seen += scan["new"]
        frame = pl.DataFrame(rows, schema_overrides={"bone_persisting": pl.Int64})
        found = bone_summary(bone_visits(frame, line)).row(0, named=True)
        assert (found["bone"], found["day"]) == (case["expected"], case["expected_day"]), case["case"]


def test_combined_table(shared_data):
    """handmade/pcwg3_combined_timepoint.csv: all 35 pairs, with and without target lesions at baseline."""
    table = pl.read_csv(shared_data("endpoints-pharmaverse") / "handmade/pcwg3_combined_timepoint.csv")
    assert table.height == 35
    for has_target in (True, False):
        found = table.select(combined_overall(pl.col("soft_tissue"), pl.col("bone"), pl.lit(has_target))).to_series()
        for row, answer in zip(table.iter_rows(named=True), found, strict=True):
            options = row["overall"].split(" | ")
            words = [o.split(" (")[0] for o in options]
            assert answer == words[0 if has_target or len(words) == 1 else 1], row


def test_lesions_of_a_flare_that_are_gone_are_not_counted_against_later_ones():
    """PCWG3: two new lesions on day 168 that are there on day 224. The three of the flare had gone by then, and yet
    "lesions of the first scan and later ones are counted together": no progression could be told."""
    line = pl.DataFrame(
        {"patient_id": ["P"], "line": [1], "start_day": [0], "next_start_day": [None]},
        schema_overrides={"next_start_day": pl.Int64},
    )
    scans = [(56, 3, 0), (112, 0, 3), (168, 2, 0), (224, 0, 2)]
    rows = [
        {"patient_id": "P", "day": d, "method": "bone_scan", "new_bone_lesions": n, "bone_persisting": s}
        for d, n, s in scans
    ]
    found = bone_visits(pl.DataFrame(rows), line).select("day", "bone", "progression_day").rows()
    assert found[2] == (168, "PD", 168)
    rows[2]["bone_persisting"] = 1  # one of the flare is still there: the two of day 224 may be it and a new one
    assert bone_visits(pl.DataFrame(rows), line)["bone"].to_list()[2] == "PDu"
