"""One patient through time on one axis: treatments, markers, imaging, ctDNA, samples, events. Drawn as plain SVG.

Numbers in, text out, without matplotlib, so that hundreds of pages take seconds.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise

from oncourse.days import DAYS_PER_MONTH
from oncourse.plots.theme import COLOURS, PALETTE

#: Width of the drawing and of what stands left of its axis, in pixels: on a page, and on a phone (where a title stands
#: above its part); what is left free right of it.
WIDE, PHONE, _RIGHT = (1000, 132), (440, 44), 18
_SERIES_HEIGHT, _BAR_HEIGHT = 104, 17


@dataclass(frozen=True)
class Bar:
    """A treatment: from day to day (None = ongoing), what, and the class that colours it."""

    start: int
    stop: int | None
    label: str
    group: str


@dataclass(frozen=True)
class Point:
    """One value; ``low`` and ``high`` its interval; ``is_limit``: below this value, drawn as an open triangle."""

    day: int
    value: float
    low: float | None = None
    high: float | None = None
    is_limit: bool = False
    label: str = ""


@dataclass(frozen=True)
class Mark:
    """Something that happened on one day."""

    day: int
    label: str
    kind: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a track."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Track:
    """One panel with a value axis."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    is_log: bool = True


@dataclass(frozen=True)
class PatientTimeline:
    """Everything on the time axis of one patient (days from the index date)."""

    bars: tuple[Bar, ...] = ()
    tracks: tuple[Track, ...] = ()
    samples: tuple[Mark, ...] = ()
    events: tuple[Mark, ...] = ()
    last_day: int | None = None


#: The colour of a class of drugs, the same on every page; others by order of the palette.
GROUP_COLOURS = {
    "ARPI": PALETTE[0],
    "taxane": PALETTE[1],
    "PARP inhibitor": PALETTE[2],
    "ADT": "#8C97A0",
    "anti-EGFR": PALETTE[3],
    "anti-VEGF": PALETTE[4],
    "PD-1/PD-L1 inhibitor": PALETTE[5],
    "chemotherapy": PALETTE[1],
    "radioligand": PALETTE[6],
    "other": "#8C97A0",
}


#: Time without anything to draw that is shortened: longer than this share of the whole, and than this many days; it
#: then takes this share of the width. Our own choice, so that a prostatectomy ten years before the study leaves room.
LONG_SHARE, LONG_DAYS, SHORT_SHARE = 0.25, 730, 0.06


class _Axis:
    """Days to places; a long time without anything is shortened (``gaps``: its first and last day)."""

    def __init__(self, days: Sequence[int], last: int, width: int, left: int):
        self.width, self.left = width, left
        known = sorted({*days, last})
        first, span = known[0], max(last - known[0], 30)
        pairs = pairwise(known)
        self.gaps = [(a, b) for a, b in pairs if b - a > max(LONG_SHARE * span, LONG_DAYS)]
        shown = max(span - sum(b - a for a, b in self.gaps), 30)
        short = SHORT_SHARE * shown
        days_of = [first - 0.02 * shown, *(day for gap in self.gaps for day in gap), last + 0.03 * shown]
        widths = [short if (a, b) in self.gaps else b - a for a, b in pairwise(days_of)]
        self._days, self._ends = days_of, list(accumulate(widths, initial=0.0))
        self._months = (shown * 1.05) / DAYS_PER_MONTH

    def x(self, day: float) -> float:
        at = min(max(bisect_right(self._days, day), 1), len(self._days) - 1)
        (a, b), (start, end) = self._days[at - 1 : at + 1], self._ends[at - 1 : at + 1]
        share = (start + (day - a) / (b - a) * (end - start)) / self._ends[-1]
        return self.left + share * (self.width - self.left - _RIGHT)

    def ticks(self) -> list[int]:
        """Months at which a tick is drawn: none inside a time that is shortened."""
        step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if self._months / s <= self.width / 80), 120)
        low = math.ceil(self._days[0] / DAYS_PER_MONTH / step) * step
        months = range(low, math.floor(self._days[-1] / DAYS_PER_MONTH) + 1, step)
        found = [m for m in months if not any(a < m * DAYS_PER_MONTH < b for a, b in self.gaps)]
        return found + [
            round(a / DAYS_PER_MONTH) for a, _ in self.gaps if not any(m * DAYS_PER_MONTH <= a for m in found)
        ]


def _breaks(axis: _Axis, y: float) -> str:
    """Two slanted strokes on the axis where time is shortened, with what is left out."""
    out = ""
    for a, b in axis.gaps:
        x = (axis.x(a) + axis.x(b)) / 2
        months = (b - a) / DAYS_PER_MONTH
        out += (
            f'<g><title>{months:.0f} months without a record: shortened</title><rect x="{axis.x(a) + 6:.1f}" y="4" '
            f'width="{axis.x(b) - axis.x(a) - 12:.1f}" height="{y - 4:.0f}" fill="#f3f5f6"/>'
            f'<path d="M{x - 5:.1f},{y + 5:.0f} l4,-10 M{x + 1:.1f},{y + 5:.0f} l4,-10" stroke="#59636d"/></g>'
        )
    return out


def timeline_svg(data: PatientTimeline, size: tuple[int, int] = WIDE) -> str:
    """Return the drawing, or an empty text where there is nothing to draw; every text is escaped.

    size : `WIDE` or `PHONE`
    """
    days = _all_days(data)
    if not days:
        return ""
    last = max([*days, *([data.last_day] if data.last_day is not None else [])])
    axis = _Axis(days, last, *size)
    parts: list[str] = []
    y = 8.0
    if data.bars:
        y = _draw_bars(parts, data.bars, axis, y, last)
    for track in data.tracks:
        y = _draw_track(parts, track, axis, y)
    if data.samples:
        y = _draw_marks(parts, "Samples", data.samples, axis, y)
    if data.events:
        y = _draw_marks(parts, "Events", data.events, axis, y)
    grid = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{y:.0f}" stroke="{COLOURS["grid"]}"/>'
        f'<text x="{x:.1f}" y="{y + 15:.0f}" text-anchor="middle" fill="#59636d">{m}</text>'
        for m, x in ((m, axis.x(m * DAYS_PER_MONTH)) for m in axis.ticks())
    )
    foots = _foot(axis)
    for i, words in enumerate(foots):
        foot = f'<text x="{axis.width - _RIGHT}" y="{y + 31 + 14 * i:.0f}" text-anchor="end" fill="#59636d">'
        parts.append(f"{foot}{words}</text>")
    return (
        f'<svg viewBox="0 0 {axis.width} {y + 24 + 14 * len(foots):.0f}" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="inherit" font-size="12" class="timeline">{_breaks(axis, y)}{grid}{"".join(parts)}</svg>'
    )


def _foot(axis: _Axis) -> list[str]:
    """What stands below the axis; on a phone each part has its line."""
    unit, cut = "months from the index date", "// a long time without a record is shortened"
    if not axis.gaps:
        return [unit]
    return [unit, cut] if axis.width < WIDE[0] else [f"{unit}; {cut}"]


def _all_days(data: PatientTimeline) -> list[int]:
    days = [b.start for b in data.bars] + [b.stop for b in data.bars if b.stop is not None]
    days += [p.day for t in data.tracks for line in t.lines for p in line.points]
    return days + [m.day for m in (*data.samples, *data.events)]


def _title(parts: list[str], text: str, axis: _Axis, top: float, down: float, unit: str = "") -> float:
    """Write the title of a part left of it, or above it on a phone; return where the part begins."""
    above = axis.width < WIDE[0]
    y = top + (11 if above else down)
    parts.append(f'<text x="0" y="{y:.1f}" font-weight="600" fill="{COLOURS["text"]}">{escape(text)}</text>')
    if unit:
        x, y = (7.2 * len(text) + 14, y) if above else (0, y + 14)
        parts.append(f'<text x="{x:.0f}" y="{y:.1f}" fill="#59636d">{escape(unit)}</text>')
    return top + (16 if above else 0)


def _draw_bars(parts: list[str], bars: Sequence[Bar], axis: _Axis, y: float, last: int) -> float:
    y = _title(parts, "Treatment", axis, y, 13)
    rows: list[float] = []
    for bar in sorted(bars, key=lambda b: (b.start, b.label)):
        stop = bar.stop if bar.stop is not None else last
        x0, x1 = axis.x(bar.start), max(axis.x(stop), axis.x(bar.start) + 4)
        wide = 7.2 * len(bar.label) + 8
        room = x0 + wide
        begins = x0 if room < axis.width else min(x0, min(x1, axis.width - _RIGHT) - wide)
        row = next((i for i, end in enumerate(rows) if end <= begins), len(rows))
        if row == len(rows):
            rows.append(0.0)
        rows[row] = max(x1, room if room < axis.width else x1) + 3
        top = y + row * (_BAR_HEIGHT + 3)
        colour = GROUP_COLOURS.get(bar.group, GROUP_COLOURS["other"])
        until = f"to day {bar.stop}" if bar.stop is not None else "ongoing or end not recorded"
        parts.append(
            f"<g><title>{escape(bar.label)}: day {bar.start} {until}</title>"
            f'<rect x="{x0:.1f}" y="{top:.1f}" width="{x1 - x0:.1f}" height="{_BAR_HEIGHT}" rx="3" fill="{colour}" '
            f'fill-opacity="0.28" stroke="{colour}"{"" if bar.stop is not None else DASHED}/>'
        )
        if room < axis.width:
            parts.append(f'<text x="{x0 + 5:.1f}" y="{top + 12.5:.1f}" fill="#1d2329">{escape(bar.label)}</text></g>')
        else:
            parts.append(
                f'<text x="{min(x1, axis.width - _RIGHT) - 4:.1f}" y="{top + 12.5:.1f}" text-anchor="end" '
                f'fill="#1d2329">{escape(bar.label)}</text></g>'
            )
    return y + len(rows) * (_BAR_HEIGHT + 3) + 10


DASHED = ' stroke-dasharray="4 2"'


def _scale(track: Track, top: float) -> tuple[list[tuple[float, str]], float, float]:
    """Return (ticks with words, low, high) of the value axis; logarithmic tracks in log10."""
    values = [v for line in track.lines for p in line.points for v in (p.value, p.low, p.high) if v is not None]
    if not track.is_log:
        high = max([*values, 1e-9])
        step = 10 ** math.floor(math.log10(high))
        step = next(step * f for f in (0.5, 1, 2, 5) if high / (step * f) <= 4.5)
        ticks = [(i * step, f"{i * step:g}") for i in range(math.ceil(high / step - 1e-9) + 1)]
        return ticks, 0.0, ticks[-1][0]
    positive = [v for v in values if v > 0] or [1.0]
    low, high = math.log10(min(positive)), math.log10(max(positive))
    low, high = math.floor(low - 0.05), math.ceil(high + 0.05)
    if high == low:
        high += 1
    step = 1 if high - low <= 4 else 2
    return [(float(e), _number(10.0**e)) for e in range(low, high + 1, step)], float(low), float(high)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _draw_track(parts: list[str], track: Track, axis: _Axis, top: float) -> float:
    ticks, low, high = _scale(track, top)
    top = _title(parts, track.title, axis, top, 22, track.unit)
    head, foot = top + 14, top + _SERIES_HEIGHT - 6

    def y(value: float) -> float:
        number = math.log10(value) if track.is_log and value > 0 else low if track.is_log else value
        return foot - (max(min(number, high), low) - low) / (high - low) * (foot - head)

    parts.append(
        f'<rect x="{axis.left}" y="{head:.1f}" width="{axis.width - axis.left - _RIGHT}" height="{foot - head:.1f}" '
        'fill="none" stroke="#dde2e6"/>'
    )
    for value, text in ticks:
        at = foot - (value - low) / (high - low) * (foot - head)
        parts.append(f'<line x1="{axis.left - 4}" x2="{axis.left}" y1="{at:.1f}" y2="{at:.1f}" stroke="#8a949d"/>')
        parts.append(f'<text x="{axis.left - 7}" y="{at + 4:.1f}" text-anchor="end" fill="#59636d">{text}</text>')
    for number, line in enumerate(track.lines):
        _draw_line(parts, line, PALETTE[number % len(PALETTE)], axis, y)
    if len(track.lines) > 1:
        _name_lines(parts, track.lines, axis, y, head, foot)
    _draw_events(parts, track, axis, head, foot)
    return top + _SERIES_HEIGHT + 4


def _draw_events(parts: list[str], track: Track, axis: _Axis, head: float, foot: float) -> None:
    """Draw a line per mark with its label, where there is room for it; what has none is said on hover."""
    taken: list[tuple[float, float, int]] = []
    rows = range(max(1, int((foot - head - 4) // 12)))
    for mark in sorted(track.marks, key=lambda m: (m.kind not in _FIRST, m.day)):
        x, label = axis.x(mark.day), escape(mark.label)
        colour = "#9c1c00" if mark.kind in _FIRST else "#31535f"
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{head:.1f}" y2="{foot:.1f}" stroke="{colour}" '
            f'stroke-dasharray="3 2"><title>{label}</title></line>'
        )
        place = _room(x, _LETTER * len(mark.label), rows, taken, (axis.left, axis.width))
        if place is not None:
            taken.append(place)
            start, _, row = place
            anchor, at = ("start", start) if start > x else ("end", x - 3)
            parts.append(
                f'<text x="{at:.1f}" y="{head + 11 + 12 * row:.1f}" text-anchor="{anchor}" fill="{colour}" '
                f'font-size="11">{label}</text>'
            )


#: Kinds of mark whose labels come first, and the width of a letter of them in pixels.
_FIRST, _LETTER = ("progression", "PD"), 6.3


def _room(
    x: float,
    width: float,
    rows: Iterable[int],
    taken: Sequence[tuple[float, float, int]],
    within: tuple[int, int] = (WIDE[1], WIDE[0]),
) -> tuple[float, float, int] | None:
    """Return (start, end, row) of a label of a line at x: beside it, in the first row where it lies on no other.

    >>> _room(300, 60, range(2), [(303.0, 350.0, 0)])
    (237, 297, 0)
    >>> _room(300, 60, range(1), [(303.0, 350.0, 0)])
    (237, 297, 0)
    """
    for row in rows:
        for start in (x + 3, x - 3 - width):
            end = start + width
            inside = start >= within[0] and end <= within[1]
            if inside and all(r != row or end < a or start > b for a, b, r in taken):
                return start, end, row
    return None


def _draw_line(parts: list[str], line: Line, colour: str, axis: _Axis, y: Callable[[float], float]) -> None:
    path = " ".join(f"{axis.x(p.day):.1f},{y(p.value):.1f}" for p in line.points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    for p in line.points:
        x, at = axis.x(p.day), y(p.value)
        if p.low is not None and p.high is not None:
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y(p.low):.1f}" y2="{y(p.high):.1f}" stroke="{colour}"/>'
            )
        title = escape(p.label or f"{line.name}: {p.value:g} on day {p.day}")
        if p.is_limit:
            path = f"M{x - 4:.1f},{at - 3:.1f} h8 l-4,7 z"
            shape = f'<path d="{path}" fill="#fff" stroke="{colour}"><title>{title}</title></path>'
        else:
            shape = f'<circle cx="{x:.1f}" cy="{at:.1f}" r="3.2" fill="{colour}"><title>{title}</title></circle>'
        parts.append(shape)


def _name_lines(
    parts: list[str],
    lines: Sequence[Line],
    axis: _Axis,
    y: Callable[[float], float],
    head: float,
    foot: float,
) -> None:
    """Write the name of each line beside its last point, moved apart where they would overlap."""
    places = sorted(
        ((y(line.points[-1].value), n, line) for n, line in enumerate(lines) if line.points),
        key=lambda p: p[:2],
    )
    heights: list[float] = []
    for at, _, _ in places:
        heights.append(max(at, heights[-1] + 13 if heights else head + 4))
    for i in range(len(heights) - 1, -1, -1):  # those that would reach below the panel go up
        heights[i] = min(heights[i], heights[i + 1] - 13 if i + 1 < len(heights) else foot)
    for (_, number, line), at in zip(places, heights, strict=True):
        x = axis.x(line.points[-1].day) + 7
        is_right = x + 6.2 * len(line.name) > axis.width
        x, anchor = (x - 14, "end") if is_right else (x, "start")
        parts.append(
            f'<text x="{x:.1f}" y="{at + 4:.1f}" text-anchor="{anchor}" font-size="11" fill="#1d2329">'
            f'<tspan fill="{PALETTE[number % len(PALETTE)]}">&#9679;</tspan> {escape(line.name)}</text>'
        )


_KIND_COLOURS = {
    "primary": COLOURS["primary"],
    "metastasis": COLOURS["metastasis"],
    "plasma": COLOURS["plasma"],
    "local_recurrence": COLOURS["local_recurrence"],
    "death": "#000000",
    "progression": "#9c1c00",
}


def _draw_marks(parts: list[str], title: str, marks: Sequence[Mark], axis: _Axis, top: float) -> float:
    top = _title(parts, title, axis, top, 17)
    ends: list[float] = []
    for mark in sorted(marks, key=lambda m: (m.day, m.label)):
        x = axis.x(mark.day)
        width = 6.6 * len(mark.label) + 12
        is_right = x + width > axis.width
        start = x - width if is_right else x - 5
        row = next((i for i, end in enumerate(ends) if end <= start), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = (x if is_right else x + width) + 6
        y = top + 12 + row * 17
        colour = _KIND_COLOURS.get(mark.kind, "#59636d")
        shape = (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
            if mark.kind != "death"
            else f'<path d="M{x - 4:.1f},{y - 4:.1f} l8,8 m0,-8 l-8,8" stroke="#000" stroke-width="2"/>'
        )
        anchor, shift = ("end", -8) if is_right else ("start", 8)
        parts.append(
            f"<g><title>{escape(mark.label)}: day {mark.day}</title>{shape}"
            f'<text x="{x + shift:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}" fill="#1d2329" font-size="11">'
            f"{escape(mark.label)}</text></g>"
        )
    return top + len(ends) * 17 + 12
