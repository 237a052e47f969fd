"""A word means the same whatever the door: a workbook, a study folder, a table beside the calls.

Every word of the vocabulary was sent through each of them; these are the kinds in which they differed.
"""

from __future__ import annotations

import polars as pl
import pytest
from tests.io.strangers import write_book
from tests.io.test_one_vital_status import MAF, ZERO

from oncourse.io.detect import read_any
from oncourse.io.hospital.delivery import read_delivery
from oncourse.study.validate import validate


def typed_of(reading):
    """Return the typed tables, and (table, column, value) of every error."""
    tables, found = validate(reading.tables, reading.config, reading.first_row, reading.reference)
    return tables, {(p.table, p.column, p.value) for p in found if p.severity == "error"}


def flat_workbook(path, header, rows):
    return read_any(write_book(path / "x.xlsx", 患者=[["患者编号", "诊断日期", *header], *rows]))


def flat_beside(path, header, rows):
    (path / "a.maf").write_text(MAF + "".join(f"KRAS\t12\t25398284\t25398284\tC\tT\t{r[0]}\n" for r in rows))
    table = [["患者编号", "诊断日期", *header], *rows]
    (path / "c.csv").write_text("\n".join(",".join(r) for r in table) + "\n")
    return read_delivery([path / "a.maf"], clinical=[path / "c.csv"])


FLAT = (flat_workbook, flat_beside)


def rows_of(reading, table, *columns):
    frame = typed_of(reading)[0].get(table)
    return [] if frame is None else sorted(frame.select(columns).rows(), key=str)


@pytest.mark.parametrize("door", FLAT)
def test_a_line_in_columns_beside_the_patients_is_a_treatment(tmp_path, door):
    """Beside calls 一线方案 with its start was not read: nobody was treated. 未化疗 with a date was a treatment without a
    drug."""
    drugs = ["FOLFOX", "未化疗", "未行化疗", "no treatment", "无", "观察"]
    rows = [[f"P{i}", ZERO, drug, "2021-04-01"] for i, drug in enumerate(drugs)]
    reading = door(tmp_path, ["一线方案", "一线开始日期"], rows)
    found = rows_of(reading, "treatments", "patient_id", "drugs", "start_day", "line")
    assert found == [("P0", "FOLFOX", 27, 1), ("P5", "观察", 27, 1)]


@pytest.mark.parametrize("door", FLAT)
def test_words_that_deny_a_recurrence_and_places_that_are_none(tmp_path, door):
    """未复发 under 是否复发 was not understood where 否 was; 不详 was the organ of a metastasis."""
    cases = [("否", ""), ("未复发", "不详"), ("no recurrence", "-"), ("是", "未知"), ("不详", "肝、肺")]
    rows = [[f"P{i}", ZERO, "2022-02-10", "存活", word, place] for i, (word, place) in enumerate(cases)]
    reading = door(tmp_path, ["末次随访日期", "生存状态", "是否复发", "复发部位"], rows)
    free = dict(rows_of(reading, "follow_up", "patient_id", "recurrence_free_day"))
    assert free == {"P0": 342, "P1": 342, "P2": 342, "P3": None, "P4": None}
    assert rows_of(reading, "lesions", "patient_id", "site") == [("P4", "liver"), ("P4", "lung")]


MATERIALS = {"胸水": None, "腹水": None, "脑脊液": None, "ascites": None, "CSF": None, "胸水上清cfDNA": "plasma"}
MATERIALS |= {"骨髓": "tissue", "胸水沉渣": "tissue", "穿刺组织": "tissue", "血浆": "plasma", "白细胞": "white_cells"}


@pytest.mark.parametrize("door", [read_any, None], ids=["workbook", "beside"])
def test_a_fluid_is_no_tissue(tmp_path, door):
    """胸水 was an error in a workbook and tissue beside calls: are its cells meant, or what is dissolved in it?"""
    table = [["sample_id", "patient_id", "material"]]
    table += [[f"S{i}", f"P{i}", word] for i, word in enumerate(MATERIALS)]
    if door is not None:
        patients = [["patient_id"], *([r[1]] for r in table[1:])]
        reading = door(write_book(tmp_path / "x.xlsx", patients=patients, samples=table))
    else:
        (tmp_path / "a.maf").write_text(
            MAF + "".join(f"KRAS\t12\t25398284\t25398284\tC\tT\t{r[0]}\n" for r in table[1:])
        )
        (tmp_path / "c.csv").write_text("\n".join(",".join(r) for r in table) + "\n")
        reading = read_delivery([tmp_path / "a.maf"], clinical=[tmp_path / "c.csv"])
    tables, errors = typed_of(reading)
    said = dict(tables["samples"].select("sample_id", "material").rows())
    refused = {value for table, column, value in errors if (table, column) == ("samples", "material")}
    for i, (word, material) in enumerate(MATERIALS.items()):
        assert word in refused if material is None else said[f"S{i}"] == material, word


def test_nothing_given_is_no_line_in_a_study_folder_either(tmp_path):
    (tmp_path / "patients.tsv").write_text("patient_id\nA\nB\n")
    (tmp_path / "samples.tsv").write_text("sample_id\tpatient_id\n")
    (tmp_path / "calls.tsv").write_text("sample_id\tvariant_id\n")
    (tmp_path / "treatments.tsv").write_text("patient_id\tdrugs\tstart_day\nA\t未化疗\t10\nA\tFOLFOX\t90\nB\tnone\t5\n")
    treatments = typed_of(read_any(tmp_path))[0]["treatments"]
    assert treatments.filter(pl.col("drugs").is_not_null()).select("patient_id", "drugs").rows() == [("A", "FOLFOX")]
