"""Where each caller puts its read counts."""

from __future__ import annotations

import pytest

from oncourse.io.variants.vcf import read_vcf

HEAD = "##fileformat=VCFv4.2\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"


def vcf(tmp_path, samples, *records, head=HEAD):
    path = tmp_path / "x.vcf"
    path.write_text(head + COLUMNS + "\t".join(samples) + "\n" + "\n".join("\t".join(r) for r in records) + "\n")
    return read_vcf(path)


#: caller -> (FORMAT, tumour value, variant reads, depth); counts worked out by hand from each caller's manual
CONVENTIONS = {
    "Mutect2": ("GT:AD:AF:DP", "0/1:80,20:0.2:100", 20, 100),
    "Mutect2, reads of a third allele": ("GT:AD:AF:DP", "0/1:70,20:0.2:100", 20, 100),
    "Strelka2 SNV": ("DP:FDP:AU:CU:GU:TU", "100:0:0,0:80,82:0,0:20,21", 20, 100),
    "VarDict": ("GT:DP:VD:AD:AF", "0/1:100:20:80,20:0.2", 20, 100),
    "FreeBayes": ("GT:DP:RO:AO", "0/1:100:80:20", 20, 100),
    "VarScan": ("GT:DP:RD:AD:FREQ", "0/1:100:80:20:20%", 20, 100),
    "AF and DP alone": ("GT:AF:DP", "0/1:0.2:100", 20, 100),
    "percent and DP alone": ("GT:FREQ:DP", "0/1:20%:100", 20, 100),
    "depth alone": ("GT:DP", "0/1:100", None, 100),
}


@pytest.mark.parametrize("caller", CONVENTIONS)
def test_counts_of_each_caller(tmp_path, caller):
    keys, value, alt, depth = CONVENTIONS[caller]
    found = vcf(tmp_path, ["T"], ("chr7", "100", ".", "C", "T", ".", "PASS", ".", keys, value))
    assert found.calls.select("variant_id", "alt_count", "depth", "is_called").rows() == [
        ("7:100:C:T", alt, depth, True)
    ]


def test_strelka_indel(tmp_path):
    """TIR and TAR hold tier 1, tier 2."""
    record = ("7", "100", ".", "C", "CAT", ".", "PASS", ".", "DP:TAR:TIR", "50:30,31:20,22")
    found = vcf(tmp_path, ["NORMAL", "TUMOR"], (*record[:-1], "40:40,40:0,0", record[-1]))
    assert found.calls.select("variant_id", "alt_count", "depth").rows() == [("7:100:-:AT", 20, 50)]
    assert found.samples["sample_id"].to_list() == ["x"]  # TUMOR is everybody's name


def test_normal_named_in_the_header_is_left_out(tmp_path):
    head = HEAD + "##normal_sample=BLOOD7\n##reference=file:///refs/hg38.fa\n"
    found = vcf(
        tmp_path,
        ["BLOOD7", "M1"],
        ("7", "9", ".", "A", "G", ".", "PASS", ".", "GT:AD", "0/0:50,0", "0/1:30,9"),
        head=head,
    )
    assert found.calls["sample_id"].to_list() == ["M1"]
    assert found.build == "GRCh38"


def test_sites_looked_at_and_not_called_keep_their_depth(tmp_path):
    """Multi-sample: 0 reads, a failed filter and a missing genotype are not calls; without depth there is no row."""
    rows = [
        ("7", "100", ".", "A", "G", ".", "PASS", ".", "GT:AD", "0/1:50,10", "0/0:60,0", "./.:."),
        ("7", "200", ".", "A", "G", ".", "weak_evidence", ".", "GT:AD", "0/1:50,2", "./.:40,0", "."),
    ]
    found = vcf(tmp_path, ["A", "B", "C"], *rows)
    assert found.calls.select("sample_id", "alt_count", "depth", "is_called").rows() == [
        ("A", 10, 60, True),
        ("B", 0, 60, False),
        ("A", 2, 52, False),
        ("B", 0, 40, False),
    ]
    assert found.samples["sample_id"].to_list() == ["A", "B", "C"]


def test_several_alleles_symbols_and_breakends(tmp_path):
    rows = [
        ("7", "100", ".", "CA", "C,CAA,*", ".", "PASS", ".", "GT:AD", "1/2:10,20,30,0"),
        ("7", "300", ".", "C", "<DEL>", ".", "PASS", ".", "GT:AD", "0/1:10,5"),
        ("7", "400", ".", "C", "C[8:5[", ".", "PASS", ".", "GT:AD", "0/1:10,5"),
    ]
    found = vcf(tmp_path, ["A"], *rows)
    assert found.calls.select("variant_id", "alt_count", "depth").rows() == [
        ("7:100:-:A", 30, 60),
        ("7:101:A:-", 20, 60),
    ]
    assert any("no small variants" in note for note in found.notes)


def test_annotation_of_vep_and_snpeff(tmp_path):
    head = HEAD + '##INFO=<ID=CSQ,Number=.,Type=String,Description="VEP. Format: Allele|Consequence|SYMBOL|HGVSp">\n'
    info = "CSQ=T|intron_variant|OTHER|,T|missense_variant|KRAS|ENSP1:p.Gly12Asp"
    found = vcf(tmp_path, ["A"], ("12", "100", ".", "C", "T", ".", "PASS", info, "GT:AD", "0/1:9,9"), head=head)
    assert found.variants.select("gene", "hgvs_p", "consequence").rows() == [("KRAS", "p.G12D", "missense")]
    info = "ANN=T|stop_gained|HIGH|APC|APC|transcript|NM_1|protein_coding|1/1|c.10C>T|p.Arg4*"
    found = vcf(tmp_path, ["A"], ("5", "100", ".", "C", "T", ".", "PASS", info, "GT:AD", "0/1:9,9"))
    assert found.variants.select("gene", "hgvs_p", "consequence").rows() == [("APC", "p.R4*", "nonsense")]


def test_vcf_and_maf_give_one_id(tmp_path):
    """The same deletion in a repeat, padded by the caller and trimmed by vcf2maf."""
    from oncourse.io.variants.maf import read_maf

    found = vcf(tmp_path, ["A"], ("7", "99", ".", "CAT", "C", ".", "PASS", ".", "GT:AD", "0/1:9,9"))
    (tmp_path / "y.maf").write_text(
        "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\nX\tchr7\t100\tAT\t-\tA\n"
    )
    assert (
        read_maf(tmp_path / "y.maf").calls["variant_id"].to_list()
        == found.calls["variant_id"].to_list()
        == ["7:100:AT:-"]
    )


def test_real_strelka_indels(shared_data):
    """Strelka2's own demo: TIR 8 of 20 and 20 of 41 (read off the file)."""
    found = read_vcf(shared_data("reads-strelka-demo", "expectedResults", "somatic.indels.vcf.gz"))
    assert found.calls.select("variant_id", "alt_count", "depth").rows() == [
        ("demo20:1148:-:TAT", 8, 20),
        ("demo20:3665:C:-", 20, 41),
    ]


def test_real_freebayes(shared_data):
    found = read_vcf(shared_data("reads-freebayes-tiny", "q.vcf.gz"))
    assert found.calls.filter(found.calls["variant_id"] == "q:186:T:C").select("alt_count", "depth").rows() == [
        (16, 41)
    ]


def test_quoted_vcf_of_a_spreadsheet(shared_data):
    """Treeomics' example went through a spreadsheet: quoted cells, trailing tabs."""
    found = read_vcf(shared_data("evo_treeomics", "example.vcf"))
    assert found.samples["sample_id"].to_list() == [f"Met{n}" for n in range(1, 7)]
    assert found.calls.row(0, named=True) | {"filter": None, "origin": None} == {
        "sample_id": "Met1",
        "variant_id": "1:1403857:C:A",
        "alt_count": 35,
        "depth": 121,
        "vaf": None,
        "is_called": True,
        "filter": None,
        "origin": None,
    }


def test_reference_moves_indels_and_tells_a_wrong_build(tmp_path):
    """GGCATTTTT: deleting any T is deleting the first, 5; another build is an error, a missing contig is told."""
    from oncourse.genome.fasta import Fasta

    for name, text in (
        ("right", ">7\nGGCATTTTTC\n"),
        ("wrong", ">7\nCCCCCCCCCC\n"),
        ("other", ">8\nGGCATTTTTC\n"),
    ):
        (tmp_path / f"{name}.fa").write_text(text)
    (tmp_path / "x.vcf").write_text(
        HEAD + COLUMNS + "A\n7\t8\t.\tTT\tT\t.\tPASS\t.\tGT:AD\t0/1:9,9\n7\t5\t.\tTT\tT\t.\tPASS\t.\tGT:AD\t0/1:9,9\n"
    )
    found = {n: read_vcf(tmp_path / "x.vcf", fasta=Fasta(tmp_path / f"{n}.fa")) for n in ("right", "wrong", "other")}
    assert found["right"].calls["variant_id"].to_list() == ["7:5:T:-"]
    assert [p.severity for p in found["wrong"].problems] == ["error"]
    assert [p.severity for p in found["other"].problems] == ["warning"]
