"""Spider plot: change from baseline over time, one line per patient; and small panels of single patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from oncourse.days import DAYS_PER_MONTH
from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark

#: Series drawn at most; more would be a grey wall.
MOST = 400


def spider(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    ylabel: str,
    colours: Mapping[str, str] | None = None,
    limits: Mapping[str, float],
    clip: float = 1.5,
    total: int | None = None,
) -> str:
    """Draw change from baseline (fraction) against months since the start of the line; return SVG.

    Parameters
    ----------
    series : name -> (days, change); the first point should be (0, 0)
    colours : name -> colour of the line
    limits : label -> fraction of the dashed lines
    total : series there are, where only the first `MOST` are given
    """
    total = total if total is not None else len(series)
    with drawing(NARROW, 3.8) as canvas:
        ax = canvas.ax
        for name in list(series)[:MOST]:
            days, change = (np.asarray(v, float) for v in series[name])
            (line,) = ax.plot(
                days / DAYS_PER_MONTH,
                np.minimum(change, clip),
                "-",
                linewidth=0.9,
                marker="o",
                markersize=1.8,
                color=(colours or {}).get(name, PALETTE[0]),
                alpha=0.75,
            )
            mark(line, f"{name}: last {100 * change[-1]:+.0f} %", people=[name.partition(" ")[0]])
        for label, height in limits.items():
            ax.axhline(height, color=COLOURS["muted"], linewidth=0.8, linestyle="--")
            ax.annotate(
                label,
                (1.0, height),
                xycoords=("axes fraction", "data"),
                fontsize=7,
                color=COLOURS["muted"],
                va="bottom",
                ha="right",
            )
        ax.axhline(0, color=COLOURS["text"], linewidth=0.8)
        ax.yaxis.set_major_formatter(lambda v, _: f"{100 * v:+.0f} %")
        ax.set_ylabel(ylabel)
        ax.set_xlabel(
            f"months since the start of the line (n = {total:,}" + (f", {MOST} drawn)" if total > MOST else ")")
        )
        clean(ax, grid="y")
    return canvas.svg


#: Share of a panel's days within which two lines of therapy have one label.
NEAR = 0.1


def _together(starts: Sequence[tuple[int, str]], near: float) -> list[tuple[int, str]]:
    """Return the labels of starts, those that follow within `near` days joined to the one before.

    >>> _together([(0, "line 1"), (300, "line 2"), (320, "line 3")], 50.0)
    [(0, 'line 1'), (300, 'line 2, line 3')]
    """
    out: list[tuple[int, str]] = []
    last = 0
    for day, label in sorted(starts):
        if out and day - last <= near:
            out[-1] = (out[-1][0], f"{out[-1][1]}, {label}")
        else:
            out.append((day, label))
        last = day
    return out


def panels(series: Sequence[Mapping[str, object]], *, ylabel: str, columns: int = 3, log: bool = True) -> str:
    """Draw one small panel per patient: values over time with the lines of therapy and marks; return SVG.

    Parameters
    ----------
    series : title, day, value, starts ((day, label), ...), marks ((day, value, kind), ...) with kind nadir,
        confirmed or unconfirmed
    """
    rows = max(1, -(-len(series) // columns))
    kinds = {"nadir": ("v", PALETTE[2]), "confirmed": ("D", PALETTE[5]), "unconfirmed": ("D", "none")}
    with drawing(NARROW, 1.6 * rows + 0.4, rows=rows, columns=columns, squeeze=False) as canvas:
        axes = canvas.ax.ravel()
        for ax, item in zip(axes, series, strict=False):
            day, value = np.asarray(item["day"], float), np.asarray(item["value"], float)
            said = f"{day.size} values, {value.min():.3g} to {value.max():.3g}"
            if log:  # zero has no logarithm: drawn at the lowest positive value
                low = value[value > 0].min() if (value > 0).any() else 1.0
                value = np.maximum(value, low)
                ax.set_yscale("log")
                ax.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
                ax.yaxis.set_minor_formatter(lambda v, _: "")
            (line,) = ax.plot(day / DAYS_PER_MONTH, value, "-o", markersize=2, linewidth=0.8, color=PALETTE[0])
            name = str(item["title"])
            mark(line, f"{name}: {said}", people=[name])
            for start, _ in item["starts"]:  # type: ignore[attr-defined]
                ax.axvline(start / DAYS_PER_MONTH, color=COLOURS["muted"], linewidth=0.7, linestyle=":")
            for start, label in _together(item["starts"], NEAR * np.ptp(day)):  # type: ignore[arg-type]
                ax.annotate(
                    label,
                    (start / DAYS_PER_MONTH, 1.0),
                    xycoords=("data", "axes fraction"),
                    fontsize=9,
                    color=COLOURS["muted"],
                    rotation=90,
                    va="top",
                    ha="right",
                )
            for at, height, kind in item["marks"]:  # type: ignore[attr-defined]
                marker, face = kinds[kind]
                ax.plot(
                    [at / DAYS_PER_MONTH],
                    [height],
                    marker,
                    markersize=4,
                    markerfacecolor=face,
                    markeredgecolor=PALETTE[5] if "confirmed" in kind else face,
                )
            ax.set_title(str(item["title"]), fontsize=9)
            clean(ax)
        for ax in axes[len(series) :]:
            ax.set_axis_off()
        canvas.fig.supylabel(ylabel, fontsize=9)
        canvas.fig.supxlabel("months from the index date", fontsize=9)
    return canvas.svg
