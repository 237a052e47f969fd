"""Any column, status, treatment or list as groups: baseline, times, scores, response, and in whom they differ."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, cannot, difference_light, endpoint_words, light_of
from oncourse.analyses._people import counted, ledger, of_lines
from oncourse.cohort import Cohort
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.clinical.people import people, vital_status
from oncourse.derive.genes.sample_groups import SUMMARY_SCHEMA, TEST_SCHEMA, group_summaries, group_tests
from oncourse.derive.outcomes import group_tables as tables_of
from oncourse.derive.outcomes.covariates import chosen_covariates, unnamed_columns
from oncourse.derive.outcomes.groups import MOST_NUMBERS, GroupParams, Groups
from oncourse.derive.outcomes.outcome_scan import CHANGING
from oncourse.errors import NotEnoughData
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

_T, _F, _I = pl.String, pl.Float64, pl.Int64
_GROUP = Column("group", _T, "the group")
_REFERENCE = Column("reference", _T, "the group with which it is compared (groups.reference)")
_ENDPOINT = Column("endpoint", _T, "the endpoint")
_LINE = Column("line", _I, "line of therapy; null = from the start of the study")
_LOW, _HIGH = Column("ci_low", _F, "lower 95 % limit"), Column("ci_high", _F, "upper 95 % limit; null = not reached")
MEMBERS = OutputTable(
    "groups/members",
    "who is in which group, and since when that is known",
    (
        Column("patient_id", _T, "the patient"),
        Column("line", _I, "line of therapy; null = the patient as a whole"),
        Column("group", _T, "the group; null = in none"),
        Column("day", _I, "day from which it is known; null = from the start", unit="days from the index date"),
        Column("reason", _T, "why in none"),
    ),
)
BASELINE = OutputTable(
    "groups/baseline",
    "the groups at the start",
    (
        Column("variable", _T, "the covariate"),
        Column("level", _T, "its value; null = a number"),
        _GROUP,
        Column("n", _I, "patients (lines) of the group"),
        Column("n_known", _I, "with a value"),
        Column("n_level", _I, "with this value"),
        Column("fraction", _F, "of those with a value", unit="fraction"),
        Column("median", _F, "of numbers"),
        Column("q25", _F, "lower quartile"),
        Column("q75", _F, "upper quartile"),
        Column("mean", _F, "mean"),
        Column("smd", _F, "standardised difference from the reference"),
    ),
)
TIMES = OutputTable(
    "groups/times",
    "every endpoint by group (Kaplan-Meier, log-log limits)",
    (
        _ENDPOINT,
        _LINE,
        _GROUP,
        Column("n", _I, "patients"),
        Column("n_event", _I, "events"),
        Column("n_late_entry", _I, "at risk only from a later day on"),
        Column("median_months", _F, "median; null = not reached", unit="months"),
        Column("is_undone", pl.Boolean, "the few at risk early all had the event, others came later: no median"),
        _LOW,
        _HIGH,
    ),
)
LANDMARKS = OutputTable(
    "groups/landmarks",
    "the share without the event at groups.months, by group",
    (
        _ENDPOINT,
        _LINE,
        _GROUP,
        Column("months", _F, "months from the start", unit="months"),
        Column("fraction", _F, "without the event; null past the end of follow-up", unit="fraction"),
        _LOW,
        _HIGH,
        Column("n_risk", _I, "patients at risk then"),
    ),
)
RATIOS = OutputTable(
    "groups/hazard_ratios",
    "each group against the reference",
    (
        _ENDPOINT,
        _LINE,
        _GROUP,
        _REFERENCE,
        Column("n", _I, "patients of the group"),
        Column("n_reference", _I, "of the reference"),
        Column("n_event", _I, "events of the group"),
        Column("n_event_reference", _I, "of the reference"),
        Column("hazard_ratio", _F, "group over reference (Cox; not adjusted)", unit="ratio"),
        _LOW,
        _HIGH,
        Column("p_value", _F, "likelihood ratio, or permutation where events are few"),
        Column("p_all_groups", _F, "log-rank over all groups"),
        Column("p_proportional", _F, "test that the ratio is the same at all times"),
        Column("rmst_days", _F, "day up to which means are restricted, where it is not", unit="days"),
        Column("rmst_difference", _F, "restricted mean of the group less that of the reference", unit="days"),
        Column("rmst_ci_low", _F, "lower limit", unit="days"),
        Column("rmst_ci_high", _F, "upper limit", unit="days"),
    ),
)
RESPONSE = OutputTable(
    "groups/response",
    "response to each line by group",
    (
        Column("response", _T, "PSA50 or ORR, confirmed"),
        _LINE,
        _GROUP,
        Column("n", _I, "lines counted"),
        Column("n_not_judged", _I, "of these without anything to judge it by, counted as no response"),
        Column("n_response", _I, "responses"),
        Column("fraction", _F, "share", unit="fraction"),
        _LOW,
        _HIGH,
        Column("p_value", _F, "Fisher's exact test against the reference"),
    ),
)
_SCORE_WORDS = {
    "measure": "the number",
    "group": "the group",
    "n_samples": "samples",
    "n_patients": "their patients",
    "difference": "first group less second (Hodges, Lehmann); null: too many values",
    "difference_low": "lower 95 % limit",
    "difference_high": "upper 95 % limit",
    "method": "paired (patients with samples in both groups) or not",
    "p_value": "two-sided",
    "q_value": "false discovery rate over this table",
}


def _described(schema: dict[str, Any]) -> tuple[Column, ...]:
    return tuple(Column(n, t, _SCORE_WORDS.get(n, n.replace("_", " "))) for n, t in schema.items())


SCORES = OutputTable(
    "groups/scores", "burden and numbers of samples and patients, by group", _described(SUMMARY_SCHEMA)
)
TESTS = OutputTable("groups/score_tests", "these compared between two groups, by patient", _described(TEST_SCHEMA))
SUBGROUPS = OutputTable(
    "groups/subgroups",
    "do the two first groups differ more in some patients than in others",
    (
        _ENDPOINT,
        _LINE,
        _GROUP,
        _REFERENCE,
        Column("covariate", _T, "the covariate"),
        Column("level", _T, "its level"),
        Column("n", _I, "patients with a value"),
        Column("n_unknown", _I, "without"),
        Column("n_group_in", _I, "of the group in the level"),
        Column("n_reference_in", _I, "of the reference in it"),
        Column("n_group_outside", _I, "of the group outside"),
        Column("n_reference_outside", _I, "of the reference outside"),
        Column(
            "hazard_ratio_in",
            _F,
            "group against reference in the level (a number: one standard deviation above its mean)",
            unit="ratio",
        ),
        Column("hazard_ratio_outside", _F, "outside it (at the mean)", unit="ratio"),
        Column("ratio", _F, "the first over the second (interaction)", unit="ratio"),
        _LOW,
        _HIGH,
        Column("p_value", _F, "of the interaction"),
        Column("q_value", _F, "false discovery rate over this table; null: halves of a number, shown beside its test"),
        Column("note", _T, "why there is no ratio, or what to know of it"),
    ),
)
#: Endpoints drawn, and the first of them said, where the study has them.
ORDER = ("OS", "DFS", "rPFS", "PFS", "TTPP", "PSA_PFS", "TTP", "CSS", "TTNT", "DOR")
MOST_SAID = 4
#: Most numbers of samples in the answer.
MOST_SCORES = 2
#: Numbers of samples that are no score.
NO_SCORE = ("day", "mean_depth")


@analysis(
    title="By group",
    question="How do the groups differ at the start, in time to events, in response and in scores?",
    needs=("patients",),
    params=GroupParams,
    tables=(MEMBERS, BASELINE, TIMES, LANDMARKS, RATIOS, RESPONSE, SCORES, TESTS, SUBGROUPS),
    order=56,
)
def groups(cohort: Cohort, params: GroupParams) -> Result:
    """Compare the groups of `groups.by` in everything the study records."""
    if params.by is None:
        raise NotEnoughData("no group is named: `oncourse run --group COLUMN` (or `group:` in study.yaml).")
    found = cohort.groups
    if len(found.names) < 1:
        raise NotEnoughData(f"nobody is in a group of {found.words}.")
    sizes = found.rows.drop_nulls("group").group_by("group").agg(pl.col("patient_id").n_unique())["patient_id"]
    if len(sizes) > 1 and sizes.max() == 1:
        raise NotEnoughData(f"every word of {found.words} is one patient's: no groups. Name a column of fewer words.")
    covariates = {n: k for n, k in chosen_covariates(cohort.study, ()).items() if n != params.by}
    compared = chosen_covariates(cohort.study, params.subgroups)
    rules = cohort.params(EndpointParams)
    first_day = rules.count_first_day
    records = cohort.time_to_event
    rows, gone, inside = None, None, []
    medians: list[dict[str, Any]] = []
    landmarks: list[dict[str, Any]] = []
    ratios: list[dict[str, Any]] = []
    if records.height:
        rows, gone = tables_of.group_records(records, found, first_day=first_day)
        medians, landmarks, ratios = tables_of.times_by_group(rows, found.names, params, first_day=first_day)
        ours = {n: k for n, k in compared.items() if n != params.by}
        inside = tables_of.in_subgroups(cohort.study, rows, found.names, ours, params)
    responses = _responses(cohort, found)
    values = _values(cohort, found)
    scores = group_tests(values)
    estimates, answer = _words(found, medians, ratios)
    if cohort.study.has("follow_up"):
        status = vital_status(people(cohort.study["follow_up"]), rules.max_unknown_status)
        answer += f" {status.sentence}" if status.sentence else ""
    answer += _response_text(responses, estimates) + _score_text(scores)
    return Result(
        answer=answer,
        headline=_headline(found, {e.name: e for e in estimates}, ratios, medians),
        estimates=tuple(estimates),
        tables={
            MEMBERS.name: MEMBERS.frame(found.rows),
            BASELINE.name: _frame(BASELINE, tables_of.baseline(cohort.study, found, covariates)),
            TIMES.name: _frame(TIMES, medians),
            LANDMARKS.name: _frame(LANDMARKS, landmarks),
            RATIOS.name: _frame(RATIOS, ratios),
            RESPONSE.name: _frame(RESPONSE, responses),
            SCORES.name: SCORES.frame(group_summaries(values)),
            TESTS.name: TESTS.frame(scores),
            SUBGROUPS.name: _frame(SUBGROUPS, inside),
        },
        figures=tuple(_figures(rows, found)) if rows is not None else (),
        people=_people(cohort, found, rows, gone),
        notes=(*_notes(found, ratios, inside), *_not_asked(cohort, params, compared)),
        methods=METHODS,
    )


METHODS = (
    "A group of a sample, status or list is known from that sample's day on: patients are at risk in (entry, exit] "
    "from "
    "then (no immortal time). Lines have their own group; groups of patients hold for the study and for every line.",
    "Kaplan-Meier with log-log limits; Cox regression of each group against the reference with profile (Firth's) "
    "limits, "
    "not adjusted; log-rank over all groups. Shares: Clopper-Pearson, Fisher's exact test. Numbers: t and "
    "order-statistic "
    "intervals over samples, Wilcoxon tests by patient.",
    "Subgroups: one Cox model with group, level and their product, variance clustered by patient (Fay, Graubard 2001); "
    "numbers linear, per standard deviation; Benjamini-Hochberg over the table. Two p-values are never compared.",
)


def _frame(table: OutputTable, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return table.frame([{name: row.get(name) for name in table.schema} for row in rows])


def _responses(cohort: Cohort, found: Groups) -> list[dict[str, Any]]:
    study, rows = cohort.study, []
    for name, tables in (("PSA50", ("labs",)), ("ORR", ("assessments", "target_lesions"))):
        if study.has("treatments") and any(study.has(t) for t in tables):
            judged, counts = cohort.responses(name)
            rows += tables_of.responses_by_group(judged, found, name, missing_counts=counts)
    return rows


def _values(cohort: Cohort, found: Groups) -> pl.DataFrame:
    """measure, sample_id, patient_id, group, value: burden per Mb and every number of samples and of patients.

    A number of the patients table is one value per patient and stands under the patient's own id. The number that the
    groups are cut by is not among them.
    """
    words = (*(n for n, kind in cohort.study.config.covariates.items() if kind != "number"), found.words)
    own = _numbers(cohort.study["samples"], "sample_id", (*NO_SCORE, *words))
    parts = [(n, values.rename({"id": "sample_id"})) for n, values in own]
    if cohort.study.has("calls"):
        burden = cohort.burden.drop_nulls("tmb_per_mb")
        if burden.height:
            parts.append(("burden per Mb", burden.select("sample_id", value="tmb_per_mb")))
    empty = pl.DataFrame(schema={"measure": _T, "sample_id": _T, "patient_id": _T, "group": _T, "value": _F})
    members = found.samples.unique("sample_id", keep="first", maintain_order=True)
    people = found.rows.drop_nulls("group").select("patient_id", "group").unique(maintain_order=True)
    one = people.filter(pl.col("patient_id").is_unique()).with_columns(sample_id=pl.col("patient_id"))
    mine = [
        (n, values.rename({"id": "patient_id"}))
        for n, values in _numbers(cohort.study["patients"], "patient_id", words)
    ]
    named = [members.join(values, on="sample_id").with_columns(measure=pl.lit(name)) for name, values in parts]
    named += [one.join(values, on="patient_id").with_columns(measure=pl.lit(name)) for name, values in mine]
    return pl.concat([empty, *(frame.select(empty.columns) for frame in named)])


def _numbers(table: pl.DataFrame, key: str, besides: tuple[str, ...] = ()) -> list[tuple[str, pl.DataFrame]]:
    """Name, and id and value, of the columns of numbers; further columns are read as text, and are numbers where all
    are."""
    out = []
    for name in (n for n in table.columns if n not in (*besides, key, "patient_id")):
        text = table[name]
        values = text.cast(_F, strict=False)
        is_number = text.dtype.is_numeric() or (text.dtype == _T and values.null_count() == text.null_count())
        if is_number and values.drop_nulls().n_unique() > (0 if text.dtype.is_numeric() else MOST_NUMBERS):
            out.append((name, table.select(id=pl.col(key), value=values)))
    return out


def _safe(text: object) -> str:
    return re.sub(r"[^\w.:+\- ]", "-", str(text))


def _plain(text: object) -> str:
    return str(text).replace("{", "(").replace("}", ")")


def _question(endpoint: str, line: int | None) -> str:
    return endpoint if line is None else f"{endpoint} on line {line}"


def _where(endpoint: str, line: int | None) -> str:
    return f"{endpoint_words(endpoint)}" + ("" if line is None else f" on line {line}")


def _first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the answer: of each endpoint its first place (the study, else the earliest line from 1 on)."""
    order = {name: i for i, name in enumerate(ORDER)}
    kept: dict[str, int | None] = {}
    for row in sorted(rows, key=lambda r: (r["line"] is not None, r["line"] == 0, r["line"] or 0)):
        kept.setdefault(row["endpoint"], row["line"])
    mine = [r for r in rows if r["endpoint"] in order and kept[r["endpoint"]] == r["line"]]
    return sorted(mine, key=lambda r: order[r["endpoint"]])


def _words(found: Groups, medians: list[dict[str, Any]], ratios: list[dict[str, Any]]) -> tuple[list[Estimate], str]:
    sizes = {g: found.rows.filter(pl.col("group") == g)["patient_id"].n_unique() for g in found.names}
    estimates = [Estimate(f"n {_safe(g)}", n, unit="count", question=f"group {g}") for g, n in sizes.items()]
    parts = [f"By {_plain(found.words)}: " + ", ".join(f"{_plain(g)} {{n {_safe(g)}:value}}" for g in sizes) + "."]
    for row in _first(medians):
        upper = float("inf") if row["ci_high"] is None and row["median_months"] is not None else row["ci_high"]
        name = f"median {_safe(_question(row['endpoint'], row['line']))} {_safe(row['group'])}"
        estimates.append(Estimate(name, row["median_months"], row["ci_low"], upper, row["n"], "Kaplan-Meier", "months"))
        row["_name"] = name
    for endpoint in _said(medians):
        mine = [r for r in _first(medians) if r["endpoint"] == endpoint]
        told = "; ".join(
            f"{_plain(r['group'])} "
            + (
                f"{{{r['_name']}}}"
                if r["median_months"] is not None
                else f"{'cannot be told' if r['is_undone'] else 'not reached'} (n = {r['n']}, {r['n_event']} events)"
            )
            for r in mine
        )
        text = f"Median {_where(endpoint, mine[0]['line'])}: {told}."
        for row in (r for r in _first(ratios) if r["endpoint"] == endpoint and not found.by_line):
            text += _ratio_text(row, estimates)
        parts.append(text)
    return estimates, " ".join(parts)


def _said(medians: list[dict[str, Any]]) -> list[str]:
    """The endpoints of the answer: no two that say the same numbers, none but death without any event; rPFS that is PFS
    (no scan of bone) is called so."""
    told: dict[tuple[Any, ...], str] = {}
    for endpoint in dict.fromkeys(r["endpoint"] for r in _first(medians)):
        mine = [r for r in _first(medians) if r["endpoint"] == endpoint]
        if endpoint != "OS" and not any(r["n_event"] for r in mine):
            continue
        numbers = tuple((r["group"], r["n"], r["n_event"], r["median_months"]) for r in mine)
        if endpoint == "PFS" and told.get(numbers) == "rPFS":
            told[numbers] = endpoint
        told.setdefault(numbers, endpoint)
    return list(told.values())[:MOST_SAID]


def _capital(text: str) -> str:
    """The first letter large, the others as they are (PSA stays PSA)."""
    return text[:1].upper() + text[1:]


def _response_text(rows: list[dict[str, Any]], estimates: list[Estimate]) -> str:
    """The shares that responded on the first line of each kind of response."""
    text = ""
    for kind in dict.fromkeys(r["response"] for r in rows):
        line = min(r["line"] for r in rows if r["response"] == kind)
        mine = [r for r in rows if (r["response"], r["line"]) == (kind, line)]
        told = []
        for row in mine:
            name = f"{kind} line {line} {_safe(row['group'])}"
            limits = row["ci_low"], row["ci_high"]
            estimates.append(Estimate(name, row["fraction"], *limits, row["n"], "Clopper-Pearson", "fraction"))
            unseen = (
                f", {row['n_not_judged']} of them not judged and counted as no response" if row["n_not_judged"] else ""
            )
            told.append(f"{_plain(row['group'])} {{{name}}}{unseen}")
        text += f" {_capital(str(endpoint_words(kind)))} (confirmed) on line {line}: {'; '.join(told)}."
    return text


def _score_text(tests: pl.DataFrame) -> str:
    """The numbers that differ most, with their medians and the shift between them."""
    told = [
        f"{_plain(r['measure'])} {r['median_a']:.3g} in {_plain(r['group_a'])} (n = {r['n_a']}) and "
        f"{r['median_b']:.3g} in "
        f"{_plain(r['group_b'])} (n = {r['n_b']}){_shift_text(r)}, p {r['p_value']:.2g}, q {r['q_value']:.2g}"
        for r in tests.drop_nulls("p_value").head(MOST_SCORES).iter_rows(named=True)
    ]
    return f" Medians by patient: {'; '.join(told)}." if told else ""


def _shift_text(row: dict[str, Any]) -> str:
    if row["difference_low"] is None:
        return ""
    low, high = row["difference_low"], row["difference_high"]
    return f", the first less the second {row['difference']:.3g} (95 % CI {low:.3g} to {high:.3g})"


def _changes(row: dict[str, Any]) -> bool:
    p = row.get("p_proportional")
    return p is not None and p < CHANGING and row.get("rmst_difference") is not None


def _ratio_text(row: dict[str, Any], estimates: list[Estimate]) -> str:
    """One group against the largest: a ratio, or days where the ratio changes with time."""
    name = f"{_safe(row['group'])} v {_safe(row['reference'])} {_safe(_question(row['endpoint'], row['line']))}"
    n, who = row["n"] + row["n_reference"], f"{_plain(row['group'])} against {_plain(row['reference'])}"
    if _changes(row):
        limits = row["rmst_ci_low"], row["rmst_ci_high"]
        row["_name"] = name
        estimates.append(Estimate(name, row["rmst_difference"], *limits, n, "restricted means", "days"))
        return (
            f" Of {who}: no single hazard ratio (it changes with time); restricted mean difference to day "
            f"{row['rmst_days']:.0f} {{{name}}}."
        )
    if row["hazard_ratio"] is None:
        return ""
    estimates.append(Estimate(name, row["hazard_ratio"], row["ci_low"], row["ci_high"], n, "Cox, unadjusted", "ratio"))
    row["_name"] = name
    return f" The hazard ratio of {who} is {{{name}}}, unadjusted."


def _headline(
    found: Groups, by_name: dict[str, Estimate], ratios: list[dict[str, Any]], medians: list[dict[str, Any]]
) -> Headline:
    if found.by_line:  # who got which treatment differs in more: no unadjusted ratio of arms in a headline
        return Headline(said("headline.groups.arms", n=len(found.names)), "uncertain", said("reason.not_comparable"))
    for row in _first(ratios):
        if row.get("_name") in by_name:
            number = by_name[row["_name"]]
            told: dict[str, Any] = {"group": _plain(row["group"]), "reference": _plain(row["reference"]), "n": number.n}
            told["endpoint"] = endpoint_words(row["endpoint"])
            if number.unit == "days":
                text = said("headline.groups.days", **told, days=number, day=round(row["rmst_days"]))
                return Headline(text, *difference_light(number), number.name)
            return Headline(said("headline.groups.ratio", **told, ratio=number), *light_of(number), number.name)
    if len(found.names) == 1:
        return cannot(said("headline.groups.one", group=_plain(found.names[0])), said("reason.too_few"))
    if medians:
        return Headline(said("headline.groups.described", n=len(found.names)), "uncertain", said("reason.too_few"))
    return cannot(said("headline.groups.none", n=len(found.names)), said("reason.not_recorded"))


def _people(cohort: Cohort, found: Groups, rows: pl.DataFrame | None, gone: pl.DataFrame | None) -> pl.DataFrame:
    """Each group, and each endpoint of the answer by group."""
    everyone, members = cohort.study["patients"]["patient_id"], found.rows
    out = members.filter(pl.col("group").is_null()).select("patient_id", "line", "reason")
    whole = out.group_by("patient_id").agg(pl.col("reason").unique().sort().str.join("; "))
    inside = members.drop_nulls("group")
    parts = [counted("in a group", everyone, inside, whole.join(inside, on="patient_id", how="anti"))]
    for group in found.names:
        mine = inside.filter(pl.col("group") == group)
        other = inside.join(mine, on="patient_id", how="anti").select(
            "patient_id", pl.lit("another group").alias("reason")
        )
        nowhere = whole.join(inside, on="patient_id", how="anti")
        parts.append(counted(f"group {group}", everyone, mine, pl.concat([other.unique(), nowhere])))
    if rows is None or gone is None:
        return ledger(parts)
    for (endpoint, line), part in rows.group_by("endpoint", "line", maintain_order=True):
        late = gone.filter((pl.col("endpoint") == endpoint) & pl.col("line").eq_missing(line))
        none = f"no record of {endpoint}"
        name = _question(str(endpoint), line)  # type: ignore[arg-type]
        if found.by_line:
            of_it = cohort.lines.filter(pl.col("line") == line)
            parts.append(of_lines(name, part, late, of_it, everyone, rest=f"{none}, or in no group"))
        else:
            left = pl.concat([late.select("patient_id", "reason"), whole])
            parts.append(counted(name, everyone, part, left, rest=none))
    return ledger(parts)


def _notes(found: Groups, ratios: list[dict[str, Any]], inside: list[dict[str, Any]]) -> tuple[str, ...]:
    notes = ["Groups that nobody drew by lot differ in more than their name: a ratio here is no effect of the group."]
    by_spelling: dict[str, list[str]] = {}
    for name in found.names:
        by_spelling.setdefault("".join(name.casefold().split()), []).append(name)
    notes += [
        _plain(f"{' and '.join(sorted(alike))} are told apart by their spelling alone: are they one group?")
        for alike in by_spelling.values()
        if len(alike) > 1
    ]
    if found.by_line:
        notes.append(
            "Treatments are compared, adjusted for what is recorded, in treatment; ratios here are in the table."
        )
    members = found.rows.drop_nulls("group").select("patient_id", "group").unique()
    for group, part in members.group_by("group", maintain_order=True):
        unread = part["patient_id"].is_in(sorted(found.assumed)).sum()
        if unread:
            notes.append(_plain(f"{unread} of {part.height} are assumed, not measured: {group[0]}."))
    out = found.rows.filter(pl.col("group").is_null())
    for reason, n in out.group_by("reason").len().sort(["len", "reason"], descending=[True, False]).head(5).iter_rows():
        notes.append(_plain(f"{n} in no group: {reason}."))
    if found.rows["day"].drop_nulls().len() and not found.by_line:
        notes.append("The group is known from a sample's day on: patients are at risk from then, not before.")
    if len(ratios) > 3:
        notes.append(f"{len(ratios)} comparisons over endpoints and lines are not corrected for their number.")
    tests = sorted((r for r in inside if r.get("q_value") is not None), key=lambda r: r["p_value"])
    shown = [r for r in tests if any(r is place for place in _first(tests))] or tests
    hits = [r for r in shown if r["q_value"] < 0.05]
    tested = len(tests)
    if tested:
        told = "; ".join(_interaction_text(r) for r in (hits or shown[:1])[:3])
        words = told if hits else f"none stands after correction for their number; the strongest: {told}"
        notes.append(_plain(f"{tested} interactions with a covariate were tested: {words} (table subgroups)."))
    return tuple(notes)


def _not_asked(cohort: Cohort, params: GroupParams, compared: dict[str, str]) -> tuple[str, ...]:
    """What to write where columns of patients are asked by nothing."""
    left = {n: k for n, k in unnamed_columns(cohort.study).items() if n not in (params.by, *compared)}
    if not left or params.subgroups:
        return ()
    usual = {n: k for n, k in compared.items() if n in cohort.study["patients"].columns and n != params.by}
    names = ", ".join(f"{n}: {k}" for n, k in {**usual, **left}.items())
    return (
        _plain(
            f"Not compared at the start, and without a test of interaction: {', '.join(left)}. Where they were known at "
            f"the start, write below covariates: in study.yaml, a line each: {names}."
        ),
    )


def _interaction_text(row: dict[str, Any]) -> str:
    """The ratio of two hazard ratios, where and of which groups."""
    return (
        f"{row['covariate']} {row['level']}, {_where(row['endpoint'], row['line'])}: the hazard ratio of "
        f"{row['group']} "
        f"against {row['reference']} times {row['ratio']:.2f} (95 % CI {row['ci_low']:.2f}-{row['ci_high']:.2f}), "
        f"p {row['p_value']:.2g}, q {row['q_value']:.2g}"
    )


def _figures(rows: pl.DataFrame, found: Groups) -> list[Figure]:
    from oncourse.derive.outcomes.curves import km_groups
    from oncourse.plots.survival import survival_figure

    out = []
    heads = [
        {"endpoint": e, "line": n} for e, n in rows.select("endpoint", "line").unique(maintain_order=True).iter_rows()
    ]
    for head in _first(heads):
        part = rows.filter((pl.col("endpoint") == head["endpoint"]) & pl.col("line").eq_missing(head["line"]))
        time, event, entry = tables_of.arrays(part)
        masks = {g: np.asarray(part["group"] == g) for g in found.names if (part["group"] == g).any()}
        drawn, _ = km_groups(time, event, entry, masks, part["patient_id"].to_list())
        words = _where(head["endpoint"], head["line"])
        out.append(
            Figure(
                _safe(f"km_{head['endpoint']}").replace(" ", "_"),
                f"{words[:1].upper()}{words[1:]} by {found.words}",
                "Kaplan-Meier with 95 % limits, censoring marks and numbers at risk; not adjusted.",
                partial(survival_figure, drawn, ylabel=str(endpoint_words(head["endpoint"]))),
            )
        )
    return out
