"""Microsatellite instability from mutation counts: three kinds of tumour, told apart by load, by one-base indels and by
the repeats these lie in.

Unstable tumours have many mutations of which a seventh are insertions or deletions of one base; tumours with a broken
polymerase proofreading have more mutations and hardly any of these; all others have few of both. How many indels a
tumour shows is also a matter of its calling: where they were called poorly an unstable tumour has few of them, and few
indels are no evidence of stability. Without repair the polymerase slips where one base stands many times in a row:
where the bases around the indels are known, their share in such runs tells too. Written for this project: medians and
spreads of the 489 TCGA colon and rectum exomes (MC3 and Firehose, open), rounded; but for the runs nothing was fitted to
another cohort. Both reliability tables - 351 of these exomes and 2,203 prostate panels (prostate_msk_2024), each beside
MSIsensor - are in docs/explanation/landscape.md.
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
    """Coding mutations per Mb (median, spread of log10), and Beta beliefs about the share of one-base indels, and about
    the share of these that lie in a run of one base (`oncourse.genome.contexts.LONG_RUN`)."""

    median_per_mb: float
    spread: float
    indels: float
    others: float
    in_run: float = 2.5
    off_run: float = 7.5


#: stable, MSI-H, hypermutated without instability (POLE, POLD1, MGMT-treated ...). In runs: of the one-base indels in
#: the 23 genes of coding_sequences.tsv 33 of 39 (unstable) and 2 of 14 (stable) of TCGA colon, 34 of 41 and 31 of 117
#: of prostate_msk_2024; the belief is worth ten indels, as other assays call and filter runs otherwise.
KINDS = {
    "stable": Kind(4.0, 0.45, 1.5, 50.0),
    "msi_high": Kind(45.0, 0.35, 4.0, 26.0, in_run=8.4, off_run=1.6),
    "hypermutated": Kind(150.0, 0.45, 1.0, 80.0),
}
#: Unstable tumours whose one-base indels were called no better than those of stable ones: 10 of the 59 of TCGA colon
#: with MSIsensor of 10 and more have a share below 2.5 %, all of them called before 2012 (0.2, rounded up).
POORLY_CALLED = 0.2
#: Coding mutations of an assay from which at least one must be an indel of one base: of tumours that are all stable,
#: called as poorly as those of Firehose (1.2 %), the chance of none is 1 %.
LEAST_CALLED = 400
#: Share of MSI-H and of other hypermutated tumours before the mutations are looked at. Colorectal, all stages: Cancer
#: Genome Atlas, Nature 2012;487:330 (13 % and 3 %); prostate: Abida, JAMA Oncol 2019;5:471 (3.1 %).
PRIOR = {"colorectal": (0.13, 0.03), "prostate": (0.03, 0.01)}
ANY_TUMOUR = (0.04, 0.01)
#: Exonuclease domains (proofreading), codons: Rayner, Nat Rev Cancer 2016;16:71.
EXONUCLEASE = {"POLE": (268, 471), "POLD1": (304, 533)}
#: Chance that a tumour of each kind has a change there: most without proofreading (Cancer Genome Atlas 2012: 8 of 9),
#: the others by their load over these 434 codons (1.3 kb, three of four changes alter a residue).
EXONUCLEASE_CHANGED = {"stable": 0.004, "msi_high": 0.04, "hypermutated": 0.8}


def msi_chances(
    n: ArrayLike,
    n_indel: ArrayLike,
    callable_mb: ArrayLike,
    tumour: str | None = None,
    *,
    exonuclease: ArrayLike = False,
    n_told: ArrayLike = 0,
    n_in_run: ArrayLike = 0,
) -> tuple[Floats, Floats]:
    """Return the chances of MSI-H and of another hypermutation.

    Parameters
    ----------
    n : shape (n,), coding mutations, silent ones too where they are reported
    n_indel : shape (n,), of these insertions or deletions of one base
    callable_mb : shape (n,), Mb looked at; NaN: not known, and so are the chances
    tumour : key of `PRIOR`, or None
    exonuclease : whether POLE or POLD1 is changed in its exonuclease domain; False, which may be not looked at, says
        nothing
    n_told, n_in_run : shape (n,), one-base indels whose neighbouring bases are known, and of these those in a run; 0,
        which may be not known, says nothing

    Returns
    -------
    two arrays of shape (n,), fraction; what is missing to 1 is stable. Many mutations with few indels leave both open:
    an unstable tumour may have been called poorly (`POORLY_CALLED`)

    Examples
    --------
    >>> [p.round(2).tolist() for p in msi_chances([46, 3, 5000], [13, 0, 15], [1.2, 1.2, 33.0], "prostate")]
    [[0.99, 0.0, 0.07], [0.0, 0.0, 0.88]]
    >>> msi_chances([3644], [9], [33.0], "colorectal", exonuclease=[True])[1].round(2).tolist()
    [0.99]
    >>> msi_chances([25, 25], [3, 3], [1.2, 1.2], "prostate", n_told=3, n_in_run=[3, 0])[0].round(2).tolist()
    [0.87, 0.03]
    """
    n_, one, mb, told, runs = (np.asarray(v, float) for v in (n, n_indel, callable_mb, n_told, n_in_run))
    high, hyper = PRIOR.get(tumour or "", ANY_TUMOUR)
    logs = []
    for name, prior in (("stable", 1 - high - hyper), ("msi_high", high), ("hypermutated", hyper)):
        kind = KINDS[name]
        spread = kind.spread**2 + 1 / ((n_ + 0.5) * np.log(10) ** 2)  # a small panel counts few: Poisson on top
        away = np.log10((n_ + 0.5) / mb / kind.median_per_mb)
        share = _indels(one, n_, kind) + _runs(runs, told, kind)
        if name == "msi_high":
            called, missed = np.log1p(-POORLY_CALLED), np.log(POORLY_CALLED)
            as_stable = _indels(one, n_, KINDS["stable"]) + _runs(runs, told, KINDS["stable"])
            share = np.logaddexp(called + share, missed + as_stable)
        changed = np.where(np.asarray(exonuclease, bool), np.log(EXONUCLEASE_CHANGED[name]), 0.0)
        logs.append(np.log(prior) + changed - away * away / (2 * spread) - 0.5 * np.log(spread) + share)
    weight = np.exp(np.array(logs) - np.max(logs, axis=0))
    weight /= weight.sum(0)
    return weight[1], weight[2]


def _indels(one: Floats, n: Floats, kind: Kind) -> Floats:
    """Log chance of so many one-base indels among ``n`` mutations."""
    return _among(one, n, kind.indels, kind.others)


def _runs(runs: Floats, told: Floats, kind: Kind) -> Floats:
    """Log chance of so many in runs among the indels whose neighbouring bases are known; 0 without any."""
    return _among(runs, told, kind.in_run, kind.off_run)


def _among(k: Floats, n: Floats, yes: float, no: float) -> Floats:
    """Log Beta-binomial chance, without the binomial term."""
    from scipy.special import betaln

    found: Floats = betaln(k + yes, n - k + no) - betaln(yes, no)
    return found


@cache
def tcga_burden() -> dict[str, NDArray[np.int64]]:
    """Return TCGA cohort -> sorted non-silent mutations of its exomes (tcga_burden.tsv)."""
    data = resources.files("oncourse.genome").joinpath("data/tcga_burden.tsv").read_bytes()
    rows = pl.read_csv(data, separator="\t").select("cohort", "counts").iter_rows()
    return {cohort: np.array([int(c) for c in counts.split(";")], np.int64) for cohort, counts in rows}
