"""Lines of therapy as units of a treatment comparison: arm, endpoints from the line's start, what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from oncourse.disease import Disease
from oncourse.facts.days import entry_days, time_days
from oncourse.knowledge.drugs import compared_drugs, drug_classes, unknown_drugs
from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.derive.genes.gene_status import GeneStatus

#: Statuses that are markers of a comparison: their states come from the one table of statuses.
STATUS_MARKERS = ("RAS", "HRR", "MSI-H/dMMR", "AR-V7")
#: Statuses by which doctors choose a treatment: a comparison of two treatments is of like with like only given these.
INDICATIONS = (*STATUS_MARKERS, "BRAF V600E")
#: Study-level endpoints that also start with an adjuvant treatment or one given from the study's origin.
FROM_ORIGIN = ("DFS", "TTR")
#: Drug classes whose earlier use is a covariate.
PRIOR_CLASSES = (
    "ARPI",
    "taxane",
    "PARP inhibitor",
    "platinum",
    "anti-EGFR",
    "anti-VEGF",
    "PD-1/PD-L1 inhibitor",
)


def units(lines: pl.DataFrame, group_by: str) -> pl.DataFrame:
    """Return one row per patient and line: unit, patient_id, line, zero_day (its start), next_start_day, arm, classes,
    unknown, setting.

    ``arm`` is the line's compared substances (`oncourse.knowledge.drugs.compared_drugs`: castration, steroids and
    supportive drugs are background), or with ``group_by = class`` their classes (";"-sorted; the substances where no
    class is known). ``classes`` is a list, of every drug of the line. ``unknown`` holds what is no drug of the
    dictionary, null where there is none: such a line may be of any class and of any arm.
    """
    lines = lines.filter(pl.col("line").is_not_null() & pl.col("drugs").is_not_null())
    told = {text: _told(text, group_by) for text in lines["drugs"].unique().sort().to_list()}
    rows = [told[text] for text in lines["drugs"]]
    return (
        lines.with_columns(
            pl.Series("arm", [r[0] for r in rows], dtype=pl.String),
            pl.Series("classes", [r[1] for r in rows], dtype=pl.List(pl.String)),
            pl.Series("unknown", [r[2] for r in rows], dtype=pl.String),
        )
        .select(
            "patient_id",
            "line",
            pl.col("start_day").alias("zero_day"),
            "next_start_day",
            "arm",
            "classes",
            "unknown",
            "setting",
        )
        .sort("patient_id", "line")
        .with_row_index("unit")
    )


def _told(drugs: str, group_by: str) -> tuple[str, list[str], str | None]:
    """(arm, classes, unknown drugs) of one line's drugs."""
    substances = compared_drugs(drugs)
    of_arm = ";".join(sorted(drug_classes(substances))).lower()
    arm = (of_arm or substances) if group_by == "class" else substances
    return arm, sorted(drug_classes(drugs)), ";".join(unknown_drugs(drugs)) or None


def outcomes(
    records: pl.DataFrame, table: pl.DataFrame, *, endpoints: tuple[str, ...], landmark_days: int, estimand: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (unit, endpoint, time_days, entry_days, is_event) from each line's start, and the lines without and why
    (patient_id, line, endpoint, reason).

    ``estimand = while_on_line`` censors at the start of the next line; ``treatment_policy`` follows on whatever came
    later. With a landmark the time runs from that many days after the start and earlier events and
    censorings are left out: nobody's group may depend on having lived so far.
    """
    by_line = records.filter(pl.col("line").is_not_null()).select(
        "patient_id", "line", "endpoint", "end_day", "entry_day", "is_event"
    )
    joined = table.select("unit", "patient_id", "line", "zero_day", "next_start_day", "setting").join(
        by_line, on=["patient_id", "line"], how="inner"
    )
    origin = records.filter(pl.col("line").is_null() & pl.col("endpoint").is_in(FROM_ORIGIN)).select(
        "patient_id", "endpoint", "origin_day", "end_day", "entry_day", "is_event"
    )
    early = table.join(origin, on="patient_id", how="inner").filter(
        (pl.col("setting").fill_null("") == "adjuvant") | (pl.col("zero_day") <= pl.col("origin_day"))
    )
    columns = (
        "unit",
        "patient_id",
        "line",
        "zero_day",
        "next_start_day",
        "endpoint",
        "end_day",
        "entry_day",
        "is_event",
    )
    rows = pl.concat(
        [
            joined.select(columns),
            early.select(columns),
        ]
    ).filter(pl.col("endpoint").is_in(list(endpoints)))
    if estimand == "while_on_line":
        switched = pl.col("next_start_day").is_not_null() & (pl.col("next_start_day") <= pl.col("end_day"))
        rows = rows.with_columns(
            pl.when(switched).then("next_start_day").otherwise("end_day").alias("end_day"),
            (pl.col("is_event") & ~switched).alias("is_event"),
        )
    rows = rows.with_columns(
        (time_days("end_day", "zero_day") - landmark_days).alias("time_days"),
        (entry_days("entry_day", "zero_day") - landmark_days).fill_null(0).clip(lower_bound=0).alias("entry_days"),
    )
    bad = rows.filter((pl.col("time_days") <= pl.col("entry_days")) | pl.col("time_days").is_null())
    good = rows.join(bad.select("unit", "endpoint"), on=["unit", "endpoint"], how="anti")
    left = bad.select(
        "patient_id",
        "line",
        "endpoint",
        pl.lit("not under observation after the line's start or landmark").alias("reason"),
    )
    return good.select("unit", "endpoint", "time_days", "entry_days", "is_event"), left


#: The negative control: an outcome that no treatment of the cancer is expected to change.
OTHER_DEATH = "death of another cause"


def negative_control(times: pl.DataFrame, table: pl.DataFrame, follow_up: pl.DataFrame) -> pl.DataFrame:
    """Return the overall-survival rows of `outcomes` with death of another cause as the event (Lipsitch 2010).

    Deaths of the cancer, and of an unknown cause, are censored. Empty where no cause of death is recorded.
    """
    if "cause_of_death" not in follow_up.columns or follow_up["cause_of_death"].is_null().all():
        return times.clear()
    others = follow_up.filter(pl.col("cause_of_death") == "other").select("patient_id", pl.lit(True).alias("other"))
    causes = table.select("unit", "patient_id").join(others, on="patient_id", how="left").select("unit", "other")
    rows = times.filter(pl.col("endpoint") == "OS").join(causes, on="unit", how="left", maintain_order="left")
    return rows.with_columns(
        pl.lit(OTHER_DEATH).alias("endpoint"), (pl.col("is_event") & pl.col("other").fill_null(False)).alias("is_event")
    ).select(times.columns)


def prior_classes(table: pl.DataFrame) -> pl.DataFrame:
    """Return unit and one 0/1 column per drug class of `PRIOR_CLASSES`: given in an earlier line.

    Null where it was not, but a drug of an earlier line is not known. A class that nobody had, all drugs known, has no
    column: it cannot be what two arms differ in.
    """
    long = (
        table.select("patient_id", "zero_day", "classes").explode("classes", empty_as_null=True).drop_nulls("classes")
    )
    unclear = (
        table.filter(pl.col("unknown").is_not_null())
        .group_by("patient_id")
        .agg(pl.col("zero_day").min().alias("unclear"))
    )
    out = table.select("unit", "patient_id", "zero_day").join(
        unclear, on="patient_id", how="left", maintain_order="left"
    )
    before = pl.col("first") < pl.col("zero_day")
    not_known = pl.col("unclear") < pl.col("zero_day")
    for name in PRIOR_CLASSES:
        given = (
            long.filter(pl.col("classes") == name).group_by("patient_id").agg(pl.col("zero_day").min().alias("first"))
        )
        if given.is_empty() and unclear.is_empty():
            continue
        out = (
            out.join(given, on="patient_id", how="left", maintain_order="left")
            .with_columns(pl.when(before).then(1.0).when(not_known).then(None).otherwise(0.0).alias(f"prior:{name}"))
            .drop("first")
        )
    return out.drop("patient_id", "zero_day", "unclear")


def indications(
    table: pl.DataFrame,
    values: pl.DataFrame,
    statuses: pl.DataFrame,
    patients: pl.DataFrame,
    *,
    design: Disease | None,
    window_days: int | None,
    with_side: bool,
    lesions: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return unit and a 0/1 column (null: not known by then) per finding by which the line's treatment may be chosen.

    RAS decides on anti-EGFR antibodies, AR-V7 on ARPI or taxane: where arms differ by it and it is left out, the ratio
    of the arms is the finding's own. ``marker:NAME`` of `INDICATIONS` that the design asks for or has a hypothesis on
    (all without a design), known on or before the line's start (`markers_at`); ``side=left`` of the primary where the
    design has sides and `with_side`; `VISCERAL`, of patients with a metastasis recorded by then, where the design asks
    for it. One of which nothing is assessable in the study has no column.

    Parameters
    ----------
    values : `marker_values`; statuses : of samples; patients : patient_id, primary_site; lesions : patient_id, role, site,
    found_day
    """
    named = {h.marker for h in design.hypotheses} if design else set(INDICATIONS)
    asked = {"RAS" if what == "ras" else what.removeprefix("status ") for _, what in (design.asked if design else ())}
    wanted = [name for name in INDICATIONS if name in named | asked]
    more = _values(statuses.filter(pl.col("status").is_in([n for n in wanted if n not in STATUS_MARKERS])), "status")
    known = pl.concat([values.filter(pl.col("marker").is_in(wanted)), more.drop_nulls("value")])
    at = markers_at(table, known, window_days)
    out, told = table.select("unit", "patient_id"), set(known["marker"])
    for name in wanted:
        if name in told:
            mine = at.filter(pl.col("marker") == name)
            column = mine.select("unit", pl.col("value").cast(pl.Float64).alias(f"marker:{name}"))
            out = out.join(column, on="unit", how="left", maintain_order="left")
    if with_side and design is not None and design.sides:
        sides = [(p, {"left": 1.0, "right": 0.0}.get(design.side(s) or "")) for p, s in patients.iter_rows()]
        side = pl.DataFrame(sides, schema={"patient_id": pl.String, "side=left": pl.Float64}, orient="row")
        if side["side=left"].is_not_null().any():
            out = out.join(side, on="patient_id", how="left", maintain_order="left")
    if lesions is not None and design is not None and design.visceral:
        seen = _visceral(table, lesions, design)
        if seen[VISCERAL].n_unique() > 1:
            out = out.join(seen, on="unit", how="left", maintain_order="left")
    return out.drop("patient_id")


#: Whether a visceral metastasis was recorded by the line's start.
VISCERAL = "visceral metastases"


def _visceral(table: pl.DataFrame, lesions: pl.DataFrame, design: Disease) -> pl.DataFrame:
    """Return unit and `VISCERAL` of the patients with a metastasis of known site and day recorded by the line's
    start."""
    spread = lesions.filter((pl.col("role") == "metastasis") & pl.col("found_day").is_not_null())
    spread = spread.with_columns(
        pl.Series("_is", [design.is_visceral(site) for site in spread["site"]], dtype=pl.Boolean)
    ).drop_nulls("_is")
    joined = table.select("unit", "patient_id", "zero_day").join(spread, on="patient_id", how="inner")
    joined = joined.filter(pl.col("found_day") <= pl.col("zero_day"))
    return joined.group_by("unit", maintain_order=True).agg(pl.col("_is").any().cast(pl.Float64).alias(VISCERAL))


def marker_values(
    study: Study,
    status: GeneStatus | None,
    genes: tuple[str, ...],
    *,
    statuses: pl.DataFrame,
    readings: pl.DataFrame,
    born: Sequence[str],
) -> pl.DataFrame:
    """Return every assessable marker value with its day: patient_id, marker, day (null = not recorded), value (1 / 0).

    RAS, HRR, MSI-H/dMMR and AR-V7 are those of the table of statuses, sample by sample; other recorded markers are
    positive or negative as recorded, known from their own day or else that of their sample; and `genes` are altered or
    not. An HRR loss of the germline was there at every line, whenever it was found: HRR is positive throughout.

    Parameters
    ----------
    statuses : of samples (`oncourse.derive.status.table.status_table`); readings :
    `oncourse.facts.markers.marker_readings` born : patients with a germline HRR loss
    (`oncourse.derive.status.evidence.germline_losses`)
    """
    days = study["samples"].select("sample_id", "patient_id", "day")
    parts = [_values(statuses.filter(pl.col("status").is_in(STATUS_MARKERS)), "status"), _values(readings, "marker")]
    parts[1] = parts[1].filter(~pl.col("marker").is_in(["MSI", "MMR", *STATUS_MARKERS]))
    if status is not None:
        state = status.dense(sorted(genes))
        looked = pl.col("state") != "not_assessed"
        altered = pl.col("state") == "altered"
        for gene in genes:
            parts.append(_combined(state.filter(pl.col("gene") == gene), gene, altered, looked.all(), days))
    found = pl.concat(parts).drop_nulls("value").unique()
    always = pl.DataFrame({"patient_id": born}, schema={"patient_id": pl.String}).select(
        "patient_id",
        pl.lit("HRR").alias("marker"),
        pl.lit(None, pl.Int64).alias("day"),
        pl.lit(1, pl.Int64).alias("value"),
    )
    found = found.filter((pl.col("marker") != "HRR") | ~pl.col("patient_id").is_in(born))
    return pl.concat([found, always]).sort("patient_id", "marker", "day", "value")


def _values(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return patient_id, marker, day, value of rows with a state: 1 positive, 0 negative, null not known."""
    value = pl.when(pl.col("state") == "positive").then(1).when(pl.col("state") == "negative").then(0)
    return rows.select("patient_id", pl.col(name).alias("marker"), "day", value.cast(pl.Int64).alias("value"))


def switch_days(table: pl.DataFrame, unit: pl.Series, other: pl.Series) -> pl.Series:
    """Return per unit the days from its start to the patient's first later line of the arm `other`; null: never."""
    asked = pl.DataFrame({"unit": unit, "other": other}).join(
        table.select("unit", "patient_id", "zero_day"), on="unit", how="left", maintain_order="left"
    )
    later = asked.join(
        table.select("patient_id", pl.col("zero_day").alias("then"), pl.col("arm").alias("other")),
        on=["patient_id", "other"],
        how="inner",
    ).filter(pl.col("then") > pl.col("zero_day"))
    first = later.group_by("unit").agg((pl.col("then") - pl.col("zero_day")).min().alias("days"))
    return asked.join(first, on="unit", how="left", maintain_order="left")["days"]


def markers_at(table: pl.DataFrame, values: pl.DataFrame, window_days: int | None) -> pl.DataFrame:
    """Return unit, marker, value: the last assessable value on or before the line's start (null: not known by then).

    A value older than `window_days` is not used; a value without a day counts as known from the start. Values of
    one day that differ count as positive.
    """
    joined = table.select("unit", "patient_id", "zero_day").join(values, on="patient_id", how="inner")
    age = pl.col("zero_day") - pl.col("day")
    usable = pl.col("day").is_null() | (age >= 0)
    if window_days is not None:
        usable = usable & (age.is_null() | (age <= window_days))
    return (
        joined.filter(usable)
        .sort("unit", "marker", "day", "value", nulls_last=False)
        .group_by("unit", "marker", maintain_order=True)
        .agg(pl.col("value").last())
    )


def crossover(table: pl.DataFrame, arm: str, reference: str, line: int) -> tuple[int, int]:
    """Return how many patients of the arm later got the reference's drugs, and of the reference the arm's."""
    at = table.filter(pl.col("line") == line)
    later = table.join(
        at.select("patient_id", pl.col("zero_day").alias("start"), pl.col("arm").alias("first")),
        on="patient_id",
    ).filter(pl.col("zero_day") > pl.col("start"))

    def count(first: str, then: str) -> int:
        return later.filter((pl.col("first") == first) & (pl.col("arm") == then))["patient_id"].n_unique()

    return count(arm, reference), count(reference, arm)


def _combined(
    state: pl.DataFrame, marker: str, positive: pl.Expr, negative: pl.Expr, days: pl.DataFrame
) -> pl.DataFrame:
    """One value per sample: 1 where any gene is positive, 0 where enough was looked at and none is."""
    rows = state.group_by("sample_id").agg(positive.any().alias("is_positive"), negative.alias("is_negative"))
    value = pl.when(pl.col("is_positive")).then(1).when(pl.col("is_negative")).then(0).cast(pl.Int64)
    return rows.join(days, on="sample_id", how="inner").select(
        "patient_id", pl.lit(marker).alias("marker"), "day", value.alias("value")
    )
