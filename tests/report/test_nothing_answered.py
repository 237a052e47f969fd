"""When a run says that nothing was answered and what to fill in first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.typed import typed

import oncourse
from oncourse.cohort import Cohort
from oncourse.report.front import nothing_answered
from oncourse.report.patient_page import patient_page
from oncourse.report.study import Report


@pytest.mark.parametrize(
    ("states", "nothing"),
    [
        ({"overview": "done"}, False),  # it alone was asked for: told "fill in first" on a sound study
        ({"overview": "done", "survival": "skipped"}, True),
        ({"overview": "done", "survival": "done"}, False),
        ({"overview": "done", "survival": "failed"}, False),  # a failure is named; tables would not mend it
    ],
)
def test_a_study_is_unanswered_where_no_question_could_be_tried(states, nothing):
    outcomes = [SimpleNamespace(analysis=SimpleNamespace(name=n), status=s) for n, s in states.items()]
    assert nothing_answered(outcomes) is nothing


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_patient_of_whom_nothing_else_is_recorded_has_a_page(design, tmp_path):
    """`oncourse new` with patients.tsv alone filled in: each page failed for want of a row of RAS."""
    typed("new", str(tmp_path / "s"), "--design", design)
    head = (tmp_path / "s/patients.tsv").read_text("utf-8").splitlines()[0]
    disease = {"crc": "colon adenocarcinoma", "mcrpc": "prostate adenocarcinoma"}[design]
    cells = {"patient_id": "P1", "disease": disease}
    row = "\t".join(cells.get(name, "") for name in head.split("\t"))
    (tmp_path / "s/patients.tsv").write_text(f"{head}\n{row}\n", "utf-8")
    page = patient_page(Cohort(oncourse.read(tmp_path / "s")), "P1")
    assert "not assessable" in page
    assert not [word for word in ("none found", ">negative<", "wild type (every") if word in page]


def test_pages_that_fail_alike_are_one_line():
    failed = Report(folder=None, outcomes=[], failed_pages={f"P{i}": "OutOfBoundsError" for i in range(60)})
    assert failed.failures == ["pages of 60 patients (P0, P1, P2 ...) failed: OutOfBoundsError"]
