"""Small sources of every format are read as they were read: all tables, whole, with what the reader said of them.

The examples of the documentation (`docs/examples`) and the sound inputs that `tools/fuzz.py` breaks.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from tests.kept_numbers import check

from oncourse.io.detect import read_any

HOUSE = Path(__file__).parents[2]
EXAMPLES = sorted(p for p in (HOUSE / "docs" / "examples").iterdir() if p.is_dir())
_SPEC = importlib.util.spec_from_file_location("fuzz_bases", HOUSE / "tools" / "fuzz_bases.py")
fuzz_bases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz_bases)


def whole(reading):
    """All that a reading holds."""
    first = {f"{p.table}.{p.column}": f"{p.severity}: {p}" for p in reading.problems}
    left = {name: frame.select(sorted(frame.columns)) for name, frame in sorted(reading.tables.items())}
    told = {"notes": reading.notes, "first_row": reading.first_row, "listed": reading.listed, "facts": reading.facts}
    return {"tables": left, "problems": first, **told}


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda p: p.name)
def test_an_example_is_read_whole(folder, request):
    check(f"readings/example_{folder.name}", whole(read_any(folder)), request.config.getoption("--accept"))


@pytest.mark.parametrize("name", sorted({*fuzz_bases.FILES} - {"pyclone"}))  # counts for clones alone are no study
def test_a_sound_input_is_read_whole(name, tmp_path, request):
    folder = tmp_path / name
    folder.mkdir()
    for file, text in fuzz_bases.FILES[name].items():
        (folder / file).write_text(text, "utf-8")
    check(f"readings/{name}", whole(read_any(folder)), request.config.getoption("--accept"))
