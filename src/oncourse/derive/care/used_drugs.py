"""What a patient was given before, and whether a therapy was tried already: it failed, or one of its class did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from oncourse.knowledge.drugs import drug_classes, drug_names, drugs_in_text
from oncourse.knowledge.expression import atoms_of
from oncourse.knowledge.matching import BENEFIT
from oncourse.knowledge.rules import Rule
from oncourse.study.model import Study

#: Classes of which one drug tells how a tumour responds to the others.
TARGETED = (
    "anti-EGFR",
    "ARPI",
    "PARP inhibitor",
    "PD-1/PD-L1 inhibitor",
    "BRAF inhibitor",
    "KRAS G12C inhibitor",
    "anti-HER2",
    "NTRK inhibitor",
    "RET inhibitor",
    "AKT inhibitor",
    "radioligand",
)
#: Classes whose trials left out who had had a drug of the class (PROfound, TRITON3, KEYNOTE-177 and -158, BEACON,
#: KRYSTAL-1; exclusion criteria from memory): after progression on one, another is not what was studied.
ONCE = ("PARP inhibitor", "PD-1/PD-L1 inhibitor", "BRAF inhibitor", "KRAS G12C inhibitor")
#: Words of a stop reason that tell of progression.
PROGRESSION = r"(?i)progress|\bPD\b|进展"


@dataclass(frozen=True)
class Given:
    """Single drugs given so far, in order of first use, and those of a treatment that ended with progression."""

    drugs: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


NOTHING = Given()


def drugs_given(study: Study) -> dict[str, Given]:
    """Return patient -> what was given; a treatment of metastatic disease that says so ended with progression."""
    given: dict[str, dict[str, None]] = {}
    failed: dict[str, dict[str, None]] = {}
    rows = study["treatments"].sort("patient_id", "start_day", nulls_last=False)
    rows = rows.with_columns(
        ended=pl.col("stop_reason").str.contains(PROGRESSION).fill_null(False)
        & ~pl.col("setting").is_in(["adjuvant", "neoadjuvant"]).fill_null(False)
    )
    for patient, drugs, ended in rows.select("patient_id", "drugs", "ended").iter_rows():
        names = dict.fromkeys(drug_names(drugs))
        given.setdefault(patient, {}).update(names)
        if ended:
            failed.setdefault(patient, {}).update(names)
    return {p: Given(tuple(d), tuple(failed.get(p, ()))) for p, d in given.items()}


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


def is_spent(rule: Rule, failed: tuple[str, ...]) -> bool:
    """Return whether a therapy is over for the patient: every alternative it names failed, or a drug of a class tried
    once.

    Of an alternative the targeted drugs count; chemotherapy beside them does not. A rule that asks for earlier
    treatment with the class (rechallenge) is never spent by it.
    """
    if rule.direction not in BENEFIT or not failed:
        return False
    wanted = {a.name for n in (rule.node, rule.setting_node) if n for a in atoms_of(n) if a.kind == "previous"}
    return all(_alternative_failed(part, failed, wanted) for part in rule.therapy.split(";"))


def _alternative_failed(therapy: str, failed: tuple[str, ...], wanted: set[str]) -> bool:
    targeted = [d for d in drugs_in_text(therapy) if set(drug_classes(d)) & set(TARGETED)]
    if not targeted or any(set(drug_classes(d)) & wanted for d in targeted):
        return False
    spent: Mapping[str, bool] = {c: any(c in drug_classes(f) for f in failed) for c in ONCE}
    return all(d in failed for d in targeted) or any(spent.get(c) for d in targeted for c in drug_classes(d))
