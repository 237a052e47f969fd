"""Clinical data of the Genomic Data Commons (clinical.tsv, or cases as JSON) -> patients, follow_up, treatments.

Day 0 of the GDC is the diagnosis. Names as in the GDC data dictionary (release 40 and older spellings).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oncourse.io.clinical.gather import Asked, Document, Gather, looks_like, organ_of, walk
from oncourse.io.reading import Reading
from oncourse.io.tabular.json_document import OBJECT, OBJECTS, read_document
from oncourse.study.whose_cancer import cause_or_words

_STAGES = ("ajcc_pathologic_stage", "ajcc_clinical_stage", "tumor_stage")

#: Shapes of the parts of a case (GDC data dictionary).
SHAPES = {
    "data": OBJECT,
    "hits": OBJECTS,
    "demographic": OBJECT,
    "diagnoses": OBJECTS,
    "treatments": OBJECTS,
    "follow_ups": OBJECTS,
}


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    ends = (".tsv", ".txt", ".json")
    files = [p for p in sorted(path.iterdir()) if p.is_file() and p.name.lower().endswith(ends)]
    return [f for f in files if f.name.lower().startswith(("clinical", "cases", "follow_up"))]


def is_gdc(path: Path) -> bool:
    """Whether a file, or one in a folder, is a clinical table or case list of the GDC."""
    words = (
        "case_submitter_id",
        "cases.submitter_id",
        '"days_to_last_follow_up"',
        '"diagnoses"',
        '"demographic"',
    )
    return any(looks_like(f, words) for f in _files(path))


def read_gdc(path: Path) -> Reading:
    """Read clinical files of the GDC; several of one case (TSV and JSON) are one patient.

    A death is dated by days_to_death, else the day is not known. Recurrence is days_to_recurrence, or a follow-up that
    says progression or recurrence with its day; drugs without a day of start are left out and counted.
    """
    out = Gather("GDC clinical data", "diagnosis (day 0 of the GDC)")
    cases: dict[str, dict[str, Any]] = {}
    for file in _files(path):
        if file.name.lower().endswith(".json"):
            content, problems = read_document(file, SHAPES)
            out.problems += problems
            listed = content if isinstance(content, list) else (content.get("data") or {}).get("hits") or [content]
            document = Document(file.name)
            out.documents.append(document)
            for case in listed:
                if isinstance(case, dict):
                    document.n += 1
                    for inside in walk(case):
                        document.fields.update(
                            k for k, v in inside.items() if v is not None and not isinstance(v, list | dict)
                        )
                    _merge(cases, _case(case))
                else:
                    out.skip(file.name, "patients", "is no case", None)
        else:
            source = out.table(file)
            for row in source.rows:
                flat = {name.split(".")[-1]: cell for name, cell in row.items()}
                if "cases.submitter_id" in row:
                    flat["case_submitter_id"] = row["cases.submitter_id"]
                _merge(cases, _from_flat(flat))
    out.asked |= {"case_submitter_id", "submitter_id", "case_id"}
    for patient, case in sorted(cases.items()):
        parts = {name: [Asked(row, out.asked) for row in case[name]] for name in ("treatments", "follow_ups")}
        _write(patient, {"facts": Asked(case["facts"], out.asked), **parts}, out)
    for source in out.sources:
        source.used |= {name for name in source.columns if name.split(".")[-1] in out.asked}
    return out.finish()


def _case(case: Mapping[str, Any]) -> dict[str, Any]:
    diagnoses = case.get("diagnoses") or []
    first = diagnoses[0] if diagnoses else {}
    follow_ups = case.get("follow_ups") or []
    flat = {
        **(case.get("demographic") or {}),
        **{k: v for k, v in first.items() if not isinstance(v, list | dict)},
    }
    flat["case_submitter_id"] = case.get("submitter_id") or case.get("case_id")
    flat.setdefault("primary_site", case.get("primary_site"))
    flat.setdefault("disease_type", case.get("disease_type"))
    out = _from_flat(flat)
    out["treatments"] = [t for d in diagnoses for t in d.get("treatments") or []]
    out["follow_ups"] = list(follow_ups)
    return out


def _from_flat(flat: Mapping[str, Any]) -> dict[str, Any]:
    """One case of a table; a treatment of the same row where one is named."""
    drug = flat.get("therapeutic_agents")
    return {
        "facts": {k: v for k, v in flat.items() if v is not None},
        "treatments": [flat] if drug or flat.get("treatment_type") else [],
        "follow_ups": [flat],
    }


def _merge(cases: dict[str, dict[str, Any]], case: dict[str, Any]) -> None:
    patient = case["facts"].get("case_submitter_id") or case["facts"].get("submitter_id")
    if patient is None:
        return
    known = cases.setdefault(str(patient), {"facts": {}, "treatments": [], "follow_ups": []})
    known["facts"] = {**case["facts"], **known["facts"]}
    known["treatments"] += case["treatments"]
    known["follow_ups"] += case["follow_ups"]


def _day(value: Any) -> int | None:
    try:
        return round(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _write(patient: str, case: Mapping[str, Any], out: Gather) -> None:
    facts = case["facts"]
    age = _day(facts.get("age_at_diagnosis"))
    years = _day(facts.get("age_at_index")) if age is None else round(age / 365.25, 2)
    site = facts.get("tissue_or_organ_of_origin") or facts.get("primary_site")
    stage = next((facts[s] for s in _STAGES if facts.get(s)), None)
    out.add(
        "patients",
        patient_id=patient,
        sex=facts.get("gender") or facts.get("sex_at_birth"),
        age_years=years,
        stage=stage,
        primary_site=site,
        disease=facts.get("primary_diagnosis") or facts.get("disease_type"),
    )
    days = [_day(f.get(n)) for f in case["follow_ups"] for n in ("days_to_follow_up", "days_to_last_follow_up")]
    days += [_day(facts.get(n)) for n in ("days_to_last_follow_up", "days_to_last_known_disease_status")]
    vital = str(facts.get("vital_status") or "").lower()
    death = _day(facts.get("days_to_death"))
    dead = {"dead": True, "alive": False}.get(vital, True if death is not None else None)
    last = max((d for d in days if d is not None), default=None)
    last = death if death is not None else last
    if last is None:
        out.skip("cases", "follow_up", "no day of death or last follow-up", patient)
    else:
        out.add(
            "follow_up",
            patient_id=patient,
            last_contact_day=last,
            is_dead=None if dead is None else str(dead).lower(),
            death_day=death,
            cause_of_death=cause_or_words(facts.get("cause_of_death")) if dead else None,
            **_events(case),
        )
    _sites(patient, case, out)
    for row in case["treatments"]:
        agents, start = row.get("therapeutic_agents"), _day(row.get("days_to_treatment_start"))
        if str(row.get("treatment_or_therapy") or "").lower() == "no":
            out.skip("cases", "treatments", "said not to be given", patient)
            continue
        if "radiation" in str(row.get("treatment_type") or "").lower() and not agents:
            if start is None:
                out.skip("cases", "procedures", "radiotherapy without a day of start", patient)
            else:
                out.add("procedures", patient_id=patient, day=start, kind="radiotherapy")
            continue
        if not agents or start is None:
            out.skip("cases", "treatments", "no drug, or no day of start", patient)
            continue
        out.add(
            "treatments",
            patient_id=patient,
            drugs=str(agents).replace(", ", ";").lower(),
            start_day=start,
            stop_day=_day(row.get("days_to_treatment_end")),
        )


def _sites(patient: str, case: Mapping[str, Any], out: Gather) -> None:
    """Add the site of a recurrence that a follow-up names, with its day."""
    for row in case["follow_ups"]:
        site, day = row.get("progression_or_recurrence_anatomic_site"), _day(row.get("days_to_recurrence"))
        if not site or str(row.get("progression_or_recurrence") or "").lower().startswith("no"):
            continue
        kind = str(row.get("progression_or_recurrence_type") or "").lower()
        role = "local_recurrence" if re.search("local|regional", kind) else "metastasis"
        found = day if day is not None else _day(row.get("days_to_follow_up"))
        lesion = out.next_lesion(patient, role)
        out.add("lesions", lesion_id=lesion, patient_id=patient, role=role, site=organ_of(str(site)), found_day=found)


def _events(case: Mapping[str, Any]) -> dict[str, int | None]:
    """First recurrence and progression that anything says, with its day."""
    found: dict[str, list[int]] = {"recurrence": [], "progression": []}
    for row in (case["facts"], *case["follow_ups"]):
        for kind, days in found.items():
            day = _day(row.get(f"days_to_{kind}"))
            days += [] if day is None else [day]
        if str(row.get("progression_or_recurrence") or "").lower().startswith("yes"):
            kind = (
                "recurrence"
                if "recur" in str(row.get("progression_or_recurrence_type") or "").lower()
                else "progression"
            )
            day = _day(row.get("days_to_follow_up"))
            found[kind] += [] if day is None else [day]
    if found["recurrence"]:  # the visit at which a recurrence is told is no progression of its own
        found["progression"] = [d for d in found["progression"] if d < min(found["recurrence"])]
    events = {f"{kind}_day": min(days) if days else None for kind, days in found.items()}
    free = [
        day
        for row in case["follow_ups"]
        if str(row.get("disease_response") or "").lower().startswith(("tf", "tumor free"))
        and (day := _day(row.get("days_to_follow_up"))) is not None
    ]
    before = [d for d in free if events["recurrence_day"] is None or d <= events["recurrence_day"]]
    return {**events, "recurrence_free_day": max(before, default=None) if events["recurrence_day"] is None else None}
