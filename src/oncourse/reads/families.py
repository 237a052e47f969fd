"""Families of reads that were copied from one molecule, by place, strand and unique molecular identifier (UMI).

A UMI with a sequencing error would be a family of its own: within one place, an identifier that differs in one base
from one at least twice (less one) as frequent is taken for it (the directional rule [1]_).

References
----------
.. [1] Smith T, Heger A, Sudbery I. UMI-tools. Genome Res 2017;27:491-499.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.reads import _site_kernels as k

if TYPE_CHECKING:
    from oncourse.reads.genotype import Counting

Ints = NDArray[np.int64]
_COLUMNS = ("site", "name", "seen", "sides", "quality", "mapping", "edge", "mismatches", "place", "umi")


def families(rows: Ints, counting: Counting) -> tuple[Ints, int]:
    """Return one row per family and site, with what most of its fragments show (-1: they contradict each other).

    Families of fewer than ``min_family`` fragments say nothing and are left out; with ``duplex`` those too that were
    not seen from both strands of the molecule.
    """
    frame = pl.DataFrame({name: rows[:, i] for i, name in enumerate(_COLUMNS)})
    frame = frame.with_columns(umi=true_umis(frame)).with_columns(
        top=pl.col("sides") // k.F1R2 % 2 == 1, bottom=pl.col("sides") // k.F2R1 % 2 == 1
    )
    key = ["site", "place", "umi"]
    votes = frame.group_by([*key, "seen"]).agg(
        pl.len().alias("n"),
        pl.col("quality", "mapping", "edge").max(),
        pl.col("mismatches").min(),
        pl.col("sides").bitwise_or(),
        pl.col("top").any(),
        pl.col("bottom").any(),
        pl.col("name").min(),
    )
    one = (
        votes.sort([*key, "n", "seen"], descending=[False, False, False, True, False])
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("n").sum().alias("size"),
            pl.col("n").first().alias("most"),
            pl.exclude("n", "top", "bottom").first(),
            both=pl.col("top").any() & pl.col("bottom").any(),
            agreed=pl.col("top").first() & pl.col("bottom").first(),
        )
    )
    one = one.filter(pl.col("size") >= counting.min_family)
    if counting.duplex:
        one = one.filter(pl.col("both"))
        agreed = pl.col("agreed") & (pl.col("most") >= counting.min_agreement * pl.col("size"))
    else:
        agreed = pl.col("most") >= counting.min_agreement * pl.col("size")
    one = one.with_columns(seen=pl.when(agreed).then(pl.col("seen")).otherwise(pl.lit(-1)))
    out = one.select(pl.col(name).cast(pl.Int64) for name in _COLUMNS).to_numpy()
    return np.ascontiguousarray(out), len(out)


def true_umis(frame: pl.DataFrame) -> pl.Series:
    """Return the identifier each row's molecule had, one-base errors undone (columns ``place``, ``umi``, ``name``)."""
    seen = frame.select("place", "umi", "name").unique().group_by("place", "umi").agg(pl.len().alias("n"))
    crowded = seen.filter(pl.len().over("place") > 1).sort("place", "n", "umi", descending=[False, True, False])
    found: list[tuple[int, int, int]] = []
    for (place, *_), group in crowded.group_by("place", maintain_order=True):
        umis, n = group["umi"].to_numpy(), group["n"].to_numpy()
        parent = _parents(umis, n)
        for i in np.flatnonzero(parent != np.arange(len(umis))):
            found.append((place, int(umis[i]), int(umis[parent[i]])))
    if not found:
        return frame["umi"]
    known = pl.DataFrame(found, schema=dict.fromkeys(("place", "umi", "_true"), pl.Int64), orient="row")
    joined = frame.select("place", "umi").join(known, on=["place", "umi"], how="left", maintain_order="left")
    return joined.select(pl.coalesce("_true", "umi").alias("umi"))["umi"]


def _parents(umis: Ints, n: Ints) -> Ints:
    """Return the row of the identifier each one comes from: itself, or a near one that is more frequent."""
    parent = np.arange(len(umis))
    apart = umis[:, None] ^ umis[None, :]
    bases = (apart | (apart >> 1)) & 0x5555555555555555
    is_near = (bases != 0) & (bases & (bases - 1) == 0) & (n[:, None] >= 2 * n[None, :] - 1)
    for child in range(1, len(umis)):
        near = np.flatnonzero(is_near[:child, child])
        if len(near):
            parent[child] = parent[near[0]]
    return parent
