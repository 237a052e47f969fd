"""GA4GH Phenopackets v2 (JSON; one per file, a list, or a cohort) -> the tables of a study."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oncourse.days import DAYS_PER_MONTH, DAYS_PER_YEAR, days_lived
from oncourse.io.clinical.gather import CANCER_WORDS, Document, Gather, deep, looks_like, walk
from oncourse.io.reading import Reading
from oncourse.io.tabular.json_document import OBJECT, OBJECTS, VALUE, read_document
from oncourse.study.whose_cancer import cause_or_words

_AGE = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")
_DAY = re.compile(r"\bday (-?\d+)")
_STAY = re.compile(r"; day (-?\d+) to (-?\d+|not recorded)$")
#: Shapes of the elements read (Phenopacket schema 2.0).
SHAPES = {
    "subject": OBJECT,
    "vitalStatus": OBJECT,
    "timeOfDeath": OBJECT,
    "timeAtLastEncounter": OBJECT,
    "causeOfDeath": OBJECT,
    "diseases": OBJECTS,
    "term": OBJECT,
    "onset": OBJECT,
    "age": OBJECT,
    "iso8601duration": VALUE,
    "primarySite": OBJECT,
    "diseaseStage": OBJECTS,
    "label": VALUE,
    "biosamples": OBJECTS,
    "sampledTissue": OBJECT,
    "timeOfCollection": OBJECT,
    "description": VALUE,
    "measurements": OBJECTS,
    "assay": OBJECT,
    "value": OBJECT,
    "quantity": OBJECT,
    "quantity/value": VALUE,
    "expressions/value": VALUE,
    "extensions/value": VALUE,
    "unit": OBJECT,
    "timeObserved": OBJECT,
    "medicalActions": OBJECTS,
    "procedure": OBJECT,
    "code": OBJECT,
    "performed": OBJECT,
    "treatment": OBJECT,
    "agent": OBJECT,
    "doseIntervals": OBJECTS,
    "interval": OBJECT,
    "treatmentTerminationReason": OBJECT,
    "treatmentIntent": OBJECT,
    "interpretations": OBJECTS,
    "diagnosis": OBJECT,
    "genomicInterpretations": OBJECTS,
    "variantInterpretation": OBJECT,
    "variationDescriptor": OBJECT,
    "vcfRecord": OBJECT,
    "geneContext": OBJECT,
    "expressions": OBJECTS,
    "extensions": OBJECTS,
    "sex": VALUE,
    "id": VALUE,
    "survivalTimeInDays": VALUE,
    "chrom": VALUE,
    "pos": VALUE,
    "ref": VALUE,
    "alt": VALUE,
    "symbol": VALUE,
    "status": VALUE,
    "vitalStatus/status": VALUE,
}


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [p for p in sorted(path.iterdir()) if p.name.lower().endswith(".json")]


def is_phenopackets(path: Path) -> bool:
    """Whether a file, or one in a folder, is a phenopacket."""
    files = [f for f in _files(path) if f.name.lower().endswith(".json")]
    return any(looks_like(f, ("phenopacketSchemaVersion", '"phenopackets"'), 1 << 22) for f in files[:3])


def read_phenopackets(path: Path) -> Reading:
    """Read phenopackets; day 0 is the onset of the disease (an age).

    A day that `oncourse export` wrote in a description goes before an age, so that those we write read back the same.

    Variants with a VCF record become called variants of their biosample, with the counts of the extension ``allele
    counts`` where it is there. Excluded diseases are not read.
    """
    out = Gather("Phenopackets", "onset of the disease, else first treatment")
    builds: set[str] = set()
    files = _files(path)
    fields = Document("*.json")  # one packet a file: their fields are told once for all
    for file in files:
        content, problems = read_document(file, SHAPES)
        out.problems += problems
        document = Document(file.name)
        out.documents.append(document)
        for packet in (v for v in walk(content) if v.get("subject") and "metaData" in v):
            document.n += 1
            (document if len(files) == 1 else fields).count_deep(packet)
            _packet(deep(packet, out.asked), out, builds)
    if fields.fields:
        fields.n = sum(document.n for document in out.documents)
        out.documents.append(fields)
    reading = out.finish()
    if len(builds) == 1 and (build := builds.pop()) in ("GRCh37", "GRCh38"):
        from dataclasses import replace

        reading.config = replace(reading.config, genome_build=build)
    return reading


def _ordinal(text: Any) -> int | None:
    """The day of a time stamp (ISO 8601), counted from 1 January of year 1; None where it is none."""
    try:
        return dt.date.fromisoformat(str(text)[:10]).toordinal()
    except ValueError:
        return None


def _clock(element: Any, born: int | None) -> tuple[str, int] | None:
    """("age", days of life) or, of a time stamp without a date of birth, ("date", day); None where it is neither."""
    days = _days(element)
    if days is not None:
        return "age", days
    stamp = element.get("timestamp") if isinstance(element, dict) else element
    day = _ordinal(stamp)
    return None if day is None else ("date", day) if born is None else ("age", day - born)


def _first_stamp(packet: Mapping[str, Any]) -> str | None:
    """The earliest start of a treatment, else the earliest time stamp of what was done or measured."""
    starts = [
        str((i.get("interval") or {}).get("start") or "")
        for action in packet.get("medicalActions") or []
        for i in (action.get("treatment") or {}).get("doseIntervals") or []
    ]
    keys = ("timeObserved", "performed", "timeOfCollection")
    others = [
        str(v["timestamp"]) for part in walk(dict(packet)) for k in keys if (v := part.get(k) or {}).get("timestamp")
    ]
    return min((s for s in starts if _ordinal(s)), default=None) or min(
        (s for s in others if _ordinal(s)), default=None
    )


def _days(element: Any) -> int | None:
    """Days of life of a time element that is an age."""
    if not isinstance(element, dict):
        return None
    age = ((element or {}).get("age") or {}).get("iso8601duration") or (element or {}).get("iso8601duration")
    found = _AGE.fullmatch(str(age or ""))
    if not found or not any(found.groups()):
        return None
    years, months, weeks, days = (int(g or 0) for g in found.groups())
    return days_lived(years) + round(months * DAYS_PER_MONTH) + weeks * 7 + days


def _label(term: Any) -> str | None:
    told = (term or {}).get("label") or (term or {}).get("id")
    return None if told is None else str(told)


def _packet(packet: Mapping[str, Any], out: Gather, builds: set[str]) -> None:
    subject = packet["subject"]
    patient = subject.get("id") or packet.get("id")
    if patient is None:
        out.skip("phenopackets", "patients", "no id of a subject", None)
        return
    patient = str(patient)
    diseases = [d for d in packet.get("diseases") or [] if not d.get("excluded")]
    cancers = [d for d in diseases if re.search(CANCER_WORDS, _label(d.get("term")) or "")]
    first: Mapping[str, Any] = next(iter([*cancers, *diseases]), {})
    born = _ordinal(subject.get("dateOfBirth"))
    zero = _clock(first.get("onset"), born) or _clock(_first_stamp(packet), born)
    if zero is not None and first.get("onset") is None:
        out.skip(
            "phenopackets", "day 0", "no onset of the disease: day 0 is the first treatment, else first date", patient
        )

    def when(element: Any, words: str | None = None) -> int | None:
        if words and (found := _DAY.search(words)):
            return int(found.group(1))
        told = _clock(element, born)
        return None if told is None or zero is None or told[0] != zero[0] else told[1] - zero[1]

    stage = [_label(s) for s in first.get("diseaseStage") or []]
    sex = {"FEMALE": "female", "MALE": "male"}.get(str(subject.get("sex")))
    out.add(
        "patients",
        patient_id=patient,
        sex=sex,
        age_years=None if zero is None or zero[0] != "age" else round(zero[1] / DAYS_PER_YEAR, 2),
        disease=_label(first.get("term")),
        primary_site=_label(first.get("primarySite")),
        stage=str(stage[0]).removeprefix("stage ") if stage else None,
    )
    for sample in packet.get("biosamples") or []:
        kind = f"{_label(sample.get('sampledTissue'))} {sample.get('description')}".lower()
        out.add(
            "samples",
            sample_id=sample.get("id"),
            patient_id=patient,
            day=when(sample.get("timeOfCollection"), str(sample.get("description") or "")),
            material="plasma" if "plasma" in kind or "blood" in kind else "tissue",
        )
    for measurement in packet.get("measurements") or []:
        _measurement(patient, measurement, when, out)
    for action in packet.get("medicalActions") or []:
        _action(patient, action, when, out)
    _vital(patient, subject, when, out)
    for genomic in (
        g
        for i in packet.get("interpretations") or []
        for g in (i.get("diagnosis") or {}).get("genomicInterpretations") or []
    ):
        _variant(genomic, out, builds)


def _vital(patient: str, subject: Mapping[str, Any], when: Any, out: Gather) -> None:
    vital = subject.get("vitalStatus") or {}
    last = when(subject.get("timeAtLastEncounter"))
    death = when(vital.get("timeOfDeath")) if vital.get("timeOfDeath") else None
    survived = vital.get("survivalTimeInDays")
    death = death if death is not None else survived
    dead = {"DECEASED": "true", "ALIVE": "false"}.get(str(vital.get("status")))
    last = last if last is not None else death
    if last is None:
        out.skip("phenopackets", "follow_up", "no time at last encounter", patient)
        return
    out.add(
        "follow_up",
        patient_id=patient,
        last_contact_day=last,
        is_dead=dead,
        death_day=death if dead == "true" else None,
        cause_of_death=cause_or_words(_label(vital.get("causeOfDeath"))),
    )


def _measurement(patient: str, row: Mapping[str, Any], when: Any, out: Gather) -> None:
    quantity = (row.get("value") or {}).get("quantity") or {}
    words = str(row.get("description") or "")
    day = when(row.get("timeObserved"), words)
    value = quantity.get("value")
    if day is None or value is None:
        out.skip("phenopackets", "labs", "no time or no number", patient)
        return
    unit = _label(quantity.get("unit"))
    told = words.partition(": ")[2] if _DAY.match(words) else ""
    out.add(
        "labs",
        patient_id=patient,
        day=day,
        analyte=_label(row.get("assay")),
        value=told or value,
        unit=None if unit == "unit not recorded" else unit,
    )


def _action(patient: str, action: Mapping[str, Any], when: Any, out: Gather) -> None:
    if procedure := action.get("procedure"):
        day = when(procedure.get("performed"))
        if day is None:
            out.skip("phenopackets", "procedures", "no time", patient)
        else:
            kind = (_label(procedure.get("code")) or "").replace(" ", "_").lower()
            out.add("procedures", patient_id=patient, day=day, kind=kind)
        return
    agent = _label((action.get("treatment") or {}).get("agent"))
    if agent is None:
        return
    intervals = [i.get("interval") or {} for i in action["treatment"].get("doseIntervals") or []]
    found = _STAY.search(agent)
    start = (
        int(found.group(1))
        if found
        else when({"age": None})
        if not intervals
        else _interval(intervals[0], "start", when)
    )
    stop = found.group(2) if found else _interval(intervals[-1], "end", when) if intervals else None
    if start is None:
        out.skip("phenopackets", "treatments", "no time of start", patient)
        return
    drugs = _STAY.sub("", agent).replace(" + ", ";").lower()
    out.add(
        "treatments",
        patient_id=patient,
        drugs=drugs,
        start_day=start,
        stop_day=None if stop == "not recorded" else stop,
        stop_reason=_label(action.get("treatmentTerminationReason")),
        setting=_label(action.get("treatmentIntent")),
    )


def _interval(interval: Mapping[str, Any], end: str, when: Any) -> int | None:
    value = interval.get(end)
    found: int | None = when(value)
    return found


def _variant(genomic: Mapping[str, Any], out: Gather, builds: set[str]) -> None:
    descriptor = ((genomic.get("variantInterpretation") or {}).get("variationDescriptor")) or {}
    record, sample = descriptor.get("vcfRecord") or {}, genomic.get("subjectOrBiosampleId")
    if not record:
        out.skip("phenopackets", "calls", "a variant without a VCF record", str(sample))
        return
    if not all(record.get(part) for part in ("chrom", "pos", "ref", "alt")):
        out.skip("phenopackets", "calls", "a VCF record without place or alleles", str(sample))
        return
    builds.add(str(record.get("genomeAssembly")))
    variant = f"{str(record['chrom']).removeprefix('chr')}:{record['pos']}:{record['ref']}:{record['alt']}"
    spelled = {str(e.get("syntax")): str(e["value"]) for e in descriptor.get("expressions") or [] if e.get("value")}
    protein, coding = spelled.get("hgvs.p"), spelled.get("hgvs.c")
    out.add(
        "variants",
        variant_id=variant,
        gene=(descriptor.get("geneContext") or {}).get("symbol"),
        hgvs_p=protein.split(":")[-1] if protein else None,
        hgvs_c=coding.split(":")[-1] if coding else None,
    )
    counts = [e.get("value") for e in descriptor.get("extensions") or [] if e.get("name") == "allele counts"]
    told = [m for c in counts if (m := re.fullmatch(r"(.+): (\d+|None) of (\d+) reads", str(c)))]
    if not told:
        out.add("calls", sample_id=sample, variant_id=variant, is_called="true")
    for match in told:
        alt = match.group(2)
        out.add(
            "calls",
            sample_id=match.group(1),
            variant_id=variant,
            alt_count=None if alt == "None" else alt,
            depth=match.group(3),
            is_called="true",
        )
