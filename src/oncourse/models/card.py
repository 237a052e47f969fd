"""A fitted risk model as a small JSON card: equation, how it was made, how well it predicts, when not to use it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oncourse.errors import InputError
from oncourse.models.card_check import faults, finite, no_infinity
from oncourse.models.impute import Imputer
from oncourse.models.ladder import FittedRisk

FORMAT = "oncourse risk model"
#: 1: one baseline hazard; 2: one per stratum.
VERSIONS = (1, 2)
#: A longer text is no card: the largest of 100 refits over 1,000 predictors is far below.
MAX_CHARACTERS = 100 << 20
#: Bootstrap refits kept in the card for the interval of a new patient's risk.
KEPT_REFITS = 100
#: A mean shifted by more than this many standard deviations of the development patients is flagged.
SHIFT_SMD = 0.25


@dataclass(frozen=True)
class ModelCard:
    """A saved model.

    Attributes
    ----------
    features : one mapping per column: feature, kind (number, yes_no, category, gene), covariate, level, kept, mean, sd
    clinical : how many of the first columns are clinical
    model : the equation
    refit_coef, refit_hazard : (b, columns) coefficients and (b, strata) baseline hazards of bootstrap refits
    strata : covariate, kind, levels of the strata, each with a baseline hazard of its own; None: one for everyone
    data : everything else of the card, as in the JSON
    """

    features: list[dict[str, Any]]
    clinical: int
    model: FittedRisk
    refit_coef: np.ndarray
    refit_hazard: np.ndarray
    data: dict[str, Any]
    strata: dict[str, Any] | None = None

    def predict(self, x: np.ndarray, strata: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (risk, low, high) for rows of features (n, columns), NaN where not known.

        strata : (n,) number of each patient's stratum among its levels, -1 not known (the risk is then NaN); None where
        the model has none.

        The interval holds the risk by 95 % of the bootstrap refits: how far the estimate of a patient's risk
        depends on who happened to be in the development data (Riley & Collins 2023), not whether the event comes.
        """
        clinical, genes = x[:, : self.clinical], x[:, self.clinical :]
        full = self.model.complete(clinical, genes)
        at = np.zeros(len(x), np.int64) if strata is None else strata
        risk = self.model.risk(clinical, genes, at)
        if not len(self.refit_hazard):
            return risk, np.full(len(x), np.nan), np.full(len(x), np.nan)
        hazard = np.column_stack([self.refit_hazard, np.full(len(self.refit_hazard), np.nan)])[:, at]
        each = -np.expm1(-hazard * np.exp(np.clip(self.refit_coef @ full.T, -50, 50)))
        low, high = np.quantile(each, [0.025, 0.975], axis=0)
        return risk, low, high

    def drivers(self, x: np.ndarray) -> np.ndarray:
        """Return each feature's share in the log hazard relative to the average development patient, (n, columns)."""
        full = self.model.complete(x[:, : self.clinical], x[:, self.clinical :])
        mean = np.array([f["mean"] for f in self.features])
        return (full - mean) * self.model.coef

    def shift(self, x: np.ndarray) -> list[dict[str, Any]]:
        """Return one mapping per feature of the equation: development mean, new mean, difference in SDs, missing.

        ``is_shifted``: the means lie further apart than `SHIFT_SMD` and than chance explains (z > 3). A feature
        unknown for every new patient has no new mean.
        """
        rows = []
        for j, feature in enumerate(self.features):
            if self.model.coef[j] == 0:
                continue
            known = x[~np.isnan(x[:, j]), j]
            sd = feature["sd"]
            mean = float(known.mean()) if len(known) else None
            smd = None if mean is None or not sd else (mean - feature["mean"]) / sd
            rows.append(
                {
                    "feature": feature["feature"],
                    "development_mean": feature["mean"],
                    "new_mean": mean,
                    "smd": smd,
                    "n_known": len(known),
                    "n": len(x),
                    "is_shifted": smd is not None and abs(smd) > SHIFT_SMD and abs(smd) * math.sqrt(len(known)) > 3.0,
                }
            )
        return rows


def card_text(
    model: FittedRisk,
    features: Sequence[Mapping[str, Any]],
    clinical: int,
    refits: Sequence[FittedRisk],
    described: Mapping[str, Any],
    strata: Mapping[str, Any] | None = None,
) -> str:
    """Return the JSON of a model card; `described` are the parts in words and the performance.

    strata : covariate, kind and levels of the strata, in the order of the baseline hazards; None: there are none.
    """
    kept = list(refits[:KEPT_REFITS])

    def hazard(fitted: FittedRisk) -> float | list[float | None] | None:
        values = [_round(v) for v in fitted.base_hazard]
        return values[0] if strata is None else values

    body = {
        "format": FORMAT,
        "version": VERSIONS[0] if strata is None else VERSIONS[1],
        **described,
        "equation": {
            "risk": "1 - exp(-base_hazard * exp(sum(coefficient * value)))"
            + ("" if strata is None else ", base_hazard being that of the patient's stratum"),
            "model": model.name,
            **({} if strata is None else {"strata": dict(strata)}),
            "base_hazard": hazard(model),
            "n_clinical": clinical,
            "coefficients": {f["feature"]: _round(c) for f, c in zip(features, model.coef, strict=True) if c != 0},
        },
        "features": [{k: _round(v) if isinstance(v, float) else v for k, v in f.items()} for f in features],
        "missing_values": {
            "rule": "clinical: conditional mean of a multivariate normal; genes: share altered among the assessed",
            "mean": [_round(v) for v in model.imputer.mean],
            "covariance": [[_round(v) for v in row] for row in model.imputer.covariance],
            "prevalence": [_round(v) for v in model.prevalence],
        },
        "bootstrap_refits": [
            {
                "base_hazard": hazard(r),
                "coefficients": {str(j): _round(r.coef[j]) for j in np.flatnonzero(r.coef)},
            }
            for r in kept
        ],
    }
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def load_card(path: Path) -> ModelCard:
    """Return the card of a file; InputError where it cannot be read or is none."""
    if not path.is_file():  # a device would never end
        raise InputError(f"{path.name}: is a folder, a device or a link that leads nowhere, not a file.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: cannot be read as text ({type(error).__name__}).") from None
    return read_card(text, path.name)


def read_card(text: str, name: str = "model.json") -> ModelCard:
    """Return the card of a JSON text; InputError where it is none."""
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{name}: larger than any saved model ({len(text) >> 20} MB).")
    try:
        data = json.loads(text, parse_constant=no_infinity, parse_float=finite)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}, line {error.lineno}: not valid JSON ({error.msg}).") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not valid JSON ({str(error)[:80]}).") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(
            f"{name}: not a saved model; expected the model.json that `oncourse run` writes in tables/prediction."
        )
    if not isinstance(data.get("version"), int) or data["version"] not in VERSIONS:
        raise InputError(
            f"{name}: version {str(data.get('version'))[:20]}; this program reads versions {VERSIONS[0]} and "
            f"{VERSIONS[1]}."
        )
    wrong = faults(data)
    if wrong:
        raise InputError([f"{name}: {text}. Use the file as `oncourse run` wrote it." for text in wrong[:10]])
    try:
        features = data["features"]
        p = len(features)
        by_name = data["equation"]["coefficients"]
        gaps = data["missing_values"]
        c = int(data["equation"]["n_clinical"])
        model = FittedRisk(
            data["equation"]["model"],
            np.array([float(by_name.get(f["feature"], 0.0)) for f in features]),
            np.atleast_1d(np.array(data["equation"]["base_hazard"], float)),
            Imputer(np.array(gaps["mean"], float), np.array(gaps["covariance"], float).reshape(c, c)),
            np.array(gaps["prevalence"], float),
        )
        refits = data["bootstrap_refits"]
        coef = np.zeros((len(refits), p))
        for b, refit in enumerate(refits):
            for j, value in refit["coefficients"].items():
                coef[b, int(j)] = value
        strata = data["equation"].get("strata")
        k = len(model.base_hazard)
        if strata is not None and len(strata["levels"]) != k:
            raise ValueError("strata and baseline hazards differ in number")
        hazard = np.array([r["base_hazard"] for r in refits], float).reshape(len(refits), k)
        return ModelCard(features, c, model, coef, hazard, data, strata)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise InputError(f"{name}: the model is incomplete ({type(error).__name__}: {error}).") from None


def _round(value: float) -> float | None:
    value = float(value)
    return None if not math.isfinite(value) else float(f"{value:.8g}")
