"""Germline rows in the tables of calls say nothing of the tumour: its states are the same with and without them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.study.model import Study

SOMATIC = [f"1:{1000 + i}:C:T" for i in range(8)]
GERMLINE = [f"2:{5000 + i}:A:G" for i in range(25)]


@pytest.fixture(scope="module")
def made() -> Study:
    """Twelve patients: a primary and plasma of 2 %, no purity given; one of 8 mutations not found in plasma."""
    people = [f"P{i}" for i in range(12)]
    calls = []
    for n, patient in enumerate(people):
        for k, variant in enumerate(SOMATIC):
            in_plasma = 0 if k == 7 else 38 + (7 * n + 5 * k) % 9
            for sample, alt, depth in ((f"{patient}-T", 120 + k, 400), (f"{patient}-B", in_plasma, 4000)):
                row = {"sample_id": sample, "variant_id": variant, "alt_count": alt, "depth": depth}
                calls.append(row | {"is_called": alt > 0, "origin": "somatic"})
        for k, variant in enumerate(GERMLINE):
            for sample, depth in ((f"{patient}-T", 400), (f"{patient}-B", 4000), (f"{patient}-N", 300)):
                row = {"sample_id": sample, "variant_id": variant, "alt_count": depth // 2 + k - 12, "depth": depth}
                calls.append(row | {"is_called": True, "origin": "germline"})
    ends = {"T": "tissue", "B": "plasma", "N": "normal"}
    return study(
        {"title": "t", "genome_build": "GRCh38", "disease": "colorectal cancer", "design": "crc"},
        patients=[{"patient_id": p} for p in people],
        lesions=[{"lesion_id": f"{p}-L", "patient_id": p, "role": "primary"} for p in people],
        samples=[
            {"sample_id": f"{p}-{e}", "patient_id": p, "material": m, "lesion_id": f"{p}-L" if e == "T" else None}
            for p in people
            for e, m in ends.items()
        ],
        variants=[{"variant_id": v, "gene": f"G{i}"} for i, v in enumerate((*SOMATIC, *GERMLINE))],
        calls=calls,
    )


def test_states_and_fractions_of_the_tumour_are_the_same_without_germline_rows(made):
    """Found on a study folder made from reads: germline rows took the heterozygous half of the reads for the clonal
    level of the tumour, and a quarter of its mutations in plasma could no longer be judged."""
    bare = replace(made, tables={**made.tables, "calls": made["calls"].filter(pl.col("origin") != "germline")})
    shown = ["patient_id", "variant_id", "sample", "state", "reason", "p_present"]
    one, two = (Cohort(s).presence for s in (made, bare))
    kept = one.cells.filter(pl.col("variant_id").is_in(SOMATIC)).select(shown)
    assert kept.equals(two.cells.select(shown))
    assert one.samples["purity"].equals(two.samples["purity"])
    plasma = two.samples.filter(pl.col("material") == "plasma")
    assert plasma["purity"].is_between(0.01, 0.04).all()
    germline = one.cells.filter(pl.col("variant_id").is_in(GERMLINE))
    assert set(germline["reason"]) == {"germline"}
