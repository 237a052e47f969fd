"""Names of genes, columns, panels and builds as other pipelines and hospitals write them; each was a stranger's input."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.genes.unread import unread_codons
from oncourse.io.aside import checked
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.files import read_files
from oncourse.io.reports.mapping import read_panel
from oncourse.study.config import config_from_mapping
from oncourse.study.model import Study

MAF = ("Hugo_Symbol", "Variant_Classification", "HGVSp_Short", "Tumor_Sample_Barcode", "Chromosome", "NCBI_Build")
PLACE = ("Start_Position", "Reference_Allele", "Tumor_Seq_Allele2")
RAS = pl.DataFrame({"gene": ["KRAS", "NRAS"], "codon": [12, 61]}, schema={"gene": pl.String, "codon": pl.Int64})


def _table(path, *rows):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def _vcf(path, columns, place, cells, *head):
    chrom, pos, ref, alt = place.split(":")
    top = "\t".join(("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *columns))
    row = "\t".join((chrom, pos, ".", ref, alt, "9", "PASS", ".", "GT:AD:DP", *cells))
    path.write_text("\n".join(("##fileformat=VCFv4.2", *head, top, row)) + "\n")
    return path


def _not_judged(folder, gene, change):
    path = _table(folder / "a.maf", (*MAF, *PLACE), (gene, "Missense_Mutation", change, "S1", "", "GRCh37", "", "", ""))
    tables, _ = checked(read_files([path]))
    study = Study(config_from_mapping({"genome_build": "GRCh37"}), tables)
    variants = study["variants"].select("gene", "hgvs_p").rows()
    return variants, set(unread_codons(study, RAS)["gene"])


@pytest.mark.parametrize(
    "gene", ["KRAS (NM_004985)", "KRAS基因", "KRAS exon2", "KRAS_NM_004985.5", "ENSG00000133703.14"]
)
def test_a_symbol_with_words_beside_it_is_the_gene(tmp_path, gene):
    """Without a place these became a gene nobody knows, and the patient RAS wild type (assumed)."""
    assert _not_judged(tmp_path, gene, "p.G12D")[0] == [("KRAS", "p.G12D")]


@pytest.mark.parametrize("gene", ["c-Ki-ras", "NM_004985", "某基因"])
def test_a_call_with_neither_place_nor_gene_may_be_in_any_gene(tmp_path, gene):
    assert _not_judged(tmp_path, gene, "p.G12D")[1] == {"KRAS", "NRAS"}


def test_a_call_on_no_chromosome_without_a_gene_may_be_in_any_gene(tmp_path):
    """One wrong cell of a simulated BRAF V600E (99:5:A:T) left the patient BRAF wild type."""
    row = ("", "Missense_Mutation", "", "S1", "99", "GRCh37", "5", "A", "T")
    tables, _ = checked(read_files([_table(tmp_path / "a.maf", (*MAF, *PLACE), row)]))
    study = Study(config_from_mapping({"genome_build": "GRCh37"}), tables)
    assert set(unread_codons(study, RAS)["gene"]) == {"KRAS", "NRAS"}


def test_a_call_of_another_gene_s_symbol_says_nothing_of_ras(tmp_path):
    assert _not_judged(tmp_path, "ZNF999", "p.G12D")[1] == set()


def test_a_missense_call_without_place_and_change_may_be_at_any_codon(tmp_path):
    assert _not_judged(tmp_path, "KRAS", "")[1] == {"KRAS"}


def test_a_coding_change_in_the_column_of_the_protein_change_is_read(tmp_path):
    """``c.35G>A`` became ``p.c.35G>A`` of no codon, and the patient RAS wild type."""
    assert _not_judged(tmp_path, "KRAS", "c.35G>A")[0] == [("KRAS", "p.G12D")]


def test_chinese_words_in_column_names_say_normal_and_plasma(tmp_path):
    """The normal tissue beside a tumour (癌旁) was a tumour of a patient of its own."""
    columns = ("P2_primary", "P2_癌旁", "P2_血浆")
    cells = ("0/1:60,40:100", "0/0:90,0:90", "0/1:990,10:1000")
    reading = read_files([_vcf(tmp_path / "j.vcf", columns, "12:25398284:C:T", cells, "##reference=hg19")])
    samples = reading.tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows()
    assert samples == [("P2_primary", "P2", "tissue"), ("P2_血浆", "P2", "plasma")]


@pytest.mark.parametrize(("length", "build"), [(133851895, "GRCh37"), (133275309, "GRCh38"), (5000, None)])
def test_the_length_of_any_chromosome_says_the_build(tmp_path, length, build):
    """Only chromosome 1 was looked at: an exome cut to chromosome 12 had no build, and no variant a gene."""
    head = f"##contig=<ID=chr12,length={length}>"
    reading = read_files([_vcf(tmp_path / "P1.vcf", ("P1",), "chr12:25398284:C:T", ("0/1:60,40:100",), head)])
    assert reading.config.genome_build == build


def test_genie_panels_are_those_of_genomic_information(tmp_path):
    """GENIE data guide: includeInPanel false, and introns, were not looked at for mutations."""
    maf = ("TP53", "Missense_Mutation", "p.R273H", "G-1-1", "17", "GRCh37", 7577120, "C", "T")
    _table(tmp_path / "data_mutations_extended.txt", (*MAF, *PLACE), maf)
    head = ("PATIENT_ID", "SAMPLE_ID", "SEQ_ASSAY_ID")
    _table(tmp_path / "data_clinical_sample.txt", head, ("G-1", "G-1-1", "SMALL"), ("G-2", "G-2-1", "BIG"))
    regions = [
        (
            "Chromosome",
            "Start_Position",
            "End_Position",
            "Hugo_Symbol",
            "Feature_Type",
            "includeInPanel",
            "SEQ_ASSAY_ID",
        ),
        ("17", 7577000, 7577200, "TP53", "exon", "True", "SMALL"),
        ("12", 25398200, 25398330, "KRAS", "intron", "True", "SMALL"),
        ("12", 25398200, 25398330, "NRAS", "exon", "False", "SMALL"),
        ("12", 25398200, 25398330, "KRAS", "exon", "True", "BIG"),
    ]
    _table(tmp_path / "genomic_information.txt", *regions)
    reading = read_cbioportal(tmp_path)
    assert dict(reading.tables["assays"].select("assay_id", "targets").rows()) == {"BIG": "KRAS", "SMALL": "TP53"}
    assert ("SMALL", "17", 7577001, 7577200) in reading.tables["target_regions"].rows()


def test_a_dash_among_results_in_words_is_no_negative_result(tmp_path):
    """``/`` in the column of results counted as "looked at, not altered" beside rows that say 阴性."""
    path = tmp_path / "r.tsv"
    _table(path, ("样本编号", "基因", "检测结果"), ("P1", "KRAS", "阴性"), ("P1", "BRAF", "/"), ("P1", "NRAS", "-"))
    assert read_panel(path).tables["assays"]["targets"].to_list() == ["KRAS"]


def test_a_finding_called_germline_is_of_that_origin(tmp_path):
    """``胚系`` beside the change was not read: a BRCA2 variant of the family counted as one of the tumour."""
    path = tmp_path / "r.tsv"
    _table(path, ("样本编号", "基因", "变异"), ("P1", "BRCA2", "c.5946del p.(Ser1982ArgfsTer22) 胚系 杂合"))
    assert read_panel(path).tables["calls"]["origin"].to_list() == ["germline"]


def test_purple_s_own_annotation_names_gene_and_change(tmp_path):
    """hmftools: IMPACT holds gene, transcript, effect, class, splice, c. and p.; only place and build named it before."""
    info = "IMPACT=KRAS,ENST00000256078,missense_variant,MISSENSE,false,c.35G>T,p.Gly12Val,,MISSENSE,1"
    path = _vcf(tmp_path / "P1_T.purple.somatic.vcf", ("P1_T",), "12:1000:C:A", ("0/1:70,30:100",))
    path.write_text(path.read_text().replace("PASS\t.\t", f"PASS\t{info}\t"))
    assert read_files([path]).tables["variants"].select("gene", "hgvs_p").row(0) == ("KRAS", "p.G12V")
