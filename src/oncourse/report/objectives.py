"""The protocol's questions of a study's design, in its order, and what else was answered."""

from __future__ import annotations

from collections.abc import Sequence

from oncourse.disease import disease, diseases, tumour_of
from oncourse.report.execute import AnalysisRun
from oncourse.study.config import StudyConfig

#: Analyses that describe the study; they are no question of a protocol.
DESCRIPTION = ("overview",)
#: Outcomes of what the study records too little for.
UNASKED = ("skipped", "too_few")


def objectives(design: str | None) -> tuple[str, ...]:
    """Return the analyses that answer a design's questions, in its order; empty where the design names none.

    The question is `objective.<analysis>` of the words.
    """
    return disease(design).objectives if design in diseases() else ()


def ordered(outcomes: Sequence[AnalysisRun], design: str | None) -> tuple[list[AnalysisRun], list[AnalysisRun]]:
    """Return the outcomes that answer the protocol's questions, in its order, and the others.

    Without a design (or where none of its questions was asked) every analysis that the study records enough for is a
    question of its own; where there is none, every analysis.
    """
    by_name = {o.analysis.name: o for o in outcomes}
    first = [by_name[name] for name in objectives(design) if name in by_name]
    rest = [o for o in outcomes if o not in first and o.analysis.name not in DESCRIPTION]
    if not first:
        first = [o for o in rest if o.status not in UNASKED] or rest
        rest = [o for o in rest if o not in first]
    return first, rest


def unasked(others: Sequence[AnalysisRun], config: StudyConfig) -> list[AnalysisRun]:
    """Return the outcomes that say what would have to be recorded; none that is a question of another tumour."""
    mine = disease(config.design).tumour if config.design in diseases() else tumour_of(config.disease)
    return [o for o in others if o.status in UNASKED and (mine is None or o.analysis.tumour in ("", mine))]
