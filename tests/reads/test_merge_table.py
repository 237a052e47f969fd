"""Rows of the reads stage go into a table of the study that may be there, and may hold more than they say."""

from __future__ import annotations

import polars as pl

from oncourse.reads.collect import draft_of, merge_table

KEY = ["sample_id", "variant_id"]


def merged(path, old, new, **options):
    if old is not None:
        path.write_text("\n".join("\t".join(row) for row in old) + "\n", "utf-8")
    merge_table(path, pl.DataFrame(new), KEY, **options)
    return [line.split("\t") for line in draft_of(path).read_text("utf-8").splitlines()]


def test_a_new_row_takes_the_place_of_its_key_and_what_it_does_not_say_stays(tmp_path):
    old = [["sample_id", "variant_id", "depth", "note"], ["007", "v1", "10", "seen by hand"], ["007", "v2", "20", ""]]
    new = {"sample_id": ["007"], "variant_id": ["v1"], "depth": [99]}
    assert merged(tmp_path / "calls.tsv", old, new) == [
        ["sample_id", "variant_id", "depth", "note"],
        ["007", "v2", "20", ""],
        ["007", "v1", "99", "seen by hand"],
    ]


def test_an_id_that_looks_like_a_number_keeps_its_zeros(tmp_path):
    """Read with types, sample 007 of the table was 7, and no row of 007 met it."""
    rows = merged(
        tmp_path / "calls.tsv", [[*KEY, "x"], ["007", "1", "1.10"]], {"sample_id": ["008"], "variant_id": ["1"]}
    )
    assert rows[1] == ["007", "1", "1.10"]


def test_what_the_new_row_leaves_empty_is_taken_from_the_old_one(tmp_path):
    old = [["sample_id", "variant_id", "filter"], ["S", "v1", "PASS"]]
    new = {"sample_id": ["S"], "variant_id": ["v1"], "filter": [None]}
    assert merged(tmp_path / "calls.tsv", old, new)[1:] == [["S", "v1", "PASS"]]


def test_rows_of_an_earlier_run_go_and_those_of_others_stay(tmp_path):
    old = [["sample_id", "variant_id"], ["mine", "v1"], ["mine", "v2"], ["other", "v3"], ["", "v4"]]
    new = {"sample_id": ["mine"], "variant_id": ["v2"]}
    rows = merged(tmp_path / "calls.tsv", old, new, drop=pl.col("sample_id") == "mine")
    assert rows[1:] == [["other", "v3"], ["", "v4"], ["mine", "v2"]]


def test_nothing_new_leaves_the_table_as_it_is_without_what_goes(tmp_path):
    old = [["sample_id", "variant_id", "note"], ["mine", "v1", ""], ["other", "v3", "kept"]]
    none = pl.DataFrame(schema={"sample_id": pl.String, "variant_id": pl.String})
    rows = merged(tmp_path / "calls.tsv", old, none, drop=pl.col("sample_id") == "mine")
    assert rows == [["sample_id", "variant_id", "note"], ["other", "v3", "kept"]]


def test_without_a_table_the_rows_are_one(tmp_path):
    assert merged(tmp_path / "calls.tsv", None, {"sample_id": ["S"], "variant_id": ["v"]}) == [KEY, ["S", "v"]]
