"""Testosterone that is not castrate at the start of a line recorded as mCRPC: nobody said it."""

import polars as pl
import pytest

from oncourse.study.checks_endpoints import endpoint_checks


def _told(value: str, unit: str, day: int = -4, setting: str = "mCRPC", more=()) -> list[str]:
    rows = [(day, value, unit), *more]
    labs = pl.DataFrame(
        [{"patient_id": "P02", "day": d, "analyte": "testosterone", "value": v, "unit": u} for d, v, u in rows]
    )
    lines = pl.DataFrame({"patient_id": ["P02"], "drugs": ["enzalutamide"], "start_day": [0], "setting": [setting]})
    return [p.message for p in endpoint_checks({"labs": labs, "treatments": lines}) if "not castrate" in p.message]


@pytest.mark.parametrize(("value", "unit"), [("3.1", "nmol/L"), ("89", "ng/dL"), ("0.5", "ng/mL"), (">1500", "ng/dL")])
def test_a_level_of_50_and_more_is_named_beside_mcrpc(value, unit):
    (told,) = _told(value, unit)
    assert told.startswith("P02: testosterone of day -4 is") and "the line of day 0 is recorded as mCRPC" in told


@pytest.mark.parametrize(("value", "unit"), [("1.7", "nmol/L"), ("0.3", "ng/mL"), ("49.9", "ng/dL"), ("<50", "ng/dL")])
def test_castrate_levels_say_nothing(value, unit):
    assert _told(value, unit) == []


def test_the_nearest_value_of_the_line_counts_and_other_settings_do_not():
    assert _told("89", "ng/dL", setting="mCSPC") == []
    assert _told("89", "ng/dL", day=-43) == []
    assert len(_told("89", "ng/dL", day=-42)) == 1
    assert _told("400", "ng/dL", day=-40, more=[(-2, "12", "ng/dL")]) == []
