"""Study -> findings of every patient -> which therapy rules apply: the heart of the patient page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from oncourse.derive.care.patient_facts import Facts
from oncourse.derive.care.records import by_patient, read_of, with_records
from oncourse.derive.care.watchlist import (
    WatchParams,
    emerged_amplifications,
    emerged_markers,
    emergence,
    watch_items,
)
from oncourse.derive.concordance.callability import CallabilityParams, blind_samples, callability, shown_content
from oncourse.derive.genes.copy_states import CopyNumberParams, copy_table
from oncourse.derive.genes.panels import Panels
from oncourse.derive.genes.unread import unread_codons
from oncourse.derive.status.patients import recorded_sites
from oncourse.derive.status.variants import SeenVariants, patient_variants, where_seen
from oncourse.disk.guard import refuse_special
from oncourse.errors import InputError
from oncourse.facts.fusions import is_fusion, is_off_frame
from oncourse.facts.material import is_normal
from oncourse.facts.recorded import gene_records
from oncourse.facts.statuses import statuses_of
from oncourse.genome.gene_names import current_symbol
from oncourse.knowledge.alterations import data_rows
from oncourse.knowledge.classified import Classified, read_classified
from oncourse.knowledge.evidence import EvidenceBase, read_evidence
from oncourse.knowledge.expression import atoms_of
from oncourse.knowledge.findings import SITE_STATES, PatientFindings, VariantFinding
from oncourse.knowledge.rules import Rule, default_rules, read_rules
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.derive.concordance.presence import PresenceTable

#: The more telling state of a gene counts when samples of a patient differ.
_TELLING = ("neutral", "gain", "loss", "homozygous_deletion", "amplified")


@section("knowledge")
@dataclass(frozen=True)
class KnowledgeParams:
    """Which therapy knowledge is used."""

    rules: str | None = setting(None, "a rules file in place of the package's (columns of therapy_rules.tsv)")
    evidence: str | None = setting(
        None, "evidence table beside the rules, made by 'oncourse kb import civic FILE --out evidence.tsv'"
    )
    classified: str | None = setting(
        None,
        "table of pathogenic and benign changes, made by 'oncourse kb import clinvar FILE --out classified.tsv'",
    )
    decision_day: int | None = setting(
        None,
        "day of the decision: the sample nearest before it speaks for wild type; null: the latest sample",
    )


#: Questions of rules about a gene as a whole, whose "no" needs every change in it understood.
_OF_WHOLE_GENES = ("loss", "altered", "germline_pathogenic")


@dataclass(frozen=True)
class Knowledge:
    """The rules, the evidence and the classified changes a study is matched against."""

    rules: tuple[Rule, ...]
    evidence: EvidenceBase | None
    classified: Classified | None = None

    @cached_property
    def genes(self) -> frozenset[str]:
        """Every gene some rule, watch item or statement asks for."""
        found = {g for rule in self.rules for g in rule.genes}
        found |= {g for r in self.rules if r.requires_node for a in atoms_of(r.requires_node) for g in a.genes}
        found |= {g for r in self.rules if r.requires_node for a in atoms_of(r.requires_node) for g in _site_genes(a)}
        found |= {g for item in watch_items() for g in item.genes}
        found |= {r["gene"] for r in data_rows("predisposition_genes.tsv")}
        if self.evidence is not None:
            found |= self.evidence.genes
        return frozenset(found)

    @cached_property
    def codons(self) -> dict[str, tuple[int, ...]]:
        """Codons whose callability some rule asks for; 0 stands for the whole gene."""
        wanted: dict[str, set[int]] = {}
        nodes = [n for r in self.rules for n in (r.node, r.requires_node) if n is not None]
        for atom in (a for node in nodes for a in atoms_of(node)):
            for site in atom.sites:
                wanted.setdefault(site.gene, set()).update(site.named_codons or (0,))
        return {gene: tuple(sorted(codons)) for gene, codons in sorted(wanted.items())}

    @cached_property
    def lost(self) -> tuple[str, ...]:
        """Genes of which some rule asks whether they are lost, or that may be inherited so."""
        nodes = [n for r in self.rules for n in (r.node, r.requires_node) if n is not None]
        asked = {g for node in nodes for a in atoms_of(node) if a.kind in _OF_WHOLE_GENES for g in a.genes}
        return tuple(sorted(asked | {r["gene"] for r in data_rows("predisposition_genes.tsv")}))


def _site_genes(atom) -> Iterable[str]:  # type: ignore[no-untyped-def]
    return (site.gene for site in atom.sites)


def load_knowledge(params: KnowledgeParams, build: str | None = None, source: Path | None = None) -> Knowledge:
    """Read what the settings name for a study in genome `build`; InputError names what is wrong in it.

    A relative path is looked for in the study's folder (`source`), then where the command is run.
    """

    def file(name: str) -> Path:
        folder = source if source is None or source.is_dir() else source.parent
        beside = folder / name if folder is not None else None
        found = beside if beside is not None and beside.is_file() else Path(name)
        refuse_special(found)
        return found

    rules = read_rules(file(params.rules)) if params.rules else default_rules()
    evidence = read_evidence(file(params.evidence)) if params.evidence else None
    return Knowledge(rules, evidence, read_classified(file(params.classified), build) if params.classified else None)


def wrong_knowledge(params: KnowledgeParams, build: str | None, source: Path | None = None) -> list[str]:
    """Return what is wrong with the files that the section names, file by file; none are read where none is named."""
    found: list[str] = []
    for name in ("rules", "evidence", "classified"):
        if path := getattr(params, name):
            try:
                load_knowledge(KnowledgeParams(**{name: path}), build, source)
            except InputError as error:
                where = "A path is read from the study's folder, then from the one in which the command is run."
                found += [f"knowledge.{name}: {problem} {where}" for problem in error.problems]
    return found


@dataclass(frozen=True)
class Findings:
    """What is known of every patient.

    ``patients``: patient -> findings; ``decision``: patient_id, sample_id, material, day, reason: the sample that
    speaks for wild type; ``callable_codons``: the callability table; ``emerged``: the emergence table;
    ``plasma``: patient_id, sample_id, has_tumour: whether tumour DNA is shown in each plasma sample;
    ``copies``: copy-number states per sample and gene (`oncourse.derive.genes.copy_states`).
    """

    patients: Mapping[str, PatientFindings]
    decision: pl.DataFrame
    callable_codons: pl.DataFrame
    emerged: pl.DataFrame
    plasma: pl.DataFrame
    copies: pl.DataFrame
    knowledge: Knowledge


def findings(
    study: Study,
    panels: Panels,
    presence: PresenceTable | None,
    seen: SeenVariants,
    lines: pl.DataFrame,
    burden: pl.DataFrame,
    knowledge: Knowledge,
    decision: pl.DataFrame,
    callable_params: CallabilityParams,
    watch: WatchParams,
    copy_params: CopyNumberParams,
    readings: pl.DataFrame,
    statuses: pl.DataFrame,
    ctdna: pl.DataFrame,
    after_surgery: pl.DataFrame,
    alterations: pl.DataFrame,
    progressed: Collection[str] = (),
    decision_day: int | None = None,
) -> Findings:
    """Derive the findings of every patient from the study's tables.

    ``alterations`` (`oncourse.derive.status.alterations`) says whether both alleles of a hit suppressor are lost;
    ``ctdna`` is the table of every plasma sample, ``after_surgery`` the first one in the window after surgery
    (`oncourse.derive.outcomes.recurrence.blood_after_surgery`); ``progressed`` names those whose PSA or scans progressed
    on the last line; ``decision_day`` is that of `KnowledgeParams`, null: the last contact.

    Unless study.yaml says ``report_germline: true``, germline variants are left out here, so that nothing downstream
    can show one; loss rules of repair genes then never conclude "not altered".
    """
    copy_rows = copy_table(study, knowledge.genes, copy_params)
    rows, blood, plasma = seen.rows, seen.blood, seen.plasma
    purity = shown_content(study, presence)
    codons = callability(study, panels, callable_params, codons=knowledge.codons, purity=purity)
    whole = pl.DataFrame({"gene": list(knowledge.lost)}, schema={"gene": pl.String}).with_columns(
        codon=pl.lit(0, pl.Int64)
    )
    unread = unread_codons(study, whole)
    new = _emerged(study, presence, watch)
    copies, copy_material, alleles = copy_states(copy_rows)
    chosen = dict(decision.select("patient_id", "sample_id").iter_rows())
    classes: dict[tuple[str, str], tuple[str, ...]] = {}
    for patient, variant, name in (
        new.filter(pl.col("status") == "emerged").select("patient_id", "variant_id", "drug_class").iter_rows()
    ):
        classes[(patient, variant)] = (*classes.get((patient, variant), ()), name)
    informative = (
        plasma.filter("has_tumour").group_by("patient_id", maintain_order=True).agg(pl.col("sample_id").last())
    )
    latest = dict(informative.iter_rows())
    alleles = _with_hits(alleles, alterations)
    variants = patient_variants(study, rows, blood, where_seen(presence), chosen, classes, alleles, latest)
    new = _all_emerged(study, presence, watch, copy_rows, variants, readings)
    told = gene_records(readings, reports_germline=study.config.report_germline)
    records, read_there = by_patient(told), read_of(codons, told)
    named = statuses.filter(
        ~pl.col("variants").is_in([r.words for rows in records.values() for r in rows]).fill_null(False)
    )
    denied = recorded_sites(named, statuses_of(study.config.statuses))
    sites = _Sites(panels, codons, chosen, plasma, knowledge.genes, denied, unread)
    counted = burden.filter(~pl.col("sample_id").is_in(sorted(sites.blind)))  # too little tumour to count mutations
    facts = Facts(study, lines, counted, chosen, readings, ctdna, after_surgery, progressed, decision_day)
    shown = _shown_in_plasma(plasma)
    normals = set(study["samples"].filter(is_normal())["patient_id"])
    fused, fusion_genes = _fusions(study, panels, knowledge.genes, sites.blind)
    off_frame = _off_frame(study)
    patients = {}
    for patient in study["patients"]["patient_id"].to_list():
        site_states, default = sites.of(patient)
        known = facts.of(patient)
        read = PatientFindings(
            patient_id=patient,
            variants=tuple(
                v for v in variants.get(patient, ()) if v.origin != "germline" or study.config.report_germline
            ),
            copy_number=copies.get(patient, {}),
            copy_number_material=copy_material.get(patient, {}),
            fusions=fused.get(patient, ()),
            fusion_genes_assessed=fusion_genes.get(patient),
            off_frame=off_frame.get(patient, {}),
            sites=site_states,
            default_site=default,
            reports_germline=study.config.report_germline,
            has_normal=patient in normals,
            plasma_has_tumour=shown.get(patient),
            **known,  # type: ignore[arg-type]
        )
        patients[patient] = with_records(read, records.get(patient, ()), read.markers.get("HER2 ISH"), read_there)
    return Findings(patients, decision, codons, new, plasma, copy_rows, knowledge)


def _emerged(
    study: Study,
    presence: PresenceTable | None,
    watch: WatchParams,
    reversions: Collection[tuple[str, str, str]] = (),
) -> pl.DataFrame:
    from oncourse.derive.care.watchlist import EMERGENCE_SCHEMA

    if presence is None or presence.cells.is_empty() or not study.has("treatments"):
        return pl.DataFrame(schema=EMERGENCE_SCHEMA)
    return emergence(presence.cells, study["samples"], study["treatments"], watch, reversions)


def _all_emerged(
    study: Study,
    presence: PresenceTable | None,
    watch: WatchParams,
    copies: pl.DataFrame,
    variants: Mapping[str, tuple[VariantFinding, ...]],
    readings: pl.DataFrame,
) -> pl.DataFrame:
    """Mutations, reversions, amplifications and markers that the watch list names."""
    reverted = {(p, v.variant_id, v.gene, v.change) for p, found in variants.items() for v in found if v.is_reversion}
    changed = _emerged(study, presence, watch, {r[1:] for r in reverted})
    # what restores a frame in one patient may be a plain deletion in another
    own = pl.DataFrame(
        [r[:2] for r in sorted(reverted)],
        schema={"patient_id": pl.String, "variant_id": pl.String},
        orient="row",
    )
    parts = [
        changed.filter(pl.col("kind") != "reversion"),
        changed.filter(pl.col("kind") == "reversion").join(own, on=["patient_id", "variant_id"], how="semi"),
        emerged_amplifications(copies, study["samples"], study["treatments"], watch),
        emerged_markers(readings, study["treatments"]),
    ]
    return pl.concat(parts).sort("patient_id", "drug_class", "name", "gene", "variant_id")


def _shown_in_plasma(plasma: pl.DataFrame) -> dict[str, bool]:
    """patient -> whether the latest plasma sample shows tumour DNA; no entry without plasma."""
    last = plasma.group_by("patient_id", maintain_order=True).agg(pl.col("has_tumour").last())
    return dict(last.iter_rows())


def copy_states(
    copies: pl.DataFrame,
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, tuple[str, ...]]], dict[str, dict[str, bool]]]:
    """Return (patient -> gene -> copy state, -> materials it was seen in, -> whether an allele is lost).

    Where the samples of a patient differ the more telling state counts, amplification first; an allele is lost where
    one sample has lost it. A gene without a state was not profiled; one without an entry of alleles is not known.
    """
    ranks = {s: i for i, s in enumerate(_TELLING)}
    rows = (
        copies.with_columns(rank=pl.col("state").replace_strict(ranks, return_dtype=pl.Int64))
        .group_by("patient_id", "gene")
        .agg(
            pl.col("state").sort_by("rank").last(),
            pl.col("material").filter(pl.col("rank") == pl.col("rank").max()).unique().sort(),
            pl.col("is_allele_lost").drop_nulls().any().alias("lost"),
            pl.col("is_allele_lost").is_not_null().any().alias("known"),
        )
        .sort("patient_id", "gene")
    )
    states: dict[str, dict[str, str]] = {}
    materials: dict[str, dict[str, tuple[str, ...]]] = {}
    alleles: dict[str, dict[str, bool]] = {}
    for patient, gene, state, seen, lost, known in rows.iter_rows():
        states.setdefault(patient, {})[gene] = state
        if state != "neutral":
            materials.setdefault(patient, {})[gene] = tuple(seen)
        if known:
            alleles.setdefault(patient, {})[gene] = lost
    return states, materials, alleles


def _with_hits(alleles: dict[str, dict[str, bool]], alterations: pl.DataFrame) -> dict[str, dict[str, bool]]:
    """Return `alleles` with what the landscape says of suppressors that something hit: one word in both rooms."""
    out = {patient: dict(genes) for patient, genes in alleles.items()}
    judged = alterations.drop_nulls("basis").select("patient_id", "gene", "is_biallelic")
    for patient, gene, both in judged.iter_rows():
        own = out.setdefault(patient, {})
        own.pop(gene, None)
        if both is not None:
            own[gene] = both
    return out


def _fusions(
    study: Study, panels: Panels, genes: frozenset[str], blind: frozenset[str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, frozenset[str]]]:
    found: dict[str, set[str]] = {}
    owner = dict(study["samples"].select("sample_id", "patient_id").iter_rows())
    joined = study["fusions"].filter(is_fusion())
    for sample, five, three in joined.select("sample_id", "gene_5p", "gene_3p").iter_rows():
        found.setdefault(owner[sample], set()).update(current_symbol(g) for g in (five, three) if g)
    looked: dict[str, frozenset[str]] = {}
    cache: dict[str, frozenset[str]] = {}
    looking = panels.samples.drop_nulls("sv").filter(~pl.col("sample_id").is_in(sorted(blind)))
    for patient, assay in looking.select("patient_id", "sv").iter_rows():
        if assay not in cache:
            listed = panels.genes.get(assay)
            cache[assay] = genes if listed is None else frozenset(current_symbol(g) for g in listed) & genes
        looked[patient] = looked.get(patient, frozenset()) | cache[assay]
    return {p: tuple(sorted(g)) for p, g in found.items()}, looked


def _off_frame(study: Study) -> dict[str, dict[str, tuple[str, ...]]]:
    """patient -> gene -> joins (TPM3::NTRK1) of two genes that are read on out of frame."""
    owner = dict(study["samples"].select("sample_id", "patient_id").iter_rows())
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    rows = study["fusions"].filter(is_off_frame()).select("sample_id", "gene_5p", "gene_3p")
    for sample, five, three in rows.iter_rows():
        name, mine = f"{five or '?'}::{three or '?'}", found.setdefault(owner[sample], {})
        for gene in dict.fromkeys(current_symbol(g) for g in (five, three) if g):
            mine[gene] = tuple(dict.fromkeys((*mine.get(gene, ()), name)))
    return found


class _Sites:
    """What absence may be claimed of, per patient and material; mappings are shared between patients."""

    def __init__(
        self,
        panels: Panels,
        codons: pl.DataFrame,
        decision: Mapping[str, str],
        plasma: pl.DataFrame,
        genes: frozenset[str],
        denied: Mapping[str, list[tuple[str, int]]],
        unread: pl.DataFrame,
    ):
        self.denied = denied
        self.genes, self.panels, self.decision = genes, panels, decision
        self.samples: dict[str, list[tuple[str, str, str | None]]] = {}
        for sample, patient, material, assay in panels.samples.select(
            "sample_id", "patient_id", "material", "mutation"
        ).iter_rows():
            self.samples.setdefault(patient, []).append((sample, material, assay))
        informative = plasma.filter("has_tumour").group_by("patient_id").agg(pl.col("sample_id").last())
        self.plasma = dict(informative.iter_rows())
        self.measured: dict[str, list[tuple[str, int, str]]] = {}
        # plasma without tumour DNA saw nothing of the tumour, however deep it was read
        dry = frozenset(plasma.filter(~pl.col("has_tumour"))["sample_id"])
        self.blind = blind_samples(codons) | dry
        told = (pl.col("depth").is_not_null() & (pl.col("state") != "assumed")) | (pl.col("state") == "underpowered")
        known = codons.filter(told | (pl.col("state") == "unread"))
        for sample, gene, codon, state in known.select("sample_id", "gene", "codon", "state").iter_rows():
            said = "underpowered" if sample in dry and state != "unread" else state
            self.measured.setdefault(sample, []).append((gene, codon, said))
        for sample, gene in unread.select("sample_id", "gene").unique().sort("sample_id", "gene").iter_rows():
            self.measured.setdefault(sample, []).append((gene, 0, "unread"))  # something of the gene is not understood
        self.cache: dict[tuple[tuple[str, frozenset[tuple[str, bool]]], ...], tuple[dict, dict]] = {}  # type: ignore[type-arg]

    def of(self, patient: str) -> tuple[Mapping[tuple[str, str, int], str], Mapping[str, str]]:
        """Return (sites, default_site) as `PatientFindings` wants them."""
        samples = self.samples.get(patient, [])
        groups = {
            "any": samples,
            "tissue": [s for s in samples if s[1] == "tissue"],
            "plasma": [s for s in samples if s[0] == self.plasma.get(patient)],
            "decision": [s for s in samples if s[0] == self.decision.get(patient)],
        }
        key = tuple((m, frozenset((a or "", s in self.blind) for s, _, a in g)) for m, g in groups.items())
        if key not in self.cache:
            self.cache[key] = self._by_assay(key)
        sites, default = self.cache[key]
        overlay = self._overlay(groups)
        # another test found a mutation there: no wild type beside it
        overlay.update({(m, gene, codon): "unread" for gene, codon in self.denied.get(patient, ()) for m in groups})
        return ({**sites, **overlay} if overlay else sites), default

    def _by_assay(self, key):  # type: ignore[no-untyped-def]
        sites: dict[tuple[str, str, int], str] = {}
        default: dict[str, str] = {}
        for material, assays in key:
            default[material] = "not_covered" if assays else "no_sample"
            # what a sample with too little tumour looked at is underpowered, unless another looked too
            for state, is_blind in (("underpowered", True), ("assumed", False)):
                lists = [self.panels.genes.get(a) for a, blind in assays if a and blind is is_blind]
                if any(genes is None for genes in lists):
                    default[material] = state
                listed = {current_symbol(g) for genes in lists for g in genes or ()} & self.genes
                sites.update({(material, g, 0): state for g in listed})
            if default[material] == "assumed":
                sites = {at: state for at, state in sites.items() if at[0] != material}
        return sites, default

    def _is_assumed(self, gene: str, codon: int, samples: list[tuple[str, str, str | None]]) -> bool:
        """Whether a sample with enough tumour looked at a codon, by its assay alone: its reads there are not told."""
        for sample, _, assay in samples:
            if assay is None or sample in self.blind:
                continue
            if any((g, c) == (gene, codon) for g, c, _ in self.measured.get(sample, ())):
                continue
            listed = self.panels.genes.get(assay)
            if listed is None or gene in {current_symbol(g) for g in listed}:
                return True
        return False

    def _overlay(self, groups: Mapping[str, list[tuple[str, str, str | None]]]) -> dict[tuple[str, str, int], str]:
        order = SITE_STATES
        overlay: dict[tuple[str, str, int], str] = {}
        for material, samples in groups.items():
            for sample, _, _ in samples:
                for gene, codon, state in self.measured.get(sample, ()):
                    key = (material, gene, codon)
                    old = overlay.get(key)
                    if old is None or order.index(state) < order.index(old):
                        overlay[key] = state
            for key, state in overlay.items():
                # too few reads in an earlier sample do not speak for that of the decision, which looked there too
                decisive = [s for s in groups["decision"] if s in samples]
                if key[0] == material and state == "underpowered" and self._is_assumed(key[1], key[2], decisive):
                    overlay[key] = "assumed"
        # what was not understood in one sample forbids a claim from any other
        for sample, _, _ in groups["any"]:
            for gene, codon, state in self.measured.get(sample, ()):
                if state == "unread":
                    overlay.update({(material, gene, codon): state for material in groups})
        return overlay
