"""When a run says that nothing was answered and what to fill in first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.typed import typed

import oncourse
from oncourse.cohort import Cohort
from oncourse.report.front import nothing_answered
from oncourse.report.objectives import ordered
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


def test_without_a_protocol_page_one_holds_what_could_be_asked():
    """A study of mutations alone had 25 questions on page one, 14 of them without an answer."""
    states = {
        "overview": "done",
        "landscape": "done",
        "imaging": "skipped",
        "drivers": "too_few",
        "evolution": "failed",
    }
    outcomes = [SimpleNamespace(analysis=SimpleNamespace(name=n), status=s) for n, s in states.items()]
    first, rest = ([o.analysis.name for o in part] for part in ordered(outcomes, None))
    assert (first, rest) == (["landscape", "evolution"], ["imaging", "drivers"])
    first, rest = ([o.analysis.name for o in part] for part in ordered(outcomes[2:4], None))
    assert (first, rest) == (["imaging", "drivers"], [])


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


def test_a_study_whose_tables_are_filled_in_is_not_told_to_fill_them(tmp_path):
    """Sixty men on one drug, asked which treatment does best: told to fill in patients, treatments and the rest."""
    tables = {
        "patients": "patient_id\nP1\n",
        "samples": "sample_id\tpatient_id\tmaterial\nT\tP1\ttissue\n",
        "variants": "variant_id\tgene\n12:25398284:C:T\tKRAS\n",
        "calls": "sample_id\tvariant_id\talt_count\tdepth\nT\t12:25398284:C:T\t9\t90\n",
        "follow_up": "patient_id\tlast_contact_day\tis_dead\nP1\t300\tno\n",
        "treatments": "patient_id\tdrugs\tstart_day\nP1\tenzalutamide\t0\n",
    }
    (tmp_path / "s").mkdir()
    (tmp_path / "s/study.yaml").write_text("design: mcrpc\n", "utf-8")
    for name, text in tables.items():
        (tmp_path / f"s/{name}.tsv").write_text(text, "utf-8")
    asked = ("--only", "treatment", "--patients", "none", "--jobs", "1")
    done = typed("run", tmp_path / "s", "--out", tmp_path / "r", *asked)
    assert done.returncode == 1 and "No line has two treatments" in done.stdout
    assert "no question could be answered. Why stands above." in done.stderr
    (tmp_path / "s/treatments.tsv").unlink()  # too few patients for a finding: no treatments would mend it
    done = typed("run", tmp_path / "s", "--out", tmp_path / "q", "--only", "biomarkers", *asked[2:])
    assert done.returncode == 1
    assert "no question could be answered. Why stands above." in done.stderr
    done = typed("run", tmp_path / "s", "--out", tmp_path / "p", *asked)
    assert "no question could be answered. Fill in first: treatments.tsv." in done.stderr
