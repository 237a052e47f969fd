"""Words of a sample sheet in ours: names of columns, roles, days and fractions, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncourse.study.words import meaning, our_columns, plain

#: Column of reads.tsv -> what other sheets call it (as `plain` writes it, blanks and dashes as _). From memory of sample
#: sheets of nf-core/sarek, bcbio and sequencing centres.
COLUMN_WORDS: dict[str, tuple[str, ...]] = {
    "patient": ("patient_id", "patientid", "subject", "subject_id", "individual", "case", "case_id", "病人"),
    "sample": ("sample_id", "sampleid", "sample_name", "specimen", "样本", "标本", "样品"),
    "role": ("sample_role", "sample_type", "tissue_type", "角色", "material", "类型"),
    "lesion": ("lesion_id", "site", "病灶", "部位"),
    "day": ("day_taken", "days", "天", "天数", "相对天数"),
    "lane": ("lane_id", "泳道"),
    "fastq_1": ("fq1", "fq_1", "fastq1", "fastq_r1", "read1", "read_1", "r1", "reads_1", "file_1"),
    "fastq_2": ("fq2", "fq_2", "fastq2", "fastq_r2", "read2", "read_2", "r2", "reads_2", "file_2"),
    "bam": ("bam_file", "bam_path"),
    "cram": ("cram_file", "cram_path"),
    "assay": ("assay_id", "panel", "检测", "检测方法", "捕获试剂盒"),
    "umi": ("umi_structure", "read_structure", "分子标签"),
    "preservation": ("ffpe", "保存", "保存方式", "样本保存"),
    "purity": ("tumor_purity", "tumour_purity", "purity_guess", "纯度"),
}
#: Role -> words that the vocabulary of clinical tables (`oncourse.study.words`) does not hold for it.
ROLE_WORDS: dict[str, tuple[str, ...]] = {
    "white_cells": ("buffy_coat", "pbmc", "pbmcs", "leucocytes", "外周血单个核细胞", "血沉棕黄层"),
    "normal": ("n", "blood", "whole_blood", "germline", "control", "外周血", "全血", "血液"),
}
_YES, _NO = ("yes", "true", "1", "y", "是"), ("no", "false", "0", "n", "否")


def our_names(columns: Sequence[str]) -> dict[str, str]:
    """Return their name -> column of reads.tsv, where ours is not there already.

    >>> our_names(["患者编号", "Sample ID", "R1", "角色", "lane"])
    {'患者编号': 'patient', 'Sample ID': 'sample', 'R1': 'fastq_1', '角色': 'role'}
    """
    words = {word: ours for ours, others in COLUMN_WORDS.items() for word in (ours, *others)}
    clinical = our_columns(columns)
    taken, out = set(columns), {}
    for name in columns:
        ours = words.get(_joined(name)) or words.get(clinical.get(name, ""))
        if ours and ours not in taken:
            out[name] = ours
            taken.add(ours)
    return out


def role_of(text: str) -> str:
    """Return the role that a word means, the word itself where none is known.

    >>> [role_of(w) for w in ("WBC", "白细胞", "原发灶", "Metastatic", "cfDNA", "Whole blood", "tumour")]
    ['white_cells', 'white_cells', 'primary', 'metastasis', 'plasma', 'normal', 'tumour']
    """
    word = _joined(text)
    own = next((role for role, words in ROLE_WORDS.items() if word in words), None)
    return own or meaning("role", text) or meaning("role", word) or meaning("material", text) or word


def preservation_of(text: str, column: str | None) -> str:
    """Return how tissue was kept; a column `ffpe` says yes or no.

    >>> preservation_of("yes", "FFPE"), preservation_of("0", "ffpe"), preservation_of("frozen", None)
    ('FFPE', '', 'frozen')
    """
    if column is None or _joined(column) != "ffpe":
        return text
    word = plain(text)
    return "FFPE" if word in _YES else "" if word in _NO else text


def day_of(text: str) -> int | None:
    """Return a whole number of days, as a spreadsheet may write it (12.0); None of what is none.

    >>> day_of("12"), day_of("-3.0"), day_of("2023-05-01"), day_of("1.5")
    (12, -3, None, None)
    """
    found = re.fullmatch(r"([+-]?\d+)(?:\.0*)?", text)
    return int(found[1]) if found else None


def fraction_of(text: str) -> float | None:
    """Return a fraction; a cell that says % is percent by itself; None of what is no number.

    >>> fraction_of("0.6"), fraction_of("60%"), fraction_of("60 ％"), fraction_of("high")
    (0.6, 0.6, 0.6, None)
    """
    found = re.fullmatch(r"(\d*\.?\d+)\s*(%?)", plain(text))
    return None if found is None else float(found[1]) / (100 if found[2] else 1)


def _joined(text: str) -> str:
    return re.sub(r"[\s-]+", "_", plain(text))
