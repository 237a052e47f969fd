"""How common each allele of a VCF is among people: what its INFO column says of that allele."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from oncourse.io.tabular.units import in_percent
from oncourse.io.variants.annotation import Allele, Columns, annovar_block, rows_of

_KEYS = (
    r"gnomad[a-z\d]*(?:_[a-z]+)?_?AF|gnomAD_(?:ex|gen)ome_ALL|ExAC_(?:AF|ALL)|AF_popmax|PopFreqMax|MAX_AF|"
    r"1000g[\da-z]*_(?:all|AF)|esp6500[\da-z]*_all|ChinaMAP_AF"
)
#: INFO keys that hold a frequency in the population, with the text of their values.
_INFO = re.compile(rf"(?i)(?:^|;)(?:{_KEYS})=([^;]+)")
_INFO_AF = re.compile(rf"(?i)(?:^|;)(?:{_KEYS}|AF)=([^;]+)")
_POPAF = re.compile(r"(?:^|;)POPAF=([^;]+)")
#: A column of a table that by its name holds how common an allele is in a data base of people: the data base, whatever
#: version and part of it, then a word for a frequency or for a people (ANNOVAR's 1000g2015aug_all, esp6500siv2_eas).
_DATA_BASE = (
    r"(pop|gnomad|exac(?!t)|esp\d{4}|1000 ?g|1kg|thousand ?genomes|topmed|kaviar|hrc|chinamap|abraom|gme|uk10k|"
    "千人基因组|人群)"
)
_COLUMN = re.compile(
    rf"(?i)^(.*[_. ])?{_DATA_BASE}([\da-z_. -]*[_. -]|[\da-z]*)"
    r"(af|maf|freq|frequency|freqmax|max|all|popmax|eas|eur|afr|amr|sas|nfe|asn|chb|频率|基因频率)$"
)


def population_column(columns: Iterable[str]) -> str | None:
    """Return the column that holds how common an allele is among people: one of all people first; null where none does.

    >>> population_column(["Gene", "1000g2015aug_eas", "1000g2015aug_all"]), population_column(["ExAC_AF_EAS"])
    ('1000g2015aug_all', 'ExAC_AF_EAS')
    >>> population_column(["gnomad41_exome_AF"]), population_column(["千人基因组频率", "人群频率"])
    ('gnomad41_exome_AF', '千人基因组频率')
    >>> population_column(["gnomAD_AC", "gnomAD_filter", "ESP6500_AC", "VAF", "exact_af", "gnomAD_nhomalt"])
    """
    found = [c for c in columns if _COLUMN.match((in_percent(c) or c).strip())]
    whole = [c for c in found if not re.search(r"(?i)(?<![a-z])(eas|eur|afr|amr|sas|nfe|asn|chb)(?![a-z])", c)]
    return next(iter([*whole, *found]), None)


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
