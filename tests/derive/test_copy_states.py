"""Copy-number states of genes: calls first, else segments over the gene; unknown stays unknown."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.genes.copy_states import copy_table
from oncourse.genome.genes import gene_places
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

#: GRCh38 (Ensembl): BRCA2 13:32315473-32399667, ERBB2 17:39687914-39730426, AR X:67544623-67730619.
BRCA2, ERBB2, AR = (
    ("13", 32_000_000, 33_000_000),
    ("17", 39_000_000, 40_000_000),
    ("X", 67_000_000, 68_000_000),
)
GENES = ("AR", "BRCA2", "ERBB2", "RB1")


def study(segments=(), calls=(), samples=None, sex="male", variants=(), counts=(), **config):
    samples = samples or [{"sample_id": "P1-T", "material": "tissue", "ploidy": 2.0}]
    rows = {
        "patients": [{"patient_id": "P1", "disease": "prostate cancer", "sex": sex}],
        "samples": [{"patient_id": "P1", **s} for s in samples],
        "segments": [
            dict(zip(("sample_id", "chrom", "start", "end", "total_cn", "minor_cn"), s, strict=True)) for s in segments
        ],
        "gene_copy_number": [dict(zip(("sample_id", "gene", "call"), c, strict=True)) for c in calls],
        "variants": list(variants),
        "calls": list(counts),
    }
    tables = {}
    for name, data in rows.items():
        if data:
            schema = TABLES[name].empty().schema
            given = {c: t for c, t in schema.items() if c in data[0]}
            frame = pl.DataFrame(data, schema_overrides=given)
            tables[name] = pl.concat([TABLES[name].empty(), frame], how="diagonal_relaxed").cast(schema)
    build = config.pop("genome_build", "GRCh38")
    return Study(StudyConfig(title="t", genome_build=build, **config), tables)


def states(found: pl.DataFrame) -> dict[str, str]:
    return dict(found.select("gene", "state").iter_rows())


def test_states_from_segments_of_a_diploid_tumour():
    """COSMIC: homozygous deletion = no copy, amplification = 5 copies or more in a near-diploid tumour."""
    found = copy_table(study([("P1-T", *BRCA2, 0.0, 0.0), ("P1-T", *ERBB2, 5.0, 1.0)]), GENES)
    assert states(found) == {
        "BRCA2": "homozygous_deletion",
        "ERBB2": "amplified",
    }  # RB1, AR: no segment, no state
    found = copy_table(study([("P1-T", *BRCA2, 1.0, 0.0), ("P1-T", *ERBB2, 4.0, 2.0)]), GENES)
    assert states(found) == {"BRCA2": "loss", "ERBB2": "gain"}


@pytest.mark.parametrize(
    ("ploidy", "copies", "state"),
    [
        (2.0, 1.6, "neutral"),
        (2.0, 1.4, "loss"),
        (2.0, 2.4, "neutral"),
        (2.0, 2.6, "gain"),
        (2.4, 2.0, "neutral"),
        (2.6, 3.0, "neutral"),
        (2.6, 2.0, "loss"),
    ],
)
def test_copies_of_some_cells_and_ploidies_between_two_numbers_are_whole_copies_first(ploidy, copies, state):
    """Both are rounded to whole copies: 1.6 of 2 are no loss, 2 of 2.4 neither."""
    sample = [{"sample_id": "P1-T", "material": "tissue", "ploidy": ploidy}]
    assert states(copy_table(study([("P1-T", *ERBB2, copies, None)], samples=sample), GENES)) == {"ERBB2": state}


def test_segments_that_cover_the_coding_part_tell_of_a_gene():
    """Oncomine's copies of ERBB2 (GRCh37 17:37855813-37884297) are two thirds of the gene and all its codons."""
    segment = ("P1-T", "17", 37_855_813, 37_884_297, 14.0, None)
    assert states(copy_table(study([segment], genome_build="GRCh37"), GENES)) == {"ERBB2": "amplified"}


def test_amplification_of_a_polyploid_tumour_needs_nine_copies():
    four = [{"sample_id": "P1-T", "material": "tissue", "ploidy": 4.0}]
    for copies, state in ((8.0, "gain"), (9.0, "amplified"), (4.0, "neutral"), (3.0, "loss")):
        assert states(copy_table(study([("P1-T", *ERBB2, copies, 2.0)], samples=four), GENES)) == {"ERBB2": state}


def test_one_x_of_a_man_is_no_loss_and_five_copies_are_amplified():
    for copies, state in ((1.0, "neutral"), (2.0, "gain"), (5.0, "amplified")):
        assert states(copy_table(study([("P1-T", *AR, copies, None)]), GENES)) == {"AR": state}
    assert states(copy_table(study([("P1-T", *AR, 1.0, None)], sex="female"), GENES)) == {"AR": "loss"}


def test_a_gene_is_deleted_only_where_no_part_of_it_has_a_copy_left():
    """Half the gene without a copy is a loss, not a homozygous deletion; a gene covered by half has no state."""
    middle = 32_357_000
    half = [("P1-T", "13", 32_000_000, middle, 0.0, 0.0), ("P1-T", "13", middle + 1, 33_000_000, 2.0, 1.0)]
    assert states(copy_table(study(half), GENES)) == {"BRCA2": "loss"}
    assert copy_table(study(half[:1]), GENES).is_empty()


def test_a_call_of_the_gene_stands_before_segments_and_no_build_gives_no_state():
    both = study([("P1-T", *BRCA2, 0.0, 0.0)], [("P1-T", "BRCA2", 0.0)])
    assert states(copy_table(both, GENES)) == {"BRCA2": "neutral"}
    assert copy_table(study([("P1-T", *BRCA2, 0.0, 0.0)], genome_build=None), GENES).is_empty()


@pytest.mark.parametrize("fraction, seen", [(None, []), (0.02, []), (0.3, ["BRCA2"])])
def test_plasma_with_little_tumour_dna_shows_no_absence(fraction, seen):
    plasma = [{"sample_id": "P1-B", "material": "plasma", "ploidy": 2.0, "tumor_fraction": fraction}]
    found = copy_table(study([("P1-B", *BRCA2, 2.0, 1.0), ("P1-B", *ERBB2, 9.0, 1.0)], samples=plasma), GENES)
    assert sorted(found["gene"]) == sorted([*seen, "ERBB2"])  # an amplification is seen all the same


BRCA2_FS = {
    "variant_id": "13:32339421:A:-",
    "gene": "BRCA2",
    "hgvs_p": "p.N1784fs",
    "consequence": "frameshift",
}


@pytest.mark.parametrize(
    "copies, minor, biallelic", [(2.0, 0.0, True), (2.0, 1.0, False), (2.0, None, None), (1.0, None, True)]
)
def test_the_second_allele_comes_from_the_minor_copy_number(copies, minor, biallelic):
    """Copy-neutral loss of heterozygosity is a lost allele; without a minor copy number nobody knows."""
    counts = [
        {
            "sample_id": "P1-T",
            "variant_id": BRCA2_FS["variant_id"],
            "alt_count": 60,
            "depth": 100,
            "origin": "somatic",
        }
    ]
    made = study([("P1-T", *BRCA2, copies, minor)], variants=[BRCA2_FS], counts=counts)
    (variant,) = Cohort(made).findings.patients["P1"].variants
    assert variant.is_biallelic is biallelic


def test_a_homozygous_deletion_by_segments_matches_a_loss_rule():
    matches = Cohort(study([("P1-T", *BRCA2, 0.0, 0.0)])).therapy.matches["P1"]
    facts = {f for m in matches if m.status == "matched" for f in m.facts}
    assert "BRCA2 homozygous deletion" in facts


def test_gene_places_of_both_builds_have_the_same_length():
    old, new = gene_places("GRCh37"), gene_places("GRCh38")
    assert old["gene"].to_list() == new["gene"].to_list()
    assert ((old["last"] - old["first"]) == (new["last"] - new["first"])).all()
    assert (old["last"] > old["first"]).all() and gene_places(None).is_empty()


def test_the_landscape_counts_copies_by_segments_where_no_call_is_given():
    """ERBB2 8 copies and BRCA2 none in P1-T; P1-M has calls per gene, so its segments are not asked; P1-P log2
    alone."""
    cohort = Cohort(
        study(
            segments=[
                ("P1-T", *ERBB2, 8.0, 1.0),
                ("P1-T", *BRCA2, 0.0, 0.0),
                ("P1-T", *AR, 1.0, None),
                ("P1-M", *ERBB2, 8.0, 1.0),
                ("P1-P", *ERBB2, None, None),
            ],
            calls=[("P1-M", "RB1", -2.0)],
            samples=[{"sample_id": f"P1-{s}", "material": "tissue", "ploidy": 2.0} for s in ("T", "M", "P")],
        )
    )
    altered = cohort.gene_status.altered.filter(pl.col("gene").is_in(GENES))  # CDK12 lies beside ERBB2
    assert altered.select("sample_id", "gene", "is_amplified", "is_deleted").rows() == [
        ("P1-M", "RB1", False, True),
        ("P1-T", "BRCA2", False, True),
        ("P1-T", "ERBB2", True, False),
    ]
    assert altered["is_altered"].all()


def test_segments_give_the_denominator_of_copy_number():
    """Without gene_copy_number only the sample with copies by segments was looked at, in the genes of known place."""
    samples = [{"sample_id": f"P1-{s}", "material": "tissue", "ploidy": 2.0} for s in ("T", "P")]
    panels = Cohort(study(segments=[("P1-T", *ERBB2, 2.0, 1.0)], samples=samples)).panels
    looked = panels.n_profiled({"ERBB2", "NOSUCHGENE"}, "sample", "cna")
    assert dict(looked.iter_rows()) == {"ERBB2": 1, "NOSUCHGENE": 0}
