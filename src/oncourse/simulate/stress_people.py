"""Stresses of patients and follow-up: who is in the study, how long, and why they were treated as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from oncourse.simulate.stress import Faults, Tables

#: Shape -> log odds of the second arm, and log hazard of death, by standardised age (and sex, -1 or 1).
SHAPES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "linear": lambda z, sex: z,
    "quadratic": lambda z, sex: z**2 - 1,
    "threshold": lambda z, sex: np.where(z > 0.5, 1.2, -0.5),
    "interaction": lambda z, sex: z * sex,
}
#: Arms by design: drugs that take turns in the first line of metastatic disease.
ARMS = (("bevacizumab", "cetuximab"), ("enzalutamide", "abiraterone;prednisone"))
#: The shortest time that stays between a patient's last event and a moved end.
_MARGIN = 14
#: Tables of visits: what a death moved forward takes away.
_VISITS = ("labs", "assessments", "target_lesions")


def _last_seen(tables: Tables) -> dict[str, int]:
    """patient -> latest day of anything recorded but the follow-up itself."""
    found: dict[str, int] = {}
    for name, table in tables.items():
        days = [c for c in ("day", "start_day", "found_day") if c in table.columns]
        if name == "follow_up" or "patient_id" not in table.columns or not days:
            continue
        for patient, day in table.group_by("patient_id").agg(pl.max_horizontal(days).max().alias("d")).iter_rows():
            if day is not None:
                found[patient] = max(found.get(patient, day), day)
    return found


def informative_censoring(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Patients about to die are lost: of a share of the deaths only that the patient lived is recorded, somewhat
    before."""
    seen = _last_seen(tables)
    rows = []
    for row in tables["follow_up"].sort("patient_id").iter_rows(named=True):
        if row.get("is_dead") and rng.random() < value:
            day = row["death_day"] if row["death_day"] is not None else row["last_contact_day"]
            lost = max(int(day - rng.integers(15, 90)), seen.get(row["patient_id"], 0))
            if lost < day:
                faults.add("lost before death", patient_id=row["patient_id"], true=day, recorded=lost)
                row = {**row, "is_dead": False, "death_day": None, "last_contact_day": lost}
                row |= {"cause_of_death": None} if "cause_of_death" in row else {}
                for name in ("progression_day", "recurrence_day", "recurrence_free_day"):
                    if row.get(name) is not None and row[name] > lost:
                        row[name] = lost if name == "recurrence_free_day" else None
        rows.append(row)
    tables["follow_up"] = pl.DataFrame(rows, schema=tables["follow_up"].schema)


def delayed_entry(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Who died before a day of entry (exponential) is missing from the study; nobody's entry is recorded."""
    ends = dict(tables["follow_up"].select("patient_id", pl.coalesce("death_day", "last_contact_day")).iter_rows())
    first = _first_line(tables)
    gone = []
    for patient in tables["patients"]["patient_id"].sort():
        entry = float(rng.exponential(value))
        start, end = first.get(patient, 0), ends.get(patient)
        missing = end is not None and end - start < entry
        faults.add("never entered" if missing else "entered", patient_id=patient, true=start + entry)
        if missing:
            gone.append(patient)
    if len(gone) == len(ends):
        gone = gone[1:]
    samples = tables["samples"].filter(pl.col("patient_id").is_in(gone))["sample_id"].to_list()
    for name, table in tables.items():
        for column, out in (("patient_id", gone), ("sample_id", samples)):
            if column in table.columns:
                table = table.filter(~pl.col(column).is_in(out).fill_null(False))
        tables[name] = table


def _first_line(tables: Tables) -> dict[str, int]:
    """patient -> start of the first line of metastatic disease."""
    treated = tables.get("treatments")
    if treated is None:
        return {}
    rows = treated.filter(pl.col("line") >= 1).group_by("patient_id").agg(pl.col("start_day").min())
    return dict(rows.iter_rows())


def confounding(tables: Tables, rng: np.random.Generator, value: str, faults: Faults) -> None:
    """Age (and sex) decide the first drugs and the hazard of death in one shape; the drugs do nothing."""
    people = tables["patients"].sort("patient_id")
    age = people["age_years"].fill_null(people["age_years"].mean()).to_numpy().astype(float)
    sex = np.where((people["sex"] == "female").fill_null(False).to_numpy(), -1.0, 1.0)
    z = (age - age.mean()) / max(age.std(), 1e-9)
    score = dict(zip(people["patient_id"], SHAPES[value](z, sex), strict=True))
    first = _first_line(tables)
    second = {p: bool(rng.random() < 1 / (1 + np.exp(-1.2 * s))) for p, s in score.items()}
    drugs = [
        _drugs(d, second[p]) if line == 1 and s == first.get(p) else d
        for p, line, s, d in tables["treatments"].select("patient_id", "line", "start_day", "drugs").iter_rows()
    ]
    tables["treatments"] = tables["treatments"].with_columns(drugs=pl.Series(drugs, dtype=pl.String))
    seen = _last_seen({n: t for n, t in tables.items() if n not in (*_VISITS, "treatments")})
    rows, ends = [], {}
    for row in tables["follow_up"].sort("patient_id").iter_rows(named=True):
        patient = row["patient_id"]
        start = first.get(patient)
        if start is not None and row["is_dead"]:
            day = start + (row["death_day"] - start) * float(np.exp(-0.8 * score[patient]))
            day = max(int(day), seen.get(patient, start) + _MARGIN)
            row = {**row, "death_day": day, "last_contact_day": day}
            ends[patient] = day
            for name in ("progression_day", "recurrence_day", "recurrence_free_day"):
                if row.get(name) is not None and row[name] > day:
                    row[name] = day if name == "recurrence_free_day" else None
        faults.add("log hazard by age", patient_id=patient, true=0.8 * float(score[patient]))
        rows.append(row)
    tables["follow_up"] = pl.DataFrame(rows, schema=tables["follow_up"].schema)
    _nothing_after(tables, ends)
    faults.add(f"hazard ratio of {' against '.join(ARMS[0])}, or of {' against '.join(ARMS[1])}", true=1.0)


def _nothing_after(tables: Tables, ends: dict[str, int]) -> None:
    """Drop visits, and what was given, after a moved death; what was still given then stopped."""
    death = pl.DataFrame(
        {"patient_id": list(ends), "end": list(ends.values())}, schema={"patient_id": pl.String, "end": pl.Int64}
    )
    for name in (*_VISITS, "treatments"):
        if name in tables:
            day = "start_day" if name == "treatments" else "day"
            table = tables[name].join(death, on="patient_id", how="left", maintain_order="left")
            table = table.filter((pl.col(day) <= pl.col("end")).fill_null(True))
            if "stop_day" in table.columns:
                later = (pl.col("stop_day") > pl.col("end")).fill_null(False)
                table = table.with_columns(stop_day=pl.when(later).then("end").otherwise("stop_day"))
            tables[name] = table.drop("end")


def _drugs(drugs: str, is_second: bool) -> str:
    """Put the arm's drug in the place of the other; drugs of neither arm stay."""
    listed = set(drugs.split(";"))
    for one, other in ARMS:
        for arm in (set(one.split(";")), set(other.split(";"))):
            if arm <= listed:
                chosen = other if is_second else one
                return ";".join(sorted((listed - arm) | set(chosen.split(";"))))
    return drugs
