"""Read tables of expert panels - ClinGen's evidence repository, ENIGMA as BRCA Exchange gives it - into classified changes.

A table is known by its columns (`_KINDS`; the names are those of the sites' downloads, from memory: another name is an
error that lists them). A retracted assertion is left out. An allele comes from a VCF-like place or a substitution in
HGVS; of an insertion or deletion in HGVS only the protein change is kept, which the place alone does not give.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from oncourse.disk.unpack import unpacked
from oncourse.errors import InputError
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.protein import short_change
from oncourse.genome.variant import build_of_accession, normalise
from oncourse.knowledge.delimited import Rows

#: Words of a classification -> ours; every other (uncertain, not yet reviewed) is left out and counted.
_CLASSES = {
    "pathogenic": "pathogenic",
    "likely pathogenic": "pathogenic",
    "benign": "benign",
    "likely benign": "benign",
    "benign / little clinical significance": "benign",
}
#: An assertion of an expert panel, in ClinVar's words for it: what decides by its review (`classified.ENOUGH`).
REVIEW = "reviewed by expert panel"
_PROTEIN = re.compile(r"\bp\.\(?([A-Z][a-z]{2}\d+[A-Za-z0-9_*=]*)")
_PLACE = re.compile(r"^(?:chr)?(\w+):g?\.?(\d+):([ACGT]*)>([ACGT]*)$")
_GENOMIC = re.compile(r"NC_0000(\d\d)\.(\d+):g\.(\d+)([ACGT])>([ACGT])")


@dataclass(frozen=True)
class _Kind:
    """Columns of one source: several names mean the first that is filled."""

    name: str
    gene: tuple[str, ...]
    assertion: tuple[str, ...]
    protein: tuple[str, ...]
    place: tuple[str, ...]
    accession: tuple[str, ...]
    retracted: tuple[str, ...] = ()
    build: str | None = None


_KINDS = (
    _Kind(
        "ClinGen",
        gene=("HGNC Gene Symbol",),
        assertion=("Assertion",),
        protein=("#Variation", "Variation", "HGVS Expressions"),
        place=("HGVS Expressions", "#Variation", "Variation"),
        accession=("Uuid", "ClinVar Variation Id"),
        retracted=("Retracted",),
    ),
    _Kind(
        "ENIGMA",
        gene=("Gene_Symbol",),
        assertion=("Clinical_significance_ENIGMA", "Pathogenicity_expert"),
        protein=("HGVS_Protein", "Protein_Change"),
        place=("Genomic_Coordinate_hg38",),
        accession=("CA_ID", "HGVS_cDNA"),
        build="GRCh38",
    ),
)


@dataclass(frozen=True)
class ExpertTable:
    """What was read: ``rows`` (`oncourse.knowledge.classified.COLUMNS`) of the genes asked for, ``build`` of the alleles.

    ``n_records`` of the file, ``n_other`` without a class that decides (uncertain, retracted), ``n_unread`` with neither
    an allele nor one protein change.
    """

    name: str
    rows: list[dict[str, str]]
    build: str
    checksum: str
    n_records: int
    n_other: int
    n_unread: int


def read_expert_table(path: Path, genes: Collection[str], *, build: str | None = None) -> ExpertTable:
    """Read a table of ClinGen or ENIGMA (tabs or commas, plain or gzip); InputError says which columns are wanted.

    Parameters
    ----------
    genes : kept
    build : of the alleles to keep where the table gives several (ClinGen); GRCh38 where not said
    """
    raw = path.read_bytes()
    records = _records(path)
    kind = _kind_of(records[0].keys() if records else (), path)
    wanted = kind.build or build or "GRCh38"
    rows: list[dict[str, str]] = []
    alleles: list[tuple[str, str, str, str] | None] = []
    n_other, n_unread = 0, 0
    for record in records:
        gene = current_symbol(_first(record, kind.gene))
        if gene not in genes:
            continue
        stated = _first(record, kind.assertion)
        verdict = _CLASSES.get(re.sub(r"\s+", " ", stated.strip().lower()))
        if verdict is None or _first(record, kind.retracted).strip().lower() in ("true", "yes", "1"):
            n_other += 1
            continue
        allele, change = _allele(record, kind, wanted), _change(record, kind)
        if not allele and not change:
            n_unread += 1
            continue
        alleles.append(allele)
        rows.append(
            {
                "gene": gene,
                "change": change,
                "classification": verdict,
                "stated": stated.strip(),
                "review_status": f"{REVIEW} ({kind.name})",
                "accession": _first(record, kind.accession),
            }
        )
    rows = _with_ids(rows, alleles) if rows else []
    rows.sort(key=lambda r: (r["gene"], r["variant_id"], r["change"], r["accession"]))
    return ExpertTable(kind.name, rows, wanted, sha256(raw).hexdigest()[:12], len(records), n_other, n_unread)


def _records(path: Path) -> list[dict[str, str]]:
    try:
        text = unpacked(path).decode("utf-8-sig")
    except ValueError as error:
        raise InputError(f"{path.name}: cannot be read ({error}). Give the table as it was downloaded.") from None
    first = text.partition("\n")[0]
    rows = Rows(io.StringIO(text), path.name, "\t" if "\t" in first else ",", quoted=True)
    return [{k: v or "" for k, v in row.items() if isinstance(k, str)} for row in rows]


def _kind_of(columns: Collection[str], path: Path) -> _Kind:
    for kind in _KINDS:
        if all(set(names) & set(columns) for names in (kind.gene, kind.assertion)):
            return kind
    wanted = "; ".join(f"{k.name}: {k.gene[0]}, {' or '.join(k.assertion)}, {' or '.join(k.place)}" for k in _KINDS)
    raise InputError(f"{path.name}: no table of ClinGen or ENIGMA. Columns looked for - {wanted}.")


def _first(record: Mapping[str, str], names: Collection[str]) -> str:
    return next((record[n] for n in names if record.get(n) and record[n] != "-"), "")


def _change(record: Mapping[str, str], kind: _Kind) -> str:
    """The one protein change that the columns tell; empty where they tell none, or several."""
    for name in kind.protein:
        found = {short_change(f"p.{c}") for c in _PROTEIN.findall(record.get(name, ""))}
        if len(found) == 1:
            return found.pop()
    return ""


def _allele(record: Mapping[str, str], kind: _Kind, build: str) -> tuple[str, str, str, str] | None:
    """Chromosome, position, reference and alternative of the build; None where no column tells them."""
    for name in kind.place:
        text = record.get(name, "")
        if place := _PLACE.match(text.strip()):
            return place[1], place[2], place[3], place[4]
        for chrom, version, position, ref, alt in _GENOMIC.findall(text):
            if build_of_accession(f"NC_0000{chrom}.{version}") == build:
                return ("X" if chrom == "23" else str(int(chrom))), position, ref, alt
    return None


def _with_ids(rows: list[dict[str, str]], alleles: list[tuple[str, str, str, str] | None]) -> list[dict[str, str]]:
    """The rows with ``variant_id`` as the study writes it; empty where there is no allele."""
    blank = ("", "", "", "")
    frame = pl.DataFrame([a or blank for a in alleles], schema=["chrom", "pos", "ref", "alt"], orient="row")
    ids = normalise(frame)["variant_id"].fill_null("")
    return [row | {"variant_id": name} for row, name in zip(rows, ids, strict=True)]
