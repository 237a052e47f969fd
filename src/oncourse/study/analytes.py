"""What is known of each laboratory value: its units, and what the clinic sees of it (`data/analytes.tsv`)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl


@dataclass(frozen=True)
class Analyte:
    """One analyte: the unit its values are converted to, factors of its units to that one, and its plausible range."""

    name: str
    unit: str
    factors: Mapping[str, float]
    least: float
    most: float
    is_strict: bool


@cache
def analytes() -> Mapping[str, Analyte]:
    """Return the known analytes by their name in lower case.

    >>> analytes()["hemoglobin"].unit, analytes()["psa"].factors["mg/l"]
    ('g/L', 1000.0)
    """
    text = files("oncourse.study").joinpath("data/analytes.tsv").read_text("utf-8")
    rows = csv.DictReader((t for t in text.splitlines() if not t.startswith("#")), delimiter="\t")
    return {
        row["analyte"].lower(): Analyte(
            row["analyte"],
            row["unit"],
            dict(_factor(pair) for pair in row["units"].split(";")),
            float(row["least"]),
            float(row["most"]),
            row["strict"] == "yes",
        )
        for row in rows
    }


def _factor(pair: str) -> tuple[str, float]:
    unit, factor = pair.strip().split("=")
    return unit, float(factor)


#: Names of units (UCUM's print names, Chinese) -> their signs, longest first.
_IN_WORDS = (
    ("percent", "%"),
    ("per|每", "/"),
    ("international|enzyme|arbitrary", ""),
    ("units?", "u"),
    ("nano|纳", "n"),
    ("micro|微", "u"),
    ("milli|毫", "m"),
    ("deci|分升", "d"),
    ("kilo", "k"),
    ("pico|皮", "p"),
    ("grams?|克", "g"),
    ("lit(er|re)s?|升", "l"),
    ("moles?|mole|摩尔?", "mol"),
)


def plain_unit(unit: pl.Expr) -> pl.Expr:
    """Return units as `data/analytes.tsv` writes them; an empty one is null.

    >>> pl.DataFrame({"u": ["Ng / ML", "µg/L", "μg/l", " "]}).select(plain_unit(pl.col("u")))["u"].to_list()
    ['ng/ml', 'ug/l', 'ug/l', None]
    >>> names = ["nanogram per milliliter", "gram per deciliter", "unit per liter", "纳克/毫升"]
    >>> pl.DataFrame({"u": names}).select(plain_unit(pl.col("u")))["u"].to_list()
    ['ng/ml', 'g/dl', 'u/l', 'ng/ml']
    """
    text = unit.cast(pl.String).str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s", "")
    text = text.str.replace("μ", "u", literal=True)
    for word, sign in _IN_WORDS:
        text = text.str.replace_all(word, sign)
    return pl.when(text != "").then(text)


def same_unit(one: str, two: str) -> bool:
    """Whether two units are the same for some analyte, however they are written; a text that is no unit is any.

    >>> same_unit("ng/mL", "ug/L"), same_unit("ng/mL", "mg/L"), same_unit("ng/mL", "approx")
    (True, False, True)
    """
    plain = pl.DataFrame({"u": [one, two]}).select(plain_unit(pl.col("u")))["u"].to_list()
    factors = [a.factors for a in analytes().values()]
    if plain[0] == plain[1] or not all(any(u in f for f in factors) for u in plain):
        return True
    return any(f.get(plain[0]) == f.get(plain[1]) is not None for f in factors)


def lab_factor(analyte: Analyte, unit: pl.Expr) -> pl.Expr:
    """Return the factor of each row's unit to the analyte's; 1 without a unit, null for an unknown one."""
    return unit_factor(analyte, plain_unit(unit))


def unit_factor(analyte: Analyte, plain: pl.Expr) -> pl.Expr:
    """Return the factor of units as `plain_unit` writes them, as `lab_factor` does."""
    known = plain.replace_strict(dict(analyte.factors), default=None, return_dtype=pl.Float64)
    return pl.when(plain.is_null()).then(1.0).otherwise(known)


def lab_number(value: pl.Expr) -> pl.Expr:
    """Return the number of each value, the bound where it is one (``<0.1``, ``>1000``); null where it is none."""
    number = value.cast(pl.String).str.strip_chars().str.replace(r"^[<>=]+\s*", "").cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def lab_values(labs: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the values of one analyte in its own unit.

    Parameters
    ----------
    labs : patient_id, day, analyte, value, unit (`oncourse.study.lab_values.tidy_labs`)
    name : the analyte, in any case

    Returns
    -------
    patient_id, day, value (number, or the bound it is below or above), bound (``<``, ``>`` or null), unit: in the unit
    of the analyte; of an analyte that is not known here as they are. Rows without
    a readable value or unit, and negative values of a known analyte, are left out.
    """
    rows = labs.filter(pl.col("analyte").str.to_lowercase().str.strip_chars() == name.lower())
    known = analytes().get(name.lower())
    factor = pl.lit(1.0) if known is None else lab_factor(known, pl.col("unit"))
    return rows.select(
        "patient_id",
        "day",
        (lab_number(pl.col("value")) * factor).alias("value"),
        pl.col("value").cast(pl.String).str.extract(r"^\s*([<>])", 1).alias("bound"),
        (pl.col("unit") if known is None else pl.lit(known.unit)).alias("unit"),
    ).filter(pl.col("value").is_not_null() & (pl.lit(known is None) | (pl.col("value") >= 0)))
