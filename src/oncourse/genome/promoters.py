"""Promoter mutations that alter their gene: TERT, at the bases where they make a new ETS site."""

from __future__ import annotations

import polars as pl

#: (build, 1-based base on chromosome 5, alleles as on the reference strand) of c.-124C>T, c.-146C>T, c.-138_-139CC>TT
#: and c.-57A>C. Huang 2013, Science 339:957; Horn 2013, Science 339:959; places from memory, as build 37 less 115 in
#: build 38.
_TERT_37 = ((1295228, "G", "A"), (1295250, "G", "A"), (1295242, "GG", "AA"), (1295161, "T", "G"))
_BUILD_38 = -115
TERT_PROMOTER = frozenset(f"5:{pos + shift}:{ref}:{alt}" for pos, ref, alt in _TERT_37 for shift in (0, _BUILD_38))

#: What these are called by the last digits of their places in build 37 -> coding change.
_CALLED = {"C228T": "c.-124C>T", "G228A": "c.-124C>T", "C250T": "c.-146C>T", "G250A": "c.-146C>T"}


def named_promoter_change(gene: str | None, change: str | None) -> str | None:
    """Return the coding change that a promoter mutation's common name means; null for any other change.

    >>> named_promoter_change("TERT", "p.C228T"), named_promoter_change("TP53", "p.C229Y")
    ('c.-124C>T', None)
    """
    return _CALLED.get((change or "").removeprefix("p.")) if gene == "TERT" else None


def is_promoter_mutation() -> pl.Expr:
    """Whether a variant (variant_id, gene) is a known promoter mutation of its gene, in either build.

    Beside it the gene may have any other change before its first exon, which says nothing.
    """
    named = sorted({*TERT_PROMOTER, *(f"TERT:{c}" for c in _CALLED.values())})
    return (pl.col("gene") == "TERT").fill_null(False) & pl.col("variant_id").is_in(named)
