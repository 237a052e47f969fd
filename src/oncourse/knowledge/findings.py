"""What was found in one patient, as plain values: all a therapy rule may look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

#: Whether the absence of a change can be claimed at a site.
#: measured: power >= the limit; assumed: on target, depth not recorded; recorded: wild type by a record alone;
#: underpowered: looked at, too shallow;
#: not_covered: no reads there, or the gene is not on the assay; unread: something called or recorded there contradicts
#: it.
SITE_STATES = ("measured", "assumed", "recorded", "underpowered", "not_covered", "no_sample", "unread")
MATERIALS = ("decision", "tissue", "plasma", "any")
ORIGINS = ("somatic", "germline", "possible_germline", "chip", "possible_chip", "unknown")
#: Origins that never support a therapy, enter ctDNA positivity or clone dynamics.
BLOOD_ORIGINS = ("chip", "possible_chip")
EFFECTS = (
    "missense",
    "inframe",
    "nonsense",
    "frameshift",
    "splice",
    "start_loss",
    "promoter",
    "silent",
    "other",
)
COPY_STATES = ("amplified", "gain", "neutral", "loss", "homozygous_deletion")


@dataclass(frozen=True)
class VariantFinding:
    """One variant of one patient.

    ``change`` is the protein change without ``p.`` in one-letter code (G12C, R248fs, empty where there is none);
    ``materials`` says where it was seen (tissue, plasma); ``in_decision`` whether the sample nearest the decision
    has it, ``in_latest_plasma`` whether the latest blood with tumour DNA has; ``is_biallelic`` is None where the second
    allele was not assessed; ``seen`` and ``where`` are words for the page ("12 of 140 reads in P1-liver", "clonal in
    all lesions"); ``listed`` is the verdict of the study's classified changes and the laboratory
    (pathogenic, uncertain, benign, conflicting, or empty) and ``listed_by`` their words (`oncourse.knowledge.classified`);
    ``is_recorded``: known from a record alone, which may name no change; ``or_genes``: it may be of one of these.
    """

    gene: str
    change: str = ""
    effect: str = "missense"
    origin: str = "somatic"
    codon: int | None = None
    materials: tuple[str, ...] = ("tissue",)
    in_decision: bool = True
    in_latest_plasma: bool = True
    is_biallelic: bool | None = None
    hgvs_c: str = ""
    variant_id: str = ""
    seen: str = ""
    where: str = ""
    is_new_on: tuple[str, ...] = ()
    is_reversion: bool = False
    listed: str = ""
    listed_by: str = ""
    is_recorded: bool = False
    or_genes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Gene and change, as a doctor writes it."""
        if self.effect == "splice" and not self.change:
            return f"{self.gene} {self.hgvs_c or 'splice site'}"
        if self.is_recorded:
            return f"{' or '.join((self.gene, *self.or_genes))} {self.change or 'mutated'}"
        return f"{self.gene} {self.change or self.hgvs_c or self.effect}".strip()

    @property
    def is_from_blood(self) -> bool:
        """Whether it is, or may be, clonal haematopoiesis."""
        return self.origin in BLOOD_ORIGINS


@dataclass(frozen=True)
class PatientFindings:
    """One patient's findings.

    Parameters
    ----------
    patient_id : the patient
    tumour : colorectal, prostate, or another word; None = not recorded
    state : resected, metastatic, mCSPC, mCRPC; None = not recorded
    stage : I, II, III or IV at diagnosis; None = not recorded
    age_years : at the index date; None = not recorded
    surgery : done where the primary is known to be out; None = not recorded
    weeks_since_surgery : from the day it was taken out to the day of the decision; None = either is not recorded
    variants : every variant after filtering, with its origin
    copy_number : gene -> one of `COPY_STATES`; a missing gene was not profiled
    copy_number_material : gene -> materials it was seen in (a change listed here is an alteration)
    off_frame : gene -> the joins of it that are read on out of frame, and so no fusion
    fusions : genes found fused; ``fusion_genes_assessed`` : genes looked at for fusions (None = none)
    sites : (material, gene, codon; 0 = whole gene) -> one of `SITE_STATES`
    default_site : material -> state of a gene not in ``sites``
    markers : upper-case marker name -> value as recorded (AR-V7: positive; PTEN IHC % negative: 95)
    msi : high, stable or None; mmr : deficient, proficient or None; tmb_per_mb : number or None
    repair_denied : msi or mmr -> what another test of the same says (MSS in P1-T), where that test is not followed
    side : left, right or None
    primary : colon, rectum or None: the part of the bowel the tumour began in
    drug_classes : classes of every drug given so far, lines of metastatic disease; None = treatment not recorded
    adjuvant_classes : classes given before metastatic disease
    unknown_drugs : given, and no drug of the dictionary: they may be of any class
    next_line : number of the line now to be chosen; None = not recorded
    reports_germline : whether germline findings may be used; has_normal : whether a matched normal was sequenced
    plasma_has_tumour : whether tumour DNA is shown in plasma by other evidence; None = no plasma
    is_dead : known to have died by the day of the decision
    phenotypes : gene -> pharmacogenetic phenotype (DPYD: intermediate metaboliser)
    """

    patient_id: str
    tumour: str | None = None
    state: str | None = None
    stage: str | None = None
    age_years: float | None = None
    surgery: str | None = None
    weeks_since_surgery: float | None = None
    variants: tuple[VariantFinding, ...] = ()
    copy_number: Mapping[str, str] = field(default_factory=dict)
    copy_number_material: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fusions: tuple[str, ...] = ()
    off_frame: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fusion_genes_assessed: frozenset[str] | None = None
    sites: Mapping[tuple[str, str, int], str] = field(default_factory=dict)
    default_site: Mapping[str, str] = field(default_factory=dict)
    markers: Mapping[str, str] = field(default_factory=dict)
    msi: str | None = None
    mmr: str | None = None
    repair_denied: Mapping[str, str] = field(default_factory=dict)
    tmb_per_mb: float | None = None
    side: str | None = None
    primary: str | None = None
    drug_classes: frozenset[str] | None = None
    adjuvant_classes: frozenset[str] = frozenset()
    unknown_drugs: tuple[str, ...] = ()
    next_line: int | None = None
    reports_germline: bool = False
    has_normal: bool = False
    plasma_has_tumour: bool | None = None
    is_dead: bool = False
    phenotypes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_gene(self) -> dict[str, tuple[VariantFinding, ...]]:
        """The variants of each gene."""
        found: dict[str, list[VariantFinding]] = {}
        for variant in self.variants:
            found.setdefault(variant.gene, []).append(variant)
        return {gene: tuple(rows) for gene, rows in found.items()}

    @cached_property
    def altered_genes(self) -> frozenset[str]:
        """Genes with any change: what an index of evidence is asked for."""
        copies = {gene for gene, state in self.copy_number.items() if state not in ("neutral",)}
        return frozenset(self.by_gene) | copies | frozenset(self.fusions)

    def site(self, gene: str, codon: int = 0, material: str = "any") -> str:
        """Return the state of one codon (0 = the whole gene) in one material."""
        sites = self.sites
        if sites:
            state = sites.get((material, gene, codon))
            if state is None and codon:
                state = sites.get((material, gene, 0))
            if state is not None:
                return state
        return self.default_site.get(material, "no_sample")

    def worst_site(self, gene: str, codons: Iterable[int], material: str) -> tuple[str, tuple[int, ...]]:
        """Return the worst state over the codons and the codons that have it; an empty list is the whole gene."""
        worst = -1
        at: list[int] = []
        for codon in codons or (0,):
            rank = SITE_STATES.index(self.site(gene, codon, material))
            if rank > worst:
                worst, at = rank, []
            if rank == worst:
                at.append(codon)
        return SITE_STATES[worst], tuple(at)
