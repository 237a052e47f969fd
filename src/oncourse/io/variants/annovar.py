"""ANNOVAR's multianno tables: per sample and named after it, or merged with a sample column.

The last columns (Otherinfo) repeat the VCF record; FILTER and the counts are read from there where it has one sample.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from oncourse.io.variants.dialects import Site, counts

#: ``S1.hg19_multianno.txt``, ``S1.avinput.hg38_multianno.csv``.
_NAME = re.compile(
    r"^(?P<sample>.+?)(?:\.avinput|\.annovar|\.vcf)*\.(?P<build>hg19|hg38|b37|GRCh37|GRCh38)_multianno\.",
    re.I,
)
#: FORMAT, and behind one of the genotype alone the genotype: bases ``GT`` of REF or ALT have none behind them.
_FORMAT, _GENOTYPE = re.compile(r"^GT(:|$)"), re.compile(r"^[\d.]+[/|][\d.]+")


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
    """Add counts and FILTER from the cells of Otherinfo: FORMAT, the one sample behind it, FILTER two before it.

    They are looked for in each row: of a table with lists parted by tabs (-nopolish), or with all of Otherinfo in one
    quoted cell (-csvout), they stand in other columns.
    """
    others = [c for c in frame.columns if c.lower().startswith("otherinfo")]
    if not others:
        return frame, []
    rows = [_record(cells) for cells in frame.select(others).iter_rows()]
    several = max((len(r.samples) for r in rows if r), default=0)
    if several == 0:
        return frame, []
    if "FILTER" not in frame.columns:
        frame = frame.with_columns(pl.Series("FILTER", [r.filter if r else None for r in rows], pl.String))
    if several > 1:
        return frame, [f"{name}: {several} sample columns in Otherinfo without a name: counts not read"]
    columns = frame.select("Ref", "Alt").iter_rows()
    found = [
        _counts(ref, alt, r.keys, r.samples[0]) if r and r.samples else (None, None)
        for (ref, alt), r in zip(columns, rows, strict=True)
    ]
    added = [
        pl.Series("t_alt_count", [None if a is None else str(a) for a, _ in found], pl.String),
        pl.Series("t_depth", [None if d is None else str(d) for _, d in found], pl.String),
    ]
    return frame.with_columns(added), []


@dataclass(frozen=True)
class _Record:
    """What Otherinfo repeats of a VCF record: FILTER, the keys of FORMAT, the cells of samples."""

    filter: str | None
    keys: str
    samples: tuple[str, ...]


def _record(cells: Sequence[str | None]) -> _Record | None:
    """Return the record of a row's cells of Otherinfo; null where they hold none.

    -csvout writes all of Otherinfo into one cell; its tabs are blanks once the table is read.
    """
    parts = [part for cell in cells for part in (re.split(r"[\t ]", cell) if cell else [None])]
    at = next((i for i in reversed(range(len(parts))) if _is_format(parts, i)), None)
    if at is None:
        return None
    samples = tuple(part for part in parts[at + 1 :] if part and ":" in part)
    return _Record(parts[at - 2] if at >= 2 else None, parts[at] or "", samples)


def _is_format(parts: Sequence[str | None], i: int) -> bool:
    """Whether the part is the column FORMAT, and not a REF or ALT of the bases GT.

    >>> row = ["13", "32914437", ".", "GT", "G", "90", "PASS", "DP=200", "GT:AD", "0/1:100,100"]
    >>> [i for i in range(len(row)) if _is_format(row, i)], _is_format(["GT", "0/1"], 0)
    ([8], True)
    """
    part, behind = parts[i] or "", (parts[i + 1] or "") if i + 1 < len(parts) else ""
    return bool(_FORMAT.match(part)) and (":" in part or bool(_GENOTYPE.match(behind)))


def _counts(ref: str | None, alt: str | None, keys: str, cells: str) -> tuple[int | None, int | None]:
    fields = dict(zip(keys.split(":"), cells.split(":"), strict=False))
    return counts(fields, Site(ref or "", alt or ""))
