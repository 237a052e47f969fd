"""Rows of a panel report -> calls, variants, fusions, gene copies, samples, and which genes were looked at.

A row has a place, or a gene and a change; a fusion or a copy number in words; or a gene and no finding ("未检出", "wild
type"): then the gene was looked at in that sample. Nobody is dropped: a sample whose rows find nothing was tested.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from oncourse.genome import effect, protein
from oncourse.genome.variant import normalise
from oncourse.io.calling import ORIGINS
from oncourse.io.maf import ALIASES
from oncourse.io.reading import Reading
from oncourse.io.units import in_percent, with_percent
from oncourse.study.schema import Problem
from oncourse.study.values import plain_numbers
from oncourse.study.words import meaning, our_columns, translated

#: Columns of a panel report, beside those of samples and patients.
PANEL = (
    "sample_id", "patient_id", "gene", "hgvs_p", "hgvs_c", "vaf", "depth", "alt_count", "chrom", "pos", "ref", "alt",
    "consequence", "origin", "material", "assay_id", "day", "date", "value",
)  # fmt: skip
_FUSION = re.compile(r"([A-Z][A-Z0-9]*)\s*(?:-|:{1,2}|/|—)\s*([A-Z][A-Z0-9]*).*(?:融合|重排|fusion|rearrange)", re.I)
_COPIES = (
    ("2", re.compile(r"扩增|amplif|copy number gain|拷贝数增加", re.I)),
    ("-2", re.compile(r"纯合(性)?缺失|拷贝数缺失|homozygous del|deep del|copy number loss|homdel", re.I)),
)
#: Names that English headers have for columns of a report that MAF has under none of its names.
_ENGLISH = {
    "value": ("result", "results", "test_result", "finding"),
    "sample_id": ("specimen_id", "specimen", "sample_name"),
    "hgvs_p": ("aa", "protein", "mutation", "variant", "alteration", "amino_acid", "p_change", "protein_variant"),
    "consequence": ("mutation_type", "variant_type"),
    "date": ("report_date", "sample_date", "collection_date"),
}


def panel_columns(columns: list[str]) -> dict[str, str]:
    """Return header -> column of `PANEL` by the Chinese vocabulary and the names of MAF dialects; percent headers too.

    >>> panel_columns(["Sample ID", "Gene", "Protein Change", "变异频率（%）"])
    {'变异频率（%）': 'vaf', 'Sample ID': 'sample_id', 'Gene': 'gene', 'Protein Change': 'hgvs_p'}
    """
    out = {c: ours for c, ours in our_columns(columns).items() if ours in PANEL}
    for c in columns:
        bare = in_percent(c)
        if c not in out and bare and meaning("column", bare) == "vaf":
            out[c] = "vaf"
    ours_of = {"classification": "consequence", "term": "consequence", "status": "origin"}
    names = {a: ours_of.get(k, k) for k, aliases in ALIASES.items() for a in aliases if ours_of.get(k, k) in PANEL}
    names |= {a: k for k, aliases in _ENGLISH.items() for a in aliases if a not in names}
    for c in columns:
        plain = re.sub(r"[^a-z0-9.]+", "_", (in_percent(c) or c).strip().lower()).strip("_")
        if c not in out and (ours := names.get(plain)) and ours not in out.values():
            out[c] = ours
    return out


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    found = frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, dtype=pl.String)
    text = found.cast(pl.String).str.strip_chars()
    return pl.select(pl.when(text != "").then(text).alias(name))[name]


def panel_calls(frame: pl.DataFrame, source: Path, lines: pl.Series, reading: Reading) -> None:
    """Turn the rows of a report into tables of ours; a row without a sample, or without any of these, is left out."""
    table = pl.DataFrame({name: _column(frame, name) for name in PANEL}).with_columns(lines.alias("_line"))
    lost = table["sample_id"].is_null() | (table["gene"].is_null() & table["pos"].is_null())
    _tell_lost(table.filter(lost), source, reading)
    table = table.filter(~lost)
    kinds = _kinds(table)
    negative = kinds == "negative"
    _assays(table, negative, source, reading)
    _events(table, kinds, source, reading)
    calls = _calls(table.filter(kinds == "call"), reading)
    for what in ("negative", "call", "fusion", "copies"):
        became = {"negative": "assays: looked at", "call": "calls", "fusion": "fusions", "copies": "gene_copy_number"}[what]
        if n := int((kinds == what).sum()):
            reading.ledger.taken(source.name, became, n)
    reading.tables["calls"] = calls
    _samples(table, reading)


def _tell_lost(lost: pl.DataFrame, source: Path, reading: Reading) -> None:
    for line, gene in lost.select("_line", "gene").head(20).iter_rows():
        message = f"the row ({gene or 'no gene'}) names no sample, or neither a place nor a gene: left out."
        cure = "Map sample_id, and chrom, pos, ref, alt or gene and hgvs_p."
        reading.problems.append(Problem(source.name, line, None, gene, message, cure, "warning"))
    reading.ledger.left_out(source.name, lost.height, "no sample, or neither place nor gene", became="calls")


def _kinds(table: pl.DataFrame) -> pl.Series:
    """Return of each row: call, fusion, copies or negative (nothing found in the gene)."""
    out = []
    for row in table.select("gene", "hgvs_p", "hgvs_c", "consequence", "value", "pos", "alt").iter_rows(named=True):
        words = [w for k in ("hgvs_p", "hgvs_c", "consequence", "value", "gene") if (w := row[k])]
        text = " ".join(words)
        change = [w for k in ("hgvs_p", "hgvs_c") if (w := row[k]) and meaning("panel_result", w) != "absent"]
        absent = any(meaning("panel_result", row[k]) == "absent" for k in ("hgvs_p", "hgvs_c", "value", "consequence"))
        placed = row["pos"] is not None and row["alt"] is not None
        if _FUSION.search(text):
            out.append("fusion")
        elif any(pattern.search(text) for _, pattern in _COPIES) and not re.search(r"\d", "".join(change[:1])[:4]):
            out.append("copies")
        elif (absent and not change) or not (change or placed or row["value"] or row["consequence"]):
            out.append("negative")
        else:
            out.append("call")
    return pl.Series("kind", out, dtype=pl.String)


def _assays(table: pl.DataFrame, negative: pl.Series, source: Path, reading: Reading) -> None:
    """Where a report lists genes without a finding, its genes are what was looked at, sample by sample."""
    if not negative.any() or "assays" in reading.tables or table["assay_id"].is_not_null().any():
        return
    listing = table.filter(negative)["sample_id"].unique().to_list()
    genes = (
        table.filter(pl.col("sample_id").is_in(listing))
        .group_by("sample_id").agg(pl.col("gene").drop_nulls().unique().sort().str.join(";").alias("targets")).sort("sample_id")
    )  # fmt: skip
    sets = {t: f"{source.stem}_{i}" for i, t in enumerate(genes["targets"].unique().sort(), 1)}
    rows = [(name, "panel", targets) for targets, name in sets.items()]
    schema = dict.fromkeys(("assay_id", "kind", "targets"), pl.String)
    reading.tables["assays"] = pl.DataFrame(rows, schema=schema, orient="row")
    reading.listed = {s: sets[t] for s, t in genes.iter_rows()}
    reading.notes.append(
        f"{int(negative.sum()):,} rows name a gene without a finding: looked at and not altered; only the genes a sample's "
        "rows name count as looked at in it"
    )


def _events(table: pl.DataFrame, kinds: pl.Series, source: Path, reading: Reading) -> None:
    """Add fusions and copy numbers that the rows say in words."""
    fusions, copies = [], []
    columns = ("sample_id", "gene", "hgvs_p", "hgvs_c", "consequence", "value")
    for kind, row in zip(kinds, table.select(columns).iter_rows(named=True), strict=True):
        text = " ".join(w for k in columns[1:] if (w := row[k]))
        if kind == "fusion" and (found := _FUSION.search(text)):
            fusions.append((row["sample_id"], found.group(1).upper(), found.group(2).upper()))
        elif kind == "copies":
            call = next(level for level, pattern in _COPIES if pattern.search(text))
            copies.append((row["sample_id"], row["gene"], call))
    for name, rows, schema in (
        ("fusions", fusions, ("sample_id", "gene_5p", "gene_3p")),
        ("gene_copy_number", copies, ("sample_id", "gene", "call")),
    ):
        if rows:
            frame = pl.DataFrame(rows, schema=dict.fromkeys(schema, pl.String), orient="row")
            reading.tables[name] = frame.unique(maintain_order=True)
            reading.sources.setdefault(name, source.name)


def _calls(table: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    change = protein.canonicals(table["hgvs_p"])
    placed = normalise(table.select("chrom", "pos", "ref", "alt"))["variant_id"]
    what = pl.coalesce(pl.lit(change), "hgvs_c", pl.format("line{}", "_line"))
    named = table.select(pl.coalesce(pl.lit(placed), pl.col("gene") + ":" + what).alias("v"))["v"]
    table = table.with_columns(named.alias("variant_id"), change.alias("hgvs_p"))
    without = table.filter(~pl.col("variant_id").str.contains(r"^[^:]+:\d+:")).height
    if without:
        reading.notes.append(f"{without:,} calls have no place in the genome: kept by gene and change")
    table = table.with_columns(_counts(table))
    words = [effect.of_protein_change(c) if c else None for c in table["hgvs_p"]]
    told = effect.consequences(translated(table["consequence"], "consequence"))
    known = told.set((told == "unknown").fill_null(False), None)
    consequence = pl.coalesce(known, pl.Series(words, dtype=pl.String), told)
    table = table.with_columns(pl.select(consequence.alias("consequence"))["consequence"])
    calls = table.select(
        "sample_id", "variant_id", "alt_count", "depth", pl.lit("true").alias("is_called"),
        pl.col("origin").str.to_lowercase().replace_strict(ORIGINS, default="unknown", return_dtype=pl.String),
    )  # fmt: skip
    facts = table.select("variant_id", "gene", "hgvs_c", "hgvs_p", "consequence")
    reading.tables["variants"] = facts.unique("variant_id", keep="first", maintain_order=True)
    return calls.unique(["sample_id", "variant_id"], keep="first", maintain_order=True)


def _counts(table: pl.DataFrame) -> list[pl.Series]:
    """Reads with the variant, from the count, else from fraction and depth; a fraction says whether it is percent."""
    depth = plain_numbers(table["depth"]).cast(pl.Float64, strict=False)
    given = plain_numbers(table["alt_count"]).cast(pl.Float64, strict=False)
    text = table["vaf"].str.strip_chars()
    percent = text.str.contains("%|％").fill_null(False)
    number = plain_numbers(text.str.replace(r"\s*[%％]$", "")).cast(pl.Float64, strict=False)
    # without a sign a column is in percent where any value is above 1
    whole = bool((number.filter(~percent).drop_nulls() > 1).any())
    vaf = number.zip_with(~(percent | pl.Series([whole] * len(percent), dtype=pl.Boolean)), number / 100)
    alt = pl.select(pl.coalesce(given, (vaf * depth).round(0)).cast(pl.Int64).alias("alt_count"))["alt_count"]
    return [alt, depth.cast(pl.Int64, strict=False).alias("depth")]


def _samples(table: pl.DataFrame, reading: Reading) -> None:
    own = table.with_columns(pl.coalesce("patient_id", "sample_id").alias("patient_id"))
    if reading.listed:
        own = own.with_columns(pl.col("sample_id").replace_strict(reading.listed, default=None, return_dtype=pl.String)
                               .alias("assay_id"))  # fmt: skip
    if table["patient_id"].is_null().any():
        reading.notes.append("rows without a patient: their sample is taken as a patient of its own")
    kept = [c for c in ("material", "assay_id", "day", "date") if own[c].null_count() < own.height]
    samples = own.select("sample_id", "patient_id", *kept).unique("sample_id", keep="first", maintain_order=True)
    material = pl.col("material").fill_null("tissue") if "material" in kept else pl.lit("tissue").alias("material")
    if "samples" not in reading.tables:
        reading.tables["samples"] = samples.with_columns(material)


def percent_cells(frame: pl.DataFrame, renamed: dict[str, str]) -> pl.DataFrame:
    """Write the unit of a column headed in percent into its cells (``变异频率（%）``)."""
    heads = [c for c, ours in renamed.items() if ours == "vaf" and in_percent(c) and c in frame.columns]
    return frame.with_columns(with_percent(pl.col(c)).alias(c) for c in heads)
