"""Competing events against R: survfit (Aalen-Johansen), cuminc and crr."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from oncourse.stats.competing import cumulative_incidence, fine_gray
from oncourse.stats.km import kaplan_meier
from oncourse.stats.rng import generator


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data("survival-reference")


@pytest.fixture(scope="module")
def reference(folder):
    return {k: v["value"] for k, v in json.loads((folder / "reference.json").read_text()).items()}


def test_aalen_johansen_equals_r(folder, reference):
    data = pl.read_csv(folder / "colon_competing.csv")
    states = reference["colon_competing.survfit_multistate"]
    rows = {row["_row"]: row for row in reference["colon_competing.aalen_johansen"]["est"]}
    for i, arm in enumerate(("Obs", "Lev", "Lev+5FU")):
        mine = data.filter(pl.col("rx") == arm)
        curve = cumulative_incidence(mine["ctime"], mine["cevent"])
        for cause in (1, 2):
            value, error, *_ = curve.at([730.5], cause)
            np.testing.assert_allclose(value, states["pstate"][i][cause], rtol=1e-10)
            np.testing.assert_allclose(error, states["se"][i][cause], rtol=1e-10)
            value, *_ = curve.at([365, 730.5, 1826.25], cause)
            expected = [v for k, v in rows[f"{arm} {cause}"].items() if k != "_row"]
            np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("of", [1, 2])
def test_fine_gray_equals_crr_in_colon(folder, reference, of):
    """crr stops at a relative 1e-6 of its gradient: coefficients agree to 1e-5, standard errors to 1e-6."""
    data = pl.read_csv(folder / "colon_competing.csv")
    x = np.column_stack([data["rx"] == "Lev", data["rx"] == "Lev+5FU", data["age"], data["node4"]]).astype(float)
    fit = fine_gray(data["ctime"], data["cevent"], x, of=of)
    value = reference[f"colon_competing.finegray_cause{of}"]
    np.testing.assert_allclose(fit.coef, list(value["coef"].values()), rtol=1e-5)
    np.testing.assert_allclose(fit.std_err, value["se"], rtol=1e-6)
    assert fit.loglik == pytest.approx(value["loglik"], rel=1e-9) and fit.converged


def test_fine_gray_equals_crr_in_mgus2(folder, reference):
    data = pl.read_csv(folder / "mgus2.csv")
    progressed = (data["pstat"] == 1).to_numpy()
    time = np.where(progressed, data["ptime"], data["futime"])
    cause = np.where(progressed, 1, 2 * data["death"].to_numpy())
    fit = fine_gray(time, cause, np.column_stack([data["age"], data["sex"] == "M"]).astype(float))
    value = reference["mgus2.competing_finegray"]
    np.testing.assert_allclose(fit.coef, list(value["coef"].values()), rtol=1e-6)
    np.testing.assert_allclose(fit.std_err, value["se"], rtol=1e-6)


def test_incidences_and_freedom_add_to_one_also_with_late_entry():
    random = generator(21, "competing")
    entry = random.uniform(0, 1, 90)
    time = np.ceil((entry + random.exponential(2, 90)) * 8) / 8
    cause = random.integers(0, 3, 90)
    curve = cumulative_incidence(time, cause, entry=entry)
    np.testing.assert_allclose(curve.incidence.sum(0) + curve.event_free, 1, atol=1e-12)
    free = kaplan_meier(time, cause > 0, entry=entry)
    np.testing.assert_allclose(curve.event_free, free.at(curve.time).survival, atol=1e-12)


def test_one_cause_is_one_minus_kaplan_meier():
    """Also its standard error: Greenwood's and the jackknife's agree without ties to first order (2 % here)."""
    random = generator(22, "one cause")
    time, event = random.exponential(size=400), random.random(400) < 0.7
    curve, km = cumulative_incidence(time, event.astype(int)), kaplan_meier(time, event)
    value, error, low, high = curve.at([0.3, 0.9], 1)
    at = km.at([0.3, 0.9])
    np.testing.assert_allclose(value, 1 - at.survival, rtol=1e-10)
    np.testing.assert_allclose(error, at.std_err, rtol=0.02)
    assert (low < value).all() and (value < high).all()


def test_nobody_with_the_cause():
    fit = fine_gray([1, 2, 3], [0, 2, 0], [0.0, 1.0, 2.0])
    assert np.isnan(fit.coef).all() and fit.n_event == 0


def test_before_the_first_event_of_a_cause_there_is_an_upper_limit():
    """0 of 10 whose state at 5 is known (8 at risk, 2 dead of the other cause); 2 were lost before."""
    curve = cumulative_incidence([9.0] * 8 + [2.0, 3.0, 1.0, 4.0], [1] * 8 + [2, 2, 0, 0])
    value, _, low, high = (v[0] for v in curve.at([5.0], 1))
    assert (value, low) == (0.0, 0.0) and high == pytest.approx(1 - 0.025**0.1)
