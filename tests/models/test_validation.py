"""Validation is honest: selection stays inside the resampling, patients stay whole, nested models are nested."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from oncourse.models import ladder, metrics
from oncourse.models.ladder import (
    BOTH,
    CLINICAL,
    MUTATIONS,
    FittedRisk,
    LadderSettings,
    PredictionData,
    base_hazards,
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
    """Pure noise, 200 patients x 1,000 features: chosen on everyone first C is far above .5, inside it stays
    .45-.55."""
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
        abs(cox_path(data.mutations[:, [j]], data.time, data.event, lambdas=[0.0]).coef[0, 0]) for j in range(1000)
    ]
    best = np.argsort(score)[-20:]
    fold = inner_folds(data, 5, np.random.default_rng(1))
    risk = np.empty(200)
    for k in range(5):
        beta = cox_path(data.mutations[fold != k][:, best], data.time[fold != k], data.event[fold != k], lambdas=[0.0])
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
    out = nested_cross_validation(data, LadderSettings(730.5), models=(CLINICAL, BOTH), repeats=1, folds=5, seed=1)
    added = added_value(out, data)
    assert added.p_value < 0.001 and added.likelihood_ratio > 10
    swapped = PredictionData(data.time, data.event, np.zeros(300), data.clinical, data.mutations, None, data.patient)
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
    problems = [problem(seed, 150, 2, 40, effect=effect) for seed, effect in ((21, 0.0), (22, 0.8), (23, 0.4))]
    early = [fit_ladder(p, settings, np.random.default_rng(1)) for p in problems]
    monkeypatch.setattr(ladder, "HOPELESS", np.inf)
    for p, quick in zip(problems, early, strict=True):
        full = fit_ladder(p, settings, np.random.default_rng(1))
        for name in full:
            np.testing.assert_array_equal(quick[name].coef, full[name].coef)


def test_a_stratified_fit_and_its_risks_equal_r(shared_data):
    """R survival 3.5: f <- coxph(Surv(time, status) ~ age + sex + obstruct + strata(node4), colon deaths);
    survfit(f, newdata = data.frame(age = 60, sex = 1, obstruct = 0, node4 = k)) at 730.5 days."""
    d = pl.read_csv(shared_data("survival-reference") / "colon_death.csv", null_values="NA")
    x = d.select("age", "sex", "obstruct").to_numpy().astype(float)
    time, event, node4 = (
        d["time"].to_numpy().astype(float),
        d["status"].to_numpy() == 1,
        d["node4"].to_numpy(),
    )
    path = cox_path(x, time, event, strata=node4, lambdas=[0.0], tolerance=1e-13)
    expected = [0.00717789017641484, 0.06176417220866808, 0.32351838175633491]
    np.testing.assert_allclose(path.coef[0], expected, rtol=1e-6)
    data = PredictionData(time, event, np.zeros(len(time)), x, np.zeros((len(x), 0)), None, np.arange(len(x)), node4, 2)
    hazard = base_hazards(x @ path.coef[0], data, 730.5)
    imputer = fit_ladder(data, LadderSettings(730.5), np.random.default_rng(1))[CLINICAL].imputer
    model = FittedRisk(CLINICAL, path.coef[0], hazard, imputer, np.zeros(0))
    risk = model.risk(np.array([[60.0, 1, 0]] * 3), np.zeros((3, 0)), np.array([0, 1, -1]))
    assert 1 - risk[:2] == pytest.approx([0.849050450144771, 0.597077905570279], rel=1e-6)
    assert np.isnan(risk[2])


def test_strata_take_the_place_of_a_variable_whose_hazards_cross():
    """Group 1 dies early, group 0 late: within groups x0 acts alike. The strata know both baselines, and every fold
    both."""
    rng = np.random.default_rng(8)
    n = 600
    x, group = rng.normal(size=(n, 2)), rng.integers(0, 2, n)
    time = 900 * (rng.exponential(np.exp(-0.8 * x[:, 0]))) ** np.where(group, 2.0, 0.5)
    censored = rng.uniform(400, 2000, n)
    data = PredictionData(
        np.minimum(time, censored),
        time <= censored,
        np.zeros(n),
        x,
        np.zeros((n, 0)),
        None,
        np.arange(n),
        group,
        2,
    )
    fitted = fit_ladder(data, LadderSettings(730.5), np.random.default_rng(1))[CLINICAL]
    assert fitted.coef[0] == pytest.approx(0.8, abs=0.2)  # the group is no Cox covariate: its hazards cross
    truth = [1 - np.exp(-((730.5 / 900) ** 2.0)), 1 - np.exp(-((730.5 / 900) ** 0.5))]
    at_zero = fitted.risk(np.zeros((2, 2)), np.zeros((2, 0)), np.array([0, 1]))
    np.testing.assert_allclose(at_zero, truth, atol=0.07)
    out = nested_cross_validation(data, LadderSettings(730.5), models=(CLINICAL,), repeats=1, folds=5, seed=1)
    assert np.isfinite(out.risk[CLINICAL]).all()
    fold = inner_folds(data, 5, np.random.default_rng(2))
    assert np.ptp(np.bincount(fold[data.event & (group == 1)])) <= 1
    alone = replace(data.take(np.flatnonzero(group == 0)), n_strata=2)
    together = base_hazards(np.zeros(len(alone.time)), replace(alone, strata=None), 730.5)[0]
    np.testing.assert_allclose(base_hazards(np.zeros(len(alone.time)), alone, 730.5), [together, together])


def test_stopped_at_the_horizon_the_effect_is_that_before_it():
    """x acts (log hazard ratio 1) until day 730 and no longer: the whole follow-up dilutes it, two years do not."""
    rng = np.random.default_rng(31)
    n = 800
    x = rng.normal(size=(n, 1))
    early = rng.exponential(1200 * np.exp(-x[:, 0]))
    time = np.where(early < 730.5, early, 730.5 + rng.exponential(1200, n))
    censored = rng.uniform(600, 4000, n)
    entry = np.where(rng.random(n) < 0.2, rng.uniform(0, 900, n), 0.0)  # some come after the horizon
    kept = np.minimum(time, censored) > entry
    data = PredictionData(
        np.minimum(time, censored), time <= censored, entry, x, np.zeros((n, 0)), None, np.arange(n)
    ).take(np.flatnonzero(kept))
    fits = {
        stop: fit_ladder(data, LadderSettings(730.5, stop=stop), np.random.default_rng(1))[CLINICAL]
        for stop in (False, True)
    }
    assert fits[True].coef[0] == pytest.approx(1.0, abs=0.12) and fits[False].coef[0] < 0.8
    truth = -np.expm1(-730.5 / 1200 * np.exp([-1.0, 0.0, 1.0]))
    risk = fits[True].risk(np.array([[-1.0], [0.0], [1.0]]), np.zeros((3, 0)))
    np.testing.assert_allclose(risk, truth, atol=0.05)
    forest = fit_ladder(data, LadderSettings(730.5, stop=True), np.random.default_rng(1), models=("forest",))
    assert np.corrcoef(forest["forest"].risk_of(data), x[data.patient, 0])[0, 1] > 0.7


def test_the_forest_is_scikit_learns():
    """Two forests of 300 trees of one kind differ by their random numbers only; the weights count in both."""
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(5)
    x = rng.normal(size=(250, 8))
    y, weight = rng.random(250) < 1 / (1 + np.exp(-2 * x[:, 0])), rng.uniform(0.2, 2, 250)
    new = rng.normal(size=(400, 8))
    ours = ladder.Forest(300, 1).fit(x, y, weight).predict_proba(new)[:, 1]
    theirs = [
        RandomForestClassifier(300, min_samples_leaf=10, random_state=seed)
        .fit(x, y, sample_weight=weight)
        .predict_proba(new)[:, 1]
        for seed in (1, 2)
    ]
    apart = np.abs(theirs[0] - theirs[1]).mean()
    assert np.abs(ours - theirs[0]).mean() < 1.5 * apart


def test_a_limit_of_a_share_is_a_share():
    """The PPV of the model without columns ran to 122 % in the demo: its interval is moved to the repeats' mean."""
    from oncourse.models.validation import LEAST, METRICS, MOST, OutOfFold, corrected_metrics

    bounds = dict(zip(METRICS, zip(LEAST, MOST, strict=True), strict=True))
    assert bounds["ppv"] == (0, 1) and bounds["ipa"] == (-np.inf, 1) and bounds["oe"] == (0, np.inf)
    random = np.random.default_rng(3)
    n = 40
    empty = np.zeros((n, 0))
    data = PredictionData(
        random.exponential(20, n), random.random(n) < 0.6, np.zeros(n), empty, empty, None, np.arange(n)
    )
    out = OutOfFold({"null": random.random((3, n))}, {"null": np.zeros((3, n))}, random.integers(0, 5, (3, n)))
    found = corrected_metrics(out, data, horizon=24, threshold=0.9, samples=60, seed=1)["null"]
    known = ~np.isnan(found.ci_high)
    assert (found.ci_high[known] <= MOST[known]).all() and (found.ci_low[known] >= LEAST[known]).all()
