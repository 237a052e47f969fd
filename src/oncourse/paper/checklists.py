"""Reporting checklists: where in the paper each item stands, as far as these results hold it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from oncourse.paper.documents import PAGE, PaperTable, mark_of, paragraph_mark
from oncourse.paper.references import rows
from oncourse.words.catalogue import catalogue
from oncourse.words.phrases import translator


@dataclass(frozen=True)
class PaperParts:
    """What the paper holds.

    ``tables``: analysis -> number of its table; ``marks``: place (`paper.place.NAME`) -> bookmark it stands at, empty:
    it stands beside the document; ``answered``: analyses that are in the paper; ``paragraphs``: bookmark of a heading ->
    analysis -> the paragraph below it that is of the analysis, counted from 1.
    """

    tables: Mapping[str, str]
    marks: Mapping[str, str]
    answered: Collection[str]
    paragraphs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def checklists(places: PaperParts, language: str) -> list[PaperTable]:
    """Return a table per checklist: item, topic, where; the page is that of paper.pdf, once its pages are known."""
    words = catalogue(language)
    said = translator(language)
    columns = [words[f"paper.{key}"] for key in ("item", "topic", "where")]
    listed = rows("checklists.tsv")
    out = []
    for name in dict.fromkeys(r["checklist"] for r in listed):
        mine = [r for r in listed if r["checklist"] == name]
        cells = [(r["item"], said(r["topic"]), place(r, places, language)) for r in mine]
        frame = pl.DataFrame(cells, schema=columns, orient="row")
        out.append(PaperTable(said(name), words["paper.checklists"], frame, words["paper.pages"]))
    return out


def place(item: Mapping[str, str], places: PaperParts, language: str) -> str:
    """Return where in the paper an item of a checklist stands, with its page (`documents.PAGE`); what these results do
    not hold is said."""
    words = catalogue(language)
    needed = [name for name in item["rests_on"].split(";") if name]
    where = item["where"]
    if not where:
        return words["paper.by_author"]
    if where not in places.marks or (needed and not set(needed) & set(places.answered)):
        return words["paper.not_in_results"]
    tables = [places.tables[name] for name in needed if name in places.tables] if where == "answers" else []
    marks = [(translator(language)(table), mark_of(table)) for table in tables]
    heading = places.marks[where]
    of = places.paragraphs.get(heading, {})
    marks += [
        (
            words["paper.paragraph"].format(place=words[f"paper.place.{where}"], n=of[name]),
            paragraph_mark(heading, of[name]),
        )
        for name in needed
        if name in of
    ]
    marks = marks or [(words[f"paper.place.{where}"], heading)]
    found = [words["paper.on_page"].format(place=t, page=PAGE.format(m)) if m else t for t, m in marks]
    text = words["paper.and_place"].join(found)
    return words["paper.rest_by_author"].format(place=text) if item["by"] == "both" else text
