"""CPU seconds to read and check a clinical source of 20,000 patients: `python benchmarks/bench_clinical_sources.py`.

Each patient has eight laboratory values, two treatments, survival, and what the format adds (supplements, history,
adverse events, visits). Sources are written to a temporary folder first; only reading and checking is timed.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from oncourse.io.aside import checked
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.formats import CLINICAL

DAY0 = date(2015, 1, 1)


def iso(patient: int, day: int) -> str:
    return (DAY0 + timedelta(days=patient % 900 + day)).isoformat()


def write(path: Path, rows: list[str]) -> None:
    path.write_text("\n".join(rows) + "\n", "utf-8")


def sdtm(folder: Path, n: int) -> None:
    people = range(n)
    write(
        folder / "dm.csv",
        ["USUBJID,SEX,AGE,RFSTDTC,RFPENDTC,DTHDTC,DTHFL,ARM"]
        + [f"S{i},M,{50 + i % 40},{iso(i, 0)},{iso(i, 700)},{iso(i, 700) if i % 3 == 0 else ''},,A" for i in people],
    )
    write(
        folder / "suppdm.csv",
        ["RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL"] + [f"DM,S{i},,,REGION,R{i % 5}" for i in people],
    )
    write(
        folder / "mh.csv",
        ["USUBJID,MHSEQ,MHTERM,MHCAT,MHSTDTC"]
        + [f"S{i},1,Prostate cancer,PRIMARY DIAGNOSIS,{iso(i, -400)}" for i in people],
    )
    write(
        folder / "ex.csv",
        ["USUBJID,EXTRT,EXDOSE,EXSTDTC,EXENDTC"]
        + [f"S{i},DOCETAXEL,75,{iso(i, d)},{iso(i, d)}" for i in people for d in (0, 21)],
    )
    write(
        folder / "lb.csv",
        ["USUBJID,LBTESTCD,LBSTRESC,LBSTRESU,LBDTC"]
        + [f"S{i},PSA,{10 + k},ng/mL,{iso(i, 28 * k)}" for i in people for k in range(8)],
    )
    write(
        folder / "ae.csv",
        ["USUBJID,AEDECOD,AESTDTC,AETOXGR"] + [f"S{i},NAUSEA,{iso(i, 30)},{1 + i % 3}" for i in people],
    )


def redcap(folder: Path, n: int) -> None:
    head = (
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,dx_date,tx_start,tx_stop,drugs"
    )
    rows = [head + ",psa_date,psa,last_fu_date,vital_status"]
    for i in range(n):
        rows.append(f"{i},base,,,Male,{iso(i, 0)},{iso(i, 5)},{iso(i, 95)},docetaxel,,,{iso(i, 700)},Alive")
        rows += [f"{i},base,labs,{k},,,,,,{iso(i, 28 * k)},{10 + k},," for k in range(8)]
    write(folder / "export.csv", rows)


def fhir(folder: Path, n: int) -> None:
    with (folder / "all.ndjson").open("w", encoding="utf-8") as out:
        for i in range(n):
            who = {"reference": f"Patient/p{i}"}
            rows: list[dict[str, object]] = [
                {
                    "resourceType": "Patient",
                    "id": f"p{i}",
                    "gender": "male",
                    "birthDate": "1950-01-01",
                    **({"deceasedDateTime": iso(i, 700)} if i % 3 == 0 else {}),
                },
                *(
                    {
                        "resourceType": "MedicationStatement",
                        "status": "completed",
                        "medicationCodeableConcept": {"text": drug},
                        "subject": who,
                        "effectivePeriod": {"start": iso(i, d), "end": iso(i, d + 90)},
                    }
                    for drug, d in (("Enzalutamide 40 MG Oral Capsule", 10), ("atorvastatin 20 MG Oral Tablet", 5))
                ),
                {
                    "resourceType": "Condition",
                    "code": {"text": "Prostate cancer"},
                    "subject": who,
                    "onsetDateTime": iso(i, 0),
                },
            ]
            for k in range(8):
                rows.append(
                    {
                        "resourceType": "Observation",
                        "status": "final",
                        "code": {"coding": [{"code": "2857-1"}]},
                        "subject": who,
                        "effectiveDateTime": iso(i, 28 * k),
                        "valueQuantity": {"value": 10 + k, "unit": "ng/mL"},
                    }
                )
            out.writelines(json.dumps(row) + "\n" for row in rows)


def omop(folder: Path, n: int) -> None:
    people = range(n)
    write(folder / "person.csv", ["person_id,gender_concept_id,year_of_birth"] + [f"{i},8507,1950" for i in people])
    write(
        folder / "condition_occurrence.csv",
        ["person_id,condition_concept_id,condition_start_date"] + [f"{i},4163261,{iso(i, 0)}" for i in people],
    )
    write(
        folder / "drug_exposure.csv",
        ["person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date"]
        + [f"{i},1,{iso(i, d)},{iso(i, d)}" for i in people for d in (0, 21)],
    )
    write(
        folder / "measurement.csv",
        ["person_id,measurement_concept_id,measurement_date,value_as_number,unit_source_value"]
        + [f"{i},3013603,{iso(i, 28 * k)},{10 + k},ng/mL" for i in people for k in range(8)],
    )
    write(
        folder / "concept.csv",
        ["concept_id,concept_name", "4163261,Malignant tumor of prostate", "1,docetaxel", "3013603,PSA"],
    )


def cbioportal(folder: Path, n: int) -> None:
    people = range(n)
    write(
        folder / "data_clinical_patient.txt",
        ["PATIENT_ID\tSEX\tAGE\tOS_MONTHS\tOS_STATUS"] + [f"P{i}\tMale\t60\t{i % 60 + 12.5}\t{i % 2}" for i in people],
    )
    write(folder / "data_clinical_sample.txt", ["PATIENT_ID\tSAMPLE_ID"] + [f"P{i}\tP{i}-T" for i in people])
    write(
        folder / "data_timeline_labtest.txt",
        ["PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tTEST\tRESULT\tUNIT"]
        + [f"P{i}\t{28 * k}\t\tLAB_TEST\tPSA\t{10 + k}\tng/mL" for i in people for k in range(8)],
    )
    write(
        folder / "data_timeline_treatment.txt",
        ["PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tAGENT"]
        + [f"P{i}\t{d}\t{d + 20}\tTREATMENT\tDocetaxel" for i in people for d in (0, 21)],
    )


FORMATS = {"cbioportal": cbioportal, "sdtm": sdtm, "omop": omop, "redcap": redcap, "fhir": fhir}


def main(n: int, names: list[str]) -> None:
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            FORMATS[name](folder, n)
            read = read_cbioportal if name == "cbioportal" else CLINICAL[name].read
            begun = time.process_time()
            tables, problems = checked(read(folder))
            spent = time.process_time() - begun
        errors = sum(p.severity == "error" for p in problems)
        rows = f"{tables['patients'].height:,} patients, {tables['labs'].height:,} values"
        print(f"{name}: {spent:.1f} CPU s, {rows}, {errors} errors", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, sys.argv[2:] or list(FORMATS))
