"""Rows of one id that are of several samples of a patient: a column beside it says which (type, time, region).

Tables of mutations name the patient where they should name the sample, and tell his samples apart in another column:
read by the id alone, primary and metastasis, or baseline and progression, were one sample.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import polars as pl

from oncourse.genome import effect
from oncourse.io.clinical import words
from oncourse.io.clinical.own_materials import words_of_lesion
from oncourse.study.frames import optional
from oncourse.study.words import meaning

#: Names of columns that say what a sample is (lower case, without blanks and marks).
_TYPES = (
    *("sampletype", "specimentype", "tissuetype", "sampleclass", "material", "specimen"),
    *("样本类型", "标本类型", "样本来源"),
)
#: Names of the columns that tell samples of a patient apart.
_NAMES = (
    *_TYPES,
    *("timepoint", "time", "visit", "timing", "collectiontime", "region", "tumorregion", "tumourregion", "sector"),
    *("lesion", "lesionid", "biopsysite", "samplesite", "tissuesite", "anatomicsite"),
    *("取样部位", "取材部位", "活检部位", "时间点", "取样时间点", "采样时间点", "病灶"),
)
#: Names of columns that say what a sample is, in every reader of lists of variants.
KINDS = (
    *_TYPES,
    *("samplematerial", "samplesource", "lesion", "lesiontype", "材料", "病灶类型", "病灶性质"),
)
#: Names that may be of the sample or of the variant: their cells decide (`kind_of_cells`).
EITHER = (
    *("type", "kind", "class", "category", "类型", "类别", "种类"),
    *("tumor", "tumour", "tumorsite", "tumoursite", "location", "source"),
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
    return [h for h in header if _bare(h) in _NAMES]


def _bare(header: str) -> str:
    return header.strip().lower().replace("_", "").replace(" ", "")


def may_be_either(header: str) -> bool:
    """Whether a column may say by its name what the sample is, or what the variant is (Type, 类型)."""
    return _bare(header) in EITHER


def may_be_kind(header: str) -> bool:
    """Whether a column says by its name what the sample is (`KINDS`)."""
    return _bare(header) in KINDS


#: Words that say of what class a variant is, beside those of consequences.
_OF_VARIANTS = re.compile(
    r"(?i)\b(sn[vp]s?|[dtom]n[pv]s?|indels?|ins|del|dup|cn[va]s?|svs?|insertion|deletion|duplication|fusions?|"
    r"rearrange\w*|amplifi\w*|amp|gain|loss|substitution|translocation|splic\w*|truncat\w*|mutations?|variants?|wild\W?type)\b|"
    r"融合|重排|扩增|缺失|插入|突变|变异|拷贝|移码|无义|错义|剪接|剪切|野生|微卫星"
)


def says_sample(word: str) -> bool:
    """Whether a word says what a sample is: its material, the role of its lesion, a normal.

    >>> [w for w in ("Tissue", "WBC", "Liver met", "肝转移", "血浆", "Tumor", "SNV", "Germline", "I") if says_sample(w)]
    ['Tissue', 'WBC', 'Liver met', '肝转移', '血浆', 'Tumor']
    """
    if meaning("origin", word):
        return False
    known = meaning("material", word) or meaning("blood", word) or words.role(word)
    return bool(known or words.material(word) != "tissue" or words_of_lesion(word) or _OF_TUMOUR.search(word))


_OF_TUMOUR = re.compile(r"(?i)^(tumou?r|肿瘤)$")


def kind_of_cells(values: pl.Series, *, is_named: bool = False) -> str | None:
    """Return what the cells of a column say: ``sample``, ``variant``, or null (neither, or nothing).

    Every word must say what a sample is; half of them where the column `is_named` as one of samples.

    >>> [kind_of_cells(pl.Series(c)) for c in (["Tissue", "Plasma"], ["SNV", "CNV"], ["Missense"], ["A", "B"])]
    ['sample', 'variant', 'variant', None]
    """
    said = [w for w in values.cast(pl.String).str.strip_chars().drop_nulls().unique() if w not in ("", ".", "-")]
    if any(_says_variant(w) for w in said):
        return "variant"
    n = sum(says_sample(w) or words.fluid(w) is not None for w in said if is_named or len(w) > 1)  # P: pathogenic
    return "sample" if said and n >= len(said) / (2 if is_named else 1) else None


def _says_variant(word: str) -> bool:
    said = any(meaning(subject, word) for subject in ("consequence", "origin", "panel_result"))
    return said or effect.is_known(word) or bool(_OF_VARIANTS.search(word))


def kind_column(table: pl.DataFrame) -> str | None:
    """Return the first column that says by its name and cells what the samples are; null where none does."""
    named = [c for c in table.columns if may_be_kind(c)]
    either = [c for c in table.columns if may_be_either(c)]
    return next((c for c in (*named, *either) if kind_of_cells(table[c], is_named=may_be_kind(c)) == "sample"), None)


def types_of_samples(ids: pl.Series, table: pl.DataFrame) -> tuple[pl.Series | None, str]:
    """Return for each row the word that `kind_column` has for its sample (null: none, or several), and the column."""
    column = kind_column(table)
    if column is None:
        return None, ""
    pairs = pl.DataFrame({"id": ids, "word": table[column].str.strip_chars().replace("", None)})
    one = pl.when(pl.col("word").drop_nulls().n_unique().over("id") == 1).then(
        pl.col("word").drop_nulls().first().over("id")
    )
    return pairs.select(one.alias("sample_type"))["sample_type"], column


def parted(
    rows: pl.DataFrame, table: pl.DataFrame, known: Collection[str], file: str
) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows with samples of their own where a column of `table` has several words within an id.

    `rows` has ``sample_id`` (an id that is a sample of the clinical table, `known`, stays); the id becomes the patient
    where none is given. Words of consequences (``exonic`` in ANNOVAR's Region) tell no samples apart.
    """
    may = bool(specimen_columns(table.columns)) or any(map(may_be_either, table.columns))
    may = may or any(c.strip().lower() in _SECOND for c in table.columns)
    if not may or all(i in known for i in rows["sample_id"].drop_nulls().unique()):
        return rows, []
    if finer := _finer(rows, table):
        ids = table[finer].str.strip_chars().replace("", None).fill_null(rows["sample_id"])
        owner = pl.coalesce(optional(rows, "patient_id"), pl.col("sample_id")).alias("patient_id")
        out = rows.with_columns(owner).with_columns(ids.alias("sample_id"))
        note = f"{file}: {finer} tells the samples of an id apart: {out['sample_id'].n_unique():,} samples"
        return out, [f"{note} of {rows['sample_id'].n_unique():,} ids ({out['sample_id'][0]} ...)"]
    columns = [c for c in specimen_columns(table.columns) if not _of_consequences(table[c])]
    columns += [c for c in table.columns if may_be_either(c) and kind_of_cells(table[c]) == "sample"]
    ids = rows["sample_id"]
    used = []
    for column in columns:
        values = pl.DataFrame({"id": ids, "word": table[column].str.strip_chars().replace("", None)}).drop_nulls()
        n = values.unique().group_by("id").len()
        if n.height and 1 < int(n["len"].max() or 0) <= _MOST:  # type: ignore[arg-type]
            used.append(column)
    if not used:
        return rows, []
    joined = table.select(pl.concat_str([pl.col(c).str.strip_chars() for c in used], separator="_", ignore_nulls=True))
    word = joined.to_series().str.replace_all(r"[^\w.+-]+", "_").str.strip_chars("_")
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


def _of_consequences(cells: pl.Series) -> bool:
    """Whether a word of a column is one of a consequence."""
    return any(effect.is_known(w) for w in cells.drop_nulls().unique().head(_MOST) if w not in ("", ".", "-"))
