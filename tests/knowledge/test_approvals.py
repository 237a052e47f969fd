"""Approvals by country, and what of a rule is still from memory."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from oncourse.errors import ConfigError, InputError
from oncourse.knowledge.approvals import AGENCIES, approvals, own_first, to_confirm
from oncourse.knowledge.findings import PatientFindings
from oncourse.knowledge.matching import BENEFIT, match_rule
from oncourse.knowledge.rules import default_rules
from oncourse.study.config import config_from_mapping


def test_the_own_country_comes_first_and_nothing_is_lost():
    for rule in default_rules():
        for country in AGENCIES:
            words, is_own = own_first(rule.regulatory, country)
            plain = sorted(w.removesuffix(", date to be confirmed") for w in words)
            assert plain == sorted(w for _, w in approvals(rule.regulatory))
            assert is_own == any(a == AGENCIES[country] for a, _ in approvals(rule.regulatory))
            assert not is_own or words[0].startswith((AGENCIES[country], "EC"))


def test_every_approved_rule_names_an_agency():
    """A rule that rests on an approval says whose; else its level I-A would have no ground."""
    unnamed = [
        r.rule_id
        for r in default_rules()
        if r.basis == "approved" and r.direction in BENEFIT and not any(a for a, _ in approvals(r.regulatory))
    ]
    assert not unnamed


def test_what_is_from_memory_is_marked():
    rules = {r.rule_id: r for r in default_rules()}
    assert to_confirm(rules["CRC-06"].certainty) == "year of the NMPA approval"
    assert not to_confirm(rules["CRC-01"].certainty)


def test_no_level_one_or_two_rests_on_memory():
    """What a level rests on was read in a source; parts from memory are details, each named "to be confirmed"."""
    for rule in default_rules():
        if not rule.level().startswith("III"):
            assert rule.certainty.startswith("V"), rule.rule_id
        assert ("M" in rule.certainty) <= bool(to_confirm(rule.certainty)), rule.rule_id
    assert replace(default_rules()[0], certainty="M").level() == "III"


@pytest.mark.parametrize(("written", "code"), [("China", "CN"), ("中国", "CN"), ("eu", "EU"), ("Mars", None)])
def test_the_country_of_a_study(written, code):
    if code is None:
        with pytest.raises(ConfigError, match="CN, US, EU"):
            config_from_mapping({"country": written})
    else:
        assert config_from_mapping({"country": written}).country == code


def test_the_page_names_the_own_agency(make_study):
    from oncourse.cohort import Cohort
    from oncourse.report.patient_page import patient_page

    study = make_study(
        patients=[{"patient_id": "P1", "disease": "colorectal cancer", "stage": "IV"}],
        samples=[{"sample_id": "T1", "patient_id": "P1", "material": "tissue", "msi_status": "MSI-H"}],
        markers=[{"patient_id": "P1", "marker": "KRAS", "value": "G12C"}],
        calls=[{"sample_id": "T1", "variant_id": "1:100:A:T", "is_called": False}],
        variants=[{"variant_id": "1:100:A:T", "gene": "TTN", "consequence": "synonymous"}],
        config={"country": "CN"},
    )
    page = patient_page(Cohort(study), "P1")
    assert "NMPA 2021-06-15" in page
    assert page.index("NMPA 2021-06-15") < page.index("FDA 2020-06-29; EMA 2021-01-21")
    assert "NMPA: no approval known here; FDA" in page


def test_every_approval_that_names_a_drug_is_dated_or_to_be_confirmed():
    """What an agency said of a drug has a year from a source; one NMPA year was found in none, and the page says so."""
    labels = {"CRC-03", "CRC-17a", "CRC-30", "CRC-31"}  # words of a label on testing or dose, no approval
    undated = {
        (rule.rule_id, agency)
        for rule in default_rules()
        for agency, words in approvals(rule.regulatory)
        if agency and not re.search(r"\b20\d\d\b", words) and rule.rule_id not in labels
    }
    assert undated == {("CRC-06", "NMPA")}


@pytest.mark.parametrize(
    ("age", "is_told"), [(None, False), (0, True), (15, True), (17.9, True), (18, False), (60, False)]
)
def test_a_therapy_of_a_child_says_that_approvals_are_of_adults(age, is_told):
    """Of a patient of 15 an approval of adults stood without a word."""
    rule = next(r for r in default_rules() if r.rule_id == "CRC-15")
    patient = PatientFindings("A", tumour="colorectal", state="metastatic", msi="high", age_years=age)
    match = match_rule(rule, patient)
    assert match.status == "matched"
    assert any("under 18" in text for text in match.conditions) == is_told


def test_a_rule_that_stands_in_two_files_is_named(monkeypatch):
    """The second would silently be another of the same name."""
    from oncourse.knowledge import rules

    (text,) = [text for name, text in rules._own_texts().items() if name == "therapy_rules.tsv"]
    head, first, *_ = (line for line in text.splitlines() if not line.startswith("#"))
    both = dict.fromkeys(("therapy_rules.tsv", "crc/therapy_rules.tsv"), f"{head}\n{first}\n")
    monkeypatch.setattr(rules, "_own_texts", lambda: both)
    rules.default_rules.cache_clear()
    try:
        with pytest.raises(InputError, match=f"{first.split(chr(9))[0]}: the rule_id is there twice"):
            rules.default_rules()
    finally:
        rules.default_rules.cache_clear()
