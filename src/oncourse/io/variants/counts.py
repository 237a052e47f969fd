"""Tables of read counts per site and sample (forced counts), long or wide, -> variants and calls.

Long: one row per site and sample, columns named as in a MAF or a caller's table (also ``AD`` as "ref,alt"). Wide: one
row per site and columns per sample, ``SAMPLE.NV`` and ``SAMPLE.DP``, ``ALT_counts_SAMPLE`` and ``REF_counts_SAMPLE``
and the like. A row is no call by itself: the assay's thresholds decide.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.io.signatures import named
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_table, table_name
from oncourse.io.variants.annotation import effect_columns
from oncourse.io.variants.count_callers import caller_table
from oncourse.io.variants.maf import renamed
from oncourse.io.variants.maf_columns import ALIASES, READS, spelled, wide_columns
from oncourse.io.variants.maf_rows import tables_of
from oncourse.io.variants.maf_tables import MafTables, write_rows
from oncourse.study.schema import Problem

_NORMAL = re.compile(r"(^|[_.-])(normal|germline|pbmc|n)$", re.I)
_CHANGE = r"^([ACGT]+|-)>([ACGT]+|-)$"
_KEYED = r"^(?:[A-Z]+=[\d.]+;)+AD=\d+(?:;[A-Z]+=[\d.]+)*;?$"
_NEEDED = ("chrom", "pos", "ref", "alt")


def read_counts(
    path: Path | str, *, fasta: Fasta | None = None, called: str = "counts", known: Collection[str] = ()
) -> MafTables:
    """Read a table of read counts; see `oncourse.io.variants.maf.read_maf` for what is returned.

    Of a wide table, samples named as normals are left out unless they are `known` (the clinical table says whose).

    Raises
    ------
    InputError : the file cannot be read, or has no columns for the site and for counts of samples
    """
    path = Path(path)
    name = table_name(path)
    table = caller_table(path, name, fasta) or read_table(path, name=name, comment="##", lenient=True)
    if table.frame.columns[:1] == ["#CHROM"] and "FORMAT" in table.frame.columns:
        cure = "Give it as `oncourse import vcf FILE DIR --called counts`."
        raise InputError([Problem(name, 1, None, None, "this is a VCF.", cure)])
    if said := named(table.frame.columns):
        raise InputError(f"{path.name}: {said}")
    if not table.frame.columns:
        raise InputError(table.problems)
    raw = table.frame.rename({c: c.lstrip("#") for c in table.frame.columns if c.startswith("#")})
    raw = _keyed_apart(raw.rename(spelled(raw.columns)))
    sites = _sites(renamed(raw), raw)
    lacking = [c for c in _NEEDED if c not in sites.columns]
    if lacking:
        names = ", ".join(f"{c} ({ALIASES[c][0]})" for c in lacking)
        cure = "A table of counts has chromosome, position, reference and variant allele."
        raise InputError([Problem(name, 1, None, None, f"no column for {names}.", cure)])
    wide = wide_columns(raw.columns)
    problems = [p for p in table.problems if "there twice" not in p.message]  # callers' tables repeat DP
    if wide:
        long, lines, skipped = _unpivoted(sites, raw, table, wide, known)
    elif "sample_id" in sites.columns:
        long, lines, skipped = _with_pairs(sites, raw), table.lines, []
        if not {"alt_count", "vaf"} & set(long.columns):
            cure = (
                "A table of counts has the reads with the variant (t_alt_count) and the depth of each site and sample."
            )
            raise InputError([Problem(name, 1, None, None, "no column with counts of reads.", cure)])
    else:
        cure = "Give a column with the sample, or columns such as SAMPLE.NV and SAMPLE.DP."
        raise InputError([Problem(name, 1, None, None, "no column with the sample or its counts.", cure)])
    found = tables_of(long, TextTable(long, lines), name, problems, fasta=fasta, called=called)
    found.ledger.file(path.name, "read counts", "used", n_rows=table.frame.height)
    write_rows(found, path.name)
    if skipped:
        found.ledger.unread(path.name, skipped, why="taken as normal by its name")
        found.notes.append(f"{name}: {', '.join(skipped)} taken as normal and left out")
    return found


def _sites(sites: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Add the alleles from a column such as ``C>T`` where there are no columns of their own; effects from ``ANN``."""
    lowered = {c.lower(): c for c in reversed(raw.columns)}
    change = next((lowered[n] for n in ("change", "nucleotide", "mutation", "base_change") if n in lowered), None)
    if change and not {"ref", "alt"} <= set(sites.columns):
        parts = raw[change].str.extract_groups(_CHANGE)
        sites = sites.with_columns(parts.struct.field("1").alias("ref"), parts.struct.field("2").alias("alt"))
    if "ann" in lowered and "gene" not in sites.columns:
        sites = sites.hstack(effect_columns(raw[lowered["ann"]]).get_columns())
    return sites


def _unpivoted(
    sites: pl.DataFrame,
    raw: pl.DataFrame,
    table: TextTable,
    wide: dict[str, dict[str, str]],
    known: Collection[str],
) -> tuple[pl.DataFrame, pl.Series, list[str]]:
    """One row per site and sample; normal samples that nobody knows are left out."""
    site = sites.drop("sample_id", "alt_count", "ref_count", "depth", "vaf", strict=False)
    skipped = sorted(s for s in wide if _NORMAL.search(s) and s not in known)
    frames, lines = [], []
    for sample, kinds in wide.items():
        if sample in skipped:
            continue
        counts = [raw[column].alias(kind) for kind, column in kinds.items()]
        missing = [pl.lit(None, pl.String).alias(k) for k, _ in READS if k not in kinds]
        frame = site.with_columns(pl.lit(sample).alias("sample_id"), *counts).with_columns(missing)
        frame = _pairs_apart(frame)
        seen = frame["depth"].is_not_null() | frame["alt_count"].is_not_null()
        frames.append(frame.filter(seen).select(*site.columns, "sample_id", "alt_count", "ref_count", "depth"))
        lines.append(table.lines.filter(seen))
    if not frames:
        raise InputError("the table has counts of normal samples only.")
    return pl.concat(frames), pl.concat(lines), skipped


def _keyed_apart(raw: pl.DataFrame) -> pl.DataFrame:
    """Part the columns of samples whose cells name their numbers (GBCMS's fillout: ``DP=100;RD=70;AD=30;VF=0.3``)."""
    for column in raw.columns:
        cells = raw[column].drop_nulls()
        if not cells.head(1).str.contains(_KEYED).any() or not cells.str.contains(_KEYED).all():
            continue
        keys = {"AD": f"{column}.NV", "DP": f"{column}.DP"}
        parts = [pl.col(column).str.extract(rf"(?:^|;){key}=(\d+)").alias(name) for key, name in keys.items()]
        raw = raw.with_columns(parts).drop(column)
    return raw


def _pairs_apart(frame: pl.DataFrame) -> pl.DataFrame:
    """Read a column ``SAMPLE.AD`` of "reference,variant" reads (GATK VariantsToTable)."""
    parts = frame["alt_count"].str.extract_groups(r"^(\d+),(\d+)$")
    ref, alt = parts.struct.field("1"), parts.struct.field("2")
    return frame.with_columns(
        pl.coalesce("ref_count", pl.lit(ref)).alias("ref_count"),
        pl.coalesce(pl.lit(alt), "alt_count").alias("alt_count"),
    )


def _with_pairs(sites: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Read an ``AD`` column of "reference,variant" reads."""
    pair = next((c for c in raw.columns if c.lower() in ("ad", "allelic_depth", "t_ad")), None)
    if pair is None:
        return sites
    parts = raw[pair].str.extract_groups(r"^(\d+),(\d+)$")
    # the pair is the sample's own; a DP beside it may be the site's in all samples
    return sites.drop("depth", "vaf", strict=False).with_columns(
        parts.struct.field("1").alias("ref_count"), parts.struct.field("2").alias("alt_count")
    )
