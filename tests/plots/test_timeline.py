"""The timeline of a patient: where time is shortened, and where it is not."""

from __future__ import annotations

import re
from itertools import pairwise

from oncourse.plots.timeline import _LETTER, Bar, Line, Mark, PatientTimeline, Point, Track, timeline_svg


def places(svg: str) -> dict[str, float]:
    """Where the dots of the samples stand, from left to right (0-1000)."""
    return {m[1]: float(m[2]) for m in re.finditer(r'<title>(\w+): day [^<]*</title><circle cx="([\d.]+)"', svg)}


def test_a_surgery_ten_years_before_leaves_room_for_the_rest():
    """A prostatectomy 4,500 days before the study squeezed its two years into a seventh of the width."""
    samples = (Mark(-4500, "primary"), Mark(0, "metastasis"), Mark(260, "plasma"))
    svg = timeline_svg(PatientTimeline(bars=(Bar(14, 284, "abiraterone", "ARPI"),), samples=samples, last_day=516))
    at = places(svg)
    assert 600 > at["plasma"] - at["metastasis"] > 350
    assert at["metastasis"] - at["primary"] < 150
    assert "148 months without a record: shortened" in svg and "a long time without a record is shortened" in svg


def test_days_without_a_long_gap_keep_their_distances():
    samples = (Mark(0, "a"), Mark(300, "b"), Mark(900, "c"))
    svg = timeline_svg(PatientTimeline(samples=samples, last_day=1000))
    at = places(svg)
    assert abs((at["c"] - at["b"]) / (at["b"] - at["a"]) - 2) < 0.01
    assert "shortened" not in svg


def test_names_of_lines_that_end_alike_lie_on_no_other():
    """C4, C5 and C6 ended near 0 % and were written on each other at the foot of the panel."""
    lines = tuple(Line(f"C{k}", (Point(0, 50.0), Point(300, v))) for k, v in enumerate((90, 4, 2, 1, 0)))
    svg = timeline_svg(PatientTimeline(tracks=(Track("Clones", "CCF %", lines, is_log=False),), last_day=320))
    at = sorted(float(m) for m in re.findall(r'<text x="[\d.]+" y="([\d.]+)"[^>]*font-size="11"[^>]*><tspan', svg))
    foot = max(float(m) for m in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', svg))
    assert len(at) == 5 and all(b - a >= 12.9 for a, b in pairwise(at)) and at[-1] <= foot + 5


def test_labels_of_days_that_follow_each_other_lie_on_no_other():
    """Nadirs and PSA progressions of four lines within a year were written one over the other."""
    days = (14, 200, 350, 402, 465, 561, 600)
    events = tuple(Mark(d, f"nadir {10 + i}", "nadir") for i, d in enumerate(days)) + (
        Mark(360, "PSA progression", "progression"),
    )
    line = Line("PSA", tuple(Point(d, 10.0 + d / 100) for d in days))
    svg = timeline_svg(PatientTimeline(tracks=(Track("PSA", "ng/ml, log", (line,), events),), last_day=720))
    found = re.findall(
        r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(start|end)" fill="#(?:9c1c00|31535f)"[^>]*>([^<]+)', svg
    )
    assert "PSA progression" in {label for *_, label in found}
    boxes = []
    for x, y, anchor, label in found:
        width = _LETTER * len(label)
        start = float(x) - (width if anchor == "end" else 0)
        assert all(y != row or start + width < a or start > b for a, b, row in boxes), label
        boxes.append((start, start + width, y))
    assert all(f"<title>{mark.label}</title>" in svg for mark in events)
