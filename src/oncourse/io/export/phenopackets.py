"""Study -> GA4GH Phenopackets v2: one JSON object per patient (schema 2.0)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.days import DAYS_PER_YEAR, days_lived
from oncourse.disease import of_tumour
from oncourse.disk.names import file_names
from oncourse.facts.material import is_tumour
from oncourse.study.model import Study

_SEX = {"female": "FEMALE", "male": "MALE"}
_CREATED = "1970-01-01T00:00:00Z"
_RESOURCES = [
    {
        "id": "oncourse",
        "name": "words of the study",
        "url": "https://example.invalid/oncourse",
        "version": "1",
        "namespacePrefix": "oncourse",
        "iriPrefix": "https://example.invalid/oncourse/",
    },
    {
        "id": "ncit",
        "name": "NCI Thesaurus",
        "url": "http://purl.obolibrary.org/obo/ncit.owl",
        "version": "not pinned",
        "namespacePrefix": "NCIT",
        "iriPrefix": "http://purl.obolibrary.org/obo/NCIT_",
    },
]


def phenopackets(
    study: Study, called: pl.DataFrame, *, tumours: Mapping[str, str | None] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield one phenopacket per patient, sorted by patient.

    Parameters
    ----------
    called : the called variants of the tumour samples (`oncourse.derive.patient_variants.called_rows`)
    tumours : patient -> tumour, for the NCI Thesaurus term of its disease; others keep their words only

    Days from the index date become ISO 8601 durations of age where the age at the index date is known; no calendar date
    is written. The creation time is a constant, so that the same study gives the same bytes. Called somatic variants
    become variation descriptors with a VCF record (the anchor base of an indel is not known here: written as ``-``).
    """
    tables = {
        name: _by_patient(frame)
        for name, frame in (
            ("samples", study["samples"].filter(is_tumour())),
            ("follow_up", study["follow_up"]),
            ("treatments", study["treatments"]),
            ("labs", study["labs"]),
            ("procedures", study["procedures"]),
            ("calls", called),
        )
    }
    for row in study["patients"].sort("patient_id").iter_rows(named=True):
        patient = row["patient_id"]
        mine = {name: table.get(patient, []) for name, table in tables.items()}
        yield _packet(study, row, mine, (tumours or {}).get(patient))


def write_phenopackets(
    study: Study, out: Path, called: pl.DataFrame, *, tumours: Mapping[str, str | None] | None = None
) -> int:
    """Write one file per patient, ``<patient_id>.json`` (`oncourse.disk.names`); return how many."""
    out.mkdir(parents=True, exist_ok=True)
    count, names = 0, file_names(study["patients"]["patient_id"].to_list())
    for packet in phenopackets(study, called, tumours=tumours):
        (out / f"{names[packet['id']]}.json").write_text(
            json.dumps(packet, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        count += 1
    return count


def _by_patient(frame: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(row["patient_id"], []).append(row)
    return found


def _packet(
    study: Study, row: dict[str, Any], mine: dict[str, list[dict[str, Any]]], tumour: str | None
) -> dict[str, Any]:
    age = row["age_years"]

    def when(day: int | None) -> dict[str, Any] | None:
        if day is None or age is None:
            return None
        lived = days_lived(age) + day
        years = int((lived + 1) // DAYS_PER_YEAR)  # a year begins within its first day
        years -= days_lived(years) > lived
        days = lived - days_lived(years)
        return {"age": {"iso8601duration": f"P{years}Y{days}D" if days else f"P{years}Y"}} if lived >= 0 else None

    known = of_tumour(tumour, study.config.design)
    term = (
        dict(known.term)
        if known
        else {
            "id": "NCIT:C3262",
            "label": row["disease"] or study.config.disease or "Neoplasm",
        }
    )
    disease: dict[str, Any] = {"term": term, **_some("onset", when(0))}
    if row["primary_site"]:
        disease["primarySite"] = _words(row["primary_site"])
    if row["stage"]:
        disease["diseaseStage"] = [_words(f"stage {row['stage']}")]
    follow = mine["follow_up"][0] if mine["follow_up"] else {}
    dead = follow.get("is_dead")
    status = "UNKNOWN_STATUS" if dead is None else "DECEASED" if dead else "ALIVE"
    vital: dict[str, Any] = {"status": status}
    if dead and follow.get("death_day") is not None and follow["death_day"] >= 0:
        vital["survivalTimeInDays"] = follow["death_day"]  # schema 2.0: days alive after the diagnosis
    if follow.get("cause_of_death"):
        vital["causeOfDeath"] = _words(follow["cause_of_death"])
    return {
        "id": row["patient_id"],
        "subject": {
            "id": row["patient_id"],
            "sex": _SEX.get(row["sex"], "UNKNOWN_SEX"),
            "vitalStatus": vital,
            **_some("timeAtLastEncounter", when(follow.get("last_contact_day"))),
        },
        "measurements": [m for lab in mine["labs"] if (m := _measurement(lab, when)) is not None],
        "biosamples": [_biosample(s, when) for s in mine["samples"]],
        "interpretations": _interpretations(row["patient_id"], term, mine["calls"], study.config.genome_build),
        "diseases": [disease],
        "medicalActions": [
            *(_treatment(t) for t in mine["treatments"]),
            *(_procedure(p, when) for p in mine["procedures"]),
        ],
        "metaData": {
            "created": _CREATED,
            "createdBy": "oncourse",
            "resources": _RESOURCES,
            "phenopacketSchemaVersion": "2.0",
        },
    }


def _words(text: str) -> dict[str, str]:
    """A term for words of the study that no ontology was asked for: a local id made of the words."""
    return {"id": f"oncourse:{re.sub(r'[^A-Za-z0-9]+', '_', text).strip('_') or 'none'}", "label": text}


def _some(name: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {name: value}


def _measurement(lab: dict[str, Any], when: Any) -> dict[str, Any] | None:
    text = lab["value"].strip()
    try:
        number = float(text.lstrip("<>"))
    except ValueError:
        return None
    quantity = {"unit": _words(lab["unit"] or "unit not recorded"), "value": number}
    return {
        "assay": _words(lab["analyte"]),
        "value": {"quantity": quantity},
        "description": f"day {lab['day']}: {text}",
        **_some("timeObserved", when(lab["day"])),
    }


def _biosample(sample: dict[str, Any], when: Any) -> dict[str, Any]:
    is_plasma = sample["material"] == "plasma"
    tissue = {"id": "NCIT:C13356", "label": "Plasma"} if is_plasma else {"id": "NCIT:C18009", "label": "Tumor Tissue"}
    return {
        "id": sample["sample_id"],
        "individualId": sample["patient_id"],
        "sampledTissue": tissue,
        "description": f"day {sample['day']}" if sample["day"] is not None else "day not recorded",
        **_some("timeOfCollection", when(sample["day"])),
    }


def _treatment(row: dict[str, Any]) -> dict[str, Any]:
    stop = row["stop_day"] if row["stop_day"] is not None else "not recorded"
    agent = _words(row["drugs"].replace(";", " + "))
    agent["label"] += f"; day {row['start_day']} to {stop}"
    action: dict[str, Any] = {"treatment": {"agent": agent}}
    if row["stop_reason"]:
        action["treatmentTerminationReason"] = _words(row["stop_reason"])
    if row["setting"]:
        action["treatmentIntent"] = _words(row["setting"])
    return action


def _procedure(row: dict[str, Any], when: Any) -> dict[str, Any]:
    return {"procedure": {"code": _words(row["kind"].replace("_", " ")), **_some("performed", when(row["day"]))}}


def _interpretations(
    patient: str, term: dict[str, str], calls: list[dict[str, Any]], build: str | None
) -> list[dict[str, Any]]:
    if not calls:
        return []
    seen: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        seen.setdefault(call["variant_id"], []).append(call)
    genomic = [_genomic(variant, rows, build) for variant, rows in sorted(seen.items())]
    diagnosis = {"disease": term, "genomicInterpretations": genomic}
    return [{"id": f"{patient}-variants", "progressStatus": "COMPLETED", "diagnosis": diagnosis}]


def _genomic(variant_id: str, rows: list[dict[str, Any]], build: str | None) -> dict[str, Any]:
    chrom, pos, ref, alt = variant_id.split(":") if variant_id.count(":") == 3 else (variant_id, "0", "", "")
    first = rows[0]
    expressions = [
        {"syntax": syntax, "value": f"{first['gene'] or ''}:{first[column]}".lstrip(":")}
        for syntax, column in (("hgvs.c", "hgvs_c"), ("hgvs.p", "hgvs_p"))
        if first[column]
    ]
    extensions = [
        {"name": "allele counts", "value": f"{r['sample_id']}: {r['alt_count']} of {r['depth']} reads"}
        for r in rows
        if r["depth"] is not None
    ]
    descriptor: dict[str, Any] = {
        "id": variant_id,
        "label": f"{first['gene'] or 'intergenic'} {first['hgvs_p'] or first['hgvs_c'] or ''}".strip(),
        "vcfRecord": {
            "genomeAssembly": build or "not recorded",
            "chrom": chrom,
            "pos": str(pos),
            "ref": ref,
            "alt": alt,
        },
        "expressions": expressions,
        "moleculeContext": "genomic",
        "extensions": extensions,
    }
    if first["gene"]:
        descriptor["geneContext"] = {"valueId": f"HGNC.SYMBOL:{first['gene']}", "symbol": first["gene"]}
    return {
        "subjectOrBiosampleId": first["sample_id"],
        "interpretationStatus": "UNKNOWN_STATUS",
        "variantInterpretation": {
            "acmgPathogenicityClassification": "NOT_PROVIDED",
            "therapeuticActionability": "UNKNOWN_ACTIONABILITY",
            "variationDescriptor": descriptor,
        },
    }
