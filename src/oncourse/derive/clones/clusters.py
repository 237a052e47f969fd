"""Clones of every patient as clusters of variants; tables of variants and clusters."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from oncourse.derive.clones.ccf import CountsTable, PatientCounts
from oncourse.disk.store import Store
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.evolution.clustering.types import Clustering

N_THREAD = 2


@section("clusters")
@dataclass(frozen=True)
class ClusteringParams:
    """How clones are found."""

    min_variants: int = setting(2, "least variants of a patient", low=1)
    level: float = setting(0.9, "level of the credible intervals", low=0.5, high=0.999)


#: Columns of evolution/variants, in order, with what they hold.
VARIANT_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("sample_id", pl.String, "the sample"),
    ("variant_id", pl.String, "chrom:pos:ref:alt"),
    (
        "ccf",
        pl.Float64,
        "share of the sample's tumour cells that carry the variant, averaged over partitions",
    ),
    ("ccf_low", pl.Float64, "lower credible limit"),
    ("ccf_high", pl.Float64, "upper credible limit"),
    (
        "multiplicity_mode",
        pl.Int64,
        "most probable mutated copies per mutated cell; 0: the allele is lost here",
    ),
    (
        "cluster_id",
        pl.Int64,
        "cluster, 1 = most truncal; null = fits no cell fraction (artefact, or copies nobody measured)",
    ),
    ("p_cluster", pl.Float64, "probability of that cluster; of being an artefact where cluster_id is null"),
    ("gene", pl.String, "HGNC symbol"),
    (
        "p_present",
        pl.Float64,
        "probability that at least 1 % of the tumour cells carry the variant: its clone is there and its allele not "
        "lost",
    ),
    ("p_lost", pl.Float64, "probability that the sample lost the allele that carried the variant"),
    (
        "basis",
        pl.String,
        "counted / assumed (not called, depth usual) / not_assessable (from the cluster alone)",
    ),
)
#: Columns of evolution/clusters.
CLUSTER_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("cluster_id", pl.Int64, "cluster, 1 = most truncal"),
    ("sample_id", pl.String, "the sample"),
    ("ccf", pl.Float64, "share of the sample's tumour cells in the cluster's clone and its descendants"),
    ("ccf_low", pl.Float64, "lower credible limit"),
    ("ccf_high", pl.Float64, "upper credible limit"),
    ("n_variants", pl.Int64, "variants whose most probable cluster this is"),
    ("overdispersion", pl.Float64, "beta-binomial precision learned for the sample; infinite = binomial"),
    ("purity", pl.Float64, "purity in use: the given one, moved within its standard error to fit the trunk"),
    (
        "agreement",
        pl.Float64,
        "correlation of who clusters with whom in two sampling chains from different starts; below 0.9 the clusters "
        "are "
        "not settled; null where partitions are not averaged",
    ),
    (
        "p_no_clone",
        pl.Float64,
        "probability that the cluster is no clone: artefacts, or variants on other copies than told",
    ),
)
#: Columns of evolution/wrong_copies.
WRONG_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("sample_id", pl.String, "the sample"),
    ("chrom", pl.String, "the chromosome"),
    ("n_variants", pl.Int64, "clustered variants on it"),
    (
        "p_wrong",
        pl.Float64,
        "probability that its copies, or the share of cells that have them, differ from those told: one "
        "allele lost or gained explains the reads of its variants better; their cell fractions may be off",
    ),
)
#: Columns of evolution/set_aside.
ASIDE_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("variant_id", pl.String, "chrom:pos:ref:alt"),
    ("gene", pl.String, "HGNC symbol"),
    (
        "reason",
        pl.String,
        "Artefact: one fraction of the reads in every sample, whatever the purity, with unusual depth or on few "
        "chromosomes. Copies: a lost or gained allele of its chromosome that the segments do not tell, or not in all "
        "cells.",
    ),
    ("cluster_id", pl.Int64, "the cluster it belongs to; null = none, an artefact"),
)


@dataclass(frozen=True)
class PatientClusters:
    """One patient's counts with their clusters; cluster k of `clustering` is cluster_id k + 1 of the tables."""

    data: PatientCounts
    clustering: Clustering

    @property
    def patient_id(self) -> str:
        return self.data.patient_id


@dataclass(frozen=True)
class ClusterTable:
    """Clusters per patient; samples used and exclusions as in `CountsTable`."""

    patients: dict[str, PatientClusters]
    samples: pl.DataFrame
    excluded: pl.DataFrame


def cluster_table(
    table: CountsTable,
    params: ClusteringParams,
    *,
    average: bool = True,
    n_thread: int = N_THREAD,
    store: Store | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> ClusterTable:
    """Cluster every patient with enough variants; patients are independent, so threads change nothing.

    average : average over partitions (slower, better calibrated) instead of the most probable one
    store : where clusters made of the same counts are read, and others kept; None: nowhere
    progress : told before each patient how many are done
    """
    from oncourse.evolution.clustering.cluster import cluster_patient
    from oncourse.evolution.clustering.types import ClusterParams

    settings = ClusterParams(average=average, level=params.level)
    use = [p for p in table.patients.values() if p.counts.n_variant >= params.min_variants]
    few = [
        (p.patient_id, None, f"fewer than {params.min_variants} variants")
        for p in table.patients.values()
        if p.counts.n_variant < params.min_variants
    ]
    number = count()
    store = store or Store()

    def clustered(patient: PatientCounts) -> PatientClusters:
        progress(f"clones: {next(number)} of {len(use)} patients")
        counts, purity_sd = patient.counts, patient.purity_sd
        made = store.remember(
            "clusters",
            (counts, settings, purity_sd),
            ("evolution", "stats"),
            lambda: cluster_patient(counts, settings, purity_sd=purity_sd),
        )
        return PatientClusters(patient, made)

    with ThreadPoolExecutor(n_thread) as pool:
        made = list(pool.map(clustered, use))
    few += [(p.patient_id, None, "no cluster: every variant stands alone") for p in made if not p.clustering.n_cluster]
    excluded = pl.concat([table.excluded, pl.DataFrame(few, schema=table.excluded.schema, orient="row")])
    patients = {p.patient_id: p for p in made if p.clustering.n_cluster}
    return ClusterTable(
        patients,
        table.samples.filter(pl.col("patient_id").is_in(list(patients))),
        excluded.sort("patient_id", "sample_id", "reason"),
    )


def variants_frame(table: ClusterTable) -> pl.DataFrame:
    """Return evolution/variants: one row per patient, sample and variant."""
    frames = [_variants(p) for p in table.patients.values()]
    return _stack(frames, VARIANT_COLUMNS).sort("patient_id", "sample_id", "variant_id")


def clonality_frame(table: ClusterTable) -> pl.DataFrame:
    """Return the rows of evolution/variants that were looked at, with total_cn and minor_cn (null: not measured)."""
    schema = {name: dtype for name, dtype, _ in VARIANT_COLUMNS} | {
        "total_cn": pl.Float64,
        "minor_cn": pl.Float64,
    }
    frames = [pl.DataFrame(schema=schema)]
    for p in table.patients.values():
        c = p.data.counts
        known = np.ones(c.depth.shape, bool) if c.cn_known is None else c.cn_known
        total, minor = np.where(known, c.major_cn + c.minor_cn, np.nan), np.where(known, c.minor_cn, np.nan)
        rows = _stack([_variants(p)], VARIANT_COLUMNS)
        frames.append(
            rows.with_columns(
                pl.Series("total_cn", total.ravel(), nan_to_null=True),
                pl.Series("minor_cn", minor.ravel(), nan_to_null=True),
            )
        )
    return pl.concat(frames).filter(pl.col("basis") != "not_assessable").sort("sample_id", "variant_id")


def clusters_frame(table: ClusterTable) -> pl.DataFrame:
    """Return evolution/clusters: one row per patient, cluster and sample."""
    frames = [_clusters(p) for p in table.patients.values()]
    return _stack(frames, CLUSTER_COLUMNS).sort("patient_id", "cluster_id", "sample_id")


def aside_frame(table: ClusterTable) -> pl.DataFrame:
    """Return evolution/set_aside: the variants of clusters taken as no clone."""
    frames = []
    for p in table.patients.values():
        why = p.clustering.set_aside
        at = [] if why is None else np.flatnonzero(why != "").tolist()
        labels = p.clustering.labels[at]
        frames.append(
            {
                "patient_id": [p.patient_id] * len(at),
                "variant_id": [p.data.variant_ids[i] for i in at],
                "gene": p.data.variants["gene"].gather(at).to_list(),
                "reason": [] if why is None else why[at].tolist(),
                "cluster_id": [int(k) + 1 if k >= 0 else None for k in labels],
            }
        )
    return _stack(frames, ASIDE_COLUMNS).sort("patient_id", "variant_id")


def wrong_copies_frame(table: ClusterTable) -> pl.DataFrame:
    """Return evolution/wrong_copies: chromosomes of samples whose variants contradict the told copies."""
    from oncourse.evolution.clustering.doubt import NO_CLONE, wrong_copies

    rows: list[tuple[Any, ...]] = []
    for p in table.patients.values():
        chrom = p.data.counts.chrom
        if chrom is None:
            continue
        names = [str(v).split(":")[0] for v in p.data.variant_ids]
        found = wrong_copies(p.data.counts, p.clustering)
        for c, d in np.argwhere(np.nan_to_num(found) > NO_CLONE).tolist():
            at = np.flatnonzero(chrom == c)
            rows.append((p.patient_id, p.data.sample_ids[d], names[at[0]], len(at), float(found[c, d])))
    schema = {name: dtype for name, dtype, _ in WRONG_COLUMNS}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("patient_id", "sample_id", "chrom")


def _stack(frames: list[dict[str, Any]], columns: tuple[tuple[str, Any, str], ...]) -> pl.DataFrame:
    schema = {name: dtype for name, dtype, _ in columns}
    return pl.concat([pl.DataFrame(schema=schema), *(pl.DataFrame(f, schema=schema, nan_to_null=True) for f in frames)])


def _variants(patient: PatientClusters) -> dict[str, Any]:
    from oncourse.evolution.presence import NEVER_SURE

    c, data = patient.clustering, patient.data
    n, s = data.counts.n_variant, data.counts.n_sample
    own, inside = c.p_outlier.copy(), np.nonzero(c.labels >= 0)[0]
    own[inside] = c.assignment[inside, c.labels[inside]]
    basis = np.where(data.counts.depth == 0, "not_assessable", np.where(data.is_counted, "counted", "assumed"))
    return {
        "patient_id": [patient.patient_id] * (n * s),
        "sample_id": list(data.sample_ids) * n,
        "variant_id": np.repeat(data.variant_ids, s).tolist(),
        "ccf": c.variant_ccf_mean.ravel(),
        "ccf_low": c.variant_ccf_low.ravel(),
        "ccf_high": c.variant_ccf_high.ravel(),
        "multiplicity_mode": c.multiplicity.ravel(),
        "cluster_id": [int(k) + 1 if k >= 0 else None for k in np.repeat(c.labels, s)],
        "p_cluster": np.repeat(own, s),
        "gene": [gene for gene in data.variants["gene"] for _ in range(s)],
        "p_present": (c.variant_p_present * (1 - c.p_lost)).clip(NEVER_SURE, 1 - NEVER_SURE).ravel(),
        "p_lost": c.p_lost.ravel(),
        "basis": basis.ravel().tolist(),
    }


def _clusters(patient: PatientClusters) -> dict[str, Any]:
    c, samples = patient.clustering, patient.data.sample_ids
    k, s = c.n_cluster, len(samples)
    return {
        "patient_id": [patient.patient_id] * (k * s),
        "cluster_id": np.repeat(np.arange(1, k + 1), s),
        "sample_id": list(samples) * k,
        "ccf": c.ccf_mean.ravel(),
        "ccf_low": c.ccf_low.ravel(),
        "ccf_high": c.ccf_high.ravel(),
        "n_variants": np.repeat(c.n_variants, s),
        "overdispersion": np.tile(c.overdispersion, k),
        "purity": np.tile(c.purity if c.purity is not None else np.full(s, np.nan), k),
        "agreement": [c.agreement] * (k * s),
        "p_no_clone": [None] * (k * s) if c.p_no_clone is None else np.repeat(c.p_no_clone, s),
    }
