"""Methods and Results paragraphs written from the results, every number with the place it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from oncourse.paper.documents import Part
from oncourse.report.results import Results
from oncourse.words.catalogue import catalogue, write
from oncourse.words.phrases import translator

#: sentence of the paper -> the estimate in results.json that it rests on
NUMBERS = {
    "sentence": pl.String,
    "analysis": pl.String,
    "estimate": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n": pl.Int64,
    "method": pl.String,
}


def answered(results: Results, order: Sequence[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the answered analyses in the order of the protocol, the others after them."""
    done = [name for name, entry in results.analyses.items() if entry["status"] == "done"]
    names = [name for name in order if name in done] + [name for name in done if name not in order]
    return [(name, results.analyses[name]) for name in names]


def sentence(entry: Mapping[str, Any], language: str) -> str:
    """Return the one sentence of an analysis; an older or foreign result gives its answer."""
    head = entry.get("headline") or {}
    return str(head.get("text" if language == "en" else "text_zh") or head.get("text") or entry["answer"])


def methods(entries: Sequence[tuple[str, Mapping[str, Any]]], version: str, language: str) -> Part:
    """Return the Methods: one paragraph of what holds for all, then one per analysis."""
    known = catalogue(language)
    general = " ".join(
        (
            write("paper.intervals", language),
            write("paper.missing_values", language),
            write("paper.software", language, version=version),
        )
    )
    each = [known[f"paper.method.{name}"] for name, _ in entries if f"paper.method.{name}" in known]
    return Part(known["paper.methods"], (*each, general))


def findings(
    results: Results, entries: Sequence[tuple[str, Mapping[str, Any]]], language: str
) -> tuple[Part, pl.DataFrame]:
    """Return the Results and which estimate each sentence rests on (see `NUMBERS`)."""
    paragraphs, rows = [], []
    for name, entry in entries:
        paragraphs.append(translator(language)(str(entry["answer"])))
        head = (entry.get("headline") or {}).get("estimate")
        for e in entry["estimates"]:
            if e["name"] == head or _is_told(e["name"], entry):
                rows.append(
                    (paragraphs[-1], name, e["name"], e["value"], e["ci_low"], e["ci_high"], e["n"], e["method"])
                )
    missing = [(n, e) for n, e in results.analyses.items() if e["status"] in ("too_few", "skipped", "failed")]
    if missing:
        names = ", ".join(str(e["title"]) if language == "en" else _title(n, e, language) for n, e in missing)
        paragraphs.append(write("paper.not_answered", language, n=len(missing), names=names))
    return Part(catalogue(language)["paper.results"], tuple(paragraphs)), pl.DataFrame(
        rows, schema=NUMBERS, orient="row"
    )


def _title(name: str, entry: Mapping[str, Any], language: str) -> str:
    return catalogue(language).get(f"analysis.{name}.title", str(entry["title"]))


def _is_told(name: str, entry: Mapping[str, Any]) -> bool:
    """Whether the answer shows an estimate: its value with its limits stands there."""
    from oncourse.analyses._base import Estimate

    found = next(e for e in entry["estimates"] if e["name"] == name)
    shown = Estimate(**{k: found[k] for k in ("name", "value", "ci_low", "ci_high", "n", "method", "unit")})
    if shown.value is None:
        return False
    return bool(re.search(rf"(?<![\d.]){re.escape(str(shown))}", str(entry["answer"])))
