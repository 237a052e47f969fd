"""Steps to what belongs to one visit, lies between two samples or is one event, each asked alone and worked by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from tests.derive.test_steps_of_genes import a_study

from oncourse.derive.care.ctdna import COMMON_FROM, COMMON_MOST, COMMON_SPREAD, CtdnaParams, _common_level
from oncourse.derive.clinical.recist import _on_first_day, _one_day_per_visit
from oncourse.derive.clinical.response import ImagingParams
from oncourse.derive.concordance.concordance_summary import _between
from oncourse.derive.concordance.tissue_blood import _treated_between
from oncourse.derive.genes.copy_recurrence import APART, _focal_runs
from oncourse.derive.outcomes.clone_features import MANY_SAMPLES, can_tell_clones
from oncourse.genome.cytobands import arms


def test_a_treatment_ran_between_two_samples():
    """Samples on days 10 and 50, whichever comes first; one that ends or begins on a day of theirs lies outside."""
    spans = {
        "A": [(0, 10)],
        "B": [(0, 11)],
        "C": [(50, 60)],
        "D": [(49, None)],
        "E": [(0, None)],
        "F": [],
        "G": [(20, 30)],
    }
    rows = [(p, start, stop) for p, runs in spans.items() for start, stop in runs]
    treatments = pl.DataFrame(
        rows, schema={"patient_id": pl.String, "start_day": pl.Int64, "stop_day": pl.Int64}, orient="row"
    )
    main = pl.DataFrame({"pair": range(7), "patient_id": list("ABCDEFG"), "row_a": 0, "row_b": 1})
    main = main.with_columns(row_a=pl.when(pl.col("patient_id") == "G").then(2).otherwise("row_a"))
    samples = pl.DataFrame({"day": [10, 50, None]})
    study = a_study(treatments=treatments)
    study.has = lambda name: True
    found = dict(_treated_between(study, main, samples).iter_rows())
    assert [found.get(k) for k in range(7)] == [False, True, False, True, True, False, None]
    turned = main.rename({"row_a": "row_b", "row_b": "row_a"})
    assert dict(_treated_between(study, turned, samples).iter_rows()) == found
    study.has = lambda name: False
    assert _treated_between(study, main, samples)["treated"].null_count() == 7


def test_scans_within_a_week_of_the_first_are_one_visit_of_a_line():
    params = ImagingParams(visit_window_days=7)
    days = [100, 107, 108, 115, 199, 203]
    target = pl.DataFrame({"patient_id": "P", "day": days, "lesion_id": "T"})
    assessed = pl.DataFrame(
        {"patient_id": ["P", "P", "Q"], "day": [104, 300, 104], "method": "ct_mri", "overall": "SD"}
    )
    spans = pl.DataFrame({"patient_id": "P", "line": [1, 2], "start_day": [90, 200]}).with_columns(
        next_start_day=pl.Series([200, None], dtype=pl.Int64)
    )
    lesions, scans = _one_day_per_visit(target, assessed, spans, params)
    assert lesions["day"].to_list() == [100, 100, 108, 108, 199, 203]  # of two lines: two visits
    assert scans["day"].to_list() == [100, 300, 104]  # another patient's are not touched
    as_it_is = _one_day_per_visit(target, assessed, spans, ImagingParams(visit_window_days=0))
    assert [frame["day"].to_list() for frame in as_it_is] == [days, [104, 300, 104]]


def test_a_response_reported_on_the_first_day_of_the_first_line():
    rows = [
        ("P", 10, 10, None, None, "SD", True),
        ("P", 10, 11, None, None, "SD", False),
        ("P", 50, 50, None, None, "SD", False),  # a later line
        ("P", 10, 10, "NE", None, "SD", False),
        ("P", 10, 10, None, "no", "SD", False),
        ("P", 10, 10, None, None, "PD", False),
        ("P", 10, 10, None, None, "iUPD", False),
        ("P", 10, 10, None, None, "iCPD", False),
        ("Q", 10, 10, None, None, "SD", False),  # measured that day
    ]
    names = ["patient_id", "start_day", "day", "non_target", "new_lesions", "overall", "belongs"]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    measured = pl.DataFrame({"patient_id": ["Q", "P"], "day": [10, 9]})
    found = frame.select(found=_on_first_day(measured, frame))["found"]
    assert found.to_list() == frame["belongs"].to_list()


def test_neighbouring_segments_are_one_focal_run():
    """Shorter than half of the arm they begin in; parted by what is not gained, or by much that is not measured."""
    p = arms("GRCh37").filter((pl.col("chrom") == "3") & (pl.col("arm") == "3p")).row(0, named=True)
    half = (p["end"] - p["start"] + 1) // 2
    rows = [
        ("A", 1, 10, True),
        ("A", 11 + APART - 1, 20 + APART, True),  # as far apart as neighbours may be
        ("B", 1, 10, True),
        ("B", 11 + APART, 20 + APART, True),
        ("C", 1, 10, True),
        ("C", 11, 20, False),
        ("C", 21, 30, True),
        ("D", 1, half - 1, True),
        ("E", 1, half + 1, True),
        ("F", 1, 10, None),
    ]
    frame = pl.DataFrame(rows, schema=["sample_id", "start", "end", "flag"], orient="row")
    frame = frame.with_columns(patient_id=pl.lit("P"), chrom=pl.lit("3"))
    found = _focal_runs(frame, pl.col("flag"), "GRCh37", 0.5).sort("sample_id", "start")
    assert found.select("sample_id", "start", "end").rows() == [
        ("A", 1, 20 + APART),
        ("B", 1, 10),
        ("B", 11 + APART, 20 + APART),
        ("C", 1, 10),
        ("C", 21, 30),
        ("D", 1, half - 1),
    ]


def test_clones_are_told_where_enough_patients_have_several_counted_samples():
    calls = pl.DataFrame({"alt_count": [None, 3]})
    n = 100
    least = round(n * MANY_SAMPLES)

    def order(several):
        patient = np.concatenate([np.arange(n), np.arange(several)])
        return SimpleNamespace(patient=patient, patients=tuple(map(str, range(n))))

    assert can_tell_clones(calls, order(least))
    assert not can_tell_clones(calls, order(least - 1))
    assert not can_tell_clones(calls.head(1), order(n))
    assert not can_tell_clones(calls.clear(), order(n))


def test_how_much_patients_differ_in_what_is_shared():
    """Both, a only, called in b too, ...: of three patients with variants; of two nothing is told."""
    counts = np.array([[5, 5, 0, 9, 9], [5, 4, 1, 0, 0], [4, 6, 0, 0, 0], [0, 0, 0, 7, 7]], float)
    row = _between(counts)
    assert (row["n_patients"], row["n_variants"]) == (3, 30)
    assert row["estimate"] is not None
    assert _between(counts[1:])["estimate"] is None
    apart = _between(np.array([[10, 0, 0], [0, 10, 0], [10, 0, 0], [0, 10, 0]], float))["estimate"]
    assert apart == pytest.approx(0.5, abs=0.05)  # all or nothing, half of them: sd of a coin
    assert _between(np.array([[5, 5, 0]] * 4, float))["estimate"] == pytest.approx(0, abs=0.15)


def test_the_level_at_which_most_plasma_lies_may_be_background():
    """The lowest sample of each patient, reads over those told; where all are alike the median, else the quartile."""
    params = CtdnaParams()
    factor = params.error_factor

    def level(ratios, learned=False):
        rows = pl.DataFrame({"assay_id": "X", "patient_id": [f"P{k}" for k in range(len(ratios))], "sample_id": "S"})
        rows = rows.with_columns(sample_id=pl.col("patient_id"))
        n = len(ratios)
        expected = SimpleNamespace(
            alt=np.array(ratios, float) * 10,
            told=np.full(n, 0.01),
            depth=np.full(n, 1000.0),
            is_learned=np.full(n, learned),
        )
        return _common_level(rows, expected, params)

    near = factor * 1.5
    assert near < COMMON_MOST
    assert level([near] * COMMON_FROM) == {"X": pytest.approx(near)}
    assert level([near] * (COMMON_FROM - 1)) == {"X": factor}
    assert level([near] * COMMON_FROM, learned=True) == {"X": factor}
    assert level([factor / 2] * COMMON_FROM) == {"X": factor}
    assert level([COMMON_MOST * 1.01] * COMMON_FROM) == {"X": factor}
    n = 4 * COMMON_FROM
    wide = [near] * (n // 2) + [near * COMMON_SPREAD * 2] * (n // 2)
    assert level(wide) == {"X": pytest.approx(near)}
