"""Presence on re-sampled real cancers, and tissue against blood by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


def hu2019():
    path = Path(__file__).parents[2] / "benchmarks" / "bench_concordance_hu2019.py"
    spec = importlib.util.spec_from_file_location("bench_concordance_hu2019", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_absent_in_one_metastasis_region_is_absent_in_the_lesion(shared_data):
    """Six cancers, 57 regions: at most 2 % of the absent are elsewhere in the lesion, 60 % of the naive stay
    decided."""
    module = hu2019()
    found = module.region_pairs(module.hu_study(shared_data("crc_hu2019_multiregion")))
    found = found.filter((pl.col("direction") == "primary to metastasis") & (pl.col("n_region") > 0))
    naive = found.filter(~pl.col("called"))
    absent = found.filter(pl.col("state") == "absent")
    assert absent["called_elsewhere"].mean() <= 0.02 < naive["called_elsewhere"].mean()
    assert (naive["state"] != "not_assessable").mean() >= 0.60


def test_kras_by_lesion_of_six_cancers(shared_data):
    """README of the data: six metastatic colorectal cancers. KRAS codon 12, 13 or 61 is mutated in every lesion."""
    module = hu2019()
    study = module.hu_study(shared_data("crc_hu2019_multiregion"))
    result = registry()["ras_status"].run(Cohort(study))
    states = result.tables["ras_status/samples"].filter(pl.col("status") == "RAS")
    assert states.height == 57 and set(states["state"]) <= {"positive", "not_assessable"}
    assert states.filter(pl.col("state") == "positive")["patient_id"].n_unique() == 6
    table = result.tables["ras_status/statuses"].filter(
        (pl.col("status") == "RAS") & (pl.col("comparison") == "primary v metastasis")
    )
    assert table.filter(pl.col("set") == "all").select("n_both", "n_a_only", "n_b_only").row(0) == (6, 0, 0)


def tissue_and_plasma(plasma_reads, n_patient=4, plasma_vaf=None):
    """Ten clonal mutations per patient in tissue; `plasma_reads` variant reads of 2,000 in plasma."""
    rows = {name: [] for name in ("patients", "lesions", "samples", "calls", "variants")}
    for i in range(n_patient):
        p = f"A{i}"
        rows["patients"].append({"patient_id": p})
        rows["lesions"].append({"lesion_id": f"{p}L", "patient_id": p, "role": "primary"})
        rows["samples"] += [
            {
                "sample_id": f"{p}T",
                "patient_id": p,
                "material": "tissue",
                "lesion_id": f"{p}L",
                "purity": 0.6,
                "day": 0,
            },
            {"sample_id": f"{p}B", "patient_id": p, "material": "plasma", "assay_id": "ct", "day": 10},
        ]
        for k in range(10):
            v = f"{i + 1}:{1000 + k}:C:T"
            rows["variants"].append({"variant_id": v, "gene": f"G{k}"})
            rows["calls"] += [
                {"sample_id": f"{p}T", "variant_id": v, "alt_count": 60, "depth": 200},
                {
                    "sample_id": f"{p}B",
                    "variant_id": v,
                    "alt_count": plasma_reads[i % len(plasma_reads)],
                    "depth": 2000,
                },
            ]
    rows["assays"] = [{"assay_id": "ct", "min_vaf": 0.002, "error_rate": 1e-5, "has_umi": True}]
    full = {}
    for name, data in rows.items():
        frame = pl.DataFrame(data, infer_schema_length=None)
        full[name] = frame.select(
            (pl.col(c) if c in frame.columns else pl.lit(None)).cast(s.dtype).alias(c)
            for c, s in TABLES[name].by_name.items()
        )
    return Study(StudyConfig(), full)


def test_plasma_without_tumour_dna_is_negative_in_one_set_and_left_out_of_the_other():
    """Two patients shed (100 of 2,000 reads), two do not: 20 of 40 found, and all of those that could be."""
    result = registry()["tissue_blood"].run(Cohort(tissue_and_plasma([100, 0])))
    overall = result.tables["tissue_blood/variants"].filter(
        (pl.col("stratum") == "overall") & (pl.col("chip") == "without")
    )
    found = {r["set"]: (r["n_tissue"], r["n_found"], r["ppa"]) for r in overall.iter_rows(named=True)}
    assert found == {"all": (40, 20, 0.5), "informative": (20, 20, 1.0)}
    plasma = result.tables["tissue_blood/plasma"]
    assert plasma.filter("is_informative")["sample_id"].to_list() == ["A0B", "A2B"]
    share = next(e for e in result.estimates if e.name == "informative_plasma")
    assert (share.value, share.n) == (0.5, 4)


def test_noninferiority_is_only_tested_when_both_numbers_are_given():
    made = tissue_and_plasma([100, 0])
    plain = registry()["tissue_blood"].run(Cohort(made))
    assert plain.tables["tissue_blood/noninferiority"].is_empty() and "not tested" in plain.answer
    tested = registry()["tissue_blood"].run(Cohort(made, {"tissue_blood": {"ppa0": 0.9, "margin": 0.1}}))
    row = tested.tables["tissue_blood/noninferiority"].row(0, named=True)
    assert (row["measure"], row["of"], row["comparator"]) == ("ppa", "variants", "performance goal")
    assert row["agreement"] == 0.5 and row["is_noninferior"] is False and row["p_value"] > 0.5
    # four patients with everything found still allow 72 %: too few to show it; twelve would, thirty say it
    few = registry()["tissue_blood"].run(
        Cohort(tissue_and_plasma([100]), {"tissue_blood": {"ppa0": 0.9, "margin": 0.1}})
    )
    assert few.tables["tissue_blood/noninferiority"].filter(pl.col("of") == "variants")["is_noninferior"][0] is False
    good = registry()["tissue_blood"].run(
        Cohort(tissue_and_plasma([100], n_patient=12), {"tissue_blood": {"ppa0": 0.9, "margin": 0.1}})
    )
    rows = {r["of"]: r for r in good.tables["tissue_blood/noninferiority"].iter_rows(named=True)}
    assert rows["variants"]["is_noninferior"] is None and rows["variants"]["p_value"] < 0.025
    assert "not said to be within" in good.answer
    # no patient's tissue has a RAS mutation: said, not tested
    assert rows["RAS"]["p_value"] is None and rows["RAS"]["basis"].startswith("not run")
    half = registry()["tissue_blood"].run(Cohort(made, {"tissue_blood": {"repeat_tissue": True}}))
    assert half.tables["tissue_blood/noninferiority"].is_empty() and any("was not run" in n for n in half.notes)


def test_copy_number_shows_that_plasma_holds_tumour_dna():
    """No variant is found in plasma A1B; a lost chromosome arm makes it informative, a focal gain does not."""
    made = tissue_and_plasma([0])

    def informative(*segments):
        frame = TABLES["segments"].empty()
        rows = [
            {"sample_id": "A1B", "chrom": c, "start": a, "end": b, "total_cn": n, "log2_ratio": r}
            for c, a, b, n, r in segments
        ]
        given = pl.DataFrame(rows, infer_schema_length=None)
        frame = given.select(
            (pl.col(c) if c in given.columns else pl.lit(None)).cast(t).alias(c) for c, t in frame.schema.items()
        )
        study = Study(made.config, {**made.tables, "segments": frame})
        plasma = registry()["tissue_blood"].run(Cohort(study)).tables["tissue_blood/plasma"]
        return plasma.filter("is_informative")["sample_id"].to_list()

    assert informative(("17", 1, 60_000_000, 1.0, None)) == ["A1B"]
    assert informative(("17", 1, 60_000_000, None, -0.4)) == ["A1B"]
    assert informative(("17", 37_000_000, 39_000_000, 12.0, None)) == []
    assert informative(("17", 1, 60_000_000, 2.0, -0.4), ("X", 1, 150_000_000, 1.0, None)) == []
