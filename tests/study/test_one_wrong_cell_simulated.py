"""Metamorphic guard on the simulated studies: one wrong cell of a mutated row never makes a patient wild type.

Of each of four findings a patient of the simulated study is taken who has it, with the one sample that shows it, so
that no other sample could say it. Refused with a message, still mutated, or not assessable: nothing else may come out.
"""

from __future__ import annotations

import random
from functools import cache

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.knowledge.evaluate import NO, YES, evaluate
from oncourse.knowledge.expression import parse
from oncourse.simulate.study import simulate_study
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
]
COUNTS = ["", "0", "-1", "x", "1", "5000", "3e2", "12%", "30/100"]
FILTERS = ["", "LowQual", "germline", "oxog", "PASS", "weak_evidence", ".", "Tier5", "不通过"]
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
ALL = [(name, table, column, value) for name in FINDINGS for (table, column), vs in CELLS.items() for value in vs]


@cache
def _cut(name: str) -> tuple[dict[str, pl.DataFrame], str, object]:
    """Return the tables (text) of one patient with one sample that shows the finding, its variant, the settings."""
    design, gene, change, _, _ = FINDINGS[name]
    made = simulate_study(design, 40, 1)
    found = made.tables["calls"].filter("is_called").join(made.tables["variants"], on="variant_id")
    found = found.filter((pl.col("gene") == gene) & (pl.col("alt_count") >= 15))
    found = found if change is None else found.filter(pl.col("hgvs_p") == change)
    found = found.join(made.tables["samples"].select("sample_id", "patient_id"), on="sample_id").sort("sample_id")
    sample, variant, patient = found.select("sample_id", "variant_id", "patient_id").row(0)
    tables = {}
    for table, frame in made.tables.items():
        if "sample_id" in frame.columns:
            frame = frame.filter(pl.col("sample_id") == sample)
        elif "patient_id" in frame.columns:
            frame = frame.filter(pl.col("patient_id") == patient)
        tables[table] = frame
    others = (pl.col("gene") != gene) | (pl.col("variant_id") == variant)
    tables["variants"] = tables["variants"].filter(others.fill_null(True))
    kept = tables["calls"].join(tables["variants"], on="variant_id", how="semi")
    tables["calls"] = kept
    tables["variants"] = tables["variants"].join(kept, on="variant_id", how="semi")
    text = {t: f.with_columns(pl.col(pl.Boolean).cast(pl.String)).cast(pl.String) for t, f in tables.items()}
    return {t: f for t, f in text.items() if f.height or t == "calls"}, variant, made.config


def _changed(name: str, table: str, column: str, value: str) -> Study | None:
    tables, variant, config = _cut(name)
    row = pl.col("variant_id") == variant
    cell = pl.when(row).then(pl.lit(value or None)).otherwise(column).alias(column)
    typed, problems = validate(tables | {table: tables[table].with_columns(cell)}, config)
    return None if any(p.severity == "error" for p in problems) else Study(config, typed, warnings=tuple(problems))


def _guard(name: str, table: str, column: str, value: str) -> None:
    study = _changed(name, table, column, value)
    if study is None:
        return
    findings = Cohort(study).findings.patients
    patient = next(iter(findings.values()))
    _, _, _, mutated, wild_type = FINDINGS[name]
    assert evaluate(parse(wild_type), patient).truth != YES
    assert evaluate(parse(mutated), patient).truth != NO


@pytest.mark.parametrize("name", list(FINDINGS))
def test_the_unchanged_patient_has_the_finding(name):
    tables, _, config = _cut(name)
    study = Study(config, validate(tables, config)[0])
    patient = next(iter(Cohort(study).findings.patients.values()))
    assert evaluate(parse(FINDINGS[name][3]), patient).truth == YES


@pytest.mark.parametrize(("name", "table", "column", "value"), random.Random(1).sample(ALL, 40))
def test_one_wrong_cell_makes_no_wild_type(name, table, column, value):
    _guard(name, table, column, value)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "table", "column", "value"), ALL)
def test_no_wrong_cell_makes_a_wild_type(name, table, column, value):
    _guard(name, table, column, value)
