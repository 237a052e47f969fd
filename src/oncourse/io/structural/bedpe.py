"""BEDPE of structural variants (bedtools, SURVIVOR, svtools, PCAWG) -> fusions, by the genes at both ends.

Columns as bedtools' manual has them: chrom1, start1, end1, chrom2, start2, end2 (half-open, from 0), name, score, strand1,
strand2, then the writer's own. Strand + keeps what lies left of a place, - what lies right of it (as LUMPY's STRANDS).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.structural.large import Large, read_large
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_table
from oncourse.io.whose.sample_names import sample_of_file
from oncourse.study.frames import with_optional

COLUMNS = ("chrom1", "start1", "end1", "chrom2", "start2", "end2", "name", "score", "strand1", "strand2")


def is_bedpe(path: Path) -> bool:
    """Whether a file is a BEDPE by its name or its header."""
    if path.name.lower().removesuffix(".gz").endswith(".bedpe"):
        return True
    header = read_table(path, comment="##", lenient=True).frame.columns
    return {c.lstrip("# ").lower() for c in header} >= set(COLUMNS[:6])


def read_bedpe(path: Path, build: str | None) -> Large:
    """Return the fusions of a file of one sample, the one its name says; `build` names the genes.

    The middle of each end is its place. Without strands nothing says which sides are joined: such a row is left out,
    and counted.

    Raises
    ------
    InputError : the file is no BEDPE
    """
    sample = sample_of_file(path)
    rows = _rows(path)
    whole = {c: pl.col(c).cast(pl.Int64, strict=False) for c in ("start1", "end1", "start2", "end2")}
    at = [((whole[f"start{i}"] + 1 + whole[f"end{i}"]) // 2).cast(pl.String) for i in (1, 2)]
    strands = pl.when(pl.col("strand1").is_in(["+", "-"]) & pl.col("strand2").is_in(["+", "-"])).then(
        pl.concat_str(pl.lit("STRANDS="), "strand1", "strand2")
    )
    info = pl.concat_str(
        pl.lit("SVTYPE=BND"), pl.format("CHR2={}", "chrom2"), pl.format("POS2={}", at[1]), separator=";"
    )
    records = rows.select(
        pl.col("chrom1").alias("#CHROM"),
        at[0].alias("POS"),
        pl.lit("<BND>").alias("ALT"),
        (pl.col("filter") if "filter" in rows.columns else pl.lit("PASS")).alias("FILTER"),
        pl.concat_str(info, strands, separator=";", ignore_nulls=True).alias("INFO"),
        pl.lit("GT").alias("FORMAT"),
        pl.lit("0/1").alias(sample),
    )
    lines = pl.Series("line", range(2, records.height + 2), dtype=pl.UInt32)
    return read_large(TextTable(records, lines), {sample: sample}, [], build, lambda info: ())


def _rows(path: Path) -> pl.DataFrame:
    """Return the rows under the names of `COLUMNS`; a file need not have a header.

    Raises
    ------
    InputError : the file is no table of tabs
    """
    try:
        frame = pl.read_csv(
            path, separator="\t", has_header=False, infer_schema=False, quote_char=None, comment_prefix="##"
        )
    except (pl.exceptions.PolarsError, OSError):
        raise InputError(f"{path.name}: its lines do not all have as many cells as the first.") from None
    first = [str(c).lstrip("# ").lower() for c in frame.row(0)]
    names = [*COLUMNS, *(f"more_{i}" for i in range(frame.width))][: frame.width]
    if frame.width > 5 and not (first[1].isdigit() and first[4].isdigit()):
        names, frame = first, frame.slice(1)
    frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    if lacking := [c for c in COLUMNS[:6] if c not in frame.columns]:
        raise InputError(f"{path.name}: column {', '.join(lacking)} missing: a BEDPE has {', '.join(COLUMNS)}.")
    return with_optional(frame, dict.fromkeys(COLUMNS, pl.String))
