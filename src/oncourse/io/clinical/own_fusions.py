"""A sheet of fusions that names both partners in one cell (融合基因: TMPRSS2-ERG)."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.headers import bare
from oncourse.study.schema import Problem

_COLUMN = re.compile(
    r"(?i)(?:融合(?:基因|名称|对|基因对|事件)?|基因融合|(?:gene[_ ]?)?fusions?(?:[_ ]?(?:genes?|name|pair|event))?)"
)
_GENE = r"([A-Za-z][A-Za-z0-9.]*(?:-AS\d)?)"
_PARTNERS = re.compile(rf"\s*{_GENE}\s*(?:--?|::|/|–|—|:|\|)\s*{_GENE}\s*(?:融合|fusion)?\s*")
#: What a row says where nothing was found: no fusion, and none to count.
_NONE = re.compile(
    r"(?i)\s*(?:未检出|未检测到|未见|未发现|阴性|无|none|negative|not detected|no fusions?(?: detected)?|[-—–/\\]+)"
    r"\s*(?:融合)?\s*"
)


def partners_of_one_cell(reading: Reading) -> None:
    """Part such a column into the partners; rows that say that nothing was found are left out, others that are not
    understood are told."""
    frame = reading.tables.get("fusions")
    if frame is None or {"gene_5p", "gene_3p"} & set(frame.columns):
        return
    column = next((c for c in frame.columns if _COLUMN.fullmatch(bare(c).strip())), None)
    if column is None:
        return
    cells = frame[column].cast(pl.String).to_list()
    found = [_PARTNERS.fullmatch(c or "") for c in cells]
    nothing = [not m and bool(c and _NONE.fullmatch(c)) for c, m in zip(cells, found, strict=True)]
    odd = [c for c, m, none in zip(cells, found, nothing, strict=True) if c and not m and not none]
    if not any(found) and odd:
        return
    genes = [
        pl.Series(name, [m[i] if m else None for m in found], dtype=pl.String)
        for i, name in ((1, "gene_5p"), (2, "gene_3p"))
    ]
    kept = pl.Series([m is not None for m in found])
    if "fusions" in reading.lines:
        reading.lines["fusions"] = reading.lines["fusions"].filter(kept)
    reading.tables["fusions"] = frame.drop(column).with_columns(genes).filter(kept)
    reading.notes.append(f"fusions: {column} names both partners: {sum(kept):,} rows")
    if n := sum(nothing):
        reading.notes.append(f"fusions: {n:,} rows say that nothing was found: no fusion")
    if odd:
        message = f"{len(odd):,} cells of {column} are not understood ({odd[0]}): not read."
        cure = "Write both genes with -- between them, or gene_5p and gene_3p in a column each."
        reading.problems.append(Problem("fusions", None, column, odd[0], message, cure, "warning"))
