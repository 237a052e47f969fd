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
    ("added on the day of the stop", [("a", 0, None, 17, None), ("b", 17, None, None, None)], [(1, "a;b")]),
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
    ("dropping a drug starts none", [("a;b", 0, None, 60, None), ("a", 61, None, None, None)], [(1, "a;b")]),
    ("restart within 90 days", [("a", 0, None, 60, None), ("a", 150, None, None, None)], [(1, "a")]),
    ("restart after more", [("a", 0, None, 60, None), ("a", 151, None, None, None)], [(1, "a"), (2, "a")]),
    ("another setting", [("a", 0, None, 60, "adjuvant"), ("a", 70, None, None, "metastatic")], [(1, "a"), (2, "a")]),
    (
        "supportive drugs start none",
        [("a", 0, None, None, None), ("Denosumab", 60, None, None, None)],
        [(1, "a;denosumab")],
    ),
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
        "a drug added to castration starts one",
        [("ADT", 0, None, None, None), ("Xtandi", 60, None, None, None)],
        [(1, "castration"), (2, "enzalutamide")],
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
