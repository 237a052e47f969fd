"""Kaplan-Meier against R survfit, with and without delayed entry and weights."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncourse.stats.km import beta_product, follow_up, kaplan_meier
from oncourse.stats.rng import generator
from oncourse.stats.truncation import conditional_tau, dependent_truncation


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data("survival-reference")


@pytest.fixture(scope="module")
def reference(folder):
    return {k: v["value"] for k, v in json.loads((folder / "reference.json").read_text()).items()}


def agrees(curve, rows):
    landmark = curve.at([row["time"] for row in rows])
    for ours, theirs in {
        "survival": "surv",
        "std_err": "se",
        "ci_low": "lower",
        "ci_high": "upper",
    }.items():
        np.testing.assert_allclose(getattr(landmark, ours), [row[theirs] for row in rows], atol=1e-10)


def agrees_median(curve, table):
    expected = [table["median"], table["0.95LCL"], table["0.95UCL"]]
    np.testing.assert_allclose(curve.median, [np.nan if v is None else v for v in expected], rtol=1e-10)


@pytest.mark.parametrize(
    "endpoint, conf", [("death", "log"), ("death", "log-log"), ("death", "plain"), ("recurrence", "log-log")]
)
def test_equals_r_survfit_in_colon(folder, reference, endpoint, conf):
    data = pl.read_csv(folder / f"colon_{endpoint}.csv")
    value = reference[f"colon_{endpoint}.km_by_rx.{conf}"]
    for arm, table in value["table"].items():
        rows = data.filter(pl.col("rx") == arm[3:])
        curve = kaplan_meier(rows["time"], rows["status"], conf_type=conf)
        agrees(curve, [row for row in value["at"] if row["strata"] == arm])
        agrees_median(curve, table)
        assert (curve.n, curve.events) == (table["records"], table["events"])


@pytest.mark.parametrize("conf, key", [("log", "log"), ("log-log", "loglog")])
def test_equals_r_survfit_in_lung(folder, reference, conf, key):
    data = pl.read_csv(folder / "lung.csv")
    for arm, table in reference[f"lung.km_by_sex.{key}"]["table"].items():
        rows = data.filter(pl.col("sex") == int(arm[-1]))
        agrees_median(kaplan_meier(rows["time"], rows["status"] - 1, conf_type=conf), table)


def test_median_follow_up_is_the_reverse_curve(folder, reference):
    data = pl.read_csv(folder / "lung.csv")
    assert follow_up(data["time"], data["status"] - 1).value == reference["lung.reverse_km_followup"]["table"]["median"]


def test_delayed_entry_equals_r_on_the_age_scale(folder, reference):
    """Times such as 60 + 7/12 must tie with 59 + 19/12 (R's timefix), and entry == event time is not at risk."""
    data = pl.read_csv(folder / "mgus2.csv")
    data = data.with_columns(exit=pl.col("age") + pl.max_horizontal("futime", pl.lit(0.5)) / 12)
    data = data.filter((pl.col("exit") > 60) & (pl.col("age") >= 50))
    value = reference["mgus2.km_left_truncated_age"]
    for arm, table in value["table"].items():
        rows = data.filter(pl.col("sex") == arm[-1])
        curve = kaplan_meier(rows["exit"], rows["death"], entry=rows["age"])
        agrees(curve, [row for row in value["at"] if row["strata"] == arm])
        agrees_median(curve, table)
        assert curve.n_risk.max() == table["n.max"]


def test_genie_late_entry_halves_the_apparent_survival(folder):
    """GENIE BPC stage IV colorectal: 52.3 % at 2 years and median 25.1 months; naive 69.7 % and 38.1; tau -.049."""
    data = pl.read_csv(folder / "genie_bpc_crc_stage4_delayed_entry.csv")
    time, event, entry = (data[c].to_numpy() for c in ("tt_os_dx_mos", "os_status_dx", "tt_cpt_report_mos"))
    value = {k: v["value"] for k, v in json.loads((folder / "reference3.json").read_text()).items()}
    for conf in ("log", "log-log"):
        for name, late in (("delayed", entry), ("naive", None)):
            curve = kaplan_meier(time, event, entry=late, conf_type=conf)
            expected = value[f"genie.{name}.{conf}"]
            agrees(curve, [row | {"se": row["se"]} for row in expected["at"]])
            agrees_median(curve, expected["table"])
    assert conditional_tau(time, event, entry) == pytest.approx(
        (value["genie.conditional_kendall_tau"]["tau"], value["genie.conditional_kendall_tau"]["pairs"]),
        rel=1e-10,
    )
    check = dependent_truncation(time, event, entry)
    expected = value["genie.entry_cox"]
    np.testing.assert_allclose([check.log_hazard_ratio, check.std_err, check.p_value], expected, rtol=1e-6)


def test_weighted_curve_equals_r(folder, reference):
    data = pl.read_csv(folder / "rotterdam_nodepos_ps.csv")
    for arm in (0, 1):
        rows = data.filter(pl.col("hormon") == arm)
        at = kaplan_meier(rows["dtime"], rows["death"], weights=rows["siptw"]).at([730.5, 1826.25])
        expected = [r["surv"] for r in reference["rotterdam.km_iptw_5y"] if r["strata"] == f"hormon={arm}"]
        np.testing.assert_allclose(at.survival, expected, rtol=1e-10)


def test_influence_variance_is_the_binomial_one_without_censoring():
    """The infinitesimal jackknife of a plain share is p (1 - p) / n, as Greenwood's."""
    time = generator(4, "km").permutation(np.repeat(np.arange(1, 26), 2)).astype(float)
    plain, robust = (kaplan_meier(time, np.ones(50), robust=r) for r in (False, True))
    np.testing.assert_allclose(robust.std_err[:-1], plain.std_err[:-1], rtol=1e-12)
    np.testing.assert_allclose(plain.std_err[:-1] ** 2, (plain.survival * (1 - plain.survival) / 50)[:-1], rtol=1e-12)


def test_influence_variance_equals_the_jackknife():
    """Leaving each of 200 rows out in turn gives nearly the same variance (10 % apart at most), also entering late."""
    random = generator(5, "jackknife")
    entry = random.uniform(0, 1, 200)
    time = entry + random.exponential(2, 200)
    event = random.uniform(size=200) < 0.7
    weights = random.uniform(0.5, 2, 200)
    at = [1.5, 3.0]
    curve = kaplan_meier(time, event, entry=entry, weights=weights)
    left_out = np.array(
        [
            kaplan_meier(
                *(np.delete(a, i) for a in (time, event)),
                entry=np.delete(entry, i),
                weights=np.delete(weights, i),
            )
            .at(at)
            .survival
            for i in range(200)
        ]
    )
    jackknife = np.sqrt(((left_out - left_out.mean(0)) ** 2).sum(0))
    np.testing.assert_allclose(curve.at(at).std_err, jackknife, rtol=0.1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 8), st.booleans()), min_size=1, max_size=25),
    st.randoms(use_true_random=False),
)
def test_bounds_and_row_order(rows, shuffle):
    entry, gap, event = (np.array(c) for c in zip(*rows, strict=True))
    curve = kaplan_meier(entry + gap, event, entry=entry)
    assert ((curve.survival >= 0) & (curve.survival <= 1)).all() and (np.diff(curve.survival) <= 0).all()
    inside = ~np.isnan(curve.ci_low)
    assert (curve.ci_low[inside] <= curve.survival[inside]).all() and (
        curve.ci_high[inside] >= curve.survival[inside]
    ).all()
    order = list(range(len(rows)))
    shuffle.shuffle(order)
    other = kaplan_meier((entry + gap)[order], event[order], entry=entry[order])
    np.testing.assert_allclose(other.survival, curve.survival, rtol=1e-12)


def test_rows_never_at_risk_are_refused():
    with pytest.raises(ValueError, match="1 rows are never at risk"):
        kaplan_meier([5, 6], [1, 0], entry=[5, 2])


def test_log_log_interval_covers():
    """2,000 curves of 40: the 95 % interval at the true median covers 93-97 % (99 % Monte Carlo band +-1.3)."""
    random = generator(6, "coverage")
    hits = 0
    for _ in range(2000):
        life, loss = random.exponential(1 / np.log(2), 40), random.uniform(0, 4, 40)
        at = kaplan_meier(np.minimum(life, loss), life <= loss).at(1.0)
        hits += bool(at.ci_low[0] <= 0.5 <= at.ci_high[0])
    assert 0.93 <= hits / 2000 <= 0.97


def test_without_censoring_the_beta_product_is_clopper_and_pearson():
    """Fay, Brittain, Proschan. Biostatistics 2013;14:723, section 3: the product of the betas telescopes."""
    from scipy.stats import beta

    for gone in range(11):
        curve = kaplan_meier(np.where(np.arange(10) < gone, np.arange(10) + 1.0, 50.0), np.arange(10) < gone)
        low, high = beta_product(curve, 20.0)
        assert low == pytest.approx(0.0 if gone == 10 else beta.ppf(0.025, 10 - gone, gone + 1), abs=1e-9)
        assert high == pytest.approx(1.0 if gone == 0 else beta.ppf(0.975, 10 - gone + 1, gone), abs=1e-9)


def test_a_curve_that_the_early_few_bring_to_0_tells_nothing_of_who_enters_later():
    """Tsai 1987: of one at risk who dies on day 3 the curve is 0 for good, though three enter on day 5 and live."""
    from oncourse.stats.rmst import restricted_mean

    curve = kaplan_meier([3.0, 9.0, 9.0, 9.0], [1, 0, 0, 0], entry=[0.0, 5.0, 5.0, 5.0])
    assert curve.survival.tolist() == [0.0, 0.0] and curve.undone == 3.0  # as R draws it
    told = curve.at([2.0, 3.0, 7.0])
    assert told.survival[0] == 1.0 and np.isnan(told.survival[1:]).all() and np.isnan(told.ci_high[1:]).all()
    assert told.n_risk.tolist() == [1.0, 1.0, 3.0]
    assert np.isnan(curve.median).all() and np.isnan(restricted_mean(curve, 8.0).value)
    # everybody had entered before the last of them died: 0 is known
    all_in = kaplan_meier([3.0, 9.0], [1, 1], entry=[0.0, 2.0])
    assert all_in.undone == np.inf and all_in.at([99.0]).survival[0] == 0.0 and all_in.median.value == 6.0
    # the median lies before the curve is undone
    half = kaplan_meier([2.0, 4.0, 9.0], [1, 1, 0], entry=[0.0, 0.0, 5.0])
    assert half.quantile(0.25).value == 2.0 and half.undone == 4.0


def test_a_curve_at_its_ends_has_limits_too():
    """Nobody of 24 had the event: .025 ** (1 / 24); of two still at risk, .025 ** (1 / 2). All of 10: Clopper."""
    early = kaplan_meier([30.0] * 24, [0] * 24).at([12.0, 30.0, 31.0])
    assert early.ci_low[:2] == pytest.approx([0.025 ** (1 / 24)] * 2) and early.ci_high[:2].tolist() == [1.0, 1.0]
    assert np.isnan(early.survival[2]) and np.isnan(early.ci_low[2])  # nobody was seen so late
    few = kaplan_meier([1.0] * 22 + [30.0] * 2, [0] * 24).at(12.0)
    assert few.ci_low[0] == pytest.approx(0.025**0.5)
    gone = kaplan_meier(np.arange(1.0, 11.0), np.ones(10)).at([10.0, 99.0])
    assert gone.ci_low.tolist() == [0.0, 0.0] and gone.ci_high == pytest.approx([1 - 0.025**0.1] * 2)
    weighted = kaplan_meier([30.0] * 4, [0] * 4, weights=[0.5] * 4).at(12.0)
    assert np.isnan(weighted.ci_low[0])


def test_a_median_of_a_curve_that_falls_at_once_has_a_lower_limit():
    """Four leave at 1, 2, 3, 4 without the event, the fifth has it at 9: .025 ** (1 / 2) is below one half."""
    median = kaplan_meier([1, 2, 3, 4, 9], [0, 0, 0, 0, 1]).median
    assert median.value == 9 and np.isnan(median.ci_high)
    # .025 ** (1 / 5) = .478 of five at risk, none lost yet
    assert median.ci_low == 0.0
    more = kaplan_meier([1, 2, 3, 4, 5, 6, 9], [0, 0, 0, 0, 0, 0, 1]).median
    assert more.ci_low == 3.0  # .025 ** (1 / 5): five are at risk at 3, and at 2 six, .025 ** (1 / 6) = .541


@pytest.mark.parametrize("n, truth", [(20, 0.95), (40, 0.98)])
def test_limits_cover_where_there_are_few_events(n, truth):
    """2,000 censored cohorts; those without an event count too. Monte Carlo error .5 %."""
    random = generator(7, f"ends/{n}")
    life, loss = random.exponential(-12 / np.log(truth), (2000, n)), random.uniform(6, 40, (2000, n))
    held = known = 0
    for t, c in zip(life, loss, strict=True):
        at = kaplan_meier(np.minimum(t, c), t <= c).at(12.0)
        known += bool(np.isfinite(at.survival[0]))
        held += bool(at.ci_low[0] <= truth <= at.ci_high[0])
    assert held / known > 0.92  # 55 and 50 % where a curve at 1 has no limits


def test_who_leaves_at_a_time_without_the_event_is_counted_as_censored():
    curve = kaplan_meier([1, 2, 2, 3, 5, 5], [1, 0, 1, 0, 1, 0])
    np.testing.assert_array_equal(curve.n_censor, [0, 1, 1, 1])
    np.testing.assert_array_equal(curve.n_risk - curve.n_event - curve.n_censor, [5, 3, 2, 0])


def test_robust_errors_with_entry_at_the_first_event_leave_that_event_out():
    """A row that enters at a time of an event is not at risk there: its influence starts after it (rows of weight
    1)."""
    entry, time, event = [0, 0, 0, 2, 2, 0], [2, 4, 6, 5, 7, 8], [1, 1, 0, 1, 1, 1]
    shifted = [0, 0, 0, 2.5, 2.5, 0]
    one, two = (kaplan_meier(time, event, entry=e, robust=True) for e in (entry, shifted))
    np.testing.assert_allclose(one.std_err[:-1], two.std_err[:-1], rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"time": [1, np.nan], "event": [1, 0]},
        {"time": [1, 2], "event": [1, 0], "entry": [0, np.nan]},
        {"time": [1, 2], "event": [1, 0], "weights": [1, np.nan]},
        {"time": [1, 2], "event": [1, 0], "weights": [1, -1]},
    ],
)
def test_unknown_times_and_weights_are_refused(wrong):
    with pytest.raises(ValueError, match="must be known, weights 0 or more"):
        kaplan_meier(**wrong)


def test_one_weight_that_is_no_count_asks_for_robust_errors():
    """Weights that are counts are patients; any other is a weight (R: robust = any(weights %% 1 != 0))."""
    time, event = [1, 2, 3, 4, 5], [1, 0, 1, 1, 0]

    def errors(weights, robust=None):
        return kaplan_meier(time, event, weights=weights, robust=robust).std_err[:4]

    some = [1, 0.5, 2, 1, 1]
    np.testing.assert_array_equal(errors(some), errors(some, True))
    counts = [1, 3, 2, 1, 1]
    np.testing.assert_array_equal(errors(counts), errors(counts, False))
    assert not np.allclose(errors(some), errors(some, False))
