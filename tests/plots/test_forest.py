"""Forest and volcano plots: what a reader must be able to tell apart."""

import re
import warnings

import numpy as np

from oncourse.plots.forest import ForestRow, forest_figure, volcano_figure


def texts(svg):
    return re.findall(r">([^<>\n]+)</text>", svg)


def test_cells_stand_in_columns_with_heads_and_the_sides_are_named():
    rows = [
        ForestRow("TP53", 2.0, 1.4, 2.9, cells=("2.00 (1.40-2.90)", "40/120", "0.0021", "1.8")),
        ForestRow(
            "a very long name of a covariate=of a value",
            1.1,
            0.02,
            float("inf"),
            cells=("1.10", "3/120", "1", "9.1"),
        ),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a plot squeezed to nothing warns
        svg = forest_figure(
            rows,
            xlabel="hazard ratio",
            better="longer OS",
            worse="shorter OS",
            columns=("ratio (95 % CI)", "altered", "q", "detectable"),
        )
    found = texts(svg)
    for text in ("detectable", "40/120", "0.0021", "← longer OS", "shorter OS →", "TP53"):
        assert text in found
    # the wide range has its every second tick only
    assert "0.2" in found and "0.5" not in found


def test_a_note_beside_the_row_still_stands_alone():
    assert "n 12" in texts(forest_figure([ForestRow("x", 1.5, 1.0, 2.0, "n 12")], xlabel="odds ratio"))


def test_names_of_the_volcano_do_not_lie_on_each_other():
    """Three hits at the same place: the best is named; one far away and one on the other side are named too."""
    ratio = np.array([2.0, 2.02, 1.98, 4.0, 0.5, *np.linspace(0.9, 1.1, 10)])
    p = np.array([1e-8, 1.1e-8, 1.2e-8, 1e-4, 1e-8, *np.full(10, 0.5)])
    labels = ["best", "second", "third", "far", "left", *[f"null{i}" for i in range(10)]]
    found = texts(volcano_figure(ratio, p, labels, p < 0.01, xlabel="hazard ratio", most=5))
    assert {"best", "far", "left"} <= set(found) and not {"second", "third"} & set(found)


def test_a_mark_carries_its_words_its_patients_and_its_group():
    """What `mark` says becomes a title and data attributes of the drawing, escaped, one per point of a collection."""
    from oncourse.plots.theme import drawing, mark

    with drawing(3, 2) as canvas:
        bar = canvas.ax.barh([0], [1])[0]
        mark(bar, 'P"1 <x>', people=['P"1', "P2"], series="a & b", colour="#123456")
        points = canvas.ax.scatter([0.1, 0.2, 0.3], [0, 0, 0])
        mark(points, ["one", "two", "three"], people=["P1", "P2", "P3"])
    assert "<title>P&quot;1 &lt;x&gt;</title>" in canvas.svg and 'data-series="a &amp; b"' in canvas.svg
    assert 'data-people="P&quot;1;P2"' in canvas.svg and 'data-colour="#123456"' in canvas.svg
    assert [canvas.svg.count(f"<title>{word}</title></use>") for word in ("one", "two", "three")] == [1, 1, 1]
    assert 'data-people="P3"' in canvas.svg and "oncourse-" not in canvas.svg
