"""Reads of one row that contradict each other: of 221 reads 196 with the change and 196 without, beside a share of 0.109.

bcftools 1.12 wrote the reads of the reference for every allele (samtools/bcftools#1499): half the reads in every record.
Where the reads of the alleles are more than the depth and the share says otherwise, share and depth agree with each other
and are taken; where every allele has the same number of them, they are not known. All else is told and stands.
"""

from __future__ import annotations

import polars as pl

from oncourse.io.variants.dialects import Counts, Fields, Site, fraction, whole
from oncourse.study.schema import Problem

#: Own choices. Of fewer reads chance, and a caller's model of the share, part the numbers; so do a tenth of the reads,
#: and shares of which one is less than half as large again. Reads that a caller counts before its filters (GATK: AD)
#: exceed the depth after them by less than the last.
LEAST_DEPTH, APART, TIMES, OVER = 20, 0.1, 1.5, 1.2
#: What became of the reads of a row that contradict each other.
BY_SHARE, UNKNOWN, KEPT = "by their share", "unknown", "kept"
_WORDS = {
    BY_SHARE: "more than the depth, and the share says otherwise: share and depth are taken",
    UNKNOWN: "more than the depth, and the same of every allele: not taken",
    KEPT: "that the depth or the share beside them contradicts: taken as they are",
}


def apart(seen: int, depth: int, share: float | None) -> bool:
    """Whether a share is another than that of the reads.

    >>> apart(196, 392, 0.109), apart(196, 221, 0.109), apart(50, 100, 0.45), apart(2, 4, 0.9), apart(50, 100, None)
    (True, True, False, False, False)
    """
    if share is None or depth < LEAST_DEPTH:
        return False
    own = seen / depth
    return abs(own - share) > APART and max(own, share) > TIMES * min(own, share)


def agreed(found: Counts, fields: Fields, site: Site) -> tuple[Counts, str | None]:
    """Return the reads of an allele and the depth, and what became of them where they contradict the depth or the share.

    >>> bcf = {"AD": "196,196", "AF": "0.109", "DP": "221"}
    >>> agreed((196, 392), bcf, Site("C", "T")), agreed((196, 392), {**bcf, "AF": "."}, Site("C", "T"))
    (((24, 221), 'by their share'), ((None, 221), 'unknown'))
    >>> agreed((30, 100), {"AD": "70,30", "AF": "0.31", "DP": "98"}, Site("C", "T"))
    ((30, 100), None)
    >>> agreed((196, 221), {"AD": "25,196", "AF": "0.109", "DP": "221"}, Site("C", "T"))
    ((196, 221), 'kept')
    """
    seen, depth = found
    if seen is None or depth is None or depth < LEAST_DEPTH:
        return found, None
    share = fraction(fields, site)
    differs = apart(seen, depth, share)
    given = whole(fields.get("DP"))
    cells = [whole(c) or 0 for c in fields.get("AD", "").split(",")]
    over = given is not None and given > 0 and depth == sum(cells) and depth > OVER * given
    if over and differs and share is not None and given is not None:
        return (round(share * given), given), BY_SHARE
    if over and len(cells) > 1 and len(set(cells)) == 1:
        return (None, given), UNKNOWN
    return found, KEPT if over or differs else None


def agreed_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows of a table (alt_count, ref_count, depth, vaf: numbers) as `agreed` has them, with ``disagreed``."""
    seen, rest, depth, share = (pl.col(c) for c in ("alt_count", "ref_count", "depth", "vaf"))
    own = seen / depth
    least, most = pl.min_horizontal(own, share), pl.max_horizontal(own, share)
    differs = (depth >= LEAST_DEPTH) & ((own - share).abs() > APART) & (most > TIMES * least)
    over = (depth >= LEAST_DEPTH) & (seen + rest > OVER * depth)
    by_share = (over & share.is_not_null() & ((seen / (seen + rest) - share).abs() > APART)).fill_null(False)
    unknown = (over & (seen == rest)).fill_null(False) & ~by_share
    kept = (over.fill_null(False) | differs.fill_null(False)) & ~by_share & ~unknown
    reads = (share * depth).round(0).cast(pl.Int64, strict=False)
    what = pl.when(by_share).then(pl.lit(BY_SHARE)).when(unknown).then(pl.lit(UNKNOWN)).when(kept).then(pl.lit(KEPT))
    return frame.with_columns(
        pl.when(by_share).then(reads).when(~unknown).then(seen).alias("alt_count"),
        pl.when(~unknown).then(rest).alias("ref_count"),
        what.alias("disagreed"),
    )


def tell_disagreement(frame: pl.DataFrame, name: str, numbers: str) -> list[Problem]:
    """Return a warning for each outcome of rows whose numbers contradict each other (``disagreed``), with the first row.

    `numbers` : names of the numbers, as the file has them
    """
    out = []
    for what, words in _WORDS.items():
        rows = frame.filter((pl.col("disagreed") == what).fill_null(False))
        if rows.is_empty():
            continue
        n = rows["line"].n_unique()
        message = f"{n:,} rows give reads with the change {words}."
        cure = f"Look at {numbers} of these rows, and give the counts of the reads anew."
        out.append(Problem(name, int(rows["line"].to_list()[0]), "alt_count", None, message, cure, "warning"))
    return out
