"""AR-V7 named with its method or material: both deliveries of a stranger lost every result (not recorded, said the page)."""

from __future__ import annotations

import pytest

from oncourse.cohort import Cohort
from oncourse.facts.markers import marker_name, marker_state
from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.study.model import Study

NAMES = ["AR-V7 mRNA (RT-PCR)", "AR-V7（RT-PCR）", "AR-V7 (CTC)", "CTC AR-V7", "AR-V7剪接变异体", "AR-V7(CTC,RT-PCR)"]
NAMES += ["AR splice variant 7", "AR剪接变异体7(CTC)", "AR-V7 protein (IF)"]
NAMES += ["AR-V7 (CTC-RNA)", "ARV7 (whole blood)", "Nuclear AR-V7", "AR_V7检测结果"]
_TABLES = {
    "patients": "patient_id,index_date\nP1,2022-01-01\nP2,2022-01-01\n",
    "follow_up": "patient_id,last_contact_date,is_dead\nP1,2023-12-31,false\nP2,2023-12-31,false\n",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["markers", "samples", "sheet"])
def test_a_test_of_ar_v7_by_any_method_is_one(tmp_path, name, place):
    tables = dict(_TABLES)
    tables["samples"] = "sample_id,patient_id,material,role\nP1T,P1,tissue,metastasis\nP2T,P2,tissue,metastasis\n"
    cell = f'"{name}"'
    if place == "markers":
        tables["markers"] = (
            f"patient_id,date,marker,value\nP1,2022-01-04,{cell},Positive\nP2,2022-01-04,{cell},Negative\n"
        )
    elif place == "samples":
        lines = tables["samples"].split("\n")
        tables["samples"] = "\n".join(f"{a},{b}" for a, b in zip(lines, [cell, "阳性", "阴性"], strict=False))
    else:
        tables["AR-V7检测"] = f"患者编号,检测日期,{cell}\nP1,2022-01-04,阳性(+)\nP2,2022-01-04,阴性(-)\n"
    for file, text in tables.items():
        (tmp_path / f"{file}.csv").write_text(text, "utf-8")
    reading = read_any(tmp_path)
    found = Cohort(Study(reading.config, checked(reading)[0])).patient_statuses.filter(status="AR-V7")
    assert dict(found.select("patient_id", "state").iter_rows()) == {"P1": "positive", "P2": "negative"}


def test_what_is_measured_beside_it_is_no_result_of_ar_v7():
    for name in ("AR-V7/AR-FL ratio", "AR-V7 copies", "AR-V7表达量", "AR-V567es", "AR-V1"):
        assert marker_name(name) != "AR-V7"


def test_her2_named_with_its_method_is_the_test_of_it():
    """HER2 (IHC) 3+ was a marker of its own, so that no rule saw it."""
    for name in ("HER2 (IHC)", "HER2（免疫组化）", "HER2 (IHC 4B5)", "HER-2（免疫组化，VENTANA）"):
        assert marker_name(name, "3+") == "HER2 IHC"
    for name in ("HER2 (FISH)", "HER2（FISH，PathVysion）", "HER2 (dual ISH)"):
        assert marker_name(name, "positive") == "HER2 ISH"
    assert marker_name("HER2 (NGS)", "3+") == "HER2 (NGS)"


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("阳性(+)", "positive"),
        ("阳性（+）", "positive"),
        ("检出", "positive"),
        ("检测到", "positive"),
        ("+", "positive"),
    ]
    + [
        ("阴性(-)", "negative"),
        ("（-）", "negative"),
        ("未检出", "negative"),
        ("未检测到", "negative"),
        ("-", "unclear"),
    ],
)
def test_a_result_in_words_and_signs(value, state):
    """检测到 was unclear; a lone dash is no result."""
    assert marker_state("AR-V7", value) == state


def _problems(folder, **tables):
    given = {
        **_TABLES,
        "samples": "sample_id,patient_id,material,role\nP1T,P1,tissue,metastasis\nP2T,P2,tissue,metastasis\n",
    }
    for file, text in {**given, **tables}.items():
        (folder / f"{file}.csv").write_text(text, "utf-8")
    return [f"{p.column}: {p.message}" for p in checked(read_any(folder))[1] if p.table in ("markers", "patients")]


@pytest.mark.parametrize("column", ["AR-V7/AR-FL", "HRD评分（Myriad）", "血液TMB", "PD-L1 CPS (22C3)"])
def test_a_column_that_looks_like_a_marker_and_is_not_read_is_told(tmp_path, column):
    """Import and check said "no problem found", and the page "not recorded"."""
    patients = f"patient_id,index_date,{column}\nP1,2022-01-01,12\nP2,2022-01-01,/\n"
    told = _problems(tmp_path, patients=patients)
    assert [t for t in told if t.startswith(column) and "is not read: 1 patients have a value" in t]


def test_a_name_or_value_of_a_marker_that_is_not_understood_is_told(tmp_path):
    rows = "P1,2022-01-04,AR-V7/AR-FL ratio,0.4\nP1,2022-01-04,AR-V7,12\nP2,2022-01-04,AR-V7,未做\n"
    told = _problems(tmp_path, markers=f"patient_id,date,marker,value\n{rows}")
    assert told == [
        "value: 1 values of AR-V7 are neither positive nor negative (12): unclear.",
        "marker: the marker AR-V7/AR-FL ratio is not read as AR-V7: it is kept under its own name.",
    ]


def test_dates_and_methods_beside_a_marker_and_markers_that_are_read_are_not_told(tmp_path):
    patients = (
        "patient_id,index_date,AR-V7,AR-V7检测日期,MSI方法\nP1,2022-01-01,阳性,2022-01-03,PCR\nP2,2022-01-01,-,,\n"
    )
    assert _problems(tmp_path, patients=patients) == []
