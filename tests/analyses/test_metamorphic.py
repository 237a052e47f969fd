"""What may change nothing changes nothing, and what must change something does (issue 17, part 5).

The order of rows, the names of patients and the number of processes are in `test_registry.py`; the order of columns,
packing, line ends and units in `tests/io/test_same_study_in_another_dress.py`.
"""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.report.execute import run_one
from oncourse.study.validate import validate

ASKED = ("recurrence", "survival", "therapy", "monitoring", "discordance")
#: The one count that a patient of whom nothing is known adds to.
ONE_MORE = ("unjudged_colorectal",)
#: A silent mutation of a gene that no list, rule or panel row names.
SILENT = {"variant_id": "19:57000000:C:T", "gene": "ZNF835", "consequence": "synonymous"}


def estimates(cohort, name):
    result = run_one(registry()[name], cohort, draw=False).result
    return {e.name: (e.value, e.ci_low, e.ci_high, e.n) for e in result.estimates}


def with_row(study, table, row, like=None):
    """A table with one more row: of nulls, or like another row, but for what is given."""
    frame = study[table]
    first = dict.fromkeys(frame.columns) if like is None else frame.row(like, named=True)
    return pl.concat([frame, pl.DataFrame([{**first, **row}], schema=frame.schema)])


@pytest.fixture(scope="module")
def plain(answered):
    cohort, outcomes = answered("crc")
    return cohort.study, {
        name: {e.name: (e.value, e.ci_low, e.ci_high, e.n) for e in outcomes[name].result.estimates} for name in ASKED
    }


@pytest.fixture(scope="module")
def added(plain):
    """The study with a patient of whom nothing is known, and with a silent mutation in a gene nobody asks for."""
    study = plain[0]
    silent = dict.fromkeys(study["variants"].columns) | SILENT
    tables = {
        "patients": with_row(study, "patients", {"patient_id": "ZZ", "disease": study["patients"]["disease"][0]}),
        "variants": with_row(study, "variants", silent),
        "calls": with_row(study, "calls", {"variant_id": SILENT["variant_id"]}, like=0),
    }
    typed, problems = validate({**study.tables, **tables}, study.config)
    assert not [p for p in problems if p.severity == "error"]
    return Cohort(dataclasses.replace(study, tables=typed))


@pytest.mark.parametrize("name", ASKED)
def test_a_patient_without_data_and_a_silent_mutation_change_no_estimate(name, plain, added):
    before, after = plain[1][name], estimates(added, name)
    assert before.keys() == after.keys() and len(before) > 2
    for key, (value, low, high, n) in before.items():
        if key in ONE_MORE:
            assert after[key][0] * (after[key][3] or 1) == pytest.approx(value * (n or 1) + 1), key
        elif key != "n_colorectal":
            assert after[key] == (value, low, high, n), key


def test_a_follow_up_that_changes_places_changes_survival(plain):
    """The patient who died first and the one who lives give each other their ends: as many deaths, another curve."""
    study = plain[0]
    rows = study["follow_up"].sort("last_contact_day").to_dicts()
    first, alive = rows[0], next(row for row in rows if not row["is_dead"])
    assert first["is_dead"] and first["death_day"] == first["last_contact_day"]
    ends = {
        first["patient_id"]: {"is_dead": False, "death_day": None, "cause_of_death": None},
        alive["patient_id"]: {
            "is_dead": True,
            "death_day": alive["last_contact_day"],
            "cause_of_death": first["cause_of_death"],
        },
    }
    swapped = [{**row, **ends.get(row["patient_id"], {})} for row in rows]
    frame = pl.DataFrame(swapped, schema=study["follow_up"].schema)
    cohort = Cohort(dataclasses.replace(study, tables={**study.tables, "follow_up": frame}))
    before, after = plain[1]["survival"], estimates(cohort, "survival")
    assert before["OS_kaplan_meier_24m"][0] == pytest.approx(7 / 8)  # the first death is before two years
    assert after["OS_kaplan_meier_24m"][0] == 1
