"""Migrations between lesions, and how metastases were seeded in the cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from oncourse.plots.theme import COLOURS, PALETTE, clean, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNKNOWN_SITE = "not sampled"
MANY_LESIONS = 8
"""Beyond this the graph is drawn finer, and only ways of probability 0.2 and more (numbers from 0.5)."""


def migration_graph(
    ax: Axes,
    lesions: Sequence[str],
    primary: int | None,
    probability: Mapping[tuple[int, int], float],
    *,
    least: float = 0.1,
) -> None:
    """Draw lesions on a circle and an arrow per way with its probability; source -1 is a site not sampled."""
    n = len(lesions)
    angle = np.pi / 2 - 2 * np.pi * np.arange(n) / max(n, 1)
    place = {i: (float(np.cos(a)), float(np.sin(a))) for i, a in enumerate(angle)}
    many = n > MANY_LESIONS
    shown = {edge: min(1.0, p) for edge, p in probability.items() if p >= (2 * least if many else least)}
    if any(s < 0 for s, _ in shown):
        place[-1] = (0.0, 0.0)
    gap = 11 if many else 16
    for (source, target), p in sorted(shown.items()):
        arrow = ax.annotate(
            "",
            place[target],
            place[source],
            arrowprops={
                "arrowstyle": "-|>",
                "linewidth": 0.6 + 2.4 * p,
                "color": COLOURS["muted"],
                "shrinkA": gap,
                "shrinkB": gap,
                "alpha": 0.25 + 0.75 * p,
                "connectionstyle": "arc3,rad=0.12",
            },
        )
        ways = [UNKNOWN_SITE if i < 0 else lesions[i] for i in (source, target)]
        mark(arrow.arrow_patch, f"{ways[0]} to {ways[1]}: probability {p:.2f}")
        if many and p < 0.5:
            continue
        (x0, y0), (x1, y1) = place[source], place[target]
        bend, t = 0.06, 0.75 if many else 0.55  # near the target arrows of one source are apart
        ax.text(
            (1 - t) * x0 + t * x1 + bend * (y1 - y0),
            (1 - t) * y0 + t * y1 - bend * (x1 - x0),
            f"{p:.2f}",
            fontsize=6 if many else 7,
            ha="center",
            va="center",
            color=COLOURS["text"],
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8},
        )
    for i, (x, y) in place.items():
        role = "primary" if i == primary else "metastasis"
        dot = ax.scatter(
            [x],
            [y],
            s=180 if many else 420,
            color=COLOURS["not_assessable"] if i < 0 else COLOURS[role],
            zorder=3,
        )
        name = UNKNOWN_SITE if i < 0 else lesions[i]
        mark(dot, name if i < 0 else f"{name}: {role}")
        if many and i >= 0:  # outwards, on the side where there is room
            side = "left" if x > 0.15 else "right" if x < -0.15 else "center"
            ax.text(1.13 * x, 1.13 * y, name, ha=side, va="center", fontsize=7, zorder=4)
        else:
            ax.text(x, y + (0.24 if y >= -0.01 else -0.3), name, ha="center", fontsize=8, zorder=4)
    ax.set_xlim(-1.6, 1.6)
    ax.set_ylim(-1.4, 1.5)
    ax.set_aspect("equal")
    ax.axis("off")


WIDE_ENOUGH = 0.17
"""Share of the bar that holds the name of a call; of narrower parts it stands beside the bar, in their order."""


def seeding_summary(
    ax: Axes, counts: Mapping[str, Mapping[str, int]], people: Mapping[str, Mapping[str, Sequence[str]]] | None = None
) -> None:
    """Draw stacked bars, one per kind of call: {kind: {call: lesions}}; a call has one colour throughout.

    people : {kind: {call: patients of the lesions}}
    """
    from matplotlib.ticker import MaxNLocator

    calls = sorted({c for kind in counts.values() for c in kind if c != "not_assessable"})
    colour = {c: PALETTE[i % len(PALETTE)] for i, c in enumerate(calls)} | {"not_assessable": COLOURS["not_assessable"]}
    names = list(counts)
    total = max((sum(kind.values()) for kind in counts.values()), default=0)
    for row, name in enumerate(names):
        start, beside = 0, []
        for call in [*calls, "not_assessable"]:
            n = counts[name].get(call, 0)
            if n:
                word = call.replace("_", " ")
                (bar,) = ax.barh(row, n, left=start, color=colour[call], height=0.6)
                mark(bar, f"{name}, {word}: {n} lesions", people=people[name][call] if people else ())
                if n / total >= WIDE_ENOUGH:
                    ax.text(
                        start + n / 2,
                        row,
                        f"{word}\n{n}",
                        ha="center",
                        va="center",
                        fontsize=7,
                        color=COLOURS["text"] if call == "not_assessable" else "white",
                    )
                else:
                    beside.append(f"{word} {n}")
            start += n
        ax.text(start + 0.01 * total, row, "\n".join(beside), ha="left", va="center", fontsize=7)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, 1.18 * max(total, 1))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("lesions")
    clean(ax, grid="x")
