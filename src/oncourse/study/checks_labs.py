"""Checks of laboratory values: what cannot be read, units, what no patient has, several values of one day."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from oncourse.study.analytes import Analyte, analytes, lab_number, plain_unit, unit_factor
from oncourse.study.lab_values import BELOW, is_either, nearest_analyte
from oncourse.study.schema import Problem, row_problems

WARNING = "warning"
WRITE = "Write a number, `<number` where it is below detection, `>number` above the measuring range."


def lab_checks(labs: pl.DataFrame) -> list[Problem]:
    """Return the problems of the typed laboratory values."""
    if labs.is_empty():
        return []
    rows = labs.with_columns(
        pl.col("analyte").str.to_lowercase().str.strip_chars().alias("_analyte"),
        pl.col("value").str.strip_chars().alias("_text"),
        lab_number(pl.col("value")).alias("_number"),
        plain_unit(pl.col("unit")).alias("_unit"),
    )
    unmeasured = _Told(
        pl.col("value").is_null(),
        "value",
        "a laboratory value that was not measured: the row is not used.",
        "Nothing is to be done where it was not measured.",
    )
    measured = set(rows["_analyte"].unique())
    told = [_analyte(analyte) for analyte in analytes().values() if analyte.name.lower() in measured]
    found = _problems(labs, rows, [unmeasured])
    for of_one in told:
        found += _problems(labs, rows, of_one)
    return [*found, *_codes(rows), *_strange_analytes(labs)]


#: Values that databases write for "not known": three nines, eights or sevens and more.
_CODE = r"^(9{3,}|8{3,}|7{3,})([.]9+|[.]0+)?$"


def _codes(rows: pl.DataFrame) -> list[Problem]:
    """Say which values may be codes for one that is not known: 9999 and more digits, 999 where two patients have it.
    A PSA of 999 may be measured, so the values stay."""
    like = rows.filter(pl.col("_text").str.contains(_CODE).fill_null(False))
    several = pl.col("patient_id").n_unique().over("_analyte", "_text") > 1
    like = like.filter((pl.col("_number") >= 7_777) | several)
    found = []
    for (name,), of_one in like.group_by("analyte", maintain_order=True):
        shown = ", ".join(of_one["_text"].unique(maintain_order=True).head(4))
        message = (
            f"{of_one.height:,} values of {name} may be codes for a value that is not known ({shown}): read as levels."
        )
        cure = "Leave the cell empty where nothing was measured."
        first = of_one.row(0, named=True)
        found.append(Problem("labs", None, "value", first["_text"], message, cure, WARNING, first["patient_id"]))
    return found


class _Told(NamedTuple):
    """What is said of the rows where `bad` is true, of a column; over the labs with _analyte, _text, _number, _unit."""

    bad: pl.Expr
    column: str
    message: str
    cure: str
    severity: str = WARNING


def _analyte(analyte: Analyte) -> list[_Told]:
    """What can be wrong with one analyte; errors where an end point rests on it, else warnings: those values are not
    used."""
    name, severity = analyte.name, "error" if analyte.is_strict else WARNING
    lost = "" if analyte.is_strict else ": it is not used"
    mine, text, number, unit = pl.col("_analyte") == name.lower(), pl.col("_text"), pl.col("_number"), pl.col("_unit")
    unread = mine & text.is_not_null() & number.is_null() & (text != BELOW)
    either = f"'{{value}}' of {name} can be a decimal comma or thousands{lost}."
    plain = "Write it without a comma, or with a decimal point."
    units = f"Write {analyte.unit}, or one of {', '.join(analyte.factors)}."
    no_limit = "below detection, without its limit: not used."
    above = f"{name} {{value}}: above the measuring range, at least that much."
    strange = mine & unit.is_not_null() & unit_factor(analyte, unit).is_null()
    return [
        _Told(mine & (text == BELOW), "value", no_limit, "Write the limit of the assay: <0.01."),
        _Told(unread & is_either(text), "value", either, plain, severity),
        _Told(unread & ~is_either(text), "value", f"'{{value}}' is not a {name} value{lost}.", WRITE, severity),
        _Told(mine & text.str.starts_with(">"), "value", above, "Give the diluted value where there is one."),
        _Told(mine & (number < 0), "value", f"{{value}} of {name} is below 0{lost}.", WRITE, severity),
        _Told(strange, "unit", f"'{{value}}' is no unit of {name}{lost}.", units, severity),
        *_units(analyte, mine),
        _one_a_day(name, mine),
    ]


def _units(analyte: Analyte, mine: pl.Expr) -> list[_Told]:
    name, unit, factor = analyte.name, pl.col("_unit"), unit_factor(analyte, pl.col("_unit"))
    several = pl.when(mine).then(unit).drop_nulls().n_unique().over("patient_id") > 1
    value = pl.col("_number") * factor
    below = (value < analyte.least) & ~pl.col("value").str.starts_with("<") & (value >= 0)
    return [
        _Told(
            mine & unit.is_null() & pl.col("value").is_not_null(),
            "unit",
            f"the {name} value has no unit: taken as {analyte.unit}.",
            f"Write {analyte.unit} in the column unit.",
        ),
        _Told(
            mine & several & (unit != analyte.unit.lower()) & factor.is_not_null(),
            "unit",
            f"{name} of one patient in several units, here {{value}}: converted to {analyte.unit}.",
            "Check that each unit is the right one.",
        ),
        _Told(
            mine & ((value > analyte.most) | below),
            "value",
            f"{{value}} is not plausible for {name} in its unit (outside {analyte.least:g} to {analyte.most:,.0f} "
            f"{analyte.unit}).",
            "Check the number and its unit.",
        ),
    ]


def _one_a_day(name: str, mine: pl.Expr) -> _Told:
    values = pl.when(mine).then(pl.col("_number")).drop_nulls().n_unique().over("patient_id", "day")
    cure = "Keep the right one, or choose with psa.same_day." if name == "PSA" else "Keep the right one."
    return _Told(mine & (values > 1), "value", f"several {name} values of one day, here {{value}}: one is used.", cure)


def _strange_analytes(labs: pl.DataFrame) -> list[Problem]:
    """Names like a known analyte's: their values are not used for it."""
    found: list[Problem] = []
    for name in labs["analyte"].drop_nulls().unique().sort():
        if near := nearest_analyte(name):
            told = _Told(
                (pl.col("analyte") == name) & pl.col("analyte").is_first_distinct(),
                "analyte",
                f"'{{value}}' is no known analyte and not taken as {near}.",
                f"Write {near} where it is.",
            )
            found += _problems(labs, labs, [told])
    return found


def _problems(labs: pl.DataFrame, rows: pl.DataFrame, told: list[_Told]) -> list[Problem]:
    """Return what is true of some row, all of it looked for at once in `rows`: the labs with the columns asked for."""
    masks = rows.select(one.bad.fill_null(False).alias(f"_{i}") for i, one in enumerate(told))
    found: list[Problem] = []
    for one, mask in zip(told, masks.get_columns(), strict=True):
        if mask.any():
            found += row_problems("labs", labs, mask, one.column, one.message, one.cure, severity=one.severity)
    return found
