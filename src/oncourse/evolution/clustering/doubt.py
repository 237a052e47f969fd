"""A cluster may be no clone: mapping artefacts, and variants whose copies differ from those told.

Two things look like clones in several lesions. Artefacts show one fraction of the reads in every sample, whatever the
purity, often at more than the usual depth and on few chromosomes. Variants of another clone that sit on a lost (or not
gained) allele show less of themselves in the lesions concerned: all those of a segment, while those on its other allele
show more. Each cluster is weighed against both; segments are averaged over all that hold them, whole chromosomes where
places are not known. The shares and shifts below are choices, made before the stresses of docs/explanation/stress.md
were run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.clustering.prior import ccf_prior
from oncourse.evolution.clustering.types import Clustering, Counts, FloatArray, IntArray

ARTEFACT_PRIOR = 0.03
"""Share of clusters that are artefacts, before anything is seen."""
DEPTH_SHIFT, DEPTH_SPREAD, DEPTH_SLACK = 0.25, 0.2, 0.05
"""Log of the depth of artefacts beside that of other variants (1.1-1.6 times), and what clones differ by."""
CLONE_SPREAD, ARTEFACT_SPREAD = 40.0, 3.0
"""Concentration of a clone's and of artefacts' variants over chromosomes, around those of all variants."""
EVENT_PRIOR, TOLD_EVENT_PRIOR = 0.05, 0.3
"""Chance per chromosome that copies differ from those told; that a loss told as clonal is not in all cells."""
OTHER_ALLELE = 0.25
"""Least variants on the other allele, as a share of the cluster's, by which an event can be told from a clone."""
AGAIN = 0.3
"""Part of the price of an event that each further sample with it costs: lesions may have it of one founder."""
LIKE = 0.2
"""Cell fractions of variants of one clone differ by less where its copies are as told."""
STRAY, PLAIN = 0.005, 0.3
"""Chance that a variant of a cluster is on none of the segments that explain the others, with any reads; that those of
a chromosome are the parent's as told. Low: whether two clusters are one is for the clustering to say."""
CELLS = np.array([0.25, 0.4, 0.55, 0.7, 0.85, 1.0])
"""Share of the tumour cells that have the event."""
FRACTIONS = np.linspace(0.01, 0.99, 99)
TRUNK_FROM = 0.9
"""A cluster that may have this CCF in every sample is not doubted: nothing is founded by it that the trunk did not
found."""
LEAST_CCF = 0.3
"""Variants in fewer cells than this say nothing of copies."""
NO_CLONE = 0.5
"""Probability from which a cluster leaves the clones."""
ARTEFACT, COPIES = "artefact", "copies"


@dataclass(frozen=True)
class Doubt:
    """Why a cluster may be no clone.

    p : probability that it is none; reason : `ARTEFACT` or `COPIES`, the likelier; parent : the cluster whose variants
    those of unlike copies are, -1 for artefacts
    """

    p: float
    reason: str
    parent: int


def log_reads(alt: IntArray, depth: IntArray, vaf: FloatArray, s: float) -> FloatArray:
    """Return the beta-binomial log-likelihood, without its coefficient, of reads (n,) at fractions (n, ...).

    s : precision; inf is taken as 1e5
    """
    from oncourse.evolution._likelihood_kernels import reads_at

    fractions = np.ascontiguousarray(vaf, float).reshape(len(alt), math.prod(vaf.shape[1:]))
    return np.asarray(reads_at(alt, depth, fractions, min(float(s), 1e5))).reshape(vaf.shape)


def doubts(counts: Counts, found: Clustering) -> tuple[Doubt, ...]:
    """Weigh every cluster against being artefacts or variants of another cluster on other copies than told."""
    n_cluster = found.n_cluster
    seen = (counts.depth > 0) & (counts.purity > 0)
    if n_cluster == 0 or counts.n_sample < 2:
        return tuple(Doubt(0.0, ARTEFACT, -1) for _ in range(n_cluster))
    table = _Table.of(counts, found, seen)
    trunk = int(np.argmax(found.ccf_mean.mean(axis=1) * np.sqrt(np.maximum(found.n_variants, 1))))
    out = []
    for k in range(n_cluster):
        members = np.flatnonzero(found.labels == k)
        here = np.asarray(seen[members].any(axis=0))
        if k == trunk or not len(members) or ((table.mean + 2 * table.sd)[k][here] >= TRUNK_FROM).all():
            out.append(Doubt(0.0, ARTEFACT, -1))
            continue
        clone = table.clone(members, here)
        artefact = table.artefact(members, here) - clone + math.log(ARTEFACT_PRIOR / (1 - ARTEFACT_PRIOR))
        copies, parent = table.copies(k, members, clone)
        logs = np.array([0.0, artefact, copies])
        mass = np.exp(logs - logs.max())
        mass /= mass.sum()
        reason = ARTEFACT if mass[1] >= mass[2] else COPIES
        out.append(Doubt(float(1 - mass[0]), reason, parent if reason == COPIES else -1))
    return tuple(out)


@dataclass(frozen=True)
class _Table:
    """What the weighing needs of one patient.

    mean, sd : (K, S), cell fractions of the clusters and their errors, by the reads of their members
    vaf_one : (n, S), fraction of a variant of all cells on its told copies; weight : (G,), prior of the CCF
    excess : (n,), mean log depth beside that of all variants, at equal copies; spread : its sd over variants
    told : (n, S), log-likelihood of each variant at its cluster's fraction on the told copies; of outliers, any count
    any_count : (n, S), of any count from 0 to the depth
    """

    counts: Counts
    found: Clustering
    seen: NDArray[np.bool_]
    mean: FloatArray
    sd: FloatArray
    purity: FloatArray
    vaf_one: FloatArray
    weight: FloatArray
    excess: FloatArray
    spread: float
    told: FloatArray
    any_count: FloatArray

    @classmethod
    def of(cls, counts: Counts, found: Clustering, seen: NDArray[np.bool_]) -> _Table:
        purity = counts.purity if found.purity is None else np.broadcast_to(found.purity, counts.purity.shape)
        total = counts.major_cn + counts.minor_cn
        copies = purity * total + (1 - purity) * counts.normal_cn
        # an allele taken as lost says nothing of a cluster's fraction: one copy stands in
        mutated = np.maximum(found.multiplicity, np.minimum(1, total))
        vaf = purity * mutated / np.maximum(copies, 1e-9)
        weight = ccf_prior(found.grid, found.spike_absent, found.spike_clonal)
        depth = np.where(seen, counts.depth, np.nan) / np.maximum(copies, 1e-9)
        used = seen.any(axis=0)
        excess = np.nanmean(np.log(depth[:, used] / median_of_known(depth[:, used])), axis=1)
        excess -= np.median(excess)
        spread = 1.4826 * float(np.median(np.abs(excess)))
        mass = np.exp(found.log_lik) * weight
        mass /= mass.sum(axis=2, keepdims=True)
        mean = mass @ found.grid
        sd = np.sqrt(np.maximum((mass * (found.grid - mean[..., None]) ** 2).sum(axis=2), 1e-4))
        told, rows = np.zeros(seen.shape), np.arange(counts.n_variant)
        any_count = np.stack([_any_count(counts, rows, d) for d in range(counts.n_sample)], axis=1)
        any_count = np.where(seen, any_count, 0.0)
        made = cls(counts, found, seen, mean, sd, purity, vaf, weight, excess, max(spread, 0.05), told, any_count)
        inside = np.flatnonzero(found.labels >= 0)
        told[:] = any_count
        if len(inside):
            told[inside] = made.logs(inside, mean[found.labels[inside]] * vaf[inside])
        return made

    def _log(self, rows: IntArray, d: int, vaf: FloatArray) -> FloatArray:
        """Log-likelihood of the reads of `rows` in sample d at `vaf` (rows, ...); 0 where not looked at."""
        error = self.counts.error_rate[d]
        alt, depth = self.counts.alt_count[rows, d], self.counts.depth[rows, d]
        value = log_reads(alt, depth, vaf * (1 - 2 * error) + error, self.found.overdispersion[d])
        value[~self.seen[rows, d]] = 0.0
        return value

    def logs(self, rows: IntArray, vaf: FloatArray) -> FloatArray:
        """Log-likelihood (rows, S) of the reads of `rows` at `vaf` (rows, S); 0 where not looked at."""
        return np.stack([self._log(rows, d, vaf[:, d]) for d in range(self.counts.n_sample)], axis=1)

    def clone(self, members: IntArray, here: NDArray[np.bool_]) -> float:
        """Log evidence that the members are a clone: one cell fraction per sample, any."""
        out = 0.0
        for d in np.flatnonzero(here).tolist():
            logs = self._log(members, d, self.vaf_one[members, d, None] * self.found.grid).sum(axis=0)
            out += float(np.logaddexp.reduce(logs + np.log(np.maximum(self.weight, 1e-300))))
        return out + self._depth(members, 0.0, DEPTH_SLACK) + self._places(members, CLONE_SPREAD)

    def artefact(self, members: IntArray, here: NDArray[np.bool_]) -> float:
        """Log evidence that they are artefacts: one fraction of the reads in every sample."""
        logs = np.zeros(len(FRACTIONS))
        for d in np.flatnonzero(here).tolist():
            logs += self._log(members, d, np.broadcast_to(FRACTIONS, (len(members), len(FRACTIONS)))).sum(axis=0)
        one = float(np.logaddexp.reduce(logs)) - math.log(len(FRACTIONS))
        return one + self._depth(members, DEPTH_SHIFT, DEPTH_SPREAD) + self._places(members, ARTEFACT_SPREAD)

    def _depth(self, members: IntArray, shift: float, slack: float) -> float:
        var = self.spread**2 / len(members) + slack**2
        return -0.5 * (float(self.excess[members].mean()) - shift) ** 2 / var - 0.5 * math.log(var)

    def _places(self, members: IntArray, concentration: float) -> float:
        """Log Dirichlet-multinomial of the members' chromosomes around those of all variants; 0 where not known."""
        from scipy.special import gammaln

        if self.counts.chrom is None:
            return 0.0
        n = int(self.counts.chrom.max()) + 1
        usual = np.bincount(self.counts.chrom, minlength=n) + 0.5
        a = concentration * usual / usual.sum()
        k = np.bincount(self.counts.chrom[members], minlength=n)
        value = gammaln(concentration) - gammaln(concentration + len(members)) + (gammaln(a + k) - gammaln(a)).sum()
        return float(value)

    def _within(self, members: IntArray) -> float:
        """Log chance of the members' chromosomes, were these the ones with an event."""
        chrom = self.counts.chrom
        assert chrom is not None
        usual = np.bincount(chrom) + 0.5
        return float(np.log(usual[chrom[members]] / usual[np.unique(chrom[members])].sum()).sum())

    def copies(self, k: int, members: IntArray, clone: float) -> tuple[float, int]:
        """Return log odds that the members are another cluster's, on other copies than told, and that cluster."""
        from scipy.special import gammaln

        best, whose = -math.inf, -1
        if self.counts.chrom is None:
            return best, whose
        mean, sd, n = self.mean, self.sd, self.found.n_variants
        for parent in range(self.found.n_cluster):
            lower = mean[parent] - mean[k] > np.maximum(0.1, 2 * (sd[parent] + sd[k]))
            alike = np.abs(mean[parent] - mean[k]) <= 3 * (sd[parent] + sd[k]) + 0.05
            # an event of some lesions: the others show the variants as their clone does
            if parent == k or n[parent] < max(3, n[k] / 2) or not lower.any() or not (alike & ~lower).any():
                continue
            if not (alike | lower).all():
                continue
            own = self._like(parent, k, ~lower)
            explained, usual, n_other = self._by_chromosome(members, own, mean[parent], lower)
            split = math.lgamma(n[k]) + math.lgamma(n[parent]) - float(gammaln(n[k] + n[parent]))
            explained += self._depth(members, 0.0, DEPTH_SLACK) + self._within(members)
            value = explained - (clone + split + usual)
            # half of the variants of the segments should be on the other allele: without them copies and clone look
            # alike
            value = min(value, 0.0) if n_other < max(1.0, OTHER_ALLELE * len(members)) else value
            if value > best:
                best, whose = value, parent
        return best, whose

    def _like(self, parent: int, k: int, samples: NDArray[np.bool_]) -> IntArray:
        """Return variants outside cluster k that show in `samples` what the parent's do; in others they may be
        raised."""
        gap = np.abs(self.found.variant_ccf_mean - self.mean[parent])[:, samples].max(axis=1)
        labels = self.found.labels
        return np.flatnonzero((labels == parent) | (labels != k) & (gap <= LIKE))

    def _by_chromosome(
        self, members: IntArray, own: IntArray, ccf: FloatArray, lower: NDArray[np.bool_]
    ) -> tuple[float, float, float]:
        """Return log-likelihoods: of members and parent's variants with events where they serve, of the latter as told;
        and how many of the parent's variants the events hold."""
        chrom = self.counts.chrom
        assert chrom is not None
        explained = usual = n_other = 0.0
        as_parent = self.logs(members, ccf * self.vaf_one[members])
        for c in np.unique(chrom[members]):
            here = chrom[members] == c
            m, p = members[here], own[chrom[own] == c]
            told_lost = all((self.counts.minor_cn[m, d] == 0).all() for d in np.flatnonzero(lower))
            price = math.log(TOLD_EVENT_PRIOR if told_lost else EVENT_PRIOR) * (1 + AGAIN * (int(lower.sum()) - 1))
            told = self.told[p].sum(axis=0)
            both = as_parent[here].sum(axis=0) + told
            usual += float(told.sum())
            plain = math.log(PLAIN) + float(both.sum())
            strays = np.where(lower, told + self.any_count[m].sum(axis=0), both)
            stray = len(m) * math.log(STRAY) + float(strays.sum())
            event, held = self._events(m, p, ccf, np.flatnonzero(lower), self.told[p])
            n_other += held
            explained += float(np.logaddexp.reduce([price + float(both[~lower].sum()) + event, stray, plain]))
        return explained, usual, n_other

    def _events(
        self, m: IntArray, p: IntArray, ccf: FloatArray, lower: IntArray, as_told: FloatArray
    ) -> tuple[float, float]:
        """Return the log-likelihood, in the samples `lower`, of members on a segment's lost allele and the parent's
        variants there on the other, and how many these are.

        Averaged over the segments that hold all members: where one ends is not known; variants outside it are as told.
        The whole chromosome where places are not known.
        """
        place = self.counts.position
        n, first, last = len(p), 0, len(p)
        if place is not None:
            order = np.argsort(place[p], kind="stable")
            p, as_told = p[order], as_told[order]
            first = int((place[p] < place[m].min()).sum())
            last = int((place[p] <= place[m].max()).sum())
        begin = np.arange(first + 1) if place is not None else np.zeros(1, np.int64)
        end = np.arange(last, n + 1) if place is not None else np.full(1, n)
        within = end[None, :] - begin[:, None]
        value = math.log(0.5) * (len(m) + within.astype(float))
        for d in lower.tolist():
            lost, held = self._event(m, p, d, float(ccf[d]))
            run = np.concatenate([np.zeros((1, held.shape[1])), np.cumsum(held, axis=0)])
            told = np.concatenate([[0.0], np.cumsum(as_told[:, d])])
            inside = run[end][None] - run[begin][:, None] + lost
            value += _log_total(inside) - math.log(len(lost))
            value += told[-1] - (told[end][None] - told[begin][:, None])
        share = np.exp(value - value.max())
        total = float(value.max()) + math.log(float(share.mean()))
        return total, float((share * within).sum() / share.sum())

    def events(self, rows: IntArray, d: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return copies, per event and share of cells (3 x `CELLS`,), of the allele that lost, of the other one, and of
        all the cells."""
        return copies_of_events(
            self.rho(d), _middle(self.counts.major_cn[rows, d]), _middle(self.counts.minor_cn[rows, d])
        )

    def rho(self, d: int) -> float:
        """Purity of the sample."""
        return float(self.purity[0, d]) if self.found.purity is None else float(self.found.purity[d])

    def either_allele(self, rows: IntArray, d: int, ccf: FloatArray) -> float:
        """Log-likelihood of variants at their `ccf` (rows,) on either allele, over events and shares of cells."""
        rho, (left, kept, total) = self.rho(d), self.events(rows, d)
        any_count = (self.any_count[rows, d] + math.log(STRAY))[:, None]
        copies = np.concatenate([left / total, kept / total, np.minimum(kept, 1.0) / total])
        on_lost, every, one = np.split(self._log(rows, d, rho * ccf[:, None] * copies), 3, axis=1)
        on = np.logaddexp(on_lost + math.log(0.5), np.logaddexp(every, one) + math.log(0.25))
        logs = np.logaddexp(on + math.log(1 - STRAY), any_count).sum(axis=0)
        return float(np.logaddexp.reduce(logs)) - math.log(len(logs))

    def _event(self, m: IntArray, p: IntArray, d: int, ccf: float) -> tuple[FloatArray, FloatArray]:
        """Return log-likelihoods over events and shares of cells, (q,) and (len(p), q): of the members on the allele
        that lost, of each of the parent's variants on the other."""
        rho, (left, kept, total) = self.rho(d), self.events(np.r_[m, p], d)
        lost = self._log(m, d, np.broadcast_to(rho * ccf * left / total, (len(m), len(left)))).sum(axis=0)
        copies = np.concatenate([kept / total, np.minimum(kept, 1.0) / total])
        every, one = np.split(self._log(p, d, np.broadcast_to(rho * ccf * copies, (len(p), len(copies)))), 2, axis=1)
        return lost, np.logaddexp(every, one) - math.log(2)


def _log_total(logs: FloatArray) -> FloatArray:
    """Return log of the sum of exp(logs) along the last axis; at once what `np.logaddexp.reduce` does in turn."""
    top = logs.max(axis=-1, keepdims=True)
    return np.asarray(top[..., 0] + np.log(np.exp(logs - top).sum(axis=-1)))


def median_of_known(values: FloatArray) -> FloatArray:
    """Return shape (S,): the median of each column of `values` (n, S) that is not NaN; each has one.

    What `np.nanmedian` gives, without its masked arrays.

    Examples
    --------
    >>> median_of_known(np.array([[1.0, 5.0], [2.0, np.nan], [4.0, 7.0]])).tolist()
    [2.0, 6.0]
    """
    last = (~np.isnan(values)).sum(axis=0) - 1
    ranked, column = np.sort(values, axis=0), np.arange(values.shape[1])  # NaN come last
    return np.asarray(0.5 * (ranked[last // 2, column] + ranked[(last + 1) // 2, column]))


def _middle(values: FloatArray) -> float:
    """The median; of equal values, as those of one segment are, without sorting them."""
    first = values[0]
    return float(first if (values == first).all() else np.median(values))


@lru_cache(maxsize=4096)
def copies_of_events(rho: float, major: float, minor: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return `_Table.events` of a purity and of the copies told."""
    big, small = max(major, 1.0) if minor > 0 else 1.0, 1.0
    after, other = np.array([0.0, 0.0, small]), np.array([big, 2.0, big + 1])
    left = ((1 - CELLS) * small + CELLS * after[:, None]).ravel()
    kept = ((1 - CELLS) * big + CELLS * other[:, None]).ravel()
    return left, kept, rho * (left + kept) + (1 - rho) * 2


def _any_count(counts: Counts, rows: IntArray, d: int) -> FloatArray:
    """Return the log-likelihood of any count from 0 to the depth, without the binomial coefficient (as `log_reads`)."""
    from scipy.special import gammaln

    k, n = counts.alt_count[rows, d], counts.depth[rows, d]
    return np.asarray(gammaln(k + 1.0) + gammaln(n - k + 1.0) - gammaln(n + 1.0) - np.log(n + 1.0))


def chromosome_variance(counts: Counts, found: Clustering) -> FloatArray:
    """Return shape (K, S): variance of each cluster's cell fraction when chromosomes are left out in turn (jackknife).

    Errors of copies move all variants of a segment together: what single variants say of the error is too little. 0
    where chromosomes are not known, or fewer than three have the cluster.
    """
    out = np.zeros(found.ccf_mean.shape)
    if counts.chrom is None or found.n_cluster == 0:
        return out
    table = _Table.of(counts, found, (counts.depth > 0) & (counts.purity > 0))
    log_weight = np.log(np.maximum(table.weight, 1e-300))
    for k in range(found.n_cluster):
        members = np.flatnonzero(found.labels == k)
        chrom, part = np.unique(counts.chrom[members], return_inverse=True)
        if len(chrom) < 3:
            continue
        for d in range(counts.n_sample):
            logs = table._log(members, d, table.vaf_one[members, d, None] * found.grid)
            by_chrom = np.zeros((len(chrom), len(found.grid)))
            np.add.at(by_chrom, part, logs)
            left = by_chrom.sum(axis=0) - by_chrom + log_weight
            mass = np.exp(left - left.max(axis=1, keepdims=True))
            mean = mass @ found.grid / mass.sum(axis=1)
            out[k, d] = (len(chrom) - 1) / len(chrom) * ((mean - mean.mean()) ** 2).sum()
    return out


def wrong_copies(counts: Counts, found: Clustering) -> FloatArray:
    """Return shape (n_chromosome, S): probability that copies differ from those told, by the variants of the
    chromosome.

    Its variants at the cell fractions of their clusters on the told copies, against one allele lost or gained in a
    share of the cells; each variant is on either allele. NaN where chromosomes are not known or fewer than two variants
    are there.
    """
    if counts.chrom is None:
        return np.zeros((0, counts.n_sample))
    out = np.full((int(counts.chrom.max(initial=-1)) + 1, counts.n_sample), np.nan)
    if found.n_cluster == 0:
        return out
    table = _Table.of(counts, found, (counts.depth > 0) & (counts.purity > 0))
    for c in range(len(out)):
        rows = np.flatnonzero((counts.chrom == c) & (found.labels >= 0))
        for d in range(counts.n_sample):
            here = rows[table.seen[rows, d]]
            ccf = table.mean[found.labels[here], d]
            if len(here) < 2 or (ccf < LEAST_CCF).all():
                continue
            price = TOLD_EVENT_PRIOR if (counts.minor_cn[here, d] == 0).all() else EVENT_PRIOR
            told = table._log(here, d, ccf * table.vaf_one[here, d])
            # where a loss is told, half of the variants are on the lost allele
            gone = table._log(here, d, np.zeros(len(here)))
            told = np.where(counts.minor_cn[here, d] == 0, np.logaddexp(told, gone) - math.log(2), told)
            told = np.logaddexp(told + math.log(1 - STRAY), table.any_count[here, d] + math.log(STRAY))
            logs = table.either_allele(here, d, ccf) + math.log(price)
            odds = float(logs - told.sum() - math.log(1 - price))
            out[c, d] = 1 / (1 + math.exp(-min(max(odds, -600.0), 600.0)))
    return out


def set_aside(counts: Counts, found: Clustering) -> Clustering:
    """Return the clustering without the clusters that are more likely no clone, with the doubt left on the others.

    Members of artefact clusters become outliers; variants on other copies join the cluster they belong to.
    """
    weighed = doubts(counts, found)
    gone = {k for k, doubt in enumerate(weighed) if doubt.p > NO_CLONE}
    if len(gone) == found.n_cluster:
        gone = set()
    kept = [k for k in range(found.n_cluster) if k not in gone]
    rank = {k: i for i, k in enumerate(kept)}
    labels, assignment = found.labels.copy(), found.assignment.copy()
    p_outlier, why = found.p_outlier.copy(), np.full(len(labels), "", dtype="<U8")
    for k in sorted(gone):
        parent = weighed[k].parent
        while parent in gone:  # a cluster's parent may be in doubt itself: its own parent then
            parent = weighed[parent].parent if weighed[parent].parent != k else -1
        members = found.labels == k
        why[members] = weighed[k].reason
        labels[members] = parent
        if parent >= 0:
            assignment[:, parent] += assignment[:, k]
        else:
            p_outlier += assignment[:, k]
    labels = np.array([rank.get(int(k), -1) for k in labels], np.int64)
    return replace(
        found,
        labels=labels,
        assignment=assignment[:, kept],
        p_outlier=p_outlier.clip(0, 1),
        log_lik=found.log_lik[kept],
        posterior=found.posterior[kept],
        ccf_mean=found.ccf_mean[kept],
        ccf_low=found.ccf_low[kept],
        ccf_high=found.ccf_high[kept],
        p_no_clone=np.array([weighed[k].p for k in kept]),
        set_aside=why,
    )
