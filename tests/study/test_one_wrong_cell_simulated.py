"""Metamorphic guard on the simulated studies: one wrong cell of a mutated row never makes a patient wild type.

Of each of four findings a patient of the simulated study is taken who has it, with the one sample that shows it, so
that no other sample could say it. Refused with a message, still mutated, or not assessable: nothing else may come out.
"""

from __future__ import annotations

import hashlib
import random
from functools import cache

import polars as pl
import pytest
from tests.studies import SIXTY, made

from oncourse.cohort import Cohort
from oncourse.knowledge.evaluate import NO, YES, evaluate
from oncourse.knowledge.expression import parse
from oncourse.study.model import Study
from oncourse.study.validate import validate

RAS = "12,13,59,61,117,146"
#: Finding -> design, gene, protein change (null: any), rule that holds, rule that must not.
FINDINGS = {
    "KRAS": ("crc", "KRAS", None, f"mutation(KRAS:{RAS})", f"wild_type(KRAS:{RAS})"),
    "BRAF V600E": ("crc", "BRAF", "p.V600E", "mutation(BRAF:V600E)", "wild_type(BRAF:V600E)"),
    "BRCA2": ("mcrpc", "BRCA2", None, "loss(BRCA2)", "wild_type(BRCA2)"),
    "AR L702H": ("mcrpc", "AR", "p.L702H", "mutation(AR:L702H)", "wild_type(AR:L702H)"),
}
RULES = {name: rules for name, (_, _, _, *rules) in FINDINGS.items()} | {"MSI": ["msi = high", "msi = stable"]}
GENES = [
    "",
    "kras",
    "KRAS;LRMP",
    "LRMP",
    "TP53",
    "9-Sep",
    "Unknown",
    ".",
    "NM_004985",
    "K-RAS",
    "某基因",
    "BRCA1",
    "x",
    "BRAF基因",
    "3845",
    "ENSG00000133703",
    "2E+05",
    "N/A",
    "无",
]
CHANGES = [
    "",
    "p.A18V",
    "G12=",
    "p.G12C",
    "?",
    "p.V640E",
    "p.R5*",
    "p.K117fs",
    "12",
    "c.35G>A",
    "p.G12D/p.G13D",
    "突变",
    "p.(=)",
    "p.Met1?",
    "G12X",
    "Gly12",
    "N/A",
]
EFFECTS = [
    "",
    "Silent",
    "Intron",
    "3'UTR",
    "synonymous_variant",
    "IGR",
    "gibberish",
    "Frame_Shift_Del",
    "RNA",
    "错义突变",
    "exonic",
    "splice_region_variant",
    "5'Flank",
    "未知",
]
COUNTS = ["", "0", "-1", "x", "1", "5000", "3e2", "12%", "30/100"]
FILTERS = ["", "LowQual", "germline", "oxog", "PASS", "weak_evidence", ".", "Tier5", "不通过", "-", "fail", "PASS;oxog"]
ORIGINS = ["", "unknown", "germline", "chip", "x", "胚系"]
#: No other place among them: a row that names one is of another variant, and nothing can tell.
IDS = ["", "x", "?", "12:25245350", "99:5:A:T", "chr-C-T", "突变1", "NM_004985:c.35G>A"]
CELLS = {
    ("variants", "gene"): GENES,
    ("variants", "hgvs_p"): CHANGES,
    ("variants", "hgvs_c"): ["", "c.35G>A", "x", "c.1A>T", "c.=", "?"],
    ("variants", "consequence"): EFFECTS,
    ("variants", "variant_id"): IDS,
    ("calls", "variant_id"): IDS,
    ("calls", "alt_count"): COUNTS,
    ("calls", "depth"): COUNTS,
    ("calls", "is_called"): ["", "x", "yes", "1", "真"],
    ("calls", "filter"): FILTERS,
    ("calls", "origin"): ORIGINS,
    ("calls", "sample_id"): ["", "x", "S 1"],
}
#: Of the row of a microsatellite-instable sample; another word for stable among them would be a fact, no wrong cell.
MSI = {
    ("samples", "msi_status"): [
        "",
        "MSI",
        "msi-h",
        "H",
        "high",
        "dMMR",
        "高度微卫星不稳定",
        "不稳定",
        "MSI-H (PCR)",
        "MSI高",
        "x",
        "?",
        "未知",
        "1",
        "0.4",
        "Instable",
        "indeterminate",
        "N/A",
    ],
    ("samples", "msi_score"): ["", "x", "-1", "0", "1", "45%", "0.45", "45", "1e9", "高"],
    ("samples", "tmb_per_mb"): COUNTS,
    ("samples", "purity"): COUNTS,
    ("samples", "material"): ["", "血浆", "plasma", "x", "normal", "FFPE", "白细胞"],
    ("samples", "lesion_id"): ["", "x"],
    ("samples", "assay_id"): ["", "x", "wes"],
    ("samples", "day"): ["", "x", "-5", "1e9", "2020-01-01"],
    ("samples", "sample_id"): ["", "x", "S 1"],
    ("samples", "patient_id"): ["", "x"],
}
ALL = [(name, table, column, value) for name in FINDINGS for (table, column), vs in CELLS.items() for value in vs]
ALL += [("MSI", table, column, value) for (table, column), vs in MSI.items() for value in vs]


@cache
def _cut(name: str) -> tuple[dict[str, pl.DataFrame], pl.Expr, object]:
    """Return the tables (text) of one patient with one sample that shows the finding, its row, the settings."""
    return _msi() if name == "MSI" else _mutated(name)


def _of_one(tables: dict[str, pl.DataFrame], sample: str, patient: str) -> dict[str, pl.DataFrame]:
    out = {}
    for table, frame in tables.items():
        if "sample_id" in frame.columns:
            frame = frame.filter(pl.col("sample_id") == sample)
        elif "patient_id" in frame.columns:
            frame = frame.filter(pl.col("patient_id") == patient)
        out[table] = frame
    return out


#: What the findings rest on; the laboratory, treatments and visits of the patient say nothing of them, and take most of
#: the time.
TOLD = ("patients", "lesions", "samples", "assays", "variants", "calls", "segments", "markers")


def _as_text(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    told = {t: tables[t] for t in TOLD if t in tables}
    text = {t: f.with_columns(pl.col(pl.Boolean).cast(pl.String)).cast(pl.String) for t, f in told.items()}
    return {t: f for t, f in text.items() if f.height or t == "calls"}


def _msi() -> tuple[dict[str, pl.DataFrame], pl.Expr, object]:
    new = made("crc", 60, SIXTY["crc"])
    high = new.tables["samples"].filter((pl.col("msi_status") == "MSI-H") & (pl.col("material") == "tissue"))
    sample, patient = high.sort("sample_id").select("sample_id", "patient_id").row(-1)
    return _as_text(_of_one(new.tables, sample, patient)), pl.col("sample_id") == sample, new.config


def _mutated(name: str) -> tuple[dict[str, pl.DataFrame], pl.Expr, object]:
    design, gene, change, _, _ = FINDINGS[name]
    new = made(design, 60, SIXTY[design])
    found = new.tables["calls"].filter("is_called").join(new.tables["variants"], on="variant_id")
    found = found.filter((pl.col("gene") == gene) & (pl.col("alt_count") >= 15))
    found = found if change is None else found.filter(pl.col("hgvs_p") == change)
    found = found.join(new.tables["samples"].select("sample_id", "patient_id"), on="sample_id").sort("sample_id")
    sample, variant, patient = found.select("sample_id", "variant_id", "patient_id").row(0)
    tables = _of_one(new.tables, sample, patient)
    others = (pl.col("gene") != gene) | (pl.col("variant_id") == variant)
    tables["variants"] = tables["variants"].filter(others.fill_null(True))
    kept = tables["calls"].join(tables["variants"], on="variant_id", how="semi")
    tables["calls"] = kept
    tables["variants"] = tables["variants"].join(kept, on="variant_id", how="semi")
    return _as_text(tables), pl.col("variant_id") == variant, new.config


def _changed(name: str, table: str, column: str, value: str) -> Study | None:
    tables, row, config = _cut(name)
    cell = pl.when(row).then(pl.lit(value or None)).otherwise(column).alias(column)
    typed, problems = validate(tables | {table: tables[table].with_columns(cell)}, config)
    return None if any(p.severity == "error" for p in problems) else Study(config, typed, warnings=tuple(problems))


#: Findings and tables that were judged: a third of the wrong cells are read as what another one, or the right one, is.
_judged: set[tuple[str, str]] = set()


def _guard(name: str, table: str, column: str, value: str) -> None:
    study = _changed(name, table, column, value)
    if study is None:
        return
    read = "".join(f"{table}\n{frame.write_csv()}" for table, frame in sorted(study.tables.items()))
    asked = name, hashlib.sha256(read.encode()).hexdigest()
    if asked in _judged:
        return
    has, lacks = RULES[name]
    for patient in Cohort(study).findings.patients.values():
        assert evaluate(parse(lacks), patient).truth != YES
        assert evaluate(parse(has), patient).truth != NO
    _judged.add(asked)


@pytest.mark.parametrize("name", list(RULES))
def test_the_unchanged_patient_has_the_finding(name):
    tables, _, config = _cut(name)
    study = Study(config, validate(tables, config)[0])
    patient = next(iter(Cohort(study).findings.patients.values()))
    assert evaluate(parse(RULES[name][0]), patient).truth == YES


@pytest.mark.parametrize(("name", "table", "column", "value"), random.Random(1).sample(ALL, 60))
def test_one_wrong_cell_makes_no_wild_type(name, table, column, value):
    _guard(name, table, column, value)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "table", "column", "value"), ALL)
def test_no_wrong_cell_makes_a_wild_type(name, table, column, value):
    _guard(name, table, column, value)
