"""Rows of one id that are of several samples of a patient: a column beside it says which (type, time, region).

Tables of mutations name the patient where they should name the sample, and tell his samples apart in another column:
read by the id alone, primary and metastasis, or baseline and progression, were one sample.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import polars as pl

from oncourse.genome import effect
from oncourse.study.frames import optional

#: Names of the columns that tell samples of a patient apart (lower case, without blanks and marks).
_NAMES = (
    *("sampletype", "specimentype", "tissuetype", "sampleclass", "tumortype_sample", "material", "specimen"),
    *("timepoint", "time", "visit", "timing", "collectiontime", "region", "tumorregion", "tumourregion", "sector"),
    *("lesion", "lesionid", "biopsysite", "samplesite", "tissuesite", "anatomicsite"),
    *(
        "样本类型",
        "标本类型",
        "样本来源",
        "取样部位",
        "取材部位",
        "活检部位",
        "时间点",
        "取样时间点",
        "采样时间点",
        "病灶",
    ),
)
#: Names of a second column of samples.
_SECOND = ("sample_id", "sampleid", "sample", "sample_name", "tumor_sample_id")
#: A column with more values in one id is none of these (own choice).
_MOST = 40


def specimen_columns(header: Iterable[str]) -> list[str]:
    """Return the columns that may tell samples of a patient apart.

    >>> specimen_columns(["Gene", "Sample_Type", "Time point", "样本类型"])
    ['Sample_Type', 'Time point', '样本类型']
    """
    return [h for h in header if h.strip().lower().replace("_", "").replace(" ", "") in _NAMES]


def parted(
    rows: pl.DataFrame, table: pl.DataFrame, known: Collection[str], file: str
) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows with samples of their own where a column of `table` has several words within an id.

    `rows` has ``sample_id`` (an id that is a sample of the clinical table, `known`, stays); the id becomes the patient
    where none is given. Words of consequences (``exonic`` in ANNOVAR's Region) tell no samples apart.
    """
    may = specimen_columns(table.columns) or any(c.strip().lower() in _SECOND for c in table.columns)
    if not may or all(i in known for i in rows["sample_id"].drop_nulls().unique()):
        return rows, []
    if finer := _finer(rows, table):
        ids = table[finer].str.strip_chars().replace("", None).fill_null(rows["sample_id"])
        owner = pl.coalesce(optional(rows, "patient_id"), pl.col("sample_id")).alias("patient_id")
        out = rows.with_columns(owner).with_columns(ids.alias("sample_id"))
        note = f"{file}: {finer} tells the samples of an id apart: {out['sample_id'].n_unique():,} samples"
        return out, [f"{note} of {rows['sample_id'].n_unique():,} ids ({out['sample_id'][0]} ...)"]
    columns = [c for c in specimen_columns(table.columns) if not _of_consequences(table[c])]
    ids = rows["sample_id"]
    used = []
    for column in columns:
        values = pl.DataFrame({"id": ids, "word": table[column].str.strip_chars().replace("", None)}).drop_nulls()
        n = values.unique().group_by("id").len()
        if n.height and 1 < int(n["len"].max() or 0) <= _MOST:  # type: ignore[arg-type]
            used.append(column)
    if not used:
        return rows, []
    words = table.select(pl.concat_str([pl.col(c).str.strip_chars() for c in used], separator="_", ignore_nulls=True))
    word = words.to_series().str.replace_all(r"[^\w.+-]+", "_").str.strip_chars("_")
    own = pl.when((pl.lit(word) != "") & pl.lit(word).is_not_null()).then(ids + "_" + pl.lit(word)).otherwise(ids)
    patient = pl.coalesce(optional(rows, "patient_id"), pl.lit(ids)).alias("patient_id")
    out = rows.with_columns(patient, pl.select(own.alias("sample_id"))["sample_id"])
    if any(c.lower() == "region" for c in used):
        out = out.drop("region", strict=False)
    first = out["sample_id"].drop_nulls()
    numbers = f"{out['sample_id'].n_unique():,} samples of {ids.n_unique():,} ids ({first[0]} ...)"
    note = f"{file}: {', '.join(used)} tells the samples of an id apart: {numbers}"
    return out, [note]


_SAYS_NORMAL = re.compile(r"(?i)(?<![a-z])(normal|germ_?line)(?![a-z])|正常|癌旁|对照")


def normals_by_type(ids: pl.Series, table: pl.DataFrame) -> dict[str, str]:
    """Return sample -> normal of the ids (of the rows of `table`) that a column of types calls a normal, each by one word
    (Blood Derived Normal), beside others that it does not."""
    for column in specimen_columns(table.columns):
        pairs = (
            pl.DataFrame({"id": ids, "word": table[column].str.strip_chars().replace("", None)}).drop_nulls().unique()
        )
        if pairs.height != pairs["id"].n_unique():
            continue
        normal = [i for i, word in pairs.iter_rows() if _SAYS_NORMAL.search(word)]
        if 0 < len(normal) < pairs.height:
            return dict.fromkeys(normal, "normal")
    return {}


def _finer(rows: pl.DataFrame, table: pl.DataFrame) -> str | None:
    """Return a second column of samples (Sample_ID beside Tumor_Sample_Barcode) that parts the ids of the first: each of
    its words is of one id, and an id has several."""
    for column in (c for c in table.columns if c.strip().lower() in _SECOND):
        pairs = pl.DataFrame({"id": rows["sample_id"], "word": table[column].str.strip_chars().replace("", None)})
        pairs = pairs.drop_nulls().unique()
        if pairs.height > pairs["id"].n_unique() and pairs["word"].n_unique() == pairs.height:
            return column
    return None


def _of_consequences(words: pl.Series) -> bool:
    """Whether a word of a column is one of a consequence."""
    return any(effect.is_known(w) for w in words.drop_nulls().unique().head(_MOST) if w not in ("", ".", "-"))
