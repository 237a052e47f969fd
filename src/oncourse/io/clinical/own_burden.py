"""Cells of the mutational burden that hold more than its number: 8.1（低）, 45.2 Muts/Mb（高）, TMB-H."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.schema import Problem

_LEVEL = r"(?:tmb)?[\s:-]*(?:高|中|低|high|intermediate|medium|low|h|m|l)(?:突变负荷|水平)?"
_NUMBER = re.compile(
    rf"^(?:tmb)?[\s:=]*(?:约|[~≈])?\s*([0-9]+(?:\.[0-9]+)?)\s*(?:个)?\s*(?:(?:muts?|mutations?|突变|个突变)?\s*/?\s*(?:mb|兆(?:碱基)?))?"
    rf"\s*[(\[,，;]*\s*(?:{_LEVEL})?\s*[)\]]*$",
    re.I,
)
_WORD = re.compile(rf"^[(\[]*\s*{_LEVEL}\s*[)\]]*$", re.I)


def burden_of(text: str) -> float | None:
    """Return the mutations per megabase of a cell; null where it holds no number, or more than one.

    >>> [burden_of(t) for t in ("8.1（低）", "45.2 Muts/Mb（高）", "TMB: 12 mut/Mb, TMB-H", "10", "TMB-L", "5-10", "前 20%")]
    [8.1, 45.2, 12.0, 10.0, None, None, None]
    """
    found = _NUMBER.match(unicodedata.normalize("NFKC", text).strip())
    return float(found[1]) if found else None


def burden_words(reading: Reading) -> None:
    """Write the burden of samples as its number; a level without one (TMB-H, 低) is kept as a marker, told: what is high
    depends on the assay."""
    samples = reading.tables.get("samples")
    if samples is None or not {"tmb_per_mb", "sample_id"} <= set(samples.columns):
        return
    text = samples["tmb_per_mb"].cast(pl.String)
    words = text.drop_nulls().unique().to_list()
    numbers = {w: f"{n:g}" for w in words if (n := burden_of(w)) is not None}
    levels = [w for w in words if w not in numbers and _WORD.match(unicodedata.normalize("NFKC", w).strip())]
    if levels:
        _keep(samples.filter(text.is_in(levels)), levels, reading)
    cells = text.replace(numbers).set(text.is_in(levels), None)
    reading.tables["samples"] = samples.with_columns(cells.alias("tmb_per_mb"))


def _keep(rows: pl.DataFrame, levels: list[str], reading: Reading) -> None:
    kept = [c for c in ("patient_id", "sample_id") if c in rows.columns]
    new = rows.select(*kept, marker=pl.lit("TMB"), value="tmb_per_mb").with_columns(pl.all().cast(pl.String))
    before = reading.tables.get("markers")
    if "patient_id" in kept:
        own = [] if before is None else [before.with_columns(pl.all().cast(pl.String))]
        reading.tables["markers"] = pl.concat([*own, new], how="diagonal")
    message = (
        f"the burden of {rows.height:,} samples is a level without a number ('{sorted(levels)[0]}'): kept as a marker."
    )
    cure = "Write the mutations per megabase: what is high depends on the assay."
    reading.problems.append(Problem("samples", None, "tmb_per_mb", sorted(levels)[0], message, cure, "warning"))
