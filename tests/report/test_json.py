"""results.json as the standard encoder writes it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from oncourse.report.results import indented

ROWS = [{"a": "},\n{", "b": None}, {"a": '"', "b": 1.5}, {"a": "\u65e5\x00\u2028", "b": True}]


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        ROWS[:1],
        (),
        {},
        {"rows": ROWS, "none": [], "deep": {"x": [ROWS, {"y": {}}, [1, [2, ()]]]}},
        [{"a": [1]}, {"b": 2}],
        [{}, {"a": 1}],
        {2: "a", None: "b", True: {"c": date(2020, 1, 2)}},
        "plain",
    ],
)
def test_lists_of_rows_are_written_as_json_writes_them(data):
    """The text of ``json.dumps`` with an indent of one, whatever stands in the cells."""
    assert indented(data) == json.dumps(data, indent=1, ensure_ascii=False, default=str)


def test_no_number_is_no_json():
    """NaN is refused in rows as elsewhere: results.json is strict."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        indented([{"a": float("nan")}])
