"""Markers given by hand: statuses of their own (MSI, AR-V7), and a second witness of what was sequenced (KRAS = wt)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from oncourse.derive.status.columns import STATUS_SCHEMA, UNKNOWN
from oncourse.derive.status.variants import effect_of
from oncourse.facts.markers import NEGATIVE, POSITIVE
from oncourse.facts.recorded import TESTED_LOSS, GeneRecord
from oncourse.facts.statuses import Status
from oncourse.genome.gene_names import current_symbol
from oncourse.knowledge.alterations import loss_reason
from oncourse.knowledge.findings import VariantFinding

#: A record that a gene is mutated, not how: no negative of one of its changes may be assumed.
UNNAMED = "mutated, not told how"
#: Reason of a record that speaks of some genes of a status only.
PART_ONLY = "recorded of a part of its genes only"


def marker_rows(samples: pl.DataFrame, readings: pl.DataFrame, status: Status) -> pl.DataFrame:
    """Return the state of a status that is a recorded marker: every tumour sample, and every record without a sample.

    Nothing where nobody recorded the marker. A sample with readings of both kinds is positive and its reason names the
    other: a contradiction is shown, never averaged.
    """
    mine = readings.filter(pl.col("marker").is_in(list(status.markers))) if readings.height else readings
    if mine.is_empty():
        return pl.DataFrame(schema=STATUS_SCHEMA)
    label = pl.format("{} {}", "marker", "value")
    said = {
        "positive": (pl.col("state") == POSITIVE).any(),
        "negative": (pl.col("state") == NEGATIVE).any(),
        "for_it": label.filter(pl.col("state") == POSITIVE).unique().sort().str.join(", "),
        "against": label.filter(pl.col("state") == NEGATIVE).unique().sort().str.join(", "),
        "unclear": label.filter(~pl.col("state").is_in([POSITIVE, NEGATIVE])).unique().sort().str.join(", "),
    }
    at_sample = mine.join(samples, on="sample_id", how="semi").group_by("sample_id", maintain_order=True).agg(**said)
    alone = mine.join(samples, on="sample_id", how="anti").group_by(
        "patient_id", "sample_id", "day", maintain_order=True
    )
    of_patient = alone.agg(**said).with_columns(sample_id=pl.lit(None, pl.String), material=pl.lit(None, pl.String))
    table = samples.join(at_sample, on="sample_id", how="left", maintain_order="left")
    return _shaped(pl.concat([table, of_patient.select(table.columns)]), status)


def _shaped(table: pl.DataFrame, status: Status) -> pl.DataFrame:
    positive, negative = pl.col("positive").fill_null(False), pl.col("negative").fill_null(False)
    unclear = pl.col("unclear").fill_null("").ne("")
    names = " / ".join(status.markers)
    return table.with_columns(
        status=pl.lit(status.name),
        state=pl.when(positive).then(pl.lit(POSITIVE)).when(negative).then(pl.lit(NEGATIVE)).otherwise(pl.lit(UNKNOWN)),
        basis=pl.when(positive | negative).then(pl.lit("recorded")),
        variants=pl.when(positive).then("for_it").when(negative).then("against"),
        reason=pl.when(positive & negative)
        .then(pl.format("contradicted by {}", "against"))
        .when(~positive & ~negative & unclear)
        .then(pl.format("{}: recorded, but not told positive from negative", "unclear"))
        .when(~positive & ~negative)
        .then(pl.lit(f"{names} not recorded")),
        codons=pl.lit(None, pl.String),
        alt_count=pl.lit(None, pl.Int64),
        depth=pl.lit(None, pl.Int64),
        power=pl.lit(None, pl.Float64),
        is_doubtful=pl.lit(False),
        is_silent=pl.lit(False),
    )


def _names(status: Status) -> list[str]:
    """Markers that speak of a sequenced status by its name; of HER2 amplification in situ hybridisation does too."""
    return [status.name.upper(), *(["HER2 ISH"] if status.amplified == ("ERBB2",) else [])]


_Words = dict[tuple[str, str | None], list[tuple[str, int | None, str]]]


def _by_record(records: Sequence[GeneRecord], status: Status) -> _Words:
    """(patient, sample) -> state, day, words of the records of genes that decide the status.

    A change counts as the therapy rules count it, of a gene whose loss is asked for only a loss; a bare "mutated" for a
    status of codons; of one change (V600E) it may be that or another (`UNNAMED`). Wild type needs every gene of the
    status; of some alone it is not assessable, and the words stay.
    """
    genes, lost = set(status.codons), set(map(current_symbol, status.lost))
    found: _Words = {}
    negative: dict[tuple[str, str | None], dict[str, GeneRecord]] = {}
    for r in records:
        key = (r.patient_id, r.sample_id)
        if r.state == POSITIVE and set(r.genes) <= lost and _is_loss(r):
            found.setdefault(key, []).append((POSITIVE, r.day, r.words))
        if not genes & set(r.genes):
            continue
        is_another = not r.change and not set(r.genes) <= genes  # RAS/BRAF mutated: of BRAF, maybe
        if r.state == POSITIVE and not is_another and (_counts(r, status) if r.change else not status.changes):
            found.setdefault(key, []).append((POSITIVE, r.day, r.words))
        elif r.state == POSITIVE and not r.change and r.is_whole:
            found.setdefault(key, []).append((UNNAMED, r.day, r.words))
        elif r.state == NEGATIVE and (r.is_whole or r.change in status.changes):
            negative.setdefault(key, {}).update(dict.fromkeys(set(r.genes) & genes, r))
    for key, told in negative.items():
        words = ", ".join(sorted({r.words for r in told.values()}))
        days = [r.day for r in told.values() if r.day is not None]
        state = NEGATIVE if genes <= set(told) else UNKNOWN
        found.setdefault(key, []).append((state, max(days, default=None), words))
    return found


def _counts(record: GeneRecord, status: Status) -> bool:
    effect = effect_of(None, record.change)
    findings = [VariantFinding(gene, record.change, effect, codon=record.codon) for gene in record.genes]
    return any(site.accepts(finding) for site in status.sites for finding in findings)


def _is_loss(record: GeneRecord) -> bool:
    """Whether a record says that a gene is lost, as therapy rules mean it; a bare positive is of a test for losses."""
    if not record.change:
        return set(record.genes) <= set(TESTED_LOSS)
    gene = record.genes[0]
    return loss_reason(VariantFinding(gene, record.change, effect_of(None, record.change), codon=record.codon))[0]


_TOLD = {"patient_id": pl.String, "sample_id": pl.String, "day": pl.Int64, "state": pl.String, "words": pl.String}


def _told(readings: pl.DataFrame, records: Sequence[GeneRecord], status: Status) -> pl.DataFrame:
    """Return what records say of a status (`_TOLD`): positive, negative, or words of a part of it (not assessable)."""
    if readings.is_empty() and not records:
        return pl.DataFrame(schema=_TOLD)
    own = pl.col("marker").str.to_uppercase().is_in(_names(status)) & pl.col("state").is_in([POSITIVE, NEGATIVE])
    named = readings.filter(own).select(
        "patient_id", "sample_id", "day", "state", pl.format("{} {}", "marker", "value").alias("words")
    )
    rows = [
        (patient, sample, day, state, words)
        for (patient, sample), told in _by_record(records, status).items()
        for state, day, words in told
    ]
    if named.is_empty() and not rows:
        return pl.DataFrame(schema=_TOLD)
    both = pl.concat([named, pl.DataFrame(rows, schema=_TOLD, orient="row")])
    return both.unique(maintain_order=True).sort("patient_id", "day", "sample_id", "words", nulls_last=True)


def with_witnesses(
    table: pl.DataFrame, readings: pl.DataFrame, records: Sequence[GeneRecord], status: Status
) -> pl.DataFrame:
    """Let recorded markers speak beside the reads: of the status by its name, or of its genes (`facts.recorded`).

    Where the reads cannot tell, the record does (basis ``recorded``) - but none of a plasma without tumour DNA says that
    the tumour has it not. Reads that are positive stay so, and the reason names a record that denies it; a negative that
    a record contradicts is not assessable. One without a sample, or of a part of the genes beside a sample whose reads are
    positive, is a row of its own.
    """
    told = _told(readings, records, status)
    if told.is_empty():
        return table
    at = (
        told.drop_nulls("sample_id")
        .filter(pl.col("state") != UNKNOWN)
        .group_by("sample_id")
        .agg(
            record=pl.when((pl.col("state") == POSITIVE).any())
            .then(pl.lit(POSITIVE))
            .when((pl.col("state") == NEGATIVE).any())
            .then(pl.lit(NEGATIVE))
            .otherwise(pl.lit(UNNAMED)),
            words=pl.col("words").unique().sort().str.join(", "),
        )
    )
    table = table.join(at, on="sample_id", how="left", maintain_order="left")
    unnamed = (pl.col("record") == UNNAMED).fill_null(False)
    assumed = (pl.col("state") == NEGATIVE) & (pl.col("basis") == "assumed").fill_null(False)
    differs = (pl.col("record") != pl.col("state")).fill_null(False) & (~unnamed | assumed)
    open_state = pl.col("state") == UNKNOWN
    empty = pl.col("is_dry").fill_null(False) & (pl.col("record") == NEGATIVE)
    speaks = (open_state & differs & ~pl.col("is_doubtful") & ~empty).fill_null(False)
    denied = (pl.col("state") == NEGATIVE) & differs
    against = pl.format("contradicted by {}", "words")
    table = table.with_columns(
        basis=pl.when(speaks).then(pl.lit("recorded")).when(denied).then(None).otherwise("basis"),
        reason=pl.when(speaks)
        .then("words")
        .when(differs & ~open_state)
        .then(against)
        .when(open_state & empty)
        .then(pl.format("{} is of plasma in which no tumour DNA was shown", "words"))
        .otherwise("reason"),
        state=pl.when(speaks).then("record").when(denied).then(pl.lit(UNKNOWN)).otherwise("state"),
        is_doubtful=pl.col("is_doubtful") | denied,
        is_silent=pl.col("is_silent") & ~speaks,
    ).drop("record", "words")
    here = pl.col("sample_id").is_in(table["sample_id"].implode()).fill_null(False)
    # wild type of a part of the genes decides nothing of its sample; beside reads that are positive it is shown
    by_reads = table.filter((pl.col("state") == POSITIVE) & (pl.col("basis") != "recorded").fill_null(False))
    beside = (pl.col("state") == UNKNOWN) & pl.col("sample_id").is_in(by_reads["sample_id"].implode())
    alone = told.filter(~here | beside.fill_null(False))
    open_row = pl.col("state").is_in([UNKNOWN, UNNAMED])
    rows = alone.select(
        "patient_id",
        "day",
        pl.when(open_row).then(pl.lit(UNKNOWN)).otherwise("state").alias("state"),
        pl.lit(None, pl.String).alias("sample_id"),
        pl.lit(status.name).alias("status"),
        pl.when(~open_row).then(pl.lit("recorded")).alias("basis"),
        pl.col("words").alias("variants"),
        pl.when(pl.col("state") == UNNAMED)
        .then(pl.format("{}: protein change not recorded", "words"))
        .when(open_row)
        .then(pl.lit(PART_ONLY))
        .alias("reason"),
        pl.lit(False).alias("is_doubtful"),
        pl.lit(False).alias("is_silent"),
    )
    return pl.concat([table.select(list(STATUS_SCHEMA)), rows], how="diagonal")
