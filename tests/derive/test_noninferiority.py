"""Plasma against a second sample of the same lesion, and the latent class of a status, by hand."""

from __future__ import annotations

import math

import polars as pl
import pytest
from scipy.stats import binom

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.stats.agreement import tango_interval, tango_noninferiority
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

RAS = "12:25398284:C:T"


def study(kinds):
    """Return one patient per kind: is KRAS G12D in (tissue, repeat tissue or None, plasma)? Ten other mutations in all.

    Tissue 200x at purity 0.6, plasma 2,000x at tumour fraction 0.1: every absence is certain.
    """
    rows = {name: [] for name in ("patients", "lesions", "samples", "calls", "variants")}
    for i, kind in enumerate(kinds):
        p = f"A{i:03d}"
        rows["patients"].append({"patient_id": p})
        rows["lesions"].append({"lesion_id": p, "patient_id": p, "role": "primary"})
        names = [(f"{p}T", "tissue", kind[0], 200, 60)]
        if kind[1] is not None:
            names.append((f"{p}U", "tissue", kind[1], 190, 57))
        names.append((f"{p}B", "plasma", kind[2], 2000, 100))
        for name, material, has, depth, reads in names:
            tissue = material == "tissue"
            rows["samples"].append(
                {
                    "sample_id": name,
                    "patient_id": p,
                    "material": material,
                    "day": 0,
                    "mean_depth": float(depth),
                    "lesion_id": p if tissue else None,
                    "purity": 0.6 if tissue else None,
                    "tumor_fraction": None if tissue else 0.1,
                }
            )
            for v in [f"1:{1000 * i + k + 1}:C:T" for k in range(10)]:
                rows["calls"].append({"sample_id": name, "variant_id": v, "alt_count": reads, "depth": depth})
            rows["calls"].append(
                {"sample_id": name, "variant_id": RAS, "alt_count": reads if has else 0, "depth": depth}
            )
    ids = sorted({c["variant_id"] for c in rows["calls"]})
    rows["variants"] = [
        {"variant_id": v, "gene": "KRAS" if v == RAS else "G", "hgvs_p": "p.G12D" if v == RAS else None} for v in ids
    ]
    full = {}
    for name, data in rows.items():
        frame = pl.DataFrame(data, infer_schema_length=None)
        full[name] = frame.select(
            (pl.col(c) if c in frame.columns else pl.lit(None)).cast(s.dtype).alias(c)
            for c, s in TABLES[name].by_name.items()
        )
    return Study(StudyConfig(genome_build="GRCh37"), full)


def run(made, **settings):
    result = registry()["tissue_blood"].run(Cohort(made, {"tissue_blood": settings}))
    tests = {(r["measure"], r["of"]): r for r in result.tables["tissue_blood/noninferiority"].iter_rows(named=True)}
    return result, tests


KINDS = [(1, 1, 1)] * 20 + [(1, 1, 0)] * 2 + [(1, 0, 1)] + [(1, None, 1)] * 3 + [(0, 0, 0)] * 8 + [(0, 0, 1)]


def test_repeat_tissue_sets_the_aim_and_tango_tests_the_status():
    """23 RAS mutant tissues with a repeat: repeat agrees in 22, plasma in 21; 2 v 1 discordant pairs."""
    _, tests = run(study(KINDS), repeat_tissue=True, margin=0.15)
    row = tests["ppa", "RAS"]
    assert (row["comparator"], row["n_patients"], row["basis"]) == (
        "repeat tissue",
        23,
        "Tango's paired score",
    )
    assert row["aim"] == pytest.approx(22 / 23) and row["agreement"] == pytest.approx(21 / 23)
    assert row["p_value"] == pytest.approx(tango_noninferiority(2, 1, 23, 0.15))
    assert row["lower"] == pytest.approx(-tango_interval(2, 1, 23)[2])
    assert row["is_noninferior"] == (row["p_value"] < 0.025)
    # nine wild types: plasma finds RAS in one, the repeat in none
    npa = tests["npa", "RAS"]
    assert (npa["n_patients"], npa["aim"]) == (9, 1.0) and npa["agreement"] == pytest.approx(8 / 9)


def test_variants_against_repeat_tissue_are_paired_by_patient():
    """32 patients with a repeat: 343 tissue variants, plasma finds all but 2, the repeat all but 1."""
    _, tests = run(study(KINDS), repeat_tissue=True, margin=0.05)
    row = tests["ppa", "variants"]
    assert row["n_patients"] == 32 and row["basis"] == "paired, patients as clusters (t)"
    assert row["agreement"] == pytest.approx(341 / 343) and row["aim"] == pytest.approx(342 / 343)
    assert row["is_noninferior"] is True and row["p_value"] < 0.025


def test_a_goal_of_negative_agreement_is_tested_exactly():
    _, tests = run(study(KINDS), npa0=0.99, margin=0.1)
    row = tests["npa", "RAS"]
    assert row["agreement"] == pytest.approx(8 / 9)
    assert row["p_value"] == pytest.approx(float(binom.sf(7, 9, 0.89)))
    assert row["is_noninferior"] is False


def test_without_a_repeat_it_is_not_run_and_said_so():
    _, tests = run(study([(1, None, 1)] * 4), repeat_tissue=True, margin=0.1)
    assert all(r["p_value"] is None and r["basis"].startswith("not run") for r in tests.values())


def test_the_latent_class_shows_its_priors_and_a_range_of_dependence():
    result, _ = run(study([(1, None, 1)] * 18 + [(1, None, 0)] * 6 + [(0, None, 0)] * 24))
    table = result.tables["tissue_blood/latent_class"]
    assert set(table["dependence"]) == {0.0, 0.25, 0.5} and table.height == 15
    plasma = table.filter((pl.col("parameter") == "sensitivity of plasma") & (pl.col("dependence") == 0)).row(
        0, named=True
    )
    # power near 1 in both: the prior is strong, the data (18 of 24) pull the sensitivity down
    assert plasma["prior_mean"] > 0.95 and plasma["prior_patients"] == pytest.approx(21)
    assert (
        0.75 < plasma["estimate"] < plasma["prior_mean"] and plasma["ci_low"] < plasma["estimate"] < plasma["ci_high"]
    )
    assert any("rest on their priors" in n for n in result.notes)
    assert all(math.isfinite(x) for x in table["estimate"])
