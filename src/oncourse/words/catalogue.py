"""A sentence is data: the key of a template with its parameters, written out in a language when it is shown.

Templates are TOML files, `en/*.toml` and `zh/*.toml` with the same keys and the same placeholders. A placeholder is
``{name}`` or ``{name:how}``; `how` is ``value``, ``ci`` or ``share`` of a number, or a noun that a count is of.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from oncourse.words.numbers import limits, shown
from oncourse.words.phrases import translator

#: Below this many a share is told as a count.
FEW = 50
_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True)
class Said:
    """One sentence or phrase: ``key`` of a template and its parameters.

    A parameter is a text (a gene, a drug, a name of the study), an int, a number with interval, another Said, or a
    sequence of them, which is written as a list.
    """

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        """Return the words in a language."""
        return write(self.key, language, **self.params)

    def __str__(self) -> str:
        return self.text()


def said(key: str, **params: Any) -> Said:
    """Return a Said; a key that no catalogue has is a programming error (KeyError)."""
    catalogue("en")[key]
    return Said(key, params)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return every template of a language by its dotted key."""
    folder = resources.files("oncourse.words").joinpath(language)
    found: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            found.update(_flat(tomllib.loads(entry.read_text("utf-8"))))
    return found


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, str(value)


def write(key: str, language: str = "en", /, **params: Any) -> str:
    """Return the template of a key with its parameters filled in.

    >>> write("noun.patients", "en", n=1), write("light.uncertain")
    ('1 patient', 'uncertain')
    """
    template = _singular(catalogue(language)[key], params)

    def filled(match: re.Match[str]) -> str:
        return _written(params[match[1]], match[2] or "", language)

    text = _PLACE.sub(filled, template)
    # a sentence that starts with a term starts with a capital; names such as ctDNA keep their own
    return text[:1].upper() + text[1:] if key.startswith("headline.") and text.partition(" ")[0].islower() else text


def braceless(text: str) -> str:
    """Return text of a study without braces: a template would read them as the name of a number.

    >>> braceless("arm {A}")
    'arm (A)'
    """
    return text.replace("{", "(").replace("}", ")")


def placeholders(template: str) -> tuple[str, ...]:
    """Return the placeholders of a template, sorted: what both languages must share."""
    return tuple(sorted({match[0] for match in _PLACE.finditer(template)}))


def _singular(template: str, params: Mapping[str, Any]) -> str:
    """Of ``one | many`` the half for the parameter ``n``."""
    one, bar, many = template.partition(" | ")
    return template if not bar else one if params.get("n") == 1 else many


def _written(value: Any, how: str, language: str) -> str:
    if isinstance(value, Said):
        return value.text(language)
    if isinstance(value, str):
        return translator(language)(value)
    if isinstance(value, (list, tuple)):
        return joined([_written(v, how, language) for v in value], language)
    if isinstance(value, int):
        return write(f"noun.{how}", language, n=value) if how else f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    return _number(value, how, language)


def _number(value: Any, how: str, language: str) -> str:
    if how == "ci":
        return limits(value, language) or write("number.no_interval", language)
    if how == "share" and value.n is not None and value.value is not None and value.n < FEW:
        return write("number.of", language, k=round(value.value * value.n), n=value.n)
    if how not in ("", "value", "share"):
        return write(f"noun.{how}", language, n=int(value.value or 0))
    text = shown(value, language)
    interval = limits(value, language) if not how else ""
    return write("number.with_interval", language, text=text, interval=interval) if interval else text


def joined(items: Sequence[str], language: str = "en") -> str:
    """Return a list in words: ``A, B and C``.

    >>> joined(["APC", "TP53", "KRAS"])
    'APC, TP53 and KRAS'
    """
    comma, last = catalogue(language)["list.comma"], catalogue(language)["list.last"]
    if len(items) < 2:
        return "".join(items)
    return comma.join(items[:-1]) + last + items[-1]
