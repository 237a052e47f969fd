"""Days, months and years: the one place where their lengths are written."""

from __future__ import annotations

#: Mean length of a year of the Julian calendar, and a twelfth of it.
DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
