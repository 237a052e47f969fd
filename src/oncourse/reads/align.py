"""FASTQ to sorted, indexed BAM: fastp, bwa mem, samtools; duplicates marked, unless identifiers tell molecules apart."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

from oncourse.errors import InputError
from oncourse.reads.sheet import UMI, Plan, Sample
from oncourse.reads.tools import need, pipe


def align(plan: Plan, sample: Sample, threads: int = 2) -> Path:
    """Align all lanes of a sample and return its BAM file; nothing is at that place before it is whole."""
    need("bwa", "samtools", "fastp")
    out = plan.bam(sample.sample)
    work = out.parent / f".{sample.sample}.work"
    work.mkdir(parents=True, exist_ok=True)
    lanes = []
    for n, (one, two) in enumerate(sample.fastq):
        for path in filter(None, (one, two)):
            check_fastq(Path(path))
        lanes.append(_lane(plan, sample, n, one, two, work, threads))
    _join(sample, lanes, work / "whole.bam", plan, threads)
    pipe([["samtools", "index", str(work / "whole.bam")]], plan.place("log", f"align.{sample.sample}"))
    os.replace(work / "whole.bam.bai", f"{out}.bai")
    os.replace(work / "whole.bam", out)
    for left in work.iterdir():
        left.unlink()
    work.rmdir()
    return out


def check_fastq(path: Path) -> None:
    """InputError where a FASTQ file is no FASTQ, cut short, or empty; the whole file is read once."""
    lines, last = 0, b""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            first = file.read(1)
            if first not in (b"@", b""):
                raise InputError(f"{path.name}: is no FASTQ file (a record begins with '@').")
            lines += first.count(b"\n")
            while piece := file.read(1 << 22):
                lines, last = lines + piece.count(b"\n"), piece
    except (EOFError, zlib.error) as error:
        raise InputError(
            f"{path.name}: the compressed file is cut short or damaged ({error}). Copy it again; compare its md5 sum."
        ) from None
    except gzip.BadGzipFile:
        raise InputError(
            f"{path.name}: ends in .gz and is not compressed. Rename it, or copy it again."
        ) from None
    lines += not last.endswith(b"\n") and bool(last)
    if lines == 0:
        raise InputError(f"{path.name}: holds no reads.")
    if lines % 4:
        raise InputError(
            f"{path.name}: {lines:,} lines are not four for each read: the file is cut short. Copy it again."
        )


def _lane(plan: Plan, sample: Sample, n: int, one: str, two: str, work: Path, threads: int) -> Path:
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
    pipe([trim, bwa, sort], log)
    return out


def _join(sample: Sample, lanes: list[Path], out: Path, plan: Plan, threads: int) -> None:
    log = plan.place("log", f"join.{sample.sample}")
    merge = ["samtools", "merge", "-n", "-u", "-o", "-", *map(str, lanes)] if len(lanes) > 1 else [
        "samtools", "view", "-u", "--no-PG", str(lanes[0])]  # fmt: skip
    steps = [merge, ["samtools", "fixmate", "-m", "-u", "-", "-"],
             ["samtools", "sort", "-u", "-m", "256M", "-T", str(out.parent / "place"), "-"]]  # fmt: skip
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
