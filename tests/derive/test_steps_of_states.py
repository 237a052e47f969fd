"""Steps to the state of a variant, of a status beside its records and of a course of PSA or ctDNA, worked by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.care.ctdna_response import CtdnaParams, PlasmaPoint, Variation, _line_response
from oncourse.derive.clinical.exact import SCALE
from oncourse.derive.clinical.psa import _summary
from oncourse.derive.clinical.psa_values import PsaParams
from oncourse.derive.concordance.presence import PresenceParams, _with_states
from oncourse.derive.concordance.status_tables import status_table
from oncourse.derive.status.columns import STATUS_SCHEMA
from oncourse.derive.status.table import _seen
from oncourse.derive.status.witnesses import PART_ONLY, UNNAMED, marker_rows, with_witnesses
from oncourse.facts.markers import NEGATIVE, POSITIVE, UNCLEAR

#: A covered site with 100 reads and none of the variant, at which any clone would have been seen.
SILENT = {
    "alt_count": 0,
    "depth": 100,
    "min_depth": None,
    "is_covered": True,
    "called": False,
    "set_aside": False,
    "minor_cn": None,
    "total_cn": None,
    "cn_known": False,
    "covered_depth": None,
    "p_present": 0.01,
    "p_least": 0.5,
    "p_sizeable": 0.01,
    "tail": 0.01,
    "power": 0.9,
    "power_pure": 0.9,
    "sample": 0,
}
#: In a sample whose reads spread ten times as much as assumed.
SPREAD = {"sample": 1, "p_sizeable": 0.001}
UNCOUNTED = {"alt_count": None, "depth": None}
#: what differs -> why
REASONS = [
    ({}, "no_reads"),
    ({"alt_count": 1}, "background_reads"),
    ({"is_covered": False, "called": True}, "not_covered"),
    ({"depth": 0}, "low_depth"),
    ({"min_depth": 101}, "low_depth"),
    ({"min_depth": 100}, "no_reads"),
    ({"called": True, **UNCOUNTED}, "called"),
    ({"called": True, "alt_count": None}, "called"),
    ({"p_present": 0.95, "p_least": 0.9}, "reads"),
    ({"p_present": 0.949, "p_least": 0.9}, "uncertain"),
    ({"p_present": 0.95, "p_least": 0.89}, "uncertain"),
    ({"p_present": 0.949, "p_least": 0.9, "called": True}, "weak_call"),
    ({"p_present": 0.99, "p_least": 0.99, **UNCOUNTED}, "uncertain"),  # nothing was seen
    ({"p_present": 0.3}, "no_reads"),
    ({"p_present": 0.31}, "uncertain"),
    ({"p_sizeable": 0.05}, "no_reads"),
    ({"p_sizeable": 0.051}, "uncertain"),
    ({"power": 0.8}, "no_reads"),
    ({"power": 0.79}, "low_purity"),
    ({"power": 0.79, "power_pure": 0.79}, "low_depth"),
    ({"power": 0.79, "power_pure": 0.8}, "low_purity"),
    (UNCOUNTED, "not_called"),
    ({"alt_count": None}, "not_called"),
    ({"alt_count": None, "depth": 0}, "low_depth"),  # a genotype of dots that tells its depth was "absent, assumed"
    ({"alt_count": None, "depth": 4, "min_depth": 5}, "low_depth"),
    (UNCOUNTED | {"set_aside": True}, "set_aside"),  # <0.1%, Below LOD
    (UNCOUNTED | {"set_aside": True, "is_covered": False}, "not_covered"),
    (UNCOUNTED | {"power": None}, "not_called"),
    (UNCOUNTED | {"power": 0.79}, "low_purity"),
    ({"tail": 0.9}, "no_reads"),
    (SPREAD, "no_reads"),
    (SPREAD | {"tail": 0.05}, "no_reads"),
    (SPREAD | {"tail": 0.051}, "uncertain"),
    (SPREAD | {"p_sizeable": 0.04}, "uncertain"),  # a small clone is less surely missed
    ({"cn_known": True, "total_cn": 0.4, "p_present": 0.9}, "lost_locus"),
    ({"cn_known": False, "total_cn": 0.4}, "no_reads"),
    ({"cn_known": True, "total_cn": 0.5}, "no_reads"),
    ({"cn_known": True, "total_cn": 1.0, "minor_cn": 0.0, "site": "kept", "power": 0.1}, "lost_locus"),
    ({"cn_known": True, "total_cn": 1.0, "minor_cn": 0.5, "site": "kept", "power": 0.1}, "low_purity"),
    ({"cn_known": True, "total_cn": 1.0, "minor_cn": 0.0, "site": "kept", "p_present": 0.31}, "uncertain"),
    ({"cn_known": True, "total_cn": 1.0, "minor_cn": 0.0, "power": 0.1}, "low_purity"),  # nobody else kept it
    ({"cn_known": True, "total_cn": 1.0, "minor_cn": 0.0, "site": "kept", "called": True, "power": 0.1}, "weak_call"),
    # the sample that kept the allele
    ({"p_present": 0.99, "p_least": 0.99, "minor_cn": 1.0, "total_cn": 2.0, "site": "kept", "alt_count": 30}, "reads"),
]
STATES = {"called": "present", "reads": "present"}
STATES |= dict.fromkeys(("lost_locus", "not_called", "no_reads", "background_reads"), "absent")


def _states(params):
    rows = [SILENT | {"site": f"site {k}"} | given for k, (given, _) in enumerate(REASONS)]
    of_kernel = ("p_present", "p_least", "p_sizeable", "power", "power_pure", "tail")
    frame = pl.DataFrame(rows, infer_schema_length=None)
    nothing = np.zeros(len(rows))
    kernel = SimpleNamespace(
        power_same_ccf=nothing,
        excluded_ccf=nothing,
        ccf=nothing,
        background=SimpleNamespace(concentration=np.array([200.0, 20.0])),
        tail_sizeable=frame["tail"].to_numpy(),
        **{name: frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in of_kernel if name != "tail"},
    )
    return _with_states(frame.drop(of_kernel), kernel, params, 0.8)


def test_the_state_of_a_variant_in_a_sample_and_why():
    found = _states(PresenceParams())
    for (given, reason), row in zip(REASONS, found.iter_rows(named=True), strict=True):
        assert (row["reason"], row["state"]) == (reason, STATES.get(reason, "not_assessable")), given
        counted = row["alt_count"] is not None and row["depth"] is not None
        covered = row["depth"] is not None and not row["called"]
        assert row["basis"] == ("counted" if counted else "covered" if covered else "assumed")
    assert found["raw_state"].to_list() == found["state"].to_list()
    asked = _states(PresenceParams(unknown_depth="not_assessable"))
    changed = [k for k, (a, b) in enumerate(zip(found["reason"], asked["reason"], strict=True)) if a != b]
    assert [(REASONS[k][0].get("power", 1), asked["reason"][k]) for k in changed] == [(None, "depth_unknown")]


def test_a_recorded_marker_is_a_status():
    samples = pl.DataFrame({"patient_id": list("ABCDE"), "sample_id": [f"S{p}" for p in "ABCDE"], "material": "tissue"})
    samples = samples.with_columns(day=pl.lit(1, pl.Int64))
    rows = [
        ("A", "SA", "AR-V7", "pos", POSITIVE),
        ("B", "SB", "AR-V7", "neg", NEGATIVE),
        ("C", "SC", "AR-V7", "pos", POSITIVE),
        ("C", "SC", "AR-V7", "neg", NEGATIVE),
        ("D", "SD", "AR-V7", "?", UNCLEAR),
        ("E", "SE", "other", "pos", POSITIVE),
        ("F", None, "AR-V7", "pos", POSITIVE),
    ]
    readings = pl.DataFrame(rows, schema=["patient_id", "sample_id", "marker", "value", "state"], orient="row")
    readings = readings.with_columns(day=pl.lit(9, pl.Int64))
    status = SimpleNamespace(name="AR-V7", markers=("AR-V7",))
    found = marker_rows(samples, readings, status).select("sample_id", "state", "basis", "variants", "reason", "day")
    assert found.rows() == [
        ("SA", "positive", "recorded", "AR-V7 pos", None, 1),
        ("SB", "negative", "recorded", "AR-V7 neg", None, 1),
        ("SC", "positive", "recorded", "AR-V7 pos", "contradicted by AR-V7 neg", 1),
        ("SD", "not_assessable", None, None, "AR-V7 ?: recorded, but not told positive from negative", 1),
        ("SE", "not_assessable", None, None, "AR-V7 not recorded", 1),
        (None, "positive", "recorded", "AR-V7 pos", None, 9),
    ]
    assert marker_rows(samples, readings.filter(pl.col("marker") == "other"), status).is_empty()


#: state of the reads, basis, doubtful, dry, record -> state, basis, reason, doubtful, silent
WITNESSED = [
    (("positive", "counted", False, False, None), ("positive", "counted", "r", False, True)),
    (("not_assessable", None, False, False, POSITIVE), ("positive", "recorded", "w", False, False)),
    (("not_assessable", None, False, False, NEGATIVE), ("negative", "recorded", "w", False, False)),
    (("not_assessable", None, True, False, NEGATIVE), ("not_assessable", None, "r", True, True)),
    (("not_assessable", None, False, True, POSITIVE), ("positive", "recorded", "w", False, False)),
    (
        ("not_assessable", None, False, True, NEGATIVE),
        ("not_assessable", None, "w is of plasma in which no tumour DNA was shown", False, True),
    ),
    (("positive", "counted", False, False, NEGATIVE), ("positive", "counted", "contradicted by w", False, True)),
    (("positive", "counted", False, False, POSITIVE), ("positive", "counted", "r", False, True)),
    (("negative", "measured", False, False, NEGATIVE), ("negative", "measured", "r", False, True)),
    (("negative", "measured", False, False, POSITIVE), ("not_assessable", None, "contradicted by w", True, True)),
    # mutated, not told how: a measured negative may still be right, an assumed one may not
    (("negative", "measured", False, False, UNNAMED), ("negative", "measured", "r", False, True)),
    (("negative", "assumed", False, False, UNNAMED), ("not_assessable", None, "contradicted by w", True, True)),
    (("positive", "counted", False, False, UNNAMED), ("positive", "counted", "r", False, True)),
    (("not_assessable", None, False, False, UNNAMED), ("not_assessable", None, "r", False, True)),
]


def test_a_record_speaks_where_the_reads_cannot_tell(monkeypatch):
    names = ["state", "basis", "is_doubtful", "is_dry"]
    table = pl.DataFrame([given[:4] for given, _ in WITNESSED], schema=names, orient="row")
    table = table.with_columns(
        sample_id=pl.Series([f"S{k}" for k in range(len(WITNESSED))]), reason=pl.lit("r"), is_silent=pl.lit(True)
    )
    rest = {n: t for n, t in STATUS_SCHEMA.items() if n not in table.columns}
    table = table.with_columns(pl.lit(None, t).alias(n) for n, t in rest.items())
    told = [("P", f"S{k}", 5, given[4], "w") for k, (given, _) in enumerate(WITNESSED) if given[4]]
    told += [("P", "S0", 5, "not_assessable", "of a part")]
    alone = [("Q", None, 7, POSITIVE, "x"), ("Q", None, 8, UNNAMED, "y"), ("Q", None, None, "not_assessable", "z")]
    types = {"patient_id": pl.String, "sample_id": pl.String, "day": pl.Int64, "state": pl.String, "words": pl.String}
    records = pl.DataFrame([*told, *alone], schema=types, orient="row")
    monkeypatch.setattr("oncourse.derive.status.witnesses._told", lambda *_: records)
    found = with_witnesses(table, records, (), SimpleNamespace(name="RAS"))
    own = found.head(len(WITNESSED)).select("state", "basis", "reason", "is_doubtful", "is_silent").rows()
    for (given, expected), row in zip(WITNESSED, own, strict=True):
        assert row == expected, given
    last = found.tail(3).select("state", "basis", "variants", "reason", "day", "is_doubtful", "is_silent").rows()
    assert last == [
        ("positive", "recorded", "x", None, 7, False, False),
        ("not_assessable", None, "y", "y: protein change not recorded", 8, False, False),
        ("not_assessable", None, "z", PART_ONLY, None, False, False),
    ]
    monkeypatch.setattr("oncourse.derive.status.witnesses._told", lambda *_: records.clear())
    assert with_witnesses(table, records, (), SimpleNamespace(name="RAS")) is table


def test_statuses_of_two_samples_agree_or_do_not():
    rows = [
        # a, b, basis of a and b, informative plasma, main, of two
        ("positive", "positive", "counted", "counted", True, True, False),
        ("positive", "negative", "counted", "assumed", True, True, False),
        ("negative", "positive", "measured", "counted", None, True, False),
        ("negative", "negative", "assumed", "assumed", False, True, False),
        ("negative", "negative", "measured", None, True, True, False),
        ("not_assessable", "negative", None, "assumed", True, True, False),
        ("negative", "not_assessable", "measured", None, True, True, False),
        ("positive", "positive", "counted", "counted", True, False, False),
        ("positive", "positive", "counted", "counted", True, True, True),
    ]
    names = ["state_a", "state_b", "basis_a", "basis_b", "informative_b", "is_main", "of_two"]
    two = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        status=pl.lit("RAS"),
        comparison=pl.lit("primary v metastasis"),
        informative_a=pl.lit(None, pl.Boolean),
        is_silent_b=pl.lit(False),
        is_silent_a=pl.lit(False),
        material_a=pl.lit("tissue"),
        material_b=pl.lit("tissue"),
    )
    counts = ("set", "n_both", "n_a_only", "n_b_only", "n_neither", "n_not_assessable", "n_assumed")
    found = status_table(two)
    assert found.select(counts).rows() == [("all", 1, 1, 1, 2, 2, 2), ("informative", 1, 1, 1, 1, 2, 1)]
    whole = found.row(0, named=True)
    assert (whole["ppa"], whole["npa"], whole["opa"]) == pytest.approx((1 / 2, 2 / 3, 3 / 5))
    assert whole["mcnemar_p"] == 1


def test_a_course_of_psa_in_numbers():
    """Baseline 10. a: falls to 2, then 3; b: never below 10; c: no value; d: no baseline; e: above a limit."""
    params = PsaParams()
    assert (params.week12_day, params.week12_window_days, params.undetectable_ng_ml) == (84, 14, 0.2)
    rows = [
        ("a", 10, 4.0, False),
        ("a", 69, 3.0, False),
        ("a", 70, 2.0, False),
        ("a", 90, 2.0, False),
        ("a", 98, 3.0, False),
        ("b", 99, 12.0, False),
        ("b", 120, 11.0, False),
        ("d", 80, 0.2, False),
        ("e", 84, 100.0, True),
        ("f", 70, 0.19, False),
        ("f", 98, 20.0, False),
        ("g", 84, 10.0, False),
        ("h", 84, 9.0, False),
        ("h", 85, 12.0, False),
    ]
    values = pl.DataFrame(rows, schema=["group", "t", "value_ng_ml", "is_above_limit"], orient="row").with_columns(
        _x=(pl.col("value_ng_ml") * SCALE).round(0).cast(pl.Int64), day=pl.col("t") + 1000
    )
    values = values.with_row_index("row", 2).with_columns(pl.col("row").cast(pl.Int64))
    base = {"start_day": 1000, "_base": 10 * SCALE, "baseline_day": 995, "baseline_ng_ml": 10.0, "_base_row": 1}
    lines = pl.DataFrame([{"group": g, **base, "_base_above": g == "h"} for g in "abcdefgh"]).with_columns(
        pl.when(pl.col("group") != "d").then("_base").alias("_base"),
        pl.when(pl.col("group") != "d").then("baseline_day").alias("baseline_day"),
    )
    found = {row[0]: row[1:] for row in _summary(values, lines, params).iter_rows()}
    # nadir, its day, days to it, best change, change at 12 weeks, undetectable, last day and row
    assert found["a"] == (2.0, 1070, 70, pytest.approx(-0.8), pytest.approx(-0.8), False, 1098, 6)
    assert found["b"] == (10.0, 995, None, pytest.approx(0.1), None, False, 1120, 8)
    assert found["c"] == (10.0, 995, None, None, None, None, 995, 1)
    assert found["d"] == (0.2, 1080, 80, None, None, False, 1080, 9)
    assert found["e"] == (10.0, 995, None, None, None, False, 1084, 10)  # above 100: by how much nobody knows
    assert found["f"] == (0.19, 1070, 70, pytest.approx(-0.981), pytest.approx(-0.981), True, 1098, 12)
    assert found["g"] == (10.0, 995, None, pytest.approx(0), pytest.approx(0), False, 1084, 13)
    assert found["h"] == (9.0, 1084, 84, pytest.approx(-0.1), pytest.approx(-0.1), False, 1085, 15)


def test_the_response_of_a_line_without_reads():
    """Results without counts: a baseline is the last positive sample up to the start, the course ends with the next
    line."""
    params = CtdnaParams()
    line = {"patient_id": "P", "line": 1, "drugs": "d", "start_day": 100, "next_start_day": 200}

    def of(*points, **changed):
        samples = [PlasmaPoint(day, state, vaf, None, None, None) for day, state, vaf in points]
        return _line_response(samples, line | changed, params, Variation(0.2, 0))

    far = 100 - params.baseline_days
    assert of((far - 1, "positive", 0.2), (150, "negative", None)) is None
    assert of((far, "negative", None), (150, "negative", None)) is None
    assert of((101, "positive", 0.2), (150, "negative", None)) is None
    assert of((far, "positive", 0.2), (100, "positive", 0.2)) is None
    assert of((far, "positive", 0.2), (201, "positive", 0.2)) is None
    names = (
        "baseline_day",
        "n_samples",
        "lowest_vaf",
        "lowest_day",
        "ratio",
        "clearance_day",
        "is_sustained",
        "response",
    )

    def said(*points, **changed):
        row = of(*points, **changed)
        return tuple(row[n] for n in (*names, "progression_day"))

    first = (far, "positive", 0.4), (100, "positive", 0.2)
    assert said(*first, (200, "positive", 0.1)) == (100, 1, 0.1, 200, 0.5, None, None, "no_response", None)
    cleared = said(*first, (150, "negative", None), (160, "positive", 0.3), (201, "negative", None))
    assert cleared == (100, 2, 0.0, 150, 0.0, 150, False, "clearance", 160)
    on = said(*first, (150, "negative", None), (201, "negative", None), next_start_day=None)
    assert on == (100, 2, 0.0, 150, 0.0, 150, True, "clearance", None)
    unmeasured = said((100, "positive", None), (150, "positive", None))
    assert unmeasured == (100, 1, None, None, None, None, None, "no_response", None)


def test_a_positive_sample_names_the_variants_that_it_shows():
    """KRAS G12V of the tissue stood beside G12D in the plasma that shows 0 of 900 reads of it."""
    hit = {"status": "RAS", "verdict": "hit", "codon": "12", "basis": "counted", "why": "low_purity", "depth": 900}
    rows = [("S1", "G12D", "present", 9), ("S1", "G12V", "not_assessable", 0), ("S2", "G12V", "not_assessable", 1)]
    names = ("sample_id", "name", "state", "alt_count")
    found = _seen(pl.LazyFrame([hit | dict(zip(names, row, strict=True)) for row in rows])).collect().sort("sample_id")
    assert found.select("sample_id", "is_hit", "variants", "unseen").rows() == [
        ("S1", True, "G12D", "G12V: low_purity"),
        ("S2", False, "G12V", "G12V: low_purity"),
    ]
