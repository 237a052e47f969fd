"""A folder given for a panel report."""

import pytest

from oncourse.errors import InputError
from oncourse.io.hospital import report_folder
from oncourse.io.hospital.report_folder import read_panel
from oncourse.io.reports.mapping import is_panel as is_one_panel


@pytest.mark.parametrize("names", [(), ("notes.docx",)])
def test_a_folder_without_reports_is_told(tmp_path, names):
    """Found by broken inputs: a folder in the place of report.tsv ended as a fault."""
    folder = tmp_path / "report.tsv"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("x")
    with pytest.raises(InputError, match="a folder without two panel reports"):
        read_panel(folder)


def test_a_folder_of_other_files_is_told_by_its_smallest(tmp_path, monkeypatch):
    """A portal's folder of 2 million mutations was read four times over to learn that it holds no reports."""
    (tmp_path / "data_mutations.txt").write_text(
        "Hugo_Symbol\tTumor_Sample_Barcode\tHGVSp_Short\n" + "KRAS\tS1\tp.G12D\n" * 9
    )
    (tmp_path / "meta_study.txt").write_text("name: a registry\n")
    looked = []

    def is_one(path, **how):
        looked.append(path.name)
        return is_one_panel(path, **how)

    monkeypatch.setattr(report_folder, "is_one_panel", is_one)
    assert report_folder.reports_in(tmp_path) == []
    assert looked == ["meta_study.txt"]
    (tmp_path / "meta_study.txt").write_text("样本编号\t基因\t氨基酸改变\nS1\tKRAS\tp.G12D\n")
    (tmp_path / "data_mutations.txt").write_text("样本编号\t基因\t氨基酸改变\n" + "S2\tKRAS\tp.G12V\n" * 9)
    assert [p.name for p in report_folder.reports_in(tmp_path)] == ["data_mutations.txt", "meta_study.txt"]
