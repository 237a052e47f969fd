"""How deep a sample was read, and MSI, as other programs write them: what makes a wild type measured.

Lists of bases (`oncourse.io.assays.base_depths`); the least depth of regions: mosdepth's ``.thresholds.bed``, GATK's
``.sample_interval_summary`` and sambamba depth region (the largest depth that all bases of a region reach), Picard's
per-target coverage, DRAGEN's ``_read_cov_report.bed``; a region's mean depth says nothing of its least and is refused.
MSIsensor, MSIsensor-pro and DRAGEN give the percent of unstable sites. (Manuals of the programs; read November 2026.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.variant import chromosome
from oncourse.io.assays.base_depths import base_depths
from oncourse.io.tabular.json_document import json_of
from oncourse.io.tabular.text import has_sam_header, read_table, table_name
from oncourse.io.whose.sample_names import sample_of_file

_DEPTH = re.compile(r"^(\d+)X$", re.I)
_PICARD = ("chrom", "start", "end", "min_coverage")
_DRAGEN = ("chrom", "start", "end", "min_cvg")
#: GATK's percent of the bases of an interval from a depth on; written with one decimal, so that 100.0 of more bases than
#: this may leave one out.
_GATK_SHARE, _GATK_BASES = re.compile(r"^(?P<sample>.+)_%_above_(?P<depth>\d+)$"), 1_000
#: Tables that hold no depth of single bases: columns (small letters), what they are.
_NO_LEAST = (
    (("contig", "start", "end", "count"), "GATK's CollectReadCounts counts reads that start in a bin"),
    (("locus", "repeats", "normal", "tumor"), "MANTIS's counts of repeats: its result is the file .status"),
    (("chrom", "start", "end", "mean"), "its depths are means"),
    (("target", "total_coverage", "average_coverage"), "its depths are means, and no column says what all bases reach"),
)


def is_msi(columns: list[str]) -> bool:
    """Whether columns are those of MSIsensor or MSIsensor-pro."""
    low = {c.lower() for c in columns}
    unstable = {"number_of_somatic_sites", "number_of_unstable_sites"} & low
    return "total_number_of_sites" in low and "%" in low and bool(unstable)


def msi_of_samples(path: Path) -> pl.DataFrame | None:
    """Return sample_id, msi_score (null where fewer than `FEW_SITES` sites were covered: nothing was measured) and
    msi_status (where the score says it, `msisensor_status`) of a result of MSIsensor: of the samples that a column names,
    else of the one the file is named after; null of any other file."""
    if path.name.lower().endswith(".json") or base_depths(path) is not None:
        return None
    frame = read_table(path, name=table_name(path), comment="##", lenient=True).frame
    frame = frame.rename({c: c.strip().lstrip("#").strip() for c in frame.columns})
    if not is_msi(frame.columns):
        return None
    low = {c.lower(): c for c in frame.columns}
    sample = next((low[c] for c in ("sample", "sample_id", "samples", "id") if c in low), None)
    rows = frame.select(
        (pl.col(sample) if sample else pl.lit(sample_of_file(path))).alias("sample_id"),
        pl.col("%").cast(pl.Float64, strict=False).fill_nan(None).alias("msi_score"),
        pl.col(low["total_number_of_sites"]).cast(pl.Float64, strict=False).alias("_sites"),
    )
    return _with_status(rows.drop_nulls("sample_id") if sample else rows.head(1), frame.columns)


#: MSIsensor's percent of somatic sites from which on both published cut-offs say unstable, and below which both say
#: stable: 3.5 of exomes (Niu et al. Bioinformatics 2014;30:1015), 10 and 3 of MSK-IMPACT (Middha et al. JCO Precis Oncol
#: 2017;1:1). Fewer sites than the last give no share worth a word (own choice); of none the programs write 0.00.
UNSTABLE, STABLE, FEW_SITES = 10.0, 3.0, 20


def msisensor_status(columns: Sequence[str], sites: float | None, percent: float | None) -> str | None:
    """Return the MSI status that MSIsensor's result means on an exome and on a panel alike; None where that depends on
    the assay, and for the other programs of its kind (Number_of_Unstable_Sites: MSIsensor-pro without a normal).

    >>> paired = ("Total_Number_of_Sites", "Number_of_Somatic_Sites", "%")
    >>> [msisensor_status(paired, 1200, percent) for percent in (31.0, 5.0, 0.4)], msisensor_status(paired, 5, 40.0)
    (['MSI-H', None, 'MSS'], None)
    """
    paired = "number_of_somatic_sites" in {c.strip().lower() for c in columns}
    if not paired or percent is None or sites is None or sites < FEW_SITES:
        return None
    return "MSI-H" if percent >= UNSTABLE else "MSS" if percent < STABLE else None


def _with_status(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return sample_id, msi_score and, where the score alone says it, msi_status of rows with their number of sites."""
    said = [msisensor_status(columns, n, share) for n, share in rows.select("_sites", "msi_score").iter_rows()]
    few = (pl.col("_sites") < FEW_SITES).fill_null(False)
    rows = rows.with_columns(pl.when(~few).then("msi_score").alias("msi_score"))
    out = rows.drop("_sites").with_columns(pl.Series("msi_status", said, dtype=pl.String))
    return out if any(said) else out.drop("msi_status")


def read_depths(path: Path) -> tuple[pl.DataFrame | None, float | None]:
    """Return the table coverage of one sample (named by the file), or the percent of unstable sites.

    `min_depth` is the least depth of a region: of mosdepth's thresholds the largest that all of its bases reach.

    Raises
    ------
    InputError : the file is none of these, or gives mean depths alone
    """
    if path.name.lower().endswith(".json"):
        return None, _dragen_msi(path)
    if (bases := base_depths(path)) is not None:
        return bases, None
    comment = "@" if has_sam_header(path) else "##"
    frame = read_table(path, name=table_name(path), comment=comment, lenient=True).frame
    if any(_GATK_SHARE.match(c) for c in frame.columns) and "Target" in frame.columns:
        return _gatk_intervals(frame), None
    frame = frame.rename({c: c.strip().lstrip("#").strip().lower() for c in frame.columns})
    if {"chromstart", "chromend", "samplename"} <= set(frame.columns):
        return _sambamba_regions(frame), None
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
    elif set(_DRAGEN) <= set(frame.columns):  # a BED: half-open
        least = pl.col("min_cvg").cast(pl.Float64, strict=False).floor().cast(pl.Int64)
        table = frame.with_columns(*place, least.alias("min_depth")).with_columns(pl.col("start") + 1)
    else:
        why = next((f" ({words})" for marks, words in _NO_LEAST if set(marks) <= set(frame.columns)), "")
        raise InputError(
            f"{path.name}: gives no least depth of regions{why}. Give mosdepth's .thresholds.bed (--by BED --thresholds "
            "1,20,50,100,500), Picard's PER_TARGET_COVERAGE, samtools depth, or an MSIsensor result; a mean depth says "
            "nothing of the least."
        )
    chrom = pl.col("chrom").str.strip_prefix("chr").replace({"M": "MT", "23": "X", "24": "Y"}).alias("chrom")
    out = table.select(pl.lit(sample_of_file(path)).alias("sample_id"), chrom, "start", "end", "min_depth")
    return out.drop_nulls(), None


def _gatk_intervals(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the largest depth that all bases of an interval reach, of each sample of GATK's interval summary.

    >>> row = {"Target": ["1:11-20"], "S_%_above_5": ["100.0"], "S_%_above_15": ["100.0"], "S_%_above_50": ["90.0"]}
    >>> _gatk_intervals(pl.DataFrame(row)).rows()
    [('S', '1', 11, 20, 15)]
    """
    place = pl.col("Target").str.extract_groups(r"^(?<chrom>.+):(?<start>\d+)(?:-(?<end>\d+))?$").struct
    limits: dict[str, dict[str, int]] = {}
    for column in frame.columns:
        if found := _GATK_SHARE.match(column):
            limits.setdefault(found["sample"], {})[column] = int(found["depth"])
    out = []
    for sample, columns in limits.items():
        reached = [pl.when(pl.col(c).cast(pl.Float64, strict=False) >= 100).then(n) for c, n in columns.items()]
        start = place.field("start").cast(pl.Int64)
        out.append(
            frame.select(
                pl.lit(sample).alias("sample_id"),
                place.field("chrom").alias("chrom"),
                start.alias("start"),
                pl.coalesce(place.field("end").cast(pl.Int64), start).alias("end"),
                pl.max_horizontal(*reached).alias("min_depth"),
            )
        )
    rows = pl.concat(out).drop_nulls().with_columns(chromosome())
    return rows.filter(pl.col("end") - pl.col("start") < _GATK_BASES)


def _sambamba_regions(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the largest depth that all bases of a region reach, of `sambamba depth region -T 20 -T 100`.

    >>> row = {"chrom": ["chr1"], "chromstart": ["10"], "chromend": ["20"], "percentage20": ["100"], "samplename": ["S"]}
    >>> _sambamba_regions(pl.DataFrame({**row, "percentage100": ["90.5"]})).rows()
    [('S', '1', 11, 20, 20)]
    """
    limits = {c: int(m[1]) for c in frame.columns if (m := re.match(r"^percentage(\d+)$", c))}
    reached = [pl.when(pl.col(c).cast(pl.Float64, strict=False) >= 100).then(n) for c, n in limits.items()]
    out = frame.select(
        pl.col("samplename").alias("sample_id"),
        pl.col("chrom"),
        (pl.col("chromstart").cast(pl.Int64, strict=False) + 1).alias("start"),
        pl.col("chromend").cast(pl.Int64, strict=False).alias("end"),
        pl.max_horizontal(pl.lit(0), *reached).cast(pl.Int64).alias("min_depth"),
    )
    return out.drop_nulls().with_columns(chromosome()).filter(pl.col("end") - pl.col("start") < _GATK_BASES)


def _dragen_msi(path: Path) -> float | None:
    """Return the percent of unstable sites of DRAGEN's microsat_output.json; null where the result is not valid, or fewer
    than `FEW_SITES` sites were assessed.

    Raises
    ------
    InputError : the file is no such result
    """
    try:
        said = json_of(path)
        value = float(said["PercentageUnstableSites"])
    except (InputError, ValueError, KeyError, TypeError):
        raise InputError(f"{path.name}: is no DRAGEN microsat_output.json (PercentageUnstableSites).") from None
    try:
        is_few = float(said.get("TotalMicrosatelliteSitesAssessed", FEW_SITES)) < FEW_SITES
    except (TypeError, ValueError):
        is_few = True
    return value if str(said.get("ResultIsValid", "true")).lower() == "true" and not is_few else None
