"""Other programs that find candidates: how each is called for a patient, what it writes, and where a user gets it.

They are asked for in reads.yaml (`callers: mutect2, vardict`) and only add candidates: counting and judgement are ours,
so that every sample is judged alike and no program's genotype is needed. Command lines are those of the programs'
manuals, written from memory; none of the three could be installed where this was made: they were tried with stand-ins
only.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from oncourse.errors import ToolError
from oncourse.reads.tools import pipe, program_version

#: Columns of candidates.
SITE_SCHEMA = {"chrom": pl.String, "pos": pl.Int64, "ref": pl.String, "alt": pl.String}


@dataclass(frozen=True)
class Job:
    """Files of a patient: sample name -> BAM; the normal's name or empty; reference, targets, an empty folder to work
    in."""

    tumours: dict[str, Path]
    normal: str
    normal_bam: Path | None
    reference: Path
    targets: Path
    folder: Path


@dataclass(frozen=True)
class Caller:
    """A program: what it is called, its version question and the least that will do, container and conda package, its
    command lines and their VCFs."""

    name: str
    program: str
    ask: tuple[str, ...]
    least: str
    container: str
    conda: str
    needs_normal: bool
    commands: Callable[[Job], list[list[list[str]]]]
    writes: Callable[[Job], list[Path]]


def _mutect2(job: Job) -> list[list[list[str]]]:
    bams = [
        x for path in (*job.tumours.values(), *([job.normal_bam] if job.normal_bam else [])) for x in ("-I", str(path))
    ]
    normal = ["-normal", job.normal] if job.normal else []
    out = str(job.folder / "mutect2.vcf.gz")
    return [[["gatk", "Mutect2", "-R", str(job.reference), "-L", str(job.targets), *bams, *normal, "-O", out]]]


def _strelka2(job: Job) -> list[list[list[str]]]:
    packed = f"{job.targets}.gz"
    steps = [[["bgzip", "-f", "-k", str(job.targets)]], [["tabix", "-f", "-p", "bed", packed]]]
    for name, bam in job.tumours.items():
        run = job.folder / name
        steps.append(
            [
                [
                    "configureStrelkaSomaticWorkflow.py",
                    "--normalBam",
                    str(job.normal_bam),
                    "--tumorBam",
                    str(bam),
                    "--referenceFasta",
                    str(job.reference),
                    "--callRegions",
                    packed,
                    "--exome",
                    "--runDir",
                    str(run),
                ]
            ]
        )
        steps.append([[str(run / "runWorkflow.py"), "-m", "local", "-j", "2"]])
    return steps


def _vardict(job: Job) -> list[list[list[str]]]:
    paired = [
        [
            [
                "vardict-java",
                "-G",
                str(job.reference),
                "-f",
                "0.01",
                "-N",
                name,
                "-b",
                f"{bam}|{job.normal_bam}",
                "-c",
                "1",
                "-S",
                "2",
                "-E",
                "3",
                "-g",
                "4",
                str(job.targets),
            ],
            ["testsomatic.R"],
            ["var2vcf_paired.pl", "-N", f"{name}|{job.normal}", "-f", "0.01"],
            ["tee", str(job.folder / f"{name}.vcf")],
        ]
        for name, bam in job.tumours.items()
    ]
    return paired


CALLERS: dict[str, Caller] = {
    c.name: c
    for c in (
        Caller(
            "mutect2",
            "gatk",
            ("--version",),
            "4.1.0",  # several tumours of one patient at a time (its release notes, from memory)
            "quay.io/biocontainers/gatk4",
            "bioconda::gatk4",
            False,
            _mutect2,
            lambda job: [job.folder / "mutect2.vcf.gz"],
        ),
        Caller(
            "strelka2",
            "configureStrelkaSomaticWorkflow.py",
            ("--version",),
            "2.9.0",  # --callRegions
            "quay.io/biocontainers/strelka",
            "bioconda::strelka",
            True,
            _strelka2,
            lambda job: [
                job.folder / n / "results" / "variants" / f"somatic.{kind}.vcf.gz"
                for n in job.tumours
                for kind in ("snvs", "indels")
            ],
        ),
        Caller(
            "vardict",
            "vardict-java",
            (),  # it says no version
            "",
            "quay.io/biocontainers/vardict-java",
            "bioconda::vardict-java",
            True,
            _vardict,
            lambda job: [job.folder / f"{n}.vcf" for n in job.tumours],
        ),
    )
}


def cure(caller: Caller) -> str:
    """Return how a user gets a caller."""
    return f"conda install {caller.conda}, or put it on the PATH from docker://{caller.container}"


def version_of(caller: Caller) -> str | None:
    """Return the version of a caller, '' of one that says none, None of one that is not there."""
    if caller.ask:
        return program_version(caller.program, caller.ask)
    return None if shutil.which(caller.program) is None else ""


def fault(caller: Caller) -> str | None:
    """Return why a caller cannot be used here: not there, or older than what its command line needs; None of one that
    can."""
    found = version_of(caller)
    if found is None:
        return "not installed"
    if caller.least and found and _number(found) < _number(caller.least):
        return f"{found} is older than {caller.least}"
    return None


def _number(text: str) -> tuple[int, ...]:
    """Return a version as numbers.

    >>> _number("4.1.9.0") > _number("4.1.0"), _number("3.8-1-0")
    (True, (3, 8))
    """
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def need_callers(names: tuple[str, ...]) -> None:
    """Raise ToolError that names the callers that are not there or too old, and the cure."""
    bad = [(CALLERS[n], why) for n in names if (why := fault(CALLERS[n]))]
    if bad:
        told = "; ".join(f"{c.name} ({c.program}, {why}): {cure(c)}" for c, why in bad)
        raise ToolError(f"cannot be used: {told}. Or take it out of `callers` in reads.yaml.")


def candidates(caller: Caller, job: Job) -> pl.DataFrame:
    """Run a caller for a patient and return chrom, pos, ref, alt of everything it wrote, whatever its filters say."""
    if caller.needs_normal and job.normal_bam is None:
        return pl.DataFrame(schema=SITE_SCHEMA)
    for n, step in enumerate(caller.commands(job)):
        pipe(step, job.folder / f"{caller.name}.{n}.log")
    frames = [read_candidates(path) for path in caller.writes(job)]
    return pl.concat(frames) if frames else pl.DataFrame(schema=SITE_SCHEMA)


def read_candidates(path: Path) -> pl.DataFrame:
    """Return chrom, pos, ref, alt of the records of a VCF; symbolic alleles are left out."""
    import pysam

    rows = []
    pysam.set_verbosity(0)
    try:
        with pysam.VariantFile(str(path)) as file:
            for record in file:
                rows += [
                    (record.chrom, record.pos, record.ref, a)
                    for a in record.alts or ()
                    if set(a.upper()) <= set("ACGT")
                ]
    except (OSError, ValueError) as error:
        raise ToolError(f"{path.name}: the VCF of a caller cannot be read ({error}).") from None
    return pl.DataFrame(rows, schema=SITE_SCHEMA, orient="row")
