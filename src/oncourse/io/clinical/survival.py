"""Survival columns of clinical exports -> follow_up and published_endpoints: months (cBioPortal) or days (TCGA).

Every pair of a time and a status is an end point of the source and is kept as published. Only those whose meaning is a
single event feed follow_up: overall survival, recurrence (DFS, RFS), progression (PFS). EFS, MFS, TTP, DSS and the like
hold deaths or events that are none of these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from oncourse.io.clinical import words
from oncourse.io.clinical.anchors import Anchors, anchor_of
from oncourse.io.clinical.own_vital import undated
from oncourse.io.reading import Reading
from oncourse.study.codes import told_code
from oncourse.study.schema import Problem
from oncourse.study.tables import PUBLISHED_ENDPOINTS
from oncourse.study.whose_cancer import cause_or_words

#: What follow_up takes -> the end points it is taken from, the first that is there.
_ROLES = {
    "OS": ("OS", "OVERALL_SURVIVAL", "CDR_OS"),
    "DFS": ("DFS", "RFS", "DFI", "BCR_FREE", "CDR_DFI"),
    "PFS": ("PFS", "PFI", "PF", "CDR_PFI"),
}
_MONTHS, _DAYS = ("_MONTHS", "_MONTH"), ("_DAYS", ".TIME", "_TIME")
#: End points of the TCGA clinical data resource, whose status has the bare name.
_BARE = ("OS", "DSS", "DFI", "PFI", "CDR_OS", "CDR_DSS", "CDR_DFI", "CDR_PFI", "DFS", "PFS", "RFS", "EFS")
#: Columns of the vital status.
_VITAL = ("OVERALL_SURVIVAL_STATUS", "CDR_VITAL_STATUS", "VITAL_STATUS", "PATIENT_VITAL_STATUS", "OS_STATUS")
VITAL = frozenset(_VITAL)
#: Statuses of disease-specific survival: an event is a death.
_OF_DISEASE = ("DSS_STATUS", "CSS_STATUS", "CDR_DSS_STATUS", "CDR_DSS")
#: Columns of TCGA that give death and last contact apart.
_TO_DEATH = ("CDR_DEATH_DAYS_TO", "DAYS_TO_DEATH", "DEATH_DAYS_TO")
_TO_LAST = (
    "CDR_LAST_CONTACT_DAYS_TO",
    "DAYS_TO_LAST_FOLLOWUP",
    "DAYS_TO_LAST_FOLLOW_UP",
    "LAST_CONTACT_DAYS_TO",
    "DAYS_TO_LAST_KNOWN_ALIVE",
)
#: How the names of end points begin that a table of samples may hold (its other times and statuses are of samples).
_NAMED = r"(CDR_)?(OS|OVERALL_SURVIVAL|DFS|RFS|DFI|BCR_FREE|PFS|PFI|PF|DSS|CSS|EFS|MFS|DMFS|TTP|TTR)(_|$)"
SCHEMA = {
    "patient_id": pl.String,
    "last_contact_day": pl.Int64,
    "is_dead": pl.Boolean,
    "death_day": pl.Int64,
    "cause_of_death": pl.String,
    "recurrence_day": pl.Int64,
    "recurrence_free_day": pl.Int64,
    "progression_day": pl.Int64,
    "progression_free_day": pl.Int64,
}
#: End points of one patient are rounded to a month, or counted from days of one month.
_ROUNDED_DAYS = 31
#: Statuses that say "unknown" and need no warning.
_UNKNOWN = ("unknown", "not available", "na")


@dataclass(frozen=True)
class _Pair:
    """One end point of the source: its columns, its day 0, and per patient days from it and whether it happened."""

    endpoint: str
    time: str
    status: str
    days: pl.Series
    event: pl.Series
    anchor: str | None
    definition: str
    undated: pl.Series | None = None  # who is dead on a day that is not known


def follow_up(
    base: pl.DataFrame, samples: pl.DataFrame, reading: Reading, anchors: Anchors | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return follow_up and published_endpoints, from the patient columns, and from the sample table's where they have none.

    A patient without a survival time has no row in follow_up; their number is noted. Days of follow_up are on the clock
    of the source's timelines: an end point that counts from another day is moved there (`clinical.anchors`); where
    that day is not known the end point stays as published only, and is named.
    """
    anchors = anchors or Anchors()
    source = _with_those_of_samples(base, samples, reading)
    pairs = _pairs(source, reading, anchors)
    vital = _vital(source, reading) if _role(pairs, "OS") is None else None
    if vital is not None:
        pairs.append(vital)
    if not pairs:
        _told_without_time(source, reading)
        return pl.DataFrame(schema=SCHEMA), PUBLISHED_ENDPOINTS.empty()
    _told(source, pairs, reading)
    placed = {role: pair for role in _ROLES if (pair := _role(pairs, role)) is not None}
    placed = _one_clock(placed, anchors, reading)
    return _follow_up(source, placed, anchors, reading), _published(source, pairs, reading)


def _told_without_time(source: pl.DataFrame, reading: Reading) -> None:
    """Say that a column tells who died, and nothing when (GENIE: DEAD, with INT_DOD and INT_CONTACT from birth on)."""
    column = next((c for c in _VITAL if c in source.columns), None)
    died = 0 if column is None else sum(words.dead(w) is True for w in source[column].cast(pl.String).drop_nulls())
    if died and "follow_up" not in reading.tables:
        message = (
            f"{column}: {died:,} patients died, and no day of death or last contact since a day 0 is read: no survival."
        )
        cure = "Give OS_MONTHS and OS_STATUS (of GENIE: INT_DOD less the age at sequencing, in days)."
        reading.problems.append(Problem("patients", None, column, None, message, cure, "warning"))


def _found(frame: pl.DataFrame) -> list[tuple[str, str, str, bool]]:
    """Return (end point, time, status, whether the time is in months) of every pair, in the order of the columns."""
    out, seen, columns = [], set(), dict.fromkeys(frame.columns)
    for column in columns:
        for suffix in (*_MONTHS, *_DAYS):
            if not column.endswith(suffix):
                continue
            name = column.removesuffix(suffix)
            bare = name if name in columns and name in _BARE else None
            status = f"{name}_STATUS" if f"{name}_STATUS" in columns else bare
            if name and status and name not in seen:
                seen.add(name)
                out.append((name, column, status, suffix in _MONTHS))
    return out


def _columns_of_survival(frame: pl.DataFrame, named: str = "") -> dict[str, list[str]]:
    """Return end point -> its columns in a table, a vital status with its days as OS; those whose name begins as `named`."""
    ends = {name: [time, status] for name, time, status, _ in _found(frame) if re.match(named, name)}
    life = next((n for n in ends if n in _ROLES["OS"]), None)
    if (vital := _vital_columns(frame)) is not None:
        ends.setdefault(life or "OS", []).extend(
            c for c in (vital[0], *vital[1]) if c not in ends.get(life or "OS", [])
        )
    return ends


def _with_those_of_samples(base: pl.DataFrame, samples: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return the patients with the end points that the table of samples alone has; what the samples of one patient say
    differently is not known, and told."""
    own, theirs = _columns_of_survival(base), _columns_of_survival(samples, _NAMED)
    lives = set(_ROLES["OS"]) if set(own) & set(_ROLES["OS"]) else set()
    new = [c for name, columns in theirs.items() if name not in {*own, *lives} for c in columns]
    new += [c for c in (*_VITAL, *_OF_DISEASE) if new and c in samples.columns and c not in base.columns]
    new = list(dict.fromkeys(new))
    if not new:
        return base
    said = samples.select("PATIENT_ID", *new).drop_nulls("PATIENT_ID").group_by("PATIENT_ID", maintain_order=True)
    values = said.agg(pl.col(c).drop_nulls().unique(maintain_order=True) for c in new)
    for column in new:
        apart = values.filter(pl.col(column).list.len() > 1)["PATIENT_ID"]
        if len(apart):
            message = (
                f"{column}: the samples of {len(apart):,} patients say different things (first: {apart[0]}): not known."
            )
            cure = "Give survival once a patient, in a table of patients or the same in each row."
            reading.problems.append(Problem("follow_up", None, None, column, message, cure, "warning"))
    once = [pl.when(pl.col(c).list.len() == 1).then(pl.col(c).list.first()).alias(c) for c in new]
    return base.drop(new, strict=False).join(
        values.select("PATIENT_ID", *once), on="PATIENT_ID", how="left", maintain_order="left"
    )


def _pairs(source: pl.DataFrame, reading: Reading, anchors: Anchors) -> list[_Pair]:
    out = []
    for name, time, status, in_months in _found(source):
        days = words.days_of_months(source[time]) if in_months else _whole_days(source[time])
        days = _without_codes(source, time, days, reading)
        _odd_times(source[time], days, time, reading)
        days = _not_before(source, days, time, reading)
        is_life = name in _ROLES["OS"]
        event = words.mapped(source[status], words.dead if is_life else words.event, pl.Boolean)
        if _is_other_code(source[status]):
            event = pl.Series([None] * source.height, dtype=pl.Boolean)
        if is_life:
            event = _one_status(source, status, event, reading)
        about = [reading.descriptions.get(c, "") for c in (time, status)]
        named = [a for text in about if (a := anchor_of(text))]
        chosen = anchors.chosen.get(name) or (named[0] if named else None)
        out.append(_Pair(name, time, status, days, event, chosen, about[0] or about[1]))
    return out


def _is_other_code(status: pl.Series) -> bool:
    """Whether a status is in numbers of which one is neither 0 nor 1: 1 may be alive there, as in R's survival (1, 2).

    >>> [_is_other_code(pl.Series(codes)) for codes in (["1", "2"], ["1", "0"], ["1", "DEAD"])]
    [True, False, False]
    """
    codes = set(status.cast(pl.String).drop_nulls().str.strip_chars().str.replace(r"\.0$", ""))
    return bool(codes) and all(c.isdigit() for c in codes) and not codes <= {"0", "1"}


def _odd_times(raw: pl.Series, days: pl.Series, column: str, reading: Reading) -> None:
    text = raw.cast(pl.String)
    comma = text.filter((text.str.contains(",", literal=True) & days.is_not_null()).fill_null(False))
    if len(comma):
        told = f"{column}: {len(comma):,} values with a comma (first: '{comma[0]}') are read as decimal numbers"
        reading.notes.append(told)
    lost = raw.filter(days.is_null()).drop_nulls()
    if len(lost):
        message = f"{column}: {len(lost):,} values are no number (first: '{lost[0]}'); taken as unknown."
        cure = "Write 12.5 (or 12,5 in the whole column)."
        reading.problems.append(Problem("follow_up", None, None, lost[0], message, cure, "warning"))


#: Longer than anybody was followed after a cancer (own choice: 60 years); 999 months are 83 years.
_LONGEST = 60 * 365.25


def _without_codes(source: pl.DataFrame, column: str, days: pl.Series, reading: Reading) -> pl.Series:
    """Return the days without those that are codes (999 months, 99999 days), and tell them."""
    text = source[column].cast(pl.String).str.strip_chars()
    code = ((days > _LONGEST) & text.str.contains(r"^(9{3,}|8{3,}|7{3,})([.]0+)?$")).fill_null(False)
    if not code.any():
        return days
    first = str(source["PATIENT_ID"].filter(code)[0])
    reading.problems.append(told_code("follow_up", column, text.filter(code).to_list(), first))
    return days.set(code, None)


def _not_before(source: pl.DataFrame, days: pl.Series, column: str, reading: Reading) -> pl.Series:
    """Return the days with those before day 0 taken out, and say whose they were: nobody is followed before the
    start."""
    early = (days < 0).fill_null(False)
    if not early.any():
        return days
    first = source.filter(early).row(0, named=True)
    message = f"{column}: {int(early.sum()):,} times lie before day 0 (first: {first['PATIENT_ID']}); taken as unknown."
    reading.problems.append(
        Problem(
            "follow_up",
            None,
            None,
            str(first[column]),
            message,
            "Correct the time, or the day it counts from.",
            "warning",
        )
    )
    return days.set(early, None)


def _one_status(source: pl.DataFrame, column: str, event: pl.Series, reading: Reading) -> pl.Series:
    """Return death as the status of overall survival says it, null where another column of vital status contradicts
    it."""
    other = next((c for c in _VITAL if c in source.columns and c != column), None)
    apart = pl.Series([False] * source.height)
    if other is not None:
        apart = (words.mapped(source[other], words.dead, pl.Boolean) != event).fill_null(False)
    if not apart.any():  # who died of the disease is dead; who did not may live or not
        other = next((c for c in _OF_DISEASE if c in source.columns), None)
        if other is None:
            return event
        apart = (words.mapped(source[other], words.event, pl.Boolean) & ~event).fill_null(False)
    if not apart.any():
        return event
    first = source["PATIENT_ID"].filter(apart)[0]
    message = (
        f"{column} and {other} contradict each other in {int(apart.sum()):,} patients (first: {first}): "
        "whether they are dead is taken as unknown."
    )
    problem = Problem("follow_up", None, "is_dead", None, message, "Correct one of the two.", "warning")
    reading.problems.append(problem)
    return event.set(apart, None)


def _within_life(frame: pl.DataFrame, placed: dict[str, _Pair], reading: Reading) -> pl.DataFrame:
    """Take out times of recurrence and progression that lie more than a month (rounding) after the end of follow-up."""
    for role in ("DFS", "PFS"):
        late = (pl.col(role) > pl.col("OS") + _ROUNDED_DAYS).fill_null(False)
        rows = frame.filter(late)
        if rows.height:
            message = (
                f"{placed[role].time} ends after {placed['OS'].time} in {rows.height:,} patients (first: "
                f"{rows['patient_id'][0]}): kept as published only."
            )
            cure = "Correct one of the two times, or the day they count from."
            reading.problems.append(Problem("follow_up", None, None, placed[role].time, message, cure, "warning"))
            frame = frame.with_columns(pl.when(late).then(None).otherwise(pl.col(role)).alias(role))
    return frame


def _role(pairs: list[_Pair], role: str) -> _Pair | None:
    by_name = {p.endpoint: p for p in pairs}
    return next((by_name[n] for n in _ROLES[role] if n in by_name), None)


def _vital_columns(frame: pl.DataFrame) -> tuple[str, list[str]] | None:
    """Return the vital status and the columns of days to death and to last contact; null where either is missing."""
    vital = next((c for c in _VITAL if c in frame.columns), None)
    times = [c for c in (*_TO_DEATH, *_TO_LAST) if c in frame.columns]
    return None if vital is None or not times else (vital, times)


def _vital(frame: pl.DataFrame, reading: Reading) -> _Pair | None:
    """Overall survival from a vital status with days to death and to last contact.

    Of a death without its day only the last contact before it is known, which is no day of death but the first it may
    have been: the patient is dead, on a day that is not known.
    """
    found = _vital_columns(frame)
    if found is None:
        return None
    vital, times = found
    event = words.mapped(frame[vital], words.dead, pl.Boolean)
    nothing = pl.Series([None] * frame.height, dtype=pl.Int64)
    to_death = [_whole_days(frame[c]) for c in _TO_DEATH if c in frame.columns] or [nothing]
    to_last = [_whole_days(frame[c]) for c in _TO_LAST if c in frame.columns] or [nothing]
    # of several contacts the latest counts
    both = pl.DataFrame({"event": event}).with_columns(
        pl.coalesce(to_death).cast(pl.Int64).alias("dead"), pl.max_horizontal(to_last).cast(pl.Int64).alias("alive")
    )
    open_end = (pl.col("event") & pl.col("dead").is_null()).fill_null(False)
    lost = both.select((open_end & pl.col("alive").is_not_null()).alias("x"))["x"]
    if lost.any():
        reading.problems.append(undated(str(frame["PATIENT_ID"].filter(lost)[0]), int(lost.sum())))
    timed = both.select(
        pl.when(pl.col("event") & ~open_end).then(pl.col("dead")).otherwise(pl.col("alive")).alias("days"),
        pl.when(~open_end).then(pl.col("event")).alias("event"),
    )
    return _Pair("OS", ", ".join(times), vital, timed["days"], timed["event"], None, "", lost)


def _one_clock(placed: dict[str, _Pair], anchors: Anchors, reading: Reading) -> dict[str, _Pair]:
    """Leave out of follow_up what counts from a day that is not known on the study's clock."""
    kept: dict[str, _Pair] = {}
    zero = (None, "index", "diagnosis")
    for role, pair in placed.items():
        first = next(iter(kept.values()), pair)
        if anchors.has_clock:
            apart = pair.anchor not in zero and pair.anchor not in anchors.days
            why = "of which the source gives no day"
        else:
            apart = None not in (pair.anchor, first.anchor) and pair.anchor != first.anchor
            why = f"not from the day 0 of {first.time}, and nothing ties the two"
        if not apart:
            kept[role] = pair
            continue
        message = (
            f"{pair.time} counts from {str(pair.anchor).removeprefix('unknown: ')}, {why}: kept as published only."
        )
        cure = f"Name its day 0 with `import --anchor {pair.endpoint}=ANCHOR`, or give that day in a timeline."
        reading.problems.append(Problem("follow_up", None, None, pair.time, message, cure, "warning"))
    for pair in kept.values():
        if pair.anchor not in zero:
            where = "moved to the clock of the timelines" if anchors.has_clock else "day 0 of the study"
            reading.notes.append(f"{pair.time} counts from {pair.anchor}: {where}")
    return kept


def _follow_up(source: pl.DataFrame, placed: dict[str, _Pair], anchors: Anchors, reading: Reading) -> pl.DataFrame:
    frame = source.select(pl.col("PATIENT_ID").alias("patient_id"), _cause(source).alias("cause_of_death"))
    for role in _ROLES:
        pair = placed.get(role)
        if pair is None:
            none = pl.lit(None, pl.Int64).alias(role), pl.lit(None, pl.Boolean).alias(f"{role}_event")
            frame = frame.with_columns(*none)
            continue
        start = anchors.shift(frame["patient_id"], pair.anchor)
        lost = int((start.is_null() & pair.days.is_not_null()).sum())
        if lost:
            message = f"{lost:,} patients have no day of {pair.anchor}, from which {pair.time} counts: not placed."
            cure = "Give that day in a timeline; the published time is kept."
            reading.problems.append(Problem("follow_up", None, None, pair.time, message, cure, "warning"))
        frame = frame.with_columns((pair.days + start).alias(role), pair.event.alias(f"{role}_event"))
    life = placed.get("OS")
    no_day = pl.Series([False]) if life is None or life.undated is None else life.undated
    dead = pl.col("OS_event")
    died = {role: pl.lit(_by_death(source, placed.get(role))) for role in ("DFS", "PFS")}
    out = (
        _within_life(frame, placed, reading)
        .select(
            "patient_id",
            pl.coalesce("OS", pl.max_horizontal("DFS", "PFS")).alias("last_contact_day"),
            pl.when(pl.lit(no_day)).then(True).otherwise(dead).alias("is_dead"),
            pl.when(dead).then(pl.col("OS")).alias("death_day"),
            pl.when(pl.lit(no_day)).then(pl.col("OS")).cast(pl.Int64).alias("death_earliest_day"),
            pl.when(dead).then(pl.col("cause_of_death")).alias("cause_of_death"),
            pl.when(pl.col("DFS_event") & ~died["DFS"]).then(pl.col("DFS")).alias("recurrence_day"),
            pl.when(~pl.col("DFS_event") | died["DFS"]).then(pl.col("DFS")).alias("recurrence_free_day"),
            pl.when(pl.col("PFS_event") & ~died["PFS"]).then(pl.col("PFS")).alias("progression_day"),
            pl.when(~pl.col("PFS_event") | died["PFS"]).then(pl.col("PFS")).alias("progression_free_day"),
        )
        .with_columns(pl.col(c).cast(t) for c, t in SCHEMA.items())
    )
    if not no_day.any():
        out = out.drop("death_earliest_day")
    lost = out["last_contact_day"].null_count()
    if lost:
        reading.notes.append(f"{lost:,} patients have no survival time: they are not in follow_up")
    return out.drop_nulls("last_contact_day")


_DEATH_ALONE = re.compile(
    r"(?i)^(?:1\s*:\s*)?(?:死亡|去世|病故|death|dead|died|deceased)(?![^()（）]*(?:复发|进展|转移|recur|progress|relaps))"
)


def _by_death(source: pl.DataFrame, pair: _Pair | None) -> pl.Series:
    """Return whose event of an end point is death by the words of its status: no recurrence, nor progression."""
    if pair is None:
        return pl.Series([False] * source.height, dtype=pl.Boolean)
    text = source[pair.status].cast(pl.String)
    return pl.Series([bool(w and _DEATH_ALONE.search(w.strip())) for w in text], dtype=pl.Boolean)


def _published(source: pl.DataFrame, pairs: list[_Pair], reading: Reading) -> pl.DataFrame:
    """Return every end point as the source gives it, one row per patient with a time."""
    frames = []
    for pair in pairs:
        frames.append(
            source.select(
                pl.col("PATIENT_ID").alias("patient_id"),
                pl.lit(pair.endpoint.removeprefix("CDR_")).alias("endpoint"),
                pair.days.alias("time_days"),
                pair.event.alias("is_event"),
                pl.col(pair.status).alias("status"),
                pl.lit(pair.anchor, pl.String).alias("anchor"),
                pl.lit(pair.definition or None, pl.String).alias("definition"),
                pl.lit(f"{pair.time}, {pair.status}").alias("source"),
            )
        )
    every = PUBLISHED_ENDPOINTS.conform(pl.concat(frames)).drop_nulls("time_days")
    return every.unique(["patient_id", "endpoint"], keep="first", maintain_order=True)


def _whole_days(values: pl.Series) -> pl.Series:
    return words.number(values).round(0).cast(pl.Int64, strict=False)


def _cause(source: pl.DataFrame) -> pl.Series:
    column = next((c for c in (*_OF_DISEASE, "CAUSE_OF_DEATH") if c in source.columns), None)
    if column is None:
        return pl.Series([None] * len(source), dtype=pl.String)

    def of_tumour(text: str) -> str | None:
        known = words.event(text)
        return None if known is None else "cancer" if known else "other"

    return words.mapped(source[column], of_tumour if column in _OF_DISEASE else cause_or_words)


def _told(source: pl.DataFrame, pairs: list[_Pair], reading: Reading) -> None:
    """Name the statuses in no known spelling: they are taken as unknown."""
    for pair in pairs:
        column = pair.status
        odd = sorted(set(source[column].filter(pair.event.is_null()).drop_nulls()))
        known = () if _is_other_code(source[column]) else {o for o in odd if words.dead(o) is not None}
        odd = [o for o in odd if o.lower() not in _UNKNOWN and o not in known]
        if odd:
            message = f"{column}: {', '.join(odd[:4])} is no known status; taken as unknown."
            cure = "Known: 0:LIVING, 1:DECEASED, ALIVE, DEAD, 0, 1 and the like."
            reading.problems.append(Problem("follow_up", None, "is_dead", odd[0], message, cure, "warning"))
