"""reads.tsv and reads.yaml: everything that is wrong is told at once, with line and cure."""

from __future__ import annotations

import gzip
import subprocess
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from oncourse.errors import InputError, OncourseError, ToolError
from oncourse.genome.fasta import Fasta
from oncourse.reads import tools
from oncourse.reads.beside import build_of, check_gene_models, check_known_sites, check_reference
from oncourse.reads.collect import write_config
from oncourse.reads.discover import common_variants
from oncourse.reads.fastq import ADAPTERS, alike_named, check_fastq, check_lane
from oncourse.reads.profile import Bases, foreign_share, target_regions
from oncourse.reads.run import _check_build, _check_targets, _remarks_of, run_reads
from oncourse.reads.sheet import read_plan
from oncourse.reads.simulate_genome import make_genome
from oncourse.reads.simulate_reads import Library, simulate_pairs, write_fastq
from oncourse.reads.steps import _check_pairs
from oncourse.reads.twice import Sketch, check_own_reads, shared


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
        (["P1\tS1\tnormal\ta_1.fq\ta_2.fq\t"] * 2, "given twice for S1"),
        (["P1\tS1\tplasma\ta_1.fq\ta_2.fq\t6M+T", "P1\tS1\tplasma\tb_1.fq\tb_2.fq\t8M+T"], "row 3: sample S1: 6M.T"),
        (["P1\tS1\tnormal\ta_1.fq\ta_2.fq\t", "p1\tS2\tplasma\tb_1.fq\tb_2.fq\t"], "differ in capitals only"),
        (["P1\t..\tplasma\ta_1.fq\ta_2.fq\t"], "begin with a letter or digit"),
        (["P1\tS1\tplasma\ta{1}.fq\ta_2.fq\t"], "has a brace in its path"),
        (["P1\tS1\tplasma\ta.fq.bz2\ta_2.fq\t"], "is packed by bzip2"),
        (["P1\tS1\tplasma\tx.bam\ta_2.fq\t"], "Give it in the column bam"),
        (["P1\tS1\tplasma\tpacked.fq\ta_2.fq\t"], "not named so"),
        (["P1\tS1\tplasma\tlane1\ta_2.fq\t"], "is a folder"),
        (["P1\tS1\tT\ta_1.fq\ta_2.fq\t"], "whether the tissue is the primary or a metastasis"),
        (["P1\tS1\tN\ts3://b/a_1.fq\ta_2.fq\t"], "copy it there"),
        (["P1\tS1\tN\ta_*.fq\ta_2.fq\t"], "a row for each lane"),
        (["P1\tS1\tN\ta_1.fq,b_1.fq\ta_2.fq\t"], "Name one file in a cell"),
        (["P1\tS1\tlocal recurrence\ta_1.fq\ta_2.fq\t"], "whether the tissue is the primary or a metastasis"),
    ],
)
def test_a_row_that_cannot_be_used_says_what_and_the_cure(tmp_path, rows, words):
    (tmp_path / "lane1").mkdir()
    for name, head in (("a{1}.fq", b"@r"), ("a.fq.bz2", b"BZh9"), ("x.bam", b"BAM"), ("packed.fq", b"\x1f\x8b\x08")):
        (tmp_path / name).write_bytes(head)
    with pytest.raises(InputError, match=rf"(?s){words}"):
        read_plan(_study(tmp_path, *rows))


def test_a_chinese_sheet_with_numbers_of_a_spreadsheet_is_read(tmp_path):
    header = "患者编号\t样本编号\t角色\tR1\tR2\t天数\t纯度\tFFPE\tcomment"
    rows = ["张三\tA\t白细胞\ta_1.fq\ta_2.fq\t0.0\t\t\t", "张三\tB\t原发灶\tb_1.fq\tb_2.fq\t-12.0\t60%\tyes\tx"]
    plan = read_plan(_study(tmp_path, *rows, header=header))
    assert [(s.patient, s.role, s.day, s.purity, s.preservation) for s in plan.samples] == [
        ("张三", "white_cells", 0, None, ""),
        ("张三", "primary", -12, 0.6, "FFPE"),
    ]
    assert plan.unused == ("comment",)


def test_reads_yaml_that_is_a_list_and_a_sheet_of_another_name_are_told(tmp_path):
    _study(tmp_path, "P1\tS1\tnormal\ta_1.fq\ta_2.fq\t", yaml="- fasta\n")
    with pytest.raises(InputError, match="expected 'key: value' lines"):
        read_plan(tmp_path)
    (tmp_path / "reads.tsv").rename(tmp_path / "reads.csv")
    with pytest.raises(InputError, match=r"reads\.csv is not read"):
        read_plan(tmp_path)


def test_a_sheet_without_tabs_and_a_column_of_another_word_are_told(tmp_path):
    with pytest.raises(InputError, match="Divide the columns by tabs"):
        read_plan(_study(tmp_path, "P1 S1 normal a_1.fq", header="patient sample role fastq_1"))
    with pytest.raises(InputError, match=r"no column role.*rename one that is not understood \(kind\)"):
        read_plan(_study(tmp_path, "P1\tS1\tnormal\ta_1.fq", header="patient\tsample\tkind\tfastq_1"))


def test_a_file_where_the_steps_keep_theirs_is_told(tmp_path):
    _study(tmp_path, "P1\tS1\tnormal\ta_1.fq\ta_2.fq\t")
    (tmp_path / "reads").write_text("")
    with pytest.raises(InputError, match="Move it away"):
        run_reads(tmp_path)


def test_indexes_of_another_reference_are_told_before_a_program_reads_them(tmp_path):
    """freebayes found a non-DNA character; bwa would have aligned to the old sequences."""
    fasta = tmp_path / "ref.fa"
    fasta.write_text(">1\nACGT\n>2\nACGTAC\n")
    check_reference(fasta, from_fastq=True)
    (tmp_path / "ref.fa.ann").write_text("10 2 11\n0 1 (null)\n0 4 0\n0 2 (null)\n4 6 0\n")
    check_reference(fasta, from_fastq=True)
    fasta.write_text(">1\nACGTA\n>2\nACGTAC\n")
    with pytest.raises(InputError, match=r"bwa index ref\.fa"):
        check_reference(fasta, from_fastq=True)
    (tmp_path / "ref.fa.fai").write_text("1\t4\t3\t4\t5\n2\t6\t11\t6\t7\n")
    with pytest.raises(InputError, match=r"samtools faidx ref\.fa"):
        check_reference(fasta, from_fastq=False)


def test_a_target_that_ends_before_it_starts_is_told_with_its_line(tmp_path):
    (tmp_path / "t.bed").write_text("track name=x\n1\t3\t1\n")
    with pytest.raises(InputError, match=r"line 2: the region 1:3-1 ends before it starts"):
        target_regions(tmp_path / "t.bed", Fasta(_fasta(tmp_path)))


def test_reads_given_for_two_samples_are_told_though_the_files_have_other_names():
    """A copied BAM file was a normal and a tumour without a mutation, without a word."""
    sketches = {name: Sketch() for name in ("A", "B", "C")}
    for n in range(6_000):
        sketches["A"].add(f"r{n}", "ACGT")
        sketches["B"].add(f"r{n}", "ACGT" if n % 4 == 0 else "CCCC")  # one lane of four
        sketches["C"].add(f"r{n}", "TTTT")  # other reads that are named alike
    assert shared(sketches["A"], sketches["B"]) == pytest.approx(0.25, abs=0.05)
    check_own_reads({k: sketches[k] for k in "AC"})
    with pytest.raises(OncourseError, match=r"A and B hold the same reads \(2\d%"):
        check_own_reads(sketches)


def _fasta(folder):
    (folder / "one.fa").write_text(">1\nACGT\n")
    return folder / "one.fa"


def test_all_problems_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as told:
        read_plan(_study(tmp_path, "P1\tS1\tliver\tx.fq\t\t", yaml="fasta: none.fa\ntarget: x.bed\n"))
    text = str(told.value)
    assert "unknown key 'target'. Did you mean targets?" in text and "there is no file none.fa" in text


def test_a_missing_sheet_and_a_misspelt_column_are_told(tmp_path):
    with pytest.raises(InputError, match=r"has no reads\.tsv"):
        read_plan(tmp_path)
    with pytest.raises(InputError, match=r"Did you mean fastq_1"):
        read_plan(_study(tmp_path, "P1\tS1\tplasma\ta_1.fq", header="patient\tsample\trole\tfastqq_1"))


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


def test_a_damaged_record_in_the_middle_is_told_with_its_line(tmp_path):
    """fastp 0.23 stops at such a record and succeeds: the rest of the file was lost without a word."""
    record = "@r\nACGT\n+\nFFFF\n"
    path = tmp_path / "a.fastq"
    for damaged in ("@r\nACGT\n+\nFFF\n", "@r\nACGT\nFFFF\n@r\n", "r\nACGT\n+\nFFFF\n"):
        path.write_text(record * 5 + damaged + record * 5)
        with pytest.raises(InputError, match="line 21: is no record"):
            check_fastq(path)
    path.write_text((record * 300_000).rstrip("\n"))
    assert check_fastq(path) == 300_000
    path.write_text(record.replace("\n", "\r\n") * 3)
    assert check_fastq(path) == 3


def _fastq(path, names, end):
    path.write_text("".join(f"@{n}{end}\nACGT\n+\nFFFF\n" for n in names))
    return path


@pytest.mark.parametrize(
    "names, ends, words",
    [
        (
            (["a", "b"], ["c", "d"]),
            (" 1:N:0:1", " 2:N:0:1"),
            "not of the same fragments: read 1 is a in the first and c",
        ),
        ((["a", "b"], ["b", "a"]), ("/1", "/2"), "one was sorted"),
        ((["a", "b"], ["a", "b"]), (" 2:N:0:1", " 1:N:0:1"), "Exchange fastq_1 and fastq_2"),
        ((["a", "b"], ["a", "b"]), ("/1", "/1"), "both hold first reads"),
        ((["a", "b"], ["a"]), ("", ""), "holds 2 reads and two.fq 1"),
    ],
)
def test_the_files_of_a_lane_are_first_and_second_reads_of_the_same_fragments(tmp_path, names, ends, words):
    """Mixed, they would be aligned as single reads without a word; exchanged, damage would look like mutations."""
    one, two = (_fastq(tmp_path / f"{f}.fq", n, e) for f, n, e in zip(("one", "two"), names, ends, strict=True))
    with pytest.raises(InputError, match=words):
        check_lane(one, two)


def test_exchanged_lanes_of_simulated_reads_are_told(tmp_path):
    """Heads of simulated reads say which mate they are, as a sequencer's do: they named the fragment only."""
    rng = np.random.default_rng(1)
    genome = make_genome(("KRAS",), rng, n_runs=2)
    pairs = simulate_pairs(genome, [], [], Library(2), rng)
    one, two = (tmp_path / f"x_{n}.fastq.gz" for n in (1, 2))
    n = write_fastq(pairs, one, two, "x")
    assert check_lane(one, two) == 2 * n
    with pytest.raises(InputError, match="Exchange fastq_1 and fastq_2"):
        check_lane(two, one)


@pytest.mark.parametrize("first, second", ADAPTERS)
def test_files_exchanged_without_numbers_in_the_names_are_told_by_the_adapters(tmp_path, first, second):
    """Behind a fragment shorter than the read comes an adapter, of the first read another than of the second."""
    files = []
    for adapter, n in ((first, "one"), (second, "two")):
        reads = "".join(f"@r{k}\nACGT{adapter.decode()}\n+\n{'F' * (4 + len(adapter))}\n" for k in range(25))
        files.append(tmp_path / f"{n}.fq")
        files[-1].write_text(reads)
    assert check_lane(*files) == 50
    with pytest.raises(InputError, match="Exchange fastq_1 and fastq_2"):
        check_lane(*reversed(files))


def test_mates_of_two_lanes_that_count_their_reads_alike_are_told_by_where_they_lie(tmp_path):
    """Names `r0`, `r1` ... in both lanes: the second files exchanged, every name fits; half of the strands do not."""
    plan = read_plan(_study(tmp_path, "P1\tS1\tnormal\ta_1.fq\tb_2.fq\t", "P1\tS1\tnormal\tb_1.fq\ta_2.fq\t"))
    sample, bam = plan.samples[0], tmp_path / "S1.bam"
    _check_pairs(sample, bam, {"S1.0": (900, 860), "S1.1": (150, 60)})
    with pytest.raises(OncourseError, match=r"b_1\.fq and a_2\.fq: only 50% of 900 pairs .* not of the same fragments"):
        _check_pairs(sample, bam, {"S1.0": (900, 860), "S1.1": (900, 450)})
    with pytest.raises(OncourseError, match=r"S1\.bam, read group x: only 10%"):
        _check_pairs(replace(sample, fastq=()), bam, {"x": (900, 90)})


def test_reads_of_two_lanes_named_alike_are_told_apart_before_they_are_joined(tmp_path, monkeypatch):
    """r0, r1 ... in both lanes: mates were looked for by name over all lanes, and half of the pairs were of two lanes."""
    from oncourse.reads import align

    lanes = [
        (_fastq(tmp_path / f"{n}_1.fq", ["r0", "r1"], ""), _fastq(tmp_path / f"{n}_2.fq", ["r0", "r1"], ""))
        for n in "ab"
    ]
    other = _fastq(tmp_path / "c_1.fq", ["q0", "q1"], "")
    assert alike_named([lanes[0][0], lanes[1][0]]) and not alike_named([lanes[0][0], other])
    said = []
    monkeypatch.setattr(align, "pipe", lambda commands, _log: said.append(commands))
    plan = read_plan(_study(tmp_path, "P1\tS1\tnormal\ta_1.fq\ta_2.fq\t"))
    for is_renamed in (False, True):
        align._lane(plan, plan.samples[0], 1, "a_1.fq", "a_2.fq", tmp_path, 2, is_renamed=is_renamed)
    assert [[c[0] for c in commands] for commands in said] == [
        ["fastp", "bwa", "samtools"],
        ["fastp", "sed", "bwa", "samtools"],
    ]
    text = lanes[0][0].read_text()
    renamed = subprocess.run(said[1][1], input=text, capture_output=True, text=True, check=True).stdout
    assert renamed == text.replace("@", "@1:")


def test_names_without_the_number_of_the_read_are_right(tmp_path):
    """Names of the Sequence Read Archive say 1 and 2 in neither file."""
    check_lane(*(_fastq(tmp_path / f"{f}.fq", ["SRR1.1", "SRR1.2"], " 1 length=4") for f in "ab"))


def test_one_name_of_lesions_of_two_patients_is_two_lesions(tmp_path):
    """Sheets name lesions `colon` and `liver` in every patient; as one lesion the other patient's was lost."""
    rows = (
        "P1\tS1\tprimary\ta_1.fq\tcolon",
        "P2\tS2\tprimary\ta_2.fq\tcolon",
        "P2\tS3\tmetastasis\tb_1.fq\tliver",
    )
    plan = read_plan(_study(tmp_path, *rows, header="patient\tsample\trole\tfastq_1\tlesion"))
    assert [plan.lesion(s) for s in ("S1", "S2", "S3")] == ["P1-colon", "P2-colon", "liver"]
    with pytest.raises(InputError, match="row 3: colon of P2 is metastasis here and primary in line 2"):
        rows = ("P2\tS2\tprimary\ta_2.fq\tcolon", "P2\tS3\tmetastasis\tb_1.fq\tcolon")
        read_plan(_study(tmp_path, *rows, header="patient\tsample\trole\tfastq_1\tlesion"))


def test_targets_are_of_the_reference_by_name_and_length(tmp_path):
    (tmp_path / "g.fa").write_text(">chr1\n" + "ACGT" * 25 + "\n>MT\nACGT\n")
    fasta, bed = Fasta(tmp_path / "g.fa"), tmp_path / "t.bed"
    bed.write_text("1\t0\t100\nchrM\t0\t4\n")
    assert target_regions(bed, fasta)["chrom"].to_list() == ["chr1", "MT"]
    for text, words in (
        ("1\t50\t101\n", "beyond the end.*chr1:50-101; chr1 of g.fa has 100 bases"),
        ("chr7\t0\t9\n", "its contigs chr7 are not in g.fa"),
    ):
        bed.write_text(text)
        with pytest.raises(InputError, match=words):
            target_regions(bed, fasta)


def test_reads_unlike_the_reference_are_of_another_one():
    """Wrong reference of the same lengths: three of four bases differ; a person's own genome: one of a thousand."""
    counts = np.zeros((400, 12), np.int32)
    counts[:, 0] = 30
    ref = np.zeros(400, np.int8)
    ref[:1] = 2
    place = (("1",), np.zeros(400, np.int64), np.arange(400))
    assert foreign_share(Bases(*place, ref, counts)) == pytest.approx(1 / 400)
    assert foreign_share(Bases(*place, np.arange(400).astype(np.int8) % 4, counts)) == pytest.approx(0.75)


def test_a_missing_tool_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr(tools.shutil, "which", lambda name: None)
    with pytest.raises(ToolError, match=r"bwa.*aligning FASTQ.*apt-get install bwa"):
        tools.need("bwa")
    assert tools.missing(("bwa", "samtools")) == ["bwa", "samtools"]


def test_a_tool_that_fails_is_told_in_its_own_words(tmp_path):
    with pytest.raises(ToolError, match=r"ls failed: .*[Nn]o such file"):
        tools.pipe([["ls", str(tmp_path / "nothing")], ["cat"]], tmp_path / "log")


def test_the_build_of_the_reference_is_read_from_its_chromosomes_and_must_be_the_studys(tmp_path, monkeypatch):
    """chr21 of GRCh38 has 46,709,983 bases, of GRCh37 48,129,895 (GRC)."""
    _study(tmp_path, "P1\tS1\tplasma\ta_1.fq\ta_2.fq\t")
    (tmp_path / "ref.fa").write_text(">chr21\nACGT\n")
    monkeypatch.setattr(Fasta, "length", lambda self, chrom: {"chr21": 46_709_983}[chrom])
    plan = read_plan(tmp_path)
    assert build_of(plan) == "GRCh38"
    (tmp_path / "study.yaml").write_text("genome_build: GRCh37\n")
    with pytest.raises(InputError, match=r"study\.yaml says genome_build GRCh37, ref\.fa is GRCh38"):
        _check_build(plan)
    (tmp_path / "study.yaml").unlink()
    write_config(plan, "GRCh38")
    assert "genome_build: GRCh38\n" in (tmp_path / "study.yaml").read_text()
    (tmp_path / "study.yaml").write_text("title: mine\n")
    write_config(plan, "GRCh38")
    assert (tmp_path / "study.yaml").read_text() == "title: mine\n"


def test_a_whole_genome_without_targets_is_told_before_anything_is_aligned(tmp_path, monkeypatch):
    plan = read_plan(_study(tmp_path, "P1\tS1\tplasma\ta_1.fq\ta_2.fq\t"))
    monkeypatch.setattr(Fasta, "length", lambda self, chrom: 3_000_000_000)
    with pytest.raises(InputError, match=r"no targets: ref\.fa is a whole genome"):
        _check_targets(plan)


def test_reads_without_a_duplicate_are_remarked_on():
    """A BAM file whose duplicates were never marked: each copy counted as a molecule of its own."""
    row = {"contamination": None, "mapped_share": 1.0, "share_20x": 1.0, "duplicate_share": 0.0, "reads": 20_000}
    assert "samtools markdup" in "".join(_remarks_of(row, is_unmarked=True))
    assert not list(_remarks_of(row, is_unmarked=False))  # identifiers, or aligned here
    assert not list(_remarks_of(row | {"duplicate_share": 0.01}, is_unmarked=True))


def test_a_packed_reference_is_told_before_anything_is_aligned(tmp_path, monkeypatch):
    """bwa reads it, the index of its bases ended in a fault."""
    (tmp_path / "r.fa.gz").write_bytes(gzip.compress(b">1\nACGT\n"))
    with pytest.raises(InputError, match=r"gunzip -k r\.fa\.gz\) and write `fasta: r\.fa`"):
        check_reference(tmp_path / "r.fa.gz", from_fastq=True)
    (tmp_path / "r.fa").write_text(">1\nACGT\n")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(InputError, match=r"indexes \(\.fai, \.bwt\) are not there and .* cannot be written"):
        check_reference(tmp_path / "r.fa", from_fastq=True)


@pytest.mark.parametrize(
    "head, told",
    [
        ("##contig=<ID=NC_000012.12>\n", "has no contig of r.fa .NC_000012.12 ... and 12 "),
        ("##contig=<ID=chr12,length=99>\n", "contig 12 has 99 bases, in r.fa it has 8"),
        ("##contig=<ID=chr12,length=8>\n", None),
        ("", None),
    ],
)
def test_known_sites_of_another_build_are_told_and_not_taken_for_none(tmp_path, head, told):
    pytest.importorskip("pysam")
    (tmp_path / "r.fa").write_text(">12\nACGTACGT\n")
    path = tmp_path / "dbsnp.vcf"
    path.write_text(f"##fileformat=VCFv4.2\n{head}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    if told is None:
        return check_known_sites(path, Fasta(tmp_path / "r.fa"))
    with pytest.raises(InputError, match=told):
        check_known_sites(path, Fasta(tmp_path / "r.fa"))


def test_gene_models_of_other_contigs_and_a_table_for_a_vcf_are_told(tmp_path):
    """Without a word no variant had a gene."""
    pytest.importorskip("pysam")
    (tmp_path / "r.fa").write_text(">12\nACGTACGT\n")
    fasta, path = Fasta(tmp_path / "r.fa"), tmp_path / "x.gff3"
    path.write_text("##gff-version 3\nNC_000012.12\tRefSeq\tgene\t1\t8\t.\t+\t.\tID=1\n")
    with pytest.raises(InputError, match=r"gff: x\.gff3 has no contig of r\.fa \(NC_000012\.12 \.\.\. and 12"):
        check_gene_models(path, fasta)
    with pytest.raises(InputError, match="is no VCF that can be read"):
        check_known_sites(path, fasta)
    for line in ("chr12\tx\tgene\t1\t8\n", "NM_1\tchr12\t+\t1\t8\n", "585\tNM_1\tchr12\t+\t1\n"):
        path.write_text(line)
        check_gene_models(path, fasta)


def test_variants_common_in_people_are_read_from_known_sites(tmp_path):
    """AF 0.2 counts, 0.0001 does not, none given does; what lies outside the targets does not."""
    (tmp_path / "g.fa").write_text(">chr1\n" + "ACGT" * 25 + "\n")
    head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    lines = [
        "##fileformat=VCFv4.2",
        '##INFO=<ID=AF,Number=A,Type=Float,Description="f">',
        "##contig=<ID=1,length=100>",
        head,
        "1\t5\t.\tA\tG,T\t.\t.\tAF=0.2,0.0001",
        "1\t6\t.\tC\tT\t.\t.\t.",
        "1\t90\t.\tC\tT\t.\t.\tAF=0.5",
    ]
    (tmp_path / "known.vcf").write_text("\n".join(lines) + "\n")
    regions = pl.DataFrame({"chrom": ["chr1"], "start": [0], "end": [50]})
    found = common_variants(tmp_path / "known.vcf", regions, Fasta(tmp_path / "g.fa"))
    assert found == {"1:5:A:G", "1:6:C:T"}
