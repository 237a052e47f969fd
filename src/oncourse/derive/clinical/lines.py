"""Lines of therapy: recorded numbers, or numbers derived from the drugs and days of treatment."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.knowledge.drugs import accompanies, drug_names, kind
from oncourse.study.settings import section, setting

LINES_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "start_day": pl.Int64,
    "stop_day": pl.Int64,
    "next_start_day": pl.Int64,
    "drugs": pl.String,
    "setting": pl.String,
    "setting_line": pl.Int64,
    "stop_reason": pl.String,
    "is_derived": pl.Boolean,
    "source_row": pl.Int64,
}


@section("lines")
@dataclass(frozen=True)
class LineParams:
    """How treatments without a recorded line are counted into lines."""

    combination_days: int = setting(
        28,
        "a drug started within this many days of the line's start belongs to the line",
        low=0,
        source="Hess et al., JCO Clin Cancer Inform 2021;5:1008: regimen = drugs of the first 28 days",
    )
    gap_days: int = setting(
        90,
        "the same drugs restarted after a pause of more than this many days are a new line",
        low=0,
        source="Hess et al. 2021: 90 days without treatment end a line",
    )
    supportive: tuple[str, ...] = setting(
        (), "more drugs that never start a line, beside the steroids and supportive drugs of the dictionary"
    )


def lines_table(treatments: pl.DataFrame, params: LineParams | None = None) -> pl.DataFrame:
    """Return one row per patient and line of therapy.

    Parameters
    ----------
    treatments : patient_id, drugs (any text that `oncourse.knowledge.drug_text` reads), start_day; line, stop_day,
        stop_reason, setting may be null or absent

    Returns
    -------
    `LINES_SCHEMA`, sorted by patient and start: a value belongs to a line from ``start_day`` until the day before
    ``next_start_day`` (null: no later line). ``stop_day`` is null where any drug of the line has no stop. ``drugs``
    holds the generic names of the dictionary, sorted, ";"-separated (what it does not know, as written, in lower case).
    ``setting_line`` counts lines within one setting. ``source_row`` is the
    line of the treatments table (header = 1) that started it. Recorded numbers are kept; where ``line`` is null
    the rule is: a new line starts with the first treatment; with a drug the line does not hold, more than
    ``combination_days`` after its start, or once all its drugs have stopped (two drugs are a combination only while
    both are given: a switch for toxicity is a line of its own); when the setting changes; or when treatment resumes
    more than ``gap_days`` after it stopped. Dropping a drug, or restarting one of the line's own, starts none.
    """
    params = params or LineParams()
    for name, dtype in (
        ("line", pl.Int64),
        ("stop_day", pl.Int64),
        ("stop_reason", pl.String),
        ("setting", pl.String),
    ):
        if name not in treatments.columns:
            treatments = treatments.with_columns(pl.lit(None, dtype).alias(name))
    rows = (
        treatments.with_row_index("source_row", 2)
        .filter(pl.col("start_day").is_not_null() & pl.col("patient_id").is_not_null())
        .with_columns(pl.col("line").is_null().alias("is_derived"))
        .sort("patient_id", "start_day", "line", "drugs", "stop_day", "source_row", nulls_last=True)
    )
    if rows.is_empty():
        return pl.DataFrame(schema=LINES_SCHEMA)
    rows = rows.with_columns(_drug_list(rows["drugs"]))
    unnumbered = rows.filter(pl.col("is_derived").any().over("patient_id"))
    if unnumbered.height:
        numbered = unnumbered.with_columns(pl.Series("line", _number(unnumbered, params), pl.Int64))
        rows = pl.concat([rows.filter(~pl.col("is_derived").any().over("patient_id")), numbered])
        rows = rows.filter(pl.col("line").is_not_null())
    lines = (
        rows.group_by("patient_id", "line")
        .agg(
            pl.col("start_day").min(),
            pl.when(pl.col("stop_day").is_null().any())
            .then(None)
            .otherwise(pl.col("stop_day").max())
            .alias("stop_day"),
            pl.col("_drugs").explode().unique().sort().str.join(";").alias("drugs"),
            pl.col("setting").sort_by("start_day", "source_row").drop_nulls().first(),
            pl.col("stop_reason").sort_by("stop_day", "source_row").drop_nulls().last(),
            pl.col("is_derived").all(),
            pl.col("source_row").sort_by("start_day", "source_row").first().cast(pl.Int64),
        )
        .sort("patient_id", "start_day", "line")
    )
    starts = (
        lines.select("patient_id", "start_day")
        .unique()
        .sort("patient_id", "start_day")
        .with_columns(pl.col("start_day").shift(-1).over("patient_id").alias("next_start_day"))
    )
    lines = lines.join(starts, on=["patient_id", "start_day"], how="left", maintain_order="left").with_columns(
        pl.int_range(1, pl.len() + 1).over("patient_id", "setting").cast(pl.Int64).alias("setting_line")
    )
    return lines.select(pl.col(n).cast(t) for n, t in LINES_SCHEMA.items())


def _drug_list(drugs: pl.Series) -> pl.Series:
    names = [None if text is None else list(drug_names(text)) for text in drugs]
    return pl.Series("_drugs", names, dtype=pl.List(pl.String))


def _number(rows: pl.DataFrame, params: LineParams) -> list[int | None]:
    """Return the line of each row (sorted by patient and start); null for supportive drugs outside any line."""
    supportive = {name for text in params.supportive for name in drug_names(text)}
    courses = _courses(rows)
    numbers: list[int | None] = []
    patient, start, end, setting_ = None, 0, None, None
    line: int | None = None
    held: set[str] = set()
    highest = 0
    columns = ("patient_id", "start_day", "stop_day", "_drugs", "setting", "line")
    for who, day, stop, drugs, place, given in rows.select(columns).iter_rows():
        active = {drug for drug in drugs or () if not accompanies(drug)} - supportive
        if who != patient:
            patient, line, highest, held, end, setting_ = who, None, 0, set(), None, None
        if given is not None:
            begins, number = given != line, given
        elif not active:
            numbers.append(line)
            continue
        elif line is None:
            begins, number = True, highest + 1
        else:
            other_setting = place is not None and setting_ is not None and place != setting_
            paused = end is not None and day - end > params.gap_days
            # castration given with a drug of the tumour is its background and starts no line
            background = _castration(active) if held - _castration(held) else set()
            added = not active - background <= held and (
                day - start > params.combination_days or _all_stopped(courses, who, held - active, day, params)
            )
            begins = other_setting or paused or added
            number = highest + 1 if begins else line
        if begins:
            line, start, held, end, setting_ = number, day, set(), stop, place
        else:
            end = None if end is None or stop is None else max(end, stop)
        highest = max(highest, number)
        held |= active
        setting_ = setting_ or place
        numbers.append(number)
    return numbers


def _castration(drugs: set[str]) -> set[str]:
    return {drug for drug in drugs if kind(drug) == "castration"}


def _courses(rows: pl.DataFrame) -> dict[tuple[str, str], list[tuple[int, int | None]]]:
    """Return the (start, stop) of every patient and drug; stop None: not known to have stopped."""
    found: dict[tuple[str, str], list[tuple[int, int | None]]] = {}
    for who, day, stop, drugs in rows.select("patient_id", "start_day", "stop_day", "_drugs").iter_rows():
        for drug in drugs or ():
            found.setdefault((who, drug), []).append((day, stop))
    return found


def _all_stopped(
    courses: dict[tuple[str, str], list[tuple[int, int | None]]], who: str, held: set[str], day: int, params: LineParams
) -> bool:
    """Whether the line holds drugs of the tumour, and none of them is given any more when another is started."""
    drugs = held - _castration(held)
    return bool(drugs) and not any(_is_given(courses[who, d], day, params.combination_days) for d in drugs)


def _is_given(courses: list[tuple[int, int | None]], day: int, pause: int) -> bool:
    """Whether a drug is being given on a day: a course holds it, or one before it is resumed within `pause` days."""
    begun = [stop for start, stop in courses if start <= day]
    resumed = any(day <= start <= day + pause for start, _ in courses)
    return bool(begun) and (resumed or any(stop is None or stop >= day for stop in begun))


def first_line(frame: pl.DataFrame, has_data: pl.Expr) -> int | None:
    """Return the line a summary speaks of: the lowest from 1 on with data, else the lowest with data; None without.

    Line 0 is what came before (castration in mCSPC, adjuvant treatment), recorded so by the study.
    """
    numbers = frame.filter(has_data)["line"].drop_nulls().unique().sort()
    later = numbers.filter(numbers >= 1)
    chosen = later if len(later) else numbers
    return int(chosen[0]) if len(chosen) else None
