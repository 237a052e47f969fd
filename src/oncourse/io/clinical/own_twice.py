"""What the table of patients and that of follow-up both say of one patient, and not the same: later news counts, and what
no date decides is not known, and told."""

from __future__ import annotations

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem
from oncourse.study.translated import translated
from oncourse.words.lists import first_of

_DAYS = ("death_date", "last_contact_date")


def vital_status_of_both(reading: Reading) -> None:
    """Compare who is dead by either table: of a patient who is alive in one and dead in the other the later date counts
    (seen alive, then dead); alive after the day of death, or without dates, the status is not known."""
    both = _both(reading, "is_dead")
    if both is None:
        return
    frame = both.with_columns(
        pl.coalesce(*[f"{c}{side}" for c in _DAYS if f"{c}{side}" in both.columns], pl.lit(None, pl.String)).alias(
            f"_at{side}"
        )
        for side in ("", "_theirs")
    )
    dead, theirs = (
        translated(frame[c].cast(pl.String), "dead").replace_strict(
            {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
        )
        for c in ("is_dead", "is_dead_theirs")
    )
    frame = frame.with_columns(
        dead.alias("_dead"),
        theirs.alias("_dead_theirs"),
        *[plain_dates(frame[c]).alias(c) for c in ("_at", "_at_theirs")],
    ).filter(pl.col("_dead") != pl.col("_dead_theirs"))
    died_on = pl.when("_dead").then("_at").otherwise("_at_theirs")
    alive_on = pl.when("_dead").then("_at_theirs").otherwise("_at")
    later = (alive_on < died_on).fill_null(False)
    moved, open_ = frame.filter(later & pl.col("_dead_theirs")), frame.filter(~later)
    follow_up = reading.tables["follow_up"]
    if moved.height:  # the patients' table has the later news
        news = moved.select(
            "patient_id", pl.lit("true").alias("is_dead"), pl.col("_at_theirs").alias("last_contact_date")
        )
        news = news.with_columns(pl.col("last_contact_date").alias("death_date"))
        old = follow_up.filter(pl.col("patient_id").is_in(moved["patient_id"].implode()))
        kept = old.drop("is_dead", *_DAYS, strict=False).join(news, on="patient_id", how="left")
        rest = follow_up.filter(~pl.col("patient_id").is_in(moved["patient_id"].implode()))
        follow_up = pl.concat([rest, kept], how="diagonal_relaxed")
        reading.lines.pop("follow_up", None)
    if open_.height:
        unknown = pl.col("patient_id").is_in(open_["patient_id"].implode())
        follow_up = follow_up.with_columns(pl.when(~unknown).then("is_dead").alias("is_dead"))
        _told(reading, open_["patient_id"].to_list(), "is_dead", "dead in one and alive in the other: not known")
    reading.tables["follow_up"] = follow_up


def told_twice(reading: Reading, columns: list[str]) -> None:
    """Say of whom the two tables say different things in columns that both have: those of the patients count."""
    for column in columns:
        both = _both(reading, column)
        if both is None:
            continue
        mine, theirs = (both[c].cast(pl.String).str.strip_chars() for c in (column, f"{column}_theirs"))
        differ = both.filter((mine != theirs).fill_null(False))["patient_id"].to_list()
        if differ:
            _told(reading, differ, column, "not the same there: that of the table of patients is used")


def _both(reading: Reading, column: str) -> pl.DataFrame | None:
    """Return a row per patient of follow_up with the columns of the table of patients beside it (`_theirs`)."""
    patients, follow_up = reading.tables.get("patients"), reading.tables.get("follow_up")
    if patients is None or follow_up is None:
        return None
    if not all({"patient_id", column} <= set(f.columns) for f in (patients, follow_up)):
        return None
    frames = [f.with_columns(pl.all().cast(pl.String)) for f in (follow_up, patients)]
    return frames[0].join(frames[1], on="patient_id", how="inner", suffix="_theirs", maintain_order="left")


def _told(reading: Reading, ids: list[str], column: str, what: str) -> None:
    message = (
        f"{len(ids):,} patients ({first_of(ids, 5)}): {column} stands among the patients and in follow-up, {what}."
    )
    cure = "Correct one of the two, or leave it out."
    reading.problems.append(Problem("follow_up", None, column, ids[0], message, cure, "warning"))
