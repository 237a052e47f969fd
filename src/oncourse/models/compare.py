"""All estimates of one treatment against another on one endpoint, from arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from oncourse.models import weighting as w
from oncourse.models.impute import fit_imputer
from oncourse.models.pair import (
    CHANGING,
    EVENTS_PER_COEFFICIENT,
    POSITIVITY,
    PairData,
    known_until,
    p_proportional,
    pseudo_values_by_arm,
    ratio_of,
)
from oncourse.models.score_terms import ScoreTerms, choose_terms, is_arm
from oncourse.words.lists import first_of

#: Fewest patients per arm and coefficient of the score.
PATIENTS_PER_COEFFICIENT = 2
#: Balance: an absolute standardised difference above this is named (Austin 2009).
IMBALANCE = 0.1
#: Share of patients outside `POSITIVITY`, above which there is no weighted result: most had no choice (half: our
#: choice, no source).
MOST_WITHOUT_CHOICE = 0.5
#: Fewest effective patients of an arm in the overlap.
LEAST_OVERLAP = 10


@dataclass(frozen=True)
class PairRow:
    """One estimate: method, estimate_name, the effect, the days up to which means are restricted (NaN: none), and of a
    milestone the reference's share without the event."""

    method: str
    estimate_name: str
    effect: w.Effect
    horizon: float = float("nan")
    reference: float = float("nan")


@dataclass(frozen=True)
class Balance:
    """One covariate: means of the arms and of those who could have had either, standardised differences before and
    after weighting, patients with a value."""

    name: str
    mean_arm: float
    mean_reference: float
    mean_either: float
    raw: float
    overlap: float
    iptw: float
    n_known: int


@dataclass(frozen=True)
class Pair:
    """Every estimate of one comparison, its balance and what to be careful about.

    p_proportional : test that the unadjusted hazard ratio is the same at all times (small: it is not)
    """

    rows: list[PairRow]
    balance: list[Balance]
    warnings: list[str]
    p_proportional: float = float("nan")
    sizes: dict[str, float] = field(default_factory=dict)


def compare(data: PairData, *, horizon: float, milestone: float) -> Pair:
    """Return unadjusted, adjusted, overlap and inverse-probability weighted hazard ratios and mean differences.

    Restricted means run to `horizon` or, where an arm is not known so long, to the last time of that arm
    (`known_until`). The difference at the `milestone` is left out where an arm is not known so far. Weights come from a
    score whose terms are chosen on balance; where most patients had no choice (`POSITIVITY`), the weighted arms are not
    alike, or overlap leaves fewer than `LEAST_OVERLAP` effective patients in an arm, there is no weighted estimate and
    a warning says so.
    """
    rows: list[PairRow] = []
    warnings: list[str] = []
    values, changes = _unadjusted(data, horizon, milestone, rows, warnings)
    balance: list[Balance] = []
    sizes: dict[str, float] = {}
    varies = np.nanstd(data.x, axis=0) > 0 if data.x.shape[1] else np.zeros(0, dtype=bool)
    if varies.any():
        x, names = data.x[:, varies], tuple(n for n, v in zip(data.names, varies, strict=True) if v)
        covariates = _Covariates(x, fit_imputer(x).fill(x), names)
        chosen = choose_terms(covariates.filled, data.treated, names)
        _adjusted(data, covariates, chosen, rows, warnings)
        balance, sizes = _weighted(data, covariates, chosen, values, rows, warnings)
    return Pair([r for r in rows if np.isfinite(r.effect.value)], balance, warnings, changes, sizes)


@dataclass(frozen=True)
class _Values:
    """Pseudo-values of the restricted mean to `tau` days and of being free of the event at the milestone; NaN where the
    arm is not known so far."""

    means: np.ndarray
    share: np.ndarray
    tau: float
    milestone: float


@dataclass(frozen=True)
class _Covariates:
    """Those that vary: x as recorded (NaN = missing), filled, and their names."""

    x: np.ndarray
    filled: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return self.x.shape[1]


def _unadjusted(
    data: PairData, horizon: float, milestone: float, rows: list[PairRow], warnings: list[str]
) -> tuple[_Values, float]:
    """Add the plain ratio, restricted means and the milestone; also return p of the ratio being the same always."""
    from oncourse.stats.cox import fit_cox

    treated, one = data.treated, np.ones(len(data.time))
    plain = fit_cox(data.time, data.event, treated.astype(float)[:, None], entry=data.late)
    rows.append(PairRow("unadjusted", "hazard_ratio", ratio_of(plain.coef[0], plain.std_err[0], plain.is_infinite[0])))
    changes = p_proportional(plain)
    if changes < CHANGING:
        warnings.append(
            f"the hazard ratio changes with time (p {changes:.2g}): it is no summary; read the restricted means"
        )
    last = min(known_until(data.time[arm], data.event[arm]) for arm in (treated, ~treated))
    tau = min(horizon, last)
    means = pseudo_values_by_arm(data, tau, mean=True)
    share = pseudo_values_by_arm(data, milestone, mean=False) if milestone <= last else np.full(len(one), np.nan)
    if data.late is not None and np.isnan(means).any():
        warnings.append(
            "restricted means and milestones left out: patients enter late and early events meet fewer than "
            f"{w.LEAST_AT_RISK} at risk"
        )
    rows.append(PairRow("rmst", "rmst_difference", w.weighted_contrast(means, treated, one), tau))
    gap, free = w.weighted_contrast(share, treated, one), float(share[~treated].mean())
    rows.append(PairRow("milestone", "milestone_difference", gap, milestone, free))
    return _Values(means, share, tau, milestone), changes


def _adjusted(
    data: PairData, covariates: _Covariates, chosen: ScoreTerms, rows: list[PairRow], warnings: list[str]
) -> None:
    """Add the ratio of a Cox model with the terms of the score, or with the plain covariates where events are few."""
    from oncourse.stats.cox import fit_cox

    events, columns = data.event.sum(), zip(covariates.names, covariates.filled.T, strict=True)
    same = [name for name, column in columns if is_arm(column, data.treated)]
    if same:
        warnings.append(f"no adjusted result: {first_of(same, 3)} cannot be told from the treatment")
    elif events < EVENTS_PER_COEFFICIENT * (len(covariates) + 1):
        warnings.append(f"{int(events)} events are too few to adjust for {len(covariates)} covariates")
    else:
        enough = events >= EVENTS_PER_COEFFICIENT * (chosen.x.shape[1] + 1)
        terms = chosen.x if enough else covariates.filled
        fit = fit_cox(data.time, data.event, np.column_stack([data.treated, terms]), entry=data.late)
        rows.append(PairRow("adjusted", "hazard_ratio", ratio_of(fit.coef[0], fit.std_err[0], fit.is_infinite[0])))


def _weighted(
    data: PairData,
    covariates: _Covariates,
    chosen: ScoreTerms,
    values: _Values,
    rows: list[PairRow],
    warnings: list[str],
) -> tuple[list[Balance], dict[str, float]]:
    """Add the weighted and doubly robust estimates, or why there are none; return balance and effective patients."""
    treated, score = data.treated, chosen.score
    smallest = min(int(treated.sum()), int((~treated).sum()))
    if smallest < PATIENTS_PER_COEFFICIENT * (len(covariates) + 1):
        warnings.append(f"too few patients in an arm for a propensity score of {len(covariates)} covariates")
        return [], {}
    weights = {"overlap": w.overlap_weights(score, treated), "iptw": w.inverse_weights(score, treated)}
    sizes = {
        name: min(w.effective_size(weight[treated]), w.effective_size(weight[~treated]))
        for name, weight in weights.items()
    }
    refused = _refused(chosen, sizes["overlap"])
    if refused:
        warnings.append(refused)
    else:
        usable = _usable(chosen, weights["iptw"], treated)
        rows += _weighted_rows(data, chosen, weights if usable else {"overlap": weights["overlap"]}, values)
    balance = _balance(covariates, treated, weights["overlap"], weights["iptw"])
    warnings += _positivity(score, balance, sizes, smallest)
    return balance, sizes


def _refused(chosen: ScoreTerms, effective: float) -> str:
    """Why there is no weighted estimate; empty where there is."""
    if effective < LEAST_OVERLAP:
        return f"no overlap: {effective:.0f} effective patients in the smaller arm could have had either; no weighted result"
    extreme = _extreme(chosen.score)
    if extreme > MOST_WITHOUT_CHOICE:
        return (
            f"no overlap: {extreme:.0%} of the patients would hardly ever get the other treatment; no weighted result"
        )
    if chosen.unlike:
        return f"the weighted arms are not alike in {', '.join(chosen.unlike[:3])}; no weighted result"
    return ""


def _extreme(score: np.ndarray) -> float:
    """Share of the patients who would hardly ever get the other treatment."""
    return float(np.mean((score < POSITIVITY[0]) | (score > POSITIVITY[1])))


def _usable(chosen: ScoreTerms, inverse: np.ndarray, treated: np.ndarray) -> bool:
    """Whether inverse weights balance every term of the score and rest on more than a quarter of each arm."""
    gap = np.nan_to_num(w.standardised_difference(chosen.x, treated, inverse))
    least = min(w.effective_size(inverse[arm]) / arm.sum() for arm in (treated, ~treated))
    extreme = _extreme(chosen.score)
    return bool(np.abs(gap).max() <= IMBALANCE and least >= 0.25 and extreme <= 0.05)


def _weighted_rows(
    data: PairData, chosen: ScoreTerms, weights: dict[str, np.ndarray], values: _Values
) -> list[PairRow]:
    treated, score = data.treated, chosen.score
    rows = []
    for name, weight in weights.items():
        ratio = w.weighted_hazard_ratio(
            data.time, data.event, treated, weight, entry=data.late, score_x=chosen.x, score=score
        )
        rows.append(PairRow(name, "hazard_ratio", ratio))
        means = w.weighted_contrast(values.means, treated, weight)
        rows.append(PairRow(name, "rmst_difference", means, values.tau))
    for name, each, end in (("rmst", values.means, values.tau), ("milestone", values.share, values.milestone)):
        robust = w.doubly_robust(each, treated, chosen.x, score)
        mean = float(np.average(each[~treated], weights=weights["overlap"][~treated]))
        rows.append(PairRow("doubly_robust", f"{name}_difference", robust, end, mean))
    return rows


def as_treated(pair: Pair, data: PairData, switch: np.ndarray) -> None:
    """Add to the pair the hazard ratio with patients censored on the day they cross over to the other treatment.

    switch : (n,) days from the line's start to the other arm's drugs, NaN = never; nothing is added where nobody does
    """
    from oncourse.stats.cox import fit_cox

    crosses = switch < data.time
    if not crosses.any():
        return
    time = np.where(crosses, switch, data.time)
    kept = time > data.entry
    event = data.event & ~crosses
    both = [event[kept & arm].any() for arm in (data.treated, ~data.treated)]
    if not all(both):
        return
    late = None if data.late is None else data.entry[kept]
    fit = fit_cox(time[kept], event[kept], data.treated[kept].astype(float)[:, None], entry=late)
    found = ratio_of(fit.coef[0], fit.std_err[0], fit.is_infinite[0])
    if np.isfinite(found.value):
        pair.rows.insert(1, PairRow("as_treated", "hazard_ratio", found))


def _balance(covariates: _Covariates, treated: np.ndarray, overlap: np.ndarray, inverse: np.ndarray) -> list[Balance]:
    x, known = covariates.filled, (~np.isnan(covariates.x)).sum(axis=0)
    raw, after_overlap, after_iptw = (
        w.standardised_difference(x, treated, weights) for weights in (None, overlap, inverse)
    )
    either = np.average(x, axis=0, weights=overlap)  # 1 - e and e of both arms: e (1 - e) of everybody
    return [
        Balance(
            name,
            float(x[treated, j].mean()),
            float(x[~treated, j].mean()),
            float(either[j]),
            float(raw[j]),
            float(after_overlap[j]),
            float(after_iptw[j]),
            int(known[j]),
        )
        for j, name in enumerate(covariates.names)
    ]


def _positivity(score: np.ndarray, balance: list[Balance], sizes: dict[str, float], smallest: int) -> list[str]:
    out = []
    extreme = _extreme(score)
    worst = max((b for b in balance if np.isfinite(b.iptw)), key=lambda b: abs(b.iptw), default=None)
    failed = worst is not None and abs(worst.iptw) > IMBALANCE
    if extreme > 0.05 or sizes["iptw"] < 0.25 * smallest or (failed and worst and abs(worst.iptw) > 0.25):
        text = (
            f"positivity fails: {extreme:.0%} of the patients would hardly ever get the other treatment; inverse "
            f"weighting "
            f"leaves {sizes['iptw']:.0f} effective patients in the smaller arm"
        )
        if failed and worst is not None:
            text += f" and {worst.name} unbalanced (standardised difference {worst.iptw:.2f})"
        out.append(
            text
            + (
                ""
                if extreme > MOST_WITHOUT_CHOICE
                else "; overlap weights answer for the patients who could have had either"
            )
        )
    elif failed and worst is not None:
        out.append(f"inverse weighting leaves {worst.name} unbalanced (standardised difference {worst.iptw:.2f})")
    return out
