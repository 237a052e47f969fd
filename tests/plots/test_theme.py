"""The look of every figure: what a journal can print."""

from __future__ import annotations

import re

import numpy as np
import pytest

from oncourse.plots.effects import love
from oncourse.plots.theme import NARROW, ONE_COLUMN, SMALLEST_TEXT, TWO_COLUMNS, drawing


@pytest.mark.parametrize("width", [5.0, 9.6, 14.0])
def test_no_text_is_smaller_than_journals_print_over_two_columns(width):
    """Labels of wide figures fell to 3.7 points at 174 mm; the drawing has pixels of 1/72 inch, its width in them."""
    with drawing(width, 3) as canvas:
        canvas.ax.set_yticks([0, 1], ["KRAS", "TP53"], fontsize=4)
        canvas.ax.text(0.5, 0.5, "n = 3", fontsize=5)
    sizes = [float(s) for s in re.findall(r"font(?:-size)?:[^;\"']*?([\d.]+)px", canvas.svg)]
    assert len(sizes) >= 4
    assert min(sizes) * (ONE_COLUMN if width <= NARROW else TWO_COLUMNS) / width >= SMALLEST_TEXT


def test_the_names_of_the_weightings_lie_inside_the_figure_of_balance():
    """With four covariates the legend below the axis was cut at the lower edge."""
    for n in (1, 4, 12):
        values = np.linspace(0, 0.7, n)
        svg = love([f"c{i}" for i in range(n)], {"before": values, "after": values / 9}, title="Balance", people=["P1"])
        high = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', svg)[1])
        places = re.findall(r"<text[^>]*?(?:translate\(([\d.]+) ([\d.-]+)\)|x=\"([\d.]+)\" y=\"([\d.-]+)\")", svg)
        rows = [float(b or d) for _, b, _, d in places]
        assert len(rows) > 4 and min(rows) > 0 and max(rows) < high
