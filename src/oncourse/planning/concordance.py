"""Patients a concordance study needs: for a half-width of the shared fraction, or for non-inferiority of blood."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncourse.errors import ConfigError
from oncourse.evolution.vaf import expected_vaf, min_alt_reads
from oncourse.stats.rng import generator


@dataclass(frozen=True)
class ConcordanceDesign:
    """A planned study of two samples per patient.

    Attributes
    ----------
    share : expected shared fraction (present in both / in either), or share of tissue variants that blood carries
    sd_between : standard deviation of that share between patients
    variants : variants per patient
    depth_a, depth_b, purity_a, purity_b : mean depth and tumour fraction of the two samples
    purity_spread : geometric standard deviation of the second sample's tumour fraction (1 = none; plasma: 3-4)
    min_alt_count, min_vaf : calling rule
    half_width : wanted half-width of the 95 % interval of the shared fraction
    ppa0, margin : non-inferiority of what the second sample finds: H0 PPA <= ppa0 - margin; None: not planned
    alpha : one-sided error of the non-inferiority test; power
    """

    share: float = 0.8
    sd_between: float = 0.15
    variants: int = 10
    depth_a: float = 200.0
    depth_b: float = 200.0
    purity_a: float = 0.5
    purity_b: float = 0.5
    purity_spread: float = 1.0
    min_alt_count: int = 3
    min_vaf: float = 0.02
    half_width: float = 0.05
    ppa0: float | None = None
    margin: float | None = None
    alpha: float = 0.025
    power: float = 0.8

    def __post_init__(self) -> None:
        problems = [
            f"{name}: {value:g} must lie between 0 and 1"
            for name, value in (
                ("share", self.share),
                ("purity a", self.purity_a),
                ("purity b", self.purity_b),
                ("alpha", self.alpha),
                ("half-width", self.half_width),
                ("power", self.power),
            )
            if not 0 < value < 1
        ]
        if not 0 <= self.sd_between < math.sqrt(self.share * (1 - self.share) if 0 < self.share < 1 else 1):
            problems.append("sd between patients: must be below sqrt(share (1 - share))")
        if self.variants < 1 or min(self.depth_a, self.depth_b) < 1 or self.purity_spread < 1:
            problems.append("variants and depths are 1 or more, the spread of purity 1 or more")
        if (self.ppa0 is None) != (self.margin is None):
            problems.append("non-inferiority needs both ppa0 and margin")
        if problems:
            raise ConfigError(problems)

    @property
    def correlation(self) -> float:
        """Intraclass correlation of two variants of one patient."""
        return self.sd_between**2 / (self.share * (1 - self.share))


def detection(design: ConcordanceDesign, purity: NDArray[np.float64], depth: float) -> NDArray[np.float64]:
    """Return the chance to call a clonal heterozygous variant at each purity (beta-binomial, concentration 200)."""
    from oncourse.stats.betabinomial import sf

    n = round(depth)
    return sf(min_alt_reads(n, design.min_alt_count, design.min_vaf), n, expected_vaf(purity, 2.0), 200.0)


def _fractions(design: ConcordanceDesign, n: int) -> NDArray[np.float64]:
    """Return n tumour fractions of the second sample at even quantiles of its log-normal spread."""
    from scipy.special import ndtri

    z = ndtri((np.arange(n) + 0.5) / n)
    return np.minimum(design.purity_b * design.purity_spread**z, 0.95)


def patients_for_half_width(design: ConcordanceDesign) -> int:
    """Return patients for the half-width: z^2 p (1-p) (1 + (m - 1) rho) / (m h^2), m assessable variants each.

    A variant is assessable where the second sample would show it with 95 % (the share of samples that do).

    Examples
    --------
    >>> patients_for_half_width(ConcordanceDesign(share=0.8, sd_between=0.0, variants=10, half_width=0.05))
    25
    """
    m = design.variants * assessable_share(design)
    if m <= 0:
        raise ConfigError(
            "no second sample of this design would show a clonal variant with 95 %: raise depth or purity."
        )
    variance = design.share * (1 - design.share) * (1 + max(m - 1, 0) * design.correlation) / m
    return math.ceil(1.959964**2 * variance / design.half_width**2 - 1e-9)


def assessable_share(design: ConcordanceDesign) -> float:
    """Return the share of second samples with 95 % power for a clonal variant."""
    return float((detection(design, _fractions(design, 200), design.depth_b) >= 0.95).mean())


def expected_ppa(design: ConcordanceDesign) -> float:
    """Return the share of the first sample's variants that calls in the second are expected to show, all patients."""
    return float(design.share * detection(design, _fractions(design, 200), design.depth_b).mean())


def _patient_variance(design: ConcordanceDesign) -> float:
    """Return the variance of one patient's found share: biology and detection between patients, variants within."""
    found = detection(design, _fractions(design, 200), design.depth_b)
    mean = design.share * found.mean()
    between = (design.share**2 + design.sd_between**2) * float((found**2).mean()) - mean**2
    return between + (mean * (1 - mean) - between) / design.variants


def patients_for_noninferiority(design: ConcordanceDesign) -> int | None:
    """Return patients for the test, (z_alpha + z_power)^2 variance / distance^2; None where PPA is expected too low."""
    from scipy.special import ndtri

    if design.ppa0 is None or design.margin is None:
        return None
    distance = expected_ppa(design) - (design.ppa0 - design.margin)
    if distance <= 0:
        return None
    z = float(ndtri(1 - design.alpha) + ndtri(design.power))
    return math.ceil(z**2 * _patient_variance(design) / distance**2 - 1e-9)


def simulate(design: ConcordanceDesign, patients: int, n_study: int, seed: int = 1) -> dict[str, float]:
    """Simulate `n_study` studies: what calls alone would say, the achieved half-width, the power of the test.

    Returns
    -------
    mean_called : mean shared fraction by calls; mean_assessable, half_width : of the shared fraction among variants
    assessable in both samples, and 1.96 times its standard deviation over studies; power : share of studies whose
    lower limit (patient-clustered) lies above ppa0 - margin, NaN where not planned
    """
    from scipy.special import ndtri

    rng = generator(seed, "plan concordance")
    s = 1 / max(design.correlation, 1e-9) - 1
    shape = (n_study, patients)
    p = rng.beta(design.share * s, (1 - design.share) * s, shape) if s < 1e8 else np.full(shape, design.share)
    purity = np.minimum(design.purity_b * design.purity_spread ** rng.standard_normal(shape), 0.95)
    grid = np.linspace(0, 0.95, 400)
    w = np.interp(purity, grid, detection(design, np.maximum(grid, 1e-6), design.depth_b))
    w_a = float(detection(design, np.array([design.purity_a]), design.depth_a)[0])
    shared = rng.binomial(design.variants, p)
    found = rng.binomial(shared, w)
    both_called = rng.binomial(found, w_a)
    first_only = rng.binomial(design.variants - found, w_a)
    called = both_called.sum(axis=1) / np.maximum((both_called + first_only).sum(axis=1), 1)
    good = w >= 0.95
    total = (good * design.variants).sum(axis=1)
    assessable = (good * shared).sum(axis=1) / np.where(total > 0, total, np.nan)
    out = {
        "mean_called": float(called.mean()),
        "mean_assessable": float(np.nanmean(assessable)),
        "half_width": float(1.959964 * np.nanstd(assessable)),
        "power": float("nan"),
    }
    if design.ppa0 is not None and design.margin is not None:
        rate = found / design.variants
        lower = rate.mean(axis=1) - float(ndtri(1 - design.alpha)) * rate.std(axis=1, ddof=1) / math.sqrt(patients)
        out["power"] = float((lower > design.ppa0 - design.margin).mean())
    return out


def plan_table(
    design: ConcordanceDesign, patients: tuple[int, ...], *, n_study: int = 1000, seed: int = 1
) -> list[dict[str, Any]]:
    """Return one row per number of patients: half_width by formula and simulated, and the test's simulated power."""
    needed = patients_for_half_width(design)
    rows = []
    for n in sorted(set(patients)):
        found = simulate(design, n, n_study, seed)
        rows.append(
            {
                "patients": n,
                "half_width_formula": design.half_width * math.sqrt(needed / n),
                "half_width_simulated": found["half_width"],
                "shared_fraction_called": found["mean_called"],
                "noninferiority_power": None if math.isnan(found["power"]) else found["power"],
            }
        )
    return rows
