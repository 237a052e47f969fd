"""Treatments chosen by a finding (RAS, side, MSI) are compared within it, not across it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort

G12D = "12:25398284:C:T"


@pytest.fixture(scope="module")
def chosen_by_ras(make_study):
    """160 patients: RAS wild type gets cetuximab in 85 %, mutated in 2 %; RAS doubles the hazard, the drug does
    nothing."""
    rng = np.random.default_rng(4)
    rows = {t: [] for t in ("patients", "samples", "calls", "treatments", "follow_up", "coverage")}
    for i in range(160):
        patient, ras = f"X{i:03d}", bool(rng.random() < 0.45)
        cetuximab = rng.random() < (0.02 if ras else 0.85)
        death, end = rng.exponential(500 / (2.0 if ras else 1.0)), rng.uniform(500, 1500)
        day = int(max(2, min(death, end))) + 20
        rows["patients"].append({"patient_id": patient, "primary_site": rng.choice(["left colon", "ascending colon"])})
        rows["samples"].append(
            {
                "sample_id": f"{patient}-T",
                "patient_id": patient,
                "material": "tissue",
                "day": 0,
                "purity": 0.6,
                "assay_id": "A",
            }
        )
        rows["calls"].append(
            {"sample_id": f"{patient}-T", "variant_id": G12D, "alt_count": 240 * ras, "depth": 800, "is_called": ras}
        )
        rows["treatments"].append(
            {
                "patient_id": patient,
                "start_day": 20,
                "line": 1,
                "setting": "metastatic",
                "drugs": "FOLFIRI+cetuximab" if cetuximab else "FOLFIRI+bevacizumab",
            }
        )
        dead = bool(death <= end)
        rows["follow_up"].append(
            {"patient_id": patient, "last_contact_day": day, "is_dead": dead, "death_day": day if dead else None}
        )
        rows["coverage"] += [
            {"sample_id": f"{patient}-T", "gene": g, "codon": c, "min_depth": 800}
            for g in ("KRAS", "NRAS")
            for c in (12, 13, 59, 61, 117, 146)
        ]
    study = make_study(
        **rows,
        assays=[{"assay_id": "A", "kind": "panel", "targets": "KRAS;NRAS", "min_alt_count": 5, "min_vaf": 0.03}],
        variants=[{"variant_id": G12D, "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}],
        config={"genome_build": "GRCh37", "design": "crc", "disease": "colorectal cancer"},
    )
    return registry()["treatment"].run(Cohort(study))


def test_the_finding_that_chose_the_treatment_is_balanced(chosen_by_ras):
    """The ratio was 0.52 (0.36-0.75) with an E-value, as if something unrecorded had to explain it."""
    table = chosen_by_ras.tables["treatment/comparison"].filter(pl.col("estimate_name") == "hazard_ratio")
    by_method = {r["method"]: r for r in table.filter(pl.col("endpoint") == "OS").iter_rows(named=True)}
    low, high = by_method["unadjusted"]["ci_low"], by_method["unadjusted"]["ci_high"]
    assert not low <= 1 <= high  # RAS alone
    assert by_method["adjusted"]["ci_low"] < 1 < by_method["adjusted"]["ci_high"]
    if "overlap" in by_method:
        assert by_method["overlap"]["ci_low"] < 1 < by_method["overlap"]["ci_high"]


def test_the_headline_names_it_and_no_unadjusted_ratio(chosen_by_ras):
    balance = chosen_by_ras.tables["treatment/balance"]
    assert {"marker:RAS", "side=left"} & set(balance["covariate"]) >= {"marker:RAS"}
    assert any("given" in n and "RAS" in n for n in chosen_by_ras.notes if n.startswith("Target trial"))
    assert "could have had either" in chosen_by_ras.answer or "hazard ratio {" not in chosen_by_ras.answer
