"""Who of a table is dead, for every door: 是否存活, a status (结局, 转归, Status) of which every word says dead or alive,
codes that only days of death explain, deaths without a day."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical.words import dead
from oncourse.io.reading import Reading
from oncourse.study.headers import bare
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem
from oncourse.study.translated import translated
from oncourse.study.words import meaning, plain

#: Names of a column whose words alone say whether it is the vital status.
_STATUS = {
    "结局",
    "转归",
    "状态",
    "患者状态",
    "病人状态",
    "目前状态",
    "随访结局",
    "随访状态",
    "随访结果",
    "末次随访状态",
    "随访情况",
    "目前情况",
    "生存情况",
    "预后",
}
_STATUS |= {"status", "patient status", "outcome", "current status", "last status", "follow-up status"}
_STATUS |= {
    f"{what} at last {when}" for what in ("status", "patient status") for when in ("follow-up", "follow up", "contact")
}
#: Words that may mean alive or dead under a name that says neither (生存状态 = 是), and names that say which.
EITHER = {"√", "✓", "×", "✗", "1", "0", "1.0", "0.0", "是", "否", "有", "无"}
EITHER |= {"yes", "no", "y", "n", "true", "false", "t", "f"}
OF_DEATH = re.compile(r"(?i)死|亡|dead|death|died|decea|event")


_TRUTH = {True: "true", False: "false", None: None}


def decided(name: str, values: pl.Series, died: pl.Series) -> pl.Series | None:
    """Return a column of "is dead" whose 是, yes, 1 and the like are understood; None where they may mean alive or dead.

    They are understood where the name speaks of death, or where days of death do: one of two words has them, and the
    other none.

    died : whether a patient has a day of death

    >>> one, day = pl.Series(["1", "1", "0"]), pl.Series([True, False, False])
    >>> decided("生存状态", one, day).to_list(), decided("生存状态", one, day & False), decided("Death", one, day).to_list()
    (['true', 'true', 'false'], None, ['1', '1', '0'])
    >>> decided("生存状态", pl.Series(["1", "0"]), pl.Series([False, True])).to_list()
    ['false', 'true']
    """
    text = values.cast(pl.String).str.strip_chars()
    word = text.str.to_lowercase().str.replace(r"\.0$", "")
    if OF_DEATH.search(name) or not word.is_in(list(EITHER)).any():
        return values
    of_dead, others = (set(word.filter(mask).drop_nulls()) for mask in (died, ~died))
    if not (len(of_dead) == 1 and of_dead <= EITHER and len((others - of_dead) & EITHER) == 1):
        return None
    said = {**dict.fromkeys(others & EITHER, "false"), **dict.fromkeys(of_dead, "true")}
    return pl.Series(values.name, [said.get(w, t) for w, t in zip(word, text, strict=True)], dtype=pl.String)


def without_undecided(name: str, values: pl.Series, died: pl.Series, reading: Reading) -> pl.Series | None:
    """Return a column of "is dead" without the words that may mean either, where most of its words say one of both; null
    where they do not: it is not read. Both are told, with what to write. Who has a day of death (`died`) is dead."""
    text = values.cast(pl.String).str.strip_chars()
    may_be_either = text.str.to_lowercase().str.replace(r"\.0$", "").is_in(list(EITHER)).fill_null(False)
    words = text.drop_nulls().unique().sort().to_list()
    first = next((w for w in words if plain(w) in EITHER), words[0])
    said = sum(life_of(w) is not None for w in text.filter(~may_be_either).drop_nulls())
    most = 2 * said > len(text.drop_nulls())
    message = f"{name}: '{first}' may mean alive or dead; not read."
    if most:
        message = (
            f"{name}: '{first}' may mean alive or dead; not known of {int((may_be_either & ~died).sum())} patients."
        )
    cure = f"Write alive and dead (存活, 死亡), or say it in the header: {name} (0=alive, 1=dead)."
    reading.problems.append(Problem("follow_up", None, "is_dead", first, message, cure, "warning"))
    return text.set(may_be_either & died, "true").set(may_be_either & ~died, None).alias(values.name) if most else None


#: Headers of one day for both: of the death of who died, of the last contact of the others.
LAST_OR_DEATH = re.compile(
    r"(?i)^(?=.*(末次|最后|随访|last|follow|fu\b|contact|seen|alive))(?=.*(死亡|去世|death|dead|died|decea))"
    r"(?=.*(日期|时间|日$|date|last)).*(/|或|和|及|\bor\b|\band\b)"
)


def days_of_last_contact_or_death(frame: pl.DataFrame, status: str = "is_dead") -> pl.DataFrame:
    """Return a table whose "date of death or last follow-up" (末次随访/死亡日期) is the last contact, and the death of who
    died by the column ``status``; names in capitals where that is.

    >>> days_of_last_contact_or_death(pl.DataFrame({"末次随访/死亡日期": ["2022-01-10"], "is_dead": ["死亡"]})).columns
    ['last_contact_date', 'is_dead', 'death_date']
    """
    last, death = ("LAST_CONTACT_DATE", "DEATH_DATE") if status.isupper() else ("last_contact_date", "death_date")
    column = next((c for c in frame.columns if LAST_OR_DEATH.search(bare(c).replace("_", " "))), None)
    if column is None or {last, death, last.replace("date", "day"), death.replace("date", "day")} & set(frame.columns):
        return frame
    frame = frame.rename({column: last})
    if status not in frame.columns:
        return frame
    dead = translated(frame[status].cast(pl.String), "dead") == "true"
    return frame.with_columns(pl.when(dead).then(last).alias(death))


def with_undated_deaths(follow: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return follow_up where no last contact is a day of death: who is dead on no day died on it or later, and is told
    (`oncourse.derive.clinical.people`: dead, on a day that is not known). ``last_contact_day`` is our own name, which
    the data dictionary defines as the day of death of who died; theirs are dates."""
    if not {"is_dead", "patient_id", "last_contact_date"} <= set(follow.columns):
        return follow
    dead = (translated(follow["is_dead"].cast(pl.String), "dead") == "true").fill_null(False)
    for column in ("death_date", "death_day"):
        if column in follow.columns:
            dead &= ~has_day(follow[column])
    if not dead.any():
        return follow
    reading.problems.append(undated(str(follow["patient_id"].filter(dead)[0]), int(dead.sum())))
    return follow.with_columns(pl.when(dead).then("last_contact_date").alias("death_earliest_date"))


def has_day(values: pl.Series) -> pl.Series:
    """Whether each cell of a column of days or dates holds one."""
    return values.cast(pl.String).str.contains(r"\d").fill_null(False)


def undated(first: str, n: int) -> Problem:
    """Say that so many are dead on no day: their survival is not known."""
    message = f"{n:,} patients are dead without a day of death (first: {first}): their survival is not known."
    cure = "Give the day; the last contact is no day of death, and they are in no analysis of survival."
    return Problem("follow_up", None, "death_day", None, message, cure, "warning")


def vital_status(reading: Reading) -> None:
    """Write is_alive, and a status of which every word says dead or alive, as is_dead, where no other column says it.

    A dash or a stroke in such a column is an empty cell: not known.
    """
    for name in ("follow_up", "patients"):
        _without_dashes(name, reading)
        if name in reading.tables:
            reading.tables[name] = days_of_last_contact_or_death(reading.tables[name])
        _status_in_date(name, reading)
        frame = reading.tables.get(name)
        if frame is None:
            continue
        if "is_dead" in frame.columns:
            text = frame["is_dead"].cast(pl.String)
            known = translated(text, "dead").is_in(["true", "false"]).fill_null(True)
            words = {w: of for w in text.filter(~known).unique() if w not in EITHER and (of := life_of(w))}
            read = _without_odd(text.replace(words), name, reading)
            if not read.equals(text):
                reading.tables[name] = frame.with_columns(read.alias("is_dead"))
            continue
        if "is_alive" in frame.columns:
            said = pl.Series("is_dead", [dead_if_not(w) for w in frame["is_alive"].cast(pl.String)], pl.String)
            reading.tables[name] = frame.drop("is_alive").with_columns(said)
            continue
        if "os_status" in frame.columns and not {"os_months", "os_days"} & set(frame.columns):
            said = pl.Series([_TRUTH.get(dead(w)) for w in frame["os_status"].cast(pl.String)], dtype=pl.String)
            if said.null_count() == frame["os_status"].null_count():
                reading.tables[name] = frame.with_columns(said.alias("is_dead")).drop("os_status")
                continue
        column = next((c for c in frame.columns if plain(bare(c)) in _STATUS and _says_life(frame[c])), None)
        if column is not None:
            _status(frame, column, name, reading)


def _without_odd(text: pl.Series, name: str, reading: Reading) -> pl.Series:
    """Return the words of "is dead" without those that say neither, where most say one: these patients are not known, and
    told. Of few words each is refused, with what may be written."""
    life = translated(text, "dead")
    known = life.is_in(["true", "false"]).fill_null(False)
    other = text.is_not_null() & ~known & ~text.str.to_lowercase().is_in(list(EITHER)).fill_null(False)
    odd = [w for w in text.filter(other).unique().sort() if meaning("unknown", w) is None]
    if not odd or 2 * int(known.sum()) <= len(text.drop_nulls()):
        return text
    is_odd = text.is_in(odd).fill_null(False)
    _tell_odd(odd, "is_dead", int(is_odd.sum()), name, reading)
    return text.set(is_odd, None)


def _tell_odd(odd: list[str], column: str, n: int, name: str, reading: Reading) -> None:
    message = f"{', '.join(odd[:4])} under {column} say neither dead nor alive: not known of {n} patients."
    cure = "Write 存活 or 死亡 (alive, dead), and a date of death."
    reading.problems.append(Problem(name, None, "is_dead", odd[0], message, cure, "warning"))


def _status(frame: pl.DataFrame, column: str, name: str, reading: Reading) -> None:
    """Read a status as is_dead; a word that says neither dead nor alive is not known, and told."""
    text = frame[column].cast(pl.String).str.strip_chars().replace("", None)
    said = {w: life_of(w) for w in text.unique().drop_nulls()}
    odd = sorted(w for w, of in said.items() if of is None and meaning("unknown", w) is None)
    words = {w: w if translated(pl.Series([w]), "dead")[0] == of else of for w, of in said.items()}
    lives = text.replace_strict(words, default=None, return_dtype=pl.String)
    frame = _dated_words(frame, text, said)
    reading.tables[name] = frame.with_columns(lives.alias(column)).rename({column: "is_dead"})
    reading.notes.append(f"{column}: whether the patient is dead, as each of its words says")
    if odd:
        _tell_odd(odd, column, int(text.is_in(odd).sum()), name, reading)


_BEGINS = re.compile(r"^\s*((?:19|20)\d\d(?:[-./年]\d{1,2}(?:[-./月]\d{1,2}[日号]?|月)?)?)(?=\D|$)")


def _dated_words(frame: pl.DataFrame, text: pl.Series, said: dict[str, str | None]) -> pl.DataFrame:
    """Return the frame with the dates that begin the words of a status (2022年3月死于肿瘤), where no column holds any."""
    if {"last_contact_date", "last_contact_day", "death_date", "death_day"} & set(frame.columns):
        return frame
    dates = [m[1] if w and (m := _BEGINS.match(w)) else None for w in text]
    dead = [said.get(w or "") for w in text]
    of = {
        "death_date": [d if life == "true" else None for d, life in zip(dates, dead, strict=True)],
        "last_contact_date": [d if life is not None else None for d, life in zip(dates, dead, strict=True)],
    }
    found = [pl.Series(c, v, dtype=pl.String) for c, v in of.items() if any(v)]
    return frame.with_columns(found) if found else frame


_DOUBT = re.compile(r"[?？]|可能|疑|不详|不确定|濒|probabl|possibl|presum|unknown", re.I)
_PARTS = re.compile(r"[\s,，;；、/（()）。:：]+")
#: A part that denies what the words beside it or in it say.
_DENIED = re.compile(r"^(not|no|never|non)$|[未无没非否不].*(死|亡|去世|病逝|病故|存活|健在|在世|生存)", re.I)
#: Words within a sentence of a follow-up that say who is dead or alive, where no part of it is such a word alone.
_DEAD_IN, _ALIVE_IN = re.compile(r"死于|死亡|去世|病逝|病故"), re.compile(r"存活|健在|在世|生存")


def life_of(word: str) -> str | None:
    """Return "true" (dead), "false" (alive) of the words of a status; null where they say neither, or both.

    >>> [life_of(w) for w in ("存活，带瘤", "死亡（心梗）", "2022年3月死于肿瘤进展", "拒访", "未死亡")]
    ['false', 'true', 'true', 'false', 'false']
    >>> [life_of(w) for w in ("电话未接", "存活/死亡", "没有死亡", "not dead", "存活，无复发")]
    [None, None, None, None, 'false']
    """
    known = translated(pl.Series([word]), "dead")[0]
    if known in ("true", "false"):
        return str(known)
    if _DOUBT.search(word):
        return None
    parts = [p for p in _PARTS.split(word) if p]
    if any(_DENIED.search(p) and translated(pl.Series([p]), "dead")[0] not in ("true", "false") for p in parts):
        return None
    said = {w for p in parts if (w := translated(pl.Series([p]), "dead")[0]) in ("true", "false") and p not in EITHER}
    if not said:
        said = {w for w, pattern in (("true", _DEAD_IN), ("false", _ALIVE_IN)) if pattern.search(word)}
        if re.search(r"[未无没非否不]|not|no ", word):
            return None
    return str(said.pop()) if len(said) == 1 else None


def told_deaths_in_words(reading: Reading) -> None:
    """Say which columns of words speak of a death (随访内容: 患者已于2022年3月去世) where nothing else says who is dead."""
    if any("is_dead" in reading.tables[name].columns for name in ("patients", "follow_up") if name in reading.tables):
        return
    patients = reading.tables.get("patients")
    for column in [] if patients is None else patients.columns:
        cells = (
            patients[column].cast(pl.String).drop_nulls() if patients is not None else pl.Series([], dtype=pl.String)
        )
        told = [
            c for c in cells if re.search(r"[^\d\s.]", c) and c.strip().lower() not in EITHER and life_of(c) == "true"
        ]
        if told and column != "patient_id":
            message = f"{column}: {len(told):,} cells speak of a death, and no column says who is dead: not read."
            cure = "Add a column 生存状态 (存活, 死亡; alive, dead) and the day of death."
            reading.problems.append(Problem("patients", None, column, None, message, cure, "warning"))


_SEEN = re.compile(r"^\s*((?:19|20)\d\d[-./年]\d{1,2}[-./月]\d{1,2}[日号]?)\s*[,，;；(（:：]?\s*(\D+?)\s*[)）]?\s*$")


def _status_in_date(name: str, reading: Reading) -> None:
    """Take the word for dead or alive from a date of last contact (2022.1.10 存活), where no column says it."""
    frame = reading.tables.get(name)
    if frame is None or "last_contact_date" not in frame.columns or {"is_dead", "is_alive"} & set(frame.columns):
        return
    if any(plain(bare(c)) in _STATUS for c in frame.columns):
        return
    text = frame["last_contact_date"].cast(pl.String)
    found = [_SEEN.match(t) if t else None for t in text]
    said = [life_of(m[2]) if m else None for m in found]
    if any(said):
        dates = [m[1] if m and of else t for t, m, of in zip(text, found, said, strict=True)]
        columns = [pl.Series("last_contact_date", dates, pl.String), pl.Series("is_dead", said, pl.String)]
        reading.tables[name] = frame.with_columns(columns)
        reading.notes.append(
            f"{name}: {sum(map(bool, said))} dates of last contact say who is dead or alive behind them"
        )


def _without_dashes(name: str, reading: Reading) -> None:
    """Empty the cells of "is dead" and "is alive" that hold a dash, a stroke or "U" alone, and say so."""
    frame = reading.tables.get(name)
    for column in ("is_dead", "is_alive"):
        if frame is None or column not in frame.columns:
            continue
        text = frame[column].cast(pl.String)
        empty = text.str.contains(r"(?i)^\s*([-—–/\\?]+|u|unk|nk)\s*$").fill_null(False)
        if empty.any():
            frame = frame.with_columns(pl.when(~empty).then(text).alias(column))
            reading.tables[name] = frame
            reading.notes.append(
                f"{name}: a dash or the like for {column} of {int(empty.sum())} patients is read as not known"
            )


def dead_if_not(alive: str | None) -> str | None:
    """Return whether a patient is dead by a cell of "is alive"; a word that is not understood stays.

    >>> [dead_if_not(w) for w in ("是", "0", "死亡", "存活", "?", None)]
    ['false', 'true', 'true', 'false', '?', None]
    """
    yes = meaning("yes_no", alive)
    if yes is not None:
        return "false" if yes == "true" else "true"
    return alive if alive is None else str(translated(pl.Series([alive]), "dead")[0])


#: So many of the words of a status say who lives; fewer, and the column is another.
_MOST = 0.6


def _says_life(values: pl.Series) -> bool:
    words = values.cast(pl.String).str.strip_chars().drop_nulls().unique()
    words = words.filter((words != "") & (translated(words, "unknown") != "unknown"))
    known = sum(life_of(w) is not None for w in words)
    return known > 0 and known >= _MOST * len(words) and not words.str.to_lowercase().is_in(list(EITHER)).any()


#: Events of which the first counts; of the last contact the latest, and who is dead is so from then on.
_FIRST = ("recurrence", "progression")


def one_follow_up_each(reading: Reading) -> None:
    """Join rows of one patient's follow-up, a row per visit: the latest last contact with what it says, the first of the
    events, the day of death. Where an earlier row says dead and a later one alive the rows stay, and are an error."""
    frame = reading.tables.get("follow_up")
    date = (
        None
        if frame is None
        else next((c for c in ("last_contact_date", "last_contact_day") if c in frame.columns), None)
    )
    if frame is None or date is None or "patient_id" not in frame.columns:
        return
    seen = frame.with_columns(_when=_sortable(frame[date]), _n=pl.len().over("patient_id"))
    several = seen.filter(pl.col("_n") > 1)
    if several.is_empty() or several["_when"].null_count():
        return
    ordered = seen.sort("_when", maintain_order=True)
    died = translated(ordered["is_dead"].cast(pl.String), "dead") == "true" if "is_dead" in ordered.columns else None
    if died is not None:
        was_dead = pl.col("_dead").cast(pl.Int8).cum_max().over("patient_id") == 1
        back = ordered.with_columns(_dead=died.fill_null(False)).select(was_dead & ~pl.col("_dead"))
        if back.to_series().any():
            return
    kept = [c for c in frame.columns if c != "patient_id"]
    pick = [
        pl.col(c).drop_nulls().first() if c.startswith(_FIRST) and "free" not in c else pl.col(c).drop_nulls().last()
        for c in kept
    ]
    reading.tables["follow_up"] = ordered.group_by("patient_id", maintain_order=True).agg(pick).select(frame.columns)
    reading.lines.pop("follow_up", None)
    n = several["patient_id"].n_unique()
    reading.notes.append(f"{n:,} patients have several rows of follow-up, a row per visit: the latest counts")


def _sortable(dates: pl.Series) -> pl.Series:
    """Return dates, or days, in an order; null where one is neither."""
    text = plain_dates(dates.cast(pl.String))
    as_date = text.str.to_date("%Y-%m-%d", strict=False).dt.epoch("d").cast(pl.Float64)
    return as_date.fill_null(text.cast(pl.Float64, strict=False))
