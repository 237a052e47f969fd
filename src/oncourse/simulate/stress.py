"""Faults put into a simulated study, each with its truth: what the analyses are not told, and what it was.

A stress changes what is recorded (or whom) after the study was simulated; it draws its own random numbers, so that
adding one leaves the others as they were. `oncourse simulate --stress NAME[=VALUE]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from oncourse.errors import ConfigError
from oncourse.simulate import stress_people, stress_reads
from oncourse.stats.rng import generator

Tables = dict[str, pl.DataFrame]
#: What each stress writes of what it did: one row per thing changed.
TRUTH_SCHEMA = {
    "stress": pl.String,
    "value": pl.String,
    "patient_id": pl.String,
    "sample_id": pl.String,
    "variant_id": pl.String,
    "what": pl.String,
    "true_value": pl.Float64,
    "recorded_value": pl.Float64,
}


@dataclass
class Faults:
    """Rows of the truth of one stress."""

    stress: str
    value: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, *, true: float | None = None, recorded: float | None = None, **where: str) -> None:
        """Write down one thing that is not as recorded."""
        self.rows.append(
            {
                "stress": self.stress,
                "value": self.value,
                "what": what,
                "true_value": true,
                "recorded_value": recorded,
                **where,
            }
        )


@dataclass(frozen=True)
class Stress:
    """One fault: its function, default value, range, and what the value means. Words: allowed values instead of a
    range."""

    apply: Callable[[Tables, np.random.Generator, Any, Faults], None]
    default: float | str
    text: str
    low: float = 0.0
    high: float = 1.0
    words: tuple[str, ...] = ()


#: Name -> stress, in the order in which they are applied.
STRESSES: Mapping[str, Stress] = {
    "delayed-entry": Stress(
        stress_people.delayed_entry,
        180.0,
        "mean days until a patient could enter; who died before is missing, the entry is not recorded",
        1,
        5000,
    ),
    "confounding": Stress(
        stress_people.confounding,
        "linear",
        "shape in which age decides both the first drugs and the hazard of death; the drugs themselves do nothing",
        words=tuple(stress_people.SHAPES),
    ),
    "informative-censoring": Stress(
        stress_people.informative_censoring, 0.5, "share of deaths whose patient is lost shortly before it"
    ),
    "chip": Stress(stress_reads.blood_clones, 0.3, "share of patients with a blood clone in plasma that nothing marks"),
    "artefacts": Stress(
        stress_reads.artefacts, 0.05, "mapping artefacts per variant: one fraction in every sample, depth x 1.5"
    ),
    "subclonal-copy-number": Stress(
        stress_reads.subclonal_copies, 0.2, "share of two-copy segments half of whose tumour cells lost one copy"
    ),
    "contamination": Stress(stress_reads.contamination, 0.05, "share of a sample's reads from another patient", 0, 0.5),
    "reference-bias": Stress(stress_reads.reference_bias, 0.1, "share of variant reads that do not align", 0, 0.9),
    "overdispersion": Stress(
        stress_reads.overdispersion,
        20.0,
        "concentration of the reads' further beta-binomial spread (small: uneven)",
        1,
        1e6,
    ),
    "noise": Stress(stress_reads.noise, 3.0, "true error over the stated one", 1, 100),
    "assay-change": Stress(
        stress_reads.assay_change,
        0.5,
        "share of patients, the last ones, sequenced at half the depth with three times the "
        "errors; recorded as the same assay",
    ),
    "purity": Stress(stress_reads.wrong_purity, 0.15, "sd of log(recorded / true) purity and tumour fraction", 0, 2),
    "copy-number": Stress(stress_reads.wrong_copies, 0.1, "share of segments recorded one copy off"),
    "swaps": Stress(stress_reads.swaps, 0.05, "share of tumour samples swapped with one of another patient"),
}


def parse_stresses(given: Sequence[str]) -> dict[str, float | str]:
    """Return name -> value of ``NAME`` or ``NAME=VALUE``; all problems at once.

    Examples
    --------
    >>> parse_stresses(["noise=10", "swaps"])
    {'noise': 10.0, 'swaps': 0.05}
    """
    found, problems = {}, []
    for text in given:
        name, equals, value = text.partition("=")
        stress = STRESSES.get(name.strip())
        if stress is None:
            problems.append(f"stress: '{name}' is not known. Allowed: {', '.join(STRESSES)}.")
            continue
        try:
            found[name.strip()] = _value(stress, value.strip()) if equals else stress.default
        except ValueError as error:
            problems.append(f"stress {name}: {error}.")
    if problems:
        raise ConfigError(problems)
    return found


def listed(names: Sequence[str] = tuple(STRESSES)) -> str:
    """Return what there is to choose from: name, default, allowed values and meaning of each, two lines a stress."""
    lines = []
    for name in names:
        stress = STRESSES[name]
        values = "|".join(stress.words) if stress.words else f"{stress.low:g} to {stress.high:g}"
        lines.append(f"{name}={stress.default}  ({values})\n    {stress.text}")
    return "\n".join(lines)


def _value(stress: Stress, text: str) -> float | str:
    if stress.words:
        if text not in stress.words:
            raise ValueError(f"'{text}' is not one of {', '.join(stress.words)}")
        return text
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"'{text}' is no number") from None
    if not stress.low <= value <= stress.high:
        raise ValueError(f"{value:g} must lie between {stress.low:g} and {stress.high:g} ({stress.text})")
    return value


def apply_stresses(tables: Tables, given: Mapping[str, float | str], seed: int) -> tuple[Tables, pl.DataFrame]:
    """Return the tables with the faults in them, and the truth of every fault (`TRUTH_SCHEMA`)."""
    stressed, rows = dict(tables), []
    for name, stress in STRESSES.items():
        if name in given:
            faults = Faults(name, str(given[name]))
            stress.apply(stressed, generator(seed, f"simulate/stress/{name}"), given[name], faults)
            rows += faults.rows
    return stressed, pl.DataFrame(rows, schema=TRUTH_SCHEMA)
