"""One figure of a study, drawn because somebody asks for it: a run draws no tree of a single patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncourse.analyses._base import Figure, registry
from oncourse.errors import ConfigError
from oncourse.report.page import of_patient
from oncourse.study.schema import nearest

if TYPE_CHECKING:
    from oncourse.cohort import Cohort

#: The analysis whose figures of single patients are drawn on demand.
OF_PATIENTS = "evolution"


def study_figure(cohort: Cohort, name: str) -> tuple[str, Figure]:
    """Return (analysis, figure) for ``analysis/figure``, or for the name of a patient's figure alone (``tree_P07``).

    Of a patient only this patient's clones are derived; of the study, the one analysis runs.

    Raises
    ------
    ConfigError : no such analysis or figure; the nearest is named
    """
    analysis, _, figure = name.rpartition("/")
    patient = of_patient(figure, set(cohort.study["patients"]["patient_id"]))
    if patient is not None and analysis in ("", OF_PATIENTS):
        return OF_PATIENTS, _named(figure, _figures_of(cohort, patient))
    known = registry()
    if analysis not in known:
        near = nearest(analysis, list(known), cutoff=0.4) if analysis else None
        cure = f"Did you mean {near}/{figure}?" if near else "Name it as analysis/figure, e.g. evolution/tree_PATIENT."
        raise ConfigError(f"{name}: no such figure of a study. {cure}")
    entry = known[analysis]
    if missing := entry.missing(cohort):
        raise ConfigError(f"{name}: {analysis} needs the table {', '.join(missing)}, which this study does not have.")
    return analysis, _named(figure, entry.run(cohort).figures)


def _figures_of(cohort: Cohort, patient: str) -> tuple[Figure, ...]:
    from oncourse.analyses._evolution_figures import patient_figures

    found = cohort.of_patient(patient).cleared.evolution
    if not found:
        raise ConfigError(
            f"{patient}: no tree. It needs two tumour samples with read counts (calls.alt_count, calls.depth) and purity."
        )
    return tuple(patient_figures(found[0]))


def _named(name: str, figures: tuple[Figure, ...]) -> Figure:
    by_name = {f.name: f for f in figures}
    if name not in by_name:
        near = nearest(name, list(by_name), cutoff=0.4)
        cure = f"Did you mean {near}?" if near else f"There are: {', '.join(by_name) or 'none'}."
        raise ConfigError(f"{name}: no such figure. {cure}")
    return by_name[name]
