"""Every table that is derived of patients as hospitals record them (`tests/everyday.py`) is what it was.

Kept whole (`tests/kept_numbers.py`): what a cut-off, a tie, a window or an unknown moves in any patient shows.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import pytest
from tests.everyday import everyday_study
from tests.kept_numbers import CHAINED, DERIVED, check

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.prediction_data import prediction_frame
from oncourse.report.execute import run_one

DESIGNS, N_PATIENTS = ("crc", "mcrpc"), 32
#: What holds tables of the study and other derived tables, and none of its own; chains of random draws, which another
#: processor draws otherwise, are for the simulated studies (`tests/analyses/test_golden.py`).
PARTS = ("endpoint_inputs", "prediction_tables", *CHAINED)
#: Small studies answer where little is asked of their size.
SMALL = {
    "biomarkers": {"min_altered": 2, "min_events": 2, "n_bootstrap": 3, "top": 4, "curves": 0, "endpoints": ["PFS"]}
    | {"max_t_permutations": 5, "covariates": ["sex"], "response_line": 1},
    "treatment": {"min_arm": 3, "min_events": 2, "min_cell": 2, "endpoints": ["OS", "PFS"], "max_arms": 2}
    | {"group_by": "class", "estimand": "while_on_line", "marker_window_days": 90},
    "discordance": {"min_patients": 5, "min_level_patients": 2, "min_outcome": 2, "min_outcome_per_term": 1}
    | {"min_new_patients": 1},
    "monitoring": {"min_events": 1},
    "survival": {"min_events": 1},
    "recurrence": {"min_events": 1},
    "groups": {"by": "smoker", "min_group": 2, "min_events": 1, "months": [6.0]},
    "landscape": {"min_pair": 2},
    "drivers": {"min_patients": 5, "min_mutated": 2},
}
#: The design of which each analysis is asked: where it has most to say.
ANALYSES = {
    "crc": ("cohorts", "discordance", "imaging", "recurrence", "signatures", "sites", "survival"),
    "mcrpc": ("biomarkers", "copy_number", "endpoints", "groups", "overview", "psa_response")
    + ("published", "treatment"),
}
#: Patients without samples, of whom many cost little.
COURSES, N_COURSES = {"crc courses": "crc", "mcrpc courses": "mcrpc"}, 100
CLINICAL = ("lines", "psa", "bone_visits", "recist_visits", "best_response", "time_to_event", "recurrence")
#: The other readings a protocol may ask for: whose, the rules, and the tables that they change.
IMAGED = ("recist_visits", "best_response", "endpoint_tables")
OTHERWISE: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "pcwg2": (
        "mcrpc courses",
        {"psa": {"criteria": "pcwg2", "same_day": "mean", "below_limit": "half", "baseline_max_age_days": 28}},
        ("psa", "bone_visits", "endpoint_tables"),
    ),
    "pcwg4": (
        "mcrpc courses",
        {"psa": {"criteria": "pcwg4", "early_scope": "all", "sustained": True, "below_limit": "zero"}}
        | {"lines": {"combination_days": 14, "gap_days": 60}},
        ("lines", "psa", "bone_visits", "endpoint_tables"),
    ),
    "irecist": (
        "crc courses",
        {"imaging": {"criteria": "irecist", "missing_as_ne": True, "visit_window_days": 7}},
        IMAGED,
    ),
    "reported": ("crc courses", {"imaging": {"response_basis": "reported", "allow_stable_between": True}}, IMAGED),
    "central": ("mcrpc courses", {"imaging": {"evaluator": "central", "until_progression": False}}, IMAGED),
    "fda": (
        "crc courses",
        {"endpoints": {"censoring": "fda", "clinical_progression": True, "scan_interval_days": 56}},
        ("endpoint_tables",),
    ),
    "surgery": (
        "crc",
        {"endpoints": {"origin": "surgery", "entry": "recorded", "count_first_day": False, "max_unknown_status": 0.0}}
        | {"recurrence": {"origin": "surgery", "ctdna_first_day": 28}},
        ("endpoint_tables", "recurrence", "recurrence_blood"),
    ),
    "no switch": (
        "mcrpc courses",
        {"endpoints": {"confirm_after_switch": False, "censoring": "fda", "max_unknown_status": 0.5}},
        ("endpoint_tables",),
    ),
    "one variant a site": (
        "crc",
        {"concordance": {"merge_same_site": True}, "presence": {"unknown_depth": "not_assessable", "prior": 0.3}},
        ("presence", "pairs"),
    ),
    "any copy": (
        "mcrpc",
        {"landscape": {"copy_number": "any"}, "knowledge": {"decision_day": 84}},
        ("gene_status", "decision_samples", "patient_statuses"),
    ),
    "features of metastases": ("mcrpc", {"features": {"sample": "metastasis", "scores": ["msi_score"]}}, ("features",)),
    "features of tissue": ("crc", {"features": {"sample": "tissue", "min_altered": 2}}, ("features",)),
} | {
    f"groups {by}": (design, {"groups": {"by": by, "min_group": 2, **more}}, ("groups",))
    for design, by, more in (
        ("crc", "role", {}),
        ("crc", "age_years", {"cut": 65.0}),
        ("crc", "msi_score", {}),
        ("crc", "sex+stage", {"most": 2}),
        ("crc", "sex+role", {}),
        ("crc", "material", {}),
        ("mcrpc", "arm", {}),
        ("mcrpc", "class", {}),
        ("mcrpc", "exposed:enzalutamide", {}),
        ("crc", "RAS", {}),
    )
}
#: What an analysis is asked beside what it answers anyway: the design, the analysis, its settings.
ASKED = {
    "margin": ("crc", "tissue_blood", {"margin": 0.2, "ppa0": 0.8, "npa0": 0.9, "repeat_tissue": True}),
    "by role": ("crc", "landscape", {"min_pair": 2, "unit": "sample", "group_by": "role"}),
}


@cache
def cohort(name: str) -> Cohort:
    """The everyday patients of a design, or their courses alone; of other rules those of their design."""
    if name in COURSES:
        return Cohort(everyday_study(COURSES[name], N_COURSES, 2, sequenced=False), jobs=1)
    if name in OTHERWISE:
        design, rules, changed = OTHERWISE[name]
        return like(design, rules, changed)
    config = {"settings": SMALL, "report_germline": name == "mcrpc", "statuses": {"AR": ["AR p.L702H", "AR p.T878A"]}}
    return Cohort(everyday_study(name, N_PATIENTS, 1, config), jobs=1)


def like(design: str, settings: dict[str, Any], changed: Collection[str] = ()) -> Cohort:
    """The patients of a design under other settings; tables that these do not change are taken from `cohort`."""
    base = cohort(design)
    other = Cohort(base.study, settings, jobs=1)
    below = {"recist_visits": ("followed_visits", "endpoint_inputs"), "lines": ("endpoint_inputs",)}
    anew = {*changed, *(name for table in changed for name in below.get(table, ()))}
    anew |= {"psa", "bone_visits", "followed_visits", "endpoint_inputs"} if "endpoint_tables" in changed else set()
    other._cache |= {name: table for name, table in base._cache.items() if name not in anew}
    return other


@pytest.mark.parametrize("name", [name for name in DERIVED if name not in PARTS])
@pytest.mark.parametrize("design", DESIGNS)
def test_a_derived_table_is_what_it_was(design, name, request):
    answer = getattr(cohort(design), name)
    if answer is None:
        pytest.skip("nothing of the kind in this study")
    kept(f"{design}/derived", name, answer, request)


@pytest.mark.parametrize("name", CLINICAL)
@pytest.mark.parametrize("courses", COURSES)
def test_a_table_of_many_courses_is_what_it_was(courses, name, request):
    kept(courses.replace(" ", "_"), name, getattr(cohort(courses), name), request)


@pytest.mark.parametrize(("design", "name"), [(d, name) for d, names in ANALYSES.items() for name in names])
def test_tables_of_an_analysis_are_what_they_were(design, name, request):
    answer = tables_of(cohort(design), name)
    if answer is None:
        pytest.skip("not answered for this study")
    kept(f"{design}/tables", name, answer, request)


@pytest.mark.parametrize("rules", sorted(OTHERWISE))
def test_tables_of_other_rules_are_what_they_were(rules, request):
    of = cohort(rules)
    kept("rules", rules, {name: getattr(of, name) for name in OTHERWISE[rules][2]}, request)


@pytest.mark.parametrize("what", sorted(ASKED))
def test_what_an_analysis_is_asked_besides_is_answered_as_it_was(what, request):
    answer = asked(cohort(ASKED[what][0]), what)
    assert answer is not None
    kept("asked", what, answer, request)


def asked(of: Cohort, what: str) -> dict[str, Any] | None:
    design, name, settings = ASKED[what]
    other = like(design, {name: settings})
    return tables_of(other, name)


@pytest.mark.parametrize("origin", ("auto", "index", "surgery", "metastasis", "sampling", "line"))
def test_what_a_model_is_fitted_to_is_what_it_was(origin, request):
    kept("prediction", origin, predictors(cohort("crc"), origin), request)


def predictors(of: Cohort, origin: str) -> dict[str, Any]:
    strata, covariates = ("sex", ("age_years", "lab:CEA")) if origin == "line" else (None, ())
    frame = prediction_frame(
        of.prediction_tables,
        endpoint="OS",
        origin=origin,
        line=1,
        covariates=covariates,
        min_carriers=3,
        max_genes=20,
        strata=strata,
    )
    return {"frame": frame, "features": frame.features(), "pathways": frame.arrays(by_pathway=True).groups}


def tables_of(of: Cohort, name: str) -> dict[str, Any] | None:
    """What an analysis answers in tables; None where it does not."""
    run = run_one(registry()[name], of, draw=False)
    assert run.status != "failed", run.detail
    if run.result is None:
        return None
    estimates = [[e.value, e.ci_low, e.ci_high, e.n] for e in run.result.estimates]
    return {**run.result.tables, "estimates": estimates, "left_out": run.result.excluded}


def kept(kind: str, name: str, answer: Any, request: pytest.FixtureRequest) -> None:
    file = f"everyday/{kind}/{name.replace(' ', '_').replace(':', '_')}"
    check(file, answer, request.config.getoption("--accept"))
