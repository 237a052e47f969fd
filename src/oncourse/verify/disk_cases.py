"""Results on the disk of this machine: replaced whole, the user's own files left alone, changed bytes found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from oncourse.verify.registry import Comparison, case


def _write(out: Path, text: str, *, fails: bool = False) -> None:
    """Results of one table with this text; `fails`: an error after the table, before they are whole."""
    from oncourse.disk import manifest
    from oncourse.disk.folder import replaced_folder

    with replaced_folder(out) as draft:
        (draft / "table.tsv").write_text(text, "utf-8")
        if fails:
            raise OSError("stopped half way")
        (draft / manifest.CARRIER).write_text(manifest.text_of(manifest.sealed(draft, {})), "utf-8")


def _ends(out: Path, text: str, *, fails: bool = False) -> str:
    """The name of the error that an attempt to replace the results ends with; empty where it succeeds."""
    try:
        _write(out, text, fails=fails)
    except Exception as error:
        return type(error).__name__
    return ""


@case(
    requirement="Results are replaced whole, files of the user stay, and a changed byte is found",
    method="a results folder written, replaced, stopped half way and changed by hand, in a temporary folder",
    source="equality with what was written",
    tests=(
        "tests/disk/test_results_folder.py",
        "tests/disk/test_stopped_after_each_call.py",
        "tests/disk/test_endings.py",
        "tests/verify/test_verify.py",
    ),
)
def results_on_disk() -> Iterator[Comparison]:
    from oncourse.disk import manifest

    with TemporaryDirectory(prefix="oncourse-verify-") as folder:
        out = Path(folder) / "results"
        _write(out, "first")
        (out / "note.txt").write_text("mine", "utf-8")
        _write(out, "second")
        yield "table after replacement", "second", (out / "table.tsv").read_text("utf-8")
        yield "note of the user", "mine", (out / "note.txt").read_text("utf-8")
        yield "an attempt that stops half way ends with", "OSError", _ends(out, "third", fails=True)
        yield "table after it", "second", (out / "table.tsv").read_text("utf-8")
        yield "names beside the results", "results", " ".join(sorted(p.name for p in Path(folder).iterdir()))
        (out / "table.tsv").write_text("secone", "utf-8")
        found = manifest.contents(out)
        yield "files that were changed", "table.tsv", " ".join(found.changed) if found else None
        yield "replacing what was changed by hand ends with", "InputError", _ends(out, "fourth")
        yield "table after it", "secone", (out / "table.tsv").read_text("utf-8")
