"""What the readers and writers answer in the tests of this room is kept besides (`tests/kept_outcomes.py`)."""

from __future__ import annotations

import pytest
from tests import kept_outcomes
from tests.io import strangers


@pytest.fixture(autouse=True)
def outcomes_are_kept(request, monkeypatch):
    """Every call of a reader by a test makes what it made before."""
    yield from kept_outcomes.recorded(request, "io", monkeypatch, (strangers,))


def pytest_sessionfinish(session):
    """Write what `--accept` accepts."""
    kept_outcomes.write_accepted(session.config)
