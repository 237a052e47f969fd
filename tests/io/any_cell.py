"""Cells as hands, spreadsheets and programs spoil them: from what stood there, and from nothing at all."""

from __future__ import annotations

from hypothesis import strategies as st

#: What an autocorrect, a spreadsheet of another country, or a form puts into any cell.
_FOREIGN = (
    *("", " ", ".", "-", "--", "?", "0", "1", "NA", "#N/A", "#VALUE!", "NaN", "nan", "inf", "-1", "None", "null", "x"),
    *("TRUE", "true", "no", "unknown", "see report", "pending", "9-Sep", "Sep-09", "2009-09-01", "9月9日", "45170"),
    *("1/12/2024 00:00", "30%", "0,3", "1.300,0", "1,300", "3e2", ">=300", "~300", "٣٠٠", "３００", "300 reads"),
)
_LOOKALIKE = str.maketrans("ABCEHKMOPSTXaceopx", "АВСЕНКМОРЅТХасеорх")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\t\n\r"), max_size=8)


def spoilt(cell: str, *others: str) -> st.SearchStrategy[str]:
    """Return spellings of a cell: another case, blanks of any kind, letters that look alike, parts; other cells; any
    text."""
    blanks = [" ", "\u00a0", "\u3000", "\u200b", "\ufeff", "'", '"', "*", ";"]
    ways = [
        cell.lower(),
        cell.upper(),
        cell.title(),
        cell.swapcase(),
        cell.translate(_LOOKALIKE),
        cell.translate(_WIDE),
    ]
    ways += (
        [b + cell for b in blanks] + [cell + b for b in blanks] + [cell + cell, cell[::-1], f"({cell})", f'"{cell}"']
    )
    ways += [cell[:n] for n in range(1, len(cell))] + [cell[n:] for n in range(1, len(cell))]
    return st.one_of(st.sampled_from(ways), st.sampled_from([*_FOREIGN, *others]), _TEXT).filter(lambda c: c != cell)
