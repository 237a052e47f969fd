"""Progression between two visits: intervals of the records, and what the curve of intervals says."""

import numpy as np
import polars as pl
import pytest

from oncourse.analyses.survival import SurvivalParams, survival
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.visit_intervals import visit_intervals
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


def record(patient, time, event, why, negative):
    return {
        "patient_id": patient,
        "line": 1,
        "endpoint": "PFS",
        "origin_day": 10,
        "entry_days": 0,
        "time_days": time,
        "is_event": event,
        "event_or_reason": why,
        "last_negative_day": negative,
    }


def test_progression_lies_between_visits_a_death_is_exact_and_censoring_follows_the_last_visit():
    """Origin day 10 counts as day 1: a visit on day 60 is day 51, one on day 120 is day 111."""
    rows = pl.DataFrame(
        [
            record("A", 111, True, "progression", 60),
            record("B", 80, True, "death", 60),
            record("C", 111, False, "alive", 120),
            record("D", 51, True, "progression", None),
        ]
    )
    found = visit_intervals(rows, "PFS", 1)
    assert found.left.tolist() == [51, 80, 111, 0]
    assert found.right.tolist() == [111, 80, np.inf, 51]
    assert (found.n_interval, found.width) == (2, 55.5)
    assert found.middle.tolist() == [81, 80, 111, 25.5]
    assert visit_intervals(rows.filter(pl.col("patient_id") == "B"), "PFS", 1) is None
    assert visit_intervals(rows.with_columns(entry_days=pl.lit(5)), "PFS", 1) is None
    # Day D is all that is known where nobody has a visit on record: no interval is made up.
    assert visit_intervals(rows.filter(pl.col("patient_id") != "A"), "PFS", 1) is None


def test_dating_to_the_visit_flatters_by_the_time_since_the_last_one():
    """True exponential progression, median 120 days, scans every 90: found late by 45 days on average."""
    rng = np.random.default_rng(2)
    n, gap = 600, 90
    ids = [f"P{i:03d}" for i in range(n)]
    true = np.ceil(rng.exponential(120 / np.log(2), n))
    visits = [
        (p, k) for p, t in zip(ids, true, strict=True) for k in range(0, min(int(-(-t // gap)) * gap, 900) + 1, gap)
    ]
    at = dict(zip(ids, true, strict=True))

    def made(name, **columns):
        return pl.concat([TABLES[name].empty(), pl.DataFrame(columns)], how="diagonal_relaxed")

    tables = {
        "patients": made("patients", patient_id=ids),
        "follow_up": made("follow_up", patient_id=ids, last_contact_day=[900] * n, is_dead=[False] * n),
        "treatments": made("treatments", patient_id=ids, drugs=["a"] * n, start_day=[0] * n, line=[1] * n),
        "assessments": made(
            "assessments",
            patient_id=[p for p, _ in visits],
            day=[k for _, k in visits],
            method=["ct_mri"] * len(visits),
            non_target=["NON-CR/NON-PD"] * len(visits),
            new_lesions=["yes" if k >= at[p] and k else "no" for p, k in visits],
        ),
    }
    result = survival(Cohort(Study(StudyConfig(), tables)), SurvivalParams(endpoints=("PFS",), min_events=1))
    rows = {
        r["method"]: r
        for r in result.tables["survival/visit_intervals"].iter_rows(named=True)
        if r["endpoint"] == "PFS"
    }
    # half have progressed by day 120; found on day 180, in the middle of 90-180 on day 135
    assert rows["right_censored"]["median_months"] == pytest.approx(180 / 30.4375)
    assert rows["midpoint"]["median_months"] == pytest.approx(135 / 30.4375)
    assert rows["interval"]["width_days"] == 90
    # day 184 lies in the interval (181, 271]: the curve holds the value of its left end until the right end
    assert rows["interval"]["survival_6m"] == pytest.approx(0.5 ** (180 / 120), abs=0.05)
    assert rows["midpoint"]["survival_12m"] == pytest.approx(0.5 ** (12 * 30.4375 / 120), abs=0.05)
    assert any(f.name == "visits_PFS" for f in result.figures)
