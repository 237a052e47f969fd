"""Treatments chosen by a finding (RAS, side, MSI) are compared within it, not across it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.choice import apart, could_have_had_either
from oncourse.disease import Hypothesis
from oncourse.errors import NotEnoughData

G12D = "12:25398284:C:T"


@pytest.fixture(scope="module")
def chosen_by_ras(make_study):
    """160 patients: RAS wild type gets cetuximab in 85 %, mutated in 8 %; RAS doubles the hazard, the drug does
    nothing."""
    rng = np.random.default_rng(4)
    rows = {t: [] for t in ("patients", "samples", "calls", "treatments", "follow_up", "coverage")}
    for i in range(160):
        patient, ras = f"X{i:03d}", bool(rng.random() < 0.45)
        cetuximab = rng.random() < (0.08 if ras else 0.85)
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
    made = make_study(
        **rows,
        assays=[{"assay_id": "A", "kind": "panel", "targets": "KRAS;NRAS", "min_alt_count": 5, "min_vaf": 0.03}],
        variants=[{"variant_id": G12D, "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}],
        config={"genome_build": "GRCh37", "design": "crc", "disease": "colorectal cancer"},
    )
    return registry()["treatment"].run(Cohort(made))


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


def two_arms(ras, cetuximab, *, n_known=None):
    """FOLFIRI with cetuximab or bevacizumab, RAS recorded of the first `n_known`; nothing else is known of anybody."""
    rng = np.random.default_rng(1)
    ids = [f"P{i:02d}" for i in range(len(ras))]
    marked = list(zip(ids, ras, strict=True))[:n_known]
    return study(
        {"design": "crc"},
        patients=[{"patient_id": p} for p in ids],
        samples=[],
        calls=[],
        markers=[
            {"patient_id": p, "marker": "RAS", "value": "positive" if r else "negative", "day": 0} for p, r in marked
        ],
        treatments=[
            {"patient_id": p, "start_day": 0, "line": 1, "drugs": f"FOLFIRI;{'cetuximab' if c else 'bevacizumab'}"}
            for p, c in zip(ids, cetuximab, strict=True)
        ],
        follow_up=[
            {"patient_id": p, "last_contact_day": d, "is_dead": True, "death_day": d}
            for p, d in zip(ids, map(int, rng.integers(100, 900, len(ids))), strict=True)
        ],
    )


def test_few_patients_are_compared_within_the_finding_that_chose_their_treatment():
    """13 with cetuximab, all RAS wild type, against 33 with bevacizumab, half of them mutated: the headline was the
    unadjusted ratio of all 46, beside a note not to read it."""
    result = registry()["treatment"].run(Cohort(two_arms([0] * 13 + [1] * 16 + [0] * 17, [1] * 13 + [0] * 33)))
    row = result.tables["treatment/comparison"].filter(pl.col("endpoint") == "OS").row(0, named=True)
    assert (row["n_arm"], row["n_reference"]) == (13, 17)
    assert "Only those who could have had either are compared: RAS negative (16 left out)." in result.answer
    assert "first line, RAS negative only" in result.headline.text.text()
    people = result.people.filter(pl.col("question").str.contains("v FOLFIRI"), ~pl.col("is_in"))
    assert people.filter(pl.col("reason").str.contains("could not have had the other"))["patient_id"].n_unique() == 16
    assert any("either (RAS negative)" in note for note in result.notes)


def test_nobody_with_a_choice_is_no_comparison():
    with pytest.raises(NotEnoughData, match="too few could have had either"):
        registry()["treatment"].run(Cohort(two_arms([0] * 15 + [1] * 15, [1] * 15 + [0] * 15)))


def test_few_patients_whose_arms_differ_in_it_are_not_answered():
    """Two with mutated RAS had cetuximab: everybody could have, and 13 of 33 are no 2 of 13."""
    result = registry()["treatment"].run(
        Cohort(two_arms([1] * 2 + [0] * 11 + [1] * 13 + [0] * 20, [1] * 13 + [0] * 33))
    )
    row = result.tables["treatment/balance"].filter(pl.col("endpoint") == "OS").row(0, named=True)
    assert row["covariate"] == "marker:RAS" and row["mean_arm"] == pytest.approx(2 / 13)
    overlap = result.tables["treatment/comparison"].filter(pl.col("method") == "overlap").height
    assert overlap or ("not answered. The arms differ in RAS" in result.answer and result.headline.light == "cannot")


@pytest.mark.parametrize("n_known", [0, 3, 17])
def test_a_finding_that_nobody_knows_is_named_in_the_answer(n_known):
    """Of 17 known all with cetuximab are: of the others RAS is not."""
    result = registry()["treatment"].run(Cohort(two_arms([0] * 30, [1] * 15 + [0] * 15, n_known=n_known)))
    assert "RAS, by which one of the two is chosen, is not known: the difference may be due to it." in result.answer


def test_a_difference_that_nothing_names_and_chance_makes_leaves_the_arms_as_they_are():
    """Bevacizumab against none: no hypothesis names RAS for it, and 0 of 12 against 2 of 20 is chance."""
    inside = pl.DataFrame({"unit": list(range(32))})
    treated = pl.Series([True] * 12 + [False] * 20)
    x = pl.DataFrame({"unit": list(range(32)), "marker:RAS": [0.0] * 12 + [1.0] * 2 + [0.0] * 18})
    named = [Hypothesis("RAS", "anti-EGFR", None)]
    assert could_have_had_either(inside, treated, x, [{"anti-VEGF"}, set()], named).n_out == 0
    assert could_have_had_either(inside, treated, x, [{"anti-EGFR"}, set()], named).n_out == 2
    assert not apart(inside, treated, x, [{"anti-VEGF"}, set()], named)


def test_radium_is_compared_among_those_without_visceral_metastases():
    """Radium-223 is for bone alone (its label; PCWG3 names the viscera): 12 with it, none with a liver metastasis."""
    rng = np.random.default_rng(2)
    ids = [f"P{i:02d}" for i in range(40)]
    radium, liver = [i < 12 for i in range(40)], [i >= 25 for i in range(40)]
    made = study(
        {"design": "mcrpc"},
        patients=[{"patient_id": p} for p in ids],
        samples=[],
        calls=[],
        lesions=[
            {
                "lesion_id": f"{p}-L",
                "patient_id": p,
                "role": "metastasis",
                "site": "肝" if v else "bone",
                "found_day": -30,
            }
            for p, v in zip(ids, liver, strict=True)
        ],
        treatments=[
            {"patient_id": p, "start_day": 0, "line": 1, "drugs": "radium-223" if r else "docetaxel"}
            for p, r in zip(ids, radium, strict=True)
        ],
        follow_up=[
            {"patient_id": p, "last_contact_day": d, "is_dead": True, "death_day": d}
            for p, d in zip(ids, map(int, rng.integers(100, 900, 40)), strict=True)
        ],
    )
    result = registry()["treatment"].run(Cohort(made))
    row = result.tables["treatment/comparison"].filter(pl.col("endpoint") == "OS").row(0, named=True)
    assert (row["n_arm"], row["n_reference"]) == (12, 13)
    assert "are compared: no visceral metastases recorded (15 left out)" in result.answer
