"""A number with its interval as a drawing of a few hundred bytes, for page one."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

from oncourse.words.numbers import Numeric, bare

_WIDTH, _LEFT, _RIGHT, _LINE = 190, 8, 182, 15
#: Ends of the logarithmic axis of a ratio.
_RATIO = (0.1, 10.0)
_NICE = (1, 2, 3, 5, 6, 8, 10, 12, 18, 24, 36, 48, 60, 72, 96, 120, 180, 240)


def interval_svg(number: Numeric, words: str) -> str:
    """Return the value as a dot on its axis, the interval as a bar; empty where there is nothing to draw.

    words : what the drawing says, for readers who do not see it
    """
    if number.value is None or math.isinf(number.value) or number.unit in ("count", ""):
        return ""
    axis = _axis(number)
    if axis is None:
        return ""
    place, ticks = axis
    x = place(number.value)
    parts = [f'<line x1="{_LEFT}" y1="{_LINE}" x2="{_RIGHT}" y2="{_LINE}" class="ax"/>']
    for value, label in ticks:
        at = place(value)
        anchor = "start" if at < _LEFT + 12 else "end" if at > _RIGHT - 12 else "middle"
        parts.append(
            f'<line x1="{at:.0f}" y1="{_LINE - 3}" x2="{at:.0f}" y2="{_LINE + 3}" class="ax"/>'
            f'<text x="{at:.0f}" y="{_LINE + 15}" text-anchor="{anchor}">{escape(label)}</text>'
        )
    if number.ci_low is not None or number.ci_high is not None:
        low = _LEFT if number.ci_low is None else place(number.ci_low)
        open_end = number.ci_high is None or math.isinf(number.ci_high)
        high = _RIGHT if open_end or number.ci_high is None else place(number.ci_high)
        parts.append(f'<rect x="{low:.1f}" y="{_LINE - 4}" width="{max(high - low, 1):.1f}" height="8" class="ci"/>')
    parts.append(_dot(x, number))
    return (
        f'<svg class="micro" viewBox="0 0 {_WIDTH} 34" role="img" aria-label="{escape(words, quote=True)}">'
        f"{''.join(parts)}</svg>"
    )


def _dot(x: float, number: Numeric) -> str:
    """The value: a dot; beyond the axis of ratios an arrow at its end."""
    beyond = (
        0 if number.unit != "ratio" or number.value is None else (number.value > _RATIO[1]) - (number.value < _RATIO[0])
    )
    if not beyond:
        return f'<circle cx="{x:.1f}" cy="{_LINE}" r="5" class="dot"/>'
    return f'<path d="M{x:.1f} {_LINE - 5}l{8 * beyond} 5l{-8 * beyond} 5z" class="dot"/>'


def _axis(number: Numeric) -> tuple[Callable[[float], float], list[tuple[float, str]]] | None:
    """How a value becomes a place, and the ticks with their labels."""
    span = _RIGHT - _LEFT

    def linear(low: float, high: float) -> Callable[[float], float]:
        return lambda v: _LEFT + span * (min(max(v, low), high) - low) / (high - low)

    value = number.value or 0.0
    ends = [v for v in (value, number.ci_low, number.ci_high) if v is not None and not math.isinf(v)]
    if number.unit == "fraction" and min(ends) >= 0:
        return linear(0, 1), [(0, "0"), (0.5, "50"), (1, "100 %")]
    if number.unit == "ratio":
        low, high = _RATIO

        def place(v: float) -> float:
            part = math.log(min(max(v, low), high) / low) / math.log(high / low)
            return _LEFT + span * part

        return place, [(low, "0.1"), (1.0, "1"), (high, "10")]
    if min(ends) < 0:
        most = max(map(abs, ends)) * 1.15
        return linear(-most, most), [(-most, bare(-most, number.unit)), (0, "0"), (most, bare(most, number.unit))]
    if number.unit == "score" and max(ends) <= 1:
        return linear(0, 1), [(0, "0"), (0.5, "0.5"), (1, "1")]
    top = next((n for n in _NICE if n >= 1.05 * max(ends)), 1.15 * max(ends)) if max(ends) > 0 else 1
    return linear(0, top), [(0, "0"), (top / 2, bare(top / 2, number.unit)), (top, bare(top, number.unit))]
