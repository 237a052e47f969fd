"""What a comparison of treatments says of those who could have had either."""

from __future__ import annotations

from typing import Any

from oncourse.analyses._headline import feature_words, line_words
from oncourse.derive.outcomes.choice import Choice
from oncourse.derive.outcomes.treatment_comparisons import Comparisons
from oncourse.derive.outcomes.treatment_units import VISCERAL
from oncourse.knowledge.drugs import treatment_name
from oncourse.words.catalogue import Said, braceless, joined, said

#: Why somebody with one of two treatments is not compared.
NO_CHOICE = "could not have had the other treatment, or it is not known: the finding that decides between them"
_COMMON = {
    ("side=left", 1): "left side",
    ("side=left", 0): "right side",
    (VISCERAL, 1): "visceral metastases",
    (VISCERAL, 0): "no visceral metastases recorded",
}


def common_words(choice: Choice) -> list[str]:
    """What those who could have had either treatment have in common: RAS negative, left side."""
    words = {1: "positive", 0: "negative"}
    return [_COMMON.get((c, v)) or f"{feature_words(c)} {words[v]}" for c, v in choice.common]


def key_of(row: dict[str, Any]) -> tuple[str, int, str, str]:
    return row["endpoint"], row["line"], row["arm"], row["reference"]


def line_of(compared: Comparisons, row: dict[str, Any]) -> Said:
    """The line of a comparison, with what those have in common who could have had either."""
    line, choice = line_words(row["line"]), compared.choices.get(key_of(row))
    return line if choice is None else said("line.among", line=line, among=common_words(choice))


def choice_text(compared: Comparisons, row: dict[str, Any]) -> str:
    """Sentences on who could have had either treatment, and on what decides between them and is not known."""
    choice, text = compared.choices.get(key_of(row)), ""
    if choice is not None:
        common = joined(common_words(choice))
        text = f" Only those who could have had either are compared: {common} ({choice.n_out} left out)."
    for marker in compared.open_findings.get(key_of(row), ()):
        text += f" {marker}, by which one of the two is chosen, is not known: the difference may be due to it."
    return braceless(text)


def refused_notes(compared: Comparisons) -> tuple[str, ...]:
    """One line per pair of arms of which too few could have had either."""
    told: dict[str, list[str]] = {}
    for (endpoint, line, arm, reference), choice in compared.refused.items():
        common, two = joined(common_words(choice)), f"{arm_name(arm)} and {arm_name(reference)}"
        text = f"{two}, {line_words(line)}, are not compared: too few could have had either"
        text += f" ({common})" if common else ""
        told.setdefault(text, []).append(endpoint.replace("_", " "))
    return tuple(told)


def arm_name(drugs: str) -> str:
    """Return an arm as an oncologist names it; `other` is every treatment that is not the class."""
    return "other treatments" if drugs == "other" else treatment_name(drugs)
