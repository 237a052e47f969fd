"""The same end points read otherwise: confirmation after a switch of therapy, and days of death that are intervals."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from oncourse.derive.clinical.endpoint_base import EndpointParams, EndpointTables
from oncourse.derive.clinical.endpoints import endpoint_table

#: Readings by name: the words of each.
SWITCH, FIRST, LAST = "confirmation after the switch", "deaths on their first day", "deaths on their last day"


def other_readings(data: EndpointTables, params: EndpointParams) -> dict[str, pl.DataFrame]:
    """Return reading -> every record (`TTE_SCHEMA`) under it, for each reading that the data leave open.

    `SWITCH`: the other choice of `endpoints.confirm_after_switch`, where a line is followed by another. `FIRST`,
    `LAST`: deaths of which an interval is known (`death_earliest_day`, `death_latest_day`) on its first and last day.
    """
    tables = {}
    if data.lines.height and data.lines["next_start_day"].is_not_null().any():
        flipped = replace(params, confirm_after_switch=not params.confirm_after_switch)
        tables[SWITCH] = endpoint_table(data, flipped)[0]
    for name, column in ((FIRST, "death_earliest_day"), (LAST, "death_latest_day")):
        if column in data.follow_up.columns and data.follow_up[column].is_not_null().any():
            moved = data.follow_up.with_columns(pl.coalesce(column, "death_day").alias("death_day"))
            tables[name] = endpoint_table(replace(data, follow_up=moved), params)[0]
    return tables


def differing(table: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return the records of `other` whose time or event is not that of `table`."""
    keys = ["patient_id", "line", "endpoint"]
    both = other.join(
        table.select(*keys, pl.col("time_days").alias("_t"), pl.col("is_event").alias("_e")),
        on=keys,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    apart = pl.col("time_days").ne_missing(pl.col("_t")) | pl.col("is_event").ne_missing(pl.col("_e"))
    return both.filter(apart).drop("_t", "_e")
