"""Drug texts of the treatments: what is not understood, and what was read as a name spelt nearly so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from oncourse.knowledge.drug_text import nearest_name, read_drugs
from oncourse.study.schema import Problem

WARNING = "warning"


def drug_checks(tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """Yield one warning per unknown drug and per corrected spelling of `treatments`, with the first row that has it."""
    frame = tables.get("treatments")
    if frame is None or frame.is_empty() or "drugs" not in frame.columns:
        return
    unknown: dict[str, list[int]] = {}
    corrected: dict[tuple[str, str], list[int]] = {}
    for row, text in enumerate(frame["drugs"], 2):
        reading = read_drugs(text) if text is not None else None
        for name in reading.unknown if reading else ():
            unknown.setdefault(name, []).append(row)
        for pair in reading.corrected if reading else ():
            corrected.setdefault(pair, []).append(row)
    for name, rows in sorted(unknown.items()):
        near = nearest_name(name)
        hint = f" The nearest name is {near}." if near else ""
        message = f"'{name}' is no known drug{_count(rows)}: its class is not known, and it is compared with nothing."
        yield Problem("treatments", rows[0], "drugs", name, message + hint, _CURE, WARNING)
    for (word, name), rows in sorted(corrected.items()):
        message = f"'{word}' is read as {name}{_count(rows)}."
        cure = "Correct the spelling, or write another name if it is another drug."
        yield Problem("treatments", rows[0], "drugs", word, message, cure, WARNING)


_CURE = "Write the generic names, with ';' between them. A new drug is compared when treatment.new_drugs names it."


def _count(rows: list[int]) -> str:
    return f" ({len(rows)} rows)" if len(rows) > 1 else ""
