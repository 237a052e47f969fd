"""Rates of PSA response by line and by drugs."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort


@pytest.fixture(scope="module")
def tables():
    people = {"A": ("abiraterone", 4.0), "B": ("Zytiga", 30.0), "C": ("docetaxel", 4.0), "D": (None, 4.0)}
    made = study(
        patients=[{"patient_id": p} for p in people],
        treatments=[
            {"patient_id": p, "drugs": drug, "start_day": 0, "line": 1} for p, (drug, _) in people.items() if drug
        ],
        labs=[
            {"patient_id": p, "day": day, "analyte": "PSA", "value": value, "unit": "ng/mL"}
            for p, (_, low) in people.items()
            for day, value in ((0, 20.0), (30, low), (60, low))
        ],
    )
    return registry()["psa_response"].run(Cohort(made)).tables


def test_the_share_that_responded_is_told_for_each_drug(tables):
    """A question of an oncologist that the report left open: PSA50 on abiraterone, on docetaxel."""
    rows = tables["endpoints/psa_by_drugs"].filter(pl.col("measure") == "psa50_confirmed")
    found = {d: (n, k) for d, n, k in rows.select("drugs", "n", "n_response").iter_rows()}
    assert found == {"abiraterone": (2, 1), "docetaxel": (1, 1)}
    low, high = rows.filter(drugs="abiraterone").select("ci_low", "ci_high").row(0)
    assert (low, high) == pytest.approx((0.0126, 0.9874), abs=1e-4)  # Clopper-Pearson of 1 in 2


def test_drugs_of_a_line_add_up_to_the_line(tables):
    by_drugs = tables["endpoints/psa_by_drugs"].group_by("line", "measure").agg(pl.col("n", "n_response").sum())
    by_line = tables["endpoints/psa_by_line"].select("line", "measure", "n", "n_response")
    assert by_drugs.sort("line", "measure").equals(by_line.sort("line", "measure"), null_equal=True)
