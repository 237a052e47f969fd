"""Validation is honest: selection stays inside the resampling, patients stay whole, nested models are nested."""

import numpy as np

from oncourse.models import ladder, metrics
from oncourse.models.ladder import (
    BOTH,
    CLINICAL,
    MUTATIONS,
    LadderSettings,
    PredictionData,
    fit_ladder,
    inner_folds,
)
from oncourse.models.penalised import cox_path
from oncourse.models.validation import added_value, nested_cross_validation


def problem(seed, n, clinical, genes, *, effect=0.0, late=False):
    rng = np.random.default_rng(seed)
    x, g = rng.normal(size=(n, clinical)), (rng.random((n, genes)) < 0.3).astype(float)
    time = np.ceil(rng.exponential(600 * np.exp(-(0.6 * x[:, 0] if clinical else 0) - effect * g[:, 0])))
    censored = rng.uniform(300, 1500, n)
    event, time = time <= censored, np.ceil(np.minimum(time, censored))
    entry = np.floor(time * 0.5 * rng.random(n)) if late else np.zeros(n)
    return PredictionData(time, event, entry, x, g, None, np.arange(n))


def test_selection_outside_the_resampling_leaks_and_ours_does_not():
    """Pure noise, 200 patients x 1,000 features: chosen on everyone first C is far above .5, inside it stays .45-.55."""
    data = problem(4, 200, 0, 1000)
    settings = LadderSettings(730.5, n_lambda=20)
    out = nested_cross_validation(data, settings, models=(MUTATIONS,), repeats=2, folds=5, seed=1)
    inside = np.mean(
        [
            metrics.concordance(risk, data.time, data.event, within=fold)
            for risk, fold in zip(out.risk[MUTATIONS], out.fold, strict=True)
        ]
    )
    assert 0.45 <= inside <= 0.55
    score = [
        abs(cox_path(data.mutations[:, [j]], data.time, data.event, lambdas=[0.0]).coef[0, 0])
        for j in range(1000)
    ]
    best = np.argsort(score)[-20:]
    fold = inner_folds(data, 5, np.random.default_rng(1))
    risk = np.empty(200)
    for k in range(5):
        beta = cox_path(
            data.mutations[fold != k][:, best], data.time[fold != k], data.event[fold != k], lambdas=[0.0]
        )
        risk[fold == k] = data.mutations[fold == k][:, best] @ beta.coef[0]
    assert metrics.concordance(risk, data.time, data.event, within=fold) > 0.6


def test_copies_of_a_patient_stay_in_one_fold_and_events_are_spread():
    data = problem(1, 100, 1, 2)
    rows = np.random.default_rng(0).integers(0, 100, 100)
    copy = data.take(rows)
    fold = inner_folds(copy, 5, np.random.default_rng(1))
    for patient in np.unique(copy.patient):
        assert len(np.unique(fold[copy.patient == patient])) == 1
    events = np.bincount(inner_folds(data, 5, np.random.default_rng(1))[data.event], minlength=5)
    assert np.ptp(events) <= 1


def test_the_joint_model_without_a_mutation_is_the_clinical_one_exactly():
    data = problem(2, 150, 3, 15)
    fitted = fit_ladder(data, LadderSettings(730.5), np.random.default_rng(1))
    if not fitted[BOTH].coef[3:].any():
        np.testing.assert_array_equal(fitted[BOTH].coef, fitted[CLINICAL].coef)
    strong = fit_ladder(problem(2, 300, 3, 15, effect=1.5), LadderSettings(730.5), np.random.default_rng(1))
    assert strong[BOTH].coef[3] > 0.5


def test_delayed_entry_is_used_and_added_value_found():
    data = problem(3, 300, 2, 10, effect=1.2, late=True)
    out = nested_cross_validation(
        data, LadderSettings(730.5), models=(CLINICAL, BOTH), repeats=1, folds=5, seed=1
    )
    added = added_value(out, data)
    assert added.p_value < 0.001 and added.likelihood_ratio > 10
    swapped = PredictionData(
        data.time, data.event, np.zeros(300), data.clinical, data.mutations, None, data.patient
    )
    late = fit_ladder(data, LadderSettings(730.5), np.random.default_rng(1), models=(CLINICAL,))[CLINICAL]
    naive = fit_ladder(swapped, LadderSettings(730.5), np.random.default_rng(1), models=(CLINICAL,))[CLINICAL]
    assert late.base_hazard > 1.1 * naive.base_hazard


def test_missing_values_are_imputed_inside_and_reported_as_such():
    data = problem(5, 200, 2, 5)
    data.clinical[::7, 0] = np.nan
    data.mutations[::5, 1] = np.nan
    fitted = fit_ladder(data, LadderSettings(730.5), np.random.default_rng(1))
    risk = fitted[BOTH].risk(data.clinical, data.mutations)
    assert np.isfinite(risk).all() and ((risk > 0) & (risk < 1)).all()


def test_ending_the_path_past_its_optimum_does_not_change_the_model(monkeypatch):
    settings = LadderSettings(730.5)
    problems = [
        problem(seed, 150, 2, 40, effect=effect) for seed, effect in ((21, 0.0), (22, 0.8), (23, 0.4))
    ]
    early = [fit_ladder(p, settings, np.random.default_rng(1)) for p in problems]
    monkeypatch.setattr(ladder, "HOPELESS", np.inf)
    for p, quick in zip(problems, early, strict=True):
        full = fit_ladder(p, settings, np.random.default_rng(1))
        for name in full:
            np.testing.assert_array_equal(quick[name].coef, full[name].coef)
