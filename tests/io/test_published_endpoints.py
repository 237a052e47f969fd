"""The source's own end points: kept as published, placed on the study's clock, compared with the derived ones.

Stories: cbioportal #7292 (PFS pair of the censored thrown away), datahub #1122 (PF_, TTP_, MFS_ pairs), datahub PR 1889
and cbioportal #12324 (survival counts from sequencing in some studies), cbioportal #4492 (published and derived DFS
differ).
"""

from __future__ import annotations

import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.cli.main import cli
from oncourse.cohort import Cohort
from oncourse.derive.clinical.endpoints import EndpointParams
from oncourse.derive.clinical.published import compared
from oncourse.errors import InputError
from oncourse.io import load_study
from oncourse.io.aside import checked
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.clinical.anchors import anchor_of, parse_anchors
from oncourse.study.values import numbers


def folder(path, patient, *, about=None, timelines=None):
    """A cBioPortal folder of one sample per patient; `patient` column -> values, `about` column -> description."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "meta_study.txt").write_text("type_of_cancer: prad\ncancer_study_identifier: x\nname: x\ndescription: x\n")
    names = list(patient)
    head = ["#" + "\t".join(names), "#" + "\t".join((about or {}).get(n, n) for n in names)]
    rows = ["\t".join("" if v is None else str(v) for v in row) for row in zip(*patient.values(), strict=True)]
    (path / "data_clinical_patient.txt").write_text("\n".join([*head, "\t".join(names), *rows]) + "\n")
    ids = patient["PATIENT_ID"]
    (path / "data_clinical_sample.txt").write_text(
        "PATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\n" + "".join(f"{p}\t{p}-T\tPrimary\n" for p in ids)
    )
    for name, text in (timelines or {}).items():
        (path / f"data_timeline_{name}.txt").write_text(text)
    return path


def follow_up(path, **options):
    return read_cbioportal(path, **options).tables["follow_up"]


PFS = {
    "PATIENT_ID": ["A", "B"],
    "OS_STATUS": ["0:LIVING"] * 2,
    "OS_MONTHS": [20, 20],
    "PFS_STATUS": ["0:CENSORED", "1:PROGRESSION"],
    "PFS_MONTHS": [8, 6],
}


def test_a_censored_pfs_ends_on_its_own_day(tmp_path):
    """8 x 30.4375 = 243.5 -> 244: the patient was last known free of progression then, not at last contact (609)."""
    study = load_study(folder(tmp_path / "s", PFS))
    assert study["follow_up"].select("progression_day", "progression_free_day").rows() == [
        (None, 244),
        (183, None),
    ]
    records, _ = Cohort(study).endpoint_tables
    pfs = records.filter(pl.col("endpoint") == "PFS").select("end_day", "is_event", "event_or_reason").rows()
    assert pfs == [(244, False, "known free of progression"), (183, True, "reported progression")]


def test_other_end_points_are_kept_and_are_no_recurrence(tmp_path):
    columns = {"PATIENT_ID": ["A"], "OS_STATUS": ["1:DECEASED"], "OS_MONTHS": [30]}
    for name in ("EFS", "TTP", "MFS", "DSS", "PLATINUM_OS"):
        columns |= {f"{name}_STATUS": ["1:Event"], f"{name}_MONTHS": [10]}
    reading = read_cbioportal(folder(tmp_path / "s", columns))
    found = reading.tables["published_endpoints"]
    assert found["endpoint"].to_list() == ["OS", "EFS", "TTP", "MFS", "DSS", "PLATINUM_OS"]
    assert found["time_days"].to_list() == [913, 304, 304, 304, 304, 304]
    assert reading.tables["follow_up"].select("recurrence_day", "progression_day").rows() == [(None, None)]


TIMELINES = {
    "specimen": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tSAMPLE_ID\nA\t200\t\tSequencing\tA-T\n",
    "treatment": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tAGENT\nA\t210\t300\tTREATMENT\tENZALUTAMIDE\n",
}
OS = {"PATIENT_ID": ["A"], "OS_STATUS": ["1:DECEASED"], "OS_MONTHS": [12]}


def test_the_header_names_the_anchor(tmp_path):
    """12 months from sequencing on day 200: death on day 565, 356 days (first day counted) after the line on day
    210."""
    about = {"OS_MONTHS": "Overall survival in months since sequencing of the sample"}
    study = load_study(folder(tmp_path / "s", OS, about=about, timelines=TIMELINES))
    assert study["follow_up"]["death_day"].to_list() == [565]
    records, _ = Cohort(study).endpoint_tables
    assert records.filter((pl.col("endpoint") == "OS") & (pl.col("line") == 1))["time_days"].to_list() == [356]


def test_a_setting_names_the_anchor(tmp_path):
    source = folder(tmp_path / "s", OS, timelines=TIMELINES)
    assert follow_up(source)["death_day"].to_list() == [365]
    assert follow_up(source, anchors={"OS": "sequencing"})["death_day"].to_list() == [565]
    assert follow_up(source, anchors={"OS": "treatment"})["death_day"].to_list() == [575]
    with pytest.raises(InputError, match="OS=birth: write END_POINT=ANCHOR"):
        parse_anchors(["OS=birth"])
    args = ["import", "cbioportal", str(source), str(tmp_path / "out"), "--anchor", "OS=sequencing"]
    assert CliRunner().invoke(cli, args).exit_code == 0
    assert "565" in (tmp_path / "out" / "follow_up.tsv").read_text()


def test_an_anchor_without_a_day_stays_published_only(tmp_path):
    about = {"OS_MONTHS": "Months from castration resistance to death or last contact"}
    reading = read_cbioportal(folder(tmp_path / "s", OS, about=about, timelines=TIMELINES))
    assert reading.tables["published_endpoints"]["time_days"].to_list() == [365]
    assert reading.tables["follow_up"].is_empty() if "follow_up" in reading.tables else True
    assert any("counts from castration resistance" in p.message for p in reading.problems)


def test_one_clock_of_its_own_needs_no_anchor(tmp_path):
    """Without a timeline everything counts from the same day; the study says which."""
    about = {"OS_MONTHS": "Survival from start of treatment"}
    reading = read_cbioportal(folder(tmp_path / "s", OS, about=about))
    assert reading.tables["follow_up"]["death_day"].to_list() == [365]
    assert reading.config.index.startswith("treatment")


@pytest.mark.parametrize(
    ("words", "anchor"),
    [
        ("Overall survival in months since initial diagnosis.", "diagnosis"),
        ("Time from surgery to recurrence in months", "surgery"),
        ("Months from randomization", "treatment"),
        ("Progression Free Survival Status (months)", None),
        # an unknown day 0 was taken for the index date
        ("Overall survival, months since onset of CRPC", "unknown: onset of CRPC"),
        ("Time from first clinic visit until death", "unknown: first clinic visit"),
        ("Months from initial dx to last follow-up", "diagnosis"),
        ("Overall survival status obtained from chart review", None),
    ],
)
def test_anchors_of_descriptions(words, anchor):
    assert anchor_of(words) == anchor


def test_differences_are_listed_patient_by_patient(tmp_path):
    """Published DFS censored at 8 months, death at 20: our DFS has an event at 20; the record says so."""
    columns = {
        "PATIENT_ID": ["A", "B"],
        "OS_STATUS": ["1:DECEASED", "1:DECEASED"],
        "OS_MONTHS": [20, 20],
        "DFS_STATUS": ["0:DiseaseFree", "1:Recurred"],
        "DFS_MONTHS": [8, 9],
    }
    study = load_study(folder(tmp_path / "s", columns))
    records, _ = Cohort(study).endpoint_tables
    found = compared(study["published_endpoints"], records, first_day=int(EndpointParams().count_first_day))
    assert found.select("patient_id", "endpoint", "agreement").rows() == [
        ("A", "DFS", "other event"),
        ("B", "DFS", "same"),
        ("A", "OS", "same"),
        ("B", "OS", "same"),
    ]


def test_decimal_commas_are_decided_for_the_column(tmp_path):
    columns = {"PATIENT_ID": ["A", "B"], "OS_STATUS": ["0:LIVING"] * 2, "OS_MONTHS": ["12,5", "1,250"]}
    assert follow_up(folder(tmp_path / "s", columns))["last_contact_day"].to_list() == [380, 38]
    assert numbers(pl.Series(["1,234.5", "2,000"])).to_list() == [1234.5, 2000.0]
    assert numbers(pl.Series(["1,234"])).to_list() == [None]  # says neither; named by the reader
    assert numbers(pl.Series(["1.234,5", "0,2"])).to_list() == [1234.5, 0.2]


def test_a_number_nobody_can_read_is_named(tmp_path):
    columns = {"PATIENT_ID": ["A", "B"], "OS_STATUS": ["0:LIVING"] * 2, "OS_MONTHS": ["twelve", "12"]}
    reading = read_cbioportal(folder(tmp_path / "s", columns))
    assert any("'twelve'" in p.message for p in reading.problems)


def test_the_ledger_of_a_cbioportal_folder(tmp_path):
    """Events without a table, columns kept under their own name: nothing is passed over in silence."""
    columns = {**PFS, "SMOKER": ["yes", "no"]}
    ecog = "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tSUBTYPE\nA\t30\t\tPERFORMANCE\tECOG 1\n"
    reading = read_cbioportal(folder(tmp_path / "s", columns, timelines={"performance": ecog}))
    tables = reading.ledger.tables()
    states = dict(tables["intake/columns"].select("column", "state").rows())
    assert (states["SMOKER"], states["PATIENT_ID"]) == ("kept", "used")
    left_out = tables["intake/rows"].filter(state="left out")
    assert left_out.select("file", "n", "why").rows() == [
        ("data_timeline_performance.txt", 1, "no table holds events of the type PERFORMANCE")
    ]


def test_toxicity_of_a_timeline_is_kept_with_its_grade(tmp_path):
    """cBioPortal's standard event type TOXICITY was counted as without a table."""
    toxicity = (
        "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tTOXICITY_TYPE\tGRADE\tAGENT\n"
        "A\t30\t45\tTOXICITY\tNeutropenia\tGrade 3\tOXALIPLATIN\nA\t60\t\tTOXICITY\tRash\t1\t\n"
        "B\t20\t\tToxicity\t腹泻\tⅢ度\t\n"
    )
    tables, problems = checked(read_cbioportal(folder(tmp_path / "s", PFS, timelines={"toxicity": toxicity})))
    assert not [str(p) for p in problems if p.severity == "error"]
    assert tables["adverse_events"].select("patient_id", "start_day", "stop_day", "term", "grade", "drugs").rows() == [
        ("A", 30, 45, "Neutropenia", 3, "OXALIPLATIN"),
        ("A", 60, None, "Rash", 1, None),
        ("B", 20, None, "腹泻", 3, None),
    ]


def test_a_biochemical_recurrence_is_no_recurrence_that_was_seen(tmp_path):
    """A rise of PSA after prostatectomy became the day of recurrence, an event of disease-free survival."""
    status = (
        "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tSTATUS\n"
        "A\t50\t\tSTATUS\tBiochemical recurrence\nB\t60\t\tSTATUS\tLocally recurrent\n"
    )
    columns = {"PATIENT_ID": ["A", "B"], "OS_STATUS": ["0:LIVING"] * 2, "OS_MONTHS": ["12", "12"]}
    reading = read_cbioportal(folder(tmp_path / "s", columns, timelines={"status": status}))
    assert reading.tables["follow_up"].sort("patient_id")["recurrence_day"].to_list() == [None, 60]
    assert any("biochemical recurrence" in note for note in reading.notes)
