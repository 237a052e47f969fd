"""One patient's contradiction is one patient's error: rows of a foreign source that cannot be used are set aside."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from oncourse.facts.unread_markers import unread_markers
from oncourse.io.build_of_places import with_build
from oncourse.io.reading import Reading
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES
from oncourse.study.validate import validate

#: Tables whose rows say something of a patient, and segments; other sequencing is judged by its own readers.
CLINICAL = (
    "patients",
    "follow_up",
    "published_endpoints",
    "treatments",
    "procedures",
    "labs",
    "markers",
    "target_lesions",
    "assessments",
    "adverse_events",
    "segments",
)
#: Where more people than this share (and more than `MOST_PEOPLE`) are affected, the source is misread: an error.
MOST_SHARE, MOST_PEOPLE = 0.2, 2
#: Setting rows aside may show further ones (a reference to them, the next 500 of a kind).
ROUNDS = 20


def checked(reading: Reading) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the typed tables and every problem with its place; of a foreign source with bad rows set aside.

    A clinical row with an error is left out of its table, in `patients` only the cell; each becomes a warning and a row
    of the ledger. Where many people are affected nothing is set aside: then the source as a whole was misunderstood.
    A native folder is the user's own: its errors stay errors.
    """
    with_build(reading)
    tables, found = _validated(reading, reading.tables)
    if not reading.foreign or not any(p.severity == "error" for p in found):
        return tables, reading.located(found)
    draft = replace(reading, tables=dict(reading.tables), lines=dict(reading.lines))
    told: list[Problem] = []
    people: set[str] = set()
    for _ in range(ROUNDS):
        bad = [p for p in found if p.severity == "error" and p.row is not None and p.table in CLINICAL]
        if not bad:
            break
        people |= {p.where.split(",")[0] for p in bad}
        told += _set_aside(draft, bad)
        tables, found = _validated(draft, draft.tables)
    whole = reading.tables["patients"].height if "patients" in reading.tables else 0
    if any(p.severity == "error" for p in found) or len(people) > max(MOST_PEOPLE, MOST_SHARE * whole):
        tables, found = _validated(reading, reading.tables)
        return tables, reading.located(found)
    reading.tables, reading.lines = draft.tables, draft.lines
    for problem in told:
        file = reading.sources.get(problem.table, problem.table)
        reading.ledger.left_out(file, 1, problem.message, became=problem.table, line=problem.row, first=problem.where)
    return tables, [*told, *reading.located(found)]


def _validated(reading: Reading, tables: dict[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the typed tables and every problem of theirs, markers that nobody understood among them."""
    config = reading.config
    typed, found = validate(tables, config, reading.first_row, reading.reference)
    meant = [*config.covariates, *config.extra_columns, *filter(None, [config.group])]
    return typed, [*found, *unread_markers(typed, meant)]


def _set_aside(draft: Reading, bad: list[Problem]) -> list[Problem]:
    """Take the rows (of patients: the cells) of these problems out of the draft; return them as located warnings."""
    told = [
        replace(p, severity="warning", cure=f"{p.cure} Until then {_what(p)} is set aside.".strip())
        for p in draft.located(bad)
    ]
    rows: dict[str, set[int]] = {}
    for problem in bad:
        at = int(problem.row or 0) - draft.first_row.get(problem.table, 2)
        frame = draft.tables[problem.table]
        if _is_cell(problem) and problem.column in frame.columns:
            hit = pl.int_range(frame.height, eager=True) == at
            column = frame[problem.column].set(hit, None)
            draft.tables[problem.table] = frame.with_columns(column.alias(problem.column))
        else:
            rows.setdefault(problem.table, set()).add(at)
    for name, gone in rows.items():
        frame = draft.tables[name]
        stays = ~pl.int_range(frame.height, eager=True).is_in(sorted(gone))
        draft.tables[name] = frame.filter(stays)
        if name in draft.lines:
            draft.lines[name] = draft.lines[name].filter(stays)
    return told


def _is_cell(problem: Problem) -> bool:
    column = TABLES[problem.table].by_name.get(problem.column or "")
    return problem.table == "patients" and column is not None and not column.required


def _what(problem: Problem) -> str:
    return "the value" if _is_cell(problem) else "the row"
