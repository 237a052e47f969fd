"""Counts and fractions of a table's rows, from cells to numbers: each step asked alone and worked by hand."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.variants.maf_numbers import bare_percent, fractions_alone, with_counts, with_share_of_normal


def text(**columns):
    frame = pl.DataFrame(
        {name: list(cells) for name, cells in columns.items()}, schema=dict.fromkeys(columns, pl.String)
    )
    return frame.with_columns(line=pl.int_range(2, frame.height + 2))


#: alt, ref, depth, vaf -> alt, depth, vaf where nothing else tells of the reads
ROWS = [
    (("10", "90", "120", None), (10, 120, None)),  # 20 reads of other alleles
    (("10", "90", None, None), (10, 100, None)),
    ((None, "90", "120", None), (30, 120, None)),
    ((None, "120", "120", "0.5"), (0, 120, None)),  # counted before by fraction
    ((None, "130", "120", "0.5"), (60, 120, None)),  # more than all: not of this depth
    ((None, None, "120", "0.5"), (60, 120, None)),
    (("10", None, None, "0.5"), (10, None, 0.5)),
    ((None, None, None, "0.25"), (None, None, 0.25)),
    ((None, None, None, "0"), (0, None, None)),
    ((None, None, "120", None), (None, 120, None)),
    ((None, None, None, None), (None, None, None)),
]


def test_what_a_row_lacks_follows_from_the_others():
    alt, ref, depth, vaf = zip(*(given for given, _ in ROWS), strict=True)
    found, problems = with_counts(text(alt_count=alt, ref_count=ref, depth=depth, vaf=vaf), "x.maf")
    assert found.select("alt_count", "depth", "vaf").rows() == [told for _, told in ROWS] and problems == []
    assert found["normal_alt"].null_count() == len(ROWS)
    (said,) = fractions_alone(found, "x.maf")
    assert said.message.startswith("2 fractions") and fractions_alone(found.head(6), "x.maf") == []


def test_thousands_are_parted_by_dots_where_fractions_have_a_comma():
    found, _ = with_counts(text(alt_count=["1.200", "12"], depth=["2.400", "1.000.000"], vaf=["0,5", "12,5 %"]), "x")
    assert found.select("alt_count", "depth").rows() == [(1200, 2400), (12, 1_000_000)]


def test_what_is_no_count_is_told_with_its_line():
    found, problems = with_counts(text(alt_count=["10", "-3", "2.5", "low"], depth=["20"] * 4), "x.maf")
    assert found["alt_count"].to_list() == [10, None, None, None]
    assert sorted((p.row, p.severity) for p in problems) == [(3, "error"), (4, "error"), (5, "warning")]
    _, told = with_counts(text(alt_count=["low", "high"], depth=["20", "20"]), "x.maf")
    assert {p.severity for p in told} == {"error"}  # words alone are no column of counts
    _, normal = with_counts(text(alt_count=["1"], normal_alt=["2.5"]), "x.maf")
    assert [p.severity for p in normal] == ["warning"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0.5", "1"], False),
        (["0.5", "1.5"], True),
        (["50%", "5%"], None),
        (["50%", "0.5"], False),
        ([None, ""], None),
    ],
)
def test_fractions_above_one_are_in_percent(cells, expected):
    assert bare_percent(text(vaf=cells)) is expected and bare_percent(text(other=cells)) is None


def of_normal(cells, is_percent, depth=100, alt=None, **more):
    frame = text(normal_vaf=cells, **more)
    numbers = {"normal_depth": depth, "normal_alt": alt, "normal_ref": None}
    frame = frame.with_columns(pl.lit(value, dtype=pl.Int64).alias(name) for name, value in numbers.items())
    found, problems = with_share_of_normal(frame, is_percent, "x")
    assert "normal_vaf" not in found.columns
    return found["normal_alt"].to_list(), [(p.row, p.message.partition(" ")[0]) for p in problems]


def test_reads_of_the_normal_follow_from_its_fraction_in_the_unit_of_the_tumours():
    assert of_normal(["0.25", "0", "1", None], False) == ([25, 0, 100, None], [])
    assert of_normal(["0.25", "0", "1", "25%"], True) == ([0, 0, 1, 25], [])
    assert of_normal(["30", "1", "0.5%"], False) == ([30, 1, 0], [])  # one above 1: a column in percent
    assert of_normal(["-0.1", "150%", "100%"], False) == ([None, None, 100], [])
    assert of_normal(["0.25"], False, alt=3) == ([3], [])  # counted
    tumours = {"vaf": ["30%", "20%"]}
    assert of_normal(["0.5", "10%"], None, **tumours) == ([None, 10], [(2, "1")])  # percent or a half?
    assert of_normal(["5", "10%"], None, **tumours) == ([5, 10], []) and of_normal(["0.5"], None) == ([50], [])
    assert of_normal(["0", "10%"], None, **tumours) == ([0, 10], [])
    assert of_normal(["0.5"], None, vaf=[None]) == ([50], [])
    assert of_normal(["0.5", "0"], False, depth=None) == ([None, None], [(2, "1")])
    alone = pl.DataFrame(
        {"line": [2], "normal_vaf": ["5%"], "normal_alt": [None], "normal_depth": [None], "normal_ref": [None]}
    )
    assert with_share_of_normal(alone, None, "x")[0]["normal_share"].to_list() == [0.05]
    assert of_normal(["0.5"], False, depth=None, alt=3) == ([3], [])
    frame = pl.DataFrame(
        {"normal_alt": [3], "normal_ref": [97], "normal_depth": [None]}, schema_overrides={"normal_depth": pl.Int64}
    )
    assert with_share_of_normal(frame, None, "x")[0]["normal_depth"].to_list() == [100]
