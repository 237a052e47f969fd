"""A matrix of log2 ratios or of absolute copies where a discrete one is expected: no amplification and no loss by it.

From a stranger's folders (kind of cBioPortal/datahub#763; cBioPortal, File Formats: discrete, continuous and log2 data):
ratios of -2 to 2 became calls as they stood, and ERBB2 "amplification" matched a rule of resistance to anti-EGFR.
"""

from __future__ import annotations

import pytest
from tests.io.strangers import write_table

from oncourse.io.detect import read_any
from oncourse.io.structural.events import read_gene_copy_number

RATIOS = "Hugo_Symbol|P1-T|P2-T\nERBB2|1.93|-0.31\nMYC|0.12|1.4"
CALLS = "Hugo_Symbol|P1-T|P2-T\nERBB2|2|-1.5\nMYC|0|NA"
COPIES = "Hugo_Symbol|P1-T|P2-T\nERBB2|2|2\nMYC|8|1"


def _folder(folder, matrix, datatype=None, name="data_cna"):
    write_table(folder / "data_clinical_sample.txt", "PATIENT_ID|SAMPLE_ID\nP1|P1-T\nP2|P2-T")
    rows = "Hugo_Symbol|Chromosome|Start_Position|Reference_Allele|Tumor_Seq_Allele2|Tumor_Sample_Barcode|NCBI_Build"
    write_table(folder / "data_mutations.txt", f"{rows}\nKRAS|12|25398284|C|T|P1-T|GRCh37")
    write_table(folder / "case_lists" / "cases_cna.txt", "stable_id: x_cna\ncase_list_ids: P1-T P2-T")
    write_table(folder / f"{name}.txt", matrix)
    if datatype:
        meta = f"genetic_alteration_type: COPY_NUMBER_ALTERATION\ndatatype: {datatype}\ndata_filename: {name}.txt"
        write_table(folder / "meta_CNA.txt", meta)
    return read_any(folder)


@pytest.mark.parametrize(
    ("matrix", "datatype"),
    [
        *((RATIOS, d) for d in ("LOG2-VALUE", "CONTINUOUS", "DISCRETE", None)),
        *((CALLS, d) for d in ("LOG2-VALUE", "CONTINUOUS")),
        *((COPIES, d) for d in ("DISCRETE", None)),
    ],
)
def test_ratios_and_absolute_copies_are_no_calls(tmp_path, matrix, datatype):
    reading = _folder(tmp_path, matrix, datatype)
    assert "gene_copy_number" not in reading.tables
    told = [p.message for p in reading.problems if p.column == "call"]
    assert len(told) == 1
    assert "no copy-number calls; not read" in told[0]
    assert [row[2] for row in reading.ledger.files if row[0] == "data_cna.txt"] == ["not read"]


@pytest.mark.parametrize("datatype", ["DISCRETE", None])
def test_discrete_calls_stay(tmp_path, datatype):
    table = _folder(tmp_path, CALLS, datatype).tables["gene_copy_number"].sort("sample_id", "gene")
    assert table.rows() == [("P1-T", "ERBB2", 2.0), ("P1-T", "MYC", 0.0), ("P2-T", "ERBB2", -2.0)]


def test_ratios_beside_calls_leave_the_calls(tmp_path):
    write_table(tmp_path / "data_log2_cna.txt", RATIOS)
    meta = "genetic_alteration_type: COPY_NUMBER_ALTERATION\ndatatype: LOG2-VALUE\ndata_filename: data_log2_cna.txt"
    write_table(tmp_path / "meta_log2.txt", meta)
    assert _folder(tmp_path, CALLS, "DISCRETE").tables["gene_copy_number"].height == 3


def test_a_long_table_of_ratios_is_no_table_of_calls(tmp_path):
    write_table(tmp_path / "data_cna.txt", "hugo_symbol|sample_id|value\nERBB2|S1|1.7\nMYC|S1|0")
    frame, problems = read_gene_copy_number(tmp_path / "data_cna.txt")
    assert (frame.height, [p.column for p in problems]) == (0, ["call"])


def test_one_wrong_cell_of_a_discrete_matrix_is_left_out_alone(tmp_path):
    write_table(tmp_path / "data_cna.txt", "Hugo_Symbol|S1|S2\nERBB2|2|9\nMYC|-1|0")
    frame, problems = read_gene_copy_number(tmp_path / "data_cna.txt")
    assert sorted(frame["call"]) == [-1.0, 0.0, 2.0]
    assert ["no copy-number call" in p.message for p in problems] == [True]
