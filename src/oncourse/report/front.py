"""Page one: the protocol's questions with their answers, who is in the study, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from oncourse.analyses._base import Estimate, Result
from oncourse.analyses._headline import Headline, cannot
from oncourse.cohort import Cohort
from oncourse.facts.material import is_tumour
from oncourse.report.execute import AnalysisRun
from oncourse.report.micro import interval_svg
from oncourse.study.config import StudyConfig
from oncourse.words.catalogue import said, write
from oncourse.words.numbers import limits, shown
from oncourse.words.phrases import page_in
from oncourse.words.readable import n_words, split

#: Words of the longest sentence of page one.
SHORT = 25
#: Tables whose absence page one tells, in the words' order (`missing.<table>`).
EXPECTED = ("follow_up", "treatments", "coverage", "segments", "target_lesions", "labs")


@dataclass(frozen=True)
class Card:
    """One question of page one."""

    name: str
    question: str
    sentence: str
    light: str
    light_word: str
    reason: str
    number: str
    interval: str
    counts: str
    drawing: str


def headline_of(outcome: AnalysisRun) -> Headline:
    """Return the headline of an analysis, or why it has none."""
    if outcome.result is not None and outcome.result.headline is not None:
        return outcome.result.headline
    if outcome.status == "skipped":
        what = outcome.message.removeprefix("needs the table ").partition(", which")[0]
        return cannot(said("headline.skipped", what=what), said("reason.not_recorded"))
    reason = "failed" if outcome.status == "failed" else "no_data"
    return cannot(said(f"headline.{reason}"), said(f"reason.{reason}"))


def sentence_of(outcome: AnalysisRun, language: str) -> str:
    """Return the one sentence; an analysis without a headline says the first sentence of its answer, one that could not
    answer what it says is missing, where that is short enough."""
    if outcome.status == "too_few":
        why = split(outcome.message)[0]
        if n_words(why) <= SHORT:
            return page_in(f"{why[:1].upper()}{why[1:].rstrip('.')}.", language)
    if outcome.result is not None and outcome.result.headline is None:
        return outcome.result.answer.split(". ")[0].rstrip(".") + "."
    told = headline_of(outcome).text.text(language)
    return told.replace("_", " ") if outcome.status == "skipped" and language == "en" else told  # names of tables


def card(outcome: AnalysisRun, language: str) -> Card:
    """Return what page one shows of one analysis."""
    headline, name = headline_of(outcome), outcome.analysis.name
    number = _number(outcome.result, headline)
    sentence = sentence_of(outcome, language)
    counted = number is not None and number.unit == "count" and number.ci_low is None and number.ci_high is None
    return Card(
        name=name,
        question=question(outcome, language),
        sentence=sentence,
        light=headline.light,
        light_word=write(f"light.{headline.light}", language),
        reason=headline.reason.text(language),
        number="" if number is None or counted else shown(number, language),
        interval="" if number is None or counted else limits(number, language),
        counts="" if headline.counts is None else headline.counts.text(language),
        drawing="" if number is None else interval_svg(number, f"{number} - {sentence}"),
    )


def _number(result: Result | None, headline: Headline) -> Estimate | None:
    if result is None or headline.number is None:
        return None
    return result.estimate(headline.number)


def question(outcome: AnalysisRun, language: str) -> str:
    """Return the protocol's question; one that the words do not have is that of the analysis."""
    return _of_words(f"objective.{outcome.analysis.name}", language) or _of_words(
        f"analysis.{outcome.analysis.name}.question", language, outcome.analysis.question
    )


def title(outcome: AnalysisRun, language: str) -> str:
    """Return the title of an analysis in a language."""
    return _of_words(f"analysis.{outcome.analysis.name}.title", language, outcome.analysis.title)


def _of_words(key: str, language: str, other: str = "") -> str:
    try:
        return write(key, language)
    except KeyError:
        return other


def flow_steps(tables: Mapping[str, pl.DataFrame], language: str) -> list[tuple[str, int, int | None, float]]:
    """Return the steps of the flow: words, patients, samples, share of the first step's patients."""
    flow = tables["overview/flow"].filter(~pl.col("step").str.starts_with("analysis:"))
    if flow.is_empty():
        return []
    first = max(int(flow["n_patients"][0]), 1)
    return [
        (_of_words(f"flow.{_slug(step)}", language, step), patients, samples, patients / first)
        for step, patients, samples in flow.select("step", "n_patients", "n_samples").iter_rows()
    ]


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text.partition("(")[0].strip().lower())


def missing_lines(cohort: Cohort, language: str) -> list[str]:
    """Return what is missing of what the questions rest on: whole tables, then values."""
    study = cohort.study
    lines = [write(f"missing.{name}", language) for name in EXPECTED if not study.has(name)]
    if study.has("follow_up") and not study.config.primary_endpoint:
        lines.append(write("missing.primary_endpoint", language))
    samples, calls = study["samples"], study["calls"]
    tissue, plasma = (samples.filter(pl.col("material") == m) for m in ("tissue", "plasma"))
    tumour = samples.filter(is_tumour())
    for key, frame, column in (
        ("purity", tissue, "purity"),
        ("tumor_fraction", plasma, "tumor_fraction"),
        ("day", tumour, "day"),
        ("assay", tumour, "assay_id"),
        ("lesion", tissue, "lesion_id"),
        ("reads", calls, "depth"),
        ("status", study["follow_up"], "is_dead"),
    ):
        n = frame[column].null_count()
        if n:
            lines.append(write(f"missing.{key}", language, k=n, n=frame.height))
    return lines


def primary_endpoint(config: StudyConfig, language: str) -> str:
    """Return the primary end point that a study states, one that is known by its name with its words; else nothing."""
    name = config.primary_endpoint
    words = _of_words(f"endpoint.{name}", language)
    return f"{name} ({words})" if words else name


def nothing_answered(outcomes: Sequence[AnalysisRun]) -> bool:
    """Return whether no question was answered; the description of the study is none, unless it alone was asked for.

    What failed is named as such: no table that is filled in would mend it.
    """
    questions = [o for o in outcomes if o.analysis.name != "overview"] or outcomes
    return not any(o.status in ("done", "failed") for o in questions)
