"""Tables of clonal evolution tools: PyClone(-VI), Pairtree, CONIPHER, LICHeE, cBioPortal clonality columns.

Read to and written from long frames with one row per variant and sample. Counts: variant_id, sample_id, alt_count,
depth, major_cn, minor_cn, normal_cn, purity. Clusters: variant_id, sample_id, cluster_id, ccf, ccf_sd, p_cluster. What
a format does not hold is null; what it cannot express is said at its writer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.errors import InputError

if TYPE_CHECKING:
    from oncourse.evolution.clustering.types import Counts

COUNTS_SCHEMA: dict[str, Any] = {
    "variant_id": pl.String,
    "sample_id": pl.String,
    "alt_count": pl.Int64,
    "depth": pl.Int64,
    "major_cn": pl.Float64,
    "minor_cn": pl.Float64,
    "normal_cn": pl.Float64,
    "purity": pl.Float64,
}
CLUSTERS_SCHEMA: dict[str, Any] = {
    "variant_id": pl.String,
    "sample_id": pl.String,
    "cluster_id": pl.String,
    "ccf": pl.Float64,
    "ccf_sd": pl.Float64,
    "p_cluster": pl.Float64,
}


def table_of(path: Path, needed: Sequence[str]) -> pl.DataFrame:
    """Return a tab-separated file as text columns; InputError names the columns that are missing."""
    try:
        frame = pl.read_csv(path, separator="\t", infer_schema=False, null_values=["", "NA", "nan", "NaN"])
    except (pl.exceptions.NoDataError, pl.exceptions.ComputeError) as error:
        what = "the file is empty." if isinstance(error, pl.exceptions.NoDataError) else "is no table."
        raise InputError(f"{path.name}: {what}") from None
    missing = [column for column in needed if column not in frame.columns]
    if missing:
        raise InputError(
            f"{path.name}: column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing; it has "
            f"{', '.join(frame.columns)}."
        )
    for column in _NUMBERS & set(frame.columns):
        _check_numbers(path, column, frame[column], first_row=2)
    return frame


#: Columns of the tools' tables that hold one number.
_NUMBERS = {
    "ref_counts",
    "alt_counts",
    "major_cn",
    "minor_cn",
    "normal_cn",
    "tumour_content",
    "cellular_prevalence",
    "cellular_prevalence_std",
    "cluster_assignment_prob",
    "REF_COUNT",
    "VAR_COUNT",
    "DEPTH",
    "COPY_NUMBER_A",
    "COPY_NUMBER_B",
    "ACF",
    "CCF_PHYLO",
}


def _check_numbers(path: Path, column: str, cells: pl.Series, first_row: int | None = None) -> None:
    """InputError with the row (where each row has one) and the text of the first cell that is no number of a count."""
    wrong = cells.is_not_null() & ~(cells.cast(pl.Float64, strict=False).abs() < 1e15).fill_null(False)
    if wrong.any():
        text = str(cells.filter(wrong)[0])[:40]
        row = "" if first_row is None else f", row {first_row + int(wrong.arg_max() or 0)}"
        cure = "Correct it, or leave the cell empty."
        raise InputError(f"{path.name}.{column}{row}: '{text}' is no number of this column. {cure}")


def read_text_columns(path: Path) -> pl.DataFrame:
    """Return a tab-separated file as text columns; InputError where it is empty or no table."""
    return table_of(path, ())


def _whole(column: str) -> pl.Expr:
    """A count that may be written as 12.0."""
    return pl.col(column).cast(pl.Float64).round().cast(pl.Int64)


def _counts(frame: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """Return the counts frame; columns that are not given are null."""
    given = [columns.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in COUNTS_SCHEMA.items()]
    return frame.select(given).sort("variant_id", "sample_id")


def counts_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with the columns of `COUNTS_SCHEMA` in their types, sorted."""
    return _counts(
        frame,
        **{name: pl.col(name).round() if name in ("alt_count", "depth") else pl.col(name) for name in COUNTS_SCHEMA},
    )


def counts_from_frame(frame: pl.DataFrame, error_rate: float = 1e-3) -> tuple[Counts, list[str], list[str]]:
    """Return (counts, variant_ids, sample_ids) for `oncourse.evolution.clustering.cluster.cluster_patient`.

    Variants and samples are sorted by name. A site without a row is not looked at (depth 0); null copy number is one
    of each allele, null purity 1.
    """
    import numpy as np

    from oncourse.evolution.clustering.types import Counts

    if frame.select(pl.struct("variant_id", "sample_id").is_duplicated().any()).item():
        raise InputError("a variant is counted twice in one sample.")
    variants, samples = (frame[c].unique().sort().to_list() for c in ("variant_id", "sample_id"))
    row = frame["variant_id"].replace_strict({v: i for i, v in enumerate(variants)}, return_dtype=pl.Int64).to_numpy()
    column = frame["sample_id"].replace_strict({s: i for i, s in enumerate(samples)}, return_dtype=pl.Int64).to_numpy()

    def wide(name: str, missing: float, dtype: Any = float) -> Any:
        table = np.full((len(variants), len(samples)), missing, dtype)
        table[row, column] = frame[name].fill_null(missing).to_numpy()
        return table

    purity = wide("purity", 1.0)
    if len(frame):
        # a site without a row has the purity of its sample
        of_sample = dict(frame.group_by("sample_id").agg(pl.col("purity").median().fill_null(1.0)).iter_rows())
        absent = np.ones(purity.shape, bool)
        absent[row, column] = False
        purity = np.where(absent, np.array([of_sample[s] for s in samples])[None, :], purity)
    counts = Counts(
        wide("alt_count", 0, np.int64),
        wide("depth", 0, np.int64),
        purity,
        wide("major_cn", 1.0),
        wide("minor_cn", 1.0),
        wide("normal_cn", 2.0),
        np.full(len(samples), error_rate),
    )
    return counts, variants, samples


def counts_to_frame(counts: Counts, variant_ids: Sequence[str], sample_ids: Sequence[str]) -> pl.DataFrame:
    """Return the counts frame of one patient; sites that were not looked at have no row."""
    import numpy as np

    n, s = counts.n_variant, counts.n_sample
    frame = pl.DataFrame(
        {
            "variant_id": np.repeat(np.array(variant_ids, object), s).tolist(),
            "sample_id": list(sample_ids) * n,
            "alt_count": counts.alt_count.ravel(),
            "depth": counts.depth.ravel(),
            "major_cn": counts.major_cn.ravel(),
            "minor_cn": counts.minor_cn.ravel(),
            "normal_cn": counts.normal_cn.ravel(),
            "purity": counts.purity.ravel(),
        },
        schema=COUNTS_SCHEMA,
    )
    return frame.filter(pl.col("depth") > 0)


# PyClone and PyClone-VI --------------------------------------------------------------------------------------------


def read_pyclone_vi(path: Path) -> pl.DataFrame:
    """Return the counts of a PyClone-VI input table (all samples in one file)."""
    needed = ("mutation_id", "sample_id", "ref_counts", "alt_counts", "major_cn", "minor_cn", "normal_cn")
    frame = table_of(path, needed)
    purity = pl.col("tumour_content") if "tumour_content" in frame.columns else pl.lit(None)
    return _counts(
        frame,
        variant_id=pl.col("mutation_id"),
        sample_id=pl.col("sample_id"),
        alt_count=_whole("alt_counts"),
        depth=_whole("ref_counts") + _whole("alt_counts"),
        major_cn=pl.col("major_cn"),
        minor_cn=pl.col("minor_cn"),
        normal_cn=pl.col("normal_cn"),
        purity=purity,
    )


def write_pyclone_vi(counts: pl.DataFrame, path: Path, *, whole_variants_only: bool = True) -> list[str]:
    """Write a PyClone-VI input table and return the variants left out.

    PyClone-VI drops a variant that is missing in any sample; with `whole_variants_only` that is done here, and said.
    """
    n_sample = counts["sample_id"].n_unique()
    partial = counts.group_by("variant_id").len().filter(pl.col("len") < n_sample)["variant_id"].sort().to_list()
    left_out = partial if whole_variants_only else []
    whole = [
        pl.col(c).fill_null(d).round().cast(pl.Int64) for c, d in (("major_cn", 1), ("minor_cn", 1), ("normal_cn", 2))
    ]
    counts.filter(~pl.col("variant_id").is_in(left_out)).sort("variant_id", "sample_id").select(
        mutation_id="variant_id",
        sample_id="sample_id",
        ref_counts=pl.col("depth") - pl.col("alt_count"),
        alt_counts="alt_count",
        major_cn=whole[0],
        minor_cn=whole[1],
        normal_cn=whole[2],
        tumour_content=pl.col("purity").fill_null(1.0),
    ).write_csv(path, separator="\t")
    return left_out


def read_pyclone(paths: dict[str, Path], purity: dict[str, float] | None = None) -> pl.DataFrame:
    """Return the counts of PyClone 0.13 tables, one file per sample; purity stands in its yaml, so it is given here."""
    frames = []
    for sample, path in sorted(paths.items()):
        frame = table_of(path, ("mutation_id", "ref_counts", "var_counts", "normal_cn", "minor_cn", "major_cn"))
        frames.append(
            _counts(
                frame,
                variant_id=pl.col("mutation_id"),
                sample_id=pl.lit(sample),
                alt_count=_whole("var_counts"),
                depth=_whole("ref_counts") + _whole("var_counts"),
                major_cn=pl.col("major_cn"),
                minor_cn=pl.col("minor_cn"),
                normal_cn=pl.col("normal_cn"),
                purity=pl.lit((purity or {}).get(sample)),
            )
        )
    return pl.concat([pl.DataFrame(schema=COUNTS_SCHEMA), *frames]).sort("variant_id", "sample_id")


def write_pyclone(counts: pl.DataFrame, folder: Path) -> list[Path]:
    """Write one PyClone 0.13 table per sample, <sample_id>.tsv, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for (sample,), frame in sorted(
        counts.partition_by("sample_id", as_dict=True).items(), key=lambda item: str(item[0])
    ):
        path = folder / f"{sample}.tsv"
        frame.sort("variant_id").select(
            mutation_id="variant_id",
            ref_counts=pl.col("depth") - pl.col("alt_count"),
            var_counts="alt_count",
            normal_cn=pl.col("normal_cn").fill_null(2).cast(pl.Int64),
            minor_cn=pl.col("minor_cn").fill_null(1).cast(pl.Int64),
            major_cn=pl.col("major_cn").fill_null(1).cast(pl.Int64),
        ).write_csv(path, separator="\t")
        out.append(path)
    return out


_PYCLONE_RESULT = {
    "cellular_prevalence": "ccf",
    "cellular_prevalence_std": "ccf_sd",
    "cluster_assignment_prob": "p_cluster",
}


def read_pyclone_clusters(path: Path) -> pl.DataFrame:
    """Return the clusters of a PyClone-VI result or of PyClone's loci table."""
    frame = table_of(path, ("mutation_id", "sample_id", "cluster_id", "cellular_prevalence"))
    optional = {new: pl.col(old) if old in frame.columns else pl.lit(None) for old, new in _PYCLONE_RESULT.items()}
    return frame.select(
        variant_id="mutation_id",
        sample_id="sample_id",
        cluster_id="cluster_id",
        **{name: value.cast(pl.Float64) for name, value in optional.items()},
    ).sort("variant_id", "sample_id")


def write_pyclone_clusters(clusters: pl.DataFrame, path: Path) -> None:
    """Write a PyClone-VI result table; variants without a cluster (artefacts) have no row there."""
    clusters.drop_nulls("cluster_id").sort("variant_id", "sample_id").select(
        mutation_id="variant_id",
        sample_id="sample_id",
        cluster_id="cluster_id",
        cellular_prevalence="ccf",
        cellular_prevalence_std="ccf_sd",
        cluster_assignment_prob="p_cluster",
    ).write_csv(path, separator="\t")


# Pairtree ----------------------------------------------------------------------------------------------------------


def read_pairtree(ssm: Path, params: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (counts, clusters) of a Pairtree .ssm and its params.json.

    Copy number is not in the format: var_read_prob w (the share of a mutated cell's reads that show the variant) comes
    back as purity 2 w of a diploid site, and above 0.5 as 1 / w copies of a pure sample, one of them mutated: the
    reading of its numbers that gives the same expected reads. Garbage
    variants and those in no cluster have a null cluster_id; ccf is not part of the input.
    """
    frame = table_of(ssm, ("id", "name", "var_reads", "total_reads", "var_read_prob"))
    try:
        meta = json.loads(params.read_text())
    except json.JSONDecodeError as error:
        raise InputError(f"{params.name}: no JSON ({error}).") from None
    if not isinstance(meta, dict) or not isinstance(meta.get("samples"), list):
        raise InputError(f"{params.name}: names no samples; is it Pairtree's params.json?")
    samples = [str(s) for s in meta["samples"]]
    lists = frame.with_columns(pl.col("var_reads", "total_reads", "var_read_prob").str.split(","))
    widths = lists.select(pl.col("var_reads", "total_reads", "var_read_prob").list.len()).unique()
    if widths.height > 1 or set(widths.row(0)) != {len(samples)}:
        raise InputError(f"{ssm.name}: every variant needs {len(samples)} values, one per sample of {params.name}.")
    long = lists.with_columns(sample_id=pl.lit(samples)).explode(
        "var_reads", "total_reads", "var_read_prob", "sample_id"
    )
    for column in ("var_reads", "total_reads", "var_read_prob"):
        _check_numbers(ssm, column, lists[column].explode())
    one, two = pl.lit(1.0), pl.lit(2.0)
    w = pl.col("var_read_prob").cast(pl.Float64)
    counts = _counts(
        long,
        variant_id=pl.col("id"),
        sample_id=pl.col("sample_id"),
        alt_count=_whole("var_reads"),
        depth=_whole("total_reads"),
        major_cn=one,
        minor_cn=(1 / w.clip(0.5, 1) - 1),
        normal_cn=two,
        purity=(w * 2).clip(0, 1),
    )
    where = {v: str(k + 1) for k, members in enumerate(meta.get("clusters", [])) for v in members}
    rows = [{"variant_id": v, "cluster_id": where.get(v)} for v in frame["id"]]
    return counts, pl.DataFrame(rows, schema={"variant_id": pl.String, "cluster_id": pl.String}).sort("variant_id")


def write_pairtree(counts: pl.DataFrame, clusters: pl.DataFrame | None, ssm: Path, params: Path) -> None:
    """Write a Pairtree .ssm and params.json.

    var_read_prob is what one mutated copy gives: purity / (purity x total_cn + (1 - purity) x normal_cn), 0.5 at purity
    1 and two copies. A site that was not looked at has 0 of 0 reads. Variants with a null cluster are garbage. Ids are
    s0, s1 ... in the order of the names, as Pairtree asks.
    """
    full = pl.DataFrame({"variant_id": counts["variant_id"].unique().sort()}).join(
        pl.DataFrame({"sample_id": counts["sample_id"].unique().sort()}), how="cross"
    )
    total = (pl.col("major_cn") + pl.col("minor_cn")).fill_null(2.0)
    purity = pl.col("purity").fill_null(1.0)
    copies = purity * total + (1 - purity) * pl.col("normal_cn").fill_null(2.0)
    wide = (
        full.join(counts, on=["variant_id", "sample_id"], how="left")
        .with_columns(w=pl.when(copies > 0).then(purity / copies).otherwise(0.5).round(6))
        .sort("variant_id", "sample_id")
        .group_by("variant_id", maintain_order=True)
        .agg(
            pl.col("alt_count").fill_null(0).cast(pl.String).str.join(",").alias("var_reads"),
            pl.col("depth").fill_null(0).cast(pl.String).str.join(",").alias("total_reads"),
            pl.col("w").cast(pl.String).str.join(",").alias("var_read_prob"),
        )
        .with_columns(id=pl.format("s{}", pl.int_range(pl.len())))
    )
    wide.select("id", pl.col("variant_id").alias("name"), "var_reads", "total_reads", "var_read_prob").write_csv(
        ssm, separator="\t"
    )
    meta: dict[str, Any] = {"samples": counts["sample_id"].unique().sort().to_list()}
    if clusters is not None:
        named = clusters.select("variant_id", "cluster_id").unique()
        ids = wide.select("variant_id", "id").join(named, on="variant_id", how="left", maintain_order="left")
        groups = ids.drop_nulls("cluster_id").group_by("cluster_id", maintain_order=True).agg("id")
        meta["clusters"] = groups["id"].to_list()
        meta["garbage"] = ids.filter(pl.col("cluster_id").is_null())["id"].to_list()
    params.write_text(json.dumps(meta) + "\n")


# CONIPHER ----------------------------------------------------------------------------------------------------------


def read_conipher(path: Path, case: str | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (counts, clusters) of a CONIPHER input table; variant_id is CHR:POS:REF:ALT, purity is ACF.

    case : only the rows of this CASE_ID; None: all
    """
    needed = (
        "SAMPLE",
        "CHR",
        "POS",
        "REF",
        "ALT",
        "REF_COUNT",
        "VAR_COUNT",
        "COPY_NUMBER_A",
        "COPY_NUMBER_B",
        "ACF",
    )
    frame = table_of(path, needed)
    if case is not None:
        frame = frame.filter(pl.col("CASE_ID") == case)
    variant = pl.concat_str(["CHR", "POS", "REF", "ALT"], separator=":")
    a, b = (pl.col(c).cast(pl.Float64) for c in ("COPY_NUMBER_A", "COPY_NUMBER_B"))
    depth = _whole("DEPTH") if "DEPTH" in frame.columns else _whole("REF_COUNT") + _whole("VAR_COUNT")
    counts = _counts(
        frame,
        variant_id=variant,
        sample_id=pl.col("SAMPLE"),
        alt_count=_whole("VAR_COUNT"),
        depth=depth,
        major_cn=pl.max_horizontal(a, b),
        minor_cn=pl.min_horizontal(a, b),
        normal_cn=pl.lit(2.0),
        purity=pl.col("ACF"),
    )
    none = pl.lit(None, dtype=pl.String)
    ccf = pl.col("CCF_PHYLO") if "CCF_PHYLO" in frame.columns else none
    clusters = frame.select(
        variant_id=variant,
        sample_id="SAMPLE",
        cluster_id=pl.col("CLUSTER") if "CLUSTER" in frame.columns else none,
        ccf=ccf.cast(pl.Float64),
        ccf_sd=pl.lit(None, dtype=pl.Float64),
        p_cluster=pl.lit(None, dtype=pl.Float64),
    )
    return counts, clusters.sort("variant_id", "sample_id")


def write_conipher(counts: pl.DataFrame, case_id: str, path: Path, ploidy: dict[str, float] | None = None) -> list[str]:
    """Write a CONIPHER input table and return the variants left out: ids that are not chrom:pos:ref:alt.

    A sample's ploidy that is not given is the mean of its variants' copies.
    """
    parts = pl.col("variant_id").str.split(":")
    good = counts.filter(parts.list.len() == 4)
    left_out = sorted(set(counts["variant_id"]) - set(good["variant_id"]))
    a, b = pl.col("major_cn").fill_null(1.0), pl.col("minor_cn").fill_null(1.0)
    given = pl.col("sample_id").replace_strict(ploidy or {}, default=None, return_dtype=pl.Float64)
    good.sort("variant_id", "sample_id").select(
        CASE_ID=pl.lit(case_id),
        SAMPLE="sample_id",
        CHR=parts.list.get(0),
        POS=parts.list.get(1),
        REF=parts.list.get(2),
        ALT=parts.list.get(3),
        REF_COUNT=pl.col("depth") - pl.col("alt_count"),
        VAR_COUNT="alt_count",
        DEPTH="depth",
        COPY_NUMBER_A=a,
        COPY_NUMBER_B=b,
        ACF=pl.col("purity").fill_null(1.0),
        PLOIDY=pl.coalesce(given, (a + b).mean().over("sample_id").round(2)),
    ).write_csv(path, separator="\t")
    return left_out


# LICHeE ------------------------------------------------------------------------------------------------------------


def read_lichee(path: Path) -> pl.DataFrame:
    """Return variant_id, name, sample_id, vaf of a LICHeE table; the normal column is one of the samples.

    LICHeE holds allele fractions, not reads: without depth there is no count to cluster by.
    """
    header, *lines = [line.rstrip("\n").split("\t") for line in path.read_text().splitlines() if line.strip()]
    if len(header) < 5 or not header[0].lower().startswith("#chr"):
        raise InputError(f"{path.name}: a LICHeE table starts with #chr, pos, description and the normal sample.")
    rows = []
    for number, line in enumerate(lines, 2):
        if len(line) < len(header):
            raise InputError(f"{path.name}, line {number}: {len(line)} columns, the header has {len(header)}.")
        rows += [
            (f"{line[0].removeprefix('chr')}:{line[1]}", line[2], sample, value)
            for sample, value in zip(header[3:], line[3:], strict=False)
        ]
    schema = dict.fromkeys(("variant_id", "name", "sample_id", "vaf"), pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    _check_numbers(path, "vaf", frame["vaf"])
    return frame.with_columns(pl.col("vaf").cast(pl.Float64))


def write_lichee(counts: pl.DataFrame, path: Path) -> list[str]:
    """Write a LICHeE table of allele fractions corrected to purity 1 and two copies; return the variants left out.

    LICHeE reads fractions of 0-0.5 and knows neither purity nor copies: what is written is half the cell fraction of a
    single mutated copy. It needs a value everywhere, so variants with a site that was not looked at are left out. The
    normal sample is 0.
    """
    samples = counts["sample_id"].unique().sort().to_list()
    total = (pl.col("major_cn") + pl.col("minor_cn")).fill_null(2.0)
    purity = pl.col("purity").fill_null(1.0)
    copies = purity * total + (1 - purity) * pl.col("normal_cn").fill_null(2.0)
    half = (pl.col("alt_count") / pl.col("depth") * copies / purity / 2).clip(0, 0.5).round(6)
    wide = (
        counts.with_columns(vaf=half)
        .pivot(on="sample_id", index="variant_id", values="vaf", sort_columns=True)
        .sort("variant_id")
    )
    whole = wide.drop_nulls(samples)
    left_out = sorted(set(wide["variant_id"]) - set(whole["variant_id"]))
    parts = pl.col("variant_id").str.split(":")
    whole.select(
        parts.list.get(0).alias("#chr"),
        parts.list.get(1, null_on_oob=True).fill_null("0").alias("pos"),
        pl.col("variant_id").alias("description"),
        pl.lit(0.0).alias("Normal"),
        *samples,
    ).write_csv(path, separator="\t")
    return left_out


# cBioPortal --------------------------------------------------------------------------------------------------------

ASCN = {
    "ASCN.ASCN_METHOD": "method",
    "ASCN.CCF_EXPECTED_COPIES": "ccf",
    "ASCN.CCF_EXPECTED_COPIES_UPPER": "ccf_high",
    "ASCN.CLONAL": "clonal",
    "ASCN.EXPECTED_ALT_COPIES": "multiplicity",
    "ASCN.TOTAL_COPY_NUMBER": "total_cn",
    "ASCN.MINOR_COPY_NUMBER": "minor_cn",
}
"""cBioPortal's allele-specific copy number columns of a MAF, and what they are here."""


def read_ascn(path: Path) -> pl.DataFrame:
    """Return the clonality columns of a cBioPortal MAF: sample_id, gene, chrom, pos, ref, alt and the values of `ASCN`.

    Columns the file does not have are null; `clonal` is CLONAL, SUBCLONAL or INDETERMINATE.
    """
    lines = path.read_text().splitlines()
    skip = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
    frame = pl.read_csv(
        "\n".join(lines[skip:]).encode(),
        separator="\t",
        infer_schema=False,
        null_values=["", "NA"],
        quote_char=None,
    )
    needed = {
        "Tumor_Sample_Barcode": "sample_id",
        "Hugo_Symbol": "gene",
        "Chromosome": "chrom",
        "Start_Position": "pos",
        "Reference_Allele": "ref",
        "Tumor_Seq_Allele2": "alt",
    }
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        raise InputError(f"{path.name}: columns {', '.join(missing)} missing.")
    numbers = {"ccf", "ccf_high", "multiplicity", "total_cn", "minor_cn"}
    values = [
        (pl.col(old) if old in frame.columns else pl.lit(None))
        .cast(pl.Float64 if new in numbers else pl.String)
        .alias(new)
        for old, new in ASCN.items()
    ]
    return frame.select(*(pl.col(old).alias(new) for old, new in needed.items()), *values).with_columns(
        pl.col("pos").cast(pl.Int64)
    )


def ascn_columns(variants: pl.DataFrame, *, clonal_from: float = 0.9) -> pl.DataFrame:
    """Return sample_id, variant_id and cBioPortal's ASCN columns for rows of evolution/variants.

    CLONAL where the upper limit of the CCF reaches `clonal_from` and the mean too, SUBCLONAL where the upper limit
    stays below it, else INDETERMINATE. Copy numbers are added where the frame has total_cn and minor_cn.
    """
    high = pl.col("ccf_high") >= clonal_from
    clonal = pl.when(high & (pl.col("ccf") >= clonal_from)).then(pl.lit("CLONAL")).when(~high).then(pl.lit("SUBCLONAL"))

    def number(name: str) -> pl.Expr:
        return (pl.col(name) if name in variants.columns else pl.lit(None)).cast(pl.Float64)

    return variants.select(
        "sample_id",
        "variant_id",
        pl.lit("ONCOURSE").alias("ASCN.ASCN_METHOD"),
        pl.col("ccf").alias("ASCN.CCF_EXPECTED_COPIES"),
        pl.col("ccf_high").alias("ASCN.CCF_EXPECTED_COPIES_UPPER"),
        clonal.otherwise(pl.lit("INDETERMINATE")).alias("ASCN.CLONAL"),
        pl.col("multiplicity_mode").cast(pl.Int64).alias("ASCN.EXPECTED_ALT_COPIES"),
        number("total_cn").alias("ASCN.TOTAL_COPY_NUMBER"),
        number("minor_cn").alias("ASCN.MINOR_COPY_NUMBER"),
    )
