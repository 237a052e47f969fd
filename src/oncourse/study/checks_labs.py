"""Checks of laboratory values: what cannot be read, units, what no patient has, several values of one day."""

from __future__ import annotations

import polars as pl

from oncourse.study.analytes import Analyte, analytes, lab_factor, lab_number, plain_unit
from oncourse.study.lab_values import BELOW, is_either, nearest_analyte
from oncourse.study.schema import Problem, row_problems

WARNING = "warning"
WRITE = "Write a number, `<number` where it is below detection, `>number` above the measuring range."


def lab_checks(labs: pl.DataFrame) -> list[Problem]:
    """Return the problems of the typed laboratory values."""
    found = _rows(
        labs,
        pl.col("value").is_null(),
        "value",
        "a laboratory value that was not measured: the row is not used.",
        "Nothing is to be done where it was not measured.",
        WARNING,
    )
    measured = set(labs["analyte"].str.to_lowercase().str.strip_chars().unique())
    for analyte in analytes().values():
        if analyte.name.lower() in measured:
            found += _analyte(labs, analyte)
    return found + _strange_analytes(labs)


def _analyte(labs: pl.DataFrame, analyte: Analyte) -> list[Problem]:
    """Problems of one analyte; errors where an end point rests on it, else warnings: those values are not used."""
    name, severity = analyte.name, "error" if analyte.is_strict else WARNING
    lost = "" if analyte.is_strict else ": it is not used"
    mine = pl.col("analyte").str.to_lowercase().str.strip_chars() == name.lower()
    text, number, unit = pl.col("value").str.strip_chars(), lab_number(pl.col("value")), plain_unit(pl.col("unit"))
    unread = mine & text.is_not_null() & number.is_null() & (text != BELOW)
    found = _rows(
        labs,
        mine & (text == BELOW),
        "value",
        "below detection, without its limit: not used.",
        "Write the limit of the assay: <0.01.",
        WARNING,
    )
    found += _rows(
        labs,
        unread & is_either(text),
        "value",
        f"'{{value}}' of {name} can be a decimal comma or thousands{lost}.",
        "Write it without a comma, or with a decimal point.",
        severity,
    )
    found += _rows(
        labs, unread & ~is_either(text), "value", f"'{{value}}' is not a {name} value{lost}.", WRITE, severity
    )
    found += _rows(
        labs,
        mine & text.str.starts_with(">"),
        "value",
        f"{name} {{value}}: above the measuring range, at least that much.",
        "Give the diluted value where there is one.",
        WARNING,
    )
    found += _rows(labs, mine & (number < 0), "value", f"{{value}} of {name} is below 0{lost}.", WRITE, severity)
    found += _rows(
        labs,
        mine & unit.is_not_null() & lab_factor(analyte, pl.col("unit")).is_null(),
        "unit",
        f"'{{value}}' is no unit of {name}{lost}.",
        f"Write {analyte.unit}, or one of {', '.join(analyte.factors)}.",
        severity,
    )
    return found + _units(labs, analyte, mine) + _one_a_day(labs, name, mine, number)


def _units(labs: pl.DataFrame, analyte: Analyte, mine: pl.Expr) -> list[Problem]:
    name, unit = analyte.name, plain_unit(pl.col("unit"))
    found = _rows(
        labs,
        mine & unit.is_null() & pl.col("value").is_not_null(),
        "unit",
        f"the {name} value has no unit: taken as {analyte.unit}.",
        f"Write {analyte.unit} in the column unit.",
        WARNING,
    )
    factor = lab_factor(analyte, pl.col("unit"))
    several = pl.when(mine).then(unit).drop_nulls().n_unique().over("patient_id") > 1
    found += _rows(
        labs,
        mine & several & (unit != analyte.unit.lower()) & factor.is_not_null(),
        "unit",
        f"{name} of one patient in several units, here {{value}}: converted to {analyte.unit}.",
        "Check that each unit is the right one.",
        WARNING,
    )
    value = lab_number(pl.col("value")) * factor
    below = (value < analyte.least) & ~pl.col("value").str.starts_with("<") & (value >= 0)
    return found + _rows(
        labs,
        mine & ((value > analyte.most) | below),
        "value",
        f"{{value}} is not plausible for {name} in its unit (outside {analyte.least:g} to {analyte.most:,.0f} "
        f"{analyte.unit}).",
        "Check the number and its unit.",
        WARNING,
    )


def _one_a_day(labs: pl.DataFrame, name: str, mine: pl.Expr, number: pl.Expr) -> list[Problem]:
    values = pl.when(mine).then(number).drop_nulls().n_unique().over("patient_id", "day")
    cure = "Keep the right one, or choose with psa.same_day." if name == "PSA" else "Keep the right one."
    return _rows(
        labs,
        mine & (values > 1),
        "value",
        f"several {name} values of one day, here {{value}}: one is used.",
        cure,
        WARNING,
    )


def _strange_analytes(labs: pl.DataFrame) -> list[Problem]:
    """Names like a known analyte's: their values are not used for it."""
    found: list[Problem] = []
    for name in labs["analyte"].drop_nulls().unique().sort():
        if near := nearest_analyte(name):
            first = (pl.col("analyte") == name) & pl.col("analyte").is_first_distinct()
            found += _rows(
                labs,
                first,
                "analyte",
                f"'{{value}}' is no known analyte and not taken as {near}.",
                f"Write {near} where it is.",
                WARNING,
            )
    return found


def _rows(
    labs: pl.DataFrame, bad: pl.Expr, column: str, message: str, cure: str, severity: str = "error"
) -> list[Problem]:
    mask = labs.select(bad.fill_null(False).alias("_bad")).to_series()
    return row_problems("labs", labs, mask, column, message, cure, severity=severity) if mask.any() else []
