"""The same study and seed give the same bytes whatever the machine speaks, what time it is there, and how it counts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

#: Of one run and of the other; the clock of the second is a day ahead for some hours.
PLACES = {
    "one": {
        "LC_ALL": "C",
        "TZ": "America/Los_Angeles",
        "PYTHONHASHSEED": "0",
        "POLARS_MAX_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONUTF8": "0",
    },
    "other": {
        "LC_ALL": "C.UTF-8",
        "LANG": "zh_CN.UTF-8",
        "TZ": "Asia/Shanghai",
        "PYTHONHASHSEED": "4711",
        "POLARS_MAX_THREADS": "3",
        "OMP_NUM_THREADS": "2",
    },
}
JOBS = {"one": "1", "other": "2"}
ONLY = ("overview", "survival", "concordance", "therapy", "burden", "sites")


def run(place, *words, cwd):
    command = [sys.executable, "-m", "oncourse.cli.main", *words]
    done = subprocess.run(command, cwd=cwd, env=os.environ | PLACES[place], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def files(folder):
    """The bytes of all files but the one that says when, where and in how many processes it was made."""
    found = {f.relative_to(folder).as_posix(): f for f in sorted(folder.rglob("*")) if f.is_file()}
    return {name: f.read_bytes() for name, f in found.items() if name != "provenance.json"}


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_locale_time_zone_hash_seed_threads_and_processes_change_no_byte(tmp_path, design):
    """From the simulation to the report of some questions, the pages and the workbook."""
    made = {}
    for place in PLACES:
        home = tmp_path / place
        home.mkdir()
        run(place, "simulate", "study", "--design", design, "--patients", "4", cwd=home)
        only = [word for name in ONLY for word in ("--only", name)]
        run(place, "run", "study", "--out", "results", "--no-cache", "--jobs", JOBS[place], *only, cwd=home)
        made[place] = files(home / "study"), files(home / "results")
    for one, other in zip(made["one"], made["other"], strict=True):
        assert one.keys() == other.keys() and len(one) > 5
        assert [name for name in one if one[name] != other[name]] == []
