"""MAF dialects say the same variants in different columns."""

from __future__ import annotations

import gzip

import pytest

from oncourse.errors import InputError
from oncourse.io.variants.calls import read_calls
from oncourse.io.variants.maf import read_maf

GDC = (
    "#version gdc-1.0.0\n"
    "Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\tVariant_Type\t"
    "Reference_Allele\tTumor_Seq_Allele1\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tMutation_Status\tHGVSc\tHGVSp\t"
    "HGVSp_Short\tt_depth\tt_ref_count\tt_alt_count\tFILTER\n"
    "KRAS\tGRCh38\tchr12\t25245350\t25245350\tMissense_Mutation\tSNP\tC\tC\tT\tA1\tSomatic\tc.35G>A\tp.Gly12Asp\t"
    "p.G12D\t120\t80\t40\tPASS\n"
    "APC\tGRCh38\tchr5\t112839515\t112839516\tFrame_Shift_Ins\tINS\t-\t-\tA\tA1\tSomatic\t\tp.Glu1309fs\t\t90\t60\t30\tPASS\n"
)
MINIMAL = (
    "Hugo_Symbol\tChromosome\tStart_position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t"
    "Ref_allele_depth\tAlt_allele_depth\tTumor_Sample_Barcode\tPatient_ID\n"
    "KRAS\t12\t2.5245350e+07\tC\tT\tMissense_Mutation\t80\t40\tA1\tQ1\n"
    "APC\t5\t112839515\t-\tA\tFrame_Shift_Ins\t60\t30\tA1\tQ1\n"
)
SWAPPED = (
    "Gene\tChr\tPos\tReference_Allele\tTumor_Seq_Allele1\tTumor_Seq_Allele2\tConsequence\tVAF\tDepth\tSample\tProtein_Change\n"
    "KRAS\t12\t25245350\tC\tT\tC\tmissense_variant&splice_region_variant\t33.3\t120\tA1\tG12D\n"
    "APC\tchr5\t112839514\tGG\tGGA\tGG\tframeshift_variant\t33.3\t90\tA1\tE1309fs\n"
)


@pytest.fixture
def write(tmp_path):
    def put(text, name="x.maf"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return put


@pytest.mark.parametrize("text", [GDC, MINIMAL, SWAPPED], ids=["gdc", "minimal", "allele 1 and VAF"])
@pytest.mark.parametrize("name", ["x.maf", "x.maf.gz"])
def test_dialects_agree(write, text, name):
    """chr prefixes, exponents, percent, padding, `Start_position`, counts by reference or depth: one result."""
    found = read_maf(write(text, name))
    assert found.calls["variant_id"].to_list() == ["12:25245350:C:T", "5:112839515:-:A"]
    assert found.calls["alt_count"].to_list() == [40, 30]
    assert found.calls["depth"].to_list() == [120, 90]
    assert found.calls["is_called"].to_list() == [True, True]
    assert not found.problems
    variants = found.variants.sort("gene")
    assert variants["consequence"].to_list() == ["frameshift", "missense"]


def test_protein_change_falls_back_on_the_long_form(write):
    variants = read_maf(write(GDC)).variants.sort("gene")
    assert variants["hgvs_p"].to_list() == ["p.E1309fs", "p.G12D"]


def test_forced_counts_are_no_calls(write):
    """A file that lists the same sites for several samples, reads or not: the assay's thresholds decide."""
    rows = [line.split("\t") for line in MINIMAL.splitlines()[1:]]
    more = "".join("\t".join([*r[:6], "100", "0", "A2", "Q2"]) + "\n" for r in rows)
    found = read_maf(write(MINIMAL + more))
    assert found.calls["is_called"].to_list() == [None] * 4
    assert "forced counts" in " ".join(found.notes)


def test_a_list_of_hotspots_without_reads_holds_no_call(write):
    """One sample, many covered sites without the variant: sites that were looked at."""
    sites = "".join(f"TP53\t17\t{7577120 + i}\tC\tT\tMissense_Mutation\t90\t0\tA1\tQ1\n" for i in range(8))
    assert read_maf(write(MINIMAL + sites)).calls["is_called"].to_list() == [None] + [True] + [None] * 8


def test_a_count_of_0_beside_a_call_is_told_and_does_not_undo_the_call(write):
    """SU2C/PCF 2019 (cBioPortal prad_su2c_2019): every indel has t_alt_count 0; 15,659 mutations were lost by it."""
    genes = ("TP53", "APC", "PTEN")
    rows = "".join(
        f"{g}\t17\t{7577000 + 9 * i}\tC\t-\tFrame_Shift_Del\t0\t0\tB{i}\tQ{i}\n" for i, g in enumerate(genes)
    )
    found = read_maf(write(MINIMAL + rows))
    assert found.calls["is_called"].to_list() == [True] * 5
    assert found.calls["alt_count"].to_list() == [40, 30, None, None, None]
    assert [p.message[:35] for p in found.problems] == ["3 of 3 rows of kind DEL are calls w"]


def test_samples_of_unusable_rows_stay_in_the_denominator(write):
    text = MINIMAL + "FLT3\t13\t\tA\tT\tMissense_Mutation\t9\t9\tA2\tQ2\n"
    found = read_maf(write(text))
    assert found.samples["sample_id"].to_list() == ["A1", "A2"]
    assert [(p.row, p.column, p.severity) for p in found.problems] == [(4, "pos", "warning")]


def test_one_call_for_two_transcripts(write):
    """The most severe effect stands; rows of one variant in one sample are joined."""
    text = GDC + GDC.splitlines()[2].replace("Missense_Mutation", "Intron").replace("KRAS", "OTHER") + "\n"
    found = read_maf(write(text))
    assert found.calls.height == 2
    assert found.variants.filter(found.variants["variant_id"] == "12:25245350:C:T")["gene"].to_list() == ["KRAS"]


def test_two_builds_in_two_files_are_refused(write):
    found = read_calls([write(GDC, "a.maf"), write(GDC.replace("GRCh38", "37"), "b.maf")])
    assert ["build GRCh37" in p.message for p in found.problems if p.severity == "error"] == [True]


def test_a_table_that_is_no_maf_says_what_lacks(write):
    with pytest.raises(InputError, match="Tumor_Seq_Allele2"):
        read_maf(write("Hugo_Symbol\tSample\nKRAS\tA1\n"))


def test_germline_and_structural_rows(write):
    event = GDC.splitlines()[2].replace("\tSNP\tC\tC\tT\t", "\tSV\t-\t-\t-\t")  # with bases it would be a small variant
    text = GDC.replace("Somatic", "Germline", 1) + event + "\n"
    found = read_maf(write(text))
    assert found.calls["origin"].to_list() == ["germline", "somatic"]
    assert any("structural" in note for note in found.notes)


@pytest.mark.parametrize(
    ("names", "rows", "samples"),
    [
        (("maftools_extdata", "tcga_laml.maf.gz"), 2207, 193),
        (("maftools_extdata", "APL_primary.maf.gz"), 269, 124),
        (("maftools_extdata", "APL_relapse.maf.gz"), 161, 58),
        (("tcga_crc_prad_maf", "fh_READ.maf.gz"), 32162, 122),
        (("tcga_crc_prad_maf", "mc3_PRAD.maf.gz"), 32125, 498),
        (("crc_hu2019_multiregion", "CRC_HZ.maf.gz"), 38337, 57),
        (("reads_seracare_ctdna", "SeraCare_0-5.annotated.maf"), 95, 1),
    ],
)
def test_real_mafs(shared_data, names, rows, samples):
    """Rows and samples as the READMEs of the data count them (APL: five rows have no position: kept by gene and
    change)."""
    found = read_maf(shared_data(*names))
    assert (found.calls.height, found.samples.height) == (rows, samples)
    assert not [p for p in found.problems if p.severity == "error"]


def test_the_same_of_two_conflicts_is_named_at_every_reading(write):
    """Two variants stand twice with other counts: the first by sample and variant was whichever a hash put first."""
    kras, apc = GDC.splitlines()[2:]
    text = GDC + kras.replace("40\tPASS", "41\tPASS") + "\n" + apc.replace("30\tPASS", "31\tPASS") + "\n"
    for _ in range(5):
        told = [p.row for p in read_maf(write(text)).problems if "stand twice in a sample" in p.message]
        assert told == [5]  # of 12:25245350:C:T, which comes before 5:112839515:-:A


def test_a_deeper_row_without_reads_is_no_absence_of_what_another_shows(tmp_path):
    """KRAS G12D in 40 of 200 reads, and again in 0 of 300: RAS of the sample was negative."""
    head = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode"
    rows = [f"KRAS\t12\t25398284\tC\tT\tA\t{alt}\t{ref}" for alt, ref in ((0, 300), (40, 160), (5, 500))]
    text = "\n".join([f"{head}\tt_alt_count\tt_ref_count", *rows, ""])
    (tmp_path / "x.maf").write_text(text, "utf-8")
    calls = read_maf(tmp_path / "x.maf").calls
    assert calls.select("alt_count", "depth", "is_called").rows() == [(5, 505, True)]
