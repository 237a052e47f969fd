"""All that `read_table` says of small odd files: columns, rows, their lines, remarks, and every problem with its cure."""

from __future__ import annotations

import pytest

from oncourse.io.tabular import text
from oncourse.io.tabular.text import read_table

HEAD = "id\tsex\tage\n"
REST_EMPTY = "has {} cells, the header has 3; the rest is taken as empty."
LONG = "has {} cells, the header has 3."
ROW_NAMES = "Was it written with row names? Write it without them (R: row.names = FALSE)."
IS_TWICE = "Files were put one behind the other; remove the line."

#: content -> columns, rows, the line of each, remarks above the header
CLEAN = {
    "#gene\tpos\tref\nKRAS\t25\tC\n": (["gene", "pos", "ref"], [("KRAS", "25", "C")], [2], ()),
    "## v1\n#gene\tpos\tref\nKRAS\t25\tC\n": (["gene", "pos", "ref"], [("KRAS", "25", "C")], [3], ("## v1",)),
    # two wide remarks: neither is known to be the header
    "#a\tb\tc\n#gene\tpos\tref\nx\ty\tz\n": (["x", "y", "z"], [], [], ("#a\tb\tc", "#gene\tpos\tref")),
    "sep=;\nid;sex;age\nP1;f;50\n": (["id", "sex", "age"], [("P1", "f", "50")], [3], ("sep=;",)),
    "T1. Patients\t\t\n\n" + HEAD + "P1\tf\t50\n": (
        ["id", "sex", "age"],
        [("P1", "f", "50")],
        [4],
        ("T1. Patients\t\t",),
    ),
    "Table 1\nid,sex,age\nP1,f,50\n": (["id", "sex", "age"], [("P1", "f", "50")], [3], ("Table 1",)),
    "Table 1\nid,sex\nP1,f\n": (
        ["Table 1"],
        [("id,sex",), ("P1,f",)],
        [2, 3],
        (),
    ),  # a title stands above three columns
    "# [1]CHROM\t[2]POS\n1\t5\n": (["CHROM", "POS"], [("1", "5")], [2], ()),
    'id,note\nP1,"two\nlines"\nP2,"a ""b"", c"\n': (
        ["id", "note"],
        [("P1", "two lines"), ("P2", "a 'b', c")],
        [3, 4],
        (),
    ),
    "a;b,c\n1;2,3\n": (["a", "b,c"], [("1", "2,3")], [2], ()),  # as many of each: semicolons part, commas are decimal
    "a;b,c,d\n1;2,3,4\n": (["a;b", "c", "d"], [("1;2", "3", "4")], [2], ()),
    '"a,b,c";d\n"1,2,3";4\n': (["a,b,c", "d"], [("1,2,3", "4")], [2], ()),
    '"a" "b"\n"1" "x" "y"\n"2" "z" "w"\n': (["a", "b"], [("x", "y"), ("z", "w")], [2, 3], ()),
    '"a" "b"\n"x" "y"\n': (["a", "b"], [("x", "y")], [2], ()),
    'id,sex\n="001",f\n': (["id", "sex"], [("001", "f")], [2], ()),
    "id\tsex\n": (["id", "sex"], [], [], ()),
    'id\nP1\n\n"P2"\n': (["id"], [("P1",), ("P2",)], [2, 4], ()),
    "id\n\nP1\n": (["id"], [("P1",)], [3], ()),
}

#: content -> rows, the line of each, and the problems: line, column, cell, severity, message, cure
FAULTS = {
    HEAD + "1\tf\n2\tm\t61\tx\ty\n3\n": (
        [("1", "f", None), ("2", "m", "61"), ("3", None, None)],
        [2, 3, 4],
        [
            (2, "age", None, "warning", REST_EMPTY.format(2), "Give every column a cell, from age on."),
            (3, "age", "x", "error", LONG.format(5), "Is there a tab inside a cell, or a column without a name?"),
            (4, "sex", None, "warning", REST_EMPTY.format(1), "Is the file cut off here?"),
        ],
    ),
    HEAD + "1\tP1\tf\t50\n2\tP2\tm\t61\n": (
        [("P1", "f", "50"), ("P2", "m", "61")],
        [2, 3],
        [
            (
                1,
                None,
                None,
                "warning",
                "every row has one cell more than the header: its first is read past, as R writes the names of rows.",
                "Nothing is to be done, if that is right; else give every column a name.",
            )
        ],
    ),
    HEAD + "7\tP1\tf\t50\n2\tP2\tm\t61\n": (
        [("7", "P1", "f"), ("2", "P2", "m")],
        [2, 3],
        [(2, "age", "50", "error", LONG.format(4), ROW_NAMES), (3, "age", "61", "error", LONG.format(4), ROW_NAMES)],
    ),
    HEAD + "P1\tf\t50\n" + HEAD + "id\tm\t61\nid\tsex\t\n": (  # a patient named id is one
        [("P1", "f", "50"), ("id", "m", "61")],
        [2, 4],
        [
            (3, None, None, "warning", "the line repeats the header: left out.", IS_TWICE),
            (5, None, None, "warning", "the line repeats the header: left out.", IS_TWICE),
        ],
    ),
    HEAD + "P1\tf\t50\n# end of site 1\nP2\tm\t61\n": (
        [("P1", "f", "50"), ("P2", "m", "61")],
        [2, 4],
        [(3, None, "# end of site 1", "warning", "a remark between the rows: left out.", IS_TWICE)],
    ),
    'id,note\nP1,"two\nP2,x\n': (
        [],
        [],
        [
            (
                2,
                None,
                None,
                "error",
                "a quotation mark opens here and does not close: the lines to 3 are one cell.",
                "Close or remove it.",
            )
        ],
    ),
    'id\tnote\nP1\t"two\nP2\t"\n': (
        [("P1", '"two'), ("P2", '"')],
        [2, 3],
        [
            (
                2,
                None,
                '"two',
                "error",
                "a quote opens and does not close in this line.",
                "A cell holds no line break: put it on one line, or remove the quote.",
            )
        ],
    ),
    "\tid\n5\t1\n": (
        [("5", "1")],
        [2],
        [(1, None, None, "error", "column 1 has no name.", "Name it in the header line, or remove it.")],
    ),
    "\tid\tsex\n5\t1\tf\n": (
        [("5", "1", "f")],
        [2],
        [
            (
                1,
                None,
                None,
                "warning",
                "column 1 has no name: read as row_number.",
                "Write the table without row numbers.",
            )
        ],
    ),
    "id\tid\n1\t2\n": (
        [("1", "2")],
        [2],
        [(1, "id", None, "error", "the column id is there twice.", "Rename one of them, or remove the copy.")],
    ),
    "0.5\tA\tA\n1\t2\tC\n": (
        [("1", "2", "C")],
        [2],
        [
            (
                1,
                "A",
                None,
                "error",
                "the column A is there twice.",
                "Is the line with the names of the columns missing? Add it.",
            )
        ],
    ),
    "": (
        [],
        [],
        [(None, None, None, "error", "the file is empty.", "Give at least a header line with the column names.")],
    ),
    "# x\n": (
        [],
        [],
        [(None, None, None, "error", "the file is empty.", "Give at least a header line with the column names.")],
    ),
    "<HTML><p>\n": (
        [],
        [],
        [(None, None, None, "error", "is a web page, not a table.", "Download the file itself (the `raw` link).")],
    ),
    "a\tb\n1\t\0\n2\tx\n": (
        [],
        [],
        [
            (
                2,
                None,
                None,
                "error",
                "holds zero bytes: it is not a text file.",
                "Save it as tab-separated text (UTF-8) or .xlsx.",
            )
        ],
    ),
    # as long as two bytes a character: once read as three Chinese ones, without a word
    "a\tb\n1\t\0\n": (
        [],
        [],
        [
            (
                2,
                None,
                None,
                "error",
                "holds zero bytes: it is not a text file.",
                "Save it as tab-separated text (UTF-8) or .xlsx.",
            )
        ],
    ),
}


def read(tmp_path, content):
    path = tmp_path / "t.tsv"
    path.write_bytes(content.encode())
    return read_table(path)


@pytest.mark.parametrize("content", CLEAN)
def test_a_table_without_fault(tmp_path, content):
    columns, rows, lines, remarks = CLEAN[content]
    table = read(tmp_path, content)
    assert (table.frame.columns, table.frame.rows(), table.lines.to_list()) == (columns, rows, lines)
    assert (table.comments, table.problems) == (remarks, ())


@pytest.mark.parametrize("content", FAULTS)
def test_a_table_with_faults_tells_them_all(tmp_path, content):
    rows, lines, problems = FAULTS[content]
    table = read(tmp_path, content)
    assert (table.frame.rows(), table.lines.to_list()) == (rows, lines)
    assert [(p.row, p.column, p.value, p.severity, p.message, p.cure) for p in table.problems] == problems


def test_many_short_rows_hide_no_long_one(tmp_path, monkeypatch):
    """Both were counted together: after 500 warnings of short rows a cell without a column was left out unsaid."""
    monkeypatch.setattr(text, "LISTED_PER_KIND", 2)
    table = read(tmp_path, HEAD + "1\tf\n" * 3 + "2\tm\t61\tx\n" * 3)
    assert [(p.row, p.severity) for p in table.problems] == [(2, "warning"), (3, "warning"), (5, "error"), (6, "error")]
