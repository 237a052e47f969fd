"""Waterfall: one bar per patient or line, best change from baseline, worst on the left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark

#: Changes above this are drawn cut off, with an arrow.
CLIP = 1.0
#: Bars drawn at most.
MOST = 800


def waterfall(
    change: ArrayLike,
    groups: Sequence[str] | None = None,
    *,
    ylabel: str,
    limits: Mapping[str, float],
    colours: Mapping[str, str] | None = None,
    clip: float = CLIP,
    names_of: Sequence[str] = (),
) -> str:
    """Draw one bar per value (fraction, -0.5 = -50 %), sorted from rise to fall; return SVG.

    Parameters
    ----------
    change : shape (n,), NaN = not evaluable (left out of the drawing; the caller's caption counts them)
    groups : group of each value, coloured; order of first appearance in ``colours`` or of the palette
    limits : label -> fraction of the dashed lines, e.g. {"-50 %": -0.5}
    clip : rises above this are cut and marked with an arrow
    names_of : the patient of each value, shown on hover
    """
    x = np.asarray(change, float)
    known = np.isfinite(x)
    order = np.argsort(-x[known], kind="stable")
    step = -(-int(known.sum()) // MOST)  # a bar below a pixel shows nothing: every step-th one stands for its like
    order = order[step // 2 :: step] if step > 1 else order
    values = x[known][order]
    shown = np.asarray(groups if groups is not None else [""] * len(x), dtype=object)[known]
    names = shown[order]
    people = np.asarray(names_of, dtype=object)[known][order] if len(names_of) else []
    wanted = (
        list(dict.fromkeys(names.tolist())) if colours is None else [n for n in colours if n in set(names.tolist())]
    )
    palette = dict(colours or {}) | {
        n: PALETTE[i % len(PALETTE)] for i, n in enumerate(wanted) if n not in (colours or {})
    }
    with drawing(NARROW, 3.6) as canvas:
        ax = canvas.ax
        at = np.arange(len(values))
        for name in wanted:
            mine = names == name
            label = f"{name} (n = {int((shown == name).sum()):,})" if name else None
            width = 1.0 if len(values) > 120 else 0.84
            bars = ax.bar(at[mine], np.minimum(values[mine], clip), width=width, color=palette[name], label=label)
            for bar, place in zip(bars, at[mine], strict=True):
                who = [people[place]] if len(people) else []
                mark(
                    bar,
                    f"{' '.join([*who, name])}: {100 * values[place]:+.0f} %",
                    people=who,
                    series=name,
                    colour=palette[name],
                )
        cut = values > clip
        if cut.any():
            ax.plot(at[cut], np.full(int(cut.sum()), clip), "^", color=COLOURS["text"], markersize=3)
        for label, height in limits.items():
            ax.axhline(height, color=COLOURS["muted"], linewidth=0.8, linestyle="--")
            beside = ax.get_yaxis_transform()
            ax.text(1.01, height, label, transform=beside, va="center", fontsize=7, color=COLOURS["muted"])
        ax.axhline(0, color=COLOURS["text"], linewidth=0.8)
        ax.yaxis.set_major_formatter(lambda v, _: f"{100 * v:+.0f} %")
        ax.set_ylabel(ylabel)
        ax.set_xticks([])
        ax.set_xlabel(f"n = {int(known.sum()):,}" + (f", 1 in {step} drawn" if step > 1 else ""))
        ax.set_ylim(-1.05, clip * 1.08 if (values > 0).any() else 0.2)
        if any(wanted):
            ax.legend(loc="upper right", fontsize=7)
        clean(ax, grid="y")
    return canvas.svg
