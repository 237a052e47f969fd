"""Copy number along the genome: how many patients gain and lose each band, and every sample as a row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, ROLES, clean, drawing, mark

DEEP, AMPLIFIED = "#0072B2", "#D55E00"
#: Colours of groups: neither that of gains nor that of losses.
_OTHERS = tuple(c for c in PALETTE if c not in (AMPLIFIED, DEEP))
#: Rows drawn at most.
MAX_SAMPLES = 600
#: Height of the frequencies (inches) without and with names of events, half of the latter's axes and the width of a
#: letter of the names (points), and what of that half names may take.
PLAIN, NAMED, HALF, LETTER, MOST_OF_HALF = 3.2, 6.2, 175.0, 6.0, 0.65
#: Share of the genome's width that a name on end takes: 11 points of 360.
NAME_WIDTH = 11 / 360


def frequency_svg(
    chroms: Sequence[str],
    length: NDArray[np.float64],
    gain: NDArray[np.float64],
    loss: NDArray[np.float64],
    marks: Sequence[tuple[int, str, bool, str]] = (),
    bands: Sequence[str] = (),
    people: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> str:
    """Draw the share of patients with gain (up) and loss (down) per band; return SVG.

    Parameters
    ----------
    chroms, length : chromosome and bases of each band, in the order of the genome
    gain, loss : shape (n_band,), fraction 0-1
    marks : band, words, side (True: up) and patients (joined by ;) of recurrent focal events
    bands : name of each band, said on hover; people : patients, and of each band which of them have it changed
    (`oncourse.plots.theme.bitmap`)
    """
    edge = np.concatenate([[0.0], np.cumsum(length)]) / 1e6
    with drawing(NARROW, NAMED if marks else PLAIN) as canvas:
        ax = canvas.ax
        ax.stairs(gain, edge, fill=True, color=AMPLIFIED, label="gain")
        ax.stairs(-loss, edge, fill=True, color=DEEP, label="loss")
        highest = max(0.1, float(np.max(gain, initial=0.0)), float(np.max(loss, initial=0.0)))
        # the names of events stand on end between the highest bar and the edge
        names = min(MOST_OF_HALF, (LETTER * max((len(words) for _, words, _, _ in marks), default=0) + 6) / HALF)
        top = highest / (1 - max(names, 0.13))
        if bands:
            over = ax.imshow(
                np.zeros((1, len(_columns(edge)), 4)), aspect="auto", extent=(0, edge[-1], -1, 1), zorder=9
            )
            told = [
                f"{b}: gain {100 * g:.0f} %, loss {100 * x:.0f} %" for b, g, x in zip(bands, gain, loss, strict=True)
            ]
            patients, changed = people
            cells = {"rows": [""], "names": told, "at": _columns(edge).tolist(), "patients": patients, "of": changed}
            mark(over, grid={"owner": "places", **cells})
        middle = (edge[:-1] + edge[1:]) / 2
        at = {up: [float(middle[band]) for band, _, side, _ in marks if side == up] for up in (True, False)}
        named = {up: iter(apart(places, NAME_WIDTH * edge[-1], edge[-1])) for up, places in at.items()}
        for band, words, up, hit in sorted(marks, key=lambda event: event[0]):
            x, y = middle[band], (gain[band] if up else -loss[band])
            edge_y, side = top * (0.99 if up else -0.99), "top" if up else "bottom"
            told_by = ax.annotate(
                words,
                (x, y),
                (next(named[up]), edge_y),
                ha="center",
                va=side,
                fontsize=9,
                rotation=90,
                arrowprops={"arrowstyle": "-", "lw": 0.4, "color": COLOURS["muted"]},
                zorder=10,
            )
            mark(told_by, words, people=hit.split(";"))
        chromosomes(ax, chroms, edge)
        ax.set_ylim(-top, top)
        ax.set_yticks([t for t in ax.get_yticks() if abs(t) <= 1.0])  # above: room for names, no shares
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * abs(value):.0f} %")
        ax.set_ylabel("patients")
        ax.axhline(0, color=COLOURS["text"], lw=0.6)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
        clean(ax)
    return canvas.svg


def apart(places: Sequence[float], gap: float, end: float) -> list[float]:
    """Return sorted places moved to stand at least `gap` apart, none beyond `end`.

    >>> apart([1, 2, 50, 99], 10, 100), apart([97, 98], 10, 100)
    ([1, 11, 50, 99], [90, 100])
    """
    out: list[float] = []
    for place in sorted(places):
        out.append(max(place, out[-1] + gap) if out else place)
    for i in range(len(out) - 1, -1, -1):
        out[i] = min(out[i], out[i + 1] - gap if i + 1 < len(out) else end)
    return out


def heat_map_svg(
    chroms: Sequence[str],
    length: NDArray[np.float64],
    states: NDArray[np.int8],
    order: NDArray[np.int64],
    groups: Sequence[str | None],
    names: tuple[Sequence[str], Sequence[str], Sequence[str]] = ((), (), ()),
) -> str:
    """Draw every sample as a row of bands: -1 loss, 0 neutral, 1 gain, -9 not measured; return SVG.

    Parameters
    ----------
    states : shape (n_sample, n_band); order : rows from top to bottom; groups : of each sample (None: none), a strip
    beside; names : of the bands, of the samples, and the patient of each sample, said on hover
    """
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    edge = np.concatenate([[0.0], np.cumsum(length)]) / 1e6
    rows = order if len(order) <= MAX_SAMPLES else order[np.linspace(0, len(order) - 1, MAX_SAMPLES).astype(int)]
    # bands have different lengths: the image has one column per 3 Mb
    columns = _columns(edge)
    palette = {-1: DEEP, 0: "#FFFFFF", 1: AMPLIFIED, -9: COLOURS["not_assessable"]}
    image = np.ones((len(rows), len(columns), 3))
    shown = states[np.ix_(rows, columns)]
    for value, colour in palette.items():
        image[shown == value] = to_rgb(colour)
    height = float(np.clip(1.1 + 0.08 * len(rows), 2.4, 6.0))
    parts = sorted({g for g in groups if g is not None})[: len(_OTHERS)]
    with drawing(NARROW, height) as canvas:
        ax = canvas.ax
        drawn = ax.imshow(image, aspect="auto", interpolation="none", extent=(0, edge[-1], len(rows), 0))
        if names[0]:
            mark(drawn, grid=_grid(shown, rows, columns, *names))
        handles = [Patch(color=palette[k], label=w) for k, w in ((1, "gain"), (-1, "loss"), (-9, "not measured"))]
        if len(parts) > 1:
            strip = ax.inset_axes((-0.025, 0, 0.015, 1))
            shade = {g: to_rgb(ROLES.get(g, _OTHERS[i % len(_OTHERS)])) for i, g in enumerate(parts)}
            cells = [[shade.get(groups[i] or "", (1.0, 1.0, 1.0))] for i in rows]
            strip.imshow(np.array(cells), aspect="auto", interpolation="none")
            strip.axis("off")
            handles += [Patch(color=shade[g], label=g) for g in parts]
        chromosomes(ax, chroms, edge)
        ax.set_yticks([])
        more = f" ({len(order):,} in all)" if len(order) > len(rows) else ""
        ax.set_ylabel(f"{len(rows):,} samples{more}", labelpad=16)
        ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3)
    return canvas.svg


def _columns(edge: NDArray[np.float64]) -> NDArray[np.int64]:
    """The band of each column of an image of the genome, one per 3 Mb; `edge` in Mb."""
    return np.minimum(np.searchsorted(edge, np.arange(1.5, edge[-1], 3.0), side="right") - 1, len(edge) - 2)


def _grid(
    shown: NDArray[np.int8],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    bands: Sequence[str],
    samples: Sequence[str],
    patients: Sequence[str],
) -> dict[str, object]:
    """What the page says of each cell: a row is a sample, and leads to its patient."""
    letters = np.full(shown.shape, "3")
    for letter, value in zip("012", (-1, 0, 1), strict=True):
        letters[shown == value] = letter
    return {
        "owner": "row",
        "rows": [samples[i] for i in rows],
        "names": list(bands),
        "at": columns.tolist(),
        "patients": [patients[i] for i in rows],
        "words": ["loss", "neutral", "gain", "not measured"],
        "cells": ["".join(row) for row in letters.tolist()],
    }


#: Share of the genome's width that a chromosome's name needs.
NEAR = 0.038


def chromosomes(ax: object, chroms: Sequence[str], edge: NDArray[np.float64]) -> None:
    """Lines between chromosomes and their names below."""
    from matplotlib.axes import Axes

    assert isinstance(ax, Axes)
    names = list(dict.fromkeys(chroms))
    first = [list(chroms).index(name) for name in names] + [len(chroms)]
    for at in first[1:-1]:
        ax.axvline(edge[at], color=COLOURS["grid"], lw=0.8)
    middle = [(edge[a] + edge[b]) / 2 for a, b in pairwise(first)]
    low = False
    for i in range(1, len(names)):  # a name too near to the one before it goes to a second line
        low = not low and bool(middle[i] - middle[i - 1] < NEAR * edge[-1])
        names[i] = f"\n{names[i]}" if low else names[i]
    ax.set_xticks(middle, names, fontsize=9)
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(0, edge[-1])
    ax.set_xlabel("chromosome")
