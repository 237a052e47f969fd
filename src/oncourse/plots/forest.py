"""Forest plot (estimates with intervals on a log axis) and volcano plot (effect against evidence)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

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
    """Return the SVG of ratios with intervals, first row on top; the label of a row stands above it, so that the axis
    keeps its width on a small screen and in one column of a journal.

    better, worse : what the sides of 1 mean
    columns : heads of the rows' `cells`, set beside the plot
    """
    with drawing(NARROW, (_TOP + _FOOT + _PITCH * len(rows)) / 72) as canvas:
        ax = canvas.ax
        ax.set_ylim(-0.25, len(rows) - 0.25)
        low, high = _ends(rows)
        for i, row in enumerate(rows):
            y = len(rows) - 1 - i
            left, right = max(row.ci_low, low), min(row.ci_high, high)
            ax.plot([left, right], [y, y], color=COLOURS["text"], linewidth=1.1)
            if row.ci_low < low:
                ax.plot(low, y, "<", color=COLOURS["text"], markersize=4, clip_on=False)
            if row.ci_high > high:
                ax.plot(high, y, ">", color=COLOURS["text"], markersize=4, clip_on=False)
            (square,) = ax.plot(row.value, y, "s", color=PALETTE[0], markersize=5)
            upper = f"to {row.ci_high:.2f}" if row.ci_high < np.inf else "or more"
            words = f"{row.label}: {row.value:.2f} (95 % CI {row.ci_low:.2f} {upper})"
            mark(square, words, people=row.people, question=row.question)
            _beside(ax, 0.0, y, _short(row.label), up=10, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
        ax.axvline(1.0, color=COLOURS["muted"], linewidth=0.8, linestyle="--")
        ax.set_xscale("log", base=2)
        ax.set_xlim(low, high)
        ticks = [t for t in TICKS if low <= t <= high]
        if len(ticks) > MOST_TICKS:
            ticks = [t for t in ticks if t in FEW_TICKS]
        ax.set_xticks(ticks, [f"{t:.2g}" for t in ticks])
        ax.minorticks_off()
        ax.set_yticks([])
        ax.set_xlabel(xlabel)
        top = len(rows) - 0.25
        for x, text, side in ((0.0, better, "left"), (1.0, worse, "right")):
            if text:
                arrow = f"\u2190 {text}" if side == "left" else f"{text} \u2192"
                _beside(ax, x, top, arrow, up=9, ha=side)
        clean(ax, grid="x")
        ax.spines["left"].set_visible(False)
        _columns(canvas.fig, ax, columns, [row.cells or ((row.note,) if row.note else ()) for row in rows], top)
    return canvas.svg


#: Points above and below the rows, of a row with its label above it, left of the axis, and between columns.
_TOP, _FOOT, _PITCH, _LEFT, _BETWEEN = 22.0, 40.0, 25.0, 14.0, 9.0


def _ends(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """The ends of the axis: every value, and limits up to `_WIDEST`."""
    values = [r.value for r in rows]
    low = min(max(1 / _WIDEST, min(*values, *(r.ci_low for r in rows)) / 1.15), min(values) / 1.15, 0.8)
    high = max(min(_WIDEST, max(*values, *(r.ci_high for r in rows)) * 1.15), max(values) * 1.15, 1.25)
    return low, high


def _beside(
    ax: Axes, x: float, y: float, text: str, *, right: float = 0.0, up: float = 0.0, **style: Any
) -> Annotation:
    """A text at a share of the axis's width and the height of a row, moved by points."""
    return ax.annotate(
        text,
        (x, y),
        xycoords=ax.get_yaxis_transform(),
        xytext=(right, up),
        textcoords="offset points",
        va="center",
        fontsize=9,
        annotation_clip=False,
        **style,
    )


def _columns(fig: Figure, ax: Axes, heads: Sequence[str], cells: Sequence[Sequence[str]], top: float) -> None:
    """Set columns of text right of the axis, each as wide as its longest text; the axis takes what is left."""
    wide, high = 72 * fig.get_figwidth(), 72 * fig.get_figheight()
    fig.set_layout_engine(None)
    at = _BETWEEN
    for k in range(max([len(heads), *map(len, cells)])):
        texts = [_beside(ax, 1.0, len(cells) - 1 - i, row[k], right=at) for i, row in enumerate(cells) if k < len(row)]
        if k < len(heads):
            texts.append(_beside(ax, 1.0, top, heads[k], right=at, up=9, fontweight="bold"))
        at += max(text.get_window_extent().width for text in texts) * 72 / fig.dpi + _BETWEEN
    fig.subplots_adjust(left=_LEFT / wide, right=1 - at / wide, bottom=_FOOT / high, top=1 - _TOP / high)


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
            words = [f"{labels[j]}: ratio {r[j]:.2f}, p {f'{p[j]:.2g}' if p[j] > 0 else '< 1e-300'}" for j in drawn]
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
