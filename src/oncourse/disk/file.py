"""One file, written whole or not at all, never over an input nor over somebody else's file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oncourse.disk.endings import cleaned_up
from oncourse.disk.guard import refuse_foreign_file, refuse_over_input, refuse_unwritable
from oncourse.disk.lock import locked
from oncourse.disk.new import clear_left, draft_prefix


def check_file(out: Path, inputs: Iterable[Path] = (), *, force: bool = False) -> None:
    """InputError where `out` cannot be written without hurting something; before any work is done."""
    refuse_over_input(out, inputs)
    refuse_unwritable(out)
    refuse_foreign_file(out, force=force)


@contextmanager
def replaced_file(out: Path, inputs: Iterable[Path] = (), *, force: bool = False) -> Iterator[Path]:
    """Give a draft file that becomes `out` in one step when the block ends well (`check_file` is asked first).

    The draft has the ending of `out`, for writers that go by it.
    """
    check_file(out, inputs, force=force)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with locked(out):
        clear_left(out)
        number, name = tempfile.mkstemp(prefix=draft_prefix(out), suffix=out.suffix, dir=out.parent)
        os.close(number)
        draft = Path(name)
        with cleaned_up(lambda: draft.unlink(missing_ok=True)):
            yield draft
            with draft.open("rb") as stream:
                os.fsync(stream.fileno())
            os.chmod(draft, 0o644)
            draft.replace(out)
