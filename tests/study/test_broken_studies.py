"""Broken study folders: each is refused with table, row, column and cure, exit code 2, and nothing is written."""

from __future__ import annotations

import gzip
import shutil
import sys

import polars as pl
import pytest

from oncourse.cli.main import main
from oncourse.study.config import StudyConfig

BASE = {
    "study.yaml": "title: a small study\ngenome_build: GRCh37\ndesign: crc\n",
    "patients.tsv": "patient_id\tsex\tage_years\nP1\tfemale\t60\nP2\tmale\t71.5\n",
    "follow_up.tsv": "patient_id\tlast_contact_day\tis_dead\tdeath_day\nP1\t900\tno\t\nP2\t400\tyes\t400\n",
    "lesions.tsv": "lesion_id\tpatient_id\trole\nL1\tP1\tprimary\nL2\tP1\tmetastasis\nL3\tP2\tprimary\n",
    "samples.tsv": (
        "sample_id\tpatient_id\tmaterial\tlesion_id\tassay_id\tpurity\n"
        "S1\tP1\ttissue\tL1\tA\t0.6\nS2\tP1\ttissue\tL2\tA\t0.4\nS3\tP2\ttissue\tL3\tA\t\nS4\tP2\tplasma\t\tA\t\n"
    ),
    "assays.tsv": "assay_id\tkind\ttargets\nA\tpanel\tKRAS;TP53\n",
    "variants.tsv": (
        "variant_id\tgene\thgvs_p\tconsequence\n"
        "12:25398284:C:T\tKRAS\tp.G12D\tmissense\n17:7577120:C:T\tTP53\tp.R273H\tmissense\n"
    ),
    "calls.tsv": (
        "sample_id\tvariant_id\talt_count\tdepth\n"
        "S1\t12:25398284:C:T\t30\t200\nS2\t12:25398284:C:T\t25\t180\nS3\t17:7577120:C:T\t0\t150\n"
    ),
    "segments.tsv": "sample_id\tchrom\tstart\tend\ttotal_cn\tminor_cn\nS1\t12\t1\t50000000\t2\t1\n",
    "treatments.tsv": "patient_id\tdrugs\tstart_day\tstop_day\nP1\tcapecitabine;oxaliplatin\t30\t180\n",
    "labs.tsv": "patient_id\tday\tanalyte\tvalue\tunit\nP1\t10\tCEA\t5.1\tng/ml\n",
    "markers.tsv": "patient_id\tmarker\tvalue\tsample_id\nP1\tHER2\tnegative\tS1\n",
    "target_lesions.tsv": "patient_id\tday\tlesion_id\tdiameter_mm\nP1\t20\tT1\t25\n",
}


def edit(name, old, new):
    """A fault: text replaced in one file."""

    def fault(folder):
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return fault


def put(name, content):
    """A fault: one file's content."""

    def fault(folder):
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)

    return fault


def drop(name):
    return lambda folder: (folder / name).unlink()


def truncated_gzip(folder):
    text = (folder / "calls.tsv").read_bytes() * 50
    (folder / "calls.tsv").unlink()
    (folder / "calls.tsv.gz").write_bytes(gzip.compress(text)[:-40])


def damaged_gzip(folder):
    data = bytearray(gzip.compress((folder / "calls.tsv").read_bytes() * 50))
    data[30] ^= 0xFF
    (folder / "calls.tsv").unlink()
    (folder / "calls.tsv.gz").write_bytes(bytes(data))


def wrong_encoding(folder):
    (folder / "patients.tsv").write_bytes(
        "patient_id\tdisease\nP1\tdarmkrebs\nP2\tKrebs des Darms, groß\n".encode("latin-1")
    )


def crlf_with_bom(folder):
    text = BASE["samples.tsv"].replace("0.4", "1.4").replace("\n", "\r\n")
    (folder / "samples.tsv").write_bytes(b"\xef\xbb\xbf" + text.encode())


def old_mac(folder):
    (folder / "samples.tsv").write_text(BASE["samples.tsv"].replace("0.4", "x").replace("\n", "\r"), newline="")


def very_long_line(folder):
    with (folder / "variants.tsv").open("wb") as out:  # packed it would be refused for its ratio, before any line
        out.write(b"variant_id\tgene\n12:25398284:C:T\t")
        for _ in range(34):
            out.write(b"A" * (1 << 20))


C = "calls.tsv"
S = "samples.tsv"
P = "patients.tsv"
#: name -> (fault, words the message must hold: table and column, row, what, cure)
CASES = {
    # values
    "text where a number belongs": (
        edit(S, "0.6", "high"),
        ["samples.purity", "row 2", "'high'", "leave it empty"],
    ),
    "out of range": (edit(S, "0.6", "60"), ["samples.purity", "row 2", "above 1", "Allowed: 0 to 1"]),
    "negative count": (edit(C, "30\t200", "-3\t200"), ["calls.alt_count", "row 2", "below 0", "Allowed"]),
    "not a whole number": (
        edit(C, "30\t200", "30.5\t200"),
        ["calls.alt_count", "row 2", "30.5", "leave it empty"],
    ),
    "NaN": (edit(S, "0.6", "NaN"), ["samples.purity", "row 2", "NaN", "leave it empty"]),
    "infinite": (edit(S, "0.6", "inf"), ["samples.purity", "row 2", "inf", "leave it empty"]),
    "word outside the list": (
        edit(S, "plasma", "plasme"),
        ["samples.material", "row 5", "plasme", "Did you mean plasma"],
    ),
    "required value missing": (
        edit(S, "S2\tP1\ttissue", "S2\tP1\t"),
        ["samples.material", "row 3", "missing", "required"],
    ),
    "sex unknown word": (edit(P, "female", "F?"), ["patients.sex", "row 2", "F?", "Allowed: female / male"]),
    "impossible age": (edit(P, "71.5", "715"), ["patients.age_years", "row 3", "above 120", "years"]),
    "diameter in tenths of mm": (
        edit("target_lesions.tsv", "\t25", "\t410"),
        ["target_lesions.diameter_mm", "row 2", "above 300", "mm"],
    ),
    # columns
    "unknown column": (edit(C, "depth", "dept"), ["calls.dept", "unknown column", "Did you mean depth?"]),
    "required column missing": (edit(S, "material", "stuff"), ["samples.material", "missing", "material"]),
    "duplicate header": (
        edit(C, "alt_count\tdepth", "depth\tdepth"),
        ["calls.depth", "row 1", "there twice", "Rename"],
    ),
    "column without name": (edit(C, "alt_count", ""), ["calls", "row 1", "column 3 has no name", "Name it"]),
    "more cells than columns": (
        edit(C, "30\t200", "30\t200\textra"),
        ["calls", "row 2", "5 cells", "tab inside a cell"],
    ),
    "quoted tab in an id": (
        put(P, 'patient_id\tsex\n"P1\tx"\tfemale\nP2\tmale\n'),
        ["P1", "row 2", "not in patients", "patients.tsv"],
    ),
    "quote that never closes": (
        edit(P, "P2\t", '"P2\t'),
        ["patients", "row 3", "quote opens", "remove the quote"],
    ),
    # keys and references
    "sample twice with other values": (
        edit(S, "S2\tP1", "S1\tP1"),
        ["samples.sample_id", "row 3", "twice", "keep the right row"],
    ),
    "call twice with other counts": (
        edit(C, "S2\t12:25398284:C:T", "S1\t12:25398284:C:T"),
        ["calls.sample_id", "row 3", "twice", "keep the right row"],
    ),
    "patient twice": (edit(P, "P2\tmale", "P1\tmale"), ["patients.patient_id", "row 3", "twice"]),
    "sample of nobody": (
        edit(S, "S4\tP2", "S4\tP9"),
        ["samples.patient_id", "row 5", "'P9' is not in patients", "patients.tsv"],
    ),
    "call of no sample": (
        edit(C, "S3", "S33"),
        ["calls.sample_id", "row 4", "'S33' is not in samples", "samples.tsv"],
    ),
    "lesion that is not there": (
        edit(S, "\tL2\t", "\tL22\t"),
        ["samples.lesion_id", "row 3", "'L22' is not in lesions", "lesions.tsv"],
    ),
    "assay that is not there": (
        edit(S, "L1\tA", "L1\tB"),
        ["samples.assay_id", "row 2", "'B' is not in assays", "assays.tsv"],
    ),
    "lesion of another patient": (
        edit(S, "\tL3\t", "\tL1\t"),
        ["samples.lesion_id", "row 4", "another patient", "Correct"],
    ),
    "marker in another patient's sample": (
        edit("markers.tsv", "\tS1", "\tS3"),
        ["markers.sample_id", "row 2", "another patient", "Correct"],
    ),
    "lesions used without a table": (
        drop("lesions.tsv"),
        ["samples.lesion_id", "row 2", "no table lesions", "Add lesions.tsv"],
    ),
    # what only several columns show
    "alt_count above depth": (
        edit(C, "30\t200", "300\t200"),
        ["calls.alt_count", "row 2", "more than the depth", "swapped"],
    ),
    "alive with a day of death": (
        edit("follow_up.tsv", "yes\t400", "no\t400"),
        ["follow_up.death_day", "row 3", "is_dead is false", "Correct"],
    ),
    "treatment starts after death": (
        edit("treatments.tsv", "P1\tcapecitabine;oxaliplatin\t30\t180", "P2\tcapecitabine\t500\t"),
        ["treatments.start_day", "row 2", "after death", "Correct"],
    ),
    "treatment stops before it starts": (
        edit("treatments.tsv", "\t180", "\t20"),
        ["treatments.stop_day", "row 2", "before the start", "Correct"],
    ),
    "segment backwards": (
        edit("segments.tsv", "1\t50000000", "50000000\t1"),
        ["segments.start", "row 2", "after end", "swapped"],
    ),
    "minor copies above all": (
        edit("segments.tsv", "2\t1\n", "2\t3\n"),
        ["segments.minor_cn", "row 2", "more than all", "half"],
    ),
    "variant written twice": (
        edit(C, "S2\t12:25398284:C:T", "S2\tchr12:25398283:AC:AT"),
        ["calls.variant_id", "row 3", "under another id", "Write it 12:25398284:C:T"],
    ),
    "one indel in two spellings": (
        put(
            C,
            "sample_id\tvariant_id\talt_count\tdepth\nS1\t17:7577100:-:TT\t9\t90\nS2\t17:7577100:C:CTT\t8\t80\n",
        ),
        ["calls.variant_id", "row 3", "under another id", "Write it 17:7577100:-:TT"],
    ),
    "past the end of the chromosome": (
        edit("variants.tsv", "17:7577120", "17:82577120"),  # GRCh38 has that place, GRCh37 has not
        ["variants.variant_id", "row 3", "past the end", "genome_build"],
    ),
    "another genome build": (
        edit("study.yaml", "GRCh37", "GRCh38"),
        ["variants.variant_id", "where GRCh37 has", "correct genome_build"],
    ),
    "sample of another build": (
        put(
            S,
            "sample_id\tpatient_id\tmaterial\tgenome_build\nS1\tP1\ttissue\thg19\nS2\tP1\ttissue\thg38\nS3\tP2\ttissue\t\n",
        ),
        ["samples.genome_build", "row 3", "hg38", "Lift"],
    ),
    # ids
    "path in an id": (
        edit(P, "P2\t", "../P2\t"),
        ["patients.patient_id", "row 3", "../P2", "letters, digits"],
    ),
    "slash in a sample id": (
        edit(S, "S4\t", "S/4\t"),
        ["samples.sample_id", "row 5", "S/4", "letters, digits"],
    ),
    "reserved word as id": (
        edit(P, "P2\t", "none\t"),
        ["patients.patient_id", "row 3", "word of the command line", "another id"],
    ),
    "HTML in an id of no patient": (
        edit(S, "S4\tP2", "S4\t<script>alert(1)</script>"),
        ["samples.patient_id", "row 5", "<script>", "patients.tsv"],
    ),
    # time
    "date without index date": (
        put("labs.tsv", "patient_id\tdate\tanalyte\tvalue\nP1\t2020-01-05\tCEA\t5\n"),
        ["labs.date", "index_date", "Add index_date"],
    ),
    "not a date": (
        lambda folder: (
            put(P, "patient_id\tindex_date\nP1\t2020-01-01\nP2\t2020-02-01\n")(folder),
            put("labs.tsv", "patient_id\tdate\tanalyte\tvalue\nP1\t05/01/2020\tCEA\t5\n")(folder),
        ),
        ["labs.date", "row 2", "05/01/2020", "YYYY-MM-DD"],
    ),
    "a calendar year as day": (
        edit("treatments.tsv", "\t30\t", "\t20200130\t"),
        ["treatments.start_day", "row 2", "above 40000", "days from"],
    ),
    # files
    "empty file": (put(C, b""), ["calls", "empty", "header line"]),
    "blank lines only": (put(C, "\n\n\n"), ["calls", "empty", "header line"]),
    "truncated gzip": (truncated_gzip, ["calls", "cut off", "again"]),
    "damaged gzip": (damaged_gzip, ["calls", "damaged", "again"]),
    "wrong encoding": (wrong_encoding, ["patients", "row 3", "not UTF-8", "iconv"]),
    "zero bytes": (
        put(P, b"patient_id\tsex\nP1\tfem\x00ale\nP2\tmale\n"),
        ["patients", "row 2", "zero bytes", "tab-separated"],
    ),
    "BOM and CRLF around a fault": (crlf_with_bom, ["samples.purity", "row 3", "above 1", "Allowed"]),
    "old Mac line ends around a fault": (old_mac, ["samples.purity", "row 3", "'x'", "leave it empty"]),
    "line above 32 MB": (very_long_line, ["variants", "row 2", "longer than 32 MB", "check the line ends"]),
    "Git LFS pointer": (
        put(C, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"),
        ["calls", "Git LFS pointer", "git lfs pull"],
    ),
    "web page": (put(C, "<!DOCTYPE html><html>Not found</html>"), ["calls", "web page", "Download"]),
    "Excel workbook": (put(C, b"PK\x03\x04" + b"x" * 100), ["calls", "Excel", "tab-separated"]),
    "commas with a fault": (
        put(P, "patient_id,sex,age_years\nP1,female,60\nP2,males,70\n"),
        ["patients.sex", "row 3", "not an allowed value", "male"],
    ),
    "a workbook that is none": (
        lambda folder: (folder / "calls.tsv").rename(folder / "calls.xlsx").write_bytes(b"PK\x03\x04" + b"x" * 100),
        ["calls", "cannot be read as a workbook", "save it again as .xlsx"],
    ),
    "table given twice": (
        lambda folder: shutil.copy(folder / "calls.tsv", folder / "calls.txt"),
        ["calls", "there twice", "Keep one"],
    ),
    "no calls": (drop(C), ["calls", "required table is missing", "Add calls.tsv"]),
    "no samples": (drop(S), ["samples", "required table is missing", "Add samples.tsv"]),
    # study.yaml
    "misspelled key": (put("study.yaml", "titel: x\n"), ["study.yaml", "titel", "Did you mean title"]),
    "unknown build": (put("study.yaml", "genome_build: hg17\n"), ["study.yaml", "hg17", "GRCh37"]),
    "not YAML": (put("study.yaml", "title: [a\n"), ["study.yaml", "line"]),
    "key twice": (put("study.yaml", "title: a\ntitle: b\n"), ["study.yaml", "title", "twice"]),
    # a MAF in place of calls
    "MAF without alleles": (
        lambda folder: (
            drop(C)(folder),
            put("a.maf", "Hugo_Symbol\tChromosome\tStart_Position\tTumor_Sample_Barcode\nKRAS\t12\t5\tS1\n")(folder),
        ),
        ["row 1", "not a MAF", "reference_allele", "Tumor_Seq_Allele2"],
    ),
    "MAF with a broken count": (
        lambda folder: (
            drop(C)(folder),
            put(
                "a.maf",
                (
                    "#version 2.4\n"
                    "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tt_alt_count\n"
                    "KRAS\t12\t25398284\tC\tT\tS1\tmany\n"
                ),
            )(folder),
        ),
        ["a.alt_count", "row 3", "'many'", "Leave it empty"],
    ),
    "MAF of two builds": (
        lambda folder: (
            drop(C)(folder),
            put(
                "a.maf",
                (
                    "Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
                    ""
                    "KRAS\tGRCh37\t12\t25398284\tC\tT\tS1\n"
                    "KRAS\thg19\t12\t25398284\tC\tT\tS2\nTP53\tGRCh38\t17\t7673802\tC\tT\tS3\n"
                ),
            )(folder),
        ),
        ["a.build", "row 4", "GRCh38", "lift"],
    ),
}


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    for name, text in BASE.items():
        (folder / name).write_text(text)
    return folder


def command(monkeypatch, capsys, *args):
    """Run the command line; return exit code and everything it printed."""
    monkeypatch.setattr(sys, "argv", ["oncourse", *map(str, args)])
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_the_base_study_is_sound(study, monkeypatch, capsys):
    code, text = command(monkeypatch, capsys, "check", study, "--strict")
    assert (code, "no problem found" in text) == (0, True), text


def test_there_are_enough_broken_studies():
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_broken_study_is_refused(name, study, tmp_path, monkeypatch, capsys):
    """`check` says table, row, column and cure and exits with 2; `run` exits with 2 and writes nothing."""
    fault, words = CASES[name]
    fault(study)
    before = sorted(p.name for p in tmp_path.iterdir())
    code, text = command(monkeypatch, capsys, "check", study)
    assert code == 2
    line = next((line for line in text.splitlines() if all(word in line for word in words)), None)
    assert line and line.startswith("error:"), f"no line with {words} in:\n{text}"
    assert "Traceback" not in text
    code, _ = command(monkeypatch, capsys, "run", study, "--out", tmp_path / "results")
    assert code == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == before


WARNED = {
    "sample after death": (
        put(
            S,
            "sample_id\tpatient_id\tmaterial\tday\n"
            "S1\tP1\ttissue\t5\nS2\tP1\ttissue\t\nS3\tP2\ttissue\t401\nS4\tP2\tplasma\t\n",
        ),
        ["samples.day", "row 4", "after the death"],
    ),
    "identical duplicate": (
        edit(C, "S2\t12:25398284:C:T\t25\t180", "S1\t12:25398284:C:T\t30\t200"),
        ["calls.sample_id", "row 3", "same row", "counted once"],
    ),
    "overlapping segments": (
        put("segments.tsv", "sample_id\tchrom\tstart\tend\nS1\t1\t1\t100\nS1\t1\t90\t200\n"),
        ["segments.start", "row 3", "overlaps"],
    ),
    "date in place of a gene": (
        edit("variants.tsv", "\tTP53", "\t1-Mar"),
        ["variants.gene", "row 3", "spreadsheet"],
    ),
    "short row": (edit(C, "0\t150\n", "0\n"), ["calls.depth", "row 4", "3 cells"]),
    "not normalised": (
        edit(C, "S3\t17:7577120:C:T", "S3\tchr17:7577130:C:T"),
        ["calls.variant_id", "row 4", "Write it 17:7577130:C:T"],
    ),
    "unknown consequence": (
        edit("variants.tsv", "missense\n17", "misense\n17"),
        ["variants.consequence", "misense", "Did you mean missense"],
    ),
    "ids that differ in capitals": (
        put(P, "patient_id\nP1\nP2\np1\n"),
        ["patients.patient_id", "row 4", "capitals"],
    ),
    "nobody in it": (
        lambda folder: [put(n, BASE[n].splitlines()[0] + "\n")(folder) for n in BASE if n.endswith(".tsv")],
        ["patients", "holds no row", "Fill it in"],
    ),
    "misspelled table": (
        put("treatment.tsv", "patient_id\nP1\n"),
        ["treatment.tsv", "Did you mean treatments.tsv"],
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_unlikely_study_is_warned_of(name, study, monkeypatch, capsys):
    """A warning leaves exit code 0; with --strict it is 2."""
    fault, words = WARNED[name]
    fault(study)
    code, text = command(monkeypatch, capsys, "check", study)
    line = next((line for line in text.splitlines() if all(word in line for word in words)), None)
    assert line and line.startswith("warning:"), f"no line with {words} in:\n{text}"
    assert code == 0
    assert command(monkeypatch, capsys, "check", study, "--strict")[0] == 2


def test_every_problem_is_listed_at_once(study, monkeypatch, capsys):
    """Three faults in three tables come in one go."""
    for name in ("out of range", "alt_count above depth", "impossible age"):
        CASES[name][0](study)
    _, text = command(monkeypatch, capsys, "check", study)
    assert text.count("error:") == 3


def test_readable_files_of_odd_manners_are_read(study, monkeypatch, capsys):
    """BOM, CRLF, old-Mac ends, quotes, gzip, comments and HTML in text are no fault."""
    (study / "patients.tsv").write_bytes(b"\xef\xbb\xbf" + BASE["patients.tsv"].replace("\n", "\r\n").encode())
    (study / "samples.tsv").write_text(BASE["samples.tsv"].replace("\n", "\r"), newline="")
    (study / "lesions.tsv").write_text(
        '"lesion_id"\t"patient_id"\t"role"\n"L1"\t"P1"\t"primary"\n"L2"\t"P1"\t"metastasis"\n"L3"\t"P2"\t"primary"\n'
    )
    (study / "calls.tsv").unlink()
    (study / "calls.tsv.gz").write_bytes(gzip.compress(b"# a comment\n" + BASE["calls.tsv"].encode()))
    edit("markers.tsv", "HER2", "<b>HER2</b>")(study)
    code, text = command(monkeypatch, capsys, "check", study, "--strict")
    assert code == 0, text


def test_long_line_is_refused_in_bounded_memory(tmp_path):
    """A gzip bomb of one line (40 MB) is refused after little more than 32 MB."""
    import tracemalloc

    from oncourse.io.tabular.text import read_table

    path = tmp_path / "bomb.tsv.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(b"a\tb\n")
        for _ in range(40):
            out.write(b"x" * (1 << 20))
    tracemalloc.start()
    table = read_table(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ["line 2 is longer than 32 MB" in p.message for p in table.problems] == [True]
    assert peak < 50 << 20


@pytest.mark.slow
def test_corrupted_studies_never_crash(tmp_path):
    """300 studies with random cells, rows and separators broken: problems, never a traceback."""
    import random

    from oncourse.api import check as check_study

    chance = random.Random(1)
    junk = [
        "",
        "NA",
        "-1",
        "1e309",
        "nan",
        "x" * 300,
        "\t",
        "\n",
        '"',
        "<b>",
        "../..",
        "é",
        "TRUE",
        "chr1:5:AA:A",
        "\x00",
        ";",
    ]
    for number in range(300):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, text in BASE.items():
            lines = text.split("\n")
            if chance.random() < 0.3:
                row = chance.randrange(len(lines))
                cells = lines[row].split("\t")
                cells[chance.randrange(len(cells))] = chance.choice(junk)
                if chance.random() < 0.3:
                    cells.insert(chance.randrange(len(cells)), chance.choice(junk))
                lines[row] = "\t".join(cells)
            (folder / name).write_text("\n".join(lines))
        for problem in check_study(folder):
            assert str(problem)


def test_a_wrong_study_yaml_does_not_hide_the_problems_of_the_tables(tmp_path):
    """All problems at once: study.yaml's unknown key and a table's bad value are listed together."""
    from oncourse.api import check as check_study

    (tmp_path / "study.yaml").write_text("genome_biuld: hg19\n")
    (tmp_path / "patients.tsv").write_text("patient_id\tsex\nP1\tfmale\n")
    (tmp_path / "samples.tsv").write_text("sample_id\tpatient_id\tmaterial\nS1\tP1\ttissue\n")
    (tmp_path / "calls.tsv").write_text("sample_id\tvariant_id\n")
    problems = [str(p) for p in check_study(tmp_path) if p.severity == "error"]
    assert any("Did you mean genome_build?" in p for p in problems)
    assert any("Did you mean female?" in p for p in problems)


def test_a_study_of_clinical_tables_alone_is_read():
    """Trials of PSA and survival were refused for want of samples.tsv and calls.tsv; half of the two is still missed."""
    from oncourse.study.validate import validate

    people = pl.DataFrame({"patient_id": ["A", "B"], "arm": ["x", "y"]})
    follow_up = pl.DataFrame({"patient_id": ["A", "B"], "last_contact_day": ["90", "80"], "is_dead": ["yes", "no"]})
    typed, problems = validate({"patients": people, "follow_up": follow_up}, StudyConfig())
    assert not [p for p in problems if p.severity == "error"]
    assert typed["samples"].is_empty() and typed["calls"].is_empty() and typed["follow_up"].height == 2
    samples = pl.DataFrame({"sample_id": ["S"], "patient_id": ["A"], "material": ["tissue"]})
    _, problems = validate({"patients": people, "follow_up": follow_up, "samples": samples}, StudyConfig())
    assert [p.table for p in problems if p.severity == "error"] == ["calls"]
    _, problems = validate({"patients": people}, StudyConfig())
    assert {p.table for p in problems if p.severity == "error"} == {"samples", "calls"}
