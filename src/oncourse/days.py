"""Days, months and years: the one place where their lengths are written."""

from __future__ import annotations

#: Mean length of a year of the Julian calendar, and a twelfth of it.
DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12


def days_lived(years: float) -> int:
    """Return the whole days of so many years of age: ages that are written and read by it keep the days between them.

    >>> days_lived(62), days_lived(0)
    (22645, 0)
    """
    return int(years * DAYS_PER_YEAR)
