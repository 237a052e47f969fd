"""oncourse: clinical studies that sequence tumours, from study folder to study report.

    >>> import oncourse
    >>> study = oncourse.simulate("crc", 4, seed=1)
    >>> study  # doctest: +ELLIPSIS
    <Study: Simulated CRC study: primary, metastasis and plasma; patients 4, ...>
    >>> study.tables.patients.height
    4

`read` or `simulate` gives a Study, `study.cohort()` its derived tables, `run` the Result of one analysis, `report` the
results folder, `patient` one patient's page. `stats` and `clones` take arrays and know no study. Every name is loaded
when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oncourse import analyses, clones, report, simulate, stats
    from oncourse.analyses._base import Estimate, Figure, Result
    from oncourse.api import PatientPage, check, patient, read, run, settings
    from oncourse.cohort import Cohort
    from oncourse.errors import ConfigError, InputError, NotEnoughData, OncourseError
    from oncourse.patients.plain import PatientView, patient_view
    from oncourse.report.results import Results
    from oncourse.study.model import Study

__version__ = "0.1.0"

#: Public name -> the module that has it.
_HOME = {
    **dict.fromkeys(("PatientPage", "check", "patient", "read", "run", "settings"), "oncourse.api"),
    **dict.fromkeys(("Estimate", "Figure", "Result"), "oncourse.analyses._base"),
    **dict.fromkeys(("ConfigError", "InputError", "NotEnoughData", "OncourseError"), "oncourse.errors"),
    **dict.fromkeys(("PatientView", "patient_view"), "oncourse.patients.plain"),
    "Cohort": "oncourse.cohort",
    "Results": "oncourse.report.results",
    "Study": "oncourse.study.model",
}
#: Public modules; `analyses`, `report` and `simulate` are called like functions.
_MODULES = ("analyses", "clones", "report", "simulate", "stats")

__all__ = [
    "Cohort",
    "ConfigError",
    "Estimate",
    "Figure",
    "InputError",
    "NotEnoughData",
    "OncourseError",
    "PatientPage",
    "PatientView",
    "Result",
    "Results",
    "Study",
    "analyses",
    "check",
    "clones",
    "patient",
    "patient_view",
    "read",
    "report",
    "run",
    "settings",
    "simulate",
    "stats",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"oncourse.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'oncourse' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
