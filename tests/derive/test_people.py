"""Vital status and entry: cBioPortal #9030 and #12324 (sequenced late), vital status not known."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.analyses.endpoints import endpoints
from oncourse.analyses.survival import survival
from oncourse.cohort import Cohort
from oncourse.derive.clinical.people import people
from oncourse.errors import NotEnoughData


def studied(make_study, rows, samples=()):
    patients = [{"patient_id": r["patient_id"]} for r in rows]
    return make_study(patients=patients, samples=list(samples), calls=[], follow_up=rows)


def dead(i, day):
    return {"patient_id": f"P{i}", "last_contact_day": day, "is_dead": True, "death_day": day}


def sample(i, day, material="tissue"):
    return {"sample_id": f"S{i}", "patient_id": f"P{i}", "material": material, "day": day}


def run(cohort, analysis, **settings):
    from oncourse.analyses._base import registry

    cohort.settings["endpoints"] = settings
    return registry()[analysis.__name__].run(cohort)


def values(result):
    return {e.name: e.value for e in result.estimates}


@pytest.mark.parametrize("analysis", [endpoints, survival])
def test_patients_sequenced_late_count_from_their_sample_on(make_study, analysis):
    """Deaths on days 450 .. 540 of ten patients sampled 50 days before: with delayed entry the first curve steps are
    1/1, 2/2 ..., R: survfit(Surv(entry, exit, dead) ~ 1)."""
    rows, samples = [dead(i, 450 + 10 * i) for i in range(10)], [sample(i, 400 + 10 * i) for i in range(10)]
    found = run(Cohort(studied(make_study, rows, samples)), analysis)
    assert "first tumour sample" in found.answer + " ".join(found.notes)
    naive = run(Cohort(studied(make_study, rows, samples)), analysis, entry="recorded")
    assert "could not have died" not in naive.answer
    record = Cohort(studied(make_study, rows, samples)).time_to_event.filter(endpoint="OS")
    assert record["entry_days"].to_list() == [401 + 10 * i for i in range(10)]


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("on day 0", [sample(i, 0) for i in range(10)]),
        ("autopsies", [sample(i, 600) for i in range(10)]),
        ("not the way in: half are never sequenced", [sample(i, 400) for i in range(5)]),
        ("normals", [sample(i, 400, "normal") for i in range(10)]),
    ],
)
def test_nobody_enters_late_where_samples_do_not_show_it(make_study, name, samples):
    table = Cohort(studied(make_study, [dead(i, 450 + i) for i in range(10)], samples)).time_to_event
    assert table["entry_days"].null_count() == table.height


def test_a_recorded_entry_stands(make_study):
    rows = [dead(i, 450) | {"entry_day": 0} for i in range(10)]
    cohort = Cohort(studied(make_study, rows, [sample(i, 400) for i in range(10)]))
    assert set(cohort.time_to_event["entry_days"]) == {0}


def test_no_alarm_where_everybody_was_sequenced_by_time_zero(make_study):
    rows = [dead(i, 450 + i) for i in range(10)]
    assert run(Cohort(studied(make_study, rows, [sample(i, 0) for i in range(10)])), survival).notes == ()


def unknown(i):
    return {"patient_id": f"P{i}", "last_contact_day": 300 + i}


def test_overall_survival_is_refused_where_vital_status_is_unknown_in_many(make_study):
    """21 of 25 without a status read as alive: 'median not reached' was said of four patients."""
    rows = [dead(i, 200 + i) for i in range(4)] + [unknown(i) for i in range(4, 25)]
    for analysis in (endpoints, survival):
        with pytest.raises(NotEnoughData, match="vital status is unknown in 21 of 25"):
            run(Cohort(studied(make_study, rows)), analysis)


def test_a_few_unknown_are_left_out_and_bounded(make_study):
    """Of 20 patients 18 die on days 100 .. 117 or live beyond day 800; two are last seen on day 300, status unknown."""
    alive = [{"patient_id": f"P{i}", "last_contact_day": 900, "is_dead": False} for i in range(9, 18)]
    rows = [dead(i, 100 + i) for i in range(9)] + alive + [unknown(18), unknown(19)]
    result = run(Cohort(studied(make_study, rows)), endpoints)
    found = values(result)
    assert found["free_at_24m_OS"] == pytest.approx(9 / 18)
    assert found["OS_24m_if_unknown_alive"] == pytest.approx(11 / 20)
    assert found["OS_24m_if_unknown_dead"] == pytest.approx(9 / 20)
    assert any("Of 2 patients it is not known whether they live" in note for note in result.notes)
    assert result.excluded["reason"].to_list() == ["vital status unknown: no overall survival"] * 2


def test_survival_says_the_bounds_beside_the_curve_it_tells(make_study):
    """Issue 14: "bounded by best and worst case". Of 30, ten die on days 100 .. 109, three are last seen on day 50, the
    others live beyond day 900: 17 of 27 known; 20 of 30 at best, 17 of 30 at worst."""
    rows = [dead(i, 100 + i) for i in range(10)]
    rows += [{"patient_id": f"P{i}", "last_contact_day": 50} for i in range(10, 13)]
    rows += [{"patient_id": f"P{i}", "last_contact_day": 950, "is_dead": False} for i in range(13, 30)]
    result = run(Cohort(studied(make_study, rows)), survival)
    found = values(result)
    assert found["OS_kaplan_meier_24m"] == pytest.approx(17 / 27)
    assert found["OS_24m_if_unknown_alive"] == pytest.approx(20 / 30)
    assert found["OS_24m_if_unknown_dead"] == pytest.approx(17 / 30)
    assert "Had all of them lived to the end of follow-up" in result.answer
    told = result.tables["survival/landmarks"].filter(pl.col("months") == 24)
    assert dict(told.select("method", "n_risk").iter_rows()) == {
        "kaplan_meier": 17,
        "unknown_alive": 20,
        "unknown_dead": 17,
    }


def test_no_sentence_holds_a_share_that_nobody_was_followed_for(make_study):
    """It said that at 24 months "not estimable (n = 30)" were alive, and would be had all of them lived."""
    rows = [dead(i, 100 + i) for i in range(10)]
    rows += [{"patient_id": "P10", "last_contact_day": 50}]
    rows += [{"patient_id": f"P{i}", "last_contact_day": 400, "is_dead": False} for i in range(11, 30)]
    result = run(Cohort(studied(make_study, rows)), survival)
    assert "nobody was followed for 24 months" in result.answer
    assert "not estimable" not in result.answer and "OS_kaplan_meier_24m" not in result.answer
    assert "it is not known whether they live" in result.answer and "Had all" not in result.answer


def test_people_have_a_status_only_with_a_date():
    rows = pl.DataFrame(
        {
            "patient_id": ["A", "B", "C", "D"],
            "last_contact_day": [None, 10, None, 10],
            "is_dead": [False, False, True, None],
        }
    )
    table = people(rows)
    assert table["is_status_known"].to_list() == [False, True, False, False]
