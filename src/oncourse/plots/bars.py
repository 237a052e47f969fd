"""Bars with intervals, and distributions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, ROLES, clean, drawing, log_axis, mark


def interval_bars(
    labels: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    counts: Sequence[str],
    *,
    xlabel: str,
    people: Sequence[Sequence[str]] = (),
) -> str:
    """Draw one horizontal bar per label with its interval and count (fractions 0-1), first label on top.

    people : patients of each bar
    """
    with drawing(NARROW, 0.9 + 0.26 * len(labels)) as canvas:
        ax = canvas.ax
        y = np.arange(len(labels))
        v = np.asarray(values, float)
        bars = ax.barh(y, v, color=PALETTE[0], height=0.66)
        who = people or [()] * len(labels)
        for bar, label, *numbers, count, own in zip(bars, labels, v, low, high, counts, who, strict=True):
            value, least, most = (f"{100 * x:.0f}" for x in numbers)
            mark(bar, f"{label}: {value} % (95 % CI {least}-{most}), {count}", people=own)
        ax.errorbar(
            v,
            y,
            xerr=[np.maximum(0, v - np.asarray(low)), np.maximum(0, np.asarray(high) - v)],
            fmt="none",
            ecolor=COLOURS["text"],
            elinewidth=1,
            capsize=2,
        )
        edge = float(np.nanmax(high)) if len(v) else 1.0
        for i, text in enumerate(counts):
            ax.text(high[i] + 0.02 * edge, i, text, va="center", fontsize=7, color=COLOURS["muted"])
        ax.set_yticks(y, labels)
        ax.invert_yaxis()
        ax.set_xlim(0, edge * 1.18)
        ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")
        ax.set_xlabel(xlabel)
        clean(ax, grid="x")
    return canvas.svg


def count_bars(counts: Mapping[str, int], *, xlabel: str, people: Mapping[str, Sequence[str]] | None = None) -> str:
    """Draw one horizontal bar per category with its count; people : patients of each category."""
    labels, values = list(counts), list(counts.values())
    with drawing(NARROW, 0.9 + 0.28 * len(labels)) as canvas:
        ax = canvas.ax
        bars = ax.barh(np.arange(len(labels)), values, color=PALETTE[0], height=0.66)
        for bar, label, value in zip(bars, labels, values, strict=True):
            mark(bar, f"{label}: {value:,}", people=(people or {}).get(label, ()))
        for i, value in enumerate(values):
            ax.annotate(
                f"{value:,}",
                (value, i),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
                color=COLOURS["muted"],
            )
        ax.set_yticks(np.arange(len(labels)), [label.replace("_", " ") for label in labels])
        ax.invert_yaxis()
        ax.set_xlabel(xlabel)
        clean(ax, grid="x")
    return canvas.svg


def grouped_points(
    groups: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    log: bool = True,
    people: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Draw the sorted values of each group as points with the median (line) and the mean (diamond), n below (all
    finite).

    people : the patient of each value; line and diamond lead to those of the group, of up to 400 points each to its own
    """
    with drawing(max(3.6, min(NARROW, 1.4 + 1.3 * len(groups))), 3.6) as canvas:
        ax = canvas.ax
        for i, (name, raw) in enumerate(groups.items()):
            order = np.argsort(np.asarray(raw, float), kind="stable")
            values = np.asarray(raw, float)[order]
            keep = np.unique(np.linspace(0, len(values) - 1, min(len(values), 1500)).astype(int))
            x = i + (np.linspace(-0.38, 0.38, len(values))[keep] if len(values) > 1 else np.zeros(len(keep)))
            dots = ax.scatter(
                x,
                values[keep],
                s=5,
                color=ROLES.get(
                    name, PALETTE[0]
                ),  # the axis names the groups: a colour of their own would mean another
                linewidths=0,
                rasterized=len(keep) > 400,
            )
            if len(keep) <= 400:
                own = [people[name][j] for j in order[keep]] if people else []
                mark(dots, [f"{name}: {value:.3g}" for value in values[keep]], people=own)
            if len(values):
                middle, mean = float(np.median(values)), float(np.mean(values))
                line = ax.hlines(middle, i - 0.42, i + 0.42, color=COLOURS["text"], linewidth=1.4)
                (diamond,) = ax.plot(i, mean, "D", color="white", markeredgecolor=COLOURS["text"], markersize=4.5)
                words = f"{name}: median {middle:.3g}, mean {mean:.3g}, n = {len(values):,}"
                for whole in (line, diamond):
                    mark(whole, words, people=list(dict.fromkeys(people[name])) if people else ())
        ax.set_xticks(range(len(groups)), [f"{_wrapped(k, len(groups))}\nn = {len(v):,}" for k, v in groups.items()])
        if log:
            log_axis(ax)
        ax.set_ylabel(ylabel)
        clean(ax, grid="y")
    return canvas.svg


#: Letters of names that lie side by side over the width.
_LETTERS = 68


def _wrapped(name: str, n: int) -> str:
    """The name of one of n groups in lines that do not reach into those of the next.

    >>> _wrapped("MSI not assessed", 4), _wrapped("MSI not assessed", 8)
    ('MSI not assessed', 'MSI not\\nassessed')
    """
    return "\n".join(wrap(name, max(8, _LETTERS // n), break_long_words=False)) or name
