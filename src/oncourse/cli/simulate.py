"""`oncourse simulate DIR`."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.cli._shared import end_progress, progress_line


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--design", type=click.Choice(["crc", "mcrpc"]), required=True, help="Which study to simulate.")
@click.option(
    "--patients", default=60, show_default=True, type=click.IntRange(1, 100_000), help="Number of patients."
)
@click.option("--seed", default=1, show_default=True, help="Seed; the same seed gives the same study.")
@click.option(
    "--truth", type=click.Path(path_type=Path), help="Folder to write the truth behind the study to."
)
def simulate(folder: Path, design: str, patients: int, seed: int, truth: Path | None) -> None:
    """Write a simulated study with known truth to FOLDER."""
    from oncourse.disk.new import check_new, new_folder
    from oncourse.io.native import write_study
    from oncourse.simulate.study import simulate_study

    for place in (folder, truth):
        if place is not None:
            check_new(place)
    study = simulate_study(design, patients, seed, progress_line())
    end_progress()
    write_study(folder, study.tables, study.config)
    if truth is not None:
        with new_folder(truth) as draft:
            for name, frame in study.truth.items():
                frame.write_csv(draft / f"{name}.tsv", separator="\t")
    click.echo(f"{folder}: {patients} simulated patients; next `oncourse run {folder} --out results`.")
