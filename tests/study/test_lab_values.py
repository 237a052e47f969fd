"""Laboratory values as people write them; what is not plausible in its unit is told."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.clinical.psa_values import psa_values
from oncourse.study.analytes import lab_values
from oncourse.study.config import StudyConfig
from oncourse.study.lab_values import nearest_analyte, tidy_labs, tidy_values
from oncourse.study.validate import validate


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("> 1000", ">1000", None),
        ("＜0.01", "<0.01", None),
        ("<=0.01", "<0.01", None),
        ("6.1 ng/mL", "6.1", "ng/mL"),
        ("0.5mg/L", "0.5", "mg/L"),
        ("1,234.5", "1234.5", None),
        ("12", "12", None),
        ("not done", None, None),
        ("未检出", "below detection", None),
        ("undetectable", "below detection", None),
        ("1 200", "1200", None),
        ("5.0↑", "5.0", None),
        ("3.4 H", "3.4", None),
        ("3.4(L)", "3.4", None),
        ("未查", None, None),
        ("溶血", None, None),
    ],
)
def test_one_spelling(text, value, unit):
    assert tidy_values(pl.Series([text])).rows() == [(value, unit)]


def test_a_comma_that_can_be_either_is_never_guessed():
    """A column with 12.3 and 1.234,5 read 1,234 as 1.234: a fall from 1234 to 500 was a rise of 40,000 %."""
    column = ["1,234", "12.3 ng/mL", "1.234,5", "500"]
    assert tidy_values(pl.Series(column))["value"].to_list() == ["1,234", "12.3", "1234.5", "500"]


def test_decimal_commas_of_a_laboratory():
    assert tidy_values(pl.Series(["12,5", "<0,01", "6"]))["value"].to_list() == ["12.5", "<0.01", "6"]


def test_names_of_one_analyte():
    names = ["tPSA", "总PSA", "PSA, total", "前列腺特异性抗原", "2857-1", "fPSA", "癌胚抗原"]
    labs = tidy_labs(pl.DataFrame({"analyte": names, "value": ["1"] * 7}))
    assert labs["analyte"].to_list() == ["PSA"] * 5 + ["free PSA", "CEA"]
    assert [nearest_analyte(n) for n in ("PSA", "total-psa", "sodium")] == [None, "PSA", None]


def checked(*labs):
    people = pl.DataFrame({"patient_id": ["P"]})
    samples = pl.DataFrame({"sample_id": ["S"], "patient_id": ["P"], "material": ["tissue"]})
    calls = pl.DataFrame({"sample_id": ["S"], "variant_id": ["12:25245350:C:T"]})
    rows = pl.DataFrame(
        [("P", str(d), a, v, u) for d, a, v, u in labs],
        schema=["patient_id", "day", "analyte", "value", "unit"],
        orient="row",
    )
    return validate({"patients": people, "samples": samples, "calls": calls, "labs": rows}, StudyConfig())


def test_a_value_above_the_range_is_a_bound():
    """PSA >1000 refused the study; now it is at least 1000, and said."""
    tables, problems = checked((0, "PSA", ">1000", "ng/mL"), (28, "PSA", "450", "ng/mL"), (56, "PSA", "ND", "ng/mL"))
    assert not [p for p in problems if p.severity == "error"]
    assert {p.value for p in problems if p.column == "value"} == {">1000", "below detection"}
    assert psa_values(tables["labs"])[0]["value_ng_ml"].to_list() == [1000.0, 450.0]


def test_a_unit_that_makes_it_implausible_is_told():
    """100 mg/L of PSA are 100,000 ng/mL: nobody has that; the number was in another unit."""
    _, problems = checked((0, "PSA", "100", "mg/L"), (1, "CEA", "5", "mg/L"), (2, "CEA", "50", "mg/L"))
    assert [(p.value, p.severity) for p in problems if "plausible" in p.message] == [
        ("100", "warning"),
        ("50", "warning"),
    ]


def test_every_analyte_is_read_as_strictly_as_psa():
    """A CEA of 阴性, an LDH of -5 and a haemoglobin of 1300 g/L passed without a word."""
    _, problems = checked(
        (0, "CEA", "阴性", "ng/mL"),
        (1, "CEA", "5", "mmol"),
        (2, "LDH", "-5", "U/L"),
        (3, "Hb", "1300", "g/L"),
        (4, "LDH", "high", "U/L"),
        (5, "CEA", "1,234", "ng/mL"),
        (6, "CEA", None, None),
    )
    told = {(p.value, p.severity) for p in problems if p.table == "labs"}
    assert told == {
        ("阴性", "error"),
        ("mmol", "error"),
        ("-5", "warning"),
        ("1300", "warning"),
        ("high", "warning"),
        ("1,234", "error"),
        (None, "warning"),
    }


def test_one_unit_per_analyte():
    """13 g/dL and 130 g/L of haemoglobin are one value; a negative or unread one is none."""
    labs = pl.DataFrame(
        {
            "patient_id": ["P"] * 4,
            "day": [0, 1, 2, 3],
            "analyte": ["Hb"] * 4,
            "value": ["13", "130", "-5", "high"],
            "unit": ["g/dL", "g/L", "g/L", "g/L"],
        }
    )
    labs = tidy_labs(labs)
    assert lab_values(labs, "hemoglobin")["value"].to_list() == [130.0, 130.0]
