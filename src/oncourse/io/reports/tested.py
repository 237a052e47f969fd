"""The genes that a report says were tested (检测基因：KRAS、NRAS), above its rows, in a form or in a column: they are what
was looked at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import polars as pl

from oncourse.genome.gene_names import current_symbol, gene_name
from oncourse.study.words import meaning

_PAIR = re.compile(r"(?:^|[\s,，;；。、])([^\s:：,，;；、]{2,14}|genes? tested|tested genes?)\s*[:：]\s*(.+)$", re.I)
_PARTS = re.compile(r"[\s,，、;；/|+&和及]+")
_COUNT = re.compile(r"^(?:等|共|共计)?\d*(?:个|种)?(?:基因|genes?)?$|^等.*$", re.I)
#: Ways to say that a list is not whole.
_OPEN = re.compile(r"等|以及其他|etc|\.\.\.|…", re.I)


def genes_tested(text: str | None) -> tuple[str, ...]:
    """Return the genes of a list; none where a part of it is no known gene, or it is not whole (等500个基因).

    >>> genes_tested("KRAS、NRAS,HER2"), genes_tested("KRAS"), genes_tested("KRAS、NRAS等520个基因"), genes_tested("见附录")
    (('KRAS', 'NRAS', 'ERBB2'), ('KRAS',), (), ())
    """
    plain = unicodedata.normalize("NFKC", text or "")
    parts = [p for p in _PARTS.split(plain.strip(" 。.()")) if p and not _COUNT.match(p)]
    known = [gene_name(p)[1] in ("plain", "spelling", "former name") and p.isascii() for p in parts]
    if not parts or not all(known) or _OPEN.search(plain):
        return ()
    return tuple(dict.fromkeys(current_symbol(gene_name(p)[0] or p) for p in parts))


def stated(cells: Sequence[str | None]) -> str | None:
    """Return the list of genes that cells above a table state: ``检测基因：KRAS、NRAS``, or its name and value side by side.

    >>> stated(["XX报告 检测基因：KRAS、NRAS"]), stated(["检测范围", "KRAS,NRAS"]), stated(["基因", "变异"])
    ('KRAS、NRAS', 'KRAS,NRAS', None)
    """
    filled = [str(c) for c in cells if c]
    for at, cell in enumerate(filled):
        found = _PAIR.search(cell)
        if found and _is_name(found[1]):
            return found[2].strip()
        rest = filled[at + 1 :]
        if _is_name(cell.strip(" :：")) and rest and genes_tested(rest[0]):
            listed = [r for r in rest if genes_tested(r)]  # a list that was cut at its commas
            return ",".join(listed)
    return None


def _is_name(text: str) -> bool:
    return meaning("panel_column", text) == "tested" or meaning("tested_above", text) == "tested"


def with_tested(frame: pl.DataFrame, cells: Sequence[str | None]) -> pl.DataFrame:
    """Return a report with the list of genes that stands above it in each row, where no column holds one."""
    said = stated(cells)
    return frame if said is None or "tested" in frame.columns else frame.with_columns(pl.lit(said).alias("tested"))


def looked_at(rows: pl.DataFrame) -> dict[str, list[str]]:
    """Return sample -> genes of the list that stands in its rows, without those that a row says were not tested, not as
    a whole, or mutated and not how; samples without a list that is understood are not there."""
    if "tested" not in rows.columns or rows["tested"].is_null().all():
        return {}
    out: dict[str, list[str]] = {}
    for (sample,), own in rows.group_by("sample_id", maintain_order=True):
        lists = own["tested"].drop_nulls().unique(maintain_order=True)
        genes = [g for text in lists for g in genes_tested(text)]
        if not genes or not all(genes_tested(text) for text in lists):
            continue
        of_kind = own.with_columns(pl.col("gene").map_elements(current_symbol, return_dtype=pl.String))
        not_whole = of_kind.filter(pl.col("kind").is_in(["partly negative", "untested", "unsaid", "statement"]))["gene"]
        seen = of_kind.filter(pl.col("kind").is_in(["negative", "call", "fusion", "copies"]))["gene"].drop_nulls()
        out[str(sample)] = sorted(({*genes} - {*not_whole}) | {*seen})
    return out
