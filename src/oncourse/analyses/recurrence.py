"""Recurrence after surgery for the primary: how often, when, where, and survival after it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, light_of
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.days import DAYS_PER_MONTH
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.clinical.people import VitalStatus, vital_status
from oncourse.derive.outcomes.recurrence import INCLUDED_BY_RECURRENCE, RecurrenceParams, RecurrenceTable
from oncourse.errors import NotEnoughData
from oncourse.facts.days import in_months, landmark_days
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

_STATES = {"recurred": 1, "died": 2, "free": 0}
PATIENTS = OutputTable(
    "recurrence/patients",
    "one row per patient: time to the first recurrence, and its sites",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("origin_day", pl.Int64, "day the clock starts", unit="days from the index date"),
        Column("time_days", pl.Int64, "days to recurrence, death or the last day known free", unit="days"),
        Column("state", pl.String, "recurred / died (without recurrence) / free"),
        Column("recurrence_day", pl.Int64, "first day of recurrence", unit="days from the index date"),
        Column("sites", pl.String, "sites of the lesions found then, ';'-joined"),
        Column("n_sites", pl.Int64, "how many sites"),
        Column("metastasectomy_day", pl.Int64, "first metastasectomy after it", unit="days from the index date"),
    ),
)
INCIDENCE = OutputTable(
    "recurrence/incidence",
    "recurrence, death before it, and disease-free survival by year",
    (
        Column("months", pl.Float64, "months from the start", unit="months"),
        Column(
            "measure",
            pl.String,
            "recurrence (death competes), death before recurrence, disease-free survival, or "
            "recurred by then among those who recurred",
        ),
        Column("estimate", pl.Float64, "probability", unit="fraction"),
        Column("ci_low", pl.Float64, "lower 95 % limit", unit="fraction"),
        Column("ci_high", pl.Float64, "upper limit", unit="fraction"),
        Column("n_risk", pl.Int64, "patients still at risk then"),
    ),
)
SITES = OutputTable(
    "recurrence/sites",
    "where the first recurrence was",
    (
        Column("site", pl.String, "site of the first recurrence; a patient with two sites counts in both"),
        Column("n", pl.Int64, "patients"),
        Column("fraction", pl.Float64, "share of the patients whose sites are recorded", unit="fraction"),
        Column("ci_low", pl.Float64, "lower 95 % limit, exact", unit="fraction"),
        Column("ci_high", pl.Float64, "upper limit", unit="fraction"),
        Column("median_months", pl.Float64, "median time to recurrence of these patients", unit="months"),
    ),
)
GENES = OutputTable(
    "recurrence/genes",
    "mutations of the primary v those of the recurrence, by gene",
    (
        Column("gene", pl.String, "HGNC symbol"),
        Column("n_pairs", pl.Int64, "patients with an altering mutation of the gene in either"),
        Column("n_shared", pl.Int64, "the same mutations in both"),
        Column("n_new", pl.Int64, "a mutation in the recurrence that was absent from the primary"),
        Column("n_lost", pl.Int64, "a mutation of the primary that is absent from the recurrence"),
        Column(
            "n_by_calls",
            pl.Int64,
            "of the new and lost, by calls alone: the reads of the other sample were not counted",
        ),
        Column("n_not_assessable", pl.Int64, "nobody can tell"),
    ),
)


@analysis(
    title="Recurrence after surgery",
    question="When and where does the disease come back, and what follows?",
    needs=("follow_up",),
    params=RecurrenceParams,
    tables=(PATIENTS, INCIDENCE, SITES, GENES),
    order=55,
)
def recurrence(cohort: Cohort, params: RecurrenceParams) -> Result:
    """Time to recurrence with death competing, its pattern, and survival after it."""
    table = cohort.recurrence
    people = table.patients
    n_recurred = int((people["state"] == "recurred").sum())
    if n_recurred == 0:
        raise NotEnoughData("Needs follow_up.recurrence_day, or metastases with found_day, of at least one patient.")
    selected = n_recurred >= INCLUDED_BY_RECURRENCE * people.height
    notes: list[str] = []
    figures: list[Figure] = []
    estimates: list[Estimate] = [
        Estimate("patients", people.height, unit="count", question=FOLLOWED),
        Estimate("recurred", n_recurred, unit="count", question=RECURRED),
    ]
    if selected:
        incidence, answer = _among_recurred(people, params, estimates, figures, notes, table.words)
    else:
        incidence, answer = _risk(people, params, estimates, table.words)
        incidence += _disease_free(cohort.recurrence_endpoints, params, figures, notes, table.words)
        incidence.sort(key=lambda row: row["months"])
    sites, words = _sites(people, estimates)
    after = _after(*_timed(cohort, people), params, estimates, figures, notes)
    blood = _blood(cohort, table, params, estimates, figures, notes)
    return Result(
        answer=" ".join(part for part in (answer, words, after, blood) if part),
        headline=_headline({e.name: e for e in estimates}, params),
        estimates=tuple(estimates),
        tables={
            PATIENTS.name: PATIENTS.frame(people),
            INCIDENCE.name: INCIDENCE.frame(incidence),
            SITES.name: sites,
            GENES.name: GENES.frame(cohort.recurrence_genes),
        },
        figures=tuple(figures),
        people=_people(cohort, table),
        notes=tuple(notes),
        methods=(
            "Recurrence with death as competing event: Aalen-Johansen, limits on the log-log scale, infinitesimal "
            "jackknife. Disease-free survival: Kaplan-Meier, log-log limits. Survival after recurrence is counted from "
            "the day of recurrence; metastasectomy enters as a time-dependent covariate (start-stop rows).",
        ),
    )


def _headline(found: dict[str, Estimate], params: RecurrenceParams) -> Headline:
    """The risk; where recurrence chose the patients, the time to it; else the count."""
    counts = {"k": int(found["recurred"].value or 0), "n": int(found["patients"].value or 0)}
    risk, time = found.get("recurrence_risk"), found.get("time_to_recurrence")
    if time is not None:
        text = said("headline.recurrence.selected", **counts, time=time)
        return Headline(text, *light_of(time), time.name)
    if risk is None:
        return Headline(said("headline.recurrence.count", **counts), "uncertain", said("reason.no_value"), "recurred")
    months = float(min(params.months, key=lambda m: abs(m - 24)))
    return Headline(said("headline.recurrence.risk", **counts, months=months, share=risk), *light_of(risk), risk.name)


#: Questions of the ledger.
FOLLOWED, RECURRED, SITED = "followed from the start", "recurred", "site of the recurrence"
AFTER, BLOOD = "survival after recurrence", "ctDNA after surgery"


def _people(cohort: Cohort, table: RecurrenceTable) -> pl.DataFrame:
    """Who is followed from the start; of these who recurred, at which site, with time after it; who had blood drawn."""
    everyone, out = cohort.study["patients"]["patient_id"], table.excluded.select("patient_id", "reason")
    followed = table.patients
    recurred = followed.filter(pl.col("state") == "recurred")
    timed, status = _timed(cohort, followed)
    known = timed.filter(pl.col("is_status_known") & pl.lit(status.is_told))
    untold = timed.join(known, on="patient_id", how="anti").with_columns(
        reason=pl.lit(f"no survival after recurrence: {status.refusal}")
        if not status.is_told
        else pl.col("status_word") + ": no survival after recurrence"
    )
    parts = [counted(FOLLOWED, everyone, followed, out)]
    bled = _bled(cohort, table)
    dark = bled.filter(pl.col("is_positive").is_null()).select(
        "patient_id", pl.format("blood after surgery cannot be judged: {}", "reason").alias("reason")
    )
    for question, inside, rest in (
        (RECURRED, recurred, "no recurrence seen"),
        (SITED, recurred.drop_nulls("sites"), "no recurrence, or its site not recorded"),
    ):
        parts.append(counted(question, everyone, inside, out, rest=rest))
    left = pl.concat([out, untold.select("patient_id", "reason")])
    parts.append(counted(AFTER, everyone, known, left, rest="no recurrence, or no follow-up after it"))
    none = "no plasma sample in the window after surgery, or recurrence before it"
    parts.append(counted(BLOOD, everyone, bled.drop_nulls("is_positive"), pl.concat([out, dark]), rest=none))
    return ledger(parts)


def _timed(cohort: Cohort, people: pl.DataFrame) -> tuple[pl.DataFrame, VitalStatus]:
    """Those followed from their recurrence on, and of how many of them it is known whether they live."""
    followed = (pl.col("last_day") >= pl.col("recurrence_day")) & pl.col("is_status_known").is_not_null()
    timed = people.filter((pl.col("state") == "recurred") & followed)
    return timed, vital_status(timed, cohort.params(EndpointParams).max_unknown_status)


def _arrays(people: pl.DataFrame) -> tuple[Any, Any]:
    time = people["time_days"].cast(pl.Float64).to_numpy()
    return time, people["state"].replace_strict(_STATES, return_dtype=pl.Int64).to_numpy()


def _risk(
    people: pl.DataFrame,
    params: RecurrenceParams,
    estimates: list[Estimate],
    words: str,
) -> tuple[list[dict[str, Any]], str]:
    """The cumulative incidence of recurrence and of death before it."""
    from oncourse.stats.competing import cumulative_incidence
    from oncourse.stats.km import follow_up

    time, cause = _arrays(people)
    curve = cumulative_incidence(time, cause)
    rows = []
    for months in params.months:
        at = [landmark_days(months)]
        n_risk = int((time >= at[0]).sum())
        for cause_number, measure in ((1, "recurrence"), (2, "death before recurrence")):
            if cause_number not in curve.causes:
                continue
            value, _, low, high = (float(v[0]) for v in curve.at(at, cause_number))
            rows.append(_row(months, measure, value, low, high, n_risk))
    two = min(params.months, key=lambda m: abs(m - 24))
    shown = next((r for r in rows if r["months"] == two and r["measure"] == "recurrence"), None)
    if shown and shown["estimate"] is not None:
        limits = shown["ci_low"], shown["ci_high"]
        estimates.append(
            Estimate(
                "recurrence_risk", shown["estimate"], *limits, people.height, "Aalen-Johansen", "fraction", FOLLOWED
            )
        )
    followed = follow_up(time, cause > 0)
    estimates.append(_in_months("median_follow_up", followed, people.height, "reverse Kaplan-Meier", FOLLOWED))
    risk = ""
    if any(e.name == "recurrence_risk" for e in estimates):
        risk = f"The risk of recurrence within {two:g} months of {words} is {{recurrence_risk}}."
    return rows, f"{{recurred:value}} of {{patients:value}} patients recurred. {risk}".strip()


def _disease_free(
    told: pl.DataFrame, params: RecurrenceParams, figures: list[Figure], notes: list[str], words: str
) -> list[dict[str, Any]]:
    """Disease-free survival: the endpoint DFS, of the patients who have it."""
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure

    rows = told.filter(pl.col("endpoint") == "DFS").sort("patient_id")
    if rows.is_empty():
        notes.append("Disease-free survival is not told: nobody has the end point (survival/people says why).")
        return []
    time, event = rows["time_days"].cast(pl.Float64).to_numpy(), rows["is_event"].to_numpy()
    entry = rows["entry_days"].cast(pl.Float64).fill_null(0.0).to_numpy()
    everybody = {"all patients": np.ones(time.size, bool)}
    since = entry if (entry > 0).any() else None
    drawn, curves = km_groups(time, event, since, everybody, rows["patient_id"].to_list())
    figures.append(
        Figure(
            "dfs",
            "Disease-free survival",
            f"From {words}; recurrence, a second primary of the same organ, or death. 95 % limits.",
            partial(survival_figure, drawn, ylabel="disease-free survival"),
        )
    )
    out = []
    for months in params.months:
        day = landmark_days(months)
        at = curves["all patients"].at([day])
        value, low, high = float(at.survival[0]), float(at.ci_low[0]), float(at.ci_high[0])
        n_risk = int(((time >= day) & (entry < day)).sum())
        out.append(_row(months, "disease-free survival", value, low, high, n_risk))
    return out


def _row(months: float, measure: str, value: float, low: float, high: float, n_risk: int) -> dict[str, Any]:
    def known(x: float) -> float | None:
        return None if np.isnan(x) else x

    numbers = {"estimate": known(value), "ci_low": known(low), "ci_high": known(high)}
    return {"months": float(months), "measure": measure, **numbers, "n_risk": n_risk}


def _months(days: float) -> float | None:
    return None if np.isnan(days) else in_months(days)


def _in_months(name: str, days: Any, n: int, method: str, question: str) -> Estimate:
    return Estimate(
        name, _months(days.value), _months(days.ci_low), _months(days.ci_high), n, method, "months", question
    )


def _ratio(name: str, log: float, low: float, high: float, n: int, method: str, question: str) -> Estimate:
    return Estimate(name, float(np.exp(log)), float(np.exp(low)), float(np.exp(high)), n, method, "ratio", question)


def _among_recurred(
    people: pl.DataFrame,
    params: RecurrenceParams,
    estimates: list[Estimate],
    figures: list[Figure],
    notes: list[str],
    words: str,
) -> tuple[list[dict[str, Any]], str]:
    """Nearly everybody recurred, because that is who was included: times may be described, a risk may not."""
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure
    from oncourse.stats.km import kaplan_meier
    from oncourse.stats.proportions import clopper_pearson

    recurred = people.filter(pl.col("state") == "recurred")
    time = recurred["time_days"].cast(pl.Float64).to_numpy()
    curve = kaplan_meier(time, np.ones(time.size))
    median = curve.median
    who = "median among patients who recurred"
    estimates.append(_in_months("time_to_recurrence", median, time.size, who, RECURRED))
    rows = []
    for months in params.months:
        k = int((time <= landmark_days(months)).sum())
        low, high = clopper_pearson(k, time.size)
        rows.append(
            _row(
                months,
                "recurred by then among those who recurred",
                k / time.size,
                float(low),
                float(high),
                time.size - k,
            )
        )
    notes.append(
        "Nearly every patient has the recurrence because that is who the study includes: the times are those among "
        "patients who recurred. A risk of recurrence, or what predicts it, needs a control group: patients of the same "
        "stage and surgery who did not recur, sampled and followed in the same way."
    )
    everybody, names = np.ones(time.size, bool), recurred["patient_id"].to_list()
    drawn, _ = km_groups(time, everybody, None, {"patients who recurred": everybody}, names)
    figures.append(
        Figure(
            "time_to_recurrence",
            "Time to recurrence among patients who recurred",
            f"Share not yet recurred, from {words}, of patients who all recurred.",
            partial(survival_figure, drawn, ylabel="not yet recurred"),
        )
    )
    return rows, (
        "{recurred:value} of {patients:value} patients recurred, by the design of the study: time to recurrence among "
        "patients who recurred, median {time_to_recurrence}."
    )


def _sites(people: pl.DataFrame, estimates: list[Estimate]) -> tuple[pl.DataFrame, str]:
    from oncourse.stats.proportions import clopper_pearson

    known = people.filter((pl.col("state") == "recurred") & pl.col("sites").is_not_null())
    if known.is_empty():
        return SITES.frame(), ""
    per = (
        known.select("patient_id", "time_days", pl.col("sites").str.split(";").alias("site"))
        .explode("site")
        .group_by("site")
        .agg(pl.len().alias("n"), ((pl.col("time_days").median() - 1) / DAYS_PER_MONTH).alias("median_months"))
        .sort(["n", "site"], descending=[True, False])
    )
    low, high = clopper_pearson(per["n"].to_numpy(), known.height)
    frame = SITES.frame(
        per.with_columns(fraction=pl.col("n") / known.height, ci_low=pl.Series(low), ci_high=pl.Series(high))
    )
    top = frame.row(0, named=True)
    limits = top["ci_low"], top["ci_high"]
    estimates.append(
        Estimate("commonest_site", top["fraction"], *limits, known.height, "Clopper-Pearson", "fraction", SITED)
    )
    return (
        frame,
        f"The commonest site is {top['site']}: {{commonest_site}} of those whose sites are recorded.",
    )


def _after(
    timed: pl.DataFrame,
    status: VitalStatus,
    params: RecurrenceParams,
    estimates: list[Estimate],
    figures: list[Figure],
    notes: list[str],
) -> str:
    """Survival from the recurrence, of those known dead or alive; metastasectomy changes the hazard from its day on,
    never before."""
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure
    from oncourse.stats.cox import fit_cox

    if timed.height and not status.is_told:
        notes.append(f"Survival after recurrence is not told: {status.refusal}.")
        return ""
    if status.n_unknown:
        notes.append(
            f"Survival after recurrence leaves out {status.n_unknown} of {status.n} patients whose vital status, or day of "
            f"death, is not known."
        )
    rows = timed.filter("is_status_known")
    dead = rows["is_dead"].to_numpy()
    if rows.is_empty() or not dead.any():
        return ""
    time = (rows["last_day"] - rows["recurrence_day"] + 1).cast(pl.Float64).to_numpy()
    drawn, curves = km_groups(
        time, dead, None, {"from recurrence": np.ones(time.size, bool)}, rows["patient_id"].to_list()
    )
    curve = curves["from recurrence"]
    median, at = curve.median, curve.at([landmark_days(24)])
    estimates.append(_in_months("survival_after_recurrence", median, time.size, "Kaplan-Meier median", AFTER))
    alive = float(at.survival[0]), float(at.ci_low[0]), float(at.ci_high[0])
    estimates.append(Estimate("alive_24m_after_recurrence", *alive, time.size, "Kaplan-Meier", "fraction", AFTER))
    figures.append(
        Figure(
            "survival_after_recurrence",
            "Survival after recurrence",
            "Death of any cause, from the day of recurrence.",
            partial(survival_figure, drawn, ylabel="survival"),
        )
    )
    text = "Survival after recurrence: median {survival_after_recurrence}."
    when = (rows["metastasectomy_day"] - rows["recurrence_day"]).cast(pl.Float64).fill_null(np.nan).to_numpy()
    resected = ~np.isnan(when) & (when < time)
    events = int(dead[resected].sum())
    if resected.sum() >= params.min_events and (~resected).any() and events and dead.sum() >= params.min_events:
        from oncourse.stats.profile import profile_interval

        cut = np.where(resected, np.maximum(when, 0.0), np.inf)
        early = ~resected | (cut > 0)
        entry = np.concatenate([np.zeros(int(early.sum())), cut[resected]])
        end = np.concatenate([np.minimum(time, cut)[early], time[resected]])
        event = np.concatenate([(dead & ~resected)[early], dead[resected]])
        x = np.concatenate([np.zeros(int(early.sum())), np.ones(int(resected.sum()))])
        result = profile_interval(fit_cox(end, event, x, entry=entry), 0)
        estimates.append(
            _ratio(
                "metastasectomy",
                result.coef,
                result.ci_low,
                result.ci_high,
                time.size,
                "Cox, time-dependent, profile limits",
                AFTER,
            )
        )
        text += (
            " Hazard of death after metastasectomy against before or without: {metastasectomy}, unadjusted; it is offered "
            "to patients who do well, so that this is no effect of the treatment."
        )
    return text


def _bled(cohort: Cohort, table: RecurrenceTable) -> pl.DataFrame:
    """Patients with a blood sample after surgery and before recurrence, death or the end of follow-up."""
    rows = table.patients.join(cohort.recurrence_blood, on="patient_id")
    return rows.filter(pl.col("end_day") > pl.col("day")).sort("patient_id")


def _blood(
    cohort: Cohort,
    table: RecurrenceTable,
    params: RecurrenceParams,
    estimates: list[Estimate],
    figures: list[Figure],
    notes: list[str],
) -> str:
    """Residual tumour DNA after surgery against recurrence or death, counted from the blood draw."""
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure
    from oncourse.stats.scan import scan_cox

    rows = _bled(cohort, table)
    unknown = rows["is_positive"].null_count()
    if unknown:
        notes.append(
            f"The blood of {unknown} patients after surgery cannot be judged (monitoring/ctdna says why); they are "
            f"not compared."
        )
    rows = rows.drop_nulls("is_positive")
    positive = rows["is_positive"].to_numpy()
    if rows.height < 2 or positive.all() or not positive.any():
        return ""
    time = (rows["end_day"] - rows["day"]).cast(pl.Float64).to_numpy()
    event = (rows["state"] != "free").to_numpy()
    drawn, _ = km_groups(
        time, event, None, {"ctDNA positive": positive, "ctDNA negative": ~positive}, rows["patient_id"].to_list()
    )
    figures.append(
        Figure(
            "ctdna_after_surgery",
            "ctDNA after surgery and recurrence",
            f"First plasma sample {params.ctdna_first_day}-{params.ctdna_last_day} days after surgery; "
            "recurrence or death, from the blood draw.",
            partial(survival_figure, drawn, ylabel="disease-free"),
        )
    )
    if event.sum() < params.min_events:
        return ""
    scan = scan_cox(time, event, positive.astype(np.int8)[:, None], interval="profile", p_value="small")
    estimates.append(
        _ratio(
            "ctdna_after_surgery",
            scan.coef[0],
            scan.ci_low[0],
            scan.ci_high[0],
            rows.height,
            f"Cox, {scan.method[0]}",
            BLOOD,
        )
    )
    estimates.append(Estimate("ctdna_positive", int(positive.sum()), n=rows.height, unit="count"))
    notes.append("The comparison by ctDNA starts at the blood draw: patients who recurred before it are not in it.")
    return (
        "ctDNA after surgery: hazard of recurrence or death in {ctdna_positive:value} positive patients against the "
        "negative, {ctdna_after_surgery}."
    )
