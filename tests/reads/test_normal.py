"""Tumour cells in the patient's normal, by counts with known truth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.reads.normal import of_counts, tumour_in_normal


def _counts(rng, share, *, n=40, depth=150):
    vaf = rng.uniform(0.1, 0.5, n)
    d = rng.poisson(depth, n).astype(float)
    return rng.binomial(d.astype(int), share * vaf + 3e-4).astype(float), d, np.full(n, 3e-4), vaf


@pytest.mark.parametrize("share", [0.03, 0.1, 0.2])
def test_the_share_of_tumour_in_the_normal_is_within_its_interval(share):
    """40 mutations, 150x: the 95 % interval holds the truth in at least 90 of 100 (binomial: 95 +- 4.4)."""
    rng = np.random.default_rng(5)
    found = [of_counts(*_counts(rng, share)) for _ in range(100)]
    assert sum(f.low <= share <= f.high for f in found) >= 90
    assert abs(np.mean([f.share for f in found]) - share) < 0.005


def test_a_clean_normal_and_two_changes_of_the_blood_hold_no_tumour():
    rng = np.random.default_rng(6)
    clean = [of_counts(*_counts(rng, 0.0)) for _ in range(200)]
    assert sum(f.low > 0 for f in clean) <= 2
    for _ in range(20):
        alt, depth, error, vaf = _counts(rng, 0.0)
        alt[:2] = 20
        assert of_counts(alt, depth, error, vaf).low == 0


def test_few_mutations_say_nothing_and_those_the_normal_has_itself_do_not_count():
    rows = [
        {"sample_id": s, "alt_count": a, "depth": 100, "error_rate": 1e-4, "is_called": s == "T", "origin": "somatic"}
        for s, a in (("T", 40), ("N", 2))
        for _ in range(10)
    ]
    frame = pl.DataFrame(rows)
    assert tumour_in_normal(frame, "N", ["T"]).share == pytest.approx(0.05, abs=0.005)
    few = frame.group_by("sample_id", maintain_order=True).head(7)
    assert tumour_in_normal(few, "N", ["T"]).share is None
    own = frame.with_columns(alt_count=pl.when(pl.col("sample_id") == "N").then(30).otherwise("alt_count"))
    assert tumour_in_normal(own, "N", ["T"]).n_sites == 0
