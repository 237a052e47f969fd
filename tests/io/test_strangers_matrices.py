"""Matrices of log2 ratios or of copies under the name of discrete calls.

From a stranger's folders (1 December 2026): 1.93 of a matrix whose meta file says LOG2-VALUE amplified ERBB2.
"""

from __future__ import annotations

import pytest
from tests.io.strangers import MAF

from oncourse.io.detect import read_any
from oncourse.io.structural.events import read_gene_copy_number

_STUDY = "type_of_cancer: coadread\ncancer_study_identifier: x\nname: x\ndescription: x\n"
_META = "cancer_study_identifier: x\ngenetic_alteration_type: COPY_NUMBER_ALTERATION\n"
_META += "data_filename: data_cna.txt\ndatatype: {}\n"
_LOG2 = "Hugo_Symbol\tP1-T\tP2-T\nERBB2\t1.93\t-0.31\nMYC\t0.12\t1.4\n"


def _folder(folder, datatype, text):
    (folder / "meta_study.txt").write_text(_STUDY)
    (folder / "meta_CNA.txt").write_text(_META.format(datatype))
    (folder / "data_cna.txt").write_text(text)
    (folder / "data_clinical_sample.txt").write_text("SAMPLE_ID\tPATIENT_ID\nP1-T\tP1\nP2-T\tP2\n")
    row = "TP53 17 7577120 7577120 C T P1-T Missense_Mutation p.R273H GRCh37".replace(" ", "\t")
    (folder / "data_mutations.txt").write_text(f"{MAF}\n{row}\n")
    return read_any(folder)


@pytest.mark.parametrize("datatype", ["LOG2-VALUE", "CONTINUOUS", "DISCRETE"])
def test_ratios_are_no_calls_whatever_the_meta_file_says(tmp_path, datatype):
    reading = _folder(tmp_path, datatype, _LOG2)
    assert reading.tables.get("gene_copy_number") is None or reading.tables["gene_copy_number"].is_empty()
    assert [p for p in reading.problems if "not read" in p.message and "data_cna" in p.table]


def test_levels_are_calls(tmp_path):
    reading = _folder(tmp_path, "DISCRETE", "Hugo_Symbol\tP1-T\tP2-T\nERBB2\t2\t0\nPTEN\t-1.5\t-2\nMYC\t1\t-1\n")
    table = reading.tables["gene_copy_number"].select("sample_id", "gene", "call").sort("gene", "sample_id")
    assert [(s, g, float(c)) for s, g, c in table.rows()] == [
        *(("P1-T", "ERBB2", 2.0), ("P2-T", "ERBB2", 0.0), ("P1-T", "MYC", 1.0)),
        *(("P2-T", "MYC", -1.0), ("P1-T", "PTEN", -2.0), ("P2-T", "PTEN", -2.0)),
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Gene\tA\tB\nERBB2\t2\t8\nMYC\t2\t2\nPTEN\t0\t2\n", "numbers of copies"),
        ("Gene\tA\tB\nERBB2\t0.02\t0.9\nMYC\t0\t-0.5\n", "log2 ratios"),
    ],
)
def test_copies_and_ratios_of_a_table_are_told(tmp_path, text, word):
    (tmp_path / "copies.txt").write_text(text)
    calls, problems = read_gene_copy_number(tmp_path / "copies.txt")
    assert calls.is_empty()
    assert any(word in p.message for p in problems)
