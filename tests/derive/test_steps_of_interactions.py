"""Which contrasts of treatments are asked of which marker, on how many lines, and what is said where none can be."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl

from oncourse.derive.outcomes.treatment_pairs import InteractionRules, interaction_rows
from oncourse.models import interaction

ARMS = ["cetuximab"] * 3 + ["irinotecan"] * 3 + ["foo"]
ANTI_EGFR = ("anti-egfr", "other")


def asked(monkeypatch, rules):
    """Rows of lines 0 to 6 of patients P0 to P6 (of PFS line 3 alone); an estimate tells on how many it was made."""

    def told(data, value, patient, line, *, horizon, min_cell):
        number = SimpleNamespace(value=float(len(value)), ci_low=0.1, ci_high=9.0, p_value=len(value) / 100)
        cells = dict.fromkeys(("arm_positive", "reference_positive", "arm_negative", "reference_negative"), min_cell)
        cells["arm_positive"] = int((data.treated & (value > 0)).sum())
        parts = dict.fromkeys(("in_positive", "in_negative", "prognostic", "p_proportional"), 0.5)
        return SimpleNamespace(ratio=number, mean_difference=number, cells=cells, note="told", **parts)

    monkeypatch.setattr(interaction, "interaction", told)
    classes = [["anti-EGFR"]] * 3 + [["topoisomerase inhibitor"]] * 3 + [[]]
    table = pl.DataFrame(
        {"unit": range(7), "patient_id": [f"P{k}" for k in range(7)], "zero_day": 100, "arm": ARMS, "classes": classes}
        | {"unknown": [None] * 6 + ["foo"]},
        schema_overrides={"classes": pl.List(pl.String), "unknown": pl.String},
    )
    lines = table.select("unit", "patient_id", "arm", line=1, time_days=50, is_event=True, entry_days=0)
    rows = pl.concat(
        [
            lines.with_columns(endpoint=pl.lit("OS")),
            lines.filter(pl.col("unit") == 3).with_columns(endpoint=pl.lit("PFS")),
        ]
    )
    values = [(f"P{k}", "RAS", 5, float(k in (1, 2))) for k in range(5)] + [(f"P{k}", "TP53", 5, 1.0) for k in range(6)]
    values += [("P5", "RAS", 101, 1.0)]  # after the line's start
    values = pl.DataFrame(values, schema=["patient_id", "marker", "day", "value"], orient="row")
    curves: dict = {}
    found = interaction_rows(rows, table, pl.DataFrame({"unit": range(7)}), values, rules, curves)
    names = (
        "marker",
        "arm",
        "reference",
        "endpoint",
        "n",
        "n_unknown",
        "n_arm_positive",
        "hazard_ratio_ratio",
        "q_value",
    )
    return [tuple(row[n] for n in names) + (row["note"],) for row in found], found, curves


def test_hypotheses_stay_with_their_reason_and_frequent_pairs_are_explored(monkeypatch):
    """RAS is known of lines 0 to 4; of 0 to 2 (anti-EGFR) lines 1 and 2 are positive, of the others none.

    foo may be anti-EGFR: it is no reference.
    """
    rules = InteractionRules(900.0, None, min_cell=2, min_arm=1, max_arms=3, design="crc")
    rows, found, curves = asked(monkeypatch, rules)
    unclear = "1 lines left out: with a drug whose class is not known"
    immune = ("MSI-H/dMMR", "pd-1/pd-l1 inhibitor", "other")
    assert rows == [
        (
            *immune,
            "OS",
            0,
            0,
            None,
            None,
            None,
            "not assessable: the class is not known of a drug in 1 lines, and no line with PD-1/PD-L1 inhibitor",
        ),
        (*immune, "PFS", 0, 0, None, None, None, "no line with PD-1/PD-L1 inhibitor"),
        ("RAS", *ANTI_EGFR, "OS", 5, 1, 2, 5.0, None, f"told; {unclear}"),
        ("RAS", "cetuximab", "irinotecan", "OS", 5, 1, 2, 5.0, None, f"told; {unclear}"),
        ("RAS", *ANTI_EGFR, "PFS", 0, 0, None, None, None, "no line with anti-EGFR"),
        ("TP53", "irinotecan", "cetuximab", "OS", 6, 0, 3, 6.0, 0.06, "told"),
    ]
    assert [row["is_prespecified"] for row in found] == [True] * 5 + [False]
    ((key, (drawn, treated)),) = curves.items()
    assert key == ("RAS", *ANTI_EGFR, "OS")
    assert drawn.select("unit", "value").rows() == [(0, 0.0), (1, 1.0), (2, 1.0), (3, 0.0), (4, 0.0)]
    assert treated.to_list() == [True] * 3 + [False] * 2


def test_pairs_are_of_arms_of_enough_lines_and_values_of_the_window(monkeypatch):
    """Twice the least number of lines in each arm; a value of day 5 is 95 days old on day 100."""
    few = InteractionRules(900.0, 95, min_cell=2, min_arm=2, max_arms=3, design="crc")
    assert [row[0] for row in asked(monkeypatch, few)[0]] == ["MSI-H/dMMR"] * 2 + ["RAS"] * 3
    one = InteractionRules(900.0, 95, min_cell=2, min_arm=1, max_arms=1, design="crc")
    assert len(asked(monkeypatch, one)[0]) == 5
    old = InteractionRules(900.0, 94, min_cell=2, min_arm=1, max_arms=3, design="crc")
    rows = asked(monkeypatch, old)[0]
    assert [(row[0], row[4], row[5], row[7]) for row in rows if row[1] == "anti-egfr"] == [
        ("RAS", 0, 6, None),
        ("RAS", 0, 0, None),
    ]
    assert rows[2][-1].startswith("no assessable value before the lines' start; 1 lines left out")
    assert not any(row[0] == "TP53" for row in rows)
