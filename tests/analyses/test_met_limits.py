"""No interval without width leaves an analysis: limits that meet say that nothing varied, not that all is known."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate
from oncourse.analyses._sayable import NO_LIMITS, without_met_limits
from oncourse.evolution.clustering.summary import grid_interval
from oncourse.evolution.seeding.robust import P_UNSEEN, _doubted


def test_an_estimate_whose_limits_meet_has_none_and_says_why():
    """Five of 15 patients without a driver in the primary printed 33 % (33-33) where every draw was alike."""
    met = Estimate("share", 1 / 3, 1 / 3, 1 / 3, n=15, method="patients drawn again", unit="fraction")
    assert met.ci_low is None and met.ci_high is None
    assert met.method == f"patients drawn again; {NO_LIMITS}"
    assert "33-33" not in str(met)
    wide = Estimate("share", 1 / 3, 0.1, 0.6, n=15, method="exact", unit="fraction")
    assert (wide.ci_low, wide.ci_high, wide.method) == (0.1, 0.6, "exact")


def test_a_limit_that_was_not_reached_stays_open_beside_the_other():
    frame = pl.DataFrame({"ci_low": [1.0, 2.0, None], "ci_high": [None, 2.0, 3.0]}, schema_overrides={"ci_low": float})
    assert without_met_limits(frame).rows() == [(1.0, None), (None, None), (None, 3.0)]


def test_cell_fractions_of_all_or_no_cells_have_a_width_and_hold_their_mean():
    """Of 275 clusters 127 had limits of 1 and 1 (or 0 and 0), beside a mean of .983."""
    grid = np.linspace(0, 1, 11)
    mass = np.stack([np.eye(11)[-1], np.eye(11)[0], 0.98 * np.eye(11)[-1] + 0.02 * np.eye(11)[1]])
    low, high = grid_interval(mass, grid, 0.95)
    assert (high > low).all()
    assert ((low <= mass @ grid) & (mass @ grid <= high)).all()
    assert high[0] == 1.0 and low[1] == 0.0


def test_no_seeding_call_is_certain():
    assert _doubted(0.0) == P_UNSEEN and _doubted(1.0) == 1 - P_UNSEEN and _doubted(0.4) == 0.4
