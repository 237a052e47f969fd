"""The page of one patient as HTML."""

from __future__ import annotations

from oncourse.cohort import Cohort
from oncourse.patients.page_data import page_data
from oncourse.report.page import environment
from oncourse.words.phrases import page_in


def patient_page(cohort: Cohort, patient_id: str, *, clones: bool | None = None) -> str:
    """Return the page of one patient as HTML text: self-contained, every text from the study escaped.

    The same bytes from the study's Cohort and from `Cohort.of_patient`, whatever was derived before.

    Parameters
    ----------
    clones : whether the page shows the patient's clones; None: where the study asks for them (`shows_clones`)

    Raises
    ------
    ConfigError : the study has no such patient
    """
    page = environment().get_template("patient.html").render(**page_data(cohort, patient_id, clones=clones))
    return page_in(page, cohort.study.config.language)
