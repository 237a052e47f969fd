"""Reports of laboratories as they are delivered (layouts from the makers' published schemas; all content invented)."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from oncourse.errors import InputError
from oncourse.io.detect import read_any
from oncourse.io.files import read_files
from oncourse.io.reports.vendors import is_vendor, read_vendor
from oncourse.io.structural.events import read_gene_copy_number, read_structural_variants

FOUNDATION = """\ufeff<?xml version="1.0"?><rr:ResultsReport xmlns:rr="http://integration.foundationmedicine.com/reporting">
<rr:ResultsPayload><FinalReport><ReportId>TRF1</ReportId><PMI><MRN>H22</MRN></PMI></FinalReport>
<variant-report test-type="FoundationOneCDx" specimen="S-1"><short-variants>
<short-variant cds-effect="1799T&gt;A" depth="800" gene="BRAF" allele-fraction="0.25" position="chr7:140453136"
 protein-effect="V600E" functional-effect="missense" strand="-"/>
<short-variant cds-effect="35G&gt;A" depth="900" gene="KRAS" percent-reads="30.1" position="chr12:25398284"
 protein-effect="G12D"/>
<short-variant cds-effect="3927_3931delAAAGA" depth="800" gene="APC" percent-reads="40" position="chr5:112175211"
 protein-effect="E1309fs*4"/></short-variants>
<copy-number-alterations><copy-number-alteration gene="ERBB2" type="amplification"/>
<copy-number-alteration gene="PTEN" type="loss"/>
<copy-number-alteration gene="CDKN2A" type="loss" equivocal="true"/></copy-number-alterations>
<rearrangements><rearrangement description="TMPRSS2(NM_1)-ERG(NM_2)" other-gene="ERG" targeted-gene="TMPRSS2" type="fusion"
 supporting-read-pairs="30" in-frame="No"/>
<rearrangement other-gene="N/A" targeted-gene="BRCA2" type="truncation"/></rearrangements>
<biomarkers><microsatellite-instability status="MSS"/><tumor-mutation-burden score="7.57"/></biomarkers>
</variant-report></rr:ResultsPayload></rr:ResultsReport>"""
TSO = (
    "[Analysis Details]\nPair ID\tP1\nGenome\tGRCh37\n\n[TMB]\nTotal TMB\t7.8\n\n[MSI]\nPercent Unstable MSI "
    "Sites\t2.5\n\n"
    "[Gene Amplifications]\nGene\tFold Change\nERBB2\t4.2\n\n[Fusions]\nGene Pair\tBreakpoint 1\tFusion Supporting "
    "Reads\n"
    "EML4-ALK\tchr2:1\t12\n\n[Splice Variants]\nGene\nNA\n\n[Small Variants]\nGene\tChromosome\tGenomic Position\t"
    "Reference Call\tAlternative Call\tAllele Frequency\tDepth\tP-Dot Notation\tConsequence(s)\n"
    "KRAS\tchr12\t25398284\tC\tT\t0.301\t900\tNP_004976.2:p.(Gly12Asp)\tmissense_variant\n"
)
TEMPUS = {
    "patient": {"tempusId": "T-9"},
    "specimens": [{"tempusSampleId": "X1"}],
    "results": {
        "msiStatus": "stable",
        "tumorMutationalBurden": 4.2,
        "lowCoverageGenes": ["ATM"],
        "somaticPotentiallyActionableMutations": [
            {"gene": "KRAS", "variants": [{"mutationEffect": "p.G12D", "allelicFraction": "30.1", "coverage": 900}]}
        ],
        "somaticPotentiallyActionableCopyNumberVariants": [{"gene": "ERBB2", "variantDescription": "Copy number gain"}],
        "inheritedRelevantVariants": {"values": [{"gene": "BRCA2", "mutationEffect": "p.S1982fs"}]},
        "fusionVariants": [{"gene5": "EML4", "gene3": "ALK"}],
    },
}


def _calls(reading):
    return reading.tables["calls"].sort("variant_id").select("sample_id", "variant_id", "alt_count", "depth").rows()


def test_a_foundation_report_holds_calls_copies_rearrangements_and_markers(tmp_path):
    """Alleles follow from coding change and strand: BRAF lies on the minus strand."""
    (tmp_path / "r.xml").write_text(FOUNDATION, "utf-8")
    reading = read_any(tmp_path / "r.xml")
    assert _calls(reading) == [
        ("TRF1", "12:25398284:C:T", 271, 900),
        ("TRF1", "7:140453136:A:T", 200, 800),
        ("TRF1", "APC:p.E1309fs*4", 320, 800),
    ]
    samples = reading.tables["samples"].select("sample_id", "patient_id", "assay_id", "msi_status", "tmb_per_mb").rows()
    assert samples == [("TRF1", "H22", "FoundationOne", "MSS", "7.57")]
    assert reading.tables["fusions"].select("gene_5p", "gene_3p", "frame").rows() == [
        ("TMPRSS2", "ERG", "out_of_frame"),
        ("BRCA2", "BRCA2", None),
    ]
    copies = dict(reading.tables["gene_copy_number"].select("gene", "call").iter_rows())
    assert copies == {"ERBB2": "2", "PTEN": "-2", "CDKN2A": "-1"}  # an equivocal loss is no deep deletion
    assert any("copies of CDKN2A are equivocal" in p.message for p in reading.problems)


def test_a_tso500_output_is_read_by_its_sections(tmp_path):
    (tmp_path / "P1_CombinedVariantOutput.tsv").write_text(TSO)
    reading = read_any(tmp_path / "P1_CombinedVariantOutput.tsv")
    assert _calls(reading) == [("P1", "12:25398284:C:T", 271, 900)]
    assert reading.tables["samples"].select("tmb_per_mb", "msi_score").rows() == [("7.8", "2.5")]
    assert reading.tables["fusions"].select("gene_5p", "gene_3p", "support").rows() == [("EML4", "ALK", "12")]
    assert reading.config.genome_build == "GRCh37"


def test_a_tempus_report_is_read_and_what_is_not_stands_in_the_ledger(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(TEMPUS))
    reading = read_any(tmp_path / "t.json")
    assert _calls(reading) == [("X1", "BRCA2:p.S1982fs", None, None), ("X1", "KRAS:p.G12D", 271, 900)]
    assert sorted(reading.tables["calls"]["origin"]) == ["germline", "somatic"]
    columns = reading.ledger.tables()["intake/columns"]
    assert columns.filter(columns["column"] == "lowCoverageGenes")["became"].to_list() == ["coverage"]
    assert reading.tables["coverage"].rows() == [("X1", "ATM", 0)]


def test_a_folder_of_reports_is_one_study_and_a_broken_one_is_named(tmp_path):
    (tmp_path / "a.xml").write_text(FOUNDATION, "utf-8")
    (tmp_path / "b.tsv").write_text(TSO)
    assert is_vendor(tmp_path)
    assert read_vendor(tmp_path).tables["samples"]["sample_id"].to_list() == ["TRF1", "P1"]
    (tmp_path / "c.xml").write_text(FOUNDATION[:400], "utf-8")
    with pytest.raises(InputError, match=r"c\.xml: is no whole XML file"):
        read_vendor(tmp_path)


def test_a_report_without_a_variant_keeps_its_sample(tmp_path):
    (tmp_path / "r.tsv").write_text("[Analysis Details]\nDNA Sample ID\tP9\n[Small Variants]\nGene\nNA\n")
    reading = read_vendor(tmp_path / "r.tsv")
    assert reading.tables["samples"]["sample_id"].to_list() == ["P9"]
    assert reading.tables["calls"].is_empty()


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
def test_a_bcf_is_read_through_bcftools(tmp_path):
    text = (
        "##fileformat=VCFv4.2\n##contig=<ID=12,length=133851895>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=x>\n"
        "##FORMAT=<ID=AD,Number=R,Type=Integer,Description=x>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tT1\n"
        "12\t25398284\t.\tC\tT\t.\tPASS\t.\tGT:AD\t0/1:70,30\n"
    )
    (tmp_path / "T1.vcf").write_text(text)
    subprocess.run(["bcftools", "view", tmp_path / "T1.vcf", "-Ob", "-o", tmp_path / "T1.bcf"], check=True)
    reading = read_files([tmp_path / "T1.bcf"])
    assert reading.tables["calls"].select("sample_id", "variant_id", "alt_count").rows() == [
        ("T1", "12:25398284:C:T", 30)
    ]
    (tmp_path / "bad.bcf").write_bytes(b"BCF\x02\x02x")
    with pytest.raises(InputError, match="bcftools view bad"):
        read_files([tmp_path / "bad.bcf"])


def test_copies_in_words_are_calls(tmp_path):
    path = tmp_path / "data_cna.txt"
    path.write_text("Hugo_Symbol\tS1\tS2\nMYC\tAmplification\tDiploid\nPTEN\tHOMDEL\tshallow deletion\n")
    frame, problems = read_gene_copy_number(path)
    assert sorted(frame["call"]) == [-2.0, -1.0, 0.0, 2.0]
    assert problems == []


def test_the_frame_of_a_fusion_is_kept(tmp_path):
    """cBioPortal: Site2_Effect_On_Frame, else the words of the event."""
    path = tmp_path / "data_sv.txt"
    path.write_text(
        "Sample_Id\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\tSite2_Effect_On_Frame\tEvent_Info\n"
        "S1\tCCDC6\tRET\tOUT_OF_FRAME\tx\nS2\tEML4\tALK\tNA\tProtein Fusion: in frame {EML4:ALK}\nS3\tA1BG\tRET\t\tx\n"
    )
    assert read_structural_variants(path)[0]["frame"].to_list() == ["out_of_frame", "in_frame", None]


def test_bases_of_a_foundation_call_are_those_of_the_genome_on_either_strand():
    """EGFR L858R is T>G on the genome as in the gene; BRAF V600E, on the other strand, is A>T; a deletion names none."""
    from oncourse.io.reports.vendors import _foundation_call

    egfr = _foundation_call({"gene": "EGFR", "cds-effect": "2573T>G", "position": "chr7:55259515"})
    braf = _foundation_call({"gene": "BRAF", "cds-effect": "1799T>A", "position": "chr7:140453136"})
    lost = _foundation_call({"gene": "TP53", "cds-effect": "743_744delGG", "position": "chr17:7577537"})
    assert [(v["chrom"], v["pos"], v["ref"], v["alt"]) for v in (egfr, braf, lost)] == [
        ("chr7", "55259515", "T", "G"),
        ("chr7", "140453136", "A", "T"),
        ("chr17", "7577537", None, None),
    ]
