"""Which called variant is not understood, and where; which segment and which stratum a value has."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.concordance.callability import _copies
from oncourse.derive.genes.unread import _unread
from oncourse.derive.outcomes.prediction_data import Strata

GENES = {"KRAS", "NRAS"}
#: A missense of KRAS codon 12, by its place and by its annotation.
SOUND = {"variant_id": "12:25245350:C:T", "place": "KRAS", "region": "coding", "symbol": "KRAS", "written": "KRAS"} | {
    "consequence": "missense",
    "hgvs_p": "p.G12D",
    "own_codon": 12,
    "codon_first": 12,
    "codon_last": 12,
    "by_place": "missense",
    "nowhere": False,
}


def told(placed=True, **changes):
    meant = {"KRAS": ["KRAS"], "kras": ["KRAS"], "KRAS;LRMP": ["KRAS", "LRMP"]}
    return list(_unread(SOUND | changes, GENES, meant, "GRCh38" if placed else None))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("KRAS", 12, 12, True)]),
        ({"region": "gene"}, [("KRAS", 12, 12, True)]),
        ({"symbol": "LRMP"}, [("KRAS", 12, 12, False)]),  # named as another gene than it lies in
        ({"consequence": None}, [("KRAS", 12, 12, True)]),  # its protein change says enough
        ({"consequence": None, "own_codon": None}, [("KRAS", 12, 12, False)]),
        ({"consequence": "unknown", "own_codon": None}, [("KRAS", 12, 12, False)]),
        ({"consequence": "synonymous", "by_place": "synonymous"}, []),
        ({"consequence": "synonymous"}, [("KRAS", 12, 12, False)]),  # silent by its word, not by its place
        ({"region": "intron"}, []),  # placed, and not in the coding bases
        ({"place": "LRMP", "region": "coding"}, []),
        # its place is in no assembly, and its gene is named
        ({"place": None, "region": None, "nowhere": True, "own_codon": None}, [("KRAS", None, None, False)]),
        (
            {"variant_id": "c.35G>A", "place": None, "symbol": "?", "written": "?"},
            [("KRAS", None, None, False), ("NRAS", None, None, False)],
        ),
        # named, and its codon told: understood as a call, and a codon with reads where a filter sets it aside
        ({"variant_id": "c.35G>A", "place": None}, [("KRAS", 12, 12, True)]),
        # KRAS G12D at a place of another chromosome, or where KRAS is not; without its residue it may be any
        ({"variant_id": "7:25245350:C:T", "place": None, "region": "between"}, [("KRAS", 12, 12, True)]),
        ({"variant_id": "12:99:C:T", "place": None, "region": "between"}, [("KRAS", 12, 12, True)]),
        (
            {"variant_id": "12:99:C:T", "place": None, "region": "between", "own_codon": None},
            [("KRAS", None, None, False)],
        ),
        ({"variant_id": "12:25200000:C:T", "place": None, "region": "between", "own_codon": None}, []),  # near it
        ({"variant_id": "c.35G>A", "place": None, "own_codon": None}, [("KRAS", None, None, False)]),
        ({"variant_id": "c.35G>A", "place": None, "own_codon": None, "consequence": "nonsense"}, []),
        ({"variant_id": "c.35G>A", "place": None, "symbol": "LRMP", "written": "KRAS;LRMP"}, [("KRAS", 12, 12, False)]),
    ],
)
def test_a_call_is_understood_where_place_and_words_agree(changes, expected):
    found = [row for row in told(**changes) if row[0] in GENES]
    assert found == expected


def test_without_a_build_a_place_and_an_annotation_must_name_one_residue():
    apart = {"own_codon": 13}
    assert told(**apart) == [("KRAS", 12, 12, True)] and told(placed=False, **apart) == [("KRAS", 12, 12, False)]
    assert told(placed=False) == [("KRAS", 12, 12, True)]
    # of insertions and deletions the residue is written in more than one way
    assert told(placed=False, variant_id="12:25245350:CAC:-", **apart) == [("KRAS", 12, 12, True)]


def test_the_copies_of_a_codon_are_of_a_segment_over_all_of_it(monkeypatch):
    from oncourse.derive.concordance import callability

    places = pl.DataFrame({"gene": ["KRAS"], "codon": [12], "chrom": ["12"], "first": [100], "last": [102]})
    monkeypatch.setattr(callability, "codon_places", lambda build, wanted: places)

    class Fake(dict):
        config = type("Config", (), {"genome_build": "GRCh38"})

    rows = [("A", "12", 1, 102, 3.0), ("A", "12", 100, 500, 2.0), ("B", "12", 1, 101, 3.0), ("C", "12", 101, 500, 3.0)]
    rows += [("D", "11", 1, 500, 3.0), ("E", "12", 1, 500, None)]
    names = ["sample_id", "chrom", "start", "end", "total_cn"]
    found = _copies(Fake(segments=pl.DataFrame(rows, schema=names, orient="row")), places)
    assert found.rows() == [("A", "KRAS", 12, 3.0)]


def test_a_level_never_seen_is_other_where_there_is_one():
    words = pl.Series(["a", "b", None, "c"])
    assert Strata("x", "category", ("a", "b")).number(words).tolist() == [0, 1, -1, -1]
    assert Strata("x", "category", ("a", "b", "other")).number(words).tolist() == [0, 1, -1, 2]


def test_a_site_has_the_copies_of_the_segment_that_holds_it_borrowed_or_its_own(monkeypatch):
    """From its first base to its last; what is borrowed never says that all copies are lost."""
    from oncourse.derive.concordance import presence_inputs

    donors = pl.DataFrame({"sample_id": ["B"], "donor": ["A"]})
    monkeypatch.setattr(presence_inputs, "segment_donors", lambda study: donors)
    rows = [("A", "1", 100, 200, 3.0, 1.0), ("A", "1", 300, 400, 0.4, 0.0), ("A", "2", 1, 900, 4.0, 2.0)]
    names = ["sample_id", "chrom", "start", "end", "total_cn", "minor_cn"]
    asked = [(s, "1", p) for s in "AB" for p in (99, 100, 200, 201, 300)] + [("A", "1", None), ("A", "2", 5)]
    cells = pl.DataFrame(asked, schema={"sample_id": pl.String, "chrom": pl.String, "pos": pl.Int64}, orient="row")
    found = presence_inputs._with_segments({"segments": pl.DataFrame(rows, schema=names, orient="row")}, cells)
    assert found["total_cn"].to_list() == [None, 3, 3, None, 0.4, None, 3, 3, None, None, None, 4]
    assert found["minor_cn"].to_list() == [None, 1, 1, None, 0, None, 1, 1, None, None, None, 2]
    assert found["cn_borrowed"].to_list() == [False] * 6 + [True] * 2 + [False] * 4
