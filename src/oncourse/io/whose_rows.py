"""Whose row is it: sample, patient and role of the rows of a table (MAF and the like), as `oncourse.io.whose` for
columns.

In this order: a manifest (its ``column`` is the sample as the file writes it), a name that is a path, a name that every
file uses (TUMOR, primary): that of the file. A TCGA barcode of type 10-19 is a normal.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import polars as pl

from oncourse.io.whose import (
    Manifest,
    is_generic,
    is_normal_name,
    of_path,
    paired_normal,
    sample_of_file,
    stem_of,
)


def name_rows(
    frame: pl.DataFrame, path: Path, *, known: Collection[str] = (), manifest: Manifest | None = None
) -> tuple[pl.DataFrame, list[str], int]:
    """Return the rows under their samples' names, what was done in words, and how many rows the manifest leaves out.

    `frame` has ``sample_id`` (text); ``patient_id`` and ``role`` (tumour, normal) are added where something says them.
    `known` are the samples of the clinical table.
    """
    ids = [i for i in frame["sample_id"].drop_nulls().unique().sort().to_list() if i]
    named = {i: _named(i, ids, path, known, manifest or {}) for i in ids}
    changed = {i: n for i, n in named.items() if n != (i, None, "tumour")}
    if not changed:
        return frame, [], 0
    before = frame.height
    role = pl.col("sample_id").replace({i: n[2] for i, n in named.items()})
    frame = frame.with_columns(pl.when(pl.col("sample_id").is_in(ids)).then(role).alias("role"))
    frame = frame.filter((pl.col("role") != "ignore").fill_null(True))
    owner = pl.col("sample_id").replace_strict(
        {i: n[1] for i, n in named.items()}, default=None, return_dtype=pl.String
    )
    given = pl.col("patient_id") if "patient_id" in frame.columns else pl.lit(None, pl.String)
    frame = frame.with_columns(pl.coalesce(owner, given).alias("patient_id"))
    frame = frame.with_columns(pl.col("sample_id").replace({i: n[0] for i, n in named.items()}))
    told = [f"{i} is sample {n[0]}" for i, n in changed.items() if n[0] != i and n[2] != "ignore"]
    notes = [f"{path.name}: {', '.join(told[:5])}" + (" ..." if len(told) > 5 else "")] if told else []
    return frame, notes, before - frame.height


def _named(
    name: str, ids: Collection[str], path: Path, known: Collection[str], manifest: Manifest
) -> tuple[str, str | None, str]:
    """Return sample, patient (null: not said) and role of one id of the file."""
    given = manifest.get((path.name, name)) or (manifest.get((path.name, "")) if len(ids) == 1 else None)
    if given:
        return given
    role = "normal" if is_normal_name(name) or re.match(r"TCGA-\w{2}-\w{4}-1\d", name) else "tumour"
    if name in known:
        return name, None, "tumour"  # the clinical table says what it is
    if of_path(name) != name:
        return of_path(name), None, role
    if not is_generic(name):
        pair = paired_normal(name, ids)
        return (name, None, role) if pair is None else (name, pair[1], "normal" if pair[0] else role)
    tumours = [i for i in ids if not is_normal_name(i)]
    if role == "tumour" and len(tumours) == 1:
        return sample_of_file(path), None, role
    stem = stem_of(path)
    return f"{stem}_{name}", stem, role
