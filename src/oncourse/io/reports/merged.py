"""Cells of a report that were merged over the rows of a patient or lesion: only the first of them says it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from oncourse.io.reading import Reading


def unmerged(frame: pl.DataFrame, apart: Sequence[str], reading: Reading) -> pl.DataFrame:
    """Return rows (patient_id, gene) in which an empty cell of the patient, or of what tells samples apart (`apart`), is
    that of the row above: of the same patient, and where the first row of each patient says it.

    A row without a gene gets nothing; a row that says anything of its sample (plasma, without a site) stays as it is, and so
    do all where a patient's first row says nothing.
    """
    if not {"patient_id", "gene"} <= set(frame.columns):
        return frame
    cells = {c: pl.col(c).cast(pl.String).str.strip_chars().replace("", None) for c in ("patient_id", "gene", *apart)}
    cells = {c: e for c, e in cells.items() if c in frame.columns}
    rows = frame.with_columns(e.alias(c) for c, e in cells.items())
    has = pl.col("gene").is_not_null()
    blank = rows.select((has & pl.col("patient_id").is_null()).alias("b"))["b"]
    nearest = pl.when(has).then("patient_id").forward_fill()  # a line between two patients (a remark) names nobody
    if blank.any() and rows["patient_id"][0] is not None:
        rows = rows.with_columns(pl.when(has).then(nearest).otherwise("patient_id"))
        reading.notes.append(f"{int(blank.sum()):,} rows name nobody: of the patient of the row above them")
    else:
        blank = blank & False
    told = [c for c in apart if c in rows.columns and rows[c].null_count() < rows.height]
    said = pl.any_horizontal(pl.col(c).is_not_null() for c in told) if told else pl.lit(True)
    block = (pl.col("patient_id") != pl.col("patient_id").shift()).fill_null(True).cum_sum().alias("_block")
    rows = rows.with_columns(said.alias("_said")).with_columns(block)
    of = rows.filter(has)
    starts = of.group_by("_block").agg(pl.col("_said").first())["_said"]
    filled = bool(told) and not of["_said"].all() and starts.all()
    if filled:
        rows = rows.with_row_index("_from")
        last = pl.when("_said").then("_from").forward_fill().over("_block")
        above = rows.select(pl.when(has).then(last).otherwise("_from").alias("at"))["at"]
        rows = rows.with_columns(rows[c].gather(above).alias(c) for c in told)
        names = ", ".join(told)
        n = int((~of["_said"]).sum())
        reading.notes.append(
            f"{n:,} rows with no {names} are of the sample of the patient's row above them (merged cells)"
        )
    rows = rows.drop("_said", "_block", "_from", strict=False)
    return rows if filled or blank.any() else frame
