"""Tissue against blood: which tissue variants plasma finds, by what could be expected of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from oncourse.derive.concordance.informative import informative_plasma
from oncourse.derive.concordance.pairs import PairTable
from oncourse.derive.concordance.presence import PresenceTable
from oncourse.facts.absence import absent_by_calls
from oncourse.stats.clustered_share import clustered_share
from oncourse.study.model import Study

STRATUM_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("set", pl.String, "all: every sampled patient; informative: plasma with tumour DNA by other evidence"),
    ("chip", pl.String, "with / without clonal haematopoiesis, seen or possible"),
    ("stratum", pl.String, "what the variants are split by"),
    ("level", pl.String, "level of the stratum"),
    ("n_patients", pl.Int64, "patients"),
    ("n_tissue", pl.Int64, "variants present in tissue and looked at in plasma"),
    ("n_found", pl.Int64, "of these, present in plasma"),
    ("n_not_assessable", pl.Int64, "of these, not assessable in plasma (not found, in the set of all)"),
    ("n_by_calls", pl.Int64, "of those not found, by calls alone: their reads in plasma were not counted"),
    ("ppa", pl.Float64, "share of tissue variants found in plasma; null: withheld, or none to find"),
    ("ci_low", pl.Float64, "lower limit"),
    ("ci_high", pl.Float64, "upper limit"),
    ("method", pl.String, "how the interval was made"),
    ("n_plasma_only", pl.Int64, "variants present in plasma and absent in tissue"),
    ("ppv", pl.Float64, "share of the assessable plasma variants that tissue has; null: as for ppa"),
    ("ppv_low", pl.Float64, "lower limit"),
    ("ppv_high", pl.Float64, "upper limit"),
    ("ppv_method", pl.String, "how the interval was made"),
)

#: Bands of tumour fraction (Clin Cancer Res 2024;30:2452 and Wyatt 2017 use 1 % and 2 %).
FRACTION_BANDS = (
    (0.0, 0.001, "below 0.1 %"),
    (0.001, 0.01, "0.1 to 1 %"),
    (0.01, 0.03, "1 to 3 %"),
    (0.03, 0.1, "3 to 10 %"),
    (0.1, 1.01, "10 % and more"),
)

#: Level of variants whose plasma may be in several bands: counted, without a share.
SPANS = "interval spans a cut-off"


def plasma_rows(
    study: Study, presence: PresenceTable, pairs: PairTable, plasma: pl.DataFrame, *, min_power: float
) -> pl.DataFrame:
    """Return one row per variant of each main tissue v plasma pair, with what it is split by.

    Columns: pair, patient_id, in_tissue, in_plasma (present / absent / not_assessable), is_informative, blood, powered
    (its absence from plasma would have been seen), clonality, vaf (tissue), tumor_fraction with its interval, gap,
    site, treated, cell_a (row of the tissue's cell).
    """
    main = pairs.pairs.filter(pl.col("is_main") & (pl.col("comparison") == "tissue v plasma"))
    rows = pairs.variants.join(
        main.select("pair", "patient_id", "row_a", "row_b", "days_between"), on="pair", how="inner"
    )
    a, b = rows["cell_a"].to_numpy(), rows["cell_b"].to_numpy()
    cells = presence.cells
    informative = informative_plasma(presence, plasma)["is_informative"]
    samples, uncalled = presence.samples, cells.select(uncalled=absent_by_calls())["uncalled"]
    row_a, row_b = rows["row_a"].to_numpy(), rows["row_b"].to_numpy()
    frame = rows.select("pair", "patient_id", "blood", "days_between", "cell_a").with_columns(
        in_tissue=cells["raw_state"].gather(a),
        in_plasma=cells["raw_state"].gather(b),
        ccf=cells["ccf"].gather(a),
        vaf=(cells["alt_count"] / cells["depth"]).gather(a),
        tumor_fraction=samples["purity"].gather(row_b),
        fraction_low=samples["purity_low"].gather(row_b),
        fraction_high=samples["purity_high"].gather(row_b),
        is_informative=informative.gather(row_b),
        by_calls=uncalled.gather(b),
        powered=(cells["power"].gather(b) >= min_power).fill_null(False),
        site=samples["site"].gather(row_a),
        role=samples["role"].gather(row_a),
        day_a=samples["day"].gather(row_a),
        day_b=samples["day"].gather(row_b),
        kind=_kind(cells["variant_id"]).gather(a),
    )
    return frame.join(_treated_between(study, main, samples), on="pair", how="left", maintain_order="left")


def _kind(ids: pl.Series) -> pl.Series:
    return pl.select(
        pl.when(pl.lit(ids).str.contains(r":[ACGT]:[ACGT]$"))
        .then(pl.lit("substitution"))
        .otherwise(pl.lit("indel or longer"))
    ).to_series()


def _treated_between(study: Study, main: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Return pair, treated: whether a systemic treatment ran between the two samples; null where days are unknown."""
    days = main.select(
        "pair",
        "patient_id",
        day_a=samples["day"].gather(main["row_a"].to_numpy()),
        day_b=samples["day"].gather(main["row_b"].to_numpy()),
    )
    known = days.filter(pl.col("day_a").is_not_null() & pl.col("day_b").is_not_null())
    if not study.has("treatments"):
        return days.select("pair", treated=pl.lit(None, dtype=pl.Boolean))
    first, last = pl.min_horizontal("day_a", "day_b"), pl.max_horizontal("day_a", "day_b")
    runs = study["treatments"].select("patient_id", "start_day", "stop_day")
    hit = known.join(runs, on="patient_id", how="inner").filter(
        (pl.col("start_day") < last) & (pl.col("stop_day").is_null() | (pl.col("stop_day") > first))
    )
    return known.select("pair", treated=pl.col("pair").is_in(hit["pair"].unique().implode()))


def strata(rows: pl.DataFrame) -> list[tuple[str, pl.Expr]]:
    """Return what the variants are split by: (name, expression of the level; null = not known).

    Clonality needs counted reads: without them the cell fraction follows from being found, and the split tells itself.
    A tumour fraction whose interval spans a cut-off is in no band.
    """
    counted = pl.col("vaf").is_not_null()
    clonality = (
        pl.when(counted & (pl.col("ccf") >= 0.75))
        .then(pl.lit("clonal (CCF 0.75 and more)"))
        .when(counted & (pl.col("ccf") < 0.75))
        .then(pl.lit("subclonal"))
    )
    vaf = (
        pl.when(pl.col("vaf") < 0.1)
        .then(pl.lit("below 0.1"))
        .when(pl.col("vaf") < 0.3)
        .then(pl.lit("0.1 to 0.3"))
        .when(pl.col("vaf").is_not_null())
        .then(pl.lit("0.3 and more"))
    )
    gap = (
        pl.when(pl.col("days_between").abs() <= 30)
        .then(pl.lit("within 30 days"))
        .when(pl.col("days_between").abs() <= 180)
        .then(pl.lit("31 to 180 days"))
        .when(pl.col("days_between").is_not_null())
        .then(pl.lit("more than 180 days"))
    )
    ends = [pl.coalesce(f"fraction_{end}", "tumor_fraction") for end in ("low", "high")]
    fraction: Any = pl
    for low, high, word in FRACTION_BANDS:
        within = [(end >= low) & (end < high) for end in ends]
        fraction = fraction.when(within[0] & within[1]).then(pl.lit(word))
    fraction = fraction.when(pl.col("tumor_fraction").is_not_null()).then(pl.lit(SPANS))
    treated = (
        pl.when(pl.col("treated"))
        .then(pl.lit("treated in between"))
        .when(~pl.col("treated"))
        .then(pl.lit("not treated"))
    )
    return [
        ("overall", pl.lit("all variants")),
        ("clonality", clonality),
        ("tissue VAF", vaf),
        ("tumour fraction", fraction),
        ("days between", gap),
        ("tissue", pl.col("role")),
        ("site", pl.col("site")),
        ("treatment", treated),
        ("kind", pl.col("kind")),
    ]


def stratum_table(rows: pl.DataFrame) -> pl.DataFrame:
    """Return PPA and PPV of plasma by stratum, set and treatment of blood clones (`STRATUM_COLUMNS`)."""
    out = []
    kept = rows.filter(pl.col("blood").is_null() | (pl.col("blood") != "germline"))
    levels = [(name, level.cast(pl.Categorical)) for name, level in strata(kept)]
    kept = kept.with_columns(level.alias(f"by {name}") for name, level in levels)
    for chip in ("with", "without"):
        base = kept if chip == "with" else kept.filter(pl.col("blood").is_null())
        for name in ("all", "informative"):
            part = base if name == "all" else base.filter("is_informative")
            for stratum, _ in levels:
                per = patient_counts(part, name, f"by {stratum}").drop_nulls("level")
                per = per.with_columns(pl.col("level").cast(pl.String)).sort("level", "patient_id")
                for (word,), group in per.group_by("level", maintain_order=True):
                    row = {"set": name, "chip": chip, "stratum": stratum, "level": word}
                    out.append(_rates(row, group))
    return pl.DataFrame(out, schema={name: dtype for name, dtype, _ in STRATUM_COLUMNS})


def patients_of_level(rows: pl.DataFrame, stratum: str) -> dict[str, list[str]]:
    """Return level -> patients whose variants of tissue are in it, clonal haematopoiesis left out."""
    level = dict(strata(rows))[stratum].alias("level")
    kept = rows.filter(pl.col("blood").is_null() & (pl.col("in_tissue") == "present")).select(level, "patient_id")
    return dict(kept.drop_nulls("level").group_by("level").agg(pl.col("patient_id").unique().sort()).iter_rows())


def patient_counts(rows: pl.DataFrame, name: str, level: str | None = None) -> pl.DataFrame:
    """Return per patient (and `level`, a column) n_tissue, n_found, n_unknown, n_plasma_only.

    In the set of all, a tissue variant that plasma could not show counts as not found; in the informative set it is
    left out of the denominator.
    """
    tissue = pl.col("in_tissue") == "present"
    unknown = tissue & (pl.col("in_plasma") == "not_assessable")
    denominator = tissue if name == "all" else tissue & ~unknown
    keys = ["patient_id"] if level is None else [pl.col(level).alias("level"), pl.col("patient_id")]
    return (
        rows.group_by(keys)
        .agg(
            n_by_calls=(tissue & pl.col("by_calls")).sum(),
            n_tissue=denominator.sum(),
            n_found=(tissue & (pl.col("in_plasma") == "present")).sum(),
            n_unknown=unknown.sum(),
            n_powered=(tissue & ~unknown & pl.col("powered")).sum(),
            n_plasma_only=((pl.col("in_tissue") == "absent") & (pl.col("in_plasma") == "present")).sum(),
        )
        .sort("patient_id")
    )


def _rates(row: dict[str, Any], per: pl.DataFrame) -> dict[str, Any]:
    """Add the numbers of a stratum to its names."""
    found, tissue, alone = (per[c].to_numpy().astype(float) for c in ("n_found", "n_tissue", "n_plasma_only"))
    ppa, ppv = clustered_share(found, tissue), clustered_share(found, found + alone)
    # plasma that is informative by what was found, and could not have told an absence: found in 100 %
    circular = row["set"] == "informative" and found.sum() == tissue.sum() and not per["n_powered"].sum()
    if circular or row["level"] == SPANS:  # that level is no band: a mixture of what could not be placed
        ppa = ppv = clustered_share(np.zeros(0), np.zeros(0))
    keys = (("ppa", "ci_low", "ci_high", ppa), ("ppv", "ppv_low", "ppv_high", ppv))
    numbers = {
        key: None if np.isnan(value) else value
        for name, low, high, share in keys
        for key, value in ((name, share.value), (low, share.low), (high, share.high))
    }
    return row | {
        "n_patients": per.height,
        "n_tissue": int(tissue.sum()),
        "n_found": int(found.sum()),
        "n_not_assessable": int(per["n_unknown"].sum()),
        "n_by_calls": int(per["n_by_calls"].sum()),
        "n_plasma_only": int(alone.sum()),
        **numbers,
        "method": ppa.method,
        "ppv_method": ppv.method,
    }
