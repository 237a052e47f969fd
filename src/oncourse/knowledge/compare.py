"""What changed between two sets of therapy rules, and what that means for the golden patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oncourse.knowledge.golden import GoldenChange, golden_changes
from oncourse.knowledge.rules import COLUMNS, Rule


@dataclass(frozen=True)
class Changed:
    """One field of one rule with its two values."""

    rule_id: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """Rules added, removed and changed; golden patients of whom the rules now say something else."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Changed, ...]
    golden: tuple[GoldenChange, ...]

    @property
    def lost(self) -> tuple[GoldenChange, ...]:
        """Golden patients who lose a line they had."""
        return tuple(change for change in self.golden if change.is_loss)


def compare_rules(before: Sequence[Rule], after: Sequence[Rule]) -> Comparison:
    """Compare two sets of rules by rule_id."""
    old, new = {r.rule_id: r for r in before}, {r.rule_id: r for r in after}
    changed = []
    for rule_id in sorted(old.keys() & new.keys()):
        for column in COLUMNS:
            a, b = _text(getattr(old[rule_id], column)), _text(getattr(new[rule_id], column))
            if a != b:
                changed.append(Changed(rule_id, column, a, b))
    return Comparison(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(changed),
        golden=tuple(golden_changes(before, after)),
    )


def _text(value: object) -> str:
    return ";".join(value) if isinstance(value, tuple) else str(value)
