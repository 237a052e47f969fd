"""What the laboratory calls a variant (致病, 4类, VUS), by its own column of a report or in that of the kind of change."""

from __future__ import annotations

import polars as pl

from oncourse.study.pathogenicity import pathogenicities
from oncourse.study.schema import Problem


def with_pathogenicity(table: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the rows with ``pathogenicity`` in our words, and a warning of cells that are not understood.

    A column 变异分类 or type may hold the kind of change (错义突变) or its class (致病): each cell is what it says.

    Parameters
    ----------
    table : pathogenicity, acmg_class, consequence, as text (null: nothing there), and others; acmg_class goes
    name : the file
    """
    by_class = pathogenicities(table["acmg_class"], is_acmg=True)
    by_words = pathogenicities(table["pathogenicity"])
    in_kind = pathogenicities(table["consequence"])
    told = []
    for column, said in (("acmg_class", by_class), ("pathogenicity", by_words)):
        dash = table[column].str.contains(r"^\s*(?:[-—–/\\.]+|无|(?i:n/?a))\s*$").fill_null(False)
        odd = table.filter(table[column].is_not_null() & said.is_null() & ~dash)
        if odd.height:
            words = ", ".join(f"'{w}'" for w in odd[column].unique(maintain_order=True).head(3))
            message = (
                f"{odd.height:,} cells of what the laboratory calls a variant are not understood ({words}): not used."
            )
            cure = "Write pathogenic, likely pathogenic, VUS, likely benign or benign."
            told.append(Problem(name, int(odd["_line"][0]), "pathogenicity", odd[column][0], message, cure, "warning"))
    first = pl.coalesce(pl.lit(by_class), pl.lit(by_words), pl.lit(in_kind))
    return table.with_columns(first.alias("pathogenicity")).drop("acmg_class"), told
