"""Patients expected and seen per gene: what lies above the diagonal is changed more often than chance makes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark, written_beside

#: Names written at most.
MOST_NAMES = 18


def drivers_svg(
    genes: Sequence[str],
    expected: NDArray[np.float64],
    seen: NDArray[np.int64],
    sure: NDArray[np.bool_],
    doubtful: NDArray[np.bool_],
    people: Sequence[str] = (),
) -> str:
    """Draw one point per gene, strongest evidence first; return SVG.

    people : the patients changed in each gene, joined by ;
    """
    with drawing(NARROW, 5.0) as canvas:
        ax = canvas.ax
        x = np.maximum(np.asarray(expected, float), 0.05)
        y = np.asarray(seen, float)
        found = sure & ~doubtful
        looks = (
            (~sure, {"s": 8, "color": COLOURS["muted"], "alpha": 0.5, "linewidths": 0, "label": "as chance makes it"}),
            (
                sure & doubtful,
                {"s": 22, "facecolors": "none", "edgecolors": COLOURS["muted"], "label": "check for an artefact"},
            ),
            (found, {"s": 26, "color": PALETTE[5], "label": "FDR below 5 %"}),
        )
        for inside, look in looks:
            points = ax.scatter(x[inside], y[inside], **look)
            drawn = np.flatnonzero(inside).tolist()
            words = [f"{genes[i]}: {seen[i]}, {expected[i]:.2g} expected" for i in drawn]
            mark(points, words, people=[people[i] for i in drawn] if people else ())
        ends = np.array([min(x.min(), y.min()) * 0.8, max(x.max(), y.max()) * 1.3])
        ax.plot(ends, ends, color=COLOURS["grid"], lw=1)
        ax.set_xscale("log")
        ax.set_yscale("log")
        for side in (ax.xaxis, ax.yaxis):
            side.set_major_formatter(lambda value, _: f"{value:,.10g}")
            side.set_minor_formatter(lambda value, _: "")
        ax.set_xlabel("patients expected")
        ax.set_ylabel("patients changed")
        key = ax.legend(loc="lower right")
        clean(ax)
        first = np.flatnonzero(found)[:MOST_NAMES].tolist()  # every name is there on hover
        written_beside(canvas.fig, ax, [(x[i], y[i]) for i in first], [genes[i] for i in first], [key])
    return canvas.svg
