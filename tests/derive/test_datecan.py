"""DATECAN end points of localised colon cancer (Cohen 2020, doi 10.1016/j.ejca.2020.02.009), PFS2 and time on
treatment."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort


def colon(**facts):
    """One patient followed to day 900, alive unless told otherwise; a second one who recurs, so that DFS exists."""
    first = {"patient_id": "A", "last_contact_day": 900, "is_dead": False, "recurrence_free_day": 900} | facts
    other = {"patient_id": "B", "last_contact_day": 500, "is_dead": False, "recurrence_day": 300}
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": "A"}, {"patient_id": "B"}],
        samples=[],
        calls=[],
        follow_up=[first, other],
    )
    return Cohort(made).time_to_event


def record(table, endpoint, patient="A", line=None):
    rows = [
        r
        for r in table.iter_rows(named=True)
        if (r["endpoint"], r["patient_id"], r["line"]) == (endpoint, patient, line)
    ]
    assert len(rows) == 1, (endpoint, rows)
    return rows[0]["is_event"], rows[0]["is_competing"], rows[0]["end_day"]


@pytest.mark.parametrize(
    ("what", "facts", "dfs", "rfs", "ttr"),
    [
        (
            "a second colorectal cancer ends DFS only",
            {"second_primary_day": 400, "second_primary": "same"},
            (True, False, 400),
            (False, False, 900),
            (False, False, 900),
        ),
        (
            "another cancer ends nothing",
            {"second_primary_day": 400, "second_primary": "other"},
            (False, False, 900),
            (False, False, 900),
            (False, False, 900),
        ),
        (
            "death of the cancer without a recorded recurrence ends TTR",
            {"is_dead": True, "death_day": 900, "cause_of_death": "cancer"},
            (True, False, 900),
            (True, False, 900),
            (True, False, 900),
        ),
        (
            "death of another cause competes in TTR",
            {"is_dead": True, "death_day": 900, "cause_of_death": "other"},
            (True, False, 900),
            (True, False, 900),
            (False, True, 900),
        ),
        (
            "a recurrence after a second primary: DFS ends at the first",
            {"second_primary_day": 400, "second_primary": "same", "recurrence_day": 600, "recurrence_free_day": None},
            (True, False, 400),
            (True, False, 600),
            (True, False, 600),
        ),
    ],
)
def test_events_of_localised_colon_cancer(what, facts, dfs, rfs, ttr):
    table = colon(**facts)
    assert (record(table, "DFS"), record(table, "RFS"), record(table, "TTR")) == (dfs, rfs, ttr), what


@pytest.mark.parametrize(
    ("facts", "other", "ttr"),
    [
        ({"cause_of_death": "unknown"}, "other", None),
        ({"cause_of_death": "unknown"}, None, (False, True, 900)),  # no cause of anybody: every death competes
        (
            {"cause_of_death": "unknown", "recurrence_day": 300, "recurrence_free_day": None},
            "other",
            (True, False, 300),
        ),
    ],
)
def test_a_death_of_unknown_cause_has_no_time_to_recurrence_as_it_has_no_css(facts, other, ttr):
    """It was left out of cancer-specific survival and competed, as of another cause, in TTR."""
    dead = {"last_contact_day": 900, "is_dead": True, "death_day": 900}
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": p} for p in "ABC"],
        samples=[],
        calls=[],
        follow_up=[
            {"patient_id": "A", **dead, "recurrence_free_day": 800} | facts,
            {"patient_id": "B", **dead, "recurrence_free_day": 800, "cause_of_death": other},
            {"patient_id": "C", "last_contact_day": 500, "is_dead": False, "recurrence_day": 300},
        ],
    )
    table, left_out = Cohort(made).endpoint_tables
    why = set(left_out.filter(pl.col("patient_id") == "A").select("endpoint", "reason").rows())
    unknown = "the cause of death is not known"
    assert why == (({("CSS", unknown)} if other else set()) | ({("TTR", unknown)} if ttr is None else set()))
    if ttr is not None:
        assert record(table, "TTR") == ttr
    assert record(table, "DFS")[0]


def test_recurrence_means_one_thing_in_every_analysis():
    """The recurrence analysis took follow_up's day where a metastasis had been found before it; DFS took the first."""
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": "A"}],
        samples=[],
        calls=[],
        follow_up=[{"patient_id": "A", "last_contact_day": 900, "is_dead": False, "recurrence_day": 300}],
        lesions=[{"lesion_id": "m", "patient_id": "A", "role": "metastasis", "site": "liver", "found_day": 200}],
    )
    cohort = Cohort(made)
    assert record(cohort.time_to_event, "DFS") == (True, False, 200)
    assert cohort.recurrence.patients["recurrence_day"].to_list() == [200]


def lines(follow_up, *treatments, scans=()):
    made = study(
        {"design": "mcrpc"},
        patients=[{"patient_id": "A"}],
        samples=[],
        calls=[],
        follow_up=[{"patient_id": "A", "last_contact_day": 900, "is_dead": False} | follow_up],
        treatments=[
            {"patient_id": "A", "drugs": d, "start_day": a, "stop_day": b, "line": i}
            for i, (d, a, b) in enumerate(treatments, 1)
        ],
        assessments=[{"patient_id": "A", "day": d, "method": "ct_mri", "overall": w} for d, w in scans],
    )
    return Cohort(made).time_to_event


TWO = (("enzalutamide", 0, 95), ("docetaxel", 100, None))
SCANS = ((0, "SD"), (60, "SD"), (99, "PD"), (160, "SD"), (220, "PD"))


@pytest.mark.parametrize(
    ("what", "follow_up", "scans", "expected"),
    [
        ("progression on the next line", {}, SCANS, (True, False, 220)),
        ("no progression on the next line by its last scan", {}, SCANS[:4], (False, False, 160)),
        ("death on the next line", {"is_dead": True, "death_day": 300}, SCANS[:4], (True, False, 300)),
    ],
)
def test_pfs2_is_progression_on_the_next_line_or_death(what, follow_up, scans, expected):
    assert record(lines(follow_up, *TWO, scans=scans), "PFS2", line=1) == expected, what


def test_pfs2_without_a_next_line_is_censored_at_last_contact_or_ends_with_death():
    assert record(lines({}, *TWO, scans=SCANS), "PFS2", line=2) == (False, False, 900)
    assert record(lines({"is_dead": True, "death_day": 700}, *TWO, scans=SCANS), "PFS2", line=2) == (True, False, 700)


def test_time_on_treatment_ends_with_the_stop_the_next_line_or_death():
    table = lines({}, *TWO, scans=SCANS)
    assert record(table, "TOT", line=1) == (True, False, 95)
    assert record(table, "TOT", line=2) == (False, False, 900)
    assert record(lines({"is_dead": True, "death_day": 300}, *TWO), "TOT", line=2) == (True, False, 300)


@pytest.mark.parametrize(
    ("what", "facts", "dfs"),
    [
        ("unknown, and nothing else known", {"recurrence_free_day": None}, None),
        ("unknown, known free of recurrence", {"recurrence_free_day": 600}, (False, False, 600)),
        ("unknown, recurred", {"recurrence_free_day": None, "recurrence_day": 300}, (True, False, 300)),
    ],
)
def test_dfs_asks_the_vital_status_as_overall_survival_does(what, facts, dfs):
    """Who is of unknown vital status was left out of OS and "censored, no recurrence" in DFS, of which death is an
    event."""
    one = {"patient_id": "A", "last_contact_day": 900, "is_dead": None} | facts
    others = [
        {"patient_id": f"B{i}", "last_contact_day": 500, "is_dead": False, "recurrence_day": 300} for i in range(9)
    ]
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": p["patient_id"]} for p in (one, *others)],
        samples=[],
        calls=[],
        follow_up=[one, *others],
    )
    table = Cohort(made).time_to_event
    found = table.filter(pl.col("patient_id") == "A", pl.col("endpoint") == "DFS")
    assert found.height == (dfs is not None), what
    assert dfs is None or record(table, "DFS") == dfs, what


def test_dfs_is_refused_where_too_many_may_have_died():
    """With two of three of unknown status only events would be left in DFS; TTR, which asks no death, remains."""
    rows = [
        {"patient_id": "A", "last_contact_day": 900, "is_dead": None},
        {"patient_id": "B", "last_contact_day": 800},
        {"patient_id": "C", "last_contact_day": 500, "is_dead": False, "recurrence_day": 300},
    ]
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": r["patient_id"]} for r in rows],
        samples=[],
        calls=[],
        follow_up=rows,
    )
    cohort = Cohort(made)
    assert set(cohort.time_to_event["endpoint"]) & {"DFS", "RFS", "TTR"} == {"TTR"}


def test_a_second_primary_of_an_organ_not_told_is_said():
    """Its day was read, it was no event of disease-free survival, and nothing said so."""
    from tests.studies import study

    told = {
        kind: [
            p.message
            for p in study(
                patients=[{"patient_id": "P"}],
                follow_up=[{"patient_id": "P", "last_contact_day": 900, "is_dead": False, **row}],
            ).warnings
            if p.column == "second_primary_day"
        ]
        for kind, row in (
            ("unknown", {"second_primary_day": 300}),
            ("same", {"second_primary_day": 300, "second_primary": "same"}),
        )
    }
    assert told["same"] == [] and "day 300 of an organ that is not told" in told["unknown"][0]


@pytest.mark.parametrize(
    ("what", "tables", "recorded", "dfs"),
    [
        ("operated, nothing else", {}, {}, True),
        ("first line of metastatic disease at day 0", {"setting": "metastatic", "start_day": 0}, {}, False),
        ("adjuvant treatment", {"setting": "adjuvant", "start_day": 30}, {}, True),
        ("later metastatic, no recurrence recorded", {"setting": "metastatic", "start_day": 400}, {}, False),
        ("known free, then treated", {"setting": "metastatic", "start_day": 400}, {"recurrence_free_day": 390}, True),
        ("stage IV", {"stage": "IVA"}, {}, False),
        ("stage IV, operated and followed", {"stage": "IVA"}, {"recurrence_free_day": 900}, True),
        ("stage III", {"stage": "IIIB"}, {}, True),
        ("targets of a line", {"setting": None, "start_day": 5, "target": -3}, {}, False),
        ("targets before the operation", {"setting": "neoadjuvant", "start_day": 5, "target": -3}, {}, True),
    ],
)
def test_nobody_treated_for_metastases_is_free_of_disease_by_silence(what, tables, recorded, dfs):
    """Patients of stage IV, or in their first metastatic line, were "last contact, no recurrence recorded" in DFS."""
    first = {"patient_id": "A", "last_contact_day": 900, "is_dead": False} | recorded
    other = {"patient_id": "B", "last_contact_day": 500, "is_dead": False, "recurrence_day": 300}
    more = {}
    if "start_day" in tables:
        treatment = {"patient_id": "A", "drugs": "FOLFOX", "line": 1}
        more["treatments"] = [treatment | {name: tables[name] for name in ("setting", "start_day")}]
    if "target" in tables:
        sizes = [(tables["target"], 40.0), (60, 30.0)]
        more["target_lesions"] = [
            {"patient_id": "A", "day": day, "lesion_id": "T", "diameter_mm": mm, "status": "measured"}
            for day, mm in sizes
        ]
    made = study(
        {"design": "crc"},
        patients=[{"patient_id": "A", "stage": tables.get("stage")}, {"patient_id": "B", "stage": None}],
        samples=[],
        calls=[],
        follow_up=[first, other],
        **more,
    )
    cohort = Cohort(made)
    free = cohort.time_to_event.filter(pl.col("endpoint").is_in(["DFS", "RFS", "TTR"]), pl.col("patient_id") == "A")
    assert free.height == (3 if dfs else 0), what
    left = cohort.endpoint_tables[1].filter(pl.col("patient_id") == "A", pl.col("endpoint") == "DFS")
    assert left.height == (0 if dfs else 1), what
    assert ("A" in cohort.recurrence.patients["patient_id"].to_list()) == dfs, what


def test_a_second_primary_of_an_organ_not_told_leaves_disease_free_survival_open():
    """It was no event, and the patient free of disease until the last contact: unknown was "no". Recurrence before it is
    an event; RFS and TTR do not ask for it."""
    from tests.studies import study

    rows = [
        {"patient_id": "A", "second_primary_day": 300, "recurrence_free_day": 900, "recurrence_day": None},
        {"patient_id": "B", "second_primary_day": 300, "recurrence_free_day": None, "recurrence_day": 200},
        {"patient_id": "C", "second_primary_day": None, "recurrence_free_day": 900, "recurrence_day": None},
    ]
    people = [r | {"last_contact_day": 900, "is_dead": False} for r in rows]
    cohort = Cohort(
        study({"design": "crc"}, patients=[{"patient_id": p} for p in "ABC"], samples=[], calls=[], follow_up=people)
    )
    found = {
        name: {p: (t, e) for p, t, e in part.select("patient_id", "time_days", "is_event").iter_rows()}
        for (name,), part in cohort.time_to_event.group_by("endpoint")
    }
    assert found["DFS"] == {"B": (201, True), "C": (901, False)}
    assert found["RFS"]["A"] == found["TTR"]["A"] == (901, False)
