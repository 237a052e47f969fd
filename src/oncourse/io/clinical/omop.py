"""OMOP Common Data Model 5.4 with the oncology episodes -> patients, follow_up, treatments, labs, procedures, samples.

Concepts are named by the folder's own concept table; without it by the few numbers below, and by the source values.
"""

from __future__ import annotations

import re
from pathlib import Path

from oncourse.io.clinical.gather import CANCER_WORDS, METASTASIS_WORDS, Gather, Row, Source, files_of
from oncourse.io.reading import Reading
from oncourse.study.checks_drugs import ORDINARY, is_ordinary, is_ordinary_by_code
from oncourse.study.codes import is_code
from oncourse.study.schema import Problem
from oncourse.study.whose_cancer import cause_or_words
from oncourse.study.words import meaning
from oncourse.words.lists import first_of

TABLES = (
    "person",
    "death",
    "condition_occurrence",
    "drug_exposure",
    "measurement",
    "episode",
    "procedure_occurrence",
    "specimen",
    "observation_period",
    "visit_occurrence",
)
#: Concept numbers written from general knowledge of the OMOP vocabularies (Gender, LOINC, UCUM, Episode), 2026-11-29.
CONCEPTS = {
    "8507": "male",
    "8532": "female",
    "3013603": "PSA",
    "8842": "ng/mL",
    "8748": "ug/L",
    "32531": "treatment regimen",
    "32528": "disease first occurrence",
    "32533": "disease episode",
    "32529": "disease recurrence",
    "32949": "disease progression",
    "32945": "complete response",
    "32944": "partial response",
    "32943": "stable disease",
}
_RESPONSES = {"complete response": "CR", "partial response": "PR", "stable disease": "SD", "progress": "PD"}


def is_omop(path: Path) -> bool:
    """Whether a folder holds a table person and one of the clinical ones, named as the CDM does."""
    found = files_of(path, ".csv", ".tsv", ".txt") if path.is_dir() else {}
    return "person" in found and bool({"death", "measurement", "episode", "drug_exposure"} & set(found))


def read_omop(path: Path) -> Reading:
    """Read a folder of CDM tables as CSV.

    Day 0 is the first condition or disease episode of a patient, else the first treatment, else the first date; which
    one is noted. Drugs and regimens without a name in the concept table keep their concept number, and are named.
    """
    files = files_of(path, ".csv", ".tsv", ".txt", needs="person")
    out = Gather("OMOP CDM", "first diagnosis (condition or disease episode), else first treatment")
    names, atc = dict(CONCEPTS), dict[str, set[str]]()
    if "concept" in files:
        concepts = out.table(files["concept"])
        names |= {r["concept_id"]: r.get("concept_name", "") for r in concepts.rows if "concept_id" in r}
        concepts.used |= {"concept_id", "concept_name"}
        atc = _atc(concepts, out.table(files["concept_ancestor"])) if "concept_ancestor" in files else {}
    tables = {n: out.table(files[n]) for n in TABLES if n in files}
    index, diseases = _index(tables, names, atc, out), _diseases(tables, names)
    stages = _stages(tables, names)
    for row in tables["person"].rows:
        _person(row, tables["person"], names, index, diseases, out)
        out.rows["patients"][-1]["stage"] = stages.get(tables["person"].get(row, "person_id"))
    _metastases(tables, names, out)
    events = _events(tables, names, atc, out)
    _follow_up(tables, names, events, out)
    others = [f.name for n, f in files.items() if n not in (*TABLES, "concept", "concept_ancestor")]
    if others:
        out.notes.append(f"no table here for: {first_of(others, 12)}; not read")
    return out.finish()


def _name(names: dict[str, str], row: Row, source: Source, concept: str, value: str) -> str | None:
    """The name of a concept, else the source's own value, else its number."""
    number = source.get(row, f"{concept}_concept_id")
    named = names.get((number or "").removesuffix(".0"))
    return named or source.get(row, value) or (f"OMOP concept {number}" if number not in (None, "0") else None)


def _date(source: Source, row: Row, *columns: str) -> str | None:
    found = source.get(row, *columns)
    return found[:10] if found else None


def _index(
    tables: dict[str, Source], names: dict[str, str], atc: dict[str, set[str]], out: Gather
) -> dict[str | None, str]:
    kinds: list[dict[str | None, str]] = [{}, {}, {}]

    def take(rank: int, patient: str | None, date: str | None) -> None:
        if patient and date and len(date) == 10:
            kinds[rank][patient] = min(date, kinds[rank].get(patient, date))

    for name, source in tables.items():
        for row in source.rows:
            patient = source.get(row, "person_id")
            date = _date(
                source,
                row,
                f"{name.split('_')[0]}_start_date",
                f"{name}_date",
                f"{name}_start_date",
                "condition_start_date",
                "drug_exposure_start_date",
            )
            words = (
                (_name(names, row, source, "episode", "episode_source_value") or "").lower()
                if name == "episode"
                else ""
            )
            first = (
                _is_first_cancer(row, source, names)
                if name == "condition_occurrence"
                else "first occurrence" in words or words == "disease episode"
            )
            treats = (
                (name == "drug_exposure" and not _is_ordinary(row, source, names, atc))
                or "regimen" in words
                or "drug treatment" in words
            )
            take(0 if first else 1 if treats else 2, patient, date)
    people = {source.get(r, "person_id") for n, source in tables.items() if n == "person" for r in source.rows}
    chosen = {p: next((k[p] for k in kinds if p in k), "") for p in people}
    without = sum(p not in kinds[0] for p in people)
    if without:
        out.notes.append(
            f"{without:,} patients have no recorded diagnosis: their day 0 is the first treatment, else date"
        )
    return {p: d for p, d in chosen.items() if d}


#: A cancer modifier that is a stage: AJCC/UICC 8th clinical Stage 4.
_STAGE = r"(?i)\bstage\s+([0IV1-4]+[A-C]?\d?)\b"


def _stages(tables: dict[str, Source], names: dict[str, str]) -> dict[str | None, str]:
    """The first stage that the cancer modifiers (measurement) of each person name."""
    found: dict[str | None, tuple[str, str]] = {}
    source = tables.get("measurement", Source("", [], []))
    for row in source.rows:
        words = _name(names, row, source, "measurement", "measurement_source_value") or ""
        date = _date(source, row, "measurement_date") or "9"
        if (told := re.search(_STAGE, words)) and source.get(row, "value_as_number") is None:
            patient = source.get(row, "person_id")
            found[patient] = min((date, told[1]), found.get(patient, ("99", "")))
    return {patient: stage for patient, (_, stage) in found.items()}


def _is_ordinary(row: Row, source: Source, names: dict[str, str], atc: dict[str, set[str]]) -> bool:
    """Whether a drug treats no tumour: CDM sources hold every drug of a patient, statins and all."""
    what = _name(names, row, source, "drug", "drug_source_value")
    codes = atc.get(source.get(row, "drug_concept_id") or "", ())
    return what is not None and (is_ordinary(what) or is_ordinary_by_code(what, codes))


def _is_first_cancer(row: Row, source: Source, names: dict[str, str]) -> bool:
    """Whether a condition may be the cancer itself: no metastasis, and no other illness by its name or code."""
    words = _name(names, row, source, "condition", "condition_source_value") or ""
    code = source.get(row, "condition_source_value") or ""
    if re.search(METASTASIS_WORDS, words.lower()) or re.match(r"C7[789]", code):
        return False
    unnamed = not words or words.startswith("OMOP concept")
    return unnamed or bool(re.search(CANCER_WORDS, words) or re.match(r"[CD]\d\d", code))


def _metastases(tables: dict[str, Source], names: dict[str, str], out: Gather) -> None:
    """Conditions that are metastases (by concept name or ICD-10 C77-C79) -> lesions."""
    conditions = tables.get("condition_occurrence", Source("", [], []))
    for row in conditions.rows:
        words = _name(names, row, conditions, "condition", "condition_source_value") or ""
        code = conditions.get(row, "condition_source_value") or ""
        patient, date = conditions.get(row, "person_id"), _date(conditions, row, "condition_start_date")
        if not (re.search(METASTASIS_WORDS, words.lower()) or re.match(r"C7[789]", code)):
            continue
        if patient and date:
            out.metastasis(patient, site=words, found_date=date)
        else:
            out.skip(conditions.name, "lesions", "a metastasis without a date", patient)


def _diseases(tables: dict[str, Source], names: dict[str, str]) -> dict[str | None, str]:
    """The words of the first cancer of each person that is no metastasis."""
    conditions = tables.get("condition_occurrence", Source("", [], []))
    found: dict[str | None, str] = {}
    for row in sorted(conditions.rows, key=lambda r: r.get("condition_start_date", "9")):
        words = _name(names, row, conditions, "condition", "condition_source_value") or ""
        code = conditions.get(row, "condition_source_value") or ""
        is_cancer = bool(re.search(CANCER_WORDS, words) or re.match(r"C\d\d", code))
        if is_cancer and _is_first_cancer(row, conditions, names):
            found.setdefault(conditions.get(row, "person_id"), words)
    return found


def _person(
    row: Row,
    people: Source,
    names: dict[str, str],
    index: dict[str | None, str],
    diseases: dict[str | None, str],
    out: Gather,
) -> None:
    patient = people.get(row, "person_id")
    sex = (names.get((people.get(row, "gender_concept_id") or "").removesuffix(".0")) or "").lower()
    born, zero = people.number(row, "year_of_birth"), index.get(patient)
    age = int(zero[:4]) - int(born) if zero and zero[:4].isdigit() and born else None
    out.add(
        "patients",
        patient_id=patient,
        sex=sex if sex in ("male", "female") else None,
        age_years=age,
        index_date=zero,
        disease=diseases.get(patient),
    )


def _atc(concepts: Source, ancestors: Source) -> dict[str, set[str]]:
    """Return drug concept -> codes of its ATC classes, by the vocabulary's own ancestors."""
    classes = {r["concept_id"]: r["concept_code"] for r in concepts.rows if r.get("vocabulary_id") == "ATC"}
    concepts.used |= {"vocabulary_id", "concept_code"}
    ancestors.used |= {"ancestor_concept_id", "descendant_concept_id"}
    out: dict[str, set[str]] = {}
    for row in ancestors.rows:
        if (code := classes.get(row.get("ancestor_concept_id", ""))) is not None:
            out.setdefault(row.get("descendant_concept_id", ""), set()).add(code)
    return out


def _events(
    tables: dict[str, Source], names: dict[str, str], atc: dict[str, set[str]], out: Gather
) -> dict[str | None, dict[str, str]]:
    """Add treatments, labs, procedures, samples and responses; return the first recurrence and progression."""
    events: dict[str | None, dict[str, str]] = {}
    empty = Source("", [], [])
    for row in (drugs := tables.get("drug_exposure", empty)).rows:
        what = _name(names, row, drugs, "drug", "drug_source_value")
        start = _date(drugs, row, "drug_exposure_start_date")
        stop = _date(drugs, row, "drug_exposure_end_date")
        if what and is_ordinary_by_code(what, atc.get(drugs.get(row, "drug_concept_id") or "", ())):
            out.skip(drugs.name, "treatments", ORDINARY, drugs.get(row, "person_id"))
            continue
        _treatment(row, drugs, what, start, stop, out, drugs.get(row, "stop_reason"))
    for row in (lab := tables.get("measurement", empty)).rows:
        patient, date = lab.get(row, "person_id"), _date(lab, row, "measurement_date")
        what = _name(names, row, lab, "measurement", "measurement_source_value")
        number = lab.get(row, "value_as_number", "value_source_value")
        sign = {"4171756": "<", "4171754": "<", "4172704": ">", "4171755": ">"}.get(
            lab.get(row, "operator_concept_id") or "", ""
        )
        if patient and date and what and not number and re.search(METASTASIS_WORDS, what.lower()):
            out.metastasis(patient, site=what, found_date=date)  # a cancer modifier
            continue
        if not (patient and date and what and number):
            stage = bool(what and not number and re.search(_STAGE, what))
            why = f"'{what}' without a value" if what and date else "no date or name"
            if not stage:
                out.skip(lab.name, "labs", why, patient)
            continue
        unit = _name(names, row, lab, "unit", "unit_source_value")
        out.add("labs", patient_id=patient, date=date, analyte=what, value=f"{sign}{number}", unit=unit)
    for row in (episodes := tables.get("episode", empty)).rows:
        _episode(row, episodes, names, out, events)
    for row in (done := tables.get("procedure_occurrence", empty)).rows:
        kind = _name(names, row, done, "procedure", "procedure_source_value")
        date = _date(done, row, "procedure_date")
        if kind and date:
            out.add("procedures", patient_id=done.get(row, "person_id"), date=date, kind=kind)
        else:
            out.skip(done.name, "procedures", "no date or name", done.get(row, "person_id"))
    for row in (taken := tables.get("specimen", empty)).rows:
        kind = (_name(names, row, taken, "specimen", "specimen_source_value") or "").lower()
        blood = re.search(r"plasma|serum|blood", kind)
        out.add(
            "samples",
            sample_id=taken.get(row, "specimen_source_id", "specimen_id"),
            date=_date(taken, row, "specimen_date"),
            patient_id=taken.get(row, "person_id"),
            material="plasma" if blood else "tissue",
        )
    return events


def _treatment(
    row: Row,
    source: Source,
    what: str | None,
    start: str | None,
    stop: str | None,
    out: Gather,
    reason: str | None = None,
) -> None:
    if not (what and start):
        out.skip(source.name, "treatments", "no drug or no start", source.get(row, "person_id"))
        return
    if what.startswith("OMOP concept"):
        message = f"{what} has no name here: kept by its number."
        cure = "Put the concept table (concept.csv) into the folder."
        out.problems.append(Problem(source.name, None, None, what, message, cure, "warning"))
    out.add(
        "treatments",
        patient_id=source.get(row, "person_id"),
        drugs=what.lower().replace(", ", ";"),
        start_date=start,
        stop_date=stop,
        stop_reason=(meaning("stop_reason", reason) or reason.lower()) if reason else None,
        line=source.get(row, "episode_number"),
    )


def _episode(
    row: Row, episodes: Source, names: dict[str, str], out: Gather, events: dict[str | None, dict[str, str]]
) -> None:
    patient, start = episodes.get(row, "person_id"), _date(episodes, row, "episode_start_date")
    words = (_name(names, row, episodes, "episode", "episode_source_value") or "").lower()
    if "regimen" in words or "drug treatment" in words:
        what = _name(names, row, episodes, "episode_object", "episode_source_value")
        _treatment(row, episodes, what, start, _date(episodes, row, "episode_end_date"), out)
        return
    kind = "recurrence" if "recur" in words else "progression" if "progress" in words else None
    if kind and start:
        known = events.setdefault(patient, {})
        known[f"{kind}_date"] = min(start, known.get(f"{kind}_date", start))
        out.saw(patient, start)
    elif "metastatic" in words and patient and start:
        out.metastasis(patient, site=None, found_date=start)
    elif (word := next((w for k, w in _RESPONSES.items() if k in words), None)) and start:
        out.add("assessments", patient_id=patient, date=start, overall=word)
    elif "first occurrence" not in words and words != "disease episode":
        out.skip(
            episodes.name,
            "treatments",
            f"an episode that has no table here ({words or 'no concept'})",
            patient,
        )


def _deaths(death: Source, out: Gather) -> dict[str | None, str | None]:
    """The day of death of each person with a row of death; of several days the earliest, which is told."""
    days: dict[str | None, set[str]] = {}
    for row in death.rows:
        found = days.setdefault(death.get(row, "person_id"), set())
        found |= {d for d in [_date(death, row, "death_date", "death_datetime")] if d}
    twice = sorted(str(p) for p, found in days.items() if len(found) > 1)
    if twice:
        message = f"{len(twice):,} people died on several days (first: {twice[0]}): the earliest is read."
        cure = "Keep one row of death per person."
        out.problems.append(Problem(death.name, None, "death_date", None, message, cure, "warning"))
    return {person: min(found, default=None) for person, found in days.items()}


def _follow_up(
    tables: dict[str, Source],
    names: dict[str, str],
    events: dict[str | None, dict[str, str]],
    out: Gather,
) -> None:
    empty = Source("", [], [])
    for name, column in (
        ("observation_period", "observation_period_end_date"),
        ("visit_occurrence", "visit_start_date"),
    ):
        for row in (source := tables.get(name, empty)).rows:
            out.saw(source.get(row, "person_id"), _date(source, row, column))
    death = tables.get("death", empty)
    deaths = _deaths(death, out)
    is_told = "death" in tables
    if not is_told:
        out.notes.append("no table of deaths (death): who of the patients lives is not known")
    causes = {death.get(r, "person_id"): _name(names, r, death, "cause", "cause_source_value") for r in death.rows}
    for row in tables["person"].rows:
        patient = tables["person"].get(row, "person_id")
        died = deaths.get(patient)
        last = died if died and len(died) == 10 and not is_code(died) else out.last_seen.get(patient or "")
        if last is None:
            out.skip("person", "follow_up", "no date on which the patient was seen", patient)
            continue
        # the CDM has a row of death for the dead only: others were alive when last seen, where the table is there
        out.add(
            "follow_up",
            patient_id=patient,
            last_contact_date=last,
            death_date=died,
            is_dead=str(patient in deaths).lower() if is_told else None,
            cause_of_death=None
            if (causes.get(patient) or "OMOP").startswith("OMOP")
            else cause_or_words(causes[patient]),
            **events.get(patient, {}),
        )
