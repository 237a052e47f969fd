"""Damage of one kind of change: what few reads of a clone do not explain, as clones do not choose their kind of change.

Formalin (C>T) and oxidation (C>A) raise one kind of change in some samples. A few sites a sample cannot tell damage
from small clones; all sites of a study can: where those of one kind, found in another lesion of the patient, show few
reads in some samples that the small clones of the other kinds do not explain, each sample that may be one of these may
be damaged as far as its own sites allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncourse.evolution.site_reads import CHANGES, clonal_vaf, log_beta_binomial, log_noise

if TYPE_CHECKING:
    from oncourse.evolution.background import Background
    from oncourse.evolution.presence import Cells, Samples

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Sites with less than this share of the reads of a clone of all cells are looked at, at least so many of a kind.
LOW, LEAST_SITES = 0.5, 10
#: Small clones of such sites are at these cell fractions; their shares are learned from the other kinds of change.
CLONES = np.array([0.05, 0.1, 0.2, 0.3, 0.45, 0.6])
#: Multiples of a sample's errors by damage, and shares of the samples that have it, that are weighed.
MULTIPLES, SHARES = np.array([4.0, 8.0, 16.0, 32.0]), np.array([0.15, 0.3, 0.5, 0.75, 1.0])
#: By how much the sites without the variant may be more or fewer in the kind than in the others (log odds).
BESIDE = np.linspace(-0.6, 0.6, 7)
#: Log of the Bayes factor from which a kind is damaged in some samples: the known kinds, and any other (of 56 simulated
#: studies without damage one had a kind above 1.5, at 2.3). A sample may be one of them where that is as probable as
#: `MAY_BE` and one of its sites shows reads that its errors would give at fewer than `UNUSUAL` of the sites. Choices.
KNOWN, OTHER, MAY_BE = 2.5, 3.0, 0.1
UNUSUAL = 0.2
KNOWN_KINDS = ("C>A", "C>T")
#: Largest multiple of the told errors, the chance that a sample's own sites leave it, and the shape of its spread.
MOST, CHANCE, SHAPE = 50.0, 0.05, 1.0
#: More variant reads than this are no damage.
MOST_READS = 30
#: Steps in which the shares of small clones are learned.
N_STEP = 30


def open_damage(
    cells: Cells, samples: Samples, purity: FloatArray, kind: IntArray, usable: BoolArray, factor: FloatArray
) -> FloatArray:
    """Return how many times the told errors each kind of change may have in each sample, (n_sample, 7); 1: no sign.

    Parameters
    ----------
    kind : shape (n_cell,), what the other samples say (`presence.ONLY_HERE` and so on); sites of `ONLY_HERE` are there
        by their own call and teach nothing
    usable : shape (n_cell,), counted, of a sample of known purity
    factor : shape (n_sample,), multiple of the told errors, learned over all kinds
    """
    from scipy.special import gammainc

    out = np.ones((len(purity), len(CHANGES)))
    rows = np.flatnonzero(usable & (kind > 0) & (cells.depth > 0))
    if cells.change is None or not len(rows):
        return out
    clonal = cells.depth[rows] * clonal_vaf(cells, purity, rows, np.ones(len(rows)))
    low = cells.alt_count[rows] < LOW * clonal
    sites = _Low.of(cells, samples, purity, rows[low], kind[rows[low]], factor)
    usual, change = cells.depth[rows[low]] * cells.error_rate[rows[low]], cells.change[rows[low]]
    shows = (sites.alt > 0) & (gammainc(np.maximum(sites.alt, 1.0), usual * factor[sites.sample]) < UNUSUAL)
    for c, name in enumerate(CHANGES[:-1]):
        mine = change == c
        evidence, may_be = sites.damaged(mine, len(purity))
        if evidence > (KNOWN if name in KNOWN_KINDS else OTHER):
            own = np.bincount(sites.sample[mine & shows], minlength=len(purity)) > 0
            told = mine & (sites.group == 1)
            found, expected = (
                np.bincount(sites.sample[told], x[told], len(purity)).astype(float) for x in (sites.alt, usual)
            )
            out[:, c] = np.where(own & (may_be >= MAY_BE), _upper(found, expected), 1.0)
    return out


@dataclass(frozen=True)
class _Low:
    """Sites of variants of other lesions that show few reads or none; arrays of shape (n,).

    group : whether the variant is clonal elsewhere; nil, clones, damage : likelihoods of the reads, of errors as learned,
    of a clone (n, `CLONES`), of errors with damage (n, `MULTIPLES`), each relative to the largest
    """

    sample: IntArray
    group: IntArray
    alt: FloatArray
    nil: FloatArray
    clones: FloatArray
    damage: FloatArray

    @classmethod
    def of(
        cls, cells: Cells, samples: Samples, purity: FloatArray, rows: IntArray, kind: IntArray, factor: FloatArray
    ) -> _Low:
        sample, alt, depth = cells.sample[rows], cells.alt_count[rows], cells.depth[rows]
        rate, shape = np.minimum(cells.error_rate[rows] * factor[sample], 0.3), samples.noise_shape[sample]
        vaf = clonal_vaf(cells, purity, rows, np.ones(len(rows)))
        logs = [log_noise(alt, depth, rate, shape)]
        logs += [log_beta_binomial(alt, depth, vaf * x + rate, samples.concentration[sample]) for x in CLONES]
        logs += [log_noise(alt, depth, np.minimum(rate * m, 0.3), SHAPE) for m in MULTIPLES]
        every = np.exp(np.stack(logs, axis=1) - np.max(logs, axis=0)[:, None])
        n = 1 + len(CLONES)
        return cls(sample, (kind == 2).astype(np.int64), alt, every[:, 0], every[:, 1:n], every[:, n:])

    def damaged(self, mine: BoolArray, n_sample: int) -> tuple[float, FloatArray]:
        """Return the log of the Bayes factor that the sites `mine` are damaged in a share of the samples against that
        they are like the others, and each sample's chance to be damaged if so.

        How many sites are without the variant is learned from the others, as well as these tell it (`BESIDE`).
        """
        chance = np.zeros(n_sample)
        if min(mine.sum(), (~mine).sum()) < LEAST_SITES:
            return 0.0, chance
        empty, clones = self._usual(~mine)
        n_model = len(BESIDE)
        plain, damaged = np.zeros(n_model), np.zeros((n_model, len(SHARES)))
        of_sample = np.zeros((n_model, len(SHARES), n_sample))
        for i, beside in enumerate(BESIDE):
            odds = np.exp(beside) * empty / (1 - empty)
            share = odds / (1 + odds)
            there = (1 - share) * clones
            usual = np.log(share * self.nil + there)
            other = np.log(share[:, None] * self.damage + there[:, None])
            ratio = np.stack([np.bincount(self.sample[mine], (x - usual)[mine], n_sample) for x in other.T], axis=1)
            ratio = np.exp(np.clip(ratio, -300.0, 300.0)).mean(axis=1)
            plain[i] = usual.sum()
            for j, share_of in enumerate(SHARES):
                either = (1 - share_of) + share_of * ratio  # of all samples damaged: the ratio alone, however small
                damaged[i, j] = plain[i] + np.log(either).sum()
                of_sample[i, j] = share_of * ratio / either
        weight = np.exp(damaged - damaged.max())
        chance = np.einsum("ij,ijs->s", weight / weight.sum(), of_sample)
        evidence = np.logaddexp.reduce(damaged.ravel()) - np.log(len(SHARES)) - np.logaddexp.reduce(plain)
        return float(evidence), chance

    def _usual(self, others: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return the share of sites without the variant, and the likelihood of a clone, per site: shares by EM over
        `others`, for variants that are clonal elsewhere and others."""
        empty, clones = np.full(len(self.nil), 0.5), self.clones.mean(axis=1)
        for group in (0, 1):
            here = self.group == group
            like = np.c_[self.nil, self.clones][others & here]
            share = np.r_[0.5, np.full(len(CLONES), 0.5 / len(CLONES))]
            prior = share * 4.0
            for _ in range(N_STEP):
                joint = like * share
                found = (joint / joint.sum(axis=1, keepdims=True)).sum(axis=0) + prior
                share = found / found.sum()
            empty[here] = share[0]
            clones[here] = (self.clones[here] * (share[1:] / share[1:].sum())).sum(axis=1)
        return empty, clones


def _upper(found: FloatArray, told: FloatArray) -> FloatArray:
    """Return the multiple of the told errors at which so few reads are left `CHANCE`, 1 to `MOST`."""
    from scipy.special import gammaincinv

    return np.clip(gammaincinv(found + 1, 1 - CHANCE) / np.maximum(told, 1e-9), 1.0, MOST)


def log_damaged(
    cells: Cells, told: FloatArray, damage: FloatArray, shape: FloatArray, asked: BoolArray
) -> tuple[IntArray, FloatArray]:
    """Return the cells whose few reads may be damage, and the log-likelihood of background in them were it as bad as
    ``damage`` (`open_damage`) allows, without the binomial coefficient.

    told : shape (n_cell,), errors as told; shape : of the spread between sites otherwise; asked : shape (n_cell,)
    """
    if cells.change is None:
        return np.zeros(0, np.int64), np.zeros(0)
    multiple = damage[cells.sample, cells.change]
    rows = np.flatnonzero(asked & (multiple > 1) & (cells.alt_count > 0) & (cells.alt_count <= MOST_READS))
    reads = cells.alt_count[rows], cells.depth[rows]
    usual = log_noise(*reads, cells.error_rate[rows], shape[cells.sample[rows]])
    return rows, np.maximum(log_noise(*reads, np.minimum(told[rows] * multiple[rows], 0.3), SHAPE), usual)


def log_highest(cells: Cells, background: Background, asked: BoolArray) -> tuple[IntArray, FloatArray]:
    """Return the cells with few reads, and the log-likelihood of background in them at `Background.highest`."""
    shape, multiple = background.highest
    rows = np.flatnonzero(
        asked & (multiple[cells.sample] > 1) & (cells.alt_count > 0) & (cells.alt_count <= MOST_READS)
    )
    rate = np.minimum(cells.error_rate[rows] * multiple[cells.sample[rows]], 0.3)
    return rows, log_noise(cells.alt_count[rows], cells.depth[rows], rate, shape)
