"""Files that a command writes: whole or not at all, never over somebody else's (issue 17, part 1)."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from tests.typed import typed

CLI = Path(__file__).parents[2] / "src" / "oncourse" / "cli"
#: Of a command that writes: from these on, bytes are on the disk.
WRITERS = ("write_text", "write_bytes", "write_csv", "write_parquet")


def test_the_commands_write_into_drafts_alone():
    """`plan --json`, `kb import --out` and the manifest of `import` wrote over whatever stood there (November 2026).

    Every call that writes a file names the draft that `oncourse.disk` gave, or the log of the user's state folder.
    """
    direct = []
    for file in sorted(CLI.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in WRITERS:
                continue
            place = node.func.value if node.func.attr.endswith(("text", "bytes")) else (node.args or [None])[0]
            if place is not None and "draft" not in ast.unparse(place):
                direct.append(f"{file.name}: {ast.unparse(node)[:60]}")
    assert direct == ["_errors.py: (folder / name).write_text(text, 'utf-8')"]  # the log


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "concordance", "--simulate", "100", "--json"],
        ["plan", "concordance", "--simulate", "100", "--figure"],
        ["plan", "survival", "--simulate", "0", "--json"],
    ],
)
def test_a_plan_is_not_written_over_a_foreign_file(tmp_path, words):
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    done = typed(*words, str(mine))
    assert done.returncode == 2 and mine.read_text() == "mine"
    assert "not written by oncourse" in done.stderr and "--force" in done.stderr
    assert typed(*words, str(mine), "--force").returncode == 0
    assert mine.read_text() != "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_numbers_of_a_plan_may_be_written_again(tmp_path):
    out = tmp_path / "plan.json"
    for _ in range(2):
        assert typed("plan", "survival", "--simulate", "0", "--json", str(out)).returncode == 0
    assert json.loads(out.read_text("utf-8"))["written_by"] == "oncourse"


def test_imported_rules_are_not_written_over_their_source_nor_over_a_foreign_file(tmp_path):
    rules = tmp_path / "rules.tsv"
    shutil.copy(CLI.parent / "knowledge" / "data" / "therapy_rules.tsv", rules)
    whole = rules.read_bytes()
    for force in ([], ["--force"]):
        done = typed("kb", "import", "rules", str(rules), "--out", str(rules), *force)
        assert done.returncode == 2 and rules.read_bytes() == whole
    other = tmp_path / "other.tsv"
    other.write_text("mine")
    assert typed("kb", "import", "rules", str(rules), "--out", str(other)).returncode == 2
    assert other.read_text() == "mine"
    assert typed("kb", "import", "rules", str(rules), "--out", str(other), "--force").returncode == 0
    assert other.read_bytes() == whole


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "patients.tsv").write_text("patient_id\nP1\n")
    (folder / "samples.tsv").write_text("sample_id\tpatient_id\tmaterial\nS1\tP1\ttissue\n")
    (folder / "calls.tsv").write_text("sample_id\tvariant_id\nS1\t12:25398284:C:T\n")
    (folder / "variants.tsv").write_text("variant_id\tgene\n12:25398284:C:T\tKRAS\n")
    return folder


def test_a_file_of_whose_columns_these_are_that_was_filled_in_stays(tmp_path):
    """Asked twice whose files these are, `import` wrote its blank question over the user's answers (November 2026)."""
    maf = tmp_path / "calls"
    maf.mkdir()
    header = "##fileformat=VCFv4.2\n##contig=<ID=12,length=133851895>\n"
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n"
    row = "12\t25398284\t.\tC\tT\t.\tPASS\t.\tGT:AD:DP\t0/1:50,50:100\t0/1:60,40:100\n"
    (maf / "x.vcf").write_text(header + columns + row)
    done = typed("import", "vcf", str(maf), str(tmp_path / "out"))
    asked = tmp_path / "out.files.tsv"
    assert done.returncode == 2 and asked.exists(), done.stderr
    answered = asked.read_text("utf-8") + "# mine\n"
    asked.write_text(answered, "utf-8")
    done = typed("import", "vcf", str(maf), str(tmp_path / "out"))
    assert done.returncode == 2 and asked.read_text("utf-8") == answered
    assert "is there already and was left as it is" in done.stdout


def test_an_imported_study_and_its_intake_page_come_in_one_step(study, tmp_path, monkeypatch):
    """Killed between the two, a study stood there without the page that says what was understood (November 2026)."""
    from oncourse.disk import new

    seen = []

    class Watched(type(tmp_path)):
        def rename(self, target):
            seen.append((sorted(p.name for p in self.iterdir()), Path(target).name))
            return super().rename(target)

    real = new.tempfile.mkdtemp
    monkeypatch.setattr(new.tempfile, "mkdtemp", real)
    monkeypatch.setattr(new, "Path", Watched)
    book = tmp_path / "book.xlsx"
    assert typed("export", str(study), "--format", "workbook", "--out", str(book)).returncode == 0
    done = typed("import", "workbook", str(book), str(tmp_path / "again"))
    assert done.returncode == 0, done.stderr
    assert [name for names, name in seen if "intake.html" in names and "patients.tsv" in names] == ["again"]


def test_a_workbook_that_is_exported_leaves_no_parts_and_is_not_written_over_another(study, tmp_path, monkeypatch):
    """A killed export left its parts in the folder of temporary files, and a draft beside the workbook for ever."""
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no such folder"))
    book = tmp_path / "book.xlsx"
    (tmp_path / ".book.xlsx.draft").write_text("mine")
    assert typed("export", str(study), "--format", "workbook", "--out", str(book)).returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [".book.xlsx.draft", "book.xlsx", "study"]
    assert (tmp_path / ".book.xlsx.draft").read_text() == "mine"
    assert typed("export", str(study), "--format", "workbook", "--out", str(book)).returncode == 2
    sheet = CalamineWorkbook.from_path(str(book)).get_sheet_by_name("patients")
    assert sheet.to_python() == [["patient_id"], ["P1"]]
