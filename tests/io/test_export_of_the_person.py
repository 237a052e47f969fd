"""Rows of calls that leave the house in an export: sites looked at, what is told of them, of the person only if asked."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.io.export.cbioportal import _beside, _looked_at

ROWS = [
    # sample, variant, is_called, origin, filter
    ("T", "called", True, None, "PASS"),
    ("T", "silent", None, None, None),
    ("T", "not called", False, "somatic", None),
    ("T", "filtered", False, None, "weak"),
    ("T", "inherited", False, "germline", None),
    ("T", "inherited and called", True, "germline", None),
    ("N", "of the normal", False, None, None),
]


def given():
    place = {name: f"1:{1000 + k}:A:T" for k, (_, name, *_) in enumerate(ROWS)}
    calls = [
        {"sample_id": s, "variant_id": place[v], "alt_count": 9, "depth": 90}
        | {"is_called": c, "origin": o, "filter": f}
        for s, v, c, o, f in ROWS
    ]
    made = study(
        {"genome_build": "GRCh37"},
        patients=[{"patient_id": "P"}],
        samples=[
            {"sample_id": "T", "patient_id": "P", "material": "tissue"},
            {"sample_id": "N", "patient_id": "P", "material": "normal"},
        ],
        calls=calls,
        variants=[{"variant_id": v, "gene": "TP53"} for v in place.values()],
    )
    return made, {v: name for name, v in place.items()}


def test_sites_looked_at_are_the_uncalled_ones_of_tumours_that_nobody_inherited():
    made, names = given()
    called = made["calls"].filter("is_called")
    found = _looked_at(made, called)
    assert [names[v] for v in found["variant_id"]] == ["silent", "not called", "filtered"]
    # a row that says nothing of being called, of a variant that the sample is said to have elsewhere
    (silent,) = (v for v, name in names.items() if name == "silent")
    elsewhere = pl.DataFrame({"sample_id": ["T"], "variant_id": [silent]})
    assert [names[v] for v in _looked_at(made, elsewhere)["variant_id"]] == ["not called", "filtered"]


@pytest.mark.parametrize("germline", [False, True])
def test_filter_or_origin_are_told_beside_and_the_inherited_only_where_asked_for(germline):
    made, names = given()
    tables = _beside(made, _looked_at(made, made["calls"].filter("is_called")), germline=germline)
    told = {names[v] for v in tables["calls"]["variant_id"]}
    private = {"inherited", "inherited and called", "of the normal"}
    assert told == {"called", "not called", "filtered"} | (private if germline else set())
    assert set(tables["samples"]["sample_id"]) == ({"T", "N"} if germline else {"T"})
    assert ("variants" in tables) == germline
