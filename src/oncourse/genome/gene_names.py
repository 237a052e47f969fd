"""One name for one gene: today's HGNC symbol, from old symbols, ids, other spellings and what spreadsheets made of
them.

``data/gene_ids.tsv`` and ``data/gene_aliases.tsv`` hold the package's genes, their Entrez and Ensembl ids and their
former or common names. A symbol that is in neither stays as it is: it may be right, and no panel or rule knows it.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources

import polars as pl

#: How a name was understood; ``plain``: as it stands; ``foreign``: not among the names known here.
HOW = (
    "plain",
    "spelling",
    "former name",
    "entrez id",
    "ensembl id",
    "spreadsheet date",
    "one of several",
    "foreign",
)
#: Texts that name no gene.
NO_GENE = frozenset({"", ".", "-", "na", "n/a", "nan", "none", "null", "unknown", "intergenic", "igr", "0"})
#: Former names that spreadsheets read as dates, by month; the day is the member (MARCH1, SEPT9, OCT4, DEC1).
#: Up to so many names are kept with what they mean, and so many such lists: the tables of a study hold the same ones.
KEPT_NAMES, KEPT_LISTS = 2_000, 64
_MONTHS = {3: "MARCH", 9: "SEPT", 10: "OCT", 12: "DEC"}
_MONTH_OF = {
    word: month
    for month, word in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DATES = (
    re.compile(r"^(?P<day>\d{1,2})[-/ ]?(?P<word>mar|sept?|oct|dec)[a-z]*(?:[-/ ]\d{2,4})?$", re.I),
    re.compile(r"^(?P<word>mar|sept?|oct|dec)[a-z]*[-/ ]0?(?P<day>\d{1,2})$", re.I),
    re.compile(r"^(?:19|20)\d\d[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?: 00:00(?::00)?)?$"),
    re.compile(r"^(?:(?:19|20)\d\d年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})日$"),
)
#: Spreadsheet day numbers of 1990 to 2060, days since 1899-12-30.
_SERIAL = re.compile(r"^(3[2-9]\d{3}|4\d{4}|5[0-8]\d{3})(?:\.0)?$")
#: Words that a report writes beside a symbol: the gene, its exon, its transcript.
_BESIDE = re.compile(
    r"[_ (]*(?:[NX][MR]_|ENST)\d+(?:\.\d+)?\)?|"
    r"第?\d+号?外显子|(?:exons?|外显子|ex)[ ._-]*\d+|基因|突变|\bgene\b|^human ",
    re.I,
)
_SEPARATORS = re.compile(r"\s*[;,|&]\s*|\s+/\s+")


@cache
def _table(name: str) -> pl.DataFrame:
    data = resources.files("oncourse.genome").joinpath(f"data/{name}").read_bytes()
    return pl.read_csv(data, separator="\t", infer_schema=False)


@cache
def symbols() -> dict[str, str]:
    """Return each known symbol by its capitals."""
    return {gene.upper(): gene for gene in _table("gene_ids.tsv")["gene"]}


@cache
def former_names() -> dict[str, str]:
    """Return today's symbol of each former or common name, by its capitals."""
    return {alias.upper(): gene for alias, gene in _table("gene_aliases.tsv").iter_rows()}


def current_symbol(symbol: str) -> str:
    """Return today's symbol of an older, trade or protein name; any other text as it is.

    >>> [current_symbol(s) for s in ("HER2", "MRE11A", "PD-L1", "KRAS", "ZNF999")]
    ['ERBB2', 'MRE11', 'CD274', 'KRAS', 'ZNF999']
    """
    return symbol if symbol in _own() else former_names().get(symbol.upper(), symbol)


@cache
def _own() -> frozenset[str]:
    return frozenset(symbols().values())


@cache
def _by_id() -> dict[str, str]:
    table = _table("gene_ids.tsv")
    out = {entrez: gene for gene, entrez in table.select("gene", "entrez").drop_nulls().iter_rows()}
    for gene, ids in table.select("gene", "ensembl").drop_nulls().iter_rows():
        out |= dict.fromkeys(ids.split(";"), gene)
    return out


def gene_by_id(identifier: str) -> str | None:
    """Return the symbol of an Entrez or Ensembl gene id (with or without version); None where it is not known here.

    >>> gene_by_id("3845"), gene_by_id("ENSG00000157764.14"), gene_by_id("1")
    ('KRAS', 'BRAF', None)
    """
    return _by_id().get(re.sub(r"\.\d+$", "", identifier.strip()))


@lru_cache(maxsize=1 << 16)
def gene_name(text: str) -> tuple[str | None, str]:
    """Return today's symbol of what a file calls a gene, and how it was understood (one of `HOW`).

    >>> [gene_name(t)[0] for t in ("kras", " MLL2 ", "HER2", "3845", "ENSG00000157764.14", "C10orf54", "LRMP;KRAS")]
    ['KRAS', 'KMT2D', 'ERBB2', 'KRAS', 'BRAF', 'VSIR', 'KRAS']
    >>> gene_name("ＫＲＡＳ"), gene_name("c-MET")
    (('KRAS', 'spelling'), ('MET', 'former name'))
    >>> [gene_name(t)[0] for t in ("9-Sep", "1-Mar", "2024/9/2", "44441", "9月9日")]
    ['SEPTIN9', 'MARCHF1', 'SEPTIN2', 'SEPTIN2', 'SEPTIN9']
    >>> [gene_name(t)[0] for t in ("KRAS (NM_004985)", "KRAS基因", "KRAS exon2", "TP53_ENST00000269305.4")]
    ['KRAS', 'KRAS', 'KRAS', 'TP53']
    >>> gene_name("ZNF999"), gene_name("."), gene_name("kras")
    (('ZNF999', 'foreign'), (None, 'plain'), ('KRAS', 'spelling'))
    """
    plain = unicodedata.normalize("NFKC", text)  # letters of an East Asian width are plain ones
    word = re.sub(r"[\s\u200b\ufeff\u3000]+", " ", plain).strip().strip("'\"")
    if word.lower() in NO_GENE:
        return None, "plain"
    found = _one(word)
    if found is not None:
        return found[0], "plain" if found[0] == text else found[1]
    bare = _BESIDE.sub(" ", word).strip(" ()[]:_-")
    if bare and bare != word and (found := _one(bare)) is not None:
        return found[0], "spelling"
    parts = [p for p in _SEPARATORS.split(re.sub(r"\([^)]*\)", "", word)) if p.lower() not in NO_GENE]
    if len(parts) > 1 or parts != [word]:
        known = [name for name in map(_one, parts) if name is not None]
        chosen = known[0][0] if known else (parts[0] if parts else None)
        return chosen, "one of several"
    return word, "foreign"


def is_symbol_like(text: str) -> bool:
    """Whether a text has the form of a gene's symbol (HGNC: capitals, digits, hyphens; ``C10orf54``): it may be any
    gene's.

    >>> [is_symbol_like(t) for t in ("ZNF999", "C1orf2", "HLA-A", "c-Ki-ras", "NM_004985", "某基因", "12")]
    [True, True, True, False, False, False, False]
    """
    return bool(re.fullmatch(r"[A-Z][A-Z0-9.-]*(?:orf\d+[A-Z]*)?", text.strip()))


#: The cell's own copy of a gene that viruses carry: c-MET, c-KIT, c-MYC.
_CELLULAR = re.compile(r"^C-([A-Z][A-Z0-9]+)$")


def _one(word: str) -> tuple[str, str] | None:
    capitals = word.upper()
    if capitals in symbols():
        return symbols()[capitals], "spelling"
    if capitals in former_names():
        return former_names()[capitals], "former name"
    if by_id := gene_by_id(word.removesuffix(".0") if word[:1].isdigit() else word):
        return by_id, "ensembl id" if word.startswith("ENSG") else "entrez id"
    if dated := _of_date(word):
        return dated, "spreadsheet date"
    if (cellular := _CELLULAR.match(capitals)) and cellular[1] in symbols():
        return symbols()[cellular[1]], "former name"
    return None


def _of_date(word: str) -> str | None:
    """Return the gene that a spreadsheet turned into this date: SEPTIN2 was SEPT2, MARCHF1 was MARCH1."""
    if _SERIAL.match(word):
        date = datetime.date(1899, 12, 30) + datetime.timedelta(days=int(float(word)))
        return _member(date.month, date.day)
    for pattern in _DATES:
        if found := pattern.match(word):
            parts = found.groupdict()
            month = int(parts["month"]) if "month" in parts else _MONTH_OF[parts["word"][:3].lower()]
            return _member(month, int(parts["day"]))
    return None


def _member(month: int, day: int) -> str | None:
    return former_names().get(f"{_MONTHS.get(month, '')}{day}")


def gene_names(values: pl.Series) -> pl.DataFrame:
    """Return ``gene`` (today's symbol, null where none is named) and ``how`` of each value, each worked out once."""
    if len(values) <= KEPT_NAMES:
        return _kept(tuple(values.cast(pl.String).to_list()))
    return _named(values)


@lru_cache(maxsize=KEPT_LISTS)
def _kept(values: tuple[str | None, ...]) -> pl.DataFrame:
    return _named(pl.Series(values, dtype=pl.String))


def _named(values: pl.Series) -> pl.DataFrame:
    distinct = values.cast(pl.String).unique().drop_nulls().sort()
    found = [gene_name(v) for v in distinct]
    table = pl.DataFrame(
        {"given": distinct, "gene": [g for g, _ in found], "how": [h for _, h in found]},
        schema={"given": pl.String, "gene": pl.String, "how": pl.String},
    )
    return (
        pl.DataFrame({"given": values.cast(pl.String)})
        .join(table, on="given", how="left", maintain_order="left")
        .select("gene", "how")
    )
