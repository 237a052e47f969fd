"""Models of treatment and prediction on small fixed inputs: every choice of theirs shows in the kept answers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.kept_numbers import check

from oncourse.models import adequacy, auc_bounds, fit_report, impute, interaction, score_terms, weighting
from oncourse.models.compare import as_treated, compare
from oncourse.models.fit_report import curves_for_figure, decision_for_figure, fit_prediction
from oncourse.models.fit_tables import added_rows, coefficient_rows, performance_rows
from oncourse.models.ladder import PredictionData
from oncourse.models.pair import PairData
from oncourse.models.policy import policy
from oncourse.stats.rng import generator


@pytest.fixture
def kept(request):
    """Return a function: name, answer -> compared with what is kept."""
    return lambda name, answer: check(f"models/{name}", answer, request.config.getoption("--accept"))


def pair(n=90, late=False):
    """Patients of two treatments: a number with gaps, a number, a yes or no; the first moves treatment and outcome."""
    rng = generator(1, "numbers of models")
    x = np.c_[rng.normal(60, 9, n), rng.gamma(2.0, 2.0, n), rng.random(n) < 0.4].astype(float)
    treated = rng.random(n) < 1 / (1 + np.exp(-(x[:, 0] - 60) / 9 - 0.5 * x[:, 2]))
    time = np.ceil(rng.exponential(700 * np.exp(0.4 * treated - 0.02 * (x[:, 0] - 60)), n)) + 1
    censored = np.ceil(rng.uniform(200, 1_500, n))
    x[::9, 1] = np.nan
    entry = np.where(np.arange(n) % 4 == 0, np.floor(0.3 * np.minimum(time, censored)), 0.0) * late
    event = time <= censored
    return PairData(np.minimum(time, censored), event, entry, treated, x, ("age", "marker", "node"))


@pytest.mark.parametrize("late", [False, True])
def test_two_treatments(kept, late):
    data = pair(late=late)
    found = compare(data, horizon=730.5, milestone=365.25)
    as_treated(found, data, np.where(np.arange(90) % 7 == 0, 0.5 * data.time, np.nan))
    kept(f"pair_{'late' if late else 'at_once'}", found)


def test_terms_of_the_score(kept):
    data = pair()
    x = np.nan_to_num(data.x, nan=3.0)
    small = score_terms.choose_terms(x[:30], data.treated[:30], data.names)
    kept("score_terms", {"all": score_terms.choose_terms(x, data.treated, data.names), "small": small})


def test_interaction_and_policy(kept):
    data = pair()
    people, line = np.arange(90), np.arange(90) % 2
    marker = np.where(np.arange(90) % 3 == 0, 1.0, 0.0)
    by_state = {n: interaction.interaction(data, marker, people, line, horizon=730.5, min_cell=n) for n in (5, 20)}
    by_number = {n: interaction.number_interaction(data, data.x[:, 0], people // 2, min_cell=n) for n in (5, 40)}
    answer = {
        "policy": policy(data, horizon=730.5, rng=generator(2, "policy")),
        "bias": [weighting.bias_factor(2.0, 3.0), weighting.e_value(0.6), weighting.e_value(1.8, common=False)],
        "shares": [weighting.e_value_of_shares(0.3, d) for d in (0.2, -0.1, 0.0)],
    }
    kept("policy", answer | {"by_state": by_state, "by_number": by_number})


def test_auc_of_few(kept):
    data = pair(n=40)
    score = 0.05 * (data.x[:, 0] - 60) + 0.3 * data.x[:, 2]
    p = 1 / (1 + np.exp(-score))
    answer = {"shares": auc_bounds._shares(score, p), "luck": auc_bounds._luck(score, p)}
    answer |= {"sample": auc_bounds._of_sample(score, p), "fraction": auc_bounds._fractional_auc(score, p)}
    how = {"plain": {}, "others": {"of_others": True}, "odds": {"odds": 3.0}}
    answer |= {k: auc_bounds.auc_bounds(score, data.time, data.event, 730.5, **v) for k, v in how.items()}
    kept("auc", answer | {"chance": auc_bounds._chance_of_event(score, data.time, data.event)})


def test_sample_size_and_gaps(kept):
    sizes = [adequacy.supported_parameters(n, r2) for n, r2 in ((50, 0.1), (200, 0.1), (200, 0.4), (9, 0.01))]
    shrinkage = [adequacy.expected_shrinkage(n, k, 0.2) for n, k in ((50, 3), (200, 3), (200, 40))]
    top = [adequacy.max_cox_snell(0.02, 24.0), adequacy.max_cox_snell(0.1, 3.0)]
    x = pair().x.copy()
    x[3, :2] = np.nan
    filled = impute.fit_imputer(x)
    kept("adequacy", {"sizes": sizes, "shrinkage": shrinkage, "top": top, "imputer": filled})


def test_prediction(kept, monkeypatch):
    """Of 200 resamples a limit, which take two seconds, a tenth."""
    monkeypatch.setattr(fit_report, "INTERVAL_SAMPLES", 20)
    data = pair(n=50)
    rng = generator(3, "numbers of prediction")
    mutations = (rng.random((50, 4)) < 0.3).astype(float)
    mutations[2, 0] = np.nan
    given = PredictionData(data.time, data.event, data.entry, data.x, mutations, None, np.arange(50))
    how = {"repeats": 1, "folds": 2, "bootstraps": 2, "challengers": False, "seed": 1, "workers": 1}
    fitted = fit_prediction(given, horizon=730.5, months=24.0, alpha=0.5, threshold=0.4, **how)
    names = [{"feature": name, "mean": 0.5, "n_known": 50} for name in (*data.names, *"abcd")]
    rows = {"performance": performance_rows(fitted), "added": added_rows(fitted)}
    figures = {"curves": curves_for_figure(fitted), "decision": decision_for_figure(fitted)}
    kept("prediction", rows | figures | {"coefficients": coefficient_rows(fitted, names)})
