"""cBioPortal folders as they come: meta files or none, other capitals, gzip, old fusions, many status spellings."""

from __future__ import annotations

import gzip

import polars as pl
import pytest

from oncourse.io.cbioportal.panels import NOT_PROFILED
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.detect import detect
from oncourse.study.validate import validate

PATIENTS = (
    "#Patient Identifier\tSex\tOS\tOS\tDFS\tDFS\tHobby\n#a\tb\tc\td\te\tf\tg\n"
    "#STRING\tSTRING\tNUMBER\tSTRING\tNUMBER\tSTRING\tSTRING\n"
    "#1\t1\t1\t1\t1\t1\t1\n"
    "PATIENT_ID\tSEX\tOS_MONTHS\tOS_STATUS\tDFS_MONTHS\tDFS_STATUS\tHOBBY\tAGE\n"
    "P1\tFemale\t12\t1:DECEASED\t6\t1:Recurred/Progressed\tchess\t61\n"
    "P2\tmale\t24.5\tLIVING\t24.5\t0:DiseaseFree\t\t>89\n"
    "P3\tM\t36\tALIVE\t\t\tchess\t70\n"
    "P4\t\t\tUNKNOWN\t\t\t[Not Available]\tNA\n"
)
SAMPLES = (
    "SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\tTUMOR_PURITY\tMSI_TYPE\tMSI_SCORE\tGENE_PANEL\tMETASTATIC_SITE\n"
    "S1\tP1\tPrimary\t60\tStable\t0.5\tIMPACT341\t\n"
    "S2\tP1\tMetastasis\t30\tInstable\t-1\tOWN\tLiver\n"
    "S3\tP2\tcfDNA\t\tDo not report\t\tACCESS129\t\n"
    "S4\tP3\tUnknown\t10\t\t\tMYSTERY\t\n"
)
MAF = (
    "#version 2.4\nHugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\t"
    "Tumor_Sample_Barcode\t"
    "Variant_Classification\tHGVSp_Short\tt_ref_count\tt_alt_count\n"
    "KRAS\tGRCh37\t12\t25398284\tC\tT\tS1\tMissense_Mutation\tp.G12D\t80\t20\n"
    "WHSC1\tGRCh37\t4\t1902000\tC\tT\tS2\tMissense_Mutation\tp.A9V\t80\t20\n"
)
CNA = "Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\tS4\nAR\t367\t2\t0\tNA\nPTEN\t5728\t-1.5\t-2\t0\nNOTCH9\t1\t0\t0\t0\n"
SV = (
    "Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\tTumor_Split_Read_Count\tTumor_Paired_End_Read_Count\tEvent_Info\n"
    "S1\tSOMATIC\tERG\tTMPRSS2\t4\t6\tProtein Fusion: in frame {TMPRSS2:ERG}\n"
    "S2\tGERMLINE\tMSH2\tEPCAM\t4\t6\t\nS2\tSOMATIC\tRB1\t\t3\t\tDeletion of 2 exons\n"
)
FILES = {
    "data_clinical_patient.txt": PATIENTS,
    "data_clinical_sample.txt": SAMPLES,
    "data_mutations.txt": MAF,
    "data_cna.txt": CNA,
    "data_sv.txt": SV,
    "data_gene_panel_OWN.txt": "stable_id: OWN\ndescription: ours\ngene_list:\tNSD2\tTP53\tPTEN\n",
}


def write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return folder


@pytest.fixture
def reading(tmp_path):
    return read_cbioportal(write(tmp_path / "study", FILES))


def rows(frame, *columns):
    return frame.select(columns).rows()


def test_nothing_is_an_error_after_the_check(reading):
    _, problems = validate(reading.tables, reading.config)
    assert [str(p) for p in [*reading.problems, *problems] if p.severity == "error"] == []


def test_survival_in_days_from_the_source_s_origin(reading):
    """12 months x 30.4375 = 365.25 -> 365; an unknown status is null, a patient without a time has no row."""
    assert rows(
        reading.tables["follow_up"],
        "patient_id",
        "last_contact_day",
        "is_dead",
        "death_day",
        "recurrence_day",
        "recurrence_free_day",
    ) == [
        ("P1", 365, True, 365, 183, None),
        ("P2", 746, False, None, None, 746),
        ("P3", 1096, False, None, None, None),
    ]


def test_every_clinical_column_is_kept_and_declared(reading):
    patients, samples = reading.tables["patients"], reading.tables["samples"]
    assert patients["hobby"].to_list() == ["chess", None, "chess", None]
    assert patients["sex"].to_list() == ["female", "male", "male", None]
    assert patients["age_years"].to_list() == [61, None, 70, None]
    assert patients["age"].to_list() == ["61", ">89", "70", None]
    assert {"hobby", "os_status", "tumor_purity", "msi_type"} <= set(reading.config.extra_columns)
    assert samples["purity"].to_list() == [0.6, 0.3, None, 0.1]
    assert samples["msi_status"].to_list() == ["MSS", "MSI-H", None, None]
    assert samples["msi_score"].to_list() == [0.5, None, None, None]  # -1: not computed


def test_samples_lesions_materials(reading):
    assert rows(reading.tables["samples"], "sample_id", "material", "lesion_id") == [
        ("S1", "tissue", "P1_primary"),
        ("S2", "tissue", "S2_lesion"),
        ("S3", "plasma", None),
        ("S4", "tissue", None),
    ]
    assert rows(reading.tables["lesions"], "lesion_id", "role", "site") == [
        ("P1_primary", "primary", None),
        ("S2_lesion", "metastasis", "liver"),
    ]


def test_panels_bring_their_genes(reading):
    """The folder's own list in the symbols of its calls (NSD2 was WHSC1); the package's; else copy-number genes."""
    targets = dict(reading.tables["assays"].select("assay_id", "targets").iter_rows())
    assert targets["OWN"] == "PTEN;TP53;WHSC1"
    assert len(targets["IMPACT341"].split(";")) == 341
    assert targets["MYSTERY"] == "NOTCH9;PTEN"
    told = [p for p in reading.problems if p.table == "assays"]
    assert [(p.value, "assumed" in p.message) for p in told] == [("MYSTERY", True)]


def test_copy_number_null_is_not_zero(reading):
    """NA is not profiled; a zero of a gene off the panel is filling (AR, NOTCH9 on OWN; NOTCH9 on IMPACT341)."""
    assert rows(reading.tables["gene_copy_number"].sort("sample_id", "gene"), "sample_id", "gene", "call") == [
        ("S1", "AR", 2.0),
        ("S1", "PTEN", -2.0),
        ("S2", "PTEN", -2.0),
        ("S4", "NOTCH9", 0.0),
        ("S4", "PTEN", 0.0),
    ]


def test_fusions_run_5_to_3(reading):
    assert rows(reading.tables["fusions"], "sample_id", "gene_5p", "gene_3p", "support") == [
        ("S1", "TMPRSS2", "ERG", 10),
        ("S2", "RB1", None, 3),
    ]


def test_other_names_capitals_gzip_meta(tmp_path, reading):
    """The same study as meta files and old names give it: the same tables."""
    other = write(
        tmp_path / "other",
        {
            "meta_study.txt": "cancer_study_identifier: x\nname: Title: with a colon\n"
            "type_of_cancer: prad\nreference_genome: hg19\n",
            "meta_mut.txt": "genetic_alteration_type: MUTATION_EXTENDED\ndatatype: MAF\ndata_filename: calls.bin\n",
            "calls.bin": MAF,
            "DATA_CLINICAL_PATIENT.TXT": PATIENTS,
            "data_bcr_clinical_data_sample.txt.gz": SAMPLES,
            "data_CNA.txt.gz": CNA.replace("\n", "\r\n"),
            "data_fusions.txt": "Hugo_Symbol\tTumor_Sample_Barcode\tFusion\nTMPRSS2\tS1\tTMPRSS2-ERG fusion\n"
            "ERG\tS1\tTMPRSS2-ERG fusion\nRB1\tS2\tRB1-intragenic\n",
            "data_gene_panel_OWN.txt": FILES["data_gene_panel_OWN.txt"],
        },
    )
    found = read_cbioportal(other)
    assert detect(other) == "cbioportal"
    for name in ("patients", "samples", "calls", "gene_copy_number", "assays", "follow_up", "lesions"):
        assert found.tables[name].equals(reading.tables[name]), name
    assert rows(found.tables["fusions"], "sample_id", "gene_5p", "gene_3p") == [
        ("S1", "TMPRSS2", "ERG"),
        ("S2", "RB1", "RB1"),
    ]
    assert (found.config.title, found.config.design, found.config.genome_build) == (
        "Title: with a colon",
        "mcrpc",
        "GRCh37",
    )


def test_panel_matrix_and_case_lists_say_who_was_looked_at(tmp_path):
    """NA in the matrix, or absence from cases_sequenced, is not profiled; a sample with calls was."""
    files = FILES | {
        "data_gene_matrix.txt": "SAMPLE_ID\tmutations\tcna\nS1\tOWN\tNA\nS3\tACCESS129\tACCESS129\n",
        "case_lists/cases_sequenced.txt": "stable_id: x_sequenced\ncase_list_ids: S1\tS3\n",
    }
    samples = read_cbioportal(write(tmp_path / "s", files)).tables["samples"]
    assert rows(samples, "sample_id", "assay_id", "cna_assay_id") == [
        # NA for copy number, yet the matrix has values: looked at; KRAS is off the folder's own list: looked at in S1
        # alone
        ("S1", "OWN+KRAS", None),
        ("S2", "OWN", None),
        ("S3", "ACCESS129", None),
        ("S4", NOT_PROFILED, "MYSTERY"),
    ]


def test_timelines(tmp_path):
    files = FILES | {
        "data_timeline_treatment.txt": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tTREATMENT_TYPE\tAGENT\n"
        "P1\t10\t50\tTREATMENT\tMedical Therapy\tFluorouracil, Oxaliplatin\n"
        "P1\t60\t\tTREATMENT\tRadiation Therapy\t\n",
        "data_timeline_labtest.txt": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tTEST\tRESULT\tUNIT\n"
        "P1\t5\t\tLAB_TEST\tCEA\t7.5\tng/ml\n",
        "data_timeline_specimen.txt": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tSAMPLE_ID\nP1\t3\t\tSPECIMEN\tS1\n",
        "data_timeline_surgery.txt": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tSUBTYPE\n"
        "P1\t2\t\tSURGERY\tMetastasectomy\n",
        "data_timeline_status.txt": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tSTATUS\nP1\t90\t\tSTATUS\tProgression\n",
        "data_timeline_diet.txt": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\nP1\t90\t\tDIET\n",
    }
    found = read_cbioportal(write(tmp_path / "s", files))
    tables = found.tables
    assert rows(tables["treatments"], "patient_id", "drugs", "start_day", "stop_day") == [
        ("P1", "Fluorouracil;Oxaliplatin", 10, 50)
    ]
    assert rows(tables["procedures"].sort("day"), "day", "kind") == [
        (2, "metastasectomy"),
        (60, "radiotherapy"),
    ]
    assert rows(tables["labs"], "day", "analyte", "value", "unit") == [(5, "CEA", "7.5", "ng/ml")]
    assert tables["samples"].filter(pl.col("sample_id") == "S1")["day"].to_list() == [3]
    assert tables["follow_up"].filter(pl.col("patient_id") == "P1")["progression_day"].to_list() == [90]
    assert any("DIET" in note for note in found.notes)
    _, problems = validate(tables, found.config)
    assert [str(p) for p in problems if p.severity == "error"] == []


def test_mutations_alone_are_a_study(tmp_path):
    """No clinical file: patients from the ids."""
    maf = MAF.replace("\tS1\t", "\tP-0000001-T01-IM5\t").replace("\tS2\t", "\tP-0000001-T02-IM6\t")
    found = read_cbioportal(write(tmp_path / "s", {"data_mutations_extended.txt": maf}))
    assert found.tables["samples"]["patient_id"].to_list() == ["P-0000001"] * 2
    assert [p.severity for p in found.problems] == ["warning"]


def test_prostate_msk_2024(shared_data):
    """2,257 patients, 2,260 samples on four panels; 2,201 with survival, 916 deaths (README of the data)."""
    found = read_cbioportal(shared_data("prostate_msk_2024"))
    tables, problems = validate(found.tables, found.config)
    assert [str(p) for p in [*found.problems, *problems] if p.severity == "error"] == []
    assert (tables["patients"].height, tables["samples"].height) == (2257, 2260)
    assert (tables["follow_up"].height, tables["follow_up"]["is_dead"].sum()) == (2201, 916)
    assert tables["samples"]["assay_id"].value_counts().sort("assay_id").rows() == [
        ("IMPACT341", 136),
        ("IMPACT410", 480),
        ("IMPACT468", 1477),
        ("IMPACT505", 167),
    ]
    assert tables["samples"]["msi_status"].drop_nulls().value_counts().sort("msi_status").rows() == [
        ("MSI-H", 55),
        ("MSS", 2148),
        ("indeterminate", 47),
    ]
    # 10,846 mutation rows, of which 8 repeat a sample and variant
    assert tables["calls"].height == 10_838


def test_other_cbioportal_shaped_tables_import(shared_data):
    for name in ("msk_met_2021_crc_prostate", "crc_msk_2017_clinical"):
        found = read_cbioportal(shared_data(name))
        _, problems = validate(found.tables, found.config)
        assert [str(p) for p in [*found.problems, *problems] if p.severity == "error"] == [], name


def test_study_yaml_beside_foreign_files(tmp_path):
    """study.yaml in a cBioPortal folder adds what the source cannot say; its columns stay declared."""
    from oncourse.io.detect import read_any

    files = FILES | {"study.yaml": "title: Ours\ndesign: crc\ncovariates:\n  hobby: category\n"}
    config = read_any(write(tmp_path / "s", files)).config
    assert (config.title, config.design, dict(config.covariates)) == ("Ours", "crc", {"hobby": "category"})
    assert config.genome_build == "GRCh37"
    assert "hobby" in config.extra_columns


def test_contradicting_rows_and_odd_numbers_are_told(tmp_path):
    files = FILES | {"data_clinical_patient.txt": PATIENTS + "P1\tFemale\t99\t0:LIVING\t\t\tgolf\t61\n"}
    found = read_cbioportal(write(tmp_path / "s", files))
    told = {(p.table, p.column, p.value) for p in found.problems if p.severity == "warning"}
    assert ("patients", "patient_id", "P1") in told
    assert ("patients", "age_years", ">89") in told
    assert found.tables["follow_up"]["last_contact_day"][0] == 365


def test_import_writes_what_it_read(tmp_path):
    """Folder -> native folder -> the same tables; a second import into it is refused."""
    from click.testing import CliRunner

    from oncourse.cli.import_ import import_
    from oncourse.errors import InputError
    from oncourse.io import load_study

    source = write(tmp_path / "s", FILES)
    out = CliRunner().invoke(import_, ["cbioportal", str(source), str(tmp_path / "n")])
    assert out.exit_code == 0, out.output
    first, second = load_study(source), load_study(tmp_path / "n")
    assert second.config.genome_build == "GRCh37"
    for name in first.tables:
        a, b = first[name], second[name]
        assert a.sort(a.columns[:2]).select(b.columns).equals(b.sort(a.columns[:2])), name
    again = CliRunner().invoke(import_, ["cbioportal", str(source), str(tmp_path / "n")])
    assert isinstance(again.exception, InputError)


def test_multi_region_study_of_hu(shared_data, tmp_path):
    """57 regions of 6 patients: the clinical table gives lesions, BM is a brain metastasis."""
    from oncourse.io.files import read_files

    folder = shared_data("crc_hu2019_multiregion")
    found = read_files(
        [folder / "CRC_HZ.maf.gz"],
        clinical=[folder / "CRC_HZ.clin.txt"],
        segments=[folder / "CRC_HZ.seg.txt.gz"],
        panel="wes",
    )
    tables, problems = validate(found.tables, found.config)
    assert not [p for p in problems if p.severity == "error"]
    assert (tables["patients"].height, tables["samples"].height, tables["segments"].height) == (6, 57, 10_307)
    sites = tables["lesions"].group_by("role", "site").len().sort("role", "site", nulls_last=True).rows()
    assert sites == [
        ("metastasis", "brain", 6),
        ("metastasis", "lung", 1),
        ("metastasis", "lymph node", 2),
        ("primary", None, 6),
    ]


def test_gene_matrix_of_the_query_page(tmp_path):
    """WT is looked at and none found, NS is not on the panel; several changes stand in one cell."""
    matrix = "SAMPLE_ID\tKRAS\tTP53\tTERT\nS1\tG12D\tR175H R213*\tNS\nS2\tWT\tWT\tWT\nS4\tWT\tX125_splice\tNS\n"
    files = {k: v for k, v in FILES.items() if k not in ("data_mutations.txt", "data_cna.txt")}
    found = read_cbioportal(write(tmp_path / "s", files | {"mutations.tsv": matrix}))
    assert rows(found.tables["calls"], "sample_id", "variant_id") == [
        ("S1", "KRAS:p.G12D"),
        ("S1", "TP53:p.R175H"),
        ("S1", "TP53:p.R213*"),
        ("S4", "TP53:p.X125_splice"),
    ]
    assert found.tables["variants"]["consequence"].to_list() == [
        "missense",
        "missense",
        "nonsense",
        "splice_site",
    ]
    assert dict(found.tables["assays"].select("assay_id", "targets").iter_rows()) == {
        "ACCESS129": ";",
        "IMPACT341": "KRAS;TP53",
        "MYSTERY": "KRAS;TP53",
        "OWN": "KRAS;TERT;TP53",
    }


def test_msk_met(shared_data):
    """3,548 colorectal and 2,172 prostate patients, 17 genes; KRAS G12D in 448 samples (counted with awk)."""
    tables = read_cbioportal(shared_data("msk_met_2021_crc_prostate")).tables
    assert tables["patients"].height == 5720
    assert tables["calls"].filter(pl.col("variant_id") == "KRAS:p.G12D").height == 448


def test_a_call_off_the_folders_own_panel_list_is_no_wild_type_of_the_others(tmp_path):
    """datahub#1314, GENIE: NUTM1 off the panel was "wild type" in every other sample of it."""
    files = FILES | {"data_gene_matrix.txt": "SAMPLE_ID\tmutations\nS1\tOWN\nS2\tOWN\n"}
    tables = read_cbioportal(write(tmp_path / "s", files)).tables
    assay = dict(tables["samples"].select("sample_id", "assay_id").iter_rows())
    targets = dict(tables["assays"].select("assay_id", "targets").iter_rows())
    assert "KRAS" in targets[assay["S1"]].split(";")
    assert "KRAS" not in targets[assay["S2"]].split(";")


@pytest.mark.parametrize(
    ("column", "looked"), [("", [None, "not_profiled"]), ("\tstructural_variants", [None, None])], ids=["none", "one"]
)
def test_a_matrix_without_structural_variants_says_nobody_was_looked_at_for_fusions(tmp_path, column, looked):
    """GENIE's data_gene_matrix.txt may hold mutations and cna alone: a sample without a fusion there is unknown, no "no"."""
    of_all = "\tOWN" if column else ""
    matrix = f"SAMPLE_ID\tmutations{column}\nS1\tOWN{of_all}\nS2\tOWN{of_all}\n"
    sv = "Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\tClass\nS1\tSOMATIC\tTPM3\tNTRK1\tTRANSLOCATION\n"
    folder = write(tmp_path, FILES | {"data_gene_matrix.txt": matrix, "data_sv.txt": sv})
    samples = (
        read_cbioportal(folder).tables["samples"].filter(pl.col("sample_id").is_in(["S1", "S2"])).sort("sample_id")
    )
    given = samples["sv_assay_id"].to_list() if "sv_assay_id" in samples.columns else [None, None]
    assert given == looked
