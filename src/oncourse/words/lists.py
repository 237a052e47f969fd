"""A list of names in a sentence: the first of them, and how many there are where more are."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(names: Sequence[str], most: int) -> str:
    """Return at most `most` names; where some are left out, with the number of all.

    >>> first_of(["P1", "P2"], 2), first_of(["P1", "P2", "P3"], 2)
    ('P1, P2', 'P1, P2 ... (3)')
    """
    said = ", ".join(names[:most])
    return said if len(names) <= most else f"{said} ... ({len(names):,})"
