"""Tables and documents that tools take out of a VCF, or write beside it; each was a stranger's input.

Layouts from the tools' public manuals, written anew; every id and number is made up.
"""

from __future__ import annotations

import doctest
import gzip
import json

import pytest

from oncourse.errors import InputError
from oncourse.io.detect import detect
from oncourse.io.files import read_files
from oncourse.io.variants import tool_columns

PLACE = ("12", "25398284", "C", "T")
MAF = "Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
CALL = "KRAS\tGRCh37\t12\t25398284\tC\tT\tP1T\n"
HEAD = (
    "##fileformat=VCFv4.2\n##contig=<ID=12,length=133851895>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\n"
)


def _read(folder, name, text, **settings):
    path = folder / name
    path.write_bytes(text) if isinstance(text, bytes) else path.write_text(text)
    return read_files([path], **settings)


def _rows(reading, table, *columns):
    return reading.tables[table].select(columns).sort(columns).rows()


def _table(*rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def test_examples():
    assert doctest.testmod(tool_columns).failed == 0


@pytest.mark.parametrize(
    "header",
    [
        ("CHROM", "POS", "REF", "ALT", "ANN[0].GENE", "ANN[0].HGVS_P", "GEN[0].AD", "GEN[0].DP"),
        ("# [1]CHROM", "[2]POS", "[3]REF", "[4]ALT", "[5]gene", "[6]HGVSp", "[7]AD", "[8]DP"),
        ("chr", "pos", "ref", "alt", "gene", "protein_change", "t_ad", "t_depth"),
    ],
)
def test_what_was_taken_out_of_a_vcf_is_read(tmp_path, header):
    """SnpSift extractFields, `bcftools query -H`, and the reads of both alleles in one cell."""
    text = _table(header, (*PLACE, "KRAS", "p.Gly12Asp", "70,30", 100))
    path = tmp_path / "P1.tsv"
    path.write_text(text)
    assert detect(path) == "maf"
    reading = read_files([path], build="GRCh37")
    assert _rows(reading, "calls", "sample_id", "variant_id", "alt_count", "depth") == [
        ("P1", "12:25398284:C:T", 30, 100)
    ]
    assert _rows(reading, "variants", "gene", "hgvs_p") == [("KRAS", "p.G12D")]


def test_a_report_of_opencravat_is_read(tmp_path):
    header = (
        "UID",
        "Chrom",
        "Position",
        "Ref Base",
        "Alt Base",
        "Hugo",
        "Sequence Ontology",
        "Protein Change",
        "Samples",
    )
    rows = _table(header, (1, *PLACE, "KRAS", "missense_variant", "p.Gly12Asp", "P1"))
    reading = _read(tmp_path, "x.variant.tsv", "#CRAVAT Report\n#\n" + rows)
    assert _rows(reading, "variants", "gene", "hgvs_p", "consequence") == [("KRAS", "p.G12D", "missense")]
    assert _rows(reading, "calls", "sample_id") == [("P1",)]


@pytest.mark.parametrize(
    ("word", "called"), [("0/1", True), ("0|0", False), ("C/T", True), ("C/C", False), ("WT", False)]
)
def test_a_genotype_of_a_table_says_what_it_says_in_a_vcf(tmp_path, word, called):
    """A table of every site and sample with 0/0 made every patient RAS mutated."""
    header = ("sample", "chr", "pos", "ref", "alt", "gene", "genotype")
    reading = _read(tmp_path, "m.tsv", _table(header, ("P1", *PLACE, "KRAS", word)))
    assert _rows(reading, "calls", "is_called") == [(called,)]


def test_a_genotype_of_dots_is_no_call(tmp_path):
    """./. with a depth and no reads of the variant was a call, in a table and in a VCF; without a depth it is no row."""
    header = ("sample", "chr", "pos", "ref", "alt", "gene", "genotype", "t_depth")
    rows = [("P1", *PLACE, "KRAS", "./.", 50), ("P2", *PLACE, "KRAS", "./.", "")]
    reading = _read(tmp_path, "m.tsv", _table(header, *rows))
    assert _rows(reading, "calls", "sample_id", "is_called") == [("P1", False)]
    assert _rows(reading, "samples", "sample_id") == [("P1",), ("P2",)]
    record = ("12", "25398284", ".", "C", "T", ".", "PASS", ".", "GT:DP", "./.:50")
    assert _rows(_read(tmp_path, "a.vcf", HEAD + _table(record)), "calls", "is_called") == [(False,)]


def _vep():
    line = "\t".join(("12", "25398284", ".", "C", "T", ".", "PASS", ".", "GT:AD:DP", "0/1:70,30:100"))
    effect = {"gene_symbol": "KRAS", "hgvsp": "ENSP1.1:p.Gly12Asp", "canonical": 1, "variant_allele": "T"}
    effect["consequence_terms"] = ["missense_variant"]
    record = {"input": line, "assembly_name": "GRCh37", "transcript_consequences": [effect]}
    return json.dumps(record)


def _nirvana():
    effect = {"hgnc": "KRAS", "hgvsp": "NP_1.1:p.(Gly12Asp)", "consequence": ["missense_variant"], "isCanonical": True}
    variant = {"altAllele": "T", "transcripts": [effect], "gnomad": {"allAf": 0.3}}
    sample = {"genotype": "0/1", "variantFrequencies": [0.3], "totalDepth": 100, "alleleDepths": [70, 30]}
    position = {"chromosome": "chr12", "position": 25398284, "refAllele": "C", "altAlleles": ["T"], "filters": ["PASS"]}
    position |= {"samples": [sample], "variants": [variant]}
    header = {"annotator": "Nirvana 3", "genomeAssembly": "GRCh37", "samples": ["P1"]}
    return gzip.compress(json.dumps({"header": header, "positions": [position]}).encode())


@pytest.mark.parametrize(
    ("name", "text", "origin"), [("P1.json", _vep(), "unknown"), ("P1.json.gz", _nirvana(), "germline")]
)
def test_json_of_annotators_is_read_as_a_vcf(tmp_path, name, text, origin):
    reading = _read(tmp_path, name, text)
    assert detect(tmp_path / name) == "vcf"
    assert _rows(reading, "calls", "sample_id", "alt_count", "depth", "origin") == [("P1", 30, 100, origin)]
    assert _rows(reading, "variants", "gene", "hgvs_p") == [("KRAS", "p.G12D")]
    assert reading.config.genome_build == "GRCh37"


def test_vep_s_json_of_places_alone_names_the_way(tmp_path):
    with pytest.raises(InputError, match="VEP with --vcf"):
        _read(tmp_path, "P1.json", json.dumps({"input": "rs121913529", "transcript_consequences": []}))


SEGMENTS = {
    "P1T_vs_P1N.gene_level.txt": (
        ("gene", "chrom", "gene_start", "gene_end", "seg_start", "tcn.em", "lcn.em", "filter"),
        ("MYC", 8, 100, 200, 1, 9, 1, "PASS"),
        ("PTEN", 10, 100, 200, 1, 0, 0, "suppress_large_homdel"),
    ),
    "P1T.purple.cnv.gene.tsv": (
        ("chromosome", "start", "end", "gene", "minCopyNumber", "maxCopyNumber", "minMinorAlleleCopyNumber"),
        (8, 100, 200, "MYC", 9.0, 9.4, 1.0),
    ),
    "P1T.cna.seg": (
        ("chr", "start", "end", "P1T.copy.number", "P1T.logR", "P1T.Corrected_Copy_Number"),
        (8, 100, 200, 5, 2.1, 9),
    ),
}


@pytest.mark.parametrize("name", SEGMENTS)
def test_copies_of_genes_and_of_plasma_are_segments(tmp_path, name):
    """FACETS-suite's and PURPLE's gene files, ichorCNA's bins: what the caller suppresses is not used, and told."""
    (tmp_path / name).write_text(_table(*SEGMENTS[name]))
    reading = _read(tmp_path, "calls.maf", MAF + CALL, segments=[tmp_path / name])
    assert _rows(reading, "segments", "sample_id", "chrom", "start", "end", "total_cn") == [("P1T", "8", 100, 200, 9.0)]
    assert any("suppresses" in p.message for p in reading.problems) == ("filter" in SEGMENTS[name][0])


def test_gatk_s_segments_under_their_sam_header(tmp_path):
    header = ("CONTIG", "START", "END", "LOG2_COPY_RATIO_POSTERIOR_50")
    text = "@HD\tVN:1.6\n@RG\tID:x\tSM:P1T\n" + _table(header, (8, 100, 200, 1.8))
    (tmp_path / "x.modelFinal.seg").write_text(text)
    reading = _read(tmp_path, "calls.maf", MAF + CALL, segments=[tmp_path / "x.modelFinal.seg"])
    assert _rows(reading, "segments", "sample_id", "start", "log2_ratio") == [("P1T", 100, 1.8)]


def test_oncomine_s_copies_and_targeted_fusions(tmp_path):
    """Its FILTER says GAIN or LOSS of copies, and its file lists every fusion of the assay, seen or not (Ion Reporter's
    guide): the copies vanished without a word, TMPRSS2-ERG was two changes within genes."""
    copies = [("8", "128748885", "MYC", "G", "<CNV>", "9", f, f"SVTYPE=CNV;END={e}", "GT:CN", f"./.:{n}")
              for f, e, n in (("GAIN", 128753674, 9), ("NOCALL", 128753675, 3))]  # fmt: skip
    fusions = [("21", "42880007", f"{pair}.T1E2_1", "G", "G]21:39817544]", ".", "PASS", f"SVTYPE=Fusion;READ_COUNT={n}",
                "GT:GQ", "./.:.") for pair, n in (("TMPRSS2-ERG", 800), ("TMPRSS2-ETV1", 0))]  # fmt: skip
    reading = _read(tmp_path, "P1.vcf", HEAD + _table(*copies, *fusions))
    assert _rows(reading, "fusions", "gene_5p", "gene_3p", "support") == [("TMPRSS2", "ERG", 800)]
    assert _rows(reading, "segments", "chrom", "total_cn") == [("8", 9.0)]
    assert any("copy number that failed its FILTER 1" in note for note in reading.notes)


def test_an_archive_is_told_to_be_unpacked(tmp_path):
    (tmp_path / "study.tar.gz").write_bytes(gzip.compress(bytes(1024)))
    with pytest.raises(InputError, match="Unpack it"):
        read_files([tmp_path / "study.tar.gz"])


def test_what_ion_reporter_shows_is_read(tmp_path):
    """The table of variants as Ion Reporter exports it: a locus, genes with exons, the observed allele."""
    header = ("Sample Name", "Locus", "Genes (Exons)", "Amino Acid Change", "Allele Coverage", "Coverage", "Ref",
              "Observed Allele", "Filter")  # fmt: skip
    row = ("P1", "chr12:25398284", "KRAS(2)", "p.Gly12Asp", "C=700, T=300", 1000, "C", "T", "PASS")
    reading = _read(tmp_path, "x.tsv", _table(header, row), build="GRCh37")
    assert _rows(reading, "calls", "sample_id", "variant_id", "alt_count") == [("P1", "12:25398284:C:T", 300)]
    assert _rows(reading, "variants", "gene", "hgvs_p") == [("KRAS", "p.G12D")]
