"""Samples whose few reads may be errors of the places, by what the lesions of all patients show of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from oncourse.evolution.places import places_with_errors

if TYPE_CHECKING:
    from oncourse.evolution.presence import Presence

#: Cell fractions from (all cells) and to (few) which a variant counts, and the least probability of each by the reads
#: alone. A choice: from .8 on, subclones in most cells of either lesion and few of the other, which lie on no tree, were
#: errors of places in a third of simulated studies as told.
ALL_CELLS, FEW_CELLS, SURE_ALL, SURE_FEW = 0.9, 0.4, 0.5, 0.9
#: Highest allele fraction of an error of a place. A choice: a mapping artefact or inherited variant shows more.
MOST_VAF = 0.1
#: Probability of errors at more than one in twenty places, from which samples are named, and from which they count as
#: noisy (no shared fraction where most are). A choice: .5 is in up to half of simulated studies as told whose subclones lie
#: on no tree, .95 in 1 of 50.
NAMED, NOISY = 0.5, 0.95


def with_errors_of_places(
    samples: pl.DataFrame, cells: pl.DataFrame, kernel: Presence
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Name the tissue samples, and the sites in them, whose few reads may be errors of the places (`evolution.places`).

    The samples of one assay are asked together. What is present stays so, for the reason `few_reads`.
    """
    asked = _sides(samples, cells, kernel)
    named: dict[str, str] = {}
    few = np.zeros(cells.height, bool)
    for (assay,), of_assay in asked.group_by("assay", maintain_order=True):
        pairs = _one_pair_each(of_assay)
        found = places_with_errors(pairs.select("n_a", "n_b").to_numpy(), pairs.select("few_a", "few_b").to_numpy())
        if found.probability >= NAMED:
            named[str(assay)] = (
                f"errors of its places: few reads at {100 * found.share:.0f} % of the sites without the variant"
                if found.probability >= NOISY
                else f"its places may show few reads of their own, chance {100 * found.probability:.0f} %"
            )
            few[of_assay.filter("is_few")["cell"].to_numpy()] = True
    if not named:
        return samples, cells
    words = _assay().replace_strict(named, default=None, return_dtype=pl.String)
    tissue = pl.when(pl.col("material") == "tissue").then(words)
    joined = pl.concat_str("noise", tissue, separator="; ", ignore_nulls=True)
    samples = samples.with_columns(noise=pl.when(joined != "").then(joined))
    reason = pl.when(pl.Series(few) & (pl.col("reason") == "reads")).then(pl.lit("few_reads")).otherwise("reason")
    return samples, cells.with_columns(reason=reason)


def _assay() -> pl.Expr:
    return pl.col("assay_id").fill_null("")


def _sides(samples: pl.DataFrame, cells: pl.DataFrame, kernel: Presence) -> pl.DataFrame:
    """Return the cells of variants that another tissue sample of the same assay has in all its cells, and that are absent or
    in a few cells here: patient_id, assay, here, there (sample numbers), cell (row), is_few."""
    of_level = kernel.likelihood[:, 1:].astype(float)
    total = np.maximum(of_level.sum(axis=1), 1e-300)
    in_all = of_level[:, kernel.ccfs >= ALL_CELLS - 1e-9].sum(axis=1) / total >= SURE_ALL
    in_few = of_level[:, kernel.ccfs <= FEW_CELLS + 1e-9].sum(axis=1) / total >= SURE_FEW
    is_faint = pl.col("alt_count") <= MOST_VAF * pl.col("depth")
    tissue = samples.filter(pl.col("material") == "tissue").select("sample", assay=_assay())
    counted = (
        cells.select("patient_id", "site", "sample", "alt_count", "depth", "state", "blood")
        .with_row_index("cell")
        .with_columns(
            in_all=pl.Series(in_all) & (pl.col("state") == "present"),
            is_few=pl.Series(in_few) & (pl.col("state") == "present") & is_faint,
        )
        .filter(pl.col("depth").is_not_null() & pl.col("alt_count").is_not_null() & pl.col("blood").is_null())
        .join(tissue, on="sample", maintain_order="left")
    )
    here = counted.filter(pl.col("is_few") | (pl.col("state") == "absent"))
    there = counted.filter("in_all").select("site", "assay", there="sample")
    return here.join(there, on=["site", "assay"], maintain_order="left_right").select(
        "patient_id", "assay", "there", "cell", "is_few", here="sample"
    )


def _one_pair_each(sides: pl.DataFrame) -> pl.DataFrame:
    """Return n_a, few_a, n_b, few_b of one pair of samples per patient: that in which the scarcer side has most sites."""
    counted = sides.group_by("patient_id", "here", "there").agg(n=pl.len(), few=pl.col("is_few").sum())
    pair = {"a": pl.min_horizontal("here", "there"), "b": pl.max_horizontal("here", "there")}
    first = pl.col("here") < pl.col("there")
    sums = {
        f"{name}_{side}": pl.when(mine).then(column).otherwise(0).sum()
        for side, mine in (("a", first), ("b", ~first))
        for name, column in (("n", "n"), ("few", "few"))
    }
    pairs = counted.with_columns(**pair).group_by("patient_id", "a", "b").agg(**sums)
    scarcer, both = pl.min_horizontal("n_a", "n_b"), pl.col("n_a") + pl.col("n_b")
    return pairs.sort("patient_id", scarcer, both, "a", "b", descending=[False, True, True, False, False]).unique(
        "patient_id", keep="first", maintain_order=True
    )
