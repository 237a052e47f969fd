"""Hazard ratios of 304 reconstructed phase III trials by the `treatment` analysis against the published ones.

    python benchmarks/bench_treatment_trials.py DATA [--all]

DATA is the folder of the kmdata sets (ipd_colorectal_prostate.csv.gz, ipd_other_cancers.csv.gz, trials_key.tsv). Each
set becomes a study folder in a temporary directory, is read like any other and analysed; printed is how far the
unadjusted hazard ratio lies from the published one on the log scale: of the second arm of the key against the first,
and (``either``) of whichever arm lies nearer, as a paper's ratio may be that of the other arm.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import polars as pl

from oncourse.analyses.treatment import TreatmentParams, treatment
from oncourse.cohort import Cohort
from oncourse.io import load_study

MONTH_DAYS = 30.4375
DAYS = {"days": 1.0, "weeks": 7.0, "months": MONTH_DAYS, "years": 365.25}
#: Its arms are swapped against the key (README of the data).
SWAPPED = ("ACT2_2C",)


def write_study(folder: Path, rows: pl.DataFrame, unit: float, *, is_death: bool) -> None:
    """Write one trial as a study folder: every patient treated in line 1 from day 0."""
    ids = [f"P{i:05d}" for i in range(rows.height)]
    last = [max(0, round(t * unit) - 1) for t in rows["time"]]
    event = [bool(e) for e in rows["event"]]
    tables = {
        "patients": pl.DataFrame({"patient_id": ids}),
        "samples": pl.DataFrame(schema={"sample_id": pl.String, "patient_id": pl.String, "material": pl.String}),
        "calls": pl.DataFrame(
            schema={
                "sample_id": pl.String,
                "variant_id": pl.String,
                "alt_count": pl.Int64,
                "depth": pl.Int64,
            }
        ),
        "treatments": pl.DataFrame({"patient_id": ids, "drugs": rows["arm"], "start_day": 0, "line": 1}),
        "follow_up": pl.DataFrame(
            {
                "patient_id": ids,
                "last_contact_day": last,
                "is_dead": [e and is_death for e in event],
                "progression_day": [t if e and not is_death else None for t, e in zip(last, event, strict=True)],
            }
        ),
    }
    for name, frame in tables.items():
        frame.write_csv(folder / f"{name}.tsv", separator="\t")
    (folder / "study.yaml").write_text("title: reconstructed trial\n")


def hazard_ratio(rows: pl.DataFrame, arm: str, unit: float, *, is_death: bool) -> float | None:
    """Return the unadjusted hazard ratio of `arm` by the analysis, None where it gives none."""
    with tempfile.TemporaryDirectory() as name:
        write_study(Path(name), rows, unit, is_death=is_death)
        cohort = Cohort(load_study(Path(name)))
        endpoint = "OS" if is_death else "PFS"
        result = treatment(cohort, TreatmentParams(endpoints=(endpoint,), min_arm=3))
        table = result.tables["treatment/comparison"].filter(pl.col("method") == "unadjusted")
        if table.height != 1:
            return None
        ratio = table["estimate"].item()
        return ratio if table["arm"].item() == arm.lower() else 1 / ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--all", action="store_true", help="all cancers, not only colorectal and prostate")
    given = parser.parse_args()
    key = pl.read_csv(given.data / "trials_key.tsv", separator="\t", infer_schema_length=None)
    names = ["ipd_colorectal_prostate.csv.gz"] + (["ipd_other_cancers.csv.gz"] if given.all else [])
    out = []
    for name in names:
        data = pl.read_csv(given.data / name, infer_schema_length=None)
        for (dataset,), rows in data.group_by("dataset", maintain_order=True):
            row = key.filter(pl.col("dataset") == dataset)
            if row.is_empty() or row["HazardRatio"].item() is None or rows["arm"].n_unique() != 2:
                print(f"{dataset}: skipped, no published ratio or not two arms")
                continue
            unit = DAYS[row["units"].item()]
            # The unit of a line's clock only: an endpoint other than death is read as progression.
            arm = row["arms"].item().split("|")[1]
            ours = hazard_ratio(rows, arm, unit, is_death=row["endpoint"].item() == "OS")
            published = float(row["HazardRatio"].item())
            if ours is None:
                print(f"{dataset}: no estimate")
                continue
            gap = abs(math.log(ours) - math.log(published))
            either = min(gap, abs(math.log(ours) + math.log(published)))
            out.append(
                (
                    dataset,
                    row["Cancer"].item(),
                    row["endpoint"].item(),
                    rows.height,
                    published,
                    ours,
                    gap,
                    either,
                )
            )
    schema = ["set", "cancer", "endpoint", "n", "published", "ours", "log_difference", "either"]
    table = pl.DataFrame(out, schema=schema, orient="row")
    with pl.Config(tbl_rows=-1, tbl_width_chars=140, float_precision=3):
        print(table.sort("log_difference", descending=True).head(25))
    kept = table.filter(~pl.col("set").is_in(SWAPPED))
    for name in ("log_difference", "either"):
        within = [kept.filter(pl.col(name) <= limit).height / kept.height for limit in (0.05, 0.1)]
        print(f"{name}: {kept.height} sets, within 0.05 {within[0]:.1%}, within 0.1 {within[1]:.1%} (log scale)")


if __name__ == "__main__":
    main()
