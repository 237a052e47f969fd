"""Sheets of a workbook that are no table of ours and hold a row per sample (TMB_MSI): more columns of the samples."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from oncourse.io.clinical.own_genes import is_marker
from oncourse.io.clinical.own_headers import columns_of, in_our_words, our_headers
from oncourse.io.clinical.own_rows import rows_alone
from oncourse.io.reading import Reading
from oncourse.io.tabular.sheet_table import sheet_table
from oncourse.io.tabular.sheets import Sheet
from oncourse.study.schema import Problem

_WHOSE = ("sample_id", "patient_id")


def _holds_more(header: Sequence[str | None]) -> bool:
    """Whether a header names samples and something that is known of them (TMB, MSI, purity), or a marker.

    >>> _holds_more(["样本编号", "TMB(个/Mb)", "MSI状态"]), _holds_more(["样本编号", "文库浓度"])
    (True, False)
    """
    names = [c for c in header if c]
    named = our_headers(names, "samples")
    ours = {named.get(c, c) for c in names}
    more = (ours & columns_of("samples")) - {*_WHOSE, "date", "day"}
    return "sample_id" in ours and (bool(more) or any(map(is_marker, names)))


def beside_samples(sheets: Sequence[Sheet], reading: Reading, book: str) -> list[Sheet]:
    """Add what sheets with one row per listed sample say to the samples; return the sheets that are no such, or hidden.

    A cell that the samples have filled stays as it is there; one that differs is told.
    """
    samples = reading.tables.get("samples")
    if samples is None or "sample_id" not in samples.columns:
        return list(sheets)
    left = []
    for sheet in sheets:
        frame = None if sheet.is_hidden or not _holds_more(sheet.header) else _once(sheet, samples, reading)
        if frame is None:
            left.append(sheet)
            continue
        ids = pl.col("sample_id").cast(pl.String).str.strip_chars()
        known = samples.select(ids).to_series()
        more = frame.filter(~pl.col("sample_id").is_in(known.implode()))
        columns = [c for c in frame.columns if c not in _WHOSE]
        theirs = {c: f"_their_{at}" for at, c in enumerate(columns)}
        joined = samples.with_columns(ids.alias("sample_id")).join(
            frame.select("sample_id", *columns).rename(theirs), on="sample_id", how="left", maintain_order="left"
        )
        both = [c for c in columns if c in samples.columns]
        differ = [c for c in both if (joined[c].cast(pl.String) != joined[theirs[c]]).fill_null(False).any()]
        samples = joined.with_columns(
            pl.coalesce(pl.col(c).cast(pl.String), theirs[c]).alias(c) if c in both else pl.col(theirs[c]).alias(c)
            for c in columns
        ).drop(theirs.values())
        reading.notes.append(f"the sheet {sheet.name} holds more of the samples: {', '.join(columns)}")
        reading.ledger.file(f"{book}: {sheet.name}", "samples", "used", n_rows=len(sheet.rows))
        for words, n in (
            (f"{', '.join(differ)} differ from what the samples say: those of the samples are used", len(differ)),
            (f"{more.height:,} rows are of no sample listed: not read", more.height),
        ):
            if n:
                cure = "Give each sample one row, and each column one sheet."
                problem = Problem(book, None, None, sheet.name, f"the sheet {sheet.name}: {words}.", cure, "warning")
                reading.problems.append(problem)
    reading.tables["samples"] = samples
    return left


def _once(sheet: Sheet, samples: pl.DataFrame, reading: Reading) -> pl.DataFrame | None:
    """Return the rows of a sheet under our names, as text; None where it names a sample twice, or none that is listed."""
    table, notes = rows_alone(sheet_table(sheet, "samples"), "samples")
    frame = in_our_words(table.frame, "samples", reading)
    if "sample_id" not in frame.columns:
        return None
    frame = frame.select(pl.all().cast(pl.String).str.strip_chars()).drop_nulls("sample_id")
    known = samples["sample_id"].cast(pl.String).str.strip_chars()
    if frame["sample_id"].n_unique() < frame.height or not frame["sample_id"].is_in(known.implode()).any():
        return None
    reading.problems += table.problems
    reading.notes += notes
    return frame
