"""What a planned study would say if its data were wrong in a way it is not told of: bias, coverage, false findings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from oncourse.errors import ConfigError
from oncourse.evolution.vaf import expected_vaf, min_alt_reads
from oncourse.planning.concordance import ConcordanceDesign, detection
from oncourse.planning.survival import SurvivalDesign
from oncourse.simulate.stress import parse_stresses
from oncourse.stats.rng import generator

#: Stresses that each plan can show.
OF_CONCORDANCE = (
    "artefacts",
    "contamination",
    "reference-bias",
    "overdispersion",
    "noise",
    "assay-change",
    "purity",
    "copy-number",
    "swaps",
)
OF_SURVIVAL = ("delayed-entry", "confounding", "informative-censoring")
#: Error per read and concentration of reads that a plan assumes.
ERROR, CONCENTRATION = 1e-3, 200.0


def planned(given: Sequence[str], known: tuple[str, ...], plan: str) -> dict[str, float | str]:
    """Return name -> value of the stresses given to a plan; one that is not known, or that it cannot show, is named."""
    found = parse_stresses(given)
    _check(found, known, plan)
    return found


def _check(stress: Mapping[str, Any], known: tuple[str, ...], plan: str) -> None:
    other = sorted(set(stress) - set(known))
    if other:
        raise ConfigError(
            f"stress: {', '.join(other)} cannot be shown by `plan {plan}` (it shows {', '.join(known)}); "
            "simulate a study with `oncourse simulate --stress` and run it."
        )


def stressed_concordance(
    design: ConcordanceDesign, patients: int, stress: Mapping[str, float | str], *, n_study: int = 500, seed: int = 1
) -> list[dict[str, Any]]:
    """Return one row without a stress, one per stress, and one with all: what calls say of the shared fraction.

    Returns
    -------
    stress; truth : shared fraction; said : mean over studies; bias; coverage : share of 95 % intervals (patients as
    units, Student's t) that hold the truth; noninferiority : share of studies that show it (None: not planned)
    """
    _check(stress, OF_CONCORDANCE, "concordance")
    return [_concordance_row(name, design, patients, given, n_study, seed) for name, given in _cases(stress)]


def _cases(stress: Mapping[str, float | str]) -> list[tuple[str, dict[str, Any]]]:
    every: list[tuple[str, dict[str, Any]]] = [("none", {})]
    every += [(f"{name}={value}", {name: value}) for name, value in stress.items()]
    return every + ([("all of them", dict(stress))] if len(stress) > 1 else [])


def _concordance_row(
    name: str, design: ConcordanceDesign, patients: int, given: dict[str, Any], n_study: int, seed: int
) -> dict[str, Any]:
    from scipy.special import stdtrit

    rng = generator(seed, "plan concordance stress")
    shape = (n_study, patients)
    s = 1 / max(design.correlation, 1e-9) - 1
    p = rng.beta(design.share * s, (1 - design.share) * s, shape) if s < 1e8 else np.full(shape, design.share)
    told = np.minimum(design.purity_b * design.purity_spread ** rng.standard_normal(shape), 0.95)
    able = detection(design, np.linspace(1e-6, 0.95, 300), design.depth_b)
    judged = np.interp(told, np.linspace(1e-6, 0.95, 300), able) >= 0.95
    shared, single = _found(rng, design, given, p, told)
    rate = np.where(judged, shared / np.maximum(shared + single, 1), np.nan)
    known = judged.sum(axis=1) > 2
    n = np.maximum(judged.sum(axis=1), 3)
    mean = np.nansum(rate, axis=1) / np.maximum(judged.sum(axis=1), 1)
    sd = np.sqrt(np.nansum((rate - mean[:, None]) ** 2, axis=1) / (n - 1))
    half = stdtrit(n - 1.0, 0.975) * sd / np.sqrt(n)
    test = None
    if design.ppa0 is not None and design.margin is not None:
        low = mean - stdtrit(n - 1.0, 1 - design.alpha) * sd / np.sqrt(n)
        test = float((low > design.ppa0 - design.margin)[known].mean())
    inside = (np.abs(mean - design.share) <= half)[known]
    said = float(mean[known].mean())
    return {
        "stress": name,
        "truth": design.share,
        "said": said,
        "bias": said - design.share,
        "coverage": float(inside.mean()),
        "noninferiority": test,
    }


def _found(
    rng: np.random.Generator, design: ConcordanceDesign, given: dict[str, Any], p: np.ndarray, told: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Variants of the first sample that the second shows, and does not show, per study and patient."""
    v = design.variants
    cells = (*p.shape, v)
    there = rng.random(cells) < p[..., None]
    true = np.clip(told * np.exp(rng.normal(0, given.get("purity", 0.0), told.shape)), 1e-4, 0.99)
    purity = np.broadcast_to(true[..., None], cells)
    copies = np.where(
        rng.random(cells) < given.get("copy-number", 0.0), np.where(rng.random(cells) < 0.5, 3.0, 1.0), 2.0
    )
    vaf = expected_vaf(purity, copies) * (1 - given.get("contamination", 0.0))
    vaf = vaf * (1 - given.get("reference-bias", 0.0))
    swapped = rng.random(p.shape) < given.get("swaps", 0.0)
    vaf = np.where(there & ~swapped[..., None], vaf, 0.0)
    later = np.arange(p.shape[1]) >= p.shape[1] * (1 - given.get("assay-change", 0.0))
    error = ERROR * given.get("noise", 1.0) * np.where(later, 3.0, 1.0)[None, :, None]
    depth = rng.poisson(design.depth_b * np.where(later, 0.5, 1.0)[None, :, None], cells)
    mean = np.clip(vaf + (1 - vaf) * error, 1e-9, 1 - 1e-9)
    spread = float(given.get("overdispersion", CONCENTRATION))
    alt = rng.binomial(depth, rng.beta(mean * spread, (1 - mean) * spread))
    artefact = rng.random(cells) < given.get("artefacts", 0.0)
    seen = (alt >= min_alt_reads(depth, design.min_alt_count, design.min_vaf)) | artefact
    return seen.sum(axis=-1), (~seen).sum(axis=-1)


def stressed_survival(
    design: SurvivalDesign, patients: int, stress: Mapping[str, float | str], *, n_study: int = 200, seed: int = 1
) -> list[dict[str, Any]]:
    """Return one row without a stress, one per stress, and one with all: what the Cox model says of the hazard ratio.

    Returns
    -------
    stress; truth : hazard ratio; said : geometric mean over studies; coverage : share of 95 % intervals that hold the
    truth; power : share of studies that find the effect; false_findings : the same where the true ratio is 1
    """
    _check(stress, OF_SURVIVAL, "survival")
    rows = []
    for name, given in _cases(stress):
        logs, inside, found = _survival(design, patients, given, n_study, seed)
        _, _, false = _survival(replace(design, hazard_ratio=1 + 1e-9), patients, given, n_study, seed)
        row = {"stress": name, "truth": design.hazard_ratio, "said": math.exp(logs), "coverage": inside, "power": found}
        rows.append({**row, "false_findings": false})
    return rows


def _survival(
    design: SurvivalDesign, patients: int, given: dict[str, Any], n_study: int, seed: int
) -> tuple[float, float, float]:
    from oncourse.stats.cox import fit_cox

    rng = generator(seed, "plan survival stress")
    truth = math.log(design.hazard_ratio)
    logs, inside, found = [], [], []
    for _ in range(n_study):
        time, event, altered = _people(rng, design, patients, given)
        if not event.any() or altered.all() or not altered.any():
            continue
        fit = fit_cox(time, event, altered.astype(float)[:, None])
        if not fit.converged or np.isnan(fit.coef[0]):
            continue
        low, high = (float(np.log(np.asarray(x)[0])) for x in fit.interval())
        logs.append(float(fit.coef[0]))
        inside.append(low <= truth <= high)
        found.append(float(fit.p_value[0]) < design.alpha)
    if not logs:
        return float("nan"), float("nan"), float("nan")
    return float(np.mean(logs)), float(np.mean(inside)), float(np.mean(found))


def _people(
    rng: np.random.Generator, design: SurvivalDesign, patients: int, given: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time (months), event, altered of one study. Entry is not recorded: who died before it is missing."""
    from oncourse.simulate.stress_people import SHAPES

    n = patients * 4 if "delayed-entry" in given else patients
    z, sex = rng.standard_normal(n), np.where(rng.random(n) < 0.5, -1.0, 1.0)
    score = SHAPES[given["confounding"]](z, sex) if "confounding" in given else np.zeros(n)
    odds = math.log(design.share_altered / (1 - design.share_altered)) + 1.2 * score
    altered = rng.random(n) < 1 / (1 + np.exp(-odds))
    life = rng.exponential(1 / (design.hazard * np.exp(altered * math.log(design.hazard_ratio) + 0.8 * score)))
    lost = rng.exponential(1 / design.loss, n) if design.loss > 0 else np.full(n, np.inf)
    end = np.minimum(lost, design.follow_up_months + design.accrual_months * rng.random(n))
    if "informative-censoring" in given:  # the lost leave shortly before their death
        gone = rng.random(n) < given["informative-censoring"] * np.where(altered, 1.0, 0.5)
        end = np.where(gone, np.minimum(end, life * rng.uniform(0.7, 1.0, n)), end)
    kept = np.arange(n)
    if "delayed-entry" in given:
        wait = np.where(altered, 2.0, 1.0) * given["delayed-entry"] / 30.4375
        kept = np.flatnonzero(rng.exponential(wait) < np.minimum(life, end))[:patients]
    return np.minimum(life, end)[kept], (life <= end)[kept], altered[kept]


def stress_text(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a plain table."""

    def cell(value: Any) -> str:
        return value if isinstance(value, str) else "-" if value is None else f"{value:.3f}"

    names = list(rows[0])
    table = [names, *([cell(row[n]) for n in names] for row in rows)]
    width = [max(len(line[i]) for line in table) for i in range(len(names))]
    return "\n".join("  ".join(text.ljust(w) for text, w in zip(line, width, strict=True)).rstrip() for line in table)
