"""The therapy analysis: shares and intervals by hand, contract of the tables, RAS states, regression on real
studies."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses._asked_statuses import asked_statuses
from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.io import load_study
from oncourse.stats.proportions import clopper_pearson

V600E = {"variant_id": "7:140753336:A:T", "gene": "BRAF", "hgvs_p": "p.V600E", "consequence": "missense"}
G12D = {"variant_id": "12:25245350:C:T", "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}
G12C = {"variant_id": "12:25245351:C:A", "gene": "KRAS", "hgvs_p": "p.G12C", "consequence": "missense"}
VUS = {"variant_id": "7:140753300:A:G", "gene": "BRAF", "hgvs_p": "p.L613P", "consequence": "missense"}
CODONS = [(gene, codon) for gene in ("KRAS", "NRAS") for codon in (12, 13, 59, 61, 117, 146)]

#: patient -> (disease, calls of its metastasis, coverage of the RAS codons; None = not recorded)
PLAN = {
    "P1": ("colorectal cancer", [V600E], 400),
    "P2": ("colorectal cancer", [G12D], None),
    "P3": ("colorectal cancer", [G12C], None),
    "P4": ("colorectal cancer", [], 400),
    "P5": ("colorectal cancer", [VUS], None),
    "P6": ("colorectal cancer", [], 20),
    "P7": ("melanoma", [V600E], None),
    "P8": (None, [V600E], None),
}


@pytest.fixture(scope="module")
def cohort():
    patients, samples, lesions, calls, coverage = [], [], [], [], []
    for patient, (disease, found, depth) in PLAN.items():
        patients.append({"patient_id": patient, "disease": disease, "primary_site": None})
        lesions.append({"lesion_id": f"{patient}-L", "patient_id": patient, "role": "metastasis"})
        samples.append(
            {
                "sample_id": f"{patient}-M",
                "patient_id": patient,
                "material": "tissue",
                "day": 0,
                "purity": 0.5,
                "lesion_id": f"{patient}-L",
            }
        )
        calls += [
            {
                "sample_id": f"{patient}-M",
                "variant_id": v["variant_id"],
                "alt_count": 50,
                "depth": 200,
                "origin": "somatic",
            }
            for v in found
        ]
        if depth is not None:
            coverage += [
                {
                    "sample_id": f"{patient}-M",
                    "gene": g,
                    "codon": c,
                    "chrom": "12" if g == "KRAS" else "1",
                    "start": None,
                    "end": None,
                    "min_depth": depth,
                }
                for g, c in CODONS
            ]
    return Cohort(
        study(
            {"title": "t", "genome_build": "GRCh38"},
            patients=patients,
            samples=samples,
            lesions=lesions,
            calls=calls,
            coverage=coverage,
            variants=[V600E, G12D, G12C, VUS],
        )
    )


@pytest.fixture(scope="module")
def result(cohort):
    return registry()["therapy"].run(cohort)


def test_shares_by_hand(cohort, result):
    """Level I-A or I-B: BRAF V600E (P1), RAS mutated (P2, P3) and RAS wild type (P4) of 6; the VUS and the unmeasured
    patient have none."""
    found = {e.name: e for e in result.estimates}
    share = found["level_1_colorectal"]
    matched = {
        p
        for p, ms in cohort.therapy.matches.items()
        if any(m.status == "matched" and m.level in ("I-A", "I-B") for m in ms)
    }
    assert {"P1", "P2", "P3"} <= matched and not matched & {"P5", "P7", "P8"}
    low, high = clopper_pearson(round(share.value * 6), 6)
    assert (share.n, found["n_colorectal"].value) == (6, 6)
    assert (share.ci_low, share.ci_high) == pytest.approx((float(low), float(high)))
    levels = result.tables["therapy/levels"].filter(pl.col("tumour") == "colorectal")
    assert levels.group_by("kind").agg(pl.col("n").sum())["n"].to_list() == [6, 6]
    best = levels.filter((pl.col("kind") == "any therapy") & pl.col("level").is_in(["I-A", "I-B"]))
    assert best["n"].sum() == round(share.value * 6)


def test_ras_states_by_hand(result):
    """P1 and P4: every codon at 400 reads and purity .5: wild type; P6: 20 reads: not assessable, codons named; P5:
    depth not recorded -> assumed, counted apart."""
    ras = {r["patient_id"]: r for r in result.tables["therapy/ras"].iter_rows(named=True)}
    assert {p: r["state"] for p, r in ras.items()} == {
        "P1": "wild_type",
        "P2": "mutated",
        "P3": "mutated",
        "P4": "wild_type",
        "P5": "assumed_wild_type",
        "P6": "not_assessable",
    }
    assert "KRAS codon" in ras["P6"]["failing"] and "too few reads" in ras["P6"]["failing"]
    found = {e.name: e.value for e in result.estimates}
    assert (found["ras_mutated"], found["ras_wild_type"]) == pytest.approx((2 / 6, 2 / 6))
    assert (found["ras_assumed_wild_type"], found["ras_not_assessable"]) == pytest.approx((1 / 6, 1 / 6))
    wild = result.tables["therapy/matches"].filter(pl.col("rests_on").str.contains("wild type"))
    assert not set(wild["patient_id"]) & {"P5", "P6"}


def test_other_tumours_are_excluded_with_the_reason_and_match_nothing(result):
    left = result.excluded.filter(pl.col("reason").str.contains("tumour is none of"))
    assert sorted(left["patient_id"]) == ["P7", "P8"]
    benefit = result.tables["therapy/matches"].filter(pl.col("status") == "matched")
    assert "P8" not in set(benefit["patient_id"])


def test_a_vus_is_nearly_matched_and_dabrafenib_trametinib_is_not_for_colorectal(result):
    near = result.tables["therapy/nearly"]
    assert near.filter(pl.col("patient_id") == "P5")["what"].str.contains("BRAF L613P").any()
    out = result.tables["therapy/matches"].filter(pl.col("status") == "excluded")
    assert out.filter(pl.col("patient_id") == "P1")["therapy"].str.contains("dabrafenib").any()


def test_tables_keep_their_contract_and_the_answer_its_numbers(result):
    entry = registry()["therapy"]
    for table in entry.tables:
        assert result.tables[table.name].columns == [c.name for c in table.columns]
    rules = result.tables["therapy/rules"]
    parts = rules["n_matched"] + rules["n_not_matched"] + rules["n_not_assessable"] + rules["n_excluded"]
    assert (parts == rules["n_patients"]).all()
    assert set(re.findall(r"\{(\w+)\}", result.answer)) <= {e.name for e in result.estimates}


#: By hand from the MAF: 86 and 295 patients with RAS, BRAF V600E, PIK3CA, PIK3R1 or PTEN; 1 and 5 more by TMB >= 10 alone
#: (456 mutations that change a protein in TCGA-AG-3906). Two people of COAD are A01R and A01T: no tumour and its normal.
#: 55, not 57, by exact join in READ: TCGA-AG-4008 and TCGA-G5-6233 have 12:25398284 C>A and 12:25398285 C>A in the same
#: reads (14 of 66 both, 42 of 107 both): codon 12 GGT>TTT, one G12F, of which no level A/B statement speaks by name; as
#: two rows they read G12V and G12C.
#: study, disease, share with a level I-A/I-B biomarker, the same beside CIViC A/B by this matcher, and by exact join
REAL = [
    (("tcga_crc_prad_maf", "mc3_READ.maf.gz"), "rectal adenocarcinoma", (149, 87), 93, 55),
    (("tcga_crc_prad_maf", "mc3_PRAD.maf.gz"), "prostate adenocarcinoma", (497, 38), 18, 0),
    (("tcga_crc_prad_maf", "fh_COAD.maf.gz"), "colon adenocarcinoma", (367, 300), 305, 181),
    # 773, not 774: P-0038568 joins NTRK1 (5') to SEMA4A out of frame, which makes no kinase fusion
    (("prostate_msk_2024",), None, (2257, 773), 606, 0),
]


@pytest.fixture(scope="session")
def civic(shared_data, tmp_path_factory):
    from oncourse.knowledge.civic import read_civic
    from oncourse.knowledge.evidence import write_evidence

    out = tmp_path_factory.mktemp("civic") / "evidence.tsv"
    items = read_civic(shared_data("kb-civic", "civic_2026-04-25_evidence.tsv"))
    write_evidence(items, out, comment="CIViC; 2026-04-25; CC0")
    return out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "disease", "share", "civic_all", "civic_exact"), REAL, ids=["READ", "PRAD", "COAD", "MSK"]
)
def test_real_studies(shared_data, civic, path, disease, share, civic_all, civic_exact):
    """Frozen counts: patients with a level I-A/I-B biomarker, and CIViC A/B statements by matcher and by exact join."""
    loaded = load_study(shared_data(*path))
    if disease:
        loaded = replace(loaded, config=replace(loaded.config, disease=disease))
    found = registry()["therapy"].run(Cohort(loaded, {"knowledge": {"evidence": str(civic)}}))
    estimates = {e.name: e for e in found.estimates}
    tumour = "prostate" if disease is None or "prostate" in disease else "colorectal"
    ours = estimates[f"level_1_{tumour}"]
    assert (ours.n, round(ours.value * ours.n)) == share
    assert ours.ci_low < ours.value < ours.ci_high
    n = share[0]
    assert round(estimates[f"evidence_{tumour}"].value * n) == civic_all
    assert round(estimates[f"evidence_exact_{tumour}"].value * n) == civic_exact


@pytest.mark.slow
@pytest.mark.parametrize(
    ("maf", "disease", "n", "hits"),
    [
        ("mc3_READ.maf.gz", ("Colorectal Cancer", "Rectum Adenocarcinoma", "Colorectal Adenocarcinoma"), 150, 58),
        (
            "mc3_PRAD.maf.gz",
            ("Prostate Cancer", "Castration-resistant Prostate Carcinoma", "Prostate Adenocarcinoma"),
            498,
            0,
        ),
    ],
)
def test_exact_join_by_hand(shared_data, maf, disease, n, hits):
    """58 of 150 READ and 0 of 498 PRAD samples: gene and protein change equal to a level A/B predictive profile, joined
    with polars alone; what the matcher adds is the difference."""
    rows = pl.read_csv(shared_data("tcga_crc_prad_maf", maf), separator="\t", infer_schema_length=0, comment_prefix="#")
    evidence = pl.read_csv(
        shared_data("kb-civic", "civic_2026-04-25_evidence.tsv"), separator="\t", infer_schema_length=0, quote_char=None
    )
    strong = evidence.filter(pl.col("evidence_level").is_in(["A", "B"]) & (pl.col("evidence_type") == "Predictive"))
    strong = strong.filter(pl.col("disease").is_in(disease))
    named = rows.with_columns(profile=pl.col("Hugo_Symbol") + " " + pl.col("HGVSp_Short").str.strip_prefix("p."))
    assert rows["Tumor_Sample_Barcode"].n_unique() == n
    joined = named.join(strong.select(profile="molecular_profile").unique(), on="profile", how="semi")
    assert joined["Tumor_Sample_Barcode"].n_unique() == hits


def test_a_study_of_markers_alone_is_matched_too(make_study):
    """A hospital that has its laboratory's RAS and BRAF and no sequencing was told "needs the table calls"."""
    study = make_study(
        patients=[
            {"patient_id": p, "disease": "colorectal cancer", "stage": "IV", "primary_site": "sigmoid colon"}
            for p in ("A", "B")
        ],
        samples=[{"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "day": 0} for p in ("A", "B")],
        markers=[
            {"patient_id": "A", "marker": "RAS", "value": "mutated", "day": 0},
            {"patient_id": "B", "marker": "BRAF V600E", "value": "positive", "day": 0},
        ],
        calls=[],
        variants=[],
        config={"design": "crc"},
    )
    entry, cohort = registry()["therapy"], Cohort(study)
    assert not entry.missing(cohort)
    rows = entry.run(cohort).table("matches").filter(status="matched")
    found = set(rows.select("patient_id", "rule_id").iter_rows())
    assert {("A", "CRC-03"), ("B", "CRC-07"), ("B", "CRC-08")} <= found
    assert not {rule for p, rule in found if p == "A"} & {"CRC-01", "CRC-02", "CRC-07"}
    # nobody looked at anything else: no status is negative, assumed or not
    told = cohort.patient_statuses.filter(~pl.col("status").is_in(["RAS", "BRAF V600E"]))
    assert set(told["state"]) == {"not_assessable"}


def test_statuses_asked_for_first_are_counted_over_the_patients_with_the_tumour():
    """BRAF V600E of five with colorectal cancer: positive, negative as measured, twice by assumption, not judged; an
    assumed positive is none assumed negative, and a patient of another tumour is not counted."""
    states = ["positive", "negative", "negative", "negative", "not_assessable", "positive"]
    basis = ["assumed", "measured", "assumed", "assumed", None, "measured"]
    found = pl.DataFrame({"patient_id": list("ABCDEX"), "status": "BRAF V600E", "state": states, "basis": basis})
    found = found.with_columns(reason=pl.lit(None, pl.String))
    (row,) = asked_statuses(found, {"colorectal": set("ABCDE")}, "crc")
    counts = [row[f"n_{name}"] for name in ("patients", "positive", "negative", "assumed", "not_assessable")]
    assert counts == [5, 1, 1, 2, 1] and row["fraction"] == 0.25
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.0063, 0.8059), abs=1e-4)  # R 4.2: binom.test(1, 4)


@pytest.mark.parametrize(
    ("disease", "told"),
    [
        (None, "Which tumour 1 patient had is not recorded, so that no therapy rule could be asked."),
        ("melanoma", "No patient has a tumour that a therapy rule is written for."),
    ],
)
def test_a_tumour_that_nobody_recorded_is_not_one_without_rules(disease, told):
    """Colorectal tumours of a file that names no disease: "No patient has a tumour that a rule is written for"."""
    tables = {
        "patients": [{"patient_id": "P", "disease": disease, "primary_site": None}],
        "samples": [{"sample_id": "S", "patient_id": "P", "material": "tissue", "day": 0}],
        "calls": [{"sample_id": "S", "variant_id": G12D["variant_id"], "alt_count": 9, "depth": 99}],
    }
    made = Cohort(study({"title": "t", "genome_build": "GRCh38"}, variants=[G12D], **tables))
    assert registry()["therapy"].run(made).headline.text.text("en") == told
