"""The Cohort: a study and its derived tables, each computed once and shared by every analysis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import polars as pl

from oncourse.study.model import Study
from oncourse.study.settings import resolve

if TYPE_CHECKING:
    from oncourse.derive.panels import Panels

T = TypeVar("T")
P = TypeVar("P")


class derived(Generic[T]):
    """A property of the Cohort computed on first use, once, also when analyses run side by side."""

    def __init__(self, function: Callable[[Any], T]):
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, cohort: None, owner: type) -> derived[T]: ...
    @overload
    def __get__(self, cohort: Any, owner: type) -> T: ...
    def __get__(self, cohort: Any, owner: type) -> Any:
        if cohort is None:
            return self
        cache = cohort._cache
        if self.name not in cache:
            with cohort._lock:
                if self.name not in cache:
                    cache[self.name] = self.function(cohort)
        return cache[self.name]


class Cohort:
    """A study with its derived tables.

    Parameters
    ----------
    study : the study as recorded
    settings : section -> parameter -> value, over the documented defaults
    seed : seed of every random number (`oncourse.stats.rng.generator`)
    """

    def __init__(self, study: Study, settings: Mapping[str, Mapping[str, Any]] | None = None, seed: int = 1):
        self.study = study
        self.settings: dict[str, dict[str, Any]] = {k: dict(v) for k, v in (settings or {}).items()}
        self.seed = seed
        self.used: dict[str, Any] = {}
        self._cache: dict[str, Any] = {}
        self._lock = threading.RLock()

    def params(self, cls: type[P]) -> P:
        """Return the resolved settings of one section and remember them for the provenance."""
        name: str = cls.section  # type: ignore[attr-defined]
        params = resolve(cls, self.settings.get(name, {}))
        self.used[name] = params
        return params

    # Each derived table: one property, one call into its room. Keep them in alphabetical order.

    @derived
    def burden(self) -> pl.DataFrame:
        """Mutations per sample and per megabase (`oncourse.derive.burden`)."""
        from oncourse.derive.burden import BurdenParams, burden_table

        return burden_table(self.study, self.panels, self.annotated_calls, self.params(BurdenParams))

    @derived
    def annotated_calls(self) -> pl.DataFrame:
        """The calls that count as called, joined to gene and effect (`oncourse.derive.calls`)."""
        from oncourse.derive.calls import annotated_calls

        return annotated_calls(self.study)

    @derived
    def gene_status(self) -> pl.DataFrame:
        """Altered / not altered / not assessed per sample and gene (`oncourse.derive.gene_status`)."""
        from oncourse.derive.gene_status import GeneStatusParams, gene_status

        return gene_status(self.study, self.panels, self.annotated_calls, self.params(GeneStatusParams))

    @derived
    def panels(self) -> Panels:
        """Which genes each sample's assays looked at (`oncourse.derive.panels`)."""
        from oncourse.derive.panels import read_panels

        return read_panels(self.study)
