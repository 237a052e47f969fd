"""The pages of patients, a file each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from oncourse.cohort import Cohort
from oncourse.report.patient_page import patient_page

log = logging.getLogger(__name__)


def write_pages(
    cohort: Cohort,
    folder: Path,
    patients: Sequence[str],
    *,
    clones: bool,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, str]:
    """Write one page per patient; return the patients whose page failed, with the reason."""
    failed = {}
    for number, patient in enumerate(patients, 1):
        progress(f"patient page {number} of {len(patients)}")
        try:
            (folder / f"{patient}.html").write_text(patient_page(cohort, patient, clones=clones), "utf-8")
        except Exception as error:  # one patient's page must not cost the study its report
            log.debug("page of patient %s failed", patient, exc_info=True)
            failed[patient] = f"{type(error).__name__}: {error}"[:300]
    return failed
