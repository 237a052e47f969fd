"""Where a clinical table holds the ids of samples, when no column is called so: a column per lesion (``Primary sample``,
``Normal sample``), several ids in one cell, or another of its columns (a library's number)."""

from __future__ import annotations

import re
from collections.abc import Collection

import polars as pl

from oncourse.io.whose.ids import first_pairs
from oncourse.io.whose.sample_names import no_normal

#: Words of a column's name -> the type of its samples; plasma before blood, lesions before tumour.
_TYPES = (
    (re.compile(r"(?i)plasma|cf_?dna|ct_?dna|血浆"), "plasma"),
    (re.compile(r"(?i)normal|blood|germ_?line|pbmc|wbc|control|正常|癌旁|对照|血"), "normal"),
    (re.compile(r"(?i)(^|_)met(s|a|astas[ei]s|astatic)?(_|$)|metasta|转移"), "metastasis"),
    (re.compile(r"(?i)primary|原发"), "primary"),
    (re.compile(r"(?i)recurren|relapse|复发"), "local recurrence"),
    (re.compile(r"(?i)tumou?r|肿瘤"), "tumor"),
)
_SAMPLE = re.compile(r"(?i)sample|barcode|specimen|library|aliquot|_id$|样本|标本|文库|编号|库号")
_SEVERAL = r"\s*[,;，；、]\s*"


def of_columns(patients: pl.DataFrame) -> tuple[pl.DataFrame | None, str]:
    """Return a row per sample of a table with a column of ids for each kind of sample, and what was done in words; null
    where it is no such table.

    >>> table = pl.DataFrame({"PATIENT_ID": ["P1"], "PRIMARY_SAMPLE": ["A1"], "NORMAL_SAMPLE": ["A3"]})
    >>> of_columns(table)[0].rows()
    [('P1', 'A1', 'primary'), ('P1', 'A3', 'normal')]
    >>> of_columns(pl.DataFrame({"PATIENT_ID": ["P1"], "PRIMARY_SITE": ["colon"], "TUMOR_SAMPLE_SITE": ["colon"]}))[0]
    """
    kinds = {}
    for column in patients.columns:
        kind = next((kind for words, kind in _TYPES if words.search(column)), None)
        if kind and _SAMPLE.search(column) and column != "PATIENT_ID":
            kinds[column] = kind
    pair = {c: kind for c in patients.columns if (kind := _PAIR.get(c.lower()))}
    if len(pair) == 2 and not kinds and all(_are_ids(patients[c]) for c in pair):  # Tumor and Normal, and no more
        kinds = pair
    if len(kinds) < 2 or "PATIENT_ID" not in patients.columns:
        return None, ""
    parts = [
        patients.select("PATIENT_ID", pl.col(c).cast(pl.String).alias("SAMPLE_ID"), pl.lit(kind).alias("SAMPLE_TYPE"))
        for c, kind in kinds.items()
    ]
    rows = split(pl.concat(parts).drop_nulls("SAMPLE_ID"))[0]
    if rows["SAMPLE_ID"].is_duplicated().any():
        return None, ""
    return rows, f"the samples stand in columns of their own ({', '.join(kinds)}): {rows.height:,} samples"


#: Names of the two columns of a table of pairs.
_PAIR = {"tumor": "tumor", "tumour": "tumor", "肿瘤": "tumor", "normal": "normal", "正常": "normal", "对照": "normal"}


def _are_ids(cells: pl.Series) -> bool:
    """Whether every cell that is filled is another name with a digit in it."""
    text = cells.cast(pl.String).drop_nulls()
    return bool(len(text)) and text.n_unique() == len(text) and bool(text.str.contains(r"\d").all())


def split(samples: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return a row for each of several ids that stand in one cell (``A1, A2``), and how many cells hold several."""
    several = samples["SAMPLE_ID"].str.contains(_SEVERAL).fill_null(False)
    if not several.any():
        return samples, 0
    cells = pl.col("SAMPLE_ID").str.replace_all(_SEVERAL, "\n").str.split("\n")
    return samples.with_columns(cells).explode("SAMPLE_ID").filter(pl.col("SAMPLE_ID") != ""), int(several.sum())


#: A column that names the normal of a row's sample: ``MATCHED_NORMAL``, ``NORMAL_SAMPLE_ID``, 对照样本编号.
_NORMAL = re.compile(
    r"(?i)^(matched_?)?(norm(al)?|germ_?line|control|blood|正常|对照)(_?(sample|specimen|样本|标本))?(_?(id|barcode|name|编号|号))?$"
)
_TELLING = re.compile(r"(?i)matched|sample|specimen|barcode|_id$|样本|标本|编号")


def with_normals(samples: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Return a table of samples with a row for each normal that a column of it names beside a sample, and that in words.

    A normal that rows of several patients name (a pool) is nobody's.

    >>> table = pl.DataFrame({"SAMPLE_ID": ["T1"], "PATIENT_ID": ["P1"], "MATCHED_NORMAL": ["N1"]})
    >>> with_normals(table)[0].select("SAMPLE_ID", "PATIENT_ID", "MATERIAL").rows()
    [('T1', 'P1', None), ('N1', 'P1', 'normal')]
    >>> with_normals(table.with_columns(MATCHED_NORMAL=pl.lit("none")))[1]
    ''
    """
    column = next((c for c in samples.columns if _NORMAL.match(c) and _TELLING.search(c)), None)
    if column is None or "PATIENT_ID" not in samples.columns:
        return samples, ""
    rows = split(samples.select("PATIENT_ID", pl.col(column).cast(pl.String).alias("SAMPLE_ID")).drop_nulls())[
        0
    ].unique()
    rows = rows.filter(
        ~no_normal(pl.col("SAMPLE_ID"))
        & ~pl.col("SAMPLE_ID").is_in(samples["SAMPLE_ID"].implode())
        & ~pl.col("SAMPLE_ID").is_duplicated()
        & ~pl.col("SAMPLE_ID").str.contains(r"(?i)^(yes|no|true|false|[01]|matched|paired|是|否|有|y|n)$")
    ).sort("SAMPLE_ID")
    if rows.is_empty():
        return samples, ""
    more = pl.concat([samples, rows.with_columns(MATERIAL=pl.lit("normal"))], how="diagonal")
    return (
        more,
        f"{rows.height:,} normals stand in the column {column} ({rows['SAMPLE_ID'][0]} ...): samples of their own",
    )


def another_column(table: pl.DataFrame, ids: Collection[str]) -> str | None:
    """Return the column that holds half of `ids` or more, each in one row: how the calls name the samples.

    >>> table = pl.DataFrame({"SAMPLE_ID": ["P1-a", "P1-b"], "LIBRARY_ID": ["L1", "L2"], "SEX": ["F", "F"]})
    >>> another_column(table, ["L1", "L2"]), another_column(table, ["F", "M"])
    ('LIBRARY_ID', None)
    """
    wanted = set(ids)
    for column in table.columns:
        cells = table[column].cast(pl.String).str.strip_chars().drop_nulls()
        hits = cells.filter(cells.is_in(sorted(wanted)))
        if len(hits) and 2 * hits.n_unique() >= len(wanted) and hits.n_unique() == len(hits):
            return column
    return None


def renamed_by(table: pl.DataFrame, column: str, ids: Collection[str]) -> tuple[dict[str, str], str]:
    """Return id -> sample id of the row that holds it in `column`, and that in words."""
    pairs = table.select(pl.col(column).cast(pl.String).str.strip_chars(), "SAMPLE_ID").drop_nulls()
    mapping = {a: b for a, b in pairs.iter_rows() if a in set(ids)}
    return mapping, f"{len(mapping):,} ids of the calls are those of the column {column} ({first_pairs(mapping)})"
