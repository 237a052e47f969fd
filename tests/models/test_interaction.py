"""Marker x treatment from arrays: its variance, what is left out under late entry, and what cannot be told apart."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.models.compare import compare
from oncourse.models.interaction import interaction
from oncourse.models.pair import PairData
from oncourse.stats.cox import fit_cox
from oncourse.stats.sandwich import small_sample_variance


def lines(n=120, *, per_patient=2, late=False, seed=3, ratio=1.0):
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n), per_patient)
    line = np.tile(np.arange(per_patient), n).astype(float)
    marker = np.repeat(rng.random(n) < 0.4, per_patient)
    arm = rng.random(len(patient)) < 0.5
    entry = rng.uniform(0, 0.5, len(patient)) if late else np.zeros(len(patient))
    life = entry + rng.exponential(1 / np.where(arm & marker, ratio, 1.0))
    loss = entry + rng.uniform(0.3, 3, len(patient))
    data = PairData(np.minimum(life, loss), life <= loss, entry, arm, np.zeros((len(arm), 0)), ())
    return data, marker.astype(int), patient, line


def found(data, marker, patient, line):
    return interaction(data, marker, patient, line, horizon=1.0, min_cell=5)


@pytest.mark.parametrize("per_patient", [1, 2])
def test_interval_and_p_rest_on_the_corrected_cluster_variance(per_patient):
    data, marker, patient, line = lines(per_patient=per_patient)
    result = found(data, marker, patient, line)
    x = np.column_stack([data.treated * marker, data.treated, marker]).astype(float)
    fit = fit_cox(data.time, data.event, x, strata=line, cluster=patient)
    corrected = np.sqrt(small_sample_variance(fit, patient)[0, 0])
    assert result.ratio.std_err == pytest.approx(corrected, rel=1e-12)
    assert corrected > fit.std_err[0]  # a cell holds a quarter of the patients: the plain sandwich is too small
    assert (result.ratio.p_value < 0.05) == (not result.ratio.ci_low <= 1 <= result.ratio.ci_high)


def test_leverage_adds_up_to_the_number_of_coefficients():
    from oncourse.stats.sandwich import _leverage

    data, marker, _, line = lines(late=True)
    x = np.column_stack([data.treated * marker, data.treated, marker]).astype(float)
    fit = fit_cox(data.time, data.event, x, entry=data.entry, strata=line)
    assert np.allclose(_leverage(fit, fit._naive).sum(axis=0), 1.0)


def test_a_planted_interaction_is_found():
    result = found(*lines(400, ratio=3.0))
    assert result.ratio.ci_low > 1.5 and result.mean_difference.ci_high < 0


def test_no_restricted_mean_where_early_events_meet_a_handful():
    """Without this the test of the means rejects in 12 % of null studies (docs/explanation/treatment.md)."""
    data, marker, patient, line = lines(late=True)
    result = found(data, marker, patient, line)
    assert np.isnan(result.mean_difference.value) and "no restricted means" in result.note
    assert np.isfinite(result.ratio.value)
    pair = compare(data, horizon=1.0, milestone=1.0)
    assert {r.estimate_name for r in pair.rows} == {"hazard_ratio"}
    assert any("enter late" in warning for warning in pair.warnings)


def test_late_entry_of_a_few_leaves_the_means():
    data, marker, patient, line = lines(300)
    entry = np.where(np.arange(len(data.time)) % 20 == 0, np.minimum(0.2, data.time / 2), 0.0)
    some = PairData(data.time, data.event, entry, data.treated, data.x, ())
    assert np.isfinite(found(some, marker, patient, line).mean_difference.value)


def test_interaction_is_told_where_the_treatments_own_effect_is_not():
    """The arm is what a covariate says but for three patients without an event: its own coefficient runs off."""
    data, marker, patient, line = lines(per_patient=1, n=300)
    copy = data.treated.astype(float)
    odd = np.flatnonzero(~data.treated & ~data.event)[:3]
    copy[odd] = 1.0
    event = data.event.copy()
    close = PairData(data.time, event, data.entry, data.treated, copy[:, None], ("prior",))
    result = found(close, marker, patient, line)
    assert np.isfinite(result.ratio.value) and np.isnan(result.in_positive)
    assert "cannot be told" in result.note
    plain = found(data, marker, patient, line)
    assert result.ratio.value == pytest.approx(plain.ratio.value, rel=0.1)


def test_without_carriers_on_the_treatment_the_others_alone_are_compared():
    """RAS and anti-EGFR: no ratio, but the treatment's hazard ratio where both treatments were given."""
    data, marker, patient, line = lines(300, per_patient=1)
    treated = data.treated & (marker == 0)
    only = PairData(data.time, data.event, data.entry, treated, data.x, ())
    result = found(only, marker, patient, line)
    assert np.isnan(result.ratio.value) and np.isnan(result.in_positive) and np.isnan(result.prognostic)
    rows = marker == 0
    fit = fit_cox(data.time[rows], data.event[rows], treated[rows].astype(float))
    assert result.in_negative == pytest.approx(np.exp(fit.coef[0]))
    assert "arm positive: 0 lines" in result.note and "among non-carriers alone" in result.note


@pytest.mark.parametrize(("n", "adjusted"), [(9, False), (10, True)])
def test_among_the_others_alone_a_covariate_is_adjusted_for_where_events_allow(n, adjusted):
    """Five events a coefficient (`EVENTS_PER_COEFFICIENT`): the treatment and one covariate need ten."""
    rng = np.random.default_rng(5)
    risk = rng.normal(size=n + 1)
    arm = np.append(risk[:-1] + rng.normal(size=n) > 0, True)
    marker = np.append(np.zeros(n, int), 1)
    time = rng.exponential(np.exp(-risk)) + 0.01
    data = PairData(time, np.ones(n + 1, bool), np.zeros(n + 1), arm, risk[:, None], ("risk",))
    result = interaction(data, marker, np.arange(n + 1), np.zeros(n + 1), horizon=1.0, min_cell=2)
    columns = [arm.astype(float), risk] if adjusted else [arm.astype(float)]
    fit = fit_cox(time[:-1], np.ones(n, bool), np.column_stack(columns)[:-1])
    assert result.in_negative == pytest.approx(np.exp(fit.coef[0]), rel=1e-6) and np.isnan(result.in_positive)
