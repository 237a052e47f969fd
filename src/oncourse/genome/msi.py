"""Microsatellite instability from mutation counts: three kinds of tumour, told apart by load and by one-base indels.

Unstable tumours have many mutations of which a seventh are insertions or deletions of one base; tumours with a broken
polymerase proofreading have more mutations and hardly any of these; all others have few of both. Written for this
project: medians and spreads of the 489 TCGA colon and rectum exomes (MC3 and Firehose, open), rounded; nothing was
fitted to another cohort. On 2,203 prostate panels (prostate_msk_2024, MSIsensor) the chances are calibrated: see
docs/explanation/landscape.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """Coding mutations per Mb (median, spread of log10), and the Beta belief about the share of one-base indels."""

    median_per_mb: float
    spread: float
    indels: float
    others: float


#: stable, MSI-H, hypermutated without instability (POLE, POLD1, MGMT-treated ...).
KINDS = {
    "stable": Kind(4.0, 0.45, 1.5, 50.0),
    "msi_high": Kind(45.0, 0.35, 4.0, 26.0),
    "hypermutated": Kind(150.0, 0.45, 1.0, 80.0),
}
#: Share of MSI-H and of other hypermutated tumours before the mutations are looked at. Colorectal, all stages: Cancer
#: Genome Atlas, Nature 2012;487:330 (13 % and 3 %); prostate: Abida, JAMA Oncol 2019;5:471 (3.1 %).
PRIOR = {"colorectal": (0.13, 0.03), "prostate": (0.03, 0.01)}
ANY_TUMOUR = (0.04, 0.01)
#: Exonuclease domains (proofreading), codons: Rayner, Nat Rev Cancer 2016;16:71.
EXONUCLEASE = {"POLE": (268, 471), "POLD1": (304, 533)}


def msi_chances(
    n: ArrayLike, n_indel: ArrayLike, callable_mb: ArrayLike, tumour: str | None = None
) -> tuple[Floats, Floats]:
    """Return the chances of MSI-H and of another hypermutation.

    Parameters
    ----------
    n : shape (n,), coding mutations, silent ones too where they are reported
    n_indel : shape (n,), of these insertions or deletions of one base
    callable_mb : shape (n,), Mb looked at; NaN: not known, and so are the chances
    tumour : key of `PRIOR`, or None

    Returns
    -------
    two arrays of shape (n,), fraction; what is missing to 1 is stable

    Examples
    --------
    >>> [p.round(2).tolist() for p in msi_chances([46, 3, 5000], [13, 0, 15], [1.2, 1.2, 33.0], "prostate")]
    [[0.99, 0.0, 0.0], [0.0, 0.0, 0.94]]
    """
    from scipy.special import betaln

    n_, one, mb = (np.asarray(v, float) for v in (n, n_indel, callable_mb))
    high, hyper = PRIOR.get(tumour or "", ANY_TUMOUR)
    logs = []
    for name, prior in (("stable", 1 - high - hyper), ("msi_high", high), ("hypermutated", hyper)):
        kind = KINDS[name]
        spread = kind.spread**2 + 1 / ((n_ + 0.5) * np.log(10) ** 2)  # a small panel counts few: Poisson on top
        away = np.log10((n_ + 0.5) / mb / kind.median_per_mb)
        share = betaln(one + kind.indels, n_ - one + kind.others) - betaln(kind.indels, kind.others)
        logs.append(np.log(prior) - away * away / (2 * spread) - 0.5 * np.log(spread) + share)
    weight = np.exp(np.array(logs) - np.max(logs, axis=0))
    weight /= weight.sum(0)
    return weight[1], weight[2]


@cache
def tcga_burden() -> dict[str, NDArray[np.int64]]:
    """Return TCGA cohort -> sorted non-silent mutations of its exomes (tcga_burden.tsv)."""
    data = resources.files("oncourse.genome").joinpath("data/tcga_burden.tsv").read_bytes()
    rows = pl.read_csv(data, separator="\t").select("cohort", "counts").iter_rows()
    return {cohort: np.array([int(c) for c in counts.split(";")], np.int64) for cohort, counts in rows}
