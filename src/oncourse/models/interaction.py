"""Does a treatment's effect depend on a marker, or on a number?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from oncourse.models import weighting as w
from oncourse.models.impute import fit_imputer
from oncourse.models.pair import CHANGING, EVENTS_PER_COEFFICIENT, PairData, known_until, p_proportional


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
    changes = p_proportional(fit)
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
    changes = p_proportional(fit)
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
