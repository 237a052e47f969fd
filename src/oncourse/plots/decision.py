"""Decision curve: net benefit of acting on a model against acting on everyone or no one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from oncourse.plots.theme import COLOURS, PALETTE, clean, drawing, mark


def decision_curve(
    thresholds: np.ndarray,
    benefits: Mapping[str, np.ndarray],
    everyone: np.ndarray,
    *,
    title: str,
    question: str = "",
) -> str:
    """Draw net benefit against the risk threshold; return SVG.

    thresholds (t,); benefits : model -> (t,); everyone : (t,) net benefit of treating all. Treating none is 0.
    question : of the ledger of people, whose patients are behind every line
    """
    with drawing(6.0, 3.8) as canvas:
        ax = canvas.ax
        ax.plot(thresholds, everyone, color=COLOURS["muted"], linestyle="--", label="treat all")
        ax.axhline(0, color=COLOURS["text"], linewidth=0.9, label="treat none")
        best = max([0.05, *(float(np.nanmax(b)) for b in benefits.values())])
        for i, (name, benefit) in enumerate(benefits.items()):
            (line,) = ax.plot(thresholds, benefit, color=PALETTE[i], label=name)
            words = f"{name}: net benefit at most {np.nanmax(benefit):.2f}"
            mark(line, words, question=question, series=name, colour=PALETTE[i])
        ax.set_ylim(-0.15 * best, 1.1 * best)
        ax.xaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f} %")
        ax.set_xlabel("risk from which one would act")
        ax.set_ylabel("net benefit per patient")
        ax.set_title(title)
        ax.legend(loc="upper right")
        clean(ax, grid="y")
    return canvas.svg
