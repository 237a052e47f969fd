"""Every format's small sound input, broken at random (tools/fuzz.py): said in words, nothing half, nothing foreign."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "tools" / "fuzz.py"


def test_three_hundred_mutants_have_no_fault(tmp_path, monkeypatch):
    """In the process of the tests; that a mutant which ends its process is told, the slow test asks."""
    monkeypatch.syspath_prepend(FUZZ.parent)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    import fuzz

    heard = signal.getsignal(signal.SIGPROF)
    try:
        fuzz.work(range(300), 1, tmp_path / "faults.tsv")
    finally:
        signal.signal(signal.SIGPROF, heard)
    assert (tmp_path / "faults.tsv").read_text("utf-8") == ""


@pytest.mark.slow
def test_mutants_in_a_process_of_their_own_have_no_fault(tmp_path):
    done = subprocess.run(
        [sys.executable, str(FUZZ), "--n", "100", "--seed", "2", "--out", str(tmp_path / "faults.tsv")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert "mutants" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "faults.tsv").read_text("utf-8") == ""
