"""The canvas that measures texts once draws what matplotlib's own draws, byte for byte."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.font_manager import FontProperties

from oncourse.plots import svg
from oncourse.plots.theme import _RC, drawing, new

METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def _figure() -> Any:
    fig, axes = new(6, 4, rows=1, columns=2)
    axes[0].plot([0, 1], [0, 1000], label="a line\nof two")
    axes[0].set(xlabel="time", ylabel="value (10\u207b\u00b3)", title="$ not math $")
    axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)
    axes[1].scatter([1, 2], [3, 4], rasterized=True)
    axes[1].text(2, 4, "beyond the frame", rotation=30, fontweight="bold")
    return fig


@pytest.mark.parametrize("times", [1, 2])
def test_the_bytes_are_those_of_matplotlib(times: int) -> None:
    """Also where every size is known already."""
    with matplotlib.rc_context(_RC):
        plain = io.StringIO()
        FigureCanvasSVG(_figure()).print_svg(plain, metadata=METADATA)
        for _ in range(times):
            drawn = svg.Canvas(_figure()).svg(METADATA)
    assert drawn == plain.getvalue()


def test_a_text_is_measured_once_whatever_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg, "_size", {})
    measured: list[str] = []
    own = svg.RendererSVG.get_text_width_height_descent

    def told(self: Any, s: str, prop: Any, ismath: Any) -> Any:
        measured.append(s)
        return own(self, s, prop, ismath)

    monkeypatch.setattr(svg.RendererSVG, "get_text_width_height_descent", told)
    for _ in range(2):
        with drawing(3, 2) as canvas:
            canvas.ax.set_title("the same title")
    assert measured.count("the same title") == 1


def test_what_is_kept_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg, "_size", {})
    monkeypatch.setattr(svg, "KEPT", 5)
    with drawing(3, 2) as canvas:
        canvas.ax.set_xticks(range(9), [f"label {i}" for i in range(9)])
    assert 0 < len(svg._size) <= 5


def test_chinese_words_are_as_wide_as_they_are_high_and_miss_no_glyph(recwarn: pytest.WarningsRecorder) -> None:
    """A study's own words (右半结肠) stand in figures of every language; issue: warnings, and labels over each other."""
    with drawing(3, 2) as canvas:
        canvas.ax.set_yticks([0], ["右半结肠"])
    measured = svg.MeasuredOnce(100, 100, io.StringIO()).get_text_width_height_descent
    prop = FontProperties(family="DejaVu Sans", size=10)
    assert measured("右半结肠", prop, False)[0] == pytest.approx(40, rel=0.05)
    assert "右半结肠" in canvas.svg
    assert not [w for w in recwarn if "missing from font" in str(w.message)]
