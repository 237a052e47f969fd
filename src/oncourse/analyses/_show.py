"""A Result as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import polars as pl

#: Characters of a line in a terminal; rows of a table in a notebook.
WIDTH, ROWS = 100, 12


def as_text(
    heading: str, answer: str, estimates: Sequence[Any], notes: Sequence[str], tables: Mapping[str, pl.DataFrame]
) -> str:
    """Return the answer, its numbers, its notes and which tables there are."""
    parts = [heading, *textwrap.wrap(answer, WIDTH), ""]
    wide = max((len(e.name) for e in estimates), default=0)
    parts += [f"  {e.name:<{wide}}  {e}" for e in estimates]
    for note in notes:
        parts += textwrap.wrap(f"Note: {note}", WIDTH, subsequent_indent="      ")
    parts += [f"  table {name}: {frame.height} rows" for name, frame in tables.items()]
    return "\n".join(parts)


def as_html(
    heading: str,
    answer: str,
    estimates: Sequence[Any],
    notes: Sequence[str],
    tables: Mapping[str, pl.DataFrame],
    figures: Sequence[Any],
) -> str:
    """Return the same as HTML, every text escaped, figures drawn, each table folded."""
    rows = "".join(f"<tr><td>{escape(e.name)}</td><td>{escape(str(e))}</td></tr>" for e in estimates)
    parts = [f"<h3>{escape(heading)}</h3><p>{escape(answer)}</p>", f"<table>{rows}</table>" if rows else ""]
    parts += [f"<p><small>{escape(note)}</small></p>" for note in notes]
    for f in figures:
        parts.append(f"<figure>{f.svg}<figcaption>{escape(f.title)}. {escape(f.caption)}</figcaption></figure>")
    for name, frame in tables.items():
        label = f"{escape(name)}: {frame.height} rows"
        parts.append(f"<details><summary>{label}</summary>{frame.head(ROWS)._repr_html_()}</details>")
    return "".join(parts)
