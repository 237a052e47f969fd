"""A folder given for a panel report."""

import pytest

from oncourse.errors import InputError
from oncourse.io.hospital.report_folder import read_panel


@pytest.mark.parametrize("names", [(), ("notes.docx",)])
def test_a_folder_without_reports_is_told(tmp_path, names):
    """Found by broken inputs: a folder in the place of report.tsv ended as a fault."""
    folder = tmp_path / "report.tsv"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("x")
    with pytest.raises(InputError, match="a folder without two panel reports"):
        read_panel(folder)
