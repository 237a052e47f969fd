"""Sites worth counting in a patient: what freebayes finds in all samples together, what our own counts show, hotspots.

Discovery may be generous: what is no mutation is told by the judgement that follows. What is not in this list is
counted in no sample.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_models import codon_positions
from oncourse.genome.variant import normalise
from oncourse.reads.bam import Header, bare_name, read_header
from oncourse.reads.callers import read_candidates
from oncourse.reads.profile import Bases
from oncourse.reads.tools import pipe

#: Fewest fragments and least share of a candidate.
MIN_COUNT, MIN_SHARE = 3, 0.015
#: Codons in which every base change is counted, seen or not (RAS: NCCN and ESMO; BRAF V600; PIK3CA exons 9 and 20; AR
#: ligand-binding domain resistance codons; TP53 hotspots). From general knowledge.
HOTSPOTS: dict[str, tuple[int, ...]] = {
    "KRAS": (12, 13, 59, 61, 117, 146),
    "NRAS": (12, 13, 59, 61, 117, 146),
    "HRAS": (12, 13, 61),
    "BRAF": (600,),
    "PIK3CA": (542, 545, 546, 1047),
    "AR": (702, 742, 875, 878, 896),
    "TP53": (175, 245, 248, 249, 273, 282),
    "EGFR": (492,),
    "ERBB2": (310, 755, 777),
    "SPOP": (87, 102, 131, 133),
    "CTNNB1": (33, 37, 41, 45),
}


def from_counts(bases: Bases, *, min_count: int = MIN_COUNT, min_share: float = MIN_SHARE) -> pl.DataFrame:
    """Return chrom, pos (1-based), ref, alt of the single-base changes a sample's counts show."""
    counts, depth = bases.bases, bases.depth
    is_seen = (counts >= min_count) & (counts >= min_share * depth[:, None])
    is_seen[np.arange(len(counts)), np.minimum(bases.ref, 3)] = False
    is_seen[bases.ref > 3] = False
    row, alt = np.nonzero(is_seen)
    letters = np.array(list("ACGTN"))
    return pl.DataFrame(
        {
            "chrom": np.array(bases.contigs)[bases.contig[row]],
            "pos": bases.pos[row] + 1,
            "ref": letters[bases.ref[row]],
            "alt": letters[alt],
        },
        schema=dict(zip(("chrom", "pos", "ref", "alt"), (pl.String, pl.Int64, pl.String, pl.String), strict=True)),
    )


def beside_each_other(singles: pl.DataFrame) -> pl.DataFrame:
    """Return the changes of two and three bases in a row that single-base changes of one sample may be parts of.

    V600K is two bases: as two single changes it is V600E and V600M. Whether the same reads carry them is counted after.

    >>> rows = pl.DataFrame({"chrom": ["7", "7", "7"], "pos": [5, 6, 9], "ref": ["A", "C", "G"], "alt": ["T", "T", "A"]})
    >>> beside_each_other(rows).rows()
    [('7', 5, 'AC', 'TT')]
    """
    runs, longest = [], singles
    for _ in range(2):
        after = singles.select("chrom", pl.col("pos").alias("next"), r="ref", a="alt")
        longest = (
            longest.with_columns(next=pl.col("pos") + pl.col("ref").str.len_bytes())
            .join(after, on=["chrom", "next"], how="inner")
            .select("chrom", "pos", ref=pl.col("ref") + pl.col("r"), alt=pl.col("alt") + pl.col("a"))
        )
        runs.append(longest)
    return pl.concat(runs).sort("chrom", "pos", "ref", "alt")


def indels_of(
    path: Path, regions: pl.DataFrame, fasta: Fasta, *, reference: Path, min_count: int = MIN_COUNT
) -> pl.DataFrame:
    """Return the insertions and deletions that at least `min_count` fragments of a file carry in their alignments."""
    import pysam

    seen: dict[tuple[str, int, str, str], set[int]] = defaultdict(set)
    wanted = {
        name: frame.select("start", "end").sort("start").to_numpy() for (name, *_), frame in regions.group_by("chrom")
    }
    with pysam.AlignmentFile(str(path), reference_filename=str(reference)) as file:
        for read in file.fetch(until_eof=True):
            if read.flag & 0x704 or read.mapping_quality < 20 or not re.search("[ID]", read.cigarstring or ""):
                continue
            for found in _events(read, fasta):
                seen[found].add(hash(read.query_name))
    rows = [
        found for found, names in seen.items() if len(names) >= min_count and _is_inside(wanted, found[0], found[1])
    ]
    return pl.DataFrame(
        sorted(rows),
        schema=["chrom", "pos", "ref", "alt"],
        orient="row",
        schema_overrides={"chrom": pl.String, "pos": pl.Int64, "ref": pl.String, "alt": pl.String},
    )


def _is_inside(wanted: dict[str, np.ndarray], chrom: str, pos: int) -> bool:
    spans = next((v for name, v in wanted.items() if name.removeprefix("chr") == chrom.removeprefix("chr")), None)
    return spans is not None and bool(((spans[:, 0] <= pos) & (pos <= spans[:, 1])).any())


def _events(read: object, fasta: Fasta) -> Iterable[tuple[str, int, str, str]]:
    """Yield contig, 1-based position, ref, alt (``-`` empty) of each indel of an alignment."""
    chrom, at, query = read.reference_name, read.reference_start, 0  # type: ignore[attr-defined]
    for kind, length in read.cigartuples:  # type: ignore[attr-defined]
        if kind == 1:
            bases = read.query_sequence[query : query + length]  # type: ignore[attr-defined]
            yield chrom, at, "-", bases
        elif kind == 2 and length <= 60:
            yield chrom, at + 1, fasta.fetch(chrom, at + 1, at + length), "-"
        at += length if kind in (0, 2, 3, 7, 8) else 0
        query += length if kind in (0, 1, 4, 7, 8) else 0


def by_freebayes(bams: list[Path], regions: pl.DataFrame, reference: Path, folder: Path) -> pl.DataFrame:
    """Return the candidates of freebayes over all samples of a patient, pooled, at low allele fractions."""
    bed, vcf = folder / "targets.bed", folder / "freebayes.vcf"
    header = read_header(bams[0], reference=reference)
    bed.write_text(
        "".join(
            f"{header.contig(c) or c}\t{a}\t{b}\n" for c, a, b in regions.select("chrom", "start", "end").iter_rows()
        )
    )
    named = _as_named(reference, header, folder)
    command = [
        "freebayes",
        "-f",
        str(named),
        "-t",
        str(bed),
        "--pooled-continuous",
        "-F",
        "0.02",
        "-C",
        "3",
        "-m",
        "20",
        "-q",
        "20",
        "--genotype-qualities",
        *(x for bam in bams for x in ("-b", str(bam))),
        "--vcf",
        str(vcf),
    ]
    pipe([[c for c in command if c != "--genotype-qualities"]], folder / "freebayes.log")
    return read_candidates(vcf)


def _as_named(reference: Path, header: Header, folder: Path) -> Path:
    """Return the reference with contigs named as the reads name them: itself, or a link with an index of those
    names."""
    import pysam

    if not Path(f"{reference}.fai").is_file():
        pysam.faidx(str(reference))
    rows = [line.split("\t") for line in Path(f"{reference}.fai").read_text().splitlines()]
    named = [[header.contig(row[0]) or row[0], *row[1:]] for row in rows]
    if named == rows:
        return reference
    link = folder / "reference.fa"
    link.unlink(missing_ok=True)
    link.symlink_to(reference)
    Path(f"{link}.fai").write_text("".join("\t".join(row) + "\n" for row in named))
    return link


def hotspots(build: str | None, regions: pl.DataFrame, fasta: Fasta, place: object) -> pl.DataFrame:
    """Return every single-base change in the hotspot codons that lie in the targets.

    Parameters
    ----------
    place : `oncourse.reads.places.Places`, from genome to contig of the reference
    """
    codons = codon_positions(build)
    chosen = [(pl.col("gene") == g) & pl.col("codon").is_in(list(c)) for g, c in HOTSPOTS.items()]
    rows = []
    spans = {name: frame.select("start", "end").to_numpy() for (name, *_), frame in regions.group_by("chrom")}
    for chrom, pos in codons.filter(pl.any_horizontal(chosen)).select("chrom", "pos").iter_rows():
        for contig, at in place.contigs_of(chrom, pos):  # type: ignore[attr-defined]
            if not _is_inside(spans, contig, at):
                continue
            ref = fasta.fetch(contig, at, at)
            rows += [(contig, at, ref, alt) for alt in "ACGT" if ref in "ACGT" and alt != ref]
    return pl.DataFrame(
        rows,
        schema=["chrom", "pos", "ref", "alt"],
        orient="row",
        schema_overrides={"chrom": pl.String, "pos": pl.Int64, "ref": pl.String, "alt": pl.String},
    )


#: Fraction among people from which a variant of a file of known sites is common, where the file says it. A choice.
COMMON = 0.001


def common_variants(path: Path, regions: pl.DataFrame, fasta: Fasta) -> frozenset[str]:
    """Return variant ids of a VCF of known sites that lie in the regions and are common in people.

    Where a record gives an allele frequency (AF), the allele's is `COMMON` or more; without one every record counts. An
    indexed file is read region by region.
    """
    import pysam

    rows = []
    pysam.set_verbosity(0)
    with pysam.VariantFile(str(path)) as file:
        own = {bare_name(str(name)): str(name) for name in file.header.contigs}
        known = [(own.get(bare_name(c)), a, b) for c, a, b in regions.select("chrom", "start", "end").iter_rows()]
        spans = {bare_name(c): f.select("start", "end").to_numpy() for (c, *_), f in regions.group_by("chrom")}
        records = (r for c, a, b in known if c for r in file.fetch(c, a, b)) if file.index is not None else iter(file)
        for record in records:
            if not _is_inside(spans, bare_name(record.chrom), record.pos):
                continue
            shares = record.info.get("AF", None)
            for n, alt in enumerate(record.alts or ()):
                share = shares[n] if isinstance(shares, tuple) and n < len(shares) else shares
                if set(alt) <= set("ACGT") and (not isinstance(share, float) or share >= COMMON):
                    rows.append((record.chrom, record.pos, record.ref, alt))
    if not rows:
        return frozenset()
    frame = pl.DataFrame(rows, schema=["chrom", "pos", "ref", "alt"], orient="row")
    return frozenset(normalise(frame, fasta=fasta)["variant_id"].drop_nulls())


def union(found: dict[str, pl.DataFrame], fasta: Fasta) -> pl.DataFrame:
    """Return variant_id (as contigs of the reference), found_by of all candidates, normalised and left-aligned.

    A change of several bases is kept and each of its single changes too.
    """
    parts = [frame.with_columns(pl.lit(name).alias("found_by")) for name, frame in found.items() if frame.height]
    if not parts:
        return pl.DataFrame(schema={"variant_id": pl.String, "found_by": pl.String})
    named = normalise(pl.concat(parts), fasta=fasta).filter(pl.col("variant_id").is_not_null())
    named = named.filter(pl.col("is_ref_match").fill_null(True) & ~pl.col("ref").str.contains("N"))
    return (
        pl.concat([named, _singles(named)], how="diagonal")
        .group_by("variant_id")
        .agg(pl.col("found_by").unique().sort().str.join(";"), pl.col("chrom", "pos").first())
        .sort("chrom", "pos", "variant_id")
        .select("variant_id", "found_by")
    )


def _singles(named: pl.DataFrame) -> pl.DataFrame:
    """Return the single-base changes of changes of several bases."""
    rows = []
    several = (pl.col("ref").str.len_bytes() > 1) & (pl.col("ref").str.len_bytes() == pl.col("alt").str.len_bytes())
    for chrom, pos, ref, alt, by in named.filter(several).select("chrom", "pos", "ref", "alt", "found_by").iter_rows():
        rows += [
            (chrom, pos + i, r, a, by, f"{chrom}:{pos + i}:{r}:{a}")
            for i, (r, a) in enumerate(zip(ref, alt, strict=True))
            if r != a
        ]
    names = ("chrom", "pos", "ref", "alt", "found_by", "variant_id")
    return pl.DataFrame(
        rows, schema=dict(zip(names, (pl.String, pl.Int64, *[pl.String] * 4), strict=True)), orient="row"
    )
