"""What the names of a report's samples say where no column does: whose they are (P1血, P1癌), and of what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from oncourse.io.clinical.own_materials import material_of, words_of_lesion
from oncourse.io.reading import Reading
from oncourse.io.whose.ids import first_pairs
from oncourse.io.whose.sample_names import (
    Stems,
    is_white_cells,
    names_nobody,
    normals_among,
    of_one_beginning,
    sample_of_file,
)
from oncourse.study.schema import Problem
from oncourse.study.words import meaning


def by_their_names(rows: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return rows with patient and material of samples whose names are one beginning with words of several materials or
    lesions behind it, where the report names no patients; with the materials of names behind those of the patients, where
    it does. Both are told; a material that the report gives stands."""
    samples = rows["sample_id"].drop_nulls().unique(maintain_order=True).to_list()
    if rows["patient_id"].is_not_null().any():
        material = _materials(_behind_patients(rows), samples)
        listed = {s for s, w in rows.select("sample_id", "material").iter_rows() if w is not None}
        if "samples" in reading.tables:
            listed |= set(reading.tables["samples"]["sample_id"].cast(pl.String).drop_nulls())
        if told := {s: w for s, w in material.items() if s not in listed and w != "tissue"}:
            message = f"{len(told):,} samples are what their names say ({first_pairs(told)})."
            cure = "Give the report a column of materials (样本类型), if that is not so."
            reading.problems.append(Problem("samples", None, "material", next(iter(told)), message, cure, "warning"))
        return _with(rows, {}, material)
    if (repeated := _of_repeats(rows, reading)) is not None:
        return repeated
    owners = _owners(samples)
    if not owners:
        return rows
    material = _materials(_behind(owners.items()), samples)
    message = f"{len(owners):,} samples are of one patient by their names ({first_pairs(owners)})"
    message += f", and what they are by their words ({first_pairs(material)})." if material else "."
    cure = "Give the report a column of patients (患者编号) and of materials (样本类型), if that is not so."
    reading.problems.append(Problem("samples", None, "patient_id", samples[0], message, cure, "warning"))
    return _with(rows, owners, material)


def patients_of_all(tables: Mapping[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the tables of several reports joined with one patient for each sample, and that in words: whom another report
    names beside it, else whom its name and the names of the others' samples say (`_owners`).

    Of a report that names nobody a sample is a patient of its own; only these are given to another.
    """
    samples = tables.get("samples")
    if samples is None or not {"sample_id", "patient_id"} <= set(samples.columns):
        return dict(tables), []
    pairs = samples.select("sample_id", "patient_id").drop_nulls().unique(maintain_order=True).rows()
    named = {s: p for s, p in pairs if s != p}
    alone = [s for s, p in pairs if s == p]
    owners = {s: p for s, p in {**_owners(list(dict.fromkeys(s for s, _ in pairs))), **named}.items() if s in alone}
    if not owners:
        return dict(tables), []
    owner = pl.col("patient_id").cast(pl.String).replace(owners)
    whole = {n: t.with_columns(owner) if "patient_id" in t.columns else t for n, t in tables.items()}
    message = f"{len(owners):,} samples are of one patient with those of other reports ({first_pairs(owners)})."
    cure = "Give every report a column of patients (患者编号), if that is not so."
    return whole, [Problem("samples", None, "patient_id", next(iter(owners)), message, cure, "warning")]


def _with(rows: pl.DataFrame, owners: dict[str, str], material: dict[str, str]) -> pl.DataFrame:
    """Return rows with the patients and materials of samples; those that the rows have themselves stand."""
    said = (
        pl.coalesce(column, pl.col("sample_id").replace_strict(of, default=None, return_dtype=pl.String)).alias(column)
        for column, of in (("patient_id", owners), ("material", material))
        if of
    )
    return rows.with_columns(*said)


def _owners(samples: list[str]) -> dict[str, str]:
    """Return sample -> patient by the beginnings of names: of several lesions, materials or times, of a tumour and its
    normal, and what else begins as these do (张三-肝转 beside 张三-血).

    >>> _owners(["李四-T", "李四-N", "张三-原发", "张三-血", "张三-XX", "王五"])
    {'张三-原发': '张三', '张三-血': '张三', '李四-N': '李四', '李四-T': '李四', '张三-XX': '张三'}
    """
    owners = of_one_beginning(samples)
    for normal, (stem, others) in normals_among(samples).items():
        owners |= {s: stem for s in (normal, *others) if s not in owners}
    # letters alone may be a centre that numbers its patients
    stems = Stems({s for s in owners.values() if re.search(r"[0-9]|[^\x00-\x7F]", s)})
    for sample in samples:
        found = [] if sample in owners else stems.of(sample)
        if len(found) == 1 and not re.search(r"[_.-]", sample[len(found[0]) + 1 :]):
            owners[sample] = found[0]
    return owners


def _behind_patients(rows: pl.DataFrame) -> dict[str, str]:
    """Return sample -> the words behind its patient's name (P1血, P4-WBC)."""
    return _behind(rows.select("sample_id", "patient_id").drop_nulls().unique(maintain_order=True).iter_rows())


def _behind(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    rest = ((s, s.removeprefix(p).strip(" _.-()（）")) for s, p in pairs if s.startswith(p))
    return {s: word for s, word in rest if word}


def _materials(words: dict[str, str], samples: list[str]) -> dict[str, str]:
    """Return sample -> material by the words of its name, where they say one; normals beside a tumour are no tissue of
    it."""
    normals = {s: "white_cells" if is_white_cells(s) else "normal" for s in normals_among(samples)}
    said = {s: w for s, word in words.items() if (w := material_of_name(word))}
    return normals | {s: w for s, w in said.items() if s not in normals}


def material_of_name(word: str) -> str | None:
    """Return the material of the words of a name, numbered or not; the role of a lesion stays in words.

    >>> [material_of_name(w) for w in ("血1", "术前血浆", "WBC", "FFPE", "肝转", "原发灶2", "T1", "P", "02")]
    ['血', 'plasma', 'white_cells', 'tissue', '肝转移', '原发灶', None, None, None]
    """
    bare = re.sub(r"[\s_.-]*\d+$", "", word)
    bare = re.sub(r"^([肝肺骨脑])转$", r"\1转移", bare)
    if len(bare) < 2 and bare.isascii():
        return None
    said = material_of_word(bare)
    is_lesion = bool(meaning("role", bare)) or words_of_lesion(bare)
    return bare if is_lesion and said in (None, "tissue") else said


#: What is written behind the name of a sample that was measured again.
_AGAIN = re.compile(r"(?i)^(.+?)[\s_.(（-]*(?:重测|复测|复检|重检|重做|补测|re-?runs?|re-?tests?|repeat)\s*\d*[)）]?$")


def _of_repeats(rows: pl.DataFrame, reading: Reading) -> pl.DataFrame | None:
    """Return rows with the patient of samples that were measured again (S1-重测 of S1); null where none was, and told."""
    samples = rows["sample_id"].drop_nulls().unique(maintain_order=True).to_list()
    again = {s: m[1] for s in samples if (m := _AGAIN.match(s)) and m[1] in samples}
    if not again:
        return None
    message = (
        f"{len(again):,} samples are others measured again by their names ({first_pairs(again)}): of the same patients."
    )
    cure = "Keep one of both, or give the report a column of patients (患者编号)."
    reading.problems.append(Problem("samples", None, "patient_id", next(iter(again)), message, cure, "warning"))
    owner = pl.col("sample_id").replace(again)
    return rows.with_columns(owner.alias("patient_id"))


#: What the name of a file says of itself behind the sample: 张三_组织_检测报告.
REPORT = re.compile(
    r"(?i)[\s_.-]*(?:(?:肿瘤)?(?:基因|分子|ngs)?(?:检测)?(?:报告单?|结果)|(?:gene|ngs|molecular)?[\s_-]*report)\d*$"
)
#: Names of folders and files that say what they hold and not whose.
_NO_NAME = re.compile(
    r"(?i)^(?:(?:肿瘤|基因|分子|ngs|病理|检测|报告单?|结果|数据|资料|附件|汇总|panel|gene|molecular|results?|reports?|data|tables?|variants?|"
    r"mutations?|突变|变异|列表)[\s_.-]*)*\d?$"
)


def of_folder(path: Path, within: Path | None) -> dict[str, str]:
    """Return patient, sample and, where the names say it, material of a report by its folders below `within`, the first of
    which is called after the patient; nothing where there is none.

    >>> of_folder(Path("x/P01/检测报告/report.csv"), Path("x"))
    {'patient_id': 'P01', 'sample_id': 'P01'}
    >>> of_folder(Path("x/P01/P01_血浆.xlsx"), Path("x")), of_folder(Path("x/P01.xlsx"), Path("x"))
    ({'patient_id': 'P01', 'sample_id': 'P01_血浆', 'material': 'plasma'}, {})
    """
    if within is None or len(parts := path.relative_to(within).parts) < 2:
        return {}
    patient = parts[0]
    last = REPORT.sub("", sample_of_file(Path(path.name)))
    words = [
        w.removeprefix(patient).strip(" _.-") for w in (*parts[1:-1], "" if names_nobody(Path(path.name)) else last)
    ]
    words = [w for w in words if not _NO_NAME.match(w)]
    materials = {m for w in words if (m := meaning("material", w))}
    said = {"patient_id": patient, "sample_id": "_".join([patient, *words])}
    return said | ({"material": materials.pop()} if len(materials) == 1 else {})


def material_of_word(word: str) -> str | None:
    """Return the material of a word behind a name; blood stays blood, to be told (`panel_rows`).

    >>> [material_of_word(w) for w in ("血", "癌", "血浆", "肝转移", "术前", "白细胞")]
    ['血', 'tissue', 'plasma', 'tissue', None, 'white_cells']
    """
    if meaning("blood", word):
        return word
    if meaning("role", word) or word in ("癌", "瘤"):
        return "tissue"
    return meaning("material", word) or material_of(word)
