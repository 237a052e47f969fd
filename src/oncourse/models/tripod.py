"""What TRIPOD+AI asks a report on a prediction model to say, as far as the data and the settings can say it."""

from __future__ import annotations

from typing import Any

#: Stands where only the authors of the study know.
NOT_KNOWN = "to be stated by the authors"


def tripod_items(
    *,
    study: str,
    outcome: str,
    time_zero: str,
    n: int,
    n_event: int,
    left_out: int,
    candidates: int,
    supported: int,
    predictors: str,
    missing: str,
    model: str,
    validation: str,
    threshold: float,
    findings: str,
    limits: str,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Return item -> what this model's card can say, in the order of the checklist.

    Items as in Collins et al. BMJ 2024;385:e078378; those that only the authors can fill say so. `left_out` : patients
    without time zero, outcome or predictors, listed with the reason in the results.
    """
    return {
        "1 title": f"development of a model of {outcome}, internally validated: {study}",
        "4 objectives": f"to predict {outcome} and to find what mutations add to clinical covariates",
        "5 data": study,
        "5b dates": NOT_KNOWN,
        "6 participants": f"patients alive on {time_zero}; who was left out is listed with the reason in the results",
        "6c treatments received": NOT_KNOWN,
        "7 data preparation": "categories of fewer than 5 patients are joined; genes altered in few are no candidates",
        "8 outcome": outcome,
        "9 predictors": predictors,
        "10 sample size": f"{n_event} events support {supported} unpenalised parameters (Riley 2019, shrinkage 0.9); "
        f"{candidates} candidates",
        "11 missing data": missing,
        "12 analytical methods": model,
        "12 internal validation": validation,
        "12e performance measures": "AUC, Brier score, IPA, calibration, sensitivity, specificity, PPV, NPV and net "
        "benefit at the horizon, with weights for censoring and truncation",
        "13 class imbalance": "no resampling; risks are those of the population",
        "14 fairness": "not examined by subgroup",
        "15 model output": f"risk; called high from {threshold:g}",
        "16 training and evaluation": "the same patients, by resampling; no external evaluation",
        "17 ethical approval": NOT_KNOWN,
        "18 open science": "settings, equation and refits are in this file; code: oncourse",
        "19 patient and public involvement": NOT_KNOWN,
        "20 participants": f"{n} patients, {n_event} events by the horizon; {left_out} left out",
        "21 model development": f"{n} patients, {n_event} events in every analysis",
        "22 model specification": "equation, missing_values and bootstrap_refits of this file",
        "23 model performance": "performance of this file; prediction/performance.tsv and calibration.tsv of the run",
        "24 model updating": "none",
        "25 interpretation": findings,
        "26 limitations": limits,
        "27 usability": "`oncourse predict` fills missing values as missing_values says and names them; it warns "
        "where a "
        "study differs from the development patients",
        "settings": settings,
    }
