"""What leads page one where no finding and no treatment could be shown to matter: all patients together."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.analyses._headline import Headline
from oncourse.analyses._whole import leads, whole
from oncourse.words.catalogue import said


def told(time, event, entry=None):
    time = np.asarray(time, float)
    since = np.zeros(time.size) if entry is None else np.asarray(entry, float)
    return whole("OS", time, np.asarray(event, bool), since, question="OS", first_day=False)


def test_the_share_is_that_of_the_curve_with_its_events():
    """Ten patients, two deaths before two years, none lost: 8 of 10 live, exactly."""
    known = told([100, 400, *[900] * 8], [1, 1, *[0] * 8])
    assert known.estimate.value == pytest.approx(0.8) and known.estimate.n == 10
    assert known.words.text() == "Overall survival at 24 months; 10 patients, 2 events"
    assert known.words.text("zh") == "24 个月时未发生事件（总生存期）；10 例患者，2 个事件"


def test_a_short_study_is_told_at_a_month_that_it_reached():
    """Nobody was followed for two years: the share at two years is not known, that at six months is."""
    known = told([250, 260, 270, 100], [0, 0, 0, 1])
    assert known.estimate.name == "OS_all_6m" and "at 6 months" in known.words.text()
    assert told([20, 30], [0, 0]) is None and told([], []) is None


def test_a_curve_that_is_undone_tells_nothing():
    """The one at risk early died before the others came under observation: its 0 % is no survival of theirs."""
    assert told([50, 900, 900, 900], [1, 0, 0, 0], [0, 400, 400, 400]) is None


def test_the_number_stands_beside_the_sentence_and_says_what_it_is():
    plain = Headline(said("headline.too_few"), "uncertain", said("reason.nothing_found"), None)
    known = told([100, 400, *[900] * 8], [1, 1, *[0] * 8])
    with_it = leads(plain, known)
    assert with_it.number == "OS_all_24m" and with_it.counts is known.words and with_it.text is plain.text
