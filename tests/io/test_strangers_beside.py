"""Files beside the calls that contradict the sheet, or are of one sample of many."""

from __future__ import annotations

import pytest

from oncourse.io.files import read_files

_MAF = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNCBI_Build"


@pytest.fixture
def made(tmp_path):
    calls = [f"KRAS\t12\t25398284\tC\tT\t{s}\tGRCh37" for s in ("G1_P", "G1_M", "G2_P")]
    (tmp_path / "calls.maf").write_text("\n".join([_MAF, *calls, ""]), "utf-8")
    rows = ["SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\tMSI_STATUS", "G1_P\tG1\tPrimary\tMSS", "G1_M\tG1\tMetastasis\tMSS"]
    (tmp_path / "clin.tsv").write_text("\n".join([*rows, "G2_P\tG2\tPrimary\tMSI-H", ""]), "utf-8")

    def read(files, **more):
        for name, text in files.items():
            (tmp_path / name).write_text(text, "utf-8")
        paths = {option: [tmp_path / n for n in names] for option, names in more.items()}
        return read_files([tmp_path / "calls.maf"], clinical=[tmp_path / "clin.tsv"], **paths)

    return read


def test_a_microsatellite_status_that_a_file_contradicts_is_kept_beside_it(made):
    """MSS in the sheet and 35 % of 500 sites by MSIsensor was negative everywhere, and nothing said so."""
    head = "Total_Number_of_Sites\tNumber_of_Somatic_Sites\t%"
    files = {"G1_M.msi": f"{head}\n500\t175\t35.00\n", "G2_P.msi": f"{head}\n500\t175\t35.00\n"}
    reading = made(files, depths=list(files))
    assert reading.tables["markers"].select("patient_id", "sample_id", "marker", "value").rows() == [
        ("G1", "G1_M", "MSI (G1_M.msi)", "MSI-H")
    ]
    assert [p.message for p in reading.problems if p.column == "msi_status"] == [
        "the microsatellite status of 1 samples contradicts what is known (G1_M: MSS, here MSI-H)."
    ]
    assert reading.tables["samples"]["msi_status"].to_list() == ["MSS", "MSS", "MSI-H"]


_ARRIBA = "#gene1\tgene2\tconfidence\nTPM3\tNTRK1\thigh\n"


def test_fusions_were_looked_for_in_the_samples_whose_files_are_there(made):
    """One file of Arriba made NTRK1 looked at in every sample, and "NTRK fusion: none found" of all others."""
    reading = made({"G1_M.fusions.tsv": _ARRIBA}, fusions=["G1_M.fusions.tsv"])
    looked = dict(reading.tables["samples"].select("sample_id", "sv_assay_id").rows())
    assert looked == {"G1_P": "not_profiled", "G1_M": "structural_variants", "G2_P": "not_profiled"}
    assert reading.tables["fusions"].select("sample_id", "gene_5p", "gene_3p").rows() == [("G1_M", "TPM3", "NTRK1")]


def test_a_file_without_a_fusion_was_looked_at_and_a_table_of_many_samples_says_nothing(made):
    reading = made({"G2_P.fusions.tsv": _ARRIBA.splitlines()[0] + "\n"}, fusions=["G2_P.fusions.tsv"])
    looked = dict(reading.tables["samples"].select("sample_id", "sv_assay_id").rows())
    assert looked["G2_P"] == "structural_variants"
    table = "sample_id\tgene1\tgene2\nG1_M\tTPM3\tNTRK1\n"
    reading = made({"all.tsv": table}, fusions=["all.tsv"])
    assert "sv_assay_id" not in reading.tables["samples"].columns
