"""Overall survival between two bounds, where it is not known of a few patients whether they live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncourse.analyses._base import Estimate
from oncourse.cohort import Cohort
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.clinical.endpoints import survival_bounds
from oncourse.derive.clinical.people import people, vital_status
from oncourse.facts.days import landmark_days

if TYPE_CHECKING:
    from oncourse.stats.km import Curve

#: What the two cases are called in tables: those of unknown status live to the end of follow-up, or died when last seen.
CASES = ("unknown_alive", "unknown_dead")


def refusal(cohort: Cohort) -> str:
    """Return why overall survival is not told, as a sentence with a blank behind it; empty where it is, or where nobody is
    followed up: what rests on it has no other reason to say."""
    if not cohort.study.has("follow_up"):
        return ""
    status = vital_status(people(cohort.study["follow_up"]), cohort.params(EndpointParams).max_unknown_status)
    return f"{status.sentence} " if status.sentence else ""


def curves(cohort: Cohort) -> list[tuple[Curve, int, int]]:
    """Return curve, patients and deaths of the best and of the worst case (`CASES`); nothing where there are none."""
    from oncourse.stats.km import kaplan_meier

    found = []
    for rows in survival_bounds(cohort.endpoint_inputs, cohort.params(EndpointParams)) or ():
        rows = rows.filter(rows["time_days"] > rows["entry_days"].fill_null(0))
        entry = rows["entry_days"].fill_null(0).to_numpy().astype(float)
        time, event = rows["time_days"].to_numpy().astype(float), rows["is_event"].to_numpy()
        curve = kaplan_meier(time, event, entry=entry if entry.any() else None)
        found.append((curve, rows.height, int(event.sum())))
    return found


def bounds(cohort: Cohort, months: float) -> tuple[list[Estimate], str]:
    """Return the estimates of the best and the worst case at a landmark, and the sentence of both; nothing where the
    status of everybody is known, or of too few (overall survival is then refused)."""
    rules = cohort.params(EndpointParams)
    found = curves(cohort)
    if not found:
        return [], ""
    status = vital_status(people(cohort.study["follow_up"]), rules.max_unknown_status)
    out = [Estimate("status_unknown", status.n_unknown, n=status.n, unit="count")]
    at = landmark_days(months, first_day=rules.count_first_day)
    for word, (curve, n, _) in zip(("alive", "dead"), found, strict=True):
        share = curve.at(at)
        value, low, high = (
            None if np.isnan(v[0]) else float(v[0]) for v in (share.survival, share.ci_low, share.ci_high)
        )
        out.append(Estimate(f"OS_{months:g}m_if_unknown_{word}", value, low, high, n, "Kaplan-Meier", "fraction"))
    names = [e.name for e in out[1:]]
    left_out = (
        "Of {status_unknown:value} patients it is not known whether they live, or when they died: they are left out of "
        "overall survival."
    )
    if any(e.value is None for e in out[1:]):  # nobody is followed so long
        return out, left_out
    return out, (
        f"{left_out} Had all of them lived to the end of follow-up, {{{names[0]}}} would be alive at {months:g} "
        f"months; had all died on the day of last contact, {{{names[1]}}}."
    )
