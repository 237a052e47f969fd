"""Fish plot: clones nested in their parents over time, from fractions that obey the sum rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, clean, mark
from oncourse.plots.tree import clone_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def fish_bands(parent: Sequence[int], fraction: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper edge of each clone (K, T), children inside their parent.

    fraction : shape (K, T), cells of exactly each clone. The sums cannot exceed a parent: CCFs are sums of fractions.

    Examples
    --------
    >>> low, high = fish_bands([-1, 0], np.array([[1.0, 0.5], [0.0, 0.5]]))
    >>> (high - low).round(2).tolist()
    [[1.0, 1.0], [0.0, 0.5]]
    """
    n, n_time = fraction.shape
    ccf = np.array(fraction, float)
    children: dict[int, list[int]] = {}
    for k, p in enumerate(parent):
        children.setdefault(int(p), []).append(k)
    order: list[int] = list(children.get(-1, []))
    for k in order:
        order += children.get(k, [])
    for k in reversed(order):
        if parent[k] >= 0:
            ccf[parent[k]] += ccf[k]
    low = np.zeros((n, n_time))
    groups = [(-1, np.zeros(n_time), np.maximum(1.0, sum((ccf[k] for k in children.get(-1, [])), np.zeros(n_time))))]
    for node, start, width in groups:
        below = children.get(node, [])
        room = width - sum((ccf[c] for c in below), np.zeros(n_time))
        gap = np.maximum(room, 0) / (len(below) + 1)
        at = start + gap
        for c in below:
            low[c] = at
            groups.append((c, at, ccf[c]))
            at = at + ccf[c] + gap
    return low, low + ccf


def fish(
    ax: Axes,
    day: NDArray[np.float64],
    parent: Sequence[int],
    fraction: NDArray[np.float64],
    names: Sequence[str],
) -> None:
    """Draw clones over time; between samples the shares are interpolated, which is drawing, not data.

    day : shape (T,), rising; fraction : shape (K, T) of the tumour, or of all cells when scaled by tumour fraction
    """
    order = np.argsort(day, kind="stable")
    day, fraction = np.asarray(day, float)[order], fraction[:, order]
    fine = np.linspace(day[0], day[-1], 40 * len(day)) if len(day) > 1 else np.array([day[0] - 0.5, day[0] + 0.5])
    smooth = np.vstack([np.interp(fine, day, f) for f in fraction])
    low, high = fish_bands(parent, smooth)
    colours = clone_colours(len(names))
    depth = [0] * len(names)
    for k in range(len(names)):
        node = int(parent[k])
        while node >= 0:
            depth[k] += 1
            node = int(parent[node])
    for k in sorted(range(len(names)), key=lambda k: (depth[k], k)):
        band = ax.fill_between(
            fine, low[k], high[k], color=colours[k], linewidth=0.3, edgecolor="white", label=names[k]
        )
        shares = (f"{100 * f:.0f} % on day {d:.0f}" for d, f in zip(day, fraction[k], strict=True))
        mark(band, f"{names[k]} alone: {', '.join(shares)}")
    for d in day:
        ax.axvline(d, color=COLOURS["text"], linewidth=0.6, linestyle=(0, (2, 2)))
    ax.set_xlim(fine[0], fine[-1])
    ax.set_ylim(0, max(1.0, float(high.max())))
    ax.set_xlabel("days from the index date (dashed: samples)")
    ax.set_ylabel("share of the tumour cells")
    if len(names) <= 12:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)
    clean(ax)
