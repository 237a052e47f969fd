"""Days of which only the month or year is known: kept as intervals, and what they may move is said of each end point.

Source: the judgement of partial dates (a start is read first, a stop last, an event in the middle), `study.partial_dates`.
"""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.io.native import read_native, write_study
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.times import time_columns
from oncourse.study.validate import validate


def run(name, study):
    return registry()[name].run(Cohort(study))


def typed(**tables):
    empty = {
        "samples": pl.DataFrame(schema={"sample_id": pl.String, "patient_id": pl.String, "material": pl.String}),
        "calls": pl.DataFrame(schema={"sample_id": pl.String, "variant_id": pl.String}),
    }
    frames = {name: pl.DataFrame(rows) for name, rows in tables.items()}
    made, problems = validate(frames | empty, StudyConfig())
    assert not [str(p) for p in problems if p.severity == "error"]
    return made


def people(n=6, **first):
    rows = [{"patient_id": f"P{i}", "index_date": "2018-01-10"} for i in range(n)]
    rows[0] |= first
    return rows


def follow(n=6):
    """Recurrences in June 2019 of everyone, of the first only known as 2019."""
    rows = [
        {
            "patient_id": f"P{i}",
            "last_contact_date": "2020-06-10",
            "is_dead": "false",
            "recurrence_date": f"2019-06-{10 + i}" if i else "2019",
        }
        for i in range(n)
    ]
    return rows


def test_each_partial_date_is_kept_with_its_interval(tmp_path):
    """Death, recurrence, start and stop; read back from the written study they are the same."""
    made = typed(
        patients=people(2),
        follow_up=[
            {"patient_id": "P0", "last_contact_date": "2019-03-05", "is_dead": "true", "death_date": "2019-03"},
            {"patient_id": "P1", "last_contact_date": "2020-06-10", "is_dead": "false", "recurrence_date": "2019"},
        ],
        treatments=[{"patient_id": "P1", "drugs": "capecitabine", "start_date": "2018-02", "stop_date": "2018-UN-UN"}],
    )
    keys = ["table", "column", "resolution", "day", "earliest_day", "latest_day"]
    told = sorted(made["partial_dates"].select(keys).rows())
    assert told == [
        ("follow_up", "death_day", "month", 432, 419, 445),
        ("follow_up", "recurrence_day", "year", 538, 356, 720),
        ("treatments", "start_day", "month", 22, 22, 49),
        ("treatments", "stop_day", "year", 355, -9, 355),
    ]
    write_study(tmp_path / "s", made, StudyConfig())
    back = read_native(tmp_path / "s")
    again, _ = validate(back.tables, back.config)
    assert sorted(again["partial_dates"].select(keys).rows()) == told


def test_what_uncertain_days_may_move_is_said_of_each_end_point():
    """A recurrence of 2019 (day 356 to 720, read as 538) beside five from day 517 to 521: the median is 519.5 to 520.5."""
    result = run("endpoints", Study(StudyConfig(), typed(patients=people(), follow_up=follow())))
    rows = result.tables["endpoints/uncertain_days"].select(
        "endpoint", "n", "n_moved", "n_event_moved", "median_days", "median_days_if_first", "median_days_if_last"
    )
    assert rows.filter(endpoint="DFS").row(0) == ("DFS", 6, 1, 0, 520.5, 519.5, 520.5)
    by_name = {e.name: e for e in result.estimates}
    assert by_name["partial_days"].value == 1
    assert any("as early as it may be median disease-free survival is" in n for n in result.notes)


def test_a_day_0_of_a_month_moves_everything_of_the_patient():
    """Index date 2018-01: read as its first day; had it been the last, all is 30 days less (892 to 862)."""
    made = typed(patients=people(index_date="2018-01"), follow_up=follow())
    assert made["partial_dates"].filter(column="index_date").select("day", "latest_day").row(0) == (0, 30)
    result = run("endpoints", Study(StudyConfig(), made))
    differ = result.tables["endpoints/time_to_event_other_readings"].filter(patient_id="P0", endpoint="OS")
    assert differ.select("reading", "time_days").rows() == [("uncertain days as late as they may be", 862)]


def test_a_study_of_whole_dates_says_nothing():
    whole = [r | {"recurrence_date": "2019-06-09"} if r["patient_id"] == "P0" else r for r in follow()]
    result = run("endpoints", Study(StudyConfig(), typed(patients=people(), follow_up=whole)))
    assert result.tables["endpoints/uncertain_days"].is_empty()
    assert not [e for e in result.estimates if e.name == "partial_days"]


def test_anchor_unit_and_resolution_of_every_time_column():
    """Whole months of follow-up from sequencing beside days of samples; one date of a month among whole ones."""
    months = [3, 6, 9, 13, 24, 31]
    made = {
        "follow_up": pl.DataFrame(
            {
                "patient_id": [f"P{m}" for m in months],
                "last_contact_day": [round(m * 30.4375) for m in months],
                "recurrence_day": [10, 20, 31, 44, None, None],
            }
        ),
        "partial_dates": pl.DataFrame({"table": ["follow_up"], "column": ["recurrence_day"], "resolution": ["month"]}),
    }
    times = time_columns(
        made, StudyConfig(index="diagnosis", clocks={"follow_up.last_contact_day": "sequencing, months"})
    )
    assert times.rows() == [
        ("follow_up", "last_contact_day", "sequencing", "months", "month", 6, 0, 0),
        ("follow_up", "recurrence_day", "diagnosis", "days", "day", 4, 1, 0),
    ]
