"""Rainfall: the distance of each substitution to the one before it, along the genome, a row per sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.copy_number import chromosomes
from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark

#: Colours of the six substitutions, C>T (deamination, APOBEC) and C>G (APOBEC) the strongest.
CHANGES = dict(
    zip(
        ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G"),
        (PALETTE[4], PALETTE[8], PALETTE[5], PALETTE[3], PALETTE[2], PALETTE[1]),
        strict=True,
    )
)


@dataclass(frozen=True)
class Rain:
    """One sample: ``place`` along the genome, ``distance`` in bases, ``change`` of each substitution (shape (n,));
    places of its foci; its ``patient``."""

    name: str
    place: NDArray[np.float64]
    distance: NDArray[np.float64]
    change: Sequence[str]
    foci: Sequence[float] = ()
    patient: str = ""


def rainfall_svg(samples: Sequence[Rain], ends: Mapping[str, int]) -> str:
    """Draw one row per sample; `ends` names the chromosomes with their lengths."""
    from matplotlib.lines import Line2D

    edges = np.concatenate([[0], np.cumsum(list(ends.values()))])
    with drawing(NARROW, 1.75 * len(samples) + 0.7, rows=len(samples), sharex=True, squeeze=False) as canvas:
        for ax, sample in zip(canvas.ax[:, 0], samples, strict=True):
            for i, edge in enumerate(edges[:-1]):
                if i % 2:
                    ax.axvspan(edge, edges[i + 1], color="#F4F6F7", zorder=0)
            kinds = np.array(sample.change)
            for change, colour in CHANGES.items():
                rows = kinds == change
                points = ax.plot(sample.place[rows], sample.distance[rows], ".", ms=3, color=colour)
                points[0].set_rasterized(True)
            for focus in sample.foci:
                ax.annotate("", (focus, 1.2), (focus, 12), arrowprops={"arrowstyle": "->", "color": COLOURS["text"]})
            ax.set_yscale("log")
            ax.set_ylim(0.8, None)
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
            ax.set_xlim(0, edges[-1])
            title = ax.set_title(sample.name, fontsize=9)
            foci = f", {len(sample.foci)} {'focus' if len(sample.foci) == 1 else 'foci'}" if sample.foci else ""
            mark(title, f"{sample.name}: {len(sample.place):,} substitutions{foci}", people=[sample.patient])
            ax.set_ylabel("bases to the\none before")
            clean(ax)
        chromosomes(ax, list(ends), edges)
        handles = [Line2D([], [], marker="o", ls="", ms=4, color=c, label=k) for k, c in CHANGES.items()]
        canvas.fig.legend(handles=handles, loc="outside lower center", ncols=6)
    return canvas.svg
