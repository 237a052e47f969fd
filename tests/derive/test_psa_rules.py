"""PSA, hand-worked: each case names the sentence it comes from. PCWG3 = J Clin Oncol 2016;34:1402 (PSA part: PCWG2)."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncourse.derive.clinical.exact import declined, parts, risen, scaled
from oncourse.derive.clinical.psa import psa_endpoints, psa_table
from oncourse.derive.clinical.psa_kinetics import doubling_time
from oncourse.derive.clinical.psa_values import PsaParams, psa_values


def labs(*values, patient="P", unit="ng/mL"):
    return pl.DataFrame(
        {
            "patient_id": patient,
            "day": [d for d, _ in values],
            "analyte": "PSA",
            "value": [str(v) for _, v in values],
            "unit": unit,
        },
        schema={"patient_id": pl.String, "day": pl.Int64, "analyte": pl.String, "value": pl.String, "unit": pl.String},
    )


def lines(*starts, patient="P"):
    return pl.DataFrame(
        {
            "patient_id": patient,
            "line": range(1, len(starts) + 1),
            "start_day": starts,
            "next_start_day": [*starts[1:], None],
        },
        schema={"patient_id": pl.String, "line": pl.Int64, "start_day": pl.Int64, "next_start_day": pl.Int64},
    )


def row(*values, start=0, **params):
    return psa_table(labs(*values), lines(start), PsaParams(**params)).row(0, named=True)


STATUS = [
    # PCWG3 table 3, progression "after decline from baseline": >= 25 % and >= 2 ng/mL above the nadir, confirmed
    ("rise after decline, confirmed 28 days later", [(0, 100), (28, 20), (56, 26), (84, 27)], {}, "confirmed", 56),
    ("25 % is not enough below 2 ng/mL", [(0, 8), (28, 2), (56, 3.9), (84, 3.9)], {}, "none", None),
    ("2 ng/mL is not enough below 25 %", [(0, 100), (28, 20), (56, 24.99), (84, 24.99)], {}, "none", None),
    ("exactly 25 % and more than 2", [(0, 100), (28, 20), (56, 25), (84, 25)], {}, "confirmed", 56),
    ("exactly 2 ng/mL and more than 25 %", [(0, 9), (28, 4), (56, 6), (84, 6)], {}, "confirmed", 56),
    ("0.1 + 0.2: 2.0 above 0.3 is 2.0", [(0, 9), (28, 0.3), (56, 2.3), (84, 2.3)], {}, "confirmed", 56),
    ("1.99 above the nadir is not 2", [(0, 9), (28, 0.3), (56, 2.29), (84, 2.29)], {}, "none", None),
    # "confirmed by a second value 3 or more weeks later"
    ("confirmation on day 21 counts", [(0, 100), (28, 20), (56, 30), (77, 30)], {}, "confirmed", 56),
    ("day 20 does not", [(0, 100), (28, 20), (56, 30), (76, 30)], {}, "unconfirmed", 56),
    ("a later value does", [(0, 100), (28, 20), (56, 30), (76, 30), (90, 30)], {}, "confirmed", 56),
    ("the confirming value meets the same limits", [(0, 100), (28, 20), (56, 30), (84, 24)], {}, "none", None),
    (
        "a value between that falls below them cancels",
        [(0, 100), (28, 20), (56, 30), (66, 21), (84, 30)],
        {},
        "unconfirmed",
        84,
    ),
    ("the last value alone is unconfirmed", [(0, 100), (28, 20), (56, 30)], {}, "unconfirmed", 56),
    (
        "confirmation may be set to 28 days",
        [(0, 100), (28, 20), (56, 30), (77, 30)],
        {"confirmation_days": 28},
        "unconfirmed",
        56,
    ),
    # "the date of progression is the first increase"
    ("dated to the first rise, not the confirmation", [(0, 50), (28, 10), (60, 14), (90, 40)], {}, "confirmed", 60),
    # nadir is the running minimum
    ("nadir is the lowest so far", [(0, 50), (28, 10), (56, 20), (63, 8), (90, 10), (120, 10)], {}, "confirmed", 90),
    ("a value equal to the nadir is none", [(0, 50), (28, 10), (56, 10), (84, 10)], {}, "none", None),
    (
        "a lower value later does not undo progression",
        [(0, 50), (28, 10), (56, 15), (84, 15), (112, 1)],
        {},
        "confirmed",
        56,
    ),
    ("nadir 0: the absolute limit decides", [(0, 50), (28, 0), (56, 1.9), (84, 2.0), (112, 2.1)], {}, "confirmed", 84),
    # "where no decline from baseline is documented: 25 % and 2 ng/mL above baseline beyond 12 weeks"
    ("no decline: day 84 is within 12 weeks", [(0, 10), (84, 20)], {}, "none", None),
    ("no decline: day 85 is beyond", [(0, 10), (85, 20), (110, 20)], {}, "confirmed", 85),
    ("no decline: confirmation by default", [(0, 10), (91, 20)], {}, "unconfirmed", 91),
    (
        "no decline: literal text without confirmation",
        [(0, 10), (91, 20)],
        {"confirm_no_decline": False},
        "confirmed",
        91,
    ),
    (
        "after a decline the literal text still confirms",
        [(0, 10), (28, 5), (91, 20)],
        {"confirm_no_decline": False},
        "unconfirmed",
        91,
    ),
    ("no decline: below 25 % of baseline", [(0, 10), (91, 12.4), (120, 12.4)], {}, "none", None),
    # "ignore early rises (before 12 weeks)"
    ("early rise without decline is no progression", [(0, 10), (28, 20), (56, 30)], {}, "none", None),
    ("early rise after a decline is, by default", [(0, 10), (14, 5), (42, 9), (70, 9)], {}, "confirmed", 42),
    ("scope all ignores it", [(0, 10), (14, 5), (42, 9), (70, 9)], {"early_scope": "all"}, "none", None),
    (
        "scope all: day 85 counts against the early nadir",
        [(0, 10), (14, 5), (42, 9), (85, 9), (110, 9)],
        {"early_scope": "all"},
        "confirmed",
        85,
    ),
    ("a fall after an early rise is a flare", [(0, 10), (28, 20), (56, 8), (84, 6)], {}, "none", None),
    # PCWG3: baseline is the value before treatment
    ("a value before the baseline is no nadir", [(-60, 1), (0, 10), (100, 11), (130, 11)], {}, "none", None),
    ("without a baseline the first value is the reference", [(10, 10), (100, 20), (130, 20)], {}, "confirmed", 100),
]


@pytest.mark.parametrize(("name", "values", "params", "status", "day"), STATUS, ids=[s[0] for s in STATUS])
def test_progression(name, values, params, status, day):
    found = row(*values, **params)
    assert (found["progression_status"], found["progression_day"]) == (status, day)


RESPONSE = [
    # PCWG3 table 3: PSA50/PSA90, confirmed by a second value 3 or more weeks later
    ("exactly 50 %", [(0, 36.4), (28, 18.2)], ("psa50", True, 28)),
    ("49.99 % is not", [(0, 100), (28, 50.01)], ("psa50", False, None)),
    ("exactly 90 % of 37.03", [(0, 37.03), (28, 3.703)], ("psa90", True, 28)),
    ("confirmed on day 21", [(0, 100), (28, 40), (49, 45)], ("psa50_confirmed", True, 28)),
    ("not on day 20", [(0, 100), (28, 40), (48, 45)], ("psa50_confirmed", False, None)),
    ("values between are not looked at", [(0, 100), (28, 40), (35, 80), (60, 45)], ("psa50_confirmed", True, 28)),
    (
        "a later fall can be the confirmed one",
        [(0, 100), (28, 40), (56, 60), (84, 40), (112, 30)],
        ("psa50_confirmed", True, 28),
    ),
    (
        "rises in between do not matter, a last one does",
        [(0, 100), (28, 40), (56, 60)],
        ("psa50_confirmed", False, None),
    ),
    ("the value on the start day is the baseline", [(0, 100), (30, 40)], ("psa50", True, 30)),
    ("no later value: false", [(0, 100)], ("psa50", False, None)),
    ("no baseline: not known", [(30, 1), (60, 1)], ("psa50", None, None)),
    ("no baseline: not known to be confirmed", [(30, 1), (60, 1)], ("psa90_confirmed", None, None)),
    ("baseline 0 cannot fall", [(0, 0), (30, 0)], ("psa50", False, None)),
]


@pytest.mark.parametrize(("name", "values", "expected"), RESPONSE, ids=[s[0] for s in RESPONSE])
def test_response(name, values, expected):
    found = row(*values)
    measure, answer, day = expected
    assert (found[measure], found[f"{measure}_day"]) == (answer, day)


def test_sustained_response_is_an_option():
    """Some protocols ask every value up to the confirmation to stay below the limit."""
    values = [(0, 100), (28, 40), (35, 80), (60, 45)]
    assert row(*values)["psa50_confirmed"] is True
    assert row(*values, sustained=True)["psa50_confirmed"] is False


def test_no_psa_at_all_is_missing_not_false():
    """PCWG3: an unmeasured patient has no response status; the rate counts him by the stated option."""
    found = psa_table(labs((0, 1)), lines(0, patient="Q")).row(0, named=True)
    assert found["psa50"] is None
    assert found["progression_status"] is None


def test_baseline_is_the_last_value_on_or_before_the_start():
    assert row((-20, 80), (-3, 50), (28, 20))["baseline_ng_ml"] == 50
    assert row((-3, 50), (0, 60), (28, 20))["baseline_day"] == 0


def test_old_baseline_is_flagged_and_may_be_refused():
    """PCWG3: baseline at the start of therapy; older than 28 days is flagged."""
    assert row((-29, 80), (28, 20))["baseline_is_old"] is True
    assert row((-28, 80), (28, 20))["baseline_is_old"] is False
    refused = row((-29, 80), (28, 20), baseline_max_age_days=28)
    assert refused["baseline_ng_ml"] is None
    assert refused["psa50"] is None  # the change from it is not known


def test_values_belong_to_a_line_until_the_next_starts_and_the_nadir_restarts():
    """The value on the next line's first day closes the old line (a rise from 10, confirmed on day 90) and is the
    baseline of the new one."""
    table = psa_table(labs((0, 100), (28, 10), (60, 50), (90, 55), (120, 70), (150, 71)), lines(0, 60))
    first, second = table.rows(named=True)
    assert (first["n_values"], first["nadir_ng_ml"], first["last_psa_day"]) == (2, 10, 60)
    assert (first["progression_status"], first["progression_day"], first["progression_confirmed_day"]) == (
        "confirmed",
        60,
        90,
    )
    assert (second["baseline_ng_ml"], second["nadir_ng_ml"], second["n_values"]) == (50, 50, 3)
    # no decline on line 2: days 30, 60 and 90 of the line, 90 > 84: 71 is 42 % above 50 but not confirmed
    assert (second["progression_status"], second["progression_day"]) == ("unconfirmed", 150)


def test_change_at_12_weeks_takes_the_nearest_value_in_the_window():
    """PCWG3: report the change at 12 weeks; the window is 84 +- 14 days."""
    assert row((0, 100), (69, 50), (100, 20))["change_12wk_fraction"] is None
    assert row((0, 100), (70, 50))["change_12wk_fraction"] == -0.5
    assert row((0, 100), (80, 60), (90, 40))["change_12wk_fraction"] == -0.4
    assert row((0, 100), (81, 60), (90, 40))["change_12wk_fraction"] == -0.4


def test_nadir_and_best_change():
    """PCWG3: maximal change at any time (waterfall); without a fall the nadir is the baseline."""
    found = row((0, 50), (28, 20), (56, 10), (84, 10), (112, 30))
    assert (found["nadir_ng_ml"], found["nadir_day"], found["days_to_nadir"]) == (10, 56, 56)
    assert found["best_change_fraction"] == -0.8
    rising = row((-5, 50), (28, 60))
    assert (rising["nadir_day"], rising["days_to_nadir"], rising["best_change_fraction"]) == (-5, None, 0.2)


def test_early_rise_is_recorded():
    """PCWG3: early rises are recorded, not progression."""
    assert row((0, 10), (28, 20), (56, 8))["early_rise_day"] == 28


def test_doubling_time_of_exact_doubling():
    """ln 2 / slope of ln PSA: 4, 8, 16 every 30 days doubles in 30 days, the interval has no width."""
    found = row((0, 10), (28, 2), (58, 4), (88, 8))
    assert math.isclose(found["doubling_time_days"], 30, rel_tol=1e-9)
    assert math.isclose(found["doubling_time_ci_high"], 30, rel_tol=1e-6)


def test_doubling_time_by_hand():
    """x 0, 30, 60, 90; ln y 0, 1, 1, 2: slope 0.02, residual variance 0.1, t(2) 4.3027: 0.02 +- 0.02028."""
    value, low, high = doubling_time([0, 30, 60, 90], [1, math.e, math.e, math.e**2])
    assert math.isclose(value, math.log(2) / 0.02, rel_tol=1e-9)
    half = 4.302652729911275 * math.sqrt((0.2 / 2) / 4500)
    assert math.isclose(low, math.log(2) / (0.02 + half), rel_tol=1e-9)
    assert high == float("inf")


def test_doubling_time_needs_three_values_over_four_weeks():
    """Arlen et al., J Urol 2008;179:2181: at least three values over at least four weeks."""
    assert row((0, 10), (28, 2), (58, 4))["doubling_time_days"] is None
    assert row((0, 10), (28, 2), (40, 3), (55, 4))["doubling_time_days"] is None
    assert row((0, 10), (28, 2), (40, 3), (56, 4))["doubling_time_days"] is not None


def test_falling_psa_has_no_doubling_time():
    assert math.isnan(doubling_time([0, 30, 60], [4, 2, 1])[0])


def test_values_as_they_come():
    """Below detection, ug/L, spaces, a repeated day, a missing unit, nonsense: used or listed, never lost."""
    frame = pl.DataFrame(
        {
            "patient_id": "P",
            "day": [1, 2, 3, 3, 4, 5, 6, None],
            "analyte": ["PSA", "psa ", "PSA", "PSA"] + ["PSA"] * 4,
            "value": ["<0.1", " 5 ", "7", "9", "1200", "n.d.", "-1", "3"],
            "unit": ["ng/mL", "ug/L", None, None, "ng/L", "ng/mL", "ng/mL", "ng/mL"],
        }
    )
    values, left_out = psa_values(frame)
    assert values["value_ng_ml"].to_list() == [0.1, 5, 9, 1.2]
    assert values["is_below_limit"].to_list() == [True, False, False, False]
    assert values["n_same_day"].to_list() == [1, 1, 2, 1]
    assert values["row"].to_list() == [2, 3, 5, 6]
    assert left_out["reason"].to_list() == ["not a number", "negative value", "no day"]
    assert left_out["row"].to_list() == [7, 8, 9]
    half = psa_values(frame, PsaParams(below_limit="half", same_day="lowest"))[0]
    assert half["value_ng_ml"].to_list() == [0.05, 5, 7, 1.2]
    assert half["row"].to_list() == [2, 3, 4, 6], "the row of the value that stands for the day"


def test_unknown_unit_is_left_out():
    assert psa_values(labs((0, 5), unit="IU/L"))[1]["reason"].to_list() == ["unknown unit"]


def test_exact_limits():
    assert bool(declined(scaled(37.03), scaled(3.703), parts(0.9)))
    assert not bool(declined(scaled(37.03), scaled(3.704), parts(0.9)))
    assert bool(risen(scaled(36.4), scaled(45.5), parts(0.25), int(scaled(2.0))))
    with pytest.raises(ValueError, match="four decimals"):
        parts(1 / 3)
    with pytest.raises(ValueError, match="above"):
        scaled([1e12])


series = st.lists(
    st.tuples(st.integers(-40, 400), st.integers(0, 20_000).map(lambda x: x / 100)),
    min_size=1,
    max_size=14,
    unique_by=lambda p: p[0],
)


def _frame(values, patient):
    return pl.DataFrame(
        {
            "patient_id": patient,
            "day": [d for d, _ in values],
            "value_ng_ml": [v for _, v in values],
            "is_below_limit": False,
            "row": range(2, len(values) + 2),
        },
        schema={
            "patient_id": pl.String,
            "day": pl.Int64,
            "value_ng_ml": pl.Float64,
            "is_below_limit": pl.Boolean,
            "row": pl.Int64,
        },
    )


#: Patients of one study: so many at once cost what one does.
N = 10
courses = st.lists(series, min_size=N, max_size=N)


def of_all(make, course, **options):
    """The table of all patients, `make` of each one's values."""
    return pl.concat(make(values, f"P{i:02}", **options) for i, values in enumerate(course))


def lines_of_all(*starts):
    return pl.concat(lines(*starts, patient=f"P{i:02}") for i in range(N))


def _labs(values, patient, **options):
    return labs(*values, patient=patient, **options)


@settings(max_examples=3, deadline=None)
@given(courses, st.integers(-500, 500))
def test_shifting_all_days_shifts_all_dates(course, by):
    here = psa_endpoints(of_all(_frame, course), lines_of_all(0))
    there = psa_endpoints(of_all(_frame, [[(d + by, v) for d, v in values] for values in course]), lines_of_all(by))
    assert here.height == N
    for name in here.columns:
        if name.endswith("_day"):
            assert (here[name] + by).equals(there[name]), name
        elif not name.startswith(("doubling", "velocity")):
            assert here[name].equals(there[name]), name


@settings(max_examples=3, deadline=None)
@given(courses, st.integers(0, 10**6))
def test_row_order_changes_nothing(course, seed):
    told = of_all(_labs, course)
    mixed = told.sample(fraction=1, shuffle=True, seed=seed)
    here, there = (psa_table(v, lines_of_all(0, 90)).drop("last_psa_row", "progression_row") for v in (told, mixed))
    assert here.equals(there)


@settings(max_examples=3, deadline=None)
@given(courses)
def test_units_change_nothing(course):
    here = psa_endpoints(psa_values(of_all(_labs, course))[0], lines_of_all(0))
    picograms = [[(d, f"{v * 1000:.0f}") for d, v in values] for values in course]
    there = psa_endpoints(psa_values(of_all(_labs, picograms, unit="pg/mL"))[0], lines_of_all(0))
    names = ["psa50", "psa50_confirmed", "progression_status", "progression_day", "nadir_ng_ml"]
    assert here.height == N and here.select(names).equals(there.select(names))


@settings(max_examples=3, deadline=None)
@given(courses, st.integers(0, 20_000).map(lambda x: x / 100))
def test_a_later_value_never_raises_the_nadir_nor_undoes_a_confirmed_progression(course, more):
    before = psa_endpoints(of_all(_frame, course), lines_of_all(0))
    after = psa_endpoints(of_all(_frame, [[*values, (401, more)] for values in course]), lines_of_all(0))
    assert before["patient_id"].equals(after["patient_id"])
    for here, there in zip(before.iter_rows(named=True), after.iter_rows(named=True), strict=True):
        if here["nadir_ng_ml"] is not None:
            assert there["nadir_ng_ml"] <= here["nadir_ng_ml"]
        if here["progression_status"] == "confirmed":
            assert there["progression_day"] == here["progression_day"]
        for measure in ("psa50", "psa50_confirmed"):
            assert not here[measure] or there[measure]


def slow_progression(base, values):
    """The definition, written plainly: first rise that meets the rule, with its confirmation."""
    pending = None
    for i, (day, value) in enumerate(values):
        before = [v for _, v in values[:i]]
        nadir = min([base, *before])
        after_decline = any(v < base for v in before)
        if round((value - nadir) * 100) < 200 or round(value * 100) * 4 < round(nadir * 100) * 5:
            continue
        if day <= 84 and not after_decline:
            continue
        state = "unconfirmed"
        for later, x in values[i + 1 :]:
            if round((x - nadir) * 100) < 200 or round(x * 100) * 4 < round(nadir * 100) * 5:
                state = "none"
                break
            if later - day >= 21:
                return "confirmed", day
        if state == "unconfirmed" and pending is None:
            pending = ("unconfirmed", day)
    return pending or ("none", None)


steps = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 3000).map(lambda x: x / 100)), min_size=1, max_size=12)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.integers(100, 3000).map(lambda x: x / 100), steps), min_size=N, max_size=N))
def test_fast_equals_the_plain_definition(course):
    made = []
    for base, of_one in course:
        days = [sum(gap for gap, _ in of_one[: i + 1]) for i in range(len(of_one))]
        made.append((base, list(zip(days, (value for _, value in of_one), strict=True))))
    found = psa_table(of_all(_labs, [[(0, base), *values] for base, values in made]), lines_of_all(0))
    told = list(found.select("progression_status", "progression_day").iter_rows())
    assert told == [slow_progression(base, values) for base, values in made]


ABOVE = [
    ("400 is at least 60 % below >1000", [(-3, ">1000"), (28, 400), (56, 300)], True, True, "none"),
    ("600 may be 40 % or 90 % below >1000", [(-3, ">1000"), (28, 600), (56, 600)], None, None, "none"),
    (
        "a second value that tells nothing leaves the confirmation open",
        [(-3, ">1000"), (28, 400), (56, 800)],
        True,
        None,
        "unconfirmed",
    ),
    (
        ">1000 after 5000 may be a fall of 80 % or a rise",
        [(-3, 5000), (28, ">1000"), (56, ">1000")],
        None,
        None,
        "none",
    ),
    (">1000 after 1500 is no fall by half", [(-3, 1500), (28, ">1000"), (56, ">1000")], False, False, "none"),
    (">1000 throughout tells nothing", [(-3, ">1000"), (28, ">1000"), (140, ">1000")], None, None, None),
    ("a rise to >1000 is a rise", [(-3, 100), (28, 60), (98, ">1000"), (126, ">1000")], False, False, "confirmed"),
    ("1500 after >1000 may be a fall", [(-3, ">1000"), (100, 1500), (140, 1600)], None, None, "none"),
]


@pytest.mark.parametrize(("why", "values", "psa50", "confirmed", "status"), ABOVE, ids=[c[0] for c in ABOVE])
def test_what_is_above_the_measuring_range_is_a_bound(why, values, psa50, confirmed, status):
    """>1000 was 1000: "no response" where the baseline was 9,000, and PSA50 where the later value was 9,000."""
    found = row(*values)
    assert (found["psa50"], found["psa50_confirmed"], found["progression_status"]) == (psa50, confirmed, status), why


@pytest.mark.parametrize(("same_day", "row"), [("lowest", 3), ("highest", 2), ("mean", 2)])
def test_of_one_day_the_line_behind_the_value_is_named(same_day, row):
    """Lines 2, 3, 4 of the table hold 9, 4 and 6 ng/mL: the lowest is line 3; of a mean the highest stands for it."""
    values, _ = psa_values(labs((0, 9), (0, 4), (0, 6)), PsaParams(same_day=same_day))
    found = values.row(0, named=True)
    assert (found["row"], found["n_same_day"]) == (row, 3)
    assert found["value_ng_ml"] == pytest.approx({"lowest": 4, "highest": 9, "mean": 19 / 3}[same_day])
