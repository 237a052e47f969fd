"""Survival columns of clinical exports -> follow_up: months (cBioPortal) or days (TCGA, maftools annotations)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from oncourse.io import clinical as words
from oncourse.io.reading import Reading
from oncourse.study.schema import Problem

#: End point -> prefixes of its columns.
_PREFIXES = {
    "OS": ("OS", "OVERALL_SURVIVAL", "CDR_OS"),
    "DFS": ("DFS", "RFS", "DFI", "EFS", "BCR_FREE", "CDR_DFI"),
    "PFS": ("PFS", "PFI", "CDR_PFI"),
}
#: Columns of TCGA that give death and last contact apart.
_VITAL = ("OVERALL_SURVIVAL_STATUS", "CDR_VITAL_STATUS", "VITAL_STATUS", "PATIENT_VITAL_STATUS")
_TO_DEATH = ("CDR_DEATH_DAYS_TO", "DAYS_TO_DEATH", "DEATH_DAYS_TO")
_TO_LAST = ("CDR_LAST_CONTACT_DAYS_TO", "DAYS_TO_LAST_FOLLOWUP", "DAYS_TO_LAST_FOLLOW_UP", "LAST_CONTACT_DAYS_TO",
            "DAYS_TO_LAST_KNOWN_ALIVE")  # fmt: skip
SCHEMA = {
    "patient_id": pl.String, "last_contact_day": pl.Int64, "is_dead": pl.Boolean, "death_day": pl.Int64,
    "cause_of_death": pl.String, "recurrence_day": pl.Int64, "recurrence_free_day": pl.Int64,
    "progression_day": pl.Int64,
}  # fmt: skip
#: Statuses that say "unknown" and need no warning.
_UNKNOWN = ("unknown", "not available", "na", "lost to follow-up")


@dataclass(frozen=True)
class _End:
    days: pl.Series
    event: pl.Series


def survival_columns(frame: pl.DataFrame) -> list[str]:
    """Return the columns of `frame` that this module reads."""
    names = {*_VITAL, *_TO_DEATH, *_TO_LAST, "DSS_STATUS", "CAUSE_OF_DEATH"}
    for prefixes in _PREFIXES.values():
        for p in prefixes:
            names |= {p, *(f"{p}{s}" for s in ("_MONTHS", "_MONTH", "_STATUS", "_DAYS", ".TIME", "_TIME"))}
    return [c for c in frame.columns if c in names]


def follow_up(base: pl.DataFrame, samples: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return follow_up from the patient columns, else from the sample table's (one row per patient).

    A patient without a survival time has no row; their number is noted.
    """
    source = base
    if _overall(base) is None and _overall(samples) is not None:
        source = samples.unique("PATIENT_ID", keep="first", maintain_order=True)
    ends = {"OS": _overall(source), "DFS": _pair(source, "DFS"), "PFS": _pair(source, "PFS")}
    if not any(ends.values()):
        return pl.DataFrame(schema=SCHEMA)
    _told(source, reading)
    n = len(source)
    none = _End(pl.Series([None] * n, dtype=pl.Int64), pl.Series([None] * n, dtype=pl.Boolean))
    overall, free, progress = (ends[e] or none for e in ("OS", "DFS", "PFS"))
    frame = source.select(pl.col("PATIENT_ID").alias("patient_id")).with_columns(
        overall.days.alias("os"), overall.event.alias("is_dead"), free.days.alias("dfs"),
        free.event.alias("dfs_event"), progress.days.alias("pfs"), progress.event.alias("pfs_event"),
        _cause(source).alias("cause_of_death"),
    )  # fmt: skip
    dead = pl.col("is_dead")
    out = frame.select(
        "patient_id",
        pl.coalesce("os", pl.max_horizontal("dfs", "pfs")).alias("last_contact_day"),
        "is_dead",
        pl.when(dead).then(pl.col("os")).alias("death_day"),
        pl.when(dead).then(pl.col("cause_of_death")).alias("cause_of_death"),
        pl.when(pl.col("dfs_event")).then(pl.col("dfs")).alias("recurrence_day"),
        pl.when(~pl.col("dfs_event")).then(pl.col("dfs")).alias("recurrence_free_day"),
        pl.when(pl.col("pfs_event")).then(pl.col("pfs")).alias("progression_day"),
    ).with_columns(pl.col(c).cast(t) for c, t in SCHEMA.items())
    lost = out["last_contact_day"].null_count()
    if lost:
        reading.notes.append(f"{lost:,} patients have no survival time: they are not in follow_up")
    return out.drop_nulls("last_contact_day")


def _columns(frame: pl.DataFrame, end: str) -> tuple[str, str, bool] | None:
    """Return (time, status, whether the time is in months) of an end point."""
    for p in _PREFIXES[end]:
        months = next((c for c in (f"{p}_MONTHS", f"{p}_MONTH") if c in frame.columns), None)
        days = next((c for c in (f"{p}_DAYS", f"{p}.TIME", f"{p}_TIME") if c in frame.columns), None)
        status = next((c for c in (f"{p}_STATUS", p) if c in frame.columns), None)
        if status and (months or days):
            return months or days or "", status, months is not None
    return None


def _pair(frame: pl.DataFrame, end: str) -> _End | None:
    found = _columns(frame, end)
    if found is None:
        return None
    time, status, in_months = found
    days = words.days_of_months(frame[time]) if in_months else _whole_days(frame[time])
    return _End(days, words.mapped(frame[status], words.event, pl.Boolean))


def _overall(frame: pl.DataFrame) -> _End | None:
    """Overall survival: one time and status, else vital status with days to death and to last contact."""
    if pair := _pair(frame, "OS"):
        return pair
    vital = next((c for c in _VITAL if c in frame.columns), None)
    times = [c for c in (*_TO_DEATH, *_TO_LAST) if c in frame.columns]
    if vital is None or not times:
        return None
    event = words.mapped(frame[vital], words.event, pl.Boolean)
    to_death = [_whole_days(frame[c]) for c in _TO_DEATH if c in frame.columns]
    to_last = [_whole_days(frame[c]) for c in _TO_LAST if c in frame.columns]
    dead = pl.coalesce([*to_death, *to_last])
    # of several contacts the latest counts
    alive = pl.max_horizontal(to_last) if to_last else pl.lit(None, pl.Int64)
    days = pl.DataFrame({"event": event}).select(
        pl.when(pl.col("event")).then(dead).otherwise(alive).alias("days")
    )
    return _End(days["days"], event)


def _whole_days(values: pl.Series) -> pl.Series:
    return words.number(values).round(0).cast(pl.Int64)


def _cause(source: pl.DataFrame) -> pl.Series:
    column = next((c for c in ("DSS_STATUS", "CAUSE_OF_DEATH") if c in source.columns), None)
    if column is None:
        return pl.Series([None] * len(source), dtype=pl.String)

    def cause(text: str) -> str | None:
        low = text.lower()
        if column == "DSS_STATUS":
            known = words.event(text)
            return None if known is None else "cancer" if known else "other"
        if re.search(r"cancer|disease|tumou?r|progress", low):
            return "cancer"
        return "unknown" if "unknown" in low else "other"

    return words.mapped(source[column], cause)


def _told(source: pl.DataFrame, reading: Reading) -> None:
    """Name the statuses in no known spelling: they are taken as unknown."""
    columns = [found[1] for end in _PREFIXES if (found := _columns(source, end))]
    if _columns(source, "OS") is None:
        columns += [c for c in _VITAL if c in source.columns][:1]
    for column in columns:
        status = words.mapped(source[column], words.event, pl.Boolean)
        odd = sorted(set(source[column].filter(status.is_null()).drop_nulls()))
        odd = [o for o in odd if o.lower() not in _UNKNOWN]
        if odd:
            message = f"{column}: {', '.join(odd[:4])} is no known status; taken as unknown."
            cure = "Known: 0:LIVING, 1:DECEASED, ALIVE, DEAD, 0, 1 and the like."
            reading.problems.append(Problem("follow_up", None, "is_dead", odd[0], message, cure, "warning"))
