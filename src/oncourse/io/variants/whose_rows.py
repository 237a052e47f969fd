"""Whose row is it: sample, patient and role of the rows of a table (MAF and the like), as `oncourse.io.whose.columns` for
columns.

In this order: a manifest (its ``column`` is the sample as the file writes it), a name that is a path, a name that every
file uses (TUMOR, primary): that of the file. A TCGA barcode of type 10-19 is a normal.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.tabular.text import table_name
from oncourse.io.variants.maf_columns import names_somebody, wide_columns
from oncourse.io.whose.ids import patient_of, refuse_endless, says
from oncourse.io.whose.manifest import Manifest, said_of
from oncourse.io.whose.sample_names import (
    Controls,
    Partners,
    Stems,
    folder_of_samples,
    is_generic,
    is_normal_name,
    lesion_of_file,
    no_normal,
    of_path,
    sample_of_file,
    stem_of,
    without_lane,
)
from oncourse.study.frames import optional
from oncourse.study.schema import Problem


def name_rows(
    frame: pl.DataFrame, path: Path, *, known: Collection[str] = (), manifest: Manifest | None = None
) -> tuple[pl.DataFrame, list[str], int]:
    """Return the rows under their samples' names, what was done in words, and how many rows the manifest leaves out.

    `frame` has ``sample_id`` (text); ``patient_id`` and ``role`` (tumour, normal) are added where something says them.
    `known` are the samples of the clinical table.
    """
    ids = [i for i in frame["sample_id"].drop_nulls().unique().sort().to_list() if i]
    if "normal_id" not in frame.columns and not manifest and all(i in known for i in ids):
        return frame, [], 0  # each is under its own name, and the clinical table says what it is
    refuse_endless(ids, path.name)
    named = _named(ids, path, known, manifest or {})
    names = Controls(ids)
    controls = {i: stem for i in ids if i not in known and (stem := names.of(i))}
    if controls:  # P1_N beside P1_primary and P1_liver: of one patient
        order = {stem: number for number, stem in enumerate(dict.fromkeys(controls.values()))}
        stems = Stems(order)
        own = {i: (s, p, r) for i, (s, p, r) in named.items() if p is None and not said_of(manifest or {}, path, i)}
        for i, (sample, _, kind) in own.items():
            if found := stems.of(i):
                named[i] = (sample, min(found, key=lambda s: order[s]), "normal" if i in controls else kind)
    pairs = _controls(frame, ids)
    compared = _compared(frame, pairs)
    for normal, tumour in pairs.items():  # a row of the normal that another row names as its own
        if normal in compared:
            if tumour not in pairs:  # a relapse compared with the primary is of the same patient
                patient = named[normal][1] or named[tumour][1] or patient_of(normal)
                named |= {i: (named[i][0], named[i][1] or patient, named[i][2]) for i in (normal, tumour)}
            continue
        if normal not in known and named[normal][2] == "tumour" and not said_of(manifest or {}, path, normal):
            named[normal] = (named[normal][0], named[tumour][1] or patient_of(tumour), "normal")
            named[tumour] = (named[tumour][0], named[tumour][1] or patient_of(tumour), named[tumour][2])
    notes = []
    if compared:
        said = ", ".join(f"{i} (of {pairs[i]})" for i in compared[:5])
        notes = [f"{path.name}: named as another's normal, with a normal of their own: taken as tumours ({said})"]
    changed = {i: n for i, n in named.items() if n != (i, None, "tumour")}
    if not changed:
        return frame, notes, 0
    before = frame.height
    role = pl.col("sample_id").replace({i: n[2] for i, n in named.items()})
    frame = frame.with_columns(pl.when(pl.col("sample_id").is_in(ids)).then(role).alias("role"))
    frame = frame.filter((pl.col("role") != "ignore").fill_null(True))
    owner = pl.col("sample_id").replace_strict(
        {i: n[1] for i, n in named.items()}, default=None, return_dtype=pl.String
    )
    given = optional(frame, "patient_id")
    frame = frame.with_columns(pl.coalesce(owner, given).alias("patient_id"))
    frame = frame.with_columns(pl.col("sample_id").replace({i: n[0] for i, n in named.items()}))
    told = [f"{i} is sample {n[0]}" for i, n in changed.items() if n[0] != i and n[2] != "ignore"]
    notes += [f"{path.name}: {', '.join(told[:5])}" + (" ..." if len(told) > 5 else "")] if told else []
    return frame, notes, before - frame.height


def _controls(frame: pl.DataFrame, ids: Collection[str]) -> dict[str, str]:
    """Return sample -> the tumour whose matched normal it is, of the samples that have rows of their own."""
    if "normal_id" not in frame.columns:
        return {}
    pairs = frame.select("normal_id", "sample_id").filter(pl.col("normal_id").is_in(list(ids))).drop_nulls()
    pairs = pairs.filter(pl.col("normal_id") != pl.col("sample_id"))
    return dict(pairs.unique(maintain_order=True).iter_rows())


def _compared(frame: pl.DataFrame, controls: Mapping[str, str]) -> list[str]:
    """Return the samples among `controls` whose own rows name another sample as their normal: tumours, which another
    was compared with."""
    if not controls:
        return []
    rows = frame.filter(pl.col("sample_id").is_in(list(controls)) & (pl.col("normal_id") != pl.col("sample_id")))
    named = rows.filter(~no_normal(pl.col("normal_id")))
    return named["sample_id"].unique().sort().to_list()


def _named(
    ids: Collection[str], path: Path, known: Collection[str], manifest: Manifest
) -> dict[str, tuple[str, str | None, str]]:
    """Return sample, patient (null: not said) and role of each id of the file."""
    stem, folder, partners = stem_of(path), folder_of_samples(path), Partners(ids)

    def one(name: str) -> tuple[str, str | None, str]:
        given = said_of(manifest, path, name) or (said_of(manifest, path, "") if len(ids) == 1 else None)
        if given:
            return given
        if name in known:
            return name, None, "tumour"  # the clinical table says what it is
        role = "normal" if is_normal_name(name) or (says(name) or ("", ""))[1] == "normal" else "tumour"
        if of_path(name) != name:
            return of_path(name), None, role
        if name == stem and folder:
            return name, folder, role
        if len(ids) == 1 and role == "tumour" and (lesion := lesion_of_file(name, path)):
            return lesion, name, role  # P1 in P1_liver.maf, beside P1_primary.maf
        if not is_generic(name):
            pair = partners.of(name)
            return (name, None, role) if pair is None else (name, pair[1], "normal" if pair[0] else role)
        tumours = [i for i in ids if not is_normal_name(i)]
        if role == "tumour" and len(tumours) == 1:
            return sample_of_file(path), folder, role
        return f"{stem}_{name}", stem, role

    found = {name: one(name) for name in ids}
    free = [n for n in ids if n not in known and not said_of(manifest, path, n) and n == found[n][0]]
    lanes = {n: without_lane(n) for n in free}  # P1_S1_L001 and P1_S1_L002 are lanes of one library
    return {n: (lanes.get(n, sample), patient, role) for n, (sample, patient, role) in found.items()}


#: GDC's id of a case, which names nobody outside its data base.
_UUID = r"(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


def owners_by_barcode(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave the patient of a barcode (TCGA-AA-0001-01A) to the barcode where the column holds GDC's case id: clinical
    tables name him as the barcode does."""
    if "patient_id" not in rows.columns:
        return rows
    uuid = rows["patient_id"].str.contains(_UUID).fill_null(False)
    if not uuid.any():
        return rows
    named = [i for i in rows["sample_id"].filter(uuid).drop_nulls().unique() if says(i)]
    return rows.with_columns(rows["patient_id"].set(uuid & rows["sample_id"].is_in(named), None))


def several_in_a_cell(rows: pl.DataFrame, known: Collection[str]) -> tuple[pl.DataFrame, list[str]]:
    """Give rows of several samples (``S1,S2`` where S1 is a sample of its own) a row for each, without the reads, which are
    nobody's alone; say so."""
    ids = rows["sample_id"].drop_nulls().unique()
    whole = {*ids, *known}
    joined = [i for i in ids.filter(ids.str.contains(r"[,;|]")) if any(p in whole for p in _parts_of(i))]
    if not joined:
        return rows, []
    several = rows["sample_id"].is_in(joined)
    none = [c for c in ("alt_count", "ref_count", "depth", "vaf") if c in rows.columns]
    rows = rows.with_columns(pl.when(~several).then(pl.col(c)).alias(c) for c in none)
    parts = pl.Series([_parts_of(i) if i in joined else [i] for i in rows["sample_id"]], dtype=pl.List(pl.String))
    note = f"{int(several.sum()):,} rows name several samples ({joined[0]}): a row for each, without reads"
    return rows.with_columns(parts.alias("sample_id")).explode("sample_id"), [note]


def _parts_of(cell: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;|]", cell) if part.strip()]


def one_sample(rows: pl.DataFrame, unknown: Sequence[str], path: Path) -> str:
    """Return the sample of a table without a column for it (MuTect1, VarScan): the one its file is named after.

    `rows` under our names; `unknown`: its columns of other names.

    Raises
    ------
    InputError : one of these may name the sample, or a variant stands there with several numbers of reads
    """
    name, cure = (
        table_name(path),
        "Call the column of the sample Tumor_Sample_Barcode, or map it (`oncourse import table`).",
    )
    column, wide = names_somebody(unknown), list(wide_columns(list(unknown)))
    if wide:
        column, message = None, f"it has columns of reads of each sample ({wide[0]} ...)."
        cure = "Give it as `oncourse import counts`."
    elif column:
        message = f"no column is known to name the sample of a row; does {column}?"
    elif with_several_reads(rows):
        message = "no column names the sample of a row, and a variant stands there with several numbers of reads."
    else:
        return sample_of_file(path)
    raise InputError([Problem(name, 1, column, None, message, cure)])


def with_several_reads(rows: pl.DataFrame, by: Sequence[str] = ()) -> bool:
    """Whether a variant (of a sample, `by`) stands in several rows with other numbers of reads."""
    place = [c for c in (*by, "chrom", "pos", "ref", "alt") if c in rows.columns]
    counts = [c for c in ("alt_count", "ref_count", "depth", "vaf") if c in rows.columns]
    once = rows.unique([*place, *counts])
    return bool(counts) and bool(once.select(pl.struct(place).is_duplicated().any()).item())


def refuse_nobody(before: pl.DataFrame, rows: pl.DataFrame, path: Path) -> None:
    """Refuse a merged file in which a name of nobody (TUMOR) stands for several samples: they would be one.

    `before`, `rows`: the rows before and after `name_rows`.
    """
    if before is rows:  # every sample is under its own name
        return
    ids = set(before["sample_id"].drop_nulls().unique())
    nobody = sorted(i for i in ids - set(rows["sample_id"].unique()) if is_generic(i))
    if nobody and with_several_reads(before.filter(pl.col("sample_id").is_in(nobody)), ["sample_id"]):
        message = f"{nobody[0]} is a name of nobody, and a variant of it stands there with several numbers of reads."
        cure = "Name each sample in Tumor_Sample_Barcode (vcf2maf --tumor-id), or give a file per sample."
        raise InputError([Problem(table_name(path), 1, "sample_id", nobody[0], message, cure)])
