"""All estimates of one treatment against another on one endpoint, from arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from oncourse.models import weighting as w
from oncourse.models.impute import fit_imputer
from oncourse.models.score_terms import ScoreTerms, choose_terms, is_arm

if TYPE_CHECKING:
    from oncourse.stats.cox import CoxFit

#: Fewest events per coefficient of the adjusted model, patients per arm and coefficient of the score.
EVENTS_PER_COEFFICIENT, PATIENTS_PER_COEFFICIENT = 5, 2
#: Balance: an absolute standardised difference above this is named (Austin 2009).
IMBALANCE = 0.1
#: Scores outside these mark patients who would hardly ever get the other treatment.
POSITIVITY = (0.05, 0.95)
#: Share of patients outside, above which there is no weighted result: most had no choice (half: our choice, no source).
MOST_WITHOUT_CHOICE = 0.5
#: Fewest effective patients of an arm in the overlap; p below which the hazard ratio changes with time; events to ask
#: it.
LEAST_OVERLAP, CHANGING, FEWEST_EVENTS_TO_TEST = 10, 0.05, 10
POLICY_PATIENTS, POLICY_EVENTS, POLICY_FOLDS = 200, 60, 5


@dataclass(frozen=True)
class PairData:
    """One comparison: rows are patients on either treatment.

    time, event, entry : (n,), risk set (entry, time]; treated : (n,) bool; x : (n, p) NaN = missing; names : p
    """

    time: np.ndarray
    event: np.ndarray
    entry: np.ndarray
    treated: np.ndarray
    x: np.ndarray
    names: tuple[str, ...]

    @property
    def late(self) -> np.ndarray | None:
        """Entry times, None where nobody entered late."""
        return self.entry if (self.entry > 0).any() else None


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
    from oncourse.stats.cox import fit_cox

    time, event, treated, late = data.time, data.event, data.treated, data.late
    arm = treated.astype(float)[:, None]
    rows, warnings = [], []
    plain = fit_cox(time, event, arm, entry=late)
    rows.append(PairRow("unadjusted", "hazard_ratio", _ratio(plain.coef[0], plain.std_err[0], plain.is_infinite[0])))
    last = min(known_until(time[arms], event[arms]) for arms in (treated, ~treated))
    changes = _p_proportional(plain)
    if changes < CHANGING:
        warnings.append(
            f"the hazard ratio changes with time (p {changes:.2g}): it is no summary; read the restricted means"
        )
    tau = min(horizon, last)
    means = _pseudo(data, tau, mean=True)
    share = _pseudo(data, milestone, mean=False) if milestone <= last else np.full(len(time), np.nan)
    if late is not None and np.isnan(means).any():
        warnings.append(
            "restricted means and milestones left out: patients enter late and early events meet fewer than "
            f"{w.LEAST_AT_RISK} at risk"
        )
    one = np.ones(len(time))
    rows.append(PairRow("rmst", "rmst_difference", w.weighted_contrast(means, treated, one), tau))
    gap, alive = w.weighted_contrast(share, treated, one), float(share[~treated].mean())
    rows.append(PairRow("milestone", "milestone_difference", gap, milestone, alive))
    x = data.x[:, np.nanstd(data.x, axis=0) > 0] if data.x.shape[1] else data.x
    names = [n for n, s in zip(data.names, np.nanstd(data.x, axis=0), strict=True) if s > 0] if data.x.shape[1] else []
    balance: list[Balance] = []
    sizes: dict[str, float] = {}
    if x.shape[1]:
        known = (~np.isnan(x)).sum(axis=0)
        filled = fit_imputer(x).fill(x)
        p = x.shape[1]
        same = [name for name, column in zip(names, filled.T, strict=True) if is_arm(column, treated)]
        chosen = choose_terms(filled, treated, tuple(names))
        if same:
            warnings.append(f"no adjusted result: {', '.join(same[:3])} cannot be told from the treatment")
        elif event.sum() >= EVENTS_PER_COEFFICIENT * (p + 1):
            terms = chosen.x
            if event.sum() < EVENTS_PER_COEFFICIENT * (terms.shape[1] + 1):
                terms = filled
            fit = fit_cox(time, event, np.column_stack([arm, terms]), entry=late)
            adjusted = _ratio(fit.coef[0], fit.std_err[0], fit.is_infinite[0])
            rows.append(PairRow("adjusted", "hazard_ratio", adjusted))
        else:
            warnings.append(f"{int(event.sum())} events are too few to adjust for {p} covariates")
        if min(treated.sum(), (~treated).sum()) >= PATIENTS_PER_COEFFICIENT * (p + 1):
            score = chosen.score
            overlap, inverse = w.overlap_weights(score, treated), w.inverse_weights(score, treated)
            for name, weights in (("overlap", overlap), ("iptw", inverse)):
                sizes[name] = min(w.effective_size(weights[treated]), w.effective_size(weights[~treated]))
            refused = _refused(chosen, sizes["overlap"])
            if refused:
                warnings.append(refused)
            else:
                kinds = {"overlap": overlap} | ({"iptw": inverse} if _usable(chosen, inverse, treated) else {})
                rows += _weighted_rows(data, chosen, kinds, means, share, (tau, milestone))
            balance = _balance(filled, treated, overlap, inverse, names, known)
            warnings += _positivity(score, balance, sizes, min(int(treated.sum()), int((~treated).sum())))
        else:
            warnings.append(f"too few patients in an arm for a propensity score of {p} covariates")
    return Pair([r for r in rows if np.isfinite(r.effect.value)], balance, warnings, changes, sizes)


def known_until(time: np.ndarray, event: np.ndarray) -> float:
    """Return the time up to which an arm's survival is known: for ever where its curve has reached 0.

    >>> (known_until(np.array([1.0, 3.0]), np.array([True, True])), known_until(np.array([1.0, 3.0]), np.array([True,
    ... False])))
    (inf, 3.0)
    """
    last = float(time.max())
    return float("inf") if event[time == last].all() else last


def _p_proportional(fit: CoxFit) -> float:
    from oncourse.stats.zph import proportional_hazards

    if not np.isfinite(fit.coef[0]) or fit.is_infinite[0] or fit.data.event.sum() < FEWEST_EVENTS_TO_TEST:
        return float("nan")
    return float(proportional_hazards(fit, terms={"first": [0]}).terms["first"].p_value)


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
    data: PairData,
    chosen: ScoreTerms,
    weights: dict[str, np.ndarray],
    means: np.ndarray,
    share: np.ndarray,
    until: tuple[float, float],
) -> list[PairRow]:
    tau, milestone = until
    treated, score = data.treated, chosen.score
    rows = []
    for name, weight in weights.items():
        ratio = w.weighted_hazard_ratio(
            data.time, data.event, treated, weight, entry=data.late, score_x=chosen.x, score=score
        )
        rows.append(PairRow(name, "hazard_ratio", ratio))
        rows.append(PairRow(name, "rmst_difference", w.weighted_contrast(means, treated, weight), tau))
    for name, values, end in (("rmst", means, tau), ("milestone", share, milestone)):
        robust = w.doubly_robust(values, treated, chosen.x, score)
        mean = float(np.average(values[~treated], weights=weights["overlap"][~treated]))
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
    found = _ratio(fit.coef[0], fit.std_err[0], fit.is_infinite[0])
    if np.isfinite(found.value):
        pair.rows.insert(1, PairRow("as_treated", "hazard_ratio", found))


def _ratio(coef: float, std_err: float, infinite: bool) -> w.Effect:
    """Hazard ratio with its Wald interval; not estimable where an arm has no event (the coefficient runs off)."""
    return w.effect(float("nan") if infinite else float(coef), float(std_err), is_log=True)


def _pseudo(data: PairData, horizon: float, *, mean: bool) -> np.ndarray:
    """Pseudo-values within each arm, so that censoring may differ between them."""
    out = np.full(len(data.time), np.nan)
    for arm in (data.treated, ~data.treated):
        late = None if data.late is None else data.entry[arm]
        out[arm] = w.pseudo_values(data.time[arm], data.event[arm], horizon, entry=late, mean=mean)
    return out


def _balance(
    x: np.ndarray,
    treated: np.ndarray,
    overlap: np.ndarray,
    inverse: np.ndarray,
    names: list[str],
    known: np.ndarray,
) -> list[Balance]:
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
        for j, name in enumerate(names)
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


@dataclass(frozen=True)
class Interaction:
    """Does the treatment's effect depend on the marker?

    ratio : hazard ratio of the treatment in carriers over that in non-carriers; in_positive, in_negative : the two
    hazard ratios, NaN where the treatment's own effect cannot be told from other columns; prognostic : hazard ratio of
    the marker under the reference; mean_difference : difference of the differences of restricted means (days);
    p_proportional : test that the ratio is the same at all times.
    """

    n: int
    ratio: w.Effect
    in_positive: float
    in_negative: float
    prognostic: float
    mean_difference: w.Effect
    cells: dict[str, int]
    note: str = ""
    p_proportional: float = float("nan")


def interaction(
    data: PairData,
    marker: np.ndarray,
    patient: np.ndarray,
    strata: np.ndarray,
    *,
    horizon: float,
    min_cell: int,
    min_events: int = 2,
) -> Interaction:
    """Test marker x treatment in one Cox model, stratified by line (`strata`, numbers) and clustered by patient.

    Where no line holds both treatments the line's number is a covariate instead, and the note says so.

    Interval and p-value rest on the variance clustered by patient with Fay and Graubard's correction for small samples:
    neither a changing hazard ratio nor a patient's several lines is taken for more information than there is. With
    fewer than `min_cell` patients or `min_events` events in a cell there is no ratio and the note says so; the
    treatment's hazard ratio among carriers or among the others is given where both treatments have enough there.
    """
    from oncourse.stats.cox import fit_cox
    from oncourse.stats.sandwich import small_sample_variance

    treated, positive = data.treated, marker == 1
    cells: dict[str, int] = {}
    few: dict[str, str] = {}
    for name, inside in (
        ("arm_positive", treated & positive),
        ("arm_negative", treated & ~positive),
        ("reference_positive", ~treated & positive),
        ("reference_negative", ~treated & ~positive),
    ):
        cells[name] = int(inside.sum())
        if inside.sum() < min_cell or data.event[inside].sum() < min_events:
            events = int(data.event[inside].sum())
            few[name] = f"{name.replace('_', ' ')}: {int(inside.sum())} lines, {events} events"
    nothing = w.effect(float("nan"), float("nan"))
    n = len(treated)
    if few:
        why, alone = "too few: " + "; ".join(few.values()), {}
        for kind, inside in (("positive", positive), ("negative", ~positive)):
            alone[kind] = float("nan")
            if not any(name.endswith(kind) for name in few):
                one = _treatment_within(data, inside, patient, strata)
                alone[kind] = one.value
                if np.isfinite(one.value):
                    who = "carriers" if kind == "positive" else "non-carriers"
                    why += f"; among {who} alone the hazard ratio of the treatment is {one.value:.2f} "
                    why += f"({one.ci_low:.2f}-{one.ci_high:.2f})"
        return Interaction(n, nothing, alone["positive"], alone["negative"], np.nan, nothing, cells, why)
    x = np.column_stack([treated * positive, treated, positive]).astype(float)
    p = data.x.shape[1]
    note = ""
    if p and data.event.sum() >= EVENTS_PER_COEFFICIENT * (p + 3):
        filled = fit_imputer(data.x).fill(data.x)
        x = np.column_stack([x, filled[:, filled.std(axis=0) > 0]])
        note = "adjusted"
    mixed = [np.ptp(treated[strata == s].astype(int)) > 0 for s in np.unique(strata)]
    if not any(mixed):
        # No line holds both treatments: within lines their effect cannot be told from the line's.
        x = np.column_stack([x, strata.astype(float)]) if np.ptp(strata) > 0 else x
        note = "; ".join(filter(None, [note, "no line holds both treatments: the line's number is a covariate"]))
        strata = np.zeros(n)
    fit = fit_cox(data.time, data.event, x, entry=data.late, strata=strata)
    told = np.isfinite(fit.coef[:3]) & ~fit.is_infinite[:3]
    if not told[0]:
        return Interaction(n, nothing, np.nan, np.nan, np.nan, nothing, cells, "the model did not converge")
    if not told[1]:
        untold = "the treatment's own effect cannot be told from earlier treatment and line"
        note = "; ".join(filter(None, [note, untold]))
    main = np.where(told, fit.coef[:3], np.nan)
    spread = float(np.sqrt(small_sample_variance(fit, patient)[0, 0]))
    ratio = w.effect(float(fit.coef[0]), spread, is_log=True)
    changes = _p_proportional(fit)
    if changes < CHANGING:
        note = "; ".join(filter(None, [note, f"the ratio changes with time (p {changes:.2g}): read the means"]))
    means = _mean_interaction(data, positive, patient, horizon)
    if data.late is not None and np.isnan(means.value):
        few_early = f"no restricted means: early events meet fewer than {w.LEAST_AT_RISK} at risk in a cell"
        note = "; ".join(filter(None, [note, few_early]))
    return Interaction(
        n,
        ratio,
        float(np.exp(main[0] + main[1])),
        float(np.exp(main[1])),
        float(np.exp(main[2])),
        means,
        cells,
        note,
        changes,
    )


@dataclass(frozen=True)
class NumberInteraction:
    """Does the treatment's effect depend on a number?

    ratio : factor of the treatment's hazard ratio per standard deviation; at_mean, above : that hazard ratio at the
    mean and one standard deviation above it; note : why there is none, or what to know of it.
    """

    ratio: w.Effect
    at_mean: float
    above: float
    note: str = ""


def number_interaction(
    data: PairData, value: np.ndarray, patient: np.ndarray, *, min_cell: int, min_events: int = 2
) -> NumberInteraction:
    """Test number x treatment in one Cox model, linear in the number (in standard deviations), clustered by patient.

    Cutting the number at its median would throw away much of what it tells (Royston, Altman, Sauerbrei. Stat Med 2006;
    25:127). The variance has Fay and Graubard's correction, as in `interaction`.
    """
    from oncourse.stats.cox import fit_cox
    from oncourse.stats.sandwich import small_sample_variance

    nothing = NumberInteraction(w.effect(float("nan"), float("nan")), np.nan, np.nan)
    for side in (data.treated, ~data.treated):
        if side.sum() < 2 * min_cell or data.event[side].sum() < 2 * min_events:
            events = int(data.event[side].sum())
            return replace(nothing, note=f"too few: {int(side.sum())} patients, {events} events in a group")
    z = (value - value.mean()) / value.std(ddof=1)
    fit = fit_cox(data.time, data.event, np.column_stack([data.treated * z, data.treated, z]), entry=data.late)
    if not np.isfinite(fit.coef).all() or fit.is_infinite.any():
        return replace(nothing, note="the model did not converge")
    spread = float(np.sqrt(small_sample_variance(fit, patient)[0, 0]))
    changes = _p_proportional(fit)
    note = f"the ratio changes with time (p {changes:.2g})" if changes < CHANGING else ""
    ratio = w.effect(float(fit.coef[0]), spread, is_log=True)
    return NumberInteraction(ratio, float(np.exp(fit.coef[1])), float(np.exp(fit.coef[0] + fit.coef[1])), note)


def _treatment_within(data: PairData, inside: np.ndarray, patient: np.ndarray, strata: np.ndarray) -> w.Effect:
    """Hazard ratio of the treatment among the marked rows: by line, clustered by patient, adjusted where events
    allow."""
    from oncourse.stats.cox import fit_cox
    from oncourse.stats.sandwich import small_sample_variance

    x = data.treated[inside].astype(float)[:, None]
    p = data.x.shape[1]
    if p and data.event[inside].sum() >= EVENTS_PER_COEFFICIENT * (p + 1):
        filled = fit_imputer(data.x).fill(data.x)[inside]
        x = np.column_stack([x, filled[:, filled.std(axis=0) > 0]])
    late = None if data.late is None else data.entry[inside]
    fit = fit_cox(data.time[inside], data.event[inside], x, entry=late, strata=strata[inside])
    if fit.is_infinite[0] or not np.isfinite(fit.coef[0]):
        return w.effect(float("nan"), float("nan"))
    spread = float(np.sqrt(small_sample_variance(fit, patient[inside])[0, 0]))
    return w.effect(float(fit.coef[0]), spread, is_log=True)


def _mean_interaction(data: PairData, positive: np.ndarray, patient: np.ndarray, horizon: float) -> w.Effect:
    """Difference of the differences in restricted means, carriers v others, by Welch's t: some cells are small."""
    gap, influence = 0.0, np.zeros(len(positive))
    groups = [
        (data.treated & positive, 1.0),
        (~data.treated & positive, -1.0),
        (data.treated & ~positive, -1.0),
        (~data.treated & ~positive, 1.0),
    ]
    tau = min([horizon, *(known_until(data.time[g], data.event[g]) for g, _ in groups)])
    parts = []
    for inside, sign in groups:
        late = None if data.late is None else data.entry[inside]
        values = w.pseudo_values(data.time[inside], data.event[inside], tau, entry=late)
        size = max(int(inside.sum()), 2)
        gap += sign * float(values.mean())
        influence[inside] = sign * (values - values.mean()) / np.sqrt(size * (size - 1.0))
        parts.append((float(np.sum(influence[inside] ** 2)), size - 1))
    below = sum(v**2 / d for v, d in parts)
    df = sum(v for v, _ in parts) ** 2 / below if below > 0 else np.nan
    return w.effect(gap, float(np.sqrt(w._sum_of_squares(influence, patient))), df=df)


@dataclass(frozen=True)
class Policy:
    """Gain of choosing the treatment by patient over giving everyone the better one; `withheld` says why there is
    none."""

    gain: w.Effect
    share_treated: float
    withheld: str = ""


def policy(data: PairData, *, horizon: float, rng: np.random.Generator) -> Policy:
    """Return the honest gain in restricted mean time of a policy learned on other patients (cross-fitted).

    Doubly robust scores of each patient's gain (Robins & Rotnitzky 1995; Athey & Wager 2021), a ridge regression of the
    score on the covariates in four fifths of the patients, its sign as the rule for the last fifth. The scores of
    a fold come from models of the other folds. Withheld with fewer than `POLICY_PATIENTS` patients or
    `POLICY_EVENTS` events.
    """
    none = w.effect(float("nan"), float("nan"))
    n, events = len(data.time), int(data.event.sum())
    if data.x.shape[1] == 0:
        return Policy(none, float("nan"), "no covariates to choose by")
    if n < POLICY_PATIENTS or events < POLICY_EVENTS:
        return Policy(
            none,
            float("nan"),
            f"{n} patients and {events} events are too few (at least {POLICY_PATIENTS} and {POLICY_EVENTS})",
        )
    x = fit_imputer(data.x).fill(data.x)
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    score = w.propensity(x, data.treated)
    if np.mean((score < POSITIVITY[0]) | (score > POSITIVITY[1])) > 0.05:
        return Policy(none, float("nan"), "positivity fails: no like patients on the other treatment")
    arms = data.treated, ~data.treated
    tau = min([horizon, *(known_until(data.time[arm], data.event[arm]) for arm in arms)])
    values = _pseudo(data, tau, mean=True)
    if np.isnan(values).any():
        return Policy(none, float("nan"), "patients enter late: too few at risk at the early events")
    fold = np.empty(n, dtype=np.int64)
    for arm in (data.treated, ~data.treated):
        fold[arm] = rng.permutation(np.arange(arm.sum()) % POLICY_FOLDS)
    scores = np.empty(n)
    for k in range(POLICY_FOLDS):
        train, test = fold != k, fold == k
        scores[test] = _robust_scores(values, data.treated, x, train, test)
    gain, chosen = np.empty(n), np.zeros(n, dtype=bool)
    design = np.column_stack([np.ones(n), x])
    for k in range(POLICY_FOLDS):
        train, test = fold != k, fold == k
        a = design[train]
        ridge = np.eye(design.shape[1]) * 0.1 * train.sum()
        ridge[0, 0] = 0.0
        beta = np.linalg.solve(a.T @ a + ridge, a.T @ scores[train])
        chosen[test] = design[test] @ beta > 0
        everyone = scores[train].mean() > 0
        gain[test] = scores[test] * (chosen[test].astype(float) - float(everyone))
    return Policy(w.effect(float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(n))), float(chosen.mean()))


def _robust_scores(
    values: np.ndarray, treated: np.ndarray, x: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    from oncourse.models.weighting import propensity_model

    predict = propensity_model(x[train], treated[train])
    e = np.clip(predict(x[test]), *POSITIVITY)
    design = np.column_stack([np.ones(len(x)), x])
    m = []
    for arm in (~treated, treated):
        rows = train & arm
        beta = np.linalg.lstsq(design[rows], values[rows], rcond=None)[0]
        m.append(design[test] @ beta)
    t, v = treated[test], values[test]
    return m[1] - m[0] + np.where(t, (v - m[1]) / e, -(v - m[0]) / (1 - e))
