"""What the reads of the normal beside a tumour's call say: inherited, of the blood, or not to be told from the tumour's.

Columns: ``alt_count``, ``depth``, ``vaf`` of the tumour, ``normal_alt``, ``normal_depth`` and ``normal_share`` (a
fraction given without a depth) of its normal, ``variant_id``; null = not given.
"""

from __future__ import annotations

import polars as pl

from oncourse.study.frames import with_optional
from oncourse.study.schema import Problem

#: A normal shows the variant itself from this share of its reads on: a heterozygous one has 0.5, and of 10 reads
#: 95 % have more than 2. Less is a clone of the blood, tumour in the normal, or noise.
NORMAL_VAF, NORMAL_DEPTH = 0.25, 10
#: Reads and share of the normal that tell a clone of the blood from background (as in `derive.concordance.blood_origin`).
BLOOD_READS, BLOOD_VAF = 3, 0.01
#: z of the 95 % Wilson limits within which two shares are not told apart.
_Z = 1.959964
_TYPES: dict[str, type[pl.DataType]] = {
    "alt_count": pl.Int64,
    "depth": pl.Int64,
    "vaf": pl.Float64,
    "normal_alt": pl.Int64,
    "normal_depth": pl.Int64,
    "normal_share": pl.Float64,
}


def _share() -> pl.Expr:
    """Return the normal's share: of `NORMAL_DEPTH` or more reads, or as given where no depth is."""
    counted = pl.when(pl.col("normal_depth") >= NORMAL_DEPTH).then(pl.col("normal_alt") / pl.col("normal_depth"))
    return pl.when(pl.col("normal_depth").is_null()).then("normal_share").otherwise(counted)


def inherited(frame: pl.DataFrame) -> pl.Series:
    """Return whether the normal's own reads show the variant (`NORMAL_VAF`); false where they were not counted."""
    return with_optional(frame, _TYPES).select((_share() >= NORMAL_VAF).fill_null(False).alias("x"))["x"]


def in_blood(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return whether the normal shows each variant as much as the tumour, and whether nearly. Neither is `inherited`.

    As much as the tumour: in `BLOOD_READS` reads and `BLOOD_VAF` of them or more, and at no smaller share than in any
    tumour that has the same normal (its reads of the variant are the same). Such a variant is no mutation of the tumour.
    Nearly: in `BLOOD_READS` reads of any share whose 95 % limits reach those of the tumour.
    """
    frame = with_optional(frame, _TYPES)
    counted = (
        pl.when(pl.col("normal_alt").is_null())
        .then(_share() >= BLOOD_VAF)
        .otherwise(pl.col("normal_alt") >= BLOOD_READS)
    )
    seen = counted & (_share() < NORMAL_VAF) & (pl.col("alt_count").fill_null(1) > 0)
    seen_rows = frame.select(seen.fill_null(False).alias("x"))["x"]
    if not seen_rows.any():
        return seen_rows, seen_rows
    tumour = pl.when(pl.col("depth") > 0).then(pl.col("alt_count") / pl.col("depth")).otherwise("vaf")
    same = [pl.col(c) for c in ("variant_id", "normal_alt", "normal_depth", "normal_share")]
    high, (low, _) = _limits(_share(), pl.col("normal_depth"))[1], _limits(tumour, pl.col("depth"))
    found = frame.with_columns(seen_rows.alias("_seen")).select(
        much=(pl.col("_seen") & (_share() >= BLOOD_VAF) & (_share() >= tumour.max().over(same))).fill_null(False),
        near=(pl.col("_seen") & ((low <= high) | tumour.is_null())).fill_null(False),
    )
    return found["much"], found["near"] & ~found["much"]


def _limits(share: pl.Expr, total: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the Wilson limits of a share; null without a total."""
    z2 = _Z**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z / (1 + z2 / total) * (share * (1 - share) / total + z2 / (4 * total**2)).sqrt()
    return centre - half, centre + half


def tell_blood(n_much: int, n_near: int, name: str) -> list[Problem]:
    """Return what is told of calls that the normal shows as much as the tumour (`in_blood`), and nearly so."""
    problems = []
    if n_much:
        message = (
            f"{n_much:,} calls show the variant in the normal as much as in the tumour: taken as of the blood (chip)."
        )
        cure = "If the normal is no blood, or holds tumour, say the origin of each (Mutation_Status: Somatic)."
        problems.append(Problem(name, None, "normal_alt", None, message, cure, "warning"))
    if n_near:
        message = (
            f"{n_near:,} calls show the variant in the normal at a share not to be told from the tumour's: they stay."
        )
        cure = (
            "Look at each: clonal haematopoiesis, tumour in the normal or an exchanged sample; write CHIP or Germline."
        )
        problems.append(Problem(name, None, "normal_alt", None, message, cure, "warning"))
    return problems
