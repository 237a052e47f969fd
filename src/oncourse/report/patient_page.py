"""The page of one patient as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oncourse.cohort import Cohort
from oncourse.patients.page_data import page_data
from oncourse.plots.timeline import PHONE, timeline_svg
from oncourse.report.page import environment
from oncourse.words.phrases import page_in

#: Height (mm) on paper, as measured: of what stands before the course without its rows, of what stands after it, and
#: of a row of each part.
_BEFORE_MM, _AFTER_MM = 120.0, 120.0
_ROWS_BEFORE = {"front": 6.0, "unseen": 4.2, "chip": 6.0, "watch": 4.4, "card": 2.9}
_ROWS_AFTER = {
    "course": 3.0,
    "grid": 3.0,
    "clones": 3.6,
    "excluded": 3.2,
    "nearly": 3.2,
    "unassessed": 4.0,
}
_MARKS_MM, _MARKS_A_ROW = 9.0, 5
#: Of a rule below a finding, of one in the table of rules, of one there whose setting does not fit: it runs on.
_MATCH_MM, _RULE_MM, _LATER_MM = 4.0, 12.0, 1.5
#: A side of A4 within its margins; the least and the most height of the timeline.
_SIDE_MM, _LEAST_MM, _MOST_MM = 283.0, 34, 120


def timeline_mm(data: Mapping[str, Any]) -> int:
    """Return the height of the timeline on paper that leaves a page of two sides: what is left on the first side or on
    the second, where more is (the drawing does not break over pages).

    data : what the template is filled with; a part that is absent has no row
    """

    def height(parts: Mapping[str, float]) -> float:
        return sum(mm * _n_rows(data.get(part)) for part, mm in parts.items())

    marks = -(-_n_rows(data.get("biomarkers")) // _MARKS_A_ROW) * _MARKS_MM
    matches = _MATCH_MM * sum(len(line.matches) for line in data.get("front") or ())
    rules = [m for part in ("benefit", "against", "other") for m in data.get(part) or ()]
    later = sum(m.setting == "does_not_fit" for m in rules)
    first = _SIDE_MM - _BEFORE_MM - height(_ROWS_BEFORE) - matches - marks
    second = _SIDE_MM - _AFTER_MM - height(_ROWS_AFTER) - _RULE_MM * (len(rules) - later) - _LATER_MM * later
    return round(min(_MOST_MM, max(_LEAST_MM, first, second)))


def _n_rows(part: Any) -> int:
    """The rows of a part: of a list, or of a table that holds them."""
    if part is None:
        return 0
    rows = part.get("rows", part) if isinstance(part, Mapping) else getattr(part, "rows", part)
    return len(rows)


def patient_page(cohort: Cohort, patient_id: str, *, clones: bool | None = None) -> str:
    """Return the page of one patient as HTML text: self-contained, every text from the study escaped.

    The same bytes from the study's Cohort and from `Cohort.of_patient`, whatever was derived before.

    Parameters
    ----------
    clones : whether the page shows the patient's clones; None: where the study asks for them (`shows_clones`)

    Raises
    ------
    ConfigError : the study has no such patient
    """
    data = page_data(cohort, patient_id, clones=clones)
    more = {"timeline_mm": timeline_mm(data), "timeline_phone": timeline_svg(data["tracks"], PHONE)}
    page = environment().get_template("patient.html").render(**data, **more)
    return page_in(page, cohort.study.config.language)
