"""VCFs of public bug reports of the tools people use, rebuilt small; each names the report it comes from."""

from __future__ import annotations

import gzip

import pytest
from tests.io.strangers import CSQ, KRAS, calls_of, states_of, write_table, write_vcf

from oncourse.io.detect import read_any
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.whose.manifest import Question


@pytest.mark.parametrize(
    ("info", "head", "origins"),
    [
        ("POPAF=0.5,7.3", (), ("unknown", "germline")),
        ("gnomAD_AF=.,0.3", (), ("germline", "unknown")),
        ("gnomAD_AF=0.3", (), ("unknown", "unknown")),  # of one of the two, and nobody knows of which
        ("CSQ=T|KRAS|missense_variant|p.G12D|0.3,A|KRAS|missense_variant|p.G12V|0", (CSQ,), ("unknown", "germline")),
        (
            "ANNOVAR_DATE=x;gnomAD_exome_ALL=0.3;ALLELE_END;ANNOVAR_DATE=x;gnomAD_exome_ALL=.;ALLELE_END",
            (),
            ("unknown", "germline"),
        ),
    ],
)
def test_each_allele_has_its_own_population_frequency(tmp_path, info, head, origins):
    """Mutect2's POPAF, VEP and ANNOVAR give one for each: the first allele's made a somatic KRAS G12V germline."""
    rows = [f"12 25398284 . C T,A 50 PASS {info} GT:AD:DP 0/1/2:40,30,30:100"]
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], rows, *head)])
    assert calls_of(reading, "origin") == [("P1", "12:25398284:C:A", origins[0]), ("P1", KRAS, origins[1])]


@pytest.mark.parametrize(
    ("ref", "alt", "variant"),
    [
        ("C", "+A", "12:25398284:-:A"),
        ("C", "-CA", "12:25398285:CA:-"),
        ("CA/C", "C", "12:25398284:C:N"),
        ("C", "T/A", "12:25398284:C:N"),
    ],
)
def test_alleles_that_are_no_bases_are_no_wild_type(tmp_path, ref, alt, variant):
    """bcbio-nextgen#134: VarScan before 2.3.6; the record was left out and the patient RAS wild type."""
    fields = "GT:DP:RD:AD:FREQ 0/1:100:70:30:30%"
    rows = [f"12 25398284 . {ref} {alt} . PASS SS=2 {fields}", f"17 7578406 . C T . PASS SS=2 {fields}"]
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], rows)])
    assert [v for _, v in calls_of(reading)] == [variant, "17:7578406:C:T"]
    assert states_of(reading, "RAS")["P1"] != "negative"


@pytest.mark.parametrize(
    ("fields", "info", "counts"),
    [
        ("GT:CLCAD2:DP 0/1:70,30:100", ".", (30, 100)),  # CLC Genomics Workbench
        ("GT:GQ 0/1:99", "AC=1;AF=0.5;AN=2;DP=100", (None, 100)),  # GATK, bcftools: of genotypes
        ("GT:AD:DP 0/1:.,30:100", ".", (30, 100)),
    ],
)
def test_reads_are_those_of_the_reads(tmp_path, fields, info, counts):
    """INFO/AF beside AN is AC / AN: 50 of 100 reads were made of a heterozygous genotype."""
    row = f"12 25398284 . C T 50 PASS {info} {fields}"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], [row])])
    assert calls_of(reading, "alt_count", "depth") == [("P1", KRAS, *counts)]
    assert any("has reads" in p.message for p in reading.problems) == (counts[0] is None)


def test_the_normal_s_reads_may_stand_in_the_tumour_s_column(tmp_path):
    """ClairS writes one column, with NAD and NDP of the normal."""
    fields = "GT:DP:AD:NDP:NAD"
    rows = [
        f"12 25398284 . C T 9 PASS . {fields} 0/1:100:70,30:90:90,0",
        f"17 7578406 . C T 9 PASS . {fields} 0/1:100:50,50:90:45,45",
    ]
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], rows)])
    assert [o for *_, o in calls_of(reading, "origin")] == ["unknown", "germline"]


@pytest.mark.parametrize(("status", "called"), [("SOMATIC", True), (".", False)])
def test_a_somatic_record_of_one_tumour_is_called_whatever_its_genotype(tmp_path, status, called):
    row = f"12 25398284 . C T 50 PASS {status} GT:AD:DP 0/0:100,0:100 0/0:70,30:100"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["NORMAL", "TUMOR"], [row])])
    assert calls_of(reading, "is_called") == [("P1", KRAS, called)]


_STRELKA = "GT:AD:DP 0/0:100,0:100 0/1:70,30:100"


@pytest.mark.parametrize(
    ("names", "sample"),
    [
        (("S1.chr12.strelka.somatic.snvs.vcf", "S1.chr17.strelka.somatic.snvs.vcf"), "S1"),
        (("A-01.mutect2.chr12_12-43.vcf", "A-01.mutect2.chr17_5-43.vcf"), "A-01"),  # sarek#887
        (("P1.snp.Somatic.hc.vcf", "P1.indel.Somatic.hc.vcf", "P1.snp.Germline.hc.vcf"), "P1"),  # VarScan
        (("PT-vs-PN.vcf",), "PT"),
        (("D1-T__D1-N.vcf",), "D1-T"),  # mskcc/tempo
    ],
)
def test_pieces_of_one_sample_s_file_are_one_sample(tmp_path, names, sample):
    for k, name in enumerate(names):
        write_vcf(tmp_path / "in" / name, ["NORMAL", "TUMOR"], [f"{k + 1} 100 . C T 50 PASS . {_STRELKA}"])
    assert read_delivery([tmp_path / "in"]).tables["samples"]["sample_id"].to_list() == [sample]


def test_a_consensus_of_sarek_is_named_by_its_folder(tmp_path):
    """nf-core/sarek#2088: consensus/sample1/sample1_consensus/0000.vcf.gz; two people became the sample 0000."""
    for one in ("s7", "s8"):
        path = tmp_path / f"in/variant_calling/consensus/{one}/{one}_consensus/0000.vcf"
        write_vcf(path, ["TUMOR"], ["12 25398284 . C T 50 PASS . GT:AD:DP 0/1:70,30:100"])
    assert read_delivery([tmp_path / "in"]).tables["samples"]["sample_id"].to_list() == ["s7", "s8"]


@pytest.mark.parametrize(
    ("reference", "severity"), [("mm10.fa", "error"), ("chm13v2.0.fa", "warning"), ("hs37d5.fa", None)]
)
def test_another_genome_is_told_and_makes_nobody_wild_type(tmp_path, reference, severity):
    """RAS of a file on T2T-CHM13 was negative: none of its places was understood."""
    row = "chr12 25265000 . C T 50 PASS . GT:AD:DP 0/1:70,30:100"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], [row], reference=reference)])
    assert [p.severity for p in reading.problems if p.column == "build"] == ([severity] if severity else [])
    if severity == "warning":
        assert states_of(reading, "RAS") == {"P1": "not_assessable"}


def test_callers_columns_of_events_are_one_sample(tmp_path):
    """SURVIVOR merges Manta and DELLY: P1_manta and P1_delly were asked about as tumour and normal."""
    row = "21 42880008 . N N[21:39817544[ . PASS SVTYPE=TRA GT:PSV 0/1:NA 0/1:NA"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1_manta", "P1_delly"], [row])])
    assert reading.tables["samples"]["sample_id"].to_list() == ["P1"]


def test_dragen_names_its_pair_on_the_command_line(tmp_path):
    """DRAGEN writes ``--RGSM-tumor T --RGSM N`` and calls the columns by these names, the normal first."""
    head = '##DRAGENCommandLine=<ID=dragen,CommandLineOptions="-r ref --RGSM-tumor CD34 --RGSM AB12">'
    row = "12 25398284 . C T 50 PASS . GT:AD:DP 0/0:100,0:100 0/1:70,30:100"
    reading = read_any(write_vcf(tmp_path / "x.hard-filtered.vcf", ["AB12", "CD34"], [row], head))
    assert calls_of(reading, "alt_count") == [("CD34", KRAS, 30)]


@pytest.mark.parametrize("name", ["S1.vcf.bgz", "S1.txt", "S1.vcf.txt"])
def test_a_vcf_is_one_by_its_first_line(tmp_path, name):
    """Downloads saved as .txt, bgzip's own ending: "the column . is there twice"."""
    row = "12 25398284 . C T 50 PASS . GT:AD:DP 0/1:70,30:100"
    path = write_vcf(tmp_path / name, ["S1"], [row])
    if name.endswith("bgz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert calls_of(read_any(path), "alt_count") == [("S1", KRAS, 30)]


HAPLOTYPES, SOMATIC = "##source=HaplotypeCaller", "##source=Mutect2"


@pytest.mark.parametrize("beside", ["P1_T", "S7"])
def test_a_germline_callers_sample_beside_tumours_is_asked_about(tmp_path, beside):
    """pcgr#132: the normal's file was a second patient without the tumour's KRAS G12D, RAS negative."""
    write_vcf(tmp_path / "in" / f"{beside}.vcf", [beside], ["12 25398284 . C T 50 PASS . GT 0/1"], SOMATIC)
    rows = ["13 32914437 . GT G 50 PASS . GT:AD:DP 0/1:30,30:60"]
    write_vcf(tmp_path / "in" / "P1.haplotypecaller.vcf", ["P1"], rows, HAPLOTYPES)
    with pytest.raises(Question, match=r"HaplotypeCaller .* is P1 the normal"):
        read_delivery([tmp_path / "in"])
    manifest = write_table(
        tmp_path / "files.tsv",
        f"path|column|sample_id|patient_id|role\n{beside}.vcf|{beside}|T|P1|tumour\n"
        "P1.haplotypecaller.vcf|P1|N|P1|normal",
    )
    reading = read_delivery([tmp_path / "in"], manifest=manifest)
    origins = dict(reading.tables["calls"].select("sample_id", "origin").iter_rows())
    assert origins["N"] == "germline" and reading.tables["samples"]["patient_id"].unique().to_list() == ["P1"]


def test_a_germline_callers_file_of_the_tumour_itself_is_not_asked_about(tmp_path):
    """Both callers of one sample (nf-core/sarek): the sample is the tumour that the other caller names."""
    rows = ["12 25398284 . C T 50 PASS . GT 0/1"]
    write_vcf(tmp_path / "in" / "P1.mutect2.vcf", ["P1"], rows, SOMATIC)
    write_vcf(tmp_path / "in" / "P1.haplotypecaller.vcf", ["P1"], rows, HAPLOTYPES)
    assert [c[0] for c in calls_of(read_delivery([tmp_path / "in"]))] == ["P1"]
