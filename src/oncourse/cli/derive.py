"""`oncourse derive STUDY --shard I/N`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import cache_options, end_progress, parse_settings, progress_line

if TYPE_CHECKING:
    from oncourse.disk.store import Store


def _share(_context: Any, _option: Any, text: str) -> tuple[int, int]:
    first, _, second = text.partition("/")
    if not (first.isdigit() and second.isdigit() and 1 <= int(first) <= int(second)):
        raise click.BadParameter(f"{text}: expected I/N with I from 1 to N, e.g. 3/16.")
    return int(first), int(second)


@click.command()
@click.argument("study", type=click.Path(exists=True, path_type=Path))
@click.option("--shard", default="1/1", show_default=True, metavar="I/N", callback=_share, help="The I-th of N shares.")
@click.option("--seed", default=1, show_default=True, help="Seed of every random number, as of the run.")
@click.option(
    "--jobs", default=os.cpu_count() or 1, show_default="cores", type=click.IntRange(1, 64), help="Patients at a time."
)
@click.option("--set", "assignments", multiple=True, metavar="A.B=VALUE", help="Settings of the run; may be repeated.")
@cache_options
def derive(
    study: Path, shard: tuple[int, int], seed: int, jobs: int, assignments: tuple[str, ...], store: Store
) -> None:
    """Derive clones, trees and seeding of a share of the patients of STUDY, and keep them in the cache.

    On a cluster, an array job of N tasks with one shared --cache folder derives a cohort; `oncourse run` with the same
    folder, settings and seed reads them. What is there already is not derived again.
    """
    from oncourse.cohort import Cohort
    from oncourse.errors import ConfigError
    from oncourse.io import load_study

    if store.folder is None:
        raise ConfigError("derive keeps what it derives: --no-cache leaves nothing to do.")
    progress = progress_line()
    progress("reading the study")
    cohort = Cohort(load_study(study), parse_settings(assignments), seed, store=store, jobs=jobs)
    cohort.progress = progress
    patients = cohort.derive_clones(*shard)
    end_progress()
    for note in store.notes:
        say(f"note: {note}")
    done = f"{store.n_made} derivations made, {store.n_read} read"
    say(f"share {shard[0]} of {shard[1]}: {patients} patients; {done}: {store.folder}")
