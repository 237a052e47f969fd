"""The works that the methods rest on, as BibTeX and RIS: `data/references.tsv`."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from oncourse.paper.documents import latex

#: Authors who are not named: a word of BibTeX, which RIS does not have.
OTHERS = "others"


@dataclass(frozen=True)
class Work:
    """One work; ``analyses`` are those, or steps of them, that use it ("" = all), the last author may be `OTHERS`, ``doi``
    may be ""."""

    key: str
    authors: tuple[str, ...]
    title: str
    journal: str
    year: str
    volume: str
    pages: str
    doi: str
    analyses: tuple[str, ...]


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of this room; lines that begin with # are comments."""
    text = files("oncourse.paper").joinpath("data", name).read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def references() -> tuple[Work, ...]:
    """Return every reference, by key."""
    return tuple(
        Work(
            r["key"],
            tuple(r["authors"].split("; ")),
            r["title"],
            r["journal"],
            r["year"],
            r["volume"],
            r["pages"],
            r["doi"],
            tuple(filter(None, r["analyses"].split(";"))),
        )
        for r in rows("references.tsv")
    )


def cited(analyses: Collection[str]) -> list[Work]:
    """Return the references that these analyses rest on."""
    return [r for r in references() if not r.analyses or set(r.analyses) & set(analyses)]


def keys_of(*steps: str) -> tuple[str, ...]:
    """Return the keys of the works that a method rests on: that of an analysis, or those of its steps."""
    return tuple(r.key for r in references() if set(steps) & set(r.analyses))


def citation(work: Work) -> str:
    """Return a work as a list of references shows it.

    >>> citation(next(r for r in references() if r.key == "cox1972"))
    'Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220. doi:10.1111/j.2517-6161.1972.tb00899.x'
    """
    authors = ", ".join("et al" if a == OTHERS else a.replace(", ", " ") for a in work.authors)
    place = f"{work.journal} {work.year};{work.volume}:{work.pages}."
    return f"{authors}. {work.title}. {place}" + (f" doi:{work.doi}" if work.doi else "")


def bibtex(works: Sequence[Work]) -> str:
    """Return BibTeX."""
    out = []
    for r in works:
        fields = {
            "author": " and ".join(map(latex, r.authors)),
            "title": f"{{{latex(r.title)}}}",
            "journal": latex(r.journal),
            "year": r.year,
            "volume": r.volume,
            "pages": r.pages.replace("-", "--"),
            "doi": r.doi,
        }
        body = ",\n".join(f"  {k} = {{{v}}}" for k, v in fields.items() if v)
        out.append(f"@article{{{r.key},\n{body}\n}}\n")
    return "\n".join(out)


def ris(works: Sequence[Work]) -> str:
    """Return RIS, one record per work."""
    out = []
    for r in works:
        lines = ["TY  - JOUR", f"ID  - {r.key}", *(f"AU  - {a}" for a in r.authors if a != OTHERS), f"TI  - {r.title}"]
        lines += [f"JO  - {r.journal}", f"PY  - {r.year}"]
        lines += [f"VL  - {r.volume}"] if r.volume else []
        first, _, last = r.pages.partition("-")
        lines += [f"SP  - {first}"] if first else []
        lines += [f"EP  - {last}"] if last else []
        lines += [f"DO  - {r.doi}"] if r.doi else []
        out.append("\n".join([*lines, "ER  - ", ""]))
    return "\n".join(out)
