"""Results that a hospital writes beside its patients or samples: KRAS, MMR, MLH1, AR-V7, HER2 in a column each, or all in
the words of one (基因检测结果: KRAS G12D突变，NRAS/BRAF野生型). They become recorded markers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import polars as pl

from oncourse.facts.markers import CTDNA, REPAIR_PROTEINS, marker_name, stands_beside
from oncourse.facts.recorded import TESTED, parts_by_gene
from oncourse.facts.report_genes import genes_named
from oncourse.facts.report_words import finding
from oncourse.genome.gene_names import symbols
from oncourse.io.clinical.gene_columns import SCHEMA, gene_column, gene_markers
from oncourse.io.clinical.own_msi import msi_of
from oncourse.io.reading import Reading
from oncourse.study.frames import optional
from oncourse.study.headers import bare
from oncourse.study.schema import NULL_TEXTS, Problem
from oncourse.study.words import meaning, plain

_MARKERS = {"MMR", "MSI", "AR-V7", CTDNA, "HER2", "HER2 IHC", "HER2 ISH", *(f"{p} IHC" for p in REPAIR_PROTEINS)}
_GERMLINE = re.compile(r"(?i)^(?:[gst]?BRCA[12])(?:[_ ]?(?:基因|突变|状态|检测|结果|status|mutation))*$")
_TEXT = re.compile(
    r"^(基因检测(结果)?|基因突变(情况|结果)?|ngs(检测)?结果|分子检测(结果)?|突变情况|genetic test(ing)?|"
    r"(ngs|molecular) results?)$"
)
_STAINS = re.compile(r"^(免疫组化|免疫组织化学|ihc|immunohistochemistry)([ _]?(结果|检查|检测|results?))?$", re.I)
#: A protein and its sign in brackets: MLH1(+), HER-2（2+）, PMS2 (-).
_STAINED = re.compile(r"(MLH1|MSH2|MSH6|PMS2|HER-?2|C-?erbB-?2)\s*[(]\s*([^()]{1,12}?)\s*[)]", re.I)
_REPAIR = re.compile(r"([dp]?MMR(?![A-Za-z])|错配修复)[^,，;；。(]*", re.I)
_CLAUSE = re.compile(r"[,，;；。\n]+")
_AND = r"\s*(?:[/、&]|和|与|及)\s*"
_HEAD = re.compile(
    rf"^((?:全|扩展)?RAS|[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)?)((?:{_AND}(?:RAS|[A-Z][A-Z0-9]+))*)\s*(?:基因)?\s*(?:均为|均|为|[:：])?\s*(.*)$"
)
#: Columns of samples that hold the status of microsatellites; it is a fact of the sample.
_NOT_HERE = ("msi_status", "msi_type", "msi", "msi_sensor_status", "msi_score")
_OF_PATIENTS = ("msi_status", "msi")
_IDS = {"patient_id": "PATIENT_ID", "sample_id": "SAMPLE_ID"}


def markers_of_columns(reading: Reading) -> None:
    """Record the results that stand in columns of samples and patients as markers.

    A result of a patient of whom one tumour sample is listed is of that sample; else of the patient alone. The columns of
    samples leave their table; those of patients stay, as they may be covariates.
    """
    _long_markers(reading)
    found = [reading.tables["markers"].select(pl.all().cast(pl.String))] if "markers" in reading.tables else []
    owners, told = only_samples(reading), []
    for name in ("samples", "patients"):
        frame = reading.tables.get(name)
        if frame is None or "patient_id" not in frame.columns:
            continue
        ids = [c for c in _IDS if c in frame.columns]
        table = frame.rename({c: _IDS[c] for c in ids})
        for column in (c for c in frame.columns if c not in ids):
            rows = _results(table, column, of_patients=name == "patients")
            if rows.is_empty():
                _told_codes(frame, column, name, reading)
                continue
            if name == "patients" and not _OF_LESION.match(bare(column) or column):
                own = pl.col("patient_id").replace_strict(owners, default=None, return_dtype=pl.String)
                rows = rows.with_columns(pl.coalesce("sample_id", own).alias("sample_id"))
            else:
                reading.tables[name] = reading.tables[name].drop(column)
            found.append(rows)
            told.append(column)
    if told:
        reading.tables["markers"] = pl.concat(found, how="diagonal").unique(maintain_order=True)
        reading.lines.pop("markers", None)
        reading.notes.append(
            f"results in columns of patients or samples ({', '.join(told[:12])}) are recorded as markers"
        )


def _long_markers(reading: Reading) -> None:
    """Turn the rows of a sheet of markers with a column each (MLH1, MSH2, PD-L1 CPS) into a row per value, and the words of
    a column of stains (免疫组化结果) into a row per protein; rows that name their marker stay."""
    table = reading.tables.get("markers")
    if table is None:
        return
    text = table.select(pl.all().cast(pl.String))
    has_own = pl.any_horizontal(
        pl.lit(False), *(pl.col(c).is_not_null() for c in ("marker", "value") if c in text.columns)
    )
    wide = text.filter(~has_own)
    kept = [c for c in ("patient_id", "sample_id", "day", "date", "unit") if c in wide.columns]
    ours = {"marker", "value", *kept}
    filled = [c for c in wide.columns if c not in ours and wide[c].null_count() < wide.height]
    named = [c for c in filled if not _NO_MARKER.match(c) and not stands_beside(c)]
    if not named or not {"patient_id", "sample_id"} & set(kept):
        return
    stains = [c for c in named if _STAINS.match(plain(bare(c) or c))]
    single = [c for c in named if c not in stains]
    bare_rows = wide.select(*kept, *single)
    long = bare_rows.unpivot(single, index=kept, variable_name="marker", value_name="value") if single else wide.clear()
    long = long.filter(pl.col("value").str.strip_chars().str.len_chars() > 0) if single else long
    of_proteins = [_proteins(wide, column, kept, reading) for column in stains]
    parts = [text.filter(has_own).drop(filled), long, *of_proteins]
    reading.tables["markers"] = (
        pl.concat([p for p in parts if p.height], how="diagonal") if any(map(len, parts)) else long
    )
    reading.lines.pop("markers", None)
    reading.notes.append(f"markers in a column each: {', '.join(named[:12])}")


def _proteins(wide: pl.DataFrame, column: str, kept: Sequence[str], reading: Reading) -> pl.DataFrame:
    """Return a row per protein that a column of stains names; cells that name none are told."""
    indexed = wide.with_row_index("_at").with_columns(pl.col("_at").cast(pl.String))
    asked = indexed.select(pl.col("_at").alias("PATIENT_ID"), column).drop_nulls(column)
    found = _of_stains(asked, column).select(pl.col("patient_id").alias("_at"), "marker", "value")
    left = asked.filter(~pl.col("PATIENT_ID").is_in(found["_at"].implode()))
    if left.height:
        first = left[column][0]
        message = f"{left.height:,} cells of {column} name no protein that is known ({first}): not read."
        cure = "Write MLH1(-), PMS2(-), HER2(3+), or a column of each protein."
        reading.problems.append(Problem("markers", None, column, first, message, cure, "warning"))
    return indexed.select("_at", *kept).join(found, on="_at", how="inner", maintain_order="left_right").drop("_at")


#: Columns beside markers that are none.
_NO_MARKER = re.compile(
    r"(?i)^(序号|no\.?|#|备注|说明|remarks?|notes?|comments?|医院|科室|检测机构|(检测)?方法|method|lab|"
    r"(标本|样[本品])(类型|号|编号)?|(病理|蜡块|报告|送检)(编号|号)|部位)$"
)


def is_marker(header: str) -> bool:
    """Whether a header is the name of a marker that has one of its own here (AR-V7结果, MLH1, HER2 FISH).

    >>> is_marker("AR-V7结果"), is_marker("MLH1"), is_marker("CTC计数"), is_marker("KRAS")
    (True, True, False, False)
    >>> is_marker("AR-V7检测日期"), is_marker("MSI method")
    (False, False)
    """
    return marker_name(bare(header) or header) in _MARKERS and not stands_beside(header)


def results_of(table: pl.DataFrame) -> pl.DataFrame:
    """Return the markers (`SCHEMA`) that the columns of a table with PATIENT_ID, SAMPLE_ID hold."""
    if "PATIENT_ID" not in table.columns:
        return pl.DataFrame(schema=SCHEMA)
    parts = [_results(table, column) for column in table.columns]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *parts]).unique(maintain_order=True)


def _results(table: pl.DataFrame, source: str, *, of_patients: bool = False) -> pl.DataFrame:
    """Return the markers of one column of a table with PATIENT_ID, SAMPLE_ID; microsatellites of a sample are its status,
    those of a patient a marker."""
    if source in _IDS.values() or (plain(source) in _NOT_HERE and not (of_patients and plain(source) in _OF_PATIENTS)):
        return pl.DataFrame(schema=SCHEMA)
    column = bare(source) or source
    if stands_beside(column):  # AR-V7检测日期
        return pl.DataFrame(schema=SCHEMA)
    if lesion := _OF_LESION.match(column):  # KRAS(转移灶): of the patient, and of none of his samples for certain
        column = lesion["gene"] or lesion["behind"]
    ids = [c for c in _IDS.values() if c in table.columns]
    table = table.select(*ids, pl.col(source).alias(column))
    of_genes = gene_markers(table)
    if of_genes.height:
        return of_genes
    if _TEXT.match(plain(column)):
        return _of_texts(table, column)
    if _STAINS.match(plain(column)):
        return _of_stains(table, column)
    name = next((n for c in _without_method(column) if (n := marker_name(c)) in _MARKERS), None)
    if name:
        return _rows(table, name.removesuffix(" IHC") if name[:4] in REPAIR_PROTEINS else name, column)
    of_raf = _RAF.sub("BRAF", column)  # RAS/RAF is the everyday name of KRAS, NRAS and BRAF
    genes = {g.upper() for g in genes_named(of_raf)}
    if len(genes) > 1 and genes <= set(TESTED):  # RAS/BRAF: wild type of each; a cell may say which is mutated
        return _of_texts(table.rename({column: of_raf}), of_raf, otherwise=of_raf)
    return _rows(table, column, column) if _GERMLINE.match(column) else pl.DataFrame(schema=SCHEMA)


#: How a marker was tested, in brackets behind it: HER2(IHC), AR-V7（CTC）.
_BY = re.compile(r"\s*[(（]\s*(ihc|免疫组化|fish|ish|ctc|pcr|ngs|血|外周血|cfrna|rna)\s*[)）]\s*$", re.I)


_RAF = re.compile(r"(?i)(?<![A-Za-z])RAF(?![A-Za-z0-9])")


#: A result, and behind a stroke the next gene: RAS突变/BRAF野生.
_NEXT = re.compile(r"(?i)(突变型?|野生型?|阳性|阴性|\bmut(?:ated|ant)?|\bwt|wild[- ]type)\s*/\s*(?=[KNH]?RAS|BRAF)")


def _without_method(column: str) -> tuple[str, ...]:
    """Return a header as it is, with its method behind it as a word, and without it: HER2(IHC), HER2 IHC, HER2; HER2_IHC
    and HER2 IHC score are HER2 IHC."""
    plain_name = _SCORE.sub("", column.replace("_", " ").strip())
    return _BY.sub(r" \1", column), column, plain_name, _BY.sub("", column)


_SCORE = re.compile(r"(?i)\s*(score|评分|results?|结果|status)$")


#: A gene's column of a lesion: KRAS(原发灶), 转移灶KRAS; plasma is none (`markers_of_columns` tells it).
_LESION = r"(?:原发灶?|转移灶?|复发灶?|组织|肿瘤组织|primary(?: tumou?r)?|metasta(?:sis|tic)|tissue)"
_OF_LESION = re.compile(
    rf"^(?:(?P<gene>[KNH]?RAS|BRAF|PIK3CA)\s*[(（_ -]\s*{_LESION}\s*[)）]?|"
    rf"{_LESION}[\s_-]*(?P<behind>[KNH]?RAS|BRAF|PIK3CA))$",
    re.I,
)
_CODES = re.compile(r"^[0-9](?:\.0)?$")


def _told_codes(frame: pl.DataFrame, column: str, name: str, reading: Reading) -> None:
    """Say that a column of a gene holds numbers that nothing explains: which of them is mutated is not known."""
    words = frame[column].cast(pl.String).str.strip_chars().drop_nulls().unique()
    if len(words) and words.str.contains(_CODES.pattern).all() and gene_column(bare(column) or column):
        shown = ", ".join(sorted(words)[:4])
        message = f"{column} holds {shown}, and nothing says which is mutated: not read."
        cure = f"Say it in the header: {column}(0=野生型，1=突变), or write the words."
        reading.problems.append(Problem(name, None, column, words[0], message, cure, "warning"))
    elif (
        len(words)
        and gene_column(bare(column) or column)
        and any(finding(w).changes or finding(w).state for w in words)
    ):
        shown = ", ".join(sorted(words)[:6])
        message = f"{column}: too many of its words are no result that is understood ({shown}): none of them is read."
        cure = "Write G12D, 突变 or 野生型 (mutated, wild type) in each cell, or leave it empty."
        reading.problems.append(Problem(name, None, column, words[0], message, cure, "warning"))


def only_samples(reading: Reading) -> dict[str, str]:
    """Return patient -> sample of the patients of whom one tissue sample is listed."""
    samples = reading.tables.get("samples")
    if samples is None or not {"sample_id", "patient_id"} <= set(samples.columns):
        return {}
    if "material" in samples.columns:
        kind = samples["material"].cast(pl.String)
        other = [w for w in kind.drop_nulls().unique() if meaning("material", w) in ("plasma", "normal", "white_cells")]
        samples = samples.filter(~kind.is_in(other).fill_null(False))
    one = samples.select(pl.col("patient_id", "sample_id").cast(pl.String)).drop_nulls()
    return dict(one.filter(pl.len().over("patient_id") == 1).iter_rows())


def _rows(table: pl.DataFrame, marker: str, column: str) -> pl.DataFrame:
    text = pl.col(column).cast(pl.String).str.strip_chars()
    return table.select(
        pl.col("PATIENT_ID").cast(pl.String).alias("patient_id"),
        pl.lit(marker).alias("marker"),
        pl.when(~text.is_in(NULL_TEXTS)).then(text).alias("value"),
        optional(table, "SAMPLE_ID").cast(pl.String).alias("sample_id"),
    ).drop_nulls("value")


def _of_texts(table: pl.DataFrame, column: str, otherwise: str | None = None) -> pl.DataFrame:
    """Return the markers that the words of a column of results name, clause by clause; a cell that names no gene is of
    `otherwise`."""
    rows = []
    whose = table.select("PATIENT_ID", optional(table, "SAMPLE_ID").alias("SAMPLE_ID"), column)
    for patient, sample, text in whose.drop_nulls(column).iter_rows():
        said = said_of_genes(str(text)) or ([(otherwise, str(text))] if otherwise else [])
        rows += [(patient, marker, value, sample) for marker, value in said]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _of_stains(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the markers of the proteins that a column of stains names: MLH1(-),PMS2(-),MSH2(+),MSH6(+)."""
    rows = []
    whose = table.select("PATIENT_ID", optional(table, "SAMPLE_ID").alias("SAMPLE_ID"), column)
    for patient, sample, text in whose.drop_nulls(column).iter_rows():
        rows += [(patient, marker, value, sample) for marker, value in stains_named(str(text))]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def stains_named(text: str) -> list[tuple[str, str]]:
    """Return (marker, what is said of it) of the repair proteins and HER2 that a text of stains names.

    >>> stains_named("MLH1(-)，PMS2（-）,Ki-67(60%),C-erbB-2(2+)"), stains_named("错配修复蛋白表达完整")
    ([('MLH1', '(-)'), ('PMS2', '(-)'), ('HER2', '2+')], [('MMR', '错配修复蛋白表达完整')])
    """
    plain_text = unicodedata.normalize("NFKC", text)
    out = []
    for name, said in _STAINED.findall(plain_text):
        is_her2 = name.upper() not in REPAIR_PROTEINS
        out.append(("HER2" if is_her2 else name.upper(), said if is_her2 else f"({said})" if said in "+-" else said))
    if not out and (found := _REPAIR.search(plain_text)) and msi_of(found.group()):
        out.append(("MMR", found.group().strip()))
    return out


def said_of_genes(text: str) -> list[tuple[str, str]]:
    """Return (genes, what is said of them) of each clause of a text that names genes and a result.

    >>> said_of_genes("KRAS G12D突变，NRAS/BRAF野生型")
    [('KRAS', 'G12D突变'), ('NRAS/BRAF', '野生型')]
    >>> said_of_genes("KRAS、NRAS、BRAF均为野生型"), said_of_genes("未见明显异常")
    ([('KRAS/NRAS/BRAF', '野生型')], [])
    >>> said_of_genes("KRAS wt / NRAS mut")
    [('KRAS', 'wt'), ('NRAS', 'mut')]
    >>> said_of_genes("RAS突变/RAF野生")
    [('RAS', '突变'), ('BRAF', '野生')]
    """
    out = []
    text = _NEXT.sub(r"\1，", _RAF.sub("BRAF", text))
    for clause in filter(None, (c.strip() for c in _CLAUSE.split(text))):
        each = parts_by_gene(clause)
        if len(each) > 1:
            out += [(genes, said) for genes, said in each if said]
            continue
        found = _HEAD.match(clause)
        if found is None or not found[3]:
            continue
        names = re.split(_AND, found[1] + found[2])
        said = finding(found[3])
        if all(_is_gene(n) for n in names) and (said.changes or said.state):
            out.append(("/".join(names), found[3]))
    return out


def _is_gene(name: str) -> bool:
    return name.upper() in symbols() or any(g in symbols() for g in genes_named(name))
