"""Every format's small sound input, broken at random (tools/fuzz.py): said in words, nothing half, nothing foreign."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "tools" / "fuzz.py"


def faults(tmp_path, n, first=0):
    done = subprocess.run(
        [sys.executable, str(FUZZ), "--n", str(n), "--first", str(first), "--out", str(tmp_path / "faults.tsv")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert "mutants" in done.stdout, done.stdout + done.stderr
    return (tmp_path / "faults.tsv").read_text("utf-8")


def test_forty_mutants_have_no_fault(tmp_path):
    assert faults(tmp_path, 40) == ""


@pytest.mark.slow
def test_three_hundred_mutants_have_no_fault(tmp_path):
    assert faults(tmp_path, 300) == ""
