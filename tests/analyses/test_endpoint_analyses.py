"""The analyses psa_response, imaging and endpoints: answers, tables, who is left out, and the settings of the
contract."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study as made

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.errors import NotEnoughData
from oncourse.plots.spider import panels, spider
from oncourse.plots.swimmer import swimmer
from oncourse.plots.waterfall import waterfall
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


def study(**tables):
    frames = {name: pl.DataFrame(rows, schema=TABLES[name].schema) for name, rows in tables.items()}
    return Study(StudyConfig(), frames)


def small():
    """Four men on one line: A responds and stays, B progresses and dies, C has a baseline only, D has nothing."""
    ids = "ABCD"
    psa = {
        "A": [(0, "100"), (28, "40"), (60, "5")],
        "B": [(0, "10"), (100, "20"), (130, "30")],
        "C": [(-3, "7")],
    }
    sizes = {"A": [(0, 30.0), (56, 15.0), (112, 15.0)], "B": [(0, 30.0), (56, 40.0)]}
    return study(
        patients=[{"patient_id": p} for p in ids],
        follow_up=[
            {
                "patient_id": p,
                "last_contact_day": 800 if p == "A" else 300,
                "is_dead": p == "B",
                "death_day": 300 if p == "B" else None,
            }
            for p in ids
        ],
        treatments=[{"patient_id": p, "drugs": "docetaxel", "start_day": 0, "line": 1} for p in ids],
        labs=[
            {"patient_id": p, "day": d, "analyte": "PSA", "value": v, "unit": "ng/mL"}
            for p, rows in psa.items()
            for d, v in rows
        ],
        target_lesions=[
            {"patient_id": p, "day": d, "lesion_id": "T1", "diameter_mm": s}
            for p, rows in sizes.items()
            for d, s in rows
        ],
        assessments=[
            {"patient_id": "A", "day": 56, "non_target": "NONE", "new_lesions": "no", "overall": "SD"},
            {"patient_id": "A", "day": 112, "non_target": "NONE", "new_lesions": "no", "overall": "PR"},
        ],
    )


def run(name, given=None, **settings):
    return registry()[name].run(Cohort(given or small(), settings))


def value(result, name):
    return next(e for e in result.estimates if e.name == name)


def test_psa_response():
    result = run("psa_response")
    confirmed = value(result, "psa50_confirmed")
    assert (confirmed.value, confirmed.n) == (0.25, 4)
    # Clopper-Pearson of 1 of 4: 0.6 to 80.6 %
    assert (round(confirmed.ci_low, 4), round(confirmed.ci_high, 4)) == (0.0063, 0.8059)
    assert value(result, "psa50_confirmed_evaluable").n == 2
    assert value(result, "progressed").value == 0.5
    rows = {r["patient_id"]: r for r in result.tables["endpoints/psa"].rows(named=True)}
    assert (rows["A"]["psa50_confirmed"], rows["C"]["psa50"], rows["D"]["psa50"]) == (True, False, None)
    assert rows["B"]["progression_rule"] == "rise from baseline beyond 12 weeks, no decline"
    people = result.people.filter(question="PSA before and after the start")
    left = dict(people.filter(~pl.col("is_in")).select("patient_id", "reason").rows())
    assert left == {"C": "no PSA after the start", "D": "no PSA at all"}
    # they count in the rates as without response, and the ledger says so
    rated = result.people.filter(question="PSA response")
    assert rated["is_in"].all() and dict(rated.drop_nulls("reason").select("patient_id", "reason").rows()) == left
    assert "2 without a PSA before and after the start counted as no response" in result.answer
    assert [f.name for f in result.figures] == ["waterfall", "spider", "patients"]


def test_missing_psa_may_be_left_out_of_the_rate():
    assert value(run("psa_response", psa={"missing_in_denominator": False}), "psa50_confirmed").n == 3


def test_imaging():
    result = run("imaging")
    assert value(result, "objective_response").value == 0.25
    assert value(result, "disease_control").value == 0.25
    assert value(result, "not_evaluable").value == 2
    best = {r["patient_id"]: r for r in result.tables["endpoints/best_response"].rows(named=True)}
    assert [best[p]["best_confirmed"] for p in "ABCD"] == ["PR", "PD", "MISSING", "MISSING"]
    assert (best["A"]["response_day"], best["A"]["duration_days"], best["A"]["duration_censored"]) == (
        56,
        57,
        True,
    )
    # A's first visit: -50 % is PR, the investigator wrote SD
    differ = result.tables["endpoints/response_disagreements"]
    assert differ.select("day", "overall", "reported_overall").rows() == [(56, "PR", "SD")]
    assert value(result, "agreement").value == 0.5
    unseen = result.people.filter(question="response").drop_nulls("reason")
    assert set(unseen["patient_id"]) == {"C", "D"} and unseen["is_in"].all()
    assert "2 without an evaluable visit counted as no response" in result.answer


def test_progression_dates_are_compared():
    given = small()
    told = given["follow_up"].with_columns(progression_day=pl.when(pl.col("patient_id") == "B").then(70).cast(pl.Int64))
    result = run("imaging", Study(given.config, {**given.tables, "follow_up": told}))
    assert result.tables["endpoints/progression_dates"].rows() == [("B", 1, 56, 70, -14)]
    assert value(result, "progression_dates_differ").value == 1


def test_settings_of_the_contract():
    """imaging.*: the names and what they do."""
    assert value(run("imaging", imaging={"confirmation_days": 57}), "objective_response").value == 0
    best = run("imaging", imaging={"missing_as_ne": True}).tables["endpoints/best_response"]
    assert best["best_confirmed"].to_list() == ["PR", "PD", "NE", "NE"]
    best = run("imaging", imaging={"criteria": "irecist"}).tables["endpoints/best_response"]
    assert best["best_unconfirmed"].to_list() == ["iPR", "iUPD", "MISSING", "MISSING"]


@pytest.mark.parametrize(
    ("later", "end", "event"),
    [([], 56, True), ([(112, 46.0)], 56, True), ([(112, 30.0)], 112, False), ([(112, 30.0), (168, 38.0)], 168, True)],
)
def test_an_unconfirmed_progression_counts_unless_a_later_scan_takes_it_back(later, end, event):
    """iRECIST (Seymour 2017): 30 to 40 mm is iUPD; growth of 5 mm confirms it on its day; 30 mm again resets it; one that
    no later scan judges stands."""
    sizes = [(0, 30.0), (56, 40.0), *later]
    given = study(
        patients=[{"patient_id": "P"}],
        follow_up=[{"patient_id": "P", "last_contact_day": 300, "is_dead": False}],
        treatments=[{"patient_id": "P", "drugs": "pembrolizumab", "start_day": 0, "line": 1}],
        target_lesions=[{"patient_id": "P", "day": d, "lesion_id": "T1", "diameter_mm": s} for d, s in sizes],
        assessments=[{"patient_id": "P", "day": d, "non_target": "NONE", "new_lesions": "no"} for d, _ in sizes if d],
    )
    found = run("endpoints", given, imaging={"criteria": "irecist"}).tables["endpoints/time_to_event"]
    (row,) = found.filter(endpoint="PFS", line=1).rows(named=True)
    assert (row["end_day"], row["is_event"]) == (end, event)


def test_endpoints():
    result = run("endpoints")
    rows = {
        (r["patient_id"], r["line"], r["endpoint"]): r
        for r in result.tables["endpoints/time_to_event"].rows(named=True)
    }
    assert rows["B", 1, "PFS"]["time_days"] == 57
    assert (rows["B", 1, "PFS"]["source_table"], rows["B", 1, "PFS"]["source_row"]) == ("target_lesions", 6)
    assert rows["A", 1, "PFS"]["event_or_reason"] == "last adequate assessment"
    assert rows["C", 1, "PFS"]["event_or_reason"] == "no assessment after the origin"
    assert rows["B", None, "OS"]["status_24m"] == "dead"
    assert [value(result, f"status_24m_{w}").value for w in ("dead", "alive", "unknown")] == [1, 1, 2]
    left = result.tables["endpoints/excluded"]
    assert left.select("patient_id", "endpoint").rows() == [("D", "PSA_PFS"), ("D", "TTPP")]
    assert "Median progression-free survival, first line," in result.answer
    names = {f.name for f in result.figures}
    assert {"km_OS", "km_PFS_by_line", "swimmer"} <= names


def test_a_null_is_not_a_zero():
    """An interval that does not exist is null, in the summary and in the estimates."""
    result = run("endpoints")
    summary = result.tables["endpoints/summary"].filter(pl.col("endpoint") == "DOR").row(0, named=True)
    assert summary["median_days"] is None
    assert value(result, "median_DOR_line_1").value is None


def test_without_treatments_there_are_endpoints_of_the_study():
    given = study(
        patients=[{"patient_id": p} for p in "AB"],
        follow_up=[
            {"patient_id": "A", "last_contact_day": 500, "is_dead": False, "progression_day": 100},
            {"patient_id": "B", "last_contact_day": 400, "is_dead": True, "death_day": 400},
        ],
    )
    table = run("endpoints", given).tables["endpoints/time_to_event"]
    rows = {(r["patient_id"], r["endpoint"]): r["event_or_reason"] for r in table.rows(named=True)}
    assert rows["A", "PFS"] == "reported progression"
    assert rows["B", "PFS"] == "death"
    assert table["line"].null_count() == table.height


def test_too_little_says_what_is_missing():
    bare = study(
        patients=[{"patient_id": "A"}],
        labs=[{"patient_id": "A", "day": 0, "analyte": "CEA", "value": "3"}],
        treatments=[{"patient_id": "A", "drugs": "x", "start_day": 0}],
    )
    with pytest.raises(NotEnoughData, match="no usable PSA"):
        run("psa_response", bare)
    early = study(
        patients=[{"patient_id": "A"}],
        assessments=[{"patient_id": "A", "day": -5, "overall": "SD"}],
        treatments=[{"patient_id": "A", "drugs": "x", "start_day": 0}],
    )
    with pytest.raises(NotEnoughData, match="no visit lies after"):
        run("imaging", early)
    with pytest.raises(NotEnoughData, match="no patient has a line 9"):
        run("psa_response", psa_response={"line": 9})


def test_figures_are_the_same_bytes_and_draw_what_they_say():
    bars = [
        waterfall([0.2, -0.5, float("nan"), 3.0], list("xyxz"), ylabel="change", limits={"-50 %": -0.5}) for _ in "12"
    ]
    assert bars[0] == bars[1]
    assert "n = 3" in bars[0]
    many = waterfall([i / 4000 - 0.5 for i in range(2000)], ylabel="change", limits={})
    assert "1 in 3 drawn" in many
    web = spider({"a": ([0, 30], [0.0, -0.4])}, ylabel="change", limits={"-30 %": -0.3})
    assert "n = 1" in web
    series = {
        "title": "A",
        "day": [0, 30, 60],
        "value": [10.0, 0.0, 4.0],
        "starts": [(0, "line 1")],
        "marks": [(30, 0.0, "nadir"), (60, 4.0, "unconfirmed")],
    }
    assert panels([series], ylabel="PSA").startswith("<svg")
    lane = {
        "label": "A",
        "start": 0,
        "end": 300,
        "bars": [(0, 200, "docetaxel")],
        "marks": [(100, "response")],
        "is_ongoing": True,
    }
    drawn = swimmer([lane])
    assert "docetaxel" in drawn
    assert "response (CR, PR)" in drawn


def test_the_other_readings_are_counted_and_shown():
    """A PSA rise on day 84 that a value on the next line confirms; a death of which only the month is known."""
    psa = [(-3, "10"), (28, "1"), (84, "4"), (112, "6")]
    made = study(
        patients=[{"patient_id": p} for p in "AB"],
        follow_up=[
            {"patient_id": "A", "last_contact_day": 600, "is_dead": False},
            {
                "patient_id": "B",
                "last_contact_day": 700,
                "is_dead": True,
                "death_day": 792,
                "death_earliest_day": 779,
                "death_latest_day": 806,
            },
        ],
        treatments=[
            {"patient_id": "A", "drugs": "enzalutamide", "start_day": 0, "line": 1},
            {"patient_id": "A", "drugs": "docetaxel", "start_day": 90, "line": 2},
        ],
        labs=[{"patient_id": "A", "day": d, "analyte": "PSA", "value": v, "unit": "ng/mL"} for d, v in psa],
    )
    result = run("endpoints", made)
    rows = result.tables["endpoints/time_to_event_other_readings"]
    told = {r[:5] for r in rows.select("patient_id", "endpoint", "reading", "time_days", "is_event").iter_rows()}
    assert told == {
        ("A", "PSA_PFS", "confirmation after the switch", 113, False),
        ("A", "TTPP", "confirmation after the switch", 113, False),
        ("B", "OS", "uncertain days as early as they may be", 780, True),
        ("B", "OS", "uncertain days as late as they may be", 807, True),
    }
    assert (value(result, "confirmed_after_switch").value, value(result, "partial_days").value) == (1, 1)
    first, last = (value(result, f"OS_months_if_{d}_day").value for d in ("first", "last"))
    assert first == pytest.approx(779 / 30.4375) and last == pytest.approx(806 / 30.4375)


def test_a_median_of_whom_most_were_never_assessed_is_not_told():
    """Men with bone scans alone: PFS by RECIST was "3.7 months (n = 16)", of one death and 15 censored at the start."""
    people = [f"P{i}" for i in range(6)]
    given = made(
        {"design": "mcrpc"},
        patients=[{"patient_id": p} for p in people],
        samples=[],
        calls=[],
        treatments=[{"patient_id": p, "drugs": "docetaxel", "start_day": 0} for p in people],
        follow_up=[
            {"patient_id": p, "last_contact_day": 300, "is_dead": p == "P0", "death_day": 300 if p == "P0" else None}
            for p in people
        ],
        assessments=[{"patient_id": "P1", "day": 60, "method": "ct_mri", "overall": "SD"}],
    )
    result = run("endpoints", given)
    told = "Median progression-free survival by RECIST alone (without bone), first line, is not told: 4 of 6 had"
    assert told in result.answer
    assert value(result, "unseen_PFS_line_1").value == 4
    unknown = given.tables["follow_up"].with_columns(is_dead=pl.lit(None, pl.Boolean), death_day=pl.lit(None, pl.Int64))
    alone = Study(given.config, dict(given.tables) | {"follow_up": unknown})
    assert run("endpoints", alone).headline.light == "cannot"  # page one neither: it was "not reached"


def test_the_answer_says_how_many_were_never_assessed():
    """A median of n = 4 of whom two were never scanned: they are censored on the first day (FDA 2018, table A)."""
    result = run("endpoints")
    assert "Of these, 2 had no assessment that counts after the start, and tell nothing." in result.answer
    assert value(result, "unseen_PFS_line_1").value == 2
    # nobody's bones were scanned: rPFS was told beside PFS, the same numbers twice
    assert result.answer.count("progression-free survival") == result.answer.count("PSA progression-free survival") + 1


def test_a_curve_undone_by_the_early_few_is_not_told():
    """One patient at risk dies on day 30, 29 enter after a year: "median 1.0 months, 0 % at 24 months" was printed."""
    ids = [f"P{i:02d}" for i in range(30)]
    one = made(
        {"design": "crc"},
        patients=[{"patient_id": p} for p in ids],
        samples=[],
        calls=[],
        follow_up=[
            {
                "patient_id": p,
                "last_contact_day": 900 + 30 * i if i else 30,
                "is_dead": i % 2 == 0,
                "entry_day": 400 + 5 * i if i else 10,
            }
            for i, p in enumerate(ids)
        ],
    )
    for name in ("endpoints", "survival"):
        result = registry()[name].run(Cohort(one))
        assert "Median overall survival cannot be told" in result.answer and result.headline.light == "cannot"
        at = [e for e in result.estimates if e.name in ("free_at_24m_OS", "OS_kaplan_meier_24m")]
        assert [e.value for e in at] == [None]


def test_no_rate_of_response_where_nothing_could_be_judged():
    """Nine men with bone scans alone: "responded in 0 % (95 % CI 0-34; n = 9)"."""
    ids = ["A", "B", "C"]
    scans = [
        {"patient_id": p, "day": d, "method": "bone_scan", "new_bone_lesions": n}
        for p in ids
        for d, n in ((56, 0), (112, 2))
    ]
    one = made(
        {"design": "mcrpc"},
        patients=[{"patient_id": p} for p in ids],
        samples=[],
        calls=[],
        follow_up=[{"patient_id": p, "last_contact_day": 400, "is_dead": False} for p in ids],
        treatments=[{"patient_id": p, "drugs": "enzalutamide", "start_day": 0} for p in ids],
        assessments=scans,
    )
    result = registry()["imaging"].run(Cohort(one))
    assert "response cannot be told" in result.answer and result.headline.light == "cannot"
    assert {e.value for e in result.estimates if e.unit == "fraction" and e.name.endswith("response")} == {None}
    told = registry()["endpoints"].run(Cohort(one)).answer
    assert "RECIST alone" not in told and "radiographic progression-free survival" in told


def test_a_competing_death_ends_no_follow_up():
    """Reverse Kaplan-Meier of three followed to 1000, 1200 and 1300 and one who died of another cause on day 100: he would
    have been followed on (Schemper, Smith 1996): 2/3 after 1000, 1/3 after 1200, by hand (was 1100)."""
    from oncourse.analyses._other_readings import EndpointParams, summary_row

    part = pl.DataFrame(
        {
            "entry_days": [0.0, 0.0, 0.0, 0.0],
            "time_days": [1000.0, 1200.0, 1300.0, 100.0],
            "is_event": [False] * 4,
            "is_competing": [False, False, False, True],
        }
    )
    row = summary_row(part, "TTR", None, EndpointParams())
    assert (row["n"], row["n_event"], row["n_competing"], row["median_follow_up_days"]) == (4, 0, 1, 1200.0)
