"""What the page's line on findings and prognosis leads with: named tests first, no ratio on too few events."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.analyses._base import Estimate
from oncourse.analyses._biomarker_words import answer_words, headline_of
from oncourse.analyses._headline import LEADING_EVENTS, can_lead

COLUMNS = {
    "feature": pl.String,
    "endpoint": pl.String,
    "kind": pl.String,
    "n": pl.Int64,
    "n_event": pl.Int64,
    "n_event_altered": pl.Int64,
    "hazard_ratio": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "is_prespecified": pl.Boolean,
    "rmst_days": pl.Float64,
}


def row(feature, ratio, low, high, events, *, named=False, q=0.001):
    """A test of 60 patients with 40 deaths, `events` of them among those with the finding."""
    numbers = (60, 40, events, ratio, low, high, 0.001, None if named else q)
    return (feature, "OS", "gene", *numbers, named, None)


def headline(*rows):
    tested = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    found = {
        f"{r['feature']} OS": Estimate(
            f"{r['feature']} OS", r["hazard_ratio"], r["ci_low"], r["ci_high"], r["n"], "Cox", "ratio"
        )
        for r in tested.iter_rows(named=True)
    }
    return headline_of(tested, found, 0.05)


def test_a_huge_ratio_on_few_carriers_is_counted_and_not_shown():
    """The mCRPC demo led with INTS1, hazard ratio 42.6 (8-264), on three carriers."""
    told = headline(row("INTS1", 42.6, 8.0, 264.0, 3), row("AR", 1.2, 0.7, 2.0, 20, q=0.6))
    assert told.number == "hits" and "42.6" not in told.text.text() and "fewer than 5 events" in told.text.text()
    assert told.light == "uncertain" and told.reason.key == "reason.few_events_with"


def test_the_next_finding_that_rests_on_enough_events_leads_instead():
    told = headline(row("INTS1", 42.6, 8.0, 264.0, 3), row("TP53", 2.4, 1.4, 4.1, 22))
    assert told.number == "TP53 OS" and "Of 2 tests, 2 held" in told.text.text() and "first TP53" in told.text.text()


def test_what_was_named_beforehand_stands_before_an_exploratory_finding():
    """Issue 14, part 10: pre-specified hypotheses before discoveries, also where none of them showed an association."""
    hit = row("TP53", 2.4, 1.4, 4.1, 22)
    apart = headline(hit, row("RB1", 1.9, 1.1, 3.3, 15, named=True))
    assert apart.number == "RB1 OS" and "1 of 1 exploratory ones did after correction" in apart.text.text()
    none = headline(hit, row("RB1", 1.1, 0.6, 2.0, 15, named=True))
    assert none.text.text().startswith(
        "None of 1 test named beforehand showed an association; of 1 exploratory ones, 1 did"
    )
    few = headline(row("TP53", 2.4, 1.4, 4.1, 22, q=0.9), row("RB1", 9.0, 2.0, 40.0, 2, named=True))
    assert few.number is None and "RB1, on fewer than 5 events in one of its groups" in few.text.text()


@pytest.mark.parametrize(
    ("events", "with_it", "leads"), [(40, 5, True), (40, 4, False), (40, 36, False), (9, None, False)]
)
def test_five_events_on_either_side_carry_a_ratio(events, with_it, leads):
    """Vittinghoff, McCulloch. Am J Epidemiol 2007;165:710; and by simulation: the ratio of no effect stays near 1."""
    assert LEADING_EVENTS == 5 and can_lead(events, with_it) is leads


def test_every_test_named_beforehand_is_counted_however_many_there_are():
    """The sentence counted among the first twelve: TP53, the twentieth of 32, was not told."""
    rows = [row(f"G{i}", 1.1, 0.6, 2.0, 15, named=True) for i in range(19)] + [
        row("TP53", 1.84, 1.06, 3.2, 20, named=True)
    ]
    rows += [row("AR", 1.2, 0.7, 2.0, 20, q=0.6)]
    told = {"p_proportional": None, "rmst_difference": None, "sd": None, "per": None, "ci_method": "profile"}
    tested = pl.DataFrame(rows, schema=COLUMNS, orient="row").with_columns(
        **{name: pl.lit(value) for name, value in told.items()}
    )
    estimates, answer = answer_words(tested, 0.05)
    words = headline_of(tested, {e.name: e for e in estimates}, 0.05).text.text()
    assert words.startswith("Of 20 tests named beforehand, one showed an association: TP53 with overall survival")
    first = "TP53 with overall survival, hazard ratio {TP53 OS}. G0 with overall survival, hazard ratio "
    assert answer.startswith(f"Pre-specified tests: 20, of which 12 follow. {first}")
    assert answer.count("re-specified") == 1 and answer.count("with overall survival, hazard ratio") == 12


def test_the_answer_names_the_three_findings_that_stand_first():
    """Of five that held, in the order of the table; clinical ones are counted and named apart."""
    genes = [row(f"G{n}", 2.0 + n, 1.4, 9.0, 20) for n in range(5)]
    clinical = [(f"stage {n}", "OS", "covariate", *row("", 2.0, 1.4, 3.0, 20)[3:]) for n in range(4)]
    others = [pl.lit(None).alias(name) for name in ("p_proportional", "sd", "ci_method")]
    tested = pl.DataFrame([*genes, *clinical], schema=COLUMNS, orient="row").with_columns(others)
    estimates, text = answer_words(tested, 0.05)
    assert [f"G{n} " in text for n in range(5)] == [True, True, True, False, False]
    assert [f"stage {n} " in text for n in range(4)] == [True, True, True, False]
    assert {e.name: e.value for e in estimates if e.unit == "count"} == {"tests": 9, "hits": 5, "clinical hits": 4}
