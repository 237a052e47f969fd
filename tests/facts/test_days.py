"""Landmarks and months: therneau/survival #273 (an event at the time asked for), CDISC ADaM (first day counted)."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.days import DAYS_PER_MONTH
from oncourse.facts.days import entry_days, in_months, landmark_days, month_end, time_days


@pytest.mark.parametrize("months", range(1, 121))
@pytest.mark.parametrize("first_day", [True, False])
def test_whole_months_of_a_source_end_at_their_landmark(months, first_day):
    """cBioPortal's months become days on import by rounding; the event in month 36 has happened by month 36."""
    day = pl.Series([float(months)]) * DAYS_PER_MONTH
    frame = pl.DataFrame({"end": day.round(0).cast(pl.Int64), "origin": [0]})
    time = frame.select(time_days("end", "origin", first_day=first_day)).item()
    assert time == landmark_days(months, first_day=first_day)
    assert time - 1 < landmark_days(months, first_day=first_day)


def test_the_day_after_a_landmark_lies_behind_it():
    """R: a death on day 731 is not among the deaths by 24 months = 730.5 days."""
    assert month_end(24) == 730
    assert landmark_days(24) < 732  # day 731, first day counted


def test_entry_and_exit_on_one_day_are_one_time():
    """lifelines #1604: entry = exit is not at risk, whether the first day counts or not; from the origin on is 0."""
    rows = pl.DataFrame({"origin": [0] * 4, "entry": [400, 0, -5, None], "end": [400] * 4})
    for first_day in (True, False):
        entry, time = (
            rows.select(f(c, "origin", first_day=first_day))[c].to_list()
            for f, c in ((entry_days, "entry"), (time_days, "end"))
        )
        assert entry == [time[0], 0, 0, None]


def test_months_are_elapsed_months():
    assert in_months(731) == in_months(730, first_day=False) == 730 / DAYS_PER_MONTH
