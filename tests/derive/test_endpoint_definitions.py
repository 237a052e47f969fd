"""An endpoint is one entry of `oncourse.facts.endpoints`: records, level, words and intervals follow from it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from tests.derive.test_endpoint_rules import ALIVE, DEAD, endpoints, short

from oncourse.derive.outcomes.outcome_scan import line_of, outcome
from oncourse.derive.outcomes.visit_intervals import visit_intervals
from oncourse.facts.endpoints import BONE, DEATH, ENDPOINTS
from oncourse.words.catalogue import catalogue


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_endpoint_has_its_words(language):
    assert {f"endpoint.{name}" for name in ENDPOINTS} <= set(catalogue(language))


def test_a_new_endpoint_of_known_events_is_one_entry(monkeypatch):
    """Time to bone progression, death competing: made, censored and placed like every endpoint of imaging."""
    new = replace(ENDPOINTS["TTP"], meaning="bone progression; death competes", events=(BONE,))
    monkeypatch.setitem(ENDPOINTS, "TTBP", new)
    assert new.competing == (DEATH,)
    found, _ = endpoints(ALIVE, visits=[(56, "PD")], bone=[(0, 0, None), (84, 2, None), (140, 2, True)])
    assert short(found["TTBP", 1])[1:] == (True, "progression (bone, 2+2)")
    assert short(found["TTP", 1])[1:] == (True, "progression (RECIST)")
    died, _ = endpoints(DEAD, visits=[(56, "PD")], bone=[(0, 0, None)])
    assert died["TTBP", 1]["is_competing"] and not died["TTBP", 1]["is_event"]


def records(rows):
    found, _ = rows
    return pl.DataFrame(list(found.values()), infer_schema_length=None)


def test_progression_that_follow_up_alone_records_is_an_endpoint_of_the_study():
    """Without treatments PFS has no line: survival and biomarkers took line 1 of it, which nobody has."""
    table = records(endpoints(ALIVE | {"progression_day": 120}, treatments=()))
    assert line_of(table, "PFS") is None
    assert outcome(table, "PFS").patients == ("P",)
    with_lines = records(endpoints(ALIVE, visits=[(56, "SD"), (112, "PD")]))
    assert line_of(with_lines, "PFS") == 1


def test_cancer_specific_survival_counts_once_per_patient():
    table = records(endpoints(DEAD | {"cause_of_death": "cancer"}))
    assert line_of(table, "CSS") is None
    assert outcome(table, "CSS").event.tolist() == [True]


def test_a_death_on_the_day_of_last_contact_is_no_event_between_two_visits():
    """The day is known whatever its source; an event between visits is what a scan found."""
    progressed = records(endpoints(ALIVE, visits=[(56, "SD"), (112, "PD")])).with_columns(patient_id=pl.lit("Q"))
    died = {"last_contact_day": 400, "is_dead": True}
    table = pl.concat([progressed, records(endpoints(died, visits=[(56, "SD")]))], how="vertical_relaxed")
    found = visit_intervals(table, "PFS", 1)
    assert found is not None and found.n_interval == 1
