"""The columns of the status tables, of samples and of patients, with what they hold."""

from __future__ import annotations

from typing import Any

import polars as pl

POSITIVE, NEGATIVE, UNKNOWN = "positive", "negative", "not_assessable"
#: Columns of the status table, with what they hold.
STATUS_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("sample_id", pl.String, "the sample; null = recorded of the patient"),
    ("material", pl.String, "tissue or plasma; null = recorded of the patient"),
    ("day", pl.Int64, "day of the sample or record; null = not recorded"),
    ("status", pl.String, "RAS, BRAF V600E, HRR ..."),
    ("state", pl.String, "positive / negative / not_assessable"),
    (
        "basis",
        pl.String,
        "of a positive: counted, assumed (called without counts) or recorded; of a negative: measured, "
        "assumed or recorded; null where not assessable",
    ),
    ("variants", pl.String, "the variants behind a positive or an unclear state"),
    ("codons", pl.String, "codons of these variants"),
    ("alt_count", pl.Int64, "reads with the variant of most reads; null = not counted"),
    ("depth", pl.Int64, "reads at its site; null = not counted"),
    ("power", pl.Float64, "least chance to see a clonal mutation over the codons asked for; null = not known"),
    ("reason", pl.String, "why it is not assessable, assumed, or contradicted by another witness"),
    (
        "is_doubtful",
        pl.Boolean,
        "a variant was seen that may be the status: no sample of the patient is negative beside it",
    ),
    ("is_silent", pl.Boolean, "the assay looked and saw nothing; only the want of tumour DNA keeps it from a negative"),
)
STATUS_SCHEMA = {name: dtype for name, dtype, _ in STATUS_COLUMNS}
#: Columns of the patients' statuses.
PATIENT_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("status", pl.String, "RAS, BRAF V600E, HRR ..."),
    ("state", pl.String, "positive / negative / not_assessable"),
    ("basis", pl.String, "counted, measured, assumed or recorded; null where not assessable"),
    ("sample_id", pl.String, "the sample that speaks for the patient; null = a record of the patient, or no sample"),
    ("variants", pl.String, "the variants or records behind it"),
    ("reason", pl.String, "why it is not assessable, assumed or contradicted"),
    ("others", pl.String, "what the patient's other samples and records say, where it differs"),
)
PATIENT_SCHEMA = {name: dtype for name, dtype, _ in PATIENT_COLUMNS}
