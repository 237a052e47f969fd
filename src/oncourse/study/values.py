"""Numbers as people write them: decimal commas, thousands separators, percent signs."""

from __future__ import annotations

import polars as pl

#: A comma that can only be a decimal one, one that can only part thousands, and one that can be either.
_DECIMAL = r"^[+-]?(\d*,(\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d{1,3}(\.\d{3})+,\d+)$"
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+\.\d+$|^[+-]?\d{1,3}(,\d{3}){2,}$"
_EITHER = r"^[+-]?[1-9]\d{0,2},\d{3}$"
_SPACED = r"^[+-]?\d{1,3}([ \u00a0\u202f']\d{3})+([.,]\d+)?$"


def plain_numbers(values: pl.Series) -> pl.Series:
    """Return the texts of a column with a decimal point and no thousands separator; others as they are.

    What a comma means is decided for the column: one that can only be decimal (``12,5``) makes all of them decimal, one
    that can only part thousands (``1,234.5``), or a decimal point elsewhere, makes them thousands. ``1,234`` alone says
    neither: it stays as it is, and is no number.

    >>> plain_numbers(pl.Series(["12,5", "1,234", "7"])).to_list()
    ['12.5', '1.234', '7']
    >>> plain_numbers(pl.Series(["0.5", "1,234", "1 200"])).to_list()
    ['0.5', '1234', '1200']
    >>> plain_numbers(pl.Series(["1,234", "7"])).to_list()
    ['1,234', '7']
    """
    text = values.cast(pl.String).str.strip_chars()
    spaced = text.str.contains(_SPACED).fill_null(False)
    if spaced.any():
        text = text.zip_with(~spaced, text.str.replace_all(r"[ \u00a0\u202f']", ""))
    if not text.str.contains(",", literal=True).any():
        return text
    decimal = bool(text.str.contains(_DECIMAL).any())
    thousands = bool(text.str.contains(_THOUSANDS).any())
    if not decimal and not thousands:
        thousands = bool(text.str.contains(r"^[+-]?\d+\.\d+$").any())
    numeric = text.str.contains(f"{_DECIMAL}|{_THOUSANDS}|{_EITHER}").fill_null(False)
    if decimal and not thousands:
        mended = text.str.replace_all(r"\.", "").str.replace(",", ".", literal=True)
    elif thousands and not decimal:
        mended = text.str.replace_all(",", "", literal=True)
    else:
        return text
    return text.zip_with(~numeric, mended)


def numbers(values: pl.Series) -> pl.Series:
    """Return the finite numbers of a text column (`plain_numbers`; a percent sign is dropped), null elsewhere."""
    text = values.cast(pl.String).str.strip_chars().str.strip_suffix("%")
    wide = plain_numbers(text).cast(pl.Float64, strict=False)
    return wide.set((~wide.is_finite()).fill_null(True), None)
