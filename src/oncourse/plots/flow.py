"""Flow of patients and samples through a study (CONSORT style)."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, drawing, mark


def flow_svg(steps: Sequence[tuple[str, str, str]], people: Sequence[Sequence[str]] = ()) -> str:
    """Draw one box per step, top down, with what was left out beside the arrow.

    Parameters
    ----------
    steps : (name of the step, counts, why others are not in it) in order; people : the patients of each
    """
    with drawing(NARROW, 0.95 * len(steps) + 0.2) as canvas:
        ax = canvas.ax
        ax.set_xlim(0, 10)
        ax.set_ylim(-len(steps) + 0.35, 0.65)
        ax.axis("off")
        for i, (name, counts, reason) in enumerate(steps):
            box = ax.text(
                2.6,
                -i,
                f"{fill(name, 40)}\n{counts}",
                ha="center",
                va="center",
                fontsize=8.5,
                linespacing=1.4,
                bbox={"boxstyle": "round,pad=0.5", "facecolor": "#F2F7FA", "edgecolor": PALETTE[0]},
            )
            mark(box, f"{name}: {counts}", people=people[i] if people else ())
            if i:
                ax.annotate(
                    "",
                    (2.6, -i + 0.3),
                    (2.6, -i + 0.7),
                    arrowprops={"arrowstyle": "-|>", "color": COLOURS["muted"]},
                )
                ax.text(5.6, -i + 0.02, fill(reason, 52), va="center", fontsize=7.5, color=COLOURS["muted"])
    return canvas.svg
