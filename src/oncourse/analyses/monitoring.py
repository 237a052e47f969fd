"""How the disease changes: ctDNA through time, its lead over imaging, clearance and outcome, emerging resistance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, Result, analysis
from oncourse.analyses._headline import Headline, cannot, rated
from oncourse.analyses._monitoring_tables import CTDNA, EMERGENCE, LEAD, RATES, RESPONSE
from oncourse.analyses._people import counted, ledger, of_lines
from oncourse.analyses._shares import share
from oncourse.cohort import Cohort
from oncourse.derive.care.ctdna import CtdnaParams
from oncourse.derive.care.ctdna_response import MIN_REPEATS
from oncourse.derive.care.lead import LEAD_SCHEMA, Leads, lead_times, line_lead_times
from oncourse.derive.care.watchlist import class_periods, watch_items
from oncourse.errors import NotEnoughData
from oncourse.facts.material import is_tumour
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said


@section("monitoring")
@dataclass(frozen=True)
class MonitoringParams:
    """Landmark of the comparison of outcome by clearance."""

    landmark_days: int = setting(120, "days after the start of a line at which clearance is judged", low=1)
    endpoint: str = setting("PFS", "outcome after the landmark", choices=("PFS", "OS"))
    min_events: int = setting(5, "least events for a hazard ratio", low=1)


@analysis(
    title="Monitoring: ctDNA, response and emerging resistance",
    question="Does ctDNA show response and recurrence, how long before imaging, and which resistance emerges?",
    needs=("calls", "samples"),
    params=MonitoringParams,
    tables=(CTDNA, RESPONSE, LEAD, EMERGENCE, RATES),
    order=80,
)
def monitoring(cohort: Cohort, params: MonitoringParams) -> Result:
    """Summarise what serial samples show."""
    ctdna, emerged = cohort.ctdna, cohort.findings.emerged
    rates = RATES.frame(_rates(cohort, emerged))
    if ctdna.is_empty() and not rates["n_evaluable"].sum():
        raise NotEnoughData(
            "no plasma sample, and no patient with samples before and after the start of a watched drug"
        )
    response = cohort.ctdna_response
    leads, lead_estimates = _leads(cohort, ctdna)
    estimates = [*_states(ctdna), *_response_shares(response, ctdna), *lead_estimates, *_rate_estimates(rates)]
    estimates += _landmark(cohort, response, params)
    return Result(
        answer=_answer({e.name: e.value for e in estimates if e.value is not None}, rates),
        headline=_headline({e.name: e for e in estimates}, rates),
        estimates=tuple(estimates),
        tables={
            "monitoring/ctdna": CTDNA.frame(ctdna),
            "monitoring/response": RESPONSE.frame(response),
            "monitoring/lead_times": LEAD.frame(leads),
            "monitoring/emergence": EMERGENCE.frame(emerged),
            "monitoring/emergence_rates": rates,
        },
        figures=_figures(leads, rates),
        people=_people(cohort, ctdna, response, leads),
        notes=(
            *_background_notes(cohort, ctdna),
            "Thresholds of positivity and molecular response depend on the assay; they are settings of the section "
            "ctdna.",
            "'New' is said only where the earlier samples together would have shown the variant at its later cell "
            "fraction.",
            "A rise or fall is said where its posterior probability is at least ctdna.min_probability.",
            "The lowest of several noisy samples lies below the level they share: noise alone reaches a multiple of "
            "it.",
            "The lead has no exact value: it lies between samples and scans; patients whose ctDNA never turned are "
            "in it.",
        ),
        methods=(
            "Positivity: variant reads of all tracked variants against the background error. It is learned per assay "
            "and "
            "sample from sites without a variant (gamma-Poisson), and widened for spread between sites. Change: "
            "hidden true "
            "levels on a grid, negative binomial counts. "
            "Lead: both turning times interval-censored, one likelihood; shares: Turnbull "
            "1976. "
            "Clearance: landmark, Cox with delayed entry.",
        ),
    )


def _turned(estimate: Estimate) -> Estimate:
    return estimate if estimate.value is None else replace(estimate, value=-estimate.value)


def _headline(found: dict[str, Estimate], rates: pl.DataFrame) -> Headline:
    """Whether ctDNA came before imaging; else which resistance appears; else how often ctDNA is found."""
    for kind in ("lead", "treatment_lead"):
        low, high = (found.get(f"{kind}_median_{end}") for end in ("low", "high"))
        if low is None or high is None or low.value is None or high.value is None:
            continue
        n = int(found[f"{kind}_patients"].value or 0)
        after = high.value < 0
        clear = low.value > 0 or after
        if after:  # imaging came first: the sizes are told, the wording turns round
            low, high = _turned(high), _turned(low)
        elif not clear:  # the low end lies after imaging: told as days after it
            low = _turned(low)
        text = said(
            f"headline.monitoring.{kind}{'_after' if after else '' if clear else '_unclear'}",
            low=low,
            high=high,
            patients=n,
        )
        few = n < FEW_LEADS
        why = said("reason.few_patients", n=n) if few else said("reason.apart" if clear else "reason.no_effect")
        return Headline(text, "answered" if clear and not few else "uncertain", why, low.name)
    for drug, name in rates.filter(pl.col("n_evaluable") > 0).select("drug_class", "name").iter_rows():
        if name == "any":
            share = found[f"{_slug(drug)}_emerged"]
            text = said("headline.monitoring.resistance", k=_count(share), n=share.n, drug=drug, share=share)
            return rated(text, share, share.name)
    alone = found.get("ctdna_found")
    if alone is not None:
        text = said("headline.monitoring.found", k=_number(alone), unjudged=_number(found["ctdna_unjudged"]))
        return Headline(text, "uncertain", said("reason.positives_alone"), alone.name)
    positive = found.get("ctdna_positive")
    if positive is None:
        return cannot(said("headline.monitoring.none"), said("reason.not_recorded"))
    text = said("headline.monitoring.positive", k=_count(positive), n=positive.n, share=positive)
    return rated(text, positive, positive.name)


#: Fewer patients with a lead than this settle nothing (own choice).
FEW_LEADS = 10


def _number(count: Estimate) -> int:
    return round(count.value or 0)


def _count(share: Estimate) -> int:
    return round((share.value or 0) * (share.n or 0))


def _background_notes(cohort: Cohort, ctdna: pl.DataFrame) -> Iterator[str]:
    """What the background and the variation between samples rest on; which samples are noisier than stated."""
    params = cohort.params(CtdnaParams)
    counted = ctdna.drop_nulls("n_tracked")
    unknown = counted.filter(pl.col("background") == "not known").height
    if unknown:
        yield (
            f"Background not known in {unknown} of {counted.height} plasma samples: too few sites without a variant "
            f"were counted. "
            "Other patients' variants counted in plasma, or normals of the same assay, would tell it. Positive is "
            "said there "
            f"only of more reads than {params.error_factor:g} times the stated error makes."
        )
    noisy = counted.filter(pl.col("error_ratio") >= NOISY)
    if noisy.height:
        names = ", ".join(noisy["sample_id"].head(5)) + (" ..." if noisy.height > 5 else "")
        yield (
            f"{noisy.height} plasma samples err at least {NOISY:g} times as often as the assay states ({names}); "
            f"each is judged "
            "at its own noise."
        )
    if counted.height:
        cv, n, n_courses = cohort.ctdna_variation
        basis = f"{n} repeated pairs" if n >= MIN_REPEATS else f"assumed: {n} repeated pairs are too few to learn it"
        basis = f"by the courses of {n_courses} patients" if n_courses else basis
        yield f"Variation of ctDNA between samples of an unchanged tumour: coefficient of variation {cv:.2f} ({basis})."


#: Learned over stated error from which a sample is named as noisy.
NOISY = 2.0


def _answer(names: Mapping[str, float], rates: pl.DataFrame) -> str:
    parts = []
    if "ctdna_positive" in names:
        parts.append("ctDNA is positive in {ctdna_positive} of the assessable plasma samples.")
    if "ctdna_found" in names:
        parts.append(
            "ctDNA was found in {ctdna_found:value} plasma samples; {ctdna_unjudged:value} could not be judged. None "
            "could be judged negative, so no share is given."
        )
    if "clearance" in names:
        parts.append("It cleared in {clearance} of the lines of therapy with a positive sample before.")
        parts.append("A molecular response was seen in {molecular_response}.")
    parts += [_lead_words(names, prefix, words) for prefix, words in _LEADS.items() if f"{prefix}_patients" in names]
    if "clearance_hazard_ratio" in names:
        parts.append("Hazard ratio of cleared against not cleared at the landmark: {clearance_hazard_ratio}.")
    for drug_class, name in rates.filter(pl.col("n_evaluable") > 0).select("drug_class", "name").iter_rows():
        if name == "any":
            parts.append(f"New resistance mutations under {drug_class}: {{{_slug(drug_class)}_emerged}}.")
        elif (estimate := _emerged(drug_class, name)) in names:
            parts.append(f"{name} newly found under {drug_class}: {{{estimate}}}.")
    return " ".join(parts) or "No serial sample can tell of a change."


#: How a lead begins to be told: what of the blood, before what on the scan.
_LEADS = {
    "lead": ("After resection", "ctDNA", "imaging"),
    "treatment_lead": ("On treatment", "a rise of ctDNA", "progression on imaging"),
}


def _lead_words(names: Mapping[str, float], prefix: str, words: tuple[str, str, str]) -> str:
    """The median lead between its limits, each as days before or after; the data may set none on a side."""
    setting, blood, scan = words
    low, high = names.get(f"{prefix}_median_low"), names.get(f"{prefix}_median_high")
    first, last = f"{{{prefix}_median_low:size}}", f"{{{prefix}_median_high:size}}"
    n = f"{{{prefix}_patients:value}} patients"
    if low is None and high is None:
        return f"{setting} {blood} came before {scan} by a time that {n} are too few to estimate."
    if low is not None and low >= 0:
        size = f"of at least {first}" if high is None else f"between {first} and {last}"
        text = f"{blood} came before {scan} by a median {size}"
    elif high is not None and high < 0:
        size = f"of at least {last}" if low is None else f"between {last} and {first}"
        text = f"{scan} came before {blood} by a median {size}"
    else:
        where = f"lies between {first} after and {last} before it"
        if low is None or high is None:
            where = f"is at most {first} after it" if high is None else f"is at most {last} before it"
        text = f"it is unclear whether {blood} comes before {scan}: the median {where}"
    return f"{setting} {text} ({n}, 95 % limits)."


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text.lower())


#: Questions of the ledger.
STATE, DATED, COURSE = "ctDNA", "ctDNA over time", "ctDNA response by line"
LEADS = {"after_resection": "lead after resection", "on_treatment": "lead on treatment"}


def _people(cohort: Cohort, ctdna: pl.DataFrame, response: pl.DataFrame, leads: pl.DataFrame) -> pl.DataFrame:
    """Plasma samples with a state of ctDNA, lines with a course of it, patients with a lead over imaging."""
    everyone = cohort.study["patients"]["patient_id"]
    unknown = pl.col("state") == "not_assessable"
    day = pl.col("day").cast(pl.String).fill_null("unknown")
    named = pl.coalesce("sample_id", pl.format("recorded result, day {}", day))
    ctdna = ctdna.with_columns(sample_id=named)
    blind = ctdna.filter(unknown).select(
        "patient_id", "sample_id", pl.format("ctDNA not assessable: {}", "reason").alias("reason")
    )
    undated = ctdna.filter(~unknown & pl.col("day").is_null()).select(
        "patient_id", "sample_id", pl.lit("plasma sample without a day: not on the time axis").alias("reason")
    )
    known, none = ctdna.filter(~unknown), "no plasma sample"
    parts = [
        counted(STATE, everyone, known, blind, rest=none, unit="sample"),
        counted(DATED, everyone, known.drop_nulls("day"), pl.concat([blind, undated]), rest=none, unit="sample"),
        of_lines(
            COURSE,
            response,
            pl.DataFrame(schema={"patient_id": pl.String, "line": pl.Int64, "reason": pl.String}),
            cohort.lines,
            everyone,
            rest="no positive plasma sample before the start and another after it",
        ),
    ]
    for setting_name, question in LEADS.items():
        rows = leads.filter(pl.col("setting") == setting_name)
        if rows.height:
            parts.append(
                counted(question, everyone, rows, rest="neither ctDNA nor imaging turned while both were watched")
            )
    return ledger(parts)


def _share(name: str, k: int, n: int, question: str = "") -> Estimate:
    from oncourse.stats.proportions import clopper_pearson

    if n == 0:
        return Estimate(name, None, n=0, method="Clopper-Pearson", unit="fraction", question=question)
    low, high = clopper_pearson(k, n)
    return Estimate(name, k / n, float(low), float(high), n, "Clopper-Pearson", "fraction", question)


def _positives_alone(ctdna: pl.DataFrame) -> bool:
    """Whether some samples could not be judged, and all that could are positive."""
    known = ctdna.filter(pl.col("state") != "not_assessable")
    return 0 < known.height < ctdna.height and bool((known["state"] == "positive").all())


def _states(ctdna: pl.DataFrame) -> Iterator[Estimate]:
    known = ctdna.filter(pl.col("state") != "not_assessable")
    unjudged = ctdna.height - known.height
    if _positives_alone(ctdna):
        # only what is positive could be judged: positive in 100 % of the assessable, whatever the truth
        yield Estimate("ctdna_found", known.height, n=known.height, unit="count", question=STATE)
        yield Estimate("ctdna_unjudged", unjudged, n=ctdna.height, unit="count")
    elif known.height:
        yield share("ctdna_positive", known["state"] == "positive", known["patient_id"], STATE)


def _response_shares(response: pl.DataFrame, ctdna: pl.DataFrame) -> Iterator[Estimate]:
    """Shares of lines that cleared or responded; none where no sample could show it ("cleared in 0 %")."""
    if response.height and not _positives_alone(ctdna):
        for name in ("clearance", "molecular_response"):
            yield share(name, response["response"] == name, response["patient_id"], COURSE)


def _leads(cohort: Cohort, ctdna: pl.DataFrame) -> tuple[pl.DataFrame, list[Estimate]]:
    """Leads after resection and on treatment; of several lines of a patient the first enters the estimate."""
    study, params = cohort.study, cohort.params(CtdnaParams)
    parts, estimates = [], []
    resected = study["procedures"].filter(pl.col("kind").is_in(["primary_resection", "metastasectomy"]))
    origin = resected.group_by("patient_id").agg(pl.col("day").min().alias("origin_day"))
    if not origin.is_empty() and study.has("follow_up"):
        after = lead_times(ctdna, origin, study["follow_up"], params)
        parts.append(after.table)
        estimates += _lead_estimates(after, "lead", LEADS["after_resection"])
    if study.has("treatments") and (study.has("target_lesions") or study.has("assessments")):
        on = line_lead_times(ctdna, cohort.lines, cohort.recist_visits, params, cohort.ctdna_variation)
        parts.append(on.table)
        estimates += _lead_estimates(on, "treatment_lead", LEADS["on_treatment"])
    return pl.concat(parts) if parts else pl.DataFrame(schema=LEAD_SCHEMA), estimates


#: Fewest patients from whom a mean lead is given; below it their intervals are listed (``benchmarks/bench_stress.py``).
MIN_LEADS = 6


def _lead_estimates(leads: Leads, prefix: str, question: str) -> list[Estimate]:
    from oncourse.stats.interval import turnbull

    if leads.table.is_empty():
        return []
    first = leads.table.unique("patient_id", keep="first", maintain_order=True)
    n = first.height
    fit = turnbull(first["lead_low_days"].to_numpy(), first["lead_high_days"].to_numpy())
    least, most = fit.share_above(0.0)

    def bounded(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    q = question
    found = [
        Estimate(f"{prefix}_patients", n, n=n, unit="count", question=q),
        Estimate(f"{prefix}_positive_least", least, n=n, method="Turnbull", unit="fraction", question=q),
        Estimate(f"{prefix}_positive_most", most, n=n, method="Turnbull", unit="fraction", question=q),
    ]
    mean = leads.mean_lead()
    if mean is not None and n >= MIN_LEADS:
        method = "normal leads, both processes interval-censored, profile limits"
        low, high = bounded(mean.low), bounded(mean.high)
        value = mean.value if low is not None and high is not None else None
        found += [
            Estimate(f"{prefix}_days", value, low, high, n=n, method=method, unit="days", question=q),
            Estimate(f"{prefix}_median_low", low, n=n, method=method, unit="days", question=q),
            Estimate(f"{prefix}_median_high", high, n=n, method=method, unit="days", question=q),
        ]
    return found


def _rates(cohort: Cohort, emerged: pl.DataFrame) -> Iterator[dict[str, object]]:
    from oncourse.stats.proportions import clopper_pearson

    periods = class_periods(cohort.study["treatments"])
    able = {kind: _evaluable(periods, looks) for kind, looks in _looks(cohort).items()}
    new = emerged.filter(pl.col("status") == "emerged")
    unclear = emerged.filter(pl.col("status").is_in(["not_visible_before", "uncalled_before"]))
    before = emerged.filter((pl.col("status") == "present_before") & ~pl.col("kind").is_in(_READ_KINDS))
    blood = cohort.possible_blood_resistance
    watched: dict[str, dict[str, str]] = {}
    for item in watch_items():
        names = watched.setdefault(item.drug_class, {})
        if item.kind in _READ_KINDS:
            names.setdefault("any", "mutation")
        names.setdefault(item.name, item.kind)
    for drug_class in sorted(watched):
        given = periods.filter(pl.col("drug_class") == drug_class)["patient_id"].n_unique()
        if not given:
            continue
        mine = new.filter(pl.col("drug_class") == drug_class)
        open_ = unclear.filter(pl.col("drug_class") == drug_class)
        for name, kind in watched[drug_class].items():
            wanted = pl.col("kind").is_in(_READ_KINDS) if name == "any" else pl.col("name") == name
            evaluable = able[kind].get((drug_class, name), set())
            have = set(mine.filter(wanted)["patient_id"]) & evaluable
            # found, and nobody can tell whether it was there before: neither new nor without
            of_blood = blood.filter((pl.col("drug_class") == drug_class) & ((pl.col("name") == name) | (name == "any")))
            doubtful = ((set(open_.filter(wanted)["patient_id"]) | set(of_blood["patient_id"])) & evaluable) - have
            # a marker or an amplification that was there cannot appear; of a gene another mutation can
            had = set(before.filter(wanted & (pl.col("drug_class") == drug_class))["patient_id"]) & evaluable
            k, n = len(have), len(evaluable - doubtful - (had - have))
            low, high = clopper_pearson(k, n) if n else (None, None)
            yield {
                "drug_class": drug_class,
                "name": name,
                "n_given": given,
                "n_evaluable": n,
                "n_unclear": len(doubtful),
                "n_before": len(had - have),
                "n_emerged": k,
                "fraction": k / n if n else None,
                "ci_low": None if low is None else float(low),
                "ci_high": None if high is None else float(high),
            }


_READ_KINDS = ("mutation", "reversion")


def _looks(cohort: Cohort) -> dict[str, pl.DataFrame]:
    """What can show each kind of resistance: patient_id, day, name (any: some mutation that is watched for); of mutations
    the samples whose assay looked at the gene."""
    days = cohort.study["samples"].filter(is_tumour()).select("sample_id", "day").drop_nulls("day")
    watched = [(g, n) for i in watch_items() if i.kind in _READ_KINDS for g in i.genes for n in (i.name, "any")]
    of_gene = pl.DataFrame(watched, schema=["gene", "name"], orient="row").unique().sort("gene", "name")
    looked = cohort.panels.profiled(of_gene["gene"].unique().to_list()).join(days, on="sample_id", how="inner")
    read = looked.join(of_gene, on="gene", how="inner").select("patient_id", "day", "name").unique()
    genes = [(g, i.name) for i in watch_items() if i.kind == "amplification" for g in i.genes]
    named = pl.DataFrame(genes, schema=["gene", "name"], orient="row").unique().sort("gene")
    copies = cohort.findings.copies.join(named, on="gene", how="inner").drop_nulls("day")
    told = pl.col("state") != "unclear"
    markers = cohort.marker_readings.filter(told).drop_nulls("day").rename({"marker": "name"})
    return {
        "mutation": read,
        "reversion": read,
        "amplification": copies.select("patient_id", "day", "name"),
        "marker": markers.select("patient_id", "day", "name"),
    }


def _evaluable(periods: pl.DataFrame, looks: pl.DataFrame) -> dict[tuple[str, str], set[str]]:
    """(drug_class, name) -> patients looked at before and after the start of the class."""
    before, after = pl.col("day") <= pl.col("start_day"), pl.col("day") > pl.col("start_day")
    both = (
        periods.join(looks, on="patient_id", how="inner")
        .group_by("patient_id", "drug_class", "name")
        .agg((before.any() & after.any()).alias("both"))
    )
    found: dict[tuple[str, str], set[str]] = {}
    for patient, drug_class, name in both.filter("both").select("patient_id", "drug_class", "name").iter_rows():
        found.setdefault((drug_class, name), set()).add(patient)
    return found


def _rate_estimates(rates: pl.DataFrame) -> Iterator[Estimate]:
    for row in rates.filter((pl.col("name") == "any") & (pl.col("n_evaluable") > 0)).iter_rows(named=True):
        yield _share(f"{_slug(row['drug_class'])}_emerged", row["n_emerged"], row["n_evaluable"])
    # markers and copies, which are in no "any": AR-V7 had come in more patients than mutations
    other = {item.name for item in watch_items() if item.kind not in _READ_KINDS}
    for row in rates.filter(pl.col("name").is_in(sorted(other)) & (pl.col("n_evaluable") > 0)).iter_rows(named=True):
        yield _share(_emerged(row["drug_class"], row["name"]), row["n_emerged"], row["n_evaluable"])


def _emerged(drug_class: str, name: str) -> str:
    return f"{_slug(drug_class)}_{_slug(name)}_emerged"


def _landmark(cohort: Cohort, response: pl.DataFrame, params: MonitoringParams) -> list[Estimate]:
    """Cleared by the landmark against not, among lines still at risk there: no immortal time."""
    if response.is_empty() or not cohort.study.has("follow_up"):
        return []
    records = cohort.time_to_event.filter(pl.col("endpoint") == params.endpoint).drop_nulls("line")
    first = response.sort("patient_id", "start_day").unique("patient_id", keep="first", maintain_order=True)
    rows = first.join(
        records.select("patient_id", "line", "time_days", "is_event", "entry_days"),
        on=["patient_id", "line"],
        how="inner",
    )
    rows = rows.filter((pl.col("time_days") > params.landmark_days) & ~pl.col("is_event").is_null())
    cleared = (pl.col("clearance_day") <= pl.col("start_day") + params.landmark_days).fill_null(False)
    rows = rows.with_columns(cleared=cleared)
    n_event, groups = int(rows["is_event"].sum()), rows["cleared"].n_unique()
    if n_event < params.min_events or groups < 2:
        return []
    from oncourse.stats.cox import fit_cox

    entry = np.maximum(rows["entry_days"].fill_null(0).to_numpy(), params.landmark_days).astype(float)
    fit = fit_cox(
        rows["time_days"].to_numpy().astype(float),
        rows["is_event"].to_numpy(),
        rows["cleared"].to_numpy().astype(float)[:, None],
        entry=entry,
        penalty="firth",
        names=["cleared"],
    )
    low, high = fit.interval()
    return [
        Estimate(
            "clearance_hazard_ratio",
            float(fit.hazard_ratio[0]),
            float(np.asarray(low)[0]),
            float(np.asarray(high)[0]),
            n=rows.height,
            method=f"Cox, landmark {params.landmark_days} days, {params.endpoint}",
            unit="ratio",
        )
    ]


def _figures(leads: pl.DataFrame, rates: pl.DataFrame) -> tuple[Figure, ...]:
    from oncourse.plots.intervals import interval_lines

    figures = []
    for setting_name, name, words in (
        ("after_resection", "lead", "after resection"),
        ("on_treatment", "treatment_lead", "on treatment"),
    ):
        rows = leads.filter(pl.col("setting") == setting_name).unique("patient_id", keep="first", maintain_order=True)
        if rows.is_empty():
            continue
        rows = rows.sort("lead_low_days", "lead_high_days", "patient_id").select(
            "patient_id", "lead_low_days", "lead_high_days", "kind"
        )
        drawing = partial(
            interval_lines, list(rows.iter_rows()), "lead of ctDNA over imaging, days (right: ctDNA first)"
        )
        caption = (
            "One line per patient: the lead lies in the interval; arrows are unbounded. Colour: what was ever seen."
        )
        figures.append(Figure(name, f"Lead of ctDNA over imaging {words}", caption, drawing))
    return tuple(figures)
