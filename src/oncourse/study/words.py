"""One vocabulary for the words of clinical tables, in English and Chinese: `data/words.tsv`.

A subject is what is asked (sex, event, role, analyte, column ...), a word how somebody wrote it, and the meaning our
word for it. A word that is in no row has no meaning here: it is told, never guessed.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from oncourse.study.headers import bare

#: Columns whose words are of another subject than their name.
_SUBJECTS = {"follow_up.is_dead": "dead", "markers.value": "marker_value", "published_endpoints.status": ""}
#: Columns without choices whose known words are put into ours; an unknown one stays as it is.
_FREE = ("overall", "stop_reason", "kind", "grade")


def plain(text: str) -> str:
    """Return a word as the vocabulary writes it: lower case, single blanks, full-width signs as ASCII.

    >>> plain(" ＰＳＡ（总） "), plain("Not  Progressed")
    ('psa(总)', 'not progressed')
    """
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().lower()


@cache
def vocabulary() -> Mapping[str, Mapping[str, str]]:
    """Return subject -> word (as `plain` writes it) -> meaning."""
    text = files("oncourse.study").joinpath("data/words.tsv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    out: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        known = out.setdefault(row["subject"], {})
        for word in [row["ours"], *row["words"].split(";")]:
            known.setdefault(plain(word), row["ours"])
    return out


def meaning(subject: str, text: str | None) -> str | None:
    """Return our word for a text, None where the vocabulary does not know it.

    >>> meaning("sex", "女"), meaning("role", "转移灶"), meaning("analyte", "总PSA"), meaning("sex", "?")
    ('female', 'metastasis', 'PSA', None)
    """
    return None if text is None else vocabulary().get(subject, {}).get(plain(text))


def words_for(subject: str, ours: str) -> list[str]:
    """Return every word that means `ours`."""
    return [word for word, mine in vocabulary().get(subject, {}).items() if mine == ours]


def subject_of(table: str, column: str, *, is_true_false: bool = False) -> str:
    """Return the subject of a column's words, empty where it has none."""
    named = _SUBJECTS.get(f"{table}.{column}")
    if named is not None:
        return named
    return "yes_no" if is_true_false else column if column in vocabulary() else ""


def is_free(column: str) -> bool:
    """Whether a text column without choices has words of its own."""
    return column in _FREE


def our_columns(columns: Sequence[str]) -> dict[str, str]:
    """Return their name -> ours for headers the vocabulary knows (Chinese ones), where ours is not there already.

    A number, a star, a legend of codes and the like beside the name are no part of it (`oncourse.study.headers`).

    >>> our_columns(["患者编号", "sex", "性别"]), our_columns(["1.性别*（1=男，2=女）", "性别"])
    ({'患者编号': 'patient_id'}, {'性别': 'sex'})
    """
    taken = {c.strip().lower() for c in columns}
    out: dict[str, str] = {}
    as_they_are = {name: meaning("column", name) for name in columns}
    known = {ours for ours in as_they_are.values() if ours}
    for name, ours in as_they_are.items():
        if ours is None and (ours := meaning("column", bare(name))) in known:
            continue
        if ours is not None and plain(name) != ours and ours not in taken:
            out[name] = ours
            taken.add(ours)
    return out
