"""Evidence items of a knowledge base the user supplies: one plain record each, matched like a rule.

Opposite statements are kept side by side and marked; none is resolved here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from oncourse.disease import tumour_of
from oncourse.errors import InputError
from oncourse.knowledge.delimited import Rows
from oncourse.knowledge.evaluate import YES, Verdict, evaluate
from oncourse.knowledge.expression import All, AtLeast, Node, Not, genes_of, parse
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

    @cached_property
    def alternatives(self) -> tuple[str, ...]:
        """Therapies the statement is about: each substitute, or the combination as one, in lower case."""
        if self.interaction.lower().startswith("substitut"):
            return tuple(t.strip().lower() for t in self.therapies.split(";") if t.strip())
        return (self.therapies.lower(),) if self.therapies else ()

    @cached_property
    def effect(self) -> str:
        """sensitive, not_sensitive, resistant, not_resistant, or the statement as it is."""
        word = {"Sensitivity/Response": "sensitive", "Resistance": "resistant"}.get(self.significance)
        if word is None:
            return self.significance.lower().replace(" ", "_") or "not_stated"
        return word if self.direction == "Supports" else f"not_{word}"


COLUMNS = tuple(f.name for f in fields(Evidence))


def tumour_of_disease(disease: str) -> str:
    """Return the tumour, any or other for the name of a disease.

    >>> [tumour_of_disease(d) for d in ("Prostate Adenocarcinoma", "Rectum Cancer", "Solid Tumor", "Melanoma")]
    ['prostate', 'colorectal', 'any', 'other']
    """
    text = disease.lower()
    if text in ("", "cancer", "solid tumor", "solid tumors, advanced"):
        return "any"
    return tumour_of(text) or "other"


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
    genes: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[str, list[int]] = {}
        for number, item in enumerate(self.items):
            if item.is_supported:
                for key in _keys(item.node):
                    index.setdefault(key, []).append(number)
        supported = (item for item in self.items if item.is_supported)
        object.__setattr__(self, "genes", frozenset(g for item in supported for g in genes_of(item.node)))
        object.__setattr__(self, "by_gene", {g: tuple(n) for g, n in index.items()})

    def match(self, patient: PatientFindings) -> list[EvidenceMatch]:
        """Return the statements whose biomarker the patient has, the patient's tumour first, level A first.

        Only statements that name an altered gene, or no gene (MSI, TMB), are looked at: evidence about the
        absence of a change is in the rules.
        """
        keys = {"", *patient.altered_genes}
        keys.update(f"fusion:{gene}" for gene in patient.fusions)
        keys.update(f"copy:{gene}" for gene, state in patient.copy_number.items() if state != "neutral")
        keys.update(f"{v.gene}:{v.change}" for v in patient.variants)
        keys.update(f"{v.gene}:{v.codon}" for v in patient.variants)
        numbers = {n for key in keys for n in self.by_gene.get(key, ())}
        cache: dict[str, Verdict] = {}
        found = []
        for number in sorted(numbers):
            item = self.items[number]
            outcome = cache.get(item.expression)
            if outcome is None:
                outcome = cache[item.expression] = evaluate(item.node, patient)
            if outcome.truth == YES and (outcome.found or outcome.facts):
                same = patient.tumour is not None and item.tumour in (patient.tumour, "any")
                found.append(EvidenceMatch(item, outcome.found, outcome.facts, same))
        found.sort(key=lambda m: (not m.same_tumour, m.evidence.level, m.evidence.profile, m.evidence.evidence_id))
        return _mark_opposed(found)


def _keys(node: Node) -> set[str]:
    """Keys without one of which the expression cannot match: GENE:CHANGE, GENE:CODON, fusion:GENE, copy:GENE, GENE.

    Of an AND the part that is rarest will do; an OR needs all; "" stands for "always look".
    """
    if isinstance(node, All):
        options = [_keys(part) for part in node.parts if not isinstance(part, Not)]
        return min(options, key=lambda keys: ("" in keys, sum(":" not in k for k in keys), len(keys)), default={""})
    if isinstance(node, AtLeast):
        return {key for part in node.parts for key in _keys(part)}
    if isinstance(node, Not):
        return {""}
    if node.kind == "mutation":
        found: set[str] = set()
        for site in node.sites:
            if site.is_whole_gene or site.spans or site.effects:
                found.add(site.gene)
            found.update(f"{site.gene}:{change}" for change in site.changes)
            found.update(f"{site.gene}:{codon}" for codon in site.codons)
        return found
    prefix = {"fusion": "fusion:", "amplification": "copy:", "deletion": "copy:"}.get(node.kind, "")
    return {f"{prefix}{gene}" for gene in genes_of(node)} or {""}


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
        marked.append(replace(match, is_opposed=True) if opposed else match)
    return marked


def _therapies(item: Evidence) -> tuple[str, ...]:
    return item.alternatives


def write_evidence(items: Sequence[Evidence], path: Path, *, comment: str) -> None:
    """Write evidence as a table; `comment` names source, date and licence."""
    lines = [f"# {comment}", "\t".join(COLUMNS)]
    lines += ["\t".join(str(getattr(item, c)).replace("\t", " ").replace("\n", " ") for c in COLUMNS) for item in items]
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
    reader = Rows(lines, path.name)
    missing = [c for c in COLUMNS if c not in reader.columns]
    if missing:
        raise InputError(
            f"{path.name}: no evidence table (columns {', '.join(missing)} are missing). "
            "Make one with 'oncourse kb import civic FILE --out evidence.tsv'."
        )
    return base_of(
        (Evidence(**{c: row[c] or "" for c in COLUMNS}) for row in reader),
        comments[0] if comments else path.name,
        data,
    )


def base_of(items: Iterable[Evidence], comment: str, data: bytes) -> EvidenceBase:
    """Return an EvidenceBase of items with the checksum of the bytes they came from."""
    name, _, rest = comment.partition(";")
    date, _, licence = rest.strip().partition(";")
    return EvidenceBase(tuple(items), name.strip(), licence.strip(), date.strip(), sha256(data).hexdigest()[:12])
