"""The simulated mCRPC study: exomes of metastasis and plasma, PSA, imaging, AR-V7, lines of therapy."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.evolution.simulate import MetastasisPlan, SamplePlan, Tumour, TumourPlan, simulate_tumour
from oncourse.simulate.drivers import (
    ACQUIRED_AR,
    MCRPC_FOCAL,
    MCRPC_GROUPS,
    Driver,
    draw_drivers,
    exome_genes,
)
from oncourse.simulate.genomes import (
    Rows,
    add_call,
    add_focal,
    add_reads,
    add_truth,
    add_tumour,
    draw_focal,
    taken,
)
from oncourse.simulate.passengers import on_genes, passenger_sites
from oncourse.stats.rng import generator

#: Truth of the simulated outcomes: hazard ratios of progression and death.
HAZARD_RATIOS = {
    "TP53": 1.6,
    "RB1": 2.0,
    "SPOP": 0.7,
    "AR-V7 under abiraterone or enzalutamide": 2.5,
    "olaparib in BRCA2": 0.35,
}
SITES = (("bone", 0.55), ("lymph node", 0.3), ("liver", 0.15))
ARPI = ("abiraterone;prednisone", "enzalutamide")
TAXANE = "docetaxel;prednisone"


def add_patient(rows: Rows, truth: Rows, number: int, seed: int) -> None:
    """Simulate one patient of the mCRPC study and add its rows."""
    patient = f"PRAD{number:04d}"
    rng = generator(seed, f"simulate/mcrpc/{patient}")
    age = float(np.round(np.clip(rng.normal(66, 8), 42, 88), 1))
    drivers = draw_drivers(rng, MCRPC_GROUPS)
    genes = {d.gene for d in drivers}
    castrate = int(np.clip(rng.lognormal(6.9, 0.6), 200, 4500))  # days from diagnosis to castration resistance
    site = SITES[int(rng.choice(3, p=[w for _, w in SITES]))][0]
    rows.add(
        "patients",
        patient_id=patient,
        disease="prostate adenocarcinoma",
        sex="male",
        age_years=age,
        stage="IV",
        primary_site="prostate",
    )
    rows.add(
        "treatments",
        patient_id=patient,
        drugs="leuprolide",
        start_day=20 - castrate,
        stop_day=None,
        setting="mCSPC",
        line=0,
    )
    # a prostatectomy in the files is sequenced too; in the others the prostate stays and sheds
    with_primary = bool(rng.random() < 0.4)
    samples = [
        SamplePlan("M1", "M", castrate, "wes"),
        SamplePlan("B1", "", castrate + 2, "wes"),
        SamplePlan("B2", "", castrate + 260, "wes"),
    ]
    if with_primary:
        samples.insert(0, SamplePlan("P1", "primary", 0, "wes", is_ffpe=True))
    ids = {s.sample_id: f"{patient}-{s.sample_id}" for s in samples}
    lesions = {"primary": f"{patient}-P", "M": f"{patient}-M"}
    rows.add(
        "lesions",
        lesion_id=lesions["primary"],
        patient_id=patient,
        role="primary",
        site="prostate",
        found_day=-castrate,
    )
    rows.add("lesions", lesion_id=lesions["M"], patient_id=patient, role="metastasis", site=site, found_day=-60)
    end, lines = _course(rows, truth, rng, patient, genes)
    plan = TumourPlan(
        metastases=(MetastasisPlan("M", site, found_day=castrate - 60),),
        samples=tuple(samples),
        mean_trunk_variants=45,
        mean_clone_variants=10,
        half_shedding_cells=8e10,
        primary_resected_day=30 if with_primary else None,
        treatments=tuple((castrate + start, castrate + stop) for start, stop in lines),
        kill_rate_per_day=0.02,
        sites=(passenger_sites(frozenset(exome_genes())),),
    )
    tumour = on_genes(simulate_tumour(seed, f"mcrpc/{patient}", plan), rng)
    tumour = taken(tumour, {s.sample_id for s in samples if s.day - castrate <= end})
    focal = draw_focal(rng, MCRPC_FOCAL, drivers)
    tumour = add_focal(tumour, focal, x_mb=156)
    for event, copies in focal:
        truth.add("focal", patient_id=patient, gene=event.gene, total_cn=copies)
    add_truth(truth, patient, tumour, ids, lesions)
    _genome(rows, truth, rng, patient, tumour, ids, drivers, castrate)


def _genome(
    rows: Rows,
    truth: Rows,
    rng: np.random.Generator,
    patient: str,
    tumour: Tumour,
    ids: dict[str, str],
    drivers: list[Driver],
    castrate: int,
) -> None:
    msi_high = bool(rng.random() < 0.03)
    there = list(tumour.samples["sample_id"])
    for row in tumour.samples.iter_rows(named=True):
        tissue = row["material"] == "tissue"
        rows.add(
            "samples",
            sample_id=ids[row["sample_id"]],
            patient_id=patient,
            material=row["material"],
            lesion_id=f"{patient}-{row['sample_id'][0]}" if tissue else None,
            day=row["day"] - castrate,
            assay_id="exome",
            purity=round(float(np.clip(row["purity"] + rng.normal(0, 0.05), 0.05, 1)), 2) if tissue else None,
            tumor_fraction=None if tissue else round(float(row["tumor_fraction"]), 4),
            mean_depth=row["mean_depth"],
            msi_status=("MSI-H" if msi_high else "MSS") if tissue else None,
            preservation=row["preservation"],
        )
    exome = exome_genes()
    add_tumour(rows, rng, tumour, ids, exome)
    for driver in drivers:
        rows.add(
            "variants",
            variant_id=driver.variant_id,
            gene=driver.gene,
            hgvs_p=driver.hgvs_p,
            consequence=driver.consequence,
        )
        add_reads(rows, rng, tumour, driver, dict.fromkeys(there, 1.0), ids)
        germline = driver.gene == "BRCA2" and rng.random() < 0.5
        if germline:
            rows.add(
                "samples",
                sample_id=f"{patient}-N",
                patient_id=patient,
                material="normal",
                assay_id="exome",
                day=0,
                mean_depth=90.0,
            )
            depth = int(rng.poisson(90))
            add_call(
                rows,
                f"{patient}-N",
                driver.variant_id,
                int(rng.binomial(depth, 0.5)),
                depth,
                "normal",
                "germline",
            )
        for sample in there:
            truth.add(
                "drivers",
                patient_id=patient,
                sample_id=ids[sample],
                variant_id=driver.variant_id,
                gene=driver.gene,
                ccf=1.0,
            )
    if "B2" in there and rng.random() < 0.3:
        driver = ACQUIRED_AR[int(rng.random() < ACQUIRED_AR[1].chance)]
        ccf = {"B2": float(rng.uniform(0.3, 0.9))}
        rows.add(
            "variants",
            variant_id=driver.variant_id,
            gene=driver.gene,
            hgvs_p=driver.hgvs_p,
            consequence="missense",
        )
        add_reads(rows, rng, tumour, driver, ccf, ids)
        truth.add("acquired", patient_id=patient, variant_id=driver.variant_id, sample_id=ids["B2"], ccf=ccf["B2"])


def _course(
    rows: Rows, truth: Rows, rng: np.random.Generator, patient: str, genes: set[str]
) -> tuple[int, list[tuple[int, int]]]:
    """Lines of therapy from castration resistance on; returns the last day of contact and when each line worked."""
    base = (1.6 if "TP53" in genes else 1) * (2.0 if "RB1" in genes else 1) * (0.7 if "SPOP" in genes else 1)
    death = int(max(60, rng.exponential(1000 / base)))
    censor = int(rng.uniform(400, 1800))
    last, dead = min(death, censor), death <= censor
    day, psa, line, ar_v7 = 14, float(rng.lognormal(3.2, 0.9)), 1, bool(rng.random() < 0.12)
    worked: list[tuple[int, int]] = []
    while day < last - 20 and line <= 4:
        parp = line >= 2 and "BRCA2" in genes and rng.random() < 0.7
        drugs = "olaparib" if parp else ARPI[int(rng.random() < 0.5)] if line % 2 == 1 else TAXANE
        arpi = drugs in ARPI
        if rng.random() < 0.8:
            rows.add(
                "markers",
                patient_id=patient,
                marker="AR-V7",
                value="positive" if ar_v7 else "negative",
                day=day - 5,
            )
        hazard = base / (300 if line == 1 else 190) * (2.5 if arpi and ar_v7 else 1) * (0.35 if parp else 1)
        progression = day + int(max(25, rng.exponential(1 / hazard)))
        stop = min(progression + 14, last)
        worked.append((day, min(progression, last)))
        rows.add(
            "treatments",
            patient_id=patient,
            drugs=drugs,
            start_day=day,
            stop_day=stop,
            setting="mCRPC",
            line=line,
            stop_reason="progression" if progression < last else None,
        )
        depth = float(np.clip(rng.beta(2, 1.2) if not (arpi and ar_v7) else rng.beta(1, 5), 0.02, 0.99))
        psa = _psa(rows, rng, patient, day, stop, progression, psa, depth)
        _scans(rows, rng, patient, day, min(progression, last), last, depth)
        truth.add(
            "lines",
            patient_id=patient,
            line=line,
            drugs=drugs,
            is_ar_v7_positive=ar_v7,
            hazard_per_day=hazard,
            progression_day=progression,
        )
        ar_v7 = ar_v7 or bool(arpi and rng.random() < 0.25)
        day, line = stop + int(rng.integers(14, 35)), line + 1
    rows.add(
        "follow_up",
        patient_id=patient,
        last_contact_day=last,
        is_dead=dead,
        death_day=death if dead else None,
        cause_of_death="cancer" if dead else None,
        entry_day=0,
    )
    return last, worked


def _psa(
    rows: Rows,
    rng: np.random.Generator,
    patient: str,
    start: int,
    stop: int,
    progression: int,
    base: float,
    depth: float,
) -> float:
    """PSA every four weeks: decline to (1 - depth) of the baseline, rise from about eight weeks before progression."""
    value = base
    for day in range(start, stop + 1, 28):
        fall = base * (1 - depth * (1 - np.exp(-(day - start) / 40)))
        rise = np.exp(0.012 * max(0, day - (progression - 56)))
        value = float(fall * rise * rng.lognormal(0, 0.06))
        rows.add(
            "labs",
            patient_id=patient,
            day=day,
            analyte="PSA",
            unit="ng/mL",
            value=f"{value:.2f}" if value >= 0.1 else "<0.1",
        )
    return max(value, 0.5)


def _scans(rows: Rows, rng: np.random.Generator, patient: str, start: int, until: int, last: int, depth: float) -> None:
    """CT and bone scan every 12 weeks; half of the patients have a measurable node."""
    size = float(rng.uniform(16, 40)) if rng.random() < 0.5 else None
    progresses = until < last
    visits = list(range(start - 7, until, 84)) + ([until, until + 42] if progresses and until > start + 20 else [])
    visits = [day for day in visits if day <= last]
    for i, day in enumerate(visits):
        grown = progresses and day >= until
        if size is not None:
            factor = (1 - 0.6 * depth * (i > 0)) * (1.5 if grown else 1.0)
            rows.add(
                "target_lesions",
                patient_id=patient,
                day=day,
                lesion_id=f"{patient}-N1",
                is_node=True,
                diameter_mm=round(float(size * factor + rng.normal(0, 0.5)), 1),
                status="measured",
            )
        rows.add(
            "assessments",
            patient_id=patient,
            day=day,
            method="ct_mri",
            non_target="NON-CR/NON-PD",
            new_lesions="no",
        )
        rows.add(
            "assessments",
            patient_id=patient,
            day=day,
            method="bone_scan",
            new_bone_lesions=0 if i == 0 or not grown else (3 if day == until else 2),
            bone_persisting=3 if grown and day > until else 0,
        )


CONFIG = {
    "title": "Simulated mCRPC study: exomes, PSA, imaging and treatment",
    "disease": "prostate cancer",
    "genome_build": "GRCh38",
    "index": "castration resistance",
    "design": "mcrpc",
    "covariates": {"age_years": "number", "lab:PSA": "number"},
    "sources": ["simulated by oncourse; no real patient"],
}
ASSAYS = pl.DataFrame(
    {
        "assay_id": ["exome"],
        "kind": ["wes"],
        "callable_mb": [33.0],
        "min_depth": [20],
        "error_rate": [1e-3],
        "min_alt_count": [4],
        "min_vaf": [0.03],
        "has_umi": [False],
    }
)
