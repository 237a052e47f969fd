"""Gene, codon and protein change by place: textbook variants, and every public one at hand."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from oncourse.genome.effect import consequences
from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_models import coding_bases, codon_positions, models
from oncourse.genome.genes import gene_places
from oncourse.genome.places import locate
from oncourse.genome.protein import canonicals
from oncourse.genome.protein_change import GENETIC_CODE, translate
from oncourse.genome.variant import normalise


def _row(variant_id: str, build: str = "GRCh37") -> dict[str, object]:
    return locate(pl.Series([variant_id]), build).to_dicts()[0]


@pytest.mark.parametrize(
    ("old", "new", "gene", "change"),
    [
        ("12:25398284:C:T", "12:25245350:C:T", "KRAS", "p.G12D"),
        ("12:25380275:T:G", "12:25227341:T:G", "KRAS", "p.Q61H"),
        ("12:25378562:C:T", "12:25225628:C:T", "KRAS", "p.A146T"),
        ("1:115256529:T:C", "1:114713908:T:C", "NRAS", "p.Q61R"),
        ("7:140453136:A:T", "7:140753336:A:T", "BRAF", "p.V600E"),
        ("3:178936091:G:A", "3:179218303:G:A", "PIK3CA", "p.E545K"),
        ("3:178952085:A:G", "3:179234297:A:G", "PIK3CA", "p.H1047R"),
        ("17:7578406:C:T", "17:7675088:C:T", "TP53", "p.R175H"),
        ("17:7577120:C:T", "17:7673802:C:T", "TP53", "p.R273H"),
        ("18:48591919:G:A", "18:51065549:G:A", "SMAD4", "p.R361H"),
        ("7:55259515:T:G", "7:55191822:T:G", "EGFR", "p.L858R"),
        ("X:66943552:A:G", "X:67723710:A:G", "AR", "p.T878A"),
        ("X:66931463:T:A", "X:67711621:T:A", "AR", "p.L702H"),
        ("2:209113112:C:T", "2:208248388:C:T", "IDH1", "p.R132H"),
        ("7:140453136:AC:TT", "7:140753336:AC:TT", "BRAF", "p.V600K"),
        ("13:32914438:T:-", "13:32340301:T:-", "BRCA2", "p.S1982Rfs*22"),
        ("7:55242465:GGAATTAAGAGAAGC:-", "7:55174772:GGAATTAAGAGAAGC:-", "EGFR", "p.E746_A750del"),
    ],
)
def test_textbook_variants_get_their_name_in_both_builds(old: str, new: str, gene: str, change: str) -> None:
    """ClinVar and COSMIC positions; V600K is the pair of V600E and V600M's bases (cBioPortal/datahub#1149)."""
    for variant_id, build in ((old, "GRCh37"), (new, "GRCh38")):
        found = _row(variant_id, build)
        assert (found["gene"], found["hgvs_p"], found["is_ref_match"]) == (gene, change, True), build


def test_regions_of_a_gene_are_told_apart() -> None:
    """TERT -124 (C228T) lies before the gene; KRAS exon 2 ends at 25398208 (GRCh37) with its donor site below."""
    assert _row("5:1295228:G:A")["region"] == "upstream" and _row("5:1295228:G:A")["gene"] == "TERT"
    assert _row("12:25398206:C:A") | {"variant_id": ""} == {
        "variant_id": "",
        "gene": "KRAS",
        "region": "splice",
        "codon_first": None,
        "codon_last": None,
        "consequence": "splice_site",
        "hgvs_p": None,
        "is_ref_match": None,
    }
    assert _row("12:25390000:C:A")["consequence"] == "intron"
    assert _row("12:1:C:A")["region"] == "outside" and _row("12:1:C:A")["gene"] is None


def test_a_change_over_several_codons_names_them_all() -> None:
    """An insertion between KRAS codons 12 and 13 touches both; a deletion of nine bases three or four."""
    found = _row("12:25398282:-:AAA")
    assert (found["codon_first"], found["codon_last"]) == (12, 13)
    found = _row("12:25398280:GCCACCAGC:-")
    assert (found["codon_first"], found["codon_last"], found["consequence"]) == (11, 13, "inframe_deletion")


def test_a_deletion_over_the_end_of_an_exon_is_a_splice_site_variant() -> None:
    """KRAS exon 2 ends at 25398208: four bases over it."""
    assert _row("12:25398206:CCTG:-")["consequence"] == "splice_site"


def test_a_reference_allele_that_is_not_there_is_said_and_gives_no_protein_change() -> None:
    """GRCh38 positions read as GRCh37 hit other bases: most fail."""
    found = _row("12:25398284:G:T")
    assert found["is_ref_match"] is False and found["hgvs_p"] is None and found["codon_first"] == 12


def test_without_a_build_or_place_nothing_is_known() -> None:
    found = locate(pl.Series(["12:25398284:C:T", "KRAS p.G12D", None], dtype=pl.String), None)
    assert found["gene"].null_count() == 3 and found["variant_id"].to_list()[0] == "12:25398284:C:T"
    assert locate(pl.Series(["KRAS p.G12D"]), "GRCh37")["region"].to_list() == [None]


def test_models_are_whole_and_of_equal_length_in_both_builds() -> None:
    for gene, model in models("GRCh37").items():
        lengths = [sum(b - a + 1 for a, b in m.coding) for m in (model, models("GRCh38")[gene])]
        assert lengths[0] == lengths[1] and lengths[0] % 3 == 0, gene
        assert all(a <= b < c for (a, b), (c, _) in zip(model.exons, model.exons[1:], strict=False)), gene


def test_sequences_fit_their_models_and_read_through_to_one_stop() -> None:
    for gene, bases in coding_bases().items():
        assert len(bases) == sum(b - a + 1 for a, b in models("GRCh38")[gene].coding), gene
        if "N" not in bases:
            protein = translate(bases)
            assert protein[0] == "M" and protein.index("*") == len(protein) - 1, gene
    assert len(GENETIC_CODE) == 64 and sum(v == "*" for v in GENETIC_CODE.values()) == 3


def test_models_lie_in_the_spans_of_their_genes() -> None:
    """gene_places.tsv is of another source (Ensembl gene table of both builds)."""
    for build in ("GRCh37", "GRCh38"):
        places = {g: (c, a, b) for g, c, a, b in gene_places(build).iter_rows()}
        for gene, model in models(build).items():
            if gene in places:
                chrom, first, last = places[gene]
                assert (model.chrom, True) == (chrom, model.coding[0][0] >= first - 1), (gene, build)
                assert model.coding[-1][1] <= last + 1, (gene, build)


def test_codon_positions_hold_the_genome_s_own_bases(tmp_path: Path, shared_data) -> None:
    """GRCh38 slices: the bases at the positions of every codon are those of the coding sequence."""
    folder = shared_data("reads-ref-slices-hg38")
    plain = tmp_path / "slices.fa"
    plain.write_bytes(gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()))
    slices = pl.read_csv(folder / "offsets.tsv", separator="\t")
    fasta = Fasta(plain)
    complement = dict(zip("ACGT", "TGCA", strict=True))
    n = 0
    for gene in ("KRAS", "TP53", "EGFR", "BRCA2"):
        model = models("GRCh38")[gene]
        places = codon_positions("GRCh38").filter(pl.col("gene") == gene)
        contig, start = next(
            (c, s)
            for c, ch, s, length in slices.iter_rows()
            if ch == f"chr{model.chrom}" and s <= model.coding[0][0] and model.coding[-1][1] <= s + length
        )
        for codon, base, pos in places.select("codon", "base", "pos").iter_rows():
            there = fasta.fetch(contig, pos - start, pos - start)
            known = coding_bases()[gene][3 * (codon - 1) + base - 1]
            assert (there if model.forward else complement[there]) == known, (gene, codon)
            n += 1
    assert n == sum(len(coding_bases()[g]) for g in ("KRAS", "TP53", "EGFR", "BRCA2"))


def test_every_public_variant_has_the_codon_and_base_that_its_annotation_names(shared_data) -> None:
    """MSK 2024 (vcf2maf, VEP): every SNV's reference base fits, and its protein change where it is given by place.

    Other numbering in nine genes is the other transcript MSK reports (NF1, MEN1, TMPRSS2 ...).
    """
    file = shared_data("prostate_msk_2024") / "data_mutations.txt.gz"
    names = {
        "gene": "Hugo_Symbol",
        "chrom": "Chromosome",
        "pos": "Start_Position",
        "ref": "Reference_Allele",
        "alt": "Tumor_Seq_Allele2",
        "change": "HGVSp_Short",
        "word": "Variant_Classification",
    }
    frame = pl.read_csv(
        file,
        separator="\t",
        comment_prefix="#",
        infer_schema=False,
        truncate_ragged_lines=True,
        quote_char=None,
    ).select(**names)
    frame = normalise(frame).rename({"gene": "named"})
    found = pl.concat([frame, locate(frame["variant_id"], "GRCh37").drop("variant_id")], how="horizontal")
    coding = found.filter(
        (pl.col("region") == "coding")
        & (pl.col("named") == pl.col("gene"))
        & pl.col("variant_id").str.contains(":[ACGT]:[ACGT]$")
    )
    codon = coding["change"].str.extract(r"^p\.[A-Z*](\d+)").cast(pl.Int64)
    other = coding.filter((codon != coding["codon_first"]).fill_null(False))["gene"].unique()
    assert set(other) == {"NF1", "TMPRSS2", "MEN1", "PTPRT", "FGFR1", "SMARCA4", "VEGFA", "RAC1", "IGF2"}
    assert coding["is_ref_match"].drop_nulls().all() and coding["is_ref_match"].count() > 1600
    named = coding.drop_nulls("hgvs_p")
    differ = named.filter(pl.col("hgvs_p") != pl.col("change"))
    # a synonymous change of an exon's last base, and a lost stop whose new end lies past the coding sequence
    assert sorted(differ["change"]) == ["p.*394Gext*9", "p.X125_splice"]
    words = consequences(named["word"])
    assert (words != named["consequence"]).sum() == 1


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_known_hotspot_loci_have_their_residue(build: str, shared_data) -> None:
    """cancerhotspots.org v2 loci of both builds: an indel is filed there under a residue nearby."""
    file = shared_data("kb-cancerhotspots") / f"loci_v2_{build}.tsv"
    columns = ["chrom", "pos", "ref", "alt", "named", "word", "change"]
    frame = pl.read_csv(file, separator="\t", has_header=False, infer_schema=False)
    frame = normalise(frame.select(frame.columns[:7]).rename(dict(zip(frame.columns[:7], columns, strict=True))))
    found = pl.concat([frame, locate(frame["variant_id"], build).drop("variant_id")], how="horizontal")
    is_snv = pl.col("variant_id").str.contains(":[ACGT]:[ACGT]$")
    coding = found.filter((pl.col("named") == pl.col("gene")) & pl.col("hgvs_p").is_not_null() & is_snv)
    assert coding.height > 1400 and coding["is_ref_match"].all()
    residue = pl.col("change").str.extract(r"^[A-Z*](\d+)").cast(pl.Int64)
    other = found.filter((pl.col("named") == pl.col("gene")) & is_snv & (residue != pl.col("codon_first")))
    assert set(other["gene"]) <= {
        "NF1",
        "MEN1",
        "SMARCA4",
        "FGFR1",
        "RAC1",
    }  # numbered by another transcript there
    differ = coding.filter(canonicals(coding["change"]) != coding["hgvs_p"])
    assert differ.is_empty(), differ.select("variant_id", "gene", "change", "hgvs_p")
