"""Numbers that stand in sentences and figures: counted back from a share, the first few of many, under observation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.analyses import drivers as dr
from oncourse.analyses import evolution as ev
from oncourse.analyses import treatment as tr
from oncourse.analyses._base import Estimate
from oncourse.derive.outcomes.treatment_comparisons import Comparisons


def founded(several, n, *, by_calls=0, absent=10):
    """The first line on `n` metastases with a clear history, `several` of them from several clones."""
    share = several / n if n else None
    told = (
        Estimate("n_patients", 7, unit="count"),
        Estimate("clones_per_patient", 3.0, n=7, unit="count"),
        Estimate("absences_by_calls", by_calls, n=absent, unit="count"),
        Estimate("polyclonal_fraction", share, *((0.0, 1.0) if n else (None, None)), n, "", "fraction"),
    )
    return ev._headline(told)


@pytest.mark.parametrize(
    ("several", "n", "words"),
    [
        (4, 10, "Of 10 metastases with a clear history, 4 came from several clones (40 %"),
        (1, 3, "Of 3 metastases with a clear history, 1 came from several clones (33 %"),
        (0, 3, "None of 3 metastases"),
        (1, 1, "The one metastasis with a clear history came from several clones"),
        (0, 1, "headline.evolution.one_mono"),
        (0, 0, "headline.evolution.clones"),
    ],
)
def test_metastases_of_several_clones_are_counted_back_from_their_share(several, n, words):
    told = founded(several, n).text
    assert told.key == words if words.startswith("headline.") else told.text().startswith(words)


def test_absences_by_calls_are_said_of_all_absences():
    told = founded(4, 10, by_calls=2, absent=9).text.text()
    assert "2 of 9" in told and "2 of 9" not in founded(4, 10, absent=9).text.text()


@pytest.mark.parametrize(("patients", "is_low"), [(199, True), (200, False)])
def test_the_share_of_patients_that_would_be_found_is_in_per_cent(monkeypatch, patients, is_low):
    """Mutated in 12 patients, of a share of 0.085: 8.5 %."""
    monkeypatch.setattr(dr, "least_found", lambda *_: (12, 0.085))
    told = dr._power(SimpleNamespace(panels=None), pl.DataFrame(), ["P"] * patients)
    assert "mutated in 12 patients" in told[-1] and "mutated in 8.5 % of patients" in told[-1]
    assert any(f"{patients} patients have low power" in note for note in told) == is_low
    monkeypatch.setattr(dr, "least_found", lambda *_: None)
    assert "No number of changed patients" in dr._power(SimpleNamespace(panels=None), pl.DataFrame(), ["P"])[-1]


def drawn_of(entry):
    """Curves of a marker and a treatment: four lines treated and positive, under observation from `entry` on."""
    lines = pl.DataFrame(
        {
            "patient_id": ["A", "B", "C", "D"],
            "time_days": [30, 60, 90, 120],
            "entry_days": entry,
            "is_event": [True, True, True, False],
            "value": [1, 1, 1, 1],
        }
    )
    curves = {("TP53", "docetaxel", "abiraterone", "OS"): (lines, pl.Series([True] * 4))}
    (figure,) = tr._figures(Comparisons([], [], [], {}), curves, pl.DataFrame())
    (curve,) = figure.drawing.args[0]
    return curve


def test_a_line_is_at_risk_from_when_its_patient_came_under_observation():
    """Delayed entry of some lines: D came at day 70, so A dies as one of three (not four), C as one of two."""

    def at_deaths(curve):
        return np.asarray(curve.survival)[np.searchsorted(curve.time, [30, 60, 90])]

    assert at_deaths(drawn_of([0, 0, 0, 0])) == pytest.approx([0.75, 0.5, 0.25])
    late = drawn_of([0, 0, 0, 70])
    assert at_deaths(late) == pytest.approx([2 / 3, 1 / 3, 1 / 6])
    assert late.label.endswith("TP53 positive") and list(late.people) == ["A", "B", "C", "D"]
