"""A run in processes: the bytes of a run in one, settings and notes come home, and no process outlives its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oncourse.cohort import Cohort
from oncourse.disk.store import Store
from oncourse.errors import OncourseError
from oncourse.report import workers
from oncourse.report.study import report_study
from oncourse.report.workers import working

ONLY = ["overview", "survival", "sites", "evolution"]
SETTINGS = {"evolution": {"average": False}}

pytestmark = pytest.mark.skipif(not workers.possible(), reason="this system cannot fork prepared processes")


def written(study, out, **options):
    """The bytes of every file of a run, less the one with the time."""
    source = Path(__file__)
    report = report_study(study, out, source=source, only=ONLY, settings=SETTINGS, patients="all", **options)
    files = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    origin = files.pop("provenance.json").decode()
    return report, files, origin[origin.index('"settings"') : origin.index('"inputs"')]


@pytest.fixture(scope="module")
def study(simulated_study):
    whole = simulated_study("crc")
    return whole.select(patients=whole["patients"]["patient_id"].to_list()[:3])


def test_two_processes_write_the_bytes_settings_and_notes_of_one(study, tmp_path):
    one, two = Store(tmp_path / "cache"), Store(tmp_path / "cache")
    report, files, settings = written(study, tmp_path / "one", jobs=1, store=one)
    damaged = next((tmp_path / "cache").rglob("*.parquet"))
    damaged.write_bytes(b"")
    again, others, same = written(study, tmp_path / "two", jobs=2, store=two)
    assert files == others and settings == same and len([n for n in files if n.startswith("patients/")]) == 3
    assert one.n_made >= 4 and (two.n_made, two.n_read) == (1, one.n_made - 1)
    assert not report.notes and "damaged and is made again" in " ".join(again.notes)


def test_a_process_ended_from_outside_is_named_with_the_cure(study):
    with pytest.raises(OncourseError, match="--jobs 1"), working(Cohort(study), _entries(), 2) as crew:
        assert crew is not None
        crew.pool.submit(os.getpid).result()
        for pid in list(crew.pool._processes):
            os.kill(pid, signal.SIGINT)  # Ctrl-C is heard by the run alone
        assert crew.pool.submit(os.getpid).result() in crew.pool._processes
        held = [crew.pool.submit(time.sleep, 600) for _ in range(2)]
        while not any(task.running() for task in held):
            time.sleep(0.05)
        for pid in list(crew.pool._processes):
            os.kill(pid, signal.SIGKILL)
        crew.failed_pages(held)


def _entries():
    from oncourse.analyses._base import registry

    return [registry()[name] for name in ONLY]


COLLECTOR = """
import gc
from oncourse.report.workers import spare_the_collector
spare_the_collector()
once = gc.get_freeze_count()
rings = [[] for _ in range(1000)]
spare_the_collector()
print(once > 1000, gc.get_freeze_count() == once, gc.isenabled(), gc.get_threshold()[0] > 700)
"""


def test_the_collector_passes_over_imports_once_and_stays_on():
    told = subprocess.run([sys.executable, "-c", COLLECTOR], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True"] * 4


THREADS = """
import os, sys
os.environ.pop("POLARS_MAX_THREADS", None)
os.environ.update(dict(pair.split("=") for pair in sys.argv[1:]))
from oncourse.report.workers import prepare
import multiprocessing
prepare(os.cpu_count())
before = os.environ.get("POLARS_MAX_THREADS")
with multiprocessing.get_context("forkserver").Pool(1) as pool:
    print(before, pool.apply(os.getenv, ["POLARS_MAX_THREADS"]))
"""


@pytest.mark.parametrize(("given", "told"), [([], ["None", "1"]), (["POLARS_MAX_THREADS=3"], ["3", "3"])])
def test_the_processes_share_the_cores_and_this_one_keeps_them(given, told):
    """As many processes as cores have one thread each for polars; what the user says holds for all."""
    done = subprocess.run([sys.executable, "-c", THREADS, *given], capture_output=True, text=True, check=True)
    assert done.stdout.split() == told


HELD = """
import sys, time
from oncourse.cohort import Cohort
from oncourse.report import workers
import importlib.util
spec = importlib.util.spec_from_file_location("studies", sys.argv[1])
studies = importlib.util.module_from_spec(spec)
spec.loader.exec_module(studies)
with workers.crew(Cohort(studies.simulated("crc", 5)), 2) as crew:
    crew.pool.submit(time.sleep, 0).result()
    print(crew.cohort.shared.folder, *crew.pool._processes, flush=True)
    crew.pool.submit(time.sleep, 600)
    time.sleep(600)
"""


@pytest.mark.slow
def test_processes_and_their_folder_end_with_a_killed_run(tmp_path):
    studies = str(Path(__file__).parents[1] / "studies.py")
    run = subprocess.Popen([sys.executable, "-c", HELD, studies], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    folder, *processes = run.stdout.readline().split()
    assert Path(folder).is_dir() and processes and all(_runs(int(p)) for p in processes)
    run.kill()
    run.wait()
    until = time.monotonic() + 30
    while time.monotonic() < until and (Path(folder).exists() or any(_runs(int(p)) for p in processes)):
        time.sleep(0.1)
    assert not Path(folder).exists() and not any(_runs(int(p)) for p in processes)


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


PRELOAD = """
import os
import oncourse.report.preloaded
tasks = (open(f"/proc/self/task/{t}/comm").read().strip() for t in os.listdir("/proc/self/task"))
print(sorted({name for name in tasks if name.startswith(("polars-0", "tokio"))}))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the threads of a process are told by Linux only")
def test_what_the_processes_are_forked_from_has_touched_no_table():
    """A rule was parsed on import, and the names of genes behind it read by polars: every run of two jobs stood still,
    for a thread pool that was started before a fork does not live after it."""
    found = subprocess.run([sys.executable, "-c", PRELOAD], capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout.strip() == "[]"
