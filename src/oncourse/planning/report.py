"""The numbers of a survival plan, and their words."""

from __future__ import annotations

import math
from typing import Any

from oncourse.errors import ConfigError
from oncourse.planning.survival import (
    SurvivalDesign,
    event_probability,
    interaction_patients,
    landmark_half_width,
    landmark_patients,
    mean_time_at_risk,
    power_of,
    schoenfeld_events,
    simulate_landmark,
    simulate_power,
)


def survival_numbers(
    design: SurvivalDesign,
    *,
    patients: int | None = None,
    precision: float | None = None,
    parameters: int | None = None,
    r2: float = 0.1,
    simulate: int = 0,
    seed: int = 1,
) -> dict[str, Any]:
    """Return what the design needs: events, patients, power; a null is not asked for or not estimable."""
    alpha = design.alpha / design.tests
    probability = event_probability(design)
    if design.interaction_ratio is None:
        events = schoenfeld_events(design.hazard_ratio, design.share_altered, alpha=alpha, power=design.power)
        needed = math.ceil(events / probability)
    else:
        needed = interaction_patients(design)
        events = math.ceil(needed * probability)
    n = patients or needed
    out: dict[str, Any] = {
        "alpha_per_test": alpha,
        "events_needed": events,
        "event_probability": probability,
        "patients_needed": needed,
        "patients": n,
        "expected_events": n * probability,
        "power": power_of(design, n),
        "half_width_24m": _known(landmark_half_width(design, n)),
    }
    if precision is not None:
        if not 0 < precision < 0.5:
            raise ConfigError(f"precision: {precision:g} must lie between 0 and 0.5")
        out["patients_for_precision"] = landmark_patients(design, precision)
    if parameters is not None:
        out["prediction"] = _prediction(design, parameters, r2)
    if simulate:
        result = simulate_power(design, n, replicates=simulate, seed=seed)
        out["simulated"] = {
            "power": result.power,
            "ci_low": result.ci_low,
            "ci_high": result.ci_high,
            "mean_events": result.mean_events,
            "mean_ratio": _known(math.exp(result.mean_log_ratio)),
            "replicates": result.replicates,
        }
        wide = simulate_landmark(design, out.get("patients_for_precision", n), replicates=simulate, seed=seed)
        out["simulated_24m"] = {
            "patients": out.get("patients_for_precision", n),
            "half_width": _known(wide.half_width),
            "coverage": _known(wide.coverage),
            "known": wide.known,
            "replicates": wide.replicates,
        }
    return out


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _prediction(design: SurvivalDesign, parameters: int, r2: float) -> dict[str, Any]:
    """Riley's criteria 1 and 2, and 3: the overall risk within 5 percentage points (exponential)."""
    from oncourse.models.adequacy import sample_size

    if not 0 < r2 < 1:
        raise ConfigError(f"r2: {r2:g} must lie between 0 and 1")
    follow_up = mean_time_at_risk(design) / 12
    yearly = event_probability(design) / follow_up
    result = sample_size(parameters=parameters, r2=r2, event_rate=yearly, mean_follow_up=follow_up)
    # criterion 3: the rate's interval (Poisson), carried to the 2-year risk, ends at most 5 points above it
    risk = 1 - math.exp(-2 * yearly)
    margin = -math.log(max(1 - risk - 0.05, 1e-12)) / 2 - yearly
    precise = math.ceil(yearly / follow_up * (1.959963984540054 / margin) ** 2)
    n = max(result.n, precise)
    return {
        "parameters": parameters,
        "r2": r2,
        "patients": n,
        "for_shrinkage": result.n_shrinkage,
        "for_optimism": result.n_optimism,
        "for_precision": precise,
        "events": math.ceil(n * yearly * follow_up),
        "events_per_parameter": n * yearly * follow_up / parameters,
    }


def survival_text(design: SurvivalDesign, numbers: dict[str, Any]) -> str:
    """Return the plan in words, a line per number."""
    what = (
        f"hazard ratio {design.hazard_ratio:g} of a finding in {100 * design.share_altered:g} % of the patients"
        if design.interaction_ratio is None
        else f"interaction (ratio of hazard ratios {design.interaction_ratio:g}; finding in "
        f"{100 * design.share_altered:g} %, {100 * design.treated_share:g} % treated)"
    )
    tests = f", {design.tests} tests (alpha {numbers['alpha_per_test']:.2g} each)" if design.tests > 1 else ""
    lines = [
        f"To find: {what}",
        f"Power {100 * design.power:g} %, two-sided alpha {design.alpha:g}{tests}",
        f"  events needed                          {numbers['events_needed']:>8,}",
        f"  share of patients with the event       {100 * numbers['event_probability']:>8.1f} %",
        f"  patients needed                        {numbers['patients_needed']:>8,}",
        f"With {numbers['patients']:,} patients",
        f"  expected events                        {numbers['expected_events']:>8.0f}",
        f"  power by formula                       {100 * numbers['power']:>8.1f} %",
    ]
    if "simulated" in numbers:
        s = numbers["simulated"]
        lines.append(
            f"  power by simulation                    {100 * s['power']:>8.1f} %  (95 % CI {100 * s['ci_low']:.1f} to "
            f"{100 * s['ci_high']:.1f}, {s['replicates']} studies, {s['mean_events']:.0f} events)"
        )
    half = numbers["half_width_24m"]
    if half is not None:
        width = f"+- {100 * half:.1f} percentage points"
    elif design.sampling_delay_months > 0:
        width = "by simulation only: late entry leaves the first events nearly nobody at risk"
    else:
        width = "nobody is followed so long"
    lines.append(f"  interval of 24-month survival          {width:>8}")
    if "patients_for_precision" in numbers:
        lines.append(f"  patients for the wanted precision      {numbers['patients_for_precision']:>8,}")
    wide = numbers.get("simulated_24m")
    if wide and wide["half_width"] is not None:
        lines.append(
            f"  24-month interval by simulation        +- {100 * wide['half_width']:.1f} percentage points with "
            f"{wide['patients']:,} patients, covers the truth in {100 * wide['coverage']:.0f} %"
        )
    if "prediction" in numbers:
        p = numbers["prediction"]
        lines += [
            f"Prediction model with {p['parameters']} parameters (Cox-Snell R2 {p['r2']:g}; Riley, BMJ 2020;368:m441)",
            f"  patients needed                        {p['patients']:>8,}  (shrinkage 0.9: {p['for_shrinkage']:,}; "
            f"optimism 0.05: {p['for_optimism']:,}; 2-year risk within 5 points: {p['for_precision']:,})",
            f"  events, per parameter                  {p['events']:>8,}, {p['events_per_parameter']:.1f}",
        ]
    return "\n".join(lines)
