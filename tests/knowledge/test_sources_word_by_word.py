"""Evidence, rules, lists and drug names: one word of a source and what it becomes."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from oncourse.errors import InputError
from oncourse.knowledge.civic import expression_of, read_civic
from oncourse.knowledge.classified import COLUMNS as LISTED
from oncourse.knowledge.classified import Listing, _stronger, listings, read_classified, verdict_of, write_classified
from oncourse.knowledge.drug_text import _edits, _spellings, nearest_name, read_drugs
from oncourse.knowledge.drugs import compared_drugs, kind, only_accompanies, treatment_name
from oncourse.knowledge.evidence import COLUMNS, Evidence, EvidenceBase, _keys, read_evidence
from oncourse.knowledge.expert_tables import read_expert_table
from oncourse.knowledge.expression import parse
from oncourse.knowledge.golden import examined, golden_changes, make, variant
from oncourse.knowledge.matching import Match, match_rule, match_rules, setting_of
from oncourse.knowledge.oncokb import read_oncokb
from oncourse.knowledge.pgx import phenotype, split_genotype
from oncourse.knowledge.rules import COLUMNS as RULE_COLUMNS
from oncourse.knowledge.rules import default_rules, parse_rules, read_rules

BASE = examined("colorectal", frozenset({"KRAS", "BRAF", "ERBB2"}))


@pytest.mark.parametrize(
    ("profile", "expression"),
    [
        ("KRAS Wildtype", "wild_type(KRAS:12,13,59,61,117,146)"),
        ("NRAS wild type", "wild_type(NRAS:12,13,59,61,117,146)"),
        ("BRAF Wild Type", "wild_type(BRAF)"),
        ("TMB High", "tmb >= 10"),
        ("MSI High", "msi = high"),
        ("CD274 HIGH", "unsupported(CD274 HIGH)"),
        ("TMB Low", "unsupported(TMB Low)"),
        ("BRCA2 Deleterious Mutation", "loss(BRCA2)"),
        ("KRAS Alteration", "mutation(KRAS)"),
        ("KRAS Activating Mutation", "mutation(KRAS)"),
        ("BRCA2 Activating Mutation", "unsupported(BRCA2 activating mutation)"),
        ("APC Truncating Mutation", "mutation(APC:truncating)"),
        ("TERT Promoter Mutation", "mutation(TERT:promoter)"),
        ("PTEN Deletion", "deletion(PTEN)"),
        ("RET Rearrangement", "fusion(RET)"),
        ("EZH2 Y646F/N", "mutation(EZH2:Y646F,Y646N)"),
        ("KRAS Exon 99 Mutation", "unsupported(KRAS Exon 99 Mutation)"),
        ("APC R1450*", "mutation(APC:R1450*)"),
        ("BRCA2 S1982FS", "mutation(BRCA2:S1982fs)"),
        ("HER2 Amplification", "amplification(ERBB2)"),
    ],
)
def test_a_profile_of_civic(profile, expression):
    assert expression_of(profile) == expression


CIVIC = (
    "molecular_profile\tdisease\ttherapies\tevidence_type\tevidence_direction\tevidence_level\tsignificance\t"
    "evidence_id\tevidence_status\ttherapy_interaction_type\tcitation_id\tsource_type\n"
    "KRAS G12C\tColorectal Cancer\tA, B\tPredictive\tSupports\tB\tResistance\tEID20\taccepted\tSubstitutes\t11\tPubMed\n"
    "KRAS G12D\tMelanoma\t\tPredictive\tDoes Not Support\tA\tSensitivity/Response\t3\taccepted\t\t12\tPubMed\n"
    "KRAS G12V\tMelanoma\t\tPredictive\tSupports\tA\tResistance\t4\trejected\t\t13\tPubMed\n"
)


def test_items_of_civic_are_read_packed_or_not_and_only_the_accepted(tmp_path):
    plain, packed = tmp_path / "c.tsv", tmp_path / "c.tsv.gz"
    plain.write_text(CIVIC)
    packed.write_bytes(gzip.compress(CIVIC.encode()))
    items = read_civic(plain)
    assert items == read_civic(packed) and [i.evidence_id for i in items] == ["EID3", "EID20"]
    first, second = items
    assert (second.therapies, second.alternatives, second.citation) == ("A;B", ("a", "b"), "PubMed 11")
    assert (second.effect, first.effect, first.alternatives) == ("resistant", "not_sensitive", ())
    assert (second.tumour, first.tumour) == ("colorectal", "other")
    aliases = tmp_path / "a.yaml"
    aliases.write_text("evidence_items:\n- &x {evidence_type: P}\n- *x\n")
    with pytest.raises(InputError, match="YAML aliases"):
        read_civic(aliases)
    for columns in ("evidence_type\tmolecular_profile\n", "evidence_type\tevidence_level\n"):
        plain.write_text(columns)
        with pytest.raises(InputError, match="not a CIViC evidence file"):
            read_civic(plain)


def statement(**words) -> Evidence:
    made = dict.fromkeys(COLUMNS, "") | {"expression": "mutation(KRAS:G12C)", "direction": "Supports", "level": "B"}
    return Evidence(**(made | {"disease": "Colorectal Cancer", "therapies": "X", "significance": "Resistance"} | words))


def test_statements_that_say_the_opposite_of_one_drug_in_one_tumour_are_marked():
    items = (
        statement(evidence_id="1"),
        statement(evidence_id="2", significance="Sensitivity/Response", level="A"),
        statement(evidence_id="3", therapies="Y"),
        statement(evidence_id="4", disease="Melanoma", direction="Does Not Support"),
        statement(evidence_id="5", expression="unsupported(KRAS expression)"),
        statement(evidence_id="6", disease="Solid Tumor", significance=""),
        statement(evidence_id="7", expression="mutation(BRAF:V600E)"),
        statement(evidence_id="8", expression="NOT mutation(BRAF)"),
        statement(evidence_id="9", expression="mutation(KRAS:G12C) AND msi = high"),
    )
    base = EvidenceBase(items)
    found = {m.evidence.evidence_id: m for m in base.match(make(BASE, {"has": ["KRAS G12C"]}))}
    assert list(found) == ["2", "1", "3", "6", "8", "4"]  # own tumour, then level, then number
    assert [i for i, m in found.items() if m.is_opposed] == ["2", "1", "8"]
    assert [i for i, m in found.items() if not m.same_tumour] == ["4"] and found["6"].evidence.effect == "not_stated"
    assert found["4"].evidence.effect == "not_resistant" and base.genes == {"KRAS", "BRAF"}
    assert base.match(replace(BASE, tumour=None)) == [] or not base.match(replace(BASE, tumour=None))[0].same_tumour


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("mutation(KRAS:12,G13D)", {"KRAS:12", "KRAS:G13D"}),
        ("mutation(BRAF:594-600)", {"BRAF"}),
        ("mutation(KRAS) AND fusion(RET)", {"fusion:RET"}),
        ("mutation(KRAS) OR amplification(ERBB2)", {"KRAS", "copy:ERBB2"}),
        ("NOT mutation(KRAS)", {""}),
        ("msi = high", {""}),
        ("msi = high AND mutation(KRAS)", {"KRAS"}),
        ("NOT mutation(KRAS) AND loss(PTEN)", {"PTEN"}),
    ],
)
def test_evidence_is_looked_up_by_what_it_cannot_match_without(text, keys):
    assert _keys(parse(text)) == keys


def test_evidence_of_other_columns_is_refused(tmp_path):
    path = tmp_path / "e.tsv"
    path.write_text("source\tprofile\nx\ty\n")
    with pytest.raises(InputError, match=r"no evidence table \(columns evidence_id"):
        read_evidence(path)
    path.write_text("\t".join(COLUMNS) + "\n" + "\t".join(getattr(statement(), c) for c in COLUMNS) + "\n")
    base = read_evidence(path)
    assert (base.name, len(base.items), len(base.checksum)) == ("e.tsv", 1, 12)


def test_a_level_of_oncokb_is_a_statement_of_its_drug(tmp_path):
    path = tmp_path / "annotated.maf"
    path.write_text(
        "#version 2.4\nHugo_Symbol\tHGVSp_Short\tLEVEL_1\tLEVEL_R1\tTX_CITATIONS\n"
        "KRAS\tp.G12C\tSotorasib+Panitumumab, Adagrasib\tCetuximab\t1;2\nTP53\t\tX\t\t\n"
    )
    found = read_oncokb(path, disease="Colorectal Cancer")
    told = [(e.level, e.therapies, e.effect, e.expression) for e in found]
    assert told == [
        ("1", "Adagrasib", "sensitive", "mutation(KRAS:G12C)"),
        ("1", "Sotorasib;Panitumumab", "sensitive", "mutation(KRAS:G12C)"),
        ("R1", "Cetuximab", "resistant", "mutation(KRAS:G12C)"),
    ]
    assert found[0].citation == "1;2" and found[0].disease == "Colorectal Cancer"
    for text in ("Hugo_Symbol\tX\n", "Gene\tLEVEL_1\n"):
        path.write_text(text)
        with pytest.raises(InputError, match="not a MAF annotated by OncoKB"):
            read_oncokb(path)
    path.write_text("Hugo_Symbol\tHGVSp\tLEVEL_2\nBRAF\tp.Val600Glu\tEncorafenib\n")
    assert [e.expression for e in read_oncokb(path)] == ["mutation(BRAF:V600E)"]


@pytest.mark.parametrize("read", [read_evidence, read_oncokb])
def test_a_file_that_is_no_text_is_said_to_be_unreadable(read, tmp_path):
    path = tmp_path / "e.tsv"
    for content in (b"\xff\xfe\x00source", None):
        path.write_bytes(content) if content else path.unlink()
        with pytest.raises(InputError, match="cannot be read"):
            read(path)


def listed(path, **words):
    row = dict.fromkeys(LISTED, "") | {"gene": "BRCA1", "change": "C61G", "classification": "pathogenic"}
    write_classified([row | {"review_status": "practice guideline"} | words], path, comment="mine; 2026; CC0; GRCh38")
    return path


def test_a_listing_counts_for_its_allele_in_its_build_else_for_its_change(tmp_path):
    known = read_classified(listed(tmp_path / "l.tsv", variant_id="17:1:A:C"), "GRCh38")
    assert (known.name, known.date, known.licence, known.build, known.n) == ("mine", "2026", "CC0", "GRCh38", 1)
    assert known.of("BRCA1", "17:1:A:C", "", build="GRCh38").verdict == "pathogenic"
    assert known.of("BRCA1", "17:1:A:C", "", build="GRCh37").verdict == ""
    assert known.of("BRCA1", "", "C61G", build=None).verdict == "pathogenic"
    assert known.of("BRCA1", "", "C61G", build=None).words == "mine: pathogenic, practice guideline"
    told = read_classified(listed(tmp_path / "t.tsv", stated="Likely pathogenic"))
    assert told.of("BRCA1", "", "C61G", build=None).words == "mine: Likely pathogenic, practice guideline"
    (tmp_path / "s.tsv").write_text((tmp_path / "l.tsv").read_text().replace("# mine", "#mine"))
    assert read_classified(tmp_path / "s.tsv").name == "mine"
    fs = read_classified(listed(tmp_path / "f.tsv", change="S10fs"))
    assert fs.of("BRCA1", "", "S10fs", build=None).verdict == ""
    with pytest.raises(InputError, match="the study is GRCh37"):
        read_classified(tmp_path / "l.tsv", "GRCh37")
    import polars as pl

    rows = pl.DataFrame({"gene": ["BRCA1"], "variant_id": [""], "change": ["C61G"], "pathogenicity": [None]})
    assert listings(rows, known, None)["listed"].to_list() == ["pathogenic"]
    assert listings(rows, None, None)["listed"].to_list() == [""]


def test_of_two_listings_the_reviewed_counts_and_two_reviewed_must_agree():
    weak, one, other = Listing("", "w"), Listing("pathogenic", "p"), Listing("benign", "b")
    assert _stronger(None, weak, "x") is weak and _stronger(weak, one, "x") is one and _stronger(one, weak, "x") is one
    assert _stronger(one, replace(one, words="q"), "x") is one
    assert _stronger(one, other, "x") == Listing("conflicting", "x: listed in two ways")
    assert verdict_of("benign", "criteria provided, multiple submitters, conflicting") == ""
    assert verdict_of("conflicting", "") == "conflicting" and verdict_of("benign", "practice guideline") == "benign"


def test_only_the_first_five_rows_of_a_wrong_list_are_named(tmp_path):
    head = "\t".join(LISTED) + "\n"
    for n, more in ((5, False), (6, True)):
        path = tmp_path / f"{n}.tsv"
        path.write_text(head + "\tATM\tR337C\tVUS\t\t\t\n" * n)
        with pytest.raises(InputError) as caught:
            read_classified(path)
        assert len(caught.value.problems) == 5 + more and ("1 more rows" in caught.value.problems[-1]) == more


def test_an_expert_table_needs_gene_and_assertion_and_leaves_out_what_was_taken_back(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("HGNC Gene Symbol\tUuid\nTP53\tu\n")
    with pytest.raises(InputError, match="no table of ClinGen"):
        read_expert_table(path, {"TP53"})
    row = "TP53\t{}\t{}\tNM_1:c.1A>C (p.Arg248Gln)\n"
    told = [("Pathogenic", "Yes"), ("Pathogenic", "1"), ("likely  benign", "-"), ("Benign", "false")]
    path.write_text("HGNC Gene Symbol\tAssertion\tRetracted\tVariation\n" + "".join(row.format(*t) for t in told))
    found = read_expert_table(path, {"TP53"})
    assert [r["classification"] for r in found.rows] == ["benign", "benign"] and found.n_other == 2


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("abirateronnne", ("abiraterone",)),  # eleven letters: two edits
        ("evorolimas", ("everolimus",)),  # ten are enough for two
        ("olaparob", ("olaparib",)),  # eight: one
        ("docetxael", ("docetaxel",)),  # neighbours exchanged are one edit
        ("perindopril prednisone", ("perindopril", "prednisone")),
        ("enzalutamide 160 mg daily, then", None),
        ("bevacizumab-awwb", ("bevacizumab",)),
    ],
)
def test_a_drug_text(text, names):
    found = read_drugs(text)
    assert found.names == names if names else found.unknown


def test_a_text_in_brackets_that_is_not_understood_explains_nothing():
    assert set(read_drugs("ABC (恩扎卢胺后)").unknown) == {"abc", "恩扎卢胺后"}


def test_edits_are_counted_up_to_a_limit():
    """Insertion, deletion, exchange, neighbours swapped: one each; beyond the limit only that it is beyond."""
    assert [_edits("abcd", b, 5) for b in ("abcd", "abxd", "abd", "abcde", "acbd", "xyz")] == [0, 1, 1, 1, 1, 4]
    assert _edits("abcd", "abcdefgh", 3) == 4 and _edits("abcd", "abcdefg", 3) == 3
    assert all(n.isascii() and n.isalpha() and len(n) >= 6 for n in _spellings())


def test_the_nearest_name_of_little_is_none():
    assert nearest_name("doc") is None and nearest_name("olap") == "olaparib"
    assert nearest_name("enzalutamide tablet") == "enzalutamide" and nearest_name("tablet") is None
    assert nearest_name("no olaparib") is None and nearest_name("xqzwvkj") is None


def test_treatments_are_named_by_backbone_class_or_as_written():
    assert treatment_name("Group of choice") == "Group of choice" and treatment_name("Studydrug-7") == "studydrug-7"
    assert treatment_name("docetaxel novelmab") == "docetaxel + novelmab"  # one of them is known: a list of drugs
    assert treatment_name("capecitabine;oxaliplatin") == "CAPOX"
    assert treatment_name("fluorouracil;folinic acid;irinotecan;oxaliplatin;bevacizumab") == "FOLFOXIRI + bevacizumab"
    assert treatment_name("fluorouracil;folinic acid") == "5-FU/LV"
    assert treatment_name("ARPI;taxane") == "ARPI + taxane"
    assert compared_drugs("prednisone; zoledronic acid") == "prednisone;zoledronic acid"
    assert only_accompanies("prednisone") and not only_accompanies("") and kind("olaparib") == "anticancer"


def test_a_golden_patient_is_made_of_words():
    made = variant("BRCA2 S1982fs germline plasma biallelic gone older reversion")
    assert (made.effect, made.origin, made.materials, made.codon) == ("frameshift", "germline", ("plasma",), 1982)
    assert made.is_biallelic and made.is_reversion and not made.in_latest_plasma and not made.in_decision
    assert variant("PTEN R130* one_allele").is_biallelic is False and variant("PTEN R130*").effect == "nonsense"
    assert variant("ERBB2 Y772_A775dup").effect == "inframe" and variant("PTEN splice").change == ""
    assert variant("KRAS G12D new=anti-EGFR_antibody").is_new_on == ("anti-EGFR antibody",)
    with pytest.raises(ValueError, match="'sometimes'"):
        variant("KRAS G12D sometimes")
    patient = make(
        BASE, {"sites": {"plasma": "assumed", "any KRAS 12": "unread"}, "copy": {"KRAS": "gain", "BRAF": None}}
    )
    assert patient.site("BRAF", 600, "plasma") == "assumed" and patient.site("KRAS", 12) == "unread"
    assert patient.copy_number == {"KRAS": "gain", "ERBB2": "neutral"} and patient.site("KRAS", 13) == "measured"
    assert patient.copy_number_material == {"KRAS": ("tissue", "plasma")}


HEAD = "\t".join(RULE_COLUMNS) + "\n"


def rule(**words):
    made = {"rule_id": "R1", "tumours": "colorectal", "biomarker": "b", "expression": "mutation(KRAS)"} | {
        "direction": "sensitive",
        "basis": "approved",
        "sources": "s",
        "date": "2026",
        "therapy": "x",
    }
    (found,) = parse_rules(HEAD + "\t".join((made | words).get(c, "") for c in RULE_COLUMNS) + "\n", "r.tsv")
    return found


def test_the_level_of_a_rule_is_lower_in_another_tumour_and_lowest_from_memory():
    assert [rule(basis=b).level("colorectal") for b in ("guideline", "well_powered", "small_studies", "unclear")] == [
        "I-A",
        "I-B",
        "II-C",
        "III",
    ]
    assert [rule(basis=b).level("prostate") for b in ("approved", "small_studies", "unclear")] == [
        "II-C",
        "II-D",
        "III",
    ]
    assert rule(tumours="any").level("prostate") == "I-A" == rule().level(None) == rule(certainty="V").level()
    assert rule(certainty="M").level("colorectal") == "III"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"states": "asleep"}, "state 'asleep' is not one of"),
        ({"tumours": "heart"}, "tumour 'heart' is not one of"),
        ({"label_excludes": "Mars: mutation(BRAF)"}, "label_excludes begins with"),
        ({"label_excludes": "FDA mutation(BRAF)"}, "label_excludes begins with"),
        ({"requires": "loss("}, "requires: "),
        ({"label_excludes": "FDA: loss("}, "label_excludes: "),
        ({"sources": ""}, "sources is empty"),
    ],
)
def test_a_mistake_of_a_rule(words, says):
    with pytest.raises(InputError) as caught:
        rule(**words)
    assert (
        len(caught.value.problems) == 1
        and says in caught.value.problems[0]
        and "row 2 (R1)" in caught.value.problems[0]
    )


def test_a_rules_file_without_rules_or_columns_is_refused(tmp_path):
    with pytest.raises(InputError, match="no rules in it"):
        parse_rules(HEAD, "r.tsv")
    with pytest.raises(InputError, match=r"none\.tsv: cannot be read"):
        read_rules(tmp_path / "none.tsv")
    with pytest.raises(InputError, match="the columns tumours, biomarker"):
        parse_rules("rule_id\n", "r.tsv")
    one = rule()
    assert one.requires_node is one.setting_node is one.after_node is one.excluded_by_label is None
    assert rule(label_excludes="NMPA: mutation(BRAF)").excluded_by_label[0] == "NMPA"


def test_a_match_stands_by_status_setting_what_comes_first_level_and_direction():
    patient = make(BASE, {"has": ["KRAS G12D"], "msi": "high", "state": "metastatic"})
    plain = match_rule(rule(), patient)
    assert (plain.status, plain.setting, plain.reasons) == ("matched", "fits", ("KRAS G12D",))
    later = match_rule(rule(comes_after="msi = high"), patient)
    assert later.first == ("MSI high, but MMR proficient",) and plain.sort_key < later.sort_key
    lower = match_rule(rule(basis="unclear"), patient)
    against = match_rule(rule(direction="resistant"), patient)
    outside = match_rule(rule(states="resected"), patient)
    assert outside.setting == "does_not_fit"
    assert sorted([outside, later, lower, against, plain], key=lambda m: m.sort_key) == [
        plain,
        against,
        lower,
        later,
        outside,
    ]
    never = match_rule(rule(expression="mutation(BRAF)"), patient)
    assert (never.status, never.setting, never.first) == ("not_matched", "not_known", ())
    needs = match_rule(rule(requires="tmb >= 10"), patient)
    assert needs.status == "not_matched" and needs.near == ("KRAS G12D, but TMB 3.0",)
    open_one = match_rule(rule(requires="tmb >= 10"), replace(patient, tmb_per_mb=None))
    assert open_one.status == "matched" and open_one.conditions == ("TMB not assessed",)
    out = match_rule(rule(excluded_tumours="colorectal", tumours="any"), patient)
    assert out.status == "excluded" and out.near == ("KRAS G12D: x is not for colorectal tumours",)
    none = match_rule(rule(excluded_tumours="colorectal", tumours="any", expression="mutation(BRAF)"), patient)
    assert (none.status, none.setting) == ("not_matched", "does_not_fit")
    label = match_rule(rule(label_excludes="FDA: mutation(KRAS)"), patient)
    assert label.left_out == ("FDA", ("KRAS G12D",)) and plain.left_out is None
    assert match_rule(rule(label_excludes="FDA: mutation(BRAF)"), patient).left_out is None


def test_a_setting_asks_state_and_expression():
    patient = make(BASE, {"state": "metastatic", "next_line": 2})
    told = [
        ({}, patient, "fits"),
        ({"setting_expression": "next_line >= 2"}, patient, "fits"),
        ({"setting_expression": "next_line >= 3"}, patient, "does_not_fit"),
        ({"setting_expression": "next_line >= 3"}, replace(patient, next_line=None), "not_known"),
        ({"setting_expression": "next_line >= 2", "states": "metastatic"}, replace(patient, state=None), "not_known"),
        ({"states": "resected;metastatic"}, patient, "fits"),
    ]
    assert [setting_of(rule(**words), who) for words, who, _ in told] == [expected for *_, expected in told]


def test_rules_of_another_tumour_are_not_asked_and_an_added_one_is_named():
    patient = make(BASE, {"has": ["KRAS G12D"]})
    rules = [rule(rule_id="A"), rule(rule_id="B", tumours="prostate"), rule(rule_id="C", tumours="any")]
    assert [m.rule.rule_id for m in match_rules(rules, patient)] == ["A", "C"]
    kept = [r for r in default_rules() if r.rule_id != "CRC-09"]
    gained = golden_changes(kept, default_rules())
    assert gained and {(c.before, c.after) for c in gained} == {("absent", "matched")}
    assert not any(c.is_loss for c in gained) and isinstance(match_rules(rules, patient)[0], Match)


@pytest.mark.parametrize(
    ("gene", "genotype", "expected"),
    [
        ("DPYD", "*1/*1", "normal metaboliser (activity score 2)"),
        ("DPYD", "c.1905+1G>A/c.1905+1G>A", "poor metaboliser (activity score 0)"),
        ("DPYD", "c.2846A>T/*1", "intermediate metaboliser (activity score 1.5)"),
        ("DPYD", "c.2846A>T/*2A", "poor metaboliser (activity score 0.5)"),
        ("UGT1A1", "*1/*28", "intermediate metaboliser"),
        ("UGT1A1", "*1/*1", "normal metaboliser"),
        ("CYP2D6", "*1/*1", "not assessable: '*1/*1' is no genotype of two alleles"),
        ("DPYD", "*1/", "not assessable: '*1/' is no genotype of two alleles"),
    ],
)
def test_a_genotype_is_its_phenotype(gene, genotype, expected):
    """CPIC: activity 2 normal, 1 to 1.5 intermediate, below 1 poor; UGT1A1 by the number of decreased alleles."""
    assert phenotype(gene, genotype) == expected


def test_bases_read_at_a_place_tell_the_copies():
    told = {
        g: split_genotype(g) for g in ("c.211G>A GG", "c.211G>A G/A", "c.211G>A AA", "c.211G>A CT", "*28 hom", "*28")
    }
    allele = "c.211G>A"
    assert list(told.values()) == [("*1", "*1"), ("*1", allele), (allele, allele), None, ("*28", "*28"), None]
