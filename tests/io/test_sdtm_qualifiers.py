"""SDTM beyond its main records: supplements (SUPP--), history (MH), disposition (DS), survival status (SS), not given.

Sources: CDISC SDTM IG 3.4, 8.4 (supplements), 6.2 (DS, MH), 6.3 (SS, EX: a dose of 0), codelist NCOMPLT.
"""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.aside import checked
from oncourse.io.cdisc.sdtm import is_sdtm, read_sdtm

DM = "USUBJID,SEX,AGE,RFSTDTC,ARM\nS1,M,66,2021-03-01,A\nS2,M,71,2021-03-08,B\n"


def read(path, **domains):
    for name, text in domains.items():
        (path / f"{name}.csv").write_text(text)
    reading = read_sdtm(path)
    tables, problems = checked(reading)
    assert not [str(p) for p in problems if p.severity == "error"]
    return tables, reading


def why_left_out(reading):
    rows = reading.ledger.tables()["intake/rows"].filter(state="left out")
    return {(file, why): n for file, n, why in rows.select("file", "n", "why").iter_rows()}


def test_a_supplement_joins_the_record_its_idvar_names(tmp_path):
    """CMSEQ as 1 (text) and 1.0 (transport file) are one key; the line and the reason of the stop come from SUPPCM."""
    cm = (
        "USUBJID,CMSEQ,CMDECOD,CMCAT,CMSTDTC,CMENDTC\n"
        "S1,1.0,DOCETAXEL,PRIOR ANTI-CANCER THERAPY,2019-01-10,2019-05-10\n"
        "S1,2.0,CABAZITAXEL,PRIOR ANTI-CANCER THERAPY,2020-01-10,2020-05-10\n"
    )
    supp = (
        "RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL\nCM,S1,CMSEQ,1,CMLINE,1\nCM,S1,CMSEQ,2,CMLINE,LINE 2\n"
        "CM,S1,CMSEQ,2,CMRSDISC,Disease progression\nCM,S1,CMSEQ,7,CMLINE,3\nAE,S1,AESEQ,1,AETRTEM,Y\n"
    )
    tables, reading = read(tmp_path, dm=DM, cm=cm, supp=supp)
    told = tables["treatments"].select("drugs", "line", "stop_reason").rows()
    assert told == [("docetaxel", 1, None), ("cabazitaxel", 2, "progression")]
    lost = why_left_out(reading)
    assert lost["supp.csv", "no such record in the domain"] == 1
    assert [n for (file, why), n in lost.items() if file == "supp.csv" and "qualifiers of AE" in why] == [1]


def test_two_values_of_one_qualifier_are_neither(tmp_path):
    supp = "RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL\nDM,S1,,,REGION,NORTH\nDM,S1,,,REGION,SOUTH\nDM,S2,,,REGION,EAST\n"
    tables, reading = read(tmp_path, dm=DM, suppdm=supp)
    assert tables["patients"]["region"].to_list() == [None, "EAST"]
    assert [p.message for p in reading.problems if p.column == "REGION"] == [
        "REGION has two values for one record in 1 cases (first: S1): neither is used."
    ]
    columns = reading.ledger.tables()["intake/columns"].filter(pl.col("column") == "QNAM = REGION")
    assert columns.select("state", "became").row(0) == ("kept", "patients.region")


def test_a_folder_of_supplements_only_is_no_study(tmp_path):
    (tmp_path / "suppdm.csv").write_text("RDOMAIN,USUBJID,QNAM,QVAL\nDM,S1,ITT,Y\n")
    assert not is_sdtm(tmp_path)


def test_the_history_tells_cancer_stage_diagnosis_and_metastases(tmp_path):
    """Only the category of the cancer under study counts: a basal cell carcinoma of 2011 is another, MHOCCUR = N none."""
    mh = (
        "USUBJID,MHSEQ,MHTERM,MHDECOD,MHCAT,MHEVDTYP,MHSTDTC,MHOCCUR\n"
        "S1,1,Adenocarcinoma of prostate,Prostate cancer,PRIMARY DIAGNOSIS,DIAGNOSIS,2015-06-12,\n"
        "S1,2,Bone metastases,Metastases to bone,DISEASE HISTORY,,2020-01-15,\n"
        "S1,3,Hypertension,Hypertension,GENERAL MEDICAL HISTORY,,2010,\n"
        "S2,1,Prostate cancer,Prostate cancer,PRIMARY DIAGNOSIS,DIAGNOSIS,2018-02,\n"
        "S2,2,Liver metastasis,Metastases to liver,DISEASE HISTORY,,,N\n"
        "S2,3,Basal cell carcinoma,Basal cell carcinoma,OTHER CANCER HISTORY,,2011-01-01,\n"
    )
    supp = "RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL\nMH,S1,MHSEQ,1,STAGE,T3N1M0\n"
    tables, reading = read(tmp_path, dm=DM, mh=mh, suppmh=supp)
    columns = ("disease", "stage", "diagnosis_date", "diagnosis_day")
    assert tables["patients"].select(columns).rows() == [
        ("Prostate cancer", "T3N1M0", "2015-06-12", -2089),
        ("Prostate cancer", None, "2018-02", None),
    ]
    assert tables["lesions"].select("patient_id", "role", "site", "found_day").rows() == [
        ("S1", "metastasis", "bone", -411)
    ]
    assert why_left_out(reading)["mh.csv", "neither the cancer under study nor a metastasis of it"] == 3
    assert tables["follow_up"]["last_contact_day"].to_list() == [0, 0]  # no day of the history is a contact


def test_a_disposition_says_why_treatment_ended_and_when_it_progressed(tmp_path):
    """DS of the treatment epoch: the reason of the stop and clinical progression; of the study: none of the treatment."""
    ex = (
        "USUBJID,EXTRT,EXDOSE,EXSTDTC,EXENDTC\nS1,ABIRATERONE,1000,2021-03-01,2021-10-01\n"
        "S2,ENZALUTAMIDE,160,2021-03-08,2021-09-01\n"
    )
    ds = (
        "USUBJID,DSDECOD,DSCAT,DSSCAT,EPOCH,DSSTDTC\n"
        "S1,RANDOMIZED,PROTOCOL MILESTONE,,TREATMENT,2021-02-25\n"
        "S1,PROGRESSIVE DISEASE,DISPOSITION EVENT,TREATMENT,TREATMENT,2021-10-01\n"
        "S1,LOST TO FOLLOW-UP,DISPOSITION EVENT,STUDY PARTICIPATION,FOLLOW-UP,2023-03-01\n"
        "S2,ADVERSE EVENT,DISPOSITION EVENT,TREATMENT,TREATMENT,2021-09-01\n"
    )
    tables, _ = read(tmp_path, dm=DM, ex=ex, ds=ds)
    assert tables["treatments"]["stop_reason"].to_list() == ["progression", "toxicity"]
    follow = tables["follow_up"].select("last_contact_day", "progression_day").rows()
    assert follow == [(214, 214), (177, None)]  # 2023-03-01, when S1 was lost, is no contact


@pytest.mark.parametrize(("word", "day"), [("ALIVE", 457), ("UNKNOWN", 0), ("LOST TO FOLLOW-UP", 0)])
def test_a_survival_status_is_a_contact_only_where_it_says_alive(word, day, tmp_path):
    ss = f"USUBJID,SSTESTCD,SSSTRESC,SSDTC\nS1,SURVSTAT,{word},2022-06-01\n"
    tables, _ = read(tmp_path, dm=DM, ss=ss)
    assert tables["follow_up"]["last_contact_day"][0] == day


def test_what_was_not_given_or_only_planned_is_no_treatment(tmp_path):
    """A dose of 0 beside doses of the drug is an interruption (a placebo's 0 is its dose); scheduled is not given."""
    ec = (
        "USUBJID,ECTRT,ECMOOD,ECDOSE,ECOCCUR,ECSTDTC,ECENDTC\n"
        "S1,DRUG A,PERFORMED,100,Y,2021-03-01,2021-04-01\nS1,DRUG A,PERFORMED,0,Y,2021-04-02,2021-09-01\n"
        "S1,DRUG A,SCHEDULED,100,,2021-12-01,\nS2,PLACEBO,PERFORMED,0,Y,2021-03-08,2021-05-08\n"
    )
    cm = "USUBJID,CMDECOD,CMCAT,CMSTDTC,CMOCCUR\nS1,BICALUTAMIDE,PRIOR ANTI-CANCER THERAPY,2018-01-10,N\n"
    tables, reading = read(tmp_path, dm=DM, ec=ec, cm=cm)
    told = tables["treatments"].select("patient_id", "drugs", "start_day", "stop_day").rows()
    assert told == [("S1", "drug a", 0, 31), ("S2", "placebo", 0, 61)]
    assert why_left_out(reading)["ec.csv", "it did not happen (ECOCCUR, ECSTAT or ECMOOD)"] == 2
    assert why_left_out(reading)["cm.csv", "it did not happen (CMOCCUR, CMSTAT or CMMOOD)"] == 1


def test_a_value_of_urine_is_not_that_of_blood(tmp_path):
    lb = "USUBJID,LBTESTCD,LBSPEC,LBSTRESC,LBSTRESU,LBDTC\nS1,ALB,SERUM,42,g/L,2021-03-01\nS1,ALB,URINE,12,mg/L,2021-03-01\n"
    tables, _ = read(tmp_path, dm=DM, lb=lb)
    assert tables["labs"]["analyte"].to_list() == ["albumin", "albumin (urine)"]


def test_a_history_without_occurrence_flags_is_read(tmp_path):
    """No MHOCCUR, MHSTAT: the filter had a value for no row, and the source was a fault of the program."""
    mh = "USUBJID,MHSEQ,MHTERM,MHCAT,MHSTDTC\n" + "".join(
        f"S{i},1,Prostate cancer,PRIMARY DIAGNOSIS,2015-06-1{i}\n" for i in (1, 2)
    )
    tables, _ = read(tmp_path, dm=DM, mh=mh + "S1,2,Hypertension,GENERAL,2010\n")
    assert tables["patients"]["disease"].to_list() == ["Prostate cancer"] * 2


def test_the_parts_of_a_split_domain_are_one(tmp_path):
    """Laboratory data come as LBCH and LBHE (SDTM IG 3.4, 4.1.7); a file that only looks like a part is none."""
    head = "DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBTEST,LBORRES,LBORRESU,LBDTC"
    chemistry = f"{head},LBSPEC\nLB,S1,1,PSA,Prostate Specific Antigen,8.5,ng/mL,2021-03-01,SERUM\n"
    blood = f"{head}\nLB,S2,1,PSA,Prostate Specific Antigen,4.5,ng/mL,2021-03-09\n"
    supplement = "RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL\nLB,S2,LBSEQ,1,LBCLSIG,N\n"
    tables, reading = read(
        tmp_path, dm=DM, lbch=chemistry, lbhe=blood, supplbhe=supplement, excl="USUBJID,EXCLUDED\nS1,no\n"
    )
    assert tables["labs"].select("patient_id", "analyte", "value").rows() == [
        ("S1", "PSA", "8.5"),
        ("S2", "PSA", "4.5"),
    ]
    told = reading.ledger.tables()["intake/files"].select("file", "state").rows()
    assert {("lbch.csv", "used"), ("lbhe.csv", "used"), ("excl.csv", "not read")} <= set(told)
    columns = reading.ledger.tables()["intake/columns"]
    assert columns.filter(file="lbhe.csv", column="LBORRES")["state"].to_list() == ["used"]


def test_a_laboratory_value_of_a_month_is_kept_with_its_interval(tmp_path):
    """It was left out for want of a day."""
    lb = "USUBJID,LBTESTCD,LBTEST,LBORRES,LBORRESU,LBDTC\nS1,PSA,Prostate Specific Antigen,8.5,ng/mL,2021-05\n"
    tables, _ = read(tmp_path, dm=DM, lb=lb)
    assert tables["labs"].select("day", "value").rows() == [(76, "8.5")]
    kept = tables["partial_dates"].select("table", "resolution", "earliest_day", "latest_day").rows()
    assert kept == [("labs", "month", 61, 91)]
