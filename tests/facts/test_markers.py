"""One reading of recorded markers, whoever wrote them."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.status.witnesses import marker_rows
from oncourse.facts.markers import marker_readings, marker_state
from oncourse.facts.statuses import STATUSES


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("MSI", "MSI-H", "positive"),
        ("MSI", "msi_h", "positive"),
        ("MSI", "unstable", "positive"),
        ("MSI", "MSS", "negative"),
        ("MSI", "MSI-L", "negative"),
        ("MSI", "indeterminate", "unclear"),
        ("MSI", "MSS / MSI-H", "unclear"),
        ("MSI", "stable?", "unclear"),
        ("MSI", "low quality", "unclear"),
        ("MSI", "稳定性未知", "unclear"),
        ("MSI", "MSS (stable, 0/5)", "negative"),
        ("MSI", "高度不稳定（微卫星不稳定）", "positive"),
        ("MMR", "normal tissue insufficient", "unclear"),
        ("MMR", "pMMR (no loss)", "negative"),
        ("MLH1 IHC", "possible loss", "unclear"),
        ("MLH1 IHC", "positive control failed", "unclear"),
        ("MMR", "dMMR", "positive"),
        ("MMR", "loss of MLH1", "positive"),
        ("MMR", "no loss", "negative"),
        ("MMR", "pMMR", "negative"),
        ("MMR", "equivocal", "unclear"),
        ("KRAS", "wt", "negative"),
        ("HER2 IHC", "3+", "positive"),
        ("HER2 IHC", "2+", "unclear"),
        ("HER2 IHC", "0", "negative"),
        ("AR-V7", "no CTC found", "unclear"),
        ("AR-V7", "", "unclear"),
        ("AR-V7", "-", "unclear"),
        ("MLH1 IHC", "-", "unclear"),
        ("AR-V7", "(-)", "negative"),
    ],
)
def test_a_word_nobody_can_tell_is_never_negative(name: str, value: str, state: str):
    assert marker_state(name, value) == state


@pytest.mark.parametrize(
    ("values", "state"),
    [
        (("-", "+"), "negative"),
        (("-", "++"), "negative"),
        (("-", "positive"), "unclear"),
        (("-", "阴性"), "unclear"),
        (("-", "-"), "unclear"),
    ],
)
def test_a_dash_is_negative_only_in_a_column_of_signs(values, state):
    """A bare dash is also the usual "not done": MLH1 `-` alone made its patient mismatch-repair deficient."""
    rows = [(f"P{i}", None, 0, "AR-V7", v) for i, v in enumerate(values)]
    schema = {"patient_id": pl.String, "sample_id": pl.String, "day": pl.Int64, "marker": pl.String, "value": pl.String}
    found = marker_readings(SAMPLES.clear(), pl.DataFrame(rows, schema=schema, orient="row"))
    assert found.filter(pl.col("patient_id") == "P0")["state"].to_list() == [state]


SAMPLES = pl.DataFrame(
    [("P1", "T1", 5, None, 21.0)],
    schema={
        "patient_id": pl.String,
        "sample_id": pl.String,
        "day": pl.Int64,
        "msi_status": pl.String,
        "msi_score": pl.Float64,
    },
    orient="row",
)
MARKERS = pl.DataFrame(
    [("P1", "T1", None, "MSI", "MSI-H")],
    schema={
        "patient_id": pl.String,
        "sample_id": pl.String,
        "day": pl.Int64,
        "marker": pl.String,
        "value": pl.String,
    },
    orient="row",
)


def test_a_score_is_read_by_the_cut_off_of_the_study_alone_and_a_marker_has_the_day_of_its_sample():
    def states(cutoffs):
        rows = marker_readings(SAMPLES, MARKERS, cutoffs)
        return rows.select("source", "state", "day").sort("source").rows()

    assert states({}) == [("markers", "positive", 5), ("samples.msi_score", "unclear", 5)]
    assert states({"msi_score": 10.0})[1] == ("samples.msi_score", "positive", 5)
    assert states({"msi_score": 30.0})[1] == ("samples.msi_score", "negative", 5)


def msi_of(make_study, status: str | None, *markers: dict) -> dict:
    rows = [{"patient_id": "P1", "day": 0, **m} for m in markers]
    cohort = Cohort(
        make_study(
            {"design": "crc"},
            patients=[{"patient_id": "P1", "disease": "colon cancer"}],
            samples=[{"sample_id": "T1", "patient_id": "P1", "material": "tissue", "day": 0, "msi_status": status}],
            markers=rows,
            calls=[{"sample_id": "T1", "variant_id": "17:7577538:C:T"}],
            variants=[{"variant_id": "17:7577538:C:T", "gene": "TP53"}],
        )
    )
    states = cohort.patient_statuses.filter(pl.col("status") == "MSI-H/dMMR")
    return states.row(0, named=True) if states.height else {}


def test_msi_by_any_door_is_one_status(make_study):
    """MSI = MSI-H given as a marker was positive in `treatment` and "not assessed" on the page; so was MSS."""
    assert msi_of(make_study, "MSS")["state"] == "negative"
    assert msi_of(make_study, None, {"marker": "MSI", "value": "MSI-H"})["state"] == "positive"
    assert msi_of(make_study, None, {"marker": "MMR IHC", "value": "dMMR"})["state"] == "positive"
    assert msi_of(make_study, None) == {}


def test_a_contradiction_is_shown_and_never_averaged(make_study):
    found = msi_of(make_study, "MSS", {"marker": "MMR IHC", "value": "dMMR", "sample_id": "T1"})
    assert found["state"] == "positive" and found["reason"] == "contradicted by MSI MSS"
    apart = msi_of(make_study, "MSS", {"marker": "MMR IHC", "value": "dMMR"})
    assert apart["state"] == "positive" and apart["others"] == "T1 (day 0): recorded negative"


def test_a_word_of_repair_beside_msi_is_a_reading_of_repair():
    """MSI: dMMR was a marker nobody could read; it answers the same question by another test."""
    samples = pl.DataFrame(
        schema={
            "patient_id": pl.String,
            "sample_id": pl.String,
            "day": pl.Int64,
            "msi_status": pl.String,
            "msi_score": pl.Float64,
        }
    )
    values = ["dMMR", "错配修复功能完整", "MSI-H", "normal"]
    markers = pl.DataFrame({"patient_id": list("ABCD"), "marker": "MSI", "value": values}).with_columns(
        sample_id=pl.lit(None, pl.String), day=pl.lit(0)
    )
    found = marker_readings(samples, markers).select("marker", "state").rows()
    assert found == [("MMR", "positive"), ("MMR", "negative"), ("MSI", "positive"), ("MSI", "unclear")]


def test_a_marker_of_a_sample_read_more_than_once_is_said_once(make_study):
    """Two days of one sample: the words ended in ", " where one day had none, and began so on the patient's page."""
    status = next(s for s in STATUSES if "MSI" in s.markers)
    samples = pl.DataFrame({"patient_id": ["P1"], "sample_id": ["T1"], "day": [0], "material": ["tissue"]})

    def told(*read):
        rows = [("P1", "T1", day, "MSI", value, state) for day, (value, state) in enumerate(read)]
        names = ["patient_id", "sample_id", "day", "marker", "value", "state"]
        found = marker_rows(samples, pl.DataFrame(rows, schema=names, orient="row"), status)
        return found.select("state", "variants", "reason").rows()

    high, stable, pending = ("MSI-H", "positive"), ("MSS", "negative"), ("pending", "unclear")
    assert told(high, high, pending) == [("positive", "MSI MSI-H", None)]
    assert told(high, stable, stable) == [("positive", "MSI MSI-H", "contradicted by MSI MSS")]
    assert told(stable, pending) == [("negative", "MSI MSS", None)]
    unread = "MSI pending: recorded, but not told positive from negative"
    assert told(pending, pending) == [("not_assessable", None, unread)]
    days = [{"marker": "MSI", "value": v, "sample_id": "T1", "day": d} for d, v in ((1, "MSI-H"), (9, "pending"))]
    assert msi_of(make_study, None, *days)["variants"] == "MSI MSI-H"
