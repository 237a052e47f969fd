"""Stacked bars of the best evidence level per group of patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oncourse.plots.theme import COLOURS, NARROW, clean, drawing, mark

LEVEL_COLOURS = {
    "I-A": "#00527F",
    "I-B": "#2B8CC4",
    "II-C": "#8CC5E3",
    "II-D": "#C6E2F0",
    "III": "#DDD6C6",
    "none": "#ECEFF1",
}


def level_bars(rows: Sequence[tuple[str, Mapping[str, int]]], people: Sequence[Mapping[str, Sequence[str]]]) -> str:
    """Return the drawing: one bar per (name, level -> number of patients), as shares with counts written in.

    people : of each bar, level -> its patients
    """
    with drawing(NARROW, 0.9 + 0.5 * len(rows)) as canvas:
        ax = canvas.ax
        for row, (_, counts) in enumerate(rows):
            total, left = sum(counts.values()), 0.0
            for level, colour in LEVEL_COLOURS.items():
                share = counts.get(level, 0) / total if total else 0.0
                (bar,) = ax.barh(row, share, left=left, color=colour, edgecolor="white", height=0.7)
                if share:
                    words = f"{rows[row][0]}, {level}: {counts.get(level, 0):,} patients"
                    mark(bar, words, people=people[row].get(level, ()))
                if share > 0.04:
                    dark = level in ("I-A", "I-B")
                    ax.text(
                        left + share / 2,
                        row,
                        f"{counts[level]:,}",
                        ha="center",
                        va="center",
                        fontsize=8,
                        color="white" if dark else COLOURS["text"],
                    )
                left += share
        ax.set_yticks(range(len(rows)), [f"{name} (n = {sum(c.values()):,})" for name, c in rows])
        ax.invert_yaxis()
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        ax.set_xlabel("share of patients")
        clean(ax)
        ax.legend(
            [_patch(c) for c in LEVEL_COLOURS.values()],
            list(LEVEL_COLOURS),
            ncols=6,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            handlelength=1.0,
        )
    return canvas.svg


def _patch(colour: str):  # type: ignore[no-untyped-def]
    from matplotlib.patches import Patch

    return Patch(color=colour)
