"""A number of every sample compared between groups: by patient, paired where one patient has both."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.genes.gene_groups import MAX_GROUPS
from oncourse.stats.fdr import benjamini_hochberg
from oncourse.stats.medians import clustered_median_interval, paired_shift, shift

SUMMARY_SCHEMA = {
    "measure": pl.String,
    "group": pl.String,
    "n_samples": pl.Int64,
    "n_patients": pl.Int64,
    "mean": pl.Float64,
    "mean_low": pl.Float64,
    "mean_high": pl.Float64,
    "median": pl.Float64,
    "median_low": pl.Float64,
    "median_high": pl.Float64,
    "q25": pl.Float64,
    "q75": pl.Float64,
}
TEST_SCHEMA = {
    "measure": pl.String,
    "group_a": pl.String,
    "group_b": pl.String,
    "method": pl.String,
    "n_a": pl.Int64,
    "n_b": pl.Int64,
    "median_a": pl.Float64,
    "median_b": pl.Float64,
    "mean_a": pl.Float64,
    "mean_b": pl.Float64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "mean_difference": pl.Float64,
    "mean_difference_low": pl.Float64,
    "mean_difference_high": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
}
#: Patients with samples in both groups from which a paired test is made.
MIN_PAIRS = 6
#: Measures that are shares of the genome.
SHARES = ("fga", "loh_share")
Floats = NDArray[np.float64]


def group_summaries(values: pl.DataFrame, *, shares: Collection[str] = SHARES) -> pl.DataFrame:
    """Return `SUMMARY_SCHEMA`: mean (t interval) and median (order statistics) over samples, patients as clusters.

    Of two or three skewed values the t interval can reach below what can be: of a measure that is never negative
    (burdens, shares, counts) its lower limit is at least 0, of one within 0 and 1 that is a share its upper at most 1.

    Parameters
    ----------
    values : measure, sample_id, patient_id, group (null: in no group), value (null: not measured)
    shares : the measures that are shares, 0-1
    """
    rows = []
    for (measure, group), part in _parts(values, ["measure", "group"]):
        x, whose = part["value"].to_numpy(), part["patient_id"].to_numpy()
        low, high = mean_interval(x, whose)
        high = min(high, 1.0) if high is not None and measure in shares else high
        m_low, m_high = clustered_median_interval(x, whose)
        rows.append(
            (
                measure,
                group,
                len(x),
                part["patient_id"].n_unique(),
                float(x.mean()),
                low,
                high,
                float(np.median(x)),
                m_low,
                m_high,
                float(np.quantile(x, 0.25)),
                float(np.quantile(x, 0.75)),
            )
        )
    return pl.DataFrame(rows, schema=SUMMARY_SCHEMA, orient="row")


def group_tests(values: pl.DataFrame) -> pl.DataFrame:
    """Return `TEST_SCHEMA`: every pair of the largest groups, by patient (median of the patient's samples in the
    group).

    Patients with samples in both groups make a paired test (Wilcoxon signed rank) where there are `MIN_PAIRS`; all
    others an unpaired one (Mann-Whitney): a patient is in one test of a pair of groups, never in both groups of the
    unpaired one. `difference` is the first group less the second, as is `mean_difference` with its t interval (Welch;
    of pairs that of their differences): published differences are often those of means, and of values that lie on a
    grid (burdens of one panel) the limits of the shift fall on the grid too.
    """
    rows = []
    for (measure,), part in _parts(values, ["measure"]):
        by = part.group_by("group", "patient_id").agg(pl.col("value").median()).sort("group", "patient_id")
        sizes = by.group_by("group").len().sort(["len", "group"], descending=[True, False]).head(MAX_GROUPS)
        for a, b in combinations(sorted(sizes["group"]), 2):
            x, y = (by.filter(pl.col("group") == g).select("patient_id", "value") for g in (a, b))
            both = x.join(y, on="patient_id", how="inner", suffix="_b").sort("patient_id")
            x, y = (side.join(both, on="patient_id", how="anti") for side in (x, y))
            if both.height >= MIN_PAIRS:
                one, two = both["value"].to_numpy(), both["value_b"].to_numpy()
                told = *_sides(one, two), *paired_shift(two, one), *_paired_means(one, two), _wilcoxon(one, two), None
                rows.append((measure, a, b, "paired, Wilcoxon signed rank", *told))
            one, two = x["value"].to_numpy(), y["value"].to_numpy()
            if min(len(one), len(two)) >= 2:
                told = *_sides(one, two), *shift(two, one), *_means(one, two), _mann_whitney(one, two), None
                rows.append((measure, a, b, "unpaired, Mann-Whitney", *told))
    table = pl.DataFrame(rows, schema=TEST_SCHEMA, orient="row")
    return table.with_columns(pl.Series("q_value", benjamini_hochberg(table["p_value"].to_numpy()))).sort(
        "p_value", "measure", "group_a", "group_b", "method"
    )


def mean_interval(x: Floats, whose: NDArray[np.str_]) -> tuple[float | None, float | None]:
    """Limits of the mean over samples: Student's t of the sums of residuals by patient (Liang, Zeger 1986).

    With one sample in each patient the usual ones; of values that are never negative the lower limit is at least 0.
    """
    from scipy.stats import t

    cluster = np.unique(whose, return_inverse=True)[1]
    m = int(cluster.max()) + 1
    if m < 2:
        return None, None
    sums = np.bincount(cluster, x - x.mean())
    half = float(t.ppf(0.975, m - 1) * np.sqrt(m / (m - 1) * (sums**2).sum()) / len(x))
    low = float(x.mean()) - half
    return max(low, 0.0) if x.min() >= 0 else low, float(x.mean()) + half


def _parts(values: pl.DataFrame, keys: list[str]):  # type: ignore[no-untyped-def]
    known = values.drop_nulls(["group", "value"]).sort(*keys, "sample_id")
    return [(key, part) for key, part in known.group_by(keys, maintain_order=True)]


def _sides(a: Floats, b: Floats) -> tuple[int, int, float, float, float, float]:
    return len(a), len(b), float(np.median(a)), float(np.median(b)), float(a.mean()), float(b.mean())


def _means(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Difference of the means and Welch's 95 % interval (Welch 1947, doi 10.1093/biomet/34.1-2.28); two values and
    more on either side."""
    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    freedom = parts.sum() ** 2 / (parts**2 / [len(a) - 1, len(b) - 1]).sum() if parts.any() else np.inf
    return _t_interval(float(a.mean() - b.mean()), float(np.sqrt(parts.sum())), freedom)


def _paired_means(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Mean of the differences and its 95 % t interval; two pairs and more."""
    d = a - b
    return _t_interval(float(d.mean()), float(d.std(ddof=1) / np.sqrt(len(d))), len(d) - 1)


def _t_interval(middle: float, error: float, freedom: float) -> tuple[float, float, float]:
    from scipy.stats import t

    half = float(t.ppf(0.975, freedom)) * error
    return middle, middle - half, middle + half


def _wilcoxon(a: Floats, b: Floats) -> float:
    from scipy.stats import wilcoxon

    return 1.0 if (a == b).all() else float(wilcoxon(a, b).pvalue)


def _mann_whitney(a: Floats, b: Floats) -> float:
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(a, b, alternative="two-sided").pvalue)
