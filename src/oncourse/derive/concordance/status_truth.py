"""How often is a status there, and how often does each sample show it, were the truth known? Priors from power."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from oncourse.derive.concordance.presence import PresenceTable

TRUTH_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("status", pl.String, "RAS, BRAF V600E ..."),
    (
        "dependence",
        pl.Float64,
        "covariance of tissue and plasma given the truth, share of its largest: 0 = independent",
    ),
    ("parameter", pl.String, "prevalence, sensitivity or specificity of tissue or plasma"),
    ("prior_mean", pl.Float64, "mean of the prior (sensitivity: mean power of the samples); null = uniform"),
    ("prior_patients", pl.Float64, "weight of the prior, in patients"),
    ("estimate", pl.Float64, "posterior mean; null = data and priors contradict each other"),
    ("ci_low", pl.Float64, "lower 95 % limit"),
    ("ci_high", pl.Float64, "upper 95 % limit"),
    (
        "n_patients",
        pl.Int64,
        "patients with tissue judged; plasma that could not be judged counts as negative",
    ),
)

#: Shares of the largest possible covariance over which estimates are shown: the sensitivity range.
DEPENDENCES = (0.0, 0.25, 0.5)
#: A prior of power weighs at most as many patients: power is of the assay, and shedding is not all of it.
MAX_PRIOR_PATIENTS = 20.0
#: Specificity of either sample: one false positive in 200 (FDA approvals of panels: NPA above 99 %).
SPECIFICITY = (199.0, 1.0)
_NAMES = {
    "prevalence": "prevalence",
    "sensitivity_a": "sensitivity of tissue",
    "sensitivity_b": "sensitivity of plasma",
    "specificity_a": "specificity of tissue",
    "specificity_b": "specificity of plasma",
}


def truth_rows(
    presence: PresenceTable, main: pl.DataFrame, states: pl.DataFrame, status: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return rows of `TRUTH_COLUMNS`, or none and why the estimate is withheld.

    Parameters
    ----------
    main : main pairs of tissue and plasma, of `PairTable`
    states : of `sample_statuses`
    """
    from oncourse.stats.latent_class import latent_class

    power = presence.cells.select("sample", "power").drop_nulls().group_by("sample").agg(pl.col("power").mean())
    known = states.filter(pl.col("status") == status).select("sample", "state")
    of = main.select("row_a", "row_b")
    for end in "ab":
        of = of.join(known.rename({"sample": f"row_{end}", "state": f"state_{end}"}), on=f"row_{end}", how="left")
        of = of.join(power.rename({"sample": f"row_{end}", "power": f"power_{end}"}), on=f"row_{end}", how="left")
    of = of.filter(pl.col("state_a").is_in(["positive", "negative"]) & pl.col("state_b").is_not_null())
    mean = [of[f"power_{end}"].mean() for end in "ab"]
    if of.is_empty() or not all(isinstance(m, float) for m in mean):
        return [], "the power of the samples is not known, so that no prior can be stated"
    a, b = (of[f"state_{end}"] == "positive" for end in "ab")
    counts = tuple(float(x.sum()) for x in (a & b, a & ~b, ~a & b, ~a & ~b))
    weight = min(float(of.height), MAX_PRIOR_PATIENTS)
    priors = {
        f"sensitivity_{end}": (float(m) * weight + 0.5, (1 - float(m)) * weight + 0.5)  # type: ignore[arg-type]
        for end, m in zip("ab", mean, strict=True)
    }
    priors |= {"specificity_a": SPECIFICITY, "specificity_b": SPECIFICITY}
    rows = []
    table = (counts[0], counts[1], counts[2], counts[3])
    for dependence, found in zip(DEPENDENCES, latent_class(table, priors, dependences=DEPENDENCES), strict=True):
        for key, name in _NAMES.items():
            prior = priors.get(key)
            numbers = {"estimate": found.mean[key], "ci_low": found.low[key], "ci_high": found.high[key]}
            rows.append(
                {
                    "status": status,
                    "dependence": dependence,
                    "parameter": name,
                    "n_patients": of.height,
                    "prior_mean": prior[0] / sum(prior) if prior else None,
                    "prior_patients": sum(prior) if prior else None,
                    **{k: None if np.isnan(v) else v for k, v in numbers.items()},
                }
            )
    if all(row["estimate"] is None for row in rows):
        return rows, "data and priors contradict each other"
    return rows, None
