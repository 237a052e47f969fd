"""What oncourse rests on: each dependency bounded below and above, around the version that is tested."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HOUSE = Path(__file__).parents[1]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
USED = [
    *PROJECT["dependencies"],
    *(r for extra in ("pdf", "paper", "sign", "reads") for r in PROJECT["optional-dependencies"][extra]),
]
TESTED = {
    canonicalize_name(name): Version(version)
    for name, version in (line.split("==") for line in (HOUSE / "constraints.txt").read_text().split())
}


@pytest.mark.parametrize("text", USED)
def test_a_dependency_ends_before_the_next_major_version_that_nobody_tested(text):
    requirement = Requirement(text)
    bounds = {s.operator: Version(s.version) for s in requirement.specifier}
    tested = TESTED[canonicalize_name(requirement.name)]
    assert bounds.keys() == {">=", "<"}
    assert bounds[">="] <= tested < bounds["<"]
    assert bounds["<"] == Version(str(tested.major + 1))


def _needed(texts: list[str], extras: set[str], found: set[str]) -> set[str]:
    """Names of all that requirements ask for on this Python, through what is installed; added to `found`."""
    for requirement in map(Requirement, texts):
        marker, name = requirement.marker, canonicalize_name(requirement.name)
        if name in found or (marker and not any(marker.evaluate({"extra": extra}) for extra in extras | {""})):
            continue
        found.add(name)
        with suppress(PackageNotFoundError):
            _needed(requires(name) or [], requirement.extras, found)
    return found


def test_everything_a_new_environment_holds_is_pinned():
    asked = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    needed = _needed(asked, set(), set())
    assert {"numpy", "polars-runtime-32", "lxml", "snakemake"} <= needed
    assert sorted(needed - TESTED.keys()) == []
