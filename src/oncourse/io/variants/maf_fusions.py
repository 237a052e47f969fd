"""Rows of a MAF that are fusions (``EML4-ALK fusion`` in place of a change), as tables before cBioPortal's own had
them."""

from __future__ import annotations

import polars as pl

from oncourse.io.structural.events import named_fusions
from oncourse.io.structural.large import FUSIONS, SEGMENTS, Large
from oncourse.study.frames import optional

#: Class of a row that is a fusion and no mutation.
_CLASS = r"(?i)^\s*(?:gene[ _-]?)?(?:fusion|rearrangement)s?\s*$"


def without_fusions(frame: pl.DataFrame, notes: list[str]) -> tuple[pl.DataFrame, Large | None, int]:
    """Return the rows (columns of `maf_columns`) that are no fusions, the fusions, and their rows' number.

    Fusions count as looked for in the samples that have one: a MAF does not say in whom else.
    """
    said = [pl.col(c).str.contains(_CLASS) for c in ("classification", "variant_type") if c in frame.columns]
    if not said or "gene" not in frame.columns:
        return frame, None, 0
    named = pl.col("sample_id").is_not_null()  # a row of nobody is told with the others
    is_one = frame.select((pl.any_horizontal(said).fill_null(False) & named).alias("is_one"))["is_one"]
    if not is_one.any():
        return frame, None, 0
    raw = frame.filter(is_one).select("sample_id", "gene", optional(frame, "hgvs_p").alias("fusion"))
    fusions = named_fusions(raw).with_columns(pl.lit(None, pl.Int64).alias("support")).select(*FUSIONS).unique()
    fusions = fusions.sort(fusions.columns)
    n = int(is_one.sum())
    notes.append(f"{n:,} rows of the MAF are fusions, no mutations: {fusions.height:,} rows of the table of fusions")
    looked = tuple(fusions["sample_id"].unique().sort())
    return frame.filter(~is_one), Large(fusions, pl.DataFrame(schema=SEGMENTS), looked=looked), n
