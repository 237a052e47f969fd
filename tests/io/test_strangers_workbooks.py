"""Workbooks of hospitals: what their cells say of themselves, and what becomes of each column."""

from __future__ import annotations

import pytest
from tests.io.strangers import write_book

from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.io.whose.ids import owner_of


@pytest.fixture
def reading(tmp_path):
    """Three samples of two patients, types and purities as they are typed."""
    path = write_book(
        tmp_path / "x.xlsx",
        患者=[["患者编号", "性别", "病理备注", "空列"], ["P1", "男", "x", ""], ["P2", "女", "", ""]],
        样本=[
            ["样本编号", "患者编号", "样本类型", "肿瘤纯度"],
            ["A", "P1", "原发灶", "60%"],
            ["B", "P1", "肝转移灶", "45％"],
            ["C", "P2", "原发灶", "<10%"],
        ],
    )
    return read_any(path)


def test_a_purity_that_says_percent_is_percent(reading):
    """60% was no finite number: the import stopped."""
    tables, problems = checked(reading)
    assert tables["samples"].select("sample_id", "purity").rows() == [("A", 0.6), ("B", 0.45), ("C", None)]
    assert [p.value for p in [*reading.problems, *problems] if p.column == "purity"] == ["<10%"]


def test_a_metastasis_somewhere_among_the_materials_is_a_lesion_there(reading):
    """肝转移灶 was no allowed material: the import stopped."""
    found = reading.tables["lesions"].select("lesion_id", "role", "site").sort("lesion_id").rows()
    assert found == [
        ("B_lesion", "metastasis", "liver"),
        ("P1_primary", "primary", None),
        ("P2_primary", "primary", None),
    ]


def test_every_column_of_a_sheet_is_in_the_intake(reading):
    """Of a workbook's own tables no column was."""
    columns = {c: (state, became) for file, c, state, became, *_ in reading.ledger.columns if "患者" in file}
    assert columns == {
        "patient_id": ("used", "patients.patient_id"),
        "性别": ("used", "patients.sex"),
        "病理备注": ("kept", ""),
        "空列": ("empty", ""),
    }


@pytest.mark.parametrize(
    ("sample", "patients", "owner"),
    [("P1_9", {"P1", "P2"}, "P1"), ("P1-2", {"P1", "P1-1"}, None), ("CRC_12", {"CRC"}, None), ("P10_1", {"P1"}, None)],
)
def test_a_numbered_sample_is_of_the_listed_patient(sample, patients, owner):
    """P1_1, P1_2 beside a clinical table of P1 and P2 were four more patients, and P1 and P2 had no sample."""
    assert owner_of(sample, patients) == owner
