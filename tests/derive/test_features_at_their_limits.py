"""Features and covariates at their limits: which of two values counts, and what is left out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.outcomes.arm_covariates import _tells
from oncourse.derive.outcomes.covariates import covariates_at
from oncourse.derive.outcomes.feature_blocks import SampleOrder
from oncourse.derive.outcomes.feature_scores import TMB_HIGH, burden_findings
from oncourse.derive.outcomes.marker_features import marker_blocks

PEOPLE = [f"P{n}" for n in range(6)]


@pytest.fixture(scope="module")
def marked(make_study):
    """HER2 is positive in two, AR-V7 in one, PIK3CA-like marker X is a number; ECOG of P0 has a day in one sample."""
    her2 = ["positive", "positive", "negative", "negative", "negative", "negative"]
    arv7 = ["positive", *["negative"] * 5]
    markers = [{"patient_id": p, "marker": "HER2", "value": v, "day": 0} for p, v in zip(PEOPLE, her2, strict=True)]
    markers += [{"patient_id": p, "marker": "AR-V7", "value": v, "day": 5} for p, v in zip(PEOPLE, arv7, strict=True)]
    markers += [{"patient_id": p, "marker": "CD8", "value": str(n), "day": 0} for n, p in enumerate(PEOPLE)]
    markers += [{"patient_id": "P0", "marker": "CD8", "value": "99", "day": 50}]
    return make_study(
        patients=[{"patient_id": p} for p in PEOPLE],
        samples=[
            {"sample_id": "dated", "patient_id": "P0", "material": "tissue", "day": -10, "grade": "2"},
            {"sample_id": "undated", "patient_id": "P0", "material": "tissue", "day": None, "grade": "1"},
            {"sample_id": "later", "patient_id": "P0", "material": "tissue", "day": 100, "grade": "3"},
            {"sample_id": "only", "patient_id": "P1", "material": "tissue", "day": None, "grade": "3"},
        ],
        calls=[],
        variants=[],
        markers=markers,
        config={"extra_columns": ["grade"]},
    )


def test_each_marker_that_too_few_have_is_counted_once(marked):
    left_out: dict[str, int] = {}
    blocks = marker_blocks(marked, tuple(PEOPLE), 3, left_out)
    assert left_out == {"marker": 2}
    assert [b.names for b in blocks] == [("marker:CD8",)]
    assert [b.names[0] for b in marker_blocks(marked, tuple(PEOPLE), 2, {})] == ["marker:CD8", "marker:HER2"]


def test_the_first_value_of_a_marker_counts(marked):
    (block,) = marker_blocks(marked, tuple(PEOPLE), 3, {})
    assert block.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_of_a_sample_with_a_day_and_one_without_the_dated_one_is_the_last(marked):
    """A sample without a day counts from the start (docstring of `covariates_at`), so any with a day comes after it."""
    units = pl.DataFrame({"unit": [1, 2, 3], "patient_id": ["P0", "P1", "P0"], "zero_day": [0, 0, 100]})
    assert covariates_at(marked, units, {"grade": "category"})["grade"].to_list() == ["2", "3", "3"]


def test_burden_is_high_from_ten_mutations_a_megabase():
    """FDA, 16 June 2020: pembrolizumab for tumours with at least 10 mutations/megabase."""
    assert TMB_HIGH == 10


@pytest.mark.parametrize(
    ("covariate", "treated", "tells"),
    [
        ([1, 1, 0, 0], [True, True, False, False], True),
        ([1, 1, 1, 1], [True, True, False, False], False),  # one value tells nobody apart
        ([1, 0, 1, 0], [True, True, False, False], False),
        ([1, 2, 3, 4], [True, True, True, True], False),  # one arm alone: nothing to tell
        ([1, 1, None, 0], [True, True, True, False], True),  # who has no value is not asked
    ],
)
def test_a_covariate_says_the_arm_where_its_values_part_both_arms(covariate, treated, tells):
    assert _tells(pl.DataFrame({"x": covariate}), pl.Series(treated)) is tells


@pytest.mark.parametrize(
    ("states", "known", "high"),
    [
        (["positive", "negative", "not_assessable"], [True, True, False], [True, False, False]),
        (["not_assessable"] * 3, None, None),
    ],
)
def test_msi_is_known_where_it_was_told_and_burden_high_from_its_cut_off(states, known, high):
    """A sample whose MSI nobody can tell is not "no MSI"; a record of the patient is of no sample; 12 is high from 12."""
    ids = ("A", "B", "C")
    samples = SampleOrder(
        ids, ids, np.arange(3), np.zeros(3), ("",) * 3, (None,) * 3, {s: n for n, s in enumerate(ids)}
    )
    rows = [(s, "MSI-H", state) for s, state in zip(ids, states, strict=True)]
    rows += [("A", "RAS", "positive"), (None, "MSI-H", "positive")]
    tables = SimpleNamespace(
        statuses=pl.DataFrame(rows, schema=["sample_id", "status", "state"], orient="row"),
        burden=pl.DataFrame({"sample_id": ids, "tmb_per_mb": [11.9, 12.0, None]}),
        study=SimpleNamespace(config=SimpleNamespace(cutoffs={"TMB": 12})),
    )
    found = {f.name: f for f in burden_findings(tables, samples)}
    assert ("msi:MSI-H" in found) == (known is not None)
    if known:
        assert [found["msi:MSI-H"].looked.tolist(), found["msi:MSI-H"].hits.tolist()] == [known, high]
    burden = found["burden:TMB-high"]
    assert [burden.looked.tolist(), burden.hits.tolist()] == [[True, True, False], [False, True, False]]
