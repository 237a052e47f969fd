"""What the names of a report's samples say where no column does: whose they are (P1血, P1癌), and of what."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from oncourse.io.clinical.own_materials import material_of
from oncourse.io.reading import Reading
from oncourse.io.whose.ids import first_pairs
from oncourse.io.whose.sample_names import beginnings, names_nobody, of_one_beginning, sample_of_file
from oncourse.study.schema import Problem
from oncourse.study.words import meaning


def by_their_names(rows: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return rows with patient and material of samples whose names are one beginning with words of several materials or
    lesions behind it, where the report names neither; both are told."""
    if rows["patient_id"].is_not_null().any():
        return rows
    if (repeated := _of_repeats(rows, reading)) is not None:
        return repeated
    samples = rows["sample_id"].drop_nulls().unique(maintain_order=True)
    owners = of_one_beginning(samples)
    if not owners:
        return rows
    words = {s: word for s, (_, word) in beginnings(owners).items()}
    material = {s: w for s, word in words.items() if (w := material_of_word(word))}
    said = pl.col("sample_id")
    rows = rows.with_columns(
        said.replace_strict(owners, default=None, return_dtype=pl.String).alias("patient_id"),
        pl.coalesce("material", said.replace_strict(material, default=None, return_dtype=pl.String)).alias("material"),
    )
    message = f"{len(owners):,} samples are of one patient by their names ({first_pairs(owners)})"
    message += f", and what they are by their words ({first_pairs(material)})." if material else "."
    cure = "Give the report a column of patients (患者编号) and of materials (样本类型), if that is not so."
    reading.problems.append(Problem("samples", None, "patient_id", samples[0], message, cure, "warning"))
    return rows


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
