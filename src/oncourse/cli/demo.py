"""`oncourse demo`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from oncourse.cli._shared import end_progress, progress_line

#: Patients of each simulated study: enough for every analysis, few enough for a minute.
DEMO_PATIENTS = 60


@click.command()
@click.argument("folder", default="demo", type=click.Path(path_type=Path))
@click.option("--seed", default=1, show_default=True, help="Seed of the simulation and the analyses.")
@click.option(
    "--patients",
    default=DEMO_PATIENTS,
    show_default=True,
    type=click.IntRange(5, 1000),
    help="Patients per study.",
)
def demo(folder: Path, seed: int, patients: int) -> None:
    """Simulate both studies with known truth in FOLDER, run every analysis, and say where the reports are."""
    import shutil

    from oncourse.cli.run import print_report
    from oncourse.errors import InputError
    from oncourse.io import load_study
    from oncourse.io.native import write_study
    from oncourse.report.study import report_study
    from oncourse.simulate.study import simulate_study

    marker = folder / ".oncourse-demo"
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise InputError(f"{folder}: exists and is not a demo folder. Choose another.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    marker.touch()
    progress = progress_line()
    failed: list[str] = []
    for design in ("crc", "mcrpc"):
        simulated = simulate_study(design, patients, seed, progress)
        source = write_study(folder / design / "study", simulated.tables, simulated.config)
        for name, frame in simulated.truth.items():
            (folder / design / "truth").mkdir(exist_ok=True)
            frame.write_csv(folder / design / "truth" / f"{name}.tsv", separator="\t")
        out = folder / design / "results"
        report = report_study(
            load_study(source), out, source=source, seed=seed, jobs=os.cpu_count() or 1, progress=progress
        )
        end_progress()
        click.echo(f"{simulated.config.title}\n  study {source}, truth {folder / design / 'truth'}")
        try:
            print_report(report)
        except click.exceptions.Exit:
            failed.append(design)
    if failed:
        raise click.exceptions.Exit(1)
