"""Words for microsatellites and mismatch repair as the status of a sample: dMMR(MLH1-/PMS2-), 错配修复蛋白完整."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from oncourse.facts.markers import NEGATIVE, POSITIVE, REPAIR_PROTEINS, denies, marker_state
from oncourse.io.clinical.words import msi
from oncourse.io.reading import Reading

_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_OF_REPAIR = re.compile(r"^(?:MMR|错配修复)(?:基因|蛋白|功能)?(?:表达)?", re.I)
_PROTEIN = re.compile("|".join(REPAIR_PROTEINS), re.I)


def msi_words(reading: Reading) -> None:
    """Write the words of samples.msi_status in ours; one that is not understood stays, and is an error."""
    samples = reading.tables.get("samples")
    if samples is not None and "msi_score" in samples.columns:  # the share of unstable sites: 35% is 35
        score = samples["msi_score"].cast(pl.String).str.replace(r"\s*[%％]\s*$", "")
        reading.tables["samples"] = samples = samples.with_columns(score.alias("msi_score"))
    if samples is None or "msi_status" not in samples.columns:
        return
    text = samples["msi_status"].cast(pl.String)
    told = {w: said for w in text.drop_nulls().unique() if (said := msi_of(w)) is not None}
    reading.tables["samples"] = samples.with_columns(text.replace(told).alias("msi_status"))


def msi_of(word: str) -> str | None:
    """Return MSI-H, MSI-L, MSS or indeterminate; null where the words are not understood, or say two things.

    >>> [msi_of(w) for w in ("dMMR(MLH1-/PMS2-)", "错配修复蛋白完整", "MSI-H（高度不稳定）", "微卫星低度不稳定(MSI-L)")]
    ['MSI-H', 'MSS', 'MSI-H', 'MSI-L']
    >>> [msi_of(w) for w in ("MMR完整", "错配修复蛋白表达缺失", "pMMR/MSI-H", "MSS(MSI-H)", "MLH1(-)", "MLH1(+)", "?")]
    ['MSS', 'MSI-H', None, None, 'MSI-H', None, None]
    """
    text = unicodedata.normalize("NFKC", word).strip()
    inside = {said for w in _IN_BRACKETS.findall(text) if (said := msi(w)) is not None}
    said = msi(_IN_BRACKETS.sub("", text).strip()) or msi(text)
    if said == "MSI-H" and any(map(denies, _IN_BRACKETS.findall(text))):
        return None
    if said:
        return said if inside <= {said} else None
    repair = text if _PROTEIN.search(text) else _OF_REPAIR.sub("", text).strip()
    return {POSITIVE: "MSI-H", NEGATIVE: "MSS"}.get(marker_state("MMR", repair))
