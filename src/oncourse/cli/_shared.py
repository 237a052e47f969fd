"""What several commands need: settings from the command line, progress, printed problems."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from oncourse.cli._errors import listed, say, visible
from oncourse.errors import ConfigError

#: First entry of a JSON file that oncourse writes and may therefore replace (`disk.guard.MARKS`).
MARK = {"written_by": "oncourse"}


def parse_settings(assignments: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return section -> setting -> text of ``--set section.name=value`` arguments; ConfigError lists the malformed."""
    found: dict[str, dict[str, Any]] = {}
    problems = []
    for text in assignments:
        name, equals, value = text.partition("=")
        part, dot, key = name.strip().partition(".")
        if not (equals and dot and part and key):
            problems.append(f"--set {text}: expected section.name=value, e.g. --set landscape.group_by=role.")
            continue
        found.setdefault(part, {})[key] = value.strip()
    if problems:
        raise ConfigError(problems)
    return found


def each_name(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    """Return the names of an option that may be repeated, and may hold several with commas."""
    return tuple(name for text in given for part in text.split(",") if (name := part.strip()))


def cache_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--cache`` and ``--no-cache`` to a command; it is given a `Store` as its argument `store`."""

    @functools.wraps(command)
    def with_store(*args: Any, cache: Path | None, no_cache: bool, **named: Any) -> Any:
        from oncourse.disk.store import Store, default_folder

        return command(*args, store=Store(None if no_cache else cache or default_folder()), **named)

    folder = click.Path(file_okay=False, path_type=Path)
    text = "Folder where derived clones are kept and read; default the user's cache folder."
    with_cache = click.option("--cache", type=folder, help=text)(with_store)
    return click.option("--no-cache", is_flag=True, help="Derive all anew, keep nothing.")(with_cache)


def fasta_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--fasta`` and ``--gff`` to a command: its arguments `fasta` and `gff`."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    genome = "Reference genome: names the variants by place, moves indels left, finds a wrong build."
    genes = "Gene models of the reference genome (GTF, GFF3 or genePred); without: the package's cancer genes."
    return click.option("--fasta", type=file, help=genome)(click.option("--gff", type=file, help=genes)(command))


def force_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--force`` to a command that writes a file: its argument `force`."""
    return click.option("--force", is_flag=True, help="Replace a file that oncourse did not write.")(command)


def write_text(out: Path, text: str, inputs: Sequence[Path] = (), *, force: bool = False) -> None:
    """Write a file whole or not at all, never over an input nor, without `force`, over somebody else's file."""
    from oncourse.disk.file import replaced_file

    with replaced_file(out, inputs, force=force) as draft:
        draft.write_text(text, encoding="utf-8")


def progress_line() -> Callable[[str], None]:
    """Return a function that shows what is being done on one line of the terminal; silent elsewhere."""
    if not sys.stderr.isatty():
        return lambda text: None
    started = time.monotonic()

    def show(text: str) -> None:
        click.echo(f"\r\033[K{time.monotonic() - started:5.0f} s  {visible(text)}", err=True, nl=False)

    return show


def end_progress() -> None:
    """Clear the progress line."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)


def print_problems(problems: Sequence[Any]) -> None:
    """Print problems, one a line, severity first; of one cause ten, the others are counted and in a file (`listed`)."""
    for line in listed(problems, lambda problem: f"{getattr(problem, 'severity', 'error')}: {problem}"):
        say(line)
