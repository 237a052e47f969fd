"""What the counts of a site mean: each tag on both sides of its cut-off, worked by hand."""

import polars as pl
import pytest

from oncourse.reads.judge import (
    Rules,
    alpha_of,
    among_strays,
    beside,
    clustered,
    further_mismatches,
    origins,
    strays_together,
    tags_of,
)

#: A site that is called: ten of 100 fragments, on both strands, far above background.
SOUND = {
    "ref": "A",
    "alt": "C",
    "repeat": 0,
    "alt_count": 10,
    "depth": 100,
    "p_noise": 1e-9,
    "own_mismatches": 1.0,
    "alt_mismatches": 1.0,
    "ref_mismatches": 0.0,
    "alt_forward": 5,
    "alt_reverse": 5,
    "ref_forward": 45,
    "ref_reverse": 45,
    "alt_f1r2": 5,
    "alt_f2r1": 5,
    "alt_mapping_quality": 60.0,
    "alt_at_edge": 0,
    "is_hotspot": False,
    "is_known": False,
    "in_normals": 0,
}
SCHEMA = {"damage": pl.String, "ref_mismatches": pl.Float64}


def site(**changed):
    return pl.DataFrame([SOUND | {"damage": None} | changed], schema_overrides=SCHEMA)


@pytest.mark.parametrize(
    ("changed", "tags"),
    [
        ({}, None),
        # the chance of noise: 1e-6 for a new site, 1e-5 for a hotspot, 1e-3 for one called in another sample
        ({"p_noise": 1e-6}, "background"),
        ({"p_noise": 0.9e-6}, None),
        ({"p_noise": 1e-5, "is_hotspot": True}, "background"),
        ({"p_noise": 0.9e-5, "is_hotspot": True}, None),
        ({"p_noise": 1e-3, "is_known": True, "is_hotspot": True}, "background"),
        ({"p_noise": 0.9e-3, "is_known": True}, None),
        # three fragments, two of a known one
        ({"alt_count": 2}, "few"),
        ({"alt_count": 3}, None),
        ({"alt_count": 1, "is_known": True}, "few"),
        ({"alt_count": 2, "is_known": True}, None),
        # two other patients' normals, below a quarter of the fragments
        ({"in_normals": 2}, "normals"),
        ({"in_normals": 1}, None),
        ({"in_normals": 2, "alt_count": 24}, "normals"),
        ({"in_normals": 2, "alt_count": 25}, None),
        # further mismatches: 0.7 below a fifth of the fragments, else and of known ones 1.5
        ({"alt_mismatches": 1.71}, "mismatches"),
        ({"alt_mismatches": 1.69}, None),
        ({"alt_mismatches": 2.0, "ref_mismatches": 0.5}, None),
        ({"alt_mismatches": 1.71, "ref_mismatches": None}, "mismatches"),
        ({"alt_mismatches": 2.25, "alt_count": 20}, None),
        ({"alt_mismatches": 2.5, "alt_count": 20}, "mismatches"),
        ({"alt_mismatches": 2.25, "alt_count": 19}, "mismatches"),
        ({"alt_mismatches": 2.25, "is_known": True}, None),
        ({"alt_mapping_quality": 29.9}, "mapping"),
        ({"alt_mapping_quality": 30.0}, None),
        # one strand of eight fragments or more, where the reference has a fifth of its own on each
        ({"alt_count": 8, "alt_forward": 8, "alt_reverse": 0}, "strand"),
        ({"alt_count": 8, "alt_forward": 0, "alt_reverse": 8}, "strand"),
        ({"alt_count": 8, "alt_forward": 7, "alt_reverse": 1}, None),
        ({"alt_count": 7, "alt_forward": 7, "alt_reverse": 0}, None),
        ({"alt_forward": 10, "alt_reverse": 0, "ref_forward": 20, "ref_reverse": 80}, "strand"),
        ({"alt_forward": 10, "alt_reverse": 0, "ref_forward": 19, "ref_reverse": 81}, None),
        # damage: at most a tenth of the fragments from the other strand of the molecule, below 15 %
        ({"damage": "F1R2", "alt_f2r1": 1}, "orientation"),
        ({"damage": "F1R2", "alt_f2r1": 2, "alt_f1r2": 0}, None),
        ({"damage": "F1R2", "alt_f2r1": 2, "alt_count": 14}, None),
        ({"damage": "F2R1", "alt_f1r2": 1}, "orientation"),
        ({"damage": None, "alt_f1r2": 0}, None),
        ({"damage": "F1R2", "alt_f2r1": 1, "alt_count": 15}, None),
        ({"damage": "F1R2", "alt_f2r1": 1, "alt_count": 14}, "orientation"),
        # four fifths of three fragments or more at the ends of reads
        ({"alt_at_edge": 8}, "read_end"),
        ({"alt_at_edge": 7}, None),
        ({"alt_at_edge": 3, "alt_count": 3}, "read_end"),
        ({"alt_at_edge": 2, "alt_count": 2, "is_known": True}, None),
        # one base lost of a run of eight, below a tenth
        ({"alt": "-", "repeat": 8, "alt_count": 9}, "repeat"),
        ({"alt": "-", "repeat": 7, "alt_count": 9}, None),
        ({"alt": "-", "repeat": 8}, None),
        ({"repeat": 8, "alt_count": 9}, None),
        ({"alt_count": 2, "p_noise": 0.5, "alt_mapping_quality": 0.0}, "background;few;mapping"),
    ],
)
def test_a_tag_begins_at_its_cut_off(changed, tags):
    got = tags_of(site(**changed), Rules(), 1e-6)
    assert got["tags"].to_list() == [tags]
    assert got["is_called"].to_list() == [tags is None]


def test_a_site_without_variant_fragments_has_no_tag_and_is_no_call():
    got = tags_of(site(alt_count=0, alt_forward=0, alt_reverse=0, p_noise=1.0), Rules(), 1e-6)
    assert got.select("tags", "is_called").rows() == [(None, False)]


def test_the_chance_of_a_false_call_is_shared_among_three_changes_a_base():
    """0.05 over 3 x 1,000 bases is 1.67e-5, above the 1e-5 of a hotspot; over 3 x 10,000 1.67e-6. Families: 3e-6, but
    one false call in all (1 / 3e6) where that is less."""
    of = lambda n, families: alpha_of(Rules(), n, families=families)  # noqa: E731
    assert of(1_000, False) == 1e-5
    assert of(10_000, False) == pytest.approx(0.05 / 30_000)
    assert of(0, False) == 1e-5
    assert of(100_000, True) == 3e-6
    assert of(1_000_000, True) == pytest.approx(1 / 3e6)
    assert of(1_000, True) == 1e-5


def places(rows):
    names = ("contig", "pos", "is_called", "ref", "alt", "alt_count")
    return pl.DataFrame([(*r, *("A", "C", 10)[len(r) - 3 :]) for r in rows], schema=names, orient="row")


def test_three_calls_within_forty_bases_are_a_cluster():
    at = lambda *pos, contig="1": [(contig, p, True) for p in pos]  # noqa: E731
    assert clustered(places(at(100, 120, 140))).tolist() == [True] * 3
    assert clustered(places(at(100, 120, 141))).tolist() == [False] * 3
    assert clustered(places(at(190, 100, 150, 170))).tolist() == [True, False, True, True]
    assert clustered(places([*at(100, 120), ("1", 130, False)])).tolist() == [False] * 3
    assert clustered(places([*at(100, 120), ("2", 130, True)])).tolist() == [False] * 3
    assert clustered(places(at(100, 110)), n=2, width=10).tolist() == [True, True]


@pytest.mark.parametrize(
    ("pos", "count", "is_beside"),
    [(118, 10, True), (119, 10, False), (82, 10, True), (81, 10, False), (118, 11, False), (100, 9, True)],
)
def test_a_misplaced_end_lies_near_an_indel_of_five_times_its_fragments(pos, count, is_beside):
    """Three bases lost at 100: 15 bases and those three to either side."""
    rows = places([("1", 100, True, "AAA", "-", 50), ("1", pos, True, "A", "C", count)])
    assert beside(rows).tolist() == [False, is_beside]


def test_a_base_change_puts_nothing_beside_itself():
    assert not beside(places([("1", 100, True, "A", "C", 50), ("1", 101, True, "A", "C", 5)])).any()
    assert not beside(places([("1", 100, True, "A", "-", 50), ("2", 101, True, "A", "C", 5)])).any()
    assert beside(places([("1", 100, True, "A", "-", 50), ("1", 116, True, "A", "C", 5)])).tolist() == [False, True]
    assert not beside(places([("1", 100, False, "A", "-", 50), ("1", 101, True, "A", "C", 5)])).any()


def pooled(rows):
    """Sites of one sample: contig, position, fragments of the variant of 100, further mismatches."""
    frame = pl.DataFrame(rows, schema=["contig", "pos", "alt_count", "alt_mismatches"], orient="row")
    return frame.with_columns(
        pl.col("alt_mismatches").cast(pl.Float64), depth=100, own_mismatches=0.0, ref_mismatches=0.0
    )


def test_further_mismatches_are_those_beyond_the_variant_and_the_reference():
    frame = pl.DataFrame(
        {"alt_mismatches": [3.0, 3.0, None], "own_mismatches": [1.0] * 3, "ref_mismatches": [0.5, None, 0.5]}
    )
    assert further_mismatches(frame).tolist() == [1.5, 2.0, 0.0]


@pytest.mark.parametrize(
    ("count", "extra", "is_stray"),
    [(8, 0.6, True), (7, 0.6, False), (8, 0.59, False), (19, 0.6, True), (20, 0.6, False)],
)
def test_eight_fragments_with_further_mismatches_below_a_fifth_are_strays(count, extra, is_stray):
    assert strays_together([pooled([("1", 500, count, extra)])], Rules()).tolist() == [is_stray]


def test_mismatches_are_weighted_by_fragments_over_samples_and_the_highest_fraction_counts():
    """(4 x 0.2 + 4 x 1.0) / 8 = 0.6; (7 x 0.2 + 1 x 1.0) / 8 = 0.3."""
    two = lambda a, b: [pooled([("1", 500, *a)]), pooled([("1", 500, *b)])]  # noqa: E731
    assert strays_together(two((4, 0.2), (4, 1.0)), Rules()).tolist() == [True]
    assert strays_together(two((7, 0.2), (1, 1.0)), Rules()).tolist() == [False]
    assert strays_together(two((4, 1.0), (20, 1.0)), Rules()).tolist() == [False]


@pytest.mark.parametrize(
    ("contig", "pos", "count", "extra", "is_stray"),
    [
        ("1", 620, 3, 0.36, True),
        ("1", 620, 4, 0.35, True),
        ("1", 503, 3, 0.36, True),
        ("1", 621, 3, 0.36, False),
        ("1", 502, 3, 0.36, False),
        ("2", 520, 3, 0.36, False),
        ("1", 520, 2, 0.36, False),
        ("1", 520, 4, 0.34, False),
        ("1", 380, 7, 0.5, True),
    ],
)
def test_beside_a_stray_fewer_fragments_suffice(contig, pos, count, extra, is_stray):
    got = strays_together([pooled([("1", 500, 8, 0.6), (contig, pos, count, extra)])], Rules())
    assert got.tolist() == [True, is_stray]


@pytest.mark.parametrize(
    ("strays", "count", "extra", "is_stray"),
    [(30, 10, 0.0, True), (29, 10, 0.0, False), (30, 11, 0.0, False), (30, 2, 0.0, False), (30, 3, 0.0, True)]
    + [(30, 10, -0.1, False)],
)
def test_among_thirty_strays_their_level_alone_tells(strays, count, extra, is_stray):
    rows = [("1", 1_000 * k, 10, 0.6) for k in range(strays)] + [("9", 7, count, extra), ("9", 9, 15, 0)]
    assert strays_together([pooled(rows)], Rules()).tolist() == [True] * strays + [is_stray, False]


@pytest.mark.parametrize(
    ("left", "right", "own", "is_stray"),
    [
        ((380, 5), (620, 20), {}, True),
        ((379, 5), (620, 20), {}, False),
        ((380, 5), (621, 20), {}, False),
        ((380, 4), (620, 20), {}, False),
        ((380, 5), (620, 21), {}, False),
        ((380, 5), (620, 20), {"alt_mismatches": 0.34}, False),
        ((380, 5), (620, 20), {"is_called": False}, False),
        ((380, 3), (620, 3), {"alt_count": 4}, True),
        ((380, 2), (620, 3), {"alt_count": 4}, False),
    ],
)
def test_a_call_between_two_strays_as_often_seen_is_one(left, right, own, is_stray):
    """A call of ten fragments at 500: five to twenty, 120 bases to either side."""
    frame = pooled([("1", *left, 0.8), ("1", 500, 10, 0.35), ("1", *right, 0.8)])
    frame = frame.with_columns(tags=pl.Series(["mismatches", None, "few;mismatches"]), is_called=pl.lit(False))
    mine = pl.int_range(pl.len()) == 1
    changed = [pl.when(mine).then(pl.lit(v)).otherwise(c).alias(c) for c, v in ({"is_called": True} | own).items()]
    frame = frame.with_columns(changed)
    assert among_strays(frame).tolist() == [False, is_stray, False]
    assert not among_strays(frame, parts=[2]).any()
    assert not among_strays(frame.with_columns(contig=pl.Series(["1", "1", "2"]))).any()


@pytest.mark.parametrize(
    ("normal", "tumour", "origin", "says"),
    [
        # fragments of the variant, depth, chance of noise
        ((50, 100, 0.0), 50, "germline", "germline"),
        ((25, 100, 0.0), 50, "germline", "germline"),
        # 24 of 100: exact limits 0.160-0.336, no germline; of 12 of 52 0.125-0.368, which hold a half of a poor sample
        ((24, 100, 0.0), 30, "chip", "seen"),
        ((12, 52, 0.0), 30, "germline", "germline"),
        # 8 of 36: 0.101-0.392, the lower limit is below 0.12
        ((8, 36, 0.0), 20, "chip", "seen"),
        # 3 of 100 at most 0.085: 60 of 100 of the tumour is more (0.497), 10 of 100 is not (0.049)
        ((3, 100, 0.0), 60, "somatic", "seen"),
        ((3, 100, 0.0), 10, "chip", "seen"),
        ((1, 100, 0.0), 10, "somatic", "not seen"),
        ((2, 100, 0.0), 5, "chip", "seen"),
        ((3, 100, 1e-3), 10, "somatic", "not seen"),
        ((3, 100, 0.9e-3), 10, "chip", "seen"),
        ((0, 7, 1.0), 50, "unknown", "too shallow"),
        ((0, 8, 1.0), 50, "somatic", "not seen"),
        ((0, 0, 1.0), 50, "unknown", "too shallow"),
    ],
)
def test_where_a_variant_comes_from(normal, tumour, origin, says):
    own = pl.DataFrame([normal], schema=["alt_count", "depth", "p_noise"], orient="row")
    its = pl.DataFrame({"alt_count": [tumour], "depth": [100]})
    got = origins(its, own, normal_role="white_cells", rules=Rules())
    assert got.rows() == [(origin, says)]
    other = origins(its, own, normal_role="normal", rules=Rules())
    assert other.rows() == [("unknown" if origin == "chip" else origin, says)]


def test_without_a_normal_no_origin_is_known():
    got = origins(pl.DataFrame({"alt_count": [5, 6], "depth": [9, 9]}), None, normal_role=None, rules=Rules())
    assert got.rows() == [("unknown", "no normal")] * 2
