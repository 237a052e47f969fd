"""The ladder of risk models fitted side by side: null, clinical, mutations, both, and challengers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from oncourse.models.impute import Imputer, fit_imputer
from oncourse.models.metrics import HorizonWeights, horizon_weights
from oncourse.models.penalised import PathWalk
from oncourse.models.risk_sets import RiskSets, cumulative_hazard, path_loglik, risk_sets

NULL, CLINICAL, MUTATIONS, BOTH = "null", "clinical", "mutations", "clinical+mutations"
BOOSTED, FOREST = "boosted", "forest"
#: Least share of patients that carry (or lack) a yes/no feature for it to be a candidate in a resample.
MIN_CARRIERS = 3
#: A path is fitted in blocks of this many lambdas, and ends with a block that lies wholly this far (log partial
#: likelihood) below the best so far. Over 48 simulated studies (noise, planted, 120 and 300 patients) no curve that had
#: fallen by more than 0.6 rose above its earlier best again.
BLOCK = 5
HOPELESS = 5.0


@dataclass(frozen=True)
class PredictionData:
    """Arrays of one prediction problem.

    Attributes
    ----------
    time, event, entry : (n,); the risk set is (entry, time]
    clinical : (n, c), NaN where missing
    mutations : (n, m) 1 altered, 0 not altered, NaN not assessed (or a number)
    groups : (m,) labels of mutation columns that enter together, or None
    patient : (n,) int; copies of one patient carry the same number, so that they stay in one fold
    strata : (n,) int from 0, groups with a baseline hazard of their own, or None
    n_strata : how many strata there are (in all the patients, also where a resample lacks one)
    """

    time: np.ndarray
    event: np.ndarray
    entry: np.ndarray
    clinical: np.ndarray
    mutations: np.ndarray
    groups: np.ndarray | None
    patient: np.ndarray
    strata: np.ndarray | None = None
    n_strata: int = 1
    _at: dict[float, HorizonWeights] = field(init=False, default_factory=dict, repr=False, compare=False)

    def at(self, horizon: float) -> HorizonWeights:
        """Return the weights at a horizon; every model of the ladder asks for the same ones."""
        if horizon not in self._at:
            self._at[horizon] = horizon_weights(self.time, self.event, horizon, entry=self.late)
        return self._at[horizon]

    def take(self, rows: np.ndarray) -> PredictionData:
        """Return the rows, in this order."""
        return PredictionData(
            self.time[rows],
            self.event[rows],
            self.entry[rows],
            self.clinical[rows],
            self.mutations[rows],
            self.groups,
            self.patient[rows],
            None if self.strata is None else self.strata[rows],
            self.n_strata,
        )

    def stopped(self, horizon: float) -> PredictionData:
        """Return the patients followed to the horizon at most; all must be at risk before it."""
        return replace(self, time=np.minimum(self.time, horizon), event=self.event & (self.time <= horizon))

    @property
    def late(self) -> np.ndarray | None:
        """Entry times, None where nobody entered late."""
        return self.entry if (self.entry > 0).any() else None


@dataclass(frozen=True)
class LadderSettings:
    """How the models are fitted; see the prediction analysis for the meaning of each.

    stop : follow-up is cut at the horizon before the Cox models are fitted (van Houwelingen & Putter 2011, section 2.4)
    """

    horizon: float
    alpha: float = 0.5
    n_lambda: int = 30
    inner_folds: int = 5
    rule: str = "min"
    trees: int = 100
    stop: bool = False


@dataclass(frozen=True)
class FittedRisk:
    """One fitted model: risk by the horizon = 1 - exp(-base_hazard[stratum] exp(x beta)).

    Attributes
    ----------
    coef : (c + m,) on the scale of the columns (clinical first)
    base_hazard : (strata,) cumulative baseline hazard at the horizon, for a linear predictor of 0; one without strata
    imputer : of the clinical columns
    prevalence : (m,) training mean of each mutation column, which stands for a value not assessed
    forest : a fitted classifier of scikit-learn instead of coefficients, or None
    is_converged : whether the descent converged at the chosen lambda
    """

    name: str
    coef: np.ndarray
    base_hazard: np.ndarray
    imputer: Imputer
    prevalence: np.ndarray
    forest: object | None = None
    chosen_lambda: float = float("nan")
    is_converged: bool = True
    extra: dict[str, float] = field(default_factory=dict)

    def score(self, clinical: np.ndarray, mutations: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        """Return the linear predictor (log(-log(1 - risk)) of a forest), shape (n,)."""
        x = self.complete(clinical, mutations)
        if self.forest is not None:
            from oncourse.models.calibration import log_minus_log

            x = _with_strata(x, strata, len(self.base_hazard))
            return log_minus_log(self.forest.predict_proba(x)[:, 1])  # type: ignore[attr-defined]
        return x @ self.coef

    def risk(self, clinical: np.ndarray, mutations: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
        """Return the risk of the event by the horizon, shape (n,); NaN where the stratum is -1 (not known)."""
        score = self.score(clinical, mutations, strata)
        if self.forest is not None:
            return -np.expm1(-np.exp(score))
        hazard = self.base_hazard[0] if strata is None else np.append(self.base_hazard, np.nan)[strata]
        return -np.expm1(-hazard * np.exp(np.clip(score, -50.0, 50.0)))

    def risk_of(self, data: PredictionData) -> np.ndarray:
        """Return the risk of each patient of `data`, shape (n,)."""
        return self.risk(data.clinical, data.mutations, data.strata)

    def complete(self, clinical: np.ndarray, mutations: np.ndarray) -> np.ndarray:
        """Return (n, c + m) without gaps: conditional means, and prevalences for mutations not assessed."""
        filled = np.where(np.isnan(mutations), self.prevalence, mutations)
        return np.column_stack([self.imputer.fill(clinical), filled])


def fit_ladder(
    data: PredictionData,
    settings: LadderSettings,
    rng: np.random.Generator,
    *,
    models: Sequence[str] = (NULL, CLINICAL, MUTATIONS, BOTH),
) -> dict[str, FittedRisk]:
    """Fit every model of the ladder on the same imputed data and the same inner folds.

    Clinical columns carry a ridge penalty chosen by inner cross-validation, mutations an elastic net; the
    joint model keeps the clinical model's ridge and its largest lambda is the clinical model itself, so that
    the two are nested. A model without columns is the null model. Everything that looks at the data - imputation,
    the filter on carriers, the choice of lambda - happens here, so that a resample repeats it.
    """
    whole = data
    if settings.stop:
        whole = data.take(np.flatnonzero(data.entry < settings.horizon))
        data = whole.stopped(settings.horizon)
    c, m = data.clinical.shape[1], data.mutations.shape[1]
    imputer = fit_imputer(np.column_stack([data.clinical, _outcome(data)]) if c else np.zeros((len(data.time), 0)))
    clinical = data.clinical
    if c and np.isnan(clinical).any():
        clinical = imputer.fill(np.column_stack([clinical, _outcome(data)]), rng)[:, :c]
    known = (~np.isnan(data.mutations)).sum(axis=0)
    prevalence = np.where(np.isnan(data.mutations), 0.0, data.mutations).sum(axis=0) / np.maximum(known, 1)
    mutations = np.where(np.isnan(data.mutations), prevalence, data.mutations)
    x = np.column_stack([clinical, mutations])
    kept = Imputer(imputer.mean[:c], imputer.covariance[:c, :c])
    usable = np.concatenate([np.ones(c, bool), _candidates(data.mutations)])
    folds = inner_folds(data, settings.inner_folds, rng)
    out: dict[str, FittedRisk] = {}
    ridge = 0.0

    def make(name: str, beta: np.ndarray, lam: float = float("nan"), good: bool = True) -> FittedRisk:
        base = base_hazards(x @ beta, data, settings.horizon)
        return FittedRisk(name, beta, base, kept, prevalence, None, lam, good)

    wanted = set(models)
    if NULL in wanted:
        out[NULL] = make(NULL, np.zeros(c + m))
    if c and wanted & {CLINICAL, BOTH}:  # the joint model takes its ridge
        columns = np.arange(c + m) < c
        beta, ridge, good = _tuned(x, data, columns & usable, settings, folds, alpha=0.0)
        out[CLINICAL] = make(CLINICAL, beta, ridge, good)
    if m and MUTATIONS in wanted:
        columns = np.arange(c + m) >= c
        beta, lam, good = _tuned(x, data, columns & usable, settings, folds, alpha=settings.alpha)
        out[MUTATIONS] = make(MUTATIONS, beta, lam, good)
    if c and m and BOTH in wanted:
        beta, lam, good = _tuned(x, data, usable, settings, folds, alpha=settings.alpha, clinical=c, ridge=ridge)
        if not beta[c:].any():  # nested: without a mutation the joint model is the clinical one, exactly
            beta = out[CLINICAL].coef
        out[BOTH] = make(BOTH, beta, lam, good)
    for name in (BOOSTED, FOREST):
        if name in wanted:
            # the weights of the horizon need to know who lived beyond it
            seed = int(rng.integers(2**31))
            out[name] = _challenger(name, x, whole, settings, kept, prevalence, seed)
    return {name: out[name] for name in models if name in out}


def fit_final(
    data: PredictionData,
    settings: LadderSettings,
    seed: int,
    *,
    models: Sequence[str] = (NULL, CLINICAL, MUTATIONS, BOTH),
    imputations: int = 5,
) -> dict[str, FittedRisk]:
    """Fit the ladder on everyone; where clinical values are missing, the mean model of several imputations.

    Coefficients and log baseline hazards are averaged (Rubin's rule for the estimate). Challengers come from the
    first imputation.
    """
    from oncourse.stats.rng import generator

    rounds = imputations if np.isnan(data.clinical).any() else 1
    fits = []
    for i in range(rounds):
        wanted = models if i == 0 else [m for m in models if m not in (BOOSTED, FOREST)]
        fits.append(fit_ladder(data, settings, generator(seed, f"prediction final {i}"), models=wanted))
    out = dict(fits[0])
    for name in [m for m in out if rounds > 1 and m not in (BOOSTED, FOREST)]:
        parts = [f[name] for f in fits]
        out[name] = replace(
            parts[0],
            coef=np.mean([p.coef for p in parts], axis=0),
            base_hazard=np.exp(np.mean([np.log(np.maximum(p.base_hazard, 1e-12)) for p in parts], axis=0)),
            is_converged=all(p.is_converged for p in parts),
        )
    return out


def inner_folds(data: PredictionData, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return a fold number per row: patients stay whole, folds are balanced by event (and stratum)."""
    patients, first = np.unique(data.patient, return_index=True)
    fold = np.empty(len(patients), dtype=np.int64)
    kind = data.event[first].astype(np.int64)
    if data.strata is not None:
        kind = kind + 2 * data.strata[first]
    for value in range(2 * data.n_strata):
        rows = np.flatnonzero(kind == value)
        fold[rows] = rng.permutation(np.arange(len(rows)) % k)
    return fold[np.searchsorted(patients, data.patient)]


def _tuned(
    x: np.ndarray,
    data: PredictionData,
    columns: np.ndarray,
    settings: LadderSettings,
    folds: np.ndarray,
    *,
    alpha: float,
    clinical: int = 0,
    ridge: float = 0.0,
) -> tuple[np.ndarray, float, bool]:
    """Return (coefficients, lambda, converged) with lambda by cross-validated partial likelihood.

    sum over folds of loglik(all; beta without fold) - loglik(others; beta without fold), Verweij & van
    Houwelingen 1993. The first `clinical` columns have the fixed `ridge` instead of a share of lambda.
    """
    full = np.zeros(x.shape[1])
    at = np.flatnonzero(columns)
    if not len(at):
        return full, float("nan"), True
    part = x[:, at]
    groups = None
    if data.groups is not None and alpha > 0:
        c = data.clinical.shape[1]
        labels = np.array([*(f"clinical {i}" for i in range(c)), *map(str, data.groups)])
        groups = labels[at]
    is_fixed = at < clinical
    size = np.ones(len(at)) if groups is None else np.array([np.sqrt(np.sum(groups == g)) for g in groups])
    fixed: dict[str, Any] = {
        "alpha": alpha,
        "factor": np.where(is_fixed, 0.0, size),
        "ridge": np.where(is_fixed, ridge, 0.0),
        "groups": groups,
        "tolerance": 1e-6,
        # A path that selects more columns than half the events is past any use.
        "max_columns": None if alpha == 0 else clinical + max(5, int(data.event.sum()) // 2),
    }
    late = data.late
    strata = data.strata
    whole = PathWalk(part, data.time, data.event, entry=late, strata=strata, **fixed)
    ratio = 1e-4 if alpha == 0 else 0.05
    lambdas = whole.largest_lambda() * np.geomspace(1.0, ratio, settings.n_lambda)
    trains = [folds != k for k in range(settings.inner_folds)]
    inner = [
        PathWalk(
            part[t],
            data.time[t],
            data.event[t],
            entry=None if late is None else late[t],
            strata=None if strata is None else strata[t],
            **fixed,
        )
        for t in trains
        if data.event[t].any()
    ]
    everyone = risk_sets(data.time, data.event, entry=late, strata=strata)
    coef, good = np.zeros((0, len(at))), np.zeros(0, bool)
    gain = np.zeros((len(inner), 0))
    for block in np.array_split(lambdas, max(1, round(len(lambdas) / BLOCK))):
        path = whole.further(block)
        coef, good = np.vstack([coef, path.coef]), np.concatenate([good, path.is_converged])
        piece = np.full((len(inner), len(path.coef)), -np.inf)
        for k, walk in enumerate(inner):
            if walk.is_ended:
                continue
            fold = walk.further(path.lambdas)
            piece[k, : len(fold.coef)] = path_loglik(part, fold.coef, everyone) - fold.loglik
        gain = np.column_stack([gain, piece])
        total = gain.sum(axis=0)
        # Past its optimum the curve falls on; what lies this far below the best never came back.
        if whole.is_ended or (total[-len(block) :] < total.max() - HOPELESS).all():
            break
    best = int(np.argmax(total))
    if settings.rule == "1se":
        error = np.std(gain[:, best], ddof=1) * np.sqrt(len(inner))
        best = int(np.argmax(total >= total[best] - error))
    full[at] = coef[best]
    return full, float(lambdas[best]), bool(good[best])


def base_hazards(eta: np.ndarray, data: PredictionData, horizon: float) -> np.ndarray:
    """Return the cumulative baseline hazard at the horizon of each stratum, shape (n_strata,).

    A stratum of which a resample holds no event has the hazard of all strata together there.
    """
    if data.strata is None:
        return cumulative_hazard(eta, risk_sets(data.time, data.event, entry=data.late), horizon)
    sets = risk_sets(data.time, data.event, entry=data.late, strata=data.strata)
    together = cumulative_hazard(eta, risk_sets(data.time, data.event, entry=data.late), horizon)[0]
    out = np.full(data.n_strata, together)
    found = cumulative_hazard(eta, sets, horizon)
    for hazard, stratum in zip(found, np.unique(data.strata), strict=True):
        if (data.event & (data.strata == stratum) & (data.time <= horizon)).any():
            out[stratum] = hazard
    return out


def _with_strata(x: np.ndarray, strata: np.ndarray | None, n_strata: int) -> np.ndarray:
    """Return x with a 0/1 column per stratum, for models that have no baseline."""
    return x if strata is None else np.column_stack([x, np.eye(n_strata)[strata]])


def _candidates(mutations: np.ndarray) -> np.ndarray:
    """Return which mutation columns vary enough in this resample: a yes/no one on both sides."""
    ones = np.nansum(mutations == 1, axis=0)
    zeros = np.nansum(mutations == 0, axis=0)
    binary = (np.isnan(mutations) | (mutations == 0) | (mutations == 1)).all(axis=0)
    return np.where(binary, (ones >= MIN_CARRIERS) & (zeros >= MIN_CARRIERS), True)


def _outcome(data: PredictionData) -> np.ndarray:
    """Return the event and the Nelson-Aalen hazard over the time at risk, columns of the imputation model."""
    sets = risk_sets(data.time, data.event, entry=data.late, strata=data.strata)
    hazard = np.array(data.event, float) - _residual(sets, len(data.time))
    return np.column_stack([data.event, hazard])


def _residual(sets: RiskSets, n: int) -> np.ndarray:
    from oncourse.models.risk_sets import hazard_pass, tie_code

    expected = np.empty(n)
    arrays = (sets.start, sets.stop, sets.own, sets.deaths, sets.opens)
    hazard_pass(np.zeros(n), *arrays, tie_code("breslow"), np.empty(len(sets.deaths)), expected)  # type: ignore[call-arg]
    return (sets.own >= 0) - expected


class Forest:
    """Bagged classification trees (Breiman 2001): each grown on a bootstrap sample, a random sqrt of the columns per
    split.

    scikit-learn's trees, without the thread pool of its forest, which is not safe where analyses run side by side.
    They are grown on 0 and 1 by squared error, which is half of Gini's impurity: the same splits and shares, without
    the look at the classes of each tree.
    """

    def __init__(self, n_trees: int, seed: int, *, min_leaf: int = 10):
        self.n_trees, self.seed, self.min_leaf = n_trees, seed, min_leaf
        self.trees: list[Any] = []

    def fit(self, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray) -> Forest:
        """Grow the trees on x (n, p) and classes y (n,) bool, both of which occur."""
        from sklearn.tree import DecisionTreeRegressor

        rng = np.random.default_rng(self.seed)
        x, state = np.ascontiguousarray(x, np.float32), np.asarray(y, np.float64)[:, None]  # as the trees want them
        while len(self.trees) < self.n_trees:
            drawn = np.bincount(rng.integers(0, len(y), len(y)), minlength=len(y))
            if len(np.unique(y[drawn > 0])) < 2:
                continue
            tree = DecisionTreeRegressor(
                max_features="sqrt", min_samples_leaf=self.min_leaf, random_state=int(rng.integers(2**31))
            )
            self.trees.append(tree.fit(x, state, sample_weight=sample_weight * drawn, check_input=False))
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, 2) chances of not y and y, averaged over the trees."""
        x = np.ascontiguousarray(x, dtype=np.float32)
        share = np.mean([tree.predict(x, check_input=False) for tree in self.trees], axis=0)
        return np.column_stack([1.0 - share, share])


#: Settings and arrays are ours and were looked at before: scikit-learn would look again at each of thousands of trees.
_UNCHECKED: dict[str, Any] = {"assume_finite": True, "skip_parameter_validation": True}


def _challenger(
    name: str,
    x: np.ndarray,
    data: PredictionData,
    settings: LadderSettings,
    imputer: Imputer,
    prevalence: np.ndarray,
    seed: int,
) -> FittedRisk:
    """Fit a classifier of the state at the horizon, each patient with the horizon's weight (Vock et al. 2016)."""
    from sklearn import config_context
    from sklearn.ensemble import GradientBoostingClassifier

    at = data.at(settings.horizon)
    known = at.weight > 0
    design = _with_strata(x, data.strata, data.n_strata)
    if name == BOOSTED:
        model: Any = GradientBoostingClassifier(
            n_estimators=settings.trees,
            max_depth=2,
            learning_rate=0.05,
            subsample=0.5,
            max_features="sqrt",
            min_samples_leaf=10,
            random_state=seed,
        )
    else:
        model = Forest(settings.trees, seed)
    if len(np.unique(at.is_case[known])) < 2:
        same = np.full(data.n_strata, -np.log(np.clip(at.survival, 1e-6, 1)))
        return FittedRisk(name, np.zeros(x.shape[1]), same, imputer, prevalence)
    with config_context(**_UNCHECKED):
        model.fit(design[known], at.is_case[known], sample_weight=at.weight[known] * known.sum())
    unused = np.full(data.n_strata, np.nan)
    return FittedRisk(name, np.zeros(x.shape[1]), unused, imputer, prevalence, model)
