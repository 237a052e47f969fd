"""What every figure draws for small fixed numbers: of each mark its places in the units of its axes, its colour, words and
patients. A place, order, cut-off or label that moves shows; how the figure is laid out on the page does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests import golden, kept_numbers
from tests.drawn_figures import of_figure
from tests.kept_numbers import check, told

from oncourse.plots import (
    bars,
    calibration,
    clones,
    cohort_burden,
    concordance,
    copy_number,
    decision,
    differences,
    drivers,
    effects,
    exclusivity,
    fish,
    flow,
    forest,
    heterogeneity,
    intervals,
    levels,
    lollipop,
    migration,
    oncoprint,
    rainfall,
    signatures,
    spider,
    survival,
    swimmer,
    theme,
    timeline,
    treatment,
    tree,
    waterfall,
)
from oncourse.stats.rng import generator

WHO = [f"P{i}" for i in range(40)]


@pytest.fixture
def kept(request, monkeypatch):
    """Return a function: name, a function that draws several figures -> what each of them shows is compared."""
    figures = []
    monkeypatch.setattr(theme, "to_svg", lambda figure: figures.append(of_figure(figure)) or "<svg></svg>")
    accept = request.config.getoption("--accept")
    golden.skip_if_drawn_otherwise(accept)

    def compare(name, *drawings):
        for draw in drawings:
            draw()
        assert len(figures) >= len(drawings)
        lines = [f"{number}.{line}" for number, figure in enumerate(figures) for line in told(figure)]
        kept_numbers.compare(f"plots/{name}", lines, accept)

    return compare


def on_axes(draw, **shape):
    """A drawing of its own for what is drawn on given axes."""

    def run():
        with theme.drawing(5, 4, **shape) as canvas:
            draw(canvas.ax)

    return run


def test_bars_and_levels(kept):
    rng = generator(1, "bars")
    share, reach = np.array([0.4, 0.0, 0.95]), np.array([0.1, 0.08, 0.04])
    groups = {"primary": rng.lognormal(1, 1, 9), "other": [3.0], "empty": [], "many": rng.lognormal(0, 1, 420)}
    people = {k: [WHO[i % 7] for i in range(len(v))] for k, v in groups.items()}
    own = [WHO[:3], [], WHO[3:5]]
    kept(
        "bars",
        lambda: bars.interval_bars(
            ["a", "b", "c"], share, share - reach / 2, share + reach, ["4/10", "0/8", "19/20"], xlabel="x", people=own
        ),
        lambda: bars.count_bars({"KRAS_x": 1200, "TP53": 3}, xlabel="n", people={"TP53": WHO[:3]}),
        lambda: bars.grouped_points(groups, ylabel="y", people=people),
        lambda: bars.grouped_points({"plasma": [1.0, 4.0], "MSI not assessed": [0.2, 0.1]}, ylabel="y", log=False),
        lambda: levels.level_bars(
            [("crc", {"I-A": 3, "II-C": 1, "none": 60}), ("none", {})], [{"I-A": WHO[:3], "II-C": WHO[3:4]}, {}]
        ),
        lambda: intervals.interval_lines(
            [("P1", -20.0, 60.0, "both"), ("P2", 10.0, np.inf, "ctdna_never"), ("P3", -np.inf, 5.0, "imaging_never")],
            "days",
        ),
        lambda: intervals.interval_lines([("P9", -np.inf, np.inf, "odd")], "days"),
        lambda: flow.flow_svg(
            [("all", "40 patients", ""), ("sequenced", "31 patients", "9 without a sample")], [WHO, WHO[:31]]
        ),
    )


def test_models(kept):
    at = np.linspace(0.05, 0.4, 6)
    curve = {
        "predicted": at,
        "observed": at**1.2,
        "ci_low": at * 0.5,
        "ci_high": at * 1.6,
        "all": np.repeat(at, [1, 2, 9, 4, 1, 1]),
    }
    other = {k: v[:4] if k != "all" else v for k, v in curve.items()} | {"predicted": np.array([0.1, 0.3, np.nan, 0.2])}
    groups = {"predicted": at[::3], "observed": at[::3] + 0.1, "ci_low": at[::3], "ci_high": np.array([0.5, 0.9])}
    nobody = {k: np.array([]) for k in groups}
    risk = np.array([0.4, 0.1, 0.9, 0.25])
    threshold = np.array([0.0, 0.1, 0.2, 0.5])
    benefit = {"a": np.array([0.3, 0.2, np.nan, -0.1]), "b": np.array([0.3, 0.1, 0.05, 0.0])}
    kept(
        "models",
        lambda: calibration.calibration({"m": curve, "n": other}, groups, title="t", order=["n", "m"], question="q"),
        lambda: calibration.calibration({"m": curve}, nobody, title="t"),
        lambda: calibration.risk_instability(risk, risk - 0.1, risk + 0.05, WHO[:4], title="t"),
        lambda: decision.decision_curve(threshold, benefit, np.array([0.3, 0.1, -0.2, -1.0]), title="t", question="q"),
    )


def test_effects(kept):
    ratio, low, high = (
        np.array([0.5, 2.0, 1.1, 0.02, 9.0]),
        np.array([0.2, 1.2, 0.01, 0.001, 3.0]),
        np.array([0.9, 3.0, np.inf, 0.1, 90.0]),
    )
    labels = ["TP53", "KRAS", "a very long name of a covariate=of a value of it", "few", "many"]
    rows = [
        forest.ForestRow(
            name, r, a, b, cells=(f"{r:g}", "3/9") if i % 2 else ("x",), people=tuple(WHO[:i]), question="q" * (i == 4)
        )
        for i, (name, r, a, b) in enumerate(zip(labels, ratio, low, high, strict=True))
    ]
    plain = [forest.ForestRow("age", 1.2, 1.1, 1.3, "n 12"), forest.ForestRow("sex", 0.9, 0.7, 1.0)]
    p = np.array([1e-8, 0.02, 0.5, 1e-4, 0.0])
    head = {"endpoint": "os", "line": 1, "arm": "A", "reference": "B", "n_arm": 30, "n_reference": 20}
    row = head | {
        "estimate_name": "hazard_ratio",
        "method": "overlap",
        "estimate": 0.7,
        "ci_low": 0.5,
        "ci_high": 1.1,
        "head": "OS, line 1",
    }
    comparison = [
        row,
        row | {"method": "adjusted", "estimate": 0.8},
        row | {"method": "g"},
        row | {"arm": "C", "n_arm": 90},
        row | {"estimate_name": "x"},
    ]
    balance = [
        head | {"covariate": c, "smd": a, "smd_overlap": 0.0, "smd_iptw": None}
        for c, a in (("lab:PSA", -0.4), ("age_years", 0.1))
    ]
    said = []

    def compared():
        for name, title, caption, draw in treatment.comparison_figure(comparison, lambda r: [r["arm"], r["method"]]):
            said.append((name, title, caption))
            draw()

    def balanced():
        ((name, title, caption, draw),) = treatment.balance_figure(
            head, [*balance, balance[0] | {"line": 2}], lambda r: WHO[:2]
        )
        said.append((name, title, caption))
        draw()

    kept(
        "effects",
        lambda: forest.forest_figure(
            rows, xlabel="hazard ratio", better="longer", worse="shorter", columns=("ratio", "n")
        ),
        lambda: forest.forest_figure(plain, xlabel="odds ratio"),
        lambda: forest.volcano_figure(
            ratio, p, labels, p < 0.01, xlabel="hazard ratio", most=4, people=[WHO[:i] for i in range(5)]
        ),
        lambda: forest.volcano_figure([], [], [], [], xlabel="hazard ratio"),
        lambda: effects.ratios(
            ["a", "a", "b"],
            ratio[:3],
            low[:3],
            np.array([0.9, 30.0, 2.0]),
            ["x", "y", "x"],
            xlabel="hr",
            people=[WHO[:1], WHO[:2], []],
        ),
        lambda: effects.love(
            ["age", "sex"],
            {"before": np.array([0.3, -0.2]), "after": np.array([np.nan, 0.01])},
            title="t",
            people=WHO[:3],
        ),
        compared,
        balanced,
        lambda: differences.differences_svg(
            labels[:3],
            [0.2, -0.1, 0.0],
            [0.1, -0.3, -0.05],
            [0.3, 0.1, 0.05],
            [True, False, False],
            ["1 v 2"] * 3,
            margin=0.1,
            xlabel="d",
            people=[WHO[:2], [], WHO[:1]],
        ),
    )
    assert said == [
        ("hazard_ratios", "Treatments compared", said[0][2]),
        (
            "balance",
            "Balance of the covariates",
            "Standardised differences between A (n = 30) and B (n = 20), line 1; above 0.1 is unbalanced.",
        ),
    ]
    assert (
        treatment.comparison_figure(comparison[2:3], lambda r: [])
        == []
        == treatment.balance_figure(head, [], lambda r: [])
    )


def test_genes(kept):
    expected, seen = np.array([0.01, 0.5, 3.0, 1.0]), np.array([5, 9, 2, 1])
    sure, doubtful = np.array([True, True, False, False]), np.array([False, True, False, True])
    names = ["KRAS", "ATM", "TTN", "MUC16"]
    rows = [
        ("KRAS", "TP53", "exclusivity", 1e-9, 0.001, 2, 9, 4),
        ("KRAS", "BRAF", "exclusivity", 0.2, 0.6, 0, 9, 3),
        ("TP53", "BRAF", "co-occurrence", 0.01, 0.2, 3, 1, 1),
        ("APC", "TP53", "co-occurrence", 0.9, 0.9, 1, 2, 3),
    ]
    columns = ("gene_a", "gene_b", "direction", "p_value", "q_value", "n_both", "n_a_only", "n_b_only")
    pairs = pl.DataFrame(rows, schema=list(columns), orient="row").with_columns(
        expected_both=pl.Series([4.0, 2.0, 1.0, 1.5]),
        power_exclusivity=pl.Series([0.9, 0.1, 0.3, 0.2]),
        power_co_occurrence=pl.Series([0.1, 0.19, 0.1, 0.1]),
    )
    own = [["P1"], ["P1", "P2"], []]
    rain = rainfall.Rain(
        "S1",
        np.array([1e6, 3e6, 9e6, 1.2e7]),
        np.array([9e5, 40.0, 60.0, 3e6]),
        ["C>T", "C>T", "C>G", "T>A"],
        (9e6,),
        "P1",
    )
    kept(
        "genes",
        lambda: drivers.drivers_svg(names, expected, seen, sure, doubtful, ["P1;P2", "P3", "", "P4"]),
        lambda: exclusivity.exclusivity_svg(pairs),
        lambda: exclusivity.exclusivity_svg(pairs, most=3),
        lambda: lollipop.lollipop_svg(
            "KRAS",
            189,
            [12, 13, 146],
            [9, 2, 1],
            ["missense", "odd", "truncating"],
            ["G12D", "G13D", "A146*"],
            (12,),
            ((1, 20, "G"), (140, 150, "a long name")),
            own,
        ),
        lambda: lollipop.lollipop_svg("X", 50, [60], [1], ["splice"], ["X60"]),
        lambda: rainfall.rainfall_svg(
            [rain, replace(rain, name="S2", foci=(), patient="P2")], {"1": 8_000_000, "2": 6_000_000, "3": 2_000_000}
        ),
        lambda: cohort_burden.cohort_burden_svg(
            {"ours": np.array([0.0, 1.0, 9.0]), "A": np.arange(80.0), "B": np.array([0.5, 0.7])}, "ours", WHO[:3]
        ),
    )


def test_signatures_of_samples(kept):
    rng = generator(3, "shares")
    shares = {f"SBS{i}": list(row) for i, row in enumerate(rng.dirichlet(np.full(11, 0.5), 5).T)}
    few = {"SBS1": [0.2, 0.9], "SBS5": [0.8, 0.1]}
    classes = [f"{a}[{s}]{b}" for s in signatures.SUBSTITUTIONS for a in "ACGT" for b in "ACGT"]
    counts = np.arange(96.0)[::-1]
    kept(
        "signatures",
        lambda: signatures.stacked_svg(list("abcde"), shares, [10, 2000, 40, 9, 300], WHO[:5]),
        lambda: signatures.stacked_svg(["x", "y"], few, [10, 20], ordered=True),
        lambda: signatures.stacked_svg(
            [f"S{i}" for i in range(82)], {"A": np.linspace(0, 1, 82).tolist()}, list(range(1, 83))
        ),
        lambda: signatures.spectrum_svg(classes[::-1], counts, counts + 1, [[str(i)] for i in range(96)]),
        lambda: signatures.spectrum_svg(classes, counts),
    )


def test_pairs_of_samples(kept):
    rng = generator(4, "pairs of samples")
    a, b = rng.random(8), rng.random(8)
    a[0] = np.nan
    states = ["shared", "private_a", "private_b", "not_assessable"] * 2
    value = np.array([0.5, np.nan, 1.0])
    fate = np.array([[0, 1, 2], [3, 4, 1]], np.int8)
    values = {"primary": np.array([0.3, 0.1, 0.2]), "metastasis": np.array([0.5])}
    gap = {
        "primary - metastasis": (np.array([30.0, 400.0]), np.array([0.2, 0.4])),
        "odd": (np.array([9.0]), np.array([0.1])),
    }
    bins = [("< 1 %", 0.2, 0.1, 0.4, 30), ("1-10 %", 0.7, 0.5, 0.8, 1200)]
    kept(
        "pairs",
        lambda: concordance.shared_private_bars(
            ["P1", "P2"], np.array([[5, 1, 0, 2], [3, 0, 4, 0]]), title="primary v metastasis"
        ),
        lambda: concordance.shared_private_bars(["P1"], np.array([[5, 1, 0, 2]]), title="plasma v plasma"),
        lambda: concordance.forest(
            ["a", "b", "c"],
            value,
            value - 0.2,
            value + 0.1,
            ["n 3", "n 0", "n 9"],
            xlabel="x",
            people=["P1", "", "P2;P3"],
        ),
        lambda: concordance.fraction_scatter(
            a, b, states, 0.1, comparison="tissue v plasma", names=list("abcdefgh"), people=WHO[:8]
        ),
        lambda: concordance.fraction_scatter(
            np.linspace(0, 1, 705), np.linspace(0, 1, 705), ["shared"] * 705, None, comparison="x v x"
        ),
        lambda: concordance.gene_grid(["KRAS", "TP53"], ["P1", "P2", "P3"], fate, comparison="tissue v plasma"),
        lambda: concordance.gene_grid(
            ["KRAS"], [f"P{i}" for i in range(61)], np.ones((1, 61), np.int8), comparison="a v b"
        ),
        lambda: concordance.excess_waterfall(np.array([0.055, -0.8, 0.6, 0.0]), WHO[:4], ylabel="y"),
        lambda: concordance.sensitivity_curve(bins, [WHO[:3], WHO[:9]], xlabel="x"),
        lambda: heterogeneity.strips(
            [("MATH", values), ("ITH", {"plasma": np.array([1.0, 2.0])})],
            [{k: WHO[: len(v)] for k, v in values.items()}, {"plasma": WHO[:2]}],
        ),
        lambda: heterogeneity.strips([("MATH", values)]),
        lambda: heterogeneity.against_time(gap, "distance", {k: WHO[: len(v[0])] for k, v in gap.items()}),
        lambda: heterogeneity.against_time(gap, "distance"),
    )


def test_genomes(kept):
    chroms, length = ["1"] * 3 + ["2"] * 2 + ["21", "22"], np.array([9.0, 30, 12, 6, 15, 2, 2]) * 1e6
    gain, loss = np.array([0.1, 0.5, 0, 0, 0.2, 0, 0.3]), np.array([0.3, 0, 0, 0.6, 0.1, 0, 0])
    marks = [(1, "1q ERBB2", True, "P1;P2"), (2, "1q21", True, "P1"), (3, "2p APC", False, "P3")]
    states = np.array([[1, 1, 0, -1, -9, 0, 1], [0, 0, 0, 0, 0, 0, 0], [-1, -1, -1, 1, 1, 0, -9]], np.int8)
    names = ([f"b{i}" for i in range(7)], ["S1", "S2", "S3"], ["P1", "P1", "P2"])
    kept(
        "genomes",
        lambda: copy_number.frequency_svg(
            chroms, length, gain, loss, marks, names[0], (["P1", "P2"], ["AQ==", "", "Ag==", "", "", "", "AQ=="])
        ),
        lambda: copy_number.frequency_svg(chroms, length, gain * 0.1, loss * 0.1),
        lambda: copy_number.heat_map_svg(
            chroms, length, states, np.array([2, 0, 1]), ["primary", "other", None], names
        ),
        lambda: copy_number.heat_map_svg(chroms, length, np.tile(states, (201, 1)), np.arange(603), ["a"] * 603),
    )


def test_oncoprints(kept):
    rng = generator(5, "oncoprint")
    looked = rng.random((3, 7)) < 0.9
    mutation, copy = (
        (rng.integers(0, k, (3, 7)) * looked).astype(np.int8) if (k := 6) else None,
        np.zeros((3, 7), np.int8),
    )
    copy[0, 5], copy[1, 2], copy[2, 0] = 1, 2, 3
    tracks = {"sex": ["f", "m", None, "m", "f", "f", "m"], "role": ["primary", "metastasis"] * 3 + ["plasma"]}
    marks = (rng.integers(0, 3, (3, 7)) * (mutation > 0)).astype(np.int8)
    patients = ["P1", "P1", "P2", "P3", "P3", "P4", "P5"]
    whole = oncoprint.Oncoprint(
        ["KRAS", "A-GENE-OF-A-VERY-LONG-NAME", "TP53"],
        looked,
        mutation,
        copy,
        [0.4, np.nan, 0.2],
        tracks,
        rng.lognormal(2, 1, 7),
        marks,
        [f"S{i}" for i in range(7)],
        patients,
        ["sex"],
    )
    bare = replace(whole, tracks={}, burden=None, marks=None, samples=(), patients=(), split=())
    kept("oncoprint", lambda: oncoprint.oncoprint_svg(whole), lambda: oncoprint.oncoprint_svg(bare))


def test_clones_of_a_patient(kept):
    parent, names, samples = [-1, 0, 0, 1, 1, 2, 2, 2], [f"C{i}" for i in range(8)], ["P", "M1", "M2"]
    fraction = generator(6, "fractions").dirichlet(np.full(8, 0.7), 3).T
    ccf = np.where(fraction < 0.05, np.nan, np.minimum(2 * fraction, 1.0))
    points = generator(7, "points").random((12, 3))
    points[3, 1] = np.nan
    cluster = np.arange(12) % 3 - 1
    ways = {(-1, 0): 0.4, (0, 1): 1.2, (1, 2): 0.05, (0, 2): 0.1, (1, 0): 0.55}
    many = {(i, i + 1): 0.15 + 0.08 * i for i in range(9)}
    seeds = {"founders": {"monoclonal": 5, "polyclonal": 1, "not_assessable": 2}, "origin": {"primary": 3}}
    tree_of = {
        "n_variants": [90, 1, 5, 9, 3, 3, 7, 2],
        "support": [1, 0.9, 0.5, 0.3, 0.8, 1, 0.49, 0.7],
        "labels": ["TP53, APC", "", "KRAS", *[""] * 5],
    }
    small = {k: v[:3] for k, v in tree_of.items()}
    kept(
        "clones",
        on_axes(lambda ax: tree.clone_tree(ax, parent, names, **tree_of)),
        on_axes(lambda ax: tree.clone_tree(ax, [-1, -1, 0], names[:3], **small)),
        on_axes(lambda ax: tree.clone_bars(ax, fraction, names, samples)),
        on_axes(lambda ax: clones.ccf_heat_map(ax, ccf, names, samples, tree_of["n_variants"])),
        on_axes(
            lambda ax: clones.ccf_scatter(
                ax, points, cluster, samples, {0: "C0", 1: "C1"}, [f"v{i}" for i in range(12)]
            ),
            rows=2,
            columns=2,
        ),
        on_axes(lambda ax: clones.ccf_scatter(ax, points, cluster, samples, {0: "C0", 1: "C1"}), rows=2, columns=2),
        on_axes(lambda ax: fish.fish(ax, np.array([90.0, 0.0, 300.0]), parent, fraction, names)),
        on_axes(lambda ax: fish.fish(ax, np.array([5.0]), [-1], np.array([[0.4]]), ["C0"])),
        on_axes(lambda ax: migration.migration_graph(ax, samples, 0, ways)),
        on_axes(lambda ax: migration.migration_graph(ax, [f"L{i}" for i in range(10)], None, many)),
        on_axes(
            lambda ax: migration.seeding_summary(
                ax, seeds, {k: {c: WHO[:n] for c, n in v.items()} for k, v in seeds.items()}
            )
        ),
        on_axes(lambda ax: migration.seeding_summary(ax, {"none": {}})),
    )


def test_courses(kept):
    rng = generator(8, "courses")
    time = np.sort(rng.integers(10, 900, 6)).astype(float)
    alive = np.linspace(0.9, 0.3, 6)
    group = survival.KMGroup(
        "altered",
        time,
        alive,
        alive - 0.1,
        np.r_[alive[:5] + 0.05, np.nan],
        np.array([5.0, 400.0]),
        np.zeros(9),
        np.linspace(50, 900, 9),
        ("P1",),
    )
    late = replace(group, label="late", entry=np.linspace(0, 90, 9), place=4, is_dashed=True, censored=np.array([]))
    nobody = survival.KMGroup("none", *[np.array([])] * 7)
    lanes = [
        {
            "label": "P1",
            "start": 0,
            "end": 400,
            "bars": [(0, 90, "FOLFOX"), (120, 300, "a treatment of a very long name, longer than forty")],
            "marks": [(60, "response"), (300, "progression")],
            "is_ongoing": True,
        },
        {
            "label": "P2",
            "start": -20,
            "end": 90,
            "bars": [(0, 60, "FOLFOX")],
            "marks": [(90, "death")],
            "is_ongoing": False,
        },
    ]
    day, psa = np.array([0, 30, 60, 200, 260]), np.array([40.0, 8.0, 4.0, 9.0, 30.0])
    one = {
        "title": "P1",
        "day": day,
        "value": psa,
        "starts": [(0, "abi"), (10, "ADT"), (200, "doc")],
        "marks": [(60, 4.0, "nadir"), (200, 9.0, "unconfirmed"), (260, 30.0, "confirmed")],
    }
    change = np.array([-1.0, 0.4, np.nan, 1.7, -0.3])
    kept(
        "courses",
        lambda: survival.survival_figure([group, late], ylabel="alive", title="t"),
        lambda: survival.survival_figure([nobody], ylabel="alive"),
        lambda: swimmer.swimmer(lanes, colours={"FOLFOX": "#123456"}),
        lambda: spider.spider(
            {"P1 line 1": (day, psa / 40 - 1), "P2": ([0, 90], [0, 2.5])},
            ylabel="y",
            colours={"P2": "#654321"},
            limits={"-50 %": -0.5},
            total=401,
        ),
        lambda: spider.spider({"P1": (day, psa / 40 - 1)}, ylabel="y", limits={}),
        lambda: spider.panels([one, one | {"title": "P2", "value": psa * 0, "marks": []}], ylabel="PSA"),
        lambda: spider.panels([one], ylabel="PSA", columns=1, log=False),
        lambda: waterfall.waterfall(
            change,
            ["a", "b", "a", "b", "a"],
            ylabel="y",
            limits={"-50 %": -0.5},
            colours={"b": "#112233", "a": "#445566"},
            names_of=WHO[:5],
        ),
        lambda: waterfall.waterfall(-np.linspace(0, 1, 801), ylabel="y", limits={}, clip=0.5),
    )


def test_timelines(request):
    """Drawn as text: every number of it."""
    points = tuple(
        timeline.Point(d, v, low, high, lim, word)
        for d, v, low, high, lim, word in (
            (0, 40.0, None, None, False, ""),
            (60, 4.0, 3.0, 6.0, False, "x"),
            (200, 0.1, None, None, True, ""),
        )
    )
    tracks = (
        timeline.Track(
            "PSA",
            "ng/ml, log",
            (timeline.Line("PSA", points),),
            (timeline.Mark(60, "nadir 4", "nadir"), timeline.Mark(200, "PSA progression", "progression")),
        ),
        timeline.Track("sum", "mm", (timeline.Line("a", points[:2]), timeline.Line("b", points[1:])), is_log=False),
    )
    whole = timeline.PatientTimeline(
        (
            timeline.Bar(0, 90, "abiraterone", "ARPI"),
            timeline.Bar(60, None, "docetaxel 75 mg/m2", "taxane"),
            timeline.Bar(300, 310, "x", "odd"),
        ),
        tracks,
        (
            timeline.Mark(-4000, "primary"),
            timeline.Mark(0, "metastasis"),
            timeline.Mark(200, "plasma"),
            timeline.Mark(203, "plasma"),
        ),
        (timeline.Mark(400, "death", "death"), timeline.Mark(390, "progression", "progression")),
        410,
    )
    empty = timeline.PatientTimeline()
    svg = [
        timeline.timeline_svg(t)
        for t in (whole, replace(whole, samples=whole.samples[1:]), replace(whole, bars=(), tracks=(), last_day=None))
    ]
    lines = [line for text in svg for line in text.replace("><", ">\n<").splitlines()]
    answer = {f"line {number:03}": line for number, line in enumerate(lines)}
    check("plots/timeline", answer, request.config.getoption("--accept"))
    assert isinstance(timeline.timeline_svg(empty), str)
