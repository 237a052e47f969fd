"""A patient whose every variant is an outlier has no cluster: it is excluded with the reason, nothing fails."""

from __future__ import annotations

import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.report.execute import run_one


@pytest.mark.slow
def test_panel_cohort_with_patients_without_cluster(shared_data):
    """prostate_msk_2024 has such patients; their clustering once stopped both analyses."""
    from oncourse.io import load_study

    cohort = Cohort(load_study(shared_data("prostate_msk_2024")))
    for name in ("heterogeneity", "evolution"):
        outcome = run_one(registry()[name], cohort)
        assert outcome.status == "done", outcome.detail
    reasons = cohort.clusters.excluded["reason"].to_list()
    assert any(reason.startswith("no cluster") for reason in reasons)
