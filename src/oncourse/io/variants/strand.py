"""Rows of a MAF whose Strand is ``-``: are their alleles written on that strand, or is it the gene's?

The specification of the MAF knows ``+`` alone. Old files give the alleles on the strand they name; VEP's STRAND is the
transcript's, and the alleles are of the forward strand. The reference base decides: of the FASTA, else of the coding
sequences the package knows. Where neither knows one, the alleles stay as they are written, and that is told.
"""

from __future__ import annotations

import polars as pl

from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_models import models
from oncourse.genome.place_effect import opposite
from oncourse.genome.places import locate
from oncourse.genome.variant import normalise, once
from oncourse.io.variants.maf_numbers import at_lines
from oncourse.study.schema import Problem

_REVERSE = ("-", "-1", "−", "minus", "rev", "reverse")


def on_forward(
    frame: pl.DataFrame, name: str, build: str | None, fasta: Fasta | None, notes: list[str]
) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the rows with alleles of the forward strand and without the column ``strand``, and what nobody can tell.

    Parameters
    ----------
    frame : chrom, pos, ref, alt (text) and line of each row, and ``strand`` where the file has it
    """
    if "strand" not in frame.columns:
        return frame, []
    reverse = frame["strand"].str.strip_chars().str.to_lowercase().is_in(_REVERSE).fill_null(False)
    frame, strand = frame.drop("strand"), reverse
    if not reverse.any():
        return frame, []
    rows = frame.filter(reverse)
    turned = rows.with_columns(once(rows[a], _opposite()).alias(a) for a in ("ref", "alt"))
    as_written, other = (_is_there(f, build, fasta) for f in (rows, turned))
    says_other, says_written = other & ~as_written, as_written & ~other
    unknown = ~(says_other | says_written)
    agreed = bool(says_other.any()) != bool(says_written.any())
    turn = says_other | (unknown & bool(says_other.any())) if agreed else says_other
    problems = []
    if unknown.any() and not agreed and not _is_of_genes(frame, strand, build):
        bad = pl.Series([False] * frame.height).scatter(reverse.arg_true().filter(unknown), True)
        message = "Strand is {value}, and the reference base is not known here: the alleles are read as written."
        cure = "Give --fasta: it tells whether they are of the strand named. Until then place and bases may be wrong."
        problems = at_lines(
            frame.with_columns(pl.lit("-").alias("strand")), bad, name, "strand", message, cure, "warning"
        )
    if turn.any():
        notes.append(
            f"{turn.sum():,} rows of Strand - had the alleles of that strand: read as those of the forward one"
        )
        at = reverse.arg_true().filter(turn)
        frame = frame.with_columns(frame[a].scatter(at, turned.filter(turn)[a]) for a in ("ref", "alt"))
    return frame, problems


def _opposite() -> pl.Expr:
    """The other strand of an allele that is a sequence of bases; any other text as it is."""
    return pl.col("x").map_elements(
        lambda text: opposite(text.upper()) if set(text.upper()) <= set("ACGTN") else text, return_dtype=pl.String
    )


def _is_there(rows: pl.DataFrame, build: str | None, fasta: Fasta | None) -> pl.Series:
    """Whether the reference allele of each row is what the genome has there; false where that is not known."""
    placed = normalise(rows.select("chrom", "pos", "ref", "alt"), fasta=fasta)
    found = placed["is_ref_match"] if fasta is not None else locate(placed["variant_id"], build)["is_ref_match"]
    return (found & (placed["ref"] != "-")).fill_null(False)


def _is_of_genes(frame: pl.DataFrame, reverse: pl.Series, build: str | None) -> bool:
    """Whether every row's strand is its gene's, in genes of both strands: the column is the transcript's."""
    if build is None or "gene" not in frame.columns:
        return False
    known = {gene: model.forward for gene, model in models(build).items()} if build in ("GRCh37", "GRCh38") else {}
    forward = frame["gene"].replace_strict(known, default=None, return_dtype=pl.Boolean)
    told = pl.DataFrame({"forward": forward, "reverse": reverse}).drop_nulls()
    return told["forward"].n_unique() == 2 and bool((told["forward"] != told["reverse"]).all())
