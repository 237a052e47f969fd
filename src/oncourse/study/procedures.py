"""What a procedure is, by the words of its name: one home for every source (`data/procedures.tsv`)."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from oncourse.study.words import meaning, plain

#: Kinds after which a lesion is gone because it was taken out; those after which it is smaller without the drugs.
REMOVING = ("primary_resection", "metastasectomy", "ablation")
LOCAL = (*REMOVING, "radiotherapy")


class Procedure(NamedTuple):
    """Our word of a kind, and the site of the primary where the operation tells it."""

    kind: str
    primary_site: str | None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Procedure], ...]:
    text = files("oncourse.study").joinpath("data/procedures.tsv").read_text("utf-8")
    rows = csv.DictReader((t for t in text.splitlines() if not t.startswith("#")), delimiter="\t")
    return tuple((re.compile(r["pattern"]), Procedure(r["kind"], r["primary_site"] or None)) for r in rows)


def procedure_of(text: str | None) -> Procedure | None:
    """Return what a procedure is; None where its words are not known here.

    >>> procedure_of("Right hemicolectomy")
    Procedure(kind='primary_resection', primary_site='right colon')
    >>> procedure_of("肝转移瘤切除术").kind, procedure_of("primary_resection").kind, procedure_of("colostomy")
    ('metastasectomy', 'primary_resection', None)
    """
    if text is None:
        return None
    words = plain(text)
    if known := meaning("kind", words):
        return Procedure(known, next((p.primary_site for e, p in _patterns() if e.search(words)), None))
    return next((found for pattern, found in _patterns() if pattern.search(words)), None)


def kind_of(text: str | None) -> str | None:
    """Return our word for a procedure, else its own words in lower case."""
    found = procedure_of(text)
    return found.kind if found else None if text is None else plain(text)
