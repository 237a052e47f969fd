"""The therapy rules: a table of sourced facts, read and checked, each with a computed level."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from importlib import resources
from pathlib import Path

from oncourse.disease import disease, diseases, states, tumours
from oncourse.errors import InputError
from oncourse.knowledge.approvals import AGENCIES
from oncourse.knowledge.delimited import Rows
from oncourse.knowledge.expression import ExpressionError, Node, genes_of, parse

COLUMNS = (
    "rule_id",
    "tumours",
    "states",
    "excluded_tumours",
    "disease",
    "setting",
    "biomarker",
    "expression",
    "requires",
    "setting_expression",
    "co_conditions",
    "therapy",
    "direction",
    "basis",
    "regulatory",
    "civic",
    "escat",
    "trial",
    "effect_size",
    "sources",
    "certainty",
    "date",
    "notes",
    "comes_after",
    "label_excludes",
)
REQUIRED = ("rule_id", "tumours", "biomarker", "expression", "direction", "basis", "sources", "date")
DIRECTIONS = {
    "sensitive": "benefit",
    "sensitive_weak": "labelled, little activity",
    "preferred": "preferred",
    "resistant": "resistance",
    "no_benefit": "no benefit",
    "caution": "caution",
    "not_established": "not established",
    "prognostic_poor": "poor prognosis",
    "action": "action",
}
#: Level by what it rests on, in the rule's own tumour (Li et al. J Mol Diagn 2017;19:4).
LEVELS = {
    "approved": "I-A",
    "guideline": "I-A",
    "well_powered": "I-B",
    "small_studies": "II-C",
    "case_or_preclinical": "II-D",
    "unclear": "III",
}
#: In another tumour: approval there is II-C, everything else at most II-D.
OTHER_TUMOUR_LEVELS = {"approved": "II-C", "guideline": "II-C", "well_powered": "II-C", "unclear": "III"}


@dataclass(frozen=True)
class Rule:
    """One rule; the text fields are the columns of therapy_rules.tsv.

    ``comes_after`` : what else of the patient is treated first, an expression; ``label_excludes`` : agency and an
    expression, "NMPA: mutation(BRAF)": whom that agency's approval leaves out.
    """

    rule_id: str
    tumours: tuple[str, ...]
    states: tuple[str, ...]
    excluded_tumours: tuple[str, ...]
    disease: str
    setting: str
    biomarker: str
    expression: str
    requires: str
    setting_expression: str
    co_conditions: str
    therapy: str
    direction: str
    basis: str
    regulatory: str
    civic: str
    escat: str
    trial: str
    effect_size: str
    sources: str
    certainty: str
    date: str
    notes: str
    comes_after: str = ""
    label_excludes: str = ""

    @cached_property
    def node(self) -> Node:
        """The biomarker as a tree."""
        return parse(self.expression)

    @cached_property
    def requires_node(self) -> Node | None:
        """What must hold beside the biomarker."""
        return parse(self.requires) if self.requires else None

    @cached_property
    def setting_node(self) -> Node | None:
        """The setting as a tree; None where the rule holds in any line."""
        return parse(self.setting_expression) if self.setting_expression else None

    @cached_property
    def after_node(self) -> Node | None:
        """What is treated first; None where nothing is."""
        return parse(self.comes_after) if self.comes_after else None

    @cached_property
    def excluded_by_label(self) -> tuple[str, Node] | None:
        """The agency whose approval leaves patients out, and whom."""
        agency, _, expression = self.label_excludes.partition(":")
        return (agency.strip(), parse(expression)) if expression else None

    @cached_property
    def genes(self) -> frozenset[str]:
        """Genes the biomarker names."""
        return genes_of(self.node)

    def level(self, tumour: str | None = None) -> str:
        """Return the AMP/ASCO/CAP level, lower in a tumour the rule is not written for.

        What is from memory as a whole (`certainty` M) has no evidence behind it: level III, to be confirmed.
        """
        if self.certainty.startswith("M"):
            return "III"
        if tumour is None or "any" in self.tumours or tumour in self.tumours:
            return LEVELS[self.basis]
        return OTHER_TUMOUR_LEVELS.get(self.basis, "II-D")


def check_rules(rows: Iterable[Mapping[str, str]], name: str) -> tuple[Rule, ...]:
    """Return the rules of a table; InputError lists every problem with its row (the header is row 1)."""
    problems, rules, seen = [], [], set()
    for number, row in enumerate(rows, 2):
        where = f"{name}, row {number} ({row.get('rule_id') or 'no rule_id'})"
        values = {column: (row.get(column) or "").strip() for column in COLUMNS}
        problems += [f"{where}: {c} is empty" for c in REQUIRED if not values[c]]
        if values["rule_id"] in seen:
            problems.append(f"{where}: the rule_id is there twice")
        seen.add(values["rule_id"])
        for column, allowed in (("direction", DIRECTIONS), ("basis", LEVELS)):
            if values[column] and values[column] not in allowed:
                problems.append(f"{where}: {column} '{values[column]}' is not one of {', '.join(allowed)}")
        lists = {c: tuple(filter(None, values[c].split(";"))) for c in ("tumours", "states", "excluded_tumours")}
        problems += [
            f"{where}: state '{s}' is not one of {', '.join(states())}" for s in lists["states"] if s not in states()
        ]
        problems += [
            f"{where}: tumour '{t}' is not one of {', '.join((*tumours(), 'any'))}"
            for t in lists["tumours"]
            if t not in (*tumours(), "any")
        ]
        agency, colon, excluded = values["label_excludes"].partition(":")
        if values["label_excludes"] and (not colon or agency.strip() not in AGENCIES.values()):
            problems.append(f"{where}: label_excludes begins with {', '.join(AGENCIES.values())} and a colon")
        parsed = {c: values[c] for c in ("expression", "requires", "setting_expression", "comes_after")}
        for column, text in (parsed | {"label_excludes": excluded.strip()}).items():
            try:
                if text:
                    parse(text)
            except ExpressionError as error:
                problems.append(f"{where}: {column}: {error}")
        if problems:
            continue
        rules.append(Rule(**{**values, **lists}))  # type: ignore[arg-type]
    if problems:
        raise InputError(problems)
    if not rules:
        raise InputError(f"{name}: no rules in it. The columns are {', '.join(COLUMNS)}.")
    return tuple(rules)


def parse_rules(text: str, name: str) -> tuple[Rule, ...]:
    """Return the rules of TSV text; lines that start with # are comments."""
    lines = "\n".join(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    reader = Rows(io.StringIO(lines), name)
    missing = [c for c in REQUIRED if c not in reader.columns]
    if missing:
        raise InputError(f"{name}: the columns {', '.join(missing)} are missing")
    return check_rules(reader, name)


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read a user's rules file; InputError lists every problem."""
    try:
        return parse_rules(path.read_text(encoding="utf-8-sig"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}).") from None


def _own_texts() -> dict[str, str]:
    """File -> text: the rules of several diseases, then those each disease keeps in its folder."""
    shared = resources.files("oncourse.knowledge").joinpath("data", "therapy_rules.tsv")
    own = {f"{name}/therapy_rules.tsv": disease(name).rules for name in diseases() if disease(name).rules}
    return {"therapy_rules.tsv": shared.read_text(encoding="utf-8"), **own}


@lru_cache(maxsize=1)
def default_rules() -> tuple[Rule, ...]:
    """Return the rules of the package; InputError if a rule_id stands in two files."""
    rules = tuple(rule for name, text in _own_texts().items() for rule in parse_rules(text, name))
    twice = [rule_id for rule_id, n in Counter(rule.rule_id for rule in rules).items() if n > 1]
    if twice:
        raise InputError(f"therapy_rules.tsv: {', '.join(twice)}: the rule_id is there twice")
    return rules


@lru_cache(maxsize=1)
def rules_version() -> tuple[str, str]:
    """Return (date, first 12 digits of the sha256) of the package's rules, as printed in every report."""
    return max(r.date for r in default_rules()), sha256("".join(_own_texts().values()).encode()).hexdigest()[:12]
