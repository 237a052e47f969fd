"""Match one patient against the rules: what applies and why, what cannot be said, what nearly applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oncourse.knowledge.evaluate import NO, UNKNOWN, WORDS, YES, Verdict, evaluate
from oncourse.knowledge.expression import Node
from oncourse.knowledge.findings import PatientFindings, VariantFinding
from oncourse.knowledge.rules import Rule

#: Directions that speak for a therapy.
BENEFIT = ("sensitive", "sensitive_weak", "preferred")
LEVEL_ORDER = ("I-A", "I-B", "II-C", "II-D", "III")
#: Patients younger than this are not those of the trials and approvals, unless a label says so.
ADULT_YEARS = 18
_MINOR = f"under {ADULT_YEARS} at the index date: approvals and trials are of adults unless their label says otherwise"
#: What a doctor wants to read first.
_DIRECTION_ORDER = (
    "sensitive",
    "resistant",
    "caution",
    "preferred",
    "no_benefit",
    "sensitive_weak",
    "action",
    "not_established",
    "prognostic_poor",
)


@dataclass(frozen=True, slots=True)
class Match:
    """One rule against one patient.

    ``status``: matched, not_matched, not_assessable, or excluded (the label excludes this tumour);
    ``setting``: fits, does_not_fit or not_known; ``conditions``: conditions beside the biomarker that could not be
    assessed; ``near``: why it did not match although something like it is there; ``first``: what of the patient is
    treated before this; ``left_out``: the agency whose approval leaves the patient out, and why.
    """

    rule: Rule
    status: str
    level: str
    setting: str
    found: tuple[VariantFinding, ...] = ()
    facts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    used_before: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    left_out: tuple[str, tuple[str, ...]] | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the match rests on, in words."""
        return (*(v.name for v in self.found), *self.facts)

    @property
    def sort_key(self) -> tuple[int, int, bool, int, int, str]:
        """Matched first, then setting, what comes first, level, direction, rule."""
        return (
            ("matched", "excluded", "not_assessable", "not_matched").index(self.status),
            ("fits", "not_known", "does_not_fit").index(self.setting),
            bool(self.first),
            LEVEL_ORDER.index(self.level),
            _DIRECTION_ORDER.index(self.rule.direction),
            self.rule.rule_id,
        )


def setting_of(rule: Rule, patient: PatientFindings) -> str:
    """Return whether the patient is in the setting the rule is written for."""
    if rule.states and patient.state is not None and patient.state not in rule.states:
        return "does_not_fit"
    known = not rule.states or patient.state is not None
    if rule.setting_node is None:
        return "fits" if known else "not_known"
    truth = evaluate(rule.setting_node, patient).truth
    if truth == NO:
        return "does_not_fit"
    return "fits" if truth == YES and known else "not_known"


def match_rule(rule: Rule, patient: PatientFindings, outcome: Verdict | None = None) -> Match:
    """Match one rule; the tumour of the patient must be one of the rule's (see `match_rules`)."""
    outcome = outcome or evaluate(rule.node, patient)
    status, near, against = WORDS[outcome.truth], outcome.near, outcome.against
    missing = outcome.missing
    conditions: tuple[str, ...] = ()
    if patient.tumour in rule.excluded_tumours:
        if outcome.truth == YES:
            text = f"{', '.join(v.name for v in outcome.found)}: {rule.therapy} is not for {patient.tumour} tumours"
            return Match(
                rule,
                "excluded",
                rule.level(patient.tumour),
                "does_not_fit",
                outcome.found,
                outcome.facts,
                near=(text,),
                against=(text,),
            )
        return Match(rule, status, rule.level(patient.tumour), "does_not_fit", missing=missing, near=near)
    if outcome.truth == YES and rule.requires_node is not None:
        beside = evaluate(rule.requires_node, patient)
        if beside.truth == NO:
            status = "not_matched"
            reason = "; ".join(beside.against) or "a condition of the rule is not met"
            near = (f"{', '.join(_words(outcome))}, but {reason}", *near)
            against = beside.against
        elif beside.truth == UNKNOWN:
            conditions = beside.missing or ("a condition of the rule could not be assessed",)
    is_minor = patient.age_years is not None and patient.age_years < ADULT_YEARS
    if status == "matched" and rule.direction in BENEFIT and is_minor:
        conditions = (*conditions, _MINOR)
    setting = "not_known" if status == "not_matched" else setting_of(rule, patient)
    return Match(
        rule,
        status,
        rule.level(patient.tumour),
        setting,
        outcome.found,
        outcome.facts,
        missing,
        near,
        against,
        conditions,
        first=_holds(rule.after_node, patient, least=UNKNOWN) if status == "matched" else (),
        left_out=_left_out(rule, patient) if status == "matched" else None,
    )


def _holds(node: Node | None, patient: PatientFindings, *, least: int = YES) -> tuple[str, ...]:
    """What of the patient fulfils an expression, in words; empty where nothing does.

    ``least`` UNKNOWN: what is there counts although another part of the expression is not recorded.
    """
    outcome = evaluate(node, patient) if node is not None else None
    return () if outcome is None or outcome.truth < least else _words(outcome)


def _left_out(rule: Rule, patient: PatientFindings) -> tuple[str, tuple[str, ...]] | None:
    if rule.excluded_by_label is None:
        return None
    agency, node = rule.excluded_by_label
    why = _holds(node, patient)
    return (agency, why) if why else None


def _words(outcome: Verdict) -> tuple[str, ...]:
    return (*(v.name for v in outcome.found), *outcome.facts)


def match_rules(rules: Sequence[Rule], patient: PatientFindings) -> list[Match]:
    """Return every rule written for the patient's tumour, and every rule whose label excludes it, best first.

    A patient without a recorded tumour is matched against no rule: which rules apply is not known.
    """
    found = []
    cache: dict[str, Verdict] = {}
    for rule in rules:
        tumour = patient.tumour
        if tumour is None or not ("any" in rule.tumours or tumour in rule.tumours or tumour in rule.excluded_tumours):
            continue
        outcome = cache.get(rule.expression)
        if outcome is None:
            outcome = cache[rule.expression] = evaluate(rule.node, patient)
        found.append(match_rule(rule, patient, outcome))
    return sorted(found, key=lambda m: m.sort_key)
