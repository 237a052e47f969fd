"""The pages of patients, a file each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from oncourse.cohort import Cohort
from oncourse.disk.names import file_names
from oncourse.report.execute import AnalysisRun
from oncourse.report.page import REPORT_TABLES, of_patient
from oncourse.report.patient_page import patient_page

#: Patient pages are written by default for studies up to this size.
PAGES_BY_DEFAULT = 200
#: The table of the files whose name is not the id.
RENAMED = "overview/file_names"

log = logging.getLogger(__name__)


def page_names(cohort: Cohort) -> dict[str, str]:
    """Return patient -> name of the page, without the ending; the same whichever pages are asked for."""
    return file_names(cohort.study["patients"]["patient_id"].to_list())


def asked_for(cohort: Cohort, patients: str | Sequence[str]) -> list[str]:
    """Return the patients whose pages are asked for: "none", "all", "auto" (all, up to 200 patients), or ids."""
    known = cohort.study["patients"]["patient_id"].to_list()
    if patients == "auto":
        return known if len(known) <= PAGES_BY_DEFAULT else []
    if isinstance(patients, str):
        return {"none": [], "all": known}.get(patients, [patients])
    return list(patients)


def renamed_files(
    cohort: Cohort, outcomes: Sequence[AnalysisRun], patients: str | Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Return the table of pages and figures whose file does not bear their name; none where all do."""
    pages, known = page_names(cohort), set(cohort.study["patients"]["patient_id"])
    rows: list[tuple[str | None, str | None, str]]
    rows = [(p, None, f"patients/{pages[p]}.html") for p in asked_for(cohort, patients) if pages[p] != p]
    for outcome in outcomes:
        files = outcome.result.figure_files if outcome.result else {}
        path = f"figures/{outcome.analysis.name}"
        rows += [(of_patient(f, known), f, f"{path}/{name}.svg") for f, name in files.items() if f != name]
    declared = next(t for t in REPORT_TABLES if t.name == RENAMED)
    return {RENAMED: pl.DataFrame(rows, schema=declared.schema, orient="row")} if rows else {}


def write_pages(
    cohort: Cohort,
    folder: Path,
    patients: Sequence[str],
    *,
    clones: bool,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, str]:
    """Write one page per patient; return the patients whose page failed, with the reason."""
    failed, names = {}, page_names(cohort)
    for number, patient in enumerate(patients, 1):
        progress(f"patient page {number} of {len(patients)}")
        try:
            page = patient_page(cohort, patient, clones=clones)
            (folder / f"{names[patient]}.html").write_text(page, "utf-8")
        except Exception as error:  # one patient's page must not cost the study its report
            log.debug("page of patient %s failed", patient, exc_info=True)
            failed[patient] = f"{type(error).__name__}: {error}"[:300]
    return failed
