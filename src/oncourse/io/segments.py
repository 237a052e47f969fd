"""Copy-number segments from SEG files and the tables of callers."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.variant import chromosome, position
from oncourse.io.clinical import number
from oncourse.io.text import read_table, table_name
from oncourse.study.schema import Problem

ALIASES: dict[str, tuple[str, ...]] = {
    "sample_id": ("sample_id", "tumor_sample_barcode", "id", "sample", "sampleid", "'id"),
    "chrom": ("chrom", "chromosome", "chr", "contig"),
    "start": ("start", "loc.start", "start_position", "startpos", "start_pos", "chromosome_start"),
    "end": ("end", "loc.end", "end_position", "endpos", "end_pos", "chromosome_end"),
    "total_cn": ("total_cn", "copynumber", "copy_number", "tcn.em", "tcn", "totalcn", "total_copy_number",
                 "ntotal", "cn"),
    "minor_cn": ("minor_cn", "minor_copy_number", "lcn.em", "lcn", "nminor", "minorcn", "minor"),
    "major_cn": ("major_cn", "nmajor", "majorcn", "major_copy_number"),
    "log2_ratio": ("log2_ratio", "seg.mean", "segment_mean", "log2", "seg_mean", "cnlr.median", "logratio"),
}  # fmt: skip


def read_segments(path: Path | str) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the segments of a file (1-based, both ends inclusive) and the problems of its rows.

    Raises
    ------
    InputError : the file cannot be read or has no columns for sample, chromosome, start and end
    """
    name = table_name(Path(path))
    table = read_table(path, name=name, lenient=True)
    frame, problems = table.frame, list(table.problems)
    lowered = {c.lower().strip('"'): c for c in reversed(frame.columns)}
    found = {ours: lowered[a] for ours, names in ALIASES.items() for a in reversed(names) if a in lowered}
    lacking = [c for c in ("sample_id", "chrom", "start", "end") if c not in found]
    if lacking:
        cure = (
            f"It needs columns for {', '.join(lacking)} (found: {', '.join(frame.columns[:12]) or 'none'})."
        )
        raise InputError([*problems, Problem(name, 1, None, None, "is not a table of segments.", cure)])
    if not {"total_cn", "major_cn", "log2_ratio"} & set(found):
        cure = (
            "It needs total_cn (CopyNumber, tcn.em ...), major and minor copies, or log2 ratios (seg.mean)."
        )
        raise InputError(
            [*problems, Problem(name, 1, None, None, "no column with copies or log2 ratios.", cure)]
        )
    numbers = {
        ours: number(frame[found[ours]])
        if ours in found
        else pl.Series(ours, [None] * len(frame), dtype=pl.Float64)
        for ours in ("total_cn", "minor_cn", "major_cn", "log2_ratio")
    }
    raw = frame.select(
        pl.col(found[c]).str.strip_chars().alias(c) for c in ("sample_id", "chrom", "start", "end")
    )
    out = raw.select("sample_id", chromosome("chrom"), position("start"), position("end")).with_columns(
        pl.coalesce(numbers["total_cn"], numbers["major_cn"] + numbers["minor_cn"]).alias("total_cn"),
        numbers["minor_cn"].alias("minor_cn"),
        numbers["log2_ratio"].alias("log2_ratio"),
    )
    # half-open files start at 0: the first base is 1
    zero = raw["start"].cast(pl.Float64, strict=False) == 0
    out = out.with_columns(pl.when(zero).then(1).otherwise(pl.col("start")).alias("start"))
    both = pl.min_horizontal("minor_cn", pl.col("total_cn") - pl.col("minor_cn"))
    out = out.with_columns(pl.when(pl.col("minor_cn") <= pl.col("total_cn")).then(both).alias("minor_cn"))
    lost = out.select(pl.any_horizontal(pl.col("sample_id", "chrom", "start", "end").is_null()).alias("x"))[
        "x"
    ]
    for index in lost.arg_true().to_list():
        cure = "Each segment needs sample, chromosome, start and end."
        problems.append(
            Problem(name, int(table.lines[index]), None, None, "the segment is not used.", cure, "warning")
        )
    return out.filter(~lost).unique(maintain_order=True), problems
