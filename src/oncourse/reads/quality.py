"""What is added to the quality figures of samples when all steps are done: microsatellites, tumour in normals, copies."""

from __future__ import annotations

import json

import polars as pl

from oncourse.reads.identity import CONTAMINATION_FAILURE
from oncourse.reads.sheet import MATERIAL, Plan
from oncourse.study.tables import TABLES


def add_instability(plan: Plan, quality: dict[str, dict]) -> None:  # type: ignore[type-arg]
    """Add the microsatellite figures of tissue and plasma with a normal; takes the length counts away."""
    import numpy as np

    from oncourse.reads.msi import score

    counts = {name: np.array(q.pop("run_lengths")) for name, q in quality.items() if "run_lengths" in q}
    for s in plan.samples:
        normal = plan.germline(s.patient)
        if s.is_germline or normal is None or s.sample not in counts or normal.sample not in counts:
            continue
        found = score(counts[s.sample], counts[normal.sample])
        quality[s.sample] |= {
            "msi_runs": found.n_runs,
            "msi_share": found.share,
            "msi_low": found.ci_low,
            "msi_high": found.ci_high,
            "msi_status": found.status,
        }


def add_tumour_in_normal(plan: Plan, quality: dict[str, dict]) -> None:  # type: ignore[type-arg]
    """Add how much of the patient's tumour its normals hold."""
    from oncourse.reads.normal import tumour_in_normal

    for patient in plan.patients:
        samples = plan.of_patient(patient)
        tissue = [s.sample for s in samples if s.role in MATERIAL]
        judged = pl.read_parquet(plan.place("patient", f"{patient}.calls.parquet"))
        for s in samples:
            if s.is_germline and judged.height:
                found = tumour_in_normal(judged, s.sample, tissue)
                quality[s.sample] |= {
                    "tumor_in_normal": found.share,
                    "tumor_in_normal_low": found.low,
                    "tumor_in_normal_high": found.high,
                }


#: Columns of segments.tsv.
_SEGMENTS = TABLES["segments"].schema
#: What a fit says of a sample that another person's DNA forbids.
_WITHHELD = ("purity", "ploidy", "purity_low", "purity_high")


def add_copies(plan: Plan, quality: dict[str, dict], stopped: dict[str, str]) -> pl.DataFrame:  # type: ignore[type-arg]
    """Add purity and ploidy of the fits; return the segments of the patients that go on.

    From `CONTAMINATION_FAILURE` on purity, ploidy and copies are withheld (`purity_status` contaminated): another
    person's two copies of everything look like normal cells, and their alleles like imbalance.
    """
    frames = [pl.DataFrame(schema=_SEGMENTS)]
    foreign = [s.sample for s in plan.samples if (quality[s.sample].get("contamination") or 0) >= CONTAMINATION_FAILURE]
    for patient in plan.patients:
        for sample, fit in json.loads(plan.place("patient", f"{patient}.copies.json").read_text()).items():
            withheld = dict.fromkeys(_WITHHELD) | {"purity_status": "contaminated"} if sample in foreign else {}
            quality[sample] |= fit | withheld
        if patient not in stopped:
            path = plan.place("patient", f"{patient}.segments.tsv")
            found = pl.read_csv(path, separator="\t", infer_schema_length=0).select(list(_SEGMENTS))
            frames.append(found.cast(_SEGMENTS))  # type: ignore[arg-type]
    is_foreign = pl.col("sample_id").is_in(foreign)
    copies = [pl.when(~is_foreign).then(name).alias(name) for name in ("total_cn", "minor_cn")]
    return pl.concat(frames).with_columns(copies)
