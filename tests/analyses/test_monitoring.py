"""Monitoring: plasma that clears, landmark without immortal time, leads, emergence rates; numbers by hand."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses._base import Estimate, registry, say
from oncourse.analyses.monitoring import _LEADS, FEW_LEADS, _headline, _lead_words
from oncourse.cohort import Cohort
from oncourse.errors import NotEnoughData
from oncourse.stats.cox import fit_cox
from oncourse.stats.proportions import clopper_pearson
from oncourse.words.phrases import Phrasebook, pairs

VARIANTS = [
    {
        "variant_id": f"5:{112_839_000 + k}:C:T",
        "gene": "APC",
        "hgvs_p": f"p.R{1450 + k}*",
        "consequence": "nonsense",
    }
    for k in range(4)
]
#: patient -> (clears by day 60, days from the start to death or last contact, dead)
PLAN = {
    "C1": (True, 900, False),
    "C2": (True, 800, True),
    "C3": (True, 1000, False),
    "C4": (True, 700, False),
    "C5": (True, 60, True),  # dead before the landmark: in no group
    "N1": (False, 300, True),
    "N2": (False, 250, True),
    "N3": (False, 500, True),
    "N4": (False, 400, True),
    "N5": (False, 600, False),
    "N6": (False, 90, True),  # dead before the landmark
    "L1": ("late", 850, True),  # clears on day 200, after the landmark: counts as not cleared
}


def made(*, plasma: bool = True) -> Cohort:
    samples, calls, patients, follow, lines = [], [], [], [], []
    for patient, (clears, days, dead) in PLAN.items():
        patients.append({"patient_id": patient, "disease": "colorectal cancer", "stage": "IV"})
        follow.append(
            {
                "patient_id": patient,
                "last_contact_day": 10 + days,
                "is_dead": dead,
                "death_day": 10 + days if dead else None,
            }
        )
        lines.append(
            {
                "patient_id": patient,
                "drugs": "FOLFOX",
                "start_day": 10,
                "stop_day": 10 + min(days, 300),
                "setting": "metastatic",
            }
        )
        draws = [("T", "tissue", -5, 0.3, 200), ("B0", "plasma", 0, 0.05, 3000)]
        draws.append(("B1", "plasma", 50, 0.0 if clears is True else 0.04, 3000))
        if days > 200:
            draws.append(("B2", "plasma", 210, 0.0 if clears else 0.06, 3000))
        for name, material, day, vaf, depth in draws:
            if material == "plasma" and not plasma:
                continue
            sample = f"{patient}-{name}"
            samples.append(
                {
                    "sample_id": sample,
                    "patient_id": patient,
                    "material": material,
                    "day": day,
                    "lesion_id": f"{patient}-L" if material == "tissue" else None,
                    "assay_id": "p",
                }
            )
            calls += [
                {
                    "sample_id": sample,
                    "variant_id": v["variant_id"],
                    "alt_count": int(vaf * depth),
                    "depth": depth,
                    "origin": "somatic",
                }
                for v in VARIANTS
            ]
    lesions = [{"lesion_id": f"{p}-L", "patient_id": p, "role": "metastasis"} for p in PLAN]
    assays = [{"assay_id": "p", "kind": "panel", "targets": "APC;KRAS", "error_rate": 1e-5}]
    tables = {
        "patients": patients,
        "follow_up": follow,
        "treatments": lines,
        "samples": samples,
        "lesions": lesions,
        "assays": assays,
        "variants": VARIANTS,
        "calls": calls,
    }
    return Cohort(study({"title": "t", "genome_build": "GRCh38"}, **tables), {"monitoring": {"endpoint": "OS"}})


@pytest.fixture(scope="module")
def result():
    cohort = made()
    return cohort, registry()["monitoring"].run(cohort)


def value(result, name):
    return next(e for e in result.estimates if e.name == name)


def test_plasma_that_clears_is_negative_and_counted(result):
    """12 lines with a positive baseline: five clear by day 50, one by day 210; negative samples are real negatives."""
    _, found = result
    table = found.tables["monitoring/ctdna"]
    assert table.filter(pl.col("day") == 0)["state"].to_list() == ["positive"] * 12
    negative = table.filter(pl.col("state") == "negative")
    assert sorted(set(negative["patient_id"])) == ["C1", "C2", "C3", "C4", "C5", "L1"]
    assert (negative["detection_limit"] <= 0.01).all()
    share = value(found, "clearance")
    low, high = clopper_pearson(6, 12)
    assert (share.value, share.n) == (0.5, 12)
    assert (share.ci_low, share.ci_high) == pytest.approx((float(low), float(high)))
    response = found.tables["monitoring/response"]
    cleared = dict(response.filter(pl.col("response") == "clearance").select("patient_id", "clearance_day").iter_rows())
    assert cleared == {"C1": 50, "C2": 50, "C3": 50, "C4": 50, "C5": 50, "L1": 210}


def test_landmark_has_no_immortal_time(result):
    """Day 120: C5 and N6 died before and are in no group; L1 clears later and is not cleared; time counts from 120
    on."""
    _, found = result
    ours = value(found, "clearance_hazard_ratio")
    kept = {p: row for p, row in PLAN.items() if row[1] > 120}
    assert ours.n == len(kept) == 10
    time = np.array([row[1] for row in kept.values()], float)
    dead = np.array([row[2] for row in kept.values()])
    cleared = np.array([[row[0] is True] for row in kept.values()], float)
    fit = fit_cox(time, dead, cleared, entry=np.full(10, 120.0), penalty="firth", names=["cleared"])
    assert ours.value == pytest.approx(float(fit.hazard_ratio[0]))
    assert ours.value < 1
    naive = fit_cox(
        time,
        dead,
        np.array([[row[0] is not False] for row in kept.values()], float),
        penalty="firth",
        names=["cleared"],
    )
    assert float(naive.hazard_ratio[0]) != pytest.approx(ours.value)


def test_null_clearance_has_the_level_of_its_test():
    """Outcome independent of clearance, cleared later the longer a patient lives: the naive comparison finds a benefit
    that is not there (immortal time), the landmark does not. 300 simulated patients."""
    from oncourse.stats.rng import generator

    rng = generator(12, "test/landmark")
    n, landmark = 300, 120.0
    death, clears = rng.exponential(300, n), rng.uniform(0, 600, n)
    ever = (clears < death)[:, None].astype(float)
    everyone = np.ones(n, bool)
    naive = fit_cox(death, everyone, ever, names=["cleared"])
    kept = death > landmark
    at_landmark = (clears <= landmark)[kept][:, None].astype(float)
    fit = fit_cox(death[kept], everyone[kept], at_landmark, entry=np.full(int(kept.sum()), landmark), names=["cleared"])
    low, high = fit.interval()
    assert float(naive.hazard_ratio[0]) < 0.6
    assert float(np.asarray(low)[0]) < 1 < float(np.asarray(high)[0])


def test_tables_keep_their_contract_and_every_number_of_the_answer_exists(result):
    _, found = result
    entry = registry()["monitoring"]
    for table in entry.tables:
        assert found.tables[table.name].columns == [c.name for c in table.columns]
    names = {e.name for e in found.estimates}
    import re

    assert set(re.findall(r"\{(\w+)\}", found.answer)) <= names


def test_no_plasma_and_no_watched_drug_is_too_few():
    with pytest.raises(NotEnoughData):
        registry()["monitoring"].run(made(plasma=False))


def test_undated_plasma_is_excluded_with_the_reason():
    cohort = made()
    samples = cohort.study["samples"].with_columns(
        day=pl.when(pl.col("sample_id") == "C1-B1").then(None).otherwise("day")
    )
    from dataclasses import replace

    without = Cohort(replace(cohort.study, tables={**cohort.study.tables, "samples": samples}))
    found = registry()["monitoring"].run(without)
    rows = found.excluded.filter(pl.col("sample_id") == "C1-B1")
    assert rows.height == 1 and "without a day" in rows["reason"][0]


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (5.0, 60.0, "ctDNA came before imaging by a median between 5 days and 60 days"),
        (5.0, None, "ctDNA came before imaging by a median of at least 5 days"),
        (-60.0, -5.0, "imaging came before ctDNA by a median between 5 days and 60 days"),
        (None, -5.0, "imaging came before ctDNA by a median of at least 5 days"),
        (-252.0, 612.0, "the median lies between 252 days after and 612 days before it"),
        (-252.0, None, "the median is at most 252 days after it"),
        (None, 612.0, "the median is at most 612 days before it"),
        (None, None, "by a time that 7 patients are too few to estimate"),
    ],
)
def test_a_lead_is_told_as_days_before_or_after(low, high, told):
    """ "a median between -252 days and 612 days; below 0, it came after" was left to the reader to turn round."""
    found = [Estimate("lead_patients", 7, n=7, unit="count")]
    found += [Estimate(f"lead_median_{end}", v, n=7, unit="days") for end, v in (("low", low), ("high", high))]
    names = {e.name: e.value for e in found if e.value is not None}
    text = say(_lead_words(names, "lead", _LEADS["lead"]), found)
    assert told in text and text.startswith("After resection ") and "-" not in text
    book = Phrasebook(pairs("zh"))
    assert re.search("[\u4e00-\u9fff]", book.text(text)) and not book.missed


@pytest.mark.parametrize(
    ("low", "high", "n", "light", "key"),
    [
        (10.0, 90.0, FEW_LEADS, "answered", "headline.monitoring.lead"),
        (-90.0, -10.0, FEW_LEADS, "answered", "headline.monitoring.lead_after"),
        (-5.0, 90.0, 50, "uncertain", "headline.monitoring.lead_unclear"),
        (10.0, 90.0, FEW_LEADS - 1, "uncertain", "headline.monitoring.lead"),
    ],
)
def test_a_lead_is_answered_where_its_limits_lie_apart_from_zero_in_ten_patients(low, high, n, light, key):
    found = {
        "lead_median_low": Estimate("lead_median_low", low, unit="days"),
        "lead_median_high": Estimate("lead_median_high", high, unit="days"),
        "lead_patients": Estimate("lead_patients", n, unit="count"),
    }
    head = _headline(found, pl.DataFrame())
    assert (head.light, head.text.key) == (light, key)
