"""All checks of a study in one call: columns and values, then what only several tables together show."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial as apply

import polars as pl

from oncourse.genome.annotate import Reference
from oncourse.study.clocks import in_days, on_one_clock, parse_clocks, two_clocks
from oncourse.study.codes import without_codes
from oncourse.study.config import StudyConfig
from oncourse.study.lab_values import tidy_labs
from oncourse.study.partial_dates import interval, kept_interval, known_part, plain_dates, read_partial
from oncourse.study.schema import LISTED_PER_KIND, Problem, check_table, row_problems
from oncourse.study.tables import REQUIRED_TABLES, TABLES, date_name
from oncourse.study.translated import where_known
from oncourse.study.whose_cancer import with_causes

PARTIAL = "partial_dates"


def validate(
    tables: Mapping[str, pl.DataFrame],
    config: StudyConfig,
    first_row: Mapping[str, int] | None = None,
    reference: Reference | None = None,
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the typed tables (identical duplicate rows dropped; genes and effects decided) and every problem.

    Parameters
    ----------
    tables : text or typed frames by table name
    first_row : line of the file that holds a table's first row (default 2)
    reference : genome and gene models that name the variants
    """
    from oncourse.study.checks import cross_checks
    from oncourse.study.checks_assays import assay_checks
    from oncourse.study.checks_drugs import drug_checks
    from oncourse.study.checks_endpoints import endpoint_checks
    from oncourse.study.checks_follow_up import with_last_signs_of_life
    from oncourse.study.checks_normals import normal_checks
    from oncourse.study.effects import with_effects, with_gene_names
    from oncourse.study.joined import with_joined_changes
    from oncourse.study.place_checks import no_copy_beside_reads, place_contradictions
    from oncourse.study.placed_changes import with_placed_changes

    tables, told = with_causes(tables, config)
    tables, codes = without_codes({name: _with_plain_dates(frame) for name, frame in tables.items()})
    partial: list[pl.DataFrame] = []
    tables, problems = _with_index_months(tables, (first_row or {}).get("patients", 2), partial)
    problems += [*told, *codes]
    tables = _with_nothing_sequenced(tables)
    for name in REQUIRED_TABLES:
        if name not in tables:
            cure = f"Add {name}.tsv ({TABLES[name].text}), or a MAF or VCF." if name == "calls" else f"Add {name}.tsv."
            problems.append(Problem(name, None, None, None, "required table is missing.", cure))
    clocks = parse_clocks(config.clocks)
    declared = [*config.covariates, *config.extra_columns, *filter(None, [config.group])]
    typed: dict[str, pl.DataFrame] = {}
    for name, frame in tables.items():
        first = (first_row or {}).get(name, 2)
        frame = tidy_labs(frame) if name == "labs" else frame
        frame = in_days(name, frame, clocks)
        frame, found = days_from_dates(name, frame, tables.get("patients"), first, partial)
        frame = _dead_when_last_seen(frame) if name == "follow_up" else frame
        problems += found
        typed[name], found = check_table(TABLES[name], frame, declared=declared, first_row=first)
        problems += found
    if partial := [rows for rows in partial if rows.height]:
        known = [typed[PARTIAL]] if PARTIAL in typed else []
        typed[PARTIAL] = pl.concat([*known, *partial], how="diagonal").unique(maintain_order=True)
    for decide in (
        apply(with_gene_names, first_row=first_row),
        apply(with_joined_changes, build=config.genome_build, reference=reference),
        apply(with_effects, build=config.genome_build, reference=reference),
        with_placed_changes,
    ):
        typed, found = decide(typed)
        problems += found
    problems += place_contradictions(typed, config.genome_build)
    problems += no_copy_beside_reads(typed)
    typed, found = on_one_clock(typed, clocks)
    # a column of the user's own may have the name of one that a check joins
    own = {name: TABLES[name].own(frame) for name, frame in typed.items()}
    problems += found + two_clocks(own)
    problems += cross_checks(own, config, typed)
    problems += endpoint_checks(own)
    problems += drug_checks(own)
    problems += assay_checks(own, (first_row or {}).get("assays", 2))
    problems += normal_checks(own)
    if "follow_up" in typed:  # what contradicts itself is told first
        typed["follow_up"] = with_last_signs_of_life(typed["follow_up"])
    # a table that is made here (the variants of calls that are named by their place) has every column, too
    return {name: _distinct(name, TABLES[name].conform(frame), problems) for name, frame in typed.items()}, problems


#: What is told of patients of whom nothing was sequenced: a trial of PSA and scans is a study.
_CLINICAL = {
    "follow_up",
    "published_endpoints",
    "markers",
    "procedures",
    "treatments",
    "labs",
    "target_lesions",
    "assessments",
    "adverse_events",
}


def _with_nothing_sequenced(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Give a study that has clinical tables alone its empty tables of samples and calls; one of them alone is missed."""
    given = {name for name in tables if name in TABLES}
    if given & _CLINICAL and given <= {*_CLINICAL, "patients", "lesions", PARTIAL}:
        return {**tables, "samples": TABLES["samples"].empty(), "calls": TABLES["calls"].empty()}
    return dict(tables)


def _distinct(name: str, frame: pl.DataFrame, problems: list[Problem]) -> pl.DataFrame:
    """Drop identical rows; a table whose key is whole and of which no row was told twice has none."""
    key = [column for column in TABLES[name].key if column in frame.columns]
    whole = bool(key) and all(frame[column].null_count() == 0 for column in key)
    told = any(p.table == name and p.message.startswith(("the same row", "the key", "and ")) for p in problems)
    return frame if whole and not told else frame.unique(maintain_order=True)


def _with_plain_dates(frame: pl.DataFrame) -> pl.DataFrame:
    """Write the dates of a table (columns named date or ..._date) as YYYY-MM-DD where they begin with the year, or name
    the month; a word for "not known" is no date."""
    names = [c for c, t in frame.schema.items() if t == pl.String and (c == "date" or c.endswith("_date"))]

    return frame.with_columns(plain_dates(where_known(frame[c])).alias(c) for c in names) if names else frame


def _dead_when_last_seen(follow_up: pl.DataFrame) -> pl.DataFrame:
    """Take the day of death for the last contact where that is empty, as the data dictionary says of it; whoever has one
    and no word of his status is dead."""
    last, death = "last_contact_day", "death_day"
    if {"is_dead", death} <= set(follow_up.columns):
        said = pl.col("is_dead").cast(pl.String).str.strip_chars()
        silent = (said.is_null() | (said == "")) & pl.col(death).cast(pl.String).str.strip_chars().str.contains(
            r"^-?\d"
        )
        dead = pl.lit(True if follow_up.schema["is_dead"] == pl.Boolean else "true")
        follow_up = follow_up.with_columns(
            pl.when(silent.fill_null(False)).then(dead).otherwise("is_dead").alias("is_dead")
        )
    if not {last, death} <= set(follow_up.columns):
        return follow_up
    known = pl.col(last).cast(pl.String).str.strip_chars()
    is_empty = known.is_null() | (known == "")
    day = pl.col(death).cast(follow_up.schema[last], strict=False)
    return follow_up.with_columns(pl.when(is_empty).then(day).otherwise(last).alias(last))


def _with_index_months(
    tables: dict[str, pl.DataFrame], first_row: int, partials: list[pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Read a day 0 of which only the month is known as its first day, and say so; of a year nothing can be counted.

    What was read is added to `partials` (`oncourse.study.tables.PARTIAL_DATES`).
    """
    people = tables.get("patients")
    if people is None or not {"patient_id", "index_date"} <= set(people.columns):
        return tables, []
    said = people["index_date"].cast(pl.String).str.strip_chars()
    whole = said.str.to_date("%Y-%m-%d", strict=False)
    if whole.null_count() == said.null_count():  # whole dates, as nearly always
        return tables, []
    no_date = whole.is_null() & known_part(said).is_null() & (said != "")
    odd = row_problems(
        "patients", people, no_date, "index_date", "'{value}' is not a date.", "Write YYYY-MM-DD.", first_row=first_row
    )
    month = known_part(people["index_date"])
    month = month.set((month.str.len_chars() < 7).fill_null(False), None)
    told = row_problems(
        "patients",
        people,
        month.is_not_null(),
        "index_date",
        "'{value}' is not a whole date: day 0 is read as the first of the month, every day of the patient may be 30 "
        "less.",
        "Give the day where it is known.",
        severity="warning",
        first_row=first_row,
    )
    index = pl.select(pl.coalesce(month + "-01", people["index_date"].cast(pl.String)).alias("index_date"))[
        "index_date"
    ]
    first, last = interval(month)
    zero = pl.repeat(0, people.height, dtype=pl.Int64, eager=True)
    partials.append(kept_interval("patients", "index_date", people, month, zero, zero, (last - first).dt.total_days()))
    return {**tables, "patients": people.with_columns(index)} if told else tables, [*odd, *told]


def days_from_dates(
    name: str,
    frame: pl.DataFrame,
    patients: pl.DataFrame | None,
    first_row: int,
    partials: list[pl.DataFrame] | None = None,
) -> tuple[pl.DataFrame, list[Problem]]:
    """Turn ISO dates in ``*_date`` columns into days from the patient's index date.

    A table may give start_date in place of start_day when patients has index_date. Of a date that is not whole the day
    is read as `oncourse.study.partial_dates` says, with a warning; the interval is added to `partials`.
    """
    table = TABLES[name]
    pairs = [(date_name(c.name), c.name) for c in table.columns if c.name == "day" or c.name.endswith("_day")]
    pairs = [(date, day) for date, day in pairs if date in frame.columns and date not in table.by_name]
    if not pairs:
        return frame, []
    problems: list[Problem] = []
    index = None
    if patients is not None and "index_date" in patients.columns and "patient_id" in patients.columns:
        index = patients.select(
            pl.col("patient_id").cast(pl.String),
            pl.col("index_date").cast(pl.String).str.to_date("%Y-%m-%d", strict=False).alias("_index"),
        ).unique("patient_id", keep="first")
    for date, day in pairs:
        if index is None or "patient_id" not in frame.columns:
            message = f"dates need patients.index_date to become days ({day})."
            cure = f"Add index_date to patients.tsv, or give {day} as whole days."
            problems.append(Problem(name, None, date, None, message, cure))
            frame = frame.drop(date)
            continue
        joined = frame.join(index, on="patient_id", how="left", maintain_order="left")
        text = frame[date].cast(pl.String).str.strip_chars()
        text = text.set((text == "").fill_null(False), None)
        parsed = text.str.to_date("%Y-%m-%d", strict=False)
        partial = known_part(text)
        bad = text.is_not_null() & parsed.is_null() & partial.is_null()
        problems += row_problems(
            name, frame, bad, date, "'{value}' is not a date.", "Write YYYY-MM-DD.", first_row=first_row
        )
        if partial.is_not_null().any():
            parsed, frame, kept = _with_partial(
                name, frame, date, partial, parsed, joined["_index"], problems, first_row
            )
            if partials is not None:
                partials.append(kept)
        lost = parsed.is_not_null() & joined["_index"].is_null()
        problems += row_problems(
            name,
            frame,
            lost,
            date,
            "the patient has no index_date (a year alone is none), so {value} has no day.",
            "Fill in patients.index_date.",
            first_row=first_row,
        )
        days = (parsed - joined["_index"]).dt.total_days()
        if day in frame.columns:
            both = frame[day].is_not_null() & (frame[day].cast(pl.String) != "") & parsed.is_not_null()
            differs = both & (frame[day].cast(pl.Int64, strict=False) != days)
            problems += row_problems(
                name,
                frame,
                differs,
                day,
                f"{{value}} disagrees with {date}.",
                f"Keep one of {day} and {date}.",
                first_row=first_row,
            )
            days = frame[day].cast(pl.String).fill_null(days.cast(pl.String))
        frame = frame.drop(date).with_columns(days.alias(day))
    return frame, problems


#: Events that somebody saw: of one known by its month, not after the last contact, where that lies within the month.
_SEEN_EVENTS = ("recurrence_date", "progression_date", "second_primary_date")


def _seen_by(frame: pl.DataFrame, index: pl.Series, first: pl.Series, last: pl.Series) -> pl.Series:
    """Return the last day of an interval, the last contact where that is within it and its patient did not die later."""
    if "last_contact_day" not in frame.columns:
        return last
    contact = frame["last_contact_day"].cast(pl.Int64, strict=False)
    died = [frame[c].cast(pl.String).fill_null("") != "" for c in ("death_date", "death_day") if c in frame.columns]
    contact = contact.set(pl.select(pl.any_horizontal(pl.lit(False), *died)).to_series(), None) if died else contact
    day = pl.select((index + pl.duration(days=pl.lit(contact))).cast(pl.Date).alias("d"))["d"]
    within = ((day > first) & (day <= last)).fill_null(False)
    return pl.select(pl.when(within).then(day).otherwise(last).alias("d"))["d"]


def _with_partial(
    name: str,
    frame: pl.DataFrame,
    date: str,
    partial: pl.Series,
    parsed: pl.Series,
    index: pl.Series,
    problems: list[Problem],
    first_row: int,
) -> tuple[pl.Series, pl.DataFrame, pl.DataFrame]:
    """Read partial dates: return the dates with them, the frame with the interval of a death, and what was read."""
    first, last = interval(partial)
    floor = None
    if date == "death_date" and "last_contact_day" in frame.columns:
        seen = frame["last_contact_day"].cast(pl.Int64, strict=False)
        floor = pl.select((index + pl.duration(days=pl.lit(seen))).cast(pl.Date).alias("d"))["d"]
    if name == "follow_up" and date in _SEEN_EVENTS:
        last = _seen_by(frame, index, first, last)
    used, first = read_partial(date, first, last, floor)
    low, high, day = ((d - index).dt.total_days() for d in (first, last, used))
    for at in partial.is_not_null().arg_true().to_list()[:LISTED_PER_KIND]:
        where = str(frame["patient_id"][at])
        message = f"'{partial[at]}' is not a whole date: day {low[at]} to {high[at]}, read as day {day[at]}."
        cure = "Give the day where it is known; the end points rest on this reading."
        row = at + first_row
        problems.append(Problem(name, row, date, str(frame[date][at]), message, cure, "warning", where))
    if date == "death_date":
        is_partial = partial.is_not_null()
        none = pl.Series([None] * frame.height, dtype=pl.Int64)
        for column, days in (("death_earliest_day", low), ("death_latest_day", high)):
            told = frame[column].cast(pl.Int64, strict=False) if column in frame.columns else none
            frame = frame.with_columns(days.zip_with(is_partial, told).alias(column))
    kept = kept_interval(name, date.removesuffix("date") + "day", frame, partial, day, low, high)
    return pl.select(pl.coalesce(parsed, used).alias("d"))["d"], frame, kept
