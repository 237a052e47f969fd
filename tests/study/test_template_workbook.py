"""`oncourse new --xlsx`: the empty workbook, and the same filled in, read back."""

from __future__ import annotations

import datetime as dt
import doctest
import zipfile

import pytest
import xlsxwriter
from click.testing import CliRunner

from oncourse.cli.import_ import import_
from oncourse.cli.new import new
from oncourse.errors import InputError
from oncourse.io.hospital.workbook import read_workbook
from oncourse.io.native import read_native
from oncourse.study import template_workbook
from oncourse.study.tables import TABLES
from oncourse.study.template_workbook import SHEETS, sheet_columns, write_workbook


def test_examples():
    assert doctest.testmod(template_workbook) == (0, 2)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    done = CliRunner().invoke(new, [str(folder / "study"), "--design", "crc", "--xlsx"])
    assert done.exit_code == 0, done.output
    return folder / "study.xlsx"


def test_the_empty_workbook_is_read_back_with_its_settings(empty):
    reading = read_workbook(empty)
    assert reading.config.design == "crc"
    assert dict(reading.config.covariates)["stage"] == "category"
    assert set(reading.tables) == {"patients", "samples", "calls"}
    assert reading.problems == []


def test_words_have_drop_downs_and_dates_are_date_cells(empty):
    """Choices, true/false and references are lists; every sheet has its header."""
    with zipfile.ZipFile(empty) as book:
        sheets = {n: book.read(n).decode() for n in book.namelist() if n.startswith("xl/worksheets/sheet")}
    patients = sheets["xl/worksheets/sheet2.xml"]
    assert "female" in patients or '"male,female"' in patients
    samples = sheets[f"xl/worksheets/sheet{2 + SHEETS.index('samples')}.xml"]
    assert "patients!$A$2:$A$2000" in samples
    assert 'type="date"' in samples


def test_same_design_same_bytes(empty, tmp_path):
    write_workbook(tmp_path / "again.xlsx", "crc")
    assert (tmp_path / "again.xlsx").read_bytes() == empty.read_bytes()


def test_a_workbook_that_is_there_is_not_overwritten(empty):
    done = CliRunner().invoke(new, [str(empty), "--design", "crc", "--xlsx"])
    assert isinstance(done.exception, InputError)


DAY0 = dt.date(2021, 3, 4)
ROWS = {
    "patients": [{"patient_id": "P1", "index_date": DAY0, "sex": "女", "age_years": 61}],
    "follow_up": [{"patient_id": "P1", "last_contact_date": dt.date(2022, 3, 4), "is_dead": "false"}],
    "lesions": [{"lesion_id": "L1", "patient_id": "P1", "role": "primary", "site": "colon", "found_date": DAY0}],
    "samples": [{"sample_id": "S1", "patient_id": "P1", "material": "tissue", "lesion_id": "L1", "date": DAY0}],
    "treatments": [{"patient_id": "P1", "drugs": "FOLFOX", "start_date": dt.date(2021, 4, 4), "line": 1}],
    "calls": [{"sample_id": "S1", "variant_id": "12:25398284:C:T", "alt_count": 30, "depth": 100, "is_called": True}],
}


def test_a_filled_workbook_becomes_a_study_with_days(tmp_path):
    """Date cells become days from the index date; Chinese words are ours."""
    path = tmp_path / "filled.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as book:
        for name in SHEETS:
            sheet = book.add_worksheet(name)
            header = [n for n, _ in sheet_columns(TABLES[name])]
            sheet.write_row(0, 0, header)
            for at, row in enumerate(ROWS.get(name, []), 1):
                for key, value in row.items():
                    sheet.write(at, header.index(key), value)
    done = CliRunner().invoke(import_, ["workbook", str(path), str(tmp_path / "study"), "--build", "GRCh37"])
    assert done.exit_code == 0, done.output
    tables = read_native(tmp_path / "study").tables
    assert tables["patients"]["sex"].to_list() == ["female"]
    assert tables["follow_up"]["last_contact_day"].to_list() == ["365"]
    assert tables["treatments"]["start_day"].to_list() == ["31"]
    assert tables["variants"]["hgvs_p"].to_list() == ["p.G12D"]
