"""Which kinds of alteration two cohorts or groups were looked at for alike, and the status that counts those alone."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from oncourse.derive.genes.gene_status import GeneStatus

#: Kinds of alteration beside mutations -> the column of `Panels.samples` with the assay that looked for them.
KINDS = {"copies": "cna", "fusions": "sv"}
#: Shares of patients looked at may differ by so much and still be alike.
ALIKE = 0.1


def shares_by_group(status: GeneStatus, groups: pl.DataFrame) -> pl.DataFrame:
    """Return group, and the share of its patients profiled for mutations who were looked at for each of `KINDS`.

    groups : sample_id, group
    """
    placed = groups.drop_nulls("group").select("sample_id", "group")
    samples = status.panels.samples.drop_nulls("mutation").join(placed, on="sample_id", how="inner")
    looked = samples.group_by("group", "patient_id").agg(pl.col(c).is_not_null().any() for c in KINDS.values())
    return looked.group_by("group").agg(pl.col(c).mean().alias(kind) for kind, c in KINDS.items()).sort("group")


def alike(shares: pl.DataFrame) -> tuple[str, ...]:
    """Return the kinds for which the groups were looked at, and alike: only these can be compared.

    >>> alike(pl.DataFrame({"group": ["a", "b"], "copies": [1.0, 0.0], "fusions": [0.5, 0.52]}))
    ('fusions',)
    """
    values = {k: shares[k].to_list() for k in KINDS}
    return tuple(k for k, v in values.items() if v and max(v) > 0 and max(v) - min(v) <= ALIKE)


def counting(status: GeneStatus, kinds: tuple[str, ...]) -> GeneStatus:
    """Return the status in which mutations and these kinds count as alterations, and no other."""
    if set(kinds) >= set(KINDS):
        return status
    copies = pl.col("is_amplified") | pl.col("is_deleted")
    other = pl.col("is_fused") | ~(pl.col("is_mutated") | copies)  # a gene that a rearrangement breaks
    counts = pl.col("is_mutated") | (copies & ("copies" in kinds)) | (other & ("fusions" in kinds))
    return replace(status, altered=status.altered.with_columns(is_altered=pl.col("is_altered") & counts))


def in_words(kinds: tuple[str, ...]) -> str:
    """Name what counts: mutations, and the kinds."""
    return ", ".join(("mutations", *kinds))
