"""Outcomes -> the results folder: tables, figures, results.json, provenance.json, report.html."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.analyses._base import WHO_SCHEMA, Result, registry
from oncourse.analyses._people import flow_rows
from oncourse.analyses.overview import study_flow
from oncourse.cohort import Cohort
from oncourse.disk.manifest import written
from oncourse.disk.tables import as_written
from oncourse.errors import InputError
from oncourse.report.execute import AnalysisRun
from oncourse.report.objectives import objectives
from oncourse.words.numbers import finite

#: Version of the layout of results.json; documented in docs/reference/results.md.
SCHEMA_VERSION = "1.2"
FLOW_SCHEMA = {"step": pl.String, "n_patients": pl.Int64, "n_samples": pl.Int64, "reason": pl.String}
USED_SCHEMA = {"analysis": pl.String, "patient_id": pl.String, "sample_id": pl.String, "reason": pl.String}


def collect_tables(cohort: Cohort, outcomes: Sequence[AnalysisRun]) -> dict[str, pl.DataFrame]:
    """Return every table of the results by topic/table, with the flow and the samples used of all analyses."""
    tables: dict[str, pl.DataFrame] = {}
    for outcome in outcomes:
        if outcome.result is not None:
            tables.update(outcome.result.tables)
    flow = (
        tables["overview/flow"] if "overview/flow" in tables else study_flow(cohort)
    )  # who is in it, whatever was asked
    tables["overview/flow"] = pl.concat([flow, _analysis_flow(outcomes, set(cohort.study["samples"]["sample_id"]))])
    tables["overview/samples_used"] = _samples_used(outcomes)
    tables["overview/excluded"] = _excluded(cohort, outcomes)
    return dict(sorted(tables.items()))


def _analysis_flow(outcomes: Sequence[AnalysisRun], names: Collection[str]) -> pl.DataFrame:
    """One row per analysis and question of its ledger: who is in it, and the reasons of those who are not."""
    rows = []
    for outcome in outcomes:
        name = f"analysis: {outcome.analysis.name}"
        if outcome.result is None:
            rows.append({"step": name, "n_patients": 0, "n_samples": 0, "reason": outcome.message})
            continue
        rows += [
            {"step": f"{name}, {question}", "n_patients": n, "n_samples": samples, "reason": reason}
            for question, n, samples, reason in flow_rows(outcome.result.people, names).iter_rows()
        ]
    return pl.DataFrame(rows, schema=FLOW_SCHEMA)


def _samples_used(outcomes: Sequence[AnalysisRun]) -> pl.DataFrame:
    parts = [
        o.result.samples_used.select(pl.lit(o.analysis.name).alias("analysis"), *WHO_SCHEMA)
        for o in outcomes
        if o.result is not None and o.result.samples_used.height
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=USED_SCHEMA)


def _excluded(cohort: Cohort, outcomes: Sequence[AnalysisRun]) -> pl.DataFrame:
    parts = [cohort.study.withdrawn.select(pl.lit("(whole study)").alias("analysis"), *WHO_SCHEMA)]
    parts += [
        o.result.excluded.select(pl.lit(o.analysis.name).alias("analysis"), *WHO_SCHEMA)
        for o in outcomes
        if o.result is not None
    ]
    return pl.concat(parts)


def results_json(
    outcomes: Sequence[AnalysisRun], params: Mapping[str, Any], design: str | None = None
) -> dict[str, Any]:
    """Return results.json as plain data, tables as frames: one entry per analysis, and the schema version.

    ``objective`` is the place of an analysis among the questions of the protocol (`oncourse.report.objectives`).
    """
    named = objectives(design)
    data: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    for outcome in outcomes:
        entry: dict[str, Any] = {
            "title": outcome.analysis.title,
            "question": outcome.analysis.question,
            "status": outcome.status,
            "answer": outcome.result.answer if outcome.result else outcome.message,
            "estimates": [],
            "excluded": [],
            "notes": [],
            "params": plain(params.get(outcome.analysis.name)),
            "objective": named.index(outcome.analysis.name) + 1 if outcome.analysis.name in named else None,
        }
        if outcome.result is not None:
            entry["estimates"] = [
                {key: finite(value) for key, value in dataclasses.asdict(e).items()} for e in outcome.result.estimates
            ]
            entry["excluded"] = outcome.result.excluded
            entry["notes"] = list(outcome.result.notes)
            entry["methods"] = list(outcome.result.methods)
            entry["headline"] = headline(outcome.result)
            entry["tables"] = sorted(outcome.result.tables)
            files = {
                drawn: f"{outcome.analysis.name}/{name}.svg" for drawn, name in outcome.result.figure_files.items()
            }
            entry["figures"] = [files[f.name] for f in outcome.result.figures]
            entry["captions"] = {files[f.name]: f.caption for f in outcome.result.figures}
        data[outcome.analysis.name] = entry
    return data


def headline(result: Result) -> dict[str, Any] | None:
    """Return the sentence of page one as plain data; None where the analysis has none."""
    found = result.headline
    if found is None:
        return None
    words = {"text": found.text.text(), "text_zh": found.text.text("zh"), "reason": found.reason.text()}
    return {**words, "reason_zh": found.reason.text("zh"), "light": found.light, "estimate": found.number}


def plain(params: Any) -> dict[str, Any]:
    """Return a settings dataclass as plain data."""
    return dataclasses.asdict(params) if dataclasses.is_dataclass(params) and not isinstance(params, type) else {}


_CELLS = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str)
_ROWS = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str, separators=(",\n", ": "))


def write_json(data: Any, path: Path) -> None:
    """Write strict JSON (no NaN), UTF-8, one key a line."""
    path.write_text(indented(data) + "\n", "utf-8")


def indented(data: Any, depth: int = 0) -> str:
    """Return what ``json.dumps(data, indent=1)`` returns; lists of plain rows by the encoder in C, ten times as fast.

    A frame of texts is the list of its rows.

    >>> indented([{"a": "},\\n{", "b": None}, {"a": 1}]) == json.dumps([{"a": "},\\n{", "b": None}, {"a": 1}], indent=1)
    True
    >>> rows = [{"a": "a \\"quote\\"", "b": None}, {"a": "\\\\", "b": "é"}]
    >>> indented(pl.DataFrame(rows)) == json.dumps(rows, indent=1, ensure_ascii=False)
    True
    """
    if isinstance(data, pl.DataFrame):
        return _frame(data, depth)
    inner, outer = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(data, dict) and data:
        keys = [_CELLS.encode({key: 0})[1:-4] for key in data]  # as JSON writes a key that is no text
        parts = [f"{key}: {indented(value, depth + 1)}" for key, value in zip(keys, data.values(), strict=True)]
        return f"{{{inner}{f',{inner}'.join(parts)}{outer}}}"
    if isinstance(data, (list, tuple)) and data:
        if _are_rows(data):
            # no text of JSON holds a raw line feed: those of the separators can be told from all else
            rows = _ROWS.encode(data)[2:-2].split("},\n{")
            cells = [row.replace(",\n", f",{inner} ") for row in rows]
            return f"[{inner}{{{inner} {f'{inner}}},{inner}{{{inner} '.join(cells)}{inner}}}{outer}]"
        return f"[{inner}{f',{inner}'.join(indented(value, depth + 1) for value in data)}{outer}]"
    return _CELLS.encode(data)


def _frame(data: pl.DataFrame, depth: int) -> str:
    """The rows of a frame of texts; what JSON escapes otherwise than by a backslash is left to its encoder."""
    texts = [pl.col(c) for c in data.columns]
    if data.is_empty() or data.select(pl.any_horizontal(t.str.contains(r"[\x00-\x1f]").any() for t in texts)).item():
        return indented(data.to_dicts(), depth)
    outer = "\n" + " " * depth
    inner, cell = outer + " ", outer + "  "
    written = [
        pl.lit(f'{cell}"{t.meta.output_name()}": ')
        + (
            '"' + t.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True) + '"'
        ).fill_null("null")
        for t in texts
    ]
    rows = data.select(pl.concat_str("{" + pl.concat_str(written, separator=",") + f"{inner}}}")).to_series()
    return f"[{inner}{rows.str.join(f',{inner}').item()}{outer}]"


def _are_rows(data: Sequence[Any]) -> bool:
    """Whether every value is an object without others inside."""
    if not all(isinstance(row, dict) and row for row in data):
        return False
    kinds = {type(value) for row in data for value in row.values()}
    return not any(issubclass(kind, (dict, list, tuple)) for kind in kinds)


#: Rows of all tables together up to which the workbook is written unasked: above, it takes longer than the report.
WORKBOOK_ROWS = 100_000


def wants_workbook(
    tables: Mapping[str, pl.DataFrame], asked: str, tell: Callable[[str], None] = lambda _: None
) -> bool:
    """Whether the workbook is written; ``asked`` is yes, no or auto, and auto tells why it is not."""
    rows = sum(frame.height for frame in tables.values())
    if asked == "auto" and rows > WORKBOOK_ROWS:
        tell(
            f"tables/all_tables.xlsx was not written: {rows:,} rows; --workbook yes writes it. The TSV files hold all."
        )
        return False
    return asked != "no"


@dataclasses.dataclass(frozen=True)
class Results:
    """A results folder read back: ``analyses`` by name as in results.json, ``tables`` by topic/table."""

    folder: Path
    schema_version: str
    analyses: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, pl.DataFrame]

    @classmethod
    def read(cls, folder: str | Path) -> Results:
        """Read a results folder that `oncourse run` wrote.

        Tables come back with the types their columns are declared with; a table of no analysis as text.

        Raises
        ------
        InputError : no results folder, one that was changed by hand, or of a layout this version does not know
        """
        folder = Path(folder)
        files = written(folder, "results.json", "tables")
        try:
            data = json.loads((folder / "results.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{folder}: no results folder of oncourse ({error}).") from None
        version = str(data.pop("schema_version", "none"))
        if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
            raise InputError(f"{folder}: layout {version}; this version reads {SCHEMA_VERSION}. Run it again.")
        types = {t.name: t.schema for entry in registry().values() for t in entry.tables}
        tables = {}
        for path in sorted(folder / name for name in files if name.endswith(".tsv")):
            name = path.relative_to(folder / "tables").with_suffix("").as_posix()
            frame = as_written(pl.read_csv(path, separator="\t", infer_schema=False))
            known = types.get(name, {})
            tables[name] = frame.with_columns(_typed(c, known[c]) for c in frame.columns if c in known)
        return cls(folder, version, data, tables)

    def __repr__(self) -> str:
        return f"<Results: {self.folder}, {len(self.analyses)} analyses, {len(self.tables)} tables>"


def _typed(column: str, dtype: Any) -> pl.Expr:
    return (pl.col(column) == "true").alias(column) if dtype == pl.Boolean else pl.col(column).cast(dtype)
