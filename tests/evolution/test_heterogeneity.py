"""Heterogeneity measures: hand-worked numbers, bounds, and depth not read as heterogeneity."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.clones.heterogeneity import copy_number_divergence
from oncourse.evolution import heterogeneity as h
from oncourse.stats.rng import generator


def test_math_score_by_hand():
    """Median .3, absolute deviations .2 .1 0 .1 .2: MAD .1, 100 x 1.4826 x .1 / .3 = 49.42 (Mroz 2013)."""
    assert h.math_score(np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == pytest.approx(49.42)


def test_measures_of_many_drawings_are_those_of_each():
    """Rows of a matrix, one by one: the plain definitions with numpy's median and the tail alone."""
    random = generator(6, "test.rows")
    vaf, seen = random.uniform(0.01, 0.5, (40, 33)), random.random((40, 33)) < 0.6
    seen[0], seen[1, 1:] = False, False
    for row, mask, found, r2 in zip(vaf, seen, h.math_score(vaf, seen), h.neutral_r2(vaf), strict=True):
        kept = row[mask]
        middle = np.median(kept) if len(kept) else np.nan
        plain = 148.26 * np.median(np.abs(kept - middle)) / middle if len(kept) else np.nan
        assert found == pytest.approx(plain, nan_ok=True)
        tail = np.sort(row[(row >= 0.12) & (row <= 0.24)])[::-1]
        x, y = 1 / tail - 1 / 0.24, np.arange(1, len(tail) + 1)
        fit = y - (x @ y) / (x @ x) * x
        assert r2 == pytest.approx(
            1 - (fit @ fit) / ((y - y.mean()) ** 2).sum() if len(tail) >= 5 else np.nan, nan_ok=True
        )


def test_fst_of_equal_samples_is_not_positive():
    """The correction for the number of reads takes away what sampling adds: 0 in the mean over draws."""
    random = generator(1, "test.fst")
    p = random.uniform(0.1, 0.5, 400)
    n = np.full(400, 60.0)
    values = [h.hudson_fst(random.binomial(60, p) / 60, random.binomial(60, p) / 60, n, n) for _ in range(40)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(40) + 1e-4


def test_fst_by_hand():
    """(.5 - .25)^2 / (.5 x .75 + .25 x .5) = .125 with endless reads."""
    assert h.hudson_fst(*(np.array([x]) for x in (0.5, 0.25, 1e12, 1e12))) == pytest.approx(0.125)


def test_nei_by_hand():
    """p = .5, q = 0: J_xy = .5, J_x = .5, J_y = 1; -ln(.5 / sqrt(.5)) = .3466."""
    assert h.nei_distance(np.array([0.5]), np.array([0.0])) == pytest.approx(0.34657, abs=1e-5)


@pytest.mark.parametrize("measure", [h.nei_distance])
def test_distances_are_symmetric(measure):
    random = generator(2, "test.sym")
    p, q = random.random(30) / 2, random.random(30) / 2
    assert measure(p, q) == pytest.approx(measure(q, p)) and measure(p, p) == pytest.approx(0, abs=1e-12)


def test_jsi_of_nothing_is_unknown():
    assert np.isnan(h.jaccard_similarity(np.ones((5, 2)), np.ones((5, 2))))


def test_thinning_keeps_the_fraction_and_the_depth():
    random = generator(3, "test.thin")
    alt, kept = h.thin(np.array([300, 5]), np.array([1000, 40]), 100, 4000, random)
    assert kept.tolist() == [100, 40] and (alt[:, 1] == 5).all()
    # hypergeometric: 30 +- sqrt(100 x .3 x .7 x .9) = 4.35; mean of 4,000 draws within 4 standard errors
    assert alt[:, 0].mean() == pytest.approx(30, abs=4 * 4.35 / np.sqrt(4000))


def test_depth_alone_does_not_move_math():
    """The same tumour at 100x and 1,000x: seen as it comes, MATH differs; thinned to 80x the intervals overlap."""
    random = generator(4, "test.depth")
    ccf = np.concatenate([np.ones(60), random.choice([0.04, 0.08, 0.5], 120)])
    found, plain = [], []
    for depth in (100, 1000):
        n = np.full(180, depth)
        alt = random.binomial(n, 0.8 * ccf / 2)
        thinned, kept = h.thin(alt, n, 80, 60, random)

        def score(b, index, thinned=thinned, kept=kept):
            seen = thinned[b, index] >= h.MIN_ALT
            return h.math_score(thinned[b, index] / kept[index], seen)

        found.append(h.over_variants(score, 180, 60, random))
        plain.append(h.math_score((alt / n)[alt >= h.MIN_ALT]))
    assert abs(found[0].value - found[1].value) < abs(plain[0] - plain[1]) / 2
    assert found[0].low < found[1].value < found[0].high


def test_neutral_tail_is_told_from_a_subclone_where_there_is_power():
    random = generator(5, "test.neutral")
    neutral = 1 / random.uniform(1 / h.NEUTRAL_HIGH, 1 / h.NEUTRAL_LOW, 400)
    subclone = np.concatenate([neutral[:100], random.normal(0.2, 0.01, 300)])
    assert h.neutral_r2(neutral) > h.NEUTRAL_R2 > h.neutral_r2(subclone)
    assert h.neutral_power(10, 200, random) < 0.6 < h.neutral_power(400, 200, random)
    assert np.isnan(h.neutral_power(4, 200, random)) and np.isnan(h.neutral_r2(np.array([0.2, 0.15])))


def test_diversity_of_equal_clones():
    assert h.shannon(np.full(4, 0.25)) == pytest.approx(np.log(4))
    assert h.simpson(np.full(4, 2.0)) == pytest.approx(0.75)


def test_copy_number_divergence_by_hand():
    """100 of 400 shared bases differ in total copies, 50 more in the minor allele; 100 bases of one sample do not
    count."""
    a = pl.DataFrame(
        {
            "chrom": ["1", "1", "2"],
            "start": [1, 101, 1],
            "end": [100, 300, 200],
            "total_cn": [3.0, 2.0, 2.0],
            "minor_cn": [1.0, 1.0, 1.0],
        }
    )
    b = pl.DataFrame(
        {
            "chrom": ["1", "1", "2"],
            "start": [1, 251, 1],
            "end": [250, 300, 100],
            "total_cn": [2.0, 2.0, 2.0],
            "minor_cn": [1.0, 0.0, None],
        }
    )
    found = copy_number_divergence(a, b, 50, generator(1, "test.cn"))
    assert found.value == pytest.approx(150 / 400) and found.low <= found.value <= found.high
    assert np.isnan(copy_number_divergence(a, b.clear(), 10, generator(1, "test.cn")).value)


def test_pairs_of_calls_only_are_not_alike(make_study):
    """A MAF lists what was called: comparing only what both samples called once gave JSI 1 and Fst 0."""
    calls = []
    for n in range(18):
        at = {"variant_id": f"{n + 1}:1000:A:T", "alt_count": 40 + n, "depth": 100 + 2 * n}
        samples = ("A", "B") if n < 6 else ("A",) if n < 12 else ("B",)
        calls += [{"sample_id": sample, **at} for sample in samples]
    study = make_study(
        patients=[{"patient_id": "P1"}],
        samples=[{"sample_id": s, "patient_id": "P1", "material": "tissue", "purity": 0.8} for s in "AB"],
        calls=calls,
    )
    rows = Cohort(study).heterogeneity.rows.filter(pl.col("sample_b") == "B")
    found = {
        measure: (value, assumed)
        for measure, value, assumed in rows.select("measure", "value", "n_assumed").iter_rows()
    }
    assert found["jsi"][0] < 0.1 and found["jsi"][1] == 12
    assert found["fst"][0] > 0.3 and found["nei"][0] > 0.1


def mixed_study(make_study, order=(0, 1, 2), flip=False, more=()):
    """Three samples of one patient, 40 variants in four clones; rows in any order, with further samples."""
    random = generator(6, "test.mixed")
    ccf = np.array([[1, 1, 1], [1, 0, 0], [0.5, 0.4, 0], [0, 0.3, 0.8]])[np.repeat(np.arange(4), 10)]
    alt = random.binomial(120, 0.4 * ccf)
    calls = [
        {
            "sample_id": "ABC"[s],
            "variant_id": f"{v % 20 + 1}:{1000 + v}:A:T",
            "alt_count": int(alt[v, s]),
            "depth": 120,
        }
        for s in order
        for v in (range(39, -1, -1) if flip else range(40))
    ]
    for sample, _, depth in more:
        calls += [
            {"sample_id": sample, "variant_id": f"{v % 20 + 1}:{1000 + v}:A:T", "alt_count": 0, "depth": depth}
            for v in range(40)
        ]
    names = [("ABC"[s], 0.8) for s in order] + [(s, p) for s, p, _ in more]
    return make_study(
        patients=[{"patient_id": "P1"}],
        samples=[{"sample_id": s, "patient_id": "P1", "material": "tissue", "purity": p} for s, p in names],
        calls=calls,
    )


def heterogeneity_of(study):
    """{(measure, sample or samples in order): (value, low, high)} of samples A, B and C."""
    rows = Cohort(study).heterogeneity.rows.filter(
        pl.col("sample_a").is_in(list("ABC")),
        pl.col("sample_b").is_null() | pl.col("sample_b").is_in(list("ABC")),
    )
    rows = rows.with_columns(pl.col("sample_b").fill_null(""))
    return {
        r[:3]: r[3:] for r in rows.select("measure", "sample_a", "sample_b", "value", "ci_low", "ci_high").iter_rows()
    }


def test_order_of_samples_and_variants_leaves_no_trace(make_study):
    first = heterogeneity_of(mixed_study(make_study))
    again = heterogeneity_of(mixed_study(make_study, order=(2, 0, 1), flip=True))
    assert first.keys() == again.keys() and len(first) > 20
    for key, values in first.items():
        np.testing.assert_allclose(np.array(again[key], float), np.array(values, float), atol=1e-9, err_msg=str(key))


def test_a_sample_without_reads_or_tumour_changes_no_other(make_study):
    first = heterogeneity_of(mixed_study(make_study))
    for more in ((("D", 0.8, 0),), (("D", 0.0, 120),)):
        again = heterogeneity_of(mixed_study(make_study, more=more))
        assert first.keys() == again.keys()
        for key, values in first.items():
            np.testing.assert_allclose(
                np.array(again[key], float), np.array(values, float), atol=0.02, err_msg=str(key)
            )


def test_intervals_hold_the_value_of_the_whole_tumour():
    """Variants drawn 120 times from a tumour of known Fst and MATH: 95 % intervals hold them in 86-100 %."""
    random = generator(9, "test.cover")

    def drawn(n):
        kind = random.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
        ccf = np.array([[1, 1], [0.5, 0.3], [1, 0], [0, 0.4]])[kind]
        reads = np.full(n, 80)
        return random.binomial(80, 0.4 * ccf[:, 0]), random.binomial(80, 0.4 * ccf[:, 1]), reads

    def measured(a, b, n, times):
        (a, kept), (b, _) = (h.thin(x, n, 60, times, random) for x in (a, b))
        p, q, size = a / kept / 0.8, b / kept / 0.8, kept.astype(float)
        fst = h.over_variants(lambda t, i: h.hudson_fst(p[t, i], q[t, i], size[i], size[i]), len(n), times, random)
        seen = a >= h.MIN_ALT
        math = h.over_variants(lambda t, i: h.math_score(a[t, i] / kept[i], seen[t, i]), len(n), times, random)
        return fst, math

    truth = [x.value for x in measured(*drawn(20_000), 4)]
    held = [[x.low <= t <= x.high for x, t in zip(measured(*drawn(60), 60), truth, strict=True)] for _ in range(120)]
    assert (np.mean(held, axis=0) >= 0.86).all()


def test_sums_over_redrawn_variants_are_those_of_variants_drawn_one_by_one():
    """The plain way: take each redrawn variant's frequency, then measure; by sums every variant counts as often as drawn."""
    random = np.random.default_rng(3)
    p, q, reads = random.random((40, 30)), random.random((40, 30)), random.integers(5, 60, 30).astype(float)

    def fst(b, index):
        return h.hudson_fst(p[b, index], q[b, index], reads[index], reads[index])

    plain = h.over_variants(fst, 30, 40, generator(1, "sums"))
    fast = h.over_sums(h.fst_parts(p, q, reads, reads), h.fst_of_sums, 40, generator(1, "sums"))
    assert [fast.value, fast.low, fast.high] == pytest.approx([plain.value, plain.low, plain.high], rel=1e-12)
    assert fast.n == plain.n == 30
