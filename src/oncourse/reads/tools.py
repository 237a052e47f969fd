"""The programs the reads stage runs: which are there, in which version, and what can be run with them."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from oncourse.errors import ToolError


@dataclass(frozen=True)
class Tool:
    """A program or Python package, how to ask its version, and what it is for.

    ``package`` is its Debian package (empty: a Python package).
    """

    name: str
    purpose: str
    package: str = ""
    ask: tuple[str, ...] = ("--version",)


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("pysam", "reading BAM and CRAM"),
        Tool("snakemake", "running the steps, here or on a cluster"),
        Tool("bwa", "aligning FASTQ", "bwa", ()),
        Tool("samtools", "sorting, duplicates", "samtools", ("--version",)),
        Tool("fastp", "trimming, molecular identifiers", "fastp", ("--version",)),
        Tool("freebayes", "finding variants of all samples of a patient together", "freebayes", ("--version",)),
        Tool("bcftools", "reading other callers' files", "bcftools", ("--version",)),
        Tool("mosdepth", "depth, as second opinion in the MultiQC report", "mosdepth", ("--version",)),
        Tool("multiqc", "one page over the outputs of the programs (multiqc: true in reads.yaml)"),
        Tool("snakemake-executor-plugin-slurm", "running the steps through SLURM"),
        Tool("sbatch", "SLURM", "slurm-wlm", ("--version",)),
        Tool("conda", "programs from the environments of the steps (--software conda)", "conda", ("--version",)),
        Tool("apptainer", "steps in an image (--software apptainer)", "apptainer", ("--version",)),
        Tool("snakemake-executor-plugin-kubernetes", "running the steps on Kubernetes"),
    )
}
#: Python packages that the extra `[reads]` does not bring.
_NOT_IN_EXTRA = ("multiqc", "snakemake-executor-plugin-kubernetes")
#: Programs that Debian does not have.
_ELSEWHERE = {"conda": "https://conda-forge.org/download", "apptainer": "https://apptainer.org"}
#: What a user wants to do -> the tools it takes.
TASKS: dict[str, tuple[str, ...]] = {
    "counts from BAM or CRAM": ("pysam",),
    "oncourse reads, from BAM or CRAM": ("pysam", "snakemake"),
    "oncourse reads, from FASTQ": ("pysam", "snakemake", "bwa", "samtools", "fastp"),
    "joint discovery by freebayes (without it: by our own counts)": ("freebayes",),
    "MultiQC over the outputs of the programs": ("samtools", "multiqc"),
    "oncourse reads --executor kubernetes": ("pysam", "snakemake", "snakemake-executor-plugin-kubernetes"),
    "oncourse reads --executor slurm": ("snakemake", "snakemake-executor-plugin-slurm", "sbatch"),
}


def version(name: str) -> str | None:
    """Return the version of a tool, '' where it does not say, None where it is not there."""
    tool = TOOLS[name]
    if not tool.package:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None
    return program_version(name, tool.ask)


def program_version(program: str, ask: tuple[str, ...]) -> str | None:
    """Return the version that a program on the PATH says it is, '' where it does not say, None where it is not there."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run([path, *ask], capture_output=True, text=True, errors="replace", timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+\.\d+(?:\.\d+)?[\w.-]*", done.stdout + done.stderr)
    return found[0] if found else ""


def missing(names: tuple[str, ...]) -> list[str]:
    """Return the tools that are not there."""
    return [name for name in names if version(name) is None]


def cure(names: list[str]) -> str:
    """Return the commands that fetch tools."""
    debian = [TOOLS[n].package for n in names if TOOLS[n].package and n not in _ELSEWHERE]
    python = [n for n in names if not TOOLS[n].package]
    said = []
    if debian:
        said.append(f"apt-get install {' '.join(debian)}")
    if python:
        extra = [n for n in python if n in _NOT_IN_EXTRA]
        if len(extra) < len(python):
            said.append("pip install 'oncourse[reads]'")
        said += [f"pip install {name}" for name in extra]
    said += [f"{n} from {_ELSEWHERE[n]}" for n in names if n in _ELSEWHERE]
    return " and ".join(said)


def need(*names: str) -> None:
    """Raise ToolError that names the tools that are not there, and the cure."""
    absent = missing(names)
    if absent:
        uses = "; ".join(f"{n} ({TOOLS[n].purpose})" for n in absent)
        raise ToolError(f"not installed: {uses}. Install it: {cure(absent)} (`oncourse doctor` shows all).")


def pipe(commands: list[list[str]], log: Path) -> None:
    """Run commands, each fed by the one before; ToolError with the last lines of the first that failed.

    The standard errors are kept in `log`.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    running: list[subprocess.Popen[bytes]] = []
    logs = [log.with_name(f"{log.name}.{n}.{Path(c[0]).name}") for n, c in enumerate(commands)]
    for n, (command, path) in enumerate(zip(commands, logs, strict=True)):
        last = n == len(commands) - 1
        with path.open("wb") as errors:
            running.append(
                subprocess.Popen(
                    command,
                    stdin=running[-1].stdout if running else subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL if last else subprocess.PIPE,
                    stderr=errors,
                )
            )
        if n and running[-2].stdout:
            running[-2].stdout.close()
    codes = [process.wait() for process in running]
    # a program whose reader died is told by the reader
    bad = [n for n, code in enumerate(codes) if code not in (0, -13, 141)] or [
        n for n, code in enumerate(codes) if code
    ]
    if bad:
        n = bad[0]
        said = logs[n].read_text(errors="replace").strip().splitlines()
        told = [
            line for line in said if re.search(r"error|fail|truncat|invalid|no such|cannot|space", line, re.I)
        ] or said
        what = told[-1].strip() if told else f"exit code {codes[n]}"
        raise ToolError(f"{Path(commands[n][0]).name} failed: {what}")
