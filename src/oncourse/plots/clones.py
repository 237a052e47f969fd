"""Cell fractions of clones: heat map of samples by clones, and pairs of samples against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, clean, mark
from oncourse.plots.tree import clone_colours, variants_words

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
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    shade = colormaps["Blues"]
    for s in range(len(samples)):
        for k in range(len(clones)):
            value = ccf[k, s]
            unseen = bool(np.isnan(value))
            colour = COLOURS["not_assessable"] if unseen else shade(float(np.clip(value, 0, 1)))
            cell = Rectangle((k, s), 1, 1, facecolor=colour, edgecolor="white", hatch="///" if unseen else None)
            mark(
                ax.add_patch(cell),
                f"{samples[s]}, {clones[k]} ({variants_words(n_variants[k])}): {_fraction_words(value)}",
            )
            if not unseen and len(clones) * len(samples) <= 240:
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
    ax.set_xlim(0, len(clones))
    ax.set_ylim(len(samples), 0)
    ax.set_xlabel("clone, number of variants")
    clean(ax)


def _fraction_words(value: float) -> str:
    return "not looked at" if np.isnan(value) else f"{value:.2f} of the tumour cells"


#: Points of a figure up to which each says which variant it is.
NAMED_POINTS = 5_000


def ccf_scatter(
    axes: Any,
    ccf: NDArray[np.float64],
    cluster: NDArray[np.int64],
    samples: Sequence[str],
    clones: dict[int, str],
    variants: Sequence[str] = (),
) -> None:
    """Draw the CCFs (N, S) of a triangle of sample pairs, coloured by clone (-1: none, grey).

    variants : name of each, said on hover up to `NAMED_POINTS` points of the figure
    axes : array of Axes, (S - 1) x (S - 1); the upper triangle is left empty
    """
    grid = np.atleast_2d(axes)
    colours = clone_colours(len(clones))
    place = {k: i for i, k in enumerate(sorted(clones))}
    colour = [colours[place[int(k)]] if int(k) in place else (0.7, 0.7, 0.7) for k in cluster]
    named = bool(variants) and len(variants) * len(samples) * (len(samples) - 1) // 2 <= NAMED_POINTS
    for row in range(len(samples) - 1):
        for column in range(len(samples) - 1):
            ax = grid[row, column]
            if column > row:
                ax.axis("off")
                continue
            seen = np.isfinite(ccf[:, column]) & np.isfinite(ccf[:, row + 1])
            at = np.flatnonzero(seen).tolist()
            if named:
                dots = ax.scatter(
                    ccf[at, column], ccf[at, row + 1], c=[colour[i] for i in at], s=9, alpha=0.8, linewidths=0
                )
                told = (f"{variants[i]}, {clones.get(int(cluster[i]), 'no clone')}" for i in at)
                pairs = zip(told, ccf[at, column], ccf[at, row + 1], strict=True)
                mark(dots, [f"{words}: {a:.2f} and {b:.2f}" for words, a, b in pairs])
            else:  # thousands of points: those of one colour are drawn together
                for shade in dict.fromkeys(colour):
                    own = [i for i in at if colour[i] == shade]
                    style = {"marker": "o", "markersize": 3, "markeredgewidth": 0, "linestyle": "none"}
                    ax.plot(ccf[own, column], ccf[own, row + 1], color=shade, alpha=0.8, **style)
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
