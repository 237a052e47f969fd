"""`oncourse run STUDY --out RESULTS`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import cache_options, each_name, end_progress, fasta_options, parse_settings, progress_line
from oncourse.words import LANGUAGES

if TYPE_CHECKING:
    from oncourse.disk.store import Store
    from oncourse.report.study import Report


@click.command()
@click.argument("study", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Results folder to write.")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    callback=each_name,
    help="Run this analysis only; several with commas, or repeated.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of every random number.")
@click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default="cores",
    type=click.IntRange(1, 64),
    help="Processes: analyses, patients and pages at a time. Results do not depend on it.",
)
@click.option("--set", "assignments", multiple=True, metavar="A.B=VALUE", help="Change a setting; may be repeated.")
@click.option("--patients", multiple=True, metavar="none|all|ID", help="Patient pages; default all up to 200 patients.")
@click.option(
    "--exclude",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TSV of patients or samples to leave out, with reason; their rows are not checked.",
)
@fasta_options
@click.option(
    "--sign",
    "key",
    metavar="KEYFILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ed25519 private key (PEM): sign the results.",
)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default=None, help="Language of the report and the patient pages."
)
@click.option(
    "--group",
    metavar="COLUMN",
    help="Show everything by group too: a column of patients or samples, several (sex+role), a status (RAS), arm, class, "
    "exposed:DRUG, FILE.tsv.",
)
@click.option(
    "--workbook",
    type=click.Choice(["yes", "no", "auto"]),
    default="auto",
    show_default=True,
    help="All tables in one xlsx file; auto: up to 100,000 rows.",
)
@cache_options
@click.option("--strict", is_flag=True, help="Treat warnings about the data as errors.")
@click.option(
    "--reference",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TSV of reference gene frequencies (gene, n_altered, n_profiled) for the landscape.",
)
def run(
    study: Path,
    out: Path,
    only: tuple[str, ...],
    seed: int,
    jobs: int,
    assignments: tuple[str, ...],
    patients: tuple[str, ...],
    exclude: Path | None,
    fasta: Path | None,
    gff: Path | None,
    strict: bool,
    reference: Path | None,
    key: Path | None,
    group: str | None,
    language: str | None,
    store: Store,
    workbook: str,
) -> None:
    """Answer the questions of STUDY: one self-contained report, with every number as a table.

    STUDY is a study folder, a cBioPortal folder, or a MAF file. Exit code 0: done; 1: done, but an analysis
    failed (named here and in the report); 2: the input or the arguments are wrong, nothing is written.
    """
    from oncourse.disk.folder import check_out
    from oncourse.report.workers import prepare, spare_the_collector

    prepare(jobs, only)  # before what is slow to import here
    from oncourse.io import load_study
    from oncourse.io.reference import reference_of
    from oncourse.report.study import report_study

    check_out(out, [path for path in (study, exclude, fasta, gff, reference) if path is not None])
    settings = parse_settings(assignments)
    if (named := reference_of(study, fasta, gff)) is not None:  # the command line's, else that of study.yaml
        settings.setdefault("signatures", {}).setdefault("fasta", str(named.fasta))
        if named.gff is not None:
            settings.setdefault("drivers", {}).setdefault("gff", str(named.gff))
    if reference is not None:
        settings.setdefault("landscape", {})["reference"] = str(reference)
    if group is not None:
        settings.setdefault("groups", {})["by"] = group
    progress = progress_line()
    progress("reading the study")
    spare_the_collector()
    loaded = load_study(study, strict=strict, exclude=exclude, fasta=fasta, gff=gff)
    if language is not None:
        loaded = replace(loaded, config=replace(loaded.config, language=language))
    pages: str | tuple[str, ...] = patients or "auto"
    if len(patients) == 1 and patients[0] in ("none", "all"):
        pages = patients[0]
    report = report_study(
        loaded,
        out,
        source=study,
        only=only,
        settings=settings,
        seed=seed,
        jobs=jobs,
        patients=pages,
        beside=[path for path in (exclude, fasta, gff, reference) if path is not None],
        progress=progress,
        sign=None if key is None else signer(key),
        store=store,
        workbook=workbook,
    )
    end_progress()
    print_report(report)


def signer(key: Path) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what signs with the key; the key is tried at once, before the work."""
    from functools import partial

    from oncourse.disk.manifest import SEAL_KEY
    from oncourse.verify.results import sign

    sign({SEAL_KEY: ""}, key)
    return partial(sign, key_file=key)


def print_report(report: Report) -> None:
    """Say what was answered and where, what was not and why; exit code 1 when a part failed or nothing was answered."""
    done = sum(o.status == "done" for o in report.outcomes)
    say(f"{done} of {len(report.outcomes)} analyses answered: {report.folder / 'report.html'}")
    for outcome in report.outcomes:
        if outcome.status in ("skipped", "too_few"):
            say(f"  {outcome.analysis.name}: {outcome.message}")
    for note in report.notes:
        say(f"note: {note}")
    for line in report.failures:
        say(f"error: {line}", err=True)
    if report.unanswered:
        tables = ", ".join(f"{name}.tsv" for name in report.fill_first)
        cure = f"Fill in first: {tables}." if tables else "Why stands above."
        say(f"error: no question could be answered. {cure}", err=True)
    if report.failures or report.unanswered:
        raise click.exceptions.Exit(1)
