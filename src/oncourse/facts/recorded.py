"""What a recorded marker says of a gene's mutations: KRAS = wt, BRAF = V600E, RAS = 突变型, "KRAS G12C" = negative.

A hospital's own test (PCR, Sanger, a report typed in) is a witness beside the reads: where nothing was sequenced it is
the only one, where it contradicts the reads both are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from oncourse.facts.markers import NEGATIVE, POSITIVE, UNCLEAR, marker_state
from oncourse.facts.report_genes import codons_named, exons_named, genes_named, names_part
from oncourse.facts.report_words import finding
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.gene_sets import set_codons
from oncourse.genome.protein import codon_of, short_change
from oncourse.knowledge.alterations import current_numbering

#: Genes of which a bare "positive" or "wild type" is a test for mutations; of any other it may be of protein or copies.
TESTED = ("KRAS", "NRAS", "HRAS", "BRAF", "PIK3CA")
#: Genes of which a bare "positive" is a test for variants that take the protein away; "negative" is of one test, and a
#: germline loss or a deletion may be there all the same.
TESTED_LOSS = ("BRCA1", "BRCA2")
#: Words of such a test, and those that say nobody knows what the variant does.
_PATHOGENIC = re.compile(r"pathogenic|deleterious|致病", re.I)
_UNSURE = re.compile(r"\bvus\b|uncertain|unknown|unclassified|benign|polymorphism|意义|未明|不明|良性|多态", re.I)
_GERMLINE = re.compile(r"germline|胚系|生殖系|遗传|(?<![A-Za-z])gBRCA", re.I)
#: The letter that says whose variant it is: gBRCA, sBRCA, tBRCA.
_WHOSE = re.compile(r"(?<![A-Za-z])[gst](?=BRCA)")
#: A change is spoken of without its name (codon 12 mutation), unless the words deny it.
_MUTATED = re.compile(r"mutat|mutant|\bmut\b|突变|variant", re.I)
_FOUND = (None, "present")
_DASH = re.compile(r"^\s*[-—–/\\]+\s*$")
_DENIED = re.compile(r"\b(?:no|not|non|without|negative|wild|never)\b|[未无阴否]|野生", re.I)


@dataclass(frozen=True)
class GeneRecord:
    """One record of one gene.

    ``change``: the protein change it names, short; empty where none. state: positive or negative. ``is_whole``: whether
    it speaks of the whole gene, not of one change or exon. ``genes``: more than one where the test does not tell which.
    """

    patient_id: str
    sample_id: str | None
    day: int | None
    genes: tuple[str, ...]
    change: str
    state: str
    is_whole: bool
    words: str

    @property
    def codon(self) -> int | None:
        """Codon of the change."""
        return codon_of(self.change) if self.change else None


def is_statement(genes: tuple[str, ...], words: str) -> bool:
    """Whether words say that one of these genes is mutated, of the codons a decision asks for, and not how; of BRCA1 and
    BRCA2, unless nobody knows what the variant does.

    >>> is_statement(("KRAS",), "12号密码子突变"), is_statement(("KRAS", "NRAS"), "突变型")
    (True, True)
    >>> is_statement(("KRAS",), "codon 22 mutated"), is_statement(("KRAS",), "KRAS mut")
    (False, True)
    >>> is_statement(("EGFR",), "突变型"), is_statement(("KRAS",), "可疑突变"), is_statement(("BRAF",), "意义未明变异")
    (False, False, False)
    >>> is_statement(("BRCA2",), "阳性"), is_statement(("BRCA2",), "意义未明突变"), is_statement(("TP53",), "突变")
    (True, False, False)
    """
    named = tuple(current_symbol(g.upper()) for g in genes)
    decisive = {c for g in named for c in set_codons("RAS").get(g, (600,) if g == "BRAF" else ())}
    codons = codons_named(words)
    state = finding(words).state
    is_said = state == "present" or (state is None and bool(_MUTATED.search(words)) and not _DENIED.search(words))
    if set(named) <= set(TESTED_LOSS):
        return is_said and not codons and not _UNSURE.search(words)
    return is_said and set(named) <= set(TESTED) and (codons <= decisive if codons else True)


def gene_records(readings: pl.DataFrame, *, reports_germline: bool = True) -> list[GeneRecord]:
    """Return what `oncourse.facts.markers.marker_readings` say of mutations, in their order; other markers say nothing.

    reports_germline : whether what the words call germline may be told; a study that does not report it gets none
    """
    rows = readings.filter(pl.col("source") == "markers")
    columns = ("patient_id", "sample_id", "day", "marker", "value", "state")
    told = [record for row in rows.select(columns).iter_rows() for record in _of(*row)]
    return told if reports_germline else [r for r in told if not _GERMLINE.search(r.words)]


def _of(
    patient: str, sample: str | None, day: int | None, marker: str, value: str | None, state: str
) -> Iterator[GeneRecord]:
    parts = parts_by_gene(value or "")
    if len(parts) > 1:
        for name, part in parts:
            yield from _of(patient, sample, day, name, part, marker_state(name, part))
        return
    genes = _genes(_WHOSE.sub("", marker))
    asked, said = finding(marker), finding(value or "")
    changes = [c for _, c in said.changes if c]
    words = f"{marker} {value}".strip()
    if genes and not changes and set(genes) <= set(TESTED_LOSS):
        if not _UNSURE.search(words) and (state == POSITIVE or _PATHOGENIC.search(words)) and said.state in _FOUND:
            yield GeneRecord(patient, sample, day, genes, "", POSITIVE, True, words)
        return
    if not genes or not (changes or set(genes) <= set(TESTED)):
        return
    both = len(genes) > 1 and not changes

    def record(change: str, state: str, whole: bool) -> GeneRecord:
        named = genes[0] if len(genes) == 1 else ""
        return GeneRecord(
            patient, sample, day, genes, current_numbering(named, short_change(change)), state, whole, words
        )

    if changes:
        yield from (record(change, POSITIVE, False) for change in changes)
        return
    if said.is_another:  # non-V600E: mutated, and not so
        yield from (record(change, NEGATIVE, False) for _, change in said.denied if change)
        yield record("", POSITIVE, True)
        return
    state = _state_of(value or "", said.state, state)
    if state == UNCLEAR or said.state in ("untested", "doubt"):
        return
    if state == NEGATIVE and (told := _tested_of(value)):  # RAS = KRAS wild type says nothing of NRAS
        genes = tuple(g for g in genes if g in told)
        both = len(genes) > 1
        if not genes:
            return
    own = [c for _, c in (*asked.changes, *said.denied) if c]
    if own:
        yield from (record(change, state, False) for change in own)
    elif state == NEGATIVE and (said.is_part or names_part(marker) or exons_named(marker, value)):
        return  # the rest of the gene was not looked at
    elif state == NEGATIVE and both:
        yield from (GeneRecord(patient, sample, day, (g,), "", state, True, words) for g in genes)
    else:
        yield record("", state, True)


def _state_of(value: str, said: str | None, state: str) -> str:
    """Return what the words of a value say, `state` where they say nothing; of a dash alone the other values of its marker
    say whether it is a sign (`oncourse.facts.markers.marker_state`): else it is a cell that nobody filled in."""
    if not _DASH.match(value):
        state = {"absent": NEGATIVE, "present": POSITIVE}.get(said or "", state)
    return POSITIVE if state == UNCLEAR and _MUTATED.search(value) and not _DENIED.search(value) else state


_TESTED_NAME = re.compile(rf"(?i)(?<![a-z])(?:{'|'.join(TESTED)})(?![a-z])(?:基因)?")


def parts_by_gene(value: str) -> list[tuple[str, str]]:
    """Return (genes, what is said of them) of a value that says one thing of one gene and another of the next.

    Genes with nothing but a sign between them are told together. Where the words stand before the gene nobody can tell
    whose they are: no state is told (an empty text).

    >>> parts_by_gene("KRAS wt / NRAS mut"), parts_by_gene("RAS: KRAS/NRAS 野生型，BRAF V600E")
    ([('KRAS', 'wt'), ('NRAS', 'mut')], [('KRAS/NRAS', '野生型'), ('BRAF', 'V600E')])
    >>> parts_by_gene("KRAS/NRAS wt"), parts_by_gene("mut NRAS, wt KRAS")
    ([('KRAS/NRAS', 'wt')], [('NRAS', ''), ('KRAS', '')])
    """
    found = list(_TESTED_NAME.finditer(value))
    if not found:
        return []
    ends = [m.start() for m in found[1:]] + [len(value)]
    parts: list[tuple[str, str]] = []
    together: list[str] = []
    for match, end in zip(found, ends, strict=True):
        together.append(match[0].removesuffix("基因").upper())
        said = re.sub(
            r"(?i)^[\s:：/、,，;；&+为]+|(?:[\s/、,，;；&+(（]|\b(?:and|but)\b|和|与|及|但)+$",
            "",
            value[match.end() : end],
        )
        if said or end == len(value):
            parts.append(("/".join(together), said))
            together = []
    before = re.sub(r"(?i)\bRAS\b|[\s:：]", "", value[: found[0].start()])
    return [(genes, "") for genes, _ in parts] if before and len(parts) > 1 else parts


def _tested_of(value: str | None) -> set[str]:
    """The genes of `TESTED` that the words of a value name themselves.

    >>> sorted(_tested_of("KRAS/NRAS wt")), sorted(_tested_of("仅KRAS野生型")), sorted(_tested_of("RAS wild type"))
    (['KRAS', 'NRAS'], ['KRAS'], [])
    """
    return set(re.findall(rf"(?<![A-Z])(?:{'|'.join(TESTED)})(?![A-Z])", (value or "").upper()))


def _genes(marker: str) -> tuple[str, ...]:
    named = tuple(current_symbol(gene.upper()) for gene in genes_named(marker.strip()))
    return named if all(g.isascii() and " " not in g for g in named) else ()
