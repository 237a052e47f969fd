"""Reports that say only whether a gene is mutated, and words that deny a change: what a stranger's reports of the last
day of November 2026 found wrong."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.facts.markers import NEGATIVE, POSITIVE
from oncourse.facts.recorded import gene_records
from oncourse.facts.report_words import finding
from oncourse.io.aside import checked
from oncourse.io.detect import read_any


def _read(folder, *rows, header="样本编号,基因,检测结果"):
    (folder / "r.csv").write_text("\n".join([header, *rows]) + "\n")
    return read_any(folder / "r.csv")


def _ids(reading):
    return reading.tables["calls"]["variant_id"].to_list()


def _targets(reading):
    sets = dict(reading.tables["assays"].select("assay_id", "targets").iter_rows())
    return {s: sets[a] for s, a in reading.listed.items()}


def _ras(reading):
    """Return sample -> state of RAS."""
    from oncourse.cohort import Cohort
    from oncourse.study.model import Study

    tables, problems = checked(reading)
    assert not [p for p in problems if p.severity == "error"]
    states = Cohort(Study(reading.config, tables)).statuses.filter(pl.col("status") == "RAS")
    return dict(states.select("sample_id", "state").iter_rows())


@pytest.mark.parametrize(
    "words",
    [
        "G12D 阴性",
        "未见G12D",
        "G12D: not detected",
        "G12D(-)",
        "G12C/G12D/G12V均阴性",
        "G12C,G12D阴性",
        "p.G12D,阴性",
        "G12D 0%",
    ],
)
def test_words_that_deny_a_change_find_none(tmp_path, words):
    """ "V600E突变阴性" was a called V600E, and the patient's status positive. The rest of the gene stays open."""
    reading = _read(tmp_path, f'P1,KRAS,"{words}"', "P2,KRAS,野生型")
    assert _ids(reading) == []
    assert _targets(reading) == {"P1": ";", "P2": "KRAS"}


@pytest.mark.parametrize(
    ("words", "state", "part"),
    [
        ("未检出KRAS基因突变", "absent", False),
        ("野生型（未检出突变）", "absent", False),
        ("No variant found", "absent", False),
        ("not mutated", "absent", False),
        ("未检出热点突变", "absent", True),
        ("no pathogenic variant detected", "absent", True),
        ("胚系未检出", "absent", True),
        ("样本质量不合格，未出结果", "untested", False),
        ("可疑突变", "doubt", False),
        ("不能排除突变", "doubt", False),
        ("杂合，野生型/突变", "doubt", False),
        ("无义突变", None, False),
        ("Mutation Detected", "present", False),
    ],
)
def test_sentences_of_laboratories_are_read_by_their_words(words, state, part):
    assert (finding(words).state, finding(words).is_part) == (state, part)


def test_one_change_denied_and_another_found_is_the_one_found(tmp_path):
    assert _ids(_read(tmp_path, "P1,KRAS,未检出G12D；检出G13D 5%")) == ["KRAS:p.G13D"]


def test_a_mutation_without_its_change_is_a_status_by_statement(tmp_path):
    """The words "KRAS 12号密码子突变", "exon 2 突变型", "RAS 突变型" are a positive status; no change is made up."""
    rows = [
        "P1,KRAS,12号密码子突变",
        "P1,NRAS,野生型",
        "P2,KRAS,exon 2 突变型",
        "P3,RAS,突变型",
        "P4,全RAS,野生型",
        "P5,KRAS,可疑突变",
    ]
    reading = _read(tmp_path, *rows, "P6,KRAS 12号密码子,野生型", "P6,NRAS,野生型")
    assert _ids(reading) == ["KRAS:line7"]
    assert _targets(reading)["P1"] == "NRAS"
    unknown = "not_assessable"
    states = {"P1": "positive", "P2": "positive", "P3": "positive", "P4": "negative", "P5": unknown, "P6": unknown}
    assert _ras(reading) == states
    assert any("mutated and not how" in p.message for p in reading.problems)
    doubted = [row for row in reading.ledger.rows if row[2] == "not understood"]
    assert [(row[1], row[3], row[5]) for row in doubted] == [("calls", 1, "KRAS: 可疑突变")]  # the intake page names it


def test_a_gene_of_a_change_that_is_not_understood_is_never_wild_type(tmp_path):
    """Changes named by their exon are understood here as they are in a MAF."""
    rows = ("P1,EGFR,19del", "P2,MET,14外显子跳跃突变", "P3,EGFR,未检出敏感突变", "P4,EGFR,结构改变")
    reading = _read(tmp_path, *rows)
    assert _ids(reading) == ["EGFR:p.exon 19 deletion", "MET:p.exon 14 skipping", "EGFR:line5"]
    assert _targets(reading)["P3"] == ";"


@pytest.mark.parametrize(
    ("gene", "call"),
    [("BRAF-V600E", "BRAF:p.V600E"), ("BRAFV600E", "BRAF:p.V600E"), ("NM_004333.4(BRAF) V600E", "BRAF:p.V600E")],
)
def test_a_change_written_onto_its_gene_is_no_fusion(tmp_path, gene, call):
    """BRAF-V600E was a fusion of BRAF with V600E."""
    reading = _read(tmp_path, f"P1,{gene},阳性")
    assert _ids(reading) == [call]
    assert "fusions" not in reading.tables


@pytest.mark.parametrize(
    ("marker", "value", "state", "change", "whole"),
    [
        ("BRAF", "V600E 阴性", NEGATIVE, "V600E", False),
        ("KRAS", "12号密码子突变", POSITIVE, "", True),
    ],
)
def test_a_recorded_marker_reads_the_same_words(marker, value, state, change, whole):
    row = {"patient_id": "P1", "sample_id": None, "day": 0, "marker": marker, "value": value, "state": "unclear"}
    found = gene_records(pl.DataFrame([row | {"source": "markers"}]))
    assert [(r.state, r.change, r.is_whole) for r in found] == [(state, change, whole)]


@pytest.mark.parametrize(
    ("marker", "value"), [("KRAS", "未检出热点突变"), ("KRAS codon 12", "wt"), ("KRAS", "可疑突变")]
)
def test_a_record_of_a_part_or_of_doubt_says_nothing_of_the_gene(marker, value):
    row = {"patient_id": "P1", "sample_id": None, "day": 0, "marker": marker, "value": value, "state": "negative"}
    assert gene_records(pl.DataFrame([row | {"source": "markers"}])) == []
