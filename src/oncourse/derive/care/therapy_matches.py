"""Every patient against every rule and statement: the matches, and the state of RAS at the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from oncourse.derive.care.therapy import Findings
from oncourse.derive.care.used_drugs import NOTHING, Given, drugs_given, is_spent, used_before
from oncourse.disease import of_tumour
from oncourse.genome.gene_sets import site_text
from oncourse.knowledge.evaluate import evaluate
from oncourse.knowledge.evidence import EvidenceMatch
from oncourse.knowledge.expression import Node, parse
from oncourse.knowledge.findings import PatientFindings
from oncourse.knowledge.matching import Match, match_rules
from oncourse.study.model import Study


@cache
def _ras_mutated() -> Node:
    """The question of a RAS mutation; parsed when asked, for an import may touch no table (`oncourse.report.preloaded`)."""
    return parse(f"mutation({site_text('RAS')})")


RAS_SCHEMA = {
    "patient_id": pl.String,
    "state": pl.String,
    "mutations": pl.String,
    "sample_id": pl.String,
    "sample_reason": pl.String,
    "failing": pl.String,
    "conflict": pl.String,
    "others": pl.String,
}


@dataclass(frozen=True)
class Therapy:
    """The matches of every patient: against the rules, and against the evidence the user supplies."""

    matches: Mapping[str, tuple[Match, ...]]
    evidence: Mapping[str, tuple[EvidenceMatch, ...]]


def match_patient(
    patient: PatientFindings, found: Findings, given: Given = NOTHING
) -> tuple[tuple[Match, ...], tuple[EvidenceMatch, ...]]:
    """Return the matches of one patient, best first.

    A matched line names the drugs of it that were given before; where they failed it is out of its setting.
    """
    matches = [_after(match, given) for match in match_rules(found.knowledge.rules, patient)]
    base = found.knowledge.evidence
    return tuple(sorted(matches, key=lambda m: m.sort_key)), tuple(base.match(patient)) if base is not None else ()


def _after(match: Match, given: Given) -> Match:
    if match.status != "matched" or not given.drugs:
        return match
    used = used_before(match.rule.therapy, given.drugs)
    setting = "does_not_fit" if is_spent(match.rule, given.failed) else match.setting
    return replace(match, used_before=used, setting=setting) if used else match


def match_all(study: Study, found: Findings) -> Therapy:
    """Match every patient of the study."""
    given = drugs_given(study)
    matches, evidence = {}, {}
    for patient, facts in found.patients.items():
        matches[patient], evidence[patient] = match_patient(facts, found, given.get(patient, NOTHING))
    return Therapy(matches, evidence)


_RAS_STATES = {
    ("positive", None): "mutated",
    ("negative", "measured"): "wild_type",
    ("negative", "assumed"): "assumed_wild_type",
    ("negative", "recorded"): "assumed_wild_type",
}


def ras_table(found: Findings, statuses: pl.DataFrame) -> pl.DataFrame:
    """Return one row per patient whose tumour asks for RAS (colorectal): RAS at the decision (`RAS_SCHEMA`).

    Parameters
    ----------
    statuses : of patients (`oncourse.derive.status.patients.patient_statuses`)

    state: ``mutated`` if any sample is (clonal haematopoiesis apart); ``wild_type`` only where every codon of the
    decision sample was measured; ``assumed_wild_type`` where the genes were on target but not every codon's depth
    and purity are known, or a record alone says so; else ``not_assessable``. ``conflict`` names mutations that the
    decision sample does not have (older, or in plasma only); ``failing`` what stands against wild type; ``others`` what
    the patient's other samples say.
    """
    decision = {r["patient_id"]: r for r in found.decision.iter_rows(named=True)}
    known = {r["patient_id"]: r for r in statuses.filter(pl.col("status") == "RAS").iter_rows(named=True)}
    rows = [
        _ras_row(facts, decision.get(patient), known[patient])
        for patient, facts in sorted(found.patients.items())
        if patient in known and _asks_ras(facts.tumour)
    ]
    return pl.DataFrame(rows, schema=RAS_SCHEMA, orient="row")


def _asks_ras(tumour: str | None) -> bool:
    known = of_tumour(tumour)
    return known is not None and known.asks("ras")


def _ras_row(
    facts: PatientFindings, decision: Mapping[str, object] | None, status: Mapping[str, object]
) -> tuple[object, ...]:
    key = (status["state"], None if status["state"] == "positive" else status["basis"])
    conflicts = [v for v in evaluate(_ras_mutated(), facts).found if not v.in_decision]
    is_mutated = status["state"] == "positive"
    if status["basis"] == "recorded":  # no sample: a test written down
        decision = {"sample_id": None, "reason": f"a record: {status['variants'] or status['reason']}"}
    return (
        facts.patient_id,
        _RAS_STATES.get(key, "not_assessable"),  # type: ignore[arg-type]
        status["variants"] if is_mutated else None,
        decision["sample_id"] if decision else None,
        decision["reason"] if decision else "no tumour sample that can tell",
        None if is_mutated else status["reason"],
        "; ".join(f"{v.name} ({v.where or v.seen})" for v in conflicts) or None,
        "; ".join(str(text) for text in (status["reason"] if is_mutated else None, status["others"]) if text) or None,
    )
