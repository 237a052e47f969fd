"""Burden: intervals decide what is high, means and medians stand side by side, sources of MSI that disagree are
shown."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.genes.sample_groups import group_summaries, group_tests
from oncourse.report.execute import run_one


def run(study, **settings):
    outcome = run_one(registry()["burden"], Cohort(study, {"burden": settings} if settings else {}), draw=False)
    assert outcome.status == "done", outcome.detail
    return outcome.result


@pytest.fixture(scope="module")
def study(make_study):
    """Assay of 2 Mb. A: 2 variants; B: 20; C: 60, POLE P286R among them; D: 46, 12 of them one-base deletions."""
    n = {"A": (2, 0), "B": (20, 0), "C": (60, 0), "D": (34, 12)}
    calls, variants = [], []
    for s, (single, deleted) in n.items():
        for i in range(single + deleted):
            variant = f"1:{len(variants) + 1}:A:{'C' if i < single else '-'}"
            pole = s == "C" and i == 0
            variants.append(
                {
                    "variant_id": variant,
                    "gene": "POLE" if pole else f"G{i}",
                    "hgvs_p": "p.P286R" if pole else None,
                    "consequence": "missense" if i < single else "frameshift",
                }
            )
            calls.append({"sample_id": s, "variant_id": variant, "is_called": True})
    return make_study(
        patients=[{"patient_id": f"P{s}"} for s in n],
        assays=[{"assay_id": "panel", "kind": "panel", "callable_mb": 2.0}],
        samples=[
            {
                "sample_id": s,
                "patient_id": f"P{s}",
                "material": "tissue",
                "assay_id": "panel",
                "msi_status": "MSS" if s == "D" else None,
                "tmb_per_mb": 6.2 if s == "A" else None,
            }
            for s in n
        ],
        markers=[{"patient_id": "PD", "marker": "MMR IHC", "value": "deficient"}],
        calls=calls,
        variants=variants,
    )


def by_sample(result) -> dict[str, dict]:
    return {r["sample_id"]: r for r in result.table("samples").iter_rows(named=True)}


def test_high_is_said_only_where_the_interval_is_above(study):
    """20 variants in 2 Mb are 10 per Mb, exact interval 6.1 to 15.4: neither high nor not."""
    found = by_sample(run(study))
    assert [found[s]["tmb_high"] for s in "ABC"] == ["no", "uncertain", "yes"]
    assert found["B"]["ci_low"] == pytest.approx(6.108, abs=0.01)
    assert found["B"]["ci_high"] == pytest.approx(15.444, abs=0.01)
    assert found["B"]["p_tmb_high"] == pytest.approx(0.5, abs=0.06)


def test_the_burden_that_the_source_reports_stands_beside(study):
    result = run(study)
    assert {s: r["tmb_reported"] for s, r in by_sample(result).items() if r["tmb_reported"]} == {"A": 6.2}
    assert any("gives a burden of 1 sample (median 6.2 per Mb)" in n for n in result.notes)


def test_sources_of_msi_that_disagree_are_shown(study):
    found = by_sample(run(study))
    assert found["D"]["msi_predicted"] == "MSI-H"
    assert found["D"]["conflict"] == "MSI-H by MMR recorded, mutations; not by MSI recorded"
    assert found["A"]["conflict"] is None and found["A"]["msi_recorded"] is None
    assert found["C"]["pole"].startswith("POLE P286R; ")


def test_sample_without_a_size_has_no_burden_and_no_prediction(make_study):
    study = make_study(
        patients=[{"patient_id": "P"}],
        samples=[{"sample_id": "S", "patient_id": "P", "material": "tissue"}],
        calls=[{"sample_id": "S", "variant_id": "1:1:A:C", "is_called": True}],
        variants=[{"variant_id": "1:1:A:C", "gene": "G", "consequence": "missense"}],
    )
    row = by_sample(run(study))["S"]
    assert [row[c] for c in ("tmb_per_mb", "tmb_high", "p_tmb_high", "p_msi_high", "msi_predicted")] == [None] * 5
    assert row["caution"] == "size of the assay not known"


def values(rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["measure", "sample_id", "patient_id", "group", "value"], orient="row")


def test_patients_with_both_are_paired_and_in_no_other_test():
    """Seven patients with both, three with one: the paired test has 7, the unpaired 2 and 2 others, p = 2/2^7 by
    hand."""
    rows = [("m", f"a{i}", f"P{i}", "a", 1.0 + i) for i in range(9)]
    rows += [("m", f"b{i}", f"P{i}", "b", 3.0 + i) for i in range(7)] + [
        ("m", f"c{i}", f"Q{i}", "b", 9.0) for i in range(2)
    ]
    tests = {r["method"]: r for r in group_tests(values(rows)).iter_rows(named=True)}
    paired, unpaired = tests["paired, Wilcoxon signed rank"], tests["unpaired, Mann-Whitney"]
    assert (paired["n_a"], paired["n_b"], unpaired["n_a"], unpaired["n_b"]) == (7, 7, 2, 2)
    assert paired["p_value"] == pytest.approx(2 / 2**7)
    assert paired["difference"] == -2.0 and paired["median_a"] < paired["median_b"]  # the first less the second


def test_the_difference_of_means_stands_beside_the_shift():
    """By hand: 1, 2, 3 against 4, 6, less 3; variance 1/3 + 2/2, degrees 1.684 (Welch), t 5.16. The shift of burdens that
    lie on a grid had an interval of no width (0.83 to 0.83 per Mb of MSK 2024). Pairs: differences -2 and -3 by turns."""
    rows = [("m", f"a{i}", f"P{i}", "a", v) for i, v in enumerate((1.0, 2.0, 3.0))]
    rows += [("m", f"b{i}", f"Q{i}", "b", v) for i, v in enumerate((4.0, 6.0))]
    row = group_tests(values(rows)).row(0, named=True)
    theirs = stats.ttest_ind([1, 2, 3], [4, 6], equal_var=False).confidence_interval()
    told = [row[f"mean_difference{end}"] for end in ("", "_low", "_high")]
    assert told == pytest.approx([-3.0, theirs.low, theirs.high])
    assert told[2] - told[0] == pytest.approx(5.16 * (4 / 3) ** 0.5, rel=0.01)
    pairs = [("m", f"a{i}", f"P{i}", "a", 1.0 + i) for i in range(6)]
    pairs += [("m", f"b{i}", f"P{i}", "b", 3.0 + i + i % 2) for i in range(6)]
    row = group_tests(values(pairs)).row(0, named=True)
    half = stats.t.ppf(0.975, 5) * np.std([-2, -3] * 3, ddof=1) / 6**0.5
    assert row["mean_difference"] == -2.5 and row["mean_difference_low"] == pytest.approx(-2.5 - half)


@pytest.mark.parametrize(("n_a", "n_b", "methods"), [(1, 9, []), (2, 1, []), (2, 2, ["unpaired, Mann-Whitney"])])
def test_one_patient_is_no_group(n_a, n_b, methods):
    """Nothing varies within one patient: a test asks for two on each side."""
    rows = [("m", f"{g}{i}", f"{g}{i}", g, 1.0 + i) for g, n in (("a", n_a), ("b", n_b)) for i in range(n)]
    assert group_tests(values(rows))["method"].to_list() == methods


def test_the_mean_of_two_burdens_is_not_below_zero():
    """Two MSI-H men of the simulated study, 1.36 and 2.0 per Mb: the t interval was -2.4 to 5.7 per Mb."""
    two = [("m", f"s{i}", f"P{i}", "g", v) for i, v in enumerate((1.36, 2.0))]
    row = group_summaries(values(two)).row(0, named=True)
    assert (row["mean_low"], row["mean"]) == (0.0, pytest.approx(1.68))
    assert row["mean_high"] == pytest.approx(1.68 + 12.7062 * 0.32, abs=1e-3)


def test_mean_and_median_stand_side_by_side():
    """1, 2, 3, 4, 90: mean 20, median 3; five values give no 95 % interval of the median."""
    row = group_summaries(values([("m", f"s{i}", "P", "g", v) for i, v in enumerate((1.0, 2.0, 3.0, 4.0, 90.0))])).row(
        0, named=True
    )
    assert (row["mean"], row["median"], row["median_low"], row["n_samples"], row["n_patients"]) == (
        20.0,
        3.0,
        None,
        5,
        1,
    )


@pytest.mark.slow
def test_prostate_recorded_msi_is_the_published_number(shared_data):
    """prostate_msk_2024 (doi 10.1158/1078-0432.CCR-23-3403): 55 samples MSI-H by MSIsensor, 50-66 by the paper's
    counts."""
    from oncourse.io import load_study

    result = run(load_study(shared_data("prostate_msk_2024")))
    recorded, expected = result.estimate("msi_high_recorded"), result.estimate("msi_high_expected")
    assert round(recorded.value * recorded.n) == 55
    assert 50 <= expected.value <= 80  # 47 indeterminate ones among them
    tcga = result.table("tcga")
    assert tcga.height == 34 and tcga["cohort"][0] == "this study"


def test_rainfall_shows_one_sample_of_a_patient_with_a_focus(shared_data):
    """maftools' breast tumour has seven foci; of few mutations far apart nothing is drawn (300 without a focus)."""
    from oncourse.analyses.burden import _rainfall
    from oncourse.derive.genes.kataegis import distances, kataegis
    from oncourse.io import load_study

    cohort = Cohort(load_study(shared_data("maftools_extdata") / "brca.maf.gz"))
    steps = distances(cohort.annotated_calls)
    (figure,) = _rainfall(cohort, steps, kataegis(steps))
    assert figure.svg.count("<title>TCGA-A8-A08B: ") == 1 and "1,000,000" in figure.svg
    assert _rainfall(cohort, steps.head(200), kataegis(steps.head(0))) == []


#: State of simulated men: size of the panel in Mb, how many have 0, 1, 2 ... mutations, the mean and median burden.
STATES = {
    "locoregional": (1.0638, {0: 3, 1: 9, 2: 19, 3: 9}, (1.74, 1.88)),
    "metastatic, noncastrate": (0.9147, {0: 5, 1: 8, 2: 15, 3: 12, 4: 1}, (2.08, 2.19)),
    "metastatic, castrate": (0.9147, {1: 6, 2: 10, 3: 10, 4: 7, 5: 4, 6: 1, 7: 1, 30: 1}, (4.02, 3.28)),
}


def test_means_and_medians_of_states_are_both_shown_and_named(make_study):
    """MSK 2017 (Abida, doi 10.1200/PO.17.00029) prints 1.74, 2.08 and 4.02 per Mb by state: means of mutations over the
    size of the panel; the medians are 1.88, 2.19 and 3.28. Men simulated with these; one has a hypermutated tumour."""
    patients, samples, calls, variants = [], [], [], []
    for state, (size, men, _) in STATES.items():
        for k, n in enumerate(n for n, times in men.items() for _ in range(times)):
            name = f"{state.replace(', ', '_')}{k}"
            patients.append({"patient_id": name, "state": state})
            samples.append({"sample_id": name, "patient_id": name, "material": "tissue", "assay_id": str(size)})
            for i in range(n):
                variant = f"1:{len(variants) + 1}:A:C"
                variants.append({"variant_id": variant, "gene": f"G{i}", "consequence": "missense"})
                calls.append({"sample_id": name, "variant_id": variant, "is_called": True})
    assays = [{"assay_id": str(size), "kind": "panel", "callable_mb": size} for size in (0.9147, 1.0638)]
    config = {"extra_columns": ["state"]}
    study = make_study(config, patients=patients, samples=samples, assays=assays, calls=calls, variants=variants)
    result = run(study, group_by="state")
    told = {row["group"]: (round(row["mean"], 2), round(row["median"], 2)) for row in result.table("groups").to_dicts()}
    assert told == {state: both for state, (*_, both) in STATES.items()}
    caption = next(f for f in result.figures if f.name == "groups").caption
    assert "median" in caption and "mean" in caption
