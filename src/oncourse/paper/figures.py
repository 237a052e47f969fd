"""Figures at the widths of a journal: PDF with embedded fonts, TIFF at 600 dpi."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from oncourse.errors import InputError, ToolError
from oncourse.report.pdf import pdf_of
from oncourse.words.phrases import page_in

#: What a drawing shows that does not lie in it: a file or an address, which whoever draws it would fetch.
_SHOWN = re.compile(r"""(?i)\b(?:href|src)\s*=\s*["']\s*([^"'\s]+)|url\(\s*["']?\s*([^"')\s]+)|@import\s+(\S+)""")
#: Width of one column and of two, in mm.
WIDTHS = {"single": 85, "double": 174}
DPI = 600
_POINT = 0.352778
#: Smallest text that journals print (points); what falls below is told, not hidden.
SMALLEST = 5.0
SCHEMA = {
    "figure": pl.String,
    "column": pl.String,
    "width_mm": pl.Int64,
    "height_mm": pl.Float64,
    "smallest_text_pt": pl.Float64,
    "is_legible": pl.Boolean,
}


def write_figures(chosen: list[tuple[str, Path]], out: Path, *, dpi: int = DPI, language: str = "en") -> pl.DataFrame:
    """Write every figure as PDF and TIFF at both widths, one of two columns at 174 mm only; return their sizes.

    chosen : name and SVG file of each figure

    Raises
    ------
    ToolError : WeasyPrint or pypdfium2 is not installed
    """
    _tools()
    out.mkdir(parents=True, exist_ok=True)
    rows = [row for name, path in chosen for row in _one(name, page_in(drawing(path), language), out, dpi)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def write_figure(source: Path, target: Path, width: float, *, dpi: int = DPI, language: str = "en") -> float | None:
    """Write one figure of the results at this width in mm as the ending of `target` says: svg, pdf, png, tif or tiff.

    Returns
    -------
    points of its smallest text at that width; None without text

    Raises
    ------
    ToolError : the tools that draw PDF and pixels are not installed; an SVG needs none
    """
    svg = page_in(drawing(source), language)
    wide, high = _box(svg) or (width, width)
    height, kind = width * high / wide, target.suffix.lower()
    if kind == ".svg":
        target.write_text('<?xml version="1.0" encoding="utf-8"?>\n' + _sized(svg, width, height) + "\n", "utf-8")
    else:
        _tools()
        pdf = _pdf(svg, width, height)
        if kind == ".pdf":
            target.write_bytes(pdf)
        else:
            _pixels(pdf, target, dpi)
    sizes = _text_sizes(svg)
    return round(min(sizes) * width / (wide * _POINT), 1) if sizes else None


def drawing(source: Path) -> str:
    """Return a figure from its ``<svg`` on; InputError where it is none, or shows what lies outside of it."""
    try:
        text = source.read_text("utf-8")
    except ValueError:
        text = ""
    if "<svg" not in text:
        raise InputError(f"{source.name}: is no drawing (SVG). Run the study again.")
    svg = text[text.index("<svg") :]
    named = (next(filter(None, found.groups())) for found in _SHOWN.finditer(svg))
    if outside := next((name for name in named if not name.startswith(("#", "data:"))), None):
        raise InputError(f"{source.name}: shows {outside[:60]}, which lies outside of it. Run the study again.")
    return svg


def legible_width(source: Path) -> int:
    """Return the least width (whole mm) at which no text of a figure is below what journals print; 0 without text."""
    svg = drawing(source)
    box, sizes = _box(svg), _text_sizes(svg)
    return 0 if box is None or not sizes else _least(box[0], min(sizes))


def _least(wide: float, smallest: float) -> int:
    """Whole mm at which the smallest text (units of the drawing) has `SMALLEST` points."""
    return math.ceil(round(SMALLEST * wide * _POINT / smallest, 1))


def _tools() -> None:
    try:
        import pypdfium2  # noqa: F401
        import weasyprint  # noqa: F401
    except ImportError:
        raise ToolError(
            "figures at journal sizes need WeasyPrint and pypdfium2: pip install 'oncourse[paper]'."
        ) from None


def _box(svg: str) -> tuple[float, float] | None:
    box = re.search(r'viewBox="0 0 (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)"', svg)
    return None if box is None or not (float(box[1]) and float(box[2])) else (float(box[1]), float(box[2]))


def _text_sizes(svg: str) -> list[float]:
    return [float(s) for s in re.findall(r"font(?:-size)?:[^;\"']*?(\d*\.?\d+)px", svg)]


def _one(name: str, svg: str, out: Path, dpi: int) -> Iterator[tuple[str, str, int, float, float | None, bool]]:
    box = _box(svg)
    if box is None:
        return
    wide, high = box
    sizes = _text_sizes(svg)
    least = _least(wide, min(sizes)) if sizes else 0
    for column, width in WIDTHS.items():
        if width < least and column == "single":
            continue  # a two-column figure
        height = width * high / wide
        pdf = _pdf(svg, width, height)
        (out / f"{name}_{width}mm.pdf").write_bytes(pdf)
        _pixels(pdf, out / f"{name}_{width}mm.tiff", dpi)
        smallest = min(sizes) * width / (wide * _POINT) if sizes else None
        legible = smallest is None or smallest >= SMALLEST
        yield name, column, width, round(height, 1), None if smallest is None else round(smallest, 1), legible


def _pdf(svg: str, width: float, height: float) -> bytes:
    return pdf_of(
        f"<style>@page{{size:{width}mm {height + 0.2}mm;margin:0}}body{{margin:0}}svg{{display:block}}</style>"
        f"{_sized(svg, width, height)}"
    )


def _sized(svg: str, width: float, height: float) -> str:
    """The drawing with a size on paper in place of the fluid one of the page."""
    fluid = re.sub(r' style="width:100%[^"]*"', "", svg, count=1)
    return fluid.replace("<svg ", f'<svg width="{width:g}mm" height="{height:g}mm" ', 1)


def _pixels(pdf: bytes, path: Path, dpi: int) -> None:
    """Write a PDF's page as TIFF or PNG, as the ending says."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    image = document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    options = {} if path.suffix.lower() == ".png" else {"format": "TIFF", "compression": "tiff_lzw"}
    image.save(path, dpi=(dpi, dpi), **options)
    document.close()
