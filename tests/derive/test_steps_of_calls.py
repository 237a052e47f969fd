"""Steps from reads and segments to calls, arms, depths and ratios over time, each asked alone and worked by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from tests.derive.test_steps_of_genes import a_study

from oncourse.derive.clones.heterogeneity import common_depth
from oncourse.derive.concordance import presence_inputs
from oncourse.derive.concordance.presence_inputs import _same_indel, tumour_calls
from oncourse.derive.genes.copy_profile import ARM_SCHEMA, arm_table
from oncourse.derive.genes.copy_states import CopyNumberParams
from oncourse.derive.genes.driver_genes import _truncating_share
from oncourse.derive.outcomes.outcome_scan import over_time
from oncourse.genome.cytobands import arms
from oncourse.stats.cox import survival_data


def test_of_two_rows_of_a_variant_the_called_one_with_most_reads_stays():
    """Called before not called, then the reads, then the depth, then the name it was written by; unknown last."""
    rows = [
        ("S1", "1:5:A:T", 90, 99, False, "germline"),
        ("S1", "1:5:A:T", 5, 10, True, "somatic"),
        ("S2", "1:5:A:T", 5, 20, True, "one"),
        ("S2", "1:5:A:T", 5, 30, True, "two"),
        ("S2", "1:5:A:T", 4, 90, True, "three"),
        ("S3", "1:5:A:T", None, None, True, "unknown"),
        ("S3", "1:5:A:T", 3, None, True, "known"),
        ("S4", "1:5:A:T", 9, 99, None, "by rule"),
        ("N", "1:5:A:T", 9, 99, True, "of a normal"),
    ]
    names = {"sample_id": pl.String, "variant_id": pl.String, "alt_count": pl.Int64, "depth": pl.Int64}
    calls = pl.DataFrame(rows, schema=names | {"is_called": pl.Boolean, "origin": pl.String}, orient="row")
    calls = calls.with_columns(filter=pl.lit(None, pl.String))
    samples = pl.DataFrame(
        [("S1", "P", None, None), ("S2", "P", None, None), ("S3", "P", None, None), ("S4", "P", 10, None)],
        schema={"sample_id": pl.String, "patient_id": pl.String, "min_alt_count": pl.Int64, "min_vaf": pl.Float64},
        orient="row",
    )
    found = tumour_calls(a_study(calls=calls), samples)
    assert found.select("sample_id", "alt_count", "depth", "called", "origin").rows() == [
        ("S1", 5, 10, True, "somatic"),
        ("S2", 5, 30, True, "two"),
        ("S3", 3, None, True, "known"),
        ("S4", 9, 99, False, "by rule"),
    ]


def test_alleles_of_one_site_are_one_variant_where_that_is_asked_for():
    rows = [("S1", "1:5:A:T", 5, 10), ("S1", "1:5:A:G", 3, 10), ("S2", "1:5:A:G", 9, 30), ("S2", "1:6:A:G", 9, 30)]
    calls = pl.DataFrame(rows, schema=["sample_id", "variant_id", "alt_count", "depth"], orient="row")
    calls = calls.with_columns(is_called=pl.lit(True), origin=pl.lit("somatic"), filter=pl.lit(None, pl.String))
    samples = pl.DataFrame({"sample_id": ["S1", "S2"], "patient_id": "P"}).with_columns(
        min_alt_count=pl.lit(None, pl.Int64), min_vaf=pl.lit(None, pl.Float64)
    )
    study = a_study(calls=calls)
    names = ["sample_id", "variant_id", "alt_count", "written_as"]
    apart = tumour_calls(study, samples).select(names)
    assert apart.select(names[:3]).rows() == [row[:3] for row in rows]
    joined = tumour_calls(study, samples, merge_same_site=True).select(names).sort("sample_id", "variant_id")
    assert joined.height == 3
    first, same, other = joined.rows()
    assert (first[0], first[2], first[3]) == ("S1", 5, "1:5:A:T")
    assert {same[1], other[1]} == {first[1], "1:6:A:G"}


@pytest.mark.parametrize(
    ("differs", "same"),
    [
        ({}, True),
        ({"bases_2": "CA"}, False),
        ({"pos_2": 13}, False),
        ({"pos_2": 13, "bases_2": "CA"}, True),
        ({"gene_2": "APC"}, False),
        ({"gene_2": None}, True),
    ],
)
def test_two_indels_of_a_repeat_are_one_where_turning_makes_them_alike(differs, same):
    row = {"bases": "AC", "bases_2": "AC", "pos": 10, "pos_2": 12, "gene": "KRAS", "gene_2": "KRAS"}
    assert _same_indel(row | {"hgvs_p": None, "hgvs_p_2": None} | differs) is same


def test_an_arm_is_gained_lost_or_neutral_by_its_share():
    """The long arm of chromosome 3 in tenths; a share of exactly a fifth that is not neutral leaves it neutral."""
    arm = arms("GRCh37").filter(pl.col("arm") == "3q").row(0, named=True)
    first, bases = arm["start"], (arm["end"] - arm["start"] + 1) // 20 * 20

    def of(sample, *pieces):
        """Pieces: (twentieths, state, whether an allele is lost), one behind the other."""
        at, out = first, []
        for n, state, is_loh in pieces:
            out.append((sample, "3", at, at + n * bases // 20 - 1, state, is_loh))
            at += n * bases // 20
        return out

    rows = [
        *of("gain", (16, "gain", False), (4, "neutral", False)),
        *of("less", (15, "gain", False), (5, "neutral", True)),
        *of("loss", (16, "loss", True), (4, "gain", False)),
        *of("neutral", (2, "gain", False), (2, "loss", None), (16, "neutral", False)),
        *of("partial", (2, "gain", False), (3, "loss", False), (15, "neutral", False)),
        *of("half", (11, "gain", False), (9, None, True)),
        *of("too little", (9, "gain", False), (11, None, True)),
    ]
    rows += [("short arm", "3", 1, first - 1, "gain", False), ("touches", "3", 1, first - 1, "gain", False)]
    rows += [("touches", "3", first, first + bases - 1, "neutral", False)]
    names = ["sample_id", "chrom", "start", "end", "state", "is_loh"]
    states = pl.DataFrame(rows, schema=names, orient="row").with_columns(patient_id=pl.lit("P"))
    found = arm_table(states, "GRCh37", CopyNumberParams())
    assert found.columns == list(ARM_SCHEMA)
    told = found.filter(pl.col("arm") == "3q")
    assert dict(told.select("sample_id", "call").iter_rows()) == {
        "gain": "gain",
        "half": "gain",
        "less": "partial",
        "loss": "loss",
        "neutral": "neutral",
        "partial": "partial",
        "touches": "neutral",
    }
    shares = {r["sample_id"]: (r["gain_share"], r["loss_share"], r["loh_share"]) for r in told.iter_rows(named=True)}
    assert shares["less"] == pytest.approx((0.75, 0, 0.25))
    assert shares["loss"] == pytest.approx((0.2, 0.8, 0.8))
    assert shares["neutral"] == (pytest.approx(0.1), pytest.approx(0.1), None)  # of one piece nothing is known
    measured = dict(told.select("sample_id", "measured").iter_rows())
    assert measured["half"] == pytest.approx(0.55, abs=1e-6)
    assert found.filter(pl.col("arm") == "3p")["sample_id"].to_list() == ["short arm", "touches"]


def test_the_depth_that_nine_tenths_of_the_samples_reach():
    """Medians of the sites that were read: 30 of the first sample, 110 of the second; of the third none was read."""
    depth = np.array([[0, 100, 0], [30, 110, 0], [0, 120, 0]])
    patient = SimpleNamespace(data=SimpleNamespace(counts=SimpleNamespace(depth=depth)))
    assert common_depth(SimpleNamespace(patients={"P": patient})) == 38  # a tenth of the way from 30 to 110
    shallow = SimpleNamespace(data=SimpleNamespace(counts=SimpleNamespace(depth=depth[:, :1] // 2)))
    assert common_depth(SimpleNamespace(patients={"P": shallow})) == 20
    assert common_depth(SimpleNamespace(patients={})) == 20


def test_where_a_ratio_changes_with_time_the_restricted_means_are_told():
    """All have died: the means of both groups to 24 months (time 731), without an entry day, and with all from day 0 on."""
    time = np.array([100.0, 300, 900, 200, 800, 1000, 50])
    mine = np.array([True] * 6 + [False])
    cell = np.array([1, 1, 1, 0, 0, 0])
    expected = (100 + 300 + 731) / 3 - (200 + 731 + 731) / 3
    for entry in (None, np.zeros(7)):
        data = survival_data(time, np.ones(7, bool), entry=entry)
        found = over_time(data, mine, cell, True, 0.01)
        assert (found["p_proportional"], found["rmst_days"]) == (0.01, 731)
        assert found["rmst_difference"] == pytest.approx(expected)
    assert over_time(data, mine, cell, True, 0.05) == {"p_proportional": 0.05}
    assert over_time(data, mine, cell, False, 0.01) == {"p_proportional": 0.01}
    assert over_time(data, mine, cell, True, float("nan")) == {}
    followed = np.array([1, 1, 0, 1, 1, 1, 1], bool)  # the longest of the first group is alive at 500 days
    shorter = np.where(time == 900, 500.0, time)
    cut = over_time(survival_data(shorter, followed), mine, cell, True, 0.01)
    assert cut["rmst_days"] == 500
    assert cut["rmst_difference"] == pytest.approx((100 + 300 + 500) / 3 - (200 + 500 + 500) / 3)


def test_one_change_is_enough_for_a_share():
    others = pl.DataFrame({"n_truncating": [1], "n_changes": [2]})
    rows = pl.DataFrame({"gene": ["G1"], "consequence": ["nonsense"]})
    assert _truncating_share(others, rows)(np.array([1.5])).tolist() == pytest.approx([0.75])
    assert _truncating_share(others.with_columns(n_changes=pl.lit(1)), rows)(np.array([0.5])).tolist() == [0.5]


def test_calls_of_the_same_samples_are_made_once(monkeypatch):
    """A large study's calls were joined to its samples and checked for repeats once for each that asked."""
    calls = pl.DataFrame(
        [("S1", "1:5:A:T", 5, 10)], schema=["sample_id", "variant_id", "alt_count", "depth"], orient="row"
    )
    calls = calls.with_columns(is_called=pl.lit(True), origin=pl.lit("somatic"), filter=pl.lit(None, pl.String))
    samples = pl.DataFrame({"sample_id": ["S1", "S2"], "patient_id": "P"}).with_columns(
        min_alt_count=pl.lit(None, pl.Int64), min_vaf=pl.lit(None, pl.Float64)
    )
    made, whole = [], presence_inputs._tumour_calls
    monkeypatch.setattr(presence_inputs, "_tumour_calls", lambda *of, **how: made.append(of) or whole(*of, **how))
    study = a_study(calls=calls)
    first = tumour_calls(study, samples)
    assert tumour_calls(study, samples).equals(first) and len(made) == 1
    assert tumour_calls(study, samples[1:]).is_empty() and len(made) == 2
    tumour_calls(study, samples, merge_same_site=True)
    tumour_calls(a_study(calls=calls), samples)
    assert len(made) == 4
