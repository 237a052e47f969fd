"""Where a rule of genes and copies begins to hold: scars, bands, foci, comparisons, intervals between visits."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.care.used_drugs import ONCE, used_before
from oncourse.derive.clinical.exact import LARGEST, declined, parts, risen, scaled
from oncourse.derive.clones.heterogeneity import copy_number_divergence
from oncourse.derive.concordance.noninferiority import _goal_status, _repeat_status, _row
from oncourse.derive.genes.cohort_compare import (
    MIN_PAIRS,
    _cells,
    _is_whole,
    _paired,
    _unpaired,
    against_reference,
    judged,
)
from oncourse.derive.genes.copy_recurrence import _focal_runs, band_frequencies, band_states
from oncourse.derive.genes.hrd_scar import scar_table
from oncourse.derive.genes.hypermutation import _conflict
from oncourse.derive.genes.kataegis import LEAST, MEAN_DISTANCE, MIN_OTHERS, along_genome, distances, kataegis
from oncourse.derive.outcomes.feature_scores import score_columns, score_scale
from oncourse.derive.outcomes.visit_intervals import visit_intervals
from oncourse.genome.cytobands import arms, cytobands
from oncourse.stats.agreement import mcnemar_exact, tango_interval
from oncourse.stats.proportions import clopper_pearson, fisher_exact, newcombe

MB = 1_000_000


def test_limits_are_met_exactly():
    """37.03 to 3.703 is 90 %: in doubles it is 89.99...; 20 % and 5 mm above 25 are 30."""
    base, value = scaled([37.03])[0], scaled([3.703])[0]
    assert declined(base, value, parts(0.9)) and not declined(base, value + 1, parts(0.9)) and not declined(0, 0, 0)
    low, high, least = scaled([25.0, 30.0, 5.0])
    assert risen(low, high, parts(0.2), least) and not risen(low, high - 1, parts(0.2), least)
    assert not risen(low, high, parts(0.2), least + 1) and not risen(low, high, parts(0.2001), least)
    with pytest.raises(ValueError, match="more than four decimals"):
        parts(0.30001)
    assert scaled([LARGEST])[0] == LARGEST * 1e6
    with pytest.raises(ValueError, match="above"):
        scaled([LARGEST * 1.01])


ARMS = pl.DataFrame({"chrom": ["1", "1"], "arm": ["1p", "1q"], "start": [1, 100 * MB + 1], "end": [100 * MB, 200 * MB]})


def scars(*segments, of=ARMS):
    """(start, end in Mb, total, minor) on chromosome 1, whose long arm begins at 100 Mb."""
    rows = [("S", "1", int(a * MB) + 1, int(b * MB), float(t), float(m)) for a, b, t, m in segments]
    table = pl.DataFrame(rows, schema=["sample_id", "chrom", "start", "end", "total", "minor"], orient="row")
    return scar_table(table, of).select("hrd_loh", "hrd_tai", "hrd_lst", "hrd_score").row(0)


def test_a_region_of_lost_alleles_is_longer_than_fifteen_megabases_and_no_whole_chromosome():
    """Abkevich 2012."""
    assert scars((0, 40, 2, 1), (40, 55, 2, 0), (55, 200, 2, 1))[0] == 0
    assert scars((0, 40, 2, 1), (40, 55.1, 2, 0), (55.1, 200, 2, 1))[0] == 1
    assert scars((0, 200, 1, 0))[0] == 0
    assert scars((0, 40, 2, 1), (40, 50, 2, 0), (50, 60, 1, 0), (60, 200, 2, 1))[0] == 1  # one region of both
    assert scars((0, 40, 2, 1), (40, 60, 0, 0), (60, 200, 2, 1))[0] == 0  # no copy at all is no LOH


def test_an_imbalance_reaches_the_telomere_but_not_the_centromere():
    """Birkbak 2012; one below a megabase is noise."""
    assert scars((0, 30, 3, 1), (30, 200, 2, 1))[1] == 1
    assert scars((0, 30, 3, 1), (30, 170, 2, 1), (170, 200, 1, 0))[1] == 2
    assert scars((0, 110, 3, 1), (110, 200, 2, 1))[1] == 0
    assert scars((0, 100, 3, 1), (100, 200, 2, 1))[1] == 1  # ends with the arm
    assert [scars((0, e, 3, 1), (e, 200, 2, 1))[1] for e in (0.9, 1.0)] == [0, 1]
    assert scars((0, 30, 4, 2), (30, 200, 2, 1))[1] == 0 and scars((0, 200, 3, 1))[1] == 0


def test_a_transition_is_a_break_between_two_regions_of_ten_megabases():
    """Popova 2012: within an arm, pieces below 3 Mb left out first."""
    assert [scars((0, a, 2, 1), (a, 100, 3, 1))[2] for a in (9.9, 10.0)] == [0, 1]
    assert scars((0, 50, 2, 1), (50, 52.9, 5, 1), (52.9, 100, 3, 1))[2] == 1
    assert scars((0, 50, 2, 1), (50, 53, 5, 1), (53, 100, 3, 1))[2] == 0
    assert scars((0, 50, 2, 1), (50, 52, 5, 1), (52, 100, 2, 1))[2] == 0  # the neighbours are one region
    assert scars((0, 100, 2, 1), (100, 200, 3, 1))[2] == 0  # a break at the centromere is none
    assert scars((0, 80, 2, 1), (80, 120, 3, 1), (120, 200, 2, 1))[2] == 2
    assert [scars((0, 40, 2, 1), (40 + gap, 100, 3, 1))[2] for gap in (2.9, 3.0)] == [1, 0]
    assert scars((0, 40, 2, 1), (40, 80, 3, 1), of=ARMS.clear()) == (0, None, None, None)
    assert scars((0, 30, 3, 0), (30, 100, 2, 1), (100, 200, 2, 1))[3] == 3  # LOH, TAI and LST of one change


def states(*rows):
    names = ["sample_id", "patient_id", "chrom", "start", "end", "state", "is_loh", "is_amplified"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_a_band_is_what_most_of_its_measured_bases_are_and_measured_by_half():
    first = cytobands("GRCh38").filter(pl.col("chrom") == "1").row(0, named=True)
    a, b, name = first["start"], first["end"], first["band"]
    size = b - a + 1

    def of(*pieces):
        rows, at = [], a
        for share, state, loh in pieces:
            rows.append(("S", "P", "1", at, at + round(share * size) - 1, state, loh, False))
            at += round(share * size)
        found = band_states(states(*rows), "GRCh38").filter(pl.col("band") == name)
        return found.select("state", "is_loh").rows()

    assert of((0.6, "gain", True), (0.4, "neutral", False)) == [("gain", True)]
    assert of((0.4, "gain", None), (0.6, "neutral", True)) == [("neutral", True)]
    assert of((0.6, "loss", False), (0.4, "gain", False)) == [("loss", False)]
    assert of((0.45, "gain", True)) == [] and of((0.55, "gain", True)) == [("gain", True)]
    one = pl.DataFrame(
        {"sample_id": ["A", "B", "C"], "patient_id": ["P", "P", "Q"], "band": [name] * 3}
        | {"state": ["gain", "loss", "neutral"], "is_loh": [False, True, False]}
    )
    counted = band_frequencies(one, "GRCh38").row(0, named=True)
    assert [counted[c] for c in ("n", "n_gain", "n_loss", "n_loh", "gain_share")] == [2, 1, 1, 1, 0.5]


def test_a_focal_run_is_shorter_than_its_share_of_the_arm():
    arm = arms("GRCh38").filter(pl.col("chrom") == "1").sort("start").row(0, named=True)
    start, half = arm["start"], (arm["end"] - arm["start"] + 1) // 2

    def runs(*ends):
        rows = [("S", "P", "1", a, b, "gain", False, on) for a, b, on in ends]
        return (
            _focal_runs(states(*rows), pl.col("is_amplified"), "GRCh38", 0.5)
            .select("start", "end")
            .sort("start")
            .rows()
        )

    assert runs((start, start + half - 2, True)) == [(start, start + half - 2)]
    assert runs((start, start + half, True)) == []
    two = runs((start, start + 9, True), (start + 10, start + 19, True), (start + 20, start + 29, False))
    assert two == [(start, start + 19)]  # neighbours are one run
    apart = runs((start, start + 9, True), (start + 10, start + 19, False), (start + 20, start + 29, True))
    assert apart == [(start, start + 9), (start + 20, start + 29)]


def close(sample, gap, n, first=1000, chrom="1", change=("C", "T")):
    return [("P" + sample, sample, f"{chrom}:{first + gap * k}:{change[0]}:{change[1]}") for k in range(n)]


def foci(*rows):
    calls = pl.DataFrame(
        [r for part in rows for r in part], schema=["patient_id", "sample_id", "variant_id"], orient="row"
    )
    return kataegis(distances(calls))


def test_a_focus_is_six_substitutions_at_a_mean_distance_of_a_thousand_bases():
    """Alexandrov 2013."""
    assert foci(close("A", MEAN_DISTANCE, LEAST)).height == 1 and foci(close("A", MEAN_DISTANCE + 1, LEAST)).height == 0
    assert foci(close("A", 10, LEAST - 1)).height == 0
    found = foci(close("A", 100, 8), close("A", 100, 6, chrom="2", change=("A", "G"))).rows(named=True)
    assert [(f["n_mutations"], f["mean_distance"], f["share_c_to_t_or_g"]) for f in found] == [
        (8, 100, 1.0),
        (6, 100, 0.0),
    ]
    assert found[0]["expected"] is None  # nobody else to learn from
    assert foci(close("A", 100, 6), close("A", 100, 6, first=900_000)).height == 2
    assert foci(close("A", 10, 3), close("B", 10, 3, first=1040)).height == 0  # of two samples


def test_a_focus_is_held_against_where_the_others_have_theirs():
    """Of 100 substitutions of the others 10 lie there: of the sample's 8 the same share, 0.8, is expected."""
    from scipy.stats import poisson

    others = close("B", 10, 10) + close("B", 5000, MIN_OTHERS - 10, first=500_000)
    found = foci(close("A", 10, 8, first=1001), others).filter(pl.col("sample_id") == "A").row(0, named=True)
    inside = sum(1001 <= 1000 + 10 * k <= 1071 for k in range(10))
    expected = 8 * inside / MIN_OTHERS
    assert found["expected"] == pytest.approx(expected)
    assert found["p_value"] == pytest.approx(min(1, poisson.sf(7, expected) * 8))
    few = foci(close("A", 10, 8, first=1001), others[:-1]).filter(pl.col("sample_id") == "A").row(0, named=True)
    assert few["expected"] is None and few["p_value"] is None
    place = along_genome(pl.DataFrame({"chrom": ["1", "2"], "pos": [5, 7]}), {"1": 100, "2": 50})
    assert place.tolist() == [5, 107]


def test_substitutions_are_written_by_the_pyrimidine_and_their_distance_is_to_the_one_before():
    calls = [("P", "S", v) for v in ("1:10:G:A", "1:30:T:G", "2:5:C:A", "1:20:A:-", "1:40:CC:TT")]
    found = distances(pl.DataFrame(calls, schema=["patient_id", "sample_id", "variant_id"], orient="row"))
    assert found.select("change", "distance").rows() == [("C>T", None), ("T>G", 20), ("C>A", None)]


def test_sources_that_disagree_about_instability_are_named_on_their_sides():
    rows = [
        ("MSI-H", "proficient", None),
        ("not MSI-H", "deficient", "MSI-H"),
        ("MSI-H", "deficient", "uncertain"),
        ("MSI-H / not MSI-H", None, None),
    ]
    frame = pl.DataFrame(rows, schema=["msi_recorded", "mmr_recorded", "msi_predicted"], orient="row")
    assert frame.select(c=_conflict())["c"].to_list() == [
        "MSI-H by MSI recorded; not by MMR recorded",
        "MSI-H by MMR recorded, mutations; not by MSI recorded",
        None,
        "MSI-H by MSI recorded; not by MSI recorded",
    ]


def counts(*rows):
    names = ["gene", "n_altered", "n_profiled"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_a_gene_is_alike_where_both_one_sided_tests_say_so():
    """The 90 % interval of Newcombe within the margin; q below .05 goes first; a gene nobody was looked at for is none."""
    table = against_reference(
        counts(("A", 60, 200), ("B", 20, 200), ("C", 3, 10), ("D", 0, 0), ("E", 1, 9)),
        counts(("A", 62, 200), ("B", 60, 200), ("C", 5, 10), ("D", 5, 10)),
        ("ours", "theirs"),
        "mutations",
    )
    found = {r["gene"]: r for r in judged(table, 0.1).to_dicts()}
    assert {g: r["verdict"] for g, r in found.items()} == {
        "A": "alike within 10 points",
        "B": "differs",
        "C": "not decided",
    }
    wide = newcombe(60, 200, 62, 200)
    assert (found["A"]["difference"], found["A"]["ci_low"]) == pytest.approx((-0.01, float(wide.ci_low)))
    assert found["B"]["p_value"] == pytest.approx(float(fisher_exact(20, 180, 60, 140).p_value))
    narrow = newcombe(60, 200, 62, 200, 0.9)
    edge = max(-float(narrow.ci_low), float(narrow.ci_high))
    for margin, word in ((edge * 1.001, "alike"), (edge * 0.999, "not decided")):
        assert judged(table, margin).filter(pl.col("gene") == "A")["verdict"][0].startswith(word)


def cells(*rows):
    names = ["patient_id", "group", "altered", "stratum", "load"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_two_groups_are_adjusted_where_nine_tenths_have_a_stratum_and_all_a_load():
    ten = [(f"P{k}", "a" if k < 5 else "b", k % 2 == 0, "1", 1.0) for k in range(10)]
    (row,) = _unpaired(cells(*ten), "G", "a", "b")
    assert (row["n_altered_a"], row["n_profiled_a"], row["n_altered_b"], row["n_profiled_b"]) == (3, 5, 2, 5)
    assert row["adjusted_difference"] == pytest.approx(0.2)
    one = cells(*ten[:9], (*ten[9][:3], None, 1.0))
    assert _is_whole(one.drop_nulls("stratum"), one)
    two = cells(*ten[:8], *[(*r[:3], None, 1.0) for r in ten[8:]])
    assert (
        not _is_whole(two.drop_nulls("stratum"), two)
        and _unpaired(two, "G", "a", "b")[0]["adjusted_difference"] is None
    )
    blank = cells(*ten[:9], (*ten[9][:4], None))
    assert not _is_whole(blank, blank) and _unpaired(cells(*ten[:5]), "G", "a", "b") == []


def test_patients_in_both_groups_are_paired_from_six_on():
    def both(n):
        return cells(*[(f"P{k}", g, (k < 4) if g == "a" else (k == 5), "1", 1.0) for k in range(n) for g in "ab"])

    assert _paired(both(MIN_PAIRS - 1), "G", "a", "b") == []
    (row,) = _paired(both(MIN_PAIRS), "G", "a", "b")
    assert (row["n_altered_a"], row["n_altered_b"], row["n_profiled_a"]) == (4, 1, 6)
    assert row["paired_p"] == pytest.approx(float(mcnemar_exact(4, 1)))


def copies(*rows):
    return pl.DataFrame(rows, schema=["chrom", "start", "end", "total_cn", "minor_cn"], orient="row")


def test_divergence_is_the_share_of_bases_whose_rounded_copies_differ():
    """Of 100 bases known in both, 20 differ in total and 30 in the minor allele; what one of them lacks is not counted."""
    a = copies(("1", 1, 50, 2.0, 1.0), ("1", 51, 100, 3.0, 1.0), ("2", 1, 10, 2.0, 1.0))
    b = copies(("1", 1, 30, 2.0, 0.0), ("1", 31, 80, 2.2, 1.0), ("1", 81, 100, 3.0, None), ("1", 101, 200, 2.0, 1.0))
    found = copy_number_divergence(a, b, 50, np.random.default_rng(1))
    assert found.value == pytest.approx((30 + 30) / 100) and found.n == 1
    assert np.isnan(copy_number_divergence(a, copies(("3", 1, 9, 2.0, 1.0)), 50, np.random.default_rng(1)).value)


def record(patient, time, event, why, negative, entry=None, line=1):
    names = ("patient_id", "time_days", "is_event", "event_or_reason", "last_negative_day", "entry_days", "line")
    return dict(zip(names, (patient, time, event, why, negative, entry, line), strict=True)) | {
        "endpoint": "PFS",
        "origin_day": 0,
    }


def intervals(*rows, line=1):
    kinds = {"entry_days": pl.Int64, "last_negative_day": pl.Int64, "line": pl.Int64}
    return visit_intervals(pl.DataFrame(rows, schema_overrides=kinds), "PFS", line)


def test_a_progression_lies_between_visits_and_a_death_on_its_day():
    """Time counts the first day: seen free on day 59 is 60 days free."""
    found = intervals(
        record("A", 120, True, "progression (RECIST)", 59),
        record("B", 100, True, "death", 50),
        record("C", 90, False, "last visit", 80),
        record("D", 70, True, "progression (RECIST)", None),
        record("E", 70, True, "progression (RECIST)", 0),
    )
    assert found.left.tolist() == [60, 100, 81, 0, 0] and found.right.tolist() == [120, 100, np.inf, 70, 70]
    assert found.middle.tolist() == [90, 100, 90, 35, 35] and (found.n_interval, found.width) == (3, 70)
    assert intervals(record("A", 120, True, "progression", None)) is None  # no visit without it on record
    assert intervals(record("A", 120, True, "progression", 59, 3)) is None  # enters late
    assert intervals(record("A", 120, True, "death", 59)) is None and intervals(record("A", 0, True, "x", 0)) is None
    assert intervals(record("A", 120, True, "progression", 59), line=2) is None
    assert intervals(record("A", 120, True, "progression", 59, line=None), line=None) is not None


def test_columns_that_are_named_like_signatures_are_exposures():
    samples = pl.DataFrame({"SBS3": [0.1], "ID6": [3], "SBS": [1], "hrd": [2.0], "note": ["x"], "SBS7a": [0.5]})
    assert score_columns(samples, ("hrd", "SBS3", "note")) == [
        ("SBS3", "signature:SBS3", True),
        ("ID6", "signature:ID6", True),
        ("SBS7a", "signature:SBS7a", True),
        ("hrd", "score:hrd", False),
    ]
    for values, is_signature, scale in (
        ([0.0, 1.0], True, 10),
        ([0.0, 1.1], True, 1),
        ([-0.1, 1], True, 1),
        ([0.5], False, 1),
    ):
        assert score_scale(np.array(values), is_signature)[0](2.0) == 2.0 * scale


def test_what_was_given_before_is_the_drug_or_one_of_its_class():
    assert used_before("olaparib", ("olaparib", "docetaxel")) == ("olaparib",)
    assert used_before("docetaxel", ("cabazitaxel",)) == ()  # taxanes do not tell of each other
    assert used_before("cetuximab", ("panitumumab",)) == ("panitumumab (anti-EGFR)",) and "anti-EGFR" not in ONCE


def paired(*rows):
    return pl.DataFrame(rows, schema=["state_a", "state_b", "state_c", "row_c"], orient="row")


def test_plasma_is_tested_against_a_goal_and_against_a_second_tissue():
    """Ten positives of tissue, seven found; a sample that could not be judged found nothing, and confirms a negative."""
    from scipy.stats import binom

    rows = [("positive", "positive", "positive", 1)] * 7 + [("positive", "negative", "positive", 1)] * 2
    rows += [("positive", None, "negative", 1), ("negative", None, "positive", 1), ("negative", "negative", None, None)]
    goal = _goal_status(paired(*rows), "ppa", "RAS", 0.8, 0.15)
    assert (goal["n_patients"], goal["agreement"]) == (10, 0.7)
    assert goal["p_value"] == pytest.approx(binom.sf(6, 10, 0.65))
    assert goal["lower"] == pytest.approx(float(clopper_pearson(7, 10)[0]) - 0.8) and not goal["is_noninferior"]
    assert _goal_status(paired(*rows), "npa", "RAS", 0.5, 0.6)["agreement"] == 1.0
    repeat = _repeat_status(paired(*rows), "ppa", "RAS", 0.1)
    assert (repeat["n_patients"], repeat["aim"], repeat["agreement"]) == (10, 0.9, 0.7)
    assert repeat["lower"] == pytest.approx(-tango_interval(2, 0, 10)[2])
    assert _repeat_status(paired(*rows), "npa", "RAS", 0.1)["p_value"] is None  # one patient with three samples
    assert _goal_status(paired(rows[0]), "ppa", "RAS", 0.8, 0.1)["n_patients"] == 1
    assert _row("c", "m", "o", 0.1, 3, "b", lower=-0.1)["is_noninferior"] is False
    assert _row("c", "m", "o", 0.1, 3, "b", lower=-0.099)["is_noninferior"] is True
    assert _row("c", "m", "o", 0.1, 3, "b", lower=float("nan"))["is_noninferior"] is None


def test_a_spectrum_is_fitted_from_the_least_number_on_and_says_which_signatures_it_needs():
    from oncourse.derive.genes.exposures import refit
    from oncourse.derive.genes.spectra import SignatureParams

    table = SimpleNamespace(
        names=("SBS1", "SBSX"), classes=("a", "b", "c"), matrix=np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])
    )
    params = SignatureParams(background=(), replicates=20, min_mutations=50)

    def fitted(a, b, c, signatures=table):
        rows = [("P", "S", "sample", "SBS", word, n) for word, n in zip("abc", (a, b, c), strict=True)]
        names = ["patient_id", "sample_id", "part", "kind", "class", "n"]
        found = refit(pl.DataFrame(rows, schema=names, orient="row"), "SBS", signatures, params, 1)
        own = pl.col("part") == "sample"
        return found.exposures.filter(own), found.fits.filter(own)

    exposures, fits = fitted(80, 10, 10)
    assert exposures["signature"].to_list() == ["SBS1"] and exposures["share"].to_list() == [1.0]
    assert fits["n_signatures"][0] == 1
    assert fitted(40, 5, 4)[1]["status"][0] == "too few mutations" and fitted(40, 5, 5)[1]["status"][0] == "fitted"
    assert fitted(80, 10, 10, None)[1]["status"][0] == "no table of signatures"


def test_a_patient_of_two_samples_is_altered_where_either_is():
    """P1: one of two samples mutated; P2: looked at, nothing found; the burden is without the gene's own mutation."""
    samples = pl.DataFrame({"sample_id": ["A", "B", "C"], "patient_id": ["P1", "P1", "P2"]})
    looked = samples.with_columns(gene=pl.lit("TP53"))
    found = {"sample_id": ["B"], "gene": ["TP53"], "is_mutated": [True], "is_altered": [True]}
    status = SimpleNamespace(altered=pl.DataFrame(found), panels=SimpleNamespace(profiled=lambda _: looked))
    burden = pl.DataFrame({"sample_id": ["A", "B", "C"], "n_nonsynonymous": [30, 61, 90], "callable_mb": [30.0] * 3})
    groups = samples.select("sample_id", group=pl.lit("late"))
    cells = _cells(status, groups, burden, ["TP53"], None)
    assert cells.select("patient_id", "altered", "load").rows() == [("P1", True, 1.5), ("P2", False, 3.0)]
    by = pl.DataFrame({"sample_id": ["A", "B"], "by": ["liver", "bone"]})
    told = _cells(status, groups, burden, ["TP53"], by)["by"].to_list()
    assert told == ["bone+liver", None]
    assert _cells(status, groups, burden, ["TP53"], by.head(1))["by"].to_list() == ["liver", None]
