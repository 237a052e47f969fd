"""What the concordance says beside its numbers."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from oncourse.analyses._concordance_notes import concordance_notes

CELLS = pl.DataFrame(
    {"basis": ["counted"], "blood": [None], "site": [0], "written_as": [None], "variant_id": ["v"]},
    schema_overrides={"blood": pl.String, "written_as": pl.String},
)
SAMPLES = pl.DataFrame(
    {"sample_id": ["A"], "purity_basis": ["given"], "purity": [0.5], "noise": [None]},
    schema_overrides={"noise": pl.String},
)
NOBODY = pl.DataFrame(schema={"is_main": pl.Boolean, "verdict": pl.String})


@pytest.mark.parametrize(("told_apart", "said"), [(0.0, True), (0.5, True), (1.0, False), (float("nan"), False)])
def test_errors_that_could_not_be_learned_are_said(told_apart, said):
    """Nine of ten mutations shared, errors ten times those told: up to 17 % of absent sites present, nobody named."""
    kernel = SimpleNamespace(background=SimpleNamespace(told_apart=told_apart))
    presence = SimpleNamespace(cells=CELLS, samples=SAMPLES, kernel=kernel)
    notes = concordance_notes(presence, pl.DataFrame(), NOBODY)
    assert any(note.startswith("Whether errors exceed those told could not be learned") for note in notes) is said
    assert len(notes) == said
