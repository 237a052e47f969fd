"""Clone trees, with the clones' shares of every sample beside them."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, PALETTE, clean, laid_out, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation


#: Letters of the genes that fit beside the clones of one level, all together.
ACROSS = 70


def clone_colours(n: int) -> list[tuple[float, float, float]]:
    """Return one colour per clone: the palette, then ever lighter rounds of it."""
    from matplotlib.colors import to_rgb

    base = [to_rgb(c) for c in PALETTE[:8]]
    out = []
    for k in range(n):
        light = min(0.75, 0.4 * (k // len(base)))
        r, g, b = base[k % len(base)]
        out.append((r + (1 - r) * light, g + (1 - g) * light, b + (1 - b) * light))
    return out


def tree_layout(parent: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x, y of each clone: leaves side by side, a parent over the middle of its children, depth downwards.

    Examples
    --------
    >>> x, y = tree_layout([-1, 0, 0])
    >>> x.tolist(), y.tolist()
    ([0.5, 0.0, 1.0], [1.0, 2.0, 2.0])
    """
    n = len(parent)
    x, y = np.zeros(n), np.zeros(n)
    children: dict[int, list[int]] = {}
    for k, p in enumerate(parent):
        children.setdefault(int(p), []).append(k)
    next_leaf = 0.0
    stack: list[tuple[int, float, bool]] = [(k, 1.0, False) for k in reversed(children.get(-1, []))]
    while stack:
        k, depth, done = stack.pop()
        below = children.get(k, [])
        if done:
            x[k] = np.mean([x[c] for c in below])
            continue
        y[k] = depth
        if below:
            stack.append((k, depth, True))
            stack += [(c, depth + 1, False) for c in reversed(below)]
        else:
            x[k] = next_leaf
            next_leaf += 1
    return x, y


def n_leaves(parent: Sequence[int]) -> int:
    """Return the number of clones without children.

    Examples
    --------
    >>> n_leaves([-1, 0, 0])
    2
    """
    return len(set(range(len(parent))) - set(parent))


def variants_words(n: int) -> str:
    """Return a number of variants in words: ``1 variant``."""
    return f"{n:,} variant{'' if n == 1 else 's'}"


def clone_tree(
    ax: Axes,
    parent: Sequence[int],
    names: Sequence[str],
    *,
    n_variants: Sequence[int],
    support: Sequence[float],
    labels: Sequence[str],
) -> None:
    """Draw one tree: circles by variants, edges with their support, driver genes beside the clones.

    With more than five leaves the text (number of variants, genes) stands below the clones.

    Parameters
    ----------
    parent : parent of each clone, -1 the root; support : probability of the edge into each clone; labels : text beside
        each clone (driver genes), empty for none
    """
    x, y = tree_layout(parent)
    colours = clone_colours(len(parent))
    crowded = n_leaves(parent) > 5
    roots = [k for k, p in enumerate(parent) if p < 0]
    top = float(np.mean([x[k] for k in roots])) if roots else 0.0
    circles, beside_them, on_edges = [], [], []
    for k, p in enumerate(parent):
        from_x, from_y = (top, 0.0) if p < 0 else (x[p], y[p])
        # a sure edge is dark, a doubtful one light and broken
        (edge,) = ax.plot(
            [from_x, x[k]],
            [from_y, y[k]],
            color=COLOURS["muted"],
            linewidth=0.8 + 2.2 * support[k],
            linestyle="-" if support[k] >= 0.5 else (0, (3, 2)),
            zorder=1,
        )
        above = "the root" if p < 0 else names[p]
        mark(edge, f"{above} to {names[k]}: probability {support[k]:.2f}")
        if p >= 0 or len(roots) > 1:
            t = 0.68 if crowded else 0.5  # siblings are further apart near the child
            place = (from_x + t * (x[k] - from_x), from_y + t * (y[k] - from_y))
            shown = ax.annotate(
                f"{support[k]:.2f}",
                place,
                fontsize=6 if crowded else 7,
                ha="center",
                color=COLOURS["muted"],
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )
            on_edges.append(shown)
    ax.scatter([top], [0], s=30, color=COLOURS["muted"], zorder=2)
    area = 130 + 500 * np.sqrt(np.asarray(n_variants, float) / max(1, *n_variants))
    for k, name in enumerate(names):
        dot = ax.scatter(x[k : k + 1], y[k : k + 1], s=area[k], color=[colours[k]], zorder=2, edgecolors="white")
        mark(dot, f"{name}: {variants_words(n_variants[k])} {labels[k]}".rstrip())
    for k, name in enumerate(names):
        light = float(np.dot(colours[k][:3], (0.299, 0.587, 0.114))) > 0.65
        circle = ax.annotate(
            name,
            (x[k], y[k]),
            ha="center",
            va="center",
            fontsize=8,
            color=COLOURS["text"] if light else "white",
            weight="bold",
            zorder=3,
        )
        circles.append(circle)
        text = variants_words(n_variants[k])
        genes = wrap(labels[k], ACROSS // max(n_leaves(parent), 1))
        text = "\n".join([text, *genes[:3]]) + (" ..." if len(genes) > 3 else "")
        beside, below = (14, -3), (0, -13)
        if crowded:  # beside the circle is the next clone
            text = "\n".join([str(n_variants[k]), *wrap(labels[k], 9)[:4]])
        label = ax.annotate(
            text,
            (x[k], y[k]),
            xytext=below if crowded else beside,
            textcoords="offset points",
            zorder=3,
            fontsize=6 if crowded else 7,
            va="top" if crowded else "center",
            ha="center" if crowded else "left",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.7} if crowded else None,
        )
        beside_them.append(label)
    ax.set_xlim(min(0.0, x.min()) - 0.5, x.max() + 0.9)
    ax.set_ylim(max(y.max(), 1) + 0.5, -0.3)
    ax.axis("off")
    _make_room(ax, circles, beside_them, on_edges)


def _make_room(
    ax: Axes, circles: Sequence[Annotation], labels: Sequence[Annotation], edges: Sequence[Annotation]
) -> None:
    """Shorten each text beside a clone until it lies on no other; hide the support of an edge that still does.

    Genes go first, from the end, then the word after the number. The table of clones has all of them.
    """
    laid_out(ax.figure)  # type: ignore[arg-type]  # `get_figure(root=True)` is of matplotlib 3.10
    kept = [c.get_window_extent() for c in circles]
    own = {id(label): i for i, label in enumerate(labels)}
    for label in labels:
        others = [box for i, box in enumerate(kept) if i != own[id(label)]]
        here = label.get_window_extent()
        while any(here.overlaps(box) for box in others) and (short := _shorter(label.get_text())):
            label.set_text(short)
            here = label.get_window_extent()
        kept.append(here)
    for edge in edges:
        box = edge.get_window_extent()
        edge.set_visible(not any(box.overlaps(other) for other in kept))


def _shorter(text: str) -> str:
    """Return a label with one line or word less; empty where only the number is left.

    >>> _shorter("95 variants\\nTP53, APC"), _shorter("95 variants"), _shorter("95")
    ('95 variants', '95', '')
    """
    if "\n" in text:
        return text.rsplit("\n", 1)[0]
    return text.rpartition(" ")[0]


def clone_bars(ax: Axes, fraction: NDArray[np.float64], names: Sequence[str], samples: Sequence[str]) -> None:
    """Draw what each sample is made of: stacked shares of the clones (K, S), the rest is cells without any of them."""
    colours = clone_colours(len(names))
    start = np.zeros(len(samples))
    at = np.arange(len(samples))
    for k, name in enumerate(names):
        bars = ax.barh(at, fraction[k], left=start, color=colours[k], label=name, height=0.75)
        for bar, sample, share in zip(bars, samples, fraction[k], strict=True):
            mark(bar, f"{sample}, {name}: {100 * share:.0f} % of the tumour cells")
        start = start + fraction[k]
    ax.set_yticks(at, samples, fontsize=8 if len(samples) <= 12 else 6)
    ax.set_ylim(len(samples) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of the tumour cells")
    if len(names) <= 12:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)
    clean(ax)
