"""Outcomes -> report.html: one self-contained page that reads on a phone and in print."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import polars as pl

from oncourse.analyses._base import OutputTable, Result
from oncourse.analyses._people import reason_kind
from oncourse.cohort import Cohort
from oncourse.report.behind import answers, questions_of
from oncourse.report.execute import AnalysisRun
from oncourse.report.front import card, flow_steps, missing_lines, primary_endpoint, question, sentence_of, title
from oncourse.report.objectives import DESCRIPTION, UNASKED, ordered, unasked
from oncourse.report.packed import ROWS_SHOWN, estimates_view, figure_view, packed, table_title, table_view, tie
from oncourse.study.schema import Column
from oncourse.words.catalogue import catalogue, write
from oncourse.words.phrases import page_in
from oncourse.words.readable import split

_HERE = Path(__file__).parent
WARNINGS_SHOWN = 40
#: Names of a reason that are all listed; of more, the first `NAMES_SHOWN` are.
ALL_NAMES, NAMES_SHOWN = 60, 12

#: The tables the report itself writes, beside those of the analyses.
REPORT_TABLES = (
    OutputTable(
        "overview/flow",
        "who is in the study and in each analysis, step by step",
        (
            Column("step", pl.String, "step of the flow, or analysis"),
            Column("n_patients", pl.Int64, "patients who remain"),
            Column("n_samples", pl.Int64, "samples that remain; null = the analysis does not use samples"),
            Column("reason", pl.String, "why the others were left out"),
        ),
    ),
    OutputTable(
        "overview/samples_used",
        "which sample stood for which patient in each analysis",
        (
            Column("analysis", pl.String, "the analysis"),
            Column("patient_id", pl.String, "the patient"),
            Column("sample_id", pl.String, "the sample"),
            Column("reason", pl.String, "why this sample"),
        ),
    ),
    OutputTable(
        "overview/excluded",
        "who was left out of each analysis, and why",
        (
            Column("analysis", pl.String, "the analysis"),
            Column("patient_id", pl.String, "the patient"),
            Column("sample_id", pl.String, "the sample; null = the patient"),
            Column("reason", pl.String, "why"),
        ),
    ),
    OutputTable(
        "overview/file_names",
        "files whose name is not the id: a disk could not hold it, or not tell it from another; absent without such",
        (
            Column("patient_id", pl.String, "the patient; null = a figure of the study"),
            Column("figure", pl.String, "the figure; null = the page of the patient"),
            Column("file", pl.String, "the file in this folder"),
        ),
    ),
)


def _excluded(frame: pl.DataFrame, samples: Collection[str]) -> list[tuple[str, int, str, int]]:
    """Reason -> how many, who, how many more; most first. Reasons that differ only in the samples they name are one.

    The rows in `overview/excluded` keep the samples.
    """
    kinds = {reason: reason_kind(reason, samples) for reason in frame["reason"].unique()}
    kind = pl.col("reason").replace_strict(kinds, return_dtype=pl.String)
    who = pl.coalesce(pl.col("sample_id", "patient_id").replace("", None), pl.lit(""))
    most = pl.when(pl.len() <= ALL_NAMES).then(ALL_NAMES).otherwise(NAMES_SHOWN)
    groups = frame.group_by(kind.alias("kind")).agg(pl.len(), who.head(most).alias("who"))
    rows = [(said, n, ", ".join(names), n - len(names)) for said, n, names in groups.iter_rows()]
    return sorted(rows, key=lambda r: (-r[1], r[0]))


def _params(params: Any, language: str) -> list[dict[str, str]]:
    if not dataclasses.is_dataclass(params):
        return []
    return [
        {"name": f.name, "value": _typed(getattr(params, f.name), language), "text": f.metadata.get("text", "")}
        for f in dataclasses.fields(params)
    ]


def _typed(value: Any, language: str = "en") -> str:
    """Return a setting as one types it after ``--set``.

    >>> _typed(True), _typed(("OS", "DFS")), _typed(()), _typed(24.0)
    ('yes', 'OS, DFS', 'not set', '24')
    """
    if value is None or value == ():
        return write("page.not_set", language)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_typed(v, language) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


#: Overview tables that stand in their own section; the others are in the section on the data.
_IN_SECTION = ("overview/flow", "overview/patients")
#: Tables that are in the section on the data whatever analysis made them.
_OF_DATA = "overview/"


def _is_ledger(table: str) -> bool:
    """Whether a table is the ledger of people: the page shows its sums, its rows are in the folder."""
    return table.endswith("/people")


def _section(
    outcome: AnalysisRun,
    params: Mapping[str, Any],
    tables: Mapping[str, pl.DataFrame],
    language: str,
    patients: Sequence[str],
    samples: Collection[str],
) -> dict[str, Any]:
    entry, result = outcome.analysis, outcome.result
    section: dict[str, Any] = {
        "name": entry.name,
        "title": title(outcome, language),
        "status": outcome.status,
        "question": entry.question if language == "en" else question(outcome, language),
        "message": _more_said(outcome),
        "card": card(outcome, language),
    }
    if result is None:
        return section
    known = {patient: i for i, patient in enumerate(patients)}
    asked = questions_of(result.people, result.estimates, known)
    own = {t.name: tables[t.name] for t in entry.tables if t.name in result.tables and not _is_ledger(t.name)}
    mine = {name: frame for name, frame in own.items() if frame.height}
    shown = [t for t in entry.tables if t.name in mine and (t.name in _IN_SECTION or not t.name.startswith(_OF_DATA))]
    return section | {
        "rest": [s for s in split(result.answer) if s not in (section["card"].sentence, sentence_of(outcome, "en"))],
        "estimates": estimates_view(entry.name, result.estimates, language),
        "figures": [
            figure_view(entry.name, f, known, language) for f in result.figures if of_patient(f.name, known) is None
        ],
        "single": _singles(entry.name, result, known),
        "tables": [
            table_view(t, f, answers(entry.name, f.head(ROWS_SHOWN), tie(t.columns, mine), asked, known), language)
            for t, f in ((t, mine[t.name]) for t in shown)
        ],
        "empty_tables": [table_title(name, language) for name in own if name not in mine],
        "excluded": _excluded(result.excluded, samples),
        "who": packed(json.dumps(asked, ensure_ascii=False, separators=(",", ":"))),
        "n_excluded": result.excluded.height,
        "notes": result.notes,
        "methods": result.methods,
        "params": _params(params.get(entry.name), language),
    }


def _more_said(outcome: AnalysisRun) -> str:
    """What is to be said of an analysis without a result beside its one sentence: how to mend it, or what failed."""
    said = outcome.message[:1].upper() + outcome.message[1:]
    is_said = outcome.status == "skipped" or sentence_of(outcome, "en").rstrip(".") == said.rstrip(".")
    return "" if is_said else said


def of_patient(figure: str, patients: Collection[str]) -> str | None:
    """Return the patient a figure is about by its name (``tree_P01``); None: about the study.

    >>> of_patient("tree_P_1", {"P_1"}), of_patient("km_OS", {"P_1"})
    ('P_1', None)
    """
    ends = (figure[i + 1 :] for i, c in enumerate(figure) if c == "_")
    return next((end for end in ends if end in patients), None)


def _singles(analysis: str, result: Result, patients: Collection[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Figures of single patients: patient -> (what, file); they are files beside the page, not in it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for figure in result.figures:
        patient = of_patient(figure.name, patients)
        if patient is not None:
            what = figure.name.removesuffix(f"_{patient}").replace("_", " ")
            found.setdefault(patient, []).append(
                (what, f"figures/{quote(analysis)}/{quote(result.figure_files[figure.name])}.svg")
            )
    return sorted(found.items())


#: Style sheets and scripts of the pages, in the order in which they stand there.
STYLES = ("report.css", "patient.css")
SCRIPTS = ("data.js", "tables.js", "workbook.js", "figures.js", "search.js", "shell.js")


@cache
def environment() -> Any:
    """Return the template environment; everything from user files is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    env = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    styles = [(_HERE / "static" / name).read_text("utf-8") for name in STYLES]
    script = "".join((_HERE / "static" / name).read_text("utf-8") for name in SCRIPTS)
    env.filters |= {"nb": unbroken}
    env.globals |= {
        "script_words": script_words,
        "css": Markup(styles[0]),
        "patient_css": Markup(styles[1]),
        "js": Markup(script),
        "word": write,
        "policy": Markup(policy([*styles, SVG_STYLE], [script])),
        "language": "en",
    }
    return env


def script_words(language: str) -> Any:
    """Return the words that the scripts of a page show, as JSON for a block of data."""
    from markupsafe import Markup

    words = {k.removeprefix("script."): v for k, v in catalogue(language).items() if k.startswith("script.")}
    return Markup(json.dumps(words, ensure_ascii=False).replace("<", "\\u003c"))


#: An interval in an English sentence, as `oncourse.words.numbers.limits` writes it.
_INTERVAL = re.compile(r"95 % CI -?[\d.,]+(?:-[\d.,]*\d| to (?:-?[\d.,]*\d|not reached))")


def unbroken(text: str, language: str = "en") -> Any:
    """Return a sentence whose intervals do not break over lines; one that is still to be translated stays in one piece.

    >>> str(unbroken("Shared: 60 % (95 % CI 54-66)."))
    'Shared: 60\\xa0% (<span class="nw">95 % CI 54-66</span>).'
    """
    from markupsafe import Markup, escape

    if language != "en":
        return text.replace("95 % CI ", "95\u00a0%\u00a0CI\u00a0").replace(" %", "\u00a0%")
    out, at = Markup(), 0
    for match in _INTERVAL.finditer(text):
        out += escape(text[at : match.start()].replace(" %", "\u00a0%"))
        out += Markup('<span class="nw">{}</span>').format(match[0])
        at = match.end()
    return out + escape(text[at:].replace(" %", "\u00a0%"))


#: The one style sheet that matplotlib writes into a drawing.
SVG_STYLE = "*{stroke-linejoin: round; stroke-linecap: butt}"


def policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return the Content-Security-Policy of a page: nothing from outside, and only these style sheets and scripts run.

    Style attributes are allowed: drawings are made of them, and they cannot load or run anything.
    """

    def hashes(texts: Sequence[str]) -> str:
        digests = [hashlib.sha256(text.encode("utf-8")).digest() for text in texts]
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    return (
        f"default-src 'none'; img-src data:; script-src {hashes(scripts)}; style-src-elem {hashes(styles)}; "
        "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def glossary(language: str) -> list[tuple[str, str]]:
    """Return the words explained: term, explanation."""
    pairs = [text.split(" | ", 1) for key, text in catalogue(language).items() if key.startswith("glossary.")]
    return sorted((term, words) for term, words in pairs)


def changed(cohort: Cohort, language: str) -> list[tuple[str, str]]:
    """Return the settings that are not the default, of those that were used: ``section.name``, value as typed."""
    found = []
    for name, params in sorted(cohort.used.items()):
        if dataclasses.is_dataclass(params):
            kind: Any = type(params)
            plain = kind()
            found += [
                (f"{name}.{f.name}", _typed(getattr(params, f.name), language))
                for f in dataclasses.fields(params)
                if getattr(params, f.name) != getattr(plain, f.name)
            ]
    return found


def search_index(cohort: Cohort, pages: Mapping[str, str]) -> str:
    """Return patients, whether they have a page (0, 1, or its name where that is not the id), and the patients in whom
    each gene is altered, packed."""
    patients = cohort.study["patients"]["patient_id"]
    altered = cohort.gene_status.altered.filter("is_altered").select("gene", "patient_id")
    place = pl.DataFrame({"patient_id": patients}).with_row_index("place")
    # in the order of their names
    place = place.sort("patient_id").with_row_index("name")
    at = pl.col("place").unique(maintain_order=True)
    found = altered.join(place, on="patient_id").sort("name").group_by("gene").agg(at)
    genes = dict(found.sort("gene").iter_rows())
    listed = patients.to_list()
    data = {
        "patients": listed,
        "pages": [int(p in pages) if pages.get(p, p) == p else pages[p] for p in listed],
        "genes": genes,
    }
    return packed(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def study_page(
    cohort: Cohort,
    outcomes: Sequence[AnalysisRun],
    tables: Mapping[str, pl.DataFrame],
    pages: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return report.html; `pages` are the patients who have a page beside it, and its name."""
    import oncourse

    study = cohort.study
    language = study.config.language
    declared = {t.name: t for o in outcomes for t in o.analysis.tables} | {t.name: t for t in REPORT_TABLES}
    questions, others = ordered(outcomes, study.config.design)
    overview = [o for o in outcomes if o.analysis.name in DESCRIPTION]
    people, names = study["patients"]["patient_id"].to_list(), set(study["samples"]["sample_id"]) - {None}
    of_data = [
        (declared[n], f) for n, f in tables.items() if n.startswith(_OF_DATA) and n in declared and not _is_ledger(n)
    ]

    # what could not be asked, and is no question of the protocol, is listed at the end
    needing = unasked(others, study.config)

    def sections(some: Sequence[AnalysisRun]) -> list[dict[str, Any]]:
        return [_section(o, cohort.used, tables, language, people, names) for o in some]

    page = (
        environment()
        .get_template("study.html")
        .render(
            study=study.config,
            n_patients=study.n_patients,
            n_samples=study["samples"].height,
            language=language,
            cards=[card(o, language) for o in questions],
            overview=sections(overview),
            sections=sections(questions),
            others=sections([o for o in others if o.status not in UNASKED]),
            unasked=sections(needing),
            flow=flow_steps(tables, language),
            missing=missing_lines(cohort, language),
            primary_endpoint=primary_endpoint(study.config, language),
            warnings=study.warnings[:WARNINGS_SHOWN],
            n_warnings=len(study.warnings),
            study_notes=study.notes,
            has_intake=any(frame.height for frame in study.intake.values()),
            changed=changed(cohort, language),
            glossary=glossary(language),
            index=search_index(cohort, pages),
            patient_pages=sorted(pages.items()),
            data_tables=[
                table_view(t, f, language=language) for t, f in of_data if t.name not in _IN_SECTION and f.height
            ],
            version=oncourse.__version__,
            seed=cohort.seed,
        )
    )
    return page_in(page, language)
