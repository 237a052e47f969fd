"""Where mutations of a sample lie close together: distances along the genome, and kataegis [1]_.

A panel or an exome shows the same few places in everybody, where mutations lie close because only there was looked. So
each focus says how many mutations the sample would have in it if they were spread as those of the other samples are.

References
----------
.. [1] Nik-Zainal S et al. Cell 2012;149:979; six and more substitutions at a mean distance of 1,000 bases: Alexandrov
LB et
   al. Nature 2013;500:415.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.genome.variant import parts

#: Substitutions of a focus, and their greatest mean distance in bases.
LEAST, MEAN_DISTANCE = 6, 1_000
#: Substitutions of the other samples that say how mutations are spread; with fewer nothing is expected.
MIN_OTHERS = 100
FOCI = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "chrom": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "n_mutations": pl.Int64,
    "mean_distance": pl.Float64,
    "share_c_to_t_or_g": pl.Float64,
    "expected": pl.Float64,
    "p_value": pl.Float64,
}
_PYRIMIDINE = {"A": "T", "G": "C"}


def distances(calls: pl.DataFrame) -> pl.DataFrame:
    """Return the substitutions of each sample in order: patient_id, sample_id, chrom, pos, change (C>T), distance.

    `change` is written by the pyrimidine; `distance` is that to the one before on the chromosome, null for its first.
    """
    table = calls.select("patient_id", "sample_id", "variant_id").with_columns(parts())
    bases = list("ACGT")
    table = table.filter(pl.col("ref").is_in(bases) & pl.col("alt").is_in(bases)).unique(["sample_id", "chrom", "pos"])
    other = {"A": "T", "C": "G", "G": "C", "T": "A"}
    turned = pl.col("ref").is_in(list(_PYRIMIDINE))
    ref, alt = (pl.when(turned).then(pl.col(c).replace(other)).otherwise(pl.col(c)) for c in ("ref", "alt"))
    return (
        table.sort("sample_id", "chrom", "pos")
        .with_columns(
            change=pl.concat_str(ref, pl.lit(">"), alt), distance=pl.col("pos").diff().over("sample_id", "chrom")
        )
        .select("patient_id", "sample_id", "chrom", "pos", "change", "distance")
    )


def kataegis(found: pl.DataFrame) -> pl.DataFrame:
    """Return the foci in `distances`: `FOCI`, by sample and place.

    A focus is what overlapping windows of `LEAST` neighbouring substitutions within (`LEAST` - 1) x `MEAN_DISTANCE`
    bases cover. ``expected``: substitutions the sample would have there if its own were spread as the other samples'
    are (half a mutation stands for none); ``p_value``: the Poisson chance of so many, times the sample's substitutions
    (Bonferroni). Both are null where the others have fewer than `MIN_OTHERS`.
    """
    reach = (LEAST - 1) * MEAN_DISTANCE
    end = pl.col("pos").shift(1 - LEAST).over("sample_id", "chrom")
    hits = found.select((end - pl.col("pos") <= reach).fill_null(False).alias("hit"))["hit"].arg_true().to_numpy()
    if not len(hits):
        return pl.DataFrame(schema=FOCI)
    first = np.concatenate([[True], np.diff(hits) >= LEAST])
    chrom = found["chrom"].gather(hits).to_numpy() + found["sample_id"].gather(hits).to_numpy()
    first[1:] |= chrom[1:] != chrom[:-1]
    starts = hits[first]
    ends = hits[np.append(np.flatnonzero(first)[1:] - 1, len(hits) - 1)] + LEAST - 1
    places = {str(k[0]): np.sort(g["pos"].to_numpy()) for k, g in found.group_by("chrom")}
    sizes = dict(found.group_by("sample_id").len().iter_rows())
    rows = [_focus(found[int(a) : int(b) + 1], places, sizes) for a, b in zip(starts, ends, strict=True)]
    return pl.DataFrame(rows, schema=FOCI, orient="row").sort("patient_id", "sample_id", "chrom", "start")


def _focus(inside: pl.DataFrame, places: dict[str, NDArray[np.int64]], sizes: dict[str, int]) -> tuple[object, ...]:
    """`places`: the positions of all samples by chromosome, sorted; `sizes`: substitutions of each sample."""
    from scipy.stats import poisson

    patient, sample, chrom = inside.row(0)[:3]
    start, end, n = int(inside["pos"][0]), int(inside["pos"][-1]), inside.height
    own, others = sizes[sample], sum(sizes.values()) - sizes[sample]
    expected = chance = None
    if others >= MIN_OTHERS:
        first, last = np.searchsorted(places[chrom], [start, end + 1])
        expected = own * max(int(last - first) - n, 0.5) / others
        chance = min(1.0, float(poisson.sf(n - 1, expected)) * own)
    share = inside["change"].is_in(["C>T", "C>G"]).mean()
    return patient, sample, chrom, start, end, n, (end - start) / (n - 1), share, expected, chance


def along_genome(found: pl.DataFrame, ends: dict[str, int]) -> NDArray[np.float64]:
    """Return the place of each substitution when the chromosomes of `ends` (name -> length) are laid end to end."""
    before = dict(zip(ends, np.concatenate([[0], np.cumsum(list(ends.values()))[:-1]]).tolist(), strict=True))
    offset = found["chrom"].replace_strict(before, default=None, return_dtype=pl.Float64)
    return (offset + found["pos"]).to_numpy()
