"""Small studies made by hand, for tests of every room."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.study.config import StudyConfig, config_from_mapping
from oncourse.study.model import Study
from oncourse.study.tables import TABLES
from oncourse.study.validate import validate

if TYPE_CHECKING:
    from oncourse.simulate.study import Simulated


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


#: Seed of the simulated study of sixty patients, of which tests of several rooms look at the same.
SIXTY = {"crc": 11, "mcrpc": 1}


@cache
def made(design: str, n_patients: int, seed: int) -> Simulated:
    """Return a simulated study as it is before it is checked, made once for all tests of the process."""
    from oncourse.simulate.study import simulate_study

    return simulate_study(design, n_patients, seed)


def simulated(design: str, n_patients: int = 8, seed: int = 3) -> Study:
    """Return a simulated Study."""
    new = made(design, n_patients, seed)
    typed, problems = validate(new.tables, new.config)
    assert not [p for p in problems if p.severity == "error"]
    return Study(new.config, typed, warnings=tuple(problems))


#: What `written` answers.
REPORTED = (
    "overview",
    "landscape",
    "copy_number",
    "concordance",
    "ras_status",
    "survival",
    "endpoints",
    "tissue_blood",
    "recurrence",
)


def written(of: Study, out: Path, language: str, **options: Any) -> tuple[Path, frozenset[str]]:
    """Write the report of a study, `REPORTED` and the pages of its first two patients unless `options` say otherwise;
    return its folder and the texts that its pages left in English."""
    from oncourse.report.study import report_study
    from oncourse.words.phrases import phrasebook

    phrasebook.cache_clear()
    first = of["patients"]["patient_id"].to_list()[:2]
    options = {"only": list(REPORTED), "patients": first} | options
    report_study(replace(of, config=replace(of.config, language=language)), out, source=Path(__file__), **options)
    return out, frozenset() if language == "en" else frozenset(phrasebook(language).missed)
