"""How often a base is read as another: per sample and trinucleotide, and per site from the normals of other patients.

A site's own rate is drawn to the rate of its context with the weight of `PRIOR_DEPTH` fragments (as TNER does [1]_), so
that a site noisy in many normals counts as noisy and one stray read does not.

References
----------
.. [1] Deng S et al. TNER: a novel background error suppression method for mutation detection in circulating tumor DNA.
   BMC Bioinformatics 2018;19:387.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from oncourse.reads.profile import Bases

Floats = NDArray[np.float64]
#: Positions with a second base above this share are variants, not errors.
_VARIANT_SHARE = 0.05
#: Where errors are rare, a count that chance makes less often than this is a variant and no background. A choice.
_VARIANT_CHANCE = 1e-5
#: Fragments by which the mean of a substitution weighs against what a context shows; where errors are rare, those that
#: hold so many errors. Choices.
_CONTEXT, _CONTEXT_ERRORS = 20_000, 10.0
#: Fragments the context's rate weighs against what normals show at the site. A choice.
PRIOR_DEPTH = 1_000.0
#: Errors differ between places of one context: concentration of the beta-binomial. A choice. Below `RARE`, where
#: families have outvoted the sequencer, it is one over the rate: rates of places differ by their size (2,000 at 1e-5:
#: by seven).
CONCENTRATION, RARE = 2_000.0, 5e-5
#: No rate below this is believed (a fragment whose mates agree is still copied from one strand).
LEAST = 2e-6
#: Rate of an insertion or deletion by the length of the repeat of one base it lies in. A choice, of the size seen in
#: Illumina reads: it grows about tenfold from 7 to 10.
INDEL_RATE = ((4, 2e-5), (6, 1e-4), (7, 5e-4), (8, 2e-3), (9, 6e-3), (10, 2e-2))
INDEL_RATE_LONGEST = 5e-2
SUBSTITUTIONS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")


@dataclass(frozen=True)
class ContextErrors:
    """Rates of one sample: shape (5, 4, 5, 4), base before, base, base after, read as; 4 before or after: not known."""

    rates: Floats
    by_substitution: dict[str, float]


def contexts(bases: Bases) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the reference base before and after each position; 4 where the neighbour is no target base."""
    ref = bases.ref.astype(np.int64)
    joined = (np.diff(bases.pos) == 1) & (np.diff(bases.contig) == 0)
    before, after = np.full(len(ref), 4), np.full(len(ref), 4)
    before[1:][joined], after[:-1][joined] = ref[:-1][joined], ref[1:][joined]
    return before, after


def background_of(bases: Bases) -> ContextErrors:
    """Return the error rates of a sample from the bases that are no variants.

    A context and its complement share their rate (C>T in ACG is G>A in CGT); a rare one is drawn to the mean of its
    substitution.
    """
    counts = bases.bases.astype(float)
    depth = counts.sum(1)
    known = (bases.ref < 4) & (depth > 0)
    ref = np.where(bases.ref < 4, bases.ref, 0).astype(np.int64)
    own = counts[np.arange(len(ref)), ref]
    known &= own >= (1 - _VARIANT_SHARE) * depth
    before, after = contexts(bases)
    where = (before[known], ref[known], after[known])
    seen, of = counts[known], depth[known]
    seen[np.arange(len(seen)), ref[known]] = 0.0
    found = _rates(seen, of, where)
    if np.mean(list(found.by_substitution.values())) >= RARE:
        return found
    # families have outvoted the sequencer: a few true variants among the target bases would be most of what is seen
    for _ in range(3):  # what variants had hidden shows when the first are gone
        row, alt = np.nonzero(seen >= 3)
        rate = np.array(
            [
                found.by_substitution[_substitution("ACGT"[r], "ACGT"[a])]
                for r, a in zip(where[1][row], alt, strict=True)
            ]
        )
        is_variant = chance_of_noise(seen[row, alt], of[row], rate) < _VARIANT_CHANCE
        seen[row[is_variant], alt[is_variant]] = 0.0
        found = _rates(seen, of, where)
    return found


def _rates(seen: Floats, of: Floats, where: tuple[NDArray[np.int64], ...]) -> ContextErrors:
    """Return the rates of fragments read as another base, shape (n, 4), among `of`, by context (before, base,
    after)."""
    errors, total = np.zeros((5, 4, 5, 4)), np.zeros((5, 4, 5))
    np.add.at(total, where, of)
    for alt in range(4):
        np.add.at(errors[..., alt], where, seen[:, alt])
    errors, total = _with_complement(errors, total)
    rates, by = np.full((5, 4, 5, 4), LEAST), {}
    for b in range(4):
        for alt in range(4):
            if alt == b:
                continue
            n, of_base = errors[:, b, :, alt], total[:, b, :]
            mean = (n.sum() + 0.5) / (of_base.sum() + 0.5 / 1e-4)
            weight = _CONTEXT if mean >= RARE else _CONTEXT_ERRORS / mean
            rates[:, b, :, alt] = np.maximum((n + mean * weight) / (of_base + weight), LEAST)
            by[_substitution("ACGT"[b], "ACGT"[alt])] = float(max(mean, LEAST))
    return ContextErrors(rates, {name: by[name] for name in SUBSTITUTIONS})


def _with_complement(errors: Floats, total: Floats) -> tuple[Floats, Floats]:
    flip = np.array([3, 2, 1, 0, 4])
    other_total = total[np.ix_(flip, flip[:4], flip)].transpose(2, 1, 0)
    other_errors = errors[np.ix_(flip, flip[:4], flip, flip[:4])].transpose(2, 1, 0, 3)
    return errors + other_errors, total + other_total


def _substitution(ref: str, alt: str) -> str:
    """Return the change as read from the pyrimidine.

    >>> _substitution("G", "A"), _substitution("T", "C")
    ('C>T', 'T>C')
    """
    if ref in "AG":
        ref, alt = ("TGCA"["ACGT".index(x)] for x in (ref, alt))
    return f"{ref}>{alt}"


def site_rates(sites: pl.DataFrame, background: ContextErrors, normals: pl.DataFrame | None) -> Floats:
    """Return the chance that a fragment without the variant shows it, for each site.

    Parameters
    ----------
    sites : ``ref``, ``alt`` (trimmed, ``-`` empty), ``before``, ``after`` (0-4, see `contexts`), ``repeat``: length of
    the
        run of one base that an insertion or deletion lies in
    normals : ``alt_count``, ``depth`` of the same sites summed over normals of other patients; None without any
    """
    code = {b: i for i, b in enumerate("ACGT")}
    out = np.empty(sites.height)
    columns = ("ref", "alt", "before", "after", "repeat")
    for i, (ref, alt, before, after, repeat) in enumerate(sites.select(columns).iter_rows()):
        if ref in code and alt in code:
            out[i] = background.rates[before, code[ref], after, code[alt]]
        elif "-" not in (ref, alt) and len(ref) == len(alt):
            out[i] = LEAST
        else:
            out[i] = indel_rate(repeat)
    if normals is not None:
        seen, of = normals["alt_count"].to_numpy(), normals["depth"].to_numpy()
        out = np.maximum(out, (seen + out * PRIOR_DEPTH) / (of + PRIOR_DEPTH))
    return out


def indel_rate(repeat: int) -> float:
    """Return the chance of a false insertion or deletion in a run of one base of this length.

    >>> indel_rate(1), indel_rate(8), indel_rate(14)
    (2e-05, 0.002, 0.05)
    """
    return next((rate for longest, rate in INDEL_RATE if repeat <= longest), INDEL_RATE_LONGEST)


def chance_of_noise(alt_count: ArrayLike, depth: ArrayLike, rate: ArrayLike) -> Floats:
    """Return P(at least so many variant fragments | background only), beta-binomial with `CONCENTRATION`.

    >>> float(chance_of_noise(0, 100, 1e-4)), bool(chance_of_noise(5, 200, 1e-4) < 1e-6)
    (1.0, True)
    """
    from scipy.stats import betabinom

    count, n = np.asarray(alt_count, float), np.asarray(depth, float)
    p = np.clip(np.asarray(rate, float), LEAST, 0.5)
    spread = np.where(p < RARE, 1 / p, CONCENTRATION)
    value = betabinom.sf(count - 1, np.maximum(n, 1), p * spread, (1 - p) * spread)
    return np.where(count <= 0, 1.0, np.clip(value, 0.0, 1.0))


def least_count(depth: ArrayLike, rate: ArrayLike, alpha: float) -> NDArray[np.int64]:
    """Return the fewest variant fragments whose chance under background alone is below `alpha`."""
    depth, rate = np.broadcast_arrays(np.asarray(depth, float), np.asarray(rate, float))
    out = np.full(depth.shape, -1, np.int64)
    for count in range(1, 400):
        open_ = out < 0
        if not open_.any():
            break
        hit = chance_of_noise(np.full(depth.shape, count), depth, rate) < alpha
        out[open_ & hit] = count
    return np.where(out < 0, 400, out)


def detection_limit(depth: ArrayLike, rate: ArrayLike, *, alpha: float, power: float = 0.95) -> Floats:
    """Return the smallest allele fraction called with chance `power`; NaN where even 1 is not.

    >>> float(detection_limit(1000, 1e-4, alpha=1e-6).round(3))
    0.016
    """
    from scipy.stats import beta

    depth, rate = np.broadcast_arrays(np.asarray(depth, float), np.asarray(rate, float))
    least = least_count(depth, rate, alpha)
    # P(Binomial(n, v) >= k) = power at v = the `power` quantile of Beta(k, n - k + 1)
    with np.errstate(invalid="ignore"):
        value = beta.ppf(power, least, depth - least + 1)
    return np.where(least <= depth, value, np.nan)
