"""A results folder that is replaced whole, and never takes anything of the user's with it.

The new results are written into a draft beside the old ones, and the user's own files are linked into it; then draft
and old folder change places in one step; then what oncourse wrote before is removed. At every instant one whole result
with the user's files stands there (on a file system without hard links these move over after the change), and whatever
a killed run leaves is cleared, or put back, at the next start.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oncourse.disk import endings, manifest
from oncourse.disk.guard import refuse_over_input, refuse_unwritable
from oncourse.disk.lock import locked
from oncourse.disk.manifest import UNFINISHED
from oncourse.disk.new import clear_left
from oncourse.errors import InputError

_LISTED = 5


@contextmanager
def replaced_folder(
    out: Path, inputs: Iterable[Path] = (), *, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Path]:
    """Give a draft folder that becomes `out`, whole, when the block ends well; nothing changes when it does not.

    Parameters
    ----------
    inputs : files and folders that must survive
    tell : is told, in words, of files of the user that stay in the folder

    Raises
    ------
    InputError : `out` is or holds an input, is no results folder of oncourse, holds results that were changed by hand,
        cannot be written, or another run is writing there
    """
    check_out(out, inputs)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with locked(out):
        recover(out)
        check_out(out, ())
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.oncourse-draft-", dir=out.parent))
        with endings.cleaned_up(lambda: _clear_draft(draft)):
            (draft / UNFINISHED).touch()
            yield draft
            os.chmod(draft, 0o755)
            _sync(draft)
            _swap(draft, out, tell)


def check_out(out: Path, inputs: Iterable[Path]) -> None:
    """InputError where results cannot be written to `out` without hurting something; before any work is done."""
    refuse_over_input(out, inputs)
    refuse_unwritable(out)
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: is a file. Choose another --out.")
    if not os.access(out, os.W_OK | os.X_OK):
        raise InputError(f"{out}: no right to write there. Choose another --out, or ask for the right.")
    found = manifest.contents(out)
    if found is None:
        if any(out.iterdir()):
            raise InputError(
                f"{out}: exists and is not a results folder of oncourse. Choose another --out, or empty it."
            )
    elif found.changed:
        raise InputError(
            [
                f"{out}: changed by hand since oncourse wrote it, so it is not replaced: {_some(found.changed)}. "
                "Move the changed files elsewhere, or choose another --out."
            ]
        )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def recover(out: Path) -> None:
    """Finish what a killed run left beside `out`: its draft goes, the user's files in the old folder come back."""
    clear_left(out)
    for left in sorted(out.parent.glob(f".{glob.escape(out.name)}.oncourse-draft-*")):
        if left.is_symlink() or not left.is_dir():
            continue
        if (left / UNFINISHED).exists():
            shutil.rmtree(left, ignore_errors=True)
        elif not out.exists() and manifest.read(left) is not None:
            left.rename(out)
        else:
            _bring_over(left, out)
            _remove_ours(left)


def _clear_draft(draft: Path) -> None:
    for _ in range(5):  # another thread may still be writing
        if (draft / UNFINISHED).exists() or not any(draft.glob("*")):
            shutil.rmtree(draft, ignore_errors=True)
        if not draft.exists():
            return


def _sync(folder: Path) -> None:
    """Have everything below `folder` on the disk before it becomes the result."""
    for root, _, files in os.walk(folder):
        for name in [*files, "."]:
            number = os.open(os.path.join(root, name), os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)


def _sync_entry(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _swap(draft: Path, out: Path, tell: Callable[[str], None]) -> None:
    _link_over(out, draft)
    with endings.whole:
        (draft / UNFINISHED).unlink()
        if not out.exists():
            draft.rename(out)
        elif not _exchange(draft, out):
            aside = draft.with_name(f"{draft.name}-old")
            out.rename(aside)
            draft.rename(out)
            aside.rename(draft)
    _sync_entry(out.parent)
    if draft.exists():
        kept = _bring_over(draft, out)
        if kept:
            tell(f"{out.name}: not written by oncourse, so it stays: {_some(kept)}")
        _remove_ours(draft)
        _sync_entry(out.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system cannot (then two renames do it)."""
    at_cwd, exchange = -100, 2
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if call(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0:
        return True
    if ctypes.get_errno() in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))


def _link_over(old: Path, new: Path) -> None:
    """Let what is not ours in the old folder stand in the new one too, as the same file under a second name."""
    for name in manifest.foreign(old):
        with contextlib.suppress(OSError):  # no hard links here, or gone meanwhile: `_bring_over` comes later
            target, is_there = _place(old / name, new / name)
            if not is_there:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(old / name, target, follow_symlinks=False)


def _bring_over(old: Path, new: Path) -> list[str]:
    """Move what is not ours from the old folder into the new one; where a name is taken, beside it. Return the
    names."""
    found = manifest.contents(old)
    if found is None:
        return []
    moved = []
    for name in (*found.foreign, *found.changed):
        target, is_there = _place(old / name, new / name)
        if is_there:
            (old / name).unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(old / name, target)
        moved.append(str(target.relative_to(new)))
    return moved


def _place(source: Path, wanted: Path) -> tuple[Path, bool]:
    """The first name that is free, or that is the source itself by a hard link; and whether it is that."""
    number, target = 0, wanted
    while os.path.lexists(target):
        if os.path.samestat(source.lstat(), target.lstat()):
            return target, True
        number += 1
        target = wanted.with_name(f"{wanted.stem}.kept{number}{wanted.suffix}")
    return target, False


def _remove_ours(old: Path) -> None:
    """Remove the unchanged files that oncourse wrote, then the folders that are empty."""
    found = manifest.contents(old)
    if found is not None:
        for name in sorted(found.ours, key=lambda n: n == manifest.CARRIER):  # the manifest last
            (old / name).unlink(missing_ok=True)
    for root, _, _ in os.walk(old, topdown=False):
        with contextlib.suppress(OSError):  # not empty: something of somebody else
            os.rmdir(root)
