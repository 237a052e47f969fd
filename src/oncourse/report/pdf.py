"""A page as PDF, by WeasyPrint: the same page, the same bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from oncourse.errors import ToolError

#: 2000-01-01T00:00:00Z: the day every PDF says it was made on (https://reproducible-builds.org/specs/source-date-epoch/).
_EPOCH = "946684800"


def pdf_of(page: str) -> bytes:
    """Return a page of HTML as a PDF; see `pdf_with_places`."""
    return pdf_with_places(page)[0]


def pdf_with_places(page: str) -> tuple[bytes, dict[str, int]]:
    """Return a page of HTML as a PDF, and the sheet on which each of its ids stands, counted from 1.

    Neither the file nor the fonts in it carry the time of writing.

    Raises
    ------
    ToolError
        where WeasyPrint is not installed
    """
    try:
        from weasyprint import HTML
    except ImportError:
        raise ToolError(
            "a PDF needs WeasyPrint: pip install 'oncourse[pdf]', or print the HTML page from a browser."
        ) from None
    with _no_clock():
        drawn = HTML(string=page).render()
        made: bytes = drawn.write_pdf(pdf_identifier=b"oncourse")
    made = re.sub(rb"/(CreationDate|ModDate) ?\(D:[^)]*\)", lambda m: b"/" + m[1] + b" (D:20000101000000Z)", made)
    return made, {name: i for i, sheet in enumerate(drawn.pages, 1) for name in sheet.anchors}


@contextmanager
def _no_clock() -> Iterator[None]:
    """The variable that tells fontTools, which cuts the fonts where HarfBuzz's subsetter is missing, what time it is."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = _EPOCH
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
