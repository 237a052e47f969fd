"""致病, 4类, VUS, benign: what the laboratory calls a variant reaches the study and decides whether it is a loss."""

from __future__ import annotations

import doctest

import polars as pl
import pytest
from tests.studies import study

from oncourse.derive.status.variants import variant_rows
from oncourse.io.detect import read_any
from oncourse.knowledge.alterations import loss_reason
from oncourse.knowledge.classified import Listing, of_both, of_laboratory
from oncourse.knowledge.findings import VariantFinding
from oncourse.study import pathogenicity
from oncourse.study.pathogenicity import pathogenicities

_ROWS = [
    ("BRCA2", "p.K3326*"),
    ("BRCA2", "p.T1915M"),
    ("BRCA1", "p.I1824Dfs*3"),
    ("ATM", "p.R2832C"),
    ("TP53", "p.R175H"),
]


def _read(folder, header, cells):
    lines = [f"样本编号,基因,氨基酸改变,丰度,变异来源,{header}"]
    lines += [f"P{n}T,{g},{p},50%,胚系,{cell}" for n, ((g, p), cell) in enumerate(zip(_ROWS, cells, strict=True))]
    (folder / "p.csv").write_text("\n".join(lines) + "\n", "utf-8")
    reading = read_any(folder / "p.csv")
    said = [p.message for p in reading.problems if p.column == "pathogenicity"]
    return reading.tables["variants"]["pathogenicity"].to_list(), said


def test_examples():
    assert doctest.testmod(pathogenicity).failed == 0


@pytest.mark.parametrize(
    "header", ["致病性", "变异分类", "ACMG分级", "临床意义", "Pathogenicity", "Clinical significance"]
)
def test_the_column_of_classes_is_read_under_any_of_its_names(tmp_path, header):
    found, told = _read(tmp_path, header, ("良性", "意义未明", "致病", "5类", "可能致病"))
    assert found == ["benign", "uncertain", "pathogenic", "pathogenic", "likely_pathogenic"]
    assert told == []


def test_a_bare_number_of_another_column_may_be_a_tier_and_is_told(tmp_path):
    """Class 1 is benign, tier I of strong significance: only a column of the five classes says which."""
    found, told = _read(tmp_path, "变异等级", ("1类", "2类", "I类", "III类", ""))
    assert found == [None, None, None, "uncertain", None]
    assert told == [
        "3 cells of what the laboratory calls a variant are not understood ('1类', '2类', 'I类'): not used."
    ]
    assert _read(tmp_path, "ACMG分类", ("1类", "2类", "4类", "3类", "5类"))[0] == [
        *("benign", "likely_benign", "likely_pathogenic", "uncertain", "pathogenic"),
    ]


def test_a_kind_of_change_in_the_column_stays_one(tmp_path):
    (tmp_path / "p.csv").write_text(
        "样本编号,基因,核苷酸改变,变异分类\nS1,TP53,c.524G>A,错义突变\nS2,ATM,c.1A>G,致病\n", "utf-8"
    )
    variants = read_any(tmp_path / "p.csv").tables["variants"]
    assert variants.select("consequence", "pathogenicity").row(0) == ("missense", None)
    assert variants["pathogenicity"].to_list() == [None, "pathogenic"]


def test_two_reports_that_exclude_each_other_are_conflicting_and_told(tmp_path):
    rows = ("样本编号,基因,氨基酸改变,致病性", "A,BRCA2,p.T1915M,致病", "B,BRCA2,p.T1915M,良性")
    text = "\n".join((*rows, "C,ATM,p.R2832C,致病", "D,ATM,p.R2832C,4类", ""))
    (tmp_path / "p.csv").write_text(text, "utf-8")
    reading = read_any(tmp_path / "p.csv")
    assert reading.tables["variants"]["pathogenicity"].to_list() == ["conflicting", "likely_pathogenic"]
    told = [p.message for p in reading.problems if p.column == "pathogenicity"]
    assert told == ["1 variants are called pathogenic and not (first: BRCA2:p.T1915M): conflicting."]


@pytest.mark.parametrize(
    ("said", "effect", "is_loss", "reason"),
    [
        ("benign", "frameshift", False, "listed benign variant (the laboratory: benign)"),
        ("likely_benign", "nonsense", False, "listed benign variant (the laboratory: likely benign)"),
        ("uncertain", "frameshift", False, "not classified: of uncertain significance (the laboratory: uncertain)"),
        ("conflicting", "frameshift", True, "truncating"),
        (None, "frameshift", True, "truncating"),
        ("likely_pathogenic", "missense", True, "listed pathogenic variant (the laboratory: likely pathogenic)"),
        ("conflicting", "missense", False, "not classified: listed as conflicting (the laboratory: conflicting)"),
    ],
)
def test_the_class_decides_whether_a_variant_is_a_loss(said, effect, is_loss, reason):
    """A BRCA1 frameshift called 良性 was offered olaparib at level I-A."""
    listing = of_laboratory(said)
    variant = VariantFinding("BRCA1", "I1824fs", effect, listed=listing.verdict, listed_by=listing.words)
    assert loss_reason(variant) == (is_loss, reason)


def test_a_list_decides_and_the_laboratory_against_it_makes_a_conflict():
    lab = of_laboratory("benign")
    assert of_both(Listing("pathogenic", "L"), lab) == Listing("conflicting", "L; the laboratory: benign")
    assert of_both(Listing("", "L, weak"), lab) == Listing("benign", "the laboratory: benign; L, weak")
    assert of_both(Listing("benign", "L"), of_laboratory("uncertain")).verdict == "benign"
    assert of_both(Listing("pathogenic", "L"), of_laboratory(None)) == Listing("pathogenic", "L")


def test_numbers_are_classes_beside_words_of_them():
    assert pathogenicities(pl.Series(["4类", "致病", None])).to_list() == ["likely_pathogenic", "pathogenic", None]
    assert pathogenicities(pl.Series(["4类", "3类"])).to_list() == [None, None]


def test_clonal_haematopoiesis_in_any_words_is_no_mutation_of_the_tumour(tmp_path):
    """`CH (WBC-matched)` of plasma KRAS G13D was of unknown origin, and a RAS mutation."""
    words = ("CH (WBC-matched)", "CHIP-related", "克隆性造血相关", "non-CHIP", "CHIP", "Somatic")
    lines = ["Patient,Sample,Gene,Protein change,Origin,VAF"]
    lines += [f"P{n},P{n}_ct,KRAS,p.G13D,{w},0.004" for n, w in enumerate(words)]
    (tmp_path / "r.csv").write_text("\n".join([*lines, ""]), "utf-8")
    origin = dict(read_any(tmp_path / "r.csv").tables["calls"].select("sample_id", "origin").rows())
    assert [origin[f"P{n}_ct"] for n in range(6)] == ["chip", "chip", "chip", "unknown", "chip", "somatic"]
    head = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode"
    head += "\tMutation_Status"
    rows = [f"KRAS\t12\t{25398280 + n}\tC\tT\tA\t{w}" for n, w in enumerate(words)]
    (tmp_path / "r.maf").write_text("\n".join([head, *rows, ""]), "utf-8")
    calls = read_any(tmp_path / "r.maf").tables["calls"].sort("variant_id")
    assert calls["origin"].to_list() == ["chip", "chip", "chip", "unknown", "chip", "somatic"]


@pytest.mark.parametrize(
    ("consequence", "said", "effect"),
    [("splice_region", "pathogenic", "splice"), ("intron", "likely_pathogenic", "splice"), ("intron", "benign", None)],
)
def test_a_change_beside_an_exon_that_is_called_pathogenic_acts_on_splicing(consequence, said, effect):
    """MSH2 c.942+3A>T, 致病, was of no effect and no loss."""
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": "A"}],
        samples=[{"sample_id": "S", "patient_id": "A", "material": "tissue"}],
        variants=[{"variant_id": "V", "gene": "MSH2", "consequence": consequence, "pathogenicity": said}],
        calls=[{"sample_id": "S", "variant_id": "V", "is_called": True}],
    )
    assert variant_rows(made, ["MSH2"])["effect"].to_list() == ([effect] if effect else [])
