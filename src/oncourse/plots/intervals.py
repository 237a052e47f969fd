"""Horizontal intervals, one per patient, some without an end."""

from __future__ import annotations

import math
from collections.abc import Sequence

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark

_COLOURS = {"both": PALETTE[0], "ctdna_never": PALETTE[5], "imaging_never": PALETTE[2]}
_WORDS = {"both": "both turned", "ctdna_never": "ctDNA never turned", "imaging_never": "imaging never turned"}


def interval_lines(rows: Sequence[tuple[str, float, float, str]], label: str) -> str:
    """Return the drawing of (name, low, high, kind) rows from top to bottom; infinite ends become arrows."""
    ends = [v for _, low, high, _ in rows for v in (low, high) if math.isfinite(v)] or [0.0]
    margin = 0.08 * max(max(ends) - min(ends), 30)
    left, right = min(ends) - margin, max(ends) + margin
    with drawing(NARROW, min(1.0 + 0.16 * len(rows), 9)) as canvas:
        ax = canvas.ax
        for row, (name, low, high, kind) in enumerate(rows):
            colour = _COLOURS.get(kind, COLOURS["muted"])
            a, b = max(low, left), min(high, right)
            (line,) = ax.plot([a, b], [row, row], color=colour, linewidth=1.6)
            mark(line, f"{name}: {_span(low, high)}, {_WORDS.get(kind, kind)}", people=[name])
            for value, edge, marker in ((low, left, "<"), (high, right, ">")):
                if not math.isfinite(value):
                    ax.plot([edge], [row], marker=marker, color=colour, markersize=4)
        ax.axvline(0, color=COLOURS["text"], linewidth=0.8)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_yticks([])
        ax.set_ylabel(f"{len(rows)} patients")
        ax.set_xlabel(label)
        clean(ax, grid="x")
        kinds = [k for k in _COLOURS if any(r[3] == k for r in rows)]
        handles = [ax.plot([], [], color=_COLOURS[k])[0] for k in kinds]
        ax.legend(handles, [_WORDS[k] for k in kinds], ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    return canvas.svg


def _span(low: float, high: float) -> str:
    """An interval in words, which may have no end.

    >>> _span(-20, 60), _span(10, math.inf), _span(-math.inf, 5), _span(-math.inf, math.inf)
    ('-20 to 60', '10 or more', '5 or less', 'not bounded')
    """
    if math.isfinite(low):
        return f"{low:,.0f} to {high:,.0f}" if math.isfinite(high) else f"{low:,.0f} or more"
    return f"{high:,.0f} or less" if math.isfinite(high) else "not bounded"
