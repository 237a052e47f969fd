"""Where the contigs of a reference lie in the genome: a whole genome as it is, a file of slices through its
offsets.tsv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.variant import chromosome, parts


@dataclass(frozen=True)
class Places:
    """Contigs and what is added to their positions; empty where contigs are chromosomes."""

    slices: dict[str, tuple[str, int, int]]

    def contigs_of(self, chrom: str, pos: int) -> list[tuple[str, int]]:
        """Return contig and position (1-based) of a place in the genome; the place itself without slices."""
        if not self.slices:
            return [(chrom, pos)]
        return [
            (contig, pos - start)
            for contig, (name, start, length) in self.slices.items()
            if name == chrom and 1 <= pos - start <= length
        ]

    def genome_ids(self, ids: pl.Series) -> pl.Series:
        """Return variant ids of contigs as ids of the genome."""
        frame = pl.DataFrame({"id": ids}).with_columns(parts("id"))
        frame = self.to_genome(frame, "pos")
        return frame.select(
            pl.concat_str(["chrom", pl.col("pos").cast(pl.String), "ref", "alt"], separator=":").alias(ids.name)
        )[ids.name]

    def to_genome(self, frame: pl.DataFrame, *positions: str) -> pl.DataFrame:
        """Return a frame with ``chrom`` and the named positions moved from contigs to the genome."""
        bare = frame.with_columns(chromosome("chrom"))
        if not self.slices:
            return bare
        known = pl.DataFrame(
            [(contig, chrom, start) for contig, (chrom, start, _) in self.slices.items()],
            schema=["chrom", "_chrom", "_start"],
            orient="row",
        ).with_columns(chromosome("chrom"))
        joined = bare.join(known, on="chrom", how="left", maintain_order="left")
        return joined.with_columns(
            pl.coalesce("_chrom", "chrom").alias("chrom"),
            *[(pl.col(p) + pl.col("_start").fill_null(0)).alias(p) for p in positions],
        ).drop("_chrom", "_start")


def _bare(name: str) -> str:
    return pl.DataFrame({"c": [name]}).select(chromosome("c"))["c"][0]


def read_places(fasta: Path) -> Places:
    """Read offsets.tsv beside a reference (contig, chrom, 0-based start in the genome, length), where there is one."""
    path = fasta.parent / "offsets.tsv"
    if not path.is_file():
        return Places({})
    slices = {}
    for number, line in enumerate(path.read_text().splitlines()[1:], 2):
        cells = line.split("\t")
        if len(cells) < 4 or not (cells[2].isdigit() and cells[3].isdigit()):
            raise InputError(f"{path.name}, line {number}: expected contig, chrom, start, length.")
        slices[cells[0]] = (_bare(cells[1]), int(cells[2]), int(cells[3]))
    return Places(slices)
