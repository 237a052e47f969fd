"""ctDNA positivity holds its level and its analytic power; nothing is called new that could not have been excluded."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta, binom, poisson

from oncourse.derive.care.ctdna import CtdnaParams
from oncourse.derive.care.ctdna_response import biological_cv, ctdna_response
from oncourse.derive.care.lead import lead_times, line_lead_times
from oncourse.derive.care.watchlist import emergence, retest_reminders
from oncourse.evolution.course import course
from oncourse.evolution.ctdna import detection_limit, fraction_interval, positivity, sensitivity
from oncourse.stats.interval import turnbull
from oncourse.stats.rng import generator


@pytest.mark.parametrize("n_tracked", [1, 5, 16, 50])
def test_specificity_on_blanks_is_at_least_99_percent(n_tracked):
    """20,000 blank samples per row at an error of 1e-4 and 3,000 reads: the false positives are at most alpha."""
    rng = generator(7, f"test/blanks/{n_tracked}")
    depth, error, n = 3000, 1e-4, 20_000
    alt = rng.binomial(depth, error, size=(n, n_tracked)).sum(axis=1)
    mean = np.full(n, n_tracked * depth * error)
    found = positivity(alt, mean, np.full(n, n_tracked * (depth * error) ** 2), alpha=0.01)
    rate = (found.p_value <= 0.01).mean()
    assert rate <= 0.01 + 2 * np.sqrt(0.01 * 0.99 / n)
    assert ((found.p_value <= 0.01) == (alt >= found.threshold)).all()


@pytest.mark.parametrize("n_tracked", [1, 8, 32])
@pytest.mark.parametrize("fraction", [1e-4, 5e-4, 2e-3, 1e-2])
def test_sensitivity_equals_its_analytic_value(n_tracked, fraction):
    rng = generator(8, f"test/sensitivity/{n_tracked}/{fraction}")
    depth, error, n = 3000, 1e-5, 10_000
    vaf = fraction / 2 * (1 - error) + (1 - fraction / 2) * error
    alt = rng.binomial(depth, vaf, size=(n, n_tracked)).sum(axis=1)
    mean = np.full(n, n_tracked * depth * error)
    found = positivity(alt, mean, np.zeros(n), alpha=0.01)
    expected = float(sensitivity(fraction, n_tracked * depth, error, found.threshold[0]))
    assert expected == pytest.approx(float(binom.sf(found.threshold[0] - 1, n_tracked * depth, vaf)), abs=1e-9)
    observed = (found.p_value <= 0.01).mean()
    assert abs(observed - expected) <= 4 * np.sqrt(max(expected * (1 - expected), 1e-4) / n)


def test_tails_and_interval_are_scipys():
    alt = np.arange(0, 40)
    ours = positivity(alt, np.full(40, 3.7), np.zeros(40))
    assert ours.p_value == pytest.approx(poisson.sf(alt - 1, 3.7), abs=1e-12)
    # fewer reads than background leave an interval with width (case: 0 of 5,000 with 5 expected was "0 to 0")
    vaf, low, high = fraction_interval([0], [5000], [0.001])
    assert (vaf[0], low[0]) == (0.0, 0.0) and high[0] == pytest.approx(-np.log(0.025) / 5000, rel=0.01)
    vaf, low, high = fraction_interval([7], [900], 0.0)
    assert (low[0], high[0]) == pytest.approx((beta.ppf(0.025, 7, 894), beta.ppf(0.975, 8, 893)), rel=1e-9)
    assert vaf[0] == pytest.approx(7 / 900)


def test_spread_of_errors_asks_for_more_reads():
    narrow = positivity([5], [2.0], [4.0])
    wide = positivity([5], [2.0], [4.0], noise_shape=1.0)
    assert wide.threshold[0] > narrow.threshold[0] and wide.p_value[0] > narrow.p_value[0]


def test_detection_limit_is_where_power_is_95_percent():
    limit = detection_limit([30_000], [1e-5], [3])[0]
    assert float(sensitivity(limit, 30_000, 1e-5, 3)) == pytest.approx(0.95, abs=1e-6)


def _series(rows):
    """patient, day, state, reads of 100,000 with one background read -> what the response reads of the ctDNA table."""
    frame = pl.DataFrame(rows, schema=["patient_id", "day", "state", "alt_reads"], orient="row")
    return frame.with_columns(
        sample_id=pl.format("{}{}", "patient_id", "day"),
        vaf=pl.col("alt_reads") / 1e5,
        depth=pl.lit(100_000),
        background_reads=pl.lit(1.0),
    )


def _lines(*patients):
    return pl.DataFrame(
        {"patient_id": patients, "line": 1, "drugs": "x", "start_day": 0, "next_start_day": None},
        schema_overrides={"next_start_day": pl.Int64},
    )


def test_response_of_a_line_by_hand():
    """A falls to a fifth, then rises 1.5 times in one sample, which noise makes too; B clears and returns tenfold."""
    ctdna = _series(
        [
            ("A", -7, "positive", 2000),
            ("A", 60, "positive", 400),
            ("A", 120, "positive", 600),
            ("B", 0, "positive", 900),
            ("B", 50, "negative", 0),
            ("B", 90, "positive", 120),
        ]
    )
    a, b = ctdna_response(ctdna, _lines("A", "B"), CtdnaParams()).to_dicts()
    assert (a["response"], a["progression_day"]) == ("molecular_response", None)
    assert a["ratio"] == pytest.approx(0.2) and a["p_response"] > 0.95 and a["p_progression"] < 0.9
    assert a["rise_shown"] in (3.0, 5.0)
    assert (b["response"], b["clearance_day"], b["is_sustained"], b["progression_day"]) == ("clearance", 50, False, 90)


def test_blood_of_the_day_of_a_switch_closes_the_old_line_and_is_the_baseline_of_the_new():
    """Blood is drawn before the first dose: it was of neither line, and the rise it shows was lost."""
    ctdna = _series([("A", 0, "positive", 900), ("A", 50, "negative", 0), ("A", 90, "positive", 1200)])
    two = pl.concat([_lines("A").with_columns(next_start_day=pl.lit(90, pl.Int64)), _lines("A")])
    two = two.with_columns(line=pl.Series([1, 2]), start_day=pl.Series([0, 90]))
    (old,) = ctdna_response(ctdna, two, CtdnaParams()).to_dicts()
    assert (old["line"], old["n_samples"], old["progression_day"]) == (1, 2, 90)


def test_results_without_reads_rise_when_positive_follows_negative():
    rows = _series([("A", 0, "positive", 1), ("A", 30, "negative", 0), ("A", 60, "positive", 1)])
    rows = rows.with_columns(pl.lit(None, pl.Int64).alias(c) for c in ("alt_reads", "depth"))
    rows = rows.with_columns(background_reads=pl.lit(None, pl.Float64), vaf=pl.lit(None, pl.Float64))
    (row,) = ctdna_response(rows, _lines("A"), CtdnaParams()).to_dicts()
    assert (row["clearance_day"], row["progression_day"], row["p_progression"]) == (30, 60, None)


@pytest.mark.parametrize(("reads", "cv"), [(48, 0.0), (24, 0.0), (1200, 0.25)])
def test_constant_ctdna_progresses_in_at_most_five_percent_of_patients(reads, cv):
    """Six samples of one level; "1.25 times the lowest" was reached by 82, 96 and 96 % of such patients."""
    rng = generator(11, f"test/constant/{reads}/{cv}")
    found = 0
    for _ in range(60):
        level = rng.gamma(1 / cv**2, cv**2, 6) if cv else np.ones(6)
        x = rng.poisson(reads * level + 1)
        found += bool(np.nanmax(course(x, [8e4] * 6, [1.0] * 6).p_rise) >= 0.95)
    assert found <= 0.05 * 60 + 2 * np.sqrt(0.05 * 0.95 * 60)
    rise = rng.poisson(reads * np.array([1, 1, 1, 10, 10, 10]) + 1)
    assert course(rise, [8e4] * 6, [1.0] * 6).p_rise[3] >= 0.95


def test_variation_is_learned_from_repeated_samples():
    """40 pairs a day apart with a coefficient of variation of .5; three pairs say nothing and leave the prior."""
    rng = generator(12, "test/repeats")
    draws = [(i, day, rng.poisson(2000 * rng.lognormal(-0.11, 0.47))) for i in range(40) for day in (0, 1)]
    rows = [(f"p{i}", day, "positive", int(reads)) for i, day, reads in draws]
    cv, n, _ = biological_cv(_series(rows), _lines(), CtdnaParams())
    assert n == 40 and cv == pytest.approx(0.47, abs=0.12)
    assert biological_cv(_series(rows[:6]), _lines(), CtdnaParams()) == (0.25, 3, 0)


def test_mean_lead_of_nothing_holds_zero():
    """20 patients whose ctDNA and imaging turn on the same day: the lowest-value rule left 0 out in 93 % of studies."""
    rng = generator(13, "test/lead")
    rows, visits, lines = [], [], []
    for i in range(20):
        turn = rng.uniform(100, 400)
        scans = np.arange(56, 560, 56)
        days = np.arange(0, scans[scans >= turn][0] + 60, 35)
        level = np.where(days > turn, 2 ** ((days - turn) / 40), 1.0) * rng.gamma(16, 1 / 16, len(days))
        rows += [(f"p{i}", int(d), "positive", int(rng.poisson(200 * v + 1))) for d, v in zip(days, level, strict=True)]
        visits += [(f"p{i}", 1, int(s), "PD" if s >= turn else "SD") for s in scans if s <= scans[scans >= turn][0]]
        lines.append(f"p{i}")
    seen = pl.DataFrame(visits, schema=["patient_id", "line", "day", "overall"], orient="row")
    leads = line_lead_times(_series(rows), _lines(*lines), seen, CtdnaParams())
    mean = leads.mean_lead()
    assert mean.low <= 0 <= mean.high and mean.high - mean.low < 150
    inside = leads.table.filter((pl.col("lead_low_days") <= 0) & (pl.col("lead_high_days") >= 0)).height
    assert inside >= 18


def test_lead_time_keeps_those_who_never_turned_and_negative_leads():
    """A: ctDNA by day 100 (negative on 50), imaging seen in (150, 200]: lead in (50, 150). B: never ctDNA, last
    negative on day 90, imaging by day 80: lead below -10. C: ctDNA by day 60, free until 300: lead above 240."""
    ctdna = pl.DataFrame(
        [("A", 50, "negative"), ("A", 100, "positive"), ("B", 90, "negative"), ("C", 60, "positive")],
        schema=["patient_id", "day", "state"],
        orient="row",
    ).with_columns(sample_id=pl.col("patient_id"), vaf=None, alt_reads=None, depth=None, background_reads=None)
    origin = pl.DataFrame({"patient_id": ["A", "B", "C"], "origin_day": [0, 0, 0]})
    follow = pl.DataFrame(
        {
            "patient_id": ["A", "B", "C"],
            "recurrence_day": [200, 80, None],
            "recurrence_free_day": [150, 40, 300],
            "last_contact_day": [400, 400, 300],
        }
    )
    a, b, c = lead_times(ctdna, origin, follow, CtdnaParams()).table.to_dicts()
    assert (a["lead_low_days"], a["lead_high_days"], a["kind"]) == (50, 150, "both")
    assert (b["lead_low_days"], b["lead_high_days"], b["kind"]) == (float("-inf"), -10, "ctdna_never")
    assert (c["lead_low_days"], c["lead_high_days"], c["kind"]) == (240, float("inf"), "imaging_never")


def test_turnbull_is_the_kaplan_meier_of_right_censored_values():
    """Exact 1, 2, 4 and censored at 3: S = 3/4, 1/2, 0, as Kaplan-Meier has it (mass 1/4, 1/4, 1/2)."""
    fit = turnbull([1, 2, 3, 4], [1, 2, np.inf, 4])
    assert fit.mass[:2] == pytest.approx([0.25, 0.25])
    assert fit.mass[2:].sum() == pytest.approx(0.5)
    assert fit.quantile(0.5)[1] == 2.0
    assert fit.share_above(0.0) == (pytest.approx(1.0), pytest.approx(1.0))


def _cells(alt, depth, power, state):
    ids = [f"s{i}" for i in range(len(alt))]
    return pl.DataFrame(
        {
            "patient_id": "A",
            "variant_id": "12:25398284:C:T",
            "gene": "KRAS",
            "hgvs_p": "p.G12D",
            "sample_id": ids,
            "alt_count": alt,
            "depth": depth,
            "state": state,
            "power_same_ccf": power,
            "blood": None,
            "covered_depth": None,
            "reason": "reads",
            "basis": ["assumed" if d is None else "counted" for d in depth],
        },
        schema_overrides={"blood": pl.String},
    )


SAMPLES = pl.DataFrame({"sample_id": ["s0", "s1"], "day": [0, 200], "material": ["plasma", "plasma"]})
GIVEN = pl.DataFrame({"patient_id": ["A"], "drugs": ["cetuximab;FOLFIRI"], "start_day": [10], "stop_day": [180]})


@pytest.mark.parametrize(
    ("power", "state", "status"),
    [
        (0.999, "absent", "emerged"),
        (0.97, "absent", "not_visible_before"),
        (0.4, "not_assessable", "not_visible_before"),
        (0.999, "present", "present_before"),
    ],
)
def test_new_only_where_the_earlier_sample_would_have_shown_it(power, state, status):
    reads = 25 if state == "present" else 0
    cells = _cells([reads, 40], [500, 900], [power, 1.0], [state, "present"])
    (row,) = emergence(cells, SAMPLES, GIVEN).filter(pl.col("name") == "KRAS mutation").to_dicts()
    assert row["status"] == status
    assert row["earlier"] == f"{reads}/500 (day 0)"
    assert (row["first_seen_day"], row["alt_count"], row["depth"]) == (200, 40, 900)


def test_what_nobody_counted_before_is_new_by_calls_alone():
    """The earlier sample has no call and no reads: its power is of an assumed depth, so nothing is said to have
    emerged."""
    cells = _cells([None, 40], [None, 900], [0.999, 1.0], ["absent", "present"])
    (row,) = emergence(cells, SAMPLES, GIVEN).filter(pl.col("name") == "KRAS mutation").to_dicts()
    assert (row["status"], row["exclusion"]) == ("uncalled_before", 0.0)
    assert row["earlier"] == "not counted (day 0)"


def test_likely_there_without_a_read_is_not_seen():
    """A shallow earlier sample that is called present by its neighbours alone neither shows nor excludes the "
    "variant."""
    cells = _cells([0, 40], [8, 900], [0.9, 1.0], ["present", "present"])
    (row,) = emergence(cells, SAMPLES, GIVEN).filter(pl.col("name") == "KRAS mutation").to_dicts()
    assert (row["status"], row["earlier"]) == ("not_visible_before", "0/8 (day 0)")


def test_possible_blood_clone_never_emerges():
    cells = _cells([0, 40], [500, 900], [0.999, 1.0], ["absent", "present"])
    assert emergence(cells.with_columns(blood=pl.lit("possible_chip")), SAMPLES, GIVEN).is_empty()


def test_false_emergence_is_at_most_one_percent_at_low_early_depth():
    """2,000 patients whose KRAS clone is there all the time; the early sample is shallow (10 to 80 reads, VAF 0.15)."""
    from scipy.stats import betabinom

    rng = generator(9, "test/emergence")
    n, vaf, s = 2000, 0.15, 200.0
    depth = rng.integers(10, 80, n)
    share = rng.beta(vaf * s, (1 - vaf) * s, n)
    alt = rng.binomial(depth, share)
    least = np.maximum(3, np.ceil(0.02 * depth))
    power = betabinom.sf(least - 1, depth, vaf * s, (1 - vaf) * s)
    early = np.where(alt >= least, "present", np.where((alt == 0) & (power >= 0.95), "absent", "not_assessable"))
    cells = pl.DataFrame(
        {
            "patient_id": np.repeat([f"p{i}" for i in range(n)], 2),
            "variant_id": "12:25398284:C:T",
            "gene": "KRAS",
            "hgvs_p": "p.G12D",
            "sample_id": [f"p{i}-{j}" for i in range(n) for j in (0, 1)],
            "alt_count": np.column_stack([alt, np.full(n, 90)]).ravel(),
            "depth": np.column_stack([depth, np.full(n, 600)]).ravel(),
            "state": np.column_stack([early, np.full(n, "present")]).ravel().tolist(),
            "power_same_ccf": np.column_stack([power, np.ones(n)]).ravel(),
            "blood": None,
            "covered_depth": None,
            "basis": "counted",
            "reason": "reads",
        },
        schema_overrides={"blood": pl.String},
    )
    samples = pl.DataFrame({"sample_id": cells["sample_id"], "day": [0, 200] * n, "material": ["plasma"] * 2 * n})
    given = pl.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(n)],
            "drugs": ["cetuximab"] * n,
            "start_day": [10] * n,
            "stop_day": [None] * n,
        },
        schema_overrides={"stop_day": pl.Int64},
    )
    found = emergence(cells, samples, given).filter(pl.col("name") == "KRAS mutation")
    assert (found["status"] == "emerged").sum() <= 0.01 * n
    assert (found["status"] == "not_visible_before").sum() > 0


def test_retest_reminder_is_two_half_lives_after_the_stop():
    """RAS decays with a half-life of 3.7 months: a quarter is left 7.4 months (225 days) after day 180."""
    cells = _cells([0, 40], [500, 900], [0.999, 1.0], ["absent", "present"])
    rows = retest_reminders(emergence(cells, SAMPLES, GIVEN), pl.DataFrame({"patient_id": ["A"], "last_day": [400]}))
    (row,) = rows.to_dicts()
    assert (row["retest_day"], row["half_life_months"], row["days_since_stop"]) == (405, 3.7, 220)


def test_reads_needed_are_the_least_by_definition_and_found_at_any_depth():
    """A depth of 2,147,483,648 in one cell of calls was counted up to read by read."""
    mean = np.r_[np.linspace(0, 12, 60), 500.0]
    found = positivity(np.zeros(61), mean, mean**2, alpha=0.01).threshold
    assert found.tolist() == [next(k for k in range(1, 999) if poisson.sf(k - 1, m) <= 0.01) for m in mean]
    (many,) = positivity([0], [2.0**31], [2.0**62]).threshold
    assert poisson.sf(many - 1, 2.0**31) <= 0.01 < poisson.sf(many - 2, 2.0**31)


def test_variation_above_the_assumed_is_learned_from_courses():
    """Ten constant courses of a variation of .5 without repeats; at .1, or of seven, what is assumed stays."""
    for cv, n, low, high in ((0.5, 10, 0.35, 0.65), (0.1, 10, 0.25, 0.25), (0.5, 7, 0.25, 0.25)):
        rng = generator(14, f"test/courses {cv}")
        rows = [
            (f"p{i}", 30 * k, "positive", int(rng.poisson(800 * rng.gamma(1 / cv**2, cv**2))))
            for i in range(n)
            for k in range(6)
        ]
        found = biological_cv(_series(rows), _lines(), CtdnaParams())
        assert low <= found.cv <= high and found.n_pairs == 0
        assert found.n_courses == (10 if low > 0.25 else 0) and found.uneven > 0
