"""Clustering of variants: against plain definitions, on simulated truth, and the properties it must have."""

from __future__ import annotations

import itertools
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln, logsumexp

from oncourse.evolution import _likelihood_kernels
from oncourse.evolution.clustering import _average_kernels, _cluster_kernels
from oncourse.evolution.clustering import partition as cluster_partition
from oncourse.evolution.clustering import prior as cluster_prior
from oncourse.evolution.clustering import state as cluster_state
from oncourse.evolution.clustering.ccf import estimate_purity, variant_ccf
from oncourse.evolution.clustering.cluster import cluster_patient
from oncourse.evolution.clustering.noise import ERROR_SPREAD, PRECISION_CENTRE, PRECISION_SPREAD, noise_log_prior
from oncourse.evolution.clustering.prior import ccf_grid, ccf_prior
from oncourse.evolution.clustering.rows import multiplicity_rows
from oncourse.evolution.clustering.summary import grid_interval
from oncourse.evolution.clustering.types import ClusterParams, Counts
from oncourse.evolution.vaf import expected_vaf, with_errors

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import evolution_truth as truth

MAP = ClusterParams(average=False)


def diploid(alt, depth, purity=1.0, error=1e-3) -> Counts:
    alt, depth = np.asarray(alt), np.asarray(depth)
    one = np.ones(alt.shape)
    return Counts(alt, depth, one * purity, one, one, 2 * one, np.full(alt.shape[1], error))


def draw(phi, labels, depth=200, purity=0.8, seed=1, precision=math.inf) -> Counts:
    """Counts of clusters with CCF phi (n_cluster, n_sample) at a diploid site."""
    random = np.random.default_rng(seed)
    n = random.poisson(depth, (len(labels), phi.shape[1]))
    v = with_errors(purity * phi[labels] / 2, 1e-3)
    if not math.isinf(precision):
        v = random.beta(v * precision, (1 - v) * precision)
    return diploid(random.binomial(n, v), n, purity)


PHI = np.array([[1.0, 1.0, 1.0], [0.6, 0.0, 0.3], [0.0, 0.7, 0.0], [0.25, 0.0, 0.9]])
LABELS = np.repeat(np.arange(4), [20, 12, 8, 6])


@pytest.mark.parametrize("precision", [math.inf, 60.0])
def test_likelihood_table_is_the_beta_binomial_of_scipy(precision):
    counts = Counts(
        np.array([[3, 40]]),
        np.array([[50, 90]]),
        np.array([[0.6, 0.9]]),
        np.array([[2.0, 1.0]]),
        np.array([[1.0, 0.0]]),
        np.full((1, 2), 2.0),
        np.array([1e-3, 1e-2]),
    )
    rows, grid = multiplicity_rows(counts), ccf_grid(21)
    table = np.empty((len(rows.variant), 2, 21))
    _likelihood_kernels.likelihood_table(
        counts.alt_count,
        counts.depth,
        counts.purity,
        counts.major_cn + counts.minor_cn,
        counts.normal_cn,
        counts.error_rate,
        np.full(2, precision),
        grid,
        rows.variant,
        rows.mutated,
        rows.ref_is_normal,
        rows.n_state,
        table,
    )
    for row, way in enumerate(rows.way[:2]):
        for d, (total, multiplicity) in enumerate([(3, 2 if way == 1 else 1), (1, 1)]):
            v = with_errors(
                expected_vaf(counts.purity[0, d], total, ccf=grid, multiplicity=multiplicity),
                counts.error_rate[d],
            )
            k, n = counts.alt_count[0, d], counts.depth[0, d]
            plain = (
                stats.binom.logpmf(k, n, v)
                if math.isinf(precision)
                else stats.betabinom.logpmf(k, n, v * precision, (1 - v) * precision)
            )
            part = (multiplicity > 1) & (grid > 0) & (grid < _likelihood_kernels.ALL_CELLS_FROM)
            plain = plain + part * _likelihood_kernels.BEFORE_GAIN_SUBCLONAL
            np.testing.assert_allclose(table[row, d], plain, atol=1e-6)


@pytest.mark.parametrize("precision", [math.inf, 100.0])
def test_states_of_a_variant_are_averaged_and_sites_of_one_kind_are_alike(precision):
    """Twelve variants on five kinds of copies, few and many reads, against the mean of the states of each by scipy."""
    random = np.random.default_rng(3)
    major, minor = np.array([1, 2, 2, 3, 1] * 8, float), np.array([1, 0, 1, 2, 0] * 8, float)
    n = random.integers(5, 300, 40)
    alt = np.minimum(random.integers(0, 40, 40), n)
    shape = (40, 1)
    counts = Counts(
        alt.reshape(shape),
        n.reshape(shape),
        np.full(shape, 0.7),
        major.reshape(shape),
        minor.reshape(shape),
        np.full(shape, 2.0),
        np.array([1e-3]),
    )
    state = cluster_state.new_state(counts, multiplicity_rows(counts), MAP, precision, np.zeros(1))
    cluster_state.fill_tables(state)
    rows, grid = state.rows, state.grid
    for r in range(len(rows.variant)):
        i, like = rows.variant[r], []
        for q in range(rows.n_state[r, 0]):
            beside, m = rows.ref_is_normal[r, 0, q], rows.mutated[r, 0, q]
            copies = 0.7 * (2 + (major[i] + minor[i] - 2) * grid if beside else major[i] + minor[i]) + 0.3 * 2
            v = with_errors(0.7 * grid * m / copies, 1e-3)
            plain = (
                stats.binom.pmf(alt[i], n[i], v)
                if math.isinf(precision)
                else stats.betabinom.pmf(alt[i], n[i], v * precision, (1 - v) * precision)
            )
            after = m > 1.5 and not beside
            part = after & (grid > 0) & (grid < _likelihood_kernels.ALL_CELLS_FROM)
            like.append(plain * np.exp(part * _likelihood_kernels.BEFORE_GAIN_SUBCLONAL))
        wanted = np.log(np.maximum(np.mean(like, axis=0), 1e-290))
        np.testing.assert_allclose(np.maximum(state.tables["table"][r, 0], -600), np.maximum(wanted, -600), atol=1e-6)
        scaled = np.exp(state.tables["table"][r, 0] - state.tables["scale"][r, 0])
        np.testing.assert_allclose(state.tables["prob"][r, 0], scaled, atol=1e-6)


def test_clones_that_arose_after_a_doubled_genome_keep_their_cell_fraction():
    """Twice the copies in every sample, most of the trunk before the doubling: one copy of all cells reads like two of
    half of them, and clones of single metastases came out at .5 beside a founder that never was."""
    random = np.random.default_rng(4)
    phi = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    labels = np.repeat([0, 1, 2], [60, 20, 20])
    copies = np.where((labels == 0) & (random.random(100) < 0.7), 2.0, 1.0)
    n = random.poisson(60, (100, 3))
    v = 0.6 * phi[labels] * copies[:, None] / (0.6 * 4 + 0.4 * 2)
    counts = diploid(random.binomial(n, with_errors(v, 1e-3)), n, 0.6)
    counts = replace(counts, major_cn=np.full((100, 3), 2.0), minor_cn=np.full((100, 3), 2.0))
    found = cluster_patient(counts, purity_sd=np.full(3, 0.05))
    for clone in (1, 2):
        here = np.bincount(found.labels[labels == clone]).argmax()
        assert found.ccf_mean[here, clone] > 0.9


def test_halves_of_one_cluster_are_merged_and_whole_ones_are_not():
    counts = draw(PHI, LABELS[::4])
    state = cluster_partition.best_partition(counts, MAP, np.zeros(3))
    whole = state.labels.copy()
    assert not cluster_partition.merge_clusters(state) and (state.labels == whole).all()
    half = np.flatnonzero(whole == 0)[::2]
    state.labels[half] = whole.max() + 1
    assert cluster_partition.merge_clusters(state)
    assert state.labels.max() == whole.max() and len(np.unique(state.labels[whole == 0])) == 1


def test_score_is_the_definition_of_the_partition_posterior():
    """prod_k Gamma(n_k) e(S_k) x E[a^K Gamma(a) / Gamma(a + n)] x rows, written out with scipy for one partition."""
    counts = draw(PHI, LABELS[::4], depth=60)
    state = cluster_partition.best_partition(counts, MAP, np.zeros(3))
    weight, score = state.weight, 0.0
    for k in range(state.n_cluster):
        members = np.nonzero(state.labels == k)[0]
        score += gammaln(len(members))
        free, at_one = 0.0, 0.0
        for d in range(3):
            total = np.zeros(len(state.grid))
            for i in members:
                v = with_errors(expected_vaf(0.8, 2, ccf=state.grid), state.counts.error_rate[d])
                s = state.precision[d]
                k_, n_ = counts.alt_count[i, d], counts.depth[i, d]
                total += (
                    stats.binom.logpmf(k_, n_, v)
                    if math.isinf(s)
                    else stats.betabinom.logpmf(k_, n_, v * s, (1 - v) * s)
                )
            free += logsumexp(total, b=weight[d])
            at_one += total[-1]
        score += logsumexp([free, at_one], b=[1 - state.trunk, state.trunk])
    n = len(state.labels)
    a = cluster_prior.CONCENTRATIONS
    score += logsumexp(
        cluster_prior.CONCENTRATION_LOG_PRIOR + state.n_cluster * np.log(a) + gammaln(a) - gammaln(a + n)
    )
    from oncourse.evolution.clustering.noise import noise_log_prior

    out0, out1 = cluster_prior.OUTLIER_PRIOR
    score += gammaln(n + out1) + gammaln(out0 + out1) - gammaln(out1) - gammaln(n + out0 + out1)
    assert (state.labels >= 0).all()
    assert cluster_partition.log_score(state) == pytest.approx(score + noise_log_prior(state), abs=1e-5)


def test_small_case_finds_the_best_of_all_partitions():
    """All 52 partitions of five variants, scored one by one, at fixed noise."""
    phi = np.array([[1.0, 1.0], [0.3, 0.0]])
    counts = draw(phi, np.array([0, 0, 0, 1, 1]), depth=120)
    state = cluster_partition.best_partition(counts, MAP, np.zeros(2))
    found, best = cluster_partition.log_score(state), -np.inf
    for labels in itertools.product(range(5), repeat=5):
        if all(x <= max(labels[:i], default=-1) + 1 for i, x in enumerate(labels)):
            best = max(best, cluster_partition.log_score(replace(state, labels=np.array(labels))))
    assert found == pytest.approx(best, abs=1e-6)


def test_merging_equals_merging_the_slow_way():
    """The agglomeration with its cached best partners, beside one that compares all pairs at every step."""
    counts = draw(PHI, LABELS[::3], depth=80)
    state = cluster_partition.best_partition(counts, MAP, np.zeros(3))
    prob, weight = state.tables["prob"], state.weight
    n = len(prob)
    log_k = cluster_prior.log_concentration_prior(n)

    trunk = 0.15

    def evidence(members):
        product = np.prod(prob[members].astype(float), axis=0)
        free = np.log((product * weight).sum(axis=1)).sum()
        at_one = np.log(np.maximum(product[:, -1], 1e-300)).sum()
        return logsumexp([free, at_one], b=[1 - trunk, trunk]) + gammaln(len(members))

    groups = [[i] for i in range(n)]
    best, best_groups = sum(evidence(g) for g in groups) + log_k[n], groups
    while len(groups) > 1:
        pairs = itertools.combinations(range(len(groups)), 2)
        _, i, j = max(
            (evidence(groups[i] + groups[j]) - evidence(groups[i]) - evidence(groups[j]), i, j) for i, j in pairs
        )
        groups = [g for k, g in enumerate(groups) if k not in (i, j)] + [groups[i] + groups[j]]
        score = sum(evidence(g) for g in groups) + log_k[len(groups)]
        if score > best:
            best, best_groups = score, groups
    slow = np.empty(n, int)
    for k, group in enumerate(best_groups):
        slow[group] = k
    fast = _cluster_kernels.agglomerate(prob.copy(), np.ones(n), weight, trunk, log_k)
    assert truth.adjusted_rand(fast, slow) == 1.0


def test_expected_rand_is_the_mean_adjusted_rand_in_the_certain_case():
    """With one partition visited, its expected index is 1 and that of another is their adjusted Rand index."""
    from sklearn.metrics import adjusted_rand_score

    a, b = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    together = _average_kernels.similarity(a[None, :])
    assert _average_kernels.expected_rand(a, together) == pytest.approx(1)
    assert _average_kernels.expected_rand(b, together) == pytest.approx(adjusted_rand_score(a, b))


def test_gibbs_visits_partitions_in_proportion_to_their_posterior():
    """Three variants have five partitions: the share of sweeps in each against the exact posterior (fixed alpha)."""
    counts = diploid([[24, 23], [21, 25], [13, 4]], [[60, 60]] * 3)
    state = cluster_partition.best_partition(counts, MAP, np.zeros(2))
    alpha, n_sweep = 1.0, 12000
    weight, trunk = np.tile(ccf_prior(state.grid, 0.3, 0.1), (2, 1)), 0.2
    partitions = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, 2)]
    exact = []
    for labels in partitions:
        current = replace(state, labels=np.array(labels))
        sums, sizes = cluster_state.sums_of(current)
        post = np.empty(sums.shape, np.float32)
        exact.append(
            sum(_cluster_kernels.posterior_of(sums[k], weight, trunk, post[k])[0] for k in range(len(sums)))
            + gammaln(sizes).sum()
            + len(sums) * math.log(alpha)
        )
    exact = np.exp(np.array(exact) - logsumexp(exact))
    t, random = state.tables, np.random.default_rng(5)
    labels, row_of = np.array([0, 1, 2]), state.rows.start[:-1].copy()
    shape = (8, 2, len(state.grid))
    sums, post, sizes = np.zeros(shape), np.zeros(shape, np.float32), np.zeros(8, np.int64)
    p_trunk = np.zeros(8)
    fresh = cluster_state.new_log(replace(state, absent=0.3, clonal=0.1, trunk=trunk))
    seen = dict.fromkeys(partitions, 0)
    for _ in range(n_sweep):
        used = int(labels.max()) + 1
        _cluster_kernels.cluster_sums(t["table"], row_of, labels, used, sums, sizes)
        for k in range(used):
            _, p_trunk[k] = _cluster_kernels.posterior_of(sums[k], weight, trunk, post[k])
        _cluster_kernels.sweep(
            t["table"],
            t["prob"],
            t["scale_sum"],
            state.rows.start,
            state.rows.log_prior,
            fresh,
            np.full(3, -1e9),
            t["at_one"],
            weight,
            trunk,
            alpha,
            np.array([1e-9, 1.0]),
            labels,
            row_of,
            sums,
            sizes,
            post,
            p_trunk,
            used,
            random.random(3),
            np.arange(3),
            np.empty(3),
        )
        first: dict[int, int] = {}
        labels = np.array([first.setdefault(k, len(first)) for k in labels])
        seen[tuple(labels.tolist())] += 1
    share = np.array([seen[p] for p in partitions]) / n_sweep
    # sweeps are correlated: three standard errors of 2,400 independent draws
    np.testing.assert_allclose(share, exact, atol=3 * np.sqrt(0.25 / 2400))


def test_clear_clones_are_found_exactly():
    found = cluster_patient(draw(PHI, LABELS))
    assert truth.adjusted_rand(found.labels, LABELS) == 1.0
    order = [found.labels[np.nonzero(k == LABELS)[0][0]] for k in range(4)]
    np.testing.assert_allclose(found.ccf_mean[order], PHI, atol=0.06)
    np.testing.assert_allclose(found.assignment.sum(axis=1) + found.p_outlier, 1, atol=1e-9)
    np.testing.assert_allclose(found.posterior.sum(axis=2), 1, atol=1e-9)
    assert (found.variant_p_present[LABELS == 1][:, 1] < 0.05).all()


def _same(a, b, variants, samples):
    np.testing.assert_array_equal(a.labels[variants], b.labels)
    np.testing.assert_array_equal(a.variant_ccf_mean[np.ix_(variants, samples)], b.variant_ccf_mean)
    np.testing.assert_array_equal(a.ccf_low[:, samples], b.ccf_low)
    np.testing.assert_array_equal(a.assignment[variants], b.assignment)


def _take(counts, variants, samples):
    at = np.ix_(variants, samples)
    tables = (
        counts.alt_count,
        counts.depth,
        counts.purity,
        counts.major_cn,
        counts.minor_cn,
        counts.normal_cn,
    )
    return Counts(*(table[at] for table in tables), counts.error_rate[samples])


def test_order_of_variants_and_samples_does_not_matter():
    counts = draw(PHI, LABELS, depth=70)
    random = np.random.default_rng(3)
    variants, samples = random.permutation(len(LABELS)), random.permutation(3)
    _same(cluster_patient(counts), cluster_patient(_take(counts, variants, samples)), variants, samples)


def test_a_sample_without_reads_or_tumour_changes_nothing():
    counts = draw(PHI, LABELS, depth=70)
    plain = cluster_patient(counts)
    for depth, purity in ((0, 0.5), (100, 0.0)):
        more = Counts(
            *(
                np.concatenate([table, np.full((len(LABELS), 1), value, table.dtype)], axis=1)
                for table, value in (
                    (counts.alt_count, 0),
                    (counts.depth, depth),
                    (counts.purity, purity),
                    (counts.major_cn, 1),
                    (counts.minor_cn, 1),
                    (counts.normal_cn, 2),
                )
            ),
            np.append(counts.error_rate, 1e-3),
        )
        found = cluster_patient(more)
        _same(found, plain, np.arange(len(LABELS)), np.arange(3))
        assert (found.ccf_high[:, 3] - found.ccf_low[:, 3] > 0.8).all()  # nothing is known there


def test_a_site_not_looked_at_keeps_its_variant():
    counts = draw(PHI, LABELS)
    alt, depth = counts.alt_count.copy(), counts.depth.copy()
    alt[:5, 1] = depth[:5, 1] = 0
    found = cluster_patient(replace(counts, alt_count=alt, depth=depth))
    assert truth.adjusted_rand(found.labels, LABELS) == 1.0
    with pytest.raises(ValueError, match="needs reads"):
        cluster_patient(replace(counts, depth=0 * depth, alt_count=0 * alt))


def test_an_artefact_is_an_outlier_and_moves_nobody():
    """Allele fractions of .95, .02 and .9 in a diploid tumour of purity .5 fit no clone of one mutated copy."""
    counts = draw(PHI, LABELS, purity=0.5)
    alt, depth = counts.alt_count.copy(), counts.depth.copy()
    alt[0] = np.round(depth[0] * [0.95, 0.02, 0.9])
    found = cluster_patient(replace(counts, alt_count=alt))
    assert found.labels[0] == -1 and found.p_outlier[0] > 0.5
    assert truth.adjusted_rand(found.labels[1:], LABELS[1:]) == 1.0


@pytest.mark.parametrize("average", [True, False])
def test_a_trunk_of_one_variant_is_no_artefact(average):
    """One mutation in every cell of seven samples; no other clone is clonal anywhere, so that spikes at 1 are rare.

    It was taken for an artefact while every sample's spike was drawn apart, and the tree had no root.
    """
    random = np.random.default_rng(11)
    phi = np.where(random.random((12, 7)) < 0.4, random.uniform(0.1, 0.8, (12, 7)), 0.0)
    phi[0] = 1.0
    counts = draw(phi, np.concatenate([[0], np.repeat(np.arange(1, 12), 5)]), purity=1.0)
    found = cluster_patient(counts, ClusterParams(average=average))
    assert found.p_outlier[0] < 0.05 and (found.labels == found.labels[0]).sum() == 1
    assert (found.variant_ccf_low[0] > 0.9).all()


@pytest.mark.parametrize("average", [True, False])
def test_nothing_but_artefacts_is_no_cluster(average):
    """Allele fractions of .95 at purity .1: no clone explains them, and no clone is what comes back."""
    found = cluster_patient(diploid([[950, 900]] * 3, [[1000, 1000]] * 3, 0.1), ClusterParams(average=average))
    assert found.n_cluster == 0 and (found.labels == -1).all() and found.assignment.shape == (3, 0)
    np.testing.assert_allclose(found.p_outlier, 1, atol=1e-6)
    assert np.isfinite(found.variant_ccf_mean).all()


def test_a_lost_allele_is_lost_and_not_absent():
    """Truncal variants on the allele that sample 2 lost: no reads there, yet they stay with the trunk."""
    counts = draw(PHI[:2], np.repeat([0, 1], [20, 10]), depth=150)
    alt, minor = counts.alt_count.copy(), counts.minor_cn.copy()
    minor[:8, 1] = 0  # LOH of eight trunk sites, one copy left
    alt[:4, 1] = 0  # four of them on the allele that went
    v = expected_vaf(0.8, 1)
    alt[4:8, 1] = np.round(counts.depth[4:8, 1] * v)
    found = cluster_patient(replace(counts, alt_count=alt, minor_cn=minor))
    assert len(set(found.labels[:20])) == 1
    assert (found.p_lost[:4, 1] > 0.9).all() and (found.p_lost[4:8, 1] < 0.1).all()
    assert (found.multiplicity[:4, 1] == 0).all()
    assert found.ccf_mean[found.labels[0], 1] > 0.9


def test_multiplicity_is_shared_across_samples():
    """Two of three copies mutated in every cell of both samples: one truncal variant before the gain."""
    counts = draw(np.array([[1.0, 1.0], [0.5, 0.2]]), np.repeat([0, 1], [15, 10]), depth=200)
    major, alt = counts.major_cn.copy(), counts.alt_count.copy()
    major[:6] = 2
    alt[:3] = np.round(counts.depth[:3] * expected_vaf(0.8, 3, multiplicity=2))
    alt[3:6] = np.round(counts.depth[3:6] * expected_vaf(0.8, 3, multiplicity=1))
    found = cluster_patient(replace(counts, alt_count=alt, major_cn=major))
    assert (found.multiplicity[:3] == 2).all() and (found.multiplicity[3:6] == 1).all()
    assert len(set(found.labels[:15])) == 1


def test_overdispersion_is_learned_per_sample():
    """Sample 0 with precision 40, samples 1 and 2 binomial, at 600x."""
    counts = draw(PHI, LABELS, depth=600, seed=4)
    noisy = draw(PHI, LABELS, depth=600, seed=4, precision=40)
    alt, depth = counts.alt_count.copy(), counts.depth.copy()
    alt[:, 0], depth[:, 0] = noisy.alt_count[:, 0], noisy.depth[:, 0]
    found = cluster_patient(replace(counts, alt_count=alt, depth=depth))
    assert found.overdispersion[0] <= 120 and (found.overdispersion[1:] >= 500).all()


def test_purity_moves_within_its_error_to_put_the_trunk_at_one():
    counts = draw(PHI, LABELS, depth=300)
    wrong = replace(counts, purity=counts.purity * 0 + 0.87)
    fixed, learned = cluster_patient(wrong, MAP), cluster_patient(wrong, MAP, purity_sd=np.full(3, 0.06))
    assert fixed.ccf_mean[0].max() < 0.96
    np.testing.assert_allclose(learned.purity, 0.8, atol=0.03)
    np.testing.assert_allclose(learned.ccf_mean[0], 1, atol=0.02)


def test_many_variants_take_the_same_clusters_as_few():
    labels = np.repeat(LABELS, 15)
    found = cluster_patient(draw(PHI, labels), ClusterParams(average=False, max_merge=100))
    assert truth.adjusted_rand(found.labels, labels) > 0.99


def test_single_variant_and_panel_of_five():
    one = cluster_patient(diploid([[20]], [[100]]))
    assert one.n_cluster == 1 and one.n_variants.tolist() == [1]
    five = cluster_patient(diploid([[50], [48], [52], [12], [10]], [[100]] * 5))
    assert five.n_cluster == 2


@pytest.mark.parametrize("shape", [(5, 1), (12, 2), (30, 3)])
def test_a_tumour_of_one_clone_is_one_cluster(shape):
    """Averaging once split every tumour of a single clone: the expected index of one cluster was taken as 0."""
    for seed in range(4):
        counts = draw(np.ones((1, shape[1])), np.zeros(shape[0], int), seed=seed)
        found = cluster_patient(counts)
        assert found.n_cluster == 1 and (found.labels == 0).all()


def test_ccf_intervals_of_known_clusters_cover_as_they_say():
    """900 single variants with CCF from the slab: 90 % intervals cover 90 % +- 3 (3 standard errors)."""
    random = np.random.default_rng(9)
    phi = random.random((900, 1))
    counts = draw(phi, np.arange(900), depth=150, seed=2)
    found = variant_ccf(counts, np.array([math.inf]))
    # drawn from the slab alone, judged with spikes: the upper end is pulled to 1, so that band is left out
    use = (phi[:, 0] > 0.15) & (phi[:, 0] < 0.75)
    covered = (found.low[use] <= phi[use]) & (phi[use] <= found.high[use])
    assert covered.mean() == pytest.approx(0.9, abs=0.035)


def test_loss_of_heterozygosity_that_nobody_measured_stays_with_the_trunk():
    """Copy number unknown: five variants on both copies of the trunk show the whole purity as allele fraction."""
    counts = draw(PHI[:2], np.repeat([0, 1], [20, 10]), depth=200, purity=0.7)
    alt = counts.alt_count.copy()
    alt[:5] = np.round(counts.depth[:5] * 0.7)
    unknown = np.zeros(alt.shape, bool)
    found = cluster_patient(replace(counts, alt_count=alt, cn_known=unknown))
    assert len(set(found.labels[:20])) == 1 and found.ccf_mean[found.labels[0]].min() > 0.95
    assert (found.multiplicity[:5] == 2).all() and (found.multiplicity[5:20] == 1).all()
    mean, _, _ = estimate_purity(replace(counts, alt_count=alt, cn_known=unknown), 0)
    assert mean == pytest.approx(0.7, abs=0.06)
    measured = cluster_patient(replace(counts, alt_count=alt))
    assert (measured.labels[:5] != measured.labels[10]).all()  # measured as two copies: something else, not the trunk


def test_purity_from_clonal_variants():
    counts = draw(PHI, LABELS, depth=250, purity=0.46)
    mean, low, high = estimate_purity(counts, 0)
    assert low < mean < high < low + 0.15 and abs(mean - 0.46) < 0.06
    assert all(math.isnan(x) for x in estimate_purity(diploid([[0]], [[90]]), 0))


def test_grid_interval_knows_spikes():
    grid = ccf_grid(11)
    mass = np.zeros((2, 11))
    mass[0, 0] = 1.0
    mass[1, 10], mass[1, 5] = 0.97, 0.03
    low, high = grid_interval(mass, grid, 0.9)
    # a spike is as wide as its cell, and the limits hold the mean (.98)
    assert low[0] == 0 < high[0] < 0.02 and 0.9 < low[1] <= mass[1] @ grid and high[1] == 1


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_public_truth(shared_data, every):
    """The 40 MACHINA tumours (a third of them, where time is short) and the PyClone-VI example, one setting."""
    tumours = truth.machina(shared_data("evo-machina-sims"))[::every]
    found = [truth.adjusted_rand(cluster_patient(t.counts).labels, t.labels) for t in tumours]
    assert np.mean(found) > 0.91
    (example,) = truth.pyclone_synthetic(shared_data("evo-pyclonevi"))
    assert truth.adjusted_rand(cluster_patient(example.counts).labels, example.labels) >= 0.9


def test_the_prior_of_noise_is_normal_in_logs_of_precision_and_error_and_in_the_shift_of_purity():
    """One spread of each away from what is usual: each takes 1/2 off."""
    usual = {"precision": [PRECISION_CENTRE], "error_factor": [1.0], "purity_shift": [0.0]}
    away = {
        "precision": [PRECISION_CENTRE * np.exp(-PRECISION_SPREAD)],
        "error_factor": [np.exp(ERROR_SPREAD)],
        "purity_shift": [2.0],
    }
    of = lambda **v: noise_log_prior(SimpleNamespace(**{k: np.array(x) for k, x in v.items()}))  # noqa: E731
    assert of(**usual) == pytest.approx(0)
    for name, expected in (("precision", -0.5), ("error_factor", -0.5), ("purity_shift", -2.0)):
        assert of(**usual | {name: away[name]}) == pytest.approx(expected)
    assert of(**away) == pytest.approx(-3.0)
