"""Studies of patients as hospitals record them: days, sums and counts on and beside the cut-offs, and much unknown.

The simulated studies hold smooth patients; these hold those on whom rules are decided. Every number is drawn from short
lists: the cut-offs of guidelines and assays, the value below and the value above. Samples and reads: `everyday_reads.py`.
Of a patient some is missing, some contradicts, as in files; nothing of it is an error of `oncourse check`.
"""

from __future__ import annotations

import random
from typing import Any

from tests import everyday_reads
from tests.studies import study

from oncourse.study.model import Study

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]
#: Days on which something is decided: windows of visits, of confirmation, of baselines, of lines.
CUTS = (7, 14, 21, 28, 30, 42, 56, 84, 90, 120, 182, 365)
#: Lines of therapy of each design, each beginning with what it is usually given in; names as hospitals write them.
DRUGS = {
    "crc": (
        "FOLFOX",
        "FOLFOX+西妥昔单抗",
        "FOLFIRI;bevacizumab",
        "capecitabine",
        "XELOX",
        "fluorouracil;leucovorin",
        "Keytruda",
        "Vectibix",
        "cetuximab",
        "bevacizumab",
        "regorafenib",
        "dexamethasone",
        "encorafenib;cetuximab",
        "foo-123",
        "best supportive care",
    ),
    "mcrpc": (
        "abiraterone;prednisone",
        "enzalutamide",
        "docetaxel;prednisone",
        "cabazitaxel",
        "Lynparza",
        "瑞维鲁胺",
        "leuprolide",
        "bicalutamide",
        "radium-223",
        "177Lu-PSMA-617",
        "pembrolizumab",
        "zoledronic acid",
        "foo-1",
    ),
}
SETTINGS = {"crc": ("neoadjuvant", "adjuvant", "metastatic"), "mcrpc": ("mCSPC", "mCRPC", "mCRPC")}
STOPS = ("progression", "toxicity", "completed", "death", "withdrew", "clinical progression", "ongoing", None)
SCANS = ("CR", "PR", "SD", "PD", "NE", "NON-CR/NON-PD", "NED", None)


def everyday_study(
    design: str, n: int, seed: int, config: dict[str, Any] | None = None, *, sequenced: bool = True
) -> Study:
    """A checked study of `n` patients, the same for the same arguments; without samples far cheaper."""
    draw = random.Random(f"everyday {design} {seed}")
    tables: Tables = {}
    for k in range(n):
        _patient(draw, f"P{k:02d}", design, tables, sequenced)
    if sequenced:
        everyday_reads.add_genotypes(draw, tables)
        everyday_reads.add_assays(tables)
    settings = {"title": "everyday", "design": design, "genome_build": "GRCh37", "covariates": COVARIATES}
    disease = "colon adenocarcinoma" if design == "crc" else "prostate adenocarcinoma"
    return study({**settings, "disease": disease, **(config or {})}, **tables)


COVARIATES = {"age_years": "number", "sex": "category", "stage": "category", "smoker": "yes_no", "lab:CEA": "number"}


def near(draw: random.Random, cuts: tuple[int, ...] = CUTS) -> int:
    """A cut-off, the day before it or the day after it."""
    return draw.choice(cuts) + draw.choice((-1, 0, 0, 1))


def maybe(draw: random.Random, value: Any, share: float = 0.8) -> Any:
    """The value, or unknown."""
    return value if draw.random() < share else None


def add(tables: Tables, name: str, **row: Any) -> None:
    tables.setdefault(name, []).append(row)


def _patient(draw: random.Random, patient: str, design: str, tables: Tables, sequenced: bool) -> None:
    sex = "male" if design == "mcrpc" else draw.choice(("male", "female", None))
    add(
        tables,
        "patients",
        patient_id=patient,
        disease="colon adenocarcinoma" if design == "crc" else "prostate adenocarcinoma",
        sex=sex,
        age_years=maybe(draw, draw.choice((49.9, 50.0, 64.0, 65.0, 70.0, 75.0, 80.0))),
        stage=draw.choice(("II", "III", "IIIB", "IV", "IVA", "M1b", None)),
        primary_site=draw.choice(("right colon", "left colon", "rectum", None)) if design == "crc" else "prostate",
        smoker=draw.choice(("yes", "no", "no", None)),
    )
    surgery = _lesions(draw, patient, design, tables)
    lines = _treatments(draw, patient, design, surgery, tables)
    if draw.random() < 0.75:
        _scans(draw, patient, lines, tables)
    _bone(draw, patient, lines, tables, 0.7 if design == "mcrpc" else 0.1)
    _labs(draw, patient, design, lines, tables)
    for lesion in tables["lesions"]:
        if lines and lesion["patient_id"] == patient and lesion["role"] == "metastasis" and draw.random() < 0.2:
            lesion["found_day"] = draw.choice(lines)[0]
    if sequenced:
        everyday_reads.add_samples(draw, patient, design, lines, tables)
    if draw.random() < 0.5:
        grade, drugs = draw.choice((1, 2, 3, 4, 5, None)), draw.choice((None, "oxaliplatin", "docetaxel"))
        term = draw.choice(("neutropenia", "hand-foot syndrome", "diarrhoea"))
        add(tables, "adverse_events", patient_id=patient, start_day=near(draw), term=term, grade=grade, drugs=drugs)
    _follow_up(draw, patient, design, tables)


def _lesions(draw: random.Random, patient: str, design: str, tables: Tables) -> int | None:
    """The primary, up to three metastases and operations on them; the day of the primary's, if there was one."""
    found = maybe(draw, draw.choice((-30, -1, 0, 0, 0)))
    site = "colon" if design == "crc" else "prostate"
    add(tables, "lesions", lesion_id=f"{patient}-PT", patient_id=patient, role="primary", site=site, found_day=found)
    day = None
    if draw.random() < (0.7 if design == "crc" else 0.3):
        day = draw.choice((0, 0, 1, 10, 28, 42))
        kind = draw.choice(("primary_resection", "Right hemicolectomy", "primary_resection"))
        if design == "mcrpc":
            kind = "radical prostatectomy"
        add(
            tables,
            "procedures",
            patient_id=patient,
            day=day,
            kind=kind,
            lesion_id=maybe(draw, f"{patient}-PT", 0.6),
            intent=draw.choice(("curative", "palliative", None)),
        )
    for k in range(draw.choice((0, 1, 1, 2, 3))):
        lesion, at = f"{patient}-M{k}", maybe(draw, draw.choice((-10, 0, 0, 20, 29, 30, 31, 89, 180, 400, 700)))
        role = draw.choice(("metastasis", "metastasis", "metastasis", "local_recurrence"))
        where = draw.choice(("liver", "liver", "lung", "bone", "lymph node", "brain", None))
        add(tables, "lesions", lesion_id=lesion, patient_id=patient, role=role, site=where, found_day=at)
        if draw.random() < 0.35:
            kind = draw.choice(("metastasectomy", "ablation", "radiotherapy", "biopsy", "orchiectomy"))
            of = maybe(draw, lesion, 0.7) if kind != "orchiectomy" else None
            on = draw.choice(((at or 0) + near(draw), near(draw, (84, 182))))
            add(tables, "procedures", patient_id=patient, day=on, kind=kind, lesion_id=of)
    return day


def _treatments(
    draw: random.Random, patient: str, design: str, surgery: int | None, tables: Tables
) -> list[tuple[int, int]]:
    """Up to four lines, some of several rows: added, dropped, exchanged and resumed drugs; start and stop of each."""
    lines: list[tuple[int, int]] = []
    numbered, setting = draw.random() < 0.15, SETTINGS[design]
    start = draw.choice((0, 1, 7, -200)) if design == "mcrpc" else (surgery or 0) + draw.choice((-60, 0, 28, 42, 56))
    drugs = draw.choice(DRUGS[design])
    for k in range(draw.choice((0, 1, 2, 2, 3, 4))):
        length = near(draw)
        stop = maybe(draw, start + length, 0.75)
        row = {
            "patient_id": patient,
            "drugs": drugs,
            "start_day": start,
            "stop_day": stop,
            "line": k + 1 if numbered else None,
            "stop_reason": draw.choice(STOPS) if stop is not None else None,
            "setting": maybe(draw, setting[min(k, 2)], 0.6),
        }
        add(tables, "treatments", **row)
        if draw.random() < 0.3:
            later = start + near(draw, (1, 14, 28, 42))
            ends = maybe(draw, later + near(draw, (14, 28, 56)), 0.7)
            add(
                tables,
                "treatments",
                **{**row, "drugs": draw.choice(DRUGS[design]), "start_day": later, "stop_day": ends},
            )
        if stop is not None and draw.random() < 0.12:
            month = {"table": "treatments", "column": "stop_day", "resolution": "month", "day": stop}
            interval = {"earliest_day": stop - 29, "latest_day": stop}
            if not any(r["patient_id"] == patient and r["day"] == stop for r in tables.get("partial_dates", ())):
                add(tables, "partial_dates", patient_id=patient, **month, **interval)
        lines.append((start, stop if stop is not None else start + length))
        start = lines[-1][1] + draw.choice((-20, 0, 1, 14, 28, 89, 90, 91, 200))
        drugs = drugs if draw.random() < 0.25 else draw.choice(DRUGS[design])
    return lines


#: What a sum of diameters becomes: of its baseline or nadir (RECIST 1.1: -30 %, +20 % and 5 mm), and beside it.
STEPS = (0.0, 0.5, 0.69, 0.7, 0.71, 0.9, 1.0, 1.0, 1.1, 1.19, 1.2, 1.21, 1.5)
GROWTH = (4.9, 5.0, 5.1)


def _scans(draw: random.Random, patient: str, lines: list[tuple[int, int]], tables: Tables) -> None:
    """Target lesions and assessments of each line: baselines in and out of their window, sums at the limits."""
    days: list[int] = []
    readers = draw.choice(((None,), (None,), (None,), ("central", "investigator")))
    for k, (start, _) in enumerate(lines):
        if draw.random() < 0.25:
            continue
        known = [r["lesion_id"] for r in tables["lesions"] if r["patient_id"] == patient]
        lesions = [*known, f"T{k}0", f"T{k}1"][: draw.choice((0, 1, 1, 2, 3))]
        is_node = {name: draw.random() < 0.25 for name in lesions}
        base = {name: draw.choice((10.0, 15.0, 20.0, 50.0)) for name in lesions}
        day = start + draw.choice((-29, -28, -27, -14, 0, 0, 7, 8))
        least = now = dict(base)
        for visit in range(draw.choice((1, 2, 3, 4, 6))):
            if day in days:
                day += 1
            days.append(day)
            for reader in readers:
                shift = 0.2 if reader == "investigator" else 0.0
                _visit(
                    draw, patient, day, lesions, {n: now[n] + shift for n in lesions}, is_node, reader, visit, tables
                )
                _assessed(draw, patient, day, reader, visit, bool(lesions), tables)
            day += near(draw, (14, 28, 42, 56, 84))
            least = {n: min(least[n], now[n]) for n in lesions}
            of = draw.choice((base, least))
            if lesions and draw.random() < 0.25:
                now = {n: of[n] + draw.choice(GROWTH) / len(lesions) for n in lesions}
            else:
                step = draw.choice(STEPS)
                now = {n: round(of[n] * step, 3) for n in lesions}


def _visit(
    draw: random.Random,
    patient: str,
    day: int,
    lesions: list[str],
    sizes: dict[str, float],
    is_node: dict[str, bool],
    reader: str | None,
    visit: int,
    tables: Tables,
) -> None:
    for name in lesions:
        size = sizes[name]
        row = {"patient_id": patient, "day": day, "lesion_id": name, "evaluator": reader, "is_node": is_node[name]}
        kind = draw.random()
        if visit and kind < 0.05:
            row |= {"status": "not_evaluable"}
        elif visit and kind < 0.1:
            row |= {"status": "too_small", "diameter_mm": draw.choice((None, 4.0, 5.0, 6.0))}
        elif visit and kind < 0.14 and name != lesions[0]:
            row |= {"merged_into": lesions[0], "status": draw.choice(("not_evaluable", "absent"))}
        elif size < 1:
            row |= {"status": "absent"} if not is_node[name] else {"status": "measured", "diameter_mm": 9.9}
        elif kind > 0.97:
            row |= {"diameter": size / 10, "unit": "cm"}
        elif visit and kind > 0.94:
            continue
        else:
            row |= {"diameter_mm": size, "status": maybe(draw, "measured", 0.5)}
        add(tables, "target_lesions", **row)


def _assessed(
    draw: random.Random, patient: str, day: int, reader: str | None, visit: int, measured: bool, tables: Tables
) -> None:
    if measured and draw.random() < 0.45:
        return
    new = "no" if not visit else draw.choice(("no", "no", "no", None, "equivocal", "yes"))
    rest = draw.choice(("CR", "NON-CR/NON-PD", "NON-CR/NON-PD", "PD" if visit else None, "NE", "NONE", None))
    add(
        tables,
        "assessments",
        patient_id=patient,
        day=day,
        method="ct_mri",
        non_target=rest,
        new_lesions=new,
        overall=draw.choice(SCANS) if visit and draw.random() < 0.6 else None,
        evaluator=reader,
    )


def _bone(draw: random.Random, patient: str, lines: list[tuple[int, int]], tables: Tables, share: float) -> None:
    for start, _ in lines:
        if draw.random() > share:
            continue
        day = start + draw.choice((-28, -1, 0, 14))
        for visit in range(draw.choice((1, 2, 3, 4, 5))):
            row = {"patient_id": patient, "day": day, "method": "bone_scan"}
            if not any(all(r.get(c) == v for c, v in row.items()) for r in tables.get("assessments", ())):
                new = draw.choice((0, 0, 1, 2, 2, 3, 5, 6, None)) if visit else draw.choice((None, 0, 3))
                still = draw.choice((None, 0, 1, 2, 3)) if visit else None
                add(tables, "assessments", **row, new_bone_lesions=new, bone_persisting=still)
            day += near(draw, (42, 56, 70, 84))


def _labs(draw: random.Random, patient: str, design: str, lines: list[tuple[int, int]], tables: Tables) -> None:
    """PSA at 50 and 90 % of its baseline, at +25 % and +2 ng/ml over its nadir; CEA; now and then a value twice a day."""
    cea = draw.choice(("2", "4.9", "5", "5.1", "<0.5", "120", None))
    for day in {draw.choice((-7, 0, 10)), near(draw)}:
        add(tables, "labs", patient_id=patient, day=day, analyte="CEA", value=cea, unit="ng/ml")
    if design == "crc" or draw.random() < 0.1:
        return
    for start, _ in lines:
        day, value = start + draw.choice((-60, -28, -7, 0, 0, 1)), draw.choice((0.1, 1.0, 4.0, 8.0, 20.0, 100.0))
        base = least = value
        for _visit_number in range(draw.choice((1, 2, 4, 5, 6, 8))):
            shown = f"<{value:g}" if value <= 0.2 else f">{value:g}" if draw.random() < 0.05 else f"{value:.6g}"
            add(
                tables, "labs", patient_id=patient, day=day, analyte="PSA", value=maybe(draw, shown, 0.95), unit="ng/ml"
            )
            if draw.random() < 0.06:
                again = f"{value * 1.5:.6g}"
                add(tables, "labs", patient_id=patient, day=day, analyte="PSA", value=again, unit="ng/ml")
            day += near(draw, (14, 21, 28, 28, 42, 84))
            least = min(least, value)
            of = draw.choice((base, least, least, value))
            if draw.random() < 0.3:
                value = of + draw.choice((0.1, 1.9, 2.0, 2.1, 5.0))
            else:
                value = round(of * draw.choice((0.1, 0.11, 0.49, 0.5, 0.51, 0.7, 0.75, 1.0, 1.24, 1.25, 1.26, 2.0)), 6)
            value = max(value, 0.01)


def _follow_up(draw: random.Random, patient: str, design: str, tables: Tables) -> None:
    """Last contact, death and what was seen; three of a hundred patients have none, and two a last contact too early."""
    if draw.random() < 0.03:
        return
    own = [row for rows in tables.values() for row in rows if row.get("patient_id") == patient]
    days = [
        row[name] for row in own for name in ("day", "start_day", "stop_day", "found_day") if row.get(name) is not None
    ]
    last = max([0, *days]) + draw.choice((0, 0, 1, 28, 83, 84, 90, 365, 730, 731))
    last = last - 50 if draw.random() < 0.02 else last
    dead = draw.choice((True, True, False, False, False, None if design == "mcrpc" or draw.random() < 0.3 else True))
    row: dict[str, Any] = {"patient_id": patient, "last_contact_day": last, "is_dead": dead}
    if dead:
        row |= {
            "death_day": maybe(draw, last, 0.9),
            "cause_of_death": draw.choice(("cancer", "other", "unknown", None)),
        }
        if row["death_day"] is not None and draw.random() < 0.2:
            row |= {"death_earliest_day": last - 15, "death_latest_day": last + 15}
    seen = {
        "recurrence_day": draw.choice((last, last - 30, 89, 90, 91, 180, 400)),
        "recurrence_free_day": draw.choice((last, 60, 0)),
        "progression_day": draw.choice((last, 41, 42, 84, 180)),
        "progression_free_day": draw.choice((last, 30, 0)),
        "second_primary_day": draw.choice((last, 50, 200)),
        "entry_day": draw.choice((-10, 0, 20, 60, last, last + 1)),
    }
    chance = {"recurrence_day": 0.3, "second_primary_day": 0.1, "entry_day": 0.2}
    row |= {name: day for name, day in seen.items() if draw.random() < chance.get(name, 0.15)}
    if "second_primary_day" in row:
        row["second_primary"] = draw.choice(("same", "other", None))
    add(tables, "follow_up", **row)
    if draw.random() < 0.3:
        time = max(last, 0) + draw.choice((-3, -2, 0, 1, 2, 3, 100))
        end, anchor = draw.choice(("OS", "DFS", "PFS", "MFS")), draw.choice((None, "index", "diagnosis", "treatment"))
        row = {"patient_id": patient, "endpoint": end, "time_days": time, "is_event": draw.choice((dead, True, None))}
        add(tables, "published_endpoints", **row, anchor=anchor)
