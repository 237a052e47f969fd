"""What is cleaned up when a run ends early: by Ctrl-C, SIGTERM, an error, or its normal end.

A thread listens for the signals, because a kernel that computes for seconds keeps the main thread from hearing them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit codes by convention: 128 + the number of the signal.
EXIT = {signal.SIGINT: 130, signal.SIGTERM: 143}

_cleanups: dict[int, Callable[[], None]] = {}
_next = 0
#: Process -> where its signals are written to; a forked one has its parent's entry, and no thread that reads it.
_writers: dict[int, int] = {}
#: Held while something must not be cut in two (the swap of two folders); an ending waits for it.
whole = threading.RLock()


@contextmanager
def cleaned_up(cleanup: Callable[[], None]) -> Iterator[None]:
    """Run `cleanup` when the block is left, however: by its end, an error or a signal. It may run twice."""
    global _next
    with whole:
        _next += 1
        key = _next
        _cleanups[key] = cleanup
    try:
        yield
    finally:
        with whole:
            _cleanups.pop(key, None)
            cleanup()


def listen() -> None:
    """End within a second of SIGINT or SIGTERM, cleaned up, with exit code 130 or 143 (main thread only).

    A process that calls the commands again and again has one thread and one pipe for all of them.
    """
    if os.getpid() not in _writers:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        _writers[os.getpid()] = writer
        threading.Thread(target=_wait, args=(reader,), daemon=True, name="endings").start()
    for number in EXIT:
        signal.signal(number, _heard)
    signal.set_wakeup_fd(_writers[os.getpid()], warn_on_full_buffer=False)


def _heard(number: int, frame: FrameType | None) -> None:
    """Nothing to do here: the listening thread has the number."""


def _wait(reader: int) -> None:
    while True:
        for number in os.read(reader, 16):
            if number in EXIT:
                end(number)


def end(number: int) -> None:
    """Clean up and leave the process at once."""
    with whole:
        for cleanup in list(_cleanups.values())[::-1]:
            with contextlib.suppress(Exception):
                cleanup()
        word = "stopped (Ctrl-C)" if number == signal.SIGINT else "stopped (SIGTERM)"
        with contextlib.suppress(Exception):
            print(f"\n{word}; nothing half was left behind.", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(EXIT[signal.Signals(number)])
