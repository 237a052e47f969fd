"""Numbers of reads in the cells of a report: ``12%``, ``12%(120/1000)``, ``0.12（1000X）``, ``1000×``, ``~5%``.

What is no number (``杂合``, ``<1%``) is told with its line, and is never a zero.
"""

from __future__ import annotations

import unicodedata

import polars as pl

from oncourse.io.calling import POPULATION_AF
from oncourse.io.normal_reads import in_blood, inherited
from oncourse.io.variants.maf_numbers import (
    COUNTED,
    NOT_COUNTED,
    bare_percent,
    fractions_alone,
    of_population,
    with_share_of_normal,
)
from oncourse.study.schema import Problem
from oncourse.study.values import plain_numbers

_ABOUT = r"^[~≈约]?\s*"
_NUMBER = r"(\d[\d.,' ]*\d|\d|\.\d+)(?:[eE]-?\d+)?"
_OF = r"(\d+)\s*/\s*(\d+)"
_FOLD = r"(\d[\d,]*)\s*[xX×]"
#: What may stand behind the number: percent, a unit, words in brackets, the reads.
_SHARE = rf"{_ABOUT}({_NUMBER})\s*%?\s*(?:\(.*\)|{_OF})?$"
_READS = rf"{_ABOUT}({_NUMBER})\s*(?:[xX×]|reads?|条|层)?\s*(?:\(.*\))?$"


def read_numbers(table: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Return alt_count, depth and vaf (`maf_numbers.COUNTED`) of rows of a report, and what must be told.

    `table`: alt_count, ref_count, depth, vaf (text) and _line. A fraction says whether it is percent; without a sign a
    column is in percent where any value is above 1.
    """
    text = {c: _plain(table[c]) for c in ("alt_count", "ref_count", "depth", "vaf")}
    # a comma in a number of reads can only part thousands
    reads = {c: text[c].str.replace_all(r"(\d),(\d{3})", "${1}${2}") for c in ("alt_count", "ref_count", "depth")}
    if text["vaf"].str.contains(r"^\s*\d*,\d+\s*%?\s*$").any():  # 0,30 beside 1.200: the dot parts thousands
        reads = {c: cells.str.replace_all(r"(\d)\.(\d{3})\b", "${1}${2}") for c, cells in reads.items()}
    given, others, depth = (_number(reads[c], _READS) for c in reads)
    share = _of_thousand(text["vaf"])
    of = share.str.extract_groups(_OF).struct.unnest().cast(pl.Float64, strict=False)
    number = _number(share, _SHARE)
    percent = share.str.contains("%", literal=True).fill_null(False)
    whole = bool((number.filter(~percent).drop_nulls() > 1).any())
    is_whole = percent | pl.Series([whole] * len(percent), dtype=pl.Boolean)
    vaf = number.zip_with(~is_whole, (number / 100).round(12))
    bare = share.str.contains(r"^\d+\s*/\s*\d+$").fill_null(False)  # 120/1000 alone
    vaf = vaf.set(bare, None).fill_null(of["1"] / of["2"])
    fold = share.str.extract(_FOLD).str.replace_all(",", "").cast(pl.Float64, strict=False)
    depth = depth.fill_null(of["2"]).fill_null(given + others).fill_null(fold)
    alt = given.fill_null(of["1"]).fill_null((vaf * depth).round(0))
    counted = alt.is_not_null() & depth.is_not_null()
    alone = vaf.set(counted | (vaf == 0).fill_null(False), None)
    numbers = {"alt_count": alt, "depth": depth}
    out = pl.DataFrame({c: s.cast(pl.Int64, strict=False) for c, s in numbers.items()}).with_columns(alone.alias("vaf"))
    small = number.filter(~percent & (number > 0)).drop_nulls().sort().to_list()
    if whole and small[0] <= 1:
        message = f"the fractions hold {small[0]:g} and {small[-1]:g} without a sign: all are read as percent."
        cure = "Write % behind each, or fractions of 1 throughout."
        mixed = [Problem(name, None, "vaf", None, message, cure, "warning")]
    else:
        mixed = []
    told = mixed + _unread(table, text, {"vaf": vaf, "depth": depth, "alt_count": given}, name)
    return out, [*told, *fractions_alone(out, name)]


def of_normals(table: pl.DataFrame, numbers: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Return what the normal's reads say of each row, and what must be told: ``germline`` (`inherited`), ``chip`` and
    ``near`` (`in_blood`).

    `numbers`: the tumour's ``alt_count``, ``depth`` and ``vaf`` of the rows.
    """
    counts = {c: _number(_plain(table[c]), _READS).cast(pl.Int64, strict=False) for c in _NORMAL}
    frame = table.select(pl.col("_line").alias("line"), "vaf", "normal_vaf").with_columns(**counts)
    frame, problems = with_share_of_normal(frame, bare_percent(frame), name)
    of_tumour = numbers.select(pl.col(c) for c in COUNTED)
    frame = frame.with_columns(of_tumour.get_columns()).with_columns(table["variant_id"])
    much, near = in_blood(frame)
    return pl.DataFrame({"germline": inherited(frame), "chip": much, "near": near}), problems


def is_common(table: pl.DataFrame) -> pl.Series:
    """Return whether each variant (``population_af``, text) is common among people (`POPULATION_AF`)."""
    return (of_population(_plain(table["population_af"]))[0] >= POPULATION_AF).fill_null(False)


_NORMAL = ("normal_alt", "normal_ref", "normal_depth")


def _of_thousand(share: pl.Series) -> pl.Series:
    """Return shares of a thousand (15‰) as percent."""
    number = share.str.extract(rf"{_ABOUT}({_NUMBER})\s*‰").cast(pl.Float64, strict=False)
    return share.zip_with(number.is_null(), (number / 10).round(9).cast(pl.String) + "%")


def _plain(cells: pl.Series) -> pl.Series:
    clean = [None if c is None else unicodedata.normalize("NFKC", c).strip() for c in cells.cast(pl.String)]
    text = pl.Series(cells.name, clean, dtype=pl.String)
    return text.set(text.is_in([*NOT_COUNTED, ""]).fill_null(False), None)


def _number(text: pl.Series, pattern: str) -> pl.Series:
    return plain_numbers(text.str.extract(pattern)).cast(pl.Float64, strict=False)


def _unread(table: pl.DataFrame, text: dict[str, pl.Series], read: dict[str, pl.Series], name: str) -> list[Problem]:
    """Name the cells that hold something and no number."""
    out = []
    for column, values in read.items():
        odd = text[column].is_not_null() & values.is_null()
        if odd.any():
            shown = ", ".join(f"'{w[:20]}'" for w in text[column].filter(odd).unique(maintain_order=True).head(5))
            message = f"{int(odd.sum()):,} cells are no number ({shown}): not read, the reads there are unknown."
            cure = "Write a fraction (0.12 or 12%), a number of reads, or leave it empty."
            out.append(Problem(name, int(table["_line"].filter(odd)[0]), column, None, message, cure, "warning"))
    return out
