"""What `read_table` makes of files of odd manners."""

from __future__ import annotations

import gzip

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncourse.io.tabular import text
from oncourse.io.tabular.text import read_table


def read(tmp_path, content, **options):
    path = tmp_path / "t.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, **options)


PLAIN = "a\tb\nx\t1\ny\t2\n"
SAME = {
    "unix": PLAIN.encode(),
    "windows": PLAIN.replace("\n", "\r\n").encode(),
    "old Mac": PLAIN.replace("\n", "\r").encode(),
    "byte-order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 big end": b"\xfe\xff" + PLAIN.replace("\n", "\r\n").encode("utf-16-be"),
    "gzip": gzip.compress(PLAIN.encode()),
    "two gzip members": gzip.compress(PLAIN[:4].encode()) + gzip.compress(PLAIN[4:].encode()),
    "quoted": b'"a"\t"b"\n"x"\t"1"\n"y"\t2\n',
    "no end of the last line": PLAIN.rstrip("\n").encode(),
    "trailing tabs": b"a\tb\t\t\nx\t1\t\t\ny\t2\t\t\n",
    "comments above": b"# one\n#two\n" + PLAIN.encode(),
    "blank lines": b"\na\tb\n\nx\t1\n\n\ny\t2\n\n",
}


@pytest.mark.parametrize("manner", SAME)
def test_the_same_table_in_any_manner(tmp_path, manner):
    table = read(tmp_path, SAME[manner])
    assert table.frame.rows() == [("x", "1"), ("y", "2")]
    assert table.frame.columns == ["a", "b"]
    assert table.problems == ()


def test_lines_are_the_file_s(tmp_path):
    table = read(tmp_path, "# c\n\na\tb\nx\t1\n\ny\t2\n")
    assert table.lines.to_list() == [4, 6]
    assert table.comments == ("# c",)


def test_columns_asked_for(tmp_path):
    table = read(tmp_path, "a\tb\tc\n1\t2\t3\n", columns=lambda header: ["c", "a"])
    assert table.frame.to_dicts() == [{"a": "1", "c": "3"}]


def test_short_and_long_rows(tmp_path):
    """A short row ends in nulls with a warning; a long one is an error; empty further cells are nothing."""
    table = read(tmp_path, "a\tb\tc\n1\t2\n1\t2\t3\t4\n1\t2\t3\t\t\n")
    assert table.frame.rows() == [("1", "2", None), ("1", "2", "3"), ("1", "2", "3")]
    assert [(p.row, p.severity) for p in table.problems] == [(2, "warning"), (3, "error")]


def test_a_tab_inside_quotes_is_a_space(tmp_path):
    table = read(tmp_path, 'a\tb\n"x\ty"\t1\n')
    assert table.frame.rows() == [("x y", "1")]
    assert [p.severity for p in table.problems] == ["warning"]


def test_a_quote_inside_a_cell_stays(tmp_path):
    """5' and 3" are units and ends, no quoting."""
    table = read(tmp_path, "a\tb\nlesion 3\" wide\t5'UTR\n")
    assert table.frame.rows() == [('lesion 3" wide', "5'UTR")]
    assert table.problems == ()


def test_other_encodings(tmp_path):
    content = "a\tb\nx\tgroß\n".encode("latin-1")
    strict, lenient = read(tmp_path, content), read(tmp_path, content, lenient=True)
    assert [(p.row, p.severity) for p in strict.problems] == [(2, "error")]
    assert lenient.frame.rows() == [("x", "groß")]
    assert [(p.row, p.severity) for p in lenient.problems] == [(2, "warning")]


def test_a_line_above_the_limit_is_named(tmp_path):
    table = read(tmp_path, "a\n1\n" + "x" * (9 << 20) + "\n", max_line_bytes=5 << 20)
    assert [(p.row, p.severity) for p in table.problems] == [(3, "error")]


def test_one_column_with_empty_cells(tmp_path):
    """A blank line of a table of one column is no row."""
    assert read(tmp_path, "a\nx\n\ny\n").frame.rows() == [("x",), ("y",)]


CELL = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=6
).filter(lambda s: s.strip() and '"' not in s and not s.startswith("#"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_what_is_written_is_read(tmp_path_factory, rows):
    """Any text without tabs, line ends and quotes comes back as it was."""
    path = tmp_path_factory.mktemp("t") / "t.tsv"
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row")
    frame.write_csv(path, separator="\t", quote_style="never")
    assert read_table(path).frame.equals(frame)


def test_blocks_of_a_large_table_begin_below_its_header(tmp_path, monkeypatch):
    """A table of one block is read past the lines above it, a larger one block by block."""
    content = "# a remark\n#\na\tb\n" + "".join(f"r{i}\t{i}\n" for i in range(500))
    whole = read(tmp_path, content)
    monkeypatch.setattr(text, "_BLOCK", 300)
    monkeypatch.setattr(text, "_PIECE", 64)
    parted = read(tmp_path, content)
    assert whole.frame.rows() == parted.frame.rows() == [(f"r{i}", str(i)) for i in range(500)]
    assert whole.lines.to_list() == parted.lines.to_list() == list(range(4, 504))


@pytest.mark.parametrize(
    ("body", "lines", "is_odd"),
    [("x\ny\tz\n1\t2\t3\n", [2, 3, 4], True), ("x\ty\tz\n1\n", [2, 3], True), ("x\ty\n\n1\t2\n", [2, 4], False)],
)
def test_uneven_lines_are_found_however_their_cells_add_up(tmp_path, body, lines, is_odd):
    """A line of one cell before one of three holds as many separators as two lines of two."""
    found = read(tmp_path, "a\tb\n" + body)
    assert found.lines.to_list() == lines
    assert bool(found.problems) is is_odd
