"""Survival with delayed entry beside the naive curve, on real and hand-made follow-up."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.analyses.survival import SurvivalParams, survival
from oncourse.cohort import Cohort
from oncourse.errors import NotEnoughData

MONTH = 30.4375


def follow_up_study(make_study, rows):
    patients = [{"patient_id": r["patient_id"]} for r in rows]
    return make_study(patients=patients, samples=[], calls=[], follow_up=rows)


def test_genie_shows_both_curves_and_warns_of_dependent_entry(make_study, shared_data):
    """Stage IV colorectal, sequenced late: 52.3 % at 2 years and 25.1 months, naive 69.7 % and 38.1 (whole days
    here)."""
    data = pl.read_csv(shared_data("survival-reference") / "genie_bpc_crc_stage4_delayed_entry.csv")
    rows = []
    for patient, dead, entry, end in data.iter_rows():
        day = round(end * MONTH)
        rows.append(
            {
                "patient_id": f"P{patient:03d}",
                "last_contact_day": day,
                "is_dead": dead == 1,
                "death_day": day if dead == 1 else None,
                "entry_day": round(entry * MONTH),
            }
        )
    result = survival(Cohort(follow_up_study(make_study, rows)), SurvivalParams())
    value = {e.name: e.value for e in result.estimates}
    assert value["OS_kaplan_meier_24m"] == pytest.approx(0.5233, abs=0.00005)
    assert "OS_after_few_median" not in value  # enough were at risk early
    assert value["OS_naive_24m"] == pytest.approx(0.697, abs=0.003)
    assert value["OS_kaplan_meier_median"] == pytest.approx(25.10, abs=0.01)
    assert value["OS_naive_median"] == pytest.approx(38.09, abs=0.02)
    assert value["OS_entry_p"] == pytest.approx(0.0015, abs=0.0005)
    assert "Entry time itself predicts the outcome" in result.notes[0]
    assert "Ignoring late entry would show 38.1 months" in result.answer


def test_without_late_entry_there_is_one_curve(make_study):
    """Deaths on days 9, 19 .. 99 of ten patients (first day counted): half are alive at day 50, median day 54."""
    rows = [
        {"patient_id": f"P{i}", "last_contact_day": 10 * i + 9, "is_dead": True, "death_day": 10 * i + 9}
        for i in range(10)
    ]
    result = survival(Cohort(follow_up_study(make_study, rows)), SurvivalParams(months=(50 / MONTH,)))
    table = result.tables["survival/landmarks"]
    assert table["method"].to_list() == ["kaplan_meier"] and table["survival"].to_list() == [pytest.approx(0.5)]
    medians = result.tables["survival/medians"]
    assert medians["median_months"][0] == pytest.approx(54 / MONTH) and result.notes == ()


def test_a_sequenced_patient_without_a_day_of_entry_is_said_to_be_one(make_study):
    """Sampled on day 30, 50 or on an unknown day: with a day of entry nothing is said."""
    patients = [f"P{i}" for i in range(8)]
    rows = [
        {"patient_id": p, "last_contact_day": 100 + i, "is_dead": True, "death_day": 100 + i}
        for i, p in enumerate(patients)
    ]
    samples = [
        {"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "day": day}
        for p, day in zip(patients, (30, 30, 50, 50, None, None, 0, 0), strict=True)
    ]
    given = {"patients": [{"patient_id": p} for p in patients], "samples": samples, "calls": []}
    late, note, by_sample = survival(Cohort(make_study(follow_up=rows, **given)), SurvivalParams()).notes
    assert late.startswith("OS: 4 of 8 patients enter after the origin")
    assert by_sample.startswith("OS: the entry of 4 patients is the day of their first tumour sample")
    assert note.startswith("OS: 2 of 4 patients without a day of entry") and "survival is then overstated" in note
    assert "samples of 2 have no day" in note
    settings = {"endpoints": {"entry": "recorded"}}
    (note,) = survival(Cohort(make_study(follow_up=rows, **given), settings), SurvivalParams()).notes
    assert "first sample of 4 is later than time zero, a median of 40 days" in note
    known = [{**r, "entry_day": 0} for r in rows]
    assert survival(Cohort(make_study(follow_up=known, **given)), SurvivalParams()).notes == ()


def test_too_few_events(make_study):
    rows = [{"patient_id": "P1", "last_contact_day": 10, "is_dead": True, "death_day": 10}]
    with pytest.raises(NotEnoughData, match="5 events"):
        survival(Cohort(follow_up_study(make_study, rows)), SurvivalParams())


def test_what_one_early_death_of_two_at_risk_takes_is_said_in_the_answer(make_study):
    """One of two at risk dies on day 30, 38 enter after a year: the curve is halved for good ("median 13 months")."""
    ends = {0: 30, 1: 2000}
    rows = [
        {
            "patient_id": f"P{i:02d}",
            "last_contact_day": ends.get(i, 700 + 40 * i),
            "is_dead": i != 1 and i % 2 == 0,
            "entry_day": 400 + 5 * i if i > 1 else 10,
        }
        for i in range(40)
    ]
    result = survival(Cohort(follow_up_study(make_study, rows)), SurvivalParams())
    value = {e.name: e.value for e in result.estimates}
    assert value["OS_kaplan_meier_median"] < 14 and value["OS_after_few_median"] > 60
    assert "Up to 1.0 months 1 events met fewer than 10 at risk" in result.answer.replace("1 event met", "1 events met")
    assert result.headline.light == "uncertain"
