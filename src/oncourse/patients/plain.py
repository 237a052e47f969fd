"""One patient as plain data: what the page shows, for JSON and for whoever draws it otherwise.

The layout is `schemas/patient.schema.json`, versioned: a key that is taken away or changes its meaning is a new
version.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from oncourse.patients.page_data import FrontLine, Grid, page_data
from oncourse.words.numbers import finite

if TYPE_CHECKING:
    from oncourse.cohort import Cohort

#: Version of the layout of a PatientView.
VIEW_VERSION = "1.0"


@dataclass(frozen=True)
class PatientView:
    """What a page of one patient shows; every value is text, number, list or mapping.

    Attributes
    ----------
    person, monitoring : name and value in words
    front : the most important findings with the therapies they speak for or against
    biomarkers : label, state (found / none / unclear), text, and the reason where it is unclear
    samples : the patient's samples with lesion and day
    grid : variants in rows, samples in columns, a state per cell (present / absent / unclear); null: no variant
    course : one row per line of therapy; timeline : bars, tracks with points, samples and events by day
    clones : tree and cell fractions; null: not asked for, or no tree
    watch : resistance to watch for under the drugs the patient was given
    """

    view_version: str
    written_by: str
    patient_id: str
    study: str
    person: list[dict[str, str]]
    front: list[dict[str, Any]]
    biomarkers: list[dict[str, Any]]
    samples: list[dict[str, Any]]
    grid: dict[str, Any] | None
    course: list[dict[str, Any]]
    monitoring: list[dict[str, str]]
    timeline: dict[str, Any]
    clones: dict[str, Any] | None
    watch: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        plain: dict[str, Any] = _plain({f.name: getattr(self, f.name) for f in dataclasses.fields(self)})
        return plain

    def to_json(self) -> str:
        """Return strict JSON text (no NaN), UTF-8, the same bytes at every time."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def patient_view(cohort: Cohort, patient_id: str, *, clones: bool | None = None) -> PatientView:
    """Return the plain data of one patient's page; arguments as of `oncourse.report.patient_page.patient_page`."""
    data = page_data(cohort, patient_id, clones=clones)
    return PatientView(
        view_version=VIEW_VERSION,
        written_by=f"oncourse {data['version']}",
        patient_id=patient_id,
        study=data["study"].title,
        person=_pairs(data["person"]),
        front=[_front(line, data["approved_words"], data["confirm_words"]) for line in data["front"]],
        biomarkers=_plain(data["biomarkers"]),
        samples=_plain(data["samples"]),
        grid=_grid(data["grid"]),
        course=_plain(data["course"]),
        monitoring=_pairs(data["monitoring"]),
        timeline=_plain(data["tracks"]),
        clones=_plain({k: v for k, v in data["clones"].items() if k != "svg"}) if data["clones"] else None,
        watch=_plain(data["watch"]),
    )


def schema(name: str) -> dict[str, Any]:
    """Return a JSON Schema of the package: ``patient`` or ``results``."""
    text = resources.files("oncourse").joinpath("schemas", f"{name}.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _pairs(rows: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in rows]


def _front(line: FrontLine, approved: Callable[[Any], str], confirm: Callable[[Any], str]) -> dict[str, Any]:
    approvals = {m.rule.rule_id: approved(m) for m in line.matches}
    therapies = [
        {
            "rule_id": m.rule.rule_id,
            "therapy": m.rule.therapy,
            "direction": m.rule.direction,
            "level": m.level,
            "setting": m.setting,
            "sources": m.rule.sources,
            "approvals": approvals[m.rule.rule_id],
            "asks_for": m.rule.co_conditions,
            "to_confirm": confirm(m),
            "used_before": list(m.used_before),
            "comes_first": list(m.first),
        }
        for m in line.matches
    ]
    seen = {"finding": line.finding, "seen": line.seen, "kind": line.kind}
    return {**seen, "therapies": therapies, "n_more": line.n_more}


def _grid(grid: Grid | None) -> dict[str, Any] | None:
    if grid is None:
        return None
    return {
        "columns": [{"sample_id": sample, "text": text} for sample, text in grid.columns],
        "rows": [{"variant": v, "origin": o, "cells": _plain(cells)} for v, o, cells in grid.rows],
        "n_more": grid.n_more,
        "is_judged": grid.is_judged,
    }


def _plain(value: Any) -> Any:
    """Dataclasses as mappings, tuples as lists, numbers JSON cannot hold as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return finite(value) if value is None or isinstance(value, (str, int, float, bool)) else str(value)
