"""The Cohort: a study and its derived tables, each computed once and shared by every analysis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import polars as pl

from oncourse.disk.shared import Shared
from oncourse.disk.store import Store
from oncourse.facts.material import is_tumour
from oncourse.study.model import Study
from oncourse.study.settings import merged_settings, resolve

if TYPE_CHECKING:
    from oncourse.derive.care.ctdna_response import Variation
    from oncourse.derive.care.therapy import Findings, Knowledge
    from oncourse.derive.care.therapy_matches import Therapy
    from oncourse.derive.clinical.endpoint_base import EndpointTables
    from oncourse.derive.clones.ccf import CountsTable
    from oncourse.derive.clones.clusters import ClusterTable
    from oncourse.derive.clones.evolution import PatientEvolution
    from oncourse.derive.clones.heterogeneity import HeterogeneityTable
    from oncourse.derive.concordance.pairs import PairTable
    from oncourse.derive.concordance.presence import PresenceTable
    from oncourse.derive.genes.copy_cohort import CopyProfile
    from oncourse.derive.genes.gene_status import GeneStatus
    from oncourse.derive.genes.panels import Panels
    from oncourse.derive.outcomes.features import FeatureTable
    from oncourse.derive.outcomes.groups import Groups
    from oncourse.derive.outcomes.predictors import PredictionTables
    from oncourse.derive.outcomes.recurrence import RecurrenceTable
    from oncourse.derive.status.variants import SeenVariants

T = TypeVar("T")
P = TypeVar("P")


class derived(Generic[T]):
    """A property of the Cohort computed on first use, once, also when analyses run side by side."""

    def __init__(self, function: Callable[[Any], T]):
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, cohort: None, owner: type) -> derived[T]: ...
    @overload
    def __get__(self, cohort: Any, owner: type) -> T: ...
    def __get__(self, cohort: Any, owner: type) -> Any:
        if cohort is None:
            return self
        cache = cohort._cache
        if self.name not in cache:
            with cohort._lock:
                if self.name not in cache:
                    cache[self.name] = self._made(cohort)
        return cache[self.name]

    def _made(self, cohort: Any) -> Any:
        if cohort.shared is None:
            return self.function(cohort)
        return cohort.shared.once(self.name, lambda: self.function(cohort))


class Cohort:
    """A study with its derived tables: the one door to them, for analyses, pages, exports and users alike.

    Parameters
    ----------
    study : the study as recorded
    settings : section -> parameter -> value, over those of study.yaml, over the documented defaults
    seed : seed of every random number (`oncourse.stats.rng.generator`)
    store : where clones derived before are read, and others kept (`oncourse.disk.store`); None: nowhere
    jobs : patients whose clones are derived at a time
    shared : where the processes of a run share what they derive (`oncourse.disk.shared`); None: one process alone

    `progress` is told in words how far a derivation of many minutes is; by default nobody listens.

    Raises
    ------
    ConfigError : unknown or wrong settings, all at once
    """

    def __init__(
        self,
        study: Study,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int = 1,
        *,
        store: Store | None = None,
        jobs: int = 2,
        shared: Shared | None = None,
    ):
        self.study = study
        self.settings = merged_settings(study.config, settings or {})
        self.seed = seed
        self.used: dict[str, Any] = {}
        self.store, self.jobs, self.shared = store or Store(), jobs, shared
        self.progress: Callable[[str], None] = lambda _: None
        self._part_of: tuple[Cohort, str] | None = None
        self._cache: dict[str, Any] = {}
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        title = self.study.config.title or "untitled study"
        return f"<Cohort: {title}, {self.study.n_patients} patients, {len(self._cache)} tables derived>"

    def params(self, cls: type[P]) -> P:
        """Return the resolved settings of one section and remember them for the provenance."""
        name: str = cls.section  # type: ignore[attr-defined]
        params = resolve(cls, self.settings.get(name, {}))
        self.used[name] = params
        return params

    def wrong_names(self) -> list[str]:
        """Return what study.yaml and the settings name and the study does not have
        (`oncourse.derive.outcomes.named`), and files of knowledge that cannot be used."""
        from oncourse.derive.outcomes.named import wrong_names

        wrong = wrong_names(self.study, self.settings, self.sample_groups)
        if self.settings.get("knowledge"):
            from oncourse.derive.care.therapy import KnowledgeParams, wrong_knowledge

            wrong += wrong_knowledge(self.params(KnowledgeParams), self.study.config.genome_build)
        return wrong

    def of_patient(self, patient_id: str) -> Cohort:
        """Return the Cohort of one patient: the same numbers, without deriving what is other patients' alone.

        Panels and presence stay the whole study's: what an assay looked for does not depend on what this patient has,
        and what is usual in a sample is learned from all of them.
        """
        alone = Cohort(
            self.study.select(patients=[patient_id]), self.settings, self.seed, store=self.store, jobs=self.jobs
        )
        alone._part_of = (self, patient_id)
        alone.used, alone.progress = self.used, self.progress
        return alone

    # Each derived table: one property, one call into its room of `oncourse.derive`, room by room.

    # genes: calls, panels, status of genes

    @derived
    def annotated_calls(self) -> pl.DataFrame:
        """The calls that count as called, joined to gene and effect (`oncourse.derive.genes.calls`)."""
        from oncourse.derive.genes.calls import annotated_calls

        return annotated_calls(self.study)

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

        params = self.params(BurdenParams)
        return hypermutation_table(self.study, self.burden, self.annotated_calls, self.marker_readings, params)

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

    @derived
    def panels(self) -> Panels:
        """Which genes each sample's assays looked at (`oncourse.derive.genes.panels`)."""
        from oncourse.derive.genes.panels import read_panels

        if self._part_of is not None:
            whole, patient_id = self._part_of
            return whole.panels.of_patient(patient_id)
        return read_panels(self.study)

    @derived
    def spectra(self) -> pl.DataFrame:
        """Mutations per class of surrounding bases, by sample and shared or private
        (`oncourse.derive.genes.spectra`)."""
        from oncourse.derive.genes.spectra import SignatureParams, spectra_table, variant_classes

        classes = variant_classes(self.study, self.params(SignatureParams).fasta)
        known = classes["class"].is_not_null().any()
        presence = self.presence_or_none if known else None
        return spectra_table(self.annotated_calls, classes, None if presence is None else presence.cells)

    # clinical: lines of therapy, response, time to event

    @derived
    def best_response(self) -> pl.DataFrame:
        """Best overall response per patient and line (`oncourse.derive.clinical.response`)."""
        from oncourse.derive.clinical.people import death_days
        from oncourse.derive.clinical.response import ImagingParams, best_response

        deaths = death_days(self.study["follow_up"])
        return best_response(self.recist_visits, self.lines, self.params(ImagingParams), deaths)

    @derived
    def bone_visits(self) -> pl.DataFrame:
        """Bone-scan responses per visit (`oncourse.derive.clinical.bone`)."""
        from oncourse.derive.clinical.bone import BoneParams, bone_visits
        from oncourse.derive.clinical.psa import PsaParams

        criteria = self.params(PsaParams).criteria
        return bone_visits(self.study["assessments"], self.lines, self.params(BoneParams), criteria=criteria)

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
    def followed_visits(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Imaging visits, bone scans and PSA of every line, judged and shown whatever treatment follows."""
        from oncourse.derive.clinical.bone import BoneParams, bone_visits
        from oncourse.derive.clinical.psa import PsaParams, psa_table
        from oncourse.derive.clinical.recist import recist_visits
        from oncourse.derive.clinical.response import ImagingParams

        study, lines, psa = self.study, self.lines, self.params(PsaParams)
        targets, seen = study["target_lesions"], study["assessments"]
        return (
            recist_visits(targets, seen, lines, self.params(ImagingParams), followed=True),
            bone_visits(seen, lines, self.params(BoneParams), criteria=psa.criteria, followed=True),
            psa_table(study["labs"], lines, psa, followed=True),
        )

    @derived
    def lines(self) -> pl.DataFrame:
        """Lines of therapy (`oncourse.derive.clinical.lines`)."""
        from oncourse.derive.clinical.lines import LineParams, lines_table

        return lines_table(self.study["treatments"], self.params(LineParams))

    @derived
    def psa(self) -> pl.DataFrame:
        """PSA endpoints per patient and line (`oncourse.derive.clinical.psa`)."""
        from oncourse.derive.clinical.psa import PsaParams, psa_table

        return psa_table(self.study["labs"], self.lines, self.params(PsaParams))

    @derived
    def recist_visits(self) -> pl.DataFrame:
        """RECIST responses per visit (`oncourse.derive.clinical.recist`)."""
        from oncourse.derive.clinical.recist import recist_visits
        from oncourse.derive.clinical.response import ImagingParams

        study = self.study
        return recist_visits(study["target_lesions"], study["assessments"], self.lines, self.params(ImagingParams))

    @derived
    def time_to_event(self) -> pl.DataFrame:
        """Time-to-event records per patient, line and endpoint; line null = study level."""
        return self.endpoint_tables[0]

    # concordance: present, absent, not assessable

    @derived
    def pairs(self) -> PairTable:
        """Pairs of samples of a patient and the fate of each variant between them
        (`oncourse.derive.concordance.pairs`)."""
        from oncourse.derive.concordance.pairs import pair_table

        return pair_table(self.presence)

    @derived
    def presence(self) -> PresenceTable:
        """Present, absent or not assessable per variant and tumour sample (`oncourse.derive.concordance.presence`)."""
        from oncourse.derive.concordance.pairs import ConcordanceParams
        from oncourse.derive.concordance.presence import PresenceParams, presence_table

        if self._part_of is not None:
            whole, patient_id = self._part_of
            return whole.presence.of_patient(patient_id)
        rules = self.params(ConcordanceParams)
        return presence_table(
            self.study,
            self.panels,
            self.params(PresenceParams),
            min_power=rules.min_power,
            merge_same_site=rules.merge_same_site,
        )

    @property
    def presence_or_none(self) -> PresenceTable | None:
        """`presence`, or None where no patient has two tumour samples."""
        tumour = self.study["samples"].filter(is_tumour())
        return self.presence if tumour["patient_id"].is_duplicated().any() else None

    @derived
    def identity(self) -> pl.DataFrame:
        """Samples that fit another patient, or hold some of one (`oncourse.derive.concordance.identity`)."""
        from oncourse.derive.concordance.identity import identity_table

        return identity_table(self.study)

    @derived
    def relatedness(self) -> pl.DataFrame:
        """Evidence of common origin per pair of tumour samples (`oncourse.derive.concordance.relatedness`)."""
        from oncourse.derive.concordance.relatedness import relatedness_table

        return relatedness_table(self.study, self.presence, self.pairs)

    # clones: cell fractions, clusters, trees

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
        part = Cohort(self.study, self.settings, self.seed, store=self.store, jobs=self.jobs)
        part.progress = self.progress
        part._cache["clone_counts"] = replace(self.clone_counts, patients=mine)
        _ = part.evolution
        return len(mine)

    @derived
    def heterogeneity(self) -> HeterogeneityTable:
        """Heterogeneity of every tumour sample and pair (`oncourse.derive.clones.heterogeneity`)."""
        from oncourse.derive.clones.heterogeneity import HeterogeneityParams, heterogeneity_table

        params = self.params(HeterogeneityParams)
        return heterogeneity_table(self.clusters, self.study["segments"], params, self.seed)

    # status: what each sample and patient has

    @derived
    def knowledge(self) -> Knowledge:
        """The therapy rules and the evidence (`oncourse.derive.care.therapy`)."""
        from oncourse.derive.care.therapy import KnowledgeParams, load_knowledge

        return load_knowledge(self.params(KnowledgeParams), self.study.config.genome_build)

    @derived
    def seen_variants(self) -> SeenVariants:
        """Called variants of the genes that rules and statuses ask for (`oncourse.derive.status.variants`)."""
        from oncourse.derive.status.variants import seen_variants
        from oncourse.facts.statuses import statuses_of
        from oncourse.knowledge.alterations import gene_name

        named = {gene_name(g) for s in statuses_of(self.study.config.statuses) for g in s.genes}
        known = self.knowledge
        return seen_variants(
            self.study, self.presence_or_none, known.genes | named, self.plasma_states, known.classified
        )

    @derived
    def hits(self) -> pl.DataFrame:
        """What hit each cancer gene in each sample, driver or not (`oncourse.derive.status.alterations`)."""
        from oncourse.derive.genes.gene_status import LandscapeParams
        from oncourse.derive.status.alterations import hits_table

        hotspots = self.params(LandscapeParams).hotspots
        return hits_table(self.study, self.gene_status, hotspots, self.knowledge.classified)

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
    def marker_readings(self) -> pl.DataFrame:
        """Every recorded marker in one reading (`oncourse.facts.markers`)."""
        from oncourse.facts.markers import marker_readings

        study = self.study
        return marker_readings(study["samples"], study["markers"], study.config.cutoffs)

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

    # care: therapy, ctDNA

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
    def ctdna_response(self) -> pl.DataFrame:
        """Molecular response per line of therapy (`oncourse.derive.care.ctdna_response`)."""
        from oncourse.derive.care.ctdna import CtdnaParams
        from oncourse.derive.care.ctdna_response import ctdna_response

        return ctdna_response(self.ctdna, self.lines, self.params(CtdnaParams), self.ctdna_variation)

    @derived
    def ctdna_variation(self) -> Variation:
        """Biological variation of ctDNA between samples, and the repeated pairs it rests on."""
        from oncourse.derive.care.ctdna import CtdnaParams
        from oncourse.derive.care.ctdna_response import biological_cv

        if self._part_of is not None:
            return self._part_of[0].ctdna_variation
        return biological_cv(self.ctdna, self.lines, self.params(CtdnaParams))

    @derived
    def findings(self) -> Findings:
        """What is known of every patient, as therapy rules ask for it (`oncourse.derive.care.therapy`)."""
        from oncourse.derive.care.therapy import findings
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
        )

    @derived
    def therapy(self) -> Therapy:
        """Every patient against the therapy rules and the evidence (`oncourse.derive.care.therapy_matches`)."""
        from oncourse.derive.care.therapy_matches import match_all

        return match_all(self.study, self.findings)

    # outcomes: findings against outcome

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

    @derived
    def recurrence(self) -> RecurrenceTable:
        """When and where the disease came back after its start (`oncourse.derive.outcomes.recurrence`)."""
        from oncourse.derive.outcomes.recurrence import RecurrenceParams, recurrence_table

        params = self.params(RecurrenceParams)
        return recurrence_table(self.study, origin=params.origin, site_window_days=params.site_window_days)

    @derived
    def recurrence_blood(self) -> pl.DataFrame:
        """The first blood sample after surgery (`oncourse.derive.outcomes.recurrence.blood_after_surgery`)."""
        from oncourse.derive.outcomes.recurrence import RecurrenceParams, blood_after_surgery

        if self._part_of is not None:
            whole, patient_id = self._part_of  # where the clock starts is a matter of the study
            return whole.recurrence_blood.filter(pl.col("patient_id") == patient_id)
        params = self.params(RecurrenceParams)
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
        return self.recurrence_blood if whole.recurrence.starts_at_surgery else self.recurrence_blood.clear()

    @derived
    def recurrence_genes(self) -> pl.DataFrame:
        """What became of the primary's mutations in the recurrence
        (`oncourse.derive.outcomes.recurrence.gene_changes`)."""
        from oncourse.derive.outcomes.recurrence import gene_changes

        several = self.study["samples"]["patient_id"].is_duplicated().any()
        pairs, presence = (self.pairs, self.presence) if several else (None, None)
        return gene_changes(self.study["variants"], pairs, presence)

    def responses(self, endpoint: str) -> tuple[pl.DataFrame, bool]:
        """Return who responded per line (PSA50 or ORR), and whether a line that could not be judged counts.

        See `oncourse.derive.outcomes.response_scan`.
        """
        from oncourse.derive.clinical.psa import PsaParams
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
