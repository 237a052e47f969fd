"""Altered, not altered, not assessed: hand-worked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oncourse.cohort import Cohort
from oncourse.derive.genes.joint_fusions import joint_fusions, with_joint_fusions

KRAS, TP53, SILENT = "12:25245350:C:T", "17:7675088:C:T", "17:7675089:C:T"


@pytest.fixture
def cohort(make_study):
    """Two panels: A looks at KRAS, TP53, ERBB2, CDKN2A; B at KRAS only."""
    study = make_study(
        patients=[{"patient_id": p} for p in ("P1", "P2", "P3")],
        samples=[
            {"sample_id": "S1", "patient_id": "P1", "material": "tissue", "assay_id": "A"},
            {"sample_id": "S2", "patient_id": "P1", "material": "plasma", "assay_id": "B"},
            {"sample_id": "S3", "patient_id": "P2", "material": "tissue", "assay_id": "A"},
            {"sample_id": "S4", "patient_id": "P3", "material": "tissue", "assay_id": "B"},
            {"sample_id": "N4", "patient_id": "P3", "material": "normal", "assay_id": "A"},
        ],
        assays=[
            {"assay_id": "A", "kind": "panel", "targets": "KRAS;TP53;ERBB2;CDKN2A"},
            {"assay_id": "B", "kind": "panel", "targets": "KRAS"},
        ],
        variants=[
            {"variant_id": KRAS, "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"},
            {"variant_id": TP53, "gene": "TP53", "hgvs_p": "p.R175H", "consequence": "Missense_Mutation"},
            {"variant_id": SILENT, "gene": "TP53", "hgvs_p": "p.R175=", "consequence": "Silent"},
        ],
        calls=[
            {
                "sample_id": "S1",
                "variant_id": KRAS,
                "alt_count": 30,
                "depth": 100,
                "is_called": None,
                "origin": None,
            },
            # 1 read of 100 is not called: min_alt_count is 3
            {
                "sample_id": "S3",
                "variant_id": KRAS,
                "alt_count": 1,
                "depth": 100,
                "is_called": None,
                "origin": None,
            },
            # 10 of 1000 reads are below min_vaf 0.02
            {
                "sample_id": "S4",
                "variant_id": KRAS,
                "alt_count": 10,
                "depth": 1000,
                "is_called": None,
                "origin": None,
            },
            {
                "sample_id": "S3",
                "variant_id": SILENT,
                "alt_count": 40,
                "depth": 100,
                "is_called": True,
                "origin": None,
            },
            {
                "sample_id": "S1",
                "variant_id": TP53,
                "alt_count": 50,
                "depth": 100,
                "is_called": True,
                "origin": "germline",
            },
        ],
        gene_copy_number=[
            {"sample_id": "S1", "gene": "ERBB2", "call": 2.0},
            {"sample_id": "S3", "gene": "CDKN2A", "call": -2.0},
            {"sample_id": "S3", "gene": "ERBB2", "call": -2.0},
            {"sample_id": "S1", "gene": "CDKN2A", "call": 2.0},
            {"sample_id": "S1", "gene": "TP53", "call": -1.5},
        ],
        fusions=[{"sample_id": "S4", "gene_5p": "TMPRSS2", "gene_3p": "ERG"}],
    )
    return Cohort(study)


def state(cohort, sample, gene):
    table = cohort.gene_status.dense([gene])
    return table.filter((table["sample_id"] == sample) & (table["gene"] == gene))["state"].item()


@pytest.mark.parametrize(
    ("sample", "gene", "expected"),
    [
        ("S1", "KRAS", "altered"),
        ("S3", "KRAS", "not_altered"),  # a single read is no call
        ("S4", "KRAS", "not_altered"),  # below the calling fraction
        ("S2", "KRAS", "not_altered"),
        ("S2", "TP53", "not_assessed"),  # off panel B: never wild type
        ("S1", "TP53", "not_altered"),  # germline, and -1.5 copies is no deep deletion
        ("S3", "TP53", "not_altered"),  # synonymous
        ("S1", "ERBB2", "altered"),  # amplified oncogene
        ("S3", "CDKN2A", "altered"),  # deleted suppressor
        ("S3", "ERBB2", "not_altered"),  # a deleted oncogene does not count
        ("S1", "CDKN2A", "not_altered"),  # an amplified suppressor does not count
        ("S4", "ERG", "altered"),  # fusion, though off the panel
        ("S1", "ERG", "not_assessed"),
    ],
)
def test_state_of_a_gene_in_a_sample(cohort, sample, gene, expected):
    assert state(cohort, sample, gene) == expected


def test_a_change_of_neither_place_nor_gene_may_be_of_any_gene(make_study):
    """RAS was not assessable there, and the landscape counted each gene as looked at and not altered."""
    study = make_study(
        patients=[{"patient_id": p} for p in ("P1", "P2")],
        samples=[{"sample_id": f"S{p}", "patient_id": f"P{p}", "material": "tissue"} for p in (1, 2)],
        variants=[
            {"variant_id": "unnamed:p.G12D", "gene": None, "hgvs_p": "p.G12D", "consequence": "missense"},
            {"variant_id": TP53, "gene": "TP53", "hgvs_p": "p.R175H", "consequence": "missense"},
            {"variant_id": KRAS, "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"},
        ],
        calls=[
            {"sample_id": s, "variant_id": v, "is_called": True}
            for s, v in (("S1", "unnamed:p.G12D"), ("S1", TP53), ("S2", KRAS))
        ],
    )
    status = Cohort(study).gene_status
    assert status.dense(["KRAS", "TP53"]).select("sample_id", "gene", "state").rows() == [
        ("S1", "KRAS", "not_assessed"),
        ("S1", "TP53", "altered"),
        ("S2", "KRAS", "altered"),
        ("S2", "TP53", "not_altered"),
    ]
    assert dict(status.panels.n_profiled(["KRAS", "TP53", "NRAS"]).iter_rows()) == {"KRAS": 1, "NRAS": 1, "TP53": 2}


def test_copy_number_any_counts_both_directions(cohort):
    other = Cohort(cohort.study, {"landscape": {"copy_number": "any"}})
    assert state(other, "S3", "ERBB2") == "altered" and state(other, "S1", "CDKN2A") == "altered"


def test_patient_is_altered_if_any_sample_is(cohort):
    table = cohort.gene_status.by_patient(["KRAS", "TP53"])
    assert dict(zip(zip(table["patient_id"], table["gene"], strict=True), table["state"], strict=True)) == {
        ("P1", "KRAS"): "altered",
        ("P1", "TP53"): "not_altered",
        ("P2", "KRAS"): "not_altered",
        ("P2", "TP53"): "not_altered",
        ("P3", "KRAS"): "not_altered",
        ("P3", "TP53"): "not_assessed",
    }


def test_denominators_are_patients_on_whose_panel_the_gene_is(cohort):
    counts = dict(cohort.panels.n_profiled(["KRAS", "TP53"]).iter_rows())
    assert counts == {"KRAS": 3, "TP53": 2}
    by_sample = dict(cohort.panels.n_profiled(["KRAS", "TP53"], "sample").iter_rows())
    assert by_sample == {"KRAS": 4, "TP53": 2}


def test_n_profiled_equals_the_plain_count(cohort):
    genes = ["KRAS", "TP53", "ERBB2", "CDKN2A", "NOPE"]
    plain = cohort.panels.profiled(genes).group_by("gene").agg(n=__import__("polars").col("patient_id").n_unique())
    fast = dict(cohort.panels.n_profiled(genes).iter_rows())
    assert {g: n for g, n in fast.items() if n} == dict(plain.iter_rows())


def test_sample_without_assay_is_assumed_to_look_at_every_gene(make_study):
    rows = {
        "patients": [{"patient_id": "P"}],
        "samples": [{"sample_id": s, "patient_id": "P", "material": "tissue"} for s in ("S", "T")],
    }
    called = {
        "calls": [{"sample_id": "T", "variant_id": "12:25245350:C:T"}],
        "variants": [{"variant_id": "12:25245350:C:T", "gene": "KRAS"}],
    }
    cohort = Cohort(make_study(**rows, **called))
    assert state(cohort, "S", "ANYGENE") == "not_altered"
    assert cohort.panels.samples["mutation"].to_list() == ["(assumed: all genes)"] * 2
    # nobody looked in a study without any call: what its laboratories recorded stands alone
    assert state(Cohort(make_study(**rows, calls=[])), "S", "ANYGENE") == "not_assessed"


def test_burden_from_the_coding_length_of_the_panel(cohort):
    burden = cohort.burden.filter(cohort.burden["sample_id"] == "S1")
    # KRAS 189, TP53 393, ERBB2 1255, CDKN2A 156 amino acids, and a stop codon each: 3 x 1997 bases
    assert burden["callable_mb"].item() == pytest.approx(3 * (189 + 393 + 1255 + 156 + 4) / 1e6)
    assert burden["callable_basis"].item() == "estimated"
    assert burden["n_nonsynonymous"].item() == 1
    assert burden["tmb_per_mb"].item() == pytest.approx(1 / burden["callable_mb"].item())
    # Garwood interval of one count: 0.0253 to 5.5716 (R: poisson.test(1)$conf.int)
    assert burden["ci_low"].item() * burden["callable_mb"].item() == pytest.approx(0.02531781, rel=1e-6)
    assert burden["ci_high"].item() * burden["callable_mb"].item() == pytest.approx(5.571643, rel=1e-6)


def test_a_mutation_of_unknown_effect_is_neither_altered_nor_wild_type(make_study):
    """KRAS found, nobody knows what: 0 of 3 altered was said; it is 0 of 2, by sample and by patient, and not
    assessed."""
    study = make_study(
        patients=[{"patient_id": p} for p in ("P1", "P2", "P3")],
        samples=[{"sample_id": f"S{i}", "patient_id": f"P{min(i, 3)}", "material": "tissue"} for i in (1, 2, 3, 4)],
        variants=[
            {"variant_id": "KRAS:line2", "gene": "KRAS"},
            {"variant_id": "KRAS:p.G12D", "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"},
        ],
        calls=[
            {"sample_id": s, "variant_id": v, "is_called": True}
            for s, v in (("S1", "KRAS:line2"), ("S3", "KRAS:line2"), ("S4", "KRAS:p.G12D"))
        ],
    )
    status = Cohort(study).gene_status
    assert status.panels.n_profiled({"KRAS"}, "patient")["n_profiled"].to_list() == [2]  # P3 is altered in S4
    assert status.panels.n_profiled({"KRAS"}, "sample")["n_profiled"].to_list() == [3]
    assert dict(status.by_patient({"KRAS"}).select("patient_id", "state").iter_rows()) == {
        "P1": "not_assessed",
        "P2": "not_altered",
        "P3": "altered",
    }


def test_one_fusion_of_two_genes_is_one_alteration(make_study):
    """TMPRSS2::ERG in S1 and (written the other way round) S2, ERG::NDRG1 in S3, TMPRSS2 mutated too in S1: the fusion
    is 2 of 4, ERG is left with S3, TMPRSS2 with S1. FGFR3::TACC3 in one sample only stays two genes."""
    samples = [f"S{i}" for i in (1, 2, 3, 4)]
    study = make_study(
        patients=[{"patient_id": f"P{s}"} for s in samples],
        samples=[{"sample_id": s, "patient_id": f"P{s}", "material": "tissue"} for s in samples],
        variants=[{"variant_id": "21:41470000:C:T", "gene": "TMPRSS2", "consequence": "missense"}],
        calls=[{"sample_id": "S1", "variant_id": "21:41470000:C:T", "is_called": True}],
        fusions=[
            {"sample_id": s, "gene_5p": a, "gene_3p": b}
            for s, a, b in (
                ("S1", "TMPRSS2", "ERG"),
                ("S2", "ERG", "TMPRSS2"),
                ("S1", "TMPRSS2", "ERG"),
                ("S3", "NDRG1", "ERG"),
                ("S4", "FGFR3", "TACC3"),
            )
        ],
    )
    status = Cohort(study).gene_status
    joint = joint_fusions(study["fusions"], status)
    assert joint.rows() == [("TMPRSS2::ERG", "TMPRSS2", "ERG", 2)]
    found = with_joint_fusions(status, study["fusions"], joint).altered.filter("is_altered")
    by_gene = {g: sorted(f["sample_id"]) for (g,), f in found.group_by("gene")}
    assert by_gene == {
        "TMPRSS2::ERG": ["S1", "S2"],
        "ERG": ["S3"],
        "TMPRSS2": ["S1"],
        "NDRG1": ["S3"],
        "FGFR3": ["S4"],
        "TACC3": ["S4"],
    }


def test_the_promoter_of_tert_counts_at_its_known_bases_alone(make_study):
    """C228T and C250T (Huang 2013, Horn 2013) alter TERT in either build; another base before the gene says nothing."""
    import polars as pl

    from oncourse.cohort import Cohort

    ids = ["5:1295228:G:A", "5:1295250:G:A", "5:1295300:G:A"]
    cohort = Cohort(
        make_study(
            {"genome_build": "GRCh37"},
            patients=[{"patient_id": f"P{i}"} for i in range(3)],
            samples=[{"sample_id": f"S{i}", "patient_id": f"P{i}", "material": "tissue"} for i in range(3)],
            variants=[{"variant_id": v, "gene": "TERT", "consequence": "upstream_gene_variant"} for v in ids],
            calls=[{"sample_id": f"S{i}", "variant_id": v, "alt_count": 40, "depth": 200} for i, v in enumerate(ids)],
        )
    )
    altered = cohort.gene_status.altered.filter(pl.col("is_altered"))
    assert altered.select("sample_id", "gene", "effect").rows() == [
        ("S0", "TERT", "upstream"),
        ("S1", "TERT", "upstream"),
    ]


def test_the_status_of_all_samples_is_the_status_itself_and_of_some_its_own(cohort):
    """What is kept of one status is not handed to another made from it."""
    status = cohort.gene_status
    everyone = status.panels.samples["sample_id"]
    assert status.of_samples(everyone) is status
    before = status.altered_on_panel("sample_id")
    some = status.of_samples(["S4"])
    assert set(some.altered_on_panel("sample_id")["sample_id"]) <= {"S4"}
    assert before.height > some.altered_on_panel("sample_id").height
    none = replace(status, altered=status.altered.clear())
    assert none.altered_on_panel("sample_id").is_empty()
