"""Forest plot (estimates with intervals on a log axis) and volcano plot (effect against evidence)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark

#: Limits beyond this ratio are drawn as arrows; a value beyond it still has its mark.
_WIDEST = 32.0
#: More ticks than this would run into each other.
MOST_TICKS = 7
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
FEW_TICKS = (0.002, 0.01, 0.05, 0.2, 1, 5, 20, 100, 500)


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot; limits may be infinite, the value is finite and above 0.

    Beside it stands `note`, or `cells`, one per column of the figure; ``people`` are the patients behind it, or those
    who count in a ``question`` of the ledger of people.
    """

    label: str
    value: float
    ci_low: float
    ci_high: float
    note: str = ""
    cells: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    question: str = ""


def forest_figure(
    rows: Sequence[ForestRow], *, xlabel: str, better: str = "", worse: str = "", columns: Sequence[str] = ()
) -> str:
    """Return the SVG of ratios with intervals, first row on top.

    better, worse : what the sides of 1 mean
    columns : heads of the rows' `cells`, set beside the plot
    """
    starts = _starts(columns, [r.cells for r in rows])
    labels = _CHARACTER * max(len(_short(r.label)) for r in rows)
    shares = [max(8.6 * 72 - labels - starts[-1], 200.0), starts[-1]]
    beside = {"columns": 2, "width_ratios": shares, "sharey": True} if columns else {}
    with drawing(8.6, 1.2 + 0.27 * len(rows), **beside) as canvas:  # type: ignore[arg-type]
        ax, text_ax = canvas.ax if columns else (canvas.ax, canvas.ax)
        low = max(1 / _WIDEST, min(min(r.ci_low, r.value) for r in rows) / 1.15)
        low = min(low, min(r.value for r in rows) / 1.15)
        high = min(_WIDEST, max(max(r.ci_high, r.value) for r in rows) * 1.15)
        high = max(high, max(r.value for r in rows) * 1.15)
        low, high = min(low, 0.8), max(high, 1.25)
        for i, row in enumerate(rows):
            y = len(rows) - 1 - i
            left, right = max(row.ci_low, low), min(row.ci_high, high)
            ax.plot([left, right], [y, y], color=COLOURS["text"], linewidth=1.1)
            if row.ci_low < low:
                ax.plot(low, y, "<", color=COLOURS["text"], markersize=4, clip_on=False)
            if row.ci_high > high:
                ax.plot(high, y, ">", color=COLOURS["text"], markersize=4, clip_on=False)
            (square,) = ax.plot(row.value, y, "s", color=PALETTE[0], markersize=5)
            words = f"{row.label}: {row.value:.2f} (95 % CI {row.ci_low:.2f} to {row.ci_high:.2f})"
            mark(square, words, people=row.people, question=row.question)
            for at, text in zip(starts, row.cells, strict=False):
                text_ax.text(at, y, text, va="center", fontsize=8)
            if row.note:
                ax.text(1.02, y, row.note, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
        ax.axvline(1.0, color=COLOURS["muted"], linewidth=0.8, linestyle="--")
        ax.set_xscale("log", base=2)
        ax.set_xlim(low, high)
        ticks = [t for t in TICKS if low <= t <= high]
        if len(ticks) > MOST_TICKS:
            ticks = [t for t in ticks if t in FEW_TICKS]
        ax.set_xticks(ticks, [f"{t:.2g}" for t in ticks])
        ax.minorticks_off()
        ax.set_yticks(range(len(rows)), [_short(r.label) for r in rows][::-1])
        ax.set_ylim(-0.7, len(rows) - 0.3)
        ax.set_xlabel(xlabel)
        top = len(rows) - 0.1
        for at, text in zip(starts, columns, strict=False):
            text_ax.text(at, top, text, va="bottom", fontsize=8, fontweight="bold")
        for x, text, side in ((0.94, better, "right"), (1.06, worse, "left")):
            arrow = f"\u2190 {text}" if side == "right" else f"{text} \u2192"
            if text:
                ax.text(x, top, arrow, va="bottom", ha=side, fontsize=8, clip_on=False)
        clean(ax, grid="x")
        if columns:
            text_ax.set_xlim(0, starts[-1])
            text_ax.set_axis_off()
    return canvas.svg


#: Width of a character of labels and cells, in points.
_CHARACTER = 5.0


def _starts(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    """Return where each column of text begins and where the last ends, in points; each is as wide as its longest
    cell."""
    out = [0.0]
    for k, head in enumerate(columns):
        out.append(out[-1] + _CHARACTER * (max([1.15 * len(head), *(len(r[k]) for r in rows)]) + 1.5))
    return out


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
    people: Sequence[Sequence[str]] = (),
) -> str:
    """Return the SVG of ratio (log axis) against -log10 p; hits in colour.

    The `most` smallest p-values are named, as far as their names do not lie on each other. people : patients of each.
    """
    r, p, hit = np.asarray(ratio, float), np.asarray(p_value, float), np.asarray(is_hit, bool)
    x = np.log2(np.clip(r, 1 / _WIDEST, _WIDEST))
    y = -np.log10(np.maximum(p, 1e-300))
    with drawing(NARROW, 4.4) as canvas:
        ax = canvas.ax
        for chosen, size, colour in ((~hit, 14, "#9AA3AA"), (hit, 20, PALETTE[5])):
            points = ax.scatter(x[chosen], y[chosen], s=size, color=colour, linewidths=0, rasterized=False)
            drawn = np.flatnonzero(chosen).tolist()
            words = [f"{labels[j]}: ratio {r[j]:.2f}, p {p[j]:.2g}" for j in drawn]
            mark(points, words, people=[people[j] for j in drawn] if people else ())
        ax.axvline(0.0, color=COLOURS["muted"], linewidth=0.8, linestyle="--")
        edge = max(1.0, float(np.ceil(np.abs(x).max()))) if x.size else 1.0
        ax.set_xlim(-edge, edge)
        step = max(1.0, np.ceil(edge / 4))
        ticks = np.arange(-step * np.floor(edge / step), edge + 0.5, step)
        ax.set_xticks(ticks, [f"{2.0**t:.2g}" for t in ticks])
        ax.set_ylim(0.0, max(1.0, float(y.max()) * 1.06) if y.size else 1.0)
        order = np.argsort(p, kind="stable")[:most]
        named = [_short(label, 26) for label in labels]
        for j, (dx, side) in _placed(x, y, order, edge, ax.get_ylim()[1], [_LETTER * len(name) for name in named]):
            ax.annotate(named[j], (x[j], y[j]), xytext=(dx, 3), textcoords="offset points", fontsize=7, ha=side)
        ax.set_xlabel(xlabel)
        ax.set_ylabel("-log10 p")
        clean(ax)
    return canvas.svg


#: Height of a line of text and width of a letter, as shares of the volcano's.
_LINE, _LETTER = 0.04, 0.014


def _placed(
    x: np.ndarray, y: np.ndarray, order: np.ndarray, edge: float, top: float, widths: Sequence[float]
) -> list[tuple[int, tuple[int, str]]]:
    """Return which points are named and on which side: outwards where there is room, never on a better point's name."""
    out: list[tuple[int, tuple[int, str]]] = []
    taken: list[tuple[float, float, int]] = []
    for j in order:
        u, v = x[j] / (2 * edge), y[j] / top
        side = -1 if u < 0 else 1
        if abs(u) + widths[j] > 0.5:  # there is no room outside
            side = -side
        if all(abs(v - w) > _LINE or (side != s and abs(u - t) > 0.05) for t, w, s in taken):
            taken.append((float(u), float(v), side))
            out.append((int(j), (4, "left") if side > 0 else (-4, "right")))
    return out
