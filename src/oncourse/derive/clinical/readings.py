"""The same end points read otherwise: confirmation after a switch of therapy, and what differs from the records as read."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from oncourse.derive.clinical.endpoint_base import EndpointParams, EndpointTables
from oncourse.derive.clinical.endpoints import endpoint_table

#: Readings by name: the words of each.
SWITCH = "confirmation after the switch"
FIRST, LAST = "uncertain days as early as they may be", "uncertain days as late as they may be"


def flipped(data: EndpointTables, params: EndpointParams) -> pl.DataFrame | None:
    """Return every record (`TTE_SCHEMA`) under the other choice of `endpoints.confirm_after_switch`.

    None where no line is followed by another: then the choice changes nothing.
    """
    if data.lines.is_empty() or data.lines["next_start_day"].is_null().all():
        return None
    return endpoint_table(data, replace(params, confirm_after_switch=not params.confirm_after_switch))[0]


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
