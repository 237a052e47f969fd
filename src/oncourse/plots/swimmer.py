"""Swimmer plot: one lane per patient with treatments, responses, progression, death and ongoing follow-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oncourse.days import DAYS_PER_MONTH
from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark

MARKS = {
    "response": ("o", "#009E73", "response (CR, PR)"),
    "progression": ("D", "#D55E00", "progression"),
    "psa_progression": ("s", "#E69F00", "PSA progression"),
    "recurrence": ("^", "#CC79A7", "recurrence"),
    "death": ("X", "#000000", "death"),
}


def swimmer(lanes: Sequence[Mapping[str, Any]], *, colours: Mapping[str, str] | None = None) -> str:
    """Draw lanes from top to bottom; return SVG.

    Parameters
    ----------
    lanes : label; start, end (days); bars ((from, to, name), ...); marks ((day, kind), ...) with a kind of `MARKS`;
        is_ongoing (alive at the end: an arrow)
    colours : name of a bar -> colour; others take the palette in order of appearance
    """
    names = list(dict.fromkeys(bar[2] for lane in lanes for bar in lane["bars"]))
    paint = dict(colours or {})
    for name in names:
        paint.setdefault(name, PALETTE[len(paint) % len(PALETTE)])
    with drawing(NARROW, 0.9 + 0.17 * max(len(lanes), 4)) as canvas:
        ax = canvas.ax
        for y, lane in enumerate(lanes):
            ax.hlines(
                y, lane["start"] / DAYS_PER_MONTH, lane["end"] / DAYS_PER_MONTH, color=COLOURS["grid"], linewidth=2
            )
            for begin, end, name in lane["bars"]:
                bar = ax.barh(
                    y,
                    (end - begin) / DAYS_PER_MONTH,
                    left=begin / DAYS_PER_MONTH,
                    height=0.62,
                    color=paint[name],
                    alpha=0.85,
                )
                mark(bar[0], f"{lane['label']}: {name}, day {begin:.0f} to {end:.0f}", people=[str(lane["label"])])
            if lane["is_ongoing"]:
                ax.plot([lane["end"] / DAYS_PER_MONTH], [y], ">", color=COLOURS["text"], markersize=4)
        for kind, (marker, colour, label) in MARKS.items():
            points = [(day, y) for y, lane in enumerate(lanes) for day, what in lane["marks"] if what == kind]
            if points:
                ax.plot(
                    [d / DAYS_PER_MONTH for d, _ in points],
                    [y for _, y in points],
                    marker,
                    color=colour,
                    markersize=4,
                    markeredgecolor="white",
                    markeredgewidth=0.4,
                    linestyle="",
                    label=label,
                )
        for name in names[:10]:
            ax.barh(-5, 0, color=paint[name], label=name if len(name) < 40 else name[:37] + "...")
        ax.set_yticks(range(len(lanes)), [lane["label"] for lane in lanes], fontsize=6)
        ax.set_ylim(len(lanes) - 0.4, -0.6)
        ax.set_xlabel("months from the index date")
        if ax.get_legend_handles_labels()[0]:
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=6)
        clean(ax, grid="x")
    return canvas.svg
