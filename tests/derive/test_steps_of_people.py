"""Steps to who is known to live, who came late, and what is uncertain, each asked alone and worked by hand."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from oncourse.derive.care.therapy import _emerged
from oncourse.derive.care.watchlist import EMERGENCE_SCHEMA
from oncourse.derive.clinical.endpoint_base import EndpointParams, EndpointTables
from oncourse.derive.clinical.endpoints import survival_bounds
from oncourse.derive.clinical.people import SEQUENCED_SHARE, first_sampled, late_by_sample
from oncourse.derive.genes.burden import BurdenParams
from oncourse.derive.genes.hypermutation import _with_tmb_high
from oncourse.study.tables import TABLES


def test_overall_survival_lies_between_the_best_and_the_worst_of_the_unknown():
    """A died on day 300, B lives on day 400; C was last seen on day 200 and of D nothing is known."""
    rows = [("A", 300, True, 300), ("B", 400, False, None), ("C", 200, None, None), ("D", None, None, None)]
    names = ["patient_id", "last_contact_day", "is_dead", "death_day"]
    types = {n: pl.Boolean if n == "is_dead" else pl.Int64 for n in names[1:]}
    known = pl.DataFrame(rows, schema={"patient_id": pl.String} | types, orient="row")
    follow = pl.concat([TABLES["follow_up"].empty(), known], how="diagonal_relaxed")
    nothing = {n: TABLES[n].empty() for n in ("procedures", "lesions")}
    frames = dict.fromkeys(("lines", "psa", "visits", "bone", "best"), pl.DataFrame())
    data = EndpointTables(patients=known.select("patient_id"), follow_up=follow, **nothing, **frames)
    best, worst = survival_bounds(data, EndpointParams(max_unknown_status=0.5, entry="recorded"))
    said = ["patient_id", "time_days", "is_event"]
    assert best.sort("patient_id").select(said).rows() == [
        ("A", 301, True),
        ("B", 401, False),
        ("C", 401, False),
        ("D", 401, False),
    ]
    assert worst.sort("patient_id").select(said).rows() == [
        ("A", 301, True),
        ("B", 401, False),
        ("C", 201, True),
        ("D", 1, True),
    ]
    assert survival_bounds(data, EndpointParams(max_unknown_status=0.49)) is None  # of too many
    told = EndpointTables(patients=known.head(2), follow_up=follow.head(2), **nothing, **frames)
    assert survival_bounds(told, EndpointParams()) is None  # of nobody


def test_who_counts_from_the_first_sample():
    """A was sampled on days 9 and 5; B after death, on no day that counts; C on the day of the last contact."""
    table = pl.DataFrame({"patient_id": ["A", "B", "C"], "dead_day": [None, 10, None], "last_contact_day": [20, 99, 7]})
    samples = pl.DataFrame({"patient_id": ["A", "A", "B", "C", "X"], "day": [9, 5, 11, 7, 1]})
    assert first_sampled(table, samples).sort("patient_id").rows() == [("A", 5), ("C", 7)]
    assert first_sampled(table, None).is_empty()
    assert first_sampled(table.clear(), samples).is_empty()
    least = round(100 * SEQUENCED_SHARE)
    many = pl.DataFrame({"patient_id": [f"P{k}" for k in range(100)], "dead_day": None, "last_contact_day": 9})
    many = many.with_columns(pl.col("dead_day").cast(pl.Int64))
    some = pl.DataFrame({"patient_id": [f"P{k}" for k in range(least)], "day": 3})
    assert first_sampled(many, some).height == least
    assert first_sampled(many, some.head(least - 1)).is_empty()  # a study with another way in


def test_who_enters_late_by_a_sample():
    records = pl.DataFrame(
        [("A", "OS", None, 5), ("B", "OS", None, 5), ("C", "OS", None, 0), ("D", "OS", 1, 5), ("E", "PFS", None, 5)],
        schema={"patient_id": pl.String, "endpoint": pl.String, "line": pl.Int64, "entry_days": pl.Int64},
        orient="row",
    )
    follow = pl.DataFrame({"patient_id": ["A", "B"], "entry_day": [5, None]})
    assert late_by_sample(records, follow, "OS") == 1
    assert late_by_sample(records, follow.drop("entry_day"), "OS") == 2
    assert late_by_sample(records, follow, "PFS") == 1


@pytest.mark.parametrize(
    ("cells", "has_treatments"), [(None, True), (pl.DataFrame(), True), (pl.DataFrame({"a": [1]}), False)]
)
def test_nothing_emerges_where_there_is_nothing_to_ask(cells, has_treatments):
    """Neither samples nor treatments of the study are read then."""
    study = SimpleNamespace(has=lambda name: has_treatments)
    presence = None if cells is None else SimpleNamespace(cells=cells)
    found = _emerged(study, presence, SimpleNamespace())
    assert found.schema == pl.Schema(EMERGENCE_SCHEMA)
    assert found.is_empty()


def test_a_burden_is_high_where_its_interval_is():
    params = BurdenParams()
    high, small = params.tmb_high, params.small_panel_mb
    rows = [
        # mutations, size, burden, its limits -> high, why not sure
        (30, 1.5 * small, 20.0, high, 28.0, "yes"),
        (30, 1.5 * small, 20.0, high - 0.1, 28.0, "uncertain"),
        (3, 1.5 * small, 2.0, 0.4, high - 0.1, "no"),
        (3, 1.5 * small, 2.0, 0.4, high, "uncertain"),
        (3, None, None, None, None, None),
        (30, 0.49, 61.2, 41.3, 87.4, "uncertain"),  # a list of a few genes is never high
        (30, 0.5, 60.0, 40.5, 85.7, "yes"),
        (0, 0.49, 0.0, 0.0, 7.5, "no"),
    ]
    names = ["n_nonsynonymous", "callable_mb", "tmb_per_mb", "ci_low", "ci_high"]
    frame = pl.DataFrame([r[:5] for r in rows], schema=names, orient="row").with_columns(
        is_indel_called=pl.lit(True), callable_basis=pl.lit("stated")
    )
    found = _with_tmb_high(frame, params)
    assert found["tmb_high"].to_list() == [r[5] for r in rows]
    assert found["p_tmb_high"].is_null().to_list() == [False] * 4 + [True, True, False, True]
    cautions = found["caution"].to_list()
    assert cautions[0] is None
    assert cautions[4] == "size of the assay not known"
    no_indels = _with_tmb_high(frame.with_columns(is_indel_called=pl.lit(False)), params)["caution"].to_list()
    assert no_indels[0] == "no insertion or deletion of one base was called"
    assert _with_tmb_high(frame.with_columns(callable_mb=pl.lit(small)), params)["caution"][0] is None
    assert _with_tmb_high(frame.with_columns(callable_mb=pl.lit(small - 0.01)), params)["caution"][0] is not None
