"""The reads stage of a study folder: its plan, run by Snakemake on this machine or a cluster."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncourse.disk.lock import locked
from oncourse.errors import InputError, OncourseError, ToolError
from oncourse.reads.callers import need_callers
from oncourse.reads.names import need_program
from oncourse.reads.sheet import Plan, read_plan
from oncourse.reads.tools import need

if TYPE_CHECKING:
    import polars as pl

    from oncourse.genome.fasta import Fasta

#: Reads of a file from which on some are duplicates of others, by chance alone. A choice.
_MANY_READS = 10_000
#: Bytes below which a failed step is put down to a full disk.
_LEAST_FREE = 1 << 20
#: What Snakemake and the cluster say of failures, and how much of it is shown.
_LOG, _LONGEST = "workflow.txt", 600
#: What an executor, and programs from elsewhere than the PATH, need on this machine.
_EXECUTORS = {
    "local": (),
    "slurm": ("snakemake-executor-plugin-slurm", "sbatch"),
    "kubernetes": ("snakemake-executor-plugin-kubernetes",),
}
_NO_PODS = (
    "a pod shares no files with this machine: run `oncourse reads STUDY --patient P` as a job for each patient on a volume, "
    "and `oncourse reads STUDY` after them (`oncourse doctor` says where the manifest lies). With --dry-run it is shown "
    "what each pod does."
)
_SOFTWARE = {"path": (), "conda": ("conda",), "apptainer": ("apptainer",)}


def run_reads(
    folder: Path,
    *,
    executor: str = "local",
    cores: int = 2,
    jobs: int = 8,
    dry_run: bool = False,
    overrides: Mapping[str, str | None] | None = None,
    account: bool = True,
    software: str = "path",
    patient: str | None = None,
) -> Plan:
    """Bring the tables of a study folder up to date with reads.tsv; only what is missing or changed is done.

    Parameters
    ----------
    software : where the programs of the steps come from: ``path`` (this machine's), ``conda`` (the environments of
        the rules) or ``apptainer`` (the image `container` of reads.yaml)
    patient : only what is this patient's alone, up to the counts of its samples: several such runs may work side by side
        on one folder (a pod each); a run without goes on from there

    Raises
    ------
    InputError : what is wrong with the input, grouped by cause, before or while it is read
    ToolError : a program is missing or failed
    """
    plan = read_plan(folder, overrides)
    if patient is not None and patient not in plan.patients:
        raise InputError(f"reads.tsv has no patient {patient}. It has: {', '.join(plan.patients[:8])}.")
    if executor == "kubernetes" and not dry_run:
        raise ToolError(_NO_PODS)
    if plan.place().exists() and not plan.place().is_dir():
        raise InputError(f"{plan.place()}: is a file where the steps keep theirs. Move it away.")
    from_fastq = any(s.fastq for s in plan.samples)
    need("pysam", "snakemake", *_EXECUTORS[executor], *_SOFTWARE[software])
    if software == "path" and executor != "kubernetes":
        need(*(("bwa", "samtools", "fastp") if from_fastq else ()), *(("samtools", "multiqc") if plan.multiqc else ()))
        need_callers(plan.callers)
        need_program(plan.annotation)
    _check_beside(plan, from_fastq=from_fastq)
    _check_build(plan)
    _check_targets(plan)
    _check_aligned(plan)
    if not dry_run:
        from oncourse.reads.align import index_reference

        if from_fastq:
            index_reference(Path(plan.fasta))
    plan.write()
    with locked(plan.place(f"patient {patient}" if patient else "done.json")):
        done = _snakemake(
            plan,
            executor=executor,
            cores=cores,
            jobs=jobs,
            dry_run=dry_run,
            account=account,
            software=software,
            patient=patient,
        )
    if not done:
        raise failure(plan, patient)
    return plan


def _errors(plan: Plan, patient: str | None) -> list[Path]:
    """Return where steps wrote what stopped them: all of them, or those of a patient and its samples."""
    names = None if patient is None else {patient, *(s.sample for s in plan.of_patient(patient))}
    found = sorted(plan.place("log").glob("*.error"))
    return [p for p in found if names is None or p.name.split(".", 1)[1].removesuffix(".error") in names]


def without_normal(plan: Plan) -> list[str]:
    """Return what cannot be told of patients without a normal, or of plasma without white cells."""
    out = []
    for patient in plan.patients:
        roles = {s.role for s in plan.of_patient(patient)}
        if not roles & {"normal", "white_cells"}:
            out.append(f"{patient} has no normal: the origin of its variants is unknown. Add a normal or white cells.")
        elif "plasma" in roles and "white_cells" not in roles:
            out.append(f"{patient} has plasma without white cells: what only plasma shows is of unknown origin.")
    return out


def remarks(plan: Plan, stopped: Mapping[str, str]) -> list[str]:
    """Return what a user should know of samples that did not stop: foreign DNA, bare targets, other names."""
    import polars as pl

    from oncourse.reads.bam import read_header

    out = []
    for sample in plan.samples:
        if sample.aligned:
            names = set(read_header(Path(sample.aligned), reference=Path(plan.fasta)).samples)
            if names and sample.sample not in names:
                out.append(
                    f"{Path(sample.aligned).name}: given for {sample.sample}, its reads say they are {min(names)}."
                )
    quality = pl.read_csv(plan.place("tables", "quality.tsv"), separator="\t", infer_schema_length=None)
    quality = quality.filter(~pl.col("patient_id").is_in(list(stopped)))
    unmarked = {s.sample for s in plan.samples if s.aligned and not s.umi}
    for row in quality.iter_rows(named=True):
        name = row["sample_id"]
        out += [f"{name}: {text}" for text in _remarks_of(row, is_unmarked=name in unmarked)]
    return out


def _remarks_of(row: Mapping[str, Any], *, is_unmarked: bool) -> Iterator[str]:
    """Yield what a row of the quality table should be read with."""
    from oncourse.reads.identity import CONTAMINATION_WARNING

    foreign, mapped, deep = (row[name] for name in ("contamination", "mapped_share", "share_20x"))
    if tumour := row.get("tumor_in_normal"):
        yield (
            f"about {tumour:.1%} of this normal's DNA is the patient's tumour: mutations of low fraction may be taken for "
            "the normal's own, and losses look smaller. Give another normal where there is one."
        )
    if is_unmarked and row["duplicate_share"] == 0 and row["reads"] >= _MANY_READS:
        yield (
            f"none of its {row['reads']:,} reads is marked as a duplicate. Unless it is an amplicon assay, mark them "
            "(samtools markdup): copies of one molecule count as many."
        )
    if foreign is not None and foreign >= CONTAMINATION_WARNING:
        yield f"about {foreign:.1%} of its DNA is another person's; see tables/quality.tsv."
    if mapped is not None and mapped < 0.5:
        yield f"only {mapped:.0%} of its reads lie on the reference. Is it of this species and build?"
    if deep is not None and deep < 0.5:
        yield (
            f"{deep:.0%} of the target bases are read 20 times or more (mean depth {row['mean_depth']:.0f}): most of what "
            "is not found here is not assessable."
        )


def _check_beside(plan: Plan, *, from_fastq: bool) -> None:
    from oncourse.genome.fasta import Fasta
    from oncourse.reads.beside import check_gene_models, check_known_sites, check_reference

    check_reference(Path(plan.fasta), from_fastq=from_fastq)
    if plan.known_sites:
        check_known_sites(Path(plan.known_sites), Fasta(plan.fasta))
    if plan.gff:
        check_gene_models(Path(plan.gff), Fasta(plan.fasta))


def _check_build(plan: Plan) -> None:
    from oncourse.reads.beside import build_of
    from oncourse.study.config import read_config

    path, build = Path(plan.folder, "study.yaml"), build_of(plan)
    said = read_config(path).genome_build if path.is_file() else None
    if build and said and said != build:
        raise InputError(
            f"study.yaml says genome_build {said}, {Path(plan.fasta).name} is {build}: its chromosomes have that "
            f"build's "
            "lengths. Correct genome_build, or give the other reference."
        )


def _check_targets(plan: Plan) -> None:
    from oncourse.genome.fasta import Fasta
    from oncourse.reads.profile import target_regions
    from oncourse.reads.steps import LARGEST_WHOLE

    fasta = Fasta(plan.fasta)
    if not plan.targets and sum(fasta.length(name) for name in fasta.names) > LARGEST_WHOLE:
        raise InputError(
            f"no targets: {Path(plan.fasta).name} is a whole genome. Name the regions to look at (`targets: "
            f"panel.bed` in "
            "reads.yaml, or --targets)."
        )
    for path in filter(None, (plan.targets, plan.microsatellites)):
        target_regions(Path(path), fasta)


def _check_aligned(plan: Plan) -> None:
    """Look at the header of every BAM and CRAM before anything is run."""
    from oncourse.genome.fasta import Fasta
    from oncourse.reads.bam import bare_name, read_header
    from oncourse.reads.profile import check_contigs
    from oncourse.reads.steps import regions_of

    problems: list[object] = []
    fasta = Fasta(plan.fasta)
    written: dict[str, tuple[str, str]] = {}
    for sample in plan.samples:
        if not sample.aligned:
            continue
        path = Path(sample.aligned)
        try:
            header = read_header(path, reference=Path(plan.fasta))
            check_contigs(header, fasta, regions_of(plan, path) if plan.targets else _whole(fasta))
        except InputError as error:
            problems += error.problems
            continue
        first = written.setdefault(sample.patient, (header.contigs[0], path.name))
        if first[0] != header.contigs[0] and bare_name(first[0]) == bare_name(header.contigs[0]):
            problems.append(
                f"{path.name}: names contigs {header.contigs[0]} ..., {first[1]} of the same patient {first[0]} ...: "
                f"name "
                "them alike (samtools reheader)."
            )
        names = set(header.samples)
        others = {s.sample for s in plan.samples} - {sample.sample}
        if len(names) > 1:
            problems.append(f"{path.name}: holds reads of {len(names)} samples ({', '.join(sorted(names))}): split it.")
        elif names & others:
            problems.append(
                f"{path.name}: given for {sample.sample}, its reads say they are {min(names)}. Correct reads.tsv, or "
                f"the "
                "read group (samtools addreplacerg)."
            )
    if problems:
        raise InputError(problems)


def _whole(fasta: Fasta) -> pl.DataFrame:
    """Return the contigs of a reference as regions."""
    import polars as pl

    rows = [(name, 0, fasta.length(name)) for name in fasta.names]
    return pl.DataFrame(rows, schema=["chrom", "start", "end"], orient="row")


def failure(plan: Plan, patient: str | None = None) -> OncourseError:
    """Return what stopped the steps, in their own words."""
    texts = [line for path in _errors(plan, patient) for line in path.read_text().splitlines() if line.strip()]
    if shutil.disk_usage(plan.folder).free < _LEAST_FREE:
        texts.append(f"{plan.folder}: the disk is full. Make room and run it again: what is done is kept.")
    if texts:
        return InputError(texts)
    log = plan.place("log", _log_of(patient))
    said = [line.strip() for line in log.read_text().splitlines() if line.strip()] if log.is_file() else []
    told = f": {' '.join(said)[:_LONGEST]}" if said else f"; see {plan.place('log')}."
    return ToolError(f"a step of the workflow failed without a reason of its own{told}")


def _snakemake(
    plan: Plan,
    *,
    executor: str,
    cores: int,
    jobs: int,
    dry_run: bool,
    account: bool,
    software: str,
    patient: str | None,
) -> bool:
    """Run the workflow through Snakemake's Python interface; return whether it was done."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import (
        ConfigSettings,
        DAGSettings,
        DeploymentMethod,
        DeploymentSettings,
        ExecutionSettings,
        OutputSettings,
        Quietness,
        RemoteExecutionSettings,
        ResourceSettings,
    )

    snakefile = resources.files("oncourse.reads").joinpath("workflow/Snakefile")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    quiet = None if dry_run else {Quietness.ALL}
    remote = executor != "local"
    inside = software == "apptainer" or executor == "kubernetes"  # an image has a Python of its own
    config = {"python": "python3"} if inside else {}
    config |= {"pods": "patient"} if executor == "kubernetes" else {}
    methods = frozenset() if software == "path" else frozenset({DeploymentMethod[software.upper()]})
    with SnakemakeApi(OutputSettings(dryrun=dry_run, quiet=quiet, nocolor=True)) as api, _listen(plan, patient):
        try:
            workflow = api.workflow(
                resource_settings=ResourceSettings(cores=cores, nodes=jobs if remote else None, max_threads=cores),
                config_settings=ConfigSettings(config=config),
                deployment_settings=DeploymentSettings(deployment_method=methods, apptainer_args=_bound(plan)),
                snakefile=Path(str(snakefile)),
                workdir=plan.place(),
            )
            dag = workflow.dag(dag_settings=DAGSettings(targets=_targets(plan, patient), force_incomplete=True))
            dag.unlock() if patient is None and _is_stale(plan) else None
            dag.execute_workflow(
                executor="dryrun" if dry_run else executor,
                execution_settings=ExecutionSettings(
                    keep_going=True, latency_wait=30 if remote else 5, lock=patient is None
                ),
                remote_execution_settings=RemoteExecutionSettings(
                    seconds_between_status_checks=5, container_image=plan.container.removeprefix("docker://")
                ),
                executor_settings=_settings(executor, account),
            )
        except Exception as error:  # Snakemake raises its own errors for a failed step
            if "WorkflowError" not in type(error).__name__ and "Snakemake" not in type(error).__name__:
                plan.place("log").mkdir(exist_ok=True)
                raise
            return False
    return True


class _Quiet(logging.FileHandler):
    """A log whose own failure is no news: a full disk is told once, by `failure`."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing."""


def _bound(plan: Plan) -> str:
    """Return the options of apptainer that show an image the folders of all files: Snakemake binds reads/ alone.

    A folder below another is seen with it. (`--bind` splits at commas and colons: a folder with one is not shown.)
    """
    files = [plan.fasta, plan.targets, plan.microsatellites, plan.known_sites, plan.gff]
    for sample in plan.samples:
        files += [sample.aligned, *(f for pair in sample.fastq for f in pair)]
    folders = {Path(plan.folder), *(Path(f).parent for f in files if f)}
    if plan.annotation_data and Path(plan.annotation_data).is_dir():
        folders.add(Path(plan.annotation_data).resolve())
    kept = sorted(str(f) for f in folders if not folders & set(f.parents))
    return " ".join(f"--bind {shlex.quote(f)}" for f in kept)


def _targets(plan: Plan, patient: str | None) -> list[str]:
    """Return what is to be made: everything, or the counts of one patient's samples (the judgement needs all)."""
    if patient is None:
        return ["all"]
    return [f"sample/{s.sample}.counts.parquet" for s in plan.of_patient(patient)]


def _log_of(patient: str | None) -> str:
    return f"{patient}.{_LOG}" if patient else _LOG


@contextmanager
def _listen(plan: Plan, patient: str | None) -> Iterator[None]:
    """Keep what Snakemake and its executor say of failures: a job that a cluster refuses has no reason of its own."""
    plan.place("log").mkdir(parents=True, exist_ok=True)
    for old in _errors(plan, patient):
        old.unlink(missing_ok=True)
    handler = _Quiet(plan.place("log", _log_of(patient)), mode="w")
    handler.setLevel(logging.ERROR)
    logger = logging.getLogger("snakemake.logging")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def _is_stale(plan: Plan) -> bool:
    """Whether a run that was killed left its lock; ours (`locked`) says that no other run is at work."""
    return any(plan.place(".snakemake", "locks").glob("*"))


def _settings(executor: str, account: bool) -> object:
    if executor != "slurm":
        return None
    from snakemake_executor_plugin_slurm import ExecutorSettings

    # no accounting: the queue itself says what has ended; the first look comes after ten seconds, not forty
    command = None if account else "squeue"
    return ExecutorSettings(no_account=not account, init_seconds_before_status_checks=10, status_command=command)
