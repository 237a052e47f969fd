"""One patient's rows -> the tracks of the timeline."""

from __future__ import annotations

import polars as pl

from oncourse.cohort import Cohort
from oncourse.facts.material import is_tumour
from oncourse.knowledge.drugs import accompanies, drug_classes, drug_names, treatment_name
from oncourse.plots.timeline import Bar, Line, Mark, PatientTimeline, Point, Track
from oncourse.study.analytes import lab_values

#: Class that colours a treatment, first match.
_COLOUR_ORDER = (
    "ARPI",
    "PARP inhibitor",
    "PD-1/PD-L1 inhibitor",
    "radioligand",
    "anti-EGFR",
    "anti-VEGF",
    "taxane",
    "ADT",
)
#: Tracked variants drawn one by one; the mean of all is always drawn.
LINES_SHOWN = 4
#: Adverse events from this grade on are drawn (CTCAE: severe), and those without a grade.
LEAST_GRADE = 3


def of_patient(frame: pl.DataFrame, patient: str) -> pl.DataFrame:
    """Return the rows of one patient."""
    return frame.filter(pl.col("patient_id") == patient)


def patient_timeline(cohort: Cohort, patient: str) -> PatientTimeline:
    """Return what the timeline of one patient shows; what was not recorded is left out."""
    study = cohort.study
    tracks = [
        *_markers(cohort, patient),
        *_imaging(cohort, patient),
        *_ctdna(cohort, patient),
    ]
    follow = of_patient(study["follow_up"], patient)
    last = follow["last_contact_day"].max() if follow.height else None
    return PatientTimeline(
        bars=tuple(_bars(of_patient(study["treatments"], patient))),
        tracks=tuple(tracks),
        samples=tuple(_samples(cohort, patient)),
        events=tuple(_events(cohort, patient)),
        last_day=int(last) if last is not None else None,  # type: ignore[arg-type]
    )


def _bars(treatments: pl.DataFrame) -> list[Bar]:
    bars = []
    for drugs, start, stop in treatments.select("drugs", "start_day", "stop_day").iter_rows():
        classes = drug_classes(drugs)
        group = next((c for c in _COLOUR_ORDER if c in classes), "chemotherapy" if classes else "other")
        names = [d for d in drug_names(drugs) if not accompanies(d)] or list(drug_names(drugs))
        bars.append(Bar(start, stop, treatment_name(";".join(names)), group))
    return bars


def _markers(cohort: Cohort, patient: str) -> list[Track]:
    """PSA and CEA on a log axis, PSA with nadir and progression by PCWG3 of each line."""
    from oncourse.derive.clinical.psa_values import PsaParams, psa_values

    labs = of_patient(cohort.study["labs"], patient)
    if labs.is_empty():
        return []
    tracks = []
    psa, _ = psa_values(labs, cohort.params(PsaParams))
    if psa.height:
        points = tuple(
            Point(day, value, is_limit=below, label=f"PSA {'< ' if below else ''}{value:g} ng/ml, day {day}")
            for day, value, below in psa.select("day", "value_ng_ml", "is_below_limit").iter_rows()
        )
        tracks.append(Track("PSA", "ng/ml, log", (Line("PSA", points),), tuple(_psa_marks(cohort, patient))))
    cea = lab_values(labs, "CEA").filter(pl.col("value") > 0).sort("day")
    if cea.height:
        points = tuple(
            Point(d, v, is_limit=bound == "<", label=f"CEA {bound + ' ' if bound else ''}{v:g} {unit}, day {d}")
            for d, v, bound, unit in cea.select("day", "value", "bound", "unit").iter_rows()
        )
        tracks.append(Track("CEA", f"{cea['unit'][0]}, log", (Line("CEA", points),)))
    return tracks


def _psa_marks(cohort: Cohort, patient: str) -> list[Mark]:
    marks = []
    rows = of_patient(cohort.psa, patient).filter(pl.col("n_values") > 0)
    for row in rows.iter_rows(named=True):
        if row["nadir_day"] is not None and row["nadir_ng_ml"] is not None:
            marks.append(Mark(row["nadir_day"], f"nadir {row['nadir_ng_ml']:.3g}", "nadir"))
        if row["progression_status"] == "confirmed" and row["progression_day"] is not None:
            marks.append(Mark(row["progression_day"], "PSA progression", "progression"))
    return marks


def _imaging(cohort: Cohort, patient: str) -> list[Track]:
    """Sum of target lesions per visit with the response of each visit; one of which a lesion was not measured is no such
    sum, and stands on a line of its own."""
    if not cohort.study.has("target_lesions") and not cohort.study.has("assessments"):
        return []
    visits = of_patient(cohort.recist_visits, patient).drop_nulls("day").sort("day")
    sums = visits.drop_nulls("sum_mm")
    if sums.is_empty():
        return []
    points, parts = [], []
    for day, total, overall, lacking in sums.select("day", "sum_mm", "overall", "n_missing").iter_rows():
        label = f"sum {total:g} mm, {overall}, day {day}"
        if lacking:
            parts.append(Point(day, total, label=f"{label}; target lesions not measured: {lacking}"))
        else:
            points.append(Point(day, total, label=label))
    points += _baselines(cohort, patient, sums)
    points.sort(key=lambda p: p.day)
    marks = [
        Mark(day, overall, "PD" if overall == "PD" else "")
        for day, overall in visits.select("day", "overall").drop_nulls().iter_rows()
        if overall in ("CR", "PR", "PD")
    ]
    return [
        Track(
            "RECIST 1.1",
            "sum, mm",
            tuple(
                Line(name, tuple(drawn))
                for name, drawn in (("sum of target lesions", points), ("sum of those measured alone", parts))
                if drawn
            ),
            tuple(_changes(marks)),
            False,
        )
    ]


def _baselines(cohort: Cohort, patient: str, sums: pl.DataFrame) -> list[Point]:
    """The sum before each line, which belongs to no visit on treatment: drawn at the start of the line."""
    starts = of_patient(cohort.lines, patient).select("line", "start_day")
    first = sums.drop_nulls("baseline_mm").unique("line", keep="first", maintain_order=True)
    rows = first.join(starts, on="line", how="inner").select("start_day", "baseline_mm").iter_rows()
    return [Point(day, total, label=f"baseline sum {total:g} mm, line from day {day}") for day, total in rows]


def _changes(marks: list[Mark]) -> list[Mark]:
    """Keep a mark only where the response changes."""
    kept: list[Mark] = []
    for mark in marks:
        if not kept or kept[-1].label != mark.label:
            kept.append(mark)
    return kept


def _ctdna(cohort: Cohort, patient: str) -> list[Track]:
    """Mean allele fraction of the tracked variants with exact interval; watched variants one by one."""
    rows = of_patient(cohort.ctdna, patient).drop_nulls("day")
    lines = []
    points = []
    for row in rows.iter_rows(named=True):
        limit = row["detection_limit"]
        if row["vaf"] is None:
            continue
        if row["state"] == "positive":
            label = f"mean VAF {100 * row['vaf']:.3g} %, {row['n_seen']} of {row['n_tracked']} variants seen"
            points.append(
                Point(
                    row["day"],
                    100 * row["vaf"],
                    100 * row["vaf_ci_low"],
                    100 * row["vaf_ci_high"],
                    label=label,
                )
            )
        elif limit is not None:
            label = f"{row['state'].replace('_', ' ')}; would show a tumour fraction of {100 * limit:.2g} %"
            points.append(Point(row["day"], 100 * limit / 2, is_limit=True, label=label))
    if points:
        lines.append(Line("mean of tracked variants", tuple(points)))
    lines += _watched(cohort, patient)
    return [Track("ctDNA", "VAF %, log", tuple(lines))] if lines else []


def _watched(cohort: Cohort, patient: str) -> list[Line]:
    from oncourse.evolution.ctdna import fraction_interval

    emerged = (
        of_patient(cohort.findings.emerged, patient)
        .drop_nulls("variant_id")
        .unique("variant_id", keep="first", maintain_order=True)
    )
    calls = cohort.study["calls"].join(
        of_patient(cohort.study["samples"], patient).filter(pl.col("material") == "plasma").select("sample_id", "day"),
        on="sample_id",
        how="inner",
    )
    lines = []
    for variant, gene, change in emerged.select("variant_id", "gene", "change").head(LINES_SHOWN).iter_rows():
        rows = calls.filter((pl.col("variant_id") == variant) & (pl.col("depth") > 0)).drop_nulls("day").sort("day")
        if rows.is_empty():
            continue
        alt, depth = rows["alt_count"].fill_null(0).to_numpy(), rows["depth"].to_numpy()
        vaf, low, high = fraction_interval(alt, depth, 0.0)
        points = tuple(
            Point(
                d,
                100 * (v if a else h),
                None if not a else 100 * lo,
                None if not a else 100 * h,
                is_limit=not a,
                label=f"{gene} {change}: {a} of {n} reads, day {d}",
            )
            for d, a, n, v, lo, h in zip(rows["day"], alt, depth, vaf, low, high, strict=True)
        )
        lines.append(Line(f"{gene} {change}", points))
    return lines


def _samples(cohort: Cohort, patient: str) -> list[Mark]:
    lesions = cohort.study["lesions"].select("lesion_id", "role", "site")
    rows = of_patient(cohort.study["samples"], patient).join(lesions, on="lesion_id", how="left")
    rows = rows.filter(is_tumour()).drop_nulls("day").sort("day", "sample_id")
    marks = []
    for number, row in enumerate(rows.iter_rows(named=True), 1):
        kind = "plasma" if row["material"] == "plasma" else row["role"] or "tissue"
        word = row["site"] or kind.replace("_", " ") if kind != "plasma" else "plasma"
        marks.append(Mark(row["day"], f"{number} {word}", kind))
    return marks


def _events(cohort: Cohort, patient: str) -> list[Mark]:
    marks = []
    for day, kind in of_patient(cohort.study["procedures"], patient).select("day", "kind").drop_nulls().iter_rows():
        marks.append(Mark(day, kind.replace("_", " "), "procedure"))
    adverse = of_patient(cohort.study["adverse_events"], patient).sort("start_day", "term")
    for day, term, grade in adverse.select("start_day", "term", "grade").iter_rows():
        if grade is None or grade >= LEAST_GRADE:
            marks.append(Mark(day, term if grade is None else f"{term}, grade {grade}", "toxicity"))
    marks += _progressions(cohort, patient)
    follow = of_patient(cohort.study["follow_up"], patient)
    for day in _recurrence_days(cohort, patient, follow):
        marks.append(Mark(day, "recurrence", "progression"))
    for row in follow.iter_rows(named=True):
        if row["progression_day"] is not None:
            marks.append(Mark(row["progression_day"], "progression", "progression"))
    for died, last in of_patient(cohort.people, patient).select("dead_day", "last_contact_day").iter_rows():
        if died is not None:
            marks.append(Mark(died, "death", "death"))
        elif last is not None:
            marks.append(Mark(last, "last contact", ""))
    return marks


def _progressions(cohort: Cohort, patient: str) -> list[Mark]:
    """Progressions that stand on no track of sums: of bone scans by 2+2, and of scans without a target lesion."""
    if not cohort.study.has("assessments"):
        return []
    bone = of_patient(cohort.bone_visits, patient)["progression_day"].drop_nulls().unique().sort()
    marks = [Mark(day, "progression in bone", "progression") for day in bone]
    visits = of_patient(cohort.recist_visits, patient)
    if visits["sum_mm"].null_count() == visits.height:
        days = visits.filter(pl.col("overall") == "PD").group_by("line").agg(pl.col("progression_day").min())
        marks += [Mark(d, "progression on imaging", "progression") for d in days["progression_day"].drop_nulls().sort()]
    return marks


def _recurrence_days(cohort: Cohort, patient: str, follow: pl.DataFrame) -> list[int]:
    """The recurrence as the analyses count it; as recorded where no clock starts for the patient."""
    table = cohort.of_patient(patient).recurrence.patients
    return (follow if table.is_empty() else table)["recurrence_day"].drop_nulls().to_list()
