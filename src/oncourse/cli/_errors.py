"""What is said on the terminal: nothing that a terminal would obey, no line without end; errors, and never a traceback."""

from __future__ import annotations

import os
import re
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

_LONGEST = 2_000
#: Lines shown of one cause; a count stands for the others.
_LINES_OF_A_CAUSE = 10


def visible(text: str) -> str:
    """Return text with control characters written out, so that no file can steer the terminal.

    >>> visible("a\\x1b[2Jb\\tc")
    'a\\\\x1b[2Jb\\tc'
    """
    shown = "".join(c if c.isprintable() or c in " \t\n" else c.encode("unicode_escape").decode() for c in text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."


def say(text: str, *, err: bool = False) -> None:
    """Print lines, each as `visible` shows it: names and notes come from files of others too."""
    click.echo("\n".join(visible(line) for line in text.split("\n")), err=err)


def echo_error(text: str) -> None:
    """Print one error."""
    say(f"error: {text}", err=True)


def grouped(problems: Sequence[Any], say: Callable[[Any], str] = str) -> list[str]:
    """Return one line per problem, those of one cause together in the order of the causes, ten of each at most.

    say : the line of a problem. A cause: the same severity, table, column and message but for the numbers and
    quoted values in it.
    """
    causes: dict[tuple[Any, ...], list[str]] = {}
    for problem in problems:
        message = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "_", str(getattr(problem, "message", problem)))
        key = (*(getattr(problem, name, None) for name in ("severity", "table", "column")), message)
        causes.setdefault(key, []).append(say(problem))
    lines = []
    for texts in causes.values():
        lines += texts[:_LINES_OF_A_CAUSE]
        if len(texts) > _LINES_OF_A_CAUSE:
            lines.append(f"... and {len(texts) - _LINES_OF_A_CAUSE:,} more of this kind")
    return lines


def unexpected(error: Exception) -> str:
    """Write the traceback of a fault of ours to a log and return the line for the user."""
    log = _written("error.log", "".join(traceback.format_exception(error)))
    where = f"The details are in {log}; it may quote values of your data: read it before you send it"
    if log is None:
        where = "The details could not be written"
    return (
        f"this is a fault of oncourse, not of your data ({type(error).__name__}). {where}. "
        "Please report the command and the log, without patient data."
    )


def listed(problems: Sequence[Any], say: Callable[[Any], str] = str) -> list[str]:
    """Return the lines of `grouped`; where some were cut, the whole list is in a file, which the last line names."""
    lines = grouped(problems, say)
    if not any(line.startswith("... and ") for line in lines):
        return lines
    whole = _written("problems.txt", "".join(f"{visible(say(problem))}\n" for problem in problems))
    return lines if whole is None else [*lines, f"all {len(problems):,} problems are listed in {whole}"]


def _written(name: str, text: str) -> Path | None:
    """Write a file into the user's state folder, else the temporary one; None where it cannot be written."""
    try:
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "oncourse"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        folder = Path(tempfile.gettempdir())
    try:
        (folder / name).write_text(text, "utf-8")
    except OSError:
        return None
    return folder / name
