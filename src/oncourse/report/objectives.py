"""The protocol's questions of each design, in its order, and the analysis that answers each."""

from __future__ import annotations

from collections.abc import Sequence

from oncourse.report.execute import AnalysisRun

#: design -> analyses in the order of the protocol; the question is `objective.<analysis>` of the words.
OBJECTIVES = {
    "crc": ("concordance", "ras_status", "tissue_blood", "recurrence", "biomarkers", "prediction"),
    "mcrpc": ("landscape", "heterogeneity", "evolution", "survival", "biomarkers", "treatment", "monitoring"),
}
#: Analyses that describe the study; they are no question of a protocol.
DESCRIPTION = ("overview",)


def ordered(outcomes: Sequence[AnalysisRun], design: str | None) -> tuple[list[AnalysisRun], list[AnalysisRun]]:
    """Return the outcomes that answer the protocol's questions, in its order, and the others.

    Without a design (or where none of its questions was asked) every analysis is a question of its own.
    """
    named = OBJECTIVES.get(design or "", ())
    by_name = {o.analysis.name: o for o in outcomes}
    first = [by_name[name] for name in named if name in by_name]
    rest = [o for o in outcomes if o not in first and o.analysis.name not in DESCRIPTION]
    return (first, rest) if first else (rest, [])
