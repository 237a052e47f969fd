"""Target lesions that were taken out or irradiated while they were followed: what became of them is no response.

RECIST 1.1 does not follow such a lesion further: it is missing at every later visit (EORTC, questions and answers on
RECIST: surgery/radiotherapy and RECIST).
"""

from __future__ import annotations

import polars as pl

from oncourse.study.procedures import LOCAL, REMOVING, kind_of

TREATED_SCHEMA = {"patient_id": pl.String, "lesion_id": pl.String, "treated_day": pl.Int64, "treatment": pl.String}


def treated_lesions(sizes: pl.DataFrame, procedures: pl.DataFrame | None) -> pl.DataFrame:
    """Return the local treatments of target lesions (`TREATED_SCHEMA`), one row per lesion and day.

    A procedure is on the lesion it names. An operation or ablation that names no target lesion may have been on any
    that is gone for the first time after it: nothing tells them apart, and such a lesion counts as taken out.

    Parameters
    ----------
    sizes : patient_id, day, lesion_id, size (0: gone), `oncourse.derive.clinical.target_lesions.lesion_sizes`
    procedures : patient_id, day, kind, lesion_id
    """
    if procedures is None or procedures.is_empty() or sizes.is_empty():
        return pl.DataFrame(schema=TREATED_SCHEMA)
    kinds = pl.Series("treatment", [kind_of(text) for text in procedures["kind"]], dtype=pl.String)
    rows = procedures.select("patient_id", "lesion_id", pl.col("day").alias("treated_day")).with_columns(kinds)
    rows = rows.filter(pl.col("treatment").is_in(LOCAL) & pl.col("treated_day").is_not_null())
    lesions = sizes.select("patient_id", "lesion_id").unique()
    named = rows.join(lesions, on=["patient_id", "lesion_id"], how="semi")
    others = rows.filter(pl.col("treatment").is_in(REMOVING)).join(lesions, on=["patient_id", "lesion_id"], how="anti")
    course = others.drop("lesion_id").join(sizes, on="patient_id").sort("day")
    before, after = (pl.col("day") <= pl.col("treated_day")), (pl.col("day") > pl.col("treated_day"))
    guessed = (
        course.group_by("patient_id", "treated_day", "treatment", "lesion_id")
        .agg(
            pl.col("size").filter(before).drop_nulls().last().alias("_before"),
            pl.col("size").filter(after).drop_nulls().first().alias("_after"),
        )
        .filter((pl.col("_before") > 0) & (pl.col("_after") == 0))
    )
    return (
        pl.concat([frame.select(pl.col(n).cast(t) for n, t in TREATED_SCHEMA.items()) for frame in (named, guessed)])
        .unique()
        .sort("patient_id", "lesion_id", "treated_day", "treatment")
    )


def without_treated(rows: pl.DataFrame, treated: pl.DataFrame) -> pl.DataFrame:
    """Take the sizes (null: not evaluable) of treated lesions out of the rows after the treatment; add ``local``.

    A lesion treated before its baseline was chosen as a target afterwards, and stays. One that has outgrown its last
    size before the treatment is measured: it grew in spite of it.

    Parameters
    ----------
    rows : patient_id, line, lesion_id, day, size of every visit, base_day (day of the lesion's baseline)
    treated : `treated_lesions`

    Returns
    -------
    `rows`, and ``local``: "T1: radiotherapy on day 100" where the size was taken out, else null
    """
    if treated.is_empty():
        return rows.with_columns(pl.lit(None, pl.String).alias("local"))
    keys = ["patient_id", "line", "lesion_id", "day"]
    met = rows.select(*keys, "size", "base", "base_day").join(treated, on=["patient_id", "lesion_id"])
    met = met.filter((pl.col("treated_day") > pl.col("base_day")) & (pl.col("day") > pl.col("treated_day")))
    first = (
        met.sort("treated_day").group_by(keys, maintain_order=True).first().select(*keys, "treated_day", "treatment")
    )
    by = ["patient_id", "line", "lesion_id"]
    rows = rows.join(first, on=keys, how="left", maintain_order="left")
    is_treated = pl.col("treated_day").is_not_null()
    untreated = rows.filter(~is_treated & pl.col("size").is_not_null()).sort("day")
    last = untreated.group_by(by, maintain_order=True).agg(pl.col("size").last().alias("_last"))
    rows = rows.join(last, on=by, how="left", maintain_order="left")
    outgrown = pl.col("size") > pl.coalesce("_last", "base")
    out = is_treated & ~outgrown.fill_null(False)
    text = pl.format("{}: {} on day {}", "lesion_id", pl.col("treatment").str.replace("_", " "), "treated_day")
    return rows.with_columns(
        pl.when(out).then(None).otherwise("size").alias("size"), pl.when(out).then(text).alias("local")
    ).drop("treated_day", "treatment", "_last")
