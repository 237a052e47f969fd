"""Effects of treatments: hazard ratios with intervals, and balance of covariates before and after weighting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark


def ratios(
    labels: Sequence[str],
    value: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    groups: Sequence[str],
    *,
    xlabel: str,
    people: Sequence[Sequence[str]],
) -> str:
    """Draw ratios with 95 % intervals on a log scale; return SVG.

    Rows that follow each other with one label stand together under it (the label above, so that the plot keeps its
    width on a small screen), coloured by group. people : the patients of each row.
    """
    order = list(dict.fromkeys(groups))
    at, heads, y = np.empty(len(labels)), [], 0.0
    for i, label in enumerate(labels):
        if i == 0 or label != labels[i - 1]:
            y -= 1.0 if i == 0 else 1.35
            heads.append((y, label))
            y -= 0.2
        y -= 0.6
        at[i] = y
    with drawing(5.0, max(1.2 + 0.24 * -y, 1.8)) as canvas:
        ax = canvas.ax
        lowest, highest = np.nanmin([*low, 0.5]), np.nanmax([*high, 2.0])
        ends = max(lowest / 1.1, 0.05), min(highest * 1.1, 20)
        for i, name in enumerate(order):
            mine = np.array([g == name for g in groups])
            ax.hlines(at[mine], low[mine], high[mine], color=PALETTE[i % len(PALETTE)], linewidth=1.4)
            (dots,) = ax.plot(value[mine], at[mine], "o", color=PALETTE[i % len(PALETTE)], markersize=4, label=name)
            rows = np.flatnonzero(mine).tolist()
            words = [f"{labels[j]}, {name}: {value[j]:.2f} (95 % CI {low[j]:.2f}-{high[j]:.2f})" for j in rows]
            mark(dots, words, people=[people[j] for j in rows])
        ax.axvline(1, color=COLOURS["muted"], linestyle="--", linewidth=0.9)
        ax.set_xscale("log")
        ax.set_xlim(*ends)
        for height, label in heads:
            ax.text(
                ends[0],
                height,
                label,
                fontsize=7.5,
                va="center",
                ha="left",
                color=COLOURS["text"],
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
            )
        ticks = [t for t in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if ends[0] <= t <= ends[1]]
        ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
        ax.minorticks_off()
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_ylim(y - 0.8, 0.2)
        ax.set_xlabel(xlabel)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(len(order), 4), title=None)
        clean(ax, grid="x")
        ax.spines["left"].set_visible(False)
    return canvas.svg


def love(names: Sequence[str], differences: Mapping[str, np.ndarray], *, title: str, people: Sequence[str]) -> str:
    """Draw absolute standardised differences per covariate, one mark per weighting (love plot); return SVG.

    `differences` : weighting -> (covariates,), NaN is not drawn; the dashed line marks 0.1.
    people : the patients compared.
    """
    with drawing(NARROW, max(2.0, 1.1 + 0.26 * len(names))) as canvas:
        ax = canvas.ax
        at = np.arange(len(names))[::-1]
        for i, (label, values) in enumerate(differences.items()):
            (dots,) = ax.plot(np.abs(values), at, "osD^"[i % 4], color=PALETTE[i], markersize=5, label=label)
            told = [f"{n}, {label}: {v:.2f}" for n, v in zip(names, np.abs(values), strict=True) if np.isfinite(v)]
            mark(dots, told, people=[people] * len(told))
        ax.axvline(0.1, color=COLOURS["muted"], linestyle="--", linewidth=0.9)
        ax.set_yticks(at, list(names), fontsize=8)
        ax.set_ylim(-0.6, len(names) - 0.4)
        ax.set_xlim(left=-0.01)
        ax.set_xlabel("absolute standardised difference between the arms")
        ax.set_title(title, pad=20)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2, ncols=3)
        clean(ax, grid="x")
    return canvas.svg
