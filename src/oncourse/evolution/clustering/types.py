"""What goes into and comes out of the clustering of one patient's variants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

OUTLIER = -1


@dataclass(frozen=True)
class Counts:
    """Read counts and copy number of one patient: ``n_variant`` rows, ``n_sample`` columns.

    Attributes
    ----------
    alt_count, depth : reads; a depth of 0 says the site was not looked at in that sample
    purity : tumour cell fraction 0-1 of each variant in each sample (usually one value per column)
    major_cn, minor_cn : copies per tumour cell of the two alleles; 1 and 1 where copy number is not known
    normal_cn : copies per normal cell (2; 1 on X and Y of a man)
    error_rate : shape (n_sample,), chance that a base is read wrongly
    cn_known : whether copy number was measured at the site; None: everywhere. Where it was not, a variant may sit on
        both copies (loss of heterozygosity that nobody saw)
    chrom : shape (n_variant,), a number per chromosome, by which clusters are told from lost segments; None: not known
    position : shape (n_variant,), places on the chromosome; None: not known
    """

    alt_count: IntArray
    depth: IntArray
    purity: FloatArray
    major_cn: FloatArray
    minor_cn: FloatArray
    normal_cn: FloatArray
    error_rate: FloatArray
    cn_known: NDArray[np.bool_] | None = None
    chrom: IntArray | None = None
    position: IntArray | None = None

    @property
    def n_variant(self) -> int:
        return int(self.alt_count.shape[0])

    @property
    def n_sample(self) -> int:
        return int(self.alt_count.shape[1])


@dataclass(frozen=True)
class ClusterParams:
    """Settings of the clustering; the defaults are used for every kind of data.

    n_grid : points of the CCF grid; average : whether to average over partitions; n_sweep, n_burn : Gibbs sweeps kept
    and thrown away, per chain and round; n_chain : chains; n_round : most rounds, while chains disagree; max_merge :
    variants up to which all pairs are compared; max_average : variants up to which partitions are averaged; level : of
    the credible intervals
    """

    n_grid: int = 96
    average: bool = True
    n_sweep: int = 120
    n_burn: int = 20
    n_chain: int = 2
    n_round: int = 3
    max_merge: int = 800
    max_average: int = 1500
    max_cluster: int = 200
    level: float = 0.9


@dataclass(frozen=True)
class Clustering:
    """Clusters of variants with the same cell fraction in every sample.

    Clusters are ordered by falling mean CCF over the samples, so that cluster 0 is the most truncal one;
    samples and variants keep the order of the input.

    Attributes
    ----------
    grid : shape (n_grid,), the CCF values of the grid, from 0 (clone not there) to 1 (clonal)
    labels : shape (n_variant,), cluster of each variant; -1 an outlier that fits no cell fraction
    assignment : shape (n_variant, n_cluster), probability that the variant belongs to the cluster; a row sums
        to 1 minus `p_outlier`
    p_outlier : shape (n_variant,), probability that the variant is an artefact
    log_lik : shape (n_cluster, n_sample, n_grid), log-likelihood of the member's counts at each CCF, up to a
        constant per cluster and sample; all 0 where no member was looked at
    posterior : shape (n_cluster, n_sample, n_grid), CCF posterior of the cluster; sums to 1 over the grid
    ccf_mean, ccf_low, ccf_high : shape (n_cluster, n_sample), mean and credible limits of `posterior`
    variant_ccf_mean, variant_ccf_low, variant_ccf_high : shape (n_variant, n_sample), CCF of each variant,
        averaged over the partitions that were visited
    variant_p_present : shape (n_variant, n_sample), probability that the variant's CCF is 0.01 or more
    multiplicity : shape (n_variant, n_sample), most probable mutated copies per mutated cell; 0 where the
        allele that carried the variant is lost
    p_lost : shape (n_variant, n_sample), probability that the sample lost the allele that carried the variant
    overdispersion : shape (n_sample,), beta-binomial precision learned per sample (inf: binomial)
    concentration : posterior mean of the Dirichlet process concentration
    spike_absent, spike_clonal : learned prior shares of (cluster, sample) pairs with CCF 0 and 1
    log_evidence : log of partition prior x collapsed likelihood at the most probable partition
    purity : shape (n_sample,), the purity in use: the given one, or that learned within its standard error
    agreement : correlation of the two chains' co-clustering probabilities (1: the same); None without averaging
    p_no_clone : shape (n_cluster,), probability that the cluster is no clone but artefacts or other copies than told
        (`doubt`); None: not asked
    set_aside : shape (n_variant,), why the variant's cluster was taken as no clone (`doubt.ARTEFACT`: its variants are
        outliers; `doubt.COPIES`: they are in the cluster they belong to); "" else; None: not asked
    """

    grid: FloatArray
    labels: IntArray
    assignment: FloatArray
    p_outlier: FloatArray
    log_lik: FloatArray
    posterior: FloatArray
    ccf_mean: FloatArray
    ccf_low: FloatArray
    ccf_high: FloatArray
    variant_ccf_mean: FloatArray
    variant_ccf_low: FloatArray
    variant_ccf_high: FloatArray
    variant_p_present: FloatArray
    multiplicity: IntArray
    p_lost: FloatArray
    overdispersion: FloatArray
    concentration: float
    spike_absent: float
    spike_clonal: float
    log_evidence: float
    purity: FloatArray | None = None
    agreement: float | None = None
    p_no_clone: FloatArray | None = None
    set_aside: NDArray[np.str_] | None = None

    @property
    def n_cluster(self) -> int:
        return int(self.ccf_mean.shape[0])

    @property
    def n_variants(self) -> IntArray:
        """Return shape (n_cluster,), variants whose most probable cluster this is."""
        counts = np.bincount(self.labels[self.labels >= 0], minlength=self.n_cluster)
        return counts.astype(np.int64)
