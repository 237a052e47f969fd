"""The data of a prediction model: one row per patient at risk after time zero, with predictors known by then."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from oncourse.derive.outcomes.covariates import (
    MIN_CATEGORY,
    CovariateColumn,
    chosen_covariates,
    covariates_at,
    encode,
    matrix,
)
from oncourse.derive.outcomes.predictors import (
    PredictionTables,
    TimeZero,
    gene_matrix,
    outcome_after,
    time_zero,
)
from oncourse.errors import ConfigError
from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.models.ladder import PredictionData

#: The stratum of values too rare for one of their own.
OTHER = "other"


@dataclass(frozen=True)
class Strata:
    """Groups with a baseline hazard of their own: a covariate, its kind (category, yes_no) and its levels in order."""

    covariate: str
    kind: str
    levels: tuple[str, ...]

    def number(self, values: pl.Series) -> np.ndarray:
        """Return the number of each value's level, shape (n,); -1 unknown, or never seen and there is no ``other``."""
        words = _words(values, self.kind)
        place = {level: i for i, level in enumerate(self.levels)}
        other = place.get(OTHER, -1)
        return np.array([-1 if w is None else place.get(w, other) for w in words], np.int64)


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
    strata, stratum : the groups with a baseline of their own and each patient's number among them; None: there are none
    """

    patients: pl.DataFrame
    columns: list[CovariateColumn]
    genes: list[str]
    clinical: np.ndarray
    mutations: np.ndarray
    excluded: pl.DataFrame
    zero: TimeZero
    strata: Strata | None = None
    stratum: np.ndarray | None = None

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
            self.stratum,
            1 if self.strata is None else len(self.strata.levels),
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
    """Return a label per gene: the first pathway it is in (`oncourse.genome.gene_sets.pathways`), else its own.

    >>> pathway_groups(["KRAS", "BRAF", "SPOP"]).tolist()
    ['pathway RTK-RAS', 'pathway RTK-RAS', 'SPOP']
    """
    from oncourse.genome.gene_sets import pathways

    first = {g: name for name, members in reversed(pathways().items()) for g in members}
    return np.array([f"pathway {first[g]}" if g in first else g for g in genes], dtype=object)


def prediction_frame(
    tables: PredictionTables,
    *,
    endpoint: str,
    origin: str,
    line: int,
    covariates: tuple[str, ...],
    min_carriers: int,
    max_genes: int,
    strata: str | None = None,
) -> PredictionFrame:
    """Assemble outcome and predictors of every patient with both; the others are listed with the reason.

    strata : a covariate whose values get a baseline hazard each instead of coefficients; a patient in whom it is not
    known by time zero is left out

    Raises
    ------
    ConfigError : `strata` is not a covariate, or a number
    """
    study = tables.study
    zero = time_zero(tables, origin, line)
    records = tables.records.filter((pl.col("endpoint") == endpoint) & pl.col("line").is_null())
    patients, without = outcome_after(records, zero.table)
    parts = [zero.refused, without]
    genes: list[str] = []
    if tables.gene_status is not None and not zero.samples.is_empty():
        table = gene_matrix(tables.gene_status, zero.samples, min_carriers=min_carriers, most=max_genes)
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
    groups, stratum = None, None
    if strata is not None:
        patients, groups, stratum, unknown = _strata(study, patients, strata)
        parts.append(unknown)
    chosen = {name: kind for name, kind in chosen_covariates(study, covariates).items() if name != strata}
    units = patients.select("patient_id", "zero_day").with_row_index("unit")
    values = covariates_at(study, units, chosen).sort("unit")
    clinical, columns = encode(values, chosen)
    mutations = patients.select(genes).to_numpy().astype(float) if genes else np.zeros((patients.height, 0))
    who = patients.select("patient_id", "zero_day", "time_days", "entry_days", "is_event")
    return PredictionFrame(who, columns, genes, clinical, mutations, pl.concat(parts), zero, groups, stratum)


def strata_kind(study: Study, name: str) -> str:
    """Return the kind of the covariate that parts the patients into strata: category or yes_no.

    Raises
    ------
    ConfigError : no such covariate, or a number
    """
    kind = chosen_covariates(study, (name,))[name]
    if kind == "number":
        raise ConfigError(
            f"prediction.strata={name}: a number has no strata; list it as category in study.yaml, or leave it a "
            f"covariate."
        )
    return kind


def _strata(study: Study, patients: pl.DataFrame, name: str) -> tuple[pl.DataFrame, Strata, np.ndarray, pl.DataFrame]:
    """Return (patients with a stratum, the strata, each one's number, those without and why)."""
    kind = strata_kind(study, name)
    units = patients.select("patient_id", "zero_day").with_row_index("unit")
    values = covariates_at(study, units, {name: kind}).sort("unit")[name]
    words = _words(values, kind)
    counts = Counter(w for w in words if w is not None)
    kept = sorted(w for w, n in counts.items() if n >= MIN_CATEGORY)
    rare = sum(n for n in counts.values() if n < MIN_CATEGORY)
    strata = Strata(name, kind, tuple(kept + [OTHER] * (rare >= MIN_CATEGORY and OTHER not in kept)))
    number = strata.number(values)
    without = patients.filter(pl.Series(number < 0)).select(
        "patient_id",
        pl.lit(None, pl.String).alias("sample_id"),
        pl.lit(f"{name}, which makes the strata, is not known by time zero or too rare for a stratum").alias("reason"),
    )
    return patients.filter(pl.Series(number >= 0)), strata, number[number >= 0], without


def _words(values: pl.Series, kind: str) -> list[str | None]:
    if kind == "category":
        return values.cast(pl.String).to_list()
    return [None if v is None else "yes" if v else "no" for v in values.to_list()]


def strata_of(study: Study, strata: dict[str, Any], zero: TimeZero) -> np.ndarray:
    """Return the number of each patient's stratum in a new study, -1 not known; the patients are those of
    `features_of`."""
    found = Strata(strata["covariate"], strata["kind"], tuple(strata["levels"]))
    units = zero.table.sort("patient_id").with_row_index("unit")
    if found.covariate not in {*study["patients"].columns, *study["samples"].columns}:
        return np.full(units.height, -1)
    values = covariates_at(study, units, {found.covariate: found.kind}).sort("unit")
    return found.number(values[found.covariate])


def features_of(
    tables: PredictionTables, features: list[dict[str, Any]], zero: TimeZero
) -> tuple[list[str], np.ndarray]:
    """Return (patients, (n, columns)) of a saved model's features for a new study, NaN = not known."""
    study = tables.study
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
    if genes and tables.gene_status is not None and not zero.samples.is_empty():
        used = zero.samples["sample_id"].implode()
        state = tables.gene_status.dense(genes).filter(pl.col("sample_id").is_in(used))
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
