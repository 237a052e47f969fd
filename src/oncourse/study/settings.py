"""Parameters in named sections: documented defaults, study.yaml above them, the command line above that."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from oncourse.errors import ConfigError
from oncourse.study.schema import nearest

if TYPE_CHECKING:
    from oncourse.study.config import StudyConfig

T = TypeVar("T")
_SECTIONS: dict[str, type] = {}


def setting(
    default: Any,
    text: str,
    *,
    choices: tuple[Any, ...] = (),
    low: float | None = None,
    high: float | None = None,
    source: str = "",
) -> Any:
    """Declare one parameter of a section: its default, meaning, allowed values and source."""
    metadata = {"text": text, "choices": choices, "low": low, "high": high, "source": source}
    return dataclasses.field(default=default, metadata=metadata)


def section(name: str) -> Callable[[type[T]], type[T]]:
    """Register a frozen dataclass of settings under `name` (``--set name.field=value``)."""

    def register(cls: type[T]) -> type[T]:
        known = _SECTIONS.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"two classes claim the settings section {name}: {known} and {cls}")
        cls.section = name  # type: ignore[attr-defined]
        _SECTIONS[name] = cls
        return cls

    return register


#: The rooms whose modules declare settings; importing them registers every section.
ROOMS = ("oncourse.derive", "oncourse.analyses")


def sections() -> dict[str, type]:
    """Return every section that is registered by now; all of them after `load_sections`."""
    return dict(sorted(_SECTIONS.items()))


def load_sections() -> dict[str, type]:
    """Import every module that declares settings and return all sections."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    return sections()


def merged_settings(config: StudyConfig, overrides: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the settings of every section, `overrides` over study.yaml; ConfigError lists every wrong one."""
    merged: dict[str, dict[str, Any]] = {"groups": {"by": config.group}} if config.group else {}
    for layer in (config.settings, config.objectives, overrides):
        for name, values in layer.items():
            merged.setdefault(name, {}).update(values)
    if not merged:
        return merged  # nothing to check: the sections need not be known
    known = load_sections()
    problems = check_sections({k: v for k, v in merged.items() if v or k not in known})
    if problems:
        raise ConfigError(problems)
    return merged


def convert(field: dataclasses.Field[Any], hint: Any, value: Any, name: str) -> Any:
    """Return `value` (text of the command line, or a YAML value) as the field's type; ConfigError otherwise."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) or typing.get_origin(hint) else (hint,)
    if typing.get_origin(hint) is tuple:
        return _as_tuple(typing.get_args(hint)[0], value, name)
    if value is None or (isinstance(value, str) and value.lower() in ("null", "none", "")):
        if type(None) in options:
            return None
        raise ConfigError(f"{name}: a value is needed ({field.metadata.get('text', '')}).")
    wanted = next((o for o in options if o is not type(None)), str)
    if typing.get_origin(wanted) is tuple:
        return _as_tuple(typing.get_args(wanted)[0], value, name)
    result = _scalar(wanted, value, name)
    choices = field.metadata.get("choices") or ()
    if choices and result not in choices:
        near = nearest(str(result), [str(c) for c in choices], cutoff=0.6)
        cure = f" Did you mean {near}?" if near else ""
        raise ConfigError(f"{name}: '{result}' is not one of {', '.join(map(str, choices))}.{cure}")
    low, high = field.metadata.get("low"), field.metadata.get("high")
    if (low is not None and result < low) or (high is not None and result > high):
        limits = (
            f"at least {low:g}" if high is None else f"{low:g} to {high:g}" if low is not None else f"at most {high:g}"
        )
        raise ConfigError(f"{name}: {result} is out of range; allowed: {limits}.")
    return result


def _scalar(wanted: Any, value: Any, name: str) -> Any:
    if value is None or isinstance(value, list | tuple | dict):
        raise ConfigError(f"{name}: '{value}' is not a single word or number.")
    text = str(value).strip()
    if wanted is bool:
        if isinstance(value, bool):
            return value
        if text.lower() in ("true", "yes", "1", "on"):
            return True
        if text.lower() in ("false", "no", "0", "off"):
            return False
        raise ConfigError(f"{name}: '{text}' is not true or false.")
    if wanted in (int, float):
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if isinstance(value, bool) or number != number or number in (float("inf"), float("-inf")):
            raise ConfigError(f"{name}: '{text}' is not a number.")
        if wanted is int and number != int(number):
            raise ConfigError(f"{name}: '{text}' is not a whole number.")
        return wanted(number)
    return text


def _as_tuple(item: Any, value: Any, name: str) -> tuple[Any, ...]:
    """Return the values of a list; a single one (``months: 24``) is a list of one."""
    if value is None:
        return ()
    if isinstance(value, str):
        value = [p for p in value.split(",") if p.strip()]
    parts = value if isinstance(value, list | tuple) else [value]
    return tuple(_scalar(item, part, name) for part in parts)


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def resolve(cls: type[T], values: Mapping[str, Any]) -> T:
    """Return the section `cls` with `values` over its defaults; ConfigError lists every wrong one."""
    name = cls.section  # type: ignore[attr-defined]
    hints = _hints(cls)  # type: ignore[arg-type]
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    problems: list[str] = []
    given: dict[str, Any] = {}
    for key, value in values.items():
        if key not in fields:
            near = nearest(key, fields, cutoff=0.5)
            cure = f"Did you mean {name}.{near}?" if near else f"Known: {', '.join(fields) or 'none'}."
            problems.append(f"{name}.{key}: unknown setting. {cure}")
            continue
        try:
            given[key] = convert(fields[key], hints[key], value, f"{name}.{key}")
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return cls(**given)


def check_sections(values: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the problems of all given sections: unknown section, unknown setting, wrong value."""
    problems: list[str] = []
    for name, given in values.items():
        cls = _SECTIONS.get(name)
        if cls is None:
            near = nearest(name, _SECTIONS, cutoff=0.5)
            cure = f"Did you mean {near}?" if near else f"Known: {', '.join(sorted(_SECTIONS))}."
            problems.append(f"{name}: no such analysis or group of settings. {cure}")
            continue
        try:
            resolve(cls, given)
        except ConfigError as error:
            problems.extend(error.problems)
    return problems
