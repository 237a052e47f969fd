"""From a study to counts, clusters and heterogeneity: what enters, what is left out and why."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.clones.clusters import CLUSTER_COLUMNS, VARIANT_COLUMNS, clusters_frame, variants_frame

RANDOM = np.random.default_rng(1)


def _rows(sample: str, ccf: dict[str, float], purity: float, depth: int = 200) -> list[dict]:
    return [
        {
            "sample_id": sample,
            "variant_id": v,
            "alt_count": int(RANDOM.binomial(depth, purity * c / 2)),
            "depth": depth,
        }
        for v, c in ccf.items()
    ]


TRUNK = {f"1:{i}:A:G": 1.0 for i in range(10, 22)}
PRIVATE = {f"2:{i}:C:T": 1.0 for i in range(10, 18)}


@pytest.fixture(scope="module")
def cohort(make_study) -> Cohort:
    """P1: primary and metastasis, sex unknown, purity of the metastasis not given; P2: one sample; P3: not counted."""
    nothing = dict.fromkeys(PRIVATE, 0.0)
    calls = [
        *_rows("a", TRUNK | nothing | {"X:5:A:G": 1.0, "MT:7:A:G": 1.0}, 0.8),
        *_rows("b", TRUNK | PRIVATE, 0.5),
        *_rows("c", TRUNK, 0.7),
        {"sample_id": "c", "variant_id": "3:9:A:G", "alt_count": 60, "depth": 200, "origin": "germline"},
        {"sample_id": "d", "variant_id": "1:10:A:G", "is_called": True},
    ]
    samples = [
        {"sample_id": s, "patient_id": p, "material": "tissue", "purity": purity, "lesion_id": lesion}
        for s, p, purity, lesion in (
            ("a", "P1", 0.8, "L1"),
            ("b", "P1", None, "L2"),
            ("c", "P2", 0.7, None),
            ("d", "P3", 0.7, None),
        )
    ]
    lesions = [
        {"lesion_id": "L1", "patient_id": "P1", "role": "primary"},
        {"lesion_id": "L2", "patient_id": "P1", "role": "metastasis"},
    ]
    ids = sorted({c["variant_id"] for c in calls})
    return Cohort(
        make_study(
            patients=[{"patient_id": p} for p in ("P1", "P2", "P3")],
            samples=samples,
            lesions=lesions,
            calls=calls,
            variants=[{"variant_id": v, "gene": "G"} for v in ids],
        )
    )


def test_who_is_left_out_and_why(cohort):
    reasons = {(r["patient_id"], r["sample_id"]): r["reason"] for r in cohort.clusters.excluded.iter_rows(named=True)}
    text = " / ".join(cohort.clusters.excluded["reason"])
    assert "1 variant: on X or Y, sex not recorded" in text and "1 variant: mitochondrial" in text
    assert "1 variant: germline or of the blood" in text
    assert reasons["P3", "d"] == "no variant counted"
    assert set(cohort.clusters.patients) == {"P1", "P2"}


def test_purity_that_is_not_given_is_estimated_and_flagged(cohort):
    rows = {r["sample_id"]: r for r in cohort.clusters.samples.iter_rows(named=True)}
    assert rows["a"]["purity_basis"] == "given" and rows["b"]["purity_basis"] == "estimated"
    assert rows["b"]["purity"] == pytest.approx(0.5, abs=0.08)


def test_trunk_and_private_clone_are_found(cohort):
    table = variants_frame(cohort.clusters)
    assert table.columns == [name for name, *_ in VARIANT_COLUMNS]
    one = table.filter(pl.col("patient_id") == "P1")
    cluster = dict(one.select("variant_id", "cluster_id").iter_rows())
    assert {cluster[v] for v in TRUNK} == {1} and {cluster[v] for v in PRIVATE} == {2}
    primary = one.filter(pl.col("sample_id") == "a", pl.col("variant_id").is_in(list(PRIVATE)))
    assert (primary["p_present"] < 0.05).all() and (primary["ccf_high"] < 0.05).all()
    frame = clusters_frame(cohort.clusters)
    assert frame.columns == [name for name, *_ in CLUSTER_COLUMNS]
    assert frame.filter(pl.col("patient_id") == "P1", pl.col("cluster_id") == 2)["n_variants"].unique().to_list() == [8]


def test_a_variant_not_called_is_assumed_absent_where_the_sample_has_a_usual_depth(make_study):
    """Only called rows in the table, as in a plain MAF: half the sample's depth without variant reads."""
    calls = [*_rows("a", TRUNK, 0.8), *_rows("b", TRUNK | PRIVATE, 0.8)]
    samples = [
        {"sample_id": s, "patient_id": "P1", "material": "tissue", "purity": 0.8, "mean_depth": 200} for s in "ab"
    ]
    ids = [{"variant_id": v, "gene": "G"} for v in TRUNK | PRIVATE]
    tables = {"patients": [{"patient_id": "P1"}], "samples": samples, "calls": calls, "variants": ids}
    made = Cohort(make_study(**tables))
    table = variants_frame(made.clusters).filter(pl.col("sample_id") == "a", pl.col("variant_id").is_in(list(PRIVATE)))
    assert set(table["basis"]) == {"assumed"} and (table["p_present"] < 0.1).all()
    unsure = Cohort(make_study(**tables), settings={"ccf": {"assumed_share": 0.0}})
    table = variants_frame(unsure.clusters).filter(
        pl.col("sample_id") == "a", pl.col("variant_id").is_in(list(PRIVATE))
    )
    assert set(table["basis"]) == {"not_assessable"}


def test_heterogeneity_of_this_patient(cohort):
    rows = cohort.heterogeneity.rows
    pair = rows.filter(pl.col("sample_b").is_not_null(), pl.col("patient_id") == "P1")
    jsi = pair.filter(pl.col("measure") == "jsi").row(0, named=True)
    # eight variants private and clonal, none subclonal in both
    assert jsi["value"] < 0.1 and {jsi["role_a"], jsi["role_b"]} == {"primary", "metastasis"}
    share = rows.filter(pl.col("measure") == "subclonal_share", pl.col("sample_a") == "a").row(0, named=True)
    assert share["value"] < 0.1 and share["ci_low"] <= share["value"] <= share["ci_high"]


def test_a_lost_allele_is_lost_and_not_present(make_study):
    """Four trunk variants on the allele that the metastasis lost (one copy left): no reads there."""
    lost = list(TRUNK)[:4]
    calls = [*_rows("a", TRUNK, 0.8), *_rows("b", TRUNK | dict.fromkeys(lost, 0.0) | PRIVATE, 0.8)]
    made = Cohort(
        make_study(
            patients=[{"patient_id": "P1"}],
            samples=[{"sample_id": s, "patient_id": "P1", "material": "tissue", "purity": 0.8} for s in "ab"],
            calls=calls,
            variants=[{"variant_id": v, "gene": "G"} for v in TRUNK | PRIVATE],
            segments=[
                {
                    "sample_id": s,
                    "chrom": c,
                    "start": 1,
                    "end": 1000,
                    "total_cn": 1.0 if (s, c) == ("b", "1") else 2.0,
                    "minor_cn": 0.0 if (s, c) == ("b", "1") else 1.0,
                }
                for s in "ab"
                for c in "12"
            ],
        )
    )
    rows = variants_frame(made.clusters).filter(pl.col("sample_id") == "b", pl.col("variant_id").is_in(lost))
    assert (rows["p_lost"] > 0.8).all() and (rows["p_present"] < 0.2).all()


def test_x_and_y_enter_where_the_sex_is_recorded(make_study):
    """One copy per normal cell of a man: a variant of every tumour cell shows the purity as its allele fraction."""
    sites = {"X:5:A:G": 0.8, "Y:9:A:G": 0.8}
    calls = _rows("a", TRUNK, 0.8)
    calls += [{"sample_id": "a", "variant_id": v, "alt_count": int(200 * f), "depth": 200} for v, f in sites.items()]
    made = {}
    for sex in ("male", None):
        made[sex] = Cohort(
            make_study(
                patients=[{"patient_id": "P1", "sex": sex}],
                calls=calls,
                samples=[{"sample_id": "a", "patient_id": "P1", "material": "tissue", "purity": 0.8}],
                variants=[{"variant_id": v, "gene": "G"} for v in [*TRUNK, *sites]],
            )
        )
    rows = variants_frame(made["male"].clusters).filter(pl.col("variant_id").is_in(list(sites)))
    assert rows.height == 2 and (rows["cluster_id"] == 1).all() and (rows["ccf"] > 0.9).all()
    assert not variants_frame(made[None].clusters)["variant_id"].is_in(list(sites)).any()
    assert "2 variants: on X or Y, sex not recorded" in " ".join(made[None].clusters.excluded["reason"])
