"""Tables of the Cohort - status: what each sample and patient has, and which therapy rules that meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from oncourse.cohort._base import derived
from oncourse.cohort.blood import Blood

if TYPE_CHECKING:
    from oncourse.derive.care.therapy import Findings, Knowledge
    from oncourse.derive.care.therapy_matches import Therapy
    from oncourse.derive.status.variants import SeenVariants


class Statuses(Blood):
    """Status: what each sample and patient has, and which therapy rules that meets."""

    @derived
    def knowledge(self) -> Knowledge:
        """The therapy rules and the evidence (`oncourse.derive.care.therapy`)."""
        from oncourse.derive.care.therapy import KnowledgeParams, load_knowledge

        return load_knowledge(self.params(KnowledgeParams), self.study.config.genome_build, self.study.source)

    @derived
    def seen_variants(self) -> SeenVariants:
        """Called variants of the genes that rules and statuses ask for (`oncourse.derive.status.variants`)."""
        from oncourse.derive.status.variants import seen_variants
        from oncourse.facts.statuses import statuses_of
        from oncourse.genome.gene_names import current_symbol

        named = {current_symbol(g) for s in statuses_of(self.study.config.statuses) for g in s.genes}
        known = self.knowledge
        return seen_variants(
            self.study,
            self.presence_or_none,
            known.genes | named,
            self.plasma_states,
            known.classified,
            self.germline_vaf,
        )

    @derived
    def maybe_blood(self) -> frozenset[tuple[str, str]]:
        """(patient, variant) that is of a blood clone (white cells hold it) or may be (called in plasma alone), whatever
        rule asks for the gene."""
        from oncourse.derive.status.variants import blood_classes, variant_rows
        from oncourse.genome.gene_names import current_symbol
        from oncourse.genome.gene_sets import gene_set

        materials = set(self.study["samples"]["material"])
        if not materials & {"plasma", "white_cells"}:
            return frozenset()
        genes = {*gene_set("blood clone in plasma alone"), *gene_set("blood clone pattern")}
        if "white_cells" in materials:  # they show a clone of any gene
            genes |= {current_symbol(g) for g in self.study["variants"]["gene"].drop_nulls().unique()}
        rows = variant_rows(self.study, genes, self.knowledge.classified, self.germline_vaf)
        kinds = blood_classes(self.study, rows, self.presence_or_none)
        return frozenset(key for key, kind in kinds.items() if kind in ("chip", "possible_chip"))

    @derived
    def hits(self) -> pl.DataFrame:
        """What hit each cancer gene in each sample, driver or not (`oncourse.derive.status.alterations`)."""
        from oncourse.derive.genes.gene_status import LandscapeParams
        from oncourse.derive.status.alterations import hits_table

        hotspots = self.params(LandscapeParams).hotspots
        return hits_table(self.study, self.gene_status, hotspots, self.knowledge.classified, self.germline_vaf)

    @derived
    def alterations(self) -> pl.DataFrame:
        """Hits per patient and cancer gene, one allele or both (`oncourse.derive.status.alterations`)."""
        from oncourse.derive.status.alterations import alterations_table

        return alterations_table(self.study, self.hits)

    @derived
    def decision_samples(self) -> pl.DataFrame:
        """The sample nearest the decision, per patient (`oncourse.derive.status.samples`)."""
        from oncourse.derive.care.therapy import KnowledgeParams
        from oncourse.derive.status.samples import decision_samples

        return decision_samples(self.study, self.seen_variants.plasma, self.params(KnowledgeParams).decision_day)

    @derived
    def statuses(self) -> pl.DataFrame:
        """Positive, negative or not assessable per tumour sample and status (`oncourse.derive.status.table`)."""
        from oncourse.derive.concordance.callability import CallabilityParams
        from oncourse.derive.genes.copy_states import CopyNumberParams
        from oncourse.derive.status.evidence import sample_statuses
        from oncourse.facts.statuses import statuses_of

        return sample_statuses(
            self.study,
            self.panels,
            self.presence_or_none,
            self.seen_variants,
            self.marker_readings,
            statuses_of(self.study.config.statuses),
            self.params(CallabilityParams),
            self.params(CopyNumberParams),
        )

    @derived
    def status_pairs(self) -> pl.DataFrame:
        """The statuses of two samples of a patient side by side (`oncourse.derive.concordance.status_tables`)."""
        from oncourse.derive.concordance.informative import informative_by_status, with_rows
        from oncourse.derive.concordance.status_tables import status_pairs
        from oncourse.facts.statuses import statuses_of

        informative = informative_by_status(self.presence, self.plasma_states, statuses_of(self.study.config.statuses))
        states = with_rows(self.statuses, self.presence)
        return status_pairs(self.pairs.pairs, states, informative, self.of_two_tumours)

    @derived
    def germline_hrr(self) -> list[str]:
        """Patients with a germline loss of an HRR gene, where germline is reported
        (`oncourse.derive.status.evidence`)."""
        from oncourse.derive.status.evidence import germline_losses

        return germline_losses(self.study, self.seen_variants, "HRR")

    @derived
    def patient_statuses(self) -> pl.DataFrame:
        """The statuses of every patient (`oncourse.derive.status.patients`)."""
        from oncourse.derive.status.patients import patient_statuses
        from oncourse.facts.statuses import statuses_of

        statuses = statuses_of(self.study.config.statuses)
        patients = self.study["patients"]["patient_id"]
        return patient_statuses(self.statuses, patients, self.decision_samples, statuses)

    @derived
    def findings(self) -> Findings:
        """What is known of every patient, as therapy rules ask for it (`oncourse.derive.care.therapy`)."""
        from oncourse.derive.care.therapy import KnowledgeParams, findings
        from oncourse.derive.care.watchlist import WatchParams
        from oncourse.derive.concordance.callability import CallabilityParams
        from oncourse.derive.genes.copy_states import CopyNumberParams

        return findings(
            self.study,
            self.panels,
            self.presence_or_none,
            self.seen_variants,
            self.lines,
            self.burden,
            self.knowledge,
            self.decision_samples,
            self.params(CallabilityParams),
            self.params(WatchParams),
            self.params(CopyNumberParams),
            self.marker_readings,
            self.statuses,
            self.ctdna,
            self._blood_after_surgery,
            self.alterations,
            self._progressed,
            self.params(KnowledgeParams).decision_day,
        )

    @derived
    def possible_blood_resistance(self) -> pl.DataFrame:
        """Watched mutations that may be of a blood clone, seen under treatment (`oncourse.derive.care.watchlist`)."""
        from oncourse.derive.care.watchlist import possible_blood

        presence = self.presence_or_none
        if presence is None or presence.cells.is_empty() or not self.study.has("treatments"):
            return pl.DataFrame(schema=dict.fromkeys(("patient_id", "drug_class", "name"), pl.String))
        return possible_blood(presence.cells, self.study["samples"], self.study["treatments"])

    @property
    def _progressed(self) -> frozenset[str]:
        """Patients whose PSA or scans progressed on the last line, where a setting of the study ends with that."""
        from oncourse.derive.clinical.progression import progressed_on_last_line
        from oncourse.disease import ends_with_progression

        settings = set(self.study["treatments"]["setting"].drop_nulls())
        if not any(ends_with_progression(s) for s in settings):
            return frozenset()
        return progressed_on_last_line(self.lines, self.psa, self.best_response, self.bone_visits)

    @derived
    def therapy(self) -> Therapy:
        """Every patient against the therapy rules and the evidence (`oncourse.derive.care.therapy_matches`)."""
        from oncourse.derive.care.therapy_matches import match_all

        return match_all(self.study, self.findings)
