"""Statistics of clinical studies: arrays in, values out; no study needed.

Survival: `kaplan_meier`, `logrank`, `survival_data`, `fit_cox` (Efron, Breslow, Firth; delayed entry, strata,
clusters), `restricted_mean`; `turnbull`, `weibull_interval` (interval-censored). Competing events: `cumulative_incidence`
(Aalen-Johansen), `fine_gray`. Many features at once, with delayed entry: `scan_cox`, `scan_logrank`. Agreement:
`kappa`, `gwet_ac1`, `mcnemar_exact`, `tango_interval`. Proportions: `clopper_pearson`, `wilson`,
`newcombe` (difference), `fisher_exact`, `cochran_mantel_haenszel`. Many tests:
`benjamini_hochberg`. Random numbers: `generator`. Formulas, references and what each is checked against are in the
docstrings and in docs/explanation/survival.md.
"""

from __future__ import annotations

from typing import Any

#: Public name -> module of this package.
_HOME = {
    **dict.fromkeys(("kaplan_meier", "risk_table", "follow_up"), "km"),
    **dict.fromkeys(("fit_cox", "survival_data"), "cox"),
    **dict.fromkeys(("cumulative_incidence", "fine_gray"), "competing"),
    **dict.fromkeys(("scan_cox", "scan_logrank"), "scan"),
    **dict.fromkeys(("kappa", "gwet_ac1", "mcnemar_exact", "tango_interval", "cluster_bootstrap"), "agreement"),
    **dict.fromkeys(
        ("clopper_pearson", "wilson", "newcombe", "fisher_exact", "cochran_mantel_haenszel"), "proportions"
    ),
    "benjamini_hochberg": "fdr",
    "firth_logistic": "firth_logistic",
    "generator": "rng",
    "logrank": "logrank",
    **dict.fromkeys(("compare_restricted_means", "restricted_mean"), "rmst"),
    **dict.fromkeys(("turnbull", "weibull_interval"), "interval"),
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
