"""Steps of the scan of features against outcomes, and of sizes and strengths beside it, each worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.clones.heterogeneity import copy_number_divergence
from oncourse.derive.genes import burden
from oncourse.derive.genes.kinds_alike import alike, counting, in_words
from oncourse.derive.genes.panels import ASSUMED
from oncourse.derive.outcomes import outcome_scan as scan
from oncourse.derive.outcomes.covariates import CovariateColumn
from oncourse.derive.outcomes.features import FeatureBlock
from oncourse.derive.outcomes.prediction_data import _words
from oncourse.derive.outcomes.treatment_comparisons import HIDDEN, _tipping_rows


def block(values, days, names=("gene:A",), ids=None, per="altered v not"):
    values = np.array(values)
    values = values.astype(np.int8) if values.dtype.kind == "i" else values
    return FeatureBlock(names, ("gene",) * len(names), values, np.array(days, float), ids or (None,) * len(days), per)


RECORDS = [
    # endpoint, line, patient, origin, time, event, entry
    ("PFS", 1, "b", 10, 50, True, None),
    ("PFS", 1, "a", None, 40, None, 5),
    ("PFS", 2, "a", 60, 20, True, None),
    ("PFS", 1, "a", 7, 41, True, None),  # the first row of a patient counts
    ("OS", None, "a", 0, 90, False, 3),
    ("FREE", None, "a", 0, 30, True, None),
    ("FREE", 1, "a", 0, 31, True, None),
]


def test_a_patient_counts_once_for_an_endpoint():
    names = ["endpoint", "line", "patient_id", "origin_day", "time_days", "is_event", "entry_days"]
    records = pl.DataFrame(RECORDS, schema=names, orient="row")
    told = scan.outcome(records, "PFS")
    assert told.endpoint == "PFS" and told.patients == ("a", "b")
    arrays = (told.origin, told.time, told.event, told.entry)
    assert [x.tolist() for x in arrays] == [[0.0, 10.0], [40.0, 50.0], [False, True], [5.0, 0.0]]
    assert scan.outcome(records, "OS").time.tolist() == [90.0]
    assert scan.line_of(records, "OS") is None and scan.line_of(records, "PFS") == 1
    assert scan.line_of(records, "FREE") == 1 and scan.outcome(records, "FREE").time.tolist() == [31.0]
    assert scan.line_of(records[5:6], "FREE") is None and scan.line_of(records.clear(), "PFS") == 1


def test_a_covariate_is_a_block_known_from_the_start():
    values = np.array([1.0, math.nan, 0.0])
    kinds = {k: scan._as_block(CovariateColumn("x", "x", k), values) for k in ("yes_no", "category", "number")}
    assert [kinds[k].values.ravel().tolist() for k in ("yes_no", "category")] == [[1, -1, 0]] * 2
    assert kinds["yes_no"].values.dtype == np.int8
    assert kinds["number"].values.ravel()[[0, 2]].tolist() == [1, 0] and math.isnan(kinds["number"].values[1, 0])
    assert [kinds[k].per for k in ("yes_no", "category")] == ["yes v no", "v the commonest"]
    one = kinds["number"]
    assert one.names == ("covariate:x",) and one.day.tolist() == [-math.inf] * 3 and one.sample_id == (None,) * 3


def test_ratios_and_limits_of_runaway_fits():
    assert scan._ratio(math.log(2)) == pytest.approx(2) and scan._ratio(-699.0) == pytest.approx(math.exp(-699))
    assert scan._ratio(math.nan) is scan._ratio(math.inf) is scan._ratio(700.0) is scan._ratio(-700.0) is None
    assert [scan._limit(x) for x in (-math.inf, 0.0, 710.0, math.inf)] == [0.0, 1.0, math.inf, math.inf]
    assert scan._limit(math.nan) is None and scan._limit(709.0) == math.exp(709)
    assert scan._number(math.inf) is scan._number(math.nan) is None and scan._number(np.float64(0.5)) == 0.5
    # (1.959964 + 0.841621) / sqrt(100 x 0.25) = 0.560317
    assert scan.detectable(100, 0.5) == pytest.approx(math.exp(0.560317), rel=1e-6)
    assert scan.detectable(100, None, variance=0.25) == scan.detectable(100, 0.5)
    assert scan.detectable(1, None, variance=1e-9) == math.exp(700.0)
    assert scan.detectable(100, 0.0) is scan.detectable(100, 1.0) is scan.detectable(0, 0.5) is None
    assert scan.detectable(100, None) is scan.detectable(100, None, variance=math.nan) is None


@pytest.fixture
def scanned():
    """Ten patients of day 0, with one event a month; gene A altered in five. `day`: when the finding was known."""
    patients = tuple("abcdefghij")
    time = np.arange(1, 11) * 30.0

    def scanned(values, day, names=("gene:A",), entry=None, column=None, at=time, **rules):
        given = np.zeros(10) if entry is None else np.array(entry, float)
        target = scan.Outcome("OS", patients, np.full(10, 5.0), np.array(at, float), np.arange(10) % 5 < 4, given)
        out, maxima = scan.OutcomeScan(), []
        made = block(values, day, names, ids=tuple(f"S{p}" for p in patients))
        rules = scan.ScanRules(**({"n_bootstrap": 0, "min_altered": 2} | rules))
        scan._scan_block(target, made, np.arange(10), np.zeros((10, 0)), column, rules, out, maxima)
        return out, maxima

    return scanned


HALF = [[1], [0]] * 5


def test_a_finding_counts_from_the_day_on_which_it_was_known(scanned):
    """Origin day 5. Of `b` (time 60) known on day 66, after the event; of `c` on day 25: it enters at 20; of `d` on no
    day; of `e` before the start."""
    out, _ = scanned(HALF, [5, 66, 25, math.nan, -20, 5, 5, 5, 5, 5])
    assert out.excluded == [("b", "Sb", "OS: event or end of follow-up before the finding was known")]
    assert out.assumed == {"d"} and out.late == {"c"} and out.unadjusted == 0
    (row,) = out.rows
    told = ("feature", "endpoint", "kind", "per", "n", "n_event", "n_altered", "n_event_altered")
    assert tuple(row[k] for k in told) == ("gene:A", "OS", "gene", "altered v not", 9, 7, 5, 4)
    assert row["n_assumed_baseline"] == row["n_delayed_entry"] == 1 and row["time_rule"] == "assumed_baseline"
    assert row["naive_hazard_ratio"] is not None and row["ci_low"] < row["hazard_ratio"] < row["ci_high"]
    assert row["min_detectable_hr"] == scan.detectable(7, 5 / 9) and row["ci_method"] and row["p_method"]
    edge, _ = scanned(HALF, [5, 65, 5, 5, 5, 5, 5, 5, 5, 5])  # on the day of its end
    assert [p for p, *_ in edge.excluded] == ["b"]
    last, _ = scanned(HALF, [5, 64, 5, 5, 5, 5, 5, 5, 5, 5])
    assert last.excluded == [] and last.late == {"b"}
    assert (last.rows[0]["n"], last.rows[0]["time_rule"]) == (10, "delayed_entry")
    start, _ = scanned(HALF, [5] * 10)
    assert (start.rows[0]["time_rule"], start.rows[0]["naive_hazard_ratio"], start.late) == ("baseline", None, set())
    a_day, _ = scanned(HALF, [5, 6, 5, 5, 5, 5, 5, 5, 5, 5])
    assert a_day.late == {"b"} and a_day.rows[0]["naive_hazard_ratio"] is not None
    after_one, _ = scanned(HALF, [5, 5, 40, 5, 5, 5, 5, 5, 5, 5])  # `c` was not at risk when `a` had the event
    assert after_one.rows[0]["naive_hazard_ratio"] != after_one.rows[0]["hazard_ratio"]
    none_seen, _ = scanned(HALF, [5] * 10, at=[0, *range(1, 10)])  # never under observation
    assert none_seen.excluded == [] and none_seen.rows[0]["n"] == 9
    one_has_it, _ = scanned([[1]] + [[0]] * 9, [5] * 10)
    assert [one_has_it.rows[0][k] for k in ("p_value", "p_method", "ci_method", "hazard_ratio")] == [None] * 4
    column = CovariateColumn("x", "x", "yes_no")
    assert scanned(HALF, [25] * 9 + [math.nan], column=column)[0].late == set()
    # who came under observation after the end is lost, but not for want of the finding
    entered, _ = scanned(HALF, [5] * 10, entry=[31] + [0] * 9)
    assert entered.excluded == [] and entered.rows[0]["n"] == 9 and entered.late == set()
    nobody, _ = scanned([[-1]] * 10, [5] * 10)
    assert nobody.rows == []


def test_what_is_not_known_of_a_patient_is_in_no_count(scanned):
    """Two genes: B is known of six; of those one is undated. A number has a spread, and no altered."""
    values = [[a, b] for (a,), b in zip(HALF, [1, 1, 1, 0, 0, 0, -1, -1, -1, -1], strict=True)]
    out, maxima = scanned(values, [5, 5, math.nan, 5, 5, 5, 25, 5, 5, math.nan], ("A", "B"), max_t=20)
    a, b = out.rows
    assert (a["n"], b["n"], a["n_altered"], b["n_altered"]) == (10, 6, 5, 3)
    assert [(r["n_assumed_baseline"], r["n_delayed_entry"]) for r in (a, b)] == [(2, 1), (1, 0)]
    ((tested, z, largest),) = maxima
    assert tested == [a, b] and len(z) == 2 and len(largest) == 20
    number, maxima = scanned([[float(k % 4)] for k in range(9)] + [[math.nan]], [5] * 10, max_t=20)
    (row,) = number.rows
    # eight of 0, 1, 2, 3 and one 0: mean 12 / 9, squares 28 / 9
    spread = math.sqrt(28 / 9 - (12 / 9) ** 2)
    assert row["sd"] == pytest.approx(spread) and row["n_altered"] is None and row["n"] == 9 and maxima == []
    assert row["min_detectable_hr"] == scan.detectable(row["n_event"], None, variance=row["sd"] ** 2)


def test_two_features_that_say_the_same_are_one_test():
    features = SimpleNamespace(
        patients=("a", "b", "c"),
        blocks=[
            block([[1, 1], [0, 0], [-1, 0]], [0, 5, 9], ("A", "B")),
            block([[1], [0], [-1]], [-7, 5, math.nan], ("C",)),  # of c nothing is known in both
            block([[1], [0], [-1]], [3, 5, 9], ("D",)),  # later known
            block([[1.0], [0.0], [2.0]], [0, 5, 9], ("number",)),
            block([[1], [0], [0]], [math.nan, 5, 9], ("E",)),
            block([[1], [0], [-1]], [0, 7, 9], ("F",)),  # of b later known that it has it not
            block([[1], [0], [-1]], [1, 5, 9], ("G",)),
        ],
    )
    assert scan.same_patients(features) == {"C": "A", "E": "B"}
    target = SimpleNamespace(patients=("b", "a"))
    assert scan.same_patients(features, target) == {"B": "A", "C": "A", "E": "A"}


def test_every_feature_and_every_covariate_beside_the_others_is_scanned(monkeypatch):
    """Covariates: a number and a category of two columns; one of `a` is not known. `b` came under observation late."""
    asked = []
    monkeypatch.setattr(scan, "_scan_block", lambda *given: asked.append(given))
    columns = [
        CovariateColumn("age", "age", "number"),
        *(CovariateColumn(f"site={k}", "site", "category") for k in "xy"),
    ]
    x = np.array([[60.0, 1, 0], [math.nan, 0, 1]])
    monkeypatch.setattr(scan, "covariate_block", lambda *_: (x, columns))
    features = SimpleNamespace(patients=("a", "b", "c"), blocks=[block([[1], [0], [1]], [0, 0, 0])])
    target = scan.Outcome("OS", ("c", "b"), np.zeros(2), np.ones(2), np.ones(2, bool), np.array([0.0, 1.0]))
    out = scan.OutcomeScan(used={"PSA"}, enrolled_late={"z"})
    scan.scan_outcome(None, features, target, {}, scan.ScanRules(), out)
    assert (out.used, out.incomplete, out.enrolled_late) == ({"PSA", "age", "site"}, 1, {"z", "b"})
    assert [(given[1].names, given[2].tolist()) for given in asked] == [
        (("gene:A",), [2, 1]),
        (("covariate:age",), [0, 1]),
        (("covariate:site=x",), [0, 1]),
        (("covariate:site=y",), [0, 1]),
    ]
    assert [given[4] for given in asked] == [None, *columns]
    beside = [given[3][0].tolist() for given in asked]
    assert beside == [[60, 1, 0], [1, 0], [60], [60]]
    scan.scan_outcome(None, features, target, {}, scan.ScanRules(), out := scan.OutcomeScan(incomplete=2))
    assert out.incomplete == 2
    monkeypatch.setattr(scan, "covariate_block", lambda *_: (np.zeros((2, 0)), []))
    scan.scan_outcome(None, features, target, {}, scan.ScanRules(), out := scan.OutcomeScan(incomplete=2))
    assert (out.incomplete, out.used) == (2, set())


def test_where_the_ratio_changes_with_time_the_restricted_means_are_compared():
    """Times 10, 20 and 30 against 40, 50 and 60, all with the event: 20 - 50. The last of the first censored: up to 30,
    20 - 30."""
    from oncourse.stats.cox import survival_data

    time = np.array([10.0, 20, 30, 40, 50, 60, 99])
    data = survival_data(time, np.ones(7, bool))
    mine, cell = np.arange(7) < 6, np.array([1, 1, 1, 0, 0, 0])
    assert scan.over_time(data, mine, cell, True, math.nan) == {}
    assert scan.over_time(data, mine, cell, True, 0.05) == {"p_proportional": 0.05}
    assert scan.over_time(data, mine, cell, False, 0.01) == {"p_proportional": 0.01}
    told = scan.over_time(data, mine, cell, True, 0.049)
    assert (told["p_proportional"], told["rmst_days"]) == (0.049, 731)
    assert told["rmst_difference"] == pytest.approx(-30) and told["rmst_ci_low"] < -30 < told["rmst_ci_high"]
    censored = survival_data(time, np.arange(7) != 2)
    short = scan.over_time(censored, mine, cell, True, 0.049)
    assert (short["rmst_days"], short["rmst_difference"]) == (30.0, pytest.approx(-10))


def test_an_effect_is_stable_where_it_is_found_again_on_the_same_side(monkeypatch):
    """Of eight resamples five find A worse and one better; B is better, C has no sign, D was not tested."""
    asked = []

    def drawn_again(data, values, times):
        asked.append((values.tolist(), times))
        return np.array([5, 5, 5]), np.array([1, 1, 1])

    monkeypatch.setattr("oncourse.stats.scan.drawn_again", drawn_again)
    found = SimpleNamespace(p_value=np.array([0.3, 0.1, math.nan, 0.2]), coef=np.array([1.0, -1.0, math.nan, 0.0]))
    made, data = block([[1, 2, 3, 4]] * 3, [0] * 3, tuple("ABDC")), SimpleNamespace(time=np.zeros(3))
    target = SimpleNamespace(endpoint="OS")

    def stable(n):
        return scan._stability(target, made, data, made.values, found, scan.ScanRules(n_bootstrap=n))

    assert stable(8) == [5 / 8, 1 / 8, None, 0.0] and stable(0) == [None] * 4
    ((values, times),) = asked
    assert values == [[2, 4, 1]] * 3  # the smallest p first
    assert times.shape == (8, 3) and (times.sum(axis=1) == 3).all() and (times[:, 0] > 0).any()
    monkeypatch.setattr(scan, "BOOTSTRAPPED", 1)
    monkeypatch.setattr("oncourse.stats.scan.drawn_again", lambda *_: (np.array([5]), np.array([2])))
    assert stable(8) == [None, 2 / 8, None, None]
    found.p_value[:] = math.nan
    assert stable(8) == [None] * 4


def test_the_ratio_beside_covariates_is_given_where_it_is_a_number():
    beside = SimpleNamespace(
        coef=np.array([math.log(2), math.inf]),
        ci_low=np.array([0.0, 0]),
        ci_high=np.array([math.inf, 0]),
        p_value=np.array([math.nan, 0]),
    )
    told = {"adjusted_hazard_ratio": 2.0, "adjusted_ci_low": 1.0, "adjusted_ci_high": math.inf}
    assert scan._adjusted(beside, 0) == pytest.approx(told | {"adjusted_p_value": None})
    assert scan._adjusted(beside, 1) == {}


def test_max_t_is_over_all_blocks():
    """Of 3 permutations with largest |z| 1 (1 and 0.5), 3 (2 and 3) and 2 (2 and 1) two reach 2, none 4."""
    rows = [{}, {}, {}]
    maxima = [([rows[0]], np.array([2.0]), np.array([1.0, 2.0, 2.0]))]
    maxima += [([rows[1], rows[2]], np.array([4.0, math.nan]), np.array([0.5, 3.0, 1.0]))]
    scan._max_t(maxima)
    assert [r["max_t_p_value"] for r in rows] == [3 / 4, 1 / 4, None]
    scan._max_t([])


def test_kinds_of_alteration_are_compared_where_the_groups_were_looked_at_alike():
    shares = pl.DataFrame({"copies": [0.5, 0.6, 0.55], "fusions": [0.0, 0.0, 0.0]})
    assert alike(shares) == ("copies",) and alike(shares.clear()) == ()
    assert alike(pl.DataFrame({"copies": [0.5, 0.625], "fusions": [0.25, 0.25]})) == ("fusions",)
    rows = [
        # mutated, amplified, deleted, fused -> by mutations alone, with copies, with fusions
        ((True, False, False, False), (True, True, True)),
        ((False, True, False, False), (False, True, False)),
        ((False, False, True, False), (False, True, False)),
        ((False, False, False, True), (False, False, True)),
        ((False, False, False, False), (False, False, True)),  # broken by a rearrangement
    ]
    names = ["is_mutated", "is_amplified", "is_deleted", "is_fused"]
    table = pl.DataFrame([r for r, _ in rows], schema=names, orient="row").with_columns(is_altered=True)
    for place, kinds in enumerate([(), ("copies",), ("fusions",)]):
        status = _status(table)
        assert counting(status, kinds).altered["is_altered"].to_list() == [told[place] for _, told in rows]
    assert counting(_status(table.with_columns(is_altered=False)), ()).altered["is_altered"].any() is False
    both = _status(table)
    assert counting(both, ("fusions", "copies")) is both
    assert (in_words(()), in_words(("copies", "fusions"))) == ("mutations", "mutations, copies, fusions")


def _status(table):
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Status:
        altered: pl.DataFrame

    return Status(table)


def test_a_hidden_factor_moves_a_ratio_towards_one():
    """Two risk ratios of 2 make at most 4 / 3: of 0.6 (0.4-0.9) 0.8 is left, and of its limit 1.2."""

    def told(value, low, high, method="overlap"):
        effect = SimpleNamespace(value=value, ci_low=low, ci_high=high)
        pair = SimpleNamespace(rows=[SimpleNamespace(method=method, estimate_name="hazard_ratio", effect=effect)])
        rows = _tipping_rows({"arm": "x"}, pair)
        return {(r["with_treatment"], r["with_outcome"]): r for r in rows}

    table = told(0.6, 0.4, 0.9)
    assert len(table) == len(HIDDEN) ** 2
    row = table[2.0, 2.0]
    assert (row["arm"], row["method"], row["bias_factor"]) == ("x", "overlap", pytest.approx(4 / 3))
    assert (row["estimate"], row["limit"], row["left"]) == (pytest.approx(0.8), pytest.approx(1.2), HOLDS)
    assert table[1.2, 1.2]["left"] == LEFT and table[3.0, 3.0]["left"] == GONE  # 1.44 / 1.4; 9 / 5 of 0.6: 1.08
    above = told(1.5, 1.2, 2.0)[2.0, 2.0]
    assert (above["estimate"], above["limit"]) == (pytest.approx(1.125), pytest.approx(0.9))
    assert above["left"] == HOLDS and told(4.0, 2.0, 8.0)[1.5, 1.5]["left"] == LEFT
    assert told(1.5, 0.9, 2.0)[1.2, 1.2]["left"] == HOLDS  # it held 1 before
    assert told(0.5, 0.25, 1.0)[1.2, 1.2]["left"] == told(2.0, 1.0, 4.0)[1.2, 1.2]["left"] == HOLDS
    assert told(1.0, 0.5, 2.0)[1.2, 1.2]["left"] == GONE
    assert told(0.5, 0.4, 0.6, "unadjusted")[2.0, 2.0]["method"] == "unadjusted" and told(1.0, 1, 1, "other") == {}


HOLDS, LEFT, GONE = "the interval holds 1", "an effect is left", "the effect is gone or turned"


def test_the_size_of_an_assay_and_what_it_rests_on(monkeypatch):
    regions = pl.DataFrame({"assay_id": ["regions", "regions"], "start": [1, 11], "end": [10, 1_000_000]})
    monkeypatch.setattr(burden, "target_regions", lambda study: regions)
    monkeypatch.setattr(burden, "coding_mb", lambda genes: 0.25 * len(genes))
    monkeypatch.setattr(burden, "EXOME_GENES", 3)
    rows = [("given", "panel", 1.5), ("nothing", "wes", 0.0), ("regions", "panel", None), ("genes", "panel", None)]
    rows += [("exome", "wes", None), ("genome", "wgs", None), ("unknown", "panel", None)]
    assays = pl.DataFrame(rows, schema=["assay_id", "kind", "callable_mb"], orient="row")
    panels = SimpleNamespace(genes={"genes": frozenset({"A", "B"}), "given": frozenset({"A"})})
    study = {"assays": assays, "variants": pl.DataFrame({"gene": ["A", "B", None]})}
    told = burden.callable_sizes(study, panels, burden.BurdenParams(exome_mb=30.0))
    expected = [("given", 1.5, "stated"), ("nothing", None, "stated"), ("regions", 1.0, "stated")]
    expected += [("genes", 0.5, "estimated"), ("exome", 30.0, "assumed"), ("genome", 30.0, "assumed")]
    expected += [("unknown", None, None), (ASSUMED, 30.0, "assumed")]
    assert told.rows() == expected
    few = burden.callable_sizes(study | {"variants": pl.DataFrame({"gene": ["A", "B"]})}, panels, burden.BurdenParams())
    assert few.row(-1) == (ASSUMED, None, None)


def segments(*rows):
    names = {"chrom": pl.String, "start": pl.Int64, "end": pl.Int64, "total_cn": pl.Float64, "minor_cn": pl.Float64}
    return pl.DataFrame(rows, schema=names, orient="row")


def test_copies_differ_over_so_many_of_the_bases_that_both_samples_know():
    """Chromosome 1: of 1-100 in a and 51-200 in b 50 bases are in both: 51-80 the same total, of which the minor differs
    in 51-60; 81-100 another. Chromosome 2 is alike over 150 bases; 3 is of one alone. (10 + 20) / 200."""
    a = segments(("1", 1, 60, 2.0, 1.0), ("1", 61, 80, 2.2, None), ("1", 81, 100, 3.0, 1.0), ("2", 1, 150, 2.0, 1.0))
    b = segments(("1", 51, 200, 2.0, 0.0), ("2", 1, 300, 2.4, 1.0), ("3", 1, 50, 1.0, 0.0))
    told = copy_number_divergence(a, b, 50, np.random.default_rng(1))
    assert (told.value, told.n) == (pytest.approx(30 / 200), 2)
    assert (told.low, told.high) == (0.0, pytest.approx(30 / 50))  # either chromosome alone
    apart = copy_number_divergence(a, segments(("3", 1, 9, 2.0, 1.0)), 50, np.random.default_rng(1))
    assert math.isnan(apart.value) and apart.n == 0


def test_a_stratum_is_named_by_the_word_of_its_covariate():
    assert _words(pl.Series([True, False, None]), "yes_no") == ["yes", "no", None]
    assert _words(pl.Series(["a", None]), "category") == ["a", None]
    assert _words(pl.Series([3, None]), "category") == ["3", None]
