"""What hit a gene: driver by a rule that is named, one allele or both, and what is not known stays unknown."""

from __future__ import annotations

import csv

import pytest

from oncourse.cohort import Cohort
from oncourse.errors import InputError
from oncourse.genome.genes import hotspot_codons

CHANGES = [
    # sample, variant, gene, change, consequence, origin
    ("A1", "1:1:A:C", "KRAS", "p.G12D", "missense", "somatic"),
    ("A1", "1:2:A:C", "KRAS", "p.L52F", "missense", "somatic"),
    ("A1", "1:3:A:C", "APC", "p.R876*", "nonsense", "somatic"),
    ("A2", "1:4:A:C", "APC", "p.T1556fs", "frameshift", "somatic"),
    ("B1", "1:5:A:C", "BRCA2", "p.K3326*", "nonsense", "somatic"),
    ("B1", "1:6:A:C", "ATM", None, "missense", "somatic"),
    ("B1", "1:7:A:C", "RB1", "p.R320*", "nonsense", "germline"),
    ("B1", "1:8:A:C", "NF1", "p.A100V", "missense", "germline"),
    ("B1", "1:9:A:C", "PIK3CA", "p.R40*", "nonsense", "somatic"),
    ("B1", "1:10:A:C", "PTEN", "p.R130*", "nonsense", "chip"),
]


@pytest.fixture(scope="module")
def cohort(make_study):
    """Patient A has two samples, B one with purity 0.6 and segments over TP53."""
    samples = [{"sample_id": s, "patient_id": s[0], "material": "tissue", "purity": 0.6} for s in ("A1", "A2", "B1")]
    extra = [("B1", "17:7578406:C:T", "TP53", "p.R175H", "missense", "somatic")]
    rows = CHANGES + extra
    return Cohort(
        make_study(
            config={"genome_build": "GRCh37"},
            patients=[{"patient_id": "A"}, {"patient_id": "B"}],
            samples=samples,
            calls=[{"sample_id": s, "variant_id": v, "is_called": True, "origin": o} for s, v, _, _, _, o in rows],
            variants=[{"variant_id": v, "gene": g, "hgvs_p": p, "consequence": c} for _, v, g, p, c, _ in rows],
            segments=[
                {"sample_id": "B1", "chrom": "17", "start": 1, "end": 20_000_000, "total_cn": 1.0, "minor_cn": 0.0}
            ],
            gene_copy_number=[
                {"sample_id": "A1", "gene": "CDKN2A", "call": -2},
                {"sample_id": "A1", "gene": "MYC", "call": 2},
            ],
        )
    )


def by_gene(cohort) -> dict[tuple[str, str], dict]:
    return {(r["patient_id"], r["gene"]): r for r in cohort.alterations.iter_rows(named=True)}


@pytest.mark.parametrize(
    ("gene", "driver", "word"),
    [
        ("KRAS", "driver", "hotspot"),
        ("APC", "driver", "truncating"),
        ("BRCA2", "unknown", "harmless"),
        ("ATM", "unknown", "not recorded"),
        ("RB1", "driver", "truncating"),
        ("PIK3CA", "unknown", "oncogene"),
        ("TP53", "driver", "pathogenic.tsv"),
        ("CDKN2A", "driver", "deleted"),
        ("MYC", "driver", "amplified"),
    ],
)
def test_driver_is_called_by_a_rule_that_is_named(cohort, gene, driver, word):
    row = next(r for (_, g), r in by_gene(cohort).items() if g == gene)
    assert row["driver"] == driver and word in row["rule"]


def test_germline_variant_of_unknown_significance_and_blood_clone_are_no_hits(cohort):
    assert not {("B", "NF1"), ("B", "PTEN")} & set(by_gene(cohort))
    assert by_gene(cohort)["B", "RB1"]["kinds"] == "germline"


def test_patient_with_two_samples_counts_once_with_the_hits_of_both(cohort):
    row = by_gene(cohort)["A", "APC"]
    assert (row["samples"], row["n_hits"], row["changes"]) == ("A1;A2", 2, "R876*;T1556fs")
    assert by_gene(cohort)["A", "KRAS"]["changes"] == "G12D;L52F"  # the driver first


def test_both_alleles_are_hit_only_where_something_says_so(cohort):
    found = {key: (row["is_biallelic"], row["basis"]) for key, row in by_gene(cohort).items()}
    assert found["A", "APC"] == (True, "two different losses (phase not known)")
    assert found["A", "CDKN2A"] == (True, "both copies deleted")
    assert found["B", "TP53"] == (True, "one loss, the other allele lost")
    assert found["B", "RB1"] == (None, "other allele not assessed")
    assert found["A", "KRAS"] == (None, None)


def test_reads_above_one_of_two_copies_decide_nothing(make_study):
    """Purity 0.6: one of two copies gives 30 % of the reads; 140 of 200 are more, by loss or by gain."""
    study = make_study(
        patients=[{"patient_id": "A"}],
        samples=[{"sample_id": "A1", "patient_id": "A", "material": "tissue", "purity": 0.6}],
        calls=[{"sample_id": "A1", "variant_id": "1:1:A:C", "is_called": True, "alt_count": 140, "depth": 200}],
        variants=[{"variant_id": "1:1:A:C", "gene": "APC", "hgvs_p": "p.R876*", "consequence": "nonsense"}],
    )
    row = Cohort(study).alterations.row(0, named=True)
    assert row["is_biallelic"] is None and row["basis"].startswith("more reads than one of two copies")


def test_own_hotspots_are_read_and_a_table_without_codons_is_refused(make_study, tmp_path):
    study = make_study(
        patients=[{"patient_id": "A"}],
        samples=[{"sample_id": "A1", "patient_id": "A", "material": "tissue"}],
        calls=[{"sample_id": "A1", "variant_id": "1:1:A:C", "is_called": True}],
        variants=[{"variant_id": "1:1:A:C", "gene": "KRAS", "hgvs_p": "p.L52F", "consequence": "missense"}],
    )
    own = tmp_path / "own.tsv"
    own.write_text("Hugo_Symbol\tAmino_Acid_Position\nKRAS\t52\nKRAS\tsplice\n")
    assert Cohort(study).alterations["driver"].to_list() == ["unknown"]
    assert Cohort(study, {"landscape": {"hotspots": str(own)}}).alterations["driver"].to_list() == ["driver"]
    own.write_text("symbol\nKRAS\n")
    with pytest.raises(InputError, match="gene and codon"):
        _ = Cohort(study, {"landscape": {"hotspots": str(own)}}).alterations


def test_every_hotspot_is_one_of_cancerhotspots(shared_data):
    """Chang 2018 (doi 10.1158/2159-8290.CD-17-0321): no residue of hotspots.tsv is missing there."""
    with shared_data("kb-cancerhotspots", "hotspots_v2_full.txt").open() as handle:
        listed = {(r["Hugo_Symbol"], r["Amino_Acid_Position"]) for r in csv.DictReader(handle, delimiter="\t")}
    assert not [(g, c) for g, c in hotspot_codons() if (g, str(c)) not in listed]


@pytest.mark.parametrize(
    ("alt", "purity", "copies", "both"),
    [(133, 0.8, 1.0, True), (12, 0.8, 1.0, None), (12, None, 1.0, True), (70, 0.8, 2.0, True), (60, 0.3, 2.0, True)],
)
def test_a_loss_of_few_cells_is_not_both_alleles_of_the_tumour(make_study, alt, purity, copies, both):
    """One copy left at purity 0.8 and the loss on it: 2 in 3 reads (0.8 / 1.2). Six in a hundred are a tenth of the
    cells; it was said that both alleles are lost. On one of two copies left it may be, or half of the cells: not doubted.
    Without a purity nothing is."""
    sample = {"sample_id": "S", "patient_id": "P", "material": "tissue", "purity": purity}
    variant = "17:7675000:C:T"
    one = Cohort(
        make_study(
            config={"genome_build": "GRCh38"},
            patients=[{"patient_id": "P"}],
            samples=[sample],
            calls=[{"sample_id": "S", "variant_id": variant, "is_called": True, "alt_count": alt, "depth": 200}],
            variants=[{"variant_id": variant, "gene": "TP53", "hgvs_p": "p.R213*", "consequence": "nonsense"}],
            segments=[
                {"sample_id": "S", "chrom": "17", "start": 1, "end": 20_000_000, "total_cn": copies, "minor_cn": 0.0}
            ],
        )
    )
    assert by_gene(one)["P", "TP53"]["is_biallelic"] is both
