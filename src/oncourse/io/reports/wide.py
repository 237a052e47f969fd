"""Reports whose columns are samples: fractions of tissue and of plasma in one row, or a column per sample beside genes.

Each becomes the plain long table: a row per sample, gene and change.
"""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from oncourse.facts.report_words import FRACTION, finding
from oncourse.io.reports.panel_headers import panel_columns
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.units import in_percent, with_percent
from oncourse.io.variants.maf_columns import OURS
from oncourse.io.whose.sample_names import NORMAL_WORD
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

_SHARE = re.compile(
    r"(?i)[\s_.-]*(?:突变|变异)?(?:丰度|频率|比例|allele freq\w*|vaf|maf|af|frequency|fraction)[\s_.-]*"
)
#: Words that tell samples of one patient apart, beside those of a material.
MOMENT = re.compile(
    r"(?i)^(?:(?:治疗|手术|术|用药|化疗)?[前后](?:第?\d+个?(?:月|周|天|周期|疗程))?|术前|术后|基线|进展(?:后|时)?|复发(?:后|时)?|原发灶?|转移灶?|肝转移|肺转移|第?\d+(?:次|周期)|"
    r"baseline|progression|relapse|(?:pre|post)(?:[ _-]?(?:op|treatment|therapy))?|primary|metast\w+|tumou?r|lesion[ _]?\d*|"
    r"[tcwd]\d+(?:d\d+)?|(?:day|week|month|cycle)[ _]?\d+)$"
)
#: A column of the normal beside the tumour's: no sample with findings.
_OF_NORMAL = re.compile(rf"(?i)(?<![a-z])(?:{NORMAL_WORD})(?![a-z])")
#: So many of the cells of a column of findings are findings.
_MOST = 0.8


def of_samples(table: TextTable) -> TextTable:
    """Return the table with a row per sample, where its columns are samples; else as it is."""
    ours = panel_columns(table.frame.columns)
    if "gene" not in (*ours.values(), *table.frame.columns):
        return table
    if {"sample_id", "patient_id"} & {*ours.values(), *table.frame.columns}:
        return _fractions(table, ours)
    return _columns(table, ours)


#: DNA of cells, as reports of cell-free DNA call it.
_GENOMIC = re.compile(r"(?i)g(?:enomic)?[ _-]?dna")


def _bare(column: str) -> str:
    """Return a column's name without the word of a fraction in it."""
    return _SHARE.sub("", in_percent(column) or column, count=1).strip(" _-.()（）")


def _word(column: str) -> str | None:
    """Return what a column of fractions names beside the fraction, where that tells samples apart.

    >>> [_word(c) for c in ("组织丰度(%)", "Plasma VAF", "治疗后突变丰度", "gnomAD_AF", "突变丰度", "正常丰度")]
    ['组织', 'Plasma', '治疗后', None, None, None]
    """
    word = _bare(column)
    if word == (in_percent(column) or column).strip() or not word or meaning("material", word) == "normal":
        return None
    return word if meaning("material", word) or MOMENT.match(word) else None


def _times_of_shares(frame: pl.DataFrame, rest: list[str]) -> dict[str, str]:
    """Return the columns headed by times (治疗前, 术后1月) as their words, where their cells are findings and some are
    shares of reads."""
    times = [c for c in rest if MOMENT.match(c.strip()) and not _SHARE.search(c)]
    cells = {x.strip() for c in times for x in frame[c].cast(pl.String).drop_nulls()}
    found = {x for x in cells if not re.fullmatch(r"[-—–/]*|0(?:\.0+)?", x)}
    shares = {x for x in found if FRACTION.fullmatch(x) or re.fullmatch(r"0?\.\d+", x)}
    return {c: c.strip() for c in times} if shares and all(map(_kind, found)) else {}


_DEPTH = re.compile(r"(?i)[\s_.-]*(?:(?:测序)?深度|覆盖度|total reads|read depth|depth|coverage|dp)[\s_.-]*")


def _depths(columns: list[str], words: dict[str, str]) -> dict[str, str]:
    """Return column of fractions -> column of depths with the same word beside it.

    >>> _depths(["WBC depth", "血浆深度"], {"WBC VAF": "WBC", "血浆丰度": "血浆", "组织丰度": "组织"})
    {'WBC VAF': 'WBC depth', '血浆丰度': '血浆深度'}
    """
    bare = {_DEPTH.sub("", c, count=1).strip(" _-.()（）×xX").lower(): c for c in columns if _DEPTH.search(c)}
    return {c: bare[w.lower()] for c, w in words.items() if w.lower() in bare}


def _fractions(table: TextTable, ours: dict[str, str]) -> TextTable:
    """Give each column of fractions (组织丰度, 血浆丰度) the rows of a sample of its own."""
    # the share of white cells is of a sample beside that of plasma, and of the normal beside a share of no name
    rest = [c for c in table.frame.columns if ours.get(c) in (None, "normal_vaf", "normal_depth")]
    words = {c: w for c in rest if (w := _word(c))} or _times_of_shares(table.frame, rest)
    material = {c: meaning("material", w) for c, w in words.items()}
    if "plasma" in material.values():  # genomic DNA beside it is that of the blood's cells
        cells = [c for c in rest if c not in words and _GENOMIC.fullmatch(_bare(c))]
        words |= {c: _bare(c) for c in cells}
        material |= dict.fromkeys(cells, "white_cells")
    if len(words) < 2 or "vaf" in ours.values():
        return table
    frame = table.frame.with_columns(
        [with_percent(pl.col(c)).alias(c) for c in words if in_percent(c)] + [table.lines.alias("_line")]
    )
    key = next(c for c in (*table.frame.columns,) if ours.get(c, c) == "sample_id" or ours.get(c, c) == "patient_id")
    depths = _depths(rest, words)
    long = _turned(frame, list(words), "vaf")
    if depths and "depth" not in {*ours.values(), *frame.columns}:
        own = pl.coalesce(pl.when(pl.col("_column") == c).then(pl.col(d).cast(pl.String)) for c, d in depths.items())
        long = long.with_columns(own.alias("depth")).drop(depths.values())
    named = pl.col("_column").replace_strict(words, return_dtype=pl.String)
    has_patient = "patient_id" in {ours.get(c, c) for c in table.frame.columns}
    has_sample = ours.get(key, key) == "sample_id"
    more = [pl.col(key).alias("patient_id")] if has_sample and not has_patient else []
    sample = pl.concat_str([pl.col(key), named], separator="_").alias(key if has_sample else "sample_id")
    of = pl.col("_column").replace_strict(material, return_dtype=pl.String).alias("material")
    has_material = "material" in {ours.get(c, c) for c in table.frame.columns}
    long = long.with_columns(sample, *more, *([] if has_material or not any(material.values()) else [of]))
    said = f"the columns {', '.join(words)} are fractions of samples of their own ({', '.join(words.values())})."
    return _long(table, long, said)


def _columns(table: TextTable, ours: dict[str, str]) -> TextTable:
    """Give each column that is a sample its rows: genes (and changes) down, samples across.

    Where a column holds the share or the reads of the row's own change, no other column is a sample.
    """
    if {"vaf", "alt_count"} & set(ours.values()):
        return table
    named = {*OURS, *ours.values()}  # a second column of protein changes is no sample
    rest = [c for c in table.frame.columns if c not in ours and c.lower() not in named and not _OF_NORMAL.search(c)]
    cells = {c: table.frame[c].drop_nulls().unique().to_list() for c in rest}
    read = {c: [_kind(x) for x in found] for c, found in cells.items()}
    likely = [c for c, kinds in read.items() if kinds and sum(k is not None for k in kinds) >= _MOST * len(kinds)]
    shapes = {_shape(c) for c in likely if "found" in read[c]}
    samples = [c for c in likely if "found" in read[c] or _shape(c) in shapes]
    if len(samples) < 2:
        return table
    has_change = bool({"hgvs_p", "hgvs_c", "pos"} & set(ours.values()))
    long = _turned(table.frame.with_columns(table.lines.alias("_line")), samples, "value")
    if has_change:  # a share of the reads of this change, or a word
        words = {w: meaning("panel_result", w) in ("absent", "untested") for w in long["value"].unique()}
        denied = pl.col("value").replace_strict(words, default=False, return_dtype=pl.Boolean)
        is_share = pl.col("value").str.contains(r"^[<>~≈]?\s*\d+(?:\.\d+)?\s*%?$") | denied  # ND for a share: no call
        long = long.with_columns(
            pl.when(is_share).then("value").alias("vaf"), pl.when(~is_share).then("value").alias("value")
        )
    long = long.with_columns(pl.col("_column").alias("sample_id"))
    shown = ", ".join(samples[:6]) + (" ..." if len(samples) > 6 else "")
    return _long(table, long, f"the columns {shown} are {len(samples)} samples, the rows what was found in each.")


def _kind(cell: str) -> str | None:
    """Return found, absent or untested, where a cell is a finding; null for any other text."""
    said = finding(cell)
    if said.changes or said.state == "present" or FRACTION.fullmatch(cell.strip()):
        return "found"
    if re.fullmatch(r"0?\.\d+", cell.strip()):
        return "found"
    return said.state


def _shape(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _turned(frame: pl.DataFrame, columns: list[str], into: str) -> pl.DataFrame:
    """Unpivot columns to ``_column`` and `into`, in the order of rows and columns.

    An empty cell says nothing; a dash among samples with a finding says that none was found here.
    """
    index = [c for c in frame.columns if c not in columns]
    order = {c: i for i, c in enumerate(columns)}
    long = frame.unpivot(columns, index=index, variable_name="_column", value_name=into).drop_nulls(into)
    dash = pl.col(into).cast(pl.String).str.contains(r"^\s*[-—–/]+\s*$")
    long = long.with_columns(pl.when(dash).then(pl.lit("not detected")).otherwise(into).alias(into))
    return long.sort("_line", pl.col("_column").replace_strict(order), maintain_order=True)


def _long(table: TextTable, long: pl.DataFrame, said: str) -> TextTable:
    cure = "If a column is no sample, leave it out or map the table (`oncourse import table --mapping`)."
    told = Problem("report", None, None, None, said, cure, "warning")
    return replace(table, frame=long.drop("_line", "_column"), lines=long["_line"], problems=(*table.problems, told))
