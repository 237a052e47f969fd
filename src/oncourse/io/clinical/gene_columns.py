"""Columns of a clinical table that hold a hospital's own test of a gene (``KRAS_STATUS``, ``BRAF``: WT, mutated, V600E).

They become recorded markers, a witness beside the reads: a patient whose table says "RAS mutant" is not wild type
because his file of calls lists no mutation of RAS.
"""

from __future__ import annotations

import re

import polars as pl

from oncourse.facts.recorded import TESTED, is_statement, parts_by_gene
from oncourse.facts.report_words import finding
from oncourse.study.frames import optional
from oncourse.study.words import meaning

_WORD = r"(?:GENE|MUTATIONS?|MUTATED|MUT|STATUS|RESULTS?|TEST|FOUND|基因|突变|状态|检测|结果)"
#: How it was tested: KRAS(PCR), BRAF V600E(VE1), KRAS NGS.
_BY = r"(?:[ _]*[(（]?(?:VE1|IHC|PCR|DDPCR|ARMS|NGS|SANGER|一代测序|二代测序|测序|免疫组化)[)）]?)?"
_COLUMN = re.compile(rf"(?i)^({'|'.join((*TESTED, 'RAS'))}|[KNH]-RAS)(?:[_ ]?(V600E?))?(?:[_ ]?{_WORD})*{_BY}$")
_RAS = re.compile(r"(?i)^(?:全|all[- ]?|pan[- ]?|extended[- ]?)?RAS(?![a-z])(?:基因)?")
_PLUS, _DASH = re.compile(r"^\s*[(（]?\s*[+＋]+\s*[)）]?\s*$"), re.compile(r"^\s*[-—–/\\]+\s*$")
#: Most of the words of such a column say what was found.
_MOST = 0.8
SCHEMA = {"patient_id": pl.String, "marker": pl.String, "value": pl.String, "sample_id": pl.String}


def gene_markers(table: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, marker, value, sample_id of the cells of such columns (names in capitals); no row where there
    are none.

    ``yes`` and ``no`` of a column of mutations are mutated and wild type.

    >>> table = pl.DataFrame({"PATIENT_ID": ["P1", "P2"], "KRAS_MUTATION": ["Yes", "No"], "BRAF": ["V600E", "WT"]})
    >>> gene_markers(table).select("patient_id", "marker", "value").rows()
    [('P1', 'KRAS', 'mutated'), ('P2', 'KRAS', 'wild type'), ('P1', 'BRAF', 'V600E'), ('P2', 'BRAF', 'WT')]
    """
    parts = []
    for column in table.columns:
        found = _COLUMN.match(column.strip())
        if not found or "PATIENT_ID" not in table.columns:
            continue
        gene = found[1].upper().replace("-", "") + (f" {found[2].upper()}" if found[2] else "")
        words = {w: _value(w, column) for w in table[column].cast(pl.String).drop_nulls().unique()}
        if not any(_PLUS.match(w) for w in words):  # no table of signs: a dash is a cell that is not filled in
            words = {w: None if _DASH.match(w) else value for w, value in words.items()}
        known = sum(v is not None or finding(w).state == "untested" or bool(_DASH.match(w)) for w, v in words.items())
        if not words or known < _MOST * len(words):
            continue
        text = pl.col(column).cast(pl.String)
        value = text.replace_strict(words, default=None, return_dtype=pl.String)
        named = {w: _marker_of(w, gene) for w in words}
        parts.append(
            table.select(
                pl.col("PATIENT_ID").cast(pl.String).alias("patient_id"),
                text.replace_strict(named, default=gene, return_dtype=pl.String).alias("marker"),
                value.alias("value"),
                optional(table, "SAMPLE_ID").alias("sample_id"),
            ).drop_nulls("value")
        )
    return pl.concat(parts).unique(maintain_order=True) if parts else pl.DataFrame(schema=SCHEMA)


def gene_column(name: str) -> bool:
    """Whether a column is that of a test of one gene.

    >>> [gene_column(c) for c in ("KRAS", "BRAF V600E(VE1)", "KRAS（NGS）", "KRAS检测日期")]
    [True, True, True, False]
    """
    return bool(_COLUMN.match(name.strip()))


def _marker_of(word: str, gene: str) -> str:
    """Return what a cell speaks of: the genes that it names itself (KRAS = RAS全野生型, KRAS/NRAS wt), else its column's.

    >>> [_marker_of(w, "KRAS") for w in ("RAS全野生型", "KRAS and NRAS wild type", "G12D", "wt", "KRAS wt, NRAS mut")]
    ['RAS', 'KRAS/NRAS', 'KRAS', 'KRAS', 'KRAS']
    """
    parts = parts_by_gene(word)
    if len(parts) == 1 and parts[0][1] and "/" in parts[0][0]:
        return parts[0][0]
    return "RAS" if not parts and _RAS.match(word.strip()) else gene


def _value(word: str, column: str) -> str | None:
    """Return a cell as a result; null where it says none, or that nothing was tested."""
    said = finding(word)
    if len(parts := parts_by_gene(word)) > 1:  # KRAS wt, NRAS mut: read gene by gene
        told = [finding(part) for _, part in parts]
        return word if any(f.changes or f.state in ("present", "absent") for f in told) else None
    if said.changes or said.state in ("present", "absent"):
        yes = meaning("yes_no", word)
        return {"true": "mutated", "yes": "mutated", "false": "wild type", "no": "wild type"}.get(yes or "", word)
    found = _COLUMN.match(column.strip())
    if found and said.state is None and is_statement((found[1].upper().replace("-", ""),), word):
        return word  # 12密码子突变: mutated there, and not how
    yes = meaning("yes_no", word)
    if yes and re.search(r"(?i)mut|found|突变", column):
        return "mutated" if yes in ("yes", "true") else "wild type"
    return None
