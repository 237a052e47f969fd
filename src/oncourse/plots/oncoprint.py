"""Oncoprint: genes x samples, sorted, with clinical tracks and burden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, PALETTE, drawing, log_axis

#: What a cell can show in its middle band; copy number and fusions fill the whole cell behind it.
MUTATION_KINDS = ("truncating", "splice", "missense", "inframe", "other")
COPY_KINDS = ("amplification", "deletion", "fusion")
#: What the foot of a cell can show, with its colour.
MARKS = {"both alleles": "#444444", "germline": "#56B4E9"}
#: Columns drawn at most: more than a screen has pixels only hides rows.
MAX_COLUMNS = 3_000


@dataclass(frozen=True)
class Oncoprint:
    """Numbers of an oncoprint.

    ``looked`` (gene, sample) is false where the gene was not on the sample's panel; ``mutation`` and ``copy`` hold
    0 or 1 + the index in `MUTATION_KINDS` / `COPY_KINDS`; ``fraction`` is the cohort's frequency by gene;
    ``marks`` (gene, sample) holds 0 or 1 + the index in `MARKS`, drawn below the mutation;
    ``tracks`` maps a name to one category per sample (None = unknown); ``burden`` may hold NaN.
    """

    genes: Sequence[str]
    looked: NDArray[np.bool_]
    mutation: NDArray[np.int8]
    copy: NDArray[np.int8]
    fraction: Sequence[float]
    tracks: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    burden: NDArray[np.float64] | None = None
    marks: NDArray[np.int8] | None = None


def memo_order(altered: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the column order in which the first gene's altered samples come first, then the second's ..."""
    return np.lexsort(tuple(~row for row in altered[::-1])).astype(np.int64)


def oncoprint_svg(data: Oncoprint) -> str:
    """Draw an oncoprint and return it as SVG."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    order = memo_order((data.mutation > 0) | (data.copy > 0))
    n = len(order)
    if n > MAX_COLUMNS:
        order = order[np.linspace(0, n - 1, MAX_COLUMNS).astype(int)]
    looked, mutation, copy = (x[:, order] for x in (data.looked, data.mutation, data.copy))
    genes, columns = looked.shape
    image = np.ones((genes * 4, columns, 3))
    empty, unseen = to_rgb(COLOURS["not_altered"]), to_rgb(COLOURS["not_assessable"])
    for g in range(genes):
        cell = np.where(looked[g][:, None], empty, unseen)
        for i, kind in enumerate(COPY_KINDS, 1):
            cell = np.where((copy[g] == i)[:, None], to_rgb(COLOURS[kind]), cell)
        middle = cell
        for i, kind in enumerate(MUTATION_KINDS, 1):
            middle = np.where((mutation[g] == i)[:, None], to_rgb(COLOURS[kind]), middle)
        image[4 * g : 4 * g + 3] = cell
        image[4 * g + 1] = middle
        if data.marks is not None:
            for i, colour in enumerate(MARKS.values(), 1):
                image[4 * g + 2][data.marks[g, order] == i] = to_rgb(colour)
    tracks = {name: [values[i] for i in order] for name, values in data.tracks.items()}
    top = 0.9 if data.burden is not None else 0.0
    heights = [top or 0.01, max(1.2, 0.21 * genes), max(0.01, 0.2 * len(tracks))]
    with drawing(
        9.6, sum(heights) + 1.2, rows=3, gridspec_kw={"height_ratios": heights}, sharex=True
    ) as canvas:
        bars, main, clinical = canvas.ax
        if data.burden is not None:
            values = np.nan_to_num(data.burden[order])
            bars.fill_between(np.arange(columns), values, step="mid", color=COLOURS["muted"], linewidth=0)
            log_axis(bars, linear_to=10)
            bars.set_ylabel("TMB\nper Mb", fontsize=7)
            bars.tick_params(labelsize=7)
        else:
            bars.axis("off")
        main.imshow(image, aspect="auto", interpolation="none", extent=(-0.5, columns - 0.5, genes * 4, 0))
        main.set_yticks(np.arange(genes) * 4 + 1.5, [_short(g) for g in data.genes])
        right = main.secondary_yaxis("right")
        right.set_yticks(
            np.arange(genes) * 4 + 1.5, [f"{100 * f:.0f} %" if f == f else "" for f in data.fraction]
        )
        right.tick_params(length=0)
        right.spines["right"].set_visible(False)
        main.tick_params(length=0)
        for side in main.spines.values():
            side.set_visible(False)
        handles = _tracks(clinical, tracks)
        kinds = [k for i, k in enumerate(MUTATION_KINDS, 1) if (mutation == i).any()]
        kinds += [k for i, k in enumerate(COPY_KINDS, 1) if (copy == i).any()]
        feet = [] if data.marks is None else [
            Patch(color=c, label=w) for i, (w, c) in enumerate(MARKS.items(), 1) if (data.marks == i).any()
        ]  # fmt: skip
        handles = [Patch(color=COLOURS[k], label=k) for k in kinds] + feet + [
            Patch(color=empty, label="not altered"), Patch(color=unseen, label="not assessed"), *handles,
        ]  # fmt: skip
        shown = f"{n:,} samples" if n <= MAX_COLUMNS else f"{n:,} samples (every {n // MAX_COLUMNS}th drawn)"
        clinical.set_xlabel(shown)
        clinical.set_xticks([])
        canvas.fig.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=7)
    return canvas.svg


def _tracks(ax: object, tracks: Mapping[str, Sequence[str | None]]) -> list[object]:
    """Draw one row of colours per clinical track; return the legend handles."""
    from matplotlib.axes import Axes
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    assert isinstance(ax, Axes)
    for side in ax.spines.values():
        side.set_visible(False)
    if not tracks:
        ax.set_yticks([])
        return []
    handles: list[object] = []
    rows = []
    used = 0
    for name, values in tracks.items():
        kinds = sorted({v for v in values if v is not None})[:6]
        colour = {k: COLOURS.get(k, PALETTE[(used + i) % len(PALETTE)]) for i, k in enumerate(kinds)}
        used += len(kinds)
        handles += [Patch(color=colour[k], label=f"{name}: {_short(k)}") for k in kinds]
        rows.append([to_rgb(colour.get(v, "#F2F2F2") if v is not None else "#FFFFFF") for v in values])
    ax.imshow(
        np.array(rows), aspect="auto", interpolation="none", extent=(-0.5, len(rows[0]) - 0.5, len(rows), 0)
    )
    ax.set_yticks(np.arange(len(rows)) + 0.5, list(tracks))
    ax.tick_params(length=0, labelsize=7)
    return handles


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
