"""One question at a time: what is answered, with which words, and which edge decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oncourse.knowledge.alterations import Site, listed_genes, loss_reason, parse_site
from oncourse.knowledge.evaluate import NO, UNKNOWN, YES, Verdict, evaluate
from oncourse.knowledge.expression import All, AtLeast, Atom, ExpressionError, Not, atoms_of, genes_of, parse
from oncourse.knowledge.findings import PatientFindings, VariantFinding
from oncourse.knowledge.golden import GoldenChange, examined, make, variant

GENES = frozenset({"KRAS", "BRAF", "BRCA2", "PTEN", "AR", "ERBB2", "MLH1", "TP53"})
BASE = examined("colorectal", GENES)
CHIP = "possible clonal haematopoiesis: test white cells or tissue"
CHIP_SHOWN = "clonal haematopoiesis, shown in white cells"


def asked(text: str, **changes) -> Verdict:
    return evaluate(parse(text), make(BASE, changes))


#: expression, what the patient has, truth, field of the answer, its words
ANSWERS = [
    ("mutation(KRAS:12)", {}, NO, "against", ("no KRAS codon 12 mutation",)),
    ("mutation(KRAS:12)", {"has": ["KRAS G12D"]}, YES, "near", ()),
    ("mutation(KRAS:12)", {"has": ["KRAS G13D"]}, NO, "near", ("KRAS G13D: not one of KRAS codon 12",)),
    ("mutation(KRAS)", {"has": ["KRAS G12D possible_chip"]}, UNKNOWN, "missing", (f"KRAS G12D: {CHIP}",)),
    (
        "mutation(KRAS)",
        {"has": ["KRAS G12D germline"]},
        NO,
        "near",
        ("KRAS G12D: germline variant, not a tumour mutation",),
    ),
    ("mutation(KRAS; in=plasma)", {"has": ["KRAS G12D tissue"]}, NO, "near", ("KRAS G12D: not seen in plasma",)),
    ("mutation(KRAS; in=plasma)", {"has": ["KRAS G12D plasma"]}, YES, "near", ()),
    ("mutation(KRAS)", {"sites": {"any": "assumed"}}, NO, "assumed", True),
    ("mutation(KRAS)", {"sites": {"any": "recorded"}}, NO, "assumed", True),
    ("mutation(KRAS)", {}, NO, "assumed", False),
    (
        "mutation(KRAS:12,13)",
        {"sites": {"any KRAS 13": "underpowered"}},
        UNKNOWN,
        "missing",
        ("KRAS codon 13: too few reads or too little tumour to see a mutation",),
    ),
    ("mutation(KRAS)", {"sites": {"any KRAS": "not_covered"}}, UNKNOWN, "missing", ("KRAS: not covered",)),
    (
        "mutation(KRAS)",
        {"sites": {"any KRAS": "unread"}},
        UNKNOWN,
        "missing",
        ("KRAS: what is there is not understood or set aside, or another test found one",),
    ),
    ("mutation(KRAS)", {"sites": {"all": "no_sample"}}, UNKNOWN, "missing", ("no tumour DNA shown in plasma",)),
    ("mutation(KRAS; in=tissue)", {"sites": {"all": "no_sample"}}, UNKNOWN, "missing", ("no tissue sample",)),
    (
        "mutation(KRAS)",
        {"sites": {"all": "no_sample"}, "unset": ["plasma_has_tumour"]},
        UNKNOWN,
        "missing",
        ("no tumour sample",),
    ),
    (
        "mutation(KRAS; in=plasma)",
        {"sites": {"all": "no_sample"}, "unset": ["plasma_has_tumour"]},
        UNKNOWN,
        "missing",
        ("no plasma sample",),
    ),
    ("mutation(KRAS; in=plasma)", {"plasma_has_tumour": False}, UNKNOWN, "missing", ("no tumour DNA shown in plasma",)),
    ("wild_type(KRAS:12)", {}, YES, "facts", ("KRAS wild type, every codon measured",)),
    ("wild_type(KRAS:12)", {"has": ["KRAS G12D"]}, NO, "against", ("KRAS G12D mutated",)),
    (
        "wild_type(KRAS:12)",
        {"sites": {"decision": "assumed"}},
        UNKNOWN,
        "missing",
        ("KRAS assumed wild type: depth at unmutated codons not recorded",),
    ),
    (
        "wild_type(KRAS:12)",
        {"sites": {"decision": "recorded"}},
        UNKNOWN,
        "missing",
        ("KRAS recorded wild type: the codons tested are not told",),
    ),
    (
        "wild_type(KRAS:12)",
        {"has": ["KRAS G12D older"]},
        NO,
        "near",
        ("KRAS G12D: conflict, not in the sample nearest the decision ()",),
    ),
    ("wild_type(KRAS:12; in=plasma)", {"has": ["KRAS G12D plasma gone"]}, YES, "near", ()),
    ("wild_type(KRAS:12; in=plasma)", {"has": ["KRAS G12D plasma"]}, NO, "near", ()),
    ("wild_type(KRAS:12; in=plasma)", {"has": ["KRAS G12D plasma older"]}, NO, "near", ()),
    ("wild_type(KRAS:12)", {"has": ["KRAS G12D older", "KRAS G12V"]}, NO, "near", ()),
    ("wild_type(KRAS)", {"has": ["KRAS G12D chip"]}, UNKNOWN, "missing", (f"KRAS G12D: {CHIP_SHOWN}",)),
    ("loss(PTEN)", {}, NO, "against", ("no loss of PTEN",)),
    ("loss(PTEN)", {"has": ["PTEN R130*"]}, YES, "facts", ()),
    ("loss(PTEN)", {"copy": {"PTEN": "homozygous_deletion"}}, YES, "facts", ("PTEN homozygous deletion",)),
    ("loss(PTEN)", {"copy": {"PTEN": "loss"}}, NO, "facts", ()),
    ("loss(PTEN)", {"copy": {"PTEN": None}}, UNKNOWN, "missing", ("PTEN: deletion not profiled",)),
    ("loss(PTEN; biallelic)", {"has": ["PTEN R130* one_allele"]}, NO, "against", ("PTEN R130*: one allele only",)),
    ("loss(PTEN; biallelic)", {"has": ["PTEN R130*"]}, UNKNOWN, "missing", ("PTEN R130*: second allele not assessed",)),
    ("loss(PTEN; biallelic)", {"has": ["PTEN R130* biallelic"]}, YES, "near", ()),
    ("loss(PTEN)", {"has": ["PTEN R130* chip"]}, NO, "near", (f"PTEN R130*: {CHIP_SHOWN}",)),
    ("loss(BRCA2)", {"reports_germline": False}, UNKNOWN, "missing", ("BRCA2: germline not reported",)),
    ("loss(PTEN)", {"reports_germline": False}, NO, "missing", ()),
    (
        "loss(BRCA2)",
        {"reports_germline": False, "has": ["BRCA2 S1982fs germline"]},
        UNKNOWN,
        "missing",
        ("germline not reported", "BRCA2: germline not reported"),
    ),
    ("loss(PTEN; in=plasma)", {"has": ["PTEN R130* tissue"]}, NO, "near", ("PTEN R130*: not seen in plasma",)),
    ("amplification(ERBB2)", {"copy": {"ERBB2": "amplified"}}, YES, "facts", ("ERBB2 amplification",)),
    ("amplification(ERBB2)", {"copy": {"ERBB2": "gain"}}, NO, "near", ("ERBB2: gain only, not amplification",)),
    ("amplification(ERBB2)", {"copy": {"ERBB2": None}}, UNKNOWN, "missing", ("ERBB2: copy number not profiled",)),
    ("amplification(ERBB2)", {}, NO, "against", ("no amplification of ERBB2",)),
    ("deletion(PTEN)", {"copy": {"PTEN": "loss"}}, NO, "near", ("PTEN: loss only, not homozygous deletion",)),
    (
        "amplification(AR; in=plasma)",
        {"plasma_has_tumour": False},
        UNKNOWN,
        "missing",
        ("no tumour DNA shown in plasma",),
    ),
    ("amplification(AR; in=plasma)", {"unset": ["plasma_has_tumour"]}, UNKNOWN, "missing", ("no plasma sample",)),
    ("amplification(AR; in=plasma)", {}, NO, "missing", ()),
    ("fusion(BRAF)", {"fusion": ["BRAF"]}, YES, "facts", ("BRAF fusion",)),
    ("fusion(BRAF)", {}, NO, "against", ("no fusion of BRAF",)),
    ("fusion(NTRK1)", {}, UNKNOWN, "missing", ("NTRK1: fusions not looked for",)),
    ("fusion(BRAF)", {"unset": ["fusion_genes_assessed"]}, UNKNOWN, "missing", ("BRAF: fusions not looked for",)),
    ("germline_pathogenic(MLH1)", {"has": ["MLH1 R100* germline"]}, YES, "near", ()),
    ("germline_pathogenic(MLH1)", {"has": ["MLH1 R100*"]}, NO, "near", ()),
    (
        "germline_pathogenic(MLH1)",
        {"has": ["MLH1 R100* possible_germline"]},
        NO,
        "near",
        ("MLH1 R100*: possible germline: confirm",),
    ),
    ("germline_pathogenic(MLH1)", {"reports_germline": False}, UNKNOWN, "missing", ("germline not reported",)),
    ("germline_pathogenic(MLH1)", {"has_normal": False}, UNKNOWN, "missing", ("no matched normal",)),
    ("germline_pathogenic(MLH1)", {}, NO, "against", ("no pathogenic germline variant of MLH1",)),
    ("germline_pathogenic(MLH1)", {"sites": {"any": "not_covered"}}, UNKNOWN, "missing", ("MLH1: not covered",)),
    ("germline_pathogenic(MLH1)", {"sites": {"any": "assumed"}}, NO, "assumed", True),
    (
        "germline_pathogenic(MLH1; biallelic)",
        {"has": ["MLH1 R100* germline"]},
        NO,
        "near",
        ("MLH1 R100*: one allele only, or the second not assessed",),
    ),
    ("germline_pathogenic(MLH1; biallelic)", {"has": ["MLH1 R100* germline biallelic"]}, YES, "near", ()),
    ("reversion(BRCA2)", {"has": ["BRCA2 T1980del reversion"]}, YES, "near", ()),
    ("reversion(BRCA2)", {"has": ["BRCA2 T1980del reversion chip"]}, NO, "against", ("no reversion of BRCA2",)),
    ("reversion(BRCA2,PTEN)", {"has": ["PTEN R130*"]}, NO, "against", ("no reversion of PTEN",)),
    ("reversion(BRCA2,PTEN)", {"has": ["PTEN A3G"]}, NO, "against", ("no reversion of BRCA2, PTEN",)),
    ("reversion(BRCA2,PTEN)", {}, NO, "against", ("no reversion of BRCA2, PTEN",)),
    ("reversion(BRCA2)", {"sites": {"decision": "not_covered"}}, UNKNOWN, "missing", ("BRCA2: not covered",)),
    ("emerged(KRAS; under=anti-EGFR)", {"has": ["KRAS G12D new=anti-EGFR"]}, YES, "near", ()),
    ("emerged(KRAS; under=anti-EGFR)", {}, NO, "against", ("no anti-EGFR given",)),
    (
        "emerged(KRAS; under=anti-EGFR)",
        {"drug_classes": ["anti-EGFR"]},
        NO,
        "against",
        ("nothing new under anti-EGFR",),
    ),
    ("emerged(KRAS; under=anti-EGFR)", {"unset": ["drug_classes"]}, UNKNOWN, "missing", ("treatment not recorded",)),
    (
        "emerged(KRAS; under=anti-EGFR)",
        {"unknown_drugs": ("hrs-1", "x2")},
        UNKNOWN,
        "missing",
        ("class not known of hrs-1, x2",),
    ),
    (
        "emerged(KRAS; under=anti-EGFR)",
        {"drug_classes": ["anti-EGFR"], "has": ["KRAS G12D"]},
        UNKNOWN,
        "missing",
        ("KRAS G12D: not shown to be new under anti-EGFR",),
    ),
    (
        "emerged(KRAS; under=anti-EGFR)",
        {"adjuvant_classes": frozenset({"anti-EGFR"})},
        NO,
        "against",
        ("nothing new under anti-EGFR",),
    ),
    (
        "emerged(KRAS; under=anti-EGFR)",
        {"drug_classes": ["anti-EGFR"], "sites": {"decision": "not_covered"}},
        UNKNOWN,
        "missing",
        ("KRAS: not covered",),
    ),
    ("previous(ARPI)", {"drug_classes": ["ARPI"]}, YES, "facts", ("ARPI given before",)),
    ("previous(ARPI)", {}, NO, "against", ("no ARPI given before",)),
    ("previous(ARPI)", {"unknown_drugs": ("x",)}, UNKNOWN, "missing", ("class not known of x",)),
    ("previous(ARPI)", {"unset": ["drug_classes"]}, UNKNOWN, "missing", ("treatment not recorded",)),
    ("marker(AR-V7) = positive", {"markers": {"AR-V7": "positive"}}, YES, "facts", ("AR-V7 positive",)),
    ("marker(AR-V7) = positive", {"markers": {"AR-V7": "negative"}}, NO, "against", ("AR-V7 negative",)),
    ("marker(AR-V7) != positive", {"markers": {"AR-V7": "negative"}}, YES, "facts", ("AR-V7 negative",)),
    ("marker(AR-V7) = positive", {}, UNKNOWN, "missing", ("AR-V7 not assessed",)),
    (
        "marker(AR-V7) = positive",
        {"markers": {"AR-V7": "not_assessable"}},
        UNKNOWN,
        "missing",
        ("AR-V7 not assessable",),
    ),
    (
        "marker(AR-V7) = positive",
        {"markers": {"AR-V7": "weak"}},
        UNKNOWN,
        "missing",
        ("AR-V7 recorded as 'weak', which was not understood",),
    ),
    ("marker(HER2 IHC) = 3+", {"markers": {"HER2 IHC": "3+"}}, YES, "facts", ("HER2 IHC 3+",)),
    ("marker(HER2 IHC) = 3+", {"markers": {"HER2 IHC": "2+"}}, NO, "against", ("HER2 IHC 2+",)),
    ("marker(HER2 IHC) = 3+", {"markers": {"HER2 IHC": "negative"}}, NO, "against", ("HER2 IHC negative",)),
    (
        "marker(HER2 IHC) = 3+",
        {"markers": {"HER2 IHC": "positive"}},
        UNKNOWN,
        "missing",
        ("HER2 IHC recorded as 'positive', which was not understood",),
    ),
    ("marker(PTEN %) >= 90", {"markers": {"PTEN %": "90%"}}, YES, "facts", ("PTEN % 90%",)),
    ("marker(PTEN %) > 90", {"markers": {"PTEN %": "90"}}, NO, "against", ("PTEN % 90",)),
    ("marker(PTEN %) <= 90", {"markers": {"PTEN %": "90"}}, YES, "facts", ("PTEN % 90",)),
    ("marker(PTEN %) < 90", {"markers": {"PTEN %": "90"}}, NO, "against", ("PTEN % 90",)),
    ("marker(PTEN %) >= 90", {"markers": {"PTEN %": "most"}}, UNKNOWN, "missing", ("PTEN %: 'most' is not a number",)),
    ("tmb >= 10", {"tmb_per_mb": 10.0}, YES, "facts", ("TMB 10.0",)),
    ("tmb > 10", {"tmb_per_mb": 10.0}, NO, "against", ("TMB 10.0",)),
    ("tmb >= 10", {"unset": ["tmb_per_mb"]}, UNKNOWN, "missing", ("TMB not assessed",)),
    ("next_line >= 2", {"next_line": 2}, YES, "facts", ("next line 2",)),
    ("side = left", {"side": "LEFT"}, YES, "facts", ("side LEFT",)),
    ("surgery = done", {"surgery": "done"}, YES, "facts", ("surgery of the primary done",)),
    ("surgery = done", {"surgery": "not done"}, NO, "against", ("surgery of the primary done",)),
    ("surgery = done", {}, UNKNOWN, "missing", ("surgery of the primary not recorded",)),
    (
        "phenotype(DPYD) = reduced",
        {"phenotypes": {"DPYD": "poor metaboliser"}},
        YES,
        "facts",
        ("DPYD poor metaboliser",),
    ),
    ("phenotype(DPYD) = reduced", {}, NO, "against", ("DPYD normal metaboliser",)),
    ("phenotype(DPYD) = poor", {"phenotypes": {"DPYD": "intermediate metaboliser"}}, NO, "missing", ()),
    ("phenotype(DPYD) = reduced", {"phenotypes": {}}, UNKNOWN, "missing", ("DPYD genotype not known",)),
    (
        "phenotype(DPYD) = reduced",
        {"phenotypes": {"DPYD": "not assessable: allele *99"}},
        UNKNOWN,
        "missing",
        ("DPYD genotype not known (allele *99)",),
    ),
    ("unsupported(EGFR expression)", {}, UNKNOWN, "missing", ("'EGFR expression' cannot be asked of sequencing data",)),
    ("msi = high", {"msi": "high", "mmr": "proficient"}, YES, "facts", ("MSI high, but MMR proficient",)),
    ("mmr = deficient", {"msi": "high", "mmr": "proficient"}, NO, "against", ("MMR proficient, but MSI high",)),
    ("msi = high", {}, NO, "against", ("MSI stable",)),
    ("mmr = deficient", {"unset": ["mmr"], "msi": "high"}, YES, "facts", ("MSI high",)),
    ("msi = high", {"unset": ["msi", "mmr"]}, UNKNOWN, "missing", ("MSI / MMR not assessed",)),
]


@pytest.mark.parametrize(("text", "changes", "truth", "place", "words"), ANSWERS, ids=[a[0] for a in ANSWERS])
def test_an_atom_says(text, changes, truth, place, words):
    found = asked(text, **changes)
    assert (found.truth, getattr(found, place)) == (truth, words)


def test_parts_of_an_answer_are_put_together():
    """What matched, what was missing of those not known, what stood against of those that are not."""
    both = asked("mutation(KRAS) AND msi = high", has=["KRAS G12D"])
    assert both.truth == NO and both.against == ("MSI stable",) and both.found[0].name == "KRAS G12D"
    assert both.near == ("KRAS G12D, but MSI stable",)
    assert asked("mutation(KRAS) AND mutation(BRAF)", sites={"any BRAF": "not_covered"}).truth == NO
    either = asked("mutation(KRAS) OR tmb >= 10", has=["KRAS G12D"], unset=["tmb_per_mb"])
    assert either.truth == YES and either.missing == ()  # what is known already is not asked for
    open_one = asked("mutation(KRAS) OR tmb >= 10", unset=["tmb_per_mb"])
    assert open_one.truth == UNKNOWN and open_one.missing == ("TMB not assessed",)
    two = "at_least(2; mutation(KRAS); mutation(BRAF); tmb >= 10)"
    assert asked(two, has=["KRAS G12D"], tmb_per_mb=12.0).truth == YES
    assert asked(two, has=["KRAS G12D"], unset=["tmb_per_mb"]).truth == UNKNOWN
    assert asked(two, unset=["tmb_per_mb"]).truth == NO
    rests = asked("mutation(KRAS) AND mutation(BRAF)", sites={"any KRAS": "assumed"})
    assert rests.assumed and not asked("mutation(KRAS) AND mutation(BRAF)").assumed
    assert asked("NOT mutation(KRAS)", sites={"any": "assumed"}).assumed
    missing = asked("NOT tmb >= 10", unset=["tmb_per_mb"])
    assert missing.truth == UNKNOWN and missing.missing == ("TMB not assessed",) and missing.word == "not_assessable"


def test_a_variant_without_a_recorded_change_may_be_the_one_asked_for():
    unread = VariantFinding("KRAS", effect="missense")
    found = evaluate(parse("mutation(KRAS:G12C)"), replace(BASE, variants=(unread,)))
    assert found.truth == UNKNOWN and "protein change not recorded; it may be one of KRAS G12C" in found.missing[0]
    assert evaluate(parse("wild_type(KRAS:12)"), replace(BASE, variants=(unread,))).truth == UNKNOWN
    beside = (unread, variant("KRAS G13D"), variant("KRAS G12C germline"))
    near = evaluate(parse("mutation(KRAS:G12C)"), replace(BASE, variants=beside)).near
    assert near == (
        "KRAS G12C: germline variant, not a tumour mutation",
    )  # what is another change is no near miss here
    for other in (replace(unread, origin="chip"), replace(unread, effect="frameshift"), replace(unread, codon=146)):
        assert evaluate(parse("mutation(KRAS:G12C)"), replace(BASE, variants=(other,))).truth == NO
    at = replace(unread, codon=12)
    assert evaluate(parse("mutation(KRAS:G12C)"), replace(BASE, variants=(at,))).truth == UNKNOWN


def test_a_site_accepts_codons_spans_effects_and_whole_genes():
    assert parse_site("KRAS").accepts(variant("KRAS G12D")) and parse_site("KRAS").is_whole_gene
    assert not parse_site("KRAS").accepts(replace(variant("KRAS G12D"), effect="promoter"))
    assert parse_site("TERT:promoter").accepts(VariantFinding("TERT", effect="promoter"))
    span = parse_site("BRAF:594-600")
    assert [span.accepts(variant(f"BRAF {c}")) for c in ("K593E", "G594D", "V600E", "K601E")] == [
        False,
        True,
        True,
        False,
    ]
    assert span.named_codons == () and not span.is_whole_gene
    assert parse_site("KRAS:12,G13D,Q61").named_codons == (12, 13, 61)
    assert parse_site("KRAS:12").accepts(VariantFinding("KRAS", "", codon=12))
    assert not parse_site("KRAS:12").accepts(VariantFinding("KRAS", "", effect="missense"))
    assert not parse_site("KRAS:12").accepts(replace(variant("KRAS G12D"), effect="silent"))
    truncating = parse_site("PTEN:truncating")
    assert truncating.accepts(variant("PTEN R130*")) and not truncating.accepts(variant("PTEN R130G"))
    recorded = VariantFinding("KRAS", is_recorded=True)
    assert parse_site("KRAS:12,13").accepts(recorded) and not parse_site("KRAS:G12C").accepts(recorded)
    assert not parse_site("KRAS:12,G12C").accepts(recorded)
    assert str(parse_site("BRAF:600,V600E,594-596")) == "BRAF:V600E,600,594-596"
    assert not Site("KRAS").may_accept(VariantFinding("KRAS")) and not parse_site("NRAS:61").may_accept(
        VariantFinding("KRAS")
    )
    with pytest.raises(ValueError, match="'exon99' of KRAS"):
        parse_site("KRAS:exon99")


def test_a_loss_is_told_by_effect_list_and_place():
    """BRCA2 from codon 3309 on the protein works (harmless_truncations.tsv); BRCA1's RING domain does not bear a change."""
    assert loss_reason(variant("PTEN R130*")) == (True, "truncating")
    assert loss_reason(variant("PTEN splice")) == (True, "canonical splice site")
    assert loss_reason(VariantFinding("PTEN", effect="start_loss")) == (True, "start loss")
    assert loss_reason(VariantFinding("PTEN", effect="silent")) == (False, "silent change does not remove the protein")
    assert [loss_reason(variant(f"BRCA2 {c}"))[0] for c in ("T3308*", "T3309*", "T3309fs", "K3326*")] == [
        True,
        False,
        False,
        False,
    ]
    # TP53 102-292 bears no change (pathogenic.tsv): a missense there is a loss, one codon outside is not
    assert [loss_reason(variant(f"TP53 A{c}V"))[0] for c in (101, 102, 292, 293)] == [False, True, True, False]
    assert {"PALB2", "TP53"} <= listed_genes()  # of the one list, of the other
    splice = VariantFinding("BRCA2", effect="splice", codon=3400)
    assert loss_reason(splice)[0]
    listed = replace(variant("PTEN R130G"), listed="pathogenic", listed_by="x")
    assert loss_reason(listed) == (True, "listed pathogenic variant (x)")
    assert not loss_reason(replace(listed, effect="silent"))[0]
    assert loss_reason(replace(variant("PTEN R130*"), listed="benign", listed_by="x"))[0] is False
    unclear = replace(variant("PTEN A3G"), listed="conflicting", listed_by="x")
    assert loss_reason(unclear) == (False, "not classified: listed as conflicting (x)")
    assert loss_reason(replace(unclear, listed="")) == (
        False,
        "not classified: not truncating, and no list decides on it (x)",
    )


def test_a_reversion_or_a_benign_listing_is_no_loss():
    reverted = asked("loss(BRCA2)", has=["BRCA2 S1982fs reversion"])
    assert reverted.truth == NO and reverted.near == ("BRCA2 S1982fs: restores the reading frame",)
    benign = replace(variant("PTEN R130G"), listed="benign")
    assert evaluate(parse("loss(PTEN)"), replace(BASE, variants=(benign,))).near == ()  # no finding at all
    stop = replace(variant("PTEN R130*"), listed="benign")
    assert evaluate(parse("loss(PTEN)"), replace(BASE, variants=(stop,))).near != ()


def test_the_worst_codon_decides_and_all_of_its_kind_are_named():
    sites = {("any", "KRAS", 12): "underpowered", ("any", "KRAS", 13): "underpowered", ("any", "KRAS", 61): "assumed"}
    patient = PatientFindings("p", sites=sites | {("any", "NRAS", 0): "not_covered"}, default_site={"any": "measured"})
    assert patient.worst_site("KRAS", (12, 13, 61), "any") == ("underpowered", (12, 13))
    assert patient.worst_site("KRAS", (61, 146), "any") == ("assumed", (61,))
    assert patient.site("NRAS", 61) == "not_covered"  # a codon of a gene known as a whole
    first = replace(patient, sites={**patient.sites, ("any", "NRAS", 1): "measured"})
    assert (first.site("NRAS"), first.site("NRAS", 1)) == ("not_covered", "measured")
    assert patient.worst_site("NRAS", (), "any") == ("not_covered", (0,))
    assert patient.site("BRAF", 600) == "measured" and patient.site("BRAF", 600, "plasma") == "no_sample"
    bare = PatientFindings("p")
    assert bare.site("KRAS") == "no_sample"


def test_names_of_variants_as_a_doctor_writes_them():
    assert VariantFinding("PTEN", effect="splice").name == "PTEN splice site"
    assert VariantFinding("PTEN", effect="splice", hgvs_c="c.209+1G>A").name == "PTEN c.209+1G>A"
    assert VariantFinding("KRAS", is_recorded=True, or_genes=("NRAS",)).name == "KRAS or NRAS mutated"
    assert VariantFinding("TERT", effect="promoter").name == "TERT promoter"
    patient = replace(
        BASE, variants=(variant("KRAS G12D"),), copy_number={"AR": "gain", "MYC": "neutral"}, fusions=("RET",)
    )
    assert patient.altered_genes == {"KRAS", "AR", "RET"}


def test_the_tree_of_an_expression_and_what_binds_closer():
    """AND before OR, NOT before both; one part is itself."""
    tree = parse("mutation(KRAS) OR mutation(NRAS) AND NOT msi = high")
    assert isinstance(tree, AtLeast) and tree.count == 1 and isinstance(tree.parts[1], All)
    assert isinstance(tree.parts[1].parts[1], Not)
    assert parse("(mutation(KRAS))") == parse("mutation( KRAS )") == Atom("mutation", sites=(Site("KRAS"),))
    assert [a.kind for a in atoms_of(tree)] == ["mutation", "mutation", "msi"]
    assert genes_of(parse("loss(BRCA2,PTEN) AND mutation(KRAS)")) == {"BRCA2", "PTEN", "KRAS"}
    nested = parse("at_least(2; mutation(KRAS:12); (mutation(NRAS) OR loss(PTEN; biallelic)); tmb >= 10)")
    assert isinstance(nested, AtLeast) and nested.count == 2 and len(nested.parts) == 3
    loss = parse("loss(BRCA2; biallelic; in=plasma)")
    assert loss.biallelic and loss.material == "plasma" and not parse("loss(BRCA2)").biallelic
    assert parse('marker(PD-L1 CPS) >= "10"') == Atom("marker", name="PD-L1 CPS", op=">=", value="10")
    assert parse("previous(PARP inhibitor)").name == "PARP inhibitor"
    assert parse("emerged(KRAS:12; under=anti-EGFR)").under == "anti-EGFR"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mutation(KRAS) OR", "a biomarker is missing at character 18"),
        ("OR mutation(KRAS)", "a biomarker is missing at character 1"),
        ("(mutation(KRAS)", "a closing bracket is missing at character 16"),
        ("msi high", "expected one of = != >= > <= < at character 5"),
        ("tmb >=", "a value is missing after >= at character 7"),
        ("KRAS", "'KRAS' is not a biomarker; known: altered"),
        ("kras(12)", "'kras' is not a biomarker; known: altered"),
        ("at_least(2)", "at_least needs a number"),
        ("at_least(two; tmb > 1; tmb > 2)", "at_least needs a number"),
        ("next_line >= 2b", "next_line is compared with a number"),
        ("mutation(KRAS:12))", "unexpected ')' at character 18"),
    ],
)
def test_a_mistake_has_its_character(text, says):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert says in str(caught.value)


def test_an_inherited_variant_is_near_unless_it_changes_nothing_or_is_listed_benign():
    missense = replace(variant("MLH1 A3G"), origin="germline")
    for changed, is_near in (
        ({}, True),
        ({"listed": "benign", "listed_by": "x"}, False),
        ({"effect": "silent"}, False),
        ({"effect": "other"}, False),
        ({"effect": "silent", "listed": "benign", "listed_by": "x"}, False),
    ):
        found = evaluate(parse("germline_pathogenic(MLH1)"), replace(BASE, variants=(replace(missense, **changed),)))
        assert (found.truth, bool(found.near)) == (NO, is_near), changed


@pytest.mark.parametrize(
    ("seen", "material", "truth"),
    [
        (("tissue",), "tissue", YES),
        (("tissue",), "plasma", NO),
        (("plasma",), "plasma", YES),
        (("plasma",), "tissue", NO),
        (("tissue", "plasma"), "plasma", YES),
        (None, "tissue", YES),  # a change whose material is not told is one of tissue
        (None, "plasma", NO),
    ],
)
def test_an_amplification_is_asked_of_the_material_it_was_seen_in(seen, material, truth):
    patient = replace(BASE, copy_number={"ERBB2": "amplified"}, copy_number_material={"ERBB2": seen} if seen else {})
    found = evaluate(parse(f"amplification(ERBB2; in={material})"), patient)
    assert found.truth == truth
    assert found.near == (() if truth == YES else (f"ERBB2 amplification: not seen in {material}",))
    assert evaluate(parse("amplification(ERBB2)"), patient).truth == YES


def test_what_a_fully_examined_patient_is():
    """The rules' golden patients are told as changes of this one."""
    assert (BASE.next_line, BASE.msi, BASE.mmr, BASE.tmb_per_mb, BASE.plasma_has_tumour) == (
        1,
        "stable",
        "proficient",
        3.0,
        True,
    )
    assert (BASE.reports_germline, BASE.has_normal, BASE.drug_classes) == (True, True, frozenset())
    assert set(BASE.copy_number.values()) == {"neutral"} and BASE.fusion_genes_assessed == GENES
    assert Verdict(NO).assumed is False


@pytest.mark.parametrize(
    ("before", "after", "is_loss"),
    [
        ("matched", "not_matched", True),
        ("matched", "matched", False),
        ("absent", "matched", False),
        ("matched", "absent", True),
    ],
)
def test_a_changed_rule_is_a_loss_where_a_line_is_gone(before, after, is_loss):
    assert GoldenChange("P", "R1", before, after).is_loss is is_loss
