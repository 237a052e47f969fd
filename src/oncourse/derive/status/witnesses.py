"""Markers given by hand: statuses of their own (MSI, AR-V7), and a second witness of what was sequenced (KRAS = wt)."""

from __future__ import annotations

import polars as pl

from oncourse.derive.status.columns import STATUS_SCHEMA, UNKNOWN
from oncourse.facts.markers import NEGATIVE, POSITIVE
from oncourse.facts.statuses import Status


def marker_rows(samples: pl.DataFrame, readings: pl.DataFrame, status: Status) -> pl.DataFrame:
    """Return the state of a status that is a recorded marker: every tumour sample, and every record without a sample.

    Nothing where nobody recorded the marker. A sample with readings of both kinds is positive and its reason names the
    other: a contradiction is shown, never averaged.
    """
    mine = readings.filter(pl.col("marker").is_in(list(status.markers)))
    label = pl.format("{} {}", "marker", "value")
    told = mine.group_by("patient_id", "sample_id", "day", maintain_order=True).agg(
        positive=(pl.col("state") == POSITIVE).any(), negative=(pl.col("state") == NEGATIVE).any(),
        for_it=label.filter(pl.col("state") == POSITIVE).unique().sort().str.join(", "),
        against=label.filter(pl.col("state") == NEGATIVE).unique().sort().str.join(", "),
        unclear=label.filter(~pl.col("state").is_in([POSITIVE, NEGATIVE])).unique().sort().str.join(", "),
    )  # fmt: skip
    if told.is_empty():
        return _shaped(told, status)
    inside = told.filter(pl.col("sample_id").is_in(samples["sample_id"].implode()))
    at_sample = inside.group_by("sample_id", maintain_order=True).agg(
        pl.col("positive", "negative").any(), pl.col("for_it", "against", "unclear").str.join(", ")
    )
    alone = told.join(inside.select("sample_id"), on="sample_id", how="anti").with_columns(
        sample_id=pl.lit(None, pl.String), material=pl.lit(None, pl.String)
    )
    table = samples.join(at_sample, on="sample_id", how="left", maintain_order="left")
    return _shaped(pl.concat([table, alone.select(table.columns)]), status)


def _shaped(table: pl.DataFrame, status: Status) -> pl.DataFrame:
    if table.is_empty():
        return pl.DataFrame(schema=STATUS_SCHEMA)
    positive, negative = pl.col("positive").fill_null(False), pl.col("negative").fill_null(False)
    unclear = pl.col("unclear").fill_null("").ne("")
    names = " / ".join(status.markers)
    return table.with_columns(
        status=pl.lit(status.name),
        state=pl.when(positive).then(pl.lit(POSITIVE)).when(negative).then(pl.lit(NEGATIVE)).otherwise(pl.lit(UNKNOWN)),
        basis=pl.when(positive | negative).then(pl.lit("recorded")),
        variants=pl.when(positive).then("for_it").when(negative).then("against"),
        reason=pl.when(positive & negative).then(pl.format("contradicted by {}", "against"))
        .when(~positive & ~negative & unclear).then(pl.format("{}: not told positive from negative", "unclear"))
        .when(~positive & ~negative).then(pl.lit(f"{names} not recorded")),
        codons=pl.lit(None, pl.String), alt_count=pl.lit(None, pl.Int64), depth=pl.lit(None, pl.Int64),
        power=pl.lit(None, pl.Float64), is_doubtful=pl.lit(False),
    )  # fmt: skip


def _names(status: Status) -> list[str]:
    """Markers that speak of a sequenced status: its own name, and its gene where it has one alone."""
    genes = set(status.codons) | set(status.lost) | set(status.amplified)
    return [status.name.upper(), *(genes if len(genes) == 1 and not status.changes else ())]


def with_witnesses(table: pl.DataFrame, readings: pl.DataFrame, status: Status) -> pl.DataFrame:
    """Let recorded markers of the same name speak beside the reads.

    Where the reads cannot tell, the record does (basis ``recorded``). Reads that are positive stay so, and the reason names
    a record that denies it; a negative that a record contradicts is not assessable. A record of a gene of several (KRAS,
    of RAS) counts where it is positive. One without a sample is a row of its own.
    """
    name = pl.col("marker").str.to_uppercase()
    several = [g for g in status.codons if g not in _names(status)] if not status.changes else []
    own = name.is_in(_names(status)) & pl.col("state").is_in([POSITIVE, NEGATIVE])
    part = name.is_in(several) & (pl.col("state") == POSITIVE)
    told = readings.filter(own | part).with_columns(words=pl.format("{} {}", "marker", "value"))
    if told.is_empty():
        return table
    at = told.drop_nulls("sample_id").group_by("sample_id").agg(
        record=pl.when((pl.col("state") == POSITIVE).any()).then(pl.lit(POSITIVE)).otherwise(pl.lit(NEGATIVE)),
        words=pl.col("words").unique().sort().str.join(", "),
    )  # fmt: skip
    table = table.join(at, on="sample_id", how="left", maintain_order="left")
    differs = (pl.col("record") != pl.col("state")).fill_null(False)
    open_state = pl.col("state") == UNKNOWN
    speaks = open_state & differs & ~pl.col("is_doubtful")
    denied = (pl.col("state") == NEGATIVE) & differs
    against = pl.format("contradicted by {}", "words")
    table = table.with_columns(
        basis=pl.when(speaks).then(pl.lit("recorded")).when(denied).then(None).otherwise("basis"),
        reason=pl.when(speaks).then("words").when(differs & ~open_state).then(against).otherwise("reason"),
        state=pl.when(speaks).then("record").when(denied).then(pl.lit(UNKNOWN)).otherwise("state"),
        is_doubtful=pl.col("is_doubtful") | denied,
    ).drop("record", "words")
    alone = told.filter(~pl.col("sample_id").is_in(table["sample_id"].implode()).fill_null(False))
    rows = alone.select(
        "patient_id", "day", "state", pl.lit(None, pl.String).alias("sample_id"), pl.lit(status.name).alias("status"),
        pl.lit("recorded").alias("basis"), pl.col("words").alias("variants"), pl.lit(False).alias("is_doubtful"),
    )  # fmt: skip
    return pl.concat([table.select(list(STATUS_SCHEMA)), rows], how="diagonal")
