"""Figures of clones: nested bands, layout, and drawing at the extremes."""

import re
import warnings

import numpy as np
import pytest

from oncourse.plots.clones import ccf_heat_map, ccf_scatter
from oncourse.plots.fish import fish, fish_bands
from oncourse.plots.migration import migration_graph, seeding_summary
from oncourse.plots.theme import drawing
from oncourse.plots.tree import clone_bars, clone_colours, clone_tree, tree_layout
from oncourse.stats.rng import generator


def random_tree(rng, n):
    return [-1] + [int(rng.integers(-1 if k > 1 else 0, k)) for k in range(1, n)]


@pytest.mark.parametrize("seed", range(10))
def test_bands_lie_inside_their_parent_and_do_not_cross_siblings(seed):
    rng = generator(seed, "bands")
    n = int(rng.integers(1, 12))
    parent = random_tree(rng, n)
    fraction = rng.dirichlet(np.full(n + 1, 0.3), 5).T[:n]
    low, high = fish_bands(parent, fraction)
    below = [[c for c in range(n) if parent[c] == k] for k in range(n)]
    for k in range(n):
        own = (high[k] - low[k]) - sum((high[c] - low[c] for c in below[k]), np.zeros(5))
        np.testing.assert_allclose(own, fraction[k], atol=1e-9)
        if parent[k] >= 0:
            assert (low[k] >= low[parent[k]] - 1e-9).all() and (high[k] <= high[parent[k]] + 1e-9).all()
        for a, b in zip(below[k], below[k][1:], strict=False):
            assert (low[b] >= high[a] - 1e-9).all()


def test_layout_puts_leaves_apart_and_parents_above():
    rng = generator(1, "layout")
    parent = random_tree(rng, 15)
    x, y = tree_layout(parent)
    leaves = sorted(x[k] for k in range(15) if k not in parent)
    assert leaves == list(range(len(leaves)))
    assert all(y[p] < y[k] for k, p in enumerate(parent) if p >= 0)


def test_colours_of_clones_differ():
    assert len(set(clone_colours(20))) == 20


@pytest.mark.parametrize("n_clone", [4, 9])
def test_no_text_of_a_tree_lies_on_another(n_clone):
    """Long lists of genes lay on the names of other clones (crc_hu2019, prostate_msk_2024)."""
    parent = random_tree(generator(4, "room"), n_clone)
    names, genes = [f"C{k + 1}" for k in range(n_clone)], ["MSH3, PTPRS, AKT3, CDK12, DICER1, POLD1, ZFHX3"] * n_clone
    with drawing(9.5, 3.2, columns=2) as canvas:
        clone_bars(canvas.ax[1], np.full((n_clone, 2), 1 / n_clone), names, ["a", "b"])
        clone_tree(canvas.ax[0], parent, names, n_variants=[95] * n_clone, support=[0.5] * n_clone, labels=genes)
        canvas.fig.draw_without_rendering()
        boxes = [t.get_window_extent() for t in canvas.ax[0].texts if t.get_visible() and t.get_text()]
    assert len(boxes) >= 2 * n_clone
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]


@pytest.mark.parametrize(("n_clone", "n_sample"), [(1, 2), (20, 20)])
def test_every_figure_draws_at_its_extremes(n_clone, n_sample):
    rng = generator(2, "draw")
    parent = random_tree(rng, n_clone)
    fraction = rng.dirichlet(np.full(n_clone, 0.4), n_sample).T
    names, samples = [f"C{k + 1}" for k in range(n_clone)], [f"patient_sample_{s}" for s in range(n_sample)]
    size = [3] * n_clone
    ccf = np.where(rng.random(fraction.shape) < 0.1, np.nan, fraction)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with drawing(9.5, 0.28 * n_sample + 3, columns=2) as canvas:
            clone_tree(canvas.ax[0], parent, names, n_variants=size, support=[0.9] * n_clone, labels=[""] * n_clone)
            clone_bars(canvas.ax[1], fraction, names, samples)
        assert canvas.svg.count("C1") >= 1
        with drawing(3.4 + 0.55 * n_clone, 0.9 + 0.3 * n_sample) as canvas:
            ccf_heat_map(canvas.ax, ccf, names, samples, size)
        with drawing(7, 3) as canvas:
            fish(canvas.ax, np.arange(n_sample) * 30.0, parent, fraction, names)
        few = samples[:5]
        side = len(few) - 1
        with drawing(2.2 + 1.5 * side, 1.6 + 1.5 * side, rows=side, columns=side) as canvas:
            ccf_scatter(
                canvas.ax,
                rng.random((30, len(few))),
                rng.integers(-1, n_clone, 30),
                few,
                dict(enumerate(names)),
            )
        lesions = samples[: min(n_sample, 12)]
        edges = {(-1, 0): 0.4, (0, 1): 1.0, (1, 0): 0.05}
        with drawing(4.6, 4.2) as canvas:
            migration_graph(canvas.ax, lesions, 0, edges)
        assert "not sampled" in canvas.svg and ">0.05<" not in canvas.svg
        with drawing(6, 2.5) as canvas:
            seeding_summary(canvas.ax, {"founders": {"monoclonal": n_sample, "not_assessable": 1}})
        assert f">{n_sample}<" in canvas.svg or str(n_sample) in canvas.svg


def test_each_mark_of_a_patients_figures_says_what_it_is():
    """Clone, sample or lesion with its value and n on hover: the figures of single patients said nothing."""
    fraction, names = np.array([[0.6, 0.2], [0.3, 0.7]]), ["C1", "C2"]
    drawn = {}
    with drawing(9.5, 3, columns=2) as canvas:
        clone_bars(canvas.ax[1], fraction, names, ["P", "M"])
        clone_tree(canvas.ax[0], [-1, 0], names, n_variants=[57, 1], support=[1.0, 0.93], labels=["TP53", ""])
    drawn["tree"] = canvas.svg
    with drawing(5, 3) as canvas:
        ccf_heat_map(canvas.ax, np.array([[1.0, np.nan], [0.3, 0.7]]), names, ["P", "M"], [57, 1])
    drawn["ccf"] = canvas.svg
    with drawing(5, 3) as canvas:
        fish(canvas.ax, np.array([0.0, 84.0]), [-1, 0], fraction, names)
    drawn["fish"] = canvas.svg
    with drawing(4, 4) as canvas:
        ccf = np.array([[1.0, 0.9], [0.2, np.nan]])
        ccf_scatter(canvas.ax, ccf, np.array([0, -1]), ["P", "M"], {0: "C1"}, ["TP53 1:2:A:T", "1:3:C:G"])
    drawn["pairs"] = canvas.svg
    with drawing(4, 4) as canvas:
        migration_graph(canvas.ax, ["P", "M"], 0, {(0, 1): 0.93})
    drawn["migration"] = canvas.svg
    said = {name: re.findall(r"<title>(.*?)</title>", svg) for name, svg in drawn.items()}
    assert {"C1: 57 variants TP53", "C2: 1 variant", "C1 to C2: probability 0.93"} <= set(said["tree"])
    assert "M, C2: 70 % of the tumour cells" in said["tree"]
    assert {"M, C1 (57 variants): not looked at", "M, C2 (1 variant): 0.70 of the tumour cells"} <= set(said["ccf"])
    assert "C2 alone: 30 % on day 0, 70 % on day 84" in said["fish"]
    assert said["pairs"] == ["TP53 1:2:A:T, C1: 1.00 and 0.90"], "a variant not looked at in one sample has no point"
    assert {"P to M: probability 0.93", "P: primary", "M: metastasis"} <= set(said["migration"])
