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
        svg = forest_figure(rows, xlabel="hazard ratio", better="longer OS", worse="shorter OS",
                            columns=("ratio (95 % CI)", "altered", "q", "detectable"))  # fmt: skip
    found = texts(svg)
    for text in ("detectable", "40/120", "0.0021", "← longer OS", "shorter OS →", "TP53"):
        assert text in found
    # the wide range has its every second tick only
    assert "0.25" in found and "0.5" not in found


def test_a_note_beside_the_row_still_stands_alone():
    assert "n 12" in texts(forest_figure([ForestRow("x", 1.5, 1.0, 2.0, "n 12")], xlabel="odds ratio"))


def test_names_of_the_volcano_do_not_lie_on_each_other():
    """Three hits at the same place: the best is named; one far away and one on the other side are named too."""
    ratio = np.array([2.0, 2.02, 1.98, 4.0, 0.5, *np.linspace(0.9, 1.1, 10)])
    p = np.array([1e-8, 1.1e-8, 1.2e-8, 1e-4, 1e-8, *np.full(10, 0.5)])
    labels = ["best", "second", "third", "far", "left", *[f"null{i}" for i in range(10)]]
    found = texts(volcano_figure(ratio, p, labels, p < 0.01, xlabel="hazard ratio", most=5))
    assert {"best", "far", "left"} <= set(found) and not {"second", "third"} & set(found)
