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


_KIN = (
    r"父亲?|母亲?|爸爸?|妈妈?|哥哥?|弟弟?|姐姐?|妹妹?|兄弟?|姊妹|姐妹|儿子|女儿|之子|之女|长子|次子|长女|次女|配偶|丈夫|妻子?|祖父|祖母|外祖父|外祖母|"
    r"爷爷|奶奶|外公|外婆|叔叔?|伯父|姑姑?|舅舅?|姨|堂[兄弟姐妹]|表[兄弟姐妹]|家属|亲属"
)
_KIN_ENGLISH = (
    r"father|mother|dad|mom|mum|brother|sister|sib(?:ling)?|son|daughter|child|parent|spouse|husband|wife|uncle|aunt|cousin|"
    r"grand(?:father|mother|parent)|nephew|niece|relative"
)
_MATERIAL = r"(?:[\s_.-]*(?:外周血|血液?|血样|唾液|口腔拭子|blood|saliva|dna))?"
_OF_KIN = re.compile(
    rf"(?i)^(?P<one>.*\d.*?)(?:[\s_.(（-]*(?:的|之)?(?:{_KIN})\d?|[\s_.(（-]+(?:{_KIN_ENGLISH})[\s_-]?\d?)[)）]?{_MATERIAL}$|"
    rf"^(?P<who>(?:患者|先证者|病人|本人)[\s_-]*(?:\d+[\s_-]*)?)(?:的|之)?(?:{_KIN})\d?{_MATERIAL}$|"
    rf"^(?P<whom>(?:patient|proband|index)(?:'s)?[\s_-]*(?:\d+[\s_-]*)?)(?:{_KIN_ENGLISH})\d?{_MATERIAL}$"
)


def is_relative(name: str | None) -> bool:
    """Whether an id is that of a relative of somebody who is called the same without the word for it.

    >>> [is_relative(n) for n in ("P1父", "P1-mother", "患者母亲", "张001之女", "P1(弟弟)", "proband_sister")]
    [True, True, True, True, True, True]
    >>> [is_relative(n) for n in ("P1", "P1女", "P1-M", "Johnson", "S1_Mother_cell", "原发灶1", None)]
    [False, False, False, False, False, False, False]
    """
    return name is not None and bool(_OF_KIN.match(name.strip()))


def by_their_ids(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return which rows of a table are of relatives by the ids of patient or sample in them, shape (n,)."""
    rows = pl.Series([False] * frame.height, dtype=pl.Boolean)
    for column in (c for c in columns if c in frame.columns):
        ids = frame[column].cast(pl.String)
        kin = [i for i in ids.drop_nulls().unique() if is_relative(i)]
        rows = rows | ids.is_in(kin).fill_null(False) if kin else rows
    return rows
