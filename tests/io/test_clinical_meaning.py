"""Clinical sources whose meaning was lost or made up without a word; each found by an input written from its standard."""

from __future__ import annotations

import base64
import json
import re
import zlib

import polars as pl
import pytest

from oncourse.analyses.endpoints import endpoints
from oncourse.cohort import Cohort
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.clinical.people import people
from oncourse.io.aside import checked
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.cdisc.adam import read_adam
from oncourse.io.cdisc.sdtm import read_sdtm
from oncourse.io.cdisc.sdtm_treatments import procedures
from oncourse.io.clinical.fhir import _first, _is_cancer, _is_secondary, read_fhir
from oncourse.io.clinical.gather import METASTASIS_WORDS
from oncourse.io.clinical.gdc import read_gdc
from oncourse.io.clinical.genie_bpc import read_genie_bpc
from oncourse.io.clinical.omop import read_omop
from oncourse.io.clinical.phenopackets import read_phenopackets
from oncourse.io.clinical.redcap import read_redcap
from oncourse.io.clinical.timeline import _word
from oncourse.io.detect import detect
from oncourse.io.reports.mapping import read_mapped
from oncourse.io.tabular.xport import read_xport
from oncourse.simulate.study import simulate_study
from oncourse.study.lab_values import analyte_of, tidy_values
from oncourse.study.model import Study
from oncourse.study.procedures import procedure_of


def _table(path, *rows, separator="\t"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(separator.join(map(str, row)) for row in rows) + "\n")


def _portal(folder, patients, **timelines):
    _table(folder / "data_clinical_sample.txt", ("SAMPLE_ID", "PATIENT_ID"), ("A-1", "A"), ("B-1", "B"))
    _table(folder / "data_clinical_patient.txt", *patients)
    for name, rows in timelines.items():
        _table(folder / f"data_timeline_{name}.txt", *rows)
    return read_cbioportal(folder)


SURVIVAL = (("PATIENT_ID", "OS_MONTHS", "OS_STATUS"), ("A", 20, "1:DECEASED"), ("B", 30, "0:LIVING"))
HEAD = ("PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE")


def test_status_events_of_a_timeline_are_read_or_told(tmp_path):
    """cBioPortal's STATUS: no evidence of disease, metastases and words nobody knows were passed over."""
    said = (
        (300, "No Evidence of Disease"),
        (500, "Metastatic disease: Liver"),
        (610, "Wibble"),
        (700, "Last Follow Up"),
    )
    rows = ((*HEAD, "STATUS"), *(("B", day, "", "STATUS", word) for day, word in said))
    reading = _portal(tmp_path, SURVIVAL, status=rows)
    b = reading.tables["follow_up"].filter(pl.col("patient_id") == "B")
    assert b["recurrence_free_day"].item() == 300 and b["recurrence_day"].item() is None
    lesion = reading.tables["lesions"].select("patient_id", "role", "site", "found_day").rows()
    assert lesion == [("B", "metastasis", "liver", 500)]
    told = [p for p in reading.problems if "not understood" in p.message]
    assert len(told) == 1 and "'wibble'" in told[0].message and "last follow" not in told[0].message


def test_readings_of_progression_in_a_timeline_count_whatever_their_event_is_called(tmp_path):
    """Curated reports write EVENT_TYPE = Diagnosis with a column PROGRESSION: Y, N or Indeterminate."""
    said = (("A", 50, "N"), ("A", 110, "Y"), ("B", 70, "N"), ("B", 90, "Indeterminate"))
    rows = ((*HEAD, "PROGRESSION"), *((who, day, "", "Diagnosis", word) for who, day, word in said))
    follow = _portal(tmp_path, SURVIVAL, progression=rows).tables["follow_up"].sort("patient_id")
    assert follow.select("progression_day", "progression_free_day").rows() == [(110, 50), (None, 70)]


def test_a_death_of_the_disease_contradicts_a_living_patient(tmp_path):
    patients = (("PATIENT_ID", "OS_MONTHS", "OS_STATUS", "DSS_STATUS"), ("A", 20, "0:LIVING", "1:DEAD WITH TUMOR"))
    reading = _portal(tmp_path, patients)
    assert reading.tables["follow_up"]["is_dead"].to_list() == [None]
    assert any("OS_STATUS and DSS_STATUS contradict" in p.message for p in reading.problems)


def test_a_problem_of_a_timeline_names_its_own_file(tmp_path):
    """The first timeline of the folder was named for every table."""
    treated = ((*HEAD, "AGENT"), ("A", 1, 5, "TREATMENT", "XYZ-123"))
    surgery = ((*HEAD, "EVENT_TYPE_DETAILED"), ("A", -20, "", "SURGERY", "Radical prostatectomy"))
    reading = _portal(tmp_path, SURVIVAL, surgery=surgery, treatment=treated)
    assert reading.sources["treatments"] == "data_timeline_treatment.txt"
    assert reading.sources["procedures"] == "data_timeline_surgery.txt"
    assert reading.tables["procedures"]["kind"].to_list() == ["primary_resection"]


def test_a_resection_of_a_timeline_is_of_its_site(tmp_path):
    """Of a resection without a site nobody knows what was taken out."""
    head = (*HEAD, "EVENT_TYPE_DETAILED", "SITE")
    rows = [
        ("A", day, "", "SURGERY", "Resection", site) for day, site in ((-20, "Sigmoid colon"), (9, "Liver"), (30, ""))
    ]
    kinds = _portal(tmp_path, SURVIVAL, surgery=(head, *rows)).tables["procedures"].sort("day")["kind"]
    assert kinds.to_list() == ["primary_resection", "metastasectomy", "resection"]


def _bundle(path, *resources):
    subject = {"reference": "Patient/p1"}
    entry = [{"resource": {"subject": subject, **r}} for r in resources]
    path.write_text(json.dumps({"resourceType": "Bundle", "entry": entry}))
    return read_fhir(path)


def test_a_planned_drug_is_not_given_and_a_metastasis_is_found(tmp_path):
    """FHIR R4: MedicationRequest.intent plan and proposal are no order; mCODE: secondary cancer condition."""
    drug, colon = {"text": "bevacizumab"}, {"coding": [{"display": "Malignant neoplasm of colon"}]}
    liver = {"coding": [{"code": "C78.7", "display": "Secondary malignant neoplasm of liver"}]}
    reading = _bundle(
        tmp_path / "b.json",
        {"resourceType": "Patient", "id": "p1"},
        {"resourceType": "Condition", "code": colon, "onsetDateTime": "2019-01-15"},
        {"resourceType": "Condition", "code": liver, "onsetDateTime": "2020-02-10"},
        {"resourceType": "MedicationRequest", "intent": "plan", "status": "active", "authoredOn": "2020-03-01"}
        | {"medicationCodeableConcept": drug},
        {"resourceType": "Procedure", "status": "completed", "code": {"text": "Right hemicolectomy"}}
        | {"performedDateTime": "2019-02-01"},
    )
    assert "treatments" not in reading.tables
    assert any("intent plan" in note for note in reading.notes)
    lesions = reading.tables["lesions"].select("patient_id", "role", "site", "found_date").rows()
    assert lesions == [("p1", "metastasis", "liver", "2020-02-10")]
    assert reading.tables["procedures"]["kind"].to_list() == ["primary_resection"]
    patient = reading.tables["patients"].row(0, named=True)
    assert (patient["primary_site"], patient["index_date"]) == ("right colon", "2019-01-15")


@pytest.mark.parametrize(
    ("words", "kind", "site"),
    [
        ("Right hemicolectomy", "primary_resection", "right colon"),
        ("腹腔镜下右半结肠切除术", "primary_resection", "right colon"),
        ("乙状结肠癌根治术", "primary_resection", "left colon"),
        ("Low anterior resection", "primary_resection", "rectum"),
        ("robot-assisted radical prostatectomy", "primary_resection", "prostate"),
        ("肝转移瘤切除术", "metastasectomy", None),
        ("Wedge resection of liver", "metastasectomy", None),
        ("Core needle biopsy of prostate", "biopsy", None),
        ("双侧睾丸切除术", "orchiectomy", None),
        ("SBRT radiation", "radiotherapy", None),
        ("Sigmoid colon resection", "primary_resection", "left colon"),
        ("resection of the right colon", "primary_resection", "right colon"),
        ("Colon resection", "primary_resection", None),
        ("Resection of the left lung", "metastasectomy", None),
        ("resection of liver metastasis", "metastasectomy", None),
    ],
)
def test_procedures_have_one_home_for_their_words(words, kind, site):
    assert procedure_of(words) == (kind, site)


@pytest.mark.parametrize("words", ["resection", "resection of colon polyp", "small bowel resection", "TURP"])
def test_an_operation_that_may_not_be_of_the_tumour_has_no_kind(words):
    assert procedure_of(words) is None


def test_sdtm_procedures_ask_the_same_home():
    from oncourse.io.reading import Reading
    from oncourse.study.config import StudyConfig

    pr = pl.DataFrame({"USUBJID": ["P"], "PRTRT": ["Left hemicolectomy"], "PRSTDTC": ["2019-01-02"]})
    assert procedures(pr, "pr.csv", Reading({}, StudyConfig()))["kind"].to_list() == ["primary_resection"]


def test_omop_names_of_values_and_secondary_conditions_are_understood(tmp_path):
    """The concept name of LOINC 2857-1 was no PSA, so that a study had none; C78.7 was passed over."""
    comma = {"separator": ","}
    _table(tmp_path / "person.csv", ("person_id", "gender_concept_id", "year_of_birth"), (1, 8507, 1955), **comma)
    columns = ("person_id", "condition_concept_id", "condition_start_date", "condition_source_value")
    conditions = ((1, 0, "2015-01-01", "I10"), (1, 0, "2019-01-01", "C18.0"), (1, 0, "2019-08-01", "C78.7"))
    _table(tmp_path / "condition_occurrence.csv", columns, *conditions, **comma)
    _table(
        tmp_path / "death.csv",
        ("person_id", "death_date", "cause_source_value"),
        (1, "2020-05-01", "colon cancer"),
        **comma,
    )
    psa = "Prostate specific Ag [Mass/volume] in Serum or Plasma"
    columns = ("person_id", "measurement_date", "measurement_source_value", "value_as_number", "unit_source_value")
    _table(tmp_path / "measurement.csv", columns, (1, "2019-01-15", psa, 5, "ng/mL"), **comma)
    tables, _ = checked(read_omop(tmp_path))
    assert tables["labs"].select("day", "analyte").rows() == [
        (14, "PSA")
    ]  # day 0 is the cancer, not high blood pressure
    assert tables["lesions"].select("role", "found_day").rows() == [("metastasis", 212)]
    assert tables["follow_up"]["cause_of_death"].to_list() == ["cancer"]


def test_loinc_and_chinese_long_names_of_analytes():
    assert analyte_of("Carcinoembryonic Ag [Mass/volume] in Serum or Plasma") == "CEA"
    assert analyte_of("TESTOS") == "testosterone" and analyte_of("癌胚抗原(CEA)") == "CEA"
    assert analyte_of("Prostate specific Ag Free/Prostate specific Ag total in Serum or Plasma") is None


def test_full_width_digits_of_a_value_are_digits():
    assert tidy_values(pl.Series(["５.６↑", "＞１０００", "１２，５"]))["value"].to_list() == ["5.6", ">1000", "12.5"]


def test_a_time_that_contradicts_its_dates_is_told(tmp_path):
    """ADaM: AVAL is ADT - STARTDT + 1 in the unit AVALU."""
    comma = {"separator": ","}
    _table(tmp_path / "adsl.csv", ("USUBJID", "RANDDT"), ("P1", 21550), ("P2", 21550), **comma)
    columns = ("USUBJID", "PARAMCD", "AVAL", "AVALU", "CNSR", "STARTDT", "ADT")
    rows = (("P1", "OS", 15, "MONTHS", 1, 21550, 22000), ("P1", "PFS", 90, "DAYS", 0, 21550, 21700))
    _table(tmp_path / "adtte.csv", columns, *rows, ("P2", "PFS", 251, "DAYS", 0, 21550, 21800), **comma)
    _table(tmp_path / "adtr.csv", ("USUBJID", "PARAMCD"), ("P1", "LDIAM"), **comma)
    reading = read_adam(tmp_path)
    told = [p.message for p in reading.problems if "contradicts ADT" in p.message]
    assert told == ["AVAL contradicts ADT - STARTDT in 1 records (first: P1, PFS): the dates are used."]
    assert any("adtr.csv" in note for note in reading.notes)


def test_the_gdc_follow_up_file_beside_clinical_tsv_is_not_ours(tmp_path):
    """A GDC download holds follow_up.tsv; the folder was taken for one of ours. Tumour free is free of recurrence."""
    clinical = ("cases.submitter_id", "demographic.vital_status", "diagnoses.days_to_last_follow_up")
    _table(tmp_path / "clinical.tsv", clinical, ("T-1", "Alive", 900), ("T-2", "Alive", 500))
    columns = ("days_to_follow_up", "disease_response", "progression_or_recurrence", "days_to_recurrence")
    rows = (("T-1", 400, "WT-With Tumor", "Yes", 380), ("T-2", 500, "TF-Tumor Free", "No", "'--"))
    _table(tmp_path / "follow_up.tsv", ("cases.submitter_id", *(f"follow_ups.{c}" for c in columns)), *rows)
    assert detect(tmp_path) == "gdc"
    follow = read_gdc(tmp_path).tables["follow_up"]
    assert follow.select("recurrence_day", "recurrence_free_day").rows() == [("380", None), (None, "500")]
    assert follow["progression_day"].to_list() == [None, None]  # the visit that tells the recurrence is no second event


def test_phenopackets_dated_by_time_stamps_are_read(tmp_path):
    """Phenopacket v2: a TimeElement may be a timestamp; all of it was left out as without a time."""

    def at(date):
        return {"timestamp": f"{date}T00:00:00Z"}

    onset, interval = at("2019-01-01"), {"start": "2019-01-10T00:00:00Z", "end": "2019-12-01T00:00:00Z"}
    packet = {
        "metaData": {"phenopacketSchemaVersion": "2.0"},
        "subject": {"id": "P1", "vitalStatus": {"status": "DECEASED", "timeOfDeath": at("2020-05-01")}},
        "diseases": [{"term": {"label": "Prostate Carcinoma"}, "onset": onset}],
        "measurements": [
            {"assay": {"label": "PSA"}, "value": {"quantity": {"value": 12.5}}, "timeObserved": at("2019-01-02")}
        ],
        "medicalActions": [
            {"treatment": {"agent": {"label": "Enzalutamide"}, "doseIntervals": [{"interval": interval}]}}
        ],
    }
    (tmp_path / "p.json").write_text(json.dumps(packet))
    tables = read_phenopackets(tmp_path).tables
    assert tables["follow_up"].select("last_contact_day", "death_day").rows() == [("486", "486")]
    assert tables["labs"].select("day", "value").rows() == [("1", "12.5")]
    assert tables["treatments"].select("start_day", "stop_day").rows() == [("9", "334")]


def test_the_last_contact_is_no_day_of_death_where_others_have_one():
    """Without any day of death the column last_contact_day holds them, as the data dictionary says."""
    rows = {"patient_id": ["a", "b"], "last_contact_day": [500, 600], "is_dead": [True, True], "death_day": [None, 620]}
    mixed = people(pl.DataFrame(rows))
    assert mixed.select("dead_day", "is_status_known").rows() == [(None, False), (620, True)]
    assert mixed["status_word"][0] == "dead, on a day that is not known"
    none = people(pl.DataFrame(rows).with_columns(pl.lit(None, pl.Int64).alias("death_day")))
    assert none.select("dead_day", "is_status_known").rows() == [(500, True), (600, True)]


def test_genie_bpc_markers_radiotherapy_metastases_and_second_primaries(tmp_path):
    """AACR GENIE BPC release files that were noted as not read; names as in the releases (tm_level_dataset ...)."""
    comma = {"separator": ","}
    columns = ("record_id", "ca_seq", "dob_ca_dx_days", "tt_os_dx_days", "os_dx_status", "dx_to_dmets_liver_days")
    _table(tmp_path / "cancer_level_dataset_index.csv", columns, ("G1", 0, 20000, 800, 1, 120), **comma)
    others = (("G1", 1, "Breast Cancer", 19000), ("G1", 2, "Lung Cancer", 20300))
    columns = ("record_id", "ca_seq", "ca_type", "dob_ca_dx_days")
    _table(tmp_path / "cancer_level_dataset_non_index.csv", columns, *others, **comma)
    columns = ("record_id", "tm_type", "tm_num_result", "tm_result_units", "dx_tm_days")
    _table(tmp_path / "tm_level_dataset.csv", columns, ("G1", "CEA", ">1000", "ng/mL", 400), **comma)
    columns = ("record_id", "ca_seq", "dx_rt_start_days")
    _table(tmp_path / "ca_radtx_dataset.csv", columns, ("G1", 0, 500), ("G1", 2, 600), **comma)
    tables, _ = checked(read_genie_bpc(tmp_path))
    assert tables["follow_up"]["second_primary_day"].to_list() == [300]
    assert tables["labs"].select("day", "analyte", "value").rows() == [(400, "CEA", ">1000")]
    assert tables["procedures"].select("day", "kind").rows() == [(500, "radiotherapy")]
    assert tables["lesions"].select("site", "found_day").rows() == [("liver", 120)]


def test_an_operation_and_a_date_of_birth_of_a_redcap_export_are_read(tmp_path):
    """Both were listed as columns not read."""
    head = "record_id,redcap_repeat_instrument,redcap_repeat_instance,dob,dx_date,surgery_date,surgery_type,last_fu"
    row = "1,,,1950-02-01,2018-01-10,2018-02-01,右半结肠切除术,2019-01-10"
    (tmp_path / "x_DATA.csv").write_text(f"{head}\n{row}\n")
    tables, _ = checked(read_redcap(tmp_path))
    assert tables["procedures"].select("day", "kind").rows() == [(22, "primary_resection")]
    assert tables["patients"].select("age_years", "primary_site").rows() == [(67.94, "right colon")]


def test_a_column_is_not_read_where_none_of_the_tables_reads_it(tmp_path):
    """Each table of a mapping listed what the others read."""
    (tmp_path / "t.csv").write_text("ID,DX,OP,FU,WHO\nP1,2019-01-10,2019-01-20,2021-05-01,x\n")
    parts = (
        "{table: patients, columns: {patient_id: ID, index_date: DX}}",
        "{table: follow_up, columns: {patient_id: ID, last_contact_date: FU}}",
        "{table: procedures, columns: {patient_id: ID, date: OP}, constants: {kind: colectomy}}",
    )
    (tmp_path / "m.yaml").write_text("tables:\n" + "".join(f"- {p}\n" for p in parts))
    reading = read_mapped(tmp_path / "t.csv", tmp_path / "m.yaml")
    assert [n for n in reading.notes if "not read" in n] == ["t.csv: columns not read: WHO"]


def test_two_origins_are_told_and_progression_without_scans_is_the_sources():
    """DFS counted from the diagnosis, recurrence from the operation; PFS of follow_up was "by RECIST alone"."""
    made = simulate_study("mcrpc", 12, seed=5)
    follow = made.tables["follow_up"].with_columns(
        pl.lit(100).cast(pl.Int64).alias("recurrence_day"), pl.lit(200).cast(pl.Int64).alias("progression_day")
    )
    done = pl.DataFrame({"patient_id": follow["patient_id"], "day": 60, "kind": "primary_resection"})
    none = {n: made.tables[n].clear() for n in ("assessments", "target_lesions", "treatments") if n in made.tables}
    tables = {**made.tables, **none, "follow_up": follow, "procedures": done.with_columns(pl.col("day").cast(pl.Int64))}
    cohort = Cohort(Study(made.config, tables))
    result = endpoints(cohort, EndpointParams())
    assert any("With endpoints.origin = surgery both count from there" in n for n in result.notes)
    assert "progression-free survival as the source records it" in result.answer


#: Two rows of three columns, written by pyreadstat 1.x (file_format_version=8); zlib, base64.
_XPORT_8 = (
    "eNrFVEtqwzAUlNMsSk/Q5es2C2OrxtTePUeidvEPSTHdmSYhF+ipeo5erFIdQrDlOnUKHXhID4lhZp5QypFxAYKvK8FWHfIsaZ4AID0/e+jg/Q"
    "gAiRIMzlZNBxC6Xmj67fs+cCmMgkZl1dAw9qM4iGKP9nu4EqnFb8GLb8MX+fXD0y7w7HxMrmulCa/JL6/KZ4VJzkssuMWHvsdQ4SDX/8hPS5ST"
    "fh/tfsmCEF3ORm6Sl4z9Wg85ot9P8REbHF23ZIGtSb9tZmlxBlpOfCgyM9G2P1KrFpPLktwooV7VjDmN5HI3xWeT8tfvpUrk6P/S+w0GfLWP95"
    "2qt+0OauoeNe4/Pw5z9H0B6S3K4w=="
)


def test_transport_files_of_version_8_have_long_names(tmp_path):
    """They were refused; the layout is SAS technical note TS-140, as pyreadstat writes it."""
    (tmp_path / "x.xpt").write_bytes(zlib.decompress(base64.b64decode(_XPORT_8)))
    frame = read_xport(tmp_path / "x.xpt")
    assert frame.columns == ["USUBJID", "A_LONG_VARIABLE_NAME", "TRTXT"]
    assert frame.rows() == [("P1", 1.5, "abc"), ("P2", None, "d\u00e9f")]


def test_the_accepted_records_of_several_readers_are_the_committees(tmp_path):
    """SDTM: RSACPTFL says which reader's record counts, visit by visit."""
    comma = {"separator": ","}
    columns = ("USUBJID", "RFSTDTC", "RFXSTDTC", "ARMCD")
    _table(tmp_path / "dm.csv", columns, ("P1", "2019-01-10", "2019-01-10", "A"), **comma)
    columns = ("USUBJID", "RSTESTCD", "RSSTRESC", "RSEVAL", "RSEVALID", "RSACPTFL", "VISIT", "RSDTC")
    said = (("SD", 1, "", "W8", "2019-03-05"), ("PR", 2, "Y", "W8", "2019-03-05"), ("PD", 1, "Y", "W16", "2019-05-01"))
    rows = (("P1", "OVRLRESP", w, "INDEPENDENT ASSESSOR", f"R{n}", flag, v, d) for w, n, flag, v, d in said)
    _table(tmp_path / "rs.csv", columns, *rows, **comma)
    tables, _ = checked(read_sdtm(tmp_path))
    committee = tables["assessments"].filter(pl.col("evaluator") == "independent assessor")
    assert committee.sort("day")["overall"].to_list() == ["PR", "PD"]
    assert tables["assessments"].height == 5


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        ("secondary malignant neoplasm of liver", True),
        ("metastatic malignant neoplasm to bone", True),
        ("肝转移", True),
        ("non-metastatic castration-resistant prostate cancer", False),
        ("metastatic castration-resistant prostate cancer", False),
        ("colon cancer without metastases", False),
        ("未见转移", False),
        ("转移性前列腺癌", False),
    ],
)
def test_a_denied_metastasis_and_the_name_of_a_stage_are_no_lesion(words, is_one):
    assert (re.search(METASTASIS_WORDS, words) is not None) == is_one


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("no metastasis", ""),
        ("recurrence: none", "recurrence_free"),
        ("without recurrence", "recurrence_free"),
        ("not progressed", "progression_free"),
        ("progressive disease", "progression"),
        ("distant metastasis", "metastasis"),
        ("alive with disease", "alive"),
        ("castrate-resistant", None),
    ],
)
def test_denied_events_of_a_status_are_no_events(status, says):
    assert _word(status) == says


def test_radiotherapy_of_the_gdc_is_read_and_what_was_not_given_is_not(tmp_path):
    """Rows without a drug were passed over without a word."""
    columns = ("vital_status", "days_to_last_follow_up", "treatment_type", "therapeutic_agents")
    head = ("case_submitter_id", *columns, "treatment_or_therapy", "days_to_treatment_start")
    rows = (
        ("T-1", "Alive", 900, "Radiation Therapy, NOS", "'--", "yes", 40),
        ("T-2", "Alive", 900, "Radiation Therapy, NOS", "'--", "yes", "'--"),
        ("T-3", "Alive", 900, "Pharmaceutical Therapy, NOS", "Oxaliplatin", "no", 30),
    )
    _table(tmp_path / "clinical.tsv", head, *rows)
    reading = read_gdc(tmp_path)
    assert reading.tables["procedures"].select("patient_id", "day", "kind").rows() == [("T-1", "40", "radiotherapy")]
    assert "treatments" not in reading.tables
    assert sum("without a day of start" in n or "said not to be given" in n for n in reading.notes) == 2


def test_a_source_that_says_of_nobody_whether_they_live_leaves_it_unknown(tmp_path):
    """OMOP without its table of deaths, FHIR without any deceased[x]: everybody was alive at the last contact."""
    from oncourse.io.clinical.fhir import read_fhir
    from oncourse.io.clinical.omop import read_omop

    (tmp_path / "o").mkdir()
    for name, text in {
        "person": "person_id,gender_concept_id,year_of_birth\n1,8507,1950\n",
        "condition_occurrence": "person_id,condition_concept_id,condition_start_date,condition_source_value\n"
        "1,4163261,2018-01-10,C61\n",
        "observation_period": "person_id,observation_period_start_date,observation_period_end_date\n"
        "1,2010-01-01,2020-05-01\n",
    }.items():
        (tmp_path / "o" / f"{name}.csv").write_text(text)
    assert read_omop(tmp_path / "o").tables["follow_up"]["is_dead"].to_list() == [None]
    (tmp_path / "o/death.csv").write_text("person_id,death_date\n")
    assert read_omop(tmp_path / "o").tables["follow_up"]["is_dead"].to_list() == ["false"]

    def bundle(**more):
        cancer = {"coding": [{"system": "http://snomed.info/sct", "code": "363406005", "display": "colon cancer"}]}
        rows = [{"resourceType": "Patient", "id": "a"}, {"resourceType": "Patient", "id": "b", **more}]
        rows += [
            {
                "resourceType": "Condition",
                "id": f"c{p}",
                "subject": {"reference": f"Patient/{p}"},
                "code": cancer,
                "onsetDateTime": "2018-01-10",
            }
            for p in "ab"
        ]
        seen = {"resourceType": "Encounter", "period": {"start": "2020-05-01"}}
        rows += [{**seen, "id": f"e{p}", "subject": {"reference": f"Patient/{p}"}} for p in "ab"]
        path = tmp_path / f"{len(more)}.json"
        entry = [{"resource": r} for r in rows]
        path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}))
        return read_fhir(path).tables["follow_up"]["is_dead"].to_list()

    assert bundle() == [None, None] and bundle(deceasedBoolean=False) == ["false", "false"]


def test_procedures_whose_kind_no_column_tells_are_read(tmp_path):
    """Found by the fuzzer: without a word for any of two operations the import ended as a fault of oncourse."""
    from oncourse.io.clinical.timeline import read_timelines

    path = tmp_path / "data_timeline_surgery.txt"
    path.write_text("PATIENT_ID\tSTART_DATE\tSTOP_DATE\nP1\t5\t\nP2\t9\t\n")
    (found,) = read_timelines([path]).tables["procedures"]
    assert found.select("patient_id", "day", "kind").rows() == [("P1", 5, "surgery"), ("P2", 9, "surgery")]


@pytest.mark.parametrize(
    ("condition", "is_one"),
    [
        ({"code": {"coding": [{"code": "C78.7"}], "text": "Hepatic lesion"}}, True),  # ICD-10 alone
        ({"code": {"coding": [{"code": "C77"}]}}, True),
        ({"code": {"coding": [{"code": "C80"}]}}, False),
        ({"code": {"coding": [{"code": "C18.7"}], "text": "Sigmoid cancer"}}, False),
        ({"code": {"text": "Secondary malignant neoplasm of liver"}}, True),  # its words alone
        ({"meta": {"profile": ["http://hl7.org/StructureDefinition/mcode-secondary-cancer-condition"]}}, True),
        ({"meta": {"profile": ["http://hl7.org/StructureDefinition/mcode-primary-cancer-condition"]}}, False),
        ({}, False),
    ],
)
def test_a_condition_is_a_metastasis_by_its_profile_its_code_or_its_words(condition, is_one):
    """mCODE STU 3, secondary cancer condition; ICD-10 C77-C79, secondary malignant neoplasms."""
    assert _is_secondary(condition) is is_one


@pytest.mark.parametrize(
    ("condition", "is_one"),
    [
        ({"code": {"coding": [{"code": "C18.7"}], "text": "Sigmoid lesion"}}, True),  # ICD-10 alone
        ({"code": {"coding": [{"code": "1", "display": "Malignant tumor of colon"}]}}, True),  # the display alone
        ({"code": {"text": "结肠癌"}}, True),
        ({"meta": {"profile": ["http://hl7.org/StructureDefinition/mcode-primary-cancer-condition"]}}, True),
        ({"code": {"coding": [{"code": "I10"}], "text": "Hypertension"}}, False),
        ({"code": {"coding": [{"code": "C18.7"}]}, "verificationStatus": {"coding": [{"code": "refuted"}]}}, False),
        ({"code": {"coding": [{"code": "C18.7"}]}, "verificationStatus": {"coding": [{"code": "confirmed"}]}}, True),
        ({}, False),
    ],
)
def test_a_condition_is_a_cancer_by_its_profile_its_code_or_its_words_unless_it_was_refuted(condition, is_one):
    """FHIR R4 Condition.verificationStatus: refuted and entered-in-error say that nobody has it."""
    assert _is_cancer(condition) is is_one


@pytest.mark.parametrize(
    ("told", "index"),
    [
        ([(0, "2020-05-20"), (0, "2020-05-02")], (0, "2020-05-02")),  # the earliest
        ([(0, "2020-05"), (0, "2020-05-20")], (0, "2020-05-20")),  # of a month and a day of it the day
        ([(0, "2020-05-20"), (0, "2020-05")], (0, "2020-05-20")),
        ([(0, "2020-05"), (0, "2020-06-01")], (0, "2020-05")),
        ([(1, "2019-01-01"), (0, "2020-05")], (0, "2020-05")),  # the better source, also where it is later
        ([(1, "2020-05")], None),  # a month of a lesser source says no day
        ([(0, "2020")], None),
        ([(0, None)], None),
    ],
)
def test_the_day_a_patient_is_counted_from_is_the_earliest_of_the_best_source(told, index):
    found: dict[str, tuple[int, str]] = {}
    for rank, text in told:
        _first(found, "P", rank, text)
    assert found.get("P") == index
