"""Which ids that a table names are not in the table they are of: a question of several checks, answered once."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl


class Links:
    """The ids of some tables, and which of them are missing where they should be."""

    def __init__(self, tables: Mapping[str, pl.DataFrame]):
        self._tables = tables
        self._missing: dict[tuple[str, str, str], pl.Series] = {}

    def missing(self, table: str, column: str, target: str) -> pl.Series:
        """Return the distinct ids of a column that are not in ``target`` (``table.column``), sorted.

        >>> tables = {"labs": pl.DataFrame({"patient_id": ["P2", "P1", None]}), "patients": pl.DataFrame({"id": ["P1"]})}
        >>> Links(tables).missing("labs", "patient_id", "patients.id").to_list()
        ['P2']
        """
        asked = (table, column, target)
        if asked not in self._missing:
            there, key = target.split(".")
            ids = self._tables[table].get_column(column).alias("x")
            if ids.null_count() < len(ids):
                known = self._tables[there].get_column(key).alias("x").to_frame()
                ids = ids.to_frame().join(known, on="x", how="anti")["x"].drop_nulls()
            else:
                ids = ids.clear()
            self._missing[asked] = ids.unique().sort() if len(ids) else ids
        return self._missing[asked]
