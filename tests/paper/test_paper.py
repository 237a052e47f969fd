"""What `oncourse paper` writes: Table 1, documents, references, figures; every number is in results.json."""

from __future__ import annotations

import json
import math
import re
import zlib
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.cli.paper import paper
from oncourse.paper.documents import PaperTable, latex_table
from oncourse.paper.references import bibtex, cited, references, ris, rows
from oncourse.paper.table1 import smd_category, smd_number, table_one
from oncourse.report.study import report_study
from oncourse.words.catalogue import catalogue
from oncourse.words.phrases import Phrasebook, pairs

BASELINE = pl.DataFrame(
    [
        *[(f"P{i}", "age_years", "number", str(v)) for i, v in enumerate((50, 60, 70, 80))],
        *[(f"P{i}", "sex", "category", v) for i, v in enumerate(("male", "male", "female", None))],
    ],
    schema=["patient_id", "variable", "kind", "value"],
    orient="row",
)
GROUP = pl.DataFrame({"patient_id": ["P0", "P1", "P2", "P3"], "group": ["a", "a", "b", "b"]})


def test_table_one_by_hand():
    """Medians 55 and 75, quartiles by linear interpolation; SMD (55 - 75) / sqrt(50); one sex unknown."""
    table = table_one(BASELINE, GROUP)
    assert table.columns == ["variable", "level", "a (n = 2)", "b (n = 2)", "missing", "SMD"]
    assert table.row(0) == ("age_years", "median [IQR]", "55 [52.5-57.5]", "75 [72.5-77.5]", "0", "2.83")
    assert table.row(1)[:5] == ("sex", "male, n (%)", "2 (100 %)", "0 (0 %)", "1")
    assert table.row(2)[:4] == ("", "female, n (%)", "0 (0 %)", "1 (100 %)")
    assert "p value" in table_one(BASELINE, GROUP, tests=True).columns


def test_standardised_differences_of_the_literature():
    """A share of .5 against .7 (Yang and Dalton 2012: |p - q| / sqrt of the mean variance): 0.2 / sqrt(.23) = 0.417."""
    two = smd_category(pl.Series(["x"] * 5 + ["y"] * 5), pl.Series(["x"] * 7 + ["y"] * 3))
    assert two == pytest.approx(0.2 / math.sqrt((0.25 + 0.21) / 2))
    assert smd_number(pl.Series(["1", "1"]), pl.Series(["1", "1"])) != 0  # no spread: it cannot be told (NaN)
    assert math.isnan(smd_number(pl.Series(["1", "1"]), pl.Series(["1", "1"])))


def test_latex_is_escaped_and_has_three_lines():
    text = latex_table(PaperTable("Table 1", "50 % of A_B", pl.DataFrame({"x & y": ["{#1}"]})))
    assert all(line in text for line in (r"\toprule", r"\midrule", r"\bottomrule", r"50 \% of A\_B", r"\{\#1\}"))


def test_references_name_each_work_once_and_in_both_forms():
    keys = [r.key for r in references()]
    assert len(keys) == len(set(keys))
    works = cited(["biomarkers"])
    assert "cox1972" in {r.key for r in works} and "scher2016" not in {r.key for r in works}
    assert bibtex(works).count("@article{") == len(works) == ris(works).count("TY  - JOUR")


def test_every_place_of_a_checklist_is_a_place_of_the_paper():
    places = {r["where"] for r in rows("checklists.tsv")} - {""}
    assert {f"paper.place.{p}" for p in places} <= set(catalogue("en"))
    for name, n, parts in (("STROBE", 22, 34), ("REMARK", 20, 20), ("TRIPOD+AI", 27, 52)):
        items = [r["item"] for r in rows("checklists.tsv") if r["checklist"] == name]
        assert len(items) == len(set(items)) == parts, name
        assert list(dict.fromkeys(int(i.rstrip("abcdefg")) for i in items)) == list(range(1, n + 1))


def test_every_item_of_a_checklist_is_chinese():
    book = Phrasebook(pairs("zh"))
    left = [book.text(r["topic"]) for r in rows("checklists.tsv")]
    assert not book.missed and all(re.search("[\u4e00-\u9fff]", text) for text in left)


@pytest.fixture(scope="module")
def written(simulated_study, tmp_path_factory):
    pytest.importorskip("docx", reason="the extra [paper] is not installed")
    pytest.importorskip("pypdfium2", reason="the extra [paper] is not installed")
    pytest.importorskip("weasyprint", reason="the extra [paper] is not installed")
    folder = tmp_path_factory.mktemp("paper")
    only = ["overview", "landscape", "survival"]
    report_study(simulated_study("crc"), folder / "results", source=Path(__file__), only=only, patients="none")
    given = [str(folder / "results"), "--out", str(folder / "out"), "--group", "sex", "--dpi", "72"]
    done = CliRunner().invoke(paper, given)
    assert done.exit_code == 0, done.output
    return folder


def test_every_number_is_traced_to_results_json(written):
    data = json.loads((written / "results/results.json").read_text("utf-8"))
    numbers = pl.read_csv(written / "out/numbers.tsv", separator="\t")
    assert set(numbers["analysis"]) == {"overview", "landscape", "survival"}
    text = (written / "out/text.tex").read_text("utf-8")
    for row in numbers.iter_rows(named=True):
        mine = {e["name"]: e for e in data[row["analysis"]]["estimates"]}
        assert mine[row["estimate"]]["value"] == pytest.approx(row["value"])
        assert row["sentence"].split(" (")[0].replace("%", r"\%") in text


def test_the_document_holds_table_one_and_the_answers(written):
    from docx import Document

    document = Document(str(written / "out/paper.docx"))
    assert [c.text for c in document.tables[0].rows[0].cells][:2] == ["variable", "level"]
    assert "sex" not in [r.cells[0].text for r in document.tables[0].rows]
    said = " ".join(p.text for p in document.paragraphs)
    assert "Kaplan-Meier" in said and "Median overall survival" in said


def test_figures_have_the_widths_of_a_journal_and_embedded_fonts(written):
    import pypdfium2

    sizes = pl.read_csv(written / "out/figures.tsv", separator="\t")
    assert set(sizes["width_mm"]) == {85, 174} and sizes["smallest_text_pt"].is_not_null().all()
    pdf = next((written / "out/figures").glob("survival*174mm.pdf"))
    assert pypdfium2.PdfDocument(pdf)[0].get_width() == pytest.approx(174 / 25.4 * 72, abs=0.5)
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf.read_bytes(), re.S)
    inside = b"".join(zlib.decompressobj().decompress(s) for s in streams if s[:1] == b"x")
    assert re.search(rb"/FontFile[23]?", inside)
    assert next((written / "out/figures").glob("survival*174mm.tiff")).stat().st_size > 1000


def test_an_unknown_group_names_the_nearest(written):
    from oncourse.errors import InputError

    done = CliRunner().invoke(paper, [str(written / "results"), "--out", str(written / "b"), "--group", "sexx"])
    assert isinstance(done.exception, InputError) and "Did you mean sex" in str(done.exception)
    assert not (written / "b").exists()


def test_the_same_results_make_the_same_bytes_and_chinese_is_chinese(written):
    for name in ("one", "two"):
        done = CliRunner().invoke(
            paper, [str(written / "results"), "--out", str(written / name), "--language", "zh", "--dpi", "72"]
        )
        assert done.exit_code == 0, done.output
    for path in sorted((written / "one").rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (written / "two" / path.relative_to(written / "one")).read_bytes(), path.name
    assert "中位总生存期" in (written / "one/text.tex").read_text("utf-8")
