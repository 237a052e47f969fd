"""Two spellings of one id (Ｓ０２ and S02, S-01 and S01, s1 and S1) are told."""

from __future__ import annotations

import pytest
from tests.studies import study


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (("Ｓ０２", "S02"), ["Ｓ０２", "S02"]),
        (("S-01", "S01", "S02"), ["S-01", "S01"]),
        (("s1", "S1", "S2"), ["s1", "S1"]),
        (("P1-1", "P11"), []),
        (("P1_T", "P1_M"), []),
    ],
)
def test_ids_that_two_hands_write_differently_are_told(ids, told):
    made = study(
        patients=[{"patient_id": "A"}],
        samples=[{"sample_id": s, "patient_id": "A", "material": "tissue"} for s in ids],
        calls=[],
    )
    message = "differs from another id only in capitals, in the width of its signs, or in a stroke"
    assert [p.value for p in made.warnings if message in p.message] == told
