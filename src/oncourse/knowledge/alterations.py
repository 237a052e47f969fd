"""Names of changes: protein changes, aliases of numbering, exons, and which changes are a loss of function."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

from oncourse.genome.gene_names import current_symbol
from oncourse.genome.protein import codon_of, codons_of, short_change
from oncourse.knowledge.findings import VariantFinding

_SUBSTITUTION = re.compile(r"^([A-Z])(\d+)([A-Z*]?)$")
_IN_FRAME = re.compile(r"delins|del|dup|ins")
LOSS_EFFECTS = ("nonsense", "frameshift", "splice", "start_loss")


def data_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one table of the package's knowledge; lines that start with # are comments."""
    text = resources.files("oncourse.knowledge").joinpath("data", name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


@lru_cache(maxsize=1)
def _aliases() -> dict[tuple[str, str], str]:
    return {(r["gene"], r["alias"]): r["change"] for r in data_rows("aliases.tsv")}


def current_numbering(gene: str, change: str) -> str:
    """Return a change in today's numbering (AR T877A -> T878A); other changes as they are.

    >>> current_numbering("AR", "T877A"), current_numbering("KRAS", "G12C")
    ('T878A', 'G12C')
    """
    return _aliases().get((gene, change), change)


@lru_cache(maxsize=1)
def regions() -> dict[tuple[str, str], tuple[int, int]]:
    """Return (gene, region name) -> first and last codon; exon numbers in both numberings."""
    return {
        (r["gene"], r["region"].lower()): (int(r["first_codon"]), int(r["last_codon"]))
        for r in data_rows("regions.tsv")
    }


@dataclass(frozen=True)
class Site:
    """One gene with what is asked of it: exact changes, codons, regions, effects; nothing = any change of protein."""

    gene: str
    changes: frozenset[str] = frozenset()
    codons: frozenset[int] = frozenset()
    spans: tuple[tuple[int, int], ...] = ()
    effects: frozenset[str] = frozenset()

    @property
    def is_whole_gene(self) -> bool:
        """Whether any change of the protein counts."""
        return not (self.changes or self.codons or self.spans or self.effects)

    @cached_property
    def named_codons(self) -> tuple[int, ...]:
        """Codons that must be callable before absence can be claimed; empty = the whole gene."""
        exact = {c for c in (codon_of(x) for x in self.changes) if c}
        return tuple(sorted(exact | self.codons)) if not (self.spans or self.effects) else ()

    def accepts(self, variant: VariantFinding) -> bool:
        """Return whether a variant is what is asked for: of this gene, at these places (its origin is not looked at).

        >>> [Site("KRAS", codons=frozenset({12})).accepts(VariantFinding(g, "G12V", codon=12)) for g in ("KRAS", "PALB2")]
        [True, False]

        A change that spans residues is one of each of them:

        >>> Site("KRAS", codons=frozenset({12})).accepts(VariantFinding("KRAS", "A11_G12dup", "inframe", codon=11))
        True
        """
        if variant.effect in ("silent", "other") or variant.gene != current_symbol(self.gene):
            return False
        if self.is_whole_gene:
            return variant.effect != "promoter"
        if variant.effect in self.effects:
            return True
        change = variant.change
        if variant.is_recorded and not change:  # a test for the gene's known codons found one of them
            return bool(self.codons) and not self.changes
        if change in self.changes:
            return True
        span, codon = codons_of(change), variant.codon
        if codon is not None and not (span and span[0] <= codon <= span[1]):
            span = (codon, codon)
        if span is None:
            return False
        first, last = span
        inside = any(first <= c <= last for c in self.codons)
        return inside or any(low <= last and first <= high for low, high in self.spans)

    def may_accept(self, variant: VariantFinding) -> bool:
        """Return whether a variant may be what is asked for, and nobody knows: one without a protein change whose codon,
        too, is not known, or is that of an exact change; a range over an exact change's codon; residues put in beside a
        codon.

        >>> braf, kras = parse_site("BRAF:V600E"), parse_site("KRAS:12,13")
        >>> [braf.may_accept(VariantFinding("BRAF", c, "inframe")) for c in ("T599_V600delinsIE", "L485_P490del", "V600K")]
        [True, False, False]
        >>> [kras.may_accept(VariantFinding("KRAS", c, "inframe")) for c in ("G10_A11dup", "V14_G15dup", "E31_D33del")]
        [True, True, False]
        """
        if self._beside(variant):
            return True
        if (
            variant.gene != current_symbol(self.gene)
            or variant.change
            or self.is_whole_gene
            or variant.effect not in ("missense", "inframe")
            or self.accepts(variant)
        ):
            return False
        if not (self.changes or self.codons or self.spans):
            return False
        return variant.codon is None or variant.codon in self.named_codons

    def _beside(self, variant: VariantFinding) -> bool:
        """Whether an in-frame change holds the codon of an exact change, or puts residues in beside a codon."""
        change = variant.change
        if variant.gene != current_symbol(self.gene) or not change or self.accepts(variant):
            return False
        if not (kind := _IN_FRAME.search(change)) or (span := codons_of(change)) is None:
            return False
        first, last = span
        exact = {c for c in (codon_of(x) for x in self.changes) if c}
        near = 1 if kind[0] in ("dup", "ins") else 0
        return any(first - near <= c <= last + near for c in exact | self.codons)

    def __str__(self) -> str:
        return self.text

    @cached_property
    def text(self) -> str:
        """The site as it is written in an expression."""
        parts = sorted(self.changes) + [str(c) for c in sorted(self.codons)]
        parts += [f"{low}-{high}" for low, high in self.spans] + sorted(self.effects)
        return self.gene if not parts else f"{self.gene}:{','.join(parts)}"

    @property
    def words(self) -> str:
        """The site as a doctor writes it.

        >>> Site("BRAF", frozenset({"V600E"})).words, Site("KRAS", codons=frozenset({13, 12})).words, Site("TP53").words
        ('BRAF V600E', 'KRAS codon 12, 13', 'TP53')
        """
        codons = [str(c) for c in sorted(self.codons)] + [f"{low}-{high}" for low, high in self.spans]
        parts = sorted(self.changes) + (["codon " + ", ".join(codons)] if codons else []) + sorted(self.effects)
        return " ".join(filter(None, (self.gene, ", ".join(parts))))


_NAMED_EFFECTS = {
    "truncating": ("nonsense", "frameshift", "splice", "start_loss"),
    "frameshift": ("frameshift",),
    "splice": ("splice",),
    "promoter": ("promoter",),
    "missense": ("missense",),
    "inframe": ("inframe",),
}


def parse_site(text: str) -> Site:
    """Return the Site of ``GENE`` or ``GENE:item,item``; an item is a codon (12), a change (G12C), exon9, a region
    of regions.tsv (ectodomain), a span (exon-free, 513-554) or an effect (truncating).

    Raises
    ------
    ValueError : an item that is none of these, with the item named

    >>> str(parse_site("KRAS:12,13")), str(parse_site("AR:T877A")), str(parse_site("HER2"))
    ('KRAS:12,13', 'AR:T878A', 'ERBB2')
    """
    gene, _, items = text.strip().partition(":")
    gene = current_symbol(gene.strip())
    changes: set[str] = set()
    codons: set[int] = set()
    spans: list[tuple[int, int]] = []
    effects: set[str] = set()
    for item in (i.strip() for i in items.split(",") if i.strip()):
        span = re.fullmatch(r"(\d+)-(\d+)", item)
        if item.isdigit():
            codons.add(int(item))
        elif span:
            spans.append((int(span[1]), int(span[2])))
        elif item.lower() in _NAMED_EFFECTS:
            effects.update(_NAMED_EFFECTS[item.lower()])
        elif (gene, item.lower()) in regions():
            spans.append(regions()[(gene, item.lower())])
        elif (substitution := _SUBSTITUTION.match(item)) and not substitution[3]:
            codons.add(int(substitution[2]))
        elif codon_of(item) is not None:
            changes.add(current_numbering(gene, short_change(item)))
        else:
            raise ValueError(f"'{item}' of {gene} is not a codon, a change, an exon or region known for {gene}")
    return Site(gene, frozenset(changes), frozenset(codons), tuple(spans), frozenset(effects))


@lru_cache(maxsize=1)
def _harmless_truncations() -> dict[str, int]:
    return {r["gene"]: int(r["from_codon"]) for r in data_rows("harmless_truncations.tsv")}


@lru_cache(maxsize=1)
def _pathogenic() -> dict[str, tuple[frozenset[str], tuple[tuple[int, int], ...]]]:
    found: dict[str, tuple[set[str], list[tuple[int, int]]]] = {}
    for row in data_rows("pathogenic.tsv"):
        changes, spans = found.setdefault(row["gene"], (set(), []))
        span = re.fullmatch(r"(\d+)-(\d+)", row["change"])
        if span:
            spans.append((int(span[1]), int(span[2])))
        else:
            changes.add(row["change"])
    return {gene: (frozenset(c), tuple(s)) for gene, (c, s) in found.items()}


def listed_genes() -> frozenset[str]:
    """Return the genes that harmless_truncations.tsv or pathogenic.tsv has something to say of."""
    return frozenset(_harmless_truncations()) | frozenset(_pathogenic())


def loss_reason(variant: VariantFinding) -> tuple[bool, str]:
    """Return whether the variant is a loss of function, and the reason in words.

    Truncating, canonical splice and start-loss changes are, except at or after a codon of
    harmless_truncations.tsv (BRCA2 K3326*); missense and in-frame changes only where pathogenic.tsv lists them. Changes
    the user or the laboratory lists (``variant.listed``) go first: pathogenic is a loss; benign is none, nor is one of
    uncertain significance, nor a conflicting missense.
    """
    if variant.listed == "pathogenic" and variant.effect in (*LOSS_EFFECTS, "missense", "inframe"):
        return True, f"listed pathogenic variant ({variant.listed_by})"
    if variant.listed == "benign":
        return False, f"listed benign variant ({variant.listed_by})"
    if variant.listed == "uncertain":
        return False, f"not classified: of uncertain significance ({variant.listed_by})"
    codon = variant.codon if variant.codon is not None else codon_of(variant.change)
    if variant.effect in LOSS_EFFECTS:
        limit = _harmless_truncations().get(variant.gene)
        if limit and codon and codon >= limit and variant.effect in ("nonsense", "frameshift"):
            return False, f"truncation at or after codon {limit} of {variant.gene} is listed as harmless"
        return True, {"splice": "canonical splice site", "start_loss": "start loss"}.get(variant.effect, "truncating")
    if variant.effect in ("missense", "inframe"):
        changes, spans = _pathogenic().get(variant.gene, (frozenset(), ()))
        by = f" ({variant.listed_by})" if variant.listed_by else ""
        if variant.listed == "conflicting":
            return False, f"not classified: listed as conflicting{by}"
        if variant.change in changes:
            return True, "listed pathogenic variant"
        if variant.effect == "missense" and codon and any(a <= codon <= b for a, b in spans):
            return True, "missense in a domain listed as critical"
        return False, f"not classified: not truncating, and no list decides on it{by}"
    return False, f"{variant.effect} change does not remove the protein"
