"""Propensity weights against R on the Rotterdam data; pseudo-values against Kaplan-Meier; E-values of the paper."""

import json

import numpy as np
import polars as pl
import pytest

from oncourse.models import weighting as w


@pytest.fixture(scope="module")
def rotterdam(shared_data):
    folder = shared_data("survival-reference")
    d = pl.read_csv(folder / "rotterdam_nodepos_ps.csv", null_values="NA")
    x = (
        d.select(
            "age",
            "meno",
            (pl.col("size") == "20-50").cast(pl.Float64).alias("s1"),
            (pl.col("size") == ">50").cast(pl.Float64).alias("s2"),
            "grade",
            "nodes",
            pl.col("pgr").log1p(),
            pl.col("er").log1p(),
            "year",
        )
        .to_numpy()
        .astype(float)
    )
    return d, x, d["hormon"].to_numpy() == 1, json.loads((folder / "reference.json").read_text())


def test_weights_and_effects_equal_r(rotterdam):
    """R: glm(hormon ~ ..., binomial); coxph(Surv(dtime, death) ~ hormon, weights = ow / siptw, robust = TRUE)."""
    d, x, treated, reference = rotterdam
    score = w.propensity(x, treated)
    # The weak prior moves the scores by less than a thousandth.
    np.testing.assert_allclose(score, d["ps"], atol=2e-3)
    time, event = d["dtime"].to_numpy().astype(float), d["death"].to_numpy() == 1
    for name, weights in {
        "ow": w.overlap_weights(d["ps"].to_numpy(), treated),
        "siptw": w.inverse_weights(d["ps"].to_numpy(), treated),
        "iptw": w.inverse_weights(d["ps"].to_numpy(), treated, stabilised=False),
    }.items():
        found = w.weighted_hazard_ratio(time, event, treated, weights)
        value = reference[f"rotterdam.cox_{name}"]["value"]
        assert np.log(found.value) == pytest.approx(value["coef"]["hormon"], rel=1e-6)
        assert found.std_err == pytest.approx(value["se"]["hormon"], rel=1e-5)


def test_balance_equals_r_and_shows_the_failed_positivity(rotterdam):
    """IPTW leaves the age difference at -.94; overlap weights balance exactly."""
    d, _, treated, reference = rotterdam
    score = d["ps"].to_numpy()
    for name in ("age", "meno", "nodes", "grade"):
        column = d[name].to_numpy().astype(float)[:, None]
        raw, iptw, overlap = reference["rotterdam.smd"]["value"][name]
        assert w.standardised_difference(column, treated)[0] == pytest.approx(raw, rel=1e-8)
        weights = w.inverse_weights(score, treated, stabilised=False)
        assert w.standardised_difference(column, treated, weights)[0] == pytest.approx(iptw, rel=1e-8)
        assert w.standardised_difference(column, treated, w.overlap_weights(score, treated))[0] == pytest.approx(
            overlap, abs=1e-8
        )


def _survival(seed, n, *, late):
    rng = np.random.default_rng(seed)
    time = np.ceil(rng.exponential(20, n))
    event = rng.random(n) < 0.7
    entry = np.floor(time * rng.random(n) * 0.8) if late else None
    return time, event, entry


@pytest.mark.parametrize("late", [False, True])
def test_pseudo_values_average_to_the_restricted_mean_and_give_its_error(late):
    """Mean and error of the Kaplan-Meier curve (Greenwood, apart in small early risk sets) and its area."""
    from oncourse.stats.km import kaplan_meier
    from oncourse.stats.rmst import restricted_mean

    time, event, entry = _survival(4, 3000, late=late)
    curve = kaplan_meier(time, event, entry=entry)
    area = restricted_mean(curve, 15.0)
    values = w.pseudo_values(time, event, 15.0, entry=entry)
    assert values.mean() == pytest.approx(area.value, rel=1e-10)
    assert values.std() / np.sqrt(3000) == pytest.approx(area.std_err, rel=0.06)
    at = curve.at([15.0])
    values = w.pseudo_values(time, event, 15.0, entry=entry, mean=False)
    assert values.mean() == pytest.approx(at.survival[0], rel=1e-10)
    assert values.std() / np.sqrt(3000) == pytest.approx(at.std_err[0], rel=0.06)


def test_pseudo_values_without_censoring_are_the_values_themselves():
    """Everyone followed: the pseudo-value of the restricted mean is min(time, horizon)."""
    time = np.array([3.0, 5, 8, 13])
    np.testing.assert_allclose(w.pseudo_values(time, np.ones(4, bool), 10.0), np.minimum(time, 10))


def test_effective_size_and_e_value():
    """VanderWeele & Ding 2017: a risk ratio of 3.9 has the E-value 7.26; protective 0.8 as 1.25 -> 1.81."""
    assert w.effective_size(np.ones(40)) == pytest.approx(40)
    assert w.effective_size(np.array([1.0, 0, 0])) == pytest.approx(1)
    assert w.e_value(3.9, common=False) == pytest.approx(7.26, abs=0.005)
    assert w.e_value(0.8, common=False) == pytest.approx(1.81, abs=0.005)
    assert w.e_value(1.0) == 1.0


def test_a_separating_covariate_gives_finite_scores():
    x = np.array([0.0, 0, 0, 1, 1, 1])[:, None]
    score = w.propensity(x, x[:, 0] == 1)
    assert np.isfinite(score).all() and score.min() > 0 and score.max() < 1


def confounded(seed, n):
    """Two covariates drive treatment and hazard; conditional log hazard ratio -.5; everyone's potential times."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    chance = 1 / (1 + np.exp(-(0.8 * x[:, 0] - 0.5 * x[:, 1])))
    treated = rng.random(n) < chance
    scale = np.exp(-(0.7 * x[:, 0] + 0.4 * x[:, 1]))
    u = rng.exponential(1, n)
    either = np.column_stack([u * scale * 20, u * scale * 20 * np.exp(0.5)])
    time = np.where(treated, either[:, 1], either[:, 0])
    censored = rng.uniform(5, 60, n)
    return x, treated, np.minimum(time, censored), time <= censored, chance, either


def test_doubly_robust_difference_covers_its_own_population():
    """120 studies of 400: 95 % intervals cover the overlap population's truth (99 % band of 120 draws: 88-99 %)."""
    _, _, _, _, chance, either = confounded(0, 400_000)
    h = chance * (1 - chance)
    truth = float(h @ (np.minimum(either[:, 1], 24) - np.minimum(either[:, 0], 24)) / h.sum())
    covered, found, naive = 0, [], []
    for seed in range(1, 121):
        x, treated, time, event, _, _ = confounded(seed, 400)
        score = w.propensity(x, treated)
        values = np.empty(400)
        for arm in (treated, ~treated):
            values[arm] = w.pseudo_values(time[arm], event[arm], 24.0)
        est = w.doubly_robust(values, treated, x, score)
        covered += est.ci_low <= truth <= est.ci_high
        found.append(est.value)
        naive.append(w.weighted_contrast(values, treated, np.ones(400)).value)
    assert 0.88 <= covered / 120 <= 0.99
    assert np.mean(found) == pytest.approx(truth, rel=0.05)
    assert abs(np.mean(naive) - truth) > 0.3 * abs(truth)


@pytest.mark.slow
def test_weights_recover_the_marginal_effect_of_their_own_population():
    """Log HR and RMST difference, truth from 1,000,000 simulated pairs of potential outcomes; bias at most 5 %.

    Overlap weights: the population with density e (1 - e); inverse weights: everyone. 200 studies of 1,000.
    """
    from oncourse.stats.cox import fit_cox

    _, _, _, _, chance, either = confounded(0, 1_000_000)
    censored = np.random.default_rng(1).uniform(5, 60, either.shape)
    seen, event = np.minimum(either, censored), either <= censored
    arm = np.repeat([[0.0, 1.0]], len(either), axis=0)
    truth = {}
    for name, h in (("overlap", chance * (1 - chance)), ("iptw", np.ones(len(chance)))):
        weights = np.repeat(h[:, None], 2, axis=1) / h.mean()
        fit = fit_cox(seen.ravel(), event.ravel(), arm.ravel(), weights=weights.ravel(), robust=False)
        gap = np.minimum(either[:, 1], 24) - np.minimum(either[:, 0], 24)
        truth[name] = (fit.coef[0], float(h @ gap / h.sum()))
    found = {name: [] for name in truth}
    for seed in range(1, 201):
        x, treated, time, event, _, _ = confounded(seed, 1000)
        score = w.propensity(x, treated)
        values = np.empty(1000)
        for group in (treated, ~treated):
            values[group] = w.pseudo_values(time[group], event[group], 24.0)
        for name, weights in (
            ("overlap", w.overlap_weights(score, treated)),
            ("iptw", w.inverse_weights(score, treated)),
        ):
            ratio = w.weighted_hazard_ratio(time, event, treated, weights)
            found[name].append((np.log(ratio.value), w.weighted_contrast(values, treated, weights).value))
    for name, (log_ratio, gap) in truth.items():
        mean = np.mean(found[name], axis=0)
        assert mean[0] == pytest.approx(log_ratio, rel=0.05)
        assert mean[1] == pytest.approx(gap, rel=0.05)
