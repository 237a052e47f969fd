"""Print the lowest version that pyproject.toml allows of each dependency, one pin a line (`make test-lowest`).

A bound says "it works from here on"; this is what is tested against it. Of the tools of the tests only those that
oncourse itself uses are pinned.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
#: Extras that users install; of `test` the packages that are in one of these.
EXTRAS = ("pdf", "paper", "sign")


def pins(project: Path = PROJECT) -> list[str]:
    """`name==version` of every dependency with a lower bound, of the package and of its extras."""
    declared = tomllib.loads(project.read_text("utf-8"))["project"]
    wanted = [*declared["dependencies"], *(d for e in EXTRAS for d in declared["optional-dependencies"][e])]
    found = {}
    for requirement in wanted:
        match = re.fullmatch(r"([\w.-]+)\s*>=\s*([\w.]+).*", requirement)
        if match is None:
            raise ValueError(f"{requirement}: has no lower bound")
        found[match[1]] = match[2]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


if __name__ == "__main__":
    print("\n".join(pins()))
