"""The judgement of one patient: counts of all samples at all sites, with tags, calls and origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import parts
from oncourse.reads.background import ContextErrors, background_of, site_rates
from oncourse.reads.judge import (
    Rules,
    alpha_of,
    among_strays,
    beside,
    chances,
    clustered,
    origins,
    strays_together,
    tags_of,
)
from oncourse.reads.profile import Bases
from oncourse.reads.sheet import ReadsSample

#: Change that damage makes on the strand read first, and its complement on the other (FFPE deamination, oxidised G).
_DAMAGE = {("C", "T"): "F1R2", ("G", "A"): "F2R1", ("G", "T"): "F1R2", ("C", "A"): "F2R1"}


@dataclass(frozen=True)
class Counted:
    """A sample with what was counted: at the patient's sites (`oncourse.reads.genotype`) and at all target bases."""

    sample: ReadsSample
    counts: pl.DataFrame
    bases: Bases


def describe_sites(ids: pl.Series, fasta: Fasta) -> pl.DataFrame:
    """Return variant_id, contig, pos, ref, alt, the bases around (``before``, ``after``: 0-3, 4 unknown),
    ``repeat``."""
    frame = pl.DataFrame({"variant_id": ids}).with_columns(parts()).rename({"chrom": "contig"})
    code = {b: i for i, b in enumerate("ACGT")}
    before, after, repeat = [], [], []
    for contig, pos, ref, alt in frame.select("contig", "pos", "ref", "alt").iter_rows():
        around = fasta.fetch(contig, pos - 25, pos + 40)
        centre = min(25, pos - 1)
        before.append(code.get(around[centre - 1 : centre], 4) if centre else 4)
        after.append(code.get(around[centre + len(ref) : centre + len(ref) + 1], 4))
        is_indel = ref == "-" or alt == "-" or len(ref) != len(alt)
        repeat.append(_run(around, centre + (ref == "-")) if is_indel else 1)
    own = [_differences(*row) for row in frame.select("ref", "alt").iter_rows()]
    return frame.with_columns(
        pl.Series("own_mismatches", own, pl.Int64),
        pl.Series("before", before, pl.Int64),
        pl.Series("after", after, pl.Int64),
        pl.Series("repeat", repeat, pl.Int64),
    )


def _differences(ref: str, alt: str) -> int:
    """Return by how many bases a read with the variant differs from the reference; NM counts each inserted or deleted
    base.

    >>> _differences("CA", "TA"), _differences("-", "ACG"), _differences("ACG", "T")
    (1, 3, 3)
    """
    ref, alt = ref.replace("-", ""), alt.replace("-", "")
    if len(ref) == len(alt):
        return sum(r != a for r, a in zip(ref, alt, strict=True))
    return max(len(ref), len(alt))


def _run(around: str, at: int) -> int:
    """Return the length of the longest run of one base that touches a place."""
    best = 1
    for start in (at - 1, at, at + 1):
        if not 0 <= start < len(around):
            continue
        left = right = start
        while left > 0 and around[left - 1] == around[start]:
            left -= 1
        while right < len(around) - 1 and around[right + 1] == around[start]:
            right += 1
        best = max(best, right - left + 1)
    return best


def judge(
    counted: list[Counted],
    found: pl.DataFrame,
    fasta: Fasta,
    *,
    others: Mapping[str, Bases] | None = None,
    rules: Rules | None = None,
    common: frozenset[str] = frozenset(),
) -> pl.DataFrame:
    """Return every site of a patient in every sample.

    Parameters
    ----------
    found : variant_id, found_by of `oncourse.reads.discover.union`
    others : target bases of normals of other patients (the panel of normals)
    common : variant ids that are common in people

    Returns
    -------
    ``sample_id``, the columns of the genotyper, ``p_noise``, ``error_rate``, ``is_called``, ``tags``, ``origin``,
    ``normal_says``, ``found_by``; a row per site and sample
    """
    rules = rules or Rules()
    sites = describe_sites(found["variant_id"], fasta).join(found, on="variant_id", how="left", maintain_order="left")
    normals = _in_others(sites, others or {})
    backgrounds = {c.sample.sample: background_of(c.bases) for c in counted}
    frames = [_row_frame(c, sites, backgrounds[c.sample.sample], normals) for c in counted]
    frames = _called_twice(counted, frames, rules)
    normal = _best_normal(counted)
    where = None if normal is None else frames[normal]
    tumours = [f for c, f in zip(counted, frames, strict=True) if not c.sample.is_germline]
    largest = _largest(tumours or frames)
    role = None if normal is None else counted[normal].sample.role
    origin = origins(largest, where, normal_role=role, rules=rules)
    out = [
        _with_origin(frame, c.sample, origin, role, tumours, common) for c, frame in zip(counted, frames, strict=True)
    ]
    return pl.concat(out)


def _row_frame(c: Counted, sites: pl.DataFrame, background: ContextErrors, normals: pl.DataFrame) -> pl.DataFrame:
    rates = site_rates(sites, background, normals)
    frame = pl.concat([sites, c.counts.drop("variant_id")], how="horizontal").with_columns(
        pl.lit(c.sample.sample).alias("sample_id"),
        pl.Series("error_rate", rates),
        normals["in_normals"],
        pl.col("found_by").str.contains("hotspot").alias("is_hotspot"),
        pl.lit(False).alias("is_known"),
        _damage(c.bases, sites),
    )
    return frame.with_columns(pl.Series("p_noise", chances(frame, rates)))


def _called_twice(counted: list[Counted], frames: list[pl.DataFrame], rules: Rules) -> list[pl.DataFrame]:
    """Call each sample by itself, then again with what the others showed: a site called in one is known in all."""
    alphas = [alpha_of(rules, len(c.bases.pos), families=c.sample.counts_families) for c in counted]
    first = [tags_of(frame, rules, alpha) for alpha, frame in zip(alphas, frames, strict=True)]
    first = [_without_clusters_and_parts(frame) for frame in first]
    known = np.any([f["is_called"].to_numpy() for f in first], axis=0)
    again = [frame.with_columns(pl.Series("is_known", known)) for frame in frames]
    second = [tags_of(frame, rules, alpha) for alpha, frame in zip(alphas, again, strict=True)]
    # what is part of, or the misplaced end of, another change in one sample is so in all
    shared = np.any([f["rejected"].is_in(["part", "beside"]).to_numpy() for f in first], axis=0)
    strays = pl.when(pl.Series(strays_together(frames, rules))).then(pl.lit("mismatches"))
    out = []
    for before, after in zip(first, second, strict=True):
        tag = pl.coalesce(before["rejected"], pl.when(pl.Series(shared)).then(pl.lit("part")), strays)
        again_rejected = pl.col("is_called") & tag.is_not_null()
        tags = pl.when(again_rejected).then(tag).otherwise(pl.col("tags"))
        out.append(after.with_columns(tags.alias("tags"), is_called=pl.col("is_called") & ~again_rejected))
    return out


def _without_clusters_and_parts(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``rejected``: why a call is none when its neighbours are looked at (null: it stays one)."""
    why: list[str | None] = [None] * frame.height
    is_called = frame["is_called"].to_numpy().copy()
    vaf = (frame["alt_count"] / frame["depth"]).fill_nan(0).fill_null(0).to_numpy()

    def reject(rows: Iterable[int], tag: str) -> pl.DataFrame:
        for row in rows:
            if is_called[row]:
                why[row], is_called[row] = tag, False
        return frame.with_columns(pl.Series("is_called", is_called))

    parts = _parts_of_several(frame)
    left = reject(parts, "part")
    left = reject(np.flatnonzero(beside(left)), "beside")
    left = reject(np.flatnonzero(among_strays(left, parts) & (vaf < 0.2)), "mismatches")
    left = reject(np.flatnonzero(clustered(left) & (vaf < 0.2)), "cluster")
    return left.with_columns(pl.Series("rejected", why, pl.String))


def _parts_of_several(frame: pl.DataFrame) -> list[int]:
    """Return rows of single-base changes that a called change of several bases accounts for."""
    rows = frame.with_row_index("_row")
    length = pl.col("ref").str.len_bytes()
    several = rows.filter(pl.col("is_called") & (length > 1) & (length == pl.col("alt").str.len_bytes()))
    out = []
    for contig, pos, ref, alt, n in several.select("contig", "pos", "ref", "alt", "alt_count").iter_rows():
        for i, (r, a) in enumerate(zip(ref, alt, strict=True)):
            if r != a:
                part = rows.filter(
                    (pl.col("contig") == contig)
                    & (pl.col("pos") == pos + i)
                    & (pl.col("ref") == r)
                    & (pl.col("alt") == a)
                    & (pl.col("alt_count") <= 1.5 * n + 3)
                )
                out += part["_row"].to_list()
    return out


def _damage(bases: Bases, sites: pl.DataFrame) -> pl.Series:
    """Return from which strand damage would make each site's change in this sample; null where it shows no damage.

    The sample's own errors decide: a change seen from one strand of the molecule at least one and a half times as often
    as from the other, beyond chance.
    """
    letters = "ACGT"
    found: dict[tuple[str, str], str] = {}
    depth = bases.bases.sum(1)
    clean = (bases.ref < 4) & (depth > 0)
    own = bases.bases[np.arange(len(depth)), np.minimum(bases.ref, 3)]
    clean &= own >= 0.95 * depth
    for (ref, alt), side in _DAMAGE.items():
        rows = clean & (bases.ref == letters.index(ref))
        a = letters.index(alt)
        here, there = (0, 6) if side == "F1R2" else (6, 0)
        n, m = int(bases.counts[rows, here + a].sum()), int(bases.counts[rows, there + a].sum())
        if n > 1.5 * m and (n - m) > 3 * np.sqrt(n + m):
            found[ref, alt] = side
    values = [found.get(pair) for pair in sites.select("ref", "alt").iter_rows()]  # type: ignore[call-overload]
    return pl.Series("damage", values, pl.String)


def _in_others(sites: pl.DataFrame, others: Mapping[str, Bases]) -> pl.DataFrame:
    """Return alt_count, depth of each single-base site summed over other patients' normals, and how many show it."""
    n = sites.height
    alt, depth, seen = np.zeros(n), np.zeros(n), np.zeros(n, np.int64)
    code = {b: i for i, b in enumerate("ACGT")}
    single = [ref in code and a in code for ref, a in sites.select("ref", "alt").iter_rows()]
    rows = np.flatnonzero(single)
    if len(rows):
        from oncourse.reads.identity import at_places

        places = sites[rows].select(
            "contig",
            pl.col("pos") - 1,
            ref=pl.col("ref").replace_strict(code, return_dtype=pl.Int64),
            alt=pl.col("alt").replace_strict(code, return_dtype=pl.Int64),
        )
        for bases in others.values():
            a, d = at_places(bases, places)
            share = a / np.maximum(d, 1)
            # a place where that person is a carrier tells about that person, not about noise
            noise = share < 0.2
            alt[rows] += np.where(noise, a, 0)
            depth[rows] += np.where(noise, d, 0)
            seen[rows] += (a >= 2) & (share >= 0.01)
    return pl.DataFrame({"alt_count": alt, "depth": depth, "in_normals": seen})


def _best_normal(counted: list[Counted]) -> int | None:
    """Return the row of the germline sample to compare with: white cells before a normal of another tissue."""
    order = {"white_cells": 0, "normal": 1}
    rows = [i for i, c in enumerate(counted) if c.sample.is_germline]
    return min(rows, key=lambda i: (order[counted[i].sample.role], i), default=None)


def _largest(frames: list[pl.DataFrame]) -> pl.DataFrame:
    alt = np.stack([f["alt_count"].to_numpy() for f in frames])
    depth = np.stack([f["depth"].to_numpy() for f in frames])
    best = (alt / np.maximum(depth, 1)).argmax(0)
    rows = np.arange(alt.shape[1])
    return pl.DataFrame({"alt_count": alt[best, rows], "depth": depth[best, rows]})


def _with_origin(
    frame: pl.DataFrame,
    sample: ReadsSample,
    origin: pl.DataFrame,
    role: str | None,
    tumours: list[pl.DataFrame],
    common: frozenset[str],
) -> pl.DataFrame:
    """Add the origin; what only plasma shows and no white cells answer for is of unknown origin."""
    in_tissue = np.zeros(frame.height, bool)
    for other in tumours:
        if other["sample_id"][0] != sample.sample:
            in_tissue |= other["is_called"].to_numpy()
    value = pl.col("origin")
    if sample.role == "plasma" and role != "white_cells":
        value = (
            pl.when(value.is_in(["germline", "chip"]) | pl.Series(in_tissue)).then(value).otherwise(pl.lit("unknown"))
        )
    out = frame.with_columns(origin["origin"], origin["normal_says"]).with_columns(value.alias("origin"))
    is_common = pl.col("variant_id").is_in(list(common)) & (pl.col("origin") == "unknown")
    extra = (
        pl.when(is_common)
        .then(pl.lit("population"))
        .when((pl.col("origin") == "unknown") & (pl.col("normal_says") == "seen"))
        .then(pl.lit("normal"))
    )
    tags = pl.concat_str([pl.col("tags"), extra], separator=";", ignore_nulls=True).replace("", None)
    return out.with_columns(tags.alias("tags"), is_called=pl.col("is_called") & extra.is_null())
