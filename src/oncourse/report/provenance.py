"""Where the numbers come from: versions, settings, seed, input files; the only place with time stamps."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from oncourse.disk.manifest import sha256
from oncourse.report.results import plain

_PACKAGES = ("numpy", "scipy", "polars", "matplotlib", "scikit-learn", "jinja2")


def input_hashes(folder: Path | None) -> dict[str, str]:
    """Return the SHA-256 of every file of the study folder by its path inside it; none of a study made in memory."""
    if folder is None:
        return {}
    if folder.is_file():
        return {folder.name: sha256(folder)}
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not any(q.startswith(".") for q in p.parts[-3:]))
    return {str(p.relative_to(folder)): sha256(p) for p in files}


def provenance(
    folder: Path | None, used: Mapping[str, Any], seed: int, started: datetime, beside: Sequence[Path] = ()
) -> dict[str, Any]:
    """Return provenance.json as plain data; `beside` are files given on the command line."""
    import oncourse

    return {
        "oncourse": oncourse.__version__,
        "python": sys.version.split()[0],
        "platform": platform.system(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "seed": seed,
        "settings": {name: plain(params) for name, params in sorted(used.items())},
        "inputs": input_hashes(folder),
        "given_beside": {path.name: sha256(path) for path in beside},
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
