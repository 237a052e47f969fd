"""What the processes of a run share: each value made once, tables mapped, nothing kept of a failure."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest

from oncourse.disk.shared import MAPPED_BYTES, Shared, run_folder

MAKE = """
import sys, time
from pathlib import Path
from oncourse.disk.shared import Shared

def make():
    print("made", flush=True)
    time.sleep(0.3)
    return [1, 2]

print(Shared(Path(sys.argv[1])).once("value", make))
"""


def test_of_two_processes_that_ask_at_once_one_makes_the_value(tmp_path):
    run = [sys.executable, "-c", MAKE, str(tmp_path)]
    both = [subprocess.Popen(run, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0] for process in both)
    assert said == ["[1, 2]\n", "made\n[1, 2]\n"]


def test_tables_come_back_equal_large_ones_mapped(tmp_path):
    n = MAPPED_BYTES
    large = pl.DataFrame(
        {
            "n": np.arange(n),
            "text": [f"t{i % 7}" for i in range(n)],
            "unknown": [None, 1.5] * (n // 2),
            "kind": pl.Series(["a", "b"] * (n // 2), dtype=pl.Enum(["a", "b"])),
            "several": [[i] for i in range(n)],
        }
    )
    given = {"large": large, "small": large.head(3), "none": large.clear(), "fixed": MappingProxyType({"a": 1})}
    shared = Shared(tmp_path)
    shared.put("tables", given)
    back = shared.get("tables")
    assert {name: back[name].schema for name in ("large", "small", "none")} == {
        name: given[name].schema for name in ("large", "small", "none")
    }
    assert all(back[name].equals(given[name]) for name in ("large", "small", "none"))
    assert back["fixed"] == given["fixed"] and type(back["fixed"]) is MappingProxyType
    assert len(list(tmp_path.glob("table-*.arrow"))) == 1
    assert (tmp_path / "tables.pickle").stat().st_size < MAPPED_BYTES


def test_what_fails_is_not_kept(tmp_path):
    shared = Shared(tmp_path)
    with pytest.raises(ZeroDivisionError):
        shared.once("value", lambda: 1 / 0)
    assert shared.once("value", lambda: 3) == 3 == shared.get("value")


HOLD = """
import time
from oncourse.disk.shared import run_folder
with run_folder() as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def test_folders_of_killed_runs_are_swept_and_of_living_ones_not(tmp_path, monkeypatch):
    """kill -9 of all processes of a run, or a machine that stops, leaves its folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    env = os.environ | {"TMPDIR": str(tmp_path)}
    run = [sys.executable, "-c", HOLD]
    runs = [subprocess.Popen(run, stdout=subprocess.PIPE, text=True, env=env) for _ in range(2)]
    killed, living = (Path(one.stdout.readline().strip()) for one in runs)
    (killed / "table.pickle").write_bytes(b"x")
    runs[0].kill()
    runs[0].wait()
    other, young, old = (tmp_path / name for name in ("oncourse-bench-1", "oncourse-run-young", "oncourse-run-old"))
    for folder in (other, young, old):
        folder.mkdir()
    os.utime(old, (0, 0))
    with run_folder() as mine:
        assert {p.name for p in tmp_path.iterdir()} == {p.name for p in (mine, living, other, young)}
    assert not mine.exists()
    runs[1].kill()
    runs[1].wait()
