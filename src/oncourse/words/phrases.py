"""Finished English text in another language: what results say is kept once, in English, and translated where it is
shown.

``words/<language>/phrases/*.toml`` hold pairs: an English sentence, part of one or term, and its translation. ``{1}``
... ``{9}`` stand for numbers, ``{a}`` ... ``{z}`` for text that is translated in its turn; both sides have the same
ones. Text that no pair fits stays as it is, so that a translation is never a guess.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape, unescape
from importlib import resources

from oncourse.words.counts import of_many
from oncourse.words.numbers import percent
from oncourse.words.readable import split

_NUMBER = r"[-\u2212]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?"
_PLACE = re.compile(r"\{([1-9a-z])\}")
_WORD = re.compile(r"[A-Za-z]{2,}")
#: What reads as English: a word in small letters; beside Chinese a capital is that of a name. TP53, ctDNA, P07 are
#: names.
_ENGLISH = re.compile(r"(?<![A-Za-z0-9_.@/-])[A-Z]?[a-z]{3,}(?![A-Za-z0-9_/])")
_CHINESE = re.compile("[\u4e00-\u9fff]")
#: The sign after a number, as English text has it.
_PERCENT = re.compile(r"(?<=\d)[ \u00a0]%")
#: What English leaves in Chinese text: a narrow sign after a Chinese word, a space after a wide sign or between words.
_NARROW = re.compile("(?<=[\u4e00-\u9fff])([,;:])(?: |$)|(?<=[\u4e00-\u9fff）。，；：、]) (?=[\u4e00-\u9fff（])")
_WIDE = {",": "，", ";": "；", ":": "：", None: ""}
#: A month or day, which is no range of numbers; names or numbers in a row.
_DATE = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-\d\d)?")
_ROW = re.compile(r"[\w*.-]+(?:, [\w*.-]+)+")
#: Between the items of a list, with what stands there in Chinese.
_LISTS = (
    ("; ", "；"),
    (", ", "、"),
    (" and ", "和"),
    (" or ", "或"),
    (" + ", " + "),
    (" v ", " 对 "),
    (" / ", " / "),
    (": ", "："),
    (" · ", " · "),
    ("  ", "  "),
    (" = ", " = "),
    ("/", "/"),
    (";", "；"),
)
#: Attributes of a page that are read or shown.
_SHOWN = re.compile(r'\b(aria-label|title|placeholder|alt|data-series|data-open|data-close)="([^"]*)"')
_VOID = re.compile(r"<(?:br|hr|img|input|link|meta|wbr)\b")
_MARKUP = re.compile(r"(?s)(<!--.*?-->|<(script|style|code)\b.*?</\2>|<[^>]*>)")


def english_left(text: str) -> list[str]:
    """Return the English words of a text.

    >>> english_left("TP53 与总生存期 (ctDNA)"), english_left("生存 by line")
    ([], ['line'])
    """
    found = [w for w in _ENGLISH.findall(text) if w.lower() not in _KEPT]
    return [w for w in found if w.islower()] if _CHINESE.search(text) else found


#: Words that both languages write so: units, statistics and formats (no list of what was forgotten).
_KEPT = frozenset(
    {
        "kappa",
        "log",
        "tsv",
        "csv",
        "pdf",
        "svg",
        "png",
        "xlsx",
        "json",
        "yaml",
        "html",
        "min",
        "max",
        "doi",
        "van",
        "von",
        "kb",
        "oncourse",
    }
)


#: Letters from which a template says something: below, it only joins ("{a} or {b}") and must not be half translated.
SAYS = 12


@dataclass(frozen=True)
class _Pair:
    """A template: its pattern, compiled when a text first has its words; few of a thousand are asked for in a run."""

    pattern: str
    names: tuple[str, ...]
    said: str
    weight: int

    @cached_property
    def shape(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.DOTALL)


def wide_brackets(text: str) -> str:
    """Return Chinese text whose brackets are wide where they hold Chinese or follow it; those of formulas and names
    stay.

    >>> wide_brackets("总生存期 (OS (x)), exp(系数)，TP53 (未检测)")
    '总生存期（OS (x)）, exp(系数)，TP53（未检测）'
    """

    out, opened = list(text), []
    for i, sign in enumerate(text):
        if sign == "(":
            opened.append(i)
        elif sign == ")" and opened:
            start = opened.pop()
            is_formula = text[start - 1 : start].isascii() and text[start - 1 : start].isalpha()
            if _CHINESE.fullmatch(text[:start].rstrip(" ")[-1:]) or (
                _CHINESE.search(text[start + 1 : i]) and not is_formula
            ):
                out[start], out[i] = "（", "）"
                if text[start - 1 : start] == " ":
                    out[start - 1] = ""
    return "".join(out)


class Phrasebook:
    """The pairs of one language; `text` translates what is shown, `page` a whole page.

    ``missed`` holds what was asked for and stayed English, so that a translator sees what is left.
    """

    def __init__(self, pairs: Mapping[str, str], percent: str = " %"):
        self._percent = percent
        self.exact = {k: v for k, v in pairs.items() if not _PLACE.search(k)}
        self._by_word: dict[str, list[_Pair]] = {}
        shaped = [(k, v) for k, v in pairs.items() if _PLACE.search(k)]
        often = Counter(w.lower() for k, _ in shaped for w in set(_literal_words(k)))
        for english, said in shaped:
            words = [w.lower() for w in _literal_words(english)]
            key = min(words, key=lambda w: (often[w], -len(w), w)) if words else ""
            self._by_word.setdefault(key, []).append(_pair(english, said))
        self._known: dict[str, tuple[str, bool]] = {}
        self.missed: set[str] = set()

    def text(self, english: str) -> str:
        """Return shown text in the language; sentence by sentence where the whole is not known.

        >>> Phrasebook({"{1} % of lesions": "{1} % 的病灶"}, percent="%").text("32 % of lesions")
        '32% 的病灶'
        >>> Phrasebook({"not tested": "未检测", "{a} ({b}): {c}": "{a}（{b}）: {c}"}).text("KRAS, NRAS (BRAF): not tested")
        'KRAS、NRAS（BRAF）: 未检测'
        """
        said = _PERCENT.sub(self._percent, self._text(english))
        return _NARROW.sub(lambda m: _WIDE[m[1]], wide_brackets(said)) if _CHINESE.search(said) else said

    def _text(self, english: str) -> str:
        plain = english.replace("\u00a0", " ").strip()
        either = [self.exact.get(name) for name in plain.split("/")]
        if len(either) > 1 and all(either):  # abiraterone/enzalutamide: no word by itself
            return "/".join(filter(None, either))
        if not plain or (not _ENGLISH.search(plain) and not self._has(plain)):
            return english
        found, whole = self._part(plain)
        if whole and (found != plain or not english_left(plain) or plain in self.exact):
            return found
        if _CHINESE.search(plain):
            return english  # said by a template already
        parts = split(plain)
        if len(parts) < 2:
            self.missed.add(plain)
            return found
        said = [self._text(part) for part in parts]
        return "".join(text if text != part else f"{text} " for text, part in zip(said, parts, strict=True)).strip()

    def _has(self, plain: str) -> bool:
        return plain in self.exact or any(w.lower() in self._by_word for w in _WORD.findall(plain))

    def page(self, markup: str) -> str:
        """Return a page or drawing with its text and the attributes that are read translated.

        Scripts, code and what HTML marks with ``translate="no"`` (ids, citations) stay.
        """
        pieces = _MARKUP.split(markup)
        out, kept = [], 0  # elements open since one that stays
        for text, tag, name in zip(pieces[0::3], [*pieces[1::3], ""], [*pieces[2::3], ""], strict=True):
            out.append(text if kept or not text.strip() else self._node(text))
            out.append(tag if kept or name or not tag else _SHOWN.sub(self._attribute, tag))
            if kept or 'translate="no"' in tag:
                kept += (
                    0
                    if name or tag.startswith("<!") or tag.endswith("/>") or _VOID.match(tag)
                    else -1
                    if tag.startswith("</")
                    else 1
                )
        return "".join(out)

    def _node(self, text: str) -> str:
        bare = text.strip()
        start = text[: len(text) - len(text.lstrip())]
        end = text[len(text.rstrip()) :]
        plain = unescape(bare)
        said = self.text(plain)
        return text if said == plain else start + escape(said, quote=False) + end

    def _attribute(self, match: re.Match[str]) -> str:
        return f'{match[1]}="{escape(self.text(unescape(match[2])), quote=True)}"'

    def _part(self, english: str) -> tuple[str, bool]:
        """A text that is one thing: its translation, and whether no English is left in it."""
        if english not in self._known:
            self._known[english] = ("", False)  # what stands in itself is not understood
            self._known[english] = self._found(english)
        return self._known[english]

    def _found(self, english: str) -> tuple[str, bool]:
        if _DATE.fullmatch(english):
            return english, True
        if of_many(english) != english:
            found, whole = self._part(of_many(english))
            if whole:
                return found, True
        said = self.exact.get(english) or self.exact.get(_other_case(english))
        if said is not None:
            return said, True
        if _ROW.fullmatch(english) and not english_left(english):
            return english.replace(", ", "、"), True
        partly = None
        for pair in self._candidates(english):
            match = pair.shape.fullmatch(english)
            if match is None:
                continue
            parts = zip(pair.names, match.groups(), strict=True)
            values = {n: self._part(v) if n.isalpha() else (v, True) for n, v in parts}
            text = _PLACE.sub(lambda m, values=values: values[m[1]][0], pair.said)  # type: ignore[misc]
            if all(whole for _, whole in values.values()):
                return text, True
            partly = partly or (text if pair.weight >= SAYS else None)
        if english.endswith(".") and not english.endswith(".."):  # a part of a sentence told as one
            for part in (english[:-1], _other_case(english[:-1])):
                found, whole = self._part(part)
                if whole and found != part:
                    return f"{found}。", True
        if not any(word.islower() for word in english_left(english)):
            return english, True
        for between, sign in _LISTS:
            listed = _apart(english, between)
            items = [self._part(item) for item in listed] if len(listed) > 1 else []
            if items and all(whole for _, whole in items):
                return sign.join(text for text, _ in items), True
        return partly or english, False

    def _candidates(self, english: str) -> list[_Pair]:
        words = {w.lower() for w in _WORD.findall(english)}
        found = [pair for word in [*sorted(words), ""] for pair in self._by_word.get(word, ())]
        return sorted(found, key=lambda pair: -pair.weight)


def _apart(english: str, between: str) -> list[str]:
    """Return the items of a list; what stands in brackets is not cut.

    >>> _apart("A 14 (95 % CI 12-17; n = 20); B 26 (95 % CI 24-28; n = 20)", "; ")
    ['A 14 (95 % CI 12-17; n = 20)', 'B 26 (95 % CI 24-28; n = 20)']
    """
    found: list[str] = []
    for part in english.split(between):
        if found and found[-1].count("(") > found[-1].count(")"):
            found[-1] += between + part
        else:
            found.append(part)
    return found


def _literal_words(english: str) -> list[str]:
    return _WORD.findall(_PLACE.sub(" ", english))


def _pair(english: str, said: str) -> _Pair:
    parts = _PLACE.split(english)
    names = tuple(parts[1::2])
    shape = re.escape(parts[0])
    for name, after in zip(names, parts[2::2], strict=True):
        shape += (f"({_NUMBER})" if name.isdigit() else "(.+?)") + re.escape(after)
    return _Pair(shape, names, said, sum(map(len, parts[0::2])))


def _other_case(text: str) -> str:
    return (text[:1].lower() if text[:1].isupper() else text[:1].upper()) + text[1:]


@cache
def pairs(language: str) -> Mapping[str, str]:
    """Return every pair of a language; a text given twice is a mistake of the files (ValueError)."""
    found: dict[str, str] = {}
    folder = resources.files("oncourse.words").joinpath(language, "phrases")
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        for english, said in _flat(tomllib.loads(entry.read_text("utf-8"))):
            if found.get(english, said) != said:
                raise ValueError(f"{entry.name}: {english!r} is translated twice, differently")
            found[english] = said
    return found


def _flat(tree: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield key, str(value)


@cache
def phrasebook(language: str) -> Phrasebook:
    """Return the phrasebook of a language other than English."""
    return Phrasebook(pairs(language), percent=percent(language))


def translator(language: str) -> Callable[[str], str]:
    """Return what translates shown text; English stays as it is."""
    return str if language == "en" else phrasebook(language).text


def page_in(markup: str, language: str) -> str:
    """Return a page or drawing in a language."""
    return markup if language == "en" else phrasebook(language).page(markup)
