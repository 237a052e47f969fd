"""`oncourse paper`: a results folder -> a folder for the manuscript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.paper.documents import PaperTable, Part, latex_parts, latex_table, write_docx
from oncourse.paper.figures import DPI, write_figures
from oncourse.paper.references import bibtex, cited, ris, rows
from oncourse.paper.table1 import table_one
from oncourse.paper.text import answered, findings, methods, sentence
from oncourse.report.results import Results
from oncourse.study.schema import nearest
from oncourse.words.catalogue import catalogue, write
from oncourse.words.phrases import translator

#: analysis -> its table in the paper and the columns shown; the whole table is in the results.
SHOWN = {
    "landscape": ("landscape/genes", ("gene", "n_altered", "n_profiled", "frequency", "ci_low", "ci_high")),
    "concordance": (
        "concordance/summary",
        ("comparison", "estimand", "n_patients", "n_variants", "estimate", "ci_low", "ci_high"),
    ),
    "ras_status": (
        "ras_status/statuses",
        ("status", "comparison", "n_both", "n_a_only", "n_b_only", "n_neither", "n_not_assessable", "discordance"),
    ),
    "tissue_blood": (
        "tissue_blood/variants",
        ("stratum", "level", "n_patients", "n_tissue", "n_found", "ppa", "ci_low", "ci_high"),
    ),
    "survival": ("survival/medians", ("endpoint", "method", "n", "n_event", "median_months", "ci_low", "ci_high")),
    "recurrence": ("recurrence/incidence", ("months", "measure", "estimate", "ci_low", "ci_high", "n_risk")),
    "biomarkers": (
        "biomarkers/scan",
        ("feature", "endpoint", "n_altered", "n", "hazard_ratio", "ci_low", "ci_high", "q_value"),
    ),
    "prediction": ("prediction/performance", ("model", "metric", "apparent", "corrected", "ci_low", "ci_high")),
    "treatment": (
        "treatment/comparison",
        ("endpoint", "line", "arm", "reference", "method", "estimate_name", "estimate", "ci_low", "ci_high"),
    ),
    "monitoring": (
        "monitoring/emergence_rates",
        ("drug_class", "name", "n_evaluable", "n_emerged", "ci_low", "ci_high"),
    ),
}
ROWS_SHOWN = 25


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
    group : a variable of overview/baseline that splits Table 1
    tests : p values in Table 1

    Returns
    -------
    notes for the user: what could not be made and why
    """
    results = Results.read(folder)
    order = _order(results)
    entries = answered(results, order)
    names = [name for name, _ in entries]
    first, notes = _table_one(results, group, tests=tests)
    tables = [in_language(table, language) for table in _tables(results, entries, first, language)]
    version = _version(folder)
    words = catalogue(language)
    method = methods(entries, version, language)
    told, numbers = findings(results, entries, language)
    progress("tables and paragraphs")
    write_docx(out / "paper.docx", (method, told), tables)
    write_docx(out / "checklists.docx", (Part(words["paper.checklists"], ()),), _checklists(language))
    (out / "tables.tex").write_text("\n".join(map(latex_table, tables)), "utf-8")
    (out / "text.tex").write_text(latex_parts((method, told)), "utf-8")
    numbers.write_csv(out / "numbers.tsv", separator="\t")
    if first is not None:
        first.write_csv(out / "table1.tsv", separator="\t")
    works = cited(names)
    (out / "references.bib").write_text(bibtex(works), "utf-8")
    (out / "references.ris").write_text(ris(works), "utf-8")
    progress("figures")
    sizes = write_figures(_figures(folder, results, names), out / "figures", dpi=dpi, language=language)
    sizes.write_csv(out / "figures.tsv", separator="\t")
    wide = set(sizes["figure"]) - set(sizes.filter(pl.col("column") == "single")["figure"])
    if wide:
        notes.append(f"{len(wide)} figures are two-column figures, written at 174 mm only (figures.tsv).")
    return notes


def in_language(table: PaperTable, language: str) -> PaperTable:
    """Return a table whose heads and cells of words are in a language; numbers and names stay."""
    if language == "en":
        return table
    known, said = catalogue(language), translator(language)
    frame = table.frame.with_columns(
        pl.col(c).map_elements(said, return_dtype=pl.String) for c, t in table.frame.schema.items() if t == pl.String
    )
    heads = {c: known.get(f"head.{c}", said(c)) for c in frame.columns}
    heads = heads if len(set(heads.values())) == len(heads) else {}
    return replace(table, number=said(table.number), frame=frame.rename(heads), note=said(table.note))


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


def _table_one(results: Results, group: str | None, *, tests: bool) -> tuple[pl.DataFrame | None, list[str]]:
    baseline = results.tables.get("overview/baseline")
    if baseline is None or baseline.is_empty():
        return None, ["No Table 1: the results hold no overview/baseline (no column of patients, or an older run)."]
    if group is None:
        return table_one(baseline), []
    known = baseline["variable"].unique().sort().to_list()
    if group not in known:
        near = nearest(group, known, cutoff=0.5)
        cure = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
        raise InputError(f"--group {group}: no such variable. {cure}")
    mine = baseline.filter(pl.col("variable") == group).select("patient_id", group="value")
    left = mine["group"].null_count()
    notes = [f"{left} patients without a value of {group} are not in Table 1."] if left else []
    return table_one(baseline.filter(pl.col("variable") != group), mine, tests=tests), notes


def _tables(
    results: Results, entries: Sequence[tuple[str, object]], first: pl.DataFrame | None, language: str
) -> list[PaperTable]:
    words = catalogue(language)
    out = [] if first is None else [PaperTable("Table 1", words["paper.table1"], first, words["paper.table1_note"])]
    answers = []
    for name, _ in entries:
        entry = results.analyses[name]
        head = entry.get("headline") or {}
        asked = words.get(f"objective.{name}") or str(entry["question"])
        light = words.get(f"light.{head.get('light')}", "")
        answers.append((asked, sentence(entry, language), light))
    columns = [words[f"paper.{key}"] for key in ("question", "answer", "how_sure")]
    out.append(PaperTable("Table 2", words["paper.answers"], pl.DataFrame(answers, schema=columns, orient="row")))
    flow = results.tables.get("overview/flow")
    if flow is not None:
        out.append(PaperTable("Table 3", words["paper.flow"], flow.head(ROWS_SHOWN).cast(pl.String)))
    for name, _ in entries:
        table, wanted = SHOWN.get(name, ("", ()))
        if table in results.tables and results.tables[table].height:
            frame = results.tables[table]
            shown = frame.select(_short(c, frame.schema[c]) for c in wanted if c in frame.columns).head(ROWS_SHOWN)
            title = words.get(f"analysis.{name}.title", str(results.analyses[name]["title"]))
            more = "" if frame.height <= ROWS_SHOWN else f"{ROWS_SHOWN} / {frame.height}: tables/{table}.tsv"
            out.append(PaperTable(f"Table {len(out) + 1}", title, shown, more))
    return out


def _short(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column as text, numbers with three figures."""
    if dtype.is_float():
        return pl.col(column).round_sig_figs(3).cast(pl.String)
    return pl.col(column).cast(pl.String)


def _checklists(language: str) -> list[PaperTable]:
    words = catalogue(language)
    columns = [words[f"paper.{key}"] for key in ("item", "topic", "where")]
    out = []
    for name in dict.fromkeys(r["checklist"] for r in rows("checklists.tsv")):
        mine = [r for r in rows("checklists.tsv") if r["checklist"] == name]
        cells = [
            (
                r["item"],
                translator(language)(r["topic"]),
                write(f"paper.place.{r['where']}", language) if r["where"] else words["paper.by_author"],
            )
            for r in mine
        ]
        out.append(
            PaperTable(
                translator(language)(name), words["paper.checklists"], pl.DataFrame(cells, schema=columns, orient="row")
            )
        )
    return out


def _figures(folder: Path, results: Results, names: Sequence[str]) -> list[tuple[str, Path]]:
    """The first figure of each answered analysis, in the order of the paper."""
    out = []
    for name in names:
        for place in results.analyses[name].get("figures", ())[:1]:
            path = folder / "figures" / place
            if path.is_file():
                out.append((place.removesuffix(".svg").replace("/", "_"), path))
    return out
