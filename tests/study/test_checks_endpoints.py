"""Bad input to the endpoints: each broken cell is found, with table, row, column and a cure."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.study.checks_endpoints import endpoint_checks
from oncourse.study.tables import TABLES


def frame(name, *rows):
    return pl.DataFrame([{"patient_id": "P", **r} for r in rows], schema=TABLES[name].schema)


GOOD = {
    "follow_up": [{"last_contact_day": 400, "is_dead": True, "death_day": 400, "recurrence_day": 200}],
    "treatments": [{"drugs": "a", "start_day": 0, "line": 1}, {"drugs": "b", "start_day": 100, "line": 2}],
    "target_lesions": [
        {"day": d, "lesion_id": n, "diameter_mm": s, "is_node": n == "N", "status": "measured"}
        for d, s in ((-5, 20.0), (56, 18.0), (112, 22.0))
        for n in ("A", "N")
    ],
    "assessments": [{"day": d, "method": "ct_mri", "overall": "SD", "new_lesions": "no"} for d in (56, 112)],
    "labs": [{"day": d, "analyte": "PSA", "value": v, "unit": "ng/mL"} for d, v in ((0, "5"), (28, "<0.1"))],
}


def check(**changes):
    tables = {}
    for name, rows in GOOD.items():
        rows = [dict(r) for r in rows]
        for at, cells in changes.get(name, {}).items():
            if at == "add":
                rows += cells
            else:
                rows[at] |= cells
        tables[name] = frame(name, *rows)
    return endpoint_checks(tables)


def test_a_clean_study_has_no_problem():
    assert check() == []


CASES = [
    (
        "diameters in cm",
        {"target_lesions": {0: {"diameter_mm": 2.0}}},
        ("target_lesions", 2, "diameter_mm"),
        "in cm",
        "warning",
    ),
    (
        "one visit in cm",
        {"target_lesions": {4: {"diameter_mm": 2.1}}},
        ("target_lesions", 6, "diameter_mm"),
        "tenth",
        "warning",
    ),
    (
        "0 mm but measured",
        {"target_lesions": {2: {"diameter_mm": 0.0}}},
        ("target_lesions", 4, "diameter_mm"),
        "absent",
        "error",
    ),
    (
        "0 mm without status",
        {"target_lesions": {2: {"diameter_mm": 0.0, "status": None}}},
        ("target_lesions", 4, "diameter_mm"),
        "taken as absent",
        "warning",
    ),
    (
        "absent with a size",
        {"target_lesions": {2: {"status": "absent"}}},
        ("target_lesions", 4, "diameter_mm"),
        "absent",
        "error",
    ),
    (
        "not evaluable with a size",
        {"target_lesions": {2: {"status": "not_evaluable"}}},
        ("target_lesions", 4, "diameter_mm"),
        "not used",
        "warning",
    ),
    (
        "too small with 18 mm",
        {"target_lesions": {2: {"status": "too_small"}}},
        ("target_lesions", 4, "diameter_mm"),
        "too small",
        "warning",
    ),
    (
        "measured without size",
        {"target_lesions": {2: {"diameter_mm": None}}},
        ("target_lesions", 4, "diameter_mm"),
        "no diameter",
        "warning",
    ),
    (
        "diameter without unit",
        {"target_lesions": {2: {"diameter_mm": None, "diameter": 1.8, "status": None}}},
        ("target_lesions", 4, "unit"),
        "no unit",
        "error",
    ),
    (
        "two sizes that disagree",
        {"target_lesions": {2: {"diameter": 1.9, "unit": "cm"}}},
        ("target_lesions", 4, "diameter"),
        "disagrees",
        "error",
    ),
    (
        "merged into nothing",
        {"target_lesions": {2: {"merged_into": "Q"}}},
        ("target_lesions", 4, "merged_into"),
        "no target lesion",
        "error",
    ),
    (
        "node of 12 mm at baseline",
        {"target_lesions": {1: {"diameter_mm": 12.0}}},
        ("target_lesions", 3, "diameter_mm"),
        "short axis",
        "warning",
    ),
    (
        "measured long before the start",
        {"target_lesions": {"add": [{"day": -90, "lesion_id": "A", "diameter_mm": 20.0}]}},
        ("target_lesions", 8, "day"),
        "not a baseline",
        "warning",
    ),
    (
        "two baselines",
        {"target_lesions": {"add": [{"day": -20, "lesion_id": "A", "diameter_mm": 20.0}]}},
        ("target_lesions", 8, "day"),
        "two baselines",
        "warning",
    ),
    (
        "first measured later",
        {"target_lesions": {"add": [{"day": 56, "lesion_id": "Z", "diameter_mm": 20.0}]}},
        ("target_lesions", 8, "lesion_id"),
        "first baseline",
        "warning",
    ),
    (
        "visits out of order",
        {"assessments": {0: {"day": 200}}},
        ("assessments", 3, "day"),
        "out of order",
        "warning",
    ),
    (
        "unknown response",
        {"assessments": {0: {"overall": "better"}}},
        ("assessments", 2, "overall"),
        "no response",
        "warning",
    ),
    (
        "new lesion but SD",
        {"assessments": {0: {"new_lesions": "yes"}}},
        ("assessments", 2, "overall"),
        "that is PD",
        "warning",
    ),
    (
        "bone lesions but none new",
        {"assessments": {0: {"new_bone_lesions": 2}}},
        ("assessments", 2, "new_bone_lesions"),
        "new_lesions is no",
        "warning",
    ),
    ("PSA unit missing", {"labs": {0: {"unit": None}}}, ("labs", 2, "unit"), "no unit", "warning"),
    ("PSA units mixed", {"labs": {0: {"unit": "ug/L"}}}, ("labs", 2, "unit"), "several units", "warning"),
    ("PSA unit unknown", {"labs": {0: {"unit": "IU/mL"}}}, ("labs", 2, "unit"), "no unit of PSA", "error"),
    ("PSA is text", {"labs": {0: {"value": "high"}}}, ("labs", 2, "value"), "not a PSA value", "error"),
    ("PSA negative", {"labs": {0: {"value": "-3"}}}, ("labs", 2, "value"), "below 0", "error"),
    ("PSA of a million", {"labs": {0: {"value": "1000000"}}}, ("labs", 2, "value"), "plausible", "warning"),
    ("two PSA values of one day", {"labs": {1: {"day": 0}}}, ("labs", 2, "value"), "one day", "warning"),
    ("PSA after death", {"labs": {1: {"day": 500}}}, ("labs", 3, "day"), "after death", "warning"),
    (
        "scan after death",
        {"assessments": {1: {"day": 500}}},
        ("assessments", 3, "day"),
        "after death",
        "warning",
    ),
    (
        "recurrence after death",
        {"follow_up": {0: {"recurrence_day": 500}}},
        ("follow_up", 2, "recurrence_day"),
        "after death",
        "warning",
    ),
    (
        "progression after death",
        {"follow_up": {0: {"progression_day": 401}}},
        ("follow_up", 2, "progression_day"),
        "after death",
        "warning",
    ),
    (
        "dead, but alive",
        {"follow_up": {0: {"is_dead": False}}},
        ("follow_up", 2, "death_day"),
        "is_dead is false",
        "error",
    ),
    (
        "dead without a day",
        {"follow_up": {0: {"death_day": None}}},
        ("follow_up", None, "death_day"),
        "no day of death in the table",
        "warning",
    ),
    (
        "contact after death",
        {"follow_up": {0: {"last_contact_day": 450}}},
        ("follow_up", 2, "last_contact_day"),
        "after death",
        "warning",
    ),
    (
        "free after the recurrence",
        {"follow_up": {0: {"recurrence_free_day": 300}}},
        ("follow_up", 2, "recurrence_free_day"),
        "after the recurrence",
        "warning",
    ),
    (
        "recurrence on day 0",
        {"follow_up": {0: {"recurrence_day": 0}}},
        ("follow_up", 2, "recurrence_day"),
        "never free of disease",
        "warning",
    ),
    (
        "entry after the last contact",
        {"follow_up": {0: {"entry_day": 500}}},
        ("follow_up", 2, "entry_day"),
        "never at risk",
        "warning",
    ),
    (
        "treatment after death",
        {"treatments": {1: {"start_day": 500}}},
        ("treatments", 3, "start_day"),
        "after death",
        "error",
    ),
    (
        "stopped before the start",
        {"treatments": {1: {"stop_day": 50}}},
        ("treatments", 3, "stop_day"),
        "before the start",
        "error",
    ),
    (
        "line 2 before line 1",
        {"treatments": {1: {"start_day": -50}}},
        ("treatments", 3, "line"),
        "line before it",
        "warning",
    ),
    (
        "last contact before day 0",
        {"follow_up": {0: {"last_contact_day": -10, "is_dead": False, "death_day": None, "recurrence_day": None}}},
        ("follow_up", 2, "last_contact_day"),
        "before day 0",
        "warning",
    ),
    (
        "measured after the last contact",
        {"follow_up": {0: {"last_contact_day": 100, "is_dead": None, "death_day": None, "recurrence_day": 50}}},
        ("follow_up", 2, "last_contact_day"),
        "target_lesions has a row of day 112",
        "warning",
    ),
    (
        "scanned after a death that is dated by the last contact",
        {"follow_up": {0: {"last_contact_day": 100, "is_dead": True, "death_day": None, "recurrence_day": 50}}},
        ("follow_up", 2, "last_contact_day"),
        "has a row of day 112",
        "warning",
    ),
    (
        "treated for metastases, never recurred",
        {
            "follow_up": {0: {"recurrence_day": None, "recurrence_free_day": 90}},
            "treatments": {1: {"setting": "metastatic"}},
        },
        ("treatments", 3, "start_day"),
        "records no recurrence",
        "warning",
    ),
]


@pytest.mark.parametrize(("name", "changes", "place", "words", "severity"), CASES, ids=[c[0] for c in CASES])
def test_found(name, changes, place, words, severity):
    found = [p for p in check(**changes) if (p.table, p.row, p.column) == place and words in f"{p.message} {p.cure}"]
    assert found, [str(p) for p in check(**changes)]
    assert found[0].severity == severity
    assert found[0].cure
    assert found[0].where


def test_more_than_five_targets_and_more_than_two_in_an_organ():
    """RECIST 1.1 section 4.1."""
    rows = [{"day": 0, "lesion_id": f"T{i}", "diameter_mm": 20.0} for i in range(6)]
    lesions = pl.DataFrame(
        [{"lesion_id": f"T{i}", "patient_id": "P", "role": "metastasis", "site": "liver"} for i in range(3)],
        schema=TABLES["lesions"].schema,
    )
    found = endpoint_checks({"target_lesions": frame("target_lesions", *rows), "lesions": lesions})
    assert [(p.row, p.message) for p in found] == [
        (7, "more than 5 target lesions at baseline."),
        (4, "more than 2 target lesions in one organ at baseline."),
    ]


@pytest.mark.parametrize(
    ("is_node", "mm", "said"),
    [
        (True, 15.0, None),
        (True, 14.9, "a target node has a short axis of at least 15 mm"),
        (False, 10.0, None),
        (False, 9.9, "below 10 mm: not measurable"),
        (None, 10.0, None),
        (True, 0.0, None),
    ],
)
def test_what_can_be_a_target_at_baseline(is_node, mm, said):
    """RECIST 1.1 section 4.1: a tumour of 10 mm and a node of 15 mm can be measured; what is gone is no target."""
    row = {"day": 0, "lesion_id": "T", "diameter_mm": mm, "is_node": is_node, "status": "measured"}
    found = endpoint_checks({"target_lesions": frame("target_lesions", row)})
    small = [p.message for p in found if "at baseline" in p.message]
    assert [said in m for m in small] == ([] if said is None else [True])


def test_one_visit_on_two_days():
    """CT on day 56, the node on day 58: the cure is a setting."""
    moved = {3: {"day": 58}}
    found = [p for p in check(target_lesions=moved) if "imaging.visit_window_days" in p.cure]
    # the lesion of day 58, and the assessment of day 56, which has no word on day 58
    assert sorted((p.table, p.row) for p in found) == [("assessments", 2), ("target_lesions", 5)]


def test_an_assessment_beside_its_scan():
    found = [p for p in check(assessments={1: {"day": 115}}) if "imaging.visit_window_days" in p.cure]
    assert [(p.table, p.row, p.severity) for p in found] == [("assessments", 3, "warning")]


def test_an_autopsy_is_no_sign_of_life():
    """Tissue and markers of the dead may be of any day; a last contact known to the month is asked at its end."""

    def told(tables):
        return [p.message for p in endpoint_checks(tables) if p.column == "last_contact_day"]

    dead = {"last_contact_day": 100, "is_dead": True}
    for table, row in (
        ("samples", {"sample_id": "S", "material": "tissue"}),
        ("markers", {"marker": "x", "value": "1"}),
    ):
        tables = {"follow_up": frame("follow_up", dead), table: frame(table, {"day": 105, **row})}
        assert told(tables) == []
        alive = tables | {"follow_up": frame("follow_up", dead | {"is_dead": False})}
        assert told(alive) == [f"last contact on day 100, but {table} has a row of day 105."]
        month = {"table": "follow_up", "column": "last_contact_day", "earliest_day": 90, "latest_day": 120}
        assert told(alive | {"partial_dates": frame("partial_dates", month | {"resolution": "month"})}) == []


@pytest.mark.parametrize(
    ("kind", "lesion", "sizes", "told"),
    [
        ("metastasectomy", None, (20.0, 0.0), 1),
        ("metastasectomy", "A", (20.0, 0.0), 0),
        ("metastasectomy", None, (20.0, 15.0), 0),
        ("metastasectomy", None, (0.0, 0.0), 0),
        ("biopsy", None, (20.0, 0.0), 0),
    ],
)
def test_an_operation_without_its_lesion_is_asked_for_it(kind, lesion, sizes, told):
    """A target lesion that is gone for the first time after it was taken out, or it was not."""
    rows = [
        {"day": day, "lesion_id": "A", "diameter_mm": mm, "status": "measured" if mm else "absent"}
        for day, mm in zip((-5, 56, 150), (20.0, *sizes), strict=True)
    ]
    tables = {
        "target_lesions": frame("target_lesions", *rows),
        "procedures": frame("procedures", {"day": 100, "kind": kind, "lesion_id": lesion}),
    }
    assert len([p for p in endpoint_checks(tables) if p.table == "procedures"]) == told


def test_no_tables_no_problem():
    assert endpoint_checks({}) == []


@pytest.mark.parametrize(
    ("found", "recurrence", "said"),
    [
        (99, None, ["free of recurrence"]),
        (100, None, ["free of recurrence"]),
        (101, None, ["records no recurrence"]),
        (0, None, []),
        (99, 100, ["before follow_up.recurrence_day"]),
        (100, 100, []),
    ],
)
def test_a_metastasis_is_told_once_beside_the_days_of_recurrence(found, recurrence, said):
    """Free of recurrence until day 100: on each day one thing is said of a metastasis found then, or nothing."""
    told = endpoint_checks(
        {
            "lesions": frame("lesions", {"lesion_id": "M", "role": "metastasis", "found_day": found}),
            "follow_up": frame(
                "follow_up", {"last_contact_day": 400, "recurrence_free_day": 100, "recurrence_day": recurrence}
            ),
        }
    )
    words = [p.message for p in told if p.column == "found_day"]
    assert len(words) == len(said) and all(part in text for part, text in zip(said, words, strict=True)), words


@pytest.mark.parametrize("name", ["day", "_table", "_latest", "_row"])
def test_a_further_column_of_follow_up_may_have_any_name(name):
    """Found by broken inputs: a column `day` beside the ones of ours ended `check` as a fault."""
    follow = frame("follow_up", {"last_contact_day": 100, "is_dead": False}).with_columns(pl.lit("5").alias(name))
    tables = {"follow_up": follow, "markers": frame("markers", {"marker": "x", "value": "1", "day": 105})}
    told = [p.message for p in endpoint_checks(tables) if p.column == "last_contact_day"]
    assert told == ["last contact on day 100, but markers has a row of day 105."]


@pytest.mark.parametrize(
    ("treatment", "recurrence", "said"),
    [
        ({"start_day": 40}, {"recurrence_day": 700}, True),
        ({"start_day": 40}, {"recurrence_free_day": 900}, True),
        ({"start_day": 40, "setting": "adjuvant"}, {"recurrence_day": 700}, False),
        ({"start_day": 40, "line": 0}, {"recurrence_day": 700}, False),
        ({"start_day": 720}, {"recurrence_day": 700}, False),
        ({"start_day": -60}, {"recurrence_day": 700}, False),
        ({"start_day": 40}, {}, False),
    ],
)
def test_treatment_after_the_resection_without_a_setting_is_asked_for_it(treatment, recurrence, said):
    """CAPOX six weeks after the resection was the first line of advanced disease, and nobody said so."""
    told = endpoint_checks(
        {
            "treatments": frame("treatments", {"drugs": "CAPOX"} | treatment),
            "procedures": frame("procedures", {"day": 0, "kind": "primary_resection"}),
            "follow_up": frame("follow_up", {"last_contact_day": 1000, "is_dead": False} | recurrence),
        }
    )
    assert [p.severity for p in told if p.column == "setting"] == ["warning"] * said


@pytest.mark.parametrize(("readers", "told"), [((None, "BICR"), 1), (("A", "BICR"), 0), ((None, None), 0)])
def test_readings_of_one_scan_name_their_reader_or_none_does(readers, told):
    """An unnamed CT beside that of the central reader: the worse of both was the visit, and nobody said so."""
    rows = [{"day": 56, "method": "ct_mri", "non_target": "NONE", "evaluator": reader} for reader in readers]
    found = endpoint_checks({"assessments": frame("assessments", *rows)})
    assert [p.severity for p in found if p.column == "evaluator"] == ["warning"] * told


def test_an_event_after_the_last_contact_is_the_last_sign_of_life():
    """Overall survival ended on day 400 although a recurrence was recorded on day 500, which was told and no more."""
    made = study(
        patients=[{"patient_id": p} for p in "ABC"],
        samples=[],
        calls=[],
        follow_up=[
            {"patient_id": "A", "last_contact_day": 400, "is_dead": False, "recurrence_day": 500, "death_day": None},
            {"patient_id": "B", "last_contact_day": 400, "is_dead": True, "recurrence_day": 500, "death_day": 450},
            {"patient_id": "C", "last_contact_day": 400, "is_dead": False, "recurrence_day": 300, "death_day": None},
        ],
    )
    assert made["follow_up"]["last_contact_day"].to_list() == [500, 400, 400]
    rows = Cohort(made).time_to_event.filter((pl.col("endpoint") == "OS") & pl.col("line").is_null())
    found = {p: (t, e) for p, t, e in rows.select("patient_id", "time_days", "is_event").iter_rows()}
    assert found == {"A": (501, False), "B": (451, True), "C": (401, False)}
    assert sum("after the last contact, which is taken as that day" in str(p) for p in made.warnings) == 1
