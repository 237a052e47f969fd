"""Time to event against the random oracle (OS, PFS, duration of response) of the pharmaverse packages."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.endpoints import EndpointParams, EndpointTables, endpoint_table
from oncourse.derive.recist import recist_visits
from oncourse.derive.response import ImagingParams, best_response
from oncourse.derive.tte import records, time_to_event
from oncourse.study.tables import TABLES


@pytest.fixture(scope="module")
def oracle(shared_data):
    folder = shared_data("endpoints-pharmaverse") / "oracle"
    start = pl.read_csv(folder / "adsl_tte.csv.gz", try_parse_dates=True)
    visits = pl.read_csv(folder / "overall_response.csv.gz", try_parse_dates=True)
    expected = pl.read_csv(folder / "tte_expected.csv.gz", try_parse_dates=True)

    def since(column):
        return (pl.col(column) - pl.col("RANDDT")).dt.total_days()

    follow_up = start.select(
        patient_id="USUBJID", last_contact_day=since("LSTALVDT"), is_dead=pl.col("DTHDT").is_not_null(),
        death_day=since("DTHDT"),
    )  # fmt: skip
    treatments = start.select(
        patient_id="USUBJID", line=pl.lit(1), start_day=pl.lit(0), next_start_day=pl.lit(None, pl.Int64),
        source_row=pl.lit(2),
    )  # fmt: skip
    assessments = visits.join(start, on="USUBJID").select(
        patient_id="USUBJID", day=since("ADT"), overall="AVALC"
    )
    return start, follow_up, treatments, assessments, expected


def test_oracle(oracle):
    """1,500 patients: OS and PFS equal in time, event and kind; response duration where the origin agrees."""
    start, follow_up, lines, assessments, expected = oracle
    visits = recist_visits(TABLES["target_lesions"].empty(), assessments, lines)
    deaths = follow_up.filter("is_dead").select("patient_id", "death_day")
    # the oracle's assessments may lie before randomisation; ours belong to no line
    best = best_response(visits, lines, ImagingParams(), deaths)
    empty = {n: TABLES[n].empty() for n in ("procedures", "lesions")}
    data = EndpointTables(
        patients=start.select(patient_id="USUBJID"), follow_up=follow_up, lines=lines, psa=pl.DataFrame(),
        visits=visits, bone=pl.DataFrame(schema={"patient_id": pl.String, "line": pl.Int64, "day": pl.Int64,
                                                 "bone": pl.String, "progression_day": pl.Int64,
                                                 "source_row": pl.Int64}),
        best=best, **empty,
    )  # fmt: skip
    table, _ = endpoint_table(data, EndpointParams())
    ours = table.filter(pl.col("line") == 1)
    for name in ("OS", "PFS"):
        joined = ours.filter(endpoint=name).join(
            expected.filter(PARAMCD=name), left_on="patient_id", right_on="USUBJID", how="full"
        )
        assert joined.height == (1500 if name == "PFS" else expected.filter(PARAMCD=name).height)
        wrong = joined.filter(
            (pl.col("time_days") != pl.col("AVAL")) | (pl.col("is_event") != (pl.col("CNSR") == 0))
        )
        assert wrong.height == 0, (name, wrong.head(3).to_dicts())
        words = {"progression (RECIST)": "Disease Progression", "death": "Death", "alive at last contact": "Alive",
                 "last adequate assessment": "Last Tumor Assessment",
                 "no assessment after the origin": "Randomization"}  # fmt: skip
        said = joined.with_columns(pl.col("event_or_reason").replace_strict(words))
        assert said.filter(pl.col("event_or_reason") != pl.col("EVNTDESC")).height == 0, name


def test_duration_of_response(oracle):
    """RSD of the oracle starts at the first CR or PR (unconfirmed); the same engine gives it."""
    _, follow_up, lines, assessments, expected = oracle
    visits = recist_visits(TABLES["target_lesions"].empty(), assessments, lines)
    best = best_response(visits, lines, ImagingParams())
    origins = best.filter("is_response").select(
        "patient_id", "line", pl.col("first_response_day").alias("origin_day")
    )
    progression = records(
        best, day="progression_day", reason="Disease Progression", source_table="assessments",
        source_row=pl.lit(None, pl.Int64),
    )  # fmt: skip
    dead = follow_up.with_columns(pl.lit(1, pl.Int64).alias("line"))
    deaths = records(
        dead, day="death_day", reason="Death", source_table="follow_up", source_row=pl.lit(None, pl.Int64)
    )
    looks = records(
        visits.filter(pl.col("overall") != "NE"), day="day", reason="Last Tumor Assessment",
        source_table="assessments", source_row="source_row",
    )  # fmt: skip
    found = time_to_event(origins, pl.concat([progression, deaths]), looks)
    joined = found.join(expected.filter(PARAMCD="RSD"), left_on="patient_id", right_on="USUBJID", how="full")
    wrong = joined.filter(
        (pl.col("time_days") != pl.col("AVAL")) | (pl.col("is_event") != (pl.col("CNSR") == 0))
        | (pl.col("event_or_reason") != pl.col("EVNTDESC"))
        | pl.col("time_days").is_null() | pl.col("AVAL").is_null()
    )  # fmt: skip
    assert wrong.height == 0, (
        wrong.select("patient_id", "USUBJID", "time_days", "AVAL", "EVNTDESC").head(3).to_dicts()
    )
    assert joined.height == 991
