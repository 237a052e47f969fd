"""Promoter mutations that alter their gene: TERT, at the bases where they make a new ETS site."""

from __future__ import annotations

import polars as pl

#: (build, 1-based base on chromosome 5, alleles as on the reference strand) of c.-124C>T, c.-146C>T, c.-138_-139CC>TT
#: and c.-57A>C. Huang 2013, Science 339:957; Horn 2013, Science 339:959; places from memory, as build 37 less 115 in
#: build 38.
_TERT_37 = ((1295228, "G", "A"), (1295250, "G", "A"), (1295242, "GG", "AA"), (1295161, "T", "G"))
_BUILD_38 = -115
TERT_PROMOTER = frozenset(f"5:{pos + shift}:{ref}:{alt}" for pos, ref, alt in _TERT_37 for shift in (0, _BUILD_38))


def is_promoter_mutation() -> pl.Expr:
    """Whether a variant (variant_id, gene) is a known promoter mutation of its gene, in either build.

    Beside it the gene may have any other change before its first exon, which says nothing.
    """
    return (pl.col("gene") == "TERT").fill_null(False) & pl.col("variant_id").is_in(sorted(TERT_PROMOTER))
