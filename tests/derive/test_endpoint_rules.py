"""Time to event and lines, hand-worked. FDA = Clinical Trial Endpoints 2018, table A; EMA = EMA/CHMP/27994/2008."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.clinical.bone import BONE_SCHEMA, bone_visits
from oncourse.derive.clinical.endpoints import EndpointParams, EndpointTables, endpoint_table
from oncourse.derive.clinical.lines import lines_table
from oncourse.derive.clinical.psa import psa_table
from oncourse.derive.clinical.recist import recist_visits
from oncourse.derive.clinical.response import best_response
from oncourse.derive.clinical.tte import RECORD, records, time_to_event
from oncourse.errors import InputError
from oncourse.study.tables import TABLES


def table(name, *rows):
    schema = TABLES[name].schema
    return pl.DataFrame(list(rows), schema=schema) if rows else TABLES[name].empty()


def endpoints(follow_up, treatments=((0, "a"),), visits=(), psa=(), bone=(), procedures=(), lesions=(), **settings):
    """Records of one patient P; visits are (day, overall), psa (day, value), bone (day, new, persisting)."""
    follow = table("follow_up", {"patient_id": "P", **follow_up})
    treated = table("treatments", *[{"patient_id": "P", "start_day": s, "drugs": d} for s, d in treatments])
    lines = lines_table(treated)
    rows = [{"patient_id": "P", "day": d, "overall": r} for d, r in visits]
    rows += [
        {
            "patient_id": "P",
            "day": b[0],
            "method": "bone_scan",
            "new_bone_lesions": b[1],
            "bone_persisting": b[2],
        }
        for b in bone
    ]
    assessed = table("assessments", *rows)
    labs = table(
        "labs",
        *[{"patient_id": "P", "day": d, "analyte": "PSA", "value": str(v), "unit": "ng/mL"} for d, v in psa],
    )
    seen = recist_visits(table("target_lesions"), assessed, lines, followed=True)
    own = recist_visits(table("target_lesions"), assessed, lines)
    data = EndpointTables(
        patients=table("patients", {"patient_id": "P"}),
        follow_up=follow,
        procedures=table("procedures", *[{"patient_id": "P", "day": d, "kind": k} for d, k in procedures]),
        lesions=table(
            "lesions", *[{"patient_id": "P", "lesion_id": i, "role": r, "found_day": d} for i, r, d in lesions]
        ),
        lines=lines,
        psa=psa_table(labs, lines) if psa else pl.DataFrame(),
        visits=seen,
        bone=bone_visits(assessed, lines, followed=True) if bone else pl.DataFrame(schema=BONE_SCHEMA),
        best=best_response(own, lines, deaths=None),
        psa_followed=psa_table(labs, lines, followed=True) if psa else None,
    )
    found, excluded = endpoint_table(data, EndpointParams(**settings))
    return {(r["endpoint"], r["line"]): r for r in found.rows(named=True)}, excluded


ALIVE = {"last_contact_day": 400, "is_dead": False}
DEAD = {"last_contact_day": 400, "is_dead": True, "death_day": 400}


def short(record):
    return record["time_days"], record["is_event"], record["event_or_reason"]


def test_overall_survival_counts_the_first_day():
    """CDISC ADaM: AVAL = ADT - STARTDT + 1."""
    found, _ = endpoints(DEAD)
    assert short(found["OS", None]) == (401, True, "death")
    assert found["OS", None]["source_table"] == "follow_up"
    assert found["OS", None]["source_row"] == 2
    found, _ = endpoints(DEAD, count_first_day=False)
    assert found["OS", None]["time_days"] == 400


def test_alive_is_censored_at_last_contact():
    found, _ = endpoints(ALIVE)
    assert short(found["OS", None]) == (401, False, "alive at last contact")


def test_no_overall_survival_from_an_unknown_vital_status():
    """Neither dead nor alive: of nobody known there is no survival at all; of one in four, the three others'."""
    found, excluded = endpoints({"last_contact_day": 300})
    assert ("OS", None) not in found and ("OS", 1) not in found
    assert "vital status is unknown in 1 of 1 patients" in excluded.filter(endpoint="OS")["reason"][0]
    found, excluded = endpoints({"last_contact_day": 300, "recurrence_day": 200})
    assert short(found["DFS", None]) == (201, True, "recurrence")  # what is known of him otherwise stays


@pytest.mark.parametrize(
    ("follow_up", "word"),
    [({"is_dead": False}, "alive, without a day"), ({"is_dead": True}, "dead, on a day that is not known")],
)
def test_alive_needs_a_date_and_so_does_dead(follow_up, word):
    found, excluded = endpoints(follow_up, max_unknown_status=1.0)
    assert ("OS", None) not in found
    assert word in excluded.filter(pl.col("endpoint") == "OS")["reason"][0] or "1 of 1" in str(
        excluded["reason"].to_list()
    )


def test_dead_without_a_day_dies_on_the_last_contact():
    found, _ = endpoints({"last_contact_day": 300, "is_dead": True})
    assert short(found["OS", None]) == (301, True, "death (day of last contact)")


def test_line_survival_starts_with_the_line():
    found, _ = endpoints(DEAD, treatments=((0, "a"), (150, "b")))
    assert found["OS", 2]["origin_day"] == 150
    assert found["OS", 2]["time_days"] == 251


STATUS = [
    ("dead before 24 months", {"last_contact_day": 600, "is_dead": True, "death_day": 600}, "dead"),
    (
        "dead after 24 months is alive at them",
        {"last_contact_day": 900, "is_dead": True, "death_day": 900},
        "alive",
    ),
    ("alive beyond", {"last_contact_day": 800, "is_dead": False}, "alive"),
    ("alive, followed for less: unknown", {"last_contact_day": 600, "is_dead": False}, "unknown"),
]


@pytest.mark.parametrize(("name", "follow_up", "status"), STATUS, ids=[s[0] for s in STATUS])
def test_status_at_24_months(name, follow_up, status):
    """24 months end on day 730; unknown is never alive."""
    assert endpoints(follow_up)[0]["OS", None]["status_24m"] == status


def test_origin_surgery():
    found, _ = endpoints(DEAD, procedures=((30, "primary_resection"), (200, "metastasectomy")), origin="surgery")
    assert found["OS", None]["origin_day"] == 30
    found, excluded = endpoints(DEAD, origin="surgery")
    assert ("OS", None) not in found
    assert "no primary resection" in excluded["reason"][0]


def test_delayed_entry_is_carried_along():
    """Risk set (entry, exit]: entry is counted as exit is, 0 from the origin on."""
    found, _ = endpoints({**DEAD, "entry_day": 100}, treatments=((0, "a"), (150, "b")))
    assert found["OS", None]["entry_days"] == 101
    assert found["OS", 2]["entry_days"] == 0
    found, excluded = endpoints({**DEAD, "entry_day": 100}, visits=((56, "PD"),))
    assert ("PFS", 1) not in found
    assert excluded.filter(pl.col("endpoint") == "PFS")["reason"][0].startswith("ended on day 56, not after entry")


@pytest.mark.parametrize("first_day", [True, False])
def test_dying_on_the_day_of_entry_is_never_at_risk(first_day):
    """lifelines #1604: (400, 400] is empty, whether the first day counts or not; entry on day 0 is no late entry."""
    found, excluded = endpoints({**DEAD, "entry_day": 400}, count_first_day=first_day)
    assert ("OS", None) not in found
    assert "not after entry on day 400" in excluded["reason"][0]
    found, _ = endpoints({**DEAD, "entry_day": 0}, count_first_day=first_day)
    assert found["OS", None]["entry_days"] == 0


@pytest.mark.parametrize("first_day", [True, False])
def test_a_death_on_day_730_has_happened_by_24_months(first_day):
    """therneau/survival #273: an event at the landmark lies in the interval that ends there."""
    for day, status in ((730, "dead"), (731, "alive")):
        found, _ = endpoints({"last_contact_day": day, "is_dead": True, "death_day": day}, count_first_day=first_day)
        assert found["OS", None]["status_24m"] == status


CONTRADICTIONS = [
    ("metastasis after the last day free", {"recurrence_free_day": 300}, 350, (351, True, "recurrence")),
    ("metastasis before the recurrence", {"recurrence_day": 380}, 350, (351, True, "recurrence")),
    ("metastasis after the recurrence", {"recurrence_day": 200}, 350, (201, True, "recurrence")),
    ("metastasis of day 0, resected", {"recurrence_day": 200}, 0, (201, True, "recurrence")),
]


@pytest.mark.parametrize(("name", "days", "found_day", "expected"), CONTRADICTIONS, ids=[c[0] for c in CONTRADICTIONS])
def test_the_first_disease_found_is_the_recurrence(name, days, found_day, expected):
    """What was seen outweighs what was not: the first was silently 'known free of recurrence' before."""
    found, _ = endpoints({**ALIVE, **days}, lesions=(("L1", "metastasis", found_day),))
    assert short(found["DFS", None]) == expected
    before = found["DFS", None]["last_negative_day"]
    assert before is None or before <= found["DFS", None]["first_positive_day"]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("cancer", (401, True, "death")),
        ("other", (401, False, "death of another cause")),
        ("unknown", None),
        (None, None),
    ],
)
def test_cancer_specific_survival(cause, expected):
    """DATECAN: death of the same cancer; another cause competes; one that is not known is told neither way."""
    rows = [
        {"patient_id": "P", **DEAD, "cause_of_death": cause},
        {"patient_id": "Q", **DEAD, "cause_of_death": "other"},
    ]
    data = EndpointTables(
        patients=table("patients", {"patient_id": "P"}, {"patient_id": "Q"}),
        follow_up=table("follow_up", *rows),
        procedures=table("procedures"),
        lesions=table("lesions"),
        lines=lines_table(table("treatments")),
        psa=pl.DataFrame(),
        visits=pl.DataFrame(),
        bone=pl.DataFrame(),
        best=pl.DataFrame(),
    )
    found, excluded = endpoint_table(data)
    mine = found.filter((pl.col("endpoint") == "CSS") & (pl.col("patient_id") == "P")).rows(named=True)
    if expected is None:
        assert mine == []
        assert excluded.filter(pl.col("endpoint") == "CSS")["reason"].to_list() == ["the cause of death is not known"]
    else:
        assert short(mine[0]) == expected and mine[0]["is_competing"] is (cause == "other")


SWITCHES = [((0, "a"),), ((0, "a"), (100, "b")), ((0, "a"), (168, "b")), ((0, "a"), (100, "b"), (200, "c"))]


@pytest.mark.parametrize("treatments", SWITCHES, ids=["none", "before", "on the day", "two"])
@pytest.mark.parametrize(("confirm", "late"), [(True, False), (False, True)])
def test_the_same_values_give_the_same_day_whatever_was_switched(treatments, confirm, late):
    """A line is judged by its own baseline and nadir: PSA 100, 10, then 30 on day 168, confirmed on 224; a scan with PD
    on
    168. Where a confirmation under a later line does not count, the rise is no event of a line that ended before it."""
    found, _ = endpoints(
        ALIVE,
        treatments=treatments,
        visits=((56, "SD"), (168, "PD")),
        psa=((0, 100), (56, 10), (168, 30), (224, 40)),
        bone=((56, 0, 0), (168, 3, 0), (224, 0, 3)),
        confirm_after_switch=confirm,
    )
    assert short(found["PFS", 1]) == (169, True, "progression (RECIST)")
    assert found["rPFS", 1]["time_days"] == 169
    switched = len(treatments) > 1
    assert found["TTPP", 1]["is_event"] is not (late and switched)
    if not (late and switched):
        assert found["TTPP", 1]["time_days"] == 169


def test_a_scan_on_the_day_the_next_line_starts_is_an_event_of_the_old_line():
    """The progression for which therapy is switched is seen before the first new dose: censored at 56 under fda
    before."""
    for censoring in ("ema", "fda"):
        found, _ = endpoints(
            ALIVE, treatments=((0, "a"), (112, "b")), visits=((56, "SD"), (112, "PD")), censoring=censoring
        )
        assert short(found["PFS", 1]) == (113, True, "progression (RECIST)")


PFS = [
    # (name, visits, follow-up, treatments, settings, expected)
    ("progression", [(56, "SD"), (112, "PD")], ALIVE, ((0, "a"),), {}, (113, True, "progression (RECIST)")),
    ("death without progression", [(56, "SD")], DEAD, ((0, "a"),), {}, (401, True, "death")),
    ("the first of both", [(56, "SD"), (112, "PD")], DEAD, ((0, "a"),), {}, (113, True, "progression (RECIST)")),
    (
        "censored at the last adequate assessment",
        [(56, "SD"), (112, "PR"), (168, "NE")],
        ALIVE,
        ((0, "a"),),
        {},
        (113, False, "last adequate assessment"),
    ),
    ("no assessment: day 1", [], ALIVE, ((0, "a"),), {"clinical_progression": False}, None),
    ("only NE: day 1", [(56, "NE")], ALIVE, ((0, "a"),), {}, (1, False, "no evaluable assessment after the origin")),
    (
        "a later CR does not undo it",
        [(56, "PD"), (112, "CR")],
        ALIVE,
        ((0, "a"),),
        {},
        (57, True, "progression (RECIST)"),
    ),
    # EMA appendix 1: treatment policy - new therapy does not censor
    (
        "ema: progression on the next line",
        [(56, "SD"), (250, "PD")],
        ALIVE,
        ((0, "a"), (150, "b")),
        {},
        (251, True, "progression (RECIST)"),
    ),
    ("ema: death after new therapy", [(56, "SD")], DEAD, ((0, "a"), (150, "b")), {}, (401, True, "death")),
    # FDA table A: new anticancer therapy before progression -> last adequate assessment before it
    (
        "fda: new therapy censors",
        [(56, "SD"), (250, "PD")],
        ALIVE,
        ((0, "a"), (150, "b")),
        {"censoring": "fda"},
        (57, False, "new anticancer therapy: last adequate assessment before it"),
    ),
    (
        "fda: death after new therapy",
        [(56, "SD")],
        DEAD,
        ((0, "a"), (150, "b")),
        {"censoring": "fda"},
        (57, False, "new anticancer therapy: last adequate assessment before it"),
    ),
    (
        "fda: progression on the line",
        [(56, "SD"), (112, "PD")],
        ALIVE,
        ((0, "a"), (150, "b")),
        {"censoring": "fda"},
        (113, True, "progression (RECIST)"),
    ),
    # FDA table A: death or progression after two or more missed visits -> last adequate assessment before them
    (
        "fda: two missed visits",
        [(56, "SD"), (183, "PD")],
        ALIVE,
        ((0, "a"),),
        {"censoring": "fda", "scan_interval_days": 56},
        (57, False, "2 missed visits or more before progression (RECIST)"),
    ),
    (
        "fda: within two intervals and their windows",
        [(56, "SD"), (182, "PD")],
        ALIVE,
        ((0, "a"),),
        {"censoring": "fda", "scan_interval_days": 56},
        (183, True, "progression (RECIST)"),
    ),
    (
        "fda: without a planned interval the rule is off",
        [(56, "SD"), (390, "PD")],
        ALIVE,
        ((0, "a"),),
        {"censoring": "fda"},
        (391, True, "progression (RECIST)"),
    ),
    (
        "fda: death long after the last visit",
        [(56, "SD")],
        DEAD,
        ((0, "a"),),
        {"censoring": "fda", "scan_interval_days": 56},
        (57, False, "2 missed visits or more before death"),
    ),
    (
        "fda: three visits may be missed",
        [(56, "SD"), (183, "PD")],
        ALIVE,
        ((0, "a"),),
        {"censoring": "fda", "scan_interval_days": 56, "missed_visits": 3},
        (184, True, "progression (RECIST)"),
    ),
    (
        "ema: missed visits do not matter",
        [(56, "SD"), (390, "PD")],
        ALIVE,
        ((0, "a"),),
        {"scan_interval_days": 56},
        (391, True, "progression (RECIST)"),
    ),
    # FDA table C: investigator's claim
    (
        "a reported progression beside scans is no event",
        [(56, "SD")],
        {**ALIVE, "progression_day": 90},
        ((0, "a"),),
        {},
        (57, False, "last adequate assessment"),
    ),
    (
        "unless asked for",
        [(56, "SD")],
        {**ALIVE, "progression_day": 90},
        ((0, "a"),),
        {"clinical_progression": True},
        (91, True, "reported progression"),
    ),
    (
        "where nobody was scanned the reported day is used",
        [],
        {**ALIVE, "progression_day": 90},
        ((0, "a"),),
        {},
        (91, True, "reported progression"),
    ),
]


@pytest.mark.parametrize(
    ("name", "visits", "follow_up", "treatments", "options", "expected"), PFS, ids=[c[0] for c in PFS]
)
def test_progression_free_survival(name, visits, follow_up, treatments, options, expected):
    found, _ = endpoints(follow_up, treatments=treatments, visits=visits, **options)
    if expected is None:
        assert ("PFS", 1) not in found
    else:
        assert short(found["PFS", 1]) == expected


def test_time_to_progression_takes_death_as_competing():
    """TTP censors death (competing event kept apart)."""
    found, _ = endpoints(DEAD, visits=((56, "SD"),))
    assert short(found["TTP", 1]) == (401, False, "death")
    assert found["TTP", 1]["is_competing"] is True
    assert found["PFS", 1]["is_competing"] is False


def test_the_interval_of_a_progression_is_kept():
    """Interval censoring: last negative and first positive assessment."""
    found, _ = endpoints(ALIVE, visits=((56, "SD"), (112, "NE"), (168, "PD")))
    assert (found["PFS", 1]["last_negative_day"], found["PFS", 1]["first_positive_day"]) == (56, 168)
    found, _ = endpoints(ALIVE, visits=((56, "PD"),))
    assert (found["PFS", 1]["last_negative_day"], found["PFS", 1]["first_positive_day"]) == (0, 56)


def test_radiographic_progression_counts_bone():
    """PCWG3: first of soft tissue, confirmed bone progression (dated to its first scan), death."""
    found, _ = endpoints(ALIVE, visits=((56, "SD"), (112, "SD"), (200, "PD")), bone=((60, 2, None), (120, 2, None)))
    assert short(found["rPFS", 1]) == (61, True, "progression (bone, 2+2)")
    assert short(found["PFS", 1]) == (201, True, "progression (RECIST)")
    found, _ = endpoints(ALIVE, visits=((56, "SD"),), bone=((60, 2, None), (120, 0, None)))
    assert short(found["rPFS", 1]) == (121, False, "last adequate assessment")


def test_progression_that_the_source_records_without_a_scan_is_not_radiographic():
    """A portal's PFS was "radiographic (PCWG3: soft tissue, bone or death)": nobody had been scanned."""
    facts = {**ALIVE, "progression_day": 200}
    found, _ = endpoints(facts, treatments=((0, "a"), (150, "b")))
    assert short(found["PFS", 1]) == (201, True, "reported progression")
    assert ("rPFS", 1) not in found
    assert short(found["PFS2", 1]) == (201, True, "next line: reported progression")
    scanned, _ = endpoints(facts, visits=((60, "SD"),))
    assert ("rPFS", 1) in scanned


def test_psa_progression_free_survival_and_ttpp():
    """PSA-PFS = PSA progression or death; TTPP takes death as competing; censored at the last PSA."""
    rising = ((0, 50), (28, 10), (60, 15), (90, 20))
    found, _ = endpoints(DEAD, psa=rising)
    assert short(found["PSA_PFS", 1]) == (61, True, "PSA progression")
    assert found["PSA_PFS", 1]["source_table"] == "labs"
    assert found["PSA_PFS", 1]["source_row"] == 4
    falling = ((0, 50), (28, 10), (60, 8))
    found, _ = endpoints(DEAD, psa=falling)
    assert short(found["PSA_PFS", 1]) == (401, True, "death")
    assert (found["TTPP", 1]["is_event"], found["TTPP", 1]["is_competing"]) == (False, True)
    found, _ = endpoints(ALIVE, psa=falling)
    assert short(found["TTPP", 1]) == (61, False, "last PSA")
    found, _ = endpoints(ALIVE, psa=((0, 50), (28, 10), (60, 15)))
    assert short(found["TTPP", 1]) == (61, False, "last PSA")  # unconfirmed


def test_a_line_without_psa_is_listed():
    _, excluded = endpoints(ALIVE, treatments=((0, "a"),), psa=((30, 5),), visits=())
    assert excluded.is_empty()
    _, excluded = endpoints(ALIVE, treatments=((200, "a"), (300, "b")), psa=((250, 5),))
    assert excluded.is_empty()  # line 2 has a baseline: last PSA before it
    found, excluded = endpoints(ALIVE, treatments=((10, "a"), (300, "b")), psa=((350, 5),))
    assert ("TTPP", 1) not in found
    assert set(excluded["endpoint"]) == {"PSA_PFS", "TTPP"}


def test_time_to_next_treatment():
    found, _ = endpoints(DEAD, treatments=((0, "a"), (150, "b")))
    assert short(found["TTNT", 1]) == (151, True, "next line")
    assert found["TTNT", 1]["source_row"] == 3
    assert short(found["TTNT", 2]) == (251, False, "death")
    assert found["TTNT", 2]["is_competing"] is True
    assert short(found["TTNTD", 2]) == (251, True, "death")


def test_recurrence_endpoints():
    """DFS and RFS: recurrence or death; TTR: death competes; censored at the last day known free."""
    found, _ = endpoints({**DEAD, "recurrence_day": 200})
    assert short(found["DFS", None]) == (201, True, "recurrence")
    found, _ = endpoints({**DEAD, "recurrence_free_day": 390})
    assert short(found["DFS", None]) == (401, True, "death")
    assert found["TTR", None]["is_competing"] is True
    found, _ = endpoints({**ALIVE, "recurrence_free_day": 350})
    assert short(found["DFS", None]) == (351, False, "known free of recurrence")
    assert found["DFS", None]["last_negative_day"] == 350


def test_who_died_on_an_unknown_day_has_the_time_to_recurrence_that_was_seen():
    """A day free of recurrence, or the recurrence itself, needs no death (without either: test_recurrence)."""
    undated = {"last_contact_day": 400, "is_dead": True, "death_earliest_day": 380, "cause_of_death": "cancer"}
    free, _ = endpoints({**undated, "recurrence_free_day": 350})
    assert short(free["TTR", None]) == (351, False, "known free of recurrence")
    back, _ = endpoints({**undated, "recurrence_day": 200})
    assert short(back["TTR", None]) == (201, True, "recurrence")


def test_a_metastasis_found_later_is_a_recurrence_where_none_is_recorded():
    found, _ = endpoints(DEAD, lesions=(("L0", "primary", 0), ("L1", "metastasis", 250)))
    assert short(found["DFS", None]) == (251, True, "recurrence")
    assert (found["DFS", None]["source_table"], found["DFS", None]["source_row"]) == ("lesions", 3)


def test_disease_present_at_the_origin_is_never_disease_free():
    found, excluded = endpoints(
        {**DEAD, "recurrence_day": 20}, procedures=((30, "primary_resection"),), origin="surgery"
    )
    assert ("DFS", None) not in found
    assert set(excluded["endpoint"]) == {"DFS", "RFS", "TTR"}


def test_no_recurrence_endpoints_without_recurrence_data():
    assert ("DFS", None) not in endpoints(DEAD)[0]


def test_duration_of_response_is_a_record():
    found, _ = endpoints(ALIVE, visits=((56, "PR"), (112, "PR"), (168, "PD")))
    assert short(found["DOR", 1]) == (113, True, "progression")
    assert found["DOR", 1]["origin_day"] == 56


def test_a_line_nobody_saw_is_listed():
    found, excluded = endpoints({"last_contact_day": 100, "is_dead": False}, treatments=((0, "a"), (150, "b")))
    assert ("OS", 2) not in found
    assert excluded["reason"].to_list() == ["last contact (day 100) before the line"]


def test_an_event_before_its_origin_is_an_error_that_names_the_row():
    origin = pl.DataFrame({"patient_id": ["P"], "line": [1], "origin_day": [50]})
    event = pl.DataFrame([("P", 1, 40, "death", "follow_up", 7, False)], schema=RECORD, orient="row")
    with pytest.raises(InputError, match=r"follow_up, row 7 \(P\): death on day 40 is before the origin, day 50"):
        time_to_event(origin, [event], [])


def test_a_competing_event_of_the_same_day_comes_second():
    origin = pl.DataFrame({"patient_id": ["P"], "line": [1], "origin_day": [0]})
    frame = pl.DataFrame({"patient_id": ["P"], "line": [1], "d": [40]})
    death = records(frame, day="d", reason="death", source_table="f", source_row=pl.lit(2), is_competing=True)
    progression = records(frame, day="d", reason="progression", source_table="a", source_row=pl.lit(9))
    found = time_to_event(origin, [death, progression], []).row(0, named=True)
    assert (found["event_or_reason"], found["is_event"]) == ("progression", True)


def test_a_study_without_psa_leaves_nobody_out_of_psa_endpoints():
    """CEA alone makes no PSA endpoint, and no list of people without one."""
    cea = table("labs", {"patient_id": "P", "day": 10, "analyte": "CEA", "value": "3", "unit": "ng/mL"})
    lines = lines_table(table("treatments", {"patient_id": "P", "start_day": 0, "drugs": "a"}))
    none = recist_visits(table("target_lesions"), table("assessments"), lines)
    data = EndpointTables(
        patients=table("patients", {"patient_id": "P"}),
        follow_up=table("follow_up", {"patient_id": "P", **ALIVE}),
        procedures=table("procedures"),
        lesions=table("lesions"),
        lines=lines,
        psa=psa_table(cea, lines),
        visits=none,
        bone=pl.DataFrame(schema=BONE_SCHEMA),
        best=best_response(none, lines),
    )
    found, excluded = endpoint_table(data)
    assert not found["endpoint"].is_in(["PSA_PFS", "TTPP"]).any()
    assert excluded.is_empty()
