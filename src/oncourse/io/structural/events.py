"""Copy-number matrices and fusion tables of cBioPortal folders -> gene_copy_number, fusions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from oncourse.io.clinical.words import clean, mapped
from oncourse.io.tabular.text import read_table, table_name
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

_GENE = ("hugo_symbol", "gene symbol", "gene_symbol", "gene", "hugo", "composite.element.ref")
_NOT_SAMPLES = {
    *_GENE,
    "entrez_gene_id",
    "entrez",
    "locus id",
    "locus_id",
    "cytoband",
    "gene id",
    "gene_id",
    "location",
}
#: The levels of a discrete matrix (cBioPortal's file formats), and the share of cells of other numbers from which on a
#: matrix is none (own choice): ratios and copies are numbers, too.
LEVELS = (-2.0, -1.5, -1.0, 0.0, 1.0, 2.0)
_ODD = 0.02
#: cBioPortal's format: -1.5 is a partial homozygous deletion, which the portal counts as -2 (deep deletion).
_PARTIAL_DELETION = -1.5


def read_gene_copy_number(path: Path) -> tuple[pl.DataFrame, list[Problem]]:
    """Return sample_id, gene, call of a matrix (genes x samples) or a long table; null = not profiled, left out.

    A matrix of other numbers - log2 ratios, or copies, of which most are 2 - holds no calls, and nothing of it is read.
    """
    name = table_name(path)
    table = read_table(path, name=name, lenient=True)
    frame, problems = table.frame, list(table.problems)
    lowered = {c.lower(): c for c in reversed(frame.columns)}
    gene = next((lowered[g] for g in (*_GENE, "entrez_gene_id") if g in lowered), None)
    if gene is None:
        cure = f"The first column of a copy-number matrix is Hugo_Symbol (found: {', '.join(frame.columns[:5])})."
        return _no_copy_number(), [*problems, Problem(name, 1, None, None, "no column with the gene.", cure)]
    genes = clean(gene).str.replace(r"\|chr.*$", "").alias("gene")  # GISTIC writes GENE|chr1
    if "sample_id" in lowered and "value" in lowered:
        long = frame.select(
            pl.col(lowered["sample_id"]).alias("sample_id"), genes, pl.col(lowered["value"]).alias("text")
        )
    else:
        samples = [c for c in frame.columns if c.lower() not in _NOT_SAMPLES]
        long = (
            frame.select(genes, *samples)
            .unpivot(samples, index="gene", variable_name="sample_id", value_name="text")
            .select("sample_id", "gene", "text")
        )
    words = long["text"].unique().drop_nulls()
    values, bad = {}, []
    for word in words:
        try:
            level = float(meaning("copy_call", word) or word)
        except ValueError:
            level = float("nan")
        if level in LEVELS:
            values[word] = -2.0 if level == _PARTIAL_DELETION else level
        elif word.strip().upper() not in ("", "NA", "NAN", "[NOT AVAILABLE]", "NULL", "NP", "N/A"):
            bad.append(word)
    if no_calls := no_calls_of(long["text"], bad, values):
        return _no_copy_number(), [*problems, not_discrete(name, no_calls)]
    if bad:
        shown = ", ".join(sorted(bad)[:5])
        cure = "A discrete matrix holds -2 to 2; log2 ratios are given as segments."
        problems.append(
            Problem(name, None, None, sorted(bad)[0], f"{shown}: no copy-number call; left out.", cure, "warning")
        )
    call = pl.col("text").replace_strict(values, default=None, return_dtype=pl.Float64).alias("call")
    out = long.select("sample_id", "gene", call).drop_nulls()
    twice = frame.select(genes)["gene"].drop_nulls().is_duplicated().any()
    if twice:  # one gene under two names of its transcripts: the strongest event stands
        out = out.sort(pl.col("call").abs(), descending=True, maintain_order=True)
        out = out.unique(["sample_id", "gene"], keep="first", maintain_order=True)
    return out, problems


def no_calls_of(cells: pl.Series, bad: Sequence[str], values: Mapping[str, float]) -> str:
    """Return what a matrix holds that is no matrix of calls; empty where it is one.

    >>> no_calls_of(pl.Series(["1.93", "0.12", "0"]), ["1.93", "0.12"], {"0": 0.0})
    'log2 ratios or other measured values (0.12, 1.93)'
    >>> no_calls_of(pl.Series(["2", "2", "3", "0"]), ["3"], {"2": 2.0, "0": 0.0})
    'numbers of copies (most are 2)'
    >>> no_calls_of(pl.Series(["2", "1", "8"]), ["8"], {"2": 2.0, "1": 1.0})
    'numbers of copies (8)'
    """
    odd = sorted(w for w in bad if re.fullmatch(r"\s*[-+]?\d*\.\d+(?:[eE][-+]?\d+)?\s*", w))
    filled = cells.drop_nulls()
    if odd and filled.is_in(odd).mean() > _ODD:  # type: ignore[operator]
        return f"log2 ratios or other measured values ({', '.join(odd[:3])})"
    twos = [w for w, level in values.items() if level == 2.0 and w.strip()[:1] == "2"]
    below = [w for w, level in values.items() if level < 0]
    if len(filled) > 2 and not below and filled.is_in(twos).mean() >= 0.5:  # type: ignore[operator]
        return "numbers of copies (most are 2)"
    above = [w for w in bad if re.fullmatch(r"\s*\d+(?:\.0*)?\s*", w) and float(w) > max(LEVELS)]
    if above and not below:  # no loss anywhere, and numbers above the levels
        return f"numbers of copies ({', '.join(sorted(above, key=float)[:3])})"
    return ""


def not_discrete(name: str, what: str) -> Problem:
    """Return the problem of a matrix that holds no calls: no gene is amplified or lost, nor looked at, by it."""
    cure = "Give the discrete matrix (-2 to 2), or the segments (--segments)."
    return Problem(name, None, "call", None, f"{what}: no copy-number calls; not read.", cure, "warning")


def _no_copy_number() -> pl.DataFrame:
    return pl.DataFrame(schema={"sample_id": pl.String, "gene": pl.String, "call": pl.Float64})


def on_panel_only(
    calls: pl.DataFrame, samples: pl.DataFrame, genes_of: Mapping[str, Sequence[str] | None]
) -> tuple[pl.DataFrame, int]:
    """Drop zeros of genes that are not on the sample's panel (matrices fill them in); return how many.

    `samples`: sample_id, assay (null = unknown); `genes_of`: assay -> genes, None = not known.
    """
    known = {assay: genes for assay, genes in genes_of.items() if genes is not None}
    pairs = pl.DataFrame(
        [(assay, gene) for assay, genes in known.items() for gene in genes],
        schema={"assay": pl.String, "gene": pl.String},
        orient="row",
    ).with_columns(pl.lit(True).alias("_on"))
    wide = calls.join(samples, on="sample_id", how="left", maintain_order="left")
    wide = wide.join(pairs, on=["assay", "gene"], how="left", maintain_order="left")
    off = pl.col("assay").is_in(list(known)).fill_null(False) & pl.col("_on").is_null() & (pl.col("call") == 0)
    kept = wide.filter(~off).select(calls.columns)
    return kept, len(calls) - len(kept)


def read_structural_variants(path: Path) -> tuple[pl.DataFrame, list[Problem]]:
    """Return sample_id, gene_5p, gene_3p, support, frame of data_sv or the older data_fusions.

    Where the event is written as ``{5':3'}`` (MSK) that order is taken, else site 1 is the 5' partner. Germline
    events are left out.
    """
    name = table_name(path)
    table = read_table(path, name=name, lenient=True)
    frame, problems = table.frame, list(table.problems)
    by = {c.lower(): c for c in reversed(frame.columns)}
    sample = by.get("sample_id") or by.get("tumor_sample_barcode")
    if sample is None:
        cure = f"A table of structural variants has Sample_Id (found: {', '.join(frame.columns[:6])})."
        return _no_fusions(), [*problems, Problem(name, 1, None, None, "no column with the sample.", cure)]
    status = by.get("sv_status") or by.get("mutation_status")
    if status is not None:
        frame = frame.filter(~pl.col(status).str.to_uppercase().eq("GERMLINE").fill_null(False))
    if "site1_hugo_symbol" in by or "site2_hugo_symbol" in by:
        out = _sites(frame, by, sample)
    elif "fusion" in by and "hugo_symbol" in by:
        out = _old_fusions(frame, by, sample)
    else:
        cure = "It needs Site1_Hugo_Symbol and Site2_Hugo_Symbol, or Hugo_Symbol and Fusion."
        return _no_fusions(), [*problems, Problem(name, 1, None, None, "no column with the genes.", cure)]
    lost = out.filter(pl.col("gene_5p").is_null() & pl.col("gene_3p").is_null()).height
    if lost:
        message = f"{lost} events name no gene; left out."
        problems.append(Problem(name, None, None, None, message, "Fill in at least one partner.", "warning"))
        out = out.filter(pl.col("gene_5p").is_not_null() | pl.col("gene_3p").is_not_null())
    return joined_fusions(out), problems


def joined_fusions(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep one row per sample and pair of genes: the largest support; in frame where one of its rows is."""
    key = ["sample_id", "gene_5p", "gene_3p"]
    return rows.group_by(key, maintain_order=True).agg(pl.col("support").max(), pl.col("frame").drop_nulls().min())


def frames(words: pl.Series) -> pl.Series:
    """Return in_frame, out_of_frame or null of what a caller writes; of an event's sentence the words about the
    frame."""
    found = words.str.extract(r"(?i)(out[ _-]of[ _-]frame|in[ _-]?frame|frame[ _-]?shift)")
    whole, part = (mapped(texts, lambda word: meaning("frame", word)) for texts in (words, found))
    return pl.select(pl.coalesce(whole, part).alias("frame"))["frame"]


def _no_fusions() -> pl.DataFrame:
    schema = {
        "sample_id": pl.String,
        "gene_5p": pl.String,
        "gene_3p": pl.String,
        "support": pl.Int64,
        "frame": pl.String,
    }
    return pl.DataFrame(schema=schema)


def _sites(frame: pl.DataFrame, by: Mapping[str, str], sample: str) -> pl.DataFrame:
    def column(key: str) -> pl.Expr:
        return clean(by[key]) if key in by else pl.lit(None, pl.String)

    reads = [
        column(k).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
        for k in ("tumor_split_read_count", "tumor_paired_end_read_count")
    ]
    support = pl.coalesce(
        pl.when(reads[0].is_not_null() | reads[1].is_not_null()).then(reads[0].fill_null(0) + reads[1].fill_null(0)),
        column("tumor_variant_count").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False),
    )
    raw = frame.select(
        pl.col(sample).alias("sample_id"),
        column("site1_hugo_symbol").alias("one"),
        column("site2_hugo_symbol").alias("two"),
        column("event_info").alias("event"),
        column("site2_effect_on_frame").alias("frame"),
        support.alias("support"),
    )
    said = pl.select(pl.coalesce(frames(raw["frame"]), frames(raw["event"])).alias("frame"))["frame"]
    rows = [(*_direction(one, two, event),) for one, two, event in raw.select("one", "two", "event").iter_rows()]
    return raw.select("sample_id", "support").with_columns(
        pl.Series("gene_5p", [r[0] for r in rows], pl.String),
        pl.Series("gene_3p", [r[1] for r in rows], pl.String),
        said,
    )


def _direction(one: str | None, two: str | None, event: str | None) -> tuple[str | None, str | None]:
    """Order the partners 5' to 3' where the event says so, and only if it names the same two genes."""
    if re.search(r"(?i)intragenic", event or "") and (one is None) != (two is None):
        return one or two, one or two  # within the gene it names
    found = re.search(r"[{(]([\w.-]+)\s*[:]\s*([\w.-]+)[})]", event or "")
    if found and {found.group(1), found.group(2)} == {one, two}:
        return found.group(1), found.group(2)
    for first, second in ((one, two), (two, one)):
        if event and first and second and first != second and f"{first}-{second}" in event:
            return first, second
    return one, two


def _old_fusions(frame: pl.DataFrame, by: Mapping[str, str], sample: str) -> pl.DataFrame:
    """One row per partner in the old format: the name of the fusion gives both, in order."""
    said = clean(by["frame"]) if "frame" in by else pl.lit(None, pl.String)
    raw = frame.select(
        pl.col(sample).alias("sample_id"),
        clean(by["hugo_symbol"]).alias("gene"),
        clean(by["fusion"]).alias("fusion"),
        said.alias("frame"),
    )
    named = named_fusions(raw).with_columns(pl.lit(None, pl.Int64).alias("support"))
    return named.with_columns(frames(raw["frame"]))


def named_fusions(rows: pl.DataFrame) -> pl.DataFrame:
    """Return sample_id, gene_5p, gene_3p of rows of a gene and the name of its fusion (``TMPRSS2-ERG fusion``)."""
    genes = set(rows["gene"].drop_nulls())
    pairs = [_partners(gene, fusion, genes) for gene, fusion in rows.select("gene", "fusion").iter_rows()]
    return rows.select("sample_id").with_columns(
        pl.Series("gene_5p", [p[0] for p in pairs], pl.String),
        pl.Series("gene_3p", [p[1] for p in pairs], pl.String),
    )


def _partners(gene: str | None, fusion: str | None, genes: set[str]) -> tuple[str | None, str | None]:
    """Return the partners of a name like ``TMPRSS2-ERG fusion``; gene names may hold hyphens (NKX2-1).

    >>> _partners("ERG", "TMPRSS2-ERG fusion - Archer", {"ERG"}), _partners("ERG", "ERG-intragenic", {"ERG"})
    (('TMPRSS2', 'ERG'), ('ERG', 'ERG'))
    """
    words = re.sub(r"(?i)\s*(-\s*archer|fusion|rearrangement|truncation|gene).*$", "", fusion or "").strip()
    if not words or "intragenic" in (fusion or "").lower():
        return gene, gene
    cuts = [(words[:i], words[i + 1 :]) for i, c in enumerate(words) if c in "-:"]
    best = [c for c in cuts if set(c) <= genes] or [c for c in cuts if set(c) & genes] or cuts[:1]
    if not best:
        return gene, (None if words == gene else words)
    return best[0][0].strip() or None, best[0][1].strip() or None
