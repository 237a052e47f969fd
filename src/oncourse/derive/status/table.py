"""The statuses of every tumour sample: positive, negative (measured or assumed) or not assessable, and why.

Mutations and losses count as therapy rules count them (`oncourse.knowledge.alterations`); whether a negative was
measured is asked of one power calculation (`oncourse.derive.concordance.callability`); markers given by hand are a
second witness.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from oncourse.derive.concordance.presence_inputs import tumour_samples
from oncourse.derive.status.columns import NEGATIVE, POSITIVE, STATUS_SCHEMA, UNKNOWN
from oncourse.derive.status.witnesses import marker_rows, with_witnesses
from oncourse.facts.recorded import gene_records
from oncourse.facts.statuses import Status
from oncourse.genome.gene_names import current_symbol
from oncourse.knowledge.alterations import loss_reason
from oncourse.knowledge.evaluate import CHIP_SHOWN, CHIP_TEXT, GERMLINE_TEXT, germline_relevant
from oncourse.knowledge.findings import VariantFinding
from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.derive.concordance.presence import PresenceTable

#: A change that no list decides on, as `loss_reason` begins to say it.
UNCLASSIFIED = "not classified"
_CELLS = {
    "patient_id": pl.String,
    "variant_id": pl.String,
    "sample_id": pl.String,
    "state": pl.String,
    "basis": pl.String,
    "alt_count": pl.Int64,
    "depth": pl.Int64,
    "why": pl.String,
}


@dataclass(frozen=True)
class StatusEvidence:
    """What statuses are read from.

    variants : patient -> findings, germline and blood variants included; rows : the called rows behind them
    (`oncourse.derive.status.variants.variant_rows`); presence : None where no patient has two tumour samples;
    codons : `callability` of the statuses' codons (0: the whole gene); copies : `copy_table`;
    plasma : patient_id, sample_id, has_tumour; readings : `marker_readings`; germline : what may be said of germline -
    whether it is reported, and the patients with a matched normal.
    """

    variants: dict[str, tuple[VariantFinding, ...]]
    rows: pl.DataFrame
    presence: PresenceTable | None
    codons: pl.DataFrame
    copies: pl.DataFrame
    plasma: pl.DataFrame
    readings: pl.DataFrame
    reports_germline: bool
    with_normal: frozenset[str]


def codons_asked(statuses: Sequence[Status]) -> dict[str, tuple[int, ...]]:
    """Return gene -> codons whose callability the statuses ask for; 0 stands for the whole gene."""
    wanted: dict[str, set[int]] = {}
    for status in statuses:
        for gene, codon in _asked(status):
            wanted.setdefault(gene, set()).add(codon)
    return {gene: tuple(sorted(codons)) for gene, codons in sorted(wanted.items())}


def _asked(status: Status) -> list[tuple[str, int]]:
    sites = [(site.gene, codon) for site in status.sites for codon in site.named_codons or (0,)]
    return [*sites, *((current_symbol(gene), 0) for gene in status.lost)]


def status_table(study: Study, statuses: Sequence[Status], evidence: StatusEvidence) -> pl.DataFrame:
    """Return one row per tumour sample and status, and one per recorded marker without a sample (`STATUS_SCHEMA`).

    A status of which nothing is recorded in the whole study - a marker nobody wrote down - has no rows.
    """
    samples = tumour_samples(study).select("patient_id", "sample_id", "material", "day")
    cells, records = _cells(evidence), gene_records(evidence.readings, reports_germline=evidence.reports_germline)
    frames = [marker_rows(samples, evidence.readings, s) for s in statuses if s.markers and not s.genes]
    has_copies = not evidence.copies.is_empty()
    asked = [status for status in statuses if status.genes and (status.codons or has_copies or status.lost)]
    if asked:
        read = _sequenced(samples, cells, asked, evidence)
        of = read.partition_by("status", as_dict=True)
        frames += [with_witnesses(of.get((s.name,), read.clear()), evidence.readings, records, s) for s in asked]
    told = [f.select(list(STATUS_SCHEMA)).cast(STATUS_SCHEMA) for f in frames if f.height]  # type: ignore[arg-type]
    table = pl.concat(told) if told else pl.DataFrame(schema=STATUS_SCHEMA)
    return table.sort("status", "patient_id", "day", "sample_id", nulls_last=True)


def _cells(evidence: StatusEvidence) -> pl.DataFrame:
    """Return every variant in every sample where it was called or judged: called is present, whatever its
    probability."""
    counted = pl.col("alt_count").is_not_null() & pl.col("depth").is_not_null()
    called = evidence.rows.filter(pl.col("material").is_in(["tissue", "plasma"])).select(
        "patient_id",
        "variant_id",
        "sample_id",
        pl.lit("present").alias("state"),
        pl.when(counted).then(pl.lit("counted")).otherwise(pl.lit("assumed")).alias("basis"),
        "alt_count",
        "depth",
        pl.lit(None, pl.String).alias("why"),
    )
    parts = [called]
    if evidence.presence is not None and evidence.presence.cells.height:
        known = evidence.rows.select("patient_id", "variant_id").unique()
        judged = evidence.presence.cells.join(known, on=["patient_id", "variant_id"], how="semi").select(
            "patient_id",
            "variant_id",
            "sample_id",
            pl.col("raw_state").alias("state"),
            "basis",
            "alt_count",
            "depth",
            pl.col("reason").alias("why"),
        )
        parts.append(judged.join(called, on=["sample_id", "variant_id"], how="anti"))
    return pl.concat([p.cast(_CELLS) for p in parts])  # type: ignore[arg-type]


def _verdict(variant: VariantFinding, status: Status, reports_germline: bool) -> str | None:
    """Return hit, unclear, blood (may be of a blood clone) or chip (is) for a variant that is or may be the status; None
    for any other.

    A change of a gene asked for that no list decides on is ``unclassified``: no hit, and said beside the negative.

    A germline loss that is not to be reported is passed over here, so that no table tells of it: where it would
    count, whoever has no loss in the tumour is not assessable, carriers and others alike.
    """
    if variant.is_reversion:
        return None
    is_loss, why = loss_reason(variant) if variant.gene in map(current_symbol, status.lost) else (False, "")
    if any(site.accepts(variant) for site in status.sites):
        is_hit = variant.origin != "germline"
    elif any(site.may_accept(variant) for site in status.sites):
        return _of_blood(variant) if variant.is_from_blood else "unclear"
    else:
        is_hit = False
    if is_loss and variant.origin == "germline":
        return "hit" if reports_germline else None
    if why.startswith(UNCLASSIFIED) and not is_hit and variant.origin != "germline":
        return None if variant.is_from_blood else UNCLASSIFIED
    if not (is_hit or is_loss):
        return None
    return _of_blood(variant) if variant.is_from_blood else "hit"


def _of_blood(variant: VariantFinding) -> str:
    return "chip" if variant.origin == "chip" else "blood"


def _judged(status: Status, evidence: StatusEvidence) -> Iterator[tuple[str, str, str, str, str | None, bool]]:
    """Yield patient, variant, verdict, name, codon, and whether it is germline (in every sample)."""
    for patient, variants in evidence.variants.items():
        for variant in variants:
            verdict = _verdict(variant, status, evidence.reports_germline)
            if verdict is not None:
                codon = str(variant.codon) if variant.codon else None
                yield patient, variant.variant_id, verdict, variant.name, codon, variant.origin == "germline"


def _sequenced(
    samples: pl.DataFrame, cells: pl.DataFrame, statuses: Sequence[Status], evidence: StatusEvidence
) -> pl.DataFrame:
    """Return every status in every sample: one query for all of them, for of a handful of samples what a query costs
    to start is what it costs."""
    schema = {
        "status": pl.String,
        "patient_id": pl.String,
        "variant_id": pl.String,
        "verdict": pl.String,
        "name": pl.String,
        "codon": pl.String,
        "germline": pl.Boolean,
    }
    rows = [(status.name, *row) for status in statuses for row in _judged(status, evidence)]
    judged = pl.LazyFrame(rows, schema=schema, orient="row")
    found = judged.filter(~pl.col("germline")).join(cells.lazy(), on=["patient_id", "variant_id"], how="inner")
    born = (
        samples.lazy().select("patient_id", "sample_id").join(judged.filter("germline"), on="patient_id", how="inner")
    )
    born = born.with_columns(
        state=pl.lit("present"),
        basis=pl.lit("counted"),
        why=pl.lit(None, pl.String),
        alt_count=pl.lit(None, pl.Int64),
        depth=pl.lit(None, pl.Int64),
    )
    columns = sorted({*schema, *_CELLS})
    seen = pl.concat([found.select(columns), born.select(columns)])
    told = pl.col("patient_id").is_in(sorted(evidence.with_normal)) & evidence.reports_germline
    table = samples.lazy().with_columns(germline_told=told).join(_asks(statuses), how="cross")
    for part in (_seen(seen), _read(statuses, evidence), _copies(statuses, evidence)):
        table = table.join(part, on=["status", "sample_id"], how="left", maintain_order="left")
    dry = evidence.plasma.lazy().filter(~pl.col("has_tumour")).select("sample_id", is_dry=pl.lit(True))
    table = table.join(dry, on="sample_id", how="left", maintain_order="left")
    return _decided(table).collect(engine="in-memory")


def _asks(statuses: Sequence[Status]) -> pl.LazyFrame:
    """Return what decides each status: reads, copies of how many genes, lost or amplified ones, germline losses."""
    rows = [
        (
            s.name,
            bool(s.codons or s.lost),
            len(set(s.lost) | set(s.amplified)),
            bool(s.lost),
            bool(s.amplified),
            # the genes that `oncourse.knowledge.evaluate` never calls unaltered without report and normal
            bool(germline_relevant() & set(map(current_symbol, s.lost))),
        )
        for s in statuses
    ]
    flags = ("asks_reads", "asks_copies", "asks_loss", "asks_gain", "asks_germline")
    schema = {"status": pl.String} | {name: pl.Int64 if name == "asks_copies" else pl.Boolean for name in flags}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def _seen(seen: pl.LazyFrame) -> pl.LazyFrame:
    """Return per status and sample what its variants say: is_hit, hit_basis, variants, codons, counts, doubt (words)."""
    present = pl.col("state") == "present"
    hit = present & (pl.col("verdict") == "hit")
    named = pl.col("name").str.contains(r" [A-Z]\d+(?:_[A-Z]\d+)?(?:delins|del|dup|ins)")
    words = (
        pl.when(present & (pl.col("verdict") == "unclear") & named)
        .then(pl.format("{}: reaches what is asked for in part, or lies beside it", "name"))
        .when(present & (pl.col("verdict") == "unclear"))
        .then(pl.format("{}: protein change not recorded", "name"))
        .when(present & (pl.col("verdict") == "blood"))
        .then(pl.format("{}: {}", "name", pl.lit(CHIP_TEXT)))
        .when(present & (pl.col("verdict") == "chip"))
        .then(pl.format("{}: {}", "name", pl.lit(CHIP_SHOWN)))
    )
    # another sample of the patient has it; whether this one does cannot be told: named where nothing makes it positive
    open_here = (pl.col("verdict") == "hit") & (pl.col("state") == "not_assessable")
    alone = open_here & ~hit.any().over("status", "sample_id")
    shown = hit | alone | (present & pl.col("verdict").is_in(["unclear", "blood", "chip"]))
    order = seen.with_columns(
        rank=pl.when(hit).then(0).when(open_here).then(1).otherwise(2), is_doubt=words, shown=shown
    ).sort("sample_id", "rank", "alt_count", "name", descending=[False, False, True, False], nulls_last=True)
    return order.group_by("status", "sample_id", maintain_order=True).agg(
        is_hit=hit.any(),
        hit_basis=pl.col("basis").filter(hit).first(),
        variants=pl.col("name").filter("shown").unique().sort().str.join(", "),
        codons=pl.col("codon").filter("shown").drop_nulls().unique().sort().str.join(", "),
        alt_count=pl.col("alt_count").first(),
        depth=pl.col("depth").first(),
        unclassified=pl.format("{}: {}", "name", pl.lit(UNCLASSIFIED))
        .filter(present & (pl.col("verdict") == UNCLASSIFIED))
        .unique()
        .sort()
        .str.join("; "),
        doubt=pl.col("is_doubt").drop_nulls().unique().sort().str.join("; "),
        unseen=pl.format("{}: {}", "name", "why").filter(open_here).unique().sort().str.join("; "),
    )


def _read(statuses: Sequence[Status], evidence: StatusEvidence) -> pl.LazyFrame:
    """Return per status and sample how far absence of a mutation may be claimed: read (measured / assumed / no), why,
    power."""
    asked = []
    for status in statuses:
        core = {*map(current_symbol, status.core or status.lost), *status.codons}
        asked += [(status.name, gene, codon, codon != 0 or gene in core) for gene, codon in _asked(status)]
    schema = {"status": pl.String, "gene": pl.String, "codon": pl.Int64, "must": pl.Boolean}
    places = pl.LazyFrame(asked, schema=schema, orient="row")
    rows = evidence.codons.lazy().join(places, on=["gene", "codon"], how="inner")
    failing = ~pl.col("state").is_in(["measured", "assumed"]) & pl.col("must")
    rows = rows.with_columns(fails=failing, open=pl.col("state") != "measured")
    by = ["status", "sample_id"]
    found = rows.group_by(by).agg(
        read=pl.when(pl.col("fails").any())
        .then(pl.lit("no"))
        .when(pl.col("open").any())
        .then(pl.lit("assumed"))
        .otherwise(pl.lit("measured")),
        unread=(pl.col("state") == "unread").any(),
        looked=(~pl.col("fails") | (pl.col("state") == "underpowered")).all(),
        power=pl.col("power").min(),
    )
    told = rows.join(found.select(*by, "read"), on=by).filter(
        pl.when(pl.col("read") == "no").then("fails").otherwise("open")
    )
    return found.join(_gaps(told), on=by, how="left")


def _gaps(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return status, sample_id, why: genes and codons by their reason, "KRAS codon 12, 61: too few reads; ATM, PALB2:
    no reads"."""
    codons = pl.col("codon").filter(pl.col("codon") > 0).sort().cast(pl.String).str.join(", ")
    by_gene = (
        rows.group_by("status", "sample_id", "reason", "gene")
        .agg(codons.alias("at"))
        .with_columns(place=pl.when(pl.col("at") == "").then("gene").otherwise(pl.format("{} codon {}", "gene", "at")))
    )
    by_reason = by_gene.group_by("status", "sample_id", "reason").agg(pl.col("place").sort().str.join(", "))
    words = pl.format("{}: {}", "place", "reason")
    return by_reason.group_by("status", "sample_id").agg(why=words.sort().str.join("; "))


def _copies(statuses: Sequence[Status], evidence: StatusEvidence) -> pl.LazyFrame:
    """Return per status and sample is_copy_hit and n_copies (genes of known copy state)."""
    asked = []
    for status in statuses:
        lost, amplified = (set(map(current_symbol, genes)) for genes in (status.lost, status.amplified))
        asked += [(status.name, gene, gene in lost, gene in amplified) for gene in sorted(lost | amplified)]
    schema = {"status": pl.String, "gene": pl.String, "is_lost": pl.Boolean, "is_amplified": pl.Boolean}
    rows = evidence.copies.lazy().join(pl.LazyFrame(asked, schema=schema, orient="row"), on="gene", how="inner")
    hit = ((pl.col("state") == "amplified") & pl.col("is_amplified")) | (
        (pl.col("state") == "homozygous_deletion") & pl.col("is_lost")
    )
    word = pl.format("{} {}", "gene", pl.col("state").str.replace("_", " "))
    return rows.group_by("status", "sample_id").agg(
        is_copy_hit=hit.any(), n_copies=pl.col("gene").n_unique(), copy_words=word.filter(hit).sort().str.join(", ")
    )


def _decided(table: pl.LazyFrame) -> pl.LazyFrame:
    """Turn the parts into state, basis and reason: the definition itself."""
    has_copies = pl.col("n_copies").fill_null(0) >= pl.col("asks_copies")
    hit, copy_hit = pl.col("is_hit").fill_null(False), pl.col("is_copy_hit").fill_null(False)
    doubt = pl.col("doubt").fill_null("").ne("")
    unseen = pl.col("unseen").fill_null("").ne("")
    unasked = ~pl.col("asks_reads")
    readable = unasked | pl.col("read").is_in(["measured", "assumed"]).fill_null(False)
    dry = pl.col("is_dry").fill_null(False)
    looked = unasked | pl.col("looked").fill_null(False)
    copies_needed = pl.col("asks_gain") & ~has_copies
    untold = pl.col("asks_germline") & ~pl.col("germline_told")
    state = (
        pl.when(hit | copy_hit)
        .then(pl.lit(POSITIVE))
        .when(doubt | unseen | ~readable | dry | copies_needed | untold)
        .then(pl.lit(UNKNOWN))
        .otherwise(pl.lit(NEGATIVE))
    )
    measured = unasked | (pl.col("read") == "measured").fill_null(False)
    measured &= has_copies | ~(pl.col("asks_loss") | pl.col("asks_gain"))
    # a germline loss of any gene counts: without report and normal it is only assumed to be none
    measured &= pl.col("germline_told") | ~pl.col("asks_loss")
    table = table.with_columns(state=state)
    basis = (
        pl.when((pl.col("state") == POSITIVE) & hit)
        .then("hit_basis")
        .when(pl.col("state") == POSITIVE)
        .then(pl.lit("counted"))
        .when(pl.col("state") == NEGATIVE)
        .then(pl.when(measured).then(pl.lit("measured")).otherwise(pl.lit("assumed")))
    )
    gaps = pl.concat_str(
        pl.when(pl.col("asks_loss") & ~pl.col("germline_told")).then(pl.lit(GERMLINE_TEXT)),
        pl.when(pl.col("why").fill_null("").ne("")).then("why"),
        pl.when(pl.col("asks_loss") & ~has_copies).then(pl.lit("deletion not profiled")),
        separator="; ",
        ignore_nulls=True,
    )
    reason = (
        pl.when(pl.col("state") == POSITIVE)
        .then(None)
        .when(doubt)
        .then("doubt")
        .when(unseen)
        .then("unseen")
        .when(~readable)
        .then(pl.col("why").fill_null("not looked at"))
        .when(dry)
        .then(pl.lit("no tumour DNA shown in plasma"))
        .when(copies_needed)
        .then(pl.lit("copy number not profiled"))
        .when((pl.col("state") == UNKNOWN) | (pl.col("basis") == "assumed"))
        .then(gaps)
    )
    open_class = pl.when((pl.col("state") != POSITIVE) & pl.col("unclassified").fill_null("").ne("")).then(
        "unclassified"
    )
    told_with_class = pl.concat_str(open_class, reason, separator="; ", ignore_nulls=True)
    shown = pl.concat_str(
        pl.when(pl.col("variants").fill_null("").ne("")).then("variants"),
        pl.when(pl.col("copy_words").fill_null("").ne("")).then("copy_words"),
        separator=", ",
        ignore_nulls=True,
    )
    return table.with_columns(basis=basis).with_columns(
        reason=pl.when(told_with_class != "").then(told_with_class),
        variants=pl.when(shown != "").then(shown),
        codons=pl.when(pl.col("codons") != "").then("codons"),
        is_doubtful=(pl.col("state") == UNKNOWN) & (doubt | pl.col("unread").fill_null(False)),
        is_silent=(pl.col("state") == UNKNOWN) & ~doubt & ~unseen & looked & ~copies_needed & ~untold,
    )
