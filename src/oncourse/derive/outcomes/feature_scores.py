"""MSI, burden, tumour fraction of plasma, signatures as given and scores as features."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.outcomes.feature_blocks import (
    PER_UNIT,
    FeatureBlock,
    FeatureTables,
    Finding,
    SampleOrder,
    make_block,
    mask,
)

if TYPE_CHECKING:
    from oncourse.derive.outcomes.features import FeatureParams

#: Mutations per megabase from which burden counts as high (FDA approval of pembrolizumab, 2020).
TMB_HIGH = 10.0


#: Columns of samples.tsv that hold exposures of COSMIC signatures: SBS3, ID6, DBS2, CN9, SV4.
SIGNATURE = re.compile(r"^(SBS|ID|DBS|CN|SV)\d+[a-z]?$")


def score_columns(samples: pl.DataFrame, named: tuple[str, ...]) -> list[tuple[str, str, bool]]:
    """Return (column, name of the feature, is_signature) of the numeric columns of samples that are scanned.

    Columns called like a COSMIC signature become ``signature:SBS3``; those in `named` become ``score:NAME``. Exposures
    are taken as given: fitting them needs the COSMIC catalogue, whose terms do not let it be shipped here.
    """
    numeric = [c for c, dtype in samples.schema.items() if dtype.is_numeric()]
    out = [(c, f"signature:{c}", True) for c in numeric if SIGNATURE.match(c)]
    return out + [(c, f"score:{c}", False) for c in named if c in numeric and not SIGNATURE.match(c)]


def burden_findings(tables: FeatureTables, samples: SampleOrder) -> Iterable[Finding]:
    """MSI-H, and burden from the cut-off (study.yaml cutoffs: TMB)."""
    burden = tables.burden
    msi = tables.statuses.filter((pl.col("status") == "MSI-H") & pl.col("sample_id").is_not_null())
    known = msi.filter(pl.col("state") != "not_assessable")
    if known.height:
        high = known.filter(pl.col("state") == "positive")["sample_id"]
        yield Finding("msi:MSI-H", "msi", mask(samples, known["sample_id"]), mask(samples, high))
    cut = float(tables.study.config.cutoffs.get("TMB", TMB_HIGH))
    sized = burden.drop_nulls("tmb_per_mb")
    if sized.height:
        high = sized.filter(pl.col("tmb_per_mb") >= cut)["sample_id"]
        yield Finding("burden:TMB-high", "burden", mask(samples, sized["sample_id"]), mask(samples, high))


def number_blocks(
    tables: FeatureTables, samples: SampleOrder, chosen: NDArray[np.bool_], params: FeatureParams
) -> list[FeatureBlock]:
    """Burden (per doubling), the tumour fraction of plasma (per 10 percentage points), signatures and scores as
    given."""
    out = []
    burden = tables.burden.drop_nulls("tmb_per_mb").select("sample_id", pl.col("tmb_per_mb").alias("value"))
    plasma = (
        tables.study["samples"]
        .filter(pl.col("material") == "plasma")
        .drop_nulls("tumor_fraction")
        .select("sample_id", pl.col("tumor_fraction").alias("value"))
    )
    every = np.ones(len(samples.ids), bool)
    given: list[tuple[Any, ...]] = []
    for column, feature, is_signature in score_columns(tables.study["samples"], params.scores):
        frame = tables.study["samples"].select("sample_id", pl.col(column).cast(pl.Float64).alias("value"))
        frame = frame.filter(pl.col("value").is_finite().fill_null(False))
        rescale, step = score_scale(frame["value"].to_numpy(), is_signature)
        given.append((feature, feature.split(":")[0], frame, rescale, chosen, step))
    for name, kind, frame, scale, allowed, per in (
        *given,
        ("burden:TMB", "burden", burden, lambda v: np.log2(v + 1.0), chosen, "per doubling of 1 + TMB"),
        ("ctdna:tumor_fraction", "ctdna", plasma, lambda v: 10.0 * v, every, "per 10 percentage points"),
    ):
        number = dict(frame.iter_rows())
        looked = mask(samples, number)
        speaks = samples.first(looked & allowed)
        values = np.array([number[samples.ids[s]] if s >= 0 else np.nan for s in speaks], float)
        values = scale(values)  # type: ignore[no-untyped-call]
        if np.unique(values[~np.isnan(values)]).size > 1:
            out.append(make_block(samples, [(name, kind)], values[:, None], speaks, per))
    return out


def score_scale(values: np.ndarray, is_signature: bool) -> tuple[Callable[[np.ndarray], np.ndarray], str]:
    """Return how a column is scaled and what a step is: exposures that are shares per 10 percentage points."""
    share = is_signature and bool(((values >= 0) & (values <= 1)).all())
    return (lambda v: 10.0 * v, "per 10 percentage points of the mutations") if share else (lambda v: v, PER_UNIT)
