"""Is a variant in a sample, could it have been seen there, and which cell fraction do the reads exclude?

For every cell (variant x sample of its patient) the reads are weighed under two explanations: background
errors, and a clone at each cancer cell fraction of a grid (beta-binomial around `evolution.vaf.expected_vaf`).
What is usual for variants of that kind in that sample is learned from the sample itself and, through a
Dirichlet prior, from the whole study (empirical Bayes); so are its background errors and the spread of its reads
(`background`): what the assay states is where learning starts. A kernel that knows no Study: arrays in, arrays out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.background import Background, learn_background
from oncourse.evolution.damage import log_damaged, log_highest
from oncourse.evolution.excluded import MOST_READS_OF_ABSENT, excluded_ccf, spread_to_fear, tail
from oncourse.evolution.open_background import readings
from oncourse.evolution.site_reads import log_beta_binomial, log_noise
from oncourse.evolution.tumour_fraction import Fractions, tumour_fractions

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: What is known of a variant from the patient's other samples: the kinds with a prior of their own.
ONLY_HERE, SUBCLONAL_ELSEWHERE, CLONAL_ELSEWHERE = 0, 1, 2
#: Cell fraction from which a variant seen elsewhere counts as clonal there.
CLONAL_CCF = 0.5
#: Share present beforehand, at most, under the highest errors that explain the reads: with a probability of .9
#: (`derive.concordance.presence.MIN_LEAST`) reads must be twice as likely of a clone as of such errors. A choice: at even
#: odds a tenth more of a study with uneven errors ten times those told would be undecided, at .8 a thirtieth.
MOST_PRIOR = 0.8
#: Relative depth of a site where only the sample's mean depth is known: quantiles of a log-normal of sd 0.5.
DEPTH_SPREAD = np.exp(0.5 * np.array([-1.645, -1.036, -0.674, -0.253, 0.253, 0.674, 1.036]) - 0.125)
#: No posterior comes nearer to 0 or 1: reads of another sample or of another place look like any others. A choice.
NEVER_SURE = 1e-3
#: Largest change of a prior share at which learning stops.
CONVERGED = 1e-3


@dataclass(frozen=True)
class Samples:
    """The samples: arrays of shape (n_sample,).

    Attributes
    ----------
    purity : tumour cell fraction (tumour fraction in plasma), 0-1; NaN where unknown: it is estimated
    is_plasma : decides the prior of an unknown purity (log-uniform from 0.05 % in plasma, uniform in tissue)
    concentration : beta-binomial concentration of variant reads at most; inf = binomial
    noise_shape : shape of the gamma-like spread of background error rates between sites, as assumed
    min_alt_count, min_vaf : the calling rule
    purity_low, purity_high : 95 % interval of a given purity, NaN where none was given; None: of none. The reads are
        averaged over it, and nothing is excluded above its lower end
    """

    purity: FloatArray
    is_plasma: BoolArray
    concentration: FloatArray
    noise_shape: FloatArray
    min_alt_count: IntArray
    min_vaf: FloatArray
    purity_low: FloatArray | None = None
    purity_high: FloatArray | None = None


@dataclass(frozen=True)
class Cells:
    """The cells, variant x sample: arrays of shape (n_cell,).

    Attributes
    ----------
    sample, variant : index of the sample, and of the variant *of a patient*
    alt_count, depth : reads; -1 where not counted (then ``depth`` may hold the depth expected there)
    is_called : whether the caller called it here
    total_cn, major_cn, normal_cn : copies at the site; 2, 1, 2 where not known
    error_rate : chance that a wild-type read shows the variant, as stated
    change : kind of change, an index into `background.CHANGES`; None: all of one kind
    is_measured : whether the copies are measured; None: everywhere. Asked only where a purity is estimated
    teaches : whether the variant may be the tumour's: what is germline or of the blood is weighed like the others, but
        teaches no tumour fraction, error, spread or prior; None: every one
    """

    sample: IntArray
    variant: IntArray
    alt_count: FloatArray
    depth: FloatArray
    is_called: BoolArray
    total_cn: FloatArray
    major_cn: FloatArray
    normal_cn: FloatArray
    error_rate: FloatArray
    is_measured: BoolArray | None = None
    change: IntArray | None = None
    teaches: BoolArray | None = None

    @property
    def n(self) -> int:
        return len(self.sample)


@dataclass(frozen=True)
class Weighing:
    """What the reads of the cells are weighed with: errors as learned, the tumour fractions, the cell fractions."""

    cells: Cells
    samples: Samples
    tumour: Fractions
    ccfs: FloatArray

    def of(
        self, rows: IntArray, concentration: FloatArray, *, n_thread: int = 1
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], FloatArray]:
        """Return `Presence.likelihood`, `detection` and `power_pure` of some cells, were reads so concentrated.

        concentration : shape (n_sample,), beta-binomial
        """
        from oncourse.evolution import presence_kernels as kernels

        cells, samples, tumour = self.cells, self.samples, self.tumour
        like = np.empty((len(rows), len(self.ccfs) + 1), np.float32)
        power, pure = np.empty_like(like), np.empty(len(rows))
        depth = np.maximum(cells.depth[rows], 0.0)
        reads = cells.sample[rows], cells.alt_count[rows], depth, (cells.alt_count[rows] >= 0) & (depth > 0)
        copies = cells.total_cn[rows], np.where(cells.major_cn > 1.5, cells.major_cn, 1.0)[rows], cells.normal_cn[rows]
        spread = np.ascontiguousarray(concentration, float), samples.noise_shape
        rule = samples.min_alt_count, samples.min_vaf
        fractions = tumour.points, tumour.weights, tumour.rows, tumour.row_of[rows]
        fixed = *reads, cells.is_called[rows], *copies, cells.error_rate[rows], *spread, *rule, *fractions

        def fill(begin: int, end: int) -> None:
            kernels.cell_likelihoods(begin, end, *fixed, DEPTH_SPREAD, self.ccfs, like, power, pure)

        _in_chunks(fill, len(rows), n_thread)
        return like, power, pure

    def log_scale(self, rows: IntArray, concentration: FloatArray) -> FloatArray:
        """Return the log of what `of` divides each cell's likelihood by; of its mean tumour fraction, where that is
        estimated."""
        cells, out = self.cells, np.zeros(len(rows))
        counted = (cells.alt_count[rows] >= 0) & (cells.depth[rows] > 0)
        rows = rows[counted]
        of, alt, depth, error = cells.sample[rows], cells.alt_count[rows], cells.depth[rows], cells.error_rate[rows]
        rho, s = self.tumour.mean[of], concentration[of]
        copies = rho * cells.total_cn[rows] + (1 - rho) * cells.normal_cn[rows]
        most = np.where(cells.major_cn[rows] > 1.5, cells.major_cn[rows], 1.0)
        best = log_noise(alt, depth, error, self.samples.noise_shape[of])
        for ccf in self.ccfs:
            both = []
            for copy in (np.ones(len(rows)), most):
                v = rho * ccf * np.minimum(copy, cells.total_cn[rows]) / np.maximum(copies, 1e-9)
                both.append(log_beta_binomial(alt, depth, np.minimum(v * (1 - error) + (1 - v) * error, 1.0), s))
            best = np.maximum(best, np.logaddexp(*both) - math.log(2))
        out[counted] = best
        return out


@dataclass(frozen=True)
class PriorSettings:
    """How what is usual is learned.

    ``strength`` is the weight, in variants, of the study against one sample; ``fixed`` a prior share present
    that replaces learning; ``call_ppv`` the share of calls made in one sample alone taken as real.
    """

    min_ccf: float = 0.05
    strength: float = 10.0
    fixed: float | None = None
    call_ppv: float = 0.95
    n_step: int = 18
    sizeable_ccf: float = 0.3


@dataclass(frozen=True)
class Presence:
    """What the reads say, per cell.

    Attributes
    ----------
    p_present : posterior that the variant is in the sample's tumour cells at ``min_ccf`` or more, `NEVER_SURE` away
        from 0 and 1
    p_least : the same under those errors, of all that the reads leave open, under which it is least; or by the reads
        alone where that is less
    power : chance of a call of a clonal variant; NaN where the depth is not known
    power_same_ccf : chance of a call at the highest cell fraction found in the patient's other samples
    power_pure : chance of a call of a clonal variant were every cell a tumour cell (tells depth from purity)
    excluded_ccf : cell fractions from here on are excluded at 95 %; above 1: none is; NaN without counts
    ccf : posterior mean cell fraction, given that it is present
    p_sizeable : posterior that it is in the sample's tumour cells at `PriorSettings.sizeable_ccf` or more
    tail_sizeable : chance of so few reads, or fewer, were it there at that cell fraction; NaN without counts
    kind : what the other samples say (ONLY_HERE, SUBCLONAL_ELSEWHERE, CLONAL_ELSEWHERE)
    likelihood, detection : shape (n, 1 + n_ccf), of the reads and of a call at CCF 0 and at each of ``ccfs``
    purity, purity_low, purity_high : per sample, posterior mean and 95 % interval (as given where it is)
    purity_known : per sample, whether the reads bound it from below (`tumour_fraction`)
    prior : shape (n_sample, 3), learned share present per kind; NaN where the sample has no such variant
    background : errors and spread of each sample, as learned
    weighing : what the reads were weighed with
    """

    p_present: FloatArray
    p_least: FloatArray
    power: FloatArray
    power_same_ccf: FloatArray
    power_pure: FloatArray
    excluded_ccf: FloatArray
    ccf: FloatArray
    p_sizeable: FloatArray
    tail_sizeable: FloatArray
    kind: IntArray
    likelihood: NDArray[np.float32]
    detection: NDArray[np.float32]
    ccfs: FloatArray
    purity: FloatArray
    purity_low: FloatArray
    purity_high: FloatArray
    purity_known: BoolArray
    prior: FloatArray
    background: Background
    weighing: Weighing


def ccf_grid(min_ccf: float) -> FloatArray:
    """Return the cell fractions that are told apart: from `min_ccf` up, the last is 1 (clonal)."""
    base = np.array([0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    return np.concatenate([[min_ccf], base[base > min_ccf * 1.2]])


def presence(
    cells: Cells,
    samples: Samples,
    settings: PriorSettings = PriorSettings(),
    *,
    n_thread: int = 2,
) -> Presence:
    """Weigh the reads of every cell.

    Examples
    --------
    Clonal elsewhere, 0 of 100 reads at purity 0.6: absent; 30 of 100: present; 0 of 8: nobody can tell.

    >>> one, none = np.ones(6), np.zeros(6, np.int64)
    >>> cells = Cells(np.array([0, 1] * 3), np.array([0, 0, 1, 1, 2, 2]), np.array([30.0, 0, 30, 30, 30, 0]),
    ...     np.array([100.0, 100, 100, 100, 100, 8]), np.array([1, 0, 1, 1, 1, 0], bool),
    ...     2 * one, one, 2 * one, 1e-3 * one)
    >>> two = np.ones(2)
    >>> samples = Samples(0.6 * two, two < 0, 200 * two, 2 * two, (3 * two).astype(int), 0.02 * two)
    >>> found = presence(cells, samples)
    >>> (found.p_present[1::2] > 0.5).tolist(), (found.power[1::2] > 0.95).tolist()
    ([False, True, False], [True, True, False])
    """
    ccfs = ccf_grid(settings.min_ccf)
    counted = (cells.alt_count >= 0) & (cells.depth > 0)
    elsewhere = _called_elsewhere(cells)
    taught = counted if cells.teaches is None else counted & cells.teaches
    tumour = tumour_fractions(cells, samples, taught, elsewhere, without_each=False, n_thread=n_thread)
    assumed, told = samples.concentration, cells.error_rate
    cells, samples, background = _with_learned(cells, samples, taught, elsewhere, tumour)
    if np.isnan(samples.purity).any():
        tumour = tumour_fractions(cells, samples, taught, elsewhere, n_thread=n_thread)

    weighing = Weighing(cells, samples, tumour, ccfs)
    like, power, pure = weighing.of(np.arange(cells.n), samples.concentration, n_thread=n_thread)
    rough_ccf = _rough_ccf(cells, tumour.mean, counted)
    kind, ccf_elsewhere = _kinds(cells, elsewhere, rough_ccf)
    group = cells.sample * 3 + kind
    own_call = (kind == ONLY_HERE) & cells.is_called
    patient = _patients(cells, len(samples.purity))
    theta, resp = np.zeros(()), np.zeros((), np.float32)
    learned, mixed = like[:, 0].copy(), np.zeros(cells.n, np.float32)
    least = np.ones(cells.n)
    for share, ratio in _open_backgrounds(cells, background, counted & ~own_call):
        like[:, 0] = learned * ratio
        mixed += np.float32(share) * like[:, 0]
        usual, found = _learn(like, power, group, own_call, patient, samples, ccfs, settings, n_thread, cells.teaches)
        theta, resp = theta + share * usual, resp + np.float32(share) * found
        least = np.minimum(least, found[:, 1:].sum(axis=1))
        alone = _held(found[:, 1:].sum(axis=1), found[:, 0], usual[group, 0], 0.5)
        least = np.where(counted & ~own_call, np.minimum(least, alone), least)
    like[:, 0] = mixed
    present = np.minimum(resp[:, 1:].sum(axis=1).astype(float), 1.0)
    # `usual`: of the highest errors that were weighed
    for rows, noise, prior in (
        (*log_highest(cells, background, counted & ~own_call), usual),
        (*log_damaged(cells, told, background.damage, samples.noise_shape, counted & ~own_call), theta),
    ):
        noise -= weighing.log_scale(rows, samples.concentration)
        absent = prior[group[rows], 0]
        there, nil = (prior[group[rows], 1:] * like[rows, 1:]).sum(axis=1), absent * np.exp(noise)
        either = there / np.maximum(there + nil, 1e-300), _held(there, nil, absent, MOST_PRIOR)
        least[rows] = np.minimum(least[rows], np.minimum(*either))
    ccf = np.einsum("ik,k->i", resp[:, 1:], ccfs.astype(np.float32)) / np.maximum(present, 1e-12)
    sizeable = resp[:, 1:][:, ccfs >= settings.sizeable_ccf - 1e-9].sum(axis=1).astype(float)
    sizeable = np.minimum(sizeable, 1.0)
    known = cells.depth > 0
    shares = np.full((len(samples.purity), 3), np.nan)
    used = np.unique(group)
    shares[used // 3, used % 3] = 1 - theta[used, 0]
    return Presence(
        p_present=np.clip(present, NEVER_SURE, 1 - NEVER_SURE),
        p_least=least,
        power=np.where(known, power[:, -1], np.nan),
        power_same_ccf=np.where(known, detection_at(power, ccfs, ccf_elsewhere), np.nan),
        power_pure=np.where(known, pure, np.nan),
        excluded_ccf=excluded_ccf(cells, counted, tumour.low),
        ccf=np.asarray(ccf, float),
        p_sizeable=sizeable,
        tail_sizeable=tail(cells, spread_to_fear(background, assumed), counted, tumour.mean, settings.sizeable_ccf),
        kind=kind,
        likelihood=like,
        detection=power,
        ccfs=ccfs,
        purity=tumour.mean,
        purity_low=tumour.low,
        purity_high=tumour.high,
        purity_known=tumour.is_known,
        prior=shares,
        background=background,
        weighing=weighing,
    )


def _with_learned(
    cells: Cells, samples: Samples, counted: BoolArray, elsewhere: BoolArray, tumour: Fractions
) -> tuple[Cells, Samples, Background]:
    """Return the cells and samples with the errors and spread that the reads teach.

    Plasma teaches no errors at sites of the patient's own tumour: few reads of them are cells of some other lesion, or a
    low tumour fraction, as well (`quiet_sites` teaches its errors where others' sites were counted). Nor does tissue whose
    fraction the reads do not tell: taken too low, it makes errors of its own mutations.
    """
    purity = tumour.mean
    kind, _ = _kinds(cells, elsewhere, _rough_ccf(cells, purity, counted))
    told = ~(np.isnan(samples.purity) & (samples.is_plasma | ~tumour.is_known))
    usable = counted & told[cells.sample]
    learned = learn_background(cells, samples, purity, kind, usable, ~samples.is_plasma[cells.sample])
    change = np.full(cells.n, -1) if cells.change is None else cells.change
    rate = np.minimum(cells.error_rate * learned.by_kind[cells.sample, change], 0.3)
    shape = np.full(len(purity), learned.noise_shape)
    return (
        replace(cells, error_rate=rate),
        replace(samples, concentration=learned.concentration, noise_shape=shape),
        learned,
    )


def _open_backgrounds(
    cells: Cells, background: Background, asked: BoolArray
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Yield each explanation of the errors that the reads leave open: its weight, and per cell what the likelihood of
    background is under it, as a multiple of that of the learned errors; 1 where no reads show."""
    rows = np.flatnonzero(asked & (cells.alt_count > 0) & (cells.alt_count <= MOST_READS_OF_ABSENT))
    alt, depth, rate = cells.alt_count[rows], cells.depth[rows], cells.error_rate[rows]
    base = log_noise(alt, depth, rate, background.noise_shape)
    for reading in readings(background):
        ratio, total = np.ones(cells.n, np.float32), np.zeros(len(rows))
        for weight, shape, multiple in reading.parts:
            value = log_noise(alt, depth, np.minimum(rate * multiple[cells.sample[rows]], 0.3), shape)
            total += weight * np.exp(np.minimum(value - base, 60.0))
        ratio[rows] = total / sum(weight for weight, *_ in reading.parts)
        yield reading.weight, ratio


def _held(there: NDArray[Any], absent: NDArray[Any], usual: FloatArray, most: float) -> FloatArray:
    """Return P(present) were presence as probable beforehand as `most`, whatever is usual in the sample.

    Parameters
    ----------
    there, absent : shape (n,), posterior weights with what is usual in the sample
    usual : shape (n,), share absent that is usual there

    Notes
    -----
    Where errors are as high as what a small clone shows the reads tell neither, and the share present that is learned
    drifts: with errors thirty times those told 26 % of the sites without a single read were "present".
    """
    there, absent = most * there / np.maximum(1 - usual, 1e-9), (1 - most) * absent / np.maximum(usual, 1e-9)
    return np.asarray(there / np.maximum(there + absent, 1e-300), float)


def detection_at(detection: NDArray[np.float32], ccfs: FloatArray, ccf: FloatArray) -> FloatArray:
    """Return each cell's chance of a call at `ccf` (shape (n,)), linear between grid points; NaN where NaN."""
    grid = np.concatenate([[0.0], ccfs])
    at = np.clip(np.nan_to_num(ccf), 0, 1)
    right = np.clip(np.searchsorted(grid, at), 1, len(grid) - 1)
    share = (at - grid[right - 1]) / (grid[right] - grid[right - 1])
    row = np.arange(len(ccf))
    value = (1 - share) * detection[row, right - 1] + share * detection[row, right]
    return np.asarray(np.where(np.isnan(ccf), np.nan, value), float)


def _in_chunks(work, n: int, n_thread: int, n_part: int = 8) -> None:  # type: ignore[no-untyped-def]
    """Run ``work(begin, end)`` over 0..n; the loops let go of the interpreter, so threads share the cores."""
    if n < 20_000 or n_thread < 2:
        work(0, n)
        return
    edges = np.linspace(0, n, n_part + 1).astype(int)
    with ThreadPoolExecutor(n_thread) as pool:
        list(pool.map(lambda k: work(int(edges[k]), int(edges[k + 1])), range(len(edges) - 1)))


def _called_elsewhere(cells: Cells) -> BoolArray:
    """Return whether another sample of the patient has the variant called."""
    n_called = np.bincount(
        cells.variant, cells.is_called.astype(float), minlength=int(cells.variant.max(initial=-1)) + 1
    )
    return np.asarray(n_called[cells.variant] - cells.is_called > 0.5)


def _rough_ccf(cells: Cells, purity: FloatArray, counted: BoolArray) -> FloatArray:
    """Return the cell fraction by moments; 1 for a call without counts, 0 for none."""
    rho = purity[cells.sample]
    copies = rho * cells.total_cn + (1 - rho) * cells.normal_cn
    vaf = np.where(counted, cells.alt_count / np.maximum(cells.depth, 1), 0.0)
    mutated = rho * np.where(vaf * copies > rho * 1.5, np.maximum(cells.major_cn, 1.0), 1.0)
    ccf = vaf * copies / np.maximum(mutated, 1e-9)
    return np.where(counted, np.minimum(ccf, 1.0), 1.0) * cells.is_called


def _kinds(cells: Cells, elsewhere: BoolArray, ccf: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return what the other samples say of the variant, and its highest cell fraction there (NaN: none)."""
    n_variant = int(cells.variant.max(initial=-1)) + 1
    first = np.full(n_variant, -1.0)
    np.maximum.at(first, cells.variant, ccf)
    top = ccf >= first[cells.variant]
    n_top = np.bincount(cells.variant, top.astype(float), minlength=n_variant)
    second = np.full(n_variant, -1.0)
    np.maximum.at(second, cells.variant, np.where(top, -1.0, ccf))
    highest = np.where(top & (n_top[cells.variant] < 1.5), second[cells.variant], first[cells.variant])
    kind = np.where(elsewhere, np.where(highest >= CLONAL_CCF, CLONAL_ELSEWHERE, SUBCLONAL_ELSEWHERE), ONLY_HERE)
    return kind.astype(np.int64), np.where(elsewhere, highest, np.nan)


def _learn(
    like: NDArray[np.float32],
    power: NDArray[np.float32],
    group: IntArray,
    own_call: BoolArray,
    patient: IntArray,
    samples: Samples,
    ccfs: FloatArray,
    settings: PriorSettings,
    n_thread: int,
    teaches: BoolArray | None = None,
) -> tuple[FloatArray, NDArray[np.float32]]:
    """Learn the prior of each (sample, kind) over CCF 0 and the grid by EM; return it and every cell's posterior.

    The share present is pulled towards the patient's own, that towards the study's; the shape over the cell
    fractions towards that of the material (tissue, plasma), that towards the study's: each with the weight of
    ``settings.strength`` variants. Plasma too poor to teach anything so takes its patient's share.
    """
    from oncourse.evolution import presence_kernels as kernels

    n_sample, n_grid = len(samples.purity), len(ccfs) + 1
    prior = _Prior(patient, samples.is_plasma, n_grid - 1, settings)
    theta = prior.start()
    total = np.zeros((n_sample * 3, n_grid))
    resp = np.empty_like(like)
    parts: dict[int, FloatArray] = {}

    all_cells = (like, power, group, own_call, resp)
    teachers = all_cells if teaches is None or teaches.all() else tuple(x[teaches] for x in all_cells)

    def step(theta: FloatArray, cells: tuple[NDArray[Any], ...] = teachers) -> None:
        def part(begin: int, end: int) -> None:
            own = np.zeros_like(total)
            reads, calls, of, here, out = (x[begin:end] for x in cells)
            kernels.posterior_step(reads, calls, of, here, theta, out, own)
            parts[begin] = own

        parts.clear()
        _in_chunks(part, len(cells[0]), n_thread, n_part=n_thread)
        # added up in a fixed order, so that the sum does not depend on which thread came first
        total[:] = sum(parts[begin] for begin in sorted(parts))

    def learned(theta: FloatArray) -> FloatArray:
        step(theta)
        return prior.update(total)

    # EM with squared extrapolation (Varadhan, Roland. Scand J Stat 2008;35:335); jumps are bounded
    for _ in range(settings.n_step // 2):
        one = learned(theta)
        two = learned(one)
        change, bend = one - theta, two - one - (one - theta)
        if np.abs(change).max(initial=0.0) < CONVERGED:
            theta = two
            break
        length = min(max(float(np.sqrt((change**2).sum() / max((bend**2).sum(), 1e-300))), 1.0), 8.0)
        jump = np.maximum(theta + 2 * length * change + length**2 * bend, 1e-9)
        theta = jump / jump.sum(axis=1, keepdims=True)
    theta = learned(theta)
    step(theta, all_cells)
    return theta, resp


class _Prior:
    """What is usual, by sample and kind (rows ``sample * 3 + kind``): CCF 0, then the grid."""

    def __init__(self, patient: IntArray, is_plasma: BoolArray, n_level: int, settings: PriorSettings):
        n_sample, kinds = len(patient), np.arange(3)
        # half of the present variants clonal, the rest even over the grid: a weak start that the data replace
        self.shape = np.full(n_level, 0.5 / n_level)
        self.shape[-1] += 0.5
        self.share = np.array([settings.call_ppv, 0.5, 0.5])
        if settings.fixed is not None:
            self.share[1:] = settings.fixed
        # whether a call made in one sample alone is real cannot be learned from that sample: its share stays
        self.held = np.tile(np.array([True, settings.fixed is not None, settings.fixed is not None]), n_sample)
        self.strength = settings.strength
        self.kind = np.tile(kinds, n_sample)
        number = np.unique(patient, return_inverse=True)[1]
        self.patient = np.repeat(number * 3, 3) + self.kind
        self.material = np.repeat(is_plasma.astype(np.int64) * 3, 3) + self.kind

    def start(self) -> FloatArray:
        return self._joined(self.share[self.kind], np.tile(self.shape, (len(self.kind), 1)))

    def update(self, total: FloatArray) -> FloatArray:
        """Return the prior that expected numbers of variants per row, CCF 0 and grid, teach."""
        n, present = total.sum(axis=1), total[:, 1:].sum(axis=1)
        share = _pooled(present, n, self.kind, self.share, 2.0)
        share = _pooled(present, n, self.patient, share[np.arange(self.patient.max() + 1) % 3], self.strength)
        share = (present + self.strength * share[self.patient]) / np.maximum(n + self.strength, 1e-12)
        shape = _pooled_shape(total[:, 1:], self.kind, np.tile(self.shape, (3, 1)), 2.0)
        shape = _pooled_shape(total[:, 1:], self.material, np.tile(shape, (2, 1)), self.strength)
        shape = total[:, 1:] + self.strength * shape[self.material]
        shape /= np.maximum(shape.sum(axis=1, keepdims=True), 1e-12)
        return self._joined(np.where(self.held, self.share[self.kind], share), shape)

    @staticmethod
    def _joined(share: FloatArray, shape: FloatArray) -> FloatArray:
        return np.concatenate([1 - share[:, None], share[:, None] * shape], axis=1)


def _pooled(present: FloatArray, n: FloatArray, group: IntArray, towards: FloatArray, weight: float) -> FloatArray:
    """Return the share present per group, pulled towards a value with the weight of so many variants."""
    top, bottom = np.bincount(group, present, len(towards)), np.bincount(group, n, len(towards))
    return np.asarray((top + weight * towards) / np.maximum(bottom + weight, 1e-12))


def _pooled_shape(number: FloatArray, group: IntArray, towards: FloatArray, weight: float) -> FloatArray:
    """Return the distribution over the grid per group, pulled likewise."""
    sums = np.zeros_like(towards)
    np.add.at(sums, group, number)
    sums += weight * towards
    return np.asarray(sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-12))


def _patients(cells: Cells, n_sample: int) -> IntArray:
    """Return a number per sample, the same for samples that share a variant (of a patient)."""
    first = np.full(int(cells.variant.max(initial=-1)) + 1, n_sample, np.int64)
    np.minimum.at(first, cells.variant, cells.sample)
    patient = np.arange(n_sample)
    np.minimum.at(patient, cells.sample, first[cells.variant])
    return patient
