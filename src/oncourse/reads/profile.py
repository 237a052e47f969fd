"""What a sample shows at every target base: counts of A, C, G, T, deletions, by orientation. Coverage, background
error, identity and contamination are read from it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.reads import _site_kernels as k
from oncourse.reads.bam import Header, bare_name, read_header
from oncourse.reads.genotype import Counting, walk
from oncourse.reads.sites import Sites
from oncourse.reads.twice import Sketch

Ints = NDArray[np.int64]
#: Target bases looked at in one go; a larger target is split, so that memory stays bounded.
_AT_ONCE = 400_000


@dataclass(frozen=True)
class Bases:
    """Counts per target base.

    contig : shape (n,), number in `contigs`; pos : 0-based; ref : 0-3 for A C G T, 4 unknown
    counts : shape (n, 12), A C G T deleted discordant of orientation F1R2, then of F2R1
    """

    contigs: tuple[str, ...]
    contig: Ints
    pos: Ints
    ref: NDArray[np.int8]
    counts: NDArray[np.int32]

    @property
    def bases(self) -> NDArray[np.int32]:
        """Fragments with A, C, G, T: shape (n, 4)."""
        return self.counts[:, :4] + self.counts[:, 6:10]

    @property
    def depth(self) -> NDArray[np.int64]:
        """Fragments that show a base or a deletion: shape (n,)."""
        return (self.counts[:, :5] + self.counts[:, 6:11]).sum(1, dtype=np.int64)

    def save(self, path: Path) -> None:
        """Write an .npz file, in place only when it is whole."""
        draft = path.with_name(f".{path.name}.draft.npz")
        np.savez_compressed(
            draft,
            contigs=np.array(self.contigs),
            contig=self.contig.astype(np.int32),
            pos=self.pos,
            ref=self.ref,
            counts=self.counts,
        )
        draft.replace(path)


def load_bases(path: Path) -> Bases:
    """Read what `Bases.save` wrote."""
    with np.load(path) as data:
        return Bases(
            tuple(data["contigs"].tolist()),
            data["contig"].astype(np.int64),
            data["pos"],
            data["ref"],
            data["counts"],
        )


def read_regions(path: Path) -> pl.DataFrame:
    """Return chrom, start (0-based), end, name of a BED file; overlapping regions stay as they are."""
    rows = []
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        cells = line.split("\t")
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        if len(cells) < 3 or not (cells[1].strip().isdigit() and cells[2].strip().isdigit()):
            raise InputError(f"{path.name}, line {number}: is not 'contig, start, end' divided by tabs.")
        if int(cells[1]) > int(cells[2]):
            raise InputError(
                f"{path.name}, line {number}: the region {':'.join(cells[:2])}-{cells[2].strip()} ends before it starts. "
                "Exchange its start and end."
            )
        rows.append((cells[0], int(cells[1]), int(cells[2]), cells[3].strip() if len(cells) > 3 else ""))
    if not rows:
        raise InputError(f"{path.name}: has no regions.")
    return pl.DataFrame(rows, schema=("chrom", "start", "end", "name"), orient="row")


def target_regions(path: Path, fasta: Fasta) -> pl.DataFrame:
    """Return the regions of a BED file by the reference's own names of contigs (``12`` and ``chr12`` are one).

    Raises
    ------
    InputError : contigs the reference does not have, and regions that reach beyond their end
    """
    regions = read_regions(path)
    own = {bare_name(name): name for name in fasta.names}
    chroms = regions["chrom"].unique(maintain_order=True).to_list()
    absent = [c for c in chroms if bare_name(c) not in own]
    if absent:
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        raise InputError(
            f"{path.name}: its contigs {', '.join(absent[:5])}{more} are not in {fasta.path.name} (which has "
            f"{', '.join(list(fasta.names)[:3])} ...). Use targets of the same genome build and names."
        )
    regions = regions.with_columns(pl.col("chrom").replace_strict({c: own[bare_name(c)] for c in chroms}))
    ends = {own[bare_name(c)]: fasta.length(own[bare_name(c)]) for c in chroms}
    beyond = regions.filter(pl.col("end") > pl.col("chrom").replace_strict(ends))
    if beyond.height:
        chrom, start, end, _ = beyond.row(0)
        raise InputError(
            f"{path.name}: {beyond.height:,} of {regions.height:,} regions reach beyond the end of their contig "
            f"(first: "
            f"{chrom}:{start}-{end}; {chrom} of {fasta.path.name} has {ends[chrom]:,} bases). The targets are of "
            f"another "
            "genome build: lift them over, or give that build's reference."
        )
    return regions


def foreign_share(bases: Bases) -> float:
    """Return the share of all counted bases that are not the reference's; about 0.002 for a person's own genome."""
    own = bases.bases[np.arange(len(bases.ref)), np.minimum(bases.ref, 3)]
    known = bases.ref < 4
    total = int(bases.bases[known].sum())
    return 1 - int(own[known].sum()) / total if total else 0.0


def whole_contigs(header: Header) -> pl.DataFrame:
    """Return the contigs as regions, for a small reference without targets."""
    return pl.DataFrame(
        {
            "chrom": header.contigs,
            "start": [0] * len(header.contigs),
            "end": header.lengths,
            "name": header.contigs,
        }
    )


def profile(path: Path, regions: pl.DataFrame, reference: Path, *, counting: Counting | None = None) -> Bases:
    """Return the counts at every base of `regions` (overlaps once).

    Raises
    ------
    InputError : contigs or lengths that are not those of the reference
    """
    header = read_header(path, reference=reference)
    fasta = Fasta(reference)
    check_contigs(header, fasta, regions)
    names = tuple(regions["chrom"].unique(maintain_order=True))
    numbers = {name: header.number(header.contig(name) or "") for name in names}
    order = sorted(names, key=lambda name: numbers[name])
    places = [
        (
            i,
            np.unique(
                np.concatenate(
                    [
                        np.arange(a, b)
                        for a, b in regions.filter(pl.col("chrom") == name).select("start", "end").iter_rows()
                    ]
                )
            ),
        )
        for i, name in enumerate(order)
    ]
    contig = np.concatenate([np.full(len(p), i) for i, p in places])
    pos = np.concatenate([p for _, p in places])
    counts = np.zeros((len(pos), 12), np.int32)
    for first in range(0, len(pos), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        numbered = np.array([numbers[name] for name in order])[contig[part]]
        counts[part] = _counts(header, numbered, pos[part], counting or Counting(), reference)
    return Bases(tuple(order), contig, pos, _reference_bases(fasta, order, contig, pos), counts)


def _counts(header: Header, contig: Ints, pos: Ints, counting: Counting, reference: Path) -> NDArray[np.int32]:
    table = np.zeros((len(pos), 9), np.int64)
    table[:, k.CONTIG], table[:, k.FIRST], table[:, k.END], table[:, k.RUNNING_END] = (
        contig,
        pos,
        pos + 1,
        pos + 1,
    )
    table[:, k.KIND] = k.BASE
    cuts = np.flatnonzero((np.diff(pos) != 1) | (np.diff(contig) != 0)) + 1
    firsts, ends = np.concatenate([[0], cuts]), np.concatenate([cuts, [len(pos)]])
    regions = [(header.contigs[contig[a]], int(pos[a]), int(pos[b - 1]) + 1) for a, b in zip(firsts, ends, strict=True)]
    sites = Sites(table, np.zeros(1, np.uint8), np.zeros((len(pos), 2), np.int64), np.arange(len(pos)), regions)
    sums = np.zeros((len(pos), 12), np.int64)
    walk(header, sites, counting, reference, lambda rows, n: k.add_bases(rows, n, sums))
    return sums.astype(np.int32)


def _reference_bases(fasta: Fasta, names: list[str], contig: Ints, pos: Ints) -> NDArray[np.int8]:
    code = np.full(256, 4, np.int8)
    code[np.frombuffer(b"ACGT", np.uint8)] = np.arange(4)
    out = np.full(len(pos), 4, np.int8)
    for i, name in enumerate(names):
        mine = pos[contig == i]
        text = np.frombuffer(fasta.fetch(name, int(mine[0]) + 1, int(mine[-1]) + 1).encode(), np.uint8)
        out[contig == i] = code[text[np.minimum(mine - mine[0], len(text) - 1)]]
    return out


def check_contigs(header: Header, fasta: Fasta, regions: pl.DataFrame) -> None:
    """InputError where file, reference and targets do not speak of one genome build."""
    problems, lacking = [], dict[Path, list[str]]()
    for chrom in regions["chrom"].unique(maintain_order=True):
        name = header.contig(chrom)
        if name is None or (chrom not in fasta and name not in fasta):
            lacking.setdefault(header.path if name is None else fasta.path, []).append(chrom)
            continue
        length, known = header.lengths[header.number(name)], fasta.length(chrom) or fasta.length(name)
        if length != known:
            problems.append(
                f"{header.path.name}: contig {name} has {length:,} bases, in {fasta.path.name} {known:,}: the reads "
                "were aligned to another genome build. Give the reference they were aligned to, or their FASTQ files."
            )
    for path, chroms in lacking.items():
        more = f" and {len(chroms) - 3} more" if len(chroms) > 3 else ""
        problems.append(
            f"{path.name}: has no contig {', '.join(chroms[:3])}{more} (reads have {', '.join(header.contigs[:3])} ..., "
            f"{fasta.path.name} {', '.join(fasta.names[:3])} ...): the reads were aligned to another reference. Give that "
            "one and targets of it, or the reads' FASTQ files."
        )
    if problems:
        raise InputError(problems)


def read_quality(
    path: Path, bases: Bases, *, reference: Path
) -> tuple[dict[str, float | int | None], dict[str, tuple[int, int]], Sketch]:
    """Return the quality figures of a sample; per read group its mapped pairs and those that face each other; its reads.

    ``reads``, ``mapped_share``, ``duplicate_share`` (of mapped), ``paired_share`` (of mapped pairs: on opposite strands
    of one contig), ``insert_median`` (proper pairs, a sample of the file), ``mean_depth``, ``share_20x``, ``share_100x``
    of target bases, ``discordant_share`` (of fragments)
    """
    import pysam

    n = mapped = duplicates = 0
    inserts: list[int] = []
    pairs, facing, sketch = Counter[str](), Counter[str](), Sketch()
    with pysam.AlignmentFile(str(path), reference_filename=str(reference)) as file:
        for read in file.fetch(until_eof=True):
            flag = read.flag
            if flag & 0x900:
                continue
            n += 1
            if not flag & 0x80 and sketch.wants(name := str(read.query_name)):
                sketch.add(name, read.get_forward_sequence() or "")
            if flag & 0x4:
                continue
            mapped += 1
            duplicates += flag & 0x400 != 0
            if flag & 0x2 and flag & 0x40 and len(inserts) < 200_000:
                inserts.append(abs(read.template_length))
            if flag & 0x49 == 0x41:  # first of a pair whose mate is mapped
                group = str(read.get_tag("RG")) if read.has_tag("RG") else ""
                pairs[group] += 1
                facing[group] += (flag & 0x10 == 0) != (
                    flag & 0x20 == 0
                ) and read.reference_id == read.next_reference_id
    depth = bases.depth
    discordant = int(bases.counts[:, 5].sum() + bases.counts[:, 11].sum())
    quality = {
        "reads": n,
        "mapped_share": _share(mapped, n),
        "duplicate_share": _share(duplicates, mapped),
        "paired_share": _share(facing.total(), pairs.total()),
        "insert_median": float(np.median(inserts)) if inserts else None,
        "mean_depth": round(float(depth.mean()), 2),
        "median_depth": float(np.median(depth)),
        "share_20x": _share(int((depth >= 20).sum()), len(depth)),
        "share_100x": _share(int((depth >= 100).sum()), len(depth)),
        "discordant_share": _share(discordant, int(depth.sum()) + discordant),
        "target_bases": len(depth),
    }
    return quality, {group: (pairs[group], facing[group]) for group in pairs}, sketch


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def write_json(path: Path, data: object) -> None:
    """Write JSON, in place only when it is whole."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(data, indent=1) + "\n")
    draft.replace(path)
