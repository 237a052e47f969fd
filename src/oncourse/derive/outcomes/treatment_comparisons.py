"""Every two treatments of a line compared on every endpoint: hazard ratios, means, balance, and who should get
which."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.derive.outcomes.arms import AS_WRITTEN, arms_of
from oncourse.derive.outcomes.choice import Apart, Choice, apart, could_have_had_either, not_known
from oncourse.derive.outcomes.groups import is_control
from oncourse.derive.outcomes.treatment_pairs import pair_data, unused_covariates
from oncourse.disease import Hypothesis
from oncourse.study.model import Study
from oncourse.words.numbers import finite_float

if TYPE_CHECKING:
    from oncourse.models.compare import Pair, PairRow
    from oncourse.models.pair import PairData


@dataclass(frozen=True)
class PairRules:
    """Days: end of the restricted means, milestone, landmark. Fewest patients of an arm and events of a pair, most
    arms; findings named beforehand as deciding on a class of drugs."""

    horizon_days: float
    milestone_days: float
    landmark_days: int
    min_arm: int
    min_events: int
    max_arms: int
    new_drugs: tuple[str, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()


@dataclass(frozen=True)
class Comparisons:
    """Rows of the tables treatment/comparison, balance, policy and tipping; pairs that may be one treatment, with the
    reason; and per comparison (endpoint, line, arm, reference) the covariates that were not used, each with the
    reason, who could have had either (those left too few are `refused`), and the findings that decide between them
    and are not known."""

    comparison: list[dict[str, Any]]
    balance: list[dict[str, Any]]
    policy: list[dict[str, Any]]
    withheld: dict[tuple[str, str], str]
    tipping: list[dict[str, Any]] = field(default_factory=list)
    unused: dict[tuple[str, int, str, str], list[str]] = field(default_factory=dict)
    choices: dict[tuple[str, int, str, str], Choice] = field(default_factory=dict)
    refused: dict[tuple[str, int, str, str], Choice] = field(default_factory=dict)
    open_findings: dict[tuple[str, int, str, str], list[str]] = field(default_factory=dict)


def line_covariates(study: Study, table: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Return unit and one column per model column as known at the line's start, NaN or null where not known.

    names : covariates; empty: the study's, ("none",): none at all. Earlier drug classes are added but for "none".
    """
    from oncourse.derive.outcomes.covariates import chosen_covariates, covariates_at, encode
    from oncourse.derive.outcomes.treatment_units import prior_classes

    chosen = chosen_covariates(study, names)
    values = covariates_at(study, table.select("unit", "patient_id", "zero_day"), chosen).sort("unit")
    matrix, columns = encode(values, chosen)
    frame = values.select("unit").hstack(
        [pl.Series(c.name, matrix[:, j], dtype=pl.Float64) for j, c in enumerate(columns)]
    )
    if names != ("none",):
        frame = frame.join(prior_classes(table), on="unit", how="left", maintain_order="left")
    return frame


def compare_lines(rows: pl.DataFrame, table: pl.DataFrame, x: pl.DataFrame, seed: int, rules: PairRules) -> Comparisons:
    """Compare every two frequent arms of a line on every endpoint.

    The reference is the control (placebo, observation, steroids alone: `is_control`), else the more frequent arm. Where
    a finding decides which is given, those are compared who could have had either (`oncourse.derive.outcomes.choice`).

    rows : a row per unit and endpoint (time_days, is_event, entry_days, line, arm, patient_id); table : the lines of
    `treatment_units.units`; x : covariates by unit. Pairs with fewer than `min_events` events are left out.
    """
    from oncourse.derive.outcomes.treatment_units import crossover, switch_days
    from oncourse.models.compare import as_treated, compare
    from oncourse.models.policy import policy
    from oncourse.stats.rng import generator

    found = Comparisons([], [], [], {})
    held = arms_of(table, rules.new_drugs)
    named = table.explode("classes", empty_as_null=True).drop_nulls("classes").group_by("arm").agg("classes")
    classes = {arm: frozenset(of) for arm, of in named.select("arm", "classes").iter_rows()}
    for (endpoint, line), part in sorted(rows.group_by("endpoint", "line"), key=lambda item: _key(item[0])):
        counts = sorted(part["arm"].value_counts().iter_rows(), key=lambda r: (-r[1], r[0]))
        arms = [a for a, n in counts if n >= rules.min_arm][: rules.max_arms]
        arms.sort(key=lambda a: not is_control(a))
        for reference, arm in combinations(arms, 2):
            unclear = held.unclear(arm, reference)
            if unclear not in ("", AS_WRITTEN):
                found.withheld[arm, reference] = unclear
                continue
            key = (str(endpoint), int(line), arm, reference)
            inside = part.filter(pl.col("arm").is_in([arm, reference])).sort("patient_id")
            given = (x, [classes.get(a, frozenset()) for a in (arm, reference)], rules.hypotheses)
            choice = could_have_had_either(inside, inside["arm"] == arm, *given)
            inside = inside.filter(pl.col("unit").is_in(list(choice.units)))
            treated = inside["arm"] == arm
            if min(int(treated.sum()), int((~treated).sum())) < rules.min_arm:
                found.refused[key] = choice
                continue
            data = pair_data(inside, treated, x)
            if data.event.sum() < rules.min_events:
                continue
            if choice.n_out:
                found.choices[key] = choice
            if open_findings := not_known(inside, treated, *given):
                found.open_findings[key] = open_findings
            pair = compare(
                data,
                horizon=rules.horizon_days,
                milestone=rules.milestone_days,
            )
            if unclear:
                pair.warnings.append(
                    f"{arm} and {reference} are two drugs because they are written so: neither is known"
                )
            head = {"endpoint": endpoint, "line": line, "arm": arm, "reference": reference}
            later = crossover(
                table.filter(pl.col("patient_id").is_in(inside["patient_id"].implode())), arm, reference, line
            )
            switch = switch_days(
                table, inside["unit"], pl.Series([reference if t else arm for t in treated], dtype=pl.String)
            )
            as_treated(pair, data, (switch - rules.landmark_days).to_numpy())
            found.comparison.extend(_comparison_rows(head, pair, data, later))
            found.tipping.extend(_tipping_rows(head, pair))
            unused = unused_covariates(inside, treated, x)
            if unused:
                found.unused[key] = unused
            if not pair.balance:
                found.balance.extend(_apart_row(head, a) for a in apart(inside, treated, *given))
            found.balance.extend(
                {
                    **head,
                    "covariate": b.name,
                    "mean_arm": b.mean_arm,
                    "mean_reference": b.mean_reference,
                    "mean_either": b.mean_either if any(r.method == "overlap" for r in pair.rows) else None,
                    "smd": finite_float(b.raw),
                    "smd_overlap": finite_float(b.overlap),
                    "smd_iptw": finite_float(b.iptw),
                    "n_known": b.n_known,
                }
                for b in pair.balance
            )
            rng = generator(seed, f"treatment policy {endpoint} {line} {arm} {reference}")
            rule = policy(data, horizon=rules.horizon_days, rng=rng)
            found.policy.append(
                {
                    **head,
                    "gain_days": finite_float(rule.gain.value),
                    "ci_low": finite_float(rule.gain.ci_low),
                    "ci_high": finite_float(rule.gain.ci_high),
                    "share_arm": finite_float(rule.share_treated),
                    "withheld": rule.withheld or None,
                }
            )
    return found


def _apart_row(head: dict[str, Any], found: Apart) -> dict[str, Any]:
    """A row of the balance table without weights."""
    return {
        **head,
        "covariate": found.column,
        "mean_arm": found.in_arm,
        "mean_reference": found.in_reference,
        "mean_either": None,
        "smd": finite_float(found.difference),
        "smd_overlap": None,
        "smd_iptw": None,
        "n_known": found.n_known,
    }


def _comparison_rows(head: dict[str, Any], pair: Pair, data: PairData, later: tuple[int, int]) -> list[dict[str, Any]]:
    out = []
    for row in pair.rows:
        e = row.effect
        hidden, hidden_limit = _e_values(row)
        out.append(
            {
                **head,
                "method": row.method,
                "n_arm": int(data.treated.sum()),
                "n_reference": int((~data.treated).sum()),
                "n_event_arm": int(data.event[data.treated].sum()),
                "n_event_reference": int(data.event[~data.treated].sum()),
                "estimate_name": row.estimate_name,
                "estimate": e.value,
                "ci_low": e.ci_low,
                "ci_high": e.ci_high,
                "p_value": e.p_value,
                "n_effective": finite_float(pair.sizes.get(row.method)),
                "horizon_days": finite_float(row.horizon),
                "e_value": hidden,
                "e_value_limit": hidden_limit,
                "p_proportional": finite_float(pair.p_proportional),
                "later_reference": later[0],
                "later_arm": later[1],
                "warning": "; ".join(pair.warnings) or None,
            }
        )
    return out


def _e_values(row: PairRow) -> tuple[float | None, float | None]:
    """E-value of a hazard ratio or of a difference at a milestone, and of its limit nearer to no effect (1: it holds
    none)."""
    from oncourse.models.weighting import e_value, e_value_of_shares

    e = row.effect
    if row.estimate_name == "hazard_ratio":
        none, of = 1.0, e_value
    elif row.estimate_name == "milestone_difference":
        none, of = 0.0, partial(e_value_of_shares, row.reference)
    else:
        return None, None
    near = e.ci_low if e.value > none else e.ci_high
    return finite_float(of(e.value)), 1.0 if e.ci_low <= none <= e.ci_high else finite_float(of(near))


#: Risk ratios of a hidden factor with treatment and outcome in the tipping-point table.
HIDDEN = (1.2, 1.5, 2.0, 3.0, 5.0)


def _tipping_rows(head: dict[str, Any], pair: Pair) -> list[dict[str, Any]]:
    """What a hidden factor of each strength would at most leave of the hazard ratio that the page says.

    The weighted ratio, else the unadjusted one; moved towards 1 by the bias factor of Ding & VanderWeele (2016), and
    the limit nearer to 1 with it.
    """
    from oncourse.models.weighting import bias_factor

    rows = {r.method: r for r in pair.rows if r.estimate_name == "hazard_ratio"}
    row = rows.get("overlap") or rows.get("unadjusted")
    if row is None:
        return []
    value, low, high = row.effect.value, row.effect.ci_low, row.effect.ci_high
    out = []
    for with_treatment in HIDDEN:
        for with_outcome in HIDDEN:
            factor = bias_factor(with_treatment, with_outcome)
            left = value / factor if value > 1 else value * factor
            limit = low / factor if value > 1 else high * factor
            turned = (left - 1) * (value - 1) <= 0
            holds = low <= 1 <= high or (limit - 1) * (value - 1) <= 0
            word = (
                "the effect is gone or turned" if turned else "the interval holds 1" if holds else "an effect is left"
            )
            out.append(
                {
                    **head,
                    "method": row.method,
                    "with_treatment": with_treatment,
                    "with_outcome": with_outcome,
                    "bias_factor": factor,
                    "estimate": left,
                    "limit": limit,
                    "left": word,
                }
            )
    return out


def _key(values: tuple[Any, ...]) -> tuple[str, int]:
    return str(values[0]), int(values[1])
