"""The Cohort's own: a study, its settings and seed, and the descriptor that derives each table once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, Self, TypeVar, overload

from oncourse.disk.shared import Shared
from oncourse.disk.store import Store
from oncourse.study.model import Study
from oncourse.study.settings import merged_settings, resolve

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
                    cache[self.name] = self._made(cohort)
        return cache[self.name]

    def _made(self, cohort: Any) -> Any:
        if cohort.shared is None:
            return self.function(cohort)
        return cohort.shared.once(self.name, lambda: self.function(cohort))


class CohortBase:
    """What every room of the Cohort rests on; see `oncourse.cohort.Cohort` for the parameters."""

    _part_of: tuple[Self, str] | None

    def __init__(
        self,
        study: Study,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int = 1,
        *,
        store: Store | None = None,
        jobs: int = 2,
        shared: Shared | None = None,
    ):
        self.study = study
        self.settings = merged_settings(study.config, settings or {})
        self.seed = seed
        self.used: dict[str, Any] = {}
        self.store, self.jobs, self.shared = store or Store(), jobs, shared
        self.progress: Callable[[str], None] = lambda _: None
        self._part_of = None
        self._cleared: Self | None = None
        self._cache: dict[str, Any] = {}
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        title = self.study.config.title or "untitled study"
        return f"<Cohort: {title}, {self.study.n_patients} patients, {len(self._cache)} tables derived>"

    def params(self, cls: type[P]) -> P:
        """Return the resolved settings of one section and remember them for the provenance."""
        name: str = cls.section  # type: ignore[attr-defined]
        params = resolve(cls, self.settings.get(name, {}))
        self.used[name] = params
        return params

    def of_study(self, study: Study, name: str) -> Self:
        """Return the Cohort of a part of the study, with the same settings; `name` keeps what it shares apart."""
        shared = None if self.shared is None else self.shared.within(name)
        part = type(self)(study, self.settings, self.seed, store=self.store, jobs=self.jobs, shared=shared)
        part.used, part.progress = self.used, self.progress
        return part

    def of_patient(self, patient_id: str) -> Self:
        """Return the Cohort of one patient: the same numbers, without deriving what is other patients' alone.

        Panels and presence stay the whole study's: what an assay looked for does not depend on what this patient has,
        and what is usual in a sample is learned from all of them.
        """
        alone = type(self)(
            self.study.select(patients=[patient_id]), self.settings, self.seed, store=self.store, jobs=self.jobs
        )
        alone._part_of = (self, patient_id)
        alone.used, alone.progress = self.used, self.progress
        return alone
