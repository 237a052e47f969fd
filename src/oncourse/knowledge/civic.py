"""Read CIViC evidence (nightly TSV of any age, or YAML; CC0) and put its molecular profiles into our language."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from oncourse.disk.unpack import unpacked
from oncourse.errors import InputError
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.protein import short_change
from oncourse.knowledge.alterations import data_rows, regions
from oncourse.knowledge.delimited import Rows
from oncourse.knowledge.evaluate import germline_relevant
from oncourse.knowledge.evidence import Evidence
from oncourse.knowledge.expression import ExpressionError, parse

LICENCE = "CC0 1.0"
_SUBSTITUTION = re.compile(r"^[A-Z]\d+(?:[A-Z*]|_[A-Z]\d+\w*|del\w*|ins\w*|dup\w*|fs\S*|FS\S*)?$")
_ALTERNATIVES = re.compile(r"^([A-Z]\d+)([A-Z])?((?:/[A-Z]\d*[A-Z]?)+)$")
_LOSS_WORDS = (
    "loss",
    "loss-of-function",
    "deleterious mutation",
    "inactivating mutation",
    "loss of function",
)


@lru_cache(maxsize=1)
def _suppressors() -> frozenset[str]:
    return germline_relevant() | {r["gene"] for r in data_rows("suppressors.tsv")}


def expression_of(profile: str) -> str:
    """Return a molecular profile in our language; what sequencing cannot answer becomes ``unsupported(...)``.

    >>> expression_of("MET Amplification AND NOT KRAS Mutation")
    'amplification(MET) AND NOT mutation(KRAS)'
    >>> expression_of("KRAS G12/G13"), expression_of("EML4::ALK Fusion"), expression_of("EGFR Expression")
    ('mutation(KRAS:12,13)', 'fusion(EML4) AND fusion(ALK)', 'unsupported(EGFR Expression)')
    """
    parts = re.split(r"\s+(AND NOT|AND|OR)\s+", profile.strip())
    if any(re.search(r"(^|\s)\((?!c\.)|^\(", part) for part in parts[::2]) and len(parts) > 1:
        parts = _bracketed(profile)
    pieces = []
    for index, part in enumerate(parts):
        if index % 2:
            pieces.append(part)
            continue
        opening = len(part) - len(part.lstrip("( ")) if part.startswith("(") else 0
        inner = part[opening:].strip()
        closing = ""
        while inner.endswith(")") and inner.count(")") > inner.count("("):
            inner, closing = inner[:-1].strip(), closing + ")"
        text = _one(inner)
        if " AND " in text and len(parts) > 1:
            text = f"({text})"
        pieces.append("(" * part[:opening].count("(") + text + closing)
    expression = " ".join(pieces)
    try:
        parse(expression)
    except ExpressionError:
        return f"unsupported({_plain(profile)})"
    return expression


def _bracketed(profile: str) -> list[str]:
    return re.split(r"\s+(AND NOT|AND|OR)\s+", profile.strip())


def _plain(text: str) -> str:
    return re.sub(r"[()]", " ", text).strip()


def _one(text: str) -> str:
    """Return the expression of one variant of one gene."""
    fusion = re.match(r"^(\S*)::(\S*)(?:\s+(?:Fusion|FUSION))?(?:\s.*)?$", text)
    if fusion:
        genes = [current_symbol(g) for g in fusion.groups() if re.fullmatch(r"[A-Z][A-Z0-9-]+", g)]
        return " AND ".join(f"fusion({g})" for g in genes) or f"unsupported({_plain(text)})"
    gene, _, rest = text.partition(" ")
    variant = re.sub(r"\s*\((?:c\.)?[^)]*\)?$", "", rest).strip()
    word = variant.lower()
    if gene.upper() in ("MSI", "TMB") and word == "high":
        return "msi = high" if gene.upper() == "MSI" else "tmb >= 10"
    gene = current_symbol(gene)
    simple = _by_word(gene, word)
    if simple:
        return simple
    exon = re.fullmatch(r"exon (\d+) mutation", word)
    if exon and (gene, f"exon{exon[1]}") in regions():
        return f"mutation({gene}:exon{exon[1]})"
    alternatives = _ALTERNATIVES.match(variant)
    if alternatives:
        return f"mutation({gene}:{','.join(_spell_out(alternatives))})"
    if _SUBSTITUTION.match(variant):
        change = short_change(variant.replace("FS", "fs"))
        return f"mutation({gene}:{change[1:] if re.fullmatch(r'[A-Z][0-9]+', change) else change})"
    return f"unsupported({_plain(text)})"


def _by_word(gene: str, word: str) -> str:
    if word in ("mutation", "alteration"):
        return f"loss({gene})" if gene in _suppressors() else f"mutation({gene})"
    if word in ("activating mutation", "oncogenic mutation"):
        return f"mutation({gene})" if gene not in _suppressors() else f"unsupported({gene} {word})"
    if word in _LOSS_WORDS:
        return f"loss({gene})"
    if word == "biallelic inactivation":
        return f"loss({gene}; biallelic)"
    if word in ("truncating mutation", "frameshift truncation"):
        return f"mutation({gene}:truncating)"
    if word == "promoter mutation":
        return f"mutation({gene}:promoter)"
    if word in ("amplification", "deletion", "fusion"):
        return f"{word}({gene})"
    if word in ("rearrangement", "fusions"):
        return f"fusion({gene})"
    if word == "ar-v7":
        return "marker(AR-V7) = positive"
    if word in ("wildtype", "wild type"):
        codons = ":12,13,59,61,117,146" if gene in ("KRAS", "NRAS") else ""
        return f"wild_type({gene}{codons})"
    return ""


def _spell_out(match: re.Match[str]) -> Iterator[str]:
    """Yield the alternatives of ``G12/G13`` (codons) and ``Y646F/N`` (changes)."""
    first, letter, rest = match.groups()
    yield f"{first}{letter}" if letter else first[1:]
    for part in rest.strip("/").split("/"):
        if len(part) == 1:
            yield f"{first}{part}"
        else:
            yield part[1:] if part[-1].isdigit() else part


def read_civic(path: Path) -> list[Evidence]:
    """Read a CIViC file: nightly TSV (either generation of columns) or a YAML list of evidence items; .gz allowed.

    Items that are not accepted are left out. DOIDs stay text: a YAML reader that turns 0060079 into a number loses it.

    Raises
    ------
    InputError : the file cannot be read, or its columns are not those of CIViC
    """
    try:
        text = unpacked(path).decode("utf-8-sig")
    except ValueError as error:
        raise InputError(f"{path}: cannot be read ({error}).") from None
    if text.startswith("version https://git-lfs"):
        raise InputError(f"{path}: is a Git LFS pointer, not the data. Fetch the file itself.")
    is_yaml = ".yaml" in path.name or ".yml" in path.name
    rows = _yaml_rows(text, path) if is_yaml else _tsv_rows(text, path)
    items = [_item(row) for row in rows if (_get(row, "evidence_status") or "accepted") == "accepted"]
    return sorted(items, key=lambda e: (len(e.evidence_id), e.evidence_id))


def _tsv_rows(text: str, path: Path) -> Iterator[Mapping[str, Any]]:
    reader = Rows(io.StringIO(text), path.name)
    names = set(reader.columns)
    if not {"evidence_type", "evidence_level"} <= names or not ({"molecular_profile", "variant"} & names):
        raise InputError(
            f"{path.name}: not a CIViC evidence file (columns evidence_type, evidence_level and "
            "molecular_profile or gene and variant are expected)."
        )
    yield from reader


def _yaml_rows(text: str, path: Path) -> list[Mapping[str, Any]]:
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # everything stays text
    try:
        if any(isinstance(event, yaml.events.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise InputError(f"{path.name}: holds YAML aliases, which unfold without limit; write the values out.")
        data = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path.name}: not valid YAML ({error}).") from None
    items = data.get("evidence_items") if isinstance(data, dict) else data
    if not isinstance(items, list):
        raise InputError(f"{path.name}: no list of evidence_items in it.")
    return items


def _get(row: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = row.get(name)
        if isinstance(value, list):
            value = ";".join(str(v) for v in value)
        if value not in (None, "", "null"):
            return str(value).strip()
    return ""


def _item(row: Mapping[str, Any]) -> Evidence:
    profile = _get(row, "molecular_profile") or f"{_get(row, 'gene')} {_get(row, 'variant')}"
    therapies = _get(row, "therapies", "drugs")
    return Evidence(
        source="CIViC",
        evidence_id=f"EID{_get(row, 'evidence_id', 'id').removeprefix('EID')}",
        profile=profile,
        expression=expression_of(profile),
        disease=_get(row, "disease"),
        doid=_get(row, "doid"),
        therapies=";".join(t.strip() for t in re.split(r"[;,]", therapies) if t.strip()),
        interaction=_get(row, "therapy_interaction_type", "drug_interaction_type"),
        kind=_get(row, "evidence_type"),
        direction=_get(row, "evidence_direction"),
        significance=_get(row, "significance", "clinical_significance"),
        level=_get(row, "evidence_level"),
        rating=_get(row, "rating"),
        citation=" ".join(filter(None, (_get(row, "citation_source_type", "source_type"), _get(row, "citation_id")))),
    )
