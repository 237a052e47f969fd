"""Burden of this study beside the TCGA cohorts: every exome a step of its cohort's curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, NARROW, NOBODY, PALETTE, clean, drawing, mark

#: Points drawn of one cohort: its quantiles.
POINTS = 60


def cohort_burden_svg(cohorts: Mapping[str, NDArray[np.float64]], own: str, people: Sequence[str] = ()) -> str:
    """Draw sorted values per Mb of each cohort, cohorts by their median, the study's own in colour; return SVG.

    Parameters
    ----------
    cohorts : name -> values per Mb; zeros are drawn at the lowest value of the axis
    own : the name to bring out; people : its patients
    """
    order = sorted(cohorts, key=lambda name: (float(np.median(cohorts[name])), name))
    floor = 0.02
    with drawing(NARROW, 4.3) as canvas:
        ax = canvas.ax
        for i, name in enumerate(order):
            values = np.maximum(np.quantile(cohorts[name], np.linspace(0, 1, min(POINTS, len(cohorts[name])))), floor)
            colour = PALETTE[5] if name == own else COLOURS["muted"]
            (dots,) = ax.plot(i + np.linspace(-0.4, 0.4, len(values)), values, ".", ms=2.4, color=colour)
            of = "samples" if name == own else "exomes"  # panels too are compared
            words = f"{name}: median {np.median(cohorts[name]):.2g} per Mb, {len(cohorts[name]):,} {of}"
            mark(dots, words, people=people if name == own else (), question=NOBODY)
            ax.hlines(max(float(np.median(cohorts[name])), floor), i - 0.42, i + 0.42, color=COLOURS["text"], lw=1.4)
            if i % 2:
                ax.axvspan(i - 0.5, i + 0.5, color="#F4F6F7", zorder=0)
        ax.set_yscale("log")
        ax.set_ylim(floor * 0.8, None)
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        ax.set_xlim(-0.5, len(order) - 0.5)
        labels = [f"{name} ({len(cohorts[name]):,})" for name in order]
        ax.set_xticks(range(len(order)), labels, rotation=90, fontsize=9)
        for label, name in zip(ax.get_xticklabels(), order, strict=True):
            if name == own:
                label.set_color(PALETTE[5])
                label.set_fontweight("bold")
        ax.set_ylabel("non-silent mutations per Mb")
        clean(ax, grid="y")
    return canvas.svg
