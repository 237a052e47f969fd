"""reads.tsv and reads.yaml: everything that is wrong is told at once, with line and cure."""

from __future__ import annotations

import gzip

import pytest

from oncourse.errors import InputError, ToolError
from oncourse.reads import tools
from oncourse.reads.align import check_fastq
from oncourse.reads.sheet import read_plan


def _study(folder, *rows, header="patient\tsample\trole\tfastq_1\tfastq_2\tumi", yaml="fasta: ref.fa\n"):
    (folder / "ref.fa").write_text(">1\nACGT\n")
    for name in ("a_1.fq", "a_2.fq", "b_1.fq", "b_2.fq"):
        (folder / name).write_text("@r\nACGT\n+\nFFFF\n")
    (folder / "reads.tsv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "reads.yaml").write_text(yaml)
    return folder


def test_lanes_of_a_sample_are_joined_and_words_of_other_sheets_understood(tmp_path):
    _study(tmp_path, "P1\tS1\twbc\ta_1.fq\ta_2.fq\t6M+T", "P1\tS1\tWhite cells\tb_1.fq\tb_2.fq\t6M+T")
    (sample,) = read_plan(tmp_path).samples
    assert (sample.role, len(sample.fastq), sample.umi, sample.counts_families) == (
        "white_cells",
        2,
        "6M+T",
        True,
    )


@pytest.mark.parametrize(
    "rows, words",
    [
        (["P1\tS1\ttumour\ta_1.fq\ta_2.fq\t"], "whether the tissue is the primary or a metastasis"),
        (["P1\tS1\tplasma\tc_1.fq\ta_2.fq\t"], "row 2: there is no file c_1.fq"),
        (["P1\tS1\tplasma\ta_1.fq\ta_1.fq\t"], "same file as fastq_1"),
        (["P1\tS1\tplasma\ta_1.fq\ta_2.fq\tUMI"], "no read structure"),
        (["P1\tS1\tplasma\t\t\t"], "no file is given"),
        (["P1\tS/1\tplasma\ta_1.fq\ta_2.fq\t"], "cannot be part of a file name"),
        (["P1\tS1\tnormal\ta_1.fq\ta_2.fq\t", "P2\tS1\tnormal\tb_1.fq\tb_2.fq\t"], "is there twice"),
        (["P1\tS1\tnormal\ta_1.fq\ta_2.fq\t", "P1\tS2\tplasma\ta_1.fq\tb_2.fq\t"], "given for S1 and for S2"),
    ],
)
def test_a_row_that_cannot_be_used_says_what_and_the_cure(tmp_path, rows, words):
    with pytest.raises(InputError, match=rf"(?s){words}"):
        read_plan(_study(tmp_path, *rows))


def test_all_problems_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as told:
        read_plan(_study(tmp_path, "P1\tS1\tliver\tx.fq\t\t", yaml="fasta: none.fa\ntarget: x.bed\n"))
    text = str(told.value)
    assert "unknown key 'target'. Did you mean targets?" in text and "there is no file none.fa" in text


def test_a_missing_sheet_and_a_misspelt_column_are_told(tmp_path):
    with pytest.raises(InputError, match=r"has no reads\.tsv"):
        read_plan(tmp_path)
    with pytest.raises(InputError, match=r"Did you mean fastq_1"):
        read_plan(_study(tmp_path, "P1\tS1\tplasma\ta_1.fq", header="patient\tsample\trole\tfastq1"))


def test_fastq_that_is_cut_short_is_not_taken_for_whole(tmp_path):
    good = gzip.compress(b"@r\nACGT\n+\nFFFF\n" * 5000)
    for name, data, words in (
        ("cut.fastq.gz", good[:-20], "cut short or damaged"),
        ("rows.fastq.gz", gzip.compress(b"@r\nACGT\n+\n"), "not four for each read"),
        ("empty.fastq.gz", gzip.compress(b""), "holds no reads"),
        ("plain.fastq.gz", b"@r\nACGT\n+\nFFFF\n", "not compressed"),
        ("text.fastq", b"patient\tsample\n", "no FASTQ"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(InputError, match=words):
            check_fastq(path)
    path = tmp_path / "good.fastq.gz"
    path.write_bytes(good)
    check_fastq(path)


def test_a_missing_tool_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr(tools.shutil, "which", lambda name: None)
    with pytest.raises(ToolError, match=r"bwa.*aligning FASTQ.*apt-get install bwa"):
        tools.need("bwa")
    assert tools.missing(("bwa", "samtools")) == ["bwa", "samtools"]


def test_a_tool_that_fails_is_told_in_its_own_words(tmp_path):
    with pytest.raises(ToolError, match=r"ls failed: .*[Nn]o such file"):
        tools.pipe([["ls", str(tmp_path / "nothing")], ["cat"]], tmp_path / "log")
