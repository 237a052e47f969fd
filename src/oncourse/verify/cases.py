"""Every reference case: to import the modules that register them is to have them."""

from __future__ import annotations

from oncourse.verify import disk_cases, molecular_cases, rule_cases, survival_cases  # noqa: F401
from oncourse.verify.registry import CASES, Case


def all_cases() -> list[Case]:
    """Return every case, in the order of the rooms they belong to."""
    return list(CASES.values())
