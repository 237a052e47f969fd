"""Groups of a status: who is in the negative one by measurement, and who by assumption."""

import polars as pl
from tests.studies import study

from oncourse.analyses.groups import _notes
from oncourse.derive.outcomes.groups import GroupParams, groups_of


def test_a_group_of_a_status_says_how_many_of_its_negatives_are_assumed():
    """The first sample with a state speaks: P2's is assumed, P3's later assumed one does not count, P4 is positive."""
    told = pl.DataFrame(
        {
            "sample_id": ["S1", "S2", "S3", "S3b", "S4"],
            "patient_id": ["P1", "P2", "P3", "P3", "P4"],
            "day": [0, 0, 0, 9, 0],
            "state": ["negative"] * 4 + ["positive"],
            "basis": ["measured", "assumed", "measured", "assumed", "assumed"],
            "status": ["RAS"] * 5,
        }
    )
    made = study(patients=[{"patient_id": p} for p in ("P1", "P2", "P3", "P4")], samples=[], calls=[])
    found = groups_of(made, GroupParams(by="status:RAS"), statuses=lambda: told, arms={})
    assert found.assumed == {"P2"}
    said = [n for n in _notes(found, [], []) if "assumed" in n]
    assert said == ["1 of 3 are assumed, not measured: RAS negative."]
