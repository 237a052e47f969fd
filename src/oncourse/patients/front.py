"""The front of a patient's page: statuses by sample, what could not be seen, and what to do about it.

A match is `oncourse.knowledge.matching.Match`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from oncourse.cohort import Cohort
from oncourse.words.catalogue import write

#: Lines of "what we could not see" and of next steps.
UNSEEN_SHOWN, STEPS_SHOWN = 4, 5
#: Therapies named behind a line.
THERAPIES_SHOWN = 3
#: Highest level of the rules that a next step is for: what is only exploratory asks for no biopsy.
STEP_LEVELS = ("I-A", "I-B")
#: Words of a missing fact -> the step that would supply it, first match (`patient.step.<name>`).
STEPS = (
    (r"no tumour sample", "sequence"),
    (r"germline", "germline"),
    (r"too few reads|too little tumour", "resample"),
    (r"genotype not known", "genotype"),
    (r"fusions not looked for", "fusions"),
    (r"MMR|MSI", "mmr"),
    (r"IHC|HER2|PSMA|AR-V7", "marker"),
    (r"ctDNA", "blood"),
    (r"not profiled|not on the panel|not assessed", "panel"),
)


@dataclass(frozen=True)
class StatusCell:
    """One status in one sample."""

    state: str
    text: str
    title: str


@dataclass(frozen=True)
class StatusRow:
    """One status over the samples, the patient's state, the sample that decided and why."""

    name: str
    cells: tuple[StatusCell, ...]
    verdict: StatusCell
    decided_by: str
    why: str


@dataclass(frozen=True)
class StatusCard:
    """The card: samples (id, what) and a row per status."""

    samples: tuple[tuple[str, str], ...]
    rows: tuple[StatusRow, ...]


@dataclass(frozen=True)
class Step:
    """A next step with its reason and the therapies it bears on."""

    what: str
    reason: str
    therapies: str
    level: str


_CLASSES = {"positive": "found", "negative": "none", "not_assessable": "unclear"}


def named_once(text: str) -> str:
    """Return what a record says, its test named once.

    >>> named_once("MSI MSI-H"), named_once("MSI MSS"), named_once("MMR deficient")
    ('MSI-H', 'MSS', 'MMR deficient')
    """
    return text.replace("MSI MS", "MS")


def _cell(row: dict[str, str | None] | None, language: str) -> StatusCell:
    if row is None:
        return StatusCell("unclear", "?", write("patient.state.not_assessable", language))
    state = row["state"] or "not_assessable"
    if state == "positive":
        text = named_once(row["variants"] or "") or write("patient.state.positive", language)
    elif state == "negative" and row["basis"] == "assumed":
        text = write("patient.state.assumed", language)
    else:
        text = "?" if state == "not_assessable" else write(f"patient.state.{state}", language)
    return StatusCell(_CLASSES.get(state, "unclear"), text, row["reason"] or "")


def status_card(cohort: Cohort, patient: str, samples: Sequence[dict[str, Any]], language: str) -> StatusCard | None:
    """Return the statuses of a patient by sample; None where none is known. The latest sample that can tell decides."""
    mine = cohort.statuses.filter(pl.col("patient_id") == patient)
    verdicts = cohort.patient_statuses.filter(pl.col("patient_id") == patient)
    if verdicts.is_empty():
        return None
    known = {(r["status"], r["sample_id"]): r for r in mine.iter_rows(named=True)}
    shown = [s for s in samples if any(key[1] == s["sample_id"] for key in known)]
    columns = tuple((str(s["sample_id"]), _sample_words(s)) for s in shown)
    rows = []
    for row in verdicts.sort("status").iter_rows(named=True):
        cells = tuple(_cell(known.get((row["status"], sample)), language) for sample, _ in columns)
        why = "; ".join(filter(None, (row["reason"], row["others"])))
        told = row["state"] in ("positive", "negative")  # without a sample: by a marker that was recorded
        by = row["sample_id"] or (write("patient.recorded_test", language) if told else "")
        rows.append(StatusRow(row["status"], cells, _cell(row, language), by, why))
    return StatusCard(columns, tuple(rows))


def _sample_words(sample: dict[str, Any]) -> str:
    what = str(sample.get("role") or sample["material"]).replace("_", " ")
    day = "" if sample["day"] is None else f", day {sample['day']}"
    name, share = tumour_share(sample)
    return f"{what}{day}" + ("" if share is None else f", {name} {share:.2g}")


def tumour_share(sample: dict[str, Any]) -> tuple[str, float | None]:
    """Return what the share of tumour in a sample is called, and the share, null where it is not known."""
    is_plasma = sample["material"] == "plasma"
    return ("tumour fraction", sample["tumor_fraction"]) if is_plasma else ("purity", sample["purity"])


def _therapies(matches: Sequence[Any]) -> str:
    names = list(dict.fromkeys(m.rule.therapy or m.rule.biomarker for m in matches))
    more = f" and {len(names) - THERAPIES_SHOWN} more" if len(names) > THERAPIES_SHOWN else ""
    return "; ".join(names[:THERAPIES_SHOWN]) + more


def _is_open(match: Any) -> bool:
    """Whether a test would settle what is of use now: the highest levels, in a setting the patient may be in."""
    return match.status == "not_assessable" and match.level in STEP_LEVELS and match.setting != "does_not_fit"


def unseen(matches: Sequence[Any]) -> list[tuple[str, str]]:
    """Return what could not be seen for the highest levels: the missing fact, the therapies it bears on."""
    groups: dict[str, list[Any]] = {}
    for m in sorted(matches, key=lambda m: m.sort_key):
        if _is_open(m):
            for text in m.missing[:1]:
                groups.setdefault(text, []).append(m)
    largest = sorted(groups.items(), key=lambda g: (-len(g[1]), g[1][0].sort_key))
    return [(text, _therapies(found)) for text, found in largest[:UNSEEN_SHOWN]]


def next_steps(matches: Sequence[Any], language: str) -> list[Step]:
    """Return what would settle the rules of the highest levels: a step per kind of missing fact, most rules first.

    Where nothing was sequenced that comes first, and a wider panel than none is no step.
    """
    groups: dict[str, list[tuple[Any, str]]] = {}
    for m in matches:
        if not _is_open(m):
            continue
        for text in m.missing:
            step = next((name for pattern, name in STEPS if re.search(pattern, text)), None)
            if step is not None:
                groups.setdefault(step, []).append((m, text))
    if "sequence" in groups:
        groups.pop("panel", None)
    order = sorted(groups.items(), key=lambda g: (g[0] != "sequence", -len({id(m) for m, _ in g[1]}), g[0]))
    steps = []
    for name, found in order[:STEPS_SHOWN]:
        rules = list({id(m): m for m, _ in found}.values())
        reasons = list(dict.fromkeys(text for _, text in found))
        reason = reasons[0] + (f", and {len(reasons) - 1} more" if len(reasons) > 1 else "")
        level = min(m.level for m in rules)
        steps.append(Step(write(f"patient.step.{name}", language), reason, _therapies(rules), level))
    return steps
