"""The processes of a run: analyses and patient pages side by side, the same bytes as one after another.

Each process has the whole Cohort, its tables mapped from one folder (`oncourse.disk.shared`), so that each derived
table is made by the process that asks first. The processes are forked from one that has the imports done and no table
touched; they end with the run, also when it is killed.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncourse.disk.shared import Shared, run_folder
from oncourse.errors import OncourseError

if TYPE_CHECKING:
    import polars as pl

    from oncourse.analyses._base import Analysis
    from oncourse.cohort import Cohort
    from oncourse.report.execute import AnalysisRun

#: The analyses that take longest begin first, so that no process waits for one of them at the end; measured.
LONGEST_FIRST = ("prediction", "evolution", "biomarkers", "endpoints", "concordance", "treatment", "drivers")
#: Patient pages of one task.
PAGES_AT_A_TIME = 8
#: What polars reads, once, for its number of threads.
POLARS_THREADS = "POLARS_MAX_THREADS"
#: How seldom the cyclic collector looks (`gc.set_threshold`) once what was imported is passed over.
SELDOM = (20_000, 20, 50)
#: Fewer analyses than this are run in the process itself: to start others takes longer.
FEWEST_ANALYSES = 4


def possible() -> bool:
    """Whether this system can fork processes from a prepared one (Linux, macOS); elsewhere a run has one process."""
    return "forkserver" in multiprocessing.get_all_start_methods() and multiprocessing.parent_process() is None


def prepare(jobs: int, only: Collection[str] = ()) -> None:
    """Start the process the others are forked from, so that it imports while the study is read.

    The processes share the cores: each has its part of them for polars, where nothing else is told; more threads than
    cores hand small joins to each other at twice their cost.
    """
    if jobs > 1 and possible() and (not only or len(only) >= FEWEST_ANALYSES):
        from multiprocessing import forkserver

        multiprocessing.get_context("forkserver").set_forkserver_preload(["oncourse.report.preloaded"])
        told = os.environ.get(POLARS_THREADS)
        os.environ[POLARS_THREADS] = told or str(max(1, (os.cpu_count() or 1) // jobs))
        forkserver.ensure_running()
        if told is None:
            del os.environ[POLARS_THREADS]


def spare_the_collector() -> None:
    """Have the cyclic collector pass over what was imported, and look less often: up to a quarter of the time of
    figures.

    Once in a process: what is set aside again would keep rings of dead objects for ever.
    """
    if gc.get_threshold() != SELDOM:
        gc.freeze()
        gc.set_threshold(*SELDOM)


@dataclass
class Told:
    """What a process tells of a task beside its value: settings used, notes of the store and its counts so far."""

    value: Any
    used: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    n_read: int = 0
    n_made: int = 0


@contextmanager
def crew(cohort: Cohort, jobs: int, progress: Callable[[str], None] = lambda _: None) -> Iterator[Crew]:
    """Give the processes of a run; its derived tables are shared with this process too, and gone with the block."""
    prepare(jobs)
    context = multiprocessing.get_context("forkserver")
    with run_folder() as folder:
        shared = Shared(folder)
        shared.put("_study", (cohort.study, cohort.settings, cohort.seed, cohort.store.folder, jobs))
        for name, value in cohort._cache.items():
            shared.put(name, value)
        words = context.SimpleQueue()
        listener = threading.Thread(target=_listen, args=(words, progress), daemon=True)
        listener.start()
        pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(folder, words))
        cohort.shared, cohort._cleared = shared, None
        try:
            yield Crew(pool, cohort)
        except BaseException:
            for process in list((pool._processes or {}).values()):  # a broken pool waits for ever for those it has left
                process.kill()
            raise
        finally:
            cohort.shared = cohort._cleared = None
            pool.shutdown(wait=True, cancel_futures=True)
            words.put(None)
            listener.join()


def _listen(words: Any, progress: Callable[[str], None]) -> None:
    while (text := words.get()) is not None:
        progress(text)


class Crew:
    """The processes of a run at work."""

    def __init__(self, pool: ProcessPoolExecutor, cohort: Cohort):
        self.pool, self.cohort = pool, cohort

    def analyses(self, entries: Collection[Analysis], *, draw: bool = True) -> list[AnalysisRun]:
        """Run the analyses; the outcomes in the order given, without their figures where these are not drawn."""
        rank = {name: i for i, name in enumerate(LONGEST_FIRST)}
        first = sorted(entries, key=lambda entry: rank.get(entry.name, len(rank)))
        tasks = {entry.name: self.pool.submit(_run, entry.name, draw) for entry in first}
        return [replace(self._value(tasks[entry.name]), analysis=entry) for entry in entries]

    def pages(self, folder: Path, patients: Sequence[str], *, clones: bool) -> list[Future[Told]]:
        """Begin to write the pages of patients into a folder."""
        parts = [patients[i : i + PAGES_AT_A_TIME] for i in range(0, len(patients), PAGES_AT_A_TIME)]
        return [self.pool.submit(_pages, folder, tuple(part), clones) for part in parts]

    def failed_pages(self, tasks: Sequence[Future[Told]]) -> dict[str, str]:
        """Wait for the pages; return the patients whose page failed, with the reason."""
        failed: dict[str, str] = {}
        for task in tasks:
            failed |= self._value(task)
        return failed

    def workbook(self, tables: Mapping[str, pl.DataFrame], path: Path) -> Future[Told]:
        """Begin to write the workbook, beside the pages and the report."""
        assert self.cohort.shared is not None
        self.cohort.shared.put("_tables", dict(tables))
        return self.pool.submit(_workbook, path)

    def wait(self, task: Future[Told]) -> None:
        """Wait for a task that returns nothing."""
        self._value(task)

    def _value(self, task: Future[Told]) -> Any:
        """The value of a task; what it tells beside goes to the Cohort of this process."""
        try:
            told = task.result()
        except BrokenProcessPool:
            raise OncourseError(
                "a working process was ended from outside, most often because the memory was full. Run it again with "
                "--jobs 1, or on a machine with more memory; clones derived so far are read from the cache."
            ) from None
        self.cohort.used.update(told.used)
        store = self.cohort.store
        store.notes += [note for note in told.notes if note not in store.notes]
        store.n_read, store.n_made = store.n_read + told.n_read, store.n_made + told.n_made
        return told.value


# In the processes.

_state: dict[str, Any] = {}


def _begin(folder: Path, words: Any) -> None:
    """Take up the study; end when the run's own process has ended, however it did."""
    from oncourse.cohort import Cohort
    from oncourse.disk.store import Store

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of them: the run ends, and they with it
    spare_the_collector()
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    shared = Shared(folder)
    study, settings, seed, cache, jobs = shared.get("_study")
    cohort = Cohort(study, settings, seed, store=Store(cache), jobs=jobs, shared=shared)
    cohort.progress = words.put
    _state["cohort"] = cohort


def _end_with_parent(folder: Path) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _told(value: Any) -> Told:
    """A value with what the process learned since the last one."""
    cohort = _state["cohort"]
    store = cohort.store
    told = Told(value, dict(cohort.used), list(store.notes), store.n_read, store.n_made)
    store.n_read = store.n_made = 0
    return told


def _run(name: str, draw: bool) -> Told:
    from oncourse.analyses._base import registry
    from oncourse.report.execute import run_one

    cohort = _state["cohort"]
    cohort.progress(name)
    done = run_one(registry()[name], cohort, draw=draw)
    if done.result is not None and not draw:  # what goes to another process is drawn for it
        done = replace(done, result=replace(done.result, figures=()))
    return _told(done)


def _pages(folder: Path, patients: Sequence[str], clones: bool) -> Told:
    from oncourse.report.pages import write_pages

    return _told(write_pages(_state["cohort"], folder, patients, clones=clones))


def _workbook(path: Path) -> Told:
    from oncourse.report.workbook import write_workbook

    shared = _state["cohort"].shared
    write_workbook(shared.get("_tables"), path)
    return _told(None)


def run_all(
    cohort: Cohort,
    analyses: Collection[Analysis],
    *,
    jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
    draw: bool = True,
) -> list[AnalysisRun]:
    """Run the analyses, in `jobs` processes; the outcome does not depend on `jobs`.

    Without `draw` no time goes into figures: what other processes answer comes without them.
    """
    with working(cohort, analyses, jobs, progress) as crew:
        return outcomes_of(cohort, analyses, crew, progress, draw=draw)


@contextmanager
def working(
    cohort: Cohort, analyses: Collection[Analysis], jobs: int, progress: Callable[[str], None] = lambda _: None
) -> Iterator[Crew | None]:
    """Give the processes of a run; None where it is of one job, small, or on a system that cannot fork them."""
    if jobs <= 1 or len(analyses) < FEWEST_ANALYSES or not possible():
        yield None
        return
    with crew(cohort, jobs, progress) as processes:
        yield processes


def outcomes_of(
    cohort: Cohort,
    analyses: Collection[Analysis],
    crew: Crew | None,
    progress: Callable[[str], None],
    *,
    draw: bool = True,
) -> list[AnalysisRun]:
    """Run the analyses by the processes of a run, or here one after another."""
    if crew is not None:
        return crew.analyses(analyses, draw=draw)
    from oncourse.report.execute import run_one

    outcomes = []
    for entry in analyses:
        progress(entry.name)
        outcomes.append(run_one(entry, cohort, draw=draw))
    return outcomes
