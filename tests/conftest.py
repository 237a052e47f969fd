"""Where the tests find real study data, and the browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ONCOURSE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data():
    """Return a function: name of a study -> its folder, or skip the test with a reason."""

    def find(*names: str) -> Path:
        path = SHARED.joinpath(*names)
        if not path.exists():
            pytest.skip(f"real study data not here: {'/'.join(names)} (set ONCOURSE_TEST_DATA)")
        return path

    return find
