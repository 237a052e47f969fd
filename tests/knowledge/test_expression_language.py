"""The biomarker language: what it accepts, what it says of a mistake, and that it is Kleene's logic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncourse.errors import InputError
from oncourse.knowledge.evaluate import NO, UNKNOWN, YES, evaluate
from oncourse.knowledge.expression import ExpressionError, Not, parse
from oncourse.knowledge.findings import PatientFindings
from oncourse.knowledge.golden import examined, make, variant
from oncourse.knowledge.rules import parse_rules

# three atoms whose value is set from outside: side = left is YES, NO or UNKNOWN by the patient's side
VALUE = {YES: "left", NO: "right", UNKNOWN: None}


def truth(text: str, patient: PatientFindings) -> int:
    return evaluate(parse(text), patient).truth


@given(st.sampled_from([NO, UNKNOWN, YES]), st.sampled_from([NO, UNKNOWN, YES]))
def test_logic_is_kleenes(a, b):
    """Kleene 1952: AND is the least, OR the greatest, NOT swaps the ends."""
    msi = {YES: "high", NO: "stable", UNKNOWN: None}
    patient = PatientFindings("p", side=VALUE[a], msi=msi[b])
    assert truth("side = left AND msi = high", patient) == min(a, b)
    assert truth("side = left OR msi = high", patient) == max(a, b)
    assert truth("NOT side = left", patient) == 2 - a
    assert truth("NOT (side = left AND msi = high)", patient) == truth("NOT side = left OR NOT msi = high", patient)
    assert truth("at_least(2; side = left; msi = high)", patient) == min(a, b)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mutation(KRAS:G12C", "closing bracket"),
        ("mutatoin(KRAS)", "'mutatoin' is not a biomarker"),
        ("msi = hihg", "msi is one of high, stable"),
        ("tmb >= ten", "compared with a number"),
        ("mutation(PIK3CA:exon99)", "exon99"),
        ("mutation(KRAS) AND", "a biomarker is missing"),
        ("mutation(KRAS) mutation(NRAS)", "unexpected"),
        ("emerged(KRAS)", "under="),
        ("loss(BRCA2; in=urine)", "tissue or plasma"),
        ("mutation()", "names no gene"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, says):
    with pytest.raises(ExpressionError, match="character") as caught:
        parse(text)
    assert says in str(caught.value)


def test_older_numbering_and_exon_numbering_mean_the_same():
    """AR T877A = T878A; PIK3CA exon 9 (older) = exon 10 (Ensembl, CIViC) = codons 542-546 among others."""
    patient = make(examined("prostate", frozenset()), {"has": ["AR T877A", "PIK3CA E545K"]})
    assert truth("mutation(AR:T878A)", patient) == truth("mutation(AR:T877A)", patient) == YES
    assert truth("mutation(PIK3CA:exon9)", patient) == truth("mutation(PIK3CA:exon10)", patient) == YES
    assert truth("mutation(PIK3CA:exon20)", patient) == truth("mutation(PIK3CA:exon21)", patient) == NO


def test_a_silent_or_regulatory_change_is_no_mutation():
    base = examined("colorectal", frozenset())
    for effect in ("silent", "other", "promoter"):
        patient = replace(base, variants=(replace(variant("KRAS G12D"), effect=effect),))
        assert truth("mutation(KRAS)", patient) == NO


def test_all_problems_of_a_rules_file_at_once():
    head = "rule_id\ttumours\tbiomarker\texpression\tdirection\tbasis\tsources\tdate\n"
    text = (
        head + "A\tcolorectal\tx\tmsi = hihg\tgood\tapproved\ts\t2026\nA\tcolorectal\tx\tloss(\tsensitive\tsure\ts\t\n"
    )
    with pytest.raises(InputError) as caught:
        parse_rules(text, "mine.tsv")
    said = "\n".join(caught.value.problems)
    for part in ("row 2", "row 3", "'good'", "'sure'", "hihg", "date is empty", "twice"):
        assert part in said


def test_what_speaks_against_not_is_what_was_found_and_the_other_way_round():
    """NOT of a finding says what was found as its reason against; NOT of an absence says that absence as its fact."""
    patient = replace(examined("colorectal", frozenset({"KRAS"})), variants=(variant("KRAS G12D"),))
    found = evaluate(parse("NOT mutation(KRAS)"), patient)
    assert found.truth == NO and found.against == ("KRAS G12D",) and found.facts == ()
    absent = evaluate(parse("NOT mutation(KRAS)"), replace(patient, variants=()))
    assert absent.truth == YES and absent.facts and absent.against == ()


def test_not_needs_no_blank_before_a_bracket():
    assert parse("NOT(mutation(KRAS))") == parse("NOT mutation(KRAS)") == Not(parse("mutation(KRAS)"))
    assert parse("msi = high AND(mutation(KRAS))") == parse("msi = high AND mutation(KRAS)")
