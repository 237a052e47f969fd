"""What the `evolution` tables of simulated studies say against the truth behind them.

    python benchmarks/bench_study_truth.py RESULTS TRUTH       # folders of `oncourse run` and `simulate --truth`

Read as a user would read the tables: intervals of cancer cell fractions, seeding calls by their probability. Variants
of the neutral tail, artefacts, and drivers (drawn apart from the clones) are not scored. A seeding clone counts where
it is the nearest seeding ancestor of at least 5 % of the cells of the lesion's sample: one that has since been swept
away cannot be known, and the share of such lesions is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

LEVELS = [0.5, 0.7, 0.9, 0.99]


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{name}.tsv", separator="\t", infer_schema_length=None)


def band(value: pl.Expr, edges: list[float]) -> pl.Expr:
    """Return the highest of 0 and `edges` that the value reaches."""
    return pl.max_horizontal(pl.lit(0.0), *(pl.when(value >= e).then(pl.lit(e)) for e in edges))


def ccf_intervals(found: Path, truth: Path) -> None:
    """Share of the 90 % intervals that hold the true fraction, by where the truth lies."""
    kept = table(truth, "variants").filter(pl.col("kind") == "clone").select("patient_id", "variant_id", "clone_id")
    rows = (
        table(found, "variants")
        .drop_nulls("ccf")
        .join(kept, on=["patient_id", "variant_id"])
        .join(table(truth, "fractions"), on=["patient_id", "sample_id", "clone_id"], suffix="_true")
        .with_columns(
            holds=pl.col("ccf_true").is_between(pl.col("ccf_low") - 1e-9, pl.col("ccf_high") + 1e-9),
            where=band(pl.col("ccf_true"), [0.001, 0.1, 0.9, 0.999]),
        )
    )
    print(
        f"CCF: {rows.height} variants x samples, RMSE {((rows['ccf'] - rows['ccf_true']) ** 2).mean() ** 0.5:.3f}, "
        f"90 % intervals hold {rows['holds'].mean():.3f}"
    )
    print(rows.group_by("where").agg(pl.len(), pl.col("holds").mean()).sort("where"))


def surviving(truth: Path, least: float = 0.05) -> pl.DataFrame:
    """Return patient_id, lesion_id, clonality, phyleticity of what is left of the seeding in the lesion's sample."""
    clones, fractions = table(truth, "clones"), table(truth, "fractions")
    parent = {(p, c): a for p, c, a in clones.select("patient_id", "clone_id", "parent_id").iter_rows()}
    seeds: dict[tuple[str, str], set[str]] = {}
    for patient, target, clone in table(truth, "migrations").select("patient_id", "target", "clone_id").iter_rows():
        seeds.setdefault((patient, target), set()).add(clone)

    def line(patient: str, clone: str | None) -> list[str]:
        return [] if clone is None else [clone, *line(patient, parent[patient, clone])]

    rows = []
    for (patient, lesion), of in sorted(seeds.items()):
        mine = fractions.filter((pl.col("patient_id") == patient) & pl.col("sample_id").str.starts_with(lesion))
        share = dict.fromkeys(of, 0.0)
        for clone, fraction in mine.select("clone_id", "fraction").iter_rows():
            nearest = next((c for c in line(patient, clone) if c in of), None)
            if nearest is not None:
                share[nearest] += fraction
        left = sorted(c for c in of if share[c] >= least)
        lines = [set(line(patient, c)) for c in left]
        nested = all(a <= b or b <= a for i, a in enumerate(lines) for b in lines[i + 1 :])
        if left:
            clonality = "polyclonal" if len(left) > 1 else "monoclonal"
            rows.append((patient, lesion, len(of) > 1, clonality, "monophyletic" if nested else "polyphyletic"))
    schema = ["patient_id", "lesion_id", "was_polyclonal", "clonality", "phyleticity"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def seeding(found: Path, truth: Path) -> None:
    """Clonality and phyleticity of every lesion by the probability given."""
    rows = table(found, "seeding").join(surviving(truth), on=["patient_id", "lesion_id"], suffix="_true")
    swept = rows.filter(pl.col("was_polyclonal") & (pl.col("clonality_true") == "monoclonal")).height
    print(f"seeded by several clones of which one is left: {swept} of {rows['was_polyclonal'].sum()}")
    print(
        f"seeding: {rows.height} lesions; clonality not assessable {(rows['clonality'] == 'not_assessable').mean():.2f}"
    )
    print(rows.group_by("clonality_true", "clonality").len().sort("clonality_true", "clonality"))
    for what, probability in (("clonality", "probability"), ("phyleticity", "probability_phyleticity")):
        called = rows.filter((pl.col(what) != "not_assessable") & pl.col(what).is_not_null())
        print(
            what,
            called.with_columns(right=pl.col(what) == pl.col(f"{what}_true"), level=band(pl.col(probability), LEVELS))
            .group_by(what, "level")
            .agg(pl.len(), pl.col("right").mean())
            .sort(what, "level"),
        )


def divergence(found: Path, truth: Path) -> None:
    """Early or late divergence against the truth."""
    key = ["patient_id", "lesion_id"]
    rows = table(found, "seeding").join(table(truth, "lesions").drop_nulls("divergence"), on=key, suffix="_true")
    print(rows.group_by("divergence_true", "divergence").len().sort("divergence_true", "divergence"))


def main() -> None:
    found, truth = Path(sys.argv[1]) / "tables" / "evolution", Path(sys.argv[2])
    ccf_intervals(found, truth)
    seeding(found, truth)
    divergence(found, truth)


if __name__ == "__main__":
    main()
