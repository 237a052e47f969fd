"""Domains of proteins: where they lie, in the numbering of the protein that changes are named in."""

from __future__ import annotations

import gzip
from functools import cache
from importlib import resources
from pathlib import Path

import polars as pl

from oncourse.genome.gene_names import gene_names
from oncourse.genome.genes import protein_lengths

#: gene -> first and last residue and name of each domain, in order, none on another.
Domains = dict[str, list[tuple[int, int, str]]]
SCHEMA = {"gene": pl.String, "start": pl.Int64, "end": pl.Int64, "name": pl.String}
_SPELLINGS = {
    "gene": ("gene", "hgnc"),
    "start": ("start",),
    "end": ("end",),
    "name": ("name", "label"),
    "length": ("aa.length", "length"),
    "model": ("pfam", "model"),
}
#: Models of whole families of proteins (COG, NCBI's protein clusters, TIGR), which are no domain of one.
_WHOLE = r"^(COG|PRK|PTZ|PLN|TIGR|PHA|CHL|MTH)\d"


@cache
def protein_domains() -> Domains:
    """Return the domains of the cancer genes (protein_domains.tsv.gz: NCBI CDD as maftools ships it)."""
    data = resources.files("oncourse.genome").joinpath("data/protein_domains.tsv.gz").read_bytes()
    return _by_gene(pl.read_csv(gzip.decompress(data), separator="\t", schema_overrides=SCHEMA))


def read_domains(path: Path) -> Domains:
    """Read a user's table of gene, start, end and name, or maftools' table of every transcript.

    Raises ValueError where it is no such table.
    """
    try:
        frame = pl.read_csv(path, separator="\t", infer_schema=False, quote_char=None, truncate_ragged_lines=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ValueError(f"cannot be read as a table of domains ({error})") from None
    return _by_gene(chosen_domains(frame))


def chosen_domains(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `SCHEMA` of the table's domains: those of the protein whose residues are counted, none on another.

    Where the table names the length of each row's protein, only rows of the gene's known length count: another
    isoform has other numbers. Of domains that lie on each other Pfam's comes first, then a curated one (cd), then the
    longer. Models of whole families (COG and the like) are none.

    >>> rows = [["TP53", "1", "156", "261", "cd08367"], ["TP53", "109", "288", "393", "cd08367"]]
    >>> columns = ["HGNC", "Start", "End", "aa.length", "pfam"]
    >>> table = pl.DataFrame(rows, schema=columns, orient="row").with_columns(Label=pl.lit("P53"))
    >>> chosen_domains(table).rows()
    [('TP53', 109, 288, 'P53')]
    """
    names = {c.lower(): c for c in frame.columns}
    found = {key: next((names[n] for n in options if n in names), None) for key, options in _SPELLINGS.items()}
    if not all(found[c] for c in SCHEMA):
        raise ValueError("domains need the columns gene, start, end and name")
    table = frame.select(pl.col(c).cast(pl.String).alias(key) for key, c in found.items() if c)
    table = table.with_columns(gene_names(table["gene"])["gene"].alias("gene"))
    table = table.with_columns(pl.col(c).cast(pl.Int64, strict=False) for c in ("start", "end"))
    table = table.drop_nulls(list(SCHEMA)).filter(~pl.col("name").str.contains(_WHOLE) & (pl.col("start") > 0))
    if "length" in table.columns:
        known = pl.col("gene").replace_strict(protein_lengths(), default=None, return_dtype=pl.Int64)
        own = pl.col("length").cast(pl.Int64, strict=False)
        table = table.filter((known == own).fill_null(False))
    model = pl.col("model").fill_null("") if "model" in table.columns else pl.lit("pfam")
    rank = pl.when(model.str.starts_with("pfam")).then(0).when(model.str.starts_with("cd")).then(1).otherwise(2)
    table = table.with_columns(rank=rank, size=pl.col("start") - pl.col("end"))
    table = table.select(*SCHEMA, "rank", "size").unique().sort("gene", "rank", "size", "start", "end", "name")
    return _apart(table.select(list(SCHEMA))).sort("gene", "start")


def _apart(table: pl.DataFrame) -> pl.DataFrame:
    """Leave out each row that lies on an earlier one of its gene."""
    kept: Domains = {}
    rows = []
    for gene, start, end, name in table.iter_rows():
        own = kept.setdefault(gene, [])
        if start <= end and all(start > last or end < first for first, last, _ in own):
            own.append((start, end, name))
            rows.append((gene, start, end, name))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _by_gene(table: pl.DataFrame) -> Domains:
    found: Domains = {}
    for gene, start, end, name in table.sort("gene", "start").iter_rows():
        found.setdefault(gene, []).append((start, end, name))
    return found
