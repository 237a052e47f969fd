"""Tumour DNA in plasma by the mutations of the tissue together: calibration of test, limit and fraction."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.reads.plasma import Tracked, tracked, tumour_fraction


def _sites(rng, fraction, n=40, depth=700, error=2e-5, *, total=None, on=None):
    total, on = np.full(n, 2.0) if total is None else total, np.ones(n) if on is None else on
    share = fraction * on / (fraction * total + 2 * (1 - fraction))
    of = rng.poisson(depth, n).astype(float)
    alt = rng.binomial(of.astype(int), share * (1 - error) + (1 - share) * error).astype(float)
    return Tracked(alt, of, np.full(n, error), total, on, np.arange(n) % 2 == 0)


def test_plasma_without_tumour_dna_is_positive_in_at_most_one_of_a_hundred():
    rng = np.random.default_rng(1)
    assert sum(tumour_fraction(_sites(rng, 0.0)).is_positive for _ in range(300)) <= 8


def test_the_limit_is_the_fraction_that_is_found_in_19_of_20():
    """200 draws at the stated limit: 0.95 found, within three standard errors."""
    rng = np.random.default_rng(2)
    limit = tumour_fraction(_sites(rng, 0.0)).limit
    found = np.mean([tumour_fraction(_sites(rng, limit)).is_positive for _ in range(200)])
    assert 0.0002 < limit < 0.001 and found >= 0.95 - 3 * 0.0154


@pytest.mark.parametrize("fraction", [0.005, 0.05, 0.4])
def test_the_fraction_is_within_its_interval_with_gains_and_losses(fraction):
    """Mutations on one of one, one of two, two of three copies: without the copies 0.4 would be read as more than
    0.5."""
    rng = np.random.default_rng(3)
    total, on = np.tile([1.0, 2.0, 3.0, 3.0], 10), np.tile([1.0, 1.0, 2.0, 2.0], 10)
    found = [tumour_fraction(_sites(rng, fraction, total=total, on=on)) for _ in range(40)]
    assert np.mean([p.fraction for p in found]) == pytest.approx(fraction, rel=0.1)
    assert np.mean([p.low <= fraction <= p.high for p in found]) >= 0.85


def test_a_site_far_above_the_others_does_not_make_the_fraction():
    """One site at 40 %, as of clonal haematopoiesis that tissue also shows, among 40 at 0.5 %."""
    rng = np.random.default_rng(4)
    sites = _sites(rng, 0.01)
    sites.alt[0] = 0.4 * sites.depth[0]
    assert tumour_fraction(sites).fraction == pytest.approx(0.01, rel=0.3)


def test_without_mutations_of_tissue_nothing_is_tracked():
    empty = np.zeros(0)
    told = tumour_fraction(Tracked(empty, empty, empty, empty, empty, empty > 0))
    assert (told.n_tracked, told.is_positive, told.fraction, told.limit) == (0, False, None, None)


def test_what_is_tracked_is_somatic_and_called_in_tissue_with_its_copies():
    """v1 in both lesions on two of three copies (0.6 x 2 / 2.6), v2 in one, v3 of blood cells, v4 in none."""
    rows = [
        (s, v, o, n, 100, 1e-5, called)
        for s, by in (
            ("T1", {"v1": (46, True), "v2": (0, False), "v3": (5, True), "v4": (0, False)}),
            ("T2", {"v1": (20, True), "v2": (30, True), "v3": (5, True), "v4": (0, False)}),
            ("C", {"v1": (2, False), "v2": (1, False), "v3": (5, True), "v4": (9, True)}),
        )
        for (v, (n, called)), o in zip(by.items(), ("somatic", "somatic", "chip", "somatic"), strict=True)
    ]
    names = ("sample_id", "variant_id", "origin", "alt_count", "depth", "error_rate", "is_called")
    calls = pl.DataFrame(rows, schema=names, orient="row")
    three = np.full(4, 3.0)
    got = tracked(calls, "C", ["T1", "T2"], {"T1": (three, 0.6), "T2": (three * np.nan, np.nan)})
    assert got.alt.tolist() == [2, 1] and got.is_shared.tolist() == [True, False]
    assert got.total.tolist() == [3, 2] and got.on.tolist() == [2, 1]


def test_a_study_of_reads_without_profiled_genes_has_an_empty_load_and_no_failure():
    """A folder without a build has no genes: the load lacked msi_predicted, and two analyses failed."""
    from oncourse.derive.genes.hypermutation import _with_chances

    empty = pl.DataFrame(
        schema={
            "tumour": pl.String,
            "callable_mb": pl.Float64,
            "n_coding": pl.Int64,
            "n_indel_one_base": pl.Int64,
        }
    )
    assert {"p_msi_high", "p_hypermutated", "msi_predicted"} <= set(_with_chances(empty).columns)
