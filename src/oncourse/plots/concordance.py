"""Figures of concordance: shared and private mutations per patient, agreement, fractions against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, NARROW, clean, drawing, mark

_PARTS = ("shared", "private_a", "private_b", "not_assessable")


def _words(comparison: str, both: str) -> tuple[str, str, str, str]:
    """What the colours mean in a comparison: its sides by name where they differ.

    >>> _words("primary v metastasis", "both")[1:3], _words("plasma v plasma", "shared")[1:3]
    (('primary only', 'metastasis only'), ('first sample only', 'second sample only'))
    """
    first, second = _sides(comparison)
    return both, f"{first} only", f"{second} only", "not assessable"


def _sides(comparison: str) -> tuple[str, str]:
    """The names of both sides of a comparison; of two samples of one kind the first and the second."""
    first, _, second = comparison.partition(" v ")
    return (first, second) if second and first != second else ("first sample", "second sample")


def shared_private_bars(labels: Sequence[str], counts: NDArray[np.int64], *, title: str) -> str:
    """Draw one stacked bar per patient; ``counts`` has shape (n, 4): shared, first only, second only, not
    assessable."""
    from matplotlib.ticker import MaxNLocator

    with drawing(NARROW, max(2.4, 1.4 + 0.2 * len(labels))) as canvas:
        ax, left = canvas.ax, np.zeros(len(labels))
        for j, (key, word) in enumerate(zip(_PARTS, _words(title, "shared"), strict=True)):
            hatch = "////" if key == "not_assessable" else None
            bars = ax.barh(
                np.arange(len(labels)),
                counts[:, j],
                left=left,
                color=COLOURS[key],
                label=word,
                height=0.78,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.3,
            )
            for bar, patient, n in zip(bars, labels, counts[:, j], strict=True):
                mark(bar, f"{patient}: {int(n)} {word}", people=[patient])
            left = left + counts[:, j]
        ax.set_yticks(np.arange(len(labels)), labels, fontsize=7)
        ax.margins(y=0.01)
        ax.set_xlim(right=1.02 * ax.get_xlim()[1])
        ax.invert_yaxis()
        ax.set_xlabel("mutations")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0), title=title, alignment="left")
        clean(ax, grid="x")
    return canvas.svg


def forest(
    labels: Sequence[str],
    value: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    notes: Sequence[str],
    *,
    xlabel: str,
    people: Sequence[str] = (),
) -> str:
    """Draw estimates with intervals, one row each (fractions 0-1; NaN: no mark); people: ids of each, joined by ;."""
    with drawing(NARROW, 0.9 + 0.32 * len(labels)) as canvas:
        ax, y = canvas.ax, np.arange(len(labels))
        ax.hlines(y, low, high, color=COLOURS["text"], linewidth=1.2)
        (squares,) = ax.plot(value, y, "s", color=COLOURS["shared"], markersize=5)
        mark(
            squares,
            [
                f"{label}: {100 * v:.0f} % (95 % CI {100 * lo:.0f}-{100 * hi:.0f}), {note}"
                for label, v, lo, hi, note in zip(labels, value, low, high, notes, strict=True)
                if np.isfinite(v)
            ],
            people=[who for who, v in zip(people, value, strict=bool(people)) if np.isfinite(v)],
        )
        for i, note in enumerate(notes):
            ax.text(
                1.02,
                i,
                note,
                transform=ax.get_yaxis_transform(),
                va="center",
                fontsize=7,
                color=COLOURS["muted"],
            )
        ax.set_yticks(y, labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlim(-0.02, 1.02)
        ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")
        ax.set_xlabel(xlabel)
        clean(ax, grid="x")
    return canvas.svg


def fraction_scatter(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    states: Sequence[str],
    power_line: float | None,
    *,
    comparison: str,
    names: Sequence[str] = (),
    people: Sequence[str] = (),
) -> str:
    """Draw each variant by its fraction in both samples of a comparison ("primary v metastasis"), coloured by fate; the
    band is what sample b would miss.

    ``power_line`` is the fraction below which sample b (median depth and purity) calls less than 95 %. ``names`` and
    ``people``: what each variant is called, and its patient.
    """
    with drawing(5.0, 4.8) as canvas:
        ax = canvas.ax
        if power_line is not None and np.isfinite(power_line):
            ax.axhspan(0, power_line, color=COLOURS["not_assessable"], alpha=0.35, linewidth=0)
            ax.text(
                1.0,
                power_line,
                "95 % power above ",
                ha="right",
                va="bottom",
                fontsize=7,
                color=COLOURS["muted"],
            )
        labels = np.asarray(states)
        for key, word in zip(_PARTS, _words(comparison, "shared"), strict=True):
            chosen = np.flatnonzero((labels == key) & np.isfinite(a + b))
            if len(chosen) > 700:  # an even thinning keeps the picture and the file small
                chosen = chosen[np.linspace(0, len(chosen) - 1, 700).astype(int)]
            drawn, series = chosen.tolist(), {"series": word, "colour": COLOURS[key]}
            if drawn:
                words: Any = f"{word} (n = {int((labels == key).sum()):,})"
                if people:
                    words = [f"{people[i]}, {names[i]}: {100 * a[i]:.2g} and {100 * b[i]:.2g} %, {word}" for i in drawn]
                style: dict[str, Any] = {"markersize": 3, "alpha": 0.6, "markeredgewidth": 0, "color": COLOURS[key]}
                (dots,) = ax.plot(a[chosen], b[chosen], "o", label=word, **style)
                mark(dots, words, people=[people[i] for i in drawn] if people else (), **series)
        ax.set_xlim(-0.02, 1.02)
        ax.set_ylim(-0.02, 1.02)
        ax.set_xlabel(f"VAF, {_sides(comparison)[0]}")
        ax.set_ylabel(f"VAF, {_sides(comparison)[1]}")
        ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0))
        clean(ax, grid="both")
    return canvas.svg


#: Patients up to which each has its name in the grid of genes; height (points) of a row with a name, and of all rows
#: without.
NAMED, ROW, UNNAMED = 60, 11.5, 560.0


def gene_grid(genes: Sequence[str], patients: Sequence[str], fate: NDArray[np.int8], *, comparison: str) -> str:
    """Draw a row per patient, a column per gene; ``fate`` (gene, patient): 0 no mutation, 1 both, 2 first only, 3
    second only, 4 not assessable."""
    named = len(patients) <= NAMED
    rows = ROW * len(patients) if named else UNNAMED
    with drawing(min(NARROW, max(3.6, 1.7 + 0.17 * len(genes))), (rows + 120) / 72) as canvas:
        ax = canvas.ax
        size = min(7.0, 0.8 * rows / max(len(patients), 1))
        for code, (key, word) in enumerate(zip(_PARTS, _words(comparison, "both"), strict=True), start=1):
            y, x = np.nonzero(fate == code)
            (cells,) = ax.plot(y, x, "s", color=COLOURS[key], markersize=size, label=word, markeredgewidth=0)
            told = [f"{genes[i]}: {word}, {patients[j]}" for i, j in zip(y.tolist(), x.tolist(), strict=True)]
            mark(cells, told, people=[patients[j] for j in x.tolist()])
        ax.set_xticks(np.arange(len(genes)), genes, rotation=90, fontsize=9)
        ax.set_xlim(-0.6, len(genes) - 0.4)
        ax.set_ylim(len(patients) - 0.4, -0.6)
        if named:
            ax.set_yticks(np.arange(len(patients)), patients, fontsize=9)
        else:
            ax.set_yticks([])
            ax.set_ylabel(f"{len(patients):,} patients")
        ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0))
        clean(ax)
    return canvas.svg


def excess_waterfall(excess: NDArray[np.float64], people: Sequence[str], *, ylabel: str) -> str:
    """Draw the discordance of each patient beyond what noise alone explains, sorted (fractions)."""
    order = np.argsort(-excess, kind="stable")
    with drawing(NARROW, 3.2) as canvas:
        ax, values = canvas.ax, excess[order]
        colours = [COLOURS["private_b"] if v > 0 else COLOURS["shared"] for v in values]
        bars = ax.bar(np.arange(len(values)), values, color=colours, width=0.85)
        for bar, value, i in zip(bars, values, order, strict=True):
            mark(bar, f"{people[i]}: {100 * value:+.0f} % beyond noise", people=[people[i]])
        ax.axhline(0, color=COLOURS["text"], linewidth=0.8)
        ax.set_xlabel(f"patients (n = {len(values):,}), sorted")
        ax.set_ylabel(ylabel)
        ax.set_xticks([])
        ax.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f} %")
        clean(ax, grid="y")
    return canvas.svg


def sensitivity_curve(
    bins: Sequence[tuple[str, float, float, float, int]], people: Sequence[Sequence[str]], *, xlabel: str
) -> str:
    """Draw the share of tissue variants found in plasma per band of tumour fraction, with its interval.

    ``bins``: label, share, lower and upper limit, n; ``people``: the patients of each.
    """
    with drawing(6.0, 3.6) as canvas:
        ax = canvas.ax
        at = np.arange(len(bins))
        share = np.array([b[1] for b in bins if np.isfinite(b[1])], float)
        low, high = np.array([b[2] for b in bins], float), np.array([b[3] for b in bins], float)
        ax.vlines(at, low, high, color=COLOURS["text"], linewidth=1.2)
        (dots,) = ax.plot(at, share, "o-", color=COLOURS["plasma"], markersize=6)
        mark(
            dots,
            [f"{b[0]}: {100 * b[1]:.0f} % (95 % CI {100 * b[2]:.0f}-{100 * b[3]:.0f}; n = {b[4]:,})" for b in bins],
            people=people,
        )
        for i, b in enumerate(bins):
            ax.text(i, 1.04, f"n = {b[4]:,}", ha="center", fontsize=7, color=COLOURS["muted"])
        ax.set_xticks(at, [b[0] for b in bins])
        ax.set_ylim(-0.03, 1.1)
        ax.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f} %")
        ax.set_xlabel(xlabel)
        ax.set_ylabel("tissue variants found in plasma")
        clean(ax, grid="y")
    return canvas.svg
