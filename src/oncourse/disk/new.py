"""A new folder, written whole or not at all, only where nothing stands yet; drafts of new things, and who clears them."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oncourse.disk.endings import cleaned_up
from oncourse.disk.guard import refuse_over_input, refuse_unwritable
from oncourse.disk.lock import locked
from oncourse.errors import InputError


def check_new(out: Path, inputs: Iterable[Path] = ()) -> None:
    """InputError where a new folder cannot be made at `out`, or something stands there; before any work is done."""
    refuse_over_input(out, inputs)
    refuse_unwritable(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not empty. Choose another folder.")


@contextmanager
def new_folder(out: Path, inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """Give a draft folder that becomes `out` when the block ends well (`check_new` is asked first)."""
    check_new(out, inputs)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with locked(out):
        clear_left(out)
        check_new(out)
        draft = Path(tempfile.mkdtemp(prefix=draft_prefix(out), dir=out.parent))
        with cleaned_up(lambda: shutil.rmtree(draft, ignore_errors=True)):
            yield draft
            os.chmod(draft, 0o755)
            draft.rename(out)  # takes the place of an empty folder; fails where something came in meanwhile


def draft_prefix(out: Path) -> str:
    """How the name of a draft of `out` begins that never stood at `out`: it holds nothing of the user's."""
    return f".{out.name}.oncourse-new-"


def clear_left(out: Path) -> None:
    """Remove the drafts of `out` that killed runs left; only who holds the lock of `out` may ask."""
    for left in sorted(out.parent.glob(f"{glob.escape(draft_prefix(out))}*")):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                left.unlink()
