"""Steps of weighting, net benefit and imputation, each asked alone and worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from oncourse.models.compare import _extreme, _usable
from oncourse.models.decision import net_benefits
from oncourse.models.impute import fit_imputer
from oncourse.models.validation import added_value
from oncourse.models.weighting import effective_size
from oncourse.stats.cox import fit_cox


def test_the_net_benefit_of_treating_above_a_threshold():
    """Five patients, all followed: of a, b, c above 0.2 two have the event: 2/5 - 1/5 x 0.2/0.8. b twice, c never: 3/5
    of 3 / 5. At the threshold itself nobody is treated."""
    risk = np.array([0.9, 0.5, 0.3, 0.2, 0.1])
    time, event = np.array([1.0, 2.0, 9.0, 3.0, 9.0]), np.array([True, True, False, True, False])
    counts = np.array([[1, 1, 1, 1, 1], [1, 2, 0, 1, 1], [0, 0, 0, 2, 3]])
    found = net_benefits(risk, time, event, np.array([0.2, 0.4, 0.9]), 5.0, counts=counts)
    assert found[0].tolist() == pytest.approx([2 / 5 - 1 / 5 * 0.25, 3 / 5, 0.0])
    assert found[1].tolist() == pytest.approx([2 / 5, 3 / 5, 0.0])
    assert found[2].tolist() == [0.0, 0.0, 0.0]


def test_inverse_weights_are_used_where_they_balance_and_rest_on_a_quarter_of_each_arm():
    treated = np.array([True] * 4 + [False] * 4)
    x = np.array([[0.0], [1.0]] * 4)

    def usable(weights, score=0.5, n_extreme=0):
        scores = np.full(8, score)
        scores[:n_extreme] = 0.01
        return _usable(SimpleNamespace(x=x, score=scores), np.array(weights, float), treated)

    even = [1] * 8
    assert usable(even) and not usable(even, n_extreme=1)  # an eighth is more than 0.05
    assert not usable([1, 3, 1, 1, 1, 1, 1, 1])  # 1 of x counts thrice
    one_each = [1, 1, 1e-6, 1e-6, 1, 1, 1, 1]
    assert usable(one_each)  # two of four treated
    assert effective_size(np.array([3.0, 1.0])) == 1.6 and effective_size(np.zeros(2)) == 0.0
    few = SimpleNamespace(x=np.zeros((10, 1)), score=np.full(10, 0.5))
    arm = np.array([True] * 5 + [False] * 5)
    for other in (arm, ~arm):  # of five one: a fifth, in either arm
        assert not _usable(few, np.where(arm, [1, 0, 0, 0, 0] * 2, 1.0), other)
    assert _extreme(np.array([0.04, 0.05, 0.95, 0.96])) == 0.5


def test_an_imputer_of_whole_rows_holds_their_moments():
    x = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 4.0]])
    fitted = fit_imputer(x)
    assert fitted.mean.tolist() == pytest.approx([2.0, 2.0])
    empty = fit_imputer(np.array([[1.0, math.nan], [3.0, math.nan]]))
    assert empty.mean.tolist() == pytest.approx([2.0, 0.0])


def test_what_a_score_adds_to_another_is_their_difference_beside_it():
    """The difference of the means over repeats, in a Cox model beside the first score; nothing where it does not vary,
    or of one event."""
    time, event = np.arange(1.0, 13), np.arange(12) % 3 > 0
    one, two = np.sin(np.arange(12)), np.cos(np.arange(12) * 2)
    data = SimpleNamespace(time=time, event=event, late=None, strata=None)
    out = SimpleNamespace(
        score={"a": np.array([one - 1, one + 1]), "b": np.array([one + two, one + two]), "c": one[None]}
    )
    found = added_value(out, data, base="a", full="b")
    both, alone = (fit_cox(time, event, x) for x in (np.column_stack([two, one]), one[:, None]))
    assert found.log_hazard_ratio == pytest.approx(both.coef[0]) and found.std_err == pytest.approx(both.std_err[0])
    assert found.likelihood_ratio == pytest.approx(2 * (both.loglik[1] - alone.loglik[1]))
    assert found.p_value == pytest.approx(0.5 * math.erfc(both.coef[0] / both.std_err[0] / math.sqrt(2)))
    nothing = added_value(out, data, base="a", full="c")
    assert math.isnan(nothing.log_hazard_ratio) and math.isnan(nothing.p_value) and nothing.likelihood_ratio == 0
    data.event = np.arange(12) == 3
    assert math.isnan(added_value(out, data, base="a", full="b").std_err)
    data.event = event
    out.score["a"] = np.zeros((2, 12))
    flat = added_value(out, data, base="a", full="b")
    single = fit_cox(time, event, (one + two)[:, None])
    assert flat.likelihood_ratio == pytest.approx(2 * (single.loglik[1] - single.loglik[0]))
