"""The commands as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.typed import typed

from oncourse.cli.main import ONE_THREAD

HEAVY = ("numba", "scipy", "matplotlib", "sklearn", "polars", "numpy", "jinja2", "yaml")


def oncourse(*args: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from oncourse.cli.main import main; main()", *map(str, args)],
        capture_output=True,
        text=True,
        **options,
    )


def imported(*args: str) -> set[str]:
    done = subprocess.run([sys.executable, "-X", "importtime", *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
    return {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}


def test_import_and_help_load_nothing_heavy():
    assert imported("-c", "import oncourse").isdisjoint(HEAVY)
    loaded = imported("-c", "import sys; sys.argv = ['oncourse', '--help']; from oncourse.cli.main import main; main()")
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("given", [None, "3"])
def test_the_linear_algebra_has_one_thread_unless_the_user_says_otherwise(given):
    """Read when numpy is imported: the command line sets it before."""
    env = {k: v for k, v in os.environ.items() if k not in ONE_THREAD} | ({ONE_THREAD[0]: given} if given else {})
    code = "import oncourse.cli.main, os, sys; print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert told.stdout.split() == [given or "1", "False"]


def test_unknown_command_names_the_nearest():
    done = oncourse("rnu")
    assert done.returncode == 2 and "Did you mean 'run'?" in done.stderr


def test_new_check_and_the_cure(tmp_path):
    folder = tmp_path / "study"
    assert typed("new", folder, "--design", "crc").returncode == 0
    assert (folder / "data_dictionary.tsv").exists()
    again = typed("new", folder, "--design", "crc")
    assert again.returncode == 2 and "not empty" in again.stderr
    blank = typed("check", folder)
    assert "Traceback" not in blank.stderr and blank.returncode in (0, 2)
    (folder / "patients.tsv").write_text("patient_id\tsex\nP1\tmale\nP1\tfemale\n")
    bad = typed("check", folder)
    assert bad.returncode == 2
    assert "patients.patient_id, row 3 (P1): the key patient_id is there twice." in bad.stdout


def test_run_refuses_a_broken_study_and_writes_nothing(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "patients.tsv").write_text("patient_id\nP1\n")
    (folder / "samples.tsv").write_text(
        "sample_id\tpatient_id\tmaterial\tpurity\nS1\tP1\ttissue\t7\nS2\tP9\ttissue\t.5\n"
    )
    (folder / "calls.tsv").write_text("sample_id\tvariant_id\nS1\t1:100:A:C\n")
    done = typed("run", folder, "--out", tmp_path / "out")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "samples.purity, row 2" in done.stderr and "samples.patient_id, row 3" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "study"
    done = typed("simulate", folder, "--design", "mcrpc", "--patients", 8, "--seed", 5)
    assert done.returncode == 0, done.stderr
    return folder


def test_simulate_check_run(simulated, tmp_path):
    assert typed("check", simulated).returncode == 0
    out = tmp_path / "results"
    done = typed(
        "run",
        simulated,
        "--out",
        out,
        "--only",
        "landscape",
        "--patients",
        "none",
        "--set",
        "landscape.group_by=role",
        "--seed",
        2,
    )
    assert done.returncode == 0, done.stderr
    data = json.loads((out / "results.json").read_text())
    assert data["landscape"]["params"]["group_by"] == "role"
    assert json.loads((out / "provenance.json").read_text())["seed"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "landscape.group_by=rol"), "Did you mean role?"),
        (("--set", "landscape.copy_number=all"), "not one of"),
        (("--set", "landscpe.unit=sample"), "Did you mean landscape?"),
        (("--set", "nonsense"), "expected section.name=value"),
        (("--only", "landscap"), "Did you mean landscape?"),
        (("--only", "overview, landscap"), "Did you mean landscape?"),
        (("--patients", "NOBODY"), "no such patient"),
    ],
)
def test_wrong_arguments_name_the_cure_and_write_nothing(simulated, tmp_path, arguments, words):
    done = typed("run", simulated, "--out", tmp_path / "out", "--only", "landscape", *arguments)
    assert done.returncode == 2, done.stdout
    assert words in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_exclude_needs_known_ids_and_reasons(simulated, tmp_path):
    (tmp_path / "out.tsv").write_text("patient_id\treason\nPRAD0001\tconsent withdrawn\nPX\t\n")
    done = typed("run", simulated, "--out", tmp_path / "r", "--exclude", tmp_path / "out.tsv")
    assert done.returncode == 2
    assert "'PX' is not in this study" in done.stderr and "reason" in done.stderr
