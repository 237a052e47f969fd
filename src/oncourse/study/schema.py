"""What a table may hold, and the check that lists every problem of a frame with its row."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple

import polars as pl

from oncourse.genome.texts import FEW, distinct
from oncourse.study.frames import nulls, with_optional
from oncourse.study.repeated import repeated
from oncourse.study.translated import translated, where_known
from oncourse.study.values import plain_numbers, without_unit
from oncourse.study.words import is_free, subject_of

#: Texts that mean "not assessed" in every column.
NULL_TEXTS = ("", "NA", "N/A", "null", "NULL", "None", "nan", "NaN", ".")
TRUE_TEXTS = ("true", "yes", "y", "1", "t")
FALSE_TEXTS = ("false", "no", "n", "0", "f")
#: Problems of one kind in one column that are listed one by one; the rest are counted.
LISTED_PER_KIND = 500


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with the input: where, what, cure.

    ``row`` is the line of the file (the header is line 1); None where the whole table or column is meant.
    ``table`` is empty where no table is meant: the message says what is (study.yaml, a file).
    ``severity`` is "error" (the value cannot be used) or "warning" (unlikely but usable).
    """

    table: str
    row: int | None
    column: str | None
    value: str | None
    message: str
    cure: str = ""
    severity: str = "error"
    where: str = ""

    @property
    def place(self) -> str:
        """Table, column, row and file; empty where none is meant."""
        place = self.table + (f".{self.column}" if self.column else "")
        if self.row is not None:
            place += f", row {self.row}"
        return place + (f" ({self.where})" if self.where else "")

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return text if not self.cure else f"{text} {self.cure}"


def sorted_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems, errors first, each by table, row, column; the same order at every run."""
    return sorted(
        set(problems),
        key=lambda p: (
            p.severity != "error",
            p.table,
            p.row or 0,
            p.column or "",
            p.message,
            p.where,
            p.value or "",
            p.cure,
        ),
    )


@dataclass(frozen=True)
class Column:
    """One column: name, polars type, meaning; what a value must satisfy.

    ``required`` columns must be there and hold no null; ``low``/``high`` are inclusive;
    ``choices`` are matched without regard to case. ``references`` names ``table.column``.
    """

    name: str
    dtype: Any
    text: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    references: str = ""

    @property
    def type_name(self) -> str:
        """The type in words."""
        return {pl.String: "text", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "true/false"}[self.dtype]

    @property
    def range_text(self) -> str:
        """The allowed values in words, empty where anything goes."""
        if self.choices:
            return " / ".join(self.choices)
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        return f"at most {self.high:g}" if self.high is not None else ""


def columns(given: Iterable[tuple[str, Any, str]]) -> tuple[Column, ...]:
    """Return columns of (name, dtype, text), as the derivations list what their tables hold."""
    return tuple(Column(name, dtype, text) for name, dtype, text in given)


@dataclass(frozen=True)
class Table:
    """One table of the study folder.

    ``key`` columns are unique together; an ``open`` table keeps columns it does not know.
    """

    name: str
    text: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    open: bool = False
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)
    _empty: pl.DataFrame | None = field(default=None, init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def schema(self) -> dict[str, Any]:
        """Column name -> polars type."""
        return {column.name: column.dtype for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """Return the table without rows; asked for whenever a study lacks the table, so it is made once."""
        if self._empty is None:
            object.__setattr__(self, "_empty", pl.DataFrame(schema=self.schema))
        return self._empty.clone()  # type: ignore[union-attr]

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with every column of the table, missing ones null, known columns first."""
        names = [*self.by_name, *(name for name in frame.columns if name not in self.by_name)]
        if frame.columns == names or not frame.width:
            return frame if frame.width else with_optional(frame, self.schema)
        there = {column.name: column for column in frame.iter_columns()}
        return pl.DataFrame([there[n] if n in there else nulls(n, self.by_name[n].dtype, frame.height) for n in names])

    def own(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` without the columns that are none of the table's."""
        if self.by_name.keys() >= set(frame.columns):
            return frame
        return frame.select(name for name in frame.columns if name in self.by_name)


def nearest(name: str, known: Iterable[str], cutoff: float = 0.75) -> str | None:
    """Return the known name most like `name`, None where none is near."""
    known = list(known)
    begun = [k for k in known if k.lower().split("_")[0] == name.lower()]
    if len(begun) == 1:  # age: age_years, and not stage
        return begun[0]
    lowered = {k.lower(): k for k in reversed(known)}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[found[0]] if found else None


def _where(frame: pl.DataFrame, index: int) -> str:
    """Name the row by its identifiers, so that a reader finds it in any tool."""
    parts = []
    for name in ("patient_id", "sample_id", "lesion_id", "variant_id", "assay_id", "day"):
        if name in frame.columns and (value := frame[name][index]) is not None:
            parts.append(f"day {value}" if name == "day" else str(value)[:60])
        if len(parts) == 2:
            break
    return ", ".join(parts)


def row_problems(
    table: str,
    frame: pl.DataFrame,
    bad: pl.Series,
    column: str | None,
    message: str,
    cure: str = "",
    *,
    severity: str = "error",
    first_row: int = 2,
) -> list[Problem]:
    """Return one problem per row where `bad` is true; ``{value}`` in `message` is the cell.

    Past `LISTED_PER_KIND` rows the rest are counted in one last problem.
    """
    rows = bad.fill_null(False).arg_true().to_list()
    values = frame[column] if column is not None and column in frame.columns else None
    problems = []
    for index in rows[:LISTED_PER_KIND]:
        value = None if values is None else values[index]
        shown = "" if value is None else str(value)[:80]
        problems.append(
            Problem(
                table,
                index + first_row,
                column,
                shown or None,
                message.replace("{value}", shown),
                cure,
                severity,
                _where(frame, index),
            )
        )
    if len(rows) > LISTED_PER_KIND:
        more = f"and {len(rows) - LISTED_PER_KIND} more rows with the same problem."
        problems.append(Problem(table, None, column, None, more, cure, severity))
    return problems


#: Severity of what is told and does not stop a study.
WARNING = "warning"


def problems_where(
    table: str, frame: pl.DataFrame, bad: pl.Expr, column: str, message: str, cure: str, severity: str = "error"
) -> list[Problem]:
    """Return `row_problems` of the rows where an expression holds."""
    return broken(table, frame, [Rule(bad, column, message, cure, severity)])


class Rule(NamedTuple):
    """What is said of the rows of a table where `bad` is true, of a column (see `row_problems`)."""

    bad: pl.Expr
    column: str
    message: str
    cure: str
    severity: str = "error"


def broken(table: str, frame: pl.DataFrame, rules: Sequence[Rule]) -> list[Problem]:
    """Return `row_problems` of the rows that break rules: one look at the table for all, since most break none."""
    if frame.is_empty():
        return []
    is_broken = frame.select(rule.bad.any().alias(str(i)) for i, rule in enumerate(rules)).row(0)
    found: list[Problem] = []
    for rule in (rule for rule, is_one in zip(rules, is_broken, strict=True) if is_one):
        mask = frame.select(rule.bad.alias("_bad")).to_series()
        found += row_problems(table, frame, mask, rule.column, rule.message, rule.cure, severity=rule.severity)
    return found


#: Of more unknown columns not each is compared with those that are known: 60,000 took minutes.
MAX_UNKNOWN = 2_000


def _column_problems(table: Table, frame: pl.DataFrame, declared: Sequence[str]) -> list[Problem]:
    problems = []
    known = [c.name for c in table.columns]
    lacking = [c for c in table.columns if c.required and c.name not in frame.columns]
    if len(lacking) > 1 and not set(known) & set(frame.columns):
        first = ", ".join(list(frame.columns)[:3])
        message = f"none of its columns is in the first line, which reads '{first[:80]}'."
        problems.append(Problem(table.name, None, None, None, message, "Put the line of column names first, alone."))
    for column in table.columns:
        if column in lacking:
            near = nearest(column.name, [c for c in frame.columns if c not in known])
            cure = f"Rename {near} to {column.name}." if near else f"Add the column {column.name}: {column.text}."
            problems.append(Problem(table.name, None, column.name, None, "required column is missing.", cure))
    unknown = [name for name in frame.columns if name not in table.by_name and name not in declared]
    if len(unknown) > MAX_UNKNOWN:
        message = f"has {len(unknown):,} columns that are not known here ({', '.join(unknown[:3])} ...)."
        cure = "Is this a matrix of genes by samples, or another table? Give the columns of this one."
        return [*problems, Problem(table.name, None, None, None, message, cure)]
    for name in unknown:
        near = nearest(name, [k for k in known if k not in frame.columns])
        if near:
            own = " A column of your own stands under covariates or extra_columns in study.yaml." if table.open else ""
            problems.append(Problem(table.name, None, name, None, "unknown column.", f"Did you mean {near}?{own}"))
        elif table.open and table.name == "samples":
            cure = "List it under extra_columns (or covariates) in study.yaml if it is meant; else correct its name."
            message = "unknown column; kept under its own name and used by no analysis."
            problems.append(Problem(table.name, None, name, None, message, cure, "warning"))
        elif not table.open:
            near = nearest(name, known, cutoff=0.5)
            cure = f"The nearest known column is {near}." if near else "Remove it."
            problems.append(
                Problem(
                    table.name,
                    None,
                    name,
                    None,
                    "unknown column.",
                    f"{cure} Known columns: {', '.join(known)}.",
                )
            )
    return problems


def _in_our_words(table: Table, column: Column, raw: pl.Series) -> pl.Series:
    """Put words the vocabulary knows into ours, and decimal commas of a number column into points."""
    if column.dtype == pl.Float64:
        return plain_numbers(without_unit(raw, column.unit))
    is_true_false = column.dtype == pl.Boolean
    if not is_true_false and not column.choices and not is_free(column.name) and table.name != "markers":
        return raw
    subject = subject_of(table.name, column.name, is_true_false=is_true_false)
    if is_true_false:  # "unknown" is neither true nor false
        raw = where_known(raw)
    ours = translated(raw, subject, (*TRUE_TEXTS, *FALSE_TEXTS) if is_true_false else column.choices)
    if not column.choices or column.required or "unknown" in column.choices:
        return ours
    # a word for "not known" or "not done" that is no answer of the column: not assessed
    return where_known(ours, column.choices)


def _nowhere(raw: pl.Series) -> pl.Series:
    """A mask that is false in every row."""
    return _false(len(raw))


@lru_cache(maxsize=64)
def _false(n: int) -> pl.Series:
    """The mask, shape (n,): asked for each column of each table, and never changed."""
    return pl.Series([False]).new_from_index(0, n)


@cache
def _silent(dtype: Any | None) -> tuple[frozenset[str], pl.Series]:
    """What says "not assessed" in a column of this type; of one that is no column of the table (None) all of it."""
    not_a_number = ("nan", "NaN")  # NaN in a number column is a problem
    kept = () if dtype is None else (*not_a_number, ".") if dtype == pl.String else not_a_number
    told = [t for t in NULL_TEXTS if t not in kept]
    return frozenset(told), pl.Series(told).implode()


def _cleaned(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Take the space around the texts, and the texts that say "not assessed", off the columns of text."""

    def silence(name: str) -> tuple[frozenset[str], pl.Series]:
        column = table.by_name.get(name)
        return _silent(None if column is None else column.dtype)

    def bare(name: str) -> pl.Expr:
        text = pl.col(name).str.strip_chars()
        return pl.when(~text.is_in(silence(name)[1])).then(text).alias(name)

    def is_bare(name: str) -> bool:
        silent = silence(name)[0]
        return all(text is None or (text not in silent and text == text.strip()) for text in frame[name].to_list())

    texts = [s.name for s in frame.iter_columns() if s.dtype == pl.String and s.null_count() < len(s)]
    if not texts:
        return frame
    if frame.height <= FEW:  # most texts stand as they are
        changed = [bare(name) for name in texts if not is_bare(name)]
        return frame.with_columns(changed) if changed else frame
    frame = frame.with_columns(pl.col(texts).str.strip_chars())
    silent = frame.select(pl.col(name).is_in(silence(name)[1]).any() for name in texts).row(0, named=True)
    return frame.with_columns(bare(name) for name in texts if silent[name])


def _plain_numbers(column: Column, raw: pl.Series) -> pl.Series | None:
    """Return the numbers of a column of texts where all are finite numbers as they stand, as nearly always; else None."""
    if raw.dtype != pl.String or column.dtype not in (pl.Int64, pl.Float64):
        return None
    cast = raw.cast(column.dtype, strict=False)
    all_are = cast.null_count() == raw.null_count() and (column.dtype == pl.Int64 or math.isfinite(cast.sum()))
    return cast if all_are else None


def _typed(column: Column, raw: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the column cast to its type and a mask of the values that could not be."""
    if raw.dtype == column.dtype:
        if column.dtype == pl.Float64 and not math.isfinite(raw.sum()):
            bad = raw.is_nan().fill_null(False) | raw.is_infinite().fill_null(False)
            return raw.set(bad, None), bad
        return raw, _nowhere(raw)
    text = raw.cast(pl.String)
    if column.dtype == pl.String:
        return text, _nowhere(raw)
    if column.dtype == pl.Boolean:
        low = text.str.strip_chars().str.to_lowercase()
        cast = (
            pl.DataFrame({"v": low})
            .select(pl.when(pl.col("v").is_in(TRUE_TEXTS)).then(True).when(pl.col("v").is_in(FALSE_TEXTS)).then(False))
            .to_series()
        )
    elif raw.dtype.is_numeric() and column.dtype == pl.Int64 and raw.dtype.is_integer():
        cast = raw.cast(pl.Int64, strict=False)
    elif column.dtype == pl.Int64:
        cast = text.cast(pl.Int64, strict=False)
        if cast.null_count() > text.null_count():  # 12.0 and 4.7e+07 are whole numbers too
            number = text.cast(pl.Float64, strict=False)
            whole = number.is_finite() & (number == number.round(0)) & (number.abs() < 2.0**53)
            cast = cast.fill_null(number.set(~whole.fill_null(False), None).cast(pl.Int64, strict=False))
    else:
        cast = text.cast(pl.Float64, strict=False)
        cast = cast.set((cast.is_nan() | cast.is_infinite()).fill_null(False), None)
    lost = cast.null_count() > text.null_count()
    return cast.rename(raw.name), cast.is_null() & text.is_not_null() if lost else _nowhere(raw)


def check_table(
    table: Table, frame: pl.DataFrame, *, declared: Sequence[str] = (), first_row: int = 2
) -> tuple[pl.DataFrame, list[Problem]]:
    """Cast `frame` to the table's types and list every problem of its columns and values.

    Parameters
    ----------
    frame : columns as text (or already typed); null and the texts of `NULL_TEXTS` mean not assessed
    declared : extra columns that study.yaml names, accepted as they are
    first_row : line of the file that holds the first row of `frame`

    Returns
    -------
    The typed frame with every column of the table (values that cannot be used are null), and the problems.
    """
    problems = _column_problems(table, frame, declared)
    typed = {}
    clean = _cleaned(table, frame)
    for name in frame.columns:
        column, raw = table.by_name.get(name), clean[name]
        if column is None:
            typed[name] = raw
            continue
        if raw.null_count() == len(raw):  # as where a table is given with all its columns
            cast, bad = nulls(name, column.dtype, len(raw)), _nowhere(raw)
        elif (plain := _plain_numbers(column, raw)) is not None:
            cast, bad = plain, _nowhere(raw)
        else:
            raw = _in_our_words(table, column, raw) if raw.dtype == pl.String else raw
            cast, bad = _typed(column, raw)
        found = []
        if bad.any():
            cure = f"{column.text[:1].upper()}{column.text[1:]}; leave it empty where it was not assessed."
            found.append((bad, f"'{{value}}' is not {_article(column.type_name)}.", cure))
        found += _value_problems(column, cast, bad)
        shown = frame.with_columns(raw.alias(name)) if found else frame
        for mask, message, cure in found:
            problems += row_problems(table.name, shown, mask, name, message, cure, first_row=first_row)
        typed[name] = _as_listed(cast, column.choices) if column.choices else cast
    out = table.conform(pl.DataFrame(typed) if typed else table.empty())
    problems += _key_problems(table, out, first_row)
    return out, problems


def _article(type_name: str) -> str:
    return {"integer": "a whole number", "number": "a finite number", "true/false": "true or false"}.get(
        type_name, type_name
    )


def _as_listed(words: pl.Series, choices: Sequence[str]) -> pl.Series:
    """Return allowed words as they are listed, others as null."""
    if set(distinct(words)) <= set(choices):
        return words
    canonical = {c.lower(): c for c in choices}
    return words.str.to_lowercase().replace_strict(canonical, default=None, return_dtype=pl.String)


def _value_problems(column: Column, cast: pl.Series, bad: pl.Series) -> list[tuple[pl.Series, str, str]]:
    """Return the rows (mask), message and cure of what is missing, out of range or not an allowed value."""
    problems = []
    unit = f" The unit is {column.unit}." if column.unit else ""
    if column.required and cast.null_count() and (mask := cast.is_null() & ~bad).any():
        problems.append((mask, "value is missing.", f"{column.name} is required: {column.text}."))
    least, most = (cast.min(), cast.max()) if column.low is not None or column.high is not None else (None, None)
    if column.low is not None and least is not None and least < column.low:  # type: ignore[operator]
        told = f"{{value}} is below {column.low:g}."
        problems.append((cast < column.low, told, f"Allowed: {column.range_text}.{unit}"))
    if column.high is not None and most is not None and most > column.high:  # type: ignore[operator]
        told = f"{{value}} is above {column.high:g}."
        problems.append((cast > column.high, told, f"Allowed: {column.range_text}.{unit}"))
    if column.choices:
        allowed = [c.lower() for c in column.choices]
        for value in sorted(v for v in distinct(cast) if v.lower() not in allowed):
            near = nearest(value, column.choices, cutoff=0.6)
            cure = f"Allowed: {column.range_text}." + (f" Did you mean {near}?" if near else "")
            problems.append((cast == value, "'{value}' is not an allowed value.", cure))
    return problems


def _key_problems(table: Table, frame: pl.DataFrame, first_row: int) -> list[Problem]:
    """Rows that repeat a key: an identical row is a warning, a different one an error."""
    key = [k for k in table.key if k in frame.columns]
    if not key or frame.is_empty():
        return []
    twice = repeated(frame, key)
    twice = twice & ~frame.select(pl.any_horizontal(pl.col(key).is_null())).to_series() if twice.any() else twice
    if not twice.any():
        return []
    marked = frame.with_columns(
        twice.alias("_twice"),
        pl.struct(key).is_first_distinct().alias("_first"),
        (pl.struct(frame.columns).is_duplicated() & ~pl.struct(frame.columns).is_first_distinct()).alias("_same"),
    )
    name = " + ".join(key)
    again = marked["_twice"] & ~marked["_first"]
    problems = row_problems(
        table.name,
        frame,
        again & ~marked["_same"],
        key[0],
        f"the key {name} is there twice.",
        "Each may stand once: keep the right row, or give the other its own id.",
        first_row=first_row,
    )
    return problems + row_problems(
        table.name,
        frame,
        again & marked["_same"],
        key[0],
        f"the same row is there twice ({name}).",
        "It is counted once.",
        severity="warning",
        first_row=first_row,
    )
