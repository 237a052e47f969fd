"""The command line in the process of the tests, where a process of its own is not what is tested: a start costs a
second."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from oncourse.cli.main import main


def typed(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Return exit code and what was printed by `oncourse arguments`, with these variables set besides."""
    words, out, err, code = ["oncourse", *map(str, arguments)], io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ, environment),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
