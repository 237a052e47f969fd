"""Matrix of gene pairs: together more or less often than burden explains."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.plots.theme import COLOURS, NARROW, drawing, mark

#: Power below which a pair that was not found says nothing.
LOW_POWER = 0.2
#: Colour scale ends at this p-value.
STRONGEST = 1e-6


def exclusivity_svg(pairs: pl.DataFrame, most: int = 25) -> str:
    """Draw the lower triangle of the `most` genes of most pairs' counts and return it as SVG.

    Parameters
    ----------
    pairs : gene_a, gene_b, direction, p_value, q_value, power_exclusivity, power_co_occurrence, n_both, n_a_only,
    n_b_only, expected_both
    """
    from matplotlib.colors import LinearSegmentedColormap

    genes = _commonest(pairs, most)
    at = {g: i for i, g in enumerate(genes)}
    n = len(genes)
    shown = np.full((n, n), np.nan)
    words = [[""] * n for _ in genes]
    rings, dots = [], []
    for row in pairs.filter(pl.col("gene_a").is_in(genes) & pl.col("gene_b").is_in(genes)).iter_rows(named=True):
        i, j = sorted((at[row["gene_a"]], at[row["gene_b"]]))
        sign = 1.0 if row["direction"] == "co-occurrence" else -1.0
        shown[j, i] = sign * -np.log10(max(row["p_value"], STRONGEST))
        words[j][i] = (
            f"{row['n_both']:,} with both, {row['expected_both']:.1f} expected, p {row['p_value']:.2g}, "
            f"q {row['q_value']:.2g}"
        )
        if row["q_value"] < 0.05:
            rings.append((i, j))
        elif max(row["power_exclusivity"], row["power_co_occurrence"]) < LOW_POWER:
            dots.append((i, j))
    side = max(3.2, min(0.23 * n + 1.6, NARROW - 0.9))
    scale = LinearSegmentedColormap.from_list("pairs", ["#0072B2", "#FFFFFF", "#D55E00"])
    with drawing(side + 0.9, side) as canvas:
        canvas.fig.set_layout_engine("compressed")  # square cells: the labels keep their room
        limit = -np.log10(STRONGEST)
        image = canvas.ax.imshow(shown[1:, :-1], cmap=scale, vmin=-limit, vmax=limit, aspect="equal")
        mark(image, grid={"owner": "pair", "rows": genes[1:], "names": genes[:-1], "told": [w[:-1] for w in words[1:]]})
        for marks, style in (
            (rings, {"s": 46, "facecolors": "none", "edgecolors": COLOURS["text"], "linewidths": 0.9}),
            (dots, {"s": 5, "c": COLOURS["muted"]}),
        ):
            if marks:
                x, y = np.array(marks).T
                canvas.ax.scatter(x, y - 1, **style)
        canvas.ax.set_xticks(range(n - 1), genes[:-1], rotation=90, fontsize=7)
        canvas.ax.set_yticks(range(n - 1), genes[1:], fontsize=7)
        canvas.ax.tick_params(length=0)
        for spine in canvas.ax.spines.values():
            spine.set_visible(False)
        ticks = [-limit, -2.0, 0.0, 2.0, limit]
        bar = canvas.fig.colorbar(image, ax=canvas.ax, shrink=0.6, ticks=ticks)
        bar.ax.set_yticklabels(
            [f"exclusive\np {STRONGEST:g}", "0.01", "as expected", "0.01", f"p {STRONGEST:g}\ntogether"]
        )
        bar.ax.tick_params(labelsize=7)
    return canvas.svg


def _commonest(pairs: pl.DataFrame, most: int) -> list[str]:
    """The genes altered most often, in that order."""
    both = pl.col("n_both")
    counts = pl.concat(
        [
            pairs.select(gene="gene_a", n=pl.col("n_a_only") + both),
            pairs.select(gene="gene_b", n=pl.col("n_b_only") + both),
        ]
    )
    top = counts.group_by("gene").agg(pl.col("n").max()).sort(["n", "gene"], descending=[True, False])
    return top["gene"].head(most).to_list()
