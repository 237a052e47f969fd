"""An empty study folder: study.yaml, blank tables, data dictionary, all from the table definitions."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.disease import disease
from oncourse.disk.new import new_folder
from oncourse.study.tables import REQUIRED_TABLES, TABLES


def dictionary() -> pl.DataFrame:
    """Return the data dictionary: one row per table and column."""
    rows = [
        {
            "table": table.name,
            "table_required": table.name in REQUIRED_TABLES,
            "column": column.name,
            "required": column.required,
            "type": column.type_name,
            "unit": column.unit,
            "allowed": column.range_text,
            "meaning": column.text,
            "refers_to": column.references,
        }
        for table in TABLES.values()
        for column in table.columns
    ]
    return pl.DataFrame(rows)


def write_template(folder: Path, design: str) -> None:
    """Write an empty study folder; InputError if `folder` is there and holds anything."""
    with new_folder(folder) as draft:
        (draft / "study.yaml").write_text(disease(design).study_yaml, "utf-8")
        for table in TABLES.values():
            header = "\t".join(c.name for c in table.columns)
            (draft / f"{table.name}.tsv").write_text(header + "\n", "utf-8")
        dictionary().write_csv(draft / "data_dictionary.tsv", separator="\t")
