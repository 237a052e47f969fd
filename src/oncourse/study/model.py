"""The Study: one study as recorded, frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.study.config import StudyConfig, frozen
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES

#: Who was left out on request.
WITHDRAWN_SCHEMA = {"patient_id": pl.String, "sample_id": pl.String, "reason": pl.String}


def nobody() -> pl.DataFrame:
    """Return the empty list of who was left out."""
    return pl.DataFrame(schema=WITHDRAWN_SCHEMA)


class Tables(Mapping[str, pl.DataFrame]):
    """The tables of a study by name, read-only; ``tables.patients`` is ``tables["patients"]``.

    As a mapping it holds the tables that were given; as an attribute a table that was not given is an empty frame.
    """

    def __init__(self, frames: Mapping[str, pl.DataFrame]):
        self.__dict__["_frames"] = dict(frames)

    @property
    def _given(self) -> dict[str, pl.DataFrame]:
        given: dict[str, pl.DataFrame] = self.__dict__["_frames"]
        return given

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def __getattr__(self, name: str) -> pl.DataFrame:
        if name in TABLES:
            return self._given[name] if name in self._given else TABLES[name].empty()
        raise AttributeError(f"no such table: {name}. Known: {', '.join(TABLES)}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("the tables of a study are read-only; make another Study")

    def __dir__(self) -> list[str]:
        return sorted(TABLES)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {frame.height} rows" for name, frame in self.items() if frame.height)


@dataclass(frozen=True)
class Study:
    """One study as recorded.

    ``study["calls"]`` returns a table with every column of `oncourse.study.tables` (optional ones null);
    a table that was not given is an empty frame. ``warnings`` are the unlikely but usable values found
    on reading; ``withdrawn`` lists who was left out on request (patient_id, sample_id, reason);
    ``intake`` holds what was understood of the source, by file, column and row (`oncourse.io.ledger`);
    ``source`` is the folder or file it was read from (None: made in memory).
    """

    config: StudyConfig
    tables: Tables | Mapping[str, pl.DataFrame]
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    withdrawn: pl.DataFrame = field(default_factory=nobody)
    intake: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    source: Path | None = None
    #: what `oncourse.study.once` keeps of it; a changed study begins anew
    derived: dict[Any, pl.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", Tables(self.tables))
        object.__setattr__(self, "inputs", frozen(self.inputs))
        object.__setattr__(self, "intake", frozen(self.intake))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"derived": {}}

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

    def cohort(self, *, seed: int = 1, **settings: Mapping[str, Any]) -> Any:
        """Return the `oncourse.cohort.Cohort` of this study: its derived tables, each computed once.

        Parameters
        ----------
        settings : section=mapping, over study.yaml: ``study.cohort(psa={"criteria": "pcwg3"})``
        """
        # the Cohort stands far above the Study, so it is named here and not imported
        return import_module("oncourse.cohort").Cohort(self, settings, seed)

    def select(self, *, patients: Collection[str] | None = None, without_samples: Collection[str] = ()) -> Study:
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
                    frame = frame.filter(pl.col("sample_id").is_null() | pl.col("sample_id").is_in(sample_ids))
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
