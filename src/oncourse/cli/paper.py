"""`oncourse paper RESULTS --out DIR`."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import end_progress, progress_line
from oncourse.words import LANGUAGES


@click.command()
@click.argument("results", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write, new or empty.")
@click.option(
    "--group", metavar="VARIABLE", default=None, help="Variable or status (RAS) of the patients that splits Table 1."
)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the text.")
@click.option("--tests", is_flag=True, help="P values in Table 1 (a standardised difference says more).")
@click.option(
    "--dpi", default=600, show_default=True, type=click.IntRange(72, 1200), help="Resolution of the TIFF figures."
)
def paper(results: Path, out: Path, group: str | None, language: str, tests: bool, dpi: int) -> None:
    """Write what a manuscript needs from RESULTS: Table 1, tables, flow, figures, paragraphs, references, checklists.

    Needs the extra: pip install 'oncourse[paper]'.
    """
    from oncourse.disk.new import new_folder
    from oncourse.paper.write import write_paper

    progress = progress_line()
    with new_folder(out) as draft:
        notes = write_paper(results, draft, group=group, language=language, tests=tests, dpi=dpi, progress=progress)
    end_progress()
    say(f"paper: {out}")
    for note in notes:
        say(f"note: {note}")
