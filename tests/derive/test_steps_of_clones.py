"""Steps to what is said of copies, clones, groups and features, each asked alone and worked by hand from its definition."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.care.ctdna_response import _clearance
from oncourse.derive.care.lead import _not_before
from oncourse.derive.care.records import _with_her2
from oncourse.derive.clones.evolution_tables import _is_assessable, _is_told, _other_sources
from oncourse.derive.clones.heterogeneity import _divergence
from oncourse.derive.genes.burden import ASSUMED, BurdenParams, callable_sizes
from oncourse.derive.genes.copy_recurrence import _united
from oncourse.derive.genes.hrd_scar import scar_table
from oncourse.derive.genes.kinds_alike import alike, counting
from oncourse.derive.genes.sample_groups import _means, _paired_means, mean_interval
from oncourse.derive.genes.spectra import _shared_and_private
from oncourse.derive.outcomes.arm_covariates import arm_columns, recorded_arms
from oncourse.derive.outcomes.group_tables import _smd
from oncourse.derive.outcomes.outcome_scan import _deviations, _is_covariate


def test_scars_of_a_chromosome_by_hand():
    """Centromere at 50 Mb of a chromosome of 100 Mb; copies are (total, minor)."""
    mb = 1_000_000
    arms = pl.DataFrame({"chrom": ["1", "1"], "arm": ["p", "q"], "start": [1, 50 * mb]})

    def scars(*pieces):
        """Pieces of whole megabases, one behind the other: (length, total, minor)."""
        rows, start = [], 1
        for length, total, minor in pieces:
            rows.append(("S", "1", start, start + length - 1, float(total), float(minor)))
            start += length
        names = ["sample_id", "chrom", "start", "end", "total", "minor"]
        return scar_table(pl.DataFrame(rows, schema=names, orient="row"), arms).row(0)[1:]

    even = (100 * mb, 2, 1)
    assert scars(even) == (0, 0, 0, 0)
    assert scars((100 * mb, 1, 0)) == (0, 0, 0, 0)  # the whole chromosome
    # (loss of heterozygosity above 15 Mb, imbalance at a telomere, breaks between pieces of 10 Mb)
    assert scars((16 * mb, 1, 0), (84 * mb, 2, 1)) == (1, 1, 1, 3)
    assert scars((15 * mb, 1, 0), (85 * mb, 2, 1)) == (0, 1, 1, 2)
    assert scars((15 * mb + 1, 1, 0), (85 * mb, 2, 1)) == (1, 1, 1, 3)
    assert scars((10 * mb, 3, 1), (90 * mb, 2, 1)) == (0, 1, 1, 2)
    assert scars((10 * mb - 1, 3, 1), (90 * mb, 2, 1)) == (0, 1, 0, 1)
    assert scars((mb, 3, 1), (99 * mb, 2, 1)) == (0, 1, 0, 1)
    assert scars((mb - 1, 3, 1), (99 * mb, 2, 1)) == (0, 0, 0, 0)  # too small to reach the telomere
    assert scars((84 * mb, 2, 1), (16 * mb, 2, 0)) == (1, 1, 1, 3)
    assert scars((20 * mb, 2, 1), (16 * mb, 2, 0), (64 * mb, 2, 1)) == (1, 0, 2, 3)
    # a break at the centromere is none within an arm; both sides reach a telomere and end or begin there
    assert scars((50 * mb - 1, 3, 1), (50 * mb + 1, 2, 0)) == (1, 2, 0, 3)
    # what crosses the centromere from a telomere is none
    assert scars((60 * mb, 3, 1), (40 * mb, 2, 1)) == (0, 0, 1, 1)
    # what lies between and is below 3 Mb is left out: two pieces that are alike are one, others break over the gap
    assert scars((20 * mb, 2, 1), (2 * mb, 4, 2), (78 * mb, 2, 1)) == (0, 0, 0, 0)
    assert scars((20 * mb, 2, 1), (3 * mb - 2, 4, 2), (77 * mb, 4, 1)) == (0, 0, 1, 1)
    assert scars((20 * mb, 2, 1), (3 * mb - 1, 4, 2), (77 * mb, 4, 1)) == (0, 0, 0, 0)
    without = scar_table(
        pl.DataFrame(
            [("S", "1", 1, 16 * mb, 1.0, 0.0), ("S", "1", 16 * mb + 1, 99 * mb, 2.0, 1.0)],
            schema=["sample_id", "chrom", "start", "end", "total", "minor"],
            orient="row",
        ),
        arms.clear(),
    )
    assert without.row(0) == ("S", 1, None, None, None)


def test_copies_differ_between_two_samples_by_bases():
    """Of 100 bases with copies in both 10 differ in total and 20 in the minor allele alone; 30 unknown in one."""
    array = np.array
    one = (array([1, 61]), array([60, 130]), array([2.0, 3.0]), array([1.0, 1.0]))
    two = (
        array([1, 51, 71, 91]),
        array([50, 70, 90, 100]),
        array([2.0, 3.0, 3.0, 3.0]),
        array([1.0, 1.0, 0.0, np.nan]),
    )
    found = _divergence({"1": one, "2": one}, {"1": two}, 50, np.random.default_rng(1))
    assert (found.value, found.low, found.high, found.n) == pytest.approx((0.3, 0.3, 0.3, 1))
    assert np.isnan(_divergence({"1": one}, {"2": two}, 50, np.random.default_rng(1)).value)
    same = _divergence({"1": one, "2": one}, {"1": two, "2": one}, 200, np.random.default_rng(1))
    assert (same.value, same.low, same.high, same.n) == pytest.approx((30 / 230, 0, 0.3, 2))


def test_a_turn_is_improbable_before_a_sample():
    days = [0, 10, 30]
    assert _not_before(np.array([0.0, 1, 1]), days, None) == 10
    assert _not_before(np.array([1.0, 1, 1]), days, None) == 0
    assert _not_before(np.array([0.0, 0, 1]), days, None) == 30
    assert _not_before(np.array([0.05, 1, 1]), days, None) == 10  # .5 of 35.5: 1.4 %
    assert _not_before(np.array([0.1, 1, 1]), days, None) == 0  # 1 of 36: 2.8 %
    assert _not_before(np.array([0.0, 0, 1]), days, 30) == 10  # the last sample before the rise
    assert _not_before(np.array([0.0, 1, 1]), days, 10) == 0


def test_clearance_is_the_first_negative_sample_and_lasts_while_none_is_positive():
    def of(*states):
        return _clearance([SimpleNamespace(day=10 * k, state=s) for k, s in enumerate(states)])

    assert of("positive", "unclear") == (None, None)
    assert of("positive", "negative", "unclear", "negative") == (10, True)
    assert of("negative", "negative", "positive") == (0, False)


def test_in_situ_hybridisation_speaks_where_copies_do_not():
    assert _with_her2({"MET": "gain"}, "positive") == {"MET": "gain", "ERBB2": "amplified"}
    assert _with_her2({}, "negative") == {"ERBB2": "neutral"}
    for copies, ish, left in (
        ("amplified", "positive", "amplified"),
        ("gain", "negative", "gain"),
        ("gain", "positive", None),
        ("amplified", "negative", None),
        ("gain", None, "gain"),
        ("gain", "unclear", "gain"),
    ):
        assert _with_her2({"ERBB2": copies, "MET": "gain"}, ish) == {"MET": "gain"} | ({"ERBB2": left} if left else {})


def test_founders_are_told_where_two_clones_could_be_seen():
    def patient(n_clone=2, var=((0.0, 1.0), (0.0, 0.0)), unknown=False, possible=()):
        return SimpleNamespace(
            posterior=SimpleNamespace(n_clone=n_clone),
            var=np.array(var),
            site_of_sample=np.array([0, 1]),
            clones=SimpleNamespace(
                data=SimpleNamespace(data=SimpleNamespace(copies_unknown=np.array([False, unknown])))
            ),
            seeding=SimpleNamespace(p_possible=np.array(possible)),
        )

    assert [_is_assessable(patient(), lesion) for lesion in (0, 1)] == [False, True]
    assert not _is_assessable(patient(n_clone=1), 1)
    assert _is_told(patient(), 0.5)
    assert not _is_told(patient(unknown=True), 0.5)
    assert _is_told(patient(unknown=True), 1.0)
    assert _is_told(patient(unknown=True), 0.0)
    held = patient(possible=[[0.9], [0.41], [0.4], [0.0]])
    lesion = SimpleNamespace(p_seeded=0.8, site=0, source=0)
    assert _other_sources(held, lesion) == [1]  # above half of the chance that it was seeded
    assert _other_sources(held, SimpleNamespace(p_seeded=0.5, site=0, source=0)) == []
    assert _other_sources(SimpleNamespace(seeding=None), lesion) == []


def test_limits_of_means_by_hand():
    """Samples 1, 3 of one patient and 5 of another about 3: residual sums -2 and 2, t of one degree 12.706."""
    found = mean_interval(np.array([1.0, 3.0, 5.0]), np.array(["a", "a", "b"]))
    assert found == pytest.approx((0.0, 3 + 12.7062 * np.sqrt(2 * 8) / 3), rel=1e-4)
    below = mean_interval(np.array([-1.0, 3.0, 7.0]), np.array(["a", "b", "c"]))
    assert below == pytest.approx((3 - 4.30265 * 4 / np.sqrt(3), 3 + 4.30265 * 4 / np.sqrt(3)), rel=1e-4)
    assert mean_interval(np.array([1.0, 2.0]), np.array(["a", "a"])) == (None, None)
    # Welch: variances 2 of 2 and 8 of 2: error sqrt(5), freedom 25 / (1 + 16); R 4.2: t.test(c(4, 6), c(1, 5))
    difference, low, high = _means(np.array([4.0, 6.0]), np.array([1.0, 5.0]))
    assert difference == 2
    assert (high - 2) == pytest.approx(2 - low)
    assert _means(np.array([4.0, 4.0]), np.array([1.0, 1.0])) == (3, 3, 3)
    assert _means(np.arange(3.0) + 5, np.arange(3.0)) == pytest.approx((5, 5 - 2.26694, 5 + 2.26694), rel=1e-5)
    half = 4.30265 * 1 / np.sqrt(3)
    paired = _paired_means(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert paired == pytest.approx((2, 2 - half, 2 + half), rel=1e-4)


def test_events_of_all_samples_are_united_along_the_genome():
    """Two that overlap, one that touches the next base only, one of the chromosome behind."""
    runs = pl.DataFrame({"chrom": ["1", "1", "2", "1"], "start": [5, 1, 1, 11], "end": [10, 7, 3, 12]})
    first, last, longest = _united(runs, {"1": 0, "2": 100})
    assert (first.tolist(), last.tolist(), longest.tolist()) == ([1, 11, 101], [10, 12, 103], [7, 2, 3])
    touching = pl.DataFrame({"chrom": ["1", "1"], "start": [1, 10], "end": [10, 12]})
    assert [x.tolist() for x in _united(touching, {"1": 0})] == [[1], [12], [10]]


def test_a_variant_is_shared_by_all_samples_or_private_to_some():
    rows = [("v1", "A", "present", None), ("v1", "B", "present", None), ("v2", "A", "present", None)]
    rows += [("v2", "B", "absent", None), ("v3", "A", "present", None), ("v3", "B", "not_assessable", None)]
    rows += [("v4", "A", "absent", None), ("v4", "B", "not_assessable", None), ("v5", "A", "present", "chip")]
    cells = pl.DataFrame(rows, schema=["variant_id", "sample_id", "state", "blood"], orient="row")
    shared, private = _shared_and_private(cells.with_columns(patient_id=pl.lit("P")))
    assert shared.rows() == [("P", None, "v1", "shared")]
    assert private.rows() == [("P", "A", "v2", "private")]


def test_groups_are_alike_where_each_was_looked_at_as_often():
    def shares(copies, fusions):
        return pl.DataFrame({"group": ["a", "b"], "copies": copies, "fusions": fusions})

    assert alike(shares([0.5, 0.6], [0.0, 0.0])) == ("copies",)
    assert alike(shares([0.5, 0.61], [0.0, 0.05])) == ("fusions",)
    assert alike(shares([0.0, 0.0], [1.0, 1.0])) == ("fusions",)


def test_a_gene_counts_as_altered_by_the_kinds_that_were_looked_for_alike():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Status:
        altered: pl.DataFrame

    names = ["is_mutated", "is_amplified", "is_deleted", "is_fused"]
    rows = [(True, False, False, False), (False, True, False, False), (False, False, True, False)]
    rows += [(False, False, False, True), (False, False, False, False), (True, False, False, True)]
    whole = Status(pl.DataFrame(rows, schema=names, orient="row").with_columns(is_altered=pl.lit(True)))

    def counted(*kinds):
        return counting(whole, kinds).altered["is_altered"].to_list()

    assert counted("copies", "fusions") == [True] * 6
    assert counted("copies") == [True, True, True, False, False, True]
    assert counted("fusions") == [True, False, False, True, True, True]  # none of them: broken by a rearrangement
    assert counted() == [True, False, False, False, False, True]


def test_where_a_callable_size_is_from():
    """Stated; the length of the target regions; the genes; the exome; nothing."""
    assays = [("A", "panel", 1.5), ("B", "panel", None), ("C", "panel", None), ("D", "wes", None), ("E", "panel", None)]
    tables = {
        "assays": pl.DataFrame([*assays, ("F", "wgs", 0.0)], schema=["assay_id", "kind", "callable_mb"], orient="row"),
        "variants": pl.DataFrame({"gene": [f"G{k}" for k in range(4_999)]}),
        "target_regions": pl.DataFrame(
            {"assay_id": ["B", "B", "A"], "chrom": "1", "start": [1, 11, 1], "end": [15, 30, 9]}
        ),
    }
    params = BurdenParams()
    panels = SimpleNamespace(genes={"C": frozenset({"KRAS"}), "E": frozenset(), "B": frozenset({"KRAS"})})
    asked = type(
        "Study", (), {"__getitem__": lambda _, n: tables[n], "config": SimpleNamespace(genome_build="GRCh37")}
    )()
    rows = {row[0]: row[1:] for row in callable_sizes(asked, panels, params).iter_rows()}
    kras = rows.pop("C")
    assert rows.pop("B") == (pytest.approx(30e-6), "stated")  # two regions that overlap are one
    assert kras[1] == "estimated"
    assert 0 < kras[0] < 0.001
    assert rows == {
        "A": (1.5, "stated"),
        "D": (params.exome_mb, "assumed"),
        "E": (None, None),
        "F": (None, "stated"),
        ASSUMED: (None, None),
    }
    tables["variants"] = pl.DataFrame({"gene": [f"G{k}" for k in range(5_000)]})
    last = callable_sizes(asked, panels, params).filter(pl.col("assay_id") == ASSUMED)
    assert last.rows() == [(ASSUMED, params.exome_mb, "assumed")]


def test_a_column_named_as_an_arm_that_tells_the_arm_is_the_arm():
    treated = pl.Series([True] * 20 + [False] * 20)
    same = [1.0] * 20 + [0.0] * 20
    wrong = {n: [0.0] * n + same[n:] for n in (2, 3)}  # 38 and 37 of 40 say the arm: 95 % and less

    def found(**columns):
        return list(arm_columns(pl.DataFrame(columns), treated))

    assert found(treatment=same, age=same) == ["treatment"]
    assert found(treatment=wrong[2]) == ["treatment"]
    assert found(treatment=wrong[3]) == []
    assert found(treatment=[1.0] * 40) == []  # one value tells nothing
    unknown = [float("nan")] * 10 + same[10:]
    assert found(treatment=unknown) == ["treatment"]  # of those with a value
    assert found(treatment=[None] * 10 + [0.0] * 2 + same[12:]) == []  # 28 of 30
    assert found(**{"treatment=A": same, "treatment=B": [1.0, *[0.0] * 39]}) == ["treatment=A", "treatment=B"]
    many = [float(k % 6) + 10 * s for k, s in enumerate(same)]
    assert found(treatment=many) == ["treatment"]  # twelve values
    assert found(treatment=[99.0, *many[1:]]) == []  # thirteen
    patients = pl.DataFrame({"treatment": ["a", "b", None], "arm": ["a", "a", None], "age": [1, 2, 3]})
    assert recorded_arms(patients) == {"treatment": "category"}


def test_a_finding_that_is_a_covariate_has_nothing_left():
    """Itself, turned round, and so where known in both; not one that differs in one patient, nor a constant."""
    x = np.array([[0.0], [1.0], [1.0], [0.0], [np.nan]])
    same, turned, beside, constant = [0, 1, 1, 0, 1], [1, 0, 0, 1, 0], [0, 1, 1, 1, 0], [1, 1, 1, 1, 0]
    partly = [0, 1, -1, 0, 1]
    values = np.array([same, turned, beside, constant, partly], np.int8).T
    assert _is_covariate(values, x).tolist() == [True, True, False, False, True]
    known = np.array([[True, False], [True, False], [False, False]])
    assert _deviations(np.array([[1.0, 5.0], [3.0, 5.0], [9.0, 5.0]]), known).tolist() == [[-1, 0], [1, 0], [0, 0]]


def test_a_standardised_difference_needs_two_on_either_side():
    """Means 2 and 3 with a variance of 2 each."""
    a, b = pl.Series([1.0, 3.0]), pl.Series([2.0, 4.0])
    assert _smd(a, b) == pytest.approx(-1 / np.sqrt(2))
    assert _smd(a, a) is None
    assert _smd(a, b.head(1)) is None


def test_copies_of_two_samples_are_compared_base_by_base_within_each_chromosome():
    """Against one array entry per base; chromosomes that one sample lacks, gaps and unknown minor copies included."""
    random = np.random.default_rng(4)

    def segments():
        out = {}
        for chrom in ("1", "2", "X"):
            edges = np.sort(random.choice(60, 6, replace=False)) + 1
            total = random.integers(0, 4, 3).astype(float)
            out[chrom] = [edges[::2], edges[1::2], total, np.where(random.random(3) < 0.3, np.nan, total // 2)]
        return out

    def by_base(of, chrom):
        states = np.full((2, 70), np.nan)
        for start, end, *copies in zip(*of[chrom], strict=True):
            states[:, start : end + 1] = np.array(copies)[:, None]
        return states

    for _ in range(40):
        a, b = segments(), segments()
        del b["2"]
        same = different = 0
        for chrom in ("1", "X"):
            (total, minor), (other, least) = by_base(a, chrom), by_base(b, chrom)
            known = ~np.isnan(total) & ~np.isnan(other)
            unlike = known & ((total != other) | (~np.isnan(minor) & ~np.isnan(least) & (minor != least)))
            same, different = same + known.sum(), different + unlike.sum()
        found = _divergence(a, b, 20, random)
        assert found.n == 2 and found.value == pytest.approx(different / same)
