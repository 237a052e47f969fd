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
from oncourse.paper.checklists import PaperParts, place
from oncourse.paper.documents import PaperTable, Part, latex_table
from oncourse.paper.references import bibtex, cited, references, ris, rows
from oncourse.paper.table1 import by_status, even_status, named, smd_category, smd_number, table_one
from oncourse.paper.tables import SHOWN, answer_table, chosen
from oncourse.paper.text import methods, steps_of
from oncourse.paper.write import PLACES
from oncourse.report.study import report_study
from oncourse.words.catalogue import catalogue
from oncourse.words.phrases import Phrasebook, pairs

STATUSES = pl.DataFrame(
    {
        "status": ["AR-V7", "AR-V7", "RAS", "RAS", "RAS"],
        "comparison": ["tissue v plasma", "primary v metastasis"] * 2 + ["tissue v plasma"],
        "set": ["all", "all", "all", "all", "informative"],
        "n_both": [0, 0, 14, 15, 15],
        "n_a_only": [0, 0, 0, 0, 0],
        "n_b_only": [0, 0, 0, 1, 0],
        "n_neither": [0, 0, 24, 31, 24],
        "n_assumed": [0, 0, 0, 0, 0],
        "n_not_assessable": [46, 46, 7, 0, 7],
        "discordance": [None, None, 0.0, 1 / 47, 0.0],
        "discordance_low": [None, None, 0.0, 0.0005, 0.0],
        "discordance_high": [None, None, 0.09, 0.11, 0.09],
    }
)
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


def test_a_status_parts_table_one_and_an_assumed_negative_is_a_group_of_its_own():
    """REMARK 14: the relation of the marker to the standard variables; not assessable is no negative."""
    states = [*["positive"] * 5, *["negative"] * 7, "not_assessable"]
    bases = [*["counted"] * 5, *["measured"] * 5, "assumed", "assumed", None]
    people = [f"P{i}" for i in range(13)]
    status = pl.DataFrame({"patient_id": people, "status": ["RAS"] * 13, "state": states, "basis": bases})
    rare = status.with_columns(status=pl.lit("HRR"), state=pl.lit("negative"))
    assert even_status(pl.concat([rare, status])) == "RAS" and even_status(rare) is None
    sizes = dict(by_status(status, "RAS", "en")["group"].value_counts().iter_rows())
    assert sizes == {"RAS positive": 5, "RAS negative": 5, "RAS negative, assumed": 2, "RAS not assessable": 1}
    assert named(table_one(BASELINE), "en")["characteristic"].to_list()[:2] == ["age (years)", "sex"]
    assert named(table_one(BASELINE), "zh")["水平"].to_list()[0] == "中位数[四分位距]"


def test_a_table_of_the_paper_begins_with_what_was_found_and_shows_each_row_once():
    """The first 25 rows by name held no RAS, and rows of two sets stood there twice."""
    frame, note = answer_table(SHOWN["ras_status"], STATUSES, "en")
    assert frame["status"].to_list() == ["RAS", "RAS", "AR-V7", "AR-V7"] and note == ""
    assert frame["differ (95 % CI)"].to_list() == ["0 % (0-9)", "2 % (0-11)", "-", "-"]
    line = pl.DataFrame({"endpoint": ["OS", "OS", "OS"], "line": [0, 1, None], "n": [60, 46, 60]})
    assert chosen(SHOWN["endpoints"], line)["line"].to_list() == [None, 1]


def test_every_head_of_the_tables_has_words():
    heads = {f"paper.head.{head}" for shown in SHOWN.values() for head, _, _ in shown.columns}
    assert heads <= set(catalogue("en"))


def test_standardised_differences_of_the_literature():
    """A share of .5 against .7 (Yang and Dalton 2012: |p - q| / sqrt of the mean variance): 0.2 / sqrt(.23) = 0.417."""
    two = smd_category(pl.Series(["x"] * 5 + ["y"] * 5), pl.Series(["x"] * 7 + ["y"] * 3))
    assert two == pytest.approx(0.2 / math.sqrt((0.25 + 0.21) / 2))
    assert smd_number(pl.Series(["1", "1"]), pl.Series(["1", "1"])) != 0  # no spread: it cannot be told (NaN)
    assert math.isnan(smd_number(pl.Series(["1", "1"]), pl.Series(["1", "1"])))


def test_latex_is_escaped_and_has_three_lines():
    text = latex_table(PaperTable("Table 1", "50 % of A_B", pl.DataFrame({"x & y": ["{#1}"]})))
    assert r"\begin{tabular}{l}" in text
    wide = latex_table(PaperTable("Table 2", "", pl.DataFrame({"a": ["x" * 80], "b": ["y" * 80]})))
    numbered = latex_table(PaperTable("Table 1b", "", pl.DataFrame({"a": ["b"]})))
    assert r"\renewcommand{\thetable}{1b}" in numbered, "LaTeX counted Table 1b as Table 2, which the answers are"
    assert r"p{0.47\linewidth}p{0.47\linewidth}" in wide, "a text wider than the page is broken over lines"
    assert all(line in text for line in (r"\toprule", r"\midrule", r"\bottomrule", r"50 \% of A\_B", r"\{\#1\}"))


def test_references_name_each_work_once_and_in_both_forms():
    keys = [r.key for r in references()]
    assert len(keys) == len(set(keys))
    works = cited(["biomarkers"])
    assert "cox1972" in {r.key for r in works} and "scher2016" not in {r.key for r in works}
    named_others = bibtex(cited(["imaging"])), ris(cited(["imaging"]))
    assert " and others}" in named_others[0] and "and and" not in named_others[0], "BibTeX took `and others` for a name"
    assert "others" not in named_others[1]
    with_doi = [r for r in references() if r.doi]
    assert len(with_doi) >= len(keys) - 2 and all(re.fullmatch(r"10\.\d{4,5}/\S+", r.doi) for r in with_doi)
    assert ris(works).count("DO  - 10.") == sum(bool(r.doi) for r in works) == bibtex(works).count("doi = {10.")
    assert bibtex(works).count("@article{") == len(works) == ris(works).count("TY  - JOUR")


def test_every_place_of_a_checklist_is_a_place_of_the_paper():
    places = {r["where"] for r in rows("checklists.tsv")} - {""}
    assert {f"paper.place.{p}" for p in places} <= set(catalogue("en"))
    assert places == set(PLACES), "every place of a checklist has its bookmark, and every bookmark is used"
    for name, n, parts in (("STROBE", 22, 34), ("REMARK", 20, 20), ("TRIPOD+AI", 27, 52)):
        items = [r["item"] for r in rows("checklists.tsv") if r["checklist"] == name]
        assert len(items) == len(set(items)) == parts, name
        assert list(dict.fromkeys(int(i.rstrip("abcdefg")) for i in items)) == list(range(1, n + 1))


def test_an_item_whose_analysis_is_not_answered_is_left_to_the_authors():
    """The checklist named a place of the paper for the model even where no model was in the results; and items that the
    tables hold in part (all candidates, the whole model, events of each step) as done."""
    told = {(r["checklist"], r["item"]): (r["where"], r["by"]) for r in rows("checklists.tsv")}
    in_part = [("REMARK", i) for i in ("8", "12", "16", "17")] + [("TRIPOD+AI", "20a"), ("TRIPOD+AI", "20b")]
    assert {told[item][1] for item in in_part} == {"both"} and told["TRIPOD+AI", "21"] == ("results", "paper")
    item = next(r for r in rows("checklists.tsv") if (r["checklist"], r["item"]) == ("STROBE", "15"))
    held = PaperParts({"survival": "Table 9"}, PLACES, ["overview", "survival"])
    assert place(item, held, "en") == "Table 9, page {page:table_9}"
    assert place(item, held, "zh") == "表 9，第 {page:table_9} 页"
    none = place(item, PaperParts({}, PLACES, ["overview"]), "en")
    assert none == "not in these results; to be written by the authors"


def test_a_checklist_names_the_paragraph_that_an_item_stands_in():
    """A heading of 21 paragraphs was the place."""
    item = next(r for r in rows("checklists.tsv") if (r["checklist"], r["item"]) == ("STROBE", "12b"))
    part = Part(
        "Methods", ("which questions", "how survival", "how treatments"), "methods", of=("", "survival", "treatment")
    )
    held = PaperParts({"treatment": "Table 9"}, PLACES, ["treatment"], {"methods": part.places()})
    assert (
        place(item, held, "en") == "Methods, paragraph 3, page {page:methods_3}; the rest to be written by the authors"
    )
    assert place(item, held, "zh") == "方法，第 3 段，第 {page:methods_3} 页；其余由作者撰写"


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
    assert [c.text for c in document.tables[0].rows[0].cells][:2] == ["characteristic", "level"]
    first = [r.cells[0].text for r in document.tables[0].rows]
    assert "sex" not in first and "age (years)" in first
    said = " ".join(p.text for p in document.paragraphs)
    marks = set(re.findall(r'w:bookmarkStart[^>]*w:name="(\w+)"', document.element.xml))
    assert {"methods_4", "results_1"} <= marks
    assert "{page:" not in document.element.xml and "PAGEREF" not in document.element.xml
    assert all(heading in said for heading in ("The questions", "Limitations", "Figure legends"))
    assert "Kaplan-Meier" in said and "Median overall survival" in said


def test_the_page_of_an_item_is_the_one_on_which_it_stands(written):
    """The pages were fields that read "..." until a program filled them in; now they are those of paper.pdf."""
    import pypdfium2
    from docx import Document

    pdf = pypdfium2.PdfDocument(str(written / "out/paper.pdf"))
    sheets = [re.sub(r"\s+", " ", page.get_textpage().get_text_bounded()) for page in pdf]
    document = Document(str(written / "out/checklists.docx"))
    told = {c.text for t in document.tables for row in t.rows for c in row.cells if ", page " in c.text}
    lines = [p.text for p in Document(str(written / "out/paper.docx")).paragraphs]
    checked = 0
    for heading, n, sheet in re.findall(r"(Methods|Results|Limitations), paragraph (\d+), page (\d+)", "; ".join(told)):
        start = lines[lines.index(heading) + int(n)][:40]
        assert start in sheets[int(sheet) - 1], (heading, n, sheet)
        checked += 1
    for number, sheet in re.findall(r"(Table \d+b?), page (\d+)", "; ".join(told)):
        assert f"{number}. " in sheets[int(sheet) - 1]
        checked += 1
    assert checked > 5


def test_methods_cite_their_works_and_the_list_has_them_in_that_order(written):
    """The references stood beside a text that cited none of them."""
    from docx import Document

    text = (written / "out/text.tex").read_text("utf-8")
    keys = list(dict.fromkeys(k for group in re.findall(r"\\cite\{([^}]*)\}", text) for k in group.split(",")))
    held = (written / "out/references.bib").read_text("utf-8")
    assert {"schemper1996", "kaplan1958", "vonelm2007"} <= set(keys) and all(f"{{{key}," in held for key in keys)
    lines = [p.text for p in Document(str(written / "out/paper.docx")).paragraphs]
    listed = lines[lines.index("References") + 1 :][: len(keys)]
    assert [int(line.split(". ")[0]) for line in listed] == list(range(1, len(keys) + 1))
    assert listed[keys.index("kaplan1958")].partition(" ")[2].startswith("Kaplan EL, Meier P.")
    assert r"\bibliography{references}" in (written / "out/paper.tex").read_text("utf-8")


def test_every_method_of_the_paper_that_others_published_is_cited():
    """Exclusivity, pathways, scars, frequencies compared and migrations were told without their works."""
    from oncourse.paper.references import keys_of, references
    from oncourse.words.catalogue import catalogue

    told = {key.removeprefix("paper.method.") for key in catalogue("en") if key.startswith("paper.method.")}
    # ours alone: what is described, not tested, the depth and error of reads, and steps that the treatments' own works cover
    plain = {"treatment_none_weighted", "treatment_adjusted", "treatment_markers"}
    assert {name for name in told if not keys_of(name)} == {"groups", "reads"} | plain
    assert {name for work in references() for name in work.analyses} <= told
    found = [(work.year, work.volume, work.pages) for work in references()]
    assert all(year.isdigit() and volume and pages for year, volume, pages in found)


def compared(methods, e_value=None):
    """A table of one comparison by these methods, and one marker tested where the E-value is known."""
    who = {"endpoint": "OS", "line": 1, "arm": "a", "reference": "b", "e_value": e_value}
    rows = pl.DataFrame([who | {"method": m} for m in methods], schema_overrides={"e_value": pl.Float64})
    markers = pl.DataFrame({"p_value": [e_value]}, schema={"p_value": pl.Float64})
    return {"treatment/comparison": rows, "treatment/interaction": markers}


@pytest.mark.parametrize(
    ("tables", "steps"),
    [
        (compared(["unadjusted", "rmst"]), ["none_weighted"]),
        (compared(["unadjusted", "adjusted"], 1.4), ["none_weighted", "adjusted", "markers", "hidden"]),
        (compared(["unadjusted", "overlap", "doubly_robust"]), ["all_weighted", "doubly_robust"]),
        ({}, []),
    ],
)
def test_the_methods_tell_only_what_was_done(tables, steps):
    """ "Treatments were compared by overlap weights" stood in the Methods of a study whose result is unadjusted, and its
    authors cited the weights."""
    part = methods([("treatment", {})], tables, (), "0", "en")
    known = catalogue("en")
    expected = " ".join(known[f"paper.method.{n}"] for n in ("treatment", *(f"treatment_{s}" for s in steps)))
    assert part.paragraphs[0] == expected
    assert ("overlap weights" in expected) == ("all_weighted" in steps) == ("li2018" in part.cites[0])
    assert ("E-value" in expected) == ("hidden" in steps) == ("vanderweele2017" in part.cites[0])


def test_some_weighted_comparisons_are_told_as_some():
    one, other = compared(["unadjusted", "overlap"]), compared(["unadjusted"])
    both = pl.concat([one["treatment/comparison"], other["treatment/comparison"].with_columns(endpoint=pl.lit("PFS"))])
    assert steps_of("treatment", {"treatment/comparison": both}) == ("treatment", "treatment_some_weighted")
    assert steps_of("survival", {}) == ("survival",)


def test_no_limit_of_a_paper_names_a_setting_a_column_or_a_table():
    """ "(column naive_hazard_ratio)" and "--set features.clones=no" stood in the limitations of a manuscript."""
    from oncourse.paper.text import for_a_paper

    kept = (
        "ORR: 5 patients have no line with an evaluable visit and count as non-responders, as in the rates of response"
    )
    note = f"{kept} (imaging.missing_in_denominator=no leaves them out)."
    assert for_a_paper(note) == f"{kept}."
    assert for_a_paper("Shares (95 % CI 3-5; n = 4) stay.") == "Shares (95 % CI 3-5; n = 4) stay."
    assert for_a_paper("A share (PSA/CEA) of 1/2 lost.") == "A share (PSA/CEA) of 1/2 lost."


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


def test_the_sentence_of_page_one_is_that_of_the_catalogue_in_chinese_results():
    """An answer that begins with it kept it in English: no pair fits a sentence that is made of a template."""
    from oncourse.paper.text import _answer

    head = {"text": "RAS was the same in all 19 patients judged.", "text_zh": "19 例可判断患者的 RAS 均相同。"}
    entry = {"headline": head, "answer": f"{head['text']} No weighted result."}
    assert _answer(entry, "zh") == "19 例可判断患者的 RAS 均相同。不给出加权结果。"
    assert _answer(entry, "en") == entry["answer"]
