"""Tree of clones, seeding of lesions and divergence of every patient."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.clones.clusters import N_THREAD, ClusterTable, PatientClusters
from oncourse.disk.store import Store
from oncourse.genome.effect import is_altering
from oncourse.genome.genes import gene_table
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.evolution.clustering.types import Clustering
    from oncourse.evolution.seeding.divergence import Divergence, SampleTree
    from oncourse.evolution.seeding.lesions import SeedingPosterior
    from oncourse.evolution.trees.posterior import TreePosterior

FloatArray = NDArray[np.float64]
SMALL_PATIENT = 20
"""Below this many variants a cluster of one may be a clone of the tree."""


@section("evolution")
@dataclass(frozen=True)
class EvolutionParams:
    """How trees are made and what is reported; how variants are clustered is in the settings `clusters`."""

    average: bool = setting(True, "average over partitions of the variants; false takes the most probable one, faster")
    min_cluster_variants: int = setting(
        2, "least variants of a clone in the tree, in patients with 20 variants or more", low=1
    )
    ccf_error: float = setting(
        0.05,
        "usual error of a clone's cell fraction that counts do not show (purity, copy number), as a share of it",
        low=0,
        high=0.5,
        source="calibration on simulated exomes, docs/explanation/trees_and_seeding.md",
    )
    ccf_error_far: float = setting(
        0.25,
        "the same in the three of ten cases that are further off (mixed clusters, a wrong copy number)",
        low=0,
        high=1,
        source="calibration on simulated exomes, docs/explanation/trees_and_seeding.md",
    )
    ccf_error_without_copy_number: float = setting(
        0.25,
        "the error where copy number is not known: one copy more or less moves a fraction by 10-25 %",
        low=0,
        high=0.5,
    )
    max_clones: int = setting(20, "most clones in the tree; the largest are taken", low=2, high=60)
    min_probability: float = setting(
        0.8, "least probability of a seeding call to count in the summary", low=0.5, high=1
    )
    max_trees: int = setting(10, "trees per patient in evolution/trees", low=1)
    max_figures: int = setting(
        0,
        "patients whose tree, fractions and migrations a run draws: those with most lesions, then most samples; of any "
        "patient with `oncourse figure STUDY evolution/tree_PATIENT`",
        low=0,
    )


@dataclass(frozen=True)
class PatientClones:
    """Variants and samples of one patient with their clusters.

    data : counts and clusters; samples : sample_id, role, lesion_id, site, day, purity, purity_basis of the columns
    """

    data: PatientClusters
    samples: pl.DataFrame

    @property
    def patient_id(self) -> str:
        return self.data.patient_id

    @property
    def clustering(self) -> Clustering:
        return self.data.clustering

    @property
    def variants(self) -> pl.DataFrame:
        """variant_id, gene, consequence, hgvs_p of the rows."""
        return self.data.data.variants

    @property
    def depth(self) -> NDArray[np.int64]:
        """Shape (N, S); 0 where a variant was not looked at."""
        return self.data.data.counts.depth

    @property
    def has_copy_number(self) -> bool:
        return bool(self.data.data.cn_known.any())


@dataclass(frozen=True)
class PatientEvolution:
    """Tree, seeding and divergence of one patient.

    Attributes
    ----------
    clones : the patient's variants, samples and clusters
    roles : role (suppressor, oncogene) of each altered variant of a gene of known role, by variant_id
    clusters : cluster numbers (from 0) of the clones in the tree, clone k of `posterior` is clusters[k]
    mean, var : shape (K, S), CCF of the clones as given to the tree
    lesions : lesion_id of each site; site_of_sample : shape (S,), -1 where the sample belongs to no lesion
    primary : index of the primary among the lesions, None where it was not sequenced
    seeding : None where fewer than two lesions were sampled
    divergences : metastasis index -> comparison with the primary, else with the first other lesion
    sample_tree : neighbour-joining tree of the samples on the variants' CCFs
    """

    clones: PatientClones
    roles: dict[str, str]
    clusters: tuple[int, ...]
    mean: FloatArray
    var: FloatArray
    posterior: TreePosterior
    lesions: tuple[str, ...]
    site_of_sample: NDArray[np.int64]
    primary: int | None
    seeding: SeedingPosterior | None
    divergences: dict[int, Divergence]
    sample_tree: SampleTree

    @property
    def patient_id(self) -> str:
        return self.clones.patient_id

    @property
    def samples(self) -> pl.DataFrame:
        return self.clones.samples

    @property
    def clustering(self) -> Clustering:
        return self.clones.clustering

    @property
    def drawn(self) -> FloatArray:
        """Shape (draws, K, S): clone fractions drawn over trees and counts."""
        return self.posterior.drawn

    def clone_id(self, clone: int) -> int:
        """Return the cluster_id of a clone of the tree; 0 is the root."""
        return 0 if clone < 0 else self.clusters[clone] + 1


def tree_clusters(clustering: Clustering, params: EvolutionParams) -> tuple[int, ...]:
    """Return the clusters that enter the tree: large enough, at most `max_clones`, in the order of the clustering."""
    n = clustering.n_variants
    least = params.min_cluster_variants if len(clustering.labels) >= SMALL_PATIENT else 1
    able = [k for k in range(clustering.n_cluster) if n[k] >= least] or [int(np.argmax(n))]
    if len(able) > params.max_clones:
        able = sorted(sorted(able, key=lambda k: (-n[k], k))[: params.max_clones])
    return tuple(able)


def clone_doubt(data: PatientClusters, clusters: tuple[int, ...]) -> FloatArray:
    """Return shape (K,): the chance that each clone of the tree is none, by its variants, their number and places."""
    from oncourse.evolution.seeding.robust import doubt_of_clones, places_elsewhere

    found, chrom = data.clustering, data.data.counts.chrom
    at = list(clusters)
    p = np.zeros(len(at)) if found.p_no_clone is None else found.p_no_clone[at]
    elsewhere = places_elsewhere(chrom, found.labels, np.array(at))
    return doubt_of_clones(p, found.n_variants[at], len(found.labels), elsewhere)


@dataclass(frozen=True)
class _Read:
    """How lesions were seeded, as clones' fractions are read; what is the same for each reading.

    doubt : shape (K,), chance that each clone is none; site : shape (S,), lesion of each sample; primary : its lesion
    """

    doubt: FloatArray
    site: NDArray[np.int64]
    primary: int | None
    seed: int
    name: str

    def seeding(
        self, trees: TreePosterior, mean: FloatArray, var: FloatArray, far: FloatArray, *, least_spike: float = 0.0
    ) -> SeedingPosterior:
        """Of fractions `mean` (K, S) with their errors `var`, `far` in the cases that are further off.

        least_spike : least chance that a clone has no cells of its own in a sample
        """
        from oncourse.evolution.seeding.robust import robust_seeding
        from oncourse.evolution.trees.posterior import fit_trees

        def some(kept: NDArray[np.int64]) -> TreePosterior:
            found = fit_trees(mean[kept], var[kept], wide=far[kept], seed=self.seed, name=f"{self.name}/some")
            return replace(found, spike=max(found.spike, least_spike))

        trees = replace(trees, spike=max(trees.spike, least_spike))
        return robust_seeding(
            trees,
            mean,
            var,
            self.site,
            self.doubt,
            root_site=self.primary,
            fit=some,
            seed=self.seed,
            name=f"{self.name}/seeding",
        )

    def without_copies(
        self, usual: SeedingPosterior, mean: FloatArray, var: FloatArray, far: FloatArray, data: PatientClusters
    ) -> SeedingPosterior:
        """Where copies are not known: the founders by fractions as told, and by presence alone."""
        from oncourse.evolution.seeding.copies import NO_CELLS, p_even, presence_alone, weighed
        from oncourse.evolution.trees.posterior import fit_trees

        def fitted(mean: FloatArray, var: FloatArray, far: FloatArray, name: str) -> TreePosterior:
            return fit_trees(mean, var, wide=far, seed=self.seed, name=f"{self.name}/{name}")

        unknown = data.data.copies_unknown
        as_told = self.seeding(fitted(mean, var, far, "told"), mean, var, far)
        (most, var), (_, far) = (presence_alone(mean, v, unknown) for v in (var, far))
        by_presence = self.seeding(fitted(most, var, far, "presence"), most, var, far, least_spike=NO_CELLS)
        return weighed(usual, as_told, by_presence, p_even(data.clustering, unknown))


def evolve(
    data: PatientClusters, samples: pl.DataFrame, roles: dict[str, str], params: EvolutionParams, seed: int
) -> PatientEvolution:
    """Fit the tree, the seeding and the divergence of one patient."""
    from oncourse.evolution.clustering.doubt import chromosome_variance
    from oncourse.evolution.seeding.divergence import divergence, lesion_state, sample_tree
    from oncourse.evolution.seeding.migration import MAX_SITES
    from oncourse.evolution.trees.posterior import fit_trees, moments_from_grid, with_ccf_error
    from oncourse.stats.rng import generator

    found, depth = data.clustering, data.data.counts.depth
    clusters = tree_clusters(found, params)
    mean, var = moments_from_grid(found.log_lik[list(clusters)], found.grid)
    # a sample in which no member was counted says nothing of the clone
    looked = np.stack([(depth[found.labels == k] > 0).any(0) for k in clusters])
    # what leaving out one chromosome changes is no less than the error
    var = np.where(looked, np.maximum(var, chromosome_variance(data.data.counts, found)[list(clusters)]), 0.0)
    name = f"evolution/{data.patient_id}"
    counted = var
    usual = params.ccf_error if data.data.cn_known.any() else params.ccf_error_without_copy_number
    var = with_ccf_error(mean, counted, usual)
    far = with_ccf_error(mean, counted, max(params.ccf_error_far, usual))
    posterior = fit_trees(mean, var, wide=far, seed=seed, name=name)
    lesion_of = samples["lesion_id"].to_list()
    role = dict(zip(lesion_of, samples["role"], strict=True))
    lesions = tuple(sorted({x for x in lesion_of if x is not None}, key=lambda x: (role[x] != "primary", x)))
    site = np.array([lesions.index(x) if x is not None else -1 for x in lesion_of])
    primary = 0 if lesions and role[lesions[0]] == "primary" else None
    seeding = None
    if 2 <= len(lesions) < MAX_SITES:
        read = _Read(clone_doubt(data, clusters), site, primary, seed, name)
        seeding = read.seeding(posterior, mean, var, far)
        if data.data.copies_unknown.any():
            sharp, wide = (with_ccf_error(mean, counted, e) for e in (params.ccf_error, params.ccf_error_far))
            seeding = read.without_copies(seeding, mean, sharp, wide, data)
    n_variants = np.array([int(found.n_variants[k]) for k in clusters])
    states = [
        lesion_state(found.posterior[list(clusters)][:, site == m], found.grid, looked[:, site == m])
        for m in range(len(lesions))
    ]
    divergences: dict[int, Divergence] = {}
    for m in range(len(lesions)):
        if m == primary or len(lesions) < 2:
            continue
        regions = int((site == primary).sum()) if primary is not None else 0
        apart = divergence(states[0 if m else 1], states[m], n_variants, n_primary_regions=regions)
        if primary is None:  # two metastases: how they differ is known, not which came first
            apart = replace(apart, call="not_assessable", p_early=None)
        divergences[m] = apart
    ccf = np.where(depth > 0, found.variant_ccf_mean, np.nan)
    check = sample_tree(ccf, generator(seed, f"{name}/samples"), n_boot=100)
    return PatientEvolution(
        PatientClones(data, samples),
        roles,
        clusters,
        mean,
        var,
        posterior,
        lesions,
        site,
        primary,
        seeding,
        divergences,
        check,
    )


def driver_roles(patients: Sequence[PatientClusters]) -> dict[str, dict[str, str]]:
    """Return per patient the role of the gene of every variant that alters a gene of known role."""
    genes = gene_table().filter(pl.col("role") != "unknown").select("gene", "role")
    out: dict[str, dict[str, str]] = {p.patient_id: {} for p in patients}
    frames = [p.data.variants.with_columns(patient_id=pl.lit(p.patient_id)) for p in patients]
    if frames:
        rows = pl.concat(frames, how="diagonal_relaxed").filter(is_altering().fill_null(False))
        for patient, variant, role in (
            rows.join(genes, on="gene", how="inner").select("patient_id", "variant_id", "role").iter_rows()
        ):
            out[patient][variant] = role
    return out


def evolution_table(
    table: ClusterTable,
    params: EvolutionParams,
    seed: int,
    *,
    n_thread: int = N_THREAD,
    store: Store | None = None,
) -> tuple[PatientEvolution, ...]:
    """Return the evolution of every patient with two or more tumour samples in `table`, in the order of patients.

    Patients are independent, so threads change nothing; `store` as in `cluster_table`.
    """
    store = store or Store()
    of = {str(k[0]): f.drop("patient_id") for k, f in table.samples.partition_by("patient_id", as_dict=True).items()}
    several = [(data, of[patient]) for patient, data in table.patients.items() if of[patient].height > 1]
    roles = driver_roles([data for data, _ in several])

    def evolved(data: PatientClusters, samples: pl.DataFrame) -> PatientEvolution:
        mine = roles[data.patient_id]
        made = store.remember(
            "evolution",
            (data, samples, mine, params, seed),
            ("evolution", "stats", "derive/clones"),
            lambda: _kept(evolve(data, samples, mine, params, seed)),
        )
        return PatientEvolution(PatientClones(data, samples), mine, *made)

    with ThreadPoolExecutor(n_thread) as pool:
        return tuple(pool.map(evolved, *zip(*several, strict=True))) if several else ()


def _kept(found: PatientEvolution) -> tuple[Any, ...]:
    """What is found of a patient, without what it was found from."""
    return tuple(getattr(found, part.name) for part in fields(found)[2:])
