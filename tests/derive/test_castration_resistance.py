"""Which state and which line a man with prostate cancer is in, from his treatments."""

from __future__ import annotations

import pytest

from oncourse.cohort import Cohort


def facts(make_study, *treatments):
    rows = [
        {
            "patient_id": "P1",
            "drugs": d,
            "start_day": i * 300,
            "stop_day": i * 300 + 200,
            "setting": s,
            "stop_reason": r,
        }
        for i, (d, s, r) in enumerate(treatments)
    ]
    study = make_study(
        patients=[{"patient_id": "P1", "disease": "prostate cancer"}],
        samples=[],
        calls=[],
        treatments=rows,
        config={"design": "mcrpc", "disease": "prostate cancer"},
    )
    found = Cohort(study).findings.patients["P1"]
    return found.state, found.next_line


@pytest.mark.parametrize(
    ("treatments", "expected"),
    [
        ([("rezvilutamide", "mCSPC", "progression")], ("mCRPC", 1)),
        ([("rezvilutamide", "mCSPC", None)], ("mCSPC", 1)),
        ([("docetaxel", "mCSPC", "completed"), ("abiraterone", "mCRPC", "疾病进展")], ("mCRPC", 2)),
        ([("docetaxel", "mCSPC", "completed")], ("mCSPC", 1)),
        ([("abiraterone", "mCRPC", "progression"), ("docetaxel", "mCRPC", "progression")], ("mCRPC", 3)),
    ],
)
def test_progression_while_castrate_is_castration_resistance(make_study, treatments, expected):
    """PCWG3. He stayed castration-sensitive, and docetaxel for hormone-sensitive disease counted as a line of mCRPC."""
    assert facts(make_study, *treatments) == expected
