"""Tables of the Cohort - clinical: markers as recorded, lines of therapy, response, time to event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from oncourse.cohort._base import CohortBase, derived
from oncourse.facts.material import is_tumour

if TYPE_CHECKING:
    from oncourse.derive.clinical.endpoint_base import EndpointTables


class Clinical(CohortBase):
    """Clinical: markers as recorded, lines of therapy, response, time to event."""

    @derived
    def marker_readings(self) -> pl.DataFrame:
        """Every recorded marker in one reading (`oncourse.facts.markers`)."""
        from oncourse.facts.markers import marker_readings

        study = self.study
        return marker_readings(study["samples"], study["markers"], study.config.cutoffs)

    @derived
    def lines(self) -> pl.DataFrame:
        """Lines of therapy (`oncourse.derive.clinical.lines`)."""
        from oncourse.derive.clinical.lines import LineParams, lines_table

        return lines_table(self.study["treatments"], self.params(LineParams), self.study["partial_dates"])

    @derived
    def people(self) -> pl.DataFrame:
        """Who is dead, alive or not known, and since when (`oncourse.derive.clinical.people`)."""
        from oncourse.derive.clinical.people import people

        return people(self.study["follow_up"])

    @derived
    def psa(self) -> pl.DataFrame:
        """PSA endpoints per patient and line (`oncourse.derive.clinical.psa`)."""
        from oncourse.derive.clinical.psa import psa_table
        from oncourse.derive.clinical.psa_values import PsaParams

        return psa_table(self.study["labs"], self.lines, self.params(PsaParams))

    @derived
    def bone_visits(self) -> pl.DataFrame:
        """Bone-scan responses per visit (`oncourse.derive.clinical.bone`)."""
        from oncourse.derive.clinical.bone import BoneParams, bone_visits
        from oncourse.derive.clinical.psa_values import PsaParams

        criteria = self.params(PsaParams).criteria
        return bone_visits(self.study["assessments"], self.lines, self.params(BoneParams), criteria=criteria)

    @derived
    def recist_visits(self) -> pl.DataFrame:
        """RECIST responses per visit (`oncourse.derive.clinical.recist`)."""
        from oncourse.derive.clinical.recist import recist_visits
        from oncourse.derive.clinical.response import ImagingParams

        study = self.study
        targets, seen, done = (study[name] for name in ("target_lesions", "assessments", "procedures"))
        return recist_visits(targets, seen, self.lines, self.params(ImagingParams), procedures=done)

    @derived
    def best_response(self) -> pl.DataFrame:
        """Best overall response per patient and line (`oncourse.derive.clinical.response`)."""
        from oncourse.derive.clinical.people import death_days
        from oncourse.derive.clinical.response import ImagingParams, best_response

        deaths = death_days(self.study["follow_up"])
        return best_response(self.recist_visits, self.lines, self.params(ImagingParams), deaths)

    @derived
    def followed_visits(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Imaging visits, bone scans and PSA of every line, judged and shown whatever treatment follows."""
        from oncourse.derive.clinical.bone import BoneParams, bone_visits
        from oncourse.derive.clinical.psa import psa_table
        from oncourse.derive.clinical.psa_values import PsaParams
        from oncourse.derive.clinical.recist import recist_visits
        from oncourse.derive.clinical.response import ImagingParams

        study, lines, psa = self.study, self.lines, self.params(PsaParams)
        targets, seen = study["target_lesions"], study["assessments"]
        return (
            recist_visits(
                targets, seen, lines, self.params(ImagingParams), followed=True, procedures=study["procedures"]
            ),
            bone_visits(seen, lines, self.params(BoneParams), criteria=psa.criteria, followed=True),
            psa_table(study["labs"], lines, psa, followed=True),
        )

    @derived
    def endpoint_inputs(self) -> EndpointTables:
        """What endpoints are made of; imaging and PSA only where the study has any."""
        from oncourse.derive.clinical.endpoint_base import EndpointTables
        from oncourse.derive.clinical.psa import PSA_SCHEMA
        from oncourse.derive.clinical.response import BEST_SCHEMA

        study = self.study
        visits, bone, psa = self.followed_visits
        imaging = study.has("target_lesions") or study.has("assessments")
        return EndpointTables(
            patients=study["patients"],
            follow_up=study["follow_up"],
            procedures=study["procedures"],
            lesions=study["lesions"],
            lines=self.lines,
            psa=self.psa if study.has("labs") else pl.DataFrame(schema=PSA_SCHEMA),
            visits=visits,
            bone=bone,
            psa_followed=psa,
            best=self.best_response if imaging else pl.DataFrame(schema=BEST_SCHEMA),
            samples=study["samples"].filter(is_tumour()).select("patient_id", "day"),
        )

    @derived
    def endpoint_tables(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Time-to-event records, and who has none with the reason (`oncourse.derive.clinical.endpoints`)."""
        from oncourse.derive.clinical.endpoints import EndpointParams, endpoint_table

        return endpoint_table(self.endpoint_inputs, self.params(EndpointParams))

    @derived
    def time_to_event(self) -> pl.DataFrame:
        """Time-to-event records per patient, line and endpoint; line null = study level."""
        return self.endpoint_tables[0]
