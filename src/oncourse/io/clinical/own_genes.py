"""Results that a hospital writes beside its patients or samples: KRAS, MMR, MLH1, AR-V7, HER2 in a column each, or all in
the words of one (基因检测结果: KRAS G12D突变，NRAS/BRAF野生型). They become recorded markers."""

from __future__ import annotations

import re

import polars as pl

from oncourse.facts.markers import REPAIR_PROTEINS, marker_name
from oncourse.facts.recorded import TESTED, parts_by_gene
from oncourse.facts.report_genes import genes_named
from oncourse.facts.report_words import finding
from oncourse.genome.gene_names import symbols
from oncourse.io.clinical.gene_columns import SCHEMA, gene_markers
from oncourse.io.reading import Reading
from oncourse.study.frames import optional
from oncourse.study.headers import bare
from oncourse.study.schema import NULL_TEXTS
from oncourse.study.words import meaning, plain

_MARKERS = {"MMR", "MSI", "AR-V7", "HER2", "HER2 IHC", "HER2 ISH", *(f"{p} IHC" for p in REPAIR_PROTEINS)}
_GERMLINE = re.compile(r"(?i)^(?:[gst]?BRCA[12])(?:[_ ]?(?:基因|突变|状态|检测|结果|status|mutation))*$")
_TEXT = re.compile(
    r"^(基因检测(结果)?|基因突变(情况|结果)?|ngs(检测)?结果|分子检测(结果)?|突变情况|genetic test(ing)?|"
    r"(ngs|molecular) results?)$"
)
_CLAUSE = re.compile(r"[,，;；。\n]+")
_AND = r"\s*(?:[/、&]|和|与|及)\s*"
_HEAD = re.compile(
    rf"^((?:全|扩展)?RAS|[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)?)((?:{_AND}(?:RAS|[A-Z][A-Z0-9]+))*)\s*(?:基因)?\s*(?:均为|均|为|[:：])?\s*(.*)$"
)
#: Columns of samples that hold the status of microsatellites; it is a fact of the sample.
_NOT_HERE = ("msi_status", "msi_type", "msi", "msi_sensor_status", "msi_score")
_IDS = {"patient_id": "PATIENT_ID", "sample_id": "SAMPLE_ID"}


def markers_of_columns(reading: Reading) -> None:
    """Record the results that stand in columns of samples and patients as markers.

    A result of a patient of whom one tumour sample is listed is of that sample; else of the patient alone. The columns of
    samples leave their table; those of patients stay, as they may be covariates.
    """
    found = [reading.tables["markers"].select(pl.all().cast(pl.String))] if "markers" in reading.tables else []
    owners, told = _only_samples(reading), []
    for name in ("samples", "patients"):
        frame = reading.tables.get(name)
        if frame is None or "patient_id" not in frame.columns:
            continue
        ids = [c for c in _IDS if c in frame.columns]
        table = frame.rename({c: _IDS[c] for c in ids})
        for column in (c for c in frame.columns if c not in ids):
            rows = _results(table, column)
            if rows.is_empty():
                continue
            if name == "patients":
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


def results_of(table: pl.DataFrame) -> pl.DataFrame:
    """Return the markers (`SCHEMA`) that the columns of a table with PATIENT_ID, SAMPLE_ID hold."""
    if "PATIENT_ID" not in table.columns:
        return pl.DataFrame(schema=SCHEMA)
    parts = [_results(table, column) for column in table.columns]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *parts]).unique(maintain_order=True)


def _results(table: pl.DataFrame, source: str) -> pl.DataFrame:
    """Return the markers of one column of a table with PATIENT_ID, SAMPLE_ID."""
    if source in _IDS.values() or plain(source) in _NOT_HERE:
        return pl.DataFrame(schema=SCHEMA)
    column = bare(source) or source
    ids = [c for c in _IDS.values() if c in table.columns]
    table = table.select(*ids, pl.col(source).alias(column))
    of_genes = gene_markers(table)
    if of_genes.height:
        return of_genes
    if _TEXT.match(plain(column)):
        return _of_texts(table, column)
    name = marker_name(column)
    if name in _MARKERS:
        return _rows(table, name.removesuffix(" IHC") if name[:4] in REPAIR_PROTEINS else name, column)
    genes = {g.upper() for g in genes_named(column)}
    if len(genes) > 1 and genes <= set(TESTED):  # RAS/BRAF: wild type of each; a cell may say which is mutated
        return _of_texts(table, column, otherwise=column)
    return _rows(table, column, column) if _GERMLINE.match(column) else pl.DataFrame(schema=SCHEMA)


def _only_samples(reading: Reading) -> dict[str, str]:
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


def said_of_genes(text: str) -> list[tuple[str, str]]:
    """Return (genes, what is said of them) of each clause of a text that names genes and a result.

    >>> said_of_genes("KRAS G12D突变，NRAS/BRAF野生型")
    [('KRAS', 'G12D突变'), ('NRAS/BRAF', '野生型')]
    >>> said_of_genes("KRAS、NRAS、BRAF均为野生型"), said_of_genes("未见明显异常")
    ([('KRAS/NRAS/BRAF', '野生型')], [])
    >>> said_of_genes("KRAS wt / NRAS mut")
    [('KRAS', 'wt'), ('NRAS', 'mut')]
    """
    out = []
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
