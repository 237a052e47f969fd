"""What the `evolution` tables of simulated studies say against the truth behind them.

    python benchmarks/bench_study_truth.py RESULTS TRUTH       # folders of `oncourse run` and `simulate --truth`

Read as a user would read the tables: intervals of cancer cell fractions, seeding calls by their probability, edges by
their support. Variants of the neutral tail, artefacts, and drivers (drawn apart from the clones) are not scored.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

LEVELS = (0.0, 0.5, 0.7, 0.9, 0.99, 1.01)


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{name}.tsv", separator="\t", infer_schema_length=None)


def ccf_intervals(found: Path, truth: Path) -> None:
    """Share of the 90 % intervals that hold the true fraction, by where the truth lies."""
    kept = (
        table(truth, "variants")
        .filter(pl.col("kind") == "clone")
        .select("patient_id", "variant_id", "clone_id")
    )
    rows = (
        table(found, "variants").drop_nulls("ccf").join(kept, on=["patient_id", "variant_id"])
        .join(table(truth, "fractions"), on=["patient_id", "sample_id", "clone_id"], suffix="_true")
        .with_columns(holds=pl.col("ccf_true").is_between(pl.col("ccf_low") - 1e-9, pl.col("ccf_high") + 1e-9),
                      where=pl.col("ccf_true").cut([0.001, 0.1, 0.9, 0.999], labels=["0", "<.1", ".1-.9", "<1", "1"]))
    )  # fmt: skip
    print(f"CCF: {rows.height} variants x samples, RMSE {((rows['ccf'] - rows['ccf_true']) ** 2).mean() ** 0.5:.3f}, "
          f"90 % intervals hold {rows['holds'].mean():.3f}")  # fmt: skip
    print(rows.group_by("where").agg(pl.len(), pl.col("holds").mean()).sort("where"))


def seeding(found: Path, truth: Path) -> None:
    """Clonality and phyleticity of every lesion by the probability given."""
    key = ["patient_id", "lesion_id"]
    rows = table(found, "seeding").join(
        table(truth, "lesions").drop_nulls("clonality"), on=key, suffix="_true"
    )
    print(f"seeding: {rows.height} lesions; clonality not assessable "
          f"{(rows['clonality'] == 'not_assessable').mean():.2f}")  # fmt: skip
    print(rows.group_by("clonality_true", "clonality").len().sort("clonality_true", "clonality"))
    for what, probability in (("clonality", "probability"), ("phyleticity", "probability_phyleticity")):
        called = rows.filter((pl.col(what) != "not_assessable") & pl.col(what).is_not_null())
        print(what, called.with_columns(right=pl.col(what) == pl.col(f"{what}_true"),
                                        level=pl.col(probability).cut(LEVELS[1:-1]))
              .group_by(what, "level").agg(pl.len(), pl.col("right").mean()).sort(what, "level"))  # fmt: skip


def divergence(found: Path, truth: Path) -> None:
    """Early or late divergence against the truth."""
    key = ["patient_id", "lesion_id"]
    rows = table(found, "seeding").join(
        table(truth, "lesions").drop_nulls("divergence"), on=key, suffix="_true"
    )
    print(rows.group_by("divergence_true", "divergence").len().sort("divergence_true", "divergence"))


def main() -> None:
    found, truth = Path(sys.argv[1]) / "tables" / "evolution", Path(sys.argv[2])
    ccf_intervals(found, truth)
    seeding(found, truth)
    divergence(found, truth)


if __name__ == "__main__":
    main()
