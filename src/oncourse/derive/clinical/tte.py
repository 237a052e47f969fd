"""The first of several events, else the last of several censoring days: one record with its source row."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from oncourse.errors import InputError

#: Why a record is censored at its origin where nothing is known after it.
NO_ASSESSMENT = "no assessment after the origin"
RECORD = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "day": pl.Int64,
    "reason": pl.String,
    "source_table": pl.String,
    "source_row": pl.Int64,
    "is_competing": pl.Boolean,
}

#: Rows named one by one in an error; the rest are counted.
LISTED = 20


def records(frame: pl.DataFrame, **columns: str | pl.Expr | bool) -> pl.DataFrame:
    """Return `frame` as event or censoring records (`RECORD`); rows without a day are dropped (nothing happened).

    `columns` give day, reason, source_table, source_row, is_competing: a polars expression, or for reason and
    source_table a text; ``is_competing`` is False unless given.
    """
    if frame.is_empty():
        return pl.DataFrame(schema=RECORD)
    given: dict[str, pl.Expr] = {"patient_id": pl.col("patient_id"), "line": pl.col("line")}
    for name, value in columns.items():
        is_text = isinstance(value, str) and name in ("reason", "source_table")
        given[name] = pl.lit(value) if is_text or isinstance(value, bool) else value  # type: ignore[assignment]
        if isinstance(value, str) and not is_text:
            given[name] = pl.col(value)
    given.setdefault("is_competing", pl.lit(False))
    return frame.select(given[name].cast(dtype).alias(name) for name, dtype in RECORD.items()).filter(
        pl.col("day").is_not_null()
    )


def _numbered(parts: Sequence[pl.DataFrame]) -> pl.LazyFrame:
    parts = [p for p in parts if not p.is_empty()]
    if not parts:
        return pl.LazyFrame(schema=RECORD | {"_given": pl.Int64})
    return pl.concat([p.lazy().with_columns(pl.lit(i, pl.Int64).alias("_given")) for i, p in enumerate(parts)])


def time_to_event(
    origins: pl.DataFrame,
    events: Sequence[pl.DataFrame],
    censors: Sequence[pl.DataFrame],
    *,
    count_first_day: bool = True,
    no_follow_up: str = NO_ASSESSMENT,
) -> pl.DataFrame:
    """Return one row per origin: its first event, else its last censoring day.

    Parameters
    ----------
    origins : patient_id, line (null = study level), origin_day + further columns that are kept
    events, censors : `records`; of events of one day a competing one comes last, then the order given, then the
        source row; of censoring days the latest, then the one given last

    Returns
    -------
    The columns of `origins` and end_day, time_days (end - origin + 1 where ``count_first_day``), is_event,
    is_competing (the record ended by another event), event_or_reason, source_table, source_row. Where nothing is
    known after the origin the record is censored at it.

    Raises
    ------
    InputError : an event lies before its origin; every such row is named
    """
    by = ["patient_id", "line"]
    started = origins.lazy().with_row_index("_at").with_columns(pl.col("line").cast(pl.Int64))
    order = ["_given", "source_row", "reason"]
    first = (
        _numbered(events).sort("day", "is_competing", *order).group_by(by, maintain_order=True).first().drop("_given")
    )
    last = (
        _numbered(censors).sort("day", *order).group_by(by, maintain_order=True).last().drop("is_competing", "_given")
    )
    joined = (
        started.join(first, on=by, how="left", nulls_equal=True)
        .join(last, on=by, how="left", nulls_equal=True, suffix="_c")
        .collect(engine="in-memory")
    )
    early = joined.filter(pl.col("day") < pl.col("origin_day")).sort("_at")
    if early.height:
        raise InputError(
            [
                f"{r['source_table']}, row {r['source_row']} ({r['patient_id']}): {r['reason']} on day {r['day']} "
                f"is before the origin, day {r['origin_day']}. Correct one of the two days."
                for r in early.head(LISTED).iter_rows(named=True)
            ]
            + ([f"and {early.height - LISTED} more rows."] if early.height > LISTED else [])
        )
    has_event = pl.col("day").is_not_null()
    has_censor = pl.col("day_c").is_not_null() & (pl.col("day_c") >= pl.col("origin_day"))
    end = pl.when(has_event).then("day").when(has_censor).then("day_c").otherwise("origin_day")

    def either(name: str, otherwise: pl.Expr) -> pl.Expr:
        return pl.when(has_event).then(name).when(has_censor).then(f"{name}_c").otherwise(otherwise).alias(name)

    return (
        joined.lazy()
        .with_columns(
            end.alias("end_day"),
            (has_event & ~pl.col("is_competing").fill_null(False)).alias("is_event"),
            (has_event & pl.col("is_competing").fill_null(False)).alias("is_competing"),
            either("reason", pl.lit(no_follow_up)).alias("event_or_reason"),
            either("source_table", pl.lit(None, pl.String)),
            either("source_row", pl.lit(None, pl.Int64)),
        )
        .with_columns((pl.col("end_day") - pl.col("origin_day") + int(count_first_day)).alias("time_days"))
        .sort("_at")
        .drop("_at", "day", "reason", "day_c", "reason_c", "source_table_c", "source_row_c")
        .collect(engine="in-memory")
    )
