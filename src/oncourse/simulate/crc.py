"""The simulated CRC study: stage III primary, post-operative metastasis, plasma, treatment and follow-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from oncourse.evolution.simulate import MetastasisPlan, SamplePlan, Tumour, TumourPlan, simulate_tumour
from oncourse.evolution.simulate_reads import ASSAYS as ASSAY_MODELS
from oncourse.evolution.simulate_reads import Sites
from oncourse.simulate.drivers import (
    ACQUIRED_RAS,
    CHIP,
    CRC_FOCAL,
    CRC_GROUPS,
    Driver,
    draw_drivers,
    panel_genes,
    plasma_genes,
)
from oncourse.simulate.genomes import (
    Rows,
    add_call,
    add_focal,
    add_ras_coverage,
    add_reads,
    add_truth,
    add_tumour,
    draw_focal,
)
from oncourse.simulate.passengers import on_genes, passenger_sites
from oncourse.stats.rng import generator

#: Truth of the simulated outcomes: hazard ratios of death after metastasis.
HAZARD_RATIOS = {"BRAF": 2.5, "RAS": 1.5, "age per 10 years": 1.2, "anti-EGFR in RAS wild type, left": 0.65}
#: Share of patients who never recur: the controls without whom nothing can be said of recurrence.
P_NO_RECURRENCE = 0.2
P_PRIVATE_DRIVER = 0.08
SITES = (("liver", 0.55), ("lung", 0.2), ("peritoneum", 0.15), ("lymph node", 0.1))


def add_patient(rows: Rows, truth: Rows, number: int, seed: int) -> None:
    """Simulate one patient of the CRC study and add its rows."""
    patient = f"CRC{number:04d}"
    rng = generator(seed, f"simulate/crc/{patient}")
    side = ("right colon", "left colon", "rectum")[int(rng.choice(3, p=(0.35, 0.4, 0.25)))]
    age = float(np.round(np.clip(rng.normal(63, 10), 28, 88), 1))
    stage = ("IIIA", "IIIB", "IIIC")[int(rng.choice(3, p=(0.15, 0.55, 0.3)))]
    msi_high = bool(rng.random() < 0.08)
    drivers = draw_drivers(rng, CRC_GROUPS)
    genes = {d.gene for d in drivers}
    ras, braf = bool(genes & {"KRAS", "NRAS"}), "BRAF" in genes
    rows.add(
        "patients",
        patient_id=patient,
        disease="colon adenocarcinoma" if side != "rectum" else "rectal adenocarcinoma",
        sex=("female", "male")[int(rng.random() < 0.55)],
        age_years=age,
        stage=stage,
        primary_site=side,
    )
    rows.add(
        "procedures",
        patient_id=patient,
        day=0,
        kind="primary_resection",
        lesion_id=f"{patient}-P",
        intent="curative",
    )
    rows.add(
        "treatments",
        patient_id=patient,
        drugs="fluorouracil;leucovorin;oxaliplatin",
        start_day=35,
        stop_day=200,
        setting="adjuvant",
        line=0,
        stop_reason="completed",
    )
    recurs = bool(rng.random() > P_NO_RECURRENCE)
    rate = 1 / 520 * (1.4 if braf else 1.0) * (1.5 if stage == "IIIC" else 1.0)
    found = int(np.clip(240 + rng.exponential(1 / rate), 240, 1800)) if recurs else None
    site = SITES[int(rng.choice(len(SITES), p=[w for _, w in SITES]))][0]
    timeline = _timeline(rng, found, side, age, ras, braf) if found is not None else None
    tumour, ids = _tumour(rows, rng, patient, seed, timeline, site)
    focal = draw_focal(rng, CRC_FOCAL, drivers)
    tumour = add_focal(tumour, focal)
    for event, copies in focal:
        truth.add("focal", patient_id=patient, gene=event.gene, total_cn=copies)
    add_truth(truth, patient, tumour, ids, {"primary": f"{patient}-P", "M": f"{patient}-M"})
    _genome(rows, truth, rng, patient, tumour, ids, drivers, msi_high)
    values = _cea(rng, found)
    last = int(rng.uniform(900, 2200)) if timeline is None else timeline.last
    for day, value in values:
        if day <= last:  # nobody has a blood draw after the last contact
            rows.add("labs", patient_id=patient, day=day, analyte="CEA", unit="ng/mL", value=value)
    if timeline is None:
        rows.add("follow_up", patient_id=patient, last_contact_day=last, is_dead=False, recurrence_free_day=last)
        return
    _course(rows, rng, patient, timeline)
    if timeline.is_anti_egfr and "B2" in ids and rng.random() < 0.4:
        _acquire_ras(rows, truth, rng, patient, tumour, ids)
    truth.add(
        "outcome",
        patient_id=patient,
        is_ras_mutated=ras,
        is_braf_mutated=braf,
        is_anti_egfr=timeline.is_anti_egfr,
        hazard_per_day=timeline.hazard_per_day,
    )


@dataclass(frozen=True)
class CourseAfterMetastasis:
    """What happens after the metastasis, in days from resection."""

    found: int
    start: int
    progression: int
    death: int
    last: int
    is_anti_egfr: bool
    hazard_per_day: float


def _timeline(
    rng: np.random.Generator, found: int, side: str, age: float, ras: bool, braf: bool
) -> CourseAfterMetastasis:
    anti_egfr = bool(not ras and not braf and side != "right colon" and rng.random() < 0.8)
    hazard = 1 / 900 * (2.5 if braf else 1) * (1.5 if ras else 1) * 1.2 ** ((age - 63) / 10)
    hazard *= 0.65 if anti_egfr else 1
    start = found + 35
    progression = start + int(rng.weibull(1.4) * 330 / (1.5 if braf else 1.0)) + 30
    death = found + int(max(40, rng.exponential(1 / hazard)))
    last = min(death, found + int(rng.uniform(500, 1900)))
    return CourseAfterMetastasis(found, start, progression, death, last, anti_egfr, hazard)


def _tumour(
    rows: Rows, rng: np.random.Generator, patient: str, seed: int, timeline: CourseAfterMetastasis | None, site: str
) -> tuple[Tumour, dict[str, str]]:
    samples = [SamplePlan("P", "primary", 0, "panel", is_ffpe=bool(rng.random() < 0.5))]
    metastases: tuple[MetastasisPlan, ...] = ()
    rows.add("lesions", lesion_id=f"{patient}-P", patient_id=patient, role="primary", site="colon", found_day=0)
    if timeline is not None:
        found = timeline.found
        metastases = (MetastasisPlan("M", site, found_day=found),)
        samples += [
            SamplePlan("M", "M", found + 20, "panel"),
            SamplePlan("B1", "", found + 18, "ctdna_panel"),
        ]
        if found + 260 <= timeline.last:
            samples.append(SamplePlan("B2", "", found + 260, "ctdna_panel"))
        rows.add(
            "lesions",
            lesion_id=f"{patient}-M",
            patient_id=patient,
            role="metastasis",
            site=site,
            found_day=found,
        )
    treatments = ((timeline.start, min(timeline.progression, timeline.last)),) if timeline is not None else ()
    plan = TumourPlan(
        metastases=metastases,
        samples=tuple(samples),
        mean_trunk_variants=25,
        mean_clone_variants=10,
        neutral_tail=1.0,
        primary_resected_day=1,
        half_shedding_cells=3e10,
        treatments=treatments,
        kill_rate_per_day=0.02,
        sites=_sites(),
    )
    tumour = on_genes(simulate_tumour(seed, f"crc/{patient}", plan), rng)
    return tumour, {s.sample_id: f"{patient}-{s.sample_id}" for s in samples}


def _sites() -> tuple[Sites, ...]:
    """What both panels look at, and what the tissue panel alone does."""
    tissue, plasma = frozenset(panel_genes()), frozenset(plasma_genes())
    return (
        passenger_sites(plasma, ASSAY_MODELS["ctdna_panel"].on_target),
        passenger_sites(tissue - plasma, 1.0),
    )


def _genome(
    rows: Rows,
    truth: Rows,
    rng: np.random.Generator,
    patient: str,
    tumour: Tumour,
    ids: dict[str, str],
    drivers: list[Driver],
    msi_high: bool,
) -> None:
    in_plasma = set(plasma_genes())
    material = dict(tumour.samples.select("sample_id", "material").iter_rows())
    for row in tumour.samples.iter_rows(named=True):
        tissue = row["material"] == "tissue"
        rows.add(
            "samples",
            sample_id=ids[row["sample_id"]],
            patient_id=patient,
            material=row["material"],
            lesion_id=f"{patient}-{row['sample_id']}" if tissue else None,
            day=row["day"],
            assay_id="tissue-panel" if tissue else "plasma-panel",
            purity=round(float(np.clip(row["purity"] + rng.normal(0, 0.05), 0.05, 1)), 2) if tissue else None,
            mean_depth=row["mean_depth"],
            msi_status=("MSI-H" if msi_high else "MSS") if tissue else None,
            preservation=row["preservation"],
            cfdna_ng_ml=None if tissue else round(float(rng.lognormal(2.3, 0.6)), 1),
        )
        add_ras_coverage(rows, rng, ids[row["sample_id"]], row["mean_depth"])
    add_tumour(rows, rng, tumour, ids, panel_genes())
    full = dict.fromkeys(ids, 1.0)
    for driver in drivers:
        ccf = dict(full)
        if rng.random() < P_PRIVATE_DRIVER and len(ids) > 1:  # gained in the metastasis, or lost with a branch
            gone = ["P"] if rng.random() < 0.7 else [s for s in ids if s != "P"]
            ccf.update(dict.fromkeys(gone, 0.0))
        only = {s for s in ids if material[s] == "tissue" or driver.gene in in_plasma}
        rows.add(
            "variants",
            variant_id=driver.variant_id,
            gene=driver.gene,
            hgvs_p=driver.hgvs_p,
            consequence=driver.consequence,
        )
        add_reads(rows, rng, tumour, driver, ccf, ids, only=only)
        for sample, value in ccf.items():
            truth.add(
                "drivers",
                patient_id=patient,
                sample_id=ids[sample],
                variant_id=driver.variant_id,
                gene=driver.gene,
                ccf=value,
            )
    for driver in CHIP:
        if rng.random() < driver.chance:
            vaf = float(rng.uniform(0.004, 0.06))
            rows.add(
                "variants",
                variant_id=driver.variant_id,
                gene=driver.gene,
                hgvs_p=driver.hgvs_p,
                consequence=driver.consequence,
            )
            for sample in ids:
                share = vaf if material[sample] == "plasma" else vaf * 0.1
                depth = int(rng.negative_binomial(8, 8 / (8 + (3000 if material[sample] == "plasma" else 800))))
                add_call(
                    rows,
                    ids[sample],
                    driver.variant_id,
                    int(rng.binomial(depth, share)),
                    depth,
                    material[sample],
                )
            truth.add("chip", patient_id=patient, variant_id=driver.variant_id, vaf=vaf)


def _cea(rng: np.random.Generator, found: int | None) -> list[tuple[int, str]]:
    """Return day and CEA (ng/mL) every 90 days up to the metastasis, or for 1500 days."""
    days = range(0, (found or 1500) + 1, 90)
    high = (found is not None and day > found - 100 for day in days)
    return [(day, f"{rng.lognormal(2.8 if h else 0.8, 0.4):.1f}") for day, h in zip(days, high, strict=True)]


def _course(rows: Rows, rng: np.random.Generator, patient: str, t: CourseAfterMetastasis) -> None:
    """Treatment, scans and follow-up after the metastasis."""
    backbone = ["fluorouracil", "leucovorin", "irinotecan", "cetuximab" if t.is_anti_egfr else "bevacizumab"]
    if rng.random() < 0.55:
        rows.add(
            "procedures",
            patient_id=patient,
            day=t.found + 20,
            kind="metastasectomy",
            lesion_id=f"{patient}-M",
            intent="curative",
        )
    progresses = t.progression < t.last
    if t.start < t.last:
        rows.add(
            "treatments",
            patient_id=patient,
            drugs=";".join(sorted(backbone)),
            start_day=t.start,
            stop_day=min(t.progression + 7, t.last),
            setting="metastatic",
            line=1,
            stop_reason="progression" if progresses else None,
        )
        _scans(rows, rng, patient, t.start, min(t.progression, t.last), progresses)
    if t.progression + 21 < t.last:
        rows.add(
            "treatments",
            patient_id=patient,
            drugs="fluorouracil;leucovorin;oxaliplatin",
            start_day=t.progression + 21,
            stop_day=min(t.progression + 200, t.last),
            setting="metastatic",
            line=2,
        )
    dead = t.death <= t.last
    rows.add(
        "follow_up",
        patient_id=patient,
        last_contact_day=t.last,
        is_dead=dead,
        death_day=t.death if dead else None,
        cause_of_death="cancer" if dead else None,
        recurrence_day=t.found,
        recurrence_free_day=max(0, t.found - 90),
        progression_day=t.progression if progresses else None,
    )


def _acquire_ras(
    rows: Rows, truth: Rows, rng: np.random.Generator, patient: str, tumour: Tumour, ids: dict[str, str]
) -> None:
    """Add a RAS clone selected by anti-EGFR antibodies: in the later plasma only."""
    driver = ACQUIRED_RAS[int(rng.random() < ACQUIRED_RAS[0].chance)]
    rows.add(
        "variants",
        variant_id=driver.variant_id,
        gene=driver.gene,
        hgvs_p=driver.hgvs_p,
        consequence="missense",
    )
    ccf = {"B2": float(rng.uniform(0.2, 0.7))}
    add_reads(rows, rng, tumour, driver, ccf, ids)
    truth.add("acquired", patient_id=patient, variant_id=driver.variant_id, sample_id=ids["B2"], ccf=ccf["B2"])


def _scans(rows: Rows, rng: np.random.Generator, patient: str, start: int, until: int, progresses: bool) -> None:
    """CT every 60 days: one or two target lesions that shrink, then grow when the patient progresses."""
    sizes = rng.uniform(18, 60, int(rng.integers(1, 3)))
    best = float(rng.uniform(0.3, 1.05))
    visits = list(range(start - 10, until, 60)) + ([until] if progresses and until > start + 20 else [])
    for i, day in enumerate(visits):
        factor = 1.0 if i == 0 else best + (1 - best) * np.exp(-i)
        if progresses and day == until:
            factor *= 1.35
        for j, size in enumerate(sizes):
            rows.add(
                "target_lesions",
                patient_id=patient,
                day=day,
                lesion_id=f"{patient}-T{j + 1}",
                is_node=False,
                diameter_mm=round(float(size * factor + rng.normal(0, 0.6)), 1),
                status="measured",
            )
        rows.add(
            "assessments",
            patient_id=patient,
            day=day,
            method="ct_mri",
            non_target="NON-CR/NON-PD",
            new_lesions="yes" if progresses and day == until and rng.random() < 0.3 else "no",
        )


CONFIG = {
    "title": "Simulated CRC study: primary, metastasis and plasma",
    "disease": "colorectal cancer",
    "genome_build": "GRCh38",
    "index": "resection of the primary",
    "design": "crc",
    "covariates": {"age_years": "number", "sex": "category", "stage": "category", "primary_site": "category"},
    "sources": ["simulated by oncourse; no real patient"],
}
ASSAYS = pl.DataFrame(
    {
        "assay_id": ["tissue-panel", "plasma-panel"],
        "kind": ["panel", "panel"],
        "targets": [";".join(panel_genes()), ";".join(plasma_genes())],
        "min_depth": [50, 500],
        "error_rate": [5e-4, 5e-5],
        "min_alt_count": [4, 4],
        "min_vaf": [0.03, 0.002],
        "has_umi": [False, True],
    }
)
