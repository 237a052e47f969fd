"""`oncourse check` prints ten problems of one cause; the others are counted and stand in a file."""

from __future__ import annotations

from pathlib import Path

from oncourse.cli._shared import print_problems
from oncourse.study.schema import Problem


def test_hundreds_of_one_warning_are_ten_lines_a_count_and_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    many = [
        Problem("samples", row, "day", f"{row}", f"day {row} is after the last contact", severity="warning")
        for row in range(300)
    ]
    print_problems([*many, Problem("patients", 1, "sex", "x", "unknown word", severity="error")])
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("warning: ") for line in lines) == 10
    assert "... and 290 more of this kind" in lines
    assert sum(line.startswith("error: ") for line in lines) == 1
    whole = Path(lines[-1].rpartition(" listed in ")[2]).read_text("utf-8").splitlines()
    assert len(whole) == 301 and sum(line.startswith("warning: ") for line in whole) == 300
