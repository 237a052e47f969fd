"""What is read from counts of a sample, on small fixed inputs: every rate, price and cut-off shows in the kept answers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.kept_numbers import check
from tests.reads.test_copy_fit import _segments

from oncourse.genome import places
from oncourse.reads import background, copy_fit, identity, plasma
from oncourse.reads.profile import Bases
from oncourse.stats.rng import generator


@pytest.fixture
def kept(request):
    """Return a function: name, answer -> compared with what is kept."""
    accept = request.config.getoption("--accept")
    return lambda name, answer: check(f"reads/{name}", answer, accept)


def test_background_errors(kept):
    rng = generator(1, "numbers of reads")
    n = 120
    ref = rng.integers(0, 5, n).astype(np.int8)
    counts = rng.poisson(0.4, (n, 12)).astype(np.int32)
    for strand in (0, 6):
        counts[np.arange(n), np.minimum(ref, 3) + strand] += rng.integers(100, 900, n).astype(np.int32)
    counts[7, 1] += 300
    seen = Bases(("1", "2"), np.arange(n) // 70, np.r_[np.arange(70), np.arange(50) * 2], ref, counts)
    quiet = Bases(
        seen.contigs, seen.contig, seen.pos, ref, np.where(counts < 5, counts > 2, counts * 20).astype(np.int32)
    )
    found = {name: background.background_of(of) for name, of in (("usual", seen), ("families", quiet))}
    depth, rate = np.array([50.0, 1_000.0, 20_000.0]), np.array([1e-3, 1e-4, 1e-6])
    answer = {"found": found, "indel": [background.indel_rate(k) for k in range(1, 16)]}
    answer |= {"noise": background.chance_of_noise(np.array([0, 2, 9]), depth, rate)}
    answer |= {"least": [background.least_count(depth, rate, a) for a in (1e-3, 1e-7)]}
    answer |= {
        "limit": [background.detection_limit(depth, rate, alpha=a, power=p) for a, p in ((1e-3, 0.95), (1e-7, 0.5))]
    }
    kept("background", answer | {"contexts": background.contexts(seen)})


def test_purity_and_ploidy(kept):
    segments = _segments()
    surface = copy_fit.explain(segments)
    found = copy_fit.solutions(segments, surface)
    twins = [copy_fit._is_twin(a, b) for a in found for b in found]
    agreement = [copy_fit._agreement(found[0], other, segments.size) for other in found]
    answer = {"surface": surface, "solutions": found, "together": copy_fit.fit_together([segments, segments])}
    kept("copy_fit", answer | {"twins": twins, "agreement": agreement})


def test_fraction_of_plasma(kept):
    rng = generator(2, "numbers of plasma")
    n = 14
    depth = rng.integers(400, 3_000, n).astype(float)
    alt = rng.binomial(depth.astype(int), 0.02).astype(float)
    alt[3] = 400.0
    total, on = rng.integers(1, 5, n).astype(float), np.ones(n)
    shared = np.arange(n) % 3 > 0
    answer = {}
    for name, of_all in (("some", shared), ("none", shared & False)):
        sites = plasma.Tracked(alt, depth, np.full(n, 1e-4), total, on, of_all)
        answer[name] = [plasma._shares(sites, np.array([0.0, 0.1, 1.0])), plasma._fraction(sites)]
    kept("plasma", answer)


def test_contamination(kept):
    rng = generator(3, "numbers of contamination")
    n = 60
    own, frequency = rng.choice([0, 1, 2], n), rng.uniform(0.05, 0.5, n)
    depth = rng.integers(100, 400, n).astype(float)
    other = rng.binomial(2, frequency) / 2
    alt = rng.binomial(depth.astype(int), 0.94 * own / 2 + 0.06 * other).astype(float)
    answer = {"mixed": identity.contamination(alt, depth, own, frequency)}
    answer["clean"] = identity.contamination(depth * own / 2, depth, own, frequency, error=1e-3)
    kept("contamination", answer | {"few": identity.contamination(alt[:12], depth[:12], own[:12], frequency[:12])})


def test_codons_begin_at_the_first_base():
    assert places._codon("codon", np.array([-1, 0, 2, 3])).to_list() == [None, 1, 1, 2]
    assert places.names_at("gene", np.array([1, -1, 0]), ["KRAS", "BRAF"]).to_list() == ["BRAF", None, "KRAS"]
