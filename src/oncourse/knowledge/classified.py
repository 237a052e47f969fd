"""Changes a table of the user lists as pathogenic, benign or conflicting: looked up by allele, else by protein change.

The table is tab-separated with `COLUMNS`; its first comment line names source, date, licence and genome build
(``# ClinVar; 2026-11-01; public domain; GRCh38``). `oncourse kb import clinvar` makes one.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.gene_models import BUILDS
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.protein import short_change
from oncourse.knowledge.alterations import current_numbering

COLUMNS = ("variant_id", "gene", "change", "classification", "stated", "review_status", "accession")
CLASSIFICATIONS = ("pathogenic", "benign", "conflicting")
#: Review statuses from which a listing decides; ClinVar's two to four stars (NCBI, "Review status in ClinVar"; written
#: from memory). Below them it is named and decides nothing.
ENOUGH = ("practice guideline", "reviewed by expert panel", "criteria provided, multiple submitters")
_CURE = "Make one with 'oncourse kb import clinvar FILE --out classified.tsv'."


@dataclass(frozen=True)
class Listing:
    """What a list says of one change: ``verdict`` pathogenic, benign, conflicting, or empty where the review is too
    weak."""

    verdict: str = ""
    words: str = ""


def verdict_of(classification: str, review_status: str) -> str:
    """Return the classification where its review is enough; conflicting needs none.

    >>> verdict_of("pathogenic", "criteria provided, single submitter")
    ''
    >>> verdict_of("pathogenic", "reviewed by expert panel")
    'pathogenic'
    """
    is_enough = review_status.startswith(ENOUGH) and "conflicting" not in review_status
    return classification if is_enough or classification == "conflicting" else ""


@dataclass(frozen=True)
class Classified:
    """Listed changes with an index; ``name``, ``date``, ``licence``, ``checksum`` are printed in every report."""

    alleles: Mapping[tuple[str, str], Listing] = field(repr=False)
    changes: Mapping[tuple[str, str], Listing] = field(repr=False)
    n: int = 0
    name: str = ""
    date: str = ""
    licence: str = ""
    build: str = ""
    checksum: str = ""

    def of(self, gene: str, variant_id: str, change: str, *, build: str | None) -> Listing:
        """Return what is listed of a variant: of its own allele first (in the same `build`), else of its protein
        change."""
        same_build = bool(build) and build == self.build
        allele = self.alleles.get((gene, variant_id)) if same_build else None
        is_one = bool(change) and not change.endswith("fs")  # of a frameshift its end is not kept
        protein = self.changes.get((gene, change)) if is_one else None
        found = [listing for listing in (allele, protein) if listing is not None]
        return next((f for f in found if f.verdict), found[0] if found else Listing())


#: What the class a laboratory gives a variant decides.
_OF_LABORATORY = {
    "pathogenic": "pathogenic",
    "likely_pathogenic": "pathogenic",
    "uncertain": "uncertain",
    "likely_benign": "benign",
    "benign": "benign",
    "conflicting": "conflicting",
}


def of_laboratory(pathogenicity: str | None) -> Listing:
    """Return what the laboratory that reported a variant says of it (``variants.pathogenicity``).

    >>> of_laboratory("likely_benign"), of_laboratory(None)
    (Listing(verdict='benign', words='the laboratory: likely benign'), Listing(verdict='', words=''))
    """
    if pathogenicity not in _OF_LABORATORY:
        return Listing()
    return Listing(_OF_LABORATORY[pathogenicity], f"the laboratory: {pathogenicity.replace('_', ' ')}")


def of_both(listing: Listing, laboratory: Listing) -> Listing:
    """Return what a list and the laboratory say together: the list decides where its review is enough, and what the
    laboratory says otherwise stands beside; pathogenic against benign is conflicting."""
    if not listing.verdict or not laboratory.verdict:
        one, other = (laboratory, listing) if laboratory.verdict else (listing, laboratory)
        return Listing(one.verdict, "; ".join(filter(None, (one.words, other.words))))
    words = f"{listing.words}; {laboratory.words}"
    against = {listing.verdict, laboratory.verdict} == {"pathogenic", "benign"}
    return Listing("conflicting" if against else listing.verdict, words)


def listings(rows: pl.DataFrame, classified: Classified | None, build: str | None) -> pl.DataFrame:
    """Return `rows` (gene, variant_id, change, pathogenicity) with ``listed`` (a verdict, or empty) and ``listed_by``
    (words), of the study's list and the laboratory together; pathogenicity is left out."""
    said = [of_laboratory(word) for word in rows["pathogenicity"]]
    rows = rows.drop("pathogenicity")
    if classified is None:
        found = said
    else:
        keys = rows.select("gene", "variant_id", "change").rows()
        listed = [classified.of(gene, variant, change, build=build) for gene, variant, change in keys]
        found = [of_both(one, laboratory) for one, laboratory in zip(listed, said, strict=True)]
    return rows.with_columns(
        pl.Series("listed", [f.verdict for f in found], pl.String),
        pl.Series("listed_by", [f.words for f in found], pl.String),
    )


def write_classified(rows: Iterable[Mapping[str, str]], path: Path, *, comment: str) -> None:
    """Write listed changes (`COLUMNS`) as a table; `comment` names source, date, licence and build."""
    lines = [f"# {comment}", "\t".join(COLUMNS), *("\t".join(row[c] for c in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_classified(path: Path, build: str | None = None) -> Classified:
    """Read a table of listed changes for a study in `build`.

    Raises
    ------
    InputError : the table cannot be read, has other columns or words, or is of another genome build than the study
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}).") from None
    comments = [line[1:].strip() for line in text.splitlines() if line.startswith("#")]
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    frame = _frame([line for _, line in lines], path.name)
    _check(frame, [n for n, _ in lines[1:]], path.name)
    parts = [part.strip() for part in (comments[0] if comments else path.name).split(";")]
    own = next((part for part in parts if part in BUILDS), "")
    name, date, licence = (*(part for part in parts if part not in BUILDS), "", "")[:3]
    if own and build and own != build:
        raise InputError(f"{path.name}: lists changes of {own}, the study is {build}. Import the file of {build}.")
    alleles, changes = _indexed(frame, name)
    return Classified(alleles, changes, frame.height, name, date, licence, own, sha256(data).hexdigest()[:12])


def _frame(lines: list[str], name: str) -> pl.DataFrame:
    header = lines[0].split("\t") if lines else []
    missing = [c for c in COLUMNS if c not in header]
    if missing:
        raise InputError(f"{name}: no table of classified changes (columns {', '.join(missing)} are missing). {_CURE}")
    try:
        frame = pl.read_csv(io.StringIO("\n".join(lines)), separator="\t", infer_schema=False, quote_char=None)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{name}: cannot be read as a table ({str(error).splitlines()[0]}). {_CURE}") from None
    return frame.select(pl.col(c).fill_null("").str.strip_chars() for c in COLUMNS)


def _check(frame: pl.DataFrame, lines: list[int], name: str) -> None:
    """Name the first rows whose classification is no word of ours, or that name no change."""
    problems = []
    for number, row in zip(lines, frame.iter_rows(named=True), strict=True):
        if row["classification"] not in CLASSIFICATIONS:
            problems.append(
                f"{name}.classification, line {number}: '{row['classification']}' is not one of "
                f"{', '.join(CLASSIFICATIONS)}."
            )
        elif not row["gene"] or not (row["variant_id"] or row["change"]):
            problems.append(f"{name}, line {number}: needs a gene, and a variant_id or a change.")
    if problems:
        more = [f"{name}: {len(problems) - 5:,} more rows of these kinds."] if len(problems) > 5 else []
        raise InputError([*problems[:5], *more])


def _indexed(frame: pl.DataFrame, name: str) -> tuple[dict[tuple[str, str], Listing], dict[tuple[str, str], Listing]]:
    """Index by allele and by change; a change listed in two ways is conflicting, of two reviews the stronger counts."""
    alleles: dict[tuple[str, str], Listing] = {}
    changes: dict[tuple[str, str], Listing] = {}
    for row in frame.iter_rows(named=True):
        gene = current_symbol(row["gene"])
        stated = row["stated"] or row["classification"]
        listing = Listing(
            verdict_of(row["classification"], row["review_status"]), f"{name}: {stated}, {row['review_status']}"
        )
        change = current_numbering(gene, short_change(row["change"])) if row["change"] else ""
        for index, key in ((alleles, row["variant_id"]), (changes, change)):
            if key:
                index[(gene, key)] = _stronger(index.get((gene, key)), listing, name)
    return alleles, changes


def _stronger(old: Listing | None, new: Listing, name: str) -> Listing:
    if old is None or not old.verdict or not new.verdict:
        return new if old is None or not old.verdict else old
    return old if old.verdict == new.verdict else Listing("conflicting", f"{name}: listed in two ways")
