"""Depth of every base as programs list it: samtools depth, GATK DepthOfCoverage, bedtools coverage -d, mosdepth, sambamba.

Positions are 1-based in samtools' and GATK's lists; bedtools counts from 1 within half-open features. Bases that a list
leaves out (samtools without -a) are not known. Columns as the programs' manuals show them, November 2026.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.variant import chromosome
from oncourse.io.assays.covered import runs
from oncourse.io.whose.sample_names import of_path, sample_of_file

_LOCUS, _DEPTH_FOR = "locus", "depth_for_"


def base_depths(path: Path) -> pl.DataFrame | None:
    """Return the table coverage (regions with their least depth) of a list of bases; null where a file is none.

    Raises
    ------
    InputError : its columns of several samples have no names
    """
    first = _cells(path, "\t")
    if first and first[0].lower() == _LOCUS and any(c.lower().startswith(_DEPTH_FOR) for c in first):
        return _joined(_of_gatk(_table(path, "\t", header=True)))
    comma = _cells(path, ",")
    if comma and comma[0].lower() == _LOCUS and any(c.lower().startswith(_DEPTH_FOR) for c in comma):
        return _joined(_of_gatk(_table(path, ",", header=True)))
    if first[:3] == ["REF", "POS", "COV"]:
        return _joined(_of_sambamba(_table(path, "\t", header=True), path))
    if [c.lstrip("#").upper() for c in first[:2]] == ["CHROM", "POS"] and len(first) > 2:
        return _joined(_of_samtools(_table(path, "\t", header=True)))
    if not _are_whole(first[1:3]):
        return None
    if len(first) == 3:
        frame = _table(path, "\t", header=False)
        return _joined(_of_samtools(frame.rename({frame.columns[2]: sample_of_file(path)})))
    if len(first) == 4 and _are_whole(first[3:]):
        if int(first[1]) < int(first[2]):  # mosdepth, bedtools genomecov -bg: half-open stretches of one depth
            return _joined(_of_stretches(_table(path, "\t", header=False), path))
        raise InputError(f"{path.name}: its columns are depths of several samples without names: samtools depth -H.")
    if len(first) > 4 and _are_whole(first[-2:]) and 1 <= int(first[-2]) <= int(first[2]) - int(first[1]):
        return _joined(_of_bedtools(_table(path, "\t", header=False), path))
    return None


def _cells(path: Path, by: str) -> list[str]:
    """Return the cells of the first line; none where the file is no text."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            return stream.readline(1 << 16).decode("utf-8").strip("\r\n").split(by)
    except (OSError, EOFError, UnicodeDecodeError):
        return []


def _are_whole(cells: list[str]) -> bool:
    return bool(cells) and all(c.isascii() and c.isdigit() for c in cells)


def _table(path: Path, by: str, *, header: bool) -> pl.DataFrame:
    try:
        return pl.read_csv(path, separator=by, has_header=header, infer_schema=False, quote_char=None)
    except (pl.exceptions.PolarsError, OSError):
        raise InputError(f"{path.name}: its lines do not all have as many cells as the first.") from None


def _of_samtools(frame: pl.DataFrame) -> pl.DataFrame:
    chrom, pos, *samples = frame.columns
    return _each(frame, pl.col(chrom), pl.col(pos), samples, [of_path(s) for s in samples])


def _of_sambamba(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """sambamba depth base counts positions from 0."""
    sample = pl.col("SAMPLE") if "SAMPLE" in frame.columns else pl.lit(sample_of_file(path))
    pos = (pl.col("POS").cast(pl.Int64, strict=False) + 1).cast(pl.String)
    return frame.select(
        sample.alias("sample_id"),
        pl.col("REF").alias("chrom"),
        pos.alias("start"),
        pos.alias("end"),
        pl.col("COV").alias("min_depth"),
    )


def _of_gatk(frame: pl.DataFrame) -> pl.DataFrame:
    place = pl.col(frame.columns[0]).str.split_exact(":", 1).struct
    samples = [c for c in frame.columns if c.lower().startswith(_DEPTH_FOR)]
    return _each(
        frame, place.field("field_0"), place.field("field_1"), samples, [s[len(_DEPTH_FOR) :] for s in samples]
    )


def _each(frame: pl.DataFrame, chrom: pl.Expr, pos: pl.Expr, columns: list[str], names: list[str]) -> pl.DataFrame:
    parts = [
        frame.select(
            pl.lit(name).alias("sample_id"), chrom.alias("chrom"), pos.alias("start"), pl.col(column).alias("min_depth")
        )
        for column, name in zip(columns, names, strict=True)
    ]
    return pl.concat(parts).with_columns(end="start")


def _of_stretches(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    chrom, start, end, depth = frame.columns
    return frame.select(
        pl.lit(sample_of_file(path)).alias("sample_id"),
        pl.col(chrom).alias("chrom"),
        (pl.col(start).cast(pl.Int64, strict=False) + 1).alias("start"),
        pl.col(end).alias("end"),
        pl.col(depth).alias("min_depth"),
    )


def _of_bedtools(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    chrom, start, at, depth = frame.columns[0], frame.columns[1], frame.columns[-2], frame.columns[-1]
    pos = pl.col(start).cast(pl.Int64, strict=False) + pl.col(at).cast(pl.Int64, strict=False)
    return frame.select(
        pl.lit(sample_of_file(path)).alias("sample_id"),
        pl.col(chrom).alias("chrom"),
        pos.alias("start"),
        pos.alias("end"),
        pl.col(depth).alias("min_depth"),
    )


def _joined(places: pl.DataFrame) -> pl.DataFrame:
    """Return regions of sample_id, chrom, start, end, min_depth in text or numbers."""
    whole = pl.col("start", "end", "min_depth").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    frame = places.select("sample_id", chromosome(), whole).drop_nulls()
    return runs(frame.filter((pl.col("start") > 0) & (pl.col("min_depth") >= 0)))
