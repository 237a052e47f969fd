"""Clinical inputs as strangers send them: a death without its day, dates of many forms, split and merged lesions."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.aside import checked
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.cdisc.sdtm import read_sdtm
from oncourse.io.clinical.redcap import read_redcap
from oncourse.io.reports.mapping import read_mapped


def _table(path, *rows, separator="\t"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(separator.join(map(str, row)) for row in rows) + "\n")


def test_a_death_without_its_day_is_no_event_at_the_last_contact(tmp_path):
    """TCGA's vital status Dead with a last contact alone became a death on that day."""
    _table(tmp_path / "data_clinical_sample.txt", ("SAMPLE_ID", "PATIENT_ID"), *[(f"S{i}", f"P{i}") for i in (1, 2, 3)])
    _table(
        tmp_path / "data_clinical_patient.txt",
        ("PATIENT_ID", "VITAL_STATUS", "DAYS_TO_DEATH", "DAYS_TO_LAST_FOLLOWUP"),
        ("P1", "Dead", 300, 250),
        ("P2", "Alive", "", 400),
        ("P3", "Dead", "", 100),
    )
    reading = read_cbioportal(tmp_path)
    rows = (
        reading.tables["follow_up"]
        .sort("patient_id")
        .select("last_contact_day", "is_dead", "death_day", "death_earliest_day")
        .rows()
    )
    assert rows == [(300, True, 300, None), (400, False, None, None), (100, True, None, 100)]
    assert reading.tables["published_endpoints"].sort("patient_id")["is_event"].to_list() == [True, False, None]
    assert any("first: P3" in p.message for p in reading.problems)


def test_a_chinese_follow_up_table_of_mixed_dates_is_read(tmp_path):
    """2023/5/1, 2022.3.4, 2023年5月1日, full-width digits, 失访 (lost: censored at the last contact)."""
    text = (
        "患者编号,性别,年龄,末次随访日期,是否死亡,死亡日期,诊断日期\nP1,男,61,2023/5/1,存活,,2021-01-05\n"
        "P2,女,５５,,死亡,2022.3.4,20210203\nP3,男,70,2023年5月1日,失访,,2021/3/8\n"
    )
    (tmp_path / "x.csv").write_bytes(text.encode("gb18030"))
    (tmp_path / "m.yaml").write_text("tables:\n- {table: patients, columns: {}}\n- {table: follow_up, columns: {}}\n")
    tables, problems = checked(read_mapped(tmp_path / "x.csv", tmp_path / "m.yaml"))
    assert not [p for p in problems if p.severity == "error"]
    assert tables["patients"].select("sex", "age_years").rows() == [("male", 61.0), ("female", 55.0), ("male", 70.0)]
    assert tables["follow_up"].select("patient_id", "last_contact_day", "is_dead", "death_day").rows() == [
        ("P1", 846, False, None),
        ("P2", 394, True, 394),
        ("P3", 784, False, None),
    ]


def _sdtm(folder, tu, tr):
    dm = [("STUDYID", "USUBJID", "RFSTDTC", "RFXSTDTC"), ("X", "01", "2020-01-01", "2020-01-01")]
    _table(folder / "dm.csv", *dm, separator=",")
    _table(folder / "tu.csv", ("USUBJID", "TULNKID", "TUTESTCD", "TUSTRESC", "TUDTC", "VISIT"), *tu, separator=",")
    rows = [("01", link, "LDIAM", mm, mm, date, visit) for link, mm, date, visit in tr]
    head = ("USUBJID", "TRLNKID", "TRTESTCD", "TRSTRESN", "TRSTRESC", "TRDTC", "VISIT")
    _table(folder / "tr.csv", head, *rows, separator=",")
    lesions = read_sdtm(folder).tables["target_lesions"].sort("date", "lesion_id")
    return lesions.select("date", "lesion_id", "diameter_mm").rows()


BASE, WEEK = ("2019-12-20", "SCREENING"), ("2020-03-01", "WEEK 8")


def _found(*links):
    return [("01", link, "TUMIDENT", "TARGET", *BASE) for link in links]


@pytest.mark.parametrize(("one", "two"), [("T01.1", "T01.2"), ("T01a", "T01b"), ("T01-1", "T01-2")])
def test_the_parts_of_a_split_lesion_are_added(tmp_path, one, two):
    """RECIST 1.1, 4.3.2; SDTMIG 3.4 TU: TUSPLIT. The lesion was missing at week 8, its parts had no baseline."""
    tu = [*_found("T01"), ("01", one, "TUSPLIT", "TARGET", *WEEK), ("01", two, "TUSPLIT", "TARGET", *WEEK)]
    lesions = _sdtm(tmp_path, tu, [("T01", 40, *BASE), (one, 10, *WEEK), (two, 12, *WEEK)])
    assert lesions == [("2019-12-20", "T01", 40.0), ("2020-03-01", "T01", 22.0)]


def test_merged_lesions_have_one_diameter(tmp_path):
    """SDTMIG 3.4 TU: TUMERGE, T01/T02."""
    tu = [*_found("T01", "T02"), ("01", "T01/T02", "TUMERGE", "TARGET", *WEEK)]
    lesions = _sdtm(tmp_path, tu, [("T01", 20, *BASE), ("T02", 15, *BASE), ("T01/T02", 30, *WEEK)])
    frame = pl.DataFrame(lesions, schema=["date", "lesion", "mm"], orient="row")
    sums = frame.group_by("date", maintain_order=True).agg(pl.col("mm").sum()).rows()
    assert sums == [("2019-12-20", 35.0), ("2020-03-01", 30.0)]


def test_what_a_hospital_does_not_know_is_unknown(tmp_path):
    """A day 0 of a month lost the patient; 未知 refused the table; 44321 is a spreadsheet's 2021-05-05."""
    text = "患者编号,末次随访日期,是否死亡,死亡日期,诊断日期\n"
    text += "P1,44321,未知,,2021-01-05\nP2,2021-11-20,死亡,2021-12,2021-02\n"
    (tmp_path / "x.csv").write_text(text)
    (tmp_path / "m.yaml").write_text("tables:\n- {table: patients, columns: {}}\n- {table: follow_up, columns: {}}\n")
    tables, problems = checked(read_mapped(tmp_path / "x.csv", tmp_path / "m.yaml"))
    assert not [p for p in problems if p.severity == "error"]
    found = tables["follow_up"].select("last_contact_day", "is_dead", "death_day", "death_latest_day")
    assert found.rows() == [(120, None, None, None), (292, True, 318, 333)]
    assert any(p.column == "index_date" and "first of the month" in p.message for p in problems)


def test_redcap_scans_units_and_deaths(tmp_path):
    """Scans of a repeating instrument were not read, CEA (ng/mL) had no unit, a death without a day was on the last
    one."""
    (tmp_path / "x.csv").write_text(
        "record_id,redcap_repeat_instrument,redcap_repeat_instance,dx_date,vital,last_fu,cea,cea_date,resp,resp_date\n"
        "1,,,2020-01-01,1,2021-01-01,,,,\n1,lab,1,,,,5.5,2020-02-05,,\n1,scan,1,,,,,,2,2020-03-20\n2,,,2020-01-01,9,2021-01-01,,,,\n"
    )
    (tmp_path / "x_DataDictionary.csv").write_text(
        'Variable / Field Name,Field Label,"Choices, Calculations, OR Slider Labels"\n'
        'vital,Vital status,"0, Alive | 1, Dead | 9, Unknown"\ncea,CEA (ng/mL),\n'
        'resp,RECIST response,"1, CR | 2, PR | 3, SD | 4, PD"\n'
    )
    reading = read_redcap(tmp_path)
    assert reading.tables["assessments"].select("date", "overall").rows() == [("2020-03-20", "PR")]
    assert reading.tables["labs"].select("value", "unit").rows() == [("5.5", "ng/mL")]
    found = reading.tables["follow_up"].select("is_dead", "death_date", "death_earliest_date").rows()
    assert found == [("true", None, "2021-01-01"), (None, None, None)]
    assert any("dead without a day of death (first: 1)" in p.message for p in reading.problems)
