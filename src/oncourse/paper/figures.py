"""Figures at the widths of a journal: PDF with embedded fonts, TIFF at 600 dpi."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from oncourse.errors import ToolError

#: Width of one column and of two, in mm.
WIDTHS = {"single": 85, "double": 174}
DPI = 600
_POINT = 0.352778
#: Smallest text that journals print (points); what falls below is told, not hidden.
SMALLEST = 5.0
SCHEMA = {"figure": pl.String, "column": pl.String, "width_mm": pl.Int64, "height_mm": pl.Float64,
          "smallest_text_pt": pl.Float64, "is_legible": pl.Boolean}  # fmt: skip


def write_figures(chosen: list[tuple[str, Path]], out: Path, *, dpi: int = DPI) -> pl.DataFrame:
    """Write every figure as PDF and TIFF at both widths; return their sizes and the smallest text of each.

    chosen : name and SVG file of each figure

    Raises
    ------
    ToolError : WeasyPrint or pypdfium2 is not installed
    """
    try:
        import pypdfium2  # noqa: F401
        import weasyprint  # noqa: F401
    except ImportError:
        raise ToolError(
            "figures at journal sizes need WeasyPrint and pypdfium2: pip install 'oncourse[paper]'."
        ) from None
    out.mkdir(parents=True, exist_ok=True)
    rows = [row for name, path in chosen for row in _one(name, path.read_text("utf-8"), out, dpi)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _one(name: str, text: str, out: Path, dpi: int) -> Iterator[tuple[str, str, int, float, float | None, bool]]:
    svg = text[text.index("<svg") :]
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if box is None:
        return
    wide, high = float(box[1]), float(box[2])
    sizes = [float(s) for s in re.findall(r"font(?:-size)?:[^;\"']*?([\d.]+)px", svg)]
    for column, width in WIDTHS.items():
        height = width * high / wide
        pdf = _pdf(svg, width, height)
        (out / f"{name}_{width}mm.pdf").write_bytes(pdf)
        _tiff(pdf, out / f"{name}_{width}mm.tiff", dpi)
        smallest = min(sizes) * width / (wide * _POINT) if sizes else None
        legible = smallest is None or smallest >= SMALLEST
        yield name, column, width, round(height, 1), None if smallest is None else round(smallest, 1), legible


def _pdf(svg: str, width: float, height: float) -> bytes:
    from weasyprint import HTML

    fluid = re.sub(r' style="width:100%[^"]*"', "", svg, count=1)
    sized = fluid.replace("<svg ", f'<svg width="{width}mm" height="{height}mm" ', 1)
    page = f"<style>@page{{size:{width}mm {height + 0.2}mm;margin:0}}body{{margin:0}}svg{{display:block}}</style>{sized}"
    made: bytes = HTML(string=page).write_pdf(pdf_identifier=b"oncourse")
    return re.sub(rb"/(CreationDate|ModDate) ?\(D:[^)]*\)", lambda m: b"/" + m[1] + b" (D:20000101000000Z)", made)


def _tiff(pdf: bytes, path: Path, dpi: int) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    image = document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    image.save(path, format="TIFF", compression="tiff_lzw", dpi=(dpi, dpi))
    document.close()
