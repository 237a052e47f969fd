"""`oncourse patient STUDY ID --out FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import cache_options, end_progress, force_option, parse_settings, progress_line

if TYPE_CHECKING:
    from oncourse.disk.store import Store


@click.command()
@click.argument("study", type=click.Path(exists=True, path_type=Path))
@click.argument("patient_id")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write; .pdf with the pdf extra.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "json", "pdf"]),
    default=None,
    help="What to write; without it the ending of the file says so, else html.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of every random number.")
@click.option("--set", "assignments", multiple=True, metavar="A.B=VALUE", help="Change a setting; may be repeated.")
@force_option
@click.option(
    "--clones/--no-clones", default=None, help="With the clones or without; as a run of the study would, by default."
)
@cache_options
def patient(
    study: Path,
    patient_id: str,
    out: Path,
    kind: str | None,
    seed: int,
    assignments: tuple[str, ...],
    clones: bool | None,
    force: bool,
    store: Store,
) -> None:
    """Write the report of PATIENT_ID of STUDY: findings, course, watch list, therapy rules, on two to four pages.

    One self-contained HTML file; a PDF (needs the optional extra `pdf`); or the same as plain data in JSON.
    Decision support for research use.
    """
    from oncourse.cohort import Cohort
    from oncourse.disk.file import check_file, replaced_file
    from oncourse.errors import ConfigError
    from oncourse.io import load_study
    from oncourse.patients.plain import patient_view
    from oncourse.report.patient_page import patient_page
    from oncourse.report.pdf import pdf_of

    check_file(out, [study], force=force)
    progress = progress_line()
    progress("reading the study")
    loaded = load_study(study)
    known = loaded["patients"]["patient_id"].to_list()
    if patient_id not in known:
        import difflib

        near = difflib.get_close_matches(patient_id, known, n=1)
        raise ConfigError(
            [f"{patient_id}: no such patient in this study." + (f" Did you mean {near[0]}?" if near else "")]
        )
    cohort = Cohort(loaded, parse_settings(assignments), seed, store=store).of_patient(patient_id)
    progress("writing the page")
    kind = kind or {".pdf": "pdf", ".json": "json"}.get(out.suffix.lower(), "html")
    make = (lambda *a, **k: patient_view(*a, **k).to_json()) if kind == "json" else patient_page
    text = make(cohort, patient_id, clones=clones)
    with replaced_file(out, [study], force=force) as draft:
        if kind == "pdf":
            draft.write_bytes(pdf_of(text))
        else:
            draft.write_text(text, encoding="utf-8")
    end_progress()
    say(f"{patient_id}: {out}")
