"""The errors a user can meet; each says where, what and the cure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class OncourseError(Exception):
    """Base of every error this package raises on purpose; the command line prints it without a traceback."""


class InputError(OncourseError):
    """The input cannot be used.

    Parameters
    ----------
    problems : what is wrong, one entry each (`oncourse.study.schema.Problem` or plain text), all at once
    """

    def __init__(self, problems: Sequence[Any] | str):
        self.problems: tuple[Any, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigError(InputError):
    """study.yaml or a command-line setting names something that does not exist or has the wrong type."""


class NotEnoughData(OncourseError):
    """An analysis has too few patients, events or values to say anything; the message says how many it needs."""


class ToolError(OncourseError):
    """An external program is missing or failed."""
