"""Tables of the Cohort - genes: calls, panels, burden, copy number, status of genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from oncourse.cohort._base import derived
from oncourse.cohort.clinical import Clinical

if TYPE_CHECKING:
    from oncourse.derive.genes.copy_cohort import CopyProfile
    from oncourse.derive.genes.gene_status import GeneStatus
    from oncourse.derive.genes.panels import Panels


class Genes(Clinical):
    """Genes: calls, panels, burden, copy number, status of genes."""

    @derived
    def numbered_calls(self) -> pl.DataFrame:
        """`annotated_calls` with a number for each sample and variant (`oncourse.derive.genes.calls`)."""
        from oncourse.derive.genes.calls import numbered_calls

        return numbered_calls(self.study, self.germline_vaf)

    @property
    def annotated_calls(self) -> pl.DataFrame:
        """The calls that count as called, joined to gene and effect (`oncourse.derive.genes.calls`)."""
        from oncourse.derive.genes.calls import NUMBERS

        return self.numbered_calls.drop(NUMBERS)

    @property
    def germline_vaf(self) -> float:
        """Least fraction in the matched normal of a germline variant, as `presence` asks for it too."""
        from oncourse.derive.concordance.presence import PresenceParams

        return self.params(PresenceParams).germline_vaf

    @derived
    def panels(self) -> Panels:
        """Which genes each sample's assays looked at (`oncourse.derive.genes.panels`)."""
        from oncourse.derive.genes.panels import read_panels

        if self._part_of is not None:
            whole, patient_id = self._part_of
            return whole.panels.of_patient(patient_id)
        return read_panels(self.study)

    @derived
    def burden(self) -> pl.DataFrame:
        """Mutations per sample and per megabase (`oncourse.derive.genes.burden`)."""
        from oncourse.derive.genes.burden import BurdenParams, burden_table

        params = self.params(BurdenParams)
        return burden_table(self.study, self.panels, self.annotated_calls, params, self.marker_readings)

    @derived
    def hypermutation(self) -> pl.DataFrame:
        """High burden, MSI by every source and POLE per sample (`oncourse.derive.genes.hypermutation`)."""
        from oncourse.derive.genes.burden import BurdenParams
        from oncourse.derive.genes.hypermutation import hypermutation_table
        from oncourse.derive.genes.spectra import SignatureParams, variant_runs

        params, runs = self.params(BurdenParams), variant_runs(self.study, self.params(SignatureParams).fasta)
        return hypermutation_table(self.study, self.burden, self.annotated_calls, self.marker_readings, params, runs)

    @derived
    def copy_profile(self) -> CopyProfile:
        """Copy number of whole genomes: samples, arms, bands, focal events (`oncourse.derive.genes.copy_cohort`)."""
        from oncourse.derive.genes.copy_cohort import copy_profile
        from oncourse.derive.genes.copy_states import CopyNumberParams

        return copy_profile(self.study, self.params(CopyNumberParams))

    @derived
    def gene_status(self) -> GeneStatus:
        """Altered / not altered / not assessed per sample and gene (`oncourse.derive.genes.gene_status`)."""
        from oncourse.derive.genes.copy_states import CopyNumberParams
        from oncourse.derive.genes.gene_status import LandscapeParams, gene_status

        params, copies = self.params(LandscapeParams), self.params(CopyNumberParams)
        return gene_status(self.study, self.panels, self.annotated_calls, params, copies)
