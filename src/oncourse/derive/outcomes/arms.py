"""Are two arms different treatments? Only substances tell; a name that is not known may be another name of one."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.knowledge.drug_text import nearest_name
from oncourse.knowledge.drugs import drug_names, kind

#: Two names that are both unknown are taken as two drugs; the sentence says so.
AS_WRITTEN = "as written"


@dataclass(frozen=True)
class Arms:
    """Per arm its known substances and the names that no dictionary has."""

    known: dict[str, frozenset[str]]
    unknown: dict[str, frozenset[str]]

    def unclear(self, arm: str, reference: str) -> str:
        """Return "" where two arms differ for certain, `AS_WRITTEN`, or why they may be the same treatment."""
        a, b = self.unknown[arm], self.unknown[reference]
        if not a and not b:
            return ""
        if a and b:
            return AS_WRITTEN
        strange, other = (arm, reference) if a else (reference, arm)
        rest = self.known[other]
        if not rest or all(kind(name) == "no drug" for name in rest) or self.known[strange] - rest:
            return ""
        names = ", ".join(_with_nearest(name) for name in sorted(a or b))
        return f"{names} is no known drug and may be another name of {' or '.join(sorted(rest))}"


def arms_of(table: pl.DataFrame, new_drugs: tuple[str, ...] = ()) -> Arms:
    """Return what the arms of `treatment_units.units` hold; `new_drugs` are taken as known."""
    new = {name for text in new_drugs for name in drug_names(text)}
    known: dict[str, frozenset[str]] = {}
    unknown: dict[str, frozenset[str]] = {}
    for arm, missing in table.select("arm", "unknown").unique().sort("arm", "unknown").iter_rows():
        strange = frozenset((missing or "").split(";")) - new - {""}
        unknown[arm] = unknown.get(arm, frozenset()) | strange
        known[arm] = frozenset(drug_names(arm)) - unknown[arm]
    return Arms(known, unknown)


def _with_nearest(name: str) -> str:
    near = nearest_name(name)
    return f"{name} (nearest name: {near})" if near else name
