"""Is a JSON document a model card that can be applied? Every fault by its place, before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

KINDS = ("number", "yes_no", "category", "gene")
#: More refits or predictors than any card holds: a larger file is no card.
MAX_ITEMS = 100_000


def is_number(value: Any) -> bool:
    """Whether a JSON value is a finite number that float64 holds."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ITEMS


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and all(is_number(v) for v in value)


def _hazard(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    # a list may hold null: a stratum without an event in that refit
    known = [v for v in values if not (v is None and isinstance(value, list))]
    return all(is_number(v) and v >= 0 for v in known) and bool(values)


def _coefficients(value: Any) -> bool:
    return isinstance(value, dict) and all(is_number(v) for v in value.values())


#: Place in the card -> (test of its value, what is expected there).
PARTS: dict[tuple[str, ...], tuple[Callable[[Any], bool], str]] = {
    ("features",): (lambda v: isinstance(v, list) and len(v) <= MAX_ITEMS, "a list"),
    ("bootstrap_refits",): (lambda v: isinstance(v, list) and len(v) <= MAX_ITEMS, "a list"),
    ("outcome", "origin"): (_text, "text"),
    ("use", "may_be_used"): (lambda v: isinstance(v, bool), "true or false"),
    ("use", "reasons_against"): (_texts, "a list of texts"),
    ("equation", "model"): (_text, "text"),
    ("equation", "n_clinical"): (_count, "a count"),
    ("equation", "base_hazard"): (_hazard, "a number of 0 or more, or a list of them"),
    ("equation", "coefficients"): (_coefficients, "feature: number"),
    ("missing_values", "mean"): (_numbers, "a list of numbers"),
    ("missing_values", "prevalence"): (_numbers, "a list of numbers"),
    ("missing_values", "covariance"): (
        lambda v: isinstance(v, list) and all(map(_numbers, v)),
        "rows of numbers",
    ),
}
_FEATURE: dict[str, tuple[Callable[[Any], bool], str]] = {
    "feature": (_text, "text"),
    "kind": (lambda v: v in KINDS if isinstance(v, str) else False, f"one of {', '.join(KINDS)}"),
    "mean": (is_number, "a number"),
    "sd": (lambda v: is_number(v) and v >= 0, "a number of 0 or more"),
}
_CLINICAL: dict[str, tuple[Callable[[Any], bool], str]] = {
    "covariate": (_text, "text"),
    "level": (lambda v: v is None or isinstance(v, str), "text or null"),
    "kept": (_texts, "a list of texts"),
}


def faults(data: Mapping[str, Any]) -> list[str]:
    """Return every fault of a card as text, empty for a card that can be applied."""
    found = []
    for place, (test, expected) in PARTS.items():
        value: Any = data
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        if not test(value):
            found.append(f"{'.'.join(place)}: expected {expected}")
    if found:
        return found
    found += _feature_faults(data["features"])
    return found or [*_size_faults(data), *_refit_faults(data), *_outcome_faults(data)]


def _feature_faults(features: Sequence[Any]) -> list[str]:
    found = []
    for number, feature in enumerate(features, 1):
        if not isinstance(feature, Mapping):
            found.append(f"features, entry {number}: expected a mapping")
            continue
        wanted = _FEATURE if feature.get("kind") == "gene" else {**_FEATURE, **_CLINICAL}
        found += [
            f"features, entry {number}: {key}: expected {expected}"
            for key, (test, expected) in wanted.items()
            if key not in feature or not test(feature[key])
        ]
    return found


def _size_faults(data: Mapping[str, Any]) -> list[str]:
    features, gaps = data["features"], data["missing_values"]
    clinical = data["equation"]["n_clinical"]
    genes = len(features) - clinical
    kinds = ["gene" if f["kind"] == "gene" else "clinical" for f in features]
    sizes = (
        (
            kinds == ["clinical"] * clinical + ["gene"] * genes,
            "n_clinical: the first features are not the clinical ones",
        ),
        (len(gaps["mean"]) == clinical, "missing_values.mean: one number per clinical feature"),
        (
            [len(r) for r in gaps["covariance"]] == [clinical] * clinical,
            "missing_values.covariance: a square",
        ),
        (len(gaps["prevalence"]) == genes, "missing_values.prevalence: one number per gene"),
    )
    named = {f["feature"] for f in features}
    unknown = sorted(set(data["equation"]["coefficients"]) - named)
    found = [text for right, text in sizes if not right]
    return found + [f"equation.coefficients: {name} is no feature of this model" for name in unknown]


def _refit_faults(data: Mapping[str, Any]) -> list[str]:
    hazard = data["equation"]["base_hazard"]
    strata = len(hazard) if isinstance(hazard, list) else 1
    for number, refit in enumerate(data["bootstrap_refits"], 1):
        fits = (
            isinstance(refit, Mapping)
            and "base_hazard" in refit
            and _hazard(refit.get("base_hazard"))
            and _coefficients(refit.get("coefficients"))
        )
        if not fits:
            return [f"bootstrap_refits, entry {number}: expected base_hazard and coefficients"]
        own = refit["base_hazard"]
        if (len(own) if isinstance(own, list) else 1) != strata:
            return [f"bootstrap_refits, entry {number}: base_hazard: expected {strata}"]
        places = [k for k in refit["coefficients"] if not (k.isascii() and k.isdigit() and len(k) < 7)]
        if places or any(int(k) >= len(data["features"]) for k in refit["coefficients"]):
            return [f"bootstrap_refits, entry {number}: coefficients: expected numbers of features"]
    return []


def _outcome_faults(data: Mapping[str, Any]) -> list[str]:
    found = []
    if not _count(data["outcome"].get("line", 1)):
        found.append("outcome.line: expected a count")
    strata, hazard = data["equation"].get("strata"), data["equation"]["base_hazard"]
    if strata is not None:
        fits = isinstance(strata, Mapping) and all(_text(strata.get(k)) for k in ("covariate", "kind"))
        levels: Any = strata.get("levels") if isinstance(strata, Mapping) else None
        n = len(hazard) if isinstance(hazard, list) else 1
        if not (fits and _texts(levels) and len(levels) == n and strata["kind"] in KINDS):
            found.append("equation.strata: expected covariate, kind and one level per base hazard")
    return found


def no_infinity(text: str) -> float:
    """JSON has no NaN and no infinity; Python reads them all the same."""
    raise ValueError(f"{text} is no number")


def finite(text: str) -> float:
    """Return a JSON number; ValueError where it is too large for float64."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large")
    return value
