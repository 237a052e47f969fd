"""How the disease changed: one row per line of therapy, and the last word of every marker."""

from __future__ import annotations

from typing import Any

import polars as pl

from oncourse.cohort import Cohort
from oncourse.days import DAYS_PER_MONTH
from oncourse.patients.timeline import of_patient


def course_rows(cohort: Cohort, patient: str) -> list[dict[str, Any]]:
    """Return one row per line: drugs, days, PSA, imaging, ctDNA."""
    study = cohort.study
    lines = of_patient(cohort.lines, patient)
    psa = {r["line"]: r for r in of_patient(cohort.psa, patient).iter_rows(named=True)} if study.has("labs") else {}
    imaging = {}
    if study.has("target_lesions") or study.has("assessments"):
        imaging = {r["line"]: r for r in of_patient(cohort.best_response, patient).iter_rows(named=True)}
    bone = of_patient(cohort.bone_visits, patient) if study.has("assessments") else None
    molecular = {r["line"]: r for r in of_patient(cohort.ctdna_response, patient).iter_rows(named=True)}
    rows = []
    for line in lines.iter_rows(named=True):
        rows.append(
            {
                "line": line["line"],
                "setting": line["setting"],
                "drugs": line["drugs"].replace(";", " + "),
                "start_day": line["start_day"],
                "stop_day": line["stop_day"],
                "stop_reason": line["stop_reason"],
                "psa": _psa(psa.get(line["line"])),
                "imaging": "; ".join(filter(None, (_imaging(imaging.get(line["line"])), _bone(bone, line["line"])))),
                "ctdna": _molecular(molecular.get(line["line"])),
            }
        )
    return rows


def _psa(row: dict[str, Any] | None) -> str:
    if not row or not row["n_values"] or row["best_change_fraction"] is None:
        return ""
    parts = [f"best {100 * row['best_change_fraction']:+.0f} %"]
    if row["progression_status"] == "confirmed":
        parts.append(f"progression day {row['progression_day']}")
    elif row["progression_status"] == "unconfirmed":
        parts.append(f"rise day {row['progression_day']}, unconfirmed")
    if row["doubling_time_days"] is not None:
        months = row["doubling_time_days"] / DAYS_PER_MONTH
        low, high = row["doubling_time_ci_low"], row["doubling_time_ci_high"]
        interval = f" ({_months(low)} to {_months(high)})" if low is not None or high is not None else ""
        parts.append(f"doubling time {months:.1f} months{interval}")
    return "; ".join(parts)


def _months(days: float | None) -> str:
    if days is None or days == float("inf"):
        return "no limit"
    return f"{days / DAYS_PER_MONTH:.1f}"


def _imaging(row: dict[str, Any] | None) -> str:
    if not row:
        return ""
    best = row["best_confirmed"] or row["best_unconfirmed"]
    parts = [f"best {best}"] if best and best not in ("MISSING", "NE") else []
    if row["progression_day"] is not None:
        parts.append(f"PD day {row['progression_day']}")
    return "; ".join(parts)


def _bone(visits: pl.DataFrame | None, line: int) -> str:
    """Progression of bone scans by 2+2, which RECIST does not see; what waits for its next scan says so."""
    if visits is None:
        return ""
    mine = visits.filter(pl.col("line") == line).sort("day")
    dated = mine["progression_day"].drop_nulls()
    if not dated.is_empty():
        return f"bone PD day {dated[0]}"
    waiting = mine.filter(pl.col("bone") == "PDu")
    return f"bone PD day {waiting['day'][0]}, unconfirmed" if waiting.height else ""


_RESPONSES = {
    "clearance": "cleared",
    "molecular_response": "molecular response",
    "no_response": "no molecular response",
}


def _molecular(row: dict[str, Any] | None) -> str:
    if not row:
        return ""
    parts = [_RESPONSES[row["response"]]]
    if row["ratio"] is not None and row["response"] != "clearance":
        parts.append(f"lowest {100 * row['ratio']:.0f} % of baseline")
    if row["response"] == "clearance":
        parts.append(f"day {row['clearance_day']}, {'sustained' if row['is_sustained'] else 'not sustained'}")
    if row["progression_day"] is not None:
        parts.append(f"rise day {row['progression_day']}")
    return "; ".join(parts)


def monitoring_lines(cohort: Cohort, patient: str) -> list[tuple[str, str]]:
    """Return the latest ctDNA result and marker value in words."""
    said = []
    rows = of_patient(cohort.ctdna, patient).drop_nulls("day")
    if rows.height:
        row = rows.row(-1, named=True)
        said.append(("Latest ctDNA", _ctdna_words(row)))
    for analyte in ("PSA", "CEA"):
        values = of_patient(cohort.study["labs"], patient).filter(pl.col("analyte").str.to_uppercase() == analyte)
        if values.height:
            last = values.sort("day").row(-1, named=True)
            said.append((f"Latest {analyte}", f"{last['value']} {last['unit'] or ''}, day {last['day']}".strip()))
    return said


def _ctdna_words(row: dict[str, Any]) -> str:
    where = f"day {row['day']}"
    if row["vaf"] is None:
        why = row["witnesses"] or row["reason"]
        return f"{row['state'].replace('_', ' ')}, {where} ({row['basis'].replace('_', ' ')}; {why})"
    limit = (
        f"; could have shown a tumour fraction of {100 * row['detection_limit']:.2g} %"
        if row["detection_limit"]
        else ""
    )
    if row["state"] == "positive":
        interval = f"{100 * row['vaf_ci_low']:.2g} to {100 * row['vaf_ci_high']:.2g}"
        return (
            f"positive, {where}: mean VAF {100 * row['vaf']:.2g} % ({interval} %), "
            f"{row['n_seen']} of {row['n_tracked']} tracked variants seen{limit}"
        )
    return f"{row['state'].replace('_', ' ')}, {where}: {row['n_tracked']} tracked variants{limit}"
