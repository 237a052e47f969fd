"""RAS wild type is claimed only where every codon was measured with power; the failing codon is named."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import betabinom

from oncourse.cohort import Cohort
from oncourse.derive.care.therapy_matches import ras_table
from oncourse.derive.concordance.callability import RAS_CODONS, detection_power
from oncourse.study.config import config_from_mapping
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


def study(samples, *, coverage=(), calls=(), variants=(), targets="KRAS;NRAS;BRAF;TP53;ATM;CHEK2", **more):
    """A colorectal study of hand-made tables; samples are dicts, calls (sample, variant, alt, depth) tuples."""

    def table(name, rows):
        return TABLES[name].conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else TABLES[name].empty()

    def named(columns, rows):
        return [dict(zip(columns, row, strict=True)) for row in rows]

    patients = sorted({s["patient_id"] for s in samples})
    tables = {
        "patients": table(
            "patients", [{"patient_id": p, "disease": "colon cancer", "primary_site": "sigmoid"} for p in patients]
        ),
        "samples": table("samples", [{"material": "tissue", "assay_id": "P", **s} for s in samples]),
        "assays": table("assays", [{"assay_id": "P", "kind": "panel", "targets": targets}]),
        "calls": table("calls", named(("sample_id", "variant_id", "alt_count", "depth"), calls)),
        "variants": table("variants", named(("variant_id", "gene", "hgvs_p", "consequence"), variants)),
        "coverage": table("coverage", list(coverage)),
        **{name: table(name, rows) for name, rows in more.items()},
    }
    return Study(config_from_mapping({"design": "crc", "genome_build": "GRCh37"}), tables)


def covered(sample, depth, but=None):
    """Coverage rows of every RAS codon; `but` maps (gene, codon) to another depth."""
    return [
        {"sample_id": sample, "gene": g, "codon": c, "min_depth": (but or {}).get((g, c), depth)}
        for g, codons in RAS_CODONS.items()
        for c in codons
    ]


def ras(made):
    cohort = Cohort(made)
    return ras_table(cohort.findings, cohort.patient_statuses).to_dicts()


def test_power_is_the_beta_binomial_tail():
    """60 reads at 10 % purity: 0.05 (plus errors) expected, 3 reads needed; scipy as the plain definition."""
    mean = 0.05 * (1 - 1e-3) + 0.95 * 1e-3
    expected = betabinom.sf(2, 60, mean * 200, (1 - mean) * 200)
    got = detection_power(np.array([60.0]), np.array([0.1]), np.array([2.0]), np.array([3]), np.array([0.02]))
    assert got[0] == pytest.approx(expected, abs=1e-9)
    assert got[0] < 0.95


def test_all_codons_measured_is_wild_type():
    made = study([{"sample_id": "T", "patient_id": "A", "purity": 0.6}], coverage=covered("T", 500))
    (row,) = ras(made)
    assert (row["state"], row["failing"]) == ("wild_type", None)


def test_ten_percent_purity_at_60_reads_is_not_assessable():
    made = study([{"sample_id": "T", "patient_id": "A", "purity": 0.1}], coverage=covered("T", 60))
    (row,) = ras(made)
    assert row["state"] == "not_assessable"


@pytest.mark.parametrize(("gene", "codon"), [(g, c) for g, codons in RAS_CODONS.items() for c in codons])
def test_one_shallow_codon_is_enough_and_is_named(gene, codon):
    made = study([{"sample_id": "T", "patient_id": "A", "purity": 0.6}], coverage=covered("T", 500, {(gene, codon): 4}))
    (row,) = ras(made)
    assert row["state"] == "not_assessable"
    assert f"{gene} codon {codon}" in row["failing"]


def test_calls_only_is_assumed_never_wild_type():
    (row,) = ras(study([{"sample_id": "T", "patient_id": "A", "purity": 0.6, "mean_depth": 900.0}]))
    assert row["state"] == "assumed_wild_type"


def test_unknown_purity_is_assumed():
    (row,) = ras(study([{"sample_id": "T", "patient_id": "A"}], coverage=covered("T", 500)))
    assert row["state"] == "assumed_wild_type"


def test_region_of_the_coverage_table_is_read_by_position():
    """KRAS codons 12 and 13 on GRCh37 chr12:25398280-25398285; a region over them gives their depth."""
    rows = [r for r in covered("T", 500) if (r["gene"], r["codon"]) not in (("KRAS", 12), ("KRAS", 13))]
    region = {"sample_id": "T", "chrom": "12", "start": 25398200, "end": 25398330, "min_depth": 450}
    sample = [{"sample_id": "T", "patient_id": "A", "purity": 0.6}]
    assert ras(study(sample, coverage=rows))[0]["state"] == "assumed_wild_type"
    assert ras(study(sample, coverage=[*rows, region]))[0]["state"] == "wild_type"


KRAS = ("12:25398284:C:T", "KRAS", "p.G12D", "missense")
OTHER = ("17:7578406:C:T", "TP53", "p.R175H", "missense")


def test_plasma_without_tumour_dna_is_no_wild_type():
    made = study([{"sample_id": "B", "patient_id": "A", "material": "plasma", "day": 10}], coverage=covered("B", 5000))
    (row,) = ras(made)
    assert row["state"] == "not_assessable"
    assert row["sample_id"] is None


def test_plasma_with_tumour_dna_and_depth_is_wild_type():
    made = study(
        [{"sample_id": "B", "patient_id": "A", "material": "plasma", "day": 10, "tumor_fraction": 0.2}],
        coverage=covered("B", 5000),
    )
    assert ras(made)[0]["state"] == "wild_type"


def test_primary_wild_type_metastasis_mutated_is_mutated():
    made = study(
        [
            {"sample_id": "P", "patient_id": "A", "purity": 0.6, "day": 0},
            {"sample_id": "M", "patient_id": "A", "purity": 0.6, "day": 400},
        ],
        coverage=covered("P", 500),
        calls=[
            ("P", KRAS[0], 0, 500),
            ("M", KRAS[0], 120, 500),
            ("P", OTHER[0], 150, 500),
            ("M", OTHER[0], 150, 500),
        ],
        variants=[KRAS, OTHER],
    )
    (row,) = ras(made)
    assert (row["state"], row["conflict"]) == ("mutated", None)
    assert row["sample_id"] == "M"


def test_older_mutated_sample_is_shown_as_conflict():
    made = study(
        [
            {"sample_id": "P", "patient_id": "A", "purity": 0.6, "day": 0},
            {"sample_id": "M", "patient_id": "A", "purity": 0.6, "day": 400},
        ],
        coverage=covered("M", 500),
        calls=[
            ("P", KRAS[0], 120, 500),
            ("M", KRAS[0], 0, 500),
            ("P", OTHER[0], 150, 500),
            ("M", OTHER[0], 150, 500),
        ],
        variants=[KRAS, OTHER],
    )
    (row,) = ras(made)
    assert row["state"] == "mutated"
    assert "KRAS G12D" in row["conflict"]


def test_plasma_only_chip_gene_never_matches_but_is_named():
    """ATM truncation seen in plasma alone, no white cells: possible clonal haematopoiesis."""
    atm = ("11:108236087:C:T", "ATM", "p.R3008*", "nonsense")
    made = study(
        [
            {"sample_id": "T", "patient_id": "A", "purity": 0.6, "day": 0},
            {"sample_id": "B", "patient_id": "A", "material": "plasma", "day": 5},
        ],
        calls=[
            ("T", atm[0], 0, 600),
            ("B", atm[0], 150, 3000),
            ("T", OTHER[0], 180, 600),
            ("B", OTHER[0], 900, 3000),
        ],
        variants=[atm, OTHER],
    )
    facts = Cohort(made).findings.patients["A"]
    (variant,) = facts.by_gene["ATM"]
    assert variant.origin == "possible_chip"


#: One row each whose place no assembly has (chromosome 12 ends at 133,851,895 in GRCh37): gene, change, effect.
NOWHERE = {
    "of no gene": (None, None, None),
    "of KRAS, effect unknown": ("KRAS", None, None),
    "of KRAS, a missense change": ("KRAS", None, "missense"),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_a_place_that_no_chromosome_has_leaves_nothing_wild_type(name):
    """A call at 12:253982840 (25398284 with one digit more) may be any change: RAS is no wild type; the same call in
    TP53 leaves it one, by the coverage of every codon."""
    people = [{"patient_id": p, "sample_id": f"{p}-T", "purity": 0.6} for p in "AB"]
    looked = [row for p in "AB" for row in covered(f"{p}-T", 500)]
    reads = [("A-T", "12:253982840:C:T", 90, 300), ("B-T", "17:7577120:C:T", 90, 300)]
    rows = [("12:253982840:C:T", *NOWHERE[name]), ("17:7577120:C:T", "TP53", "p.R273H", "missense")]
    told = {r["patient_id"]: r for r in ras(study(people, coverage=looked, calls=reads, variants=rows))}
    assert told["A"]["state"] == "not_assessable"
    assert told["B"]["state"] == "wild_type"


@pytest.mark.parametrize(
    ("gene", "change", "effect", "share", "origin"),
    [
        ("BRCA2", "p.S1982fs", "frameshift", 0.52, "possible_germline"),
        ("BRCA1", "p.Q1756fs", "frameshift", 0.45, "possible_germline"),
        ("ATM", "p.R3008*", "nonsense", 0.50, "possible_germline"),
        ("CHEK2", "p.T367fs", "frameshift", 0.41, "possible_germline"),
        ("TP53", "p.R213*", "nonsense", 0.48, "possible_germline"),
        ("ATM", "p.R3008*", "nonsense", 0.05, "possible_chip"),
        ("TP53", "p.R213*", "nonsense", 0.30, "possible_chip"),
    ],
)
def test_half_of_the_reads_of_plasma_may_be_inherited_and_is_no_blood_clone(gene, change, effect, share, origin):
    """BRCA2 S1982fs at 52 % of plasma without a normal was a "possible blood clone, not used for therapy"."""
    made = study(
        [{"sample_id": "B", "patient_id": "A", "material": "plasma", "day": 5}],
        calls=[("B", "11:108236087:C:T", round(1000 * share), 1000)],
        variants=[("11:108236087:C:T", gene, change, effect)],
        targets=f"{gene};KRAS",
    )
    (variant,) = Cohort(made).findings.patients["A"].by_gene[gene]
    assert variant.origin == origin
