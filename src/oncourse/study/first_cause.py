"""The first cause first: what is wrong with a table as a whole, before the hundreds of rows that only point to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import polars as pl

from oncourse.study.links import Links
from oncourse.study.schema import Problem, nearest, sorted_problems
from oncourse.study.tables import TABLES

#: Ids that two tables do not share are one cause, and not single slips, from this share and this number on.
MOST, LEAST_IDS = 0.5, 3
_REST = re.compile(r"^and \d+ more rows with the same problem")
#: Said of a line, and true of the file.
_CUT_OFF = re.compile(r"the rest is taken as empty|cut off or damaged")
_NOT_SHARED = re.compile(r"^\d+ of the \d+ ids that ")
#: Tables that others name, those first that name none themselves.
_ORDER = ("patients", "lesions", "assays", "samples", "variants")


def mismatched_ids(tables: Mapping[str, pl.DataFrame], links: Links | None = None) -> Iterator[Problem]:
    """One problem for ids that two tables write differently, or that one of them lacks: told of the table at fault.

    Where one table alone names ids that are not there, the fault is in it; where all that name them do, it is in the
    table they name.

    >>> patients = pl.DataFrame({"patient_id": ["P-1", "P-2", "P-3"]})
    >>> labs = pl.DataFrame({"patient_id": ["1", "2", "3"]})
    >>> [problem] = mismatched_ids({"patients": patients, "labs": labs, "treatments": labs})
    >>> print(problem)
    patients.patient_id: 3 of the 3 ids that labs, treatments name are not there: they have 1, and this table has P-1. \
Write them one way, or add the missing rows.
    """
    links = links or Links(tables)
    for target, key in ((t, f"{t[:-1]}_id") for t in _ORDER):
        if target not in tables or tables[target].is_empty() or key not in tables[target].columns:
            continue
        if tables[target][key].null_count() == tables[target].height:  # the column is empty, which is told
            continue
        places = _naming(tables, target)
        if not any(len(links.missing(*place, f"{target}.{key}")) for place in places):
            continue
        known = set(tables[target][key].drop_nulls().to_list())
        named = {place: set(tables[place[0]][place[1]].drop_nulls().to_list()) for place in places}
        named = {place: ids for place, ids in named.items() if ids}
        missing = {place: ids - known for place, ids in named.items()}
        bad = {p: m for p, m in missing.items() if len(m) >= max(LEAST_IDS, MOST * len(named[p]))}
        everything = set().union(*named.values())
        lacking = everything - known
        if len(bad) == len(named) > 1 and len(lacking) >= MOST * len(everything):
            who = ", ".join(sorted(table for table, _ in bad))
            message = f"{len(lacking)} of the {len(everything)} ids that {who} name are not there: they have"
            yield _told(target, key, f"{message} {_pair(lacking, known)}", "or add the missing rows")
        else:
            for (table, column), ids in sorted(bad.items()):
                swapped = _column_with(tables[table], column, known)
                cure = f"or name {column} and {swapped} rightly, if the two are swapped" if swapped else ""
                message = f"{len(ids)} of the {len(named[table, column])} ids that it names are not in {target}: it has"
                yield _told(table, column, f"{message} {_pair(ids, known, target)}", cure or f"or add them to {target}")


def _told(table: str, column: str, message: str, cure: str) -> Problem:
    return Problem(table, None, column, None, message, f"Write them one way, {cure}.")


def _naming(tables: Mapping[str, pl.DataFrame], target: str) -> list[tuple[str, str]]:
    """Tables and columns that name ids of `target`."""
    return [
        (name, column.name)
        for name, frame in tables.items()
        for column in (TABLES[name].columns if name in TABLES else ())
        if column.references.split(".")[0] == target and column.name in frame.columns
    ]


def _pair(missing: set[str], known: set[str], target: str = "this table") -> str:
    """One missing id, beside the most alike of the known ones."""
    one = min(missing)
    other = nearest(one, sorted(known)[:2000], cutoff=0.5) or min(known)
    alike = re.sub(r"\W|_", "", one).lower() == re.sub(r"\W|_", "", other).lower()
    return f"{one}, and {target} has {other}" + (" (alike but for capitals and signs)." if alike else ".")


def _column_with(frame: pl.DataFrame, column: str, known: set[str]) -> str | None:
    """Another column of texts that holds the known ids; None where there is none."""
    texts = [c for c, t in frame.schema.items() if t == pl.String and c != column]
    held = {c: set(frame[c].drop_nulls().to_list()) for c in texts}
    return next((c for c in texts if len(held[c]) >= LEAST_IDS and len(held[c] & known) >= MOST * len(held[c])), None)


def by_cause(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems as `sorted_problems` does, and of errors the causes first.

    First the errors of whole tables (cannot be read, a column is missing or has another name, ids that nobody shares),
    with what else is wrong with a table that others name; then the errors of rows; then the rows that name ids of such
    a table, counted at its first problem.
    """
    ordered = sorted_problems(problems)
    dangling: dict[str, list[Problem]] = defaultdict(list)
    for problem in ordered:
        if target := _target(problem):
            dangling[target].append(problem)
    if not any(p.severity == "error" for p in ordered):
        return ordered
    follows = {p for group in dangling.values() for p in group}
    roots = [p for p in ordered if p not in follows and _is_root(p, dangling)]
    roots.sort(key=lambda p: (_rank(p.table), bool(_NOT_SHARED.match(p.message))))
    of_a_root = {target for target in dangling if any(p.table == target for p in roots)}
    later = [p for target in dangling if target in of_a_root for p in dangling[target]]
    told, counted = [], set()
    for problem in roots:
        n = len(dangling.get(problem.table, ()))
        if n and problem.table not in counted:
            counted.add(problem.table)
            more = f"{n:,} other errors (rows that name its ids) may go with this one."
            problem = replace(problem, cure=f"{problem.cure.removesuffix(more).strip()} {more}".strip())
        told.append(problem)
    rest = [p for p in ordered if p not in set(roots) | set(later)]
    errors = [p for p in rest if p.severity == "error"]
    return [*told, *errors, *later, *(p for p in rest if p.severity != "error")]


def _rank(table: str) -> tuple[int, str]:
    """Of the settings first, then tables that others name, then the others."""
    return (_ORDER.index(table) if table in _ORDER else len(_ORDER) if table else -1, table)


def _is_root(problem: Problem, dangling: Mapping[str, list[Problem]]) -> bool:
    whole = problem.severity == "error" and problem.row is None and not _REST.match(problem.message)
    return whole or (problem.table in dangling and bool(_CUT_OFF.search(problem.message)))


def _target(problem: Problem) -> str | None:
    """The table whose id a row names that is not there; None for any other problem."""
    column = TABLES[problem.table].by_name.get(problem.column or "") if problem.table in TABLES else None
    if column is None or not column.references:
        return None
    target = column.references.split(".")[0]
    is_one = problem.message.endswith(f"' is not in {target}.") or _REST.match(problem.message)
    return target if is_one else None
