"""Tables of the Cohort - blood and recurrence: ctDNA through time, and when the disease came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from oncourse.cohort._base import derived
from oncourse.cohort.clones import Clones

if TYPE_CHECKING:
    from oncourse.derive.care.ctdna_response import Variation
    from oncourse.derive.outcomes.recurrence import RecurrenceTable


class Blood(Clones):
    """Blood and recurrence: ctDNA through time, and when the disease came back."""

    @derived
    def ctdna(self) -> pl.DataFrame:
        """Positivity and level of ctDNA per plasma sample (`oncourse.derive.care.ctdna`)."""
        from oncourse.derive.care.ctdna import CtdnaParams, ctdna_table

        if self._part_of is not None:
            whole, patient_id = self._part_of  # the background is learned from all patients
            return whole.ctdna.filter(pl.col("patient_id") == patient_id)
        return ctdna_table(self.study, self.presence_or_none, self.marker_readings, self.params(CtdnaParams))

    @derived
    def plasma_states(self) -> pl.DataFrame:
        """Which plasma samples are ctDNA-positive: patient_id, sample_id, day, has_tumour (of `ctdna`)."""
        from oncourse.derive.care.ctdna import plasma_states

        return plasma_states(self.ctdna)

    @derived
    def ctdna_variation(self) -> Variation:
        """Biological variation of ctDNA between samples, and the repeated pairs it rests on."""
        from oncourse.derive.care.ctdna import CtdnaParams
        from oncourse.derive.care.ctdna_response import biological_cv

        if self._part_of is not None:
            return self._part_of[0].ctdna_variation
        return biological_cv(self.ctdna, self.lines, self.params(CtdnaParams))

    @derived
    def ctdna_response(self) -> pl.DataFrame:
        """Molecular response per line of therapy (`oncourse.derive.care.ctdna_response`)."""
        from oncourse.derive.care.ctdna import CtdnaParams
        from oncourse.derive.care.ctdna_response import ctdna_response

        return ctdna_response(self.ctdna, self.lines, self.params(CtdnaParams), self.ctdna_variation)

    @derived
    def recurrence(self) -> RecurrenceTable:
        """When and where the disease came back after its start (`oncourse.derive.outcomes.recurrence`)."""
        from oncourse.derive.clinical.recurrence import advanced_disease
        from oncourse.derive.outcomes.recurrence import RecurrenceParams, recurrence_table

        if self._part_of is not None:
            whole, patient_id = self._part_of  # where the clock starts is a matter of the study
            return whole.recurrence.of_patient(patient_id)
        params = self.params(RecurrenceParams)
        advanced = advanced_disease(self.lines, self.endpoint_inputs.visits, self.study["patients"])
        return recurrence_table(self.study, advanced, origin=params.origin, site_window_days=params.site_window_days)

    @derived
    def recurrence_endpoints(self) -> pl.DataFrame:
        """DFS, RFS and TTR by their definition (`oncourse.derive.clinical.endpoints`), from where the clock of
        `recurrence` starts."""
        from dataclasses import replace

        from oncourse.derive.clinical.endpoints import EndpointParams, recurrence_endpoints

        origin = "surgery" if self.recurrence.is_from_resection else "index"
        params = replace(self.params(EndpointParams), origin=origin)
        return recurrence_endpoints(self.endpoint_inputs, params)

    @derived
    def recurrence_blood(self) -> pl.DataFrame:
        """The first blood sample after surgery (`oncourse.derive.outcomes.recurrence.blood_after_surgery`)."""
        from oncourse.derive.outcomes.recurrence import RecurrenceParams, blood_after_surgery

        if self._part_of is not None:
            whole, patient_id = self._part_of  # where the clock starts is a matter of the study
            return whole.recurrence_blood.filter(pl.col("patient_id") == patient_id)
        params = self.params(RecurrenceParams)
        if self.ctdna.is_empty():  # when the disease came back need not be known
            return self.ctdna.select(
                "patient_id", "sample_id", "day", pl.lit(None, pl.Boolean).alias("is_positive"), "reason"
            )
        return blood_after_surgery(
            self.ctdna,
            self.recurrence,
            first_day=params.ctdna_first_day,
            last_day=params.ctdna_last_day,
        )

    @property
    def _blood_after_surgery(self) -> pl.DataFrame:
        """`recurrence_blood` where the clock of recurrence starts at an operation, else no rows."""
        whole = self._part_of[0] if self._part_of is not None else self
        if self.recurrence_blood.is_empty():
            return self.recurrence_blood
        return self.recurrence_blood if whole.recurrence.starts_at_surgery else self.recurrence_blood.clear()

    @derived
    def recurrence_genes(self) -> pl.DataFrame:
        """What became of the primary's mutations in the recurrence
        (`oncourse.derive.outcomes.recurrence.gene_changes`)."""
        from oncourse.derive.outcomes.recurrence import gene_changes

        several = self.study["samples"]["patient_id"].is_duplicated().any()
        pairs, presence = (self.pairs, self.presence) if several else (None, None)
        return gene_changes(self.study["variants"], pairs, presence)
