"""The figures of findings and prognosis: forest, volcano, curves entered when the finding was known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl

from oncourse.analyses._base import Figure
from oncourse.analyses._headline import endpoint_short, endpoint_title, endpoint_words, feature_words
from oncourse.derive.outcomes.features import FeatureTable
from oncourse.derive.outcomes.outcome_scan import Outcome
from oncourse.words.numbers import bare

_RATIO = "hazard ratio"


def figures_of(
    features: FeatureTable,
    targets: dict[str, Outcome],
    tested: pl.DataFrame,
    *,
    top: int,
    alpha: float,
    curves: int,
) -> tuple[Figure, ...]:
    """Return forests of the `top` findings of each endpoint and curves of the first `curves` at `alpha`."""
    from oncourse.plots.forest import ForestRow, forest_figure, volcano_figure

    out = []
    for endpoint in targets:
        title, short = endpoint_title(endpoint), endpoint_short(endpoint)
        mine = tested.filter((pl.col("endpoint") == endpoint) & pl.col("hazard_ratio").is_not_null())
        if mine.is_empty():
            continue
        rows, carriers = [], _carriers(features, targets[endpoint])
        for row in mine.head(top).iter_rows(named=True):
            low = 0.0 if row["ci_low"] is None else row["ci_low"]
            high = float("inf") if row["ci_high"] is None else row["ci_high"]
            counts = f"n {row['n']}" if row["n_altered"] is None else f"{row['n_altered']}/{row['n']}"
            least = "" if row["min_detectable_hr"] is None else f"{row['min_detectable_hr']:.1f}"
            cells = (
                _ratio(row["hazard_ratio"], low, high),
                counts,
                "named" if row["q_value"] is None else f"{row['q_value']:.2g}",
                least,
            )
            who = tuple(carriers(row["feature"]))
            rows.append(
                ForestRow(feature_words(row["feature"]), row["hazard_ratio"], low, high, cells=cells, people=who)
            )
        out.append(
            Figure(
                f"forest_{endpoint}",
                f"{title}: smallest p-values",
                f"Hazard ratios for {short} with 95 % intervals, unadjusted; beside: altered of known patients, q, "
                f"and the "
                "smallest hazard ratio above 1 that so many events would find (80 %, 5 %).",
                partial(
                    forest_figure,
                    rows,
                    xlabel=_RATIO,
                    better=f"longer {short}",
                    worse=f"shorter {short}",
                    columns=("ratio (95 % CI)", "altered", "q", "detectable"),
                ),
            )
        )
        if mine.height >= 10:
            binary = mine.filter(pl.col("n_altered").is_not_null())
            hit = (binary["q_value"] <= alpha).fill_null(False).to_numpy()
            if binary.height:
                out.append(
                    Figure(
                        f"volcano_{endpoint}",
                        f"{title}: effect and evidence",
                        f"Every feature tested with {short}; coloured at a false discovery rate of {alpha:g}.",
                        partial(
                            volcano_figure,
                            binary["hazard_ratio"],
                            binary["p_value"],
                            [feature_words(name) for name in binary["feature"]],
                            hit,
                            xlabel=f"{_RATIO} (altered v not)",
                            people=[carriers(name) for name in binary["feature"]],
                        ),
                    )
                )
    return tuple(out + _curves(features, targets, tested, alpha=alpha, curves=curves))


def _ratio(value: float, low: float, high: float) -> str:
    """A hazard ratio with its interval as a column of them: two decimals, none from 10 on; an open end is infinite.

    >>> _ratio(32.71, 6.74, 159.07), _ratio(0.12, 0.001, 1.07), _ratio(2.0, 1.1, float("inf"))
    ('33 (6.74-159)', '0.12 (<0.01-1.07)', '2.00 (1.10-\u221e)')
    """

    def one(number: float) -> str:
        small = "0" if number == 0 else "<0.01" if number < 0.005 else f"{number:.2f}"
        return "\u221e" if math.isinf(number) else small if number < 1 else bare(number, "ratio")

    return f"{one(value)} ({one(low)}-{one(high)})"


def _carriers(features: FeatureTable, target: Outcome) -> Callable[[str], list[str]]:
    """Return who of the patients with an outcome has a feature; of a number, and of what is no finding: who has it
    known."""
    place = {name: (block, j) for block in features.blocks for j, name in enumerate(block.names)}
    where = {p: i for i, p in enumerate(features.patients)}
    index, patients = np.array([where[p] for p in target.patients], np.int64), np.array(target.patients, object)

    def has(feature: str) -> list[str]:
        if feature not in place:
            return list(target.patients)
        block, j = place[feature]
        values = block.values[index, j]
        found: list[str] = patients[values == 1 if block.is_binary else np.isfinite(values)].tolist()
        return found

    return has


def _curves(
    features: FeatureTable, targets: dict[str, Outcome], tested: pl.DataFrame, *, alpha: float, curves: int
) -> list[Figure]:
    """Kaplan-Meier curves of pre-specified features that showed something, of the smallest q-values, then of the other
    pre-specified ones, entered when known; each feature once."""
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure

    binary = tested.filter(pl.col("n_altered").is_not_null() & (pl.col("kind") != "covariate"))
    hits = binary.filter(pl.col("q_value") <= alpha)
    named = binary.filter("is_prespecified").sort("p_value", "feature", "endpoint", nulls_last=True)
    shown = (pl.col("ci_low") > 1) | (pl.col("ci_high") < 1)
    chosen = pl.concat([named.filter(shown.fill_null(False)), hits, named])
    chosen = chosen.unique("feature", keep="first", maintain_order=True).head(curves)
    out = []
    for row in chosen.iter_rows(named=True):
        place = features.column(row["feature"])
        if place is None:
            continue
        block, j = place
        target = targets[row["endpoint"]]
        where = {p: i for i, p in enumerate(features.patients)}
        index = np.array([where[p] for p in target.patients])
        value, day = block.values[index, j], block.day[index]
        since = np.where(np.isfinite(day), np.maximum(day - target.origin, 0.0), 0.0)
        entry = np.maximum(target.entry, since)
        kept = (value >= 0) & (entry < target.time)
        late = bool((entry[kept] > 0).any())
        drawn, _ = km_groups(
            target.time[kept],
            target.event[kept],
            entry[kept] if late else None,
            {"altered": value[kept] == 1, "not altered": value[kept] == 0},
            [p for p, is_kept in zip(target.patients, kept, strict=True) if is_kept],
        )
        text = "Patients enter on the day their sample was taken. " if late else ""
        name = re.sub(r"[\W_]+", "_", f"km_{row['feature']}_{row['endpoint']}")
        out.append(
            Figure(
                name,
                f"{feature_words(row['feature'])} and {endpoint_words(row['endpoint'])}",
                f"{text}Kaplan-Meier with 95 % intervals (log-log), censoring marks and numbers at risk.",
                partial(
                    survival_figure,
                    drawn,
                    ylabel=str(endpoint_words(row["endpoint"])),
                    title=feature_words(row["feature"]),
                ),
            )
        )
    return out
