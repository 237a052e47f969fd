"""Does a patient have a biomarker? Matched, not matched or not assessable, and the reasons.

Three-valued logic after Kleene: AND is the least, OR the greatest of its parts, NOT swaps matched and not matched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from oncourse.genome.gene_sets import gene_set
from oncourse.knowledge.alterations import LOSS_EFFECTS, Site, loss_reason
from oncourse.knowledge.expression import All, AtLeast, Atom, Node, Not
from oncourse.knowledge.findings import PatientFindings, VariantFinding

NO, UNKNOWN, YES = 0, 1, 2
WORDS = ("not_matched", "not_assessable", "matched")
#: Said of a variant that may be of a blood clone, and of one that is.
CHIP_TEXT = "possible clonal haematopoiesis: test white cells or tissue"
CHIP_SHOWN = "clonal haematopoiesis, shown in white cells"
GERMLINE_TEXT = "germline not reported"
DRY_TEXT = "no tumour DNA shown in plasma"
NO_PLASMA_TEXT = "no plasma sample"
#: Material -> what is missing where none of it can tell: without any plasma, and where plasma shows no tumour DNA.
_NO_SAMPLE = {"any": "no tumour sample", "decision": "no tumour sample", "tissue": "no tissue sample"} | {
    "plasma": NO_PLASMA_TEXT
}
_DRY = _NO_SAMPLE | dict.fromkeys(("any", "decision", "plasma"), DRY_TEXT)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one expression.

    ``found``: the alterations that match; ``facts``: other facts that match (MSI-H);
    ``missing``: what was not assessable; ``near``: what nearly matched and why it did not;
    ``against``: why it is not matched; ``assumed``: a "no" that rests on assumed, not measured, coverage.
    """

    truth: int
    found: tuple[VariantFinding, ...] = ()
    facts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    assumed: bool = False

    @property
    def word(self) -> str:
        """matched, not_matched or not_assessable."""
        return WORDS[self.truth]


def evaluate(node: Node, patient: PatientFindings) -> Verdict:
    """Return whether the patient has what the expression asks for."""
    if isinstance(node, Atom):
        return _ATOMS[node.kind](node, patient)
    if isinstance(node, Not):
        inner = evaluate(node.part, patient)
        words = tuple(v.name for v in inner.found) + inner.facts
        return Verdict(
            2 - inner.truth,
            facts=tuple(f"{text} (assumed)" if inner.assumed else text for text in inner.against if inner.truth == NO),
            missing=inner.missing,
            against=words if inner.truth == YES else (),
            assumed=inner.assumed,
        )
    return _combine(node, [evaluate(part, patient) for part in node.parts])


def _combine(node: All | AtLeast, parts: list[Verdict]) -> Verdict:
    need = len(parts) if isinstance(node, All) else node.count
    yes = sum(p.truth == YES for p in parts)
    maybe = sum(p.truth == UNKNOWN for p in parts)
    truth = YES if yes >= need else UNKNOWN if yes + maybe >= need else NO
    found = tuple(dict.fromkeys(v for p in parts if p.truth == YES for v in p.found))
    facts = tuple(dict.fromkeys(f for p in parts if p.truth == YES for f in p.facts))
    near = tuple(dict.fromkeys(n for p in parts if p.truth != YES for n in p.near))
    against = tuple(dict.fromkeys(a for p in parts if p.truth == NO for a in p.against))
    if truth == NO and found:
        names = ", ".join(v.name for v in found)
        near = (f"{names}, but {'; '.join(against) or 'another part of the rule is not met'}", *near)
    missing = tuple(dict.fromkeys(m for p in parts if p.truth == UNKNOWN for m in p.missing))
    if truth == YES:
        missing = ()
    return Verdict(truth, found, facts, missing, near, against, any(p.assumed for p in parts))


def _negative(
    patient: PatientFindings, wanted: list[tuple[str, tuple[int, ...]]], material: str
) -> tuple[bool, bool, list[str]]:
    """Return (may absence be claimed, on assumed coverage, what stands against it)."""
    missing, assumed = [], False
    for gene, codons in wanted:
        state, at = patient.worst_site(gene, codons, material)
        if state == "no_sample":
            return False, False, [_NO_SAMPLE[material] if patient.plasma_has_tumour is None else _DRY[material]]
        where = f"{gene} codon {', '.join(map(str, at))}" if at and at != (0,) else gene
        if state in ("assumed", "recorded"):
            assumed = True
        elif state == "underpowered":
            missing.append(f"{where}: too few reads or too little tumour to see a mutation")
        elif state == "not_covered":
            missing.append(f"{where}: not covered")
        elif state == "unread":
            missing.append(f"{where}: what is there is not understood or set aside, or another test found one")
    if material == "plasma" and patient.plasma_has_tumour is not True:
        missing.append(DRY_TEXT)
    return not missing, assumed, missing


def _split_sites(
    sites: tuple[Site, ...], patient: PatientFindings, material: str
) -> tuple[list[VariantFinding], list[str]]:
    found, near = [], []
    for site in sites:
        for variant in patient.by_gene.get(site.gene, ()):
            if variant.effect in ("silent", "other"):
                continue
            if not site.accepts(variant):
                near.append(f"{variant.name}: not one of {site.words}")
            elif variant.is_from_blood:
                near.append(_blood_text(variant))
            elif variant.is_reversion:
                near.append(f"{variant.name}: restores the reading frame")
            elif variant.origin == "germline":
                near.append(f"{variant.name}: germline variant, not a tumour mutation")
            elif material and material not in variant.materials:
                near.append(f"{variant.name}: not seen in {material}")
            else:
                found.append(variant)
    return found, near


def _blood_text(variant: VariantFinding) -> str:
    return f"{variant.name}: {CHIP_SHOWN if variant.origin == 'chip' else CHIP_TEXT}"


def _is_of_blood(text: str) -> bool:
    return text.endswith((CHIP_TEXT, CHIP_SHOWN))


def _untold(sites: tuple[Site, ...], patient: PatientFindings) -> tuple[str, ...]:
    """Return the variants that may be one of the sites, because their protein change is not recorded."""
    return tuple(
        dict.fromkeys(
            f"{v.name}: {'reaches it, or lies beside it' if v.change else 'protein change not recorded'}; "
            f"it may be one of {site.words}"
            for site in sites
            for v in patient.by_gene.get(site.gene, ())
            if site.may_accept(v) and not v.is_from_blood
        )
    )


def _mutation(atom: Atom, patient: PatientFindings) -> Verdict:
    found, near = _split_sites(atom.sites, patient, atom.material)
    if found:
        return Verdict(YES, tuple(dict.fromkeys(found)), near=tuple(near))
    wanted = [(s.gene, s.named_codons) for s in atom.sites]
    claim, assumed, missing = _negative(patient, wanted, atom.material or "any")
    if untold := _untold(atom.sites, patient):
        return Verdict(UNKNOWN, missing=(*untold, *missing), near=tuple(n for n in near if ": not one of" not in n))
    if doubt := tuple(n for n in near if _is_of_blood(n)):  # neither there nor not, as for the wild type
        return Verdict(UNKNOWN, missing=doubt, near=tuple(near))
    if claim:
        text = f"no {', '.join(site.words for site in atom.sites)} mutation"
        return Verdict(NO, near=tuple(near), against=(text,), assumed=assumed)
    return Verdict(UNKNOWN, missing=tuple(missing), near=tuple(near))


def _wild_type(atom: Atom, patient: PatientFindings) -> Verdict:
    found, near = _split_sites(atom.sites, patient, atom.material)
    near = [n for n in near if _is_of_blood(n)]
    if atom.material == "plasma":  # the latest blood with tumour DNA speaks: a clone that has gone is no mutation now
        found = [v for v in found if v.in_latest_plasma]
    if found:
        conflicts = [v for v in found if not v.in_decision]
        if len(conflicts) == len(found) and not atom.material:
            near += [
                f"{v.name}: conflict, not in the sample nearest the decision ({v.seen or v.where})" for v in conflicts
            ]
        return Verdict(NO, against=tuple(f"{v.name} mutated" for v in found), near=tuple(near))
    wanted = [(s.gene, s.named_codons) for s in atom.sites]
    material = atom.material or "decision"
    claim, assumed, missing = _negative(patient, wanted, material)
    names = "/".join(dict.fromkeys(s.gene for s in atom.sites))
    if untold := _untold(atom.sites, patient):
        return Verdict(UNKNOWN, missing=(*untold, *missing), near=tuple(near))
    if near:  # a possible CHIP variant in the gene asked for: neither mutated nor wild type
        return Verdict(UNKNOWN, missing=tuple(near), near=tuple(near))
    if claim and not assumed:
        return Verdict(YES, facts=(f"{names} wild type, every codon measured",))
    if claim:
        told = any(patient.worst_site(gene, codons, material)[0] == "recorded" for gene, codons in wanted)
        why = (
            "recorded wild type: the codons tested are not told"
            if told
            else ("assumed wild type: depth at unmutated codons not recorded")
        )
        return Verdict(UNKNOWN, missing=(f"{names} {why}",), assumed=True)
    return Verdict(UNKNOWN, missing=tuple(missing))


@lru_cache(maxsize=1)
def germline_relevant() -> frozenset[str]:
    """Return the HRR and MMR genes for which a tumour alone cannot conclude "negative"."""
    return frozenset((*gene_set("HRR listed"), *gene_set("MMR germline")))


def _loss(atom: Atom, patient: PatientFindings) -> Verdict:
    found, facts = [], []
    said: dict[str, list[str]] = {"near": [], "missing": [], "against": []}
    for gene in atom.genes:
        for variant in patient.by_gene.get(gene, ()):
            if variant.effect in ("silent", "other", "promoter"):
                continue
            why = _why_no_loss(variant, atom, patient)
            if why is None:
                found.append(variant)
                continue
            for place, text in why.items():
                said[place].append(text)
        if patient.copy_number.get(gene) == "homozygous_deletion" and _in_material(gene, atom, patient):
            facts.append(f"{gene} homozygous deletion")
    near, missing, against = (said[place] for place in ("near", "missing", "against"))
    if found or facts:
        return Verdict(YES, tuple(dict.fromkeys(found)), tuple(facts), near=tuple(near))
    if patient.markers.get("HRR") == "positive" and set(atom.genes) & set(gene_set("HRR")):
        near.append("HRR recorded positive: which gene is not told")
    claim, assumed, gaps = _negative(patient, [(g, ()) for g in atom.genes], atom.material or "any")
    missing += gaps
    unprofiled = [g for g in atom.genes if g not in patient.copy_number]
    if unprofiled:
        missing.append(f"{', '.join(unprofiled)}: deletion not profiled")
    if not (patient.reports_germline and patient.has_normal):
        hidden = [g for g in atom.genes if g in germline_relevant()]
        if hidden:
            missing.append(f"{', '.join(hidden)}: {GERMLINE_TEXT}")
    if missing or not claim:
        return Verdict(UNKNOWN, missing=tuple(dict.fromkeys(missing)), near=tuple(near), assumed=assumed)
    against = against or [f"no loss of {', '.join(atom.genes)}"]
    return Verdict(NO, near=tuple(near), against=tuple(against), assumed=assumed)


def _why_no_loss(variant: VariantFinding, atom: Atom, patient: PatientFindings) -> dict[str, str] | None:
    """None where the variant is the loss asked for; else why it is none, by where that is said of the outcome."""
    is_loss, reason = loss_reason(variant)
    name = variant.name
    if not is_loss:
        return {} if _is_benign(variant) else {"near": f"{name}: {reason}"}
    if variant.is_from_blood:
        return {"near": _blood_text(variant)}
    if variant.is_reversion:
        return {"near": f"{name}: restores the reading frame"}
    if variant.origin == "germline" and not patient.reports_germline:
        return {"missing": GERMLINE_TEXT}  # without the gene: naming it would report the finding
    if atom.material and atom.material not in variant.materials:
        return {"near": f"{name}: not seen in {atom.material}"}
    if atom.biallelic and variant.is_biallelic is None:
        return dict.fromkeys(("missing", "near"), f"{name}: second allele not assessed")
    if atom.biallelic and variant.is_biallelic is False:
        return dict.fromkeys(("near", "against"), f"{name}: one allele only")
    return None


def _is_benign(variant: VariantFinding) -> bool:
    """Whether it is no finding at all: listed benign, and nothing that would be a loss without the list."""
    return variant.listed == "benign" and variant.effect not in LOSS_EFFECTS


def _in_material(gene: str, atom: Atom, patient: PatientFindings) -> bool:
    return not atom.material or atom.material in patient.copy_number_material.get(gene, ("tissue",))


def _copy_number(atom: Atom, patient: PatientFindings, *, state: str, weaker: str, word: str) -> Verdict:
    facts, near, missing = [], [], []
    for gene in atom.genes:
        value = patient.copy_number.get(gene)
        if value is None:
            missing.append(f"{gene}: copy number not profiled")
        elif value == state and _in_material(gene, atom, patient):
            facts.append(f"{gene} {word}")
        elif value == state:
            near.append(f"{gene} {word}: not seen in {atom.material}")
        elif value == weaker:
            near.append(f"{gene}: {weaker} only, not {word}")
    if facts:
        return Verdict(YES, facts=tuple(facts), near=tuple(near))
    if atom.material == "plasma" and patient.plasma_has_tumour is not True:
        missing.append(DRY_TEXT if patient.plasma_has_tumour is False else NO_PLASMA_TEXT)
    if missing:
        return Verdict(UNKNOWN, missing=tuple(missing), near=tuple(near))
    return Verdict(NO, near=tuple(near), against=(f"no {word} of {', '.join(atom.genes)}",))


def _amplification(atom: Atom, patient: PatientFindings) -> Verdict:
    return _copy_number(atom, patient, state="amplified", weaker="gain", word="amplification")


def _deletion(atom: Atom, patient: PatientFindings) -> Verdict:
    return _copy_number(atom, patient, state="homozygous_deletion", weaker="loss", word="homozygous deletion")


def _fusion(atom: Atom, patient: PatientFindings) -> Verdict:
    facts = tuple(f"{g} fusion" for g in atom.genes if g in patient.fusions)
    if facts:
        return Verdict(YES, facts=facts)
    joins = dict.fromkeys(name for g in atom.genes for name in patient.off_frame.get(g, ()))
    near = tuple(f"{name}: read on out of frame, no fusion" for name in joins)
    assessed = patient.fusion_genes_assessed
    missing = tuple(f"{g}: fusions not looked for" for g in atom.genes if assessed is None or g not in assessed)
    if missing:
        return Verdict(UNKNOWN, missing=missing, near=near)
    return Verdict(NO, near=near, against=(f"no fusion of {', '.join(atom.genes)}",))


def _germline(atom: Atom, patient: PatientFindings) -> Verdict:
    if not patient.reports_germline:
        return Verdict(UNKNOWN, missing=(GERMLINE_TEXT,))
    found, near = [], []
    for gene in atom.genes:
        for variant in patient.by_gene.get(gene, ()):
            is_loss, reason = loss_reason(variant)
            if variant.origin == "germline":
                if is_loss and atom.biallelic and not variant.is_biallelic:
                    near.append(f"{variant.name}: one allele only, or the second not assessed")
                elif is_loss:
                    found.append(variant)
                elif variant.effect not in ("silent", "other") and not _is_benign(variant):
                    near.append(f"{variant.name}: {reason}")
            elif variant.origin == "possible_germline" and is_loss:
                near.append(f"{variant.name}: possible germline: confirm")
    if found:
        return Verdict(YES, tuple(found), near=tuple(near))
    if not patient.has_normal:
        return Verdict(UNKNOWN, missing=("no matched normal",), near=tuple(near))
    claim, assumed, missing = _negative(patient, [(g, ()) for g in atom.genes], "any")
    if not claim:
        return Verdict(UNKNOWN, missing=tuple(missing), near=tuple(near))
    text = f"no pathogenic germline variant of {', '.join(atom.genes)}"
    return Verdict(NO, near=tuple(near), against=(text,), assumed=assumed)


def _reversion(atom: Atom, patient: PatientFindings) -> Verdict:
    found = tuple(v for g in atom.genes for v in patient.by_gene.get(g, ()) if v.is_reversion and not v.is_from_blood)
    if found:
        return Verdict(YES, found)
    lost = [g for g in atom.genes if any(loss_reason(v)[0] and not v.is_reversion for v in patient.by_gene.get(g, ()))]
    claim, assumed, missing = _negative(patient, [(g, ()) for g in lost or atom.genes], "decision")
    if not claim:
        return Verdict(UNKNOWN, missing=tuple(missing))
    return Verdict(NO, against=(f"no reversion of {', '.join(lost or atom.genes)}",), assumed=assumed)


def _emerged(atom: Atom, patient: PatientFindings) -> Verdict:
    found, near = _split_sites(atom.sites, patient, atom.material)
    new = tuple(v for v in found if atom.under in v.is_new_on)
    if new:
        return Verdict(YES, new, near=tuple(near))
    if patient.drug_classes is None:
        return Verdict(UNKNOWN, missing=("treatment not recorded",))
    if atom.under not in patient.drug_classes | patient.adjuvant_classes:
        if patient.unknown_drugs:
            return Verdict(UNKNOWN, missing=(_class_not_known(patient),))
        return Verdict(NO, against=(f"no {atom.under} given",))
    near += [f"{v.name}: not shown to be new under {atom.under}" for v in found]
    if found:
        return Verdict(UNKNOWN, missing=tuple(near), near=tuple(near))
    wanted = [(s.gene, s.named_codons) for s in atom.sites]
    claim, assumed, missing = _negative(patient, wanted, atom.material or "decision")
    if not claim:
        return Verdict(UNKNOWN, missing=tuple(missing), near=tuple(near))
    return Verdict(NO, near=tuple(near), against=(f"nothing new under {atom.under}",), assumed=assumed)


def _previous(atom: Atom, patient: PatientFindings) -> Verdict:
    if patient.drug_classes is None:
        return Verdict(UNKNOWN, missing=("treatment not recorded",))
    if atom.name in patient.drug_classes:
        return Verdict(YES, facts=(f"{atom.name} given before",))
    if patient.unknown_drugs:
        return Verdict(UNKNOWN, missing=(_class_not_known(patient),))
    return Verdict(NO, against=(f"no {atom.name} given before",))


def _class_not_known(patient: PatientFindings) -> str:
    return f"class not known of {', '.join(patient.unknown_drugs)}"


def _marker(atom: Atom, patient: PatientFindings) -> Verdict:
    value = patient.markers.get(atom.name.upper())
    if value == "not_assessable":
        return Verdict(UNKNOWN, missing=(f"{atom.name} not assessable",))
    if value is not None and not _answers(value, atom.value):
        return Verdict(UNKNOWN, missing=(f"{atom.name} recorded as '{value}', which was not understood",))
    return _compare(value, atom.op, atom.value, atom.name)


#: A result in words, and a score of immunohistochemistry.
_RESULTS, _SCORE = ("positive", "negative"), re.compile(r"[0-3]\+?")


def _answers(value: str, wanted: str) -> bool:
    """Whether a recorded value tells what a rule asks: a word that nobody understood is never "no"."""
    if wanted in _RESULTS:
        return value in _RESULTS
    return not _SCORE.fullmatch(wanted) or value == "negative" or _SCORE.fullmatch(value) is not None


def _phenotype(atom: Atom, patient: PatientFindings) -> Verdict:
    value = patient.phenotypes.get(atom.name)
    if value is None or value.startswith("not assessable"):
        why = "" if value is None else f" ({value.removeprefix('not assessable: ')})"
        return Verdict(UNKNOWN, missing=(f"{atom.name} genotype not known{why}",))
    wanted = ("poor", "intermediate") if atom.value == "reduced" else (atom.value,)
    if value.startswith(wanted):
        return Verdict(YES, facts=(f"{atom.name} {value}",))
    return Verdict(NO, against=(f"{atom.name} {value}",))


def _value(atom: Atom, patient: PatientFindings) -> Verdict:
    names = {"tmb": "tmb_per_mb"}
    value = getattr(patient, names.get(atom.kind, atom.kind))
    words = {"tmb": "TMB", "next_line": "next line", "weeks_since_surgery": "weeks since surgery"}
    label = words.get(atom.kind, atom.kind)
    return _compare(value, atom.op, atom.value, label)


def _surgery(atom: Atom, patient: PatientFindings) -> Verdict:
    if patient.surgery is None:
        return Verdict(UNKNOWN, missing=("surgery of the primary not recorded",))
    return _yes_no(patient.surgery == atom.value, "surgery of the primary done")


def _repair(atom: Atom, patient: PatientFindings) -> Verdict:
    """MSI and MMR are tests of one fact: where the one asked for was not done, the other answers by its own name.

    Immunohistochemistry of the repair proteins and PCR or sequencing of microsatellites agree in more than nine of ten
    tumours (Luchini, Ann Oncol 2019;30:1232); where both were done each speaks for itself.
    """
    words = {"msi": {"high": "deficient", "stable": "proficient"}, "mmr": {"deficient": "high", "proficient": "stable"}}
    asked = {"msi": patient.msi, "mmr": patient.mmr}
    other = "mmr" if atom.kind == "msi" else "msi"
    own, told = asked[atom.kind], atom.kind
    if own is None and asked[other] is not None:
        found, told = _compare(asked[other], atom.op, words[atom.kind][atom.value], other.upper()), other
    else:
        found = _compare(own, atom.op, atom.value, atom.kind.upper() if own else "MSI / MMR")
    # tests that disagree: whoever reads the finding reads that, too
    denied = [patient.repair_denied[told]] if told in patient.repair_denied else []
    if own is not None and asked[other] is not None and words[atom.kind][own] != asked[other]:
        denied.append(f"{other.upper()} {asked[other]}")
    if not denied:
        return found
    but = f", but {' and '.join(denied)}"
    return replace(found, facts=tuple(f + but for f in found.facts), against=tuple(a + but for a in found.against))


def _compare(value: object, op: str, wanted: str, label: str) -> Verdict:
    if value is None:
        return Verdict(UNKNOWN, missing=(f"{label} not assessed",))
    text = f"{label} {value:.1f}" if isinstance(value, float) else f"{label} {value}"
    if op in ("=", "!="):
        equal = str(value).strip().lower() == wanted.lower()
        return _yes_no(equal == (op == "="), text)
    try:
        number = float(str(value).strip().rstrip("%"))
    except ValueError:
        return Verdict(UNKNOWN, missing=(f"{label}: '{value}' is not a number",))
    limit = float(wanted.rstrip("%"))
    return _yes_no({">=": number >= limit, ">": number > limit, "<=": number <= limit, "<": number < limit}[op], text)


def _yes_no(answer: bool, text: str) -> Verdict:
    return Verdict(YES, facts=(text,)) if answer else Verdict(NO, against=(text,))


def _unsupported(atom: Atom, patient: PatientFindings) -> Verdict:
    return Verdict(UNKNOWN, missing=(f"'{atom.name}' cannot be asked of sequencing data",))


_ATOMS: dict[str, Callable[[Atom, PatientFindings], Verdict]] = {
    "mutation": _mutation,
    "wild_type": _wild_type,
    "loss": _loss,
    "altered": _loss,
    "amplification": _amplification,
    "deletion": _deletion,
    "fusion": _fusion,
    "germline_pathogenic": _germline,
    "reversion": _reversion,
    "emerged": _emerged,
    "previous": _previous,
    "marker": _marker,
    "phenotype": _phenotype,
    "unsupported": _unsupported,
    "surgery": _surgery,
    "msi": _repair,
    "mmr": _repair,
    **dict.fromkeys(("tmb", "side", "primary", "tumour", "state", "stage", "next_line", "weeks_since_surgery"), _value),
}
