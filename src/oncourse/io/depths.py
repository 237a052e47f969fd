"""How deep a sample was read, and MSI, as other programs write them: what makes a wild type measured.

mosdepth's ``.per-base.bed`` gives the depth of every base; its ``.thresholds.bed`` (bases of a region at each depth or
more) and Picard's per-target coverage give the least depth of a region; a region's mean depth says nothing of its least
and is refused. MSIsensor and MSIsensor-pro give the
percent of unstable sites. (mosdepth 0.3, Picard CollectHsMetrics, MSIsensor manuals; read November 2026.)
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.variant import chromosome
from oncourse.io.covered import runs
from oncourse.io.sample_names import sample_of_file
from oncourse.io.text import read_table, table_name

_DEPTH = re.compile(r"^(\d+)X$", re.I)
_PICARD = ("chrom", "start", "end", "min_coverage")


def is_msi(columns: list[str]) -> bool:
    """Whether columns are those of MSIsensor or MSIsensor-pro."""
    low = {c.lower() for c in columns}
    unstable = {"number_of_somatic_sites", "number_of_unstable_sites"} & low
    return "total_number_of_sites" in low and "%" in low and bool(unstable)


def read_depths(path: Path) -> tuple[pl.DataFrame | None, float | None]:
    """Return the table coverage of one sample (named by the file), or the percent of unstable sites.

    `min_depth` is the least depth of a region: of mosdepth's thresholds the largest that all of its bases reach.

    Raises
    ------
    InputError : the file is none of these, or gives mean depths alone
    """
    if re.search(r"\.per-base\.bed(\.gz)?$", path.name, re.I):
        return _each_base(path), None
    frame = read_table(path, name=table_name(path), comment="##", lenient=True).frame
    frame = frame.rename({c: c.strip().lstrip("#").lower() for c in frame.columns})
    if is_msi(frame.columns):
        value = frame["%"].cast(pl.Float64, strict=False).drop_nulls()
        return None, float(value[0]) if len(value) else None
    limits = {c: int(m[1]) for c in frame.columns if (m := _DEPTH.match(c))}
    place = [pl.col(c).cast(pl.Int64, strict=False).alias(c) for c in ("start", "end") if c in frame.columns]
    if limits and {"chrom", "start", "end"} <= set(frame.columns):
        table = frame.with_columns(place)
        whole = [
            pl.when(pl.col(c).cast(pl.Int64, strict=False) >= pl.col("end") - pl.col("start")).then(n)
            for c, n in limits.items()
        ]
        table = table.with_columns(pl.max_horizontal(pl.lit(0), *whole).alias("min_depth"), pl.col("start") + 1)
    elif set(_PICARD) <= set(frame.columns):
        least = pl.col("min_coverage").cast(pl.Float64, strict=False).floor().cast(pl.Int64)
        table = frame.with_columns(*place, least.alias("min_depth"))
    else:
        raise InputError(
            f"{path.name}: gives no least depth of regions. Give mosdepth's .thresholds.bed (--by BED --thresholds "
            "1,20,50,100,500), Picard's PER_TARGET_COVERAGE, or an MSIsensor result; a mean depth says nothing of the "
            "least."
        )
    chrom = pl.col("chrom").str.strip_prefix("chr").replace({"M": "MT", "23": "X", "24": "Y"}).alias("chrom")
    out = table.select(pl.lit(sample_of_file(path)).alias("sample_id"), chrom, "start", "end", "min_depth")
    return out.drop_nulls(), None


def _each_base(path: Path) -> pl.DataFrame:
    """Read mosdepth's depth of stretches of one depth (no header; half-open)."""
    names = ("chrom", "start", "end", "min_depth")
    try:
        frame = pl.read_csv(path, separator="\t", has_header=False, infer_schema=False, new_columns=list(names))
        placed = frame.with_columns(pl.col(names[1:]).cast(pl.Int64))
    except (pl.exceptions.PolarsError, OSError):
        raise InputError(f"{path.name}: is no BED of chromosome, start, end and depth as mosdepth writes it.") from None
    own = pl.lit(sample_of_file(path)).alias("sample_id")
    return runs(placed.select(own, chromosome(), pl.col("start") + 1, "end", "min_depth").drop_nulls())
