"""ANNOVAR's multianno tables: per sample and named after it, or merged with a sample column.

The last columns (Otherinfo) repeat the VCF record; FILTER and the counts are read from there where it has one sample.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from oncourse.io.dialects import Site, counts

#: ``S1.hg19_multianno.txt``, ``S1.avinput.hg38_multianno.csv``.
_NAME = re.compile(
    r"^(?P<sample>.+?)(?:\.avinput|\.annovar|\.vcf)*\.(?P<build>hg19|hg38|b37|GRCh37|GRCh38)_multianno\.",
    re.I,
)
_FORMAT = r"^GT(:|$)"


def is_multianno(path: Path) -> bool:
    """Whether a file is a multianno table by its name."""
    return bool(re.search(r"_multianno\.(txt|csv|tsv)(\.gz)?$", path.name, re.I))


def looks_like_annovar(columns: list[str]) -> bool:
    """Whether a header is ANNOVAR's: Chr, Start, End, Ref, Alt and a ``Func.`` column."""
    return columns[:5] == ["Chr", "Start", "End", "Ref", "Alt"] and any(c.startswith("Func.") for c in columns)


def as_maf(frame: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Return the table with sample, build, FILTER and counts in MAF columns where it lacks them, and what to tell."""
    named = _NAME.match(path.name)
    out, notes = frame, []
    given = {c.lower() for c in frame.columns}
    if named and not given & {"tumor_sample_barcode", "sample_id", "sample", "sampleid"}:
        out = out.with_columns(pl.lit(named["sample"]).alias("Tumor_Sample_Barcode"))
        notes.append(f"{path.name}: no sample column: sample {named['sample']} by the file's name")
    if named and "ncbi_build" not in given:
        out = out.with_columns(pl.lit(named["build"]).alias("NCBI_Build"))
    for column in [c for c in frame.columns if c.startswith("Gene.")]:
        region = f"Func.{column.removeprefix('Gene.')}"
        if region in frame.columns:  # the genes beside a place are not its gene
            beside = pl.col(region).is_in(["intergenic", "upstream", "downstream", "upstream;downstream"])
            out = out.with_columns(pl.when(~beside).then(pl.col(column)).alias(column))
    if "t_alt_count" not in given:
        out, note = _with_counts(out, path.name)
        notes += note
    return out, notes


def _with_counts(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[str]]:
    others = [c for c in frame.columns if c.lower().startswith("otherinfo")]
    at = next((i for i, c in enumerate(others) if frame[c].drop_nulls().str.contains(_FORMAT).any()), None)
    if at is None:
        return frame, []
    samples = [c for c in others[at + 1 :] if frame[c].drop_nulls().str.contains(":").any()]
    if len(samples) != 1:
        return frame, [f"{name}: {len(samples)} sample columns in Otherinfo without a name: counts not read"]
    columns = frame.select("Ref", "Alt", others[at], samples[0], *others[max(at - 4, 0) : at])
    found = [_counts(*row[:4]) for row in columns.iter_rows()]
    added = [
        pl.Series("t_alt_count", [None if a is None else str(a) for a, _ in found], pl.String),
        pl.Series("t_depth", [None if d is None else str(d) for _, d in found], pl.String),
    ]
    if at >= 2 and "FILTER" not in frame.columns:
        added.append(frame[others[at - 2]].alias("FILTER"))
    return frame.with_columns(added), []


def _counts(ref: str | None, alt: str | None, keys: str | None, cells: str | None) -> tuple[int | None, int | None]:
    if keys is None or cells is None:
        return None, None
    fields = dict(zip(keys.split(":"), cells.split(":"), strict=False))
    return counts(fields, Site(ref or "", alt or ""))
