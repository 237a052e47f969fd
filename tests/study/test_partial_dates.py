"""Dates of which only the month or year is known: an interval with a reading that is said, never a refusal of the
study.

Stories: admiral #1020, #1300 (imputed dates); one partial DTHDTC refused a whole SDTM study.
"""

from __future__ import annotations

import polars as pl
from tests.studies import study

from oncourse.io.aside import checked
from oncourse.io.cdisc.sdtm import read_sdtm
from oncourse.study.config import StudyConfig
from oncourse.study.validate import validate


def follow_up(*rows):
    people = pl.DataFrame({"patient_id": [r[0] for r in rows], "index_date": ["2018-01-10"] * len(rows)})
    table = pl.DataFrame(list(rows), schema=["patient_id", "last_contact_date", "is_dead", "death_date"], orient="row")
    empty = {
        "samples": pl.DataFrame(schema={"sample_id": pl.String, "patient_id": pl.String, "material": pl.String}),
        "calls": pl.DataFrame(schema={"sample_id": pl.String, "variant_id": pl.String}),
    }
    return validate({"patients": people, "follow_up": table, **empty}, StudyConfig())


def test_readings_of_partial_dates():
    """2019-03 of a death: day 415 to 445, read as 430; "last seen in 2019-03" is only sure on its first day."""
    tables, problems = follow_up(
        ("A", "2019-03", "true", "2019-03"),
        ("B", "2019-01-20", "true", "2019"),
        ("C", "2019-11-UN", "false", None),
        ("D", "2020-05-01", "false", None),
    )
    assert not [str(p) for p in problems if p.severity == "error"]
    columns = ("last_contact_day", "death_day", "death_earliest_day", "death_latest_day")
    assert tables["follow_up"].select(columns).rows() == [
        (415, 430, 415, 445),
        (375, 547, 375, 720),
        (660, None, None, None),
        (842, None, None, None),
    ]
    told = [p.message for p in problems if "not a whole date" in p.message]
    assert len(told) == 4
    assert "day 415 to 445, read as day 430" in " ".join(told)


def test_what_is_no_date_stays_an_error():
    _, problems = follow_up(("A", "2019-13", "false", None))
    assert any("'2019-13' is not a date" in p.message for p in problems)


def test_a_partial_death_in_sdtm_is_one_patients_interval(tmp_path):
    dm = (
        "USUBJID,SEX,RFSTDTC,RFPENDTC,DTHDTC,DTHFL,ARM\n"
        "S1,M,2019-01-10,2020-05-24,2019-12,Y,A\nS2,M,2019-01-10,2020-05-24,,,A\n"
    )
    for name, text in (("dm", dm), ("ex", "USUBJID,EXTRT,EXSTDTC,EXENDTC\nS1,DRUG,2019-01-10,2019-07-29\n")):
        (tmp_path / f"{name}.csv").write_text(text)
    tables, problems = checked(read_sdtm(tmp_path))
    assert not [str(p) for p in problems if p.severity == "error"]
    assert tables["follow_up"].select(
        "last_contact_day", "death_day", "death_earliest_day", "death_latest_day"
    ).rows() == [
        (325, 340, 325, 355),
        (500, None, None, None),
    ]


def test_a_month_by_its_name_is_a_date_and_unknown_is_none():
    """SAS and hospital exports write 01-Jun-2021 and UN-MAR-2021; "UNK" in one cell refused the whole study."""
    made = study(
        {"design": "mcrpc"},
        patients=[{"patient_id": p, "index_date": "15-Jan-2020"} for p in "ABC"],
        samples=[],
        calls=[],
        follow_up=[
            {"patient_id": "A", "last_contact_date": "01-Jun-2021", "is_dead": "yes", "death_date": "UN-JUL-2021"},
            {"patient_id": "B", "last_contact_date": "Jun 1, 2021", "is_dead": "yes", "death_date": "UNK"},
            {"patient_id": "C", "last_contact_date": "1JUN2021", "is_dead": "no", "death_date": "不详"},
        ],
    )
    rows = made["follow_up"]
    assert rows["last_contact_day"].to_list() == [503, 503, 503]
    assert rows["death_earliest_day"].to_list() == [533, None, None]
    assert rows["death_day"].to_list() == [548, None, None]


def test_the_dead_need_no_other_last_contact():
    """Hospitals leave the last contact of the dead empty: their day of death is it, as the data dictionary says."""
    made = study(
        {"design": "mcrpc"},
        patients=[{"patient_id": p, "index_date": "2020-01-01"} for p in "AB"],
        samples=[],
        calls=[],
        follow_up=[
            {"patient_id": "A", "last_contact_date": "", "is_dead": "yes", "death_date": "2020-10-27"},
            {"patient_id": "B", "last_contact_date": "2020-12-31", "is_dead": "no", "death_date": ""},
        ],
    )
    assert made["follow_up"]["last_contact_day"].to_list() == [300, 365]


def test_a_recurrence_in_the_month_of_the_last_contact_was_not_after_it():
    """Read as the 15th, it was after the last contact on the 10th, which was then moved: alive to a day nobody saw."""
    rows = [
        ("A", "2020-06-10", "false", "", "2020-06"),  # between the 1st and the 10th: the 5th
        ("B", "2020-06-10", "true", "2020-12-01", "2020-06"),  # lived on: the 15th
        ("C", "2020-06", "false", "", "2020-06"),  # neither day known: the month's own
        ("D", "2020-08-10", "false", "", "2020-06"),
    ]
    columns = ["patient_id", "last_contact_date", "is_dead", "death_date", "recurrence_date"]
    people = pl.DataFrame({"patient_id": [r[0] for r in rows], "index_date": ["2020-06-01"] * len(rows)})
    empty = {
        "samples": pl.DataFrame(schema={"sample_id": pl.String, "patient_id": pl.String, "material": pl.String}),
        "calls": pl.DataFrame(schema={"sample_id": pl.String, "variant_id": pl.String}),
    }
    table = pl.DataFrame(rows, schema=columns, orient="row")
    tables, _ = validate({"patients": people, "follow_up": table, **empty}, StudyConfig())
    days = dict(tables["follow_up"].select("patient_id", "recurrence_day").rows())
    assert days == {"A": 4, "B": 14, "C": 14, "D": 14}
    assert dict(tables["follow_up"].select("patient_id", "last_contact_day").rows())["A"] == 9
    kept = tables["partial_dates"].filter(column="recurrence_day").select("patient_id", "latest_day").rows()
    assert dict(kept) == {"A": 9, "B": 29, "C": 29, "D": 29}
