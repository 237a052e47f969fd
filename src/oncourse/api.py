"""The front door for Python: what `import oncourse` offers, each a few lines over the rooms that do the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.errors import ConfigError, NotEnoughData
from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.analyses._base import Result
    from oncourse.cohort import Cohort
    from oncourse.errors import InputError
    from oncourse.report.study import Report
    from oncourse.study.schema import Problem


def read(
    path: str | Path,
    *,
    strict: bool = False,
    exclude: str | Path | None = None,
    fasta: str | Path | None = None,
    gff: str | Path | None = None,
) -> Study:
    """Read and check a study: a study folder, a cBioPortal folder, a MAF or VCF (see `oncourse.io.load_study`).

    Raises
    ------
    InputError : with every problem by table, row and column
    """
    from oncourse.io import load_study

    return load_study(path, strict=strict, exclude=exclude, fasta=fasta, gff=gff)


def check(
    path: str | Path,
    *,
    fasta: str | Path | None = None,
    gff: str | Path | None = None,
    model: str | Path | None = None,
) -> list[Problem]:
    """Return every problem of a study, errors and warnings, without raising; what a run would refuse is an error.

    A problem of no table (of study.yaml, or of a source that cannot be read) has an empty `table`. With `model`, a
    saved model, what applying it to the study (`oncourse predict`) would refuse is an error too.
    """
    from oncourse.cohort import Cohort
    from oncourse.errors import InputError
    from oncourse.io import examined
    from oncourse.report.execute import admitted

    problems: list[Problem] = []
    study = None
    try:
        study, problems = examined(path, fasta=fasta, gff=gff)
        if study is not None:
            admitted(Cohort(study))
    except InputError as error:
        problems = [*_told(error), *problems]
        study = None
    if model is not None:
        try:
            _applied(Path(model), study)
        except InputError as error:
            problems = [*_told(error), *problems]
    return problems


def _told(error: InputError) -> list[Problem]:
    from oncourse.study.schema import Problem

    return [p if isinstance(p, Problem) else Problem("", None, None, None, str(p)) for p in error.problems]


def _applied(model: Path, study: Study | None) -> None:
    """Read a saved model, and apply it to a study that could be read."""
    from oncourse.models.card import load_card
    from oncourse.patients.predict import predict_patients

    card = load_card(model)
    if study is not None:
        predict_patients(card, study)


def simulate(design: str, n_patients: int = 24, seed: int = 1) -> Study:
    """Return a simulated Study of the design ``crc`` or ``mcrpc``; the same arguments give the same study.

    The truth behind it (clones, seeding, hazards) is in `oncourse.simulate.study.simulate_study`.
    """
    from oncourse.simulate.study import simulate_study
    from oncourse.study.validate import validate

    made = simulate_study(design, n_patients, seed)
    tables, problems = validate(made.tables, made.config)
    return Study(made.config, tables, warnings=tuple(problems))


def analyses() -> pl.DataFrame:
    """Return what can be asked: name, title, question, needs (tables of the study)."""
    from oncourse.analyses._base import registry

    rows = [(a.name, a.title, a.question, ", ".join(a.needs)) for a in registry().values()]
    return pl.DataFrame(rows, schema=["name", "title", "question", "needs"], orient="row")


def settings(name: str) -> pl.DataFrame:
    """Return the settings of an analysis or of a derived table: setting, default, meaning, source."""
    import dataclasses

    from oncourse.study.settings import load_sections

    known = load_sections()
    if name not in known:
        raise ConfigError(_unknown(name, known, "section of settings"))
    rows = [
        (f.name, str(f.default), f.metadata.get("text", ""), f.metadata.get("source", ""))
        for f in dataclasses.fields(known[name])
    ]
    return pl.DataFrame(rows, schema=["setting", "default", "meaning", "source"], orient="row")


def run(name: str, study: Study | Cohort | str | Path, *, seed: int = 1, **options: Any) -> Result:
    """Return the Result of one analysis; `options` are its settings, over those of study.yaml.

    Give a Cohort (`study.cohort(psa={"criteria": "pcwg3"})`) for settings of derived tables, and to derive once what
    several analyses use.

    Raises
    ------
    ConfigError : no such analysis or setting
    NotEnoughData : the study does not have what it needs
    """
    from oncourse.analyses._base import registry

    known = registry()
    if name not in known:
        raise ConfigError(_unknown(name, known, "analysis"))
    cohort = _cohort(study, {name: options} if options else {}, seed)
    missing = known[name].missing(cohort)
    if missing:
        words = ", ".join(need.replace("|", " or ") for need in missing)
        raise NotEnoughData(f"{name} needs the table {words}, which this study does not have.")
    return known[name].run(cohort)


def report(
    study: Study | str | Path,
    out: str | Path,
    *,
    only: Sequence[str] = (),
    settings: dict[str, dict[str, Any]] | None = None,
    seed: int = 1,
    jobs: int = 1,
    patients: str | Sequence[str] = "auto",
) -> Report:
    """Run the analyses of a study and write its results folder, whole or not at all (see `oncourse run`).

    jobs : processes; more than one needs ``if __name__ == "__main__":`` around the calling script
    patients : pages of patients: "none", "all", "auto" (all, up to 200 patients) or a list of patient ids
    """
    from oncourse.report.study import report_study

    loaded = study if isinstance(study, Study) else read(study)
    return report_study(
        loaded, Path(out), source=loaded.source, only=only, settings=settings, seed=seed, jobs=jobs, patients=patients
    )


@dataclass(frozen=True, repr=False)
class PatientPage:
    """One patient's page: shown in a notebook, saved as a file."""

    patient_id: str
    html: str

    def __repr__(self) -> str:
        return f"<PatientPage: {self.patient_id}, {len(self.html):,} characters of HTML; .save(path)>"

    def _repr_html_(self) -> str:
        from html import escape

        frame = 'style="width:100%;height:80vh;border:0" sandbox=""'
        return f'<iframe srcdoc="{escape(self.html)}" {frame}></iframe>'

    def save(self, path: str | Path) -> Path:
        """Write the page as a self-contained HTML file and return its path."""
        Path(path).write_text(self.html, "utf-8")
        return Path(path)


def patient(
    study: Study | Cohort | str | Path, patient_id: str, *, clones: bool | None = None, seed: int = 1
) -> PatientPage:
    """Return the page of one patient.

    clones : with the patient's clones (slower) or without; None: as a run of the study would

    Raises
    ------
    ConfigError : the study has no such patient
    """
    from oncourse.report.patient_page import patient_page

    cohort = _cohort(study, {}, seed)
    known = cohort.study["patients"]["patient_id"].to_list()
    if patient_id not in known:
        raise ConfigError(_unknown(patient_id, known, "patient in this study"))
    return PatientPage(patient_id, patient_page(cohort.of_patient(patient_id), patient_id, clones=clones))


def _cohort(study: Study | Cohort | str | Path, over: dict[str, dict[str, Any]], seed: int) -> Cohort:
    from oncourse.cohort import Cohort

    if not isinstance(study, Cohort):
        return Cohort(study if isinstance(study, Study) else read(study), over, seed)
    if not over:
        return study
    merged = {name: {**study.settings.get(name, {}), **values} for name, values in over.items()}
    return Cohort(study.study, {**study.settings, **merged}, study.seed)


def _unknown(name: str, known: Any, what: str) -> str:
    from oncourse.study.schema import nearest

    near = nearest(name, list(known), cutoff=0.5)
    some = ", ".join(list(known)[:20])
    return f"{name}: no such {what}. " + (f"Did you mean {near}?" if near else f"Known: {some}.")
