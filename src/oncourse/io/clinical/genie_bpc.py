"""AACR GENIE BPC release files -> patients, follow_up, treatments, samples, assessments, published end points.

Day 0 is the diagnosis of the index cancer; names as in the BPC analytic data guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from oncourse.days import DAYS_PER_MONTH
from oncourse.io.assays.genie_panels import genes_of, panel_regions
from oncourse.io.clinical.gather import Document, Gather, Source, files_of, organ_of
from oncourse.io.reading import Reading

INDEX = "cancer_level_dataset_index"
_FILES = (
    INDEX,
    "regimen_cancer_level_dataset",
    "cancer_panel_test_level_dataset",
    "imaging_level_dataset",
    "patient_level_dataset",
    "tm_level_dataset",
    "ca_radtx_dataset",
    "cancer_level_dataset_non_index",
)
#: The regions of the panels, where they lie beside (`oncourse.io.assays.genie_panels`).
_REGIONS = "genomic_information"
#: The reading radiologist's impression as curated (PRISSMM), in our words: not a RECIST response.
_IMPRESSION = {
    "progress": "PD",
    "stable": "SD",
    "improv": "PR",
    "mixed": "NE",
    "not stated": "NE",
    "indeterminate": "NE",
}
#: End points per cancer and per regimen: (name, time, status); anchors differ.
_TIMES = (("OS", "tt_os_dx_days", "os_dx_status", "diagnosis"),)
_REGIMEN_TIMES = (
    ("OS_REGIMEN", "tt_os_g_days", "os_g_status", "treatment"),
    ("PFS_I_G", "tt_pfs_i_g_days", "pfs_i_g_status", "treatment"),
    ("PFS_M_G", "tt_pfs_m_g_days", "pfs_m_g_status", "treatment"),
    ("PFS_I_AND_M_G", "tt_pfs_i_and_m_g_days", "pfs_i_and_m_g_status", "treatment"),
    ("PFS_I_OR_M_G", "tt_pfs_i_or_m_g_days", "pfs_i_or_m_g_status", "treatment"),
)


def is_genie_bpc(path: Path) -> bool:
    """Whether a folder holds the cancer-level index data set."""
    return path.is_dir() and INDEX in files_of(path, ".csv", ".tsv")


def read_genie_bpc(path: Path) -> Reading:
    """Read a folder of BPC files; a patient with several index cancers is counted from the first.

    The end points of the first regimen are kept as published; a sample's day is that of its report, which is also the
    day the patient came under observation.
    """
    files = files_of(path, ".csv", ".tsv", ".txt", needs=INDEX)
    out = Gather("GENIE BPC", "diagnosis of the index cancer")
    cancers = out.table(files[INDEX])
    genes: dict[str, list[str]] = {}
    if _REGIONS in files:
        regions = panel_regions(files[_REGIONS])
        genes = genes_of(regions)
        out.documents.append(Document(files[_REGIONS].name, n=regions.height))
    entry = _samples(out.table(files[_FILES[2]]), genes, out) if _FILES[2] in files else {}
    zero: dict[str, str] = {}
    people = out.table(files[_FILES[4]]) if _FILES[4] in files else None
    sexes = {people.get(r, "record_id"): people.get(r, "naaccr_sex_code", "sex") for r in people.rows} if people else {}
    for row in sorted(cancers.rows, key=lambda r: _order(r, "ca_seq")):
        patient = cancers.get(row, "record_id")
        if patient is None or patient in zero:
            out.skip(cancers.name, "patients", "a further index cancer of the patient, or no record_id", patient)
            continue
        zero[patient] = row.get("ca_seq", "")
        _cancer(patient, row, cancers, out, entry, sexes)
        _metastases(patient, row, cancers, out)
    if _FILES[1] in files:
        _regimens(out.table(files[_FILES[1]]), out, zero)
    if _FILES[3] in files:
        _images(out.table(files[_FILES[3]]), out, zero)
    births = {cancers.get(r, "record_id"): cancers.number(r, "dob_ca_dx_days") for r in reversed(cancers.rows)}
    for name, read in ((_FILES[5], _markers), (_FILES[6], _radiation)):
        if name in files:
            read(out.table(files[name]), out, zero)
    if _FILES[7] in files:
        _second_primaries(out.table(files[_FILES[7]]), out, births)
    for name, file in files.items():
        if name not in (*_FILES, _REGIONS):
            out.notes.append(f"{file.name} has no table here: not read")
    return out.finish()


def _order(row: dict[str, str], column: str) -> float:
    """A number to sort by; what is none comes last."""
    try:
        return float(row.get(column, "inf"))
    except ValueError:
        return float("inf")


def _cancer(
    patient: str,
    row: dict[str, str],
    cancers: Source,
    out: Gather,
    entry: dict[str, int],
    sexes: dict[str | None, str | None],
) -> None:
    get = cancers.get
    age = get(row, "age_dx", "dob_ca_dx_yrs")
    birth = cancers.number(row, "dob_ca_dx_days")
    years = round(birth / 365.25, 2) if age is None and birth else age
    sex = sexes.get(patient) or get(row, "naaccr_sex_code", "sex")
    sex = {"1": "male", "2": "female"}.get(sex or "", sex)
    out.add(
        "patients",
        patient_id=patient,
        sex=sex,
        age_years=years,
        stage=get(row, "stage_dx", "best_ajcc_stage_cd"),
        disease=get(row, "ca_type", "cohort"),
        primary_site=get(row, "ca_d_site_txt", "naaccr_primary_site"),
    )
    for name, time, status, anchor in _TIMES:
        days, event = cancers.number(row, time), get(row, status)
        if days is None and (months := cancers.number(row, time.replace("_days", "_mos"))) is not None:
            days = months * DAYS_PER_MONTH
        if days is None:
            out.skip(cancers.name, "follow_up", f"no {time}", patient)
            continue
        dead = {"1": True, "0": False}.get((event or "").removesuffix(".0"))
        last = round(days)
        out.add(
            "follow_up",
            patient_id=patient,
            last_contact_day=last,
            is_dead=None if dead is None else str(dead).lower(),
            death_day=last if dead else None,
            entry_day=entry.get(patient),
        )
        out.add(
            "published_endpoints",
            patient_id=patient,
            endpoint=name,
            time_days=last,
            is_event=None if dead is None else str(dead).lower(),
            anchor=anchor,
            source=f"{time}, {status}",
        )


def _metastases(patient: str, row: dict[str, str], cancers: Source, out: Gather) -> None:
    """Distant metastases: dx_to_dmets_ORGAN_days, the first day each organ is known to hold one."""
    for column in cancers.columns:
        found = re.fullmatch(r"dx_to_dmets_(\w+)_days", column)
        day = cancers.number(row, column) if found else None
        if found is None or day is None:
            continue
        organ = found[1].replace("_", " ")
        out.add(
            "lesions",
            lesion_id=f"{patient}_M_{found[1]}",
            patient_id=patient,
            role="metastasis",
            site=organ_of(organ),
            found_day=round(day),
        )


def _markers(markers: Source, out: Gather, zero: dict[str, str]) -> None:
    """Tumour markers (tm_level_dataset) -> labs."""
    for row in markers.rows:
        patient, name = markers.get(row, "record_id"), markers.get(row, "tm_type")
        day, value = markers.number(row, "dx_tm_days"), markers.get(row, "tm_num_result", "tm_result")
        if patient not in zero or day is None or name is None or value is None:
            out.skip(markers.name, "labs", "no day, marker or value, or the patient has no index cancer", patient)
            continue
        unit = markers.get(row, "tm_result_units")
        out.add("labs", patient_id=patient, day=round(day), analyte=name, value=value, unit=unit)


def _radiation(courses: Source, out: Gather, zero: dict[str, str]) -> None:
    """Radiotherapy of the index cancer (ca_radtx_dataset) -> procedures."""
    for row in courses.rows:
        patient, day = courses.get(row, "record_id"), courses.number(row, "dx_rt_start_days")
        if patient not in zero or day is None or row.get("ca_seq", zero[patient]) != zero[patient]:
            out.skip(courses.name, "procedures", "no day of start, or not for the first index cancer", patient)
            continue
        out.add("procedures", patient_id=patient, day=round(day), kind="radiotherapy")


def _second_primaries(others: Source, out: Gather, births: dict[str | None, float | None]) -> None:
    """The first cancer after the index cancer that is none of it -> follow_up.second_primary_day.

    Both are counted from birth (dob_ca_dx_days); cancers before the index cancer are history, and counted.
    """
    first: dict[str | None, float] = {}
    for row in others.rows:
        patient, born = others.get(row, "record_id"), others.number(row, "dob_ca_dx_days")
        start = births.get(patient)
        if born is None or start is None or born <= start:
            out.skip(others.name, "follow_up", "a cancer before the index cancer, or without a day", patient)
            continue
        first[patient] = min(born - start, first.get(patient, born - start))
    for cells in out.rows.get("follow_up", []):
        if cells["patient_id"] in first:
            cells["second_primary_day"] = round(first[cells["patient_id"]])


def _samples(tests: Source, genes: Mapping[str, list[str]], out: Gather) -> dict[str, int]:
    """Add samples and their assays (`genes` of each); return the first day a patient came under observation."""
    entry: dict[str, int] = {}
    known: set[str] = set()
    for row in tests.rows:
        patient, sample = tests.get(row, "record_id"), tests.get(row, "cpt_genie_sample_id")
        day = tests.number(row, "dx_cpt_rep_days")
        if patient is None or sample is None:
            out.skip(tests.name, "samples", "no record_id or sample", patient)
            continue
        whole = None if day is None else round(day)
        assay = tests.get(row, "cpt_seq_assay_id")
        if assay is not None and assay not in known:
            known.add(assay)
            listed = ";".join(genes.get(assay, ())) or None
            out.add("assays", assay_id=assay, kind=None if assay not in genes else "panel", targets=listed)
        out.add("samples", sample_id=sample, patient_id=patient, material="tissue", assay_id=assay, day=whole)
        if whole is not None:
            entry[patient] = min(whole, entry.get(patient, whole))
    return entry


def _regimens(regimens: Source, out: Gather, zero: dict[str, str]) -> None:
    get = regimens.get
    first: dict[str, float] = {}
    for row in sorted(regimens.rows, key=lambda r: (r.get("record_id", ""), _order(r, "dx_reg_start_int"))):
        patient, drugs = get(row, "record_id"), get(row, "regimen_drugs")
        start = regimens.number(row, "dx_reg_start_int")
        if patient not in zero or drugs is None or start is None:
            out.skip(
                regimens.name,
                "treatments",
                "no drug or no start, or the patient has no index cancer",
                patient,
            )
            continue
        if row.get("ca_seq", zero[patient]) != zero[patient]:
            out.skip(regimens.name, "treatments", "for another cancer than the first index cancer", patient)
            continue
        stop = regimens.number(row, "dx_reg_end_all_int", "dx_reg_end_any_int")
        agents = re.sub(r"\s*\([^)]*\)", "", drugs).lower()
        out.add(
            "treatments",
            patient_id=patient,
            drugs=re.sub(r"\s*,\s*", ";", agents),
            start_day=round(start),
            stop_day=None if stop is None else round(stop),
        )
        if patient in first:
            continue
        first[patient] = start
        for name, time, status, anchor in _REGIMEN_TIMES:
            days, event = regimens.number(row, time), get(row, status)
            if days is not None:
                out.add(
                    "published_endpoints",
                    patient_id=patient,
                    endpoint=name,
                    time_days=round(days),
                    is_event={"1": "true", "0": "false"}.get((event or "").removesuffix(".0")),
                    anchor=anchor,
                    definition="from the start of the first regimen",
                    source=f"{time}, {status}",
                )


def _images(images: Source, out: Gather, zero: dict[str, str]) -> None:
    n = 0
    for row in images.rows:
        patient, day = images.get(row, "record_id"), images.number(row, "dx_scan_days")
        words = (images.get(row, "image_overall") or "").lower()
        overall = next((ours for word, ours in _IMPRESSION.items() if word in words), None)
        if patient not in zero or day is None or overall is None:
            out.skip(images.name, "assessments", "no day, no impression of the cancer, or no index cancer", patient)
            continue
        n += 1
        out.add(
            "assessments",
            patient_id=patient,
            day=round(day),
            overall=overall,
            method="ct_mri",
            evaluator="radiology report (curated)",
        )
    if n:
        out.notes.append(f"{n:,} curated impressions of scans are taken as responses; they are not RECIST measurements")
