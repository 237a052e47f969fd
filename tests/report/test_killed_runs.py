"""A run killed at a random moment goes on where it was: `benchmarks/bench_kill.py`, here of few rounds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from oncourse.report import workers

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bench_kill.py"


@pytest.mark.slow
@pytest.mark.skipif(not workers.possible(), reason="this system cannot fork prepared processes")
def test_a_run_killed_at_a_random_moment_loses_only_what_it_was_working_on():
    words = [sys.executable, str(SCRIPT), "--rounds", "3", "--patients", "5"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "3 of 3 rounds hold" in done.stdout, done.stdout + done.stderr
