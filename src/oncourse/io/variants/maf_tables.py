"""The tables of one file of small variants (MAF, VCF, table of counts), and what is said of them whatever the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from oncourse.genome import effect, protein
from oncourse.genome.builds import ANIMALS
from oncourse.genome.gene_models import BUILDS
from oncourse.genome.variant import once
from oncourse.io.ledger import Ledger
from oncourse.io.structural.large import Large
from oncourse.io.variants.maf_numbers import at_lines
from oncourse.io.whose.ids import called_first, renamed
from oncourse.study.frames import optional
from oncourse.study.repeated import shared, sorted_by
from oncourse.study.schema import Problem

#: Reason of a record that is left out because its allele is no sequence of bases.
NO_SMALL_VARIANT = "no small variant (<NON_REF>, *)"


@dataclass
class MafTables:
    """What one MAF holds.

    ``calls`` and ``variants`` as in `oncourse.study.tables`; ``samples``: sample_id, patient_id (null where the file
    names none); ``lines``: the file's line of each row of ``calls``; ``copies``: copy number at the sites, where the
    file has cBioPortal's ASCN columns, as segments of one base; ``coverage``: depth of what a genome VCF says of places
    without a variant; ``left_out``: reason, number and first line of rows in no table; ``large``: structural variants
    and copy numbers of a VCF; ``is_small``: whether small variants were looked for in it; ``unseen``: samples of files
    of large events alone, in which small variants were not looked for; ``is_unfiltered``: a caller's candidates, before
    its own filter; ``normals``: the samples that it names as the normals of others, as it writes them.
    """

    calls: pl.DataFrame
    variants: pl.DataFrame
    samples: pl.DataFrame
    lines: pl.Series
    build: str | None = None
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    copies: pl.DataFrame | None = None
    coverage: pl.DataFrame | None = None
    ledger: Ledger = field(default_factory=Ledger)
    left_out: list[tuple[str, int, int | None]] = field(default_factory=list)
    large: Large | None = None
    is_small: bool = True
    unseen: tuple[str, ...] = ()
    is_unfiltered: bool = False
    normals: frozenset[str] = frozenset()


def rename_samples(found: MafTables, mapping: Mapping[str, str]) -> None:
    """Write the samples as `mapping` does; of two that are one the called, deeper row of each variant stays."""
    found.calls = renamed(found.calls, mapping)
    if mapping and found.calls.select("sample_id", "variant_id").is_duplicated().any():
        kept = called_first(found.calls.with_columns(found.lines.alias("_line")))
        found.calls, found.lines = kept.drop("_line"), kept["_line"]
    found.samples = renamed(found.samples, mapping).unique("sample_id", keep="first", maintain_order=True)
    found.copies = None if found.copies is None else renamed(found.copies, mapping)
    found.coverage = None if found.coverage is None else renamed(found.coverage, mapping)
    found.unseen = tuple(mapping.get(s, s) for s in found.unseen)
    if found.large is not None:
        found.large.fusions = renamed(found.large.fusions, mapping)
        found.large.segments = renamed(found.large.segments, mapping)
        found.large.fits = renamed(found.large.fits, mapping)
        found.large.gene_copies = renamed(found.large.gene_copies, mapping)
        found.large.looked = tuple(mapping.get(s, s) for s in found.large.looked)


def write_rows(found: MafTables, file: str) -> None:
    """Say how many rows are calls, were looked at, are left to the assay's thresholds, or are in no table."""
    words = {
        True: "calls: called",
        False: "calls: looked at, not called",
        None: "calls: judged by the assay's thresholds",
    }
    for value, n in sorted(found.calls["is_called"].value_counts().iter_rows(), key=lambda row: str(row[0])):
        found.ledger.taken(file, words[value], n)
    for why, n, line in found.left_out:
        found.ledger.left_out(file, n, why, became="calls", line=line)


def with_copies(segments: pl.DataFrame | None, found: MafTables, notes: list[str]) -> pl.DataFrame | None:
    """Return the segments with the ASCN copies of samples that have no segment of their own; says what it did."""
    if found.copies is None or found.copies.is_empty():
        return segments
    copies = found.copies
    if segments is not None:
        copies = copies.join(segments.select("sample_id").unique(), on="sample_id", how="anti")
    if copies.is_empty():
        return segments
    notes.append(
        f"copy number at {copies.height} sites of {copies['sample_id'].n_unique()} samples without segments taken "
        f"from the "
        "ASCN columns; their cell fractions are not taken over but estimated from the reads"
    )
    return copies if segments is None else pl.concat([segments, copies], how="diagonal_relaxed")


def unknown_build(build: str | None, name: str) -> list[Problem]:
    """Say that the places of a file are of a build that is not known here; those of an animal are an error."""
    if build is None or build in BUILDS:
        return []
    if build in ANIMALS:
        cure = "Studies of people are read; give calls on GRCh37 or GRCh38."
        return [Problem(name, None, "build", build, f"the file is of the genome of the {build}.", cure)]
    word = {"NCBI36": "NCBI36 (hg18)"}.get(build, build)
    message = f"the positions are of {word}, which is not known here: nothing is read from a place."
    cure = "Lift them over to GRCh37 or GRCh38; until then what the file does not name is not assessable."
    return [Problem(name, None, "build", build, message, cure, "warning")]


def reference_problems(frame: pl.DataFrame, name: str) -> list[Problem]:
    """Say where the reference FASTA disagrees (``is_ref_match`` false) or has nothing (null)."""
    match = frame["is_ref_match"]
    known = match.drop_nulls()
    problems = []
    if lost := match.null_count():
        message = f"{lost:,} variants lie on contigs the FASTA does not have: not left-aligned."
        cure = "Give the reference the calls were made on."
        problems.append(Problem(name, None, "chrom", None, message, cure, "warning"))
    wrong = int((~known).sum())
    if wrong > 0.1 * len(known):
        message = f"{wrong:,} of {len(known):,} reference alleles are not what the FASTA has there."
        cure = "Is the FASTA of the same genome build as the calls?"
        return [*problems, Problem(name, None, "ref", None, message, cure)]
    message = "the reference allele {value} is not what the FASTA has there."
    bad = ~match.fill_null(True)
    return problems + at_lines(frame, bad, name, "ref", message, "Check build and strand.", "warning")


def severity() -> pl.Expr:
    """Return the rank of the column ``consequence``, 0 the most severe; words that nobody knows come last."""
    order = {word: rank for rank, word in enumerate(effect.CONSEQUENCES)}
    return pl.col("consequence").replace_strict(order, default=len(order), return_dtype=pl.Int64)


def variants_of(calls: pl.DataFrame) -> pl.DataFrame:
    """Return one row per variant: the annotation of its most severe row, then the first gene by name."""
    columns = ["gene", "hgvs_c", "hgvs_p", "consequence"]
    frame = calls.select("variant_id", *[optional(calls, c) for c in columns])
    several = shared(frame["variant_id"].hash())
    best = frame.filter(several).unique().with_columns(severity().alias("_rank"))
    best = best.sort(["variant_id", "_rank", *columns], nulls_last=True).drop("_rank")
    best = best.unique("variant_id", keep="first", maintain_order=True)
    first = sorted_by(pl.concat([frame.filter(~several), best]), "variant_id")
    return first.with_columns(protein.canonicals(first["hgvs_p"]).alias("hgvs_p"), once(first["gene"], _gene()))


def _gene() -> pl.Expr:
    """An intergenic variant has no gene; of ANNOVAR's list the first counts, without its transcript (of ``x``)."""
    gene = pl.col("x")
    none = gene.str.to_lowercase().is_in(["unknown", ".", "-", "", "none"]) | gene.str.contains("(dist=", literal=True)
    return pl.when(~none).then(gene.str.replace(r"\(.*$", "").str.replace(r"[;,].*$", ""))
