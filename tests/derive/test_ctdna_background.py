"""Positivity against the learned background: an error rate that is told wrong makes no false positive."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.evolution.ctdna import spread_interval
from oncourse.evolution.quiet_sites import learn_background
from oncourse.stats.rng import generator
from oncourse.study.model import Study

N_VARIANTS, DEPTH, TOLD = 16, 5000, 1e-4


def blanks(factor: float, n: int, *, crossed: bool, positive: int = 0, seed: int = 1) -> Cohort:
    """`n` patients whose 16 tracked variants plasma does not hold (the first `positive`: at .5 %), error `factor` times
    the told.

    crossed: each plasma sample is also counted at two other patients' variants.
    """
    rng = generator(seed, f"test/blanks/{factor}/{crossed}")
    kinds = ("C:T", "C:A", "A:G", "A:T")
    ids = [[f"1:{1_000_000 + 1000 * p + v}:{kinds[v % 4]}" for v in range(N_VARIANTS)] for p in range(n)]
    samples, calls = [], []
    for p in range(n):
        for name, material in (("T", "tissue"), ("B", "plasma")):
            samples.append(
                {"sample_id": f"{name}{p}", "patient_id": f"P{p}", "material": material, "day": 0, "assay_id": "p"}
            )
        calls += [{"sample_id": f"T{p}", "variant_id": v, "alt_count": 1000, "depth": 4000} for v in ids[p]]
        own = [(v, 0.005 if p < positive else 0.0) for v in ids[p]]
        others = [(v, 0.0) for k in (1, 2) for v in ids[(p + k) % n]] if crossed else []
        for variant, fraction in own + others:
            rate = TOLD * factor * rng.gamma(2.0, 0.5) + fraction
            calls.append(
                {
                    "sample_id": f"B{p}",
                    "variant_id": variant,
                    "alt_count": int(rng.binomial(DEPTH, rate)),
                    "depth": DEPTH,
                }
            )
    made = study(
        {"title": "t", "genome_build": "GRCh38"},
        patients=[{"patient_id": f"P{p}", "disease": "colorectal cancer"} for p in range(n)],
        samples=samples,
        calls=calls,
        variants=[{"variant_id": v, "gene": "APC"} for own in ids for v in own],
        assays=[{"assay_id": "p", "kind": "panel", "targets": "APC", "error_rate": TOLD, "min_vaf": 0.02}],
    )
    return Cohort(made)


def test_three_times_the_told_error_makes_few_false_positives():
    """16 variants x 5,000 reads: 43 % at twice and 88 % at three times the told error were false positives."""
    for crossed, background in ((True, "learned"), (False, "not known")):
        table = blanks(3.0, 30 if crossed else 12, crossed=crossed).ctdna
        assert set(table["background"]) == {background}
        # 2 % of 30, and its error; not known, none is said
        assert (table["state"] == "positive").sum() <= (2 if crossed else 0)
        if crossed:
            assert table["error_ratio"].median() == pytest.approx(3.0, rel=0.15)
            assert (table["state"] == "not_assessable").sum() == 0
        else:
            assert (
                table.filter(pl.col("state") == "not_assessable")["reason"].str.contains("background not known").all()
            )


def test_a_level_that_all_plasma_has_in_common_may_be_background():
    """No other site was counted, the true error is five times the told one: 35-40 % of blanks were positive. Patients
    with tumour DNA among them (.5 %, 50 times the told error) are still found."""
    table = blanks(5.0, 24, crossed=False, positive=6).ctdna.with_columns(
        blank=pl.col("patient_id").str.slice(1).cast(pl.Int64) >= 6
    )
    assert (table.filter("blank")["state"] == "positive").sum() <= 1
    assert (table.filter(~pl.col("blank"))["state"] == "positive").all()


def test_sites_of_one_patient_alone_teach_nothing():
    """A caller lists them because it saw something: on cfDNA-neo they came out at nine times the stated error."""
    cohort = blanks(1.0, 12, crossed=True)
    calls = cohort.study["calls"]
    own = calls.filter(pl.col("sample_id").str.starts_with("B")).with_columns(
        variant_id=pl.format("2:{}:C:T", pl.int_range(pl.len()) + 1000), alt_count=pl.lit(3, pl.Int64)
    )
    more = Cohort(Study(cohort.study.config, {**cohort.study.tables, "calls": pl.concat([calls, own])}))
    assert more.ctdna["error_ratio"].median() == pytest.approx(cohort.ctdna["error_ratio"].median(), rel=0.05)


def test_a_learned_background_finds_what_an_unknown_one_cannot_say():
    """.5 % tumour DNA at the told error: found in all where learned."""
    table = blanks(1.0, 20, crossed=True, positive=7).ctdna
    ill = pl.col("patient_id").is_in([f"P{p}" for p in range(7)])
    assert (table.filter(ill)["state"] == "positive").all()
    assert (table.filter(~ill)["state"] == "positive").sum() <= 1


def test_a_noisy_sample_is_judged_at_its_own_noise():
    """One sample errs five times as often as the 19 others: its ratio says so, theirs do not move."""
    rng = generator(4, "test/noisy")
    sample = np.repeat(np.arange(20), 100)
    expected = np.full(2000, 0.5)
    alt = rng.poisson(expected * np.where(sample == 0, 5.0, 1.0))
    found = learn_background(alt, expected, sample, np.zeros(2000, int), n_sample=20, n_kind=1)
    assert found.ratio[0] == pytest.approx(5, rel=0.2)
    assert np.median(found.ratio[1:]) == pytest.approx(1, rel=0.2)


def test_a_list_of_what_was_seen_teaches_nothing():
    """A caller's list has no site without a read: its mean is no background."""
    rng = generator(5, "test/listed")
    alt = rng.poisson(0.5, 1000)
    seen = alt[alt > 0]
    n = len(seen)
    found = learn_background(seen, np.full(n, 0.5), np.zeros(n, int), np.zeros(n, int), n_sample=1, n_kind=1)
    assert not found.is_learned.any()


def test_level_covers_when_tracked_variants_have_fractions_of_their_own():
    """Log-normal fractions of sd .7, 16 variants, 200 reads: the exact interval of all reads covers 48 %."""
    rng = generator(6, "test/spread")
    true, n, inside = 0.0025, 400, 0
    for _ in range(n):
        own = true * rng.lognormal(-0.245, 0.7, 16)
        alt = rng.binomial(DEPTH, own)
        _, low, high = spread_interval(alt, np.full(16, DEPTH), np.zeros(16))
        inside += low <= true <= high
    assert 0.92 <= inside / n <= 0.985


@pytest.mark.parametrize(
    ("fraction", "state"), [(0.01, "not_assessable"), (0.029, "not_assessable"), (0.03, "positive"), (0.0, "negative")]
)
def test_a_small_recorded_tumour_fraction_alone_shows_no_tumour_dna(fraction, state):
    """Estimates by copy number are not told from none below 3 % (Adalsteinsson 2017); 1 % alone was "positive"."""
    made = study(
        {"title": "t", "genome_build": "GRCh38"},
        patients=[{"patient_id": "P1", "disease": "prostate cancer"}],
        samples=[
            {"sample_id": "B1", "patient_id": "P1", "material": "plasma", "day": 0, "tumor_fraction": fraction},
        ],
        calls=[],
        variants=[],
    )
    row = Cohort(made).ctdna.row(0, named=True)
    assert row["state"] == state
    if state == "not_assessable":
        assert row["reason"].startswith(f"a recorded tumour fraction of {100 * fraction:.1f} % alone")
