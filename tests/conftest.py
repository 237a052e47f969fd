"""Where the tests find real study data, and the browser."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a busy machine is no fault of the house: what an example may cost is held by `DEAR` and by the tests that count work
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# one thread, as of the command line (oncourse.cli.main.ONE_THREAD); read when numpy is imported, by the workers too.
# Of polars too: the tables of tests are small, and handing a join of ten rows to a second thread costs twice the join
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

#: Folders of tests lie in memory where there is so much room (bytes): every file of a results folder is synced before it
#: counts, 5-10 ms each on a disk, and the suite writes thousands. What was kept after a failure is there too.
MEMORY, ROOM = Path("/dev/shm"), 6 << 30
SHARED = Path(os.environ.get("ONCOURSE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


def pytest_configure(config):
    """Uncompiled loops would take hours, loops of older sources would test what is not there; no cache is kept.

    Byte code is kept even where the environment says not to: the suite starts a hundred processes of oncourse, and each
    worker reads all test files.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    os.environ["ONCOURSE_CACHE"] = tempfile.mkdtemp(prefix="oncourse-cache-")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    from oncourse.compiled import uncompiled

    if rooms := uncompiled():
        pytest.exit(
            f"the loops of {', '.join(rooms)} were not compiled, or changed since: run `make build` "
            "(or python setup.py build_ext --inplace -j2)",
            returncode=2,
        )
    if int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 2:
        config.args = _from_the_end(config.args)


def _from_the_end(places):
    """Return what lies in these folders, the last first, or the places as they are where one is no folder.

    Of a clean clone every test file has its assertions rewritten, 9 CPU seconds: every other worker reads the files from
    the end, so that two share that work and each finds kept what the other wrote. The tests are sorted afterwards.
    """
    if not all(Path(place).is_dir() for place in places):
        return places
    inside = [path for place in places for path in Path(place).iterdir()]
    kept = [p for p in inside if (p.is_dir() and p.name.isidentifier()) or p.match("test_*.py")]
    return [str(path) for path in sorted(kept, reverse=True)]


def pytest_addoption(parser):
    parser.addoption("--accept", action="store_true", help="write tests/answers anew (tests/golden.py)")


#: Test files that share one dear thing (`answered`, `loaded`, `reported`, `studies.made` of sixty patients): they go to
#: one worker.
TOGETHER = (
    dict.fromkeys(
        (
            "tests/analyses/test_cohorts.py",
            "tests/analyses/test_golden.py",
            "tests/analyses/test_landscape.py",
            "tests/analyses/test_ledger_of_people.py",
            "tests/analyses/test_marks_of_figures.py",
            "tests/analyses/test_metamorphic.py",
            "tests/analyses/test_registry.py",
            "tests/analyses/test_said_of_the_page.py",
            "tests/test_contradictions.py",
        ),
        "simulated",
    )
    | dict.fromkeys(
        (
            "tests/report/test_chinese.py",
            "tests/report/test_every_number.py",
            "tests/report/test_page_alive.py",
            "tests/report/test_plain_data.py",
            "tests/report/test_study_report.py",
        ),
        "reported",
    )
    | dict.fromkeys(
        (
            "tests/analyses/test_drivers.py",
            "tests/simulate/test_simulated_study.py",
            "tests/study/test_one_wrong_cell_simulated.py",
        ),
        "sixty",
    )
)


#: Files that take 5 CPU seconds or more: they come first, so that no worker is left alone with one of them.
DEAR = {
    "tests/analyses/test_drivers.py",
    "tests/analyses/test_golden.py",
    "tests/analyses/test_groups.py",
    "tests/analyses/test_landscape.py",
    "tests/analyses/test_ledger_of_people.py",
    "tests/analyses/test_marks_of_figures.py",
    "tests/analyses/test_metamorphic.py",
    "tests/analyses/test_prediction.py",
    "tests/analyses/test_registry.py",
    "tests/cli/test_cli.py",
    "tests/cli/test_fuzz.py",
    "tests/derive/test_concordance.py",
    "tests/derive/test_concordance_real.py",
    "tests/derive/test_ctdna_background.py",
    "tests/derive/test_endpoint_rules.py",
    "tests/derive/test_numbers.py",
    "tests/derive/test_statuses.py",
    "tests/disk/test_stopped_after_each_call.py",
    "tests/disk/test_store.py",
    "tests/evolution/test_background.py",
    "tests/evolution/test_cluster.py",
    "tests/evolution/test_presence.py",
    "tests/evolution/test_tumour_fraction.py",
    "tests/io/test_one_wrong_cell_of_a_maf.py",
    "tests/paper/test_paper.py",
    "tests/reads/test_patient.py",
    "tests/report/test_chinese.py",
    "tests/report/test_every_number.py",
    "tests/report/test_page_alive.py",
    "tests/report/test_patient_page.py",
    "tests/report/test_plain_data.py",
    "tests/report/test_study_report.py",
    "tests/simulate/test_simulated_study.py",
    "tests/simulate/test_stress.py",
    "tests/stats/test_sharing.py",
    "tests/study/test_broken_studies.py",
    "tests/study/test_one_wrong_cell.py",
    "tests/study/test_one_wrong_cell_simulated.py",
    "tests/test_contradictions.py",
    "tests/test_doctests.py",
    "tests/test_python.py",
    "tests/test_real_studies_agree.py",
}


def pytest_collection_modifyitems(items):
    """The dear files first; files by name, in whatever order a worker has read them."""

    def place(item):
        file = item.nodeid.split("::", 1)[0]
        return file not in DEAR, file

    items.sort(key=place)


def pytest_collection_finish():
    """Nine thousand collected tests are no garbage: the collector need not walk them again and again."""
    from oncourse.report.workers import spare_the_collector

    spare_the_collector()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """The tests of a file stay on one worker, and so do the files of `TOGETHER`; in the order collected."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # by the number of tests: doctests first, the dear files last

    class Files(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::", 1)[0]
            return TOGETHER.get(file, file)

    return Files(config, log)


def pytest_sessionfinish():
    """What is left at the end need not be walked five times (pytest looks there for errors of finalisers)."""
    gc.freeze()


def pytest_unconfigure():
    shutil.rmtree(os.environ["ONCOURSE_CACHE"], ignore_errors=True)


@pytest.fixture(scope="session")
def shared_data():
    """Return a function: name of a study -> its folder, or skip the test with a reason."""

    def find(*names: str) -> Path:
        path = SHARED.joinpath(*names)
        if not path.exists():
            pytest.skip(f"real study data not here: {'/'.join(names)} (set ONCOURSE_TEST_DATA)")
        return path

    return find


@pytest.fixture(scope="session")
def loaded(shared_data):
    """Return a function: place of a real study -> the Study, read once; or the test is skipped with a reason."""
    from functools import cache

    from oncourse.io import load_study

    return cache(lambda *names: load_study(shared_data(*names)))


@pytest.fixture(scope="session")
def make_study():
    """Return `studies.study`: rows per table -> a checked Study."""
    return _studies().study


@pytest.fixture(scope="session")
def answered(simulated_study):
    """Return a function: design -> (Cohort, name of analysis -> Outcome) of the simulated study, answered once.

    A figure is drawn by the test that asks for it.
    """
    from functools import cache

    from oncourse.analyses._base import registry
    from oncourse.cohort import Cohort
    from oncourse.report.execute import run_one

    @cache
    def all_of(design):
        cohort = Cohort(simulated_study(design))
        return cohort, {name: run_one(entry, cohort, draw=False) for name, entry in registry().items()}

    return all_of


@pytest.fixture(scope="session")
def reported(simulated_study, tmp_path_factory):
    """Return a function: language -> (results folder of the simulated crc study with the pages of its first two patients,
    texts that its pages left in English). Written once; a test that changes it writes its own. Genes altered in three
    patients are paired, so that their figure is there."""
    from dataclasses import replace
    from functools import cache

    @cache
    def written(language):
        of = simulated_study("crc")
        settings = {**of.config.settings, "landscape": {"min_pair": 3}}
        of = replace(of, config=replace(of.config, settings=settings))
        return _studies().written(of, tmp_path_factory.mktemp("reported") / language, language)

    return written


@pytest.fixture(scope="session")
def simulated_study():
    """Return a function: design -> a simulated Study of eight patients, made once."""
    from functools import cache

    return cache(_studies().simulated)


def _studies():
    from tests import studies  # the module that tests import: what it keeps made is theirs too

    return studies
