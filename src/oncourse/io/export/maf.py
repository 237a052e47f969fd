"""The calls of a study as one MAF: every sample's rows, called and looked at, with counts, FILTER and origin.

A MAF has no place for assays, coverage, copy numbers or the clinical tables; with those beside it the study reads the
same. What was looked at and not called is ``UNCALLED`` (cBioPortal's word), so that an absence stays one.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.io.export.cbioportal import mutations
from oncourse.study.model import Study


def export_maf(study: Study, path: Path, called: pl.DataFrame) -> int:
    """Write the MAF; return its rows.

    Parameters
    ----------
    called : sample_id, variant_id of what counts as a call where the study leaves it to the assay's thresholds
        (`oncourse.derive.status.variants.called_rows`)
    """
    known = study["variants"].select("variant_id", "gene", "hgvs_c", "hgvs_p", "consequence")
    rows = study["calls"].join(known, on="variant_id", how="left", maintain_order="left")
    passed = called.select("sample_id", "variant_id", pl.lit(True).alias("_passed")).unique()
    rows = rows.join(passed, on=["sample_id", "variant_id"], how="left", maintain_order="left")
    rows = rows.join(study["samples"].select("sample_id", "patient_id"), on="sample_id", how="left")
    rows = rows.sort("sample_id", "variant_id")
    is_call = pl.col("is_called").fill_null(pl.col("_passed").fill_null(False))
    more = rows.select(
        is_call.alias("_call"),
        FILTER="filter",
        t_depth="depth",
        VAF="vaf",
        Consequence="consequence",
        patient="patient_id",
    )
    frame = mutations(study, rows).drop("ASCN.CCF_EXPECTED_COPIES", "ASCN.CLONAL", "PRESENCE").hstack(more)
    status = pl.when("_call").then("Mutation_Status").otherwise(pl.lit("UNCALLED"))
    frame = frame.with_columns(status.alias("Mutation_Status")).drop("_call").rename({"patient": "Patient_ID"})
    frame.write_csv(path, separator="\t", null_value="")
    return frame.height
