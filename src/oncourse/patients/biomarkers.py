"""The biomarkers a tumour board asks for first, and the watch list under the drugs a patient has had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import polars as pl

from oncourse.cohort import Cohort
from oncourse.derive.care.therapy_matches import ras_table
from oncourse.derive.care.watchlist import WatchItem, retest_reminders, watch_items
from oncourse.disease import of_tumour
from oncourse.facts.markers import POSITIVE
from oncourse.knowledge.alterations import loss_reason
from oncourse.knowledge.evaluate import GERMLINE_TEXT, NO, UNKNOWN, YES, Verdict, evaluate
from oncourse.knowledge.expression import Node, parse
from oncourse.knowledge.findings import PatientFindings
from oncourse.patients.front import named_once


@dataclass(frozen=True)
class Biomarker:
    """One answer: found / none / unclear, in words, with the reason."""

    label: str
    state: str
    text: str
    detail: str


@lru_cache(maxsize=128)
def _node(expression: str) -> Node:
    return parse(expression)


def key_biomarkers(cohort: Cohort, facts: PatientFindings) -> list[Biomarker]:
    """Return the answers for the patient's tumour; empty where the tumour is not recorded."""
    mine = cohort.patient_statuses.filter(pl.col("patient_id") == facts.patient_id)
    known = {row["status"]: row for row in mine.iter_rows(named=True)}
    tumour = of_tumour(facts.tumour, cohort.study.config.design)
    return [_asked(cohort, facts, known, label, what) for label, what in (tumour.asked if tumour else ())]


def _asked(
    cohort: Cohort, facts: PatientFindings, known: Mapping[str, Mapping[str, Any]], label: str, what: str
) -> Biomarker:
    if what == "ras":
        return _ras(cohort, facts, label)
    if what == "side":
        return Biomarker(label, "none" if facts.side else "unclear", facts.side or "not recorded", "")
    if what.startswith("status "):
        return _status(label, known.get(what.removeprefix("status ")))
    return _biomarker(label, evaluate(_node(what), facts))


def _biomarker(label: str, outcome: Verdict) -> Biomarker:
    if outcome.truth == YES:
        found = (*(v.name for v in outcome.found), *(_bare(label, fact) for fact in outcome.facts))
        return Biomarker(label, "found", ", ".join(found), "")
    if outcome.truth == NO:
        text = "none found (coverage assumed)" if outcome.assumed else "none found"
        if outcome.against and not outcome.against[0].startswith("no "):
            text = "; ".join(outcome.against)
        return Biomarker(label, "none", _bare(label, text), "")
    # what a part of the question was answered with is said beside what is missing: no HER2 amplification, IHC unknown
    return Biomarker(label, "unclear", "not assessable", _shorten((*outcome.missing, *outcome.against)))


def _bare(label: str, text: str) -> str:
    """What a test says without the name that stands over it; a variant keeps its gene.

    >>> _bare("AR-V7", "AR-V7 negative"), _bare("MSI / MMR", "MSI MSS"), _bare("TMB >= 10/Mb", "TMB 3.7")
    ('negative', 'MSS', '3.7')
    >>> _bare("MSI / MMR", "MMR proficient"), _bare("BRAF V600E", "BRAF V600E")
    ('MMR proficient', 'BRAF V600E')
    """
    name = label.partition(" >")[0]
    return named_once(text.removeprefix(f"{name} "))


def _status(label: str, row: Mapping[str, Any] | None) -> Biomarker:
    """The state of one status in words; `row` of `Cohort.patient_statuses`, None: nobody recorded it in this study."""
    if row is None or row["state"] == "not_assessable":
        reason = "not recorded" if row is None else row["reason"]
        others = "" if row is None else row["others"]
        if reason.startswith(GERMLINE_TEXT):  # the reads were looked at: only what is born with is not told
            reason = f"none found in the tumour; {reason}"
        return Biomarker(label, "unclear", "not assessable", _shorten(_reasons(reason, others), 300))
    detail = "; ".join(filter(None, (row["reason"], row["others"])))
    if row["state"] == "positive":
        return Biomarker(label, "found", _bare(label, row["variants"] or "positive"), detail)
    if row["basis"] == "recorded":
        return Biomarker(label, "none", _bare(label, row["variants"] or "negative"), detail)
    if row["basis"] == "measured":
        return Biomarker(label, "none", "none found", detail)
    words = _shorten(_reasons(row["reason"], row["others"]), 300)
    return Biomarker(label, "none", "none found (coverage assumed)", words)


def _reasons(*texts: str | None) -> tuple[str, ...]:
    return tuple(part for text in texts if text for part in text.split("; "))


def _shorten(missing: tuple[str, ...], limit: int = 150) -> str:
    """Reasons without repeating genes: the same reason for many genes is said once."""
    by_reason: dict[str, list[str]] = {}
    for text in missing:
        what, _, reason = text.partition(": ")
        by_reason.setdefault(reason or text, []).extend([what] if reason else [])
    parts = []
    for why, labels in by_reason.items():
        names = ", ".join(labels)
        parts.append(f"{names}: {why}" if names and len(names) <= 40 else why)
    text = "; ".join(dict.fromkeys(parts))
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + " ..."


_RAS_WORDS = {
    "mutated": "mutated",
    "wild_type": "wild type (every codon measured)",
    "assumed_wild_type": "no mutation found; wild type only assumed",
    "not_assessable": "not assessable",
}


def _ras(cohort: Cohort, facts: PatientFindings, label: str) -> Biomarker:
    found = replace(cohort.findings, patients={facts.patient_id: facts})
    table = ras_table(found, cohort.patient_statuses)
    if table.is_empty():
        return _status(label, None)
    row = table.row(0, named=True)
    state = {"mutated": "found", "wild_type": "none"}.get(row["state"], "unclear")
    text = row["mutations"] if row["state"] == "mutated" else _RAS_WORDS[row["state"]]
    if row["state"] == "assumed_wild_type" and row["sample_id"] is None:
        text = f"recorded wild type, codons tested not told ({row['sample_reason']})"
    detail = "; ".join(
        filter(
            None,
            (
                f"conflict: not in the sample nearest the decision: {row['conflict']}" if row["conflict"] else None,
                row["failing"],
                f"by {row['sample_id']}" if row["sample_id"] and state != "found" else None,
                row["others"],
            ),
        )
    )
    return Biomarker(label, state, text, detail)


@dataclass(frozen=True)
class WatchRow:
    """One resistance to watch for."""

    drug_class: str
    name: str
    status: str
    text: str
    kind: str


_EMERGED = {
    "emerged": ("new", "new under treatment"),
    "present_before": ("old", "present before treatment"),
    "not_visible_before": ("unclear", "found; could not have been excluded before"),
    "uncalled_before": ("unclear", "found; not called before, where its reads were not counted"),
    "no_sample_before": ("unclear", "found; no earlier sample"),
}


def watch_rows(cohort: Cohort, facts: PatientFindings) -> list[WatchRow]:
    """Return the watch list of every class of drugs the patient was given: what was found, with the earlier reads."""
    unknown = [
        WatchRow("class not known", drug, "not assessable", "no drug of the dictionary: not watched", "unclear")
        for drug in facts.unknown_drugs
    ]
    if not facts.drug_classes:
        return unknown
    emerged = cohort.findings.emerged.filter(pl.col("patient_id") == facts.patient_id)
    follow = cohort.study["follow_up"].select("patient_id", pl.col("last_contact_day").alias("last_day"))
    reminders = {(r["name"], r["change"]): r for r in retest_reminders(emerged, follow).iter_rows(named=True)}
    rows = []
    for item in watch_items():
        if item.drug_class not in facts.drug_classes or (item.kind == "reversion" and not _lost(item, facts)):
            continue
        mine = emerged.filter((pl.col("drug_class") == item.drug_class) & (pl.col("name") == item.name))
        for row in mine.iter_rows(named=True):
            found = _found_row(item, row, reminders.get((item.name, row["change"])))
            later = _later_tests(cohort, facts.patient_id, item, row)
            rows.append(replace(found, text=". ".join(filter(None, (found.text, later)))))
        if mine.is_empty():
            rows.append(_unseen_row(item, facts))
    return [*rows, *unknown]


def _later_tests(cohort: Cohort, patient: str, item: WatchItem, row: Mapping[str, Any]) -> str:
    """The results of a watched marker after it was first found under the class, where not all are positive again."""
    if item.kind != "marker":
        return ""
    since = row["start_day"] if row["first_seen_day"] is None else row["first_seen_day"]
    mine = (pl.col("patient_id") == patient) & (pl.col("marker") == item.target) & (pl.col("day") > since)
    later = cohort.marker_readings.filter(mine).sort("day")
    said = [f"{value.lower()} (day {day})" for value, day in later.select("value", "day").iter_rows()]
    return f"later tests: {'; '.join(said)}" if (later["state"] != POSITIVE).any() else ""


def _lost(item: WatchItem, facts: PatientFindings) -> bool:
    """Whether there is anything to revert."""
    return any(loss_reason(v)[0] for gene in item.genes for v in facts.by_gene.get(gene, ()))


def _found_row(item: WatchItem, row: dict, reminder: dict | None) -> WatchRow:  # type: ignore[type-arg]
    kind, words = _EMERGED[row["status"]]
    reads = f"{row['alt_count'] or 0} of {row['depth']} reads" if row["depth"] else "reads not recorded"
    is_read = row["variant_id"] is not None
    how = f" ({reads})" if is_read else ""
    day = row["first_seen_day"]
    first = "seen again" if kind == "old" else "first seen"
    now = f"{first} under treatment on day {day}{how}" if day is not None else ""
    label = "earlier samples, variant reads/depth" if is_read else "earlier samples"
    label = "earlier tests" if item.kind == "marker" else label
    earlier = f"{label}: {row['earlier']}" if row["earlier"] else ""
    again = ""
    if reminder is not None:
        again = (
            f"stopped on day {reminder['stop_day']}: with a half-life of {reminder['half_life_months']:g} months a "
            f"quarter is left on day {reminder['retest_day']}; re-test before rechallenge"
        )
    text = ". ".join(filter(None, (now, earlier, again)))
    return WatchRow(item.drug_class, f"{row['gene']} {row['change']}", words, text, kind)


def _unseen_row(item: WatchItem, facts: PatientFindings) -> WatchRow:
    target = item.target
    expression = {
        "mutation": f"mutation({target})",
        "amplification": f"amplification({target})",
        "marker": f"marker({target}) = positive",
        "reversion": f"reversion({target})",
    }[item.kind]
    outcome = evaluate(_node(expression), facts)
    if outcome.truth == YES:
        what = ", ".join((*(v.name for v in outcome.found), *outcome.facts))
        return WatchRow(item.drug_class, item.name, "found; time not known", what, "unclear")
    if outcome.truth == UNKNOWN:
        return WatchRow(item.drug_class, item.name, "not assessable", _shorten(outcome.missing), "unclear")
    word = "not seen (coverage assumed)" if outcome.assumed else "not seen"
    text = "" if outcome.against and outcome.against[0].startswith("no ") else "; ".join(outcome.against)
    return WatchRow(item.drug_class, item.name, word, text, "none")
