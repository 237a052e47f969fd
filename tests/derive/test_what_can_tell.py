"""A sample that saw nothing of the tumour forbids nothing and claims nothing; what no list decides on is said."""

from __future__ import annotations

import polars as pl

from oncourse.cohort import Cohort

#: GRCh37; BRCA2 S1982fs (one base lost) and a loss of two bases four codons on, which restores the frame.
VARIANTS = [
    {"variant_id": "2:25457242:C:T", "gene": "DNMT3A", "hgvs_p": "p.R882H", "consequence": "missense_variant"},
    {"variant_id": "17:7578406:C:T", "gene": "TP53", "hgvs_p": "p.R175H", "consequence": "missense_variant"},
    {"variant_id": "11:108206594:C:T", "gene": "ATM", "hgvs_p": "p.P2699S", "consequence": "missense_variant"},
    {"variant_id": "13:32914438:T:-", "gene": "BRCA2", "hgvs_p": "p.S1982fs", "consequence": "frameshift_variant"},
    {"variant_id": "13:32914450:AC:-", "gene": "BRCA2", "hgvs_p": "p.N1986fs", "consequence": "frameshift_variant"},
]
TISSUE = {"sample_id": "T", "patient_id": "P", "material": "tissue", "day": 0, "purity": 0.6}
PLASMA = {"sample_id": "B", "patient_id": "P", "material": "plasma", "day": 300}


def cohort_of(make_study, design, samples, calls, germline=False, stage="IV", **tables) -> Cohort:
    called = [{"sample_id": s, "variant_id": v, "alt_count": a, "depth": d} for s, v, a, d in calls]
    return Cohort(
        make_study(
            {"design": design, "genome_build": "GRCh37", "report_germline": germline},
            patients=[{"patient_id": "P", "stage": stage}],
            samples=samples,
            calls=called,
            variants=VARIANTS,
            **tables,
        )
    )


def match(cohort, rule):
    return next(m for m in cohort.therapy.matches["P"] if m.rule.rule_id == rule)


def test_plasma_without_tumour_dna_is_no_absence_for_any_rule(make_study):
    """Only a blood clone was found: RAS was "not assessable" beside "KRAS G12C: none found (coverage assumed)"."""
    cohort = cohort_of(make_study, "crc", [PLASMA], [("B", "2:25457242:C:T", 120, 3000)])
    ras = cohort.patient_statuses.filter(pl.col("status") == "RAS").row(0, named=True)
    assert (ras["state"], ras["reason"]) == ("not_assessable", "no tumour DNA shown in plasma")
    for rule in ("CRC-03", "CRC-06", "CRC-09"):
        assert match(cohort, rule).status == "not_assessable"
    assert match(cohort, "CRC-02").missing == ("no tumour DNA shown in plasma",)


def test_a_sample_that_was_never_taken_is_not_called_uncovered(make_study):
    cohort = cohort_of(make_study, "crc", [TISSUE], [("T", "17:7578406:C:T", 60, 150)])
    assert "no plasma sample" in match(cohort, "CRC-05").missing
    assert not any("not covered" in text for text in match(cohort, "CRC-05").missing)


def test_a_change_that_no_list_decides_on_stands_beside_the_negative(make_study):
    """ATM P2699S is no loss; HRR said "negative" without a word of it. (Without germline it is no negative at all.)"""
    for told, state in ((True, "negative"), (False, "not_assessable")):
        normal = {"sample_id": "N", "patient_id": "P", "material": "normal"}
        cohort = cohort_of(make_study, "mcrpc", [TISSUE, normal], [("T", "11:108206594:C:T", 60, 150)], germline=told)
        hrr = cohort.patient_statuses.filter(pl.col("status") == "HRR").row(0, named=True)
        assert hrr["state"] == state and hrr["reason"].startswith("ATM P2699S: not classified")


def test_a_restored_frame_is_the_tumours_and_no_blood_clone(make_study):
    """BRCA2 is a gene of blood clones too: the reversion in plasma was "possible clonal haematopoiesis, not used"."""
    calls = [
        ("T", "13:32914438:T:-", 60, 150),
        ("B", "13:32914438:T:-", 400, 3000),
        ("B", "13:32914450:AC:-", 60, 3000),
    ]
    cohort = cohort_of(make_study, "mcrpc", [TISSUE, PLASMA | {"tumor_fraction": 0.3}], calls)
    assert match(cohort, "PC-11").status == "matched"
    assert match(cohort, "PC-27").status == match(cohort, "PC-01").status == "not_matched"
    assert not [v.name for v in cohort.findings.patients["P"].variants if v.is_from_blood]


def test_positive_blood_speaks_for_ctdna_and_after_surgery_only_in_its_window(make_study):
    """GALAXY: the window begins two weeks after surgery; blood of day 300 tells no residual disease."""
    calls = [("T", "17:7578406:C:T", 60, 150), ("B", "17:7578406:C:T", 200, 3000)]
    resected = {"patient_id": "P", "day": 0, "kind": "primary_resection"}
    seen = {"patient_id": "P", "last_contact_day": 900, "is_dead": False}
    # of stage IV the primary alone may have been taken out: whether surgery was curative is not known
    for day, stage, status in ((300, "III", "not_assessable"), (30, "III", "matched"), (30, "IV", "not_assessable")):
        cohort = cohort_of(
            make_study,
            "crc",
            [TISSUE, PLASMA | {"day": day}],
            calls,
            stage=stage,
            procedures=[resected],
            follow_up=[seen],
        )
        assert cohort.findings.patients["P"].markers["CTDNA"] == "positive"
        assert match(cohort, "CRC-33").status == status
    unsaid = cohort_of(make_study, "crc", [TISSUE, PLASMA | {"day": 30}], calls, follow_up=[seen])
    assert match(unsaid, "CRC-33").missing == ("ctDNA after surgery not assessed",)


def test_a_change_untold_of_another_gene_says_nothing_of_ras(make_study):
    """PIK3CA and TP53 without a protein change made RAS "not assessable"; KRAS without one does."""
    told = {}
    for gene in ("PIK3CA", "TP53", "KRAS"):
        cohort = Cohort(
            make_study(
                {"design": "crc", "genome_build": "GRCh38"},
                patients=[{"patient_id": "P", "stage": "IV"}],
                samples=[TISSUE],
                variants=[{"variant_id": "1:1000:C:T", "gene": gene, "consequence": "missense_variant"}],
                calls=[{"sample_id": "T", "variant_id": "1:1000:C:T", "alt_count": 60, "depth": 150}],
            )
        )
        ras = cohort.patient_statuses.filter(pl.col("status") == "RAS").row(0, named=True)
        told[gene] = ras["state"]
    assert told == {"PIK3CA": "negative", "TP53": "negative", "KRAS": "not_assessable"}
