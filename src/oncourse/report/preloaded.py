"""What every working process of a run needs, imported once: the process that the others are forked from loads this
module.

Only imports: a thread pool that was started before a fork does not live after it, and polars starts its own at the
first table.
"""

import importlib
import pkgutil

import jinja2  # noqa: F401
import scipy.optimize
import scipy.special
import scipy.stats  # noqa: F401

import oncourse
from oncourse.analyses._base import registry
from oncourse.report import patient_page, study, workers  # noqa: F401

registry()
for _room in ("derive", "evolution", "models", "plots", "stats"):
    _package = importlib.import_module(f"{oncourse.__name__}.{_room}")
    for _module in pkgutil.walk_packages(_package.__path__, f"{_package.__name__}."):
        importlib.import_module(_module.name)
