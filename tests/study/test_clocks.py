"""Two clocks in one study (cBioPortal datahub PR 1889): follow-up from sequencing, everything else from diagnosis."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.errors import ConfigError
from oncourse.study.clocks import parse_clocks
from oncourse.study.config import config_from_mapping
from oncourse.study.tables import TABLES
from oncourse.study.validate import validate


def tables(shift=0, unit=1.0):
    """Sequenced on days 200 .. 650; dead or seen 150 .. 420 days later. `shift` 1: follow-up counted from
    sequencing."""
    sampled = [200 + 50 * i for i in range(10)]
    lived = [150 + 30 * i for i in range(10)]
    ends = [life if shift else start + life for start, life in zip(sampled, lived, strict=True)]
    ids = [f"P{i}" for i in range(10)]
    return {
        "patients": [{"patient_id": p} for p in ids],
        "samples": [
            {"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "day": d}
            for p, d in zip(ids, sampled, strict=True)
        ],
        "calls": [],
        "follow_up": [
            {"patient_id": p, "last_contact_day": round(e / unit, 4) if unit != 1 else e, "is_dead": i % 2 == 0}
            for i, (p, e) in enumerate(zip(ids, ends, strict=True))
        ],
        "treatments": [
            {"patient_id": p, "drugs": "docetaxel", "start_day": d + 10, "line": 1}
            for p, d in zip(ids, sampled, strict=True)
        ],
    }


def problems(config=None, **kwargs):
    frames = {n: pl.DataFrame(rows) if rows else TABLES[n].empty() for n, rows in tables(**kwargs).items()}
    return validate(frames, config_from_mapping(config or {}))[1]


def test_two_clocks_are_an_error_with_the_cure():
    """Read on one clock they gave a hazard ratio of 1.6e-36 per month of entry, and nobody said so."""
    found = [p for p in problems(shift=1) if "two clocks" in p.message]
    assert len(found) == 1 and found[0].severity == "error"
    assert "10 of 10 patients have samples, treatments after their last contact" in found[0].message
    assert "clocks: {follow_up: sequencing}" in found[0].cure


def test_one_clock_is_no_error():
    assert not [p for p in problems() if "two clocks" in p.message]


@pytest.mark.parametrize(
    ("clock", "unit"), [("sequencing", 1.0), ("sequencing, months", 30.4375), ("sequencing, weeks", 7.0)]
)
def test_a_clock_that_is_named_is_converted_once(clock, unit):
    moved = study({"clocks": {"follow_up": clock}}, **tables(shift=1, unit=unit))
    assert (
        moved["follow_up"]
        .select("patient_id", "last_contact_day")
        .equals(study(**tables())["follow_up"].select("patient_id", "last_contact_day"))
    )
    one, other = (Cohort(s).time_to_event for s in (moved, study(**tables())))
    assert one.equals(other)


def test_the_months_of_one_column_alone():
    rows = tables()
    rows["treatments"] = [r | {"start_day": (r["start_day"]) / 30.4375} for r in rows["treatments"]]
    moved = study({"clocks": {"treatments.start_day": "months"}}, **rows)
    assert moved["treatments"]["start_day"].to_list() == [210 + 50 * i for i in range(10)]


def test_a_patient_without_the_day_has_unknown_times_and_is_named():
    rows = tables(shift=1)
    rows["samples"] = rows["samples"][1:]
    moved = study({"clocks": {"follow_up": "sequencing"}}, **rows)
    assert moved["follow_up"]["last_contact_day"].to_list()[0] is None
    assert any("1 patients have no day (first: P0)" in p.message for p in moved.warnings)


def test_any_day_column_of_patients_can_be_day_0():
    rows = tables()
    rows["patients"] = [r | {"randomised_day": 20} for r in rows["patients"]]
    moved = study({"clocks": {"follow_up": "randomised_day"}}, **rows)
    plain = study(**tables())["follow_up"]["last_contact_day"]
    assert (moved["follow_up"]["last_contact_day"] - plain).to_list() == [20] * 10


@pytest.mark.parametrize(
    ("clocks", "told"),
    [
        ({"folow_up": "sequencing"}, "Did you mean follow_up"),
        ({"follow_up.last_contact": "sequencing"}, "has no day column"),
        ({"follow_up": "sequencing, surgery"}, "is not 'ANCHOR'"),
    ],
)
def test_a_wrong_clock_names_what_is_known(clocks, told):
    with pytest.raises(ConfigError, match=told):
        parse_clocks(clocks)


def test_an_unknown_day_0_names_the_nearest():
    with pytest.raises(ConfigError, match=r"no day 0 is called 'sequencng'. Did you mean sequencing"):
        study({"clocks": {"follow_up": "sequencng"}}, **tables())


def test_a_day_that_is_no_column_of_the_table_is_no_day():
    """A column of another table beside the treatments (the fuzzer): check ended in a fault of ours."""
    rows = tables(shift=1)
    rows["treatments"] = [{**row, "day": "spring"} for row in rows["treatments"]]
    frames = {n: pl.DataFrame(r) if r else TABLES[n].empty() for n, r in rows.items()}
    assert [p for p in validate(frames, config_from_mapping({}))[1] if "two clocks" in p.message]
