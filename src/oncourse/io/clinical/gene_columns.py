"""Columns of a clinical table that hold a hospital's own test of a gene (``KRAS_STATUS``, ``BRAF``: WT, mutated, V600E).

They become recorded markers, a witness beside the reads: a patient whose table says "RAS mutant" is not wild type
because his file of calls lists no mutation of RAS.
"""

from __future__ import annotations

import re

import polars as pl

from oncourse.facts.recorded import TESTED
from oncourse.facts.report_words import finding
from oncourse.study.frames import optional
from oncourse.study.words import meaning

_WORD = r"(?:GENE|MUTATIONS?|MUTATED|MUT|STATUS|RESULTS?|TEST|FOUND|基因|突变|状态|检测|结果)"
_COLUMN = re.compile(rf"(?i)^({'|'.join((*TESTED, 'RAS'))}|[KNH]-RAS)(?:[_ ]?(V600E?))?(?:[_ ]?{_WORD})*$")
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
        known = sum(v is not None or finding(w).state == "untested" for w, v in words.items())
        if not words or known < _MOST * len(words):
            continue
        value = pl.col(column).cast(pl.String).replace_strict(words, default=None, return_dtype=pl.String)
        parts.append(
            table.select(
                pl.col("PATIENT_ID").cast(pl.String).alias("patient_id"),
                pl.lit(gene).alias("marker"),
                value.alias("value"),
                optional(table, "SAMPLE_ID").alias("sample_id"),
            ).drop_nulls("value")
        )
    return pl.concat(parts).unique(maintain_order=True) if parts else pl.DataFrame(schema=SCHEMA)


def _value(word: str, column: str) -> str | None:
    """Return a cell as a result; null where it says none, or that nothing was tested."""
    said = finding(word)
    if said.changes or said.state in ("present", "absent"):
        yes = meaning("yes_no", word)
        return {"true": "mutated", "yes": "mutated", "false": "wild type", "no": "wild type"}.get(yes or "", word)
    yes = meaning("yes_no", word)
    if yes and re.search(r"(?i)mut|found|突变", column):
        return "mutated" if yes in ("yes", "true") else "wild type"
    return None
