"""Kaplan-Meier curves with intervals, censoring marks and the numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncourse.days import DAYS_PER_MONTH
from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class KMGroup:
    """One curve: times in days with the survival just after each, its limits, censoring times, and who is at risk.

    ``entry`` and ``exit`` of its patients give the numbers at risk under the axis (entry < t <= exit); ``people`` are
    their ids, empty where the curve leads to nobody. ``place`` is that of its colour in the palette (None: its place
    among the curves).
    """

    label: str
    time: Floats
    survival: Floats
    ci_low: Floats
    ci_high: Floats
    censored: Floats
    entry: Floats
    exit: Floats
    people: tuple[str, ...] = ()
    place: int | None = None
    is_dashed: bool = False


def _ticks(last: float) -> Floats:
    for step in (1, 2, 3, 6, 12, 24, 36, 60, 120):
        if last / step <= 8:
            return np.arange(0, last + 1e-9, step)
    return np.linspace(0, last, 8)


def draw_survival(ax: Any, risk_ax: Any, groups: Sequence[KMGroup], *, ylabel: str) -> None:
    """Draw the curves on `ax` and the numbers at risk, in rows, on `risk_ax` (months on both)."""
    last = max((float(g.exit.max()) for g in groups if g.exit.size), default=DAYS_PER_MONTH) / DAYS_PER_MONTH
    ticks = _ticks(last)
    for k, group in enumerate(groups):
        colour = PALETTE[(k if group.place is None else group.place) % len(PALETTE)]
        t = np.concatenate([[0.0], group.time / DAYS_PER_MONTH])
        s = np.concatenate([[1.0], group.survival])
        of_group = {"series": group.label, "colour": colour}
        label = f"{group.label} (n = {group.exit.size})"
        style = "--" if group.is_dashed else "-"
        (line,) = ax.step(t, s, where="post", color=colour, linewidth=1.6, linestyle=style, label=label)
        mark(line, label, people=group.people, **of_group)
        low, high = (
            np.concatenate([[1.0], np.where(np.isnan(v), group.survival, v)]) for v in (group.ci_low, group.ci_high)
        )
        mark(ax.fill_between(t, low, high, step="post", color=colour, alpha=0.13, linewidth=0), **of_group)
        marks = group.censored / DAYS_PER_MONTH
        if marks.size:
            at = s[np.maximum(np.searchsorted(t, marks, side="right") - 1, 0)]
            (ticked,) = ax.plot(marks, at, "|", color=colour, markersize=5, markeredgewidth=0.8)
            mark(ticked, f"{group.label}: censored", **of_group)
        y = len(groups) - 1 - k
        if any(g.is_dashed for g in groups):  # two rows of one colour: which curve each is of
            left = risk_ax.get_yaxis_transform()
            risk_ax.plot([-0.09, -0.045], [y, y], style, color=colour, linewidth=1.4, transform=left, clip_on=False)
        for tick in ticks:
            n = int(((group.entry < max(tick * DAYS_PER_MONTH, 1e-9)) & (group.exit >= tick * DAYS_PER_MONTH)).sum())
            at_risk = risk_ax.text(tick, y, f"{n:,}", ha="center", va="center", fontsize=8, color=colour)
            mark(at_risk, f"{group.label}: {n:,} at risk at {tick:g} months", **of_group)
    ax.set_ylim(0, 1.02)
    ax.set_xlim(0, last * 1.01)
    ax.set_xticks(ticks)
    ax.set_ylabel(ylabel)
    ax.legend(loc="upper right")
    clean(ax, grid="y")
    risk_ax.set_xlim(0, last * 1.01)
    risk_ax.set_ylim(-0.6, len(groups) - 0.4)
    risk_ax.set_yticks([])
    risk_ax.set_xticks(ticks)
    risk_ax.set_xlabel("months")
    # a title that stands where it always does need not look for ticks above the axis at each pass of the layout
    risk_ax.set_title("at risk", y=1.0, fontsize=8, color=COLOURS["muted"], fontweight="normal")
    for side in ("top", "right", "left", "bottom"):
        risk_ax.spines[side].set_visible(False)


def survival_figure(groups: Sequence[KMGroup], *, ylabel: str, title: str = "") -> str:
    """Return the SVG of one set of curves with the numbers at risk below."""
    height = 3.6 + 0.22 * len(groups)
    ratios = {"height_ratios": [3.0, 0.22 * len(groups) + 0.15]}
    with drawing(NARROW, height, rows=2, gridspec_kw=ratios) as canvas:
        top, bottom = canvas.ax
        draw_survival(top, bottom, groups, ylabel=ylabel)
        if title:
            top.set_title(title, y=1.0)
    return canvas.svg
