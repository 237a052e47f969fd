"""Checks of follow-up: deaths, last contacts, recurrences, lines of therapy, and what was seen after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from oncourse.study.frames import optional
from oncourse.study.schema import LISTED_PER_KIND, WARNING, Problem, Rule, broken, problems_where

#: What a patient alive has: a day of one of these is a sign of life.
Tables = Mapping[str, pl.DataFrame]


def follow_up_checks(follow: pl.DataFrame, lesions: pl.DataFrame, treated: pl.DataFrame) -> list[Problem]:
    """Return the problems of follow-up, of its days of recurrence beside lesions, and of lines beside it."""
    found = _follow_up(follow) + _recurrence(lesions, follow)
    return found + _treated_without_recurrence(treated, lesions, follow) + _lines(treated, follow)


def _follow_up(rows: pl.DataFrame) -> list[Problem]:
    if rows.is_empty():
        return []
    name, death, last = "follow_up", pl.col("death_day"), pl.col("last_contact_day")
    dead, dated = pl.col("is_dead"), rows["death_day"].is_not_null().any()
    no_day = dead & death.is_null() & pl.col("death_earliest_day").is_null()  # else told where it was read
    rules = [
        Rule(
            death.is_not_null() & ~dead,
            "death_day",
            "day of death {value}, but is_dead is false.",
            "Correct one of the two.",
        ),
        Rule(
            no_day & pl.lit(dated),
            "death_day",
            "dead, on a day that is not known: last contact is no day of death.",
            "Give the day of death; until then the patient is in no analysis of overall survival.",
            WARNING,
        ),
    ]
    undated = rows.clear() if dated else rows.filter(no_day.fill_null(False))
    told = []
    if undated.height:
        message = (
            f"no day of death in the table: last contact is taken as the day of death of {undated.height:,} patients."
        )
        first = str(undated["patient_id"][0])
        told = [Problem(name, None, "death_day", None, message, "Give the days of death.", WARNING, first)]
    rules += [
        Rule(
            last > death,
            "last_contact_day",
            "last contact on day {value} is after death.",
            "Correct one of the two days.",
            WARNING,
        ),
        Rule(
            last < 0,
            "last_contact_day",
            "last contact on day {value} is before day 0: no survival is told from day 0 of the patient.",
            "Correct the day of last contact, or the patient's index date.",
            WARNING,
        ),
        Rule(
            pl.col("recurrence_day") <= 0,
            "recurrence_day",
            "recurrence on day {value} is not after day 0: the patient was never free of disease from there.",
            "Correct the day of recurrence, or the patient's index date: no DFS, RFS or TTR is told from day 0.",
            WARNING,
        ),
    ]
    for column, text in (("progression_day", "progression"), ("recurrence_day", "recurrence")):
        rules += [
            Rule(
                pl.col(column) > death,
                column,
                f"{text} on day {{value}} is after death.",
                f"Correct the day of {text} or of death; death is taken as the first event.",
                WARNING,
            )
        ]
        late = (pl.col(column) > last) & (death.is_null() | (pl.col(column) <= death))
        rules += [
            Rule(
                late,
                column,
                f"{text} on day {{value}} is after the last contact, which is taken as that day.",
                "Last contact is at least the last day anything is known: correct it.",
                WARNING,
            )
        ]
    for text in ("recurrence", "progression"):
        free, event = f"{text}_free_day", f"{text}_day"
        rules += [
            Rule(
                pl.col(free) > pl.col(event),
                free,
                f"known free of {text} on day {{value}}, after the {text}.",
                f"Correct one of the two days; the {text} is used.",
                WARNING,
            ),
            Rule(
                pl.col(free) > last,
                free,
                f"known free of {text} on day {{value}}, after the last contact, which is taken as that day.",
                "Last contact is at least the last day anything is known: correct it.",
                WARNING,
            ),
        ]
    rules += [
        Rule(
            pl.col("entry_day") > last,
            "entry_day",
            "came under observation on day {value}, after the last contact: never at risk.",
            "Correct one of the two days; the patient has no time to event.",
            WARNING,
        )
    ]
    return told + broken(name, rows, rules)


#: Days of follow_up on which somebody was seen alive.
SEEN = ("recurrence_day", "recurrence_free_day", "progression_day", "progression_free_day", "second_primary_day")


def with_last_signs_of_life(follow: pl.DataFrame) -> pl.DataFrame:
    """Return follow_up whose last contact is at least the last day on which something is recorded, unless that is after
    the death: a recurrence on day 500 is no recurrence of somebody last seen on day 400.

    >>> rows = pl.DataFrame({"last_contact_day": [400, 400, None], "recurrence_day": [500, 300, 100]})
    >>> with_last_signs_of_life(rows)["last_contact_day"].to_list()
    [500, 400, None]
    """
    there = [c for c in SEEN if c in follow.columns]
    if not there or "last_contact_day" not in follow.columns:
        return follow
    death = optional(follow, "death_day", pl.Int64)
    alive = [pl.when((pl.col(c) <= death).fill_null(True)).then(c) for c in there]
    last = pl.col("last_contact_day")
    return follow.with_columns(
        pl.when(last.is_not_null()).then(pl.max_horizontal(last, *alive)).alias("last_contact_day")
    )


def _recurrence(lesions: pl.DataFrame, follow: pl.DataFrame) -> list[Problem]:
    """Metastases found after day 0 that contradict the days of recurrence; the day they were found stands."""
    known = ("recurrence_day", "recurrence_free_day")
    if lesions.is_empty() or all(follow[day].null_count() == follow.height for day in known):
        return []
    days = follow.unique("patient_id", keep="first").select("patient_id", "recurrence_day", "recurrence_free_day")
    rows = lesions.join(days, on="patient_id", how="left", maintain_order="left")
    day = pl.col("found_day")
    spread = pl.col("role").is_in(["metastasis", "local_recurrence"]) & (day > 0)
    cure = "Correct one of the two days; recurrence is dated to the first disease found after the origin."
    rules = [
        Rule(
            spread & (day < pl.col("recurrence_day")),
            "found_day",
            "found on day {value}, before follow_up.recurrence_day.",
            cure,
            WARNING,
        )
    ]
    free = spread & (day <= pl.col("recurrence_free_day")) & pl.col("recurrence_day").is_null()
    rules += [
        Rule(
            free,
            "found_day",
            "found on day {value}, while follow_up says free of recurrence until later.",
            cure,
            WARNING,
        )
    ]
    later = spread & (day > pl.col("recurrence_free_day")) & pl.col("recurrence_day").is_null()
    rules += [Rule(later, "found_day", "found on day {value}, but follow_up records no recurrence.", cure, WARNING)]
    return broken("lesions", rows, rules)


def _treated_without_recurrence(treated: pl.DataFrame, lesions: pl.DataFrame, follow: pl.DataFrame) -> list[Problem]:
    """Return the treatments of metastatic disease of patients known free of recurrence before and never recurred."""
    if treated.is_empty() or follow["recurrence_free_day"].null_count() == follow.height:
        return []
    spread = lesions.filter(pl.col("role").is_in(["metastasis", "local_recurrence"])).select("patient_id").unique()
    free = follow.filter(pl.col("recurrence_day").is_null()).select("patient_id", "recurrence_free_day")
    known = free.unique("patient_id", keep="first").join(spread, on="patient_id", how="anti")
    rows = treated.join(known, on="patient_id", how="left", maintain_order="left")
    late = (pl.col("setting") == "metastatic") & (pl.col("start_day") > pl.col("recurrence_free_day"))
    return problems_where(
        "treatments",
        rows,
        late & (pl.col("start_day") == pl.col("start_day").filter(late.fill_null(False)).min().over("patient_id")),
        "start_day",
        "treated for metastatic disease from day {value}, but follow_up records no recurrence.",
        "Give the day of recurrence; until then the patient counts as free of it up to the last day known free.",
        WARNING,
    )


def _lines(treated: pl.DataFrame, follow: pl.DataFrame) -> list[Problem]:
    name = "treatments"
    if treated.is_empty():
        return []
    people = follow.unique("patient_id", keep="first").select("patient_id", "death_day", "last_contact_day")
    rows = treated.join(people, on="patient_id", how="left", maintain_order="left")
    start = pl.col("start_day")
    rules = [
        Rule(
            pl.col("stop_day") < start,
            "stop_day",
            "stopped on day {value}, before the start.",
            "Correct one of the two days.",
        ),
        Rule(
            start > pl.col("death_day"),
            "start_day",
            "started on day {value}, after death: no endpoint can start there.",
            "Correct the start or the day of death.",
        ),
    ]
    seen = (start > pl.col("last_contact_day")) & ~(start > pl.col("death_day")).fill_null(False)
    rules += [
        Rule(
            seen,
            "start_day",
            "started on day {value}, after the last contact: no endpoints.",
            "Last contact is at least the last day anything is known: correct it.",
            WARNING,
        )
    ]
    found = broken(name, rows, rules)
    if treated["line"].null_count() == treated.height:
        return found
    lines = treated.filter(pl.col("line").is_not_null())
    first = lines.group_by("patient_id", "line").agg(start.min().alias("_first"))
    order = first.sort("patient_id", "line").with_columns(pl.col("_first").shift(1).over("patient_id").alias("_before"))
    wrong = order.filter(pl.col("_first") <= pl.col("_before"))
    rows = treated.join(wrong, on=["patient_id", "line"], how="left", maintain_order="left")
    return found + problems_where(
        name,
        rows,
        (start == pl.col("_first")) & pl.col("_before").is_not_null(),
        "line",
        "line {value} does not start after the line before it.",
        "Correct the line or the start; values belong to the line that started last.",
        WARNING,
    )


def without_setting(
    treated: pl.DataFrame, procedures: pl.DataFrame, lesions: pl.DataFrame, follow: pl.DataFrame
) -> list[Problem]:
    """Return the first treatment of each patient that begins between the resection of the primary and the first
    recurrence (or while known free of one), where neither setting nor line says that it is adjuvant."""
    if treated.is_empty() or procedures.is_empty():
        return []
    spread = lesions.filter(pl.col("role").is_in(["metastasis", "local_recurrence"])).group_by("patient_id")
    days = follow.unique("patient_id", keep="first").select("patient_id", "recurrence_day", "recurrence_free_day")
    rows = (
        treated.join(days, on="patient_id", how="left", maintain_order="left")
        .join(
            spread.agg(pl.col("found_day").min().alias("_spread")), on="patient_id", how="left", maintain_order="left"
        )
        .join(
            procedures.filter(pl.col("kind").str.to_lowercase() == "primary_resection")
            .group_by("patient_id")
            .agg(pl.col("day").min().alias("_cut")),
            on="patient_id",
            how="left",
            maintain_order="left",
        )
    )
    start, disease = pl.col("start_day"), pl.min_horizontal("recurrence_day", "_spread")
    free = pl.when(disease.is_not_null()).then(start < disease).otherwise(start <= pl.col("recurrence_free_day"))
    untold = pl.col("setting").is_null() & pl.col("line").is_null()
    early = (free & (start >= pl.col("_cut")) & untold).fill_null(False)
    return problems_where(
        "treatments",
        rows,
        early & (start == start.filter(early).min().over("patient_id")),
        "setting",
        "begun after the resection and before any recurrence, without a setting: it counts as the first line.",
        "Write setting adjuvant where it was; then the first line is that of advanced disease.",
        WARNING,
    )


def after_death(name: str, rows: pl.DataFrame, follow: pl.DataFrame) -> list[Problem]:
    """Return the rows of a table whose day is after the patient's death."""
    if rows.is_empty() or follow["death_day"].null_count() == follow.height:
        return []
    people = follow.unique("patient_id", keep="first").select("patient_id", "death_day")
    joined = rows.join(people, on="patient_id", how="left", maintain_order="left")
    return problems_where(
        name,
        joined,
        pl.col("day") > pl.col("death_day"),
        "day",
        "day {value} is after death.",
        "Correct this day or the day of death.",
        WARNING,
    )


def signs_of_life(follow: pl.DataFrame, tables: Tables, partial: pl.DataFrame) -> list[Problem]:
    """Return the patients who were measured, scanned, sampled or operated on after the last contact: alive for longer.

    One problem per patient, which names the last such day. Whoever died on a day of the table is asked about in
    `after_death`; where no day of death is recorded at all the last contact of the dead is that day (data dictionary),
    and tissue may be taken after it. A last contact of which only the month or year is known is asked at its latest.

    Parameters
    ----------
    tables : name -> patient_id, day; partial : the table partial_dates
    """
    if follow.is_empty() or all(frame.is_empty() for frame in tables.values()):
        return []
    seen = pl.concat(
        frame.select("patient_id", "day", pl.lit(name).alias("_table"))
        for name, frame in tables.items()
        if not frame.is_empty()
    ).drop_nulls()
    latest = (
        partial.filter((pl.col("table") == "follow_up") & (pl.col("column") == "last_contact_day"))
        .group_by("patient_id")
        .agg(pl.col("latest_day").max().alias("_latest"))
    )
    rows = follow.select("patient_id", "last_contact_day", "death_day", "is_dead")  # further columns may have our names
    rows = rows.join(latest, on="patient_id", how="left", maintain_order="left")
    until = pl.max_horizontal("last_contact_day", "_latest")
    asked = rows.with_row_index("_row").filter(pl.col("death_day").is_null() & (until >= 0))
    of_the_dead = pl.col("is_dead").fill_null(False) & pl.col("_table").is_in(["samples", "markers"])
    after = asked.join(seen, on="patient_id").filter((pl.col("day") > until) & ~of_the_dead)
    last = after.sort("day", "_table").group_by("_row", maintain_order=True).last().sort("_row")
    cure = "Last contact is at least the last day anything is known: correct it."
    found = [
        Problem(
            "follow_up",
            row + 2,
            "last_contact_day",
            str(told),
            f"last contact on day {told}, but {table} has a row of day {day}.",
            cure,
            WARNING,
            who,
        )
        for row, who, told, day, table in last.select(
            "_row", "patient_id", "last_contact_day", "day", "_table"
        ).iter_rows()
    ]
    more = len(found) - LISTED_PER_KIND
    if more <= 0:
        return found
    rest = Problem("follow_up", None, "last_contact_day", None, f"and {more} more rows with the same problem.", cure)
    return [*found[:LISTED_PER_KIND], replace(rest, severity=WARNING)]
