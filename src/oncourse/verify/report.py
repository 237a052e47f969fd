"""The validation report: requirement, method, source, expected, obtained, verdict; versions and components."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from oncourse.verify.registry import Verdict

#: Failed comparisons listed per case.
_LISTED = 10


def as_data(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return the report as plain data; no time stamps, so that the same machine gives the same bytes."""
    import oncourse

    return {
        "written_by": "oncourse",
        "oncourse": oncourse.__version__,
        "sha256_of_the_package": package_checksum(),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "passed": all(v.passed for v in verdicts),
        "cases": [
            {
                "case": v.case.name,
                "requirement": v.case.requirement,
                "method": v.case.method,
                "source": v.case.source,
                "tolerance": v.case.tolerance,
                "n_compared": v.n,
                "n_failed": len(v.failures),
                "largest_deviation": _finite(v.largest_deviation),
                "verdict": "passed" if v.passed else "FAILED",
                "failures": list(v.failures[:_LISTED]),
            }
            for v in verdicts
        ],
        "components": components(),
    }


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None


def package_checksum() -> str:
    """Return one SHA-256 over every file of the installed package (compiled caches apart)."""
    root = Path(str(resources.files("oncourse")))
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def components() -> list[dict[str, str]]:
    """Return name, version and licence of this package and of all it needs at run time, by name."""
    from packaging.requirements import Requirement

    found: dict[str, dict[str, str]] = {}
    waiting = ["oncourse"]
    while waiting:
        name = waiting.pop()
        key = name.lower().replace("_", "-")
        if key in found:
            continue
        try:
            info = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[key] = {"name": key, "version": info.version, "licence": _licence(info.metadata)}
        for text in info.requires or ():
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                waiting.append(need.name)
    return [found[key] for key in sorted(found)]


def _licence(meta: Any) -> str:
    if expression := meta.get("License-Expression"):
        return str(expression)
    classified = [c.split(" :: ")[-1] for c in meta.get_all("Classifier") or () if c.startswith("License ::")]
    return "; ".join(classified) or str(meta.get("License") or "not stated").splitlines()[0][:60]


def cyclonedx(parts: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Return the components as a CycloneDX 1.5 document (the fields it requires)."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [
            {
                "type": "library",
                "name": p["name"],
                "version": p["version"],
                "purl": f"pkg:pypi/{p['name']}@{p['version']}",
                "licenses": [{"license": {"name": p["licence"]}}],
            }
            for p in parts
        ],
    }


def as_html(data: dict[str, Any]) -> str:
    """Return the report as a page."""
    from jinja2 import Environment, StrictUndefined

    text = resources.files("oncourse.verify").joinpath("data", "validation.html").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(text).render(data)


def write(data: dict[str, Any], folder: Path) -> None:
    """Write validation.html, validation.json, validation.tsv and components.cdx.json into a folder that is there."""
    (folder / "validation.html").write_text(as_html(data), "utf-8")
    (folder / "validation.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    keys = (
        "case",
        "requirement",
        "method",
        "source",
        "tolerance",
        "n_compared",
        "n_failed",
        "largest_deviation",
        "verdict",
    )
    lines = ["\t".join(keys), *("\t".join(str(c[k]) for k in keys) for c in data["cases"])]
    (folder / "validation.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    bom = json.dumps(cyclonedx(data["components"]), indent=1, ensure_ascii=False)
    (folder / "components.cdx.json").write_text(bom + "\n", "utf-8")
