"""The one table of statuses: positive as therapy rules mean it, wild type only where nothing stands against it."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.care.therapy_matches import ras_table
from oncourse.derive.status.patients import _others
from oncourse.derive.status.witnesses import _counts
from oncourse.facts.recorded import GeneRecord
from oncourse.facts.statuses import STATUSES
from oncourse.knowledge.evaluate import YES, evaluate
from oncourse.knowledge.expression import parse

RAS = (12, 13, 59, 61, 117, 146)
WILD = "wild_type(KRAS:12,13,59,61,117,146; NRAS:12,13,59,61,117,146)"
#: KRAS codon 12, c.35G>A (p.G12D) in both builds.
G12D = {"GRCh37": "12:25398284:C:T", "GRCh38": "12:25245350:C:T"}


def cohort_of(make_study, calls, variants, *, build="GRCh37", markers=(), samples=(), config=()) -> Cohort:
    """A colon cancer whose RAS codons are all read at 400 reads in T1 (and M1)."""
    tissue = [
        {"sample_id": s, "patient_id": "P1", "material": "tissue", "purity": 0.5, "day": d}
        for s, d in (("T1", 0), ("M1", 90))
    ]
    coverage = [
        {"sample_id": s["sample_id"], "gene": g, "codon": c, "min_depth": 400}
        for s in tissue
        for g in ("KRAS", "NRAS")
        for c in RAS
    ]
    settings = {"design": "crc", **({"genome_build": build} if build else {}), **dict(config)}
    return Cohort(
        make_study(
            settings,
            patients=[{"patient_id": "P1", "disease": "colon cancer"}],
            samples=[*tissue, *samples],
            calls=[{"alt_count": 120, "depth": 400, **c} for c in calls],
            variants=variants,
            coverage=coverage,
            markers=[{"patient_id": "P1", **m} for m in markers],
        )
    )


def of(cohort: Cohort, status: str) -> dict:
    return cohort.patient_statuses.filter(pl.col("status") == status).row(0, named=True)


@pytest.mark.parametrize("gene", ["kras", "KRAS;LRMP", None, "LOC1"])
@pytest.mark.parametrize("build", ["GRCh37", "GRCh38", None])
def test_ras_is_never_wild_type_beside_a_called_variant_at_its_codon_whatever_the_gene_column_says(
    make_study, gene, build
):
    """KRAS c.35G>A unannotated, in small letters or as a pair of genes (maftools#417, #683) gave wild type."""
    place = G12D[build or "GRCh37"]
    cohort = cohort_of(
        make_study,
        [{"sample_id": "T1", "variant_id": place}],
        [{"variant_id": place, "gene": gene}],
        build=build,
    )
    assert of(cohort, "RAS")["state"] != "negative"
    facts = cohort.findings.patients["P1"]
    assert evaluate(parse(WILD), facts).truth != YES
    assert ras_table(cohort.findings, cohort.patient_statuses)["state"][0] in ("mutated", "not_assessable")


def test_a_change_of_another_gene_at_a_codon_of_ras_is_no_ras_mutation(make_study):
    """PALB2 E12*, RAD51B Q13fs, ATM F61fs and CDK12 E59fs made 4 of the 18 RAS mutants of prostate_msk_2024, PIK3CA I13T one
    of 169 in TCGA's COAD, and CDK12 S420fs a PIK3CA mutant: codon and change were compared, the gene was not."""
    changes = [
        ("16:23652445:C:A", "PALB2", "p.E12*", "nonsense"),
        ("3:178916651:T:C", "PIK3CA", "p.I13T", "missense"),
        ("17:37619000:C:CA", "CDK12", "p.S420fs", "frameshift"),
        ("17:41245700:A:T", "BRCA1", "p.V600E", "missense"),
    ]
    variants = [dict(zip(("variant_id", "gene", "hgvs_p", "consequence"), c, strict=True)) for c in changes]
    found = cohort_of(make_study, [{"sample_id": "T1", "variant_id": v["variant_id"]} for v in variants], variants)
    assert of(found, "RAS")["state"] == "negative"
    assert of(found, "PIK3CA")["state"] != "positive" and of(found, "BRAF V600E")["state"] != "positive"
    assert of(found, "HRR")["variants"] == "CDK12 S420fs, PALB2 E12*"


def test_a_codon_filtered_away_with_the_reads_of_a_call_is_no_wild_type(make_study):
    call = {"sample_id": "T1", "variant_id": G12D["GRCh37"], "is_called": False}
    variant = {"variant_id": G12D["GRCh37"], "gene": None}
    assert of(cohort_of(make_study, [call], [variant]), "RAS")["state"] == "not_assessable"
    faint = {**call, "alt_count": 1}
    assert of(cohort_of(make_study, [faint], [variant]), "RAS")["state"] == "negative"


def test_an_unread_variant_beside_the_codons_does_not_forbid_wild_type(make_study):
    """KRAS intron and codon 35: neither is a RAS codon."""
    for place in ("12:25398200:C:T", "12:25390000:C:T"):
        cohort = cohort_of(
            make_study, [{"sample_id": "T1", "variant_id": place}], [{"variant_id": place, "gene": "kras"}]
        )
        found = of(cohort, "RAS")
        assert (found["state"], found["basis"]) == ("negative", "measured")


def test_a_mutation_in_one_sample_makes_the_patient_positive_and_the_other_is_named(make_study):
    variant = {"variant_id": G12D["GRCh37"], "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}
    cohort = cohort_of(
        make_study,
        [
            {"sample_id": "T1", "variant_id": variant["variant_id"]},
            {"sample_id": "M1", "variant_id": variant["variant_id"], "alt_count": 0},
        ],
        [variant],
    )
    found = of(cohort, "RAS")
    assert (found["state"], found["variants"]) == ("positive", "KRAS G12D")
    assert found["others"] == "M1 (day 90): negative, measured"


def test_a_later_plasma_that_cannot_tell_does_not_hide_the_measured_tissue(make_study):
    """Nine patients of the demo were "not assessable" by plasma beside a tissue measured wild type that no page
    showed."""
    plasma = [
        {
            "sample_id": "B1",
            "patient_id": "P1",
            "material": "plasma",
            "tumor_fraction": 0.04,
            "day": 200,
            "mean_depth": 300,
        }
    ]
    cohort = cohort_of(make_study, [], [], samples=plasma)
    found = of(cohort, "RAS")
    assert found["sample_id"] == "B1"
    assert "T1 (day 0): negative, measured" in found["others"]


def test_dry_plasma_is_a_negative_result_only_where_the_assay_looked_and_saw_nothing(make_study):
    """MSI nobody measured, and a KRAS call nobody understood, were "negative" in the set of all patients because the
    plasma held no tumour DNA."""
    plasma = {"sample_id": "B1", "patient_id": "P1", "material": "plasma", "day": 1, "assay_id": "ct"}
    covered = [
        {"sample_id": "B1", "gene": g, "codon": c, "min_depth": 3000}
        for g in ("KRAS", "NRAS", "BRAF")
        for c in (*RAS, 600)
    ]
    trunk = {"variant_id": "17:7675088:C:T", "gene": "TP53", "hgvs_p": "p.R175H", "consequence": "missense"}
    unread = {"variant_id": G12D["GRCh38"], "gene": None}
    calls = [
        {"sample_id": "T1", "variant_id": trunk["variant_id"], "alt_count": 100, "depth": 400},
        {"sample_id": "B1", "variant_id": trunk["variant_id"], "alt_count": 0, "depth": 3000},
    ]
    assays = [{"assay_id": "ct", "min_vaf": 0.002, "error_rate": 1e-5, "has_umi": True}]

    def states(extra_calls=(), extra_variants=()):
        cohort = Cohort(
            make_study(
                {"design": "crc", "genome_build": "GRCh38"},
                patients=[{"patient_id": "P1", "disease": "colon cancer"}],
                samples=[
                    {"sample_id": "T1", "patient_id": "P1", "material": "tissue", "purity": 0.5, "day": 0},
                    plasma,
                ],
                calls=[*calls, *extra_calls],
                variants=[trunk, *extra_variants],
                coverage=covered,
                assays=assays,
                markers=[{"patient_id": "P1", "sample_id": "T1", "marker": "MSI", "value": "MSS"}],
            )
        )
        assert cohort.plasma_states["has_tumour"].to_list() == [False]
        rows = cohort.statuses.filter(pl.col("sample_id") == "B1")
        return {r["status"]: (r["state"], r["is_silent"]) for r in rows.iter_rows(named=True)}

    found = states()
    assert found["RAS"] == ("not_assessable", True)
    assert found["MSI-H"] == ("not_assessable", False)
    call = {"sample_id": "B1", "variant_id": unread["variant_id"], "alt_count": 8, "depth": 3000, "is_called": False}
    assert states([call], [unread])["RAS"] == ("not_assessable", False)


def test_a_record_is_a_second_witness(make_study):
    wild = {"marker": "RAS", "value": "wt", "day": 10}
    mutant = {"marker": "KRAS", "value": "mutant", "day": 10}
    denied = cohort_of(make_study, [], [], markers=[mutant])
    assert of(denied, "RAS")["state"] == "not_assessable"
    assert evaluate(parse(WILD), denied.findings.patients["P1"]).truth != YES
    assert of(cohort_of(make_study, [], [], markers=[wild]), "RAS")["state"] == "negative"
    variant = {"variant_id": G12D["GRCh37"], "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}
    found = of(
        cohort_of(make_study, [{"sample_id": "T1", "variant_id": variant["variant_id"]}], [variant], markers=[wild]),
        "RAS",
    )
    assert found["state"] == "positive" and "record (day 10): recorded negative" in found["others"]


HRR_CASES = [
    (
        "11:108100000:C:T",
        "ATM",
        "p.R337C",
        "missense",
        "negative",
    ),  # unknown significance: 76 of 80 were "carriers" by such
    ("11:108100001:C:T", "ATM", "p.R337*", "nonsense", "positive"),
    ("13:32914437:T:-", "BRCA2", "p.S1982Rfs*22", "frameshift", "positive"),
    ("13:32972626:A:T", "BRCA2", "p.K3326*", "nonsense", "negative"),  # listed as harmless
]


@pytest.mark.parametrize(("place", "gene", "change", "effect", "state"), HRR_CASES)
def test_hrr_is_loss_of_function(make_study, place, gene, change, effect, state):
    normal = [{"sample_id": "N1", "patient_id": "P1", "material": "normal"}]
    variant = {"variant_id": place, "gene": gene, "hgvs_p": change, "consequence": effect}
    call = {"sample_id": "T1", "variant_id": place}
    cohort = cohort_of(make_study, [call], [variant], samples=normal, config={"report_germline": True})
    found = of(cohort, "HRR")
    assert found["state"] == state
    assert state == "positive" or found["basis"] == "assumed"


# a tumour alone answers no question that a germline loss answers as well (FDA labels of olaparib: g/sBRCA)
GERMLINE_QUESTIONS = [
    ({}, False, "not_assessable"),
    ({"report_germline": True}, False, "not_assessable"),  # no normal was sequenced
    ({}, True, "not_assessable"),
    ({"report_germline": True}, True, "negative"),
]


@pytest.mark.parametrize(("config", "has_normal", "state"), GERMLINE_QUESTIONS)
@pytest.mark.parametrize(("status", "question"), [("HRR", "loss(BRCA2)"), ("BRCA", "loss(BRCA2)")])
def test_no_loss_is_negative_where_a_germline_loss_would_count_and_is_not_told(
    make_study, config, has_normal, state, status, question
):
    """The table said "negative, assumed; germline not reported", therapy that it cannot be judged."""
    silent = {"variant_id": "2:179400000:C:T", "gene": "TTN", "consequence": "synonymous"}
    normal = [{"sample_id": "N1", "patient_id": "P1", "material": "normal"}] if has_normal else []
    call = {"sample_id": "T1", "variant_id": silent["variant_id"]}
    cohort = cohort_of(make_study, [call], [silent], samples=normal, config=config)
    found = of(cohort, status)
    assert found["state"] == state
    assert (state == "negative") == ("germline not reported" not in found["reason"])
    facts = cohort.findings.patients["P1"]
    hidden = any("germline not reported" in text for text in evaluate(parse(question), facts).missing)
    assert hidden == (state == "not_assessable")


def test_a_loss_that_no_germline_rule_knows_keeps_its_negative(make_study):
    """PTEN: no rule withholds "not altered" for the germline's sake."""
    silent = {"variant_id": "2:179400000:C:T", "gene": "TTN", "consequence": "synonymous"}
    config = {"statuses": {"PTEN": ["PTEN loss"]}}
    call = {"sample_id": "T1", "variant_id": silent["variant_id"]}
    found = of(cohort_of(make_study, [call], [silent], config=config), "PTEN")
    assert (found["state"], found["basis"]) == ("negative", "assumed")


def test_a_germline_loss_counts_where_it_is_reported_and_leaves_no_trace_where_it_is_not(make_study):
    variant = {
        "variant_id": "13:32914437:T:-",
        "gene": "BRCA2",
        "hgvs_p": "p.S1982Rfs*22",
        "consequence": "frameshift",
    }
    call = {"sample_id": "T1", "variant_id": variant["variant_id"], "origin": "germline"}
    told = of(cohort_of(make_study, [call], [variant], config={"report_germline": True}), "HRR")
    hidden = of(cohort_of(make_study, [call], [variant]), "HRR")
    silent = {"variant_id": "2:179400000:C:T", "gene": "TTN", "consequence": "synonymous"}
    none = of(cohort_of(make_study, [call | {"variant_id": silent["variant_id"], "origin": None}], [silent]), "HRR")
    assert told["state"] == "positive"
    assert hidden == none and hidden["state"] == "not_assessable" and "germline not reported" in hidden["reason"]


def test_an_unknown_purity_is_assumed_never_one_half(make_study):
    """One of two power calculations took 0.5 for a purity nobody knew."""
    sample = {"sample_id": "X1", "patient_id": "P2", "material": "tissue", "day": 0}
    cohort = Cohort(
        make_study(
            {"genome_build": "GRCh37"},
            patients=[{"patient_id": "P2"}],
            samples=[sample],
            coverage=[
                {"sample_id": "X1", "gene": g, "codon": c, "min_depth": 400} for g in ("KRAS", "NRAS") for c in RAS
            ],
            calls=[{"sample_id": "X1", "variant_id": "17:7577538:C:T", "alt_count": 40, "depth": 100}],
            variants=[
                {
                    "variant_id": "17:7577538:C:T",
                    "gene": "TP53",
                    "hgvs_p": "p.R248Q",
                    "consequence": "missense",
                }
            ],
        )
    )
    found = of(cohort, "RAS")
    assert (found["state"], found["basis"]) == ("negative", "assumed") and "purity not known" in found["reason"]


def test_a_patient_without_data_is_not_assessable_and_adds_no_negative(make_study):
    cohort = Cohort(
        make_study(
            patients=[{"patient_id": "P1"}, {"patient_id": "P2"}],
            samples=[{"sample_id": "T1", "patient_id": "P1", "material": "tissue"}],
            calls=[{"sample_id": "T1", "variant_id": "17:7577538:C:T"}],
            variants=[{"variant_id": "17:7577538:C:T", "gene": "TP53"}],
        )
    )
    empty = cohort.patient_statuses.filter(pl.col("patient_id") == "P2")
    assert empty.height and set(empty["state"]) == {"not_assessable"} and set(empty["reason"]) == {"no tumour sample"}


def test_every_status_has_a_name_of_its_own():
    names = [status.name for status in STATUSES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"origin": "germline"}, "called there and said to be germline or of blood"),
        ({"is_called": False, "filter": "clustered_events"}, "which its filter or caller sets aside"),
        ({"alt_count": 30, "depth": 3000}, "too few reads for a call there, and more than the assay's errors explain"),
    ],
)
def test_the_reason_says_what_stands_at_the_codon(make_study, call, words):
    """A KRAS G12D that is understood, but set aside by its filter or said to be germline, was 'not understood'."""
    variant = {"variant_id": G12D["GRCh37"], "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense_variant"}
    row = of(cohort_of(make_study, [{"sample_id": "T1", "variant_id": G12D["GRCh37"], **call}], [variant]), "RAS")
    sample = cohort_of(make_study, [{"sample_id": "T1", "variant_id": G12D["GRCh37"], **call}], [variant]).statuses
    reason = sample.filter((pl.col("status") == "RAS") & (pl.col("sample_id") == "T1"))["reason"].item()
    assert row["state"] != "positive"
    assert words in reason and "not understood" not in reason


def test_reads_that_no_error_explains_forbid_wild_type_though_they_make_no_call(make_study):
    """30 of 3,000 reads of G12D (a panel that calls from 2 % on) left RAS wild type: assumed, or by an older record."""
    variant = {"variant_id": G12D["GRCh37"], "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense_variant"}
    place = {"sample_id": "M1", "variant_id": G12D["GRCh37"]}
    old = [{"marker": m, "value": "wild type", "day": -5} for m in ("KRAS", "NRAS")]
    for alt, depth, state in ((30, 3000, "not_assessable"), (8, 500, "not_assessable"), (3, 1500, "negative")):
        cohort = cohort_of(make_study, [{**place, "alt_count": alt, "depth": depth}], [variant], markers=old)
        found = of(cohort, "RAS")
        assert found["state"] == state, (alt, depth)
        assert state == "negative" or "KRAS codon 12" in found["reason"]
        assert (evaluate(parse(WILD), cohort.findings.patients["P1"]).truth == YES) == (state == "negative")


def test_others_names_each_row_that_says_something_else_and_no_silent_one():
    """A record of a part of the status (KRAS of RAS) is told beside a positive only; who cannot tell is silent."""

    def row(sample, state, basis=None, *, day=None, variants=None, doubtful=False):
        names = ("sample_id", "state", "basis", "day", "variants", "is_doubtful")
        return dict(zip(names, (sample, state, basis, day, variants, doubtful), strict=True))

    mutant, wild = row("T1", "positive"), row("T1", "negative", "measured")
    part = row(None, "not_assessable", day=7, variants="KRAS wild type")
    assert _others([mutant, part], mutant) == "record (day 7): KRAS wild type"
    assert _others([wild, part], wild) is None and _others([wild, part], part) == "T1: negative, measured"
    assert _others([mutant, part | {"variants": None}], mutant) is None
    assert _others([mutant, part | {"sample_id": "B1"}], mutant) is None
    assert _others([mutant, part | {"day": None}], mutant) == "record: KRAS wild type"
    assert _others([wild, row("B1", "not_assessable", doubtful=True)], wild) == "B1: not assessable"
    assert _others([wild, row("B1", "not_assessable"), row("T2", "negative", "measured")], wild) is None
    assert _others([wild, row("B1", "negative", "assumed", day=0)], wild) == "B1 (day 0): negative, assumed"


@pytest.mark.parametrize(
    ("gene", "change", "counts"),
    [
        ("KRAS", "G12D", True),
        ("NRAS", "Q61K", True),  # of the second gene of the status
        ("KRAS", "K5N", False),  # at none of its codons
        ("BRAF", "V600E", False),
    ],
)
def test_a_recorded_change_counts_where_any_gene_of_the_status_has_its_codon(gene, change, counts):
    ras = next(s for s in STATUSES if s.name == "RAS")
    assert len(ras.sites) > 1
    assert _counts(GeneRecord("P1", None, 1, (gene,), change, "positive", False, f"{gene} {change}"), ras) is counts
