"""Lines of therapy from treatments, hand-worked."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.clinical.lines import LineParams, lines_table
from oncourse.study.tables import TABLES


def table(name, *rows):
    return pl.DataFrame(list(rows), schema=TABLES[name].schema)


LINES = [
    # Hess et al. 2021: drugs of the first 28 days are one line; a new drug later, or 90 days without, start another
    ("recorded lines are kept", [("a", 0, 1, None, None), ("b", 90, 2, None, None)], [(1, "a"), (2, "b")]),
    ("combination within 28 days", [("a", 0, None, None, None), ("b", 28, None, None, None)], [(1, "a;b")]),
    # OHDSI/Atlas PR 2398: within the window, but stopped before the other: a switch for toxicity is no combination
    ("switch within 28 days", [("a", 0, None, 10, None), ("b", 17, None, None, None)], [(1, "a"), (2, "b")]),
    # issue 14, 3: two drugs are a combination only while both are given; stop and start on one day was "a;b"
    ("a switch on one day", [("a", 0, None, 17, None), ("b", 17, None, None, None)], [(1, "a"), (2, "b")]),
    # Morris, J Clin Oncol 2023;41:3352: one ARPI is given at a time; without a stop both were an arm "a;b"
    (
        "a second drug of its class takes the place of the first",
        [("abiraterone", 0, None, None, None), ("Xtandi", 14, None, None, None)],
        [(1, "abiraterone"), (2, "enzalutamide")],
    ),
    (
        "both from one day are a combination",
        [("abiraterone", 0, None, None, None), ("Xtandi", 0, None, None, None)],
        [(1, "abiraterone;enzalutamide")],
    ),
    (
        "the first recorded to go on is one, too",
        [("abiraterone", 0, 1, 200, None), ("Xtandi", 14, 1, 300, None)],
        [(1, "abiraterone;enzalutamide")],
    ),
    (
        "panitumumab for cetuximab while FOLFOX goes on",
        [("FOLFOX", 0, None, None, None), ("Erbitux", 0, None, None, None), ("Vectibix", 14, None, None, None)],
        [(1, "cetuximab;fluorouracil;folinic acid;oxaliplatin")],
    ),
    (
        "the same in one row",
        [("FOLFOX + Erbitux", 0, None, 10, None), ("FOLFOX + Vectibix", 14, None, None, None)],
        [(1, "cetuximab;fluorouracil;folinic acid;oxaliplatin")],
    ),
    (
        "irinotecan takes the place of no oxaliplatin",
        [("FOLFOX", 0, None, 14, None), ("FOLFIRI", 21, None, None, None)],
        [(1, "fluorouracil;folinic acid;oxaliplatin"), (2, "fluorouracil;folinic acid;irinotecan")],
    ),
    # maintenance and intolerance: Cervantes, Ann Oncol 2023;34:10; Simkens, Lancet 2015;385:1843 (CAIRO3)
    (
        "capecitabine goes on for 5-FU, and FOLFOX is given again",
        [
            ("FOLFOX + Avastin", 0, None, 120, None),
            ("capecitabine; bevacizumab", 121, None, 300, None),
            ("FOLFOX", 310, None, 400, None),
        ],
        [(1, "bevacizumab;fluorouracil;folinic acid;oxaliplatin")],
    ),
    (
        "exchange in the first four weeks makes no third regimen",
        [("CAPOX", 0, None, 13, None), ("FOLFOX", 14, None, 200, None)],
        [(1, "capecitabine;folinic acid;oxaliplatin")],
    ),
    (
        "what is added to the exchanged drug is a line, named by what is given",
        [
            ("FOLFOX", 0, None, 60, None),
            ("capecitabine", 61, None, 300, None),
            ("bevacizumab", 120, None, 300, None),
        ],
        [(1, "fluorouracil;folinic acid;oxaliplatin"), (2, "bevacizumab;capecitabine")],
    ),
    (
        "trifluridine/tipiracil stands for nothing",
        [("capecitabine", 0, None, 60, None), ("TAS-102", 80, None, 200, None)],
        [(1, "capecitabine"), (2, "trifluridine/tipiracil")],
    ),
    (
        "a recorded line is named without what was exchanged",
        [("XELOX", 0, 1, 60, None), ("5-FU", 61, 1, 200, None)],
        [(1, "capecitabine;oxaliplatin")],
    ),
    (
        "one of two stopped, a third added",
        [("a;c", 0, None, 10, None), ("c", 10, None, None, None), ("b", 17, None, None, None)],
        [(1, "a;b;c")],
    ),
    (
        "cycles of a day, one drug more in the second",
        [("a", 0, None, 0, None), ("a", 14, None, 14, None), ("b", 14, None, 14, None)],
        [(1, "a;b")],
    ),
    (
        "castration goes on under the switch",
        [
            ("leuprolide", 0, None, None, None),
            ("abiraterone", 5, None, 10, None),
            ("enzalutamide", 17, None, None, None),
        ],
        [(1, "abiraterone;leuprolide"), (2, "enzalutamide")],
    ),
    ("a drug on day 29 starts a line", [("a", 0, None, None, None), ("b", 29, None, None, None)], [(1, "a"), (2, "b")]),
    # issue 14, 3: a drug added while the other goes on is a combination; "bevacizumab" was an arm of its own
    (
        "added while the other is known to go on",
        [("a", 0, None, 200, None), ("b", 60, None, 200, None)],
        [(1, "a"), (2, "a;b")],
    ),
    (
        "added while two go on and one has stopped",
        [("a;c", 0, None, 200, None), ("d", 0, None, 50, None), ("b", 60, None, 200, None)],
        [(1, "a;c;d"), (2, "a;b;c")],
    ),
    (
        "an overlap of four weeks is a combination",
        [("a", 0, None, 88, None), ("b", 60, None, 200, None)],
        [(1, "a"), (2, "a;b")],
    ),
    ("a shorter one is a switch", [("a", 0, None, 87, None), ("b", 60, None, 200, None)], [(1, "a"), (2, "b")]),
    (
        "a stop that is not known is no overlap",
        [("a", 0, None, None, None), ("b", 60, None, 200, None)],
        [(1, "a"), (2, "b")],
    ),
    (
        "what went on and is given again starts no line",
        [("a", 0, None, 200, None), ("b", 60, None, 300, None), ("a", 201, None, 300, None)],
        [(1, "a"), (2, "a;b")],
    ),
    ("dropping a drug starts none", [("a;b", 0, None, 60, None), ("a", 61, None, None, None)], [(1, "a;b")]),
    ("restart within 90 days", [("a", 0, None, 60, None), ("a", 150, None, None, None)], [(1, "a")]),
    ("restart after more", [("a", 0, None, 60, None), ("a", 151, None, None, None)], [(1, "a"), (2, "a")]),
    # a hospital's 治疗阶段 holds 辅助 and 一线: the adjuvant row was line 1 as well, and both were one line
    ("another setting", [("a", 0, None, 60, "mCSPC"), ("a", 70, None, None, "mCRPC")], [(0, "a"), (1, "a")]),
    ("the same setting again", [("a", 0, None, 30, "mCRPC"), ("a", 40, None, None, "mCRPC")], [(1, "a")]),
    ("a setting told later", [("a", 0, None, 30, None), ("a", 40, None, None, "mCRPC")], [(1, "a")]),
    ("a setting told at first alone", [("a", 0, None, 30, "mCRPC"), ("a", 40, None, None, None)], [(1, "a")]),
    ("adjuvant before a first line", [("a", 0, None, 60, "adjuvant"), ("b", 700, 1, None, None)], [(0, "a"), (1, "b")]),
    # what came before it, of no setting, was line 1, and the adjuvant treatment behind it line 0
    (
        "of no setting before adjuvant",
        [("a", 0, None, 60, None), ("b", 90, None, 300, "adjuvant"), ("c", 700, None, None, "metastatic")],
        [(0, "a;b"), (1, "c")],
    ),
    (
        "of no setting between advanced disease and adjuvant",
        [("a", 0, None, 60, "metastatic"), ("b", 90, None, 120, None), ("c", 150, None, 300, "adjuvant")],
        [(1, "a"), (2, "b"), (0, "c")],
    ),
    (
        "adjuvant alone is line 1",
        [("a", 0, None, 60, "adjuvant"), ("b", 70, None, 90, "adjuvant")],
        [(1, "a"), (2, "b")],
    ),
    ("no number twice", [("a", 0, None, 60, None), ("b", 700, 1, None, None)], [(0, "a"), (1, "b")]),
    (
        "one between",
        [("a", 0, 1, 60, None), ("b", 100, None, 200, None), ("c", 300, 2, None, None)],
        [(1, "a;b"), (2, "c")],
    ),
    (
        "supportive drugs start none",
        [("a", 0, None, None, None), ("Denosumab", 60, None, None, None)],
        [(1, "a")],
    ),
    (
        "nor do they name one, in a cell with others or alone; where a number is recorded they do",
        [("abiraterone;prednisone;zoledronic acid", 0, None, 50, None), ("denosumab", 200, 2, None, None)],
        [(1, "abiraterone;prednisone"), (2, "denosumab")],
    ),
    (
        "irradiation of a bone under a drug starts none",
        [("enzalutamide", 0, None, 300, None), ("radiotherapy", 60, None, 74, None)],
        [(1, "enzalutamide;radiotherapy")],
    ),
    (
        "irradiation between two drugs is no line",
        [("Xtandi", 0, None, 60, None), ("EBRT", 70, None, 84, None), ("docetaxel", 90, None, 200, None)],
        [(1, "enzalutamide;radiotherapy"), (2, "docetaxel")],
    ),
    ("irradiation alone is the treatment", [("放疗", 0, None, 40, None)], [(1, "radiotherapy")]),
    (
        "names are generic and sorted, a regimen is its drugs",
        [("Folfox; Avastin", 0, 1, None, None)],
        [(1, "bevacizumab;fluorouracil;folinic acid;oxaliplatin")],
    ),
    (
        "castration beside a drug of the tumour starts none",
        [("enzalutamide", 0, None, None, None), ("Zoladex", 60, None, None, None)],
        [(1, "enzalutamide;goserelin")],
    ),
    (
        "castration weeks before is the background of what is added",
        [("ADT", 0, None, None, None), ("Xtandi", 60, None, None, None)],
        [(1, "castration;enzalutamide")],
    ),
]


@pytest.mark.parametrize(("name", "rows", "expected"), LINES, ids=[c[0] for c in LINES])
def test_lines(name, rows, expected):
    treated = table(
        "treatments",
        *[
            {"patient_id": "P", "drugs": d, "start_day": s, "line": n, "stop_day": e, "setting": w}
            for d, s, n, e, w in rows
        ],
    )
    assert lines_table(treated).select("line", "drugs").rows() == expected


#: Castration by itself beside other drugs: rows as in LINES -> (line, drugs, start, stop).
CASTRATION = [
    (
        "months before, and after the drug has stopped",
        [
            ("诺雷得", -300, None, None, "mCRPC"),
            ("abiraterone", 0, None, 200, "mCRPC"),
            ("LHRHa", 320, None, None, None),
        ],
        [(1, "abiraterone;castration;goserelin", 0, 200)],
    ),
    (
        "injections of a day each",
        [*[("亮丙瑞林", d, None, d, None) for d in (-56, -28, 0, 28, 200, 400)], ("docetaxel", 10, None, 100, None)],
        [(1, "docetaxel;leuprolide", 10, 100)],
    ),
    (
        "stopped long before: nothing is known of what it was given beside",
        [("ADT", -700, None, -300, None), ("enzalutamide", 0, None, None, None)],
        [(1, "castration", -700, -300), (2, "enzalutamide", 0, None)],
    ),
    (
        "castration by surgery never stops",
        [("双侧睾丸切除术", -700, None, -700, None), ("enzalutamide", 0, None, None, None)],
        [(1, "enzalutamide;orchiectomy", 0, None)],
    ),
    (
        "alone in hormone-sensitive disease",
        [("ADT", -700, None, None, "mCSPC"), ("enzalutamide", 0, None, None, "mCRPC")],
        [(0, "castration", -700, None), (1, "enzalutamide", 0, None)],
    ),
    ("nothing else was given", [("ADT", 0, None, 300, None), ("ADT", 500, None, None, None)], None),
    (
        "around surgery years ago, and alone when it came back",
        [("docetaxel", 0, None, 60, "neoadjuvant"), ("ADT", 2000, None, None, None)],
        [(1, "docetaxel", 0, 60), (2, "castration", 2000, None)],
    ),
    (
        "without a number beside drugs that have one",
        [("ADT", -30, None, None, None), ("enzalutamide", 0, 1, 100, None), ("docetaxel", 130, 2, 200, None)],
        [(1, "castration;enzalutamide", 0, 100), (2, "docetaxel", 130, 200)],
    ),
    (
        "a bone agent that goes on does not keep the line open",
        [("enzalutamide", 0, None, 100, None), ("zoledronic acid", 20, None, None, None)],
        [(1, "enzalutamide", 0, 100)],
    ),
]


@pytest.mark.parametrize(("name", "rows", "expected"), CASTRATION, ids=[c[0] for c in CASTRATION])
def test_castration_beside_other_drugs_is_no_line(name, rows, expected):
    """Merseburger 2014 (World J Urol): castration is kept up under every drug of castration-resistant disease. Recorded
    by itself a month before or after, it counted as a line, and first-line treatment was called second-line."""
    treated = table(
        "treatments",
        *[
            {"patient_id": "P", "drugs": d, "start_day": s, "line": n, "stop_day": e, "setting": w}
            for d, s, n, e, w in rows
        ],
    )
    expected = expected or [(1, "castration", 0, 300), (2, "castration", 500, None)]
    assert lines_table(treated).select("line", "drugs", "start_day", "stop_day").rows() == expected


def test_lines_know_the_next_start():
    treated = table(
        "treatments",
        {"patient_id": "P", "drugs": "a", "start_day": 0},
        {"patient_id": "P", "drugs": "b", "start_day": 100, "setting": "mCRPC"},
    )
    found = lines_table(treated, LineParams(combination_days=30))
    assert found["next_start_day"].to_list() == [100, None]
    assert found["is_derived"].to_list() == [True, True]
    assert found["setting_line"].to_list() == [1, 1]


@pytest.mark.parametrize(
    ("reason", "drugs"),
    [
        ("toxicity", ["a", "b"]),
        ("nausea", ["a", "b"]),
        ("not tolerated", ["a", "b"]),
        ("无效", ["a", "b"]),
        ("ongoing", ["a;b"]),
        ("未停药", ["a;b"]),
        (None, ["a;b"]),
    ],
)
def test_a_drug_with_a_reason_of_its_stop_was_stopped(reason, drugs):
    """A switch for toxicity whose day of stop is not recorded was an arm of both drugs."""
    rows = [{"drugs": "a", "start_day": 0, "stop_reason": reason}, {"drugs": "b", "start_day": 17}]
    found = lines_table(table("treatments", *({"patient_id": "P", **row} for row in rows)))
    assert found["drugs"].to_list() == drugs


@pytest.mark.parametrize(
    ("column", "month", "rows", "drugs"),
    [
        ("stop_day", (30, 0, 30), [("a", 4, 30), ("b", 20, 300)], ["a", "b"]),
        ("start_day", (0, 0, 30), [("a", -20, 15), ("b", 0, 300)], ["a", "b"]),
        ("stop_day", (89, 59, 89), [("a", 4, 89), ("b", 20, 300)], ["a;b"]),
        ("stop_day", (None, None, None), [("a", 4, 30), ("b", 20, 300)], ["a;b"]),
    ],
)
def test_a_stop_and_a_start_in_one_month_follow_one_another(column, month, rows, drugs):
    """Issue 14, 3: a combination only while both are given; a stop in January, read as the 31st, made one of a drug that
    began on the 20th."""
    day, earliest, latest = month
    partial = table(
        "partial_dates",
        {
            "patient_id": "P",
            "table": "treatments",
            "column": column,
            "resolution": "month",
            "day": day,
            "earliest_day": earliest,
            "latest_day": latest,
        },
    )
    treated = [{"patient_id": "P", "drugs": d, "start_day": s, "stop_day": e} for d, s, e in rows]
    found = lines_table(table("treatments", *treated), None, partial.drop_nulls("day"))
    assert found["drugs"].to_list() == drugs


@pytest.mark.parametrize(
    ("setting", "stop", "expected"),
    [
        (None, 1223, [(0, "bicalutamide"), (1, "darolutamide")]),
        ("mCSPC", 1223, [(1, "bicalutamide;darolutamide")]),  # the study says both numbers and both settings
        (None, 1300, [(1, "bicalutamide;darolutamide")]),  # given together
        (None, None, [(1, "bicalutamide;darolutamide")]),
    ],
)
def test_a_number_that_advanced_disease_bears_again_is_no_combination(setting, stop, expected):
    """一线内分泌, then mCRPC一线: four years of bicalutamide and the darolutamide after it were one first line."""
    first = {
        "patient_id": "P",
        "drugs": "bicalutamide",
        "start_day": 21,
        "stop_day": stop,
        "line": 1,
        "setting": setting,
    }
    second = {"patient_id": "P", "drugs": "darolutamide", "start_day": 1249, "line": 1, "setting": "mCRPC"}
    found = lines_table(table("treatments", first, second))
    assert found.select("line", "drugs").rows() == expected
