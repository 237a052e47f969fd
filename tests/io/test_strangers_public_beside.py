"""What stands beside calls (copies, purity, depths, fusions, a clinical table), after public bug reports and manuals."""

from __future__ import annotations

import json

import pytest
from tests.io.strangers import KRAS, KRAS_ROW, MAF, calls_of, states_of, write_table, write_vcf

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.io.files import read_files
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.structural.fusion_callers import read_fusion_calls


def _beside(tmp_path, option, name, text, by="\t"):
    calls = write_table(tmp_path / "calls.maf", f"{MAF}\n{KRAS_ROW}")
    path = write_table(tmp_path / name, text, by)
    return read_delivery([calls], **{option: [path]})


@pytest.mark.parametrize(
    ("name", "text", "by", "rows"),
    [
        (
            "S1.bam_ratio.txt",
            "Chromosome|Start|Ratio|MedianRatio|CopyNumber|BAF|estimatedBAF|Genotype\n12|1|1.5|1.5|3|.3|.3|AAB\n"
            "12|5001|1.4|1.5|3|-1|.3|AAB\n12|10001|1|1|2|.5|.5|AB\n12|15001|-1|-1|-1|-1|-1|-",
            "\t",
            [("12", 1, 10000, 3.0, 1.0), ("12", 10001, 15000, 2.0, 1.0)],
        ),
        (
            "S1_loh.csv",
            "Sampleid|chr|start|end|arm|C|M|type|seg.mean\nS1|chr12|1|9000|p|3|1||0.2",
            ",",
            [("12", 1, 9000, 3.0, 1.0)],
        ),
        (
            "S1.cnv.output.tsv",
            "chr|start|end|cp|major_allele_cp\n12|1|9000|3|2",
            "\t",
            [("12", 1, 9000, 3.0, 1.0)],
        ),
    ],
)
def test_copies_of_further_callers(tmp_path, name, text, by, rows):
    """Control-FREEC's windows (refused), PureCN's copies (only its ratios were read), Accucopy."""
    found = _beside(tmp_path, "segments", name, text, by).tables["segments"]
    assert found.select("chrom", "start", "end", "total_cn", "minor_cn").rows() == rows


@pytest.mark.parametrize(
    ("name", "text", "by", "purity"),
    [
        ("S1.bam_info.txt", "Program_Version|v11.6\nSample_Purity|0.6\nOutput_Ploidy|3", "\t", 0.6),
        ("S1.csv", "Sampleid|Purity|Ploidy|Failed|Comment\nS1|1|2|TRUE|NON-ABERRANT", ",", None),
        ("S1.csv", "Sampleid|Purity|Ploidy|Failed|Comment\nS1|0.41|3.4|FALSE|x", ",", 0.41),
    ],
)
def test_purity_of_further_callers(tmp_path, name, text, by, purity):
    """PureCN writes 1 and 2 where its fit failed (BALSAMIC#824 shows its table)."""
    assert _beside(tmp_path, "segments", name, text, by).tables["samples"]["purity"].to_list() == [purity]


def test_purity_in_the_header_of_a_vcf_of_copies(tmp_path):
    """DRAGEN and Canvas (canvas#14): ##EstimatedTumorPurity."""
    head = ("##source=Canvas 1.3", "##OverallPloidy=2.71", "##EstimatedTumorPurity=0.41")
    row = "12 1 x N <CNV> 50 PASS SVTYPE=CNV;END=100000 RC:BC:CN:MCC 140:90:3:2"
    calls = write_table(tmp_path / "calls.maf", f"{MAF}\n{KRAS_ROW}")
    reading = read_delivery([calls], segments=[write_vcf(tmp_path / "S1.cnv.vcf", ["S1"], [row], *head)])
    assert reading.tables["samples"].select("purity", "ploidy").rows() == [(0.41, 2.71)]


def test_copies_under_the_name_of_a_ratio_and_of_another_build_are_refused(tmp_path):
    head = "ID|chrom|loc.start|loc.end|num.mark|seg.mean\n"
    reading = _beside(
        tmp_path, "segments", "x.seg", head + "\n".join(f"S1|{c}|1|90|9|{v}" for c, v in ((1, 2), (2, 2.1), (3, 3)))
    )
    assert any("these are copies" in p.message for p in reading.problems)
    reading = _beside(tmp_path, "segments", "y.seg", head + "S1|17|1|83257441|9|0.1")
    _, problems = checked(reading)
    assert any("GRCh38" in p.cure for p in problems if p.severity == "error")


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("S1.depth.txt", "12|100|500\n12|101|510\n12|102|20", [("12", 100, 101, 500), ("12", 102, 102, 20)]),
        ("depth.tsv", "#CHROM|POS|/x/S1.bam\n12|100|500", [("12", 100, 100, 500)]),
        ("S1.cov", "Locus|Total_Depth|Depth_for_S1\n12:100|500|500", [("12", 100, 100, 500)]),
        ("S1.bedcov.txt", "12|99|101|KRAS|1|500\n12|99|101|KRAS|2|501", [("12", 100, 101, 500)]),
        (
            "S1_read_cov_report.bed",
            "#chrom|start|end|name|mean_cvg|min_cvg\n12|99|200|K|500|300",
            [("12", 100, 200, 300)],
        ),
        (
            "S1.sample_interval_summary",
            "Target|S1_%_above_15|S1_%_above_50\n12:100-200|100.0|90.0",
            [("12", 100, 200, 15)],
        ),
    ],
)
def test_depths_of_further_programs(tmp_path, name, text, rows):
    """samtools depth, GATK DepthOfCoverage, bedtools coverage -d, DRAGEN."""
    found = _beside(tmp_path, "depths", name, text).tables["coverage"]
    assert found.select("sample_id", "chrom", "start", "end", "min_depth").rows() == [("S1", *row) for row in rows]


def test_counts_of_reads_are_no_depth_and_dragen_tells_msi(tmp_path):
    with pytest.raises(InputError, match="CollectReadCounts"):
        _beside(tmp_path, "depths", "S1.counts.tsv", "@HD|VN:1.6\nCONTIG|START|END|COUNT\n12|100|200|500")
    said = json.dumps({"PercentageUnstableSites": "12.5", "ResultIsValid": "true"})
    reading = _beside(tmp_path, "depths", "S1.microsat_output.json", said)
    assert reading.tables["samples"]["msi_score"].to_list() == [12.5]


@pytest.mark.parametrize(
    ("name", "text", "by"),
    [
        ("jaffa_results.csv", "sample,fusion genes,spanning reads\nS1,TMPRSS2:ERG,10", ","),
        ("S1.fusions.csv", "Fusion;Score\nTMPRSS2--ERG;0.8", ";"),
        ("S1.results.tsv", "GeneName1|GeneName2|crossingreads\nTMPRSS2|ERG|5", "\t"),
    ],
)
def test_fusions_of_further_callers(tmp_path, name, text, by):
    """JAFFA, nf-core/rnafusion's fusion-report, EricScript."""
    found, _ = read_fusion_calls(write_table(tmp_path / name, text, by))
    assert found.select("sample_id", "gene_5p", "gene_3p").rows() == [("S1", "TMPRSS2", "ERG")]


def test_a_sample_is_of_the_listed_patient_its_id_begins_with(tmp_path):
    """A clinical table of patients only: the samples were patients of their own, without follow-up."""
    rows = "\n".join(KRAS_ROW.replace("S1", s) for s in ("P1_T", "P1-2-T", "P10_T", "P1_9"))
    maf = write_table(tmp_path / "a.maf", f"{MAF}\n{rows}")
    clinical = write_table(tmp_path / "c.txt", "PATIENT_ID|OS_MONTHS|OS_STATUS\nP1|12|1:DECEASED\nP1-2|20|0:LIVING")
    reading = read_files([maf], clinical=[clinical])
    owners = dict(reading.tables["samples"].select("sample_id", "patient_id").iter_rows())
    assert owners == {"P1_T": "P1", "P1-2-T": "P1-2", "P10_T": "P10_T", "P1_9": "P1_9"}
    assert any("2 samples are of the patient their id begins with" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("word", "status", "told"),
    [
        ("MSI-H (32%)", "MSI-H", False),
        ("MSS, PCR", "MSS", False),
        ("MSI-H?", None, True),
        ("10.5", None, True),
        ("Do not report", None, False),
    ],
)
def test_words_of_msi_in_a_clinical_table(tmp_path, word, status, told):
    """A share behind the word made the status unknown, and nothing said so."""
    maf = write_table(tmp_path / "a.maf", f"{MAF}\n{KRAS_ROW}\n{KRAS_ROW.replace('S1', 'S2')}")
    clinical = write_table(tmp_path / "c.txt", f"SAMPLE_ID|PATIENT_ID|MSI_TYPE\nS1|P1|{word}\nS2|P2|MSS")
    reading = read_files([maf], clinical=[clinical])
    assert reading.tables["samples"].sort("sample_id")["msi_status"][0] == status
    assert any("microsatellite status" in p.message for p in reading.problems) == told


def _cbioportal(folder, **files):
    write_table(folder / "meta_study.txt", "type_of_cancer: crc\ncancer_study_identifier: x\nname: x\ndescription: x")
    for name, text in files.items():
        write_table(folder / f"{name}.txt", text)
    return folder


def test_fusions_among_the_rows_of_a_maf(tmp_path):
    """cBioPortal's older studies: rows of class Fusion, one per partner (they were calls that nobody understands)."""
    fusion = "\n".join(f"{gene}||||||S1|Fusion|EML4-ALK fusion|GRCh37" for gene in ("EML4", "ALK"))
    text = f"{MAF}\n{KRAS_ROW}\n{KRAS_ROW.replace('S1', 'S2')}\n{fusion}"
    nobody = f"{KRAS_ROW.replace('S1', '')}\nALK||||||||EML4-ALK fusion|GRCh37".replace("||||||||", "|||||||Fusion|")
    maf = write_table(tmp_path / "a.maf", f"{text}\n{nobody}")
    reading = read_any(maf)
    assert calls_of(reading) == [("S1", KRAS), ("S2", KRAS)]
    assert [p.row for p in reading.problems if "no sample" in p.message] == [6, 7]
    assert reading.tables["fusions"].select("sample_id", "gene_5p", "gene_3p").rows() == [("S1", "EML4", "ALK")]
    looked = dict(reading.tables["samples"].select("sample_id", "sv_assay_id").iter_rows())
    assert looked == {"S1": "structural_variants", "S2": "not_profiled"}
    clinical = "PATIENT_ID|SAMPLE_ID\nP1|S1\nP2|S2"
    folder = _cbioportal(tmp_path / "study", data_mutations=text, data_clinical_sample=clinical)
    found = read_any(folder).tables["fusions"]
    assert found.select("sample_id", "gene_5p", "gene_3p").rows() == [("S1", "EML4", "ALK")]


def test_ids_of_copy_numbers_as_r_writes_them_are_the_same_samples(tmp_path):
    """R's make.names: X001.T for 001-T was a further patient, and RAS negative; so was a column nothing else names."""
    folder = _cbioportal(
        tmp_path / "study",
        data_mutations=f"{MAF}\n{KRAS_ROW.replace('S1', '001-T')}",
        data_clinical_sample="PATIENT_ID|SAMPLE_ID\nP1|001-T\nP2|002-T",
        data_cna="Hugo_Symbol|Entrez_Gene_Id|X001.T|X002.T|ZZ9\nERBB2|2064|2|0|2\nPTEN|5728|-2|NA|0",
    )
    reading = read_any(folder)
    assert states_of(reading, "RAS") == {"001-T": "positive", "002-T": "negative", "ZZ9": "not_assessable"}
    copies = states_of(reading, "HER2 amplification")
    assert copies == {"001-T": "positive", "002-T": "negative", "ZZ9": "positive"}


def test_segments_of_a_sample_named_by_the_path_of_its_file(tmp_path):
    maf = write_table(tmp_path / "a.maf", f"{MAF}\n{KRAS_ROW}")
    text = "ID|chrom|loc.start|loc.end|num.mark|seg.mean\n/data/S1.recal.bam|12|1|100000|50|0.5"
    reading = read_files([maf], segments=[write_table(tmp_path / "s.seg", text)])
    assert reading.tables["segments"]["sample_id"].to_list() == ["S1"]


def test_the_ledger_says_what_became_of_columns_of_segments_purity_and_fusions(tmp_path):
    maf = write_table(tmp_path / "a.maf", f"{MAF}\n{KRAS_ROW}")
    segments = write_table(tmp_path / "s.tsv", "sample|chrom|start|end|cn1|cn2|weight\nS1|12|1|100000|1|2|9")
    purity = write_table(tmp_path / "p.tsv", "sample|purity|ploidy|diploidProportion\nS1|0.6|2.1|0.2")
    fusions = write_table(tmp_path / "f.tsv", "sample|gene1|gene2|split_reads1|type\nS1|EML4|ALK|8|inversion")
    reading = read_files([maf], segments=[segments, purity], fusions=[fusions])
    told = {(row[0], row[1]): (row[2], row[3]) for row in reading.ledger.columns if row[0] != "a.maf"}
    assert told == {
        ("s.tsv", "sample"): ("used", "segments.sample_id"),
        ("s.tsv", "chrom"): ("used", "segments.chrom"),
        ("s.tsv", "start"): ("used", "segments.start"),
        ("s.tsv", "end"): ("used", "segments.end"),
        ("s.tsv", "cn1"): ("used", "segments.minor_cn"),
        ("s.tsv", "cn2"): ("used", "segments.minor_cn"),
        ("s.tsv", "weight"): ("not read", ""),
        ("p.tsv", "sample"): ("used", "samples.sample_id"),
        ("p.tsv", "purity"): ("used", "samples.purity"),
        ("p.tsv", "ploidy"): ("used", "samples.ploidy"),
        ("p.tsv", "diploidProportion"): ("not read", ""),
        ("f.tsv", "sample"): ("used", "fusions"),
        ("f.tsv", "gene1"): ("used", "fusions.gene_5p"),
        ("f.tsv", "gene2"): ("used", "fusions.gene_3p"),
        ("f.tsv", "split_reads1"): ("used", "fusions.support"),
        ("f.tsv", "type"): ("not read", ""),
    }
