"""Every analysis, whatever it asks: it has words, keeps its tables, repeats its bytes, and survives small studies."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from multiprocessing.reduction import ForkingPickler
from statistics import median

import polars
import polars as pl
import polars.selectors
import pytest

from oncourse.analyses._base import Estimate, Figure, Result, registry, say
from oncourse.analyses._people import counted, unclosed
from oncourse.cohort import Cohort
from oncourse.report import workers
from oncourse.report.execute import run_one
from oncourse.report.results import _analysis_flow, results_json, write_json
from oncourse.report.workers import run_all
from oncourse.words.readable import TYPICAL, n_words, sentences, too_long

ANALYSES = sorted(registry())


@pytest.mark.parametrize("name", ANALYSES)
def test_has_words_and_documented_settings(name):
    entry = registry()[name]
    assert entry.title and entry.question.endswith("?")
    assert all(f.metadata.get("text") for f in dataclasses.fields(entry.params))
    for table in entry.tables:
        assert table.text and all(c.text for c in table.columns)
        assert table.name.count("/") == 1


@pytest.fixture(scope="module")
def nobody(make_study):
    """The Cohort of a study without rows, derived once for all analyses."""
    return Cohort(make_study(patients=[], samples=[], calls=[]))


@pytest.fixture(scope="module")
def one_patient(simulated_study):
    """Return a function: design -> the Cohort of its first patient, derived once for all analyses."""

    @cache
    def first_of(design):
        study = simulated_study(design)
        return Cohort(study.select(patients=study["patients"]["patient_id"].to_list()[:1]))

    return first_of


@pytest.mark.parametrize("name", ANALYSES)
def test_empty_study_does_not_fail(name, nobody):
    assert run_one(registry()[name], nobody).status in ("skipped", "too_few", "done")


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_one_patient_does_not_fail(name, design, one_patient):
    outcome = run_one(registry()[name], one_patient(design))
    assert outcome.status in ("skipped", "too_few", "done"), outcome.detail


def as_sent(cohort):
    """What the processes of a run answer (`report.workers`), by name: their own function, sent as their pool sends it."""
    workers._state["cohort"] = cohort
    try:
        told = [ForkingPickler.dumps(workers._run(name, draw=False)) for name in registry()]
    finally:
        workers._state.clear()
    return {run.analysis.name: run for run in (ForkingPickler.loads(bytes(sent)).value for sent in told)}


@pytest.fixture(scope="module", params=["crc", "mcrpc"])
def twice(request, simulated_study, answered):
    """The analyses of one simulated study, and of the same study with every table's rows in reverse.

    In one process (those of a run are started in `tests/report/test_workers.py`), and sent as another would.
    """
    study = simulated_study(request.param)
    reverse = dataclasses.replace(study, tables={k: v.reverse() for k, v in study.tables.items()})
    plain, outcomes = answered(request.param)
    return (
        outcomes,
        as_sent(Cohort(reverse)),
        plain,
    )


@pytest.mark.parametrize("name", ANALYSES)
def test_one_sentence_of_at_most_25_words_in_both_languages(name, twice):
    """Issue 19: one plain sentence, a light, and why in five words; no name of a setting, no empty placeholder."""
    result = twice[0][name].result
    if result is None:
        return
    headline = result.headline
    assert headline is not None, "an analysis says its answer in one sentence (analyses/_headline.py)"
    text, chinese = headline.text.text(), headline.text.text("zh")
    assert 3 < len(text.split()) <= 25, text
    assert text[0].isupper() or not text.split()[0].islower(), text
    assert "{" not in text + chinese and name + "." not in text, text
    assert "None" not in text.removeprefix("None of "), text  # a value that is none; "None of 16 genes" are words
    assert len(headline.reason.text().split()) <= 5
    assert headline.number is None or result.estimate(headline.number) is not None


@pytest.mark.parametrize("name", ANALYSES)
def test_no_shown_sentence_is_longer_than_35_words(name, twice):
    """Issue 19: median at most 18 words, none above 35, over answers, notes, methods and captions."""
    result = twice[0][name].result
    if result is None:
        return
    shown = [result.answer, *result.notes, *result.methods, *(f.caption for f in result.figures)]
    assert too_long(shown) == []
    assert median(n_words(s) for text in shown for s in sentences(text)) <= TYPICAL


#: A share, and what must follow it before the sentence ends: its interval, its n, or that it has no interval.
SHARE = re.compile(r"(?<![\d.-])\d+(?:\.\d+)? %(?! CI| limits)")
TOLD = re.compile(r"95 % CI|n = |no interval| of \d|in [\d,]+ patients")
#: What is no share of anybody: a cut-off.
CUT_OFF = re.compile(r"(?:at least|at most|chance of|discovery rate|fall by|rise of|below|above)(?: at least)? $")


def bare_shares(text):
    """The sentences of a text with a share that has neither interval nor n.

    >>> bare_shares("It was 12 % (95 % CI 3-30; n = 9). Of these 88 % were alive.")
    ['Of these 88 % were alive.']
    """
    found = []
    for sentence in sentences(text):
        for share in SHARE.finditer(sentence):
            k_of_n = re.search(r"\d of (?:the )?\d", sentence[: share.start()])
            if not (CUT_OFF.search(sentence[: share.start()]) or k_of_n or TOLD.search(sentence[share.end() :])):
                found.append(sentence)
    return found


@pytest.mark.parametrize("name", ANALYSES)
def test_every_share_of_an_answer_has_its_interval_or_its_n(name, twice):
    """77.3 % alive at 24 months stood in the headline without either (issue 14, 2 and 8)."""
    result = twice[0][name].result
    if result is not None:
        assert bare_shares(result.answer) + bare_shares(result.headline.text.text()) == []


@pytest.mark.parametrize("name", ANALYSES)
def test_simulated_study_is_answered(name, twice, tmp_path):
    outcome = twice[0][name]
    assert outcome.status in ("done", "skipped", "too_few"), outcome.detail
    if outcome.result is not None:
        assert outcome.result.answer
        assert all(t in {d.name for d in outcome.analysis.tables} for t in outcome.result.tables)
        write_json(results_json([outcome], twice[2].used), tmp_path / "results.json")


@pytest.mark.parametrize("name", ANALYSES)
def test_row_order_and_jobs_change_nothing(name, twice):
    a, b = twice[0][name], twice[1][name]
    assert a.status == b.status
    if a.result is None:
        return
    assert a.result.answer == b.result.answer
    assert [e.name for e in a.result.estimates] == [e.name for e in b.result.estimates]
    for table, frame in a.result.tables.items():
        other = b.result.tables[table]
        # source_row points at a line of the user's file, which moved on purpose
        frame, other = (f.drop("source_row", strict=False) for f in (frame, other))
        assert frame.equals(other), f"{table} differs"
    assert a.result.excluded.equals(b.result.excluded)
    assert b.result.figures == (), "nobody looks at them here, and to draw them is half of a run"


@pytest.mark.parametrize("name", ANALYSES)
def test_the_sums_of_people_close(name, twice):
    """Everybody is in or out of every question with a reason; n, exclusions and the flow are sums of that."""
    outcome, patients = twice[0][name], set(twice[2].study["patients"]["patient_id"])
    if outcome.result is None:
        return
    people = outcome.result.people
    assert unclosed(people, patients, outcome.result.estimates) == []
    assert people["question"].n_unique() >= 1
    for (question, unit), part in people.group_by("question", "unit"):
        inside, out = (set(part.filter(pl.col("is_in") == state)["patient_id"]) for state in (True, False))
        assert inside | out == patients and (unit != "patient" or not inside & out), question
    out = people.filter(~pl.col("is_in")).select("patient_id", "sample_id").unique()
    listed = outcome.result.excluded.select("patient_id", "sample_id").unique()
    assert out.sort("patient_id", "sample_id").equals(listed.sort("patient_id", "sample_id"))
    samples = set(twice[2].study["samples"]["sample_id"])
    for step, n_patients, n_samples, reason in _analysis_flow([outcome], samples).iter_rows():
        part = people.filter(pl.col("question") == step.split(", ", 1)[1])
        assert n_patients == part.filter("is_in")["patient_id"].n_unique()
        n_out = sum(int(m) for m in re.findall(r"(?:^|; )(\d+) x ", reason))
        assert part.height == part.filter("is_in").height + n_out, step
        assert n_samples is None or n_samples == part.filter("is_in").height


def test_a_number_in_a_sentence_is_an_estimate():
    estimate = Estimate("share", 0.25, 0.1, 0.5, 40, "exact", "fraction")
    assert say("It was {share}.", [estimate]) == "It was 25 % (95 % CI 10-50; n = 40)."
    with pytest.raises(KeyError):
        Result(answer="{unknown} of them")


def test_failing_analysis_is_named_and_the_rest_reported(make_study):
    entry = registry()["overview"]

    def broken(cohort, params):
        raise RuntimeError("boom")

    study = make_study(patients=[{"patient_id": "P"}], samples=[], calls=[])
    bad = dataclasses.replace(entry, name="broken", function=broken)
    outcomes = run_all(Cohort(study), [bad, entry])
    assert [o.status for o in outcomes] == ["failed", "done"]
    assert "boom" in outcomes[0].message


def test_a_figure_is_drawn_once_and_when_it_is_shown():
    """A failure to draw is named by a run; an analysis alone draws nothing, and what another process gets is drawn."""
    drawn = []
    figure = Figure("one", "One", "A circle.", lambda: drawn.append(1) or "<svg/>")
    result = Result(answer="", figures=(figure,))
    assert drawn == [] and result.figure("one").svg == result.figure("one").svg == "<svg/>" and drawn == [1]
    late = Figure("late", "Late", "", lambda: drawn.append(2) or "<svg/>")
    assert (
        ForkingPickler.loads(bytes(ForkingPickler.dumps(dataclasses.replace(result, figures=(late,)))))
        .figure("late")
        .drawing
        == "<svg/>"
    )
    assert drawn == [1, 2]


def test_a_figure_that_cannot_be_drawn_is_named(make_study):
    entry = registry()["overview"]

    def answer(cohort, params):
        broken = Figure("one", "One", "", lambda: 1 // 0)
        return Result(answer="all well", figures=(broken,), people=counted("all", ["P"], ["P"]))

    cohort = Cohort(make_study(patients=[{"patient_id": "P"}], samples=[], calls=[]))
    bad = dataclasses.replace(entry, function=answer)
    assert "ZeroDivisionError" in run_one(bad, cohort).message
    assert run_one(bad, cohort, draw=False).status == "done"


def test_an_infinite_limit_is_null_in_results_json(make_study, tmp_path):
    """A median survival not reached once stopped the whole report: JSON has no infinity."""
    import json

    entry = registry()["overview"]

    def answer(cohort, params):
        limit = Estimate("median", float("inf"), 3.0, float("inf"), 4, "Kaplan-Meier", "months")
        return Result(answer="{median}", estimates=(limit,), people=counted("all", ["P"], ["P"]))

    study = make_study(patients=[{"patient_id": "P"}], samples=[], calls=[])
    outcome = run_one(dataclasses.replace(entry, function=answer), Cohort(study))
    assert "not reached" in outcome.result.answer
    write_json(results_json([outcome], {}), tmp_path / "results.json")
    stored = json.loads((tmp_path / "results.json").read_text())["overview"]["estimates"][0]
    assert (stored["value"], stored["ci_low"], stored["ci_high"]) == (None, 3.0, None)


@pytest.mark.parametrize("name", ANALYSES)
def test_probabilities_are_between_zero_and_one(name, twice):
    """Columns p_..., ..._probability, q_value, power, and limits of an estimate around it."""
    outcome = twice[0][name]
    if outcome.result is None:
        return
    for table, frame in outcome.result.tables.items():
        for column in frame.select(polars.selectors.float()).columns:
            if column.startswith(("p_", "q_")) or "probability" in column or column in ("power", "edge_support"):
                values = frame[column].drop_nulls()
                assert values.is_between(0, 1).all(), f"{table}.{column}: {values.min()} to {values.max()}"
    for e in outcome.result.estimates:
        if None not in (e.value, e.ci_low, e.ci_high):
            assert e.ci_low <= e.value + 1e-9 and e.value <= e.ci_high + 1e-9, e.name


@pytest.mark.parametrize("name", ["concordance", "ras_status", "discordance", "tissue_blood", "recurrence"])
def test_the_names_of_patients_and_samples_change_no_number(name, answered, renamed):
    """The limits of a bootstrap moved with the spelling of ids, and so did the sample taken of several as deep."""
    before, after = answered("crc")[1][name].result, run_one(registry()[name], renamed, draw=False).result
    one, two = ({e.name: (e.value, e.ci_low, e.ci_high) for e in r.estimates} for r in (before, after))
    assert one.keys() == two.keys()
    for key, numbers in one.items():
        assert numbers == pytest.approx(two[key], abs=1e-6, nan_ok=True), key


@pytest.fixture(scope="module")
def renamed(simulated_study):
    """The simulated colorectal study with ids that sort in another order."""
    study = simulated_study("crc")
    ids = {c: study[t][c].to_list() for t, c in (("patients", "patient_id"), ("samples", "sample_id"))}
    new = {c: {old: f"{c[0]}{k * 37 % 101:03d}" for k, old in enumerate(names)} for c, names in ids.items()}
    tables = {
        name: table.with_columns(pl.col(c).replace(new[c]) for c in new if c in table.columns)
        for name, table in study.tables.items()
    }
    return Cohort(dataclasses.replace(study, tables=tables))
