"""Clinical rules, worked by hand from the sentences of PCWG3 and RECIST 1.1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from oncourse.verify.registry import Comparison, case

_LINE = {"patient_id": pl.String, "line": pl.Int64, "start_day": pl.Int64, "next_start_day": pl.Int64}
_LESION = {
    "patient_id": pl.String,
    "day": pl.Int64,
    "lesion_id": pl.String,
    "diameter_mm": pl.Float64,
    "diameter": pl.Float64,
    "unit": pl.String,
    "is_node": pl.Boolean,
    "status": pl.String,
    "merged_into": pl.String,
    "evaluator": pl.String,
}

#: (what the case shows, [(day, ng/mL)], status, day of progression); treatment starts on day 0
PSA: Sequence[tuple[str, Sequence[tuple[int, float]], str, int | None]] = (
    ("rise after decline, confirmed", [(0, 100), (28, 20), (56, 26), (84, 27)], "confirmed", 56),
    ("25 % is not enough below 2 ng/mL", [(0, 8), (28, 2), (56, 3.9), (84, 3.9)], "none", None),
    ("2 ng/mL is not enough below 25 %", [(0, 100), (28, 20), (56, 24.99), (84, 24.99)], "none", None),
    ("exactly 25 % and more than 2", [(0, 100), (28, 20), (56, 25), (84, 25)], "confirmed", 56),
    ("decimals: 0.3 to 2.3 is 2.0", [(0, 9), (28, 0.3), (56, 2.3), (84, 2.3)], "confirmed", 56),
    ("a value 20 days later does not confirm", [(0, 100), (28, 20), (56, 30), (76, 30)], "unconfirmed", 56),
    (
        "the reference is the lowest so far",
        [(0, 50), (28, 10), (56, 20), (63, 8), (90, 10), (120, 10)],
        "confirmed",
        90,
    ),
)
#: (what the case shows, {day: {lesion: mm}}, nodes, response per visit after baseline)
RECIST: Sequence[tuple[str, Mapping[int, Mapping[str, float]], Sequence[str], Sequence[str]]] = (
    ("-30 % exactly is a response", {0: {"A": 40, "B": 30}, 56: {"A": 28, "B": 21}}, (), ["PR"]),
    ("-29.9 % is none", {0: {"A": 100}, 56: {"A": 70.1}}, (), ["SD"]),
    ("decimals: 36.7 to 25.69 is -30 %", {0: {"A": 36.7}, 56: {"A": 25.69}}, (), ["PR"]),
    ("+20 % and +5 mm exactly", {0: {"A": 25}, 56: {"A": 30}}, (), ["PD"]),
    ("+20 % but 4.9 mm", {0: {"A": 20}, 56: {"A": 24.9}}, (), ["SD"]),
    ("the reference is the nadir", {0: {"A": 50}, 56: {"A": 20}, 112: {"A": 26}}, (), ["PR", "PD"]),
    ("all gone, the node below 10 mm", {0: {"A": 20, "N": 18}, 56: {"A": 0, "N": 9}}, ("N",), ["CR"]),
    ("the node at 10 mm is no complete response", {0: {"A": 20, "N": 18}, 56: {"A": 0, "N": 10}}, ("N",), ["PR"]),
)


def _line() -> pl.DataFrame:
    row: dict[str, Any] = {"patient_id": "P", "line": 1, "start_day": 0, "next_start_day": None}
    return pl.DataFrame([row], schema=_LINE)


@case(
    requirement="PSA progression is dated and confirmed as PCWG3 says",
    method="PSA endpoints of one line of therapy",
    source="worked by hand from Scher et al., J Clin Oncol 2016;34:1402",
    tests=(
        "tests/derive/test_psa_rules.py",
        "tests/derive/test_psa_reference.py",
    ),
)
def psa_progression() -> Iterator[Comparison]:
    from oncourse.derive.clinical.psa import psa_table

    for what, values, status, day in PSA:
        labs = pl.DataFrame(
            {
                "patient_id": "P",
                "day": [d for d, _ in values],
                "analyte": "PSA",
                "value": [str(v) for _, v in values],
                "unit": "ng/mL",
            }
        ).with_columns(pl.col("day").cast(pl.Int64))
        row = psa_table(labs, _line()).row(0, named=True)
        yield f"{what}: status", status, row["progression_status"]
        yield f"{what}: day", day, row["progression_day"]


@case(
    requirement="Target lesions respond and progress as RECIST 1.1 says",
    method="sum of diameters against baseline and nadir, exact decimals",
    source="worked by hand from Eisenhauer et al., Eur J Cancer 2009;45:228, section 4.3",
    tests=(
        "tests/derive/test_recist_rules.py",
        "tests/derive/test_recist_reference.py",
    ),
)
def recist_target_response() -> Iterator[Comparison]:
    from oncourse.derive.clinical.target_lesions import target_visits

    for what, visits, nodes, expected in RECIST:
        rows = [
            {
                "patient_id": "P",
                "day": day,
                "lesion_id": name,
                "diameter_mm": float(mm),
                "is_node": name in nodes,
            }
            for day, sizes in visits.items()
            for name, mm in sizes.items()
        ]
        found = target_visits(pl.DataFrame(rows, schema=_LESION), _line())
        after = found.filter(pl.col("day") > 0).sort("day")["target"].to_list()
        for k, (one, other) in enumerate(zip(expected, after, strict=True)):
            yield f"{what}: visit {k + 1}", one, other
