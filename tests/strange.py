"""Made-up studies whose sources contradict each other: every result by hand beside reads, samples, dates and drugs."""

from __future__ import annotations

import random
from typing import Any

from tests.studies import study

from oncourse.study.model import Study

Rows = list[dict[str, Any]]
#: Name -> place in build 37, gene, protein change (None: not told).
VARIANTS = {
    "KRAS G12D": ("12:25398284:C:T", "KRAS", "p.G12D"),
    "KRAS Q61H": ("12:25380275:T:G", "KRAS", "p.Q61H"),
    "KRAS not told": ("12:25398281:C:T", "KRAS", None),
    "NRAS Q61K": ("1:115256530:G:T", "NRAS", "p.Q61K"),
    "BRAF V600E": ("7:140453136:A:T", "BRAF", "p.V600E"),
    "BRAF D594G": ("7:140453154:T:C", "BRAF", "p.D594G"),
    "TP53 R175H": ("17:7578406:C:T", "TP53", "p.R175H"),
    "BRCA2 Y1655*": ("13:32914438:T:G", "BRCA2", "p.Y1655*"),
    "ATM S49C": ("11:108098576:C:G", "ATM", "p.S49C"),
    "CDK12 Q1000*": ("17:37618371:C:T", "CDK12", "p.Q1000*"),
    "AR L702H": ("X:66937372:T:A", "AR", "p.L702H"),
    "PIK3CA E545K": ("3:178936091:G:A", "PIK3CA", "p.E545K"),
}
MARKERS = {
    "KRAS": ("wt", "wild type", "G12D", "mutated", "not tested", "野生型", "突变", "p.G12V", "indeterminate"),
    "RAS": ("wt", "mutated", "RAS wild-type", "全野生型"),
    "NRAS": ("wt", "mutated"),
    "BRAF": ("wt", "V600E", "K601E"),
    "MSI": ("MSI-H", "MSS", "MSI-L", "pending"),
    "MMR": ("dMMR", "pMMR", "deficient"),
    "HER2 IHC": ("3+", "2+", "0"),
    "AR-V7": ("positive", "negative", "not evaluable"),
    "BRCA2": ("positive", "negative", "VUS"),
    "HRR": ("positive", "negative"),
    "MRD": ("positive", "negative", "not detected"),
    "PIK3CA": ("wt", "H1047R"),
    "TP53": ("wt", "mutated"),
}
DRUGS = {
    "crc": ("FOLFOX+西妥昔单抗", "FOLFIRI;bevacizumab", "Keytruda", "XELOX", "foo-123", "Vectibix + FOLFOX"),
    "mcrpc": ("enzalutamide;leuprolide", "阿比特龙+泼尼松", "docetaxel", "Lynparza", "ADT", "瑞维鲁胺", "foo-1"),
}
ASSAYS = [
    {"assay_id": "wes", "kind": "wes"},
    {"assay_id": "pan", "kind": "panel", "targets": "KRAS;NRAS;BRAF;TP53;PIK3CA"},
    {"assay_id": "ct", "kind": "panel", "targets": "KRAS;NRAS;BRAF;TP53;AR;BRCA2;ATM;CDK12", "error_rate": 1e-4},
]


def strange_study(design: str, n: int, seed: int) -> Study:
    """A study of n patients, most of whom have sources that do not agree; the same for the same seed."""
    draw = random.Random(f"{design} {seed}")
    disease = "colon adenocarcinoma" if design == "crc" else "prostate adenocarcinoma"
    tables: dict[str, Rows] = {name: [] for name in ("patients", "samples", "calls", "markers", "follow_up")}
    tables |= {"procedures": [], "treatments": [], "assays": ASSAYS}
    for k in range(n):
        patient = f"P{k:02d}"
        tables["patients"].append(
            {"patient_id": patient, "disease": disease, "stage": draw.choice(["III", "IV", None])}
        )
        _samples(draw, patient, tables)
        first = next(s["sample_id"] for s in tables["samples"] if s["patient_id"] == patient)
        _markers(draw, patient, first, tables["markers"])
        _course(draw, patient, design, tables)
    named = {v[0]: v for v in VARIANTS.values()}
    used = sorted({c["variant_id"] for c in tables["calls"]})
    tables["variants"] = [
        {
            "variant_id": v,
            "gene": named[v][1],
            "hgvs_p": named[v][2],
            "consequence": "nonsense" if (named[v][2] or "").endswith("*") else "missense",
        }
        for v in used
    ]
    config = {"title": "strange", "design": design, "genome_build": "GRCh37", "disease": disease}
    return study(config, **{name: rows for name, rows in tables.items() if rows})


def _samples(draw: random.Random, patient: str, tables: dict[str, Rows]) -> None:
    day = draw.choice([0, 0, 0, -30, None])
    for k in range(draw.choice([1, 1, 2, 3])):
        material = draw.choice(["tissue", "tissue", "plasma"])
        sample, is_plasma = f"{patient}-{k}", material == "plasma"
        row = {"sample_id": sample, "patient_id": patient, "material": material}
        row |= {"day": day if k == 0 else draw.choice([day, draw.randrange(-50, 600)])}
        row |= {"assay_id": "ct" if is_plasma else draw.choice(["wes", "pan", None])}
        row |= {"purity": None if is_plasma else draw.choice([None, 0.3, 0.6, 0.05])}
        row |= {"tumor_fraction": draw.choice([None, 0.0, 0.02, 0.3]) if is_plasma else None}
        row |= {"msi_status": None if is_plasma else draw.choice([None, "MSI-H", "MSS", "MSI-L", "indeterminate"])}
        tables["samples"].append(row)
        for name in draw.sample(list(VARIANTS), draw.choice([0, 1, 2, 3])):
            alt = draw.choice([None, 3, 5, 40, 200])
            call = {"sample_id": sample, "variant_id": VARIANTS[name][0], "alt_count": alt}
            call |= {"depth": None if alt is None else 1000 if alt >= 100 else draw.choice([60, 300, 1000])}
            call |= {"origin": draw.choice(["somatic", None]), "is_called": draw.choice([True, True, None, False])}
            tables["calls"].append(call)


def _markers(draw: random.Random, patient: str, sample: str, rows: Rows) -> None:
    """Up to four results by hand, some twice with two answers, of a sample or of none, with a day or without."""
    told = set()
    for name in draw.sample(list(MARKERS), draw.choice([0, 1, 2, 4])):
        for _ in range(draw.choice([1, 1, 2])):
            told.add((name, draw.choice(MARKERS[name]), draw.choice([None, sample]), draw.choice([None, 0, 100, -20])))
    rows += [
        {"patient_id": patient, "marker": m, "value": v, "sample_id": s, "day": d}
        for m, v, s, d in sorted(told, key=str)
    ]


def _course(draw: random.Random, patient: str, design: str, tables: dict[str, Rows]) -> None:
    last, dead = draw.choice([720, 730, 731, 900]), draw.choice([True, False, None])
    row = {"patient_id": patient, "last_contact_day": last, "is_dead": dead}
    row |= {"death_day": draw.choice([last, None]) if dead else None}
    row |= {"recurrence_day": draw.choice([None, None, 100, last])}
    tables["follow_up"].append(row | {"cause_of_death": draw.choice(["cancer", "other", None]) if dead else None})
    if design == "crc" and draw.random() < 0.6:
        tables["procedures"].append({"patient_id": patient, "day": draw.choice([0, 10]), "kind": "primary_resection"})
    start = 0
    for _ in range(draw.choice([0, 1, 2])):
        stop = draw.choice([None, start + 60, start + 200])
        drugs = {"drugs": draw.choice(DRUGS[design]), "start_day": start, "stop_day": stop}
        tables["treatments"].append({"patient_id": patient, **drugs})
        start = (stop or start + 80) + draw.choice([0, 1, 20])
