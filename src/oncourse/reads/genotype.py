"""Count what every read of a sample shows at given sites: fragments for the reference, the variant, another, neither.

Two reads of one fragment (mates that overlap) count once; where they contradict each other the fragment is
``discordant`` and counts for neither. Nothing is left out because a caller did not call it: a site without a single
variant read is a row like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.genome.fasta import Fasta
from oncourse.reads import _site_kernels as k
from oncourse.reads.bam import Header, read_header, records
from oncourse.reads.sites import Sites, sites_of

Ints = NDArray[np.int64]
#: Unmapped, secondary, failed by the vendor, duplicate.
EXCLUDED_FLAGS = 0x704
_DUPLICATE = 0x400
#: Rows (what one read shows at one site) held at a time: 80 bytes each.
_ROOM = 400_000


@dataclass(frozen=True)
class Counting:
    """How reads are counted.

    Parameters
    ----------
    min_base_quality, min_mapping_quality : Phred; less is not counted
    unit : ``fragments``, or ``reads`` (each read by itself, as ``samtools mpileup -x`` does)
    umi : read unique molecular identifiers (tag RX, or the end of the read name) and count their families
    min_family : least fragments of a family
    min_agreement : least share of a family's fragments that show the same, else the family is discordant
    duplex : only molecules seen from both of their strands
    """

    min_base_quality: int = 20
    min_mapping_quality: int = 20
    unit: str = "fragments"
    umi: bool = False
    min_family: int = 1
    min_agreement: float = 0.7
    duplex: bool = False

    def settings(self) -> Ints:
        """Return the settings of the loops; UMI families are made of duplicates, so those are kept."""
        flags = EXCLUDED_FLAGS & ~_DUPLICATE if self.umi else EXCLUDED_FLAGS
        return np.array([self.min_base_quality, self.min_mapping_quality, flags, int(self.umi)], np.int64)


def genotype(
    path: Path | str, variants: pl.Series, *, reference: Path | None = None, counting: Counting | None = None
) -> pl.DataFrame:
    """Return what a sample's reads show at each variant.

    Parameters
    ----------
    path : BAM or CRAM, sorted, with its index
    variants : shape (n,), ``chrom:pos:ref:alt`` as the study writes it; chromosomes with or without ``chr``
    reference : FASTA the reads were aligned to; needed for insertions, deletions and CRAM

    Returns
    -------
    n rows in the order of `variants`: ``variant_id``; fragments ``ref_count``, ``alt_count``, ``other_count`` (a third
    allele, a deletion over the site), ``discordant_count`` and ``depth`` (the first three); reads by strand and
    fragments by orientation of both alleles; means of base quality, mapping quality, bases to the nearer end of what is
    aligned and mismatches per read (null without such reads); ``alt_at_edge``, variant fragments within five bases of
    their end.
    """
    path = Path(path)
    header = read_header(path, reference=reference)
    fasta = Fasta(reference) if reference else None
    sites = sites_of(variants, header, fasta)
    sums = np.zeros((len(variants), k.N_SUMS), np.int64)
    counting = counting or Counting()

    def add(rows: Ints, n: int) -> None:
        k.add_up(rows, n, sites.codes, sums)

    walk(header, sites, counting, reference, add)
    back = np.empty_like(sites.order)
    back[sites.order] = np.arange(len(back))
    return _frame(variants, sums[back])


def walk(
    header: Header, sites: Sites, counting: Counting, reference: Path | None, add: Callable[[Ints, int], None]
) -> None:
    """Hand what molecules show to `add`, each site's molecules all at once."""
    if not len(sites.table):
        return
    rows = k.empty_rows(_ROOM)
    progress, settings = np.zeros(3, np.int64), counting.settings()
    left = np.empty(0, np.uint8)
    for piece in records(header.path, _merged(sites.regions), reference=reference):
        data = np.concatenate([left, piece]) if len(left) else piece
        progress[0] = 0
        while k.observe(data, len(data), sites.table, sites.texts, rows, progress, settings):
            rows = _emptied(rows, progress, counting, add)
        left = data[progress[0] :]
    progress[1] = len(sites.table)
    _emptied(rows, progress, counting, add)


def _merged(regions: list[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """Yield sorted regions, those that overlap or nearly touch as one: fewer jumps in the file."""
    held: tuple[str, int, int] | None = None
    for name, first, end in regions:
        if held and held[0] == name and first <= held[2] + 100:
            held = (name, held[1], max(end, held[2]))
            continue
        if held:
            yield held
        held = (name, first, end)
    if held:
        yield held


def _emptied(rows: Ints, progress: Ints, counting: Counting, add: Callable[[Ints, int], None]) -> Ints:
    """Hand on the rows of sites that no later read can reach; return the rows with the others at their beginning."""
    n, open_from = int(progress[2]), int(progress[1])
    is_done = rows[:n, k.SITE] < open_from
    done, kept = rows[:n][is_done], rows[:n][~is_done]
    if len(done):
        add(*molecules(done, counting))
    elif len(kept) > len(rows) - 8192:  # one deep site fills it all
        rows = k.empty_rows(2 * len(rows))
    rows[: len(kept)] = kept
    progress[2] = len(kept)
    return rows


def molecules(rows: Ints, counting: Counting) -> tuple[Ints, int]:
    """Join reads to fragments and, with UMIs, fragments to families; return the rows and how many count."""
    n = len(rows)
    if counting.unit == "reads":
        return rows, n
    table = np.full(1 << max(4, int(2 * n).bit_length()), -1, np.int64)
    n = int(k.join_mates(rows, n, table))
    if counting.umi:
        from oncourse.reads.families import families

        return families(rows[:n], counting)
    return rows, n


def _frame(variants: pl.Series, sums: Ints) -> pl.DataFrame:
    ref, alt, other = sums[:, k.REF], sums[:, k.ALT], sums[:, k.OTHER]
    counts = {
        "ref_count": ref,
        "alt_count": alt,
        "other_count": other,
        "discordant_count": sums[:, k.DISCORDANT],
        "depth": ref + alt + other,
    } | {
        name: sums[:, column]
        for column, name in enumerate(
            (
                "ref_forward",
                "ref_reverse",
                "alt_forward",
                "alt_reverse",
                "ref_f1r2",
                "ref_f2r1",
                "alt_f1r2",
                "alt_f2r1",
            ),
            k.REF_FORWARD,
        )
    }
    means = {
        f"{allele}_{name}": (sums[:, column + shift], (ref, alt)[shift])
        for shift, allele in enumerate(("ref", "alt"))
        for name, column in (
            ("base_quality", k.REF_QUALITY),
            ("mapping_quality", k.REF_MAPPING),
            ("end_distance", k.REF_EDGE),
            ("mismatches", k.REF_MISMATCHES),
        )
    }
    frame = pl.DataFrame({"variant_id": variants.alias("variant_id")} | counts)
    return frame.with_columns(
        pl.Series(name, np.where(n > 0, total / np.maximum(n, 1), np.nan)).fill_nan(None)
        for name, (total, n) in means.items()
    ).with_columns(pl.Series("alt_at_edge", sums[:, k.ALT_AT_EDGE]))
