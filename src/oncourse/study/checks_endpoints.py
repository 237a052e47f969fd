"""Checks of what endpoints are made of: diameters, PSA, assessments, lines and the order of days."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from oncourse.study.checks_labs import lab_checks
from oncourse.study.schema import Problem, row_problems
from oncourse.study.tables import TABLES

#: RECIST 1.1, section 4.1: what makes a lesion measurable, and how many are followed.
MEASURABLE_MM, NODE_MM, MOST_TARGETS, MOST_PER_ORGAN = 10.0, 15.0, 5, 2
BASELINE_DAYS = 28
RESPONSES = (
    "CR",
    "PR",
    "SD",
    "NON-CR/NON-PD",
    "PD",
    "NE",
    "ND",
    "NED",
    "PDU",
    "NON-PD",
    "ICR",
    "IPR",
    "ISD",
    "IUPD",
    "ICPD",
    "NON-ICR/NON-IUPD",
    "COMPLETE RESPONSE",
    "PARTIAL RESPONSE",
    "STABLE DISEASE",
    "STABLE",
    "PROGRESSIVE DISEASE",
    "PROGRESSION",
    "PROGRESSED",
    "NOT EVALUABLE",
    "INEVALUABLE",
    "UNEVALUABLE",
    "NONCR/NONPD",
    "NON CR/NON PD",
    "NN",
    "NOT DONE",
    "UNK",
    "NO EVIDENCE OF DISEASE",
)
WARNING = "warning"


def endpoint_checks(tables: Mapping[str, pl.DataFrame]) -> list[Problem]:
    """Return the problems of the typed tables that endpoints rest on; every table may be absent."""

    def get(name: str) -> pl.DataFrame:
        return TABLES[name].conform(tables[name]) if name in tables else TABLES[name].empty()

    follow, treated = get("follow_up"), get("treatments")
    targets, assessed, labs = get("target_lesions"), get("assessments"), get("labs")
    found = _diameters(targets) + _baseline(targets, treated, get("lesions")) + _split_visits(targets)
    found += lab_checks(labs) + _assessments(assessed) + _apart(assessed, targets)
    found += _follow_up(follow) + _recurrence(get("lesions"), follow) + _lines(treated, follow)
    for name, frame in (("labs", labs), ("target_lesions", targets), ("assessments", assessed)):
        found += _after_death(name, frame, follow) + _unsorted(name, frame)
    return found


def _rows(
    table: str,
    frame: pl.DataFrame,
    bad: pl.Expr,
    column: str,
    message: str,
    cure: str,
    severity: str = "error",
) -> list[Problem]:
    if frame.is_empty():
        return []
    mask = frame.select(bad.alias("_bad")).to_series()
    return row_problems(table, frame, mask, column, message, cure, severity=severity) if mask.any() else []


def _diameters(rows: pl.DataFrame) -> list[Problem]:
    name, status, size = "target_lesions", pl.col("status"), pl.col("diameter_mm")
    gone = "Write status absent where the lesion is gone, too_small where it is seen but cannot be measured."
    found = _rows(
        name,
        rows,
        (size == 0) & (status == "measured"),
        "diameter_mm",
        "0 mm, but the lesion is said to be measured.",
        gone,
    )
    found += _rows(
        name,
        rows,
        (size == 0) & status.is_null(),
        "diameter_mm",
        "0 mm without a status: taken as absent.",
        gone,
        WARNING,
    )
    found += _rows(
        name,
        rows,
        (size > 0) & (status == "absent"),
        "diameter_mm",
        "{value} mm, but the lesion is absent.",
        "Correct the diameter or the status.",
    )
    found += _rows(
        name,
        rows,
        size.is_not_null() & (status == "not_evaluable"),
        "diameter_mm",
        "{value} mm, but the lesion is not evaluable: the number is not used.",
        "Write status measured where it was measured.",
        WARNING,
    )
    found += _rows(
        name,
        rows,
        (size >= MEASURABLE_MM) & (status == "too_small"),
        "diameter_mm",
        "{value} mm is not too small to measure.",
        "Write status measured, or correct the diameter.",
        WARNING,
    )
    no_size = size.is_null() & pl.col("diameter").is_null()
    found += _rows(
        name,
        rows,
        no_size & (status == "measured"),
        "diameter_mm",
        "measured, but there is no diameter: taken as not evaluable.",
        "Give the diameter.",
        WARNING,
    )
    found += _rows(
        name,
        rows,
        pl.col("diameter").is_not_null() & pl.col("unit").is_null() & size.is_null(),
        "unit",
        "the diameter has no unit.",
        "Write mm or cm, or use diameter_mm.",
    )
    in_mm = pl.col("diameter") * pl.when(pl.col("unit") == "cm").then(10.0).otherwise(1.0)
    found += _rows(
        name,
        rows,
        (size - in_mm).abs() > 1e-6,
        "diameter",
        "{value} disagrees with diameter_mm.",
        "Keep one of the two.",
    )
    found += _jumps(rows)
    known = rows.select("patient_id", pl.col("lesion_id").alias("merged_into")).unique()
    merged = rows.join(
        known.with_columns(pl.lit(True).alias("_known")),
        on=["patient_id", "merged_into"],
        how="left",
        maintain_order="left",
    )
    return found + _rows(
        name,
        merged,
        pl.col("merged_into").is_not_null() & pl.col("_known").is_null(),
        "merged_into",
        "{value} is no target lesion of this patient.",
        "Name the lesion that is measured now.",
    )


def _jumps(rows: pl.DataFrame) -> list[Problem]:
    """A lesion about ten times larger or smaller than on its other visits: cm among mm."""
    positive = pl.when(pl.col("diameter_mm") > 0).then(pl.col("diameter_mm"))
    middle = positive.median().over("patient_id", "lesion_id")
    ratio = pl.col("diameter_mm") / middle
    several = positive.count().over("patient_id", "lesion_id") >= 3
    tenth = several & (pl.col("diameter_mm") > 0) & ratio.is_between(0.07, 0.14) & (pl.col("diameter_mm") < 10)
    return _rows(
        "target_lesions",
        rows,
        tenth,
        "diameter_mm",
        "{value} is about a tenth of the lesion's other sizes.",
        "Diameters are in mm; was this recorded in cm? Write it in mm, or as diameter with unit cm.",
        WARNING,
    )


def _baseline(rows: pl.DataFrame, treated: pl.DataFrame, lesions: pl.DataFrame) -> list[Problem]:
    """RECIST 1.1 section 4.1 at each patient's first scan, and the scans around the start of the first line."""
    if rows.is_empty():
        return []
    name = "target_lesions"
    factor = pl.when(pl.col("unit") == "cm").then(10.0).otherwise(1.0)
    start = treated.group_by("patient_id").agg(pl.col("start_day").min().alias("_start"))
    sites = lesions.select("lesion_id", pl.col("site").str.to_lowercase()).unique("lesion_id", keep="first")
    rows = (
        rows.with_columns(pl.coalesce(pl.col("diameter_mm"), pl.col("diameter") * factor).alias("_mm"))
        .join(start, on="patient_id", how="left", maintain_order="left")
        .join(sites, on="lesion_id", how="left", maintain_order="left")
        .with_columns(pl.when(pl.col("is_node")).then(pl.lit("lymph node")).otherwise("site").alias("site"))
    )
    first_day = pl.col("day").min().over("patient_id")
    baseline_day = pl.coalesce(
        pl.col("day").filter(pl.col("day") <= pl.col("_start")).max().over("patient_id"), first_day
    )
    rows = rows.with_columns((pl.col("day") == baseline_day).alias("_base"), first_day.alias("_first"))
    small = pl.col("_base") & (pl.col("_mm") > 0)
    node = pl.col("is_node").fill_null(False)
    cm = "Diameters are in mm: were they recorded in cm? Otherwise follow the lesion as non-target (RECIST 1.1, 4.1)."
    found = _rows(
        name,
        rows,
        small & ~node & (pl.col("_mm") < MEASURABLE_MM),
        "diameter_mm",
        f"{{value}} mm at baseline is below {MEASURABLE_MM:g} mm: not measurable.",
        cm,
        WARNING,
    )
    found += _rows(
        name,
        rows,
        small & node & (pl.col("_mm") < NODE_MM),
        "diameter_mm",
        f"{{value}} mm at baseline: a target node has a short axis of at least {NODE_MM:g} mm.",
        cm,
        WARNING,
    )
    number = pl.col("lesion_id").rank("ordinal").over("patient_id", "evaluator", "day")
    found += _rows(
        name,
        rows,
        pl.col("_base") & (number > MOST_TARGETS),
        "lesion_id",
        f"more than {MOST_TARGETS} target lesions at baseline.",
        "RECIST 1.1 follows at most 5; all are used here.",
        WARNING,
    )
    in_organ = pl.col("lesion_id").rank("ordinal").over("patient_id", "evaluator", "day", "site")
    found += _rows(
        name,
        rows,
        pl.col("_base") & pl.col("site").is_not_null() & (in_organ > MOST_PER_ORGAN),
        "lesion_id",
        f"more than {MOST_PER_ORGAN} target lesions in one organ at baseline.",
        "RECIST 1.1 follows at most 2 per organ; all are used here.",
        WARNING,
    )
    lesion_first = pl.col("day").min().over("patient_id", "lesion_id")
    part = pl.col("lesion_id").str.contains(r"\.\d+$")
    late = (pl.col("day") == lesion_first) & (pl.col("day") > baseline_day) & ~part
    found += _rows(
        name,
        rows,
        late,
        "lesion_id",
        "{value} was not measured at the first baseline: it is not in that sum.",
        "A lesion found later is a new lesion: assessments.new_lesions = yes.",
        WARNING,
    )
    before = pl.col("_start") - pl.col("day")
    early = (before > BASELINE_DAYS) & (pl.col("day") == pl.col("_first"))
    found += _rows(
        name,
        rows,
        early,
        "day",
        f"measured more than {BASELINE_DAYS} days before the first treatment: not a baseline.",
        "Check the day; a line without a scan in the 28 days before it has no baseline.",
        WARNING,
    )
    window = before.is_between(0, BASELINE_DAYS)
    days = pl.col("day").filter(window).n_unique().over("patient_id", "lesion_id")
    twice = window & (days > 1) & (pl.col("day") < baseline_day)
    return found + _rows(
        name,
        rows,
        twice,
        "day",
        "two baselines: the lesion was measured again before the first treatment.",
        "The later one is used; remove this one if it is another kind of scan.",
        WARNING,
    )


def _assessments(rows: pl.DataFrame) -> list[Problem]:
    word = pl.col("overall").str.strip_chars().str.to_uppercase()
    found = _rows(
        "assessments",
        rows,
        word.is_not_null() & ~word.is_in(RESPONSES),
        "overall",
        "'{value}' is no response: taken as not evaluable.",
        "Write CR, PR, SD, NON-CR/NON-PD, PD or NE.",
        WARNING,
    )
    new = pl.col("new_bone_lesions").fill_null(0)
    found += _rows(
        "assessments",
        rows,
        (new > 0) & (pl.col("new_lesions") == "no"),
        "new_bone_lesions",
        "{value} new bone lesions, but new_lesions is no.",
        "Correct one of the two; bone is judged by the count.",
        WARNING,
    )
    both = (pl.col("overall").str.to_uppercase() != "PD") & (
        (pl.col("non_target") == "PD") | (pl.col("new_lesions") == "yes")
    )
    return found + _rows(
        "assessments",
        rows,
        both.fill_null(False),
        "overall",
        "reported {value}, though non-target progression or a new lesion is recorded: that is PD.",
        "Correct the row, or keep it: derived and reported responses are compared in the report.",
        WARNING,
    )


def _follow_up(rows: pl.DataFrame) -> list[Problem]:
    name, death, last = "follow_up", pl.col("death_day"), pl.col("last_contact_day")
    dead, dated = pl.col("is_dead"), rows["death_day"].is_not_null().any()
    found = _rows(
        name,
        rows,
        death.is_not_null() & ~dead,
        "death_day",
        "day of death {value}, but is_dead is false.",
        "Correct one of the two.",
    )
    found += _rows(
        name,
        rows,
        dead & death.is_null() & pl.lit(dated),
        "death_day",
        "dead, on a day that is not known: last contact is no day of death.",
        "Give the day of death; until then the patient is in no analysis of overall survival.",
        WARNING,
    )
    undated = rows.clear() if dated else rows.filter((dead & death.is_null()).fill_null(False))
    if undated.height:
        message = (
            f"no day of death in the table: last contact is taken as the day of death of {undated.height:,} patients."
        )
        first = str(undated["patient_id"][0])
        found.append(Problem(name, None, "death_day", None, message, "Give the days of death.", WARNING, first))
    found += _rows(
        name,
        rows,
        last > death,
        "last_contact_day",
        "last contact on day {value} is after death.",
        "Correct one of the two days.",
        WARNING,
    )
    for column, text in (("progression_day", "progression"), ("recurrence_day", "recurrence")):
        found += _rows(
            name,
            rows,
            pl.col(column) > death,
            column,
            f"{text} on day {{value}} is after death.",
            f"Correct the day of {text} or of death; death is taken as the first event.",
            WARNING,
        )
        late = (pl.col(column) > last) & (death.is_null() | (pl.col(column) <= death))
        found += _rows(
            name,
            rows,
            late,
            column,
            f"{text} on day {{value}} is after the last contact.",
            "Last contact is at least the last day anything is known: correct it.",
            WARNING,
        )
    for text in ("recurrence", "progression"):
        free, event = f"{text}_free_day", f"{text}_day"
        found += _rows(
            name,
            rows,
            pl.col(free) > pl.col(event),
            free,
            f"known free of {text} on day {{value}}, after the {text}.",
            f"Correct one of the two days; the {text} is used.",
            WARNING,
        )
        found += _rows(
            name,
            rows,
            pl.col(free) > last,
            free,
            f"known free of {text} on day {{value}}, after the last contact.",
            "Last contact is at least the last day anything is known: correct it.",
            WARNING,
        )
    return found + _rows(
        name,
        rows,
        pl.col("entry_day") > last,
        "entry_day",
        "came under observation on day {value}, after the last contact: never at risk.",
        "Correct one of the two days; the patient has no time to event.",
        WARNING,
    )


def _recurrence(lesions: pl.DataFrame, follow: pl.DataFrame) -> list[Problem]:
    """Metastases found after day 0 that contradict the days of recurrence; the day they were found stands."""
    if lesions.is_empty() or follow.is_empty():
        return []
    days = follow.unique("patient_id", keep="first").select("patient_id", "recurrence_day", "recurrence_free_day")
    rows = lesions.join(days, on="patient_id", how="left", maintain_order="left")
    day = pl.col("found_day")
    spread = pl.col("role").is_in(["metastasis", "local_recurrence"]) & (day > 0)
    cure = "Correct one of the two days; recurrence is dated to the first disease found after the origin."
    found = _rows(
        "lesions",
        rows,
        spread & (day < pl.col("recurrence_day")),
        "found_day",
        "found on day {value}, before follow_up.recurrence_day.",
        cure,
        WARNING,
    )
    free = spread & (day <= pl.col("recurrence_free_day")) & pl.col("recurrence_day").is_null()
    found += _rows(
        "lesions",
        rows,
        free,
        "found_day",
        "found on day {value}, while follow_up says free of recurrence until later.",
        cure,
        WARNING,
    )
    later = spread & (day > pl.col("recurrence_free_day")) & pl.col("recurrence_day").is_null()
    return found + _rows(
        "lesions", rows, later, "found_day", "found on day {value}, but follow_up records no recurrence.", cure, WARNING
    )


def _lines(treated: pl.DataFrame, follow: pl.DataFrame) -> list[Problem]:
    name = "treatments"
    if treated.is_empty():
        return []
    people = follow.unique("patient_id", keep="first").select("patient_id", "death_day", "last_contact_day")
    rows = treated.join(people, on="patient_id", how="left", maintain_order="left")
    start = pl.col("start_day")
    found = _rows(
        name,
        rows,
        pl.col("stop_day") < start,
        "stop_day",
        "stopped on day {value}, before the start.",
        "Correct one of the two days.",
    )
    found += _rows(
        name,
        rows,
        start > pl.col("death_day"),
        "start_day",
        "started on day {value}, after death: no endpoint can start there.",
        "Correct the start or the day of death.",
    )
    seen = (start > pl.col("last_contact_day")) & ~(start > pl.col("death_day")).fill_null(False)
    found += _rows(
        name,
        rows,
        seen,
        "start_day",
        "started on day {value}, after the last contact: no endpoints.",
        "Last contact is at least the last day anything is known: correct it.",
        WARNING,
    )
    lines = treated.filter(pl.col("line").is_not_null())
    first = lines.group_by("patient_id", "line").agg(start.min().alias("_first"))
    order = first.sort("patient_id", "line").with_columns(pl.col("_first").shift(1).over("patient_id").alias("_before"))
    wrong = order.filter(pl.col("_first") <= pl.col("_before"))
    rows = treated.join(wrong, on=["patient_id", "line"], how="left", maintain_order="left")
    return found + _rows(
        name,
        rows,
        (start == pl.col("_first")) & pl.col("_before").is_not_null(),
        "line",
        "line {value} does not start after the line before it.",
        "Correct the line or the start; values belong to the line that started last.",
        WARNING,
    )


def _after_death(name: str, rows: pl.DataFrame, follow: pl.DataFrame) -> list[Problem]:
    if rows.is_empty() or follow.is_empty():
        return []
    people = follow.unique("patient_id", keep="first").select("patient_id", "death_day")
    joined = rows.join(people, on="patient_id", how="left", maintain_order="left")
    return _rows(
        name,
        joined,
        pl.col("day") > pl.col("death_day"),
        "day",
        "day {value} is after death.",
        "Correct this day or the day of death.",
        WARNING,
    )


def _unsorted(name: str, rows: pl.DataFrame) -> list[Problem]:
    """Visits of one patient out of order; several analytes or lesions of one day are in order."""
    if rows.is_empty():
        return []
    groups = {
        "labs": ["patient_id", "analyte"],
        "target_lesions": ["patient_id", "lesion_id", "evaluator"],
        "assessments": ["patient_id", "method", "evaluator"],
    }[name]
    behind = pl.col("day") < pl.col("day").shift(1).over(groups)
    n = rows.select(behind.fill_null(False).sum()).item()
    if not n:
        return []
    first = rows.select(behind.fill_null(False)).to_series().arg_true()[0]
    return [
        Problem(
            name,
            int(first) + 2,
            "day",
            str(rows["day"][int(first)]),
            f"{n:,} row{'s are' if n > 1 else ' is'} out of order; here the first.",
            "Days are sorted on reading; check that none is mistyped.",
            WARNING,
            str(rows["patient_id"][int(first)]),
        )
    ]


def _split_visits(rows: pl.DataFrame) -> list[Problem]:
    """Two scans within a week that measure different lesions: one visit on two days."""
    if rows.is_empty():
        return []
    groups = ["patient_id", "evaluator"]
    days = rows.group_by(*groups, "day").agg(pl.col("lesion_id").unique()).sort(*groups, "day")
    before, lesions = pl.col("day").shift(1).over(groups), pl.col("lesion_id").shift(1).over(groups)
    near = days.with_columns(
        (pl.col("day") - before).alias("_gap"),
        pl.col("lesion_id").list.set_intersection(lesions).list.len().alias("_n"),
    ).filter((pl.col("_gap") <= 7) & (pl.col("_n") == 0))
    marked = rows.join(
        near.select(*groups, "day", pl.lit(True).alias("_split")),
        on=[*groups, "day"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    first = marked.select(pl.struct(*groups, "day").is_first_distinct()).to_series()
    return _rows(
        "target_lesions",
        marked.with_columns(first.alias("_first")),
        pl.col("_split") & pl.col("_first"),
        "day",
        "other lesions were measured within a week before: each day is a visit, and both are incomplete.",
        "Set imaging.visit_window_days = 7 to join them, or write them on one day.",
        WARNING,
    )


def _apart(assessed: pl.DataFrame, targets: pl.DataFrame) -> list[Problem]:
    """An assessment of soft tissue a few days from the scan that measured the target lesions."""
    if assessed.is_empty() or targets.is_empty():
        return []
    scans = (
        targets.select("patient_id", "day")
        .unique()
        .join(assessed.select("patient_id", "day"), on=["patient_id", "day"], how="anti")  # has its own assessment
        .rename({"day": "_scan"})
        .sort("_scan")
    )
    rows = (
        assessed.with_row_index("_at")
        .sort("day")
        .join_asof(scans, left_on="day", right_on="_scan", by="patient_id", strategy="nearest", check_sortedness=False)
        .sort("_at")
    )
    gap = (pl.col("day") - pl.col("_scan")).abs()
    soft = pl.any_horizontal(pl.col("non_target", "new_lesions").is_not_null()) & (
        pl.col("method").str.to_lowercase() != "bone_scan"
    ).fill_null(True)
    return _rows(
        "assessments",
        rows,
        soft & gap.is_between(1, 7),
        "day",
        "the target lesions were measured a few days apart: each day is a visit, and both are incomplete.",
        "Set imaging.visit_window_days = 7 to join them, or write them on one day.",
        WARNING,
    )
