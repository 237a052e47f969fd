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


PSA = [(-5, 40.0), (90, 0.5), (300, 4.0), (330, 6.0)]


@pytest.mark.parametrize(
    ("what", "labs", "scans", "settings", "expected"),
    [
        ("PSA rises from its nadir, confirmed", PSA, [], ("mCSPC",), "mCRPC"),
        ("PSA rises, not yet confirmed", PSA[:3], [], ("mCSPC",), "mCSPC"),
        ("a new lesion", PSA[:2], [(0, "no"), (200, "yes")], ("mCSPC",), "mCRPC"),
        ("it progressed on the line before", PSA, [], ("mCSPC", "mCSPC"), "mCSPC"),
    ],
)
def test_psa_and_scans_show_castration_resistance_too(make_study, what, labs, scans, settings, expected):
    """He stayed castration-sensitive until somebody wrote down why his treatment had ended."""
    study = make_study(
        patients=[{"patient_id": "P1", "disease": "prostate cancer"}],
        samples=[],
        calls=[],
        treatments=[
            {"patient_id": "P1", "drugs": drugs, "start_day": 340 * k, "setting": s}
            for k, (s, drugs) in enumerate(zip(settings, ("leuprolide;apalutamide", "docetaxel"), strict=False))
        ],
        labs=[{"patient_id": "P1", "analyte": "PSA", "day": d, "value": str(v), "unit": "ng/mL"} for d, v in labs],
        assessments=[{"patient_id": "P1", "day": d, "new_lesions": new, "non_target": "NE"} for d, new in scans],
        config={"design": "mcrpc", "disease": "prostate cancer"},
    )
    assert Cohort(study).findings.patients["P1"].state == expected
