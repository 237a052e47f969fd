"""A study with one fault: the first line of `check` names it, not one of the hundreds that follow (issue 17, part 3)."""

from __future__ import annotations

import gzip
import re

import pytest
from tests.typed import typed

from oncourse.study.first_cause import by_cause
from oncourse.study.schema import Problem

PEOPLE = [f"P{n:02}" for n in range(1, 13)]
TABLES = {
    "patients": [["patient_id", "disease", "sex"], *([p, "colon adenocarcinoma", "female"] for p in PEOPLE)],
    "samples": [
        ["sample_id", "patient_id", "material", "day", "purity"],
        *([f"{p}-T", p, "tissue", "0", "0.5"] for p in PEOPLE),
    ],
    "variants": [["variant_id", "gene", "hgvs_p"], ["12:25245350:C:T", "KRAS", "p.G12D"]],
    "calls": [
        ["sample_id", "variant_id", "alt_count", "depth", "is_called"],
        *([f"{p}-T", "12:25245350:C:T", "30", "100", "true"] for p in PEOPLE),
    ],
    "labs": [
        ["patient_id", "day", "analyte", "value", "unit"],
        *([p, str(day), "CEA", "5.1", "ng/mL"] for p in PEOPLE for day in (0, 30)),
    ],
    "treatments": [["patient_id", "drugs", "start_day"], *([p, "oxaliplatin", "30"] for p in PEOPLE)],
}


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text("genome_build: GRCh38\n")
    for name, rows in TABLES.items():
        (folder / f"{name}.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    return folder


def text(folder, table, change):
    path = folder / f"{table}.tsv"
    path.write_text(change(path.read_text("utf-8")), "utf-8")


def raw(folder, table, change):
    path = folder / f"{table}.tsv"
    path.write_bytes(change(path.read_bytes()))


def swapped(content):
    return (
        "\n".join(
            "\t".join([b, a, *rest]) if n else line
            for n, line in enumerate(content.splitlines())
            for a, b, *rest in [line.split("\t")]
        )
        + "\n"
    )


def packed(folder):
    path = folder / "samples.tsv"
    (folder / "samples.tsv.gz").write_bytes(gzip.compress(path.read_bytes())[:-40])
    path.unlink()


#: The fault -> how it is made, what the first line says.
FAULTS = {
    "a title above the names": (
        # of one cell it is read past (`oncourse.io.tabular.text`)
        lambda f: text(f, "samples", lambda t: f"Table 1\tSamples\n{t}"),
        r"^error: samples: none of its columns is in the first line, which reads 'Table 1'?.*Samples.* other errors",
    ),
    "a column misspelt": (
        lambda f: text(f, "samples", lambda t: t.replace("sample_id", "sampel_id", 1)),
        r"^error: samples.sampel_id: unknown column. Did you mean sample_id\?.*12 other errors",
    ),
    "ids with a prefix": (
        lambda f: text(f, "patients", lambda t: t.replace("P", "PT-P")),
        r"^error: patients.patient_id: 12 of the 12 ids that labs, samples, treatments name are not there: they have P01",
    ),
    "ids in small letters": (
        lambda f: text(f, "calls", lambda t: t.replace("P", "p").replace("-T", "-t")),
        r"^error: calls.sample_id: 12 of the 12 ids .* not in samples: it has p01-t, and samples has P01-T \(alike but",
    ),
    "two columns swapped": (
        lambda f: text(f, "samples", swapped),
        r"^error: samples.patient_id: 12 of the 12 ids .*name patient_id and sample_id rightly, if the two are swapped",
    ),
    "an empty table": (
        lambda f: raw(f, "patients", lambda b: b""),
        r"^error: patients: the file is empty.* 48 other errors \(rows that name its ids\) may go with this one",
    ),
    "a table cut off": (
        lambda f: raw(f, "patients", lambda b: b[: len(b) // 3]),
        r"^warning: patients.\w+, row 5: has 2 cells.*cut off here\?.* other errors",
    ),
    "a workbook named .tsv": (
        lambda f: raw(f, "samples", lambda b: b"PK\x03\x04" + b),
        r"^error: samples: is a zip file or Excel workbook.* 12 other errors",
    ),
    "a damaged archive": (packed, r"^error: samples(, row \d+)?: the compressed file is cut off or damaged"),
    "no patients at all": (lambda f: (f / "patients.tsv").unlink(), r"^error: patients: required table is missing"),
    "fractions in percent": (
        lambda f: text(f, "samples", lambda t: t.replace("0.5", "50")),
        r"^error: samples.purity, row 2 .*: 50 is above 1",
    ),
    "a setting that is none": (
        lambda f: (f / "study.yaml").write_text("genome_build: hg12\n"),
        r"^error: .*genome_build.*hg12",
    ),
    "times as dates": (
        lambda f: text(f, "samples", lambda t: re.sub(r"tissue\t0", "tissue\t2024-03-01", t)),
        r"^error: samples.day, row 2 .*2024-03-01",
    ),
    "a table of other people": (
        lambda f: text(f, "treatments", lambda t: t.replace("P", "X")),
        r"^error: treatments.patient_id: 12 of the 12 ids that it names are not in patients: it has X01",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_first_line_names_the_one_fault(study, tmp_path, fault):
    make, first = FAULTS[fault]
    make(study)
    done = typed("check", study, XDG_STATE_HOME=str(tmp_path))
    lines = done.stdout.splitlines() or done.stderr.splitlines()
    assert done.returncode == 2
    assert re.search(first, lines[0]), "\n".join(lines[:4])


def test_the_sound_study_has_no_problem(study):
    assert "no problem found" in typed("check", study).stdout


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_table_in_another_encoding_is_read_and_one_line_tells(study, encoding):
    """Read as UTF-8, every id of the file was another: 87 errors of one cause."""
    for name in ("patients", "samples"):
        text(study, name, lambda t: t.replace("\tP", "\t患者").replace("\nP", "\n患者").replace("female", "女"))
    for name in ("labs", "treatments", "calls"):
        text(study, name, lambda t: t.replace("\nP", "\n患者"))
    raw(study, "patients", lambda b: b.decode("utf-8").encode(encoding))
    lines = typed("check", study).stdout.splitlines()
    told = [line for line in lines if line.startswith(("error", "warning"))]
    assert len(told) <= 1 and all("GB18030" in line for line in told), lines


def test_rows_that_name_the_ids_of_a_sound_table_keep_their_place():
    """One slip is one slip: nothing is moved behind where the table that it names has no fault of its own."""
    slip = Problem("calls", 4, "sample_id", "S9", "'S9' is not in samples.", "Add it to samples.tsv.")
    other = Problem("labs", 2, "day", "x", "'x' is not a whole number.")
    hint = Problem("assays", 3, "kind", "x", "unlikely", severity="warning")
    assert by_cause([hint, other, slip]) == [slip, other, hint]


def test_ordering_twice_is_ordering_once():
    """`check` orders what the reader has ordered; the count at the cause stood there twice."""
    cause = Problem("samples", None, None, None, "the file is empty.", "Give a header.")
    slips = [Problem("calls", n, "sample_id", f"S{n}", f"'S{n}' is not in samples.") for n in (3, 2)]
    once = by_cause([*slips, cause])
    assert [p.table for p in once] == ["samples", "calls", "calls"] and [p.row for p in once[1:]] == [2, 3]
    assert once[0].cure == "Give a header. 2 other errors (rows that name its ids) may go with this one."
    assert by_cause(once) == once
