"""`oncourse demo`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import cache_options, end_progress, progress_line
from oncourse.words import LANGUAGES

if TYPE_CHECKING:
    from oncourse.disk.store import Store
    from oncourse.simulate.study import Simulated

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
@click.option(
    "--language", default="en", show_default=True, type=click.Choice(LANGUAGES), help="Language of the reports."
)
@cache_options
def demo(folder: Path, seed: int, patients: int, language: str, store: Store) -> None:
    """Simulate both studies with known truth in FOLDER, run every analysis, and say where the reports are."""
    from oncourse.report.workers import prepare, spare_the_collector

    prepare(os.cpu_count() or 1)  # before what is slow to import here
    from oncourse.cli.run import print_report
    from oncourse.io import load_study
    from oncourse.report.study import report_study
    from oncourse.simulate.study import simulate_study

    spare_the_collector()
    progress = progress_line()
    failed: list[str] = []
    for design in ("crc", "mcrpc"):
        simulated = simulate_study(design, patients, seed, progress)
        source, truth = folder / design / "study", folder / design / "truth"
        made_by = {"written_by": "oncourse", "simulated": design, "patients": patients, "seed": seed}
        _write_simulated(simulated, source, truth, made_by)
        out = folder / design / "results"
        study = load_study(source)
        report = report_study(
            replace(study, config=replace(study.config, language=language)),
            out,
            source=source,
            seed=seed,
            jobs=os.cpu_count() or 1,
            progress=progress,
            store=store,
        )
        end_progress()
        say(f"{simulated.config.title}\n  study {source}, truth {truth}")
        try:
            print_report(report)
        except click.exceptions.Exit:
            failed.append(design)
    if failed:
        raise click.exceptions.Exit(1)


def _write_simulated(simulated: Simulated, source: Path, truth: Path, made_by: dict[str, Any]) -> None:
    """Write study and truth; what an earlier demo wrote is replaced, what is not of a demo stays or is refused."""

    from oncourse.disk.folder import replaced_folder
    from oncourse.disk.manifest import CARRIER, sealed, text_of
    from oncourse.io.native import fill_study

    def seal(draft: Path) -> None:
        (draft / CARRIER).write_bytes(text_of(sealed(draft, made_by)).encode())

    with replaced_folder(source) as draft:
        fill_study(draft, simulated.tables, simulated.config)
        seal(draft)
    with replaced_folder(truth) as draft:
        for name, frame in simulated.truth.items():
            frame.write_csv(draft / f"{name}.tsv", separator="\t")
        seal(draft)
