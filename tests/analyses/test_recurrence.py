"""Recurrence: risk only where it can be told, pattern, and time-dependent metastasectomy."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.analyses.recurrence import recurrence
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.recurrence import RecurrenceParams
from oncourse.errors import NotEnoughData
from oncourse.stats.cox import fit_cox
from oncourse.stats.rng import generator


def rows(n, share_recurred, *, seed=1, resected=0.0):
    """Patients operated on day 30; recurrence after it in a share, metastasectomy 90 days later in a share of those."""
    random = generator(seed, "recurrence study")
    out = {"patients": [], "follow_up": [], "procedures": [], "lesions": []}
    for i in range(n):
        p = f"P{i:03d}"
        back = random.random() < share_recurred
        when = int(30 + 1 + random.integers(60, 1200))
        life = int(when + random.integers(30, 900)) if back else int(30 + random.integers(900, 2500))
        dead = bool(back and random.random() < 0.7)
        out["patients"].append({"patient_id": p})
        out["follow_up"].append(
            {
                "patient_id": p,
                "last_contact_day": life,
                "is_dead": dead,
                "death_day": life if dead else None,
                "recurrence_day": when if back else None,
            }
        )
        out["procedures"].append({"patient_id": p, "day": 30, "kind": "primary_resection"})
        if back:
            site = ("liver", "lung")[i % 3 == 0]
            lesion = {"lesion_id": f"{p}-m", "patient_id": p, "role": "metastasis"}
            out["lesions"].append(lesion | {"site": site, "found_day": when})
            if random.random() < resected and when + 90 < life:
                out["procedures"].append({"patient_id": p, "day": when + 90, "kind": "metastasectomy"})
    return out


def run(make_study, tables, **params):
    study = make_study(samples=[], calls=[], **tables)
    cohort = Cohort(study, {"recurrence": params})
    return recurrence(cohort, cohort.params(RecurrenceParams))


def test_risk_is_the_cumulative_incidence_from_surgery(make_study):
    """Nobody is lost before 900 days, so the risk at 24 months is the plain share, of everybody operated on."""
    tables = rows(150, 0.5)
    result = run(make_study, tables)
    days = [f["recurrence_day"] - 30 + 1 for f in tables["follow_up"] if f["recurrence_day"]]
    share = sum(d <= 24 * 30.4375 for d in days) / 150
    estimates = {e.name: e for e in result.estimates}
    assert estimates["recurrence_risk"].value == pytest.approx(share)
    assert estimates["recurrence_risk"].ci_low < share < estimates["recurrence_risk"].ci_high
    assert "resection of the primary" in result.answer and "risk of recurrence" in result.answer


def test_no_risk_where_everybody_was_included_for_recurring(make_study):
    result = run(make_study, rows(60, 1.0))
    assert "time to recurrence among patients who recurred" in result.answer
    assert "risk of recurrence" not in result.answer
    assert any("control group" in note for note in result.notes)
    assert set(result.tables["recurrence/incidence"]["measure"]) == {"recurred by then among those who recurred"}


def test_sites_and_exclusions(make_study):
    tables = rows(40, 0.8)
    tables["procedures"] = [p for p in tables["procedures"] if p["patient_id"] != "P000"]
    tables["lesions"].append(
        {"lesion_id": "early", "patient_id": "P001", "role": "metastasis", "site": "liver", "found_day": 3}
    )
    # nothing told of P001 after the metastasis; of P003 that it recurred later: its first metastasis was treated
    tables["lesions"] = [x for x in tables["lesions"] if x["patient_id"] != "P001" or x["lesion_id"] == "early"]
    tables["follow_up"][1]["recurrence_day"] = None
    tables["lesions"].append(
        {"lesion_id": "treated", "patient_id": "P003", "role": "metastasis", "site": "liver", "found_day": 3}
    )
    result = run(make_study, tables)
    reasons = dict(result.excluded.select("patient_id", "reason").iter_rows())
    assert reasons["P000"] == "no resection of the primary recorded"
    assert reasons["P001"] == "metastasis or local recurrence already there at the start"
    sites = result.tables["recurrence/sites"]
    known = [x for x in tables["lesions"] if x["patient_id"] not in ("P000", "P001") and x["lesion_id"] != "treated"]
    assert sites["n"].sum() == len(known) and sites["fraction"].sum() == pytest.approx(1)


def test_metastasectomy_changes_the_hazard_from_its_day_on(make_study):
    tables = rows(200, 0.9, seed=4, resected=0.5)
    result = run(make_study, tables)
    estimate = next(e for e in result.estimates if e.name == "metastasectomy")
    people = result.tables["recurrence/patients"].filter(pl.col("state") == "recurred")
    start, stop, event, x = [], [], [], []
    follow = {f["patient_id"]: f for f in tables["follow_up"]}
    for patient, day, cut in people.select("patient_id", "recurrence_day", "metastasectomy_day").iter_rows():
        end, dead = follow[patient]["last_contact_day"] - day + 1, follow[patient]["is_dead"]
        if cut is None:
            start.append(0), stop.append(end), event.append(dead), x.append(0)
        else:
            (
                start.extend([0, cut - day]),
                stop.extend([cut - day, end]),
                event.extend([False, dead]),
                x.extend([0, 1]),
            )
    fit = fit_cox(stop, event, np.array(x, float), entry=start)
    assert estimate.value == pytest.approx(np.exp(fit.coef[0]), rel=1e-6)
    assert "unadjusted; it is offered to patients who do well" in result.answer


def test_blood_after_surgery_is_compared_from_the_draw(make_study):
    tables = rows(60, 0.6, seed=2)
    tables["samples"] = [
        {
            "sample_id": f"B{i}",
            "patient_id": p["patient_id"],
            "material": "plasma",
            "day": 60,
            "tumor_fraction": 0.05 if follow["recurrence_day"] and i % 5 else 0.0,
        }
        for i, (p, follow) in enumerate(zip(tables["patients"], tables["follow_up"], strict=True))
    ]
    study = make_study(calls=[], **tables)
    result = recurrence(Cohort(study), RecurrenceParams())
    estimate = next(e for e in result.estimates if e.name == "ctdna_after_surgery")
    assert estimate.value > 3 and estimate.ci_low > 1 and "ctDNA after surgery" in result.answer


#: last contact, death (None: unknown; True: on an unknown day; a day), recurrence; second primary on day 400
COURSES = {
    "dead": (600, 600, 300),
    "second": (900, False, None),
    "undated": (600, True, None),
    "late": (900, True, 500),
    "lost": (1000, None, 200),
    **{f"alive{i}": (900, False, None) for i in range(4)},
    **{f"back{i}": (900, False, 800) for i in range(12)},
}


def told(make_study, **settings):
    follow = [
        {
            "patient_id": p,
            "last_contact_day": last,
            "recurrence_day": back,
            "cause_of_death": "cancer" if dead else None,
        }
        | {"is_dead": None if dead is None else dead is not False}
        | {"death_day": dead if dead and dead is not True else None}
        | ({"second_primary": "same", "second_primary_day": 400} if p == "second" else {})
        for p, (last, dead, back) in COURSES.items()
    ]
    patients = [{"patient_id": p} for p in COURSES]
    cohort = Cohort(make_study(samples=[], calls=[], patients=patients, follow_up=follow), settings)
    return cohort, recurrence(cohort, cohort.params(RecurrenceParams))


def test_what_is_not_known_of_a_death_is_none_of_a_recurrence(make_study):
    """Who died on an unknown day is not free, has no TTR, and is in no survival after recurrence; the unknown is not
    alive; disease-free survival is the endpoint of that name."""
    cohort, result = told(make_study, endpoints={"max_unknown_status": 0.2})
    state = dict(result.tables["recurrence/patients"].select("patient_id", "state").rows())
    assert "undated" not in state and state["second"] == "free" and state["late"] == "recurred"
    tte, left = cohort.endpoint_tables
    ttr = set(tte.filter(endpoint="TTR")["patient_id"])
    assert "undated" not in ttr and {"dead", "second", "late", "lost", "alive0"} <= ttr
    assert "day that is not known" in left.filter(endpoint="TTR", patient_id="undated")["reason"][0]

    estimates = {e.name: e for e in result.estimates}
    assert estimates["alive_24m_after_recurrence"].n == 13  # 15 recurred; "late" and "lost" are not known to live
    assert any("leaves out 2 of 15 patients" in note for note in result.notes)
    after = result.people.filter(question="survival after recurrence")
    assert after["is_in"].sum() == 13
    why = dict(after.filter(~pl.col("is_in")).select("patient_id", "reason").rows())
    assert why["lost"] == "vital status unknown: no survival after recurrence" and why["late"].startswith(
        "dead, on a day"
    )

    dfs = tte.filter(endpoint="DFS")
    assert cohort.recurrence_endpoints.filter(endpoint="DFS").equals(dfs)
    assert set(COURSES) - set(dfs["patient_id"]) == {"undated"}
    shown = result.tables["recurrence/incidence"].filter(measure="disease-free survival", months=24.0)
    assert shown["estimate"][0] == pytest.approx(
        1 - 4 / 20
    )  # dead, lost and late recurred by then, "second" by definition


def test_survival_after_recurrence_of_too_many_unknown_is_not_told(make_study):
    _, result = told(make_study)
    assert "alive_24m_after_recurrence" not in {e.name for e in result.estimates}
    assert any(
        note.startswith("Survival after recurrence is not told: vital status is unknown in 2 of 15")
        for note in result.notes
    )
    assert not result.people.filter(question="survival after recurrence")["is_in"].any()


def test_without_any_recurrence_it_says_what_is_missing(make_study):
    with pytest.raises(NotEnoughData, match="recurrence_day"):
        run(make_study, rows(5, 0.0))


def test_the_clock_of_one_patient_starts_where_that_of_the_study_does(make_study):
    """P001 has no operation on record: the study counts from surgery and leaves him out, and so does his page."""
    tables = rows(4, 1.0)
    tables["procedures"] = [row for row in tables["procedures"] if row["patient_id"] != "P001"]
    cohort = Cohort(make_study(samples=[], calls=[], **tables))
    assert cohort.recurrence.patients["patient_id"].to_list() == ["P000", "P002", "P003"]
    alone = cohort.of_patient("P001").recurrence
    assert alone.words == cohort.recurrence.words and alone.patients.is_empty() and alone.excluded.height == 1
    other = cohort.of_patient("P002").recurrence.patients
    assert other.equals(cohort.recurrence.patients.filter(pl.col("patient_id") == "P002"))
