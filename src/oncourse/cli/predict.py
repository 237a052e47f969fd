"""`oncourse predict MODEL STUDY`: a saved model's risk for new patients."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import force_option


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("study", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="TSV to write; default: standard output.")
@click.option("--shift", type=click.Path(path_type=Path), help="TSV of the shift check to write.")
@click.option("--origin", help="Time zero in the new study; default: that of the model (see the prediction analysis).")
@force_option
def predict(model: Path, study: Path, out: Path | None, shift: Path | None, origin: str | None, force: bool) -> None:
    """Apply MODEL (tables/prediction/model.json of a run) to the patients of STUDY.

    One row per patient: the risk by the model's horizon, its range over 95 % of bootstrap refits, the predictors that
    drive it, and those that were not known. A study whose patients differ from the model's is warned about.
    """
    from oncourse.disk.file import check_file, replaced_file
    from oncourse.io import load_study
    from oncourse.models.card import load_card
    from oncourse.patients.predict import predict_patients

    inputs = [model, study]
    for path in (out, shift):
        if path is not None:
            check_file(path, inputs, force=force)
    found = predict_patients(load_card(model), load_study(study), origin=origin)
    text = found.table.write_csv(separator="\t")
    if out is None:
        click.echo(text, nl=False)
    else:
        with replaced_file(out, inputs, force=force) as draft:
            draft.write_text(text, encoding="utf-8")
        say(f"{found.table.height} patients: {out}", err=True)
    if shift is not None:
        with replaced_file(shift, inputs, force=force) as draft:
            draft.write_text(found.shift.write_csv(separator="\t"), encoding="utf-8")
    for warning in found.warnings:
        say(f"warning: {warning}", err=True)
