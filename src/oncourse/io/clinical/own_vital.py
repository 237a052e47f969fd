"""Who of a hospital's tables is dead: 是否存活, a status (结局, 转归, Status) of which every word says dead or alive."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical.words import dead
from oncourse.io.reading import Reading
from oncourse.study.headers import bare
from oncourse.study.partial_dates import plain_dates
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
}
_STATUS |= {"status", "patient status", "outcome", "current status", "last status", "follow-up status"}
_STATUS |= {
    f"{what} at last {when}" for what in ("status", "patient status") for when in ("follow-up", "follow up", "contact")
}
#: Words that may mean alive or dead under a name that says neither (生存状态 = 是), and names that say which.
EITHER = {"1", "0", "1.0", "0.0", "是", "否", "有", "无", "yes", "no", "y", "n", "true", "false", "t", "f"}
OF_DEATH = re.compile(r"(?i)死|亡|dead|death|died|decea|event")


_TRUTH = {True: "true", False: "false", None: None}


def vital_status(reading: Reading) -> None:
    """Write is_alive, and a status of which every word says dead or alive, as is_dead, where no other column says it.

    A dash or a stroke in such a column is an empty cell: not known.
    """
    for name in ("follow_up", "patients"):
        _without_dashes(name, reading)
        frame = reading.tables.get(name)
        if frame is None or "is_dead" in frame.columns:
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
            reading.tables[name] = frame.rename({column: "is_dead"})
            reading.notes.append(f"{column}: whether the patient is dead, as each of its words says")


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


def _says_life(values: pl.Series) -> bool:
    words = values.cast(pl.String).str.strip_chars().drop_nulls().unique()
    words = words.filter(words != "")
    said = translated(words, "dead")
    known = said.is_in(["true", "false"]) | (translated(words, "unknown") == "unknown")
    return bool(len(words) and known.all() and not words.str.to_lowercase().is_in(list(EITHER)).any())


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
