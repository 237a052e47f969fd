"""`oncourse new DIR --design DISEASE`."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.disease import diseases


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--design",
    type=click.Choice(diseases()),
    required=True,
    help="Which disease: crc (colorectal), mcrpc (prostate) ...",
)
def new(folder: Path, design: str) -> None:
    """Make FOLDER an empty study: study.yaml, a blank table for each kind of data, and the data dictionary."""
    from oncourse.study.template import write_template

    write_template(folder, design)
    click.echo(
        f"{folder}: fill in the tables (data_dictionary.tsv says what goes where; delete those you do not have),"
    )
    click.echo(f"then `oncourse check {folder}` and `oncourse run {folder} --out results`.")
