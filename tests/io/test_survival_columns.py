"""Survival as exports write it: months or days, one status or vital status with days to death and last contact."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.clinical.survival import follow_up
from oncourse.io.clinical.words import event
from oncourse.io.files import read_files
from oncourse.io.reading import Reading
from oncourse.study.config import StudyConfig

COLUMNS = ["patient_id", "last_contact_day", "is_dead", "death_day"]
NOBODY = pl.DataFrame(schema={"PATIENT_ID": pl.String, "SAMPLE_ID": pl.String})


def table(**columns):
    frame = pl.DataFrame({"PATIENT_ID": ["A", "B", "C"], **columns})
    return frame.with_columns(pl.all().cast(pl.String))


SAME = {
    "months": table(OS_MONTHS=[12, 24, None], OS_STATUS=["1:DECEASED", "0:LIVING", "0:LIVING"]),
    "days": table(**{"OS.TIME": [365, 730, None], "OS": [1, 0, 0]}),
    "days of the clinical data resource": table(**{"CDR_OS.TIME": [365, 730, None], "CDR_OS": ["1", "0", "0"]}),
    "vital status": table(
        VITAL_STATUS=["Dead", "Alive", "Alive"], DAYS_TO_DEATH=[365, None, None], DAYS_TO_LAST_FOLLOWUP=[200, 730, None]
    ),
    "the latest of two contacts": table(
        VITAL_STATUS=["1", "0", "0"],
        DAYS_TO_DEATH=[365, None, None],
        DAYS_TO_LAST_FOLLOWUP=[200, 100, None],
        DAYS_TO_LAST_KNOWN_ALIVE=[None, 730, None],
    ),
}


@pytest.mark.parametrize("spelling", SAME)
def test_one_follow_up(spelling):
    """12 x 30.4375 = 365.25, 24 x 30.4375 = 730.5 (rounded to even: 730); a patient without a time is noted."""
    reading = Reading({}, StudyConfig())
    found, _ = follow_up(SAME[spelling], NOBODY, reading)
    assert found.select(COLUMNS).rows() == [("A", 365, True, 365), ("B", 730, False, None)]
    assert any("1 patients have no survival time" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1:DECEASED", True),
        ("DECEASED", True),
        ("Dead", True),
        ("1", True),
        ("0:LIVING", False),
        ("LIVING", False),
        ("alive", False),
        ("0", False),
        ("UNKNOWN", None),
        ("", None),
        ("1:Recurred/Progressed", True),
        ("0:DiseaseFree", False),
        ("1:PROGRESSION", True),
        ("0:CENSORED", False),
        ("0:ALIVE OR DEAD TUMOR FREE", False),
        ("1:DEAD WITH TUMOR", True),
        ("maybe", None),
    ],
)
def test_spellings_of_a_status(text, expected):
    assert event(text) is expected


def test_a_strange_status_is_told():
    reading = Reading({}, StudyConfig())
    follow_up(table(OS_MONTHS=[1, 2, 3], OS_STATUS=["maybe", "DEAD", "UNKNOWN"]), NOBODY, reading)
    assert [(p.value, p.severity) for p in reading.problems] == [("maybe", "warning")]


def test_words_of_tumour_registries_say_who_lives():
    """DOD, AWD and NED were no known status, and half the patients of unknown life; lost is alive when last seen."""
    reading = Reading({}, StudyConfig())
    told, _ = follow_up(table(OS_MONTHS=[1, 2, 3], OS_STATUS=["DOD", "AWD", "Lost to follow-up"]), NOBODY, reading)
    assert told["is_dead"].to_list() == [True, False, False] and not reading.problems


def test_a_death_by_cancer_specific_survival_has_its_cause():
    reading = Reading({}, StudyConfig())
    status = {"OS_STATUS": ["1", "1", "0"], "CSS_MONTHS": [1, 2, 3], "CSS_STATUS": ["1", "0", "0"]}
    told, _ = follow_up(table(OS_MONTHS=[1, 2, 3], **status), NOBODY, reading)
    assert told["cause_of_death"].to_list() == ["cancer", "other", None]


def test_tcga_with_its_clinical_tables(shared_data):
    """MC3 READ: 150 samples of 149 patients, each with follow-up; deaths as CDR_OS counts them."""
    folder = shared_data("tcga_crc_prad_maf")
    found = read_files([folder / "mc3_READ.maf.gz"], clinical=[folder / "mc3_READ_clinical.tsv.gz"])
    clinical = pl.read_csv(folder / "mc3_READ_clinical.tsv.gz", separator="\t", infer_schema=False)
    one = clinical.unique("Tumor_Sample_Barcode_min", keep="first", maintain_order=True)
    assert found.tables["follow_up"].height == 149
    assert found.tables["follow_up"]["is_dead"].sum() == (one["CDR_OS"] == "1").sum()


def test_what_contradicts_itself_is_one_patients_error():
    """A stay of -1 month became a last contact on day -30; DECEASED beside ALIVE was dead; PFS outlived OS."""
    frame = table(
        OS_MONTHS=[20, -1, 20],
        OS_STATUS=["1:DECEASED", "0:LIVING", "1:DECEASED"],
        VITAL_STATUS=["ALIVE", "ALIVE", "DECEASED"],
        PFS_MONTHS=[10, 5, 30],
        PFS_STATUS=["0:CENSORED"] * 3,
    )
    reading = Reading({}, StudyConfig())
    found, published = follow_up(frame, NOBODY, reading)
    by = {r["patient_id"]: r for r in found.iter_rows(named=True)}
    assert (by["A"]["is_dead"], by["A"]["death_day"], by["A"]["progression_free_day"]) == (None, None, 304)
    assert (by["C"]["is_dead"], by["C"]["progression_free_day"]) == (True, None)
    assert by["B"]["last_contact_day"] == 152  # of the progression-free time: overall survival is not known
    assert published.filter(pl.col("endpoint") == "OS")["patient_id"].to_list() == ["A", "C"]
    assert [
        w in " ".join(p.message for p in reading.problems) for w in ("before day 0", "contradict", "ends after")
    ] == [True, True, True]
