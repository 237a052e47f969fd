"""The `oncourse` command: a group whose commands are imported only when they are used."""

from __future__ import annotations

import csv
import importlib
import os
import re
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from oncourse import __version__
from oncourse.cli._errors import echo_error, listed, unexpected
from oncourse.errors import InputError, OncourseError

#: The matrices of a study are small: threads of the linear algebra wait for each other longer than they work (five of
#: six CPU seconds of the analysis monitoring on a busy machine), and sums depend on how many there are. Read when numpy
#: is imported; who sets a variable decides.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
for _name in ONE_THREAD:
    os.environ.setdefault(_name, "1")

#: command -> (module:function, one line for `oncourse --help`); kept in the order a user meets them.
COMMANDS = {
    "demo": ("oncourse.cli.demo:demo", "Simulate both studies with known truth and report on them."),
    "new": ("oncourse.cli.new:new", "Make an empty study folder: study.yaml, blank tables, data dictionary."),
    "import": ("oncourse.cli.import_:import_", "Turn a cBioPortal folder, MAF or VCF into a study folder."),
    "reads": ("oncourse.cli.reads:reads", "Turn FASTQ, BAM or CRAM files into the tables of a study folder."),
    "doctor": ("oncourse.cli.doctor:doctor", "Say which programs of the reads stage are here."),
    "check": ("oncourse.cli.check:check", "List every problem of a study folder with its cure."),
    "run": ("oncourse.cli.run:run", "Answer a study's questions: study folder to study report."),
    "derive": ("oncourse.cli.derive:derive", "Derive the clones of a share of the patients into the cache."),
    "patient": ("oncourse.cli.patient:patient", "Write one patient's report."),
    "simulate": ("oncourse.cli.simulate:simulate", "Write a simulated study with known truth."),
    "figure": ("oncourse.cli.figure:figure", "One figure of the results at the width of a journal."),
    "paper": ("oncourse.cli.paper:paper", "Table 1, tables, figures, paragraphs, references for a manuscript."),
    "plan": ("oncourse.cli.plan:plan", "Sample size and power of a planned study."),
    "predict": ("oncourse.cli.predict:predict", "Apply a saved model to new patients."),
    "verify": ("oncourse.cli.verify:verify", "Prove what is computed here, or that results are unchanged."),
    "kb": ("oncourse.cli.kb:kb", "List, explain, compare and import therapy knowledge."),
    "cache": ("oncourse.cli.cache:cache", "Show or clear what was derived and kept."),
    "export": ("oncourse.cli.export:export", "Write a study as cBioPortal folder or Phenopackets."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, function = COMMANDS[name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(error.message + hint, ctx) from None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="oncourse")
def cli() -> None:
    """Clinical studies that sequence tumours: from study folder to study report.

    Start with `oncourse demo`, or with your own data: `oncourse new`, `oncourse check`, `oncourse run`.
    """


_OF_SHELL = re.compile(r"/dev/(fd/\d+|stdin)$|/proc/[^/]+/fd/\d+$")


def refuse_devices(words: Sequence[str]) -> None:
    """InputError where a word of the command is a device, a pipe or a socket, or a link to one (/dev/zero): reading it
    may never end.

    The pipe of a shell, ``<(command)``, is meant: it stands in /dev/fd and ends with the command.
    """
    for word in (part for said in words for part in (said, said.partition("=")[2])):
        path, mode = Path(word), 0
        with suppress(OSError, ValueError):
            mode = path.stat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise InputError(f"{path.name}: is a device, not a file. Give the file.")
        if (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)) and not _OF_SHELL.match(str(path)):
            raise InputError(
                f"{path.name}: is a pipe or a socket, not a file: reading it may never end. Give the file."
            )


def main() -> None:
    """Run the command line; a user's error is printed without traceback, exit code 2."""
    from oncourse.disk.endings import listen

    listen()
    try:
        refuse_devices(sys.argv[1:])
        code = cli.main(standalone_mode=False)  # click returns the code of an Exit, it does not raise it
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except InputError as error:
        for line in listed(error.problems):
            echo_error(line)
        sys.exit(2)
    except OncourseError as error:
        echo_error(str(error))
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        name = Path(str(error.filename)).name if error.filename else ""
        echo_error(f"{name}: {error.strerror or error}" if name else f"{error.strerror or error}")
        sys.exit(2)
    except csv.Error:
        echo_error("a table holds a cell of more than 131,072 characters. Is a quotation mark not closed?")
        sys.exit(2)
    except MemoryError:
        echo_error("not enough memory for this input. Nothing was written.")
        sys.exit(2)
    except Exception as error:
        echo_error(unexpected(error))
        sys.exit(1)
    if isinstance(code, int) and code:
        sys.exit(code)


if __name__ == "__main__":
    main()
