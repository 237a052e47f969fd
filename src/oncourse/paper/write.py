"""`oncourse paper`: a results folder -> a folder for the manuscript."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.errors import InputError
from oncourse.paper.checklists import PaperParts, checklists
from oncourse.paper.documents import (
    PaperTable,
    Part,
    in_order,
    latex_document,
    latex_parts,
    latex_table,
    mark_of,
    write_docx,
)
from oncourse.paper.figures import DPI, write_figures
from oncourse.paper.pdf import paper_pdf
from oncourse.paper.references import bibtex, citation, cited, ris
from oncourse.paper.table1 import STATUS, by_status, even_status, named, table_one
from oncourse.paper.tables import NOTHING, SHOWN, answer_table
from oncourse.paper.text import answered, findings, legends, limitations, methods, sentence, steps_of, title_of
from oncourse.report.results import Results
from oncourse.study.schema import nearest
from oncourse.words.catalogue import catalogue, write
from oncourse.words.phrases import translator


def write_paper(
    folder: Path,
    out: Path,
    *,
    group: str | None = None,
    language: str = "en",
    tests: bool = False,
    dpi: int = DPI,
    progress: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Write Table 1, tables, flow, figures, paragraphs, references and checklists of a results folder.

    Parameters
    ----------
    folder : what `oncourse run` wrote
    out : a folder that exists and is to be filled
    group : a variable of overview/baseline, or a status of ras_status/patients, that splits Table 1
    tests : p values in Table 1

    Returns
    -------
    notes for the user: what could not be made and why
    """
    results = Results.read(folder)
    order = _order(results)
    entries = answered(results, order)
    names = [name for name, _ in entries]
    first, notes = _table_one(results, group, language, tests=tests)
    tables, of_answers = _tables(results, entries, first, language)
    told, numbers = findings(results, entries, language)
    chosen = _figures(folder, results, names)
    asked = [name for name in order if name in names]
    parts = (
        methods(
            entries,
            results.tables,
            [_question(results, name, language) for name in asked],
            _version(folder),
            language,
        ),
        told,
        limitations([(n, e) for n, e in entries if n in asked], language),
        legends(results, [place for _, place, _ in chosen], language),
    )
    marks = {p.mark: p.mark for p in parts} | {t.mark: t.mark for t in tables}
    places = PaperParts(of_answers, _places(marks), names, {p.mark: p.places() for p in parts})
    progress("tables and paragraphs")
    heading = catalogue(language)["paper.checklists"]
    works = cited([step for name in names for step in steps_of(name, results.tables)])
    listed = {r.key: citation(r) for r in works}
    cites = [f"{i}. {listed[key]}" for i, key in enumerate(in_order(parts), 1)]
    last = Part(catalogue(language)["paper.references"], tuple(cites), "references")
    filled = checklists(places, language)
    pdf, pages = paper_pdf((*parts, last), tables, (heading, filled), language)
    (out / "paper.pdf").write_bytes(pdf)
    write_docx(out / "paper.docx", (*parts, last), tables, (heading, filled), pages)
    write_docx(out / "checklists.docx", (Part(heading, ()),), filled, pages=pages)
    (out / "tables.tex").write_text("\n".join(map(latex_table, tables)), "utf-8")
    (out / "text.tex").write_text(latex_parts(parts), "utf-8")
    (out / "paper.tex").write_text(latex_document(language), "utf-8")
    numbers.write_csv(out / "numbers.tsv", separator="\t")
    if first:
        first[0].frame.write_csv(out / "table1.tsv", separator="\t")
    (out / "references.bib").write_text(bibtex(works), "utf-8")
    (out / "references.ris").write_text(ris(works), "utf-8")
    progress("figures")
    sizes = write_figures([(name, path) for name, _, path in chosen], out / "figures", dpi=dpi, language=language)
    sizes.write_csv(out / "figures.tsv", separator="\t")
    wide = set(sizes["figure"]) - set(sizes.filter(pl.col("column") == "single")["figure"])
    if wide:
        notes.append(f"{len(wide)} figures are two-column figures, written at 174 mm only (figures.tsv).")
    return notes


#: Place of a checklist -> the bookmark of the heading or table it stands at; none: beside the document.
PLACES = {
    "questions": "methods",
    "methods": "methods",
    "results": "results",
    "limits": "limitations",
    "table1": "table_1",
    "table1_of": "table_1b",
    "answers": "table_2",
    "flow": "table_3",
    "model": "",
    "ctdna": "",
}


def _places(marks: Mapping[str, str]) -> dict[str, str]:
    """The places of the checklists that this paper has."""
    return {place: mark for place, mark in PLACES.items() if not mark or mark in marks}


def _order(results: Results) -> tuple[str, ...]:
    """The description of the study, then the questions of its protocol."""
    places = {name: entry.get("objective") for name, entry in results.analyses.items()}
    return ("overview", *sorted((n for n, p in places.items() if p), key=lambda n: int(places[n] or 0)))


def _version(folder: Path) -> str:
    import json

    try:
        return str(json.loads((folder / "provenance.json").read_text("utf-8"))["oncourse"])
    except (OSError, ValueError, KeyError):
        import oncourse

        return oncourse.__version__


def _table_one(
    results: Results, group: str | None, language: str, *, tests: bool
) -> tuple[list[PaperTable], list[str]]:
    """Table 1, and by a status where no group is asked for and the results have one that parts the patients."""
    words = catalogue(language)
    baseline = results.tables.get("overview/baseline")
    if baseline is None or baseline.is_empty():
        return [], ["No Table 1: the results hold no overview/baseline (no column of patients, or an older run)."]
    statuses = results.tables.get("ras_status/patients", pl.DataFrame(schema=STATUS))
    title, note = words["paper.table1"], words["paper.table1_note"]

    def one(number: str, title: str, frame: pl.DataFrame, note: str) -> PaperTable:
        return PaperTable(number, title, named(frame, language), note, mark_of(number))

    if group is None:
        whole = one("Table 1", title, table_one(baseline), note)
        status = even_status(statuses)
        if status is None:
            return [whole], []
        split = table_one(baseline, by_status(statuses, status, language), tests=tests)
        of = write("paper.table1_of", language, status=status)
        return [whole, one("Table 1b", of, split, f"{note} {words['paper.table1_of_note']}")], []
    known = baseline["variable"].unique().sort().to_list()
    named_statuses = statuses["status"].unique().sort().to_list()
    if group in named_statuses and group not in known:
        split = table_one(baseline, by_status(statuses, group, language), tests=tests)
        return [one("Table 1", write("paper.table1_of", language, status=group), split, note)], []
    if group not in known:
        near = nearest(group, [*known, *named_statuses], cutoff=0.5)
        cure = f"Did you mean {near}?" if near else f"Known: {', '.join([*known, *named_statuses])}."
        raise InputError(f"--group {group}: no such variable or status. {cure}")
    mine = baseline.filter(pl.col("variable") == group).select("patient_id", group="value")
    left = mine["group"].null_count()
    notes = [f"{left} patients without a value of {group} are not in Table 1."] if left else []
    split = table_one(baseline.filter(pl.col("variable") != group), mine, tests=tests)
    return [one("Table 1", title, split, note)], notes


def _question(results: Results, name: str, language: str) -> str:
    """The question of the protocol, or that of the analysis."""
    words = catalogue(language)
    own = words.get(f"objective.{name}") or words.get(f"analysis.{name}.question")
    return own or str(results.analyses[name]["question"])


def _tables(
    results: Results, entries: Sequence[tuple[str, Mapping[str, Any]]], first: Sequence[PaperTable], language: str
) -> tuple[list[PaperTable], dict[str, str]]:
    """The tables of the paper, in order; and the number of each analysis' own."""
    words = catalogue(language)
    out = list(first)
    numbers: dict[str, str] = {}
    answers = [
        (
            _question(results, name, language),
            sentence(entry, language),
            words.get(f"light.{(entry.get('headline') or {}).get('light')}", ""),
        )
        for name, entry in entries
    ]
    columns = [words[f"paper.{key}"] for key in ("question", "answer", "how_sure")]
    out.append(PaperTable("Table 2", words["paper.answers"], pl.DataFrame(answers, schema=columns, orient="row")))
    out.append(PaperTable("Table 3", words["paper.flow"], _flow(results, language)))
    for name, entry in entries:
        shown = SHOWN.get(name)
        if shown is None or results.tables.get(shown.table, pl.DataFrame()).is_empty():
            continue
        frame, note = answer_table(shown, results.tables[shown.table], language)
        if (entry.get("headline") or {}).get("light") == "cannot":
            note = f"{write('paper.no_result', language, why=sentence(entry, language))} {note}".rstrip()
        numbers[name] = f"Table {len(numbers) + 4}"
        out.append(PaperTable(numbers[name], title_of(name, entry, language), frame, note))
    said = translator(language)
    return [replace(t, number=said(t.number), mark=t.mark or mark_of(t.number)) for t in out], numbers


def _flow(results: Results, language: str) -> pl.DataFrame:
    """The flow of the study, and who is in each question of the protocol; that of the others is in overview/flow."""
    flow = results.tables["overview/flow"]
    asked = [name for name, entry in results.analyses.items() if entry.get("objective")]
    place = pl.col("step").str.strip_prefix("analysis: ").str.split(", ").list.first()
    kept = flow.filter(~pl.col("step").str.starts_with("analysis: ") | place.is_in(asked or list(results.analyses)))
    words, said = catalogue(language), translator(language)

    def step(text: str) -> str:
        name, comma, what = text.removeprefix("analysis: ").partition(", ")
        if name not in results.analyses or not text.startswith("analysis: "):
            return said(text)
        title = title_of(name, results.analyses[name], language)
        return f"{title}: {said(what)}" if comma else title

    cells = [
        (step(s), NOTHING if p is None else f"{p:,}", NOTHING if n is None else f"{n:,}", said(r or ""))
        for s, p, n, r in kept.select("step", "n_patients", "n_samples", "reason").iter_rows()
    ]
    heads = [words[f"paper.head.{key}"] for key in ("step", "patients", "samples", "left_out")]
    return pl.DataFrame(cells, schema=dict.fromkeys(heads, pl.String), orient="row")


def _figures(folder: Path, results: Results, names: Sequence[str]) -> list[tuple[str, str, Path]]:
    """The first figure of each answered analysis, in the order of the paper: name, place in the results, file."""
    out = []
    for name in names:
        for place in results.analyses[name].get("figures", ())[:1]:
            path = folder / "figures" / place
            if path.is_file():
                out.append((place.removesuffix(".svg").replace("/", "_"), place, path))
    return out
