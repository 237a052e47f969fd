"""Gene, codon and protein change of a variant from its place alone, in GRCh37 and GRCh38.

A place in a gene whose exons are not known is named as such (region ``gene``); what neither exons nor reference codons
(`oncourse.genome.gene_models`) reach stays null: unknown, never "none".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.genome.gene_models import BUILDS, models
from oncourse.genome.genes import gene_places
from oncourse.genome.place_effect import effects_of
from oncourse.genome.stretches import GENE, OUTSIDE, REGIONS, Piece, Placed, Stretches, painted, pieces, place
from oncourse.genome.variant import with_parts

#: Up to so many variants a question is kept with its answer, and so many questions: checks, statuses and coverage ask
#: for the same ones.
KEPT_VARIANTS, KEPT_QUESTIONS = 2_000, 64
_WORKING = ("chrom", "pos", "ref", "alt", "base", "step", "is_whole", "is_splice")


@cache
def _genes(build: str) -> tuple[str, ...]:
    return tuple(sorted({*models(build), *gene_places(build)["gene"]}))


@cache
def _maps(build: str) -> dict[str, Stretches]:
    """Return each chromosome's map; a gene without exons is one piece."""
    index = {gene: i for i, gene in enumerate(_genes(build))}
    found: dict[str, list[Piece]] = {}
    known = models(build)
    for gene, chrom, first, last in gene_places(build).iter_rows():
        if gene not in known:
            found.setdefault(chrom, []).append((first, last, GENE, -1, 0, index[gene]))
    for gene, model in known.items():
        found.setdefault(model.chrom, []).extend(pieces(model, index[gene]))
    return {chrom: painted(parts) for chrom, parts in found.items()}


def locate(variant_ids: pl.Series, build: str | None) -> pl.DataFrame:
    """Return what the place of each variant says.

    Parameters
    ----------
    variant_ids : shape (n,), ``chrom:pos:ref:alt`` as `oncourse.genome.variant.normalise` writes them
    build : GRCh37 or GRCh38; with any other nothing is known

    Returns
    -------
    One row per id, in its order: ``variant_id``; ``gene`` (null outside the package's genes); ``region`` (one of
    `REGIONS`; ``gene``: within a gene whose exons are not known here; null without a build or place); ``codon_first``,
    ``codon_last``: the codons the changed bases overlap, for an insertion those of the bases on both sides;
    ``consequence``: where the place alone decides it, else null; ``hgvs_p``: where the reference codons are known, else
    null; ``is_ref_match``: whether the reference allele is what the coding sequence has there, null where not known.
    """
    if len(variant_ids) <= KEPT_VARIANTS:
        return _kept(tuple(variant_ids.to_list()), build)
    return _located(variant_ids.rename("variant_id"), build)


@lru_cache(maxsize=KEPT_QUESTIONS)
def _kept(variant_ids: tuple[str | None, ...], build: str | None) -> pl.DataFrame:
    return _located(pl.Series("variant_id", variant_ids, dtype=pl.String), build)


def _located(ids: pl.Series, build: str | None) -> pl.DataFrame:
    if not ids.null_count() and ids.n_unique() == len(ids):  # as in a table of variants: nothing is asked twice
        return _answered(pl.DataFrame({"variant_id": ids}), build)
    found = _answered(pl.DataFrame({"variant_id": ids.unique().drop_nulls().sort()}), build)
    return pl.DataFrame({"variant_id": ids}).join(found, on="variant_id", how="left", maintain_order="left")


def _answered(distinct: pl.DataFrame, build: str | None) -> pl.DataFrame:
    found = _placed(with_parts(distinct), build)
    return pl.concat([found, effects_of(found)], how="horizontal").drop(*_WORKING)


def in_coding(frame: pl.DataFrame, build: str) -> pl.Series:
    """Return whether each variant (chrom, pos, ref) touches a coding base of a gene whose exons are known."""
    if build not in BUILDS:
        return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
    return pl.Series(place(_maps(build), *spans(frame)).region == REGIONS.index("coding"))


def _placed(frame: pl.DataFrame, build: str | None) -> pl.DataFrame:
    """Add gene, region, codons, and for `oncourse.genome.place_effect`: base, step, is_whole, is_splice."""
    names: tuple[str, ...] = ()
    found = Placed.nowhere(frame.height)
    if build in BUILDS:
        names = _genes(build)
        chrom, first, last, between = spans(frame)
        found = place(_maps(build), chrom, first, last, between)
        elsewhere = (found.region < 0) & frame["pos"].is_not_null().to_numpy()
        found.region[elsewhere] = OUTSIDE
    return frame.with_columns(
        names_at("gene", found.gene, names),
        names_at("region", found.region, REGIONS),
        _codon("codon_first", found.low),
        _codon("codon_last", found.high),
        pl.Series("base", found.low),
        pl.Series("step", found.step),
        pl.Series("is_whole", found.is_whole),
        pl.Series("is_splice", found.is_splice),
    )


def spans(frame: pl.DataFrame) -> tuple[pl.Series, NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return chromosome, first and last base of each variant (chrom, pos, ref), and whether it lies between the two."""
    between = (pl.col("ref") == "-").fill_null(False)
    width = pl.when(between).then(2).otherwise(pl.col("ref").str.len_bytes()).fill_null(1).cast(pl.Int64)
    pos = pl.col("pos").fill_null(0)
    table = frame.select(chrom="chrom", first=pos, last=pos + width - 1, between=between)
    return table["chrom"], table["first"].to_numpy(), table["last"].to_numpy(), table["between"].to_numpy()


def names_at(name: str, numbers: NDArray[np.int64], names: Sequence[str | None]) -> pl.Series:
    """Return a column `name` of the names that stand at `numbers`, shape (n,); null where a number is negative."""
    return _with_none(tuple(names)).gather(np.where(numbers < 0, len(names), numbers)).alias(name)


@lru_cache(maxsize=8)
def _with_none(names: tuple[str | None, ...]) -> pl.Series:
    """The names and a null behind them: of 20,000 genes, kept."""
    return pl.Series([*names, None], dtype=pl.String)


def _codon(name: str, base: NDArray[np.int64]) -> pl.Series:
    return pl.Series(name, base // 3 + 1).set(pl.Series(base < 0), None)
