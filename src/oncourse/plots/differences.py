"""Forest of differences: frequency in one cohort less that in another, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark


def differences_svg(
    labels: Sequence[str],
    value: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    sure: Sequence[bool],
    notes: Sequence[str],
    *,
    margin: float,
    xlabel: str,
    people: Sequence[Sequence[str]],
) -> str:
    """Draw one row per gene, first on top, with the band of equivalence; fractions -1 to 1; return SVG.

    people : the altered patients of each gene
    """
    with drawing(NARROW, 1.2 + 0.24 * len(labels)) as canvas:
        ax = canvas.ax
        y = np.arange(len(labels))
        v, lo, hi = (np.asarray(x, float) for x in (value, low, high))
        ax.axvspan(-margin, margin, color="#EEF2F4", zorder=0)
        ax.axvline(0, color=COLOURS["muted"], lw=0.8)
        for i in range(len(labels)):
            colour = PALETTE[5] if sure[i] else PALETTE[0]
            ax.plot([lo[i], hi[i]], [i, i], color=colour, lw=1.4)
            (square,) = ax.plot(v[i], i, "s", color=colour, ms=5)
            limits = f"95 % CI {100 * lo[i]:+.0f} to {100 * hi[i]:+.0f}"
            mark(square, f"{labels[i]}: {100 * v[i]:+.0f} % ({limits}), {notes[i]}", people=people[i])
            ax.text(
                1.02, i, notes[i], transform=ax.get_yaxis_transform(), va="center", fontsize=7, color=COLOURS["muted"]
            )
        ax.set_yticks(y, labels, fontsize=8)
        ax.invert_yaxis()
        edge = float(np.nanmax(np.abs([*lo, *hi, margin]))) * 1.1
        ax.set_xlim(-edge, edge)
        ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:+.0f}")
        ax.set_xlabel(xlabel)
        clean(ax, grid="x")
    return canvas.svg
