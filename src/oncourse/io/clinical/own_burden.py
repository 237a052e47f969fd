"""Cells of the mutational burden that hold more than its number: 8.1（低）, 45.2 Muts/Mb（高）, TMB-H."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from oncourse.io.clinical.own_genes import only_samples
from oncourse.io.reading import Reading
from oncourse.study.frames import optional
from oncourse.study.schema import Problem

_LEVEL = r"(?:tmb)?[\s:-]*(?:高|中|低|high|intermediate|medium|low|h|m|l)(?:突变负荷|水平)?"
_NUMBER = re.compile(
    rf"^(?:tmb)?[\s:=]*(?:约|[~≈])?\s*([0-9]+(?:\.[0-9]+)?)\s*(?:个)?\s*(?:(?:muts?|mutations?|突变|个突变)?\s*/?\s*(?:mb|兆(?:碱基)?))?"
    rf"\s*[(\[,，;]*\s*(?:{_LEVEL})?\s*[)\]]*$",
    re.I,
)
_WORD = re.compile(rf"^[(\[]*\s*{_LEVEL}\s*[)\]]*$", re.I)


_HEADER = re.compile(
    r"^(?:组织|肿瘤组织|肿瘤|tissue|tumou?r)?[\s_-]*"
    r"(?:tmb|(?:肿瘤)?突变负荷|(?:tumou?r )?mutation(?:al)? burden)[\s_-]*(?:值|数值|score|value|结果|检测结果|result|检测)?"
    r"[\s_-]*(?:[(\[]?[^()\[\]]*[)\]]?)$"
)
#: What may stand behind the name of the burden: its unit, its method, the tissue.
_BEHIND = re.compile(
    r"(?:muts?|mutations?|个|个突变|突变)?\s*(?:/|per|_per_|\s)\s*(?:mb|megabase|兆碱基)|组织|肿瘤组织|tissue|tumou?r|"
    r"f?ffpe|wes|wgs|ngs|panel|全外显子|大panel|二代测序|测序|nonsynonymous|非同义"
)


def is_burden(header: str) -> bool:
    """Whether a header is the burden of tumour tissue, with its unit or method; of blood it is another measure.

    >>> [is_burden(h) for h in ("TMB (WES)", "TMB（组织，NGS）", "组织TMB(Muts/Mb)", "肿瘤突变负荷", "TMB mut/Mb")]
    [True, True, True, True, True]
    >>> [is_burden(h) for h in ("血液TMB", "bTMB", "TMB (plasma)", "TMB percentile", "TMB分级", "TMB (cfDNA, NGS)")]
    [False, False, False, False, False, False]
    """
    text = unicodedata.normalize("NFKC", header).strip().lower()
    found = _HEADER.match(text)
    if found is None:
        return False
    name = re.compile(r"tmb|(?:肿瘤)?突变负荷|(?:tumou?r )?mutation(?:al)? burden")
    behind = name.split(text, maxsplit=1)[1]
    rest = re.sub(r"值|数值|score|value|检测结果|结果|result|检测", "", _BEHIND.sub("", behind))
    return not re.sub(r"[\s()\[\],、/_;-]", "", rest)


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
    _burden_elsewhere(reading)
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


def _burden_elsewhere(reading: Reading) -> None:
    """Write the burden that stands as a marker, or beside the patient, to its sample: the one named, else the one tumour
    sample of the patient. Of a patient with more of them it is of none for certain, and is told."""
    samples = reading.tables.get("samples")
    if samples is None or not {"patient_id", "sample_id"} <= set(samples.columns):
        return
    owners = only_samples(reading)
    known = set(samples["sample_id"].cast(pl.String).drop_nulls())
    found: dict[str, str] = {}
    lost: list[str] = []
    for name, column in (("markers", "value"), ("patients", "tmb_per_mb")):
        frame = reading.tables.get(name)
        if frame is None or not {"patient_id", column} <= set(frame.columns):
            continue
        kind = optional(frame, "marker") if name == "markers" else pl.lit("TMB")
        rows = frame.select(
            pl.col("patient_id").cast(pl.String),
            optional(frame, "sample_id").cast(pl.String).alias("_sample"),
            kind.cast(pl.String).alias("_marker"),
            pl.col(column).cast(pl.String).alias("_value"),
        )
        for patient, sample, marker, value in rows.drop_nulls(["_marker", "_value"]).iter_rows():
            number = burden_of(value) if is_burden(marker) else None
            at = sample if sample in known else owners.get(patient)
            if number is not None and at is not None:
                found.setdefault(at, f"{number:g}")
            elif number is not None:
                lost.append(str(patient))
    if found:
        ids, own = samples["sample_id"].cast(pl.String), optional(samples, "tmb_per_mb").cast(pl.String)
        told = ids.replace_strict(found, default=None, return_dtype=pl.String)
        reading.tables["samples"] = samples.with_columns(pl.coalesce(own, pl.lit(told)).alias("tmb_per_mb"))
        reading.notes.append(f"the burden of {len(found):,} samples is that recorded as a marker or beside the patient")
    if lost:
        who = sorted(set(lost))
        message = f"the burden of {len(who):,} patients names none of their samples (first: {who[0]}): not read."
        cure = "Write it beside the sample (samples.tmb_per_mb)."
        reading.problems.append(Problem("samples", None, "tmb_per_mb", who[0], message, cure, "warning"))
