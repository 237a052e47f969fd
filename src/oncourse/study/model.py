"""The Study: one study as recorded, frozen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from oncourse.study.config import StudyConfig, frozen
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES

#: Who was left out on request.
WITHDRAWN_SCHEMA = {"patient_id": pl.String, "sample_id": pl.String, "reason": pl.String}


def nobody() -> pl.DataFrame:
    """Return the empty list of who was left out."""
    return pl.DataFrame(schema=WITHDRAWN_SCHEMA)


@dataclass(frozen=True)
class Study:
    """One study as recorded.

    ``study["calls"]`` returns a table with every column of `oncourse.study.tables` (optional ones null);
    a table that was not given is an empty frame. ``warnings`` are the unlikely but usable values found
    on reading; ``withdrawn`` lists who was left out on request (patient_id, sample_id, reason).
    ``intake`` holds what was understood of the source, by file, column and row (`oncourse.io.ledger`).
    """

    config: StudyConfig
    tables: Mapping[str, pl.DataFrame]
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    withdrawn: pl.DataFrame = field(default_factory=nobody)
    intake: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", frozen(self.tables))
        object.__setattr__(self, "inputs", frozen(self.inputs))

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {frame.height}" for name, frame in self.tables.items() if frame.height)
        return f"<Study: {self.config.title or 'untitled'}; {rows or 'no rows'}>"

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name in self.tables:
            return self.tables[name]
        return TABLES[name].empty()

    def has(self, name: str) -> bool:
        """Return whether the table was given and holds at least one row."""
        return name in self.tables and not self.tables[name].is_empty()

    @property
    def n_patients(self) -> int:
        """Number of patients."""
        return self["patients"].height

    def select(
        self, *, patients: Collection[str] | None = None, without_samples: Collection[str] = ()
    ) -> Study:
        """Return the study of these patients, without these samples; every table follows."""
        kept = set(self["patients"]["patient_id"]) if patients is None else set(patients)
        samples = self["samples"].filter(
            pl.col("patient_id").is_in(kept) & ~pl.col("sample_id").is_in(list(without_samples))
        )
        sample_ids = samples["sample_id"].implode()
        tables = {}
        for name, frame in self.tables.items():
            if name == "samples":
                frame = samples
            elif name in ("variants", "assays", "error_rates", "target_regions"):
                pass
            elif "patient_id" in TABLES[name].by_name:
                frame = frame.filter(pl.col("patient_id").is_in(kept))
                if name == "markers":
                    frame = frame.filter(
                        pl.col("sample_id").is_null() | pl.col("sample_id").is_in(sample_ids)
                    )
            else:
                frame = frame.filter(pl.col("sample_id").is_in(sample_ids))
            tables[name] = frame
        if "variants" in tables and "calls" in tables:
            tables["variants"] = tables["variants"].join(
                tables["calls"].select("variant_id").unique(),
                on="variant_id",
                how="semi",
                maintain_order="left",
            )
        return replace(self, tables=tables)
