"""JSON of annotators as a VCF: VEP's (``--json``) and Nirvana's, so that the rules of VCF files decide.

Keys from memory of Ensembl's and Illumina's descriptions of their formats.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from oncourse.errors import InputError
from oncourse.io.tabular.json_document import OBJECT, OBJECTS, json_text, json_value, read_document

_HEAD_BYTES = 65_536
#: The annotation of one transcript, in VEP's words.
_CSQ = ("Allele", "Consequence", "SYMBOL", "HGVSc", "HGVSp", "Feature", "CANONICAL", "MANE", "PICK", "gnomAD_AF")
_FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
#: The parts of both formats that are read (`oncourse.io.tabular.json_document`).
_SHAPES = {
    "header": OBJECT,
    "positions": OBJECTS,
    "variants": OBJECTS,
    "transcripts": OBJECTS,
    "gnomad": OBJECT,
    "positions/samples": OBJECTS,
    "transcript_consequences": OBJECTS,
    "colocated_variants": OBJECTS,
    "frequencies": OBJECT,
}
Json = Mapping[str, Any]


def is_annotated_json(path: Path) -> bool:
    """Whether a file is VEP's or Nirvana's JSON, by its name and beginning."""
    if not path.is_file() or not path.name.lower().removesuffix(".gz").endswith((".json", ".jsonl")):
        return False
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except (OSError, EOFError):
        return False
    return b'"transcript_consequences"' in head or b'"most_severe_consequence"' in head or b"Nirvana" in head


def vcf_text(path: Path) -> str:
    """Return the text of the VCF that says the same.

    Raises
    ------
    InputError : the file is no whole JSON, or a record of VEP's does not hold the line of the VCF it was made from
    """
    text = json_text(path)
    whole = text.lstrip().startswith("[") or '"positions"' in text[:_HEAD_BYTES]
    lines = [text] if whole else [line for line in text.splitlines() if line.strip()]
    parts = [json_value(line, path.name) for line in lines]
    content, problems = read_document(path, _SHAPES, parts[0] if whole else parts)
    if problems:
        raise InputError(problems)
    if isinstance(content, dict):
        header = content.get("header") or {}
        build, samples = header.get("genomeAssembly"), list(header.get("samples") or [])
        records = [_of_nirvana(p) for p in content.get("positions") or []]
    else:
        if not all(isinstance(record, dict) for record in content):
            raise InputError(f"{path.name}: holds what is no record of VEP's.")
        records = [_of_vep(r, path.name) for r in content]
        build = next((r.get("assembly_name") for r in content if r.get("assembly_name")), None)
        n = max((len(r) - len(_FIXED) - 1 for r in records), default=0)
        samples = ["sample"] if n == 1 else [f"sample_{i + 1}" for i in range(n)]
    columns = [*_FIXED, *(["FORMAT", *samples] if samples else [])]
    info = f'##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: {"|".join(_CSQ)}">'
    top = ["##fileformat=VCFv4.2", f"##reference={build or 'unknown'}", info, "\t".join(columns)]
    return "\n".join([*top, *("\t".join(r) for r in records)]) + "\n"


def _csq(rows: Iterator[Sequence[object]]) -> str:
    cells = ("|".join(str("" if c is None else c).replace(";", "%3B").replace(",", "&") for c in row) for row in rows)
    return "CSQ=" + ",".join(cells)


def _of_vep(record: Json, name: str) -> list[str]:
    cells = str(record.get("input") or "").split("\t")
    if len(cells) < len(_FIXED):
        cure = "Run VEP with --vcf on the caller's file, and give that VCF."
        raise InputError(f"{name}: a record does not hold the line of a VCF (its `input`). {cure}")
    known = [f.get("gnomade", f.get("gnomad")) for c in record.get("colocated_variants") or [] for f in _frequencies(c)]
    frequency = max((f for f in known if f is not None), default=None)

    def rows() -> Iterator[Sequence[object]]:
        for t in record.get("transcript_consequences") or []:
            named = [t.get(key) for key in ("gene_symbol", "hgvsc", "hgvsp", "transcript_id")]
            main, mane = "YES" if t.get("canonical") else "", t.get("mane_select") or ""
            words = _joined(t.get("consequence_terms"), "&")
            yield (t.get("variant_allele"), words, *named, main, mane, t.get("pick") or "", frequency)

    kept = [] if cells[7] in (".", "") else [p for p in cells[7].split(";") if not p.startswith("CSQ=")]
    cells[7] = ";".join([*kept, _csq(rows())])
    return cells


def _frequencies(variant: Json) -> list[Json]:
    return [f for f in (variant.get("frequencies") or {}).values() if isinstance(f, dict)]


def _of_nirvana(position: Json) -> list[str]:
    alts = _joined(position.get("altAlleles"), ",") or "."

    def rows() -> Iterator[Sequence[object]]:
        for v in position.get("variants") or []:
            frequency = (v.get("gnomad") or {}).get("allAf")
            for t in v.get("transcripts") or []:
                named = [t.get(key) for key in ("hgnc", "hgvsc", "hgvsp", "transcript")]
                main, mane = "YES" if t.get("isCanonical") else "", "MANE" if t.get("isManeSelect") else ""
                yield v.get("altAllele"), _joined(t.get("consequence"), "&"), *named, main, mane, "", frequency

    fixed = (position.get("chromosome"), position.get("position"), ".", position.get("refAllele"), alts)
    filters = _joined(position.get("filters"), ";") or "."
    cells = [str(c) for c in (*fixed, position.get("quality") or ".", filters, _csq(rows()))]
    samples = position.get("samples") or []
    return [*cells, "GT:AD:DP:AF", *(_sample(s) for s in samples)] if samples else cells


def _sample(sample: Json) -> str:
    depth, reads, shares = (sample.get(key) for key in ("totalDepth", "alleleDepths", "variantFrequencies"))
    cells = (sample.get("genotype") or "./.", _joined(reads, ",") or ".", "." if depth is None else depth)
    return ":".join(map(str, (*cells, _joined(shares, ",") or ".")))


def _joined(value: object, by: str) -> str:
    """The words of a list, or the one that stands for a list of one."""
    return by.join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
