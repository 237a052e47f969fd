"""When a run says that nothing was answered and what to fill in first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from oncourse.report.front import nothing_answered


@pytest.mark.parametrize(
    ("states", "nothing"),
    [
        ({"overview": "done"}, False),  # it alone was asked for: told "fill in first" on a sound study
        ({"overview": "done", "survival": "skipped"}, True),
        ({"overview": "done", "survival": "done"}, False),
        ({"overview": "done", "survival": "failed"}, False),  # a failure is named; tables would not mend it
    ],
)
def test_a_study_is_unanswered_where_no_question_could_be_tried(states, nothing):
    outcomes = [SimpleNamespace(analysis=SimpleNamespace(name=n), status=s) for n, s in states.items()]
    assert nothing_answered(outcomes) is nothing
