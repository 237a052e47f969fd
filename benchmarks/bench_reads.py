"""Speed of the genotyper: sites per CPU second and peak memory on a made-up deep panel.

    python benchmarks/bench_reads.py [SITES] [DEPTH]

Reads of 2 x 100 bases over 3,990 targets (1.3 Mb) are written as BAM once (kept in the temporary folder).
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

TARGETS, WIDTH, LENGTH, INSERT = 3_990, 330, 100, 172


def make_bam(path: Path, depth: int) -> str:
    """Write a sorted, indexed BAM of random reads over evenly spaced targets and return its reference bases."""
    import pysam

    rng = np.random.default_rng(1)
    step = 2_000
    reference = "".join(rng.choice(list("ACGT"), TARGETS * step))
    fasta = path.with_suffix(".fa")
    fasta.write_text(f">1\n{reference}\n")
    head = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "1", "LN": len(reference)}]}
    n = depth * WIDTH // (2 * LENGTH)
    quality = pysam.qualitystring_to_array("F" * LENGTH)
    with pysam.AlignmentFile(str(path), "wb", header=head) as out:
        for t in range(TARGETS):
            starts = np.sort(rng.integers(t * step + 500, t * step + 500 + WIDTH, n))
            reads = []
            for i, start in enumerate(starts):
                for flag, at, mate, span in (
                    (0x63, start, start + INSERT - LENGTH, INSERT),
                    (0x93, start + INSERT - LENGTH, start, -INSERT),
                ):
                    bases = list(reference[at : at + LENGTH])
                    if rng.random() < 0.2:
                        bases[int(rng.integers(LENGTH))] = "A"
                    read = pysam.AlignedSegment()
                    read.query_name, read.flag, read.reference_id, read.reference_start = f"m:{t}:{i}", flag, 0, int(at)
                    read.mapping_quality, read.cigarstring, read.query_sequence = 60, f"{LENGTH}M", "".join(bases)
                    read.query_qualities = quality
                    read.next_reference_id, read.next_reference_start, read.template_length = 0, int(mate), span
                    read.set_tag("NM", 1)
                    reads.append(read)
            for read in sorted(reads, key=lambda r: r.reference_start):
                out.write(read)
    pysam.index(str(path))
    return reference


def main(n_sites: int = 20_000, depth: int = 100) -> None:
    from oncourse.reads.genotype import genotype

    folder = Path(tempfile.gettempdir()) / f"oncourse-bench-{depth}x"
    folder.mkdir(exist_ok=True)
    path = folder / "sample.bam"
    if not Path(f"{path}.bai").exists():
        make_bam(path, depth)
    reference = path.with_suffix(".fa").read_text().split("\n")[1]
    rng = np.random.default_rng(2)
    places = rng.integers(0, TARGETS, n_sites) * 2_000 + 500 + rng.integers(0, WIDTH, n_sites)
    ids = []
    for n, at in enumerate(places):
        base = reference[at]
        if n % 20 < 17:
            ids.append(f"1:{at + 1}:{base}:{'ACGT'['ACGT'.index(base) - 1]}")
        else:
            ids.append(f"1:{at + 1}:{base}:-" if n % 2 else f"1:{at + 1}:-:GT")
    before = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    counts = genotype(path, pl.Series(ids), reference=path.with_suffix(".fa"))
    after = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True))
    peak = max(usage.ru_maxrss for usage in after) / 1024
    clock = time.perf_counter() - start
    print(f"{n_sites:,} sites, mean depth {counts['depth'].mean():.0f}: {cpu:.2f} CPU s, {clock:.2f} s on the clock")
    print(f"{n_sites / cpu:,.0f} sites per CPU second; peak memory {peak:,.0f} MiB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
