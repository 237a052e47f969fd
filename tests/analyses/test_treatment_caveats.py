"""What may be hidden: tipping points, a negative control, covariates that were not used, who could have had either."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from tests.analyses.test_treatment import study_of

from oncourse.analyses.treatment import TreatmentParams, treatment
from oncourse.cohort import Cohort
from oncourse.models.weighting import bias_factor, e_value


def frail(hidden: float, n=400, seed=3):
    """Nobody recorded who is frail: the frail get drug a more (odds e^hidden) and die sooner, of whatever cause."""
    rng = np.random.default_rng(seed)
    age, weak = rng.normal(65, 8, n), rng.random(n) < 0.4
    arm = rng.random(n) < 1 / (1 + np.exp(-(hidden * (weak - 0.4) + 0.02 * (age - 65))))
    own, other = rng.exponential(700, n), rng.exponential(1500, n) * np.exp(-2.5 * weak)
    time = np.ceil(np.minimum(np.minimum(own, other), 1500)) + 1
    event = np.minimum(own, other) < 1500
    drugs = np.where(arm, "docetaxel", "abiraterone")
    rare, seldom = np.zeros(n), np.full(n, np.nan)
    rare[:2], seldom[:60] = 1.0, rng.normal(size=60)
    study = study_of(time, event, drugs, covariates={"age": age, "rare": rare, "seldom": seldom})
    cause = pl.Series(np.where(other < own, "other", "cancer"))
    follow_up = study["follow_up"].with_columns(cause_of_death=pl.when("is_dead").then(cause))
    return dataclasses.replace(study, tables={**study.tables, "follow_up": follow_up})


def compared(study):
    return treatment(Cohort(study), TreatmentParams(endpoints=("OS",)))


@pytest.fixture(scope="module")
def confounded():
    return compared(frail(2.5))


def test_deaths_of_other_causes_betray_what_nobody_recorded(confounded):
    """Lipsitch 2010: an outcome the treatment cannot change differs where the arms differ in something hidden."""
    assert "Deaths of other causes, which neither treatment should change, differ too" in confounded.answer
    clean = compared(frail(0.0))
    assert "Deaths of other causes" not in clean.answer
    assert any(note.startswith("Negative control") for note in clean.notes)


def test_page_one_says_what_something_hidden_would_need(confounded):
    """ "Hazard ratio 0.58 (0.37-0.90)" of a hidden frailty stood on page one without its E-value."""
    row = confounded.tables["treatment/comparison"].filter(
        endpoint="OS", method="overlap", estimate_name="hazard_ratio"
    )
    text = confounded.headline.text.text()
    assert row["e_value_limit"].item() > 1
    assert text.endswith(f"Something unrecorded of risk ratio {row['e_value'].item():.1f} could explain it.")


def test_where_the_ratio_changes_with_time_the_milestone_has_the_e_value():
    """A mean difference of half a year, weighted, stood on page one and in the answer without one."""
    rng = np.random.default_rng(2)
    n = 200
    age = rng.normal(65, 8, n)
    arm = rng.random(n) < 1 / (1 + np.exp(-0.05 * (age - 65)))
    early = rng.random(n) < 0.3  # docetaxel: some die at once, the others late; abiraterone: nobody lives two years
    time = np.where(arm, np.where(early, rng.uniform(20, 200, n), rng.uniform(740, 1600, n)), rng.uniform(150, 700, n))
    drugs = np.where(arm, "docetaxel", "abiraterone")
    found = compared(study_of(np.ceil(time), np.ones(n), drugs, covariates={"age": age}))
    row = found.tables["treatment/comparison"].filter(method="doubly_robust", estimate_name="milestone_difference")
    assert row["e_value"].item() > row["e_value_limit"].item() > 2
    # about 30 % against 100 % dead at two years: a risk ratio of 3.3
    assert row["e_value"].item() == pytest.approx(e_value(1 / 0.33, common=False), rel=0.15)
    assert f"; E-value {row['e_value'].item():.1f})" in found.headline.text.text()
    assert "To explain this away, something unrecorded would need a risk ratio of" in found.answer


def test_the_negative_control_is_no_endpoint_of_the_answer(confounded):
    assert "death of another cause" not in confounded.headline.text.text()
    tested = confounded.tables["treatment/interaction"]
    assert "death of another cause" not in set(tested["endpoint"])


def test_without_causes_of_death_there_is_no_control():
    study = frail(2.5)
    bare = dataclasses.replace(
        study,
        tables={**study.tables, "follow_up": study["follow_up"].with_columns(cause_of_death=pl.lit(None, pl.String))},
    )
    assert set(compared(bare).tables["treatment/comparison"]["endpoint"]) == {"OS"}


def test_a_tipping_point_is_where_the_bias_factor_reaches_the_ratio(confounded):
    """Ding & VanderWeele 2016; at the E-value (on the ratio's own scale) the factor is the ratio itself."""
    assert bias_factor(e_value(2.0, common=False), e_value(2.0, common=False)) == pytest.approx(2.0)
    rows = confounded.tables["treatment/tipping"].filter(pl.col("endpoint") == "OS")
    assert rows.height == 25
    row = rows.row(0, named=True)
    ratio = confounded.estimate("hazard ratio overlap")
    assert row["estimate"] == pytest.approx(
        ratio.value / row["bias_factor"] if ratio.value > 1 else ratio.value * row["bias_factor"]
    )
    assert {"an effect is left", "the effect is gone or turned"} <= set(rows["left"])
    # the stronger the hidden factor, the less is left
    order = rows.sort("bias_factor")["estimate"].to_numpy()
    assert (np.diff(order) <= 1e-12).all() if ratio.value > 1 else (np.diff(order) >= -1e-12).all()


def test_covariates_that_were_not_used_are_named_with_the_reason(confounded):
    note = next(n for n in confounded.notes if n.startswith("Not adjusted for"))
    assert "rare (only 2 of 400 differ)" in note and "seldom (known in 60 of 400)" in note and "age" not in note
    assert "1 covariates" in confounded.answer or "1 covariate" in confounded.answer


def test_who_could_have_had_either_is_described(confounded):
    balance = confounded.tables["treatment/balance"].filter(
        (pl.col("endpoint") == "OS") & (pl.col("covariate") == "age")
    )
    row = balance.row(0, named=True)
    low, high = sorted([row["mean_arm"], row["mean_reference"]])
    assert low - 1 <= row["mean_either"] <= high + 1
    rows = confounded.tables["treatment/comparison"]
    weighted = rows.filter((pl.col("method") == "overlap") & (pl.col("endpoint") == "OS"))
    assert 50 < weighted["n_effective"][0] <= weighted.select(pl.min_horizontal("n_arm", "n_reference"))[0, 0]


def two_arms(**more):
    """A drawn treatment without effect and a column that follows from it."""
    rng = np.random.default_rng(5)
    arm = rng.random(200) < 0.5
    time = np.ceil(rng.exponential(500, 200)) + 1
    covariates = {"age": rng.normal(65, 8, 200), **{name: arm.astype(float) for name in more.get("names", ())}}
    return compared(study_of(time, np.ones(200), np.where(arm, "docetaxel", "abiraterone"), covariates=covariates))


def test_a_covariate_that_is_the_treatment_is_left_out_by_name():
    found = two_arms(names=("treatment", "trial_arm"))
    note = next(n for n in found.notes if n.startswith("Not adjusted for"))
    assert "treatment, trial arm (says which treatment was given)" in note
    assert set(found.tables["treatment/balance"]["covariate"]) == {"age"}
    assert found.tables["treatment/comparison"].equals(two_arms().tables["treatment/comparison"])


def test_a_finding_that_decides_the_treatment_refuses_the_weighted_ratio():
    """It may be why the drug was given: never dropped, and nothing can make such arms alike."""
    found = two_arms(names=("ras_mutant",))
    methods = set(found.tables["treatment/comparison"].filter(pl.col("endpoint") == "OS")["method"])
    assert not methods & {"adjusted", "overlap", "iptw", "doubly_robust"}
    assert "not answered. The arms differ in ras mutant" in found.answer
    assert found.headline.light == "cannot" or "hazard ratio" not in found.headline.text.text()
    text = "100% of the patients would hardly ever get the other treatment. No weighted result"
    assert any(text in note for note in found.notes), found.notes


def test_curves_that_cross_are_told_by_their_milestone_where_the_means_are_alike():
    """Early deaths on one arm, late ones on the other: means are alike, a third of the patients are not."""
    rng = np.random.default_rng(5)
    n = 240
    arm = rng.random(n) < 0.5
    time = np.where(arm, 900 * rng.weibull(0.7, n), 560 * rng.weibull(3, n))
    drugs = np.where(arm, "docetaxel", "abiraterone")
    found = compared(
        study_of(np.ceil(np.minimum(time, 1800)) + 1, time < 1800, drugs, covariates={"age": rng.normal(65, 8, n)})
    )
    assert "at 24 months differed by" in found.headline.text.text()
    assert found.headline.number.startswith("milestone")
    share, days = found.estimate(found.headline.number), found.estimate("rmst doubly_robust")
    assert share.ci_low > 0 or share.ci_high < 0
    assert days.ci_low < 0 < days.ci_high


def test_the_arms_are_told_apart_by_what_tells_them_apart_most():
    """RAS decides on the drug; age differs by chance: the sentence named age."""
    rng = np.random.default_rng(4)
    n = 200
    ras = rng.random(n) < 0.4
    arm = ras != (rng.random(n) < 0.97)
    time = np.ceil(rng.exponential(700, n)) + 1
    found = compared(
        study_of(
            time,
            np.ones(n, bool),
            np.where(arm, "cetuximab", "bevacizumab"),
            covariates={"age": rng.normal(65, 8, n) + 2 * arm, "zz_ras": ras.astype(float)},
        )
    )
    assert "the arms differed in zz ras" in found.headline.text.text()
    assert "The arms differ in zz ras" in found.answer


@pytest.mark.parametrize(("scale", "number"), [(1500, "rmst rmst"), (560, "milestone milestone")])
def test_days_and_a_milestone_without_a_covariate_are_called_unadjusted_on_page_one(scale, number):
    """Only the ratio said so (issue 14, 7); a difference in days or at a milestone read as if weighted."""
    rng = np.random.default_rng(5)
    n = 240
    arm = rng.random(n) < 0.5
    time = np.where(arm, 900 * rng.weibull(0.7, n), scale * rng.weibull(3, n))
    drugs = np.where(arm, "docetaxel", "abiraterone")
    headline = compared(study_of(np.ceil(np.minimum(time, 1800)) + 1, time < 1800, drugs)).headline
    assert headline.number == number
    assert headline.text.text().endswith(", unadjusted.")
    assert headline.text.text("zh").endswith("，未校正。")
