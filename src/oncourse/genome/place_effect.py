"""Consequence and protein change of a placed variant, from the reference codons that are known."""

from __future__ import annotations

from functools import cache

import polars as pl

from oncourse.genome.gene_models import coding_bases
from oncourse.genome.protein_change import by_length, change, coding_change, protein_of, translate

_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
#: Regions whose name decides the consequence.
_BY_REGION = {"splice": "splice_site", "intron": "intron", "upstream": "upstream", "downstream": "downstream"}
_SCHEMA = {"consequence": pl.String, "hgvs_p": pl.String, "is_ref_match": pl.Boolean}
_Effect = tuple[str | None, str | None, bool | None]


def opposite(bases: str) -> str:
    """Return the bases of the other strand, in its reading order.

    >>> opposite("AACG")
    'CGTT'
    """
    return bases.translate(_COMPLEMENT)[::-1]


def effects_of(placed: pl.DataFrame) -> pl.DataFrame:
    """Return consequence, hgvs_p and is_ref_match of each row of a frame as `oncourse.genome.places` makes it."""
    by_region = placed["region"].replace_strict(_BY_REGION, default=None, return_dtype=pl.String)
    out = pl.DataFrame({"consequence": by_region}).with_columns(
        pl.lit(None, pl.String).alias("hgvs_p"), pl.lit(None, pl.Boolean).alias("is_ref_match")
    )
    rows = (placed["region"] == "coding").fill_null(False).arg_true()
    if rows.is_empty():
        return out
    columns = ("gene", "ref", "alt", "base", "step", "is_whole", "is_splice")
    found = [_coding(*row) for row in placed[rows].select(columns).iter_rows()]
    changed = pl.DataFrame(found, schema=_SCHEMA, orient="row")
    return out.with_columns(out[c].scatter(rows, changed[c]).alias(c) for c in _SCHEMA)


def _coding(gene: str, ref: str, alt: str, base: int, step: int, is_whole: bool, is_splice: bool) -> _Effect:
    """Return the effect of a variant with at least one coding base; `base` counts from 0 in reading order."""
    if not is_whole:  # across an exon's end; an insertion there is in the exon or in the intron
        return ("splice_site" if is_splice and ref != "-" else None), None, None
    ref, alt = ref.replace("-", ""), alt.replace("-", "")
    if step < 0:
        ref, alt = opposite(ref), opposite(alt)
    base += ref == ""  # of the two bases beside an insertion, it comes before the second
    known = coding_bases().get(gene, "")
    there = known[base : base + len(ref)]
    if len(there) < len(ref) or "N" in there:
        return by_length(ref, alt), None, None
    if there != ref:
        return by_length(ref, alt), None, False
    if "N" in alt:  # a base nobody named: it may be silent
        return None if len(ref) == len(alt) else by_length(ref, alt), None, True
    if len(ref) != len(alt):
        if not known or "N" in known:
            return by_length(ref, alt), None, True if ref else None
        return *coding_change(known, "", _protein(gene), base, ref, alt), True if ref else None
    first, last = base // 3, (base + len(ref) - 1) // 3
    old = known[3 * first : 3 * last + 3]
    if "N" in old:
        return None, None, True
    new = old[: base - 3 * first] + alt + old[base - 3 * first + len(alt) :]
    return *change(translate(old), translate(new), first + 1), True


@cache
def _protein(gene: str) -> str:
    return protein_of(coding_bases()[gene])
