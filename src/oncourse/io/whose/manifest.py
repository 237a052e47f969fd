"""A manifest (``files.tsv``) that says whose columns are, the columns of files, and the question of what stays open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.tabular.text import read_table
from oncourse.study.schema import Problem

#: (file, column) -> sample, patient, role; a file by its path as it is written and, where it is the only one of its name,
#: by that.
Manifest = Mapping[tuple[str, str], tuple[str, str | None, str]]
#: Columns of a manifest; ``column`` is empty for a file of one sample.
MANIFEST = ("path", "column", "sample_id", "patient_id", "role")
ROLES = {
    "tumour": "tumour",
    "tumor": "tumour",
    "t": "tumour",
    "normal": "normal",
    "n": "normal",
    "germline": "normal",
    "plasma": "tumour",
    "tissue": "tumour",
    "": "tumour",
    "ignore": "ignore",
}


@dataclass(frozen=True)
class Column:
    """One column of one file: sample, patient (null: from the sample's name), role (tumour, normal, ignore, open).

    ``listed``: the clinical table or the manifest (with its patient) names the sample: a normal is then a sample too.
    """

    path: Path
    column: str
    sample_id: str
    patient_id: str | None
    role: str
    why: str
    listed: bool = False


class Question(InputError):
    """Whose columns these are is not said anywhere; ``manifest`` holds what is known, to be confirmed."""

    def __init__(self, message: str, columns: Sequence[Column] | pl.DataFrame):
        super().__init__([message])
        self.manifest = columns if isinstance(columns, pl.DataFrame) else manifest_of(columns)


def manifest_of(columns: Iterable[Column]) -> pl.DataFrame:
    """Return the columns as a manifest the user can edit; an open role is left empty."""
    rows = [
        (str(c.path), c.column, c.sample_id, c.patient_id or "", "" if c.role == "open" else c.role) for c in columns
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(MANIFEST, pl.String), orient="row")


def read_manifest(path: Path) -> Manifest:
    """Return (file, column) -> sample, patient, role of a ``files.tsv``; a row without column is of the whole file.

    Raises
    ------
    InputError : columns are missing, or a role is none of tumour, normal, ignore
    """
    table = read_table(path, lenient=True)
    lacking = [c for c in ("path", "sample_id", "role") if c not in table.frame.columns]
    if lacking:
        cure = f"A manifest has the columns {', '.join(MANIFEST)}."
        raise InputError([*table.problems, Problem(path.name, 1, None, None, f"no column {', '.join(lacking)}.", cure)])
    out: dict[tuple[str, str], tuple[str, str | None, str]] = {}
    paths: dict[str, set[str]] = {}
    problems = []
    frame = table.frame.with_columns(pl.lit("").alias(c) for c in MANIFEST if c not in table.frame.columns)
    for line, row in zip(table.lines, frame.select(MANIFEST).fill_null("").iter_rows(), strict=True):
        name, column, sample, patient, role = (cell.strip() for cell in row)
        if role.lower() not in ROLES or (not sample and ROLES[role.lower()] != "ignore"):
            cure = "Give sample_id, and role tumour, normal or ignore."
            problems.append(
                Problem(path.name, int(line), "role", role, "the row does not say whose column this is.", cure)
            )
            continue
        written = Path(name.replace("\\", "/")).as_posix()
        paths.setdefault(Path(written).name, set()).add(written)
        out[written, column] = (sample, patient or None, ROLES[role.lower()])
    if problems:
        raise InputError(problems)
    alone = {next(iter(of)): name for name, of in paths.items() if len(of) == 1}
    return out | {(alone[path], column): said for (path, column), said in out.items() if path in alone}


def said_of(manifest: Manifest, path: Path, column: str) -> tuple[str, str | None, str] | None:
    """Return what a manifest says of a column: by as much of the path as it writes, so that files of one name in several
    folders stay apart.

    >>> of = {("A/calls.vcf", "T"): ("A", None, "tumour"), ("B/calls.vcf", "T"): ("B", None, "tumour")}
    >>> said_of(of, Path("/data/B/calls.vcf"), "T"), said_of(of, Path("/data/C/calls.vcf"), "T")
    (('B', None, 'tumour'), None)
    """
    if not manifest:
        return None
    return next((manifest[tail, column] for tail in _tails(path) if (tail, column) in manifest), None)


@lru_cache(64)
def _tails(path: Path) -> tuple[str, ...]:
    """The path, and what is left of it without its first folders."""
    return tuple(Path(*path.parts[i:]).as_posix() for i in range(len(path.parts)))
