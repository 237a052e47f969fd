"""What a sample's reads are really like: background errors by kind of change, and spread of variant reads.

What an assay is told to do is a prior. A sample teaches its own errors at sites that entered because another sample of
the patient has the variant in all its cells: part of them carry it, the rest show background alone, and a mixture of
the two tells how much. Kinds of change (C>T after formalin, C>A after oxidation) may differ; samples and kinds are
shrunk towards the cohort. Spread is learned from variants that another sample has in all its cells. Arrays in, arrays
out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.log_sum import log_sum
from oncourse.evolution.site_reads import CHANGES, clonal_vaf, log_beta_binomial, log_noise

if TYPE_CHECKING:
    from oncourse.evolution.presence import Cells, Samples

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Multiples of the told error rate that are weighed.
FACTORS = np.array([0.3, 0.5, 0.7, 1.0, 1.5, 2.2, 3.3, 5.0, 7.0, 10.0, 14.0, 20.0, 30.0, 50.0])
#: Standard deviations (log): of samples around their cohort (which of them holds is learned), of the cohort around what
#: is told, of a kind of change in a sample around that sample. A choice: FFPE and fresh libraries of one assay differ
#: by factors of 3 to 10.
SAMPLE_SPREADS, COHORT_SPREAD, KIND_SPREAD = (0.2, 0.5, math.log(3)), math.log(3), math.log(2)
#: Damage (formalin, oxidation) raises one kind of change in a share of the samples: shares and multiples of the
#: sample's own rate that are weighed for each kind, and the weight of no damage at all beforehand.
DAMAGED_SHARES, DAMAGE, UNDAMAGED = (
    np.array([0.15, 0.3, 0.5, 0.75, 1.0]),
    np.log([0.3, 3.0, 6.0, 12.0, 25.0, 50.0]),
    0.7,
)
#: Shapes of the spread of error rates between sites that are weighed; where one is chosen the told one is worth two
#: nats more.
SHAPES, SHAPE_PRIOR = np.array([0.5, 1.0, 2.0, 4.0]), 2.0
#: Errors explain the reads about as well as any where their log-likelihood is lower by at most so much.
AS_WELL = 2.0
#: Multiples of the told errors, of the cohort, that are weighed with each shape: the reads of few samples often cannot
#: tell uneven errors from small clones, and then either explains a few reads. Doubts less probable are left out.
COHORTS, LEAST_DOUBT = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]), 0.005
#: Beta-binomial concentrations that are weighed.
CONCENTRATIONS = np.array([10.0, 15.0, 22.0, 33.0, 50.0, 80.0, 120.0, 200.0, 400.0])
#: Copies (all, mutated) that a variant of all cells may sit on where the told ones are wrong: else its place beside the
#: expected fraction would look like spread of the reads.
WRONG_COPIES = ((1, 1), (2, 2), (3, 2), (4, 3), (3, 1), (4, 1))
#: Shares of the places a variant may be at: background, on one copy, on every major copy, on wrong copies, in a share
#: of the cells; and the weight that holds them, as a share of the variants they are learned from (`N_PLACES` at most).
#: Shares free to fit would take up the spread: wrong copies, the only place above the expected fraction, stay at most
#: at theirs, where copies were measured, and where they were not.
PLACES, WRONG, WRONG_UNMEASURED = np.r_[0.3, 0.3, 0.1, np.full(6, 1 / 6), np.full(6, 0.1 / 6)], 0.02, 0.2
PLACE_WEIGHT, N_PLACES = 0.3, 4000
#: Errors of a purity (log) that must not be taken for spread of reads, and their standard deviation.
PURITY_SHIFTS, PURITY_SPREAD = np.array([-0.5, -0.3, -0.15, 0.0, 0.15, 0.3, 0.5]), 0.25
#: Cell fractions of a variant that is there, and their weights: half are in all cells; for sites that teach errors a
#: tenth is on `WRONG_COPIES` beside, or a lost allele nobody told of, above every expected fraction, would pass for error.
LEVELS = np.array([0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0])
#: Fainter ones, for sites so deep that they show at least so many reads of such a clone: there a small clone, in all of
#: the metastasis say, would pass for errors twenty times those told; elsewhere nothing tells the two apart.
FAINT, FAINT_READS = np.array([0.02, 0.05]), 5.0
LEVEL_SHARE = np.r_[np.full(6, 0.36 / 6), 0.5, 0.1, np.full(2, 0.02)]
#: Reads from which a level is no error whatever the sample's errors (`_Sites.clear`), and the weight of the study's shares
#: of those in a sample's own. Chosen on simulations: the less is asked, the more errors ten times those told are clones.
CLEAR_READS, LEVEL_WEIGHT = np.r_[np.full(8, 10.0), np.full(2, FAINT_READS)], 5.0
#: Most sites of a sample that teach errors (fewer in large studies, about `MAX_SITES` in all), and that teach
#: spread (`MAX_SPREAD`).
N_ERROR, MAX_SITES, N_SPREAD, MAX_SPREAD = 120, 200_000, 50, 40_000
#: Least sites of a sample that teach spread of reads, and of a study that teach spread of errors between sites.
LEAST_SPREAD, LEAST_SHAPE = 8, 50
N_STEP, N_ROUND = 10, 3
#: Cells that are weighed at a time: their likelihoods stay in the processor's cache.
PIECE = 250
#: Share of the sites that are without the variant: up to the first what they show may as well be small clones, and what
#: is told holds (lesions that share everything taught three times the true errors); from the second on it is learned in
#: full.
ABSENT_SHARE = (0.05, 0.1)
#: Highest multiple of the told errors that is taken as possible where they are not learned: that of formalin. Without a
#: bound lesions that share all mutations are named for every subclone (at 150x 29 of 32 clean samples, 1 so).
MOST_POSSIBLE = 10.0


@dataclass(frozen=True)
class Background:
    """What was learned.

    Attributes
    ----------
    by_kind : shape (n_sample, 7), multiple of the told error rate per kind of `CHANGES`
    by_kind_low : same shape, 5 % point
    factor, factor_low : shape (n_sample,), over all kinds: posterior mean (of the log) and 5 % point
    n_site : shape (n_sample,), expected number of sites without the variant that it rests on
    noise_shape : of the gamma-like spread of error rates between sites, one for all samples
    doubts : what the reads leave open, all samples together: how probable it is, the shape, and per sample what the
        errors are then, as a multiple of the learned ones
    concentration, concentration_low, concentration_high : shape (n_sample,), of variant reads: posterior mean (of the
    log)
        and at most what was assumed, 5 % and 95 % point
    highest : shape of the spread, and per sample the multiple of the learned errors, of the highest errors that explain
        the reads of all samples about as well as any (`AS_WELL`)
    damage : shape (n_sample, 7), how many times the told errors each kind of change may have (`damage.open_damage`)
    told_apart : 0-1, how far sites without the variant could be told from small clones (`ABSENT_SHARE`): at 0 nothing was
        learned of the errors, and those told are used; NaN where no site was counted
    possible : as `highest`, as multiples of the told errors up to `MOST_POSSIBLE`, whatever share of the sites are without
        the variant: where `told_apart` is below 1 such errors are possible
    p_error : shape (n_cell,), P(the reads are such errors alone) of a variant seen elsewhere; NaN of others, and where
        `told_apart` is 1
    """

    by_kind: FloatArray
    by_kind_low: FloatArray
    factor: FloatArray
    factor_low: FloatArray
    n_site: FloatArray
    noise_shape: float
    doubts: tuple[tuple[float, float, FloatArray], ...]
    concentration: FloatArray
    concentration_low: FloatArray
    concentration_high: FloatArray
    damage: FloatArray
    highest: tuple[float, FloatArray]
    told_apart: float
    possible: tuple[float, FloatArray]
    p_error: FloatArray


def learn_background(
    cells: Cells, samples: Samples, purity: FloatArray, kind: IntArray, usable: BoolArray, of_errors: BoolArray
) -> Background:
    """Learn the errors and the spread of every sample.

    Parameters
    ----------
    purity : shape (n_sample,), tumour cell fraction in use
    kind : shape (n_cell,), 0: the variant was called in no other sample; 1: elsewhere, subclonal; 2: clonal there
    usable : shape (n_cell,), counted, of a sample whose purity is known well enough to tell a variant from noise
    of_errors : shape (n_cell,), those of them that teach errors
    """
    n_sample = len(samples.purity)
    from oncourse.evolution.damage import open_damage

    change = np.full(cells.n, len(CHANGES) - 1) if cells.change is None else cells.change
    most = int(np.clip(MAX_SITES // max(n_sample, 1), 30, N_ERROR))
    # few reads of a variant that is subclonal elsewhere may be a small clone here, as well as background
    rows = _spread_out(cells.sample, usable & of_errors & (kind == 2), most)
    sites = _Sites.of(cells, samples, purity, kind, change, rows)
    told = float(np.median(samples.noise_shape)) if n_sample else 2.0
    shape = sites.some().shape_of_any_factor(told)
    sites.learn_levels(np.ones((n_sample, len(CHANGES))), shape)
    sites.level = np.where(sites.clear, sites.level, LEVEL_SHARE)  # else high errors take what small clones show
    for _ in range(N_ROUND):
        table, absent = sites.tables(shape, n_sample)
        mass = _shrunk(table.sum(axis=1), np.log(FACTORS), 0.0)
        mean, n_absent = _mean(mass, np.log(FACTORS)), sites.count(absent, n_sample)
        by_kind, kind_low = _kinds(table, mean)
        sites.learn_levels(by_kind, shape)
    shape = sites.likeliest_shape(by_kind, shape)
    weight = _told_apart(float(n_absent.sum()), len(rows))
    doubts, highest, possible = sites.some().doubts(mean, shape, told, weight)
    mean, by_kind, kind_low = mean * weight, by_kind**weight, kind_low**weight
    learned = replace(cells, error_rate=cells.error_rate * by_kind[cells.sample, change])
    most = int(np.clip(MAX_SPREAD // max(n_sample, 1), 16, N_SPREAD))
    clonal = _spread_out(cells.sample, usable & (kind == 2), most)
    spread = _concentrations(learned, samples, purity, clonal, shape)
    low = FACTORS[np.argmax(np.cumsum(mass, axis=1) >= 0.05, axis=1)] if n_sample else mean
    damage = open_damage(cells, samples, purity, kind, usable & of_errors, np.exp(mean))
    factor = np.exp(mean), low**weight
    told_apart = weight if len(rows) else float("nan")
    p_error = np.full(cells.n, np.nan)
    if told_apart < 1:
        seen = np.flatnonzero(usable & of_errors & (kind >= 1))
        p_error[seen] = _Sites.of(cells, samples, purity, kind, change, seen).background_alone(*possible)
    return Background(
        by_kind,
        kind_low,
        *factor,
        n_absent.sum(axis=1),
        shape,
        doubts,
        *spread,
        damage,
        highest,
        told_apart,
        possible,
        p_error,
    )


def _told_apart(n_absent: float, n_site: int) -> float:
    """Return how far sites without the variant can be told from small clones, 0-1: by the share of sites they are.

    >>> _told_apart(4, 100), _told_apart(20, 100)
    (0.0, 1.0)
    """
    few, enough = ABSENT_SHARE
    return float(np.clip((n_absent / max(n_site, 1) - few) / (enough - few), 0.0, 1.0))


def _spread_out(sample: IntArray, use: BoolArray, most: int) -> IntArray:
    """Return at most `most` of the cells of each sample, spread evenly over them, sorted by sample."""
    rows = np.flatnonzero(use)
    rows = rows[np.argsort(sample[rows], kind="stable")]
    of = sample[rows]
    start = np.searchsorted(of, of)
    n = np.searchsorted(of, of, side="right") - start
    rank = np.arange(len(of)) - start
    kept = np.minimum(n, most)
    return rows[(rank * kept // np.maximum(n, 1)) != ((rank - 1) * kept // np.maximum(n, 1))]


def _wrong_vafs(cells: Cells, purity: FloatArray, rows: IntArray) -> list[FloatArray]:
    """Return the fractions of a variant of all cells on each of `WRONG_COPIES`."""
    rho, normal = purity[cells.sample[rows]], cells.normal_cn[rows]
    return [rho * m / (rho * total + (1 - rho) * normal) for total, m in WRONG_COPIES]


@dataclass
class _Sites:
    """Sites that teach errors, shapes (n,): a mixture of variants that are there, at `LEVELS`, and of background alone.

    group : sample and kind; is_clonal : the variant is clonal elsewhere; there : (n_level, n), log-likelihood of the
    reads at each level; level : (n_group, n_level), shares of the levels of variants that are there; clear : same shape,
    levels of which a site shows so many reads that they are no errors: a sample may have its own share of those
    """

    sample: IntArray
    change: IntArray
    group: IntArray
    is_clonal: BoolArray
    alt: FloatArray
    depth: FloatArray
    rate: FloatArray
    there: FloatArray
    level: FloatArray
    clear: BoolArray

    @classmethod
    def of(
        cls, cells: Cells, samples: Samples, purity: FloatArray, kind: IntArray, change: IntArray, rows: IntArray
    ) -> _Sites:
        alt, depth, error = cells.alt_count[rows], cells.depth[rows], cells.error_rate[rows]
        of, s = cells.sample[rows], samples.concentration[cells.sample[rows]]
        one, most = (
            clonal_vaf(cells, purity, rows, c) for c in (np.ones(len(rows)), np.maximum(cells.major_cn[rows], 1))
        )
        level = np.r_[LEVELS, FAINT]
        there = [
            np.logaddexp(*(log_beta_binomial(alt, depth, np.minimum(v * x + error, 1.0), s) for v in (one, most)))
            for x in level
        ]
        for i in range(len(LEVELS), len(level)):
            there[i][depth * one * level[i] < FAINT_READS] = -np.inf
        wrong = [
            log_beta_binomial(alt, depth, np.minimum(v + error, 0.995), s) for v in _wrong_vafs(cells, purity, rows)
        ]
        there.insert(len(LEVELS), np.logaddexp.reduce(wrong, axis=0) + math.log(2 / len(wrong)))
        clonal = kind[rows] == 2
        group = np.unique(of * 2 + clonal, return_inverse=True)[1] if len(rows) else np.zeros(0, np.int64)
        n_group = int(group.max(initial=-1)) + 1
        shown = np.bincount(group, depth * one, n_group) / np.maximum(np.bincount(group, minlength=n_group), 1)
        return cls(
            of,
            change[rows],
            group,
            clonal,
            alt,
            depth,
            error,
            np.stack(there) - math.log(2),
            np.tile(LEVEL_SHARE, (n_group, 1)),
            shown[:, None] * np.r_[LEVELS, 1.0, FAINT] >= CLEAR_READS,
        )

    def _log_there(self) -> FloatArray:
        return log_sum(self.there + np.log(self.level).T[:, self.group], axis=0)

    def _by_group(self) -> tuple[IntArray | slice, IntArray]:
        """Return an order that keeps each group together (all of it where they are), and where each group starts."""
        groups = np.arange(int(self.group.max(initial=-1)) + 1)
        if np.all(self.group[1:] >= self.group[:-1]):
            return slice(None), np.searchsorted(self.group, groups)
        order = np.argsort(self.group, kind="stable")
        return order, np.searchsorted(self.group[order], groups)

    def _shares(self, there: FloatArray, nil: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the logs of the share of variants that are there, and of those that are not, per site of its group, by
        EM; nil (n, m): log-likelihoods without."""
        order, starts = self._by_group()
        n = np.diff(starts, append=len(self.group))
        ratio = np.exp(np.clip(nil - there[:, None], -600, 600))[order]
        share = np.full((len(n), nil.shape[1]), 0.5)
        for _ in range(N_STEP):
            present = np.repeat((1 - share) / share, n, axis=0)  # odds against, then the chance that each is there
            present *= ratio
            present += 1
            np.reciprocal(present, out=present)
            share = (np.add.reduceat(present, starts) + 0.5) / (n[:, None] + 1.0)
        return np.log(share)[self.group], np.log1p(-share)[self.group]

    def without(self, shape: float) -> FloatArray:
        """Return the log-likelihood of background alone at each of `FACTORS`, (n, n_factor)."""
        return log_noise(self.alt[:, None], self.depth[:, None], self.rate[:, None] * FACTORS, shape)

    def tables(self, shape: float, n_sample: int, nil: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return the log-likelihood of each multiple (n_sample, 7, n_factor), per site P(background alone) at the
        best; nil: `without`, where it is there already."""
        table = np.zeros((n_sample, len(CHANGES), len(FACTORS)))
        if not len(self.sample):
            return table, np.zeros(0)
        there = self._log_there()
        nil = self.without(shape) if nil is None else nil
        some, none = self._shares(there, nil)
        present, without = some + there[:, None], none + nil
        value = np.logaddexp(present, without)
        np.add.at(table, (self.sample, self.change), value)
        best = np.argmax(table.sum(axis=1), axis=1)[self.sample]
        at = np.arange(len(best))
        return table, np.exp(without[at, best] - value[at, best])

    def count(self, absent: FloatArray, n_sample: int) -> FloatArray:
        """Return the expected sites without the variant, (n_sample, 7)."""
        out = np.zeros((n_sample, len(CHANGES)))
        np.add.at(out, (self.sample, self.change), absent)
        return out

    def learn_levels(self, by_kind: FloatArray, shape: float) -> None:
        """Set the shares of the levels to what the sites show at these multiples; two variants hold those of the study,
        `LEVEL_WEIGHT` those of a sample's `clear` ones: five variants of one small clone are no errors because others have
        no such."""
        if not len(self.sample):
            return
        nil = log_noise(self.alt, self.depth, self.rate * by_kind[self.sample, self.change], shape)
        some, none = (x[:, 0] for x in self._shares(self._log_there(), nil[:, None]))
        without, present = none + nil, some + self.there
        most = np.maximum(present.max(axis=0), without)
        order, starts = self._by_group()
        present, without = np.exp(present - most).T[order], np.exp(without - most)[order]
        n = np.diff(starts, append=len(self.group))
        for _ in range(N_STEP):
            total = np.einsum("ij,ij->i", present, np.repeat(self.level, n, axis=0))
            found = present / np.maximum(total + without, 1e-300)[:, None]
            own = self.level * np.add.reduceat(found, starts)
            common = own.sum(axis=0) + 2 * LEVEL_SHARE
            common /= common.sum()
            share = np.where(self.clear, own + LEVEL_WEIGHT * common, 0.0)
            left = 1 - np.where(self.clear, 0.0, common).sum(axis=1, keepdims=True)
            self.level = np.where(
                self.clear, left * share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300), common
            )

    def background_alone(self, shape: float, multiple: FloatArray) -> FloatArray:
        """Return shape (n,), P(a site is without the variant), were the errors of each sample so many times those told;
        how many sites are without it is learned for these errors."""
        if not len(self.sample):
            return np.zeros(0)
        nil = log_noise(self.alt, self.depth, self.rate * multiple[self.sample], shape)
        there = self._log_there()
        some, none = (x[:, 0] for x in self._shares(there, nil[:, None]))
        return np.asarray(np.exp(none + nil - np.logaddexp(some + there, none + nil)))

    def some(self) -> _Sites:
        """Return the sites of so many samples that there are about `N_PLACES`."""
        keep = self.sample % max(1, len(self.sample) // N_PLACES) == 0
        kept, group = np.unique(self.group[keep], return_inverse=True)
        return _Sites(
            self.sample[keep],
            self.change[keep],
            group,
            self.is_clonal[keep],
            self.alt[keep],
            self.depth[keep],
            self.rate[keep],
            self.there[:, keep],
            self.level[kept],
            self.clear[kept],
        )

    def shape_of_any_factor(self, told: float) -> float:
        """Return the likeliest shape with the errors of each sample free: at the told shape the tail of uneven errors
        looks like small clones, and they are not learned at all."""
        if len(self.sample) < LEAST_SHAPE:
            return told
        sample, grid = np.unique(self.sample, return_inverse=True), np.log(FACTORS)
        here = replace(self, sample=sample[1].astype(np.int64))
        value = {}
        for shape in sorted({told, *SHAPES.tolist()}):
            table, _ = here.tables(shape, len(sample[0]))
            held = table.sum(axis=1) - 0.5 * (grid / COHORT_SPREAD) ** 2
            value[shape] = float(np.logaddexp.reduce(held, axis=1).sum()) + (SHAPE_PRIOR if shape == told else 0.0)
        return max(value, key=lambda shape: value[shape])

    def doubts(
        self, mean: FloatArray, learned: float, told: float, weight: float
    ) -> tuple[tuple[tuple[float, float, FloatArray], ...], tuple[float, FloatArray], tuple[float, FloatArray]]:
        """Return what the reads leave open (`Background.doubts`, `highest`, `possible`): each of `COHORTS` with each
        shape, the cell fractions of what is there learned for each, the errors of the samples integrated out.

        mean : shape (n_sample,), of the log of each sample's multiple, as learned. Where few sites are without the
        variant (`weight`, `_told_apart`) what is told holds.
        """
        one = np.ones(len(mean))
        as_learned = ((1.0, learned, one),), (learned, one)
        if len(self.sample) < LEAST_SHAPE:
            return *as_learned, (learned, np.exp(mean * weight))
        number, sample = np.unique(self.sample, return_inverse=True)
        found, logs, values = [], [], []
        for shape in sorted({told, *SHAPES[:-1].tolist()}):
            nil = self.without(shape)
            for centre in np.log(COHORTS):
                here = replace(self, sample=sample.astype(np.int64), level=self.level.copy())
                rates = np.full((len(number), len(CHANGES)), math.exp(centre))
                here.learn_levels(rates, shape)
                table = here.tables(shape, len(number), nil)[0].sum(axis=1)
                value, of_sample = _around(table, float(centre))
                multiple = np.full(len(mean), float((of_sample - mean[number]).mean()))
                multiple[number] = of_sample - mean[number]
                found.append((shape, np.exp(multiple)))
                logs.append(value - 0.5 * (centre / COHORT_SPREAD) ** 2)
                values.append(value)
        as_well = [x for x, value in zip(found, values, strict=True) if value >= max(values) - AS_WELL]
        highest = max(as_well, key=lambda x: (float(np.median(x[1])), -x[0]))
        highest = highest[0], np.maximum(highest[1], 1.0)
        possible = highest[0], np.minimum(highest[1] * np.exp(mean), MOST_POSSIBLE)
        if weight <= 0:
            return *as_learned, possible
        highest = highest[0], highest[1] ** weight
        share = np.exp(np.array(logs) - max(logs))
        share *= weight / share.sum()
        kept = tuple((float(p), *x) for p, x in zip(share, found, strict=True) if p > LEAST_DOUBT)
        return (((1 - weight, learned, one), *kept) if weight < 1 else kept), highest, possible

    def likeliest_shape(self, by_kind: FloatArray, told: float) -> float:
        """Return the shape of the spread of error rates between sites: the likeliest of `SHAPES`, or the told one."""
        if len(self.sample) < LEAST_SHAPE:
            return told
        there, rate = self._log_there(), self.rate * by_kind[self.sample, self.change]
        best, most = told, -math.inf
        for shape in sorted({told, *SHAPES.tolist()}):
            nil = log_noise(self.alt, self.depth, rate, shape)
            some, none = (x[:, 0] for x in self._shares(there, nil[:, None]))
            value = float(np.logaddexp(some + there, none + nil).sum()) + (SHAPE_PRIOR if shape == told else 0.0)
            if value > most:
                best, most = shape, value
        return best


def _mean(mass: FloatArray, grid: FloatArray) -> FloatArray:
    """Return the mean over the last axis: added up in one order, whatever the number of threads."""
    return np.asarray(np.einsum("...k,k->...", mass, grid))


def _around(table: FloatArray, centre: float) -> tuple[float, FloatArray]:
    """Return the log evidence that the samples' multiples lie around `centre` (log), and each one's posterior mean.

    table : shape (n_sample, n_factor), log-likelihoods at `FACTORS`; the spread is the likeliest of `SAMPLE_SPREADS`.
    """
    grid, best = np.log(FACTORS), (-math.inf, np.zeros(len(table)))
    for spread in SAMPLE_SPREADS:
        prior = -0.5 * ((grid - centre) / spread) ** 2
        joint = table + prior - np.logaddexp.reduce(prior)
        total = np.logaddexp.reduce(joint, axis=1)
        if total.sum() > best[0]:
            best = (float(total.sum()), _mean(np.exp(joint - total[:, None]), grid))
    return best


def _shrunk(table: FloatArray, grid: FloatArray, told: float) -> FloatArray:
    """Return the posterior of each sample over `grid` (logs), shrunk towards the cohort as far as samples are alike.

    table : shape (n_sample, n_grid), log-likelihoods. Centre and spread of the cohort are integrated out on a grid; the
    centre lies around what is told by `COHORT_SPREAD`.
    """
    if not len(table):
        return table
    top = table.max(axis=1, keepdims=True)
    like = np.exp(table - top)
    masses, logs = [], []
    for centre in grid:
        for spread in SAMPLE_SPREADS:
            prior = np.exp(-0.5 * ((grid - centre) / spread) ** 2)
            joint = like * (prior / prior.sum())
            total = np.maximum(joint.sum(axis=1), 1e-300)
            logs.append(float(np.log(total).sum()) - 0.5 * ((centre - told) / COHORT_SPREAD) ** 2)
            masses.append((joint, total))
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    out = np.zeros_like(table)
    for w, (joint, total) in zip(weight, masses, strict=True):
        if w > 1e-4:
            out += w * joint / total[:, None]
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def _kinds(table: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the multiple of each kind of change in each sample (n_sample, 7), mean of the log and 5 % point.

    Either the kind is as the sample (`mean`), or damage raised it; which share of the samples is damaged and by how
    much is learned per kind from all samples together: a few sites in each of many samples tell what one alone cannot.
    """
    grid = np.log(FACTORS)
    if not len(table):
        return np.ones(table.shape[:2]), np.ones(table.shape[:2])
    like = np.exp(table - table.max(axis=2, keepdims=True))

    def joint(shift: float) -> FloatArray:
        prior = np.exp(-0.5 * ((grid - mean[:, None] - shift) / KIND_SPREAD) ** 2)
        return np.asarray(like * (prior / prior.sum(axis=1, keepdims=True))[:, None])

    plain, damaged = joint(0.0), [joint(float(shift)) for shift in DAMAGE]
    none, some = plain.sum(axis=2), [one.sum(axis=2) for one in damaged]
    # (share that is damaged, how: which of `DAMAGE`); a mixture sums to the mixture of its parts' sums
    mixtures = [(0.0, 0), *((share, how) for how in range(len(DAMAGE)) for share in DAMAGED_SHARES)]
    totals = [(1 - share) * none + share * some[how] + 1e-300 for share, how in mixtures]
    before = [UNDAMAGED] + [(1 - UNDAMAGED) / (len(mixtures) - 1)] * (len(mixtures) - 1)
    logs = [np.log(total).sum(axis=0) + math.log(p) for total, p in zip(totals, before, strict=True)]
    weight = np.exp(np.array(logs) - np.max(logs, axis=0))
    weight /= weight.sum(axis=0)
    of_plain, of_damaged = np.zeros_like(none), np.zeros((len(DAMAGE), *none.shape))
    for (share, how), w, total in zip(mixtures, weight, totals, strict=True):
        of_plain += (1 - share) * w / total
        of_damaged[how] += share * w / total
    mass = of_plain[:, :, None] * plain
    for part, one in zip(of_damaged, damaged, strict=True):
        mass += part[:, :, None] * one
    mass /= mass.sum(axis=2, keepdims=True)
    low = FACTORS[np.argmax(np.cumsum(mass, axis=2) >= 0.05, axis=2)]
    return np.asarray(np.exp(_mean(mass, grid))), low


def _concentrations(
    cells: Cells, samples: Samples, purity: FloatArray, rows: IntArray, shape: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return each sample's concentration, mean (of the log), 5 % and 95 % point; the told one where too few teach."""
    told = np.minimum(samples.concentration, 1e6)
    of = cells.sample[rows]
    n_here = np.bincount(of, minlength=len(told))
    enough = n_here >= LEAST_SPREAD
    rows = rows[enough[of]]
    if not len(rows):
        return told, told, np.full(len(told), np.inf)
    table = np.zeros((len(told), len(PURITY_SHIFTS), len(CONCENTRATIONS)))
    share = _place_shares(cells, purity, rows[:: max(1, len(rows) // N_PLACES)], shape)
    for begin in range(0, len(rows), PIECE):
        part = rows[begin : begin + PIECE]
        for i, shift in enumerate(PURITY_SHIFTS):
            moved = np.minimum(purity * math.exp(shift), 1.0)
            value = log_sum(_places(cells, moved, part, shape) + np.log(share)[:, None], axis=0)
            np.add.at(table[:, i], cells.sample[part], value)
    prior = np.exp(-0.5 * (PURITY_SHIFTS / PURITY_SPREAD) ** 2)
    likelihood = log_sum(table + np.log(prior / prior.sum())[None, :, None], axis=1)
    centre = float(np.log(np.median(np.minimum(told, CONCENTRATIONS[-1])))) if len(told) else 0.0
    mass = _shrunk(likelihood, np.log(CONCENTRATIONS), centre)
    learned = np.minimum(np.exp(_mean(mass, np.log(CONCENTRATIONS))), told)
    total = np.cumsum(mass, axis=1)
    low, high = (CONCENTRATIONS[np.argmax(total >= q, axis=1)] for q in (0.05, 0.95))
    return (
        np.where(enough, learned, told),
        np.where(enough, np.minimum(low, learned), told),
        np.where(enough, high, np.inf),
    )


def _places(cells: Cells, purity: FloatArray, rows: IntArray, shape: float) -> FloatArray:
    """Return log-likelihoods (n_place, n, n_concentration): background, in all cells on one copy or on every major one,
    on `WRONG_COPIES`, in a share of the cells (`LEVELS`)."""
    alt, depth, error = cells.alt_count[rows], cells.depth[rows], cells.error_rate[rows]
    one = clonal_vaf(cells, purity, rows, np.ones(len(rows)))
    vafs = [one, clonal_vaf(cells, purity, rows, np.maximum(cells.major_cn[rows], 1.0))]
    vafs += _wrong_vafs(cells, purity, rows)
    vafs += [one * x for x in LEVELS[:-1]]
    vaf = np.minimum(np.stack(vafs) + error, 0.995)[:, :, None]
    there = log_beta_binomial(alt[:, None], depth[:, None], vaf, CONCENTRATIONS)
    nil = np.repeat(log_noise(alt, depth, error, shape)[None, :, None], len(CONCENTRATIONS), axis=2)
    return np.concatenate([nil, there])


def _place_shares(cells: Cells, purity: FloatArray, rows: IntArray, shape: float) -> FloatArray:
    """Return the share of the variants at each of `_places`, (n_place, n_concentration), by EM over the study, held by
    `PLACES`."""
    measured = cells.is_measured is None or cells.is_measured[rows].mean() > 0.5
    wrong = slice(3, 3 + len(WRONG_COPIES))
    prior = PLACES.copy()
    prior[wrong] *= WRONG if measured else WRONG_UNMEASURED
    prior = (prior / prior.sum())[:, None]
    share = np.repeat(prior, len(CONCENTRATIONS), axis=1)
    logs = _places(cells, purity, rows, shape)
    like = np.exp(logs - logs.max(axis=0))
    for _ in range(2 * N_STEP):
        found = share * np.einsum("pnc,nc->pc", like, 1 / np.einsum("pnc,pc->nc", like, share))
        share = (found + PLACE_WEIGHT * len(rows) * prior) / max((1 + PLACE_WEIGHT) * len(rows), 1)
        share[wrong] = np.minimum(share[wrong], prior[wrong])
        share /= share.sum(axis=0)
    return np.asarray(share)
