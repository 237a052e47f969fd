"""Tables of few rows take shorter ways than those of many: the same is said of both."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest

from oncourse.genome import effect, protein
from oncourse.genome.texts import FEW, each
from oncourse.io.tabular import text
from oncourse.study import links
from oncourse.study.schema import Rule, broken, check_table
from oncourse.study.tables import TABLES
from oncourse.study.translated import where_known

CHANGES = [f"p.{a}{n}{b}" for a, b, n in product("ABKLQXZ", "BKLX*=", (9, 600))]
CHANGES += ["", ".", "p.?", "G12D", "p.Gly12Asp", "p.L10fs*5", "p.E746_A750del", "p.(G12D)", "MUTATED", None]


@pytest.mark.parametrize("few", [True, False])
def test_a_protein_change_is_written_one_way_whatever_the_length_of_the_column(few):
    column = pl.Series("hgvs_p", CHANGES if few else CHANGES * (FEW // len(CHANGES) + 1))
    found = protein.canonicals(column)
    assert (len(column) <= FEW) == few and found.name == "hgvs_p"
    assert found.to_list()[: len(CHANGES)] == [protein.canonical(c) for c in CHANGES]


@pytest.mark.parametrize("n", [1, FEW])
def test_words_of_many_rows_are_those_of_few(n):
    words = ["Missense_Mutation", None, "gibberish", "Silent"]
    found = effect.consequences(pl.Series("consequence", words * n))
    assert found.to_list() == [None if w is None else effect.consequence(w) for w in words] * n
    assert each(pl.Series([None] * 3, dtype=pl.String), str.upper).to_list() == [None] * 3
    assert where_known(pl.Series(["Unknown", "NED", None] * n)).to_list() == [None, "NED", None] * n


@pytest.mark.parametrize(
    "content",
    [
        "a\tb\n1\t\n\t2\n",
        "a\tb\n 1 \t\u00a0\n",
        'a\tb\n"x\ty\n',
        "a\tb\n",
        "a\n1\n\n2\n",
        "a\tb\n1\t\x85\n",
        "a;b;c\n1;;3",
    ],
)
def test_a_small_file_is_read_as_a_large_one(content, tmp_path, monkeypatch):
    (tmp_path / "t.tsv").write_text(content, "utf-8")
    small = text.read_table(tmp_path / "t.tsv")
    monkeypatch.setattr(text, "_FEW", -1)
    large = text.read_table(tmp_path / "t.tsv")
    assert small.frame.equals(large.frame) and small.problems == large.problems


def test_ids_that_are_nowhere_are_the_same_of_few_and_many(monkeypatch):
    tables = {"a": pl.DataFrame({"x": ["q", None, "p", "r", "q"]}), "b": pl.DataFrame({"y": ["r", None]})}
    few = links.Links(tables).missing("a", "x", "b.y").to_list()
    monkeypatch.setattr(links, "FEW", 0)
    assert few == links.Links(tables).missing("a", "x", "b.y").to_list() == ["p", "q"]


@pytest.mark.parametrize(
    ("purity", "read", "n_wrong"),
    [
        (["0.5", "", "1e-1"], [0.5, None, 0.1], 0),
        (["0,5", "0.25", None], [0.5, 0.25, None], 0),
        (["0.5", "NaN", "inf"], [0.5, None, None], 2),
        (["x", "0.5", "1"], [None, 0.5, 1.0], 1),
    ],
)
def test_numbers_as_they_stand_and_others_are_read_alike(purity, read, n_wrong):
    frame = pl.DataFrame({"sample_id": ["S1", "S2", "S3"], "patient_id": ["P1"] * 3, "material": ["tissue"] * 3})
    found, problems = check_table(TABLES["samples"], frame.with_columns(purity=pl.Series(purity, dtype=pl.String)))
    assert found["purity"].to_list() == read and len(problems) == n_wrong


def test_each_broken_rule_is_told_with_its_rows_and_an_unknown_breaks_none():
    frame = pl.DataFrame({"patient_id": ["P1", "P2", "P3"], "day": [1, None, -4], "end": [0, 5, None]})
    rules = [
        Rule(pl.col("day") > pl.col("end"), "day", "{value} is after the end.", "Correct it."),
        Rule(pl.col("day") > 90, "day", "late.", ""),
        Rule(pl.col("day") < 0, "day", "{value} is before day 0.", "", "warning"),
    ]
    told = [(p.row, p.message, p.severity, p.where) for p in broken("labs", frame, rules)]
    assert told == [
        (2, "1 is after the end.", "error", "P1, day 1"),
        (4, "-4 is before day 0.", "warning", "P3, day -4"),
    ]
    assert broken("labs", frame.clear(), rules) == []


def test_a_file_of_one_empty_byte_says_nothing_of_means(tmp_path, recwarn):
    (tmp_path / "t.tsv").write_bytes(b"\0")
    assert text.read_table(tmp_path / "t.tsv").has_errors
    assert not recwarn.list
