"""Each step of the rule for calls, on few rows whose answers are worked out by hand from what the step says."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.calling import decide, germline_by_normals
from oncourse.io.normal_reads import in_blood, inherited

TYPES = {
    **dict.fromkeys(("sample_id", "variant_id", "ref", "alt", "status", "filter", "validation"), pl.String),
    **dict.fromkeys(("alt_count", "depth", "normal_alt", "normal_depth"), pl.Int64),
    **dict.fromkeys(("carried", "joint"), pl.Boolean),
    "population_af": pl.Float64,
}


def rows_of(*rows):
    """Single base changes v0, v1 ... of S1 with 30 of 100 reads, and what each row says besides."""
    usual = {"sample_id": "S1", "ref": "C", "alt": "T", "alt_count": 30, "depth": 100}
    frame = [dict.fromkeys(TYPES) | usual | {"variant_id": f"v{i}"} | row for i, row in enumerate(rows)]
    return pl.DataFrame(frame, schema=TYPES, orient="row")


#: Rows that say something of being called, and whether they are calls by the rule of the module.
SAYING = [
    ({}, True),
    ({"status": "UNCALLED"}, False),
    ({"status": " Below LOD "}, False),
    ({"status": "Somatic"}, True),
    ({"filter": "oxog"}, False),
    ({"filter": "PASS|wga"}, True),
    ({"validation": " Wildtype"}, False),
    ({"validation": "Valid"}, True),
    ({"carried": False}, False),
    ({"carried": True}, True),
    ({"joint": True}, True),
    ({"joint": True, "alt_count": 0}, False),
    ({"joint": True, "alt_count": None}, True),
]
#: The last row: listed for one sample, without a variant read, and yet a call: its counts are not believed.
DENIED = {"alt_count": 0, "joint": False}


def saying():
    return rows_of(*(row for row, _ in SAYING), DENIED)


def test_a_row_is_a_call_unless_it_says_otherwise():
    decided = decide(saying(), "x.maf")
    assert decided.frame["is_called"].to_list() == [*(is_call for _, is_call in SAYING), True]
    assert decided.frame.select("alt_count", "depth").rows()[-3:] == [(0, 100), (None, 100), (None, None)]
    assert decided.notes == [
        "x.maf: 2 rows looked at and not called by their status ( Below LOD  1, UNCALLED 1)",
        "x.maf: 1 rows looked at and not called by their FILTER (oxog 1)",
        "x.maf: 1 rows looked at and not called by their validation ( Wildtype 1)",
    ]
    assert [(p.column, p.value, p.severity, p.message) for p in decided.problems] == [
        (
            "alt_count",
            "0",
            "warning",
            "1 of 14 rows of kind SNV are calls with 0 variant reads; the calls stay, their counts are taken as "
            "unknown.",
        )
    ]


def test_whoever_asks_may_say_that_all_or_none_or_the_counts_are_calls():
    every = decide(saying(), "x.maf", called="yes")
    assert every.frame["is_called"].to_list() == [True] * 14
    assert every.frame["alt_count"].null_count() == 3  # the two of 0 reads, and the one that was not counted
    assert every.notes == []
    none = decide(saying(), "x.maf", called="no")
    assert none.frame["is_called"].to_list() == [False] * 14
    assert none.frame["alt_count"].to_list() == saying()["alt_count"].to_list()
    assert none.problems == none.notes == []
    # a word of the file still says no; all others, a row without variant reads too, are judged by their reads
    counts = decide(saying(), "x.maf", called="counts")
    looked_at = [*(None if row.get("joint") or is_call else False for row, is_call in SAYING), None]
    assert counts.frame["is_called"].to_list() == looked_at
    assert counts.frame["alt_count"].to_list() == saying()["alt_count"].to_list()
    assert counts.problems == counts.notes == []


def test_a_list_of_calls_keeps_what_a_filter_word_stands_at():
    decided = decide(
        rows_of({"filter": "oxog"}, {"validation": "Invalid"}, {"status": "WT"}, {"filter": "PASS"}), "x", listed=True
    )
    assert decided.frame["is_called"].to_list() == [True, True, False, True]
    assert decided.notes == [
        "x: 1 rows bear a FILTER word and stay calls: the portal's mutation table lists calls",
        "x: 1 rows looked at and not called by their status (WT 1)",
    ]
    assert decide(rows_of({"filter": "PASS"}), "x", listed=True).notes == []


@pytest.mark.parametrize(
    ("n", "more"), [(1, ""), (5, ""), (6, " and 1 further words"), (8, " and 3 further words")], ids=str
)
def test_the_first_five_words_are_shown_of_each_kind(n, more):
    """The most frequent first, then by the alphabet."""
    odd = [f"w{i}" for i in range(n)] + ["w0"]
    shown = ", ".join([f"'{w}' 1" for w in odd[1:-1]][:4])
    (problem,) = decide(rows_of(*({"status": w} for w in odd)), "x").problems
    first = f"'w0' 2{', ' if shown else ''}{shown}{more}"
    message = f"words of the status are not understood ({first}): these rows stay calls of unknown origin."
    assert (problem.value, problem.message, problem.severity) == ("w0", message, "warning")
    decided = decide(rows_of(*({"filter": w} for w in odd)), "x")
    held = first.replace("'", "")
    assert decided.notes == [f"x: {n + 1} rows looked at and not called by their FILTER ({held})"]
    assert decided.frame["is_called"].to_list() == [False] * (n + 1)


@pytest.mark.parametrize(
    ("rows", "severity", "said"),
    [
        ([{}] * 3, "error", "3 of 3"),
        ([{}] * 2, "warning", "2 of 2"),
        ([{}] * 3 + [{"alt_count": 30}] * 3, "error", "3 of 6"),  # half of those that pass
        ([{}] * 3 + [{"alt_count": 30}] * 4, None, None),
        ([{}] * 3 + [{"alt_count": 30, "filter": "oxog"}] * 4, "error", "3 of 3"),  # what fails does not count
        ([{}] * 3 + [{"alt_count": 30, "normal_depth": None}] * 4, "error", "3 of 3"),  # nor what was not counted
        ([{}] * 3 + [{"alt_count": None}] * 4, "error", "3 of 3"),
        ([{"depth": 9}] * 3, None, None),
        ([{"depth": 10}] * 3, "error", "3 of 3"),
        ([{"normal_alt": 2, "normal_depth": 10}] * 3, None, None),
        ([{"normal_alt": 3, "normal_depth": 60}] * 3, "error", "3 of 3"),  # 3 reads that are 5 %
        ([{"normal_alt": 3, "normal_depth": 61}] * 3, None, None),
        ([{"depth": None}] * 3, None, None),
        ([], None, None),
    ],
)
def test_tumour_and_normal_are_exchanged_where_half_of_what_passes_is_in_the_normal_alone(rows, severity, said):
    usual = {"alt_count": 0, "normal_alt": 20, "normal_depth": 50, "filter": "PASS", "joint": True}
    found = [p for p in decide(rows_of(*(usual | row for row in rows)), "x").problems if "exchanged" in p.message]
    assert [(p.severity, p.message.split(" variants that pass")[0]) for p in found] == [(severity, said)][: len(found)]
    assert len(found) == (severity is not None)


def listed(n_zero, n_seen, *, sites=1, covered=100, **more):
    """So many rows without and with a variant read, each of the first at a site listed for `sites` samples."""
    zero = [
        {"alt_count": 0, "depth": covered, "variant_id": f"z{i // sites}", "sample_id": f"S{i % sites}"} | more
        for i in range(n_zero)
    ]
    return [*zero, *({"variant_id": f"s{i}"} | more for i in range(n_seen))]


@pytest.mark.parametrize(
    ("rows", "forced"),
    [
        (listed(2, 38, sites=2), None),  # 5 % and no more
        (listed(2, 37, sites=2), ("SNV", "5%", 39)),
        (listed(2, 2), None),  # listed for one sample each, half of the base changes
        (listed(3, 2), ("SNV", "60%", 5)),
        (listed(3, 2, covered=0), None),  # without reads at the site
        (listed(3, 2, covered=None), None),
        ([*listed(3, 1), {"alt_count": 1}], ("SNV", "60%", 5)),
        (listed(3, 0), None),  # whoever counts nothing lists nothing
        (listed(4, 0, sites=2), ("SNV", "100%", 4)),
        (listed(2, 0, sites=2) + listed(2, 0, ref="A"), None),  # at half of them
        (listed(2, 2, sites=2, ref="-"), ("INS", "50%", 4)),
        (listed(3, 2, ref="-"), None),  # it is the base changes that tell of a list
    ],
)
def test_sites_listed_whatever_was_seen_are_judged_by_their_reads(rows, forced):
    if len(rows) == 4 and rows[-1].get("ref") == "A":  # two sites of two samples, two of one
        rows = [*rows[:2], *({**row, "variant_id": f"o{i}"} for i, row in enumerate(rows[2:]))]
    decided = decide(rows_of(*rows), "x")
    assert decided.frame["is_called"].to_list() == [True if forced is None else None] * len(rows)
    n_zero = sum(row.get("alt_count", 30) == 0 for row in rows)
    if forced is None:
        assert decided.notes == []
        assert decided.frame["alt_count"].null_count() == n_zero
    else:
        k, share, n = forced
        assert decided.notes[0].startswith(
            f"x: {share} of the {n} rows of kind {k} show no variant read: taken as forc"
        )
        assert decided.frame["alt_count"].null_count() == 0
        assert decided.problems == []


def test_the_kind_that_is_listed_does_not_speak_for_the_others():
    """Insertions are listed for two samples; the deletions of one are a caller's that does not count them."""
    rows = listed(2, 1, sites=2, ref="-") + listed(2, 0, alt="-") + [{"filter": "oxog", "alt_count": 0, "ref": "-"}]
    rows = [row | {"variant_id": f"{row.get('variant_id', 'f')}{row.get('ref')}"} for row in rows]
    decided = decide(rows_of(*rows), "x")
    assert decided.frame["is_called"].to_list() == [None, None, None, True, True, False]
    assert decided.frame["alt_count"].to_list() == [0, 0, 30, None, None, 0]
    assert [p.message[:32] for p in decided.problems] == ["2 of 2 rows of kind DEL are call"]


ORIGIN = [
    ({}, "unknown"),
    ({"status": "Somatic"}, "somatic"),
    ({"status": "LOH"}, "germline"),
    ({"status": "likely germline"}, "germline"),
    ({"status": "CHIP"}, "chip"),
    ({"filter": "germline_risk"}, "germline"),
    ({"filter": "oxog;GERMLINE"}, "germline"),
    ({"filter": "germline", "status": "Somatic"}, "somatic"),
    ({"normal_alt": 25, "normal_depth": 100}, "germline"),
    ({"normal_alt": 24, "normal_depth": 100}, "unknown"),
    ({"normal_alt": 9, "normal_depth": 9}, "unknown"),
    ({"normal_alt": 10, "normal_depth": 10}, "germline"),
    ({"normal_alt": 10, "normal_depth": 10, "status": "ss4"}, "germline"),
    ({"normal_alt": 10, "normal_depth": 10, "status": "CHIP"}, "germline"),
    ({"normal_alt": 10, "normal_depth": 10, "status": "Somatic"}, "somatic"),
    ({"normal_alt": 10, "normal_depth": 10, "status": "Somatic", "filter": "oxog"}, "somatic"),
    ({"normal_alt": 10, "normal_depth": 10, "filter": "oxog"}, "germline"),
    ({"normal_alt": 99, "normal_depth": 100, "status": "Somatic"}, "somatic"),
    ({"population_af": 0.5}, "unknown"),
]


def test_the_origin_is_what_the_file_says_else_what_the_normal_shows():
    decided = decide(rows_of(*(row for row, _ in ORIGIN)), "x")
    assert decided.frame["origin"].to_list() == [origin for _, origin in ORIGIN]
    assert decided.notes[-1] == "x: 3 calls are germline by the normal's own reads"  # no status that says, and called
    near, doubt = decided.problems  # of the three that are named somatic two are called
    assert near.message[:56] == "1 calls show the variant in the normal at a share not to"  # 24 of 100 beside 30 of 100
    assert (doubt.column, doubt.severity) == ("status", "warning")
    assert doubt.message == "2 calls named somatic show the variant in 25% or more of the normal's reads."
    assert decided.frame.columns == [c for c in TYPES if c != "validation"] + ["is_called", "origin"]


def test_without_a_normal_what_is_common_in_the_population_is_germline():
    rows = rows_of(
        *({"population_af": af} for af in (0.002, 0.0019, None)),
        {"population_af": 0.3, "status": "Somatic"},
        {"population_af": 0.3, "filter": "oxog"},
    )
    alone = decide(rows, "x")
    assert alone.frame["origin"].to_list() == ["germline", "unknown", "unknown", "somatic", "germline"]
    assert alone.notes[-1] == (
        "x: tumour-only calls (no normal); 1 with a population frequency of 0.002 or more are taken as germline, the "
        "origin of the others is unknown"
    )
    told = decide(rows, "x", has_normal=True)
    assert told.frame["origin"].to_list() == ["unknown", "unknown", "unknown", "somatic", "unknown"]
    assert not any("tumour-only" in note for note in told.notes)
    beside = rows.with_columns(normal_depth=pl.Series([50, None, None, None, None]), normal_alt=pl.lit(0))
    assert decide(beside, "x").frame["origin"].to_list() == ["unknown", "unknown", "unknown", "somatic", "unknown"]
    assert decide(beside, "x", has_normal=False).frame["origin"].to_list() == alone.frame["origin"].to_list()
    assert inherited(beside).to_list() == [False] * 5


#: alt_count, depth of the tumour, alt_count, depth of its normal -> as much as the tumour, nearly (worked by hand).
BESIDE = [
    ((30, 1000, 20, 400), "much"),  # 3 % and 5 %
    ((30, 1000, 12, 400), "much"),  # 3 % each
    ((30, 1000, 8, 400), "near"),  # 2 % (1.0 to 3.9) beside 3 % (2.1 to 4.3)
    ((300, 1000, 8, 400), None),  # tumour in the normal, or a clone of the blood that cannot be all of it
    ((30, 1000, 0, 400), None),
    ((1, 100, 2, 100), None),  # two reads are noise
    ((5, 10_000, 6, 10_000), "near"),  # six reads, and less than one in a hundred
    ((3, 100, 5, 9), None),  # nine reads of the normal say nothing
    ((450, 1000, 240, 800), None),  # 30 %: inherited
    ((0, 1000, 20, 400), None),  # the tumour does not show it
]


def test_what_the_normal_shows_as_much_as_the_tumour_is_of_the_blood():
    """DNMT3A of 3 % beside 5 % of the normal's 400 reads stood among the somatic mutations without a word."""
    columns = ("alt_count", "depth", "normal_alt", "normal_depth")
    rows = rows_of(*(dict(zip(columns, reads, strict=True)) for reads, _ in BESIDE))
    much, near = in_blood(rows)
    found = ["much" if m else "near" if n else None for m, n in zip(much, near, strict=True)]
    assert found == [said for _, said in BESIDE]
    decided = decide(rows, "x")
    assert [o == "chip" for o in decided.frame["origin"]] == [said == "much" for _, said in BESIDE]
    assert [p.message.partition(" ")[0] for p in decided.problems if p.column == "normal_alt"] == ["2", "3"]
    # the third: a call with 0 reads, whose counts are not believed
    shares = rows.with_columns(
        normal_share=pl.col("normal_alt") / pl.col("normal_depth"), normal_depth=pl.lit(None, pl.Int64)
    )
    alone = decide(shares.with_columns(normal_alt=pl.lit(None, pl.Int64)), "x").frame["origin"].to_list()
    assert alone[:4] == ["chip", "chip", "unknown", "unknown"] and alone[8] == "germline"


def test_a_tumour_that_shows_more_than_the_normal_keeps_the_variant_of_another_that_shows_less():
    """Of two lesions with one normal the first has 30 %: what the second has is its tumour too."""
    reads = {"variant_id": "v", "depth": 1000, "normal_alt": 20, "normal_depth": 400}
    rows = rows_of(reads | {"alt_count": 300}, reads | {"alt_count": 30, "sample_id": "S2"})
    assert decide(rows, "x").frame["origin"].to_list() == ["unknown", "unknown"]


def test_a_status_stands_and_the_normal_that_speaks_against_it_is_told():
    rows = rows_of({"alt_count": 3, "normal_alt": 20, "normal_depth": 400, "status": "Somatic"})
    decided = decide(rows, "x")
    assert decided.frame["origin"].to_list() == ["somatic"]
    assert [p.message[:44] for p in decided.problems] == ["1 calls named somatic show the variant in th"]


def test_a_normal_sample_makes_the_patients_variant_germline():
    """N of patient A shows v1 (25 of 100) and v4; not v2 (24 of 100) nor v3 (9 of 9); B has no normal."""
    cells = [
        *(("N", "v1", 25, 100, "unknown"), ("N", "v2", 24, 100, "unknown"), ("N", "v3", 9, 9, "unknown")),
        *(("N", "v4", 10, 10, "somatic"), ("T", "v1", 50, 100, "unknown"), ("T", "v2", 50, 100, "unknown")),
        *(("T", "v3", 50, 100, "unknown"), ("T", "v4", 50, 100, "somatic"), ("T2", "v1", 2, 100, "unknown")),
        *(("B", "v1", 50, 100, "unknown"), ("T2", "v4", None, None, "unknown"), ("X", "v1", 1, 9, "unknown")),
    ]
    calls = pl.DataFrame(cells, schema=["sample_id", "variant_id", "alt_count", "depth", "origin"], orient="row")
    owners = [("N", "A", "normal"), ("T", "A", "tissue"), ("T2", "A", "plasma"), ("B", "B", "tissue")]
    samples = pl.DataFrame(owners, schema=["sample_id", "patient_id", "material"], orient="row")
    notes: list[str] = []
    calls = calls.with_columns(is_called=True)
    found = germline_by_normals(calls, samples, notes)
    germline = {("N", "v1"), ("T", "v1"), ("T2", "v1"), ("T2", "v4")}
    assert found.columns == calls.columns
    assert found["origin"].to_list() == ["germline" if cell[:2] in germline else cell[4] for cell in cells]
    assert notes == ["3 calls are germline by the reads of the patient's normal sample"]
    assert germline_by_normals(calls, samples.filter(pl.col("material") != "normal"), notes) is calls
    none_shown = calls.filter(pl.col("variant_id").is_in(["v2", "v3"]))
    assert germline_by_normals(none_shown, samples, notes) is none_shown
    assert len(notes) == 1
