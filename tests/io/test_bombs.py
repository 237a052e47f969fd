"""Small files that would take minutes or gigabytes: each is refused, or read as the change that nobody knows."""

from __future__ import annotations

import gzip
import re
import sys
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.io.strangers import KRAS_ROW, MAF, calls_of, write_table, write_vcf

from oncourse.disk import unpack
from oncourse.disk.unpack import head_lines
from oncourse.errors import InputError
from oncourse.genome import variant
from oncourse.io.assays.depths import read_depths
from oncourse.io.clinical import tables as clinical_tables
from oncourse.io.clinical.fhir import read_fhir
from oncourse.io.clones.pairtree import read_pairtree
from oncourse.io.files import read_files
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.reports.mapping import read_mapping
from oncourse.io.reports.vendors import read_tempus
from oncourse.io.tabular import json_document, text
from oncourse.io.variants import vcf_rows
from oncourse.io.variants.annotated_json import vcf_text
from oncourse.io.variants.vcf import read_vcf
from oncourse.io.whose.columns import assign
from oncourse.io.whose.sample_names import NORMAL_WORD, Controls
from oncourse.io.whose.start import vcf_start
from oncourse.study.config import yaml_value

SSM = "id|name|var_reads|total_reads|var_read_prob"
DEEP = '{"a":' * 50_000 + "1" + "}" * 50_000
ALIASES = "a: &a [x,x]\n" + "".join(f"{b}: &{b} [*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))


def test_the_beginning_of_a_file_is_read_within_bounds(tmp_path):
    """A record of 1 GB in 1 MB of gzip took 3.3 GB: whose its columns are was asked before it was read."""
    path = tmp_path / "P1.vcf.gz"
    path.write_bytes(gzip.compress(b"##fileformat=VCFv4.2\n" + b"A" * (40 << 20), 1))
    tracemalloc.start()
    lines = list(head_lines(path, most=1 << 20))
    assert vcf_start(path).columns == ()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(line) for line in lines] == [21, (1 << 20) - 21]
    assert peak < 80 << 20


def test_a_vcf_of_another_encoding_whose_info_column_has_another_name_is_read(tmp_path):
    """INFO was asked for by name: a fault."""
    head = "#CHROM POS ID REF ALT QUAL FILTER NOTES FORMAT P1".replace(" ", "\t")
    (tmp_path / "a.vcf").write_bytes(
        f"##fileformat=VCFv4.2\r{head}\r12\t1\t.\tC\tT\t.\tPASS\t.\tGT\t0/1\r".encode("utf-16")
    )
    start = vcf_start(tmp_path / "a.vcf")
    assert start.columns == ("P1",) and start.info == ""


@pytest.mark.parametrize("alleles", ["C " + ",".join("TA" * 600), "C " + "T" * 2_000, "C" * 2_000 + " C"])
def test_alleles_past_all_bounds_are_a_change_that_nobody_knows(tmp_path, monkeypatch, alleles):
    """200,000 alternatives of one record took longer than a minute, an allele of 50 Mb 40 seconds and 2 GB."""
    monkeypatch.setattr(vcf_rows, "MAX_BASES", 1_000)
    row = f"12 25398284 . {alleles} 50 PASS . GT:AD:DP 0/1:70,30:100"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], [row])])
    assert [v for _, v in calls_of(reading)] in (["12:25398284:C:N"], ["12:25398284:N:-"])
    assert any("is kept as a change nobody knows" in p.message for p in reading.problems)


def test_a_long_allele_of_a_maf_is_no_small_variant(tmp_path, monkeypatch):
    monkeypatch.setattr(variant, "MAX_BASES", 1_000)
    rows = f"{KRAS_ROW}\n{KRAS_ROW.replace('T', 'T' * 2_000, 1).replace('25398284', '25398285')}"
    reading = read_delivery([write_table(tmp_path / "a.maf", f"{MAF}\n{rows}")])
    assert not any(len(v) > 100 for _, v in calls_of(reading))


def test_remarks_without_end_are_refused(tmp_path, monkeypatch):
    """1.5 million lines above the header of a VCF were looked through seven times."""
    monkeypatch.setattr(text, "HEAD_BYTES", 1 << 10)
    monkeypatch.setattr(unpack, "HEAD_BYTES", 1 << 10)
    row = "12 25398284 . C T 50 PASS . GT:AD:DP 0/1:70,30:100"
    path = write_vcf(tmp_path / "P1.vcf", ["P1"], [row], *["##contig=<ID=chr1,length=5>"] * 100)
    with pytest.raises(InputError, match="of remarks stand above the header"):
        read_delivery([path])


@pytest.mark.parametrize(
    "read",
    [
        read_tempus,
        read_fhir,
        vcf_text,
        read_depths,
        lambda path: read_pairtree(write_table(path.with_name("a.ssm"), SSM), path),
    ],
    ids=["tempus", "fhir", "vep", "dragen", "pairtree"],
)
@pytest.mark.parametrize("content", [DEEP, "[1, 2]", '{"results": [[]], "positions": 3, "header": []}', "5", '"a'])
def test_json_of_any_depth_or_shape_is_refused_in_words(tmp_path, read, content):
    """50,000 brackets were a fault of ours in each of these, and so was a list in place of an object."""
    path = tmp_path / "P1.microsat_output.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"P1\.microsat_output\.json|FHIR: no patient"):
        read(path)


def test_json_larger_than_its_objects_can_be_held_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_document, "MAX_CHARACTERS", 1_000)
    (tmp_path / "a.json").write_text("[" + "1," * 1_000 + "1]")
    with pytest.raises(InputError, match="several files"):
        json_document.json_of(tmp_path / "a.json")


def test_yaml_aliases_are_read_nowhere(tmp_path):
    """Nine lines unfold to 10^9 words: study.yaml refused them, the mapping of a report and a sheet of settings hung."""
    (tmp_path / "m.yaml").write_text(f"table: panel\n{ALIASES}")
    with pytest.raises(InputError, match=r"m\.yaml, line 3: alias \*a"):
        read_mapping(tmp_path / "m.yaml")
    with pytest.raises(InputError, match="alias"):
        yaml_value("[&a [x], *a]", "book.xlsx, sheet settings, covariates")


def test_many_samples_of_one_file_are_told_apart_without_matching_pairs(tmp_path):
    """Every column was matched against every pair of the others: of 300 samples 2.5 s, of 1,000 a minute."""

    def matches(n: int) -> int:
        columns = [f"P{i}_{end}" for i in range(n) for end in ("T", "N")]
        row = "12 25398284 . C T 50 PASS . GT:AD:DP " + "0/1:70,30:100 0/0:90,0:90 " * n
        starts, counted = [vcf_start(write_vcf(tmp_path / f"{n}.vcf", columns, [row]))], Counter()
        sys.setprofile(lambda frame, event, called: counted.update([getattr(called, "__name__", "")]))
        try:
            found = assign(starts)
        finally:
            sys.setprofile(None)
        assert {(c.patient_id, c.role) for c in found} == {(f"P{i}", r) for i in range(n) for r in ("tumour", "normal")}
        assert len(found) == 2 * n
        return counted["match"] + counted["search"] + counted["fullmatch"]

    assert 0 < matches(200) < 3 * matches(100)


PAIR = "12 25398284 . C T 50 PASS . GT:AD:DP "


@pytest.mark.parametrize("ends", [("blood", "primary"), ("BL", "T1"), ("G1", "D1")])
def test_many_controls_of_one_file_cost_what_they_are(tmp_path, ends):
    """Of 30,000 columns each was compared with all others: 15,000 people with their blood took minutes.

    And P1_G1 was no germline where there was a P10.
    """

    def comparisons(n: int) -> int:
        columns = [f"P{i}_{end}" for i in range(n) for end in ends]
        row = PAIR + "0/0:90,0:90 0/1:70,30:100 " * n
        path, counted = write_vcf(tmp_path / f"{n}.vcf", columns, [row]), Counter()
        whose = assign([vcf_start(path)])
        assert [(c.patient_id, c.role) for c in whose] == [
            (f"P{i}", role) for i in range(n) for role in ("normal", "tumour")
        ]
        sys.setprofile(lambda frame, event, called: counted.update([getattr(called, "__name__", frame.f_code.co_name)]))
        try:
            assert read_vcf(path, whose=assign([vcf_start(path)])).calls.height == n
        finally:
            sys.setprofile(None)
        return sum(counted[name] for name in ("match", "search", "fullmatch", "startswith", "__eq__"))

    comparisons(2)  # what is read once, words and expressions, is no comparison
    assert 0 < comparisons(40) < 3 * comparisons(20)


def _control(name: str, names: list[str]) -> str | None:
    """The definition of `Controls.of`, name by name; a time of treatment may follow any of the marks."""
    others = [o for o in names if o != name]
    if germline := re.match(r"(.+)[_.-]G\d*$", name):
        stem = germline[1]
        letters = {o[len(stem) + 1 :].rstrip("0123456789") for o in others if re.match(rf"{re.escape(stem)}[_.-]", o)}
        return stem if letters and letters <= {"D", "R"} else None
    is_control = re.compile(rf"(?i)(.+)[_.-](?:(?:{NORMAL_WORD})\d*|BL|GL|N|PB|NB|germ)$").match
    if not (found := is_control(name)):
        return None
    stem = found[1]
    beside = [o for o in others if o.startswith((f"{stem}_", f"{stem}.", f"{stem}-"))]
    if name.upper().endswith(("_BL", "-BL", ".BL")):
        siblings = [o for o in others if re.split("[_.-]", o)[0] == re.split("[_.-]", stem)[0]]
        has_normal = any(re.match(rf"(?i).+[_.-](?:{NORMAL_WORD})\d*$", o) for o in siblings)
        has_time = any(o.upper().endswith(tuple(m + t for m in "_-." for t in ("PRO", "C3"))) for o in beside)
        if "CFDNA" in name.upper() or has_normal or has_time:
            return None
    return stem if any(not is_control(o) for o in beside) else None


@given(
    st.lists(
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["P1", "P10", "P1_a", "P2", "P2-b", "P2.b", "P1_cfDNA"]),
            st.sampled_from("_-."),
            st.sampled_from(
                ["BL", "bl", "N", "blood", "normal2", "G1", "G", "D1", "R1", "T", "PRO", "pro", "C3", "primary", "germ"]
            ),
        ),
        max_size=8,
    )
)
def test_controls_are_those_of_the_plain_definition(names):
    """Where the last sample is P1-PRO and not P1_PRO, P1_BL is the baseline as well: the marks may differ."""
    found = Controls(names)
    assert [found.of(name) for name in names] == [_control(name, names) for name in names]


def test_a_quotation_mark_that_is_not_closed_loses_no_row(tmp_path):
    """Of eight samples one was read, the others were its note; beyond 131,072 characters it was a fault of oncourse."""
    head = MAF.replace("\t", ",") + ",note"
    rows = [KRAS_ROW.replace("\t", ",").replace("S1", f"S{i}") for i in range(1, 5)]
    for ends, says in (
        (['"open', "x", "x", "x"], "row 2: a quotation mark opens here and does not close: the lines to 5"),
        (["x", '"open', '"x"', "x"], "row 3: a quotation mark opens here and does not close: the lines to 4"),
        (["x", '"open', "x" * 140_000, "x"], "row 3: a cell in quotation marks that begins here has no end"),
    ):
        text = "\n".join([head, *(f"{row},{end}" for row, end in zip(rows, ends, strict=True))])
        with pytest.raises(InputError, match=says):
            read_delivery([write_table(tmp_path / "a.csv", text)])
    several = [f'{rows[0]},"two\nlines, ""quoted"""', f'{rows[1]},5" long', f'{rows[2]},"x"']
    reading = read_delivery([write_table(tmp_path / "a.csv", "\n".join([head, *several]))])
    assert len(calls_of(reading)) == 3


@pytest.mark.parametrize("n", [1, 200])
def test_a_name_without_end_is_refused_at_once(tmp_path, n):
    """2,000 marks in each of 3,000 ids, or a column of 200,000: minutes, and 1.2 GB."""
    names = ["P_" * 5_000 + str(i) for i in range(n)]
    rows = "\n".join(KRAS_ROW.replace("S1", name) for name in names)
    with pytest.raises(InputError, match=r"a\.maf: the name of a sample has 10,00\d characters"):
        read_delivery([write_table(tmp_path / "a.maf", f"{MAF}\n{rows}")])
    row = PAIR + "0/1:70,30:100 " * n
    with pytest.raises(InputError, match=r"P1\.vcf: the name of a sample has 10,00\d characters"):
        read_delivery([write_vcf(tmp_path / "P1.vcf", names, [row])])


def test_a_clinical_table_of_a_matrix_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(clinical_tables, "MAX_COLUMNS", 10)
    calls = write_table(tmp_path / "a.maf", f"{MAF}\n{KRAS_ROW}")
    head = "|".join(f"G{i}" for i in range(10))
    clinical = write_table(tmp_path / "c.txt", f"SAMPLE_ID|PATIENT_ID|{head}\nS1|P1{'|1' * 10}")
    with pytest.raises(InputError, match="the clinical table has 12 columns"):
        read_files([calls], clinical=[clinical])
