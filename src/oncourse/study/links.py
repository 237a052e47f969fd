"""Which ids that a table names are not in the table they are of: a question of several checks, answered once."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: Up to so many ids are compared as sets of Python.
FEW = 1_000


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
            ids, known = self._tables[table].get_column(column).alias("x"), self._tables[there].get_column(key)
            if len(ids) <= FEW and len(known) <= FEW:  # most studies have every id: sets of Python say so at once
                lost = set(ids.to_list()) - {None, *known.to_list()}
                ids = ids.filter(ids.is_in(list(lost))) if lost else ids.clear()
            elif ids.null_count() < len(ids):
                ids = ids.to_frame().join(known.alias("x").to_frame(), on="x", how="anti")["x"].drop_nulls()
            else:
                ids = ids.clear()
            self._missing[asked] = ids.unique().sort() if len(ids) else ids
        return self._missing[asked]
