"""Rows of a patient's relatives in a table of patients, samples or findings: they are nobody's tumour."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

_RELATION = re.compile(
    r"(?i)^(?:与?(?:先证者|患者|本人|病人)?(?:的)?(?:亲属|亲缘|家系)?关系|亲属|"
    r"relation(?:ship)?(?:[ _]to[ _](?:proband|patient|index))?|kinship)$"
)
#: The patient, or nothing said.
_SELF = re.compile(
    r"(?i)^(?:先证者|患者(?:本人)?|本人|自己|病人|proband|self|index(?:[ _](?:case|patient))?|patient|无|[-—–/\s]*|n/?a)$"
)


def relation_column(columns: Sequence[str]) -> str | None:
    """Return the column that says how a person is related to the patient.

    >>> [relation_column([c]) for c in ("与先证者关系", "Relationship to proband", "基因")]
    ['与先证者关系', 'Relationship to proband', None]
    """
    return next((c for c in columns if _RELATION.match(c.strip())), None)


def are_relatives(cells: pl.Series) -> pl.Series:
    """Return which cells of such a column name another person than the patient.

    >>> are_relatives(pl.Series(["先证者", "父亲", "本人", None, "sister"])).to_list()
    [False, True, False, False, True]
    """
    said = [bool(c) and not _SELF.match(c.strip()) for c in cells.cast(pl.String)]
    return pl.Series(cells.name, said, dtype=pl.Boolean)
