"""Numbers that stand in sentences and figures: counted back from a share, the first few of many, under observation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.analyses import _unknown_life as ul
from oncourse.analyses import concordance as co
from oncourse.analyses import drivers as dr
from oncourse.analyses import evolution as ev
from oncourse.analyses import monitoring as mo
from oncourse.analyses import therapy as th
from oncourse.analyses import tissue_blood as tb
from oncourse.analyses import treatment as tr
from oncourse.analyses._asked_statuses import STATUSES, asked_statuses, status_words
from oncourse.analyses._base import Estimate
from oncourse.analyses._concordance_tables import comparison_key
from oncourse.derive.clones.evolution import EvolutionParams
from oncourse.derive.concordance.noninferiority import _row
from oncourse.derive.concordance.pairs import COMPARISONS
from oncourse.derive.outcomes.treatment_comparisons import Comparisons
from oncourse.stats.proportions import clopper_pearson


def founded(several, n, *, by_calls=0, absent=10):
    """The first line on `n` metastases with a clear history, `several` of them from several clones."""
    share = several / n if n else None
    told = (
        Estimate("n_patients", 7, unit="count"),
        Estimate("clones_per_patient", 3.0, n=7, unit="count"),
        Estimate("absences_by_calls", by_calls, n=absent, unit="count"),
        Estimate("polyclonal_fraction", share, *((0.0, 1.0) if n else (None, None)), n, "", "fraction"),
    )
    return ev._headline(told)


@pytest.mark.parametrize(
    ("several", "n", "words"),
    [
        (4, 10, "Of 10 metastases with a clear history, 4 came from several clones (40 %"),
        (1, 3, "Of 3 metastases with a clear history, 1 came from several clones (33 %"),
        (0, 3, "None of 3 metastases"),
        (1, 1, "The one metastasis with a clear history came from several clones"),
        (0, 1, "headline.evolution.one_mono"),
        (0, 0, "headline.evolution.clones"),
    ],
)
def test_metastases_of_several_clones_are_counted_back_from_their_share(several, n, words):
    told = founded(several, n).text
    assert told.key == words if words.startswith("headline.") else told.text().startswith(words)


def test_absences_by_calls_are_said_of_all_absences():
    told = founded(4, 10, by_calls=2, absent=9).text.text()
    assert "2 of 9" in told and "2 of 9" not in founded(4, 10, absent=9).text.text()


@pytest.mark.parametrize(("patients", "is_low"), [(199, True), (200, False)])
def test_the_share_of_patients_that_would_be_found_is_in_per_cent(monkeypatch, patients, is_low):
    """Mutated in 12 patients, of a share of 0.085: 8.5 %."""
    monkeypatch.setattr(dr, "least_found", lambda *_: (12, 0.085))
    told = dr._power(SimpleNamespace(panels=None), pl.DataFrame(), ["P"] * patients)
    assert "mutated in 12 patients" in told[-1] and "mutated in 8.5 % of patients" in told[-1]
    assert any(f"{patients} patients have low power" in note for note in told) == is_low
    monkeypatch.setattr(dr, "least_found", lambda *_: None)
    assert "No number of changed patients" in dr._power(SimpleNamespace(panels=None), pl.DataFrame(), ["P"])[-1]


def drawn_of(entry):
    """Curves of a marker and a treatment: four lines treated and positive, under observation from `entry` on."""
    lines = pl.DataFrame(
        {
            "patient_id": ["A", "B", "C", "D"],
            "time_days": [30, 60, 90, 120],
            "entry_days": entry,
            "is_event": [True, True, True, False],
            "value": [1, 1, 1, 1],
        }
    )
    curves = {("TP53", "docetaxel", "abiraterone", "OS"): (lines, pl.Series([True] * 4))}
    (figure,) = tr._figures(Comparisons([], [], [], {}), curves, pl.DataFrame())
    (curve,) = figure.drawing.args[0]
    return curve


def test_a_line_is_at_risk_from_when_its_patient_came_under_observation():
    """Delayed entry of some lines: D came at day 70, so A dies as one of three (not four), C as one of two."""

    def at_deaths(curve):
        return np.asarray(curve.survival)[np.searchsorted(curve.time, [30, 60, 90])]

    assert at_deaths(drawn_of([0, 0, 0, 0])) == pytest.approx([0.75, 0.5, 0.25])
    late = drawn_of([0, 0, 0, 70])
    assert at_deaths(late) == pytest.approx([2 / 3, 1 / 3, 1 / 6])
    assert late.label.endswith("TP53 positive") and list(late.people) == ["A", "B", "C", "D"]


MAIN = COMPARISONS[0]


@pytest.mark.parametrize(
    ("patients", "limits", "words"),
    [
        (1, (None, None), "share 3 of the 12 mutations"),
        (2, (None, None), "share 3 of the 12 mutations"),  # without limits the count is said
        (2, (0.1, 0.5), "share 25 % of the mutations"),
    ],
)
def test_the_shared_mutations_of_few_patients_are_counted(patients, limits, words):
    key = comparison_key(MAIN)
    told = (
        Estimate(f"n_patients.{key}", patients, unit="count"),
        Estimate(f"shared_fraction_assessable.{key}", 0.25, *limits, 12, "", "fraction"),
    )
    assert words in co._headline(told, (), ()).text.text()
    calls = (*told, Estimate(f"assumed_fraction.{key}", 0.4, n=5, unit="fraction"))
    assert "2 of 5 differences are assumed (reads not counted)" in co._headline(calls, (), ()).text.text()


@pytest.mark.parametrize(("patients", "light"), [(29, "uncertain"), (30, "answered")])
def test_equivalence_over_variants_of_few_patients_is_not_said(patients, light):
    """Whose plasma shows hardly anything may be missing: ten said "within" at the margin in 14-19 % of studies."""
    test = _row(
        "performance goal", "ppa", "variants", 0.1, patients, "t", aim=0.9, agreement=0.9, lower=-0.05, p_value=0.001
    )
    assert test["is_noninferior"] is (None if patients < 30 else True)
    assert ("of fewer than 30 patients it is not said" in test["basis"]) == (patients < 30)
    told = (
        Estimate("n_patients", patients, unit="count"),
        Estimate("ppa.all_without_chip", 0.9, 0.85, 0.94, 400, "", "fraction"),
        Estimate("missed_by_calls.all_without_chip", 0, n=40, unit="count"),
        Estimate("informative_plasma", 1.0, n=patients, unit="fraction"),
        Estimate("noninferiority_p.ppa.variants.performance_goal", 0.001, n=patients),
    )
    head = tb._headline(told, [test])
    assert head.light == light and ("within the margin set" in head.text.text()) == (patients >= 30)
    assert (str(head.reason) == "only 29 patients") == (patients < 30)
    answer = tb._answer(told, [test], "RAS")
    assert (": of fewer than 30 patients not said to be within the margin, p = " in answer) == (patients < 30)


def test_of_two_tumours_the_larger_group_is_told():
    found = {
        "benefit_1_a": Estimate("benefit_1_a", 0.5, 0.2, 0.8, 8, "", "fraction"),
        "benefit_1_b": Estimate("benefit_1_b", 0.25, 0.1, 0.5, 20, "", "fraction"),
        "benefit_now_a": Estimate("benefit_now_a", 0.5, 0.2, 0.8, 8, "", "fraction"),
        "benefit_now_b": Estimate("benefit_now_b", 0.1, 0.0, 0.3, 20, "", "fraction"),
    }
    told = th._headline(["a", "b"], found, 0)
    assert told.text.text().startswith("5 of 20 patients (25 %") and told.number == "benefit_1_b"
    assert "2 alive in its setting" in told.text.text()


@pytest.mark.parametrize(("genes", "named"), [(8, 8), (9, 5)])
def test_eight_drivers_are_all_named_and_of_more_the_first_five(genes, named):
    sure = pl.DataFrame({"gene": [f"G{n}" for n in range(genes)]})
    told = dr._headline((Estimate("n", 40, unit="count"), Estimate("found", genes, unit="count")), sure).text.text()
    assert [f"G{n}" in told for n in range(genes)] == [n < named for n in range(genes)]
    assert ("the clearest" in told) == (named < genes) and f"{genes} genes" in told


def test_assumed_negatives_are_counted_apart_and_the_share_is_of_those_judged():
    """3 positive, 2 measured and 1 assumed negative, 2 not judged: 3 / 6; P9 has another tumour, TP53 is not asked."""
    rows = [(f"P{n}", "BRAF V600E", s, b) for n, (s, b) in enumerate(STATES)]
    rows += [("P9", "BRAF V600E", "positive", "measured"), ("P0", "TP53", "positive", "measured")]
    found = pl.DataFrame(rows, schema=["patient_id", "status", "state", "basis"], orient="row")
    found = found.with_columns(reason=pl.lit(None, pl.String))
    (row,) = asked_statuses(found, {"colorectal": [f"P{n}" for n in range(len(STATES))]}, "crc")
    counts = {name: row[name] for name in ("n_patients", "n_positive", "n_negative", "n_assumed", "n_not_assessable")}
    assert list(counts.values()) == [8, 3, 2, 1, 2] and row["fraction"] == 0.5
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(map(float, clopper_pearson(3, 6))))
    none = found.filter(pl.col("state") == "not_assessable")
    (row,) = asked_statuses(none, {"colorectal": ["P6", "P7"]}, "crc")
    assert row["fraction"] is None and row["ci_low"] is None


def test_where_only_a_positive_could_be_judged_no_share_is_given_and_the_tumour_is_told_apart():
    """Two BRCA losses; in three none was found and germline is not reported; one plasma held too few reads."""
    reasons = [None, None, *["germline not reported; BRCA1, BRCA2: depth not recorded"] * 3, "BRCA1: too few reads"]
    found = pl.DataFrame(
        {
            "patient_id": list("ABCDEF"),
            "status": "BRCA",
            "state": ["positive"] * 2 + ["not_assessable"] * 4,
            "basis": ["counted"] * 2 + [None] * 4,
            "reason": reasons,
        }
    )
    (row,) = asked_statuses(found, {"prostate": list("ABCDEF")}, "mcrpc")
    assert (row["n_positive"], row["n_not_assessable"], row["n_none_in_tumour"]) == (2, 4, 3)
    assert row["fraction"] is row["ci_low"] is row["ci_high"] is None
    words = status_words(STATUSES.frame([row]))
    assert words.endswith(
        "could not be judged (in {BRCA_prostate_none_in_tumour:value} of these none was found in the "
        "tumour; germline is not reported)."
    )
    (all_judged,) = asked_statuses(found.head(2), {"prostate": ["A", "B"]}, "mcrpc")
    assert all_judged["fraction"] == 1 and "none was found" not in status_words(STATUSES.frame([all_judged]))


STATES = [
    *[("positive", "measured")] * 3,
    *[("negative", "measured")] * 2,
    ("negative", "assumed"),
    *[("not_assessable", None)] * 2,
]


def test_the_four_largest_arms_are_named_by_their_lines():
    arms = ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"] * 2 + ["e"]
    rows = pl.DataFrame({"unit": range(15), "line": 1, "arm": arms})
    told = tr._largest(pl.concat([rows, rows]))  # two endpoints of one line count once
    assert told == "line 1 a (n = 5); line 1 b (n = 4); line 1 c (n = 3); line 1 d (n = 2)"


@pytest.mark.parametrize(
    ("states", "alone"),
    [
        (["positive", "not_assessable"], True),
        (["positive", "negative", "not_assessable"], False),
        (["positive", "positive"], False),  # all could be judged
        (["not_assessable"], False),
        ([], False),
    ],
)
def test_positives_stand_alone_where_every_judged_sample_is_one_and_some_are_not_judged(states, alone):
    assert mo._positives_alone(pl.DataFrame({"state": states}, schema={"state": pl.String})) is alone


def test_a_finding_can_emerge_where_it_was_looked_for_before_and_after_the_start():
    """A look on the day of the start is one before it."""
    periods = pl.DataFrame({"patient_id": ["A", "B", "C"], "drug_class": "ARPI", "start_day": 10})
    looks = [("A", 10), ("A", 11), ("B", 11), ("B", 40), ("C", 3), ("C", 10)]
    seen = pl.DataFrame(looks, schema=["patient_id", "day"], orient="row").with_columns(name=pl.lit("AR L702H"))
    assert mo._evaluable(periods, seen) == {("ARPI", "AR L702H"): {"A"}}


def test_histories_that_are_not_clear_are_in_no_share():
    """Metastases of three patients: two clear, two below the least probability (0.8); a primary is none."""
    names = ["patient_id", "role", "probability", "clonality", "probability_phyleticity", "phyleticity", "divergence"]
    seeding = pl.DataFrame(
        [
            ("A", "metastasis", 0.8, "polyclonal", 0.9, "polyphyletic", "early"),
            ("B", "metastasis", 0.9, "monoclonal", 0.7, "polyphyletic", "late"),
            ("C", "metastasis", 0.7, "polyclonal", 0.9, "monophyletic", "early"),
            ("C", "local recurrence", 0.7, "polyclonal", 0.9, "monophyletic", "not_assessable"),
            ("C", "primary", 1.0, "polyclonal", 1.0, "polyphyletic", "early"),
        ],
        schema=names,
        orient="row",
    )
    drivers = pl.DataFrame(
        [
            ("A", 2, 2, True),
            ("A", 2, 1, False),
            ("B", 1, 1, True),
            ("B", 1, 1, None),
            ("C", 2, 0, True),
            ("C", 0, 0, False),
        ],
        schema=["patient_id", "n_metastases_assessed", "n_metastases_present", "in_primary"],
        orient="row",
    )
    variants = pl.DataFrame(
        {
            "basis": ["measured", "assumed", "assumed", "not_assessable", "assumed"],
            "p_present": [0.1, 0.49, 0.5, 0.1, 0.2],
        }
    )
    people = [SimpleNamespace(posterior=SimpleNamespace(n_clone=n)) for n in (2, 3, 7)]
    told = {e.name: e for e in ev._estimates(None, EvolutionParams(), people, seeding, drivers, variants)}
    assert EvolutionParams().min_probability == 0.8
    assert told["clones_per_patient"].value == 3 and told["n_metastases"].value == 4
    assert (told["absences_by_calls"].value, told["absences_by_calls"].n) == (2, 3)
    shares = {
        "polyclonal_fraction": (1 / 2, 2),
        "polyphyletic_fraction": (1, 1),
        "early_divergence_fraction": (2 / 3, 3),
        "drivers_in_all_metastases": (1 / 2, 2),
        "drivers_new_in_metastasis": (1 / 3, 3),
    }
    assert {name: (told[name].value, told[name].n) for name in shares} == shares


@pytest.mark.parametrize("late", [0, 70])
def test_the_best_and_the_worst_case_know_who_came_late(monkeypatch, late):
    """As in `test_a_line_is_at_risk_from_when_its_patient_came_under_observation`; a row of no time at risk is left out."""
    rows = {
        "time_days": [30, 60, 90, 120, 20],
        "entry_days": [None, 0, 0, late, 20],
        "is_event": [True] * 3 + [False] * 2,
    }
    monkeypatch.setattr(ul, "survival_bounds", lambda *_: (pl.DataFrame(rows),))
    cohort = SimpleNamespace(endpoint_inputs=None, params=lambda _: None)
    ((curve, n, deaths),) = ul.curves(cohort)
    expected = [2 / 3, 1 / 3, 1 / 6] if late else [0.75, 0.5, 0.25]
    assert curve.survival[np.searchsorted(curve.time, [30, 60, 90])] == pytest.approx(expected)
    assert (n, deaths) == (4, 3)
