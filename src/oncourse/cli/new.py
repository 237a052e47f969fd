"""`oncourse new DIR --design DISEASE [--xlsx]`."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.cli._errors import say
from oncourse.disease import diseases


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--design",
    type=click.Choice(diseases()),
    required=True,
    help="Which disease: crc (colorectal), mcrpc (prostate) ...",
)
@click.option(
    "--xlsx", is_flag=True, help="One workbook with a sheet per table, drop-downs and date cells (FOLDER.xlsx)."
)
def new(folder: Path, design: str, xlsx: bool) -> None:
    """Make FOLDER an empty study: study.yaml, a blank table for each kind of data, and the data dictionary."""
    from oncourse.study.template import write_template

    if xlsx:
        _new_workbook(folder if folder.suffix.lower() == ".xlsx" else folder.with_name(f"{folder.name}.xlsx"), design)
        return
    write_template(folder, design)
    say(f"{folder}: fill in the tables (data_dictionary.tsv says what goes where; delete those you do not have),")
    say(f"then `oncourse check {folder}` and `oncourse run {folder} --out results`.")


def _new_workbook(path: Path, design: str) -> None:
    from oncourse.disk.file import replaced_file
    from oncourse.errors import InputError
    from oncourse.study.template_workbook import write_workbook

    if path.exists():
        raise InputError(f"{path}: exists. Choose another name.")
    with replaced_file(path) as draft:
        write_workbook(draft, design)
    say(f"{path}: fill in the sheets (a header's note says what goes where; leave empty what you do not have),")
    say(f"then `oncourse import workbook {path} study` and `oncourse run study --out results`.")
