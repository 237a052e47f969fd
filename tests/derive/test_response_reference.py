"""Best response against the test suites and random oracle of the pharmaverse derivation package admiralonco."""

from __future__ import annotations

import json
import re
from datetime import date

import polars as pl
import pytest

from oncourse.derive.clinical.response import ImagingParams, best_response

CASES = (
    *(f"BOR|refstart={s}|missing_as_ne={m}|until_pd" for s in (0, 28, 42) for m in ("FALSE", "TRUE")),
    "BOR_EVENTS|sd42|until_pd",
    "CBOR_EVENTS|sd42|confirm28|max_ne=1|until_pd",
    "CBOR|refstart=28|refconfirm=14|max_ne=0|accept_sd=TRUE|until_pd",
    "CBOR|refstart=28|refconfirm=28|max_ne=0|accept_sd=FALSE|until_pd",
    "CBOR|refstart=28|refconfirm=28|max_ne=1|accept_sd=FALSE|all_assessments",
    "CBOR|refstart=28|refconfirm=28|max_ne=1|accept_sd=FALSE|until_pd",
    "CBOR|refstart=28|refconfirm=28|max_ne=2|accept_sd=TRUE|until_pd",
    "CBOR|refstart=42|refconfirm=28|max_ne=1|accept_sd=FALSE|until_pd",
    "CBOR|refstart=42|refconfirm=42|max_ne=1|accept_sd=TRUE|until_pd",
    "CB|refstart=168|until_pd",
    "CB|refstart=28|until_pd",
    "CB|refstart=42|until_pd",
    "CRSP|refconfirm=14|max_ne=0|accept_sd=TRUE|until_pd",
    "CRSP|refconfirm=28|max_ne=0|accept_sd=FALSE|until_pd",
    "CRSP|refconfirm=28|max_ne=1|accept_sd=FALSE|until_pd",
    "CRSP|refconfirm=28|max_ne=2|accept_sd=TRUE|until_pd",
    "CRSP|refconfirm=42|max_ne=1|accept_sd=TRUE|until_pd",
    "RSP|until_pd",
)


def _params(case: str) -> tuple[str, ImagingParams]:
    kind, *rest = case.split("|")
    given = dict(p.split("=") for p in rest if "=" in p)
    settings = {
        "min_stable_days": int(given.get("refstart", 42)),
        "confirmation_days": int(given.get("refconfirm", 28)),
        "max_ne_between": int(given.get("max_ne", 1)),
        "allow_stable_between": given.get("accept_sd") == "TRUE",
        "missing_as_ne": given.get("missing_as_ne") == "TRUE",
        "until_progression": "all_assessments" not in rest,
    }
    return kind.removesuffix("_EVENTS"), ImagingParams(**settings)


VALUE = {
    "BOR": ("best_unconfirmed", "best_unconfirmed_day"),
    "CBOR": ("best_confirmed", "best_confirmed_day"),
    "RSP": ("is_response", "first_response_day"),
    "CRSP": ("is_confirmed_response", "response_day"),
    "CB": ("is_clinical_benefit", "benefit_day"),
}


@pytest.fixture(scope="module")
def oracle(shared_data):
    folder = shared_data("endpoints-pharmaverse") / "oracle"
    start = pl.read_csv(folder / "adsl.csv.gz", try_parse_dates=True)
    visits = pl.read_csv(folder / "overall_response.csv.gz", try_parse_dates=True)
    expected = pl.read_csv(folder / "response_expected.csv.gz", try_parse_dates=True)
    return start, visits, expected


@pytest.mark.parametrize("case", CASES)
def test_oracle(oracle, case):
    """1,500 random patients per setting: value and date, both equal for every patient."""
    start, visits, expected = oracle
    kind, params = _params(case)
    lines = start.select(
        patient_id="USUBJID", line=pl.lit(1), start_day=pl.lit(0), next_start_day=pl.lit(None, pl.Int64)
    )
    frame = visits.join(start, on="USUBJID").select(
        patient_id="USUBJID",
        line=pl.lit(1),
        day=(pl.col("ADT") - pl.col("RANDDT")).dt.total_days(),
        overall="AVALC",
    )
    found = best_response(frame, lines, params)
    value, day = VALUE[kind]
    joined = (
        found.join(expected.filter(CASE=case), left_on="patient_id", right_on="USUBJID")
        .join(start, left_on="patient_id", right_on="USUBJID")
        .with_columns((pl.col("ADT") - pl.col("RANDDT")).dt.total_days().alias("_day"))
    )
    assert joined.height == 1500
    text = pl.col(value)
    if kind in ("RSP", "CRSP", "CB"):
        text = text.replace_strict({True: "Y", False: "N"}, return_dtype=pl.String)
    assert joined.filter(text != pl.col("AVALC")).height == 0
    assert joined.filter(pl.col(day).ne_missing(pl.col("_day"))).height == 0


def test_suite_cases(shared_data):
    """cases_flat_response.json: 116 patients of the package's own tests in plain form."""
    cases = json.loads((shared_data("endpoints-pharmaverse") / "cases_flat_response.json").read_text())
    assert len(cases) == 116
    kinds = {
        "derive_param_bor": "BOR",
        "derive_param_confirmed_bor": "CBOR",
        "derive_param_confirmed_resp": "CRSP",
        "derive_param_response": "RSP",
        "derive_param_clinbenefit": "CB",
    }
    checked = 0
    for case in cases:
        kind = kinds[case["function"]]
        found = _run_case(case)
        for row in case["expected"]:
            value, day = VALUE[kind]
            answer = found[value]
            if isinstance(answer, bool):
                answer = "Y" if answer else "N"
            assert answer == row["AVALC"], case
            if row.get("ADT") is not None and kind != "X":
                assert found[day] == date.fromisoformat(row["ADT"]).toordinal(), case
            checked += 1
    assert checked > 90


def _run_case(case):
    p = case["params"]
    start = case["adsl"].get("TRTSDT")
    pd_days = []
    visits = []
    for row in case["assessments"]:
        if row.get("ADT") is None:
            continue
        day = date.fromisoformat(row["ADT"]).toordinal()
        if row["PARAMCD"] == "PD" and row["AVALC"] == "Y":
            pd_days.append(day)
        if row["PARAMCD"] == "OVR":
            visits.append((day, row["AVALC"]))
    until = p.get("source_pd", "NULL") != "NULL"
    if until and pd_days:
        visits = [v for v in visits if v[0] <= min(pd_days)]
    benefit = p.get("clinben_vals")
    if benefit:  # the case counts only these responses: the others are not evaluable for it
        allowed = re.findall(r'"([^"]+)"', benefit)
        visits = [(d, r if r in (*allowed, "PD") else "NE") for d, r in visits]
    frame = pl.DataFrame(
        {
            "patient_id": ["P"] * len(visits),
            "line": [1] * len(visits),
            "day": [v[0] for v in visits],
            "overall": [v[1] for v in visits],
        },
        schema={"patient_id": pl.String, "line": pl.Int64, "day": pl.Int64, "overall": pl.String},
    )
    line = pl.DataFrame(
        {
            "patient_id": ["P"],
            "line": [1],
            "start_day": [date.fromisoformat(start).toordinal() if start else 0],
            "next_start_day": [None],
        },
        schema_overrides={"next_start_day": pl.Int64},
    )
    params = ImagingParams(
        min_stable_days=int(p.get("ref_start_window", 0)),
        confirmation_days=int(p.get("ref_confirm", 28)),
        max_ne_between=int(p.get("max_nr_ne", 1)),
        allow_stable_between=p.get("accept_sd") == "TRUE",
        missing_as_ne=p.get("missing_as_ne") == "TRUE",
        until_progression=False,
    )
    return best_response(frame, line, params).row(0, named=True)
