"""Strips of values by group, for heterogeneity measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, drawing, mark

#: Kinds of pairs of samples: the place of their colour, the same in both figures of them.
_PAIRS = (
    "primary - metastasis",
    "metastasis - plasma",
    "primary - plasma",
    "plasma - plasma",
    "metastasis - metastasis",
)


def _colour(name: str) -> str:
    """The colour of a role or of a kind of pair."""
    return PALETTE[_PAIRS.index(name)] if name in _PAIRS else COLOURS.get(name.split(" - ")[-1], PALETTE[5])


def strips(
    panels: Sequence[tuple[str, Mapping[str, NDArray[np.float64]]]], people: Sequence[Mapping[str, Sequence[str]]] = ()
) -> str:
    """Return an SVG with one panel per measure, one below the other so that a phone shows them: a point per value, a
    line at the median, n under each group.

    Parameters
    ----------
    panels : (axis label, group -> values)
    people : of each panel the patient of each value, said with it
    """
    with drawing(NARROW, 2.5 * len(panels) + 0.2, rows=len(panels)) as canvas:
        axes = np.atleast_1d(canvas.ax)
        for k, (ax, (label, groups)) in enumerate(zip(axes, panels, strict=True)):
            for x, (name, values) in enumerate(groups.items()):
                # spread by rank, not at random, so that the drawing repeats
                order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
                shift = ((order * 0.618034) % 1 - 0.5) * 0.5
                colour = _colour(name)
                dots = ax.scatter(x + shift, values, s=12, color=colour, alpha=0.7, linewidths=0)
                own = people[k][name] if people else ()
                mark(dots, _of_each(name, [f"{value:.2g}" for value in values], own), people=own)
                ax.plot([x - 0.32, x + 0.32], [np.median(values)] * 2, color=COLOURS["text"], lw=1.6)
            ax.set_xticks(range(len(groups)))
            ax.set_xticklabels(
                [f"{name.replace(' - ', chr(10))}\nn = {len(values)}" for name, values in groups.items()],
                fontsize=7,
            )
            ax.set_ylabel(label)
            ax.set_xlim(-0.6, max(len(groups), 1) - 0.4)
    return canvas.svg


def _of_each(name: str, words: Sequence[str], people: Sequence[str]) -> list[str]:
    """Return the words of each point, with its patient where that is known."""
    if not people:
        return [f"{name}: {text}" for text in words]
    return [f"{who}, {name}: {text}" for who, text in zip(people, words, strict=True)]


def against_time(
    days: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    label: str,
    people: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return an SVG of a measure of pairs of samples against the days between them, one colour per kind of pair, as
    in `strips`.

    Parameters
    ----------
    days : kind of pair -> (days between the samples, values)
    label : of the measure
    people : kind of pair -> the patient of each value
    """
    with drawing(NARROW, 3.4) as canvas:
        for name, (gap, values) in days.items():
            dots = canvas.ax.scatter(
                gap,
                values,
                s=22,
                color=_colour(name),
                alpha=0.75,
                linewidths=0,
                label=f"{name} (n = {len(values)})",
            )
            own = people[name] if people else ()
            words = [f"{v:.2g}, {g:.0f} days apart" for v, g in zip(values, gap, strict=True)]
            mark(dots, _of_each(name, words, own), people=own)
        canvas.ax.set_xlabel("days between the samples")
        canvas.ax.set_ylabel(label)
        canvas.ax.set_xlim(left=-0.02 * max(1.0, *(float(g.max()) for g, _ in days.values())))
        canvas.ax.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return canvas.svg
