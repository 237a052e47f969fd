"""The front of a patient's page: statuses by sample, what could not be seen, next steps, in two languages."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from oncourse.cohort import Cohort
from oncourse.patients.page_data import page_data
from oncourse.report.patient_page import patient_page


@pytest.fixture(scope="module")
def cohort(simulated_study):
    return Cohort(simulated_study("crc"))


def alive_and_dead(cohort):
    follow = cohort.study["follow_up"].drop_nulls("is_dead")
    return [follow.filter(follow["is_dead"] == dead)["patient_id"][0] for dead in (False, True)]


def test_the_card_shows_each_status_in_each_sample_and_who_decided(cohort):
    patient = alive_and_dead(cohort)[0]
    card = page_data(cohort, patient, clones=False)["card"]
    mine = cohort.statuses.filter(cohort.statuses["patient_id"] == patient)
    assert {name for name, _ in card.samples} == set(mine["sample_id"])
    verdict = {
        r["status"]: r
        for r in cohort.patient_statuses.filter(cohort.patient_statuses["patient_id"] == patient).iter_rows(named=True)
    }
    words = {"positive": "found", "negative": "none", "not_assessable": "unclear"}
    for row in card.rows:
        assert row.verdict.state == words[verdict[row.name]["state"]]
        assert row.decided_by == (verdict[row.name]["sample_id"] or "")
        known = {
            r["sample_id"]: words[r["state"]] for r in mine.filter(mine["status"] == row.name).iter_rows(named=True)
        }
        assert [c.state for c in row.cells] == [known.get(name, "unclear") for name, _ in card.samples]


def test_what_could_not_be_seen_is_never_told_as_negative(cohort):
    for patient in alive_and_dead(cohort):
        data = page_data(cohort, patient, clones=False)
        rules = [
            m
            for m in cohort.therapy.matches[patient]
            if m.status == "not_assessable" and m.level in ("I-A", "I-B") and m.setting != "does_not_fit"
        ]
        assert bool(rules) == bool(data["unseen"])
        assert all(text in {t for m in rules for t in m.missing} for text, _ in data["unseen"])


def test_next_steps_are_for_the_living_and_name_their_reason(cohort):
    alive, dead = alive_and_dead(cohort)
    steps = page_data(cohort, alive, clones=False)["steps"]
    assert steps and all(s.reason and s.therapies and s.level.startswith("I-") for s in steps)
    assert page_data(cohort, dead, clones=False)["steps"] == []


def test_a_chinese_page_has_chinese_headings_and_the_same_findings(cohort):
    study = replace(cohort.study, config=replace(cohort.study.config, language="zh"))
    patient = alive_and_dead(cohort)[0]
    page = patient_page(Cohort(study), patient, clones=False)
    assert '<html lang="zh-CN">' in page
    headings = [re.sub("<[^>]+>", "", h) for h in re.findall(r"<h2[^>]*>(.*?)</h2>", page)]
    assert headings and all(re.search("[\u4e00-\u9fff]", h) for h in headings), headings
    english = patient_page(cohort, patient, clones=False)
    for line in page_data(cohort, patient, clones=False)["front"]:
        assert line.finding.replace("*", "") in page.replace("*", "") and line.finding in english


def test_no_next_step_serves_a_rule_of_another_setting(cohort):
    """A patient in fourth line was told to draw blood for a first-line decision."""
    for patient in alive_and_dead(cohort):
        data = page_data(cohort, patient, clones=False)
        open_rules = [m for m in cohort.therapy.matches[patient] if m.status == "not_assessable"]
        useless = {t for m in open_rules for t in m.missing} - {
            t for m in open_rules if m.setting != "does_not_fit" for t in m.missing
        }
        assert not useless & {text for text, _ in data["unseen"]}
        assert not useless & {step.reason for step in data["steps"]}
