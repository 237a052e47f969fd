"""What the study records, for whoever keeps its data: rows of each kind, assays with their genes, drugs as understood."""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.cohort import Cohort
from oncourse.derive.genes.panels import Panels
from oncourse.knowledge.drugs import drug_names, known
from oncourse.study.model import Study
from oncourse.study.schema import Column
from oncourse.study.tables import TABLES

RECORDED = OutputTable(
    "overview/recorded",
    "how much is recorded of what: rows, patients and days of each table, by kind (analyte, material, marker)",
    (
        Column("table", pl.String, "the table"),
        Column("what", pl.String, "kind of its rows: the analyte of labs, the material of samples; null = all rows"),
        Column("n_rows", pl.Int64, "rows"),
        Column("n_patients", pl.Int64, "patients with such a row"),
        Column("first_day", pl.Int64, "earliest day; null = no row has a day", unit="days from the index date"),
        Column("last_day", pl.Int64, "latest day; null = no row has a day", unit="days from the index date"),
    ),
)
ASSAYS = OutputTable(
    "overview/assays",
    "assays of the tumour samples: what they looked at, and in how many samples and patients",
    (
        Column("assay_id", pl.String, "the assay; assumed: the sample names none"),
        Column("kind", pl.String, "wes, wgs or panel; null = not recorded"),
        Column("n_samples", pl.Int64, "tumour samples whose mutations it looked for"),
        Column("n_patients", pl.Int64, "their patients"),
        Column("n_genes", pl.Int64, "genes it looks at; null = no list is known, every gene is taken as looked at"),
        Column("callable_mb", pl.Float64, "megabases in which a variant could be called", unit="Mb"),
        Column("min_depth", pl.Int64, "least depth at which a site counts as looked at", unit="reads"),
        Column("genes", pl.String, "their symbols; null = no list is known"),
    ),
)
DRUGS = OutputTable(
    "overview/drugs",
    "every drug that was given, with the class and kind under which it is counted",
    (
        Column("drug", pl.String, "the substance as understood; what is not known stays as written"),
        Column("classes", pl.String, "its classes; null = none is known"),
        Column("kind", pl.String, "anticancer, castration, steroid, supportive; null = the name is not understood"),
        Column("n_rows", pl.Int64, "treatments that name it"),
        Column("n_patients", pl.Int64, "patients who had it"),
    ),
)

#: Table -> the column that says what a row is about.
_KINDS = {
    "samples": "material",
    "lesions": "role",
    "labs": "analyte",
    "markers": "marker",
    "procedures": "kind",
    "assessments": "method",
}
#: Columns that date a row, the first that a table has.
_DAYS = ("day", "start_day", "found_day", "last_contact_day")


def recorded(study: Study) -> pl.DataFrame:
    """Return `RECORDED`: every table that has rows of patients, in the order of the schema."""
    owner = study["samples"].select("sample_id", "patient_id").drop_nulls().unique("sample_id")
    parts = []
    for name in TABLES:
        frame = study[name]
        if frame.is_empty():
            continue
        if "patient_id" not in frame.columns:
            if "sample_id" not in frame.columns:
                continue
            frame = frame.join(owner, on="sample_id", how="left")
        day = next((c for c in _DAYS if c in frame.columns), None)
        what = pl.col(_KINDS[name]).cast(pl.String) if name in _KINDS else pl.lit(None, pl.String)
        of = frame.select(
            "patient_id",
            what=what,
            day=pl.lit(None, pl.Int64) if day is None else pl.col(day).cast(pl.Int64),
        )
        parts.append(
            of.group_by("what")
            .agg(
                n_rows=pl.len().cast(pl.Int64),
                n_patients=pl.col("patient_id").drop_nulls().n_unique().cast(pl.Int64),
                first_day=pl.col("day").min(),
                last_day=pl.col("day").max(),
            )
            .with_columns(table=pl.lit(name))
            .sort("what", nulls_last=True)
        )
    return RECORDED.frame(pl.concat(parts) if parts else None)


def assays(study: Study, panels: Panels) -> pl.DataFrame:
    """Return `ASSAYS`: the assays that looked for mutations in a tumour sample, most samples first."""
    used = panels.samples.drop_nulls("mutation").group_by(assay_id=pl.col("mutation"))
    counts = used.agg(n_samples=pl.col("sample_id").n_unique(), n_patients=pl.col("patient_id").n_unique())
    genes = {assay: sorted(found) for assay, found in panels.genes.items() if found is not None}
    lists = pl.DataFrame(
        {
            "assay_id": list(genes),
            "n_genes": [len(g) for g in genes.values()],
            "genes": [";".join(g) for g in genes.values()],
        },
        schema={"assay_id": pl.String, "n_genes": pl.Int64, "genes": pl.String},
    )
    told = study["assays"].select("assay_id", "kind", "callable_mb", "min_depth")
    found = counts.join(told, on="assay_id", how="left").join(lists, on="assay_id", how="left")
    return ASSAYS.frame(found.sort("n_samples", "assay_id", descending=[True, False]))


def drugs(study: Study) -> pl.DataFrame:
    """Return `DRUGS`: the substances of the treatments, most patients first."""
    named = study["treatments"].select("patient_id", "drugs").drop_nulls("drugs")
    rows = [(patient, i, name) for i, (patient, text) in enumerate(named.iter_rows()) for name in drug_names(text)]
    given = pl.DataFrame(rows, schema={"patient_id": pl.String, "row": pl.Int64, "drug": pl.String}, orient="row")
    counts = given.group_by("drug").agg(n_rows=pl.col("row").n_unique(), n_patients=pl.col("patient_id").n_unique())
    meant = {name: known(name) for name in counts["drug"]}
    words = pl.DataFrame(
        [
            (name, ";".join(sorted(drug.classes)) or None if drug else None, drug.kind if drug else None)
            for name, drug in meant.items()
        ],
        schema={"drug": pl.String, "classes": pl.String, "kind": pl.String},
        orient="row",
    )
    found = counts.join(words, on="drug", how="left")
    return DRUGS.frame(found.sort("n_patients", "drug", descending=[True, False]))


def record_tables(cohort: Cohort) -> dict[str, pl.DataFrame]:
    """Return the three tables by name."""
    study = cohort.study
    return {
        RECORDED.name: recorded(study),
        ASSAYS.name: assays(study, cohort.panels),
        DRUGS.name: drugs(study),
    }
