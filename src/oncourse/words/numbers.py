"""Numbers as a sentence shows them: no more digits than the number of patients carries."""

from __future__ import annotations

import math
from typing import Any, Protocol

#: From this many on a share is shown with one decimal.
MANY = 1000
#: Limits further apart than this carry no decimal of a percent, whatever the n: mutations of few patients.
CARRIED = 0.05
#: From this many on months are shown with one decimal whatever their size.
HUNDREDS = 100
#: Signs per language: between the limits, between limits of which one is negative or not reached, percent.
_SIGNS = {"en": ("-", " to ", " %", "95 % CI "), "zh": ("~", " 至 ", "%", "95%CI ")}
_NOT_REACHED = {"en": "not reached", "zh": "未达到"}
_UNKNOWN = {"en": "not estimable", "zh": "无法估计"}
_UNITS = {
    "en": {"months": " months", "days": " days", "per_mb": " per Mb"},
    "zh": {"months": " 个月", "days": " 天", "per_mb": "/Mb"},
}


class Numeric(Protocol):
    """A number with interval, unit and n: `oncourse.analyses._base.Estimate`."""

    @property
    def value(self) -> float | None: ...
    @property
    def ci_low(self) -> float | None: ...
    @property
    def ci_high(self) -> float | None: ...
    @property
    def n(self) -> int | None: ...
    @property
    def unit(self) -> str: ...


def is_fine(value: float | None, n: int | None, low: float | None = None, high: float | None = None) -> bool:
    """Return whether a share and its limits are shown with one decimal: many patients and limits that are near each
    other, or nearly none or nearly all.

    >>> is_fine(0.719, 1793), is_fine(0.719, 1793, 0.674, 0.759), is_fine(0.004, 400, 0.0, 0.06)
    (True, False, True)
    """
    near = low is None or high is None or high - low <= CARRIED
    return ((n or 0) >= MANY and near) or (value is not None and (0 < value < 0.01 or 0.99 < value < 1))


def is_fine_number(number: Numeric) -> bool:
    """Return `is_fine` of a number with interval and n."""
    return is_fine(number.value, number.n, number.ci_low, number.ci_high)


def bare(value: float, unit: str, n: int | None = None, *, fine: bool | None = None) -> str:
    """Return a number without its unit, with the digits that `n` carries; `fine` overrules that for shares.

    >>> bare(0.596, "fraction", 617), bare(0.004, "fraction", 400), bare(19.35, "months"), bare(1.814, "ratio")
    ('60', '0.4', '19', '1.81')
    """
    if unit == "fraction":
        fine = is_fine(value, n) if fine is None else fine
        return f"{100 * value:.1f}" if fine else f"{100 * value:.0f}"
    if unit == "count":
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    if unit in ("days", "months"):
        whole = unit == "days" or (abs(value) >= 10 and (n or 0) < HUNDREDS)
        text = f"{value:,.0f}" if whole else f"{value:.1f}"
        return "0" if text == "-0" else text
    if unit == "per_mb":
        return f"{value:.1f}"
    if abs(value) >= 10:  # no study of patients carries a third digit of a ratio
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"


def with_unit(
    value: float | None, unit: str, n: int | None = None, language: str = "en", *, fine: bool | None = None
) -> str:
    """Return a number with its unit; `fine` as of `bare`.

    >>> with_unit(0.6, "fraction"), with_unit(4.14, "months"), with_unit(None, "ratio")
    ('60 %', '4.1 months', 'not estimable')
    """
    if value is None:
        return _UNKNOWN[language]
    if math.isinf(value):
        return _NOT_REACHED[language]
    unit_words = percent(language) if unit == "fraction" else _UNITS[language].get(unit, "")
    return bare(value, unit, n, fine=fine) + unit_words


def shown(number: Numeric, language: str = "en") -> str:
    """Return the value of a number with its unit, with the digits that its n and its interval carry."""
    return with_unit(number.value, number.unit, number.n, language, fine=is_fine_number(number))


def limits(number: Numeric, language: str = "en") -> str:
    """Return the 95 % interval of a number, empty where it has none."""
    dash, to, _, start = _SIGNS[language]
    low, high = number.ci_low, number.ci_high
    if low is None and high is None:
        return ""
    fine = is_fine_number(number)
    ends = [
        _NOT_REACHED[language] if v is None or math.isinf(v) else bare(v, number.unit, number.n, fine=fine)
        for v in (low, high)
    ]
    plain = low is not None and high is not None and not math.isinf(high) and low >= 0
    return start + (dash if plain else to).join(ends)


def percent(language: str) -> str:
    """Return the sign of a percent as it follows its number in a language.

    >>> percent("en"), percent("zh")
    (' %', '%')
    """
    return _SIGNS[language][2]


def finite(value: Any) -> Any:
    """Return a number JSON can hold: an infinite limit (a median that is not reached) becomes null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def finite_float(value: float | None) -> float | None:
    """Return a number as a cell holds it: null where it is none, or not finite.

    >>> finite_float(3), finite_float(float("nan")), finite_float(None), finite_float(float("-inf"))
    (3.0, None, None, None)
    """
    return None if value is None or not math.isfinite(value) else float(value)
