"""Levels of variants, groups of numbers, and findings in which two arms differ: by hand, at each cut-off."""

from types import SimpleNamespace

import polars as pl
import pytest

from oncourse.derive.concordance.tissue_blood import SPANS, strata
from oncourse.derive.outcomes.choice import apart, not_known
from oncourse.derive.outcomes.group_tables import _number_rows
from oncourse.derive.outcomes.groups import _cut

NUMBERS = ("vaf", "ccf", "days_between", "tumor_fraction", "fraction_low", "fraction_high")


@pytest.mark.parametrize(
    ("name", "row", "level"),
    [
        ("clonality", {"vaf": 0.2, "ccf": 0.75}, "clonal (CCF 0.75 and more)"),
        ("clonality", {"vaf": 0.2, "ccf": 0.749}, "subclonal"),
        ("clonality", {"ccf": 0.9}, None),  # not counted
        ("tissue VAF", {"vaf": 0.099}, "below 0.1"),
        ("tissue VAF", {"vaf": 0.1}, "0.1 to 0.3"),
        ("tissue VAF", {"vaf": 0.3}, "0.3 and more"),
        ("tissue VAF", {}, None),
        ("days between", {"days_between": -30.0}, "within 30 days"),
        ("days between", {"days_between": 31.0}, "31 to 180 days"),
        ("days between", {"days_between": -180.0}, "31 to 180 days"),
        ("days between", {"days_between": 181.0}, "more than 180 days"),
        ("days between", {}, None),
        ("tumour fraction", {"tumor_fraction": 0.0}, "below 0.1 %"),
        ("tumour fraction", {"tumor_fraction": 0.001}, "0.1 to 1 %"),
        ("tumour fraction", {"tumor_fraction": 0.01}, "1 to 3 %"),
        ("tumour fraction", {"tumor_fraction": 0.03}, "3 to 10 %"),
        ("tumour fraction", {"tumor_fraction": 0.1}, "10 % and more"),
        ("tumour fraction", {"tumor_fraction": 1.0}, "10 % and more"),
        ("tumour fraction", {"tumor_fraction": 0.02, "fraction_low": 0.01, "fraction_high": 0.029}, "1 to 3 %"),
        # an interval that spans a cut-off is in no band
        ("tumour fraction", {"tumor_fraction": 0.02, "fraction_low": 0.01, "fraction_high": 0.03}, SPANS),
        ("tumour fraction", {"tumor_fraction": 0.02, "fraction_low": 0.009, "fraction_high": 0.02}, SPANS),
        ("tumour fraction", {}, None),
        ("treatment", {"treated": True}, "treated in between"),
        ("treatment", {"treated": False}, "not treated"),
        ("treatment", {}, None),
        ("overall", {}, "all variants"),
        ("tissue", {"role": "primary"}, "primary"),
        ("site", {"site": "liver"}, "liver"),
    ],
)
def test_a_variant_is_in_the_level_that_its_numbers_say(name, row, level):
    schema = dict.fromkeys(NUMBERS, pl.Float64) | {"treated": pl.Boolean, "role": pl.String, "site": pl.String}
    rows = pl.DataFrame([dict.fromkeys(schema) | row], schema=schema)
    assert rows.select(x=dict(strata(rows))[name])["x"].to_list() == [level]


@pytest.mark.parametrize(
    ("values", "cut", "groups"),
    [
        (["1", "2", " 3", "4", "5", "6"], None, ["up to 3.5"] * 3 + ["above 3.5"] * 3),
        (["1", "2", "3", "4", "5", None], None, ["1", "2", "3", "4", "5", None]),
        (["1", "2", "3.5", None], 2, ["up to 2", "up to 2", "above 2", None]),
        (["a", "b ", "", "1"], None, ["a", "b", None, "1"]),
        ([None, None], None, [None, None]),
        ([True, False, None], None, ["true", "false", None]),
        ([7.0, 8.5, None], None, ["7", "8.5", None]),
    ],
)
def test_a_column_of_many_numbers_is_cut_in_two(values, cut, groups):
    frame = pl.DataFrame({"group": pl.Series(values, dtype=None if any(values) else pl.String)})
    assert _cut(frame, SimpleNamespace(cut=cut))["group"].to_list() == groups


def test_numbers_of_a_group_are_compared_with_the_first():
    """Of 1, 2, 3 and 2, 4: (3 - 2) / sqrt((1 + 2) / 2) = 0.816."""
    frame = pl.DataFrame({"group": ["A"] * 3 + ["B"] * 3 + ["C"], "x": [1.0, 2, 3, 2, 4, None, None]})
    first, second, third = _number_rows(frame, "x", SimpleNamespace(names=("A", "B", "C")))
    same = {"variable": "x", "level": None}
    assert first == same | {
        "group": "A",
        "n": 3,
        "n_known": 3,
        "median": 2,
        "q25": 1.5,
        "q75": 2.5,
        "mean": 2,
        "smd": 0,
    }
    expected = {"group": "B", "n": 3, "n_known": 2, "median": 3.0, "q25": 2.5, "q75": 3.5, "mean": 3.0}
    assert second == same | expected | {"smd": pytest.approx(1 / 1.5**0.5)}
    assert third == same | {"group": "C", "n": 1, "n_known": 0}


UNITS = pl.DataFrame({"unit": range(10)})
ARM = pl.Series([True] * 5 + [False] * 5)
CLASSES = ({"anti-EGFR", "5-FU"}, {"anti-VEGF", "5-FU"})
NAMED = [SimpleNamespace(marker="M", arm="anti-EGFR"), SimpleNamespace(marker="N", arm="5-FU")]


def _findings(name, *values):
    return pl.DataFrame({"unit": range(10), name: list(values)}, schema_overrides={name: pl.Float64})


def test_arms_that_differ_in_what_decides_between_them_are_told_apart():
    """4 of 5 against 1 of 5: 0.6 / sqrt((0.16 + 0.16) / 2) = 1.5; Fisher's P 0.21 is chance for what decides nothing."""
    values = (1, 1, 1, 1, 0, 1, 0, 0, 0, 0)
    (found,) = apart(UNITS, ARM, _findings("marker:M", *values), CLASSES, NAMED)
    assert (found.column, found.in_arm, found.in_reference, found.n_known) == ("marker:M", 0.8, 0.2, 10)
    assert found.difference == pytest.approx(1.5)
    # what both arms hold decides nothing; nor do columns that are no findings
    assert apart(UNITS, ARM, _findings("marker:N", *values), CLASSES, NAMED) == []
    assert apart(UNITS, ARM, _findings("age", *values), CLASSES, NAMED) == []
    # all against none: P 0.008
    (sure,) = apart(UNITS, ARM, _findings("marker:N", *[1] * 5, *[0] * 5), CLASSES, NAMED)
    assert (sure.in_arm, sure.in_reference) == (1.0, 0.0)
    assert (
        apart(UNITS, ARM, _findings("marker:M", *[1, 0, None, None, None], *[1, 0, 1, 0, None]), CLASSES, NAMED) == []
    )
    assert apart(UNITS, ARM, _findings("marker:M", *[1] * 5, *[None] * 5), CLASSES, NAMED) == []


def test_a_marker_that_decides_is_known_of_half_of_each_arm():
    half = pl.DataFrame({"unit": range(4)}), pl.Series([True, True, False, False])
    known = lambda *v: pl.DataFrame({"unit": range(4), "marker:M": [float(x) if x is not None else None for x in v]})  # noqa: E731
    assert not_known(*half, known(1, None, 0, None), CLASSES, NAMED) == []
    assert not_known(*half, known(1, 1, None, None), CLASSES, NAMED) == ["M"]
    assert not_known(*half, known(None, None, 1, 1), CLASSES, NAMED) == ["M"]
    assert not_known(*half, pl.DataFrame({"unit": range(4)}), CLASSES, NAMED) == ["M"]
