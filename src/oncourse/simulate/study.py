"""A whole study with known truth: for the demo, the docs, the tests and power."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

import polars as pl

from oncourse.errors import ConfigError
from oncourse.simulate.genomes import Rows
from oncourse.study.config import StudyConfig, config_from_mapping
from oncourse.study.tables import TABLES


@dataclass(frozen=True)
class Simulated:
    """Tables of a study folder, its configuration, and the truth behind them.

    ``truth`` holds drivers (true cancer cell fraction per sample), acquired, chip, focal (copies of a focal event),
    outcome or lines (hazards), and what `oncourse.evolution.simulate` grew: clones (the tree), fractions (of every
    clone per sample), lesions (how each was seeded), migrations, variants (the clone each belongs to); stress: faults.
    """

    tables: dict[str, pl.DataFrame]
    config: StudyConfig
    truth: dict[str, pl.DataFrame]


def simulate_study(
    design: str,
    n_patients: int,
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
    *,
    stress: Mapping[str, float | str] | None = None,
) -> Simulated:
    """Simulate a study of `n_patients`; the same arguments give the same study.

    stress : fault -> value (`oncourse.simulate.stress.STRESSES`); what each did is the truth's table ``stress``.

    Raises
    ------
    ConfigError : an unknown design or no patients
    """
    if n_patients < 1:
        raise ConfigError("patients: at least 1 is needed.")
    module = _design(design)
    rows, truth = Rows(), Rows()
    for number in range(1, n_patients + 1):
        progress(f"patient {number} of {n_patients}")
        module.add_patient(rows, truth, number, seed)
    tables = {}
    for name, table in TABLES.items():
        if name in rows.tables:
            schema = {c: t for c, t in table.schema.items() if any(c in row for row in rows.tables[name])}
            frame = table.conform(pl.DataFrame(rows.tables[name], schema_overrides=schema, infer_schema_length=None))
            frame = frame.unique(table.key, keep="first", maintain_order=True) if table.key else frame
            by_day = ["patient_id", "day"] if {"patient_id", "day"} <= set(frame.columns) and name != "samples" else []
            tables[name] = frame.sort(by_day, maintain_order=True) if by_day else frame
    tables["assays"] = TABLES["assays"].conform(module.ASSAYS)
    facts = {name: pl.DataFrame(found, infer_schema_length=None) for name, found in sorted(truth.tables.items())}
    if stress:
        from oncourse.simulate.stress import apply_stresses

        tables, facts["stress"] = apply_stresses(tables, stress, seed)
    return Simulated(tables, config_from_mapping(module.CONFIG), facts)


def _design(name: str) -> ModuleType:
    if name == "crc":
        from oncourse.simulate import crc

        return crc
    if name == "mcrpc":
        from oncourse.simulate import mcrpc

        return mcrpc
    raise ConfigError(f"design: '{name}' is not known. Allowed: crc, mcrpc.")
