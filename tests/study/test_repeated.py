"""Rows that share a key, and rows by a text."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.io.variants.maf_tables import variants_of
from oncourse.study.repeated import repeated, shared, sorted_by


def test_repeated_keys_are_found_exactly():
    frame = pl.DataFrame({"a": ["x", "y", "x", None, None, "x"], "b": [1, 1, 1, 2, 2, 3]})
    assert repeated(frame, ["a", "b"]).to_list() == [True, False, True, True, True, False]
    assert not repeated(frame.unique(), ["a", "b"]).any() and repeated(frame.clear(), ["a"]).is_empty()


def test_numbers_that_stand_twice_are_found_among_many():
    numbers = np.random.default_rng(1).integers(0, 3_000, 4_000).astype(np.uint64) << np.uint64(51)
    hashes = pl.Series("h", numbers)
    assert shared(hashes).equals(hashes.is_duplicated(), check_names=True)
    assert not shared(hashes.unique()).any() and shared(hashes.clear()).is_empty()


def test_a_text_sorts_as_polars_sorts_it():
    """Nulls first, longer after shorter, letters beyond ASCII by their bytes."""
    texts = ["7:9:A:T", None, "7:10:A:T", "", "\u00e9", "z", "7:9:A", "\U0001f9ec", "\uffff", "Z", "\x00", "\x00a"]
    frame = pl.DataFrame({"id": texts, "row": range(len(texts))})
    assert sorted_by(frame, "id").equals(frame.sort("id"))
    assert sorted_by(frame.clear(), "id").equals(frame.clear())


def test_a_variant_has_the_annotation_of_its_most_severe_row_whatever_the_order():
    """Rows of one variant that differ, rows that are the same, and variants of one row."""
    rows = [
        ("2:5:A:T", "B", "intron"),
        ("2:5:A:T", "C", "missense"),
        ("2:5:A:T", "A", "missense"),
        ("10:1:A:C", "D", "intron"),
        ("10:1:A:C", "D", "intron"),
        ("1:1:G:C", None, None),
    ]
    calls = pl.DataFrame(rows, schema=["variant_id", "gene", "consequence"], orient="row")
    for frame in (calls, calls.reverse()):
        found = variants_of(frame).select("variant_id", "gene", "consequence").rows()
        assert found == [("10:1:A:C", "D", "intron"), ("1:1:G:C", None, None), ("2:5:A:T", "A", "missense")]
