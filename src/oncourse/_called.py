"""Rooms that share their name with a function of the front door: `oncourse.report(...)`, `oncourse.simulate(...)`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any


def called_as(function: str) -> type[ModuleType]:
    """Return a class of modules that hand a call on to a function of `oncourse.api`."""

    class CalledModule(ModuleType):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            from importlib import import_module

            target: Callable[..., Any] = getattr(import_module("oncourse.api"), function)
            return target(*args, **kwargs)

    return CalledModule
