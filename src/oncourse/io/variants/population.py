"""How common each allele of a VCF is among people: what its INFO column says of that allele."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.variants.annotation import Allele, Columns, annovar_block, rows_of

_KEYS = r"gnomad[a-z]*_?AF|gnomad_[a-z]+_AF|AF_popmax|gnomAD_(?:ex|gen)ome_ALL|ExAC_(?:AF|ALL)"
#: INFO keys that hold a frequency in the population, with the text of their values.
_INFO = re.compile(rf"(?i)(?:^|;)(?:{_KEYS})=([^;]+)")
_INFO_AF = re.compile(rf"(?i)(?:^|;)(?:{_KEYS}|AF)=([^;]+)")
_POPAF = re.compile(r"(?:^|;)POPAF=([^;]+)")
#: Columns of VEP's CSQ that hold it.
_CSQ = ("MAX_AF", "gnomADe_AF", "gnomADg_AF", "gnomAD_AF", "AF")


def frequencies(records: pl.DataFrame, columns: Columns, *, af: bool = False) -> pl.Series:
    """Return the largest population frequency that a record names of its allele; null where it names none.

    Parameters
    ----------
    records : ``info``, and ``record``: ``ref|alt,alt|number`` of the allele, counted from 0
    columns : the columns of CSQ, as the header lists them
    af : whether the header says that INFO/AF is a frequency among people (ANNOVAR's gnomAD, bcftools annotate)

    Mutect2's POPAF is -log10 of it. Of a record of several alleles a list has a value for each; a single value there is
    nobody's.

    >>> rows = {"info": ["POPAF=0.5,7.3", "POPAF=0.5,7.3", "gnomAD_AF=0.3"], "record": ["C|T,A|0", "C|T,A|1", "C|T,A|0"]}
    >>> [f and round(f, 3) for f in frequencies(pl.DataFrame(rows), {})]
    [0.316, 0.0, None]
    """
    several = records["record"].str.contains(r",.*\|").fill_null(False)
    one = records.select(_of_the_only_allele(columns, af))["population_af"]
    if not several.any():
        return one
    distinct = records.filter(several).select("info", "record").unique(maintain_order=True).drop_nulls()
    each = [_of_allele(info, record, columns, af) for info, record in distinct.iter_rows()]
    found = distinct.with_columns(pl.Series("own", each, pl.Float64))
    own = records.join(found, on=["info", "record"], how="left", maintain_order="left")["own"]
    return own.zip_with(several, one).rename("population_af")


def _of_the_only_allele(columns: Columns, af: bool) -> pl.Expr:
    """Return the expression for records of one allele: a million of them are read at once."""
    info = pl.col("info")
    found = [info.str.extract(rf"(?i)(?:^|;)(?:{_KEYS})=([0-9.e-]+)").cast(pl.Float64, strict=False)]
    if af:
        found.append(info.str.extract(r"(?:^|;)AF=([0-9.e-]+)").cast(pl.Float64, strict=False))
    names = list(columns.get("CSQ", ()))
    first = info.str.extract(r"(?:^|;)CSQ=([^;,]*)").str.split("|")
    for name in (n for n in _CSQ if n in names):
        found.append(first.list.get(names.index(name), null_on_oob=True).cast(pl.Float64, strict=False))
    log = info.str.extract(r"(?:^|;)POPAF=([0-9.]+)").cast(pl.Float64, strict=False)
    return pl.max_horizontal(*found, pl.lit(10.0).pow(-log)).alias("population_af")


def parts_of(record: str) -> tuple[str, str, str]:
    """Return reference, alternatives and number of ``ref|alt,alt|number``; alleles that are no bases may hold the bar.

    >>> parts_of("C|T,A|1"), parts_of("C|T|ann|0")
    (('C', 'T,A', '1'), ('C', 'T|ann', '0'))
    """
    ref, rest = record.split("|", 1)
    alts, number = rest.rsplit("|", 1)
    return ref, alts, number


def _of_allele(info: str, record: str, columns: Columns, af: bool) -> float | None:
    ref, alts, number = parts_of(record)
    allele = Allele(ref, tuple(alts.split(",")), int(number))
    own, is_own = annovar_block(info, allele)
    texts = [_nth(text, allele, is_own) for text in (_INFO_AF if af else _INFO).findall(own)]
    for cells in rows_of(info, allele, columns):
        texts += [value for name in _CSQ for value in cells.get(name, "").split("&")]
    log = next((_number(_nth(text, allele, is_own)) for text in _POPAF.findall(own)), None)
    found = [n for n in map(_number, texts) if n is not None] + ([10.0**-log] if log is not None else [])
    return max(found, default=None)


def _nth(text: str, allele: Allele, is_own: bool) -> str:
    """Return the allele's value of a list of one each; of a single one, where it stands in the allele's own block."""
    values = text.split(",")
    if len(values) == len(allele.alts):
        return values[allele.number]
    return values[0] if is_own and len(values) == 1 else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
