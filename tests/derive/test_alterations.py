"""What hit a gene: driver by a rule that is named, one allele or both, and what is not known stays unknown."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.status.alleles import _flags, _together
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
    assert row["driver_samples"] == "A1;A2"
    assert by_gene(cohort)["A", "KRAS"]["changes"] == "G12D;L52F"  # the driver first
    assert by_gene(cohort)["B", "ATM"]["driver_samples"] is None


def test_both_alleles_are_hit_only_where_something_says_so(cohort):
    found = {key: (row["is_biallelic"], row["basis"]) for key, row in by_gene(cohort).items()}
    # one loss in A1, another in A2: they may hit one allele of each lesion
    assert found["A", "APC"] == (None, "other allele not assessed")
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
    (variant,) = one.findings.patients["P"].variants  # what therapy rules ask says the same
    assert variant.is_biallelic is both


BRCA2 = {"variant_id": "13:32340300:A:-", "gene": "BRCA2", "hgvs_p": "p.S1982fs", "consequence": "frameshift"}


@pytest.mark.parametrize(
    ("minor", "reads", "both", "basis"),
    [
        (0.0, 150, True, "one loss, the other allele lost"),
        (0.0, 55, False, "the allele lost in the tumour is the one with the inherited loss"),
        (0.0, 100, None, "inherited loss, one allele lost in the tumour: no reads tell which"),
        (0.0, None, None, "inherited loss, one allele lost in the tumour: no reads tell which"),
        (1.0, None, False, "one loss, both alleles kept"),
    ],
)
def test_an_inherited_loss_is_in_the_tumour_and_its_reads_say_which_allele_went(make_study, minor, reads, both, basis):
    """A germline loss is recorded of the normal: what the tumour's segments say of the gene was not looked at. Of one
    copy left at purity 0.6, the inherited loss has 71 % of the reads (1 / 1.4) where it was kept, 29 % where it went;
    both were "the other allele lost"."""
    calls = [{"sample_id": "N", "variant_id": BRCA2["variant_id"], "alt_count": 100, "depth": 200, "is_called": True}]
    if reads is not None:
        calls.append({"sample_id": "T", "variant_id": BRCA2["variant_id"], "alt_count": reads, "depth": 200})
    segment = {"sample_id": "T", "chrom": "13", "start": 20_000_000, "end": 110_000_000, "total_cn": 1.0 + minor}
    study = make_study(
        config={"genome_build": "GRCh38"},
        patients=[{"patient_id": "P"}],
        samples=[
            {"sample_id": "T", "patient_id": "P", "material": "tissue", "purity": 0.6},
            {"sample_id": "N", "patient_id": "P", "material": "normal"},
        ],
        calls=[c | {"origin": "germline"} for c in calls],
        variants=[BRCA2],
        segments=[segment | {"minor_cn": minor}],
    )
    row = by_gene(Cohort(study))["P", "BRCA2"]
    assert (row["is_biallelic"], row["basis"]) == (both, basis)


@pytest.mark.parametrize(
    ("sex", "copies", "alt", "both"),
    [
        ("male", None, 100, True),
        ("male", 1.0, 100, True),
        ("male", 1.0, 8, None),
        ("male", 3.0, 60, None),
        ("female", None, 40, None),
        (None, None, 40, None),
        (None, 1.0, 40, True),
    ],
)
def test_a_loss_on_the_x_of_a_man_leaves_no_copy(make_study, sex, copies, alt, both):
    """KDM6A of a prostate tumour: its second allele was "not assessed", and high reads were called a gain or loss of it.
    A loss of few cells (4 % of the reads of 60 %) leaves the others; of three copies two may be left; of a woman, or of
    nobody knows whom, there is another allele, unless one copy is left."""
    place = {"sample_id": "S", "chrom": "X", "start": 1, "end": 150_000_000, "total_cn": copies}
    study = make_study(
        config={"genome_build": "GRCh38"},
        patients=[{"patient_id": "P", "sex": sex}],
        samples=[{"sample_id": "S", "patient_id": "P", "material": "tissue", "purity": 0.6}],
        calls=[{"sample_id": "S", "variant_id": "X:45000000:C:T", "is_called": True, "alt_count": alt, "depth": 200}],
        variants=[{"variant_id": "X:45000000:C:T", "gene": "KDM6A", "hgvs_p": "p.Q333*", "consequence": "nonsense"}],
        segments=[place] if copies else [],
    )
    assert by_gene(Cohort(study))["P", "KDM6A"]["is_biallelic"] is both


@pytest.mark.parametrize(("material", "both"), [("plasma", False), ("tissue", None)])
def test_blood_that_tells_nothing_of_the_alleles_is_no_witness(make_study, material, both):
    """Tissue shows both alleles. A second lesion without segments may have lost one; blood could never say that none
    was."""
    place = {"chrom": "17", "start": 1, "end": 20_000_000, "total_cn": 2.0, "minor_cn": 1.0}
    row = {"variant_id": "17:7675000:C:T", "is_called": True, "alt_count": 60, "depth": 200}
    study = make_study(
        config={"genome_build": "GRCh38"},
        patients=[{"patient_id": "P"}],
        samples=[
            {"sample_id": "S", "patient_id": "P", "material": "tissue", "purity": 0.6},
            {"sample_id": "T", "patient_id": "P", "material": material},
        ],
        calls=[row | {"sample_id": s} for s in "ST"],
        variants=[{"variant_id": row["variant_id"], "gene": "TP53", "hgvs_p": "p.R213*", "consequence": "nonsense"}],
        segments=[place | {"sample_id": "S"}],
    )
    assert by_gene(Cohort(study))["P", "TP53"]["is_biallelic"] is both


LOSS = {
    "patient_id": "P",
    "sample_id": "P-a",
    "gene": "BRCA2",
    "kind": "mutation",
    "variant_id": "13:1:A:T",
    "state": None,
    "copies": 2.0,
    "is_allele_lost": None,
    "purity": 0.6,
    "material": "tissue",
    "is_x_of_man": False,
    "read_low": None,
    "read_high": None,
}
INHERITED = {"kind": "germline", "is_allele_lost": True}


def flagged(*rows):
    """Flags of the rows of a patient and gene that hold."""
    types = {"state": pl.String, "is_allele_lost": pl.Boolean, "read_low": pl.Float64, "read_high": pl.Float64}
    table = pl.DataFrame([LOSS | row for row in rows], schema_overrides=types)
    table = table.with_columns(n_together=_together())
    return {
        name for name, held in table.group_by("patient_id").agg(**_flags()).row(0, named=True).items() if held is True
    }


@pytest.mark.parametrize(
    ("row", "flags"),
    [
        ({"is_allele_lost": True}, {"lost"}),
        # 0.6 / (0.6 x 1 + 0.4 x 2) of the reads where every cell has it on its one copy: at most 0.2 is in less than half
        ({"is_allele_lost": True, "copies": 1.0, "read_low": 0.05, "read_high": 0.2}, {"in_part"}),
        ({"is_allele_lost": True, "copies": 1.0, "read_low": 0.05, "read_high": 0.25}, {"lost"}),
        # X of a man: 0.6 / (0.6 x 1 + 0.4 x 1), and 0.25 is in less than half
        ({"is_x_of_man": True, "copies": 1.0, "read_low": 0.05, "read_high": 0.25}, {"in_part"}),
        ({"is_x_of_man": True, "copies": 1.0}, {"only"}),
        ({"is_x_of_man": True, "copies": None}, {"only"}),
        (INHERITED | {"read_low": 0.6, "read_high": 0.8}, {"lost"}),
        (INHERITED | {"read_low": 0.2, "read_high": 0.4}, {"own"}),
        (INHERITED | {"read_low": 0.4, "read_high": 0.6}, {"either"}),
        ({"kind": "deletion", "variant_id": None}, {"gone"}),
        ({"state": "homozygous_deletion"}, {"gone"}),
        ({"read_low": 0.4, "read_high": 0.5}, {"skewed"}),
    ],
)
def test_one_sample_that_tells_of_the_other_allele_speaks_for_the_patient(row, flags):
    """Beside a second sample with the same loss that tells nothing (`both_alleles`: true beats unknown)."""
    assert flagged(row) == flags and flagged(row, {}) == flags and flagged({}, row) == flags


def test_both_alleles_are_kept_where_every_tissue_says_so():
    kept, silent, plasma = {"is_allele_lost": False}, {}, {"material": "plasma"}
    assert flagged(kept) == flagged(kept, kept) == flagged(kept, plasma) == {"kept"}
    assert flagged(kept, silent) == flagged(plasma) == flagged(plasma, plasma) == set()
    other = {"variant_id": "13:2:A:T", "is_allele_lost": False}
    assert flagged(kept, other) == {"two", "kept"}
    # losses of two lesions hit one allele of each; what was inherited is in both
    assert flagged(kept, other | {"sample_id": "P-b"}) == {"kept"}
    assert flagged(kept, other | {"sample_id": None, "kind": "germline"}) == {"two", "kept"}
    assert flagged(kept, {"is_allele_lost": True}) == {"lost"}
