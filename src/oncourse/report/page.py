"""Outcomes -> report.html: one self-contained page that reads on a phone and in print."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.cohort import Cohort
from oncourse.report.execute import STATUSES, Outcome
from oncourse.study.schema import Column

_HERE = Path(__file__).parent
#: Rows of a table that the page carries; the rest is in its TSV.
ROWS_SHOWN = 1_000
#: Rows that stand in the page without script.
ROWS_STATIC = 8
WARNINGS_SHOWN = 40
NAMES_SHOWN = 12

#: The tables the report itself writes, beside those of the analyses.
REPORT_TABLES = (
    OutputTable("overview/flow", "who is in the study and in each analysis, step by step", (
        Column("step", pl.String, "step of the flow, or analysis"),
        Column("n_patients", pl.Int64, "patients who remain"),
        Column("n_samples", pl.Int64, "samples that remain; null = the analysis does not use samples"),
        Column("reason", pl.String, "why the others were left out"))),
    OutputTable("overview/samples_used", "which sample stood for which patient in each analysis", (
        Column("analysis", pl.String, "the analysis"), Column("patient_id", pl.String, "the patient"),
        Column("sample_id", pl.String, "the sample"), Column("reason", pl.String, "why this sample"))),
    OutputTable("overview/excluded", "who was left out of each analysis, and why", (
        Column("analysis", pl.String, "the analysis"), Column("patient_id", pl.String, "the patient"),
        Column("sample_id", pl.String, "the sample; null = the patient"), Column("reason", pl.String, "why"))),
)  # fmt: skip


@dataclass(frozen=True)
class TableView:
    """What the page shows of one table."""

    id: str
    name: str
    title: str
    text: str
    columns: tuple[Column, ...]
    n_rows: int
    n_shown: int
    head: list[list[Any]]
    data: list[list[Any]]


def table_view(declared: OutputTable, frame: pl.DataFrame) -> TableView:
    """Return the first rows of a table with short numbers, for the page."""
    floats = [c for c, t in frame.schema.items() if t.is_float()]
    shown = frame.head(ROWS_SHOWN).with_columns(
        pl.when(pl.col(c).is_finite()).then(pl.col(c).round_sig_figs(4)).alias(c) for c in floats
    )
    rows = [list(row) for row in shown.rows()]
    return TableView(
        id="t-" + declared.name.replace("/", "-"), name=declared.name, title=declared.name, text=declared.text,
        columns=declared.columns, n_rows=frame.height, n_shown=shown.height, head=rows[:ROWS_STATIC], data=rows,
    )  # fmt: skip


def _excluded(frame: pl.DataFrame) -> list[tuple[str, int, str]]:
    rows = []
    for (reason,), group in frame.group_by(["reason"], maintain_order=True):
        names = [s or p or "" for p, s in group.select("patient_id", "sample_id").iter_rows()]
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        rows.append((str(reason), len(names), ", ".join(names[:NAMES_SHOWN]) + more))
    return sorted(rows, key=lambda r: (-r[1], r[0]))


def _params(params: Any) -> list[dict[str, str]]:
    if not dataclasses.is_dataclass(params):
        return []
    return [
        {"name": f.name, "value": str(getattr(params, f.name)), "text": f.metadata.get("text", "")}
        for f in dataclasses.fields(params)
    ]


#: Overview tables that stand in their own section; the others are in the section on the data.
_IN_SECTION = ("overview/flow", "overview/patients")


def _section(
    outcome: Outcome, params: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]
) -> dict[str, Any]:
    entry, result = outcome.analysis, outcome.result
    section: dict[str, Any] = {
        "name": entry.name, "title": entry.title, "question": entry.question, "status": outcome.status,
        "status_text": STATUSES[outcome.status], "message": outcome.message,
    }  # fmt: skip
    if result is not None:
        section |= {
            "answer": result.answer, "estimates": result.estimates, "figures": result.figures,
            "tables": [table_view(t, tables[t.name]) for t in entry.tables
                       if t.name in result.tables and (t.name in _IN_SECTION or not t.name.startswith("overview/"))],
            "excluded": _excluded(result.excluded), "n_excluded": result.excluded.height,
            "notes": result.notes, "methods": result.methods, "params": _params(params.get(entry.name)),
        }  # fmt: skip
    return section


@cache
def environment() -> Any:
    """Return the template environment; everything from user files is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    env = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined,
                      trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    static = {name: (_HERE / "static" / name).read_text("utf-8") for name in ("report.css", "patient.css", "report.js")}
    env.globals["css"], env.globals["patient_css"] = Markup(static["report.css"]), Markup(static["patient.css"])
    env.globals["js"] = Markup(static["report.js"])
    env.globals["policy"] = Markup(policy([static["report.css"], static["patient.css"], SVG_STYLE], [static["report.js"]]))
    return env


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


def study_page(cohort: Cohort, outcomes: Sequence[Outcome], tables: Mapping[str, pl.DataFrame]) -> str:
    """Return report.html."""
    import oncourse

    study = cohort.study
    declared = {t.name: t for o in outcomes for t in o.analysis.tables} | {t.name: t for t in REPORT_TABLES}
    return environment().get_template("study.html").render(
        study=study.config, n_patients=study.n_patients, n_samples=study["samples"].height,
        sections=[_section(o, cohort.used, tables) for o in outcomes],
        warnings=[str(w) for w in study.warnings[:WARNINGS_SHOWN]], n_warnings=len(study.warnings),
        study_notes=study.notes,
        data_tables=[table_view(declared[name], frame) for name, frame in tables.items()
                     if name.startswith("overview/") and name in declared and name not in _IN_SECTION],
        version=oncourse.__version__, seed=cohort.seed,
    )  # fmt: skip
