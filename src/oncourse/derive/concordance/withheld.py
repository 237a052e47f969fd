"""Comparisons of samples that say nothing of how many mutations are shared."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.derive.concordance.presence import PresenceTable

#: Share of the compared samples, with errors above those told, from which no shared fraction is given. A choice: uneven
#: errors ten times those told made it too high by .03-.11, thirty times by .06-.17, the interval as narrow as ever. Even
#: errors (within .03) and three times as many (within .01) are withheld, too: the reads do not tell them from uneven ones.
MOST_NOISY = 0.5


def mostly_noisy(samples: pl.DataFrame, main: pl.DataFrame) -> tuple[str, ...]:
    """The comparisons of whose samples `MOST_NOISY` or more are named for errors (`NOISE_COLUMNS`), not for spread alone.

    samples : of `PresenceTable`; main : main pairs (comparison, sample_a, sample_b)
    """
    named = samples.filter(pl.col("noise").str.contains("errors"))["sample_id"].implode()
    compared = pl.concat([main.select("comparison", sample_id=f"sample_{s}") for s in "ab"]).unique()
    noisy = compared.group_by("comparison").agg(share=pl.col("sample_id").is_in(named).mean())
    return tuple(noisy.filter(pl.col("share") >= MOST_NOISY)["comparison"].sort())


def seen_alone(power: pl.Series, variants: pl.DataFrame, min_power: float) -> bool:
    """Whether the variants of some pairs could only be judged where both samples have them: then they share 100 %.

    None is in one sample only, some could not be judged, and of a side no shared one lay where its absence would have
    been seen.

    power : of the cells; variants : of `PairTable`
    """
    if variants["state"].is_in(["private_a", "private_b"]).any() or not (variants["state"] == "not_assessable").any():
        return False
    shared = variants.filter(pl.col("state") == "shared")
    sides = (power.gather(shared[f"cell_{s}"].to_numpy()).fill_null(0.0) for s in "ab")
    return any(not (side >= min_power).any() for side in sides)


#: Share of the cells that would have shown a clone and are undecided all the same, from which, where they are more than
#: the absent ones, no shared fraction is given. A choice: with errors 30 times those told (3e-2) 18-40 % are undecided, few
#: absent, and .88-.96 of the decided are shared where .6 truly are; with 10 times at most 13 %, and where reads spread more
#: are absent.
MOST_UNDECIDED = 0.15


def hidden_by_errors(presence: PresenceTable, variants: pl.DataFrame, min_power: float) -> tuple[int, int] | None:
    """Return in how many tissue cells, of how many that would have shown a clone, the reads are as likely errors as a small
    clone, where what could be decided is mostly there; else None.

    variants : of `PairTable`
    """
    at = np.unique(variants.select("cell_a", "cell_b").to_numpy())
    tissue = pl.col("sample").is_in(presence.samples.filter(pl.col("material") == "tissue")["sample"].implode())
    cells = presence.cells[at].filter(tissue & (pl.col("basis") == "counted") & (pl.col("power") >= min_power))
    undecided = cells.filter(pl.col("reason").is_in(["uncertain", "weak_call"])).height
    few_absent = undecided > cells.filter(pl.col("raw_state") == "absent").height
    return (undecided, cells.height) if few_absent and undecided >= MOST_UNDECIDED * cells.height else None
