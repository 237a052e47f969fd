"""Rows of the tables of a fitted ladder: accuracy, what mutations add, the equations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from oncourse.models.fit_report import FittedPrediction
from oncourse.models.ladder import BOOSTED, FOREST, NULL


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
            "apparent": number(fitted.apparent[name][j]),
            "corrected": number(found.value[j]),
            "ci_low": number(found.ci_low[j]),
            "ci_high": number(found.ci_high[j]),
            "optimism_corrected": number(fitted.optimism_corrected.get(name, [None] * 99)[j]),
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
                "difference": number(value),
                "ci_low": number(low),
                "ci_high": number(high),
                "p_value": None,
            }
            for metric, value, low, high in fitted.differences
        ]
        added.append(
            {
                "metric": "likelihood_ratio",
                "difference": number(fitted.added.likelihood_ratio),
                "ci_low": None,
                "ci_high": None,
                "p_value": number(fitted.added.p_value),
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
            "stability": number(fitted.stability[name][j]) if name in fitted.stability else None,
            "mean": f["mean"],
            "n_known": f["n_known"],
        }
        for name, model in fitted.final.items()
        if model.forest is None and name not in (NULL, BOOSTED, FOREST)
        for j, f in enumerate(features)
        if model.coef[j] != 0
    ]


def number(value: Any) -> float | None:
    """Return the number, None where it is not finite or not there."""
    return None if value is None or value != value or value in (float("inf"), float("-inf")) else float(value)
