"""Reporting checklists: where in the paper each item stands, as far as these results hold it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from oncourse.paper.documents import PAGE, PaperTable, mark_of
from oncourse.paper.references import rows
from oncourse.words.catalogue import catalogue
from oncourse.words.phrases import translator


@dataclass(frozen=True)
class PaperParts:
    """What the paper holds.

    ``tables``: analysis -> number of its table; ``marks``: place (`paper.place.NAME`) -> bookmark it stands at, empty:
    it stands beside the document; ``answered``: analyses that are in the paper.
    """

    tables: Mapping[str, str]
    marks: Mapping[str, str]
    answered: Collection[str]


def checklists(places: PaperParts, language: str, *, pages: bool = False) -> list[PaperTable]:
    """Return a table per checklist: item, topic, where; with the pages of the document it stands in where wanted."""
    words = catalogue(language)
    said = translator(language)
    columns = [words[f"paper.{key}"] for key in ("item", "topic", "where")]
    listed = rows("checklists.tsv")
    out = []
    for name in dict.fromkeys(r["checklist"] for r in listed):
        mine = [r for r in listed if r["checklist"] == name]
        cells = [(r["item"], said(r["topic"]), place(r, places, language, pages=pages)) for r in mine]
        frame = pl.DataFrame(cells, schema=columns, orient="row")
        out.append(PaperTable(said(name), words["paper.checklists"], frame))
    return out


def place(item: Mapping[str, str], places: PaperParts, language: str, *, pages: bool = False) -> str:
    """Return where in the paper an item of a checklist stands; what these results do not hold is said."""
    words = catalogue(language)
    needed = [name for name in item["rests_on"].split(";") if name]
    where = item["where"]
    if not where:
        return words["paper.by_author"]
    if where not in places.marks or (needed and not set(needed) & set(places.answered)):
        return words["paper.not_in_results"]
    tables = [places.tables[name] for name in needed if name in places.tables] if where == "answers" else []
    marks = [(translator(language)(table), mark_of(table)) for table in tables]
    marks = marks or [(words[f"paper.place.{where}"], places.marks[where])]
    found = [words["paper.on_page"].format(place=t, page=PAGE.format(m)) if pages and m else t for t, m in marks]
    text = words["paper.and_place"].join(found)
    return words["paper.rest_by_author"].format(place=text) if item["by"] == "both" else text
