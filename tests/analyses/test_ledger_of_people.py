"""The ledger of people: everybody is in or out of every question, with a reason, and every sum closes."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses._base import Estimate, Result, registry
from oncourse.analyses._people import counted, excluded, flow_rows, ledger, n_in, of_lines, unclosed
from oncourse.cohort import Cohort
from oncourse.report.execute import run_one
from oncourse.report.results import collect_tables

EVERYONE = ["A", "B", "C"]


def test_what_is_said_of_one_that_counts_is_a_remark_and_the_rest_has_a_reason():
    people = counted("OS", EVERYONE, ["A"], [("A", "entered late"), ("B", "no row")], rest="no sample")
    rows = people.select("patient_id", "is_in", "reason").rows()
    assert rows == [("A", True, "entered late"), ("B", False, "no row"), ("C", False, "no sample")]
    assert excluded(people).rows() == [("B", None, "no row"), ("C", None, "no sample")]
    assert flow_rows(people).rows() == [("OS", 1, None, "1 x no row; 1 x no sample")]


def test_a_reason_of_a_patient_does_not_stand_beside_those_of_the_samples():
    inside, out = [("A", "a1")], [("A", "a2", "shallow"), ("B", None, "no calls"), ("A", None, "3 variants: germline")]
    people = counted("samples", EVERYONE, inside, out, rest="no sample", unit="sample")
    told = people.select("patient_id", "sample_id", "is_in", "reason").rows()
    assert told == [
        ("A", "a1", True, None),
        ("A", "a2", False, "shallow"),
        ("B", None, False, "no calls"),
        ("C", None, False, "no sample"),
    ]


def test_lines_of_therapy_are_units_and_one_of_them_can_be_asked_for():
    lines = pl.DataFrame({"patient_id": ["A", "A", "B"], "line": [1, 2, 1]})
    out = pl.DataFrame({"patient_id": ["A"], "line": [2], "reason": ["no PSA"]})
    people = of_lines("PSA", lines[:1], out, lines, EVERYONE, rest="nothing recorded")
    assert people.select("patient_id", "line", "is_in", "reason").rows() == [
        ("A", 1, True, None),
        ("A", 2, False, "no PSA"),
        ("B", 1, False, "nothing recorded"),
        ("C", None, False, "no line of therapy"),
    ]
    assert (n_in(people, "PSA"), n_in(people, "PSA, line 1"), n_in(people, "PSA, line 2")) == (1, 1, 0)
    assert "line 2: no PSA" in excluded(people)["reason"].to_list()


@pytest.mark.parametrize(
    ("people", "estimates", "told"),
    [
        (counted("OS", EVERYONE, ["A"], [("B", "no row")]), [], "OS: C (1) neither in nor out"),
        (counted("OS", EVERYONE, [*EVERYONE, "D"]), [], "OS: D (1) not in the study"),
        (counted("OS", EVERYONE, EVERYONE), [Estimate("median", 3.0, n=2, question="OS")], "estimate median: n is 2"),
        (counted("OS", EVERYONE, EVERYONE), [Estimate("k", 4, unit="count", question="OS")], "estimate k: n is 4"),
        (ledger([]), [], "no ledger of people"),
        (pl.concat([counted("OS", EVERYONE, EVERYONE)] * 2), [], "listed twice"),
        (
            counted("OS", EVERYONE, ["A"], [("B", "no row")], rest="no sample").with_columns(reason=None),
            [],
            "OS: 2 out without",
        ),
        (
            ledger([counted("OS", EVERYONE, EVERYONE), counted("PFS", EVERYONE, ["A", "B"])]),
            [],
            "PFS: C (1) neither in nor out",
        ),
    ],
)
def test_a_sum_that_does_not_close_is_named(people, estimates, told):
    assert any(problem.startswith(told) or told in problem for problem in unclosed(people, EVERYONE, estimates))


def test_an_analysis_whose_sums_do_not_close_fails_by_name():
    """It once went unnoticed that the flow counted 2,257 patients for a survival of 2,201."""
    import dataclasses

    def broken(cohort, params):
        return Result(answer="all well", people=counted("OS", EVERYONE, ["A"]))

    entry = dataclasses.replace(registry()["overview"], name="broken", function=broken)
    outcome = run_one(entry, Cohort(study(patients=[{"patient_id": p} for p in EVERYONE], samples=[], calls=[])))
    assert (
        outcome.status == "failed"
        and "broken: the sums do not close: OS: B, C (2) neither in nor out" in outcome.message
    )


def test_the_flow_of_an_analysis_is_its_own_sum():
    """A patient without follow-up is no patient of a survival curve (2,257 in the flow of a survival of n = 2,201)."""
    follow_up = [{"patient_id": f"P{i}", "last_contact_day": 100 + i, "is_dead": True} for i in range(8)]
    made = study(patients=[{"patient_id": f"P{i}"} for i in range(10)], samples=[], calls=[], follow_up=follow_up)
    cohort = Cohort(made)
    outcome = run_one(registry()["survival"], cohort, draw=False)
    flow = collect_tables(cohort, [outcome])["overview/flow"]
    assert ("analysis: survival, OS", 8, None, "2 x no row in follow_up") in flow.rows()
    assert flow["step"][0] == "recorded"  # who is in the study comes first, whatever was asked
    assert {e.n for e in outcome.result.estimates if e.question == "OS"} == {8}
    people = outcome.result.tables["survival/people"]
    assert people.filter(~pl.col("is_in"))["patient_id"].to_list() == ["P8", "P9"]


def tumours(n_unseen: int):
    """Two of four sequenced patients with KRAS G12C; further patients nobody looked at."""
    names = [f"P{i}" for i in range(4)]
    calls = [{"sample_id": f"{p}-T", "variant_id": "12:25398285:C:A", "alt_count": 30, "depth": 100} for p in names[:2]]
    calls += [{"sample_id": f"{p}-T", "variant_id": "12:25398285:C:A", "alt_count": 0, "depth": 400} for p in names[2:]]
    return study(
        {"design": "crc", "genome_build": "GRCh37"},
        patients=[
            {"patient_id": p, "disease": "colorectal cancer"} for p in [*names, *(f"U{i}" for i in range(n_unseen))]
        ],
        samples=[{"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "assay_id": "A"} for p in names],
        assays=[{"assay_id": "A", "kind": "panel", "targets": "KRAS;NRAS;BRAF", "callable_mb": 1.0}],
        variants=[{"variant_id": "12:25398285:C:A", "gene": "KRAS", "hgvs_p": "p.G12C", "consequence": "missense"}],
        calls=calls,
    )


def test_a_patient_never_looked_at_lowers_no_share_with_a_biomarker():
    alone, beside = (registry()["therapy"].run(Cohort(tumours(n))) for n in (0, 6))
    for name in ("level_1_colorectal", "benefit_1_colorectal", "n_colorectal"):
        a, b = alone.estimate(name), beside.estimate(name)
        assert (a.value, a.n) == (b.value, b.n) and a.n == 4, name
    assert alone.table("levels").equals(beside.table("levels"))
    assert "6 more were never" in beside.answer and "never" not in alone.answer
    told = beside.people.filter(question="colorectal tumour", is_in=False)["reason"].unique().to_list()
    assert told == ["never looked at: no profiled tumour sample and no marker"]
    ras = beside.people.filter(question="RAS", is_in=False)
    assert dict(ras.select("patient_id", "reason").rows()) == {f"U{i}": told[0] for i in range(6)}


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_the_sums_of_every_analysis_of_a_simulated_study_close(answered, design):
    """Of each: everybody is in or out with a reason, and n of an estimate is the sum it names."""
    cohort, outcomes = answered(design)
    patients = set(cohort.study["patients"]["patient_id"])
    done = {name: outcome.result for name, outcome in outcomes.items() if outcome.status == "done"}
    assert len(done) >= 15 and not [o.message for o in outcomes.values() if o.status == "failed"]
    for name, result in done.items():
        assert unclosed(result.people, patients, result.estimates) == [], name
        assert set(result.people["patient_id"]) == patients, name
        assert result.people.filter(~pl.col("is_in"))["reason"].null_count() == 0, name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["overview", "landscape", "burden", "survival", "endpoints", "published", "therapy"])
def test_the_sums_close_for_a_real_study(name, real_cohort):
    """MSK 2024 (2,257 patients): the flow counted all of them for a survival of n = 2,201."""
    outcome = run_one(registry()[name], real_cohort, draw=False)
    assert outcome.status == "done", outcome.message
    patients = set(real_cohort.study["patients"]["patient_id"])
    assert unclosed(outcome.result.people, patients, outcome.result.estimates) == []
    flow = flow_rows(outcome.result.people)
    assert flow["n_patients"].max() <= len(patients)
    if name == "survival":
        n = outcome.result.estimate("OS_kaplan_meier_median").n
        assert flow.filter(question="OS")["n_patients"][0] == n < len(patients)


@pytest.fixture(scope="module")
def real_cohort(loaded):
    return Cohort(loaded("prostate_msk_2024"))
