"""The rules make one statement of a patient: side, MSI, RAS and BRAF decide together; what failed is not offered
again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oncourse.cohort import Cohort
from oncourse.derive.care.used_drugs import is_spent
from oncourse.facts.stage import stage_of
from oncourse.knowledge.evaluate import evaluate
from oncourse.knowledge.expression import parse
from oncourse.knowledge.findings import MATERIALS, VariantFinding
from oncourse.knowledge.golden import examined, make
from oncourse.knowledge.matching import BENEFIT, match_rules, setting_of
from oncourse.knowledge.rules import default_rules
from oncourse.patients.page_data import approved_words

RULES = {r.rule_id: r for r in default_rules()}
GENES = frozenset(g for rule in RULES.values() for g in rule.genes)


def of(tumour: str, **changes):
    """What the rules say of a fully examined patient with these changes: rule_id -> Match."""
    return {m.rule.rule_id: m for m in match_rules(default_rules(), make(examined(tumour, GENES), changes))}


def matched(matches, *ids: str) -> list[str]:
    return [i for i in ids if matches[i].status == "matched"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"side": "left"}, ["CRC-01", "CRC-02"]),
        ({"side": "right"}, ["CRC-04"]),
        ({"side": "left", "msi": "high", "mmr": "deficient"}, []),
        ({"side": "right", "msi": "high", "mmr": "deficient"}, []),
        ({"side": "left", "has": ["BRAF V600E"]}, []),
        ({"side": "right", "has": ["BRAF V600E"]}, []),
        ({"side": "left", "has": ["NRAS Q61K"]}, []),
    ],
)
def test_first_line_anti_egfr_is_one_statement(changes, expected):
    """PARADIGM (JAMA 2023;329:1271): left side; a right-sided tumour had "benefit" and "no benefit" of one antibody."""
    assert matched(of("colorectal", **changes), "CRC-01", "CRC-02", "CRC-04") == expected


@pytest.mark.parametrize("known", ["msi", "mmr"])
def test_msi_answers_for_repair_and_repair_for_msi(known):
    """Tests of one fact: a tumour recorded as MSS had "MMR not assessed" beside a card that said negative."""
    unstable = {"msi": "high", "mmr": "deficient"}
    other = "mmr" if known == "msi" else "msi"
    stable = of("colorectal", unset=[other])
    high = of("colorectal", unset=[other], **{known: unstable[known]})
    for rule in ("CRC-15", "CRC-16", "CRC-17", "CRC-18", "PC-12"):
        assert stable[rule].status == "not_matched", rule
        assert high[rule].status == "matched", rule
        assert high[rule].facts == (f"{known.upper()} {unstable[known]}",)  # the test that was done is named
    neither = of("colorectal", unset=["msi", "mmr"])
    assert neither["CRC-18"].missing == ("MSI / MMR not assessed",)


def test_where_both_were_done_each_speaks_for_itself():
    """Dostarlimab's label asks for deficient repair: MSI-H with proteins kept is not it."""
    assert of("colorectal", msi="high", mmr="proficient")["CRC-18"].status == "not_matched"


def test_lynch_triage_stops_at_braf_and_methylation():
    """NICE HTG430: MLH1 loss with BRAF V600E or a methylated promoter is sporadic; all else goes to a germline test."""
    methylated = {"MLH1 METHYLATION": "positive"}
    assert of("colorectal", msi="high", mmr="deficient")["CRC-39"].status == "matched"
    assert of("colorectal", msi="high", has=["BRAF V600E"])["CRC-39"].status == "not_matched"
    assert of("colorectal", msi="high", markers=methylated)["CRC-39"].status == "not_matched"


def test_one_mutyh_allele_is_no_finding():
    """ACMG SF: MUTYH with two variants only."""
    carrier = of("colorectal", has=["MUTYH Q338* germline one_allele"])["CRC-40"]
    assert carrier.status == "not_matched"
    assert any("MUTYH" in n and "one allele" in n for n in carrier.near)
    assert of("colorectal", has=["APC R1450* germline"])["CRC-40"].status == "matched"


def test_a_clone_that_left_the_blood_opens_rechallenge():
    """CHRONOS (Nat Med 2022): KRAS found under cetuximab and gone from the latest informative blood."""
    gone = {"drug_classes": ["anti-EGFR"], "has": ["KRAS G12D plasma older gone"]}
    matches = of("colorectal", **gone)
    assert matches["CRC-27"].status == "matched"
    assert matches["CRC-03"].status == "not_matched"
    assert any("KRAS G12D, but anti-EGFR given before" in n for n in matches["CRC-03"].near)
    there = of("colorectal", drug_classes=["anti-EGFR"], has=["KRAS G12D plasma"])
    assert (there["CRC-27"].status, there["CRC-03"].status) == ("not_matched", "matched")
    primary = of("colorectal", drug_classes=["anti-EGFR"], has=["KRAS G12D tissue plasma older gone"])
    assert primary["CRC-03"].status == "matched"  # mutated before: never a candidate


@pytest.mark.parametrize(
    ("rule", "failed", "expected"),
    [
        ("CRC-06", ("encorafenib", "cetuximab"), True),
        ("CRC-09", ("sotorasib", "panitumumab"), True),
        ("CRC-10", ("sotorasib", "panitumumab"), True),  # KRYSTAL-1 left out who had had a G12C inhibitor
        ("CRC-06", ("cetuximab",), False),
        ("PC-01", ("olaparib",), True),
        ("PC-09", ("fuzuloparib", "abiraterone"), True),
        ("PC-07", ("abiraterone",), False),
        ("CRC-21", ("larotrectinib",), False),  # two other NTRK inhibitors are named
        ("CRC-27", ("cetuximab", "panitumumab"), False),  # rechallenge asks for it
        ("CRC-15", ("tislelizumab",), True),
        ("PC-15", ("docetaxel",), False),
        ("CRC-03", ("cetuximab",), False),
    ],
)
def test_what_failed_is_not_offered_again(rule, failed, expected):
    """Encorafenib with cetuximab was "benefit, setting fits" for a patient who had just progressed on it."""
    assert is_spent(RULES[rule], failed) is expected


def test_stage_is_read_however_written():
    written = {
        "Stage IIIC": "III",
        "3b": "III",
        "pT4bN2M0": "III",
        "T2N0M0": "I",
        "cM1a": "IV",
        "II": "II",
        "unknown": None,
    }
    assert {text: stage_of(text) for text in written} == written


RESECTED = {"state": "resected", "stage": "III", "primary": "colon", "surgery": "done", "weeks_since_surgery": 5.0}


@pytest.mark.parametrize(
    ("weeks", "primary", "said"),
    [
        (9.9, "colon", {"CRC-28": "fits", "CRC-37": "fits"}),
        (10.1, "colon", {"CRC-28": "fits", "CRC-37": "does_not_fit"}),
        (71.0, "colon", {"CRC-28": "does_not_fit", "CRC-37": "does_not_fit"}),
        (None, "colon", {"CRC-28": "not_known", "CRC-37": "not_known"}),
        (5.0, "rectum", {"CRC-28": "fits", "CRC-37": "MMR deficient, but primary rectum"}),
        (5.0, None, {"CRC-28": "fits", "CRC-37": "primary not assessed"}),
    ],
)
def test_adjuvant_treatment_has_a_window_and_a_place(weeks, primary, said):
    """16 months after the operation, and of a rectum, "mFOLFOX6 + atezolizumab (adjuvant)" had its "setting fits".
    ATOMIC randomised within 10 weeks, tumours of the colon; ALASCCA began within 12, of colon and rectum."""
    pik3ca = (VariantFinding("PIK3CA", "E545K", "missense", codon=545),)
    about = RESECTED | {"weeks_since_surgery": weeks, "primary": primary}
    found = of("colorectal", **about, msi="high", mmr="deficient", variants=pik3ca)
    told = {}
    for rule in said:
        match = found[rule]
        told[rule] = match.setting
        if match.status == "not_matched":
            told[rule] = match.near[0]
        elif "primary not assessed" in match.conditions:
            told[rule] = "primary not assessed"
    assert told == said
    assert {found[i].status for i in ("CRC-35", "CRC-36")} == {"not_matched" if primary == "rectum" else "matched"}


def test_a_negative_that_is_assumed_says_so_where_it_is_a_reason():
    """ "MSI high, no BRAF V600E mutation" stood for a BRAF that was read and for one that was not."""
    for state, words in (("measured", "no BRAF V600E mutation"), ("assumed", "no BRAF V600E mutation (assumed)")):
        found = of("colorectal", msi="high", default_site=dict.fromkeys(MATERIALS, state))
        assert words in found["CRC-39"].facts


def test_a_join_out_of_frame_is_named_and_matches_nothing():
    """TPM3::NTRK1 out of frame stood nowhere on the page."""
    joins = {"NTRK1": ("TPM3::NTRK1",), "TPM3": ("TPM3::NTRK1",)}
    found = match_rules(default_rules(), replace(examined("colorectal", GENES), off_frame=joins))
    near = {text for m in found if m.status == "not_matched" for text in m.near}
    assert "TPM3::NTRK1: read on out of frame, no fusion" in near


@pytest.mark.parametrize(("origin", "words"), [("chip", "shown in white cells"), ("possible_chip", "test white cells")])
def test_what_white_cells_showed_is_not_asked_of_them_again(origin, words):
    """ATM in plasma and in white cells: "clonal haematopoiesis", and "possible: test white cells" below."""
    atm = VariantFinding("ATM", "R337*", "nonsense", origin=origin, codon=337, materials=("plasma",))
    found = match_rules(default_rules(), replace(examined("prostate", GENES), variants=(atm,)))
    near = {text for m in found for text in m.near if text.startswith("ATM R337*: ")}
    assert len(near) == 1 and words in near.pop()


def test_adjuvant_immunotherapy_is_for_stage_three():
    """ATOMIC enrolled stage III; stage II dMMR gains nothing from fluorouracil alone (PMID 20498393)."""
    for stage, rule in (("III", "CRC-37"), ("II", "CRC-38")):
        matches = of("colorectal", **RESECTED | {"stage": stage}, msi="high", mmr="deficient")
        fits = {i for i in ("CRC-37", "CRC-38") if matches[i].setting == "fits"}
        assert fits == {rule}


def test_before_and_after_surgery_ask_whether_the_tumour_is_out():
    """Neoadjuvant immunotherapy "fitted" a resected stage III, and adjuvant a tumour that was still in."""
    before, after = ("CRC-35", "CRC-36"), ("CRC-37",)
    for surgery, words in (("done", ("does_not_fit", "fits")), (None, ("not_known", "not_known"))):
        found = of("colorectal", **RESECTED | {"surgery": surgery}, msi="high", mmr="deficient")
        assert {found[i].setting for i in before} == {words[0]}
        assert {found[i].setting for i in after} == {words[1]}


@pytest.mark.parametrize(
    ("tables", "config", "expected"),
    [
        ({"procedures": [{"patient_id": "P1", "kind": "primary_resection", "day": 0}]}, {}, "done"),
        ({"treatments": [{"patient_id": "P1", "drugs": "CAPEOX", "setting": "adjuvant", "start_day": 30}]}, {}, "done"),
        ({}, {"index": "手术日期"}, "done"),
        ({"procedures": [{"patient_id": "P1", "kind": "biopsy", "day": 0}]}, {"index": "diagnosis"}, None),
    ],
)
def test_surgery_is_read_from_procedures_adjuvant_treatment_and_the_index(make_study, tables, config, expected):
    from oncourse.cohort import Cohort

    study = make_study(
        patients=[{"patient_id": "P1", "disease": "colorectal cancer", "stage": "III"}],
        samples=[{"sample_id": "T1", "patient_id": "P1", "material": "tissue"}],
        calls=[],
        variants=[],
        config={"title": "t", **config},
        **tables,
    )
    assert Cohort(study).findings.patients["P1"].surgery == expected


def test_every_rule_that_speaks_for_a_therapy_has_its_drugs_in_the_dictionary():
    from oncourse.knowledge.drugs import drugs_in_text

    without = [r.rule_id for r in RULES.values() if r.direction in BENEFIT and not drugs_in_text(r.therapy)]
    assert not without


def test_where_msi_is_high_immunotherapy_stands_before_a_braf_inhibitor():
    """NICE TA709; response to checkpoint inhibitors does not differ by BRAF (PMID 34323124)."""
    both = of("colorectal", has=["BRAF V600E"], msi="high", mmr=None, drug_classes=[], next_line=1)
    order = [rule for rule, m in sorted(both.items(), key=lambda item: item[1].sort_key) if m.status == "matched"]
    assert order.index("CRC-16") < order.index("CRC-07")
    assert "MSI high" in both["CRC-07"].first
    tried = of("colorectal", has=["BRAF V600E"], msi="high", mmr=None, drug_classes=["PD-1/PD-L1 inhibitor"])
    assert tried["CRC-06"].first == ()
    assert of("colorectal", has=["BRAF V600E"], drug_classes=[])["CRC-07"].first == ()


def test_a_label_that_leaves_the_patient_out_is_no_approval_for_them():
    """NMPA 2021-06-15: pembrolizumab in first line for KRAS, NRAS and BRAF wild type only."""
    mutated = of("colorectal", has=["BRAF V600E"], msi="high", mmr=None)["CRC-15"]
    assert mutated.left_out == ("NMPA", ("BRAF V600E",))
    assert "NMPA: not for this patient, BRAF V600E" in approved_words(mutated, "CN", "en")
    wild = of("colorectal", msi="high", mmr=None)["CRC-15"]
    assert wild.left_out is None and "not for this patient" not in approved_words(wild, "CN", "en")


def test_a_setting_before_an_arpi_is_over_once_one_was_given():
    for drugs, setting in (([], "fits"), (["ARPI"], "does_not_fit")):
        found = of("prostate", has=["TP53 R213*"], copy={"AR": "amplified"}, drug_classes=drugs, state="mCRPC")
        assert found["PC-22"].setting == found["PC-16"].setting == setting


@pytest.mark.parametrize(
    ("msi", "mmr", "text"),
    [
        ("high", "proficient", "MSI high, but MMR proficient"),
        ("high", "deficient", "MSI high"),
        ("high", None, "MSI high"),
    ],
)
def test_two_repair_tests_that_disagree_are_told_beside_the_finding(msi, mmr, text):
    """MSI high: pembrolizumab, I-A stood over an immunohistochemistry that was proficient, without a word."""
    match = of("colorectal", msi=msi, mmr=mmr, drug_classes=[], next_line=1)["CRC-15"]
    assert match.status == "matched" and text in match.facts


def test_two_tests_of_microsatellites_that_disagree_are_told_beside_the_finding(make_study):
    """MSI-H by PCR, MSS by sequencing: the page led with MSI high, and MSS stood in the table of statuses alone."""
    made = make_study(
        {"design": "crc"},
        patients=[{"patient_id": "P1", "disease": "colon cancer"}],
        samples=[{"sample_id": "T1", "patient_id": "P1", "material": "tissue", "day": 0, "msi_status": "MSS"}],
        calls=[],
        markers=[{"patient_id": "P1", "marker": "MSI", "value": "MSI-H", "day": 0}],
    )
    facts = Cohort(made).findings.patients["P1"]
    assert evaluate(parse("msi = high"), facts).facts == ("MSI high, but MSS in T1",)
    assert evaluate(parse("mmr = deficient"), facts).facts == ("MSI high, but MSS in T1",)


@pytest.mark.parametrize(
    ("states", "setting", "state", "expected"),
    [
        ((), "", None, "fits"),
        ((), "", "mHSPC", "fits"),
        (("mCRPC",), "", "mCRPC", "fits"),
        (("mCRPC",), "", "mHSPC", "does_not_fit"),
        (("mCRPC",), "", None, "not_known"),
    ],
)
def test_a_setting_is_known_where_the_rule_asks_for_no_state_or_the_state_is_recorded(states, setting, state, expected):
    rule = replace(default_rules()[0], states=states, setting_expression=setting)
    assert setting_of(rule, replace(make(examined("prostate", GENES), {}), state=state)) == expected


def test_a_change_is_named_as_a_doctor_writes_it():
    """Gene and protein change; a splice site by its coding change; a record that names no change is "mutated"."""
    assert VariantFinding("KRAS", "G12C").name == "KRAS G12C"
    assert VariantFinding("MET", effect="splice", hgvs_c="c.3028+1G>T").name == "MET c.3028+1G>T"
    assert VariantFinding("MET", effect="splice").name == "MET splice site"
    assert VariantFinding("MET", "D1010H", effect="splice").name == "MET D1010H"
    assert VariantFinding("KRAS", is_recorded=True, or_genes=("NRAS",)).name == "KRAS or NRAS mutated"
    assert VariantFinding("KRAS", effect="missense", hgvs_c="c.34G>T").name == "KRAS c.34G>T"


@pytest.mark.parametrize(
    ("given", "setting"), [((), "does_not_fit"), (("taxane",), "does_not_fit"), (("ARPI",), "fits")]
)
def test_rucaparib_is_for_after_an_arpi_whatever_its_test(given, setting):
    """TRITON2 enrolled after an androgen receptor inhibitor: by plasma it fitted an untreated man, by tissue it did not."""
    about = {"state": "mCRPC", "next_line": len(given) + 1, "drug_classes": frozenset(given)}
    found = of("prostate", has=["BRCA2 S1982fs plasma"], **about)
    assert {found[i].setting for i in ("PC-09", "PC-27")} == {setting}
