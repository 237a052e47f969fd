"""Read counts and fractions of a table's rows, each number in its unit; what is no number is named with its line."""

from __future__ import annotations

import polars as pl

from oncourse.io.tabular.units import fractions
from oncourse.io.variants.agreement import agreed_rows, tell_disagreement
from oncourse.study.schema import Problem, row_problems


def at_lines(
    frame: pl.DataFrame,
    bad: pl.Series,
    name: str,
    column: str,
    message: str,
    cure: str,
    severity: str = "error",
) -> list[Problem]:
    """Problems of the rows where `bad`, with the line of the file from the column ``line``."""
    if not bad.any():
        return []
    shown = row_problems(name, frame, bad, column, message, cure, severity=severity, first_row=0)
    lines = frame["line"].to_list()
    return [Problem(**{**p.__dict__, "row": None if p.row is None else lines[p.row]}) for p in shown]


_COUNTS = ("alt_count", "ref_count", "depth", "normal_alt", "normal_ref", "normal_depth")


def with_counts(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Read ``alt_count``, ``depth`` and the normal's counts (text) as numbers; what a row lacks follows from the
    others."""
    problems: list[Problem] = []
    # a table whose fractions have a decimal comma parts the thousands of its reads by dots: 1.200 are 1,200 reads
    dotted = "vaf" in frame.columns and bool(frame["vaf"].str.contains(r"^\s*\d*,\d+\s*%?\s*$").any())
    for column in _COUNTS:
        if column not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.Int64).alias(column))
            continue
        if dotted:
            parted = pl.col(column).str.contains(r"^\s*\d{1,3}(\.\d{3})+\s*$")
            bare = pl.col(column).str.replace_all(".", "", literal=True)
            frame = frame.with_columns(pl.when(parted).then(bare).otherwise(column).alias(column))
        number = whole_numbers(frame[column])
        wrong = _wrong(frame[column], number)
        if wrong is not None:
            problems += _not_counts(frame, column, number, wrong, name)
            number = number.set(wrong | (number < 0).fill_null(False), None)
        frame = frame.with_columns(number.alias(column))
    is_percent = bare_percent(frame)
    frame, found = _with_fractions(frame, name)
    problems += found
    frame, found = with_share_of_normal(frame, is_percent, name)
    problems += found
    counted = pl.col("alt_count") + pl.col("ref_count")
    # the depth as given: it may hold reads of other alleles
    frame = frame.with_columns(pl.coalesce("depth", counted).alias("depth"))
    frame = agreed_rows(frame)
    problems += tell_disagreement(frame, name, "reads, depth and fraction")
    frame = frame.drop("disagreed")
    by_fraction = (pl.col("vaf") * pl.col("depth")).round(0).cast(pl.Int64, strict=False)
    by_rest = pl.when(pl.col("ref_count") <= pl.col("depth")).then(pl.col("depth") - pl.col("ref_count"))
    none = pl.when(pl.col("vaf") == 0).then(0)  # of how many reads is not said
    frame = frame.with_columns(pl.coalesce("alt_count", by_rest, by_fraction, none).alias("alt_count"))
    alone = (pl.col("alt_count").is_null() | pl.col("depth").is_null()) & (pl.col("vaf") > 0)
    return frame.with_columns(pl.when(alone).then("vaf").alias("vaf")), problems


def bare_percent(frame: pl.DataFrame) -> bool | None:
    """Whether the tumour's fractions are in percent without saying so; null: each says %, or there is none."""
    if "vaf" not in frame.columns:
        return None
    value, says = fractions(frame["vaf"])
    bare = value.filter(~says).drop_nulls()
    return None if bare.is_empty() else bool((bare > 1).any())


def with_share_of_normal(frame: pl.DataFrame, is_percent: bool | None, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Count the normal's variant reads from its fraction (``normal_vaf``, text) and depth where they are not given.

    `is_percent`: the unit of the tumour's fractions (`bare_percent`), which a column of the normal without a sign
    shares. What is in a unit that nothing tells is told and counts nothing; a share without a depth is
    ``normal_share``, told.
    """
    normal = pl.coalesce("normal_depth", pl.col("normal_alt") + pl.col("normal_ref"))
    frame = frame.with_columns(normal.alias("normal_depth"))
    if "normal_vaf" not in frame.columns:
        return frame, []
    value, says = fractions(frame["normal_vaf"])
    bare = (~says & (value > 0)).fill_null(False)
    above = bool((value.filter(bare) > 1).any())
    percent = bool(is_percent) or above
    unclear = bare & (
        is_percent is None and not above and "vaf" in frame.columns and bool(frame["vaf"].is_not_null().any())
    )
    share = value.zip_with(says | (not percent), (value / 100).round(12)).set(unclear, None)
    share = share.set(((share < 0) | (share > 1)).fill_null(False), None)
    reads = (pl.lit(share) * pl.col("normal_depth")).round(0).cast(pl.Int64, strict=False)
    uncounted = frame["normal_alt"].is_null()
    frame = frame.drop("normal_vaf").with_columns(
        pl.coalesce("normal_alt", reads).alias("normal_alt"), share.alias("normal_share")
    )
    problems = []
    for bad, what, cure in (
        (
            unclear & uncounted,
            "fractions of the normal have no sign beside tumours' in %: their unit is not known, not read",
            "Write % behind each, and the normal's depth (n_depth), or its reads (n_alt_count) and depth.",
        ),
        (
            ~unclear & uncounted & frame["normal_depth"].is_null() & (value > 0),
            "fractions of the normal have no depth: taken as they are",
            "Give the normal's depth beside them (n_depth, 对照深度, 白细胞深度): a few reads may be errors.",
        ),
    ):
        if n := int(bad.fill_null(False).sum()):
            first = frame["line"].filter(bad.fill_null(False))[0]
            problems.append(Problem(name, int(first), "normal_vaf", None, f"{n:,} {what}.", cure, "warning"))
    return frame, problems


def _not_counts(frame: pl.DataFrame, column: str, number: pl.Series, wrong: pl.Series, name: str) -> list[Problem]:
    message, cure = "'{value}' is not a read count.", "Leave it empty where it was not counted."
    # among numbers a word (Omit, low) says that nothing was counted; a number that is none is a fault of the table
    word = wrong & ~frame[column].str.contains(r"\d").fill_null(False)
    word = word & (number.null_count() < len(number))
    problems = at_lines(frame, word, name, column, f"{message[:-1]}: taken as not counted.", cure, "warning")
    severity = "warning" if column.startswith("normal") else "error"
    return problems + at_lines(frame, wrong & ~word, name, column, message, cure, severity)


#: What a call holds of the reads; ``vaf`` only where the source gives a fraction and no depth.
COUNTED = ("alt_count", "depth", "vaf")


def fractions_alone(calls: pl.DataFrame, name: str) -> list[Problem]:
    """Say how many calls have a fraction of the reads and no depth: it is kept, what rests on reads is not known."""
    n = calls["vaf"].len() - calls["vaf"].null_count()
    if not n:
        return []
    message = f"{n:,} fractions stand without a depth: kept as they are, their reads are unknown."
    cure = "Give the depth of each, or the reads with the variant: absence and clones are judged by reads."
    return [Problem(name, None, "vaf", None, message, cure, "warning")]


#: What stands in a cell of a number that was not counted; -1 is cBioPortal's.
NOT_COUNTED = [
    "",
    "-1",
    "-1.0",
    ".",
    "-",
    "--",
    "/",
    "NA",
    "N/A",
    "na",
    "n/a",
    "NaN",
    "nan",
    "null",
    "NULL",
    "None",
    "未知",
    "—",
]


def _wrong(text: pl.Series, number: pl.Series) -> pl.Series | None:
    """Return which cells say something that is no number of 0 and more; None where none does."""
    odd = text.is_not_null() & (number.is_null() | (number < 0).fill_null(False))
    if not odd.any():
        return None
    rows = odd.arg_true()
    return odd.scatter(rows, ~text.gather(rows).str.strip_chars().is_in(NOT_COUNTED))


def _with_fractions(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Read ``vaf`` and ``population_af``; a cell that says % is percent, else a VAF column with a value above 1 is."""
    problems: list[Problem] = []
    for column in ("vaf", "population_af"):
        if column not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.Float64).alias(column))
            continue
        text = frame[column]
        value, says = of_population(text) if column == "population_af" else fractions(text)
        if column == "vaf" and (value.filter(~says).drop_nulls() > 1).any():  # written in percent (TCGA LAML)
            problems += _told_mixed(frame, value, says, name)
            value = pl.select(pl.when(says).then(value).otherwise(value / 100)).to_series()
        wrong = (value > 1).fill_null(False)
        wrong = wrong if (no_number := _wrong(text, value)) is None else wrong | no_number
        if column == "vaf":
            cure = "A fraction of 0-1, or percent; leave it empty where it was not counted."
            problems += at_lines(frame, wrong, name, column, "'{value}' is not a fraction.", cure, "warning")
        frame = frame.with_columns(value.set(wrong, None).alias(column))
    return frame, problems


def of_population(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return `fractions` of the first of several numbers in a cell (``T:0.3`` of GMAF is one), worked out once per distinct
    cell."""
    cells = text.unique().drop_nulls()
    value, says = fractions(cells.str.extract(r"^(?:[ACGT]+:)?([^&,;|]*)"))
    return (
        text.replace_strict(cells, value, default=None, return_dtype=pl.Float64),
        text.replace_strict(cells, says, default=False, return_dtype=pl.Boolean),
    )


def _told_mixed(frame: pl.DataFrame, value: pl.Series, says: pl.Series, name: str) -> list[Problem]:
    """Say which cells of a column in percent, none of which says %, are small enough to be fractions."""
    small = (~says & (value > 0) & (value <= 1)).fill_null(False)
    large = (~says & (value > 1)).fill_null(False)
    if says.any() or not small.any():
        return []
    at = int(small.arg_true()[0])
    n = len(small.filter(small))
    message = (
        f"{n:,} of {n + len(large.filter(large)):,} fractions are 1 or less (first: {value[at]:g}), the "
        "others above 1: all are read as percent."
    )
    cure = "Write % behind each, or all as fractions of 1, where some are fractions."
    return [Problem(name, int(frame["line"][at]), "vaf", f"{value[at]:g}", message, cure, "warning")]


def whole_numbers(text: pl.Series) -> pl.Series:
    """Return whole numbers (``12``, ``12.0``, ``1,234``: a comma in a count can only part thousands), null
    elsewhere."""
    number = text.cast(pl.Int64, strict=False)
    if number.null_count() > text.null_count():
        text = text.str.strip_chars()
        number = text.cast(pl.Int64, strict=False)
    if number.null_count() > text.null_count():
        parted = text.str.contains(r"^\d{1,3}([, \u00a0]\d{3})+$").fill_null(False)
        text = text.zip_with(~parted, text.str.replace_all(r"[, \u00a0]", ""))
        wide = text.cast(pl.Float64, strict=False)
        whole = (wide.is_finite() & (wide == wide.round(0))).fill_null(False)
        number = number.fill_null(wide.set(~whole, None).cast(pl.Int64, strict=False))
    return number


def one_based(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Return rows with 1-based positions: a table whose every single-base change ends one base further is half-open
    (BED).

    `frame` has ``pos``, ``end``, ``ref`` as text; one without ``end`` or without such a change stays as it is.
    """
    if not {"pos", "end", "ref", "alt"} <= set(frame.columns):
        return frame, []
    single = pl.col("ref").is_in(list("ACGTacgt")) & pl.col("alt").is_in(list("ACGTacgt"))
    start, end = (pl.col(c).cast(pl.Int64, strict=False) for c in ("pos", "end"))
    distance = pl.when(single).then(end - start).alias("d")
    for rows in (frame.head(1000), frame):  # the first tell of most tables that theirs are 1-based
        apart = rows.select(distance)["d"].drop_nulls()
        if not (apart == 1).all():
            return frame, []
    if apart.is_empty():
        return frame, []
    cure = "Where the positions are 1-based, correct the ends: a single base starts and ends at one position."
    message = (
        f"all {len(apart):,} single-base changes end one base after their start: read as half-open (BED), start + 1."
    )
    moved = pl.coalesce((start + 1).cast(pl.String), "pos").alias("pos")
    return frame.with_columns(moved), [Problem(name, None, "pos", None, message, cure, "warning")]
