"""AR-V7 named with its method or material: both deliveries of a stranger lost every result (not recorded, said the page)."""

from __future__ import annotations

import pytest

from oncourse.cohort import Cohort
from oncourse.facts.markers import marker_name
from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.study.model import Study

NAMES = ["AR-V7 mRNA (RT-PCR)", "AR-V7（RT-PCR）", "AR-V7 (CTC)", "CTC AR-V7", "AR-V7剪接变异体", "AR-V7(CTC,RT-PCR)"]
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
