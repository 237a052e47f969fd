"""How many patients of each group have something (MSI-H, a doubled genome), compared; paired where one patient has both."""

from __future__ import annotations

from itertools import combinations

import polars as pl

from oncourse.derive.genes.gene_groups import MAX_GROUPS
from oncourse.derive.genes.sample_groups import MIN_PAIRS
from oncourse.stats.agreement import mcnemar_exact, tango_interval
from oncourse.stats.fdr import benjamini_hochberg
from oncourse.stats.proportions import clopper_pearson, fisher_exact, newcombe

SHARE_SCHEMA = {
    "measure": pl.String,
    "group": pl.String,
    "n_samples": pl.Int64,
    "n_patients": pl.Int64,
    "n_yes": pl.Int64,
    "share": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "patients": pl.String,
}
SHARE_TEST_SCHEMA = {
    "measure": pl.String,
    "group_a": pl.String,
    "group_b": pl.String,
    "method": pl.String,
    "n_a": pl.Int64,
    "n_b": pl.Int64,
    "n_yes_a": pl.Int64,
    "n_yes_b": pl.Int64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
}
UNPAIRED, PAIRED = "unpaired, Fisher and Newcombe", "paired, McNemar and Tango"


def share_summaries(values: pl.DataFrame) -> pl.DataFrame:
    """Return `SHARE_SCHEMA`: patients with a yes in any of their samples of the group, Clopper-Pearson interval.

    Parameters
    ----------
    values : measure, sample_id, patient_id, group (null: in no group), value (Boolean; null: not known)
    """
    known = values.drop_nulls(["group", "value"])
    counts = known.group_by("measure", "group", "patient_id").agg(pl.len().alias("n"), pl.col("value").any())
    yes = pl.col("patient_id").filter(pl.col("value"))
    table = counts.group_by("measure", "group").agg(
        n_samples=pl.col("n").sum().cast(pl.Int64),
        n_patients=pl.len().cast(pl.Int64),
        n_yes=pl.col("value").sum().cast(pl.Int64),
        patients=yes.sort().str.join(";"),
    )
    low, high = clopper_pearson(table["n_yes"].to_numpy(), table["n_patients"].to_numpy())
    return (
        table.with_columns(share=pl.col("n_yes") / pl.col("n_patients"), ci_low=pl.Series(low), ci_high=pl.Series(high))
        .select(list(SHARE_SCHEMA))
        .sort("measure", "group")
    )


def share_tests(values: pl.DataFrame) -> pl.DataFrame:
    """Return `SHARE_TEST_SCHEMA`: every pair of the largest groups; `difference` is the share of a less that of b.

    Patients with samples in both groups make a paired test from `MIN_PAIRS` on (McNemar's exact test, Tango's interval);
    all others an unpaired one (Fisher, Newcombe's interval): as in `sample_groups.group_tests`.
    """
    known = values.drop_nulls(["group", "value"])
    by = known.group_by("measure", "group", "patient_id").agg(pl.col("value").any())
    rows: list[tuple[object, ...]] = []
    for (measure,), part in sorted(by.group_by(["measure"]), key=lambda item: str(item[0])):
        sizes = part.group_by("group").len().sort(["len", "group"], descending=[True, False]).head(MAX_GROUPS)
        for a, b in combinations(sorted(sizes["group"]), 2):
            one, two = (part.filter(group=g).select("patient_id", "value") for g in (a, b))
            both = one.join(two, on="patient_id", how="inner", suffix="_b")
            first, second = (side.join(both, on="patient_id", how="anti")["value"] for side in (one, two))
            if both.height >= MIN_PAIRS:
                rows.append((measure, a, b, PAIRED, *_paired(both["value"], both["value_b"]), None))
            if min(len(first), len(second)) >= 2:
                rows.append((measure, a, b, UNPAIRED, *_unpaired(first, second), None))
    table = pl.DataFrame(rows, schema=SHARE_TEST_SCHEMA, orient="row")
    return table.with_columns(pl.Series("q_value", benjamini_hochberg(table["p_value"].to_numpy()))).sort(
        "p_value", "measure", "group_a", "group_b", "method"
    )


def _paired(a: pl.Series, b: pl.Series) -> tuple[float, ...]:
    a_only, b_only = int((a & ~b).sum()), int((~a & b).sum())
    told = tango_interval(a_only, b_only, len(a))
    return len(a), len(b), int(a.sum()), int(b.sum()), *told, float(mcnemar_exact(a_only, b_only))


def _unpaired(a: pl.Series, b: pl.Series) -> tuple[float, ...]:
    k, m = int(a.sum()), int(b.sum())
    gap = newcombe(k, len(a), m, len(b))
    p = fisher_exact(k, len(a) - k, m, len(b) - m).p_value
    return len(a), len(b), k, m, float(gap.difference), float(gap.ci_low), float(gap.ci_high), float(p)
