"""Small studies made by hand, for tests of every room."""

from __future__ import annotations

from typing import Any

import polars as pl

from oncourse.study.config import StudyConfig, config_from_mapping
from oncourse.study.model import Study
from oncourse.study.tables import TABLES
from oncourse.study.validate import validate


def study(config: dict[str, Any] | None = None, **tables: list[dict[str, Any]]) -> Study:
    """Return a checked Study of rows per table; a problem that is an error fails the test."""
    settings = config_from_mapping(config or {}) if config else StudyConfig()
    frames = {
        name: pl.DataFrame(rows, infer_schema_length=None) if rows else TABLES[name].empty()
        for name, rows in tables.items()
    }
    typed, problems = validate(frames, settings)
    errors = [str(p) for p in problems if p.severity == "error"]
    assert not errors, errors
    return Study(settings, typed, warnings=tuple(problems))


def simulated(design: str, n_patients: int = 8, seed: int = 3) -> Study:
    """Return a simulated Study."""
    from oncourse.simulate.study import simulate_study

    made = simulate_study(design, n_patients, seed)
    typed, problems = validate(made.tables, made.config)
    assert not [p for p in problems if p.severity == "error"]
    return Study(made.config, typed, warnings=tuple(problems))
