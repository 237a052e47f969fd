"""Who is in the study, how long they were followed, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline
from oncourse.analyses._overview_records import ASSAYS, DRUGS, RECORDED, record_tables
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.days import DAYS_PER_MONTH
from oncourse.derive.concordance.foreign import n_asked
from oncourse.derive.concordance.identity import IDENTITY_COLUMNS, identity_notes
from oncourse.derive.outcomes.covariates import covariates_at
from oncourse.facts.material import is_tumour
from oncourse.knowledge.drugs import drugs_from_memory, treatment_name
from oncourse.study.model import Study
from oncourse.study.schema import Column, columns
from oncourse.study.settings import section, setting
from oncourse.study.tables import TABLES
from oncourse.words.catalogue import said

FLOW = OutputTable(
    "overview/flow",
    "who is in the study and in each analysis, step by step",
    (
        Column("step", pl.String, "step of the flow, or analysis"),
        Column("n_patients", pl.Int64, "patients who remain"),
        Column("n_samples", pl.Int64, "samples that remain; null = the analysis does not use samples"),
        Column("reason", pl.String, "why the others were left out"),
    ),
)
MISSING = OutputTable(
    "overview/missing",
    "missing values per table and column",
    (
        Column("table", pl.String, "the table"),
        Column("column", pl.String, "the column"),
        Column("n_rows", pl.Int64, "rows of the table"),
        Column("n_missing", pl.Int64, "rows without a value"),
        Column("fraction_missing", pl.Float64, "share without a value", unit="fraction"),
    ),
)
BASELINE = OutputTable(
    "overview/baseline",
    "every recorded characteristic of every patient, one row each: what Table 1 of a paper is made of",
    (
        Column("patient_id", pl.String, "the patient"),
        Column(
            "variable", pl.String, "column of the table patients; of a laboratory covariate (lab:PSA) PSA at the start"
        ),
        Column("kind", pl.String, "number or category"),
        Column("value", pl.String, "as text; null = not recorded"),
    ),
)
GIVEN = OutputTable(
    "overview/given",
    "what was given in each line of therapy, to whom and for how long",
    (
        Column("line", pl.Int64, "line of therapy; 0 = before the first line"),
        Column("drugs", pl.String, "the treatment"),
        Column("n_patients", pl.Int64, "patients who had it in this line"),
        Column("n_line", pl.Int64, "patients with this line"),
        Column("n_ended", pl.Int64, "of these with a day of its end"),
        Column("median_days", pl.Float64, "from its start to its end, of those that ended", unit="days"),
        Column("patients", pl.String, "their ids"),
    ),
)
PATIENTS = OutputTable(
    "overview/patients",
    "what each patient has: samples, calls, treatments, follow-up",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("n_tissue", pl.Int64, "tissue samples"),
        Column("n_plasma", pl.Int64, "plasma samples"),
        Column("n_lesions", pl.Int64, "lesions"),
        Column("n_before", pl.Int64, "tumour samples at or before the first treatment; null = no dated treatment"),
        Column("n_under", pl.Int64, "tumour samples after it began; null = no dated treatment"),
        Column("n_called", pl.Int64, "called somatic variants over all samples"),
        Column("n_treatments", pl.Int64, "rows of treatments"),
        Column("last_contact_day", pl.Int64, "last contact", unit="days from the index date"),
        Column("is_dead", pl.Boolean, "whether the patient has died; null = unknown"),
    ),
)


IDENTITY = OutputTable(
    "overview/identity",
    "samples of different patients that have in common what only they have: swaps, duplicates, contamination",
    columns(IDENTITY_COLUMNS),
)

APART = OutputTable(
    "overview/apart",
    "samples that may be another's: left out of the answers, which stand beside those of all samples",
    (
        Column("patient_id", pl.String, "the patient it is said to be of"),
        Column("sample_id", pl.String, "the sample"),
        Column("reason", pl.String, "why"),
    ),
)


@section("overview")
@dataclass(frozen=True)
class OverviewParams:
    """Follow-up."""

    level: float = setting(0.95, "coverage of the interval of the median follow-up", low=0.5, high=0.999)


def study_flow(cohort: Cohort) -> pl.DataFrame:
    """Recorded -> left out on request -> with a tumour sample -> profiled for mutations -> with follow-up."""
    study = cohort.study
    gone = study.withdrawn
    patients, samples = study["patients"], study["samples"]
    out_patients = gone.filter(pl.col("sample_id").is_null())["patient_id"].n_unique() if gone.height else 0
    out_samples = gone["sample_id"].drop_nulls().n_unique() if gone.height else 0
    tumour = cohort.panels.samples
    profiled = tumour.drop_nulls("mutation")
    follow = study["follow_up"]
    without = patients.height - tumour["patient_id"].n_unique()
    other = samples.height - tumour.height
    reasons = "; ".join(f"{n} x {r}" for r, n in gone.group_by("reason").len().sort("reason").iter_rows())
    rows = [
        ("recorded", patients.height + out_patients, None, "as in the study folder"),
        (
            "after exclusions on request",
            patients.height,
            samples.height,
            f"{out_patients} patients, {out_samples} samples left out ({reasons})" if gone.height else "nobody",
        ),
        (
            "with a tumour sample (tissue or plasma)",
            tumour["patient_id"].n_unique(),
            tumour.height,
            f"{without} patients without one; {other} samples are normal or white cells",
        ),
        (
            "profiled for mutations",
            profiled["patient_id"].n_unique(),
            profiled.height,
            f"{tumour.height - profiled.height} samples not profiled",
        ),
        (
            "with follow-up",
            follow["patient_id"].n_unique(),
            None,
            f"{patients.height - follow['patient_id'].n_unique()} patients without follow-up",
        ),
    ]
    return FLOW.frame(pl.DataFrame(rows, schema=FLOW.schema, orient="row"))


def _headline(found: dict[str, Estimate]) -> Headline:
    """How many, how long followed."""
    counts = {name: int(found[name].value or 0) for name in ("patients", "samples")}
    doubted = "samples_in_doubt" in found
    light, why = ("uncertain", "reason.identity") if doubted else ("answered", "reason.counted")
    if "median_follow_up" not in found:
        profiled = int(found["profiled_patients"].value or 0)
        text = said("headline.overview.plain", **counts, profiled=profiled)
        return Headline(text, light, said(why), "patients")
    text = said(
        "headline.overview.followed",
        **counts,
        deaths=int(found["deaths"].value or 0),
        follow_up=found["median_follow_up"],
    )
    return Headline(text, light, said(why), "median_follow_up")


def _drawn(flow: pl.DataFrame, people: list[list[str]]) -> str:
    from oncourse.plots.flow import flow_svg

    steps = []
    for step, patients, samples, reason in flow.iter_rows():
        counts = f"{patients:,} patients" + ("" if samples is None else f", {samples:,} samples")
        steps.append((step, counts, reason))
    return flow_svg(steps, people)


def _in_steps(cohort: Cohort) -> list[list[str]]:
    """The patients of each step of `study_flow`; those left out on request are no longer known."""
    study, tumour = cohort.study, cohort.panels.samples
    frames = [study["patients"]] * 2 + [tumour, tumour.drop_nulls("mutation"), study["follow_up"]]
    return [frame["patient_id"].unique().sort().to_list() for frame in frames]


def _missing(cohort: Cohort) -> pl.DataFrame:
    rows = []
    for name, table in TABLES.items():
        frame = cohort.study[name]
        if frame.is_empty():
            continue
        counts = frame.null_count().row(0)
        for column, n in zip(frame.columns, counts, strict=True):
            if n == frame.height and column in table.by_name and not table.by_name[column].required:
                continue  # an optional column nobody filled in is no news
            rows.append((name, column, frame.height, n, n / frame.height))
    return MISSING.frame(pl.DataFrame(rows, schema=MISSING.schema, orient="row"))


def _given(lines: pl.DataFrame) -> pl.DataFrame:
    """Treatments by line, the most frequent first; drugs as an oncologist names them together."""
    rows = lines.with_columns(
        drugs=pl.col("drugs").map_elements(treatment_name, return_dtype=pl.String),
        n_line=pl.col("patient_id").n_unique().over("line"),
        days=pl.col("stop_day") - pl.col("start_day"),
    )
    found = rows.group_by("line", "drugs", "n_line").agg(
        n_patients=pl.col("patient_id").n_unique(),
        n_ended=pl.col("days").count(),
        median_days=pl.col("days").median(),
        patients=pl.col("patient_id").unique().sort().str.join(";"),
    )
    return GIVEN.frame(found.sort("line", "n_patients", "drugs", descending=[False, True, False]))


def _baseline(study: Study, lines: pl.DataFrame) -> pl.DataFrame:
    """Long form of what patients hold, dates and keys apart, and of the study's laboratory covariates: the last value
    up to the start of the first line, of the untreated up to the index date."""
    patients = study["patients"].sort("patient_id")
    named = [c for c, t in patients.schema.items() if c not in ("patient_id", "index_date") and not t.is_temporal()]
    parts = [
        patients.select(
            "patient_id",
            variable=pl.lit(c),
            value=pl.col(c).cast(pl.String),
            kind=pl.lit("number" if patients.schema[c].is_numeric() else "category"),
        )
        for c in named
        if patients[c].null_count() < patients.height
    ]
    labs = {name: kind for name, kind in study.config.covariates.items() if name.startswith("lab:")}
    if labs and study.has("labs"):
        start = lines.filter(pl.col("line") >= 1).group_by("patient_id").agg(zero_day=pl.col("start_day").min())
        units = patients.select(unit="patient_id", patient_id="patient_id").join(start, on="patient_id", how="left")
        known = covariates_at(study, units, labs)
        parts += [
            known.select(
                patient_id="unit",
                variable=pl.lit(f"{name.removeprefix('lab:')} at the start"),
                value=pl.col(name).cast(pl.String),
                kind=pl.lit(kind),
            )
            for name, kind in labs.items()
            if known[name].null_count() < known.height
        ]
    return BASELINE.frame(pl.concat(parts) if parts else None)


def _patients(cohort: Cohort) -> pl.DataFrame:
    study = cohort.study

    def count(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        return frame.group_by("patient_id").len(name)

    samples = study["samples"]
    table = study["patients"].select("patient_id")
    for frame, name in (
        (samples.filter(pl.col("material") == "tissue"), "n_tissue"),
        (samples.filter(pl.col("material") == "plasma"), "n_plasma"),
        (study["lesions"], "n_lesions"),
        (cohort.annotated_calls, "n_called"),
        (study["treatments"], "n_treatments"),
    ):
        table = table.join(count(frame, name), on="patient_id", how="left").with_columns(pl.col(name).fill_null(0))
    table = table.join(_by_treatment(cohort), on="patient_id", how="left")
    table = table.join(study["follow_up"].unique("patient_id", keep="first"), on="patient_id", how="left")
    return PATIENTS.frame(table.sort("patient_id"))


def _by_treatment(cohort: Cohort) -> pl.DataFrame:
    """patient_id, n_before, n_under: dated tumour samples beside the day the first treatment began."""
    study = cohort.study
    first = study["treatments"].drop_nulls("start_day").group_by("patient_id").agg(pl.col("start_day").min())
    samples = study["samples"].filter(is_tumour()).drop_nulls("day").select("patient_id", "day")
    before = pl.col("day") <= pl.col("start_day")
    return (
        first.join(samples, on="patient_id", how="left")
        .group_by("patient_id")
        .agg(
            before.fill_null(False).sum().cast(pl.Int64).alias("n_before"),
            (~before).fill_null(False).sum().cast(pl.Int64).alias("n_under"),
        )
    )


def _follow_up(cohort: Cohort, params: OverviewParams) -> tuple[list[Estimate], list[pl.DataFrame]]:
    """Median follow-up by reverse Kaplan-Meier: death is the censoring (Schemper and Smith 1996)."""
    from oncourse.stats.km import kaplan_meier

    follow = cohort.study["follow_up"].select("patient_id", "last_contact_day", "is_dead", "entry_day")
    known = follow.filter(pl.col("last_contact_day").is_not_null() & pl.col("is_dead").is_not_null())
    late = known.filter(pl.col("last_contact_day") <= pl.max_horizontal(pl.col("entry_day").fill_null(0), 0))
    usable = known.join(late, on="patient_id", how="anti")
    everyone, none = cohort.study["patients"]["patient_id"], "no follow-up recorded"
    unknown = [
        (p, "vital status or last contact unknown")
        for p in follow.join(known, on="patient_id", how="anti")["patient_id"]
    ]
    short = [(p, "no follow-up after day 0 (or after entry)") for p in late["patient_id"]]
    people = [
        counted("vital status", everyone, known, unknown, rest=none),
        counted("follow-up", everyone, usable, [*unknown, *short], rest=none),
    ]
    estimates = [
        Estimate(
            "deaths",
            int(known["is_dead"].sum()),
            n=known.height,
            unit="count",
            method="counted",
            question="vital status",
        ),
    ]
    if usable.height:
        entry = usable["entry_day"].fill_null(0).clip(lower_bound=0).to_numpy().astype(float)
        time = usable["last_contact_day"].to_numpy().astype(float)
        curve = kaplan_meier(
            time,
            (~usable["is_dead"]).to_numpy().astype(int),
            entry=entry if entry.any() else None,
            level=params.level,
        )
        median, low, high = curve.quantile(0.5)
        estimates.append(
            Estimate(
                "median_follow_up",
                median / DAYS_PER_MONTH,
                low / DAYS_PER_MONTH,
                high / DAYS_PER_MONTH,
                usable.height,
                "reverse Kaplan-Meier, log-log interval",
                "months",
                "follow-up",
            )
        )
    return estimates, people


def _people(cohort: Cohort, profiled: pl.DataFrame) -> list[pl.DataFrame]:
    """Everybody, and who was profiled for mutations, in how many samples."""
    everyone, tumour = cohort.study["patients"]["patient_id"], cohort.panels.samples
    several = profiled.filter(pl.col("patient_id").is_duplicated())
    unread = [(p, "no tumour sample profiled for mutations") for p in tumour["patient_id"].unique()]
    one = dict([*unread, *((p, "profiled in one tumour sample") for p in profiled["patient_id"].unique())])
    none = "no tumour sample"
    return [
        counted("patients", everyone, everyone),
        counted("profiled", everyone, profiled.select("patient_id"), _unless(unread, profiled), rest=none),
        counted(
            "profiled in several samples",
            everyone,
            several.select("patient_id"),
            _unless(list(one.items()), several),
            rest=none,
        ),
    ]


def _unless(rows: list[tuple[str, str]], inside: pl.DataFrame) -> list[tuple[str, str]]:
    done = set(inside["patient_id"])
    return [row for row in rows if row[0] not in done]


@analysis(
    title="The study and its patients",
    question="Who is in the study, how long were they followed, and what is missing?",
    needs=("patients",),
    params=OverviewParams,
    tables=(FLOW, MISSING, PATIENTS, GIVEN, RECORDED, ASSAYS, DRUGS, BASELINE, IDENTITY, APART),
    order=0,
    sets_apart=False,
)
def overview(cohort: Cohort, params: OverviewParams) -> Result:
    """Describe the study: flow of patients and samples, follow-up, missing values."""
    study = cohort.study
    flow = study_flow(cohort)
    profiled = cohort.panels.samples.drop_nulls("mutation")
    estimates = [
        Estimate("patients", study.n_patients, unit="count", method="counted", question="patients"),
        Estimate("samples", study["samples"].height, unit="count", method="counted"),
        Estimate(
            "profiled_patients", profiled["patient_id"].n_unique(), unit="count", method="counted", question="profiled"
        ),
        Estimate(
            "patients_with_several_samples",
            int((profiled.group_by("patient_id").len()["len"] > 1).sum()),
            unit="count",
            method="counted",
            question="profiled in several samples",
        ),
    ]
    answer = (
        "The study has {patients} patients with {samples} samples; {profiled_patients} patients were profiled for "
        "mutations, {patients_with_several_samples} of them in several samples."
    )
    doubted = cohort.apart.height
    if doubted:
        estimates.append(Estimate("samples_in_doubt", doubted, n=study["samples"].height, unit="count"))
        answer += (
            " Of the samples, {samples_in_doubt:value} may be another patient's or hold another's DNA: they are left out "
            "of the answers, with the answer of all samples beside it (overview/apart)."
        )
    people = _people(cohort, profiled)
    notes = identity_notes(cohort.identity)
    if not doubted and profiled.height > 1:
        asked = n_asked(study)
        notes.append(
            "No sample looks like another patient's or holds another's DNA, by the rare variants called in all samples; a "
            "sample with few calls cannot tell (overview/identity). "
            + (
                f"Nor do reads at other patients' sites that were not called, counted in {asked} of "
                f"{study['samples'].height} samples, show 2 % of it or more."
                if asked
                else "Reads at other patients' sites that were not called were counted in no sample: less of it may go "
                "unseen."
            )
        )
    recalled = sorted({name for text in cohort.lines["drugs"].drop_nulls() for name in drugs_from_memory(text)})
    if recalled:
        notes.append(
            f"Drugs that the WHO's ATC index does not hold and whose class is from memory, to be confirmed: "
            f"{', '.join(recalled)} (oncourse kb drug NAME)."
        )
    if study.has("follow_up"):
        found, more = _follow_up(cohort, params)
        estimates, people = estimates + found, people + more
        if any(e.name == "median_follow_up" for e in found):
            answer += " Deaths: {deaths}; median follow-up is {median_follow_up}."
    else:
        notes.append("No follow-up: nothing can be said of survival.")
    assumed = study["samples"].filter(pl.col("assay_id").is_null() & is_tumour())
    if assumed.height:
        notes.append(
            f"{assumed.height} samples name no assay: all genes are taken as looked at (assumed), so their wild "
            "types are assumptions."
        )
    return Result(
        answer=answer,
        estimates=tuple(estimates),
        tables={
            FLOW.name: flow,
            MISSING.name: _missing(cohort),
            PATIENTS.name: _patients(cohort),
            GIVEN.name: _given(cohort.lines),
            IDENTITY.name: IDENTITY.frame(cohort.identity),
            APART.name: APART.frame(cohort.apart),
            BASELINE.name: _baseline(cohort.study, cohort.lines),
            **record_tables(cohort),
        },
        headline=_headline({e.name: e for e in estimates}),
        figures=(
            Figure(
                "flow",
                "Flow of patients and samples",
                "Each step keeps those of the step above who have what it "
                "names; the flow of each analysis is in the table.",
                partial(_drawn, flow, _in_steps(cohort)),
            ),
        ),
        people=ledger(people),
        notes=tuple(notes),
        methods=(
            "Follow-up is the reverse Kaplan-Meier median: death counts as censoring "
            "(Schemper M, Smith TL. Control Clin Trials 1996;17:343).",
            "A month is 30.4375 days.",
        ),
    )
