"""Run the chosen analyses over a Cohort; one that fails is named and the rest is still reported."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oncourse.analyses._base import Analysis, Result, choose
from oncourse.cohort import Cohort
from oncourse.errors import ConfigError, NotEnoughData

if TYPE_CHECKING:
    pass

log = logging.getLogger(__name__)

STATUSES = {
    "done": "answered",
    "skipped": "not run: the study does not have what it needs",
    "too_few": "not answered: too few data",
    "failed": "failed",
}


@dataclass(frozen=True)
class AnalysisRun:
    """What became of one analysis: its status (see `STATUSES`), the Result of a done one, the reason otherwise."""

    analysis: Analysis
    status: str
    result: Result | None = None
    message: str = ""
    detail: str = ""


def admitted(cohort: Cohort, only: Sequence[str] = ()) -> list[Analysis]:
    """Return the analyses to run of a study whose tables were accepted: the gate of `check` and of `run`.

    Raises
    ------
    ConfigError : an analysis, status, covariate, column or group that does not exist, all at once
    """
    problems: list[Any] = []
    chosen: list[Analysis] = []
    try:
        grouped = cohort.settings.get("groups", {}).get("by") is not None
        chosen = choose(only, cohort.study.config.objectives, grouped=grouped)
    except ConfigError as error:
        problems += error.problems
    problems += cohort.wrong_names()
    if problems:
        raise ConfigError(problems)
    return chosen


def run_one(entry: Analysis, cohort: Cohort, *, draw: bool = True) -> AnalysisRun:
    """Run one analysis, draw its figures, and say what became of it; without `draw` a figure is drawn when it is
    shown."""
    missing = entry.missing(cohort)
    if missing:
        words = ", ".join(need.replace("|", " or ") for need in missing)
        return AnalysisRun(entry, "skipped", message=f"needs the table {words}, which this study does not have.")
    try:
        result = entry.run(cohort)
        return AnalysisRun(entry, "done", result.drawn() if draw else result)
    except NotEnoughData as error:
        return AnalysisRun(entry, "too_few", message=str(error))
    except ConfigError:
        raise
    except Exception as error:
        log.debug("analysis %s failed", entry.name, exc_info=True)
        message = f"{type(error).__name__}: {error}"
        return AnalysisRun(entry, "failed", message=message[:500], detail=traceback.format_exc())
