"""ADaM beside ADSL and ADTTE: visits of ADRS, lesions of ADTR, values of ADPSA, dates that the source imputed.

Source: ADaM IG 1.3; the data sets of the admiralonco vignettes where they are there.
"""

from __future__ import annotations

import polars as pl

from oncourse.io.aside import checked
from oncourse.io.cdisc.adam import read_adam

ADSL = "USUBJID,SEX,AGE,RANDDT,TRTSDT,TRTSDTF,TRT01A,DTHDT,DTHDTF,DTHFL,LSTALVDT\n"


def read(path, **sets):
    for name, text in sets.items():
        (path / f"{name}.csv").write_text(text)
    reading = read_adam(path)
    tables, problems = checked(reading)
    assert not [str(p) for p in problems if p.severity == "error"]
    return tables, reading


def test_an_imputed_date_is_the_month_or_year_that_is_known(tmp_path):
    """DTHDT 2021-06-15 with DTHDTF = D was read as that day."""
    adsl = ADSL + "S1,M,60,2020-01-10,2020-01-15,D,DRUG,2021-06-15,D,Y,2021-06-02\n"
    tables, _ = read(tmp_path, adsl=adsl)
    row = tables["follow_up"].row(0, named=True)
    assert [row[c] for c in ("death_earliest_day", "death_day", "death_latest_day")] == [509, 523, 537]
    assert tables["treatments"]["start_day"].to_list() == [-9]  # 2020-01, read as its first day


def test_a_visits_own_response_and_no_derived_one(tmp_path):
    """OVRLRESC ("Derived") stood as a second response of the visit; BOR and CBOR are kept with the patient."""
    adsl = ADSL + "S1,M,60,2020-01-10,2020-01-10,,DRUG,,,,2021-06-02\n"
    adrs = (
        "USUBJID,PARAMCD,PARAM,PARCAT2,ADT,AVALC,RSEVAL\n"
        "S1,OVRLRESP,Overall Tumor Response by Investigator,,2020-03-10,SD,INVESTIGATOR\n"
        "S1,OVRLRESC,Overall Tumor Response by Investigator - Derived,,2020-03-10,PR,INVESTIGATOR\n"
        "S1,NTRGRESP,Non-target Response by Investigator,,2020-03-10,NON-CR/NON-PD,INVESTIGATOR\n"
        "S1,NEWLIND,New Lesion by Investigator,,2020-03-10,Y,INVESTIGATOR\n"
        "S1,BOR,Best Overall Response,,2020-03-10,SD,INVESTIGATOR\n"
        "S1,CBOR,Confirmed Best Overall Response,,2020-03-10,SD,INVESTIGATOR\n"
        "S1,PD,Disease Progression by Investigator,,2020-05-10,Y,INVESTIGATOR\n"
    )
    tables, reading = read(tmp_path, adsl=adsl, adrs=adrs)
    rows = tables["assessments"].select("day", "non_target", "new_lesions", "overall").rows()
    assert rows == [(60, "NON-CR/NON-PD", "yes", "SD")]
    assert tables["patients"].select("bor_published", "confirmed_bor_published").row(0) == ("SD", "SD")
    assert tables["follow_up"]["progression_day"].to_list() == [121]
    assert reading.ledger.tables()["intake/rows"].filter(state="left out")["n"].to_list() == [1]


def test_two_readers_named_by_the_parameter_stay_apart(tmp_path):
    """OVRINV and OVRBICR without RSEVAL were one reader: his iUPD of day 59 was reset by the other's SD of day 61."""
    adsl = ADSL + "S1,M,60,2020-01-10,2020-01-10,,DRUG,,,,2021-06-02\n"
    adrs = (
        "USUBJID,PARAMCD,PARAM,ADT,AVALC,PARQUAL\n"
        "S1,OVRINV,Overall Response by Investigator,2020-03-09,PD,\n"
        "S1,OVRBICR,Overall Response,2020-03-11,SD,\n"
        "S1,OVRLRESP,Overall Response,2020-05-09,PD,READER 1\n"
    )
    tables, _ = read(tmp_path, adsl=adsl, adrs=adrs)
    found = tables["assessments"].select("day", "overall", "evaluator").sort("day").rows()
    assert found == [(59, "PD", "investigator"), (61, "SD", "independent"), (120, "PD", "reader 1")]


def test_the_diameter_of_a_node_is_its_short_axis(tmp_path):
    """ADTR: LDIAMn is the analysis diameter; without it LDIAM of a lesion and LPERP of a node; sums are not read."""
    adsl = ADSL + "S1,M,60,2020-01-10,2020-01-10,,DRUG,,,,2021-06-02\n"
    adtr = (
        "USUBJID,PARAMCD,TRGRPID,TRLNKID,TRTESTCD,TULOC,ADT,ADTF,AVAL,TRSTRESC\n"
        "S1,LDIAM1,TARGET,T01,LDIAM,LIVER,2020-01-08,,30,30\nS1,NLDIAM1,TARGET,T01,LPERP,LIVER,2020-01-08,,20,20\n"
        "S1,LDIAM,TARGET,T02,LDIAM,LYMPH NODE,2020-01-08,,22,22\nS1,LPERP,TARGET,T02,LPERP,LYMPH NODE,2020-01-08,,16,16\n"
        "S1,SDIAM,,,,,2020-01-08,,46,46\nS1,LDIAM1,TARGET,T01,LDIAM,LIVER,2020-03-01,D,,TOO SMALL TO MEASURE\n"
    )
    tables, reading = read(tmp_path, adsl=adsl, adtr=adtr)
    rows = tables["target_lesions"].select("day", "lesion_id", "diameter", "is_node", "status").rows()
    assert rows == [
        (-2, "T01", 30.0, False, "measured"),
        (-2, "T02", 16.0, True, "measured"),
        (51, "T01", None, False, "too_small"),
    ]
    assert [p.column for p in reading.problems] == ["adtf"]


def test_psa_of_adpsa(tmp_path):
    adsl = ADSL + "S1,M,60,2020-01-10,2020-01-10,,DRUG,,,,2021-06-02\n"
    adlb = (
        "USUBJID,PARAMCD,PARAM,ADT,AVAL,AVALC,DTYPE\nS1,PSA,Prostate Specific Antigen (ug/L),2020-01-08,55,55,\n"
        "S1,PSA,Prostate Specific Antigen (ug/L),2020-03-08,0.05,<0.1,\n"
        "S1,PSA,Prostate Specific Antigen,2020-04-08,9,9,LOCF\n"
    )
    tables, _ = read(tmp_path, adsl=adsl, adlb=adlb)
    assert tables["labs"].select("day", "analyte", "value", "unit").rows() == [
        (-2, "PSA", "55", "ug/L"),
        (58, "PSA", "<0.1", "ug/L"),
    ]


def test_lesions_of_the_admiralonco_data(shared_data):
    """Every "Analysis Diameter" (LDIAM1 ... LDIAM5) of adtr_onco, 78 rows, is a target lesion; no sum is one."""
    path = shared_data("endpoints-pharmaverse") / "adam"
    theirs = pl.read_csv(path / "adtr_onco.csv", infer_schema=False).filter(pl.col("PARAMCD").str.starts_with("LDIAM"))
    ours, _ = checked(read_adam(path))
    keys = ["patient_id", "lesion_id", "diameter"]
    found = ours["target_lesions"].select(keys).sort(keys)
    told = theirs.select(
        pl.col("USUBJID").alias("patient_id"), pl.col("TRLNKID").alias("lesion_id"), pl.col("AVAL").cast(float)
    )
    assert found.rows() == told.rename({"AVAL": "diameter"}).sort(keys).rows()


def test_a_censoring_that_contradicts_the_death_is_told_and_not_known(tmp_path):
    """CNSR the other way round (1 = event): who died lived, and nobody was told. Without DTHFL nobody is said to live."""
    (tmp_path / "adsl.csv").write_text(
        "USUBJID,SEX,RANDDT,DTHFL,DTHDT\nA,M,2020-01-02,Y,2020-10-28\nB,F,2020-01-02,,\n"
    )
    rows = "A,OS,Overall survival,300,1,DAYS,DEATH\nB,OS,Overall survival,400,0,DAYS,\n"
    (tmp_path / "adtte.csv").write_text(f"USUBJID,PARAMCD,PARAM,AVAL,CNSR,AVALU,EVNTDESC\n{rows}")
    reading = read_adam(tmp_path)
    assert reading.tables["published_endpoints"]["is_event"].to_list() == [None, None]
    assert any("CNSR of OS contradicts the death of 2 subjects" in p.message for p in reading.problems)
    (tmp_path / "adsl.csv").write_text(
        "USUBJID,SEX,RANDDT,LSTALVDT\nA,M,2020-01-02,2020-10-28\nB,F,2020-01-02,2021-01-01\n"
    )
    assert (
        read_adam(tmp_path).tables["follow_up"].get_column("is_dead", default=pl.Series([None] * 2)).to_list()
        == [None] * 2
    )


def test_overall_survival_tells_the_life_that_adsl_does_not(tmp_path):
    """ADSL without DTHDT and LSTALVDT: follow_up ended on day 0, beside an overall survival of 300 days."""
    rows = "".join(f"S{i},M,60,2020-01-10,2020-01-10,DRUG\n" for i in (1, 2, 3))
    adtte = (
        "USUBJID,PARAMCD,PARAM,STARTDT,ADT,AVAL,AVALU,CNSR\n"
        "S1,OS,Overall survival,2020-01-10,,300,DAYS,0\n"
        "S2,OS,Overall survival,,,10,MONTHS,1\n"
        "S3,OS,Overall survival,2020-01-10,2020-12-10,,,\n"
    )
    tables, _ = read(tmp_path, adsl="USUBJID,SEX,AGE,RANDDT,TRTSDT,TRT01A\n" + rows, adtte=adtte)
    columns = ("is_dead", "last_contact_day", "death_day")
    assert tables["follow_up"].select(columns).rows() == [(True, 300, 300), (False, 304, None), (None, 335, None)]
