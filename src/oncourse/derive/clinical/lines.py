"""Lines of therapy: recorded numbers, or numbers derived from the drugs and days of treatment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from oncourse.knowledge.drugs import accompanies, drug_classes, drug_names, kind, names_no_line
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


#: Settings of disease that still answers to castration: there castration alone is the treatment, and a line.
HORMONE_SENSITIVE = ("neoadjuvant", "adjuvant", "mCSPC")
#: Before an operation meant to cure or after it; what is given years later is no continuation of it.
_AROUND_SURGERY = ("neoadjuvant", "adjuvant")
#: Treatment of one place: beside drugs it starts no line, palliative irradiation of a bone least of all.
_LOCAL = "radiotherapy"
#: What stands for the reason of a stop where there was none.
_GOING_ON = r"(?i)^((on-? ?going|continu|still |继续|进行中|用药中|未停).*|none|no|n/?a|unknown|未知|不详|无|-+)\W*$"
#: The castration that does not end.
_SURGICAL = "orchiectomy"


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
    interchangeable: tuple[str, ...] = setting(
        ("fluorouracil; capecitabine; S-1; UFT; tegafur; doxifluridine; carmofur",),
        "drugs of one list stand for each other: exchanging them starts no line, which keeps the name of the first",
        source="Cervantes et al., Ann Oncol 2023;34:10 and Simkens et al., Lancet 2015;385:1843: a fluoropyrimidine is "
        "given as 5-FU or capecitabine, S-1 where neither is tolerated; maintenance by it belongs to the line",
    )
    one_at_a_time: tuple[str, ...] = setting(
        ("ARPI", "anti-EGFR", "anti-VEGF", "taxane", "PARP inhibitor", "PD-1/PD-L1 inhibitor", "BRAF inhibitor")
        + ("KRAS G12C inhibitor",),
        "classes of drugs (`oncourse.knowledge.drugs`) of which one is given at a time: a later drug of the class takes "
        "the place of an earlier one, unless they start together or the earlier is recorded to go on",
        source="Morris et al., J Clin Oncol 2023;41:3352 (enzalutamide with or without abiraterone: no longer survival); "
        "drug labels: each is approved in place of the others of its class",
    )


def lines_table(
    treatments: pl.DataFrame, params: LineParams | None = None, partial_dates: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return one row per patient and line of therapy.

    Parameters
    ----------
    treatments : patient_id, drugs (any text that `oncourse.knowledge.drug_text` reads), start_day; line, stop_day,
        stop_reason, setting may be null or absent
    partial_dates : as in the study: which of the days stand for a month

    Returns
    -------
    `LINES_SCHEMA`, sorted by patient and start: a value belongs to a line from ``start_day`` until the day before
    ``next_start_day`` (null: no later line). ``stop_day`` is null where any drug of the line has no stop. ``drugs``
    holds the generic names of the dictionary, sorted, ";"-separated (what it does not know, as written, in lower case);
    a line is not called after supportive drugs (`names_no_line`: denosumab beside enzalutamide).
    ``setting_line`` counts lines within one setting. ``source_row`` is the
    line of the treatments table (header = 1) that started it. Recorded numbers are kept; where ``line`` is null
    the rule is: a new line starts with the first treatment; with a drug the line does not hold, more than
    ``combination_days`` after its start, or once all its drugs have stopped (two drugs are a combination only while
    both are given: a switch for toxicity is a line of its own); when the setting changes; or when treatment resumes
    more than ``gap_days`` after it stopped. Dropping a drug, restarting one of the line's own, or exchanging it for
    one that stands for it (``interchangeable``: FOLFOX, then CAPOX or capecitabine) starts none; the line keeps the
    name of what it began with.
    What the new drug was added to is named among the new line's drugs where it is known to have gone on for
    ``combination_days`` more (its stop is recorded): bevacizumab added to FOLFOX is no bevacizumab alone.
    A drug of a class that is given one at a time (``one_at_a_time``) stops what it takes the place of: abiraterone, then
    enzalutamide without a recorded stop are two lines; panitumumab for cetuximab while FOLFOX goes on starts none, and
    the line keeps the name of the first. Of a stop and a start in one month, where the day of either is not known,
    the stop comes first.
    Where anybody is treated for advanced disease, unnumbered treatment in a setting before it (`HORMONE_SENSITIVE`) is
    line 0, as studies that number their lines write it: the first line of advanced disease is line 1 of everybody. So is
    what has no setting and was given before such treatment, unless treatment of advanced disease came first, and what
    bears a number that a later treatment of advanced disease bears too (bicalutamide "first-line endocrine", then
    darolutamide "mCRPC, first line"). No derived number is one that the study gives to a later treatment of the patient.

    Radiotherapy is no line beside drugs either, nor ends one; alone it is.

    Castration recorded by itself beside drugs of the tumour is their background (every trial of abiraterone,
    enzalutamide, radium-223 or cabazitaxel kept it up: Merseburger et al., World J Urol 2014,
    doi 10.1007/s00345-014-1406-2): it starts no line, whether it came weeks before (not more than ``gap_days`` between
    its stop and the drug; castration by surgery never stops) or after. It is named among the line's drugs, and the
    line's days are those of the other drugs, as they are beside steroids and supportive drugs. In a hormone-sensitive
    setting (`HORMONE_SENSITIVE`), or where nothing else was given, castration alone is the treatment, and a line.
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
        _one_number_once(treatments)
        .with_row_index("source_row", 2)
        .filter(pl.col("start_day").is_not_null() & pl.col("patient_id").is_not_null())
        .with_columns(pl.col("line").is_null().alias("is_derived"))
        .sort("patient_id", "start_day", "line", "drugs", "stop_day", "source_row", nulls_last=True)
    )
    if rows.is_empty():
        return pl.DataFrame(schema=LINES_SCHEMA)
    rows = _surely(rows.with_columns(_drug_list(rows["drugs"])), partial_dates)
    active = _active(rows, params)
    background = _background(rows, active, params)
    rows = rows.with_columns(
        pl.Series("_background", background, pl.Boolean),
        pl.Series("_aside", [b or not drugs for b, drugs in zip(background, active, strict=True)], pl.Boolean),
    )
    carried: dict[tuple[str, int], set[str]] = {}
    replacing: set[tuple[str, int, str]] = set()
    unnumbered = rows.filter(pl.col("is_derived").any().over("patient_id"))
    if unnumbered.height:
        early = HORMONE_SENSITIVE if _is_advanced(rows) else ()
        unnumbered = _before_advanced(unnumbered) if early else unnumbered
        counted, carried, replacing = _number(unnumbered, _active(unnumbered, params), params, early)
        numbered = unnumbered.with_columns(pl.Series("line", counted, pl.Int64))
        rows = pl.concat([rows.filter(~pl.col("is_derived").any().over("patient_id")), numbered])
        rows = rows.filter(pl.col("line").is_not_null())
    lines = _of_rows(rows, carried, _stand_ins(params), replacing, _supportive(params))
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


def _one_number_once(treatments: pl.DataFrame) -> pl.DataFrame:
    """Leave out the number of a treatment without a setting that ended before another of that number, of advanced disease,
    began: numbers start anew with advanced disease."""
    advanced = pl.col("setting").is_not_null() & ~pl.col("setting").is_in(HORMONE_SENSITIVE)
    first = pl.when(advanced).then("start_day").min().over("patient_id", "line")
    old = pl.col("setting").is_null() & (pl.col("stop_day") < first)
    return treatments.with_columns(pl.when(~old.fill_null(False)).then("line").alias("line"))


def _surely(rows: pl.DataFrame, partial_dates: pl.DataFrame | None) -> pl.DataFrame:
    """Add the day until which a drug was given for certain (null: not known to have stopped), and that by which it was
    begun: they differ from stop and start where these stand for a month."""
    rows = rows.with_columns(pl.col("stop_day").alias("_until"), pl.col("start_day").alias("_begun"))
    if partial_dates is None or partial_dates.is_empty():
        return rows
    months = partial_dates.filter((pl.col("table") == "treatments") & (pl.col("resolution") == "month"))
    for column, to, end in (("stop_day", "_until", "earliest_day"), ("start_day", "_begun", "latest_day")):
        told = months.filter(pl.col("column") == column).select("patient_id", pl.col("day").alias(column), end)
        told = told.drop_nulls().unique(["patient_id", column], keep="first", maintain_order=True)
        rows = rows.join(told, on=["patient_id", column], how="left", maintain_order="left")
        rows = rows.with_columns(pl.coalesce(end, to).alias(to)).drop(end)
    return rows


def _of_rows(
    rows: pl.DataFrame,
    carried: Mapping[tuple[str, int], set[str]],
    stand_ins: Mapping[str, str],
    replacing: set[tuple[str, int, str]],
    supportive: set[str],
) -> pl.DataFrame:
    """One row per patient and line: its drugs are those of all its rows, and what went on beside them (`carried`), of
    those that stand for each other the first, without what took the place of another (`replacing`), and without the
    `supportive` where there are others; its days, of those that are not aside."""
    its = ["patient_id", "line"]
    beside = pl.DataFrame(
        [(who, line, None, sorted(drugs)) for (who, line), drugs in sorted(carried.items())],
        schema={"patient_id": pl.String, "line": pl.Int64, "start_day": pl.Int64, "_drugs": pl.List(pl.String)},
        orient="row",
    )
    named = pl.concat([rows.select(*its, "start_day", "_drugs"), beside]).explode("_drugs").drop_nulls("_drugs")
    begun = pl.col("start_day").fill_null(pl.col("start_day").min().over(its) - 1)
    role = pl.col("_drugs").replace(dict(stand_ins))
    named = named.with_columns(begun.alias("_begun"), role.alias("_role"))
    others = pl.DataFrame(
        sorted(replacing), schema={"patient_id": pl.String, "line": pl.Int64, "_role": pl.String}, orient="row"
    )
    named = named.join(others, on=[*its, "_role"], how="anti")
    named = named.filter(pl.col("_begun") == pl.col("_begun").min().over(*its, "_role"))
    named = named.with_columns(
        pl.Series("_no_name", [d in supportive or names_no_line(d) for d in named["_drugs"]], dtype=pl.Boolean)
    )
    named = named.filter(~pl.col("_no_name") | pl.col("_no_name").all().over(its))
    drugs = named.group_by(its).agg(pl.col("_drugs").unique().sort().str.join(";").alias("drugs"))
    own = rows.filter(~pl.col("_aside") | pl.col("_aside").all().over(its))
    lines = own.group_by(its).agg(
        pl.col("start_day").min(),
        pl.when(pl.col("stop_day").is_null().any()).then(None).otherwise(pl.col("stop_day").max()).alias("stop_day"),
        pl.col("setting").sort_by("start_day", "source_row").drop_nulls().first(),
        pl.col("stop_reason").sort_by("stop_day", "source_row").drop_nulls().last(),
        pl.col("is_derived").all(),
        pl.col("source_row").sort_by("start_day", "source_row").first().cast(pl.Int64),
    )
    return lines.join(drugs, on=its, how="left").sort("patient_id", "start_day", "line")


def _stand_ins(params: LineParams) -> dict[str, str]:
    """Return drug -> the first of the list of drugs that stand for each other, for every drug of such a list."""
    return {drug: names[0] for names in map(drug_names, params.interchangeable) for drug in names}


def _drug_list(drugs: pl.Series) -> pl.Series:
    names = [None if text is None else list(drug_names(text)) for text in drugs]
    return pl.Series("_drugs", names, dtype=pl.List(pl.String))


def _supportive(params: LineParams) -> set[str]:
    """Return the study's own supportive drugs."""
    return {name for text in params.supportive for name in drug_names(text)}


def _active(rows: pl.DataFrame, params: LineParams) -> list[set[str]]:
    """Return the drugs of each row that can start a line: neither steroid nor supportive, nor radiotherapy where the
    patient has any."""
    supportive = _supportive(params)
    active = [{d for d in drugs or () if not accompanies(d)} - supportive for drugs in rows["_drugs"].to_list()]
    people = rows["patient_id"].to_list()
    treated = {who for who, drugs in zip(people, active, strict=True) if drugs - {_LOCAL}}
    return [drugs - {_LOCAL} if who in treated else drugs for who, drugs in zip(people, active, strict=True)]


def _background(rows: pl.DataFrame, active: list[set[str]], params: LineParams) -> list[bool]:
    """Return of each row whether it is castration, without a number of its own, kept up beside drugs of the tumour."""
    treated: dict[str, list[tuple[int, str | None]]] = {}
    columns = list(rows.select("patient_id", "start_day", "stop_day", "setting", "line").iter_rows())
    for (who, day, _, place, _), drugs in zip(columns, active, strict=True):
        if drugs - _castration(drugs):
            treated.setdefault(who, []).append((day, place))

    def beside(who: str, day: int, stop: int | None, drugs: set[str]) -> bool:
        lasts = None if stop is None or _SURGICAL in drugs else stop + params.gap_days
        return any(
            (lasts is None or start <= lasts) if start >= day else place not in _AROUND_SURGERY
            for start, place in treated.get(who, ())
        )

    return [
        line is None
        and bool(drugs)
        and drugs == _castration(drugs)
        and place not in HORMONE_SENSITIVE
        and beside(who, day, stop, drugs)
        for (who, day, stop, place, line), drugs in zip(columns, active, strict=True)
    ]


def _number(
    rows: pl.DataFrame, active_drugs: list[set[str]], params: LineParams, early: tuple[str, ...] = ()
) -> tuple[list[int | None], dict[tuple[str, int], set[str]], set[tuple[str, int, str]]]:
    """Return the line of each row (sorted by patient and start), null for supportive drugs outside any line; of lines
    that began beside drugs of the tumour that went on, those drugs; and the drugs (patient, line, drug) that took
    the place of another of their class within a line.

    early : settings whose treatment is line 0
    """
    stand_ins = _stand_ins(params)
    courses = _courses(rows, stand_ins)
    numbers: list[int | None] = []
    carried: dict[tuple[str, int], set[str]] = {}
    replacing: set[tuple[str, int, str]] = set()
    patient, start, end, setting_ = None, 0, None, None
    line: int | None = None
    held: set[str] = set()  # of drugs that stand for each other, the one that stands for all
    given_as: dict[str, str] = {}
    recorded = _recorded(rows)
    waiting: list[int] = []  # castration before the first line, which is that line's background
    highest = 0
    columns = ("patient_id", "start_day", "stop_day", "setting", "line", "_background", "_begun")
    for (who, day, stop, place, given, background, begun), drugs in zip(
        rows.select(columns).iter_rows(), active_drugs, strict=True
    ):
        if who != patient:
            patient, line, highest, held, end, setting_, waiting = who, None, 0, set(), None, None, []
            given_as = {}
        active = {stand_ins.get(d, d) for d in drugs}
        if given is not None:
            begins, number = given != line, given
        elif background or not active:
            waiting += [len(numbers)] if background and line is None else []
            numbers.append(line)
            continue
        elif place in early:
            begins, number = line != 0, 0
        elif line is None:
            begins, number = True, _free(highest + 1, 0, recorded.get(who, ()))
        else:
            other_setting = place is not None and setting_ is not None and place != setting_
            paused = end is not None and day - end > params.gap_days
            # castration given with a drug of the tumour is its background and starts no line
            castration = _castration(active) if held - _castration(held) else set()
            all_stopped, swapped = _stopped(courses, who, held, active, begun, params)
            added = not active - castration <= held and (day - start > params.combination_days or all_stopped)
            begins = other_setting or paused or added
            number = _free(highest + 1, line, recorded.get(who, ())) if begins else line
            replacing |= set() if begins else {(who, number, d) for d in swapped}
        if begins:
            before = held - _castration(held) if given is None and line is not None and number > line else set()
            held = {d for d in before if _goes_on(courses[who, d], day, params.combination_days)}
            if held:
                carried[who, number] = {given_as[d] for d in held}
            line, start, end, setting_ = number, day, stop, place
        else:
            end = None if end is None or stop is None else max(end, stop)
        highest = max(highest, number)
        held |= active
        given_as |= {stand_ins.get(d, d): d for d in sorted(drugs)}
        setting_ = setting_ or place
        numbers.append(number)
        for earlier in waiting:
            numbers[earlier] = number
        waiting = []
    return numbers, carried, replacing


def _is_advanced(rows: pl.DataFrame) -> bool:
    """Whether somebody has a numbered line, or is treated in a setting of advanced disease."""
    later = (pl.col("line") >= 1) | (pl.col("setting").is_not_null() & ~pl.col("setting").is_in(HORMONE_SENSITIVE))
    return bool(rows.select(later.fill_null(False).any()).item())


def _before_advanced(rows: pl.DataFrame) -> pl.DataFrame:
    """Give treatment without a setting that of the patient's next in a setting before advanced disease, where no
    treatment of advanced disease is told before it: it was given before advanced disease, too."""
    early = pl.col("setting").is_in(HORMONE_SENSITIVE).fill_null(False)
    advanced = pl.col("setting").is_not_null() & ~early | (pl.col("line") >= 1).fill_null(False)
    next_one = pl.when(early).then("setting").fill_null(strategy="backward").over("patient_id")
    before = ~advanced.cum_max().over("patient_id")
    return rows.with_columns(pl.coalesce("setting", pl.when(before & pl.col("line").is_null()).then(next_one)))


def _recorded(rows: pl.DataFrame) -> dict[str, tuple[int, ...]]:
    """Return patient -> the line numbers that the study gives."""
    given = rows.drop_nulls("line").group_by("patient_id").agg(pl.col("line").unique().sort())
    return {who: tuple(lines) for who, lines in given.iter_rows()}


def _free(number: int, else_: int, recorded: tuple[int, ...]) -> int:
    """Return the number, where no treatment of the patient bears it by the study's own count; else the line before."""
    return else_ if number in recorded else number


def _castration(drugs: set[str]) -> set[str]:
    return {drug for drug in drugs if kind(drug) == "castration"}


def _courses(rows: pl.DataFrame, stand_ins: Mapping[str, str]) -> dict[tuple[str, str], list[tuple[int, int | None]]]:
    """Return the (start, stop) of every patient and drug (or what stands for it); stop None: not known to have
    stopped. A reason of a stop without its day says that it was: the drug is given beside no later one."""
    found: dict[tuple[str, str], list[tuple[int, int | None]]] = {}
    ended = pl.col("stop_reason").is_not_null() & ~pl.col("stop_reason").str.contains(_GOING_ON)
    stopped = pl.coalesce("_until", pl.when(ended).then("start_day"))
    for who, day, stop, drugs in rows.select("patient_id", "start_day", stopped, "_drugs").iter_rows():
        for drug in drugs or ():
            found.setdefault((who, stand_ins.get(drug, drug)), []).append((day, stop))
    return found


def _stopped(
    courses: Mapping[tuple[str, str], list[tuple[int, int | None]]],
    who: str,
    held: set[str],
    active: set[str],
    day: int,
    params: LineParams,
) -> tuple[bool, set[str]]:
    """Return whether none of the drugs of the tumour that a line holds is given any more when others are started, and
    which of those started take the place of one of their class (`LineParams.one_at_a_time`)."""
    drugs = held - active - _castration(held)
    pause = params.combination_days
    swapped: set[str] = set()
    replaced: set[str] = set()
    for drug in active - held:
        mates = {d for d in drugs if drug_classes(d) & drug_classes(drug) & set(params.one_at_a_time)}
        mates = {d for d in mates if not _is_given(courses[who, d], day, pause, open_ended=False)}
        replaced |= mates
        swapped |= {drug} if mates else set()
    given = {d for d in drugs - replaced if _is_given(courses[who, d], day, pause)}
    exchanged = drugs <= replaced and bool(held & active - _castration(held))  # the rest is in the same row
    return bool(drugs) and not given and not exchanged, swapped


def _is_given(courses: list[tuple[int, int | None]], day: int, pause: int, *, open_ended: bool = True) -> bool:
    """Whether a drug is being given on a day: a course begins on it or goes on beyond it (one that stops on it does
    not: a switch on one day is no combination; `open_ended`: one whose stop is not known does), or one before it is
    resumed within `pause` days."""
    begun = [(start, stop) for start, stop in courses if start <= day]
    resumed = any(day <= start <= day + pause for start, _ in courses)
    beyond = any(start == day or (open_ended if stop is None else stop > day) for start, stop in begun)
    return bool(begun) and (resumed or beyond)


def _goes_on(courses: list[tuple[int, int | None]], day: int, least: int) -> bool:
    """Whether a drug begun before a day is known to be given for at least `least` days more."""
    return any(start < day and stop is not None and stop - day >= least for start, stop in courses)


def first_line(frame: pl.DataFrame, has_data: pl.Expr) -> int | None:
    """Return the line a summary speaks of: the lowest from 1 on with data, else the lowest with data; None without.

    Line 0 is what came before (castration in mCSPC, adjuvant treatment), recorded so by the study.
    """
    numbers = frame.filter(has_data)["line"].drop_nulls().unique().sort()
    later = numbers.filter(numbers >= 1)
    chosen = later if len(later) else numbers
    return int(chosen[0]) if len(chosen) else None
