"""Each example of docs/examples, imported as the how-to says, holds what its source says: nothing lost, nothing made up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.cli.main import cli

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
#: Format -> (table, columns) -> rows.
TOLD = {
    "redcap": {
        ("patients", ("patient_id", "sex", "stage", "primary_site", "ecog")): [
            ("1", "male", "III", "Left colon", "0"),
            ("2", "female", "III", "Right colon", "1"),
            ("3", "female", "III", "Right colon", "Unknown"),
        ],
        ("follow_up", ("is_dead", "cause_of_death", "recurrence_day", "recurrence_free_day")): [
            ("false", None, "387", None),  # "No recurrence" at a follow-up is free of it, "unknown" is nothing
            ("true", "other", None, "746"),
            ("false", None, None, None),
        ],
        ("treatments", ("drugs", "start_day", "stop_day")): [("oxaliplatin;capecitabine", "52", "224")],
        ("lesions", ("role", "site", "found_day")): [("metastasis", "liver", "387")],
        ("labs", ("value", "unit")): [("12.5", "ng/mL"), (">1000", "ng/mL")],
        ("partial_dates", ("patient_id", "column", "resolution")): [("3", "index_date", "month")],
    },
    "omop": {
        ("follow_up", ("is_dead", "death_day", "cause_of_death", "progression_day")): [
            ("false", None, None, "458"),
            ("true", "704", "cancer", None),
            ("false", None, None, None),
        ],
        ("labs", ("analyte", "value")): [("CEA", "4.1"), ("PSA", "<0.01"), ("PSA", ">1000")],
        ("lesions", ("role", "site", "found_day")): [("metastasis", "liver", "458")],
        ("samples", ("material", "day")): [("tissue", "4"), ("plasma", "462")],
    },
    "genie_bpc": {
        ("follow_up", ("last_contact_day", "is_dead", "entry_day")): [("800", "true", "60"), ("1500", "false", "90")],
        ("lesions", ("site", "found_day")): [("liver", "0"), ("lymph node", "30")],
        ("published_endpoints", ("endpoint", "time_days", "is_event")): [
            ("OS", "800", "true"),
            ("OS", "1500", "false"),
            ("OS_REGIMEN", "780", "true"),
            ("PFS_I_G", "210", "true"),
            ("OS_REGIMEN", "1460", "false"),
        ],
    },
    "fhir": {
        ("patients", ("disease", "stage", "index_date")): [  # not the hypertension of 2005
            ("Malignant tumor of prostate", "Stage IV", "2019-02-03"),
            ("Adenocarcinoma of colon", None, "2020-01-15"),
        ],
        ("treatments", ("drugs", "start_day")): [("abiraterone", "26"), ("capecitabine 500 mg tablet", "17")],
        ("lesions", ("site", "found_day")): [("bone", "7")],  # from an onsetPeriod; the refuted one is none
        ("labs", ("analyte", "value")): [("PSA", "55.5"), ("PSA", "<0.01")],
        ("adverse_events", ("term", "grade", "serious")): [("Neutropenia", "3", "true")],
    },
    "gdc": {
        ("follow_up", ("last_contact_day", "is_dead", "cause_of_death", "recurrence_day", "recurrence_free_day")): [
            ("810", "true", "cancer", "400", None),
            ("1300", "false", None, None, "1300"),
            ("300", "true", None, None, None),  # dead on no day
        ],
        ("treatments", ("drugs", "start_day")): [("oxaliplatin", "40")],
        ("lesions", ("site", "found_day")): [("liver", "400")],
    },
    "phenopackets": {
        ("patients", ("patient_id", "sex", "disease")): [
            ("p1", "male", "Prostate Carcinoma"),
            ("p2", "female", "Colorectal Carcinoma"),
        ],
        ("treatments", ("drugs", "start_day")): [("abiraterone", "26"), ("capecitabine 500 mg tablet", "17")],
        ("labs", ("analyte", "value")): [("PSA", "55.5"), ("PSA", "<0.01")],
    },
    "sdtm": {
        ("patients", ("patient_id", "disease", "stage", "region", "diagnosis_date")): [
            ("X-001", "Prostate cancer", "T3N1M0", "NORTH", "2015-06-12"),
            ("X-002", "Prostate cancer", "IV", "SOUTH", "2018-02"),
        ],
        ("treatments", ("drugs", "line", "stop_reason")): [
            ("docetaxel", "1", "progression"),
            ("abiraterone", None, "progression"),
            ("enzalutamide", None, "toxicity"),
        ],
        ("follow_up", ("last_contact_day", "is_dead")): [("457", "false"), ("268", "true")],
    },
}


def imported(tmp_path, *arguments):
    """Import as the how-to page says; return how to read a table of the study."""
    out = tmp_path / "study"
    name, source, *options = arguments
    run = CliRunner().invoke(cli, ["import", name, source, str(out), *options])
    assert run.exit_code == 0, run.output
    return lambda table: pl.read_csv(out / f"{table}.tsv", separator="\t", infer_schema=False)


@pytest.mark.parametrize("name", list(TOLD))
def test_the_example_of_a_format_is_read_as_the_how_to_says(name, tmp_path):
    out = tmp_path / "study"
    run = CliRunner().invoke(cli, ["import", name, str(EXAMPLES / name), str(out)])
    assert run.exit_code == 0, run.output
    for (table, columns), rows in TOLD[name].items():
        found = pl.read_csv(out / f"{table}.tsv", separator="\t", infer_schema=False)
        told = [pl.col(c) if c in found.columns else pl.lit(None, pl.String).alias(c) for c in columns]
        assert found.select(told).rows() == rows, table
    assert (out / "intake.html").is_file()


def test_follow_up_of_several_forms_is_joined(tmp_path):
    """The last contact is the latest of all forms, not that of the first; the first recurrence stands."""
    (tmp_path / "x.csv").write_text(
        "record_id,redcap_event_name,sex,dx_date,last_fu_date,recur_date\n1,base,Male,2019-01-10,,\n"
        "1,fu1,,,2020-01-10,2019-12-10\n1,fu2,,,2021-01-10,2020-12-10\n"
    )
    run = CliRunner().invoke(cli, ["import", "redcap", str(tmp_path / "x.csv"), str(tmp_path / "s")])
    assert run.exit_code == 0, run.output
    found = pl.read_csv(tmp_path / "s" / "follow_up.tsv", separator="\t")
    assert found.select("last_contact_day", "recurrence_day").row(0) == (731, 334)


def test_several_treatments_of_one_row_are_told_apart_by_their_prefix(tmp_path):
    """l1_... and l2_... of one row: the second overwrote the first."""
    (tmp_path / "x.csv").write_text(
        "record_id,redcap_event_name,dx_date,l1_tx_start,l1_tx_stop,l1_drugs,l2_tx_start,l2_tx_stop,l2_drugs\n"
        "1,base,2019-01-10,2019-02-01,2019-06-01,docetaxel,2019-07-01,,abiraterone\n"
    )
    (tmp_path / "x_DataDictionary.csv").write_text(
        "Variable / Field Name,Field Type,Field Label\n"
        "l1_drugs,text,First-line treatment drugs\nl2_drugs,text,Second-line treatment drugs\n"
    )
    run = CliRunner().invoke(cli, ["import", "redcap", str(tmp_path), str(tmp_path / "s")])
    assert run.exit_code == 0, run.output
    found = pl.read_csv(tmp_path / "s" / "treatments.tsv", separator="\t", infer_schema=False)
    assert found.select("drugs", "start_day").rows() == [("docetaxel", "22"), ("abiraterone", "172")]


def test_the_table_example_is_read_with_its_mapping(tmp_path):
    """A panel report of a Chinese laboratory: three calls, and two genes that were looked at without a finding."""
    folder = EXAMPLES / "table"
    told = imported(tmp_path, "table", str(folder / "report.csv"), "--mapping", str(folder / "map.yaml"))
    calls = told("calls").select("sample_id", "variant_id", "alt_count", "depth").rows()
    assert calls == [
        ("S01-T", "KRAS:p.G12D", "264", "812"),
        ("S01-T", "APC:p.R1450*", "262", "640"),
        ("S02-T", "BRAF:p.V600E", "165", "905"),
    ]
    targets = dict(told("assays").select("assay_id", "targets").iter_rows())
    assert {frozenset(t.split(";")) for t in targets.values()} == {
        frozenset({"KRAS", "APC"}),
        frozenset({"KRAS", "NRAS", "BRAF"}),
    }


@pytest.mark.parametrize(
    ("name", "file", "used", "not_read"),
    [
        ("fhir", "bundle.json", ("Condition.onsetDateTime", "Patient.birthDate"), ("Observation.dataAbsentReason",)),
        ("gdc", "clinical.tsv", ("days_to_death", "therapeutic_agents"), ("race", "days_to_birth")),
    ],
)
def test_the_ledger_says_of_every_field_whether_it_was_asked_for(name, file, used, not_read, tmp_path):
    columns = imported(tmp_path, name, str(EXAMPLES / name))("tables/intake/columns")
    states = dict(columns.filter(file=file).select("column", "state").iter_rows())
    assert {states[c] for c in used} == {"used"} and {states[c] for c in not_read} == {"not read"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sdtm", "fhir", "redcap", "omop"])
def test_the_order_of_what_is_told_does_not_depend_on_the_hash_seed(name, tmp_path):
    told = []
    for seed in ("1", "2", "3"):
        out = tmp_path / seed / "study"
        command = [sys.executable, "-m", "oncourse.cli.main", "import", name, str(EXAMPLES / name), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed})
        files = {f.name: f.read_bytes() for f in sorted(out.rglob("*.tsv"))}
        told.append((done.stdout.replace(str(out), ""), done.stderr.replace(str(out), ""), files))
    assert told[0] == told[1] == told[2] and told[0][2]
