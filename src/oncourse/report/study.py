"""A study folder -> its results folder: the main job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncourse.cohort import Cohort
from oncourse.disk.folder import check_out, replaced_folder
from oncourse.disk.manifest import CARRIER, sealed, text_of
from oncourse.disk.store import Store
from oncourse.disk.tables import write_tables
from oncourse.errors import ConfigError
from oncourse.io.ledger import write_ledger
from oncourse.report.execute import AnalysisRun, admitted
from oncourse.report.front import nothing_answered
from oncourse.report.intake import SAMPLES_TABLE, intake_page, samples_read
from oncourse.report.intake_known import KNOWN_TABLE, known
from oncourse.report.page import study_page
from oncourse.report.pages import RENAMED, asked_for, page_names, renamed_files, write_pages
from oncourse.report.provenance import provenance
from oncourse.report.results import (
    collect_tables,
    results_json,
    wants_workbook,
    write_json,
)
from oncourse.report.workbook import write_workbook
from oncourse.report.workers import outcomes_of, working
from oncourse.study.model import Study

if TYPE_CHECKING:
    import polars as pl

    from oncourse.report.workers import Crew

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """What was written: the outcome of each analysis, the patients whose page failed with the reason, and notes.

    ``unanswered``: no question could be answered; ``fill_first`` then names the empty tables that questions rest on,
    where one of them asked for a table.
    """

    folder: Path
    outcomes: list[AnalysisRun]
    failed_pages: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fill_first: tuple[str, ...] = ()
    unanswered: bool = False

    @property
    def failures(self) -> list[str]:
        """Return one line per part that failed, pages that failed alike in one; empty when all is well."""
        lines = [f"analysis {o.analysis.name} failed: {o.message}" for o in self.outcomes if o.status == "failed"]
        alike: dict[str, list[str]] = {}
        for patient, message in self.failed_pages.items():
            alike.setdefault(message, []).append(patient)
        return lines + [f"{_pages_of(patients)} failed: {message}" for message, patients in alike.items()]


def _pages_of(patients: Sequence[str]) -> str:
    """The pages of some patients in a message.

    >>> _pages_of(["P1"]), _pages_of([f"P{i}" for i in range(60)])
    ('page of patient P1', 'pages of 60 patients (P0, P1, P2 ...)')
    """
    if len(patients) == 1:
        return f"page of patient {patients[0]}"
    return f"pages of {len(patients)} patients ({', '.join(patients[:3])}{' ...' if len(patients) > 3 else ''})"


def report_study(
    study: Study,
    out: Path,
    *,
    source: Path | None,
    only: Sequence[str] = (),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 1,
    jobs: int = 1,
    patients: str | Sequence[str] = "auto",
    beside: Sequence[Path] = (),
    sign: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    store: Store | None = None,
    workbook: str = "auto",
) -> Report:
    """Run the analyses and write the results folder, whole or not at all.

    Parameters
    ----------
    source : the study folder, for the checksums; None: made in memory
    only : names of analyses; empty = the study's objectives, or all
    patients : patient pages: "none", "all", "auto" (all, up to 200 patients) or a list of patient ids
    sign : returns the sealed provenance with a signature (`oncourse.verify.results.sign`)
    store : where clones derived before are read, and others kept; None: nowhere
    jobs : processes that run analyses and write pages; the bytes do not depend on it
    workbook : all tables in one xlsx file: "yes", "no", or "auto", up to `results.WORKBOOK_ROWS` rows in all
    beside : files given beside the study (who is left out, a reference), for the checksums
    """
    started = datetime.now(UTC)
    given = [*([] if source is None else [source]), *beside]
    check_out(out, given)
    cohort = Cohort(study, settings, seed, store=store, jobs=jobs)
    cohort.progress = progress
    analyses = admitted(cohort, only)
    check_patients(study, patients)
    with working(cohort, analyses, jobs, progress) as crew:
        outcomes = outcomes_of(cohort, analyses, crew, progress)
        progress("writing the report")
        tables = collect_tables(cohort, outcomes)
        tables, said = tables | renamed_files(cohort, outcomes, patients), list[str]()
        if RENAMED in tables:
            said.append(f"files whose name is not the id, since Windows could not hold it: tables/{RENAMED}.tsv")
        with replaced_folder(out, given, tell=said.append) as folder:
            (folder / "tables").mkdir()
            book = (
                _begin_workbook(tables, folder / "tables", crew)
                if wants_workbook(tables, workbook, said.append)
                else None
            )
            pages = pages_of(cohort, folder / "patients", patients, progress, clones=_clones(outcomes), crew=crew)
            write_tables(tables, folder / "tables")
            _write_drawn(outcomes, folder)
            if any(frame.height for frame in study.intake.values()):
                own = {SAMPLES_TABLE.name: samples_read(study.tables), KNOWN_TABLE.name: known(study.tables)}
                intake = {**study.intake, **own}
                write_ledger(intake, folder)
                config = study.config
                read = intake_page(intake, config.title, study.notes, config.language, warnings=study.warnings)
                (folder / "intake.html").write_text(read, "utf-8")
            write_json(results_json(outcomes, cohort.used, study.config.design), folder / "results.json")
            failed = pages()
            asked = set(asked_for(cohort, patients)) - set(failed)
            there = {p: name for p, name in page_names(cohort).items() if p in asked}
            (folder / "report.html").write_text(study_page(cohort, outcomes, tables, there), "utf-8")
            if book is not None:
                book()
            origin = provenance(source, cohort.used, seed, started, beside)
            body = sealed(folder, origin)
            (folder / CARRIER).write_bytes(text_of(body if sign is None else sign(body)).encode())
    nothing = nothing_answered(outcomes)
    lacking = nothing and any(o.status == "skipped" for o in outcomes)  # else there are tables, and too few people
    first = tuple(name for name in BASIS if study[name].is_empty()) if lacking else ()
    return Report(out, outcomes, failed, (*said, *cohort.store.notes), first, nothing)


def _begin_workbook(tables: Mapping[str, pl.DataFrame], folder: Path, crew: Crew | None) -> Callable[[], None]:
    """Begin the workbook where the run has processes; what is returned waits for it, or writes it."""
    path = folder / "all_tables.xlsx"
    if crew is None:
        return lambda: write_workbook(tables, path)
    task = crew.workbook(tables, path)
    return lambda: crew.wait(task)


def _clones(outcomes: Sequence[AnalysisRun]) -> bool:
    """Whether the clones of patients were derived, so that their pages show them."""
    return any(o.analysis.name == "evolution" and o.status in ("done", "too_few") for o in outcomes)


def _write_drawn(outcomes: Sequence[AnalysisRun], folder: Path) -> None:
    """Write the figures and artifacts of the analyses."""
    for outcome in outcomes:
        if outcome.result is None:
            continue
        names = outcome.result.figure_files
        for figure in outcome.result.figures:
            path = folder / "figures" / outcome.analysis.name / f"{names[figure.name]}.svg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('<?xml version="1.0" encoding="utf-8"?>\n' + figure.svg, "utf-8")
        for name, text in outcome.result.artifacts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


#: What every question rests on, in the order in which a study is filled in.
BASIS = ("patients", "samples", "variants", "calls", "follow_up", "treatments")


def pages_of(
    cohort: Cohort,
    folder: Path,
    patients: str | Sequence[str],
    progress: Callable[[str], None],
    *,
    clones: bool,
    crew: Crew | None,
) -> Callable[[], dict[str, str]]:
    """Begin the pages of the patients asked for; what is returned waits for them and names those that failed, with
    why."""
    chosen = asked_for(cohort, patients)
    if not chosen:
        return dict
    folder.mkdir(parents=True)
    if crew is None:
        return lambda: write_pages(cohort, folder, chosen, clones=clones, progress=progress)
    tasks = crew.pages(folder, chosen, clones=clones)
    return lambda: crew.failed_pages(tasks)


def check_patients(study: Study, patients: str | Sequence[str]) -> None:
    """ConfigError for every patient asked for whom the study does not have."""
    asked = [p for p in ([patients] if isinstance(patients, str) else patients) if p not in ("auto", "none", "all")]
    unknown = sorted(set(asked) - set(study["patients"]["patient_id"]))
    if unknown:
        raise ConfigError([f"--patients {name}: no such patient in this study." for name in unknown])
