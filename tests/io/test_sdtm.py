"""CDISC SDTM oncology domains as a study; SAS transport files."""

from __future__ import annotations

import struct

import numpy as np
import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.cdisc.sdtm import find_domains, is_sdtm, read_sdtm
from oncourse.io.cdisc.sdtm_events import plain_date
from oncourse.io.clinical.redcap import _role
from oncourse.io.tabular.xport import ibm_to_float, read_xport
from oncourse.study.validate import validate

DM = """USUBJID,SEX,AGE,RFSTDTC,RFPENDTC,DTHFL,DTHDTC,ARM
S1,F,63,2020-01-10,2020-12-01,,,A
S2,M,70,2020-02-01,2020-06-01,Y,2020-06-01,B
S3,M,55,,,,,screen failure
"""
EX = """USUBJID,EXTRT,EXSTDTC,EXENDTC
S1,DRUG A,2020-01-10,2020-03-01
S1,DRUG A,2020-03-02,2020-05-01
S2,DRUG B,2020-02-01T08:00,2020-04-01
"""
TU = """USUBJID,TULNKID,TULOC,TUORRES
S1,T01,LIVER,TARGET
S1,T02,LYMPH NODE,TARGET
"""
TR = """USUBJID,TRGRPID,TRLNKID,TRTESTCD,TRORRES,TRORRESU,TRSTRESC,TRSTRESN,TRSTRESU,TRSTAT,TREVAL,TREVALID,VISIT,TRDTC
S1,TARGET,T01,LDIAM,2.5,cm,25,25,mm,,INVESTIGATOR,,BASE,2020-01-05
S1,TARGET,T01,LPERP,20,mm,20,20,mm,,INVESTIGATOR,,BASE,2020-01-05
S1,TARGET,T02,LDIAM,22,mm,22,22,mm,,INVESTIGATOR,,BASE,2020-01-05
S1,TARGET,T02,LPERP,16,mm,16,16,mm,,INVESTIGATOR,,BASE,2020-01-05
S1,NON-TARGET,NT1,TUMSTATE,PRESENT,,PRESENT,,,,INVESTIGATOR,,BASE,2020-01-05
S1,TARGET,T01,LDIAM,TOO SMALL TO MEASURE,,TOO SMALL TO MEASURE,,,,INVESTIGATOR,,WEEK 8,2020-03
S1,TARGET,T02,LPERP,8,mm,8,8,mm,,INVESTIGATOR,,WEEK 8,2020-03-09
S1,NON-TARGET,NT1,TUMSTATE,ABSENT,,ABSENT,,,,INVESTIGATOR,,WEEK 8,2020-03-09
S1,TARGET,T01,LDIAM,,,,,,NOT DONE,INVESTIGATOR,,WEEK 16,2020-05-04
S1,TARGET,T02,LPERP,9,mm,9,9,mm,,INVESTIGATOR,,WEEK 16,2020-05-04
S1,NEW,N1,TUMSTATE,EQUIVOCAL,,EQUIVOCAL,,,,INVESTIGATOR,,WEEK 16,2020-05-04
S1,TARGET,T01,LDIAM,26,mm,26,26,mm,,INDEPENDENT ASSESSOR,RADIOLOGIST 1,BASE,2020-01-05
"""
RS = """USUBJID,RSTESTCD,RSORRES,RSSTRESC,RSEVAL,RSEVALID,VISIT,RSDTC
S1,OVRLRESP,PR,PR,INVESTIGATOR,,WEEK 8,2020-03-09
"""


@pytest.fixture
def folder(tmp_path):
    for name, text in (("dm", DM), ("ex", EX), ("tu", TU), ("tr_onco", TR), ("rs", RS)):
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def test_tables(folder):
    assert is_sdtm(folder)
    reading = read_sdtm(folder)
    tables, problems = validate(reading.tables, reading.config)
    assert not [str(p) for p in problems if p.severity == "error"]
    assert tables["patients"]["patient_id"].to_list() == ["S1", "S2"]  # a screen failure has no day 0
    assert tables["patients"]["sex"].to_list() == ["female", "male"]
    assert tables["follow_up"].select("last_contact_day", "is_dead", "death_day").rows() == [
        (326, False, None),
        (121, True, 121),
    ]
    assert tables["treatments"].select("drugs", "start_day", "stop_day").rows() == [
        ("drug a", 0, 112),
        ("drug b", 0, 60),
    ]


def test_diameters(folder):
    """Longest diameter of a lesion, short axis of a node; too small, not done; partial date from the visit."""
    tables, _ = validate(read_sdtm(folder).tables, read_sdtm(folder).config)
    rows = tables["target_lesions"].filter(pl.col("evaluator") == "investigator")
    assert rows.select("day", "lesion_id", "diameter_mm", "is_node", "status").rows() == [
        (-5, "T01", 25.0, False, "measured"),
        (-5, "T02", 16.0, True, "measured"),
        (59, "T01", None, False, "too_small"),
        (59, "T02", 8.0, True, "measured"),
        (115, "T01", None, False, "not_evaluable"),
        (115, "T02", 9.0, True, "measured"),
    ]
    assert "independent assessor: radiologist 1" in tables["target_lesions"]["evaluator"].to_list()


def test_assessments_from_single_lesions(folder):
    """Non-target response and new lesions come from TR where RS does not give them; silence is not "none"."""
    tables, _ = validate(read_sdtm(folder).tables, read_sdtm(folder).config)
    rows = tables["assessments"].sort("day").select("day", "non_target", "new_lesions", "overall").rows()
    assert rows == [
        (-5, "NON-CR/NON-PD", None, None),
        (59, "CR", None, "PR"),
        (115, None, "equivocal", None),
    ]


def test_a_partial_date_without_a_full_one_is_listed(folder):
    (folder / "rs.csv").write_text(RS.replace("WEEK 8,2020-03-09", "WEEK 30,2020-08"))
    reading = read_sdtm(folder)
    assert [str(p) for p in reading.problems] == [
        "RS.RSDTC, row 2 (S1): '2020-08' is not a full date: 2020-08-01 to 2020-08-31, taken as 2020-08-01. Give the "
        "day; a response is dated to it."
    ]


def test_two_files_of_a_domain_are_refused(folder):
    (folder / "tr_recist.csv").write_text(TR)
    with pytest.raises(InputError, match="two files of one SDTM domain"):
        find_domains(folder)


def test_a_folder_without_domains(tmp_path):
    assert not is_sdtm(tmp_path)
    with pytest.raises(InputError, match="no SDTM domain"):
        find_domains(tmp_path)


def test_a_file_that_is_no_domain(folder):
    (folder / "rs.csv").write_text("A,B\n1,2\n")
    with pytest.raises(InputError, match="no column USUBJID"):
        read_sdtm(folder)


def _ibm(value: float) -> bytes:
    """IBM double by its definition: sign, exponent of 16 plus 64, fraction."""
    if value == 0:
        return bytes(8)
    sign, value, exponent = (0x80 if value < 0 else 0), abs(value), 64
    while value >= 1:
        value, exponent = value / 16, exponent + 1
    while value < 1 / 16:
        value, exponent = value * 16, exponent - 1
    return bytes([sign | exponent]) + int(value * 2**56).to_bytes(7, "big")


def _xport(path, columns, rows):
    """Write a transport file as TS-140 lays it out; columns are (name, length or None for a number)."""

    def record(text: str) -> bytes:
        return text.encode().ljust(80)

    names, position = b"", 0
    for number, (name, length) in enumerate(columns, 1):
        size = length or 8
        names += (
            struct.pack(">hhhh", 2 if length else 1, 0, size, number)
            + name.encode().ljust(8)
            + b" " * 40
            + b" " * 8
            + struct.pack(">hh", 0, 0)
            + b" " * 4
            + b" " * 8
            + struct.pack(">hh", 0, 0)
            + struct.pack(">i", position)
            + b"\0" * 52
        )
        position += size
    body = b"".join(
        cell.encode().ljust(length) if length else (b"." + bytes(7) if cell is None else _ibm(cell))
        for row in rows
        for cell, (_, length) in zip(row, columns, strict=True)
    )
    pad = lambda data: data + b" " * (-len(data) % 80)  # noqa: E731
    path.write_bytes(
        record("HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000000000000000000000000000000")
        + record("SAS     SAS     SASLIB")
        + record("")
        + record("HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!000000000000000001600000000140")
        + record("HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!000000000000000000000000000000")
        + record("SAS     TR")
        + record("")
        + record(f"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!000000{len(columns):04d}00000000000000000000")
        + pad(names)
        + record("HEADER RECORD*******OBS     HEADER RECORD!!!!!!!000000000000000000000000000000")
        + pad(body)
    )


def test_transport_file(tmp_path):
    """SAS technical note TS-140: text and numbers, missing numbers, trailing blanks of the last record."""
    path = tmp_path / "tr.xpt"
    _xport(path, [("USUBJID", 6), ("TRSTRESN", None)], [("S1", 25.5), ("S2", None), ("S3", -0.1), ("S4", 0.0)])
    found = read_xport(path)
    assert found["USUBJID"].to_list() == ["S1", "S2", "S3", "S4"]
    assert found["TRSTRESN"].to_list()[1] is None
    assert np.allclose(found["TRSTRESN"].drop_nulls().to_numpy(), [25.5, -0.1, 0.0], atol=1e-15)


def test_ibm_numbers():
    """TS-140, example: 1 is 41 10 00 ..., -1 is C1 10 00 ..."""
    raw = np.frombuffer(bytes.fromhex("4110000000000000" + "C110000000000000" + "2E00000000000000"), np.uint8)
    values = ibm_to_float(raw.reshape(3, 8))
    assert values[:2].tolist() == [1.0, -1.0]
    assert np.isnan(values[2])


def test_not_a_transport_file(tmp_path):
    (tmp_path / "x.xpt").write_text("hello")
    with pytest.raises(InputError, match="not a SAS transport file"):
        read_xport(tmp_path / "x.xpt")


def folder_of(path, **domains):
    path.mkdir(parents=True, exist_ok=True)
    for name, text in domains.items():
        (path / f"{name}.csv").write_text(text)
    return path


def read(path):
    reading = read_sdtm(path)
    tables, problems = checked(reading)
    assert not [str(p) for p in problems if p.severity == "error"]
    return tables, reading, problems


ONE = "USUBJID,SEX,AGE,RFSTDTC,RFPENDTC,DTHFL,DTHDTC,ARM\nS1,M,60,2019-01-10,2020-06-01,,,A\n"


def test_a_new_lesion_that_only_tu_names(tmp_path):
    """pharmaverse/sdtmchecks #98: TUSTRESC = NEW at week 8 is a new lesion of that visit, whatever the diameters do."""
    tu = (
        "USUBJID,TULNKID,TUTESTCD,TUSTRESC,TULOC,VISIT,TUDTC,TUEVAL\n"
        "S1,T01,TUMIDENT,TARGET,LIVER,SCREENING,2019-01-03,INVESTIGATOR\n"
        "S1,N01,TUMIDENT,NEW,BRAIN,WEEK 8,2019-03-07,INVESTIGATOR\n"
    )
    rs = (
        "USUBJID,RSTESTCD,RSSTRESC,VISIT,RSDTC,RSEVAL\n"
        "S1,OVRLRESP,PD,WEEK 8,2019-03-07,INVESTIGATOR\nS1,OVRLRESP,SD,WEEK 4,2019-02-07,INVESTIGATOR\n"
    )
    tables, _, _ = read(folder_of(tmp_path / "s", dm=ONE, tu=tu, rs=rs))
    rows = tables["assessments"].sort("day").select("day", "new_lesions", "overall").rows()
    assert rows == [(28, None, "SD"), (56, "yes", "PD")]


def test_scans_of_one_visit_are_one_assessment(tmp_path):
    """admiralonco #24: T01 on day 56, T02 on day 58, both VISIT = WEEK 8; a visit name used again months later is
    two."""
    head = "USUBJID,TRGRPID,TRLNKID,TRTESTCD,TRSTRESN,TRSTRESU,VISIT,TRDTC,TREVAL\n"
    rows = [
        ("T01", 40, "BASE", "2018-12-31"),
        ("T02", 40, "BASE", "2019-01-02"),
        ("T01", 20, "WEEK 8", "2019-03-07"),
        ("T02", 20, "WEEK 8", "2019-03-09"),
        ("T01", 21, "UNSCHEDULED", "2019-05-01"),
        ("T01", 22, "UNSCHEDULED", "2019-08-01"),
    ]
    tr = head + "".join(f"S1,TARGET,{i},LDIAM,{mm},mm,{v},{d},INVESTIGATOR\n" for i, mm, v, d in rows)
    rs = "USUBJID,RSTESTCD,RSSTRESC,VISIT,RSDTC,RSEVAL\nS1,OVRLRESP,PR,WEEK 8,2019-03-10,INVESTIGATOR\n"
    tables, reading, problems = read(folder_of(tmp_path / "s", dm=ONE, tr=tr, rs=rs))
    assert tables["target_lesions"]["day"].to_list() == [-10, -10, 56, 56, 111, 203]
    assert tables["assessments"]["day"].to_list() == [56]
    assert not [p for p in problems if "within a week" in p.message]
    assert any("dated to the visit's first day" in note for note in reading.notes)


def test_the_group_of_a_lesion_without_trgrpid(tmp_path):
    """TRGRPID is permissible: what TU identified, else the letters of the link say target, non-target or new."""
    tu = "USUBJID,TULNKID,TUSTRESC,TULOC,TUDTC\nS1,L1,TARGET,LIVER,2019-01-03\nS1,L2,NON-TARGET,LUNG,2019-01-03\n"
    tr = (
        "USUBJID,TRLNKID,TRTESTCD,TRSTRESN,TRSTRESC,TRDTC\n"
        "S1,L1,LDIAM,30,30,2019-01-03\nS1,L2,TUMSTATE,,PRESENT,2019-01-03\nS1,NEW1,TUMSTATE,,UNEQUIVOCAL,2019-03-03\n"
    )
    tables, _, _ = read(folder_of(tmp_path / "s", dm=ONE, tu=tu, tr=tr))
    assert tables["target_lesions"]["lesion_id"].to_list() == ["L1"]
    assert tables["assessments"].sort("day").select("non_target", "new_lesions").rows() == [
        ("NON-CR/NON-PD", None),
        (None, "yes"),
    ]


def test_randomised_and_never_treated_is_in_the_study(tmp_path):
    """Intention to treat: no RFSTDTC, but randomised; screen failures and people never assigned are named and left
    out."""
    dm = (
        "USUBJID,SEX,AGE,RFSTDTC,RFICDTC,RFPENDTC,DTHDTC,DTHFL,ARM,ARMNRS\n"
        "S1,M,60,2019-01-10,,2020-06-01,,,A,\nS2,M,60,,2019-01-05,2020-06-01,,,A,\n"
        "S3,M,60,,2019-01-05,,,,Screen Failure,SCREEN FAILURE\nS4,M,60,,2019-01-05,,,,,NOT ASSIGNED\n"
        "S5,M,60,,2019-01-05,2019-02-01,,,A,ASSIGNED NOT TREATED\n"
    )
    ds = "USUBJID,DSDECOD,DSSTDTC\nS2,RANDOMIZED,2019-01-08\nS3,SCREEN FAILURE,2019-01-06\nS5,RANDOMIZED,2019-01-09\n"
    ex = "USUBJID,EXTRT,EXSTDTC,EXENDTC\nS1,DRUG,2019-01-10,2019-02-10\n"
    tables, reading, _ = read(folder_of(tmp_path / "s", dm=dm, ds=ds, ex=ex))
    assert tables["patients"].select("patient_id", "index_date", "treated").rows() == [
        ("S1", "2019-01-10", "yes"),
        ("S2", "2019-01-08", "no"),
        ("S5", "2019-01-09", "no"),
    ]
    left_out = reading.ledger.tables()["intake/rows"].filter(state="left out").sort("first")
    assert left_out.select("first", "why").rows() == [("S3", "screen failure"), ("S4", "never assigned to an arm")]
    assert any("day 0 is randomisation (DS)" in note for note in reading.notes)


def test_population_flags_decide_over_words(tmp_path):
    dm = "USUBJID,SEX,RFICDTC,RFPENDTC,ARM\nS1,M,2019-01-05,2019-06-01,A\nS2,F,2019-01-05,2019-06-01,A\n"
    supp = "USUBJID,QNAM,QVAL\nS1,ITTFL,Y\nS2,ITTFL,N\n"
    ex = "USUBJID,EXTRT,EXSTDTC\n"
    tables, reading, _ = read(folder_of(tmp_path / "s", dm=dm, suppdm=supp, ex=ex))
    assert tables["patients"]["patient_id"].to_list() == ["S1"]
    assert any("ITTFL = N" in note for note in reading.notes)


def test_dose_periods_a_year_apart_are_two_treatments(tmp_path):
    """Cycles three weeks apart are one treatment; the same drug again after a year is another line, not a long one."""
    ex = "USUBJID,EXTRT,EXSTDTC,EXENDTC\n" + "".join(
        f"S1,CETUXIMAB,{day},{day}\n" for day in ("2019-01-10", "2019-01-31", "2019-02-21", "2020-03-01", "2020-03-22")
    )
    cm = (
        "USUBJID,CMTRT,CMDECOD,CMCAT,CMSTDTC,CMENDTC\n"
        "S1,Xeloda,CAPECITABINE,PRIOR ANTICANCER THERAPY,2018-01-01,2018-06-01\n"
        "S1,Aspirin,ASPIRIN,GENERAL,2018-01-01,\nS1,Iron,IRON,NON-CANCER THERAPY,2018-01-01,\n"
    )
    tables, _, _ = read(folder_of(tmp_path / "s", dm=ONE, ex=ex, cm=cm))
    assert tables["treatments"].select("drugs", "start_day", "stop_day").rows() == [
        ("capecitabine", -374, -223),
        ("cetuximab", 0, 42),
        ("cetuximab", 416, 437),
    ]


def test_death_by_disposition_or_survival_status(tmp_path):
    dm = "USUBJID,SEX,RFSTDTC,ARM\nS1,M,2019-01-10,A\nS2,M,2019-01-10,A\n"
    ds = "USUBJID,DSDECOD,DSSTDTC\nS1,DEATH,2019-05-10\n"
    ss = "USUBJID,SSTESTCD,SSSTRESC,SSDTC\nS2,SURVSTAT,ALIVE,2019-09-10\n"
    tables, _, _ = read(folder_of(tmp_path / "s", dm=dm, ds=ds, ss=ss))
    assert tables["follow_up"].select("last_contact_day", "is_dead", "death_day").rows() == [
        (120, True, 120),
        (243, False, None),
    ]


def test_the_day_of_demographics_is_no_last_contact(tmp_path):
    """DMDTC is the day the data were taken; the last contact is the latest date of all (RFPENDTC here)."""
    dm = "USUBJID,SEX,RFSTDTC,RFPENDTC,DMDTC,ARM\nS1,M,2019-01-10,2020-01-10,2019-01-03,A\n"
    ex = "USUBJID,EXTRT,EXSTDTC,EXENDTC\nS1,DRUG,2019-01-10,2019-03-01\n"
    tables, _, _ = read(folder_of(tmp_path / "s", dm=dm, ex=ex))
    assert tables["follow_up"]["last_contact_day"].to_list() == [365]


def test_one_contradiction_sets_one_row_aside(tmp_path):
    """A stop before the start in one of four patients refused the whole study."""
    ids = ["S1", "S2", "S3", "S4"]
    dm = "USUBJID,SEX,RFSTDTC,RFPENDTC,ARM\n" + "".join(f"{i},M,2019-01-10,2020-01-01,A\n" for i in ids)
    ex = "USUBJID,EXTRT,EXSTDTC,EXENDTC\n" + "".join(f"{i},DRUG,2019-01-10,2019-03-01\n" for i in ids[1:])
    source = folder_of(tmp_path / "s", dm=dm, ex=ex + "S1,DRUG,2019-03-01,2019-02-01\n")
    tables, reading, problems = read(source)
    assert tables["treatments"]["patient_id"].to_list() == ["S2", "S3", "S4"]
    assert [p.where for p in problems if "set aside" in p.cure] == ["ex.csv, S1"]
    assert reading.ledger.tables()["intake/rows"].filter(state="left out").height == 1


def test_many_contradictions_are_a_source_misread(tmp_path):
    ids = [f"S{i}" for i in range(6)]
    dm = "USUBJID,SEX,RFSTDTC,RFPENDTC,ARM\n" + "".join(f"{i},M,2019-01-10,2020-01-01,A\n" for i in ids)
    ex = "USUBJID,EXTRT,EXSTDTC,EXENDTC\n" + "".join(f"{i},DRUG,2019-03-01,2019-02-01\n" for i in ids)
    _, problems = checked(read_sdtm(folder_of(tmp_path / "s", dm=dm, ex=ex)))
    assert sum(p.severity == "error" for p in problems) == 6


DEAD_DM = """USUBJID,SEX,AGE,RFSTDTC,RFPENDTC,DTHFL,DTHDTC,ARM
S1,F,63,2020-01-10,2020-12-01,Y,,A
S2,M,70,2020-02-01,2020-06-01,,,B
"""


def test_a_death_without_a_date_is_an_interval_or_unknown(tmp_path):
    """SS asked on 2021-06-01 says DEAD: between the last sign of life (2020-06-01) and that day, not on it; DTHFL alone
    says no day at all, and the last contact is none."""
    (tmp_path / "dm.csv").write_text(DEAD_DM)
    (tmp_path / "ss.csv").write_text("USUBJID,SSTESTCD,SSSTRESC,SSDTC\nS2,SURVSTAT,DEAD,2021-06-01\n")
    reading = read_sdtm(tmp_path)
    found = {r["patient_id"]: r for r in reading.tables["follow_up"].iter_rows(named=True)}
    keys = ("is_dead", "last_contact_date", "death_date", "death_earliest_date", "death_latest_date")
    assert [found["S1"][k] for k in keys] == [True, "2020-12-01", None, "2020-12-01", None]
    assert [
        found["S2"][c] for c in ("last_contact_date", "death_earliest_date", "death_date", "death_latest_date")
    ] == ["2020-06-01", "2020-06-01", "2020-11-30", "2021-06-01"]
    assert {p.column for p in reading.problems} == {"death_day"} and len(reading.problems) == 2
    tables, problems = validate(reading.tables, reading.config)
    second = tables["follow_up"].filter(pl.col("patient_id") == "S2")
    assert second.select("death_day", "death_latest_day").row(0) == (303, 486)
    assert not [p for p in problems if p.severity == "error" and p.table == "follow_up"]


def test_cause_of_death_and_prior_treatments_of_a_year(tmp_path):
    """DD names the cause; a prior therapy of which only the year is known was left out, and its line with it."""
    dm = DEAD_DM.replace(",Y,,A", ",Y,2020-11-20,A").replace("2020-06-01,,,B", "2020-06-01,Y,2020-05-20,B")
    (tmp_path / "dm.csv").write_text(dm)
    (tmp_path / "dd.csv").write_text(
        "USUBJID,DDTESTCD,DDSTRESC,DDDTC\nS1,PRCDTH,PNEUMONIA,2020-11-20\nS2,PRCDTH,DISEASE PROGRESSION,2020-05-20\n"
    )
    (tmp_path / "cm.csv").write_text(
        "USUBJID,CMDECOD,CMCAT,CMSTDTC,CMENDTC\nS1,ABIRATERONE,PRIOR ANTICANCER THERAPY,2018,2019-06\n"
    )
    reading = read_sdtm(tmp_path)
    assert reading.tables["follow_up"]["cause_of_death"].to_list() == ["other", "cancer"]
    told = reading.tables["treatments"].select("drugs", "start_date", "stop_date")
    assert told.rows() == [("abiraterone", "2018", "2019-06")]
    tables, _ = validate(reading.tables, reading.config)
    assert tables["treatments"].select("start_day", "stop_day").rows() == [(-739, -194)]


def test_states_and_short_axes_of_target_lesions_are_read(tmp_path):
    """SAXIS and TUMSTATE of a target lesion vanished without a word: T2 was no lesion, T1 not seen after the start."""
    (tmp_path / "dm.csv").write_text("USUBJID,SEX,RFSTDTC\nS1,M,2020-01-20\n")
    rows = [
        ("T1", "LDIAM", "50", "01-15"),
        ("T2", "SAXIS", "18", "01-15"),
        ("T1", "TUMSTATE", "TOO SMALL TO MEASURE", "03-16"),
        ("T2", "SAXIS", "8", "03-16"),
        ("T1", "TUMSTATE", "ABSENT", "05-11"),
        ("T2", "TUMSTATE", "PRESENT", "05-11"),
    ]
    head = "USUBJID,TRGRPID,TRLNKID,TRTESTCD,TRORRES,TRORRESU,TRDTC\n"
    (tmp_path / "tr.csv").write_text(head + "".join(f"S1,TARGET,{a},{c},{v},mm,2020-{d}\n" for a, c, v, d in rows))
    found = read_sdtm(tmp_path).tables["target_lesions"].select("lesion_id", "is_node", "diameter_mm", "status").rows()
    assert found == [
        ("T1", False, 50.0, "measured"),
        ("T2", True, 18.0, "measured"),
        ("T1", False, None, "too_small"),
        ("T2", True, 8.0, "measured"),
        ("T1", False, 0.0, "absent"),
        ("T2", True, None, "not_evaluable"),
    ]


def test_the_first_day_of_a_month_is_a_sign_of_life(tmp_path):
    """EXENDTC 2020-09 was none: the subject was last seen on the first dose."""
    dm = "USUBJID,SEX,AGE,RFSTDTC,DTHFL,DTHDTC,ARM\nS1,F,63,2020-01-10,,,A\n"
    (tmp_path / "dm.csv").write_text(dm)
    (tmp_path / "ex.csv").write_text("USUBJID,EXTRT,EXSTDTC,EXENDTC\nS1,DRUG,2020-01-10,2020-09\n")
    assert read_sdtm(tmp_path).tables["follow_up"]["last_contact_date"].to_list() == ["2020-09-01"]


def test_ages_are_in_years_whatever_their_unit(tmp_path):
    """AGE 720, AGEU MONTHS was a patient of 720 years."""
    rows = [
        "S1,F,720,MONTHS,2020-01-10",
        "S2,M,70,YEARS,2020-02-01",
        "S3,M,21915,DAYS,2020-02-01",
        "S4,M,7,FORTNIGHTS,2020-02-01",
    ]
    (tmp_path / "dm.csv").write_text("\n".join(["USUBJID,SEX,AGE,AGEU,RFSTDTC", *rows, "S5,M,55,,2020-02-01", ""]))
    (tmp_path / "ex.csv").write_text(EX)
    patients = read_sdtm(tmp_path).tables["patients"].select("patient_id", "age_years").rows()
    assert dict(patients) == {"S1": "60.0", "S2": "70", "S3": "60.0", "S4": None, "S5": "55"}


@pytest.mark.parametrize(
    ("field", "label", "role"),
    [
        ("tx_regimen", "", "drugs"),
        ("chemo_regimen", "", "drugs"),
        ("f12", "治疗方案", "drugs"),
        ("tx_reason", "停药原因", "stop_reason"),
        ("regimen_class", "", None),
    ],
)
def test_everyday_names_of_redcap_fields(field, label, role):
    assert _role(field, label) == role


def test_a_year_that_no_calendar_has_is_no_date():
    """0000-05 in a date of a scan stopped the import."""
    texts = pl.Series("d", ["0000-05-01", "0000-05", "2020-05", "2020-05-UN", "2020"])
    assert pl.select(plain_date(pl.lit(texts))).to_series().to_list() == [None, None, "2020-05", "2020-05", "2020"]
