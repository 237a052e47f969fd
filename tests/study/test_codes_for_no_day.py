"""Codes where a day, date or age is not known (REDCap, SAS, SPSS) are no days: never an event, never time at risk."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.study.codes import without_codes
from oncourse.study.config import StudyConfig
from oncourse.study.validate import validate

_IDS = [f"P{n}" for n in range(1, 7)]


def _read(follow, patients=None, **more):
    people = {"patient_id": _IDS, **(patients or {})}
    frames = {"patients": people, "follow_up": {"patient_id": _IDS, **follow}, **more}
    tables = {
        name: pl.DataFrame({c: [None if v is None else str(v) for v in values] for c, values in rows.items()})
        for name, rows in frames.items()
    }
    found, problems = validate(tables, StudyConfig())
    return found, [p for p in problems if p.severity == "error"], [p.message for p in problems if "code" in p.message]


_CONTACT = [410, 420, 430, 440, 450, 460]


@pytest.mark.parametrize("code", [9999, 99999, 8888, 7777, -999, -99, -9, 999, "9999.0"])
@pytest.mark.parametrize("column", ["recurrence_day", "progression_day", "second_primary_day", "recurrence_free_day"])
def test_a_code_is_no_event_and_does_not_lengthen_follow_up(column, code):
    """recurrence_day 9999 in 7 of 10 patients seen for 410-470 days was a recurrence at time 10000 with follow-up to day
    9999; only a warning told of it."""
    found, errors, told = _read(
        {"last_contact_day": _CONTACT, "is_dead": ["false"] * 6, column: [code, code, code, None, None, 300]}
    )
    assert not errors
    assert found["follow_up"][column].to_list() == [None] * 5 + [300]
    assert found["follow_up"]["last_contact_day"].to_list() == _CONTACT
    assert told == [f"3 values are codes where a day is not known ({code}): taken as unknown."]


def test_a_death_on_day_9999_is_no_death():
    """Of who is alive it was an error; of who is dead a death 27 years later, and an empty status was made dead."""
    status = ["false", "true", None, "false", "false", "false"]
    found, errors, _ = _read({"last_contact_day": _CONTACT, "is_dead": status, "death_day": [9999] * 3 + [None] * 3})
    follow = found["follow_up"]
    assert not [e for e in errors if e.column == "death_day"]
    assert follow["death_day"].null_count() == 6
    assert follow["is_dead"].to_list() == [False, True, None, False, False, False]


def test_a_last_contact_that_is_a_code_is_the_last_other_day_or_leaves_the_row_out():
    """Last contact 9999 was 27 years of follow-up."""
    found, errors, told = _read(
        {
            "last_contact_day": [9999, 9999, 430, 440, 450, 460],
            "is_dead": ["true", "false", *["false"] * 4],
            "death_day": [300, None, None, None, None, None],
        }
    )
    assert not errors
    assert found["follow_up"].select("patient_id", "last_contact_day").rows()[:2] == [("P1", 300), ("P3", 430)]
    assert told[-1] == "1 rows have a code for their day (first: P2) and are left out."


@pytest.mark.parametrize("code", ["1900-01-01", "9999-12-31", "2099-01-01", "1900/1/1", "31/12/9999", "0001-01-01"])
def test_dates_that_nobody_lived_on_are_not_known(code):
    """A date of 9999-12-31 was day 2,914,000: an event, and follow-up to it."""
    index = {"index_date": ["2020-01-01"] * 6}
    follow = {
        "last_contact_date": ["2021-01-01", code, *["2021-01-01"] * 4],
        "is_dead": ["false"] * 6,
        "recurrence_date": [code, "2020-03-01", None, None, None, None],
    }
    found, errors, told = _read(follow, index)
    assert not errors
    days = found["follow_up"].select("last_contact_day", "recurrence_day").rows()
    assert days == [(366, None), (60, 60), *[(366, None)] * 4]
    assert len(told) == 2


def test_an_age_of_999_is_not_known_and_days_that_may_be_real_stay():
    """An age of 999 refused the study; a real day 9999 of a cohort of long follow-up, and day 999, are days."""
    found, errors, told = _read(
        {"last_contact_day": [9990, 9995, 9999, 999, 8000, 9000], "is_dead": ["false"] * 6},
        {"age_years": [999, 61, -9, 63, 9999, 99]},
    )
    assert not errors
    assert found["patients"]["age_years"].to_list() == [None, 61, None, 63, None, 99]
    assert found["follow_up"]["last_contact_day"].to_list() == [9990, 9995, 9999, 999, 8000, 9000]
    assert told == ["3 values are codes where an age is not known (999, -9, 9999): taken as unknown."]


def test_a_stop_that_is_a_code_is_no_stop_and_a_start_leaves_its_row_out():
    """A treatment that stopped on day 9999 (ongoing) lasted 27 years."""
    treatments = {
        "patient_id": ["P1", "P1", "P2"],
        "drugs": ["cetuximab", "FOLFOX", "FOLFIRI"],
        "start_day": [10, 9999, 20],
        "stop_day": [9999, 9999, 80],
    }
    found, errors, told = _read({"last_contact_day": _CONTACT, "is_dead": ["false"] * 6}, treatments=treatments)
    assert not errors
    assert found["treatments"].select("start_day", "stop_day").rows() == [(10, None), (20, 80)]
    assert len(told) == 3


def test_dates_moved_to_hide_them_are_dates():
    """MIMIC moves every date of a patient to the years 2100 to 2200: these are no codes."""
    follow = {"last_contact_date": ["2151-01-01"] * 6, "is_dead": ["false"] * 6}
    found, errors, told = _read(follow, {"index_date": ["2150-01-01"] * 6})
    assert not errors and not told
    assert found["follow_up"]["last_contact_day"].to_list() == [365] * 6


def test_a_table_of_another_name_is_left_alone():
    frame = pl.DataFrame({"day": ["9999"]})
    assert without_codes({"mine": frame}) == ({"mine": frame}, [])


def test_laboratory_values_that_look_like_codes_are_told_and_stay():
    """A CEA of 9999 in several patients was a level, and nothing said that it may be a code."""
    labs = {
        "patient_id": ["P1", "P2", "P3", "P4"],
        "day": [1, 1, 1, 1],
        "analyte": ["CEA"] * 4,
        "value": ["9999", "999", "999", "3.1"],
        "unit": ["ng/mL"] * 4,
    }
    found, errors, told = _read({"last_contact_day": _CONTACT, "is_dead": ["false"] * 6}, labs=labs)
    assert not errors
    assert found["labs"]["value"].to_list() == ["9999", "999", "999", "3.1"]
    assert told == ["3 values of CEA may be codes for a value that is not known (9999, 999): read as levels."]
