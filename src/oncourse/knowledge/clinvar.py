"""Read a ClinVar VCF (plain or gzip, GRCh37 or GRCh38; public domain) into a table of classified changes.

Kept are pathogenic, likely pathogenic, benign, likely benign and conflicting records of the genes asked for that may
change the product. The words of CLNSIG, CLNREVSTAT and MC are those of ClinVar's VCF of 2016 to 2026, from memory.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.gene_models import BUILDS
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.protein import short_change
from oncourse.genome.variant import normalise
from oncourse.knowledge.classified import COLUMNS

LICENCE = "public domain"
_PATHOGENIC = frozenset({"pathogenic", "likely_pathogenic"})
_BENIGN = frozenset({"benign", "likely_benign"})
#: Molecular consequences that leave the product as it is; a record of nothing else is never asked for.
_SILENT = frozenset(
    {
        "synonymous_variant",
        "intron_variant",
        "5_prime_UTR_variant",
        "3_prime_UTR_variant",
        "non-coding_transcript_variant",
        "genic_upstream_transcript_variant",
        "genic_downstream_transcript_variant",
        "2KB_upstream_variant",
        "500B_downstream_variant",
    }
)
_PROTEIN = re.compile(r"\bp\.\(?([A-Z][a-z]{2}\d+[A-Za-z0-9_*]*)")


@dataclass(frozen=True)
class ClinVar:
    """What was read: ``rows`` (`oncourse.knowledge.classified.COLUMNS`), ``build``, ``date``, ``checksum`` of the file.

    ``n_records`` of the file, ``n_other`` of the genes with another significance (uncertain, risk ...), ``n_unread``
    of the genes without one small change of bases.
    """

    rows: list[dict[str, str]]
    build: str
    date: str
    checksum: str
    n_records: int
    n_other: int
    n_unread: int


def classification_of(significance: str) -> str:
    """Return pathogenic, benign, conflicting, uncertain (anything else said of disease) or empty for a CLNSIG.

    >>> [classification_of(s) for s in ("Pathogenic/Likely_pathogenic|drug_response", "Benign/Likely_benign", "")]
    ['pathogenic', 'benign', '']
    >>> (classification_of("Conflicting_classifications_of_pathogenicity"),
    ... classification_of("Pathogenic,_low_penetrance"))
    ('conflicting', 'uncertain')
    """
    text = significance.lower().replace("\\x2c", ",")
    if "conflicting" in text:
        return "conflicting"
    words = {w for w in re.split(r"[/|]", text) if w and not w.startswith("not_provided")}
    disease = {w for w in words if re.search("pathogenic|benign|uncertain|risk_allele", w)}
    if not disease:
        return "uncertain" if words else ""
    if disease & _PATHOGENIC and disease & _BENIGN:
        return "conflicting"
    return next(
        (name for name, own in (("pathogenic", _PATHOGENIC), ("benign", _BENIGN)) if disease <= own), "uncertain"
    )


def read_clinvar(path: Path, genes: Collection[str], *, build: str | None = None) -> ClinVar:
    """Read the records of `genes` from a ClinVar VCF.

    Parameters
    ----------
    genes : today's symbols; build : where the header names none

    Raises
    ------
    InputError : the file cannot be read, is no ClinVar VCF, names no build or another one than `build`, or has no
        record of the genes
    """
    header: list[str] = []
    kept: list[dict[str, str]] = []
    said: dict[tuple[str, str], set[str]] = {}
    n_records = n_known = n_other = 0
    for number, line in _lines(path):
        if line.startswith("#"):
            header.append(line)
            continue
        cells = _cells(line, number, header, path.name)
        n_records += 1
        n_known += "CLNSIG=" in line
        for row in _records(cells, genes):
            if row["change"]:
                said.setdefault((row["gene"], row["change"]), set()).add(row["classification"])
            if row["classification"] == "uncertain":
                n_other += 1
            else:
                kept.append(row)
    if not n_known:
        raise InputError(f"{path.name}: not a ClinVar VCF (no record has CLNSIG in INFO). Take clinvar.vcf.gz of NCBI.")
    rows, unread = _with_alleles(kept, said)
    if not rows:
        raise InputError(
            f"{path.name}: none of its {n_records:,} records is a classified change of a gene the rules "
            f"know (GENEINFO; {len(genes)} genes)."
        )
    own = _build(header, build, path.name)
    return ClinVar(rows, own, _date(header), _checksum(path), n_records, n_other, unread)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == b"\x1f\x8b"
        with (gzip.open if is_packed else open)(path, "rt", encoding="utf-8-sig") as handle:
            for number, line in enumerate(handle, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"{path.name}: cannot be read ({error}). Fetch the file again.") from None


def _cells(line: str, number: int, header: list[str], name: str) -> list[str]:
    if not header or not header[-1].startswith("#CHROM\tPOS\tID\tREF\tALT"):
        raise InputError(
            f"{name}, line {number}: not a VCF (no header #CHROM POS ID REF ALT QUAL FILTER INFO with tabs)."
        )
    cells = line.split("\t")
    if len(cells) < 8 or not cells[1].isdigit():
        problem = "fewer than 8 columns" if len(cells) < 8 else f"POS '{cells[1]}' is not a number"
        raise InputError(f"{name}, line {number}: {problem}. The file is damaged or was edited: fetch it again.")
    return cells


def _records(cells: list[str], genes: Collection[str]) -> Iterator[dict[str, str]]:
    """Yield one row per known gene of a record that may change the product and says something of disease."""
    info = dict(item.partition("=")[::2] for item in cells[7].split(";"))
    symbols = (current_symbol(part.partition(":")[0]) for part in info.get("GENEINFO", "").split("|"))
    known = [symbol for symbol in dict.fromkeys(symbols) if symbol in genes]
    classification = classification_of(info.get("CLNSIG", ""))
    effects = {part.rpartition("|")[2] for part in info.get("MC", "").split(",") if part}
    if not known or not classification or (effects and effects <= _SILENT):
        return
    told = {short_change(p) for p in _PROTEIN.findall(cells[7])} - {""}
    for gene in known:
        yield {
            "chrom": cells[0],
            "pos": cells[1],
            "ref": cells[3],
            "alt": cells[4],
            "gene": gene,
            # several: of several transcripts, and nobody says which
            "change": told.pop() if len(told) == 1 and len(known) == 1 else "",
            "classification": classification,
            "stated": _words(info["CLNSIG"]),
            "review_status": _words(info.get("CLNREVSTAT", "")) or "no review status",
            "accession": cells[2],
        }


def _words(text: str) -> str:
    return text.replace("\\x2c", ",").replace("_", " ").strip().lower()


def _with_alleles(
    kept: list[dict[str, str]], said: dict[tuple[str, str], set[str]]
) -> tuple[list[dict[str, str]], int]:
    """Name each allele; a protein change stays only where all its alleles are said to be the same."""
    if not kept:
        return [], 0
    frame = normalise(pl.DataFrame(kept))
    mixed = [len(said.get((row["gene"], row["change"]), ())) > 1 for row in kept]
    frame = frame.with_columns(change=pl.when(pl.Series(mixed)).then(pl.lit("")).otherwise(pl.col("change")))
    named = frame.drop_nulls("variant_id").select(COLUMNS).unique().sort(COLUMNS)
    return named.to_dicts(), frame["variant_id"].null_count()


def _build(header: list[str], stated: str | None, name: str) -> str:
    text = " ".join(line for line in header if line.startswith(("##reference", "##assembly", "##contig"))).lower()
    words = {"GRCh37": ("grch37", "hg19", "length=249250621"), "GRCh38": ("grch38", "hg38", "length=248956422")}
    found = [build for build in BUILDS if any(word in text for word in words[build])]
    if stated and found and stated not in found:
        raise InputError(f"{name}: its header says {found[0]}, --build says {stated}. Leave --build out.")
    if not stated and len(found) != 1:
        raise InputError(f"{name}: the header names no genome build (##reference=). Give --build GRCh37 or GRCh38.")
    return stated or found[0]


def _date(header: list[str]) -> str:
    """Return the date of the release the header states, or nothing."""
    return next((line.partition("=")[2].strip() for line in header if line.startswith("##fileDate=")), "")


def _checksum(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()[:12]
