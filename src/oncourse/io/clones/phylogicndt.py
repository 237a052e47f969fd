"""PhylogicNDT's list of samples (``.sif``) and the MAFs it names -> read counts, as `oncourse.io.clones` holds them.

The list has sample_id, maf_fn, seg_fn, purity, timepoint (PhylogicNDT's README and example data, November 2026); a MAF
has t_ref_count, t_alt_count and, where no segments are given, local_cn_a1 and local_cn_a2.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io import clones

_SEGMENT = {"chrom": ("Chromosome",), "start": ("Start_position", "Start.bp"), "end": ("End_Position", "End.bp")}
_ALLELES = ("A1_CN", "A2_CN")


def read_phylogicndt(source: Path) -> pl.DataFrame:
    """Return the counts of one patient: every sample of the list.

    Raises
    ------
    InputError : a file that the list names is neither at its place nor beside the list, or lacks a column
    """
    listed = clones.table_of(source, ("sample_id", "maf_fn"))
    parts = []
    for row in listed.iter_rows(named=True):
        counts = _of_maf(_beside(source, row["maf_fn"]), row["sample_id"], row.get("purity"))
        if row.get("seg_fn"):
            counts = _with_copies(counts, _beside(source, row["seg_fn"]))
        parts.append(counts)
    if not parts:
        raise InputError(f"{source.name}: lists no sample.")
    return clones.counts_of(pl.concat(parts))


def _beside(source: Path, name: str) -> Path:
    found = next((p for p in (source.parent / name, source.parent / Path(name).name) if p.is_file()), None)
    if found is None:
        raise InputError(f"{source.name}: names {name}, which is neither there nor beside the list.")
    return found


def _of_maf(path: Path, sample: str, purity: str | None) -> pl.DataFrame:
    place = ("Chromosome", "Start_position", "Reference_Allele", "Tumor_Seq_Allele2")
    frame = clones.table_of(path, ())
    wanted = (*place, "t_ref_count", "t_alt_count", "local_cn_a1", "local_cn_a2")
    given = {c.lower(): c for c in reversed(frame.columns)}  # vcf2maf writes Start_Position
    frame = frame.rename({given[w.lower()]: w for w in wanted if w.lower() in given and w not in frame.columns})
    if lacking := [c for c in wanted[:6] if c not in frame.columns]:
        raise InputError(f"{path.name}: column {', '.join(lacking)} missing; it has {', '.join(frame.columns)}.")
    alleles = [c for c in ("local_cn_a1", "local_cn_a2") if c in frame.columns]
    copies = [pl.col(c).cast(pl.Float64, strict=False) for c in alleles] or [pl.lit(None, pl.Float64)] * 2
    alt = pl.col("t_alt_count").cast(pl.Float64, strict=False)
    return frame.select(
        variant_id=pl.concat_str(pl.col("Chromosome").str.strip_prefix("chr"), *place[1:], separator=":"),
        sample_id=pl.lit(sample),
        alt_count=alt,
        depth=alt + pl.col("t_ref_count").cast(pl.Float64, strict=False),
        major_cn=pl.max_horizontal(copies),
        minor_cn=pl.min_horizontal(copies),
        normal_cn=pl.lit(None, pl.Float64),
        purity=pl.lit(purity).cast(pl.Float64, strict=False),
    ).drop_nulls(["variant_id", "alt_count", "depth"])


def _with_copies(counts: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Fill the copies of each place from the segment over it."""
    frame = clones.table_of(path, _ALLELES)
    names = {ours: next((c for c in theirs if c in frame.columns), None) for ours, theirs in _SEGMENT.items()}
    if lacking := [theirs[0] for ours, theirs in _SEGMENT.items() if names[ours] is None]:
        raise InputError(f"{path.name}: column {', '.join(lacking)} missing.")
    pair = [pl.col(c).cast(pl.Float64, strict=False) for c in _ALLELES]
    segments = frame.select(
        pl.col(str(names["chrom"])).str.strip_prefix("chr").alias("chrom"),
        *[pl.col(str(names[c])).cast(pl.Float64, strict=False).alias(c) for c in ("start", "end")],
        _major=pl.max_horizontal(pair),
        _minor=pl.min_horizontal(pair),
    )
    place = pl.col("variant_id").str.split(":")
    placed = counts.with_columns(chrom=place.list.get(0), pos=place.list.get(1).cast(pl.Float64)).sort("pos")
    joined = placed.join_asof(
        segments.sort("start"), left_on="pos", right_on="start", by="chrom", check_sortedness=False
    )
    inside = pl.col("pos") <= pl.col("end")
    return joined.with_columns(
        pl.coalesce(pl.when(inside).then(f"_{c}"), f"{c}_cn").alias(f"{c}_cn") for c in ("major", "minor")
    ).select(counts.columns)
