"""The sentences of the treatment comparison: its target trials, pairs, interactions and caveats."""

from __future__ import annotations

import math
from typing import Any

from oncourse.analyses._base import Estimate
from oncourse.analyses._headline import (
    Headline,
    cannot,
    difference_light,
    endpoint_short,
    endpoint_words,
    feature_words,
    light_of,
    line_words,
)
from oncourse.analyses._treatment_choice import arm_name, choice_text, common_words, key_of, line_of, refused_notes
from oncourse.days import DAYS_PER_MONTH
from oncourse.derive.outcomes.treatment_comparisons import Comparisons
from oncourse.derive.outcomes.treatment_pairs import hypotheses_of
from oncourse.derive.outcomes.treatment_units import OTHER_DEATH
from oncourse.knowledge.drugs import treatment_name
from oncourse.words.catalogue import Said, braceless, joined, said
from oncourse.words.readable import n_words

#: Most words of a model's warning: before it stands the comparison.
LONGEST_OF_MODELS = 20
#: Said where there is no comparison at all.
_NO_PAIR = " No two treatments of a line could be compared."
#: Most pairs of treatments in the answer.
MOST_PAIRS = 3
#: A group of fewer lines is named beside an interaction.
FEW_LINES = 20
#: Standardised difference above which arms are not alike (Austin 2009); p below which a hazard ratio changes with time.
APART, CHANGING = 0.1, 0.05


def pair_name(endpoint: str, line: int, arm: str, reference: str) -> str:
    """The question of the ledger of one comparison."""
    return f"line {line}, {endpoint}: {arm_name(arm)} v {arm_name(reference)}"


def in_words(text: str) -> str:
    """A warning of the models with its covariates in words."""
    for written, words in (("lab:", ""), ("marker:", ""), ("prior:", "earlier "), ("age_years", "age")):
        text = text.replace(written, words)
    return ". ".join(_first_of_many(part[:1].upper() + part[1:]) for part in text.split("; "))


def _first_of_many(sentence: str) -> str:
    """A sentence of a model that lists more than can be read at once: the first, and how many more.

    >>> _first_of_many("The arms are not alike in age (0.42), sex (0.3)")
    'The arms are not alike in age (0.42), sex (0.3)'
    >>> _first_of_many("The arms are not alike in " + ", ".join(["age above its median where X is 1 or more"] * 3))
    'The arms are not alike in age above its median where X is 1 or more and 2 more'
    """
    first, *more = sentence.split(", ")
    return f"{first} and {len(more)} more" if more and n_words(sentence) > LONGEST_OF_MODELS else sentence


def _versus(row: dict[str, Any]) -> str:
    return f"{arm_name(row['arm'])} v {arm_name(row['reference'])}"


def trials(compared: Comparisons, landmark_days: int, estimand: str) -> list[str]:
    """The trial that each comparison of the headline's line and endpoint stands for (Hernan & Robins 2016)."""
    best = headline_rows(compared.comparison)
    if not best:
        return []
    endpoint, line = best[0]["endpoint"], best[0]["line"]
    out = []
    later = f" and {landmark_days} days, alive and followed then" if landmark_days else ""
    policy = estimand.replace("_", " ")
    mine = [r for r in compared.comparison if (r["endpoint"], r["line"]) == (endpoint, line)]
    pairs = sorted({(r["arm"], r["reference"]) for r in mine})
    for arm, reference in pairs[:MOST_PAIRS]:
        known = [
            feature_words(b["covariate"])
            for b in compared.balance
            if (b["endpoint"], b["line"], b["arm"], b["reference"]) == (endpoint, line, arm, reference)
        ]
        row = next(r for r in mine if (r["arm"], r["reference"]) == (arm, reference))
        without = "too few patients for the covariates" if _is_too_few(row) else "no covariate recorded"
        by_lot = known and not _is_too_few(row)
        given = f"as if drawn by lot given {', '.join(known)}" if by_lot else f"as if drawn by lot: {without}"
        choice = compared.choices.get(key_of(row))
        who = f" ({', '.join(common_words(choice))})" if choice is not None else ""
        out.append(
            f"Target trial of {arm_name(arm)} v {arm_name(reference)}. Eligible: patients who start line {line} "
            f"with either{who}, background treatment as it was. Time zero: start of the line{later}. "
            f"Outcome: {endpoint_words(endpoint)}. "
            f"Estimand: {policy}. Assignment: {given}."
        )
    return out


def _controls(compared: Comparisons) -> list[dict[str, Any]]:
    """The negative control of each comparison of the answer: its weighted ratio, else the unadjusted one."""
    mine, order = ordered_pairs(compared)
    out = []
    for _, arm, reference in order[:MOST_PAIRS]:
        rows = {
            r["method"]: r
            for r in compared.comparison
            if (r["endpoint"], r["line"], r["arm"], r["reference"]) == (OTHER_DEATH, mine[0]["line"], arm, reference)
            and r["estimate_name"] == "hazard_ratio"
        }
        row = rows.get("overlap") or rows.get("unadjusted")
        if row is not None:
            out.append(row)
    return out


def _differs(row: dict[str, Any]) -> bool:
    return not row["ci_low"] <= 1 <= row["ci_high"]


def _control_text(compared: Comparisons, estimates: list[Estimate]) -> str:
    """A caveat that stands in the answer: deaths that no treatment should change differ between the arms too."""
    text = ""
    for row in filter(_differs, _controls(compared)):
        name = f"negative control {row['arm']} {row['reference']}".replace(";", "+")
        name = "".join(c if c.isalnum() or c in "_.:+- " else "-" for c in name)
        n = row["n_arm"] + row["n_reference"]
        estimates.append(Estimate(name, row["estimate"], row["ci_low"], row["ci_high"], n, row["method"], "ratio"))
        two = f"{treatment_name(row['arm'])} and {treatment_name(row['reference'])}"
        text += (
            f" Deaths of other causes, which neither treatment should change, differ too between {two} (hazard ratio "
            f"{{{name}}}): the arms differ in something unrecorded, and so may the ratio above."
        )
    return text


def _control_notes(compared: Comparisons) -> list[str]:
    """The negative controls that find nothing, with how much they could have found."""
    return [
        f"Negative control, death of another cause in {_versus(r)} "
        f"({r['n_event_arm'] + r['n_event_reference']} deaths): hazard ratio {r['estimate']:.2f} "
        f"({r['ci_low']:.2f}-{r['ci_high']:.2f}); it shows no hidden difference, and excludes none inside this "
        f"interval."
        for r in _controls(compared)
        if not _differs(r)
    ]


def _unused_notes(compared: Comparisons) -> list[str]:
    """Covariates that did not enter the comparisons of the headline's line and endpoint, with the reason."""
    mine, order = ordered_pairs(compared)
    out = []
    for _, arm, reference in order[:MOST_PAIRS]:
        unused = compared.unused.get((mine[0]["endpoint"], mine[0]["line"], arm, reference))
        if unused:  # each is "name (why)"
            reasons: dict[str, list[str]] = {}
            for name, _, why in (text.rpartition(" (") for text in unused):
                reasons.setdefault(why.removesuffix(")"), []).append(feature_words(name))
            words = "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())
            out.append(f"Not adjusted for in {arm_name(arm)} v {arm_name(reference)}: {words}.")
    return out


def withheld_notes(compared: Comparisons) -> tuple[str, ...]:
    """One line per pair of arms that may be one treatment."""
    return tuple(
        f"{arm_name(arm)} and {arm_name(reference)} are not compared: {why}. Correct the name, or list a new drug in "
        "treatment.new_drugs"
        for (arm, reference), why in sorted(compared.withheld.items())
    )


METHODS = (
    "Time runs from the start of the line; groups are the drugs started with it, never something that happened later. "
    "Risk set (entry, exit]. Reference = the more frequent treatment.",
    "Adjusted: Cox regression with the covariates known at the start, earlier drug classes, and the findings by which "
    "the "
    "treatments are chosen (RAS, side, MSI/MMR, BRAF, AR-V7, HRR, visceral metastases; known by then). Overlap: weights "
    "1 - e and e (Li, Morgan & Zaslavsky 2018), the mean effect in patients who could have had either; iptw: stabilised "
    "inverse "
    "probability, everyone's mean effect; robust variance. Doubly robust: augmented overlap-weighted difference of "
    "pseudo-values (Andersen 2003). Missing covariates: conditional means.",
    "Interaction: Cox model with treatment, marker and their product, stratified by line, clustered by patient. The "
    "marker "
    "is the last assessable one by the line's start. A prognostic marker alone changes the hazard on both treatments.",
    "E-value: VanderWeele & Ding 2017, for a common outcome. Policy: cross-fitted doubly robust scores.",
)


def answer_text(compared: Comparisons, tested: list[dict[str, Any]]) -> tuple[tuple[Estimate, ...], str]:
    """Return the numbers of the answer and its text (braces name them): by line, controls, markers."""
    estimates: list[Estimate] = []
    text = _pairs_text(compared, estimates)
    pairs = len({(r["endpoint"], r["line"], r["arm"], r["reference"]) for r in compared.comparison})
    estimates.append(Estimate("n_comparisons", pairs, unit="count"))
    text += _control_text(compared, estimates)
    text += " The table holds {n_comparisons} comparisons of two treatments." if pairs else _NO_PAIR
    names: dict[tuple[str, str, str, str], str] = {}
    for row in tested:
        if not row["is_prespecified"] or row["hazard_ratio_ratio"] is None or _changes(row):
            continue
        name = f"interaction {row['marker']} {row['arm']} {row['reference']} {row['endpoint']}".replace(";", "+")
        name = "".join(c if c.isalnum() or c in "_.:+- " else "-" for c in name)
        estimates.append(
            Estimate(
                name,
                row["hazard_ratio_ratio"],
                row["ci_low"],
                row["ci_high"],
                row["n"],
                "Cox interaction",
                "ratio",
            )
        )
        names[row["marker"], row["arm"], row["reference"], row["endpoint"]] = name
    named = [r for r in tested if r["is_prespecified"] and _is_class(r)]
    text += interaction_text([r for r in named if not _changes(r)], names)
    text += _changing_text([r for r in named if _changes(r)])
    if not any(r["is_prespecified"] and r["hazard_ratio_ratio"] is not None for r in tested):
        text += " No interaction that the design names could be estimated; the limits say why for each."
    return tuple(estimates), text.strip()


def ordered_pairs(compared: Comparisons) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]]]:
    """The rows of the headline's line and endpoint, and its pairs of treatments, largest first."""
    best = headline_rows(compared.comparison)
    if not best:
        return [], []
    mine = [r for r in compared.comparison if (r["endpoint"], r["line"]) == (best[0]["endpoint"], best[0]["line"])]
    return mine, sorted({(r["n_arm"] + r["n_reference"], r["arm"], r["reference"]) for r in mine}, reverse=True)


def _is_too_few(row: dict[str, Any]) -> bool:
    """Whether covariates are recorded, and an arm has too few patients for a score of them (see `models.compare`)."""
    return "propensity score of" in (row.get("warning") or "")


def _balance_of(compared: Comparisons, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the balance table of one comparison."""
    keys = ("endpoint", "line", "arm", "reference")
    return [b for b in compared.balance if all(b[k] == row[k] for k in keys)]


def first_pair(compared: Comparisons, tested: list[dict[str, Any]], found: dict[str, Estimate]) -> Headline:
    """The largest comparison in one sentence: its weighted ratio, days gained, or why there is neither."""
    mine, order = ordered_pairs(compared)
    if not order:
        markers = [r["marker"] for r in tested if r["hazard_ratio_ratio"] is not None]
        return cannot(said("headline.treatment.marker", marker=markers[0]), said("reason.too_few"))
    n, arm, reference = order[0]
    rows = [r for r in mine if (r["arm"], r["reference"]) == (arm, reference)]
    told = {"arm": treatment_name(arm), "reference": treatment_name(reference), "line": line_of(compared, rows[0])}
    weighted = any(r["method"] == "overlap" for r in rows)
    differ = _differ(_balance_of(compared, rows[0]))
    if differ and not weighted:
        covariates = [braceless(feature_words(c)) for c in differ[:2]]
        return cannot(said("headline.treatment.apart", **told, covariates=covariates), said("reason.not_comparable"))
    told |= {"endpoint": endpoint_words(rows[0]["endpoint"]), "n": n}
    if (turning := _turning(rows, found, weighted)) is not None:
        days, share, months = turning
        more = _hidden(rows, "milestone_difference", "doubly_robust") if weighted else {}
        key = "milestone_hidden" if more else "milestone" if weighted else "milestone_unadjusted"
        text = said(f"headline.treatment.{key}", **told, days=days, share=share, months=months, **more)
        return Headline(text, *_sure(share, weighted), share.name)
    for name in ("hazard ratio overlap", "hazard ratio unadjusted", "rmst doubly_robust", "rmst rmst"):
        if name in found:
            key, part = ("difference", "days") if name.startswith("rmst") else ("ratio", "ratio")
            more = {}
            if name.endswith("unadjusted"):
                key = "ratio_unadjusted"
            elif key == "ratio" and (more := _hidden(rows, "hazard_ratio", name.removeprefix("hazard ratio "))):
                key = "ratio_hidden"
            if part == "days":
                more = _hidden(rows, "milestone_difference", "doubly_robust") if weighted else {}
                key = "difference_hidden" if more else "difference_unadjusted" if name == "rmst rmst" else key
                more |= {"day": _horizon(rows)}
            text = said(f"headline.treatment.{key}", **told, **{part: found[name]}, **more)
            return Headline(text, *_sure(found[name], weighted), name)
    told = {k: told[k] for k in ("arm", "reference", "line")}
    return cannot(said("headline.treatment.no_estimate", **told), said("reason.no_value"))


def _horizon(rows: list[dict[str, Any]]) -> int:
    """The day up to which means are restricted."""
    return round(next(r["horizon_days"] for r in rows if r["estimate_name"] == "rmst_difference"))


def _hidden(rows: list[dict[str, Any]], kind: str, method: str) -> dict[str, Any]:
    """The E-value of an effect whose interval leaves out none: what something unrecorded would need; else nothing."""
    row = next((r for r in rows if (r["estimate_name"], r["method"]) == (kind, method)), None)
    if row is None or row["e_value"] is None or row["e_value_limit"] in (None, 1.0):
        return {}
    return {"e_value": round(row["e_value"], 1), "limit": round(row["e_value_limit"], 1)}


def _hidden_text(rows: list[dict[str, Any]], kind: str, method: str) -> str:
    found = _hidden(rows, kind, method)
    if not found:  # an interval that holds no effect needs nothing hidden to be explained
        return ""
    return (
        f". To explain this away, something unrecorded would need a risk ratio of {found['e_value']:.1f} with both "
        f"treatment and outcome ({found['limit']:.1f} for the end of the interval)"
    )


def _turning(
    rows: list[dict[str, Any]], found: dict[str, Estimate], weighted: bool
) -> tuple[Estimate, Estimate, int] | None:
    """Mean difference, difference at the milestone and its month, where only the second tells the arms apart.

    Curves that cross have means that are alike and ends that are not: "no effect" of the means would be no answer.
    """
    days = found.get("rmst doubly_robust" if weighted else "rmst rmst")
    share = found.get("milestone doubly_robust" if weighted else "milestone milestone")
    at = next((r["horizon_days"] for r in rows if r["estimate_name"] == "milestone_difference"), None)
    if days is None or share is None or at is None or _is_apart(days) or not _is_apart(share):
        return None
    return days, share, round(at / DAYS_PER_MONTH)


def _is_apart(difference: Estimate) -> bool:
    low, high = difference.ci_low, difference.ci_high
    return low is not None and high is not None and (low > 0 or high < 0)


def _sure(found: Estimate, weighted: bool) -> tuple[str, Said]:
    """Light of an effect: a difference is told apart from 0; an unadjusted one answers nothing."""
    if not weighted:
        return "uncertain", said("reason.not_comparable")
    if found.unit == "ratio" or found.ci_low is None or found.ci_high is None:
        return light_of(found)
    return difference_light(found)


def _differ(balance: list[dict[str, Any]]) -> list[str]:
    """Covariates in which the arms are not alike, the worst first; one value in each arm has no standardised
    difference and is the worst."""
    apart = [
        b for b in balance if (b["mean_arm"] != b["mean_reference"] if b["smd"] is None else abs(b["smd"]) > APART)
    ]
    apart.sort(key=lambda b: -math.inf if b["smd"] is None else -abs(b["smd"]))
    return [b["covariate"] for b in apart]


def _pairs_text(compared: Comparisons, estimates: list[Estimate]) -> str:
    """The pairs of the headline's line and endpoint, largest first; their estimates are added to `estimates`."""
    mine, order = ordered_pairs(compared)
    parts = []
    for place, (n, arm, reference) in enumerate(order[:MOST_PAIRS]):
        rows = [r for r in mine if (r["arm"], r["reference"]) == (arm, reference)]
        suffix = f" {arm} {reference}".replace(";", "+") if place else ""
        who = f"{treatment_name(arm)} v {treatment_name(reference)}, {line_words(rows[0]['line'])}"
        who = f"{who[:1].upper()}{who[1:]}"
        people = n, pair_name(rows[0]["endpoint"], rows[0]["line"], arm, reference)
        text = _pair_text(rows, _balance_of(compared, rows[0]), people, suffix, estimates)
        text += f".{choice_text(compared, rows[0])}"
        parts.append(f"{braceless(who)}, {endpoint_words(rows[0]['endpoint'])}: {text}")
    rest = len(order) - MOST_PAIRS
    return " ".join(parts) + (f" The table has {rest} more comparisons of this line." if rest > 0 else "")


def _pair_text(
    rows: list[dict[str, Any]],
    apart: list[dict[str, Any]],
    people: tuple[int, str],
    suffix: str,
    estimates: list[Estimate],
) -> str:
    """What one pair may say: weighted where the arms differ, restricted means where the hazard ratio changes with
    time."""

    def shown(method: str, kind: str, label: str, unit: str) -> str:
        row = next((r for r in rows if (r["method"], r["estimate_name"]) == (method, kind)), None)
        if row is None:
            return ""
        name = "".join(c if c.isalnum() or c in "_.:+- " else "-" for c in f"{label} {method}{suffix}")
        estimates.append(
            Estimate(name, row["estimate"], row["ci_low"], row["ci_high"], people[0], method, unit, people[1])
        )
        return f"{{{name}}}"

    differ = _differ(apart)
    weighted = any(r["method"] == "overlap" for r in rows)
    if differ and not weighted:
        named = list(map(feature_words, differ[:3]))
        most = braceless(f"{', '.join(named)} and more" if len(differ) > 3 else joined(named))
        return (
            f"not answered. The arms differ in {most} and cannot be made alike. Ratios in the table and the plot do not "
            "settle it: they are unadjusted, or rest on a regression alone"
        )
    who = f" in patients who could have had either (overlap weights, {len(apart)} covariates)" if weighted else ""
    without = "too few patients for the covariates" if _is_too_few(rows[0]) else "no covariate recorded"
    alone = "" if weighted else (" (unadjusted)" if apart else f" (unadjusted: {without})")
    changes = rows[0]["p_proportional"]
    if changes is not None and changes < CHANGING:
        first = "doubly_robust" if weighted else "rmst"
        mean = shown(first, "rmst_difference", "rmst", "days")
        at_end = "doubly_robust" if weighted else "milestone"
        share = shown(at_end, "milestone_difference", "milestone", "fraction")
        at = next((r["horizon_days"] for r in rows if r["estimate_name"] == "rmst_difference"), None)
        text = f"no single hazard ratio (it changes with time, p {changes:.2g})"
        text += f". The mean difference to day {at:.0f} is {mean}{who}{alone}" if mean and at else ""
        text += f". The difference in survival at the milestone is {share}" if share else ""
        return text + _hidden_text(rows, "milestone_difference", at_end)
    ratio = shown("overlap" if weighted else "unadjusted", "hazard_ratio", "hazard ratio", "ratio")
    if not ratio:
        return "no estimate, because an arm has no event"
    other = "" if differ or not weighted else shown("unadjusted", "hazard_ratio", "hazard ratio", "ratio")
    hidden = _hidden_text(rows, "hazard_ratio", "overlap" if weighted else "unadjusted")
    return f"hazard ratio {ratio}{who}{alone}" + (f". Unadjusted it is {other}" if other else "") + hidden


def interaction_text(rows: list[dict[str, Any]], names: dict[tuple[str, str, str, str], str]) -> str:
    """What each pre-specified contrast of classes shows, OS first: on which endpoints, and the ratio on each."""
    text = ""
    for contrast in dict.fromkeys((r["marker"], r["arm"], r["reference"]) for r in rows):
        mine = [r for r in rows if (r["marker"], r["arm"], r["reference"]) == contrast]
        mine = [r for r in mine if r["hazard_ratio_ratio"] is not None]
        if not mine:
            continue
        mine.sort(key=lambda r: (r["endpoint"] != "OS", r["endpoint"]))

        marker, arm, reference = contrast
        shown = [r for r in mine if r["p_value"] < 0.05]
        silent = [r for r in mine if r["p_value"] >= 0.05]
        few = _smallest_group(mine, arm, reference)
        versus = f"{arm_name(arm)} v {arm_name(reference)}"
        if shown:
            verb, sure = ("may change", "") if few else ("changes", "predictive, ")
            text += f" {marker} {verb} the effect of {versus} ({sure}p < .05) on {_endpoints(shown)}"
            text += f"; not shown for {_endpoints(silent)}." if silent else "."
        else:
            text += f" {marker} is not shown to change the effect of {versus} on {_endpoints(silent)}."
        told = [f"{_endpoints([r])} {{{names[(*contrast, r['endpoint'])]}}}" for r in mine]
        text += f" Ratio of hazard ratios, carriers to others: {'; '.join(told)}."
        text += f" Above 1, carriers gain less from {arm_name(arm)}." if shown else ""
        text += few if shown else ""
    return text


def _endpoints(rows: list[dict[str, Any]]) -> str:
    return ", ".join(endpoint_short(r["endpoint"]) for r in rows)


def _changes(row: dict[str, Any]) -> bool:
    return row["p_proportional"] is not None and row["p_proportional"] < CHANGING


def _changing_text(rows: list[dict[str, Any]]) -> str:
    """Interactions whose ratio of hazard ratios changes with time: the difference in restricted means instead."""
    text = ""
    for r in rows:
        if r["hazard_ratio_ratio"] is None:
            continue
        text += (
            f" {r['marker']} and {_versus(r)}, {endpoint_short(r['endpoint'])}: no single ratio (it changes with time)"
        )
        if r["rmst_interaction"] is not None:
            text += (
                f"; restricted mean gain of carriers less that of others {r['rmst_interaction']:.0f} days "
                f"({r['rmst_ci_low']:.0f} to {r['rmst_ci_high']:.0f})"
            )
        text += "."
    return text


def _smallest_group(rows: list[dict[str, Any]], arm: str, reference: str) -> str:
    """A sentence where a difference rests on a handful: who is treated against the marker is seldom like the rest."""
    names = {
        "n_arm_positive": f"carriers on {arm_name(arm)}",
        "n_arm_negative": f"non-carriers on {arm_name(arm)}",
        "n_reference_positive": f"carriers on {arm_name(reference)}",
        "n_reference_negative": f"non-carriers on {arm_name(reference)}",
    }
    few, who = min((row[key], words) for row in rows for key, words in names.items())
    return f" It rests on {few} lines of {who}: read with care." if few < FEW_LINES else ""


def _is_class(row: dict[str, Any]) -> bool:
    return any(
        row["arm"] == arm.lower() and row["reference"] == (reference or "other").lower()
        for _, arm, reference in hypotheses_of(None)
    )


def headline_rows(comparison: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the comparison with the most patients, OS before other endpoints."""
    comparison = [r for r in comparison if r["endpoint"] != OTHER_DEATH]
    if not comparison:
        return []
    best = max(comparison, key=lambda r: (r["endpoint"] == "OS", r["n_arm"] + r["n_reference"], -r["line"], r["arm"]))
    keys = ("endpoint", "line", "arm", "reference")
    return [r for r in comparison if all(r[k] == best[k] for k in keys)]


def notes_of(compared: Comparisons, tested: list[dict[str, Any]], landmark_days: int, estimand: str) -> tuple[str, ...]:
    """Return the notes: what weights cannot remove, the estimand, what was withheld or refused, and why."""
    notes = [
        "Unless the treatment was drawn by lot, weights and adjustment remove only what the covariates record; the "
        "E-value "
        "says how strong something unrecorded would have to be.",
        f"Estimand: {estimand.replace('_', ' ')}; columns later_arm and later_reference count who crossed over. "
        "as_treated censors them on that day, which assumes that who crosses over is like who does not: no "
        "replacement.",
    ]
    notes += [braceless(f"{text}.") for text in (*withheld_notes(compared), *refused_notes(compared))]
    notes += [braceless(text) for text in _unused_notes(compared)]
    notes += [braceless(text) for text in _control_notes(compared)]
    notes += [braceless(text) for text in trials(compared, landmark_days, estimand)]
    for warning in sorted({r["warning"] for r in compared.comparison if r["warning"]}):
        where = sorted(
            {
                f"{_versus(r)}, {endpoint_short(r['endpoint'])}, {line_words(r['line'])}"
                for r in compared.comparison
                if r["warning"] == warning
            }
        )
        notes.append(
            braceless(f"{where[0]}{f' and {len(where) - 1} more' if len(where) > 1 else ''}: {in_words(warning)}.")
        )
    few: dict[tuple[str, str, str, str], list[str]] = {}
    for r in tested:
        if r["is_prespecified"] and r["hazard_ratio_ratio"] is None and _is_class(r):
            few.setdefault((r["marker"], r["arm"], r["reference"], r["note"]), []).append(r["endpoint"])
    for (marker, arm, reference, why), endpoints in few.items():
        names = ", ".join(map(endpoint_short, endpoints))
        versus = f"{arm_name(arm)} v {arm_name(reference)}"
        notes.append(braceless(f"{marker} and {versus}, {names}: no estimate; {why}."))
    for word, empty, other in (("with", "positive", "non-carriers"), ("without", "negative", "carriers")):
        mixed = {
            (r["marker"], r["arm"], r["reference"])
            for r in tested
            if r["is_prespecified"] and _is_class(r) and r[f"n_arm_{empty}"] == 0 and r[f"n_reference_{empty}"]
        }
        for marker, arm, reference in sorted(mixed):
            notes.append(
                braceless(
                    f"Nobody {word} {marker} had {arm_name(arm)}, while {arm_name(reference)} were given with and "
                    f"without it. "
                    f"A comparison with {arm_name(arm)} on one side mixes {marker} into the effect of the drug. Read "
                    f"the hazard "
                    f"ratio among {other} alone."
                )
            )
    if compared.policy:
        shown = [p for p in compared.policy if p["withheld"] is None]
        if not shown:
            notes.append(
                "Which treatment for whom: withheld for every comparison ("
                + compared.policy[0]["withheld"].removesuffix(" ...")
                + ")."
            )
        else:
            good = [p for p in shown if p["ci_low"] is not None and p["ci_low"] > 0]
            notes.append(
                "Which treatment for whom (exploratory): "
                + (
                    f"choosing by patient gains time in {len(good)} of {len(shown)} comparisons (by chance alone 1 in "
                    f"40), "
                    "see the table policy."
                    if good
                    else "no comparison shows that choosing by patient gains time over one treatment for everyone."
                )
            )
    if any(not r["is_prespecified"] for r in tested):
        notes.append("Interactions that the design does not name are exploratory: read the q value.")
    return tuple(notes)
