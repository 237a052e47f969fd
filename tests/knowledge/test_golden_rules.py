"""Every rule says the right thing of one who has the biomarker, one who has not and one of whom it cannot be said."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from oncourse.knowledge.compare import compare_rules
from oncourse.knowledge.golden import examined, golden_changes, golden_patients, make
from oncourse.knowledge.matching import match_rules
from oncourse.knowledge.rules import default_rules
from oncourse.patients.page_data import _nearly

RULES = {r.rule_id: r for r in default_rules()}
GOLDEN = list(golden_patients())
GENES = frozenset(g for rule in RULES.values() for g in rule.genes)


def of(tumour: str, **changes):
    """What the rules say of a fully examined patient with these changes: rule_id -> Match."""
    return {m.rule.rule_id: m for m in match_rules(default_rules(), make(examined(tumour, GENES), changes))}


def test_every_rule_has_its_three_patients():
    expected = {(r, s) for r in RULES for s in ("matched", "not_matched", "not_assessable")}
    assert {(g.rule_id, g.expected) for g in GOLDEN} == expected


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda g: g.findings.patient_id)
def test_golden_patient(golden):
    match = {m.rule.rule_id: m for m in match_rules(default_rules(), golden.findings)}[golden.rule_id]
    assert match.status == golden.expected
    if golden.expected == "matched":
        assert match.reasons
        assert not match.conditions
    if golden.expected == "not_assessable":
        assert match.missing


def test_levels_and_directions_are_those_of_the_source(shared_data):
    """kb-rules/rules.tsv: the level computed from the basis equals its amp_tier in all 60 rows."""
    words = {"toxicity": "caution", "candidate": "not_established"}
    with open(shared_data("kb-rules", "rules.tsv")) as file:
        source = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(source) == 60
    for row in source:
        rule = RULES[row["rule_id"]]
        assert rule.level() == row["amp_tier"], row["rule_id"]
        if row["rule_id"] != "PC-17":  # the group of AR mutations is prognostic; resistance is per drug
            assert rule.direction == words.get(row["direction"], row["direction"]), row["rule_id"]
            assert rule.therapy == row["therapy"]
        assert rule.trial == row["trial"]
        if row["certainty"] == "V":  # what was from memory there was looked up since, and has its source here
            assert rule.effect_size == row["effect_size"]
            assert rule.sources.startswith(row["sources"])


def test_level_drops_in_another_tumour():
    """Li 2017: a drug approved for another tumour is II-C."""
    assert RULES["PC-01"].level("colorectal") == "II-C"
    assert RULES["PC-25"].level("colorectal") == "II-D"


def test_an_unclassified_missense_is_nearly_matched_and_says_why():
    match = of("prostate", has=["BRCA2 V2728I"])["PC-01"]
    assert match.status == "not_matched"
    assert any("V2728I" in n and "not classified" in n for n in match.near)


def test_two_rules_of_one_therapy_that_name_other_residues_are_one_near_miss():
    """A POLE variant stood twice on a page: it is none of five residues, and none of six others."""
    near = [text for text, _ in _nearly(list(of("colorectal", has=["POLE R500Q"]).values())) if text.startswith("POLE")]
    assert len(near) == 1 and near[0].count("not one of") == 1
    assert all(residue in near[0] for residue in ("P286R", "F367S"))


def test_k3326x_is_no_loss():
    """BRCA2 c.9976A>T (K3326*) is a polymorphism that leaves a working protein."""
    matches = of("prostate", has=["BRCA2 K3326*"])
    assert {matches[r].status for r in ("PC-01", "PC-06", "PC-07", "PC-08", "PC-09", "PC-10")} == {"not_matched"}


@pytest.mark.parametrize("text", ["CHEK2 R117fs plasma", "ATM R3047* plasma", "BRCA2 S1982fs plasma"])
@pytest.mark.parametrize("origin", ["chip", "possible_chip"])
def test_blood_variant_never_matches_a_therapy(text, origin):
    matches = of("prostate", has=[f"{text} {origin}"])
    gene = text.split()[0]
    assert not [m for m in matches.values() if m.status == "matched"]
    near = [n for m in matches.values() for n in m.near if gene in n]
    assert near and all("clonal haematopoiesis" in n for n in near)


def test_reversion_takes_the_parp_line_away_and_says_so():
    matches = of("prostate", has=["BRCA2 S1982fs", "BRCA2 T1980_L1990del reversion"])
    assert matches["PC-11"].status == "matched"
    for rule in ("PC-01", "PC-06", "PC-07", "PC-09"):
        assert matches[rule].status == "not_matched"
        assert any("S1982fs" in n and "reversion" not in n.split(",")[0] for n in matches[rule].near)


def test_ar_resistance_is_per_mutation_and_drug():
    """T878A: abiraterone; F877L: enzalutamide, apalutamide; W742: bicalutamide; L702H: glucocorticoids."""
    drugs = {
        "T878A": "abiraterone",
        "F877L": "enzalutamide; apalutamide",
        "W742C": "bicalutamide",
        "L702H": "prednisone; prednisolone",
    }
    for change, drug in drugs.items():
        matched = [
            m.rule
            for m in of("prostate", has=[f"AR {change}"]).values()
            if m.status == "matched" and m.rule.rule_id.startswith("PC-17")
        ]
        assert [r.therapy for r in matched if r.rule_id != "PC-17"] == [drug]
        assert RULES["PC-17"].direction == "prognostic_poor" and not RULES["PC-17"].therapy


def test_braf_with_msi_high_shows_both_and_no_anti_egfr():
    matches = of("colorectal", has=["BRAF V600E"], msi="high", side="left")
    assert matches["CRC-07"].status == matches["CRC-15"].status == matches["CRC-16"].status == "matched"
    assert matches["CRC-01"].status == matches["CRC-02"].status == "not_matched"
    assert any("BRAF V600E" in n for n in matches["CRC-01"].near)


def test_kras_g12c_is_resistance_to_anti_egfr_and_a_target():
    matches = of("colorectal", has=["KRAS G12C"])
    assert [matches[r].status for r in ("CRC-03", "CRC-09", "CRC-10")] == ["matched"] * 3
    assert matches["CRC-03"].rule.direction == "resistant"


def test_ras_wild_type_on_the_right_side_is_no_benefit():
    matches = of("colorectal", side="right")
    assert matches["CRC-04"].status == "matched" and matches["CRC-04"].rule.direction == "no_benefit"
    assert matches["CRC-01"].status == "not_matched"


def test_dabrafenib_trametinib_is_excluded_in_crc():
    assert of("colorectal", has=["BRAF V600E"])["CRC-23"].status == "excluded"
    assert of("prostate", has=["BRAF V600E"])["CRC-23"].status == "matched"


def test_opposite_evidence_stands_side_by_side():
    """HER2 amplification: anti-HER2 (sensitive) and anti-EGFR (resistant) both shown."""
    matches = of("colorectal", copy={"ERBB2": "amplified"})
    shown = {m.rule.direction for m in matches.values() if m.status == "matched"}
    assert {"sensitive", "resistant"} <= shown


def test_primary_wild_type_metastasis_mutated_is_mutated_and_a_conflict_when_older():
    newer = of("colorectal", has=["KRAS G12D"], side="left")
    assert newer["CRC-01"].status == "not_matched" and newer["CRC-03"].status == "matched"
    older = of("colorectal", has=["KRAS G12D older"], side="left")
    assert older["CRC-01"].status == "not_matched"
    assert any("conflict" in n for n in older["CRC-01"].near)


def test_plasma_without_tumour_dna_is_never_wild_type():
    matches = of("colorectal", drug_classes=["anti-EGFR"], plasma_has_tumour=False)
    assert matches["CRC-27"].status == "not_assessable"


def test_assumed_coverage_is_never_wild_type():
    matches = of("colorectal", side="left", sites={"all": "assumed"})
    assert matches["CRC-01"].status == "not_assessable"
    assert any("assumed wild type" in m for m in matches["CRC-01"].missing)


@pytest.mark.parametrize("codon", [12, 13, 59, 61, 117, 146])
@pytest.mark.parametrize("gene", ["KRAS", "NRAS"])
def test_each_ras_codon_must_be_measured_and_is_named(gene, codon):
    match = of("colorectal", side="left", sites={f"decision {gene} {codon}": "underpowered"})["CRC-01"]
    assert match.status == "not_assessable"
    assert any(f"{gene} codon {codon}" in m for m in match.missing)


def test_germline_off_or_no_normal_never_concludes_negative():
    for changes in ({"reports_germline": False}, {"has_normal": False}):
        matches = of("prostate", **changes)
        for rule in ("PC-01", "PC-02", "PC-05", "PC-10", "PC-26"):
            assert matches[rule].status == "not_assessable", (rule, changes)


def test_possible_germline_supports_a_loss_rule():
    """Tumour-only: a high-VAF BRCA2 hit is a loss wherever it comes from; the page asks to confirm."""
    matches = of("prostate", has=["BRCA2 S1982fs possible_germline"])
    assert matches["PC-01"].status == "matched"
    assert matches["PC-26"].status == "not_matched"
    assert any("possible germline: confirm" in n for n in matches["PC-26"].near)


def test_patient_without_a_recorded_tumour_matches_no_rule():
    patient = replace(examined("colorectal", GENES), tumour=None)
    assert match_rules(default_rules(), patient) == []


def test_a_lost_therapy_is_named_by_the_comparison():
    kept = [r for r in default_rules() if r.rule_id != "CRC-09"]
    changes = golden_changes(default_rules(), kept)
    assert [c.rule_id for c in changes if c.is_loss] == ["CRC-09"] * len(changes) and changes
    assert golden_changes(default_rules(), default_rules()) == []


def test_the_comparison_names_what_was_added_removed_and_changed():
    first, second, third = default_rules()[:3]
    found = compare_rules([first, second], [replace(second, therapy="x"), third])
    assert (found.added, found.removed) == ((third.rule_id,), (first.rule_id,))
    assert [(c.rule_id, c.column, c.after) for c in found.changed] == [(second.rule_id, "therapy", "x")]
    assert {change.rule_id for change in found.lost} == {first.rule_id}
