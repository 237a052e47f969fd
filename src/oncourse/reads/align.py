"""FASTQ to sorted, indexed BAM: fastp, bwa mem, samtools; duplicates marked, unless identifiers tell molecules
apart."""

from __future__ import annotations

import json
import os
from pathlib import Path

from oncourse.errors import InputError
from oncourse.reads.fastq import alike_named, check_lane
from oncourse.reads.sheet import UMI, Plan, ReadsSample
from oncourse.reads.tools import need, pipe


def align(plan: Plan, sample: ReadsSample, threads: int = 2) -> Path:
    """Align all lanes of a sample and return its BAM file; nothing is at that place before it is whole."""
    need("bwa", "samtools", "fastp")
    out = plan.bam(sample.sample)
    work = out.parent / f".{sample.sample}.work"
    work.mkdir(parents=True, exist_ok=True)
    lanes = []
    is_renamed = alike_named([Path(one) for one, _ in sample.fastq])
    for n, (one, two) in enumerate(sample.fastq):
        reads = check_lane(Path(one), Path(two) if two else None)
        lanes.append(_lane(plan, sample, n, one, two, work, threads, is_renamed=is_renamed))
        _check_read(plan, sample, n, Path(one), reads)
    _join(sample, lanes, work / "whole.bam", plan, threads)
    pipe([["samtools", "index", str(work / "whole.bam")]], plan.place("log", f"align.{sample.sample}"))
    os.replace(work / "whole.bam.bai", f"{out}.bai")
    os.replace(work / "whole.bam", out)
    for left in work.iterdir():
        left.unlink()
    work.rmdir()
    return out


def _check_read(plan: Plan, sample: ReadsSample, n: int, one: Path, reads: int) -> None:
    """InputError where fastp read fewer reads of a lane than it holds: it stops at what it cannot read, and succeeds."""
    said = json.loads(plan.place("log", f"{sample.sample}.{n}.fastp.json").read_text())
    found = said["summary"]["before_filtering"]["total_reads"]
    if found != reads:
        raise InputError(f"{one.name}: fastp read {found:,} of {reads:,} reads of the lane. Copy its files again.")


def _lane(
    plan: Plan, sample: ReadsSample, n: int, one: str, two: str, work: Path, threads: int, *, is_renamed: bool
) -> Path:
    """Align one lane, sorted by name; `is_renamed` puts its number before the names, which another lane has too."""
    log = plan.place("log", f"align.{sample.sample}.{n}")
    out = work / f"lane{n}.bam"
    trim = [
        "fastp",
        "-i",
        one,
        *(["-I", two] if two else []),
        "--stdout",
        "-w",
        str(threads),
        "-j",
        str(plan.place("log", f"{sample.sample}.{n}.fastp.json")),
        "-h",
        os.devnull,
        "--length_required",
        "30",
    ]
    if found := UMI.match(sample.umi):
        trim += ["--umi", "--umi_loc", "per_read" if two else "read1", "--umi_len", found[1]]
        trim += ["--umi_skip", found[2]] if found[2] else []
    group = f"@RG\\tID:{sample.sample}.{n}\\tSM:{sample.sample}\\tPL:ILLUMINA\\tLB:{sample.sample}"
    bwa = [
        "bwa",
        "mem",
        "-t",
        str(threads),
        "-R",
        group,
        "-K",
        "10000000",
        *(["-p"] if two else []),
        plan.fasta,
        "-",
    ]
    sort = [
        "samtools",
        "sort",
        "-n",
        "-@",
        "1",
        "-m",
        "256M",
        "-T",
        str(work / f"sort{n}"),
        "-o",
        str(out),
        "-",
    ]
    rename = [["sed", f"1~4s/^@/@{n}:/"]] if is_renamed else []
    pipe([trim, *rename, bwa, sort], log)
    return out


def _join(sample: ReadsSample, lanes: list[Path], out: Path, plan: Plan, threads: int) -> None:
    log = plan.place("log", f"join.{sample.sample}")
    merge = (
        ["samtools", "merge", "-n", "-u", "-o", "-", *map(str, lanes)]
        if len(lanes) > 1
        else ["samtools", "view", "-u", "--no-PG", str(lanes[0])]
    )
    steps = [
        merge,
        ["samtools", "fixmate", "-m", "-u", "-", "-"],
        ["samtools", "sort", "-u", "-m", "256M", "-T", str(out.parent / "place"), "-"],
    ]
    if sample.counts_families:
        steps.append(["samtools", "view", "-b", "-o", str(out), "-"])
    else:
        steps.append(["samtools", "markdup", "-T", str(out.parent / "dup"), "-", str(out)])
    pipe(steps, log)


def index_reference(fasta: Path) -> None:
    """Make the .fai and bwa's index of a reference where they are not there."""
    import pysam

    if not Path(f"{fasta}.fai").exists():
        pysam.faidx(str(fasta))
    if not Path(f"{fasta}.bwt").exists():
        need("bwa")
        pipe([["bwa", "index", str(fasta)]], fasta.parent / ".bwa-index.log")
