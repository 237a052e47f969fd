"""Arms are sets of substances: spelling, separators and background make no second treatment."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.outcomes.arms import AS_WRITTEN, arms_of
from oncourse.study.checks_drugs import drug_checks


def arms(*rows):
    return pl.DataFrame(rows, schema={"arm": pl.String, "unknown": pl.String}, orient="row")


@pytest.mark.parametrize(
    ("arm", "reference", "new", "clear"),
    [
        (("xtd-1", "xtd-1"), ("enzalutamide", None), (), False),
        (("xtd-1", "xtd-1"), ("enzalutamide", None), ("xtd-1",), True),
        (("xtd-1", "xtd-1"), ("observation", None), (), True),
        (("docetaxel;xtd-1", "xtd-1"), ("enzalutamide", None), (), True),
        (("docetaxel;xtd-1", "xtd-1"), ("docetaxel;enzalutamide", None), (), False),
        (("abiraterone", None), ("enzalutamide", None), (), True),
    ],
)
def test_an_unknown_name_is_no_second_treatment_unless_it_cannot_be_the_other(arm, reference, new, clear):
    found = arms_of(arms(arm, reference), new).unclear(arm[0], reference[0])
    assert (found == "") == clear
    assert clear or "may be another name of" in found


def test_two_unknown_names_are_taken_as_written():
    assert arms_of(arms(("a", "a"), ("b", "b"))).unclear("a", "b") == AS_WRITTEN


def test_check_names_unknown_drugs_with_the_nearest_and_spellings_that_were_joined():
    frame = pl.DataFrame({"drugs": ["enzalutmd", "regorafinib", "docetaxel", "enzalutmd", None]})
    found = {p.value: (p.row, p.message, p.severity) for p in drug_checks({"treatments": frame})}
    assert set(found) == {"enzalutmd", "regorafinib"}
    assert found["enzalutmd"][0] == 2 and "nearest name is enzalutamide" in found["enzalutmd"][1]
    assert "2 rows" in found["enzalutmd"][1] and found["regorafinib"][1] == "'regorafinib' is read as regorafenib."
    assert {severity for _, _, severity in found.values()} == {"warning"}


def test_the_page_prints_the_trial_that_a_comparison_stands_for():
    from oncourse.analyses._treatment_words import trials
    from oncourse.derive.outcomes.treatment_comparisons import Comparisons

    head = {"endpoint": "OS", "line": 1, "arm": "docetaxel", "reference": "enzalutamide"}
    row = head | {"n_arm": 20, "n_reference": 30}
    found = Comparisons([row], [head | {"covariate": "age"}], [], {})
    (text,) = trials(found, 0, "treatment_policy")
    wanted = (
        "Eligible:",
        "docetaxel v enzalutamide",
        "Time zero:",
        "Outcome: overall survival",
        "Estimand: treatment",
        "given age",
    )
    for part in wanted:
        assert part in text


@pytest.mark.parametrize(
    ("warning", "told"),
    [
        (None, "no covariate recorded"),
        (
            "too few patients in an arm for a propensity score of 8 covariates",
            "too few patients for the covariates",
        ),
    ],
)
def test_covariates_too_many_to_adjust_for_are_not_told_as_never_recorded(warning, told):
    """ "Unadjusted: no covariate recorded" was the answer of a study that records eight, beside "32 events are too few to
    adjust for 8 covariates"."""
    from oncourse.analyses._treatment_words import trials
    from oncourse.derive.outcomes.treatment_comparisons import Comparisons

    row = {"endpoint": "OS", "line": 1, "arm": "docetaxel", "reference": "enzalutamide", "warning": warning}
    (text,) = trials(Comparisons([row | {"n_arm": 20, "n_reference": 26}], [], [], {}), 0, "treatment_policy")
    assert text.endswith(f"Assignment: as if drawn by lot: {told}.")
