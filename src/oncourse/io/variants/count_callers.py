"""Tables of programs that count reads at sites, as the long table of `variants.counts`: one row per site and allele.

GATK CollectAllelicCounts, bam-readcount and alleleCounter (layouts: from memory of their manuals). A site where no
other base was read stays as a row with the allele N and 0 reads: it was looked at, to its depth.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.genome.chromosomes import build_of_lengths
from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import chromosome, position
from oncourse.io.tabular.encoding import sniff
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_lines, read_table
from oncourse.io.whose.sample_names import sample_of_file

_GATK = {
    "CONTIG": "chrom",
    "POSITION": "pos",
    "REF_NUCLEOTIDE": "ref",
    "ALT_NUCLEOTIDE": "alt",
    "REF_COUNT": "ref_count",
    "ALT_COUNT": "alt_count",
}
_BASES = "ACGT"


def caller_table(path: Path, name: str, fasta: Fasta | None = None) -> TextTable | None:
    """Return the long table of a file of one of these programs; null where it is of none.

    alleleCounter names no reference base: it is read with the reference, and refused (by its name) without.
    """
    head = _head(path)
    if fasta is not None and any(line.lower().startswith("#chr\tpos\tcount_a") for line in head[:50]):
        return _allele_counter(path, name, fasta)
    if any(re.match(r"CONTIG\tPOSITION\tREF_COUNT\tALT_COUNT", line) for line in head):
        return _gatk(path, name)
    if head and len(cells := head[0].split("\t")) > 5 and cells[4].startswith("=:"):
        return _readcount(path)
    return None


def _head(path: Path) -> list[str]:
    try:
        data = read_lines(path)
    except ValueError:
        return []
    encoding, mark = sniff(data[: 1 << 16])
    text = "" if encoding == "binary" else data[mark : 1 << 20].decode(encoding, errors="replace")
    return text.splitlines()


def _gatk(path: Path, name: str) -> TextTable:
    table = read_table(path, name=name, comment="@", lenient=True)
    said = next((m.group(1) for c in table.comments if (m := re.search(r"^@RG.*\tSM:([^\t]+)", c))), None)
    chromosomes = [m for c in table.comments if (m := re.search(r"^@SQ\tSN:(?:chr)?(\S+)\tLN:(\d+)", c))]
    build = build_of_lengths({m[1]: int(m[2]) for m in chromosomes})
    columns = {c: ours for c, ours in _GATK.items() if c in table.frame.columns}
    frame = table.frame.select(list(columns)).rename(columns)
    own = [pl.lit(said or sample_of_file(path)).alias("sample_id")]
    own += [pl.lit(build).alias("ncbi_build")] if build else []
    return replace(table, frame=frame.with_columns(own))


def _readcount(path: Path) -> TextTable:
    rows = []
    data = read_lines(path)
    encoding, mark = sniff(data)
    for number, line in enumerate(data[mark:].decode(encoding).splitlines(), 1):
        cells = line.split("\t")
        if len(cells) < 5:
            continue
        chrom, pos, ref, depth = cells[0], cells[1], cells[2].upper(), cells[3]
        counts = {c.split(":")[0]: c.split(":")[1] for c in cells[5:] if c.count(":") > 1}
        seen = [(allele, n) for allele, n in counts.items() if allele not in (ref, "N", "=") and n != "0"]
        for allele, n in seen or [("N", "0")]:
            old, new = (ref, allele) if allele in (*_BASES, "N") else _indel(allele)
            # an insertion and a deletion stand at the base before them
            at = str(int(pos) + 1) if allele.startswith("-") else pos
            rows.append((number, chrom, at, old, new, n, depth))
    schema = {"line": pl.UInt32, **dict.fromkeys(("chrom", "pos", "ref", "alt", "alt_count", "depth"), pl.String)}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.lit(sample_of_file(path)).alias("sample_id")
    )
    return TextTable(frame.drop("line"), frame["line"])


def _indel(allele: str) -> tuple[str, str]:
    """Return reference and variant allele of ``+AC`` (inserted) and ``-AC`` (deleted).

    >>> _indel("+AC"), _indel("-G")
    (('-', 'AC'), ('G', '-'))
    """
    bases = allele[1:].upper()
    return ("-", bases) if allele.startswith("+") else (bases, "-")


def _allele_counter(path: Path, name: str, fasta: Fasta) -> TextTable:
    """One row per base that is not the reference's and was read; the allele N, 0 reads, where there is none."""
    table = read_table(path, name=name, comment="##", lenient=True)
    frame = table.frame.rename({c: c.lstrip("#").lower() for c in table.frame.columns})
    rows = []
    columns = [chromosome("chr"), position("pos"), *(f"count_{b.lower()}" for b in _BASES), "good_depth"]
    for line, (chrom, pos, *counts, depth) in zip(table.lines, frame.select(columns).iter_rows(), strict=True):
        ref = fasta.fetch(chrom or "", pos or 0, pos or 0)
        seen = [(b, n) for b, n in zip(_BASES, counts, strict=True) if b != ref and n not in (None, "0")]
        rows += [(line, chrom, str(pos), ref or "N", allele, n, depth) for allele, n in seen or [("N", "0")]]
    schema = {"line": pl.UInt32, **dict.fromkeys(("chrom", "pos", "ref", "alt", "alt_count", "depth"), pl.String)}
    long = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.lit(sample_of_file(path)).alias("sample_id"))
    return TextTable(long.drop("line"), long["line"])
