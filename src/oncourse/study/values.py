"""Numbers as people write them: decimal commas, thousands separators, percent signs."""

from __future__ import annotations

import math

import polars as pl

#: A comma that can only be a decimal one, one that can only part thousands, and one that can be either.
_DECIMAL = r"^[+-]?(\d*,(\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d{1,3}(\.\d{3})+,\d+)$"
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+\.\d+$|^[+-]?\d{1,3}(,\d{3}){2,}$"
EITHER = r"^[+-]?[1-9]\d{0,2},\d{3}$"
_POINT = r"^[+-]?(\d*\.(\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+)$"
_SPACED = r"^[+-]?\d{1,3}([ \u00a0\u202f']\d{3})+([.,]\d+)?$"


def plain_numbers(values: pl.Series) -> pl.Series:
    """Return the texts of a column with a decimal point and no thousands separator; others as they are.

    What a comma means is decided for the column: one that can only be decimal (``12,5``) makes all of them decimal, one
    that can only part thousands (``1,234.5``), or a decimal point elsewhere, makes them thousands. ``1,234`` where the
    column says neither, or both (``12,5`` and ``12.3``), stays as it is, and is no number.

    >>> plain_numbers(pl.Series(["12,5", "1,234", "7"])).to_list()
    ['12.5', '1.234', '7']
    >>> plain_numbers(pl.Series(["0.5", "1,234", "1 200"])).to_list()
    ['0.5', '1234', '1200']
    >>> plain_numbers(pl.Series(["６１", "０．５"])).to_list()
    ['61', '0.5']
    >>> plain_numbers(pl.Series(["1,234", "7"])).to_list()
    ['1,234', '7']
    >>> plain_numbers(pl.Series(["1,234", "12,5", "12.3"])).to_list()
    ['1,234', '12.5', '12.3']
    """
    text = values.cast(pl.String).str.strip_chars()
    if text.cast(pl.Float64, strict=False).null_count() == text.null_count():
        return text  # all are numbers as they stand, as nearly always
    if text.str.contains("[０-９．，]").any():
        text = text.str.normalize("NFKC")
    spaced = text.str.contains(_SPACED).fill_null(False)
    if spaced.any():
        text = text.zip_with(~spaced, text.str.replace_all(r"[ \u00a0\u202f']", ""))
    if not text.str.contains(",", literal=True).any():
        return text
    is_decimal, is_parted = text.str.contains(_DECIMAL), text.str.contains(_THOUSANDS)
    decimal = bool(is_decimal.any())
    thousands = bool(is_parted.any()) or bool(text.str.contains(_POINT).any())
    either = text.str.contains(EITHER)
    is_decimal = is_decimal | (either if decimal and not thousands else is_decimal)
    is_parted = is_parted | (either if thousands and not decimal else is_parted)
    with_point = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    text = text.zip_with(~is_decimal.fill_null(False), with_point)
    return text.zip_with(~is_parted.fill_null(False), text.str.replace_all(",", "", literal=True))


def numbers(values: pl.Series) -> pl.Series:
    """Return the finite numbers of a text column (`plain_numbers`; a percent sign is dropped), null elsewhere."""
    if values.dtype == pl.String or values.dtype.is_numeric():
        plain = values.cast(pl.Float64, strict=False)
        if plain.null_count() == values.null_count() and math.isfinite(plain.sum()):
            return plain  # all are numbers as they stand, as nearly always, or nothing is said
    text = values.cast(pl.String).str.strip_chars().str.strip_suffix("%")
    wide = plain_numbers(text).cast(pl.Float64, strict=False)
    return wide.set((~wide.is_finite()).fill_null(True), None)


#: How people write the units of our columns behind a number.
_UNITS = {
    "years": r"岁|周岁|years?( old)?|yrs?|y\.?o?\.?",
    "mm": r"mm|毫米",
    "ng/ml": r"ng/ml",
    "per Mb": r"(muts?|mutations)?\s*(/|per )mb|个/mb",
    "reads": r"x|×|reads?",
}
_YEARS_MONTHS = r"(?i)^\s*(\d{1,3})\s*(?:岁|周岁|years?|yrs?|y)\s*零?(\d|1[01])\s*(?:个?月|months?|mos?|m)\s*(?:old)?$"


def without_unit(values: pl.Series, unit: str) -> pl.Series:
    """Return numbers without their unit where it is the one of the column; every other text as it is.

    >>> without_unit(pl.Series(["72岁", "25 mm", "6.5"]), "years").to_list()
    ['72', '25 mm', '6.5']
    >>> without_unit(pl.Series(["61岁3月", "61 years 6 months", "8月"]), "years").to_list()
    ['61.25', '61.5', '8月']
    """
    words = _UNITS.get(unit)
    if words is None or values.dtype != pl.String:
        return values
    if unit == "years":  # 61岁3月, 61 years 3 months
        parts = values.str.extract_groups(_YEARS_MONTHS).struct.unnest().cast(pl.Int64, strict=False)
        whole = (parts["1"] + (parts["2"] / 12).round(2)).cast(pl.String)
        values = whole.fill_null(values).alias(values.name)
    return values.str.replace(rf"(?i)^(\s*[\d.,]+)\s*({words})\s*$", "${1}")
