"""`oncourse check STUDY`."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import fasta_options, print_problems


@click.command()
@click.argument("study", type=click.Path(exists=True, path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 2 for warnings too.")
@click.option(
    "--model",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A saved model (model.json): what `oncourse predict` would refuse is an error too.",
)
@fasta_options
def check(study: Path, strict: bool, model: Path | None, fasta: Path | None, gff: Path | None) -> None:
    """List every problem of STUDY: table, row, column, what is wrong and the cure.

    Settings, objectives, statuses, covariates, groups and clocks of study.yaml among them. An error is what `run`
    refuses (exit code 2); a warning is unlikely but usable (exit code 0).
    """
    from oncourse.api import check as problems_of
    from oncourse.study.first_cause import by_cause

    problems = by_cause(problems_of(study, fasta=fasta, gff=gff, model=model))
    print_problems(problems)
    errors = sum(p.severity == "error" for p in problems)
    warnings = len(problems) - errors
    from oncourse.io.ledger import read_ledger

    lost = read_ledger(study / "tables" / "intake").lost()
    if lost:
        more = f", and {len(lost) - 3} further reasons" if len(lost) > 3 else ""
        say(f"In no table of the study: {'; '.join(lost[:3])}{more} (intake.html).")
    if not problems:
        say(f"{study}: no problem found" + (" in what is in its tables." if lost else "."))
    else:
        say(f"{errors} error(s), {warnings} warning(s).")
    if errors or (strict and warnings):
        raise click.exceptions.Exit(2)
