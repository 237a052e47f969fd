"""Tables of the Cohort - clones: cell fractions, clusters, trees, heterogeneity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncourse.cohort._base import derived
from oncourse.cohort.concordance import Concordance

if TYPE_CHECKING:
    from oncourse.derive.clones.ccf import CountsTable
    from oncourse.derive.clones.clusters import ClusterTable
    from oncourse.derive.clones.evolution import PatientEvolution
    from oncourse.derive.clones.heterogeneity import HeterogeneityTable


class Clones(Concordance):
    """Clones: cell fractions, clusters, trees, heterogeneity."""

    @derived
    def clone_counts(self) -> CountsTable:
        """Reads, purity and copy number of every patient's somatic variants (`oncourse.derive.clones.ccf`)."""
        from oncourse.derive.clones.ccf import CcfParams, counts_table

        return counts_table(self.study, self.panels, self.presence, self.params(CcfParams))

    @derived
    def clusters(self) -> ClusterTable:
        """Clusters of variants of one cell fraction per patient (`oncourse.derive.clones.clusters`)."""
        from oncourse.derive.clones.clusters import ClusteringParams, cluster_table
        from oncourse.derive.clones.evolution import EvolutionParams

        average = self.params(EvolutionParams).average
        params = self.params(ClusteringParams)
        return cluster_table(
            self.clone_counts, params, average=average, n_thread=self.jobs, store=self.store, progress=self.progress
        )

    @derived
    def evolution(self) -> tuple[PatientEvolution, ...]:
        """Tree, seeding and divergence of every patient with several samples (`oncourse.derive.clones.evolution`)."""
        from oncourse.derive.clones.evolution import EvolutionParams, evolution_table

        params = self.params(EvolutionParams)
        return evolution_table(self.clusters, params, self.seed, n_thread=self.jobs, store=self.store)

    def derive_clones(self, share: int = 1, of: int = 1) -> int:
        """Derive clones and trees of every `of`-th patient, from the `share`-th on, into the store; return how many."""
        from dataclasses import replace

        mine = dict(list(self.clone_counts.patients.items())[share - 1 :: of])
        part = type(self)(self.study, self.settings, self.seed, store=self.store, jobs=self.jobs)
        part.progress = self.progress
        part._cache["clone_counts"] = replace(self.clone_counts, patients=mine)
        _ = part.evolution
        return len(mine)

    @derived
    def heterogeneity(self) -> HeterogeneityTable:
        """Heterogeneity of every tumour sample and pair (`oncourse.derive.clones.heterogeneity`)."""
        from oncourse.derive.clones.heterogeneity import HeterogeneityParams, heterogeneity_table

        params = self.params(HeterogeneityParams)
        return heterogeneity_table(self.clusters, self.study["segments"], params, self.seed, store=self.store)
