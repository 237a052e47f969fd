"""What the names of a workbook's sheets of reports say: several sheets are several samples (组织 and 血浆, 治疗前 and
进展后), or one is a list of drugs and no finding."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from oncourse.io.reading import Reading
from oncourse.io.reports.names import material_of_word
from oncourse.io.reports.panel_headers import panel_columns
from oncourse.io.reports.wide import MOMENT
from oncourse.io.tabular.sheets import Sheet
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

_DRUGS = re.compile(r"药|敏感性|耐药|临床试验|证据|drug|therap|medication|trial|evidence|pharmac", re.I)
_GENOTYPES = re.compile(r"基因型|genotype|diplotype", re.I)
_FINDINGS = re.compile(
    r"融合|重排|拷贝|扩增|胚系|体细胞|突变|变异|cnv|snv|indel|fusion|germline|somatic|variant|mutation", re.I
)
#: Columns of which a sheet of findings has one.
_FOUND = {"vaf", "depth", "alt_count", "copies", "pos"}


def without_hints(name: str, sheets: Sequence[Sheet], reading: Reading) -> list[Sheet]:
    """Return the sheets that hold findings: not those that list drugs for variants, found or not, or inherited genotypes,
    where another sheet holds what was found; they are told."""
    hints = [s for s in sheets if _is_hint(s)]
    if not hints or len(hints) == len(sheets):
        return list(sheets)
    for sheet in hints:
        reading.ledger.file(
            f"{name}: {sheet.name}", "other", "not read", n_rows=len(sheet.rows), why="lists drugs or genotypes"
        )
    shown = ", ".join(s.name for s in hints)
    message = f"{shown}: a list of drugs or of inherited genotypes beside the findings; not read."
    cure = "Put variants that were found there into the sheet of findings."
    reading.problems.append(Problem(name, None, None, hints[0].name, message, cure, "warning"))
    return [s for s in sheets if s not in hints]


def _is_hint(sheet: Sheet) -> bool:
    header = [c for c in sheet.header if c]
    ours = set(panel_columns(header).values())
    if _FINDINGS.search(sheet.name) and not _DRUGS.search(sheet.name):
        return False
    speaks = bool(_DRUGS.search(sheet.name)) or any(_DRUGS.search(c) or _GENOTYPES.search(c) for c in header)
    return speaks and not ours & _FOUND


#: What the name of a sheet says beside the sample: 血液检测, 组织突变结果.
_OF_A_SHEET = re.compile(r"(?i)(?:ngs|基因|突变|变异|检测|检出|结果|报告|列表|样[本品]|标本|数据)+$")


def of_sheets(frames: Sequence[pl.DataFrame], sheets: Sequence[Sheet], reading: Reading) -> list[pl.DataFrame]:
    """Return the rows of each sheet with a sample of its own, where sheets are called by materials or times and name the
    same samples or patients; else as they are."""
    named = [_OF_A_SHEET.sub("", s.name.strip()) for s in sheets]
    words = {i: w for i, w in enumerate(named) if is_word_of_sample(w)}
    each = [set(frames[i]["sample_id"].drop_nulls()) for i in words]
    several = len(set(words.values())) > 1 and (
        len(words) == len(sheets) or len({*map(material_of_word, words.values())}) > 1
    )
    alike = several and sum(map(len, each)) > len(set().union(*each))
    out = list(frames)
    for i, word in words.items():
        frame = frames[i]
        said = (
            [pl.lit(w).alias("material")] if (w := material_of_word(word)) and "material" not in frame.columns else []
        )
        if alike:
            patient = [] if "patient_id" in frame.columns else [pl.col("sample_id").alias("patient_id")]
            said += [pl.format("{}_{}", "sample_id", pl.lit(word)).alias("sample_id"), *patient]
        out[i] = frame.with_columns(said)
    if alike:
        shown = ", ".join(sheets[i].name.strip() for i in words)
        message = f"the sheets {shown} name the same samples: each sheet is read as a sample of its own."
        cure = "Give each its sample_id (样本编号), if that is not so."
        reading.problems.append(
            Problem("samples", None, "sample_id", words[next(iter(words))], message, cure, "warning")
        )
    return out


def is_word_of_sample(word: str) -> bool:
    """Whether the name of a sheet tells a sample of a patient: a material, a lesion, a time.

    >>> [is_word_of_sample(w) for w in ("组织", "血浆", "治疗前", "进展后", "肝转移", "C2", "融合", "SNV")]
    [True, True, True, True, True, True, False, False]
    """
    return bool(meaning("material", word) or meaning("blood", word) or meaning("role", word) or MOMENT.match(word))
