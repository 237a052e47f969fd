"""Accuracy at a horizon: R's riskRegression, timeROC, survival and rms; and the truth under truncation."""

import json

import numpy as np
import polars as pl
import pytest

from oncourse.models import metrics
from oncourse.models.calibration import (
    calibration_curve,
    calibration_intercept,
    calibration_slope,
    log_minus_log,
)
from oncourse.models.decision import counts_of, net_benefits

TWO_YEARS = 730.5


@pytest.fixture(scope="session")
def reference(shared_data):
    return json.loads((shared_data("survival-reference") / "reference.json").read_text())


@pytest.fixture(scope="session")
def colon(shared_data):
    return pl.read_csv(shared_data("survival-reference") / "colon_death_2y_test_predictions.csv")


@pytest.fixture(scope="session")
def gbsg(shared_data):
    return pl.read_csv(shared_data("survival-reference") / "strat_gbsg5_pred_m1.csv")


def _columns(frame, time="time", event="status", score="lp"):
    return frame[score].to_numpy(), frame[time].to_numpy().astype(float), frame[event].to_numpy() == 1


@pytest.mark.parametrize("number,horizon", [(0, 365.0), (1, TWO_YEARS), (2, 1095.75)])
def test_auc_and_brier_equal_riskregression_and_timeroc(reference, colon, number, horizon):
    """R: Score(list(cox = fit), ..., cens.model = "km") and timeROC(weighting = "marginal")."""
    lp, time, event = _columns(colon)
    at = metrics.horizon_weights(time, event, horizon)
    value = reference["colon_2y.timeROC_AUC"]["value"]
    assert metrics.auc(lp, at) == pytest.approx(value["AUC"][number], abs=1e-6)
    assert at.survival == pytest.approx(value["surv"][number], abs=1e-8)
    null = reference["colon_2y.Score_brier"]["value"][number]["Brier"]
    assert at.survival * (1 - at.survival) == pytest.approx(null, abs=1e-6)
    if horizon == TWO_YEARS:  # the predictions are of 2 years
        row = reference["colon_2y.Score_brier"]["value"][4]
        risk = colon["risk2y"].to_numpy()
        assert metrics.brier(risk, at) == pytest.approx(row["Brier"], abs=1e-6)
        assert metrics.scaled_brier(risk, at) == pytest.approx(row["IPA"], abs=1e-6)


def test_auc_and_brier_equal_r_with_much_censoring(reference, gbsg):
    """R: timeROC and Score at 4.99 years on GBSG, model of the Rotterdam data (McLernon et al. 2023)."""
    lp, time, event = _columns(gbsg, "ryear", "rfs")
    at = metrics.horizon_weights(time, event, 4.99)
    assert metrics.auc(lp, at) == pytest.approx(reference["gbsg5.m1.timeROC_4.99"]["value"]["AUC"], abs=1e-6)
    null = reference["gbsg5.m1.brier_4.99"]["value"][0]["Brier"]
    assert at.survival * (1 - at.survival) == pytest.approx(null, abs=1e-6)


def test_concordance_equals_r(reference, colon, gbsg):
    """R: concordance(Surv(time, status) ~ lp, reverse = TRUE), timewt "n" and "n/G2", ymax."""
    lp, time, event = _columns(colon)
    for name, kwargs in {
        "colon_2y.harrellC_test": {},
        "colon_2y.harrellC_test_trunc730.5": {"horizon": TWO_YEARS},
        "colon_2y.unoC_test": {"uno": True},
        "colon_2y.unoC_test_tau730.5": {"uno": True, "horizon": TWO_YEARS},
    }.items():
        assert metrics.concordance(lp, time, event, **kwargs) == pytest.approx(reference[name]["value"]["c"], abs=1e-6)
    lp, time, event = _columns(gbsg, "ryear", "rfs")
    value = reference["gbsg5.m1.harrell_uno"]["value"]
    assert metrics.concordance(lp, time, event) == pytest.approx(value["harrell"], abs=1e-6)
    assert metrics.concordance(lp, time, event, uno=True) == pytest.approx(value["uno"], abs=1e-6)


def test_calibration_and_net_benefit_equal_r(reference, colon):
    """R: coxph on lp within 2 years; rms cph with rcs(cll, 3); net benefit by survfit in those above."""
    lp, time, event = _columns(colon)
    risk = colon["risk2y"].to_numpy()
    slope, se = calibration_slope(lp, time, event, horizon=TWO_YEARS)
    value = reference["colon_2y.calibration_slope_2y_admincens"]["value"]
    assert (slope, se) == pytest.approx((value["slope"], value["se"]), rel=1e-6)
    at = metrics.horizon_weights(time, event, TWO_YEARS)
    assert metrics.observed_expected(risk, at) == pytest.approx(reference["colon_2y.OE"]["value"]["OE"], abs=1e-6)
    curve = calibration_curve(risk, time, event, TWO_YEARS)
    value = reference["colon_2y.calibration_cox_rcs3"]["value"]
    # cph stops its iterations at 1e-4, ours at full convergence.
    np.testing.assert_allclose(curve.observed[:10], value["obs_first10"], atol=5e-5)
    assert (curve.ici, curve.e50, curve.e90, curve.emax) == pytest.approx(
        (value["ICI"], value["E50"], value["E90"], value["Emax"]), abs=2e-4
    )
    for row in reference["colon_2y.net_benefit"]["value"]:
        given = metrics.net_benefit(risk, time, event, row["threshold"], TWO_YEARS)
        assert given == pytest.approx(row["nb_model"], abs=1e-6)
        everyone = metrics.net_benefit(np.ones(len(risk)), time, event, row["threshold"], TWO_YEARS)
        assert everyone == pytest.approx(row["nb_all"], abs=1e-6)


def test_intercept_undoes_a_shift():
    """Risks all shifted by 0.5 on the log(-log) scale are brought back by -0.5; right risks need none."""
    rng = np.random.default_rng(3)
    lp = rng.normal(0, 0.7, 40_000)
    time, censored = rng.exponential(1 / np.exp(lp - 1)), rng.exponential(3.0, len(lp))
    event, time = time <= censored, np.minimum(time, censored)
    at = metrics.horizon_weights(time, event, 1.0)
    risk = -np.expm1(-np.exp(lp - 1))
    assert calibration_intercept(risk, at) == pytest.approx(0, abs=0.03)
    high = -np.expm1(-np.exp(log_minus_log(risk) + 0.5))
    assert calibration_intercept(high, at) == pytest.approx(-0.5, abs=0.03)


def test_weights_by_hand_with_late_entry():
    """Four patients, horizon 4. At 2: A, B, D at risk, A dies: step 1/3. At 3: B, C, D, B dies: 2/3 * 1/3.

    After 4 C and D are at risk and share the rest, 4/9.
    """
    time, event = np.array([2.0, 3, 5, 6]), np.array([1, 1, 0, 1], bool)
    at = metrics.horizon_weights(time, event, 4.0, entry=np.array([0.0, 0, 2, 1]))
    np.testing.assert_allclose(at.weight, [1 / 3, 2 / 9, 2 / 9, 2 / 9])
    assert at.survival == pytest.approx(4 / 9)
    # Scores 4, 1, 3, 2: A beats C and D; B beats nobody. AUC = (1/3) / (1/3 + 2/9)
    assert metrics.auc(np.array([4.0, 1, 3, 2]), at) == pytest.approx(0.6)


def test_truncation_aware_metrics_recover_the_untruncated_truth():
    """40 % of patients die before they could enter: AUC and Brier within .02 of the untruncated truth.

    12,000 observed patients: the Monte Carlo error of either is about .005.
    """
    rng = np.random.default_rng(7)
    n = 20_000
    lp = rng.normal(0, 1.0, n)
    death = rng.exponential(24 / np.exp(lp))
    risk = -np.expm1(-np.exp(lp))
    truth = metrics.horizon_weights(death, np.ones(n, bool), 24.0)
    entry = np.where(rng.random(n) < 0.25, 0.0, rng.uniform(0, 30, n))
    seen = death > entry
    assert 0.3 < 1 - seen.mean() < 0.5
    lp, risk, entry, death = lp[seen], risk[seen], entry[seen], death[seen]
    censored = entry + rng.exponential(60, len(entry))
    time, event = np.minimum(death, censored), death <= censored
    ours = metrics.horizon_weights(time, event, 24.0, entry=entry)
    naive = metrics.horizon_weights(time, event, 24.0)
    full = np.random.default_rng(7).normal(0, 1.0, n)
    true_auc = metrics.auc(full, truth)
    true_brier = metrics.brier(-np.expm1(-np.exp(full)), truth)
    assert abs(metrics.auc(lp, ours) - true_auc) < 0.02
    assert abs(metrics.brier(risk, ours) - true_brier) < 0.02
    assert abs(ours.survival - truth.survival) < 0.02
    assert abs(metrics.observed_expected(risk, ours) - 1) < 0.04
    assert abs(naive.survival - truth.survival) > 0.1


def test_thresholds_by_hand():
    """Uncensored: risks .1 .4 .6 .8, cases 2 and 4, threshold .5: one case of two found, one false alarm."""
    at = metrics.horizon_weights(np.array([9.0, 1, 9, 1]), np.array([0, 1, 0, 1], bool), 5.0)
    out = metrics.at_threshold(np.array([0.1, 0.4, 0.6, 0.8]), at, 0.5)
    assert out == pytest.approx({"sensitivity": 0.5, "specificity": 0.5, "ppv": 0.5, "npv": 0.5, "high": 0.5})


def test_concordance_counts_only_pairs_seen_together():
    """The second patient enters after the first has died: no usable pair."""
    assert np.isnan(
        metrics.concordance(np.array([1.0, 2]), np.array([3.0, 9]), np.array([True, False]), entry=np.array([0.0, 5]))
    )


def test_delayed_entry_on_real_data(shared_data):
    """GENIE BPC stage IV CRC, R survfit(Surv(entry, time, status)): 2-year survival 52.3 %, naive 69.7 %."""
    d = pl.read_csv(shared_data("survival-reference") / "genie_bpc_crc_stage4_delayed_entry.csv")
    time, event = d["tt_os_dx_mos"].to_numpy(), d["os_status_dx"].to_numpy() == 1
    entry = d["tt_cpt_report_mos"].to_numpy()
    assert metrics.horizon_weights(time, event, 24.0, entry=entry).survival == pytest.approx(0.523, abs=5e-4)
    assert metrics.horizon_weights(time, event, 24.0).survival == pytest.approx(0.697, abs=5e-4)


@pytest.mark.parametrize("late", [False, True])
def test_net_benefit_of_resamples_is_that_of_each(late):
    """60 patients, tied times, 25 resamples; the definition is `metrics.net_benefit` of the rows drawn."""
    rng = np.random.default_rng(8)
    n, horizon, thresholds = 60, 6.0, np.array([0.05, 0.3, 0.6, 0.99])
    risk, time, event = rng.uniform(0, 0.9, n).round(2), np.ceil(rng.exponential(5.0, n)), rng.uniform(size=n) < 0.6
    entry = np.minimum(rng.integers(0, 6, n), time - 0.5) if late else None
    draws = [rng.integers(0, n, n) for _ in range(25)]
    of = [(risk[d], time[d], event[d], None if entry is None else entry[d]) for d in draws]
    counts, weight = counts_of(draws, n), None
    if late:
        weight = np.zeros((25, n))
        for row, d, (_, t, e, x) in zip(weight, draws, of, strict=True):
            row[d] = metrics.horizon_weights(t, e, horizon, entry=x).weight
    found = net_benefits(risk, time, event, thresholds, horizon, counts=counts, entry=entry, weight=weight)
    one = [[metrics.net_benefit(r, t, e, at, horizon, entry=x) for r, t, e, x in of] for at in thresholds]
    np.testing.assert_allclose(found, one, atol=1e-12)
    assert (found[:2] != 0).all() and (found[3] == 0).all()
