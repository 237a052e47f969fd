"""Risks of a saved model for the patients of a study, with what drives them and whether the model fits the study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from oncourse.cohort import Cohort
from oncourse.derive.outcomes.prediction_data import features_of, strata_of
from oncourse.derive.outcomes.predictors import ORIGINS, time_zero
from oncourse.errors import ConfigError
from oncourse.models.card import ModelCard
from oncourse.study.model import Study

#: Predictors named as drivers of one patient's risk.
NAMED_DRIVERS = 3
#: Share of the equation's predictors a patient may lack before the row is marked.
MAX_UNKNOWN = 0.5


@dataclass(frozen=True)
class Predicted:
    """table: patient_id, zero_day, risk, ci_low, ci_high, drivers, not_known, note; shift: one row per predictor."""

    table: pl.DataFrame
    shift: pl.DataFrame
    warnings: tuple[str, ...]


def predict_patients(card: ModelCard, study: Study, *, origin: str | None = None) -> Predicted:
    """Return each patient's risk by the model's horizon from time zero.

    ``drivers``: the predictors that move the log hazard most away from the average development patient, with the hazard
    ratio against that patient. ``not_known``: predictors of the equation without a value (filled as the card says).
    A patient without time zero, who lacks most predictors, or whose stratum the model does not know, has no risk (null)
    and a note.
    """
    outcome = card.data["outcome"]
    wanted = origin or outcome["origin"]
    if wanted not in ORIGINS:
        place = f"--origin {wanted}" if origin else f"outcome.origin of the model, '{wanted}'"
        raise ConfigError(f"{place}: expected one of {', '.join(ORIGINS)}.")
    cohort = Cohort(study)
    zero = time_zero(cohort.prediction_tables, wanted, int(outcome.get("line", 1)))
    patients, x = features_of(cohort.prediction_tables, card.features, zero)
    stratum = None if card.strata is None else strata_of(study, card.strata, zero)
    risk, low, high = card.predict(x, stratum) if len(patients) else (np.empty(0), np.empty(0), np.empty(0))
    share = card.drivers(x) if len(patients) else np.empty((0, len(card.features)))
    used = np.flatnonzero(card.model.coef)
    names = [f["feature"] for f in card.features]
    zero_day = dict(zero.table.iter_rows())
    rows = []
    for i, patient in enumerate(patients):
        gaps = [names[j] for j in used if np.isnan(x[i, j])]
        order = sorted((j for j in used if not np.isnan(x[i, j])), key=lambda j: -abs(share[i, j]))
        drivers = [f"{names[j]} x{np.exp(share[i, j]):.2f}" for j in order[:NAMED_DRIVERS] if abs(share[i, j]) > 0.005]
        note = None
        if len(used) > 0 and len(gaps) > MAX_UNKNOWN * len(used):
            note = "most predictors not known: no risk given"
        elif card.strata is not None and np.isnan(risk[i]):
            note = f"{card.strata['covariate']} not known, or not among the model's strata: no risk given"
        rows.append(
            {
                "patient_id": patient,
                "zero_day": zero_day[patient],
                "risk": None if note else float(risk[i]),
                "ci_low": None if note or np.isnan(low[i]) else float(low[i]),
                "ci_high": None if note or np.isnan(high[i]) else float(high[i]),
                "drivers": "; ".join(drivers) or None,
                "not_known": "; ".join(gaps) or None,
                "note": note,
            }
        )
    placed = set(patients)
    rows += [
        {"patient_id": p, "note": f"no time zero: {zero.words} not recorded"}
        for p in study["patients"]["patient_id"].to_list()
        if p not in placed
    ]
    schema = {
        "patient_id": pl.String,
        "zero_day": pl.Int64,
        "risk": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
        "drivers": pl.String,
        "not_known": pl.String,
        "note": pl.String,
    }
    table = pl.DataFrame(rows, schema=schema).sort("patient_id")
    moved = card.shift(x) if len(patients) else []
    shift = pl.DataFrame(
        moved,
        schema={
            "feature": pl.String,
            "development_mean": pl.Float64,
            "new_mean": pl.Float64,
            "smd": pl.Float64,
            "n_known": pl.Int64,
            "n": pl.Int64,
            "is_shifted": pl.Boolean,
        },
    )
    return Predicted(table, shift, _warnings(card, shift))


def _warnings(card: ModelCard, shift: pl.DataFrame) -> tuple[str, ...]:
    out = []
    if not card.data["use"]["may_be_used"]:
        out.append(
            "the model's own report says it should not be used: " + "; ".join(card.data["use"]["reasons_against"])
        )
    moved = shift.filter(pl.col("is_shifted"))["feature"].to_list()
    if moved:
        out.append("these patients differ from those the model was made from: " + ", ".join(moved) + " (see --shift)")
    absent = shift.filter((pl.col("n_known") == 0) & (pl.col("n") > 0))["feature"].to_list()
    if absent:
        out.append("nobody has a value of: " + ", ".join(absent))
    return tuple(out)
