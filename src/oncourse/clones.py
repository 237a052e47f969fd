"""Clones of one patient from read counts: cluster, tree, seeding; arrays or one frame in, no study needed.

`counts` -> `cluster` -> `tree` -> `seeding`. Methods and their accuracy: docs/explanation/clones.md and
trees_and_seeding.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.errors import InputError
from oncourse.evolution.clustering.types import Clustering, ClusterParams, Counts
from oncourse.evolution.seeding.lesions import SeedingPosterior
from oncourse.evolution.trees.posterior import TreePosterior
from oncourse.genome.variant import places

__all__ = ["ClusterParams", "Clustering", "Counts", "cluster", "counts", "seeding", "tree"]

#: Relative errors of a cell fraction that counts do not show; as the settings of `evolution` of these names.
CCF_ERROR, CCF_ERROR_FAR = 0.05, 0.25
#: Columns every frame of counts needs.
REQUIRED = ("variant_id", "sample_id", "alt_count", "depth")


def counts(frame: pl.DataFrame, *, error_rate: float = 0.001) -> Counts:
    """Return the counts of one patient from a long frame: one row per variant and sample.

    Parameters
    ----------
    frame : variant_id (chrom:pos:ref:alt, by which clones are told from lost segments, or any name), sample_id,
        alt_count, depth; optional purity (tumour cell fraction, 0-1; else 1), major_cn,
        minor_cn (copies per tumour cell; else 1 and 1), normal_cn (copies per normal cell; else 2). A variant without a
        row in a sample was not looked at there. Variants and samples come out sorted by name.
    error_rate : chance that a base is read wrongly

    Raises
    ------
    InputError : a column is missing, or a variant is there twice in a sample

    Examples
    --------
    >>> frame = pl.DataFrame({"variant_id": ["a", "b"], "sample_id": ["S", "S"], "alt_count": [50, 20], "depth": [100,
    ... 90]})
    >>> counts(frame).alt_count.tolist()
    [[50], [20]]
    """
    missing = [c for c in REQUIRED if c not in frame.columns]
    if missing:
        raise InputError([f"counts: column {c} is missing. Needed: {', '.join(REQUIRED)}." for c in missing])
    if frame.select("variant_id", "sample_id").is_duplicated().any():
        raise InputError("counts: a variant is there twice in a sample. Give one row per variant and sample.")
    variants, samples = frame["variant_id"].unique().sort(), frame["sample_id"].unique().sort()
    row = dict(zip(variants, range(len(variants)), strict=True))
    column = dict(zip(samples, range(len(samples)), strict=True))
    at = (np.array([row[v] for v in frame["variant_id"]]), np.array([column[s] for s in frame["sample_id"]]))

    def wide(name: str, default: float) -> NDArray[np.float64]:
        out = np.full((len(variants), len(samples)), default)
        if name in frame.columns:
            out[at] = frame[name].cast(pl.Float64).fill_null(default).to_numpy()
        return out

    return Counts(
        wide("alt_count", 0.0).astype(np.int64),
        wide("depth", 0.0).astype(np.int64),
        wide("purity", 1.0),
        wide("major_cn", 1.0),
        wide("minor_cn", 1.0),
        wide("normal_cn", 2.0),
        error_rate=np.full(len(samples), error_rate),
        **places(variants),
    )


def cluster(data: Counts | pl.DataFrame, params: ClusterParams | None = None) -> Clustering:
    """Return clusters of variants of one cell fraction (`oncourse.evolution.clustering.cluster.cluster_patient`)."""
    from oncourse.evolution.clustering.cluster import cluster_patient

    return cluster_patient(data if isinstance(data, Counts) else counts(data), params)


def tree(
    data: Counts | pl.DataFrame,
    clustering: Clustering,
    *,
    ccf_error: float = CCF_ERROR,
    ccf_error_far: float = CCF_ERROR_FAR,
    seed: int = 1,
) -> TreePosterior:
    """Return the posterior over trees of the clusters (`oncourse.evolution.trees.posterior.fit_trees`).

    ccf_error : relative error of a cell fraction that counts do not show (purity, copy number); ccf_error_far : the
    error in the few that are wrong by more
    """
    from oncourse.evolution.trees.posterior import fit_trees, with_ccf_error

    mean, var = _moments(data if isinstance(data, Counts) else counts(data), clustering)
    usual, far = (with_ccf_error(mean, var, e) for e in (ccf_error, ccf_error_far))
    return fit_trees(mean, usual, wide=far, seed=seed)


def seeding(
    data: Counts | pl.DataFrame,
    clustering: Clustering,
    trees: TreePosterior,
    lesion_of_sample: Mapping[int, int] | list[int],
    *,
    primary: int | None,
    seed: int = 1,
) -> SeedingPosterior:
    """Return how each lesion was seeded (`oncourse.evolution.seeding.robust.robust_seeding`): no call rests on one
    small cluster, and each carries the chance that a cluster is no clone. Copies are taken as told, two where the data have
    none: the analysis of a study without segments weighs that they may differ (`oncourse.evolution.seeding.copies`).

    lesion_of_sample : lesion 0..M-1 of each sample, in the order of the counts; -1 for blood
    primary : the lesion of the primary; None: it was not sequenced
    """
    from oncourse.evolution.seeding.robust import doubt_of_clones, places_elsewhere, robust_seeding
    from oncourse.evolution.trees.posterior import fit_trees, with_ccf_error

    found = data if isinstance(data, Counts) else counts(data)
    sites = np.array([lesion_of_sample[s] for s in range(found.n_sample)], np.int64)
    mean, var = _moments(found, clustering)
    p = np.zeros(clustering.n_cluster) if clustering.p_no_clone is None else clustering.p_no_clone
    elsewhere = places_elsewhere(found.chrom, clustering.labels, np.arange(clustering.n_cluster))
    doubt = doubt_of_clones(p, clustering.n_variants, found.n_variant, elsewhere)
    usual, far = (with_ccf_error(mean, var, e) for e in (CCF_ERROR, CCF_ERROR_FAR))
    return robust_seeding(
        trees,
        mean,
        usual,
        sites,
        doubt,
        root_site=primary,
        fit=lambda kept: fit_trees(mean[kept], usual[kept], wide=far[kept], seed=seed),
        seed=seed,
    )


def _moments(data: Counts, clustering: Clustering) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from oncourse.evolution.trees.posterior import moments_from_grid

    mean, var = moments_from_grid(clustering.log_lik, clustering.grid)
    labels = range(clustering.n_cluster)
    # a sample in which no member was counted says nothing of the clone
    looked = np.stack([(data.depth[clustering.labels == k] > 0).any(0) for k in labels])
    return mean, np.where(looked, var, 0.0)
