"""Clinical covariates as known on a given day, and their columns in a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from oncourse.derive.outcomes.arm_covariates import recorded_arms
from oncourse.errors import ConfigError
from oncourse.study.analytes import lab_values
from oncourse.study.model import Study
from oncourse.study.schema import nearest
from oncourse.study.tables import TABLES

#: Taken where study.yaml names no covariates and the column holds values.
USUAL = {"age_years": "number", "sex": "category", "stage": "category", "primary_site": "category"}
#: Categories with fewer patients are joined to "other": a coefficient of its own would rest on nothing.
MIN_CATEGORY = 5
#: More different words in a column are names, not levels.
MOST_LEVELS = 6
YES = ("yes", "true", "1", "y", "positive")
NO = ("no", "false", "0", "n", "negative")


@dataclass(frozen=True)
class CovariateColumn:
    """One column of a model.

    `name` (``stage=III``), the covariate it comes from, its kind, its category, and the categories of their own
    (any other value is ``other``).
    """

    name: str
    covariate: str
    kind: str
    level: str | None = None
    kept: tuple[str, ...] = ()


def chosen_covariates(study: Study, names: tuple[str, ...] = ()) -> dict[str, str]:
    """Return covariate -> kind: those named, else those of study.yaml, else the usual ones that hold values.

    A column of patients that says which treatment each was given (`recorded_arms`) is among them unless others are
    named: it may decide the outcome and what was measured.

    Raises
    ------
    ConfigError : a named covariate is neither in study.yaml nor a usual one
    """
    usual = {n: k for n, k in USUAL.items() if n in study["patients"].columns}
    listed = dict(study.config.covariates)
    if names == ("none",):
        return {}
    arms = recorded_arms(study["patients"])
    if not names:
        own = listed or {n: k for n, k in usual.items() if study["patients"][n].n_unique() > 1}
        return own | {n: k for n, k in arms.items() if n not in own}
    known = {**usual, **arms, **listed}
    problems = []
    for name in names:
        if name not in known:
            near = nearest(name, known, cutoff=0.5)
            problems.append(
                f"covariate {name}: list it under `covariates:` in study.yaml as number, category or yes_no."
                + (f" Did you mean {near}?" if near else "")
            )
    if problems:
        raise ConfigError(problems)
    return {name: known[name] for name in names}


def unnamed_columns(study: Study) -> dict[str, str]:
    """Return column -> kind of the columns of patients that study.yaml does not name, where they could be covariates:
    yes and no, 2 to `MOST_LEVELS` words, or numbers. Nothing asks them: they may be results of the disease.
    """
    config, table = study.config, study["patients"]
    named = {*TABLES["patients"].by_name, *config.covariates, *config.extra_columns, *recorded_arms(table)}
    kinds = {name: _kind(table[name].drop_nulls()) for name in table.columns if name not in named}
    return {name: kind for name, kind in kinds.items() if kind}


def _kind(values: pl.Series) -> str | None:
    """Return yes_no, category or number; None for what has one value, or is a name or a day of each patient."""
    words = values.cast(pl.String).str.strip_chars()
    if words.n_unique() < 2:
        return None
    if words.str.to_lowercase().is_in([*YES, *NO]).all():
        return "yes_no"
    if words.n_unique() <= MOST_LEVELS:
        return "category"
    return "number" if words.cast(pl.Float64, strict=False).null_count() == 0 else None


def covariates_at(study: Study, units: pl.DataFrame, covariates: Mapping[str, str]) -> pl.DataFrame:
    """Return the covariates of each unit as known on its day.

    Parameters
    ----------
    units : unit (unique number), patient_id, zero_day (null: the index date)
    covariates : name -> number / category / yes_no; a column of patients (known from the start), of samples
        (the last sample on or before the day that has a value; a sample without a day counts from the start), or
        ``lab:NAME`` (last value on or before the day)

    Returns
    -------
    unit and one column per covariate: Float64 (number; 1 / 0 for yes_no) or String; null = not known by then.
    """
    out = units.select("unit", "patient_id", pl.col("zero_day").fill_null(0))
    for name, kind in covariates.items():
        source = source_of(study, name)
        if source == "labs":
            values = _lab(study, name.removeprefix("lab:"))
        elif source == "patients":
            values = study["patients"].select("patient_id", pl.lit(None, pl.Int64).alias("day"), pl.col(name))
        else:
            values = study["samples"].select("patient_id", "day", pl.col(name))
        values = values.rename({name: "value"} if name in values.columns else {})
        values = values.with_columns(_typed(pl.col("value"), values["value"].dtype, kind)).drop_nulls("value")
        known = (
            out.join(values, on="patient_id", how="inner")
            .filter(pl.col("day").is_null() | (pl.col("day") <= pl.col("zero_day")))
            .sort("unit", "day", "value", nulls_last=False)
            .group_by("unit", maintain_order=True)
            .agg(pl.col("value").last().alias(name))
        )
        out = out.join(known, on="unit", how="left", maintain_order="left")
    return out.drop("patient_id", "zero_day")


def source_of(study: Study, name: str) -> str:
    """Return the table a covariate is read from: labs, patients or samples.

    Raises
    ------
    ConfigError : no such column
    """
    if name.startswith("lab:"):
        return "labs"
    for table in ("patients", "samples"):
        if name in study[table].columns:
            return table
    raise ConfigError(f"covariate {name}: neither patients nor samples have this column.")


def encode(values: pl.DataFrame, covariates: Mapping[str, str]) -> tuple[np.ndarray, list[CovariateColumn]]:
    """Return (matrix (n, columns) with NaN where missing, columns).

    A category becomes one 0/1 column per value but the commonest; values of fewer than `MIN_CATEGORY` patients are
    joined to ``other``. A covariate without two different values gives no column.
    """
    columns: list[CovariateColumn] = []
    for name, kind in covariates.items():
        series = values[name]
        if kind != "category":
            if series.drop_nulls().n_unique() > 1:
                columns.append(CovariateColumn(name, name, kind))
            continue
        counts = sorted(series.drop_nulls().value_counts().iter_rows(), key=lambda row: (-row[1], row[0]))
        kept = [value for value, n in counts if n >= MIN_CATEGORY]
        rare = [value for value, n in counts if n < MIN_CATEGORY]
        levels = kept + (["other"] if rare else [])
        columns += [CovariateColumn(f"{name}={level}", name, kind, level, tuple(kept)) for level in levels[1:]]
    return matrix(values, columns), columns


def matrix(values: pl.DataFrame, columns: list[CovariateColumn]) -> np.ndarray:
    """Return the columns of new values, shape (n, columns); a category never seen counts as ``other``."""
    out = np.full((values.height, len(columns)), np.nan)
    for j, column in enumerate(columns):
        if column.covariate not in values.columns:
            continue
        series = values[column.covariate]
        if column.kind != "category":
            out[:, j] = series.cast(pl.Float64).to_numpy()
            continue
        for i, value in enumerate(series.cast(pl.String).to_list()):
            if value is not None:
                out[i, j] = float((value if value in column.kept else "other") == column.level)
    return out


def _lab(study: Study, analyte: str) -> pl.DataFrame:
    """Values of one analyte in one unit; of "<0.1" and ">1000" the limit itself stands for it."""
    return lab_values(study["labs"], analyte).select("patient_id", "day", "value")


def _typed(value: pl.Expr, dtype: pl.DataType, kind: str) -> pl.Expr:
    if kind == "number":
        return value.cast(pl.Float64, strict=False).fill_nan(None)
    text = value.cast(pl.String).str.strip_chars()
    if kind == "yes_no":
        lower = text.str.to_lowercase()
        return pl.when(lower.is_in(YES)).then(1.0).when(lower.is_in(NO)).then(0.0).otherwise(None).alias("value")
    return pl.when(text == "").then(None).otherwise(text).alias("value")
