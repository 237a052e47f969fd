"""A header of two rows as one: 一线 merged over 方案, 开始日期 and 结束日期."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncourse.study.headers import bare
from oncourse.study.words import meaning

Range = tuple[tuple[int, int], tuple[int, int]]
#: So many names of columns known here make a row a header, where no merged cell says so.
_KNOWN = 2


def two_headers(
    rows: Sequence[Sequence[str | None]], start: int, width: int, merged: Sequence[Range] = ()
) -> list[str] | None:
    """Return the header that the rows `start` and the next make together; null where the second is no header.

    It is one where cells of the first are merged sideways and each of these columns has a text below, or where the first
    has gaps and the second names columns that are known. A name that stands below several others carries them before it.

    >>> rows = [["患者编号", "一线", None, "二线", None], [None, "方案", "开始日期", "方案", "开始日期"]]
    >>> two_headers(rows, 0, 5, [((0, 1), (0, 2)), ((0, 3), (0, 4))])
    ['患者编号', '一线方案', '一线开始日期', '二线方案', '二线开始日期']
    >>> two_headers([["id", "sex"], ["P1", "男"]], 0, 2) is None
    True
    """
    if start + 1 >= len(rows):
        return None
    first, second = (_padded(rows[at], width) for at in (start, start + 1))
    groups = [(left, right) for (top, left), (bottom, right) in merged if top == bottom == start and right > left]
    below = [second[at] for left, right in groups for at in range(left, min(right, width - 1) + 1)]
    if groups:
        is_header = all(below) and not any(_is_value(c) for c in second)
        above = _spread(first, [range(left + 1, right + 1) for left, right in groups])
    else:
        gaps = [at for at in range(1, width) if first[at] is None and second[at]]
        known = sum(_is_known(c) for c in second if c)
        is_header = len(gaps) >= _KNOWN and known >= _KNOWN and not any(_is_value(c) for c in second)
        above = _spread(first, [gaps])
    if not is_header:
        return None
    return [_joined(up, low, second) for up, low in zip(above, second, strict=True)]


def _padded(row: Sequence[str | None], width: int) -> list[str | None]:
    return [*row[:width], *[None] * (width - len(row))]


def _spread(first: list[str | None], places: Sequence[Sequence[int]]) -> list[str | None]:
    """Write a name over the places right of it that it covers."""
    out = list(first)
    for group in places:
        for at in group:
            if at < len(out) and out[at] is None:
                out[at] = out[at - 1]
    return out


def _joined(above: str | None, below: str | None, second: Sequence[str | None]) -> str:
    if above is None or below is None or above == below:
        return below or above or ""
    if second.count(below) == 1:
        return below
    return f"{above}{'' if re.search('[㐀-鿿]$', above) else ' '}{below}"


def _is_value(cell: str | None) -> bool:
    """Whether a cell is a number or a date, which no header is."""
    return bool(cell and re.fullmatch(r"[<>＜＞]?[\d.,:/\s%年月日-]+", cell))


def _is_known(cell: str) -> bool:
    return any(meaning(subject, name) for subject in ("column", "header", "analyte") for name in (cell, bare(cell)))
