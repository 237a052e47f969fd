"""When lesions parted: private and shared clonal variants, early or late, and a tree of samples as model-free check."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CLONAL_CCF = 0.75
"""From this CCF a cluster counts as in all cells of a sample: purity and copy number are not exact."""
ABSENT_CCF = 0.05
"""Below this CCF a cluster counts as not there."""
MISREAD_FROM_ONE_REGION = 0.83
"""Share of late-divergence cases that look early when the primary was sampled once (Al Bakir 2023, PMC10115651)."""
EARLY_PRIOR = 0.25
"""Share of metastases that diverged early (same source)."""


@dataclass(frozen=True)
class Divergence:
    """How a metastasis parted from the primary.

    Attributes
    ----------
    call : ``early`` (it lacks variants that all cells of all primary regions carry), ``late`` (at 95 % it has them
        all) or ``not_assessable``
    p_early : probability that some cluster of at least `min_variants` variants is clonal in the primary and missing
        here; from one primary region that is expected in 83 % of late cases too, so it stays below .29 there. None
        where no cluster is surely clonal in the primary
    n_missing : variants clonal in the primary and absent in the metastasis; like the other numbers, of clusters of
    which
        that is likelier than not (a call needs ``sure``)
    n_private_clonal : variants clonal in the metastasis and absent in the primary
    n_shared_clonal : variants clonal in both
    n_shared_subclonal : variants present, not clonal, in both
    jsi : shared subclonal / (private clonal of either + shared subclonal), Hu 2020; None without such variants
    """

    call: str
    p_early: float | None
    n_missing: int
    n_private_clonal: int
    n_shared_clonal: int
    n_shared_subclonal: int
    jsi: float | None


def lesion_state(posterior: FloatArray, grid: FloatArray, known: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return P(clonal in the regions), P(absent from every region) of each cluster, shape (K,).

    Clonal is the geometric mean over regions: a region without the cluster makes it 0, while errors of purity that
    each region shares with itself are not multiplied up; absent is the product.

    Parameters
    ----------
    posterior : shape (K, S, G), CCF posteriors of the samples of one lesion; grid : (G,)
    known : shape (K, S), was the cluster looked at; NaN is returned for a cluster that nowhere was
    """
    in_all = np.where(known, posterior[..., grid >= CLONAL_CCF].sum(-1), 1.0)
    clonal = in_all.prod(1) ** (1 / np.maximum(known.sum(1), 1))
    absent = np.where(known, posterior[..., grid < ABSENT_CCF].sum(-1), 1.0).prod(1)
    nowhere = ~known.any(1)
    return np.where(nowhere, np.nan, clonal), np.where(nowhere, np.nan, absent)


def divergence(
    primary: tuple[FloatArray, FloatArray],
    metastasis: tuple[FloatArray, FloatArray],
    n_variants: NDArray[np.int64],
    *,
    n_primary_regions: int,
    sure: float = 0.95,
    min_variants: int = 2,
) -> Divergence:
    """Compare two lesions.

    Parameters
    ----------
    primary, metastasis : `lesion_state` of each
    n_variants : shape (K,), variants per cluster
    sure : probability that a state needs
    min_variants : least missing variants for ``early``: one alone may be lost with its chromosome

    Examples
    --------
    One region, ten clonal variants of the primary missing in the metastasis: not called early

    >>> state = (np.array([1.0, 1.0]), np.array([0.0, 0.0])), (np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    >>> one = divergence(*state, np.array([30, 10]), n_primary_regions=1)
    >>> one.call, round(one.p_early, 2), one.n_missing
    ('not_assessable', 0.29, 10)
    >>> divergence(*state, np.array([30, 10]), n_primary_regions=3).call
    'early'
    """
    (p_clonal, p_absent), (m_clonal, m_absent) = primary, metastasis
    known = ~(np.isnan(p_clonal) | np.isnan(m_clonal))
    n = np.where(known, n_variants, 0)
    missing = (p_clonal > sure) & (m_absent > sure)
    private = (m_clonal > 0.5) & (p_absent > 0.5)
    shared = (m_clonal > 0.5) & (p_clonal > 0.5)
    other = (p_clonal > 0.5) & (m_absent > 0.5)
    subclonal = (p_clonal <= 0.5) & (p_absent <= 0.5) & (m_clonal <= 0.5) & (m_absent <= 0.5)
    surely_missing = int(n[missing].sum())
    # any cluster may be clonal in the primary and missing here, also one whose state is not sure
    lack = np.where(known, p_clonal * m_absent, 0.0)
    p_any = 1 - float(np.prod(1 - lack))
    p_several = 1 - float(np.prod(1 - lack[n >= min_variants]))
    has_trunk = bool((known & (p_clonal > sure)).any())
    by_chance = early_all_shared(int(n[p_clonal > sure].sum()))
    misread = (1 - EARLY_PRIOR) * MISREAD_FROM_ONE_REGION
    trust = 1.0 if n_primary_regions > 1 else EARLY_PRIOR / (EARLY_PRIOR + misread)
    if surely_missing >= min_variants and n_primary_regions > 1:
        call = "early"
    elif p_any < 1 - sure and has_trunk and by_chance < 1 - sure:
        call = "late"
    else:
        call = "not_assessable"
    p_early = 1 - (1 - p_several * trust) * (1 - by_chance * (1 - p_any)) if has_trunk else None
    between = int(n[private].sum() + n[other].sum() + n[subclonal].sum())
    return Divergence(
        call,
        p_early,
        int(n[other].sum()),
        int(n[private].sum()),
        int(n[shared].sum()),
        int(n[subclonal].sum()),
        float(n[subclonal].sum() / between) if between else None,
    )


def early_all_shared(n_trunk: int) -> float:
    """Return P(early | the metastasis has all ``n_trunk`` variants that are clonal in the primary).

    A lesion that left while the trunk arose, at any time alike, has all n of its variants with chance 1 / (n + 1): few
    variants, as of a panel, cannot show that it left late.

    Examples
    --------
    >>> [round(early_all_shared(n), 3) for n in (0, 2, 6, 50)]
    [0.25, 0.1, 0.045, 0.006]
    """
    early = EARLY_PRIOR / (n_trunk + 1)
    return early / (early + 1 - EARLY_PRIOR)


@dataclass(frozen=True)
class SampleTree:
    """An unrooted tree of samples from their distances (neighbour joining).

    Attributes
    ----------
    splits : one per inner edge: the samples on the side that does not hold the last sample
    support : share of bootstrap trees with that split
    length : length of the edge, in the unit of the distances
    """

    splits: tuple[frozenset[int], ...]
    support: tuple[float, ...]
    length: tuple[float, ...]


def neighbour_joining(distance: FloatArray) -> dict[frozenset[int], float]:
    """Return the inner splits of the neighbour-joining tree with their lengths (Saitou, Nei 1987).

    Parameters
    ----------
    distance : shape (n, n), symmetric

    Examples
    --------
    Additive distances of the tree ((0, 1), (2, 3)) with inner edge 3:

    >>> d = np.array([[0, 2, 5, 5], [2, 0, 5, 5], [5, 5, 0, 2], [5, 5, 2, 0.0]])
    >>> {tuple(sorted(k)): v for k, v in neighbour_joining(d).items()}
    {(0, 1): 3.0}
    """
    from oncourse.evolution.seeding._sample_tree_kernels import neighbour_joining as kernel

    splits, lengths = kernel(np.array(distance, float))
    return {frozenset(np.flatnonzero(s).tolist()): float(x) for s, x in zip(splits, lengths, strict=True)}


def sample_distances(ccf: FloatArray, weight: FloatArray | None = None) -> FloatArray:
    """Return shape (S, S): mean absolute difference of CCF over variants known in both samples; 0 where none is.

    Parameters
    ----------
    ccf : shape (N, S), NaN where not known; weight : shape (N,), times each variant counts
    """
    from oncourse.evolution.seeding._sample_tree_kernels import sample_distances as kernel

    times = np.ones(len(ccf)) if weight is None else weight
    return np.asarray(kernel(np.ascontiguousarray(ccf, float), np.asarray(times, float)))


def sample_tree(ccf: FloatArray, rng: np.random.Generator, *, n_boot: int = 200) -> SampleTree:
    """Return the neighbour-joining tree of samples, support by bootstrap over variants; empty below 4 samples."""
    from oncourse.evolution.seeding._sample_tree_kernels import neighbour_joining as kernel
    from oncourse.evolution.seeding._sample_tree_kernels import times_found

    if ccf.shape[1] < 4:
        return SampleTree((), (), ())
    ccf = np.ascontiguousarray(ccf, float)
    base, length = kernel(sample_distances(ccf))
    times = rng.multinomial(len(ccf), np.full(len(ccf), 1 / len(ccf)), n_boot).astype(float)
    support = times_found(base, ccf, times) / n_boot
    splits = [frozenset(np.flatnonzero(s).tolist()) for s in base]
    order = sorted(range(len(splits)), key=lambda i: (len(splits[i]), sorted(splits[i])))
    return SampleTree(
        tuple(splits[i] for i in order),
        tuple(float(support[i]) for i in order),
        tuple(float(length[i]) for i in order),
    )
