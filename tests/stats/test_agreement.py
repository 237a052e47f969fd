"""Agreement statistics against R and against their definitions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oncourse.verify
from oncourse.stats import agreement as ag
from oncourse.stats.proportions import wilson
from oncourse.stats.rng import generator

REFERENCE = json.loads((Path(oncourse.verify.__file__).parent / "data" / "agreement.json").read_text())
count = st.integers(0, 60)


@pytest.mark.parametrize("row", REFERENCE, ids=lambda r: str([int(x) for x in r["table"]]))
def test_agreement_equals_r(row):
    """R 4.2.2: psych::cohen.kappa, binom.test, prop.test; AC1 and Tango written out in verify/data/agreement.R."""
    both, a_only, b_only, neither = (int(x) for x in row["table"])
    for name, function in (("kappa", ag.kappa), ("ac1", ag.gwet_ac1)):
        found = function(both, a_only, b_only, neither)
        assert np.allclose([found.value, found.low, found.high], row[name], atol=1e-8)
    exact = ag.agreement(both, a_only, b_only, neither).ppa
    assert np.allclose([exact.low, exact.high], row["ppa_exact"], atol=1e-8)
    assert np.allclose(wilson(both, both + a_only), row["ppa_wilson"], atol=1e-8)
    assert ag.mcnemar_exact(a_only, b_only) == pytest.approx(row["mcnemar"], abs=1e-9)
    n = both + a_only + b_only + neither
    assert np.allclose(ag.tango_interval(a_only, b_only, n), row["tango"][:3], atol=1e-7)
    assert ag.tango_noninferiority(a_only, b_only, n, 0.1) == pytest.approx(row["tango"][3], abs=1e-7)


@given(count, count, count, count)
def test_swapping_the_two_assessments_changes_only_the_names(both, a_only, b_only, neither):
    one, other = ag.kappa(both, a_only, b_only, neither), ag.kappa(both, b_only, a_only, neither)
    assert np.allclose(one.value, other.value, equal_nan=True) and np.allclose(
        one.low, other.low, atol=1e-6, equal_nan=True
    )  # a limit is a root found to 1e-7
    one, other = ag.gwet_ac1(both, a_only, b_only, neither), ag.gwet_ac1(neither, a_only, b_only, both)
    assert np.allclose(one.value, other.value, equal_nan=True) and np.allclose(one.high, other.high, equal_nan=True)
    table, swapped = ag.agreement(both, a_only, b_only, neither), ag.agreement(both, b_only, a_only, neither)
    assert np.allclose(table.ppa.value, swapped.ppv.value, equal_nan=True)
    assert ag.mcnemar_exact(a_only, b_only) == ag.mcnemar_exact(b_only, a_only)


@given(count, count, st.integers(1, 200))
def test_tango_interval_holds_its_estimate_and_mirrors(a_only, b_only, neither):
    n = a_only + b_only + neither
    value, low, high = ag.tango_interval(a_only, b_only, n)
    assert -1 <= low <= value <= high <= 1
    mirrored = ag.tango_interval(b_only, a_only, n)
    assert np.allclose(mirrored, [-value, -high, -low], atol=1e-6)


def test_an_empty_table_has_no_answer():
    table = ag.agreement(0, 0, 0, 0)
    assert all(np.isnan(getattr(table, name).value) for name in ("ppa", "npa", "opa", "ppv"))
    assert np.isnan(ag.kappa(0, 0, 0, 0).value) and np.isnan(ag.kappa(10, 0, 0, 0).value)
    assert np.isnan(ag.tango_noninferiority(0, 0, 0, 0.1)) and ag.mcnemar_exact(0, 0) == 1


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        ag.kappa(-1, 2, 3, 4)


def test_cluster_bootstrap_is_wider_than_the_binomial_where_patients_differ():
    """40 patients of 50 variants, share 0.2 or 0.8 by patient: the interval must see 40 units, not 2,000."""
    rng = generator(1, "test")
    p = np.where(np.arange(40) % 2 == 0, 0.2, 0.8)
    counts = np.column_stack([rng.binomial(50, p), np.full(40, 50)])
    found = ag.cluster_bootstrap(counts, lambda s: s[:, 0] / s[:, 1], ag.cluster_weights(40, 2000, rng))
    low, high = wilson(counts[:, 0].sum(), 2000)
    assert found.high - found.low > 3 * (high - low)
    # sd of the mean of 40 values of sd 0.3 is 0.048
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.3 / np.sqrt(40), rel=0.15)


def test_one_patient_has_no_bootstrap_interval():
    found = ag.cluster_bootstrap([[3, 4]], lambda s: s[:, 0] / s[:, 1], ag.cluster_weights(1, 50, generator(1, "x")))
    assert found.value == 0.75 and np.isnan(found.low) and np.isnan(found.high)
