"""Markers (AR-V7, HER2, protein loss ...) as features: positive v negative, from a cut-off, or the number."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.outcomes.feature_blocks import PER_UNIT, FeatureBlock
from oncourse.facts.markers import NEGATIVE, POSITIVE, in_signs, marker_name, marker_state
from oncourse.study.model import Study


def marker_blocks(
    study: Study, patients: tuple[str, ...], min_altered: int, left_out: dict[str, int]
) -> list[FeatureBlock]:
    """The first assessable value of each marker: positive / negative, from its cut-off, or a number."""
    if not study.has("markers"):
        return []
    days = study["samples"].select("sample_id", pl.col("day").alias("sample_day"))
    rows = (
        study["markers"]
        .join(days, on="sample_id", how="left")
        .with_columns(day=pl.coalesce("day", "sample_day").cast(pl.Float64))
        .with_columns(
            text=pl.col("value").cast(pl.String).str.strip_chars().str.to_lowercase(),
            number=pl.col("value").cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False),
        )
    )
    names = [marker_name(m, v) for m, v in rows.select("marker", "text").iter_rows()]
    signs = in_signs(names, rows["text"])
    states = [
        {POSITIVE: 1.0, NEGATIVE: 0.0}.get(marker_state(name, text, signs=name in signs))
        for name, text in zip(names, rows["text"], strict=True)
    ]
    rows = rows.with_columns(pl.Series("marker", names, pl.String), pl.Series("state", states, pl.Float64)).sort(
        "marker", "patient_id", "day", "text", nulls_last=False
    )
    number = {p: i for i, p in enumerate(patients)}
    out = []
    for (marker,), frame in rows.group_by("marker", maintain_order=True):
        cut = study.config.cutoffs.get(str(marker))
        as_state = frame["state"].is_not_null().any()
        if as_state:
            frame = frame.with_columns(x=pl.col("state"))
        elif cut is not None:
            frame = frame.with_columns(x=(pl.col("number") >= float(cut)).cast(pl.Float64))
        else:
            frame = frame.with_columns(x=pl.col("number"))
        first = frame.drop_nulls("x").unique("patient_id", keep="first", maintain_order=True)
        day, x = np.full(len(patients), np.nan), np.full(len(patients), np.nan)
        ids: list[str | None] = [None] * len(patients)
        for patient, when, value, sample in first.select("patient_id", "day", "x", "sample_id").iter_rows():
            if patient in number:
                i = number[patient]
                day[i], x[i], ids[i] = np.nan if when is None else when, value, sample
        binary = as_state or cut is not None
        if binary and (x == 1).sum() < min_altered:
            left_out["marker"] = left_out.get("marker", 0) + 1
            continue
        if np.unique(x[~np.isnan(x)]).size < 2:
            continue
        values: NDArray[Any] = np.where(np.isnan(x), -1, x).astype(np.int8) if binary else x
        per = "positive v negative" if as_state else PER_UNIT if cut is None else f"at least {cut:g} v below"
        out.append(FeatureBlock((f"marker:{marker}",), ("marker",), values[:, None], day, tuple(ids), per))
    return out
