"""The data of a prediction model: one row per patient at risk after time zero, with predictors known by then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from oncourse.derive.cohort import Cohort
from oncourse.derive.outcomes.covariates import (
    CovariateColumn,
    chosen_covariates,
    covariates_at,
    encode,
    matrix,
)
from oncourse.derive.outcomes.predictors import TimeZero, gene_matrix, outcome_after, time_zero

if TYPE_CHECKING:
    from oncourse.models.ladder import PredictionData


@dataclass(frozen=True)
class PredictionFrame:
    """What a prediction model is made from.

    Attributes
    ----------
    patients : patient_id, zero_day, time_days, entry_days, is_event, sorted
    columns : clinical columns of `clinical`, in order
    genes : gene columns, in order
    clinical, mutations : (n, c) and (n, m), NaN = missing / not assessed
    excluded : patient_id, sample_id, reason
    zero : the time zero used
    """

    patients: pl.DataFrame
    columns: list[CovariateColumn]
    genes: list[str]
    clinical: np.ndarray
    mutations: np.ndarray
    excluded: pl.DataFrame
    zero: TimeZero

    def arrays(self, *, by_pathway: bool = False) -> PredictionData:
        """Return the arrays of `oncourse.models.ladder`; with `by_pathway` the genes of a pathway are one group."""
        from oncourse.models.ladder import PredictionData

        return PredictionData(
            self.patients["time_days"].to_numpy().astype(float),
            self.patients["is_event"].to_numpy().astype(bool),
            self.patients["entry_days"].to_numpy().astype(float),
            self.clinical,
            self.mutations,
            pathway_groups(self.genes) if by_pathway else None,
            np.arange(self.patients.height),
        )

    def features(self) -> list[dict[str, Any]]:
        """Return one mapping per column for the model card: feature, kind, covariate, level, kept, mean, sd."""
        out: list[dict[str, Any]] = []
        for j, c in enumerate(self.columns):
            out.append(
                {
                    "feature": f"covariate:{c.name}",
                    "kind": c.kind,
                    "covariate": c.covariate,
                    "level": c.level,
                    "kept": list(c.kept),
                    **_moments(self.clinical[:, j]),
                }
            )
        for j, gene in enumerate(self.genes):
            out.append({"feature": gene, "kind": "gene", **_moments(self.mutations[:, j])})
        return out


def pathway_groups(genes: list[str]) -> np.ndarray:
    """Return a label per gene: the first pathway it is in (`gene_features.PATHWAYS`), else its own.

    >>> pathway_groups(["KRAS", "BRAF", "SPOP"]).tolist()
    ['pathway RTK-RAS', 'pathway RTK-RAS', 'SPOP']
    """
    from oncourse.derive.outcomes.gene_features import PATHWAYS

    first = {g: name for name, members in reversed(PATHWAYS.items()) for g in members}
    return np.array([f"pathway {first[g]}" if g in first else g for g in genes], dtype=object)


def prediction_frame(
    cohort: Cohort,
    *,
    endpoint: str,
    origin: str,
    line: int,
    covariates: tuple[str, ...],
    min_carriers: int,
    max_genes: int,
) -> PredictionFrame:
    """Assemble outcome and predictors of every patient with both; the others are listed with the reason."""
    study = cohort.study
    zero = time_zero(cohort, origin, line)
    records = cohort.time_to_event.filter((pl.col("endpoint") == endpoint) & pl.col("line").is_null())
    patients, without = outcome_after(records, zero.table)
    parts = [zero.refused, without]
    genes: list[str] = []
    if not zero.samples.is_empty():
        table = gene_matrix(cohort.gene_status, zero.samples, min_carriers=min_carriers, most=max_genes)
        genes = [c for c in table.columns if c != "patient_id"]
        blind = patients.join(table, on="patient_id", how="anti")
        parts.append(
            blind.select(
                "patient_id",
                pl.lit(None, pl.String).alias("sample_id"),
                pl.lit("no sequenced tumour sample by time zero").alias("reason"),
            )
        )
        patients = patients.join(table, on="patient_id", how="inner", maintain_order="left")
    chosen = chosen_covariates(study, covariates)
    units = patients.select("patient_id", "zero_day").with_row_index("unit")
    values = covariates_at(study, units, chosen).sort("unit")
    clinical, columns = encode(values, chosen)
    mutations = patients.select(genes).to_numpy().astype(float) if genes else np.zeros((patients.height, 0))
    who = patients.select("patient_id", "zero_day", "time_days", "entry_days", "is_event")
    return PredictionFrame(who, columns, genes, clinical, mutations, pl.concat(parts), zero)


def features_of(
    cohort: Cohort, features: list[dict[str, Any]], zero: TimeZero
) -> tuple[list[str], np.ndarray]:
    """Return (patients, (n, columns)) of a saved model's features for a new study, NaN = not known."""
    study = cohort.study
    columns = [
        CovariateColumn(
            f["feature"].removeprefix("covariate:"), f["covariate"], f["kind"], f["level"], tuple(f["kept"])
        )
        for f in features
        if f["kind"] != "gene"
    ]
    available = {*study["patients"].columns, *study["samples"].columns}
    kinds = {
        c.covariate: c.kind
        for c in columns
        if c.covariate in available or (c.covariate.startswith("lab:") and study.has("labs"))
    }
    units = zero.table.sort("patient_id").with_row_index("unit")
    clinical = matrix(covariates_at(study, units, kinds).sort("unit"), columns)
    genes = [f["feature"] for f in features if f["kind"] == "gene"]
    patients = units["patient_id"].to_list()
    found = np.full((len(patients), len(genes)), np.nan)
    if genes and not zero.samples.is_empty():
        used = zero.samples["sample_id"].implode()
        state = cohort.gene_status.dense(genes).filter(pl.col("sample_id").is_in(used))
        row = {p: i for i, p in enumerate(patients)}
        at = {g: j for j, g in enumerate(genes)}
        value = {"altered": 1.0, "not_altered": 0.0, "not_assessed": np.nan}
        for patient, gene, word in state.select("patient_id", "gene", "state").iter_rows():
            if patient in row:
                i, j = row[patient], at[gene]
                found[i, j] = np.fmax(found[i, j], value[word])
    return patients, np.column_stack([clinical, found])


def _moments(x: np.ndarray) -> dict[str, Any]:
    known = x[~np.isnan(x)]
    return {
        "mean": float(known.mean()) if len(known) else 0.0,
        "sd": float(known.std()) if len(known) else 0.0,
        "n_known": len(known),
    }
