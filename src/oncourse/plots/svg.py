"""matplotlib's SVG canvas, whose texts are measured once: labels of figures repeat, and each is measured many times
over.

The bytes are those of `matplotlib.backends.backend_svg`; a test compares them.
"""

from __future__ import annotations

import io
import re
from typing import Any

from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.font_manager import fontManager, get_font

#: Characters as wide as the type is high in every font that has them; the font that measures, DejaVu Sans, has none.
#: The reader's own font draws them. They are measured as its dash of the same width, on every machine alike.
_FULL_WIDTH = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6]")
_EM = "\u2014"
#: Texts and fonts kept measured, of all figures of the process.
KEPT = 20_000
_size: dict[Any, tuple[float, float, float]] = {}
_height: dict[Any, tuple[float, float, float]] = {}


class MeasuredOnce(RendererSVG):  # type: ignore[misc]
    """The SVG renderer with the sizes of texts kept: an SVG has one resolution, so that they depend on font and text
    only."""

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        """Return width, height and descent of a text in points."""
        found = _size.get((s, prop, ismath))
        if found is None:
            found = super().get_text_width_height_descent(_FULL_WIDTH.sub(_EM, s), prop, ismath)
            _keep(_size, (s, prop.copy(), ismath), found)
        return found

    def _get_font_height_metrics(self, prop: Any) -> tuple[float | None, float | None, float | None]:
        """Return ascent, descent and line gap of a font in points; matplotlib asks for it where a renderer has it."""
        found = _height.get(prop)
        if found is None:
            font = get_font(fontManager.findfont(prop))
            sizes, head = font.get_sfnt_table("OS/2"), font.get_sfnt_table("head")
            if sizes is None or head is None:
                return None, None, None
            scale = 1 / head["unitsPerEm"] * prop.get_size_in_points() * FigureCanvasSVG.fixed_dpi / 72
            heights = sizes["sTypoAscender"] * scale, -sizes["sTypoDescender"] * scale, sizes["sTypoLineGap"] * scale
            found = _keep(_height, prop.copy(), heights)
        return found


def _keep(
    kept: dict[Any, tuple[float, float, float]], key: Any, value: tuple[float, float, float]
) -> tuple[float, float, float]:
    if len(kept) >= KEPT:
        kept.clear()
    kept[key] = value
    return value


class Canvas(FigureCanvasSVG):
    """An SVG canvas with `MeasuredOnce`."""

    def get_renderer(self) -> MeasuredOnce:
        """Return a renderer to measure with, which the layout asks for."""
        width, height = self.figure.get_size_inches() * self.fixed_dpi
        return MeasuredOnce(width, height, io.StringIO(), image_dpi=self.fixed_dpi)

    def svg(self, metadata: dict[str, Any]) -> str:
        """Return the figure as SVG text; metadata as of ``print_svg``."""
        fig, buffer = self.figure, io.StringIO()
        dpi, fig.dpi = fig.dpi, self.fixed_dpi
        width, height = fig.get_size_inches()
        inner = MeasuredOnce(width * self.fixed_dpi, height * self.fixed_dpi, buffer, image_dpi=dpi, metadata=metadata)
        renderer: Any = MixedModeRenderer(fig, width, height, dpi, inner)
        fig.draw(renderer)
        renderer.finalize()
        return buffer.getvalue()
