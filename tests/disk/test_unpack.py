"""Packed files that unfold to gigabytes are refused in words, before they fill the memory."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile

import pytest
import xlsxwriter

from oncourse.disk import unpack
from oncourse.disk.unpack import FREE_BYTES, MAX_RATIO, unfolds_too_far, why_not_unpacked
from oncourse.io.assays.bed import read_bed
from oncourse.io.tabular.sheets import NotAWorkbook, read_sheets
from oncourse.io.tabular.text import MAX_COLUMNS, read_table


def bomb(n_bytes):
    """A gzip file of n_bytes of short lines, all the same."""
    packed, line = io.BytesIO(), b"P1\tmale\n" * 131_072
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as stream:
        for _ in range(n_bytes // len(line)):
            stream.write(line)
    return packed.getvalue()


def test_gzip_that_unfolds_without_end_is_refused_at_64_mb(tmp_path):
    """Lines of a constant text unfold to 187 times their size and more."""
    (tmp_path / "patients.tsv").write_bytes(bomb(2 * FREE_BYTES))
    (tmp_path / "targets.bed.gz").write_bytes((tmp_path / "patients.tsv").read_bytes())
    tracemalloc.start()
    table = read_table(tmp_path / "patients.tsv")
    assert read_bed(tmp_path / "targets.bed.gz") is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [f"unfolds to more than {MAX_RATIO} times" in p.message for p in table.problems] == [True]
    assert peak < 2 * FREE_BYTES


def test_a_small_file_may_unfold_as_it_likes(tmp_path):
    """A matrix of zeros unfolds to some 650 times its size: below 64 MB it is read."""
    (tmp_path / "patients.tsv.gz").write_bytes(gzip.compress(b"a\tb\n" + b"0\t0\n" * 250_000))
    table = read_table(tmp_path / "patients.tsv.gz")
    assert table.frame.height == 250_000 and not table.problems
    assert not unfolds_too_far(FREE_BYTES // 650, FREE_BYTES)


def test_a_small_file_of_millions_of_cells_is_refused(tmp_path):
    """A packed table of 200 KB with 62 million empty cells took 2.1 GB: below 64 MB of text, and 34 bytes a cell."""
    path = tmp_path / "patients.tsv.gz"
    header = "\t".join(f"c{i}" for i in range(1_000)).encode()
    path.write_bytes(gzip.compress(header + b"\n" + (b"\t" * 999 + b"\n") * 3_001, 1))
    (problem,) = read_table(path).problems
    assert "unfolds to 3,001,000 cells" in problem.message and "gunzip" in problem.cure
    assert read_table(path, columns=lambda names: names[:5]).frame.shape == (3_001, 5)  # what is held counts


def test_a_workbook_that_unfolds_without_end_is_refused(tmp_path):
    path = tmp_path / "study.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        book.writestr("xl/worksheets/sheet1.xml", b" " * (FREE_BYTES + 1))
    with pytest.raises(NotAWorkbook, match="no workbook of data does"):
        read_sheets(path)


def test_a_workbook_larger_than_its_cells_can_be_held_is_refused(tmp_path, monkeypatch):
    """124 MB that unfold fifteenfold took 1.8 GB: no bomb by its ratio, and no workbook."""
    path = tmp_path / "large.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as book:
        book.writestr("xl/worksheets/sheet1.xml", "x" * 2_000)
    assert why_not_unpacked(path) is None
    monkeypatch.setattr(unpack, "MAX_BOOK", 1_000)
    assert "Save its sheets as text" in str(why_not_unpacked(path))


def test_a_sheet_with_one_cell_in_its_last_corner_is_refused(tmp_path):
    """A slip of the hand in XFD1048576 makes a sheet of 17 thousand million cells."""
    path = tmp_path / "study.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("patients")
    sheet.write(0, 0, "patient_id")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(NotAWorkbook, match="cell XFD1048576"):
        read_sheets(path)


def test_a_cell_past_what_its_sheet_declares_is_seen(tmp_path):
    """calamine asked for 550 GB and ended the process: a sheet that declares nothing has a cell in its last corner."""
    path = tmp_path / "study.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "xl/worksheets/sheet1.xml", '<dimension ref="A1:B2"/><row r="9"><c r="A9"/></row><c r="XFD1048576"/>'
        )
    assert "reaches to the cell XFD1048576" in str(why_not_unpacked(path))


def test_a_usual_workbook_and_a_damaged_one_are_left_to_who_opens_them(tmp_path):
    path = tmp_path / "study.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("patients").write(0, 0, "patient_id")
    book.close()
    assert why_not_unpacked(path) is None
    path.write_bytes(path.read_bytes()[:200])
    assert why_not_unpacked(path) is None


def test_a_header_of_more_columns_than_any_matrix_is_refused(tmp_path):
    (tmp_path / "patients.tsv").write_text("\t".join(["a"] * (MAX_COLUMNS + 1)) + "\n")
    (problem,) = read_table(tmp_path / "patients.tsv").problems
    assert f"{MAX_COLUMNS + 1:,} columns" in problem.message and problem.row == 1
