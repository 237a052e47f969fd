"""`oncourse simulate DIR`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import end_progress, progress_line

if TYPE_CHECKING:
    import polars as pl


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--design", type=click.Choice(["crc", "mcrpc"]), required=True, help="Which study to simulate.")
@click.option(
    "--patients", default=None, type=click.IntRange(1, 100_000), help="Number of patients [60; with --reads 1]."
)
@click.option("--seed", default=1, show_default=True, help="Seed; the same seed gives the same study.")
@click.option("--truth", type=click.Path(path_type=Path), help="Folder to write the truth behind the study to.")
@click.option(
    "--stress",
    "stresses",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Put a fault into the study that nothing in it tells of; may be repeated. `--stress list` shows all.",
)
@click.option("--reads", is_flag=True, help="FASTQ files over a small synthetic reference, for `oncourse reads`.")
def simulate(
    folder: Path,
    design: str,
    patients: int | None,
    seed: int,
    truth: Path | None,
    stresses: tuple[str, ...],
    reads: bool,
) -> None:
    """Write a simulated study with known truth to FOLDER."""
    import polars as pl

    from oncourse.disk.new import check_new
    from oncourse.io.native import write_study
    from oncourse.simulate.stress import listed, parse_stresses
    from oncourse.simulate.study import simulate_study

    if "list" in stresses:
        return say(listed())
    for place in (folder, truth):
        if place is not None:
            check_new(place)
    if reads and stresses:
        raise click.UsageError("--stress is for tables; with --reads there are none.")
    if reads:
        return _reads(folder, design, patients or 1, seed, truth)
    patients = patients or 60
    faults = parse_stresses(stresses)
    study = simulate_study(design, patients, seed, progress_line(), stress=faults)
    end_progress()
    write_study(folder, study.tables, study.config)
    _write_truth(truth, study.truth)
    for name, value in faults.items():
        n = study.truth["stress"].filter(pl.col("stress") == name).height
        say(f"stress {name}={value}: {n} rows of truth" + ("" if truth else " (--truth FOLDER writes them)"))
    n = study.tables["patients"].height
    say(f"{folder}: {n} simulated patients; next `oncourse run {folder} --out results`.")


def _reads(folder: Path, design: str, patients: int, seed: int, truth: Path | None) -> None:
    from oncourse.disk.new import new_folder
    from oncourse.reads.simulate_patient import simulate_reads

    with new_folder(folder) as draft:
        known = simulate_reads(draft, design, patients, seed)
    end_progress()
    _write_truth(truth, known)
    say(f"{folder}: sequencing files of {patients} simulated patients; next `oncourse reads {folder}`.")


def _write_truth(folder: Path | None, tables: Mapping[str, pl.DataFrame]) -> None:
    from oncourse.disk.new import new_folder

    if folder is not None:
        with new_folder(folder) as draft:
            for name, frame in tables.items():
                frame.write_csv(draft / f"{name}.tsv", separator="\t")
