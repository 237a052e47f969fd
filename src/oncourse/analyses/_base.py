"""What an analysis is: its question, its parameters, its tables; and the Result it returns."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.analyses import _apart, _people, _sayable
from oncourse.analyses._headline import Headline
from oncourse.analyses._least import least_patients
from oncourse.analyses._people import WHO_SCHEMA, people_frame
from oncourse.analyses._show import as_html, as_text
from oncourse.analyses._stressed import stressed
from oncourse.cohort import Cohort
from oncourse.disk.names import file_names
from oncourse.errors import ConfigError, NotEnoughData, OncourseError
from oncourse.study.schema import Column, nearest
from oncourse.words.counts import of_one
from oncourse.words.numbers import is_fine_number, limits, with_unit

UNITS = ("fraction", "count", "ratio", "difference", "days", "months", "per_mb", "score", "")


@dataclass(frozen=True)
class Estimate:
    """One number of an analysis with its interval.

    ``value``, ``ci_low`` and ``ci_high`` are None where they cannot be estimated; ``n`` is what it rests on.
    ``question`` names the question of the ledger of people whose sum n is (without n: whose sum the value is), empty
    where other things are counted; ``QUESTION, line N`` is its part of one line.
    """

    name: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    n: int | None = None
    method: str = ""
    unit: str = ""
    question: str = ""

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"estimate {self.name}: unit {self.unit!r} is not one of {UNITS}")
        for name in ("value", "ci_low", "ci_high"):
            number = getattr(self, name)
            if number is not None:
                number = float(number)
                object.__setattr__(self, name, None if number != number else number)
        if self.n is not None:
            object.__setattr__(self, "n", int(self.n))
        if self.ci_low is not None and self.ci_low == self.ci_high:
            # limits that meet say that nothing varied, not that all is known: no interval, and the reason beside it
            object.__setattr__(self, "ci_low", None)
            object.__setattr__(self, "ci_high", None)
            object.__setattr__(self, "method", "; ".join(x for x in (self.method, _sayable.NO_LIMITS) if x))

    def number(self, value: float | None) -> str:
        """Return one of its values as text in its unit, with the digits that `n` and the interval carry."""
        return with_unit(value, self.unit, self.n, fine=is_fine_number(self))

    def __str__(self) -> str:
        inside = [limits(self)] if self.ci_low is not None or self.ci_high is not None else []
        if self.n is not None and self.unit != "count":
            inside.append(f"n = {self.n:,}")
        text = self.number(self.value)
        return f"{text} ({'; '.join(inside)})" if inside else text


@dataclass(frozen=True, repr=False)
class Figure:
    """One figure with what it shows in words; it is drawn when somebody asks for its `svg`.

    drawing : the SVG text, or a function that draws it
    """

    name: str
    title: str
    caption: str
    drawing: str | Callable[[], str]

    @property
    def svg(self) -> str:
        """The figure as SVG text, drawn once; of one thing its marks speak in the singular."""
        if not isinstance(self.drawing, str):
            told = re.sub(r"(?<=<title>)[^<]+", lambda words: of_one(words[0]), self.drawing())
            object.__setattr__(self, "drawing", told)
        return str(self.drawing)

    def __getstate__(self) -> dict[str, Any]:
        """What other processes get: the figure as it was drawn."""
        return {**self.__dict__, "drawing": self.svg}

    def __repr__(self) -> str:
        return f"<Figure: {self.name}, {self.title}>"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the drawing as an SVG file and return its path."""
        Path(path).write_text('<?xml version="1.0" encoding="utf-8"?>\n' + self.svg, "utf-8")
        return Path(path)


@dataclass(frozen=True)
class OutputTable:
    """One table of the results: ``name`` is topic/table, its columns are a contract."""

    name: str
    text: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> dict[str, Any]:
        """Column name -> polars type."""
        return {c.name: c.dtype for c in self.columns}

    def frame(self, data: pl.DataFrame | Iterable[Mapping[str, Any]] | None = None) -> pl.DataFrame:
        """Return `data` with exactly these columns, in this order and of these types; empty without data."""
        if data is None:
            return pl.DataFrame(schema=self.schema)
        if not isinstance(data, pl.DataFrame):
            data = pl.DataFrame(list(data), schema=self.schema)
        return data.select(pl.col(c.name).cast(c.dtype) for c in self.columns)


def exclusions(rows: Iterable[tuple[str | None, str | None, str]] = ()) -> pl.DataFrame:
    """Return the exclusion frame of (patient_id, sample_id or None, reason) rows, sorted."""
    return (
        pl.DataFrame(list(rows), schema=WHO_SCHEMA, orient="row")
        .unique(maintain_order=False)
        .sort("patient_id", "sample_id", "reason")
    )


def where_counted(estimates: Iterable[Estimate], notes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the notes whose estimate, by its name, counted something: "0 rows could not be used" tells nothing."""
    counts = {e.name: e.value or 0 for e in estimates}
    return tuple(note for name, note in notes.items() if counts[name] > 0)


_NAMES = re.compile(r"\{([\w.:+\- ]+?)(:value|:size|:interval)?\}")


def say(template: str, estimates: Iterable[Estimate]) -> str:
    """Return `template` with every ``{name}`` replaced by that estimate's text.

    ``{name}`` prints value, interval and n; ``{name:value}`` the value alone; ``{name:size}`` the value without its
    sign, where words tell the side ("252 days after"). A name without an estimate
    is a programming error (KeyError), so that no number in a sentence comes from anywhere else.
    """
    by_name = {e.name: e for e in estimates}

    def text(match: re.Match[str]) -> str:
        estimate = by_name[match[1]]
        if match[2] == ":size":
            return estimate.number(None if estimate.value is None else abs(estimate.value))
        return estimate.number(estimate.value) if match[2] == ":value" else str(estimate)

    return _NAMES.sub(text, template)


@dataclass(frozen=True, repr=False)
class Result:
    """What one analysis found; plain data, so that it can be stored, shown and compared.

    ``answer`` may hold ``{name}`` of its estimates (see `say`); ``tables`` maps topic/table to a frame with the
    declared columns; ``people`` is the ledger of who is in and who is out of each of its questions
    (`oncourse.analyses._people`), ``excluded`` those who are out; ``artifacts`` maps a path inside the results folder
    to text (a model card); ``title`` is that of the analysis that made it; ``headline`` its one sentence for page one.
    ``print(result)`` says it in a terminal; a notebook
    shows it with its figures.
    """

    answer: str
    estimates: tuple[Estimate, ...] = ()
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    people: pl.DataFrame = field(default_factory=people_frame)
    samples_used: pl.DataFrame = field(default_factory=exclusions)
    notes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    artifacts: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    headline: Headline | None = None

    def __post_init__(self) -> None:
        names = [e.name for e in self.estimates]
        if self.headline is not None and self.headline.number not in (None, *names):
            raise ValueError(f"the headline rests on {self.headline.number}, which is no estimate")
        twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise ValueError(f"estimates named twice: {twice}")
        object.__setattr__(self, "answer", of_one(say(self.answer, self.estimates)))
        object.__setattr__(self, "notes", tuple(of_one(say(note, self.estimates)) for note in self.notes))

    def drawn(self) -> Result:
        """Draw the figures now, and return the result."""
        for figure in self.figures:
            _ = figure.svg
        return self

    @cached_property
    def excluded(self) -> pl.DataFrame:
        """Who is out of one of its questions, and why: patient_id, sample_id, reason."""
        return _people.excluded(self.people)

    @cached_property
    def figure_files(self) -> dict[str, str]:
        """Figure -> name of its file, without the ending (`oncourse.disk.names`)."""
        return file_names(f.name for f in self.figures)

    def table(self, name: str) -> pl.DataFrame:
        """Return a table by its name, with or without the topic: ``medians`` or ``survival/medians``."""
        return self.tables[_named(name, self.tables, "table")]

    def figure(self, name: str) -> Figure:
        """Return a figure by its name."""
        by_name = {f.name: f for f in self.figures}
        return by_name[_named(name, by_name, "figure")]

    def estimate(self, name: str) -> Estimate:
        """Return a number with its interval by its name."""
        by_name = {e.name: e for e in self.estimates}
        return by_name[_named(name, by_name, "estimate")]

    def save(self, folder: str | Path) -> Path:
        """Write answer, tables (TSV) and figures (SVG) into a folder that is new or empty, and return it."""
        from oncourse.disk.new import new_folder
        from oncourse.disk.tables import write_tables

        with new_folder(Path(folder)) as draft:
            (draft / "answer.txt").write_text(f"{self}\n", "utf-8")
            write_tables(self.tables, draft / "tables")
            for figure in self.figures:
                (draft / "figures").mkdir(exist_ok=True)
                figure.save(draft / "figures" / f"{self.figure_files[figure.name]}.svg")
            for name, text in self.artifacts.items():
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                (draft / name).write_text(text, "utf-8")
        return Path(folder)

    def __str__(self) -> str:
        return as_text(self.title or "Result", self.answer, self.estimates, self.notes, self.tables)

    def __repr__(self) -> str:
        return (
            f"<Result: {self.title or 'untitled'}; {len(self.estimates)} estimates, {len(self.tables)} tables, "
            f"{len(self.figures)} figures>"
        )

    def _repr_html_(self) -> str:
        heading = self.title or "Result"
        return as_html(heading, self.answer, self.estimates, self.notes, self.tables, self.figures)


def _named(name: str, known: Mapping[str, Any], what: str) -> str:
    """The full name of what was asked for; ConfigError names the nearest."""
    found = [full for full in known if name in (full, full.partition("/")[2])]
    if found:
        return found[0]
    near = nearest(name, list(known), cutoff=0.4)
    cure = f"Did you mean {near}?" if near else f"Known: {', '.join(known) or 'none'}."
    raise ConfigError(f"{name}: no such {what} in this result. {cure}")


@dataclass(frozen=True)
class Analysis:
    """One registered analysis."""

    name: str
    title: str
    question: str
    needs: tuple[str, ...]
    params: type
    tables: tuple[OutputTable, ...]
    order: int
    function: Callable[[Cohort, Any], Result]
    sets_apart: bool = True
    tumour: str = ""

    def missing(self, cohort: Cohort) -> tuple[str, ...]:
        """Return the needed tables the study does not have; ``a|b`` is satisfied by either."""
        return tuple(need for need in self.needs if not any(cohort.study.has(option) for option in need.split("|")))

    def run(self, cohort: Cohort) -> Result:
        """Run it, and check that its tables are the declared ones, the sums of its people close, and its words can
        be."""
        result = self._answered(cohort)
        _people.check(self.name, result.people, cohort.study["patients"]["patient_id"], result.estimates)
        _sayable.check(self.name, result.answer, result.notes, result.estimates)
        tables = {name: _sayable.without_met_limits(frame) for name, frame in result.tables.items()}
        tables[f"{self.name}/people"] = result.people
        object.__setattr__(result, "tables", tables)  # the function does not know what it is called
        declared = {t.name: [c.name for c in t.columns] for t in self.tables}
        for name, frame in result.tables.items():
            if declared.get(name) != frame.columns:
                raise OncourseError(
                    f"{self.name}: table {name} has columns {frame.columns}, declared {declared.get(name)}"
                )
        object.__setattr__(result, "title", self.title)
        methods = (*result.methods, *least_patients(self.name), *stressed(self.name, result.tables))
        object.__setattr__(result, "methods", methods)
        return result

    def _answered(self, cohort: Cohort) -> Result:
        """The answer without the samples that may be another's, with the one of all samples beside it."""
        params: Any = cohort.params(self.params)
        if not self.sets_apart or cohort.apart.is_empty():
            return self.function(cohort, params)
        everyone = self.function(cohort, params)
        try:
            result = self.function(cohort.cleared, params)
        except NotEnoughData as error:
            raise NotEnoughData(f"{error} {_apart.without_them(cohort.apart)}") from None
        return _apart.with_all_beside(result, everyone, cohort.apart)


_REGISTRY: dict[str, Analysis] = {}


def analysis(
    *,
    title: str,
    question: str,
    needs: tuple[str, ...],
    params: type,
    tables: tuple[OutputTable, ...] = (),
    order: int = 100,
    sets_apart: bool = True,
    tumour: str = "",
) -> Callable[[Callable[[Cohort, Any], Result]], Callable[[Cohort, Any], Result]]:
    """Register a function ``Cohort, Params -> Result``; its name is the name of the analysis.

    ``needs`` are tables of the study (``"calls|segments"`` means either); an analysis whose tables are missing
    is skipped and says so. ``order`` places it in the report. ``sets_apart``: samples that may be another's leave its
    answer (`Cohort.apart`); False where it uses none, or tells of them itself. ``tumour``: the one its question is of
    (`oncourse.disease`); empty: of any.
    """

    def register(function: Callable[[Cohort, Any], Result]) -> Callable[[Cohort, Any], Result]:
        name = function.__name__
        if getattr(params, "section", None) != name:
            raise ValueError(f"the settings of analysis {name} must be in the section {name!r}")
        people = OutputTable(
            f"{name}/people", "who is in and who is out of each question of the analysis", _people.COLUMNS
        )
        _REGISTRY[name] = Analysis(
            name, title, question, needs, params, (*tables, people), order, function, sets_apart, tumour
        )
        return function

    return register


def registry() -> dict[str, Analysis]:
    """Return every analysis by name, in the order of the report."""
    import oncourse.analyses as package

    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_REGISTRY.items(), key=lambda item: (item[1].order, item[0])))


def choose(names: Sequence[str], objectives: Mapping[str, Any], *, grouped: bool = False) -> list[Analysis]:
    """Return the analyses to run: those named, else the study's objectives, else all.

    `overview` is always among them when none is named on the command line; `groups` when, and unless it is named only
    when, a group is (``grouped``).
    """
    known = registry()
    wanted = list(names) or (["overview", *objectives] if objectives else [n for n in known if n != "groups"])
    wanted += ["groups"] if grouped else []
    problems = []
    for name in wanted:
        if name not in known:
            near = nearest(name, known, cutoff=0.5)
            cure = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
            problems.append(f"{name}: no such analysis. {cure}")
    if problems:
        raise ConfigError(problems)
    return [entry for name, entry in known.items() if name in set(wanted)]
