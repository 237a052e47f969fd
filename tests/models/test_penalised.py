"""Penalised Cox paths: R's coefficients where nothing is penalised, optimality conditions where it is."""

import json

import numpy as np
import polars as pl
import pytest

from oncourse.models.penalised import PathWalk, cox_path
from oncourse.models.risk_sets import cumulative_hazard, hazard_pass, partial_loglik, risk_sets, tie_code

TIGHT = 1e-13


def _simulated(seed, n=120, p=8, *, days=60):
    """Times in whole units, so that many tie; a third of the patients enter late; two strata."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    x[:, 1] = x[:, 0] * 0.7 + x[:, 1] * 0.6
    x[:, -1] = rng.random(n) < 0.15
    time = np.ceil(days * rng.exponential(np.exp(-0.5 * x[:, 0])))
    event = rng.random(n) < 0.7
    entry = np.where(rng.random(n) < 0.33, np.floor(time * rng.random(n)), 0.0)
    return x, time, event, entry, rng.integers(0, 2, n)


def _slow_gradient(beta, x, time, event, entry, strata, ties):
    """Gradient of the log partial likelihood by its definition, one event time and tied death at a time."""
    risk = np.exp(x @ beta)
    out, loglik = np.zeros(x.shape[1]), 0.0
    for s in np.unique(strata):
        for t in np.unique(time[event & (strata == s)]):
            at_risk = (strata == s) & (entry < t) & (time >= t)
            dying = at_risk & event & (time == t)
            d = dying.sum()
            for m in range(d):
                share = m / d if ties == "efron" else 0.0
                weight = risk * (at_risk - share * dying)
                out -= weight @ x / weight.sum()
                loglik -= np.log(weight.sum())
            out += x[dying].sum(axis=0)
            loglik += np.log(risk[dying]).sum()
    return out, loglik


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_likelihood_and_gradient_equal_the_definition(ties, seed):
    x, time, event, entry, strata = _simulated(seed)
    beta = np.linspace(-0.5, 0.5, x.shape[1])
    sets = risk_sets(time, event, entry=entry, strata=strata)
    expected = np.empty(len(time))
    hazard_pass(
        x @ beta,
        sets.start,
        sets.stop,
        sets.own,
        sets.deaths,
        sets.opens,
        tie_code(ties),
        np.empty(len(sets.deaths)),
        expected,
    )
    gradient, loglik = _slow_gradient(beta, x, time, event, entry, strata, ties)
    assert partial_loglik(x @ beta, sets, ties=ties) == pytest.approx(loglik, rel=1e-12)
    np.testing.assert_allclose((event - expected) @ x, gradient, atol=1e-9)


@pytest.mark.parametrize("alpha,grouped", [(1.0, False), (0.5, False), (0.0, False), (1.0, True), (0.7, True)])
def test_optimality_conditions_hold_along_the_path(alpha, grouped):
    """KKT of the elastic net / group lasso on standardised columns; one column unpenalised."""
    x, time, event, entry, strata = _simulated(11)
    n, p = x.shape
    groups = np.array([0, 1, 1, 2, 2, 2, 3, 3]) if grouped else np.arange(p)
    sizes = np.array([np.sum(groups == g) for g in groups])
    factor = np.where(groups == 0, 0.0, np.sqrt(sizes))
    path = cox_path(
        x,
        time,
        event,
        entry=entry,
        strata=strata,
        alpha=alpha,
        groups=groups,
        factor=factor,
        n_lambda=12,
        lambda_min_ratio=0.02,
        tolerance=TIGHT,
    )
    scale = x.std(axis=0)
    for lam, coef in zip(path.lambdas, path.coef, strict=True):
        gradient, _ = _slow_gradient(coef, x, time, event, entry, strata, "efron")
        u, b = gradient / scale / n, coef * scale
        for g in np.unique(groups):
            at = groups == g
            f = factor[at][0]
            norm = np.linalg.norm(b[at])
            smooth = u[at] - lam * (1 - alpha) * f * b[at]
            if norm > 0:
                np.testing.assert_allclose(smooth, lam * alpha * f * b[at] / norm, atol=2e-6)
            else:
                assert np.linalg.norm(smooth) <= lam * alpha * f + 2e-6
    assert path.n_selected[0] == (p if alpha == 0 else 1)


def test_unpenalised_fit_equals_r(shared_data):
    """R survival 3.5-3: coxph(Surv(time, status) ~ rx + ..., colon deaths), ties efron and breslow."""
    folder = shared_data("survival-reference")
    reference = json.loads((folder / "reference.json").read_text())
    d = pl.read_csv(folder / "colon_death.csv", null_values="NA")
    names = ("sex", "age", "obstruct", "perfor", "adhere", "node4", "extent", "surg")
    x = np.column_stack(
        [d["rx"] == "Lev", d["rx"] == "Lev+5FU", *(d[c].cast(pl.Float64).to_numpy() for c in names)]
    ).astype(float)
    for ties in ("efron", "breslow"):
        value = reference[f"colon_death.cox_full.{ties}"]["value"]
        path = cox_path(x, d["time"].to_numpy(), d["status"].to_numpy() == 1, lambdas=[0.0], ties=ties, tolerance=TIGHT)
        np.testing.assert_allclose(path.coef[0], list(value["coef"].values()), rtol=1e-6)
        assert path.null_loglik == pytest.approx(value["loglik"][0], rel=1e-10)
        assert path.loglik[0] == pytest.approx(value["loglik"][1], rel=1e-10)


def test_delayed_entry_equals_r(shared_data):
    """R: coxph(Surv(age, age + futime / 12, death) ~ sex + hgb + mspike, mgus2): entry = event is not at risk."""
    folder = shared_data("survival-reference")
    value = json.loads((folder / "reference.json").read_text())["mgus2.cox_left_truncated_age"]["value"]
    d = pl.read_csv(folder / "mgus2.csv", null_values="NA").drop_nulls(["hgb", "mspike", "sex"])
    x = np.column_stack([d["sex"] == "M", d["hgb"], d["mspike"]]).astype(float)
    entry = d["age"].cast(pl.Float64).to_numpy()
    time = entry + np.maximum(d["futime"].to_numpy(), 0.5) / 12
    path = cox_path(x, np.round(time, 9), d["death"].to_numpy() == 1, entry=entry, lambdas=[0.0], tolerance=TIGHT)
    np.testing.assert_allclose(path.coef[0], list(value["coef"].values()), rtol=1e-6)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_path_in_pieces_is_the_path_at_once(grouped):
    x, time, event, entry, _ = _simulated(12)
    groups = np.array([0, 1, 1, 2, 2, 2, 3, 3]) if grouped else None
    fixed = {"entry": entry, "alpha": 0.6, "groups": groups, "max_columns": 6}
    whole = cox_path(x, time, event, n_lambda=20, **fixed)
    assert len(whole.lambdas) < 20  # it ends past six columns
    walk = PathWalk(x, time, event, **fixed)
    lambdas = walk.largest_lambda() * np.geomspace(1.0, 1e-4 if len(x) > 8 else 0.01, 20)
    pieces = []
    for block in np.array_split(lambdas, 7):
        pieces.append(walk.further(block))
        if walk.is_ended:
            break
    np.testing.assert_array_equal(np.vstack([p.coef for p in pieces]), whole.coef)
    np.testing.assert_array_equal(np.concatenate([p.loglik for p in pieces]), whole.loglik)


@pytest.mark.parametrize("grouped", [False, True])
def test_what_a_path_carries_on_from_does_not_show(grouped):
    """A descent begins where the last two solutions point to: each lambda's solution is that of its own fit."""
    x, time, event, entry, _ = _simulated(13)
    fixed = {
        "entry": entry,
        "alpha": 0.8,
        "groups": np.array([0, 1, 1, 2, 2, 2, 3, 3]) if grouped else None,
        "tolerance": TIGHT,
    }
    path = cox_path(x, time, event, n_lambda=12, **fixed)
    rough = [path.lambdas[1], path.lambdas[2], path.lambdas[-1]]  # a step of a hundred times the one before
    for lambdas in (path.lambdas, rough):
        walked = cox_path(x, time, event, lambdas=lambdas, **fixed)
        for at, coef in zip(walked.lambdas, walked.coef, strict=True):
            alone = cox_path(x, time, event, lambdas=[at], **fixed).coef[0]
            np.testing.assert_allclose(coef, alone, atol=1e-6)


def test_a_column_less_group_of_zeros_and_a_constant_stay_out():
    x, time, event, _, _ = _simulated(5)
    x = np.column_stack([x, np.ones(len(x))])
    assert (cox_path(x, time, event).coef[:, -1] == 0).all()


def test_row_order_and_units_do_not_matter():
    x, time, event, entry, strata = _simulated(6)
    first = cox_path(x, time, event, entry=entry, strata=strata, alpha=0.8, tolerance=TIGHT)
    rows = np.random.default_rng(0).permutation(len(time))
    other = cox_path(
        x[rows] * 30 + 7,
        time[rows],
        event[rows],
        entry=entry[rows],
        strata=strata[rows],
        alpha=0.8,
        tolerance=TIGHT,
    )
    np.testing.assert_allclose(first.lambdas, other.lambdas, rtol=1e-9)
    np.testing.assert_allclose(first.coef, other.coef * 30, atol=1e-5)


def test_cumulative_hazard_is_nelson_aalen_without_effects():
    """Breslow increments at eta = 0 are d / n at risk, with late entries."""
    time, event, entry = np.array([2.0, 3, 3, 5]), np.array([1, 1, 0, 1], bool), np.array([0.0, 0, 2, 1])
    sets = risk_sets(time, event, entry=entry)
    # At 2: patients 1, 2, 4 (patient 3 enters at 2, not yet at risk). At 3: 2, 3, 4. At 5: 4.
    assert cumulative_hazard(np.zeros(4), sets, 4.0, ties="breslow")[0] == pytest.approx(1 / 3 + 1 / 3)
    assert cumulative_hazard(np.zeros(4), sets, 5.0, ties="breslow")[0] == pytest.approx(5 / 3)


def test_an_entry_at_its_exit_is_refused():
    with pytest.raises(ValueError, match="entry"):
        risk_sets(np.array([3.0]), np.array([True]), entry=np.array([3.0]))
