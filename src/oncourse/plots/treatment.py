"""Figures of a treatment comparison: hazard ratios, balance, and survival by treatment and marker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

#: name, title, caption, and what draws it
Drawn = tuple[str, str, str, Callable[[], str]]


#: Patients of an endpoint, line and two arms.
Who = Callable[[dict[str, Any]], list[str]]


def comparison_figure(comparison: list[dict[str, Any]], who: Who) -> list[Drawn]:
    """Hazard ratios of the largest comparisons by method (rows of treatment/comparison, and `head`: endpoint and line in
    words); empty where there is none.

    who : the patients compared in a row
    """
    from oncourse.plots.effects import ratios

    shown = [
        r
        for r in comparison
        if r["estimate_name"] == "hazard_ratio" and r["method"] in ("unadjusted", "adjusted", "overlap", "iptw")
    ]
    shown = sorted(shown, key=lambda r: -(r["n_arm"] + r["n_reference"]))[:40]
    if not shown:
        return []
    shown = sorted(shown, key=lambda r: (r["endpoint"], r["line"], r["arm"], r["reference"]))
    drawing = partial(
        ratios,
        [f"{r['head']}: {r['arm']} v {r['reference']}"[:70] for r in shown],
        np.array([r["estimate"] for r in shown]),
        np.array([r["ci_low"] for r in shown]),
        np.array([r["ci_high"] for r in shown]),
        [r["method"] for r in shown],
        xlabel="hazard ratio (log scale)",
        people=[who(r) for r in shown],
    )
    caption = (
        "Hazard ratios with 95 % intervals, arm against reference, below 1 favours the arm; the largest comparisons. "
        "Unadjusted ratios compare who got a treatment with who got the other, not the treatments."
    )
    return [("hazard_ratios", "Treatments compared", caption, drawing)]


def plain_covariate(name: str) -> str:
    """Return a covariate as it is read.

    >>> plain_covariate("lab:PSA"), plain_covariate("age_years"), plain_covariate("prior:taxane")
    ('PSA', 'age', 'earlier taxane')
    """
    kind, colon, rest = name.partition(":")
    told = {"prior": f"earlier {rest}"}.get(kind, rest) if colon else name
    return told.removesuffix("_years").replace("_", " ")


def balance_figure(head: dict[str, Any], rows: list[dict[str, Any]], who: Who) -> list[Drawn]:
    """Standardised differences of one comparison (a row of treatment/comparison) before and after weighting."""
    from oncourse.plots.effects import love

    keys = ("endpoint", "line", "arm", "reference")
    balance = [b for b in rows if all(b[k] == head[k] for k in keys)]
    if not balance:
        return []
    columns = {"before": "smd", "overlap weights": "smd_overlap", "inverse weights": "smd_iptw"}
    drawing = partial(
        love,
        [plain_covariate(b["covariate"]) for b in balance],
        {label: np.array([np.nan if b[k] is None else b[k] for b in balance]) for label, k in columns.items()},
        title="Balance before and after weighting",
        people=who(head),
    )
    caption = (
        f"Standardised differences between {head['arm']} (n = {head['n_arm']}) and {head['reference']} "
        f"(n = {head['n_reference']}), line {head['line']}; above 0.1 is unbalanced."
    )
    return [("balance", "Balance of the covariates", caption, drawing)]
