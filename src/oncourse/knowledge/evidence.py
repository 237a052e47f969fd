"""Evidence items of a knowledge base the user supplies: one plain record each, matched like a rule.

Opposite statements are kept side by side and marked; none is resolved here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from oncourse.errors import InputError
from oncourse.knowledge.evaluate import YES, Outcome, evaluate
from oncourse.knowledge.expression import Node, genes_of, parse
from oncourse.knowledge.findings import PatientFindings, VariantFinding


@dataclass(frozen=True)
class Evidence:
    """One statement: this biomarker in this disease, this therapy, this effect."""

    source: str
    evidence_id: str
    profile: str
    expression: str
    disease: str
    doid: str
    therapies: str
    interaction: str
    kind: str
    direction: str
    significance: str
    level: str
    rating: str
    citation: str

    @cached_property
    def node(self) -> Node:
        """The biomarker as a tree."""
        return parse(self.expression)

    @property
    def is_supported(self) -> bool:
        """Whether the biomarker can be asked of sequencing data at all."""
        return "unsupported(" not in self.expression

    @cached_property
    def tumour(self) -> str:
        """colorectal, prostate, any (solid tumours) or other."""
        return tumour_of_disease(self.disease)

    @property
    def effect(self) -> str:
        """sensitive, not_sensitive, resistant, not_resistant, or the statement as it is."""
        word = {"Sensitivity/Response": "sensitive", "Resistance": "resistant"}.get(self.significance)
        if word is None:
            return self.significance.lower().replace(" ", "_") or "not_stated"
        return word if self.direction == "Supports" else f"not_{word}"


COLUMNS = tuple(f.name for f in fields(Evidence))


def tumour_of_disease(disease: str) -> str:
    """Return colorectal, prostate, any or other for the name of a disease.

    >>> [tumour_of_disease(d) for d in ("Prostate Adenocarcinoma", "Rectum Cancer", "Solid Tumor", "Melanoma")]
    ['prostate', 'colorectal', 'any', 'other']
    """
    text = disease.lower()
    if "prostat" in text:
        return "prostate"
    if any(word in text for word in ("colorect", "colon ", "rectum", "rectal")):
        return "colorectal"
    return "any" if text in ("", "cancer", "solid tumor", "solid tumors, advanced") else "other"


@dataclass(frozen=True)
class EvidenceMatch:
    """One statement that fits a patient; ``is_opposed``: another matched statement says the opposite."""

    evidence: Evidence
    found: tuple[VariantFinding, ...] = ()
    facts: tuple[str, ...] = ()
    same_tumour: bool = False
    is_opposed: bool = False


@dataclass(frozen=True)
class EvidenceBase:
    """Evidence with an index by gene; ``name``, ``date`` and ``checksum`` are printed in every report."""

    items: tuple[Evidence, ...]
    name: str = ""
    licence: str = ""
    date: str = ""
    checksum: str = ""
    by_gene: Mapping[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[str, list[int]] = {}
        for number, item in enumerate(self.items):
            if item.is_supported:
                for gene in genes_of(item.node) or {""}:
                    index.setdefault(gene, []).append(number)
        object.__setattr__(self, "by_gene", {g: tuple(n) for g, n in index.items()})

    def match(self, patient: PatientFindings) -> list[EvidenceMatch]:
        """Return the statements whose biomarker the patient has, the patient's tumour first, level A first.

        Only statements that name an altered gene, or no gene (MSI, TMB), are looked at: evidence about the
        absence of a change is in the rules.
        """
        numbers = {n for gene in (*patient.altered_genes, "") for n in self.by_gene.get(gene, ())}
        cache: dict[str, Outcome] = {}
        found = []
        for number in sorted(numbers):
            item = self.items[number]
            outcome = cache.get(item.expression)
            if outcome is None:
                outcome = cache[item.expression] = evaluate(item.node, patient)
            if outcome.truth == YES and (outcome.found or outcome.facts):
                same = patient.tumour is not None and item.tumour in (patient.tumour, "any")
                found.append(EvidenceMatch(item, outcome.found, outcome.facts, same))
        found.sort(
            key=lambda m: (not m.same_tumour, m.evidence.level, m.evidence.profile, m.evidence.evidence_id)
        )
        return _mark_opposed(found)


_OPPOSITE = {
    "sensitive": {"resistant", "not_sensitive"},
    "resistant": {"sensitive", "not_resistant"},
    "not_sensitive": {"sensitive"},
    "not_resistant": {"resistant"},
}


def _mark_opposed(matches: list[EvidenceMatch]) -> list[EvidenceMatch]:
    """Mark statements of which another, on the same therapy and tumour, says the opposite."""
    said: dict[tuple[str, str], set[str]] = {}
    for match in matches:
        for therapy in _therapies(match.evidence):
            said.setdefault((therapy, match.evidence.tumour), set()).add(match.evidence.effect)
    marked = []
    for match in matches:
        opposite = _OPPOSITE.get(match.evidence.effect, set())
        opposed = any(opposite & said[(t, match.evidence.tumour)] for t in _therapies(match.evidence))
        marked.append(EvidenceMatch(match.evidence, match.found, match.facts, match.same_tumour, opposed))
    return marked


def _therapies(item: Evidence) -> list[str]:
    if item.interaction.lower().startswith("substitut"):
        return [t.strip().lower() for t in item.therapies.split(";") if t.strip()]
    return [item.therapies.lower()] if item.therapies else []


def write_evidence(items: Sequence[Evidence], path: Path, *, comment: str) -> None:
    """Write evidence as a table; `comment` names source, date and licence."""
    lines = [f"# {comment}", "\t".join(COLUMNS)]
    lines += [
        "\t".join(str(getattr(item, c)).replace("\t", " ").replace("\n", " ") for c in COLUMNS)
        for item in items
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_evidence(path: Path) -> EvidenceBase:
    """Read a table written by `write_evidence` (`oncourse kb import`); InputError names what is wrong."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}).") from None
    comments = [line[1:].strip() for line in text.splitlines() if line.startswith("#")]
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{path.name}: no evidence table (columns {', '.join(missing)} are missing). "
                         "Make one with 'oncourse kb import civic FILE --out evidence.tsv'.")  # fmt: skip
    return base_of(
        (Evidence(**{c: row[c] or "" for c in COLUMNS}) for row in reader),
        comments[0] if comments else path.name,
        data,
    )


def base_of(items: Iterable[Evidence], comment: str, data: bytes) -> EvidenceBase:
    """Return an EvidenceBase of items with the checksum of the bytes they came from."""
    name, _, rest = comment.partition(";")
    date, _, licence = rest.strip().partition(";")
    return EvidenceBase(
        tuple(items), name.strip(), licence.strip(), date.strip(), sha256(data).hexdigest()[:12]
    )
