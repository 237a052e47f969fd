"""Rows of the tables of a fitted ladder: accuracy, what mutations add, the equations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from oncourse.models.fit_report import FittedPrediction
from oncourse.models.ladder import BOOSTED, FOREST, NULL
from oncourse.words.numbers import finite_float


def named(metric: str, months: float) -> str:
    """Return the name of a metric in the tables: those at the horizon carry its months."""
    at_horizon = ("auc", "brier", "ipa", "oe", "sensitivity", "specificity", "ppv", "npv", "net_benefit")
    return f"{metric}_{months:g}m" if metric in at_horizon else metric


def performance_rows(fitted: FittedPrediction) -> list[dict[str, Any]]:
    """Return one row per model and metric: apparent, corrected with its interval, corrected for optimism."""
    months = fitted.months
    return [
        {
            "model": name,
            "metric": named(metric, months),
            "apparent": finite_float(fitted.apparent[name][j]),
            "corrected": finite_float(found.value[j]),
            "ci_low": finite_float(found.ci_low[j]),
            "ci_high": finite_float(found.ci_high[j]),
            "optimism_corrected": finite_float(fitted.optimism_corrected.get(name, [None] * 99)[j]),
            "n": fitted.n,
            "n_event": fitted.n_event,
        }
        for name, found in fitted.corrected.items()
        for j, metric in enumerate(fitted.metrics)
    ]


def added_rows(fitted: FittedPrediction) -> list[dict[str, Any]]:
    """Return the differences between the joint and the base model, and the likelihood ratio; empty without
    mutations."""
    months = fitted.months
    added: list[dict[str, Any]] = []
    if fitted.added is not None:
        added = [
            {
                "metric": named(metric, months),
                "difference": finite_float(value),
                "ci_low": finite_float(low),
                "ci_high": finite_float(high),
                "p_value": None,
            }
            for metric, value, low, high in fitted.differences
        ]
        added.append(
            {
                "metric": "likelihood_ratio",
                "difference": finite_float(fitted.added.likelihood_ratio),
                "ci_low": None,
                "ci_high": None,
                "p_value": finite_float(fitted.added.p_value),
            }
        )
    return added


def coefficient_rows(fitted: FittedPrediction, features: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per model and feature with a coefficient."""
    return [
        {
            "model": name,
            "feature": f["feature"],
            "coefficient": float(model.coef[j]),
            "hazard_ratio": float(math.exp(model.coef[j])),
            "stability": finite_float(fitted.stability[name][j]) if name in fitted.stability else None,
            "mean": f["mean"],
            "n_known": f["n_known"],
        }
        for name, model in fitted.final.items()
        if model.forest is None and name not in (NULL, BOOSTED, FOREST)
        for j, f in enumerate(features)
        if model.coef[j] != 0
    ]
