"""Every patient against every rule and statement: the matches, and the state of RAS at the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from oncourse.derive.care.therapy import Findings
from oncourse.disease import of_tumour
from oncourse.genome.gene_sets import site_text
from oncourse.knowledge.drugs import drug_classes, drug_names, drugs_in_text
from oncourse.knowledge.evaluate import evaluate
from oncourse.knowledge.evidence import EvidenceMatch
from oncourse.knowledge.expression import parse
from oncourse.knowledge.findings import PatientFindings
from oncourse.knowledge.matching import Match, match_rules
from oncourse.study.model import Study

_RAS_MUTATED = parse(f"mutation({site_text('RAS')})")

RAS_SCHEMA = {
    "patient_id": pl.String, "state": pl.String, "mutations": pl.String, "sample_id": pl.String,
    "sample_reason": pl.String, "failing": pl.String, "conflict": pl.String, "others": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Therapy:
    """The matches of every patient: against the rules, and against the evidence the user supplies."""

    matches: Mapping[str, tuple[Match, ...]]
    evidence: Mapping[str, tuple[EvidenceMatch, ...]]


def drugs_given(study: Study) -> dict[str, tuple[str, ...]]:
    """Return patient -> every single drug given so far, in order of first use."""
    found: dict[str, dict[str, None]] = {}
    rows = study["treatments"].sort("patient_id", "start_day", nulls_last=False)
    for patient, drugs in rows.select("patient_id", "drugs").iter_rows():
        found.setdefault(patient, {}).update(dict.fromkeys(drug_names(drugs)))
    return {p: tuple(d) for p, d in found.items()}


#: Classes of which one drug tells how a tumour responds to the others.
TARGETED = (
    "anti-EGFR", "ARPI", "PARP inhibitor", "PD-1/PD-L1 inhibitor", "BRAF inhibitor", "KRAS G12C inhibitor", "anti-HER2",
    "NTRK inhibitor", "RET inhibitor", "AKT inhibitor", "radioligand",
)  # fmt: skip


@lru_cache(maxsize=65536)
def used_before(therapy: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the drugs of a therapy that were given before, and drugs given of the same targeted class.

    >>> used_before("rucaparib", ("abiraterone", "olaparib"))
    ('olaparib (PARP inhibitor)',)
    """
    named = drugs_in_text(therapy)
    same = [d for d in given if d in named]
    classes = {c: d for d in named for c in drug_classes(d) if c in TARGETED}
    for drug in given:
        shared = [c for c in TARGETED if c in classes and c in drug_classes(drug)]
        if drug not in named and shared:
            same.append(f"{drug} ({shared[0]})")
    return tuple(same)


def match_patient(
    patient: PatientFindings, found: Findings, given: tuple[str, ...] = ()
) -> tuple[tuple[Match, ...], tuple[EvidenceMatch, ...]]:
    """Return the matches of one patient; a matched line names the drugs of it that were given before."""
    matches = []
    for match in match_rules(found.knowledge.rules, patient):
        if match.status == "matched" and given:
            used = used_before(match.rule.therapy, given)
            match = replace(match, used_before=used) if used else match
        matches.append(match)
    base = found.knowledge.evidence
    return tuple(matches), tuple(base.match(patient)) if base is not None else ()


def match_all(study: Study, found: Findings) -> Therapy:
    """Match every patient of the study."""
    given = drugs_given(study)
    matches, evidence = {}, {}
    for patient, facts in found.patients.items():
        matches[patient], evidence[patient] = match_patient(facts, found, given.get(patient, ()))
    return Therapy(matches, evidence)


_RAS_STATES = {
    ("positive", None): "mutated", ("negative", "measured"): "wild_type", ("negative", "assumed"): "assumed_wild_type",
    ("negative", "recorded"): "assumed_wild_type",
}  # fmt: skip


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
    conflicts = [v for v in evaluate(_RAS_MUTATED, facts).found if not v.in_decision]
    is_mutated = status["state"] == "positive"
    return (
        facts.patient_id,
        _RAS_STATES.get(key, "not_assessable"),  # type: ignore[arg-type]
        status["variants"] if is_mutated else None,
        decision["sample_id"] if decision else None,
        decision["reason"] if decision else "no tumour sample that can tell",
        None if is_mutated else status["reason"],
        "; ".join(f"{v.name} ({v.where or v.seen})" for v in conflicts) or None,
        status["others"],
    )
