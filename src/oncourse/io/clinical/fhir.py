"""FHIR R4 bundles (mCODE profiles; JSON or NDJSON) -> patients, follow_up, treatments, labs, procedures, samples.

Standards: HL7 FHIR R4 (4.0.1); mCODE STU 3: cancer disease status is LOINC 97509-4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oncourse.errors import InputError
from oncourse.io.clinical.gather import CANCER_WORDS, METASTASIS_WORDS, Asked, Document, Gather, looks_like
from oncourse.io.reading import Reading
from oncourse.io.tabular.json_document import OBJECT, OBJECTS, VALUE, json_lines, read_document
from oncourse.study.checks_drugs import ORDINARY, is_ordinary, is_ordinary_by_code
from oncourse.study.codes import is_code, told_code
from oncourse.study.words import meaning

DISEASE_STATUS = "97509-4"
#: Words and SNOMED CT codes of the disease status that say progression; the others (stable, improved) say there is
#: none.
_WORSE = ("worsened", "progress", "271299001")
_BETTER = (
    "improved",
    "stable",
    "remission",
    "not detected",
    "268910001",
    "359746009",
    "260415000",
    "550991000124107",
    "551001000124108",
)
#: LOINC codes of a stage group (mCODE STU 3: clinical, pathologic, any).
_STAGE_GROUPS = {"21908-9", "21902-2", "21914-7"}
#: States of a condition that came back (HL7 condition-clinical): no diagnosis, and no day 0.
_AGAIN = {"recurrence", "relapse"}
#: Shapes of the elements read (HL7 FHIR R4); "code" is a concept, inside a coding or quantity one value.
SHAPES = {
    "entry": OBJECTS,
    "resource": OBJECT,
    "subject": OBJECT,
    "patient": OBJECT,
    "code": OBJECT,
    "coding": OBJECTS,
    "coding/code": VALUE,
    "display": VALUE,
    "text": VALUE,
    "reference": VALUE,
    "valueQuantity": OBJECT,
    "valueQuantity/code": VALUE,
    "valueQuantity/value": VALUE,
    "comparator": VALUE,
    "unit": VALUE,
    "valueString": VALUE,
    "valueCodeableConcept": OBJECT,
    "medicationReference": OBJECT,
    "medicationCodeableConcept": OBJECT,
    "statusReason": OBJECTS,
    "effectivePeriod": OBJECT,
    "performedPeriod": OBJECT,
    "period": OBJECT,
    "collection": OBJECT,
    "status": VALUE,
    "gender": VALUE,
    "id": VALUE,
    "birthDate": VALUE,
    "deceasedDateTime": VALUE,
    "deceasedBoolean": VALUE,
    "onsetDateTime": VALUE,
    "onsetPeriod": OBJECT,
    "stage": OBJECTS,
    "stage/summary": OBJECT,
    "contained": OBJECTS,
    "event": OBJECT,
    "severity": OBJECT,
    "seriousness": OBJECT,
    "date": VALUE,
    "detected": VALUE,
    "recordedDate": VALUE,
    "effectiveDateTime": VALUE,
    "effectiveInstant": VALUE,
    "performedDateTime": VALUE,
    "authoredOn": VALUE,
    "collectedDateTime": VALUE,
    "start": VALUE,
    "end": VALUE,
}
_DRUGS = ("MedicationAdministration", "MedicationStatement", "MedicationRequest")
_READ = (
    "Patient",
    "Condition",
    "Observation",
    "Procedure",
    "Specimen",
    "Encounter",
    "Medication",
    "AdverseEvent",
    *_DRUGS,
)
#: ICD-10 code of a cancer; day 0 and the disease are those of the first one.
_CANCER_CODE = r"C\d\d"
#: CTCAE's grade of a severity in words (mcode: adverse event severity).
_SEVERITY = {"mild": "1", "moderate": "2", "severe": "3", "life-threatening": "4", "fatal": "5"}


def _files(path: Path) -> list[Path]:
    ends = (".json", ".ndjson")
    return [path] if path.is_file() else [p for p in sorted(path.iterdir()) if p.name.lower().endswith(ends)]


def is_fhir(path: Path) -> bool:
    """Whether a file, or one in a folder, is a FHIR resource."""
    files = [f for f in _files(path) if f.name.lower().endswith((".json", ".ndjson"))]
    return any(looks_like(f, ('"resourceType"',)) for f in files)


def _resources(path: Path, out: Gather) -> Iterator[Mapping[str, Any]]:
    for file in _files(path):
        contents = json_lines(file) if file.name.lower().endswith(".ndjson") else None
        fitted, problems = read_document(file, SHAPES, contents)
        out.problems += problems
        document = Document(file.name)
        out.documents.append(document)
        for content in fitted if isinstance(fitted, list) else [fitted]:
            if not isinstance(content, dict):
                raise InputError(f"{file.name}: holds what is no FHIR resource.")
            if content.get("resourceType") == "Bundle":
                found = [e["resource"] for e in content.get("entry") or [] if e.get("resource")]
            else:
                found = [content]
            for resource in found:
                prefix = f"{resource.get('resourceType')}."
                document.count(resource, prefix)
                yield Asked(resource, out.asked, prefix)


def read_fhir(path: Path) -> Reading:
    """Read bundles or resources of one or many patients.

    Day 0 is the onset of the first cancer, else the first treatment. Partial dates are passed on as they are. A
    disease status that says worse dates the first progression; one that does not, the last day free of it. Only
    resources that happened count: entered-in-error, not-done, draft and requested ones without a start are left out and
    counted.
    """
    out = Gather("FHIR", "onset of the first cancer, else first treatment")
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for resource in _resources(path, out):
        by_type.setdefault(str(resource.get("resourceType")), []).append(resource)
    medications = {f"Medication/{m.get('id')}": m.get("code") for m in by_type.get("Medication", [])}
    index: dict[str, tuple[int, str]] = {}
    secondary = [c for c in by_type.get("Condition", []) if _is_secondary(c)]
    for condition in secondary:
        _metastasis(condition, out)
    spread = {id(c) for c in secondary}
    by_type["Condition"] = [c for c in by_type.get("Condition", []) if id(c) not in spread]
    status: dict[str, dict[str, str]] = {}
    cancers = _cancers(by_type["Condition"], index, status, out)
    for kind in _DRUGS:
        for drug in by_type.get(kind, []):
            _drug(drug, medications, index, out)
    for observation in by_type.get("Observation", []):
        _observation(observation, status, out)
    for procedure in by_type.get("Procedure", []):
        _procedure(procedure, out)
    for specimen in by_type.get("Specimen", []):
        kind = (_text(specimen.get("type")) or "").lower()
        day = _date((specimen.get("collection") or {}).get("collectedDateTime"))
        out.add(
            "samples",
            sample_id=specimen.get("id"),
            patient_id=_patient(specimen),
            date=day,
            material="plasma" if "plasma" in kind or "blood" in kind else "tissue",
        )
    for encounter in by_type.get("Encounter", []):
        out.saw(_patient(encounter), _date((encounter.get("period") or {}).get("start")))
    for event in by_type.get("AdverseEvent", []):
        _adverse(event, out)
    by_onset = sorted(cancers, key=lambda c: _onset(c) or "9999", reverse=True)
    conditions = {_patient(c): (_text(c.get("code")), _stage(c)) for c in by_onset}
    people = by_type.get("Patient", [])
    is_told = any(patient.get(c) is not None for patient in people for c in ("deceasedBoolean", "deceasedDateTime"))
    if people and not is_told:
        out.notes.append("no Patient has deceased[x]: who of the patients lives is not known")
    for patient in people:
        _person(patient, index, status, conditions, out, is_told=is_told)
    by_type["Condition"] += secondary
    by_type = {kind: found for kind, found in by_type.items() if found}
    for kind, found in sorted(by_type.items()):
        state = "used" if kind in _READ else "not read"
        if state == "not read":
            out.notes.append(f"{len(found):,} resources {kind} have no table here: not read")
    others = [f.name for f in path.iterdir() if f.name.lower().endswith(".xml")] if path.is_dir() else []
    if others:
        out.notes.append(f"FHIR in XML is not read: {', '.join(sorted(others)[:6])}; export the resources as JSON")
    reading = out.finish()
    for kind, found in sorted(by_type.items()):
        reading.ledger.file(
            f"{path.name}: {kind}",
            "FHIR resource",
            "used" if kind in _READ else "not read",
            n_rows=len(found),
        )
    return reading


def _cancers(
    conditions: list[Mapping[str, Any]],
    index: dict[str, tuple[int, str]],
    status: dict[str, dict[str, str]],
    out: Gather,
) -> list[Mapping[str, Any]]:
    """Return the conditions that are a first cancer, their onset day 0; recurrences are told in `status`."""
    cancers = []
    for condition in conditions:
        if _is_cancer(condition) and _codes(condition.get("clinicalStatus")) & _AGAIN:
            _recurrence(condition, status, out)
        elif _is_cancer(condition):
            cancers.append(condition)
            _first(index, _patient(condition), 0, _onset(condition))
        else:
            out.skip("Condition", "patients", "no cancer, or refuted", _patient(condition))
    return cancers


def _text(concept: Any) -> str | None:
    """The words of a CodeableConcept: its text, else the first display, else the first code."""
    if not isinstance(concept, dict):
        return None
    codings = concept.get("coding") or []
    told = [concept.get("text"), *(c.get("display") for c in codings), *(c.get("code") for c in codings)]
    return next((str(t) for t in told if t), None)


def _codes(concept: Any) -> set[str]:
    return {str(c.get("code")) for c in (concept or {}).get("coding") or []}


def _patient(resource: Mapping[str, Any]) -> str:
    reference = (resource.get("subject") or resource.get("patient") or {}).get("reference") or ""
    return str(reference).rsplit("/", 1)[-1].removeprefix("urn:uuid:")


def _date(text: Any) -> str | None:
    return str(text)[:10] if text else None


def _first(index: dict[str, tuple[int, str]], patient: str, rank: int, text: Any) -> None:
    date = _date(text)
    if date and (len(date) == 10 or (rank == 0 and len(date) == 7)):
        known = index.get(patient, (rank, date))
        same_month = rank == known[0] and (date.startswith(known[1]) or known[1].startswith(date))
        # of a month and a day of it the day is the better known
        index[patient] = max(known, (rank, date)) if same_month else min(known, (rank, date))


def _is_secondary(condition: Mapping[str, Any]) -> bool:
    """Whether a condition is a metastasis: mCODE's profile, an ICD-10 code (C77-C79), or its words."""
    profiles = (condition.get("meta") or {}).get("profile") or []
    words = (_text(condition.get("code")) or "").lower()
    return (
        any("secondary-cancer" in str(p) for p in profiles)
        or any(re.match(r"C7[789]", c) for c in _codes(condition.get("code")))
        or bool(re.search(METASTASIS_WORDS, words))
    )


def _is_cancer(condition: Mapping[str, Any]) -> bool:
    """Whether a condition is a cancer that somebody has: by mCODE's profile, an ICD-10 code or its words."""
    if _codes(condition.get("verificationStatus")) & {"refuted", "entered-in-error"}:
        return False
    profiles = (condition.get("meta") or {}).get("profile") or []
    words = f"{_text(condition.get('code'))} {' '.join(_displays(condition.get('code')))}"
    return (
        any("cancer-condition" in str(p) for p in profiles)
        or any(re.match(_CANCER_CODE, c) for c in _codes(condition.get("code")))
        or bool(re.search(CANCER_WORDS, words))
    )


def _displays(concept: Any) -> list[str]:
    return [str(c["display"]) for c in (concept or {}).get("coding") or [] if c.get("display")]


def _onset(condition: Mapping[str, Any]) -> str | None:
    period = condition.get("onsetPeriod") or {}
    return _date(condition.get("onsetDateTime") or period.get("start") or condition.get("recordedDate"))


def _stage(condition: Mapping[str, Any]) -> str | None:
    """The first stage that a condition names."""
    return next((t for s in condition.get("stage") or [] if (t := _text(s.get("summary")))), None)


def _adverse(event: Mapping[str, Any], out: Gather) -> None:
    """Add an adverse event that happened; its severity as CTCAE's grade (mild 1 ... severe 3)."""
    patient, term = _patient(event), _text(event.get("event")) or _text(event.get("code"))
    day = _date(event.get("date") or event.get("detected"))
    if term is None or day is None or event.get("actuality") == "potential":
        out.skip("AdverseEvent", "adverse_events", "no event or date, or potential", patient)
        return
    grade = (_text(event.get("severity")) or "").lower() or None
    out.add(
        "adverse_events",
        patient_id=patient,
        start_date=day,
        term=term,
        grade=_SEVERITY.get(grade or "", grade),
        serious={"serious": "true", "non-serious": "false"}.get((_text(event.get("seriousness")) or "").lower()),
    )


def _metastasis(condition: Mapping[str, Any], out: Gather) -> None:
    patient = _patient(condition)
    day = _onset(condition)
    refuted = _codes(condition.get("verificationStatus")) & {"refuted", "entered-in-error"}
    if day is None or refuted:
        out.skip("Condition", "lesions", "refuted, or a metastasis without a date", patient)
        return
    out.metastasis(patient, site=_text(condition.get("code")), found_date=day)


def _recurrence(condition: Mapping[str, Any], status: dict[str, dict[str, str]], out: Gather) -> None:
    """Read a condition that is a recurrence or relapse as the first day of it."""
    patient, day = _patient(condition), _onset(condition)
    if day is None:
        out.skip("Condition", "follow_up", "a recurrence without a date", patient)
        return
    known = status.setdefault(patient, {})
    known["recurrence_date"] = min(day, known.get("recurrence_date", day))
    out.saw(patient, day)


def _drug(drug: Mapping[str, Any], concepts: Mapping[str, Any], index: dict[str, tuple[int, str]], out: Gather) -> None:
    kind, patient = str(drug["resourceType"]), _patient(drug)
    period = drug.get("effectivePeriod") or {}
    start = _date(period.get("start") or drug.get("effectiveDateTime") or drug.get("authoredOn"))
    reference = str((drug.get("medicationReference") or {}).get("reference"))
    inside = {f"#{c.get('id')}": c.get("code") for c in drug.get("contained") or []}
    concept = drug.get("medicationCodeableConcept") or inside.get(reference) or concepts.get(reference)
    what = _text(concept)
    if drug.get("status") in ("entered-in-error", "not-done", "not-taken", "cancelled", "draft"):
        out.skip(kind, "treatments", f"status {drug['status']}", patient)
    elif kind == "MedicationRequest" and str(drug.get("intent")) in ("proposal", "plan", "option"):
        out.skip(kind, "treatments", f"intent {drug['intent']}: not ordered, not given", patient)
    elif not (what and start):
        out.skip(kind, "treatments", "no drug or no start", patient)
    elif is_ordinary_by_code(what, _codes(concept)):
        out.skip(kind, "treatments", ORDINARY, patient)
    else:
        _first(index, patient, 2 if is_ordinary(what) else 1, start)
        reason = _text((drug.get("statusReason") or [None])[0]) or _ended_because(drug)
        out.add(
            "treatments",
            patient_id=patient,
            drugs=what.lower(),
            start_date=start,
            # one dose on one day, where the administration has no period
            stop_date=_date(period.get("end"))
            or (start if kind == "MedicationAdministration" and drug.get("effectiveDateTime") else None),
            stop_reason=(meaning("stop_reason", reason) or reason.lower()) if reason else None,
        )


def _ended_because(drug: Mapping[str, Any]) -> str | None:
    """The reason of a treatment's end in mCODE's extension (treatment-termination-reason)."""
    told = (e for e in drug.get("extension") or [] if "treatment-termination-reason" in str(e.get("url")))
    return next((text for e in told if (text := _text(e.get("valueCodeableConcept")))), None)


def _observation(row: Mapping[str, Any], status: dict[str, dict[str, str]], out: Gather) -> None:
    patient, codes = _patient(row), _codes(row.get("code"))
    told = (
        row.get("effectiveDateTime") or row.get("effectiveInstant") or (row.get("effectivePeriod") or {}).get("start")
    )
    day = _date(told)
    if row.get("status") in ("entered-in-error", "cancelled") or day is None:
        out.skip("Observation", "labs", "entered in error, or no date", patient)
        return
    if DISEASE_STATUS in codes:
        value = row.get("valueCodeableConcept")
        words = f"{_text(value)} {' '.join(_codes(value))}".lower()
        known = status.setdefault(patient, {})
        if any(w in words for w in _WORSE):
            known["progression_date"] = min(day, known.get("progression_date", day))
        elif any(w in words for w in _BETTER):
            known["progression_free_date"] = max(day, known.get("progression_free_date", day))
        else:
            out.skip("Observation", "follow_up", f"disease status '{_text(value)}' is not understood", patient)
        out.saw(patient, day)
        return
    if codes & _STAGE_GROUPS:
        if (stage := _text(row.get("valueCodeableConcept"))) is not None:
            status.setdefault(patient, {}).setdefault("stage", stage)
        return
    name = next((m for c in codes if (m := meaning("analyte", c))), None) or _text(row.get("code"))
    quantity = row.get("valueQuantity") or {}
    value = (
        f"{quantity.get('comparator', '')}{quantity['value']}"
        if quantity.get("value") is not None
        else row.get("valueString")
    )
    if name and value:
        out.add(
            "labs",
            patient_id=patient,
            date=day,
            analyte=name,
            value=value,
            unit=quantity.get("unit") or quantity.get("code"),
        )
    elif name and (coded := _text(row.get("valueCodeableConcept"))):
        out.add("markers", patient_id=patient, marker=name, value=coded, date=day)
    else:
        out.skip("Observation", "labs", "no value", patient)


def _procedure(row: Mapping[str, Any], out: Gather) -> None:
    patient, kind = _patient(row), _text(row.get("code"))
    day = _date(row.get("performedDateTime") or (row.get("performedPeriod") or {}).get("start"))
    if kind and day and row.get("status") not in ("entered-in-error", "not-done", "preparation"):
        out.add("procedures", patient_id=patient, date=day, kind=kind)
    else:
        out.skip("Procedure", "procedures", "no name or date, or not done", patient)


def _person(
    row: Mapping[str, Any],
    index: dict[str, tuple[int, str]],
    status: dict[str, dict[str, str]],
    conditions: Mapping[str, tuple[str | None, str | None]],
    out: Gather,
    *,
    is_told: bool,
) -> None:
    patient = str(row.get("id"))
    observed = status.get(patient, {}).pop("stage", None)
    zero = index.get(patient, (0, None))[1]
    born = _date(row.get("birthDate"))
    years = [int(d[:4]) for d in (zero, born) if d and re.match(r"\d{4}", d)]
    age = years[0] - years[1] if len(years) == 2 else None
    out.add(
        "patients",
        patient_id=patient,
        sex=row.get("gender") if row.get("gender") in ("male", "female") else None,
        age_years=age,
        index_date=zero,
        disease=conditions.get(patient, (None, None))[0],
        stage=conditions.get(patient, (None, None))[1] or observed,
    )
    death = _date(row.get("deceasedDateTime"))
    dead = row.get("deceasedBoolean") if death is None or is_code(death) else True
    last = death if death and len(death) == 10 and not is_code(death) else out.last_seen.get(patient)
    if last is None and dead:  # alive when it was diagnosed; else, of a death known by its month, before that
        last = zero if zero and len(zero) == 10 else death
    if last is None and is_code(death):
        out.problems.append(told_code("Patient", "deceasedDateTime", [str(death)], patient))
    if last is None:
        out.skip("Patient", "follow_up", "no date on which the patient was seen", patient)
        return
    # without deceased[x] seen alive on the last date, where the source says of anybody whether they live (`is_told`)
    out.add(
        "follow_up",
        patient_id=patient,
        last_contact_date=last,
        death_date=death,
        is_dead=str(bool(dead)).lower() if is_told and not (is_code(death) and dead is None) else None,
        **status.get(patient, {}),
    )
