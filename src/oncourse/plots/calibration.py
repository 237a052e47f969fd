"""Calibration curve: observed against predicted risk, with its band and the spread of the predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark


def calibration(
    curves: Mapping[str, Mapping[str, np.ndarray]],
    groups: Mapping[str, np.ndarray],
    *,
    title: str,
    order: Sequence[str] = (),
    question: str = "",
) -> str:
    """Draw calibration curves; return SVG.

    Parameters
    ----------
    curves : model -> predicted, observed, ci_low, ci_high (fractions; NaN is not drawn) and all (every prediction)
    groups : predicted, observed, ci_low, ci_high of groups of patients of the first model
    order : names whose places give the colours, so that a model keeps its colour in other figures
    question : of the ledger of people, whose patients are behind every mark
    """
    places = {name: i for i, name in enumerate(order or curves)}
    with drawing(5.2, 5.2) as canvas:
        ax = canvas.ax
        top = max([0.2, *(float(np.nanmax(c["predicted"])) for c in curves.values() if len(c["predicted"]))])
        top = min(1.0, top * 1.15)
        ax.plot([0, top], [0, top], color=COLOURS["muted"], linestyle="--", linewidth=0.9, label="perfect")
        for i, (name, c) in enumerate(curves.items()):
            colour = PALETTE[places[name]]
            ax.fill_between(c["predicted"], c["ci_low"], c["ci_high"], color=colour, alpha=0.15, linewidth=0)
            (line,) = ax.plot(c["predicted"], c["observed"], color=colour, label=name)
            mark(line, f"{name} (n = {len(c['all']):,})", question=question, series=name, colour=colour)
            heights, edges = np.histogram(c["all"], bins=40, range=(0, top))
            base = -0.02 * top - 0.06 * top * i
            scale = 0.05 * top / max(heights.max(), 1)
            ax.bar(
                edges[:-1],
                heights * scale,
                width=np.diff(edges),
                bottom=base - 0.05 * top,
                align="edge",
                color=colour,
                alpha=0.6,
            )
        if len(groups["predicted"]):
            spread = np.vstack([groups["observed"] - groups["ci_low"], groups["ci_high"] - groups["observed"]])
            ax.errorbar(
                groups["predicted"],
                groups["observed"],
                np.nan_to_num(np.clip(spread, 0, None)),
                fmt="o",
                color=COLOURS["text"],
                markersize=4,
                linewidth=1,
                label="fifths of the patients",
            )
        ax.set_xlim(0, top)
        seen = float(np.nanmax(groups["ci_high"], initial=0.0)) if len(groups["predicted"]) else 0.0
        ax.set_ylim(-0.03 * top - 0.06 * top * len(curves), min(1.02, max(top * 1.3, seen * 1.05)))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda v, _: f"{100 * v:.0f} %" if v >= 0 else "")
        ax.set_xlabel("predicted risk (patients the model had not seen)")
        ax.set_ylabel("observed risk")
        ax.set_title(title)
        ax.legend(loc="upper left")
        clean(ax, grid="both")
    return canvas.svg


def risk_instability(risk: np.ndarray, low: np.ndarray, high: np.ndarray, people: Sequence[str], *, title: str) -> str:
    """Draw each patient's risk with the range over the bootstrap refits, sorted by risk; return SVG."""
    order = np.argsort(risk, kind="stable")
    with drawing(NARROW, 3.6) as canvas:
        ax = canvas.ax
        at = np.arange(len(risk))
        ax.vlines(at, low[order], high[order], color=COLOURS["shared"], alpha=0.25, linewidth=0.8)
        (dots,) = ax.plot(at, risk[order], ".", color=COLOURS["text"], markersize=2)
        words = [f"{people[i]}: risk {100 * risk[i]:.0f} % ({100 * low[i]:.0f}-{100 * high[i]:.0f})" for i in order]
        mark(dots, words, people=[people[i] for i in order])
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f} %")
        ax.set_xlabel(f"patients by risk (n = {len(risk):,})")
        ax.set_ylabel("risk; 95 % of bootstrap refits")
        ax.set_title(title)
        clean(ax, grid="y")
    return canvas.svg
