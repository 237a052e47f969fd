"""What the check of delayed entry says: the ratio per month of later entry, from the one per day."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.analyses.survival import _late
from oncourse.days import DAYS_PER_MONTH
from oncourse.derive.outcomes.outcome_scan import Outcome
from oncourse.stats.rng import generator
from oncourse.stats.truncation import dependent_truncation


def test_the_ratio_of_later_entry_is_per_month_with_limits_of_95_percent():
    rng = generator(5, "entry and outcome")
    n = 60
    entry = rng.integers(0, 300, n).astype(float)
    time = entry + rng.integers(20, 400, n)
    people = tuple(f"P{k:02d}" for k in range(n))
    target = Outcome("OS", people, np.zeros(n), time, np.arange(n) % 4 > 0, entry)
    found, notes = [], []
    _late(target, 57, found, notes)
    told = {e.name: e for e in found}
    check = dependent_truncation(target.time, target.event, target.entry)
    daily = [check.log_hazard_ratio + z * check.std_err for z in (0, -1.959964, 1.959964)]
    ratio = told["OS_entry"]
    assert (ratio.value, ratio.ci_low, ratio.ci_high) == pytest.approx(tuple(np.exp(DAYS_PER_MONTH * np.array(daily))))
    assert ratio.ci_low < ratio.value < ratio.ci_high < 10 and ratio.n == n
    assert told["OS_entry_p"].value == check.p_value and told["OS_entry_tau"].value == check.tau
    assert told["OS_entry_tau"].n == check.pairs and "57 of 60 patients enter" in notes[0]
