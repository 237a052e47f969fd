"""Tables of the Cohort - outcomes: findings, groups and arms against outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from oncourse.cohort._base import derived
from oncourse.cohort.status import Statuses

if TYPE_CHECKING:
    from oncourse.derive.outcomes.features import FeatureTable
    from oncourse.derive.outcomes.groups import Groups
    from oncourse.derive.outcomes.predictors import PredictionTables


class Outcomes(Statuses):
    """Outcomes: findings, groups and arms against outcome."""

    @derived
    def features(self) -> FeatureTable:
        """Altered / not altered / unknown per patient and feature, and since when
        (`oncourse.derive.outcomes.features`)."""
        from oncourse.derive.outcomes.features import FeatureParams, FeatureTables, asks, feature_table

        params = self.params(FeatureParams)
        wanted = asks(self.study, self.panels.samples, params)
        tables = FeatureTables(
            self.study,
            self.panels,
            self.gene_status,
            self.annotated_calls,
            self.burden,
            self.statuses,
            pairs=self.pairs if wanted.pairs else None,
            presence=self.presence if wanted.pairs else None,
            heterogeneity=self.heterogeneity if wanted.heterogeneity else None,
            evolution=self.evolution if wanted.evolution else (),
        )
        return feature_table(tables, params)

    @derived
    def groups(self) -> Groups:
        """Who is in which group of `--group` (`oncourse.derive.outcomes.groups`)."""
        from oncourse.derive.outcomes.groups import GroupParams, groups_of
        from oncourse.derive.outcomes.treatment_units import units

        params = self.params(GroupParams)
        by = params.by or ""
        arms = {word: units(self.lines, how) for word, how in {"arm": "drugs", "class": "class"}.items() if word == by}
        return groups_of(self.study, params, statuses=lambda: self.statuses, arms=arms)

    def sample_groups(self, column: str | None) -> pl.DataFrame | None:
        """Return sample_id, patient_id, group of the tumour samples by a column, else by `--group`; None: no groups."""
        from oncourse.derive.genes.gene_groups import group_of_samples
        from oncourse.derive.outcomes.groups import GroupParams

        if column is not None:
            return group_of_samples(self.study, column)
        return None if self.params(GroupParams).by is None else self.groups.samples

    @derived
    def prediction_tables(self) -> PredictionTables:
        """What a prediction model reads: predictors with their day, outcomes
        (`oncourse.derive.outcomes.predictors`)."""
        from oncourse.derive.outcomes.predictors import PredictionTables

        profiled = self.panels.samples
        status = self.gene_status if profiled.height else None
        return PredictionTables(self.study, profiled, self.lines, self.time_to_event, status)

    def responses(self, endpoint: str) -> tuple[pl.DataFrame, bool]:
        """Return who responded per line (PSA50 or ORR), and whether a line that could not be judged counts.

        See `oncourse.derive.outcomes.response_scan`.
        """
        from oncourse.derive.clinical.psa_values import PsaParams
        from oncourse.derive.clinical.response import ImagingParams
        from oncourse.derive.outcomes.response_scan import objective_responses, psa_responses

        if endpoint == "PSA50":
            return psa_responses(self.psa), self.params(PsaParams).missing_in_denominator
        rows = objective_responses(self.best_response, self.lines)
        return rows, self.params(ImagingParams).missing_in_denominator

    @derived
    def treatment_markers(self) -> pl.DataFrame:
        """Every marker value with its day, frequent genes among them (`oncourse.derive.outcomes.treatment_units`)."""
        from oncourse.derive.outcomes.treatment_pairs import frequent_genes
        from oncourse.derive.outcomes.treatment_units import marker_values

        sequenced = self.study.has("calls") or self.study.has("gene_copy_number")
        status = self.gene_status if sequenced else None
        return marker_values(
            self.study,
            status,
            frequent_genes(status, self.study.n_patients),
            statuses=self.statuses,
            readings=self.marker_readings,
            born=self.germline_hrr,
        )
