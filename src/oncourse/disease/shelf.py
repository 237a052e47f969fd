"""The diseases of the package: folders, read once and checked with file and row."""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from oncourse.disease.model import Disease, Hypothesis, State
from oncourse.errors import InputError

_KEYS = ("title", "tumour", "words")
_OTHER = (
    *(
        "states",
        "objectives",
        "prespecified",
        "time_zero_metastatic_share",
        "sides",
        "parts",
        "visceral",
        "endpoint_words",
    ),
    *("cbioportal_type", "term"),
)
_STATE_KEYS = ("name", "words", "settings", "stage", "text", "by_metastasis", "by_design", "until_progression")


@cache
def diseases() -> tuple[str, ...]:
    """Return the names of all diseases, sorted; a folder with a disease.yaml is one."""
    shelf = resources.files("oncourse.disease")
    return tuple(sorted(item.name for item in shelf.iterdir() if item.joinpath("disease.yaml").is_file()))


@cache
def disease(name: str) -> Disease:
    """Return one disease.

    Raises
    ------
    KeyError : no such folder; `diseases` names them all
    InputError : a file of the folder is wrong; every problem with file and row
    """
    if name not in diseases():
        raise KeyError(name)
    return read_disease(resources.files("oncourse.disease").joinpath(name))


@cache
def tumours() -> tuple[str, ...]:
    """Return the tumours of all diseases, sorted."""
    return tuple(sorted({disease(name).tumour for name in diseases()}))


@cache
def states() -> tuple[str, ...]:
    """Return the states of all diseases, each once."""
    return tuple(dict.fromkeys(s.name for name in diseases() for s in disease(name).states))


def ends_with_progression(setting: str) -> bool:
    """Return whether a state that the setting of a treatment shows ends when the disease progresses (mCSPC)."""
    return any(s.until_progression and setting in s.settings for name in diseases() for s in disease(name).states)


def of_tumour(tumour: str | None, design: str | None = None) -> Disease | None:
    """Return the disease of a tumour: that of the study's design where it is of this tumour, else the first by name."""
    mine = [disease(name) for name in diseases() if disease(name).tumour == tumour]
    return next((d for d in mine if d.name == design), mine[0] if mine else None)


@lru_cache(maxsize=4096)
def tumour_of(text: str) -> str | None:
    """Return the tumour that the words of a diagnosis, site or study code speak of; None for any other, or for two.

    >>> tumour_of("rectal adenocarcinoma"), tumour_of("mCRPC prostate"), tumour_of(""), tumour_of("前列腺癌")
    ('colorectal', 'prostate', None, 'prostate')
    """
    found = {disease(name).tumour for name in diseases() if disease(name).is_named(text)}
    return found.pop() if len(found) == 1 else None


def read_disease(folder: Traversable) -> Disease:
    """Read a folder: disease.yaml, study.yaml, asked.tsv, hypotheses.tsv; optional: therapy_rules.tsv, golden.yaml."""
    import yaml

    problems: list[str] = []
    where = f"{folder.name}/disease.yaml"
    data = yaml.safe_load(folder.joinpath("disease.yaml").read_text(encoding="utf-8"))
    problems += [f"{where}: {key} is missing" for key in (*_KEYS, "states") if not data.get(key)]
    problems += [f"{where}: unknown key '{key}'" for key in data if key not in (*_KEYS, *_OTHER)]
    problems += [f"{where}: {wrong}" for wrong in _wrong_patterns(data)]
    asked = _table(folder, "asked.tsv", ("label", "asks"), problems)
    hypotheses = _table(folder, "hypotheses.tsv", ("marker", "arm"), problems)
    if problems:
        raise InputError(problems)
    return Disease(
        name=folder.name,
        states=tuple(State(**_tupled(state)) for state in data.pop("states")),
        objectives=tuple(data.pop("objectives", ())),
        prespecified=tuple(data.pop("prespecified", ())),
        asked=tuple((row["label"], row["asks"]) for row in asked),
        hypotheses=tuple(Hypothesis(row["marker"], row["arm"], row["reference"] or None) for row in hypotheses),
        study_yaml=folder.joinpath("study.yaml").read_text(encoding="utf-8"),
        rules=_text(folder, "therapy_rules.tsv"),
        golden=_text(folder, "golden.yaml"),
        **data,
    )


def _text(folder: Traversable, name: str) -> str:
    """The text of a file; empty where it is not there."""
    file = folder.joinpath(name)
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _wrong_patterns(data: dict[str, Any]) -> list[str]:
    """Return what is wrong with the states and the regular expressions."""
    patterns = {"words": data.get("words"), "visceral": data.get("visceral")}
    patterns |= {f"sides.{k}": v for k, v in data.get("sides", {}).items()}
    wrong = []
    for number, state in enumerate(data.get("states") or (), 1):
        wrong += [f"states, entry {number}: unknown key '{key}'" for key in state if key not in _STATE_KEYS]
        wrong += [f"states, entry {number}: {key} is missing" for key in ("name", "words") if not state.get(key)]
        patterns |= {f"states, entry {number}, {key}": state.get(key) for key in ("stage", "text")}
    for name, pattern in patterns.items():
        try:
            re.compile(pattern or "")
        except re.error as error:
            wrong.append(f"{name}: not a regular expression ({error})")
    return wrong


def _tupled(state: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in state.items()}


def _table(folder: Traversable, name: str, required: tuple[str, ...], problems: list[str]) -> list[dict[str, str]]:
    lines = folder.joinpath(name).read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
    try:
        rows = list(reader)
    except csv.Error as error:
        problems.append(f"{folder.name}/{name}, row {reader.reader.line_num}: cannot be read ({error})")
        return []
    absent = [column for column in required if column not in (reader.fieldnames or ())]
    problems += [f"{folder.name}/{name}: column {column} is missing" for column in absent]
    for number, row in enumerate(rows, 2):
        empty = [column for column in required if column not in absent and not row[column].strip()]
        problems += [f"{folder.name}/{name}, row {number}: {column} is empty" for column in empty]
    return rows
