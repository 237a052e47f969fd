"""The sentences of findings and prognosis: its answer, the line of page one, what was left out."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate
from oncourse.analyses._headline import (
    LEADING_EVENTS,
    Headline,
    can_lead,
    cannot,
    endpoint_words,
    feature_words,
    light_of,
)
from oncourse.derive.outcomes.features import FeatureTable
from oncourse.derive.outcomes.outcome_scan import CHANGING, OutcomeScan
from oncourse.words.catalogue import Said, said

#: Tests named beforehand that the answer tells one by one.
MOST_NAMED = 12


def response_words(responses: pl.DataFrame, alpha: float) -> tuple[tuple[Estimate, ...], str]:
    """Return the numbers and the sentence on response: pre-specified tests, then findings at `alpha`."""
    tested = responses.drop_nulls("p_value").filter(pl.col("same_as").is_null())
    if tested.is_empty():
        return (), ""
    hits = tested.filter((pl.col("q_value") <= alpha) & (pl.col("kind") != "covariate"))
    shown = pl.concat([tested.filter("is_prespecified").head(6), hits.head(3)])
    shown = shown.unique(["feature", "endpoint"], keep="first", maintain_order=True)
    exploratory = tested.filter(~pl.col("is_prespecified")).height
    estimates = [Estimate("response tests", exploratory, n=None, unit="count")]
    texts: dict[bool, list[str]] = {True: [], False: []}
    for row in shown.iter_rows(named=True):
        name = _name(row)
        estimates.append(
            Estimate(name, row["odds_ratio"], row["ci_low"], row["ci_high"], row["n"], "Firth logistic", "ratio")
        )
        words = f"{feature_words(row['feature'])} with {endpoint_words(row['endpoint'])}, odds ratio {{{name}}}"
        texts[row["is_prespecified"]].append(words)
    lead = f"Pre-specified tests of response: {len(texts[True])}. " if texts[True] else ""
    named = lead + "".join(f"{text}. " for text in texts[True])
    if not exploratory:
        return tuple(estimates), named.strip()
    many = "After correction for {response tests:value} exploratory tests against response to treatment, "
    none = many + "no finding was associated with it."
    return tuple(estimates), named + ("".join(f"{many}{text}." for text in texts[False][:1]) if texts[False] else none)


def _name(row: dict[str, object]) -> str:
    """The name of an estimate: letters, digits and a few signs only."""
    return re.sub(r"[^\w.:+\- ]", " ", f"{row['feature']} {row['endpoint']}")


def answer_words(tested: pl.DataFrame, alpha: float) -> tuple[tuple[Estimate, ...], str]:
    """Pre-specified findings first, each with its own estimate; then what is exploratory, at its false discovery
    rate."""
    named = tested.filter("is_prespecified")
    rest = tested.filter(~pl.col("is_prespecified"))
    hits = rest.filter(pl.col("q_value") <= alpha)
    groups = {
        "Exploratory": hits.filter(pl.col("kind") != "covariate").head(3),
        "Clinical": hits.filter(pl.col("kind") == "covariate").head(3),
    }
    estimates = [
        Estimate("tests", rest.height, n=None, unit="count"),
        Estimate("hits", hits.filter(pl.col("kind") != "covariate").height, n=None, unit="count"),
    ]
    parts: list[str] = []
    first = _told_first(named, _effects(named, estimates), estimates)  # of every one: the headline counts them all
    if first:  # said once: with twelve of them the paper's Results began twelve sentences alike
        follow = f", of which {MOST_NAMED} follow" if len(first) > MOST_NAMED else ""
        parts.append(f"Pre-specified tests: {len(first)}{follow}.")
        parts.extend(f"{text}." for text in first[:MOST_NAMED])
    share = f"(false discovery rate {100 * alpha:g} %)"
    if hits.height:
        after = f"After correction for {{tests:value}} exploratory tests {share}"
        clinical = int((hits["kind"] == "covariate").sum())
        estimates.append(Estimate("clinical hits", clinical, n=None, unit="count"))
        more = ", and {clinical hits:value} clinical ones" if clinical else ""
        parts.append(f"{after}, {{hits:value}} associations with outcome held{more}.")
    elif rest.height:
        parts.append(
            f"After correction for {{tests:value}} exploratory tests {share}, no finding was associated with outcome. "
            "An effect may still exist: the smallest hazard ratio that could have been seen stands beside each finding."
        )
    for words, group in groups.items():
        texts = _effects(group, estimates)
        if texts:
            parts.extend(f"{words}: {text}." for text in texts)
    return tuple(estimates), " ".join(parts)


def _told_first(named: pl.DataFrame, texts: list[str], estimates: list[Estimate]) -> list[str]:
    """The phrases of the tests named beforehand; where not all are told, those that leave out no effect come first, so
    that page one speaks of none that the answer has not."""
    if len(texts) <= MOST_NAMED:
        return texts
    by_name = dict(zip(map(_name, named.drop_nulls("hazard_ratio").iter_rows(named=True)), texts, strict=True))
    first = [_name(row) for row in _apart(named, {e.name: e for e in estimates})]
    return [by_name[name] for name in dict.fromkeys([*first, *by_name])]


def headline_of(tested: pl.DataFrame, found: dict[str, Estimate], alpha: float) -> Headline:
    """What was named beforehand first, then what holds after correction; a ratio on too few events leads nothing.

    Without either, that only large effects could be seen.
    """
    named, rest = tested.filter("is_prespecified"), tested.filter(~pl.col("is_prespecified"))
    hits = rest.filter((pl.col("q_value") <= alpha) & (pl.col("kind") != "covariate"))
    apart = _apart(named, found)
    if rest.is_empty():
        return _only_named(tested, found)
    if apart:
        return _named_headline(apart, named.height, found, _others(rest.height, hits.height))
    counts = {"tests": rest.height, "hits": hits.height}
    counts |= {"of": named.height} if named.height else {}
    if hits.is_empty():
        n = max(tested["n"].to_list(), default=0)
        text = said("headline.biomarkers.none", tests=rest.height, patients=n)
        return Headline(text, "uncertain", said("reason.nothing_found"), "hits")
    key = "headline.biomarkers.hits" + ("_not_named" if named.height else "")
    first = next((row for row in hits.iter_rows(named=True) if _leads(row)), None)
    if first is None:
        text = said(f"{key}_few", **counts, least=LEADING_EVENTS)
        return Headline(text, "uncertain", said("reason.few_events_with"), "hits")
    told = {"what": feature_words(first["feature"]), "endpoint": endpoint_words(first["endpoint"])}
    ratio = found.get(_name(first))
    if ratio is not None and ratio.unit == "ratio":
        return Headline(said(key, **counts, **told, ratio=ratio), "uncertain", said("reason.one_by_one"), ratio.name)
    return Headline(said(f"{key}_plain", **counts, **told), "uncertain", said("reason.one_by_one"), "hits")


def _only_named(tested: pl.DataFrame, found: dict[str, Estimate]) -> Headline:
    """The first ratio where nothing but what was named beforehand was tested."""
    for row in tested.iter_rows(named=True):
        ratio = found.get(_name(row))
        if ratio is not None and ratio.unit == "ratio":
            text = said(
                "headline.biomarkers.named",
                what=feature_words(row["feature"]),
                endpoint=endpoint_words(row["endpoint"]),
                ratio=ratio,
                patients=ratio.n,
            )
            light = light_of(ratio) if _leads(row) else ("uncertain", said("reason.few_events_with"))
            return Headline(text, *light, ratio.name)
    return cannot(said("headline.too_few"), said("reason.too_few"))


def _others(tests: int, hits: int) -> Said:
    """What the exploratory tests beside the named ones showed."""
    key = "beside.others" if hits else "beside.no_others"
    return said(key, tests=tests, **({"hits": hits} if hits else {}))


#: Whether a ratio is told, whether several findings went with outcome -> the sentence of those named beforehand.
_NAMED = {
    (True, True): "headline.biomarkers.named_first",
    (True, False): "headline.biomarkers.named_one",
    (False, True): "headline.biomarkers.named_days",
    (False, False): "headline.biomarkers.named_one_days",
}


def _named_headline(apart: list[dict[str, Any]], of: int, found: dict[str, Estimate], others: Said) -> Headline:
    """The pre-specified finding with the smallest p that rests on enough events; without one, that none does."""
    told: dict[str, Any] = {"of": of, "others": others} | ({"n": len(apart)} if len(apart) > 1 else {})
    first = next(filter(_leads, apart), None)
    if first is None:
        key = "headline.biomarkers.named_few" if len(apart) > 1 else "headline.biomarkers.named_one_few"
        told |= {"least": LEADING_EVENTS}
        told |= {} if len(apart) > 1 else {"what": feature_words(apart[0]["feature"])}
        return Headline(said(key, **told), "uncertain", said("reason.few_events_with"))
    effect = found[_name(first)]
    told |= {"what": feature_words(first["feature"]), "endpoint": endpoint_words(first["endpoint"])}
    told |= {"ratio": effect} if effect.unit == "ratio" else {"days": effect, "day": round(first["rmst_days"])}
    key = _NAMED[effect.unit == "ratio", len(apart) > 1]
    if len(apart) == of > 1:
        key = "headline.biomarkers.named_all" + ("" if effect.unit == "ratio" else "_days")
        told.pop("n")
    words = said(key, **told)
    return Headline(words, "uncertain", said("reason.named"), effect.name)


def _apart(named: pl.DataFrame, found: dict[str, Estimate]) -> list[dict[str, Any]]:
    """The pre-specified tests whose interval leaves out no effect, the smallest p first.

    The interval is that of the estimate that is told: of restricted means where the hazard ratio changes with time.
    They are no part of the exploratory tests, so that "no finding" must not be said over their heads.
    """
    rows = named.drop_nulls("hazard_ratio").sort("p_value", "feature", "endpoint").iter_rows(named=True)
    return [row for row in rows if (e := found.get(_name(row))) is not None and _leaves_out_no_effect(e)]


def _leads(row: dict[str, Any]) -> bool:
    return can_lead(row["n_event"], row["n_event_altered"])


def _leaves_out_no_effect(effect: Estimate) -> bool:
    """Whether the interval of a ratio leaves out 1, that of a difference 0."""
    none = 1.0 if effect.unit == "ratio" else 0.0
    return (effect.ci_low is not None and effect.ci_low > none) or (
        effect.ci_high is not None and effect.ci_high < none
    )


def _effects(rows: pl.DataFrame, estimates: list[Estimate]) -> list[str]:
    """One phrase per row: a ratio, of numbers per standard deviation; restricted means where it changes with time."""
    out = []
    for row in rows.drop_nulls("hazard_ratio").iter_rows(named=True):
        who = f"{feature_words(row['feature'])} with {endpoint_words(row['endpoint'])}"
        name, n = _name(row), row["n"]
        changes = row["p_proportional"] is not None and row["p_proportional"] < CHANGING
        if changes and row["rmst_difference"] is not None:
            limits = row["rmst_ci_low"], row["rmst_ci_high"]
            estimates.append(Estimate(name, row["rmst_difference"], *limits, n, "restricted means", "days"))
            out.append(
                f"{who}, mean to day {row['rmst_days']:,.0f} with less without is {{{name}}} "
                "(the hazard ratio changes with time)"
            )
            continue
        limits = row["ci_low"], row["ci_high"]
        estimates.append(Estimate(name, row["hazard_ratio"], *limits, n, f"Cox, {row['ci_method']}", "ratio"))
        per = f" {row['per']}" if row["sd"] else ""
        doubt = ", which changes with time" if changes else ""
        out.append(f"{who}, hazard ratio {{{name}}}{per}{doubt}")
    return out


def notes_of(
    found: OutcomeScan,
    features: FeatureTable,
    skipped: list[str],
    covariates: dict[str, str],
    tested: pl.DataFrame,
) -> list[str]:
    """Return the notes: what is exploratory, who entered late, what was skipped or could not be tested, and why."""
    notes = ["Findings that were not pre-specified are exploratory; association is not cause."]
    if found.late:
        notes.append(
            f"{len(found.late)} patients enter after the start, on the day their sample was taken: the naive estimate "
            "(column naive_hazard_ratio) counts the time before, which only survivors have."
        )
    if enrolled := found.enrolled_late - set(found.late):  # whose entry is the sample was told above
        notes.append(
            f"{len(enrolled)} patients came under observation after the start (follow_up.entry_day) and are at "
            "risk from that day on; the naive estimate (column naive_hazard_ratio) counts the time before, which only "
            "survivors have."
        )
    for name, n in found.missing_response.items():
        what = "any PSA" if name == "PSA50" else "an evaluable visit"
        section = "psa" if name == "PSA50" else "imaging"
        notes.append(
            f"{name}: {n} patients have no line with {what} and count as non-responders, as in the rates of response "
            f"({section}.missing_in_denominator=no leaves them out)."
        )
    if found.assumed:
        notes.append(
            f"For {len(found.assumed)} patients the sample has no day; their findings count from the start "
            "(time_rule assumed_baseline), which flatters findings of late samples."
        )
    if skipped:
        notes.append(f"Endpoints left out: {', '.join(skipped)}.")
    if features.left_out:
        parts = ", ".join(f"{n} of kind {kind}" for kind, n in sorted(features.left_out.items()))
        notes.append(f"Altered in too few patients to be made a feature: {parts}.")
    if any("clones" in block.kinds for block in features.blocks):
        notes.append(
            "Clone features (clones:...) rest on clusters and trees of every patient, which is what takes long in a "
            "study "
            "of exomes: --set features.clones=no --set features.seeding=no leaves them out."
        )
    same = sorted({(row["feature"], row["same_as"]) for row in found.rows if row["same_as"]})
    if same:
        listed = ", ".join(f"{feature} = {other}" for feature, other in same[:6])
        notes.append(f"The same patients, so one test: {listed}{' and more' if len(same) > 6 else ''}.")
    adjusted = tested["adjusted_hazard_ratio"].drop_nulls().len()
    if covariates and adjusted:
        named = ", ".join(map(feature_words, sorted(found.used)))
        notes.append(f"Adjusted for {named}, on patients who have all of them ({adjusted} tests).")
        unused = sorted(set(covariates) - found.used)
        if unused:
            notes.append(f"Not adjusted for {', '.join(unused)}: not recorded, or the same in all patients.")
    elif covariates:
        itself = {
            row["feature"].partition(":")[2] for row in found.rows if row["kind"] == "covariate" and row["same_as"]
        }
        why = "the findings are the covariates" if set(covariates) <= itself else "too few patients have all of them"
        notes.append(f"No test could be adjusted for {', '.join(sorted(covariates))}: {why}.")
    if found.incomplete:
        notes.append(f"{found.incomplete} patients lack a covariate and are left out of the adjusted estimates only.")
    if found.unadjusted:
        notes.append(f"{found.unadjusted} tests have too few events to be adjusted (5 per coefficient).")
    judged = tested.drop_nulls("p_proportional")
    if judged.height:
        changing = judged.filter(pl.col("p_proportional") < CHANGING).height
        notes.append(
            f"The hazard ratio changes with time (p < {CHANGING:g}) in {changing} of the {judged.height} tests with enough "
            "events to ask."
        )
    exact = tested.filter(pl.col("p_method").is_in(["permutation", "saddlepoint"])).height
    if exact:
        notes.append(f"{exact} p-values come from the permutation law, as few events were expected.")
    return notes
