"""Files that callers of copy number and MSI write beside the calls, in one folder: each is read, once, by its own kind.

Written from the threads named in each line (etal, cancerit, mskcc, hmftools, ichorCNA, MANTIS on GitHub) and manuals.
"""

import pytest
from tests.io.strangers import write_vcf

from oncourse.io.detect import read_any
from oncourse.io.files import read_files

CALL = "12 25398284 . C T . PASS . GT:AD:DP 0/1:70,30:100"
#: Patient -> files beside P.vcf; `@` is the patient's name, cells are parted by blanks.
BESIDE = {
    # OSU-SRLab/MANTIS: -o P1.mantis writes four files
    "P1": {
        "@.mantis.status": "Average_Metric Value Threshold Status\nStep-Wise~Difference~(DIF) 0.68 0.4 Unstable",
        "@.mantis": "Locus Normal_Reads Tumor_Reads Difference Distance Dissimilarity\nAverage 55 60 0.65 0.3 0.2",
        "@.mantis.kmer_counts": "Locus Repeats Normal Tumor\nchr1:100-120 10 5 6",
    },
    # broadinstitute/ichorCNA#75, #92: three files; the segments stand in .seg and in .seg.txt
    "P2": {
        "@.params.txt": "Sample Tumor~Fraction Ploidy\n@ 0.312 2.85\nTumor~Fraction:~~0.312\nPloidy:~~2.85",
        "@.seg.txt": "ID chrom start end seg.median.logR copy.number Corrected_Copy_Number\n@ 17 37000001 39000000 1.2 5 9",
        "@.cna.seg": "chr start end @.copy.number @.logR @.Corrected_Copy_Number\n17 37000001 38000000 5 1.2 9",
    },
    # nf-core/sarek#1223, etal/cnvkit#745: a table of genes and no segments
    "P3": {
        "@.genemetrics.tsv": "gene chromosome start end log2 depth weight n_bins\nERBB2 17 37844393 37884915 2.8 900 3 9"
    },
    # hartwigmedical/hmftools#17
    "P4": {
        "@.purple.cnv.gene.tsv": "chromosome start end gene minCopyNumber maxCopyNumber\n17 37844393 37884915 ERBB2 14 15",
    },
    # mskcc/facets-suite: gene_level.txt; FACETS .out
    "P5": {
        "@.gene_level.txt": "sample gene chrom gene_start gene_end tcn lcn filter\n@ ERBB2 17 37844393 37884915 14 1 PASS",
        "@.out": "#~Purity~=~0.66\n#~Ploidy~=~3.1",
    },
    # cancerit/ascatNgs#83: no header; the normal's copies stand before the tumour's
    "P6": {
        "@.copynumber.caveman.csv": "1,17,37000000,39000000,2,1,9,1\n2,1,668374,96324627,2,1,2,1",
        "@.samplestatistics.txt": "NormalContamination~0.38\nPloidy~2.03\nrho~0.62\npsi~2.0",
    },
    "P7": {  # Sequenza
        "@_segments.txt": "chromosome start.pos end.pos CNt A B\n17 37000000 39000000 9 8 1",
        "@_alternative_solutions.txt": "cellularity ploidy SLPP\n0.71 2.2 -5\n0.4 3.8 -9",
    },
    "P8": {"@_rho_and_psi.txt": "~ rho psi distance is.best\nFRAC_GENOME 0.58 2.3 0.01 TRUE"},  # Battenberg
    "P9": {  # Control-FREEC
        "@.pileup_info.txt": "Program_Version v11\nSample_Purity 0.55\nOutput_Ploidy 3",
        "@_CNVs": "17 37000000 39000000 9 gain",
    },
    "P10": {  # PureCN
        "@.csv": "Sampleid,Purity,Ploidy,Failed\n@,0.44,2.2,FALSE",
        "@_genes.csv": "Sampleid,gene.symbol,chr,start,end,C,seg.mean\n@,ERBB2,chr17,37844393,37884915,12,2.2",
    },
    # segments stand before a table of genes
    "P11": {
        "@.genemetrics.tsv": "gene chromosome start end log2 depth weight n_bins\nERBB2 17 37844393 37884915 2.8 900 3 9",
        "@.call.cns": "chromosome start end gene log2 cn\n17 37000000 39000000 ERBB2 2.8 9",
        "@.cns": "chromosome start end gene log2 probes\n17 37000000 39000000 ERBB2 2.5 9",
    },
    "P12": {"@.cns": "chromosome start end gene log2 probes\n17 37000000 39000000 ERBB2 2.5 9"},
    "P13": {
        "fusions.csv": "sample,gene_5p,gene_3p\n@,EML4,ALK",
        "@.fusions.discarded.tsv": "#gene1 gene2 breakpoint1 breakpoint2\nRET KIF5B 10:43612032 10:32306071",
    },
}


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in")
    for patient, files in BESIDE.items():
        write_vcf(folder / f"{patient}.vcf", [patient], [CALL])
        for name, text in files.items():
            cells = "\t".join(text.replace("@", patient).split(" ")).replace("~", " ")
            (folder / name.replace("@", patient)).write_text(cells + "\n")
    return read_any(folder)


def test_every_file_beside_the_calls_is_read(reading):
    """Fits and tables of genes were "not read: nobody said what it is", MANTIS's were left out without a word."""
    assert reading.tables["samples"]["sample_id"].sort().to_list() == sorted(BESIDE)
    unread = {row[0] for row in reading.ledger.files if row[2] == "not read"}
    assert unread == {
        "P1.mantis.kmer_counts",
        "P2.cna.seg",
        "P11.genemetrics.tsv",
        "P11.cns",
        "P13.fusions.discarded.tsv",
    }


def test_what_they_say_is_in_the_tables(reading):
    samples = {row["sample_id"]: row for row in reading.tables["samples"].iter_rows(named=True)}
    fits = {s: (row["purity"], row["ploidy"]) for s, row in samples.items() if row["purity"]}
    assert fits == {
        "P2": (0.312, 2.85),
        "P5": (0.66, 3.1),
        "P6": (0.62, 2.03),
        "P7": (0.71, 2.2),
        "P8": (0.58, 2.3),
        "P9": (0.55, 3.0),
        "P10": (0.44, 2.2),
    }
    assert samples["P1"]["msi_status"] == "MSI-H"
    found = reading.tables["segments"].filter(chrom="17").select("sample_id", "total_cn", "minor_cn", "log2_ratio")
    assert set(found.iter_rows()) == {
        ("P2", 9, None, 1.2),
        ("P3", None, None, 2.8),
        ("P4", 14, None, None),
        ("P5", 14, 1, None),
        ("P6", 9, 1, None),
        ("P7", 9, 1, None),
        ("P9", 9, None, None),
        ("P10", 12, None, 2.2),
        ("P11", 9, None, 2.8),
        ("P12", None, None, 2.5),
    }
    assert reading.tables["fusions"].select("sample_id", "gene_5p", "gene_3p").rows() == [("P13", "EML4", "ALK")]


def test_results_of_mantis_without_its_status(tmp_path):
    """Its table of loci holds the average, which its own threshold of 0.4 judges; counts of repeats are no result."""
    calls = write_vcf(tmp_path / "P1.vcf", ["P1"], [CALL])
    table = tmp_path / "P1.mantis.txt"
    table.write_text("Locus\tNormal_Reads\tTumor_Reads\tDifference\tDistance\nAverage\t55\t60\t0.39\t0.3\n")
    assert read_files([calls], depths=[table]).tables["samples"]["msi_status"].to_list() == ["MSS"]
    table.write_text("Locus\tRepeats\tNormal\tTumor\nchr1:1-9\t10\t5\t6\n")
    with pytest.raises(Exception, match=r"MANTIS's counts of repeats: its result is the file \.status"):
        read_files([calls], depths=[table])


def test_two_fits_of_a_sample_that_differ_are_told(tmp_path):
    """The first stood, and nothing said that another caller's was half of it."""
    write_vcf(tmp_path / "P1.vcf", ["P1"], [CALL])
    (tmp_path / "P1.out").write_text("# Purity = 0.80\n# Ploidy = 2.0\n")
    (tmp_path / "P1.params.txt").write_text("Tumor Fraction:  0.31\nPloidy:  2.1\n")
    reading = read_any(tmp_path)
    assert reading.tables["samples"]["purity"].to_list() == [0.8]
    told = [p.message for p in reading.problems if p.column == "purity"]
    assert told == ["purity of 1 samples differs from what is known (P1: 0.8, here 0.31)."]
