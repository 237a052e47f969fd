"""Steps of derived tables of samples, genes and clones, each asked alone and worked by hand from its definition."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.clinical.lines import _goes_on, _is_given
from oncourse.derive.concordance.callability import TOO_LITTLE, summarise
from oncourse.derive.concordance.concordance_summary import SET_APART, of_own_samples, seen_alone
from oncourse.derive.concordance.identity import EXOME_BASES, _by_chance
from oncourse.derive.concordance.pairs import _comparison, _fate, sample_pairs
from oncourse.derive.concordance.relatedness import _lacks_by_calls
from oncourse.derive.concordance.tissue_blood import SPANS, _rates, patient_counts
from oncourse.derive.status.patients import _speaker
from oncourse.derive.status.table import _decided
from oncourse.knowledge.evaluate import GERMLINE_TEXT

#: Asked for reads alone, all looked at and read, no hit: what `_decided` is given where nothing else is said.
QUIET = {
    "asks_copies": 1,
    "asks_reads": True,
    "asks_gain": False,
    "asks_loss": False,
    "asks_germline": False,
    "n_copies": None,
    "is_hit": None,
    "is_copy_hit": None,
    "hit_basis": "counted",
    "doubt": None,
    "unseen": None,
    "read": "measured",
    "is_dry": None,
    "looked": True,
    "germline_told": False,
    "why": None,
    "unclassified": None,
    "variants": None,
    "copy_words": None,
    "codons": "",
    "unread": None,
}
#: what differs -> state, basis, reason, doubtful, silent
DECISIONS = [
    ({}, "negative", "measured", None, False, False),
    ({"is_hit": True}, "positive", "counted", None, False, False),
    ({"is_hit": True, "hit_basis": "called"}, "positive", "called", None, False, False),
    ({"is_copy_hit": True, "hit_basis": "called"}, "positive", "counted", None, False, False),
    ({"is_hit": True, "doubt": "d", "read": None}, "positive", "counted", None, False, False),
    ({"read": "assumed"}, "negative", "assumed", None, False, False),
    ({"read": "assumed", "why": "few reads"}, "negative", "assumed", "few reads", False, False),
    ({"why": "said for nothing"}, "negative", "measured", None, False, False),
    ({"read": None}, "not_assessable", None, "not looked at", False, True),
    ({"read": "unread", "why": "not covered"}, "not_assessable", None, "not covered", False, True),
    ({"read": None, "looked": False}, "not_assessable", None, "not looked at", False, False),
    ({"read": None, "looked": None}, "not_assessable", None, "not looked at", False, False),
    ({"read": None, "unread": True}, "not_assessable", None, "not looked at", True, True),
    ({"doubt": "d"}, "not_assessable", None, "d", True, False),
    ({"doubt": "d", "unseen": "u"}, "not_assessable", None, "d", True, False),
    ({"unseen": "u", "read": None}, "not_assessable", None, "u", False, False),
    ({"is_dry": True}, "not_assessable", None, "no tumour DNA shown in plasma", False, True),
    ({"asks_gain": True}, "not_assessable", None, "copy number not profiled", False, False),
    ({"asks_gain": True, "n_copies": 1}, "negative", "measured", None, False, False),
    (
        {"asks_gain": True, "n_copies": 1, "asks_copies": 2},
        "not_assessable",
        None,
        "copy number not profiled",
        False,
        False,
    ),
    ({"asks_gain": True, "asks_reads": False, "read": None, "n_copies": 1}, "negative", "measured", None, False, False),
    ({"asks_loss": True}, "negative", "assumed", f"{GERMLINE_TEXT}; deletion not profiled", False, False),
    ({"asks_loss": True, "germline_told": True}, "negative", "assumed", "deletion not profiled", False, False),
    ({"asks_loss": True, "n_copies": 1}, "negative", "assumed", GERMLINE_TEXT, False, False),
    ({"asks_loss": True, "n_copies": 1, "germline_told": True}, "negative", "measured", None, False, False),
    ({"asks_germline": True}, "not_assessable", None, None, False, False),
    ({"asks_germline": True, "germline_told": True}, "negative", "measured", None, False, False),
    ({"asks_germline": True, "asks_loss": True, "n_copies": 1}, "not_assessable", None, GERMLINE_TEXT, False, False),
    ({"unclassified": "R1X"}, "negative", "measured", "R1X", False, False),
    (
        {"unclassified": "R1X", "is_dry": True},
        "not_assessable",
        None,
        "R1X; no tumour DNA shown in plasma",
        False,
        True,
    ),
    ({"unclassified": "R1X", "is_hit": True}, "positive", "counted", None, False, False),
]


def test_a_status_is_decided_by_what_was_seen_looked_at_and_read():
    types = {"n_copies": pl.Int64, **dict.fromkeys(("is_hit", "is_copy_hit", "is_dry", "unread", "looked"), pl.Boolean)}
    types |= dict.fromkeys(("doubt", "unseen", "why", "unclassified", "variants", "copy_words", "read"), pl.String)
    rows = pl.LazyFrame([QUIET | given for given, *_ in DECISIONS], schema_overrides=types)
    found = _decided(rows).select("state", "basis", "reason", "is_doubtful", "is_silent").collect()
    for (given, *expected), row in zip(DECISIONS, found.rows(), strict=True):
        assert list(row) == expected, given
    shown = [{}, {"variants": "G12D"}, {"copy_words": "MET gained"}, {"variants": "G12D", "copy_words": "MET gained"}]
    told = _decided(pl.LazyFrame([QUIET | s | {"codons": "12"} for s in shown], schema_overrides=types)).collect()
    assert told["variants"].to_list() == [None, "G12D", "MET gained", "G12D, MET gained"]
    assert told["codons"].to_list() == ["12"] * 4
    assert found.height == len(DECISIONS)


def test_one_sample_speaks_for_the_patient():
    """A positive one, that of the decision first; a doubt; the decision's own; what was recorded."""
    status = SimpleNamespace(changes_with_time=False, genes=("KRAS",), codons=("KRAS 12",))
    keys = ("sample_id", "state", "is_doubtful", "basis")

    def speaks(*rows, of=status, decision="B"):
        made = [dict(zip(keys, row, strict=True)) for row in rows]
        said = _speaker(made, decision, of)
        return next(k for k, row in enumerate(made) if row is said)

    no, yes, unknown = "negative", "positive", "not_assessable"
    a, b, c = (lambda state, doubt=False, s=s: (s, state, doubt, "counted") for s in "ABC")
    assert speaks(a(yes), b(yes), c(yes)) == 1
    assert speaks(a(yes), b(no), c(yes)) == 2  # the latest of the positive ones
    assert speaks(a(yes), b(no), c(no)) == 0
    assert speaks(a(no, True), b(no), c(unknown, True)) == 2
    assert speaks(a(no), b(no), c(no)) == 1
    assert speaks(a(no), b(unknown), c(no)) == 1  # another sample does not speak for it
    assert speaks(a(no), b(unknown), c(no), decision=None) == 2
    recorded = (None, no, False, "recorded")
    assert speaks(a(unknown), b(unknown), recorded) == 2
    assert speaks((None, yes, False, "recorded"), b(unknown), recorded) == 0
    later = SimpleNamespace(changes_with_time=True, genes=("KRAS",), codons=())
    assert speaks(a(yes), b(no), c(unknown), of=later) == 1
    assert speaks(a(unknown), b(unknown), c(unknown), of=later) == 1
    without = SimpleNamespace(changes_with_time=False, genes=(), codons=())
    assert speaks((None, yes, False, "recorded"), b(no), of=without) == 0
    assert speaks((None, unknown, False, None), b(unknown), of=without) == 0
    assert speaks(a(no), (None, no, False, "recorded"), of=SimpleNamespace(**vars(status) | {"codons": ()})) == 1
    assert speaks((None, unknown, False, None), (None, unknown, False, None)) == 1


def test_a_drug_is_given_on_a_day():
    """A course of days 10-20: from its first day on, not on its last; one resumed within the pause was going on."""
    assert [_is_given([(10, 20)], day, 5) for day in (9, 10, 19, 20)] == [False, True, True, False]
    assert [_is_given([(10, None)], 30, 5, open_ended=known) for known in (True, False)] == [True, False]
    resumed = [(10, 20), (30, 40)]
    assert [_is_given(resumed, day, 5) for day in (20, 24, 25, 29, 30)] == [False, False, True, True, True]
    assert not _is_given([(30, 40)], 28, 5)  # about to begin is not given
    assert _is_given([(10, 10)], 10, 0)
    assert [_goes_on([(10, stop)], 15, 5) for stop in (19, 20, None)] == [False, True, False]
    assert [_goes_on([(start, 40)], 15, 5) for start in (14, 15)] == [True, False]


def test_two_samples_of_a_variant_have_a_fate():
    """Rows and columns present, absent, unknown; what is called in neither is a variant of other samples."""
    a, b = np.repeat([1, 2, 0], 3).astype(np.int8), np.tile([1, 2, 0], 3).astype(np.int8)
    called = np.ones(9, bool)
    assert _fate(a, b, called).tolist() == [1, 2, 0, 3, 0, 0, 0, 0, 0]
    assert _fate(a, b, ~called).tolist() == [1, 2, 0, 3, 4, 4, 0, 4, 4]


def test_what_two_samples_are_to_each_other():
    rows = [
        ("plasma", "plasma", None, None, "plasma v plasma"),
        ("primary", "plasma", "L", None, "tissue v plasma"),
        ("tissue", "plasma", None, None, "tissue v plasma"),
        ("tissue", "metastasis", None, "M", None),
        ("primary", "tissue", "L", None, None),
        ("primary", "primary", "L", "L", "within lesion"),
        ("primary", "local_recurrence", "L", "R", "primary v local recurrence"),
        ("metastasis", "metastasis", "M", "N", "metastasis v metastasis"),
    ]
    frame = pl.DataFrame(rows, schema=["role_a", "role_b", "lesion_a", "lesion_b", "of"], orient="row")
    assert frame.select(found=_comparison())["found"].to_list() == frame["of"].to_list()


def test_the_main_pair_is_of_the_deepest_samples_then_of_the_closest_days():
    rows = [
        # patient, sample, role, lesion, day, depth
        ("A", "a1", "primary", "L", 0, 100),
        ("A", "a2", "primary", "L", 5, 200),
        ("A", "a3", "metastasis", "M", 50, None),
        ("A", "a4", "metastasis", "M", 90, 10),
        ("B", "b1", "primary", "L", 0, 100),
        ("B", "b2", "primary", "L", 8, 100),
        ("B", "b3", "metastasis", "M", 6, 100),
        ("C", "c1", "primary", "L", 0, 100),
        ("C", "c2", "metastasis", "M", 4, 100),
        ("C", "c3", "primary", "L", 8, 100),
    ]
    names = ["patient_id", "sample_id", "role", "lesion_id", "day", "depth"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_row_index("sample")
    order = {"primary": 0, "metastasis": 1}
    frame = frame.with_columns(role_rank=pl.col("role").replace_strict(order)).sort("patient_id", "role_rank", "day")
    pairs = sample_pairs(frame.with_row_index("rank"))
    main = pairs.filter("is_main").select("sample_a", "sample_b", "comparison", "days_between")
    assert sorted(main.rows()) == [
        ("a1", "a2", "within lesion", 5),
        ("a2", "a4", "primary v metastasis", 85),
        ("b1", "b2", "within lesion", 8),
        ("b2", "b3", "primary v metastasis", -2),
        ("c1", "c2", "primary v metastasis", 4),  # both as close: the earlier
        ("c1", "c3", "within lesion", 8),
    ]
    assert pairs.height == 6 + 3 + 3


def test_a_gene_is_wild_type_where_each_codon_was_measured():
    rows = pl.DataFrame(
        [("A", "KRAS", 12, "measured", None, 0.99), ("A", "KRAS", 61, "measured", None, 0.9)]
        + [("B", "KRAS", 12, "measured", None, 0.99), ("B", "KRAS", 61, "assumed", "r", None)]
        + [("C", "KRAS", 12, "assumed", "r", 1.0), ("C", "KRAS", 61, "underpowered", TOO_LITTLE, 0.1)]
        + [("D", "KRAS", 12, "not_covered", "n", None), ("D", "NRAS", 12, "unread", "u", None)],
        schema=["sample_id", "gene", "codon", "state", "reason", "power"],
        orient="row",
    ).with_columns(patient_id=pl.lit("P"), material=pl.lit("tissue"))
    called = pl.DataFrame({"sample_id": ["D", "D", "A"], "gene": ["NRAS", "NRAS", "BRAF"], "codon": [12, 61, 600]})
    assert summarise(rows, called).drop("patient_id", "material").rows() == [
        ("A", "KRAS", "wild_type", "", 0.9),
        ("B", "KRAS", "assumed_wild_type", "KRAS 61: r", 0.99),
        ("C", "KRAS", "not_assessable", f"KRAS 12: r; KRAS 61: {TOO_LITTLE}", 0.1),
        ("D", "KRAS", "not_assessable", "KRAS 12: n", None),
        ("D", "NRAS", "mutated", "NRAS 12: u", None),
    ]


def test_pairs_of_doubted_samples_are_set_apart_unless_a_verdict_says_more():
    related = pl.DataFrame(
        {"sample_a": list("ABCD"), "sample_b": list("XXYX"), "verdict": ["related", "swap", "related", "uninformative"]}
    )
    found = of_own_samples(related, pl.DataFrame({"sample_id": ["X", "Z"]}))["verdict"].to_list()
    assert found == [SET_APART, "swap", "related", SET_APART]
    assert of_own_samples(related, pl.DataFrame({"sample_id": ["A"]}))["verdict"].to_list()[:2] == [SET_APART, "swap"]


def test_variants_that_could_only_be_judged_where_both_have_them():
    power = pl.Series([0.9, 0.8, None, 0.1])

    def alone(*rows):
        return seen_alone(power, pl.DataFrame(rows, schema=["state", "cell_a", "cell_b"], orient="row"), 0.8)

    unknown = ("not_assessable", 0, 0)
    assert not alone(unknown, ("shared", 0, 1))
    assert alone(unknown, ("shared", 0, 3))  # an absence from b would not have been seen
    assert alone(unknown, ("shared", 2, 1))
    assert not alone(("shared", 0, 3))
    assert not alone(unknown, ("shared", 0, 3), ("private_a", 0, 0))


def test_variants_met_by_chance_in_two_tumours():
    """Samples of 10, 20 and 30 variants, 4 met in all: rate 5 / (60^2 - 1400 + exome); a pair of 10 and 20 that shares 2."""
    own = pl.DataFrame({"sample_id": list("abc"), "n_rare": [10, 20, 30]})
    pairs = pl.DataFrame({"n_rare": [10], "other_rare": [20], "n_shared": [2]})
    expected = 5 / (2200 + EXOME_BASES) * 200
    chance = 1 - np.exp(-expected) * (1 + expected)
    assert _by_chance(pairs, own, 4).to_list() == pytest.approx([chance * 4.5], rel=1e-4)


def test_an_absence_from_a_sample_with_few_variants_of_its_own_is_by_calls():
    """Pair 1: b holds two variants, fewer than three; pair 2: b holds three."""
    rows = [(1, "private_a", "assumed")] * 3 + [(1, "shared", "assumed"), (1, "private_b", "assumed")]
    rows += [(2, "private_a", "assumed"), (2, "private_a", "counted")] + [(2, "shared", "counted")] * 3
    found = _lacks_by_calls(pl.DataFrame(rows, schema=["pair", "state", "basis"], orient="row"))
    assert found.to_list() == [True, True, True, False, False] + [False] * 5


def test_variants_of_tissue_are_counted_per_patient():
    rows = [
        ("A", "present", "present", False, True),
        ("A", "present", "absent", True, True),
        ("A", "present", "absent", False, False),
        ("A", "present", "not_assessable", True, True),
        ("A", "absent", "present", True, True),
        ("B", "absent", "present", False, False),
        ("B", "not_assessable", "present", False, False),
    ]
    names = ["patient_id", "in_tissue", "in_plasma", "by_calls", "powered"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(band=pl.lit("high"))
    counts = ("n_by_calls", "n_tissue", "n_found", "n_unknown", "n_powered", "n_plasma_only")
    assert patient_counts(frame, "all").select(counts).rows() == [(2, 4, 1, 1, 2, 1), (0, 0, 0, 0, 0, 1)]
    per = patient_counts(frame, "informative", "band")
    assert per.select(counts).rows() == [(2, 3, 1, 1, 2, 1), (0, 0, 0, 0, 0, 1)]
    assert per["level"].to_list() == ["high", "high"]
    row = _rates({"set": "informative", "level": "high"}, per)
    totals = ("n_patients", "n_tissue", "n_found", "n_not_assessable", "n_by_calls", "n_plasma_only")
    assert [row[c] for c in totals] == [2, 3, 1, 1, 2, 2]
    assert (row["ppa"], row["ppv"]) == pytest.approx((1 / 3, 1 / 3))
    assert _rates({"set": "informative", "level": SPANS}, per)["ppa"] is None
    found = per.head(1).with_columns(n_found=pl.lit(3))  # all found, but an absence would have been told
    assert _rates({"set": "informative", "level": "high"}, found)["ppa"] == 1
    circular = found.with_columns(n_powered=pl.lit(0))
    assert _rates({"set": "informative", "level": "high"}, circular)["ppa"] is None
    assert _rates({"set": "all", "level": "high"}, circular)["ppa"] == 1
