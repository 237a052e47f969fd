"""Nothing leaves an analysis that cannot be: a share above 100 %, a number that is none, an empty sentence."""

from __future__ import annotations

import pytest

from oncourse.analyses._base import Estimate
from oncourse.analyses._sayable import check, unsayable
from oncourse.errors import OncourseError


@pytest.mark.parametrize(
    "answer",
    ["Median nan months.", "Risk inf.", "Left: .", "Of 8 () patients.", "It was {hazard}.", "Two .. dots", " "],
)
def test_words_that_cannot_be(answer):
    assert unsayable(answer, (), ())
    assert unsayable("All well.", (answer,) if answer.strip() else ("Left: .",), ())


@pytest.mark.parametrize(
    "answer", ["Clone features (clones:...) rest on trees.", "None of 8 patients.", "0.5 (0.2-0.9).", "Nancy, info."]
)
def test_words_that_can(answer):
    assert not unsayable(answer, (answer,), ())


def test_a_share_is_at_most_one_and_a_change_may_be_more():
    share = Estimate("positive", 1.2, n=5, unit="fraction")
    with pytest.raises(OncourseError, match="tissue_blood: says what cannot be: positive is a share above 100 %"):
        check("tissue_blood", "Positive in {positive}.".replace("{positive}", "120 %"), (), [share])
    assert not unsayable("All well.", (), [Estimate("median_best_change", 1.5, n=5, unit="fraction")])
    assert not unsayable("All well.", (), [Estimate("positive", 1.0, 0.5, 1.0, n=5, unit="fraction")])
