"""Oncoprint: genes x samples, sorted, with clinical tracks and burden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, LIGHT, NARROW, drawing, log_axis, mark

#: What a cell can show in its middle band; copy number and fusions fill the whole cell behind it.
MUTATION_KINDS = ("truncating", "splice", "missense", "inframe", "other")
COPY_KINDS = ("amplification", "deletion", "fusion")
#: What the foot of a cell can show, with its colour.
MARKS = {"both alleles": "#333333", "germline": "#56B4E9"}
#: Columns drawn at most, and samples up to which those of a patient are parted from the next one's.
MAX_COLUMNS, PARTED = 12_000, 1_000


@dataclass(frozen=True)
class Oncoprint:
    """Numbers of an oncoprint.

    ``looked`` (gene, sample) is false where the gene was not on the sample's panel; ``mutation`` and ``copy`` hold
    0 or 1 + the index in `MUTATION_KINDS` / `COPY_KINDS`; ``fraction`` is the cohort's frequency by gene;
    ``marks`` (gene, sample) holds 0 or 1 + the index in `MARKS`, drawn below the mutation;
    ``tracks`` maps a name to one category per sample (None = unknown); ``burden`` may hold NaN; ``samples`` and
    ``patients`` (ids per sample) lead from a cell to its patient, whose samples stand side by side; ``split`` names the
    tracks by which patients are sorted and parted, the first before the second.
    """

    genes: Sequence[str]
    looked: NDArray[np.bool_]
    mutation: NDArray[np.int8]
    copy: NDArray[np.int8]
    fraction: Sequence[float]
    tracks: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    burden: NDArray[np.float64] | None = None
    marks: NDArray[np.int8] | None = None
    samples: Sequence[str] = ()
    patients: Sequence[str] = ()
    split: Sequence[str] = ()

    @property
    def is_altered(self) -> NDArray[np.bool_]:
        return (self.mutation > 0) | (self.copy > 0)


def columns_of(data: Oncoprint) -> NDArray[np.int64]:
    """Return the sample of each column, -1 for a gap: patients in memo order, the samples of one side by side.

    Samples stand in their given order within a patient. Where some patient has several, columns are three wide and a
    gap follows each patient (up to `PARTED` samples). ``split`` goes before the memo order: a patient stands where its
    first sample does, and a gap parts the groups.
    """
    altered = data.is_altered
    if not data.patients:
        return _thinned(memo_order(altered))
    names, number = np.unique(np.array(data.patients), return_inverse=True)
    whole = np.zeros((len(altered), len(names)), bool)
    for row, hit in zip(whole, altered, strict=True):
        row[number[hit]] = True
    rank, group = np.empty(len(names), np.int64), _groups(data, number)
    rank[memo_order(whole)] = np.arange(len(names))
    order = np.lexsort((np.arange(len(number)), rank[number], group[number])).astype(np.int64)
    parts = np.split(order, np.flatnonzero(np.diff(group[number[order]])) + 1)
    if len(names) == len(number) or len(number) > PARTED:
        return _with_gaps([_thinned(part, len(order)) for part in parts])
    return _with_gaps([_parted(part, number) for part in parts])


def _groups(data: Oncoprint, number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank of each patient's group by ``split``, the unknown last; one group without."""
    first = np.unique(number, return_index=True)[1]
    tracks = [data.tracks[name] for name in data.split if name in data.tracks]
    keys = [tuple((track[i] is None, track[i] or "") for track in tracks) for i in first.tolist()]
    ranks = {key: i for i, key in enumerate(sorted(set(keys)))}
    return np.array([ranks[key] for key in keys], np.int64)


def _parted(order: NDArray[np.int64], number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Columns three wide, a gap behind each patient."""
    last = np.flatnonzero(np.diff(number[order])) + 1
    return np.concatenate([np.append(np.repeat(part, 3), -1) for part in np.split(order, last)])


def _with_gaps(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Join groups of columns with a gap of a hundredth of all between them."""
    gap = np.full(max(1, sum(map(len, parts)) // 100), -1, np.int64)
    return np.concatenate([x for part in parts for x in (gap, part)][1:])


def _thinned(order: NDArray[np.int64], total: int | None = None) -> NDArray[np.int64]:
    """Every so many columns, where all together (`total`) are more than are drawn."""
    n, total = len(order), len(order) if total is None else total
    if total <= MAX_COLUMNS:
        return order
    return order[np.linspace(0, n - 1, max(1, n * MAX_COLUMNS // total)).astype(int)]


def grid_of(data: Oncoprint, columns: NDArray[np.int64]) -> dict[str, object]:
    """Return what the page says of each cell: rows, columns (number in samples, -1 a gap), samples, patients, words,
    cells; of the samples that are drawn.

    ``cells`` has a text per row with a character per column, whose code less 48 is the place of its words in ``words``.
    """
    marks = np.zeros_like(data.mutation) if data.marks is None else data.marks
    shown = np.maximum(columns, 0)
    code = ((data.looked * 8 + data.mutation) * 8 + data.copy) * 8 + marks
    kinds, place = np.unique(code[:, shown], return_inverse=True)
    letters = np.array([chr(48 + i) for i in range(len(kinds))])[place.reshape(len(code), len(shown))]
    words = []
    for kind in kinds.tolist():
        told = [
            k
            for k, i in ((MUTATION_KINDS, kind >> 6 & 7), (COPY_KINDS, kind >> 3 & 7), (tuple(MARKS), kind & 7))
            if i
            for k in [k[i - 1]]
        ]
        words.append("; ".join(told) or ("not altered" if kind >> 9 else "not assessed"))
    drawn = np.unique(columns[columns >= 0])
    return {
        "rows": list(data.genes),
        "columns": np.where(columns < 0, -1, np.searchsorted(drawn, columns)).tolist(),
        "samples": [data.samples[i] for i in drawn.tolist()],
        "words": words,
        "patients": [data.patients[i] for i in drawn.tolist()] if data.patients else [],
        "cells": ["".join(row) for row in letters.tolist()],
    }


def memo_order(altered: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the column order in which the first gene's altered samples come first, then the second's ..."""
    return np.lexsort(tuple(~row for row in altered[::-1])).astype(np.int64)


def oncoprint_svg(data: Oncoprint) -> str:
    """Draw an oncoprint and return it as SVG."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    order, n = columns_of(data), data.looked.shape[1]
    gap = order < 0
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
    image[:, gap] = 1.0
    tracks = {name: [None if i < 0 else values[i] for i in order] for name, values in data.tracks.items()}
    top = 0.7 if data.burden is not None else 0.0
    heights = [top or 0.01, max(1.2, 0.17 * genes), max(0.01, 0.17 * len(tracks))]
    with drawing(NARROW, sum(heights) + 1.3, rows=3, gridspec_kw={"height_ratios": heights}, sharex=True) as canvas:
        bars, main, clinical = canvas.ax
        if data.burden is not None:
            values = np.where(gap, 0, np.nan_to_num(data.burden[order]))
            bars.fill_between(np.arange(columns), values, step="mid", color=COLOURS["muted"], linewidth=0)
            log_axis(bars, linear_to=10)
            bars.set_ylabel("TMB\nper Mb")
        else:
            bars.axis("off")
        cells = main.imshow(image, aspect="auto", interpolation="none", extent=(-0.5, columns - 0.5, genes * 4, 0))
        if data.samples:
            mark(cells, grid=grid_of(data, order))
        main.set_yticks(np.arange(genes) * 4 + 1.5, [_short(g) for g in data.genes])
        right = main.secondary_yaxis("right")
        right.set_yticks(np.arange(genes) * 4 + 1.5, [f"{100 * f:.0f} %" if f == f else "" for f in data.fraction])
        right.tick_params(length=0)
        right.spines["right"].set_visible(False)
        main.tick_params(length=0)
        for side in main.spines.values():
            side.set_visible(False)
        handles = _tracks(clinical, tracks)
        kinds = [k for i, k in enumerate(MUTATION_KINDS, 1) if (mutation == i).any()]
        kinds += [k for i, k in enumerate(COPY_KINDS, 1) if (copy == i).any()]
        feet = (
            []
            if data.marks is None
            else [Patch(color=c, label=w) for i, (w, c) in enumerate(MARKS.items(), 1) if (data.marks == i).any()]
        )
        handles = (
            [Patch(color=COLOURS[k], label=k) for k in kinds]
            + feet
            + [
                Patch(color=empty, label="not altered"),
                Patch(color=unseen, label="not assessed"),
                *handles,
            ]
        )
        shown = f"{n:,} samples" if n <= MAX_COLUMNS else f"{n:,} samples (every {n // MAX_COLUMNS}th drawn)"
        if len(set(data.patients)) < len(data.patients):
            shown += f" of {len(set(data.patients)):,} patients, those of one side by side"
        clinical.set_xlabel(shown)
        clinical.set_xticks([])
        canvas.fig.legend(handles=handles, loc="outside lower center", ncols=_fitting(handles), fontsize=9)
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
        colour = {k: COLOURS.get(k, LIGHT[(used + i) % len(LIGHT)]) for i, k in enumerate(kinds)}
        used += len(kinds)
        handles += [Patch(color=colour[k], label=f"{name}: {_short(k)}") for k in kinds]
        rgb = {v: to_rgb("#FFFFFF" if v is None else colour.get(v, "#F2F2F2")) for v in set(values)}
        rows.append([rgb[v] for v in values])
    ax.imshow(np.array(rows), aspect="auto", interpolation="none", extent=(-0.5, len(rows[0]) - 0.5, len(rows), 0))
    ax.set_yticks(np.arange(len(rows)) + 0.5, list(tracks))
    ax.tick_params(length=0, labelsize=9)
    return handles


def _fitting(handles: Sequence[Any]) -> int:
    """How many columns a legend of these has over the width: a letter takes 5.6 points, a patch with its gaps 42."""
    longest = max(len(handle.get_label()) for handle in handles)
    return max(1, min(6, int(72 * NARROW / (5.6 * longest + 42))))


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
