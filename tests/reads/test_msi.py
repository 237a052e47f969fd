"""Microsatellite instability from lengths of runs of one base, by simulated stutter and through simulated reads."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.reads import msi

#: Lengths 9 to 13 of a run of 12: mostly right, shorter more often than longer.
STUTTER = np.array([0.005, 0.015, 0.08, 0.88, 0.02])


def _draw(rng, n_runs, depth, share_unstable=0.0, purity=0.0):
    """Length counts of runs of 12; in unstable ones half of the tumour's copies are one to four bases shorter."""
    out = np.zeros((n_runs, msi.LONGEST + 1), np.int64)
    for row in range(n_runs):
        p = np.zeros(msi.LONGEST + 1)
        p[9:14] = STUTTER
        if rng.random() < share_unstable:
            p = (1 - purity / 2) * p + purity / 2 * np.roll(p, -int(rng.integers(1, 5)))
        out[row] = rng.multinomial(rng.poisson(depth), p)
    return out


def test_stable_and_unstable_tumours_are_separated():
    """100 runs, 100 fragments, purity 0.2 to 0.9, 40 % of runs unstable against none: AUC >= 0.99."""
    rng = np.random.default_rng(3)
    stable = [msi.score(_draw(rng, 100, 100), _draw(rng, 100, 100)) for _ in range(25)]
    unstable = [msi.score(_draw(rng, 100, 100, 0.4, p), _draw(rng, 100, 100)) for p in np.linspace(0.2, 0.9, 25)]
    a, b = np.array([s.share for s in stable]), np.array([s.share for s in unstable])
    assert (b[:, None] > a[None]).mean() + 0.5 * (b[:, None] == a[None]).mean() >= 0.99
    assert {s.status for s in stable} == {"MSS"}
    assert unstable[-1].status == "MSI-H" and unstable[-1].ci_low < 0.4 < unstable[-1].ci_high


def test_fewer_than_twenty_runs_are_not_assessable():
    rng = np.random.default_rng(4)
    found = msi.score(_draw(rng, 19, 100, 1.0, 0.9), _draw(rng, 19, 100))
    assert (found.n_runs, found.share, found.status) == (19, None, None)
    assert msi.score(_draw(rng, 30, 5), _draw(rng, 30, 100)).status is None


def test_lengths_are_read_from_reads_that_span_the_run(tmp_path):
    """A run of 12 with a deletion of two bases in half of the fragments of a simulated sample."""
    pytest.importorskip("pysam", reason="pysam is not installed (pip install 'oncourse[reads]')")
    import polars as pl

    from oncourse.reads.simulate_genome import Change, make_genome
    from oncourse.reads.simulate_reads import Library, simulate_pairs, write_bam

    rng = np.random.default_rng(6)
    genome = make_genome(("VHL",), rng, n_runs=2)
    (first, end), other = genome[0].runs
    base = genome[0].bases[first : first + 1].tobytes().decode()
    change = Change(0, first, base * 2, "", "trunk")
    pairs = simulate_pairs(genome, [change], np.array([0.5]), Library(80), rng)
    bam = write_bam(pairs, genome, tmp_path / "s.bam", "s")
    runs = pl.DataFrame([("3_VHL", first, end), ("3_VHL", *other)], ["chrom", "start", "end"], orient="row")
    counts = msi.lengths(bam, runs)
    assert counts[0].sum() > 40 and 0.3 < counts[0, end - first - 2] / counts[0].sum() < 0.7
    assert counts[0, end - first] + counts[0, end - first - 2] == counts[0].sum()
    assert counts[1, other[1] - other[0]] == counts[1].sum()
