"""`oncourse reads DIR`."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.cli._errors import say


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--fasta", type=click.Path(), help="Reference genome; goes before reads.yaml.")
@click.option("--targets", type=click.Path(), help="BED file of the regions to look at; goes before reads.yaml.")
@click.option(
    "--microsatellites",
    type=click.Path(),
    help="BED file of runs of one base, for microsatellite instability.",
)
@click.option("--known-sites", type=click.Path(), help="VCF of variants common in people: no mutations.")
@click.option(
    "--executor",
    type=click.Choice(["local", "slurm", "kubernetes"]),
    default="local",
    show_default=True,
    help="Where the steps run.",
)
@click.option(
    "--software",
    type=click.Choice(["path", "conda", "apptainer"]),
    default="path",
    show_default=True,
    help="Where the programs of the steps come from: this machine, their conda environments, or an image.",
)
@click.option(
    "--cores",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Cores used on this machine, and at most by a step on a cluster.",
)
@click.option("--jobs", type=click.IntRange(1), default=8, show_default=True, help="Jobs at a time on a cluster.")
@click.option("--slurm-no-account", is_flag=True, help="A SLURM without accounting.")
@click.option("--patient", help="Only what is this patient's alone; several such runs may work side by side.")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
def reads(
    folder: Path,
    fasta: str | None,
    targets: str | None,
    microsatellites: str | None,
    known_sites: str | None,
    executor: str,
    software: str,
    cores: int,
    jobs: int,
    slurm_no_account: bool,
    patient: str | None,
    dry_run: bool,
) -> None:
    """Turn the sequencing files of FOLDER/reads.tsv into the tables of the study folder.

    FASTQ, BAM or CRAM of several samples per patient; every site of a patient is counted in each of its samples. Run it
    again after adding samples, or after it was stopped: only what is missing is done. `oncourse doctor` shows which
    programs it finds.
    """
    from oncourse.reads.run import remarks, run_reads, without_normal

    overrides = {
        "fasta": fasta,
        "targets": targets,
        "microsatellites": microsatellites,
        "known_sites": known_sites,
    }
    plan = run_reads(
        folder,
        executor=executor,
        cores=cores,
        jobs=jobs,
        dry_run=dry_run,
        overrides=overrides,
        account=not slurm_no_account,
        software=software,
        patient=patient,
    )
    if dry_run:
        return
    if patient:
        say(f"{folder}: {patient} is read; next, when all are, `oncourse reads {folder}`.")
        return
    import json
    import shlex

    stopped = json.loads(plan.place("done.json").read_text())["stopped"]
    for patient, reason in stopped.items():
        say(f"warning: {patient} was stopped: {reason}. Its samples are not in the tables.")
    if plan.unused:
        say(f"warning: reads.tsv: not used: column {', '.join(plan.unused)}.")
    for text in [*without_normal(plan), *remarks(plan, stopped)]:
        say(f"warning: {text}")
    n = len(plan.patients) - len(stopped)
    say(
        f"{folder}: {len(plan.samples)} samples read, {n} of {len(plan.patients)} patients in the tables; "
        f"next `oncourse run {shlex.quote(str(folder))} --out results`."
    )
