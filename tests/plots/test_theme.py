"""The look of every figure: what a journal can print."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from oncourse.plots.effects import love
from oncourse.plots.oncoprint import COPY_KINDS, MARKS, MUTATION_KINDS
from oncourse.plots.theme import COLOURS, LIGHT, NARROW, ONE_COLUMN, SMALLEST_TEXT, TWO_COLUMNS, drawing


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


#: Full red-green blindness in linear RGB (Machado, Oliveira and Fernandes 2009, table 1, severity 1.0).
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def _lab(colour, vision):
    """CIE 1976 L*a*b* of an sRGB colour as it is seen (D65)."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = to_xyz @ np.clip(VISION[vision] @ linear, 0, 1) / (0.9505, 1, 1.089)
    f, g, h = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return np.array([116 * g - 16, 500 * (f - g), 200 * (g - h)])


@pytest.mark.parametrize("vision", VISION)
def test_what_stands_in_one_oncoprint_has_a_colour_of_its_own(vision):
    """Metastasis had the orange of an amplification, plasma the violet of a fusion, primary the blue of a germline hit;
    MSI-H, local recurrence and in-frame shared a pink; splice was an amplification to a deuteranope (5 units apart)."""
    roles = ("primary", "metastasis", "local_recurrence", "plasma")
    names = (*MUTATION_KINDS, *COPY_KINDS, *roles, "MSI-H", "MSI-L", "MSS", "indeterminate")
    things = {name: COLOURS[name] for name in names} | MARKS
    seen = {name: _lab(colour, vision) for name, colour in things.items()}
    apart = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(seen, 2)}
    assert min(apart.values()) >= 9.9, min(apart, key=apart.get)


def test_a_category_without_a_colour_of_its_own_borrows_none():
    assert len(set(LIGHT)) == len(LIGHT) and not {*LIGHT} & {*COLOURS.values(), *MARKS.values()}


@pytest.mark.parametrize("counts", [[1200, 2600], [60, 90, 31_000], [7, 9]])
def test_counts_within_a_decade_have_plain_labels(counts):
    """Twelve samples of 1,200 to 2,600 mutations: the axis of the signatures was a pile of raw formulas."""
    from oncourse.plots.signatures import stacked_svg

    names = [f"S{i}" for i in range(len(counts))]
    svg = stacked_svg(names, {"SBS1": [0.4] * len(counts), "SBS5": [0.6] * len(counts)}, counts)
    labels = [text for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg) if re.fullmatch(r"[\d,]+", text)]
    assert "mathdefault" not in svg and 1 <= len(labels) <= 4
