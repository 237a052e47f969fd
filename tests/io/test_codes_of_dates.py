"""Dates that are codes (1900-01-01, 9999-12-31) in exports: no death, no recurrence, and the last contact stays."""

from __future__ import annotations

import json

import pytest

from oncourse.io import load_study
from oncourse.io.clinical.fhir import read_fhir
from oncourse.io.clinical.redcap import read_redcap
from oncourse.io.hospital.workbook import read_workbook
from oncourse.study.validate import validate


def _follow_up(reading):
    tables, problems = validate(reading.tables, reading.config)
    return tables["follow_up"], [p.message for p in [*reading.problems, *problems]]


def test_a_code_for_a_date_in_redcap_sets_nothing_aside(tmp_path):
    """A date of death of 1900-01-01 made a living patient dead and set aside the row's last contact; of two forms the
    recurrence of 1900-01-01 was the first."""
    (tmp_path / "p.csv").write_text(
        "record_id,dx_date,last_contact_date,death_date,vital_status,recurrence_date\n"
        "1,2020-01-01,2021-01-01,1900-01-01,alive,\n"
        "2,2020-01-01,2021-01-01,9999-12-31,alive,1900-01-01\n"
        "2,2020-01-01,1900-01-01,,alive,2020-09-01\n"
        "3,2020-01-01,1900-01-01,2020-09-09,dead,\n"
    )
    follow, told = _follow_up(read_redcap(tmp_path / "p.csv"))
    assert follow.select("patient_id", "last_contact_day", "is_dead", "death_day", "recurrence_day").rows() == [
        ("1", 366, False, None, None),
        ("2", 366, False, None, 244),
        ("3", 252, True, 252, None),
    ]
    assert "2 values are codes where a day is not known (1900-01-01, 9999-12-31): taken as unknown." in told


def _bundle(deceased, *seen):
    subject = {"reference": "Patient/P1"}
    cancer = {"text": "Colon cancer", "coding": [{"code": "C18.7"}]}
    resources = [
        {"resourceType": "Patient", "id": "P1", "deceasedDateTime": deceased},
        {"resourceType": "Condition", "subject": subject, "code": cancer, "onsetDateTime": "2020-01-01"},
    ]
    for day in seen:
        value = {"valueQuantity": {"value": 3, "unit": "ng/mL"}, "code": {"coding": [{"code": "2039-6"}]}}
        told = {"resourceType": "Observation", "status": "final", "subject": subject, "effectiveDateTime": day}
        resources.append(told | value)
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]})


@pytest.mark.parametrize(
    ("deceased", "seen", "right"),
    [
        ("2021-05", (), (0, True, 486, 516)),
        ("2021", (), (0, True, 366, 730)),
        ("2021-05", ("2020-03-01",), (60, True, 486, 516)),
        ("2021-05", ("2021-05-20",), (505, True, 505, 516)),
        ("2021-05-03T10:00:00+08:00", (), (488, True, None, None)),
        ("9999-12-31", ("2020-03-01",), (60, None, None, None)),
        ("1900-01-01", ("2020-03-01", "9999-12-31"), (60, None, None, None)),
    ],
)
def test_a_death_in_fhir_known_by_its_month_is_a_death_in_that_month(tmp_path, deceased, seen, right):
    """HL7's dateTime may be YYYY or YYYY-MM (admiral#1020, #1300): of a patient seen on no other day the row was left out
    with the death; 9999-12-31 was a death, and follow-up until then."""
    (tmp_path / "b.json").write_text(_bundle(deceased, *seen))
    follow, _ = _follow_up(read_fhir(tmp_path / "b.json"))
    assert follow.select("last_contact_day", "is_dead", "death_earliest_day", "death_latest_day").row(0) == right


def test_a_code_in_a_hospitals_table_is_no_death(tmp_path):
    """A cell of 9999-12-31 beside an empty status made the patient dead."""
    (tmp_path / "z.csv").write_text(
        "患者编号,诊断日期,末次随访日期,死亡日期,生存状态\nP1,2020-01-01,2021-01-01,1900-01-01,存活\n"
        "P2,2020-01-01,2021-01-01,9999-12-31,\nP3,2020-01-01,2021/3/1,2021/3/1,死亡\n",
        "utf-8",
    )
    follow, told = _follow_up(read_workbook(tmp_path / "z.csv"))
    assert follow.select("last_contact_day", "is_dead", "death_day").rows() == [
        (366, False, None),
        (366, None, None),
        (425, True, 425),
    ]
    assert sum("codes where a day" in m for m in told) == 1


def test_a_folder_of_ours_with_a_code_is_read(tmp_path):
    """recurrence_day 9999 of a folder was a recurrence after 27 years."""
    for name, text in {
        "patients": "patient_id\nP1\nP2\n",
        "samples": "sample_id\tpatient_id\tmaterial\nT1\tP1\ttissue\n",
        "calls": "sample_id\tvariant_id\tis_called\nT1\t12:25398284:C:T\ttrue\n",
        "follow_up": "patient_id\tlast_contact_day\tis_dead\trecurrence_day\nP1\t410\tfalse\t9999\nP2\t500\tfalse\t90\n",
    }.items():
        (tmp_path / f"{name}.tsv").write_text(text)
    (tmp_path / "study.yaml").write_text("title: x\ndesign: crc\ngenome_build: GRCh37\n")
    study = load_study(tmp_path)
    assert study["follow_up"]["recurrence_day"].to_list() == [None, 90]
    assert study["follow_up"]["last_contact_day"].to_list() == [410, 500]
    assert any("codes where a day is not known (9999)" in str(w) for w in study.warnings)
