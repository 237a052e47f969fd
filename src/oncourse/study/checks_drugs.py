"""Drug texts of the treatments: what is not understood, read as a name spelt nearly so, or known by its stem only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from oncourse.knowledge.drug_text import nearest_name, read_drugs
from oncourse.knowledge.drugs import drug_names, kind, known, only_accompanies, unknown_drugs
from oncourse.study.schema import Problem

WARNING = "warning"
#: Groups of the ATC index that hold drugs of tumours or beside them: antineoplastics, endocrine and immune therapy,
#: radiopharmaceuticals, steroids, hypothalamic and sex hormones, bone drugs, antidotes. From memory of the WHO ATC index.
ATC_OF_TUMOURS = ("L01", "L02", "L03", "L04", "V10", "V03", "H01C", "H02", "G03", "M05B")

#: Said of a row that is left out because of `is_ordinary_by_code`.
ORDINARY = "no treatment of the tumour by the source's own ATC code"


def is_ordinary(drugs: str | None) -> bool:
    """Whether a drug text holds steroids and supportive drugs only: it is no first treatment and no day 0.

    >>> is_ordinary("Metformin 500 mg"), is_ordinary("abiraterone, prednisone"), is_ordinary(None)
    (True, False, False)
    """
    return drugs is not None and only_accompanies(drugs)


def names_no_more(text: str, other: str) -> bool:
    """Whether a drug text names no substance beside those of another.

    >>> names_no_more("安可坦", "恩杂鲁胺"), names_no_more("爱必妥", "FOLFOX"), names_no_more("HRS-1", "FOLFOX")
    (True, False, False)
    """
    read = read_drugs(text)
    return not read.unknown and set(read.names) <= set(read_drugs(other).names)


def substances(drugs: str | None) -> frozenset[str]:
    """Return the generic names of the drugs that a text names; radiotherapy and the like are none.

    >>> sorted(substances("安可坦")), substances("radiotherapy")
    (['enzalutamide'], frozenset())
    """
    return frozenset(name for name in drug_names(drugs) if kind(name) != "no drug")


def is_understood(drugs: str) -> bool:
    """Whether a drug text names known drugs alone.

    >>> is_understood("capecitabine;oxaliplatin"), is_understood("capecitabine;qqq"), is_understood("")
    (True, False, False)
    """
    return bool(drug_names(drugs)) and not unknown_drugs(drugs)


def is_ordinary_by_code(drugs: str, codes: Iterable[str]) -> bool:
    """Whether the source's own ATC codes say that a drug, which no dictionary knows, treats no tumour.

    >>> is_ordinary_by_code("zz-9", ["C10AA"]), is_ordinary_by_code("zz-9", ["L01XX", "D11AX"])
    (True, False)
    """
    groups = [code.strip().upper() for code in codes]
    groups = [code for code in groups if _ATC.match(code)]
    unknown = any(known(name) is None for name in drug_names(drugs))
    return unknown and bool(groups) and not any(code.startswith(ATC_OF_TUMOURS) for code in groups)


def drug_checks(tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """Yield one warning per unknown drug and per corrected spelling of `treatments`, with the first row that has it.

    One more names the ordinary medicines that only the stem of their name tells: they start no line.
    """
    frame = tables.get("treatments")
    if frame is None or frame.is_empty() or "drugs" not in frame.columns:
        return
    unknown: dict[str, list[int]] = {}
    corrected: dict[tuple[str, str], list[int]] = {}
    by_stem: dict[str, list[int]] = {}
    for row, text in enumerate(frame["drugs"], 2):
        reading = read_drugs(text) if text is not None else None
        for name in reading.unknown if reading else ():
            unknown.setdefault(name, []).append(row)
        for pair in reading.corrected if reading else ():
            corrected.setdefault(pair, []).append(row)
        for name in reading.by_stem if reading else ():
            by_stem.setdefault(name, []).append(row)
    for name, rows in sorted(unknown.items()):
        near = None if _SEQUENCE.search(name) else nearest_name(name)
        hint = f" The nearest name is {near}." if near else ""
        message = f"'{name}' is no known drug{_count(rows)}: its class is not known, and it is compared with nothing."
        cure = _ONE_AFTER_ANOTHER if _SEQUENCE.search(name) else _CURE
        yield Problem("treatments", rows[0], "drugs", name, message + hint, cure, WARNING)
    for (word, name), rows in sorted(corrected.items()):
        message = f"'{word}' is read as {name}{_count(rows)}."
        cure = "Correct the spelling, or write another name if it is another drug."
        yield Problem("treatments", rows[0], "drugs", word, message, cure, WARNING)
    if by_stem:
        yield _by_stem(by_stem)


def _by_stem(found: dict[str, list[int]]) -> Problem:
    told = [f"{name} ({drug.mechanism})" for name in sorted(found) if (drug := known(name))]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    message = (
        f"{len(told)} {'drug is' if len(told) == 1 else 'drugs are'} known by the stem of the name only, taken as no "
        f"treatment of the tumour, and start no line: {', '.join(told[:_SHOWN])}{more}."
    )
    cure = "Where one treats the tumour, write the name of its label."
    return Problem("treatments", min(r[0] for r in found.values()), "drugs", None, message, cure, WARNING)


_SHOWN = 8
_ATC = re.compile(r"[A-DGHJL-NPRSV]\d\d([A-Z]([A-Z](\d\d)?)?)?$")
#: One treatment after another in one cell: FOLFOX -> FOLFIRI, 先FOLFOX后FOLFIRI. When the second began is not in it.
_SEQUENCE = re.compile(r"->|→|>>|\b(?:then|followed by|switched? to|sequential)\b|序贯|改用|后改|改为|换为|先.+后")
_ONE_AFTER_ANOTHER = "It names one treatment after another: write a row for each, with its own days."
_CURE = "Write the generic names, with ';' between them. A new drug is compared when treatment.new_drugs names it."


def _count(rows: list[int]) -> str:
    return f" ({len(rows)} rows)" if len(rows) > 1 else ""
