"""Golden patients: what every version of the rules must say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from oncourse.disease import disease, diseases
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.protein import codon_of
from oncourse.knowledge.alterations import current_numbering
from oncourse.knowledge.evaluate import germline_relevant
from oncourse.knowledge.findings import MATERIALS, ORIGINS, PatientFindings, VariantFinding
from oncourse.knowledge.matching import match_rules
from oncourse.knowledge.rules import Rule, default_rules

_EXPECTED = {"positive": "matched", "negative": "not_matched", "unclear": "not_assessable"}


@dataclass(frozen=True)
class GoldenPatient:
    """One golden patient: which rule it is for and what must come out."""

    rule_id: str
    expected: str
    findings: PatientFindings


def variant(text: str) -> VariantFinding:
    """Return the variant of a short text, ``"BRCA2 S1982fs germline plasma"`` (words as in golden.yaml).

    >>> variant("AR T877A plasma new=ARPI").name
    'AR T878A'
    """
    gene, change, *words = text.split()
    gene = current_symbol(gene)
    change = current_numbering(gene, change)
    effect = "missense"
    if change.endswith("*"):
        effect = "nonsense"
    elif change.endswith("fs"):
        effect = "frameshift"
    elif any(word in change for word in ("del", "ins", "dup")):
        effect = "inframe"
    elif change == "splice":
        effect, change = "splice", ""
    values: dict[str, Any] = {"materials": tuple(w for w in words if w in ("tissue", "plasma")) or ("tissue", "plasma")}
    for word in words:
        if word in ORIGINS:
            values["origin"] = word
        elif word.startswith("new="):
            values["is_new_on"] = (word[4:].replace("_", " "),)
        elif word in ("biallelic", "one_allele"):
            values["is_biallelic"] = word == "biallelic"
        elif word == "reversion":
            values["is_reversion"] = True
        elif word == "gone":
            values["in_latest_plasma"] = False
        elif word == "older":
            values["in_decision"] = False
        elif word not in ("tissue", "plasma"):
            raise ValueError(f"'{word}' in '{text}' is not a word of a golden patient")
    return VariantFinding(gene, change, effect, codon=codon_of(change), **values)


def examined(tumour: str, genes: frozenset[str]) -> PatientFindings:
    """Return a fully examined patient without any alteration."""
    return PatientFindings(
        patient_id="golden",
        tumour=tumour,
        copy_number=dict.fromkeys(sorted(genes), "neutral"),
        fusion_genes_assessed=genes,
        default_site=dict.fromkeys(MATERIALS, "measured"),
        msi="stable",
        mmr="proficient",
        tmb_per_mb=3.0,
        drug_classes=frozenset(),
        next_line=1,
        reports_germline=True,
        has_normal=True,
        plasma_has_tumour=True,
        phenotypes={"DPYD": "normal metaboliser", "UGT1A1": "normal metaboliser"},
    )


def make(base: PatientFindings, changes: Mapping[str, Any]) -> PatientFindings:
    """Return the patient changed as golden.yaml writes it."""
    values: dict[str, Any] = {}
    for key, value in changes.items():
        if key == "has":
            values["variants"] = tuple(variant(text) for text in value)
        elif key == "copy":
            states = {**base.copy_number, **value}
            values["copy_number"] = {g: s for g, s in states.items() if s is not None}
            values["copy_number_material"] = {g: ("tissue", "plasma") for g, s in value.items() if s}
        elif key == "fusion":
            values["fusions"] = tuple(value)
        elif key == "sites":
            values["sites"], values["default_site"] = _sites(base, value)
        elif key == "unset":
            values.update(dict.fromkeys(value))
        elif key == "drug_classes":
            values[key] = frozenset(value)
        else:
            values[key] = value
    return replace(base, **values)


def _sites(base: PatientFindings, texts: Mapping[str, str]) -> tuple[dict[tuple[str, str, int], str], dict[str, str]]:
    sites, default = {}, dict(base.default_site)
    for text, state in texts.items():
        material, *rest = text.split()
        if not rest:
            default.update(dict.fromkeys(MATERIALS if material == "all" else (material,), state))
        else:
            sites[(material, rest[0], int(rest[1]) if len(rest) > 1 else 0)] = state
    return sites, default


@lru_cache(maxsize=1)
def _definitions() -> dict[str, dict[str, dict[str, Any]]]:
    import yaml

    text = resources.files("oncourse.knowledge").joinpath("data", "golden.yaml").read_text(encoding="utf-8")
    rules: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(text)["rules"]
    for own in (disease(name).golden for name in diseases()):
        rules |= yaml.safe_load(own)["rules"] if own else {}
    return rules


def golden_patients() -> Iterator[GoldenPatient]:
    """Yield the three golden patients of every rule of the package."""
    genes = frozenset(g for rule in default_rules() for g in rule.genes) | germline_relevant()
    tumours = {rule.rule_id: rule.tumours[0] for rule in default_rules()}
    for rule_id, cases in _definitions().items():
        base = examined(tumours[rule_id], genes)
        for answer, changes in cases.items():
            patient = replace(make(base, changes), patient_id=f"{rule_id} {answer}")
            yield GoldenPatient(rule_id, _EXPECTED[answer], patient)


@dataclass(frozen=True, order=True)
class GoldenChange:
    """A golden patient of whom two sets of rules say different things."""

    patient_id: str
    rule_id: str
    before: str
    after: str

    @property
    def is_loss(self) -> bool:
        """Whether a line the patient had is gone."""
        return self.before == "matched" and self.after != "matched"


def golden_changes(before: Sequence[Rule], after: Sequence[Rule]) -> list[GoldenChange]:
    """Return what two sets of rules say differently of the golden patients; a missing rule says "absent"."""
    changes = []
    for golden in golden_patients():
        old = {m.rule.rule_id: f"{m.status}" for m in match_rules(before, golden.findings)}
        new = {m.rule.rule_id: f"{m.status}" for m in match_rules(after, golden.findings)}
        for rule_id in sorted(old.keys() | new.keys()):
            a, b = old.get(rule_id, "absent"), new.get(rule_id, "absent")
            if a != b and "matched" in (a, b):
                changes.append(GoldenChange(golden.findings.patient_id, rule_id, a, b))
    return sorted(changes)
