"""What page one says of an analysis with a headline, without one, and of one that was not run."""

from __future__ import annotations

from types import SimpleNamespace

from oncourse.report.front import headline_of, sentence_of


def outcome(status="done", *, headline=None, answer="Two of ten differ. The rest is below.", message="", result=True):
    made = SimpleNamespace(headline=headline, answer=answer) if result else None
    return SimpleNamespace(result=made, status=status, message=message)


def test_the_sentence_is_the_headlines_else_the_first_of_the_answer():
    own = SimpleNamespace(text=SimpleNamespace(text=lambda language: f"in {language}"))
    assert sentence_of(outcome(headline=own), "zh") == "in zh"
    assert sentence_of(outcome(), "en") == "Two of ten differ."
    assert headline_of(outcome(headline=own)) is own


def test_an_analysis_that_was_not_run_says_why():
    told = {
        s: sentence_of(outcome(s, result=False, message="needs the table labs, which is not there"), "en")
        for s in ("skipped", "failed", "too few")
    }
    assert len(set(told.values())) == 3 and "labs" in told["skipped"]
    assert headline_of(outcome("skipped", result=False)) != headline_of(outcome("failed", result=False))
