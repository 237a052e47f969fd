"""Who of a hospital's tables is dead: 是否存活, a status (结局, 转归, Status) of which every word says dead or alive."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.headers import bare
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
#: Words that may mean alive or dead under a name that says neither (生存状态 = 是), and names that say which.
EITHER = {"1", "0", "1.0", "0.0", "是", "否", "有", "无", "yes", "no", "y", "n", "true", "false", "t", "f"}
OF_DEATH = re.compile(r"(?i)死|亡|dead|death|died|decea|event")


def vital_status(reading: Reading) -> None:
    """Write is_alive, and a status of which every word says dead or alive, as is_dead, where no other column says it."""
    for name in ("follow_up", "patients"):
        frame = reading.tables.get(name)
        if frame is None or "is_dead" in frame.columns:
            continue
        if "is_alive" in frame.columns:
            said = pl.Series("is_dead", [dead_if_not(w) for w in frame["is_alive"].cast(pl.String)], pl.String)
            reading.tables[name] = frame.drop("is_alive").with_columns(said)
            continue
        column = next((c for c in frame.columns if plain(bare(c)) in _STATUS and _says_life(frame[c])), None)
        if column is not None:
            reading.tables[name] = frame.rename({column: "is_dead"})
            reading.notes.append(f"{column}: whether the patient is dead, as each of its words says")


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
