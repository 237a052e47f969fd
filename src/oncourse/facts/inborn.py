"""Which variants a patient was born with: once for every table that sets them apart from the tumour's."""

from __future__ import annotations

import polars as pl

from oncourse.facts.material import is_normal
from oncourse.study.model import Study

#: Least fraction in the matched normal of a germline variant (Clin Cancer Res 2024, CCR-24-3335), and least reads: too
#: few to tell it from noise are no germline.
GERMLINE_VAF, GERMLINE_READS = 0.30, 3
KEY = ("patient_id", "variant_id")


def inborn(study: Study, germline_vaf: float = GERMLINE_VAF) -> pl.DataFrame:
    """Return patient_id, variant_id of the germline variants, one row each, sorted.

    Recorded as germline in any sample of the patient, or at `germline_vaf` or more of the reads of the patient's normal
    or white cells (the deepest). Whatever a tumour's own row says: a caller of tumours alone calls it somatic.
    """
    stated = study["calls"].filter((pl.col("origin") == "germline").fill_null(False))
    normals = study["samples"].filter(is_normal())
    if stated.is_empty() and normals.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(KEY, pl.String))
    people = study["samples"].select("sample_id", "patient_id")
    counted = normal_counts(study)
    often = (pl.col("n_alt") / pl.col("n_depth") >= germline_vaf) & (pl.col("n_alt") >= GERMLINE_READS)
    told = stated.join(people, on="sample_id", how="inner").select(KEY)
    return pl.concat([told, counted.filter(often).select(KEY)]).unique().sort(KEY)


def normal_counts(study: Study) -> pl.DataFrame:
    """Return patient_id, variant_id, n_alt, n_depth of normal and white cells (the deepest)."""
    normals = study["samples"].filter(is_normal()).select("sample_id", "patient_id")
    return (
        study["calls"]
        .join(normals, on="sample_id", how="inner")
        .filter(pl.col("depth") > 0)
        .sort("patient_id", "variant_id", "depth", "sample_id", descending=[False, False, True, False])
        .unique(KEY, keep="first", maintain_order=True)
        .select(*KEY, n_alt=pl.col("alt_count").fill_null(0), n_depth="depth")
    )
