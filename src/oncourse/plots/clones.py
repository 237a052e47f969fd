"""Cell fractions of clones: heat map of samples by clones, and pairs of samples against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, clean
from oncourse.plots.tree import clone_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def ccf_heat_map(
    ax: Axes,
    ccf: NDArray[np.float64],
    clones: Sequence[str],
    samples: Sequence[str],
    n_variants: Sequence[int],
) -> None:
    """Draw CCF (K, S) as shades with the numbers; NaN (not looked at) is hatched."""
    shown = np.ma.masked_invalid(ccf.T)
    ax.pcolormesh(
        np.arange(len(clones) + 1),
        np.arange(len(samples) + 1),
        shown,
        cmap="Blues",
        vmin=0,
        vmax=1,
        edgecolors="white",
        linewidth=1,
    )
    for s in range(len(samples)):
        for k in range(len(clones)):
            value = ccf[k, s]
            if np.isnan(value):
                ax.fill_between(
                    [k, k + 1], s, s + 1, facecolor=COLOURS["not_assessable"], hatch="///", edgecolor="white"
                )
            elif len(clones) * len(samples) <= 240:
                ax.text(
                    k + 0.5,
                    s + 0.5,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if value > 0.6 else COLOURS["text"],
                )
    ax.set_xticks(
        np.arange(len(clones)) + 0.5,
        [f"{c}\n{n}" for c, n in zip(clones, n_variants, strict=True)],
        fontsize=7,
    )
    ax.set_yticks(np.arange(len(samples)) + 0.5, samples, fontsize=8 if len(samples) <= 12 else 6)
    ax.set_ylim(len(samples), 0)
    ax.set_xlabel("clone, number of variants")
    clean(ax)


def ccf_scatter(
    axes: Any,
    ccf: NDArray[np.float64],
    cluster: NDArray[np.int64],
    samples: Sequence[str],
    clones: dict[int, str],
) -> None:
    """Draw the CCFs (N, S) of a triangle of sample pairs, coloured by clone (-1: none, grey).

    axes : array of Axes, (S - 1) x (S - 1); the upper triangle is left empty
    """
    grid = np.atleast_2d(axes)
    colours = clone_colours(len(clones))
    place = {k: i for i, k in enumerate(sorted(clones))}
    colour = [colours[place[int(k)]] if int(k) in place else (0.7, 0.7, 0.7) for k in cluster]
    for row in range(len(samples) - 1):
        for column in range(len(samples) - 1):
            ax = grid[row, column]
            if column > row:
                ax.axis("off")
                continue
            ax.scatter(ccf[:, column], ccf[:, row + 1], c=colour, s=9, alpha=0.8, linewidths=0)
            ax.set_xlim(-0.05, 1.08)
            ax.set_ylim(-0.05, 1.08)
            ax.set_xticks([0, 0.5, 1])
            ax.set_yticks([0, 0.5, 1])
            ax.tick_params(labelsize=6)
            if row == len(samples) - 2:
                ax.set_xlabel(samples[column], fontsize=7)
            if column == 0:
                ax.set_ylabel(samples[row + 1], fontsize=7)
            clean(ax)
