"""Actionable statuses: what RAS, BRAF V600E, HRR, MSI ... mean, once; and the study's own of study.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from oncourse.errors import ConfigError
from oncourse.genome.gene_sets import gene_set, set_codons
from oncourse.genome.protein import codon_of
from oncourse.knowledge.alterations import Site


@dataclass(frozen=True)
class Status:
    """One actionable status.

    Attributes
    ----------
    name : as shown
    codons : gene -> codons; an empty tuple: any protein-changing mutation of the gene
    changes : protein changes (without p.) that count; empty: all
    amplified : genes whose amplification (+2) counts
    lost : genes whose loss of function counts, as therapy rules mean it: truncating, deleted, listed pathogenic
    core : of these, the genes that must have been looked at before a negative; empty: all
    markers : names of recorded markers that count by themselves (MSI, MMR, AR-V7)
    changes_with_time : whether the latest record speaks for the patient (AR-V7); else any positive one does
    if_gained, if_lost : what it means for therapy when only sample b, or only sample a, has it
    """

    name: str
    codons: Mapping[str, tuple[int, ...]]
    changes: frozenset[str] = frozenset()
    amplified: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    core: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    changes_with_time: bool = False
    if_gained: str = "positive in the second sample only: judge targeted therapy by it"
    if_lost: str = "positive in the first sample only: the target may be gone; repeat before relying on it"

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes the status is read from."""
        return tuple(sorted({*self.codons, *self.amplified, *self.lost}))

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """The mutations that count, as therapy rules ask for them."""
        found = []
        for gene, codons in self.codons.items():
            named = {c: codon_of(c) for c in self.changes}
            changes = frozenset(c for c, at in named.items() if at in codons)
            rest = frozenset(codons) - {named[c] for c in changes}
            found.append(Site(gene, changes, frozenset(c for c in rest if c is not None)))
        return tuple(found)


#: The statuses every study gets. RAS: exons 2-4 of KRAS and NRAS (ESMO 2023, NCCN); codons and genes are those of
#: `oncourse.genome.gene_sets`.
STATUSES: tuple[Status, ...] = (
    Status(
        "RAS",
        set_codons("RAS"),
        if_gained="RAS mutant in the second sample only: anti-EGFR antibodies are not expected to work",
        if_lost="RAS wild type in the second sample: anti-EGFR antibodies come into question; the first is mutant",
    ),
    Status(
        "BRAF V600E",
        {"BRAF": (600,)},
        frozenset({"V600E"}),
        if_gained="BRAF V600E in the second sample only: BRAF plus EGFR inhibition comes into question",
        if_lost="BRAF V600E in the first sample only: BRAF inhibition rests on tissue that the second contradicts",
    ),
    Status("PIK3CA", set_codons("PIK3CA")),
    Status(
        "HER2 amplification",
        {},
        amplified=("ERBB2",),
        if_gained="HER2 amplified in the second sample only: HER2-directed therapy comes into question",
        if_lost="HER2 amplified in the first sample only: confirm before HER2-directed therapy",
    ),
    Status(
        "MSI-H",
        {},
        markers=("MSI",),
        if_gained="MSI-H in the second sample only: confirm by a second method, then PD-1 inhibition",
        if_lost="MSI-H in the first sample only: confirm by a second method before PD-1 inhibition",
    ),
    Status("MSI-H/dMMR", {}, markers=("MSI", "MMR")),
    Status("BRCA", {}, lost=gene_set("BRCA")),
    Status("HRR", {}, lost=gene_set("HRR"), core=gene_set("HRR core")),
    Status("AR-V7", {}, markers=("AR-V7",), changes_with_time=True),
)

_ITEM = re.compile(r"^(?P<gene>[A-Za-z0-9_.\-]+)(?:\s+(?P<what>.+))?$")
_CODON = re.compile(r"^(?:p\.)?(?P<ref>[A-Z])(?P<codon>\d+)(?P<alt>[A-Z*]|fs.*)?$")


def parse_status(name: str, items: Any) -> Status:
    """Return the status that study.yaml defines: ``["KRAS p.G12C", "BRCA2", "EGFR codon 790", "MET amplification"]``.

    Examples
    --------
    >>> parse_status("G12C", ["KRAS p.G12C"]).codons
    {'KRAS': (12,)}
    """
    listed = [items] if isinstance(items, str) else items
    if not isinstance(listed, Sequence) or not listed:
        raise ConfigError(f"statuses.{name}: expected a list such as ['KRAS p.G12C', 'BRCA2'].")
    codons: dict[str, tuple[int, ...]] = {}
    changes: set[str] = set()
    amplified, lost, markers = [], [], []
    for item in listed:
        match = _ITEM.match(str(item).strip())
        gene, what = (match["gene"], match["what"] or "") if match else ("", "")
        codon = re.match(r"^codons? ([\d, ]+)$", what)
        change = _CODON.match(what)
        if gene.upper() in ("MSI-H", "MSI"):
            markers.append("MSI")
        elif what == "":
            codons[gene] = ()
        elif what == "loss":
            lost.append(gene)
        elif what == "amplification":
            amplified.append(gene)
        elif codon:
            codons[gene] = codons.get(gene, ()) + tuple(int(c) for c in re.findall(r"\d+", codon[1]))
        elif change:
            codons[gene] = codons.get(gene, ()) + (int(change["codon"]),)
            if change["alt"]:
                changes.add(f"{change['ref']}{change['codon']}{change['alt']}")
        else:
            raise ConfigError(
                f"statuses.{name}: '{item}' is not understood. Write GENE, GENE p.X1Y, GENE codon 1, GENE loss "
                "or GENE amplification."
            )
    return Status(name, codons, frozenset(changes), tuple(amplified), tuple(lost), markers=tuple(markers))


def statuses_of(statuses: Mapping[str, Any]) -> tuple[Status, ...]:
    """Return the package's statuses and those of study.yaml (`statuses`); the same name replaces."""
    own = {name: parse_status(name, items) for name, items in statuses.items()}
    return tuple(s for s in STATUSES if s.name not in own) + tuple(own[name] for name in sorted(own))
