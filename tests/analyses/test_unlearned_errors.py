"""Nearly all mutations in nearly all samples: errors cannot be learned, and what they may explain is named."""

from __future__ import annotations

import re

import polars as pl
import pytest
from tests.studies import study

import oncourse
from oncourse.analyses._headline import Headline
from oncourse.stats.rng import generator

TOLD = 1e-3


def lesions(error: float, n_patient: int = 5, n_variant: int = 40, depth: int = 150, places: float = 0.0):
    """Two lesions of each patient, purity .6; nine of ten mutations in all cells of both, the others of one alone; in one
    of twenty places, half of the latter, `places` more errors."""
    rng = generator(3, "unlearned")
    samples, calls, variants = [], [], []
    for p in range(n_patient):
        samples += [
            {
                "sample_id": f"P{p}{s}",
                "patient_id": f"P{p}",
                "material": "tissue",
                "lesion_id": f"P{p}{s}",
                "assay_id": "x",
                "purity": 0.6,
            }
            for s in "ab"
        ]
        for v in range(n_variant):
            name, only = f"{1 + v % 20}:{1_000_000 + 1000 * v + p}:C:A", v % 10 == 0
            variants.append({"variant_id": name, "gene": "G"})
            for k, s in enumerate("ab"):
                here = not only or k == v // 10 % 2
                alt = int(rng.binomial(depth, (0.3 if here else 0.0) + error + places * (v % 20 == 0)))
                calls.append({"sample_id": f"P{p}{s}", "variant_id": name, "alt_count": alt, "depth": depth})
    return study(
        patients=[{"patient_id": f"P{p}", "disease": "colorectal cancer"} for p in range(n_patient)],
        lesions=[
            {"lesion_id": f"P{p}{s}", "patient_id": f"P{p}", "role": r}
            for p in range(n_patient)
            for s, r in (("a", "primary"), ("b", "metastasis"))
        ],
        samples=samples,
        variants=variants,
        calls=calls,
        assays=[{"assay_id": "x", "kind": "wes", "callable_mb": 30, "error_rate": TOLD}],
    )


def test_samples_and_sites_whose_few_reads_may_be_errors_are_named():
    """Errors ten times those told: 8-17 % of the absent were present, no sample was named, the shared fraction was up to
    .08 too high and answered. It stands nowhere now. The patient's page names the sample, too."""
    cohort = lesions(10 * TOLD).cohort()
    found = oncourse.run("concordance", cohort)
    states, named = found.tables["concordance/states"], found.tables["concordance/samples"].drop_nulls("noise")
    few = states.filter(pl.col("reason") == "few_reads")
    wrong = states.filter((pl.col("state") == "present") & (pl.col("alt_count") < 15))
    assert wrong.height and set(wrong["reason"]) == {"few_reads"} and set(few["state"]) == {"present"}
    assert set(few["sample_id"]) <= set(named["sample_id"]) and named.height >= 4
    assert all(
        re.fullmatch(r"errors not learned: [\d.]+ times those told are possible, and .* of its sites", x)
        for x in named["noise"]
    )
    assert isinstance(found.headline, Headline) and found.headline.light == "cannot"
    assert "most samples may have more errors than told" in found.headline.text.text()
    assert any(x.endswith("a mutation that both have: no shared fraction is given.") for x in found.notes)
    summary = found.tables["concordance/summary"].filter(pl.col("estimand").str.starts_with("shared_fraction"))
    assert (
        summary.height and summary.select("estimate", "ci_low", "ci_high").null_count().row(0) == (summary.height,) * 3
    )
    of_pairs = found.tables["concordance/pairs"]
    assert of_pairs["shared_fraction"].null_count() == of_pairs.height == 5
    assert not any(e.name.startswith("shared_fraction") and e.value is not None for e in found.estimates)
    assert "In this study" in found.methods[-1] and f"{named.height} of 10 samples are, or may be" in found.methods[-1]
    first = named.row(0, named=True)
    page = oncourse.patient(cohort, first["patient_id"], clones=False)
    assert f"<b>{first['sample_id']}</b>: its reads are, or may be, noisier than told (errors not learned" in page.html


def test_errors_as_told_name_nobody_there():
    found = oncourse.run("concordance", lesions(TOLD))
    assert found.tables["concordance/pairs"]["shared_fraction"].null_count() == 0
    assert not any("small clones" in note for note in found.notes)  # every mutation is in all cells of its samples
    assert found.tables["concordance/samples"]["noise"].null_count() == 10
    assert not (found.tables["concordance/states"]["reason"] == "few_reads").any()


@pytest.mark.parametrize(("latent", "light"), [(0.6, "answered"), (0.5, "uncertain")])
def test_a_share_whose_correction_lies_outside_its_interval_is_uncertain(latent, light):
    """Reads that spread ten times as much as assumed: decided mutations were .14 too often shared, "answered"."""
    from oncourse.analyses import concordance as co
    from oncourse.analyses._base import Estimate
    from oncourse.analyses._concordance_tables import comparison_key
    from oncourse.derive.concordance.pairs import COMPARISONS

    key = comparison_key(COMPARISONS[0])
    told = (
        Estimate(f"n_patients.{key}", 40, unit="count"),
        Estimate(f"shared_fraction_assessable.{key}", 0.64, 0.58, 0.7, 600, "", "fraction"),
        Estimate(f"shared_fraction_latent.{key}", latent, latent - 0.05, latent + 0.05, 700, "", "fraction"),
    )
    head = co._headline(told, (), ())
    assert head.light == light and ("correction lies outside" in str(head.reason)) == (light == "uncertain")


def test_how_many_are_shared_without_small_clones_is_said():
    """Errors of 5 % in a fifth of the places: 6-24 % of the absent sites were present, no sample named, the share up to .1
    too high. Nothing tells them from small clones, of which it is said how many there are."""
    found = oncourse.run("concordance", lesions(TOLD, n_patient=3, places=0.05))
    note = next(x for x in found.notes if "small clones" in x)
    shared, few, left, judged = (int(x) for x in re.findall(r"\d+", note))
    assert found.tables["concordance/samples"]["noise"].null_count() == 6
    assert 1 <= few <= 6 and left == shared - few == 108 and shared <= judged <= 120  # 12 private ones, 6 in bad places
