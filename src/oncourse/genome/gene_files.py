"""Gene models from a file the user names: GTF, GFF3 (Ensembl, GENCODE, NCBI) or genePred (UCSC's tables).

One transcript per gene: MANE Select, else this package's own, else Ensembl's canonical or RefSeq's select one, else a
whole coding sequence before a cut one, the longest first.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.gene_models import BUILDS, Model, model_table, models, own_transcripts
from oncourse.genome.gene_names import gene_names
from oncourse.genome.variant import chromosome

_COLUMNS = ("chrom", "source", "feature", "start", "end", "score", "strand", "phase", "attributes")
#: Features that hold the bases of a coding sequence; GTF leaves the stop codon out of CDS.
_CODING = ("CDS", "stop_codon")
_TRANSCRIPTS = ("transcript", "mRNA", "primary_transcript")
#: Tags of an annotation, the best choice first; the package's own transcript comes after the first.
_SELECT, _CANONICAL = ("MANE_Select", "MANE Select"), ("Ensembl_canonical", "RefSeq Select", "appris_principal_1")
#: Bytes of a file that are read at a time.
_BLOCK = 1 << 26
#: Column names of UCSC's genePred tables without a header, with and without the leading bin.
_GENE_PRED = (
    "name",
    "chrom",
    "strand",
    "txStart",
    "txEnd",
    "cdsStart",
    "cdsEnd",
    "exonCount",
    "exonStarts",
    "exonEnds",
    "score",
    "name2",
    "cdsStartStat",
    "cdsEndStat",
    "exonFrames",
)
_NO_FORMAT = (
    "{name}: is neither GTF, GFF3 nor genePred (name, chrom, strand, txStart, txEnd, cdsStart, cdsEnd, exonCount, "
    "exonStarts, exonEnds, score, name2)."
)
#: Other spellings of these names.
_ALSO = {"transcript": "name", "gene": "name2", "geneName": "name2", "cdsStart0": "cdsStart", "exons": "blocks"}
Spans = list[tuple[int, int]]


@dataclass
class _Transcript:
    """One transcript as its lines are read: 1-based, inclusive."""

    name: str
    gene: str
    chrom: str
    strand: str
    level: int = 3  # 0: MANE Select, 1: the package's own, 2: canonical
    is_cut: bool = False
    lead: int = 0
    exons: Spans = field(default_factory=list)
    coding: Spans = field(default_factory=list)

    def model(self) -> Model:
        coding = _joined(self.coding)
        return Model(
            self.gene, self.chrom, self.strand != "-", _joined(self.exons or coding), coding, self.name, self.lead
        )

    def rank(self) -> tuple[int, bool, int, int, str]:
        """Order of choice within a gene, the best first; the package's own transcript is known by its coding bases
        too."""
        length, exons = (sum(b - a + 1 for a, b in spans) for spans in (self.coding, self.exons))
        level = min(self.level, 1) if self.level and _joined(self.coding) in _own_coding(self.gene) else self.level
        return level, self.is_cut or length == 0, -length, -exons, self.name


def read_gene_models(path: Path) -> list[Model]:
    """Return one model per gene and chromosome, the package's cancer genes first, then by name.

    Genes without a coding sequence are models without coding bases.

    Raises
    ------
    InputError : the file is none of these formats, or names no exon
    """
    start = next(_blocks(path), b"")
    lines = [line for line in start.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path.name}: is empty. Give a GTF, a GFF3 or a genePred table.")
    cells = next((line for line in lines if not line.startswith("#")), "").split("\t")
    is_gff = len(cells) == 9 and cells[6] in ("+", "-", ".", "?")
    found = (_gff if is_gff else _pred)(path)
    if not found:
        raise InputError(f"{path.name}: names no exon of a transcript. Give a GTF, a GFF3 or a genePred table.")
    return _chosen(found)


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a file, packed or not, in pieces of whole lines."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        handle = gzip.GzipFile(fileobj=raw) if packed else raw
        rest = b""
        while block := handle.read(_BLOCK):
            head, newline, tail = (rest + block).rpartition(b"\n")
            if newline:
                yield head + newline
            rest = tail
        if rest:
            yield rest


def _chosen(found: Iterable[_Transcript]) -> list[Model]:
    known = frozenset(model_table()["gene"])
    best: dict[tuple[str, str], _Transcript] = {}
    for one in sorted(found, key=_Transcript.rank):
        best.setdefault((one.gene, one.chrom), one)
    order = sorted(best.values(), key=lambda t: (t.gene not in known, not t.coding, t.gene, t.chrom))
    return [one.model() for one in order]


def _joined(spans: Spans) -> Spans:
    """Return spans sorted, those that touch or overlap as one.

    >>> _joined([(10, 20), (1, 5), (21, 23)])
    [(1, 5), (10, 23)]
    """
    out: Spans = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _renamed(values: pl.Series) -> pl.Series:
    """Return today's gene symbols; a name that is not known stays."""
    named = gene_names(values)["gene"]
    return named.zip_with(named.is_not_null(), values).rename(values.name)


def _gff(path: Path) -> list[_Transcript]:
    """Transcripts of a GTF or GFF3."""
    parts: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    genes: dict[str, str] = {}
    for block in _blocks(path):
        try:
            frame = pl.read_csv(
                block,
                separator="\t",
                has_header=False,
                comment_prefix="#",
                quote_char=None,
                new_columns=list(_COLUMNS),
                schema_overrides=[pl.String] * 9,
                truncate_ragged_lines=True,
                encoding="utf8-lossy",
            )
        except pl.exceptions.NoDataError:
            continue
        except pl.exceptions.PolarsError as error:
            raise InputError(f"{path.name}: is no GTF or GFF3 ({str(error).splitlines()[0]}).") from None
        is_gtf = not frame["attributes"].head(1000).str.contains(r"(?:^|;)\s*(?:ID|Parent)=").any()
        genes |= {} if is_gtf else _gene_symbols(frame)
        parts.append(_lines(frame, is_gtf))
    owners, lines = (pl.concat(p[i] for p in parts) for i in (0, 1))
    bad = lines.filter(pl.col("start").is_null() | pl.col("end").is_null() | (pl.col("start") > pl.col("end")))
    if bad.height:
        raise InputError(
            f"{path.name}: {bad.height:,} features have no start before their end. Columns 4 and 5 are 1-based "
            f"positions."
        )
    return _assembled(owners, lines, genes)


def _lines(frame: pl.DataFrame, is_gtf: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what is said of transcripts (id, gene - in GFF3 its id -, level of choice), and their parts."""
    text, itself = pl.col("attributes"), pl.col("feature").is_in(_TRANSCRIPTS)
    parent, own = (text.str.extract(rf"(?:^|;)\s*{key}=([^;]+)") for key in ("Parent", "ID"))
    of_gtf = text.str.extract(r'transcript_id "([^"]+)"')
    gene = pl.coalesce(text.str.extract(rf'{key} "([^"]+)"') for key in ("gene_name", "gene", "gene_id"))
    select, canonical = (
        pl.any_horizontal(text.str.contains(t, literal=True) for t in tags) for tags in (_SELECT, _CANONICAL)
    )
    inside = frame.filter(pl.col("feature").is_in((*_CODING, "exon")))
    heads = frame.filter(itself)
    heads = inside if heads.is_empty() and is_gtf else heads  # UCSC's GTF has no lines of transcripts
    owners = heads.select(
        chromosome("chrom"),
        "strand",
        transcript=of_gtf if is_gtf else own,
        owner=gene if is_gtf else parent,
        is_cut=text.str.contains("_NF", literal=True),
        level=pl.when(select).then(0).when(canonical).then(2).otherwise(3),
    )
    lines = inside.select(
        "feature", "phase", pl.col("start", "end").cast(pl.Int64, strict=False), transcript=of_gtf if is_gtf else parent
    )
    return owners.drop_nulls(["transcript", "owner"]), lines.drop_nulls("transcript")


def _gene_symbols(frame: pl.DataFrame) -> dict[str, str]:
    """Return GFF3 gene id -> symbol."""
    text = pl.col("attributes")
    symbol = pl.coalesce(text.str.extract(rf"(?:^|;)\s*{key}=([^;]+)") for key in ("gene_name", "Name", "gene"))
    named = (
        frame.filter(pl.col("feature").str.contains("gene"))
        .select(id=text.str.extract(r"(?:^|;)\s*ID=([^;]+)"), symbol=symbol)
        .drop_nulls()
    )
    return dict(named.iter_rows())


def _assembled(owners: pl.DataFrame, lines: pl.DataFrame, genes: dict[str, str]) -> list[_Transcript]:
    """Put the lines of each transcript that may be chosen together; an exon of several parents (GFF3) is one of
    each."""
    owners = owners.unique("transcript", keep="first", maintain_order=True)
    is_own = pl.Series([_bare(t).split(".")[0] in own_transcripts() for t in owners["transcript"]], dtype=pl.Boolean)
    owners = owners.with_columns(
        _renamed(pl.Series("owner", [genes.get(o, o) for o in owners["owner"]], pl.String)),
        level=pl.when((pl.col("level") > 1) & is_own).then(1).otherwise("level"),
    )
    owners = owners.filter(pl.col("level") == pl.col("level").min().over("owner", "chrom"))
    out = {
        t: _Transcript(_bare(t), o, c, s, level, cut)
        for t, o, c, s, level, cut in owners.select(
            "transcript", "owner", "chrom", "strand", "level", "is_cut"
        ).iter_rows()
    }
    if lines.select(pl.col("transcript").str.contains(",", literal=True).any()).item():
        lines = lines.with_columns(pl.col("transcript").str.split(",")).explode("transcript")
    rows = lines.join(owners.select("transcript"), on="transcript", how="semi")
    first: dict[str, tuple[int, str]] = {}
    for name, feature, start, end, phase in rows.select("transcript", "feature", "start", "end", "phase").iter_rows():
        one = out[name]
        (one.exons if feature == "exon" else one.coding).append((start, end))
        at = -end if one.strand == "-" else start
        if feature == "CDS" and (name not in first or at < first[name][0]):
            first[name] = (at, phase)
    for name, (_, phase) in first.items():
        out[name].lead = -int(phase) % 3 if phase in ("1", "2") else 0
        out[name].is_cut = out[name].is_cut or out[name].lead > 0
    return [t for t in out.values() if t.exons or t.coding]


@cache
def _own_coding(gene: str) -> list[Spans]:
    return [models(build)[gene].coding for build in BUILDS if gene in models(build)]


def _bare(name: str) -> str:
    """Return a GFF3 id without its kind.

    >>> _bare("transcript:ENST00000311936"), _bare("rna-NM_004985.5"), _bare("ENST00000311936.8")
    ('ENST00000311936', 'NM_004985.5', 'ENST00000311936.8')
    """
    return name.removeprefix("transcript:").removeprefix("rna-")


def _pred(path: Path) -> list[_Transcript]:
    """Transcripts of a genePred table, with or without header and bin."""
    name = path.name
    lines = b"".join(_blocks(path)).decode("utf-8", "replace").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("##")]
    header = _header(rows[0]) if rows else []
    if not rows or len(rows[0]) < 6:
        raise InputError(_NO_FORMAT.format(name=name))
    rows = rows[1:] if header else rows
    if not header:
        with_bin = len(rows[0]) > 1 and rows[0][0].isdigit() and not rows[0][1].isdigit()
        header = ["bin", *_GENE_PRED] if with_bin else list(_GENE_PRED)
    at = {column: i for i, column in enumerate(header)}
    if not {"name", "chrom", "strand", "cdsStart", "cdsEnd"} <= set(at) or not ({"exonStarts", "blocks"} & set(at)):
        raise InputError(_NO_FORMAT.format(name=name))
    try:
        found = [_of_pred({c: row[i] for c, i in at.items() if i < len(row)}) for row in rows]
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(f"{name}: a line is no genePred line ({error}). Positions are whole numbers.") from None
    chroms = pl.DataFrame({"chrom": [t.chrom for t in found]}).select(chromosome("chrom"))["chrom"]
    symbols = _renamed(pl.Series("gene", [t.gene for t in found], pl.String))
    for one, chrom, gene in zip(found, chroms, symbols, strict=True):
        one.chrom, one.gene = chrom, gene
    return found


def _header(row: Sequence[str]) -> list[str]:
    """Return the names of a header line in our spelling, nothing where it is a line of data."""
    names = [cell.lstrip("#").split(".")[-1] for cell in row]
    names = [_ALSO.get(n, n) for n in names]
    return names if {"name", "chrom", "strand"} <= set(names) else []


def _of_pred(cells: dict[str, str]) -> _Transcript:
    """One line: 0-based, half open."""
    if "blocks" in cells:
        exons = [(int(a) + 1, int(b)) for a, b in (e.split("-") for e in cells["blocks"].split(";"))]
    else:
        starts, ends = (cells[c].rstrip(",").split(",") for c in ("exonStarts", "exonEnds"))
        exons = [(int(a) + 1, int(b)) for a, b in zip(starts, ends, strict=True)]
    first, last = int(cells["cdsStart"]) + 1, int(cells["cdsEnd"])
    coding = [(max(a, first), min(b, last)) for a, b in exons if a <= last and b >= first] if first <= last else []
    frames = [int(f) for f in cells.get("exonFrames", "").rstrip(",").split(",") if f]
    inside = [f for f in (frames if cells["strand"] == "+" else frames[::-1]) if f >= 0]
    is_cut = "incmpl" in (cells.get("cdsStartStat"), cells.get("cdsEndStat"))
    gene = cells.get("name2") or cells["name"]
    level = 1 if cells["name"].split(".")[0] in own_transcripts() else 3
    return _Transcript(
        cells["name"], gene, cells["chrom"], cells["strand"], level, is_cut, inside[0] if inside else 0, exons, coding
    )
