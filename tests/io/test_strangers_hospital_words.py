"""Words of hospitals for a gene, mismatch repair, death and survival beside patients, samples or calls: what they say, and
what they leave open. Sources: reports of Chinese hospitals as they are usually worded; R's survival (status 1, 2); tables of
cBioPortal and of trial offices."""

from __future__ import annotations

import doctest

import polars as pl
import pytest
from tests.io.strangers import KRAS_ROW, MAF, states_of, write_book, write_table

from oncourse.facts.markers import NEGATIVE, UNCLEAR, marker_state
from oncourse.io.aside import checked
from oncourse.io.clinical import everyday_names, own_genes, own_msi, survival
from oncourse.io.detect import read_any
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.hospital.workbook import read_workbook
from oncourse.io.whose.ids import matched

PEOPLE = [["患者编号", "性别", "诊断日期"], ["P1", "男", "2021-03-05"], ["P2", "女", "2021-03-05"]]


@pytest.mark.parametrize("module", [everyday_names, own_genes, own_msi, survival])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def _samples(tmp_path, columns, first, second, where="样本"):
    """Return a workbook of two samples, or patients, with results in columns."""
    rows = {
        "患者": [list(r) for r in PEOPLE],
        "样本": [["样本编号", "患者编号", "样本类型"], ["S1", "P1", "原发灶"], ["S2", "P2", "原发灶"]],
    }
    for row, more in zip(rows[where], (columns, first, second), strict=True):
        row += more
    return read_any(write_book(tmp_path / "x.xlsx", **rows))


@pytest.mark.parametrize("where", ["样本", "患者"])
def test_genes_in_columns_are_recorded_tests(tmp_path, where):
    """Beside patients they were kept and read by nobody; 未检测 is no wild type, and one gene is not RAS."""
    columns = ["KRAS", "NRAS", "BRAF"]
    reading = _samples(
        tmp_path, columns, ["G12D突变型", "野生型", "V600E阴性"], ["野生型", "未检测", "未见突变"], where
    )
    assert states_of(reading, "RAS") == {"S1": "positive", "S2": "not_assessable"}
    assert states_of(reading, "BRAF V600E") == {"S1": "negative", "S2": "negative"}


@pytest.mark.parametrize(
    ("words", "ras"),
    [
        ("突变", "not_assessable"),  # of BRAF, maybe
        ("野生型", "negative"),
        ("KRAS突变", "positive"),
        ("BRAF V600E", "not_assessable"),
    ],
)
def test_a_column_of_several_genes_says_of_each_what_it_can(tmp_path, words, ras):
    """RAS/BRAF: 突变 would have been RAS mutant."""
    assert states_of(_samples(tmp_path, ["RAS/BRAF"], [words], ["未检测"]), "RAS")["S1"] == ras


def test_words_of_one_column_name_genes_clause_by_clause(tmp_path):
    reading = _samples(tmp_path, ["基因检测结果"], ["KRAS G12D突变，NRAS/BRAF野生型"], ["KRAS、NRAS、BRAF均为野生型"])
    assert states_of(reading, "RAS") == {"S1": "positive", "S2": "negative"}
    assert states_of(reading, "BRAF V600E") == {"S1": "negative", "S2": "negative"}


@pytest.mark.parametrize(
    ("columns", "lost", "kept"),
    [
        (["MMR"], ["dMMR"], ["pMMR"]),
        (["MSI状态"], ["错配修复蛋白表达缺失"], ["pMMR（MLH1+，MSH2+，MSH6+，PMS2+）"]),
        (["MLH1", "PMS2", "MSH2", "MSH6"], ["-", "-", "+", "+"], ["+", "+", "+", "+"]),
        (["MLH1蛋白", "PMS2蛋白", "MSH2蛋白", "MSH6蛋白"], ["阴性", "阴性", "阳性", "阳性"], ["阳性"] * 4),
    ],
)
def test_mismatch_repair_in_the_words_of_pathology(tmp_path, columns, lost, kept):
    """错配修复蛋白完整 refused the workbook; four proteins, and MMR, were columns nobody reads."""
    assert states_of(_samples(tmp_path, columns, lost, kept), "MSI-H/dMMR") == {"S1": "positive", "S2": "negative"}


def test_three_proteins_kept_are_no_proficient_repair(tmp_path):
    reading = _samples(tmp_path, ["MLH1", "PMS2", "MSH2"], ["+", "+", "+"], ["-", "-", "+"])
    assert states_of(reading, "MSI-H/dMMR") == {"S1": "not_assessable", "S2": "positive"}


def test_a_result_of_a_patient_is_not_that_of_his_plasma(tmp_path):
    rows = {
        "患者": [[*PEOPLE[0], "KRAS"], [*PEOPLE[1], "G12D"]],
        "样本": [["样本编号", "患者编号", "样本类型"], ["S1", "P1", "血浆"]],
    }
    tables, _ = checked(read_any(write_book(tmp_path / "x.xlsx", **rows)))
    assert tables["markers"].select("patient_id", "sample_id", "value").rows() == [("P1", None, "G12D")]


def _beside(tmp_path, clinical, *samples):
    """Return follow_up of calls beside a clinical table, and what is told."""
    lines = [KRAS_ROW.replace("\tS1\t", f"\t{s}\t") for s in samples or ("S1", "S2")]
    path = tmp_path / "clinical.csv"
    path.write_text(clinical)
    reading = read_delivery([write_table(tmp_path / "a.maf", "\n".join([MAF, *lines]))], clinical=[path])
    tables, problems = checked(reading)
    told = [*map(str, reading.problems), *map(str, problems), *reading.notes]
    follow_up = tables.get("follow_up", pl.DataFrame(schema={"patient_id": pl.String}))
    return (
        tables,
        dict(
            follow_up.select("patient_id", pl.lit(None).alias("d") if follow_up.is_empty() else "is_dead").iter_rows()
        ),
        told,
    )


@pytest.mark.parametrize(
    ("names", "first", "second"),
    [
        ("OS_MONTHS,Death", "10,Yes", "20,No"),
        ("OS (months),OS event", "10,1", "20,0"),
        ("OS_MONTHS,Alive", "10,No", "20,Yes"),
        ("OS_MONTHS,Vital status", "10,Dead", "20,Alive"),
        ('OS_DAYS,"Vital status (0=dead, 1=alive)"', "300,0", "600,1"),
        ("总生存期(月),生存状态", "10,死亡", "20,存活"),
        ("OS_MONTHS,Death (1=yes)", "10,1", "20,0"),
        ("OS_MONTHS,Survival status: 0=alive 1=dead", "10,1", "20,0"),
        ("Survival (months),Dead (y/n)", "10,y", "20,n"),
        (
            "Date of diagnosis,Last follow-up,Date of death",
            "2021-03-05,2022-01-10,2022-01-10",
            "2021-03-05,2022-01-10,",
        ),
    ],
)
def test_survival_of_a_clinical_table_under_everyday_names(tmp_path, names, first, second):
    """Nobody had a follow-up, and nothing said so: only cBioPortal's and TCGA's own names were read."""
    _, dead, _ = _beside(tmp_path, f"Sample ID,Patient ID,{names}\nS1,P1,{first}\nS2,P2,{second}\n")
    assert dead["P1"] is True and dead["P2"] in ((None,) if "Date" in names else (False,))


@pytest.mark.parametrize(
    ("names", "first", "second", "words"),
    [
        ("OS_DAYS,OS_STATUS", "300,1", "400,2", "OS_STATUS: 1, 2 is no known status"),  # R: 1 is censored, 2 dead
        ("OS_MONTHS,OS_CENSORED", "10,0", "20,1", "whether 1 is censored or an event is not said"),
        ("OS_MONTHS,Survival status", "10,yes", "20,no", "may mean alive or dead"),
        ("OS,Status", "10.5,Dead", "20.1,Alive", "OS: a time without a unit"),
        ("Sex,Age", "1,60", "2,61", "words of the sex are not understood"),
    ],
)
def test_what_may_be_read_in_two_ways_is_told_and_not_read(tmp_path, names, first, second, words):
    """OS_STATUS of 1 and 2: who was censored was dead."""
    _, dead, told = _beside(tmp_path, f"Sample ID,Patient ID,{names}\nS1,P1,{first}\nS2,P2,{second}\n")
    assert True not in dead.values() and False not in dead.values() and any(words in t for t in told)


def test_a_flat_table_of_patients_beside_the_calls_gives_all_it_holds(tmp_path):
    """Dates, lines of treatment and results of a table by patients: kept as columns, read by nobody."""
    header = "Patient ID,Sex,Date of diagnosis,Last follow-up,Status,First-line regimen,First-line start,MMR"
    rows = "P1,M,2021-03-05,2022-01-10,Alive,FOLFOX,2021-04-01,pMMR\nP2,F,2021-03-06,2022-02-10,Dead,,,dMMR"
    tables, dead, _ = _beside(tmp_path, f"{header}\n{rows}\n", "P1", "P2")
    assert dead == {"P1": False, "P2": True}
    assert tables["treatments"].select("patient_id", "drugs", "start_day", "line").rows() == [("P1", "FOLFOX", 27, 1)]
    assert tables["samples"].select("sample_id", "patient_id").rows() == [("P1", "P1"), ("P2", "P2")]


def test_zeros_within_an_id_are_no_difference(tmp_path):
    """S1 of the laboratory and S01 of the workbook were two samples of two patients."""
    tables, _, _ = _beside(tmp_path, "Sample ID,Patient ID\nS01,P1\nS02,P2\n")
    assert tables["samples"].select("sample_id", "patient_id").sort("sample_id").rows() == [
        ("S01", "P1"),
        ("S02", "P2"),
    ]
    assert matched(["S1"], ["S01", "S001"])[0] == {}


def test_the_laboratory_s_ids_may_stand_in_a_column_of_the_workbook(tmp_path):
    """测序编号 beside 样本编号: the samples of the calls were patients of their own."""
    samples = [
        ["样本编号", "患者编号", "样本类型", "测序编号"],
        ["A1", "P1", "原发灶", "L001"],
        ["A2", "P2", "原发灶", "L002"],
    ]
    book = write_book(tmp_path / "x.xlsx", 患者=PEOPLE, 样本=samples)
    lines = [KRAS_ROW.replace("\tS1\t", f"\t{s}\t") for s in ("L001", "L002")]
    reading = read_delivery([write_table(tmp_path / "a.maf", "\n".join([MAF, *lines]))], clinical=[book])
    assert checked(reading)[0]["samples"].select("sample_id", "patient_id").rows() == [("A1", "P1"), ("A2", "P2")]


def test_ras_raf_in_one_column_is_of_all_three_genes(tmp_path):
    """RAS/RAF is how hospitals head it: the column was a covariate of the patients, and nothing said so."""
    rows = [
        "患者编号,诊断日期,末次随访日期,生存状态,RAS/RAF,MMR",
        "P1,2020-01-01,2022-01-01,存活,均野生,四种蛋白均表达",
    ]
    rows += [
        "P2,2020-01-01,2022-01-01,存活,RAS突变/RAF野生,",
        "P3,2020-01-01,2022-01-01,存活,KRAS野生 BRAF V600E突变,均阳性",
    ]
    (tmp_path / "患者.csv").write_text("\n".join([*rows, ""]), "utf-8")
    found = read_workbook(tmp_path / "患者.csv").tables["markers"].select("patient_id", "marker", "value").rows()
    assert found == [
        ("P1", "RAS/BRAF", "均野生"),
        ("P2", "RAS", "突变"),
        ("P2", "BRAF", "野生"),
        ("P3", "KRAS", "野生"),
        ("P3", "BRAF", "V600E突变"),
        ("P1", "MMR", "四种蛋白均表达"),
        ("P3", "MMR", "均阳性"),
    ]
    assert [marker_state("MMR", w) for w in ("四种蛋白均表达", "均阳性", "MLH1阳性")] == [NEGATIVE, NEGATIVE, UNCLEAR]
