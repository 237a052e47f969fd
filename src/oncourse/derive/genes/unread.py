"""Called variants that were not understood, and where they lie: a codon that holds one is never called wild type."""

from __future__ import annotations

import math
import re
from functools import cache

import polars as pl

from oncourse.facts.called import MIN_ALT_COUNT, MIN_VAF, is_called_expr, is_set_aside_expr
from oncourse.facts.material import is_normal, is_tumour
from oncourse.genome.chromosomes import lies_nowhere
from oncourse.genome.coding_change import residue
from oncourse.genome.effect import PROTEIN_CHANGING, TRUNCATING, consequences
from oncourse.genome.gene_models import BUILDS
from oncourse.genome.gene_names import current_symbol, is_symbol_like
from oncourse.genome.genes import gene_places
from oncourse.genome.named_changes import exon_named
from oncourse.genome.places import locate
from oncourse.genome.protein import codon, is_change
from oncourse.genome.variant import parts
from oncourse.knowledge.alterations import regions
from oncourse.knowledge.evaluate import germline_relevant
from oncourse.study.model import Study
from oncourse.study.once import once_per_study
from oncourse.study.place_checks import other_build_codons

SCHEMA = {"patient_id": pl.String, "sample_id": pl.String, "gene": pl.String, "codon": pl.Int64, "unread": pl.String}
_ALTERING = (*PROTEIN_CHANGING, "splice_site")
#: Consequences that change residues: without a place and a protein change they may be at any.
_OF_A_RESIDUE = ("missense", "inframe_insertion", "inframe_deletion")
_ONE_BASE = re.compile(r":[ACGT]:[ACGT]$")
#: Residues of the longest human protein, titin (UniProt Q8WZ42 has 34,350, its longest isoform 35,991): a number above
#: is no codon.
LONGEST = 35_991
#: Where the reader of clone tables puts what has no place (`oncourse.io.clones.studies`): no base is known there.
_BEFORE_ANY = re.compile(r"^\d+:\d{1,4}:A:C$")
#: Sequences of the references beside the chromosomes that hold none of the genes: unplaced and unlocalised scaffolds
#: (GenBank GL000191-GL000249; UCSC's chrUn_ and _random), decoys, HLA, the virus; alternate loci (_alt) may hold one.
_ASIDE_CONTIG = re.compile(
    r"(?i)^(un_|gl000(19\d|2[0-4]\d)|[\dxy]+_[a-z0-9.]+_random|hs37d5|hs38d1|nc_007605|ebv|hla-|[^:]*decoy)[^:]*"
)
_PLACED = re.compile(r"^(?:[1-9]|1\d|2[0-2]|X|Y|MT):\d+:[^:]*:[^:]*$")


def unread_codons(study: Study, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the codons of `wanted` (gene, codon; 0 = the whole gene) at which a sample has something not understood.

    That is a called variant - or reads that would pass the assay's calling rule, whatever its filter says, or that its
    background error explains with a chance below `MAX_CHANCE` (a Chernoff bound of the Poisson tail) - that lies
    in the codon by its place, or in a gene written so that it may be this one (``kras``, ``KRAS;LRMP``), while no
    effect and no protein change of this gene are recorded for it, or the recorded effect is silent and the place says
    otherwise. Germline and blood variants count at decision codons only: one cell of the table says where they come
    from. Where germline findings are reported and an inherited loss of the gene would count (`germline_relevant`), those
    count over the whole gene, in every tumour sample of the patient, that are called and not understood, or that take
    the protein away and are set aside by a filter. Without a build the places of both builds are tried, and a variant of
    no gene that lies in no known gene of
    either may be in any gene of its chromosome (hg18, T2T); with one, a variant of no gene may be at a residue of the
    other. A place past the end of its chromosome in every assembly is none: such a variant may be anywhere.

    Returns
    -------
    `SCHEMA`, sorted; ``unread`` says what stands there (`_REASONS`) and names the variant, as it is written
    """
    seen = _loud(study)
    if seen.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    variants = seen.select(pl.col("variant_id").unique()).join(study["variants"], on="variant_id", how="left")
    genes = set(wanted["gene"])
    sites = _sites(variants, genes, study.config.genome_build)
    if sites.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    hit = (
        sites.lazy()
        .join(wanted.lazy(), on="gene", how="inner")
        .filter(
            pl.col("first").is_null()
            | (pl.col("codon") == 0)
            | ((pl.col("first") <= pl.col("codon")) & (pl.col("codon") <= pl.col("last")))
        )
    )
    # reads that a filter set aside forbid a wild type at a decision codon; over a whole gene they are too many to mean
    # that
    tumour, called, understood = ~pl.col("elsewhere"), pl.col("called"), pl.col("understood")
    aside = (tumour & ~understood) | ((~called | ~tumour) & (pl.col("codon") > 0) & ~pl.col("of_normal"))
    lost = [
        v for v, c in zip(variants["variant_id"], consequences(variants["consequence"]), strict=True) if c in TRUNCATING
    ]
    inborn = pl.col("inborn") & pl.col("gene").is_in(sorted(germline_relevant()))
    aside |= inborn & pl.when(called).then(~understood).otherwise(pl.col("variant_id").is_in(lost))
    return (
        seen.lazy()
        .join(hit, on="variant_id", how="inner")
        .filter(aside)
        .with_columns(_reason())
        .group_by("patient_id", "sample_id", "gene", "codon", "_reason")
        .agg(pl.col("unread").unique().sort().str.join(", "))
        .sort("_reason")
        .group_by("patient_id", "sample_id", "gene", "codon", maintain_order=True)
        .agg(pl.format("{}: {}", "_reason", "unread").str.join("; ").alias("unread"))
        .select(list(SCHEMA))
        .sort("sample_id", "gene", "codon")
        .collect(engine="in-memory")
    )


#: What may stand at a codon that is then not called wild type: why.
_REASONS = {
    "unread": "called there and not understood",
    "elsewhere": "called there and said to be germline or of blood",
    "aside": "reads of a call there, which its filter or caller sets aside",
    "few": "too few reads for a call there, and more than the assay's errors explain",
}
#: Background error where an assay states none, and the chance of as many errors below which reads are no error.
ERROR_RATE, MAX_CHANCE = 1e-3, 1e-6


def _reason() -> pl.Expr:
    """Which of `_REASONS` holds: what is not understood first, then whose it is said to be, then what set it aside."""
    return (
        pl.when(~pl.col("understood"))
        .then(pl.lit(_REASONS["unread"]))
        .when(pl.col("elsewhere"))
        .then(pl.lit(_REASONS["elsewhere"]))
        .when(pl.col("few"))
        .then(pl.lit(_REASONS["few"]))
        .otherwise(pl.lit(_REASONS["aside"]))
        .alias("_reason")
    )


@once_per_study
def _loud(study: Study) -> pl.DataFrame:
    """Return patient_id, sample_id, variant_id, called, few, elsewhere, inborn, of_normal: what is called, or has reads that
    are no error.

    So has a row that a filter alone sets aside and whose reads nobody counted: it was seen. few: below the assay's
    calling rule in every row. elsewhere: said to be germline or of blood in every row. inborn: said to be germline, and such
    findings are reported. of_normal: called in a normal of the patient alone, and so asked of each tumour sample.
    """
    assays = study["assays"].lazy().select("assay_id", "min_alt_count", "min_vaf", "error_rate")
    samples = study["samples"].lazy().filter(is_tumour()).select("sample_id", "patient_id", "assay_id")
    reads = (pl.col("alt_count") >= pl.col("min_alt_count").fill_null(MIN_ALT_COUNT)) & (
        pl.col("alt_count") >= pl.col("min_vaf").fill_null(MIN_VAF) * pl.col("depth")
    )
    alt, reports = pl.col("alt_count"), study.config.report_germline
    errors = pl.col("error_rate").fill_null(ERROR_RATE) * pl.col("depth")
    log_chance = alt - errors + alt * (errors / alt).log()
    beyond = (alt >= MIN_ALT_COUNT) & (alt > errors) & (log_chance < math.log(MAX_CHANCE))
    is_germline = pl.col("origin").eq("germline").fill_null(False)
    seen = (
        study["calls"]
        .lazy()
        .join(samples.join(assays, on="assay_id", how="left"), on="sample_id", how="inner")
        .with_columns(_loud=is_called_expr() | reads.fill_null(False) | is_set_aside_expr())
        .filter(pl.col("_loud") | beyond.fill_null(False))
        .group_by("patient_id", "sample_id", "variant_id")
        .agg(
            called=is_called_expr().any(),
            few=~pl.col("_loud").any(),
            elsewhere=pl.col("origin").is_in(["germline", "chip"]).fill_null(False).all(),
            inborn=is_germline.any() & reports,
            of_normal=pl.lit(False),
        )
        .collect(engine="in-memory")
    )
    return seen if not reports else pl.concat([seen, _inborn_alone(study, seen)])


def _inborn_alone(study: Study, seen: pl.DataFrame) -> pl.DataFrame:
    """Return what is called in a normal and in none of the patient's tumour samples, a row for each of these, as `_loud`."""
    samples = study["samples"].select("sample_id", "patient_id", "assay_id", "material")
    assays = study["assays"].select("assay_id", "min_alt_count", "min_vaf")
    normals = samples.filter(is_normal()).join(assays, on="assay_id", how="left")
    called = study["calls"].join(normals, on="sample_id", how="inner").filter(is_called_expr())
    called = called.filter(pl.col("origin").ne("chip").fill_null(True)).select("patient_id", "variant_id").unique()
    alone = called.join(seen, on=["patient_id", "variant_id"], how="anti")
    tumours = samples.filter(is_tumour()).select("patient_id", "sample_id")
    flags = {"called": True, "few": False, "elsewhere": True, "inborn": True, "of_normal": True}
    return (
        alone.join(tumours, on="patient_id", how="inner")
        .with_columns(pl.lit(value).alias(name) for name, value in flags.items())
        .select(seen.columns)
        .sort("patient_id", "sample_id", "variant_id")
    )


def _sites(variants: pl.DataFrame, genes: set[str], build: str | None) -> pl.DataFrame:
    """Return variant_id, gene, first, last (codons; null = any), understood, unread of what may change these genes."""
    schema = {
        "variant_id": pl.String,
        "gene": pl.String,
        "first": pl.Int64,
        "last": pl.Int64,
        "understood": pl.Boolean,
        "unread": pl.String,
    }
    if variants.is_empty():
        return pl.DataFrame(schema=schema)
    table = variants.select("variant_id", "gene", "hgvs_p", "consequence").unique("variant_id")
    symbols = table["gene"].drop_nulls().unique().to_list()
    meant = {s: [g for g in _meant(s) if g in genes] for s in symbols}
    table = table.with_columns(
        consequence=consequences(table["consequence"]),
        written="gene",
        symbol=pl.col("gene").replace({s: current_symbol(s) for s in symbols}),
        own_codon=pl.when(codon("hgvs_p") <= LONGEST).then(codon("hgvs_p")),
        nowhere=table.select(parts()).select(lies_nowhere()).to_series(),
    )
    rows: dict[tuple[str, str], tuple[int | None, int | None, bool, str]] = {}
    blank = table.filter(pl.col("written").is_null())
    # nothing is known of it here, and it is at this codon in the other build: the study may mix two
    other = other_build_codons(blank["variant_id"], build or "").filter(pl.col("gene").is_in(genes))
    for row in blank.drop("gene").join(other, on="variant_id", how="inner").iter_rows(named=True):
        rows[row["variant_id"], row["gene"]] = (row["codon"], row["codon"], False, _words(row))
    placed: set[str] = set()
    for where in (build,) if build in BUILDS else BUILDS:
        at = locate(table["variant_id"], where).select(
            "variant_id", "region", "codon_first", "codon_last", place="gene", by_place="consequence"
        )
        placed |= set(at.filter(pl.col("place").is_not_null())["variant_id"])
        for row in table.join(at, on="variant_id", how="left").filter(_may_change(genes, meant)).iter_rows(named=True):
            for gene, first, last, understood in _unread(row, genes, meant, build if build in BUILDS else None):
                rows[row["variant_id"], gene] = (first, last, understood, _words(row))
    if build not in BUILDS:
        for row in table.filter(pl.col("written").is_null() & ~pl.col("variant_id").is_in(placed)).iter_rows(
            named=True
        ):
            told = row["consequence"] not in (None, "unknown", *_ALTERING)  # silent by its own word
            for gene in () if told else _on_chromosome(row["variant_id"], genes):
                rows[row["variant_id"], gene] = (None, None, False, _words(row))
    listed = [(variant, gene, *found) for (variant, gene), found in sorted(rows.items())]
    return pl.DataFrame(listed, schema=schema, orient="row")


@cache
def _spans(build: str) -> dict[str, tuple[str, int, int]]:
    """Return gene -> chromosome, first and last base of the genes whose places are known."""
    return {gene: (chrom, first, last) for gene, chrom, first, last in gene_places(build).iter_rows()}


#: A change lies elsewhere than its gene from so many bases on (own choice): promoters and enhancers are nearer.
_FAR = 1_000_000


def _lies_elsewhere(row: dict, build: str, meant: dict[str, list[str]]) -> list[str]:  # type: ignore[type-arg]
    """Return the genes that a variant may be written to be of, and that are not where it lies."""
    chrom, pos = row["variant_id"].split(":")[:2]
    out = []
    for gene in meant.get(row["written"] or "", ()):
        span = _spans(build).get(gene)
        if span and (span[0] != chrom or not span[1] - _FAR <= int(pos) <= span[2] + _FAR):
            out.append(gene)
    return out


def of_any_gene() -> pl.Expr:
    """Whether a variant (variant_id, gene) names neither a place nor a gene: it may be of any.

    Clone tables' mutations without a place are among them, sequences beside the chromosomes are not.
    """
    where = pl.col("variant_id")
    placeless = ~where.str.contains(_PLACED.pattern) | where.str.contains(_BEFORE_ANY.pattern)
    return pl.col("gene").is_null() & placeless & ~where.str.contains(_ASIDE_CONTIG.pattern)


def _on_chromosome(variant: str, genes: set[str]) -> list[str]:
    """Return the genes that may lie on the chromosome of a variant whose genome build nobody knows."""
    chrom = variant.partition(":")[0]
    elsewhere = gene_places(BUILDS[0]).filter(pl.col("chrom") != chrom)["gene"]
    return sorted(genes - set(elsewhere))


def _words(row: dict) -> str:  # type: ignore[type-arg]
    return (
        f"{row['variant_id']} (gene {row['written'] or 'not recorded'}, effect {row['consequence'] or 'not recorded'})"
    )


def _meant(symbol: str) -> list[str]:
    """Genes a cell of the gene column may mean, today's symbols.

    >>> _meant("KRAS;LRMP"), _meant("kras"), _meant("HER2")
    (['KRAS', 'LRMP'], ['KRAS'], ['ERBB2'])
    """
    return [current_symbol(part.upper()) for part in re.split(r"[;,/|&\s]+", symbol.strip()) if part]


def _may_change(genes: set[str], meant: dict[str, list[str]]) -> pl.Expr:
    """Whether `_unread` can find something in a row: it lies in one of these genes, is written so, or has no place. Of
    an exome hardly any does, and the others are not looked at one by one."""
    named = pl.col("written").is_in([symbol for symbol, known in meant.items() if known])
    where = pl.col("variant_id")
    placeless = ~where.str.contains(_PLACED.pattern) | where.str.contains(_BEFORE_ANY.pattern) | pl.col("nowhere")
    return pl.col("place").is_in(genes).fill_null(False) | named.fill_null(False) | placeless.fill_null(True)


def _unread(row: dict, genes: set[str], meant: dict[str, list[str]], build: str | None):  # type: ignore[no-untyped-def,type-arg]
    """Yield gene, first and last codon that one variant may change, and whether it is understood; `build` where the study
    knows its own."""
    placed = build is not None
    place = row["place"] if row["place"] in genes else None
    told = row["consequence"] not in (None, "unknown")
    altering = row["consequence"] in _ALTERING
    if place and row["region"] in ("coding", "gene"):
        clean = row["symbol"] == place and (told or row["own_codon"] is not None)
        clean = clean and (row["own_codon"] is None or is_change(row["hgvs_p"]))
        # the build is not known, and place and annotation name two residues: one of them is wrong
        is_apart = not placed and row["codon_first"] is not None and row["own_codon"] != row["codon_first"]
        clean = clean and not (is_apart and altering and _ONE_BASE.search(row["variant_id"]))
        silent = told and not altering and row["by_place"] in _ALTERING
        # silent by its own word, and nothing else is known of the place
        harmless = told and not altering and not silent
        if not harmless:
            yield place, row["codon_first"], row["codon_last"], clean and not silent
        return
    unnamed = bool(_BEFORE_ANY.match(row["variant_id"]))
    placeless = unnamed or row["nowhere"] or not _PLACED.match(row["variant_id"])
    if _ASIDE_CONTIG.match(row["variant_id"]) and row["symbol"] is None:
        return
    # neither a place nor a gene: it may be in any of them
    if unnamed or (placeless and not is_symbol_like(row["symbol"] or "")):
        yield from ((gene, None, None, False) for gene in sorted(genes))
        return
    if not placeless and build is not None and row["region"] is not None:
        # a change of a gene on a chromosome that does not have it: the gene or the place is wrong
        if altering and row["own_codon"] is None:
            yield from ((gene, None, None, False) for gene in _lies_elsewhere(row, build, meant))
        elif row["own_codon"] is not None:
            yield from ((gene, row["own_codon"], row["own_codon"], True) for gene in _lies_elsewhere(row, build, meant))
        return
    for gene in meant.get(row["written"] or "", ()):
        odd = row["symbol"] != gene
        # a residue is changed and nothing says which: it may be any of the gene
        somewhere = placeless and row["consequence"] in _OF_A_RESIDUE
        blank = (not told or somewhere) and row["own_codon"] is None
        if (odd and (altering or not told)) or blank:
            exon = regions().get((gene, f"exon{exon_named(row['hgvs_p'])}"))
            yield gene, *(exon or (row["own_codon"], row["own_codon"])), False
        elif placeless and (altering or not told) and (found := _doubted(gene, row)):
            yield gene, *found, False
        elif (
            row["own_codon"] is not None and place != gene and (placed or placeless)
        ):  # reads that a filter sets aside are at this codon
            yield gene, row["own_codon"], row["own_codon"], True


#: Genes whose changes activate them: "V600X" there is any change of the residue, no stop.
_ACTIVATED = frozenset(
    {"AKT1", "AR", "BRAF", "CTNNB1", "EGFR", "ERBB2", "ESR1", "FGFR1", "FGFR2", "FGFR3", "GNAS", "HRAS", "IDH1", "IDH2"}
    | {"KIT", "KRAS", "MAP2K1", "MET", "NRAS", "PDGFRA", "PIK3CA", "POLE", "RET"}
)


def _doubted(gene: str, row: dict) -> tuple[int | None, int | None] | None:  # type: ignore[type-arg]
    """Return the codons that a change without a place may mean where its words do not say what becomes of which
    residue.

    ``V600``, ``V600E/K``, a stop that is called missense or stands in an oncogene: any change of that codon. A residue
    that the gene does not have there (V599E, V640E) is numbered otherwise: any codon.
    """
    at, change = row["own_codon"], row["hgvs_p"] or ""
    if at is None:
        return None
    there = residue(gene, at)
    if there and (found := re.match(r"p\.\(?([A-Z])\d", change)) and found[1] not in (there, "X"):
        return None, None
    is_stop = bool(re.fullmatch(r"p\.[A-Z]\d+\*", change))
    if not is_change(change) or (is_stop and (row["consequence"] == "missense" or gene in _ACTIVATED)):
        return at, at
    return None
