"""Gene and effect of a variant: the place first, the file's annotation as second witness, never a silent wild type."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.study.config import config_from_mapping
from oncourse.study.validate import validate

G12D = "12:25398284:C:T"


def _study(variant: dict[str, str | None], build: str | None = "GRCh37", **tables: list[dict[str, object]]):
    variant_id = variant.get("variant_id", G12D)
    frames = {
        "patients": [{"patient_id": "P1"}],
        "samples": [{"sample_id": "S1", "patient_id": "P1", "material": "tissue"}],
        "calls": [{"sample_id": "S1", "variant_id": variant_id, "alt_count": 30, "depth": 100, "is_called": True}],
        "variants": [{"variant_id": variant_id, "gene": None, "hgvs_p": None, "consequence": None} | variant],
    } | tables
    config = config_from_mapping({"genome_build": build} if build else {})
    typed, problems = validate({n: pl.DataFrame(r, infer_schema_length=None) for n, r in frames.items()}, config)
    return typed, [str(p) for p in problems]


def _variant(variant: dict[str, str | None], build: str | None = "GRCh37") -> tuple[str, str, str]:
    row = _study(variant, build)[0]["variants"].to_dicts()[0]
    return row["gene"], row["hgvs_p"], row["consequence"]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"gene": "kras"},
        {"gene": "KRAS;LRMP"},
        {"gene": "LRMP"},
        {"gene": "3845"},
        {"gene": "Unknown"},
        {"gene": "ENSG00000133703.12"},
        {"consequence": "Silent"},
        {"consequence": "Intron"},
        {"hgvs_p": "p.G12="},
        {"gene": "KRAS", "hgvs_p": "p.A18V", "consequence": "gibberish"},
    ],
)
def test_kras_g12d_is_read_from_its_place_whatever_the_file_says(told: dict[str, str | None]) -> None:
    """maftools#417, #683: callers' raw VCF has no gene, and one wrong cell made it wild type."""
    assert _variant(told) == ("KRAS", "p.G12D", "missense")


def test_a_call_without_a_row_in_variants_gets_its_gene() -> None:
    typed, problems = _study({}, variants=[{"variant_id": "7:1:A:T", "gene": "X"}])
    assert (G12D, "KRAS", "p.G12D") in typed["variants"].select("variant_id", "gene", "hgvs_p").rows()
    assert any("came without a gene" in p for p in problems)


def test_old_numbering_is_moved_by_place() -> None:
    """GDC writes BRAF V600E by a longer transcript (TCGAbiolinks#516); AR T877A is T878A of 920 residues."""
    gdc = {
        "variant_id": "7:140753336:A:T",
        "gene": "BRAF",
        "hgvs_p": "p.V640E",
        "consequence": "Missense_Mutation",
    }
    assert _variant(gdc, "GRCh38") == ("BRAF", "p.V600E", "missense")
    assert _variant({"variant_id": "X:66943552:A:G", "gene": "AR", "hgvs_p": "p.T877A"})[1] == "p.T878A"
    # BRCA1: the same exchange in the numbering of an older transcript
    assert _variant({"variant_id": "17:41226394:C:T", "gene": "BRCA1", "hgvs_p": "p.G1564="})[1] == "p.G1543="


def test_away_from_listed_residues_the_file_s_transcript_stays() -> None:
    """KRAS codon 164 lies in the 3' UTR of the other transcript (TCGA): no protein change, so no witness against it."""
    told = {"variant_id": "12:25362805:C:T", "gene": "KRAS", "consequence": "3'UTR"}
    assert _variant(told)[2] == "3'UTR"


def test_a_frameshift_called_silent_stays_a_frameshift() -> None:
    told = {
        "variant_id": "13:32914438:T:-",
        "gene": "BRCA2",
        "hgvs_p": "p.S1982Rfs*22",
        "consequence": "Silent",
    }
    assert _variant(told) == ("BRCA2", "p.S1982Rfs*22", "frameshift")


def test_without_a_build_nothing_is_moved() -> None:
    assert _variant({"gene": "LRMP", "consequence": "Intron"}, build=None) == ("LRMP", None, "Intron")


def test_another_reference_base_is_said_and_the_file_stays() -> None:
    """A GRCh37 position read as GRCh38, or the other strand: the place says nothing."""
    told = {"variant_id": "12:25398284:G:T", "gene": "LRMP", "consequence": "Intron"}
    assert _variant(told)[0] == "LRMP"
    assert any("another reference base" in p for p in _study(told)[1])


def test_every_table_speaks_today_s_symbols() -> None:
    """cBioPortal#823, datahub#705: MLL2 and KMT2D were two genes, each in half the samples."""
    typed, problems = _study(
        {"variant_id": "1:5:A:T", "gene": "MLL2"},
        gene_copy_number=[
            {"sample_id": "S1", "gene": "FAM123B", "call": -2.0},
            {"sample_id": "S1", "gene": "AMER1", "call": 0.0},
        ],
        fusions=[{"sample_id": "S1", "gene_5p": "EML4", "gene_3p": "TRKA"}],
        assays=[{"assay_id": "A", "kind": "panel", "targets": "MLL2;KRAS, PARK2"}],
    )
    assert typed["variants"]["gene"].to_list() == ["KMT2D"]
    assert typed["gene_copy_number"].select("gene", "call").rows() == [("AMER1", -2.0)]
    assert typed["fusions"]["gene_3p"].to_list() == ["NTRK1"]
    assert typed["assays"]["targets"].to_list() == ["KMT2D;KRAS;PRKN"]
    assert sum("today's" in p for p in problems) == 3


def test_a_word_of_another_transcript_gets_no_protein_change_of_this_one():
    """TCGA COAD (Firehose) has one call of KRAS in the 3'UTR of transcript 4A; on the canonical 4B it is R164Q. The study
    held both (utr3, p.R164Q), and the landscape counted 169 patients for the file's 168."""
    typed, told = _study({"variant_id": "12:25362805:C:T", "gene": "KRAS", "consequence": "utr3"})
    assert typed["variants"].select("gene", "hgvs_p", "consequence").row(0) == ("KRAS", None, "utr3")
    assert any("outside the coding bases by the file's word" in text for text in told)
