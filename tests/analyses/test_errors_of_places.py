"""Errors in a fifth of the places, one read in twenty there: the samples are named, and the sites."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.studies import study

import oncourse
from oncourse.stats.rng import generator

TOLD, DEPTH = 1e-3, 120


def lesions(kind: str, n_patient: int = 10, n_variant: int = 40, second: str = "x") -> Any:
    """Two lesions of each patient, purity .4-.8: six of ten mutations in all cells of both, two in those of either alone.
    `places`: one read in twenty is wrong at a fifth of the places; `clones`: half of the metastases hold a clone of a
    quarter of the cells that has most mutations of the primary; else as told. second: assay of the metastases."""
    rng = generator(5, f"places.{kind}")
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("samples", "lesions", "calls")}
    for p in range(n_patient):
        ccf = np.zeros((2, n_variant))
        ccf[:, : n_variant * 6 // 10] = 1
        ccf[0, n_variant * 6 // 10 : n_variant * 8 // 10], ccf[1, n_variant * 8 // 10 :] = 1, 1
        if kind == "clones" and p % 2:
            ccf[1, n_variant * 6 // 10 : n_variant * 8 // 10 - 2] = 0.25
        error = np.full(n_variant, TOLD)
        if kind == "places":
            error[rng.random(n_variant) < 0.2] = 0.05
        for k, (s, role) in enumerate((("a", "primary"), ("b", "metastasis"))):
            purity = float(rng.uniform(0.4, 0.8))
            alt = rng.binomial(DEPTH, np.minimum(purity * ccf[k] / 2 + error, 1))
            rows["lesions"].append({"lesion_id": f"P{p}{s}", "patient_id": f"P{p}", "role": role})
            rows["samples"].append(
                {
                    "sample_id": f"P{p}{s}",
                    "patient_id": f"P{p}",
                    "material": "tissue",
                    "lesion_id": f"P{p}{s}",
                    "assay_id": second if k else "x",
                    "purity": purity,
                }
            )
            rows["calls"] += [
                {"sample_id": f"P{p}{s}", "variant_id": _name(v, p), "alt_count": int(a), "depth": DEPTH}
                for v, a in enumerate(alt)
            ]
    return study(
        patients=[{"patient_id": f"P{p}", "disease": "colorectal cancer"} for p in range(n_patient)],
        variants=[{"variant_id": _name(v, p), "gene": "G"} for v in range(n_variant) for p in range(n_patient)],
        assays=[{"assay_id": a, "kind": "wes", "callable_mb": 30, "error_rate": TOLD} for a in sorted({"x", second})],
        **rows,
    )


def _name(v: int, p: int) -> str:
    return f"{1 + v % 20}:{1_000_000 + 1000 * v + p}:C:A"


def test_samples_and_sites_with_errors_of_places_are_named() -> None:
    """A tenth and more of the absent sites were present, no sample was named, the shared fraction was too high."""
    found = oncourse.run("concordance", lesions("places").cohort())
    states, named = found.tables["concordance/states"], found.tables["concordance/samples"].drop_nulls("noise")
    few = states.filter(pl.col("reason") == "few_reads")
    assert few.height > 10 and set(few["state"]) == {"present"} and (few["alt_count"] <= 0.1 * few["depth"]).all()
    assert named.height == 20
    assert all(re.search(r"errors of its places: few reads at \d+ % of the sites", x) for x in named["noise"])
    summary = found.tables["concordance/summary"].filter(pl.col("estimand").str.starts_with("shared_fraction"))
    assert summary.height and summary["estimate"].null_count() == summary.height


@pytest.mark.parametrize("kind", ["told", "clones"])
def test_small_clones_name_nothing(kind: str) -> None:
    """Clones of the primary in half of the metastases lie on a tree: their samples are not named for errors of places."""
    found = oncourse.run("concordance", lesions(kind).cohort())
    assert not found.tables["concordance/samples"]["noise"].str.contains("places").any()
    assert "few_reads" not in set(found.tables["concordance/states"]["reason"])
    summary = found.tables["concordance/summary"].filter(pl.col("estimand").str.starts_with("shared_fraction"))
    assert summary["estimate"].null_count() < summary.height


def test_places_are_those_of_an_assay() -> None:
    """Lesions read by two assays say nothing of the places of either."""
    found = oncourse.run("concordance", lesions("places", second="y").cohort())
    assert not found.tables["concordance/samples"]["noise"].str.contains("places").any()
