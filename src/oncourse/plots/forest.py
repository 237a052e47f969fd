"""Forest plot (estimates with intervals on a log axis) and volcano plot (effect against evidence)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from oncourse.plots.theme import COLOURS, PALETTE, clean, drawing

#: Limits beyond this ratio are drawn as arrows.
_WIDEST = 32.0


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot; limits may be infinite, the value is finite and above 0."""

    label: str
    value: float
    ci_low: float
    ci_high: float
    note: str = ""


def forest_figure(rows: Sequence[ForestRow], *, xlabel: str, better: str = "", worse: str = "") -> str:
    """Return the SVG of ratios with intervals, first row on top; `better`/`worse` name the sides of 1."""
    with drawing(8.6, 1.2 + 0.27 * len(rows)) as canvas:
        ax = canvas.ax
        low = max(1 / _WIDEST, min(min(r.ci_low, r.value) for r in rows) / 1.15)
        high = min(_WIDEST, max(max(r.ci_high, r.value) for r in rows) * 1.15)
        low, high = min(low, 0.8), max(high, 1.25)
        for i, row in enumerate(rows):
            y = len(rows) - 1 - i
            left, right = max(row.ci_low, low), min(row.ci_high, high)
            ax.plot([left, right], [y, y], color=COLOURS["text"], linewidth=1.1)
            if row.ci_low < low:
                ax.plot(low, y, "<", color=COLOURS["text"], markersize=4, clip_on=False)
            if row.ci_high > high:
                ax.plot(high, y, ">", color=COLOURS["text"], markersize=4, clip_on=False)
            if low <= row.value <= high:
                ax.plot(row.value, y, "s", color=PALETTE[0], markersize=5)
            ax.text(1.02, y, row.note, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
        ax.axvline(1.0, color=COLOURS["muted"], linewidth=0.8, linestyle="--")
        ax.set_xscale("log", base=2)
        ax.set_xlim(low, high)
        ticks = [t for t in (1 / 32, 1 / 16, 1 / 8, 0.25, 0.5, 1, 2, 4, 8, 16, 32) if low <= t <= high]
        ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
        ax.minorticks_off()
        ax.set_yticks(range(len(rows)), [_short(r.label) for r in rows][::-1])
        ax.set_ylim(-0.7, len(rows) - 0.3)
        ax.set_xlabel(xlabel)
        if better or worse:
            ax.set_title(f"{better}  <  1  >  {worse}", loc="center", fontsize=8, fontweight="normal")
        clean(ax, grid="x")
    return canvas.svg


def _short(label: str, most: int = 38) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"


def volcano_figure(
    ratio: ArrayLike,
    p_value: ArrayLike,
    labels: Sequence[str],
    is_hit: ArrayLike,
    *,
    xlabel: str,
    most: int = 12,
) -> str:
    """Return the SVG of ratio (log axis) against -log10 p; hits in colour, the `most` smallest p-values named."""
    r, p, hit = np.asarray(ratio, float), np.asarray(p_value, float), np.asarray(is_hit, bool)
    x = np.log2(np.clip(r, 1 / _WIDEST, _WIDEST))
    y = -np.log10(np.maximum(p, 1e-300))
    with drawing(6.4, 4.4) as canvas:
        ax = canvas.ax
        ax.scatter(x[~hit], y[~hit], s=14, color="#9AA3AA", linewidths=0, rasterized=False)
        ax.scatter(x[hit], y[hit], s=20, color=PALETTE[5], linewidths=0)
        for j in np.argsort(p, kind="stable")[:most]:
            ax.annotate(labels[j], (x[j], y[j]), xytext=(3, 3), textcoords="offset points", fontsize=7)
        ax.axvline(0.0, color=COLOURS["muted"], linewidth=0.8, linestyle="--")
        edge = max(1.0, float(np.ceil(np.abs(x).max()))) if x.size else 1.0
        ax.set_xlim(-edge, edge)
        ticks = np.arange(-edge, edge + 1, max(1.0, np.ceil(edge / 4)))
        ax.set_xticks(ticks, [f"{2.0**t:g}" for t in ticks])
        ax.set_xlabel(xlabel)
        ax.set_ylabel("-log10 p")
        clean(ax)
    return canvas.svg
