"""What became of every file, column and row of a source."""

from __future__ import annotations

import pytest

from oncourse.io.ledger import STATES, Ledger
from oncourse.study.schema import Problem, sorted_problems


def test_the_ledger_is_three_sorted_tables():
    ledger = Ledger()
    ledger.file("b.txt", "timeline", "not read", n_rows=3, why="no table holds it")
    ledger.file("a.txt", "patients", "used", n_rows=2)
    ledger.column("a.txt", "OS_MONTHS", "used", became="follow_up.last_contact_day", n=2)
    ledger.unread("b.txt", ["X"])
    ledger.taken("a.txt", "patients", 1)
    ledger.left_out("a.txt", 1, "no id", became="patients", line=7, first="P2")
    ledger.left_out("a.txt", 0, "nothing left out is no row")
    tables = ledger.tables()
    assert tables["intake/files"]["file"].to_list() == ["a.txt", "b.txt"]
    assert tables["intake/columns"]["state"].to_list() == ["used", "not read"]
    assert tables["intake/rows"].select("state", "n", "first_line", "why").rows() == [
        ("left out", 1, 7, "no id"),
        ("taken", 1, None, ""),
    ]


def test_a_state_is_one_of_the_list():
    with pytest.raises(ValueError, match="not a state"):
        Ledger().file("a", "b", "ignored")
    assert set(STATES) == {"used", "kept", "not understood", "not read", "empty"}


def test_warnings_that_differ_only_in_the_patient_come_in_one_order():
    """They were sorted without the patient, so that their order followed the hash seed of the run."""
    problems = [
        Problem("labs", None, "day", v, "m", "c", "warning", w) for v, w in [("1", "B"), ("1", "A"), ("0", "A")]
    ]
    assert [(p.where, p.value) for p in sorted_problems(problems)] == [("A", "0"), ("A", "1"), ("B", "1")]


def test_the_intake_page_says_first_whose_each_sample_is(tmp_path):
    """The page began with what was not read, a row per file, and did not say which sample is whose."""
    import polars as pl

    from oncourse.report.intake import INTAKE_TABLES, intake_page, samples_read

    tables = {
        "samples": pl.DataFrame({"sample_id": ["S1", "S2"], "patient_id": ["P1", "P1"], "material": ["tissue"] * 2}),
        "calls": pl.DataFrame({"sample_id": ["S1"] * 2, "variant_id": ["v", "w"], "is_called": [True, False]}),
        "segments": pl.DataFrame({"sample_id": ["S2"]}),
    }
    read = samples_read(tables)
    assert read.columns == [c.name for c in INTAKE_TABLES[0].columns]
    assert read.select("n_calls", "n_looked_at", "n_without_effect", "n_segments").rows() == [
        (1, 1, 1, 0),
        (0, 0, 0, 1),
    ]
    # Hu 2019 counts reads at every site and says of none whether it was called: the page said "0 calls" of 38,337 rows
    counted = pl.DataFrame(
        {"sample_id": "S1", "variant_id": list("vwx"), "alt_count": [3, 2, 3], "depth": [80, 80, 400]}
    )
    assert samples_read(tables | {"calls": counted}).select("n_calls", "n_looked_at").row(0) == (1, 2)
    stated = pl.DataFrame({"assay_id": ["A"], "min_alt_count": [2], "min_vaf": [0.001]})
    ours = tables["samples"].with_columns(assay_id=pl.lit("A"))
    assert samples_read({"samples": ours, "calls": counted, "assays": stated})["n_calls"].to_list() == [3, 0]
    files = pl.DataFrame({"file": ["a", "b"], "kind": "x", "state": "not read", "n_rows": 1, "why": "no calls"})
    page = intake_page({"intake/samples": read, "intake/files": files}, "A study", [])
    assert page.index("1 patients with samples, 2 samples, 1 calls") < page.index(">a, b<") < page.index("Decisions")


def test_the_intake_page_says_what_each_table_says(tmp_path):
    """A workbook's page counted the patients with samples alone, and did not say how many are dead, or of which drugs."""
    from tests.io.strangers import write_book

    from oncourse.io.aside import checked
    from oncourse.io.detect import read_any
    from oncourse.report.intake import intake_page
    from oncourse.report.intake_known import known
    from oncourse.study.schema import Problem

    day, seen = "2021-03-05", "2022-01-10"
    book = write_book(
        tmp_path / "x.xlsx",
        患者=[["患者编号", "性别", "诊断日期", "职业"], ["P1", "男", day, "x"], ["P2", "女", day, ""]],
        随访=[["患者编号", "末次随访日期", "生存状态"], ["P1", seen, "存活"], ["P2", seen, "死亡"]],
        治疗=[["患者编号", "方案", "开始日期"], ["P1", "XELOX", day], ["P2", "XELOX", day]],
    )
    reading = read_any(book)
    told = known(checked(reading)[0])
    assert dict(told.select("table", "says").iter_rows()) | {"patients": "", "samples": "", "calls": ""} == {
        "patients": "",
        "samples": "",
        "calls": "",
        "follow_up": "1 alive, 1 dead; seen last on days 311 to 311",
        "treatments": "2 XELOX",
    }
    assert told["says"][0] == "1 female, 1 male"
    tables = reading.ledger.tables() | {"intake/known": told}
    known_by_name = "3 variants are named by gene and change alone (first: 'APC:p.E1309fs*4')."
    twice = [Problem(t, None, "variant_id", None, known_by_name, severity="warning") for t in ("variants", "calls")]
    nothing = Problem("x", None, None, None, "Aaa bbb.", "Nothing is to be done.", "warning")
    page = intake_page(tables, "A study", [], "zh", warnings=[nothing, *twice])
    assert "1 存活" in page and "职业" in page and "calls.variant_id" not in page
    assert "个变异仅以基因和改变命名" in page and page.index("variants.variant_id") < page.index("Aaa bbb")
