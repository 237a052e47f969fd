"""Features that are the same patients are one test; a ratio that changes with time gives way to restricted means."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.derive.outcomes.feature_blocks import FeatureBlock
from oncourse.derive.outcomes.features import FeatureTable
from oncourse.derive.outcomes.outcome_scan import Outcome, over_time, same_patients
from oncourse.stats.cox import survival_data


def block(names, values, day=0.0):
    values = np.array(values, dtype=np.int8)
    n = len(values)
    return FeatureBlock(names, ("gene",) * len(names), values, np.full(n, day), (None,) * n, "altered v not")


def table(*blocks):
    return FeatureTable(("A", "B", "C", "D"), blocks, {})


def test_a_gene_and_its_only_hotspot_are_one_test_and_another_day_or_unknown_is_another():
    """mlumr PR 41: KRAS and KRAS G12D in the same patients were two of two tests that kept the rate."""
    one = block(("KRAS", "hotspot:KRAS G12D", "TP53"), [[1, 1, 1], [0, 0, 0], [1, 1, 0], [0, 0, -1]])
    later = block(("new:KRAS",), [[1], [0], [1], [0]], day=90.0)
    assert same_patients(table(one, later)) == {"hotspot:KRAS G12D": "KRAS"}


def test_only_the_patients_of_the_endpoint_count():
    both = block(("X", "Y"), [[1, 1], [0, 0], [1, 0], [0, 0]])
    nothing = np.zeros(3)
    part = Outcome("OS", ("A", "B", "D"), nothing, nothing, nothing.astype(bool), nothing)
    assert same_patients(table(both)) == {}
    assert same_patients(table(both), part) == {"Y": "X"}


def test_crossing_curves_give_restricted_means():
    """Hand: altered die at 100 or live to 1,000 in halves, the others die at 500: means to 731 are 415.5 and 500."""
    time = np.concatenate([np.tile([100.0, 1000.0], 20), np.full(40, 500.0) + np.arange(40) * 0.01])
    event = np.concatenate([np.tile([True, False], 20), np.ones(40, bool)])
    cell = np.concatenate([np.ones(40, np.int8), np.zeros(40, np.int8)])
    found = over_time(survival_data(time, event), np.ones(80, bool), cell, True)
    assert found["p_proportional"] < 1e-4
    assert found["rmst_difference"] == pytest.approx(415.5 - 500.195)
    assert found["rmst_ci_low"] < found["rmst_difference"] < found["rmst_ci_high"]


def test_a_finding_that_is_a_covariate_is_not_adjusted_for_it():
    """ras_mut = yes of the same patients: the ratio "adjusted for" it was the unadjusted one."""
    import numpy as np

    from oncourse.derive.outcomes.outcome_scan import _is_covariate

    values = np.array([[1, 1], [0, 1], [1, 0], [-1, 0], [0, 0]])
    covariates = np.array([[0.0, 60], [1, 71], [0, 55], [1, 64], [1, np.nan]])
    assert _is_covariate(values, covariates).tolist() == [True, False]


def test_a_covariate_with_every_number_of_a_finding_is_that_finding():
    """KRAS 2.66 (1.48-4.68) led the sentence, and "clinical: ras mut 2.66 (1.48-4.68)" stood beside it."""
    from oncourse.analyses.biomarkers import _mark_covariates

    numbers = {"endpoint": "OS", "n": 60, "n_event": 60, "n_altered": 20, "n_event_altered": 20, "p_value": 0.001}
    rows = [
        {"feature": "KRAS", "kind": "gene", "same_as": None, "hazard_ratio": 2.66, **numbers},
        {"feature": "covariate:ras_mut", "kind": "covariate", "same_as": None, "hazard_ratio": 2.66, **numbers},
        {"feature": "covariate:sex", "kind": "covariate", "same_as": None, "hazard_ratio": 1.1, **numbers},
    ]
    _mark_covariates(rows)
    assert [row["same_as"] for row in rows] == [None, "KRAS", None]
