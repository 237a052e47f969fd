"""What a sample's reads exclude by themselves, whatever is usual: cell fractions too large for so few reads.

Arrays in, arrays out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.background import Background
from oncourse.evolution.open_background import spread_beyond

if TYPE_CHECKING:
    from oncourse.evolution.presence import Cells

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: More variant reads than this are never background of an absent variant.
MOST_READS_OF_ABSENT = 30


def spread_to_fear(background: Background, assumed: FloatArray) -> FloatArray:
    """Return each sample's concentration for `tail`: its 5 % point where it surely is not as assumed, else the mean."""
    sure = spread_beyond(background, assumed)
    return np.minimum(np.where(sure, background.concentration_low, background.concentration), 1e6)


def tail(cells: Cells, concentration: FloatArray, counted: BoolArray, purity: FloatArray, ccf: float) -> FloatArray:
    """Return P(as few variant reads or fewer | CCF), one mutated copy. NaN without counts."""
    from scipy.special import gammaln

    out = np.full(cells.n, np.nan)
    few = counted & (cells.alt_count <= MOST_READS_OF_ABSENT)
    out[counted & ~few] = 1.0
    rows = np.flatnonzero(few)
    of, k, n = cells.sample[rows], cells.alt_count[rows], cells.depth[rows]
    rho = purity[of]
    copies = rho * cells.total_cn[rows] + (1 - rho) * cells.normal_cn[rows]
    vaf = rho * ccf * np.minimum(1.0, cells.total_cn[rows]) / np.maximum(copies, 1e-9)
    vaf = np.clip(vaf + (1 - vaf) * cells.error_rate[rows], 1e-9, 1 - 1e-9)
    s = concentration[of]
    a, b = vaf * s, (1 - vaf) * s
    p = np.exp(gammaln(n + b) - gammaln(b) - gammaln(n + s) + gammaln(s))
    total = p.copy()
    at = np.argsort(k, kind="stable")[::-1]
    left = len(k) - np.searchsorted(k[at][::-1], np.arange(MOST_READS_OF_ABSENT), side="right")
    for j in range(int(k.max(initial=0.0))):
        at = at[: left[j]]  # those with more than j reads
        p[at] *= (n[at] - j) / (j + 1) * (j + a[at]) / np.maximum(n[at] - j - 1 + b[at], 1e-9)
        total[at] += p[at]
    out[rows] = np.minimum(total, 1.0)
    return out


def excluded_ccf(cells: Cells, counted: BoolArray, purity_low: FloatArray) -> FloatArray:
    """Return the CCF whose reads would be this few in 5 % only: one-sided Clopper-Pearson limit of the VAF.

    The lower limit of the purity is used, where it has one, so that nothing is excluded on a guess.
    """
    from scipy.special import betaincinv

    out = np.full(cells.n, np.nan)
    k, n = cells.alt_count[counted], cells.depth[counted]
    key, back = np.unique(k * 1e7 + n, return_inverse=True)
    uk, un = np.floor(key / 1e7), key % 1e7
    upper = np.where(uk >= un, 1.0, betaincinv(uk + 1, np.maximum(un - uk, 1e-9), 0.95))[back]
    rho = purity_low[cells.sample[counted]]
    copies = rho * cells.total_cn[counted] + (1 - rho) * cells.normal_cn[counted]
    with np.errstate(divide="ignore", invalid="ignore"):
        out[counted] = np.where(cells.total_cn[counted] > 0, upper * copies / rho, np.nan)
    return out
