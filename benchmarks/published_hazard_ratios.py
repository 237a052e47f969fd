"""Hazard ratios of reconstructed phase III trials (colorectal, prostate) beside the published ones.

Run: python benchmarks/published_hazard_ratios.py FOLDER
FOLDER holds ipd_colorectal_prostate.csv.gz, ipd_other_cancers.csv.gz and trials_key.tsv.
The reference arm is the first of the key's `arms`, the other way round where that is nearer to the publication
(papers differ in which arm they put on top; the column `turned` says so).

Two counts: the sets as the source files them, and by the disease the paper's title names (`ELSEWHERE`, `MISFILED`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.stats.cox import fit_cox
from oncourse.stats.zph import proportional_hazards

#: Its arms are swapped against the key (README of the data).
SWAPPED = "ACT2_2C"
#: Filed as colorectal or prostate by the source; the title is of another disease.
MISFILED = {
    "BEYOND_2A": "non-small-cell lung cancer",
    "BEYOND_3A": "non-small-cell lung cancer",
    "ENESTg1_2A": "gastrointestinal stromal tumours",
    "ENESTg1_2B": "gastrointestinal stromal tumours",
}
#: Filed as breast cancer by the source; the title is "... TAS-102 for refractory metastatic colorectal cancer".
ELSEWHERE = ("RECOURSE_1A", "RECOURSE_2A")


def compare(folder: Path) -> pl.DataFrame:
    key = pl.read_csv(folder / "trials_key.tsv", separator="\t", infer_schema_length=None)
    filed = pl.read_csv(folder / "ipd_colorectal_prostate.csv.gz", infer_schema_length=None)
    other = pl.read_csv(folder / "ipd_other_cancers.csv.gz", infer_schema_length=None)
    data = pl.concat([filed, other.filter(pl.col("dataset").is_in(ELSEWHERE))])
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
        rows.append(
            (
                name,
                known["endpoint"][0],
                trial.height,
                fit.n_event,
                np.exp(-ours if turned else ours),
                np.exp(published),
                gap,
                turned,
                p,
            )
        )
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


def summary(name: str, table: pl.DataFrame) -> str:
    """One line: how many sets lie within .05 and .1, also in the key's own direction."""
    gap, turned = table["log_difference"], table["turned"]
    fixed = table.select(
        pl.when("turned")
        .then((-pl.col("hazard_ratio").log() - pl.col("published").log()).abs())
        .otherwise("log_difference")
    ).to_series()
    return (
        f"{name}: {table.height} sets; within .05 {(gap <= 0.05).sum()} ({(gap <= 0.05).mean():.1%}), within .1 "
        f"{(gap <= 0.1).sum()} ({(gap <= 0.1).mean():.1%}), median {gap.median():.3f}; "
        f"the other way round in {turned.sum()}, in the key's direction "
        f"within .05 {(fixed <= 0.05).mean():.1%}, within .1 {(fixed <= 0.1).mean():.1%}"
    )


def main() -> None:
    table = compare(Path(sys.argv[1])).filter(pl.col("dataset") != SWAPPED)
    with pl.Config(tbl_rows=-1, tbl_cols=-1, float_precision=3):
        print(table)
    print(summary("by disease", table.filter(~pl.col("dataset").is_in(list(MISFILED)))))
    print(summary("as filed", table.filter(~pl.col("dataset").is_in(ELSEWHERE))))


if __name__ == "__main__":
    main()
